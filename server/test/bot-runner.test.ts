// SPDX-License-Identifier: Apache-2.0
// The runner on a real store: journal first, the same state after a start, fresh quotes, timers, a full disk.

import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { encodeJournal, type DcaSettings } from '@kontor/core';
import { StoreError } from '@kontor/server';
import { SYMBOL, type ScriptedExchange } from './scripted-exchange.ts';
import {
  ONE_ORDER,
  quoteAt,
  ScriptedDesk,
  until,
  type ScriptedDeskOptions,
} from './scripted-desk.ts';

const QUEUE_LENGTH_MAX = 10_000;
const SNAPSHOT_EVERY = 64;

/** Buys at once and sells at one percent more; the next deal follows at once. */
const QUICK: DcaSettings = { ...ONE_ORDER, baseOrderType: 'market', cooldownSeconds: 0 };
const WITH_STOP: DcaSettings = { ...QUICK, stopLoss: '5' };

async function scripted(t: TestContext, options: ScriptedDeskOptions = {}): Promise<ScriptedDesk> {
  const desk = await new ScriptedDesk(options).start();
  t.after(() => desk.close());
  return desk;
}

/** From now on every immediate buy is filled as it comes. */
function fillBuysAtOnce(exchange: ScriptedExchange): void {
  exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder' || intent.order.timeInForce !== 'IOC') return false;
    exchange.sign(intent);
    const order = exchange.accept(intent);
    exchange.fill(order, order.lots);
    exchange.answer(intent, 200, order.placed());
    return true;
  };
}

/** The resting sell of the deal that runs. */
async function takeProfit(desk: ScriptedDesk, dealNumber: number): Promise<string> {
  const row = await until(
    () => `a take profit of deal ${dealNumber}`,
    () =>
      desk.row(
        "SELECT client_order_id FROM orders WHERE purpose = 'takeProfit' AND state = 'open' AND deal_number = ?",
        String(dealNumber),
      ),
  );
  return String(row['client_order_id']);
}

async function completeDeal(desk: ScriptedDesk, dealNumber: number): Promise<void> {
  const order = desk.exchange.orders.get(await takeProfit(desk, dealNumber));
  assert.ok(order !== undefined);
  desk.exchange.event(desk.exchange.fill(order, order.lots));
  await until(
    () => `the end of deal ${dealNumber}`,
    () =>
      desk.row(
        'SELECT 1 FROM deals WHERE deal_number = ? AND closed_at IS NOT NULL',
        String(dealNumber),
      ),
  );
}

/** What is on disk at this moment, as another machine would find it there. */
function onDisk(desk: ScriptedDesk, sql: string): readonly Record<string, unknown>[] {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-disk-'));
  try {
    for (const end of ['', '-wal']) {
      const file = join(desk.directory, `desk.db${end}`);
      if (existsSync(file)) copyFileSync(file, join(directory, `desk.db${end}`));
    }
    const database = new DatabaseSync(join(directory, 'desk.db'));
    const rows = database.prepare(sql).all();
    database.close();
    return rows;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function journalLength(desk: ScriptedDesk): number {
  return Number(desk.row('SELECT count(*) AS count FROM journal')?.['count']);
}

test('[R4] when an order leaves, it and the event that asked for it are on disk', async (t) => {
  const desk = await scripted(t);
  const found: { readonly order: unknown; readonly entry: unknown }[] = [];
  desk.exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder') return false;
    const id = intent.order.clientOrderId;
    const [order] = onDisk(desk, `SELECT state FROM orders WHERE client_order_id = '${id}'`);
    const [entry] = onDisk(desk, `SELECT event FROM journal WHERE effects LIKE '%"${id}"%'`);
    found.push({ order: order?.['state'], entry: entry?.['event'] });
    return false;
  };
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  assert.equal(found.length, 1);
  assert.equal(found[0]?.order, 'intended');
  assert.match(String(found[0]?.entry), /"kind":"quote"/);
});

test('[R4] a cancel is on disk before it leaves', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  let requested: unknown;
  desk.exchange.intercept = (intent) => {
    if (intent.kind === 'cancelOrder')
      [requested] = onDisk(desk, 'SELECT cancel_requested FROM orders').map(
        (row) => row['cancel_requested'],
      );
    return false;
  };
  await desk.runner.command('1', { kind: 'cancelDeal', dealId: 1 });
  await desk.untilState(id, 'cancelled');
  assert.equal(requested, 1);
});

