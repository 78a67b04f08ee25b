// SPDX-License-Identifier: Apache-2.0
// Rule B6 for everything a DCA deal can be: directions, volumes, steps, trailing exits, stops, timeouts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { runBacktest } from '../src/index.ts';
import { candlesOf, DEFAULTS, randomMarket, randomOptions } from './backtest-script.ts';
import { COIN } from './deal-script.ts';
import { randomSettings } from './random-dca.ts';

const SEED = 20_221_117;

test('[B6] the three walks agree on deals of every kind', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const seen: Record<string, number> = {};
  const property = fc.property(
    randomMarket,
    randomSettings,
    randomOptions,
    (market, settings, options) => {
      const input = {
        ...DEFAULTS,
        ...options,
        markets: [{ instrument: COIN, candles: candlesOf(market) }],
        settings,
        startBalances: { COIN: '100' },
      };
      const fast = runBacktest({ ...input, walk: 'fast' });
      assert.deepEqual(runBacktest({ ...input, walk: 'every-point' }), fast);
      assert.deepEqual(runBacktest({ ...input, walk: 'matching-engine' }), fast);
      if (fast.kind !== 'completed') return;
      for (const deal of fast.deals) {
        for (const name of [deal.direction ?? '', deal.status, deal.reason]) {
          if (name !== '') seen[name] = (seen[name] ?? 0) + 1;
        }
      }
      for (const { order, ladderIndex } of fast.fills) {
        const name = `${order} ${ladderIndex}`;
        seen[name] = (seen[name] ?? 0) + 1;
      }
    },
  );
  fc.assert(property, { seed: SEED, numRuns: 500 });
  t.diagnostic(JSON.stringify(seen));
  for (const [name, least] of Object.entries({
    long: 500,
    short: 200,
    completed: 500,
    stopLoss: 100,
    'trailing take profit': 100,
    'close timeout': 50,
    'takeProfit 2': 50,
    'takeProfit 3': 10,
    'safetyOrder 1': 500,
  })) {
    assert.ok((seen[name] ?? 0) >= least, `${name}: the runs must be wild enough`);
  }
});
