// SPDX-License-Identifier: Apache-2.0
// What comes into a bot and what goes out of it. `step(state, event) → effects` lives in bot/step.ts.

import type { HandedOverPosition } from './bot/handover.ts';
import type { Instrument } from './instrument.ts';
import type {
  ClientOrderId,
  Fill,
  OrderEnd,
  OrderRequest,
  Quote,
  RejectedBy,
  Side,
} from './order.ts';
import type { PriceTerm, SizeTerm, StopLossTerm, TakeProfitTerm } from './smart-trade/plan.ts';
import type { PriceTicks, QuantityLots, TimeMs } from './units.ts';

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
      /** The running deals it is for; absent for all on the symbol, and for signals to start one. */
      readonly dealIds?: readonly number[];
      /** The last quote known when the signal came; a bot asks for a fresh one before it trades. */
      readonly quote?: Quote;
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
  | 'start'
  | 'safetyOrder'
  | 'close'
  | 'enterLong'
  | 'exitLong'
  | 'enterShort'
  | 'exitShort'
  /** Close the position and open the opposite one. */
  | 'reverse'
  /** No new positions. */
  | 'disable'
  /** A strategy's order; `strategy` says what it does to the strategy's own position. */
  | 'buy'
  | 'sell';

/**
 * How a bot's indicator conditions for an action stood at the last closed candle: `none` when it has none, `unknown`
 * while they have not seen enough candles.
 */
export type ConditionStanding = 'none' | 'met' | 'notMet' | 'unknown';

export interface Signal {
  readonly action: SignalAction;
  /** `conditions`: the bot's own indicator conditions were all met as a candle closed. */
  readonly source: 'conditions' | 'webhook' | 'person';
  readonly conditions: ConditionStanding;
  /** What was read, for people. */
  readonly readings: readonly Reading[];
  /** The sender's own name for this one signal. */
  readonly id?: string;
  /** When it was sent, by its own word. */
  readonly sentTime?: TimeMs;
  /** The market's price as the sender saw it, decimal text. */
  readonly price?: string;
  readonly size?: SignalSize;
  /** How an entry is sent; without it as the bot's settings say. */
  readonly entry?: SignalEntry;
  readonly strategy?: StrategyPosition;
  /** Exits of the position that this signal opens, in place of those in the settings. */
  readonly exits?: {
    readonly takeProfit: readonly TakeProfitTerm[];
    readonly stopLoss?: StopLossTerm;
  };
  /** With `disable`: what becomes of open positions; without it they go on. */
  readonly deals?: 'close' | 'cancel';
}

/** `position`: percent of the open position, for an exit. */
export type SignalSize = SizeTerm | { readonly kind: 'position'; readonly percent: string };

export type SignalEntry =
  | { readonly kind: 'market' }
  /** `price`: as such, or percent better than the market. */
  | { readonly kind: 'limit'; readonly price: PriceTerm };

/** The position of a strategy after its order and before it; sizes are decimal text without a sign. */
export interface StrategyPosition {
  readonly side: PositionSide;
  readonly size?: string;
  readonly sideBefore?: PositionSide;
  readonly sizeBefore?: string;
}

export type PositionSide = 'long' | 'short' | 'flat';

/** One condition as it stood: `{ label: 'RSI(14) 1h below 30', value: '27.31' }`. */
export interface Reading {
  readonly label: string;
  readonly value: string;
}

/** What an order is for; the desk shows it and never decides by it. */
export type OrderPurpose = (typeof ORDER_PURPOSES)[number];

export const ORDER_PURPOSES = [
  'baseOrder',
  'safetyOrder',
  'takeProfit',
  'stopLoss',
  'close',
  'addFunds',
  'reduceFunds',
  'entry',
  'gridLine',
  'balancing',
  'rebalance',
] as const;

/** An `entry` takes on risk, an `exit` ends it. The risk states treat them differently. */
export type OrderRole = 'entry' | 'exit';

