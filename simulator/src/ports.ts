// SPDX-License-Identifier: Apache-2.0
// The seams inside the simulator: what drives the market, what listens to it, what bends the wire.

import type { Instrument, Side } from '@kontor/core';

/** Two clocks. A replayed market lives in its own year; requests are timed by today's clock. */
export interface SimulatorClock {
  /** Wall time in ms: `serverTime`, `timestamp` and `recvWindow` checks, rate-limit windows. Includes injected skew. */
  wallMs(): number;
  /** Market time in ms: candles, trades, `transactTime`, event times. Equals wall time in a live synthetic market. */
  marketMs(): number;
}

/** How a market source moves prices. The house trades on account 0, which never runs out. */
export interface House {
  /**
   * Walks the book to a path point: sweeps resting user orders that the price trades through, then quotes one
   * tick either side of `priceTicks`, then prints a trade of `printLots` at exactly `priceTicks`.
   */
  moveTo(symbol: string, priceTicks: number, printLots: number, takerSide: Side): void;
  /** Places, replaces and takes with house orders, for markets with a real book (synthetic, trade files). */
  place(
    symbol: string,
    side: Side,
    type: 'limit' | 'market',
    priceTicks: number,
    lots: number,
    makerId: number,
  ): number;
  cancel(symbol: string, orderId: number): void;
  /**
   * The best prices of a followed market: resting user orders that they meet are filled at their own price, then
   * the house's quotes stand there. A side without lots is empty.
   */
  quote(symbol: string, quotes: FollowedQuotes): void;
  /**
   * A trade of a followed market: resting user orders beyond its price are filled at their own price, stops act.
   * The venue itself prints no trade. A quote that the trade went through gives way to its price.
   */
  print(symbol: string, trade: FollowedTrade): void;
  /** A followed market cannot be seen: the house quotes nothing until it is told again. */
  withdraw(symbol: string): void;
}

/** The top of a followed book. */
export interface FollowedQuotes {
  readonly bidTicks: number;
  readonly bidLots: number;
  readonly askTicks: number;
  readonly askLots: number;
}

/** A trade that happened on a followed market. */
export interface FollowedTrade {
  readonly priceTicks: number;
  readonly lots: number;
}

export interface TradeEvent {
  readonly symbol: string;
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly lots: number;
  readonly buyerOrderId: number;
  readonly sellerOrderId: number;
  readonly isBuyerMaker: boolean;
  readonly marketMs: number;
}

export interface BookChange {
  readonly symbol: string;
  readonly side: Side;
  readonly priceTicks: number;
  /** Lots now at this price; 0 means the level is gone. */
  readonly lots: number;
  readonly updateId: number;
}

/** What the exchange tells its listeners, synchronously and in order. */
export interface ExchangeListener {
  onTrade(trade: TradeEvent): void;
  onBookChange(change: BookChange): void;
  /** A ready user-data payload (`executionReport`, `outboundAccountPosition`, `listStatus`, `balanceUpdate`). */
  onUserEvent(accountId: number, payload: Readonly<Record<string, unknown>>): void;
}

/** The first candles from `startMs` on, or the last ones before `endMs`. */
export interface KlineRange {
  readonly startMs?: number;
  readonly endMs?: number;
  readonly limit: number;
}

/** Candles, trades and statistics built from `onTrade`; REST and streams both read it. */
export interface MarketData {
  /** Binance kline rows (12 columns, prices and volumes as text), oldest first. */
  klines(symbol: string, interval: string, range: KlineRange): readonly (readonly unknown[])[];
  recentTrades(symbol: string, limit: number, fromId?: number): readonly TradeEvent[];
  aggTrades(
    symbol: string,
    range: {
      readonly fromId?: number;
      readonly startMs?: number;
      readonly endMs?: number;
      readonly limit: number;
    },
  ): readonly Readonly<Record<string, unknown>>[];
  /** Rolling statistics over the window as Binance's ticker body (FULL form without the symbol's book fields). */
  ticker(symbol: string, windowMs: number): Readonly<Record<string, unknown>>;
  /** Volume-weighted mean price text over the last `minutes` of market time. */
  averagePrice(
    symbol: string,
    minutes: number,
  ): { readonly price: string; readonly closeTime: number };
  /** The mean of the last minutes; null where nothing traded in them, undefined before the first trade. */
  meanPrice(symbol: string, minutes: number): string | null | undefined;
}

export type FaultKind =
  | 'acceptThenTimeout'
  | 'errorBeforeAccept'
  | 'errorAfterAccept'
  | 'dropSockets'
  | 'silentSockets'
  | 'duplicateEvents'
  | 'delayEvents'
  | 'reorderEvents'
  | 'clockSkew'
  | 'maintenance'
  | 'partialOutage';

/** Where faults bend the wire. Every method answers 'pass' while no fault is armed. */
export interface Faults {
  /** Before a REST or WebSocket-API request is looked at. `respond` answers instead; `hang` never answers. */
  beforeRequest(request: {
    readonly method: string;
    readonly path: string;
  }):
    | { readonly kind: 'pass' }
    | { readonly kind: 'hang' }
    | { readonly kind: 'respond'; readonly status: number; readonly body: unknown };
  /** After the request took effect, before the answer leaves. */
  afterRequest(request: {
    readonly method: string;
    readonly path: string;
  }):
    | { readonly kind: 'pass' }
    | { readonly kind: 'hang' }
    | { readonly kind: 'respond'; readonly status: number; readonly body: unknown };
  /** Passes a user event on, perhaps twice, later or out of order. */
  userEvent(deliver: () => void): void;
  /** True while sockets must stay silent. */
  isSilent(): boolean;
}

export interface SimulatorInstrument extends Instrument {
  /** The symbol's object in `exchangeInfo`, filters included. */
  readonly info: Readonly<Record<string, unknown>>;
}
