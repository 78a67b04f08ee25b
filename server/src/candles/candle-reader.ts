// SPDX-License-Identifier: Apache-2.0
// Reads rows that are candles, and checks that each one is possible and in its place.

import { gapText } from './time-text.ts';
import type { CandleSymbol } from './candle-series.ts';
import type { CandleLayout } from './csv-layout.ts';
import { shownField } from './csv-rows.ts';
import { CandleError } from './errors.ts';
import { candleOpenTime, intervalMs, intervalOfLength, type Interval } from './interval.ts';
import type { RowReader } from './row-reader.ts';

/** So many candles and never two next to each other: the interval given is not the file's. */
const ROWS_THAT_SHOW_THE_STEP = 100;
const MAX_PAIRS_NAMED = 5;

export class CandleReader {
  readonly #reader: RowReader;
  readonly #layout: CandleLayout;
  readonly #symbol: CandleSymbol;
  #interval: Interval | undefined;
  #previousTime = -Infinity;
  #smallestStep = Infinity;
  /** Row numbers from which on lines run ahead of rows by another count, and those lines. */
  readonly #lineAtRow: { readonly row: number; readonly line: number }[] = [];
  #lastLine = -1;
  readonly #otherPairs = new Set<string>();
  #pairBytes = new Uint8Array(0);

  constructor(
    reader: RowReader,
    layout: CandleLayout,
    symbol: CandleSymbol,
    interval: Interval | undefined,
  ) {
    this.#reader = reader;
    this.#layout = layout;
    this.#symbol = symbol;
    this.#interval = interval;
  }

