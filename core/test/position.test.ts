// SPDX-License-Identifier: Apache-2.0
// Positions of both directions: what is open, what it cost or brought on average, what exits have earned.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addFill,
  breakEvenPrice,
  closingFeePpm,
  closingLots,
  emptyPosition,
  enteredBase,
  enteredMoney,
  entryAverage,
  entrySide,
  exitAverage,
  exitedBase,
  exitedMoney,
  exitSide,
  formatAverage,
  formatBase,
  formatMoney,
  openBase,
  parsePrice,
  priceTicks,
  profitOf,
  quantityLots,
  toScaled,
  type Direction,
  type Position,
} from '../src/index.ts';
import { COIN } from './deal-script.ts';

const SEED = 20_221_118;
const FEE_PPM = 1000;

/** Fills as text: `sell 1.00 @ 100.00 fee 0.1 USDT`. */
function positionOf(fills: readonly string[]): Position {
  const position = emptyPosition();
  for (const text of fills) {
    const [side, quantity = '', , price = '', , fee = '0', asset = 'USDT'] = text.split(' ');
    const parsed = parsePrice(COIN, price);
    assert.ok(parsed.ok);
    addFill(position, COIN, side === 'buy' ? 'buy' : 'sell', {
      priceTicks: parsed.value,
      quantity: quantityLots(Math.round(Number(quantity) * 100)),
      commission: toScaled(fee, 8, 'fee'),
      commissionAsset: asset,
    });
  }
  return position;
}

/** What a trader reads of a position. */
function told(position: Position, direction: Direction): Record<string, string> {
  const average = entryAverage(position, COIN, direction);
  const exit = exitAverage(position, COIN, direction);
  return {
    average: average === null ? '' : formatAverage(COIN, average),
    exit: exit === null ? '' : formatAverage(COIN, exit),
    open: formatBase(COIN, openBase(position, COIN, direction)),
    closing: String(closingLots(position, COIN, direction, FEE_PPM)),
    profit: formatMoney(COIN, profitOf(position, COIN, direction, 'quote')),
    profitBase: formatBase(COIN, profitOf(position, COIN, direction, 'base')),
  };
}

test('[D39] [D40] long and short from the same side of the table, fees in quote, base and a third coin', () => {
  const rows: readonly (readonly [Direction, readonly string[], Record<string, string>])[] = [
    [
      'long',
      ['buy 2.00 @ 100.00 fee 0.002 COIN', 'sell 1.00 @ 110.00 fee 0.11 USDT'],
      // 200 / 1.998; 109.89 − 200 × 1 / 1.998; 1.998 × 109.89 / 200 − 1
      {
        average: '100.1001001',
        exit: '109.89',
        open: '0.998',
        closing: '99',
        profit: '9.78989989',
        profitBase: '0.0978011',
      },
    ],
    [
      'short',
      ['sell 2.00 @ 100.00 fee 0.2 USDT', 'buy 1.00 @ 90.00 fee 0.001 COIN'],
      // 199.8 / 2; 0.999 are back for 90: 199.8 × 0.999 / 2 − 90; 0.999 − 2 × 90 / 199.8
      {
        average: '99.9',
        exit: '90.09009009',
        open: '1.001',
        closing: '101',
        profit: '9.8001',
        profitBase: '0.09809909',
      },
    ],
    [
      'short',
      ['sell 2.00 @ 100.00 fee 0.0002 BNB'],
      { average: '100', exit: '', open: '2', closing: '200', profit: '0', profitBase: '0' },
    ],
    [
      'short',
      // A venue that takes the sale's commission in coins: more of them are gone.
      ['sell 2.00 @ 100.00 fee 0.002 COIN'],
      {
        average: '99.9000999',
        exit: '',
        open: '2.002',
        closing: '201',
        profit: '0',
        profitBase: '0',
      },
    ],
    [
      'short',
      // More bought back than was sold: the rest is kept and no profit.
      ['sell 1.00 @ 100.00', 'buy 1.02 @ 90.00'],
      {
        average: '100',
        exit: '90',
        open: '-0.02',
        closing: '0',
        profit: '8.2',
        profitBase: '0.102',
      },
    ],
    ['long', [], { average: '', exit: '', open: '0', closing: '0', profit: '0', profitBase: '0' }],
  ];
  for (const [direction, fills, expected] of rows) {
    assert.deepEqual(told(positionOf(fills), direction), expected, `${direction} ${fills.join()}`);
  }
});

