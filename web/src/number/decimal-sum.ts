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
