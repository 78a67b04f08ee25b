// SPDX-License-Identifier: Apache-2.0
// The benchmark runner on planted modules: all are measured, targets are judged, results are kept.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { HEAD, plantTree } from './planted-tree.ts';

const MAIN = fileURLToPath(new URL('../bench/main.ts', import.meta.url));

test('[T50] modules are measured, judged by their targets and kept', (t) => {
  const root = plantTree(t, {
    'bench/main.ts': fs.readFileSync(MAIN, 'utf8'),
    'bench/result.ts': HEAD,
    'bench/fast.ts': `${HEAD}export const run = () => [
      { name: 'orders', value: 2_000_000, unit: '1/s', target: 500_000, higherIsBetter: true },
      { name: 'start', value: 3, unit: 's', target: 2, higherIsBetter: false },
    ];`,
    'bench/slow.ts': `${HEAD}export const run = async () => [
      { name: 'size', value: 0.12345, unit: 'MB', higherIsBetter: false },
    ];`,
    'bench/data.ts': `${HEAD}export const rows = [1];`,
  });
  const bench = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [path.join(root, 'bench/main.ts'), ...args], {
      cwd: root,
      encoding: 'utf8',
      timeout: 60_000,
    });
  const all = bench();
  assert.equal(all.status, 0, String(all.stderr));
  assert.match(
    String(all.stdout),
    /\| orders +\| 2,000,000 \| 1\/s +\| ≥ 500,000 \| met +\| fast\.ts/,
  );
  assert.match(String(all.stdout), /\| start +\| +3 \| s +\| +≤ 2 \| short/);
  assert.match(String(all.stdout), /\| size +\| +0\.123 \| MB/);
  assert.match(String(all.stdout), /^short of its target: start$/m);
  const page = fs.readFileSync(path.join(root, 'docs/benchmarks.md'), 'utf8');
  assert.match(page, /\| orders/);

  fs.writeFileSync(
    path.join(root, 'bench/slow.ts'),
    `${HEAD}export const run = () => [{ name: 'size', value: 9, unit: 'MB', higherIsBetter: false }];`,
  );
  assert.equal(bench('--only', 'slow').status, 0);
  const kept = JSON.parse(fs.readFileSync(path.join(root, 'bench/results.json'), 'utf8')) as {
    results: { name: string; value: number }[];
  };
  assert.deepEqual(
    kept.results.map(({ name, value }) => [name, value]),
    [
      ['orders', 2_000_000],
      ['start', 3],
      ['size', 9],
    ],
  );
});

test('[T50] a module that fails fails the run and nothing is kept', (t) => {
  const root = plantTree(t, {
    'bench/main.ts': fs.readFileSync(MAIN, 'utf8'),
    'bench/result.ts': HEAD,
    'bench/bad.ts': `${HEAD}export const run = () => { throw new Error('no luck'); };`,
  });
  const ran = spawnSync(process.execPath, [path.join(root, 'bench/main.ts')], {
    cwd: root,
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.equal(ran.status, 1);
  assert.match(ran.stderr, /no luck/);
  assert.equal(fs.existsSync(path.join(root, 'bench/results.json')), false);
});
