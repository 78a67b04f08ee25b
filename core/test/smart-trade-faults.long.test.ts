// SPDX-License-Identifier: Apache-2.0
// Rules P39, P40, N24 and N25 over many more random runs, each time of other seeds; the seed is printed.

import { test } from 'node:test';
import { checkTrades, checkTradesEnd, randomSignalRun, randomTradeRun } from './trade-line.ts';

const RUNS = 3_000;
/** KONTOR_SEED repeats a run. */
const SEED = Number(process.env['KONTOR_SEED'] ?? Date.now() % 2 ** 31);

test('[P39] exits never exceed the position, in thousands of runs', (t) => {
  checkTrades(t, randomTradeRun, { seed: SEED, runs: RUNS, least: { fills: 8_000 } });
});

test('[P40] every trade ends, in thousands of runs', (t) => {
  checkTradesEnd(t, randomTradeRun, { seed: SEED + 1, runs: RUNS });
});

test('[N24] the same holds for the positions of signal bots', (t) => {
  checkTrades(t, randomSignalRun, { seed: SEED + 2, runs: RUNS / 4, least: { fills: 5_000 } });
});

test('[N25] every position of a signal bot ends, in thousands of runs', (t) => {
  checkTradesEnd(t, randomSignalRun, { seed: SEED + 3, runs: RUNS / 4 });
});
