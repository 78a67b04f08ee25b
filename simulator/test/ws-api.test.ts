// SPDX-License-Identifier: Apache-2.0
// The WebSocket API over real sockets: requests, sessions, subscriptions, events and bounds.

import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { test } from 'node:test';
import { WebSocket } from 'ws';
import { BINANCE_LIMITS } from '../src/limits.ts';
import { ENDPOINTS, WS_METHODS } from '../src/rest/endpoints.ts';
import { Lab } from './venue-lab.ts';
import {
  API_KEY,
  record,
  sortedPayload,
  until,
  withWire,
  type Fields,
  type Wire,
  type WsClient,
} from './venue-client.ts';

const ORDER = {
  symbol: 'ETHUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.5',
  price: '1990.00',
};
const SESSION_KEY = 'E'.repeat(64);

type Message = Record<string, unknown>;

function problem(message: Message): string {
  const error = message['error'] as Message | undefined;
  return `${String(message['status'])} ${String(error?.['code'])} ${String(error?.['msg'])}`;
}

function result(message: Message): Message {
  assert.equal(message['status'], 200, problem(message));
  return message['result'] as Message;
}

function isEvent(message: Message): boolean {
  return 'event' in message;
}

function eventOf(message: Message): Message {
  return message['event'] as Message;
}

/** An Ed25519 key of the account, and how to sign with it. */
function sessionKey(wire: Wire, accountId = 1): (params?: Fields) => Fields {
  const pair = generateKeyPairSync('ed25519');
  wire.lab.exchange.registerKey({
    accountId,
    apiKey: SESSION_KEY,
    publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    rights: { spotTrading: true },
  });
  return (params = {}) => signed(pair.privateKey, wire, params);
}

function signed(key: KeyObject, wire: Wire, params: Fields): Fields {
  const all: Fields = { apiKey: SESSION_KEY, timestamp: wire.lab.clock.wall, ...params };
  const signature = sign(null, Buffer.from(sortedPayload(all)), key).toString('base64');
  return { ...all, signature };
}

test('[X70] frames carry an ID, a method and parameters, and every answer its ID', async () => {
  await withWire(async (wire) => {
    const client = await wire.connect();
    const send = async (text: string): Promise<Message> => {
      client.socket.send(text);
      return client.next();
    };
    for (const id of [7, 'abc', null]) {
      const reply = await send(JSON.stringify({ id, method: 'ping' }));
      assert.deepEqual([reply['id'], reply['status'], reply['result']], [id, 200, {}]);
    }
    assert.equal((await send('{"method":"v3/time"}'))['status'], 200);
    assert.equal(problem(await send('{nonsense')), '400 -1135 Invalid JSON Request');
    assert.equal(problem(await send('[]')), '400 -1135 Invalid JSON Request');
    assert.equal(
      problem(await send('{"id":1,"method":"ping","params":[]}')),
      '400 -1135 Invalid JSON Request',
    );
    assert.match(problem(await send('{"id":{},"method":"ping"}')), /400 -1100/);
    assert.match(problem(await send('{"id":1}')), /400 -1102 .*'method'/);
    assert.equal(
      problem(await send('{"id":1,"method":"order.fly"}')),
      '400 -1020 This operation is not supported.',
    );
  });
});

test('[X71] a signature covers the parameters in order of their names', async () => {
  await withWire(async (wire) => {
    const client = await wire.connect();
    const placed = result(await client.signed('order.place', ORDER));
    assert.equal(placed['status'], 'NEW');
    assert.equal(
      problem(await client.call('order.place', { ...ORDER, timestamp: wire.lab.clock.wall })),
      '401 -2014 API-key format invalid.',
    );
    assert.equal(
      problem(
        await client.call('order.place', {
          ...ORDER,
          timestamp: wire.lab.clock.wall,
          apiKey: API_KEY,
          signature: 'ab'.repeat(32),
        }),
      ),
      '400 -1022 Signature for this request is not valid.',
    );
    assert.equal(
      problem(await client.signed('order.place', { ...ORDER, colour: 'red' })),
      "400 -1104 Not all sent parameters were read; read '9' parameter(s) but was sent '10'.",
    );
  });
});