test('[R4] an event that changes nothing is not stored', async (t) => {
  const desk = await scripted(t);
  fillBuysAtOnce(desk.exchange);
  await desk.firstOrder(WITH_STOP);
  await takeProfit(desk, 1);
  await desk.untilQuiet();
  const before = journalLength(desk);
  const { version } = desk.runner.bots.get('1')?.state ?? {};
  for (let price = 0; price < 500; price += 1) {
    desk.runner.onTrade(SYMBOL, desk.exchange.time + price, quoteAt(199_000 + price));
  }
  await desk.runner.command('1', { kind: 'start' });
  await desk.runner.command('1', { kind: 'closeDeal', dealId: 99 });
  assert.equal(journalLength(desk), before);
  assert.equal(desk.runner.bots.get('1')?.state.version, version);
});

test('[R5] after a start the state is the one there was, byte for byte', async (t) => {
  const first = await new ScriptedDesk().start();
  fillBuysAtOnce(first.exchange);
  await first.firstOrder(QUICK);
  let deals = 0;
  while ((first.runner.bots.get('1')?.state.version ?? 0) < SNAPSHOT_EVERY + 10) {
    deals += 1;
    await completeDeal(first, deals);
  }
  await takeProfit(first, deals + 1);
  await first.untilQuiet();
  const state = first.runner.bots.get('1')?.state;
  const stored = first.row('SELECT version FROM bots');
  assert.ok(Number(stored?.['version']) >= SNAPSHOT_EVERY, 'a snapshot was taken');
  assert.ok(Number(stored?.['version']) < (state?.version ?? 0), 'the journal goes on after it');
  const text = encodeJournal(state);
  await first.crash();

  const second = new ScriptedDesk({ before: first });
  const alive = second.runner.load();
  assert.equal(encodeJournal(second.runner.bots.get('1')?.state), text);
  assert.deepEqual(
    alive.map(({ request }) => request.side),
    ['sell'],
  );
  await second.crash();

  // A journal that no longer gives what it gave is not traded on.
  const database = new DatabaseSync(join(first.directory, 'desk.db'));
  database.exec(
    "UPDATE journal SET effects = '[]' WHERE sequence = (SELECT max(sequence) FROM journal WHERE effects != '[]')",
  );
  database.close();
  const third = new ScriptedDesk({ before: first });
  t.after(() => third.close());
  assert.throws(() => third.runner.load(), /the journal of bot 1 no longer gives what it gave/);
});

test('[R12] while a bot waits for a fresh quote it sees no older one', async (t) => {
  const desk = await scripted(t);
  desk.quote = null;
  const { botId } = desk.runner.create(ONE_ORDER);
  await desk.runner.command(botId, { kind: 'start' });
  desk.runner.onTrade(SYMBOL, desk.exchange.time, quoteAt(150_000));
  await desk.runner.command(botId, { kind: 'start' });
  assert.deepEqual(desk.exchange.placedIds(), []);
  desk.quote = { time: desk.exchange.time, quote: quoteAt(200_000) };
  await until('the order', () => (desk.exchange.placedIds().length > 0 ? true : null));
  assert.equal(desk.exchange.sent('placeOrder')[0]?.order.price, '1999.99');
});

