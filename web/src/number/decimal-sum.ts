// SPDX-License-Identifier: Apache-2.0
// Sums of decimal text, exact at whatever precision the parts have.

import { formatDecimal, toScaled } from '@kontor/core';

/** `left + right`. Throws RangeError unless both are decimal text. */
export function addDecimals(left: string, right: string): string {
  return combine(left, right, (one, other) => one + other);
}

/** `left − right`. Throws RangeError unless both are decimal text. */
export function subtractDecimals(left: string, right: string): string {
  return combine(left, right, (one, other) => one - other);
}

/** `text × count`. Throws RangeError unless `text` is decimal text. */
export function timesDecimal(text: string, count: number): string {
  const scale = decimals(text);
  return formatDecimal(toScaled(text, scale, 'text') * BigInt(count), scale);
}

/** Below zero where `left` is less than `right`, above where it is more, 0 where they are equal. */
export function compareDecimals(left: string, right: string): number {
  const scale = Math.max(decimals(left), decimals(right));
  const difference = toScaled(left, scale, 'left') - toScaled(right, scale, 'right');
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
}

function combine(
  left: string,
  right: string,
  operate: (left: bigint, right: bigint) => bigint,
): string {
  const scale = Math.max(decimals(left), decimals(right));
  return formatDecimal(
    operate(toScaled(left, scale, 'left'), toScaled(right, scale, 'right')),
    scale,
  );
}

function decimals(text: string): number {
  return text.split('.')[1]?.length ?? 0;
}
