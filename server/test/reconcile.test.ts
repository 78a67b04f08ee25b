// SPDX-License-Identifier: Apache-2.0
// The desk compared with the exchange: orphans, strangers, orders that ended elsewhere, balances, deaf streams.

import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  clientOrderId,
  plannedOf,
  priceTicks,
  quantityLots,
  reservationsOf,
  type DcaSettings,
  type PlacedOrder,
} from '@kontor/core';
import { VenueError, type PublicMarket } from '@kontor/exchange';
import { createMarketClock } from '../src/market/market-clock.ts';
import { MarketHub } from '../src/market/market-hub.ts';
import type { FindingCode } from '../src/reconcile/findings.ts';
import { ReservedFunds } from '../src/reconcile/reserved-funds.ts';
import { isLasting, signerRefusal } from '../src/refusal.ts';
import { systemTime } from '../src/time.ts';
import type { Decision, SweepTrigger } from '../src/reconcile/reconcile.ts';
import {
  ONE_ORDER,
  quoteAt,
  ScriptedDesk,
  until,
  type ScriptedDeskOptions,
} from './scripted-desk.ts';
import { INSTRUMENT, SYMBOL, type BookedOrder } from './scripted-exchange.ts';

const LOTS = 100;

async function scripted(
  t: TestContext,
  options: ScriptedDeskOptions = { reconciles: true },
): Promise<ScriptedDesk> {
  const desk = await new ScriptedDesk(options).start();
  t.after(() => desk.close());
  return desk;
}

/** Asks for a sweep and waits for the next one that ends. */
async function sweep(desk: ScriptedDesk, trigger: SweepTrigger = 'timer'): Promise<void> {
  desk.reconciler.request(trigger);
  await until('a sweep', () => (desk.reconciler.isBusy ? null : true));
}

/** What was found of a kind, newest first, as values. */
function found(desk: ScriptedDesk, code: FindingCode): readonly Readonly<Record<string, string>>[] {
  return desk.findings
    .latest(1_000)
    .filter((finding) => finding.code === code)
    .map(({ values }) => values);
}

/** An ID that a bot of this desk would give. */
function ourId(desk: ScriptedDesk, deal = 7, number = 3, botId = '9'): string {
  return `${desk.ids.prefixOf(botId)}${deal}-${number}`;
}

function accepted(decision: Decision): Extract<Decision, { ok: true }> {
  assert.ok(decision.ok, JSON.stringify(decision));
  return decision;
}

/** A deal of 100 lots whose take profit rests. Returns the IDs of both orders. */
async function withTakeProfit(
  desk: ScriptedDesk,
): Promise<{ readonly base: BookedOrder; readonly takeProfit: BookedOrder }> {
  const id = await desk.firstOrder(ONE_ORDER);
  await desk.untilState(id, 'open');
  const base = desk.exchange.orders.get(id);
  assert.ok(base !== undefined);
  desk.exchange.event(desk.exchange.fill(base, LOTS));
  return { base, takeProfit: await nextTakeProfit(desk, []) };
}

async function nextTakeProfit(
  desk: ScriptedDesk,
  earlier: readonly BookedOrder[],
): Promise<BookedOrder> {
  const order = await until('a take profit', () => {
    const sell = desk.exchange.all.find(
      (candidate) => candidate.side === 'sell' && candidate.isOpen && !earlier.includes(candidate),
    );
    return sell !== undefined && desk.orders.liveOrders.size > 0 ? sell : null;
  });
  await desk.untilState(order.clientOrderId, 'open');
  return order;
}

test('[R22] an order with our tag that the store does not know is an orphan, written down once', async (t) => {
  const desk = await scripted(t);
  const id = ourId(desk);
  desk.exchange.byOthers(id, { side: 'sell', price: '2100.00', lots: 40 });
  await sweep(desk);
  await sweep(desk);
  const [orphan, ...others] = desk.orphans.list(10);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [orphan?.order.clientOrderId, orphan?.order.price, orphan?.order.quantity, orphan?.state],
    [id, '2100.00', '0.0040', 'shown'],
  );
  assert.deepEqual([orphan?.botId, orphan?.dealNumber, orphan?.reason], ['9', 7, 'unknownBot']);
  assert.equal(found(desk, 'orphanFound').length, 1);
  assert.equal(desk.exchange.sent('cancelOrder').length, 0, 'nobody asked for a cancel');
  await desk.crash();
  const again = await scripted(t, { before: desk, reconciles: true });
  assert.equal(again.orphans.list(10).length, 1, 'it is remembered');
  assert.equal(found(again, 'orphanFound').length, 1, 'and not found again');
});

test('[R22] the stream tells of an orphan at once; what becomes of it is followed', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  desk.exchange.event(order.report());
  await until('the orphan', () => desk.orphans.list(1)[0] ?? null);
  desk.exchange.event(desk.exchange.fill(order, 30));
  await until('its fill', () =>
    desk.orphans.list(1)[0]?.order.filledQuantity === '0.0030' ? true : null,
  );
  desk.exchange.end(order, 'CANCELED');
  await sweep(desk);
  const orphan = desk.orphans.list(1)[0];
  assert.deepEqual([orphan?.state, orphan?.order.state], ['gone', 'cancelled']);
  assert.equal(found(desk, 'orphanFilled').length, 1);
  assert.equal(found(desk, 'orphanEnded')[0]?.['end'], 'cancelled');
});