test('[R12] nor after a start in between, before its question is put again', async (t) => {
  const first = await new ScriptedDesk().start();
  first.quote = null;
  const { botId } = first.runner.create(ONE_ORDER);
  await first.runner.command(botId, { kind: 'start' });
  await first.crash();
  const second = new ScriptedDesk({ before: first });
  t.after(() => second.close());
  second.quote = null;
  await second.exchange.joinAll();
  second.runner.load();
  const trade = (): void => second.runner.onTrade(SYMBOL, second.exchange.time, quoteAt(150_000));
  trade();
  second.runner.start();
  trade();
  await second.runner.command(botId, { kind: 'start' });
  assert.equal(second.row('SELECT 1 FROM orders'), null);
  second.quote = { time: second.exchange.time, quote: quoteAt(200_000) };
  await until('the order', () => (second.exchange.placedIds().length > 0 ? true : null));
  assert.equal(second.exchange.sent('placeOrder')[0]?.order.price, '1999.99');
});

test('[R6] before the start a bot hears no price: nothing acts on orders not yet taken up', async (t) => {
  const first = await new ScriptedDesk().start();
  fillBuysAtOnce(first.exchange);
  await first.firstOrder(WITH_STOP);
  const id = await takeProfit(first, 1);
  await first.crash();
  const second = new ScriptedDesk({ before: first });
  t.after(() => second.close());
  await second.exchange.joinAll();
  const alive = second.runner.load();
  second.runner.onTrade(SYMBOL, second.exchange.time, quoteAt(150_000));
  for (const order of alive) second.orders.resume(order);
  second.runner.start();
  second.runner.onTrade(SYMBOL, second.exchange.time, quoteAt(150_000));
  await second.untilState(id, 'cancelled');
});

test('[R13] a full disk stops the desk with one sentence, and nothing of the batch is sent', async (t) => {
  const bots = 60;
  const desk = await scripted(t);
  desk.quote = null;
  for (let count = 0; count < bots; count += 1) {
    void desk.runner.command(desk.runner.create(ONE_ORDER).botId, { kind: 'start' });
  }
  await until('all wait', () => (desk.runner.waiting === bots ? true : null));
  // SQLite reports a file that may not grow exactly as it reports a full disk.
  const pages = Number(desk.row('PRAGMA page_count')?.['page_count']);
  desk.store.get(`PRAGMA max_page_count = ${pages + 2}`);
  desk.quote = { time: desk.exchange.time, quote: quoteAt(200_000) };
  await until('reported', () => (desk.fatal.length > 0 ? true : null));
  const [error] = desk.fatal;
  assert.ok(error instanceof StoreError);
  assert.equal(error.code, 'full');
  assert.match(
    error.message,
    /^the disk is full: free some space and start again; what was stored is still there/,
  );
  await desk.untilInFlight(0);
  const stored = onDisk(desk, 'SELECT client_order_id AS id FROM orders').map(({ id }) => id);
  assert.ok(stored.length < bots, `${stored.length} orders were stored`);
  assert.deepEqual(desk.exchange.placedIds().toSorted(), stored.toSorted());
  assert.equal(desk.fatal.length, 1, 'one sentence');
  await desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  await until('the others', () =>
    again.row('SELECT count(*) AS count FROM orders')?.['count'] === bots ? true : null,
  );
});

test('[R13] a bot that cannot be stored is not made, and the desk stops', async (t) => {
  const desk = await scripted(t);
  const pages = Number(desk.row('PRAGMA page_count')?.['page_count']);
  desk.store.get(`PRAGMA max_page_count = ${pages}`);
  const symbols = [SYMBOL];
  const attempt = (): void => {
    for (let count = 0; count < 100; count += 1) desk.runner.create({ ...ONE_ORDER, symbols });
  };
  assert.throws(attempt, StoreError);
  assert.equal(desk.fatal.length, 1);
  const stored = Number(desk.row('SELECT count(*) AS count FROM bots')?.['count']);
  assert.equal(desk.runner.bots.size, stored);
});

