// SPDX-License-Identifier: Apache-2.0
// What waits for a signer that signs nothing, as while its vault is locked, and how it goes on.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientOrderId, priceTicks, quantityLots, type OrderRequest } from '@kontor/core';
import { binanceAnswers } from '@kontor/exchange';
import { EarlyPauses } from '../src/early-pause.ts';
import { isStandstill, VaultWatch } from '../src/link/standstill.ts';
import { OrderDesk, type LiveOrder } from '../src/runner/order-desk.ts';
import type { CancelTimer, Time } from '../src/time.ts';
import { ONE_ORDER, ScriptedDesk, until, type ScriptedDeskOptions } from './scripted-desk.ts';
import { CONNECTION, INSTRUMENT, SYMBOL } from './scripted-exchange.ts';

const NEVER_MS = 3_600_000;

/** A time that passes when the test says so. */
class HandTime implements Time {
  #now = 0;
  readonly #planned: { readonly at: number; readonly work: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): CancelTimer {
    const planned = { at: this.#now + ms, work };
    this.#planned.push(planned);
    return () => {
      const index = this.#planned.indexOf(planned);
      if (index >= 0) this.#planned.splice(index, 1);
    };
  }

  every(): CancelTimer {
    return assert.fail('nothing here repeats');
  }

  soon(work: () => void): void {
    work();
  }

  async pause(ms: number, signal: AbortSignal): Promise<void> {
    await new EarlyPauses(this).pause(ms, signal);
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#planned.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.#planned.splice(this.#planned.indexOf(next), 1);
      this.#now = next.at;
      next.work();
      await settled();
    }
    this.#now = end;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 100; turn += 1) await Promise.resolve();
}

async function scripted(
  t: { after(work: () => Promise<void>): void },
  options: ScriptedDeskOptions = {},
): Promise<ScriptedDesk> {
  const desk = new ScriptedDesk(options);
  t.after(() => desk.close());
  return desk;
}

test('[Y206] a question that found the vault locked is put again at once when it is open', async (t) => {
  const desk = await scripted(t, { patience: { refusedMs: NEVER_MS } });
  await desk.start();
  desk.exchange.once('placeOrder', (intent) => {
    desk.exchange.accept(intent);
    desk.exchange.fail(intent, 'unknown');
  });
  desk.exchange.once('queryOrder', (query) => desk.exchange.refuse(query, 'locked'));
  const id = await desk.firstOrder();
  await until('the refusal', () => (desk.exchange.sent('queryOrder').length === 1 ? true : null));
  await until('the wait for it', () => {
    desk.orders.goOn();
    return desk.order(id)['state'] === 'open' ? true : null;
  });
});

test('[Y206] a cancel that found the vault locked goes out at once when it is open', async (t) => {
  const desk = await scripted(t, { patience: { refusedMs: NEVER_MS } });
  await desk.start();
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  desk.exchange.once('cancelOrder', (intent) => desk.exchange.refuse(intent, 'locked'));
  desk.orders.cancel(clientOrderId(id));
  await until('the refusal', () => (desk.exchange.sent('cancelOrder').length === 1 ? true : null));
  await until('the cancel', () => {
    desk.orders.goOn();
    return desk.order(id)['state'] === 'cancelled' ? true : null;
  });
});

test('[Y206] a bot hears that its order found the vault locked when that is open, and has lost no try', async (t) => {
  const desk = await scripted(t);
  await desk.start();
  desk.exchange.once('placeOrder', (intent) => desk.exchange.refuse(intent, 'locked'));
  const id = await desk.firstOrder(ONE_ORDER);
  await until('the refusal', () => (desk.exchange.placedIds().length === 1 ? true : null));
  await desk.untilInFlight(1);
  assert.deepEqual(desk.toldOf(id), []);
  await until('the word', () => {
    desk.orders.goOn();
    return desk.toldOf(id).includes('orderRejected') ? true : null;
  });
  const order = await desk.untilState(id, 'rejected');
  assert.equal(order['rule'], 'locked');
});