test('[X72] an Ed25519 key logs a session on, and its requests need no proof of their own', async () => {
  await withWire(async (wire) => {
    const sign25519 = sessionKey(wire);
    const client = await wire.connect();
    const { wall } = wire.lab.clock;
    assert.deepEqual(result(await client.call('session.status')), {
      apiKey: null,
      authorizedSince: null,
      connectedSince: wall,
      returnRateLimits: true,
      serverTime: wall,
      userDataStream: false,
    });
    assert.equal(
      problem(await client.signed('session.logon')),
      '400 -4056 HMAC_SHA256 API key is not supported.',
    );
    const logon = result(await client.call('session.logon', sign25519()));
    assert.deepEqual([logon['apiKey'], logon['authorizedSince']], [SESSION_KEY, wall]);
    const placed = await client.call('order.place', { ...ORDER, timestamp: wall });
    assert.equal(placed['status'], 200);
    assert.match(problem(await client.call('order.place', ORDER)), /-1102 .*'timestamp'/);
    const adHoc = await client.signed('openOrders.status');
    assert.equal((adHoc['result'] as unknown[]).length, 1, 'another key may still sign');
    const logout = result(await client.call('session.logout'));
    assert.equal(logout['apiKey'], null);
    assert.equal(
      problem(await client.call('openOrders.status', { timestamp: wall })),
      '401 -2014 API-key format invalid.',
    );
  });
});

test('[X72] a session ends when its key is removed', async () => {
  await withWire(async (wire) => {
    const sign25519 = sessionKey(wire);
    const client = await wire.connect();
    result(await client.call('session.logon', sign25519()));
    result(await client.call('userDataStream.subscribe'));
    wire.lab.exchange.keys.remove(SESSION_KEY);
    const refused = await client.call('openOrders.status', { timestamp: wire.lab.clock.wall });
    assert.equal(problem(refused), '401 -2015 Invalid API-key, IP, or permissions for action.');
    const ended = await client.next(isEvent);
    assert.equal(eventOf(ended)['e'], 'eventStreamTerminated');
  });
});

test('[X73] subscribers hear every event of their account, under their subscription', async () => {
  await withWire(async (wire) => {
    const sign25519 = sessionKey(wire);
    const client = await wire.connect();
    const other = await wire.connect();
    assert.equal(
      problem(await client.call('userDataStream.subscribe')),
      '401 -1002 You are not authorized to execute this request.',
    );
    assert.deepEqual(result(await client.signed('userDataStream.subscribe.signature')), {
      subscriptionId: 0,
    });
    assert.equal(
      problem(await client.signed('userDataStream.subscribe.signature')),
      '400 -2035 User Data Stream subscription already active.',
    );
    result(await other.call('session.logon', sign25519()));
    assert.deepEqual(result(await other.call('userDataStream.subscribe')), { subscriptionId: 0 });
    assert.equal(result(await other.call('session.status'))['userDataStream'], true);
    const bystander = wire.lab.account();
    const placed = record(await wire.signed('POST', '/api/v3/order', { ...ORDER, price: '2005' }));
    for (const listener of [client, other]) {
      const heard: Message[] = [];
      for (let count = 0; count < 3; count += 1) heard.push(await listener.next(isEvent));
      assert.deepEqual(
        heard.map((message) => [
          message['subscriptionId'],
          eventOf(message)['e'],
          eventOf(message)['x'],
        ]),
        [
          [0, 'executionReport', 'NEW'],
          [0, 'executionReport', 'TRADE'],
          [0, 'outboundAccountPosition', undefined],
        ],
      );
      assert.equal(eventOf(heard[1] ?? {})['i'], placed['orderId']);
    }
    wire.lab.exchange.deposit(bystander.accountId, 'ETH', '1');
    wire.lab.exchange.deposit(1, 'ETH', '1');
    assert.equal(eventOf(await client.next(isEvent))['e'], 'balanceUpdate');
    await client.next(isEvent);
    assert.equal(client.messages.length, 0, 'nothing of other accounts');
  });
});

