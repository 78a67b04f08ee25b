// SPDX-License-Identifier: Apache-2.0
// Makes few enough steps of many candles to draw them, keeping every step's lowest and highest price.

import { firstRowAtOrAfter } from '../candles/index.ts';
import type { Market } from './market.ts';

/** Steps of equal length in ticks. `values` holds four numbers a step, or null and a count of steps without candles. */
export interface ChartLevel {
  readonly start: number;
  readonly width: number;
  readonly values: readonly (number | null)[];
}

export interface Period {
  readonly from: number;
  readonly to: number;
}

/**
 * The candles of `period` in at most `most` steps, aligned to candles. A step's four numbers are: open less the
 * close before, high above the body, low below the body, close less open.
 */
export function chartLevel(market: Market, period: Period, most: number): ChartLevel {
  const { candles } = market;
  const { intervalMs, openTime, open, high, low, close } = candles;
  const first = firstRowAtOrAfter(openTime, period.from);
  const end = firstRowAtOrAfter(openTime, period.to);
  const start = openTime[first] ?? period.from;
  const span = (openTime[end - 1] ?? start) - start + intervalMs;
  const width = Math.max(1, Math.ceil(span / intervalMs / most)) * intervalMs;
  const values: (number | null)[] = [];
  let before = 0;
  let row = first;
  let emptySteps = 0;
  for (let stepStart = start; row < end; stepStart += width) {
    const stepEnd = stepStart + width;
    if ((openTime[row] ?? 0) >= stepEnd) {
      emptySteps += 1;
      continue;
    }
    if (emptySteps > 0) values.push(null, emptySteps);
    emptySteps = 0;
    const opened = open[row] ?? 0;
    let highest = 0;
    let lowest = Infinity;
    let closed = opened;
    for (; row < end && (openTime[row] ?? 0) < stepEnd; row += 1) {
      highest = Math.max(highest, high[row] ?? 0);
      lowest = Math.min(lowest, low[row] ?? 0);
      closed = close[row] ?? 0;
    }
    values.push(
      opened - before,
      highest - Math.max(opened, closed),
      Math.min(opened, closed) - lowest,
      closed - opened,
    );
    before = closed;
  }
  return { start, width, values };
}
