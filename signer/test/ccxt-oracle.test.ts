// SPDX-License-Identifier: Apache-2.0
// ccxt as a second opinion: for every kind of intent and of key it makes the same request with the same signature.

import { strict as assert } from 'node:assert';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import ccxt from 'ccxt';
import fc from 'fast-check';
import { sealSecret } from '../src/seal-secret.ts';
import type { KeyKind, SignedRequest } from '../src/wire.ts';
import { API_KEY, checkRights, OpenSigner, temporaryDirectory, writePolicy } from './fixture.ts';
import { anyKeyIntent } from './any-intent.ts';

const SEED = 20_261_123;
const RUNS = 200;
const ADDRESS = 'https://api.binance.com';

interface Keys {
  /** As ccxt wants it: PEM, or the HMAC secret's text. */
  readonly text: string;
  /** As the vault wants it: PKCS #8, or the HMAC secret's characters. */
  readonly secret: Buffer;
  readonly publicKeyPem: string | null;
}

function drawKeys(kind: KeyKind): Keys {
  if (kind === 'hmac-sha256') {
    const text = randomBytes(32).toString('hex');
    return { text, secret: Buffer.from(text), publicKeyPem: null };
  }
  const { privateKey, publicKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: kind === 'rsa-2048' ? 2_048 : 4_096 });
  return {
    text: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    secret: privateKey.export({ type: 'pkcs8', format: 'der' }),
    publicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
  };
}

/** A signer whose connection uses the given key, which ccxt has as well. */
async function signerWith(t: TestContext, keyKind: KeyKind, keys: Keys): Promise<OpenSigner> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, 'policy/v1\nconnection demo\nallow op=*\n');
  const signer = new OpenSigner(directory);
  const to = { name: 'demo', venue: 'demo', keyKind };
  const importKey = new Uint8Array(
    Buffer.from(readFileSync(join(directory, 'import-key'), 'utf8'), 'base64'),
  );
  const sealed = await sealSecret(new Uint8Array(keys.secret), { importKey, ...to });
  const { publicKeyPem } = keys;
  return signer.adopt({ kind: 'importConnection', ...to, sealed, publicKeyPem });
}

type Client = InstanceType<typeof ccxt.pro.binance>;

function clientWith(secret: string): Client {
  const client = new ccxt.pro.binance({ apiKey: API_KEY, secret });
  client.options['recvWindow'] = undefined;
  return client;
}

/** The same request by ccxt, with the parameters in our order: it would sign them in another. */
function byCcxt(client: Client, request: Extract<SignedRequest, { kind: 'request' }>): object {
  const entries = [...new URLSearchParams(request.payload)].filter(
    ([name]) => name !== 'signature',
  );
  const given = Object.fromEntries(entries);
  const encode = client.urlencode.bind(client);
  client.nonce = () => Number(given['timestamp']);
  client.urlencode = (parameters: object = {}) => {
    const values = Object(parameters);
    assert.deepEqual(new Set(Object.keys(parameters)), new Set(Object.keys(given)));
    return encode(Object.fromEntries(entries.map(([name]) => [name, values[name]])));
  };
  const [, root = '', path = ''] = /^\/(api\/v3|sapi\/v1)\/(.+)$/.exec(request.path) ?? [];
  return client.sign(path, root === 'api/v3' ? 'private' : 'sapi', request.method, { ...given });
}

const KINDS: readonly KeyKind[] = ['ed25519', 'hmac-sha256', 'rsa-2048'];

for (const keyKind of KINDS) {
  test(`[S86] ccxt makes the same request of every intent, ${keyKind}, seed ${SEED}`, async (t) => {
    const keys = drawKeys(keyKind);
    const signer = await signerWith(t, keyKind, keys);
    checkRights(signer);
    const seen = new Set<string>();
    fc.assert(
      fc.property(anyKeyIntent, (intent) => {
        signer.requests.length = 0;
        const [decision] = signer.ask({ ...intent, connection: signer.connection });
        signer.receipt(decision?.id ?? 0);
        if (decision?.kind === 'refused') return assert.equal(decision.rule, 'duplicate');
        const [request] = signer.requests;
        assert.ok(request);
        seen.add(intent.kind);
        const client = clientWith(keys.text);
        if (request.kind === 'subscribe') {
          const { recvWindow, timestamp } = request.params;
          client.nonce = () => Number(timestamp);
          assert.deepEqual(client['signParams']({ recvWindow }), request.params);
          return;
        }
        const { url, method, body, headers } = Object(byCcxt(client, request));
        const isPost = request.method === 'POST';
        const ours = `${ADDRESS}${request.path}${isPost ? '' : `?${request.payload}`}`;
        assert.deepEqual([url, method], [ours, request.method]);
        assert.equal(body, isPost ? request.payload : undefined);
        assert.equal(headers['X-MBX-APIKEY'], request.apiKey);
      }),
      { seed: SEED, numRuns: RUNS },
    );
    assert.equal(seen.size, 11, `every kind was drawn, found ${[...seen].join(', ')}`);
  });
}
