// SPDX-License-Identifier: Apache-2.0
// The life of a grid, event by event: what comes in on the left, what the bot wants done after it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gridView, watchedAbove, watchedBelow } from '../src/index.ts';
import { play, type Row } from './deal-script.ts';
import { gridBot, gridOf, LAID, notesOf } from './grid-script.ts';

test('[G8] the nearest line is empty, cells above sell, cells below buy', () => {
  const bot = gridBot();
  play(bot, LAID);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.deepEqual(
    gridView(deal).lines.map(({ number, price, side }) => `${number} ${price} ${side}`),
    ['1 90.00 buy', '2 95.00 buy', '3 100.00 none', '4 105.00 sell', '5 110.00 sell'],
  );
});

test('[G8] of two lines equally near the higher is empty; outside the lines the grid only buys or sells', () => {
  play(gridBot(), [
    ['start', 'quote? COINUSDT'],
    // 97.50 is as near to 95 as to 100.
    ['quote 97.49 97.50 97.50', 'buy 1-1 balancing 2.00 @ 98.47 IOC'],
  ]);
  play(gridBot(), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 119.99 120.00 120.00',
      'buy 1-1 gridLine 4 1.00 @ 105.00 GTC',
      'buy 1-2 gridLine 3 1.00 @ 100.00 GTC',
      'buy 1-3 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-4 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
  play(gridBot(), [
    ['start', 'quote? COINUSDT'],
    ['quote 79.99 80.00 80.00', 'buy 1-1 balancing 4.00 @ 80.80 IOC'],
  ]);
});

test('[G8] a last price outside the best prices counts as the nearer of them', () => {
  play(gridBot(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.01 130.00', 'buy 1-1 balancing 2.00 @ 101.01 IOC'],
  ]);
});

test('[G9] free coins are taken over at their worth now, only the rest is bought', () => {
  const bot = gridBot();
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 1.20 265', 'buy 1-1 balancing 0.80 @ 101.00 IOC'],
    ['fill 1-1 0.80 @ 100.00', 'quote? COINUSDT'],
  ]);
  const [deal] = bot.deals;
  assert.equal(deal?.takenOver, 120_000_000n);
  assert.equal(deal?.takenOverValue, 12_000_000_000n);
});

test('[G9] a start without funds is refused and says what is missing; nothing is bought', () => {
  const bot = gridBot();
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    // 185 for the buy lines and 200 for two coins.
    ['quote 99.99 100.00 100.00 funds 0 384.99'],
  ]);
  assert.deepEqual(
    notes.map(({ note }) => [note.kind, note.values['reason']]),
    [
      ['dealFailed', '0.01 USDT are missing: needed 385, free 384.99'],
      ['botStopped', '0.01 USDT are missing: needed 385, free 384.99'],
    ],
  );
  assert.equal(bot.isRunning, false);
  assert.equal(bot.deals.length, 0);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 0 385', 'buy 2-1 balancing 2.00 @ 101.00 IOC'],
  ]);
});

