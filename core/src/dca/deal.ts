// SPDX-License-Identifier: Apache-2.0
// One DCA cycle as plain data, and the questions its rules ask of it.

import type { DealBase, DealOrder } from '../bot/deal-order.ts';
import type { DealOutcome } from '../bot/common-view.ts';
import type { FreeFunds, ManualOrder } from '../machine.ts';
import type { Instrument } from '../instrument.ts';
import { emptyPosition, type Ratio } from '../position.ts';
import type { TimeMs } from '../units.ts';
import { amountOf, lotsForAmount, NO_FUNDS, rungPrice } from './ladder.ts';
import { termsOf, type DcaDealSettings, type Rung } from './terms.ts';

/** Why the whole position is closed at once. */
export type CloseReason = 'stopLoss' | 'trailing' | 'signal' | 'command' | 'timeout';

export type DealPhase =
  /** The base order is out. */
  | { readonly kind: 'opening' }
  /** A limit base order was not filled in time; a fresh quote is awaited for the next one. */
  | { readonly kind: 'reopening'; readonly attempt: number; readonly postTries?: number }
  /** There is a position: take profits and safety orders rest. */
  | { readonly kind: 'holding' }
  /** Nothing is left to close: safety orders are cancelled, then the deal ends. */
  | { readonly kind: 'finishing' }
  /** Everything is to be closed at once. */
  | {
      readonly kind: 'closing';
      readonly reason: CloseReason;
      /** Orders sent since the last pause, and pauses so far. */
      readonly attempt: number;
      readonly pauses: number;
      readonly step: ClosingStep;
    }
  /** Orders are cancelled, the position stays as it is: for the person, or for another bot. */
  | { readonly kind: 'cancelling'; readonly why: 'command' | 'handOver' }
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
  | {
      readonly kind: 'entered';
      /** Of the base order, after its fee. */
      readonly average: Ratio;
      /** What the base order cost or brought, at `moneyScale` decimals, and the coins it moved, at `baseScale`. */
      readonly money: bigint;
      readonly coins: bigint;
    };

/** A safety order that the venue refused or dropped and that is to be placed again. */
export interface SafetyRetry {
  readonly ladderIndex: number;
  readonly attempt: number;
  readonly postTries?: number;
  readonly lots: number;
  readonly until: TimeMs;
}

/** One of several take-profit steps: what its settled orders have closed, and whether it has nothing more to do. */
export interface StepState {
  lots: number;
  isDone: boolean;
}

/** Where the stop loss stands. */
export interface StopState {
  /** Long: reached by a last price at or below it; short: at or above. 0 without a stop. */
  ticks: number;
  /** The best last price since the deal opened, where the stop follows it; else 0. */
  best: number;
  /** While the price is beyond a stop that waits: when it acts; else 0. */
  until: TimeMs;
}

/** The take profit that does not rest but follows the price. */
export interface TrailingState {
  /** The price from which it follows; 0 while there is none. */
  ticks: number;
  /** The best last price since then, and where it acts behind that; 0 before. */
  best: number;
  trigger: number;
}

/** What a person has asked for and waits for a quote, or for coins that other orders still offer. */
export interface ManualRequest {
  readonly kind: 'addFunds' | 'reduceFunds' | 'closeStep';
  /** Of `closeStep`, from 1. */
  readonly step: number;
  /** Of the other two. */
  readonly amount: ManualOrder['amount'] | null;
  /** The price it is to rest at; 0 for at once. */
  readonly priceTicks: number;
  /** Kept free for it among the coins; 0 until they are known. */
  lots: number;
  /** A quote has been asked for. */
  isAsked: boolean;
  /** By which a person names it while it waits, from 1 in its deal. */
  readonly number?: number;
}

export interface DcaDeal extends DealBase {
  readonly kind: 'dca';
  /** The bot's settings when the deal started; later changes of those do not touch it. */
  settings: DcaDealSettings;
  /** What was free when the deal started, for volumes in percent; zeros where it does not matter. */
  readonly free: FreeFunds;
  phase: DealPhase;
  entry: DealEntry;
  /** The next safety order never placed yet, from 1; past the last one when the ladder is used up or closed. */
  nextSafetyOrder: number;
  filledSafetyOrders: number;
  safetyRetries: SafetyRetry[];
  /** Rejections and unasked cancels of take profits in a row, and until when the next one waits. */
  exitTroubles: number;
  /** How often in a row a take profit was refused because it would trade at once; absent for never. */
  exitPostTries?: number;
  exitWait: { readonly kind: 'none' } | { readonly kind: 'waiting'; readonly until: TimeMs };
  /** One for each of several take-profit steps; empty with one take profit or none. */
  steps: StepState[];
  readonly stop: StopState;
  readonly trailing: TrailingState;
  requests: ManualRequest[];
  /** Requests so far; absent before the first. */
  requestCount?: number;
}

