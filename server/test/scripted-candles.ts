// SPDX-License-Identifier: Apache-2.0
// One-minute candles of a market that the test moves: a venue that knows them all, and the stream that tells each.

import type { CandleRow, PublicMarket } from '@kontor/exchange';

export const MINUTE = 60_000;

/** Candles as a venue has them: the last one is of the minute that is not over. */
export class ScriptedCandles implements Pick<PublicMarket, 'candles'> {
  readonly #rows: CandleRow[] = [];
  readonly #symbol: string;
  #told: ((symbol: string, interval: string, row: CandleRow, isClosed: boolean) => void)[] = [];

  /** Begins with closed candles of these closes; the minute after the last is running. */
  constructor(symbol: string, startTime: number, closes: readonly number[]) {
    this.#symbol = symbol;
    for (const [index, close] of closes.entries()) {
      this.#rows.push(rowOf(startTime + index * MINUTE, closes[index - 1] ?? close, close));
    }
    const last = closes.at(-1) ?? 0;
    this.#rows.push(rowOf(startTime + closes.length * MINUTE, last, last));
  }

  /** When the minute that is not over began. */
  get runningTime(): number {
    return this.#rows.at(-1)?.[0] ?? 0;
  }

  onTold(
    told: (symbol: string, interval: string, row: CandleRow, isClosed: boolean) => void,
  ): void {
    this.#told.push(told);
  }

  /** Nobody hears the stream any more. */
  forget(): void {
    this.#told = [];
  }

  /** The running minute closes at `price`, and the next begins there. Told unless `isSilent`. */
  close(price: number, isSilent = false): void {
    const running = this.#rows.pop();
    const [openTime, open] = running ?? [0, '0'];
    const closed = rowOf(openTime, Number(open), price);
    this.#rows.push(closed, rowOf(openTime + MINUTE, price, price));
    if (!isSilent) for (const told of this.#told) told(this.#symbol, '1m', closed, true);
  }

  async candles(
    _symbol: string,
    interval: string,
    page: Parameters<PublicMarket['candles']>[2],
  ): Promise<readonly CandleRow[]> {
    if (interval !== '1m') throw new Error(`this market has candles of a minute, not ${interval}`);
    const { startTime = 0, endTime = Infinity, limit } = page;
    const fit = this.#rows.filter(([time]) => time >= startTime && time <= endTime);
    return page.startTime === undefined ? fit.slice(-limit) : fit.slice(0, limit);
  }
}

function rowOf(openTime: number, open: number, close: number): CandleRow {
  const text = (price: number): string => price.toFixed(2);
  const high = Math.max(open, close);
  const low = Math.min(open, close);
  return [openTime, text(open), text(high), text(low), text(close), '1.000'];
}