test('[R22] an order of ours that traded and is gone shows by its trades', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  desk.exchange.fill(order, LOTS);
  await sweep(desk);
  const orphan = desk.orphans.list(1)[0];
  assert.deepEqual([orphan?.state, orphan?.order.state], ['gone', 'filled']);
  assert.equal(found(desk, 'orphanFilled')[0]?.['filled'], '0.0100');
});

test('[R23] orders without our tag are counted, shown and never touched', async (t) => {
  const desk = await scripted(t);
  desk.exchange.byOthers('web_0815', { side: 'sell' });
  desk.exchange.byOthers('k1zzzz1-1-1');
  desk.exchange.elsewhere.push({
    symbol: 'DOGEBTC',
    orderId: 5,
    clientOrderId: 'my.order:1/x',
    side: 'BUY',
    status: 'NEW',
    price: '1',
    origQty: '2',
    executedQty: '0',
    time: 1,
  });
  await sweep(desk);
  const { foreignCount, foreignOrders } = desk.reconciler.status;
  assert.equal(foreignCount, 3);
  assert.deepEqual(foreignOrders.map(({ clientOrderId }) => clientOrderId).toSorted(), [
    'k1zzzz1-1-1',
    'my.order:1/x',
    'web_0815',
  ]);
  assert.deepEqual(desk.orphans.list(1), []);
  assert.equal(desk.exchange.sent('cancelOrder').length, 0);
});

test('[R23] trades of others are findings, one for each of their orders, whoever tells of them first', async (t) => {
  const desk = await scripted(t);
  const told = desk.exchange.byOthers('web_1');
  desk.exchange.event(desk.exchange.fill(told, 10));
  desk.exchange.event(desk.exchange.fill(told, 20));
  await until('the trades', () =>
    found(desk, 'foreignTrade')[0]?.['filled'] === '0.0030' ? true : null,
  );
  const untold = desk.exchange.byOthers('web_2', { side: 'sell' });
  desk.exchange.fill(untold, 50);
  await sweep(desk);
  assert.deepEqual(
    found(desk, 'foreignTrade').map(({ clientOrderId, side, filled }) => [
      clientOrderId,
      side,
      filled,
    ]),
    [
      ['web_2', 'sell', '0.0050'],
      ['web_1', 'buy', '0.0030'],
    ],
  );
  assert.deepEqual(desk.orphans.list(1), []);
});

test('[R24] an orphan is cancelled through the signer, once, and with an answer', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  desk.exchange.once('cancelOrder', (intent) => desk.exchange.refuse(intent, 'allow: rate'));
  const refused = await desk.reconciler.cancel(orphanId);
  assert.ok(!refused.ok && refused.kind === 'refused' && /allow: rate/.test(refused.reason));
  assert.equal(desk.orphans.get(orphanId)?.state, 'shown');
  const { orphan } = accepted(await desk.reconciler.cancel(orphanId));
  assert.deepEqual([orphan.state, orphan.order.state], ['cancelled', 'cancelled']);
  assert.equal(order.status, 'CANCELED');
  const again = await desk.reconciler.cancel(orphanId);
  assert.ok(!again.ok && again.kind === 'decided');
  const unknown = await desk.reconciler.cancel(99);
  assert.ok(!unknown.ok && unknown.kind === 'unknown');
  assert.equal(found(desk, 'orphanCancelled').length, 1);
});

test('[R24] a cancel without an answer is asked about: what became of it counts', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  desk.exchange.once('cancelOrder', (intent) => {
    desk.exchange.sign(intent);
    desk.exchange.end(order, 'CANCELED');
    desk.exchange.fail(intent, 'unknown');
  });
  assert.equal(accepted(await desk.reconciler.cancel(orphanId)).orphan.state, 'cancelled');
});

test('[R24] the stream may be faster than the answer to a cancel, and nobody decides twice at once', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  desk.exchange.once('cancelOrder', (intent) => {
    desk.exchange.sign(intent);
    desk.exchange.event(desk.exchange.end(order, 'CANCELED'));
    void until('the news', () =>
      desk.orphans.get(orphanId)?.order.state === 'cancelled' ? true : null,
    ).then(() => desk.exchange.answer(intent, 200, order.cancelled()));
  });
  const [cancelled, adopted] = await Promise.all([
    desk.reconciler.cancel(orphanId),
    desk.reconciler.adopt(orphanId),
  ]);
  assert.equal(accepted(cancelled).orphan.state, 'cancelled');
  assert.ok(!adopted.ok && adopted.kind === 'decided');
});

test('[R24] a cancel that crosses the fill ends as the fill', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  desk.exchange.fill(order, LOTS);
  const { orphan } = accepted(await desk.reconciler.cancel(orphanId));
  assert.deepEqual([orphan.state, orphan.order.state], ['gone', 'filled']);
});

test('[R24] an adopted orphan is left alone and followed to its end, also over a restart', async (t) => {
  const desk = await scripted(t);
  const order = desk.exchange.byOthers(ourId(desk));
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  assert.equal(accepted(await desk.reconciler.adopt(orphanId)).orphan.state, 'adopted');
  const twice = await desk.reconciler.cancel(orphanId);
  assert.ok(!twice.ok && twice.kind === 'decided');
  await desk.crash();
  desk.exchange.fill(order, LOTS);
  const again = await scripted(t, { before: desk, reconciles: true });
  const orphan = again.orphans.get(orphanId);
  assert.deepEqual([orphan?.state, orphan?.order.state], ['adopted', 'filled']);
});

