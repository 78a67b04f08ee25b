// SPDX-License-Identifier: Apache-2.0
// How many days are left before an end, said in one way wherever the desk says it.

const DAY_MS = 86_400_000;

/**
 * Days from `nowMs` to `endMs`: one that has begun counts whole, except in the last 24 hours, of which it is said that
 * none is left. Null when the end has come.
 */
export function daysLeft(endMs: number, nowMs: number): number | null {
  const left = endMs - nowMs;
  if (left <= 0) return null;
  return left < DAY_MS ? 0 : Math.ceil(left / DAY_MS);
}

/** `90 days`, `1 day`; of the last 24 hours `less than a day`. */
export function daysText(days: number): string {
  if (days === 0) return 'less than a day';
  return days === 1 ? '1 day' : `${days} days`;
}
