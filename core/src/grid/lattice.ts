// SPDX-License-Identifier: Apache-2.0
// Where the lines of a grid stand: evenly spaced or in even ratios, exact, and rounded once to a tick.

import { formatDecimal } from '../decimal.ts';
import { power10, type Ratio } from '../position.ts';
import { assert, divFloor } from '../units.ts';

export type Spacing = 'arithmetic' | 'geometric';

/**
 * An endless row of prices. Line 0 stands at `lower`, line `steps` at `upper`; the row goes on in the same way below
 * and above, where a grid that trails or expands gets its further lines from.
 */
export interface Lattice {
  readonly spacing: Spacing;
  /** Both in ticks; `upper` is the higher. */
  readonly lower: Ratio;
  readonly upper: Ratio;
  readonly steps: number;
}

/** Line `index` in ticks, rounded half-up: lower + index · step, or lower · ratio^index. */
export function lineTicks(lattice: Lattice, index: number): number {
  return steppedTicks(lattice, lattice.lower, index);
}

/**
 * `from` moved by `count` steps of `lattice`, in ticks, rounded half-up; may be 0 or less. Geometric: the price x is
 * the root of xⁿ = fromⁿ · (upper / lower)^count. Ticks t are right when t − ½ ≤ x < t + ½, which is
 * (2t − 1)ⁿ ≤ (2x)ⁿ < (2t + 1)ⁿ: whole numbers on either side, so the largest odd number whose power stays at or
 * below (2x)ⁿ decides, and nothing is ever rounded before.
 */
export function steppedTicks(lattice: Lattice, from: Ratio, count: number): number {
  const { lower, upper } = lattice;
  const steps = BigInt(lattice.steps);
  const by = BigInt(count);
  if (lattice.spacing === 'arithmetic') {
    const rise = upper.numerator * lower.denominator - lower.numerator * upper.denominator;
    const denominator = from.denominator * lower.denominator * upper.denominator * steps;
    const numerator =
      from.numerator * lower.denominator * upper.denominator * steps + by * rise * from.denominator;
    return Number(divFloor(2n * numerator + denominator, 2n * denominator));
  }
  const growth = reduced(upper.numerator * lower.denominator, upper.denominator * lower.numerator);
  const twice = reduced(2n * from.numerator, from.denominator);
  const up = by < 0n ? growth.denominator : growth.numerator;
  const down = by < 0n ? growth.numerator : growth.denominator;
  const size = by < 0n ? -by : by;
  const power =
    (twice.numerator ** steps * up ** size) / (twice.denominator ** steps * down ** size);
  return Number((integerRoot(power, lattice.steps) + 1n) / 2n);
}

/** The step between two lines as text of `decimals` decimals, cut: ticks × tick size, or the ratio of two lines. */
export function formatStep(
  lattice: Lattice,
  tick: { readonly tickUnits: number; readonly priceScale: number },
  decimals: number,
): string {
  const { lower, upper } = lattice;
  const steps = BigInt(lattice.steps);
  if (lattice.spacing === 'arithmetic') {
    const rise = upper.numerator * lower.denominator - lower.numerator * upper.denominator;
    const numerator = rise * BigInt(tick.tickUnits) * power10(decimals);
    const denominator = lower.denominator * upper.denominator * steps * power10(tick.priceScale);
    return formatDecimal(divFloor(numerator, denominator), decimals);
  }
  const growth = reduced(upper.numerator * lower.denominator, upper.denominator * lower.numerator);
  const power = (growth.numerator * power10(decimals) ** steps) / growth.denominator;
  return formatDecimal(integerRoot(power, lattice.steps), decimals);
}

/** Roots of at most this many bits are found by halving; larger ones start from the root of their upper digits. */
const HALVED_BITS = 12;

/** ⌊value^(1/degree)⌋ for `value` ≥ 0 and `degree` ≥ 1: the largest r with r^degree ≤ value. */
export function integerRoot(value: bigint, degree: number): bigint {
  assert(value >= 0n && degree >= 1, 'Invariant: roots are taken of numbers from 0');
  if (degree === 1 || value < 2n) return value;
  const exponent = BigInt(degree);
  const rootBits = Math.ceil((value.toString(16).length * 4) / degree);
  if (rootBits <= HALVED_BITS) return halvedRoot(value, exponent, rootBits);
  // One more than the root of the upper digits is above the root; from above, Newton's steps fall until they are there.
  const shift = rootBits >> 1;
  let root = (integerRoot(value >> BigInt(shift * degree), degree) + 1n) << BigInt(shift);
  for (;;) {
    const next = ((exponent - 1n) * root + value / root ** (exponent - 1n)) / exponent;
    if (next >= root) return root;
    root = next;
  }
}

function halvedRoot(value: bigint, exponent: bigint, rootBits: number): bigint {
  let low = 1n;
  let above = 1n << BigInt(rootBits);
  while (above - low > 1n) {
    const middle = (low + above) >> 1n;
    if (middle ** exponent <= value) low = middle;
    else above = middle;
  }
  return low;
}

function reduced(numerator: bigint, denominator: bigint): Ratio {
  let [left, right] = [numerator, denominator];
  while (right > 0n) [left, right] = [right, left % right];
  return { numerator: numerator / left, denominator: denominator / left };
}
