// SPDX-License-Identifier: Apache-2.0
// The candle intervals that the desk offers.

export const INTERVALS = ['1m', '5m', '15m', '1h', '4h', '1d'] as const;

export type Interval = (typeof INTERVALS)[number];

const MINUTE_MS = 60_000;

export const INTERVAL_MS: Readonly<Record<Interval, number>> = {
  '1m': MINUTE_MS,
  '5m': 5 * MINUTE_MS,
  '15m': 15 * MINUTE_MS,
  '1h': 60 * MINUTE_MS,
  '4h': 240 * MINUTE_MS,
  '1d': 1440 * MINUTE_MS,
};

/** `text` as an interval; the first one when it names none. */
export function parseInterval(text: unknown): Interval {
  return INTERVALS.find((interval) => interval === text) ?? '1m';
}

/** The interval that shows a span of time in some hundred candles. */
export function intervalFor(spanMs: number): Interval {
  return INTERVALS.find((interval) => spanMs / INTERVAL_MS[interval] <= 400) ?? '1d';
}
