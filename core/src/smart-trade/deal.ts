// SPDX-License-Identifier: Apache-2.0
// One trade as plain data: its entries, its targets, its stop, and the questions that its rules ask.

import { leavesLots, type DealBase, type DealOrder, type DealOutcome } from '../bot/deal-order.ts';
import type { FreeFunds } from '../machine.ts';
import { entrySide, exitSide, type Direction, type Quote, type Side } from '../order.ts';
import { closingLots, enteredBase, type Ratio } from '../position.ts';
import type { TimeMs } from '../units.ts';
import type { PriceSource, TradePlan } from './plan.ts';

/** The market as it stands in this moment, and what is free where that is known. */
export interface Market {
  readonly quote: Quote;
  readonly funds?: FreeFunds;
}

/** How much an entry is to move. A budget becomes lots when the order's price is known. */
export type EntrySize =
  | { readonly kind: 'lots'; readonly lots: number }
  /** In quote. `isMost`: it must not be exceeded, at the order's own limit; else at least so much is spent. */
  | { readonly kind: 'budget'; readonly amount: Ratio; readonly isMost: boolean };

/** The order is held back until `source` is at or beyond `ticks`. */
export interface EntryTrigger {
  readonly ticks: number;
  readonly fires: 'above' | 'below';
  readonly source: Exclude<PriceSource, 'own'>;
  /** Percent. */
  readonly trailing?: string;
}

export type EntryPhase =
  /** The trigger has not been reached. */
  | { readonly kind: 'armed' }
  /** The trigger was reached; the best price since is followed. */
  | { readonly kind: 'trailing'; readonly bestTicks: number }
  /** To be placed as soon as it may be. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'awaitingQuote' }
  | { readonly kind: 'ordered' }
  /** The venue did not take it; it is tried again. */
  | { readonly kind: 'pausing'; readonly until: TimeMs }
  | { readonly kind: 'ended'; readonly how: 'filled' | 'partly' | 'cancelled' | 'failed' };

export interface EntryState {
  readonly purpose: 'entry' | 'addFunds';
  /** Step of the plan, or count of added funds, from 1. */
  readonly number: number;
  order: 'market' | 'limit';
  /** Limit price; 0 of a market order. */
  limitTicks: number;
  size: EntrySize;
  trigger: EntryTrigger | null;
  waitSeconds: number;
  phase: EntryPhase;
  /** Lots to be moved in all; −1 while the price that decides it is not known. */
  lots: number;
  /** Of orders that are settled. */
  filledLots: number;
  /** Orders sent in a row since the last pause, and pauses. */
  tries: number;
  pauses: number;
  /** How often in a row it was refused because it may only rest and would trade at once; absent for never. */
  postTries?: number;
  /** What becomes of the entry when its order has been taken back. */
  whenCancelled: 'again' | 'rearm' | 'end';
}

export type ExitPhase =
  /** A limit order rests or is to be placed; a market order waits for its price. */
  | { readonly kind: 'open' }
  /** The price was reached; the best price since is followed. */
  | { readonly kind: 'trailing'; readonly bestTicks: number }
  /** The venue did not take the limit order; it is placed again. */
  | { readonly kind: 'pausing'; readonly until: TimeMs }
  /** To be closed at once. */
  | {
      readonly kind: 'closing';
      readonly step: ClosingStep;
      /** Orders sent since the last pause, and pauses. */
      readonly attempt: number;
      readonly pauses: number;
      /** A person asked for it, not the price. */
      readonly isAsked: boolean;
    }
  | { readonly kind: 'done' }
  /** By a person: its coins stay, or go to the other steps. */
  | { readonly kind: 'cancelled' }
  /** No longer in the plan; it goes when its order is settled. */
  | { readonly kind: 'removed' };

/** `clearing`: orders that are in the way are taken back. */
export type ClosingStep =
  | { readonly kind: 'clearing' }
  | { readonly kind: 'awaitingQuote' }
  | { readonly kind: 'ordered' }
  | { readonly kind: 'waiting'; readonly until: TimeMs };

/** A part of the position that is to be closed: a take-profit step, or funds that a person reduces. */
export interface ExitState {
  readonly purpose: 'takeProfit' | 'reduceFunds';
  /** Step of the plan, or count of reductions, from 1. */
  readonly number: number;
  order: 'limit' | 'market';
  /** Limit or trigger price; 0 while it is not known, and of a reduction at once. */
  ticks: number;
  /** Lots to close, those of the order that is out included. */
  lots: number;
  /** Of orders that are settled. */
  filledLots: number;
  phase: ExitPhase;
  /** Rejections and unasked cancels of the limit order in a row. */
  troubles: number;
  /** As of an entry. */
  postTries?: number;
}

export interface StopState {
  /** Where it stands; 0 for nowhere. */
  ticks: number;
  /** The best price since the position was opened, for a stop that follows it; 0 before. */
  bestTicks: number;
  /** A take-profit step has filled at its price; a stop that moves to break-even then has moved. */
  hasStepFilled: boolean;
  /** The price is beyond the stop, and until when it must stay there; 0 while it is not. */
  breachedUntil: TimeMs;
  /** The exchange did not take or keep the stop: how often in a row, and until when it is not tried; 0 for now. */
  alone?: { readonly refusals: number; readonly until: TimeMs };
}

/** Why everything is closed at once; also the purpose of the order that does it. */
export type CloseReason = 'stopLoss' | 'close';

