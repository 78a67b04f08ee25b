// SPDX-License-Identifier: Apache-2.0
// The control server over HTTP: every route, and what it refuses.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { CONTROL_ROUTES } from '../src/control/routes.ts';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../src/index.ts';
import { minuteMarket, START_MS } from './open-market.ts';
import { SignedClient } from './signed-client.ts';
import { StreamClient } from './stream-client.ts';

type Body = Record<string, unknown>;

const TABLE = Array.from(
  { length: 6 },
  (_, index) => `${100 + index} ${103 + index} ${97 + index} ${101 + index} 8`,
).join('\n');

async function simulator(
  context: TestContext,
  options: SimulatorOptions = {},
): Promise<RunningSimulator> {
  const running = await startSimulator({
    market: minuteMarket(TABLE),
    history: 0,
    speed: 0,
    seed: 'control',
    accounts: [{ name: 'demo', balances: { USDT: '10000', BTC: '1' } }],
    ...options,
  });
  context.after(() => running.stop());
  return running;
}

async function ask(
  running: RunningSimulator,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Body }> {
  const response = await fetch(running.control + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    signal: AbortSignal.timeout(5000),
  });
  return { status: response.status, body: (await response.json()) as Body };
}

test('[X171] GET /control lists every route with what it does and an example', async (context) => {
  const running = await simulator(context);
  const { status, body } = await ask(running, 'GET', '/control');
  assert.equal(status, 200);
  const routes = body['routes'] as Body[];
  assert.equal(routes.length, CONTROL_ROUTES.length + 1);
  for (const route of routes) {
    assert.ok(String(route['does']).length > 5, String(route['path']));
    assert.ok(route['example'] !== undefined, String(route['path']));
  }
});

test('[X172] accounts are created with balances and keys, and money is put in and taken out', async (context) => {
  const running = await simulator(context);
  const made = await ask(running, 'POST', '/control/accounts', {
    name: 'second',
    balances: { USDT: '500', BTC: 0.25 },
  });
  assert.equal(made.status, 201);
  const key = made.body['key'] as { apiKey: string; keyType: string; secret: string };
  assert.equal(key.keyType, 'HMAC');
  const client = new SignedClient(running.rest, key);
  const account = await client.call('GET', '/api/v3/account', { omitZeroBalances: 'true' });
  assert.equal(account.status, 200);
  const balances = account.body['balances'] as Body[];
  assert.deepEqual(
    balances
      .map(({ asset, free }) => `${String(asset)} ${String(free)}`)
      .toSorted((left, right) => (left < right ? -1 : 1)),
    ['BTC 0.25000000', 'USDT 500.00000000'],
  );
  const added = await ask(running, 'POST', '/control/accounts/second/deposits', {
    asset: 'USDT',
    amount: '12.5',
  });
  assert.deepEqual((added.body['balances'] as Body)['USDT'], {
    free: '512.50000000',
    locked: '0.00000000',
  });
  const taken = await ask(running, 'POST', '/control/accounts/second/deposits', {
    asset: 'USDT',
    amount: '-513',
  });
  assert.equal(taken.status, 400);
  assert.match(String(taken.body['error']), /amount must leave USDT at 0 or more, was -513/);
  const listed = await ask(running, 'GET', '/control/accounts');
  assert.deepEqual(
    (listed.body['accounts'] as Body[]).map(({ name }) => name),
    ['demo', 'second'],
  );
  assert.ok(!JSON.stringify(listed.body).includes(key.secret), 'no secret is told again');
});

