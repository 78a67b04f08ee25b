// SPDX-License-Identifier: Apache-2.0
// One DCA cycle as plain data, and the questions its rules ask of it.

import type { Instrument } from '../instrument.ts';
import type { OrderPurpose } from '../machine.ts';
import type { ClientOrderId, OrderEnd, Side } from '../order.ts';
import { averageTicks, heldLots, type Position, type Ratio } from '../position.ts';
import type { TimeMs } from '../units.ts';
import { takeProfitTicks } from './ladder.ts';
import { mostLots, orderFault } from './order-rules.ts';
import type { DcaSettings } from './settings.ts';
import { termsOf } from './terms.ts';

/** Why everything is sold at once; also the purpose of the order that does it. */
export type CloseReason = Extract<OrderPurpose, 'stopLoss' | 'close'>;

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
  /** Which safety order, from 1; 0 for every other purpose. */
  readonly ladderIndex: number;
  /** How often the same thing was tried, from 1. */
  readonly attempt: number;
  readonly side: Side;
  readonly priceTicks: number;
  readonly quantity: number;
  readonly placedTime: TimeMs;
  filledLots: number;
  /** Trade IDs already counted. */
  readonly tradeIds: string[];
  phase: OrderPhase;
  /** We have asked the venue to cancel it. */
  isCancelling: boolean;
}

export type DealOutcome = 'completed' | 'stopLoss' | 'closed' | 'cancelled' | 'failed';

export type DealPhase =
  /** The base order is out. */
  | { readonly kind: 'opening' }
  /** A limit base order was not filled in time; a fresh quote is awaited for the next one. */
  | { readonly kind: 'reopening'; readonly attempt: number }
  /** Coins are held: take profit and safety orders rest. */
  | { readonly kind: 'holding' }
  /** Nothing is left to sell: safety orders are cancelled, then the deal ends. */
  | { readonly kind: 'finishing' }
  /** Everything is to be sold at once. */
  | {
      readonly kind: 'closing';
      readonly reason: CloseReason;
      /** Sells sent since the last pause, and pauses so far. */
      readonly attempt: number;
      readonly pauses: number;
      readonly step: ClosingStep;
    }
  /** Orders are cancelled, coins are kept. */
  | { readonly kind: 'cancelling' }
  | {
      readonly kind: 'ended';
      readonly time: TimeMs;
      readonly outcome: DealOutcome;
      readonly reason: string;
    };

export type ClosingStep =
  | { readonly kind: 'cancelling' }
  | { readonly kind: 'awaitingQuote' }
  | { readonly kind: 'selling' }
  | { readonly kind: 'waiting'; readonly until: TimeMs };

/** What the base order fixed for the whole deal. */
export type DealEntry =
  | { readonly kind: 'pending' }
  /** `stopTicks`: the deal is closed when the last price is at or below it; −1 without a stop loss. */
  | { readonly kind: 'bought'; readonly average: Ratio; readonly stopTicks: number };

/** A safety order that the venue refused or dropped and that is to be placed again. */
export interface SafetyRetry {
  readonly ladderIndex: number;
  readonly attempt: number;
  readonly lots: number;
  readonly until: TimeMs;
}

export interface Deal {
  readonly dealId: number;
  readonly symbol: string;
  readonly instrument: Instrument;
  /** The bot's settings when the deal started; later changes do not touch it. */
  readonly settings: DcaSettings;
  readonly feeRatePpm: number;
  readonly openedTime: TimeMs;
  phase: DealPhase;
  entry: DealEntry;
  readonly position: Position;
  /** Only orders that may still bring fills. */
  orders: DealOrder[];
  /** Client order IDs used so far. */
  orderCount: number;
  /** The next safety order never placed yet, from 1; past the last one when the ladder is used up or closed. */
  nextSafetyOrder: number;
  filledSafetyOrders: number;
  safetyRetries: SafetyRetry[];
  /** Rejections and unasked cancels of the take profit in a row, and until when the next one waits. */
  exitTroubles: number;
  exitWait: { readonly kind: 'none' } | { readonly kind: 'waiting'; readonly until: TimeMs };
}

/** A sell that the venue would take. */
export interface WantedOrder {
  readonly priceTicks: number;
  readonly lots: number;
}

/** True once no more fill of `order` can come. */
export function isSettled(order: DealOrder): boolean {
  return (
    order.filledLots >= order.quantity ||
    (order.phase.kind === 'ended' && order.filledLots >= order.phase.filledLots)
  );
}

/** The lots of `order` that may still trade. */
export function leavesLots(order: DealOrder): number {
  return order.phase.kind === 'ended'
    ? Math.max(0, order.phase.filledLots - order.filledLots)
    : order.quantity - order.filledLots;
}

/** The deal's only unsettled order for `purpose`, or undefined; safety orders may be several. */
export function orderFor(
  deal: Deal,
  purpose: Exclude<OrderPurpose, 'safetyOrder'>,
): DealOrder | undefined {
  return deal.orders.find((order) => order.purpose === purpose);
}

/** Safety orders that take one of the places on the book: out, or waiting to be placed again. */
export function activeSafetyOrders(deal: Deal): number {
  let count = deal.safetyRetries.length;
  for (const order of deal.orders) if (order.purpose === 'safetyOrder') count += 1;
  return count;
}

/** The take-profit price of the coins bought so far, in ticks; null before the first coin. */
export function takeProfitOf(deal: Deal): number | null {
  const average = averageTicks(deal.position, deal.instrument);
  if (average === null) return null;
  return takeProfitTicks(average, termsOf(deal.settings).takeProfit, deal.feeRatePpm);
}

/** The take-profit order for all coins held, or null when the venue would refuse it: then they are dust. */
export function wantedTakeProfit(deal: Deal): WantedOrder | null {
  const priceTicks = takeProfitOf(deal);
  if (priceTicks === null) return null;
  const lots = mostLots(deal.instrument, priceTicks, heldLots(deal.position, deal.instrument));
  return orderFault(deal.instrument, priceTicks, lots) === null ? { priceTicks, lots } : null;
}
