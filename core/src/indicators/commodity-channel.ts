// SPDX-License-Identifier: Apache-2.0
// The commodity channel index (CCI): how many mean deviations the typical price lies from its mean.

import {
  assertPeriod,
  emptyColumn,
  slide,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';
import { typicalPrice } from './money-flow.ts';

/** Makes about three values of four lie within 100 of zero. */
const SCALE = 0.015;

export interface CciState {
  readonly period: number;
  readonly typical: number[];
}

export const cci: Indicator<PeriodSettings, CciState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period,
  settledAfter: ({ period }) => period,
  start({ period }) {
    assertPeriod(period);
    return { period, typical: [] };
  },
  next({ period, typical }, bar) {
    slide(typical, typicalPrice(bar), period);
    return typical.length < period ? undefined : { value: lastDeviation(typical, 0, period) };
  },
  columns({ high, low, close }, { period }) {
    assertPeriod(period);
    const rows = close.length;
    const typical = new Float64Array(rows);
    for (let row = 0; row < rows; row += 1) {
      typical[row] = ((high[row] ?? 0) + (low[row] ?? 0) + (close[row] ?? 0)) / 3;
    }
    const value = emptyColumn(rows);
    for (let row = period - 1; row < rows; row += 1) {
      value[row] = lastDeviation(typical, row - period + 1, period);
    }
    return { value };
  },
};

/** Of `period` values from `from` on: how far the last lies from their mean. */
function lastDeviation(values: ArrayLike<number>, from: number, period: number): number {
  let sum = 0;
  for (let index = from; index < from + period; index += 1) sum += values[index] ?? 0;
  const mean = sum / period;
  let deviation = 0;
  for (let index = from; index < from + period; index += 1) {
    deviation += Math.abs((values[index] ?? 0) - mean);
  }
  return ((values[from + period - 1] ?? 0) - mean) / (SCALE * (deviation / period));
}
