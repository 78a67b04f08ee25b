// SPDX-License-Identifier: Apache-2.0
// The past of a followed market: closed candles of every interval to begin with, and older ones on demand.

import type { KlineRange, SimulatorInstrument } from '../ports.ts';
import { mergeCandle, type Candle } from './candle-series.ts';
import { parseKline } from './follow-parse.ts';
import type { FollowRest } from './follow-rest.ts';
import { DAY_MS, HOUR_MS, INTERVALS, MINUTE_MS, windowStart, type Interval } from './intervals.ts';
import { saveCandle, type SavedTape } from './tape.ts';

/** Rows of one answer. */
export const KLINES_PER_PAGE = 1_000;
/** Candles of the larger intervals that are read at the start. */
const LARGER_CANDLES = 500;
/** A candle that closed less than this ago may still change. */
const SETTLED_MS = 2_000;

const LARGER: readonly Interval[] = INTERVALS.filter(
  (interval) => interval !== '1s' && interval !== '1m',
);

/** A market's past up to `coveredToMs`, the start of a minute: what trades later is not in it. */
export interface LoadedPast {
  readonly tape: SavedTape;
  readonly coveredToMs: number;
}

/** The last minute that is over for good at `serverMs`. */
export function settledMinute(serverMs: number): number {
  return windowStart('1m', serverMs - SETTLED_MS);
}

/** Reads closed candles: `minutes` of one minute, and hundreds of every larger interval. */
export async function loadPast(
  rest: FollowRest,
  instrument: SimulatorInstrument,
  options: { readonly coveredToMs: number; readonly minutes: number },
): Promise<LoadedPast> {
  const { coveredToMs } = options;
  const [minuteRows, ...largerRows] = await Promise.all([
    loadMinutes(rest, instrument, options),
    ...LARGER.map((interval) =>
      loadClosed(rest, instrument, interval, coveredToMs, LARGER_CANDLES),
    ),
  ]);
  const minutes = minuteRows.flatMap(({ candle }) => candle ?? []);
  const closed = new Map<Interval, readonly Candle[]>([
    ['1m', minutes],
    ...LARGER.map(
      (interval, index) =>
        [interval, (largerRows[index] ?? []).flatMap(({ candle }) => candle ?? [])] as const,
    ),
  ]);
  const candles = INTERVALS.map((interval) => {
    const known = closed.get(interval) ?? [];
    const running = interval === '1s' ? undefined : runningWindow(interval, coveredToMs, closed);
    const series = running === undefined ? known : [...known, running];
    return [interval, series.map(saveCandle)] as const;
  });
  const last = minutes.at(-1) ?? closed.get('1M')?.at(-1);
  return {
    coveredToMs,
    tape: {
      candles,
      isMinuteRunning: false,
      sessions: sessionsOf(minuteRows, largerRows, coveredToMs),
      trades: [],
      aggregates: [],
      nextAggregateId: 1,
      last: [last?.close ?? 0, 0, coveredToMs - 1],
    },
  };
}

interface Row {
  readonly openMs: number;
  readonly closeMs: number;
  readonly candle: Candle | null;
}

/** Closed one-minute candles before `toMs`, from `fromMs` on or the last `limit` of them, in pages. */
async function loadMinutes(
  rest: FollowRest,
  instrument: SimulatorInstrument,
  options: { readonly coveredToMs: number; readonly minutes: number },
): Promise<readonly Row[]> {
  let rows: readonly Row[] = [];
  let beforeMs = options.coveredToMs;
  while (rows.length < options.minutes) {
    const limit = Math.min(KLINES_PER_PAGE, options.minutes - rows.length);
    const page = await loadClosed(rest, instrument, '1m', beforeMs, limit);
    const first = page[0];
    if (first === undefined || first.openMs >= beforeMs) break;
    rows = [...page, ...rows];
    beforeMs = first.openMs;
    if (page.length < limit) break;
  }
  return rows;
}