test('[R14] a timer fires once, in market time, also when the desk was down meanwhile', async (t) => {
  let wall = 1_700_000_000_000;
  const settings: DcaSettings = { ...QUICK, cooldownSeconds: 60 };
  const first = await new ScriptedDesk({ clock: 'wall', wallNow: () => wall }).start();
  fillBuysAtOnce(first.exchange);
  await first.firstOrder(settings);
  await completeDeal(first, 1);
  const due = Number(first.row('SELECT due FROM timers')?.['due']);
  assert.ok(due > wall && due <= wall + 61_000);
  await first.crash();

  const second = new ScriptedDesk({ before: first, clock: 'wall', wallNow: () => wall });
  t.after(() => second.close());
  await second.start();
  fillBuysAtOnce(second.exchange);
  wall = due - 1;
  await second.runner.command('1', { kind: 'start' });
  assert.notEqual(second.row('SELECT 1 FROM timers'), null, 'it is not due yet');
  wall = due;
  await takeProfit(second, 2);
  const fired = second.row(
    `SELECT count(*) AS count FROM journal WHERE event LIKE '%"kind":"timer"%'`,
  );
  assert.equal(fired?.['count'], 1);
  assert.equal(second.row('SELECT 1 FROM timers'), null);
});

test('[R14] in a replayed market timers wait for the market, not for the wall', async (t) => {
  const settings: DcaSettings = { ...QUICK, cooldownSeconds: 60 };
  const desk = await scripted(t);
  fillBuysAtOnce(desk.exchange);
  await desk.firstOrder(settings);
  await completeDeal(desk, 1);
  const due = Number(desk.row('SELECT due FROM timers')?.['due']);
  desk.runner.onTrade(SYMBOL, due - 1, quoteAt(200_000));
  desk.runner.onTrade('OTHERUSDT', due, quoteAt(200_000));
  await desk.runner.command('1', { kind: 'start' });
  assert.equal(desk.row('SELECT max(deal_number) AS last FROM orders')?.['last'], 1);
  desk.runner.onTrade(SYMBOL, due, quoteAt(200_000));
  await takeProfit(desk, 2);
  const timers = `SELECT count(*) AS count FROM journal WHERE event LIKE '%"kind":"timer"%'`;
  assert.equal(desk.row(timers)?.['count'], 1);
});

test('[R18] a flood of prices is taken in bounded pieces, and the one that counts is not lost', async (t) => {
  const desk = await scripted(t);
  fillBuysAtOnce(desk.exchange);
  await desk.firstOrder(WITH_STOP);
  await takeProfit(desk, 1);
  await desk.untilQuiet();
  desk.runner.deliver('1', { kind: 'timer', time: desk.exchange.time, timer: 'no such timer' });
  let most = 0;
  for (let count = 0; count < 2 * QUEUE_LENGTH_MAX + 5; count += 1) {
    desk.runner.deliver('1', {
      kind: 'quote',
      time: desk.exchange.time,
      symbol: SYMBOL,
      quote: quoteAt(count === QUEUE_LENGTH_MAX + 7 ? 150_000 : 200_000),
    });
    most = Math.max(most, desk.runner.waiting);
  }
  assert.ok(most <= QUEUE_LENGTH_MAX, `${most} waited`);
  await until('the stop loss', () =>
    desk.row("SELECT 1 FROM notes WHERE kind = 'stopLossTriggered'"),
  );
});

test('[R19] bots that run from the start on are stored with what records them, or not at all', async (t) => {
  const desk = await scripted(t);
  assert.throws(() =>
    desk.runner.createStarted([ONE_ORDER, QUICK], () => {
      throw new Error('before it was recorded');
    }),
  );
  assert.equal(desk.fatal.length, 1);
  await desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  assert.equal(again.runner.bots.size, 0);
  again.quote = null;
  again.runner.createStarted([ONE_ORDER, QUICK], () => again.store.setMeta('made', '2'));
  const [rows] = onDisk(
    again,
    "SELECT (SELECT count(*) FROM bots) AS bots, (SELECT value FROM meta WHERE key = 'made') AS made",
  );
  assert.deepEqual({ ...rows }, { bots: 2, made: '2' });
  await again.crash();
  const third = await new ScriptedDesk({ before: again }).start();
  t.after(() => third.close());
  await until('both trade', () => (third.exchange.placedIds().length === 2 ? true : null));
});
