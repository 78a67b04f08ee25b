// SPDX-License-Identifier: Apache-2.0
// The relative strength index (RSI): the share of rises in all movement, both as Wilder's averages.

import {
  assertPeriod,
  candlesUntilFaded,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';

export interface RsiState {
  readonly period: number;
  /** Changes taken, at most `period`; −1 before the first candle. */
  changes: number;
  previous: number;
  /** Sums, then averages. */
  gain: number;
  loss: number;
}

export const rsi: Indicator<PeriodSettings, RsiState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period + 1,
  settledAfter: ({ period }) => period + 1 + candlesUntilFaded((period - 1) / period),
  start({ period }) {
    assertPeriod(period);
    return { period, changes: -1, previous: 0, gain: 0, loss: 0 };
  },
  next(state, bar) {
    const change = bar.close - state.previous;
    state.previous = bar.close;
    if (state.changes < 0) {
      state.changes = 0;
      return undefined;
    }
    const { period } = state;
    const rise = change > 0 ? change : 0;
    const fall = change < 0 ? -change : 0;
    if (state.changes === period) {
      state.gain = (state.gain * (period - 1) + rise) / period;
      state.loss = (state.loss * (period - 1) + fall) / period;
    } else {
      state.changes += 1;
      state.gain += rise;
      state.loss += fall;
      if (state.changes < period) return undefined;
      state.gain /= period;
      state.loss /= period;
    }
    return { value: (100 * state.gain) / (state.gain + state.loss) };
  },
  columns: ({ close }, { period }) => ({ value: rsiColumn(close, period) }),
};

/** RSI of `values`; NaN where nothing has ever moved. */
export function rsiColumn(
  values: Float64Array,
  period: number,
  into: Float64Array = new Float64Array(values.length),
): Float64Array {
  assertPeriod(period);
  const rows = values.length;
  into.fill(NaN, 0, Math.min(period, rows));
  if (rows <= period) return into;
  let gain = 0;
  let loss = 0;
  let previous = values[0] ?? 0;
  for (let row = 1; row <= period; row += 1) {
    const value = values[row] ?? 0;
    const change = value - previous;
    previous = value;
    gain += change > 0 ? change : 0;
    loss += change < 0 ? -change : 0;
  }
  gain /= period;
  loss /= period;
  into[period] = (100 * gain) / (gain + loss);
  const kept = period - 1;
  for (let row = period + 1; row < rows; row += 1) {
    const value = values[row] ?? 0;
    const change = value - previous;
    previous = value;
    gain = (gain * kept + (change > 0 ? change : 0)) / period;
    loss = (loss * kept + (change < 0 ? -change : 0)) / period;
    into[row] = (100 * gain) / (gain + loss);
  }
  return into;
}
