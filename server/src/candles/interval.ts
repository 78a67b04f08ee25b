// SPDX-License-Identifier: Apache-2.0
// The lengths a candle may have, and the grid on which candles of that length open.

import type { Parsed, TimeMs } from '@kontor/core';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Months are left out: their length differs, so a missing candle could not be told from a short one. */
const LENGTHS = {
  '1s': 1_000,
  '1m': MINUTE,
  '3m': 3 * MINUTE,
  '5m': 5 * MINUTE,
  '15m': 15 * MINUTE,
  '30m': 30 * MINUTE,
  '1h': HOUR,
  '2h': 2 * HOUR,
  '4h': 4 * HOUR,
  '6h': 6 * HOUR,
  '8h': 8 * HOUR,
  '12h': 12 * HOUR,
  '1d': DAY,
  '1w': 7 * DAY,
} as const;

export type Interval = keyof typeof LENGTHS;

export const INTERVALS: readonly Interval[] = Object.keys(LENGTHS).filter(isInterval);

/** Weeks open on Monday; 1 January 1970 was a Thursday. */
const FIRST_MONDAY = 4 * DAY;

export function isInterval(text: string): text is Interval {
  return Object.hasOwn(LENGTHS, text);
}

/** `text` as an interval; the refusal lists the ones there are. */
export function parseInterval(text: string): Parsed<Interval> {
  if (isInterval(text)) return { ok: true, value: text };
  return {
    ok: false,
    reason: `expected one of ${INTERVALS.join(', ')}, found ${JSON.stringify(text)}`,
  };
}

/** `parseInterval('5m')` lasts `intervalMs('5m')` = 300000 ms. */
export function intervalMs(interval: Interval): number {
  return LENGTHS[interval];
}

/** The interval of that length, if there is one. */
export function intervalOfLength(lengthMs: number): Interval | undefined {
  return INTERVALS.find((interval) => LENGTHS[interval] === lengthMs);
}

/** When the candle opens that holds `time`. */
export function candleOpenTime(interval: Interval, time: TimeMs): TimeMs {
  const length = LENGTHS[interval];
  const anchor = interval === '1w' ? FIRST_MONDAY : 0;
  return Math.floor((time - anchor) / length) * length + anchor;
}
