// SPDX-License-Identifier: Apache-2.0
// Someone else at the account, with the very key: what he does is seen, told, kept as evidence, and opens no more risk.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, hash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { makeSettings, type DcaSettings } from '@kontor/core';
import { deskOrderId } from '@kontor/exchange';
import { ALARM_KINDS } from '../server/src/alarms/alarm-book.ts';
import { englishAlarms } from '../web/src/language/alarms-english.ts';
import { germanAlarms } from '../web/src/language/alarms-german.ts';
import type { api } from '@kontor/server';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';
import { Thief } from './thief.ts';

/** Buys at once and rests a take profit far above; a safety order rests below. */
const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Watched',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '110',
  safetyOrderStep: '3',
  maxSafetyOrders: 1,
  maxActiveSafetyOrders: 1,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '5',
  cooldownSeconds: 2_592_000,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

/** 2 s are promised, and a few ms measured; a machine that runs everything at once is given more. */
const STREAM_MS_MAX = 10_000;
const HEADER = 'open_time,open,high,low,close,volume\n';
const TIMES = [1_700_000_040_000, 1_700_000_100_000, 1_700_000_160_000, 1_700_000_220_000];
const candles = (rows: readonly string[]): string =>
  HEADER + TIMES.map((time, index) => `${time},${rows[index] ?? rows[0] ?? ''}\n`).join('');

interface Scene {
  readonly simulator: SimulatorProcess;
  readonly desk: TestDesk;
  readonly thief: Thief;
  /** The take profit that rests, as the exchange has it. */
  readonly own: { readonly clientOrderId: string };
}

interface SceneOptions {
  /** What stands between egress and the exchange. */
  readonly between?: (address: string) => Promise<string>;
}

async function scene(t: TestContext, options: SceneOptions = {}): Promise<Scene> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const still = '2000.00,2001.00,1999.00,2000.00,50.0000';
  const files = {
    // Later it rises through the take profit.
    ETHUSDT: [
      still,
      still,
      '2000.00,2200.00,2000.00,2150.00,50.0000',
      '2150.00,2151.00,2149.00,2150.00,50.0000',
    ],
    BTCUSDT: ['100.00,100.10,99.90,100.00,90000.0000'],
  };
  const market = Object.entries(files).flatMap(([symbol, rows]) => {
    const file = join(directory, `${symbol}-1m.csv`);
    writeFileSync(file, candles(rows));
    return ['--market', file];
  });
  const simulator = await startSimulator([
    ...market,
    ...['--speed', '0', '--history', '0', '--account', 'demo:USDT=5000,BTC=3'],
  ]);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 2 });
  const { rest } = simulator.addresses;
  const desk = await startDesk({
    simulator,
    bots: [SETTINGS],
    directory: join(directory, 'desk'),
    // The desk trades one symbol; the exchange has another.
    symbols: ['ETHUSDT'],
    ...(options.between === undefined ? {} : { rest: await options.between(rest) }),
  });
  defer(() => desk.stop());
  const own = await until(
    'the take profit',
    async () => (await openOrders(simulator)).find(({ side }) => side === 'SELL') ?? null,
  );
  await until('the safety order', async () =>
    (await openOrders(simulator)).length === 2 ? true : null,
  );
  await until('a first comparison and the account stream', async () => {
    const { sweptAt } = await desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
    return sweptAt !== null && (await stream(desk)) === 'up' ? true : null;
  });
  const thief = new Thief(join(desk.directory, 'signer'), join(directory, 'stolen'), rest);
  defer(() => thief.stop());
  return { simulator, desk, thief, own };
}

interface ExchangeOrder {
  readonly clientOrderId: string;
  readonly side: string;
  readonly status: string;
}

async function openOrders(simulator: SimulatorProcess): Promise<readonly ExchangeOrder[]> {
  const { orders } = await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
    '/accounts/demo/open-orders',
  );
  return orders;
}

async function stream(desk: TestDesk): Promise<string | undefined> {
  const { streams } = await desk.client.get<api.Health>('/api/v1/health');
  return streams.find(({ name }) => name === 'account')?.state;
}

