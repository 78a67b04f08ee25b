// SPDX-License-Identifier: Apache-2.0
// The rules of one-machine.test.ts over many more runs, each time of other seeds; the seed is printed.

import { test } from 'node:test';
import { checkMachines } from './one-machine.ts';

const RUNS = 1_000;
/** KONTOR_SEED repeats a run. */
const SEED = Number(process.env['KONTOR_SEED'] ?? Date.now() % 2 ** 31);

test('[B6, B16, B19, J4] bots of every kind are the same machine, in thousands of runs', (t) => {
  checkMachines(t, SEED, RUNS);
});
