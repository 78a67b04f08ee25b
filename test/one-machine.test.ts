// SPDX-License-Identifier: Apache-2.0
// One machine: bots of every kind fill the same orders in a backtest and live, through server, signer, egress and the
// simulator that replays the candles, and on paper: against one that follows another's public prices.

import { test } from 'node:test';
import { checkDesk } from './one-machine.ts';

const SEEDS = (process.env['KONTOR_SEEDS'] ?? '1').split(',').map(Number);
const PAPER = (process.env['KONTOR_PAPER'] ?? '1').split(',').filter(Boolean).map(Number);
const CANDLES = 60;

for (const seed of SEEDS) {
  test(`[R11] bots of every kind: live and backtest give the same fills (seed ${seed})`, async (t) => {
    const counts = await checkDesk(t, 'live', seed, CANDLES);
    t.diagnostic(JSON.stringify(counts));
  });
}
for (const seed of PAPER) {
  test(`[R11] bots of every kind: paper and backtest give the same fills (seed ${seed})`, async (t) => {
    const counts = await checkDesk(t, 'paper', seed, CANDLES);
    t.diagnostic(JSON.stringify(counts));
  });
}
