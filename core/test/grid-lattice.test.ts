// SPDX-License-Identifier: Apache-2.0
// Where the lines of a grid stand: recorded examples, and a proof by whole numbers for every random row.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Lattice, type Ratio } from '../src/index.ts';
import { formatStep, integerRoot, lineTicks, steppedTicks } from '../src/grid/lattice.ts';

const SEED = 20_221_118;

function ratio(text: string, scale: number): Ratio {
  const [whole = '', fraction = ''] = text.split('.');
  return {
    numerator: BigInt(whole + fraction.padEnd(scale, '0')),
    denominator: 10n ** BigInt(Math.max(0, fraction.length - scale)),
  };
}

function lattice(
  spacing: Lattice['spacing'],
  lower: string,
  upper: string,
  lines: number,
  scale: number,
): Lattice {
  return { spacing, lower: ratio(lower, scale), upper: ratio(upper, scale), steps: lines - 1 };
}

test('[G3] the steps of recorded grids come out to the last digit', () => {
  const tick = { tickUnits: 1, priceScale: 1 };
  const wide = lattice('arithmetic', '44000', '60000', 50, 1);
  assert.equal(formatStep(wide, tick, 6), '326.530612');
  const other = lattice('arithmetic', '46000', '60000', 40, 1);
  assert.equal(formatStep(other, tick, 3), '358.974');
});

test('[G3] recorded lines: 56717.949 is 56717.9 and 56358.974 is 56359.0', () => {
  // Lines 1 and 2 above 56000, and 2 below 57435.898 of a grid of 40 lines over 14000.
  const grid = lattice('arithmetic', '56000', '70000', 40, 1);
  assert.equal(lineTicks(grid, 1), 563_590);
  assert.equal(lineTicks(grid, 2), 567_179);
});

test('[G3] a line halfway between two ticks stands at the higher', () => {
  const grid = lattice('arithmetic', '1.00', '1.03', 3, 2);
  assert.deepEqual(
    [0, 1, 2, -1].map((index) => lineTicks(grid, index)),
    [100, 102, 103, 99],
  );
});

test('[G4] the ratio of a recorded grid comes out to the last digit', () => {
  const grid = lattice('geometric', '0.016352', '0.022503', 81, 6);
  assert.equal(formatStep(grid, { tickUnits: 1, priceScale: 6 }, 11), '1.00399920581');
  assert.equal(lineTicks(grid, 0), 16_352);
  assert.equal(lineTicks(grid, 80), 22_503);
});

test('[G4] a geometric line that lies exactly on a tick or halfway stands there', () => {
  // 100, 150, 225: each line half as high again.
  const grid = lattice('geometric', '100', '225', 3, 0);
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((index) => lineTicks(grid, index)),
    [100, 150, 225, 338, 506],
  );
  // 66.67, 44.44, 29.63
  assert.deepEqual(
    [-1, -2, -3].map((index) => lineTicks(grid, index)),
    [67, 44, 30],
  );
});

const randomLattice: fc.Arbitrary<Lattice> = fc
  .record({
    spacing: fc.constantFrom('arithmetic' as const, 'geometric' as const),
    lower: fc.integer({ min: 1, max: 50_000_000 }),
    rise: fc.integer({ min: 1, max: 100_000_000 }),
    decimals: fc.constantFrom(1n, 10n, 1000n),
    steps: fc.integer({ min: 1, max: 199 }),
  })
  .map(({ spacing, lower, rise, decimals, steps }) => ({
    spacing,
    lower: { numerator: BigInt(lower), denominator: decimals },
    upper: { numerator: BigInt(lower + rise), denominator: decimals },
    steps,
  }));

test(`[G3][G4] every line is within half a tick of its exact price (seed ${SEED})`, () => {
  fc.assert(
    fc.property(randomLattice, fc.integer({ min: -60, max: 260 }), (grid, index) => {
      // No market has prices beyond 2^53 ticks.
      fc.pre(Number.isSafeInteger(lineTicks(grid, index)));
      const ticks = BigInt(lineTicks(grid, index));
      const steps = BigInt(grid.steps);
      const { lower, upper } = grid;
      if (grid.spacing === 'arithmetic') {
        // Twice the price, over a common denominator.
        const denominator = lower.denominator * steps;
        const twice =
          2n * (lower.numerator * steps + BigInt(index) * (upper.numerator - lower.numerator));
        assert.ok((2n * ticks - 1n) * denominator <= twice);
        assert.ok(twice < (2n * ticks + 1n) * denominator);
        return;
      }
      // (2x)^n = 2^n · lower^(n − i) · upper^i / d^n, with negative exponents moved to the other side.
      const at = BigInt(index);
      const raise = (base: bigint, exponent: bigint): bigint =>
        exponent > 0n ? base ** exponent : 1n;
      const above = 2n ** steps * raise(lower.numerator, steps - at) * raise(upper.numerator, at);
      const below =
        lower.denominator ** steps *
        raise(lower.numerator, at - steps) *
        raise(upper.numerator, -at);
      if (ticks > 0n) assert.ok((2n * ticks - 1n) ** steps * below <= above);
      assert.ok(above < (2n * ticks + 1n) ** steps * below);
    }),
    { seed: SEED, numRuns: 400 },
  );
});

test(`[G4] a root is the largest number whose power is not above (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 2000n }),
      fc.integer({ min: 1, max: 220 }),
      (value, degree) => {
        const root = integerRoot(value, degree);
        assert.ok(root ** BigInt(degree) <= value);
        assert.ok((root + 1n) ** BigInt(degree) > value);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test(`[G5] a price moved by steps and back stands where it stood (seed ${SEED})`, () => {
  fc.assert(
    fc.property(
      randomLattice,
      fc.integer({ min: -50, max: 50 }),
      fc.integer({ min: -50, max: 50 }),
      (grid, first, second) => {
        // The line `first` of a row that begins at line `second` is line `first + second`, to within its rounding.
        const from = { numerator: BigInt(lineTicks(grid, second)), denominator: 1n };
        const moved = steppedTicks(grid, from, first);
        const line = lineTicks(grid, first + second);
        const growth =
          grid.spacing === 'arithmetic'
            ? 1
            : (Number(grid.upper.numerator) / Number(grid.lower.numerator)) **
              (Math.abs(first) / grid.steps);
        assert.ok(Math.abs(moved - line) <= Math.ceil(growth) + 1);
        assert.equal(steppedTicks(grid, from, 0), lineTicks(grid, second));
      },
    ),
    { seed: SEED, numRuns: 200 },
  );
});