test('[Y206] an order that waits for the vault and is wanted no more ends as cancelled, and never leaves', async (t) => {
  const desk = await scripted(t);
  await desk.start();
  desk.exchange.once('placeOrder', (intent) => desk.exchange.refuse(intent, 'locked'));
  const id = await desk.firstOrder(ONE_ORDER);
  await until('the refusal', () => (desk.exchange.placedIds().length === 1 ? true : null));
  desk.orders.cancel(clientOrderId(id));
  await desk.untilState(id, 'cancelled');
  assert.equal(desk.exchange.placedIds().length, 1);
  assert.deepEqual(desk.exchange.sent('cancelOrder'), []);
});

test('[Y206] what goes on does so in bounded pieces, cancels first', async () => {
  const time = new HandTime();
  const asked: string[] = [];
  let isLocked = true;
  const desk = new OrderDesk({
    connection: () => CONNECTION,
    links: {
      isUp: () => true,
      submit: async ({ kind }) => {
        asked.push(kind);
        return isLocked
          ? { kind: 'refused', rule: 'locked', reason: 'by the test' }
          : new Promise(() => undefined);
      },
      signedAt: async () => 0,
      verifyTag: async () => true,
    },
    parser: binanceAnswers,
    instrument: () => INSTRUMENT,
    marketNow: () => time.now(),
    deliver: () => undefined,
    onDoubt: () => undefined,
    onAnswered: () => undefined,
    onFinding: () => undefined,
    isMarketTimeReal: true,
    log: () => undefined,
    time,
  });
  for (let number = 1; number <= 60; number += 1) {
    const isCancel = number > 50;
    const order = liveOrder(`k1test1-1-${number}`, isCancel ? 'open' : 'ambiguous');
    if (!isCancel) desk.resume(order);
    else {
      desk.takeUp(order);
      desk.cancel(order.request.clientOrderId);
    }
  }
  await time.pass(30_000);
  assert.equal(asked.length, 60);
  isLocked = false;
  asked.length = 0;
  desk.goOn();
  await settled();
  // Another word that it is open brings nothing forward.
  desk.goOn();
  await settled();
  const cancels = asked.filter((kind) => kind === 'cancelOrder').length;
  assert.deepEqual([asked.length, cancels], [20, 10]);
  await time.pass(499);
  assert.equal(asked.length, 20);
  await time.pass(1);
  assert.equal(asked.length, 30);
  await time.pass(1_500);
  assert.equal(asked.length, 60);
});

/** A desk that starts while the vault is locked, until it `opens`. */
async function lockedStart(
  t: { after(work: () => Promise<void>): void },
  options: ScriptedDeskOptions = {},
): Promise<{
  readonly desk: ScriptedDesk;
  readonly hasStarted: () => boolean;
  readonly open: () => void;
}> {
  const desk = await scripted(t, { reconciles: true, ...options });
  let isLocked = true;
  desk.exchange.intercept = (intent) => {
    if (!isLocked || intent.kind !== 'queryOpenOrders') return false;
    desk.exchange.refuse(intent, 'locked');
    return true;
  };
  let hasStarted = false;
  void desk.start().then(() => (hasStarted = true));
  return { desk, hasStarted: () => hasStarted, open: () => (isLocked = false) };
}

test('[Y207] while the vault is locked no bot acts, however long that takes', async (t) => {
  const reconcilePatience = { startMs: 1, lockedMs: 1 };
  const { desk, hasStarted, open } = await lockedStart(t, { reconcilePatience });
  // Each question comes after the time for which bots wait else.
  await until('questions', () => (desk.exchange.sent('queryOpenOrders').length > 3 ? true : null));
  assert.equal(hasStarted(), false);
  assert.match(desk.reconciler.status.fault ?? '', /open orders: locked/);
  open();
  await until('the start', () => (hasStarted() ? true : null));
  assert.equal(desk.reconciler.status.fault, null);
  assert.deepEqual(
    desk.findings.latest(10).filter(({ code }) => code === 'startedUnchecked'),
    [],
  );
});

test('[Y207] a start that found the vault locked asks no more until it is open, and goes on then', async (t) => {
  const { desk, hasStarted, open } = await lockedStart(t);
  await until('the refusal', () =>
    desk.exchange.sent('queryOpenOrders').length === 1 && !desk.reconciler.isBusy ? true : null,
  );
  open();
  await until('the start', () => {
    desk.reconciler.goOn();
    return hasStarted() ? true : null;
  });
  assert.equal(desk.exchange.sent('queryOpenOrders').length, 2, 'asked again to no end');
});

