// SPDX-License-Identifier: Apache-2.0
// The policy file: text, line based, read wholly or not at all. `;` begins a comment; a line that begins with a space
// and a term goes on with the rule before it.
//
//   policy/v1
//   loosening-delay 10m
//   connection NAME | connection c_XXXXXXX
//   reference source=egress:referencePrice,avgPrice,bookTicker max-age=3s agree=1.0%
//   liquidity A,B|* min-24h-quote=5000000 max-spread=0.30% max-book-share=20%@1.0%
//   allow id=ID op=OP,… symbol=A,B|* side=BUY,SELL type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT tif=GTC,IOC,FOK
//         band=2.0% notional<=500 USDT per-day<=5000 USDT open<=20 rate<=10/10s
//   hold  the terms of allow, and expires=5m
//   deny  id=ID op=… symbol=… side=… type=… tif=…
//   default deny

import { hash } from 'node:crypto';
import { parseDecimal, toNotional } from '../amount.ts';
import { GRACE_MS_MAX } from '../life/state.ts';
import { PRICE_SOURCES } from '../wire.ts';
import { CONNECTION_NAME_PATTERN, CONNECTION_PATTERN, POLICY_BYTES_MAX } from '../wire-fields.ts';
import {
  isQuotedIn,
  type MoneyLimit,
  type Operation,
  type Policy,
  type PolicyLiquidity,
  type PolicyOrderType,
  type PolicyReference,
  type PolicyRule,
  type PolicySection,
  type PolicySide,
  type PolicyTimeInForce,
  type RuleScope,
} from './policy.ts';
import {
  oneOf,
  readBookShare,
  readId,
  readLength,
  readMoney,
  readOpen,
  readRate,
  readShare,
  readSymbol,
  Terms,
  TERMS,
} from './terms.ts';
import {
  after,
  Departure,
  expectEnd,
  linesOf,
  NOTHING,
  START,
  type Line,
  type Token,
} from './words.ts';

/** Where the file departs from the grammar. `column` counts from 1. */
export interface PolicyError {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly error: PolicyError };

const OPERATIONS: readonly Operation[] = [
  'order.place',
  'order.cancel',
  'read.order',
  'read.openOrders',
  'read.fills',
  'read.account',
  'read.permissions',
  'read.stream',
];
/** What no policy can allow, because no such request can be built. A policy may still say so. */
const NEVER_SIGNED: readonly string[] = [
  'withdraw',
  'transfer',
  'convert',
  'margin',
  'subaccount',
  'keys',
  'session.logon',
];
/** In the words of the exchange and of earlier policies, but no request of them can be built. */
const NEVER_BUILT: readonly string[] = ['order.cancelAll'];
/** Kinds of orders that a deny line may name although no request of them can be built. */
const TYPES_NEVER_BUILT: readonly string[] = [
  '*_PEG',
  'STOP_LOSS',
  'TAKE_PROFIT',
  'TAKE_PROFIT_LIMIT',
];
const SIDES: readonly PolicySide[] = ['BUY', 'SELL'];
const TYPES: readonly PolicyOrderType[] = ['LIMIT', 'LIMIT_MAKER', 'STOP_LOSS_LIMIT', 'MARKET'];
const TIMES_IN_FORCE: readonly PolicyTimeInForce[] = ['GTC', 'IOC', 'FOK'];

const FOUND_CHARACTERS_MAX = 40;

const VERSION_EXPECTED = 'policy/v1 on the first line';
const SOURCE_PREFIX = 'egress:';
const MAX_AGE_SECONDS_MAX = 60;
export const LOOSENING_DELAY_MS: number = 600_000;
/** Bots try again within a quarter of an hour. */
const EXPIRES_MS: number = 30 * 60_000;
const EXPIRES_SECONDS_MIN = 30;
const EXPIRES_SECONDS_MAX = 3_600;
const LOOSENING_SECONDS_MIN = 60;
const LOOSENING_SECONDS_MAX: number = 7 * 86_400;

/**
 * Reads a policy file.
 * @example parsePolicy(Buffer.from('policy/v1\nconnection demo\nallow op=read.*\ndefault deny\n')).ok === true
 */
