// SPDX-License-Identifier: Apache-2.0
// What every kind of deal has: a position, and orders that may still bring fills.

import type { Instrument } from '../instrument.ts';
import type { OrderPurpose, OrderRole } from '../machine.ts';
import type { ClientOrderId, OrderEnd, Side } from '../order.ts';
import type { Position } from '../position.ts';
import type { TimeMs } from '../units.ts';

/** Where an order stands at the venue, as far as the bot has been told. */
export type OrderPhase =
  /** Asked for; no answer yet. */
  | { readonly kind: 'placing' }
  | { readonly kind: 'open'; readonly exchangeOrderId: string }
  /** Off the book; of `filledLots` some fills may still be on their way. */
  | { readonly kind: 'ended'; readonly end: OrderEnd; readonly filledLots: number };

/** An order that may still bring fills. It leaves the deal once it has ended and all its fills are in. */
export interface DealOrder {
  readonly clientOrderId: ClientOrderId;
  readonly purpose: OrderPurpose;
  readonly role: OrderRole;
  /** Which safety order, grid line or step, from 1; 0 for a purpose that has only one. */
  readonly ladderIndex: number;
  /** How often the same thing was tried, from 1. */
  readonly attempt: number;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantity: number;
  /** The other order of a pair: the same coins, of which only one of the two can trade. */
  readonly pairedWith?: ClientOrderId;
  /** The other order of the pair has traded: this one is gone, though its end has not been told. */
  isSpent?: true;
  /** Of the stop in a pair: the price whose trade sends it to the book. */
  readonly stopTicks?: number;
  /** Of an order that may only rest: how often in a row it was refused because it would trade at once. */
  readonly postTries?: number;
  readonly placedTime: TimeMs;
  filledLots: number;
  /** Trade IDs already counted. */
  readonly tradeIds: string[];
  phase: OrderPhase;
  /** We have asked the venue to cancel it. */
  isCancelling: boolean;
}

/** How a deal of any kind can end. */
export type DealOutcome = 'completed' | 'stopLoss' | 'closed' | 'cancelled' | 'failed';

/** One cycle of a bot: opened, traded, ended. Each kind of bot adds its own settings and phases. */
export interface DealBase {
  readonly kind: string;
  readonly dealId: number;
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly feeRatePpm: number;
  readonly openedTime: TimeMs;
  readonly phase: { readonly kind: string };
  readonly position: Position;
  /** Coins of the account that the deal took over at its start, at `baseScale` decimals; absent for none. */
  readonly takenOver?: bigint;
  /** Only orders that may still bring fills. */
  orders: DealOrder[];
  /** Client order IDs used so far. */
  orderCount: number;
}

/** How an order left the deal's list of open ones. */
export type Settlement =
  | { readonly kind: 'ended' }
  | {
      readonly kind: 'rejected';
      /** It is proven that the order never arrived. */
      readonly isAbsent: boolean;
      /** Money is missing, or a limit of the desk is reached: the same order may be taken later. */
      readonly mayPass: boolean;
      /** It may only rest and would have traded at once. */
      readonly wouldTake: boolean;
      readonly reason: string;
    };

/** True once no more fill of `order` can come. */
export function isSettled(order: DealOrder): boolean {
  return (
    order.filledLots >= order.quantity ||
    (order.phase.kind === 'ended' && order.filledLots >= order.phase.filledLots)
  );
}

/** The lots of `order` that may still trade. */
export function leavesLots(order: DealOrder): number {
  if (order.isSpent === true) return 0;
  return order.phase.kind === 'ended'
    ? Math.max(0, order.phase.filledLots - order.filledLots)
    : order.quantity - order.filledLots;
}

/** The deal's only unsettled order for `purpose`, or undefined. */
export function orderFor(
  deal: DealBase,
  purpose: Exclude<OrderPurpose, 'safetyOrder' | 'gridLine'>,
): DealOrder | undefined {
  return deal.orders.find((order) => order.purpose === purpose);
}