test('[X173] keys of an account: Ed25519 and RSA, with rights and addresses, until they are deleted', async (context) => {
  const running = await simulator(context);
  const ed25519 = generateKeyPairSync('ed25519');
  const publicKeyPem = ed25519.publicKey.export({ type: 'spki', format: 'pem' });
  const made = await ask(running, 'POST', '/control/accounts/demo/keys', {
    publicKeyPem,
    rights: { reading: true },
    ips: ['127.0.0.1'],
  });
  assert.deepEqual(
    [made.status, made.body['keyType'], made.body['secret']],
    [201, 'ED25519', undefined],
  );
  const apiKey = String(made.body['apiKey']);
  const call = async (
    method: string,
    path: string,
    query: string,
  ): Promise<{ status: number; body: Body }> => {
    const payload = `${query}&timestamp=${Date.now()}`;
    const signature = encodeURIComponent(
      sign(null, Buffer.from(payload), ed25519.privateKey).toString('base64'),
    );
    const response = await fetch(`${running.rest}${path}?${payload}&signature=${signature}`, {
      method,
      headers: { 'x-mbx-apikey': apiKey },
    });
    return { status: response.status, body: (await response.json()) as Body };
  };
  assert.equal((await call('GET', '/api/v3/account', 'omitZeroBalances=true')).status, 200);
  const order = await call(
    'POST',
    '/api/v3/order',
    'symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=90',
  );
  assert.deepEqual([order.status, order.body['code']], [401, -2015], 'it may only read');
  const far = await ask(running, 'POST', '/control/accounts/demo/keys', { ips: ['10.0.0.1'] });
  const elsewhere = new SignedClient(running.rest, {
    apiKey: String(far.body['apiKey']),
    secret: String(far.body['secret']),
  });
  assert.equal(
    (await elsewhere.call('GET', '/api/v3/account')).body['code'],
    -2015,
    'not from here',
  );
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({
    type: 'spki',
    format: 'pem',
  });
  assert.equal(
    (await ask(running, 'POST', '/control/accounts/demo/keys', { publicKeyPem: rsa })).body[
      'keyType'
    ],
    'RSA',
  );
  const one = await ask(running, 'GET', '/control/accounts/demo');
  assert.equal((one.body['keys'] as Body[]).length, 4);
  const changed = await ask(running, 'POST', `/control/keys/${apiKey}`, {
    rights: { withdrawals: true },
    ips: ['127.0.0.1'],
    createTime: 1_700_000_000_000,
  });
  assert.equal(changed.status, 200);
  assert.deepEqual(
    [
      changed.body['ips'],
      changed.body['createTime'],
      (changed.body['rights'] as Body)['withdrawals'],
    ],
    [['127.0.0.1'], 1_700_000_000_000, true],
  );
  assert.deepEqual(await ask(running, 'DELETE', `/control/keys/${apiKey}`), {
    status: 200,
    body: { deleted: true },
  });
  assert.equal((await call('GET', '/api/v3/account', 'omitZeroBalances=true')).status, 401);
  const bad = await ask(running, 'POST', '/control/accounts/demo/keys', {
    publicKeyPem: 'nonsense',
  });
  assert.equal(bad.status, 400);
  assert.match(String(bad.body['error']), /publicKeyPem must be an Ed25519 or RSA public key/);
});

test('[X174] a step walks points and answers when stream listeners have been told', async (context) => {
  const running = await simulator(context);
  const client = await StreamClient.open(
    `${running.streams}/ws/btcusdt@trade/btcusdt@kline_1m/btcusdt@depth`,
  );
  context.after(() => client.close());
  const stepped = await ask(running, 'POST', '/control/market/step', { points: 4 });
  assert.deepEqual(stepped, {
    status: 200,
    body: { marketMs: START_MS + 59_999, points: 4, done: false },
  });
  await client.until(() => client.messages.filter(({ e }) => e === 'trade').length === 4);
  await client.find(({ k }) => (k as Body | undefined)?.['c'] === '101.00000000');
  await client.find(({ e }) => e === 'depthUpdate');
  const until = await ask(running, 'POST', '/control/market/step', { untilMs: START_MS + 80_000 });
  assert.deepEqual(until.body, { marketMs: START_MS + 80_000, points: 2, done: false });
  const end = await ask(running, 'POST', '/control/market/step', { points: 1000 });
  assert.deepEqual(end.body, { marketMs: START_MS + 359_999, points: 18, done: true });
  assert.equal((await ask(running, 'GET', '/control/market')).body['state'], 'ended');
});