test('[X73] one connection may listen to several accounts, each under its own subscription', async () => {
  await withWire(async (wire) => {
    const second = wire.lab.account();
    const sign25519 = sessionKey(wire, second.accountId);
    const client = await wire.connect();
    result(await client.signed('userDataStream.subscribe.signature'));
    assert.deepEqual(result(await client.call('userDataStream.subscribe.signature', sign25519())), {
      subscriptionId: 1,
    });
    wire.lab.exchange.deposit(second.accountId, 'ETH', '1');
    wire.lab.exchange.deposit(1, 'ETH', '2');
    const heard: unknown[] = [];
    for (let count = 0; count < 4; count += 1) {
      const message = await client.next(isEvent);
      heard.push([message['subscriptionId'], eventOf(message)['d'] ?? '']);
    }
    assert.deepEqual(heard, [
      [1, '1.00000000'],
      [1, ''],
      [0, '2.00000000'],
      [0, ''],
    ]);
    result(await client.call('ping'));
    assert.deepEqual(client.messages, []);
  });
});

test('[X74] ended subscriptions say so and are silent', async () => {
  await withWire(async (wire) => {
    const client = await wire.connect();
    result(await client.signed('userDataStream.subscribe.signature'));
    assert.deepEqual((await client.call('session.subscriptions'))['result'], [
      { subscriptionId: 0 },
    ]);
    assert.equal(
      problem(await client.call('userDataStream.unsubscribe', { subscriptionId: 5 })),
      '400 -2036 User Data Stream subscription not active.',
    );
    const ended = client.next(isEvent);
    assert.deepEqual(
      result(await client.call('userDataStream.unsubscribe', { subscriptionId: 0 })),
      {},
    );
    assert.deepEqual(await ended, {
      subscriptionId: 0,
      event: { e: 'eventStreamTerminated', E: wire.lab.clock.wall },
    });
    assert.deepEqual((await client.call('session.subscriptions'))['result'], []);
    wire.lab.exchange.deposit(1, 'ETH', '1');
    result(await client.call('ping'));
    assert.deepEqual(client.messages, []);
    assert.deepEqual(result(await client.signed('userDataStream.subscribe.signature')), {
      subscriptionId: 1,
    });
    assert.deepEqual(result(await client.call('userDataStream.unsubscribe')), {});
  });
});

test('[X75] answers tell the limits unless asked not to', async () => {
  await withWire(async (wire) => {
    const client = await wire.connect();
    const time = await client.call('time');
    assert.deepEqual(time['rateLimits'], [
      {
        rateLimitType: 'REQUEST_WEIGHT',
        interval: 'MINUTE',
        intervalNum: 1,
        limit: 6000,
        count: 3,
      },
    ]);
    const placed = await client.signed('order.place', ORDER);
    assert.deepEqual(
      (placed['rateLimits'] as Message[]).map((limit) => [limit['rateLimitType'], limit['count']]),
      [
        ['ORDERS', 1],
        ['ORDERS', 1],
        ['REQUEST_WEIGHT', 4],
      ],
    );
    assert.equal('rateLimits' in (await client.call('time', { returnRateLimits: false })), false);
    const quiet = await wire.connect('?returnRateLimits=false');
    assert.equal('rateLimits' in (await quiet.call('time')), false);
    assert.equal('rateLimits' in (await quiet.call('time', { returnRateLimits: true })), true);
  });
});

test('[X51] over the limit requests fail with the time when to come back', async () => {
  await withWire(
    async (wire) => {
      const client = await wire.connect();
      for (let count = 0; count < 4; count += 1) result(await client.call('exchangeInfo'));
      const { wall } = wire.lab.clock;
      const limited = await client.call('exchangeInfo');
      assert.match(problem(limited), /^429 -1003 Too much request weight used/);
      const windowEnds = (Math.floor(wall / 60_000) + 1) * 60_000;
      assert.deepEqual((limited['error'] as Message)['data'], {
        serverTime: wall,
        retryAfter: windowEnds,
      });
      const banned = await client.call('exchangeInfo');
      assert.match(problem(banned), /^418 -1003 Way too much request weight used/);
      const late = new WebSocket(`ws://127.0.0.1:${wire.port}/ws-api/v3`);
      const [error] = (await once(late, 'error')) as [Error];
      assert.match(error.message, /418/);
    },
    { limits: { isEnabled: true, requestWeightPerMinute: 100, ignoredBeforeBan: 1 } },
  );
});

