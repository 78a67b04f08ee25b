// SPDX-License-Identifier: Apache-2.0
// Closed one-minute candles for bots with conditions: history to warm up on, then each candle exactly once and in
// order. All bots of a symbol share one look at it; what the stream did not bring is read from the venue.

import {
  intervalLengthMs,
  windowEnd,
  windowStart,
  type Candle,
  type Instrument,
  type Interval,
} from '@kontor/core';
import { VenueError, type CandleRow } from '@kontor/exchange';
import { systemTime, type CancelTimer, type Time } from '../time.ts';
import type { MarketClock } from './market-clock.ts';
import { readCandles, readCandlesFrom, toCandle, type CandleSource } from './candle-pages.ts';

/** The interval of the candles that are handed on. */
export const FEED_INTERVAL = '1m';

/** Closed candles of an interval that a consumer needs before the first live one. */
export interface CandleNeed {
  readonly interval: Interval;
  readonly candles: number;
}

export interface CandleConsumer {
  /**
   * History, all of it before the first `onCandle`, the longest interval first and one-minute candles last. Those
   * reach back to where the current window of every longer interval began, and to the number that was asked for.
   */
  onHistory(interval: Interval, candles: readonly Candle[]): void;
  /** The next closed one-minute candle. A minute of which the venue has no candle is left out. */
  onCandle(candle: Candle): void;
  /** The venue does not answer; it is asked again. Candles wait, none is lost. */
  onTrouble?(reason: string): void;
}

export interface CandleSubscription {
  /** No call follows. */
  close(): void;
}

export interface CandleFeedParts {
  readonly source: CandleSource;
  readonly clock: MarketClock;
  readonly instrument: (symbol: string) => Instrument | undefined;
  readonly time?: Time;
}

const MINUTE_MS = intervalLengthMs(FEED_INTERVAL);
/** How often the feed looks whether the stream has left a candle out. */
const LOOK_MS = 1_000;
/** So long after its end, in market time, a candle that nobody told of is asked for. */
const LATE_MS = 5_000;
/** What a consumer has not seen is made up from here on; candles before are left out. */
const CATCH_UP_MINUTES_MAX = 31 * 24 * 60;
const RETRY_MS_MIN = 250;
const RETRY_MS_MAX = 30_000;
/** Candles that came while earlier ones are being read; what is beyond is read like them. */
const WAITING_MAX = 1_440;
/** Candles kept for those who join: they need not ask the venue for what the others just had. */
const RECENT_MAX = 120;
/** Bots that start together warm up on one answer. */
const SHARED_MS = 10_000;

interface Consumer {
  readonly sink: CandleConsumer;
  /** Open time of the last candle that it was given or has seen before. */
  lastOpenTime: number;
  /** It has all that the others have, and goes on with them. */
  isLevel: boolean;
  isClosed: boolean;
}

interface SymbolFeed {
  readonly symbol: string;
  readonly instrument: Instrument;
  readonly consumers: Set<Consumer>;
  /** Open time of the last candle that was given; null before the first consumer has its history. */
  lastOpenTime: number | null;
  /** The last candles that were given. */
  recent: Candle[];
  /** Candles that the stream told while the feed was reading, by open time. */
  readonly waiting: Map<number, Candle>;
  /** Reading is under way: candles from the stream wait. */
  isReading: boolean;
  /** A venue that failed, or has nothing new, is asked again after a growing pause. */
  pauseMs: number;
  nextReadAt: number;
}

export class CandleFeed {
  readonly #parts: CandleFeedParts;
  readonly #time: Time;
  readonly #feeds = new Map<string, SymbolFeed>();
  /** Answers of the venue that several consumers use. */
  readonly #shared = new Map<string, Promise<readonly CandleRow[]>>();
  readonly #forgetting = new Set<CancelTimer>();
  readonly #stop = new AbortController();
  #cancelLook: CancelTimer | null = null;

  constructor(parts: CandleFeedParts) {
    this.#parts = parts;
    this.#time = parts.time ?? systemTime;
  }

