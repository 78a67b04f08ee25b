// SPDX-License-Identifier: Apache-2.0
// Larger candles out of smaller ones, candle by candle and over columns, with the same arithmetic.

import {
  intervalLengthMs,
  intervalOfLength,
  isTiledBy,
  windowEnd,
  windowStart,
  type Interval,
} from './candle-interval.ts';
import type { Candles } from './candle.ts';
import { assert, type TimeMs } from './units.ts';

/** One candle: prices in ticks, volume in lots. */
export interface Candle {
  readonly openTime: TimeMs;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/**
 * What a missing candle means: `gap`, that it was lost, as on a venue that has one for every minute; or `noTrade`,
 * that nothing was traded, so that it counts as one of volume 0.
 */
export type MissingCandles = 'gap' | 'noTrade';

/** A hole longer than this is a gap on any venue. */
const NO_TRADE_MS_MAX = 86_400_000;

/** The window that is being filled. Plain JSON data. */
export interface ResamplerState {
  readonly base: Interval;
  readonly interval: Interval;
  readonly missing: MissingCandles;
  /** When the next smaller candle opens; −1 before the first and after a gap. */
  nextOpenTime: TimeMs;
  openTime: TimeMs;
  /** When the window ends; −1 for no window. */
  endTime: TimeMs;
  /** Whether the window was seen from its beginning. */
  isWhole: boolean;
  hasTraded: boolean;
  /** The last price traded at; 0 for none. */
  lastClose: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

export interface Resampled {
  /** Candles are missing before this one: what came before is forgotten. */
  readonly isAfterGap: boolean;
  /** The larger candles that have ended, oldest first. */
  readonly ended: readonly Candle[];
}

export function startResampler(
  base: Interval,
  interval: Interval,
  missing: MissingCandles,
): ResamplerState {
  assert(
    isTiledBy(interval, base),
    `Invariant: candles of ${interval} cannot be built from ${base}`,
  );
  return {
    base,
    interval,
    missing,
    nextOpenTime: -1,
    openTime: -1,
    endTime: -1,
    isWhole: false,
    hasTraded: false,
    lastClose: 0,
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volume: 0,
  };
}

/** Adds the next smaller candle. A window whose beginning was not seen gives no candle. */
export function resampleCandle(state: ResamplerState, candle: Candle): Resampled {
  const ended: Candle[] = [];
  const isAfterGap = take(state, candle, () => ended.push(largerCandle(state)));
  return { isAfterGap, ended };
}

/**
 * Adds a candle of the larger interval itself: history, which spares the smaller candles before its end. Larger
 * candles must come before smaller ones and follow each other; after a hole they begin anew.
 */
export function resampleLarger(state: ResamplerState, candle: Candle): Resampled {
  const { openTime, open, high, low, close, volume } = candle;
  assert(
    windowStart(state.interval, openTime) === openTime,
    `Invariant: no window of ${state.interval} opens at ${openTime}`,
  );
  const isAfterGap = state.nextOpenTime >= 0 && state.nextOpenTime !== openTime;
  assert(
    openTime >= state.nextOpenTime,
    `Invariant: a candle of ${openTime} came after ${state.nextOpenTime}`,
  );
  state.openTime = openTime;
  state.endTime = -1;
  state.nextOpenTime = windowEnd(state.interval, openTime);
  state.lastClose = close;
  return { isAfterGap, ended: [{ openTime, open, high, low, close, volume }] };
}

/** Larger candles as columns. */
export interface LargerCandles {
  readonly interval: Interval;
  readonly openTime: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  /** The row of the smaller candle at whose close this one was known. */
  readonly knownAt: Int32Array;
  /** Rows here that do not follow the row before: 0, and the first after each gap. */
  readonly runStarts: readonly number[];
  /** Rows of the smaller candles with a gap before them. */
  readonly gapsBefore: readonly number[];
}

/** All of `candles` at once, with the same result as one by one. */
export function resampleCandles(
  candles: Candles,
  interval: Interval,
  missing: MissingCandles = 'gap',
): LargerCandles {
  const base = intervalOfLength(candles.intervalMs);
  assert(base !== undefined, `Invariant: no interval lasts ${candles.intervalMs} ms`);
  const state = startResampler(base, interval, missing);
  const { openTime, open, high, low, close, volume } = candles;
  const rows = openTime.length;
  const larger = new GrowingColumns(base === interval ? rows : 256);
  const runStarts: number[] = [];
  const gapsBefore: number[] = [];
  let isRunBeginning = true;
  let row = 0;
  const keep = (): void => {
    if (isRunBeginning) runStarts.push(larger.length);
    isRunBeginning = false;
    larger.push(state, row);
  };
  const lengthMs = candles.intervalMs;
  for (; row < rows; row += 1) {
    const at = openTime[row] ?? 0;
    if (at !== state.nextOpenTime && bridge(state, at, keep)) {
      gapsBefore.push(row);
      isRunBeginning = true;
    }
    const hasEnded = add(
      state,
      lengthMs,
      at,
      open[row] ?? 0,
      high[row] ?? 0,
      low[row] ?? 0,
      close[row] ?? 0,
      volume[row] ?? 0,
    );
    if (hasEnded) keep();
  }
  return { interval, ...larger.columns(), runStarts, gapsBefore };
}

/** Adds one candle and calls `onEnd` for every window that ends; true when there was a gap before it. */
function take(state: ResamplerState, candle: Candle, onEnd: () => void): boolean {
  const { openTime, open, high, low, close, volume } = candle;
  const isAfterGap = openTime !== state.nextOpenTime && bridge(state, openTime, onEnd);
  const lengthMs = intervalLengthMs(state.base);
  if (add(state, lengthMs, openTime, open, high, low, close, volume)) onEnd();
  return isAfterGap;
}

/** Fills the hole before `openTime` with candles without a trade, or forgets everything; true for the latter. */
function bridge(state: ResamplerState, openTime: TimeMs, onEnd: () => void): boolean {
  assert(
    windowStart(state.base, openTime) === openTime,
    `Invariant: no candle of ${state.base} opens at ${openTime}`,
  );
  const { nextOpenTime } = state;
  if (nextOpenTime < 0) return false;
  assert(
    openTime > nextOpenTime,
    `Invariant: a candle of ${openTime} came when that of ${nextOpenTime} was next`,
  );
  if (state.missing === 'gap' || openTime - nextOpenTime > NO_TRADE_MS_MAX) {
    state.endTime = -1;
    state.lastClose = 0;
    return true;
  }
  const lengthMs = intervalLengthMs(state.base);
  const price = state.lastClose;
  for (let at = nextOpenTime; at < openTime; at += lengthMs) {
    if (add(state, lengthMs, at, price, price, price, price, 0)) onEnd();
  }
  return false;
}

/** Adds a candle that follows the one before; true when the window has ended with it and was seen whole. */
function add(
  state: ResamplerState,
  lengthMs: number,
  openTime: TimeMs,
  open: number,
  high: number,
  low: number,
  close: number,
  volume: number,
): boolean {
  if (state.base === state.interval) {
    state.openTime = openTime;
    state.open = open;
    state.high = high;
    state.low = low;
    state.close = close;
    state.lastClose = close;
    state.volume = volume;
    state.nextOpenTime = openTime + lengthMs;
    return true;
  }
  if (openTime >= state.endTime) {
    state.openTime = windowStart(state.interval, openTime);
    state.endTime = windowEnd(state.interval, state.openTime);
    state.isWhole = openTime === state.openTime;
    state.hasTraded = false;
    if (state.lastClose === 0) state.lastClose = close;
    // Until something is traded, the window stands at the last price.
    state.open = state.lastClose;
    state.high = state.lastClose;
    state.low = state.lastClose;
    state.volume = 0;
  }
  if (volume > 0) {
    if (!state.hasTraded) {
      state.open = open;
      state.high = high;
      state.low = low;
      state.hasTraded = true;
    } else {
      if (high > state.high) state.high = high;
      if (low < state.low) state.low = low;
    }
    state.volume += volume;
    state.lastClose = close;
  }
  state.close = state.lastClose;
  state.nextOpenTime = openTime + lengthMs;
  return state.isWhole && state.nextOpenTime >= state.endTime;
}

function largerCandle({ openTime, open, high, low, close, volume }: ResamplerState): Candle {
  return { openTime, open, high, low, close, volume };
}

/** Columns whose length is not known before. */
class GrowingColumns {
  length = 0;
  #columns: Float64Array[];
  #knownAt: Int32Array;

