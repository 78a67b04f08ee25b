// SPDX-License-Identifier: Apache-2.0
// Rules P39, P40, N24 and N25 over random runs, few enough for every day.

import { test } from 'node:test';
import { checkTrades, checkTradesEnd, randomSignalRun, randomTradeRun } from './trade-line.ts';

const SEED = 20_261_122;

test('[P39] exits never exceed the position, coins are covered or explained, sums and replay are equal', (t) => {
  checkTrades(t, randomTradeRun, {
    seed: SEED,
    runs: 600,
    least: {
      fills: 1_200,
      rejected: 120,
      absent: 80,
      duplicates: 700,
      crossed: 150,
      stopLoss: 80,
      deals: 450,
    },
  });
});

test('[P40] every trade ends once the line is good and a person closes it', (t) => {
  checkTradesEnd(t, randomTradeRun, { seed: SEED + 1, runs: 300 });
});

test('[N24] the same holds for the positions of signal bots', (t) => {
  checkTrades(t, randomSignalRun, {
    seed: SEED + 2,
    runs: 80,
    least: {
      fills: 500,
      rejected: 30,
      absent: 30,
      duplicates: 300,
      crossed: 80,
      stopLoss: 20,
      deals: 200,
    },
  });
});

test('[N25] every position ends once the line is good and a person closes it', (t) => {
  checkTradesEnd(t, randomSignalRun, { seed: SEED + 3, runs: 80 });
});
