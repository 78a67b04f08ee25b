// SPDX-License-Identifier: Apache-2.0
// Keys over HTTP: what is handed to the signer, and how its answers are told.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { Venue } from '../src/api/schemas.ts';
import { connectionInfo } from './connection-info.ts';
import { openApi, VAULT, type ScriptedApi } from './scripted-api.ts';

const INFO = connectionInfo(1, {
  state: 'draft',
  signs: 'nothing',
  grade: null,
  keyKind: 'hmac-sha256',
  publicKeyPem: '',
  isIpRestricted: null,
  policy: ['default deny'],
});
const SEALED = 'A'.repeat(128);

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  return api;
}

test('[A40][Y242] a key is made, taken in sealed and named by requests that the signer gets word for word', async (t) => {
  const api = await opened(t);
  api.keyAnswer = { ok: true, connections: [INFO] };
  const born = { name: 'main', venue: 'binance', keyKind: 'ed25519' };
  const sealed = {
    name: 'main',
    venue: 'binance',
    keyKind: 'hmac-sha256',
    sealed: SEALED,
    publicKeyPem: null,
  };
  // Which connections are canaries no answer tells.
  const { connection, isCanary: _, ...shown } = INFO;
  for (const [method, path, body, status, request] of [
    ['POST', '/connections', born, 201, { kind: 'createConnection', ...born }],
    ['POST', '/connections/import', sealed, 201, { kind: 'importConnection', ...sealed }],
    [
      'POST',
      '/connections/import',
      { ...sealed, isCanary: true },
      201,
      { kind: 'importConnection', ...sealed, isCanary: true },
    ],
    [
      'PUT',
      '/connections/c_ABCDEF2/api-key',
      { apiKey: 'a1'.repeat(32) },
      200,
      { kind: 'activateConnection', connection: 'c_ABCDEF2', apiKey: 'a1'.repeat(32) },
    ],
  ] as const) {
    const answer = await api.ask(method, `/api/v1${path}`, body);
    assert.equal(answer.status, status, path);
    assert.deepEqual(answer.body, { id: connection, ...shown });
    assert.deepEqual(api.keyRequests.at(-1), request);
  }
});

