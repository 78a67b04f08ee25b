// SPDX-License-Identifier: Apache-2.0
// Beyond loopback: what must not be, and what is true of what may, over real sockets.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request as plainRequest, type IncomingHttpHeaders } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  listeningFault,
  parseAddress,
  type Listening,
  customerOf,
  networkOf,
} from '../src/people/listening.ts';
import { listenBeyond } from '../src/people/outer-listener.ts';
import { Refusal } from '../src/refusal.ts';
import { testCertificate } from '../../test/certificate.ts';
import { openApi, TERMINAL_TOKEN, type ScriptedApi } from './scripted-api.ts';

const ORIGIN = 'https://desk.example';
const SITE = { origin: ORIGIN, rpId: 'desk.example' };
const TLS = { tlsCertificate: 'cert.pem', tlsKey: 'key.pem' };

const FAULTS: readonly (readonly [name: string, listening: Listening, fault: RegExp | null])[] = [
  ['nothing asked', {}, null],
  ['an origin for a proxy on this machine', { behindProxy: '127.0.0.1', origin: ORIGIN }, null],
  ['TLS', { listen: '0.0.0.0:8443', ...TLS, origin: ORIGIN }, null],
  ['a named proxy', { listen: '10.0.0.5:80', behindProxy: '10.0.0.2', origin: ORIGIN }, null],
  ['IPv6', { listen: '[::]:8443', ...TLS, origin: ORIGIN }, null],
  ['localhost by name', { origin: 'http://localhost:7447' }, null],
  [
    'plain to everybody',
    { listen: '0.0.0.0:80', origin: ORIGIN },
    /expected --tls-cert and --tls-key, or --behind-proxy/,
  ],
  ['half of TLS', { listen: '0.0.0.0:443', tlsKey: 'k', origin: ORIGIN }, /together/],
  ['TLS and nowhere', { ...TLS, origin: ORIGIN }, /expected --listen/],
  ['no origin', { listen: '0.0.0.0:443', ...TLS }, /expected --origin/],
  ['a proxy without an origin', { behindProxy: '127.0.0.1' }, /expected --origin/],
  ['a proxy by name', { behindProxy: 'proxy.local', origin: ORIGIN }, /IP address of the proxy/],
  [
    'an address without a port',
    { listen: '0.0.0.0', ...TLS, origin: ORIGIN },
    /address and a port/,
  ],
  ['a name to listen on', { listen: 'desk:443', ...TLS, origin: ORIGIN }, /address and a port/],
  ['an origin of digits', { origin: 'https://192.0.2.7' }, /bound to a name/],
  ['an origin without TLS', { origin: 'http://desk.example' }, /--origin: expected/],
  ['an origin with a path', { origin: 'https://desk.example/kontor' }, /--origin: expected/],
  ['no origin at all', { origin: 'desk' }, /--origin: expected/],
];

