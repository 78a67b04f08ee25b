// SPDX-License-Identifier: Apache-2.0
// Market streams over real sockets: payloads, subscriptions, limits, heartbeat and end.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';

import { startSimulator, type RunningSimulator } from '../src/index.ts';
import { StreamHub } from '../src/streams/hub.ts';
import { parseStreamName } from '../src/streams/names.ts';
import { BINANCE_STREAM_RULES, StreamServer, type StreamRules } from '../src/streams/server.ts';
import { candleFeed } from '../src/market/feed.ts';
import { minuteMarket, minutes, openMarket, START_MS } from './open-market.ts';
import { SignedClient } from './signed-client.ts';
import { StreamClient, type Message } from './stream-client.ts';

const DATA = new URL('../../../shared/data/', import.meta.url).pathname;

const TABLE = Array.from(
  { length: 10 },
  (_, index) => `${100 + index} ${102 + index} ${99 + index} ${101 + index} ${index === 4 ? 0 : 4}`,
)
  .join('\n')
  .replace('104 106 103 105 0', '104 104 104 104 0');

const open = new Set<{ close(): void }>();
after(() => {
  for (const client of open) client.close();
});

async function simulator(context: TestContext, table: string = TABLE): Promise<RunningSimulator> {
  const running = await startSimulator({
    market: minuteMarket(table),
    history: 0,
    speed: 0,
    seed: 'streams',
    isLimited: false,
    accounts: [{ name: 'demo', balances: { USDT: '100000', BTC: '10' } }],
  });
  context.after(() => running.stop());
  return running;
}

async function connect(running: RunningSimulator, path: string): Promise<StreamClient> {
  const client = await StreamClient.open(running.streams + path);
  open.add(client);
  return client;
}

/** Buys at the market through the exchange itself. */
function buy(running: RunningSimulator, lots: number): void {
  const account = running.exchange.account(1);
  const market = running.exchange.market('BTCUSDT');
  assert.ok(account !== undefined && market !== undefined);
  const placed = running.exchange.place(
    account,
    market,
    {
      side: 'BUY',
      kind: 'MARKET',
      timeInForce: 'GTC',
      priceTicks: 0,
      quantityLots: lots,
      quoteOrderUnits: 0n,
      stopTicks: 0,
      trailingDelta: 0,
      icebergLots: 0,
      selfTradePrevention: 'NONE',
      clientOrderId: undefined,
      strategyId: undefined,
      strategyType: undefined,
    },
    'ACK',
  );
  assert.ok(placed.ok);
}

const KEYS: Readonly<Record<string, string>> = {
  'btcusdt@trade': 'E M T e m p q s t',
  'btcusdt@aggTrade': 'E M T a e f l m p q s',
  'btcusdt@kline_1m': 'E e k s',
  'btcusdt@kline_1d@+08:00': 'E e k s',
  'btcusdt@miniTicker': 'E c e h l o q s v',
  'btcusdt@ticker': 'A B C E F L O P Q a b c e h l n o p q s v w x',
  'btcusdt@ticker_1h': 'C E F L O P c e h l n o p q s v w',
  'btcusdt@ticker_4h': 'C E F L O P c e h l n o p q s v w',
  'btcusdt@ticker_1d': 'C E F L O P c e h l n o p q s v w',
  'btcusdt@bookTicker': 'A B a b s u',
  'btcusdt@avgPrice': 'E T e i s w',
  'btcusdt@depth5': 'asks bids lastUpdateId',
  'btcusdt@depth10@100ms': 'asks bids lastUpdateId',
  'btcusdt@depth20': 'asks bids lastUpdateId',
  'btcusdt@depth': 'E U a b e s u',
  'btcusdt@depth@100ms': 'E U a b e s u',
};

const keysOf = (value: unknown): string =>
  Object.keys(value as object)
    .toSorted()
    .join(' ');

