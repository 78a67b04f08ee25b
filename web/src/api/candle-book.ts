// SPDX-License-Identifier: Apache-2.0
// Keeps the candles on the page running. The stream brings one-minute candles; longer ones grow by them.

import type { QueryClient } from '@tanstack/react-query';

import { INTERVAL_MS, parseInterval, type Interval } from '../chart/intervals.ts';
import { addDecimals, subtractDecimals } from '../number/decimal-sum.ts';
import { keys, mergeCandles } from './cache.ts';
import type { Batch, CandleRow } from './live.ts';
import type { Candles } from './types.ts';

/** A hole in the stream's candles makes the page read them again, but not more often than this. */
const READ_AGAIN_MS = 2_000;
const MINUTE_MS = INTERVAL_MS['1m'];
/** Minutes whose volume is remembered; older ones do not change any more. */
const MINUTES_REMEMBERED = 5;

/** Volumes of the last minutes, by open time, as they have been counted into a longer candle. */
type CountedVolumes = ReadonlyMap<number, string>;

export class CandleBook {
  readonly #client: QueryClient;
  readonly #wallMs: () => number;
  readonly #counted = new WeakMap<readonly CandleRow[], CountedVolumes>();
  readonly #askedAt = new Map<string, number>();

  constructor(client: QueryClient, wallMs: () => number) {
    this.#client = client;
    this.#wallMs = wallMs;
  }

  apply(batch: Batch['candles']): void {
    for (const [key, rows] of batch) {
      const [symbol = '', interval = ''] = key.split(' ');
      for (const query of this.#client.getQueryCache().findAll({ queryKey: ['candles', symbol] })) {
        const shown = parseInterval(query.queryKey[2]);
        if (shown === interval) this.#merge(symbol, shown, rows);
        else if (interval === '1m') this.#fold(symbol, shown, rows);
      }
    }
  }

  #merge(symbol: string, interval: Interval, rows: ReadonlyMap<number, CandleRow>): void {
    const known = this.#client.getQueryData<Candles>(keys.candles(symbol, interval));
    if (known === undefined) return;
    const last = known.candles.at(-1);
    if (last !== undefined && Math.min(...rows.keys()) > last[0] + INTERVAL_MS[interval]) {
      this.#readAgain(symbol);
    }
    this.#keep(symbol, interval, { ...known, candles: mergeCandles(known.candles, rows) });
  }

  #fold(symbol: string, interval: Interval, minutes: ReadonlyMap<number, CandleRow>): void {
    const known = this.#client.getQueryData<Candles>(keys.candles(symbol, interval));
    if (known === undefined) return;
    const counted = this.#counted.get(known.candles) ?? null;
    const folded = foldCandles(known.candles, INTERVAL_MS[interval], minutes, counted);
    this.#counted.set(folded.rows, folded.counted);
    if (folded.hasHole) this.#readAgain(symbol);
    this.#keep(symbol, interval, { ...known, candles: folded.rows });
  }

  #keep(symbol: string, interval: Interval, candles: Candles): void {
    this.#client.setQueryData<Candles>(keys.candles(symbol, interval), candles);
  }

  #readAgain(symbol: string): void {
    const now = this.#wallMs();
    if (now - (this.#askedAt.get(symbol) ?? Number.NEGATIVE_INFINITY) < READ_AGAIN_MS) return;
    this.#askedAt.set(symbol, now);
    void this.#client.invalidateQueries({ queryKey: ['candles', symbol] });
  }
}

export interface FoldedCandles {
  readonly rows: readonly CandleRow[];
  readonly counted: CountedVolumes;
  /** Whole minutes are missing between what was counted and what came. */
  readonly hasHole: boolean;
}

/**
 * `rows` of length `stepMs`, oldest first, with one-minute candles worked into the running one. `counted` is
 * what the last call for these rows answered; null for rows just read, which may hold a part of the first
 * minute already: that minute's volume counts from now on only.
 */
export function foldCandles(
  rows: readonly CandleRow[],
  stepMs: number,
  minutes: ReadonlyMap<number, CandleRow>,
  counted: CountedVolumes | null,
): FoldedCandles {
  const folded = [...rows];
  const volumes = new Map(counted);
  let hasHole = false;
  let isFirst = counted === null;
  for (const [minute, row] of [...minutes].sort(([left], [right]) => left - right)) {
    const newest = Math.max(...volumes.keys());
    if (volumes.size > 0 && minute > newest + MINUTE_MS) hasHole = true;
    const last = folded.at(-1);
    const bucket = Math.floor(minute / stepMs) * stepMs;
    if (last !== undefined && bucket < last[0]) continue;
    if (last === undefined || bucket > last[0]) {
      folded.push([bucket, row[1], row[2], row[3], row[4], row[5]]);
    } else {
      const known = volumes.get(minute) ?? (isFirst ? row[5] : '0');
      folded[folded.length - 1] = [
        bucket,
        last[1],
        Number(row[2]) > Number(last[2]) ? row[2] : last[2],
        Number(row[3]) < Number(last[3]) ? row[3] : last[3],
        row[4],
        addDecimals(last[5], subtractDecimals(row[5], known)),
      ];
    }
    isFirst = false;
    volumes.set(minute, row[5]);
    for (const old of volumes.keys()) {
      if (old < minute - MINUTES_REMEMBERED * MINUTE_MS) volumes.delete(old);
    }
  }
  return { rows: folded, counted: volumes, hasHole };
}
