// SPDX-License-Identifier: Apache-2.0
// The text of Binance's requests, against published answers, tables and properties.

import { strict as assert } from 'node:assert';
import { createHmac, createPublicKey, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  draftRequest,
  restText,
  webSocketText,
  type KeyIntent,
  type Parameter,
} from '../src/binance/requests.ts';
import { anyKeyIntent } from './any-intent.ts';
import { API_KEY, checkRights, OpenSigner, temporaryDirectory, writePolicy } from './fixture.ts';

const SEED = 20_261_122;
const VECTORS = new URL(
  '../../../shared/data/vectors/binance-request-signatures.json',
  import.meta.url,
);
const connection = 'c_ABCDEF2';
const context = { venue: 'demo', apiKey: API_KEY, timestamp: 1_499_827_319_559 };
const TAIL = 'recvWindow=5000&timestamp=1499827319559';
/** A captured order is to be good for as short as may be. */
const ORDER_TAIL = 'recvWindow=2000&timestamp=1499827319559';
const order = {
  symbol: 'LTCBTC',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  price: '0.1',
  quantity: '1',
  clientOrderId: 'k1-1',
} as const;

const TEXTS: readonly (readonly [KeyIntent, string, string])[] = [
  [
    { kind: 'placeOrder', id: 1, connection, order },
    'POST /api/v3/order',
    `symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&newClientOrderId=k1-1&newOrderRespType=FULL&${ORDER_TAIL}`,
  ],
  [
    {
      kind: 'placeOrder',
      id: 1,
      connection,
      order: { ...order, side: 'sell', timeInForce: 'IOC' },
    },
    'POST /api/v3/order',
    `symbol=LTCBTC&side=SELL&type=LIMIT&timeInForce=IOC&quantity=1&price=0.1&newClientOrderId=k1-1&newOrderRespType=FULL&${ORDER_TAIL}`,
  ],
  [
    { kind: 'placeOrder', id: 1, connection, order: { ...order, type: 'limitMaker' } },
    'POST /api/v3/order',
    `symbol=LTCBTC&side=BUY&type=LIMIT_MAKER&quantity=1&price=0.1&newClientOrderId=k1-1&newOrderRespType=FULL&${ORDER_TAIL}`,
  ],
  [
    { kind: 'cancelOrder', id: 1, connection, symbol: 'LTCBTC', clientOrderId: 'k1-1' },
    'DELETE /api/v3/order',
    `symbol=LTCBTC&origClientOrderId=k1-1&${TAIL}`,
  ],
  [
    { kind: 'queryOrder', id: 1, connection, symbol: 'LTCBTC', clientOrderId: 'k1-1' },
    'GET /api/v3/order',
    `symbol=LTCBTC&origClientOrderId=k1-1&${TAIL}`,
  ],
  [
    { kind: 'identifyOrder', id: 1, connection, symbol: 'LTCBTC', exchangeOrderId: '9' },
    'GET /api/v3/order',
    `symbol=LTCBTC&orderId=9&${TAIL}`,
  ],
  [{ kind: 'queryOpenOrders', id: 1, connection }, 'GET /api/v3/openOrders', TAIL],
  [
    { kind: 'queryOpenOrders', id: 1, connection, symbol: 'LTCBTC' },
    'GET /api/v3/openOrders',
    `symbol=LTCBTC&${TAIL}`,
  ],
  [
    { kind: 'queryFills', id: 1, connection, symbol: 'LTCBTC' },
    'GET /api/v3/myTrades',
    `symbol=LTCBTC&limit=1000&${TAIL}`,
  ],
  [
    {
      kind: 'queryFills',
      id: 1,
      connection,
      symbol: 'LTCBTC',
      fromTradeId: '7',
      exchangeOrderId: '9',
    },
    'GET /api/v3/myTrades',
    `symbol=LTCBTC&orderId=9&fromId=7&limit=1000&${TAIL}`,
  ],
  [
    { kind: 'queryAccount', id: 1, connection },
    'GET /api/v3/account',
    `omitZeroBalances=true&${TAIL}`,
  ],
  [{ kind: 'queryPermissions', id: 1, connection }, 'GET /sapi/v1/account/apiRestrictions', TAIL],
  [
    { kind: 'subscribe', id: 1, connection },
    'subscribe',
    `apiKey=${API_KEY}&recvWindow=3000&timestamp=1499827319559`,
  ],
];