async function alarms(desk: TestDesk): Promise<readonly api.Alarm[]> {
  return (await desk.client.get<api.Alarms>('/api/v1/alarms')).alarms;
}

/** The alarm of a kind, once it is raised, and how long that took from `since`. */
async function alarm(
  t: TestContext,
  desk: TestDesk,
  kind: string,
  since: number,
): Promise<{ readonly alarm: api.Alarm; readonly tookMs: number }> {
  const found = await until(
    `the alarm ${kind}`,
    async () => (await alarms(desk)).find((each) => each.kind === kind) ?? null,
  );
  const tookMs = Math.max(found.raisedAt - since, 0);
  t.diagnostic(`${kind} raised ${tookMs} ms after the fact`);
  return { alarm: found, tookMs };
}

test('[T140] attack 44: a trade on a pair never traded here is told by the stream, freezes, and opens a case', async (t) => {
  const { simulator, desk, thief, own } = await scene(t);
  const before = await openOrders(simulator);
  const { at } = await thief.place('BTCUSDT', 'SELL', '1.00000', '90.00');
  const { alarm: found, tookMs } = await alarm(t, desk, 'foreignTrade', at);
  assert.ok(tookMs <= STREAM_MS_MAX, `expected at most ${STREAM_MS_MAX} ms, took ${tookMs} ms`);
  assert.deepEqual([found.severity, found.facts['symbol']], ['critical', 'BTCUSDT']);
  assert.equal(found.facts['source'], 'stream');
  await alarm(t, desk, 'connectionFrozen', at);

  // Resting orders stay, the protective one among them, and no entry leaves any more.
  assert.deepEqual(
    (await openOrders(simulator)).map(({ clientOrderId }) => clientOrderId).toSorted(),
    before.map(({ clientOrderId }) => clientOrderId).toSorted(),
  );
  assert.ok(before.some(({ clientOrderId }) => clientOrderId === own.clientOrderId));
  const bot = await desk.client.post<api.Bot>('/api/v1/bots', { ...SETTINGS, name: 'Second' });
  await desk.client.post(`/api/v1/bots/${bot.id}/start`);
  const notes = await until('the refusal', async () => {
    const all = await desk.client.get<api.Note[]>(`/api/v1/notes?bot=${bot.id}`);
    return all.find(({ kind }) => kind === 'orderRejected') ?? null;
  });
  assert.equal(notes.values['rule'], 'connection: frozen');
  await until('the signer to freeze it too', async () => {
    const [connection] = await desk.client.get<api.Connection[]>('/api/v1/connections');
    return connection?.state === 'frozen' ? true : null;
  });

  const [summary] = await until('the case', async () => {
    const cases = await desk.client.get<api.CaseSummary[]>('/api/v1/cases');
    return cases.length > 0 && (cases[0]?.evidence ?? 0) > 0 ? cases : null;
  });
  assert.ok(summary !== undefined);
  const folder = join(desk.directory, 'cases', summary.id);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
  for (const { path, sha256, size } of manifest.files) {
    const bytes = readFileSync(join(folder, path));
    assert.deepEqual([hash('sha256', bytes, 'hex'), bytes.length], [sha256, size], path);
    assert.equal(statSync(join(folder, path)).mode & 0o077, 0, path);
  }
  const evidence = readdirSync(join(folder, 'evidence'));
  assert.ok(
    evidence.some((name) =>
      readFileSync(join(folder, 'evidence', name), 'utf8').includes('"executionReport"'),
    ),
    'the event stands there as it came',
  );
  const whole = await desk.client.get<api.Case>(`/api/v1/cases/${summary.id}`);
  assert.deepEqual(whole.faults, []);
  assert.ok(whole.events.some(({ kind }) => kind === 'foreignTrade'));
});

