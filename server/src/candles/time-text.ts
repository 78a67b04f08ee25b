// SPDX-License-Identifier: Apache-2.0
// Times and lengths of time as people read and write them.

import type { Parsed, TimeMs } from '@kontor/core';

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** `2018-01-01T00:00:00Z`; milliseconds only where there are some. */
export function timeText(time: TimeMs): string {
  return new Date(time).toISOString().replace('.000Z', 'Z');
}

/** A length of time in its two largest units: `2 d 4 h`, `67 min` as `1 h 7 min`. */
export function gapText(milliseconds: number): string {
  const parts: string[] = [];
  let rest = milliseconds;
  for (const [unit, length] of UNITS) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.length === 0 ? `${milliseconds} ms` : parts.slice(0, 2).join(' ');
}

/** A date (`2018-01-01`), a date and time in UTC (`2018-01-01T12:30`, also with seconds or Z), or milliseconds. */
export function parseTime(text: string): Parsed<TimeMs> {
  if (/^\d{12,14}$/.test(text)) return { ok: true, value: Number(text) };
  const match = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2})?Z?)?$/.exec(text);
  const iso = match === null ? '' : `${match[1]}T${match[2] ?? '00:00'}${match[3] ?? ':00'}Z`;
  const time = Date.parse(iso);
  // A day that its month does not have comes back as another one.
  if (Number.isNaN(time) || !new Date(time).toISOString().startsWith(match?.[1] ?? '-')) {
    return {
      ok: false,
      reason: `expected a date like 2018-01-31, a UTC time like 2018-01-31T12:30 or milliseconds since 1970, found ${JSON.stringify(text.slice(0, 40))}`,
    };
  }
  return { ok: true, value: time };
}
