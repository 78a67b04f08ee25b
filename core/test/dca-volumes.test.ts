// SPDX-License-Identifier: Apache-2.0
// What orders are sized by: quote, coins, a share of what is free; ladders of one's own; profit in coins.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dealLadder, dealView, formatQuantity, previewLadder, priceTicks } from '../src/index.ts';
import { botOf, COIN, play, settingsOf, type Row } from './deal-script.ts';

const ALONE = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 } as const;

test('[D42] volumes in coins are rounded up to a lot, whatever the price', () => {
  play(
    botOf({
      baseOrderVolumeType: 'base',
      baseOrderVolume: '1.501',
      safetyOrderVolumeType: 'base',
      safetyOrderVolume: '2',
      volumeScale: '1.5',
    }),
    [
      ['start', 'quote? COINUSDT'],
      ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.51 @ 101.00 IOC'],
      [
        'fill 1-1 1.51 @ 100.00',
        'sell 1-2 takeProfit 1.51 @ 102.00 GTC',
        'buy 1-3 safetyOrder 1 2.00 @ 99.00 GTC',
        'buy 1-4 safetyOrder 2 3.00 @ 98.00 GTC',
      ],
    ],
  );
});

test('[D42] base and safety orders may be given in different assets', () => {
  play(botOf({ baseOrderVolumeType: 'base', baseOrderVolume: '3', maxActiveSafetyOrders: 1 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 3.00 @ 101.00 IOC'],
    [
      'fill 1-1 3.00 @ 100.00',
      'sell 1-2 takeProfit 3.00 @ 102.00 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
  ]);
});

test('[D43] percent is of what is free when the deal starts, and stays so', () => {
  const bot = botOf({
    baseOrderVolumeType: 'percent',
    baseOrderVolume: '10',
    safetyOrderVolumeType: 'percent',
    safetyOrderVolume: '20',
    maxActiveSafetyOrders: 1,
  });
  play(bot, [
    ['start', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
    // The market speaks before the answer.
    ['quote 99.99 100.00 100.00'],
    // 10 % of 1234.56 = 123.456 / 100.00, rounded down
    ['quote 99.99 100.00 100.00 funds 5 1234.56', 'buy 1-1 baseOrder 1.23 @ 101.00 IOC'],
    [
      'fill 1-1 1.23 @ 100.00',
      'sell 1-2 takeProfit 1.23 @ 102.00 GTC',
      // 20 % of 1234.56 = 246.912 / 99.00 = 2.494…
      'buy 1-3 safetyOrder 1 2.49 @ 99.00 GTC',
    ],
    ['fill 1-3 2.49 @ 99.00', 'cancel 1-2', 'buy 1-4 safetyOrder 2 2.51 @ 98.00 GTC'],
  ]);
});

test('[D43] a short takes its percent of the coins', () => {
  play(
    botOf({
      ...ALONE,
      direction: 'short',
      baseOrderVolumeType: 'percent',
      baseOrderVolume: '25',
    }),
    [
      ['start', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
      ['quote 100.00 100.01 100.00 funds 7.99 0', 'sell 1-1 baseOrder 1.99 @ 99.00 IOC'],
    ],
  );
});

test('[D43] all that is free pays for the order at its limit too', () => {
  play(botOf({ ...ALONE, baseOrderVolumeType: 'percent', baseOrderVolume: '100' }), [
    ['start', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
    // 1000 / 101.00 = 9.90…, though it is expected to trade at 100.00
    ['quote 99.99 100.00 100.00 funds 0 1000', 'buy 1-1 baseOrder 9.90 @ 101.00 IOC'],
  ]);
});

test('[D43] where nobody says what is free the deal fails with that reason', () => {
  const bot = botOf({ ...ALONE, baseOrderVolumeType: 'percent', baseOrderVolume: '10' });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
    ['quote 99.99 100.00 100.00'],
    ['+29s timer start:COINUSDT'],
    ['+1s timer start:COINUSDT', 'timer start:COINUSDT in 30s'],
    ['quote 99.99 100.00 100.00 funds 0 1000'],
    ['+30s timer start:COINUSDT', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
  ]);
  assert.equal(
    notes.at(-1)?.note.values['reason'],
    'what is free is not known: volumes in percent need it',
  );
});

test('[D43] too little free is refused like any order that is too small', () => {
  const bot = botOf({ ...ALONE, baseOrderVolumeType: 'percent', baseOrderVolume: '10' });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT', 'timer start:COINUSDT in 30s'],
    ['quote 99.99 100.00 100.00 funds 0 20', 'timer start:COINUSDT in 30s'],
  ]);
  assert.match(notes.at(-1)?.note.values['reason'] ?? '', /minNotional/);
});

const CUSTOM = {
  customSafetyOrders: [
    { deviation: '1.5', volume: '50' },
    { deviation: '4', volume: '200' },
    { deviation: '4.5', volume: '20' },
  ],
} as const;

test('[D44] a ladder of one’s own takes the place of volume, step and scales', () => {
  const rows: Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
      // 50 / 98.5 = 0.5076…, 200 / 96 = 2.0833…
      'buy 1-3 safetyOrder 1 0.51 @ 98.50 GTC',
      'buy 1-4 safetyOrder 2 2.09 @ 96.00 GTC',
    ],
  ];
  play(botOf({ ...CUSTOM, stepScale: '3', volumeScale: '3' }), [
    ...rows,
    // 20 / 95.5 = 0.2094…
    ['fill 1-3 0.51 @ 98.50', 'cancel 1-2', 'buy 1-5 safetyOrder 3 0.21 @ 95.50 GTC'],
  ]);
  // The first two only.
  play(botOf({ ...CUSTOM, maxSafetyOrders: 2 }), [
    ...rows,
    ['fill 1-3 0.51 @ 98.50', 'cancel 1-2'],
  ]);
});

