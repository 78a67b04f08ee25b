// SPDX-License-Identifier: Apache-2.0
// History of candles in pages: what a chart scrolls back through and what conditions warm up on.

import { parseDecimal, type Candle, type Instrument } from '@kontor/core';
import { CANDLES_PER_PAGE, type CandleRow, type PublicMarket } from '@kontor/exchange';

/** Decimals finer than any venue's. */
const FINE_SCALE = 18;

/** Where candles are read. */
export type CandleSource = Pick<PublicMarket, 'candles'>;

/** Where in a market's history a read ends, and how far back it goes. */
export interface CandleRead {
  /** Candles wanted. */
  readonly limit: number;
  /** Only candles that open before; without it the last one is of the window that is not over. */
  readonly before?: number;
  readonly haste: 'now' | 'history';
}

/** The last `limit` candles, oldest first, in as many pages as it takes; fewer where the market is younger. */
export async function readCandles(
  source: CandleSource,
  symbol: string,
  interval: string,
  read: CandleRead,
): Promise<readonly CandleRow[]> {
  let rows: readonly CandleRow[] = [];
  let { before } = read;
  while (rows.length < read.limit) {
    const limit = Math.min(CANDLES_PER_PAGE, read.limit - rows.length);
    const page = await source.candles(symbol, interval, {
      limit,
      haste: read.haste,
      ...(before === undefined ? {} : { endTime: before - 1 }),
    });
    const first = page[0];
    if (first === undefined || (before !== undefined && first[0] >= before)) break;
    rows = [...page, ...rows];
    before = first[0];
    if (page.length < limit) break;
  }
  return rows;
}

/** All candles that open from `fromTime` on, the one of the window that is not over included, oldest first. */
export async function readCandlesFrom(
  source: CandleSource,
  symbol: string,
  interval: string,
  fromTime: number,
): Promise<readonly CandleRow[]> {
  const rows: CandleRow[] = [];
  for (let startTime = fromTime; ;) {
    const page = await source.candles(symbol, interval, {
      startTime,
      limit: CANDLES_PER_PAGE,
      haste: 'history',
    });
    const fresh = page.filter(([openTime]) => openTime >= startTime);
    rows.push(...fresh);
    const last = fresh.at(-1);
    if (last === undefined || page.length < CANDLES_PER_PAGE) return rows;
    startTime = last[0] + 1;
  }
}

/**
 * A venue's row in the instrument's ticks and lots; null when its prices cannot be. Candles from before the venue
 * changed its steps may lie between two ticks: such prices are rounded to the nearest tick, volumes down to whole
 * lots.
 */
export function toCandle(instrument: Instrument, row: CandleRow): Candle | null {
  const [openTime, openText, highText, lowText, closeText, volumeText] = row;
  const { priceScale, tickUnits, quantityScale, lotUnits } = instrument;
  const ticks = (text: string): number => toSteps(text, priceScale, tickUnits, 'nearest');
  const open = ticks(openText);
  const high = ticks(highText);
  const low = ticks(lowText);
  const close = ticks(closeText);
  const volume = toSteps(volumeText, quantityScale, lotUnits, 'down');
  const isPossible =
    low >= 1 && low <= Math.min(open, close) && high >= Math.max(open, close) && volume >= 0;
  return isPossible ? { openTime, open, high, low, close, volume } : null;
}

/** Decimal text in steps of `units` at `scale` decimals; −1 when it is none. */
function toSteps(text: string, scale: number, units: number, rounding: 'nearest' | 'down'): number {
  const parsed = parseDecimal(text, FINE_SCALE);
  if (!parsed.ok) return -1;
  const step = BigInt(units) * 10n ** BigInt(FINE_SCALE - scale);
  return Number((parsed.value + (rounding === 'nearest' ? step / 2n : 0n)) / step);
}
