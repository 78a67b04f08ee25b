// SPDX-License-Identifier: Apache-2.0
// What every indicator is: the same arithmetic candle by candle and over columns, and how many candles it needs.

import { assert } from '../units.ts';

/** One candle as numbers. Prices and volume may be in any unit that is the same in all candles. */
export interface Bar {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** Candles without a hole between them, as columns of one length. */
export interface Bars {
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
}

/**
 * Two forms of one calculation that agree in every bit. `next` takes the candles one by one and changes `state`,
 * which is plain JSON data; `columns` takes them all. Both give all outputs or none: `next` answers undefined and
 * `columns` hold NaN before candle number `warmUpCandles`. After it, NaN is a value that does not exist, such as
 * the strength of a market that did not move.
 */
export interface Indicator<Settings, State, Output extends string> {
  readonly outputs: readonly Output[];
  /** Candles up to and with the first value. */
  warmUpCandles(settings: Settings): number;
  /** Candles until all that came before the first of them weighs less than a millionth. */
  settledAfter(settings: Settings): number;
  start(settings: Settings): State;
  next(state: State, bar: Bar): Readonly<Record<Output, number>> | undefined;
  columns(bars: Bars, settings: Settings): Readonly<Record<Output, Float64Array>>;
}

export interface PeriodSettings {
  readonly period: number;
}

/** The weight below which older candles do not count. */
export const SETTLED_WEIGHT = 1e-6;
/** No setting makes an average so slow. */
const FADING_CANDLES_MAX = 1_000_000;

/** Candles until a share `kept` of itself, candle after candle, leaves less than a millionth of a value. */
export function candlesUntilFaded(kept: number): number {
  return candlesUntil((power) => power, kept);
}

/** As `candlesUntilFaded` for an average of an average, both keeping the share `kept`. */
export function candlesUntilFadedTwice(kept: number): number {
  return candlesUntil((power, candles) => power * (1 + (candles * (1 - kept)) / kept), kept);
}

/** `kept` to the power of the number of candles is `power`; multiplied, as a logarithm may differ between engines. */
function candlesUntil(weight: (power: number, candles: number) => number, kept: number): number {
  let power = 1;
  for (let candles = 0; candles < FADING_CANDLES_MAX; candles += 1) {
    if (weight(power, candles) <= SETTLED_WEIGHT) return candles;
    power *= kept;
  }
  throw new Error(`Invariant: an average that keeps ${kept} of itself never settles`);
}

/** A column in which nothing has a value yet. */
export function emptyColumn(rows: number): Float64Array {
  return new Float64Array(rows).fill(NaN);
}

export function assertPeriod(period: number, least = 1): void {
  assert(
    Number.isSafeInteger(period) && period >= least,
    `Invariant: a period must be a whole number from ${least}, was ${period}`,
  );
}

/** Appends `value` to the last `length` values. */
export function slide(values: number[], value: number, length: number): void {
  values.push(value);
  if (values.length > length) values.shift();
}
