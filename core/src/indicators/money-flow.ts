// SPDX-License-Identifier: Apache-2.0
// The money flow index (MFI): the share of volume at rising typical prices in all volume at changing ones.

import {
  assertPeriod,
  emptyColumn,
  slide,
  type Bar,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';

export interface MfiState {
  readonly period: number;
  /** No typical price before the first candle. */
  hasPrevious: boolean;
  previous: number;
  /** Money of the last candles, one entry each: as it rose, and as it fell. */
  readonly rising: number[];
  readonly falling: number[];
}

export const mfi: Indicator<PeriodSettings, MfiState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period + 1,
  settledAfter: ({ period }) => period + 1,
  start({ period }) {
    assertPeriod(period);
    return { period, hasPrevious: false, previous: 0, rising: [], falling: [] };
  },
  next(state, bar) {
    const typical = typicalPrice(bar);
    const change = state.hasPrevious ? typical - state.previous : 0;
    const isFirst = !state.hasPrevious;
    state.hasPrevious = true;
    state.previous = typical;
    if (isFirst) return undefined;
    const { period, rising, falling } = state;
    slide(rising, change > 0 ? typical * bar.volume : 0, period);
    slide(falling, change < 0 ? typical * bar.volume : 0, period);
    if (rising.length < period) return undefined;
    let up = 0;
    let down = 0;
    for (let index = 0; index < period; index += 1) {
      up += rising[index] ?? 0;
      down += falling[index] ?? 0;
    }
    return { value: (100 * up) / (up + down) };
  },
  columns({ high, low, close, volume }, { period }) {
    assertPeriod(period);
    const rows = close.length;
    const value = emptyColumn(rows);
    const rising = new Float64Array(rows);
    const falling = new Float64Array(rows);
    let previous = 0;
    for (let row = 0; row < rows; row += 1) {
      const typical = ((high[row] ?? 0) + (low[row] ?? 0) + (close[row] ?? 0)) / 3;
      const money = typical * (volume[row] ?? 0);
      if (row > 0 && typical > previous) rising[row] = money;
      if (row > 0 && typical < previous) falling[row] = money;
      previous = typical;
    }
    for (let row = period; row < rows; row += 1) {
      let up = 0;
      let down = 0;
      // Anew for every candle: money that has left the window leaves no rounding behind.
      for (let at = row - period + 1; at <= row; at += 1) {
        up += rising[at] ?? 0;
        down += falling[at] ?? 0;
      }
      value[row] = (100 * up) / (up + down);
    }
    return { value };
  },
};

/** The mean of high, low and close. */
export function typicalPrice(bar: Bar): number {
  return (bar.high + bar.low + bar.close) / 3;
}