test('[D40] a long with profit in coins sells what returns the cost and keeps the rest', () => {
  const bot = botOf({ ...ALONE, profitCurrency: 'base', baseOrderVolume: '1000' });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    // 1000 / 102 = 9.8039…, rounded up to a lot
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 9.81 @ 102.00 GTC'],
    ['fill 1-2 9.81 @ 102.00', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['profitBase'], '0.19');
  assert.equal(done?.values['kept'], '0.19');
  assert.equal(done?.values['revenue'], '1000.62');
});

test('[D40] after fees the proceeds still return the cost', () => {
  const bot = botOf(
    { ...ALONE, profitCurrency: 'base', baseOrderVolume: '1000' },
    { feeRatePpm: 1000 },
  );
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    [
      'fill 1-1 10.00 @ 100.00 fee 0.01 COIN',
      // Take profit at 1000 / 9.99 × 1.02 / 0.999 = 102.21; 1000 / (102.21 × 0.999) = 9.7936…
      'sell 1-2 takeProfit 9.80 @ 102.21 GTC',
    ],
    ['fill 1-2 9.80 @ 102.21 fee 1.001658 USDT', 'quote? COINUSDT'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal !== undefined);
  // 10.00 − 0.01 − 9.80
  assert.deepEqual(dealView(deal).profitBase, { amount: '0.19', percent: '1.9' });
});