test('[X175] the market is paused, resumed and given another speed', async (context) => {
  const running = await simulator(context, { speed: 1 });
  assert.equal((await ask(running, 'GET', '/control/market')).body['state'], 'running');
  const busy = await ask(running, 'POST', '/control/market/step', { points: 1 });
  assert.deepEqual(busy, {
    status: 409,
    body: { error: 'the market runs by itself: pause it or set speed 0 first' },
  });
  assert.equal((await ask(running, 'POST', '/control/market/pause')).body['state'], 'paused');
  assert.equal((await ask(running, 'POST', '/control/market/step', { points: 1 })).status, 200);
  assert.equal((await ask(running, 'POST', '/control/market/resume')).body['state'], 'running');
  assert.equal(
    (await ask(running, 'POST', '/control/market/speed', { speed: 0 })).body['state'],
    'stepping',
  );
  assert.equal((await ask(running, 'POST', '/control/market/speed', { speed: 'max' })).status, 200);
  const endMs = performance.now() + 5000;
  while ((await ask(running, 'GET', '/control/market')).body['state'] !== 'ended')
    assert.ok(performance.now() < endMs);
});

test('[X176] an account’s orders and trades can be looked at', async (context) => {
  const running = await simulator(context);
  await running.step({ points: 1 });
  const client = SignedClient.of(running);
  const order = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.1',
    price: '98',
  };
  const placed = await client.call('POST', '/api/v3/order', order);
  assert.equal(placed.status, 200);
  const open = await ask(running, 'GET', '/control/accounts/demo/open-orders?symbol=BTCUSDT');
  assert.deepEqual(
    (open.body['orders'] as Body[]).map(({ orderId, status }) => [orderId, status]),
    [[placed.body['orderId'], 'NEW']],
  );
  await running.step({ points: 1 });
  assert.deepEqual((await ask(running, 'GET', '/control/accounts/demo/open-orders')).body, {
    orders: [],
  });
  const all = await ask(running, 'GET', '/control/accounts/demo/orders');
  assert.deepEqual(
    (all.body['orders'] as Body[]).map(({ status }) => status),
    ['FILLED'],
  );
  const trades = await ask(running, 'GET', '/control/accounts/demo/trades');
  assert.deepEqual(
    (trades.body['trades'] as Body[]).map(({ price, isMaker }) => [price, isMaker]),
    [['98.00000000', true]],
  );
  assert.deepEqual(
    (await ask(running, 'GET', '/control/accounts/demo/trades?symbol=ETHUSDT')).body,
    { trades: [] },
  );
});

test('[X177] faults are armed, listed and cleared', async (context) => {
  const running = await simulator(context);
  const armed = await ask(running, 'POST', '/control/faults', {
    kind: 'errorBeforeAccept',
    count: 3,
    path: '/api/v3/ping',
  });
  assert.equal(armed.status, 201);
  assert.equal((await fetch(`${running.rest}/api/v3/ping`)).status, 503);
  const listed = (await ask(running, 'GET', '/control/faults')).body['faults'] as Body[];
  assert.deepEqual(
    listed.map(({ faultId, kind, struck }) => [faultId, kind, struck]),
    [[1, 'errorBeforeAccept', 1]],
  );
  assert.deepEqual(await ask(running, 'DELETE', '/control/faults/1'), {
    status: 200,
    body: { faults: [] },
  });
  assert.equal((await fetch(`${running.rest}/api/v3/ping`)).status, 200);
  assert.equal((await ask(running, 'DELETE', '/control/faults/1')).status, 404);
  await ask(running, 'POST', '/control/faults', { kind: 'maintenance' });
  assert.equal((await fetch(`${running.rest}/api/v3/ping`)).status, 503);
  assert.equal((await ask(running, 'DELETE', '/control/faults')).status, 200);
  assert.equal((await fetch(`${running.rest}/api/v3/ping`)).status, 200);
});

