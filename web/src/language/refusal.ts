// SPDX-License-Identifier: Apache-2.0
// What would make a refused order pass, from who refused it and the rule that did.

/** Names of the hints in the catalogue. */
export type RefusalHint =
  | 'notional'
  | 'perDay'
  | 'band'
  | 'openOrders'
  | 'rate'
  | 'allow'
  | 'hold'
  | 'deny'
  | 'expired'
  | 'reference'
  | 'balance'
  | 'reserved'
  | 'minNotional'
  | 'maxSize'
  | 'lotSize'
  | 'tickSize'
  | 'percentPrice'
  | 'makerOnly'
  | 'tooManyOrders'
  | 'clock'
  | 'exchangeKey'
  | 'notActive'
  | 'frozen'
  | 'quarantined'
  | 'unchecked'
  | 'log'
  | 'again'
  | 'desk'
  | 'policy'
  | 'exchange';

/** A sentence for each hint. */
export type RefusalHints = Readonly<Record<RefusalHint, string>>;

export interface Refusal {
  readonly by: string | null;
  readonly rule: string | null;
  readonly reason: string | null;
}

/** Read from the top; the first pattern found in the rule, or failing that in the reason, decides. */
const POLICY_HINTS: readonly (readonly [RegExp, RefusalHint])[] = [
  [/^hold: /, 'hold'],
  [/: notional$/, 'notional'],
  [/: per-day$/, 'perDay'],
  [/: rate$/, 'rate'],
  [/: band$/, 'band'],
  [/: open$/, 'openOrders'],
  [/: agree$/, 'reference'],
  [/^(busy|intent)$/, 'rate'],
  [/^(connection-expired|expired)$/, 'expired'],
  [/^connection-not-active$/, 'notActive'],
  [/^connection-frozen$/, 'frozen'],
  [/^connection-quarantined$/, 'quarantined'],
  [/^connection-probing$/, 'unchecked'],
  [/^connection-unknown$/, 'notActive'],
  [/^clock$/, 'clock'],
  [/^(log|capacity)$/, 'log'],
  [/^duplicate$/, 'again'],
  [/^(default deny|type)$/, 'allow'],
  [/the policy denies this/, 'deny'],
  [/reference/, 'reference'],
];

/** Our own checks name the limit of the instrument that an order broke. */
const DESK_HINTS: readonly (readonly [RegExp, RefusalHint])[] = [
  [/^(notSent|absent|namesake)$/, 'again'],
  [/^reserved$/, 'reserved'],
  [/^connection(?:: | )frozen$/, 'frozen'],
  [/^connection: quarantined$/, 'quarantined'],
  [/^connection: probing$/, 'unchecked'],
  [/^connection: expired$/, 'expired'],
  [/^connection: draft$/, 'notActive'],
  [/minNotional|minQuantity/, 'minNotional'],
  [/maxNotional|maxQuantity/, 'maxSize'],
  [/minPrice|maxPrice/, 'percentPrice'],
  [/funds|balance/i, 'balance'],
];

const EXCHANGE_HINTS: readonly (readonly [RegExp, RefusalHint])[] = [
  [/insufficient balance/i, 'balance'],
  [/immediately match/i, 'makerOnly'],
  [/MIN_NOTIONAL|NOTIONAL/, 'minNotional'],
  [/LOT_SIZE/, 'lotSize'],
  [/PRICE_FILTER/, 'tickSize'],
  [/PERCENT_PRICE/, 'percentPrice'],
  [/MAX_NUM/, 'tooManyOrders'],
  [/-1003|-1015|too many/i, 'rate'],
  [/-1021|timestamp/i, 'clock'],
  [/-2014|-2015/, 'exchangeKey'],
];

/** The hint for a refusal. Who refused decides which rules are looked at; an unknown rule gets a general one. */
export function refusalHint({ by, rule, reason }: Refusal): RefusalHint {
  const hints = by === 'exchange' ? EXCHANGE_HINTS : by === 'policy' ? POLICY_HINTS : DESK_HINTS;
  for (const text of [rule, reason]) {
    if (text === null) continue;
    const found = hints.find(([pattern]) => pattern.test(text));
    if (found !== undefined) return found[1];
  }
  if (by === 'exchange' || by === 'policy') return by;
  return 'desk';
}
