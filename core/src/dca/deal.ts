// SPDX-License-Identifier: Apache-2.0
// One DCA cycle as plain data, and the questions its rules ask of it.

import type { DealBase } from '../bot/deal-order.ts';
import type { DealOutcome } from '../bot/common-view.ts';
import { mostLots, orderFault } from '../bot/order-rules.ts';
import type { OrderPurpose } from '../machine.ts';
import { averageTicks, heldLots, type Ratio } from '../position.ts';
import type { TimeMs } from '../units.ts';
import { takeProfitTicks } from './ladder.ts';
import type { DcaSettings } from './settings.ts';
import { termsOf } from './terms.ts';

/** Why everything is sold at once; also the purpose of the order that does it. */
export type CloseReason = Extract<OrderPurpose, 'stopLoss' | 'close'>;

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

export interface DcaDeal extends DealBase {
  readonly kind: 'dca';
  /** The bot's settings when the deal started; later changes do not touch it. */
  readonly settings: DcaSettings;
  phase: DealPhase;
  entry: DealEntry;
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

/** Safety orders that take one of the places on the book: out, or waiting to be placed again. */
export function activeSafetyOrders(deal: DcaDeal): number {
  let count = deal.safetyRetries.length;
  for (const order of deal.orders) if (order.purpose === 'safetyOrder') count += 1;
  return count;
}

/** The take-profit price of the coins bought so far, in ticks; null before the first coin. */
export function takeProfitOf(deal: DcaDeal): number | null {
  const average = averageTicks(deal.position, deal.instrument);
  if (average === null) return null;
  return takeProfitTicks(average, termsOf(deal.settings).takeProfit, deal.feeRatePpm);
}

/** The take-profit order for all coins held, or null when the venue would refuse it: then they are dust. */
export function wantedTakeProfit(deal: DcaDeal): WantedOrder | null {
  const priceTicks = takeProfitOf(deal);
  if (priceTicks === null) return null;
  const lots = mostLots(deal.instrument, priceTicks, heldLots(deal.position, deal.instrument));
  return orderFault(deal.instrument, priceTicks, lots) === null ? { priceTicks, lots } : null;
}
