// SPDX-License-Identifier: Apache-2.0
// What drives the market: a source of path points, each of which acts on the house and the candles.

import type { House, TradeEvent } from '../ports.ts';
import type { SymbolTape } from './tape.ts';

export type MarketKind = 'synthetic' | 'candles' | 'trades' | 'follow';

/** What a source may move. */
export interface MarketHands {
  readonly house: House;
  tape(symbol: string): SymbolTape;
}

export interface MarketSource {
  readonly kind: MarketKind;
  /** True where market time is wall time as long as the speed is 1. */
  readonly isLive: boolean;
  /** Whether what users trade is part of this market; in one that was recorded, or is another's, it is not. */
  readonly hasUserTrades: boolean;
  /** Market time of the next point; `undefined` when there is none left. */
  nextMs(): number | undefined;
  /** Performs the next point, which stands at `marketMs`: `nextMs()`, or later when the market lags. */
  advance(hands: MarketHands, marketMs: number): void;
  /** After a pause or a sleep of a live market: goes on at `marketMs` and leaves a gap. */
  skipTo(hands: MarketHands, marketMs: number): void;
  /** Told of every trade of the exchange, so that it knows what became of its own orders. */
  onTrade(trade: TradeEvent): void;
  /** What a status says about it. */
  describe(): Readonly<Record<string, unknown>>;
  /** Plain JSON data that `restore` of the same source takes. */
  snapshot(): unknown;
}

/** A saved position that does not fit the market it should go on in. */
export class MarketStateError extends Error {
  readonly code = 'MARKET_STATE';

  constructor(message: string) {
    super(message);
    this.name = 'MarketStateError';
  }
}