test('[X142] every stream tells payloads with the keys Binance documents', async (context) => {
  const running = await simulator(context);
  const names = Object.keys(KEYS);
  const client = await connect(
    running,
    `/stream?streams=${[...names, '!miniTicker@arr', '!ticker@arr', '!ticker_1h@arr'].join('/')}`,
  );
  await running.step({ points: 3 });
  buy(running, 100_000);
  const documented = documentedPayloads();
  for (const name of names) {
    const { data } = await client.find(({ stream }) => stream === name);
    assert.equal(keysOf(data), KEYS[name], name);
    const example = documented.get(headingOf(name));
    if (example !== undefined) assert.equal(keysOf(data), keysOf(example), `${name} as documented`);
    const kline = (data as Message)['k'];
    if (kline !== undefined) assert.equal(keysOf(kline), 'B L Q T V c f h i l n o q s t v x');
  }
  for (const [name, like] of [
    ['!miniTicker@arr', 'btcusdt@miniTicker'],
    ['!ticker@arr', 'btcusdt@ticker'],
    ['!ticker_1h@arr', 'btcusdt@ticker_1h'],
  ] as const) {
    const { data } = await client.find(({ stream }) => stream === name);
    assert.ok(Array.isArray(data));
    assert.equal(keysOf(data[0]), KEYS[like]);
  }
});

function headingOf(name: string): string {
  const [, topic = ''] = name.split('@');
  const headings: Readonly<Record<string, string>> = {
    trade: 'Trade Streams',
    aggTrade: 'Aggregate Trade Streams',
    kline_1m: 'Kline/Candlestick Streams for UTC',
    kline_1d: 'Kline/Candlestick Streams with timezone offset',
    miniTicker: 'Individual Symbol Mini Ticker Stream',
    ticker: 'Individual Symbol Ticker Streams',
    ticker_1h: 'Individual Symbol Rolling Window Statistics Streams',
    bookTicker: 'Individual Symbol Book Ticker Streams',
    avgPrice: 'Average Price',
    depth5: 'Partial Book Depth Streams',
    depth: 'Diff. Depth Stream',
  };
  return headings[topic] ?? '';
}

/** Binance's own examples by heading, where the recorded documentation is there. */
function documentedPayloads(): Map<string, unknown> {
  const path = `${DATA}exchange/binance-spot-docs-json-examples.jsonl.gz`;
  const found = new Map<string, unknown>();
  if (!existsSync(path)) return found;
  for (const line of gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n')) {
    const example = JSON.parse(line) as { file: string; heading: string[]; json: unknown };
    if (example.file === 'web-socket-streams.md')
      found.set(example.heading.at(-1) ?? '', example.json);
  }
  return found;
}

test('[X143] a raw stream carries bare payloads, a combined one wraps them; several names may stand in the path', async (context) => {
  const running = await simulator(context);
  const raw = await connect(running, '/ws/btcusdt@trade/btcusdt@bookTicker');
  const combined = await connect(running, '/stream?streams=btcusdt@trade');
  await running.step({ points: 2 });
  const trade = await raw.find(({ e }) => e === 'trade');
  assert.deepEqual(trade, {
    e: 'trade',
    E: START_MS,
    s: 'BTCUSDT',
    t: 1,
    p: '100.00000000',
    q: '1.00000000',
    T: START_MS,
    m: false,
    M: true,
  });
  assert.equal((await raw.find(({ u }) => u !== undefined))['b'], '99.99000000');
  assert.deepEqual(
    (await combined.find(({ stream }) => stream === 'btcusdt@trade'))['data'],
    trade,
  );
});

