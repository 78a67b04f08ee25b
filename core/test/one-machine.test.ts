// SPDX-License-Identifier: Apache-2.0
// Rules B6, B16, B19 and J4 for every kind of bot: random settings on random markets, with commands and signals.

import { test } from 'node:test';
import { checkMachines } from './one-machine.ts';

const SEED = 20_261_128;

test('[B6, B16, B19, J4] bots of every kind are the same machine on all walks', (t) => {
  checkMachines(t, SEED, 40);
});
