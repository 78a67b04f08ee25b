// SPDX-License-Identifier: Apache-2.0
// Candle intervals as Binance's streams and requests name them, with a time zone. The windows are core's.

import { intervalLengthMs, isInterval, type Interval } from '@kontor/core';

export { INTERVALS, windowEnd, windowStart, type Interval } from '@kontor/core';

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

/** `offsetMs` as it matters to `interval`: 0 where the windows lie as in UTC. */
export function effectiveOffset(interval: Interval, offsetMs: number): number {
  if (interval === '1M' || interval === '1w' || interval === '3d' || interval === '1d') {
    return offsetMs;
  }
  return offsetMs % intervalLengthMs(interval) === 0 ? 0 : offsetMs;
}

/** The largest interval whose UTC windows tile those of every larger interval shifted by `offsetMs`. */
export function tileOf(offsetMs: number): Interval {
  for (const interval of ['1h', '30m', '15m', '5m', '3m'] as const) {
    if (offsetMs % intervalLengthMs(interval) === 0) return interval;
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
