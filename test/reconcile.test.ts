// SPDX-License-Identifier: Apache-2.0
// A whole desk compared with its exchange: orders that someone placed beside it, orders taken from it, and a store
// that was put back to an earlier day.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { copyFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeSettings, type DcaSettings } from '@kontor/core';
import { deskOrderId } from '@kontor/exchange';
import type { api } from '@kontor/server';
import { DeskClientError } from '../cli/src/desk-client.ts';
import { FINDING_CODES } from '../server/src/reconcile/findings.ts';
import { reconciliationIn } from '../web/src/language/reconciliation-languages.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';

/** Buys at once and rests a take profit far above; two safety orders rest below. */
const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Compared',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '110',
  safetyOrderStep: '3',
  maxSafetyOrders: 2,
  maxActiveSafetyOrders: 2,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '5',
  cooldownSeconds: 2_592_000,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

const CANDLES = `open_time,open,high,low,close,volume
1700000040000,2000.00,2001.00,1999.00,2000.00,50.0000
1700000100000,2000.00,2001.00,1999.00,2000.00,50.0000
1700000160000,2000.00,2001.00,1999.00,2000.00,50.0000
1700000220000,2000.00,2001.00,1999.00,2000.00,50.0000
`;

interface ExchangeOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly side: string;
  readonly status: string;
  readonly price: string;
}

/** The account's owner with a key of his own, as in the exchange's app. */
class Owner {
  readonly #simulator: SimulatorProcess;
  readonly #apiKey: string;
  readonly #secret: string;

  private constructor(simulator: SimulatorProcess, apiKey: string, secret: string) {
    this.#simulator = simulator;
    this.#apiKey = apiKey;
    this.#secret = secret;
  }

  static async of(simulator: SimulatorProcess): Promise<Owner> {
    const { apiKey, secret } = await simulator.control<{
      readonly apiKey: string;
      readonly secret: string;
    }>('/accounts/demo/keys', {});
    return new Owner(simulator, apiKey, secret);
  }

  buy(clientOrderId: string, price: string): Promise<ExchangeOrder> {
    return this.#ask('POST', { side: 'BUY', newClientOrderId: clientOrderId, price });
  }

  cancel(clientOrderId: string): Promise<unknown> {
    return this.#ask('DELETE', { origClientOrderId: clientOrderId });
  }

  async #ask(method: 'POST' | 'DELETE', fields: Record<string, string>): Promise<ExchangeOrder> {
    const order =
      method === 'POST'
        ? { type: 'LIMIT', timeInForce: 'GTC', quantity: '0.0100', newOrderRespType: 'RESULT' }
        : {};
    const query = new URLSearchParams({
      symbol: 'ETHUSDT',
      ...order,
      ...fields,
      timestamp: String(Date.now()),
    });
    query.set('signature', createHmac('sha256', this.#secret).update(String(query)).digest('hex'));
    const response = await fetch(`${this.#simulator.addresses.rest}/api/v3/order?${query}`, {
      method,
      headers: { 'x-mbx-apikey': this.#apiKey },
      signal: AbortSignal.timeout(10_000),
    });
    const body = await response.json();
    assert.ok(response.ok, JSON.stringify(body));
    return body;
  }
}

interface Running {
  readonly simulator: SimulatorProcess;
  readonly owner: Owner;
  readonly directory: string;
  /** Starts the desk, again after an earlier one was stopped. */
  start(): Promise<TestDesk>;
}

async function running(t: TestContext): Promise<Running> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  writeFileSync(file, CANDLES);
  const simulator = await startSimulator([
    ...['--market', file, '--speed', '0', '--history', '0', '--account', 'demo:USDT=5000'],
  ]);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 1 });
  return {
    simulator,
    owner: await Owner.of(simulator),
    directory: join(directory, 'desk'),
    async start() {
      const desk = await startDesk({
        simulator,
        bots: [SETTINGS],
        directory: join(directory, 'desk'),
      });
      defer(() => desk.stop());
      return desk;
    },
  };
}

async function openOrders(simulator: SimulatorProcess): Promise<readonly ExchangeOrder[]> {
  const { orders } = await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
    '/accounts/demo/open-orders',
  );
  return orders;
}

/** The take profit that rests, once it does; `except` is one that must not count. */
function takeProfit(simulator: SimulatorProcess, except = ''): Promise<ExchangeOrder> {
  return until('a take profit', async () => {
    const sells = (await openOrders(simulator)).filter(({ side }) => side === 'SELL');
    return sells.find(({ clientOrderId }) => clientOrderId !== except) ?? null;
  });
}

function compared(desk: TestDesk): Promise<api.Reconciliation> {
  return desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
}

function finding(desk: TestDesk, code: string): Promise<api.Finding> {
  return until(`the finding ${code}`, async () => {
    const { findings } = await compared(desk);
    return findings.find((found) => found.code === code) ?? null;
  });
}

function orphan(desk: TestDesk, clientOrderId: string): Promise<api.Orphan> {
  return until(`the orphan ${clientOrderId}`, async () => {
    const { orphans } = await compared(desk);
    return orphans.find((found) => found.clientOrderId === clientOrderId) ?? null;
  });
}

