// SPDX-License-Identifier: Apache-2.0
// The change of the close over a number of candles, in percent (ROC).

import {
  assertPeriod,
  emptyColumn,
  slide,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';

export interface RateOfChangeState {
  readonly period: number;
  readonly closes: number[];
}

export const rateOfChange: Indicator<PeriodSettings, RateOfChangeState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period + 1,
  settledAfter: ({ period }) => period + 1,
  start({ period }) {
    assertPeriod(period);
    return { period, closes: [] };
  },
  next({ period, closes }, { close }) {
    slide(closes, close, period + 1);
    return closes.length <= period ? undefined : { value: changePercent(closes[0] ?? 0, close) };
  },
  columns({ close }, { period }) {
    assertPeriod(period);
    const rows = close.length;
    const value = emptyColumn(rows);
    for (let row = period; row < rows; row += 1) {
      value[row] = changePercent(close[row - period] ?? 0, close[row] ?? 0);
    }
    return { value };
  },
};

function changePercent(from: number, to: number): number {
  return (100 * (to - from)) / from;
}
