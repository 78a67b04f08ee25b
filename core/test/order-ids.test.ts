// SPDX-License-Identifier: Apache-2.0
// Rules J6 and J7: new IDs for a bot's orders, and orders that a deal did not ask for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  clientOrderId,
  encodeJournal,
  priceTicks,
  quantityLots,
  replay,
  step,
  type AdoptedOrder,
  type BotCommand,
  type BotEvent,
  type BotState,
  type Effect,
  type JournalEntry,
} from '../src/index.ts';
import { botOf, eventOf, OPENED, play } from './deal-script.ts';

const LATER = 1_700_000_100_000;

function command(given: BotCommand): BotEvent {
  return { kind: 'command', time: LATER, command: given };
}

function placed(effects: readonly Effect[]): readonly string[] {
  return effects.flatMap((effect) =>
    effect.kind === 'placeOrder' ? [effect.order.clientOrderId] : [],
  );
}

function cancelled(effects: readonly Effect[]): readonly string[] {
  return effects.flatMap((effect) => (effect.kind === 'cancelOrder' ? [effect.clientOrderId] : []));
}

function opened(changes: Readonly<Record<string, unknown>> = {}): BotState {
  const bot = botOf(changes);
  play(bot, OPENED);
  return bot;
}

const ADOPTED: AdoptedOrder = {
  clientOrderId: clientOrderId('another-life-7'),
  exchangeOrderId: '99',
  side: 'buy',
  priceTicks: priceTicks(9_500),
  quantity: quantityLots(50),
};

const ADOPT = command({ kind: 'adoptOrder', dealId: 1, order: ADOPTED });

function fillOf(quantity: number, tradeId: string): BotEvent {
  return {
    kind: 'orderFilled',
    time: LATER,
    clientOrderId: ADOPTED.clientOrderId,
    fill: {
      tradeId,
      time: LATER,
      priceTicks: ADOPTED.priceTicks,
      quantity: quantityLots(quantity),
      commission: 0n,
      commissionAsset: 'USDT',
      isMaker: true,
    },
  };
}

test('[J6] after new prefix new orders have new IDs, and those that are out are known by their old ones', () => {
  const bot = opened();
  const renew = command({ kind: 'renewOrderIds', clientOrderIdPrefix: 'k2-' });
  assert.deepEqual(step(bot, renew), []);
  const { version } = bot;
  assert.deepEqual(step(bot, renew), []);
  assert.equal(bot.version, version, 'the same prefix again changes nothing');
  const filled = step(bot, eventOf('fill 1-3 1.02 @ 99.00', LATER));
  assert.deepEqual(cancelled(filled), ['k-1-2'], 'the take profit of old');
  assert.deepEqual(placed(filled), ['k2-1-5'], 'the next safety order');
});

test('[J6] a prefix that no order ID may begin with is a fault of ours', () => {
  for (const clientOrderIdPrefix of ['', 'a b', 'seventeen-letters-']) {
    assert.throws(
      () => step(opened(), command({ kind: 'renewOrderIds', clientOrderIdPrefix })),
      /Invariant: a prefix of order IDs/,
    );
  }
});

test('[J7] an order taken in counts like one of the deal’s own: coins, average and take profit', () => {
  const bot = opened();
  assert.deepEqual(step(bot, ADOPT), []);
  const first = step(bot, fillOf(20, 't-a'));
  assert.deepEqual(cancelled(first), ['k-1-2'], 'the take profit is renewed for more coins');
  step(bot, fillOf(20, 't-a'));
  step(bot, fillOf(30, 't-b'));
  const [deal] = bot.deals;
  assert.equal(deal?.position.boughtLots, 150, 'each fill once');
  assert.ok(deal.orders.every((order) => order.clientOrderId !== ADOPTED.clientOrderId));
});

test('[J7] what someone takes off the book is not placed again', () => {
  const bot = opened();
  step(bot, ADOPT);
  const ended: BotEvent = {
    kind: 'orderEnded',
    time: LATER,
    clientOrderId: ADOPTED.clientOrderId,
    end: 'cancelled',
    filledLots: 0,
  };
  assert.deepEqual(placed(step(bot, ended)), []);
  assert.equal(bot.deals[0]?.orders.length, 3);
});

test('[J7] closing the deal takes the order off with the others', () => {
  const bot = opened();
  step(bot, ADOPT);
  const closing = step(bot, command({ kind: 'closeDeal', dealId: 1 }));
  assert.ok(cancelled(closing).includes(ADOPTED.clientOrderId));
});

test('[J7] a deal that cannot use the order is as it was before', () => {
  const waiting = botOf();
  play(waiting, OPENED.slice(0, 2));
  const cases: readonly (readonly [name: string, bot: BotState, event: BotEvent])[] = [
    ['another deal', opened(), command({ kind: 'adoptOrder', dealId: 2, order: ADOPTED })],
    [
      'a sell beside the take profit',
      opened(),
      command({ kind: 'adoptOrder', dealId: 1, order: { ...ADOPTED, side: 'sell' } }),
    ],
    ['a deal without coins', waiting, ADOPT],
  ];
  for (const [name, bot, event] of cases) {
    const before = encodeJournal(bot);
    assert.deepEqual(step(bot, event), [], name);
    assert.equal(encodeJournal(bot), before, name);
  }
  const bot = opened();
  step(bot, ADOPT);
  const once = encodeJournal(bot);
  step(bot, ADOPT);
  assert.equal(encodeJournal(bot), once, 'the same order twice');
});

test('[J6][J7] both are replayed to the same state', () => {
  const bot = botOf();
  const initial = botOf();
  const events = [
    ...OPENED.map(([text]) => eventOf(text, LATER)),
    command({ kind: 'renewOrderIds', clientOrderIdPrefix: 'k2-' }),
    ADOPT,
    fillOf(50, 't-a'),
  ];
  const entries: JournalEntry[] = [];
  for (const event of events) {
    const effects = step(bot, event);
    entries.push({ version: bot.version, event, effects });
  }
  assert.equal(encodeJournal(replay(initial, entries)), encodeJournal(bot));
});