/** What a person may ask of a bot. */
export type BotCommand =
  | { readonly kind: 'start' }
  /** No new deals. Running deals go on to their end unless `deals` says otherwise; a grid is cancelled then. */
  | { readonly kind: 'stop'; readonly deals?: 'close' | 'cancel' }
  /** Open a deal on `symbol` now. */
  | {
      readonly kind: 'startDeal';
      readonly symbol: string;
      /** Whether to start though the indicator conditions are not met. */
      readonly skipConditions: boolean;
      /** Whether to start beyond the bot's limits: numbers of deals, pauses, prices. */
      readonly skipLimits: boolean;
      /** Whether a stopped bot refuses. */
      readonly onlyWhileRunning: boolean;
      readonly conditions: ConditionStanding;
      readonly readings: readonly Reading[];
    }
  /** As `closeDeal` and `cancelDeal` for every running deal, or for those on `symbol`. */
  | { readonly kind: 'closeAllDeals'; readonly symbol?: string }
  | { readonly kind: 'cancelAllDeals'; readonly symbol?: string }
  /** New settings of the bot's own kind, parsed and checked; running deals keep the old ones. */
  | {
      readonly kind: 'editSettings';
      readonly settings: SettingsOfSomeKind;
      /** One for each of the settings' symbols. */
      readonly instruments: readonly Instrument[];
    }
  /** Sell the deal's coins now. */
  | { readonly kind: 'closeDeal'; readonly dealId: number }
  /** Cancel the deal's orders and keep its coins. */
  | { readonly kind: 'cancelDeal'; readonly dealId: number }
  /** Enlarge the position of a deal: buy more, for a short sell more. */
  | { readonly kind: 'addFunds'; readonly dealId: number; readonly order: ManualOrder }
  /** Close a part of the position of a deal. */
  | { readonly kind: 'reduceFunds'; readonly dealId: number; readonly order: ManualOrder }
  /** Cancel an order that `addFunds` or `reduceFunds` placed. */
  | { readonly kind: 'cancelOrder'; readonly dealId: number; readonly clientOrderId: ClientOrderId }
  /** Close what a take-profit step, from 1, has left at once. */
  | { readonly kind: 'closeStep'; readonly dealId: number; readonly step: number }
  /** Take back what has not filled, from 1: a take profit, an entry that waits, or what a person added that does. */
  | {
      readonly kind: 'cancelStep';
      readonly dealId: number;
      readonly of: 'entry' | 'takeProfit' | 'addFunds' | 'reduceFunds';
      readonly step: number;
    }
  /** Entries that wait for their price go out at the market now. */
  | { readonly kind: 'forceEntry'; readonly dealId: number }
  /** New settings of a running deal, parsed; the machine takes over what may change in it. */
  | {
      readonly kind: 'editDeal';
      readonly dealId: number;
      readonly settings: SettingsOfSomeKind;
    }
  /** Cancel the deal's orders and leave its position to another bot by the effect `handOver`. */
  | { readonly kind: 'handOverDeal'; readonly dealId: number }
  /** The desk's risk state has changed. */
  | { readonly kind: 'setRisk'; readonly risk: RiskState }
  /** Take in an order that is at the venue already and that the bot did not ask for; its fills count from now on. */
  | { readonly kind: 'adoptOrder'; readonly dealId: number; readonly order: AdoptedOrder }
  /** Orders from now on get IDs with this prefix: the old one's next IDs may be used already, by a later life. */
  | { readonly kind: 'renewOrderIds'; readonly clientOrderIdPrefix: string };

/** An order at the venue that a person gives to a deal. Fills that it has already come as events. */
export interface AdoptedOrder {
  readonly clientOrderId: ClientOrderId;
  readonly exchangeOrderId: string;
  readonly side: Side;
  readonly priceTicks: PriceTicks;
  readonly quantity: QuantityLots;
}

/** An order that a person adds to a deal; numbers are decimal text. */
export interface ManualOrder {
  /** In the quote asset, or coins. */
  readonly amount: { readonly kind: 'quote' | 'base'; readonly value: string };
  /** It rests at this price; without one it trades at once, within the deal's slippage. */
  readonly price?: string;
}

/** `BotSettings`, of which the machine's events need no more. */
export interface SettingsOfSomeKind {
  readonly kind: string;
  readonly name: string;
  readonly symbols: readonly string[];
}

/** An order that a bot asks for, and what it is for. */
export interface PlacedOrder {
  readonly order: OrderRequest;
  readonly purpose: OrderPurpose;
  readonly role: OrderRole;
  /** Which safety order, grid line or step, from 1; 0 for a purpose that has only one. */
  readonly ladderIndex: number;
}

/** What a bot wants done. A runner performs effects in order; a strategy never does. */
export type Effect =
  | (PlacedOrder & { readonly kind: 'placeOrder'; readonly dealId: number })
  /**
   * Place both orders or none: a `limitMaker` that takes profit and a `stopLimit` that stops the loss, of the same
   * coins. The first that trades or is triggered ends the other, and a cancel of one cancels both.
   */
  | {
      readonly kind: 'placePair';
      readonly dealId: number;
      readonly takeProfit: PlacedOrder;
      readonly stopLoss: PlacedOrder;
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
  /** Make a bot that takes over the position; deal `dealId` has ended and left no order. */
  | { readonly kind: 'handOver'; readonly dealId: number; readonly position: HandedOverPosition }
  | { readonly kind: 'notify'; readonly note: DealNote };

/** What a deal did and why, as data; the desk writes the sentence. Values are decimal text. */
export interface DealNote {
  readonly time: TimeMs;
  /** `NO_DEAL` for what concerns the bot and none of its deals. */
  readonly dealId: number;
  readonly kind: DealNoteKind;
  readonly values: Readonly<Record<string, string>>;
}

/** Deals count from 1. */
export const NO_DEAL = 0;

export type DealNoteKind =
  | 'dealStarted'
  | 'orderPlacing'
  | 'orderFilled'
  | 'orderCancelling'
  | 'orderCancelled'
  | 'orderRejected'
  | 'averageChanged'
  | 'stopLossTriggered'
  | 'stopLossTimedOut'
  | 'closeTimedOut'
  | 'closeRequested'
  | 'cancelRequested'
  | 'dealCompleted'
  | 'dealCancelled'
  | 'dealFailed'
  | 'dealPaused'
  | 'riskChanged'
  | 'signalRefused'
  | 'safetyOrderSignalled'
  | 'closeSignalled'
  | 'botStopped'
  | 'settingsChanged'
  | 'rebalanceStarted'
  | 'rebalanceShort'
  | 'rebalancePaused'
  | 'entryTriggered'
  | 'entryTrailing'
  | 'entryForced'
  | 'entryEnded'
  | 'trailingStarted'
  | 'takeProfitTriggered'
  | 'stopRecovered'
  | 'stopBreached'
  | 'stopMoved'
  | 'stopTakenByExchange'
  | 'stopWatchedByDesk'
  | 'stepCancelled'
  | 'stepClosing'
  | 'dealEdited'
  | 'commandRefused'
  | 'signalTaken'
  | 'gridLaid'
  | 'gridLineClosed'
  | 'gridMoved'
  | 'gridStopReached';