test('[X144] streams are subscribed, listed, unsubscribed, and the form of payloads is set', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws');
  assert.deepEqual(await client.ask('SUBSCRIBE', ['btcusdt@trade', 'btcusdt@depth']), {
    result: null,
    id: 1,
  });
  assert.deepEqual(await client.ask('LIST_SUBSCRIPTIONS'), {
    result: ['btcusdt@trade', 'btcusdt@depth'],
    id: 2,
  });
  assert.deepEqual(await client.ask('UNSUBSCRIBE', ['btcusdt@depth']), { result: null, id: 3 });
  assert.deepEqual((await client.ask('LIST_SUBSCRIPTIONS'))['result'], ['btcusdt@trade']);
  assert.equal((await client.ask('GET_PROPERTY', ['combined']))['result'], false);
  assert.deepEqual(await client.ask('SET_PROPERTY', ['combined', true]), { result: null, id: 6 });
  assert.equal((await client.ask('GET_PROPERTY', ['combined']))['result'], true);
  await running.step({ points: 1 });
  assert.equal(
    ((await client.find(({ stream }) => stream === 'btcusdt@trade'))['data'] as Message)['p'],
    '100.00000000',
  );
  await client.ask('UNSUBSCRIBE', ['btcusdt@trade']);
  const before = client.messages.length;
  await running.step({ points: 1 });
  await client.ask('LIST_SUBSCRIPTIONS');
  assert.equal(client.messages.length, before + 1, 'nothing but the answer');
  assert.equal(
    (await client.ask('SUBSCRIBE', ['nosuch@trade', 'btcusdt@nosuch']))['result'],
    null,
    'unknown names stay silent',
  );
});

test('[X145] a malformed request is answered with an error', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws');
  const table: readonly (readonly [sent: string, answer: unknown])[] = [
    [
      '{"method":"GET_PROPERTY","params":["speed"],"id":"a1"}',
      { error: { code: 0, msg: 'Unknown property' }, id: 'a1' },
    ],
    [
      '{"method":"SET_PROPERTY","params":["combined",1],"id":2}',
      { error: { code: 1, msg: 'Invalid value type: expected Boolean' }, id: 2 },
    ],
    [
      '{"method":"SET_PROPERTY","params":[1],"id":2}',
      { error: { code: 2, msg: 'Invalid request: property name must be a string' }, id: 2 },
    ],
    [
      '{"method":"GET_PROPERTY","params":["combined",1],"id":2}',
      { error: { code: 2, msg: 'Invalid request: too many parameters' }, id: 2 },
    ],
    [
      '{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":1.5}',
      { error: { code: 2, msg: 'Invalid request: request ID must be an unsigned integer' } },
    ],
    [
      '{"method":"SUBSCRIBE","params":["btcusdt@trade"]}',
      { error: { code: 2, msg: 'Invalid request: request ID must be an unsigned integer' } },
    ],
    [
      '{"params":[],"id":4}',
      {
        error: { code: 2, msg: 'Invalid request: missing field `method` at line 1 column 20' },
        id: 4,
      },
    ],
    [
      '{"method":"subscribe","id":4}',
      {
        error: {
          code: 2,
          msg: 'Invalid request: unknown variant `subscribe`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, `LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column 2',
        },
        id: 4,
      },
    ],
    [
      '{"method":"SUBSCRIBE","params":["btcusdt"],"id":null}',
      { error: { code: 2, msg: 'Invalid request: invalid stream' }, id: null },
    ],
    [
      '{"method":"SUBSCRIBE","params":{},"id":5}',
      { error: { code: 2, msg: 'Invalid request: params must be an array' }, id: 5 },
    ],
    ['[1]', { error: { code: 2, msg: 'Invalid request: expected an object at line 1 column 1' } }],
  ];
  for (const [sent, answer] of table) {
    const from = client.messages.length;
    client.send(sent);
    assert.deepEqual(await client.find(() => true, from), answer, sent);
  }
  const from = client.messages.length;
  client.send('{"method":');
  const { error } = await client.find(() => true, from);
  assert.match(
    (error as { msg: string }).msg,
    /^Invalid JSON: expected value at line 1 column \d+$/,
  );
  assert.equal(client.closed, undefined);
});

