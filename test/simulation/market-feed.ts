// SPDX-License-Identifier: Apache-2.0
// The venue's public market as the server's port has it: quotes and candles on request, and a stream that breaks.

import type { Quote } from '@kontor/core';
import {
  VenueError,
  type CandlePage,
  type CandleRow,
  type MarketListener,
  type PublicMarket,
  type TimedQuote,
} from '@kontor/exchange';
import { priceTicks } from '@kontor/core';
import type { Random } from '../../simulator/src/market/random.ts';
import type { TradeEvent } from '../../simulator/src/ports.ts';
import type { SimulatedVenue } from './venue.ts';
import type { VirtualTime } from './virtual-time.ts';

const QUOTE_PATH = '/api/v3/ticker/bookTicker';
const CANDLES_PATH = '/api/v3/klines';
const REQUEST_TIMEOUT_MS = 5_000;
const RECONNECT_MS_MIN = 250;
const RECONNECT_MS_MAX = 10_000;
const SILENCE_MS_MAX = 65_000;
const LOOK_MS = 5_000;
const INTERVAL = '1m';
const MINUTE_MS = 60_000;

interface Subscription {
  readonly listener: MarketListener;
  readonly isAlive: () => boolean;
  isUp: boolean;
  isClosed: boolean;
  reconnectMs: number;
  lastHeardMs: number;
  lastDue: number;
}

export class MarketFeed {
  readonly #time: VirtualTime;
  readonly #venue: SimulatedVenue;
  readonly #random: Random;
  readonly #tell: (what: () => string) => void;
  readonly #onTrouble: () => void;
  #subscription: Subscription | null = null;
  /** No stream comes up before this. */
  #downUntilMs = 0;
  /** The minute of the last trade of each symbol. */
  readonly #minutes = new Map<string, number>();

  constructor(options: {
    readonly time: VirtualTime;
    readonly venue: SimulatedVenue;
    readonly random: Random;
    readonly tell: (what: () => string) => void;
    /** The market has no price to tell. */
    readonly onTrouble: () => void;
  }) {
    this.#time = options.time;
    this.#venue = options.venue;
    this.#random = options.random;
    this.#tell = options.tell;
    this.#onTrouble = options.onTrouble;
    this.#time.every(LOOK_MS, () => this.#look());
  }

  /** The market as one server process sees it. */
  connect(isAlive: () => boolean): PublicMarket {
    return {
      instruments: async (symbols) => symbols.map((symbol) => this.#venue.instrument(symbol)),
      candles: (symbol, interval, page) =>
        this.#ask(CANDLES_PATH, isAlive, () => this.#candles(symbol, interval, page)),
      quote: (symbol) => this.#ask(QUOTE_PATH, isAlive, () => this.#timedQuote(symbol)),
      open: (_symbols, _interval, listener) => {
        const subscription: Subscription = {
          listener,
          isAlive,
          isUp: false,
          isClosed: false,
          reconnectMs: RECONNECT_MS_MIN,
          lastHeardMs: this.#time.now,
          lastDue: 0,
        };
        this.#subscription = subscription;
        this.#connectSoon(subscription, this.#networkMs());
        return {
          close: () => {
            subscription.isClosed = true;
          },
        };
      },
    };
  }

  /** Everything printed is told to who listens, a little later and in order. */
  onTrade(trade: TradeEvent): void {
    const subscription = this.#subscription;
    if (subscription === null || !isListening(subscription)) return;
    if (this.#venue.faults.isSilent()) return;
    this.#tellCandle(subscription, trade);
    const quote = this.#quote(trade.symbol, trade.priceTicks);
    this.#deliver(subscription, () => {
      subscription.lastHeardMs = this.#time.now;
      subscription.listener.onTrade(trade.symbol, trade.marketMs, quote);
    });
  }

