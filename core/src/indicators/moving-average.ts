// SPDX-License-Identifier: Apache-2.0
// Simple and exponential moving averages of closes, and of any column.

import {
  assertPeriod,
  candlesUntilFaded,
  type Indicator,
  type PeriodSettings,
} from './indicator.ts';

/** A mean over the last `period` values by a running sum, which is exact where the values are whole numbers. */
export interface SmaState {
  readonly period: number;
  readonly values: number[];
  sum: number;
}

export function startSma(period: number): SmaState {
  assertPeriod(period);
  return { period, values: [], sum: 0 };
}

/** NaN until `period` values have come. */
export function nextSma(state: SmaState, value: number): number {
  const { period, values } = state;
  state.sum += value;
  values.push(value);
  if (values.length < period) return NaN;
  const mean = state.sum / period;
  state.sum -= values.shift() ?? 0;
  return mean;
}

export function smaColumn(
  values: Float64Array,
  period: number,
  into: Float64Array = new Float64Array(values.length),
): Float64Array {
  assertPeriod(period);
  const rows = values.length;
  let sum = 0;
  const first = Math.min(period - 1, rows);
  for (let row = 0; row < first; row += 1) {
    sum += values[row] ?? 0;
    into[row] = NaN;
  }
  for (let row = first; row < rows; row += 1) {
    sum += values[row] ?? 0;
    into[row] = sum / period;
    sum -= values[row - first] ?? 0;
  }
  return into;
}

/** Seeded with the mean of the first `period` values; each further value weighs 2 / (period + 1). */
export interface EmaState {
  readonly period: number;
  /** Values taken, at most `period`. */
  seen: number;
  /** The sum of the values seen, then the average. */
  average: number;
}

export function startEma(period: number): EmaState {
  assertPeriod(period);
  return { period, seen: 0, average: 0 };
}

/** NaN until `period` values have come. */
export function nextEma(state: EmaState, value: number): number {
  const { period } = state;
  if (state.seen === period) {
    state.average += (value - state.average) * (2 / (period + 1));
    return state.average;
  }
  state.seen += 1;
  state.average += value;
  if (state.seen < period) return NaN;
  state.average /= period;
  return state.average;
}

/** The average of `values` from row `from` on. */
export function emaColumn(
  values: Float64Array,
  period: number,
  from = 0,
  into: Float64Array = new Float64Array(values.length),
): Float64Array {
  assertPeriod(period);
  const rows = values.length;
  const seeded = from + period - 1;
  into.fill(NaN, 0, Math.min(seeded, rows));
  if (rows <= seeded) return into;
  let average = 0;
  for (let row = from; row <= seeded; row += 1) average += values[row] ?? 0;
  average /= period;
  into[seeded] = average;
  const weight = 2 / (period + 1);
  for (let row = seeded + 1; row < rows; row += 1) {
    average += ((values[row] ?? 0) - average) * weight;
    into[row] = average;
  }
  return into;
}

/** Values until the seed weighs less than a millionth. */
export function emaSettledAfter(period: number): number {
  return period + candlesUntilFaded(1 - 2 / (period + 1));
}

export const sma: Indicator<PeriodSettings, SmaState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period,
  settledAfter: ({ period }) => period,
  start: ({ period }) => startSma(period),
  next(state, bar) {
    const value = nextSma(state, bar.close);
    return Number.isNaN(value) ? undefined : { value };
  },
  columns: (bars, { period }) => ({ value: smaColumn(bars.close, period) }),
};

export const ema: Indicator<PeriodSettings, EmaState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: ({ period }) => period,
  settledAfter: ({ period }) => emaSettledAfter(period),
  start: ({ period }) => startEma(period),
  next(state, bar) {
    const value = nextEma(state, bar.close);
    return Number.isNaN(value) ? undefined : { value };
  },
  columns: (bars, { period }) => ({ value: emaColumn(bars.close, period) }),
};

/** Two averages of closes over a short and a long period. */
export interface AveragePairSettings {
  readonly fastPeriod: number;
  readonly slowPeriod: number;
}

export const smaPair: Indicator<
  AveragePairSettings,
  { readonly fast: SmaState; readonly slow: SmaState },
  'fast' | 'slow'
> = {
  outputs: ['fast', 'slow'],
  warmUpCandles: ({ fastPeriod, slowPeriod }) => Math.max(fastPeriod, slowPeriod),
  settledAfter: ({ fastPeriod, slowPeriod }) => Math.max(fastPeriod, slowPeriod),
  start: ({ fastPeriod, slowPeriod }) => ({
    fast: startSma(fastPeriod),
    slow: startSma(slowPeriod),
  }),
  next: (state, bar) => pairOf(nextSma(state.fast, bar.close), nextSma(state.slow, bar.close)),
  columns: (bars, { fastPeriod, slowPeriod }) =>
    pairColumns(
      smaColumn(bars.close, fastPeriod),
      smaColumn(bars.close, slowPeriod),
      Math.max(fastPeriod, slowPeriod),
    ),
};

export const emaPair: Indicator<
  AveragePairSettings,
  { readonly fast: EmaState; readonly slow: EmaState },
  'fast' | 'slow'
> = {
  outputs: ['fast', 'slow'],
  warmUpCandles: ({ fastPeriod, slowPeriod }) => Math.max(fastPeriod, slowPeriod),
  settledAfter: ({ fastPeriod, slowPeriod }) => emaSettledAfter(Math.max(fastPeriod, slowPeriod)),
  start: ({ fastPeriod, slowPeriod }) => ({
    fast: startEma(fastPeriod),
    slow: startEma(slowPeriod),
  }),
  next: (state, bar) => pairOf(nextEma(state.fast, bar.close), nextEma(state.slow, bar.close)),
  columns: (bars, { fastPeriod, slowPeriod }) =>
    pairColumns(
      emaColumn(bars.close, fastPeriod),
      emaColumn(bars.close, slowPeriod),
      Math.max(fastPeriod, slowPeriod),
    ),
};

function pairOf(fast: number, slow: number): { fast: number; slow: number } | undefined {
  return Number.isNaN(fast) || Number.isNaN(slow) ? undefined : { fast, slow };
}

function pairColumns(
  fast: Float64Array,
  slow: Float64Array,
  warmUp: number,
): { fast: Float64Array; slow: Float64Array } {
  fast.fill(NaN, 0, warmUp - 1);
  slow.fill(NaN, 0, warmUp - 1);
  return { fast, slow };
}
