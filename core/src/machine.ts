// SPDX-License-Identifier: Apache-2.0
// What comes into a bot and what goes out of it. `step(state, event) → effects` lives in bot/step.ts.

import type { ClientOrderId, Fill, OrderEnd, OrderRequest, Quote, RejectedBy } from './order.ts';
import type { TimeMs } from './units.ts';

/**
 * What may be sent: `active` everything; `reducing` only orders that end risk, entries that rest are cancelled;
 * `halted` nothing, and exits that rest stay.
 */
export type RiskState = 'active' | 'reducing' | 'halted';

/** What is free at the venue, at `ASSET_SCALE` decimals; what other bots have reserved is taken off. */
export interface FreeFunds {
  readonly base: bigint;
  readonly quote: bigint;
}

/** Everything a bot may be told. Time rides on the event and never goes backwards. */
export type BotEvent =
  /** The market moved, or the answer to `requestQuote`. */
  | {
      readonly kind: 'quote';
      readonly time: TimeMs;
      readonly symbol: string;
      readonly quote: Quote;
      /** Comes with the answer to `requestQuote` where the runner knows the balances. */
      readonly funds?: FreeFunds;
    }
  /** Conditions, a webhook or a person ask the bot to act on `symbol`. */
  | {
      readonly kind: 'signal';
      readonly time: TimeMs;
      readonly symbol: string;
      readonly signal: Signal;
    }
  /** The venue holds the order. May come after its first fill, or never. */
  | {
      readonly kind: 'orderAccepted';
      readonly time: TimeMs;
      readonly clientOrderId: ClientOrderId;
      readonly exchangeOrderId: string;
    }
  /** The order does not exist at the venue and never will. */
  | {
      readonly kind: 'orderRejected';
      readonly time: TimeMs;
      readonly clientOrderId: ClientOrderId;
      readonly by: RejectedBy;
      /** The rule or error code that refused it, e.g. `allow demo-btc: notional` or `-2010`. */
      readonly rule: string;
      readonly reason: string;
    }
  /** A fill; may come twice and out of order, counts once per tradeId. */
  | {
      readonly kind: 'orderFilled';
      readonly time: TimeMs;
      readonly clientOrderId: ClientOrderId;
      readonly fill: Fill;
    }
  /** The order left the book. `filledLots` is the venue's own sum; fills may still be on their way. */
  | {
      readonly kind: 'orderEnded';
      readonly time: TimeMs;
      readonly clientOrderId: ClientOrderId;
      readonly end: OrderEnd;
      readonly filledLots: number;
    }
  | { readonly kind: 'timer'; readonly time: TimeMs; readonly timer: string }
  | { readonly kind: 'command'; readonly time: TimeMs; readonly command: BotCommand };

/** What a bot may be told to do by something other than a price. */
export type SignalAction =
  'start' | 'safetyOrder' | 'close' | 'enterLong' | 'exitLong' | 'enterShort' | 'exitShort';

export interface Signal {
  readonly action: SignalAction;
  /** `conditions`: the bot's own indicator conditions came true as a candle closed. */
  readonly source: 'conditions' | 'webhook' | 'person';
  /**
   * How the bot's indicator conditions for this action stood at the last closed candle: `none` when it has none,
   * `unknown` while they have not seen enough candles.
   */
  readonly conditions: 'none' | 'met' | 'notMet' | 'unknown';
  /** What was read, for people. */
  readonly readings: readonly Reading[];
}

/** One condition as it stood: `{ label: 'RSI(14) 1h below 30', value: '27.31' }`. */
export interface Reading {
  readonly label: string;
  readonly value: string;
}

/** What an order is for; the desk shows it and never decides by it. */
export type OrderPurpose =
  | 'baseOrder'
  | 'safetyOrder'
  | 'takeProfit'
  | 'stopLoss'
  | 'close'
  | 'addFunds'
  | 'reduceFunds'
  | 'entry'
  | 'gridLine'
  | 'balancing'
  | 'rebalance';

/** An `entry` takes on risk, an `exit` ends it. The risk states treat them differently. */
export type OrderRole = 'entry' | 'exit';

/** What a person may ask of a bot. */
export type BotCommand =
  | { readonly kind: 'start' }
  /** No new deals; running deals go on to their end. */
  | { readonly kind: 'stop' }
  /** Sell the deal's coins now. */
  | { readonly kind: 'closeDeal'; readonly dealId: number }
  /** Cancel the deal's orders and keep its coins. */
  | { readonly kind: 'cancelDeal'; readonly dealId: number }
  /** The desk's risk state has changed. */
  | { readonly kind: 'setRisk'; readonly risk: RiskState }
  /** Orders from now on get IDs with this prefix: the old one's next IDs may be used already, by a later life. */
  | { readonly kind: 'renewOrderIds'; readonly clientOrderIdPrefix: string };

/** What a bot wants done. A runner performs effects in order; a strategy never does. */
export type Effect =
  | {
      readonly kind: 'placeOrder';
      readonly order: OrderRequest;
      readonly dealId: number;
      readonly purpose: OrderPurpose;
      readonly role: OrderRole;
      /** Which safety order, grid line or step, from 1; 0 for a purpose that has only one. */
      readonly ladderIndex: number;
    }
  | {
      readonly kind: 'cancelOrder';
      readonly clientOrderId: ClientOrderId;
      readonly symbol: string;
      readonly dealId: number;
    }
  /** Ask for a fresh quote; it comes back as a `quote` event. */
  | { readonly kind: 'requestQuote'; readonly symbol: string }
  /** At `time` send a `timer` event; a timer of the same name is replaced. */
  | { readonly kind: 'setTimer'; readonly timer: string; readonly time: TimeMs }
  | { readonly kind: 'notify'; readonly note: DealNote };

/** What a deal did and why, as data; the desk writes the sentence. Values are decimal text. */
export interface DealNote {
  readonly time: TimeMs;
  readonly dealId: number;
  readonly kind: DealNoteKind;
  readonly values: Readonly<Record<string, string>>;
}

export type DealNoteKind =
  | 'dealStarted'
  | 'orderPlacing'
  | 'orderFilled'
  | 'orderCancelling'
  | 'orderCancelled'
  | 'orderRejected'
  | 'averageChanged'
  | 'stopLossTriggered'
  | 'closeRequested'
  | 'cancelRequested'
  | 'dealCompleted'
  | 'dealCancelled'
  | 'dealFailed'
  | 'dealPaused'
  | 'riskChanged';
