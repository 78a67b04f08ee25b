// SPDX-License-Identifier: Apache-2.0
// Rules G35 and G36 over random runs, few enough for every day.

import { test } from 'node:test';
import { checkEveryGridEnds, checkGrids } from './grid-line.ts';

const SEED = 20_221_116;

test('[G35] every coin and every unit of money is in one place, whatever comes', (t) => {
  checkGrids(t, SEED, 150);
});

test('[G36] a stopped grid leaves no order', (t) => {
  checkEveryGridEnds(t, SEED + 1, 150);
});