test('[Y207] a list that a locked vault keeps back is no reason to ask for every order by itself', async (t) => {
  const desk = await scripted(t, { reconciles: true });
  await desk.start();
  const id = await desk.firstOrder();
  await desk.untilState(id, 'open');
  desk.exchange.once('queryOpenOrders', (intent) => desk.exchange.refuse(intent, 'locked'));
  desk.reconciler.request('timer');
  await until('the sweep', () => (desk.reconciler.isBusy ? null : true));
  await desk.untilQuiet();
  assert.deepEqual(desk.exchange.sent('queryOrder'), []);
});

test('[Y208] after a refusal for a locked vault the signer is asked until it is open, and that is told once', async () => {
  const time = new HandTime();
  const answers: ({ readonly isOpen: boolean } | null)[] = [];
  let looks = 0;
  let opened = 0;
  const watch = new VaultWatch({
    time,
    vault: async () => {
      looks += 1;
      return answers.shift() ?? { isOpen: false };
    },
    alarms: { raise: () => assert.fail('it is not locked for long'), resolve: () => undefined },
    onOpened: () => (opened += 1),
  });
  watch.onRefused('default deny');
  await watch.look();
  await time.pass(10_000);
  assert.equal(looks, 0, 'nothing was refused for that');
  watch.onRefused('locked');
  watch.onRefused('locked');
  await time.pass(1_000);
  assert.deepEqual([looks, opened], [4, 0]);
  answers.push(null, { isOpen: true });
  await time.pass(500);
  assert.deepEqual([looks, opened], [6, 1]);
  await time.pass(10_000);
  assert.equal(looks, 6, 'an open vault is not asked for');
  watch.onRefused('locked');
  answers.push({ isOpen: true });
  await watch.look();
  assert.equal(opened, 2, 'who brought the passphrase need not wait for the next look');
  watch.onRefused('locked');
  watch.close();
  await time.pass(10_000);
  assert.equal(looks, 7);
});

test('[Y216] a vault that nobody opens for five minutes is an alarm, which ends when it is open', async () => {
  const time = new HandTime();
  const told: string[] = [];
  let isOpen = false;
  const watch = new VaultWatch({
    time,
    vault: async () => ({ isOpen }),
    alarms: {
      raise({ kind, severity, facts }) {
        told.push(`${kind} ${severity} ${facts['minutes'] ?? ''}`);
        return undefined as never;
      },
      resolve: (kind) => told.push(`${kind} is over`),
    },
    onOpened: () => undefined,
  });
  watch.onRefused('locked');
  await time.pass(299_999);
  assert.deepEqual(told, []);
  await time.pass(1);
  await time.pass(600_000);
  assert.deepEqual(told, ['vaultLocked warning 5'], 'once');
  isOpen = true;
  await time.pass(250);
  assert.deepEqual(told.splice(0), ['vaultLocked warning 5', 'vaultLocked is over']);
  isOpen = false;
  watch.onRefused('locked');
  await time.pass(60_000);
  isOpen = true;
  await time.pass(600_000);
  assert.deepEqual(told.splice(0), ['vaultLocked is over']);
  watch.onFoundOpen();
  assert.deepEqual(told, ['vaultLocked is over'], 'told by an earlier life of the desk');
});

test('[Y208] a standstill is what every question would meet', () => {
  const rules = ['locked', 'connection-frozen', 'connection-not-active'];
  assert.deepEqual(rules.map(isStandstill), [true, true, true]);
  assert.deepEqual(['default deny', 'busy', 'clock', 'hold: big'].map(isStandstill), [
    false,
    false,
    false,
    false,
  ]);
});

function liveOrder(id: string, state: 'open' | 'ambiguous'): LiveOrder {
  const request: OrderRequest = {
    clientOrderId: clientOrderId(id),
    symbol: SYMBOL,
    side: 'buy',
    type: 'limit',
    timeInForce: 'GTC',
    priceTicks: priceTicks(200_000),
    quantity: quantityLots(100),
  };
  return {
    botId: '1',
    request,
    placedAt: 0,
    exchangeOrderId: state === 'open' ? id : null,
    state,
    signedUntil: 0,
    tradeIds: new Set(),
    seenLots: 0,
    toldLots: 0,
    end: null,
    isCancelRequested: false,
  };
}