test('[R24] a deal takes in an orphan that its ID names: its coins count and the take profit covers them', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  const order = desk.exchange.byOthers(ourId(desk, 1, 99, '1'), { price: '1900.00', lots: 60 });
  desk.exchange.fill(order, 10);
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  accepted(await desk.reconciler.adopt(orphanId));
  assert.equal(found(desk, 'orphanAdopted')[0]?.['by'], 'deal');
  const id = order.clientOrderId;
  await until('the fills from before', () => (desk.order(id)['filled_lots'] === 10 ? true : null));
  desk.exchange.event(desk.exchange.fill(order, 50));
  await desk.untilState(id, 'filled');
  const next = await until('a take profit of all coins', () => {
    const sells = desk.exchange.all.filter(({ side, isOpen }) => side === 'sell' && isOpen);
    return sells.find(({ lots }) => lots === LOTS + 60) ?? null;
  });
  assert.notEqual(next.price, takeProfit.price, 'the average has changed');
  assert.equal(desk.runner.bots.get('1')?.state.deals[0]?.position.boughtLots, LOTS + 60);
  const state = desk.runner.bots.get('1')?.state;
  await desk.untilQuiet();
  await desk.crash();
  const again = await scripted(t, { before: desk, reconciles: true });
  assert.deepEqual(again.runner.bots.get('1')?.state, state, 'the journal gives the same deal');
});

test('[R24] a sell beside the take profit stays loose: no deal sells more than it holds', async (t) => {
  const desk = await scripted(t);
  await withTakeProfit(desk);
  await desk.untilQuiet();
  desk.exchange.byOthers(ourId(desk, 1, 99, '1'), { side: 'sell', price: '2500.00' });
  await sweep(desk);
  const { orphanId } = desk.orphans.list(1)[0] ?? { orphanId: 0 };
  accepted(await desk.reconciler.adopt(orphanId));
  assert.equal(found(desk, 'orphanAdopted')[0]?.['by'], 'desk');
  assert.equal(desk.runner.bots.get('1')?.state.deals[0]?.orders.length, 1);
});

test('[R25] an order that the store believes ended and that rests is followed again and cancelled', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  // The exchange seemed not to know it any more.
  desk.exchange.orders.delete(id);
  desk.orders.reconcile();
  await desk.untilState(id, 'expired');
  desk.exchange.orders.set(id, order);
  await sweep(desk);
  await desk.untilState(id, 'cancelled');
  assert.equal(order.status, 'CANCELED');
  const [finding] = found(desk, 'orderRevived');
  assert.deepEqual(
    [finding?.['clientOrderId'], finding?.['believed'], finding?.['found']],
    [id, 'expired', 'open'],
  );
  assert.deepEqual(desk.orphans.list(1), []);
});

test('[R25] an order that was proven absent and has traded all the same is found by its trades', async (t) => {
  const desk = await scripted(t);
  desk.exchange.once('placeOrder', (intent) => {
    desk.exchange.sign(intent);
    desk.exchange.accept(intent);
    desk.exchange.answerError(intent, 400, -2010, 'Account has insufficient balance.');
  });
  const id = await desk.firstOrder();
  await desk.untilState(id, 'rejected');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  desk.exchange.fill(order, LOTS);
  await sweep(desk);
  await desk.untilState(id, 'filled');
  assert.equal(desk.order(id)['filled_lots'], LOTS);
  assert.equal(found(desk, 'orderRevived')[0]?.['believed'], 'rejected');
});

test('[R25] a list older than the end that we know of revives nothing', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  desk.exchange.once('queryOpenOrders', (intent) => {
    desk.exchange.sign(intent);
    const old = `[${order.queried()}]`;
    desk.exchange.event(desk.exchange.end(order, 'CANCELED'));
    void desk.untilState(id, 'cancelled').then(() => desk.exchange.answer(intent, 200, old));
  });
  await sweep(desk);
  assert.equal(desk.order(id)['state'], 'cancelled');
  assert.deepEqual(found(desk, 'orderRevived'), []);
  assert.deepEqual(found(desk, 'orderMissed'), []);
});

test('[R26] an older order under our ID is a namesake: ours is absent, the bot goes on with a new ID', async (t) => {
  const desk = await scripted(t, { reconciles: false });
  const id = ourId(desk, 1, 1, '1');
  const namesake = desk.exchange.byOthers(id);
  desk.exchange.end(namesake, 'CANCELED');
  desk.exchange.time += 1_000;
  desk.quote = { time: desk.exchange.time, quote: desk.quote?.quote ?? assert.fail() };
  desk.exchange.once('placeOrder', (intent) => {
    desk.exchange.sign(intent, 60_000);
    desk.exchange.fail(intent, 'unknown');
  });
  assert.equal(await desk.firstOrder(), id);
  const row = await desk.untilState(id, 'rejected');
  assert.deepEqual([row['rejected_by'], row['rule']], ['desk', 'namesake']);
  assert.equal(row['filled_lots'], 0);
  assert.equal(found(desk, 'namesake')[0]?.['clientOrderId'], id);
  const next = ourId(desk, 1, 2, '1');
  await until('the order under its next ID', () => desk.exchange.orders.get(next) ?? null);
});

test('[R26] on a live market the signer’s time decides: an order just signed is ours, one long there is not', async (t) => {
  for (const [ageMs, state] of [
    [0, 'open'],
    [60_000, 'rejected'],
  ] as const) {
    const desk = await scripted(t, { clock: 'wall' });
    desk.exchange.once('placeOrder', (intent) => {
      // Signed long enough ago to be judged at once.
      desk.exchange.sign(intent, 30_000);
      desk.exchange.time = Date.now() - 30_000 - ageMs;
      desk.exchange.accept(intent);
      desk.exchange.fail(intent, 'unknown');
    });
    await desk.untilState(await desk.firstOrder(), state);
  }
});

