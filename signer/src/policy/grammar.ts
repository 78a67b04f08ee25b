// SPDX-License-Identifier: Apache-2.0
// The policy file: text, line based, read wholly or not at all. `;` begins a comment.
//
//   policy/v1
//   connection NAME | connection c_XXXXXXX
//   allow id=ID op=OP,… symbol=A,B|* side=BUY,SELL type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT tif=GTC,IOC,FOK
//         notional<=500 USDT per-day<=5000 USDT rate<=10/10s
//   deny  id=ID op=… symbol=… side=… type=… tif=…
//   default deny

import { hash } from 'node:crypto';
import { parseDecimal, toNotional } from '../amount.ts';
import { CONNECTION_NAME_PATTERN, CONNECTION_PATTERN } from '../wire-parsers.ts';

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
  readonly effect: 'allow' | 'deny';
  /** The `id` given, or `line N`. */
  readonly id: string;
  /** The line as written, without its comment. */
  readonly text: string;
  readonly scope: RuleScope;
  readonly notional: MoneyLimit | null;
  readonly perDay: MoneyLimit | null;
  readonly rate: RateLimit | null;
}

export interface PolicySection {
  /** A connection's name or identifier. */
  readonly connection: string;
  readonly rules: readonly PolicyRule[];
}

export interface Policy {
  /** SHA-256 of the file's bytes. */
  readonly hash: string;
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
const SIDES: readonly PolicySide[] = ['BUY', 'SELL'];
const TYPES: readonly PolicyOrderType[] = ['LIMIT', 'LIMIT_MAKER', 'STOP_LOSS_LIMIT', 'MARKET'];
const TIMES_IN_FORCE: readonly PolicyTimeInForce[] = ['GTC', 'IOC', 'FOK'];

export const POLICY_BYTES_MAX = 65_536;
const RATE_COUNT_MAX = 10_000;
const RATE_SECONDS_MAX = 86_400;
const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };
const NOTHING = 'nothing';
const ID = /^[a-z0-9][a-z0-9-]{0,31}$/;
const SYMBOL = /^[A-Z0-9][A-Z0-9._-]{0,29}$/;
const ASSET = /^[A-Z0-9]{1,20}$/;
const FOUND_CHARACTERS_MAX = 40;

const RATE = /^([1-9][0-9]{0,5})\/([1-9][0-9]{0,5})([smh])$/;
const VERSION_EXPECTED = 'policy/v1 on the first line';
const OPERATORS: ReadonlyMap<string, '=' | '<='> = new Map([
  ['id', '='],
  ['op', '='],
  ['symbol', '='],
  ['side', '='],
  ['type', '='],
  ['tif', '='],
  ['notional', '<='],
  ['per-day', '<='],
  ['rate', '<='],
]);
/** Limits of the full grammar that this signer does not keep; it refuses them rather than ignore them. */
const NOT_KEPT: ReadonlyMap<string, string> = new Map([
  [
    'open',
    'no open<= limit: this signer does not see when orders end, so it cannot count open ones',
  ],
  ['band', 'no band= limit: this signer is given no reference prices'],
]);

interface Token {
  readonly text: string;
  /** From 1. */
  readonly column: number;
}

const START: Token = { text: '', column: 1 };

/** Where a line leaves the grammar. */
class Departure extends Error {
  readonly column: number;
  readonly expected: string;
  readonly found: string;

