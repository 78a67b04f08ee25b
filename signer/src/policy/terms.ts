// SPDX-License-Identifier: Apache-2.0
// The terms of a line, like `symbol=BTCUSDT` or `rate<=10/10s`, and the values that they may have.

import { parseDecimal, toNotional } from '../amount.ts';
import type { MoneyLimit, PolicyLiquidity, RateLimit, Share } from './policy.ts';
import { after, Departure, NOTHING, START, type Token } from './words.ts';

type Keyword = 'allow' | 'hold' | 'deny' | 'reference' | 'liquidity';
/** The terms of each kind of line, with their signs. */
const SCOPE_TERMS: readonly (readonly [string, '=' | '<='])[] = [
  ['id', '='],
  ['op', '='],
  ['symbol', '='],
  ['side', '='],
  ['type', '='],
  ['tif', '='],
];
const LIMIT_TERMS: readonly (readonly [string, '=' | '<='])[] = [
  ['band', '='],
  ['notional', '<='],
  ['per-day', '<='],
  ['open', '<='],
  ['rate', '<='],
];
export const TERMS: Readonly<Record<Keyword, ReadonlyMap<string, '=' | '<='>>> = {
  allow: new Map([...SCOPE_TERMS, ...LIMIT_TERMS]),
  hold: new Map([...SCOPE_TERMS, ...LIMIT_TERMS, ['expires', '=']]),
  deny: new Map(SCOPE_TERMS),
  reference: new Map([
    ['source', '='],
    ['max-age', '='],
    ['agree', '='],
  ]),
  liquidity: new Map([
    ['min-24h-quote', '='],
    ['max-spread', '='],
    ['max-book-share', '='],
  ]),
};
const IS_LIMIT: ReadonlySet<string> = new Set([...LIMIT_TERMS.map(([name]) => name), 'expires']);
const RATE_COUNT_MAX = 10_000;
const RATE_SECONDS_MAX = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._-]{0,29}$/;
const ASSET = /^[A-Z0-9]{1,20}$/;
const RATE = /^([1-9][0-9]{0,5})\/([1-9][0-9]{0,5})([smh])$/;
const OPEN_MAX = 10_000;
const WHOLE = 1_000_000n;
const PERCENT = /^((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?)%$/;
/** Of 8 decimals of a percent number to millionths. */
const PERCENT_UNIT = 10_000n;
const LENGTH = /^([1-9][0-9]{0,5})([smhd])$/;

/** The terms of one rule line, each at most once, by name. */
export class Terms {
  readonly #terms = new Map<
    string,
    { readonly token: Token; readonly value: Token; readonly next?: Token }
  >();

  /** Throws Departure at the first word, from `start` on, that is no term of a line of this kind. */
  constructor(keyword: Keyword, tokens: readonly Token[], start: number) {
    const known = TERMS[keyword];
    for (let index = start; index < tokens.length; index += 1) {
      const token = tokens[index] ?? START;
      const [, name = '', operator = '', text = ''] =
        /^([a-z0-9-]+)(<=|=)(.+)$/.exec(token.text) ?? [];
      if (name === '') throw new Departure(token, 'a term like symbol=BTCUSDT or rate<=10/10s');
      if (keyword === 'deny' && IS_LIMIT.has(name)) {
        throw new Departure(token, 'no limit in a deny line: it refuses whatever it matches');
      }
      const expected = known.get(name);
      if (expected === undefined)
        throw new Departure(token, `one of ${[...known.keys()].join(', ')}`);
      if (expected !== operator) throw new Departure(token, name + expected);
      if (this.#terms.has(name)) throw new Departure(token, 'every term once', `a second ${name}`);
      const value = { ...token, text, column: token.column + token.text.length - text.length };
      const isMoney = name === 'notional' || name === 'per-day';
      if (isMoney) index += 1;
      const next = isMoney ? (tokens[index] ?? after(token)) : undefined;
      this.#terms.set(name, { token, value, ...(next !== undefined && { next }) });
    }
  }

  /** The value of a term as `read` has it, or null where the line lacks the term. */
  read<T>(name: string, read: (value: Token, next: Token) => T): T | null {
    const term = this.#terms.get(name);
    return term === undefined ? null : read(term.value, term.next ?? START);
  }

  /** The values between commas. */
  list<T>(name: string, read: (item: Token, index: number) => T): readonly T[] | undefined {
    const term = this.#terms.get(name);
    if (term === undefined) return undefined;
    let { column } = term.value;
    return term.value.text.split(',').map((text, index) => {
      const item = { ...term.value, text, column };
      column += text.length + 1;
      return read(item, index);
    });
  }

  set<T>(name: string, read: (item: Token) => T): ReadonlySet<T> | null {
    const values = this.list(name, read);
    return values === undefined ? null : new Set(values);
  }

  tokenOf(name: string): Token {
    return this.#terms.get(name)?.token ?? START;
  }
}

export function readId(value: Token): string {
  if (!ID.test(value.text)) throw new Departure(value, '1 to 32 of a-z 0-9 -');
  return value.text;
}

export function readSymbol(item: Token): string {
  if (!SYMBOL.test(item.text)) throw new Departure(item, 'a symbol like BTCUSDT, or * alone');
  return item.text;
}

export function readMoney(value: Token, asset: Token): MoneyLimit {
  const max = parseDecimal(value.text);
  if (max === null) throw new Departure(value, 'a plain decimal number');
  if (!ASSET.test(asset.text)) {
    const found = asset.text === '' ? NOTHING : undefined;
    throw new Departure(asset, 'an asset like USDT after the number', found);
  }
  return { max: toNotional(max), asset: asset.text, text: `${value.text} ${asset.text}` };
}

export function readRate(value: Token): RateLimit {
  const [, count, length, unit = ''] = RATE.exec(value.text) ?? [];
  const seconds = Number(length) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(Number(count) <= RATE_COUNT_MAX && seconds <= RATE_SECONDS_MAX)) {
    throw new Departure(value, `a rate like 10/10s, at most ${RATE_COUNT_MAX} in at most 24h`);
  }
  return { count: Number(count), windowMs: seconds * 1_000, text: value.text };
}

export function readOpen(value: Token): number {
  const open = /^[1-9][0-9]{0,4}$/.test(value.text) ? Number(value.text) : Number.NaN;
  if (!(open <= OPEN_MAX)) throw new Departure(value, `a number of orders from 1 to ${OPEN_MAX}`);
  return open;
}

/** A share of more than none and at most the whole. */
export function readShare(value: Token): Share {
  const number = parseDecimal(PERCENT.exec(value.text)?.[1] ?? '') ?? 0n;
  const millionths = number / PERCENT_UNIT;
  if (millionths <= 0n || millionths > WHOLE) {
    throw new Departure(value, 'more than 0 and at most 100 percent, like 2.0%');
  }
  return { millionths, text: value.text };
}

export function readBookShare(value: Token): NonNullable<PolicyLiquidity['maxBookShare']> {
  const [share = '', within = '', ...rest] = value.text.split('@');
  if (within === '' || rest.length > 0) {
    throw new Departure(value, 'a share of the book and how deep, like 20%@1.0%');
  }
  return {
    share: readShare({ ...value, text: share }),
    within: readShare({ ...value, text: within, column: value.column + share.length + 1 }),
    text: value.text,
  };
}

/** A length of time in ms. */
export function readLength(value: Token, secondsMin: number, secondsMax: number): number {
  const [, number, unit = ''] = LENGTH.exec(value.text) ?? [];
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(seconds >= secondsMin && seconds <= secondsMax)) {
    throw new Departure(value, `a time from ${secondsMin}s to ${secondsMax}s, like 10s or 10m`);
  }
  return seconds * 1_000;
}

export function oneOf<T extends string>(item: Token, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === item.text.toUpperCase());
  if (choice === undefined) throw new Departure(item, `one of ${choices.join(', ')}`);
  return choice;
}