test('[D40] a long with profit in coins that must close at a loss sells everything', () => {
  play(botOf({ ...ALONE, profitCurrency: 'base', baseOrderVolume: '1000', stopLoss: '5' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 9.81 @ 102.00 GTC'],
    ['quote 94.98 95.00 95.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.98 95.00 95.00', 'sell 1-3 stopLoss 10.00 @ 94.04 IOC'],
    ['fill 1-3 10.00 @ 94.90', 'quote? COINUSDT'],
  ]);
});

test('[D40] closed with a profit it sells only what returns the cost', () => {
  play(botOf({ ...ALONE, profitCurrency: 'base', baseOrderVolume: '1000' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 9.81 @ 102.00 GTC'],
    ['close 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    // 1000 / 101 = 9.9009…
    ['quote 101.00 101.02 101.00', 'sell 1-3 close 9.91 @ 99.99 IOC'],
    ['fill 1-3 9.91 @ 101.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'buy 2-1 baseOrder 9.90 @ 102.03 IOC'],
  ]);
});

test('[D40] a short with profit in coins spends its proceeds', () => {
  const bot = botOf({
    ...ALONE,
    direction: 'short',
    profitCurrency: 'base',
    baseOrderVolume: '1000',
  });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 10.00 @ 99.00 IOC'],
    // 1000 / 98 = 10.2040…, rounded down to what the proceeds pay for
    ['fill 1-1 10.00 @ 100.00', 'buy 1-2 takeProfit 10.20 @ 98.00 GTC'],
    ['fill 1-2 10.20 @ 98.00', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  // 10.20 − 10 × 999.6 / 1000
  assert.equal(done?.values['profitBase'], '0.204');
  assert.equal(done?.values['kept'], '0.2');
});

test('[D40] closing at a loss a short with profit in coins spends no more than its proceeds', () => {
  play(
    botOf({
      ...ALONE,
      direction: 'short',
      profitCurrency: 'base',
      baseOrderVolume: '1000',
      stopLoss: '5',
    }),
    [
      ['start', 'quote? COINUSDT'],
      ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 10.00 @ 99.00 IOC'],
      ['fill 1-1 10.00 @ 100.00', 'buy 1-2 takeProfit 10.20 @ 98.00 GTC'],
      ['quote 104.99 105.00 105.00', 'cancel 1-2'],
      ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
      // 1000 / 106.05 = 9.42…
      ['quote 104.99 105.00 105.00', 'buy 1-3 stopLoss 9.42 @ 106.05 IOC'],
      ['fill 1-3 9.42 @ 105.00', 'quote? COINUSDT'],
      // 1000 − 989.1 = 10.9 more
      ['quote 104.99 105.00 105.00', 'buy 1-4 stopLoss 0.10 @ 106.05 IOC'],
      ['fill 1-4 0.10 @ 105.00', 'quote? COINUSDT'],
      // 0.4 left pay for no order: the deal has ended at the next price
      ['quote 104.99 105.00 105.00', 'quote? COINUSDT'],
    ],
  );
});

test('[D86] a preview says what must be free, and shows shares of what is', () => {
  const long = previewLadder(settingsOf(), COIN, priceTicks(10_000), 0);
  // The immediate base order locks 101.00; 1.00 × 101 + 100.98 + 100.94 + 100.88
  assert.equal(long.requiredQuote, '403.8');
  assert.equal(long.requiredBase, '0');
  const short = previewLadder(settingsOf({ direction: 'short' }), COIN, priceTicks(10_000), 0);
  assert.equal(short.requiredBase, '3.97');
  assert.equal(short.requiredQuote, '0');
  assert.deepEqual(
    short.safetyOrders.map((row) => `${row.quantity} @ ${row.price} → ${row.takeProfit}`),
    ['1.00 @ 101.00 → 98.49', '0.99 @ 102.00 → 98.97', '0.98 @ 103.00 → 99.46'],
  );
  assert.equal(short.baseOrder.moveToTakeProfit, '2');
  const share = settingsOf({ ...ALONE, baseOrderVolumeType: 'percent', baseOrderVolume: '50' });
  const free = { base: 0n, quote: 1_000_00000000n };
  assert.equal(
    previewLadder(share, COIN, priceTicks(10_000), 0, free).baseOrder.quantity,
    formatQuantity(COIN, 500),
  );
});

test('[D86] a preview shows each step, what trails, break-even and stop, row by row', () => {
  const settings = settingsOf({
    ...CUSTOM,
    takeProfit: undefined,
    takeProfitSteps: [
      { profit: '1', share: '40' },
      { profit: '2', share: '60' },
    ],
    trailingDeviation: '0.5',
    stopLoss: '10',
    stopLossFrom: 'average',
  });
  const { baseOrder, safetyOrders, coverage, trailingDeviation } = previewLadder(
    settings,
    COIN,
    priceTicks(10_000),
    1000,
  );
  assert.equal(coverage, '4.5');
  assert.equal(trailingDeviation, '0.5');
  const told = ({ takeProfits }: typeof baseOrder): string[] =>
    takeProfits.map(
      ({ step, quantity, price, isTrailing }) =>
        `${step}: ${quantity} @ ${price}${isTrailing ? ' trailing' : ''}`,
    );
  assert.deepEqual(told(baseOrder), ['1: 0.39 @ 101.21', '2: 0.60 @ 102.21 trailing']);
  assert.equal(baseOrder.breakEven, '100.2003004');
  assert.equal(baseOrder.stopLoss, '90.09009009');
  // 150.2809 / 1.50849 = 99.6234…, × 1.01 / 0.999 = 100.7203…
  const [first] = safetyOrders;
  assert.ok(first !== undefined);
  assert.equal(first.price, '98.59');
  assert.deepEqual(told(first), ['1: 0.60 @ 100.73', '2: 0.90 @ 101.72 trailing']);
  assert.equal(first.moveToTakeProfit, '2.18');
});

test('[D33] the ladder of a short, and one of its own, is what the bot places', () => {
  const bot = botOf({ ...CUSTOM, direction: 'short' });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'buy 1-2 takeProfit 1.00 @ 98.00 GTC',
      'sell 1-3 safetyOrder 1 0.50 @ 101.50 GTC',
      'sell 1-4 safetyOrder 2 1.93 @ 104.00 GTC',
    ],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.deepEqual(
    dealLadder(deal).map((rung) => Object.values(rung).join(' ')),
    ['1 1.5 101.50 0.50 50.75', '2 4 104.00 1.93 200.72', '3 4.5 104.50 0.20 20.9'],
  );
});
