// SPDX-License-Identifier: Apache-2.0
// The HTTP API's promises: who may ask, how it is described, what wrong settings are told, how deals are paged.

import type { HeldInfo } from '@kontor/signer';
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import * as Schema from 'typebox/schema';
import { ONE_ORDER } from './scripted-desk.ts';
import { SYMBOL } from './scripted-exchange.ts';
import { openApi, TERMINAL_TOKEN, VAULT, type ScriptedApi } from './scripted-api.ts';
import { connectionInfo } from './connection-info.ts';

const HOST = '127.0.0.1:4180';
const EDGE_BATCH = { root: '0'.repeat(64), lines: 3, from: 0, to: 0 };
const FIFTY = { amount: { kind: 'quote', value: '50' } };

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  return api;
}

interface OpenApiDocument {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly security?: readonly unknown[];
            readonly responses: Readonly<
              Record<
                string,
                { readonly content?: Readonly<Record<string, { readonly schema: object }>> }
              >
            >;
          }
        >
      >
    >
  >;
  readonly components: object;
}

async function description(api: ScriptedApi): Promise<OpenApiDocument> {
  const answer = await api.app.inject({ url: '/openapi.json', headers: { host: HOST } });
  assert.equal(answer.statusCode, 200);
  return answer.json<OpenApiDocument>();
}

/** Every route of the application: method and path with `{name}` for parameters. */
function registered(api: ScriptedApi): readonly string[] {
  const found: string[] = [];
  const above: string[] = [];
  for (const line of api.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^([│├└─ ]*)(\S.*?)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match?.[2] === undefined) continue;
    const depth = (match[1]?.length ?? 0) / 4;
    above[depth] = match[2];
    const printed = above.slice(0, depth + 1).join('');
    // A wildcard is printed without what stands before it, and there is one.
    const path = printed === '*' ? '/log/tile/{*}' : printed;
    for (const method of match[3]?.split(', ') ?? []) {
      found.push(`${method.toLowerCase()} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    }
  }
  return found;
}

test('[A1] without a session or the token every API route answers 401 and names the way in', async (t) => {
  const api = await opened(t);
  const { paths } = await description(api);
  let asked = 0;
  for (const [path, methods] of Object.entries(paths)) {
    if (!path.startsWith('/api/') && path !== '/metrics') continue;
    for (const method of Object.keys(methods)) {
      const answer = await api.app.inject({
        method: method.toUpperCase() as 'GET',
        url: path.replace('{id}', path.includes('deals') ? '1-1' : '1'),
        headers: { host: HOST },
      });
      assert.equal(answer.statusCode, 401, `${method} ${path}`);
      assert.equal(answer.json().error, 'locked');
      assert.match(answer.json().message, /kontor link/);
      asked += 1;
    }
  }
  assert.ok(asked >= 19, `${asked} routes were asked`);
  for (const authorization of [
    'Bearer wrong',
    'Bearer ',
    TERMINAL_TOKEN,
    `Basic ${TERMINAL_TOKEN}`,
  ]) {
    const answer = await api.app.inject({
      url: '/api/v1/desk',
      headers: { host: HOST, authorization },
    });
    assert.equal(answer.statusCode, 401, authorization);
  }
  const free = await api.app.inject({ url: '/healthz', headers: { host: HOST } });
  assert.deepEqual([free.statusCode, free.json()], [200, { ok: true }]);
});

test('[A2] a link works once; its cookie is HttpOnly and opens the API until it is ended', async (t) => {
  const api = await opened(t);
  const { body } = await api.ask('POST', '/api/v1/links');
  const url = `/login?token=${body.token}`;
  const look = await api.app.inject({ method: 'HEAD', url, headers: { host: HOST } });
  assert.equal(look.statusCode, 404, 'looking at a link does not spend it');
  const login = await api.app.inject({ url, headers: { host: HOST } });
  assert.equal(login.statusCode, 303);
  assert.equal(login.headers.location, '/');
  const [cookie] = login.cookies;
  assert.ok(cookie !== undefined);
  assert.equal(cookie.httpOnly, true);
  assert.equal(cookie.sameSite, 'Strict');
  assert.equal(cookie.path, '/');
  const again = await api.app.inject({ url, headers: { host: HOST } });
  assert.equal(again.headers.location, '/locked');
  assert.deepEqual(again.cookies, []);
  const asked = async (): Promise<number> => {
    const { statusCode } = await api.app.inject({
      url: '/api/v1/desk',
      headers: { host: HOST },
      cookies: { [cookie.name]: cookie.value },
    });
    return statusCode;
  };
  assert.equal(await asked(), 200);
  const ended = await api.app.inject({
    method: 'DELETE',
    url: '/api/v1/session',
    headers: { host: HOST, origin: `http://${HOST}` },
    cookies: { [cookie.name]: cookie.value },
  });
  assert.equal(ended.statusCode, 204);
  assert.equal(await asked(), 401);
});

