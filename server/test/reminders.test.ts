// SPDX-License-Identifier: Apache-2.0
// Reminders of a connection's end, from the watch through the stored alarms to the receivers of every channel.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { AlarmBook } from '../src/alarms/alarm-book.ts';
import { Notifier, type Channel } from '../src/alarms/notifier.ts';
import { Webhook } from '../src/alarms/webhook.ts';
import { LifeWatch } from '../src/connections/life-watch.ts';
import { Store } from '../src/store/store.ts';
import { systemTime } from '../src/time.ts';
import { connectionInfo } from './connection-info.ts';

const DAY_MS = 86_400_000;
const START = 1_793_491_200_000;
const WAIT_MS_MAX = 15_000;
const INFO = connectionInfo(START, { venue: 'other', checkedAt: START });

test('[Y173] the reminders at 14, 7, 3 and 1 days and the end itself go out by every channel, once, also over restarts', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-reminders-'));
  const hooked: string[] = [];
  const receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (bytes: Buffer) => (body += bytes.toString()));
    request.on('end', () => {
      hooked.push(JSON.parse(body).text);
      response.end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const address = receiver.address();
  assert.ok(typeof address === 'object' && address !== null);
  const carried: string[] = [];
  /** A second way out, since one alone does not show that all are taken. */
  const other: Channel = {
    kind: 'other',
    isSet: true,
    deliver: async (body) => {
      carried.push(JSON.parse(body).text);
      return { ok: true };
    },
  };
  t.after(() => {
    receiver.close();
    rmSync(directory, { recursive: true });
  });

  let now = START;
  const said: string[] = [];
  for (const days of [20, 14, 10, 7, 3, 2, 1, 0]) {
    // Each look is that of a desk that was started anew.
    now = INFO.expiresAt - days * DAY_MS;
    const store = new Store(join(directory, 'desk.db'));
    const webhook = new Webhook(store, () => now);
    if (!webhook.isSet) assert.ok(webhook.set(`http://127.0.0.1:${address.port}/`).ok);
    const time = { ...systemTime, now: () => now };
    const notifier = new Notifier({
      store,
      time,
      channels: [webhook, other],
      onStanding: () => undefined,
      onChanged: () => undefined,
    });
    const alarms = new AlarmBook({
      store,
      now: () => now,
      onRaised: (alarm) => notifier.enqueue(alarm),
      onChanged: () => undefined,
      log: () => undefined,
    });
    const watch = new LifeWatch({
      links: {
        submit: async () => assert.fail('nothing is asked of another exchange'),
        connections: async () => ({ ok: true, connections: [INFO] }),
      },
      alarms,
      time,
      venue: 'binance',
      connection: () => '',
      onChanged: () => undefined,
      log: () => undefined,
    });
    await watch.refresh();
    const expected =
      { 20: 0, 14: 1, 10: 1, 7: 2, 3: 3, 2: 3, 1: 4, 0: 5 }[days] ?? assert.fail('a known day');
    const until = performance.now() + WAIT_MS_MAX;
    while (notifier.standing('webhook').waiting > 0 || notifier.standing('other').waiting > 0) {
      assert.ok(performance.now() < until, 'expected the deliveries in time');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assert.equal(hooked.length, expected, `webhook at ${days} days`);
    said.push(...alarms.list(10).map(({ kind, subject, state }) => `${kind} ${subject} ${state}`));
    const standing = alarms.list(10).filter(({ state }) => state !== 'resolved');
    assert.ok(standing.length <= 1, 'an earlier reminder ends with the next');
    watch.close();
    await notifier.close();
    store.close();
  }
  assert.deepEqual(hooked, [
    'The connection main ends in 14 days: make a new key.',
    'The connection main ends in 7 days: make a new key.',
    'The connection main ends in 3 days: make a new key.',
    'The connection main ends in 1 day: make a new key.',
    'The connection main has ended: it opens no risk.',
  ]);
  assert.deepEqual(carried, hooked);
});

test('[Y260] what stands about a key is over once its connection is gone, also where that went while the desk stood still', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-reminders-'));
  t.after(() => rmSync(directory, { recursive: true }));
  const bound = connectionInfo(START, {
    connection: 'c_ABCDEF3',
    bind: { verdict: 'notReal', seenAt: START },
  });
  const shut = connectionInfo(START, {
    connection: 'c_ABCDEF4',
    quarantined: { since: START, faults: ['withdrawals'] },
  });
  let listed: readonly (typeof INFO)[] = [INFO, bound, shut];
  /** What stands of the desk's alarms after a life of it that looks at each of `lists`. */
  const live = async (...lists: readonly (typeof listed)[]): Promise<readonly string[]> => {
    const store = new Store(join(directory, 'desk.db'));
    const book = new AlarmBook({
      store,
      now: () => START,
      onRaised: () => undefined,
      onChanged: () => undefined,
      log: () => undefined,
    });
    const watch = new LifeWatch({
      links: {
        submit: async () => assert.fail('nothing is asked'),
        connections: async () => ({ ok: true, connections: listed }),
      },
      alarms: book,
      time: { ...systemTime, now: () => START },
      venue: 'binance',
      connection: () => '',
      onChanged: () => undefined,
      log: () => undefined,
    });
    book.raise({ kind: 'clonedSite', severity: 'warning', subject: 'https://a.test', facts: {} });
    for (const list of lists) {
      listed = list;
      await watch.refresh();
    }
    const rows = book.list(10).filter(({ state }) => state !== 'resolved');
    watch.close();
    store.close();
    return rows.map(({ kind, connection }) => `${kind} ${connection}`.trim()).toSorted();
  };
  const all = [INFO, bound, shut];
  assert.deepEqual(await live(all), [
    'bindNotReal c_ABCDEF3',
    'clonedSite',
    'rightsChanged c_ABCDEF4',
  ]);
  // Both ways: with the desk running, and while it stood still.
  assert.deepEqual(await live(all, [INFO, bound]), ['bindNotReal c_ABCDEF3', 'clonedSite']);
  assert.deepEqual(await live([INFO]), ['clonedSite']);
  // Who comes back is told of again.
  assert.deepEqual(await live(all, [INFO], all), [
    'bindNotReal c_ABCDEF3',
    'clonedSite',
    'rightsChanged c_ABCDEF4',
  ]);
});