  /** Symbols somebody listens to. */
  get symbols(): readonly string[] {
    return [...this.#feeds.keys()];
  }

  /**
   * Begins to hand candles to `sink`: first the history that `needs` names up to the candle `after`, then every
   * closed one-minute candle that opens later, those of the past included. Without `after` the history ends with
   * the last candle that is closed now. Throws RangeError for a symbol of no known instrument.
   */
  subscribe(
    request: {
      readonly symbol: string;
      readonly needs: readonly CandleNeed[];
      readonly after: number | null;
    },
    sink: CandleConsumer,
  ): CandleSubscription {
    const feed = this.#feedOf(request.symbol);
    const consumer: Consumer = { sink, lastOpenTime: -1, isLevel: false, isClosed: false };
    feed.consumers.add(consumer);
    this.#cancelLook ??= this.#time.every(LOOK_MS, () => this.#look());
    void this.#warmUp(feed, consumer, request);
    return {
      close: () => {
        consumer.isClosed = true;
        feed.consumers.delete(consumer);
        if (feed.consumers.size === 0) this.#feeds.delete(feed.symbol);
        if (this.#feeds.size > 0 || this.#cancelLook === null) return;
        this.#cancelLook();
        this.#cancelLook = null;
      },
    };
  }

  /** A candle of the market's stream; only those that are closed count. */
  onStreamed(symbol: string, interval: string, row: CandleRow, isClosed: boolean): void {
    const feed = this.#feeds.get(symbol);
    if (feed === undefined || !isClosed || interval !== FEED_INTERVAL) return;
    const candle = toCandle(feed.instrument, row);
    if (candle === null) return;
    const last = feed.lastOpenTime;
    if (last !== null && candle.openTime <= last) return;
    const isNext = last !== null && candle.openTime === last + MINUTE_MS;
    if (isNext && !feed.isReading) {
      this.#give(feed, candle);
      return;
    }
    if (feed.waiting.size < WAITING_MAX) feed.waiting.set(candle.openTime, candle);
    feed.nextReadAt = 0;
    void this.#read(feed);
  }

  /** The stream is back: what it missed is read. */
  onStreamUp(): void {
    for (const feed of this.#feeds.values()) {
      feed.nextReadAt = 0;
      void this.#read(feed);
    }
  }

  close(): void {
    this.#stop.abort();
    this.#cancelLook?.();
    this.#cancelLook = null;
    for (const cancel of this.#forgetting) cancel();
    for (const { consumers } of this.#feeds.values()) {
      for (const consumer of consumers) consumer.isClosed = true;
    }
    this.#feeds.clear();
  }

  #feedOf(symbol: string): SymbolFeed {
    const known = this.#feeds.get(symbol);
    if (known !== undefined) return known;
    const instrument = this.#parts.instrument(symbol);
    if (instrument === undefined) {
      throw new RangeError(`symbol must be one that is traded here, was ${symbol}`);
    }
    const feed: SymbolFeed = {
      symbol,
      instrument,
      consumers: new Set(),
      lastOpenTime: null,
      recent: [],
      waiting: new Map(),
      isReading: false,
      pauseMs: RETRY_MS_MIN,
      nextReadAt: 0,
    };
    this.#feeds.set(symbol, feed);
    return feed;
  }

  /** Reads a consumer's history and what it has missed since, and lets it join the others. */
  async #warmUp(
    feed: SymbolFeed,
    consumer: Consumer,
    request: { readonly needs: readonly CandleNeed[]; readonly after: number | null },
  ): Promise<void> {
    const history = await this.#patiently(feed, consumer, () => this.#history(feed, request));
    if (history === null) return;
    for (const { interval, candles } of history.parts) {
      if (consumer.isClosed) return;
      consumer.sink.onHistory(interval, candles);
    }
    consumer.lastOpenTime = history.lastOpenTime;
    feed.lastOpenTime ??= history.lastOpenTime;
    await this.#bringLevel(feed, consumer);
    if (request.after !== null || feed.waiting.size > 0) void this.#read(feed);
  }

  /** Gives a consumer what the others have had; from then on it goes on with them. */
  async #bringLevel(feed: SymbolFeed, consumer: Consumer): Promise<void> {
    while (!consumer.isClosed && !consumer.isLevel) {
      const level = feed.lastOpenTime ?? consumer.lastOpenTime;
      if (consumer.lastOpenTime >= level) {
        consumer.isLevel = true;
        return;
      }
      const readTo = Math.min(level, (feed.recent[0]?.openTime ?? Infinity) - MINUTE_MS);
      if (consumer.lastOpenTime < readTo) {
        const fromTime = consumer.lastOpenTime + MINUTE_MS;
        const rows = await this.#patiently(feed, consumer, () =>
          this.#readTo(feed, fromTime, readTo),
        );
        if (rows === null) return;
        // The others have had candles after these: all of them are closed.
        const missed = toCandles(feed.instrument, rows);
        for (const candle of missed) if (candle.openTime <= readTo) giveTo(consumer, candle);
        consumer.lastOpenTime = Math.max(consumer.lastOpenTime, readTo);
      } else {
        for (const candle of feed.recent) giveTo(consumer, candle);
        consumer.isLevel = true;
      }
    }
  }

  /** Reads candles from `fromTime` on; an answer that does not reach `toTime` does not say that there are none. */
  async #readTo(feed: SymbolFeed, fromTime: number, toTime: number): Promise<readonly CandleRow[]> {
    const { source } = this.#parts;
    const rows = await readCandlesFrom(source, feed.symbol, FEED_INTERVAL, fromTime);
    const newest = rows.at(-1)?.[0] ?? 0;
    if (newest >= toTime) return rows;
    throw new VenueError('behind', `expected candles up to ${toTime}, found none after ${newest}`);
  }

  /** History up to the candle `after`, or up to the last one that is closed. */
  async #history(
    feed: SymbolFeed,
    request: { readonly needs: readonly CandleNeed[]; readonly after: number | null },
  ): Promise<{
    readonly parts: readonly { readonly interval: Interval; readonly candles: readonly Candle[] }[];
    readonly lastOpenTime: number;
  }> {
    const newest = await this.#readShared(feed, FEED_INTERVAL, 2, undefined);
    // The last one is of the minute that is not over.
    const runningTime = newest.at(-1)?.[0] ?? windowStart(FEED_INTERVAL, this.#parts.clock.now());
    const lastClosed = runningTime - MINUTE_MS;
    const oldest = lastClosed - CATCH_UP_MINUTES_MAX * MINUTE_MS;
    const lastOpenTime =
      request.after === null ? lastClosed : Math.min(lastClosed, Math.max(request.after, oldest));
    const endTime = lastOpenTime + MINUTE_MS;
    const longer = request.needs
      .filter(({ interval }) => interval !== FEED_INTERVAL)
      .toSorted((a, b) => intervalLengthMs(b.interval) - intervalLengthMs(a.interval));
    const parts: { interval: Interval; candles: readonly Candle[] }[] = [];
    for (const { interval, candles } of longer) {
      // The window that is not over at `endTime` comes along.
      const rows = await this.#readShared(feed, interval, candles + 1, endTime);
      const closed = rows.filter(([openTime]) => windowEnd(interval, openTime) <= endTime);
      parts.push({ interval, candles: toCandles(feed.instrument, closed).slice(-candles) });
    }
    const asked = request.needs.find(({ interval }) => interval === FEED_INTERVAL)?.candles ?? 0;
    const windows = longer.map(({ interval }) => windowStart(interval, endTime));
    const fromTime = Math.min(endTime - asked * MINUTE_MS, ...windows);
    const count = (endTime - fromTime) / MINUTE_MS;
    if (count > 0) {
      const rows = await this.#readShared(feed, FEED_INTERVAL, count, endTime);
      parts.push({ interval: FEED_INTERVAL, candles: toCandles(feed.instrument, rows) });
    }
    return { parts, lastOpenTime };
  }

  /** Reads candles for whoever asks the same within a moment. */
  #readShared(
    feed: SymbolFeed,
    interval: Interval,
    limit: number,
    before: number | undefined,
  ): Promise<readonly CandleRow[]> {
    const key = `${feed.symbol} ${interval} ${limit} ${before ?? 'now'}`;
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const reading = readCandles(this.#parts.source, feed.symbol, interval, {
      limit,
      haste: 'history',
      ...(before === undefined ? {} : { before }),
    });
    this.#shared.set(key, reading);
    const forget = (): void => void this.#shared.delete(key);
    const forgetLater = (): void => {
      if (this.#stop.signal.aborted) return;
      const cancel = this.#time.after(SHARED_MS, () => {
        this.#forgetting.delete(cancel);
        forget();
      });
      this.#forgetting.add(cancel);
    };
    // What is of now, and what failed, is no answer for later.
    reading.then(before === undefined ? forget : forgetLater, forget);
    return reading;
  }

  /** Does `work` until it succeeds; null when the consumer or the feed was closed. */
  async #patiently<T>(
    feed: SymbolFeed,
    consumer: Consumer,
    work: () => Promise<T>,
  ): Promise<T | null> {
    for (let pauseMs = RETRY_MS_MIN; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX)) {
      try {
        const done = await work();
        return consumer.isClosed ? null : done;
      } catch (error) {
        if (consumer.isClosed) return null;
        consumer.sink.onTrouble?.(`candles of ${feed.symbol}: ${messageOf(error)}`);
      }
      await this.#time.pause(pauseMs, this.#stop.signal).catch(() => undefined);
      if (consumer.isClosed) return null;
    }
  }

  /** Reads what lies between the last candle given and those that wait, and gives all of it. */
  async #read(feed: SymbolFeed): Promise<void> {
    const last = feed.lastOpenTime;
    if (feed.isReading || last === null || this.#time.monotonic() < feed.nextReadAt) return;
    feed.isReading = true;
    try {
      const rows = await readCandlesFrom(
        this.#parts.source,
        feed.symbol,
        FEED_INTERVAL,
        last + MINUTE_MS,
      );
      if (this.#feeds.get(feed.symbol) === feed) this.#giveRead(feed, rows);
      feed.pauseMs = feed.lastOpenTime === last ? feed.pauseMs * 2 : RETRY_MS_MIN;
    } catch (error) {
      feed.pauseMs *= 2;
      for (const { sink } of feed.consumers) {
        sink.onTrouble?.(`candles of ${feed.symbol}: ${messageOf(error)}`);
      }
    } finally {
      feed.isReading = false;
      feed.pauseMs = Math.min(feed.pauseMs, RETRY_MS_MAX);
      feed.nextReadAt = this.#time.monotonic() + feed.pauseMs;
    }
  }

  #giveRead(feed: SymbolFeed, rows: readonly CandleRow[]): void {
    const newest = rows.at(-1)?.[0] ?? -1;
    const waiting = [...feed.waiting.values()].toSorted((a, b) => a.openTime - b.openTime);
    // A candle that was told after it says that the last one read is closed too.
    const isNewestClosed = (waiting.at(-1)?.openTime ?? -1) > newest;
    for (const candle of toCandles(feed.instrument, isNewestClosed ? rows : rows.slice(0, -1))) {
      this.#give(feed, candle);
    }
    for (const candle of waiting) {
      const next = (feed.lastOpenTime ?? 0) + MINUTE_MS;
      // An answer that does not reach so far does not say that nothing lies between: it is asked for again.
      if (candle.openTime > next && newest < candle.openTime) return;
      feed.waiting.delete(candle.openTime);
      this.#give(feed, candle);
    }
  }

  #give(feed: SymbolFeed, candle: Candle): void {
    if (feed.lastOpenTime !== null && candle.openTime <= feed.lastOpenTime) return;
    feed.lastOpenTime = candle.openTime;
    feed.pauseMs = RETRY_MS_MIN;
    feed.nextReadAt = 0;
    feed.recent.push(candle);
    if (feed.recent.length > 2 * RECENT_MAX) feed.recent = feed.recent.slice(-RECENT_MAX);
    // Who still warms up is brought level later.
    for (const consumer of feed.consumers) if (consumer.isLevel) giveTo(consumer, candle);
  }

  /** A candle that should have been told by now is asked for. */
  #look(): void {
    const now = this.#parts.clock.now();
    for (const feed of this.#feeds.values()) {
      if (feed.lastOpenTime === null) continue;
      const dueAt = feed.lastOpenTime + 2 * MINUTE_MS + LATE_MS;
      if (now >= dueAt || feed.waiting.size > 0) void this.#read(feed);
    }
  }
}

function giveTo(consumer: Consumer, candle: Candle): void {
  if (consumer.isClosed || candle.openTime <= consumer.lastOpenTime) return;
  consumer.lastOpenTime = candle.openTime;
  consumer.sink.onCandle(candle);
}

function toCandles(instrument: Instrument, rows: readonly CandleRow[]): readonly Candle[] {
  return rows.flatMap((row) => toCandle(instrument, row) ?? []);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
