// SPDX-License-Identifier: Apache-2.0
// Desks that can not begin at once: the vault is locked, or the exchange does not answer.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { deferrer, startDesk, startSimulator, temporaryDirectory, until } from './harness.ts';
import { setPassphrase } from './kontor-command.ts';

const PASSPHRASE = 'correct horse battery';

const BOT: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Two orders rest',
  symbols: ['BTCUSDT'],
  baseOrderVolume: '20',
  baseOrderType: 'market',
  maxSlippage: '1',
  safetyOrderVolume: '20',
  safetyOrderStep: '30',
  maxSafetyOrders: 1,
  maxActiveSafetyOrders: 1,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '50',
  cooldownSeconds: 60,
  maxActiveDeals: 1,
});

test('[T197] a desk that starts with a locked vault serves its pages, lets its bots wait, and is whole within seconds of the passphrase', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '197',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const options = { simulator, directory, symbols: ['BTCUSDT'], bots: [BOT] };
  const first = await startDesk(options);
  const deal = await until('two orders that rest', async () => {
    const [found] = (await first.client.get<api.DealPage>('/api/v1/deals')).deals;
    return found !== undefined && restingOf(found).length === 2 ? found : null;
  });
  await first.stop();
  await setPassphrase(directory, PASSPHRASE);

  const desk = await startDesk({ ...options, bots: [] });
  defer(() => desk.stop());
  const locked = await until('a comparison in vain', async () => {
    const seen = await desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
    return seen.fault === null ? null : seen;
  });
  assert.match(locked.fault ?? '', /locked/);

  desk.supervisor.unlock(Buffer.from(PASSPHRASE));
  await until('a desk that is whole', async () => {
    const [health, compared] = await Promise.all([
      desk.client.get<api.Health>('/api/v1/health'),
      desk.client.get<api.Reconciliation>('/api/v1/reconciliation'),
    ]);
    const isWhole = health.streams.every(({ state }) => state === 'up');
    return isWhole && compared.fault === null && compared.sweptAt !== null ? true : null;
  });
  const { findings } = await desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
  assert.equal(
    findings.some(({ code }) => code === 'startedUnchecked'),
    false,
  );
  const [after] = (await desk.client.get<api.DealPage>('/api/v1/deals')).deals;
  assert.ok(after !== undefined);
  assert.deepEqual(restingOf(after), restingOf(deal));
});

test('[T198] a desk whose exchange does not answer has a page that says so, tries again, and comes up by itself', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--no-keys', '--seed', '198',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const exchange = await silentExchange(simulator.addresses.rest);
  defer(() => exchange.stop());
  const rest = exchange.address;
  const desk = await startDesk({
    simulator, directory, symbols: ['BTCUSDT'], bots: [], rest, marketRest: rest,
  }); // prettier-ignore
  defer(() => desk.stop());
  const start = await desk.client.get<api.Start>('/api/v1/start');
  assert.equal(start.hasStarted, false);
  assert.equal(start.waitsFor?.what, 'market');
  assert.match(start.waitsFor.reason, /503|unavailable/i);
  const page = await fetch(desk.link, { redirect: 'manual' });
  assert.equal(page.status, 303, 'a person can come in');
  await assert.rejects(desk.client.get('/api/v1/bots'), (error: unknown) => {
    assert.ok(error instanceof Error);
    assert.match(error.message, /found one that asks for the market of the exchange since 20/);
    return true;
  });
  exchange.answers = true;
  const overview = await until('the desk', async () => {
    const seen = await desk.client.get<api.Start>('/api/v1/start');
    return seen.hasStarted ? desk.client.get<api.Desk>('/api/v1/desk') : null;
  });
  assert.deepEqual(
    overview.instruments.map(({ symbol }) => symbol),
    ['BTCUSDT'],
  );
  assert.deepEqual(desk.restarts, []);
});

/** Stands before an exchange and answers nothing of its own until it is told to. */
async function silentExchange(
  rest: string,
): Promise<{ readonly address: string; answers: boolean; stop(): Promise<void> }> {
  const server = createServer((request, response) => void take(request, response));
  const exchange = {
    address: '',
    answers: false,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const take = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!exchange.answers) {
      response.writeHead(503).end('unavailable');
      return;
    }
    const key = request.headers['x-mbx-apikey'];
    const answer = await fetch(`${rest}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers: typeof key === 'string' ? { 'x-mbx-apikey': key } : {},
    });
    response.writeHead(answer.status, { 'content-type': 'application/json' });
    response.end(await answer.text());
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  exchange.address = `http://127.0.0.1:${address.port}`;
  return exchange;
}

function restingOf({ orders }: api.Deal): readonly string[] {
  return orders.filter(({ state }) => state === 'open').map(({ clientOrderId }) => clientOrderId);
}