export type TradePhase =
  | { readonly kind: 'running' }
  /** Nothing is left to close: what may still enter is taken back, then the trade ends. */
  | { readonly kind: 'finishing' }
  | {
      readonly kind: 'closing';
      readonly reason: CloseReason;
      /** What a person reads: `stop loss`, `closed by command`, `closed by signal`. */
      readonly why: string;
      /** The order rests at this price; 0 trades at once. */
      readonly limitTicks: number;
      readonly step: ClosingStep;
      /** Orders sent since the last pause, and pauses. */
      readonly attempt: number;
      readonly pauses: number;
      /** Something was closed by an order of this phase. */
      readonly hasClosed: boolean;
    }
  /** Orders are taken back, the position stays as it is. */
  | { readonly kind: 'cancelling'; readonly why: string }
  | {
      readonly kind: 'ended';
      readonly time: TimeMs;
      readonly outcome: DealOutcome;
      readonly reason: string;
    };

export interface TradeDeal extends DealBase {
  readonly kind: 'smartTrade' | 'signal';
  plan: TradePlan;
  phase: TradePhase;
  readonly startQuote: Quote;
  /** Whether the position, or a part of it, was there before the trade. */
  readonly isGiven: boolean;
  entries: EntryState[];
  /** Take-profit steps in their order, then reductions that are not done. */
  exits: ExitState[];
  readonly stop: StopState;
  /** Added and reduced funds so far. */
  addedCount: number;
  reducedCount: number;
  /** Money whose worth in coins is to be closed at once, as decimal text; absent for none. A quote tells the coins. */
  toReduce?: readonly string[];
  /**
   * Whether the exits must be measured anew, for the position or the plan has changed; `until` puts that off while an
   * entry fills in many small parts.
   */
  refit:
    | { readonly kind: 'none' }
    | { readonly kind: 'due' }
    | { readonly kind: 'at'; readonly until: TimeMs };
}

export function entrySideOf(deal: Pick<TradeDeal, 'plan'>): Side {
  return entrySide(deal.plan.direction);
}

export function exitSideOf(deal: Pick<TradeDeal, 'plan'>): Side {
  return exitSide(deal.plan.direction);
}

/** The price of `quote` that `source` names; `own` is the one an order on `side` would trade at. */
export function priceFrom(quote: Quote, source: PriceSource, side: Side): number {
  switch (source) {
    case 'own':
      return side === 'buy' ? quote.ask : quote.bid;
    case 'bid':
      return quote.bid;
    case 'ask':
      return quote.ask;
    case 'last':
      return quote.last;
  }
}

/** Lots that closing the whole position takes. */
export function openLots(deal: TradeDeal): number {
  return closingLots(deal.position, deal.instrument, deal.plan.direction, deal.feeRatePpm);
}

/** Lots of the position that no order which is out may still close. */
export function freeLots(deal: TradeDeal): number {
  let free = openLots(deal);
  for (const order of deal.orders) if (order.role === 'exit') free -= closableBy(deal, order);
  return free;
}

/** Lots that `order` may still close beyond those of the order it stands in a pair with: only one of the two trades. */
export function closableBy(deal: TradeDeal, order: DealOrder): number {
  const leaves = leavesLots(order);
  if (order.stopTicks === undefined) return leaves;
  const profit = deal.orders.find(({ clientOrderId }) => clientOrderId === order.pairedWith);
  if (profit === undefined) return leaves;
  return Math.max(0, leaves - leavesLots(profit));
}

/** The stop that stands at the exchange in a pair, or is on its way there or from there; undefined without one. */
export function stopOrder(deal: TradeDeal): DealOrder | undefined {
  return deal.orders.find(({ stopTicks }) => stopTicks !== undefined);
}

export function hasEntered(deal: TradeDeal): boolean {
  return enteredBase(deal.position, deal.instrument, deal.plan.direction) > 0n;
}

/** The order of an entry or exit that is out, or undefined. */
export function orderOf(
  deal: TradeDeal,
  state: Pick<EntryState | ExitState, 'purpose' | 'number'>,
): DealOrder | undefined {
  return deal.orders.find(
    (order) =>
      order.ladderIndex === state.number &&
      (order.purpose === state.purpose ||
        // A step that a person closes is closed by an order for that purpose.
        (order.purpose === 'close' && state.purpose === 'takeProfit')),
  );
}

/** What `exit` has still to close. */
export function leftOf(deal: TradeDeal, exit: ExitState): number {
  return exit.lots - (orderOf(deal, exit)?.filledLots ?? 0);
}

/** Whether `exit` may still close something. */
export function isLive({ phase }: ExitState): boolean {
  return phase.kind !== 'done' && phase.kind !== 'cancelled' && phase.kind !== 'removed';
}

export function isPending(entry: EntryState): boolean {
  return entry.phase.kind !== 'ended';
}

/** Where a price must go to be better for whoever exits: up for a long position. */
export function isBetter(direction: Direction, ticks: number, than: number): boolean {
  return direction === 'long' ? ticks > than : ticks < than;
}

/** Whether `ticks` is at the level or on the side of it where a profit is taken. */
export function isAtProfit(direction: Direction, ticks: number, level: number): boolean {
  return direction === 'long' ? ticks >= level : ticks <= level;
}

/** Whether `ticks` is at the level or on the side of it where a loss is stopped. */
export function isAtLoss(direction: Direction, ticks: number, level: number): boolean {
  return direction === 'long' ? ticks <= level : ticks >= level;
}

export function timerName(deal: TradeDeal, name: string): string {
  return `deal:${deal.dealId}:${name}`;
}