  readRow(): void {
    const reader = this.#reader;
    const layout = this.#layout;
    const { rows, decimal, table } = reader;
    reader.checkFieldCount(layout.fields);
    if (layout.pair >= 0 && !this.#isOurPair(layout.pair)) return;
    const { line } = rows;
    const stamp = reader.time(layout.openTime, 'open_time');
    const time = stamp / reader.unitsPerMs;
    if (layout.closeTime >= 0) this.#checkCloseTime(stamp);
    this.#checkTime(time);
    reader.readPrice(layout.open, 'open');
    const openMantissa = decimal.mantissa;
    const openDecimals = decimal.decimals;
    reader.readPrice(layout.high, 'high');
    const highMantissa = decimal.mantissa;
    const highDecimals = decimal.decimals;
    reader.readPrice(layout.low, 'low');
    const lowMantissa = decimal.mantissa;
    const lowDecimals = decimal.decimals;
    reader.readPrice(layout.close, 'close');
    const open = table.price(openMantissa, openDecimals, line, 'open');
    const high = table.price(highMantissa, highDecimals, line, 'high');
    const low = table.price(lowMantissa, lowDecimals, line, 'low');
    const close = table.price(decimal.mantissa, decimal.decimals, line, 'close');
    if (high < low || high < open || high < close)
      this.#refuseRange('high', 'at least', layout.high);
    if (low > open || low > close) this.#refuseRange('low', 'at most', layout.low);
    const volume = reader.volume(layout.volume, 'volume');
    const row = table.add(line);
    table.openTime[row] = time;
    table.open[row] = open;
    table.high[row] = high;
    table.low[row] = low;
    table.close[row] = close;
    table.volume[row] = volume;
    if (line !== this.#lastLine + 1) this.#lineAtRow.push({ row, line });
    this.#lastLine = line;
  }

  /** After the last row: the interval, given or found, with every candle on its grid. */
  finish(): Interval {
    const { table, file } = this.#reader;
    if (table.rows === 0) this.#refuseEmpty();
    const interval = this.#interval ?? this.#smallestInterval();
    if (this.#interval === undefined) {
      for (let row = 0; row < table.rows; row += 1) {
        const time = table.openTime[row] ?? 0;
        if (candleOpenTime(interval, time) !== time) {
          throw new CandleError(
            'VALUE_WRONG',
            { file, line: this.#lineOf(row), column: 'open_time' },
            `expected a time at which a ${interval} candle opens, found ${time}; if the candles are of another length, give --interval`,
          );
        }
      }
    }
    const isCoarser = this.#layout.closeTime < 0 && this.#smallestStep > intervalMs(interval);
    if (isCoarser && table.rows >= ROWS_THAT_SHOW_THE_STEP) {
      throw new CandleError(
        'VALUE_WRONG',
        { file, column: 'open_time' },
        `expected ${interval} candles, found the closest two of ${table.rows} candles ${gapText(this.#smallestStep)} apart`,
      );
    }
    return interval;
  }

  #checkTime(time: number): void {
    const reader = this.#reader;
    if (time <= this.#previousTime) {
      reader.refuseOrder(
        'open_time',
        time === this.#previousTime
          ? `expected each candle once, found a second one of ${time}`
          : `expected times that rise, found ${time} after ${this.#previousTime}`,
      );
    }
    if (this.#interval !== undefined && candleOpenTime(this.#interval, time) !== time) {
      reader.refuse(
        'open_time',
        `expected a time at which a ${this.#interval} candle opens, found ${shownField(reader.rows, this.#layout.openTime)}`,
      );
    }
    const step = time - this.#previousTime;
    if (step < this.#smallestStep) this.#smallestStep = step;
    this.#previousTime = time;
  }

  /** A kline's close time is the last unit before the next candle, so it gives the interval. */
  #checkCloseTime(openStamp: number): void {
    const reader = this.#reader;
    const closeStamp = reader.time(this.#layout.closeTime, 'close_time');
    const length = (closeStamp + 1 - openStamp) / reader.unitsPerMs;
    if (this.#interval === undefined) this.#interval = intervalOfLength(length);
    if (this.#interval === undefined || intervalMs(this.#interval) !== length) {
      const expected = this.#interval ?? 'a known interval';
      reader.refuse(
        'close_time',
        `expected ${expected} after open_time less one unit of time, found ${shownField(reader.rows, this.#layout.closeTime)}`,
      );
    }
  }

  #isOurPair(field: number): boolean {
    const { rows } = this.#reader;
    const from = rows.start[field] ?? 0;
    const length = (rows.end[field] ?? 0) - from;
    if (length === this.#pairBytes.length && length > 0) {
      let at = 0;
      while (at < length && rows.bytes[from + at] === this.#pairBytes[at]) at += 1;
      if (at === length) return true;
    }
    const pair = rows.text(field);
    if (pair.replace(/[/_-]/, '') === this.#symbol.symbol) {
      this.#pairBytes = new Uint8Array(Buffer.from(pair, 'utf8'));
      return true;
    }
    if (this.#otherPairs.size < MAX_PAIRS_NAMED) this.#otherPairs.add(pair);
    return false;
  }

  #smallestInterval(): Interval {
    const { table, file } = this.#reader;
    const found = intervalOfLength(this.#smallestStep);
    if (found !== undefined) return found;
    const detail =
      table.rows === 1
        ? 'one candle does not show its length'
        : `the closest candles lie ${gapText(this.#smallestStep)} apart, which is no candle length`;
    throw new CandleError('INTERVAL_NEEDED', { file }, `${detail}; give --interval`);
  }

  #lineOf(row: number): number {
    const anchor = this.#lineAtRow.findLast((entry) => entry.row <= row);
    return anchor === undefined ? row + 1 : anchor.line + (row - anchor.row);
  }

  #refuseRange(column: 'high' | 'low', bound: string, field: number): never {
    const { rows } = this.#reader;
    const layout = this.#layout;
    const others = [layout.open, column === 'high' ? layout.low : layout.high, layout.close];
    return this.#reader.refuse(
      column,
      `expected ${bound} open, ${column === 'high' ? 'low' : 'high'} and close (${others.map((other) => rows.text(other)).join(', ')}), found ${shownField(rows, field)}`,
    );
  }

  #refuseEmpty(): never {
    const { file } = this.#reader;
    if (this.#otherPairs.size === 0) {
      throw new CandleError('SOURCE_EMPTY', { file }, 'expected candles, found none');
    }
    throw new CandleError(
      'SYMBOL_NEEDED',
      { file, column: 'pair' },
      `expected candles of ${this.#symbol.symbol}, found others: ${[...this.#otherPairs].join(', ')} …; give --symbol`,
    );
  }
}
