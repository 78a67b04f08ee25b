// SPDX-License-Identifier: Apache-2.0
// Every kind of key signs what an exchange accepts: the signer's requests, sent as they are.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { startDemoExchange, type DemoExchange } from '../cli/src/demo-exchange.ts';
import { sealSecret, type KeyKind, type SignedRequest } from '@kontor/signer';
import {
  OpenSigner,
  TestTime,
  placeIntent,
  temporaryDirectory,
  writePolicy,
} from '../signer/test/fixture.ts';

const REQUEST_MS_MAX = 10_000;

/** The system's time: the exchange takes no request of another. */
class NowTime extends TestTime {
  override readonly wall = (): number => Date.now();
  override readonly monotonic = (): number => performance.now();
}

async function register(
  exchange: DemoExchange,
  publicKeyPem: string | null,
): Promise<{ readonly apiKey: string; readonly secret?: string }> {
  const answer = await fetch(`${exchange.addresses.control}/control/accounts/demo/keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(publicKeyPem === null ? {} : { publicKeyPem }),
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  assert.equal(answer.status, 201);
  return (await answer.json()) as { readonly apiKey: string; readonly secret?: string };
}

/** Sends a request as egress does. */
async function send(exchange: DemoExchange, request: SignedRequest | undefined): Promise<Response> {
  assert.equal(request?.kind, 'request');
  const { method, path, payload, apiKey } = request;
  const isForm = method === 'POST';
  return fetch(`${exchange.addresses.rest}${path}${isForm ? '' : `?${payload}`}`, {
    method,
    headers: {
      'x-mbx-apikey': apiKey,
      ...(isForm && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(isForm && { body: payload }),
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
}

test('[T110] keys of every kind sign reads and orders that the exchange accepts, and a bent request is refused', async (t) => {
  const exchange = await startDemoExchange({
    arguments: ['--account', 'demo:USDT=10000', '--no-keys', '--seed', '110'],
    onStopped: () => undefined,
  });
  t.after(() => exchange.stop());
  const directory = temporaryDirectory(t);
  const kinds: readonly KeyKind[] = ['ed25519', 'rsa-2048', 'rsa-4096', 'hmac-sha256'];
  const lines = kinds.map(
    (kind) =>
      `connection ${kind}\nallow op=order.place symbol=BTCUSDT side=BUY type=LIMIT notional<=500 USDT\nallow op=read.*\n`,
  );
  writePolicy(directory, `policy/v1\n${lines.join('')}`);
  const signer = new OpenSigner(directory, { time: new NowTime() });
  for (const keyKind of kinds) {
    const to = { name: keyKind, venue: 'demo' };
    let apiKey: string;
    if (keyKind === 'hmac-sha256') {
      const drawn = await register(exchange, null);
      apiKey = drawn.apiKey;
      const secret = new TextEncoder().encode(drawn.secret);
      const importKey = new Uint8Array(signer.ring.vault.importPoint() ?? []);
      const sealed = await sealSecret(secret, { importKey, ...to, keyKind });
      const [taken] = signer.ask({
        kind: 'importConnection',
        ...to,
        keyKind,
        sealed,
        publicKeyPem: null,
      });
      assert.equal(taken?.kind, 'connections', JSON.stringify(taken));
      signer.connection = taken.connections[0]?.connection ?? '';
    } else {
      const [made] = signer.ask({ kind: 'createConnection', ...to, keyKind });
      assert.equal(made?.kind, 'connections');
      signer.connection = made.connections[0]?.connection ?? '';
      apiKey = (await register(exchange, made.connections[0]?.publicKeyPem ?? '')).apiKey;
    }
    const { connection } = signer;
    signer.ask({ kind: 'activateConnection', connection, apiKey });
    const [read] = signer.ask({ kind: 'queryAccount', connection });
    assert.equal(read?.kind, 'signed');
    const account = await send(exchange, signer.requests.at(-1));
    assert.equal(account.status, 200, `${keyKind}: ${await account.text()}`);
    const order = { price: '1000.00', quantity: '0.01000', clientOrderId: `k1-${keyKind}` };
    const [placed] = signer.ask(placeIntent(connection, order));
    assert.equal(placed?.kind, 'signed', JSON.stringify(placed));
    const request = signer.requests.at(-1);
    assert.equal(request?.kind, 'request');
    const bent = { ...request, payload: request.payload.replace('price=1000.00', 'price=1001.00') };
    const refused = await send(exchange, bent);
    assert.equal(refused.status, 400);
    assert.match(await refused.text(), /-1022/);
    const accepted = await send(exchange, request);
    const text = await accepted.text();
    // The price is far from the market: what counts is that the signature was good.
    assert.ok(accepted.status === 200 || /-1013|-2010/.test(text), `${keyKind}: ${text}`);
  }
});