test('[X146] klines tell their running window, and once that it closed', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws/btcusdt@kline_1m/btcusdt@kline_3m');
  const kline = async (pick: (k: Message) => boolean): Promise<Message> => {
    const message = await client.find(({ k }) => k !== undefined && pick(k as Message));
    return message['k'] as Message;
  };
  await running.step({ points: 4 });
  const last = await kline(({ i, c, x }) => i === '1m' && c === '101.00000000' && x === false);
  assert.deepEqual(
    [
      last['t'],
      last['T'],
      last['o'],
      last['h'],
      last['l'],
      last['v'],
      last['n'],
      last['f'],
      last['L'],
    ],
    [
      START_MS,
      START_MS + 59_999,
      '100.00000000',
      '102.00000000',
      '99.00000000',
      '4.00000000',
      4,
      1,
      4,
    ],
  );
  await running.step({ points: 16 });
  await kline(({ i, x, t }) => i === '1m' && x === true && t === START_MS + 3 * 60_000);
  const closed = client.messages
    .map(({ k }) => k as Message | undefined)
    .filter((k) => k?.['i'] === '1m' && k['x'] === true);
  assert.deepEqual(
    closed.map((k) => [(Number(k?.['t']) - START_MS) / 60_000, k?.['o'], k?.['c'], k?.['v']]),
    [
      [0, '100.00000000', '101.00000000', '4.00000000'],
      [1, '101.00000000', '102.00000000', '4.00000000'],
      [2, '102.00000000', '103.00000000', '4.00000000'],
      [3, '103.00000000', '104.00000000', '4.00000000'],
    ],
  );
  const three = await kline(({ i, x }) => i === '3m' && x === true);
  assert.deepEqual(
    [three['o'], three['h'], three['c'], three['v'], three['n']],
    ['100.00000000', '104.00000000', '103.00000000', '12.00000000', 12],
  );
  const end = await running.step({ points: 100 });
  assert.equal(end.done, true);
  await kline(({ t, x, i }) => i === '1m' && x === true && t === START_MS + 9 * 60_000);
  const idle = await kline(
    ({ t, x, i }) => i === '1m' && x === true && t === START_MS + 4 * 60_000,
  );
  assert.deepEqual(
    [idle['o'], idle['v'], idle['n'], idle['f'], idle['L']],
    ['104.00000000', '0.00000000', 0, -1, -1],
  );
});

test('[X147] a kline stream with an offset has the windows of its zone', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws/btcusdt@kline_1d@+08:00/btcusdt@kline_1d');
  await running.step({ points: 1 });
  await client.until(() => client.messages.length >= 2);
  const starts = client.messages.map(({ k }) => Number((k as Message)['t']));
  assert.deepEqual(
    starts.toSorted((left, right) => left - right),
    [START_MS - 8 * 3_600_000, START_MS],
  );
});

test('[X148] diff streams rebuild the book from a snapshot as Binance describes it', async (context) => {
  const running = await startSimulator({
    seed: 'books',
    speed: 0,
    isLimited: false,
    startMs: START_MS,
  });
  context.after(() => running.stop());
  const client = await connect(running, '/ws/btcusdt@depth@100ms');
  await running.step({ points: 30 });
  await client.find(({ e }) => e === 'depthUpdate');
  const response = await fetch(`${running.rest}/api/v3/depth?symbol=BTCUSDT&limit=1000`);
  const snapshot = (await response.json()) as {
    lastUpdateId: number;
    bids: [string, string][];
    asks: [string, string][];
  };
  for (let step = 0; step < 20; step += 1) await running.step({ points: 50 });
  const expected = running.exchange.depth('BTCUSDT', 1000);
  await client.find(({ u }) => u === expected.lastUpdateId);
  const bids = new Map(snapshot.bids);
  const asks = new Map(snapshot.asks);
  let lastId = snapshot.lastUpdateId;
  let applied = 0;
  for (const update of client.messages as {
    U: number;
    u: number;
    b: [string, string][];
    a: [string, string][];
  }[]) {
    if (update.u <= lastId) continue;
    assert.ok(update.U <= lastId + 1, `no hole: ${update.U} after ${lastId}`);
    if (applied > 0) assert.equal(update.U, lastId + 1);
    applied += 1;
    lastId = update.u;
    for (const [book, levels] of [
      [bids, update.b],
      [asks, update.a],
    ] as const) {
      for (const [price, quantity] of levels) {
        if (Number(quantity) === 0) book.delete(price);
        else book.set(price, quantity);
      }
    }
  }
  assert.ok(applied >= 10, `applied ${applied} updates`);
  const sorted = (book: Map<string, string>, direction: 1 | -1): string[][] =>
    [...book].toSorted(([left], [right]) => direction * (Number(left) - Number(right)));
  assert.deepEqual(sorted(bids, -1), expected.bids);
  assert.deepEqual(sorted(asks, 1), expected.asks);
});

