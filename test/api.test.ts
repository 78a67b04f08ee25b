// SPDX-License-Identifier: Apache-2.0
// The desk's HTTP API on a running desk: who may speak, what is answered, and that it is what is described.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { after, before, test } from 'node:test';
import { makeSettings, type DcaSettings } from '@kontor/core';
import { deskOrderId } from '@kontor/exchange';
import { Store, type api } from '@kontor/server';
import { faultOf } from '../tools/api-types.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';

const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Refused',
  symbols: ['BTCUSDT'],
  baseOrderVolume: '500',
  baseOrderType: 'market',
  safetyOrderVolume: '500',
  safetyOrderStep: '1',
  maxSafetyOrders: 1,
  maxActiveSafetyOrders: 1,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '1',
  cooldownSeconds: 1,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

/** Orders of 100 USDT and less pass, and the bot above asks for 500. */
const POLICY = `policy/v1
connection demo
allow id=small op=order.place symbol=BTCUSDT,ETHUSDT side=BUY,SELL type=LIMIT,LIMIT_MAKER notional<=100 USDT per-day<=100000 USDT rate<=100/10s
allow id=cancels op=order.cancel rate<=100/10s
allow id=reads op=read.* rate<=400/10s
default deny
`;

let simulator: SimulatorProcess;
let desk: TestDesk;
let cookie = '';
const works: (() => Promise<void>)[] = [];

before(async () => {
  const defer = deferrer({ after: (work) => works.push(work) });
  const directory = temporaryDirectory(defer);
  simulator = await startSimulator(['--account', 'demo:USDT=10000', '--no-keys', '--seed', '3']);
  defer(() => simulator.stop());
  desk = await startDesk({
    simulator,
    bots: [SETTINGS],
    directory,
    policy: POLICY,
    symbols: ['BTCUSDT', 'ETHUSDT'],
  });
  defer(() => desk.stop());
});
after(async () => {
  for (const work of works) await work();
});

interface Raw {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
}

