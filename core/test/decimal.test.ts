// SPDX-License-Identifier: Apache-2.0
// Rules U4 and U5: decimal text and whole numbers, without loss.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDecimal, parseDecimal, rescale, toScaled, trimDecimal } from '../src/index.ts';

const SEED = 20_221_111;

test('[U4] decimal text becomes a whole number at a scale, exactly', () => {
  const rows: readonly (readonly [text: string, scale: number, value: bigint])[] = [
    ['0', 0, 0n],
    ['1.5', 3, 1500n],
    ['-1.5', 1, -15n],
    ['007', 0, 7n],
    ['0.00000001', 8, 1n],
    ['1.500', 1, 15n],
    ['1.', 2, 100n],
    ['-0', 2, 0n],
    ['123456789012345678901234567890.12', 2, 12345678901234567890123456789012n],
  ];
  for (const [text, scale, value] of rows) {
    assert.deepEqual(parseDecimal(text, scale), { ok: true, value }, text);
  }
});

test('[U4] anything else is refused and named', () => {
  for (const text of [
    '',
    ' 1',
    '1 ',
    '+1',
    '.5',
    '1e3',
    '1,5',
    '0x1',
    'NaN',
    '--1',
    '1.2.3',
    '٣',
    '9'.repeat(81),
  ]) {
    const parsed = parseDecimal(text, 8);
    assert.equal(parsed.ok, false, JSON.stringify(text));
    assert.match(parsed.ok ? '' : parsed.reason, /expected a decimal number, found "/);
  }
  const fine = parseDecimal('1.234', 2);
  assert.deepEqual(fine, { ok: false, reason: 'expected at most 2 decimals, found "1.234"' });
  assert.throws(() => toScaled('x', 2, 'takeProfit'), /takeProfit: expected a decimal number/);
});

test('[U5] whole numbers become text with all decimals, or without trailing zeros', () => {
  assert.equal(formatDecimal(1500n, 3), '1.500');
  assert.equal(formatDecimal(-5n, 3), '-0.005');
  assert.equal(formatDecimal(42n, 0), '42');
  assert.equal(trimDecimal('1.500'), '1.5');
  assert.equal(trimDecimal('100'), '100');
  assert.equal(trimDecimal('0.000'), '0');
});

test('[U5] a change of scale loses nothing or is refused', () => {
  assert.equal(rescale(15n, 1, 3), 1500n);
  assert.equal(rescale(1500n, 3, 1), 15n);
  assert.throws(() => rescale(1501n, 3, 1), /1.501 does not fit 1 decimals/);
});

test('[U5] text and number go round', (t) => {
  t.diagnostic(`seed ${SEED}`);
  fc.assert(
    fc.property(
      fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }),
      fc.integer({ min: 0, max: 30 }),
      (value, scale) => {
        const text = formatDecimal(value, scale);
        assert.equal(toScaled(text, scale, 'value'), value);
        assert.equal(toScaled(trimDecimal(text), scale, 'value'), value);
      },
    ),
    { seed: SEED },
  );
});