test('[X149] partial books show the best levels, best first', async (context) => {
  const running = await startSimulator({
    seed: 'books',
    speed: 0,
    isLimited: false,
    startMs: START_MS,
  });
  context.after(() => running.stop());
  const client = await connect(running, '/ws/btcusdt@depth5@100ms');
  await running.step({ points: 100 });
  const { lastUpdateId, bids, asks } = running.exchange.depth('BTCUSDT', 5);
  const message = await client.find((found) => found['lastUpdateId'] === lastUpdateId);
  assert.deepEqual(message, { lastUpdateId, bids, asks });
  assert.equal(bids.length, 5);
});

test('[X150] a book ticker speaks when the best quotes change, once per event', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws/btcusdt@bookTicker');
  for (let step = 0; step < 4; step += 1) await running.step({ points: 1 });
  await client.find(({ b }) => b === '100.99000000');
  assert.deepEqual(
    client.messages.map(({ b }) => b),
    ['99.99000000', '98.99000000', '101.99000000', '100.99000000'],
  );
  const rest = SignedClient.of(running);
  const deep = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '0.1',
    price: '90',
  };
  assert.equal((await rest.call('POST', '/api/v3/order', deep)).status, 200);
  const best = await rest.call('POST', '/api/v3/order', { ...deep, price: '101' });
  assert.equal(best.status, 200);
  await client.find(({ b }) => b === '101.00000000');
  assert.equal(client.messages.length, 5, 'a deep order is no news');
});

test('[X150] a book ticker comes before the trades of its event', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws/btcusdt@trade/btcusdt@bookTicker');
  for (let step = 0; step < 3; step += 1) await running.step({ points: 1 });
  await client.until(() => client.messages.length === 6);
  assert.deepEqual(
    client.messages.map(({ e, b, p }) =>
      e === 'trade' ? `trade ${String(p)}` : `bid ${String(b)}`,
    ),
    [
      'bid 99.99000000',
      'trade 100.00000000',
      'bid 98.99000000',
      'trade 99.00000000',
      'bid 101.99000000',
      'trade 102.00000000',
    ],
  );
});

