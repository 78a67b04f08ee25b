// SPDX-License-Identifier: Apache-2.0
// Short deals: coins are sold first and bought back lower; everything a long deal does, mirrored.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  dealView,
  priceTicks,
  watchedAbove,
  watchedBelow,
  type DcaBotState,
} from '../src/index.ts';
import { candlesOf, log, run } from './backtest-script.ts';
import { botOf, COIN, play, settingsOf, type Row } from './deal-script.ts';

const SHORT = { direction: 'short' } as const;

/** Rows that bring a plain short to the point where its base order has sold 1.00 at 100.00, fee-free. */
const SOLD: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
  ['accept 1-1'],
  [
    'fill 1-1 1.00 @ 100.00',
    'buy 1-2 takeProfit 1.00 @ 98.00 GTC',
    // 100 / 101 = 0.9900…, 100 / 102 = 0.9803…; each rounded up to a lot
    'sell 1-3 safetyOrder 1 1.00 @ 101.00 GTC',
    'sell 1-4 safetyOrder 2 0.99 @ 102.00 GTC',
  ],
  ['accept 1-2'],
  ['accept 1-3'],
  ['accept 1-4'],
];

test('[D39] a short sells first, safety orders sell higher, take profit buys back lower', () => {
  const bot = botOf(SHORT);
  const notes = play(bot, [
    ...SOLD,
    ['fill 1-3 1.00 @ 101.00', 'cancel 1-2', 'sell 1-5 safetyOrder 3 0.98 @ 103.00 GTC'],
    // (100 + 101) / 2 × 0.98 = 98.49
    ['end 1-2 cancelled 0.00', 'buy 1-6 takeProfit 2.00 @ 98.49 GTC'],
    ['fill 1-6 2.00 @ 98.49', 'cancel 1-4', 'cancel 1-5'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['profit'], '4.02');
  assert.equal(done?.values['profitPercent'], '2');
  assert.equal(done?.values['kept'], '0');
});

test('[D39] prices are rounded to the better side: safety orders up, take profit down', () => {
  // A base of 33.33: × 1.01 = 33.6633, × 1.02 = 33.9966, × 0.98 = 32.6634
  play(botOf(SHORT), [
    ['start', 'quote? COINUSDT'],
    ['quote 33.33 33.34 33.33', 'sell 1-1 baseOrder 3.01 @ 33.00 IOC'],
    [
      'fill 1-1 3.01 @ 33.33',
      'buy 1-2 takeProfit 3.01 @ 32.66 GTC',
      'sell 1-3 safetyOrder 1 2.98 @ 33.67 GTC',
      'sell 1-4 safetyOrder 2 2.95 @ 34.00 GTC',
    ],
  ]);
});

test('[D39] a limit base order of a short rests at the ask', () => {
  play(botOf({ ...SHORT, baseOrderType: 'limit' }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 100.00 100.01 100.00',
      'sell 1-1 baseOrder 1.00 @ 100.01 GTC',
      'timer deal:1:baseOrder in 300s',
    ],
  ]);
});

test('[D39] the fee of the sale is in the average, that of the buy in the quantity bought back', () => {
  const bot = botOf(
    { ...SHORT, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 },
    { feeRatePpm: 1000 },
  );
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.1 USDT',
      // 99.90 × 0.98 × 0.999 = 97.804098; 1 / 0.999 = 1.001001 coins
      'buy 1-2 takeProfit 1.01 @ 97.80 GTC',
    ],
    ['fill 1-2 1.01 @ 97.80 fee 0.00101 COIN', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  // 99.9 − 98.778; 0.00899 coins more than were sold are kept and no profit
  assert.equal(done?.values['profit'], '1.122');
  assert.equal(done?.values['kept'], '0.00899');
});

test('[D39] with a commission in a third coin as many coins are bought back as were sold', () => {
  play(botOf({ ...SHORT, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }, { feeRatePpm: 1000 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.0002 BNB',
      // The price still counts with the fee: 100 × 0.98 × 0.999 = 97.902
      'buy 1-2 takeProfit 1.00 @ 97.90 GTC',
    ],
  ]);
});

test('[D39] the stop loss of a short stands above, and is watched there', () => {
  const bot = botOf({ ...SHORT, stopLoss: '5' });
  play(bot, SOLD);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 10_500);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
  const notes = play(bot, [
    ['quote 104.97 104.99 104.99'],
    ['quote 104.98 105.00 105.00', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    // 105.00 × 1.01 = 106.05
    ['quote 104.98 105.00 105.00', 'buy 1-5 stopLoss 1.00 @ 106.05 IOC'],
    ['fill 1-5 1.00 @ 105.00', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['outcome'], 'stopLoss');
  assert.equal(done?.values['profit'], '-5');
});

test('[D39] a closed short buys back within slippage of the ask, what is left at a new quote', () => {
  const bot = botOf({ ...SHORT, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'buy 1-2 takeProfit 1.00 @ 98.00 GTC'],
    ['close 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.00 99.50 99.20', 'buy 1-3 close 1.00 @ 100.49 IOC'],
    ['fill 1-3 0.60 @ 99.50'],
    ['end 1-3 expired 0.60', 'quote? COINUSDT'],
    ['quote 99.00 99.50 99.20', 'buy 1-4 close 0.40 @ 100.49 IOC'],
    ['fill 1-4 0.40 @ 99.50', 'quote? COINUSDT'],
  ]);
});

test('[D39] a cancelled short says what is missing', () => {
  const bot = botOf({ ...SHORT, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'buy 1-2 takeProfit 1.00 @ 98.00 GTC'],
    ['fill 1-2 0.30 @ 98.00'],
    ['cancel 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.30', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCancelled')?.note;
  assert.equal(done?.values['missing'], '0.7');
  assert.equal(done?.values['kept'], '-0.7');
  // 100 × 0.3 − 29.4
  assert.equal(done?.values['profit'], '0.6');
});

test('[D34] a short is shown by what it sold, and what it would cost to buy back', () => {
  const bot = botOf({ ...SHORT, stopLoss: '5' }, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.1 USDT',
      'buy 1-2 takeProfit 1.01 @ 97.80 GTC',
      'sell 1-3 safetyOrder 1 1.00 @ 100.90 GTC',
      'sell 1-4 safetyOrder 2 0.99 @ 101.90 GTC',
    ],
  ]);
  const view = viewOf(bot, 10_000);
  assert.equal(view.direction, 'short');
  assert.equal(view.average, '99.9');
  assert.equal(view.breakEven, '99.8001');
  assert.equal(view.stopLoss, '104.895');
  assert.equal(view.heldQuantity, '1');
  assert.equal(view.invested, '99.9');
  // 99.9 − 100 / 0.999 = −0.2001001…, rounded down
  assert.equal(view.unrealisedProfit, '-0.20010011');
  assert.equal(view.profitPercent, '-0.21');
});

function viewOf(bot: DcaBotState, ticks: number): ReturnType<typeof dealView> {
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  return dealView(deal, priceTicks(ticks));
}

test('[D39] a short over candles: sold into the rise, bought back in the fall', () => {
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100.2],
      [100.2, 101.2, 99.9, 100.8], // through safety order 1
      [100.8, 100.9, 98, 98.3], // through take profit
    ]),
    { ...SHORT, cooldownSeconds: 6000 },
    { startBalances: { COIN: '3' } },
  );
  assert.deepEqual(log(report), [
    '0:0 baseOrder 1.01 @ 99.99 taker',
    '1:2 safetyOrder 1 1.00 @ 100.99 maker',
    // (100.9899 + 100.99) / 2.01 × 0.98 = 98.477…
    '2:1 takeProfit 2.01 @ 98.47 maker',
  ]);
  assert.equal(report.statistics.realisedProfit, '4.0552');
});

test('[D39] a take profit that would lie below the lowest price is waited for, with profit in coins too', () => {
  const changes = { ...SHORT, profitCurrency: 'base', takeProfit: '60', maxSafetyOrders: 0 };
  const settings = { ...changes, maxActiveSafetyOrders: 0, baseOrderVolume: '50' };
  const [fault] = checkSettings(settingsOf(settings), [COIN], { COINUSDT: priceTicks(1) }, 0);
  assert.equal(fault?.field, 'takeProfit');
  const bot = botOf(settings);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 0.01 0.02 0.01', 'sell 1-1 baseOrder 5000.00 @ 0.01 IOC'],
    ['accept 1-1'],
    ['fill 1-1 5000.00 @ 0.01'],
    ['quote 0.01 0.02 0.01'],
  ]);
  assert.equal(bot.deals[0]?.phase.kind, 'holding');
});
