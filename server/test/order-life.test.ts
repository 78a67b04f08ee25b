// SPDX-License-Identifier: Apache-2.0
// What may become of an order: decision tables over a real store, real links and an exchange that follows a script.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { BotEvent } from '@kontor/core';
import { RECV_WINDOW_MS } from '@kontor/signer';
import { SYMBOL, type BookedOrder, type ScriptedExchange } from './scripted-exchange.ts';
import { ONE_ORDER, ScriptedDesk, until, type ScriptedDeskOptions } from './scripted-desk.ts';

type Kind = BotEvent['kind'];

/** Older than any exchange would still take. */
const LONG_AGO_MS = RECV_WINDOW_MS + 2_000;
const HALF = 50;
/** Rows of a table wait for different things; they may as well wait together. */
const TOGETHER = { concurrency: 12 };

/** What a row of a table expects in the end. */
interface Expected {
  readonly state: string;
  readonly told: readonly Kind[];
  readonly rejectedBy?: string;
  readonly rule?: string;
  readonly filledLots?: number;
  /** Times the order itself was sent; once unless said otherwise. */
  readonly sent?: number;
}

async function scripted(t: TestContext, options: ScriptedDeskOptions = {}): Promise<ScriptedDesk> {
  const desk = await new ScriptedDesk(options).start();
  t.after(() => desk.close());
  return desk;
}

async function check(desk: ScriptedDesk, id: string, expected: Expected): Promise<void> {
  const row = await desk.untilState(id, expected.state);
  await until(
    () => `${id} told ${expected.told.join(', ')} (was told ${desk.toldOf(id).join(', ')})`,
    () => (desk.toldOf(id).length >= expected.told.length ? true : null),
  );
  await desk.untilQuiet();
  assert.deepEqual(desk.toldOf(id), expected.told, 'what the bot was told');
  assert.equal(row['rejected_by'], expected.rejectedBy ?? null, 'who rejected it');
  if (expected.rule !== undefined) assert.equal(row['rule'], expected.rule, 'the rule');
  if (expected.filledLots !== undefined) {
    assert.equal(desk.order(id)['filled_lots'], expected.filledLots, 'lots filled');
  }
  const sent = desk.exchange.placedIds().filter((placed) => placed === id).length;
  assert.equal(sent, expected.sent ?? 1, 'how often it was sent');
  assert.deepEqual(desk.fatal, []);
}

const ACCEPTED: Expected = { state: 'open', told: ['orderAccepted'] };
const FILLED: Expected = {
  state: 'filled',
  told: ['orderAccepted', 'orderFilled', 'orderEnded'],
  filledLots: 100,
};
const ABSENT: Expected = {
  state: 'rejected',
  told: ['orderRejected'],
  rejectedBy: 'desk',
  rule: 'absent',
};

