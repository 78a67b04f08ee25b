// SPDX-License-Identifier: Apache-2.0
// The second address: real proxies between egress and an exchange, and none of what is meant for them by another way.

import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseEgressReport, type EgressReport } from '@kontor/signer';
import { PinStore } from '../src/pin-store.ts';
import { parseSecondAddress, SecondAddress } from '../src/second-address.ts';
import { Authority, type ServerCertificate } from './authority.ts';
import { API_KEY, Desk, EGRESS_MAIN, type Settled } from './desk.ts';
import type { Peer } from './peer.ts';
import { ProxyServer, SECOND_ADDRESS } from './proxy.ts';
import { json, VenueServer } from './venue-server.ts';

const root = new Authority('Honest Root');
const rogue = new Authority('Rogue Root');
const SECRET_QUERY = 'omitZeroBalances=true&recvWindow=3000&timestamp=1793491200000';
const ORDINARY_ADDRESS = '127.0.0.1';
const REFUSAL = { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' };

interface Scene {
  readonly desk: Desk;
  readonly venue: VenueServer;
  readonly proxy: ProxyServer;
  readonly signer: Peer;
}

interface SceneOptions {
  readonly protocol?: 'http' | 'socks5';
  readonly certificate?: ServerCertificate;
  /** The file's text in place of the proxy's address. */
  readonly file?: (port: number) => string;
}

/** An exchange that refuses everybody but the ordinary address, a proxy, and the test in the signer's place. */
async function scene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const venue = await VenueServer.start(t, options.certificate ?? null);
  venue.respond = ({ from }, response) => {
    if (from === ORDINARY_ADDRESS) json(response, 200, { canTrade: true });
    else json(response, 401, REFUSAL);
  };
  const proxy = await ProxyServer.start(t);
  const desk = new Desk(t, { demo: venue.addresses });
  if (options.certificate !== undefined) {
    const trusted = join(desk.parent, 'trusted.pem');
    writeFileSync(trusted, [root, rogue].map(({ pem }) => pem).join(''));
    desk.environment = { NODE_EXTRA_CA_CERTS: trusted };
    const state = join(desk.parent, 'egress');
    mkdirSync(state, { mode: 0o700 });
    desk.egressOptions = ['--state', state];
  }
  const { protocol = 'socks5', file } = options;
  const text = file?.(proxy.port) ?? `${protocol}://127.0.0.1:${proxy.port}\n`;
  writeFileSync(join(desk.parent, 'second-address'), text, { mode: 0o600 });
  await desk.startWithChannel();
  return { desk, venue, proxy, signer: await desk.becomeSigner() };
}

let lastId = 10;