test('[R26] news of a namesake are no news of ours', async (t) => {
  const desk = await scripted(t, { reconciles: false });
  const id = ourId(desk, 1, 1, '1');
  const namesake = desk.exchange.byOthers(id);
  desk.exchange.time += 1_000;
  desk.quote = { time: desk.exchange.time, quote: desk.quote?.quote ?? assert.fail() };
  desk.exchange.once('placeOrder', (intent) => {
    desk.exchange.sign(intent, 60_000);
    desk.exchange.event({ ...desk.exchange.fill(namesake, LOTS), O: namesake.acceptedAt });
    desk.exchange.fail(intent, 'unknown');
  });
  await desk.untilState(await desk.firstOrder(), 'rejected');
  assert.deepEqual(desk.toldOf(id), ['orderRejected']);
});

/** A desk whose store is put back to what it was before its first order. */
async function restored(t: TestContext): Promise<{
  readonly desk: ScriptedDesk;
  readonly lost: BookedOrder;
}> {
  const first = await new ScriptedDesk({ reconciles: true }).start();
  first.runner.create(ONE_ORDER);
  const directory = mkdtempSync(join(tmpdir(), 'kontor-restored-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(directory, { recursive: true });
  const copy = join(directory, 'copy.db');
  first.store.copyTo(copy);
  await first.runner.command('1', { kind: 'start' });
  const lost = await until('an order', () => first.exchange.all[0] ?? null);
  await first.crash();
  t.after(() => rmSync(first.directory, { recursive: true, force: true }));
  copyFileSync(copy, join(directory, 'desk.db'));
  const desk = await scripted(t, { before: first, directory, reconciles: true });
  return { desk, lost };
}

test('[R27] a store older than its orders is noticed at the start, and no ID comes twice', async (t) => {
  const { desk, lost } = await restored(t);
  const [notice] = found(desk, 'restoreNoticed');
  assert.equal(notice?.['clientOrderId'], lost.clientOrderId);
  const orphan = desk.orphans.list(1)[0];
  assert.deepEqual(
    [orphan?.order.clientOrderId, orphan?.state, orphan?.reason],
    [lost.clientOrderId, 'shown', 'olderStore'],
  );
  await desk.runner.command('1', { kind: 'start' });
  const id = await until('a new order', () => desk.exchange.placedIds()[0] ?? null);
  assert.notEqual(id, lost.clientOrderId);
  assert.ok(desk.ids.isOurs(id) && desk.ids.nameOf(id)?.epoch === desk.ids.epoch);
  const { botId } = desk.runner.create(ONE_ORDER);
  const prefix = desk.runner.bots.get(botId)?.state.clientOrderIdPrefix;
  assert.equal(prefix, desk.ids.prefixOf(botId), 'bots made later begin in the new epoch');
});

test('[R27] the signer’s record alone shows it, where nothing rests at the exchange any more', async (t) => {
  const first = await new ScriptedDesk({ reconciles: true }).start();
  first.runner.create(ONE_ORDER);
  const id = ourId(first, 1, 1, '1');
  first.exchange.signedAt.set(id, 1);
  await first.crash();
  t.after(() => rmSync(first.directory, { recursive: true, force: true }));
  const desk = await scripted(t, { before: first, reconciles: true });
  assert.equal(found(desk, 'restoreNoticed')[0]?.['clientOrderId'], id);
  assert.notEqual(desk.runner.bots.get('1')?.state.clientOrderIdPrefix, ourId(first).slice(0, 8));
});

test('[R27] IDs that were given and never signed do not hide those signed after them', async (t) => {
  // The second order of the next deal, the first of one later, and of bots that are yet to be made.
  for (const [deal, number, bot] of [
    [1, 2, '1'],
    [4, 1, '1'],
    [1, 2, '2'],
    [2, 3, '4'],
  ] as const) {
    const first = await new ScriptedDesk({ reconciles: true }).start();
    first.runner.create(ONE_ORDER);
    const id = ourId(first, deal, number, bot);
    first.exchange.signedAt.set(id, 1);
    await first.crash();
    t.after(() => rmSync(first.directory, { recursive: true, force: true }));
    const desk = await scripted(t, { before: first, reconciles: true });
    assert.equal(found(desk, 'restoreNoticed')[0]?.['clientOrderId'], id);
  }
});

test('[R27] the new prefix is in the journal: a later start replays it, and the epoch holds', async (t) => {
  const { desk } = await restored(t);
  await desk.runner.command('1', { kind: 'start' });
  const id = await until('a new order', () => desk.exchange.placedIds()[0] ?? null);
  await desk.untilState(id, 'open');
  const prefix = desk.runner.bots.get('1')?.state.clientOrderIdPrefix;
  await desk.crash();
  const again = await scripted(t, { before: desk, directory: desk.directory, reconciles: true });
  assert.equal(again.runner.bots.get('1')?.state.clientOrderIdPrefix, prefix);
  assert.equal(found(again, 'restoreNoticed').length, 1, 'it is noticed once');
});

test('[R28] a take profit that the exchange took off unasked is found missing and placed again', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  // While nobody listens.
  desk.exchange.end(takeProfit, 'CANCELED');
  await sweep(desk, 'stream');
  const next = await nextTakeProfit(desk, [takeProfit]);
  assert.equal(next.price, takeProfit.price);
  assert.equal(found(desk, 'orderMissed')[0]?.['clientOrderId'], takeProfit.clientOrderId);
  assert.equal(
    found(desk, 'orderCancelledByOthers')[0]?.['clientOrderId'],
    takeProfit.clientOrderId,
  );
});

test('[R28] orders that rest as they should cost no question of their own', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  const before = desk.exchange.intents.length;
  await sweep(desk);
  assert.deepEqual(
    desk.exchange.intents.slice(before).map(({ kind }) => kind),
    ['queryOpenOrders', 'queryFills', 'queryAccount'],
  );
  desk.exchange.event(desk.exchange.fill(takeProfit, 30));
  await until('the fill', () =>
    desk.order(takeProfit.clientOrderId)['filled_lots'] === 30 ? true : null,
  );
  await sweep(desk);
  assert.equal(desk.exchange.sent('queryOrder').length, 0);
});

