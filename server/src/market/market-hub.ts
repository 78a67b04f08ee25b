// SPDX-License-Identifier: Apache-2.0
// Keeps the public market of all symbols in use: the last quote of each, one stream, fresh quotes on demand.

import type { Instrument, Quote } from '@kontor/core';
import type { CandleRow, MarketStream, PublicMarket, TimedQuote } from '@kontor/exchange';
import { isLasting } from '../refusal.ts';
import { systemTime, type Time } from '../time.ts';
import { readCandles } from './candle-pages.ts';
import type { MarketClock } from './market-clock.ts';

export interface MarketHubListener {
  onTrade(symbol: string, time: number, quote: Quote): void;
  onQuote(symbol: string, quote: Quote): void;
  /** `isClosed`: the last word on this candle. */
  onCandle(symbol: string, interval: string, candle: CandleRow, isClosed: boolean): void;
  onState(state: 'up' | 'down', reason: string): void;
  /** The venue gave no quote; it is asked again. */
  onQuoteMissing(symbol: string, error: unknown): void;
}

export interface MarketStatus {
  readonly state: 'up' | 'down';
  readonly reason: string;
  readonly lastEventAt: number | null;
}

/** The interval of the live candle; longer ones are read from the venue. */
export const LIVE_INTERVAL = '1m';

const QUOTE_RETRY_MS_MIN = 100;
const QUOTE_RETRY_MS_MAX = 5_000;
/** After a no that no waiting changes, such as a symbol that is no more: a bot waits, and a person is told. */
const QUOTE_REFUSED_MS = 60_000;

export class MarketHub {
  readonly #market: PublicMarket;
  readonly #clock: MarketClock;
  readonly #listener: MarketHubListener;
  readonly #time: Time;
  readonly #instruments = new Map<string, Instrument>();
  readonly #quotes = new Map<string, Quote>();
  /** How many trades were told, by symbol. */
  readonly #tradesTold = new Map<string, number>();
  readonly #catchingUp = new Set<string>();
  readonly #stop = new AbortController();
  #stream: MarketStream | null = null;
  #status: MarketStatus = { state: 'down', reason: 'not connected yet', lastEventAt: null };

  constructor(
    market: PublicMarket,
    clock: MarketClock,
    listener: MarketHubListener,
    time: Time = systemTime,
  ) {
    this.#market = market;
    this.#clock = clock;
    this.#listener = listener;
    this.#time = time;
  }

  /** Loads the instruments and opens the stream. Throws VenueError when the venue does not answer. */
  async open(symbols: readonly string[]): Promise<void> {
    for (const instrument of await this.#market.instruments(symbols)) {
      this.#instruments.set(instrument.symbol, instrument);
    }
    this.#stream = this.#market.open(symbols, LIVE_INTERVAL, {
      onTrade: (symbol, time, quote) => {
        this.#status = { ...this.#status, lastEventAt: this.#time.now() };
        this.#onTrade(symbol, time, quote);
      },
      onQuote: (symbol, quote) => {
        this.#quotes.set(symbol, quote);
        this.#listener.onQuote(symbol, quote);
      },
      onCandle: (symbol, interval, candle, isClosed) =>
        this.#listener.onCandle(symbol, interval, candle, isClosed),
      onState: (state, reason) => {
        this.#status = { ...this.#status, state, reason };
        this.#listener.onState(state, reason);
        if (state === 'up') this.catchUp();
      },
    });
  }

  get status(): MarketStatus {
    return this.#status;
  }

  get instruments(): ReadonlyMap<string, Instrument> {
    return this.#instruments;
  }

  quote(symbol: string): Quote | undefined {
    return this.#quotes.get(symbol);
  }

  /** The last `limit` candles, or those before the one that opens at `before`. */
  candles(
    symbol: string,
    interval: string,
    limit: number,
    before?: number,
  ): Promise<readonly CandleRow[]> {
    return readCandles(this.#market, symbol, interval, {
      limit,
      haste: 'now',
      ...(before === undefined ? {} : { before }),
    });
  }

  /** The best prices asked of the venue now; asks again until it answers or the desk stops (then null). */
  async freshQuote(symbol: string): Promise<TimedQuote | null> {
    for (
      let pause = QUOTE_RETRY_MS_MIN;
      !this.#stop.signal.aborted;
      pause = Math.min(pause * 2, QUOTE_RETRY_MS_MAX)
    ) {
      let wait = pause;
      try {
        return await this.#market.quote(symbol);
      } catch (error) {
        this.#listener.onQuoteMissing(symbol, error);
        if (isLasting(error)) wait = QUOTE_REFUSED_MS;
      }
      await this.#time.pause(wait, this.#stop.signal).catch(() => undefined);
    }
    return null;
  }

  /** Asks for what the market did while nobody listened: its last trade may have passed a stop. */
  catchUp(): void {
    for (const symbol of this.#instruments.keys()) void this.#catchUp(symbol);
  }

  async #catchUp(symbol: string): Promise<void> {
    if (this.#catchingUp.has(symbol)) return;
    this.#catchingUp.add(symbol);
    const before = this.#tradesTold.get(symbol);
    const fresh = await this.freshQuote(symbol);
    this.#catchingUp.delete(symbol);
    // The stream may have overtaken the answer; a price already left behind must not trigger a stop.
    if (fresh !== null && this.#tradesTold.get(symbol) === before) {
      this.#onTrade(symbol, fresh.time, fresh.quote);
    }
  }

  #onTrade(symbol: string, time: number, quote: Quote): void {
    this.#clock.observe(time);
    this.#tradesTold.set(symbol, (this.#tradesTold.get(symbol) ?? 0) + 1);
    this.#quotes.set(symbol, quote);
    this.#listener.onTrade(symbol, time, quote);
  }

  close(): void {
    this.#stop.abort();
    this.#stream?.close();
  }
}