test('[G9] without balancing the coins must be there', () => {
  const without = { initialBalancing: false };
  assert.deepEqual(
    notesOf(gridBot(without), 'dealFailed', [
      ['start', 'quote? COINUSDT'],
      ['quote 99.99 100.00 100.00 funds 1.99 100'],
    ]).map(({ reason }) => reason),
    ['85 USDT are missing: needed 185, free 100; 0.01 COIN are missing: needed 2, free 1.99'],
  );
  assert.deepEqual(
    notesOf(gridBot(without), 'dealFailed', [
      ['start', 'quote? COINUSDT'],
      ['quote 99.99 100.00 100.00'],
    ]).map(({ reason }) => reason),
    ['2 COIN are needed, and what the account holds is not known'],
  );
  play(gridBot(without), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00 funds 2 185',
      'sell 1-1 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-2 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-3 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-4 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
});

test('[G9] coins beyond those of the sell lines are sold for money that is missing', () => {
  const bot = gridBot();
  play(bot, [
    ['start', 'quote? COINUSDT'],
    // 85 are missing: at 98.99, the worst price allowed, 0.86 coins bring them.
    ['quote 99.99 100.00 100.00 funds 3 100', 'sell 1-1 balancing 0.86 @ 99.00 IOC'],
    ['fill 1-1 0.86 @ 99.99', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00 funds 2.14 185.99',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
  // Taken over at 100.00, sold at 99.99.
  assert.equal(gridView(gridOf(bot)).otherProfit, '-0.0086');
});

test('[G10] what the balancing order leaves is tried again at a fresh quote, four times, then after a pause', () => {
  const bot = gridBot();
  const paused = notesOf(bot, 'dealPaused', [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
    ['fill 1-1 0.50 @ 100.00'],
    ['end 1-1 expired 0.50', 'quote? COINUSDT'],
    ['quote 100.49 100.50 100.50', 'buy 1-2 balancing 1.50 @ 101.50 IOC'],
    ['end 1-2 expired 0.00', 'quote? COINUSDT'],
    ['quote 100.49 100.50 100.50', 'buy 1-3 balancing 1.50 @ 101.50 IOC'],
    ['end 1-3 expired 0.00', 'quote? COINUSDT'],
    ['quote 100.49 100.50 100.50', 'buy 1-4 balancing 1.50 @ 101.50 IOC'],
    ['end 1-4 expired 0.00', 'timer deal:1:opening in 30s'],
    ['timer deal:1:opening'],
    ['+30s timer deal:1:opening', 'quote? COINUSDT'],
    // Meanwhile the price has gone up: only the highest line sells, and for that there is half a coin.
    ['quote 105.49 105.50 105.50', 'buy 1-5 balancing 0.50 @ 106.55 IOC'],
    ['reject 1-5 exchange -2010', 'timer deal:1:opening in 60s'],
  ]);
  assert.deepEqual(
    paused.map(({ reason }) => reason),
    ['the market did not take the balancing order', 'exchange: -2010: said no'],
  );
});

test('[G10] a balancing order that never arrived is tried again at once, three times', () => {
  play(gridBot(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
    ['reject 1-1 desk absent', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-2 balancing 2.00 @ 101.00 IOC'],
    ['reject 1-2 desk absent', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-3 balancing 2.00 @ 101.00 IOC'],
    ['reject 1-3 desk absent', 'timer deal:1:opening in 30s'],
  ]);
});

test('[G10] a balancing order below the least order of the venue is rounded up to it', () => {
  const bot = gridBot();
  play(bot, [
    ['start', 'quote? COINUSDT'],
    // 0.01 coins are missing; the least order is worth 5.
    ['quote 99.99 100.00 100.00 funds 1.99 1000', 'buy 1-1 balancing 0.05 @ 101.00 IOC'],
  ]);
});

test('[G11] the fee of the balancing order is bought along, and a lot for the reserve', () => {
  const bot = gridBot({}, 1000);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    // 2.01 / 0.999 = 2.0121
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.02 @ 101.00 IOC'],
    ['fill 1-1 2.02 @ 100.00 fee 0.00202 COIN', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    ['fill 1-4 1.00 @ 95.00 fee 0.001 COIN', 'sell 1-6 gridLine 3 1.00 @ 100.00 GTC'],
  ]);
  // 2.01798 − 2.00 − 0.001
  assert.equal(gridView(gridOf(bot)).reserve, '0.01698');
});

test('[G11] where the reserve has too little a line sells a lot less, and the reserve gets the rest', () => {
  const bot = gridBot({}, 1000);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    // Above all lines nothing is balanced: there is no reserve.
    [
      'quote 119.99 120.00 120.00',
      'buy 1-1 gridLine 4 1.00 @ 105.00 GTC',
      'buy 1-2 gridLine 3 1.00 @ 100.00 GTC',
      'buy 1-3 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-4 gridLine 1 1.00 @ 90.00 GTC',
    ],
    ['fill 1-1 1.00 @ 105.00 fee 0.001 COIN', 'sell 1-5 gridLine 5 0.99 @ 110.00 GTC'],
    // 0.999 and 0.009 make 1.008.
    ['fill 1-2 1.00 @ 100.00 fee 0.001 COIN', 'sell 1-6 gridLine 4 1.00 @ 105.00 GTC'],
  ]);
  assert.equal(gridView(gridOf(bot)).reserve, '0.008');
});

test('[G12] a filled buy places the sell one line up, a filled sell the buy one line down', () => {
  play(gridBot(), [
    ...LAID,
    ['fill 1-4 1.00 @ 95.00', 'sell 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-5 1.00 @ 90.00', 'sell 1-7 gridLine 2 1.00 @ 95.00 GTC'],
    ['fill 1-7 1.00 @ 95.00', 'buy 1-8 gridLine 1 1.00 @ 90.00 GTC'],
    ['fill 1-6 1.00 @ 100.00', 'buy 1-9 gridLine 2 1.00 @ 95.00 GTC'],
    ['fill 1-2 1.00 @ 105.00', 'buy 1-10 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-3 1.00 @ 110.00', 'buy 1-11 gridLine 4 1.00 @ 105.00 GTC'],
  ]);
});

test('[G12] fills that come in the wrong order lead to the same lines', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    // The lower buy is told first: its sell at 95 would meet the own buy there, and waits.
    ['fill 1-5 1.00 @ 90.00'],
    [
      'fill 1-4 1.00 @ 95.00',
      'sell 1-6 gridLine 2 1.00 @ 95.00 GTC',
      'sell 1-7 gridLine 3 1.00 @ 100.00 GTC',
    ],
  ]);
});

