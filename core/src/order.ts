// SPDX-License-Identifier: Apache-2.0
// Orders, fills and what a venue may answer, in the words of style.md.

import type { Brand, PriceTicks, QuantityLots, TimeMs } from './units.ts';

/** Our idempotency key of an order: derived, stored before the order leaves, never used again. */
export type ClientOrderId = Brand<string, 'ClientOrderId'>;

/** `text` as a client order ID. Throws RangeError unless it is 1 to 36 of `A-Z a-z 0-9 - _`. */
export function clientOrderId(text: string): ClientOrderId {
  if (!/^[A-Za-z0-9_-]{1,36}$/.test(text)) {
    throw new RangeError(
      `clientOrderId must be 1 to 36 of A-Z a-z 0-9 - _, was ${JSON.stringify(text)}`,
    );
  }
  return text as ClientOrderId;
}

export type Side = 'buy' | 'sell';

/** `long` buys first and sells later; `short` sells coins the account holds and buys them back later. */
export type Direction = 'long' | 'short';

/** The side of orders that open or enlarge a position. */
export function entrySide(direction: Direction): Side {
  return direction === 'long' ? 'buy' : 'sell';
}

/** The side of orders that close or reduce a position. */
export function exitSide(direction: Direction): Side {
  return direction === 'long' ? 'sell' : 'buy';
}

/** GTC rests until done; IOC fills what it can at once; FOK fills all at once or nothing. */
export type TimeInForce = 'GTC' | 'IOC' | 'FOK';

/**
 * What a bot may ask of a venue. `limitMaker` is refused instead of taking liquidity; `stopLimit` goes to the book when
 * a trade reaches its stop, and exists only as a leg of a pair.
 */
export type OrderType = 'limit' | 'limitMaker' | 'stopLimit';

export interface OrderRequest {
  readonly clientOrderId: ClientOrderId;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  readonly timeInForce: TimeInForce;
  readonly priceTicks: PriceTicks;
  readonly quantity: QuantityLots;
  /** Of a `stopLimit` alone: the price whose trade sends it to the book. */
  readonly stopTicks?: PriceTicks;
  /** The order that is placed with this one, and ends with it. */
  readonly pairedWith?: ClientOrderId;
}

/** A part of an order that traded. `tradeId` is the venue's and unique per symbol. */
export interface Fill {
  readonly tradeId: string;
  readonly time: TimeMs;
  readonly priceTicks: PriceTicks;
  readonly quantity: QuantityLots;
  /** At `ASSET_SCALE` decimals of `commissionAsset`. */
  readonly commission: bigint;
  readonly commissionAsset: string;
  readonly isMaker: boolean;
}

/** How an order ended; `filled` means wholly. A `cancelled` or `expired` order may hold fills. */
export type OrderEnd = 'filled' | 'cancelled' | 'expired';

/** Who said no: our own checks, the signer's policy, or the exchange. */
export type RejectedBy = 'desk' | 'policy' | 'exchange';

/** A market's best prices and last trade, all in ticks. */
export interface Quote {
  readonly bid: PriceTicks;
  readonly ask: PriceTicks;
  readonly last: PriceTicks;
}
