// SPDX-License-Identifier: Apache-2.0
// Rules D35 and D36 over random runs, few enough for every day.

import { test } from 'node:test';
import { checkBadLine, checkEveryDealEnds } from './bad-line.ts';

const SEED = 20_221_116;

test('[D35] coins are always covered or explained, sums and replay are equal, IDs are new', (t) => {
  checkBadLine(t, SEED, 250);
});

test('[D36] every deal ends once the line is good and a person closes it', (t) => {
  checkEveryDealEnds(t, SEED + 1, 250);
});
