// SPDX-License-Identifier: Apache-2.0
// Candles while they are read: columns that grow, and that become finer when a value has more decimals.

import { CandleError } from './errors.ts';
import { MAX_DECIMALS, MAX_ROWS } from './candle-file.ts';
import type { CandleColumns, PriceColumn } from './candle-series.ts';
import { POWERS_OF_TEN } from './csv-rows.ts';

const FIRST_CAPACITY = 4_096;
const INT32_MAX = 2 ** 31 - 1;

/** Decimals of a column: found in the data, or given and then kept to. */
export interface DecimalsWanted {
  readonly priceDecimals: number | undefined;
  readonly volumeDecimals: number | undefined;
}

export class CandleTable {
  readonly #file: string;
  readonly #wanted: DecimalsWanted;
  rows = 0;
  openTime: Float64Array = new Float64Array(FIRST_CAPACITY);
  open: Float64Array = new Float64Array(FIRST_CAPACITY);
  high: Float64Array = new Float64Array(FIRST_CAPACITY);
  low: Float64Array = new Float64Array(FIRST_CAPACITY);
  close: Float64Array = new Float64Array(FIRST_CAPACITY);
  volume: Float64Array = new Float64Array(FIRST_CAPACITY);
  priceDecimals: number;
  volumeDecimals: number;

  constructor(file: string, wanted: DecimalsWanted) {
    this.#file = file;
    this.#wanted = wanted;
    this.priceDecimals = wanted.priceDecimals ?? 0;
    this.volumeDecimals = wanted.volumeDecimals ?? 0;
  }

  /** Makes the price columns fine enough for `decimals`. */
  needPriceDecimals(decimals: number, line: number, column: string): void {
    if (decimals > this.priceDecimals) this.#refinePrices(decimals, line, column);
  }

  /** Makes the volume column fine enough for `decimals`. */
  needVolumeDecimals(decimals: number, line: number, column: string): void {
    if (decimals > this.volumeDecimals) this.#refineVolumes(decimals, line, column);
  }

  /** A price in units of 10^-priceDecimals, once the columns are fine enough. */
  price(mantissa: number, decimals: number, line: number, column: string): number {
    const value = mantissa * (POWERS_OF_TEN[this.priceDecimals - decimals] ?? NaN);
    if (value > Number.MAX_SAFE_INTEGER) this.#refuseSize(line, column);
    return value;
  }

  /** A volume in units of 10^-volumeDecimals, as `price`. */
  volumeOf(mantissa: number, decimals: number, line: number, column: string): number {
    const value = mantissa * (POWERS_OF_TEN[this.volumeDecimals - decimals] ?? NaN);
    if (value > Number.MAX_SAFE_INTEGER) this.#refuseSize(line, column);
    return value;
  }

  /** Adds an empty row and returns its number; the caller fills the columns. */
  add(line: number): number {
    if (this.rows === MAX_ROWS) {
      throw new CandleError(
        'SOURCE_TOO_LARGE',
        { file: this.#file, line },
        `expected at most ${MAX_ROWS} candles, found more; import a shorter period`,
      );
    }
    if (this.rows === this.openTime.length) this.#grow();
    this.rows += 1;
    return this.rows - 1;
  }

  /** The columns cut to length, prices in 32 bits where all of them fit. */
  columns(): CandleColumns {
    const { rows } = this;
    let highest = 0;
    for (let row = 0; row < rows; row += 1) highest = Math.max(highest, this.high[row] ?? 0);
    const prices = (column: Float64Array): PriceColumn =>
      highest <= INT32_MAX ? Int32Array.from(column.subarray(0, rows)) : column.slice(0, rows);
    return {
      openTime: this.openTime.slice(0, rows),
      open: prices(this.open),
      high: prices(this.high),
      low: prices(this.low),
      close: prices(this.close),
      volume: this.volume.slice(0, rows),
    };
  }

  #refinePrices(decimals: number, line: number, column: string): void {
    this.#checkDecimals(decimals, this.#wanted.priceDecimals, line, column);
    const factor = 10 ** (decimals - this.priceDecimals);
    const isFitting =
      multiply(this.open, this.rows, factor) &&
      multiply(this.high, this.rows, factor) &&
      multiply(this.low, this.rows, factor) &&
      multiply(this.close, this.rows, factor);
    if (!isFitting) this.#refuseSize(line, column);
    this.priceDecimals = decimals;
  }

  #refineVolumes(decimals: number, line: number, column: string): void {
    this.#checkDecimals(decimals, this.#wanted.volumeDecimals, line, column);
    if (!multiply(this.volume, this.rows, 10 ** (decimals - this.volumeDecimals))) {
      this.#refuseSize(line, column);
    }
    this.volumeDecimals = decimals;
  }

  #checkDecimals(decimals: number, wanted: number | undefined, line: number, column: string): void {
    const most = wanted ?? MAX_DECIMALS;
    if (decimals <= most) return;
    throw new CandleError(
      'VALUE_WRONG',
      { file: this.#file, line, column },
      `expected at most ${most} decimals, found ${decimals}`,
    );
  }

  #refuseSize(line: number, column: string): never {
    throw new CandleError(
      'VALUE_WRONG',
      { file: this.#file, line, column },
      `expected all values in whole units of one step below 2^53, found one that is too large for the finest step in the file`,
    );
  }

  #grow(): void {
    const capacity = Math.min(this.openTime.length * 2, MAX_ROWS);
    const grown = (column: Float64Array): Float64Array => {
      const larger = new Float64Array(capacity);
      larger.set(column);
      return larger;
    };
    this.openTime = grown(this.openTime);
    this.open = grown(this.open);
    this.high = grown(this.high);
    this.low = grown(this.low);
    this.close = grown(this.close);
    this.volume = grown(this.volume);
  }
}

/** False where a product would leave the whole numbers; the column is then of no further use. */
export function multiply(column: Float64Array, rows: number, factor: number): boolean {
  for (let row = 0; row < rows; row += 1) {
    const product = (column[row] ?? 0) * factor;
    if (product > Number.MAX_SAFE_INTEGER) return false;
    column[row] = product;
  }
  return true;
}
