// SPDX-License-Identifier: Apache-2.0
// Whole-number money: prices are ticks, quantities are lots, and every division names its rounding.

declare const brand: unique symbol;

/** A `T` that only its own constructor makes. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A price in whole ticks of its instrument: a safe integer ≥ 0. */
export type PriceTicks = Brand<number, 'PriceTicks'>;

/** A quantity of base asset in whole lots of its instrument: a safe integer ≥ 0. */
export type QuantityLots = Brand<number, 'QuantityLots'>;

/** A point in time: UTC milliseconds since 1970 on the venue's clock. */
export type TimeMs = number;

export const PPM = 1_000_000;

/** `ticks` as a price. Throws RangeError unless it is a safe integer ≥ 0. */
export function priceTicks(ticks: number): PriceTicks {
  if (!Number.isSafeInteger(ticks) || ticks < 0) {
    throw new RangeError(`price must be a whole number of ticks ≥ 0, was ${ticks}`);
  }
  return ticks as PriceTicks;
}

/** `lots` as a quantity. Throws RangeError unless it is a safe integer ≥ 0. */
export function quantityLots(lots: number): QuantityLots {
  if (!Number.isSafeInteger(lots) || lots < 0) {
    throw new RangeError(`quantity must be a whole number of lots ≥ 0, was ${lots}`);
  }
  return lots as QuantityLots;
}

/** ⌊numerator / denominator⌋, also for negative numerators. `denominator` must be positive. */
export function divFloor(numerator: bigint, denominator: bigint): bigint {
  assertDenominator(denominator);
  const quotient = numerator / denominator;
  return numerator % denominator < 0n ? quotient - 1n : quotient;
}

/** ⌈numerator / denominator⌉, also for negative numerators. `denominator` must be positive. */
export function divCeil(numerator: bigint, denominator: bigint): bigint {
  assertDenominator(denominator);
  const quotient = numerator / denominator;
  return numerator % denominator > 0n ? quotient + 1n : quotient;
}

/** numerator / denominator to the nearest integer, ties to even. `denominator` must be positive. */
export function divHalfEven(numerator: bigint, denominator: bigint): bigint {
  const floor = divFloor(numerator, denominator);
  const twice = 2n * (numerator - floor * denominator);
  if (twice < denominator) return floor;
  if (twice > denominator) return floor + 1n;
  return floor % 2n === 0n ? floor : floor + 1n;
}

/** `condition` or a stop: the message says which invariant of ours broke. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

function assertDenominator(denominator: bigint): void {
  assert(denominator > 0n, `Invariant: denominator must be positive, was ${denominator}`);
}
