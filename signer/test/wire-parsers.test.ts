// SPDX-License-Identifier: Apache-2.0
// The messages of the protocol: each parses to itself, and nothing else parses.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  parseAnswer,
  parseDecision,
  parseIntent,
  parseEgressReport,
  parseEgressTask,
  WireError,
  type Answer,
  type Decision,
  type Intent,
  type EgressReport,
  type EgressTask,
} from '../src/index.ts';

const SEED = 20_261_122;
const connection = 'c_ABCDEF2';
const order = {
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'limit',
  timeInForce: 'GTC',
  price: '26500.10',
  quantity: '0.00100000',
  clientOrderId: 'k1-1',
} as const;

const INTENTS: readonly Intent[] = [
  { kind: 'placeOrder', id: 1, connection, order },
  {
    kind: 'placeOrder',
    id: 2 ** 47,
    connection,
    order: { ...order, type: 'limitMaker', side: 'sell' },
  },
  {
    kind: 'placeOrder',
    id: 1,
    connection,
    order: {
      symbol: 'BTCUSDT',
      side: 'buy',
      type: 'market',
      timeInForce: 'GTC',
      quantity: '1',
      clientOrderId: 'k1-2',
    },
  },
  { kind: 'cancelOrder', id: 1, connection, symbol: 'BTCUSDT', clientOrderId: 'k1' },
  { kind: 'queryOrder', id: 1, connection, symbol: 'BTCUSDT', clientOrderId: 'k1' },
  {
    kind: 'identifyOrder',
    id: 1,
    connection,
    symbol: 'BTCUSDT',
    exchangeOrderId: '9007199254740993',
  },
  { kind: 'queryOpenOrders', id: 1, connection },
  { kind: 'queryOpenOrders', id: 1, connection, symbol: 'BTCUSDT' },
  { kind: 'queryFills', id: 1, connection, symbol: 'BTCUSDT' },
  {
    kind: 'queryFills',
    id: 1,
    connection,
    symbol: 'B',
    fromTradeId: '0',
    exchangeOrderId: '9007199254740993',
  },
  { kind: 'queryAccount', id: 1, connection },
  { kind: 'probeAddress', id: 1, connection, step: 'second' },
  { kind: 'queryPermissions', id: 1, connection },
  { kind: 'subscribe', id: 1, connection },
  { kind: 'lookUp', id: 1, connection, clientOrderId: 'k1' },
  { kind: 'listConnections', id: 1 },
  { kind: 'createConnection', id: 1, name: 'My Binance 2', venue: 'binance' },
  { kind: 'activateConnection', id: 1, connection, apiKey: 'abcDEF123' },
];

const DECISIONS: readonly Decision[] = [
  { kind: 'signed', id: 1, timestamp: 1_793_491_200_000, recvWindow: 5_000 },
  { kind: 'refused', id: 0, rule: 'intent', reason: 'why' },
  { kind: 'record', id: 1, signedAt: null },
  { kind: 'record', id: 1, signedAt: 1_793_491_200_000 },
  {
    kind: 'connections',
    id: 1,
    connections: [
      {
        connection,
        name: 'demo',
        venue: 'demo',
        state: 'quarantined',
        signs: 'cancels',
        grade: 'D',
        keyKind: 'ed25519',
        publicKeyPem: '-----BEGIN PUBLIC KEY-----\n',
        createdAt: 1,
        expiresAt: 2,
        reducesUntil: 3,
        cancelsUntil: 4,
        checkedAt: 1,
        isIpRestricted: false,
        bind: null,
        bindDoubt: null,
        frozen: { since: 1, cause: 'person' },
        quarantined: { since: 1, faults: ['withdrawals', 'ipListVanished'] },
        replaces: 'c_ABCDEF2',
        isReady: true,
        isCanary: null,
        policy: ['allow op=read.*'],
        policyHash: 'a'.repeat(64),
      },
    ],
  },
];

const market = { kind: 'reference', venue: 'demo', symbol: 'BTCUSDT', ageMs: 12 } as const;

const REQUESTS: readonly EgressTask[] = [
  {
    kind: 'request',
    id: 1,
    connection,
    venue: 'demo',
    method: 'POST',
    path: '/api/v3/order',
    apiKey: 'abc',
    payload: 'symbol=BTCUSDT&timestamp=1&signature=a%2Bb%3D%3D',
    timeoutMs: 10_000,
  },
  {
    kind: 'subscribe',
    id: 1,
    connection,
    venue: 'demo',
    params: { apiKey: 'abc', recvWindow: 3_000, timestamp: 1, signature: 'a+b/==' },
  },
  {
    kind: 'request',
    id: 1,
    connection,
    venue: 'demo',
    method: 'GET',
    path: '/api/v3/order',
    apiKey: 'abc',
    payload: 'symbol=BTCUSDT',
    timeoutMs: 10_000,
    echo: true,
  },
  {
    kind: 'watchReferences',
    venue: 'demo',
    symbols: ['BTCUSDT'],
    sources: ['avgPrice', 'depth'],
    everyMs: 1_000,
    agreement: { sources: ['avgPrice', 'bookTicker'], millionths: 10_000 },
  },
];

