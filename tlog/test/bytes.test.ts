// SPDX-License-Identifier: Apache-2.0
// Texts of bytes: one writing of each value, every other refused.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  parseBase64,
  parseDecimal,
  parseHex,
  parseUtf8,
  readUint64,
  toBase64,
  toHex,
  toUint64,
  toUtf8,
} from '../src/bytes.ts';

const SEED = 20261122;
const plain = (bytes: Uint8Array | undefined): readonly number[] | undefined =>
  bytes === undefined ? undefined : [...bytes];

test('[H3] base64 and hexadecimal are those of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.equal(toBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.equal(toHex(bytes), Buffer.from(bytes).toString('hex'));
      assert.deepEqual(plain(parseBase64(toBase64(bytes))), plain(bytes));
      assert.deepEqual(plain(parseHex(toHex(bytes))), plain(bytes));
    }),
    { seed: SEED },
  );
});

test('[H3] what base64 accepts is what it writes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'AQgw/+=- _\n'.split('')), maxLength: 8 }),
      (text) => {
        const bytes = parseBase64(text);
        const again = Buffer.from(text, 'base64').toString('base64');
        assert.equal(
          bytes === undefined ? undefined : toBase64(bytes),
          again === text ? text : undefined,
        );
      },
    ),
    { seed: SEED, numRuns: 20_000 },
  );
});

test('[H3] base64 with junk, wrong padding, the other alphabet or bits left over is refused', () => {
  const wrong = [
    'A',
    'AA',
    'AAA',
    'AA=',
    'A===',
    '=AAA',
    'AA==AA==',
    'AB==',
    'AAB=',
    'AA A',
    'AA\n=',
    'A-_A',
    'AAA=\n',
    '\u{ff21}AAA',
  ];
  for (const text of wrong) assert.equal(parseBase64(text), undefined, JSON.stringify(text));
});

test('[H3] hexadecimal is lower case and whole', () => {
  for (const text of ['0', 'AB', '0x', ' 00', '00\n', 'zz'])
    assert.equal(parseHex(text), undefined);
});

test('[H3, H9] decimals have one writing and end at 2^64', () => {
  assert.equal(parseDecimal('0'), 0n);
  assert.equal(parseDecimal('18446744073709551615'), (1n << 64n) - 1n);
  const wrong = [
    '',
    '00',
    '01',
    '-1',
    '+1',
    '1e3',
    '0x1',
    ' 1',
    '1\n',
    '1.0',
    '\u0661',
    '18446744073709551616',
    '9'.repeat(400),
  ];
  for (const text of wrong) assert.equal(parseDecimal(text), undefined, text);
});

test('[H3] UTF-8 is strict and loses nothing', () => {
  const wrong = ['ff', 'c080', 'eda080', 'f4908080', 'e28094e2'];
  for (const hex of wrong) assert.equal(parseUtf8(Buffer.from(hex, 'hex')), undefined, hex);
  assert.equal(parseUtf8(Buffer.from('efbbbf41', 'hex')), '\u{feff}A');
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      assert.equal(parseUtf8(toUtf8(text)), text);
    }),
    { seed: SEED },
  );
  assert.throws(() => toUtf8('\u{d800}'), /surrogate/);
});

test('[H3] eight bytes carry every size, wherever they lie in their buffer', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 64n) - 1n), fc.nat(9), (value, offset) => {
      const bytes = new Uint8Array(32).subarray(3);
      bytes.set(toUint64(value), offset);
      assert.equal(readUint64(bytes, offset), value);
    }),
    { seed: SEED },
  );
});
