// SPDX-License-Identifier: Apache-2.0
// The days that are left: one rule for the terminal, the page, the doctor and the alarm.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { daysLeft, daysText, shellWord } from '@kontor/core';

const DAY_MS = 86_400_000;

test('[C213] a day that has begun counts whole, of the last one it is said that it is less, and none is left at the end', () => {
  const end = 1_795_435_200_000;
  const cases: readonly (readonly [left: number, days: number | null, said: string])[] = [
    [90 * DAY_MS, 90, '90 days'],
    [90 * DAY_MS - 1, 90, '90 days'],
    [89 * DAY_MS + 1, 90, '90 days'],
    [89 * DAY_MS, 89, '89 days'],
    [DAY_MS + 1, 2, '2 days'],
    [DAY_MS, 1, '1 day'],
    [DAY_MS - 1, 0, 'less than a day'],
    [1, 0, 'less than a day'],
    [0, null, ''],
    [-1, null, ''],
  ];
  for (const [left, days, said] of cases) {
    const found = daysLeft(end, end - left);
    assert.equal(found, days, `${left} ms before the end`);
    if (found !== null) assert.equal(daysText(found), said);
  }
});

test('[C217] a name stands in a command as a shell takes it for one word', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['main', 'main'],
    ['c_ABCDEF2', 'c_ABCDEF2'],
    ['my key', "'my key'"],
    ["Ada's", "'Ada'\\''s'"],
    ['a;b', "'a;b'"],
    ['', "''"],
  ];
  for (const [name, word] of cases) assert.equal(shellWord(name), word);
});