/** How placing an order may go, from what the signer says to what is known in the end. */
const PLACING: readonly {
  readonly name: string;
  readonly script: (exchange: ScriptedExchange, desk: ScriptedDesk) => void;
  readonly expected: Expected;
}[] = [
  { name: 'accepted', script: () => undefined, expected: ACCEPTED },
  {
    name: 'filled at once, the fills in the answer',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        const order = exchange.accept(intent);
        exchange.fill(order, 40);
        exchange.fill(order, 60);
        exchange.answer(intent, 200, order.placed());
      }),
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'refused by the policy',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => exchange.refuse(intent, 'allow demo: notional')),
    expected: {
      state: 'rejected',
      told: ['orderRejected'],
      rejectedBy: 'policy',
      rule: 'allow demo: notional',
    },
  },
  {
    name: 'rejected by the exchange',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.answerError(intent, 400, -2010, 'Account has insufficient balance.');
      }),
    expected: { state: 'rejected', told: ['orderRejected'], rejectedBy: 'exchange', rule: '-2010' },
  },
  {
    name: 'sent too fast: the exchange has not judged it, and it may be taken later',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.answerError(intent, 429, -1015, 'Too many new orders.');
      }),
    expected: {
      state: 'rejected',
      told: ['orderRejected'],
      rejectedBy: 'desk',
      rule: 'tooFast',
    },
  },
  {
    name: 'a duplicate is this very order, already there',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.answerError(intent, 400, -2010, 'Duplicate order sent.');
      }),
    expected: ACCEPTED,
  },
  {
    name: 'an error after it was taken: asked for and found',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.answerError(intent, 503, -1006);
      }),
    expected: ACCEPTED,
  },
  {
    name: 'taken, filled and no word of it: found filled, the fills fetched',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.fill(exchange.accept(intent), 100);
        exchange.fail(intent, 'unknown');
      }),
    expected: FILLED,
  },
  {
    name: 'an answer that cannot be read proves nothing',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.answer(intent, 200, '<html>welcome</html>');
      }),
    expected: ACCEPTED,
  },
  {
    name: 'egress could not send it',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.fail(intent, 'notSent');
      }),
    expected: { state: 'rejected', told: ['orderRejected'], rejectedBy: 'desk', rule: 'notSent' },
  },
  {
    name: 'absent, asked after the exchange could take it: proven absent',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent, LONG_AGO_MS);
        exchange.answerError(intent, 503, -1008);
      }),
    expected: ABSENT,
  },
  {
    name: 'absent while it may still land: asked again, and it lands',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.answerError(intent, 503, -1008);
        landAfterThreeQuestions(exchange, () => exchange.accept(intent));
      }),
    expected: ACCEPTED,
  },
  {
    name: 'the doubtful answer overtakes the signature: the time to land is not cut short',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.answerError(intent, 503, -1008);
        exchange.signedAt.set(intent.order.clientOrderId, Date.now());
        landAfterThreeQuestions(exchange, () => exchange.accept(intent), 400);
      }),
    expected: ACCEPTED,
  },
  {
    name: 'the signer says nothing and has no record: never signed, so absent',
    script: (exchange) => exchange.once('placeOrder', () => undefined),
    expected: ABSENT,
  },
  {
    name: 'the signer says nothing, and its record says signed just now: found',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.signedAt.set(intent.order.clientOrderId, Date.now());
        exchange.accept(intent);
      }),
    expected: ACCEPTED,
  },
  {
    name: 'no answer comes from egress: asked for',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
      }),
    expected: ACCEPTED,
  },
  {
    name: 'the signer dies undecided; the next one has no record of it',
    script: (exchange) =>
      exchange.once('placeOrder', () => {
        exchange.cut('signer');
        void exchange.join('signer');
      }),
    expected: ABSENT,
  },
  {
    name: 'the signer dies undecided; the next one says that it may have been signed',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.signedAt.set(intent.order.clientOrderId, Date.now());
        exchange.accept(intent);
        exchange.cut('signer');
        void exchange.join('signer');
      }),
    expected: ACCEPTED,
  },
  {
    name: 'the signer dies after signing; the answer still comes',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        const order = exchange.accept(intent);
        setImmediate(() => {
          exchange.cut('signer');
          void exchange.join('signer');
          setTimeout(() => exchange.answer(intent, 200, order.placed()), 20);
        });
      }),
    expected: ACCEPTED,
  },
  {
    name: 'egress dies with the order on its way',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.cut('egress');
        void exchange.join('egress');
      }),
    expected: ACCEPTED,
  },
  {
    name: 'both die and come back while it is asked for',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.fail(intent, 'unknown');
        exchange.once('queryOrder', () => {
          exchange.cut('signer');
          exchange.cut('egress');
          setTimeout(() => void exchange.joinAll(), 30);
        });
      }),
    expected: ACCEPTED,
  },
  {
    name: 'the question itself is refused, then fails, then is answered',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.fail(intent, 'unknown');
        exchange.once('queryOrder', (query) => exchange.refuse(query, 'allow reads: rate'));
        exchange.once('queryOrder', (query) => exchange.fail(query, 'notSent'));
        exchange.once('queryOrder', (query) => exchange.answerError(query, 429, -1003));
        exchange.once('queryOrder', (query) => exchange.answer(query, 200, '{}'));
      }),
    expected: ACCEPTED,
  },
  {
    name: 'told by the account stream while it is asked for: known at once',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        const order = exchange.accept(intent);
        exchange.fail(intent, 'unknown');
        exchange.once('queryOrder', () => exchange.event(order.report()));
      }),
    expected: ACCEPTED,
  },
  {
    name: 'told by the stream, then not known any more: it was there, so it has expired',
    script: (exchange, desk) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent, LONG_AGO_MS);
        const order = exchange.accept(intent);
        exchange.fail(intent, 'unknown');
        exchange.once('queryOrder', (query) => {
          exchange.orders.delete(order.clientOrderId);
          exchange.sign(query);
          exchange.event(order.report());
          exchange.answerError(query, 400, -2013, 'Order does not exist.');
          // As it is done from time to time.
          setTimeout(() => desk.orders.reconcile(), 50);
        });
      }),
    expected: { state: 'expired', told: ['orderAccepted', 'orderEnded'] },
  },
  {
    name: 'told by the stream before the answer comes',
    script: (exchange) =>
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        const order = exchange.accept(intent);
        exchange.event(order.report());
        exchange.event(exchange.fill(order, 100));
        exchange.answer(intent, 200, order.placed());
      }),
    expected: FILLED,
  },
];

