// SPDX-License-Identifier: Apache-2.0
// Text as the terminal shows it.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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

test('[C201] a reader that goes away early stops no command', async (t) => {
  const data = mkdtempSync(join(tmpdir(), 'kontor-output-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
  const child = spawn(process.execPath, [main, 'doctor', '--data', data], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let complaints = '';
  child.stderr.on('data', (bytes: Buffer) => (complaints += bytes.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  assert.equal(complaints, '');
});
