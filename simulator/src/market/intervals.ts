// SPDX-License-Identifier: Apache-2.0
// Candle intervals of Binance and where their windows begin and end, in UTC or shifted by a time zone.

export const INTERVALS = [
  '1s',
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const;

export type Interval = (typeof INTERVALS)[number];

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** Lengths; a month has none. */
const LENGTH_MS: Readonly<Record<Exclude<Interval, '1M'>, number>> = {
  '1s': SECOND_MS,
  '1m': MINUTE_MS,
  '3m': 3 * MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '30m': 30 * MINUTE_MS,
  '1h': HOUR_MS,
  '2h': 2 * HOUR_MS,
  '4h': 4 * HOUR_MS,
  '6h': 6 * HOUR_MS,
  '8h': 8 * HOUR_MS,
  '12h': 12 * HOUR_MS,
  '1d': DAY_MS,
  '3d': 3 * DAY_MS,
  '1w': 7 * DAY_MS,
};

/** 1970 began on a Thursday; weeks begin on Monday. */
const MONDAY_MS = 4 * DAY_MS;

export function isInterval(text: string): text is Interval {
  return INTERVALS.some((interval) => interval === text);
}

/** Where the window that holds `ms` begins, in the time zone `offsetMs` ahead of UTC. */
export function windowStart(interval: Interval, ms: number, offsetMs = 0): number {
  const local = ms + offsetMs;
  if (interval === '1M') {
    const date = new Date(local);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1) - offsetMs;
  }
  const length = LENGTH_MS[interval];
  const origin = interval === '1w' ? MONDAY_MS : 0;
  return Math.floor((local - origin) / length) * length + origin - offsetMs;
}

/** Where the window that begins at `startMs` ends: the first moment of the next. */
export function windowEnd(interval: Interval, startMs: number, offsetMs = 0): number {
  if (interval !== '1M') return startMs + LENGTH_MS[interval];
  const date = new Date(startMs + offsetMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1) - offsetMs;
}

/** `offsetMs` as it matters to `interval`: 0 where the windows lie as in UTC. */
export function effectiveOffset(interval: Interval, offsetMs: number): number {
  if (interval === '1M' || interval === '1w' || interval === '3d' || interval === '1d') {
    return offsetMs;
  }
  return offsetMs % LENGTH_MS[interval] === 0 ? 0 : offsetMs;
}

/** The largest interval whose UTC windows tile those of every larger interval shifted by `offsetMs`. */
export function tileOf(offsetMs: number): Interval {
  for (const interval of ['1h', '30m', '15m', '5m', '3m'] as const) {
    if (offsetMs % LENGTH_MS[interval] === 0) return interval;
  }
  return '1m';
}

/** `interval`, or `interval@+08:00`, as a stream names it; also `interval@5:45` and `interval@-3`. */
export function parseIntervalName(
  name: string,
): { readonly interval: Interval; readonly offsetMs: number } | undefined {
  const [text = '', zone, ...rest] = name.split('@');
  if (!isInterval(text) || rest.length > 0) return undefined;
  if (zone === undefined) return { interval: text, offsetMs: 0 };
  const match = /^([+-]?)(\d{1,2})(?::(\d{2}))?$/.exec(zone);
  if (match === null) return undefined;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? '0');
  const offsetMs = (match[1] === '-' ? -minutes : minutes) * MINUTE_MS;
  if (offsetMs < -12 * HOUR_MS || offsetMs > 14 * HOUR_MS) return undefined;
  return { interval: text, offsetMs };
}
