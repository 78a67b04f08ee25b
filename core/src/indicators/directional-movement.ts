// SPDX-License-Identifier: Apache-2.0
// Wilder's directional movement: +DI, −DI and their average index ADX, with TA-Lib's seeds.

import {
  assertPeriod,
  candlesUntilFadedTwice,
  emptyColumn,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';
import { trueRange } from './true-range.ts';

export interface AdxState {
  readonly period: number;
  /** Candles taken, at most 2 × `period`. */
  seen: number;
  previousHigh: number;
  previousLow: number;
  previousClose: number;
  plus: number;
  minus: number;
  range: number;
  /** The sum of the first `period` indices, then the average. */
  adx: number;
}

export const adx: Indicator<PeriodSettings, AdxState, 'adx' | 'plusDi' | 'minusDi'> = {
  outputs: ['adx', 'plusDi', 'minusDi'],
  warmUpCandles: ({ period }) => 2 * period,
  settledAfter: ({ period }) => 2 * period + candlesUntilFadedTwice((period - 1) / period),
  start({ period }) {
    assertPeriod(period, 2);
    return {
      period,
      seen: 0,
      previousHigh: 0,
      previousLow: 0,
      previousClose: 0,
      plus: 0,
      minus: 0,
      range: 0,
      adx: 0,
    };
  },
  next(state, { high, low, close }) {
    if (!advance(state, high, low, close)) return undefined;
    return {
      adx: state.adx,
      plusDi: share(state.plus, state.range),
      minusDi: share(state.minus, state.range),
    };
  },
  columns({ high, low, close }, settings) {
    const rows = close.length;
    const state = adx.start(settings);
    const average = emptyColumn(rows);
    const plusDi = emptyColumn(rows);
    const minusDi = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      if (!advance(state, high[row] ?? 0, low[row] ?? 0, close[row] ?? 0)) continue;
      average[row] = state.adx;
      plusDi[row] = share(state.plus, state.range);
      minusDi[row] = share(state.minus, state.range);
    }
    return { adx: average, plusDi, minusDi };
  },
};

/** Takes one candle; true when there are values. */
function advance(state: AdxState, high: number, low: number, close: number): boolean {
  const { period, seen } = state;
  if (seen > 0) {
    const up = high - state.previousHigh;
    const down = state.previousLow - low;
    const range = trueRange(high, low, state.previousClose);
    // TA-Lib: sums of the first period − 1 movements, which from then on lose their share and gain the next.
    const lost = seen < period ? 0 : 1;
    state.plus += (up > 0 && up > down ? up : 0) - lost * (state.plus / period);
    state.minus += (down > 0 && down > up ? down : 0) - lost * (state.minus / period);
    state.range += range - lost * (state.range / period);
  }
  state.previousHigh = high;
  state.previousLow = low;
  state.previousClose = close;
  if (seen >= period) {
    const plusDi = share(state.plus, state.range);
    const minusDi = share(state.minus, state.range);
    const sum = plusDi + minusDi;
    const isMoving = sum > 0;
    const index = isMoving ? 100 * (Math.abs(minusDi - plusDi) / sum) : 0;
    if (seen < 2 * period) {
      state.adx += index;
      if (seen === 2 * period - 1) state.adx /= period;
    } else if (isMoving) {
      // A market that does not move keeps its ADX.
      state.adx = (state.adx * (period - 1) + index) / period;
    }
  }
  if (seen < 2 * period) state.seen += 1;
  return state.seen === 2 * period;
}

function share(movement: number, range: number): number {
  return range > 0 ? 100 * (movement / range) : 0;
}
