// SPDX-License-Identifier: Apache-2.0
// A policy in English words, the same on the page and in the terminal: what a line means, what it is measured by, and
// what the worst day could cost.

/** A line of the policy; texts are amounts as the reader is to see them, null is no limit. */
export interface PolicyLineFacts {
  readonly effect: 'allow' | 'hold' | 'deny';
  readonly operations: readonly string[];
  readonly symbols: readonly string[] | null;
  readonly sides: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly timesInForce: readonly string[] | null;
  readonly band: string | null;
  readonly notional: string | null;
  readonly perDay: string | null;
  readonly open: number | null;
  /** As the policy has it, `200/10s`, or with its numbers set apart. */
  readonly rate: string | null;
  /** How long an order of a hold line waits for a person. */
  readonly expiresMs: number | null;
}

/** What a market must show before an order in it is signed. */
export interface PolicyFloorFacts {
  readonly symbols: readonly string[] | null;
  readonly minDayQuote: string | null;
  readonly maxSpread: string | null;
  readonly bookShare: { readonly share: string; readonly within: string } | null;
}

/** What bad orders could turn over and lose in 24 hours; null is no limit. */
export interface PolicyDayFacts {
  readonly asset: string | null;
  readonly turnover: string | null;
  readonly loss: string | null;
}

type Words = Readonly<Record<string, string>>;

/** What the grammar of the policy calls operations, sides, kinds of orders and times, in words. */
const OPERATIONS: Words = {
  'order.place': 'place orders',
  'order.cancel': 'cancel orders',
  'order.cancelAll': 'cancel all orders at once',
  'read.order': 'read orders',
  'read.openOrders': 'read orders',
  'read.fills': 'read fills',
  'read.account': 'read the account',
  'read.permissions': 'read the rights of the key',
  'read.stream': 'follow the account',
  withdraw: 'withdraw',
  transfer: 'transfer',
  convert: 'convert',
  margin: 'trade on margin',
  subaccount: 'touch sub-accounts',
  keys: 'manage keys',
  'session.logon': 'log on without signing each request',
};
const SIDES: Words = { BUY: 'to buy', SELL: 'to sell' };
const TYPES: Words = {
  LIMIT: 'limit orders',
  LIMIT_MAKER: 'limit orders that never take',
  STOP_LOSS_LIMIT: 'limit orders behind a stop',
  TAKE_PROFIT_LIMIT: 'limit orders at a profit',
  MARKET: 'market orders',
  STOP_LOSS: 'market orders behind a stop',
  TAKE_PROFIT: 'market orders at a profit',
};
const TIMES: Words = {
  GTC: 'good until cancelled',
  IOC: 'filled at once or cancelled',
  FOK: 'filled whole at once or cancelled',
};

/** What has no word is told as the policy calls it. */
function policyWordFor(name: string, words: Words): string {
  return words[name] ?? name;
}

/** How long a person has for each. */
function within(expiresMs: number | null): string {
  if (expiresMs === null) return '';
  const seconds = Math.ceil(expiresMs / 1_000);
  if (seconds % 3_600 === 0) return `, within ${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `, within ${seconds / 60} min` : `, within ${seconds} s`;
}

/** What an order of `type` is called. */
export function orderTypeWords(type: string): string {
  return policyWordFor(type, TYPES);
}

export const policyWords = {
  line: (line: PolicyLineFacts): string => {
    const { effect, operations, symbols, sides, types, timesInForce } = line;
    const said = new Set(operations.map((name) => policyWordFor(name, OPERATIONS)));
    const what = [
      said.size === 0 ? 'what no request can be' : [...said].join(', '),
      ...(sides === null ? [] : [sides.map((side) => policyWordFor(side, SIDES)).join(' and ')]),
      ...(types === null
        ? []
        : [`as ${types.map((type) => policyWordFor(type, TYPES)).join(', ')}`]),
      ...(timesInForce === null
        ? []
        : [timesInForce.map((time) => policyWordFor(time, TIMES)).join(' or ')]),
      ...(symbols === null ? [] : [`in ${symbols.join(', ')}`]),
    ].join(' ');
    if (effect === 'deny') return `Never: ${what}`;
    const limits = [
      ...(line.notional === null ? [] : [`${line.notional} an order`]),
      ...(line.perDay === null ? [] : [`${line.perDay} a day`]),
      ...(line.open === null ? [] : [`${line.open} open at once`]),
      ...(line.rate === null ? [] : [line.rate.replace(/ ?\/ ?(\d+) ?/, ' requests per $1 ')]),
      ...(line.band === null ? [] : [`prices ${line.band} worse than the references`]),
    ];
    const most = limits.length === 0 ? 'without a limit' : `up to ${limits.join(', ')}`;
    return effect === 'allow'
      ? `May: ${what}; ${most}`
      : `If you allow it each time${within(line.expiresMs)}: ${what}; ${most}`;
  },
  reference: (sources: string, seconds: string, agree: string | null): string =>
    `Prices: ${sources}, asked for by egress, at most ${seconds} s old${agree === null ? '' : `, within ${agree} of each other`}`,
  floor: ({ symbols, minDayQuote, maxSpread, bookShare }: PolicyFloorFacts): string => {
    const demands = [
      ...(minDayQuote === null ? [] : [`at least ${minDayQuote} traded a day`]),
      ...(maxSpread === null ? [] : [`a spread of at most ${maxSpread}`]),
      ...(bookShare === null
        ? []
        : [`an order of at most ${bookShare.share} of what rests within ${bookShare.within}`]),
    ];
    return `Orders in ${symbols === null ? 'all markets' : symbols.join(', ')} need ${demands.join(', ')}; sales of what was bought here need only a band`;
  },
  day: ({ asset, turnover, loss }: PolicyDayFacts): string => {
    const unit = asset === null ? '' : ` ${asset}`;
    if (turnover === null || loss === null) return `no limit${unit === '' ? '' : ` in${unit}`}`;
    if (turnover === loss) return `all of ${turnover}${unit} could be lost: a line has no band`;
    return `${turnover}${unit} turned over, of which bad prices could cost ${loss}${unit}`;
  },
  noDay: 'nothing, as no order is signed without a person',
};
