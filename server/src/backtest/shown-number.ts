// SPDX-License-Identifier: Apache-2.0
// Decimal text as people read it: grouped, rounded where that is said, with a sign where it is a result.

import { divHalfEven, parseDecimal, formatDecimal, trimDecimal } from '@kontor/core';

/** No amount of ours has more decimals. */
const MAX_DECIMALS = 40;

/** `1234.5678` at 2 decimals as `1,234.57`; ties go to even. */
export function shownDecimal(text: string, decimals: number): string {
  const parsed = parseDecimal(text, MAX_DECIMALS);
  if (!parsed.ok) return text;
  const rounded = divHalfEven(parsed.value, 10n ** BigInt(MAX_DECIMALS - decimals));
  return minus(grouped(formatDecimal(rounded, decimals)));
}

/** As `shownDecimal`, with a sign also where it is positive. */
export function shownResult(text: string, decimals: number): string {
  const shown = shownDecimal(text, decimals);
  return signOf(text) > 0 ? `+${shown}` : shown;
}

/** All digits of `text`, grouped. */
export function shownExact(text: string): string {
  return minus(grouped(trimDecimal(text)));
}

export function signOf(text: string): -1 | 0 | 1 {
  if (!/[1-9]/.test(text)) return 0;
  return text.startsWith('-') ? -1 : 1;
}

/** The exact sum of two decimal texts. */
export function addDecimals(left: string, right: string): string {
  const [a, b] = [parseDecimal(left, MAX_DECIMALS), parseDecimal(right, MAX_DECIMALS)];
  if (!a.ok || !b.ok) return left;
  return trimDecimal(formatDecimal(a.value + b.value, MAX_DECIMALS));
}

export function groupedCount(value: number): string {
  return grouped(String(value));
}

/** `93784` seconds as `1 d 2 h`. */
export function shownSeconds(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

function grouped(text: string): string {
  const point = text.indexOf('.');
  const whole = point < 0 ? text : text.slice(0, point);
  return whole.replaceAll(/\B(?=(\d{3})+$)/g, ',') + (point < 0 ? '' : text.slice(point));
}

/** A hyphen is no minus sign, and a rounded −0.00 is none either. */
function minus(text: string): string {
  if (!text.startsWith('-')) return text;
  return /[1-9]/.test(text) ? `−${text.slice(1)}` : text.slice(1);
}
