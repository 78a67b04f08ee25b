// SPDX-License-Identifier: Apache-2.0
// Text as the terminal shows it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shortened, textTable } from '../src/command-output.ts';

test('[C18] what is longer than its column is cut with an ellipsis, and nothing else is', () => {
  assert.equal(shortened('take profit', 11), 'take profit');
  assert.equal(shortened('take profit', 10), 'take prof…');
  assert.equal(shortened('base order rejected', 12), 'base order…');
  const [, row = ''] = textTable(
    [
      ['ID', 'WHY'],
      ['1-1', shortened('x'.repeat(140), 40)],
    ],
    2,
  ).split('\n');
  assert.equal(row.length, 45);
});
