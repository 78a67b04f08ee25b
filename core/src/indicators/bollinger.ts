// SPDX-License-Identifier: Apache-2.0
// Bollinger bands: a simple average, bands of population deviations around it, and where the close lies in them.

import { assertPeriod, emptyColumn, slide, type Indicator } from './indicator.ts';

export interface BollingerSettings {
  readonly period: number;
  /** Deviations between the middle and each band. */
  readonly deviation: number;
}

export interface BollingerState {
  readonly period: number;
  readonly deviation: number;
  readonly closes: number[];
}

/** `percentB` is 0 at the lower band and 1 at the upper; it has no value where the bands meet. */
export const bollinger: Indicator<
  BollingerSettings,
  BollingerState,
  'percentB' | 'upper' | 'middle' | 'lower'
> = {
  outputs: ['percentB', 'upper', 'middle', 'lower'],
  warmUpCandles: ({ period }) => period,
  settledAfter: ({ period }) => period,
  start({ period, deviation }) {
    assertPeriod(period);
    return { period, deviation, closes: [] };
  },
  next({ period, deviation, closes }, bar) {
    slide(closes, bar.close, period);
    if (closes.length < period) return undefined;
    const middle = meanOf(closes, 0, period);
    const width = deviation * deviationOf(closes, 0, period, middle);
    const upper = middle + width;
    const lower = middle - width;
    return { percentB: (bar.close - lower) / (upper - lower), upper, middle, lower };
  },
  columns({ close }, { period, deviation }) {
    assertPeriod(period);
    const rows = close.length;
    const percentB = emptyColumn(rows);
    const upper = emptyColumn(rows);
    const middle = emptyColumn(rows);
    const lower = emptyColumn(rows);
    for (let row = period - 1; row < rows; row += 1) {
      const from = row - period + 1;
      const mean = meanOf(close, from, period);
      const width = deviation * deviationOf(close, from, period, mean);
      const top = mean + width;
      const bottom = mean - width;
      percentB[row] = ((close[row] ?? 0) - bottom) / (top - bottom);
      upper[row] = top;
      middle[row] = mean;
      lower[row] = bottom;
    }
    return { percentB, upper, middle, lower };
  },
};

/** The mean of `period` values from `from` on. */
export function meanOf(values: ArrayLike<number>, from: number, period: number): number {
  let sum = 0;
  for (let index = from; index < from + period; index += 1) sum += values[index] ?? 0;
  return sum / period;
}

/** Two passes: the difference of large squares would lose what a quiet market moves. */
function deviationOf(
  values: ArrayLike<number>,
  from: number,
  period: number,
  mean: number,
): number {
  let squares = 0;
  for (let index = from; index < from + period; index += 1) {
    const distance = (values[index] ?? 0) - mean;
    squares += distance * distance;
  }
  return Math.sqrt(squares / period);
}