test('[X178] what cannot be done is refused with what was expected', async (context) => {
  const running = await simulator(context);
  const table: readonly (readonly [
    method: string,
    path: string,
    body: unknown,
    status: number,
    error: RegExp,
  ])[] = [
    [
      'GET',
      '/control/nothing',
      undefined,
      404,
      /no GET \/control\/nothing; GET \/control lists what there is/,
    ],
    ['POST', '/control/accounts', { name: 'a b' }, 400, /name must be 1 to 64 of/],
    ['POST', '/control/accounts', { name: 'demo' }, 409, /there is an account demo already/],
    [
      'POST',
      '/control/accounts',
      { name: 'x', balances: { USDT: '1e5' } },
      400,
      /balances\.USDT must be a number ≥ 0/,
    ],
    [
      'POST',
      '/control/accounts',
      { name: 'x', balances: { usdt: '1' } },
      400,
      /asset must be like USDT/,
    ],
    ['POST', '/control/accounts', { balances: {} }, 400, /name must be given/],
    [
      'POST',
      '/control/accounts',
      { name: 'x', publicKeyPem: 'x' },
      400,
      /publicKeyPem must be an Ed25519 or RSA public key/,
    ],
    ['GET', '/control/accounts/x', undefined, 404, /no account x/],
    [
      'POST',
      '/control/accounts/none/deposits',
      { asset: 'USDT', amount: '1' },
      404,
      /no account none/,
    ],
    [
      'POST',
      '/control/accounts/demo/deposits',
      { asset: 'USDT', amount: 5 },
      400,
      /amount must be a text, was 5/,
    ],
    ['POST', '/control/accounts/demo/deposits', { asset: 'USDT', amount: 'x' }, 400, /amount/],
    [
      'POST',
      '/control/accounts/demo/keys',
      { rights: { flying: true } },
      400,
      /rights must be true or false for/,
    ],
    [
      'POST',
      '/control/accounts/demo/keys',
      { ips: 'here' },
      400,
      /ips must be a list of addresses/,
    ],
    ['DELETE', '/control/keys/none', undefined, 404, /no such key/],
    ['POST', '/control/keys/none', {}, 404, /no such key/],
    ['POST', '/control/faults', { kind: 'maintenance', often: 3 }, 400, /unknown field often/],
    [
      'POST',
      '/control/faults',
      { kind: 'maintenance', count: 'x' },
      400,
      /count must be a number, was "x"/,
    ],
    ['POST', '/control/faults', { count: 1 }, 400, /kind must be given/],
    ['POST', '/control/market/step', {}, 400, /expected either points or untilMs/],
    [
      'POST',
      '/control/market/step',
      { points: 1.5 },
      400,
      /points must be a whole number from 1 to 1000000, was 1\.5/,
    ],
    [
      'POST',
      '/control/market/speed',
      { speed: -1 },
      400,
      /speed must be a number from 0 to 1000000 or "max", was -1/,
    ],
    ['POST', '/control/state', undefined, 409, /started without --state/],
    ['POST', '/control/market/step', '{"points":', 400, /expected a JSON object/],
    ['POST', '/control/market/step', '[1]', 400, /expected a JSON object/],
  ];
  for (const [method, path, body, status, error] of table) {
    const answer = await ask(running, method, path, body);
    assert.equal(answer.status, status, `${method} ${path} ${JSON.stringify(body)}`);
    assert.match(String(answer.body['error']), error);
  }
  const page = await ask(
    running,
    'POST',
    '/control/market/step',
    { points: 1 },
    { origin: 'http://evil.example' },
  );
  assert.deepEqual(
    [page.status, page.body['error']],
    [403, 'expected a request from a program, found one from http://evil.example'],
  );
  const rebound = await new Promise<number | undefined>((resolve, reject) => {
    get(`${running.control}/control/status`, { headers: { host: 'evil.example' } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    }).on('error', reject);
  });
  assert.equal(rebound, 403, 'a stranger’s name that points here');
  const synthetic = await simulator(context, {
    market: { kind: 'synthetic', symbols: ['BTCUSDT'] },
  });
  assert.match(
    String((await ask(synthetic, 'POST', '/control/market/speed', { speed: 'max' })).body['error']),
    /a market that ends/,
  );
});

test('[X179] the state is written when asked, and the status tells what runs', async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-control-'));
  const statePath = join(folder, 'state.json');
  const running = await simulator(context, { statePath });
  context.after(() => rmSync(folder, { recursive: true, force: true }));
  await running.step({ points: 7 });
  assert.deepEqual(await ask(running, 'POST', '/control/state'), {
    status: 200,
    body: { path: statePath },
  });
  const state = JSON.parse(readFileSync(statePath, 'utf8')) as Body;
  assert.deepEqual(
    [state['format'], state['version'], state['marketMs']],
    ['kontor-simulator', 1, START_MS + 100_000],
  );
  const { body } = await ask(running, 'GET', '/control/status');
  assert.deepEqual(
    [body['accounts'], body['seed'], body['symbols'], body['state']],
    [['demo'], 'control', ['BTCUSDT'], statePath],
  );
  assert.equal((body['market'] as Body)['points'], 7);
});