export function parsePolicy(bytes: Uint8Array): ParsedPolicy {
  const file = new File();
  try {
    if (bytes.length > POLICY_BYTES_MAX) {
      throw new Departure(START, `at most ${POLICY_BYTES_MAX} bytes`, String(bytes.length));
    }
    for (const line of linesOf(Buffer.from(bytes).toString('latin1'))) file.read(line);
    if (!file.hasVersion) throw new Departure(START, VERSION_EXPECTED, NOTHING);
  } catch (error) {
    if (!(error instanceof Departure)) throw error;
    const { line, column, expected } = error;
    const found = error.found.slice(0, FOUND_CHARACTERS_MAX);
    return { ok: false, error: { line, column, expected, found } };
  }
  const { sections, looseningDelayMs } = file;
  return { ok: true, policy: { hash: hash('sha256', bytes, 'hex'), looseningDelayMs, sections } };
}

/** `error` as one line for people. */
export function describePolicyError(file: string, error: PolicyError): string {
  return `${file}:${error.line}:${error.column}: expected ${error.expected}, found ${error.found}`;
}

const DAY_MS = 86_400_000;

interface Section {
  readonly connection: string;
  reference: PolicyReference | null;
  readonly liquidity: PolicyLiquidity[];
  grace: PolicySection['grace'];
  readonly rules: PolicyRule[];
}

/** What has been read of the file so far. */
class File {
  readonly sections: Section[] = [];
  hasVersion = false;
  looseningDelayMs: number = LOOSENING_DELAY_MS;
  #hasDelay = false;
  readonly #ids = new Set<string>();

  read({ code, first, tokens }: Line): void {
    if (!this.hasVersion) {
      if (first.text !== 'policy/v1') throw new Departure(first, VERSION_EXPECTED);
      expectEnd(tokens, 1);
      this.hasVersion = true;
      return;
    }
    const second = tokens[1];
    switch (first.text) {
      case 'connection':
        this.#readConnection(code, first, second);
        return;
      case 'reference': {
        const section = this.#sectionOf(first);
        if (section.reference !== null) {
          throw new Departure(first, 'one reference line for a connection', 'a second one');
        }
        if (section.rules.some(({ band }) => band !== null) || section.liquidity.length > 0) {
          throw new Departure(first, 'the reference line before what is measured by it');
        }
        section.reference = readReference(first, new Terms('reference', tokens, 1), code.trim());
        return;
      }
      case 'liquidity': {
        const section = this.#sectionOf(first);
        if (section.reference === null) {
          throw new Departure(first, 'a reference line before the first liquidity line');
        }
        section.liquidity.push(readLiquidity(first, tokens, code.trim()));
        return;
      }
      case 'grace': {
        const section = this.#sectionOf(first);
        if (section.grace !== null) {
          throw new Departure(first, 'one grace line for a connection', 'a second one');
        }
        section.grace = { ms: readGrace(second ?? after(first)), text: code.trim() };
        expectEnd(tokens, 2);
        return;
      }
      case 'allow':
      case 'hold':
      case 'deny': {
        const section = this.#sectionOf(first);
        const rule = readRule(first.text, first, new Terms(first.text, tokens, 1), code.trim());
        if (rule.band !== null && section.reference === null) {
          throw new Departure(first, 'a reference line before the first band=', 'none');
        }
        if (this.#ids.has(rule.id)) {
          throw new Departure(first, 'every id once', `a second ${rule.id}`);
        }
        this.#ids.add(rule.id);
        section.rules.push(rule);
        return;
      }
      case 'default':
        if (second?.text !== 'deny') {
          const found = second === undefined ? NOTHING : undefined;
          throw new Departure(second ?? after(first), 'deny: no other default exists', found);
        }
        expectEnd(tokens, 2);
        return;
      case 'loosening-delay':
        if (this.sections.length > 0 || this.#hasDelay) {
          throw new Departure(first, 'loosening-delay once, before the first connection');
        }
        this.looseningDelayMs = readDelay(second ?? after(first));
        this.#hasDelay = true;
        expectEnd(tokens, 2);
        return;
      default:
        throw new Departure(
          first,
          'connection, reference, liquidity, grace, allow, hold, deny, default or loosening-delay',
        );
    }
  }

