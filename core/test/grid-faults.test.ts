// SPDX-License-Identifier: Apache-2.0
// Rules G40 and G41 over random runs, few enough for every day.

import { test } from 'node:test';
import { checkEveryGridEnds, checkGrids } from './grid-line.ts';

const SEED = 20_221_116;

test('[G40] every coin and every unit of money is in one place, whatever comes', (t) => {
  checkGrids(t, SEED, 250);
});

test('[G41] a stopped grid leaves no order', (t) => {
  checkEveryGridEnds(t, SEED + 1, 250);
});
