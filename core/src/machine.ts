// SPDX-License-Identifier: Apache-2.0
// What comes into a bot and what goes out of it. `step(state, event) → effects` lives in dca/bot.ts.

import type { ClientOrderId, Fill, OrderEnd, OrderRequest, Quote, RejectedBy } from './order.ts';
import type { TimeMs } from './units.ts';

/** Everything a bot may be told. Time rides on the event and never goes backwards. */
export type BotEvent =
  /** The market moved, or the answer to `requestQuote`. */
  | {
      readonly kind: 'quote';
      readonly time: TimeMs;
      readonly symbol: string;
      readonly quote: Quote;
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

/** What an order is for; the desk shows it and never decides by it. */
export type OrderPurpose = 'baseOrder' | 'safetyOrder' | 'takeProfit' | 'stopLoss' | 'close';

/** What a person may ask of a bot. */
export type BotCommand =
  | { readonly kind: 'start' }
  /** No new deals; running deals go on to their end. */
  | { readonly kind: 'stop' }
  /** Sell the deal's coins now. */
  | { readonly kind: 'closeDeal'; readonly dealId: number }
  /** Cancel the deal's orders and keep its coins. */
  | { readonly kind: 'cancelDeal'; readonly dealId: number };

/** What a bot wants done. A runner performs effects in order; a strategy never does. */
export type Effect =
  | {
      readonly kind: 'placeOrder';
      readonly order: OrderRequest;
      readonly dealId: number;
      readonly purpose: OrderPurpose;
      /** Which safety order, from 1; 0 for every other purpose. */
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
  | 'dealPaused';
