// SPDX-License-Identifier: Apache-2.0
// The parameters of one request: read once each, with the venue's complaints about those that are wrong.

import { illegalCharacters, invalidData, missing, refusal, type Refusal } from '../errors.ts';

const INTEGER = /^[0-9]{1,20}$/;
const INTEGER_RANGE = '^[0-9]{1,20}$';
const SYMBOL_RANGE = '^[A-Z0-9-_.]{1,20}$';
/** Lower case is refused; letters of other scripts name symbols too. */
const SYMBOL = /^[^a-z\s"'\\[\]{},&=]{1,50}$/u;
const SYMBOLS_RANGE = '^\\[("[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}){0,1}\\]$';
/** Times from here on are in microseconds. */
const MICROSECONDS_FROM = 1e15;

/**
 * Keeps the first complaint; readers answer something of the right type after it, so that a handler reads all
 * it needs and then asks `problem()` once.
 */
export class Parameters {
  readonly #values: Map<string, string>;
  readonly #sent: number;
  #read = 0;
  #refusal: Refusal | undefined;

  constructor(values: Map<string, string>, refused?: Refusal) {
    this.#values = values;
    this.#sent = values.size;
    this.#refusal = refused;
  }

  /** A value without counting it as read, for weights. */
  peek(name: string): string | undefined {
    return this.#values.get(name);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** Takes a parameter away unread, as one that belongs to the transport. */
  take(name: string): string | undefined {
    const value = this.#values.get(name);
    if (value === undefined) return undefined;
    this.#values.delete(name);
    this.#read += 1;
    return value;
  }

  optionalText(name: string): string | undefined {
    const value = this.take(name);
    if (value === '') this.fail(refusal(-1105, `Parameter '${name}' was empty.`));
    return value === '' ? undefined : value;
  }

  text(name: string): string {
    const value = this.take(name);
    if (value === undefined || value === '') this.fail(missing(name));
    return value ?? '';
  }

  /** A mandatory symbol name; whether it is traded here is the handler's to find out. */
  symbol(name = 'symbol'): string {
    const value = this.text(name);
    if (value !== '' && !SYMBOL.test(value)) this.fail(illegalCharacters(name, SYMBOL_RANGE));
    return value;
  }

  optionalSymbol(name = 'symbol'): string | undefined {
    return this.has(name) ? this.symbol(name) : undefined;
  }

  /** A JSON array of symbol names. */
  optionalSymbols(name = 'symbols'): readonly string[] | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    const list = parseTextArray(value);
    if (list === undefined || list.length === 0 || !list.every((symbol) => SYMBOL.test(symbol))) {
      this.fail(illegalCharacters(name, SYMBOLS_RANGE));
      return [];
    }
    if (new Set(list).size < list.length) {
      this.fail(refusal(-1151, 'Symbol is present multiple times in the list.'));
    }
    return list;
  }

  /** One word or a JSON array of words. */
  optionalWords(name: string): readonly string[] | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    const list = value.startsWith('[') ? parseTextArray(value) : [value];
    if (list === undefined) this.fail(invalidData(name));
    return list ?? [];
  }

  optionalInteger(name: string): number | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    if (!INTEGER.test(value)) {
      this.fail(illegalCharacters(name, INTEGER_RANGE));
      return undefined;
    }
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      this.fail(refusal(-1108, `Parameter '${name}' overflowed.`));
    }
    return number;
  }

  integer(name: string): number {
    if (!this.has(name)) this.fail(missing(name));
    return this.optionalInteger(name) ?? 0;
  }

  /** A time in milliseconds, sent in milliseconds or microseconds. */
  optionalTime(name: string): number | undefined {
    const value = this.optionalInteger(name);
    return value !== undefined && value >= MICROSECONDS_FROM ? Math.floor(value / 1000) : value;
  }

  /** How many items to answer with: larger numbers mean the most there is. */
  limit(standard: number, most: number): number {
    const value = this.optionalInteger('limit');
    if (value === 0) this.fail(invalidData('limit'));
    return Math.min(value ?? standard, most);
  }

  flag(name: string, standard: boolean): boolean {
    const value = this.optionalText(name)?.toLowerCase();
    if (value === undefined) return standard;
    if (value !== 'true' && value !== 'false') this.fail(invalidData(name));
    return value === 'true';
  }

  /** One of `words`; `otherwise` is what any other word is refused with. */
  optionalWord<Word extends string>(
    name: string,
    words: readonly Word[],
    otherwise: Refusal,
  ): Word | undefined {
    const value = this.optionalText(name);
    if (value === undefined) return undefined;
    const word = words.find((known) => known === value);
    if (word === undefined) this.fail(otherwise);
    return word;
  }

  fail(reason: Refusal): void {
    this.#refusal ??= reason;
  }

  /** The first complaint so far, or that something was sent which no one read. */
  problem(): Refusal | undefined {
    if (this.#refusal !== undefined) return this.#refusal;
    if (this.#values.size === 0) return undefined;
    return this.#read === 0
      ? refusal(-1101, `Too many parameters; expected '0' and received '${this.#sent}'.`)
      : refusal(
          -1104,
          `Not all sent parameters were read; read '${this.#read}' parameter(s) but was sent '${this.#sent}'.`,
        );
  }

  /** The complaint of what was read alone. */
  get refusal(): Refusal | undefined {
    return this.#refusal;
  }
}

/** The parameters of a query string and a form body; the query's count where both have one. */
export function parseForm(query: string, body: string): Parameters {
  const values = new Map<string, string>();
  let refused = addPairs(values, query);
  if (body !== '') {
    const fromBody = new Map<string, string>();
    refused ??= addPairs(fromBody, body);
    for (const [name, value] of fromBody) if (!values.has(name)) values.set(name, value);
  }
  return new Parameters(values, refused);
}

/** `text` without its `signature` pair: what was signed, as it came over the wire. */
export function withoutSignature(text: string): string {
  if (text.startsWith('signature=')) {
    const end = text.indexOf('&');
    return end === -1 ? '' : text.slice(end + 1);
  }
  const from = text.indexOf('&signature=');
  if (from === -1) return text;
  const next = text.indexOf('&', from + 1);
  return text.slice(0, from) + (next === -1 ? '' : text.slice(next));
}

function addPairs(values: Map<string, string>, text: string): Refusal | undefined {
  let refused: Refusal | undefined;
  for (let from = 0; from < text.length;) {
    let end = text.indexOf('&', from);
    if (end === -1) end = text.length;
    if (end > from) {
      const split = text.indexOf('=', from);
      const isPair = split !== -1 && split < end;
      const name = decode(text.slice(from, isPair ? split : end));
      const value = isPair ? decode(text.slice(split + 1, end)) : '';
      if (name === undefined || value === undefined) {
        refused ??= refusal(-1100, 'Illegal characters found in a parameter.');
      } else if (values.has(name)) {
        refused ??= refusal(-1101, 'Duplicate values for a parameter detected.');
      } else {
        values.set(name, value);
      }
    }
    from = end + 1;
  }
  return refused;
}

/** Percent and plus decoded; undefined when it is no text. */
function decode(text: string): string | undefined {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return undefined;
  }
}

function parseTextArray(text: string): string[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
    ? value
    : undefined;
}