test('[X240] what users trade in a replay is told to them alone', async (context) => {
  const running = await simulator(context);
  const client = await connect(running, '/ws/btcusdt@trade/btcusdt@aggTrade/btcusdt@kline_1m');
  await running.step({ points: 1 });
  const paths = [
    '/api/v3/klines?symbol=BTCUSDT&interval=1m',
    '/api/v3/aggTrades?symbol=BTCUSDT',
    '/api/v3/trades?symbol=BTCUSDT',
    '/api/v3/ticker/price?symbol=BTCUSDT',
    '/api/v3/avgPrice?symbol=BTCUSDT',
    '/api/v3/ticker/24hr?symbol=BTCUSDT',
  ];
  const read = async (): Promise<readonly unknown[]> =>
    Promise.all(paths.map(async (path) => (await fetch(running.rest + path)).json()));
  const before = await read();
  buy(running, 300_000);
  const rest = SignedClient.of(running);
  const resting = { symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT', timeInForce: 'GTC' };
  await rest.call('POST', '/api/v3/order', { ...resting, quantity: '0.1', price: '99.50' });
  assert.deepEqual(await read(), before);
  await running.step({ points: 1 });
  const { body: own } = await rest.call('GET', '/api/v3/myTrades', { symbol: 'BTCUSDT' });
  assert.ok(Array.isArray(own));
  assert.deepEqual(
    own.map(({ price }: Message) => price),
    ['100.01000000', '99.50000000'],
  );
  await client.find(({ e, p }) => e === 'aggTrade' && p === '99.00000000');
  assert.deepEqual(
    client.messages.filter(({ e }) => e === 'trade').map(({ p, q }) => [p, q]),
    [
      ['100.00000000', '1.00000000'],
      ['99.00000000', '1.00000000'],
    ],
  );
});

test('[X241] candles are told as closed after all trades of the moment that ends them', async (context) => {
  const symbols = ['BTC', 'ETH', 'SOL'];
  const feeds = symbols.map((baseAsset) =>
    candleFeed(
      {
        name: baseAsset,
        symbol: `${baseAsset}USDT`,
        baseAsset,
        quoteAsset: 'USDT',
        intervalMs: 60_000,
      },
      minutes('10 10 10 10 8\n20 20 20 20 8'),
    ),
  );
  const running = await startSimulator({
    market: { kind: 'feeds', feeds },
    history: 0,
    speed: 0,
    isLimited: false,
  });
  context.after(() => running.stop());
  const names = symbols.flatMap((base) => {
    const lower = `${base.toLowerCase()}usdt`;
    return [`${lower}@trade`, `${lower}@kline_1m`];
  });
  const client = await connect(running, `/ws/${names.join('/')}`);
  await running.step({ untilMs: START_MS + 60_000 });
  const told = (): readonly string[] =>
    client.messages
      .filter(({ e, p, k }) => (e === 'trade' ? p === '20.00000000' : (k as Message)['x'] === true))
      .map(({ e, s }) => `${String(e)} ${String(s)}`);
  await client.until(() => told().length === 6);
  assert.deepEqual(told(), [
    'trade BTCUSDT',
    'trade ETHUSDT',
    'trade SOLUSDT',
    'kline BTCUSDT',
    'kline ETHUSDT',
    'kline SOLUSDT',
  ]);
});

test('[X151] an aggregate trade is told when its order is done', async (context) => {
  const running = await startSimulator({
    seed: 'agg',
    speed: 0,
    isLimited: false,
    startMs: START_MS,
    accounts: [{ name: 'demo', balances: { USDT: '9000000' } }],
  });
  context.after(() => running.stop());
  await running.step({ points: 100 });
  const client = await connect(running, '/ws/btcusdt@aggTrade/btcusdt@trade');
  const { asks } = running.exchange.depth('BTCUSDT', 3);
  const lots = Math.round(asks.reduce((sum, [, quantity]) => sum + Number(quantity), 0) * 100_000);
  await client.ask('LIST_SUBSCRIPTIONS');
  buy(running, lots);
  await client.until(() => client.messages.filter(({ e }) => e === 'aggTrade').length === 3);
  const aggregates = client.messages.filter(({ e }) => e === 'aggTrade');
  assert.deepEqual(
    aggregates.map(({ p, q }) => [p, q]),
    asks.map(([price, quantity]) => [price, quantity]),
  );
  assert.deepEqual(
    aggregates.map(({ m }) => m),
    [false, false, false],
  );
});

test('[X152] times are in microseconds for who asks for them', async (context) => {
  const running = await simulator(context);
  const client = await connect(
    running,
    '/stream?streams=btcusdt@trade/btcusdt@kline_1m/btcusdt@ticker&timeUnit=MICROSECOND',
  );
  const lower = await connect(running, '/ws/btcusdt@trade?timeUnit=microsecond');
  await running.step({ points: 2 });
  const data = async (name: string): Promise<Message> =>
    (await client.find(({ stream }) => stream === name))['data'] as Message;
  assert.equal((await data('btcusdt@trade'))['T'], START_MS * 1000);
  const kline = (await data('btcusdt@kline_1m'))['k'] as Message;
  assert.deepEqual([kline['t'], kline['T']], [START_MS * 1000, (START_MS + 60_000) * 1000 - 1]);
  assert.equal(Number((await data('btcusdt@ticker'))['C']) % 1000, 0);
  assert.equal((await lower.find(({ e }) => e === 'trade'))['E'], START_MS * 1000);
  await assert.rejects(connect(running, '/ws/btcusdt@trade?timeUnit=HOUR'), /HTTP 400/);
});

test('[X153] the stream of all tickers tells only symbols that changed', async (context) => {
  const running = await startSimulator({
    seed: 'all',
    speed: 0,
    isLimited: false,
    startMs: START_MS,
    market: { kind: 'synthetic', symbols: ['BTCUSDT', 'TFUELUSDT'] },
  });
  context.after(() => running.stop());
  const client = await connect(running, '/ws/!miniTicker@arr');
  await running.step({ points: 1 });
  const first = (await client.find(Array.isArray)) as unknown as Message[];
  assert.deepEqual(
    first.map(({ s }) => String(s)).toSorted((left, right) => (left < right ? -1 : 1)),
    ['BTCUSDT', 'TFUELUSDT'],
    'at first all of them',
  );
  for (let step = 0; step < 20; step += 1) await running.step({ points: 5 });
  const symbols = async (names: string): Promise<Message> =>
    client.find(
      (message) =>
        Array.isArray(message) && message.map((entry: Message) => entry['s']).join() === names,
    );
  await symbols('BTCUSDT');
});

/** A stream server of its own with short rules. */
async function bare(
  context: TestContext,
  rules: Partial<StreamRules>,
  isSilent: () => boolean = () => false,
): Promise<{ readonly url: string; readonly server: StreamServer }> {
  const market = await openMarket({ market: minuteMarket(TABLE), history: 0 });
  const server = new StreamServer({
    data: market.data,
    book: { depth: () => [], lastUpdateId: () => 1 },
    faults: { isSilent },
    marketMs: () => market.clock.marketMs(),
    steadyMs: () => Math.floor(performance.now()),
    rules: { ...BINANCE_STREAM_RULES, ...rules },
  });
  const http: Server = createServer();
  http.on('upgrade', (request, socket, head) => server.handleUpgrade(request, socket, head));
  await new Promise<void>((resolve) => {
    http.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => {
    server.close();
    server.drop();
    http.close();
    http.closeAllConnections();
  });
  return { url: `ws://127.0.0.1:${(http.address() as AddressInfo).port}`, server };
}

test('[X154] a connection that answers pings stays, one that does not is cut', async (context) => {
  const { url } = await bare(context, {
    pingEveryMs: 15,
    pongWithinMs: 60,
    areMessagesLimited: false,
  });
  const good = await StreamClient.open(`${url}/ws`);
  const deaf = await StreamClient.open(`${url}/ws`, { autoPong: false });
  await deaf.until(() => deaf.closed !== undefined);
  assert.equal(deaf.closed?.code, 1006);
  const { pings } = good;
  await good.until(() => good.pings > pings + 10);
  assert.equal(good.closed, undefined);
  const unasked = await StreamClient.open(`${url}/ws`, { autoPong: false });
  const timer = setInterval(() => unasked.socket.pong(''), 10);
  await unasked.until(() => unasked.closed !== undefined).finally(() => clearInterval(timer));
  assert.equal(unasked.closed?.code, 1006, 'a pong without its payload does not count');
  good.close();
});

test('[X155] a connection is told before its day ends, then closed', async (context) => {
  const { url } = await bare(context, { lifeMs: 120, noticeMs: 80 });
  const raw = await StreamClient.open(`${url}/ws`);
  const combined = await StreamClient.open(`${url}/stream`);
  const notice = await raw.find(({ e }) => e === 'serverShutdown');
  assert.deepEqual(Object.keys(notice), ['e', 'E']);
  assert.equal(
    (await combined.find(({ stream }) => stream === '!serverShutdown'))['stream'],
    '!serverShutdown',
  );
  await raw.until(() => raw.closed !== undefined);
  assert.equal(raw.closed?.code, 1001);
  assert.equal(BINANCE_STREAM_RULES.lifeMs, 86_400_000);
  assert.deepEqual(
    [BINANCE_STREAM_RULES.pingEveryMs, BINANCE_STREAM_RULES.pongWithinMs],
    [20_000, 60_000],
  );
});

test('[X156] no more than 1024 streams on one connection', async (context) => {
  const { url } = await bare(context, {});
  const names = (from: number, count: number): string[] =>
    Array.from({ length: count }, (_, index) => `sym${from + index}@trade`);
  const client = await StreamClient.open(`${url}/ws`);
  assert.deepEqual(await client.ask('SUBSCRIBE', names(0, 1024)), { result: null, id: 1 });
  assert.deepEqual(await client.ask('SUBSCRIBE', ['btcusdt@trade']), {
    error: { code: 4, msg: 'Too many subscriptions' },
    id: 2,
  });
  assert.deepEqual(
    await client.ask('SUBSCRIBE', names(0, 5)),
    { result: null, id: 3 },
    'those it has already',
  );
  client.close();
  await assert.rejects(
    StreamClient.open(`${url}/stream?streams=${names(0, 1025).join('/')}`),
    /HTTP 400|431/,
  );
});

test('[X157] more than five messages in a second end the connection', async (context) => {
  const { url } = await bare(context, {});
  const busy = await StreamClient.open(`${url}/ws`);
  for (let id = 0; id < 6; id += 1) busy.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }));
  await busy.until(() => busy.closed !== undefined);
  assert.deepEqual(busy.closed, { code: 1008, reason: 'Too many requests' });
  const { url: freeUrl } = await bare(context, { areMessagesLimited: false });
  const free = await StreamClient.open(`${freeUrl}/ws`);
  for (let id = 0; id < 50; id += 1)
    free.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id }));
  await free.find(({ id }) => id === 49);
  free.close();
});

