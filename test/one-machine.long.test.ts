// SPDX-License-Identifier: Apache-2.0
// As one-machine.test.ts, for more seeds.

import { test } from 'node:test';
import { checkDesk } from './one-machine.ts';

const SEEDS = [101, 102, 103, 104, 105, 106, 107, 108];
const CANDLES = 60;

for (const seed of SEEDS) {
  for (const desk of ['live', 'paper'] as const) {
    test(`[R11] bots of every kind: ${desk} and backtest give the same fills (seed ${seed})`, async (t) => {
      const counts = await checkDesk(t, desk, seed, CANDLES);
      t.diagnostic(JSON.stringify(counts));
    });
  }
}
