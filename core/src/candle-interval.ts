// SPDX-License-Identifier: Apache-2.0
// Candle intervals and where their windows begin and end, as Binance lays them: in UTC or shifted by a time zone.

import type { TimeMs } from './units.ts';

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

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A month has no length; its longest counts. */
const LENGTH_MS: Readonly<Record<Interval, number>> = {
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
  '1M': 31 * DAY_MS,
};

/** 1970 began on a Thursday; weeks begin on Monday. */
const MONDAY_MS = 4 * DAY_MS;

export function isInterval(text: string): text is Interval {
  return INTERVALS.some((interval) => interval === text);
}

/** How long a window of `interval` is, for a month the longest: `intervalLengthMs('5m')` is 300000. */
export function intervalLengthMs(interval: Interval): number {
  return LENGTH_MS[interval];
}

/** The interval whose windows all last `lengthMs`: `intervalOfLength(300_000)` is '5m'. */
export function intervalOfLength(lengthMs: number): Interval | undefined {
  return INTERVALS.find((interval) => interval !== '1M' && LENGTH_MS[interval] === lengthMs);
}

/** Whether every window of `larger` is made of whole windows of `base`: 8h of 4h, but not 12h of 8h. */
export function isTiledBy(larger: Interval, base: Interval): boolean {
  if (larger === base) return true;
  if (base === '1M' || base === '1w' || LENGTH_MS[base] > LENGTH_MS[larger]) return false;
  // Weeks and months begin at any midnight.
  const unit = larger === '1w' || larger === '1M' ? DAY_MS : LENGTH_MS[larger];
  return unit % LENGTH_MS[base] === 0;
}

/** Where the window that holds `ms` begins, in the time zone `offsetMs` ahead of UTC. */
export function windowStart(interval: Interval, ms: TimeMs, offsetMs = 0): TimeMs {
  const local = ms + offsetMs;
  if (interval === '1M') return monthStart(local) - offsetMs;
  const length = LENGTH_MS[interval];
  const origin = interval === '1w' ? MONDAY_MS : 0;
  return Math.floor((local - origin) / length) * length + origin - offsetMs;
}

/** Where the window that begins at `startMs` ends: the first moment of the next. */
export function windowEnd(interval: Interval, startMs: TimeMs, offsetMs = 0): TimeMs {
  if (interval !== '1M') return startMs + LENGTH_MS[interval];
  return monthStart(startMs + offsetMs + LENGTH_MS['1M']) - offsetMs;
}

/** Where the month of the Gregorian calendar that holds `ms` begins. */
function monthStart(ms: TimeMs): TimeMs {
  const day = Math.floor(ms / DAY_MS);
  // Counted from 1 March of the year 0, so that the leap day ends a year; 400 years are 146,097 days.
  const sinceMarch = day + 719_468;
  const dayOfEra = sinceMarch - Math.floor(sinceMarch / 146_097) * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  );
  const dayOfYear =
    dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  // From March on, five months in turn have 153 days.
  const month = Math.floor((5 * dayOfYear + 2) / 153);
  return (day - (dayOfYear - Math.floor((153 * month + 2) / 5))) * DAY_MS;
}
