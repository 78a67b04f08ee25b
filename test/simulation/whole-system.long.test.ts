// SPDX-License-Identifier: Apache-2.0
// Ten thousand seeded hours of the whole system.

import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { failureLine, runSeeds, totalsOf } from './seeds.ts';

const FIRST_SEED = 100_001;
const RUNS = 10_000;
const SHOWN_EVERY = 500;

test(`[T71][T72][T73][T74][T75][T76][T79] ${RUNS} hours hold (seeds from ${FIRST_SEED})`, async (t) => {
  const startedAt = performance.now();
  let done = 0;
  const results = await runSeeds({
    from: FIRST_SEED,
    runs: RUNS,
    workers: os.availableParallelism(),
    onResult: (result) => {
      done += 1;
      if (result.violation !== null) t.diagnostic(failureLine(result));
      if (done % SHOWN_EVERY !== 0) return;
      const perSecond = (done / (performance.now() - startedAt)) * 1000;
      t.diagnostic(`${done} runs, ${perSecond.toFixed(1)} a second`);
    },
  });
  assert.equal(results.length, RUNS);
  t.diagnostic(JSON.stringify(totalsOf(results)));
  const failures = results.filter(({ violation }) => violation !== null).map(failureLine);
  assert.deepEqual(failures, []);
});
