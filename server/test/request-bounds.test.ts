// SPDX-License-Identifier: Apache-2.0
// What keeps a caller that runs wild from filling the desk: bots, requests and refusals have a bound.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { REFUSALS_WRITTEN_MAX } from '../src/refusal-limit.ts';
import { numberOf } from '../src/store/store.ts';
import { openApi, type ApiBounds, type ScriptedApi } from './scripted-api.ts';
import { ONE_ORDER } from './scripted-desk.ts';

async function opened(t: TestContext, bounds: ApiBounds = {}): Promise<ScriptedApi> {
  const api = await openApi({}, bounds);
  t.after(() => api.close());
  return api;
}

async function made(api: ScriptedApi, settings: object = ONE_ORDER): Promise<string> {
  const answer = await api.ask('POST', '/api/v1/bots', settings);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return String(answer.body.id);
}

function rows(api: ScriptedApi, table: 'journal' | 'notes', botId: string): number {
  const sql = `SELECT count(*) AS count FROM ${table} WHERE bot_id = ?`;
  const row = api.desk.row(sql, botId);
  return row === null ? 0 : numberOf(row, 'count');
}

test('[A60] a desk takes so many bots, says how many, and takes another when one is gone', async (t) => {
  const api = await opened(t, { botsMax: 2 });
  const first = await made(api);
  await made(api);
  const third = await api.ask('POST', '/api/v1/bots', ONE_ORDER);
  assert.equal(third.status, 409);
  assert.deepEqual(third.body, {
    error: 'too_many',
    message: 'expected at most 2 bots on a desk, found 2: delete one that is stopped',
  });
  assert.equal((await api.ask('DELETE', `/api/v1/bots/${first}`)).status, 204);
  await made(api);
});

test("[A61] every caller has its allowance, the terminal's token too, and one that is spent takes nothing from another", async (t) => {
  const api = await opened(t, { requestsPerMinute: { session: 3, strangers: 2, terminal: 4 } });
  const as = async (
    headers: Readonly<Record<string, string>>,
    url = '/api/v1/bots',
  ): Promise<number> => {
    const host = '127.0.0.1:4180';
    return (await api.app.inject({ method: 'GET', url, headers: { host, ...headers } })).statusCode;
  };
  const link = api.sessions.createLink();
  const session = api.sessions.redeemLink(link) ?? assert.fail('the link is good');
  const open = '/openapi.json';
  for (const status of [200, 200, 429]) assert.equal(await as({}, open), status);
  for (const status of [200, 200, 200, 200, 429]) {
    assert.equal((await api.ask('GET', '/api/v1/bots')).status, status);
  }
  const cookie = { cookie: `kontor_session_4180=${session}` };
  for (const status of [200, 200, 200, 429]) assert.equal(await as(cookie), status);
});

test('[A62] beyond a number a minute refusals are answered and not written, and what a bot would do is done', async (t) => {
  const api = await opened(t);
  const settings = { ...ONE_ORDER, startTrigger: 'signal' };
  const id = await made(api, settings);
  await api.ask('POST', `/api/v1/bots/${id}/start`);
  const signal = async (action: string) => api.ask('POST', `/api/v1/bots/${id}/signal`, { action });
  const first = await signal('close');
  assert.equal(first.status, 409, JSON.stringify(first.body));
  for (let count = 1; count < REFUSALS_WRITTEN_MAX; count += 1) await signal('close');
  const written = { journal: rows(api, 'journal', id), notes: rows(api, 'notes', id) };
  assert.ok(written.notes >= REFUSALS_WRITTEN_MAX, JSON.stringify(written));
  const before = api.desk.runner.bots.get(id)?.state.version;
  for (let count = 0; count < 20; count += 1) {
    assert.deepEqual(await signal('close'), first);
  }
  assert.deepEqual({ journal: rows(api, 'journal', id), notes: rows(api, 'notes', id) }, written);
  assert.equal(api.desk.runner.bots.get(id)?.state.version, before);
  assert.equal(api.actions.refusals.unwritten, 20);
  // A bot that would follow is told all the same.
  const start = await signal('start');
  assert.equal(start.status, 200, JSON.stringify(start.body));
  assert.ok(rows(api, 'journal', id) > written.journal);
  // The next minute is another one.
  api.desk.clock.observe(api.desk.clock.now() + 60_000);
  const notes = rows(api, 'notes', id);
  assert.equal((await signal('start')).status, 409);
  assert.ok(rows(api, 'notes', id) > notes);
});

test('[Y212] that the desk answers at all is said however much strangers ask, and costs them nothing', async (t) => {
  const api = await opened(t, { requestsPerMinute: { session: 3, strangers: 2, terminal: 4 } });
  const ask = (url: string) =>
    api.app.inject({ method: 'GET', url, headers: { host: '127.0.0.1:4180' } });
  for (let count = 0; count < 20; count += 1) {
    const answer = await ask('/healthz');
    assert.deepEqual([answer.statusCode, answer.body], [200, '{"ok":true}']);
  }
  const statuses: number[] = [];
  for (let count = 0; count < 4; count += 1) statuses.push((await ask('/openapi.json')).statusCode);
  assert.deepEqual(statuses, [200, 200, 429, 429]);
  assert.equal((await ask('/healthz')).statusCode, 200);
});
