// SPDX-License-Identifier: Apache-2.0
// Rules G35 and G36 over many more random runs, each time of other seeds; the seed is printed.

import { test } from 'node:test';
import { checkEveryGridEnds, checkGrids } from './grid-line.ts';

const RUNS = 3_000;
/** KONTOR_SEED repeats a run. */
const SEED = Number(process.env['KONTOR_SEED'] ?? Date.now() % 2 ** 31);

test('[G35] every coin and every unit of money is in one place, in thousands of runs', (t) => {
  checkGrids(t, SEED, RUNS);
});

test('[G36] a stopped grid leaves no order, in thousands of runs', (t) => {
  checkEveryGridEnds(t, SEED + 1, RUNS);
});