test('[A2] desks on other ports of the machine keep apart: each has a cookie of its own', async (t) => {
  const api = await opened(t);
  const names: (string | undefined)[] = [];
  for (const host of ['127.0.0.1:4180', '127.0.0.1:4181', 'localhost']) {
    const { body } = await api.ask('POST', '/api/v1/links');
    const login = await api.app.inject({ url: `/login?token=${body.token}`, headers: { host } });
    names.push(login.cookies[0]?.name);
    const ended = await api.app.inject({
      method: 'DELETE',
      url: '/api/v1/session',
      headers: { host, origin: `http://${host}` },
      cookies: { [login.cookies[0]?.name ?? '']: login.cookies[0]?.value ?? '' },
    });
    assert.equal(ended.cookies[0]?.name, login.cookies[0]?.name);
  }
  assert.deepEqual(names, ['kontor_session_4180', 'kontor_session_4181', 'kontor_session_80']);
});

test('[A2] ending a session ends its live streams at once, and no other', async (t) => {
  const api = await opened(t);
  const url = await api.app.listen({ host: '127.0.0.1', port: 0 });
  const pages: { readonly cookie: string; readonly stream: Response }[] = [];
  while (pages.length < 2) {
    const { body } = await api.ask('POST', '/api/v1/links');
    const login = await fetch(`${url}/login?token=${body.token}`, { redirect: 'manual' });
    const cookie = login.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const page = new AbortController();
    t.after(() => page.abort());
    const stream = await fetch(`${url}/api/v1/stream`, {
      headers: { cookie },
      signal: page.signal,
    });
    assert.equal(stream.status, 200);
    pages.push({ cookie, stream });
  }
  const [leaving] = pages;
  assert.ok(leaving !== undefined);
  assert.equal(api.live.clientCount, 2);
  const ended = await fetch(`${url}/api/v1/session`, {
    method: 'DELETE',
    headers: { cookie: leaving.cookie, origin: url },
  });
  assert.equal(ended.status, 204);
  assert.match(await leaving.stream.text(), /"hello"/, 'the stream came to its end');
  assert.equal(api.live.clientCount, 1);
});