test(
  '[R6][R7] however placing goes, the order is sent once and its fate becomes known',
  TOGETHER,
  async (t) => {
    await Promise.all(
      PLACING.map(({ name, script, expected }) =>
        t.test(name, async (t) => {
          const desk = await scripted(t);
          script(desk.exchange, desk);
          const id = await desk.firstOrder();
          await check(desk, id, expected);
        }),
      ),
    );
  },
);

/** "Does not exist" three times, with the order landing in between. */
function landAfterThreeQuestions(exchange: ScriptedExchange, land: () => void, lateMs = 0): void {
  for (const isLast of [false, false, true]) {
    exchange.once('queryOrder', (query) => {
      setTimeout(() => {
        exchange.sign(query);
        exchange.answerError(query, 400, -2013, 'Order does not exist.');
        if (isLast) land();
      }, lateMs);
    });
  }
}

/** How a cancel may go. The order rests at the exchange; `first` is what happens at the first cancel. */
const CANCELLING: readonly {
  readonly name: string;
  readonly script: (exchange: ScriptedExchange, order: BookedOrder) => void;
  readonly expected: Expected;
  readonly cancels?: number;
}[] = [
  {
    name: 'cancelled',
    script: () => undefined,
    expected: { state: 'cancelled', told: ['orderAccepted', 'orderEnded'], filledLots: 0 },
    cancels: 1,
  },
  {
    name: 'filled in the same moment: the fill wins',
    script: (exchange, order) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.fill(order, order.lots);
        exchange.answerError(intent, 400, -2011, 'Unknown order sent.');
      }),
    expected: FILLED,
    cancels: 1,
  },
  {
    name: 'filled, and the stream says so before the refusal',
    script: (exchange, order) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.event(exchange.fill(order, order.lots));
        exchange.answerError(intent, 400, -2011, 'Unknown order sent.');
      }),
    expected: FILLED,
    cancels: 1,
  },
  {
    name: 'a part was filled, of which nothing was told: fetched before it ends',
    script: (exchange, order) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.fill(order, HALF);
        exchange.end(order, 'CANCELED');
        exchange.answer(intent, 200, order.cancelled());
      }),
    expected: {
      state: 'cancelled',
      told: ['orderAccepted', 'orderFilled', 'orderEnded'],
      filledLots: HALF,
    },
    cancels: 1,
  },
  {
    name: 'done, but answered with an error: the second cancel learns it',
    script: (exchange, order) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.end(order, 'CANCELED');
        exchange.answerError(intent, 504, -1007);
      }),
    expected: { state: 'cancelled', told: ['orderAccepted', 'orderEnded'] },
    cancels: 2,
  },
  {
    name: 'done, the answer lost, but the stream tells',
    script: (exchange, order) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.event(exchange.end(order, 'CANCELED'));
      }),
    expected: { state: 'cancelled', told: ['orderAccepted', 'orderEnded'] },
    cancels: 1,
  },
  {
    name: 'refused by the policy, then not sent, then done',
    script: (exchange) => {
      exchange.once('cancelOrder', (intent) => exchange.refuse(intent, 'allow cancels: rate'));
      exchange.once('cancelOrder', (intent) => exchange.fail(intent, 'notSent'));
    },
    expected: { state: 'cancelled', told: ['orderAccepted', 'orderEnded'] },
    cancels: 3,
  },
  {
    name: 'refused as not open although it is: asked and tried again',
    script: (exchange) =>
      exchange.once('cancelOrder', (intent) => {
        exchange.sign(intent);
        exchange.answerError(intent, 400, -2011, 'Unknown order sent.');
      }),
    expected: { state: 'cancelled', told: ['orderAccepted', 'orderEnded'] },
    cancels: 2,
  },
];

