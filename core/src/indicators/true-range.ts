// SPDX-License-Identifier: Apache-2.0
// The average true range (ATR) by Wilder's average, and the Supertrend that follows from it.

import {
  assertPeriod,
  candlesUntilFaded,
  emptyColumn,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';

/** How far the price went from one close to the next candle's extremes. */
export function trueRange(high: number, low: number, previousClose: number): number {
  return Math.max(high - low, Math.abs(high - previousClose), Math.abs(low - previousClose));
}

export interface AtrState {
  readonly period: number;
  /** True ranges taken, at most `period`; −1 before the first candle, which has none. */
  ranges: number;
  previousClose: number;
  /** The sum of the ranges taken, then the average. */
  average: number;
}

export const atr: Indicator<PeriodSettings, AtrState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period + 1,
  settledAfter: ({ period }) => period + 1 + candlesUntilFaded((period - 1) / period),
  start: ({ period }) => startAtr(period),
  next(state, { high, low, close }) {
    return nextAtr(state, high, low, close) ? { value: state.average } : undefined;
  },
  columns({ high, low, close }, { period }) {
    const rows = close.length;
    const state = startAtr(period);
    const value = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      if (nextAtr(state, high[row] ?? 0, low[row] ?? 0, close[row] ?? 0)) {
        value[row] = state.average;
      }
    }
    return { value };
  },
};

function startAtr(period: number): AtrState {
  assertPeriod(period);
  return { period, ranges: -1, previousClose: 0, average: 0 };
}

/** Takes one candle; true when there is an average. */
function nextAtr(state: AtrState, high: number, low: number, close: number): boolean {
  const { period, ranges } = state;
  const range = ranges < 0 ? 0 : trueRange(high, low, state.previousClose);
  state.previousClose = close;
  if (ranges === period) {
    state.average = (state.average * (period - 1) + range) / period;
    return true;
  }
  state.ranges += 1;
  state.average += range;
  if (state.ranges < period) return false;
  state.average /= period;
  return true;
}

export interface SupertrendSettings {
  readonly period: number;
  /** Average true ranges between the middle of a candle and each band. */
  readonly multiplier: number;
}

export interface SupertrendState {
  readonly atr: AtrState;
  readonly multiplier: number;
  /** 1 up, −1 down, 0 before the first value. */
  trend: number;
  upper: number;
  lower: number;
  previousClose: number;
}

/** `value` is the band that the trend follows; `trend` is 1 above it and −1 below. */
export const supertrend: Indicator<SupertrendSettings, SupertrendState, 'value' | 'trend'> = {
  outputs: ['value', 'trend'],
  warmUpCandles: ({ period }) => period + 1,
  // The bands remember until the trend turns; how long that takes was measured, it has no bound.
  settledAfter: ({ period, multiplier }) =>
    atr.settledAfter({ period }) + Math.ceil(SUPERTREND_TURNS_WITHIN * multiplier * period),
  start: ({ period, multiplier }) => ({
    atr: startAtr(period),
    multiplier,
    trend: 0,
    upper: 0,
    lower: 0,
    previousClose: 0,
  }),
  next(state, { high, low, close }) {
    if (!nextSupertrend(state, high, low, close)) return undefined;
    return { value: followedBand(state), trend: state.trend };
  },
  columns({ high, low, close }, settings) {
    const rows = close.length;
    const state = supertrend.start(settings);
    const value = emptyColumn(rows);
    const trend = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      if (!nextSupertrend(state, high[row] ?? 0, low[row] ?? 0, close[row] ?? 0)) continue;
      value[row] = followedBand(state);
      trend[row] = state.trend;
    }
    return { value, trend };
  },
};

/** Times multiplier and period: twice what the slowest of 1,309 starts on five-minute candles took. */
const SUPERTREND_TURNS_WITHIN = 5;

function followedBand(state: SupertrendState): number {
  return state.trend > 0 ? state.lower : state.upper;
}

function nextSupertrend(state: SupertrendState, high: number, low: number, close: number): boolean {
  const { previousClose } = state;
  state.previousClose = close;
  if (!nextAtr(state.atr, high, low, close)) return false;
  const middle = (high + low) / 2;
  const upper = middle + state.multiplier * state.atr.average;
  const lower = middle - state.multiplier * state.atr.average;
  const isFirst = state.trend === 0;
  if (isFirst) state.trend = close >= middle ? 1 : -1;
  // A band comes closer to the price and never gives way, until the price has closed beyond it.
  if (isFirst || upper < state.upper || previousClose > state.upper) state.upper = upper;
  if (isFirst || lower > state.lower || previousClose < state.lower) state.lower = lower;
  state.trend = close <= (state.trend > 0 ? state.lower : state.upper) ? -1 : 1;
  return true;
}