test('[A3] other host names and other origins are refused', async (t) => {
  const api = await opened(t);
  const authorization = `Bearer ${TERMINAL_TOKEN}`;
  const hosts: readonly (readonly [host: string, status: number])[] = [
    ['127.0.0.1:4180', 200],
    ['127.0.0.1', 200],
    ['localhost:4180', 200],
    ['[::1]:4180', 200],
    ['evil.example:4180', 421],
    ['localhost.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['evil.example#127.0.0.1', 421],
    ['[::2]:4180', 421],
  ];
  for (const [host, status] of hosts) {
    const answer = await api.app.inject({ url: '/api/v1/desk', headers: { host, authorization } });
    assert.equal(answer.statusCode, status, JSON.stringify(host));
    if (status !== 200) assert.equal(answer.json().error, 'wrong_host');
  }
  const origins: readonly (readonly [
    method: 'GET' | 'POST' | 'DELETE',
    origin: string | null,
    status: number,
  ])[] = [
    ['POST', `http://${HOST}`, 201],
    ['POST', null, 201],
    ['POST', 'http://evil.example', 403],
    ['POST', 'http://127.0.0.1:9999', 403],
    ['POST', `https://${HOST}`, 403],
    ['POST', 'null', 403],
    ['DELETE', 'http://evil.example', 403],
    ['GET', 'http://evil.example', 200],
  ];
  for (const [method, origin, status] of origins) {
    const answer = await api.app.inject({
      method,
      url:
        method === 'GET' ? '/api/v1/desk' : method === 'POST' ? '/api/v1/links' : '/api/v1/session',
      headers: { host: HOST, authorization, ...(origin === null ? {} : { origin }) },
    });
    assert.equal(answer.statusCode, status, `${method} from ${origin}`);
    assert.equal(answer.headers['access-control-allow-origin'], undefined);
  }
});

test('[A3] pages may load nothing from elsewhere and not be framed', async (t) => {
  const api = await opened(t);
  const { headers } = await api.app.inject({ url: '/healthz', headers: { host: HOST } });
  const policy = String(headers['content-security-policy']);
  for (const part of [
    "default-src 'self'",
    "frame-ancestors 'none'",
    "object-src 'none'",
    "base-uri 'none'",
  ])
    assert.ok(policy.includes(part), `${part} in ${policy}`);
  assert.equal(headers['referrer-policy'], 'no-referrer');
  assert.equal(headers['x-content-type-options'], 'nosniff');
});

test('[A30] a request of a wrong shape is answered with field, what was expected and what came', async (t) => {
  const api = await openApi();
  t.after(() => api.close());
  for (const [method, url, body, said] of [
    ['GET', '/api/v1/bots/x', undefined, 'id: expected a number like 12, found "x"'],
    ['GET', '/api/v1/deals/9', undefined, 'id: expected a deal like 1-12, found "9"'],
    [
      'GET',
      '/api/v1/cases/AZ',
      undefined,
      'id: expected the identifier of a case as the list shows it, found "AZ"',
    ],
    ['GET', '/api/v1/deals?limit=0', undefined, 'limit: expected at least 1, found 0'],
    [
      'POST',
      '/api/v1/deals/1-1/add-funds',
      { amount: { kind: 'quote', value: '-5' } },
      'amount.value: expected a decimal number as text without a sign, like "2.5", found "-5"',
    ],
    ['POST', '/api/v1/deals/1-1/add-funds', {}, 'amount: expected a value, found nothing'],
    [
      'POST',
      '/api/v1/risk/desk/state',
      { state: 'off' },
      'state: expected one of active, reducing, halted, found "off"',
    ],
  ] as const) {
    const answer = await api.ask(method, url, body);
    assert.equal(answer.status, 400, url);
    assert.equal(Object(answer.body).message, said);
  }
});

test('[A4] every route is described, and nothing else', async (t) => {
  const api = await opened(t);
  const { paths } = await description(api);
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  const routes = registered(api).filter(
    (route) => !/^(head|options) |\/(openapi\.json|door\.(css|gif))$/.test(route),
  );
  assert.ok(routes.length > 20, routes.join('; '));
  assert.deepEqual(described.toSorted(), routes.toSorted());
});

const FLOW = 'A'.repeat(22);
const ASSERTION = {
  ...{ credential: 'AAAA', clientData: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' },
};
const REGISTRATION = { credential: 'AAAA', clientData: 'AAAA', attestation: 'AAAA' };

/** Asked as the terminal, which is no browser: ceremonies are refused in their described shape. */
const PEOPLE_ROUTES: readonly (readonly [
  method: 'GET' | 'PATCH' | 'POST' | 'DELETE',
  path: string,
  url: string,
  status: number,
  body?: object,
])[] = [
  ['GET', '/auth', '/auth', 200],
  ['POST', '/auth/passkey/options', '/auth/passkey/options', 200],
  ['POST', '/auth/passkey', '/auth/passkey', 401, { flow: FLOW, assertion: ASSERTION }],
  ['POST', '/auth/recovery', '/auth/recovery', 401, { code: 'x' }],
  ['POST', '/auth/invitation', '/auth/invitation', 404, { token: 'x' }],
  ['POST', '/auth/invitation/options', '/auth/invitation/options', 404, { token: 'x' }],
  [
    'POST',
    '/auth/invitation/accept',
    '/auth/invitation/accept',
    404,
    { token: 'x', flow: FLOW, passkeyName: 'x', registration: REGISTRATION },
  ],
  ['GET', '/api/v1/session', '/api/v1/session', 200],
  [
    'POST',
    '/api/v1/session/step-up/options',
    '/api/v1/session/step-up/options',
    409,
    { purpose: 'x' },
  ],
  [
    'POST',
    '/api/v1/session/step-up',
    '/api/v1/session/step-up',
    409,
    { flow: FLOW, assertion: ASSERTION },
  ],
  ['GET', '/api/v1/people', '/api/v1/people', 200],
  ['PATCH', '/api/v1/people/{id}', '/api/v1/people/u_x', 409, { role: 'viewer' }],
  ['DELETE', '/api/v1/people/{id}', '/api/v1/people/u_x', 409],
  ['POST', '/api/v1/people/{id}/recovery-codes', '/api/v1/people/u_x/recovery-codes', 404],
  [
    'POST',
    '/api/v1/people/passkeys/options',
    '/api/v1/people/passkeys/options',
    409,
    { name: 'x' },
  ],
  [
    'POST',
    '/api/v1/people/passkeys',
    '/api/v1/people/passkeys',
    409,
    { flow: FLOW, name: 'x', passkeyName: 'x', registration: REGISTRATION },
  ],
  ['DELETE', '/api/v1/people/passkeys/{credential}', '/api/v1/people/passkeys/AAAA', 404],
  [
    'POST',
    '/api/v1/people/invitations',
    '/api/v1/people/invitations',
    201,
    { name: 'Ben', role: 'viewer' },
  ],
  ['DELETE', '/api/v1/people/invitations/{id}', '/api/v1/people/invitations/i_x', 404],
  ['GET', '/api/v1/people/sessions', '/api/v1/people/sessions', 200],
  ['DELETE', '/api/v1/people/sessions', '/api/v1/people/sessions', 200],
  ['DELETE', '/api/v1/people/sessions/{id}', '/api/v1/people/sessions/s_x', 404],
  ['GET', '/api/v1/people/acts', '/api/v1/people/acts', 200],
  ['GET', '/api/v1/people/owners', '/api/v1/people/owners', 200],
  ['POST', '/api/v1/acts', '/api/v1/acts', 503, { act: { kind: 'enrolOwner' } }],
  [
    'POST',
    '/api/v1/acts/confirm',
    '/api/v1/acts/confirm',
    503,
    { nonce: 'x', approval: { kind: 'code', proof: 'AAAA' } },
  ],
];

const NEW_KEY = { name: 'main', venue: 'binance', keyKind: 'ed25519' };
const HELD: HeldInfo = {
  order: 'h7',
  connection: 'c_ABCDEF2',
  rule: 'big',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'LIMIT',
  timeInForce: 'GTC',
  price: '100',
  stop: null,
  quantity: '7',
  notional: '700',
  clientOrderId: 'k1-1',
  since: 1_793_491_200_000,
  until: 1_793_491_500_000,
  isReleased: false,
};
const UNLOCKING = { way: null, sealed: 'A'.repeat(64) };
const VAULT_PASSKEY = {
  name: 'Laptop',
  credential: 'QUJDREVGR0hJSktMTU5PUA',
  salt: 'A'.repeat(43),
  sealed: 'A'.repeat(64),
};
const SEALED_KEY = {
  name: 'main',
  venue: 'binance',
  keyKind: 'hmac-sha256',
  sealed: 'A'.repeat(128),
  publicKeyPem: null,
};

const POLICY_TEXT = `policy/v1
connection demo
reference source=egress:avgPrice max-age=3s
liquidity * max-spread=1% max-book-share=20%@1%
allow id=btc op=order.place symbol=BTCUSDT band=2% notional<=500 USDT per-day<=900 USDT open<=9 rate<=1/1s
deny op=order.place tif=FOK
`;
const ASKED_ORDER = {
  ...{ connection: 'c_ABCDEF2', symbol: 'BTCUSDT', side: 'buy', type: 'limit' },
  ...{ timeInForce: 'GTC', price: '100', quantity: '1' },
};

test('[A4] real answers have the described shape', async (t) => {
  const api = await opened(t);
  const document = await description(api);
  const { exchange } = api.desk;
  const id = await api.desk.firstOrder({
    ...ONE_ORDER,
    maxSafetyOrders: 2,
    maxActiveSafetyOrders: 1,
    stopLoss: '9',
  });
  await api.desk.untilState(id, 'open');
  const order = exchange.orders.get(id);
  assert.ok(order !== undefined);
  exchange.event(exchange.fill(order, 40));
  exchange.event(exchange.fill(order, order.lots - 40));
  await api.desk.untilState(id, 'filled');
  exchange.once('placeOrder', (intent) => exchange.refuse(intent, 'allow demo: notional'));
  await api.desk.firstOrder();
  await api.desk.untilQuiet();
  for (const number of [1, 2]) exchange.byOthers(`${api.desk.ids.prefixOf('9')}1-${number}`);
  exchange.byOthers('web_1');
  await api.desk.reconciler.start();

  const alarm = api.alarms.raise({ kind: 'foreignOrder', severity: 'critical', facts: {} });
  const caseId = api.cases.open({
    connection: 'c_ABCDEF2',
    name: 'main',
    venue: 'demo',
    grade: 'A',
    keyKind: 'ed25519',
    publicKeySha256: '',
    createdAt: 1,
    expiresAt: null,
  });
  const checked = new Set<string>();
  const asked: readonly (readonly [
    'GET' | 'PATCH' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    url: string,
    status: number,
    body?: unknown,
  ])[] = [
    ['GET', '/api/v1/desk', '/api/v1/desk', 200],
    ['GET', '/api/v1/alarms', '/api/v1/alarms', 200],
    ['POST', '/api/v1/alarms/{id}/acknowledge', `/api/v1/alarms/${alarm.id}/acknowledge`, 200],
    ['GET', '/api/v1/alarms/channels', '/api/v1/alarms/channels', 200],
    [
      'PUT',
      '/api/v1/alarms/channels/webhook',
      '/api/v1/alarms/channels/webhook',
      200,
      { url: 'http://127.0.0.1:1/' },
    ],
    ['DELETE', '/api/v1/alarms/channels/webhook', '/api/v1/alarms/channels/webhook', 200],
    ['POST', '/api/v1/alarms/channels/webhook/test', '/api/v1/alarms/channels/webhook/test', 200],
    ['GET', '/api/v1/cases', '/api/v1/cases', 200],
    ['GET', '/api/v1/cases/{id}', `/api/v1/cases/${caseId ?? ''}`, 200],
    ['GET', '/api/v1/foreign-orders', '/api/v1/foreign-orders', 200],
    ['GET', '/api/v1/health', '/api/v1/health', 200],
    ['GET', '/api/v1/totals', '/api/v1/totals', 200],
    ['GET', '/api/v1/balances', '/api/v1/balances', 200],
    ['GET', '/api/v1/connections', '/api/v1/connections', 200],
    ['GET', '/api/v1/bots', '/api/v1/bots', 200],
    ['GET', '/api/v1/bots/{id}', '/api/v1/bots/1', 200],
    ['GET', '/api/v1/bots/{id}', '/api/v1/bots/99', 404],
    ['GET', '/api/v1/bots/{id}', '/api/v1/bots/x', 400],
    ['POST', '/api/v1/bots', '/api/v1/bots', 201, ONE_ORDER],
    ['POST', '/api/v1/bots', '/api/v1/bots', 400, { ...ONE_ORDER, takeProfit: '-1' }],
    ['POST', '/api/v1/bots/{id}/start', '/api/v1/bots/1/start', 200],
    ['POST', '/api/v1/bots/{id}/stop', '/api/v1/bots/1/stop', 200],
    ['POST', '/api/v1/bots/{id}/stop', '/api/v1/bots/99/stop', 404],
    ['GET', '/api/v1/deals', '/api/v1/deals?status=all&limit=10', 200],
    ['GET', '/api/v1/deals', '/api/v1/deals?limit=0', 400],
    ['GET', '/api/v1/deals', '/api/v1/deals?cursor=nonsense', 400],
    ['GET', '/api/v1/deals/{id}', '/api/v1/deals/1-1', 200],
    ['GET', '/api/v1/deals/{id}', '/api/v1/deals/9-9', 404],
    ['GET', '/api/v1/deals/{id}/notes', '/api/v1/deals/1-1/notes', 200],
    [
      'PATCH',
      '/api/v1/deals/{id}/settings',
      '/api/v1/deals/1-1/settings',
      200,
      { takeProfit: '9' },
    ],
    ['POST', '/api/v1/deals/{id}/add-funds', '/api/v1/deals/1-1/add-funds', 400, {}],
    ['POST', '/api/v1/deals/{id}/reduce-funds', '/api/v1/deals/9-9/reduce-funds', 404, FIFTY],
    [
      'POST',
      '/api/v1/deals/{id}/cancel-order',
      '/api/v1/deals/1-1/cancel-order',
      409,
      { clientOrderId: 'x' },
    ],
    ['POST', '/api/v1/deals/{id}/close-step', '/api/v1/deals/1-1/close-step', 409, { step: 7 }],
    [
      'POST',
      '/api/v1/deals/{id}/cancel-step',
      '/api/v1/deals/9-9/cancel-step',
      404,
      { of: 'entry', step: 1 },
    ],
    ['POST', '/api/v1/deals/{id}/force-entry', '/api/v1/deals/9-9/force-entry', 404],
    ['POST', '/api/v1/deals/{id}/convert', '/api/v1/deals/9-9/convert', 404],
    ['POST', '/api/v1/deals/{id}/cancel', '/api/v1/deals/1-1/cancel', 200],
    ['POST', '/api/v1/deals/{id}/close', '/api/v1/deals/9-9/close', 404],
    ['GET', '/api/v1/notes', '/api/v1/notes?limit=5', 200],
    ['PATCH', '/api/v1/bots/{id}/settings', '/api/v1/bots/1/settings', 200, { name: 'New' }],
    ['PATCH', '/api/v1/bots/{id}/settings', '/api/v1/bots/1/settings', 400, { name: '' }],
    ['GET', '/api/v1/bots/{id}/conditions', '/api/v1/bots/1/conditions', 200],
    ['GET', '/api/v1/bots/{id}/conditions', '/api/v1/bots/99/conditions', 404],
    ['POST', '/api/v1/bots/{id}/signal', '/api/v1/bots/1/signal', 409, { action: 'start' }],
    ['POST', '/api/v1/bots/{id}/start-deal', '/api/v1/bots/1/start-deal', 409, {}],
    ['POST', '/api/v1/bots/{id}/close-all', '/api/v1/bots/1/close-all', 200],
    ['POST', '/api/v1/bots/{id}/cancel-all', '/api/v1/bots/1/cancel-all', 200],
    ['POST', '/api/v1/bots/{id}/stop-and-close', '/api/v1/bots/1/stop-and-close', 200],
    ['POST', '/api/v1/bots/{id}/stop-and-cancel', '/api/v1/bots/99/stop-and-cancel', 404],
    ['DELETE', '/api/v1/bots/{id}', '/api/v1/bots/3', 204],
    ['DELETE', '/api/v1/bots/{id}', '/api/v1/bots/3', 404],
    ['GET', '/api/v1/risk', '/api/v1/risk', 200],
    ['GET', '/api/v1/risk/{scope}', '/api/v1/risk/desk', 200],
    ['PUT', '/api/v1/risk/{scope}/limits', '/api/v1/risk/desk/limits', 200, {}],
    ['POST', '/api/v1/risk/{scope}/state', '/api/v1/risk/desk/state', 200, { state: 'active' }],
    ['GET', '/api/v1/reconciliation', '/api/v1/reconciliation', 200],
    ['POST', '/api/v1/reconciliation/sweeps', '/api/v1/reconciliation/sweeps', 202],
    ['GET', '/api/v1/findings', '/api/v1/findings?limit=5', 200],
    ['GET', '/api/v1/orphans', '/api/v1/orphans', 200],
    ['POST', '/api/v1/orphans/{id}/adopt', '/api/v1/orphans/1/adopt', 200],
    ['POST', '/api/v1/orphans/{id}/adopt', '/api/v1/orphans/1/adopt', 409],
    ['POST', '/api/v1/orphans/{id}/adopt', '/api/v1/orphans/x/adopt', 400],
    ['POST', '/api/v1/orphans/{id}/cancel', '/api/v1/orphans/2/cancel', 200],
    ['POST', '/api/v1/orphans/{id}/cancel', '/api/v1/orphans/99/cancel', 404],
    ['GET', '/api/v1/policy', '/api/v1/policy', 200],
    ['GET', '/api/v1/policy/held', '/api/v1/policy/held', 200],
    ['POST', '/api/v1/policy/check', '/api/v1/policy/check', 200, { policy: POLICY_TEXT }],
    ['POST', '/api/v1/policy/check', '/api/v1/policy/check', 200, { policy: 'x' }],
    ['POST', '/api/v1/policy/explain', '/api/v1/policy/explain', 200, ASKED_ORDER],
    ['GET', '/api/v1/start', '/api/v1/start', 200],
    ['GET', '/api/v1/vault', '/api/v1/vault', 200],
    ['POST', '/api/v1/vault/unlock', '/api/v1/vault/unlock', 200, UNLOCKING],
    ['POST', '/api/v1/vault/unlock', '/api/v1/vault/unlock', 400, {}],
    ['POST', '/api/v1/vault/passkeys', '/api/v1/vault/passkeys', 201, VAULT_PASSKEY],
    ['DELETE', '/api/v1/vault/ways/{way}', '/api/v1/vault/ways/w_ABCDEF2', 200],
    ['POST', '/api/v1/connections', '/api/v1/connections', 201, NEW_KEY],
    ['POST', '/api/v1/connections', '/api/v1/connections', 400, {}],
    ['POST', '/api/v1/connections/import', '/api/v1/connections/import', 201, SEALED_KEY],
    [
      'PUT',
      '/api/v1/connections/{id}/api-key',
      '/api/v1/connections/c_ABCDEF2/api-key',
      200,
      { apiKey: 'a1'.repeat(32) },
    ],
    ['POST', '/api/v1/connections/{id}/check', '/api/v1/connections/c_ABCDEF2/check', 200],
    ['POST', '/api/v1/connections/{id}/probe', '/api/v1/connections/c_ABCDEF2/probe', 409],
    ['POST', '/api/v1/connections/{id}/freeze', '/api/v1/connections/c_ABCDEF2/freeze', 200],
    ['GET', '/api/v1/venues', '/api/v1/venues', 200],
    ['GET', '/api/v1/candles', `/api/v1/candles?symbol=${SYMBOL}&interval=1h`, 200],
    ['GET', '/api/v1/candles', '/api/v1/candles?symbol=XXX', 404],
    ['POST', '/api/v1/links', '/api/v1/links', 201],
    ['POST', '/api/v1/backups', '/api/v1/backups', 201],
    ['DELETE', '/api/v1/session', '/api/v1/session', 204],
    ...PEOPLE_ROUTES,
    ['GET', '/api/v1/log', '/api/v1/log', 200],
    ['GET', '/api/v1/log/witnesses', '/api/v1/log/witnesses', 200],
    ['POST', '/api/v1/log/anchors', '/api/v1/log/anchors', 200],
    ['POST', '/api/v1/log/edge-batches', '/api/v1/log/edge-batches', 201, EDGE_BATCH],
    ['POST', '/api/v1/log/edge-batches', '/api/v1/log/edge-batches', 400, {}],
    ['GET', '/log/checkpoint', '/log/checkpoint', 404],
    ['GET', '/log/vkey', '/log/vkey', 404],
    ['GET', '/log/vkey.ml-dsa-44', '/log/vkey.ml-dsa-44', 404],
    ['GET', '/log/tile/{*}', '/log/tile/entries/000', 404],
    ['GET', '/log/checkpoint.witnessed', '/log/checkpoint.witnessed', 204],
    ['GET', '/log/trust-policy', '/log/trust-policy', 200],
    ['GET', '/healthz', '/healthz', 200],
    ['GET', '/metrics', '/metrics', 200],
  ];
  api.policyInfo = {
    hash: 'a'.repeat(64),
    text: POLICY_TEXT,
    lock: null,
    pending: { hash: 'b'.repeat(64), text: 'policy/v1\n', dueAt: 1 },
    held: [HELD],
  };
  api.explanation = {
    ok: true,
    explanation: {
      isAllowed: true,
      rule: 'btc',
      reason: '',
      limits: [{ field: 'open', limit: '20', used: '3' }],
    },
  };
  api.vault = VAULT;
  api.vaultAnswer = { ok: true, vault: VAULT };
  api.keyAnswer = {
    ok: true,
    connections: [
      connectionInfo(1, { state: 'draft', signs: 'nothing', grade: null, isIpRestricted: null }),
    ],
  };
  for (const [method, path, url, status, body] of asked) {
    const answer = await api.ask(method, url, body);
    assert.equal(answer.status, status, `${method} ${url}: ${JSON.stringify(answer.body)}`);
    const responses = document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
    const response = responses[String(status)] ?? responses[`${String(status)[0]}XX`];
    assert.ok(response !== undefined, `${method} ${path}: ${status} is not described`);
    checked.add(`${method} ${path}`);
    const schema = Object.values(response.content ?? {})[0]?.schema;
    if (schema === undefined || status === 204) continue;
    const whole = { ...schema, components: document.components };
    const [isRight, errors] = Schema.Errors(whole, answer.body);
    assert.ok(isRight, `${method} ${url}: ${JSON.stringify(errors.slice(0, 3))}`);
  }
  const left = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    .filter(
      (route) => !checked.has(route) && !['GET /login', 'GET /api/v1/stream'].includes(route),
    );
  assert.deepEqual(left, [], 'every described route was asked');
});

test('[A4] a shape that does not fit is found', async (t) => {
  const api = await opened(t);
  const { components, paths } = await description(api);
  const schema =
    paths['/api/v1/bots']?.['get']?.responses['200']?.content?.['application/json']?.schema;
  const { body } = await api.ask('GET', '/api/v1/health');
  assert.equal(Schema.Errors({ ...schema, components }, [body])[0], false);
});

/** Settings that are wrong in one field or in several. */
const WRONG: readonly (readonly [
  given: Readonly<Record<string, unknown>>,
  fields: readonly string[],
])[] = [
  [{ takeProfit: '-1' }, ['takeProfit']],
  [{ takeProfit: 1 }, ['takeProfit']],
  [{ takeProfit: undefined }, ['takeProfit']],
  [{ baseOrderVolume: '1e3' }, ['baseOrderVolume']],
  [{ baseOrderVolume: '0.0001' }, ['baseOrderVolume']],
  [{ maxSafetyOrders: 1.5, maxActiveSafetyOrders: 1 }, ['maxSafetyOrders']],
  [{ maxSafetyOrders: '3', maxActiveSafetyOrders: 1 }, ['maxSafetyOrders']],
  [{ symbols: [] }, ['symbols']],
  [{ symbols: ['NOSUCH'] }, ['symbols']],
  [{ symbols: [SYMBOL, SYMBOL] }, ['symbols']],
  [{ baseOrderType: 'stop' }, ['baseOrderType']],
  [{ name: '' }, ['name']],
  [{ more: 1 }, ['more']],
  [
    { takeProfit: '0', stepScale: 'x', cooldownSeconds: -1 },
    ['stepScale', 'takeProfit', 'cooldownSeconds'],
  ],
  [{ stopLoss: '1', maxSafetyOrders: 2, maxActiveSafetyOrders: 1 }, ['stopLoss']],
];

test('[A5] wrong settings are answered field by field and make no bot', async (t) => {
  const api = await opened(t);
  for (const [given, fields] of WRONG) {
    const { status, body } = await api.ask('POST', '/api/v1/bots', { ...ONE_ORDER, ...given });
    assert.equal(status, 400, JSON.stringify(given));
    assert.equal(body.error, 'invalid_settings', JSON.stringify(body));
    assert.deepEqual(
      body.fields.map(({ field }: { readonly field: string }) => field),
      fields,
      JSON.stringify(given),
    );
    for (const { expected, found } of body.fields) assert.ok(expected !== '' && found !== '');
  }
  for (const given of ['null', '[]', '"text"', '{']) {
    const answer = await api.app.inject({
      method: 'POST',
      url: '/api/v1/bots',
      headers: {
        host: HOST,
        authorization: `Bearer ${TERMINAL_TOKEN}`,
        'content-type': 'application/json',
      },
      payload: given,
    });
    assert.equal(answer.statusCode, 400, given);
  }
  assert.deepEqual((await api.ask('GET', '/api/v1/bots')).body, []);
  assert.equal(api.desk.store.get('SELECT count(*) AS count FROM bots')?.['count'], 0);
});

test('[A7] deals are paged newest first without gaps or repeats, also while new ones begin', async (t) => {
  const api = await opened(t);
  const { store } = api.desk;
  const id = await api.desk.firstOrder();
  await api.desk.untilState(id, 'open');
  const total = 1_203;
  store.transaction(() => {
    for (let number = 2; number <= total; number += 1) {
      // Several begin in the same millisecond, and bots have numbers of different lengths.
      const bot = String(1 + (number % 11));
      store.run(
        "INSERT INTO deals SELECT ?, ?, symbol, status, opened_at - ?, CASE WHEN ? THEN opened_at END, json_set(summary, '$.id', ?, '$.botId', ?, '$.number', ?) FROM deals WHERE bot_id = '1' AND deal_number = 1",
        bot,
        number,
        Math.floor(number / 7),
        number % 3 === 0 ? 1 : 0,
        `${bot}-${number}`,
        bot,
        number,
      );
    }
  });
  const pages = async (filter: string, limit: number): Promise<readonly string[]> => {
    const seen: string[] = [];
    let cursor: string | null = '';
    let openedAt = Infinity;
    for (let page = 0; cursor !== null && page < 200; page += 1) {
      const { body } = await api.ask(
        'GET',
        `/api/v1/deals?limit=${limit}${filter}${cursor === '' ? '' : `&cursor=${cursor}`}`,
      );
      for (const deal of body.deals) {
        assert.ok(deal.openedAt <= openedAt, 'newest first');
        openedAt = deal.openedAt;
        seen.push(deal.id);
      }
      cursor = body.nextCursor;
      if (page === 1) {
        store.run(
          "INSERT OR IGNORE INTO deals SELECT '1', 5000, symbol, status, opened_at + 1000, closed_at, json_set(summary, '$.id', '1-5000') FROM deals WHERE bot_id = '1' AND deal_number = 1",
        );
      }
    }
    return seen;
  };
  const all = await pages('', 97);
  assert.equal(all.length, total);
  assert.equal(new Set(all).size, total);
  const expected = (sql: string): number =>
    Number(store.get(`SELECT count(*) AS count FROM deals WHERE ${sql}`)?.['count']);
  for (const [filter, sql] of [
    ['&status=closed', 'closed_at IS NOT NULL'],
    ['&status=open', 'closed_at IS NULL'],
    ['&bot=10', "bot_id = '10'"],
    [`&symbol=${SYMBOL}&status=closed&bot=3`, "closed_at IS NOT NULL AND bot_id = '3'"],
    ['&symbol=XXX', 'FALSE'],
  ] as const) {
    const found = await pages(filter, 500);
    assert.equal(new Set(found).size, found.length, filter);
    assert.equal(found.length, expected(sql), filter);
  }
});

test('[A8] a backup lies in the data directory, is whole, and only its owner can read it', async (t) => {
  const { statSync } = await import('node:fs');
  const { relative, isAbsolute } = await import('node:path');
  const { Store } = await import('@kontor/server');
  const api = await opened(t);
  await api.desk.firstOrder();
  const { status, body } = await api.ask('POST', '/api/v1/backups', { file: '/etc/elsewhere' });
  assert.equal(status, 201);
  const way = relative(api.desk.directory, body.file);
  assert.ok(!way.startsWith('..') && !isAbsolute(way), body.file);
  assert.equal(statSync(body.file).mode & 0o077, 0);
  const copy = new Store(body.file);
  assert.equal(copy.integrity(), 'ok');
  assert.equal(copy.get('SELECT count(*) AS count FROM bots')?.['count'], 1);
  copy.close();
});

test('[A9] after the end of a replay a silent stream is no fault', async (t) => {
  const api = await opened(t);
  const state = async (): Promise<string> => (await api.ask('GET', '/api/v1/health')).body.state;
  assert.equal(await state(), 'ok');
  api.marketState = 'down';
  assert.equal(await state(), 'degraded');
  api.hasEnded = true;
  const { body } = await api.ask('GET', '/api/v1/health');
  assert.equal(body.state, 'ok');
  assert.equal(body.streams[0].detail, 'the replay has ended');
});

test('[R36, R48] health is degraded after three failed comparisons, and says what is held back', async (t) => {
  const api = await opened(t);
  const health = async () => (await api.ask('GET', '/api/v1/health')).body;
  api.failedInARow = 2;
  assert.equal((await health()).state, 'ok');
  api.failedInARow = 3;
  const body = await health();
  assert.equal(body.state, 'degraded');
  assert.equal(body.streams[2].name, 'reconciliation');
  assert.equal(body.streams[2].state, 'down');
  assert.deepEqual([body.heldOrders, body.blockedMs], [0, 0]);
});

test('[R13] a store that fails under a request stops the desk; a backup that fails does not', async (t) => {
  const api = await opened(t);
  const { store } = api.desk;
  const { token } = (await api.ask('POST', '/api/v1/links')).body;
  store.run('DROP TABLE sessions');
  const answer = await api.app.inject({ url: `/login?token=${token}`, headers: { host: HOST } });
  assert.equal(answer.statusCode, 500);
  assert.equal(api.fatal.length, 1);
  const { mkdirSync, rmSync } = await import('node:fs');
  const { join } = await import('node:path');
  rmSync(join(api.desk.directory, 'run'), { recursive: true });
  const { status, body } = await api.ask('POST', '/api/v1/backups');
  assert.equal(status, 507, JSON.stringify(body));
  assert.equal(body.error, 'backup_failed');
  assert.equal(api.fatal.length, 1);
  mkdirSync(join(api.desk.directory, 'run'));
});

test('[A49] events are read of one bot or of all, newest first', async (t) => {
  const api = await opened(t);
  await api.desk.firstOrder();
  const { store } = api.desk;
  for (let count = 0; count < 5; count += 1) {
    store.run(
      "INSERT INTO notes (bot_id, deal_number, time, kind, note_values) VALUES ('77', 1, 1, 'closeRequested', '{}')",
    );
  }
  const all = (await api.ask('GET', '/api/v1/notes?limit=3')).body;
  assert.deepEqual(
    all.map(({ botId }: { readonly botId: string }) => botId),
    ['77', '77', '77'],
  );
  const own = (await api.ask('GET', '/api/v1/notes?bot=1&limit=3')).body;
  assert.ok(own.length > 0 && own.every(({ botId }: { readonly botId: string }) => botId === '1'));
  const sequences = own.map(({ sequence }: { readonly sequence: number }) => sequence);
  assert.deepEqual(
    sequences,
    sequences.toSorted((left: number, right: number) => right - left),
  );
  assert.deepEqual((await api.ask('GET', '/api/v1/notes?bot=9')).body, []);
});

test('[A10] closing and cancelling answer with the deal as it then is; attention names a refusal', async (t) => {
  const api = await opened(t);
  const { exchange } = api.desk;
  const id = await api.desk.firstOrder();
  await api.desk.untilState(id, 'open');
  const order = exchange.orders.get(id);
  assert.ok(order !== undefined);
  exchange.once('placeOrder', (intent) =>
    exchange.refuse(intent, 'allow demo: notional', 'too much'),
  );
  exchange.event(exchange.fill(order, order.lots));
  await api.desk.untilState(id, 'filled');
  await api.desk.untilQuiet();
  const bot = (await api.ask('GET', '/api/v1/bots/1')).body;
  assert.deepEqual(bot.attention, {
    dealId: '1-1',
    by: 'policy',
    rule: 'allow demo: notional',
    reason: 'too much',
  });
  assert.equal(bot.activeDeals, 1);
  assert.equal(bot.fundsInUse, '19.9999');
  const totals = (await api.ask('GET', '/api/v1/totals')).body;
  assert.equal(totals.fundsInUse, '19.9999');
  const deal = (await api.ask('GET', '/api/v1/deals/1-1')).body;
  assert.equal(deal.unrealisedProfit, totals.unrealisedProfit);
  assert.equal(deal.orders.at(-1).state, 'rejected');
  const closing = (await api.ask('POST', '/api/v1/deals/1-1/close')).body;
  assert.equal(closing.status, 'closing');
  await api.desk.untilQuiet();
  assert.equal(
    (await api.ask('GET', '/api/v1/bots/1')).body.attention,
    null,
    'a newer order went through',
  );
});
