// SPDX-License-Identifier: Apache-2.0
// The slow stochastic oscillator: where the close lies between the extremes, smoothed, and the average of that.

import { meanOf } from './bollinger.ts';
import { assertPeriod, emptyColumn, slide, type Indicator } from './indicator.ts';

export interface StochasticSettings {
  readonly kPeriod: number;
  /** Candles over which %K is averaged; 1 for none. */
  readonly smoothing: number;
  readonly dPeriod: number;
}

export interface StochasticState {
  readonly kPeriod: number;
  readonly smoothing: number;
  readonly dPeriod: number;
  readonly highs: number[];
  readonly lows: number[];
  /** The last values of fast and of slow %K; −1 for one without a value. */
  readonly fast: number[];
  readonly slow: number[];
}

/** JSON knows no NaN; real values are not below zero. */
const NO_VALUE = -1;

export const stochastic: Indicator<StochasticSettings, StochasticState, 'k' | 'd'> = {
  outputs: ['k', 'd'],
  warmUpCandles: ({ kPeriod, smoothing, dPeriod }) => kPeriod + smoothing + dPeriod - 2,
  settledAfter: ({ kPeriod, smoothing, dPeriod }) => kPeriod + smoothing + dPeriod - 2,
  start({ kPeriod, smoothing, dPeriod }) {
    for (const period of [kPeriod, smoothing, dPeriod]) assertPeriod(period);
    return { kPeriod, smoothing, dPeriod, highs: [], lows: [], fast: [], slow: [] };
  },
  next(state, bar) {
    const { kPeriod, smoothing, dPeriod, highs, lows, fast, slow } = state;
    slide(highs, bar.high, kPeriod);
    slide(lows, bar.low, kPeriod);
    if (highs.length < kPeriod) return undefined;
    slide(fast, orNoValue(place(highs, lows, 0, kPeriod, bar.close)), smoothing);
    if (fast.length < smoothing) return undefined;
    const k = meanOfKnown(fast);
    slide(slow, orNoValue(k), dPeriod);
    return slow.length < dPeriod ? undefined : { k, d: meanOfKnown(slow) };
  },
  columns({ high, low, close }, { kPeriod, smoothing, dPeriod }) {
    for (const period of [kPeriod, smoothing, dPeriod]) assertPeriod(period);
    const rows = close.length;
    const fast = emptyColumn(rows);
    for (let row = kPeriod - 1; row < rows; row += 1) {
      fast[row] = place(high, low, row - kPeriod + 1, kPeriod, close[row] ?? 0);
    }
    const k = emptyColumn(rows);
    for (let row = kPeriod + smoothing - 2; row < rows; row += 1) {
      k[row] = meanOf(fast, row - smoothing + 1, smoothing);
    }
    const first = kPeriod + smoothing + dPeriod - 3;
    const d = emptyColumn(rows);
    for (let row = first; row < rows; row += 1) d[row] = meanOf(k, row - dPeriod + 1, dPeriod);
    k.fill(NaN, 0, Math.min(first, rows));
    return { k, d };
  },
};

/** Where `close` lies between the extremes of `period` candles, in percent; NaN where they are equal. */
function place(
  highs: ArrayLike<number>,
  lows: ArrayLike<number>,
  from: number,
  period: number,
  close: number,
): number {
  let highest = -Infinity;
  let lowest = Infinity;
  for (let index = from; index < from + period; index += 1) {
    const high = highs[index] ?? 0;
    const low = lows[index] ?? 0;
    if (high > highest) highest = high;
    if (low < lowest) lowest = low;
  }
  return (100 * (close - lowest)) / (highest - lowest);
}

function orNoValue(value: number): number {
  return Number.isNaN(value) ? NO_VALUE : value;
}

function meanOfKnown(values: readonly number[]): number {
  return values.includes(NO_VALUE) ? NaN : meanOf(values, 0, values.length);
}
