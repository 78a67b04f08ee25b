// SPDX-License-Identifier: Apache-2.0
// Rule R45: sums over all bots that are kept while bots change, against sums made from nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBot, reservationsOf, sumReservations } from '@kontor/core';
import fc from 'fast-check';
import type { Bot } from '../src/runner/bot.ts';
import { BotSums } from '../src/runner/bot-sums.ts';
import { ONE_ORDER } from './scripted-desk.ts';
import { INSTRUMENT } from './scripted-exchange.ts';

test('[R45] sums kept while bots change, come and go are those made from nothing', (t) => {
  const seed = 20261122;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          botId: fc.constantFrom('1', '2', '3'),
          lots: fc.integer({ min: 0, max: 5_000 }),
          isGone: fc.boolean(),
        }),
        { maxLength: 40 },
      ),
      (changes) => {
        const bots = new Map<string, Bot>();
        const lotsOf = new Map<string, number>();
        const amountsOf = ({ botId }: Bot) =>
          new Map([['USDT', { held: BigInt(lotsOf.get(botId) ?? 0), inOrders: 1n }]]);
        const sums = new BotSums(() => bots, amountsOf);
        for (const { botId, lots, isGone } of changes) {
          if (isGone) bots.delete(botId);
          else {
            const bot = bots.get(botId) ?? newBot(botId);
            bots.set(botId, bot);
            lotsOf.set(botId, lots);
            bot.state.version += 1;
          }
          const plain = sumReservations([...bots.values()].map(amountsOf));
          const found = [...sums.all()].filter(([, { inOrders }]) => inOrders > 0n);
          assert.deepEqual(new Map(found), plain);
        }
        assert.equal(reservationsOf([]).size, 0);
      },
    ),
    { seed, numRuns: 300 },
  );
});

let made = 0;

function newBot(botId: string): Bot {
  made += 1;
  const state = createBot({
    botId,
    clientOrderIdPrefix: 'k1-',
    settings: ONE_ORDER,
    instruments: [INSTRUMENT],
    feeRatePpm: 0,
  });
  // A bot that comes back is another one, and its version goes on where no earlier one was.
  state.version = made * 1_000;
  return { botId, connection: 'demo', createdAt: 1, state };
}
