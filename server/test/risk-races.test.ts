// SPDX-License-Identifier: Apache-2.0
// A person's word against an order whose fate is open: kill switch, stop, deletion and edit of bots of every kind.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { encodeJournal, heldLots, type Deal } from '@kontor/core';
import type { Intent } from '@kontor/signer';
import { numberOf } from '../src/store/store.ts';
import { openApi, type ScriptedApi } from './scripted-api.ts';
import { ONE_ORDER, ScriptedDesk, until } from './scripted-desk.ts';
import { SYMBOL, type BookedOrder } from './scripted-exchange.ts';

type Place = Extract<Intent, { kind: 'placeOrder' }>;

const COMMON = { name: 'Raced', symbols: [SYMBOL], maxSlippage: '1' };
const TARGET = [{ share: '100', order: 'limit', price: { kind: 'percent', percent: '5' } }];
const FIFTY = { kind: 'quote', amount: '50' };

/** One bot of each kind, whose first order buys; `edit` is what a person changes meanwhile. */
const KINDS: readonly {
  readonly label?: string;
  readonly settings: { readonly kind: string; readonly [field: string]: unknown };
  readonly signal?: object;
  readonly edit: object;
}[] = [
  { settings: { ...ONE_ORDER }, edit: { takeProfit: '3' } },
  {
    settings: {
      ...COMMON,
      ...{ kind: 'grid', lowerPrice: '1900', upperPrice: '2100', lines: 5, quantityPerLine: '20' },
    },
    edit: { maxActiveBuyLines: 1 },
  },
  {
    // Nothing is bought at the start: the one line rests.
    label: 'grid line',
    settings: {
      ...COMMON,
      ...{ kind: 'grid', lowerPrice: '1900', upperPrice: '2100', lines: 2, quantityPerLine: '20' },
      initialBalancing: false,
    },
    edit: { maxActiveBuyLines: 1 },
  },
  {
    settings: {
      ...COMMON,
      ...{ kind: 'smartTrade', type: 'long', size: FIFTY, takeProfit: TARGET },
      entries: [{ share: '100', order: 'limit', price: { kind: 'price', price: '1990' } }],
    },
    edit: { maxSlippage: '2' },
  },
  {
    settings: {
      ...COMMON,
      ...{ kind: 'signal', size: FIFTY, takeProfit: TARGET, entryOrder: 'limit' },
    },
    signal: { action: 'enterLong' },
    edit: { maxSlippage: '2' },
  },
  {
    settings: {
      ...COMMON,
      ...{ kind: 'rebalance', targets: [{ symbol: SYMBOL, share: '50' }] },
      ...{ investment: '100', everyHours: 24 },
    },
    edit: { minTrade: '12' },
  },
];

interface Raced {
  readonly api: ScriptedApi;
  readonly botId: string;
  /** The order that was sent and of which nobody has heard. */
  readonly intent: Place;
}

/** A bot of `kind` whose first order has left and is in doubt. */
async function inDoubt(t: TestContext, kind: (typeof KINDS)[number]): Promise<Raced> {
  const api = await openApi();
  t.after(() => api.close());
  const { exchange } = api.desk;
  let held: Place | null = null;
  exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder' || held !== null) return false;
    held = intent;
    exchange.sign(intent);
    exchange.fail(intent, 'unknown');
    return true;
  };
  const made = await api.ask('POST', '/api/v1/bots', kind.settings);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const botId = String(made.body.id);
  assert.equal((await api.ask('POST', `/api/v1/bots/${botId}/start`)).status, 200);
  if (kind.signal !== undefined) {
    const told = await api.ask('POST', `/api/v1/bots/${botId}/signal`, kind.signal);
    assert.equal(told.status, 200, JSON.stringify(told.body));
  }
  const intent = await until('the first order', () => held);
  assert.equal(intent.order.side, 'buy');
  await api.desk.untilState(intent.order.clientOrderId, 'ambiguous');
  return { api, botId, intent };
}

/** The exchange takes the order after all, and some of it trades; what may not rest ends with that. */
function takeLate({ api, intent }: Raced, lots: number): BookedOrder {
  const { exchange } = api.desk;
  const order = exchange.accept(intent);
  exchange.fill(order, lots);
  if (intent.order.timeInForce === 'IOC') exchange.end(order, 'EXPIRED');
  return order;
}

async function untilEnded(api: ScriptedApi, { clientOrderId }: BookedOrder): Promise<void> {
  await until(`${clientOrderId} ended`, () => {
    const { state } = api.desk.order(clientOrderId);
    return state === 'cancelled' || state === 'expired' ? true : null;
  });
}

function dealsOf(api: ScriptedApi, botId: string): readonly Deal[] {
  const state = api.desk.runner.bots.get(botId)?.state;
  return state === undefined ? [] : [...state.endedDeals, ...state.deals];
}

/** What the exchange has on its book of orders that add risk. */
function restingBuys(api: ScriptedApi): readonly BookedOrder[] {
  return api.desk.exchange.all.filter(({ isOpen, side }) => isOpen && side === 'buy');
}

