// SPDX-License-Identifier: Apache-2.0
// Rules U6 to U8: a venue's rules as whole numbers.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  formatNotional,
  formatPrice,
  formatQuantity,
  makeInstrument,
  notionalScale,
  parsePrice,
  parseQuantity,
  toNotional,
  type InstrumentRules,
} from '../src/index.ts';

const SEED = 20_221_112;

const RULES: InstrumentRules = {
  symbol: 'ETHUSDT',
  baseAsset: 'ETH',
  quoteAsset: 'USDT',
  tickSize: '0.05',
  lotSize: '0.0004',
  minPrice: '0.12',
  maxPrice: '1000000.04',
  minQuantity: '0.0005',
  maxQuantity: '9000.0003',
  minNotional: '5.00001',
  maxNotional: '0',
};

test('[U6] limits become whole steps: the least rounded up, the most rounded down', () => {
  const instrument = makeInstrument(RULES);
  assert.equal(instrument.tickUnits, 5);
  assert.equal(instrument.priceScale, 2);
  assert.equal(instrument.lotUnits, 4);
  assert.equal(instrument.quantityScale, 4);
  assert.equal(instrument.minTicks, 3);
  assert.equal(instrument.maxTicks, 20_000_000);
  assert.equal(instrument.minLots, 2);
  assert.equal(instrument.maxLots, 22_500_000);
  // One tick of one lot is 0.00002.
  assert.equal(instrument.minNotional, 250_001);
});

test('[U6] trailing zeros of a step do not count', () => {
  const instrument = makeInstrument({ ...RULES, tickSize: '0.01000000', lotSize: '1.00' });
  assert.equal(instrument.priceScale, 2);
  assert.equal(instrument.quantityScale, 0);
});

test('[U6] a step must be positive', () => {
  for (const [field, value] of [
    ['tickSize', '0'],
    ['tickSize', '-0.01'],
    ['lotSize', '0.000'],
  ] as const) {
    assert.throws(
      () => makeInstrument({ ...RULES, [field]: value }),
      new RegExp(`${field} must be positive`),
    );
  }
  assert.throws(() => makeInstrument({ ...RULES, minPrice: 'x' }), /minPrice: expected a decimal/);
  assert.throws(
    () => makeInstrument({ ...RULES, maxPrice: '9'.repeat(30) }),
    /maxPrice must stay below 2\^53/,
  );
});

test('[U7] prices and quantities must be whole steps and are written with all decimals', () => {
  const instrument = makeInstrument(RULES);
  assert.deepEqual(parsePrice(instrument, '3095.45'), { ok: true, value: 61_909 });
  assert.equal(formatPrice(instrument, 61_910), '3095.50');
  assert.deepEqual(parseQuantity(instrument, '0.0324'), { ok: true, value: 81 });
  assert.equal(formatQuantity(instrument, 81), '0.0324');
  assert.match(
    reason(parsePrice(instrument, '3095.41')),
    /expected a multiple of the tick size 0.05/,
  );
  assert.match(reason(parsePrice(instrument, '-0.05')), /expected a multiple of the tick size/);
  assert.match(
    reason(parseQuantity(instrument, '0.0325')),
    /expected a multiple of the lot size 0.0004/,
  );
  assert.match(reason(parsePrice(instrument, '9'.repeat(40))), /is too large/);
});

test('[U7] what is written is read back', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const instrument = makeInstrument(RULES);
  fc.assert(
    fc.property(fc.maxSafeNat(), (steps) => {
      assert.deepEqual(parsePrice(instrument, formatPrice(instrument, steps)), {
        ok: true,
        value: steps,
      });
      assert.deepEqual(parseQuantity(instrument, formatQuantity(instrument, steps)), {
        ok: true,
        value: steps,
      });
    }),
    { seed: SEED },
  );
});

test('[U8] an amount is ticks × lots, and the largest order stays below 2^53', () => {
  const instrument = makeInstrument(RULES);
  assert.equal(notionalScale(instrument), 6);
  assert.equal(toNotional(instrument, 61_910, 81), 100_294_200n);
  assert.equal(formatNotional(instrument, 61_910, 81), '100.2942');
  assert.equal(instrument.maxNotional, Number.MAX_SAFE_INTEGER);
  assert.equal(makeInstrument({ ...RULES, maxNotional: '9000000' }).maxNotional, 450_000_000_000);
  assert.equal(
    makeInstrument({ ...RULES, maxNotional: '1' + '0'.repeat(40) }).maxNotional,
    Number.MAX_SAFE_INTEGER,
  );
});

function reason(parsed: { readonly ok: boolean; readonly reason?: string }): string {
  return parsed.reason ?? '';
}