test('[R28, R36] a start asks about no order that the list shows as it was, and about the others one by one', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  await desk.crash();
  const again = await scripted(t, { before: desk, directory: desk.directory, reconciles: true });
  await again.untilQuiet();
  assert.equal(again.exchange.sent('queryOpenOrders').length, 1);
  assert.equal(again.exchange.sent('queryOrder').length, 0);
  await again.crash();
  again.exchange.fill(takeProfit, LOTS);
  const third = await scripted(t, { before: again, directory: desk.directory, reconciles: true });
  await third.untilState(takeProfit.clientOrderId, 'filled');
  assert.equal(third.exchange.sent('queryOrder').length, 1);
  assert.deepEqual(found(third, 'orderMissed'), [], 'no stream could have told it');
});

test('[R36] comparisons that fail are counted until one succeeds', async (t) => {
  const desk = await scripted(t);
  desk.exchange.intercept = (intent) => {
    if (intent.kind !== 'queryOpenOrders') return false;
    desk.exchange.answerError(intent, 503, -1001);
    return true;
  };
  for (const count of [1, 2, 3]) {
    await sweep(desk);
    assert.equal(desk.reconciler.status.failedInARow, count);
  }
  desk.exchange.intercept = () => false;
  await sweep(desk);
  assert.equal(desk.reconciler.status.failedInARow, 0);
});

test('[R37] a difference that came while nobody could tell of it is written down with that reason', async (t) => {
  const desk = await scripted(t);
  await settle(desk);
  desk.isStreamUp = false;
  desk.exchange.balances.set('USDT', '140');
  await sweep(desk);
  await settle(desk);
  assert.deepEqual(found(desk, 'balanceUnexplained'), [
    { asset: 'USDT', expected: '100', found: '140', difference: '40', reason: 'stream' },
  ]);
  desk.isStreamUp = true;
  await sweep(desk, 'stream');
  await settle(desk);
  balanceEvent(desk, { USDT: '150' });
  await untilShown(desk, 'USDT', '150');
  await settle(desk);
  assert.equal('reason' in (found(desk, 'balanceUnexplained')[0] ?? {}), false);
});

test('[R29] a stream that is up and told nothing is opened anew; one that was only late is not', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  const late = desk.exchange.fill(takeProfit, 10);
  desk.exchange.once('queryOpenOrders', (intent) => {
    desk.exchange.behave(intent);
    setTimeout(() => desk.exchange.event(late), 5);
  });
  await sweep(desk);
  assert.deepEqual(desk.resubscribed, []);
  desk.exchange.fill(takeProfit, 10);
  await sweep(desk);
  assert.equal(desk.resubscribed.length, 1);
  assert.equal(found(desk, 'streamDeaf')[0]?.['clientOrderId'], takeProfit.clientOrderId);
  await until('the fill', () =>
    desk.order(takeProfit.clientOrderId)['filled_lots'] === 20 ? true : null,
  );
});

test('[R29] what happened while the stream was down makes nobody deaf', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  await desk.untilQuiet();
  desk.isStreamUp = false;
  desk.exchange.fill(takeProfit, 10);
  await sweep(desk, 'stream');
  assert.deepEqual(desk.resubscribed, []);
  assert.equal(found(desk, 'orderMissed').length, 1);
});

/** Balances as the stream tells them, all free. */
function balanceEvent(desk: ScriptedDesk, totals: Readonly<Record<string, string>>): void {
  for (const [asset, free] of Object.entries(totals)) desk.exchange.balances.set(asset, free);
  desk.exchange.time += 1;
  desk.exchange.event({
    e: 'outboundAccountPosition',
    E: desk.exchange.time,
    u: desk.exchange.time,
    B: Object.entries(totals).map(([a, f]) => ({ a, f, l: '0' })),
  });
}

async function untilShown(desk: ScriptedDesk, asset: string, free: string): Promise<void> {
  await until(`${free} ${asset}`, () =>
    desk.balances.list().find((balance) => balance.asset === asset)?.free === free ? true : null,
  );
}

/** Sweeps until nothing about balances is in doubt any more. */
async function settle(desk: ScriptedDesk): Promise<void> {
  await until('balances without doubt', () => {
    if (desk.balances.doubtful(0).length === 0) return true;
    if (!desk.reconciler.isBusy) desk.reconciler.request('timer');
    return null;
  });
}