test('[A40] a secret in the clear has no field to stand in', async (t) => {
  const api = await opened(t);
  const base = { name: 'main', venue: 'binance', keyKind: 'hmac-sha256', publicKeyPem: null };
  for (const [path, body] of [
    ['/connections/import', { ...base, secret: 'x'.repeat(64) }],
    ['/connections/import', { ...base, sealed: SEALED, secret: 'x'.repeat(64) }],
    ['/connections/import', { ...base, sealed: 'too short' }],
    ['/connections', { name: 'main', venue: 'binance', keyKind: 'hmac-sha256' }],
    ['/connections', { name: 'main', venue: 'binance', keyKind: 'ed25519', secret: 'x' }],
  ] as const) {
    const answer = await api.ask('POST', `/api/v1${path}`, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
  }
  assert.deepEqual(api.keyRequests, []);
});

test('[Y250] an identifier that no exchange gives is refused before the signer sees it, and is never repeated', async (t) => {
  const api = await opened(t);
  const path = '/api/v1/connections/c_ABCDEF2/api-key';
  const expected = 'expected an API key as the exchange shows it, 64 letters and digits, ';
  for (const [apiKey, found] of [
    ['a1'.repeat(31), 'found 62 characters'],
    ['a1'.repeat(33), 'found 66 characters'],
    ['short', 'found 5 characters'],
    ['', 'found 0 characters'],
    ['a1'.repeat(1_000), 'found 2000 characters'],
    [`${'a1'.repeat(31)}-!`, 'found other characters among them'],
    [` ${'a1'.repeat(32)}`, 'found other characters among them'],
  ] as const) {
    const answer = await api.ask('PUT', path, { apiKey });
    assert.deepEqual(
      [answer.status, answer.body],
      [409, { error: 'refused', message: expected + found }],
    );
  }
  assert.deepEqual(api.keyRequests, []);
});

test('[Y44] a key is checked, frozen and given a successor, each as the signer gets it', async (t) => {
  const api = await opened(t);
  api.keyAnswer = { ok: true, connections: [INFO] };
  const path = '/api/v1/connections/c_ABCDEF2';
  const { connection, isCanary: _, ...shown } = INFO;
  const checked = await api.ask('POST', `${path}/check`);
  assert.deepEqual([checked.status, checked.body], [200, { id: connection, ...shown }]);
  const frozen = await api.ask('POST', `${path}/freeze`);
  assert.equal(frozen.status, 200);
  assert.deepEqual(api.keyRequests.at(-1), {
    kind: 'freezeConnection',
    connection: 'c_ABCDEF2',
    cause: 'person',
  });
  const body = { name: 'main', venue: 'binance', keyKind: 'ed25519', replaces: 'c_ABCDEF2' };
  assert.equal((await api.ask('POST', '/api/v1/connections', body)).status, 201);
  assert.deepEqual(api.keyRequests.at(-1), { kind: 'createConnection', ...body });
  const strange = { ...body, replaces: 'main' };
  assert.equal((await api.ask('POST', '/api/v1/connections', strange)).status, 400);
  api.keyAnswer = { ok: false, rule: 'connections', reason: 'because' };
  assert.equal((await api.ask('POST', `${path}/freeze`)).status, 409);
  const unsaid = await api.ask('POST', `${path}/check`);
  assert.deepEqual(unsaid.body, {
    error: 'not_checked',
    message: 'the exchange answered with HTTP 503',
  });
  assert.equal(unsaid.status, 502);
});

test("[Y44] the exchanges that a key can be for are named, the desk's own first", async (t) => {
  const api = await opened(t);
  const answer = await api.ask('GET', '/api/v1/venues');
  const shown = answer.body.map(({ venue, isTraded, hasAdapter }: Venue) => {
    return { venue, isTraded, hasAdapter };
  });
  assert.deepEqual(shown, [
    { venue: 'demo', isTraded: true, hasAdapter: false },
    { venue: 'binance', isTraded: false, hasAdapter: true },
  ]);
  for (const { keys } of answer.body) {
    assert.deepEqual(keys[0], { kind: 'ed25519', from: 'made' });
    assert.deepEqual(keys.at(-1), { kind: 'hmac-sha256', from: 'imported' });
  }
  const body = { name: 'main', venue: 'kraken', keyKind: 'ed25519' };
  const other = await api.ask('POST', '/api/v1/connections', body);
  assert.deepEqual(other.body, {
    error: 'refused',
    message: 'venue: expected one of demo, binance, found kraken',
  });
  assert.deepEqual(api.keyRequests, []);
});

test("[A41] the signer's no is told as 409 with its reason; a locked vault and a missing signer as 503", async (t) => {
  const api = await opened(t);
  const body = { name: 'main', venue: 'binance', keyKind: 'ed25519' };
  for (const [rule, status, error] of [
    ['connections', 409, 'refused'],
    ['locked', 503, 'signer_unavailable'],
    [undefined, 503, 'signer_unavailable'],
  ] as const) {
    api.keyAnswer = { ok: false, ...(rule !== undefined && { rule }), reason: 'because' };
    const answer = await api.ask('POST', '/api/v1/connections', body);
    assert.equal(answer.status, status);
    assert.deepEqual(answer.body, { error, message: 'because' });
  }
});

test('[A41] how the vault is opened, and its import key, can be asked', async (t) => {
  const api = await opened(t);
  assert.equal((await api.ask('GET', '/api/v1/vault')).status, 503);
  api.vault = VAULT;
  const answer = await api.ask('GET', '/api/v1/vault');
  assert.equal(answer.status, 200);
  assert.deepEqual(answer.body, api.vault);
});

test('[Y230] a list of addresses is tried only where there is a second address; the signer’s word is shown', async (t) => {
  const api = await opened(t);
  const path = '/api/v1/connections/c_ABCDEF2/probe';
  const none = await api.ask('POST', path);
  assert.deepEqual([none.status, none.body.error], [409, 'no_second_address']);
  assert.match(none.body.message, /the file second-address beside egress\.json/);
  const venues = await api.ask('GET', '/api/v1/venues');
  assert.ok(venues.body.every(({ hasSecondAddress }: Venue) => !hasSecondAddress));
  api.hasSecondAddress = true;
  const failed = await api.ask('POST', path);
  assert.deepEqual(failed.body, {
    error: 'not_probed',
    message: 'no connection: the proxy: ECONNREFUSED',
  });
  assert.equal(failed.status, 502);
  api.probeAnswer = { ok: false, rule: 'address-probe', reason: 'because' };
  assert.equal((await api.ask('POST', path)).status, 409);
  const bind = { verdict: 'notReal', seenAt: 5 } as const;
  const bindDoubt = { at: 6, reason: 'otherAnswer', words: 'HTTP 451' } as const;
  api.probeAnswer = { ok: true, connection: { ...INFO, bind, bindDoubt } };
  const shown = await api.ask('POST', path);
  assert.equal(shown.status, 200);
  assert.deepEqual([shown.body.bind, shown.body.bindDoubt], [bind, bindDoubt]);
  const there = await api.ask('GET', '/api/v1/venues');
  assert.ok(there.body.every(({ hasSecondAddress }: Venue) => hasSecondAddress));
});
