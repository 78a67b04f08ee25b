// SPDX-License-Identifier: Apache-2.0
// Decimal text as exact ratios, and prices moved by percentages with a named rounding.

import { toScaled, trimDecimal } from '../decimal.ts';
import type { Instrument } from '../instrument.ts';
import { entrySide, exitSide, type Direction, type Side } from '../order.ts';
import { power10, type Ratio } from '../position.ts';
import { divCeil, divFloor, PPM } from '../units.ts';

/** Enough for every percentage, amount and price of a plan. */
const SHARE_SCALE = 12;

/** Decimal text as a ratio: `ratioOf('0.5')` is 5 / 10. Throws RangeError for anything else. */
export function ratioOf(text: string): Ratio {
  const trimmed = trimDecimal(text);
  const scale = trimmed.includes('.') ? trimmed.length - trimmed.indexOf('.') - 1 : 0;
  return { numerator: toScaled(trimmed, scale, 'number'), denominator: power10(scale) };
}

/** Whether decimal texts add up to `sum`. */
export function sumIs(texts: readonly string[], sum: bigint): boolean {
  let total = 0n;
  for (const text of texts) total += weightOf(text);
  return total === sum * power10(SHARE_SCALE);
}

/** A share as a whole number, to be held against other shares. */
export function weightOf(share: string): bigint {
  return toScaled(share, SHARE_SCALE, 'share');
}

/** ⌊whole × share⌋ of `total` shares. */
export function shareOf(whole: number, weight: bigint, total: bigint): number {
  return Number((BigInt(whole) * weight) / total);
}

/** A price in quote as a ratio of ticks. */
export function toTicks(instrument: Instrument, price: Ratio): Ratio {
  return {
    numerator: price.numerator * power10(instrument.priceScale),
    denominator: price.denominator * BigInt(instrument.tickUnits),
  };
}

export function wholeTicks(ticks: number): Ratio {
  return { numerator: BigInt(ticks), denominator: 1n };
}

/** `price` moved up by `percent` of itself, or down. */
export function movedBy(price: Ratio, percent: Ratio, way: 'up' | 'down'): Ratio {
  const hundred = 100n * percent.denominator;
  const factor = way === 'up' ? hundred + percent.numerator : hundred - percent.numerator;
  return { numerator: price.numerator * factor, denominator: price.denominator * hundred };
}

/** The highest whole tick at or below `price`, and the lowest at or above it; never below 0. */
export function floorTicks(price: Ratio): number {
  const ticks = divFloor(price.numerator, price.denominator);
  return ticks < 0n ? 0 : Number(ticks);
}

export function ceilTicks(price: Ratio): number {
  const ticks = divCeil(price.numerator, price.denominator);
  return ticks < 0n ? 0 : Number(ticks);
}

/** The limit of an order on `side`: a buy never pays more than `price`, a sell never takes less. */
export function limitTicks(price: Ratio, side: Side): number {
  return side === 'buy' ? floorTicks(price) : ceilTicks(price);
}

/** Better for an order on `side`: lower for a buy, higher for a sell. */
export function betterWay(side: Side): 'up' | 'down' {
  return side === 'buy' ? 'down' : 'up';
}

/**
 * The price at which closing earns `percent` after both fees. Long: ⌈average × (1 + p) / (1 − fee)⌉; short:
 * ⌊average × (1 − p) × (1 − fee)⌋.
 */
export function profitTicks(
  average: Ratio,
  percent: Ratio,
  direction: Direction,
  feeRatePpm: number,
): number {
  const moved = movedBy(average, percent, betterWay(exitSide(direction)));
  const whole = BigInt(PPM);
  const rest = BigInt(PPM - feeRatePpm);
  return direction === 'long'
    ? ceilTicks({ numerator: moved.numerator * whole, denominator: moved.denominator * rest })
    : floorTicks({ numerator: moved.numerator * rest, denominator: moved.denominator * whole });
}

/** Where a stop at `price` acts, compared with whole ticks: a long one at or below, a short one at or above. */
export function stopTicks(price: Ratio, direction: Direction): number {
  return direction === 'long' ? floorTicks(price) : ceilTicks(price);
}

/** Beyond `price` in the direction of a loss: lower for a long position, higher for a short one. */
export function worseBy(price: Ratio, percent: Ratio, direction: Direction): Ratio {
  return movedBy(price, percent, betterWay(entrySide(direction)));
}
