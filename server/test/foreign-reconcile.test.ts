// SPDX-License-Identifier: Apache-2.0
// Telling our orders from those that look like them, and finding what others did where no stream told it.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Intent } from '@kontor/signer';
import type { SweepTrigger } from '../src/reconcile/reconcile.ts';
import { ScriptedDesk, until, type ScriptedDeskOptions } from './scripted-desk.ts';
import { SYMBOL, type BookedOrder } from './scripted-exchange.ts';

async function scripted(
  t: TestContext,
  options: ScriptedDeskOptions = { reconciles: true },
): Promise<ScriptedDesk> {
  const desk = await new ScriptedDesk(options).start();
  t.after(() => desk.close());
  return desk;
}

async function sweep(desk: ScriptedDesk, trigger: SweepTrigger = 'timer'): Promise<void> {
  desk.reconciler.request(trigger);
  await until('a sweep', () => (desk.reconciler.isBusy ? null : true));
}

function balanceEvent(desk: ScriptedDesk, totals: Readonly<Record<string, string>>): void {
  for (const [asset, total] of Object.entries(totals)) desk.exchange.balances.set(asset, total);
  desk.exchange.time += 1;
  desk.exchange.event({
    e: 'outboundAccountPosition',
    E: desk.exchange.time,
    B: Object.entries(totals).map(([a, f]) => ({ a, f, l: '0' })),
  });
}

test('[Y71] an order under our mark that the signer did not sign is a stranger’s, in the stream and in the list', async (t) => {
  const desk = await scripted(t);
  const id = `${desk.ids.prefixOf('9')}7-3`;
  desk.exchange.forged.add(id);
  const order = desk.exchange.byOthers(id);
  desk.exchange.event(order.report());
  const report = await until('the report', () => desk.foreign[0] ?? null);
  assert.deepEqual([report.origin, report.order.venueClientOrderId], ['forged', id]);
  assert.equal(report.evidence.source, 'stream');
  await sweep(desk);
  assert.deepEqual(desk.orphans.list(1), [], 'no orphan');
  assert.equal(desk.reconciler.status.foreignCount, 1);
  assert.ok(desk.foreign.some(({ evidence }) => evidence.source === 'openOrders'));
  assert.equal(desk.exchange.sent('cancelOrder').length, 0);
});

test('[Y72] news under an ID of ours whose number is not known count once the signer knows its tag', async (t) => {
  const desk = await scripted(t, {});
  desk.exchange.once('placeOrder', (intent) => {
    desk.exchange.sign(intent);
    desk.exchange.fail(intent, 'unknown');
    // Another order under the same desk ID, as a thief would place it, and nothing of ours.
    desk.exchange.forged.add(intent.order.clientOrderId);
    const forged = desk.exchange.byOthers(intent.order.clientOrderId);
    desk.exchange.orders.delete(intent.order.clientOrderId);
    desk.exchange.event(forged.report());
    desk.exchange.event(desk.exchange.fill(forged, 100));
  });
  const id = await desk.firstOrder();
  await until('the thief’s news', () => (desk.foreign.length >= 2 ? true : null));
  assert.deepEqual(desk.toldOf(id), [], 'the bot heard nothing of it');
  assert.equal(desk.order(id)['filled_lots'], 0);
  assert.deepEqual(
    desk.foreign.map(({ origin, trade }) => [origin, trade !== null]),
    [
      ['forged', false],
      ['forged', true],
    ],
  );
});

test('[Y72] while the signer does not say, news are neither ours nor a stranger’s, and are compared later', async (t) => {
  const desk = await scripted(t);
  const id = `${desk.ids.prefixOf('9')}7-3`;
  let isMute = true;
  desk.exchange.intercept = (intent: Intent) => isMute && intent.kind === 'verifyTag';
  const order = desk.exchange.byOthers(id);
  desk.exchange.event(order.report());
  await until('the question', () =>
    desk.exchange.intents.some(({ kind }) => kind === 'verifyTag') ? true : null,
  );
  assert.deepEqual([desk.foreign, desk.orphans.list(1)], [[], []]);
  isMute = false;
  await sweep(desk);
  await until('the orphan', () => desk.orphans.list(1)[0] ?? null);
  assert.deepEqual(desk.foreign, []);
});