test('[X158] a silent connection stays open and says nothing, not even a ping', async (context) => {
  let silent = true;
  const { url } = await bare(context, { pingEveryMs: 10, pongWithinMs: 10_000 }, () => silent);
  const client = await StreamClient.open(`${url}/ws`);
  let isBack = false;
  client.socket.on('pong', () => {
    isBack = true;
  });
  client.socket.ping('hello');
  client.send(JSON.stringify({ method: 'LIST_SUBSCRIPTIONS', id: 1 }));
  const waiting = client.until(() => client.pings > 0 || client.messages.length > 0 || isBack);
  // Fifteen heartbeats pass in silence before the voice comes back.
  setTimeout(() => {
    assert.deepEqual(
      [client.pings, client.messages.length, isBack, client.closed],
      [0, 0, false, undefined],
    );
    silent = false;
  }, 150);
  await waiting;
  assert.equal(client.messages.length, 0, 'what was said in silence is lost');
  client.close();
});

test('[X159] names that are no streams are told apart from malformed ones', () => {
  for (const name of [
    'btcusdt@depth7',
    'btcusdt@kline_7m',
    'BTCUSDT@trade',
    '!all@arr',
    'btcusdt@kline_1d@+09:00',
    'btcusdt@ticker_2h',
  ]) {
    assert.equal(parseStreamName(name), undefined, name);
    assert.equal(StreamHub.isWellFormed(name), true, name);
  }
  for (const name of ['btcusdt', '', '@trade', 'btc usdt@trade', `a@${'b'.repeat(120)}`])
    assert.equal(StreamHub.isWellFormed(name), false, name);
  assert.deepEqual(parseStreamName('btcusdt@kline_1s'), {
    kind: 'kline',
    symbol: 'BTCUSDT',
    interval: '1s',
    offsetMs: 0,
    cadence: 1000,
  });
  assert.deepEqual(parseStreamName('btcusdt@depth'), {
    kind: 'diffDepth',
    symbol: 'BTCUSDT',
    cadence: 1000,
  });
});