test('[G13] what was filled in part is offered on the other side as soon as it makes an order', () => {
  play(gridBot(), [
    ...LAID,
    // 0.04 × 100 is worth 4, less than an order may be.
    ['fill 1-4 0.04 @ 95.00'],
    ['fill 1-4 0.26 @ 95.00', 'sell 1-6 gridLine 3 0.30 @ 100.00 GTC'],
    ['fill 1-4 0.30 @ 95.00'],
    // The line is bought whole: the sell is renewed once.
    ['fill 1-4 0.40 @ 95.00', 'cancel 1-6'],
    ['end 1-6 cancelled 0.00', 'sell 1-7 gridLine 3 1.00 @ 100.00 GTC'],
  ]);
});

test('[G13] a sell filled in part is bought back in part; lots too few for an order wait', () => {
  play(gridBot(), [
    ...LAID,
    ['fill 1-2 0.02 @ 105.00'],
    ['fill 1-2 0.48 @ 105.00', 'buy 1-6 gridLine 3 0.50 @ 100.00 GTC'],
    // All coins of the cell are back, half of them without an order.
    ['fill 1-6 0.50 @ 100.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.50', 'sell 1-7 gridLine 4 1.00 @ 105.00 GTC'],
  ]);
});

test('[G13] a renewal counts fills that crossed its cancel', () => {
  play(gridBot(), [
    ...LAID,
    ['fill 1-4 0.50 @ 95.00', 'sell 1-6 gridLine 3 0.50 @ 100.00 GTC'],
    ['fill 1-4 0.50 @ 95.00', 'cancel 1-6'],
    ['fill 1-6 0.20 @ 100.00', 'buy 1-7 gridLine 2 0.20 @ 95.00 GTC'],
    ['end 1-6 cancelled 0.20', 'sell 1-8 gridLine 3 0.80 @ 100.00 GTC'],
  ]);
});

const NARROW = { maxActiveBuyLines: 1, maxActiveSellLines: 1 };

test('[G14] only the nearest lines have orders; the farthest goes before a nearer one comes', () => {
  play(gridBot(NARROW), [
    ...LAID.slice(0, 5),
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'buy 1-3 gridLine 2 1.00 @ 95.00 GTC',
    ],
    // The price falls: the next buy is placed, the sell that is now nearest takes the place of the farther one.
    ['fill 1-3 1.00 @ 95.00', 'cancel 1-2', 'buy 1-4 gridLine 1 1.00 @ 90.00 GTC'],
    ['end 1-2 cancelled 0.00', 'sell 1-5 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-5 1.00 @ 100.00', 'cancel 1-4', 'sell 1-6 gridLine 4 1.00 @ 105.00 GTC'],
    ['end 1-4 cancelled 0.00', 'buy 1-7 gridLine 2 1.00 @ 95.00 GTC'],
  ]);
});