  /** A trade of a new minute closes the candle of the minute before. */
  #tellCandle(subscription: Subscription, { symbol, marketMs }: TradeEvent): void {
    const minute = Math.floor(marketMs / MINUTE_MS);
    const before = this.#minutes.get(symbol);
    this.#minutes.set(symbol, minute);
    if (before === undefined || before === minute) return;
    const startTime = before * MINUTE_MS;
    const [candle] = this.#candles(symbol, INTERVAL, { startTime, limit: 1, haste: 'now' });
    if (candle === undefined || candle[0] !== startTime) return;
    this.#deliver(subscription, () =>
      subscription.listener.onCandle(symbol, INTERVAL, candle, true),
    );
  }

  /** Cuts the stream, and keeps it from coming up again for `ms`. */
  drop(ms: number): void {
    this.#downUntilMs = Math.max(this.#downUntilMs, this.#time.now + ms);
    const subscription = this.#subscription;
    if (subscription !== null && isListening(subscription)) this.#lose(subscription, 'cut');
  }

  #lose(subscription: Subscription, reason: string): void {
    subscription.isUp = false;
    this.#tell(() => `market stream ends: ${reason}`);
    this.#call(subscription, () => subscription.listener.onState('down', reason));
    this.#connectSoon(subscription, subscription.reconnectMs);
    subscription.reconnectMs = Math.min(subscription.reconnectMs * 2, RECONNECT_MS_MAX);
  }

  #connectSoon(subscription: Subscription, ms: number): void {
    this.#time.after(ms, () => {
      if (subscription.isClosed || !subscription.isAlive() || subscription.isUp) return;
      if (this.#time.now < this.#downUntilMs || this.#venue.faults.refusesSockets()) {
        this.#connectSoon(subscription, subscription.reconnectMs);
        subscription.reconnectMs = Math.min(subscription.reconnectMs * 2, RECONNECT_MS_MAX);
        return;
      }
      subscription.isUp = true;
      subscription.reconnectMs = RECONNECT_MS_MIN;
      subscription.lastHeardMs = this.#time.now;
      this.#call(subscription, () => subscription.listener.onState('up', 'connected'));
    });
  }

  #look(): void {
    const subscription = this.#subscription;
    if (subscription === null || !isListening(subscription)) return;
    // Pings are heard too.
    if (!this.#venue.faults.isSilent()) subscription.lastHeardMs = this.#time.now;
    else if (this.#time.now - subscription.lastHeardMs > SILENCE_MS_MAX) {
      this.#lose(subscription, 'silent');
    }
  }

  #deliver(subscription: Subscription, work: () => void): void {
    const due = Math.max(this.#time.now + this.#networkMs(), subscription.lastDue + 0.001);
    subscription.lastDue = due;
    this.#time.at(due, () => {
      if (isListening(subscription)) this.#call(subscription, work);
    });
  }

  #call(subscription: Subscription, work: () => void): void {
    if (subscription.isAlive()) this.#time.enter(work);
  }

  #ask<T>(path: string, isAlive: () => boolean, read: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (work: () => void): void => {
        if (isAlive()) this.#time.enter(work);
      };
      const fail = (code: string, message: string): void =>
        settle(() => reject(new VenueError(code, `${path}: ${message}`)));
      const cancelTimeout = this.#time.after(REQUEST_TIMEOUT_MS, () =>
        fail('network', 'no answer'),
      );
      this.#time.after(this.#networkMs(), () => {
        const call = { method: 'GET', path };
        const before = this.#venue.faults.beforeRequest(call);
        const after = before.kind === 'pass' ? this.#venue.faults.afterRequest(call) : before;
        if (after.kind === 'hang') return;
        this.#time.after(this.#networkMs(), () => {
          cancelTimeout();
          if (after.kind === 'respond') {
            fail(String(after.status), 'refused');
            return;
          }
          let value: T;
          try {
            value = read();
          } catch (error) {
            settle(() => reject(error));
            return;
          }
          settle(() => resolve(value));
        });
      });
    });
  }

  #timedQuote(symbol: string): TimedQuote {
    const [trade] = this.#venue.data.recentTrades(symbol, 1);
    const { bidPrice, askPrice } = this.#venue.exchange.bookTicker(symbol);
    if (trade === undefined || Number(bidPrice) === 0 || Number(askPrice) === 0) {
      // Whoever waits for a price waits for the market.
      this.#onTrouble();
      throw new VenueError('empty', `${symbol} has no trade or no price on one side yet`);
    }
    return { time: trade.marketMs, quote: this.#quote(symbol, trade.priceTicks) };
  }

  #quote(symbol: string, last: number): Quote {
    const engine = this.#venue.exchange.market(symbol)?.engine;
    const bid = engine?.depth('buy', 1)[0]?.[0] ?? last;
    const ask = engine?.depth('sell', 1)[0]?.[0] ?? last;
    return { bid: priceTicks(bid), ask: priceTicks(ask), last: priceTicks(last) };
  }

  #candles(symbol: string, interval: string, page: CandlePage): readonly CandleRow[] {
    const { startTime, endTime, limit } = page;
    return this.#venue.data
      .klines(symbol, interval, {
        ...(startTime === undefined ? {} : { startMs: startTime }),
        ...(endTime === undefined ? {} : { endMs: endTime }),
        limit,
      })
      .map((row) => [
        Number(row[0]),
        String(row[1]),
        String(row[2]),
        String(row[3]),
        String(row[4]),
        String(row[5]),
      ]);
  }

  #networkMs(): number {
    return 1 + 25 * this.#random.unit() ** 2;
  }
}

function isListening(subscription: Subscription): boolean {
  return subscription.isUp && !subscription.isClosed && subscription.isAlive();
}
