// SPDX-License-Identifier: Apache-2.0
// Candles as columns of whole numbers, and the four points through which the market walks each of them.

import type { TimeMs } from './units.ts';

/** Prices in ticks: 32 bits where they all fit, else 64. */
export type TickColumn = Int32Array | Float64Array;

/** Candles of one instrument: parallel columns of one length, times strictly increasing. */
export interface Candles {
  readonly intervalMs: number;
  readonly openTime: Float64Array;
  readonly open: TickColumn;
  readonly high: TickColumn;
  readonly low: TickColumn;
  readonly close: TickColumn;
  /** Base quantity in lots. */
  readonly volume: Float64Array;
}

/** Which extreme the market reaches first: `low-first` walks open, low, high, close. */
export type CandlePath = 'low-first' | 'high-first';

export interface PathPoint {
  readonly time: TimeMs;
  readonly priceTicks: number;
  /** Lots of the trade printed there. */
  readonly lots: number;
}

/** Points on the path of one candle. */
export const POINTS_PER_CANDLE = 4;

/**
 * The four points of candle `index`: at its open, after one and two thirds of the interval (rounded down), and
 * in its last millisecond. Each prints a quarter of the volume, rounded down; the last prints the rest.
 */
export function pathPoints(candles: Candles, index: number, path: CandlePath): PathPoint[] {
  const quarter = Math.floor((candles.volume[index] ?? 0) / POINTS_PER_CANDLE);
  const rest = (candles.volume[index] ?? 0) - quarter * (POINTS_PER_CANDLE - 1);
  return [0, 1, 2, 3].map((point) => ({
    time: pointTime(candles, index, point),
    priceTicks: pointTicks(candles, index, point, path),
    lots: point === POINTS_PER_CANDLE - 1 ? rest : quarter,
  }));
}

/** Time of point 0 to 3 of candle `index`. */
export function pointTime(candles: Candles, index: number, point: number): TimeMs {
  const open = candles.openTime[index] ?? 0;
  const { intervalMs } = candles;
  return point === POINTS_PER_CANDLE - 1
    ? open + intervalMs - 1
    : open + Math.floor((intervalMs * point) / 3);
}

/** Price of point 0 to 3 of candle `index`. */
export function pointTicks(
  candles: Candles,
  index: number,
  point: number,
  path: CandlePath,
): number {
  if (point === 0) return candles.open[index] ?? 0;
  if (point === POINTS_PER_CANDLE - 1) return candles.close[index] ?? 0;
  const isLow = (point === 1) === (path === 'low-first');
  return (isLow ? candles.low[index] : candles.high[index]) ?? 0;
}

/** What is wrong with `candles`, or null: the first row whose times or prices cannot be. */
export function candleFault(candles: Candles): string | null {
  const { openTime, open, high, low, close, volume } = candles;
  const rows = openTime.length;
  for (const column of [open, high, low, close, volume]) {
    if (column.length !== rows)
      return `expected ${rows} values in each column, found ${column.length}`;
  }
  if (!Number.isSafeInteger(candles.intervalMs) || candles.intervalMs < POINTS_PER_CANDLE) {
    return `expected an interval of at least ${POINTS_PER_CANDLE} ms, found ${candles.intervalMs}`;
  }
  let previous = -Infinity;
  for (let row = 0; row < rows; row += 1) {
    const time = openTime[row] ?? NaN;
    // The next candle may not open before this one closes: points would go back in time.
    if (!(time >= previous + candles.intervalMs))
      return `row ${row}: open time ${time} comes too early`;
    previous = time;
    const least = low[row] ?? NaN;
    const most = high[row] ?? NaN;
    const first = open[row] ?? NaN;
    const last = close[row] ?? NaN;
    if (!(least >= 1 && least <= first && least <= last && most >= first && most >= last)) {
      return `row ${row}: expected 0 < low ≤ open, close ≤ high, found ${first}, ${most}, ${least}, ${last}`;
    }
    if (!((volume[row] ?? NaN) >= 0)) return `row ${row}: volume is ${volume[row]}`;
  }
  return null;
}
