// SPDX-License-Identifier: Apache-2.0
// A whole desk whose exchange suddenly shows a certificate of another authority, one that the system trusts.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { api } from '@kontor/server';
import { deskFiles } from '../cli/src/desk-files.ts';
import { egressStart, serverStart } from '../cli/src/process-starts.ts';
import { Authority, type ServerCertificate } from '../egress/test/authority.ts';
import { deferrer, startDesk, startSimulator, temporaryDirectory, until } from './harness.ts';

const CLI = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const HOST = '127.0.0.1';

/** Ends TLS in front of the exchange, tells lies about prices on request, and counts what it is asked. */
class Front {
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;
  asked = 0;
  isLying = false;

  constructor(
    certificate: ServerCertificate,
    { rest, wsApi }: Readonly<Record<'rest' | 'wsApi', string>>,
  ) {
    this.#server = createServer(certificate, (request, response) => {
      this.asked += 1;
      void this.#pass(rest, request, response);
    });
    const { hostname, port } = new URL(wsApi);
    this.#server.on('upgrade', ({ url, headers }: IncomingMessage, near: Duplex) => {
      this.asked += 1;
      const far = connect(Number(port), hostname);
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${String(value)}`);
      far.write([`GET ${url ?? ''} HTTP/1.1`, ...lines, '', ''].join('\r\n'));
      near.pipe(far).pipe(near);
      near.on('error', () => far.destroy());
      far.on('error', () => near.destroy());
      near.on('close', () => far.destroy());
    });
    this.#server.on('tlsClientError', () => undefined);
    this.#server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      socket.on('error', () => undefined);
    });
  }

  async listen(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, HOST, resolve));
    return (this.#server.address() as AddressInfo).port;
  }

  show(certificate: ServerCertificate): void {
    this.#server.setSecureContext(certificate);
    this.asked = 0;
    for (const socket of this.#sockets) socket.destroy();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #pass(rest: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const key = request.headers['x-mbx-apikey'];
    const type = request.headers['content-type'];
    const answer = await fetch(`${rest}${request.url ?? ''}`, {
      method: request.method ?? 'GET',
      headers: {
        ...(typeof key === 'string' ? { 'x-mbx-apikey': key } : {}),
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
    });
    const text = await answer.text();
    const isLie = this.isLying && request.url?.startsWith('/api/v3/avgPrice') === true;
    const body = isLie ? text.replace(/"price":"[^"]+"/, '"price":"1.00000000"') : text;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
  }
}

test('[T170,T172] attack 51: a desk tells of prices that disagree, sends nothing to a stranger with a trusted certificate, says so, and goes on once its owner has decided at the terminal', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const [honest, rogue] = [new Authority('Honest Root'), new Authority('Rogue Root')];
  const trusted = join(directory, 'trusted.pem');
  writeFileSync(trusted, honest.pem + rogue.pem);
  process.env['NODE_EXTRA_CA_CERTS'] = trusted;
  defer(() => delete process.env['NODE_EXTRA_CA_CERTS']);
  const simulator = await startSimulator(['--account', 'demo:USDT=10000', '--seed', '11']);
  defer(() => simulator.stop());
  const { rest, wsApi } = simulator.addresses;
  const front = new Front(honest.issue(), { rest, wsApi });
  const port = await front.listen();
  defer(() => front.close());
  const files = deskFiles(join(directory, 'desk'));
  const desk = await startDesk({
    simulator,
    directory: files.directory,
    bots: [],
    rest: `https://${HOST}:${port}`,
    wsApi: `wss://${HOST}:${port}${new URL(wsApi).pathname}`,
  });
  defer(() => desk.stop());
  const stream = async (): Promise<string | undefined> => {
    const { streams } = await desk.client.get<api.Health>('/api/v1/health');
    return streams.find(({ name }) => name === 'account')?.state;
  };
  const alarm = async (kind: string): Promise<api.Alarm | undefined> => {
    const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
    return alarms.find((each) => each.kind === kind);
  };
  const pins = async (...given: readonly string[]): Promise<string> => {
    const command = [CLI, 'connect', 'pins', ...given, '--data', files.directory];
    const { stdout } = await promisify(execFile)(process.execPath, command, { encoding: 'utf8' });
    return stdout;
  };
  await until('the account stream', async () => ((await stream()) === 'up' ? true : null));
  assert.equal(await alarm('issuerRefused'), undefined);

  // [T172] Somebody asks what the policy would say to an order, and one of the prices lies.
  const [connection] = await desk.client.get<api.Connection[]>('/api/v1/connections');
  assert.ok(connection !== undefined);
  const question = {
    connection: connection.id,
    ...{ symbol: 'BTCUSDT', side: 'buy', type: 'limit', timeInForce: 'GTC' },
    ...{ price: '10000.00', quantity: '0.00200' },
  };
  const explained = async (): Promise<string> =>
    JSON.stringify(await desk.client.post('/api/v1/policy/explain', question));
  front.isLying = true;
  await explained();
  const disputed = await until('the dispute', async () => (await alarm('pricesDisagree')) ?? null);
  assert.equal(disputed.severity, 'warning');
  assert.equal(disputed.facts['low'], 'avgPrice 1.00000000');
  assert.match(disputed.facts['high'] ?? '', /^bookTicker \d+\.\d+ to \d+\.\d+$/);
  assert.match(await explained(), /expected references within 5\.0% of each other/);
  front.isLying = false;

  front.show(rogue.issue());
  const raised = await until('the alarm', async () => (await alarm('issuerRefused')) ?? null);
  assert.equal(raised.severity, 'critical');
  assert.equal(raised.facts['host'], HOST);
  assert.equal(raised.facts['found'], 'Rogue Root');
  assert.equal(raised.facts['foundKeys'], rogue.fingerprint);
  assert.equal(raised.facts['expected'], 'Honest Root');
  await desk.client.post('/api/v1/reconciliation/sweeps').catch(() => undefined);
  await until('the stream to be down', async () => ((await stream()) === 'up' ? null : true));
  assert.equal(front.asked, 0, 'the stranger was asked nothing');
  const listed = await pins('list');
  assert.ok(listed.includes(`${rogue.fingerprint}  Rogue Root`), listed);
  assert.ok(listed.includes(`${honest.fingerprint}  Honest Root`), listed);

  await assert.rejects(pins('accept', HOST, '0'.repeat(32)), /expected one of the refused/);
  assert.match(await pins('accept', HOST, rogue.fingerprint.slice(0, 16)), /known by Rogue Root/);
  await until('the alarm to end', async () => {
    await desk.client.post('/api/v1/reconciliation/sweeps').catch(() => undefined);
    return (await alarm('issuerRefused'))?.state === 'resolved' ? true : null;
  });
  assert.ok(front.asked > 0);
  await until('the dispute to end', async () => {
    await explained();
    return (await alarm('pricesDisagree'))?.state === 'resolved' ? true : null;
  });
});

test('[T171] only egress may write who vouches for the exchange: the server has no way there', (t) => {
  const directory = temporaryDirectory(deferrer(t));
  const { egress, config, directory: data } = deskFiles(directory);
  const start = {
    ...{ dataDirectory: data, environment: {}, inherited: [], channel: null },
    configFile: join(config, 'server.json'),
  };
  mkdirSync(config);
  writeFileSync(start.configFile, '{}');
  const within = (paths: readonly string[]): readonly string[] =>
    paths.filter((path) => `${egress}/`.startsWith(`${path}/`));
  assert.deepEqual(within(serverStart(start).writes), []);
  assert.deepEqual(within(egressStart(start).writes), [egress]);
  assert.ok(!egressStart(start).writes.includes(config), 'nor can egress name keys by itself');
});