async function loadClosed(
  rest: FollowRest,
  instrument: SimulatorInstrument,
  interval: Interval,
  beforeMs: number,
  limit: number,
): Promise<readonly Row[]> {
  // The running window comes along and is left out.
  const rows = await rest.klines(instrument.symbol, interval, {
    endTime: beforeMs - 1,
    limit: Math.min(KLINES_PER_PAGE, limit + (interval === '1m' ? 0 : 1)),
  });
  return rows.map((row) => parseKline(instrument, row)).filter(({ closeMs }) => closeMs < beforeMs);
}

/** What of the window that holds `nowMs` is over, put together from the largest closed candles inside it. */
function runningWindow(
  interval: Interval,
  nowMs: number,
  closed: ReadonlyMap<Interval, readonly Candle[]>,
): Candle | undefined {
  const startMs = windowStart(interval, nowMs);
  let sum: Candle | undefined;
  for (let atMs = startMs; atMs < nowMs;) {
    const [tile, lengthMs] = largestTile(atMs, nowMs);
    const openMs = atMs;
    const part = closed.get(tile)?.findLast((candle) => candle.openMs === openMs);
    atMs += lengthMs;
    if (part === undefined) continue;
    if (sum === undefined) sum = { ...part, openMs: startMs };
    else mergeCandle(sum, part);
  }
  return sum;
}

function largestTile(atMs: number, untilMs: number): readonly [Interval, number] {
  if (atMs % DAY_MS === 0 && atMs + DAY_MS <= untilMs) return ['1d', DAY_MS];
  if (atMs % HOUR_MS === 0 && atMs + HOUR_MS <= untilMs) return ['1h', HOUR_MS];
  return ['1m', MINUTE_MS];
}

/** When the market was open: minutes that the exchange has no candle of are holes. */
function sessionsOf(
  minutes: readonly Row[],
  larger: readonly (readonly Row[])[],
  toMs: number,
): SavedTape['sessions'] {
  const firstMinuteMs = minutes[0]?.openMs ?? toMs;
  const firstMs = Math.min(firstMinuteMs, ...larger.map((rows) => rows[0]?.openMs ?? toMs));
  const sessions: [number, number, number][] = [];
  let fromMs = firstMs;
  let nextMs = firstMinuteMs;
  for (const { openMs } of minutes) {
    if (openMs > nextMs) {
      sessions.push([fromMs, nextMs - 1, 0]);
      fromMs = openMs;
    }
    nextMs = openMs + MINUTE_MS;
  }
  sessions.push([fromMs, Math.max(nextMs, toMs) - 1, 0]);
  return sessions;
}

type KlineRow = readonly unknown[];

/**
 * Klines of a range that reaches back before what is held: the older part is asked of the followed exchange and
 * passed on as it answered; undefined when the range needs none. `own` reads what is held, which is complete from
 * `knownFromMs` on.
 */
export function klinesWithOlder(
  rest: FollowRest,
  request: {
    readonly symbol: string;
    readonly interval: string;
    readonly timeZone: string | undefined;
    readonly range: KlineRange;
    readonly knownFromMs: number;
    readonly own: (range: KlineRange) => readonly KlineRow[];
  },
): Promise<readonly KlineRow[]> | undefined {
  const { symbol, interval, timeZone, range, knownFromMs, own } = request;
  const { startMs, endMs = Number.POSITIVE_INFINITY, limit } = range;
  const older = (part: {
    readonly startTime?: number;
    readonly limit: number;
  }): Promise<readonly KlineRow[]> =>
    rest.klines(symbol, interval, { ...part, endTime: Math.min(endMs, knownFromMs - 1) }, timeZone);
  if (startMs !== undefined) {
    if (startMs >= knownFromMs) return undefined;
    return older({ startTime: startMs, limit }).then((before) => {
      const left = limit - before.length;
      if (left <= 0 || endMs < knownFromMs) return before;
      return [...before, ...own({ ...range, startMs: knownFromMs, limit: left })];
    });
  }
  const held = own(range).filter((row) => Number(row[0]) >= knownFromMs);
  const left = limit - held.length;
  if (left <= 0) return undefined;
  return older({ limit: left }).then((before) => [...before, ...held]);
}