test('[R23][Y71] orders placed beside the desk are strangers, whatever their IDs look like, and left alone', async (t) => {
  const { simulator, owner, start } = await running(t);
  const desk = await start();
  const own = await takeProfit(simulator);
  const mark = own.clientOrderId.slice(0, 6);
  assert.match(own.clientOrderId, /^k1[0-9a-v]{4}1-1-\d+_[0-9a-v]{8}$/, 'ours are tagged');
  await until('a first comparison', async () => (await compared(desk)).sweptAt);

  const forged = [`${mark}z-4-1`, `${deskOrderId(own.clientOrderId)}_00000000`];
  await owner.buy(forged[0] ?? '', '1500.00');
  await owner.buy(forged[1] ?? '', '1501.00');
  await owner.buy('by-hand-1', '1502.00');
  await owner.buy('by-hand-2', '2010.00');
  const strange = await finding(desk, 'foreignTrade');
  assert.equal(strange.values['clientOrderId'], 'by-hand-2');
  for (const kind of ['forgedTag', 'foreignOrder', 'foreignTrade', 'connectionFrozen']) {
    await until(`the alarm ${kind}`, async () => {
      const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
      return alarms.find((alarm) => alarm.kind === kind) ?? null;
    });
  }
  const shown = await until('the strangers', async () => {
    await desk.client.post('/api/v1/reconciliation/sweeps');
    const now = await compared(desk);
    return now.foreignCount === 3 ? now : null;
  });
  assert.deepEqual(shown.orphans, [], 'no forged order is offered for adoption');
  const left = (await openOrders(simulator)).map(({ clientOrderId }) => clientOrderId);
  for (const id of [...forged, 'by-hand-1', own.clientOrderId]) {
    assert.ok(left.includes(id), `${id} rests among ${left.join(', ')}`);
  }
  assert.equal(
    shown.findings.filter(({ code }) => code === 'balanceUnexplained').length,
    0,
    'what the stranger bought is explained',
  );
});

test('[R28] a take profit cancelled while the desk heard nothing rests again, soon after it hears', async (t) => {
  const { simulator, owner, start } = await running(t);
  const desk = await start();
  const before = await takeProfit(simulator);
  await until('a first comparison', async () => (await compared(desk)).sweptAt);

  await simulator.control('/faults', { kind: 'dropSockets', durationMs: 1_500 });
  await until('the stream to be down', async () => {
    const { streams } = await desk.client.get<api.Health>('/api/v1/health');
    return streams.find(({ name }) => name === 'account')?.state === 'down' ? true : null;
  });
  await owner.cancel(before.clientOrderId);
  const after = await takeProfit(simulator, before.clientOrderId);
  assert.equal(after.price, before.price);
  const taken = await finding(desk, 'orderCancelledByOthers');
  assert.equal(taken.values['clientOrderId'], deskOrderId(before.clientOrderId));
  await finding(desk, 'streamDown');
  assert.equal((await openOrders(simulator)).filter(({ side }) => side === 'SELL').length, 1);
});

test('[R22][R24][R27] a desk put back to an earlier day says so, shows what it has forgotten and uses no ID twice', async (t) => {
  const { simulator, directory, start } = await running(t);
  const store = join(directory, 'server', 'desk.db');
  const copy = `${store}.copy`;
  const first = await start();
  const own = await takeProfit(simulator);
  await first.stop();
  copyFileSync(store, copy);

  // Another life: the deal is closed and a new bot begins one.
  const second = await start();
  const [{ id: dealId } = { id: '' }] = (
    await second.client.get<api.DealPage>('/api/v1/deals?status=open')
  ).deals;
  await second.client.post(`/api/v1/deals/${dealId}/close`);
  await until(
    'the deal to end',
    async () => (await second.client.get<api.Deal>(`/api/v1/deals/${dealId}`)).closedAt,
  );
  const bot = await second.client.post<api.Bot>('/api/v1/bots', SETTINGS);
  await second.client.post(`/api/v1/bots/${bot.id}/start`);
  const lost = await takeProfit(simulator, own.clientOrderId);
  const used = await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
    '/accounts/demo/orders',
  );
  await second.stop();

  for (const end of ['', '-wal', '-shm']) rmSync(`${store}${end}`, { force: true });
  copyFileSync(copy, store);
  const third = await start();
  await finding(third, 'restoreNoticed');
  const forgotten = await orphan(third, deskOrderId(lost.clientOrderId));
  assert.deepEqual([forgotten.state, forgotten.orderState], ['shown', 'open']);
  const again = await third.client.post<api.Bot>('/api/v1/bots', SETTINGS);
  assert.equal(again.id, bot.id, 'the store gives the same number again');
  await third.client.post(`/api/v1/bots/${again.id}/start`);
  const knownIds = new Set(used.orders.map(({ clientOrderId }) => clientOrderId));
  const next = await until('the new bot’s take profit', async () => {
    const fresh = (await openOrders(simulator)).filter(
      ({ clientOrderId }) => !knownIds.has(clientOrderId),
    );
    return fresh.find(({ side }) => side === 'SELL') ?? null;
  });
  assert.ok(next.clientOrderId.startsWith(own.clientOrderId.slice(0, 6)), 'still this desk’s mark');
  const cancelled = await third.client.post<api.Orphan>(`/api/v1/orphans/${forgotten.id}/cancel`);
  assert.deepEqual([cancelled.state, cancelled.orderState], ['cancelled', 'cancelled']);
  await assert.rejects(
    third.client.post(`/api/v1/orphans/${forgotten.id}/cancel`),
    (error) => error instanceof DeskClientError && /is cancelled already/.test(error.message),
  );
  const left = (await openOrders(simulator)).map(({ clientOrderId }) => clientOrderId);
  assert.ok(!left.includes(lost.clientOrderId));
});

test('[W61] every finding that the desk writes has a sentence in both languages', () => {
  for (const name of ['en', 'de'] as const) {
    const { findings } = reconciliationIn(name);
    assert.deepEqual(Object.keys(findings).toSorted(), [...FINDING_CODES].toSorted());
  }
});
