// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about the policy: its lines in words, what the worst day could cost, and a change of it.

import type { HeldOrder, PolicyConnection, PolicyLine } from '../api/types.ts';

type Floor = PolicyConnection['floors'][number];
type Day = PolicyConnection['worstDay'][number];

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

type Words = Readonly<Record<string, string>>;

/** What has no word is told as the policy calls it. */
export function wordFor(name: string, words: Words): string {
  return words[name] ?? name;
}

export const englishPolicy = {
  title: 'Policy',
  intro: 'What your keys may sign. Everything else is refused.',
  open: 'Read or change the policy',
  inForce: 'In force',
  none: 'There is no policy',
  noneHint: 'Everything is refused until there is one.',
  locked: 'No order is signed',
  lockedHint:
    'The policy file was changed by other hands. Put the old file back, or stop the desk and take this one over with kontor policy edit.',
  worstDay: 'The worst day',
  worstDayHint:
    'What somebody who has the server in his hands could do in 24 hours, apart from what prices do by themselves.',
  pending: 'A change waits',
  pendingHint: 'It allows more and holds from this time on:',
  held: 'Orders that wait for you',
  heldHint:
    'A hold line of the policy keeps them. What you release is signed once, when it comes again: at this price or a better one, and no more of it.',
  heldOrder: ({ side, quantity, symbol, price, type, stop }: HeldOrder): string =>
    `${side === 'buy' ? 'Buy' : 'Sell'} ${quantity} ${symbol} at ${price}, kind: ${wordFor(type, TYPES)}${stop === null ? '' : `, from ${stop} on`}`,
  worth: 'Worth',
  heldBy: 'held by',
  timeLeft: 'time left:',
  goodFor: 'good for',
  isReleased: 'Released: it waits to come again.',
  release: 'Allow this order',
  released: 'The order is released: it is signed when it comes again.',
  drop: 'Drop',
  dropped: 'The order is dropped.',
  heldBeyond: {
    trader: 'You may drop it. To let it be signed is for an owner, with a passkey.',
    viewer: 'You may look. A trader drops it; an owner lets it be signed, with a passkey.',
  },
  giveUp: 'Give it up',
  gaveUp: 'The change is given up.',
  edit: 'Change the policy',
  tryOut: 'Try out a policy',
  tryOutHint:
    'Owners of the desk change the policy. What you write here is checked and changes nothing.',
  editHint: 'What only tightens holds at once. What loosens needs a passkey and then waits.',
  text: 'The policy file',
  reset: 'Back to the policy in force',
  change: 'Change it',
  changed: 'The policy holds from now on.',
  waits: 'The change is confirmed and waits for its time.',
  fault: (line: string, column: string, expected: string, found: string): string =>
    `Line ${line}, column ${column}: expected ${expected}, found ${found}.`,
  direction: {
    same: 'Nothing changes in what is allowed.',
    tightening: 'It only tightens: it holds at once.',
    loosening: 'It loosens, or may: a passkey confirms it, then it waits.',
  },
  delay: (minutes: string): string => `What loosens waits ${minutes} minutes.`,
  line: (line: PolicyLine): string => {
    const { effect, operations, symbols, sides, types, timesInForce } = line;
    const said = new Set(operations.map((name) => wordFor(name, OPERATIONS)));
    const what = [
      said.size === 0 ? 'what no request can be' : [...said].join(', '),
      ...(sides === null ? [] : [sides.map((side) => wordFor(side, SIDES)).join(' and ')]),
      ...(types === null ? [] : [`as ${types.map((type) => wordFor(type, TYPES)).join(', ')}`]),
      ...(timesInForce === null
        ? []
        : [timesInForce.map((time) => wordFor(time, TIMES)).join(' or ')]),
      ...(symbols === null ? [] : [`in ${symbols.join(', ')}`]),
    ].join(' ');
    if (effect === 'deny') return `Never: ${what}`;
    const limits = [
      ...(line.notional === null ? [] : [`${line.notional} an order`]),
      ...(line.perDay === null ? [] : [`${line.perDay} a day`]),
      ...(line.open === null ? [] : [`${line.open} open at once`]),
      ...(line.rate === null ? [] : [line.rate.replace(' / ', ' requests per ')]),
      ...(line.band === null ? [] : [`prices ${line.band} worse than the references`]),
    ];
    const most = limits.length === 0 ? 'without a limit' : `up to ${limits.join(', ')}`;
    return effect === 'allow'
      ? `May: ${what}; ${most}`
      : `If you allow it each time: ${what}; ${most}`;
  },
  reference: (sources: string, seconds: string, agree: string | null): string =>
    `Prices: ${sources}, asked for by egress, at most ${seconds} s old${agree === null ? '' : `, within ${agree} of each other`}`,
  floor: ({ symbols, minDayQuote, maxSpread, bookShare }: Floor): string => {
    const demands = [
      ...(minDayQuote === null ? [] : [`at least ${minDayQuote} traded a day`]),
      ...(maxSpread === null ? [] : [`a spread of at most ${maxSpread}`]),
      ...(bookShare === null
        ? []
        : [`an order of at most ${bookShare.share} of what rests within ${bookShare.within}`]),
    ];
    return `Orders in ${symbols === null ? 'all markets' : symbols.join(', ')} need ${demands.join(', ')}; sales of what was bought here need only a band`;
  },
  day: ({ asset, turnover, loss }: Day): string => {
    const unit = asset === null ? '' : ` ${asset}`;
    if (turnover === null || loss === null) return `No limit${unit === '' ? '' : ` in${unit}`}`;
    if (turnover === loss) return `All of ${turnover}${unit} could be lost: a line has no band`;
    return `${turnover}${unit} turned over, of which bad prices could cost ${loss}${unit}`;
  },
  noDay: 'Nothing: no order is allowed',
};

export type PolicyText = typeof englishPolicy;
