// SPDX-License-Identifier: Apache-2.0
// What every kind of bot keeps, and the rules that each kind gives to the one machine in step.ts.

import type { Instrument } from '../instrument.ts';
import type { Condition } from '../conditions/condition.ts';
import type {
  BotCommand,
  BotEvent,
  OrderPurpose,
  OrderRole,
  RiskState,
  SignalAction,
} from '../machine.ts';
import type { Side } from '../order.ts';
import type { DealBase, DealOrder, Settlement } from './deal-order.ts';
import type { Turn } from './turn.ts';

/** A bot as plain data: encode it with `encodeJournal`. `version` goes up with every change. */
export interface BotStateBase<D extends DealBase> {
  readonly kind: string;
  readonly botId: string;
  clientOrderIdPrefix: string;
  readonly feeRatePpm: number;
  instruments: readonly Instrument[];
  version: number;
  isRunning: boolean;
  risk: RiskState;
  nextDealId: number;
  /** Deals that have not ended, oldest first. */
  readonly deals: D[];
  /** How many deals have ended, and the last of them, oldest first. */
  endedCount: number;
  readonly endedDeals: D[];
}

export type QuoteEvent = Extract<BotEvent, { kind: 'quote' }>;
export type SignalEvent = Extract<BotEvent, { kind: 'signal' }>;

/** Conditions that make a signal or stand in its way, and whether one would change anything now. */
export interface SignalWatch {
  readonly action: SignalAction;
  readonly conditions: readonly Condition[];
  /** Whether their being met at the close of a candle is a signal by itself. */
  readonly isTrigger: boolean;
  readonly isWanted: boolean;
  /** The running deal whose conditions they are. */
  readonly dealId?: number;
}

/** Commands a kind of bot answers itself; the others are the machine's. */
export type KindCommand = Exclude<
  BotCommand,
  { kind: 'setRisk' | 'renewOrderIds' | 'adoptOrder' | 'closeAllDeals' | 'cancelAllDeals' }
>;

/**
 * What a kind of bot decides. Every function changes state, deals and `turn` in place. Those that answer a boolean
 * say whether anything changed; where nothing did they must leave everything as it was.
 */
export interface BotRules<S extends BotStateBase<D>, D extends DealBase> {
  /** The market has a price on both sides, and the symbol concerns the bot. */
  readonly onQuote: (state: S, turn: Turn, event: QuoteEvent) => boolean;
  readonly onSignal: (state: S, turn: Turn, event: SignalEvent) => boolean;
  readonly onTimer: (state: S, turn: Turn, timer: string) => boolean;
  readonly onCommand: (state: S, turn: Turn, command: KindCommand) => boolean;
  /** A fill of `order` was counted and the order is not settled yet. */
  readonly onFilled: (state: S, turn: Turn, deal: D, order: DealOrder) => void;
  /** `order` has left the deal's list: no more fills of it can come. */
  readonly onSettled: (
    state: S,
    turn: Turn,
    deal: D,
    order: DealOrder,
    how: Settlement,
    hasNewFill: boolean,
  ) => void;
  /** `deal` has left the list of running deals. */
  readonly onDealEnded: (state: S, turn: Turn, deal: D) => void;
  /** `state.risk` has changed: entries that rest have been asked back where they may not stay. */
  readonly onRisk: (state: S, turn: Turn) => void;
  /** A quote of `symbol` changes nothing while bid and last are above this and ask and last below the other. */
  readonly watchedBelow: (state: S, symbol: string) => number;
  readonly watchedAbove: (state: S, symbol: string) => number;
  /**
   * As what `deal` would take in an order on `side` that it did not ask for; null when it cannot now. Without this
   * function deals of the kind take none. Its fills come as of any order; once it has settled it is the kind's to
   * do what the changed position asks for.
   */
  readonly adoptedAs?: (
    deal: D,
    side: Side,
  ) => { readonly purpose: OrderPurpose; readonly role: OrderRole } | null;
  /** For kinds with conditions: those that concern `symbol`. */
  readonly signalWatches?: (state: S, symbol: string) => readonly SignalWatch[];
}
