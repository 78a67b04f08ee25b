// SPDX-License-Identifier: Apache-2.0
// The life of a deal, event by event: what comes in on the left, what the bot wants done after it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  createBot,
  ENDED_DEALS_KEPT,
  dealView,
  encodeJournal,
  step,
  watchedBelow,
  type BotState,
} from '../src/index.ts';
import { botOf, eventOf, OPENED, play, type Row } from './deal-script.ts';

test('[D4] a market base order is an IOC buy within slippage of the ask, rounded up to a lot', () => {
  play(botOf({ maxSlippage: '0.5' }), [
    ['start', 'quote? COINUSDT'],
    // 100 / 30.17 = 3.3145…; 30.17 × 1.005 = 30.32085
    ['quote 30.16 30.17 30.17', 'buy 1-1 baseOrder 3.32 @ 30.32 IOC'],
  ]);
});

test('[D4] a limit base order rests at the bid', () => {
  play(botOf({ baseOrderType: 'limit' }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 30.16 30.17 30.17',
      'buy 1-1 baseOrder 3.32 @ 30.16 GTC',
      'timer deal:1:baseOrder in 300s',
    ],
  ]);
});

test('[D7] a filled safety order moves take profit: cancel, wait, place at the new price and size', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    // (100 + 100.98) / 2.02 × 1.02 = 101.48…
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 2.02 @ 101.49 GTC'],
    ['end 1-3 filled 1.02'],
    ['accept 1-5'],
    ['accept 1-6'],
  ]);
});

test('[D7] take profit is renewed at every fill of a safety order, one renewal at a time', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 0.30 @ 99.00', 'cancel 1-2'],
    ['fill 1-3 0.30 @ 99.00'],
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 1.60 @ 101.62 GTC'],
    ['fill 1-3 0.42 @ 99.00', 'cancel 1-5', 'buy 1-6 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['end 1-5 cancelled 0.00', 'sell 1-7 takeProfit 2.02 @ 101.49 GTC'],
  ]);
});

test('[D7] a part of take profit that was sold stays sold: the next one has the rest', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-2 0.40 @ 102.00'],
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['fill 1-2 0.10 @ 102.00'],
    ['end 1-2 cancelled 0.50', 'sell 1-6 takeProfit 1.52 @ 101.49 GTC'],
  ]);
});

test('[D8] take profit sells whole lots of what the fee left; the rest is dust', () => {
  const bot = botOf({}, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00 fee 0.001 COIN',
      // average 100 / 0.999 = 100.1001; × 1.02 / 0.999 = 102.2043
      'sell 1-2 takeProfit 0.99 @ 102.21 GTC',
      'buy 1-3 safetyOrder 1 1.01 @ 99.09 GTC',
      'buy 1-4 safetyOrder 2 1.02 @ 98.09 GTC',
    ],
    ['fill 1-2 0.99 @ 102.21 fee 0.1011879 USDT', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal !== undefined);
  const view = dealView(deal);
  assert.equal(view.dustQuantity, '0.009');
  // 0.99 of 0.999 coins were sold: 101.0867121 − 100 × 0.99 / 0.999
  assert.equal(view.realisedProfit, '1.987613');
});

