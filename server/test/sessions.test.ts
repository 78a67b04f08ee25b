// SPDX-License-Identifier: Apache-2.0
// Links and sessions over time: ten minutes, thirty days, hashes only.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Store } from '@kontor/server';
import { Sessions } from '../src/people/sessions.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

interface Opened {
  readonly store: Store;
  readonly sessions: Sessions;
  readonly file: string;
  now: number;
}

function opened(t: TestContext): Opened {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-sessions-'));
  const file = join(directory, 'desk.db');
  const store = new Store(file);
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const given: Opened = {
    store,
    file,
    now: 1_700_000_000_000,
    sessions: new Sessions(store, 'terminal', () => given.now),
  };
  return given;
}

/** A session that a fresh link was spent for. */
function logIn({ sessions }: Opened): string {
  const session = sessions.redeemLink(sessions.createLink());
  return session ?? assert.fail('a fresh link opens');
}

test('[A2] a link lives ten minutes', (t) => {
  const desk = opened(t);
  const link = desk.sessions.createLink();
  desk.now += 10 * MINUTE_MS;
  assert.notEqual(desk.sessions.redeemLink(link), null);
  const late = desk.sessions.createLink();
  desk.now += 10 * MINUTE_MS + 1;
  assert.equal(desk.sessions.redeemLink(late), null);
});

test('[A2] only the newest links count, and each once', (t) => {
  const desk = opened(t);
  const links = Array.from({ length: 20 }, () => desk.sessions.createLink());
  const works = links.map((link) => desk.sessions.redeemLink(link) !== null);
  assert.deepEqual(works, [...Array(4).fill(false), ...Array(16).fill(true)]);
  assert.ok(links.every((link) => desk.sessions.redeemLink(link) === null));
  assert.equal(desk.sessions.redeemLink(''), null);
});

test('[A2] a session lives thirty days from its last use, also over a restart', (t) => {
  const desk = opened(t);
  const session = logIn(desk);
  for (let month = 0; month < 3; month += 1) {
    desk.now += 29 * DAY_MS;
    assert.equal(desk.sessions.hasSession(session), true);
  }
  const restarted = new Sessions(desk.store, 'terminal', () => desk.now);
  assert.equal(restarted.hasSession(session), true);
  desk.now += 31 * DAY_MS;
  assert.equal(new Sessions(desk.store, 'terminal', () => desk.now).hasSession(session), false);
  logIn(desk);
  assert.equal(desk.store.get('SELECT count(*) AS count FROM sessions')?.['count'], 1);
});

test('[A2] neither link nor session lies in the store in clear', (t) => {
  const desk = opened(t);
  const session = logIn(desk);
  desk.store.get('PRAGMA wal_checkpoint(TRUNCATE)');
  const bytes = readFileSync(desk.file).toString('latin1');
  assert.ok(!bytes.includes(session));
  assert.ok(!bytes.includes('terminal'));
  assert.equal(desk.sessions.hasSession(undefined), false);
  assert.equal(desk.sessions.hasSession('wrong'), false);
});

test('[Y7] a session that becomes a person’s counts from then, and its old cookie is good for what is under way', (t) => {
  const desk = opened(t);
  const old = logIn(desk);
  for (let use = 0; use < 2; use += 1) {
    desk.now += 25 * DAY_MS;
    assert.equal(desk.sessions.hasSession(old), true);
  }
  const own = desk.sessions.renew(old, { userId: 'u_ada', how: 'passkey' });
  assert.ok(own !== null);
  assert.equal(desk.sessions.find(own)?.userId, 'u_ada');
  assert.equal(desk.sessions.find(old)?.userId, null);
  desk.now += 10_001;
  assert.equal(desk.sessions.hasSession(old), false);
  assert.equal(desk.sessions.hasSession(own), true);
});