test('[G15] a buy whose turn comes late waits until no own sell stands at or below it', () => {
  play(gridBot(), [
    ...LAID.slice(0, 6),
    ['reject 1-4 exchange -2010', 'timer deal:1:lines in 30s'],
    ['fill 1-5 1.00 @ 90.00', 'sell 1-6 gridLine 2 1.00 @ 95.00 GTC'],
    // The buy at 95 would meet the own sell at 95.
    ['+30s timer deal:1:lines'],
    [
      'fill 1-6 1.00 @ 95.00',
      'buy 1-7 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-8 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
});

test('[G16] insufficient funds pause the line and no other, and say so', () => {
  const bot = gridBot();
  const notes = notesOf(bot, 'dealPaused', [
    ...LAID.slice(0, 6),
    ['reject 1-5 exchange -2010', 'timer deal:1:lines in 30s'],
    ['fill 1-4 1.00 @ 95.00', 'sell 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['timer deal:1:lines'],
    ['+30s timer deal:1:lines', 'buy 1-7 gridLine 1 1.00 @ 90.00 GTC'],
    ['reject 1-7 exchange -2010', 'timer deal:1:lines in 60s'],
  ]);
  assert.deepEqual(
    notes.map(({ order, number, reason }) => `${order} ${number} ${reason}`),
    ['gridLine 1 exchange: -2010: said no', 'gridLine 1 exchange: -2010: said no'],
  );
  const line = gridView(gridOf(bot)).lines[0];
  assert.equal(line?.state, 'paused');
});

test('[G16] a refused sell is tried again sooner than a refused buy', () => {
  play(gridBot(), [
    ...LAID.slice(0, 6),
    ['reject 1-2 policy notional', 'timer deal:1:lines in 2s'],
    ['reject 1-5 policy notional'],
    [
      '+2s timer deal:1:lines',
      'timer deal:1:lines in 28s',
      'sell 1-6 gridLine 4 1.00 @ 105.00 GTC',
    ],
    ['reject 1-6 policy notional', 'timer deal:1:lines in 4s'],
  ]);
});

test('[G16] an order that never arrived is placed anew at once; the third time it counts as refused', () => {
  play(gridBot(), [
    ...LAID.slice(0, 6),
    ['reject 1-5 desk absent', 'buy 1-6 gridLine 1 1.00 @ 90.00 GTC'],
    ['reject 1-6 desk absent', 'buy 1-7 gridLine 1 1.00 @ 90.00 GTC'],
    ['reject 1-7 desk absent', 'timer deal:1:lines in 120s'],
  ]);
});

test('[G16] an order that someone else cancels is placed anew at once, the next time after a pause', () => {
  play(gridBot(), [
    ...LAID,
    ['end 1-3 cancelled 0.00', 'sell 1-6 gridLine 5 1.00 @ 110.00 GTC'],
    ['end 1-6 cancelled 0.00', 'timer deal:1:lines in 4s'],
    ['+4s timer deal:1:lines', 'sell 1-7 gridLine 5 1.00 @ 110.00 GTC'],
    // It had stood for five minutes: that was another time.
    ['+5min end 1-7 cancelled 0.00', 'sell 1-8 gridLine 5 1.00 @ 110.00 GTC'],
    // It had filled in part; what was sold cannot be bought back at 105 while an own sell stands there.
    ['fill 1-8 0.50 @ 110.00'],
    ['end 1-8 cancelled 0.50', 'sell 1-9 gridLine 5 0.50 @ 110.00 GTC'],
  ]);
});

test('[G17] each closed line is counted with what its coins earned net of fees', () => {
  const bot = gridBot({}, 1000);
  const closed = notesOf(bot, 'gridLineClosed', [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.02 @ 101.00 IOC'],
    ['fill 1-1 2.02 @ 100.00 fee 0.202 USDT', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    // Balancing paid 100.10 a coin: 105 − 0.105 − 100.10.
    ['fill 1-2 1.00 @ 105.00 fee 0.105 USDT', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-6 1.00 @ 100.00 fee 0.1 USDT', 'sell 1-7 gridLine 4 1.00 @ 105.00 GTC'],
    // A round trip between the lines: 105 − 0.105 − 100 − 0.1.
    ['fill 1-7 0.40 @ 105.00 fee 0.042 USDT', 'buy 1-8 gridLine 3 0.40 @ 100.00 GTC'],
    ['fill 1-7 0.60 @ 105.00 fee 0.063 USDT', 'cancel 1-8'],
  ]);
  assert.deepEqual(
    closed.map(({ number, buyPrice, sellPrice, profit, lines, totalProfit }) =>
      [number, buyPrice, sellPrice, profit, lines, totalProfit].join(' '),
    ),
    ['4 100.00 105.00 4.795 1 4.795', '4 100.00 105.00 4.795 2 9.59'],
  );
});

test('[G18] with profit in base the sell line sells what pays for buying back, the rest is profit', () => {
  const bot = gridBot({ profitCurrency: 'base' });
  const closed = notesOf(bot, 'gridLineClosed', [
    ...LAID.slice(0, 5),
    [
      'quote 99.99 100.00 100.00',
      // 100 / 105 = 0.952…; 105 / 110 = 0.954…: buying back at 105 counts, not the 100 it cost.
      'sell 1-2 gridLine 4 0.96 @ 105.00 GTC',
      'sell 1-3 gridLine 5 0.96 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    ['fill 1-2 0.96 @ 105.00', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-6 1.00 @ 100.00', 'sell 1-7 gridLine 4 0.96 @ 105.00 GTC'],
    ['fill 1-7 0.96 @ 105.00', 'buy 1-8 gridLine 3 1.00 @ 100.00 GTC'],
  ]);
  assert.deepEqual(
    closed.map(({ profit, profitBase, totalProfitBase }) => [profit, profitBase, totalProfitBase]),
    [
      ['0.8', '0.04', '0.04'],
      ['0.8', '0.04', '0.08'],
    ],
  );
});

test('[G18] a line that a better price has paid for early sells no more than it must', () => {
  const bot = gridBot({ profitCurrency: 'base' });
  const closed = notesOf(bot, 'gridLineClosed', [
    ...LAID.slice(0, 5),
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 0.96 @ 105.00 GTC',
      'sell 1-3 gridLine 5 0.96 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    // 108 for 0.90: more than buying back costs. What is still out is taken back, unless it was faster.
    ['fill 1-2 0.90 @ 120.00', 'cancel 1-2', 'buy 1-6 gridLine 3 0.93 @ 100.00 GTC'],
    ['fill 1-2 0.02 @ 120.00'],
    ['end 1-2 cancelled 0.92', 'cancel 1-6'],
    ['end 1-6 cancelled 0.00', 'buy 1-7 gridLine 3 1.00 @ 100.00 GTC'],
  ]);
  assert.deepEqual(
    closed.map(({ profit, profitBase }) => [profit, profitBase]),
    // 110.40 for a coin that cost 100.
    [['10.4', '0.08']],
  );
});

const UP = {
  trailingUp: true,
  quantityUnit: 'quote',
  quantityPerLine: '100',
  lowerStop: { price: '85', action: 'stop' },
} as const;

/** A grid of 100 a line above the price: four buys. */
const ABOVE: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  [
    'quote 109.99 110.00 110.00',
    'buy 1-1 gridLine 4 0.95 @ 105.00 GTC',
    'buy 1-2 gridLine 3 1.00 @ 100.00 GTC',
    'buy 1-3 gridLine 2 1.05 @ 95.00 GTC',
    'buy 1-4 gridLine 1 1.11 @ 90.00 GTC',
  ],
];

test('[G19] a step above the highest line it becomes a buy, the lowest is cancelled, the lower stop follows', () => {
  const bot = gridBot(UP);
  const moves = notesOf(bot, 'gridMoved', [
    ...ABOVE,
    ['quote 114.98 114.99 114.99'],
    ['quote 114.99 115.01 115.00', 'cancel 1-4'],
    // The new line waits for the money of the cancelled one.
    ['end 1-4 cancelled 0.00', 'buy 1-5 gridLine 5 0.90 @ 110.00 GTC'],
    // Two steps at once.
    ['quote 124.99 125.01 125.00', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00'],
    [
      'end 1-2 cancelled 0.00',
      'buy 1-6 gridLine 7 0.83 @ 120.00 GTC',
      'buy 1-7 gridLine 6 0.86 @ 115.00 GTC',
    ],
    ['quote 90.01 100.00 100.01'],
    ['quote 99.99 100.00 100.00', 'cancel 1-1', 'cancel 1-5', 'cancel 1-6', 'cancel 1-7'],
  ]);
  assert.deepEqual(
    moves.map(({ how, direction, lowest, highest, lowerStop }) =>
      [how, direction, lowest, highest, lowerStop].join(' '),
    ),
    [
      'trailing up 95.00 115.00 90.00',
      'trailing up 100.00 120.00 95.00',
      'trailing up 105.00 125.00 100.00',
    ],
  );
});

test('[G19] a lowest line that crosses its cancel sells its coins one line up, then is gone', () => {
  const bot = gridBot(UP);
  play(bot, [
    ...ABOVE,
    ['quote 114.99 115.01 115.00', 'cancel 1-4'],
    // Told before the fills of the lines above it: it cannot be offered at 95 while own buys stand there and above.
    ['fill 1-4 1.11 @ 90.00', 'buy 1-5 gridLine 5 0.90 @ 110.00 GTC'],
    ['fill 1-5 0.90 @ 110.00', 'sell 1-6 gridLine 6 0.90 @ 115.00 GTC'],
    ['fill 1-1 0.95 @ 105.00', 'sell 1-7 gridLine 5 0.95 @ 110.00 GTC'],
    ['fill 1-2 1.00 @ 100.00', 'sell 1-8 gridLine 4 1.00 @ 105.00 GTC'],
    [
      'fill 1-3 1.05 @ 95.00',
      'sell 1-9 gridLine 2 1.11 @ 95.00 GTC',
      'sell 1-10 gridLine 3 1.05 @ 100.00 GTC',
    ],
    ['fill 1-9 1.11 @ 95.00'],
  ]);
  assert.deepEqual(
    gridOf(bot).cells.map(({ buyTicks }) => buyTicks),
    [9_500, 10_000, 10_500, 11_000],
  );
});

test('[G19] a lowest line with coins holds the grid back', () => {
  const bot = gridBot(UP);
  play(bot, [
    ...ABOVE,
    ['fill 1-4 1.11 @ 90.00'],
    ['quote 114.99 115.01 115.00'],
    ['quote 199.99 200.01 200.00'],
  ]);
  assert.equal(gridOf(bot).shift, 0);
});

const DOWN = { trailingDown: true, upperStop: { price: '130', action: 'stop' } } as const;

/** A grid below whose lines the price stands: four sells. */
const BELOW: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 89.99 90.00 90.00', 'buy 1-1 balancing 4.00 @ 90.90 IOC'],
  ['fill 1-1 4.00 @ 90.00', 'quote? COINUSDT'],
  [
    'quote 89.99 90.00 90.00',
    'sell 1-2 gridLine 2 1.00 @ 95.00 GTC',
    'sell 1-3 gridLine 3 1.00 @ 100.00 GTC',
    'sell 1-4 gridLine 4 1.00 @ 105.00 GTC',
    'sell 1-5 gridLine 5 1.00 @ 110.00 GTC',
  ],
];

test('[G20] a step below the lowest line the highest coins move there, the upper stop follows', () => {
  const bot = gridBot(DOWN);
  const moves = notesOf(bot, 'gridMoved', [
    ...BELOW,
    ['quote 85.00 85.02 85.01'],
    ['quote 84.99 85.01 85.00', 'cancel 1-5'],
    ['end 1-5 cancelled 0.00', 'sell 1-6 gridLine 1 1.00 @ 90.00 GTC'],
    ['quote 79.99 80.01 80.00', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'sell 1-7 gridLine -1 1.00 @ 85.00 GTC'],
    ['fill 1-7 1.00 @ 85.00', 'buy 1-8 gridLine -2 1.00 @ 80.00 GTC'],
  ]);
  assert.deepEqual(
    moves.map(({ how, direction, lowest, highest, upperStop }) =>
      [how, direction, lowest, highest, upperStop].join(' '),
    ),
    ['trailing down 85.00 105.00 125.00', 'trailing down 80.00 100.00 120.00'],
  );
  // Bought for 90, sold for 85.
  assert.equal(gridView(gridOf(bot)).gridProfit, '-5');
});

test('[G20] coins that were sold before the cancel are bought again at the new lowest line', () => {
  play(gridBot(DOWN), [
    ...BELOW,
    ['quote 84.99 85.01 85.00', 'cancel 1-5'],
    ['fill 1-5 0.40 @ 110.00'],
    [
      'end 1-5 cancelled 0.40',
      'sell 1-6 gridLine 1 0.60 @ 90.00 GTC',
      'buy 1-7 gridLine -1 0.40 @ 85.00 GTC',
    ],
  ]);
});

test('[G21] expansion up adds a buy a step above, up to its price; then trailing goes on', () => {
  play(gridBot({ ...UP, expansionUpTo: '115' }), [
    ...ABOVE,
    ['quote 114.99 115.01 115.00', 'buy 1-5 gridLine 5 0.90 @ 110.00 GTC'],
    ['quote 119.99 120.01 120.00', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'buy 1-6 gridLine 6 0.86 @ 115.00 GTC'],
  ]);
});

test('[G21] expansion down adds a buy below once the lowest has bought, down to its price', () => {
  const bot = gridBot({ expansionDownTo: '81' });
  play(bot, [
    ...LAID,
    ['fill 1-4 1.00 @ 95.00', 'sell 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-5 0.50 @ 90.00', 'sell 1-7 gridLine 2 0.50 @ 95.00 GTC'],
    ['fill 1-5 0.50 @ 90.00', 'cancel 1-7', 'buy 1-8 gridLine -1 1.00 @ 85.00 GTC'],
    ['end 1-7 cancelled 0.00', 'sell 1-9 gridLine 2 1.00 @ 95.00 GTC'],
    // 80 is below 81.
    ['fill 1-8 1.00 @ 85.00', 'sell 1-10 gridLine 1 1.00 @ 90.00 GTC'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
});

test('[G22] a cell with too few coins gets what the reserve has, or buys again above its sell line', () => {
  // One lot a line, of which the fee leaves 0.00999: nothing to sell at first.
  const bot = gridBot({ lowerPrice: '900', upperPrice: '1100', quantityPerLine: '0.01' }, 0);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 1199.99 1200.00 1200.00',
      'buy 1-1 gridLine 4 0.01 @ 1050.00 GTC',
      'buy 1-2 gridLine 3 0.01 @ 1000.00 GTC',
      'buy 1-3 gridLine 2 0.01 @ 950.00 GTC',
      'buy 1-4 gridLine 1 0.01 @ 900.00 GTC',
    ],
    ['fill 1-1 0.01 @ 1050.00 fee 0.00001 COIN'],
    ['fill 1-2 0.01 @ 1000.00 fee 0.00001 COIN', 'sell 1-5 gridLine 4 0.01 @ 1050.00 GTC'],
  ]);
  assert.equal(gridView(gridOf(bot)).reserve, '0.00998');
  assert.equal(watchedAbove(bot, 'COINUSDT'), 110_001);
  play(bot, [
    ['quote 1099.99 1100.01 1100.00'],
    ['quote 1100.00 1100.02 1100.01'],
    [
      'fill 1-5 0.01 @ 1050.00',
      'buy 1-6 gridLine 4 0.01 @ 1050.00 GTC',
      'buy 1-7 gridLine 3 0.01 @ 1000.00 GTC',
    ],
  ]);
});