test('[R30] balances that our fills and commissions explain are no finding, in whatever order news come', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  const order = desk.exchange.orders.get(id);
  assert.ok(order !== undefined);
  const report = desk.exchange.fill(order, 50);
  // 0.005 at 1999.99, told before the fill itself.
  balanceEvent(desk, { USDT: '90.00005', ETH: '0.005' });
  await untilShown(desk, 'ETH', '0.005');
  assert.deepEqual(desk.balances.doubtful(0).toSorted(), ['ETH', 'USDT']);
  desk.exchange.event(report);
  await until('no doubt', () => (desk.balances.doubtful(0).length === 0 ? true : null));
  desk.exchange.event(desk.exchange.fill(order, 50));
  balanceEvent(desk, { USDT: '80.0001', ETH: '0.01' });
  await untilShown(desk, 'ETH', '0.01');
  await sweep(desk);
  await settle(desk);
  assert.deepEqual(found(desk, 'balanceUnexplained'), []);
});

test('[R30] a change that nothing explains is written down with what was expected and what is there', async (t) => {
  const desk = await scripted(t);
  balanceEvent(desk, { USDT: '60' });
  await untilShown(desk, 'USDT', '60');
  await settle(desk);
  assert.deepEqual(found(desk, 'balanceUnexplained'), [
    { asset: 'USDT', expected: '100', found: '60', difference: '-40' },
  ]);
  await sweep(desk);
  assert.equal(found(desk, 'balanceUnexplained').length, 1, 'once');
});

test('[R30] deposits and trades of others explain balances under their own names', async (t) => {
  const desk = await scripted(t);
  desk.exchange.event({ e: 'balanceUpdate', E: desk.exchange.time, a: 'USDT', d: '25.5', T: 1 });
  balanceEvent(desk, { USDT: '125.5' });
  const foreign = desk.exchange.byOthers('web_1', { price: '2000.00', lots: 100 });
  desk.exchange.fill(foreign, LOTS);
  balanceEvent(desk, { USDT: '105.5', ETH: '0.01' });
  await untilShown(desk, 'ETH', '0.01');
  await settle(desk);
  await sweep(desk);
  assert.equal(found(desk, 'transfer')[0]?.['amount'], '25.5');
  assert.equal(found(desk, 'foreignTrade').length, 1);
  assert.deepEqual(found(desk, 'balanceUnexplained'), []);
});

test('[R30] news that come late explain a difference that was written down', async (t) => {
  const desk = await scripted(t);
  balanceEvent(desk, { USDT: '125.5' });
  await untilShown(desk, 'USDT', '125.5');
  await settle(desk);
  assert.equal(found(desk, 'balanceUnexplained').length, 1);
  desk.exchange.event({ e: 'balanceUpdate', E: 1, a: 'USDT', d: '25.5', T: 1 });
  await until('the explanation', () => found(desk, 'balanceExplained')[0] ?? null);
  await sweep(desk);
  await settle(desk);
  assert.equal(found(desk, 'balanceUnexplained').length, 1);
});

test('[R30] what changed while the desk was down is explained from the last agreed balance', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  balanceEvent(desk, { USDT: '80.0001', ETH: '0.01' });
  await untilShown(desk, 'ETH', '0.01');
  await sweep(desk);
  await desk.crash();
  desk.exchange.fill(takeProfit, LOTS);
  // 20.1999 from the take profit, and one more from nowhere.
  desk.exchange.balances.set('USDT', '101.2');
  desk.exchange.balances.delete('ETH');
  desk.exchange.time += 1;
  const again = await scripted(t, { before: desk, reconciles: true });
  await again.untilState(takeProfit.clientOrderId, 'filled');
  await sweep(again);
  await settle(again);
  assert.equal(takeProfit.price, '2019.99');
  assert.deepEqual(found(again, 'balanceUnexplained'), [
    { asset: 'USDT', expected: '100.2', found: '101.2', difference: '1', reason: 'start' },
  ]);
});

test('[Y205] a balance is no finding while an order that may have changed it was asked about in vain', async (t) => {
  const desk = await scripted(t);
  const { takeProfit } = await withTakeProfit(desk);
  balanceEvent(desk, { USDT: '80.0001', ETH: '0.01' });
  await untilShown(desk, 'ETH', '0.01');
  await sweep(desk);
  await desk.crash();
  desk.exchange.fill(takeProfit, LOTS);
  desk.exchange.balances.set('USDT', '100.2');
  desk.exchange.balances.delete('ETH');
  desk.exchange.time += 1;
  // The vault was locked when the question was put first; the next comes later than two sweeps.
  const again = new ScriptedDesk({
    before: desk,
    reconciles: true,
    patience: { refusedMs: 6_000 },
  });
  t.after(() => again.close());
  again.exchange.once('queryOrder', (query) => again.exchange.refuse(query, 'locked'));
  await again.start();
  await untilShown(again, 'USDT', '100.2');
  await sweep(again);
  const isUnknown = [...again.orders.liveOrders.keys()].some(
    (id) => id === takeProfit.clientOrderId,
  );
  assert.equal(isUnknown, true, 'nobody knows yet');
  assert.deepEqual(found(again, 'balanceUnexplained'), []);
  await again.untilState(takeProfit.clientOrderId, 'filled');
  await sweep(again);
  await settle(again);
  assert.deepEqual(found(again, 'balanceUnexplained'), []);
});