/** Fills count once and nothing is lost: the bot's coins are those that the exchange has sold it. */
async function checkBooks({ api, botId }: Raced, t: TestContext): Promise<void> {
  const { desk } = api;
  await desk.untilQuiet();
  let bought = 0;
  for (const { side, filledLots } of desk.exchange.all) bought += side === 'buy' ? filledLots : 0;
  const counted = dealsOf(api, botId).reduce((sum, { position }) => sum + position.boughtLots, 0);
  assert.equal(counted, bought, 'every fill counts once');
  const row = desk.row(
    'SELECT coalesce(sum(filled_lots), 0) AS lots FROM orders WHERE bot_id = ?',
    botId,
  );
  const sold = dealsOf(api, botId).reduce((sum, { position }) => sum + position.soldLots, 0);
  assert.equal(row === null ? -1 : numberOf(row, 'lots'), bought + sold);
  const ids = desk.exchange.intents.flatMap((sent) =>
    sent.kind === 'placeOrder' ? [sent.order.clientOrderId] : [],
  );
  assert.equal(new Set(ids).size, ids.length, 'no order is sent twice');
  assert.deepEqual(desk.fatal, []);
  const before = desk.runner.bots.get(botId)?.state;
  await api.desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  const after = again.runner.bots.get(botId)?.state;
  assert.equal(
    after === undefined ? '' : encodeJournal(after),
    before === undefined ? '' : encodeJournal(before),
    'the journal replays',
  );
  assert.deepEqual(again.fatal, []);
}

for (const kind of KINDS) {
  const name = kind.label ?? kind.settings.kind;

  test(`[R41, R6] ${name}: a kill switch while an entry is in doubt, which was taken all the same`, async (t) => {
    const raced = await inDoubt(t, kind);
    const { api } = raced;
    api.desk.risk.setState('desk', 'halted');
    await untilEnded(api, takeLate(raced, 20));
    const placed = api.desk.exchange.placedIds().length;
    await api.desk.untilQuiet();
    assert.deepEqual(restingBuys(api), []);
    assert.equal(api.desk.exchange.placedIds().length, placed, 'halted sends nothing');
    assert.equal(placed, 1);
    await checkBooks(raced, t);
  });

  test(`[R41, R6] ${name}: two kill switches at once, over an order that fills meanwhile`, async (t) => {
    const raced = await inDoubt(t, kind);
    const { api, botId, intent } = raced;
    const order = api.desk.exchange.accept(intent);
    const halt = async (scope: string) =>
      api.ask('POST', `/api/v1/risk/${scope}/state`, { state: 'halted' });
    const answers = await Promise.all([
      halt('desk'),
      halt('desk'),
      halt(`bot:${botId}`),
      Promise.resolve(api.desk.exchange.event(api.desk.exchange.fill(order, order.lots))),
    ]);
    for (const answer of answers.slice(0, 3)) assert.equal(answer?.status, 200);
    await api.desk.untilState(order.clientOrderId, 'filled');
    await api.desk.untilQuiet();
    const cancels = api.desk.exchange.intents.filter(
      (sent) => sent.kind === 'cancelOrder' && sent.clientOrderId === order.clientOrderId,
    );
    assert.ok(cancels.length <= 1, `cancelled ${cancels.length} times`);
    // Where the fill was told before the word, what closes it may have left before, too.
    const placed = api.desk.exchange.placedIds();
    assert.deepEqual(restingBuys(api), []);
    const changes = api.desk.notes.filter(
      (note) => note.kind === 'riskChanged' && note.botId === botId,
    );
    assert.equal(changes.length, 1, 'one change of the risk state');
    // The desk may go on, the bot may not: the strictest counts.
    api.desk.risk.setState('desk', 'active');
    await api.desk.untilQuiet();
    assert.equal(api.desk.runner.bots.get(botId)?.state.risk, 'halted');
    assert.deepEqual(api.desk.exchange.placedIds(), placed, 'halted sends nothing');
    await checkBooks(raced, t);
  });

  test(`[A25, A28] ${name}: a stop that cancels, and a deletion, while an order is in doubt`, async (t) => {
    const raced = await inDoubt(t, kind);
    const { api, botId } = raced;
    const [stop, gone] = await Promise.all([
      api.ask('POST', `/api/v1/bots/${botId}/stop-and-cancel`),
      api.ask('DELETE', `/api/v1/bots/${botId}`),
    ]);
    assert.deepEqual([stop.status, gone.status], [200, 409], JSON.stringify([stop, gone]));
    await untilEnded(api, takeLate(raced, 20));
    await until(
      () => JSON.stringify(api.desk.notes.slice(-4)),
      () => (api.desk.runner.bots.get(botId)?.state.deals.length === 0 ? true : null),
    );
    await api.desk.untilQuiet();
    assert.deepEqual(
      api.desk.exchange.all.filter(({ isOpen }) => isOpen),
      [],
      'a stopped bot leaves no order',
    );
    const [deal] = dealsOf(api, botId);
    assert.ok(deal !== undefined);
    assert.equal(heldLots(deal.position, deal.instrument), 20, 'the coins are kept');
    await checkBooks(raced, t);
  });

  test(`[A28] ${name}: an edit while its order fills in part`, async (t) => {
    const raced = await inDoubt(t, kind);
    const { api, botId, intent } = raced;
    const order = api.desk.exchange.accept(intent);
    api.desk.exchange.event(order.report());
    const [dealId] = dealsOf(api, botId).map(({ dealId: id }) => id);
    api.desk.exchange.event(api.desk.exchange.fill(order, 20));
    const answers = await Promise.all([
      api.ask('PATCH', `/api/v1/bots/${botId}/settings`, kind.edit),
      api.ask('PATCH', `/api/v1/deals/${botId}-${dealId}/settings`, kind.edit),
    ]);
    api.desk.exchange.event(api.desk.exchange.fill(order, order.lots - 20));
    for (const { status, body } of answers) {
      assert.ok([200, 400, 404, 409].includes(status), JSON.stringify(body));
    }
    await api.desk.untilState(order.clientOrderId, 'filled');
    await checkBooks(raced, t);
  });
}
