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

for (const [way, flags] of [
  ['by a sync', []],
  ['by synchronous writes', ['--permission', '--allow-fs-read=*', '--allow-fs-write=*']],
] as const) {
  test(`[S225] what is recorded is on disk with every line before it, ${way} (seeds ${SEEDS.join(', ')})`, (t) => {
    for (const seed of SEEDS) {
      const directory = join(temporaryDirectory(t), 'signer');
      mkdirSync(directory, { recursive: true, mode: 0o700 });
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [...flags, CHILD, directory, String(seed)],
        { encoding: 'utf8', timeout: 60_000 },
      );
      assert.equal(status, 0, stderr);
      const seen = stdout
        .trim()
        .split('\n')
        .map((line): { readonly size: number; readonly lost: number } => JSON.parse(line));
      assert.ok(seen.length > 30, `expected at least 30 durable appends, found ${seen.length}`);
      assert.ok((seen.at(-1)?.size ?? 0) > 8_192, 'expected more than two pages');
      assert.deepEqual(
        seen.filter(({ lost }) => lost !== -1),
        [],
      );
    }
  });
}
