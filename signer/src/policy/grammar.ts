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
import { PRICE_SOURCES, type PriceSource } from '../wire.ts';
import { CONNECTION_NAME_PATTERN, CONNECTION_PATTERN, POLICY_BYTES_MAX } from '../wire-fields.ts';

export type Operation =
  | 'order.place'
  | 'order.cancel'
  | 'read.order'
  | 'read.openOrders'
  | 'read.fills'
  | 'read.account'
  | 'read.permissions'
  | 'read.stream';

export type PolicySide = 'BUY' | 'SELL';
/** `STOP_LOSS_LIMIT` comes in a pair with a take profit only. */
export type PolicyOrderType = 'LIMIT' | 'LIMIT_MAKER' | 'STOP_LOSS_LIMIT' | 'MARKET';
export type PolicyTimeInForce = 'GTC' | 'IOC' | 'FOK';

/** What a rule holds for. Null: for every value. */
export interface RuleScope {
  readonly operations: ReadonlySet<Operation>;
  readonly symbols: ReadonlySet<string> | null;
  readonly sides: ReadonlySet<PolicySide> | null;
  readonly types: ReadonlySet<PolicyOrderType> | null;
  readonly timesInForce: ReadonlySet<PolicyTimeInForce> | null;
}

/** Money in the quote asset, at the scale of a notional. */
export interface MoneyLimit {
  readonly max: bigint;
  readonly asset: string;
  readonly text: string;
}

export interface RateLimit {
  readonly count: number;
  readonly windowMs: number;
  readonly text: string;
}

export interface PolicyRule {
  /** `hold`: a person must say yes first. */
  readonly effect: 'allow' | 'hold' | 'deny';
  /** The `id` given, or `line N`. */
  readonly id: string;
  /** The line as written, without its comment. */
  readonly text: string;
  readonly scope: RuleScope;
  /** How far the price may be on the losing side of the section's reference. */
  readonly band: Share | null;
  readonly notional: MoneyLimit | null;
  readonly perDay: MoneyLimit | null;
  /** Orders of the rule that may be open at once. */
  readonly open: number | null;
  readonly rate: RateLimit | null;
  /** Of a hold line: how long an order waits for a person, and a release for its order. Null in other lines. */
  readonly expiresMs: number | null;
}

/** A share of something: `2.0%` is 20,000 millionths. */
export interface Share {
  readonly millionths: bigint;
  readonly text: string;
}

export type { PriceSource };

/** Where the prices come from that bands are measured by. */
export interface PolicyReference {
  readonly sources: readonly PriceSource[];
  readonly maxAgeMs: number;
  /** How far the sources may be apart; null with a single source. */
  readonly agree: Share | null;
  readonly text: string;
}

/** What a market must be like for any order in it. */
export interface PolicyLiquidity {
  readonly id: string;
  readonly symbols: ReadonlySet<string> | null;
  /** Money traded in 24 hours, in the quote asset, at the scale of a notional. */
  readonly minDayQuote: { readonly min: bigint; readonly text: string } | null;
  readonly maxSpread: Share | null;
  /** An order may be `share` of what rests within `within` of the middle of the book. */
  readonly maxBookShare: {
    readonly share: Share;
    readonly within: Share;
    readonly text: string;
  } | null;
  readonly text: string;
}

export interface PolicySection {
  /** A connection's name or identifier. */
  readonly connection: string;
  readonly reference: PolicyReference | null;
  readonly liquidity: readonly PolicyLiquidity[];
  /** How long after its end orders that only reduce are signed; null: as long as without the line. */
  readonly grace: { readonly ms: number; readonly text: string } | null;
  readonly rules: readonly PolicyRule[];
}

export interface Policy {
  /** SHA-256 of the file's bytes. */
  readonly hash: string;
  /** How long a change that allows more waits before it holds. */
  readonly looseningDelayMs: number;
  readonly sections: readonly PolicySection[];
}

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

const RATE_COUNT_MAX = 10_000;
const RATE_SECONDS_MAX = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };
const NOTHING = 'nothing';
const ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._-]{0,29}$/;
const ASSET = /^[A-Z0-9]{1,20}$/;
const FOUND_CHARACTERS_MAX = 40;

