// SPDX-License-Identifier: Apache-2.0
// Writes candles as CSV that an import reads back as the same candles.

import type { TimeMs } from '@kontor/core';

import { sliceColumns, type CandleSeries } from './candle-series.ts';

const ROWS_PER_CHUNK = 16_384;

export interface ExportRange {
  readonly from?: TimeMs;
  /** The first time that is left out. */
  readonly to?: TimeMs;
}

/** The candles of `series` that open in the range, as lines of text in chunks. */
export function* exportCsv(series: CandleSeries, range: ExportRange = {}): Generator<string> {
  const columns = sliceColumns(series.columns, range.from ?? 0, range.to ?? Infinity);
  const price = decimalFormatter(series.priceDecimals);
  const volume = decimalFormatter(series.volumeDecimals);
  const { openTime, open, high, low, close } = columns;
  let lines = ['open_time,open,high,low,close,volume\n'];
  for (let row = 0; row < openTime.length; row += 1) {
    lines.push(
      `${openTime[row] ?? 0},${price(open[row] ?? 0)},${price(high[row] ?? 0)},${price(low[row] ?? 0)},${price(close[row] ?? 0)},${volume(columns.volume[row] ?? 0)}\n`,
    );
    if (lines.length === ROWS_PER_CHUNK) {
      yield lines.join('');
      lines = [];
    }
  }
  yield lines.join('');
}

/** Whole units at `decimals` as decimal text without trailing zeros, exactly. */
export function decimalFormatter(decimals: number): (units: number) => string {
  const unit = 10 ** decimals;
  return (units) => {
    // The remainder of doubles is exact, and so is the quotient of what is left.
    const rest = units % unit;
    const whole = (units - rest) / unit;
    if (rest === 0) return String(whole);
    const fraction = String(rest).padStart(decimals, '0');
    let end = fraction.length;
    while (fraction.charCodeAt(end - 1) === 0x30) end -= 1;
    return `${whole}.${fraction.slice(0, end)}`;
  };
}
