// SPDX-License-Identifier: Apache-2.0
// Rules U1 to U3 and U9: whole-number money, named roundings, order IDs.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  clientOrderId,
  divCeil,
  divFloor,
  divHalfEven,
  priceTicks,
  quantityLots,
} from '../src/index.ts';

const SEED = 20_221_110;

test('[U1] prices and quantities are safe whole numbers from 0', () => {
  for (const make of [priceTicks, quantityLots]) {
    for (const right of [0, 1, Number.MAX_SAFE_INTEGER]) assert.equal(make(right), right);
    for (const wrong of [-1, 0.5, NaN, Infinity, -Infinity, Number.MAX_SAFE_INTEGER + 1]) {
      assert.throws(() => make(wrong), RangeError, String(wrong));
    }
  }
  assert.throws(() => priceTicks(1.5), /price must be a whole number of ticks ≥ 0, was 1.5/);
  assert.throws(() => quantityLots(-3), /quantity must be a whole number of lots ≥ 0, was -3/);
});

test('[U2] each division says how it rounds, below zero too', () => {
  const rows: readonly (readonly [
    bigint,
    bigint,
    floor: bigint,
    ceil: bigint,
    halfEven: bigint,
  ])[] = [
    [7n, 2n, 3n, 4n, 4n],
    [5n, 2n, 2n, 3n, 2n],
    [-7n, 2n, -4n, -3n, -4n],
    [-5n, 2n, -3n, -2n, -2n],
    [-1n, 3n, -1n, 0n, 0n],
    [1n, 3n, 0n, 1n, 0n],
    [2n, 3n, 0n, 1n, 1n],
    [-2n, 3n, -1n, 0n, -1n],
    [6n, 3n, 2n, 2n, 2n],
    [-6n, 3n, -2n, -2n, -2n],
    [0n, 5n, 0n, 0n, 0n],
    [1n, 2n, 0n, 1n, 0n],
    [3n, 2n, 1n, 2n, 2n],
  ];
  for (const [numerator, denominator, floor, ceil, halfEven] of rows) {
    const name = `${numerator}/${denominator}`;
    assert.equal(divFloor(numerator, denominator), floor, name);
    assert.equal(divCeil(numerator, denominator), ceil, name);
    assert.equal(divHalfEven(numerator, denominator), halfEven, name);
  }
});

test('[U2] floor and ceiling enclose the quotient, half-even is the nearer', (t) => {
  t.diagnostic(`seed ${SEED}`);
  fc.assert(
    fc.property(fc.bigInt(), fc.bigInt({ min: 1n }), (numerator, denominator) => {
      const floor = divFloor(numerator, denominator);
      const ceil = divCeil(numerator, denominator);
      const near = divHalfEven(numerator, denominator);
      assert.ok(floor * denominator <= numerator && numerator < (floor + 1n) * denominator);
      assert.ok(ceil * denominator >= numerator && numerator > (ceil - 1n) * denominator);
      const distance = 2n * (near * denominator - numerator);
      assert.ok(distance <= denominator && distance >= -denominator);
      const isTie = distance === denominator || distance === -denominator;
      assert.ok(!isTie || near % 2n === 0n);
    }),
    { seed: SEED },
  );
});

test('[U3] a division by nothing or less stops the program', () => {
  for (const divide of [divFloor, divCeil, divHalfEven]) {
    assert.throws(() => divide(1n, 0n), /Invariant: denominator must be positive, was 0/);
    assert.throws(() => divide(1n, -1n), /Invariant: denominator must be positive, was -1/);
  }
});

test('[U9] a client order ID is 1 to 36 of A-Z a-z 0-9 - _', () => {
  assert.equal(clientOrderId('k1ab_C-9'), 'k1ab_C-9');
  assert.equal(clientOrderId('x'.repeat(36)).length, 36);
  for (const wrong of ['', 'x'.repeat(37), 'a b', 'ä', 'a.b', 'a\n']) {
    assert.throws(() => clientOrderId(wrong), RangeError, JSON.stringify(wrong));
  }
});
