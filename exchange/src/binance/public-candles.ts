// SPDX-License-Identifier: Apache-2.0
// Binance Spot's candles: pages of history over REST, and candles as the kline stream tells them.

import { VenueError, type CandlePage, type CandleRow } from '../port.ts';
import type { PublicRest } from './public-rest.ts';

/** Rows of one answer. */
export const CANDLES_PER_PAGE = 1_000;
const KLINES_WEIGHT = 2;

/** Reads one page of candles; the last row may be of a window that is not over. */
export async function readCandlePage(
  rest: PublicRest,
  symbol: string,
  interval: string,
  page: CandlePage,
): Promise<readonly CandleRow[]> {
  const query = new URLSearchParams({ symbol, interval, limit: String(page.limit) });
  if (page.startTime !== undefined) query.set('startTime', String(page.startTime));
  if (page.endTime !== undefined) query.set('endTime', String(page.endTime));
  const rows = await rest.get(`/api/v3/klines?${query.toString()}`, {
    weight: KLINES_WEIGHT,
    haste: page.haste,
  });
  if (!Array.isArray(rows)) throw new VenueError('unexpected', 'expected a list of klines');
  return rows.map(toCandleRow);
}

/** A row of the klines answer. */
function toCandleRow(row: unknown): CandleRow {
  if (!Array.isArray(row)) {
    throw new VenueError('unexpected', 'expected a kline row that starts with its open time');
  }
  return candleRow(row[0], row.slice(1, 6));
}

/** The candle of a kline event, and whether it is the last word on it. */
export function toStreamedCandle(kline: Readonly<Record<string, unknown>>): {
  readonly candle: CandleRow;
  readonly isClosed: boolean;
} {
  const { t, o, h, l, c, v, x } = kline;
  return { candle: candleRow(t, [o, h, l, c, v]), isClosed: x === true };
}

function candleRow(openTime: unknown, values: readonly unknown[]): CandleRow {
  if (typeof openTime !== 'number' || !Number.isSafeInteger(openTime)) {
    throw new VenueError('unexpected', 'expected a kline row that starts with its open time');
  }
  const [open = '', high = '', low = '', close = '', volume = ''] = values.map(String);
  return [openTime, open, high, low, close, volume];
}