test('[R21] an answer about all balances does not undo what the stream told meanwhile', async (t) => {
  const desk = await scripted(t);
  desk.exchange.once('queryAccount', (intent) => {
    desk.exchange.sign(intent);
    const updateTime = desk.exchange.time;
    balanceEvent(desk, { USDT: '70' });
    void untilShown(desk, 'USDT', '70').then(() =>
      desk.exchange.answer(
        intent,
        200,
        JSON.stringify({ updateTime, balances: [{ asset: 'USDT', free: '100', locked: '0' }] }),
      ),
    );
  });
  await sweep(desk);
  await untilShown(desk, 'USDT', '70');
  desk.exchange.once('queryAccount', (intent) => {
    desk.exchange.sign(intent);
    const undated = { balances: [{ asset: 'USDT', free: '100', locked: '0' }] };
    balanceEvent(desk, { USDT: '71' });
    void untilShown(desk, 'USDT', '71').then(() =>
      desk.exchange.answer(intent, 200, JSON.stringify(undated)),
    );
  });
  await sweep(desk);
  assert.equal(desk.balances.list()[0]?.free, '71');
});

test('[R31] bots wait for the first comparison, and no longer than bounded', async (t) => {
  const desk = new ScriptedDesk({ reconciles: true });
  t.after(() => desk.close());
  let questions = 0;
  desk.exchange.intercept = (intent) => {
    if (intent.kind !== 'queryOpenOrders') return false;
    questions += 1;
    desk.exchange.answerError(intent, 503, -1001);
    return true;
  };
  await desk.start();
  assert.ok(questions > 1, 'it was asked again');
  assert.match(found(desk, 'startedUnchecked')[0]?.['reason'] ?? '', /open orders: HTTP 503/);
  assert.equal(found(desk, 'sweepFailed').length, 1, 'one finding for all tries');
  desk.exchange.intercept = () => false;
  await sweep(desk);
  assert.equal(desk.reconciler.status.fault, null);
});

test('[R31] a comparison that the policy refuses keeps nobody waiting', async (t) => {
  const desk = new ScriptedDesk({ reconciles: true });
  t.after(() => desk.close());
  desk.exchange.once('queryOpenOrders', (intent) =>
    desk.exchange.refuse(intent, 'default deny', 'no rule allows it'),
  );
  await desk.start();
  assert.equal(desk.exchange.sent('queryOpenOrders').length, 1);
  assert.match(found(desk, 'startedUnchecked')[0]?.['reason'] ?? '', /default deny/);
});

test('[R31] what is asked for during the first comparison comes after it', async (t) => {
  const desk = new ScriptedDesk({ reconciles: true });
  t.after(() => desk.close());
  desk.exchange.once('queryOpenOrders', (intent) => {
    desk.reconciler.request('stream');
    desk.exchange.behave(intent);
  });
  await desk.start();
  await until('the second sweep', () =>
    desk.exchange.sent('queryOpenOrders').length === 2 && !desk.reconciler.isBusy ? true : null,
  );
});

test('[R31] balances that cannot be read keep no bot waiting', async (t) => {
  const desk = new ScriptedDesk({ reconciles: true });
  t.after(() => desk.close());
  desk.exchange.once('queryAccount', (intent) => desk.exchange.answerError(intent, 503, -1001));
  await desk.start();
  assert.equal(desk.exchange.sent('queryOpenOrders').length, 1);
  assert.match(desk.reconciler.status.fault ?? '', /balances: HTTP 503/);
  assert.deepEqual(found(desk, 'startedUnchecked'), []);
});

test('[R32] many wishes for a sweep are few sweeps', async (t) => {
  const desk = await scripted(t);
  const before = desk.exchange.sent('queryOpenOrders').length;
  for (let wish = 0; wish < 500; wish += 1) desk.reconciler.request('stream');
  await until('quiet', () => (desk.reconciler.isBusy ? null : true));
  const sweeps = desk.exchange.sent('queryOpenOrders').length - before;
  assert.ok(sweeps >= 1 && sweeps <= 2, `${sweeps} sweeps`);
});

test('[R34] a start ends on a no that waiting does not change, and waits for everything else', () => {
  const cases: readonly (readonly [name: string, error: unknown, isLasting: boolean])[] = [
    ['no such symbol', new VenueError('-1121', 'Invalid symbol.'), true],
    ['too many requests', new VenueError('-1003', 'Too many requests.'), false],
    ['the exchange is down', new VenueError('503', 'HTTP 503'), false],
    ['no network', new VenueError('network', 'did not answer'), false],
    ['an answer of another form', new VenueError('unexpected', 'expected a list'), false],
    ['a bug', new TypeError('x is not a function'), false],
    ['a name is taken', signerRefusal('createConnection', 'connections', 'taken'), true],
    ['the clock is off', signerRefusal('createConnection', 'clock', 'off by an hour'), false],
    ['the signer is not there', signerRefusal('listConnections', null, 'not running'), false],
  ];
  for (const [name, error, expected] of cases) assert.equal(isLasting(error), expected, name);
});

test('[R34] a quote that is refused is asked for seldom, one that is late soon', async () => {
  const pauses: number[] = [];
  const answers = [
    () => Promise.reject(new VenueError('network', 'did not answer')),
    () => Promise.reject(new VenueError('-1121', 'Invalid symbol.')),
    () => Promise.reject(new VenueError('503', 'HTTP 503')),
    async () => ({ time: 1, quote: quoteAt(200_000) }),
  ];
  const market: PublicMarket = {
    instruments: async () => [],
    candles: async () => [],
    quote: () => answers.shift()?.() ?? assert.fail('asked too often'),
    open: () => ({ close: () => undefined }),
  };
  const missing: string[] = [];
  const hub = new MarketHub(
    market,
    createMarketClock('events'),
    {
      onTrade: () => undefined,
      onQuote: () => undefined,
      onCandle: () => undefined,
      onState: () => undefined,
      onQuoteMissing: (symbol) => missing.push(symbol),
    },
    { ...systemTime, pause: async (ms) => void pauses.push(ms) },
  );
  assert.deepEqual(await hub.freshQuote(SYMBOL), { time: 1, quote: quoteAt(200_000) });
  assert.deepEqual(pauses, [100, 60_000, 400]);
  assert.deepEqual(missing, [SYMBOL, SYMBOL, SYMBOL]);
});