  constructor(rows: number) {
    this.#columns = Array.from({ length: 6 }, () => new Float64Array(rows));
    this.#knownAt = new Int32Array(rows);
  }

  push(state: ResamplerState, row: number): void {
    if (this.length === this.#knownAt.length) this.#grow();
    const [openTime, open, high, low, close, volume] = this.#columns;
    const at = this.length;
    if (openTime !== undefined) openTime[at] = state.openTime;
    if (open !== undefined) open[at] = state.open;
    if (high !== undefined) high[at] = state.high;
    if (low !== undefined) low[at] = state.low;
    if (close !== undefined) close[at] = state.close;
    if (volume !== undefined) volume[at] = state.volume;
    this.#knownAt[at] = row;
    this.length += 1;
  }

  columns(): Omit<LargerCandles, 'interval' | 'runStarts' | 'gapsBefore'> {
    const column = (index: number): Float64Array =>
      (this.#columns[index] ?? new Float64Array()).subarray(0, this.length);
    return {
      openTime: column(0),
      open: column(1),
      high: column(2),
      low: column(3),
      close: column(4),
      volume: column(5),
      knownAt: this.#knownAt.subarray(0, this.length),
    };
  }

  #grow(): void {
    const rows = Math.max(16, this.#knownAt.length * 2);
    this.#columns = this.#columns.map((old) => {
      const wider = new Float64Array(rows);
      wider.set(old);
      return wider;
    });
    const knownAt = new Int32Array(rows);
    knownAt.set(this.#knownAt);
    this.#knownAt = knownAt;
  }
}