for (const [intent, endpoint, text] of TEXTS) {
  test(`[S7] ${intent.kind} is built as ${endpoint} ${text.slice(0, 50)}…`, () => {
    const draft = draftRequest(intent, context);
    const { endpoint: found } = draft;
    assert.equal(found.kind === 'rest' ? `${found.method} ${found.path}` : found.kind, endpoint);
    assert.equal(draft.text, text);
  });
}

test('[S7] no order without a price can be built', () => {
  const { price: _, ...rest } = order;
  const intent: KeyIntent = {
    kind: 'placeOrder',
    id: 1,
    connection,
    order: { ...rest, type: 'market' },
  };
  assert.throws(() => draftRequest(intent, context), /Invariant/);
});

const DOCUMENTED_KEY = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';

function hmac(text: string): string {
  return createHmac('sha256', DOCUMENTED_KEY).update(text, 'utf8').digest('hex');
}

test('[S8] the documented order example is built to its last byte', () => {
  const text = restText([
    ['symbol', 'LTCBTC'],
    ['side', 'BUY'],
    ['type', 'LIMIT'],
    ['timeInForce', 'GTC'],
    ['quantity', '1'],
    ['price', '0.1'],
    ['recvWindow', 5_000],
    ['timestamp', 1_499_827_319_559],
  ]);
  assert.equal(hmac(text), 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71');
  // Our own order has the same parameters in the same order, two more, and a shorter window.
  const ours = draftRequest({ kind: 'placeOrder', id: 1, connection, order }, context).text;
  const alike = ours.replace('&newClientOrderId=k1-1&newOrderRespType=FULL', '');
  assert.equal(alike.replace(ORDER_TAIL, TAIL), text);
});

test(
  '[S8] the published vectors are built from their parameters, REST and WebSocket API',
  { skip: existsSync(VECTORS) ? false : 'the vectors are not here' },
  () => {
    const { hmac: published } = JSON.parse(readFileSync(VECTORS, 'utf8'));
    assert.equal(published.secretKey, DOCUMENTED_KEY);
    assert.ok(published.cases.length >= 4);
    for (const { name, payload, signature } of published.cases) {
      const isWebSocket = String(name).startsWith('wsapi');
      const parameters: readonly Parameter[] = String(payload)
        .split('&')
        .map((pair) => {
          const [key = '', value = ''] = pair.split('=');
          return [key, isWebSocket ? value : decodeURIComponent(value)];
        });
      const text = isWebSocket ? webSocketText(parameters.toReversed()) : restText(parameters);
      assert.equal(text, payload, name);
      assert.equal(hmac(text), signature, name);
    }
  },
);

test('[S9] every signature verifies over exactly the text before it, and the text is canonical', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, 'policy/v1\nconnection demo\nallow op=*\n');
  const signer = new OpenSigner(directory).connect();
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind, 'connections');
  checkRights(signer);
  const publicKey = createPublicKey(listed.connections[0]?.publicKeyPem ?? '');
  fc.assert(
    fc.property(anyKeyIntent, (intent) => {
      signer.requests.length = 0;
      const [decision] = signer.ask({ ...intent, connection: signer.connection });
      signer.receipt(decision?.id ?? 0);
      if (decision?.kind === 'refused') {
        assert.equal(decision.rule, 'duplicate', decision.reason);
        return;
      }
      const [request] = signer.requests;
      assert.ok(request);
      if (request.kind === 'subscribe') {
        const { signature, ...params } = request.params;
        const text = Object.keys(params)
          .sort()
          .map((name) => `${name}=${params[name]}`)
          .join('&');
        assert.ok(
          verify(null, Buffer.from(text), publicKey, Buffer.from(String(signature), 'base64')),
        );
        return;
      }
      const [, text, signature] = /^(.*)&signature=([A-Za-z0-9%]+)$/.exec(request.payload) ?? [];
      assert.ok(text !== undefined && signature !== undefined);
      assert.ok(
        verify(
          null,
          Buffer.from(text),
          publicKey,
          Buffer.from(decodeURIComponent(signature), 'base64'),
        ),
      );
      assert.match(text, /^[A-Za-z0-9=&._-]+$/);
      const names = text.split('&').map((pair) => pair.split('=')[0]);
      assert.equal(new Set(names).size, names.length, 'no parameter twice');
      assert.equal(new URLSearchParams(text).toString(), text, 'one reading only');
    }),
    { seed: SEED, numRuns: 150 },
  );
});