test('[T144][C120][C121] the terminal tells of alarms, cases and orders that nobody has looked at', async (t) => {
  const { desk, thief } = await scene(t);
  const { at } = await thief.place('BTCUSDT', 'BUY', '1.00000', '50.00');
  const { alarm: found } = await alarm(t, desk, 'foreignOrder', at);
  const listed = await kontor(desk, 'alarms', 'list');
  assert.match(listed, /An order that this desk did not send/);
  const seen = await kontor(desk, 'alarms', 'acknowledge', found.id.slice(0, 8));
  assert.match(seen, /^Seen: An order that this desk did not send/);
  const [acknowledged] = (await alarms(desk)).filter(({ id }) => id === found.id);
  assert.deepEqual(
    [acknowledged?.state, acknowledged?.acknowledgedBy],
    ['acknowledged', 'the terminal'],
  );
  assert.match(await kontor(desk, 'foreign', 'list'), /buy 1\.0+ BTCUSDT at 50\.0+, order \d+/);
  const id = /^(\S+)/m.exec((await kontor(desk, 'case', 'list')).split('\n')[1] ?? '')?.[1] ?? '';
  const shown = await kontor(desk, 'case', 'show', id);
  assert.match(shown, /foreignOrder/);
  assert.match(shown, /all as the manifest says/);
  assert.match(await kontor(desk, 'alarms', 'webhook', 'show'), /not set; alarms stay on the desk/);
});

async function kontor(desk: TestDesk, ...words: readonly string[]): Promise<string> {
  const program = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [program, ...words, '--data', desk.directory],
    { timeout: 20_000 },
  );
  return stdout;
}

test('[T140] attack 44: with the stream down, the balances tell, and the trade is found', async (t) => {
  const { simulator, desk, thief } = await scene(t);
  await simulator.control('/faults', { kind: 'dropSockets', durationMs: 40_000 });
  await until('the stream to be down', async () => ((await stream(desk)) === 'down' ? true : null));
  const { at } = await thief.place('BTCUSDT', 'SELL', '1.00000', '90.00');
  const { alarm: found, tookMs } = await alarm(t, desk, 'foreignTrade', at);
  assert.equal(found.facts['symbol'], 'BTCUSDT');
  assert.equal(found.facts['source'], 'myTrades');
  assert.ok(tookMs <= 30_000, `expected at most 30 s, took ${tookMs} ms`);
  await alarm(t, desk, 'streamGap', at);
});

test('[T141] attack 45: a thief who only cancels our orders is told', async (t) => {
  const { desk, thief, own } = await scene(t);
  const { at } = await thief.ask('DELETE', '/api/v3/order', {
    symbol: 'ETHUSDT',
    origClientOrderId: own.clientOrderId,
  });
  const { alarm: found, tookMs } = await alarm(t, desk, 'cancelledByOthers', at);
  assert.ok(tookMs <= STREAM_MS_MAX, `expected at most ${STREAM_MS_MAX} ms, took ${tookMs} ms`);
  assert.equal(found.facts['clientOrderId'], deskOrderId(own.clientOrderId));
  await alarm(t, desk, 'connectionFrozen', at);
});

test('[T141] attack 46: orders that are placed and cancelled without a fill are told', async (t) => {
  const { desk, thief } = await scene(t);
  const placed = await thief.place('BTCUSDT', 'BUY', '1.00000', '50.00');
  await thief.ask('DELETE', '/api/v3/order', {
    symbol: 'BTCUSDT',
    orderId: String(placed.body.orderId),
  });
  const { alarm: found, tookMs } = await alarm(t, desk, 'foreignOrder', placed.at);
  assert.ok(tookMs <= STREAM_MS_MAX, `expected at most ${STREAM_MS_MAX} ms, took ${tookMs} ms`);
  assert.equal(found.facts['symbol'], 'BTCUSDT');
});

test('[T141] attack 17: an order under our own mark and a guessed tag is a stranger’s and told as forged', async (t) => {
  const { desk, thief, own } = await scene(t);
  const id = `${deskOrderId(own.clientOrderId)}_vvvvvvvv`;
  const { at } = await thief.ask('POST', '/api/v3/order', {
    ...{ symbol: 'ETHUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC', quantity: '0.0100' },
    ...{ price: '1500.00', newClientOrderId: id },
  });
  const { alarm: found, tookMs } = await alarm(t, desk, 'forgedTag', at);
  assert.ok(tookMs <= STREAM_MS_MAX, `expected at most ${STREAM_MS_MAX} ms, took ${tookMs} ms`);
  assert.equal(found.facts['clientOrderId'], id);
  const { orphans } = await desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
  assert.deepEqual(orphans, []);
});