const ANSWERS: readonly Answer[] = [
  { kind: 'answer', id: 1, status: 200, body: '{}', sentAt: 1, receivedAt: 2 },
  {
    ...{ kind: 'answer', id: 1, status: 418, body: '', sentAt: 1, receivedAt: 2 },
    ...{ usedWeight: 6_000, ordersIn10s: 100, ordersInDay: 200_000, retryAfterMs: 10_000 },
  },
  { kind: 'failed', id: 1, certainty: 'notSent', reason: 'ECONNREFUSED' },
  { kind: 'failed', id: 1, certainty: 'notSent', reason: 'told to wait', retryAfterMs: 1 },
  { kind: 'userEvent', connection, event: { e: 'executionReport' } },
  { kind: 'userStream', connection, state: 'down', reason: 'closed' },
  {
    kind: 'egressHealth',
    venue: 'demo',
    clockSkewMs: -12,
    roundTripMs: 3.5,
    reason: 'ok',
    hasSecondAddress: true,
  },
  {
    kind: 'egressHealth',
    venue: 'demo',
    clockSkewMs: null,
    roundTripMs: null,
    reason: 'down',
    hasSecondAddress: false,
  },
  { kind: 'hosts', hosts: [{ venue: 'demo', host: 'api.example.com' }] },
  { kind: 'hosts', hosts: [] },
  {
    ...{ kind: 'condition', venue: 'demo', condition: 'pricesDisagree', subject: 'BTCUSDT' },
    ...{ isOver: false, facts: { low: 'avgPrice 100', high: 'bookTicker 120' } },
  },
];

const REPORTS: readonly EgressReport[] = [
  { kind: 'receipt', id: 1, status: 200 },
  { kind: 'receipt', id: 1, status: null },
  { kind: 'issuer', venue: 'demo', host: 'api.example.com', verdict: 'met', issuers: 'A (aa)' },
  { kind: 'echo', id: 1, status: 200, body: '{"status":"NEW"}' },
  { ...market, source: 'referencePrice', price: null },
  { ...market, source: 'avgPrice', price: '100.5' },
  { ...market, source: 'bookTicker', bid: '99', ask: null },
  { ...market, source: 'dayVolume', quoteVolume: '0' },
  { ...market, source: 'depth', bids: [['99', '1.5']], asks: [] },
];

const DIRECTIONS = [
  { name: 'intent', parse: parseIntent, messages: INTENTS },
  { name: 'decision', parse: parseDecision, messages: DECISIONS },
  { name: 'request', parse: parseEgressTask, messages: REQUESTS },
  { name: 'answer', parse: parseAnswer, messages: ANSWERS },
  { name: 'report', parse: parseEgressReport, messages: REPORTS },
] as const;

for (const { name, parse, messages } of DIRECTIONS) {
  test(`[S4] every ${name} parses to itself`, () => {
    for (const message of messages)
      assert.deepEqual(parse(JSON.parse(JSON.stringify(message))), message);
  });

  test(`[S4] a ${name} with a field too many is refused by the field's name`, () => {
    for (const message of messages) {
      for (const extra of ['signature_', '__proto__', 'toString', 'price2']) {
        const grown = JSON.parse(
          `${JSON.stringify(message).slice(0, -1)},${JSON.stringify(extra)}:1}`,
        );
        assert.throws(
          () => parse(grown),
          (error) => error instanceof WireError && error.field.endsWith(`.${extra}`),
          `${JSON.stringify(message)} with ${extra}`,
        );
      }
    }
  });

  test(`[S4] a ${name} that lacks a field or has one of another kind is refused`, () => {
    for (const message of messages) {
      for (const field of Object.keys(message)) {
        if (name === 'answer' && field === 'event') continue;
        const wrong = { ...JSON.parse(JSON.stringify(message)), [field]: [[]] };
        assert.throws(() => parse(wrong), WireError, `${JSON.stringify(message)}: ${field}`);
        const isOptional = [
          ...['usedWeight', 'ordersIn10s', 'ordersInDay', 'retryAfterMs'],
          ...['fromTradeId', 'exchangeOrderId', 'echo'],
        ].includes(field);
        if (isOptional || (message.kind === 'queryOpenOrders' && field === 'symbol')) continue;
        const { [field]: _, ...lacking } = JSON.parse(JSON.stringify(message));
        assert.throws(
          () => parse(lacking),
          WireError,
          `${JSON.stringify(message)} without ${field}`,
        );
      }
    }
  });

  test(`[S4] anything at all is a ${name} or a WireError`, () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom(...messages),
        fc.string(),
        (value, message, field) => {
          for (const candidate of [value, { ...message, [field]: value }]) {
            try {
              parse(candidate);
            } catch (error) {
              assert.ok(error instanceof WireError);
            }
          }
        },
      ),
      { seed: SEED },
    );
  });
}

