// SPDX-License-Identifier: Apache-2.0
// Two orders that go to the exchange as one: what may become of the request, and of each of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSettings, type SmartTradeSettings } from '@kontor/core';
import { INSTRUMENT, listOf, SYMBOL, type ScriptedExchange } from './scripted-exchange.ts';
import { quoteAt, ScriptedDesk, until, type ScriptedDeskOptions } from './scripted-desk.ts';

/** Sells 0.01 coins that are held: at 2,100, or at 1,900 to 1,881 when the market falls that far. */
const HELD: SmartTradeSettings = makeSettings<SmartTradeSettings>('smartTrade', {
  name: 'held',
  symbols: [SYMBOL],
  type: 'sellHeld',
  entries: [],
  held: { quantity: '0.01', price: '2000' },
  takeProfit: [
    { price: { kind: 'price', price: '2100' }, order: 'limit', source: 'own', share: '100' },
  ],
  stopLoss: {
    price: { kind: 'price', price: '1900' },
    source: 'own',
    order: 'market',
    timeoutSeconds: 0,
    breakEven: false,
    placement: 'exchange',
  },
  maxSlippage: '1',
});

interface Guarded {
  readonly desk: ScriptedDesk;
  readonly exchange: ScriptedExchange;
  readonly botId: string;
  readonly profitId: string;
  readonly stopId: string;
}

/** A desk whose trade has asked for its pair, which the exchange takes as `script` says. */
async function guarded(
  t: { after(work: () => Promise<void>): void },
  script: (exchange: ScriptedExchange, desk: ScriptedDesk) => void = () => undefined,
  options: ScriptedDeskOptions = {},
): Promise<Guarded> {
  const desk = new ScriptedDesk({
    instrument: { ...INSTRUMENT, takesPairs: true },
    ...options,
  });
  t.after(() => desk.close());
  await desk.start();
  desk.quote = { time: desk.exchange.time, quote: quoteAt(200_000) };
  script(desk.exchange, desk);
  const { botId } = desk.runner.create(HELD);
  await desk.runner.command(botId, { kind: 'start' });
  const idOf = (purpose: string): Promise<string> =>
    until(`the ${purpose} is stored`, () => {
      const row = desk.row(
        'SELECT client_order_id FROM orders WHERE bot_id = ? AND purpose = ?',
        botId,
        purpose,
      );
      return row === null ? null : String(row['client_order_id']);
    });
  const profitId = await idOf('takeProfit');
  const stopId = await idOf('stopLoss');
  return { desk, exchange: desk.exchange, botId, profitId, stopId };
}

test('[R90] a pair is stored, then sent as one request; both orders are open once it is answered', async (t) => {
  const { desk, exchange, profitId, stopId } = await guarded(t, (exchange, desk) =>
    exchange.once('placePair', (intent) => {
      for (const { clientOrderId } of [intent.takeProfit, intent.stopLoss]) {
        assert.equal(desk.order(clientOrderId)['state'], 'intended', 'it was stored first');
      }
      exchange.behave(intent);
    }),
  );
  await desk.untilState(profitId, 'open');
  await desk.untilState(stopId, 'open');
  const [sent, ...more] = exchange.sent('placePair');
  assert.equal(more.length + exchange.sent('placeOrder').length, 0);
  assert.deepEqual(sent?.takeProfit, {
    symbol: SYMBOL,
    side: 'sell',
    type: 'limitMaker',
    timeInForce: 'GTC',
    price: '2100.00',
    quantity: '0.0100',
    clientOrderId: profitId,
  });
  assert.deepEqual(sent?.stopLoss, {
    symbol: SYMBOL,
    side: 'sell',
    type: 'stopLimit',
    timeInForce: 'GTC',
    price: '1881.00',
    stopPrice: '1900.00',
    quantity: '0.0100',
    clientOrderId: stopId,
  });
});

/** What may come of the request that leaves both orders rejected, by whom. */
const REJECTED: readonly (readonly [
  name: string,
  by: string,
  rule: string,
  script: (exchange: ScriptedExchange) => void,
])[] = [
  [
    'refused by the policy',
    'policy',
    'default deny',
    (exchange) => exchange.once('placePair', (intent) => exchange.refuse(intent, 'default deny')),
  ],
  [
    'rejected by the exchange',
    'exchange',
    '-2010',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        exchange.answerError(intent, 400, -2010, 'The relationship of the prices is not correct.');
      }),
  ],
  [
    'never sent',
    'desk',
    'notSent',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        exchange.fail(intent, 'notSent');
      }),
  ],
  [
    'proven absent',
    'desk',
    'absent',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent, 60_000);
        exchange.fail(intent, 'unknown');
      }),
  ],
];

