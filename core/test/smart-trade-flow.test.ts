// SPDX-License-Identifier: Apache-2.0
// The life of a smart trade, event by event: what comes in on the left, what the trade wants done after it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dealView, tradeView } from '../src/index.ts';
import { play } from './deal-script.ts';
import { BOUGHT, percent, price, tradeBot } from './trade-script.ts';

test('[P1] first', () => {
  const bot = tradeBot();
  play(bot, [
    ...BOUGHT,
    ['fill 1-2 1.00 @ 105.00'],
    ['end 1-2 filled 1.00'],
    ['quote 95.01 95.02 95.01'],
    ['quote 95.00 95.01 95.00', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.99 95.01 95.00', 'sell 1-4 stopLoss 1.00 @ 94.05 IOC'],
    ['fill 1-4 1.00 @ 94.99'],
  ]);
  assert.equal(bot.endedCount, 1);
  assert.equal(bot.isRunning, false);
  const [deal] = bot.endedDeals;
  assert.ok(deal);
  console.log(dealView(deal), tradeView(deal));
});
