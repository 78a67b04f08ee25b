// SPDX-License-Identifier: Apache-2.0
// Rules B12, B16, B17 and B31: one moment in several markets, what comes from outside, and what running deals keep.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseSettings, runBacktest, type BotCommand, type TimedCommand } from '../src/index.ts';
import { candlesOf, DEFAULTS, log, MINUTE, run, START, type CandleRow } from './backtest-script.ts';
import { COIN, OTHER, settingsOf } from './deal-script.ts';

const NO_LADDER = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 };
const FLAT: CandleRow = [100, 100, 100, 100];

function timed(seconds: number, command: BotCommand): TimedCommand {
  return { time: START + seconds * 1000, command };
}

test('[B12] at a point all markets have moved before the bot hears of a fill in one of them', () => {
  const report = run(
    candlesOf([FLAT, [100, 103, 100, 103]]),
    { symbols: ['COINUSDT', 'OTHERUSDT'], ...NO_LADDER, maxActiveDeals: 1, cooldownSeconds: 6000 },
    {
      markets: [
        { instrument: COIN, candles: candlesOf([FLAT, [100, 103, 100, 103]]) },
        { instrument: OTHER, candles: candlesOf([FLAT, [100, 120, 100, 120]]) },
      ],
    },
  );
  assert.deepEqual(
    report.fills.map(({ symbol, order, price, time }) => [symbol, order, price, time - START]),
    [
      ['COINUSDT', 'baseOrder', '100.01', 0],
      ['COINUSDT', 'takeProfit', '102.02', MINUTE + 40_000],
      // Where OTHER stands then, not where it stood before.
      ['OTHERUSDT', 'baseOrder', '120.01', MINUTE + 40_000],
    ],
  );
});

test('[B16] a command comes after everything else of the first point at its time or later', () => {
  const candles = candlesOf([FLAT, [100, 103, 100, 103], [103, 103, 103, 103]]);
  const closed = run(
    candles,
    { ...NO_LADDER, cooldownSeconds: 6000 },
    {
      commands: [timed(21, { kind: 'closeDeal', dealId: 1 })],
    },
  );
  assert.deepEqual(log(closed), [
    '0:0 baseOrder 1.00 @ 100.01 taker',
    '0:2 close 1.00 @ 99.99 taker',
  ]);
  // At the point at which the take profit fills, the fill comes first.
  const late = run(
    candles,
    { ...NO_LADDER, cooldownSeconds: 6000 },
    {
      commands: [timed(100, { kind: 'closeDeal', dealId: 1 })],
    },
  );
  assert.deepEqual(log(late).slice(1), ['1:2 takeProfit 1.00 @ 102.02 maker']);
});

test('[B16] the bot starts when a command starts it, and may be stopped and started again', () => {
  const rows: CandleRow[] = [
    FLAT,
    [101, 101, 101, 101],
    [102, 102, 102, 102],
    [103, 103, 103, 103],
  ];
  const report = run(
    candlesOf(rows),
    { ...NO_LADDER, takeProfit: '50' },
    {
      commands: [
        timed(60, { kind: 'start' }),
        timed(80, { kind: 'stop', deals: 'close' }),
        timed(180, { kind: 'start' }),
      ],
    },
  );
  assert.deepEqual(log(report), [
    '1:0 baseOrder 1.00 @ 101.01 taker',
    '1:1 close 1.00 @ 100.99 taker',
    '3:0 baseOrder 0.98 @ 103.01 taker',
  ]);
});

test('[B16] passing over candles in which nothing can happen stops at a command', () => {
  const rows: CandleRow[] = Array.from({ length: 400 }, () => FLAT);
  const commands = [timed(200 * 60 + 1, { kind: 'closeDeal', dealId: 1 } as const)];
  const settings = { ...NO_LADDER, cooldownSeconds: 600_000 };
  const fast = run(candlesOf(rows), settings, { commands });
  assert.deepEqual(log(fast), [
    '0:0 baseOrder 1.00 @ 100.01 taker',
    '200:1 close 1.00 @ 99.99 taker',
  ]);
  for (const walk of ['every-point', 'matching-engine'] as const) {
    assert.deepEqual(run(candlesOf(rows), settings, { commands, walk }), fast);
  }
});