  constructor(at: Token, expected: string, found: string = JSON.stringify(at.text)) {
    super(expected);
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
  const sections: { readonly connection: string; readonly rules: PolicyRule[] }[] = [];
  let line = 1;
  try {
    if (bytes.length > POLICY_BYTES_MAX) {
      throw new Departure(START, `at most ${POLICY_BYTES_MAX} bytes`, String(bytes.length));
    }
    const ids = new Set<string>();
    let hasVersion = false;
    for (const [index, text] of Buffer.from(bytes).toString('latin1').split('\n').entries()) {
      line = index + 1;
      const code = text.replace(/;.*$/s, '');
      const tokens = tokensOf(code);
      const [first] = tokens;
      if (first === undefined) continue;
      if (hasVersion) readLine(sections, ids, { line, code, first, tokens });
      else if (first.text !== 'policy/v1') throw new Departure(first, VERSION_EXPECTED);
      else expectEnd(tokens, 1);
      hasVersion = true;
    }
    line = hasVersion ? line : 1;
    if (!hasVersion) throw new Departure(START, VERSION_EXPECTED, NOTHING);
  } catch (error) {
    if (!(error instanceof Departure)) throw error;
    const { column, expected } = error;
    const found = error.found.slice(0, FOUND_CHARACTERS_MAX);
    return { ok: false, error: { line, column, expected, found } };
  }
  return { ok: true, policy: { hash: hash('sha256', bytes, 'hex'), sections } };
}

/** `error` as one line for people. */
export function describePolicyError(file: string, error: PolicyError): string {
  return `${file}:${error.line}:${error.column}: expected ${error.expected}, found ${error.found}`;
}

/** Whether prices of `symbol` are in `asset`, as far as the name tells. */
export function isQuotedIn(symbol: string, asset: string): boolean {
  return symbol.length > asset.length && symbol.endsWith(asset);
}

interface Line {
  readonly line: number;
  /** The line without its comment. */
  readonly code: string;
  readonly first: Token;
  readonly tokens: readonly Token[];
}

function readLine(
  sections: { readonly connection: string; readonly rules: PolicyRule[] }[],
  ids: Set<string>,
  { line, code, first, tokens }: Line,
): void {
  const second = tokens[1];
  switch (first.text) {
    case 'connection': {
      const connection = second === undefined ? '' : code.slice(second.column - 1).trim();
      const at = second ?? after(first);
      const isName = CONNECTION_NAME_PATTERN.test(connection);
      if (!isName && !CONNECTION_PATTERN.test(connection)) {
        const expected = 'the name of a connection, or c_ and 7 of A-Z 2-7';
        throw new Departure(at, expected, second === undefined ? NOTHING : undefined);
      }
      if (sections.some((section) => section.connection === connection)) {
        throw new Departure(at, 'one section for a connection', `a second one for ${connection}`);
      }
      sections.push({ connection, rules: [] });
      return;
    }
    case 'allow':
    case 'deny': {
      const section = sections.at(-1);
      if (section === undefined) {
        throw new Departure(first, 'a connection line before the first rule');
      }
      const rule = readRule(first.text, first, new Terms(first.text, tokens), line, code.trim());
      if (ids.has(rule.id)) throw new Departure(first, 'every id once', `a second ${rule.id}`);
      ids.add(rule.id);
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
    default:
      throw new Departure(first, 'connection, allow, deny or default');
  }
}

function readRule(
  effect: 'allow' | 'deny',
  first: Token,
  terms: Terms,
  line: number,
  text: string,
): PolicyRule {
  const operations = terms.list('op', (item) => readOperations(effect, item))?.flat();
  if (operations === undefined && effect === 'allow') {
    throw new Departure(after(first), 'op= in an allow line', 'none');
  }
  const rule: PolicyRule = {
    effect,
    id: terms.read('id', readId) ?? `line ${line}`,
    text,
    scope: {
      operations: new Set(operations ?? OPERATIONS),
      symbols:
        terms.read('symbol', ({ text: given }) => given) === '*'
          ? null
          : terms.set('symbol', readSymbol),
      sides: terms.set('side', (item) => oneOf(item, SIDES)),
      types: terms.set('type', (item) => readType(effect, item)),
      timesInForce: terms.set('tif', (item) => oneOf(item, TIMES_IN_FORCE)),
    },
    notional: terms.read('notional', readMoney),
    perDay: terms.read('per-day', readMoney),
    rate: terms.read('rate', readRate),
  };
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
  if (scope.operations.size !== 1 || !scope.operations.has('order.place')) {
    throw new Departure(token, `op=order.place alone in a line with ${name}<=`);
  }
  for (const symbol of scope.symbols ?? []) {
    if (!isQuotedIn(symbol, limit.asset)) {
      throw new Departure(token, `symbols quoted in ${limit.asset}`, symbol);
    }
  }
}

/** The terms of one rule line, each at most once, by name. */
class Terms {
  readonly #terms = new Map<
    string,
    { readonly token: Token; readonly value: Token; readonly next?: Token }
  >();

  /** Throws Departure at the first word that is no term of a line of this kind. */
  constructor(effect: 'allow' | 'deny', tokens: readonly Token[]) {
    for (let index = 1; index < tokens.length; index += 1) {
      const token = tokens[index] ?? START;
      const [, name = '', operator = '', text = ''] =
        /^([a-z-]+)(<=|=)(.+)$/.exec(token.text) ?? [];
      if (name === '') throw new Departure(token, 'a term like symbol=BTCUSDT or rate<=10/10s');
      const notKept = NOT_KEPT.get(name);
      if (notKept !== undefined) throw new Departure(token, notKept);
      const expected = OPERATORS.get(name);
      if (expected === undefined)
        throw new Departure(token, `one of ${[...OPERATORS.keys()].join(', ')}`);
      if (expected !== operator) throw new Departure(token, name + expected);
      if (effect === 'deny' && expected === '<=') {
        throw new Departure(token, 'no limit in a deny line: it refuses whatever it matches');
      }
      if (this.#terms.has(name)) throw new Departure(token, 'every term once', `a second ${name}`);
      const value = { text, column: token.column + token.text.length - text.length };
      const isMoney = name === 'notional' || name === 'per-day';
      if (isMoney) index += 1;
      const next = isMoney ? (tokens[index] ?? { ...after(token), text: '' }) : undefined;
      this.#terms.set(name, { token, value, ...(next !== undefined && { next }) });
    }
  }

  /** The value of a term as `read` has it, or null where the line lacks the term. */
  read<T>(name: string, read: (value: Token, next: Token) => T): T | null {
    const term = this.#terms.get(name);
    return term === undefined ? null : read(term.value, term.next ?? START);
  }

  /** The values between commas. */
  list<T>(name: string, read: (item: Token) => T): readonly T[] | undefined {
    const term = this.#terms.get(name);
    if (term === undefined) return undefined;
    let { column } = term.value;
    return term.value.text.split(',').map((text) => {
      const item = { text, column };
      column += text.length + 1;
      return read(item);
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

function readType(effect: 'allow' | 'deny', item: Token): PolicyOrderType {
  const type = oneOf(item, TYPES);
  if (effect === 'allow' && type === 'MARKET') {
    throw new Departure(item, 'no MARKET in an allow line: such an order has no price to judge');
  }
  return type;
}

function readOperations(effect: 'allow' | 'deny', item: Token): readonly Operation[] {
  if (NEVER_SIGNED.includes(item.text)) {
    if (effect === 'deny') return [];
    throw new Departure(item, `an operation that can be signed; ${item.text} never is`);
  }
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

function oneOf<T extends string>(item: Token, choices: readonly T[]): T {
  const choice = choices.find((candidate) => candidate === item.text.toUpperCase());
  if (choice === undefined) throw new Departure(item, `one of ${choices.join(', ')}`);
  return choice;
}

/** The words of a line. Throws Departure at the first byte outside printable ASCII. */
function tokensOf(code: string): readonly Token[] {
  const strange = /[^\t\r\x20-\x7e]/.exec(code);
  if (strange !== null) {
    const byte = strange[0].charCodeAt(0).toString(16).padStart(2, '0');
    const at = { text: '', column: strange.index + 1 };
    throw new Departure(at, 'plain ASCII outside comments', `byte 0x${byte}`);
  }
  return Array.from(code.matchAll(/\S+/g), ({ 0: text, index }) => ({ text, column: index + 1 }));
}

function after(token: Token): Token {
  return { text: '', column: token.column + token.text.length };
}

function expectEnd(tokens: readonly Token[], count: number): void {
  const extra = tokens[count];
  if (extra !== undefined) throw new Departure(extra, 'the end of the line');
}
