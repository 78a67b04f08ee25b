// SPDX-License-Identifier: Apache-2.0
// Reads rows that are trades and builds candles from them. A period without a trade has no candle.

import type { TradeLayout } from './csv-layout.ts';
import { readWhole, shownField } from './csv-rows.ts';
import { CandleError } from './errors.ts';
import { candleOpenTime, intervalMs, type Interval } from './interval.ts';
import type { RowReader } from './row-reader.ts';

/** Where a file of trades begins and ends. */
export interface TradeRange {
  readonly firstId: number;
  readonly lastId: number;
  readonly trades: number;
  /** IDs that are not in the file though they lie between its first and its last. */
  readonly missingIds: number;
  readonly firstTime: number;
  readonly lastTime: number;
}

export class TradeReader {
  readonly #reader: RowReader;
  readonly #layout: TradeLayout;
  readonly #interval: Interval;
  #trades = 0;
  #firstId = -1;
  #lastId = -1;
  #firstStamp = 0;
  #lastStamp = -1;
  #row = -1;
  #candleEnd = -1;

  constructor(reader: RowReader, layout: TradeLayout, interval: Interval) {
    this.#reader = reader;
    this.#layout = layout;
    this.#interval = interval;
  }

  readRow(): void {
    const reader = this.#reader;
    const layout = this.#layout;
    const { rows, decimal, table } = reader;
    reader.checkFieldCount(layout.fields);
    const stamp = reader.time(layout.time, 'time');
    const at = layout.tradeId;
    const tradeId = readWhole(rows.bytes, rows.start[at] ?? 0, rows.end[at] ?? 0);
    this.#checkOrder(stamp, tradeId);
    reader.readPrice(layout.price, 'price');
    const { mantissa, decimals } = decimal;
    const quantity = reader.volume(layout.quantity, 'quantity');
    if (quantity === 0 && decimal.mantissa === 0) {
      reader.refuse('quantity', `expected more than 0, found ${shownField(rows, layout.quantity)}`);
    }
    const price = table.price(mantissa, decimals, rows.line, 'price');
    const time = Math.floor(stamp / reader.unitsPerMs);
    if (time >= this.#candleEnd) this.#openCandle(time, price);
    const row = this.#row;
    if (price > (table.high[row] ?? 0)) table.high[row] = price;
    if (price < (table.low[row] ?? 0)) table.low[row] = price;
    table.close[row] = price;
    const volume = (table.volume[row] ?? 0) + quantity;
    if (volume > Number.MAX_SAFE_INTEGER) {
      reader.refuse('quantity', 'expected a volume below 2^53 units in one candle, found more');
    }
    table.volume[row] = volume;
  }

  finish(): TradeRange {
    const { file, unitsPerMs } = this.#reader;
    if (this.#trades === 0) {
      throw new CandleError('SOURCE_EMPTY', { file }, 'expected trades, found none');
    }
    return {
      firstId: this.#firstId,
      lastId: this.#lastId,
      trades: this.#trades,
      missingIds: this.#lastId - this.#firstId + 1 - this.#trades,
      firstTime: Math.floor(this.#firstStamp / unitsPerMs),
      lastTime: Math.floor(this.#lastStamp / unitsPerMs),
    };
  }

  #checkOrder(stamp: number, tradeId: number): void {
    const reader = this.#reader;
    if (tradeId < 0) {
      reader.refuse(
        'id',
        `expected a whole number, found ${shownField(reader.rows, this.#layout.tradeId)}`,
      );
    }
    if (tradeId <= this.#lastId) {
      reader.refuseOrder('id', `expected IDs that rise, found ${tradeId} after ${this.#lastId}`);
    }
    if (stamp < this.#lastStamp) {
      reader.refuseOrder(
        'time',
        `expected times that do not fall, found ${stamp} after ${this.#lastStamp}`,
      );
    }
    if (this.#trades === 0) {
      this.#firstId = tradeId;
      this.#firstStamp = stamp;
    }
    this.#trades += 1;
    this.#lastId = tradeId;
    this.#lastStamp = stamp;
  }

  #openCandle(time: number, price: number): void {
    const { table, rows } = this.#reader;
    const openTime = candleOpenTime(this.#interval, time);
    const row = table.add(rows.line);
    table.openTime[row] = openTime;
    table.open[row] = price;
    table.high[row] = price;
    table.low[row] = price;
    table.close[row] = price;
    table.volume[row] = 0;
    this.#row = row;
    this.#candleEnd = openTime + intervalMs(this.#interval);
  }
}
