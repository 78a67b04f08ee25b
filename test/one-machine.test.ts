// SPDX-License-Identifier: Apache-2.0
// One machine: bots of every kind fill the same orders in a backtest and live, through server, signer, egress and the
// simulator that replays the candles.

import { test } from 'node:test';
import { checkLive } from './one-machine.ts';

const SEEDS = (process.env['KONTOR_SEEDS'] ?? '1').split(',').map(Number);
const CANDLES = 60;

for (const seed of SEEDS) {
  test(`[R11] bots of every kind: live and backtest give the same fills (seed ${seed})`, async (t) => {
    const counts = await checkLive(t, seed, CANDLES);
    t.diagnostic(JSON.stringify(counts));
  });
}