test('[D39] entries and exits have opposite sides', () => {
  assert.deepEqual([entrySide('long'), exitSide('long')], ['buy', 'sell']);
  assert.deepEqual([entrySide('short'), exitSide('short')], ['sell', 'buy']);
});

test('[D39] where the commission of a buy will be taken is learned from what was paid', () => {
  const fee = (fills: readonly string[]): number => closingFeePpm(positionOf(fills), FEE_PPM);
  assert.equal(fee(['sell 1.00 @ 100.00 fee 0.1 USDT']), FEE_PPM);
  assert.equal(fee(['sell 1.00 @ 100.00 fee 0.0001 BNB']), 0);
  assert.equal(fee(['sell 1.00 @ 100.00 fee 0.1 USDT', 'buy 0.10 @ 99.00 fee 0.0099 USDT']), 0);
  assert.equal(
    fee(['sell 1.00 @ 100.00 fee 0.1 USDT', 'buy 0.10 @ 99.00 fee 0.0001 COIN']),
    FEE_PPM,
  );
});

test('[D41] at break-even closing returns what the entries moved', () => {
  const average = { numerator: 10_000n, denominator: 1n };
  assert.equal(formatAverage(COIN, breakEvenPrice(average, 'long', FEE_PPM)), '100.1001001');
  assert.equal(formatAverage(COIN, breakEvenPrice(average, 'short', FEE_PPM)), '99.9');
});

test('[D40] [D41] whatever is filled: no profit is shown too high, and sums are the fills', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const fill = fc.record({
    isEntry: fc.boolean(),
    ticks: fc.integer({ min: 1, max: 100_000 }),
    lots: fc.integer({ min: 1, max: 100_000 }),
    fee: fc.bigInt({ min: 0n, max: 100_000n }),
    asset: fc.constantFrom('COIN', 'USDT', 'BNB'),
  });
  const property = fc.property(
    fc.array(fill, { maxLength: 12 }),
    fc.constantFrom('long' as const, 'short' as const),
    (fills, direction) => {
      const position = emptyPosition();
      for (const { isEntry, ticks, lots, fee, asset } of fills) {
        addFill(position, COIN, isEntry ? entrySide(direction) : exitSide(direction), {
          priceTicks: priceTicks(ticks),
          quantity: quantityLots(lots),
          commission: fee,
          commissionAsset: asset,
        });
      }
      const base = [
        enteredBase(position, COIN, direction),
        exitedBase(position, COIN, direction),
      ] as const;
      const money = [
        enteredMoney(position, COIN, direction),
        exitedMoney(position, COIN, direction),
      ] as const;
      assert.equal(openBase(position, COIN, direction), base[0] - base[1]);
      const sign = direction === 'long' ? 1n : -1n;
      // Exits of no more than the entries: quote profit × entered ≤ the exact one, by less than a unit.
      if (base[0] > 0n && base[1] >= 0n && base[1] <= base[0]) {
        const profit = profitOf(position, COIN, direction, 'quote');
        const exact = sign * (money[1] * base[0] - money[0] * base[1]);
        assert.ok(profit * base[0] <= exact && (profit + 1n) * base[0] > exact);
      }
      if (money[0] > 0n && money[1] >= 0n && money[1] <= money[0]) {
        const profit = profitOf(position, COIN, direction, 'base');
        const exact = sign * (base[0] * money[1] - base[1] * money[0]);
        assert.ok(profit * money[0] <= exact && (profit + 1n) * money[0] > exact);
      }
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 500 });
});
