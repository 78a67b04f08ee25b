// SPDX-License-Identifier: Apache-2.0
// Rules D35 and D36 over many more random runs, each time of other seeds; the seed is printed.

import { test } from 'node:test';
import { checkBadLine, checkEveryDealEnds } from './bad-line.ts';

const RUNS = 5_000;
/** KONTOR_SEED repeats a run. */
const SEED = Number(process.env['KONTOR_SEED'] ?? Date.now() % 2 ** 31);

test('[D35] coins are always covered or explained, in thousands of runs', (t) => {
  checkBadLine(t, SEED, RUNS);
});

test('[D36] every deal ends, in thousands of runs', (t) => {
  checkEveryDealEnds(t, SEED + 1, RUNS);
});
