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
    const value = shareOfRange(Math.max(...highs), Math.min(...lows), bar.close);
    slide(fast, orNoValue(value), smoothing);
    if (fast.length < smoothing) return undefined;
    const k = meanOfKnown(fast);
    slide(slow, orNoValue(k), dPeriod);
    return slow.length < dPeriod ? undefined : { k, d: meanOfKnown(slow) };
  },
  columns({ high, low, close }, { kPeriod, smoothing, dPeriod }) {
    for (const period of [kPeriod, smoothing, dPeriod]) assertPeriod(period);
    const rows = close.length;
    const fast = emptyColumn(rows);
    let highest = 0;
    let lowest = 0;
    for (let row = 0; row < rows; row += 1) {
      const from = row - kPeriod + 1;
      // The window is read anew only when an extreme leaves it.
      if ((high[row] ?? 0) >= (high[highest] ?? 0)) highest = row;
      else if (highest < from) highest = placeOfMost(high, from, row);
      if ((low[row] ?? 0) <= (low[lowest] ?? 0)) lowest = row;
      else if (lowest < from) lowest = placeOfLeast(low, from, row);
      if (from < 0) continue;
      fast[row] = shareOfRange(high[highest] ?? 0, low[lowest] ?? 0, close[row] ?? 0);
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

/** Where `close` lies between the extremes, in percent; NaN where they are equal. */
function shareOfRange(highest: number, lowest: number, close: number): number {
  return (100 * (close - lowest)) / (highest - lowest);
}

function placeOfMost(values: Float64Array, from: number, to: number): number {
  let at = from;
  for (let row = from + 1; row <= to; row += 1)
    if ((values[row] ?? 0) >= (values[at] ?? 0)) at = row;
  return at;
}

function placeOfLeast(values: Float64Array, from: number, to: number): number {
  let at = from;
  for (let row = from + 1; row <= to; row += 1)
    if ((values[row] ?? 0) <= (values[at] ?? 0)) at = row;
  return at;
}

function orNoValue(value: number): number {
  return Number.isNaN(value) ? NO_VALUE : value;
}

function meanOfKnown(values: readonly number[]): number {
  return values.includes(NO_VALUE) ? NaN : meanOf(values, 0, values.length);
}
