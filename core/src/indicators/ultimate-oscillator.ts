// SPDX-License-Identifier: Apache-2.0
// The ultimate oscillator (ULT): buying pressure over three periods, the shortest weighing most.

import { assertPeriod, emptyColumn, slide, type Indicator } from './indicator.ts';
import { trueRange } from './true-range.ts';

export interface UltSettings {
  readonly shortPeriod: number;
  readonly middlePeriod: number;
  readonly longPeriod: number;
}

export interface UltState {
  /** Ascending. */
  readonly periods: readonly [number, number, number];
  hasPrevious: boolean;
  previousClose: number;
  readonly pressures: number[];
  readonly ranges: number[];
}

export const ult: Indicator<UltSettings, UltState, 'value'> = {
  outputs: ['value'],
  warmUpCandles: (settings) => sortedPeriods(settings)[2] + 1,
  settledAfter: (settings) => sortedPeriods(settings)[2] + 1,
  start: (settings) => ({
    periods: sortedPeriods(settings),
    hasPrevious: false,
    previousClose: 0,
    pressures: [],
    ranges: [],
  }),
  next(state, { high, low, close }) {
    const { previousClose, hasPrevious, periods, pressures, ranges } = state;
    state.hasPrevious = true;
    state.previousClose = close;
    if (!hasPrevious) return undefined;
    slide(pressures, close - Math.min(low, previousClose), periods[2]);
    slide(ranges, trueRange(high, low, previousClose), periods[2]);
    if (ranges.length < periods[2]) return undefined;
    return { value: weighed(pressures, ranges, periods[2] - 1, periods) };
  },
  columns({ high, low, close }, settings) {
    const rows = close.length;
    const periods = sortedPeriods(settings);
    const pressures = new Float64Array(rows);
    const ranges = new Float64Array(rows);
    for (let row = 1; row < rows; row += 1) {
      const previousClose = close[row - 1] ?? 0;
      pressures[row] = (close[row] ?? 0) - Math.min(low[row] ?? 0, previousClose);
      ranges[row] = trueRange(high[row] ?? 0, low[row] ?? 0, previousClose);
    }
    const value = emptyColumn(rows);
    for (let row = periods[2]; row < rows; row += 1) {
      value[row] = weighed(pressures, ranges, row, periods);
    }
    return { value };
  },
};

function sortedPeriods(settings: UltSettings): [number, number, number] {
  const { shortPeriod, middlePeriod, longPeriod } = settings;
  for (const period of [shortPeriod, middlePeriod, longPeriod]) assertPeriod(period);
  const least = Math.min(shortPeriod, middlePeriod, longPeriod);
  const most = Math.max(shortPeriod, middlePeriod, longPeriod);
  return [least, shortPeriod + middlePeriod + longPeriod - least - most, most];
}

/** The three shares of pressure in range that end with entry `last`; NaN where one of them had no range. */
function weighed(
  pressures: ArrayLike<number>,
  ranges: ArrayLike<number>,
  last: number,
  [short, middle, long]: readonly [number, number, number],
): number {
  let pressure = 0;
  let range = 0;
  let at = last;
  for (; at > last - short; at -= 1) {
    pressure += pressures[at] ?? 0;
    range += ranges[at] ?? 0;
  }
  let sum = 4 * (pressure / range);
  for (; at > last - middle; at -= 1) {
    pressure += pressures[at] ?? 0;
    range += ranges[at] ?? 0;
  }
  sum += 2 * (pressure / range);
  for (; at > last - long; at -= 1) {
    pressure += pressures[at] ?? 0;
    range += ranges[at] ?? 0;
  }
  return 100 * ((sum + pressure / range) / 7);
}