test('[R9] however a cancel goes, it ends as what became of the order', TOGETHER, async (t) => {
  await Promise.all(
    CANCELLING.map(({ name, script, expected, cancels }) =>
      t.test(name, async (t) => {
        const desk = await scripted(t);
        const id = await desk.firstOrder();
        await desk.untilState(id, 'open');
        const order = desk.exchange.orders.get(id);
        assert.ok(order !== undefined);
        script(desk.exchange, order);
        await desk.runner.command('1', { kind: 'cancelDeal', dealId: 1 });
        await check(desk, id, expected);
        if (cancels !== undefined)
          assert.equal(desk.exchange.sent('cancelOrder').length, cancels, 'cancels sent');
      }),
    ),
  );
});

test('[R9] a cancel never overtakes the order it cancels', async (t) => {
  const desk = await scripted(t);
  const { exchange } = desk;
  exchange.once('placeOrder', (intent) => {
    exchange.sign(intent);
    exchange.answerError(intent, 503, -1006);
    landAfterThreeQuestions(exchange, () => exchange.accept(intent));
  });
  const id = await desk.firstOrder();
  await until('in doubt', () => (desk.orders.ambiguous === 1 ? true : null));
  await desk.runner.command('1', { kind: 'cancelDeal', dealId: 1 });
  await check(desk, id, { state: 'cancelled', told: ['orderAccepted', 'orderEnded'] });
  const kinds = exchange.intents.map(({ kind }) => kind);
  assert.ok(kinds.indexOf('cancelOrder') > kinds.lastIndexOf('queryOrder'), kinds.join(', '));
});