test('[S4] a field of an order too many is refused by its name', () => {
  for (const field of [
    'quoteOrderQty',
    'stopPrice',
    'trailingDelta',
    'icebergQty',
    'pegPriceType',
  ]) {
    assert.throws(
      () =>
        parseIntent({ kind: 'placeOrder', id: 1, connection, order: { ...order, [field]: '1' } }),
      (error) => error instanceof WireError && error.field === `intent.order.${field}`,
    );
  }
});

const NO_DECIMALS = [
  '1e9',
  '0x10',
  '-0',
  '-1',
  '+1',
  '1.',
  '.5',
  '01',
  '00',
  '1.0000000000000001',
  '9'.repeat(400),
  '1,5',
  ' 1',
  '1 ',
  '1\n',
  '١',
  '１',
  'NaN',
  'Infinity',
  '',
  '0',
  '0.00000000',
  '1.123456789',
  '1234567890123456',
  '1_000',
];

test('[S5] prices and quantities are plain decimals above zero', () => {
  for (const field of ['price', 'quantity'] as const) {
    for (const text of NO_DECIMALS) {
      assert.throws(
        () =>
          parseIntent({
            kind: 'placeOrder',
            id: 1,
            connection,
            order: { ...order, [field]: text },
          }),
        (error) => error instanceof WireError && error.field === `intent.order.${field}`,
        `${field} ${JSON.stringify(text)}`,
      );
    }
    for (const text of ['1', '0.1', '0.00000001', '999999999999999.99999999', '100.50']) {
      parseIntent({ kind: 'placeOrder', id: 1, connection, order: { ...order, [field]: text } });
    }
    assert.throws(
      () => parseIntent({ kind: 'placeOrder', id: 1, connection, order: { ...order, [field]: 1 } }),
      WireError,
    );
  }
});

const NO_SYMBOLS = [
  'btcusdt',
  'BTC/USDT',
  'BTC&side=SELL',
  '%42TC',
  'ＢＴＣ',
  'BTC\r\n',
  'BTC\0',
  '',
  'A'.repeat(31),
  ' BTC',
  '-BTC',
];

test('[S5] symbols and identifiers hold nothing that could end a parameter', () => {
  for (const symbol of NO_SYMBOLS) {
    assert.throws(
      () => parseIntent({ kind: 'placeOrder', id: 1, connection, order: { ...order, symbol } }),
      WireError,
    );
  }
  for (const clientOrderId of ['', 'a b', 'a&b=c', 'a%20', 'ä', 'a'.repeat(37), 'a\n']) {
    assert.throws(
      () => parseIntent({ kind: 'queryOrder', id: 1, connection, symbol: 'B', clientOrderId }),
      WireError,
    );
  }
  for (const name of ['', ' a', 'a ', 'c_ABCDEF2', 'a;b', 'ä', 'a'.repeat(41), 'a\nb', 'a=b']) {
    assert.throws(
      () => parseIntent({ kind: 'createConnection', id: 1, name, venue: 'demo' }),
      WireError,
      name,
    );
  }
  for (const id of [0, -1, 1.5, 2 ** 53, '1', null]) {
    assert.throws(() => parseIntent({ kind: 'listConnections', id }), WireError);
  }
  assert.throws(
    () =>
      parseIntent({
        kind: 'placeOrder',
        id: 1,
        connection,
        order: { ...order, type: 'limitMaker', timeInForce: 'IOC' },
      }),
    (error) => error instanceof WireError && error.field === 'intent.order.timeInForce',
  );
});

test('[S5] a message about a wrong payload, signature or API key does not show it', () => {
  const [request, subscription] = REQUESTS;
  for (const parse of [
    () => parseEgressTask({ ...request, payload: 'SECRET value' }),
    () =>
      parseEgressTask({
        ...subscription,
        params: { apiKey: 'abc', recvWindow: 1, timestamp: 1, signature: 'SECRET value' },
      }),
    () => parseIntent({ kind: 'activateConnection', id: 1, connection, apiKey: 'SECRET value' }),
  ]) {
    assert.throws(
      parse,
      (error) => error instanceof WireError && !error.message.includes('SECRET'),
    );
  }
});
