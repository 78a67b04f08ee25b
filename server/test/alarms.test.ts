// SPDX-License-Identifier: Apache-2.0
// Alarms: stored first, counted, acknowledged, and told outside by a signed webhook.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { AlarmBook, type Alarm } from '../src/alarms/alarm-book.ts';
import { alarmSentence } from '../src/alarms/alarm-sentence.ts';
import { Notifier } from '../src/alarms/notifier.ts';
import { Webhook } from '../src/alarms/webhook.ts';
import { Store } from '../src/store/store.ts';
import { systemTime } from '../src/time.ts';
import { openApi } from './scripted-api.ts';

const ORDER = { side: 'sell', quantity: '2', symbol: 'DOGEUSDT', price: '0.1' };

interface Received {
  readonly signature: string;
  readonly body: string;
}

/** A receiver that answers as told, the last answer for ever. */
class Receiver {
  readonly received: Received[] = [];
  answers: number[] = [200];
  readonly #server: Server;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        this.received.push({ signature: String(request.headers['kontor-signature']), body });
        const status = this.answers.length > 1 ? this.answers.shift() : this.answers[0];
        response.writeHead(status ?? 200, { location: '/elsewhere' }).end('thanks');
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const address = this.#server.address();
    assert.ok(typeof address === 'object' && address !== null);
    return `http://127.0.0.1:${address.port}/secret-path`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

interface Bench {
  readonly store: Store;
  readonly book: AlarmBook;
  readonly notifier: Notifier;
  readonly webhook: Webhook;
  readonly raised: Alarm[];
  readonly standings: (string | null)[];
  now: number;
}

function opened(t: TestContext, pausesMs: readonly number[] = [10, 10, 10]): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-alarms-'));
  const store = new Store(join(directory, 'desk.db'));
  const raised: Alarm[] = [];
  const standings: (string | null)[] = [];
  const webhook = new Webhook(store, () => Date.now());
  const notifier = new Notifier({
    store,
    time: systemTime,
    channels: [webhook],
    pausesMs,
    onStanding: (_channel, reason) => standings.push(reason),
    onChanged: () => undefined,
  });
  const bench: Bench = {
    store,
    notifier,
    webhook,
    raised,
    standings,
    now: 1_000,
    book: new AlarmBook({
      store,
      now: () => bench.now,
      onRaised(alarm) {
        raised.push(alarm);
        notifier.enqueue(alarm);
      },
      onChanged: () => undefined,
      log: () => undefined,
    }),
  };
  t.after(async () => {
    await notifier.close();
    store.close();
    rmSync(directory, { recursive: true });
  });
  return bench;
}