test('[D9] the stop loss counts from the base order and does not move', () => {
  const bot = botOf({ stopLoss: '5' });
  play(bot, [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['quote 95.00 95.02 95.01'],
    ['quote 94.99 95.01 95.00', 'cancel 1-4', 'cancel 1-5'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
});

test('[D10] a started bot asks for one quote and starts on the one that follows', () => {
  play(botOf(), [
    ['quote 99.99 100.00 100.00'],
    ['start', 'quote? COINUSDT'],
    ['start'],
    ['quote 1.00 1.01 1.00 OTHERUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['quote 99.99 100.00 100.00'],
  ]);
});

test('[D10] a quote without a price on both sides starts nothing', () => {
  play(botOf(), [
    ['start', 'quote? COINUSDT'],
    ['quote 0.00 0.00 0.00'],
    ['quote 0.00 100.00 100.00'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
  ]);
});

test('[D11] take profit and the first safety orders follow the base order, each fill brings the next', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['fill 1-4 1.03 @ 98.00'],
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 3.05 @ 100.97 GTC'],
    ['fill 1-5 1.04 @ 97.00', 'cancel 1-6'],
    ['end 1-6 cancelled 0.00', 'sell 1-7 takeProfit 4.09 @ 100.46 GTC'],
    ['quote 50.00 50.01 50.00'],
  ]);
});

test('[D11] filled safety orders are counted, whole or in part', () => {
  const bot = botOf();
  play(bot, [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['fill 1-4 0.50 @ 98.00'],
    ['end 1-4 cancelled 0.50', 'buy 1-6 safetyOrder 2 0.53 @ 98.00 GTC'],
    ['fill 1-6 0.10 @ 98.00'],
    ['end 1-6 cancelled 0.10'],
  ]);
  assert.equal(bot.deals[0]?.filledSafetyOrders, 2);
});

test('[D12] a deal is complete when its orders have ended and all their fills are in', () => {
  const bot = botOf();
  const notes = play(bot, [
    ...OPENED,
    ['fill 1-2 1.00 @ 102.00', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-2 filled 1.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  assert.equal(bot.deals.length, 0);
  assert.equal(bot.endedCount, 1);
  const last = notes.at(-1)?.note;
  assert.equal(last?.kind, 'dealCompleted');
  assert.equal(last?.values['profit'], '2');
  assert.equal(last?.values['profitPercent'], '2');
});

test('[D12] the state keeps the last sixteen ended deals and counts them all', () => {
  const bot = botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  play(bot, [['start', 'quote? COINUSDT']]);
  for (let deal = 1; deal <= 20; deal += 1) {
    play(bot, [
      ['quote 99.99 100.00 100.00', `buy ${deal}-1 baseOrder 1.00 @ 101.00 IOC`],
      [`fill ${deal}-1 1.00 @ 100.00`, `sell ${deal}-2 takeProfit 1.00 @ 102.00 GTC`],
      [`fill ${deal}-2 1.00 @ 102.00`, 'quote? COINUSDT'],
    ]);
  }
  assert.equal(bot.endedCount, 20);
  assert.deepEqual(
    bot.endedDeals.map((deal) => deal.dealId),
    Array.from({ length: ENDED_DEALS_KEPT }, (_, index) => index + 5),
  );
});

test('[D13] coins a safety order bought while it was being cancelled get a take profit of their own', () => {
  const bot = botOf();
  play(bot, [
    ...OPENED,
    ['fill 1-2 1.00 @ 102.00', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00'],
    // The venue says 0.50 were bought before the cancel; the fill itself is late.
    ['end 1-3 cancelled 0.50'],
    ['fill 1-3 0.50 @ 99.00', 'sell 1-5 takeProfit 0.50 @ 101.66 GTC'],
    ['fill 1-5 0.50 @ 101.66', 'quote? COINUSDT'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[D14] a take profit that fills while it is being cancelled has filled', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['fill 1-2 1.00 @ 102.00', 'sell 1-6 takeProfit 1.02 @ 101.49 GTC'],
    ['end 1-2 filled 1.00'],
  ]);
});

test('[D15] stop loss cancels everything, waits, asks for a quote and sells within slippage of the bid', () => {
  const bot = botOf({ stopLoss: '5' });
  const notes = play(bot, [
    ...OPENED,
    ['quote 94.00 94.02 94.01', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['quote 93.00 93.02 93.01'],
    ['end 1-2 cancelled 0.00'],
    // A safety order was filled on the way down; its coins go too.
    ['fill 1-3 1.02 @ 99.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    // 92.00 × 0.99 = 91.08
    ['quote 92.00 92.02 92.01', 'sell 1-5 stopLoss 2.02 @ 91.08 IOC'],
    ['fill 1-5 2.02 @ 91.90', 'quote? COINUSDT'],
  ]);
  const last = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(last?.values['outcome'], 'stopLoss');
  assert.equal(last?.values['profit'], '-15.342');
});

test('[D15] what an immediate sell leaves is sold again at a new quote, at most four times in a row', () => {
  const bot = botOf();
  const sell = (number: number, left: string): Row[] => [
    ['quote 100.00 100.02 100.01', `sell 1-${number} close ${left} @ 99.00 IOC`],
  ];
  play(bot, [
    ...OPENED,
    ['close 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    ...sell(5, '1.00'),
    ['end 1-5 expired 0.00', 'quote? COINUSDT'],
    ...sell(6, '1.00'),
    ['fill 1-6 0.40 @ 99.50'],
    ['end 1-6 expired 0.40', 'quote? COINUSDT'],
    ...sell(7, '0.60'),
    ['end 1-7 expired 0.00', 'quote? COINUSDT'],
    ...sell(8, '0.60'),
    ['end 1-8 expired 0.00', 'timer deal:1:close in 30s'],
    ['+29s quote 100.00 100.02 100.01'],
    ['timer deal:1:close'],
    ['+1s timer deal:1:close', 'quote? COINUSDT'],
    ...sell(9, '0.60'),
    ['fill 1-9 0.60 @ 99.50', 'quote? COINUSDT'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[D15] a refused sell is tried again after 30 s, doubling to 15 minutes, for ever', () => {
  const bot = botOf();
  const rows: Row[] = [
    ...OPENED,
    ['close 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ];
  for (const [index, seconds] of [30, 60, 120, 240, 480, 900, 900].entries()) {
    const number = 5 + index;
    rows.push(
      ['quote 100.00 100.02 100.01', `sell 1-${number} close 1.00 @ 99.00 IOC`],
      [`reject 1-${number} exchange -2010`, `timer deal:1:close in ${seconds}s`],
      [`+${seconds}s timer deal:1:close`, 'quote? COINUSDT'],
    );
  }
  play(bot, rows);
});

test('[D15] few coins are sold at a better limit rather than refused for their value', () => {
  // 0.05 at 99.00 is 4.95, below the venue's 5; at 100.00 it is 5.
  play(botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC'],
    ['fill 1-2 0.95 @ 102.00'],
    ['close 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.95', 'quote? COINUSDT'],
    ['quote 100.00 100.02 100.01', 'sell 1-3 close 0.05 @ 100.00 IOC'],
    ['fill 1-3 0.05 @ 100.00', 'quote? COINUSDT'],
  ]);
});

test('[D16] a deal closed by command sells its coins now', () => {
  const bot = botOf();
  const notes = play(bot, [
    ...OPENED,
    ['close 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['close 1'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 100.50 100.52 100.51', 'sell 1-5 close 1.00 @ 99.50 IOC'],
    ['fill 1-5 1.00 @ 100.50', 'quote? COINUSDT'],
  ]);
  const last = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(last?.values['outcome'], 'closed');
});

test('[D16] closing a deal whose take profit fills first completes it', () => {
  const bot = botOf();
  play(bot, [
    ...OPENED,
    ['close 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['fill 1-2 1.00 @ 102.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  assert.equal(
    bot.endedDeals[0]?.phase.kind === 'ended' && bot.endedDeals[0].phase.outcome,
    'completed',
  );
});

test('[D16] closing while the base order is out sells what it bought, or cancels the deal', () => {
  const opening: Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['close 1', 'cancel 1-1'],
  ];
  const bot = botOf();
  play(bot, [
    ...opening,
    ['fill 1-1 0.50 @ 100.00'],
    ['end 1-1 expired 0.50', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-2 close 0.50 @ 99.00 IOC'],
  ]);
  const other = botOf();
  play(other, [...opening, ['end 1-1 expired 0.00', 'quote? COINUSDT']]);
  const phase = other.endedDeals[0]?.phase;
  assert.equal(phase?.kind === 'ended' && phase.outcome, 'cancelled');
});

test('[D16] asked again during a pause between sells, it sells at once', () => {
  play(botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC'],
    ['close 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-3 close 1.00 @ 99.00 IOC'],
    ['reject 1-3 exchange -1003', 'timer deal:1:close in 30s'],
    ['close 1', 'quote? COINUSDT'],
  ]);
});

test('[D17] a cancelled deal cancels its orders and keeps its coins', () => {
  const bot = botOf();
  const notes = play(bot, [
    ...OPENED,
    ['cancel 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['cancel 1'],
    ['close 1'],
    ['end 1-2 cancelled 0.00'],
    ['fill 1-3 1.02 @ 99.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  const last = notes.findLast(({ note }) => note.kind === 'dealCancelled')?.note;
  assert.equal(last?.values['kept'], '2.02');
  const view = bot.endedDeals[0] === undefined ? null : dealView(bot.endedDeals[0]);
  assert.equal(view?.realisedProfit, '0');
  assert.equal(view?.status, 'cancelled');
});

test('[D17] a cancelled deal whose take profit fills first is complete', () => {
  const bot = botOf();
  play(bot, [
    ...OPENED,
    ['cancel 1', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['fill 1-2 1.00 @ 102.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
  ]);
  const phase = bot.endedDeals[0]?.phase;
  assert.equal(phase?.kind === 'ended' && phase.outcome, 'completed');
});

test('[D18] a stopped bot starts nothing; its running deals go on', () => {
  play(botOf(), [['start', 'quote? COINUSDT'], ['stop'], ['stop'], ['quote 99.99 100.00 100.00']]);
  play(botOf(), [
    ...OPENED,
    ['stop'],
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 2.02 @ 101.49 GTC'],
    ['fill 1-6 2.02 @ 101.49', 'cancel 1-4', 'cancel 1-5'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    ['start', 'quote? COINUSDT'],
  ]);
});

test('[D19] the cooldown of a symbol counts from the close of its deal', () => {
  play(botOf({ cooldownSeconds: 60, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC'],
    ['+10s fill 1-2 1.00 @ 102.00', 'timer start:COINUSDT in 60s'],
    ['+59s timer start:COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['+1s timer start:COINUSDT', 'quote? COINUSDT'],
    ['timer start:COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 2-1 baseOrder 1.00 @ 101.00 IOC'],
  ]);
});

test('[D19] never more deals than allowed, and every symbol gets its turn', () => {
  const symbols = ['COINUSDT', 'OTHERUSDT', 'THIRDUSDT'];
  play(botOf({ symbols, maxActiveDeals: 2, maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }), [
    ['start', 'quote? COINUSDT', 'quote? OTHERUSDT'],
    ['quote 99.99 100.00 100.00 THIRDUSDT'],
    ['quote 99.99 100.00 100.00 OTHERUSDT', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC OTHERUSDT'],
    ['quote 99.99 100.00 100.00 COINUSDT', 'buy 2-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC OTHERUSDT'],
    ['fill 1-2 1.00 @ 102.00', 'quote? THIRDUSDT'],
    ['quote 99.99 100.00 100.00 THIRDUSDT', 'buy 3-1 baseOrder 1.00 @ 101.00 IOC THIRDUSDT'],
    ['fill 3-1 1.00 @ 100.00', 'sell 3-2 takeProfit 1.00 @ 102.00 GTC THIRDUSDT'],
    ['fill 3-2 1.00 @ 102.00', 'quote? OTHERUSDT'],
  ]);
});

test('[D20] a base order that fills nothing or is rejected fails the deal; the next waits 30 s, doubling to 15 min', () => {
  const rows: Row[] = [['start', 'quote? COINUSDT']];
  for (const [index, seconds] of [30, 60, 120, 240, 480, 900, 900].entries()) {
    const deal = index + 1;
    rows.push(
      ['quote 99.99 100.00 100.00', `buy ${deal}-1 baseOrder 1.00 @ 101.00 IOC`],
      [
        index % 2 === 0 ? `end ${deal}-1 expired 0.00` : `reject ${deal}-1 exchange -2010`,
        `timer start:COINUSDT in ${seconds}s`,
      ],
      [`+${seconds}s timer start:COINUSDT`, 'quote? COINUSDT'],
    );
  }
  const bot = botOf();
  const notes = play(bot, [
    ...rows,
    // One that buys ends the row of failures.
    ['quote 99.99 100.00 100.00', 'buy 8-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 8-1 1.00 @ 100.00',
      'sell 8-2 takeProfit 1.00 @ 102.00 GTC',
      'buy 8-3 safetyOrder 1 1.02 @ 99.00 GTC',
      'buy 8-4 safetyOrder 2 1.03 @ 98.00 GTC',
    ],
    ['fill 8-2 1.00 @ 102.00', 'cancel 8-3', 'cancel 8-4'],
    ['end 8-3 cancelled 0.00'],
    ['end 8-4 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 9-1 baseOrder 1.00 @ 101.00 IOC'],
    ['reject 9-1 policy notional', 'timer start:COINUSDT in 30s'],
  ]);
  const failed = notes.findLast(({ note }) => note.kind === 'dealFailed')?.note;
  assert.equal(failed?.values['reason'], 'base order rejected: policy: notional: said no');
});

test('[D20] a base order the instrument would refuse is never sent', () => {
  const bot = botOf({ baseOrderVolume: '5.1' });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    // The highest price the venue takes is 100000.
    ['quote 100000.00 100000.01 100000.00', 'timer start:COINUSDT in 30s'],
  ]);
  assert.equal(notes.at(-1)?.note.kind, 'dealFailed');
});

test('[D21] a base order filled in part goes on with what it got', () => {
  play(botOf(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 0.20 @ 100.00'],
    ['fill 1-1 0.30 @ 100.50'],
    [
      'end 1-1 expired 0.50',
      // average (20 + 30.15) / 0.5 = 100.30
      'sell 1-2 takeProfit 0.50 @ 102.31 GTC',
      'buy 1-3 safetyOrder 1 1.01 @ 99.29 GTC',
      'buy 1-4 safetyOrder 2 1.02 @ 98.29 GTC',
    ],
  ]);
});

test('[D21] one that bought too little to be sold fails the deal and records the coins', () => {
  const notes = play(botOf(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['end 1-1 expired 0.04'],
    ['fill 1-1 0.04 @ 100.00', 'timer start:COINUSDT in 30s'],
  ]);
  const failed = notes.findLast(({ note }) => note.kind === 'dealFailed')?.note;
  assert.equal(failed?.values['kept'], '0.04');
  assert.equal(failed?.values['cost'], '4');
});

test('[D22] a limit base order is taken back after five minutes and placed at a fresh bid', () => {
  play(botOf({ baseOrderType: 'limit' }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 baseOrder 1.01 @ 99.99 GTC',
      'timer deal:1:baseOrder in 300s',
    ],
    ['accept 1-1'],
    ['+299s timer deal:1:baseOrder'],
    ['+1s timer deal:1:baseOrder', 'cancel 1-1'],
    ['timer deal:1:baseOrder'],
    ['end 1-1 cancelled 0.00', 'quote? COINUSDT'],
    [
      'quote 109.99 110.00 110.00',
      'buy 1-2 baseOrder 0.91 @ 109.99 GTC',
      'timer deal:1:baseOrder in 300s',
    ],
    ['fill 1-2 0.50 @ 109.99'],
    ['+300s timer deal:1:baseOrder', 'cancel 1-2'],
    [
      'end 1-2 cancelled 0.50',
      'sell 1-3 takeProfit 0.50 @ 112.19 GTC',
      'buy 1-4 safetyOrder 1 0.92 @ 108.89 GTC',
      'buy 1-5 safetyOrder 2 0.93 @ 107.79 GTC',
    ],
  ]);
});

test('[D23] a refused take profit is tried again after 2 s, doubling to 5 minutes, and says so', () => {
  const rows: Row[] = [...OPENED.slice(0, 4)];
  for (const [index, seconds] of [2, 4, 8, 16, 32, 64, 128, 256, 300, 300].entries()) {
    const number = index === 0 ? 2 : index + 4;
    rows.push(
      [`reject 1-${number} exchange -1013`, `timer deal:1:takeProfit in ${seconds}s`],
      [`+${seconds}s timer deal:1:takeProfit`, `sell 1-${index + 5} takeProfit 1.00 @ 102.00 GTC`],
    );
  }
  const notes = play(botOf(), rows);
  assert.equal(notes.filter(({ note }) => note.kind === 'dealPaused').length, 10);
});

test('[D23] more coins make a new take profit at once, whatever was refused before', () => {
  play(botOf(), [
    ...OPENED.slice(0, 4),
    ['reject 1-2 exchange -1013', 'timer deal:1:takeProfit in 2s'],
    ['timer deal:1:takeProfit'],
    [
      'fill 1-3 1.02 @ 99.00',
      'sell 1-5 takeProfit 2.02 @ 101.49 GTC',
      'buy 1-6 safetyOrder 3 1.04 @ 97.00 GTC',
    ],
    ['+2s timer deal:1:takeProfit'],
  ]);
});

test('[D24] a refused safety order is tried four times, then the ladder ends and the deal goes on', () => {
  const notes = play(botOf({ maxActiveSafetyOrders: 1 }), [
    ...OPENED.slice(0, 3),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    ['reject 1-3 exchange -2010', 'timer deal:1:safetyOrders in 30s'],
    ['+29s timer deal:1:safetyOrders'],
    ['+1s timer deal:1:safetyOrders', 'buy 1-4 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['reject 1-4 policy notional', 'timer deal:1:safetyOrders in 60s'],
    ['+60s timer deal:1:safetyOrders', 'buy 1-5 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['reject 1-5 policy notional', 'timer deal:1:safetyOrders in 120s'],
    ['+120s timer deal:1:safetyOrders', 'buy 1-6 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['reject 1-6 policy notional'],
    ['fill 1-2 1.00 @ 102.00', 'quote? COINUSDT'],
  ]);
  assert.equal(notes.filter(({ note }) => note.kind === 'dealPaused').length, 4);
});

test('[D24] several refused safety orders wait for one timer', () => {
  play(botOf(), [
    ...OPENED.slice(0, 4),
    ['reject 1-3 exchange -2010', 'timer deal:1:safetyOrders in 30s'],
    ['+10s reject 1-4 exchange -2010', 'timer deal:1:safetyOrders in 20s'],
    [
      '+20s timer deal:1:safetyOrders',
      'buy 1-5 safetyOrder 1 1.02 @ 99.00 GTC',
      'timer deal:1:safetyOrders in 10s',
    ],
    ['+10s timer deal:1:safetyOrders', 'buy 1-6 safetyOrder 2 1.03 @ 98.00 GTC'],
  ]);
});

test('[D24] a deal that closes or is cancelled tries no safety order again', () => {
  for (const command of ['close 1', 'cancel 1']) {
    const bot = botOf();
    play(bot, [
      ...OPENED.slice(0, 4),
      ['reject 1-3 exchange -2010', 'timer deal:1:safetyOrders in 30s'],
      [command, 'cancel 1-2', 'cancel 1-4'],
      ['+30s timer deal:1:safetyOrders'],
    ]);
    assert.deepEqual(bot.deals[0]?.safetyRetries, []);
  }
});

test('[D25] an order proven absent is placed at once under a new ID', () => {
  play(botOf(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['reject 1-1 desk absent', 'buy 1-2 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-2 1.00 @ 100.00',
      'sell 1-3 takeProfit 1.00 @ 102.00 GTC',
      'buy 1-4 safetyOrder 1 1.02 @ 99.00 GTC',
      'buy 1-5 safetyOrder 2 1.03 @ 98.00 GTC',
    ],
    ['reject 1-3 desk absent', 'sell 1-6 takeProfit 1.00 @ 102.00 GTC'],
    ['reject 1-4 desk absent', 'buy 1-7 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['close 1', 'cancel 1-5', 'cancel 1-6', 'cancel 1-7'],
    ['end 1-5 cancelled 0.00'],
    ['end 1-6 cancelled 0.00'],
    ['reject 1-7 desk absent', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-8 close 1.00 @ 99.00 IOC'],
    ['reject 1-8 desk absent', 'sell 1-9 close 1.00 @ 99.00 IOC'],
  ]);
});

test('[D25] three times in a row is no accident: then it counts as rejected', () => {
  play(botOf(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['reject 1-1 desk absent', 'buy 1-2 baseOrder 1.00 @ 101.00 IOC'],
    ['reject 1-2 desk absent', 'buy 1-3 baseOrder 1.00 @ 101.00 IOC'],
    ['reject 1-3 desk absent', 'timer start:COINUSDT in 30s'],
  ]);
  play(botOf(), [
    ...OPENED.slice(0, 4),
    ['reject 1-2 desk absent', 'sell 1-5 takeProfit 1.00 @ 102.00 GTC'],
    ['reject 1-5 desk absent', 'sell 1-6 takeProfit 1.00 @ 102.00 GTC'],
    ['reject 1-6 desk absent', 'timer deal:1:takeProfit in 8s'],
  ]);
});

test('[D26] a take profit that someone else cancels is placed anew at once, the next time after a pause', () => {
  play(botOf(), [
    ...OPENED,
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 1.00 @ 102.00 GTC'],
    ['accept 1-5'],
    ['end 1-5 cancelled 0.00', 'timer deal:1:takeProfit in 4s'],
    ['+4s timer deal:1:takeProfit', 'sell 1-6 takeProfit 1.00 @ 102.00 GTC'],
    // One that has stood for five minutes counts as the first again.
    ['+5min end 1-6 expired 0.00', 'sell 1-7 takeProfit 1.00 @ 102.00 GTC'],
  ]);
});

test('[D26] a sale in between makes the next unasked cancel the first again', () => {
  play(botOf(), [
    ...OPENED,
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 1.00 @ 102.00 GTC'],
    ['fill 1-5 0.20 @ 102.00'],
    ['end 1-5 cancelled 0.20', 'sell 1-6 takeProfit 0.80 @ 102.00 GTC'],
    ['end 1-6 cancelled 0.00', 'timer deal:1:takeProfit in 4s'],
  ]);
});

test('[D26] a safety order whose rest is too small to be placed counts as filled', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 1.00 @ 99.00', 'cancel 1-2'],
    ['end 1-3 cancelled 1.00', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
  ]);
});

test('[D26] a safety order that someone else cancels is placed anew once', () => {
  play(botOf(), [
    ...OPENED,
    ['end 1-3 cancelled 0.00', 'buy 1-5 safetyOrder 1 1.02 @ 99.00 GTC'],
    ['end 1-5 cancelled 0.00'],
    ['fill 1-4 1.03 @ 98.00', 'cancel 1-2'],
  ]);
});

test('[D26] the rest of a safety order cancelled by someone else is placed anew', () => {
  play(botOf(), [
    ...OPENED,
    ['fill 1-3 0.50 @ 99.00', 'cancel 1-2'],
    ['end 1-3 cancelled 0.50', 'buy 1-5 safetyOrder 1 0.52 @ 99.00 GTC'],
  ]);
});

test('[D27] coins that cannot be sold are dust: the deal ends and records them', () => {
  const bot = botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC'],
    ['fill 1-2 0.96 @ 102.00'],
    ['end 1-2 cancelled 0.96', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['kept'], '0.04');
  assert.equal(done?.values['profit'], '1.92');
});

test('[D27] a rest too small for another take profit is not waited for', () => {
  play(botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 102.00 GTC'],
    ['end 1-2 cancelled 0.96'],
    ['fill 1-2 0.96 @ 102.00', 'quote? COINUSDT'],
  ]);
});

test('[D27] a resting take profit is not given up for one the venue would refuse', () => {
  // 0.97 of 1.00 sold; 0.01 more bought would make 0.04 for a new order: too little, so the old one stays.
  play(botOf(), [
    ...OPENED,
    ['fill 1-2 0.97 @ 102.00'],
    ['fill 1-3 0.01 @ 99.00'],
    ['fill 1-2 0.03 @ 102.00', 'cancel 1-3', 'cancel 1-4'],
  ]);
});

test('[D28] what is late, repeated, unknown or cannot be true changes nothing', () => {
  const bot = botOf();
  play(bot, [...OPENED, ['fill 1-3 0.50 @ 99.00 #a', 'cancel 1-2']]);
  const before = encodeJournal(bot);
  const idle = step(bot, eventOf('quote 99.99 100.00 100.00', 0));
  assert.ok(Object.isFrozen(idle) && idle.length === 0);
  for (const text of [
    'start',
    'accept 1-3',
    'fill 1-1 1.00 @ 100.00 #late',
    'fill 1-3 0.50 @ 99.00 #a',
    'fill 1-3 0.53 @ 99.00 #more-than-ordered',
    'fill 1-3 0.00 @ 99.00 #nothing',
    'fill 9-9 1.00 @ 99.00',
    'accept 9-9',
    'end 1-1 filled 1.00',
    'end 9-9 cancelled 0.00',
    'reject 1-1 exchange -2010',
    'reject 1-3 exchange -2010',
    'reject 9-9 exchange -2010',
    'timer start:COINUSDT',
    'timer start:NOSUCH',
    'timer deal:1:takeProfit',
    'timer deal:1:safetyOrders',
    'timer deal:1:baseOrder',
    'timer deal:1:close',
    'timer deal:1:nothing',
    'timer deal:9:close',
    'timer ',
    'close 9',
    'cancel 9',
    'quote 99.99 100.00 100.00',
    'quote 0.00 0.00 0.00',
    'quote 99.99 100.00 100.00 NOSUCH',
  ]) {
    assert.equal(step(bot, eventOf(text, 2_000_000_000_000)), idle, text);
    assert.equal(encodeJournal(bot), before, text);
  }
});

test('[D28] fills count once each in any order, also before the order is accepted and after it ended', () => {
  const orders: readonly (readonly string[])[] = [
    ['accept 1-1', 'fill 1-1 0.40 @ 100.00 #a', 'fill 1-1 0.60 @ 100.00 #b', 'end 1-1 filled 1.00'],
    ['fill 1-1 0.60 @ 100.00 #b', 'accept 1-1', 'fill 1-1 0.40 @ 100.00 #a', 'end 1-1 filled 1.00'],
    [
      'end 1-1 filled 1.00',
      'fill 1-1 0.40 @ 100.00 #a',
      'fill 1-1 0.40 @ 100.00 #a',
      'fill 1-1 0.60 @ 100.00 #b',
    ],
  ];
  const texts = orders.map((events) => {
    const bot = botOf();
    play(bot, OPENED.slice(0, 2));
    for (const text of events) step(bot, eventOf(text, 1_700_000_000_000));
    const deal = bot.deals[0];
    assert.ok(deal !== undefined);
    assert.equal(deal.phase.kind, 'holding');
    return encodeJournal(deal);
  });
  assert.equal(texts[1], texts[0]);
  assert.equal(texts[2], texts[0]);
});

test('[D29] a quote matters only at or below the watched price', () => {
  const bot = botOf({ stopLoss: '5' });
  const watch = (): number => watchedBelow(bot, 'COINUSDT');
  assert.equal(watch(), -1);
  play(bot, [['start', 'quote? COINUSDT']]);
  assert.equal(watch(), Infinity);
  assert.equal(watchedBelow(bot, 'OTHERUSDT'), -1);
  play(bot, OPENED.slice(1));
  assert.equal(watch(), 9500);
});

test('[D30] client order IDs are prefix, deal and count; none is used twice', () => {
  const bot = botOf();
  play(bot, OPENED);
  assert.deepEqual(
    bot.deals[0]?.orders.map((order) => order.clientOrderId),
    ['k-1-2', 'k-1-3', 'k-1-4'],
  );
  assert.throws(() => seeded('a prefix with spaces'), /clientOrderIdPrefix must be 1 to 16/);
  assert.throws(() => seeded('12345678901234567'), /clientOrderIdPrefix must be 1 to 16/);
});

test('[D32] every step a person wants to read is noted, with its numbers', () => {
  const bot = botOf();
  const notes = play(bot, [
    ...OPENED,
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 2.02 @ 101.49 GTC'],
  ]);
  assert.deepEqual(
    notes.map(({ note }) => `${note.kind} ${note.values['order'] ?? ''}`.trim()),
    [
      'dealStarted',
      'orderPlacing baseOrder',
      'orderFilled baseOrder',
      'averageChanged',
      'orderPlacing takeProfit',
      'orderPlacing safetyOrder',
      'orderPlacing safetyOrder',
      'orderFilled safetyOrder',
      'averageChanged',
      'orderCancelling takeProfit',
      'orderPlacing safetyOrder',
      'orderCancelled takeProfit',
      'orderPlacing takeProfit',
    ],
  );
  const average = notes.findLast(({ note }) => note.kind === 'averageChanged')?.note;
  assert.deepEqual(average?.values, {
    average: '99.4950495',
    breakEven: '99.4950495',
    takeProfit: '101.49',
    held: '2.02',
    cost: '200.98',
  });
});

test('[D37] coins beyond the largest order are sold by the orders that follow', () => {
  const small = { symbol: 'COINUSDT', maxLots: 60 };
  const bot = botOf({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
  ]);
  // The venue lowers its largest quantity while the deal runs.
  const deal = bot.deals[0];
  assert.ok(deal !== undefined);
  Object.assign(deal, { instrument: { ...deal.instrument, ...small } });
  play(bot, [
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 0.60 @ 102.00 GTC'],
    ['fill 1-2 0.30 @ 102.00'],
    ['fill 1-2 0.30 @ 102.00', 'sell 1-3 takeProfit 0.40 @ 102.00 GTC'],
    ['fill 1-3 0.40 @ 102.00', 'quote? COINUSDT'],
  ]);
});

function seeded(clientOrderIdPrefix: string): BotState {
  const { settings, instruments } = botOf();
  return createBot({ botId: 'x', clientOrderIdPrefix, settings, instruments, feeRatePpm: 0 });
}
