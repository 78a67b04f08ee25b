// SPDX-License-Identifier: Apache-2.0
// What readers of candles and of trades have in common: exact numbers, times, and errors that name the place.

import { divHalfEven } from '@kontor/core';

import type { CandleTable } from './candle-table.ts';
import { MAX_DECIMALS } from './candle-file.ts';
import { DecimalReader, readWhole, shownField, type CsvRows } from './csv-rows.ts';
import { CandleError } from './errors.ts';

/** Bitcoin's first block, and a century on: a time outside is in another unit or another column. */
const EARLIEST_MS = Date.UTC(2009, 0, 3);
const LATEST_MS = Date.UTC(2100, 0, 1);
/** Times of this many units and more are microseconds, as in Binance's spot archives since 2025. */
const FIRST_MICROSECOND = 1e14;

export interface VolumeRounding {
  /** Round volumes to the given decimals instead of refusing finer ones. */
  readonly roundVolumes: boolean;
  readonly volumeDecimals: number | undefined;
}

export class RowReader {
  readonly rows: CsvRows;
  readonly table: CandleTable;
  readonly file: string;
  readonly decimal: DecimalReader = new DecimalReader();
  readonly #rounding: VolumeRounding;
  /** 1 where times are milliseconds, 1000 where they are microseconds, 0 before the first row. */
  unitsPerMs = 0;
  roundedVolumes = 0;

  constructor(rows: CsvRows, table: CandleTable, file: string, rounding: VolumeRounding) {
    this.rows = rows;
    this.table = table;
    this.file = file;
    this.#rounding = rounding;
  }

  /** A time in the file's own unit, which its first row sets. */
  time(field: number, column: string): number {
    const { rows } = this;
    const value = readWhole(rows.bytes, rows.start[field] ?? 0, rows.end[field] ?? 0);
    const unitsPerMs = value >= FIRST_MICROSECOND ? 1000 : 1;
    if (this.unitsPerMs === 0) this.unitsPerMs = unitsPerMs;
    const milliseconds = value / this.unitsPerMs;
    if (milliseconds < EARLIEST_MS || milliseconds >= LATEST_MS || unitsPerMs !== this.unitsPerMs) {
      this.refuse(
        column,
        `expected a time in ${this.unitsPerMs === 1 ? 'milliseconds' : 'microseconds'} since 1970, of the years 2009 to 2099, found ${shownField(rows, field)}`,
      );
    }
    return value;
  }

  /** Reads a price into `decimal` and makes the table fine enough for it. */
  readPrice(field: number, column: string): void {
    const { rows, decimal } = this;
    const kind = decimal.read(rows.bytes, rows.start[field] ?? 0, rows.end[field] ?? 0);
    if (kind !== 'exact' || decimal.mantissa === 0) {
      this.#refuseNumber(field, column, kind, 'a price above 0');
    }
    this.table.needPriceDecimals(decimal.decimals, rows.line, column);
  }

  /** A volume in the table's units. */
  volume(field: number, column: string): number {
    const { rows, decimal, table } = this;
    const kind = decimal.read(rows.bytes, rows.start[field] ?? 0, rows.end[field] ?? 0);
    if (kind === 'none') this.#refuseNumber(field, column, kind, 'a volume of at least 0');
    const wanted = this.#rounding.volumeDecimals;
    if (this.#rounding.roundVolumes && wanted !== undefined && decimal.decimals > wanted) {
      const exact = kind === 'long' ? decimal.longMantissa : BigInt(decimal.mantissa);
      this.roundedVolumes += 1;
      return Number(divHalfEven(exact, 10n ** BigInt(decimal.decimals - wanted)));
    }
    if (kind === 'long') this.#refuseNumber(field, column, kind, 'a volume of at least 0');
    table.needVolumeDecimals(decimal.decimals, rows.line, column);
    return table.volumeOf(decimal.mantissa, decimal.decimals, rows.line, column);
  }

  checkFieldCount(expected: number): void {
    if (this.rows.count === expected) return;
    throw new CandleError(
      'VALUE_WRONG',
      { file: this.file, line: this.rows.line },
      `expected ${expected} columns as in the first line, found ${this.rows.count}`,
    );
  }

  refuse(column: string, detail: string): never {
    throw new CandleError('VALUE_WRONG', { file: this.file, line: this.rows.line, column }, detail);
  }

  refuseOrder(column: string, detail: string): never {
    throw new CandleError('TIME_ORDER', { file: this.file, line: this.rows.line, column }, detail);
  }

  #refuseNumber(
    field: number,
    column: string,
    kind: 'exact' | 'long' | 'none',
    expected: string,
  ): never {
    const found = shownField(this.rows, field);
    if (kind !== 'long') this.refuse(column, `expected ${expected}, found ${found}`);
    const advice =
      column === 'volume' || column === 'quantity'
        ? '; to round volumes, import with --volume-decimals and --round-volumes'
        : '';
    this.refuse(
      column,
      `expected ${expected} with at most ${MAX_DECIMALS} digits that count, found ${found}${advice}`,
    );
  }
}
