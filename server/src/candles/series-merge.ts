// SPDX-License-Identifier: Apache-2.0
// Joins candles of the same symbol and interval. Where both have a candle, the two must be the same.

import { formatDecimal, trimDecimal } from '@kontor/core';

import { MAX_ROWS } from './candle-file.ts';
import type { CandleColumns, CandleSeries, CandleSource, PriceColumn } from './candle-series.ts';
import { multiply } from './candle-table.ts';
import { CandleError } from './errors.ts';
import { timeText } from './time-text.ts';

const INT32_MAX = 2 ** 31 - 1;

/** One side of a merge, and what to call it in a message. */
export interface MergeSide {
  readonly series: CandleSeries;
  readonly label: string;
}

/**
 * All candles of both sides. Throws `CandleError` OVERLAP_DIFFERS naming the first candle and value in which they
 * differ. Decimals become those of the finer side.
 */
export function mergeSeries(left: MergeSide, right: MergeSide): CandleSeries {
  const priceDecimals = Math.max(left.series.priceDecimals, right.series.priceDecimals);
  const volumeDecimals = Math.max(left.series.volumeDecimals, right.series.volumeDecimals);
  const a = atDecimals(left, priceDecimals, volumeDecimals);
  const b = atDecimals(right, priceDecimals, volumeDecimals);
  const pick = pickRows(a, b, (row, otherRow) => {
    checkEqual({ left, right, a, b, row, otherRow, priceDecimals, volumeDecimals });
  });
  if (pick.length > MAX_ROWS) {
    throw new CandleError(
      'SOURCE_TOO_LARGE',
      { file: right.label },
      `expected at most ${MAX_ROWS} candles of one symbol and interval, found ${pick.length} with those already there`,
    );
  }
  const { series } = right;
  return {
    ...left.series,
    priceDecimals,
    volumeDecimals,
    roundedVolumes: left.series.roundedVolumes + series.roundedVolumes,
    sources: mergeSources(left.series.sources, series.sources),
    columns: gather(a, b, pick),
  };
}

/** Each source once, in the order of their names, so that the order of imports leaves no trace. */
export function mergeSources(
  left: readonly CandleSource[],
  right: readonly CandleSource[],
): readonly CandleSource[] {
  const known = new Set(left.map((source) => source.sha256));
  const added = right.filter((source) => !known.has(source.sha256));
  return [...left, ...added].toSorted((one, other) => {
    const a = `${one.name} ${one.sha256}`;
    const b = `${other.name} ${other.sha256}`;
    return a < b ? -1 : a > b ? 1 : 0;
  });
}

/** For each row of the result: the row of `a`, or −1 − the row of `b`. */
function pickRows(
  a: CandleColumns,
  b: CandleColumns,
  onBoth: (row: number, otherRow: number) => void,
): Int32Array {
  const pick = new Int32Array(a.openTime.length + b.openTime.length);
  let count = 0;
  let row = 0;
  let otherRow = 0;
  while (row < a.openTime.length || otherRow < b.openTime.length) {
    const time = a.openTime[row] ?? Infinity;
    const otherTime = b.openTime[otherRow] ?? Infinity;
    if (time <= otherTime) {
      if (time === otherTime) {
        onBoth(row, otherRow);
        otherRow += 1;
      }
      pick[count] = row;
      row += 1;
    } else {
      pick[count] = -1 - otherRow;
      otherRow += 1;
    }
    count += 1;
  }
  return pick.subarray(0, count);
}

interface Comparison {
  readonly left: MergeSide;
  readonly right: MergeSide;
  readonly a: CandleColumns;
  readonly b: CandleColumns;
  readonly row: number;
  readonly otherRow: number;
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
}

function checkEqual(comparison: Comparison): void {
  const { a, b, row, otherRow } = comparison;
  if (
    a.open[row] === b.open[otherRow] &&
    a.high[row] === b.high[otherRow] &&
    a.low[row] === b.low[otherRow] &&
    a.close[row] === b.close[otherRow] &&
    a.volume[row] === b.volume[otherRow]
  ) {
    return;
  }
  for (const column of ['open', 'high', 'low', 'close', 'volume'] as const) {
    const value = a[column][row] ?? 0;
    const otherValue = b[column][otherRow] ?? 0;
    if (value === otherValue) continue;
    const decimals = column === 'volume' ? comparison.volumeDecimals : comparison.priceDecimals;
    const text = (units: number): string => trimDecimal(formatDecimal(BigInt(units), decimals));
    throw new CandleError(
      'OVERLAP_DIFFERS',
      { file: comparison.right.label, column },
      `expected the candle of ${timeText(a.openTime[row] ?? 0)} to be as in ${comparison.left.label} (${text(value)}), found ${text(otherValue)}; nothing was changed`,
    );
  }
}

/** `side` in finer units, as columns of its own where that changes them. */
export function atDecimals(
  side: MergeSide,
  priceDecimals: number,
  volumeDecimals: number,
): CandleColumns {
  const { columns, priceDecimals: prices, volumeDecimals: volumes } = side.series;
  const scaled = <Column extends PriceColumn>(
    column: Column,
    decimals: number,
  ): Column | Float64Array => {
    if (decimals === 0) return column;
    const copy = Float64Array.from(column);
    if (!multiply(copy, copy.length, 10 ** decimals)) {
      throw new CandleError(
        'VALUE_WRONG',
        { file: side.label },
        `expected values below 2^53 units at ${priceDecimals} price and ${volumeDecimals} volume decimals, found larger ones; import with fewer decimals`,
      );
    }
    return copy;
  };
  return {
    openTime: columns.openTime,
    open: scaled(columns.open, priceDecimals - prices),
    high: scaled(columns.high, priceDecimals - prices),
    low: scaled(columns.low, priceDecimals - prices),
    close: scaled(columns.close, priceDecimals - prices),
    volume: scaled(columns.volume, volumeDecimals - volumes),
  };
}

function gather(a: CandleColumns, b: CandleColumns, pick: Int32Array): CandleColumns {
  const column = (of: PriceColumn, other: PriceColumn): Float64Array => {
    const values = new Float64Array(pick.length);
    for (let row = 0; row < pick.length; row += 1) {
      const from = pick[row] ?? 0;
      values[row] = (from >= 0 ? of[from] : other[-1 - from]) ?? 0;
    }
    return values;
  };
  const high = column(a.high, b.high);
  const isNarrow = high.every((price) => price <= INT32_MAX);
  const prices = (values: Float64Array): PriceColumn =>
    isNarrow ? Int32Array.from(values) : values;
  return {
    openTime: column(a.openTime, b.openTime),
    open: prices(column(a.open, b.open)),
    high: prices(high),
    low: prices(column(a.low, b.low)),
    close: prices(column(a.close, b.close)),
    volume: column(a.volume, b.volume),
  };
}