for (const [name, by, rule, script] of REJECTED) {
  test(`[R91] a pair is refused as a whole: ${name}`, async (t) => {
    const { desk, exchange, profitId, stopId } = await guarded(t, script);
    for (const id of [profitId, stopId]) {
      const row = await desk.untilState(id, 'rejected');
      assert.equal(row['rejected_by'], by);
      assert.equal(row['rule'], rule);
      assert.deepEqual(desk.toldOf(id), ['orderRejected']);
    }
    // The take profit rests alone; the desk watches the stop.
    await until('the take profit rests alone', () =>
      exchange.sent('placeOrder').length === 1 ? true : null,
    );
    assert.equal(exchange.sent('placeOrder')[0]?.order.price, '2100.00');
  });
}

/** What may come of a request whose list the exchange has taken, though the answer does not say so. */
const FOUND: readonly (readonly [string, (exchange: ScriptedExchange) => void])[] = [
  [
    'no answer',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        exchange.acceptPair(intent);
        exchange.fail(intent, 'unknown');
      }),
  ],
  [
    'an error after it was taken',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        exchange.acceptPair(intent);
        exchange.answerError(intent, 503, -1006);
      }),
  ],
  [
    'a duplicate is this very list, already there',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        exchange.acceptPair(intent);
        exchange.answerError(intent, 400, -2010, 'Duplicate order sent.');
      }),
  ],
  [
    'an answer that names only one of the two',
    (exchange) =>
      exchange.once('placePair', (intent) => {
        exchange.sign(intent);
        const { stopLoss } = exchange.acceptPair(intent);
        exchange.answer(intent, 200, listOf([stopLoss.placed()]));
      }),
  ],
];

for (const [name, script] of FOUND) {
  test(`[R91] a pair in doubt is asked for by both IDs: ${name}`, async (t) => {
    const { desk, exchange, profitId, stopId } = await guarded(t, script);
    await desk.untilState(profitId, 'open');
    await desk.untilState(stopId, 'open');
    assert.equal(exchange.sent('placePair').length, 1, 'nothing is sent twice');
    assert.equal(exchange.sent('placeOrder').length, 0);
  });
}

test('[R92] the cancel of one order of a pair ends both, told with one answer', async (t) => {
  const { desk, botId, profitId, stopId } = await guarded(t);
  await desk.untilState(profitId, 'open');
  await desk.untilState(stopId, 'open');
  await desk.runner.command(botId, { kind: 'cancelDeal', dealId: 1 });
  await desk.untilState(profitId, 'cancelled');
  await desk.untilState(stopId, 'cancelled');
  await desk.untilQuiet();
  for (const id of [profitId, stopId]) {
    assert.deepEqual(desk.toldOf(id), ['orderAccepted', 'orderEnded']);
  }
});

test('[R92] what the exchange did to a pair while the desk was down is learned at the next start', async (t) => {
  const first = await guarded(t);
  await first.desk.untilState(first.profitId, 'open');
  await first.desk.untilState(first.stopId, 'open');
  await first.desk.crash();
  const booked = (id: string): NonNullable<ReturnType<typeof first.exchange.orders.get>> => {
    const order = first.exchange.orders.get(id);
    assert.ok(order !== undefined);
    return order;
  };
  first.exchange.end(booked(first.profitId), 'EXPIRED');
  first.exchange.fill(booked(first.stopId), 100);
  const desk = new ScriptedDesk({
    instrument: { ...INSTRUMENT, takesPairs: true },
    before: first.desk,
  });
  t.after(() => desk.close());
  await desk.start();
  await desk.untilState(first.stopId, 'filled');
  await desk.untilState(first.profitId, 'expired');
  await until('the trade ends', () =>
    desk.runner.bots.get('1')?.state.endedCount === 1 ? true : null,
  );
  const [ended] = desk.runner.bots.get('1')?.state.endedDeals ?? [];
  assert.ok(ended?.phase.kind === 'ended');
  assert.equal(ended.phase.outcome, 'stopLoss');
  const surprise = desk.row("SELECT code FROM findings WHERE code = 'orderCancelledByOthers'");
  assert.equal(surprise, null, 'that one order ends the other is no news');
});

test('[R91] a desk that dies between storing a pair and hearing of it asks for both', async (t) => {
  const first = await guarded(t, (exchange) =>
    exchange.once('placePair', (intent) => {
      exchange.sign(intent);
      exchange.acceptPair(intent);
    }),
  );
  await until('the pair is at the exchange', () =>
    first.exchange.orders.has(first.stopId) ? true : null,
  );
  await first.desk.crash();
  const desk = new ScriptedDesk({
    instrument: { ...INSTRUMENT, takesPairs: true },
    before: first.desk,
  });
  t.after(() => desk.close());
  await desk.start();
  await desk.untilState(first.profitId, 'open');
  await desk.untilState(first.stopId, 'open');
  assert.equal(desk.exchange.sent('placePair').length, 0, 'nothing is sent again');
});
