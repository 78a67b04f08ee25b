// SPDX-License-Identifier: Apache-2.0
// The public half of the log over HTTP: who may read it, what is served, and what is not.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openApi, TERMINAL_TOKEN, type ScriptedApi } from './scripted-api.ts';

const HEADERS = { host: '127.0.0.1:4180' };
const TERMINAL = { ...HEADERS, authorization: `Bearer ${TERMINAL_TOKEN}` };
const FILES: Readonly<Record<string, string>> = {
  checkpoint: 'not a checkpoint, and served as it lies there\n',
  vkey: 'not a key\n',
  'tile/0/000': 'full',
  'tile/0/001.p/3': 'partial',
  'tile/entries/x001/x234/067': 'far',
  secret: 'no file of the layout',
};

async function withFiles(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  for (const [path, text] of Object.entries(FILES)) {
    const file = join(api.desk.directory, 'log', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  writeFileSync(join(api.desk.directory, 'beside'), 'beside the log');
  return api;
}

test('[Y98] files of the layout are served as they lie there, full tiles to be kept, and nothing else is', async (t) => {
  const { app } = await withFiles(t);
  const get = async (url: string) => app.inject({ url, headers: TERMINAL });
  for (const path of [
    'checkpoint',
    'vkey',
    'tile/0/000',
    'tile/0/001.p/3',
    'tile/entries/x001/x234/067',
  ]) {
    const answer = await get(`/log/${path}`);
    assert.equal(answer.statusCode, 200, `${path}: ${answer.body}`);
    assert.equal(answer.body, FILES[path]);
    const isFull = path.startsWith('tile/') && !path.includes('.p/');
    assert.equal(answer.headers['cache-control']?.includes('immutable'), isFull, path);
  }
  for (const path of [
    'secret',
    'tile/0/002',
    'tile/0/../../secret',
    'tile/0/..%2f..%2fsecret',
    'tile/%2e%2e/secret',
    'tile/../../beside',
    'tile/0/0',
    'tile/0/000%00',
    'tile/64/000',
    'tile/',
  ]) {
    const answer = await get(`/log/${path}`);
    assert.ok([400, 404].includes(answer.statusCode), `${path}: ${answer.statusCode}`);
    assert.doesNotMatch(answer.body, /no file of the layout|beside the log/);
  }
});

test('[Y98] strangers read nothing of the log, unless its owner made it public', async (t) => {
  const { app } = await withFiles(t);
  for (const path of ['checkpoint', 'vkey', 'tile/0/000', 'checkpoint.witnessed', 'trust-policy']) {
    assert.equal(
      (await app.inject({ url: `/log/${path}`, headers: HEADERS })).statusCode,
      401,
      path,
    );
  }
  const open = await openApi({}, { isLogPublic: true });
  t.after(() => open.close());
  const policy = await open.app.inject({ url: '/log/trust-policy', headers: HEADERS });
  assert.equal(policy.statusCode, 200);
  assert.match(policy.body, /\nquorum none\n$/);
  for (const url of ['/api/v1/log', '/api/v1/log/witnesses']) {
    assert.equal((await open.app.inject({ url, headers: HEADERS })).statusCode, 401, url);
  }
});

test('[Y99] only the terminal commits edge logs', async (t) => {
  const { app, ask, sessions } = await withFiles(t);
  const batch = { root: '0'.repeat(64), lines: 3, from: 1, to: 2 };
  assert.equal((await ask('POST', '/api/v1/log/edge-batches', batch)).status, 201);
  assert.equal((await ask('POST', '/api/v1/log/edge-batches', { ...batch, to: 0 })).status, 400);
  const login = await app.inject({
    url: `/login?token=${sessions.createLink()}`,
    headers: HEADERS,
  });
  const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
  const asSession = await app.inject({
    method: 'POST',
    url: '/api/v1/log/edge-batches',
    headers: { ...HEADERS, cookie, 'content-type': 'application/json' },
    payload: JSON.stringify(batch),
  });
  assert.equal(asSession.statusCode, 403);
  assert.match(asSession.body, /expected the terminal of this machine/);
});