/** A request with exactly these headers; fetch would set host and origin itself. */
function raw(
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body?: string,
): Promise<Raw> {
  const { hostname, port } = new URL(desk.url);
  return new Promise((resolve, reject) => {
    const sent = request({ host: hostname, port, method, path, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('[A1] without a session every route of the API answers 401 and says where a link comes from', async () => {
  const description = JSON.parse((await raw('GET', '/openapi.json')).body);
  const paths = Object.keys(description.paths);
  assert.ok(paths.length >= 15, `expected the whole API, found ${paths.length} paths`);
  for (const path of paths) {
    for (const method of Object.keys(description.paths[path])) {
      // What is open to all says so.
      if (description.paths[path][method].security?.length === 0) continue;
      const answer = await raw(method.toUpperCase(), path.replace('{id}', '1-1'));
      assert.equal(answer.status, 401, `${method} ${path}`);
      assert.match(answer.body, /kontor link/);
    }
  }
  assert.equal((await raw('GET', '/api/v1/stream')).status, 401);
  assert.equal((await raw('GET', '/metrics')).status, 401);
  assert.equal((await raw('GET', '/api/v1/bots', { authorization: 'Bearer wrong' })).status, 401);
});

test('[A2] a link works once, and its session cookie is kept from scripts and other sites', async () => {
  const { pathname, search } = new URL(desk.link);
  const first = await raw('GET', pathname + search);
  assert.equal(first.status, 303);
  assert.equal(first.headers['location'], '/');
  const [set = ''] = first.headers['set-cookie'] ?? [];
  assert.match(set, /HttpOnly/);
  assert.match(set, /SameSite=Strict/);
  cookie = set.split(';')[0] ?? '';
  const second = await raw('GET', pathname + search);
  assert.equal(second.headers['location'], '/locked');
  assert.equal(second.headers['set-cookie'], undefined);
  assert.equal((await raw('GET', '/api/v1/bots', { cookie })).status, 200);
});

test('[A3] another host name and another origin are refused', async () => {
  const { host } = new URL(desk.url);
  for (const name of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example']) {
    assert.equal((await raw('GET', '/api/v1/bots', { cookie, host: name })).status, 421, name);
  }
  for (const origin of ['http://evil.example', 'null', `https://${host}`]) {
    assert.equal(
      (await raw('POST', '/api/v1/bots/1/stop', { cookie, origin })).status,
      403,
      origin,
    );
  }
  assert.equal(
    (await raw('POST', '/api/v1/bots/1/start', { cookie, origin: `http://${host}` })).status,
    200,
  );
});

test('[A4] what the routes answer is what their schemas say', async () => {
  for (const [path, schema] of [
    ['/desk', 'Desk'],
    ['/health', 'Health'],
    ['/totals', 'Totals'],
    ['/bots/1', 'Bot'],
    ['/deals', 'DealPage'],
    ['/candles?symbol=BTCUSDT&interval=5m&limit=10', 'Candles'],
  ] as const) {
    const answer = await raw('GET', `/api/v1${path}`, { cookie });
    assert.equal(answer.status, 200, path);
    assert.equal(faultOf(schema, JSON.parse(answer.body)), null, path);
  }
  for (const [path, status] of [
    ['/bots/99', 404],
    ['/deals/9-9', 404],
    ['/bots/x', 400],
    ['/candles?symbol=NOPE', 404],
    ['/deals?limit=0', 400],
    ['/nothing', 404],
  ] as const) {
    const answer = await raw('GET', `/api/v1${path}`, { cookie });
    assert.equal(answer.status, status, path);
    assert.equal(faultOf('ErrorBody', JSON.parse(answer.body)), null, path);
  }
});

test('[A5] wrong settings are answered field by field and make no bot', async () => {
  const count = (await desk.client.get<api.Bot[]>('/api/v1/bots')).length;
  for (const [body, fields] of [
    [{ ...SETTINGS, takeProfit: '-1', maxActiveDeals: 0 }, ['takeProfit', 'maxActiveDeals']],
    [{ ...SETTINGS, symbols: ['DOGEUSDT'] }, ['symbols']],
    [{ ...SETTINGS, martingale: 3 }, ['martingale']],
    [{ ...SETTINGS, name: 'a\u001b[31m' }, ['name']],
  ] as const) {
    const answer = await raw(
      'POST',
      '/api/v1/bots',
      { cookie, 'content-type': 'application/json' },
      JSON.stringify(body),
    );
    assert.equal(answer.status, 400, answer.body);
    const error: api.ErrorBody = JSON.parse(answer.body);
    assert.deepEqual(
      error.fields?.map(({ field }) => field),
      [...fields],
    );
  }
  assert.equal((await desk.client.get<api.Bot[]>('/api/v1/bots')).length, count);
  const good = await raw(
    'POST',
    '/api/v1/bots',
    { cookie, 'content-type': 'application/json' },
    JSON.stringify({ ...SETTINGS, name: 'Small', baseOrderVolume: '50', safetyOrderVolume: '50' }),
  );
  assert.equal(good.status, 201, good.body);
});

test('[R15] an order outside the policy never reaches the exchange and shows the rule that refused it', async () => {
  const deal = await until('a refused order', async () => {
    const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?bot=1');
    return deals.find(({ orders }) => orders.some(({ state }) => state === 'rejected')) ?? null;
  });
  const refused = deal.orders.find(({ state }) => state === 'rejected');
  assert.equal(refused?.rejectedBy, 'policy');
  assert.match(refused?.rule ?? '', /small: notional/);
  assert.match(refused?.reason ?? '', /100/);
  assert.equal(deal.status, 'failed');
  const { orders } = await simulator.control<{
    readonly orders: readonly { readonly clientOrderId: string }[];
  }>('/accounts/demo/orders');
  assert.ok(
    !orders.some(({ clientOrderId }) => deskOrderId(clientOrderId) === refused?.clientOrderId),
  );
});

test('[A6] the live stream numbers its messages without holes', async () => {
  const response = await fetch(`${desk.url}/api/v1/stream`, {
    headers: { cookie },
    signal: AbortSignal.timeout(20_000),
  });
  assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
  assert.ok(response.body !== null);
  let text = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    text += decoder.decode(chunk, { stream: true });
    if ((text.match(/^id: /gm) ?? []).length > 30) break;
  }
  const events = text.split('\n\n').slice(0, -1);
  const ids = events.map((event) => Number(/^id: (\d+)$/m.exec(event)?.[1]));
  const first = ids[0] ?? 0;
  assert.deepEqual(
    ids,
    ids.map((_, index) => first + index),
  );
  for (const event of events) {
    const data = /^data: (.*)$/m.exec(event)?.[1] ?? '';
    assert.equal(faultOf('StreamMessage', JSON.parse(data)), null, data);
  }
});

test('[A7] deals are paged newest first without gaps or repeats', async () => {
  await desk.client.post('/api/v1/bots/2/start');
  for (let cancelled = 0; cancelled < 3; cancelled += 1) {
    const open = await until('an open deal', async () => {
      const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?bot=2&status=open');
      return deals.find(({ status }) => status === 'open') ?? null;
    });
    await desk.client.post(`/api/v1/deals/${open.id}/cancel`);
    await until('the deal is cancelled', async () => {
      const deal = await desk.client.get<api.Deal>(`/api/v1/deals/${open.id}`);
      return deal.status === 'cancelled' ? deal : null;
    });
  }
  await desk.client.post('/api/v1/bots/2/stop');
  await desk.client.post('/api/v1/bots/1/stop');
  const whole = await desk.client.get<api.DealPage>('/api/v1/deals?limit=500');
  const paged: string[] = [];
  let cursor: string | null = null;
  do {
    const query = cursor === null ? '' : `&cursor=${cursor}`;
    const page: api.DealPage = await desk.client.get(`/api/v1/deals?limit=2${query}`);
    paged.push(...page.deals.map(({ id }) => id));
    cursor = page.nextCursor;
  } while (cursor !== null);
  assert.deepEqual(
    paged,
    whole.deals.map(({ id }) => id),
  );
  const opened = whole.deals.map(({ openedAt }) => openedAt);
  assert.deepEqual(
    opened,
    opened.toSorted((a, b) => b - a),
  );
});

test('[A8] a backup is a whole store in a file that the desk names', async () => {
  const { file } = await desk.client.post<{ readonly file: string }>('/api/v1/backups', {
    file: 'elsewhere.db',
  });
  assert.ok(file.startsWith(`${desk.directory}/run/backup-`), file);
  const copy = new Store(file);
  assert.equal(copy.integrity(), 'ok');
  assert.ok(copy.all('SELECT bot_id FROM bots').length >= 1);
  copy.close();
});
