// SPDX-License-Identifier: Apache-2.0
// What a power failure would leave of the log, with each of the two ways in which it can be made durable.

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from './fixture.ts';

const CHILD = fileURLToPath(new URL('./power-child.ts', import.meta.url));
const SEEDS = [1, 2];

/** What stood in the log when the power failed, and what a start found of it. */
interface Failure {
  readonly recorded: number;
  readonly found: number;
  readonly isSame: boolean;
}

for (const [way, flags] of [
  ['by a sync', []],
  ['by synchronous writes', ['--permission', '--allow-fs-read=*', '--allow-fs-write=*']],
] as const) {
  test(`[S225] what is recorded outlives a power failure at any time, ${way} (seeds ${SEEDS.join(', ')})`, (t) => {
    for (const seed of SEEDS) {
      const directory = join(temporaryDirectory(t), 'signer');
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [...flags, CHILD, directory, String(seed)],
        { encoding: 'utf8', timeout: 120_000 },
      );
      assert.equal(status, 0, stderr);
      const seen = stdout
        .trim()
        .split('\n')
        .map((line): Failure => JSON.parse(line));
      assert.equal(seen.length, 35);
      assert.deepEqual(
        seen.filter(({ recorded, found, isSame }) => found < recorded || !isSame),
        [],
      );
      assert.ok(
        seen.some(({ recorded, found }) => found > recorded),
        'expected that a failure keeps now and then more than it must',
      );
    }
  });
}