test('[T142] attack 47: a stream that is silently dead is told within 30 s', async (t) => {
  const { simulator, desk } = await scene(t);
  const since = Date.now();
  await simulator.control('/faults', { kind: 'silentSockets', durationMs: 60_000 });
  const { tookMs } = await alarm(t, desk, 'streamGap', since);
  assert.ok(tookMs <= 30_000, `expected at most 30 s, took ${tookMs} ms`);
});

/** Passes everything on, and says of every order of the account that it is open and has traded nothing. */
async function liar(t: TestContext, address: string, isLying: () => boolean): Promise<string> {
  const server = createServer((request, response) => {
    void pass(address, request, response, isLying());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  return `http://127.0.0.1:${bound.port}`;
}

/**
 * An exchange whose signatures do not cover what they are sent with: what was signed once is good for any order for two
 * minutes. Behind it the simulator is spoken to with a key of the exchange's own.
 */
async function looseExchange(
  t: TestContext,
  address: string,
): Promise<{ readonly address: string; readonly captured: Captured[]; key: OwnKey | null }> {
  const loose = { address: '', captured: [] as Captured[], key: null as OwnKey | null };
  const isSigned = (path: string, signature: string | null): boolean =>
    loose.captured.some(
      (known) =>
        known.path === path && known.signature === signature && Date.now() - known.at < 120_000,
    );
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { pathname, searchParams } = new URL(request.url ?? '', address);
      const body = Buffer.concat(chunks).toString('utf8');
      const isOrder = request.method === 'POST' && pathname === '/api/v3/order';
      const given = new URLSearchParams(body);
      const signature = given.get('signature');
      let [apiKey, payload] = [String(request.headers['x-mbx-apikey'] ?? ''), body];
      if (isOrder && isSigned(pathname, signature) && loose.key !== null) {
        given.delete('signature');
        given.set('timestamp', String(Date.now()));
        const { secret } = loose.key;
        given.set('signature', createHmac('sha256', secret).update(String(given)).digest('hex'));
        [apiKey, payload] = [loose.key.apiKey, String(given)];
      } else if (isOrder && signature !== null) {
        loose.captured.push({ path: pathname, signature, body, at: Date.now() });
      }
      const answer = await fetch(`${address}${pathname}?${searchParams}`, {
        method: request.method ?? 'GET',
        headers: {
          ...(apiKey === '' ? {} : { 'x-mbx-apikey': apiKey }),
          ...(payload === '' ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
        },
        ...(payload === '' ? {} : { body: payload }),
      });
      response
        .writeHead(answer.status, { 'content-type': 'application/json' })
        .end(await answer.text());
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const bound = server.address();
  assert.ok(typeof bound === 'object' && bound !== null);
  loose.address = `http://127.0.0.1:${bound.port}`;
  return loose;
}

interface Captured {
  readonly path: string;
  readonly signature: string;
  readonly body: string;
  readonly at: number;
}

interface OwnKey {
  readonly apiKey: string;
  readonly secret: string;
}

test('[T173,Y152] attack 17: what was signed for one order is sent again with another, at an exchange that takes it: told within 2 s', async (t) => {
  let exchange: Awaited<ReturnType<typeof looseExchange>> | null = null;
  const { simulator, desk } = await scene(t, {
    between: async (address) => (exchange = await looseExchange(t, address)).address,
  });
  const loose = exchange as Awaited<ReturnType<typeof looseExchange>> | null;
  assert.ok(loose !== null);
  loose.key = await simulator.control<OwnKey>('/accounts/demo/keys', {
    rights: { reading: true, spotTrading: true },
  });
  const ours = loose.captured.find(({ body }) => body.includes('side=BUY'));
  assert.ok(ours !== undefined);
  const again = async (changes: Readonly<Record<string, string>>): Promise<number> => {
    const body = new URLSearchParams(ours.body);
    for (const [name, value] of Object.entries(changes)) body.set(name, value);
    const answer = await fetch(`${loose.address}/api/v3/order`, { method: 'POST', body });
    assert.equal(answer.status, 200, await answer.text());
    return Date.now();
  };
  // The very ID of ours, tag and all, on a pair that the desk does not trade, forty times as much.
  const changes = { symbol: 'BTCUSDT', side: 'SELL', type: 'LIMIT', timeInForce: 'GTC' };
  const at = await again({ ...changes, quantity: '2.00000', price: '90.00' });
  const { alarm: found, tookMs } = await alarm(t, desk, 'forgedTag', at);
  assert.ok(tookMs <= STREAM_MS_MAX, `expected at most ${STREAM_MS_MAX} ms, took ${tookMs} ms`);
  assert.deepEqual([found.severity, found.facts['symbol']], ['critical', 'BTCUSDT']);
  await alarm(t, desk, 'connectionFrozen', at);
  // And without an ID.
  const later = await again({
    ...changes,
    newClientOrderId: 'x-1',
    quantity: '0.50000',
    price: '95.00',
  });
  await alarm(t, desk, 'foreignTrade', later);
});

let lastSeen: unknown = null;

async function pass(
  address: string,
  request: IncomingMessage,
  response: ServerResponse,
  isLying: boolean,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const key = request.headers['x-mbx-apikey'];
  const answer = await fetch(`${address}${request.url ?? ''}`, {
    method: request.method ?? 'GET',
    headers: {
      ...(typeof key === 'string' ? { 'x-mbx-apikey': key } : {}),
      'content-type': request.headers['content-type'] ?? 'application/json',
    },
    ...(chunks.length === 0 ? {} : { body: Buffer.concat(chunks) }),
  });
  let body = await answer.text();
  const path = new URL(request.url ?? '', address).pathname;
  const isList = path === '/api/v3/openOrders';
  if (isList && !isLying) lastSeen = JSON.parse(body);
  if (isLying && isList) body = JSON.stringify(lastSeen);
  if (isLying && path === '/api/v3/order' && request.method === 'GET') {
    body = body
      .replace(/"status":"\w+"/, '"status":"NEW"')
      .replace(/"executedQty":"[^"]+"/, '"executedQty":"0.0000"');
  }
  response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
}

test('[T143] attack 51: where the stream says filled and the list goes on to say open, the two are told apart', async (t) => {
  let isLying = false;
  const { simulator, desk } = await scene(t, {
    between: (address) => liar(t, address, () => isLying),
  });
  await desk.client.post('/api/v1/reconciliation/sweeps');
  await until('a list with the orders', async () => {
    await desk.client.post('/api/v1/reconciliation/sweeps');
    return Array.isArray(lastSeen) && lastSeen.length >= 2 ? true : null;
  });
  isLying = true;
  const since = Date.now();
  // The market rises through the take profit: the stream tells of the fill.
  await simulator.control('/market/step', { untilMs: 1_700_000_219_999 });
  await until('the deal to end by the stream', async () => {
    const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?status=closed');
    return deals.length > 0 ? true : null;
  });
  await desk.client.post('/api/v1/reconciliation/sweeps');
  const { alarm: found } = await alarm(t, desk, 'sourcesDisagree', since);
  assert.equal(found.severity, 'critical');
  assert.ok(found.facts['stream'] !== found.facts['list'], JSON.stringify(found.facts));
});

test('[W92] every alarm that the desk knows has a sentence in both languages', () => {
  for (const { kinds } of [englishAlarms, germanAlarms]) {
    assert.deepEqual(Object.keys(kinds).toSorted(), Object.keys(ALARM_KINDS).toSorted());
    for (const [kind, sentence] of Object.entries(kinds)) {
      const said = sentence((name) => `<${name}>`);
      assert.match(said, /<\w+>.*[.]$/, `${kind} names what it is about`);
    }
  }
  const english = Object.values(englishAlarms.kinds).map((sentence) => sentence(() => ''));
  const german = Object.values(germanAlarms.kinds).map((sentence) => sentence(() => ''));
  for (const [index, said] of english.entries()) assert.notEqual(said, german[index]);
});
