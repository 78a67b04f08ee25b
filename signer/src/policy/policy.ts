// SPDX-License-Identifier: Apache-2.0
// What a policy is once it is read.

import type { PriceSource } from '../wire.ts';

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

/** Whether prices of `symbol` are in `asset`, as far as the name tells. */
export function isQuotedIn(symbol: string, asset: string): boolean {
  return symbol.length > asset.length && symbol.endsWith(asset);
}