for (const [name, listening, fault] of FAULTS) {
  test(`[Y12] ${name}: ${fault === null ? 'taken' : 'refused'}`, async () => {
    const found = listeningFault(listening);
    if (fault === null) assert.equal(found, null);
    else {
      assert.match(found ?? '', fault);
      await assert.rejects(
        listenBeyond(listening, () => undefined),
        Refusal,
      );
    }
  });
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

interface Beyond {
  readonly api: ScriptedApi;
  readonly port: number;
  readonly ca: string;
  ask(path: string, headers?: Readonly<Record<string, string>>, from?: string): Promise<Answer>;
}

/** A port that nobody has now. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

async function beyond(t: TestContext, how: 'tls' | 'proxy'): Promise<Beyond> {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-listen-'));
  const proxy = '127.0.0.9';
  const api = await openApi(
    {},
    { site: SITE, ...(how === 'proxy' ? { trustedProxy: proxy } : {}) },
  );
  const { certificate, key } = testCertificate('desk.example');
  const [tlsCertificate, tlsKey] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  writeFileSync(tlsCertificate, certificate);
  writeFileSync(tlsKey, key);
  const port = await freePort();
  const listener = await listenBeyond(
    {
      listen: `127.0.0.1:${port}`,
      origin: ORIGIN,
      ...(how === 'tls' ? { tlsCertificate, tlsKey } : { behindProxy: proxy }),
    },
    (request, response) => api.app.routing(request, response),
  );
  assert.ok(listener);
  t.after(async () => {
    await listener.close();
    await api.close();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    api,
    port,
    ca: certificate,
    ask: (path, headers = {}, localAddress = proxy) =>
      new Promise((resolve, reject) => {
        const options = {
          host: '127.0.0.1',
          port,
          path,
          headers: { host: 'desk.example', ...headers },
          timeout: 10_000,
        };
        const sent =
          how === 'tls'
            ? tlsRequest({ ...options, ca: certificate, servername: 'desk.example' })
            : plainRequest({ ...options, localAddress });
        sent.on('error', reject);
        sent.on('response', (response) => {
          let body = '';
          response.setEncoding('utf8').on('data', (text: string) => (body += text));
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
          );
        });
        sent.end();
      }),
  };
}

test('[Y13] over TLS the cookie is of this host, secure and unreadable, and the name is kept to TLS', async (t) => {
  const { api, ask } = await beyond(t, 'tls');
  const login = await ask(`/login?token=${api.sessions.createLink()}`);
  assert.equal(login.status, 303);
  const [cookie = ''] = login.headers['set-cookie'] ?? [];
  assert.match(cookie, /^__Host-kontor_session=/);
  for (const part of ['Path=/', 'HttpOnly', 'Secure', 'SameSite=Strict']) {
    assert.ok(cookie.includes(part), `${part} in ${cookie}`);
  }
  assert.ok(!/Domain=/i.test(cookie));
  assert.equal(login.headers['strict-transport-security'], 'max-age=31536000');
  const value = cookie.split(';')[0] ?? '';
  assert.equal((await ask('/api/v1/desk', { cookie: value })).status, 200);
  assert.equal((await ask('/api/v1/desk')).status, 401);
});

test('[Y12] beyond loopback the desk answers to its name alone', async (t) => {
  const { ask } = await beyond(t, 'tls');
  for (const host of ['localhost', '127.0.0.1', 'evil.example', 'desk.example:443']) {
    const { status, body } = await ask('/healthz', { host });
    assert.equal(status, 421, host);
    assert.match(body, /expected desk\.example/);
  }
  assert.equal((await ask('/healthz')).status, 200);
});

test('[Y12] a named proxy is the only one whose requests are taken', async (t) => {
  const { ask } = await beyond(t, 'proxy');
  assert.equal((await ask('/healthz')).status, 200);
  const other = await ask('/healthz', {}, '127.0.0.1');
  assert.deepEqual([other.status, JSON.parse(other.body).error], [403, 'wrong_proxy']);
});

test('[Y13] the client that the named proxy tells of has an allowance of its own', async (t) => {
  const { ask, api } = await beyond(t, 'proxy');
  const post = async (client: string): Promise<number> => {
    const { statusCode } = await api.app.inject({
      method: 'POST',
      url: '/auth/recovery',
      remoteAddress: '127.0.0.9',
      headers: { host: 'desk.example', origin: ORIGIN, 'x-forwarded-for': client },
      payload: { code: 'x' },
    });
    return statusCode;
  };
  for (let count = 0; count < 5; count += 1) assert.equal(await post('192.0.2.1'), 401);
  assert.equal(await post('192.0.2.1'), 429);
  assert.equal(await post('192.0.2.2'), 401);
  assert.equal((await ask('/healthz')).status, 200);
});

test('[Y6] addresses of one network of IPv6 share an allowance', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::', '2001:db8:1:2::/64'],
    ['2001:db8::9', '2001:db8:0:0::/64'],
    ['2001:db8::2:0:0:0:1', '2001:db8:0:2::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
  ];
  for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
});

test('[Y13] what a stranger says of the client counts for nothing', async (t) => {
  const api = await openApi({}, { site: SITE });
  t.after(() => api.close());
  for (let count = 0; count < 6; count += 1) {
    const { statusCode } = await api.app.inject({
      method: 'POST',
      url: '/auth/recovery',
      headers: { host: 'desk.example', origin: ORIGIN, 'x-forwarded-for': `192.0.2.${count}` },
      payload: { code: 'x' },
    });
    assert.equal(statusCode, count < 5 ? 401 : 429);
  }
});

test('[Y12] a certificate that is not there, and an address that is taken, end the start with a sentence', async () => {
  const port = await freePort();
  const listening = { listen: `127.0.0.1:${port}`, origin: ORIGIN };
  const missing = { ...listening, tlsCertificate: '/nowhere/cert.pem', tlsKey: '/nowhere/key.pem' };
  await assert.rejects(
    listenBeyond(missing, () => undefined),
    (error) => error instanceof Refusal && error.message.includes('/nowhere/cert.pem'),
  );
  const first = await listenBeyond({ ...listening, behindProxy: '127.0.0.1' }, () => undefined);
  await assert.rejects(
    listenBeyond({ ...listening, behindProxy: '127.0.0.1' }, () => undefined),
    (error) => error instanceof Refusal && error.message.includes(`127.0.0.1:${port}`),
  );
  await first?.close();
});

test('[Y1] the token of the terminal opens the desk on this machine alone', async (t) => {
  const { api, ask } = await beyond(t, 'tls');
  const authorization = `Bearer ${TERMINAL_TOKEN}`;
  assert.equal((await ask('/api/v1/desk', { authorization })).status, 401);
  const { statusCode } = await api.app.inject({
    url: '/api/v1/desk',
    headers: { host: '127.0.0.1:4180', authorization },
  });
  assert.equal(statusCode, 200);
});

test('[Y15] requests that another site makes are refused, links to pages are not', async (t) => {
  const api = await openApi({}, { site: SITE });
  t.after(() => api.close());
  const token = api.sessions.begin({ userId: null, how: 'link', agent: '' });
  const cookie = `__Host-kontor_session=${token}`;
  const ask = async (
    method: 'GET' | 'POST',
    url: string,
    headers: Readonly<Record<string, string>>,
  ): Promise<number> => {
    const answer = await api.app.inject({
      method,
      url,
      headers: { host: 'desk.example', cookie, ...headers },
    });
    return answer.statusCode;
  };
  for (const from of ['cross-site', 'same-site']) {
    assert.equal(await ask('GET', '/api/v1/desk', { 'sec-fetch-site': from }), 403);
    assert.equal(
      await ask('POST', '/api/v1/reconciliation/sweeps', { 'sec-fetch-site': from }),
      403,
    );
    const form = { 'sec-fetch-site': from, 'sec-fetch-mode': 'navigate' };
    assert.equal(
      await ask('POST', '/api/v1/reconciliation/sweeps', form),
      403,
      'a form is no link',
    );
    assert.equal(await ask('GET', '/healthz', form), 200);
  }
  for (const from of ['same-origin', 'none']) {
    assert.equal(
      await ask('POST', '/api/v1/reconciliation/sweeps', { 'sec-fetch-site': from }),
      202,
    );
  }
  assert.equal(await ask('POST', '/api/v1/reconciliation/sweeps', { origin: ORIGIN }), 202);
  for (const origin of ['https://evil.example', 'http://desk.example', 'null']) {
    assert.equal(await ask('POST', '/api/v1/reconciliation/sweeps', { origin }), 403, origin);
  }
});

test('[Y15] nothing inline is taken but the two styles that are named by hash', async (t) => {
  const api = await openApi();
  t.after(() => api.close());
  const { headers } = await api.app.inject({
    url: '/healthz',
    headers: { host: 'localhost:4180' },
  });
  const policy = String(headers['content-security-policy']);
  assert.ok(!policy.includes('unsafe'), policy);
  assert.equal(policy.match(/'sha256-/g)?.length, 2);
  assert.match(policy, /default-src 'self'/);
});

test('[Y12] addresses are read strictly', () => {
  assert.deepEqual(parseAddress('192.0.2.7:8443'), { host: '192.0.2.7', port: 8443 });
  assert.deepEqual(parseAddress('[2001:db8::1]:443'), { host: '2001:db8::1', port: 443 });
  for (const text of [
    '',
    ':443',
    '192.0.2.7',
    '192.0.2.7:0',
    '192.0.2.7:65536',
    '999.1.1.1:1',
    '2001:db8::1:443',
    '[192.0.2.7]:1',
    'localhost:1',
  ]) {
    assert.equal(parseAddress(text), null, text);
  }
});

/** Opens connections from `address` until one of them is ended; how many lasted. */
async function openAll(
  t: TestContext,
  { port }: Beyond,
  localAddress: string,
  most: number,
): Promise<number> {
  let lasting = 0;
  for (let count = 0; count < most; count += 1) {
    const socket: Socket = connect({ host: '127.0.0.1', port, localAddress });
    t.after(() => socket.destroy());
    socket.resume();
    const ended = new Promise<boolean>((resolve) => {
      socket.on('error', () => undefined);
      socket.once('close', () => resolve(true));
    });
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    lasting += 1;
    // Only the last can be one too many: to wait for each would take as long as nothing happens.
    if (count === most - 1 && (await ended)) lasting -= 1;
  }
  return lasting;
}

test('[Y263] whoever has many networks of IPv6 takes no more connections for it', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1::/48'],
    ['2001:db8:1:ff00::9', '2001:db8:1::/48'],
    ['2001:db8:2::9', '2001:db8:2::/48'],
    ['::1', '0:0:0::/48'],
  ];
  for (const [address, customer] of cases) assert.equal(customerOf(address), customer, address);
});

test('[Y213] who holds many connections keeps nobody else out', async (t) => {
  const desk = await beyond(t, 'tls');
  assert.equal(await openAll(t, desk, '127.0.0.7', 101), 100);
  assert.equal((await desk.ask('/healthz')).status, 200);
});

test('[Y213] what has ended counts no more', async (t) => {
  for (const how of ['tls', 'proxy'] as const) {
    const desk = await beyond(t, how);
    for (let round = 0; round < 11; round += 1) {
      const answers = await Promise.all(
        Array.from({ length: 10 }, () =>
          desk.ask('/healthz', { connection: 'close' }, '127.0.0.7'),
        ),
      );
      const expected = how === 'tls' ? 200 : 403;
      assert.ok(answers.every(({ status }) => status === expected));
    }
  }
});

test('[Y213] whoever is not the proxy cannot keep it out', async (t) => {
  const desk = await beyond(t, 'proxy');
  assert.equal(await openAll(t, desk, '127.0.0.7', 21), 20);
  const answer = await desk.ask('/healthz', { 'x-forwarded-host': 'desk.example' });
  assert.equal(answer.status, 200, answer.body);
});