test('[X76] the server pings, answers pings, and cuts who stays silent', async () => {
  await withWire(
    async (wire) => {
      const lively = await wire.connect();
      const dead = new WebSocket(`ws://127.0.0.1:${wire.port}/ws-api/v3`, { autoPong: false });
      await once(dead, 'open');
      const closed = once(dead, 'close');
      const pong = once(lively.socket, 'pong');
      lively.socket.ping('hello');
      assert.equal(String((await pong)[0]), 'hello');
      await once(lively.socket, 'ping');
      await closed;
      assert.equal(lively.socket.readyState, WebSocket.OPEN);
      await until(() => wire.wsApi.connections === 1, 'one connection left');
    },
    { ws: { pingEveryMs: 20, pongWithinMs: 200 } },
  );
});

test('[X77] a connection is told of its end before it is cut', async () => {
  await withWire(
    async (wire) => {
      const client = await wire.connect();
      const closed = once(client.socket, 'close');
      const notice = await client.next();
      assert.deepEqual(notice, { event: { e: 'serverShutdown', E: wire.lab.clock.wall } });
      assert.equal((await closed)[0], 1001);
    },
    { ws: { lifetimeMs: 300, shutdownNoticeMs: 250 } },
  );
});

test('[X78] frames and connections have bounds', async () => {
  await withWire(
    async (wire) => {
      const client = await wire.connect();
      const closed = once(client.socket, 'close');
      client.socket.send(
        JSON.stringify({ id: 1, method: 'ping', params: { a: 'x'.repeat(70_000) } }),
      );
      assert.equal((await closed)[0], 1009);
      const binary = await wire.connect();
      const refused = once(binary.socket, 'close');
      binary.socket.send(Buffer.from([1, 2, 3]));
      assert.equal((await refused)[0], 1003);
      await wire.connect();
      const late = new WebSocket(`ws://127.0.0.1:${wire.port}/ws-api/v3`);
      const [error] = (await once(late, 'error')) as [Error];
      assert.match(error.message, /429/);
      const lost = new WebSocket(`ws://127.0.0.1:${wire.port}/elsewhere`);
      const [missing] = (await once(lost, 'error')) as [Error];
      assert.match(missing.message, /404/);
    },
    { limits: { isEnabled: true, connectionsPer5Minutes: 3 } },
  );
});

test('[X79] every endpoint answers the same over both transports', async () => {
  const asked = new Map<string, Fields>([
    ['klines', { symbol: 'ETHUSDT', interval: '1m' }],
    ['uiKlines', { symbol: 'ETHUSDT', interval: '1m' }],
    ['order.status', { symbol: 'ETHUSDT', orderId: 3 }],
    ['order.amendments', { symbol: 'ETHUSDT', orderId: 3 }],
    ['orderList.status', { orderListId: 0 }],
    ['myPreventedMatches', { symbol: 'ETHUSDT', orderId: 3 }],
    ['order.test', ORDER],
    ...['exchangeInfo', 'ping', 'time', 'account.status', 'account.rateLimits.orders'].map(
      (name): [string, Fields] => [name, {}],
    ),
    ...['allOrderLists', 'openOrderLists.status'].map((name): [string, Fields] => [name, {}]),
  ]);
  const changes = new Set(
    ENDPOINTS.filter(
      ({ security, wsMethod }) => security === 'TRADE' && wsMethod !== 'order.test',
    ).map(({ path, method }) => `${method} ${path}`),
  );
  await withWire(async (wire) => {
    await wire.signed('POST', '/api/v3/order', ORDER);
    const client = await wire.connect();
    let compared = 0;
    for (const [name, endpoint] of WS_METHODS) {
      if (changes.has(`${endpoint.method} ${endpoint.path}`)) continue;
      const fields = asked.get(name) ?? { symbol: 'ETHUSDT' };
      const isOpen = endpoint.security === 'NONE';
      const rest = isOpen
        ? await wire.get(endpoint.path, fields)
        : await wire.signed(endpoint.method, endpoint.path, fields);
      const frame = isOpen ? await client.call(name, fields) : await client.signed(name, fields);
      assert.equal(frame['status'], rest.status, name);
      assert.deepEqual(frame['result'] ?? frame['error'], rest.body, name);
      compared += 1;
    }
    assert.ok(compared >= 33, `compared ${compared}`);
  });
});

