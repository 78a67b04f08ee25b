// SPDX-License-Identifier: Apache-2.0
// The vault over HTTP: what the signer says of it, and what the server carries to it.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { demandOf } from '../src/people/roles.ts';
import { openApi, VAULT, type ScriptedApi } from './scripted-api.ts';

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  return api;
}

const SEALED = `${'A'.repeat(88)}==`;
const PASSKEY = {
  name: 'Laptop',
  credential: 'QUJDREVGR0hJSktMTU5PUA',
  salt: 'A'.repeat(43),
  sealed: SEALED,
};

test('[Y140] what opens the vault goes to the signer as it came, and comes back as the signer says', async (t) => {
  const api = await opened(t);
  const way = {
    id: 'w_ABCDEF2',
    kind: 'prf',
    name: 'Laptop',
    addedAt: 1,
    passkey: { credential: PASSKEY.credential, salt: PASSKEY.salt },
  } as const;
  const vault = { ...VAULT, ways: [way] };
  api.vault = vault;
  api.vaultAnswer = { ok: true, vault };
  assert.deepEqual((await api.ask('GET', '/api/v1/vault')).body, vault);
  const asked = [
    await api.ask('POST', '/api/v1/vault/unlock', { way: null, sealed: SEALED }),
    await api.ask('POST', '/api/v1/vault/unlock', { way: way.id, sealed: SEALED }),
    await api.ask('POST', '/api/v1/vault/passkeys', PASSKEY),
    await api.ask('DELETE', `/api/v1/vault/ways/${way.id}`),
  ];
  assert.deepEqual(
    asked.map(({ status }) => status),
    [200, 200, 201, 200],
  );
  for (const { body } of asked) assert.deepEqual(body, vault);
  for (const [method, path] of [
    ['POST', 'unlock'],
    ['POST', 'passkeys'],
    ['DELETE', 'ways/:way'],
  ] as const) {
    const { demand, isListed } = demandOf(method, `/api/v1/vault/${path}`);
    assert.deepEqual([demand, isListed], [{ role: 'owner', isStepUp: true }, true], path);
  }
  assert.deepEqual(api.vaultRequests, [
    { kind: 'unlockVault', way: null, sealed: SEALED },
    { kind: 'unlockVault', way: way.id, sealed: SEALED },
    { kind: 'addPasskeyWay', ...PASSKEY },
    { kind: 'removeVaultWay', way: way.id },
  ]);
});

test('[Y141] a wrong key, too soon a try, a refusal and a missing signer are told apart', async (t) => {
  const api = await opened(t);
  for (const [rule, status, error] of [
    ['passphrase', 422, 'wrong_key'],
    ['tooSoon', 429, 'too_soon'],
    ['vault', 409, 'refused'],
    [undefined, 503, 'signer_unavailable'],
  ] as const) {
    api.vaultAnswer = { ok: false, ...(rule !== undefined && { rule }), reason: 'because' };
    const answer = await api.ask('POST', '/api/v1/vault/unlock', { way: null, sealed: SEALED });
    assert.equal(answer.status, status);
    assert.deepEqual(answer.body, { error, message: 'because' });
  }
});

test('[Y142] what is no sealed message does not go to the signer', async (t) => {
  const api = await opened(t);
  api.vaultAnswer = { ok: true, vault: VAULT };
  for (const body of [
    {},
    { way: null },
    { way: null, sealed: 'correct horse' },
    { way: null, sealed: 'A'.repeat(3_000) },
    { way: 'w_1', sealed: SEALED },
    { way: null, sealed: SEALED, passphrase: 'x' },
  ])
    assert.equal((await api.ask('POST', '/api/v1/vault/unlock', body)).status, 400);
  for (const body of [
    { ...PASSKEY, salt: 'A' },
    { ...PASSKEY, credential: 'a b' },
    { ...PASSKEY, name: '' },
  ])
    assert.equal((await api.ask('POST', '/api/v1/vault/passkeys', body)).status, 400);
  assert.equal((await api.ask('DELETE', '/api/v1/vault/ways/import')).status, 400);
  assert.deepEqual(api.vaultRequests, []);
});
