// SPDX-License-Identifier: Apache-2.0
// What was traded over the last candles, in quote: at least, as each candle counts at its lowest price.

import { assertPeriod, emptyColumn, type Indicator, type PeriodSettings } from './indicator.ts';

export interface RollingVolumeState {
  readonly period: number;
  readonly amounts: number[];
  sum: number;
}

export const rollingVolume: Indicator<PeriodSettings, RollingVolumeState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period,
  settledAfter: ({ period }) => period,
  start({ period }) {
    assertPeriod(period);
    return { period, amounts: [], sum: 0 };
  },
  next(state, { low, volume }) {
    const { period, amounts } = state;
    const amount = low * volume;
    state.sum += amount;
    amounts.push(amount);
    if (amounts.length < period) return undefined;
    const value = state.sum;
    state.sum -= amounts.shift() ?? 0;
    return { value };
  },
  columns({ low, volume }, { period }) {
    assertPeriod(period);
    const rows = low.length;
    const value = emptyColumn(rows);
    let sum = 0;
    for (let row = 0; row < rows; row += 1) {
      sum += (low[row] ?? 0) * (volume[row] ?? 0);
      if (row < period - 1) continue;
      value[row] = sum;
      const left = row - period + 1;
      sum -= (low[left] ?? 0) * (volume[left] ?? 0);
    }
    return { value };
  },
};