test('[R35] of a balance a bot is told what no deal keeps, and an entry may not take the rest', async (t) => {
  const desk = await scripted(t);
  await withTakeProfit(desk);
  balanceEvent(desk, { USDT: '80.0001', ETH: '0.015' });
  await untilShown(desk, 'ETH', '0.015');
  const funds = new ReservedFunds({
    balances: desk.balances,
    bots: () => desk.runner.bots,
    instrument: () => INSTRUMENT,
  });
  // Of 0.015 the deal holds 0.01.
  const [bot] = desk.runner.bots.values();
  assert.ok(bot !== undefined);
  assert.deepEqual(funds.free(bot.botId, SYMBOL), { base: 500_000n, quote: 8_000_010_000n });
  const sell = (lots: number, role: 'entry' | 'exit'): PlacedOrder => ({
    purpose: 'baseOrder',
    role,
    ladderIndex: 0,
    order: {
      clientOrderId: clientOrderId('k-1'),
      symbol: SYMBOL,
      side: 'sell',
      type: 'limit',
      timeInForce: 'GTC',
      priceTicks: priceTicks(200_000),
      quantity: quantityLots(lots),
    },
  });
  assert.equal(funds.denial(bot, sell(50, 'entry'), []), null);
  assert.deepEqual(funds.denial(bot, sell(51, 'entry'), []), {
    rule: 'reserved',
    reason: 'expected at most 0.005 ETH, the rest is held by running deals, found 0.0051 ETH',
  });
  assert.equal(funds.denial(bot, sell(100, 'exit'), []), null, 'its own coins');
});

test('[R38] what one bot plans to use another may not take; a bot does not stand in its own way', async (t) => {
  const desk = await scripted(t);
  // One safety order at a time rests of three: two more are planned.
  const planner: DcaSettings = {
    ...ONE_ORDER,
    baseOrderType: 'limit',
    safetyOrderVolume: '20',
    safetyOrderStep: '1',
    maxSafetyOrders: 3,
    maxActiveSafetyOrders: 1,
  };
  const first = await desk.firstOrder(planner);
  await desk.untilState(first, 'open');
  const order = desk.exchange.orders.get(first);
  assert.ok(order !== undefined);
  desk.exchange.event(desk.exchange.fill(order, LOTS));
  await until('the ladder', () =>
    desk.row("SELECT 1 FROM orders WHERE purpose = 'safetyOrder' AND state = 'open'"),
  );
  const other = desk.runner.create({ ...ONE_ORDER, name: 'Other' });
  const own = desk.runner.bots.get('1');
  assert.ok(own !== undefined);
  const told = { list: [{ asset: 'USDT', free: '50', locked: '20' }], total: 7_000_000_000n };
  const funds = new ReservedFunds({
    balances: { list: () => told.list, total: () => told.total },
    bots: () => desk.runner.bots,
    instrument: () => INSTRUMENT,
  });
  const planned = plannedOf(own.state.deals).get('USDT') ?? 0n;
  const inOrders = reservationsOf(own.state.deals).get('USDT')?.inOrders ?? 0n;
  assert.ok(planned > 40_00000000n && planned < 41_00000000n, `two orders of about 20: ${planned}`);
  const free = told.total - inOrders - planned;
  assert.deepEqual(funds.free(other.botId, SYMBOL), { base: 0n, quote: free });
  assert.equal(
    funds.free(own.botId, SYMBOL)?.quote,
    told.total - inOrders,
    'its own plan is its own',
  );
  await desk.runner.command(other.botId, { kind: 'start' });
  const entry = await until('the order of the other bot', () =>
    desk.row('SELECT request FROM orders WHERE bot_id = ?', other.botId),
  );
  const placed: PlacedOrder = {
    purpose: 'baseOrder',
    role: 'entry',
    ladderIndex: 0,
    order: JSON.parse(String(entry['request'])),
  };
  const bot = desk.runner.bots.get(other.botId);
  assert.ok(bot !== undefined);
  const denied = funds.denial(bot, placed, []);
  assert.equal(denied?.rule, 'planned');
  assert.match(
    denied.reason,
    /expected at most [\d.]+ USDT of 70: other bots hold or plan to use [\d.]+, found 19\.\d+ USDT/,
  );
  told.total += 20_00000000n;
  assert.equal(funds.denial(bot, placed, []), null, 'enough for both');
  assert.equal(funds.denial(bot, { ...placed, role: 'exit' }, []), null, 'an exit is never denied');
});

test('[R33] a question that is refused is put again no sooner than bounded, and a person hears of it', async (t) => {
  const desk = await scripted(t, { reconciles: false, patience: { refusedMs: 60_000 } });
  desk.exchange.once('placeOrder', (intent) => desk.exchange.fail(intent, 'unknown'));
  for (let time = 0; time < 3; time += 1) {
    desk.exchange.once('queryOrder', (query) => desk.exchange.refuse(query, 'default deny'));
  }
  const id = await desk.firstOrder();
  await until('the finding', () => found(desk, 'questionRefused')[0] ?? null);
  assert.equal(found(desk, 'questionRefused')[0]?.['about'], id);
  assert.equal(desk.exchange.sent('queryOrder').length, 1);
  assert.equal(desk.order(id)['symbol'], SYMBOL);
});
