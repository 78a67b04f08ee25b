// SPDX-License-Identifier: Apache-2.0
// Numbers and times as the reader's locale writes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { amountDecimals, createFormat, decimalsOf, signOf } from '../src/number/format.ts';
import { addDecimals, subtractDecimals } from '../src/number/decimal-sum.ts';

const SEED = 20_261_120;
const english = createFormat({ locale: 'en-GB', zone: 'utc', hours: 'h23' });
const german = createFormat({ locale: 'de-DE', zone: 'utc', hours: 'h23' });
/** Intl separates per cent signs by one of several spaces. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ');

test('[W3] prices and amounts are written at the given decimals in the locale', () => {
  const rows: readonly (readonly [string, number, string, string])[] = [
    ['94180.5', 2, '94,180.50', '94.180,50'],
    ['0.00214', 5, '0.00214', '0,00214'],
    ['1234567.891', 2, '1,234,567.89', '1.234.567,89'],
    ['-12.5', 2, '-12.50', '-12,50'],
    ['0', 2, '0.00', '0,00'],
    ['-0.00', 2, '0.00', '0,00'],
    ['7', 0, '7', '7'],
  ];
  for (const [text, decimals, inEnglish, inGerman] of rows) {
    assert.equal(english.decimal(text, decimals), inEnglish);
    assert.equal(german.decimal(text, decimals), inGerman);
  }
});

test('[W3] decimal text reaches the page without passing through a float', () => {
  assert.equal(english.decimal('9007199254740993.12', 2), '9,007,199,254,740,993.12');
  assert.equal(english.exact('123456789.123456789123456789'), '123,456,789.123456789123456789');
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 10n ** 28n }),
      fc.integer({ min: 1, max: 12 }),
      (whole, decimals) => {
        const digits = whole.toString().padStart(decimals + 1, '0');
        const text = `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
        // Nothing that is not zero is written as zero, so tiny numbers have digits of their own.
        if (/^0\.0*$/.test(text) || !/^0\.0+$/.test(text.slice(0, decimals + 2))) {
          assert.equal(english.decimal(text, decimals).replaceAll(',', ''), text);
        }
        assert.equal(decimalsOf(english.exact(text)), decimalsOf(text));
      },
    ),
    { seed: SEED },
  );
});

test('[W3] what is not zero never reads as zero', () => {
  assert.equal(english.signed('0.004', 2), '+0.004');
  assert.equal(english.signed('-0.0000312', 2), '-0.000031');
  assert.equal(english.decimal('0.00000123', 5), '0.0000012');
  assert.equal(english.signed('0.05', 2), '+0.05');
  assert.equal(english.signed('0', 2), '0.00');
});

test('[W3] text that is no number stops instead of showing one', () => {
  for (const text of ['', 'NaN', '1e5', '1,5', '+1', '.5', 'Infinity']) {
    assert.throws(() => english.decimal(text, 2), RangeError, text);
  }
});

test('[W4] profit carries its sign, in per cent too', () => {
  assert.equal(english.signed('12.345', 2), '+12.35');
  assert.equal(english.signed('-12.345', 2), '-12.35');
  assert.equal(english.percent('1.523'), '+1.52%');
  assert.equal(plain(german.percent('-0.791')), '-0,79 %');
  assert.equal(english.percent('0'), '0.00%');
  assert.deepEqual(
    ['0.1', '-0.00', '0', '-3'].map((text) => signOf(text)),
    [1, 0, 0, -1],
  );
});

test('[W3] quote assets that count in cents get two decimals, others those of their instrument', () => {
  assert.equal(amountDecimals('USDT', 4), 2);
  assert.equal(amountDecimals('EUR', 5), 2);
  assert.equal(amountDecimals('BTC', 6), 6);
});

test('[W3] sums of decimal text are exact', () => {
  assert.equal(addDecimals('0.1', '0.2'), '0.3');
  assert.equal(addDecimals('12', '0.005'), '12.005');
  assert.equal(subtractDecimals('0.3', '0.1'), '0.2');
  assert.equal(subtractDecimals('1', '2.5'), '-1.5');
});

test('[W5] times follow the chosen zone and hours', () => {
  const at = Date.UTC(2026, 10, 20, 14, 3, 5);
  assert.equal(english.clock(at), '14:03:05');
  assert.match(english.full(at), /20 Nov 2026.*14:03:05.*UTC/);
  const twelve = createFormat({ locale: 'en-GB', zone: 'utc', hours: 'h12' });
  assert.match(twelve.clock(at).toLowerCase(), /^02:03:05\s?pm$/);
});

test('[W5] relative times grow coarser with distance', () => {
  const now = Date.UTC(2026, 10, 20, 12);
  const rows: readonly (readonly [number, string])[] = [
    [12_000, '12 sec ago'],
    [5 * 60_000, '5 min ago'],
    [3 * 3_600_000, '3 hr ago'],
    [24 * 3_600_000, 'yesterday'],
    [9 * 86_400_000, '9 days ago'],
  ];
  for (const [past, expected] of rows) {
    assert.equal(english.relative(now - past, now).replaceAll('.', ''), expected);
  }
  assert.equal(german.relative(now - 5 * 60_000, now), 'vor 5 Min.');
});
