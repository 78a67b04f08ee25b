// SPDX-License-Identifier: Apache-2.0
// Candles of one symbol and interval in memory: columns of whole numbers, and the gaps between them.

import type { TimeMs } from '@kontor/core';

import { intervalMs, type Interval } from './interval.ts';

/** Prices in units of 10^-priceDecimals: 32 bits where they all fit, else 64. */
export type PriceColumn = Int32Array | Float64Array;

/** Parallel columns, one entry per candle, times strictly increasing on the interval's grid. */
export interface CandleColumns {
  readonly openTime: Float64Array;
  readonly open: PriceColumn;
  readonly high: PriceColumn;
  readonly low: PriceColumn;
  readonly close: PriceColumn;
  /** Whole numbers in units of 10^-volumeDecimals of the base asset. */
  readonly volume: Float64Array;
}

/** A traded symbol: what is traded, and in what it is priced. */
export interface CandleSymbol {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
}

/** A file candles came from. */
export interface CandleSource {
  readonly name: string;
  readonly sha256: string;
  readonly rows: number;
}

/** Candles that are missing: `missing[i]` of them after the candle that opened at `after[i]`. */
export interface Gaps {
  readonly after: Float64Array;
  readonly missing: Float64Array;
}

export interface CandleSeries extends CandleSymbol {
  readonly interval: Interval;
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
  /** Volumes that an import rounded to `volumeDecimals` because it was told to. */
  readonly roundedVolumes: number;
  readonly sources: readonly CandleSource[];
  readonly columns: CandleColumns;
}

export interface GapTotals {
  readonly count: number;
  readonly missing: number;
  readonly longest: number;
}

/** The gaps between the candles of `openTime`: exact, because the grid has no holes of its own. */
export function findGaps(openTime: Float64Array, interval: Interval): Gaps {
  const step = intervalMs(interval);
  const after: number[] = [];
  const missing: number[] = [];
  let previous = openTime[0] ?? 0;
  for (let row = 1; row < openTime.length; row += 1) {
    const time = openTime[row] ?? 0;
    if (time !== previous + step) {
      after.push(previous);
      missing.push((time - previous) / step - 1);
    }
    previous = time;
  }
  return { after: Float64Array.from(after), missing: Float64Array.from(missing) };
}

export function gapTotals(gaps: Gaps): GapTotals {
  let missing = 0;
  let longest = 0;
  for (const count of gaps.missing) {
    missing += count;
    if (count > longest) longest = count;
  }
  return { count: gaps.missing.length, missing, longest };
}

/** The candles that open in `from` ≤ time < `to`, without copying. */
export function sliceColumns(columns: CandleColumns, from: TimeMs, to: TimeMs): CandleColumns {
  const first = firstRowAtOrAfter(columns.openTime, from);
  const end = Math.max(first, firstRowAtOrAfter(columns.openTime, to));
  return {
    openTime: columns.openTime.subarray(first, end),
    open: columns.open.subarray(first, end),
    high: columns.high.subarray(first, end),
    low: columns.low.subarray(first, end),
    close: columns.close.subarray(first, end),
    volume: columns.volume.subarray(first, end),
  };
}

/** The first row whose time is at least `time`; the length where there is none. */
export function firstRowAtOrAfter(openTime: Float64Array, time: TimeMs): number {
  let low = 0;
  let high = openTime.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((openTime[middle] ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
