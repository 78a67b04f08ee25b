// SPDX-License-Identifier: Apache-2.0
// What running deals plan and have not placed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plannedFault, plannedOf, type BotState } from '../src/index.ts';
import { botOf, OPENED, play, type Row } from './deal-script.ts';
import { gridBot, LAID } from './grid-script.ts';
import { percent, price, tradeBot } from './trade-script.ts';

/** Planned amounts in whole coins. */
function shown(bot: BotState): Record<string, number> {
  return Object.fromEntries(
    [...plannedOf(bot.deals)].map(([asset, amount]) => [asset, Number(amount) / 1e8]),
  );
}

const GRID_ASKED: readonly Row[] = LAID.slice(0, 2);

test('[L13] a grid plans the money of its buy lines without an order, from its start to its end', () => {
  const bot = gridBot();
  play(bot, GRID_ASKED);
  assert.deepEqual(shown(bot), { USDT: 185 }, 'lines at 95 and 90 while it buys its coins');
  play(bot, LAID.slice(2));
  assert.deepEqual(shown(bot), {}, 'both rest');
  const few = gridBot({ maxActiveBuyLines: 1 });
  play(few, [
    ...LAID.slice(0, 5),
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
    ],
    ['accept 1-2'],
    ['accept 1-3'],
    ['accept 1-4'],
  ]);
  assert.deepEqual(shown(few), { USDT: 90 }, 'the line that may not rest yet');
  play(few, [
    ['stop', 'cancel 1-2', 'cancel 1-3', 'cancel 1-4'],
    ['end 1-2 cancelled 0'],
    ['end 1-3 cancelled 0'],
    ['end 1-4 cancelled 0'],
  ]);
  assert.deepEqual(shown(few), {}, 'a grid that is over plans nothing');
});

test('[L13] a deal plans the safety orders that are to come', () => {
  const bot = botOf();
  play(bot, OPENED);
  // The third, of 100 USDT at 97.00: 1.04 coins.
  assert.deepEqual(shown(bot), { USDT: 100.88 });
  const open = botOf({ reserveSafetyOrders: false });
  play(open, OPENED);
  assert.deepEqual(shown(open), {}, 'the settings let others have it');
});

test('[L13] a trade plans the entries that wait for their price', () => {
  const bot = tradeBot({
    entries: [
      { order: 'market', share: '50' },
      { order: 'limit', price: price('90'), share: '50', trigger: { price: percent('5') } },
    ],
  });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
  ]);
  assert.deepEqual(shown(bot), { USDT: 90 });
});

test('[L13] what others plan is not free, and the refusal has the numbers', () => {
  const unit = 100_000_000n;
  const amounts = { total: 100n * unit, kept: 70n * unit, needed: 30n * unit };
  assert.equal(plannedFault('USDT', amounts), null);
  assert.deepEqual(plannedFault('USDT', { ...amounts, needed: 31n * unit }), {
    rule: 'planned',
    expected: 'at most 30 USDT of 100: other bots hold or plan to use 70',
    found: "31 USDT for this bot's orders",
  });
  assert.notEqual(plannedFault('USDT', { ...amounts, kept: 200n * unit }), null);
});
