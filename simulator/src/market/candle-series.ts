// SPDX-License-Identifier: Apache-2.0
// Candles of one symbol and interval, oldest first, as many as memory should hold.

import { windowEnd, type Interval } from './intervals.ts';

/** Sums are bigint: a busy month leaves 2^53 in ticks × lots. */
export interface Candle {
  readonly openMs: number;
  readonly open: number;
  high: number;
  low: number;
  close: number;
  lots: bigint;
  /** Sum of ticks × lots. */
  quote: bigint;
  takerBuyLots: bigint;
  takerBuyQuote: bigint;
  count: number;
  /** −1 while no trade with an ID is in it. */
  firstId: number;
  lastId: number;
}

export function newCandle(openMs: number, priceTicks: number): Candle {
  return {
    openMs,
    open: priceTicks,
    high: priceTicks,
    low: priceTicks,
    close: priceTicks,
    lots: 0n,
    quote: 0n,
    takerBuyLots: 0n,
    takerBuyQuote: 0n,
    count: 0,
    firstId: -1,
    lastId: -1,
  };
}

/** Adds `later`, which follows `candle` in time, to it. */
export function mergeCandle(candle: Candle, later: Candle): void {
  if (later.high > candle.high) candle.high = later.high;
  if (later.low < candle.low) candle.low = later.low;
  candle.close = later.close;
  candle.lots += later.lots;
  candle.quote += later.quote;
  candle.takerBuyLots += later.takerBuyLots;
  candle.takerBuyQuote += later.takerBuyQuote;
  candle.count += later.count;
  if (candle.firstId === -1) candle.firstId = later.firstId;
  if (later.lastId !== -1) candle.lastId = later.lastId;
}

/** Only windows that traded have a candle here. */
export class CandleSeries {
  readonly interval: Interval;
  readonly #most: number;
  #candles: Candle[] = [];
  /** Nothing is known of windows before this. */
  forgottenBeforeMs: number = Number.NEGATIVE_INFINITY;

  constructor(interval: Interval, most: number) {
    this.interval = interval;
    this.#most = most;
  }

  get length(): number {
    return this.#candles.length;
  }

  last(): Candle | undefined {
    return this.#candles.at(-1);
  }

  push(candle: Candle): void {
    this.#candles.push(candle);
    if (this.#candles.length <= this.#most + this.#most / 4) return;
    this.#candles = this.#candles.slice(-this.#most);
    this.forgottenBeforeMs = this.#candles[0]?.openMs ?? this.forgottenBeforeMs;
  }

  /** Forgets everything. */
  clear(): void {
    this.#candles = [];
    this.forgottenBeforeMs = Number.NEGATIVE_INFINITY;
  }

  /** The candle whose window begins at `openMs`. */
  at(openMs: number): Candle | undefined {
    const candle = this.#candles[this.#firstFrom(openMs)];
    return candle?.openMs === openMs ? candle : undefined;
  }

  /** The latest candle that begins before `ms`. */
  before(ms: number): Candle | undefined {
    return this.#candles[this.#firstFrom(ms) - 1];
  }

  /** Candles that begin from `fromMs` on and before `toMs`. */
  between(fromMs: number, toMs: number): readonly Candle[] {
    return this.#candles.slice(this.#firstFrom(fromMs), this.#firstFrom(toMs));
  }

  latest(count: number): readonly Candle[] {
    return count <= 0 ? [] : this.#candles.slice(-count);
  }

  /** Adds a smaller candle, which must not lie before the last one, to the window that holds it. */
  fold(part: Candle, startMs: number): void {
    const last = this.last();
    if (last !== undefined && last.openMs === startMs) mergeCandle(last, part);
    else this.push({ ...part, openMs: startMs });
  }

  /** Whether `ms` lies in the window of the last candle. */
  holds(ms: number): boolean {
    const last = this.last();
    return last !== undefined && ms >= last.openMs && ms < windowEnd(this.interval, last.openMs);
  }

  /** The index of the first candle that begins at or after `ms`. */
  #firstFrom(ms: number): number {
    let low = 0;
    let high = this.#candles.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#candles[middle]?.openMs ?? 0) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