async function until(what: string, isSo: () => boolean): Promise<void> {
  const end = performance.now() + 15_000;
  while (!isSo()) {
    assert.ok(performance.now() < end, `expected ${what} within 15 s`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('[Y60] an alarm is on disk when it is told, and counted while it waits', (t) => {
  const bench = opened(t);
  const { book, store, raised } = bench;
  const first = book.raise({
    kind: 'foreignTrade',
    severity: 'critical',
    connection: 'c_ABCDEF2',
    facts: ORDER,
  });
  assert.deepEqual([first.state, first.count, first.raisedAt], ['open', 1, 1_000]);
  assert.equal(store.get('SELECT count(*) AS n FROM alarms')?.['n'], 1);
  bench.now = 2_000;
  const again = book.raise({
    kind: 'foreignTrade',
    severity: 'critical',
    connection: 'c_ABCDEF2',
    facts: { ...ORDER, price: '0.2' },
  });
  assert.deepEqual([again.id, again.count, again.lastAt], [first.id, 2, 2_000]);
  assert.equal(again.facts['price'], '0.2');
  assert.equal(raised.length, 1, 'told once');
  book.raise({ kind: 'foreignTrade', severity: 'critical', connection: 'c_OTHER22', facts: {} });
  assert.equal(raised.length, 2, 'another connection is another alarm');
});

test('[Y60] a condition is one alarm however often it is said, also by a desk that starts again', (t) => {
  const { book, raised } = opened(t);
  const alarm = { kind: 'connectionExpiring', severity: 'notice', facts: { days: '14' } } as const;
  const first = book.raise(alarm);
  const again = book.raise({ ...alarm, facts: { days: '13' } });
  assert.deepEqual([again.id, again.count, again.facts['days']], [first.id, 1, '13']);
  assert.equal(raised.length, 1);
});

test('[Y60] a graver word is told again; a milder one changes nothing', (t) => {
  const { book, raised } = opened(t);
  book.raise({ kind: 'balanceUnexplained', severity: 'warning', subject: 'BTC', facts: {} });
  book.raise({ kind: 'balanceUnexplained', severity: 'critical', subject: 'BTC', facts: {} });
  book.raise({ kind: 'balanceUnexplained', severity: 'notice', subject: 'BTC', facts: {} });
  assert.deepEqual(
    raised.map(({ severity }) => severity),
    ['warning', 'critical'],
  );
  assert.equal(book.list(1)[0]?.severity, 'critical');
});

test('[Y61] an event ends when a person has seen it; a condition when it is over', (t) => {
  const { book, raised } = opened(t);
  const event = book.raise({ kind: 'foreignOrder', severity: 'critical', facts: ORDER });
  const condition = book.raise({ kind: 'streamGap', severity: 'warning', facts: {} });
  for (const { id } of [event, condition]) {
    const seen = book.acknowledge(id, 'ada');
    assert.ok(seen.ok);
    assert.deepEqual([seen.alarm.state, seen.alarm.acknowledgedBy], ['acknowledged', 'ada']);
    assert.deepEqual(book.acknowledge(id, 'bob'), {
      ok: false,
      kind: 'decided',
      reason: 'the alarm is acknowledged already',
    });
  }
  assert.equal(book.openCount, 0);
  const next = book.raise({ kind: 'foreignOrder', severity: 'critical', facts: ORDER });
  assert.notEqual(next.id, event.id, 'the next order rings anew');
  assert.equal(book.raise({ kind: 'streamGap', severity: 'warning', facts: {} }).id, condition.id);
  assert.equal(raised.length, 3);
  book.resolve('streamGap');
  assert.equal(book.get(condition.id)?.state, 'resolved');
  assert.notEqual(
    book.raise({ kind: 'streamGap', severity: 'warning', facts: {} }).id,
    condition.id,
  );
  assert.equal(book.acknowledge('none', 'ada').ok, false);
});

test('[Y62] alarms are bounded: in number, in open ones of a kind, and in what each carries', (t) => {
  const { book, raised } = opened(t);
  for (let index = 0; index < 150; index += 1) {
    book.raise({
      kind: 'foreignOrder',
      severity: 'critical',
      subject: String(index),
      facts: { long: 'x'.repeat(1_000) },
    });
  }
  assert.equal(book.openCount, 101);
  const more = book.list(500).find(({ subject }) => subject === 'more');
  assert.equal(more?.count, 50);
  assert.equal(raised.length, 101);
  assert.equal(more?.facts['long']?.length, 300);
  for (let index = 0; index < 2_300; index += 1) {
    const { id } = book.raise({ kind: 'forgedTag', severity: 'critical', facts: {} });
    book.acknowledge(id, 'ada');
  }
  assert.ok(book.list(10_000).length <= 2_102);
  assert.equal(book.openCount, 101, 'what waits is never dropped');
});

test('[Y63] an alarm goes out as JSON that its receiver can check, also after a restart', async (t) => {
  const bench = opened(t);
  const receiver = new Receiver();
  const url = await receiver.start();
  t.after(() => receiver.stop());
  const set = bench.webhook.set(url);
  assert.ok(set.ok);
  const secret = set.secret.reveal();
  assert.doesNotMatch(String(bench.webhook.address), /secret-path/);
  assert.equal(JSON.stringify(set), '{"ok":true,"secret":"[secret]"}');
  const alarm = bench.book.raise({ kind: 'foreignTrade', severity: 'critical', facts: ORDER });
  await until('the delivery', () => receiver.received.length === 1);
  const [{ signature, body } = { signature: '', body: '' }] = receiver.received;
  const [, time = '', mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(signature) ?? [];
  assert.equal(mac, createHmac('sha256', secret).update(`${time}.${body}`).digest('hex'));
  const told = JSON.parse(body);
  assert.deepEqual([told.event, told.alarm.id, told.alarm.facts], ['alarm', alarm.id, ORDER]);
  assert.equal(told.text, alarmSentence(alarm));
  await until('the note of it', () => bench.notifier.standing('webhook').sentAt !== null);
  const reopened = new Webhook(bench.store, () => Date.now());
  assert.equal(reopened.address, bench.webhook.address);
});

test('[Y64] a receiver that fails is asked again; what is refused, redirected or out of tries is given up', async (t) => {
  const bench = opened(t);
  const receiver = new Receiver();
  const url = await receiver.start();
  t.after(() => receiver.stop());
  assert.ok(bench.webhook.set(url).ok);
  receiver.answers = [503, 429, 200];
  bench.book.raise({ kind: 'foreignOrder', severity: 'critical', subject: 'a', facts: {} });
  await until('the third try', () => bench.notifier.standing('webhook').sentAt !== null);
  assert.equal(receiver.received.length, 3);
  assert.equal(new Set(receiver.received.map(({ body }) => body)).size, 1, 'the same each time');
  for (const [answer, said] of [
    [404, /expected an answer of 200 to 299, found 404/],
    [302, /redirect 302, which is not followed/],
  ] as const) {
    receiver.received.length = 0;
    receiver.answers = [answer];
    bench.book.raise({
      kind: 'foreignOrder',
      severity: 'critical',
      subject: said.source,
      facts: {},
    });
    await until('the fault', () => said.test(bench.notifier.standing('webhook').fault ?? ''));
    assert.equal(receiver.received.length, 1, 'not asked again');
    assert.match(bench.standings.at(-1) ?? '', said);
  }
  receiver.received.length = 0;
  receiver.answers = [500];
  bench.book.raise({ kind: 'foreignOrder', severity: 'critical', subject: 'b', facts: {} });
  await until('four tries', () => receiver.received.length === 4);
  await until('the end', () => bench.notifier.standing('webhook').waiting === 0);
  assert.match(bench.standings.at(-1) ?? '', /found 500/);
  receiver.answers = [200];
  assert.deepEqual(await bench.notifier.test('webhook'), { ok: true });
  assert.equal(bench.standings.at(-1), null, 'it takes alarms again');
  bench.webhook.remove();
  assert.equal((await bench.notifier.test('webhook')).ok, false);
});

test('[Y65] only https leaves the machine, and no address carries a password', (t) => {
  const { webhook } = opened(t);
  for (const [address, said] of [
    [
      'http://example.com/x',
      /expected https, or http on this machine, found http:\/\/example\.com/,
    ],
    ['ftp://127.0.0.1/x', /expected https/],
    ['https://user:pass@example.com/x', /without a user or password/],
    ['example.com', /expected an address such as/],
    ['http://127.0.0.1.example.com/', /expected https/],
    [`https://example.com/${'x'.repeat(2_000)}`, /at most 2000 characters/],
  ] as const) {
    const result = webhook.set(address);
    assert.ok(!result.ok, address);
    assert.match(result.reason, said);
    assert.doesNotMatch(result.reason, /pass@/);
  }
  assert.equal(webhook.isSet, false);
  for (const address of ['https://example.com/x', 'http://127.0.0.1:1/', 'http://[::1]:1/'])
    assert.ok(webhook.set(address).ok, address);
});

test('[Y66] alarms and their channel over HTTP', async (t) => {
  const api = await openApi();
  t.after(() => api.close());
  const alarm = api.alarms.raise({ kind: 'foreignOrder', severity: 'critical', facts: ORDER });
  const listed = await api.ask('GET', '/api/v1/alarms');
  assert.equal(listed.body.openCount, 1);
  assert.equal(listed.body.alarms[0].id, alarm.id);
  assert.match(listed.body.alarms[0].sentence, /sell 2 DOGEUSDT at 0\.1/);
  const seen = await api.ask('POST', `/api/v1/alarms/${alarm.id}/acknowledge`);
  assert.deepEqual([seen.status, seen.body.state], [200, 'acknowledged']);
  assert.equal((await api.ask('POST', `/api/v1/alarms/${alarm.id}/acknowledge`)).status, 409);
  const none = '00000000-0000-0000-0000-000000000000';
  assert.equal((await api.ask('POST', `/api/v1/alarms/${none}/acknowledge`)).status, 404);
  const receiver = new Receiver();
  const url = await receiver.start();
  t.after(() => receiver.stop());
  const wrong = await api.ask('PUT', '/api/v1/alarms/channels/webhook', { url: 'http://a.b/c' });
  assert.deepEqual([wrong.status, wrong.body.error], [400, 'invalid_request']);
  const set = await api.ask('PUT', '/api/v1/alarms/channels/webhook', { url });
  assert.equal(set.status, 200);
  assert.match(set.body.secret, /^[\w-]{43}$/);
  const tested = await api.ask('POST', '/api/v1/alarms/channels/webhook/test');
  assert.deepEqual(tested.body, { isTaken: true, reason: '' });
  assert.equal(JSON.parse(receiver.received[0]?.body ?? '{}').event, 'test');
  const [channel] = (await api.ask('GET', '/api/v1/alarms/channels')).body;
  assert.equal(channel.isSet, true);
  assert.doesNotMatch(JSON.stringify(channel), /secret/);
  const removed = await api.ask('DELETE', '/api/v1/alarms/channels/webhook');
  assert.deepEqual([removed.status, removed.body.isSet], [200, false]);
});