/** What the account stream may do to the news of an order of 100 lots that rests. */
const STREAM: readonly {
  readonly name: string;
  readonly script: (exchange: ScriptedExchange, order: BookedOrder) => void;
  readonly expected: Expected;
}[] = [
  {
    name: 'every event twice',
    script: (exchange, order) => {
      for (const lots of [40, 60]) {
        const report = exchange.fill(order, lots);
        exchange.event(report);
        exchange.event(report);
      }
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'the last fill first',
    script: (exchange, order) => {
      const reports = [40, 60].map((lots) => exchange.fill(order, lots));
      for (const report of reports.toReversed()) exchange.event(report);
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'the end of the order before its fills',
    script: (exchange, order) => {
      const report = exchange.fill(order, HALF);
      exchange.event(exchange.end(order, 'EXPIRED'));
      exchange.event(report);
      exchange.event(order.report());
    },
    expected: {
      state: 'expired',
      told: ['orderAccepted', 'orderFilled', 'orderEnded'],
      filledLots: HALF,
    },
  },
  {
    name: 'one fill of two never told',
    script: (exchange, order) => {
      exchange.fill(order, 40);
      exchange.event(exchange.fill(order, 60));
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'a fill late while a further one is only summed up',
    script: (exchange, order) => {
      const first = exchange.fill(order, 40);
      exchange.event({ ...order.report(), x: 'NEW' });
      exchange.event(first);
      exchange.fill(order, 60);
      exchange.event({ ...order.report(), x: 'NEW' });
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'events after the end',
    script: (exchange, order) => {
      const report = exchange.fill(order, 100);
      exchange.event(report);
      exchange.event(report);
      exchange.event({ ...order.report(), X: 'NEW', z: '0.0000' });
    },
    expected: FILLED,
  },
  {
    name: 'an old state after a newer one',
    script: (exchange, order) => {
      const before = order.report();
      exchange.event(exchange.fill(order, 40));
      exchange.event(before);
      exchange.event(exchange.fill(order, 60));
      exchange.event(before);
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
  {
    name: 'fills that cannot be fetched at first',
    script: (exchange, order) => {
      exchange.fill(order, 40);
      exchange.once('queryFills', (intent) => exchange.fail(intent, 'unknown'));
      exchange.once('queryFills', (intent) => exchange.answer(intent, 200, '[]'));
      exchange.event(exchange.fill(order, 60));
    },
    expected: { ...FILLED, told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'] },
  },
];

test('[R8] however the news of fills comes, each counts once', TOGETHER, async (t) => {
  await Promise.all(
    STREAM.map(({ name, script, expected }) =>
      t.test(name, async (t) => {
        const desk = await scripted(t);
        const id = await desk.firstOrder();
        await desk.untilState(id, 'open');
        const order = desk.exchange.orders.get(id);
        assert.ok(order !== undefined);
        script(desk.exchange, order);
        await check(desk, id, expected);
        const rows = desk.store.all('SELECT trade_id FROM fills WHERE client_order_id = ?', id);
        assert.deepEqual(
          rows.map((row) => String(row['trade_id'])).toSorted(),
          order.fills.map(({ tradeId }) => String(tradeId)).toSorted(),
        );
      }),
    ),
  );
});

test('[R8] what the stream never told is found by asking from time to time', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  desk.exchange.fill(order, 40);
  desk.exchange.fill(order, 60);
  desk.orders.reconcile();
  await check(desk, id, {
    ...FILLED,
    told: ['orderAccepted', 'orderFilled', 'orderFilled', 'orderEnded'],
  });
});

test('[R8] more fills than one answer holds are read page by page', async (t) => {
  const desk = await scripted(t);
  const { exchange } = desk;
  const id = await desk.firstOrder({ ...ONE_ORDER, baseOrderVolume: '250' });
  await desk.untilState(id, 'open');
  const order = exchange.orders.get(id);
  assert.ok(order !== undefined);
  for (let lots = 0; lots < order.lots; lots += 1) exchange.fill(order, 1);
  desk.orders.reconcile();
  const row = await desk.untilState(id, 'filled');
  assert.equal(row['filled_lots'], order.lots);
  assert.ok(exchange.sent('queryFills').length > 1);
});

/** What a start finds of an order that the desk knew when it died. */
const RESTARTS: readonly {
  readonly name: string;
  /** Brings the order to where it is when the desk dies. */
  readonly before: (desk: ScriptedDesk) => void;
  readonly stateBefore: string;
  /** What happens while the desk is down. */
  readonly meanwhile?: (exchange: ScriptedExchange, order: BookedOrder | undefined) => void;
  readonly expected: Omit<Expected, 'sent'>;
}[] = [
  {
    name: 'stored and never signed',
    before: ({ exchange }) => exchange.once('placeOrder', () => undefined),
    stateBefore: 'intended',
    expected: ABSENT,
  },
  {
    name: 'signed and landed, no answer yet',
    before: ({ exchange }) =>
      exchange.once('placeOrder', (intent) => {
        exchange.signedAt.set(intent.order.clientOrderId, Date.now());
        exchange.accept(intent);
      }),
    stateBefore: 'intended',
    expected: ACCEPTED,
  },
  {
    name: 'signed long ago and never landed',
    before: ({ exchange }) =>
      exchange.once('placeOrder', (intent) => {
        exchange.signedAt.set(intent.order.clientOrderId, Date.now() - LONG_AGO_MS);
      }),
    stateBefore: 'intended',
    expected: ABSENT,
  },
  {
    name: 'in doubt, and filled meanwhile',
    before: ({ exchange }) => {
      exchange.once('placeOrder', (intent) => {
        exchange.sign(intent);
        exchange.accept(intent);
        exchange.fail(intent, 'unknown');
      });
      exchange.once('queryOrder', () => undefined);
    },
    stateBefore: 'ambiguous',
    meanwhile: (exchange, order) => void (order && exchange.fill(order, 100)),
    expected: FILLED,
  },
  {
    name: 'open, and still so',
    before: () => undefined,
    stateBefore: 'open',
    expected: { state: 'open', told: [] },
  },
  {
    name: 'open, and filled meanwhile',
    before: () => undefined,
    stateBefore: 'open',
    meanwhile: (exchange, order) => void (order && exchange.fill(order, 100)),
    expected: { state: 'filled', told: ['orderFilled', 'orderEnded'], filledLots: 100 },
  },
  {
    name: 'open, and cancelled by someone else meanwhile, partly filled',
    before: () => undefined,
    stateBefore: 'open',
    meanwhile: (exchange, order) => {
      if (order === undefined) return;
      exchange.fill(order, HALF);
      exchange.end(order, 'CANCELED');
    },
    expected: { state: 'cancelled', told: ['orderFilled', 'orderEnded'], filledLots: HALF },
  },
  {
    name: 'open, and forgotten by the exchange',
    before: () => undefined,
    stateBefore: 'open',
    meanwhile: (exchange, order) => void (order && exchange.orders.delete(order.clientOrderId)),
    expected: { state: 'expired', told: ['orderEnded'] },
  },
];

test(
  '[R6][R7] a start finds out what became of every order, and sends none again',
  TOGETHER,
  async (t) => {
    await Promise.all(
      RESTARTS.map(({ name, before, stateBefore, meanwhile, expected }) =>
        t.test(name, async (t) => {
          const first = await new ScriptedDesk().start();
          before(first);
          const id = await first.firstOrder();
          await first.untilState(id, stateBefore);
          await until('sent', () => (first.exchange.placedIds().includes(id) ? true : null));
          await first.crash();
          meanwhile?.(first.exchange, first.exchange.orders.get(id));
          const second = new ScriptedDesk({ before: first });
          t.after(() => second.close());
          await second.start();
          await check(second, id, { ...expected, sent: 0 });
        }),
      ),
    );
  },
);

test('[R9] a cancel that was asked for before a crash is carried out after it', async (t) => {
  const first = await new ScriptedDesk().start();
  const id = await first.firstOrder();
  await first.untilState(id, 'open');
  first.exchange.once('cancelOrder', () => undefined);
  await first.runner.command('1', { kind: 'cancelDeal', dealId: 1 });
  assert.equal(first.order(id)['cancel_requested'], 1);
  await first.crash();
  const second = new ScriptedDesk({ before: first });
  t.after(() => second.close());
  await second.start();
  await check(second, id, { state: 'cancelled', told: ['orderEnded'], sent: 0 });
  assert.equal(second.exchange.sent('cancelOrder').length, 1);
});

test('[R7] without its peers an order is not sent; it ends as that and nothing else', async (t) => {
  const desk = new ScriptedDesk();
  t.after(() => desk.close());
  desk.runner.load();
  desk.runner.start();
  const id = await desk.firstOrder();
  await check(desk, id, {
    state: 'rejected',
    told: ['orderRejected'],
    rejectedBy: 'desk',
    rule: 'notSent',
    sent: 0,
  });
});

test('[R7] an order waits for a peer that is on its way up', async (t) => {
  const desk = new ScriptedDesk({ patience: { peerMs: 10_000 } });
  t.after(() => desk.close());
  desk.runner.load();
  desk.runner.start();
  const id = await desk.firstOrder();
  await desk.exchange.join('signer');
  assert.equal(desk.order(id)['state'], 'intended');
  await desk.exchange.join('egress');
  await check(desk, id, ACCEPTED);
});

test('[R16] a peer that breaks the protocol is reported; what it owed stays in doubt', async (t) => {
  for (const peer of ['signer', 'egress'] as const) {
    const desk = await scripted(t);
    desk.exchange.once('placeOrder', () => desk.exchange.babble(peer));
    const id = await desk.firstOrder();
    await until('reported', () => (desk.broken.length > 0 ? true : null));
    assert.deepEqual(desk.broken, [peer]);
    await desk.untilState(id, 'ambiguous');
    assert.equal(desk.links.isUp(peer), false);
  }
});

test('[R17] closing waits for nothing that the exchange owes', async (t) => {
  const desk = await scripted(t, { patience: { retryMsMin: 5_000, retryMsMax: 5_000 } });
  desk.exchange.once('placeOrder', (intent) => desk.exchange.sign(intent));
  const id = await desk.firstOrder();
  await until('under way', () => (desk.exchange.placedIds().includes(id) ? true : null));
  const isQuiet = desk.orders.close();
  desk.links.close();
  await isQuiet;
  assert.equal(desk.orders.inFlight, 0);
  assert.equal(desk.order(id)['state'], 'intended');
  assert.deepEqual(desk.toldOf(id), []);
});

test('[R8] an order on another symbol or of another desk is left alone', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  const before = desk.told.length;
  desk.exchange.event({ ...order.report(), c: 'somebody-else', s: SYMBOL });
  desk.exchange.event(desk.exchange.fill(order, 1));
  await until('the own fill', () => (desk.told.length > before ? true : null));
  assert.deepEqual(desk.toldOf('somebody-else'), []);
});