const RATE = /^([1-9][0-9]{0,5})\/([1-9][0-9]{0,5})([smh])$/;
const VERSION_EXPECTED = 'policy/v1 on the first line';
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
const TERMS: Readonly<Record<Keyword, ReadonlyMap<string, '=' | '<='>>> = {
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
const SOURCE_PREFIX = 'egress:';
const MAX_AGE_SECONDS_MAX = 60;
const OPEN_MAX = 10_000;
const WHOLE = 1_000_000n;
const PERCENT = /^((?:0|[1-9][0-9]{0,2})(?:\.[0-9]{1,4})?)%$/;
/** Of 8 decimals of a percent number to millionths. */
const PERCENT_UNIT = 10_000n;
const LENGTH = /^([1-9][0-9]{0,5})([smhd])$/;
export const LOOSENING_DELAY_MS: number = 600_000;
/** Bots try again within a quarter of an hour. */
const EXPIRES_MS: number = 30 * 60_000;
const EXPIRES_SECONDS_MIN = 30;
const EXPIRES_SECONDS_MAX = 3_600;
const LOOSENING_SECONDS_MIN = 60;
const LOOSENING_SECONDS_MAX: number = 7 * 86_400;
const MAY_GO_ON: readonly string[] = ['allow', 'hold', 'deny', 'reference', 'liquidity'];
const CONTINUATION = /^[\t ]+[a-z0-9-]+<?=/;

interface Token {
  readonly text: string;
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

const START: Token = { text: '', line: 1, column: 1 };

/** Where a line leaves the grammar. */
class Departure extends Error {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(at: Token, expected: string, found: string = JSON.stringify(at.text)) {
    super(expected);
    this.line = at.line;
    this.column = at.column;
    this.expected = expected;
    this.found = found;
  }
}

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

/** Whether prices of `symbol` are in `asset`, as far as the name tells. */
export function isQuotedIn(symbol: string, asset: string): boolean {
  return symbol.length > asset.length && symbol.endsWith(asset);
}

/** A line with those that go on with it. */
interface Line {
  /** Without comments; what went on is joined by a space. */
  readonly code: string;
  readonly first: Token;
  readonly tokens: readonly Token[];
}

function linesOf(text: string): readonly Line[] {
  const lines: { code: string; first: Token; tokens: Token[] }[] = [];
  for (const [index, written] of text.split('\n').entries()) {
    const code = written.replace(/;.*$/s, '');
    const tokens = tokensOf(code, index + 1);
    const [first] = tokens;
    if (first === undefined) continue;
    const before = lines.at(-1);
    if (CONTINUATION.test(code)) {
      if (before === undefined || !MAY_GO_ON.includes(before.first.text)) {
        throw new Departure(first, 'a line of its own', 'a term that goes on with no rule');
      }
      before.code += ` ${code.trim()}`;
      before.tokens.push(...tokens);
    } else lines.push({ code: code.trimEnd(), first, tokens: [...tokens] });
  }
  return lines;
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

/** The terms of one rule line, each at most once, by name. */
class Terms {
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

function readId(value: Token): string {
  if (!ID.test(value.text)) throw new Departure(value, '1 to 32 of a-z 0-9 -');
  return value.text;
}

function readSymbol(item: Token): string {
  if (!SYMBOL.test(item.text)) throw new Departure(item, 'a symbol like BTCUSDT, or * alone');
  return item.text;
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

function readMoney(value: Token, asset: Token): MoneyLimit {
  const max = parseDecimal(value.text);
  if (max === null) throw new Departure(value, 'a plain decimal number');
  if (!ASSET.test(asset.text)) {
    const found = asset.text === '' ? NOTHING : undefined;
    throw new Departure(asset, 'an asset like USDT after the number', found);
  }
  return { max: toNotional(max), asset: asset.text, text: `${value.text} ${asset.text}` };
}

function readRate(value: Token): RateLimit {
  const [, count, length, unit = ''] = RATE.exec(value.text) ?? [];
  const seconds = Number(length) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(Number(count) <= RATE_COUNT_MAX && seconds <= RATE_SECONDS_MAX)) {
    throw new Departure(value, `a rate like 10/10s, at most ${RATE_COUNT_MAX} in at most 24h`);
  }
  return { count: Number(count), windowMs: seconds * 1_000, text: value.text };
}

function readOpen(value: Token): number {
  const open = /^[1-9][0-9]{0,4}$/.test(value.text) ? Number(value.text) : Number.NaN;
  if (!(open <= OPEN_MAX)) throw new Departure(value, `a number of orders from 1 to ${OPEN_MAX}`);
  return open;
}

/** A share of more than none and at most the whole. */
function readShare(value: Token): Share {
  const number = parseDecimal(PERCENT.exec(value.text)?.[1] ?? '') ?? 0n;
  const millionths = number / PERCENT_UNIT;
  if (millionths <= 0n || millionths > WHOLE) {
    throw new Departure(value, 'more than 0 and at most 100 percent, like 2.0%');
  }
  return { millionths, text: value.text };
}

function readBookShare(value: Token): NonNullable<PolicyLiquidity['maxBookShare']> {
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

function readDelay(value: Token): number {
  return readLength(value, LOOSENING_SECONDS_MIN, LOOSENING_SECONDS_MAX);
}

function readGrace(value: Token): number {
  const days = Number(/^([0-9]{1,2})d$/.exec(value.text)?.[1] ?? Number.NaN);
  if (days * DAY_MS <= GRACE_MS_MAX) return days * DAY_MS;
  throw new Departure(value, `a number of days from 0d to ${GRACE_MS_MAX / DAY_MS}d`);
}

/** A length of time in ms. */
function readLength(value: Token, secondsMin: number, secondsMax: number): number {
  const [, number, unit = ''] = LENGTH.exec(value.text) ?? [];
  const seconds = Number(number) * (UNIT_SECONDS[unit] ?? Number.NaN);
  if (!(seconds >= secondsMin && seconds <= secondsMax)) {
    throw new Departure(value, `a time from ${secondsMin}s to ${secondsMax}s, like 10s or 10m`);
  }
  return seconds * 1_000;
}

function oneOf<T extends string>(item: Token, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === item.text.toUpperCase());
  if (choice === undefined) throw new Departure(item, `one of ${choices.join(', ')}`);
  return choice;
}

/** The words of a line. Throws Departure at the first byte outside printable ASCII. */
function tokensOf(code: string, line: number): readonly Token[] {
  const strange = /[^\t\r\x20-\x7e]/.exec(code);
  if (strange !== null) {
    const byte = strange[0].charCodeAt(0).toString(16).padStart(2, '0');
    const at = { text: '', line, column: strange.index + 1 };
    throw new Departure(at, 'plain ASCII outside comments', `byte 0x${byte}`);
  }
  return Array.from(code.matchAll(/\S+/g), ({ 0: text, index }) => ({
    ...{ text, line },
    column: index + 1,
  }));
}

function after(token: Token): Token {
  return { ...token, text: '', column: token.column + token.text.length };
}

function expectEnd(tokens: readonly Token[], count: number): void {
  const extra = tokens[count];
  if (extra !== undefined) throw new Departure(extra, 'the end of the line');
}