test('[Y78] a difference of balances leads to the trade on whatever pair explains it, the likeliest first', async (t) => {
  const desk = await scripted(t, {
    reconciles: true,
    clock: 'wall',
    wallNow: () => 1_700_000_000_000,
  });
  desk.pairs = [
    { symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' },
    { symbol: 'DOGEBTC', baseAsset: 'DOGE', quoteAsset: 'BTC' },
    { symbol: 'DOGEUSDT', baseAsset: 'DOGE', quoteAsset: 'USDT' },
    { symbol: SYMBOL, baseAsset: 'ETH', quoteAsset: 'USDT' },
  ];
  await sweep(desk);
  const time = desk.exchange.time;
  desk.exchange.intercept = (intent: Intent) => {
    if (intent.kind === 'queryFills' && intent.symbol === 'DOGEUSDT') {
      desk.exchange.sign(intent);
      const old = { id: 1, orderId: 4, time: time - 3_600_000 };
      const trade = { price: '0.1', qty: '400', commission: '0', isBuyer: true };
      const rows = [old, { id: 2, orderId: 5, time }].map((row) => ({ ...row, ...trade }));
      desk.exchange.answer(intent, 200, JSON.stringify(rows));
      return true;
    }
    if (intent.kind === 'identifyOrder' && intent.symbol === 'DOGEUSDT') {
      desk.exchange.sign(intent);
      const row = {
        ...{ symbol: 'DOGEUSDT', orderId: 5, clientOrderId: 'app_1', side: 'BUY' },
        ...{ status: 'FILLED', price: '0.1', origQty: '400', executedQty: '400', time },
      };
      desk.exchange.answer(intent, 200, JSON.stringify(row));
      return true;
    }
    return false;
  };
  balanceEvent(desk, { USDT: '60', DOGE: '400' });
  const report = await until('the trade', () => desk.foreign[0] ?? null);
  assert.deepEqual(
    [report.order.symbol, report.trade?.quantity, report.evidence.source],
    ['DOGEUSDT', '400', 'myTrades'],
  );
  await sweep(desk, 'doubt');
  assert.deepEqual(desk.unexplained, [], 'the trade explains both');
  assert.equal(desk.foreign.length, 1, 'a trade from before the last agreement is none of this');
  const asked = desk.exchange.intents.filter(
    (intent) => intent.kind === 'queryFills' && intent.symbol !== SYMBOL,
  );
  assert.equal(asked.length, 1, 'the pair of both assets was asked first');
});

test('[Y78] what no trade explains is told with what was watched meanwhile', async (t) => {
  const desk = await scripted(t);
  await sweep(desk);
  balanceEvent(desk, { USDT: '60' });
  const values = await until('the difference', () => {
    if (!desk.reconciler.isBusy) desk.reconciler.request('doubt');
    return desk.unexplained[0] ?? null;
  });
  assert.deepEqual([values['asset'], values['difference']], ['USDT', '-40']);
});

test('[Y75] a list that goes on to say less than the stream is told, and its end too', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  const before = order.queried();
  desk.exchange.event(desk.exchange.fill(order, 40));
  await until('the fill', () => (desk.order(id)['filled_lots'] === 40 ? true : null));
  let isLying = true;
  let lies = 0;
  desk.exchange.intercept = (intent: Intent) => {
    if (!isLying || intent.kind !== 'queryOpenOrders') return false;
    lies += 1;
    desk.exchange.sign(intent);
    desk.exchange.answer(intent, 200, `[${before}]`);
    return true;
  };
  desk.reconciler.request('timer');
  const told = await until('the disagreement', () => desk.disagreements[0] ?? null);
  assert.deepEqual(
    [told['clientOrderId'], told['stream'], told['list']],
    [id, '40 lots filled', '0 lots filled'],
  );
  assert.ok(lies >= 2, 'once proves nothing: answers and news cross');
  isLying = false;
  await until('the agreement', () => {
    if (!desk.reconciler.isBusy) desk.reconciler.request('person');
    return desk.agreements > 0 ? true : null;
  });
});

test('[Y79] watching an account costs at most 180 of its weight a minute', async (t) => {
  const desk = await scripted(t);
  desk.exchange.intents.length = 0;
  await sweep(desk, 'timer');
  const weights: Readonly<Record<string, number>> = {
    queryOpenOrders: 80,
    queryAccount: 20,
    queryFills: 20,
  };
  const spent = desk.exchange.intents.reduce((sum, { kind }) => sum + (weights[kind] ?? 0), 0);
  // A sweep a minute, and three readings of the balances between two sweeps.
  assert.equal(spent + 3 * 20, 180);
});

/** An order of this desk that rests, and its number at the exchange. */
async function resting(
  desk: ScriptedDesk,
): Promise<{ readonly id: string; readonly order: BookedOrder }> {
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  return { id, order };
}

test('[Y211] attack 17: a resting order’s ID and number on another pair are a forgery in the stream, and change nothing of ours', async (t) => {
  const desk = await scripted(t);
  const { id, order } = await resting(desk);
  desk.exchange.time += 1;
  const { time } = desk.exchange;
  desk.exchange.event({
    ...order.report({ tradeId: 9, lots: 100 }),
    ...{ s: 'BTCUSDT', X: 'FILLED', z: '0.0100', T: time, E: time, O: time },
  });
  const report = await until('the report', () => desk.foreign[0] ?? null);
  assert.deepEqual(
    [report.origin, report.order.symbol, report.order.venueClientOrderId, report.trade?.tradeId],
    ['forged', 'BTCUSDT', id, '9'],
  );
  assert.equal(desk.order(id)['state'], 'open');
  assert.equal(desk.order(id)['filled_lots'], 0);
});

test('[Y211] attack 17: an order under our ID elsewhere does not stand for ours that someone took off the book', async (t) => {
  const desk = await scripted(t);
  const { id, order } = await resting(desk);
  desk.exchange.end(order, 'CANCELED');
  desk.exchange.time += 1;
  const { time } = desk.exchange;
  const row: unknown = JSON.parse(order.queried());
  assert.ok(typeof row === 'object');
  desk.exchange.elsewhere.push({ ...row, ...{ symbol: 'BTCUSDT', status: 'NEW', time } });
  await sweep(desk);
  await desk.untilState(id, 'cancelled');
  assert.deepEqual([desk.foreign[0]?.origin, desk.foreign[0]?.order.symbol], ['forged', 'BTCUSDT']);
});

test('[Y211] attack 17: trades of an order under the ID of one of ours are told, also where no stream told them', async (t) => {
  const desk = await scripted(t);
  const { id } = await resting(desk);
  await sweep(desk);
  const forged = desk.exchange.byOthers(id, { side: 'sell', lots: 40 });
  desk.exchange.fill(forged, 40);
  await sweep(desk, 'full');
  const report = await until(
    'the trade',
    () => desk.foreign.find(({ trade }) => trade !== null) ?? null,
  );
  assert.deepEqual([report.origin, report.trade?.quantity], ['forged', '0.0040']);
  assert.equal(desk.order(id)['state'], 'open');
});