/** Sends a read of the account, by the second address unless `changes` say otherwise; returns what the server hears. */
async function read(
  { desk, signer }: Pick<Scene, 'desk' | 'signer'>,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<Settled> {
  const id = (lastId += 1);
  signer.write({
    ...{ kind: 'request', id, connection: 'c_ABCDEF2', venue: 'demo', method: 'GET' },
    ...{ path: '/api/v3/account', apiKey: API_KEY, timeoutMs: 10_000, echo: true },
    ...{ payload: `${SECRET_QUERY}&signature=c2VjcmV0`, secondAddress: true },
    ...changes,
  });
  return desk.server.answerTo(id);
}

function reportsOf(signer: Peer): readonly EgressReport[] {
  return signer.received.map(parseEgressReport);
}

function signedFrom({ venue }: Pick<Scene, 'venue'>): readonly string[] {
  return venue.signed.map(({ from }) => from);
}

for (const protocol of ['socks5', 'http'] as const) {
  test(`[E82] a read meant for the second address goes there by ${protocol}, and others never do`, async (t) => {
    const at = await scene(t, { protocol });
    const refused = await read(at);
    assert.equal(refused.kind, 'answer');
    assert.equal(refused.status, 401);
    assert.deepEqual(JSON.parse(refused.body), REFUSAL);
    const taken = await read(at, { secondAddress: undefined });
    assert.equal(taken.kind === 'answer' && taken.status, 200);
    assert.deepEqual(signedFrom(at), [SECOND_ADDRESS, ORDINARY_ADDRESS]);
    assert.deepEqual(at.proxy.targets, [`127.0.0.1:${at.venue.port}`], 'and no clock, no price');
    const [echo] = reportsOf(at.signer);
    assert.deepEqual(echo, {
      ...{ kind: 'echo', id: refused.id, status: 401 },
      body: JSON.stringify(REFUSAL),
    });
  });
}

test('[E82] what the exchange says to the second address does not slow the ordinary way down', async (t) => {
  const at = await scene(t);
  at.venue.respond = ({ from }, response) => {
    if (from === ORDINARY_ADDRESS) json(response, 200, {});
    else
      json(
        response,
        418,
        { code: -1003 },
        { 'retry-after': '600', 'x-mbx-used-weight-1m': '5999' },
      );
  };
  const banned = await read(at);
  assert.equal(banned.kind === 'answer' && banned.status, 418);
  const ordinary = await read(at, { secondAddress: undefined });
  assert.equal(ordinary.kind === 'answer' && ordinary.status, 200);
});

test('[E83] nothing that fails by the second address is sent by another way', async (t) => {
  const at = await scene(t, { protocol: 'socks5' });
  const fails = async (reason: RegExp, certainty = 'notSent'): Promise<void> => {
    const answer = await read(at);
    assert.equal(answer.kind, 'failed', `${reason}`);
    assert.equal(answer.certainty, certainty);
    assert.match(answer.reason, reason);
  };
  at.proxy.manners = { says: Buffer.from('SSH-2.0-not a proxy\r\n') };
  await fails(/^no connection: the proxy does not speak SOCKS 5$/);
  at.proxy.manners = { says: Buffer.from([5]) };
  await fails(/^no connection: the proxy ended the connection$/);
  at.proxy.manners = { says: Buffer.from([5, 0, 5, 5, 0, 1]) };
  await fails(/^no connection: the proxy says that the connection was refused$/);
  at.proxy.manners = { says: Buffer.concat([Buffer.from([5, 0]), Buffer.alloc(20_000, 5)]) };
  await fails(
    /^no connection: the proxy (?:says more than 8192 bytes|says no \(5\)|says that the connection was refused)$/,
  );
  at.proxy.manners = { login: 'ada:right' };
  await fails(/^no connection: the proxy wants another user or password$/);
  at.proxy.stop();
  await fails(/^no connection: the proxy: ECONNREFUSED$/);
  const reached = signedFrom(at);
  assert.ok(!reached.includes(ORDINARY_ADDRESS), reached.join());
  const echoes = reportsOf(at.signer).filter(({ kind }) => kind === 'echo');
  assert.deepEqual(echoes, [], 'and the signer is told of no answer');
});

test('[E83] a CONNECT proxy that refuses, asks for a login, or speaks otherwise, ends the read', async (t) => {
  const at = await scene(t, { protocol: 'http' });
  const cases: readonly (readonly [says: string, reason: RegExp])[] = [
    ['HTTP/1.1 403 Forbidden\r\n\r\n', /the proxy answered 403$/],
    ['HTTP/1.1 407 Who are you\r\n\r\n', /the proxy wants another user or password$/],
    ['hello\r\n\r\n', /the proxy does not speak HTTP$/],
    ['HTTP/1.1 200 OK\r\n', /the proxy ended the connection$/],
    ['HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}', /the proxy says more than it was asked$/],
    [`HTTP/1.1 200 OK\r\nx: ${'x'.repeat(9_000)}\r\n\r\n`, /says more than 8192 bytes$/],
  ];
  for (const [says, reason] of cases) {
    at.proxy.manners = { says: Buffer.from(says) };
    const answer = await read(at);
    assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent', says);
    assert.match(answer.reason, reason);
  }
  assert.deepEqual(signedFrom(at), []);
});

test('[E83] one read at a time goes by the second address', async (t) => {
  const at = await scene(t);
  let answer = (): void => assert.fail('the exchange was not asked');
  at.venue.respond = (_request, response) => (answer = () => json(response, 401, REFUSAL));
  const first = read(at);
  await at.venue.until(() => (at.venue.signed.length === 1 ? true : undefined));
  const second = await read(at);
  assert.ok(second.kind === 'failed' && second.certainty === 'notSent');
  assert.match(second.reason, /another request is on its way/);
  answer();
  assert.equal((await first).kind, 'answer');
});

for (const protocol of ['socks5', 'http'] as const) {
  test(`[E84] through a ${protocol} proxy TLS ends at the exchange, by the issuers of the ordinary way`, async (t) => {
    const at = await scene(t, { protocol, certificate: root.issue() });
    // The clock was asked for by the ordinary way: the host is known from there.
    await at.venue.until(() => (at.venue.requests.length > 0 ? true : undefined));
    const answer = await read(at);
    assert.equal(answer.kind === 'answer' && answer.status, 401, JSON.stringify(answer));
    assert.deepEqual(signedFrom(at), [SECOND_ADDRESS]);
    const seen = Buffer.concat(at.proxy.passed);
    assert.ok(seen.length > 0);
    for (const secret of [API_KEY, 'omitZeroBalances', 'c2VjcmV0', '-2015']) {
      assert.ok(!seen.includes(secret), `the proxy saw ${secret}`);
    }
  });
}

test('[E84] a proxy that ends the TLS itself learns nothing, though the system trusts it', async (t) => {
  const at = await scene(t, { certificate: root.issue() });
  await at.venue.until(() => (at.venue.requests.length > 0 ? true : undefined));
  at.proxy.manners = { intercepts: rogue.issue() };
  const answer = await read(at);
  assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent', JSON.stringify(answer));
  assert.match(
    answer.reason,
    /the certificate of 127\.0\.0\.1 comes from Rogue Root .*expected Honest Root/,
  );
  assert.ok(!Buffer.concat(at.proxy.passed).includes(API_KEY));
  const store = new PinStore(join(at.desk.parent, 'egress'));
  assert.equal(store.refused.size, 0, 'what a proxy shows is no news of the exchange');
  const ordinary = await read(at, { secondAddress: undefined });
  assert.equal(ordinary.kind === 'answer' && ordinary.status, 200);
  const told = at.desk.server.answers.filter((each) => each.kind === 'condition' && !each.isOver);
  assert.deepEqual(told, []);
});

test('[E84] what a proxy adds of its own is no answer of the exchange', async (t) => {
  const at = await scene(t, { certificate: root.issue() });
  await at.venue.until(() => (at.venue.requests.length > 0 ? true : undefined));
  at.proxy.manners = { adds: Buffer.from('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}') };
  const answer = await read(at);
  assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent', JSON.stringify(answer));
  assert.deepEqual(
    reportsOf(at.signer).filter(({ kind }) => kind === 'echo'),
    [],
  );
});

test('[E83] a proxy that says nothing, or leads to nowhere once it has agreed, ends the read in time', async (t) => {
  const venue = await VenueServer.start(t, root.issue());
  const proxy = await ProxyServer.start(t);
  const way = { protocol: 'socks5', host: '127.0.0.1', port: proxy.port, user: null } as const;
  const second = new SecondAddress(way, () => undefined, 300);
  for (const manners of [
    { isSilent: true },
    { ends: 'inSilence' },
    { ends: 'afterAgreeing' },
  ] as const) {
    proxy.manners = manners;
    const result = await second.send(new URL(venue.addresses.rest), {
      ...{ method: 'GET', path: '/api/v3/account', payload: '', apiKey: API_KEY },
      timeoutMs: 30_000,
    });
    assert.ok(result.kind === 'failed' && result.certainty === 'notSent', JSON.stringify(result));
    assert.match(result.reason, /^no connection: /);
  }
  assert.equal(venue.requests.length, 0);
});

test('[E84] a host that only the second address has shown is not made known by it', async (t) => {
  const at = await scene(t, { certificate: root.issue() });
  const state = join(at.desk.parent, 'egress');
  await at.venue.until(() => (at.venue.requests.length > 0 ? true : undefined));
  // As after `kontor connect pins reset`: the next certificate of the ordinary way counts.
  new PinStore(state).putPins('127.0.0.1', null);
  at.proxy.manners = { intercepts: rogue.issue() };
  const answer = await read(at);
  assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent');
  assert.match(answer.reason, /Rogue Root .*, and the host was never met by the ordinary way$/);
  assert.equal(new PinStore(state).pins.size, 0);
});

test('[E85] one endpoint alone goes by the second address', async (t) => {
  const at = await scene(t);
  for (const changes of [
    { method: 'POST', path: '/api/v3/order' },
    { method: 'DELETE', path: '/api/v3/order' },
    { path: '/api/v3/openOrders' },
    { path: '/sapi/v1/account/apiRestrictions' },
    { path: '/sapi/v1/capital/withdraw/apply' },
  ]) {
    const answer = await read(at, changes);
    assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent', JSON.stringify(changes));
    assert.match(answer.reason, /is not what egress sends by the second address$/);
  }
  assert.deepEqual([at.venue.signed.length, at.proxy.targets.length], [0, 0]);
});

test('[E85] without a second address nothing is sent, and the server is told that there is none', async (t) => {
  const at = await scene(t, { file: () => '# none yet\n' });
  const answer = await read(at);
  assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent');
  assert.match(answer.reason, /no second address is named in the file second-address/);
  assert.equal(at.venue.signed.length, 0);
  const health = await at.desk.server.find((each) =>
    each.kind === 'egressHealth' ? each : undefined,
  );
  assert.equal(health.hasSecondAddress, false);
  const other = await scene(t);
  const told = await other.desk.server.find((each) =>
    each.kind === 'egressHealth' ? each : undefined,
  );
  assert.equal(told.hasSecondAddress, true);
});

test('[E85] an exchange without TLS is reached through a proxy on this machine alone', async (t) => {
  const at = await scene(t, { file: (port) => `http://192.0.2.1:${port}\n` });
  const answer = await read(at);
  assert.ok(answer.kind === 'failed' && answer.certainty === 'notSent');
  assert.match(answer.reason, /without TLS: expected a proxy on this machine, found another$/);
});

for (const protocol of ['socks5', 'http'] as const) {
  test(`[E86] a ${protocol} proxy is given the user and the password of the file`, async (t) => {
    const file = (port: number): string =>
      `# the office\n${protocol}://localhost:${port}\nuser ada\npassword s3cret with:signs\n`;
    const at = await scene(t, { file });
    at.proxy.manners = { login: 'ada:s3cret with:signs' };
    const answer = await read(at);
    assert.equal(answer.kind === 'answer' && answer.status, 401, JSON.stringify(answer));
    assert.ok(!at.desk.stderr.includes('s3cret'), 'and no log line has it');
  });
}

test('[E86] the file is read closed-world; a mistake ends egress with a sentence and without the password', async (t) => {
  const good = parseSecondAddress('SOCKS5://Proxy.Example:1080/\n', 'f');
  assert.deepEqual(good, { protocol: 'socks5', host: 'proxy.example', port: 1080, user: null });
  assert.equal(parseSecondAddress('http://[::1]:3128', 'f')?.host, '::1');
  for (const text of [
    'socks5://proxy',
    'socks5://proxy:0',
    'socks5://proxy:65536',
    'socks5://ada:s3cret@proxy:1080',
    'https://proxy:443',
    'http://proxy:80/path',
    'http://pro xy:80',
    'http://proxy:80\nsocks5://proxy:1080',
    'http://proxy:80\npassword s3cret',
    'http://proxy:80\nuser ada',
    'http://proxy:80\nuser ada\npassword s3cret\nmore',
    `http://proxy:80\nuser ada\npassword ${'s3cret'.repeat(60)}`,
    'http://proxy:80\nuser ada\npassword \n',
  ]) {
    assert.throws(
      () => parseSecondAddress(text, 'f'),
      (error: Error) =>
        error.message.startsWith('f: expected') && !error.message.includes('s3cret'),
      text,
    );
  }
  const desk = new Desk(t, { demo: { rest: 'http://127.0.0.1:1', wsApi: 'ws://127.0.0.1:1/ws' } });
  const path = join(desk.parent, 'second-address');
  for (const [text, mode, expected] of [
    ['socks5://nowhere\n', 0o600, /expected socks5:\/\/HOST:PORT or http:\/\/HOST:PORT/],
    ['http://proxy:80\nuser ada\npassword s3cret\n', 0o644, /chmod o-rwx/],
  ] as const) {
    writeFileSync(path, text);
    chmodSync(path, mode);
    const child = spawn(process.execPath, [EGRESS_MAIN, '--config', desk.config], {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    t.after(() => child.kill('SIGKILL'));
    let said = '';
    child.stderr?.on('data', (bytes: Buffer) => (said += String(bytes)));
    const [code] = await once(child, 'exit', { signal: AbortSignal.timeout(60_000) });
    assert.equal(code, 3, said);
    assert.match(said, expected);
    assert.ok(!said.includes('s3cret'));
  }
});

test('[E86] a proxy that is not there when egress starts keeps nothing from running', async (t) => {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  const at = await scene(t, { file: () => `socks5://127.0.0.1:${port}\n` });
  assert.equal((await read(at)).kind, 'failed');
  const ordinary = await read(at, { secondAddress: undefined });
  assert.equal(ordinary.kind === 'answer' && ordinary.status, 200);
});
