// SPDX-License-Identifier: Apache-2.0
// Smart trades and signal bots over candles: tables a trader can read, and random markets on all three walks.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import {
  runBacktest,
  type BacktestInput,
  type SignalAction,
  type SmartTradeSettings,
  type TimedSignal,
} from '../src/index.ts';
import {
  candlesOf,
  DEFAULTS,
  log,
  MINUTE,
  randomMarket,
  randomOptions,
  run,
  START,
} from './backtest-script.ts';
import { COIN } from './deal-script.ts';
import { PAIR_COIN, randomPairTrade, randomSignalBot, randomTrade } from './trade-line.ts';
import { percent, price, tradeSettings } from './trade-script.ts';
import { signalSettings } from './signal-script.ts';

const SEED = 20_261_125;

test('[P41] a trade over candles: entry, first step, break-even stop', () => {
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100],
      [100, 105.5, 99.8, 105.2], // through 105.01
      [105.2, 105.3, 100.2, 100.5],
      [100.5, 100.6, 99.9, 100.3], // bid 99.89 is at or below the average of 100.01
    ]),
    {},
    { settings: tradeSettings({ stopLoss: { price: percent('5'), breakEven: true } }) },
  );
  assert.deepEqual(log(report), [
    '0:0 entry 1 2.00 @ 100.01 taker',
    '1:2 takeProfit 1 1.00 @ 105.02 maker',
    '3:1 stopLoss 1.00 @ 99.89 taker',
  ]);
  assert.equal(report.deals[0]?.status, 'stopLoss');
  assert.equal(report.deals[0]?.realisedProfit, '4.89');
});

test('[P41] a trailing entry and a trailing step follow the points of the path', () => {
  const settings = tradeSettings({
    entries: [{ order: 'market', trigger: { price: price('95.00'), trailing: '1' } }],
    takeProfit: [{ price: percent('5'), order: 'market', trailing: '1' }],
    stopLoss: undefined,
  });
  const report = run(
    candlesOf([
      [100, 100, 94, 94.5], // lowest ask 94.01, turned by 1 % from 94.96 on
      [94.5, 96, 94.5, 95.9],
      [109, 110, 108.95, 109], // highest bid 109.99, turned by 1 % from 108.89 on
      [109, 109, 108, 108.5],
    ]),
    {},
    { settings, path: 'high-first' },
  );
  assert.deepEqual(log(report), [
    '1:1 entry 1 2.00 @ 96.01 taker',
    '3:2 takeProfit 1 2.00 @ 107.99 taker',
  ]);
});

test('[P41] coins that are held are sold from the balance there is', () => {
  const settings = tradeSettings({
    type: 'sellHeld',
    entries: undefined,
    size: undefined,
    held: { quantity: '2', price: '100' },
  });
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100],
      [100, 111, 99.8, 110.5],
    ]),
    {},
    { settings, startBalances: { COIN: '2' } },
  );
  assert.deepEqual(log(report), [
    '1:2 takeProfit 1 1.00 @ 105.00 maker',
    '1:2 takeProfit 2 1.00 @ 110.00 maker',
  ]);
});

test('[N26] signals come at the first point at or after their time, and trade at that price', () => {
  const signals = [
    timed(30_000, 'enterLong'),
    timed(30_001, 'enterLong'),
    timed(3 * MINUTE, 'exitLong'),
    timed(3 * MINUTE, 'enterLong'),
  ];
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100.2],
      [100, 101, 99.8, 100.5],
      [101, 102, 100.8, 101.5],
      [102, 103, 101.8, 102.5],
    ]),
    {},
    { settings: signalSettings({ takeProfit: [], stopLoss: undefined }), signals },
  );
  assert.deepEqual(log(report), [
    '0:2 entry 1 1.00 @ 100.51 taker',
    '3:0 close 1.00 @ 101.99 taker',
    '3:0 entry 1 0.99 @ 102.01 taker',
  ]);
  assert.equal(report.deals.length, 2);
});

test('[N26] signals out of order are refused', () => {
  const result = runBacktest({
    ...DEFAULTS,
    markets: [{ instrument: COIN, candles: candlesOf([[100, 101, 99, 100]]) }],
    settings: signalSettings(),
    signals: [timed(2, 'enterLong'), timed(1, 'exitLong')],
  });
  assert.ok(result.kind === 'refused');
  assert.equal(result.errors[0]?.field, 'signals');
});

function timed(offset: number, action: SignalAction): TimedSignal {
  return {
    time: START + offset,
    symbol: 'COINUSDT',
    signal: {
      action,
      source: 'webhook',
      conditions: 'none',
      readings: [],
      sentTime: START + offset,
    },
  };
}

test('[P41] passing over candles, walking every point and the matching engine give the same trade', (t) => {
  checkWalks(
    t,
    randomTrade.map((settings) => ({ settings, startBalances: balancesOf(settings) })),
    { runs: 400, seed: SEED, fills: 300 },
  );
});

test('[P77] the three walks give the same trade with a stop at the exchange', (t) => {
  checkWalks(
    t,
    randomPairTrade.map((settings) => ({ settings, startBalances: balancesOf(settings) })),
    { runs: 400, seed: SEED + 2, fills: 300 },
  );
});

/** The coins a trade of coins held, or one that sells first, has to begin with. */
function balancesOf(settings: SmartTradeSettings): Readonly<Record<string, string>> {
  return { COIN: settings.type === 'sellHeld' ? (settings.held?.quantity ?? '0') : '1000' };
}

const randomSignals: fc.Arbitrary<readonly TimedSignal[]> = fc
  .array(
    fc.record({
      after: fc.integer({ min: 0, max: 8 * MINUTE }),
      action: fc.constantFrom<SignalAction>(
        'enterLong',
        'enterLong',
        'enterShort',
        'exitLong',
        'exitShort',
        'reverse',
        'buy',
        'sell',
      ),
    }),
    { minLength: 5, maxLength: 60 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ after, action }) => {
      at += after;
      return timed(at, action);
    });
  });

test('[N26] the three walks give the same positions of a signal bot', (t) => {
  const runs = fc
    .record({ settings: randomSignalBot, signals: randomSignals })
    .map(({ settings, signals }) => {
      // Signals made beforehand know no price.
      const { maxPriceDeviation: _, ...rest } = settings;
      return { settings: rest, signals, startBalances: { COIN: '1000' } };
    });
  checkWalks(t, runs, { runs: 400, seed: SEED + 1, fills: 800 });
});

function checkWalks(
  t: TestContext,
  given: fc.Arbitrary<Pick<BacktestInput, 'settings' | 'startBalances' | 'signals'>>,
  options: { readonly runs: number; readonly seed: number; readonly fills: number },
): void {
  const { runs, seed } = options;
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  let fills = 0;
  let refused = 0;
  fc.assert(
    fc.property(given, randomMarket, randomOptions, (what, market, rest) => {
      const input: BacktestInput = {
        ...rest,
        ...what,
        markets: [{ instrument: PAIR_COIN, candles: candlesOf(market) }],
      };
      const fast = runBacktest({ ...input, walk: 'fast' });
      assert.deepEqual(runBacktest({ ...input, walk: 'every-point' }), fast);
      assert.deepEqual(runBacktest({ ...input, walk: 'matching-engine' }), fast);
      if (fast.kind === 'completed') fills += fast.fills.length;
      else refused += 1;
    }),
    { seed, numRuns: runs },
  );
  t.diagnostic(`${fills} fills, ${refused} refused`);
  assert.ok(fills >= options.fills, 'the runs must be wild enough to prove something');
}