test('[B10] [B16] commands out of order, on markets that are not run, and for other kinds are refused', () => {
  const other = parseSettings({
    kind: 'rebalance',
    name: 'other',
    symbols: ['COINUSDT'],
    targets: [{ symbol: 'COINUSDT', share: '50' }],
    investment: '100',
    threshold: '1',
  });
  assert.ok(other.ok);
  const slow = settingsOf({
    startTrigger: 'conditions',
    startConditions: [
      { kind: 'rsi', interval: '1m', period: 14, comparison: 'below', value: '30' },
    ],
  });
  const markets = [{ instrument: COIN, candles: candlesOf([FLAT]) }];
  const daily = { ...candlesOf([FLAT]), intervalMs: 7 * MINUTE };
  const cases: readonly (readonly [readonly TimedCommand[], string, typeof markets])[] = [
    [[timed(2, { kind: 'start' }), timed(1, { kind: 'stop' })], 'commands', markets],
    [
      [
        timed(0, {
          kind: 'startDeal',
          symbol: 'OTHERUSDT',
          skipConditions: true,
          skipLimits: true,
          onlyWhileRunning: false,
          conditions: 'none',
          readings: [],
        }),
      ],
      'commands[0]',
      markets,
    ],
    [
      [timed(0, { kind: 'editDeal', dealId: 1, settings: other.settings })],
      'commands[0].settings',
      markets,
    ],
    [
      [timed(0, { kind: 'editSettings', settings: slow, instruments: [COIN] })],
      'commands[0].settings.startConditions',
      [{ instrument: COIN, candles: daily }],
    ],
  ];
  for (const [commands, field, run] of cases) {
    const result = runBacktest({ ...DEFAULTS, markets: run, settings: settingsOf(), commands });
    assert.ok(result.kind === 'refused', field);
    assert.equal(result.errors[0]?.field, field);
  }
});

test('[B17] money that a running deal is to buy its coins back with starts no other', () => {
  const settings = parseSettings({
    kind: 'signal',
    name: 'both ways',
    symbols: ['COINUSDT', 'OTHERUSDT'],
    directions: 'both',
    size: { kind: 'quote', amount: '99' },
    useSignalSize: true,
    maxPositions: 2,
    acceptUntimed: true,
    takeProfit: [{ price: { kind: 'percent', percent: '20' } }],
  });
  assert.ok(settings.ok);
  const enter = (
    seconds: number,
    symbol: string,
    action: 'enterLong' | 'enterShort',
    amount: string,
  ) => ({
    time: START + seconds * 1000,
    symbol,
    signal: {
      action,
      source: 'webhook' as const,
      conditions: 'none' as const,
      readings: [],
      size: { kind: 'quote' as const, amount },
    },
  });
  const fillsOf = (amount: string): readonly string[] => {
    const result = runBacktest({
      ...DEFAULTS,
      settings: settings.settings,
      markets: [
        { instrument: COIN, candles: candlesOf([FLAT, FLAT]) },
        { instrument: OTHER, candles: candlesOf([FLAT, FLAT]) },
      ],
      startBalanceQuote: '100',
      startBalances: { COIN: '1' },
      signals: [
        enter(0, 'COINUSDT', 'enterShort', '99'),
        enter(20, 'OTHERUSDT', 'enterLong', amount),
      ],
    });
    assert.ok(result.kind === 'completed', JSON.stringify(result));
    return result.fills.map(({ symbol, side, quantity }) => `${symbol} ${side} ${quantity}`);
  };
  // 99.99 are what the sold coins brought: of 199.99 only 100 are free.
  assert.deepEqual(fillsOf('90'), ['COINUSDT sell 1.00', 'OTHERUSDT buy 0.90']);
  assert.deepEqual(fillsOf('150'), ['COINUSDT sell 1.00']);
});

test('[B31] funds are not added beyond what is free, nor taken out beyond what is held', () => {
  const added = (seconds: number, value: string): TimedCommand =>
    timed(seconds, { kind: 'addFunds', dealId: 1, order: { amount: { kind: 'quote', value } } });
  const reduced = (seconds: number, value: string): TimedCommand =>
    timed(seconds, { kind: 'reduceFunds', dealId: 1, order: { amount: { kind: 'base', value } } });
  const commands = [
    ...[added(20, '901'), added(40, '500'), added(60, '401')],
    ...[reduced(80, '6'), reduced(100, '2')],
  ];
  for (const walk of ['fast', 'every-point', 'matching-engine'] as const) {
    const heard: BotCommand[] = [];
    const report = run(
      candlesOf([FLAT, FLAT, FLAT]),
      { ...NO_LADDER, takeProfit: '50' },
      {
        commands,
        walk,
        onEntry: ({ event }) => {
          if (event.kind === 'command' && event.command.kind !== 'start') heard.push(event.command);
        },
      },
    );
    assert.deepEqual(log(report), [
      '0:0 baseOrder 1.00 @ 100.01 taker',
      '0:2 addFunds 4.99 @ 100.01 taker',
      '1:2 reduceFunds 2.00 @ 99.99 taker',
    ]);
    assert.deepEqual(heard, [commands[1]?.command, commands[4]?.command]);
  }
});