/** A deal whose base order has not been placed. */
export function newDeal(start: {
  readonly dealId: number;
  readonly instrument: Instrument;
  readonly settings: DcaDealSettings;
  readonly feeRatePpm: number;
  readonly time: number;
  readonly free: FreeFunds | null;
}): DcaDeal {
  const { settings, instrument } = start;
  const { takeProfits } = termsOf(settings);
  return {
    kind: 'dca',
    dealId: start.dealId,
    symbol: instrument.symbol,
    instrument,
    settings,
    free: needsFunds(settings) ? (start.free ?? NO_FUNDS) : NO_FUNDS,
    feeRatePpm: start.feeRatePpm,
    openedTime: start.time,
    phase: { kind: 'opening' },
    entry: { kind: 'pending' },
    position: emptyPosition(),
    orders: [],
    orderCount: 0,
    nextSafetyOrder: 1,
    filledSafetyOrders: 0,
    safetyRetries: [],
    exitTroubles: 0,
    exitWait: { kind: 'none' },
    steps: takeProfits.length < 2 ? [] : takeProfits.map(() => ({ lots: 0, isDone: false })),
    stop: { ticks: 0, best: 0, until: 0 },
    trailing: { ticks: 0, best: 0, trigger: 0 },
    requests: [],
  };
}

/** Whether a deal by `settings` must know what is free when it starts. */
export function needsFunds(settings: DcaDealSettings): boolean {
  return settings.baseOrderVolumeType === 'percent' || settings.safetyOrderVolumeType === 'percent';
}

/** Safety orders that take one of the places on the book: out, or waiting to be placed again. */
export function activeSafetyOrders(deal: DcaDeal): number {
  let count = deal.safetyRetries.length;
  for (const order of deal.orders) if (order.purpose === 'safetyOrder') count += 1;
  return count;
}

/** The rung of safety order `ladderIndex`, or undefined beyond the ladder. */
export function rungOf(deal: DcaDeal, ladderIndex: number): Rung | undefined {
  return termsOf(deal.settings).rungs[ladderIndex - 1];
}

/** Where `rung` stands in this deal, in ticks; 0 before its base order has filled, or where the ladder leaves the market. */
export function rungTicks(deal: DcaDeal, rung: Rung): number {
  if (deal.entry.kind !== 'entered') return 0;
  return rungPrice(deal.entry.average, rung.deviation, deal.settings.direction);
}

/** The lots of safety order `rung` at `ticks`; 0 where the ladder leaves the market. */
export function rungLots(deal: DcaDeal, rung: Rung, ticks: number): number {
  if (ticks < 1) return 0;
  const { safetyOrderVolumeType, direction } = deal.settings;
  const amount = amountOf(rung.volume, safetyOrderVolumeType, deal.free, direction);
  return lotsForAmount(deal.instrument, amount, ticks);
}

/** Ends the ladder: no further safety orders; those that rest stay. */
export function closeLadder(deal: DcaDeal): void {
  deal.nextSafetyOrder = termsOf(deal.settings).rungs.length + 1;
}

/** How many take-profit steps are done, counted to the last that is. */
export function stepsDone(deal: DcaDeal): number {
  return deal.steps.findLastIndex(({ isDone }) => isDone) + 1;
}

/**
 * Whether step `index`, from 0, closes no more. When all steps are done the last one closes what comes yet: a safety
 * order may trade before its cancel.
 */
export function isStepOver(deal: DcaDeal, index: number): boolean {
  const { steps } = deal;
  if (steps[index]?.isDone !== true) return false;
  return index < steps.length - 1 || steps.some(({ isDone }) => !isDone);
}

/** What step `index`, from 0, has closed so far. */
export function stepLots(deal: DcaDeal, index: number): number {
  let lots = deal.steps[index]?.lots ?? 0;
  for (const order of deal.orders) if (isOfStep(order, index + 1)) lots += order.filledLots;
  return lots;
}

/** Whether `order` closes step `step`, from 1: resting at its price, or at once by a person's wish. */
export function isOfStep(order: DealOrder, step: number): boolean {
  return (
    order.ladderIndex === step && (order.purpose === 'takeProfit' || order.purpose === 'close')
  );
}

/** The place where `name` of `deal` is called by a timer. */
export function timerName(
  deal: DcaDeal,
  name: 'baseOrder' | 'takeProfit' | 'safetyOrders' | 'close' | 'stopLoss' | 'closeTimeout',
): string {
  return `deal:${deal.dealId}:${name}`;
}