  #readConnection(code: string, first: Token, second: Token | undefined): void {
    const connection = second === undefined ? '' : code.slice(second.column - 1).trim();
    const at = second ?? after(first);
    const isName = CONNECTION_NAME_PATTERN.test(connection);
    if (!isName && !CONNECTION_PATTERN.test(connection)) {
      const expected = 'the name of a connection, or c_ and 7 of A-Z 2-7';
      throw new Departure(at, expected, second === undefined ? NOTHING : undefined);
    }
    if (this.sections.some((section) => section.connection === connection)) {
      throw new Departure(at, 'one section for a connection', `a second one for ${connection}`);
    }
    this.sections.push({ connection, reference: null, liquidity: [], grace: null, rules: [] });
  }

  #sectionOf(first: Token): Section {
    const section = this.sections.at(-1);
    if (section === undefined) {
      throw new Departure(first, 'a connection line before the first rule');
    }
    return section;
  }
}

function readReference(first: Token, terms: Terms, text: string): PolicyReference {
  const sources = terms.list('source', ({ text: given, ...at }, index) => {
    const name = index === 0 ? given.replace(SOURCE_PREFIX, '') : given;
    const source = PRICE_SOURCES.find((known) => known === name);
    if (source === undefined || (index === 0 && !given.startsWith(SOURCE_PREFIX))) {
      const expected = `${SOURCE_PREFIX} and some of ${PRICE_SOURCES.join(', ')}`;
      throw new Departure({ text: given, ...at }, expected);
    }
    return source;
  });
  if (sources === undefined)
    throw new Departure(after(first), 'source= in a reference line', 'none');
  if (new Set(sources).size !== sources.length) {
    throw new Departure(terms.tokenOf('source'), 'every source once');
  }
  const maxAgeMs = terms.read('max-age', (value) => readLength(value, 1, MAX_AGE_SECONDS_MAX));
  if (maxAgeMs === null) throw new Departure(after(first), 'max-age= in a reference line', 'none');
  const agree = terms.read('agree', readShare);
  if (agree === null && sources.length > 1) {
    throw new Departure(after(first), 'agree= where there is more than one source', 'none');
  }
  return { sources, maxAgeMs, agree, text };
}

function readLiquidity(first: Token, tokens: readonly Token[], text: string): PolicyLiquidity {
  const names = tokens[1];
  if (names === undefined || names.text.includes('=')) {
    throw new Departure(names ?? after(first), 'the symbols of the liquidity line, or * for all');
  }
  const terms = new Terms('liquidity', tokens, 2);
  const rule = {
    id: `liquidity line ${first.line}`,
    symbols:
      names.text === '*'
        ? null
        : new Set(names.text.split(',').map((symbol) => readSymbol({ ...names, text: symbol }))),
    minDayQuote: terms.read('min-24h-quote', (value) => {
      const min = parseDecimal(value.text);
      if (min === null) throw new Departure(value, 'a plain decimal number');
      return { min: toNotional(min), text: value.text };
    }),
    maxSpread: terms.read('max-spread', readShare),
    maxBookShare: terms.read('max-book-share', readBookShare),
    text,
  };
  if (rule.minDayQuote === null && rule.maxSpread === null && rule.maxBookShare === null) {
    throw new Departure(after(names), 'min-24h-quote=, max-spread= or max-book-share=', 'none');
  }
  return rule;
}

