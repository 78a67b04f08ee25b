// SPDX-License-Identifier: Apache-2.0
// Numbers as people type them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { decimalMark, readNumber, writeNumber } from '../src/number/number-entry.ts';

const SEED = 7;

test('[W41] numbers are read in the notation of the reader', () => {
  const rows: readonly (readonly [string, '.' | ',', string])[] = [
    ['1.5', '.', '1.5'],
    ['1,5', ',', '1.5'],
    [' 1 234,56 ', ',', '1234.56'],
    ['1\u202f234.5', '.', '1234.5'],
    ["1'234.5", '.', '1234.5'],
    ['1,234.56', '.', '1234.56'],
    ['1.234,56', ',', '1234.56'],
    ['1,234,567', '.', '1234567'],
    ['1.234.567', ',', '1234567'],
    // The other sign is taken for the decimal one where the digits cannot be grouped.
    ['1.5', ',', '1.5'],
    ['0,25', '.', '0.25'],
    ['0.500', ',', '0.500'],
    ['1.23456', ',', '1.23456'],
    // Still being typed.
    ['1.', '.', '1'],
    ['.5', '.', '0.5'],
    ['007', '.', '7'],
    ['-3', '.', '-3'],
    ['\u22123,5', ',', '-3.5'],
    ['+2', '.', '2'],
  ];
  for (const [typed, mark, text] of rows) {
    assert.deepEqual(readNumber(typed, mark), { kind: 'number', text }, `${typed} with ${mark}`);
  }
});

test('[W41] what could be two numbers is refused with both readings', () => {
  assert.deepEqual(readNumber('1.500', ','), { kind: 'ambiguous', readings: ['1500', '1.500'] });
  assert.deepEqual(readNumber('12,345', '.'), { kind: 'ambiguous', readings: ['12345', '12.345'] });
  assert.deepEqual(readNumber('-1.500', ','), { kind: 'ambiguous', readings: ['-1500', '-1.500'] });
});

test('[W41] what is no number is no number', () => {
  for (const typed of [
    'abc',
    '1e5',
    '1.2.3',
    '1,2,3',
    '1.23,456.7',
    '--1',
    '.',
    '1 2',
    '٣',
    '9'.repeat(80),
  ]) {
    assert.deepEqual(readNumber(typed, '.'), { kind: 'other' }, typed);
  }
  for (const typed of ['', '   ']) assert.deepEqual(readNumber(typed, '.'), { kind: 'empty' });
});

test('[W41] what the page writes it reads back as the same number, in every notation', () => {
  const decimal = fc
    .tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.stringMatching(/^\d{0,12}$/))
    .map(([whole, fraction]) => (fraction === '' ? String(whole) : `${whole}.${fraction}`));
  fc.assert(
    fc.property(decimal, fc.constantFrom('.' as const, ',' as const), (text, mark) => {
      assert.deepEqual(readNumber(writeNumber(text, mark), mark), { kind: 'number', text });
    }),
    { seed: SEED },
  );
});

test('[W41] the sign before the tenths is the locale’s', () => {
  for (const [locale, mark] of [
    ['en-GB', '.'],
    ['de-DE', ','],
    ['de-CH', '.'],
    ['fr-FR', ','],
  ] as const) {
    assert.equal(decimalMark(locale), mark, locale);
  }
});
