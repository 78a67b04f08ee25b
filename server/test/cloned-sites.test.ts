// SPDX-License-Identifier: Apache-2.0
// Copies of the pages at another site: what gives them away, and how much strangers can make of it.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { NewAlarm } from '../src/alarms/alarm-book.ts';
import { alarmSentence } from '../src/alarms/alarm-sentence.ts';
import { ClonedSites } from '../src/people/cloned-sites.ts';
import { openApi } from './scripted-api.ts';

const HOUR = 60 * 60_000;
const OWN = 'https://desk.example';
const PUBLIC = { site: { origin: OWN, rpId: 'desk.example' } };

interface Bench {
  readonly sites: ClonedSites;
  readonly raised: NewAlarm[];
  now: number;
}

function watched(): Bench {
  const raised: NewAlarm[] = [];
  const sites = new ClonedSites({
    origin: () => OWN,
    raise: (alarm) => raised.push(alarm),
    now: () => bench.now,
  });
  const bench: Bench = { raised, sites, now: 0 };
  return bench;
}

test('[Y243] a copy is told of by its site, once an hour at most; the desk’s own pages and what names no site are not', () => {
  const bench = watched();
  for (const own of [undefined, '', `${OWN}/login`, OWN, 'no address', 'ftp://x', 'javascript:1', `https://${'a'.repeat(2_000)}/`])
    bench.sites.seen(own, 'a'); // prettier-ignore
  assert.deepEqual(bench.raised, []);
  for (let hit = 0; hit < 100; hit += 1)
    bench.sites.seen(`https://desk-example.test/${hit}?token=x`, 'a');
  assert.deepEqual(bench.raised, [
    {
      kind: 'clonedSite',
      severity: 'warning',
      subject: 'https://desk-example.test',
      facts: { site: 'https://desk-example.test' },
    },
  ]);
  bench.now = HOUR;
  bench.sites.seen('https://desk-example.test/', 'b');
  assert.equal(bench.raised.length, 2);
});

test('[Y243] strangers who name sites by the thousand raise six alarms in a day', () => {
  const bench = watched();
  for (let minute = 0; minute < 59; minute += 1) {
    bench.now = minute * 60_000;
    for (let hit = 0; hit < 100; hit += 1)
      bench.sites.seen(`https://s${minute}-${hit}.test/`, `network ${hit}`);
  }
  assert.equal(bench.raised.length, 6);
  assert.deepEqual(bench.raised.at(-1)?.facts, { site: '' });
  bench.now = 25 * HOUR;
  bench.sites.seen('https://later.test/', 'a');
  assert.equal(bench.raised.at(-1)?.subject, 'https://later.test', 'the next day has room again');
  for (const each of bench.raised) assert.ok(JSON.stringify(each.facts).length < 300);
});

test('[Y261] who names many sites from one network leaves room for the copy that others are shown', () => {
  const bench = watched();
  for (let hit = 0; hit < 100; hit += 1) bench.sites.seen(`https://made-up-${hit}.test/`, 'a');
  assert.deepEqual(
    bench.raised.map(({ facts }) => facts['site']),
    ['https://made-up-0.test', 'https://made-up-1.test', ''],
  );
  bench.sites.seen('https://desk-example.test/', 'b');
  assert.equal(bench.raised.at(-1)?.facts['site'], 'https://desk-example.test');
  // Once named, a site is named again whoever asks.
  bench.now = HOUR;
  bench.sites.seen('https://desk-example.test/', 'a');
  assert.equal(bench.raised.at(-1)?.facts['site'], 'https://desk-example.test');
  assert.equal(bench.raised.length, 5);
});

test('[Y261] of sites that are not named the alarm claims nothing', () => {
  assert.match(
    alarmSentence({ kind: 'clonedSite', facts: { site: '' } }),
    /more sites than are named/,
  );
});

test('[Y243] pages of a desk with a name load the style; a desk on this machine has none of it', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-door-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, 'web'));
  writeFileSync(join(directory, 'web', 'index.html'), '<html><head></head><body></body></html>');
  const api = await openApi({ directory }, PUBLIC);
  t.after(() => api.close());
  const ask = async (
    url: string,
    host: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly statusCode: number; readonly body: string }> =>
    api.app.inject({ method: 'GET', url, headers: { host, ...headers } });
  const linked = '<link rel="stylesheet" href="/door.css" /></head>';
  assert.ok((await ask('/', 'desk.example')).body.includes(linked));
  assert.ok(!(await ask('/', '127.0.0.1:4180')).body.includes('door.css'));
  const style = await ask('/door.css', 'desk.example');
  assert.equal(style.statusCode, 200);
  assert.match(style.body, /url\("https:\/\/desk\.example\/door\.gif"\)/);
  assert.equal((await ask('/door.css', '127.0.0.1:4180')).statusCode, 404);
  // A browser at another site asks as it asks there: anything else that a site asks for is refused.
  const elsewhere = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
  const referer = 'https://desk-example.test/';
  const picture = await ask('/door.gif', 'desk.example', { ...elsewhere, referer });
  assert.equal(picture.statusCode, 204);
  assert.equal(picture.body, '');
  assert.equal((await ask('/healthz', 'desk.example', elsewhere)).statusCode, 403);
  assert.equal((await ask('/door.gif', 'other.example', { referer })).statusCode, 421);
  const [alarm] = api.alarms.list(10);
  assert.equal(alarm?.kind, 'clonedSite');
  assert.deepEqual(alarm.facts, { site: 'https://desk-example.test' });

  const local = await openApi();
  t.after(() => local.close());
  const asked = await local.app.inject({ method: 'GET', url: '/door.gif', headers: { host: 'localhost:4180', referer } }); // prettier-ignore
  assert.equal(asked.statusCode, 204);
  assert.deepEqual(local.alarms.list(10), []);
});