function readRule(
  effect: PolicyRule['effect'],
  first: Token,
  terms: Terms,
  text: string,
): PolicyRule {
  const operations = terms.list('op', (item) => readOperations(effect, item))?.flat();
  if (operations === undefined && effect !== 'deny') {
    const line = effect === 'allow' ? 'an allow' : 'a hold';
    throw new Departure(after(first), `op= in ${line} line`, 'none');
  }
  const rule: PolicyRule = {
    effect,
    id: terms.read('id', readId) ?? `line ${first.line}`,
    text,
    scope: {
      operations: new Set(operations ?? OPERATIONS),
      symbols:
        terms.read('symbol', ({ text: given }) => given) === '*'
          ? null
          : terms.set('symbol', readSymbol),
      sides: terms.set('side', (item) => oneOf(item, SIDES)),
      types: readTypes(effect, terms),
      timesInForce: terms.set('tif', (item) => oneOf(item, TIMES_IN_FORCE)),
    },
    band: terms.read('band', readShare),
    notional: terms.read('notional', readMoney),
    perDay: terms.read('per-day', readMoney),
    open: terms.read('open', readOpen),
    rate: terms.read('rate', readRate),
    expiresMs:
      effect === 'hold'
        ? (terms.read('expires', (value) =>
            readLength(value, EXPIRES_SECONDS_MIN, EXPIRES_SECONDS_MAX),
          ) ?? EXPIRES_MS)
        : null,
  };
  if (effect === 'hold') checkPlaces('hold', rule.scope, terms.tokenOf('op'));
  for (const name of ['band', 'open'] as const) {
    if (rule[name] !== null) checkPlaces(name, rule.scope, terms.tokenOf(name));
  }
  for (const [name, limit] of [
    ['notional', rule.notional],
    ['per-day', rule.perDay],
  ] as const) {
    if (limit !== null) checkMoney(name, limit, rule.scope, terms.tokenOf(name));
  }
  return rule;
}

/** Money limits mean something only where every request of the line has a notional in their asset. */
function checkMoney(name: string, limit: MoneyLimit, scope: RuleScope, token: Token): void {
  checkPlaces(name, scope, token);
  for (const symbol of scope.symbols ?? []) {
    if (!isQuotedIn(symbol, limit.asset)) {
      throw new Departure(token, `symbols quoted in ${limit.asset}`, symbol);
    }
  }
}

/** Prices and open orders are of orders alone, and a person is asked about nothing else. */
function checkPlaces(name: string, scope: RuleScope, token: Token): void {
  if (scope.operations.size !== 1 || !scope.operations.has('order.place')) {
    const sign = TERMS.allow.get(name);
    const where = sign === undefined ? `a ${name} line` : `a line with ${name}${sign}`;
    throw new Departure(token, `op=order.place alone in ${where}`);
  }
}

/** A deny line may also name types that no request has; where it names no others it matches nothing. */
function readTypes(
  effect: PolicyRule['effect'],
  terms: Terms,
): ReadonlySet<PolicyOrderType> | null {
  const types = terms.list('type', (item) => {
    if (effect === 'deny' && TYPES_NEVER_BUILT.includes(item.text.toUpperCase())) return null;
    const type = oneOf(item, TYPES);
    if (effect !== 'deny' && type === 'MARKET') {
      throw new Departure(
        item,
        `no MARKET in ${effect === 'allow' ? 'an allow' : 'a hold'} line: such an order has no price to judge`,
      );
    }
    return type;
  });
  return types === undefined ? null : new Set(types.filter((type) => type !== null));
}

function readOperations(effect: PolicyRule['effect'], item: Token): readonly Operation[] {
  if (NEVER_SIGNED.includes(item.text)) {
    if (effect === 'deny') return [];
    throw new Departure(item, `an operation that can be signed; ${item.text} never is`);
  }
  if (NEVER_BUILT.includes(item.text)) return [];
  const family = /^(order|read)\.\*$/.exec(item.text)?.[1];
  const found = OPERATIONS.filter((operation) =>
    family === undefined
      ? item.text === '*' || operation === item.text
      : operation.startsWith(`${family}.`),
  );
  if (found.length === 0) {
    throw new Departure(item, `one of ${OPERATIONS.join(', ')}, order.*, read.*, *`);
  }
  return found;
}

function readDelay(value: Token): number {
  return readLength(value, LOOSENING_SECONDS_MIN, LOOSENING_SECONDS_MAX);
}

function readGrace(value: Token): number {
  const days = Number(/^([0-9]{1,2})d$/.exec(value.text)?.[1] ?? Number.NaN);
  if (days * DAY_MS <= GRACE_MS_MAX) return days * DAY_MS;
  throw new Departure(value, `a number of days from 0d to ${GRACE_MS_MAX / DAY_MS}d`);
}