test('[X79] orders live through the WebSocket API alone', async () => {
  await withWire(async (wire) => {
    const client: WsClient = await wire.connect();
    const symbol = 'ETHUSDT';
    const first = result(await client.signed('order.place', ORDER));
    const amended = result(
      await client.signed('order.amend.keepPriority', {
        symbol,
        orderId: Number(first['orderId']),
        newQty: '0.4',
      }),
    );
    assert.equal((amended['amendedOrder'] as Message)['qty'], '0.40000000');
    const replaced = result(
      await client.signed('order.cancelReplace', {
        ...ORDER,
        cancelReplaceMode: 'STOP_ON_FAILURE',
        cancelOrderId: Number(first['orderId']),
      }),
    );
    assert.equal(replaced['newOrderResult'], 'SUCCESS');
    const half = await client.signed('order.cancelReplace', {
      ...ORDER,
      cancelReplaceMode: 'ALLOW_FAILURE',
      cancelOrderId: 999,
    });
    assert.equal(half['status'], 409);
    assert.equal(((half['error'] as Message)['data'] as Message)['newOrderResult'], 'SUCCESS');
    const oco = result(
      await client.signed('orderList.place.oco', {
        symbol,
        side: 'SELL',
        quantity: 1,
        aboveType: 'LIMIT_MAKER',
        abovePrice: '2100',
        belowType: 'STOP_LOSS',
        belowStopPrice: 1900.5,
      }),
    );
    result(
      await client.signed('orderList.cancel', { symbol, orderListId: Number(oco['orderListId']) }),
    );
    const all = (await client.signed('openOrders.cancelAll', { symbol }))['result'] as Message[];
    assert.equal(all.length, 2);
    const trades = await client.call('ticker.price', { symbols: [symbol] });
    assert.deepEqual(trades['result'], [{ symbol, price: '2000.00000000' }]);
  });
});

test('[X52] a connection may ask for microseconds', async () => {
  await withWire(async (wire) => {
    const client = await wire.connect('?timeUnit=MICROSECOND');
    assert.deepEqual(result(await client.call('time')), {
      serverTime: wire.lab.clock.wall * 1000,
    });
    result(await client.signed('userDataStream.subscribe.signature'));
    wire.lab.exchange.deposit(1, 'ETH', '1');
    assert.equal(eventOf(await client.next(isEvent))['E'], wire.lab.clock.market * 1000);
  });
});

test('[X80] faults bend requests, events and sockets', async () => {
  const lab = new Lab({ limits: { ...BINANCE_LIMITS, isEnabled: false } });
  await withWire(
    async (wire) => {
      const { faults } = lab;
      const client = await wire.connect();
      result(await client.signed('userDataStream.subscribe.signature'));
      faults.arm({ kind: 'errorBeforeAccept', count: 1, method: 'order.place' });
      assert.equal((await client.signed('order.place', ORDER))['status'], 503);
      assert.equal(lab.exchange.account(1)?.openOrders.size, 0);
      faults.arm({ kind: 'acceptThenTimeout', count: 1, method: 'order.place' });
      client.socket.send(JSON.stringify({ id: 'lost', method: 'ping' }));
      await client.next((message) => message['id'] === 'lost');
      const lost = client.signed('order.place', ORDER);
      assert.equal(eventOf(await client.next(isEvent))['x'], 'NEW');
      lost.catch(() => undefined);
      await client.next(isEvent);
      faults.arm({ kind: 'duplicateEvents', count: 1 });
      lab.exchange.deposit(1, 'ETH', '1');
      const heard: unknown[] = [];
      for (let count = 0; count < 3; count += 1)
        heard.push(eventOf(await client.next(isEvent))['e']);
      assert.deepEqual(heard, ['balanceUpdate', 'balanceUpdate', 'outboundAccountPosition']);
      const silence = faults.arm({ kind: 'silentSockets' });
      assert.ok(silence.ok);
      lab.exchange.deposit(1, 'ETH', '1');
      const used = wire.limits.used('127.0.0.1');
      client.socket.send('{"id":1,"method":"ping"}');
      await until(() => wire.limits.used('127.0.0.1') > used, 'the request to be counted');
      faults.clear();
      result(await client.call('time'));
      assert.ok(!client.messages.some(isEvent), 'what was said in silence is lost');
      const closed = once(client.socket, 'close');
      wire.wsApi.drop();
      await closed;
    },
    { lab },
  );
});
