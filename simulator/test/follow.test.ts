// SPDX-License-Identifier: Apache-2.0
// A market that follows another: what it takes over, when it fills, and what it does when it cannot see.

import assert from 'node:assert/strict';
import { createReadStream, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test, type TestContext } from 'node:test';
import { createGunzip } from 'node:zlib';

import {
  parseSimulatorArguments,
  startSimulator,
  type RunningSimulator,
  type SimulatorOptions,
} from '../src/index.ts';
import {
  follow,
  FollowedExchange,
  LISTING,
  live,
  minuteOf,
  statusOf,
  until,
  type FollowedTrade,
} from './followed-exchange.ts';
import { minuteMarket, START_MS } from './open-market.ts';
import { SignedClient } from './signed-client.ts';
import { StreamClient } from './stream-client.ts';

const folder = mkdtempSync(join(tmpdir(), 'kontor-follow-'));
after(() => rmSync(folder, { recursive: true, force: true }));

async function exchangeFor(context: TestContext): Promise<FollowedExchange> {
  const exchange = await new FollowedExchange().open();
  context.after(() => exchange.close());
  return exchange;
}

/** A running exchange that has traded at 100 for some minutes, and a simulator that follows it. */
async function pair(
  context: TestContext,
  options: Parameters<typeof follow>[1] = {},
): Promise<{ exchange: FollowedExchange; b: RunningSimulator; client: SignedClient }> {
  const exchange = await exchangeFor(context);
  for (let minute = 5; minute > 0; minute -= 1) {
    exchange.trade('100.00', '0.5', { T: minuteOf(exchange.now()) - minute * 60_000 });
  }
  const b = await follow(exchange, options);
  context.after(() => b.stop());
  await live(b);
  return { exchange, b, client: SignedClient.of(b) };
}

async function stepped(context: TestContext, options: SimulatorOptions): Promise<RunningSimulator> {
  const running = await startSimulator({
    speed: 0,
    seed: 'followed',
    isLimited: false,
    ...options,
  });
  context.after(() => running.stop());
  return running;
}

async function get(base: string, path: string): Promise<unknown> {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(5_000) });
  return response.json();
}

async function assertSame(
  a: { readonly rest: string },
  b: { readonly rest: string },
  path: string,
): Promise<void> {
  const [own, theirs] = await Promise.all([get(b.rest, path), get(a.rest, path)]);
  assert.ok(!Array.isArray(theirs) || theirs.length > 0, path);
  assert.deepEqual(own, theirs, path);
}

function newestTrade(b: RunningSimulator): number {
  return b.marketData.symbol('BTCUSDT').tape.aggregates({ limit: 1 })[0]?.aggregateId ?? 0;
}

async function limit(
  client: SignedClient,
  side: 'BUY' | 'SELL',
  price: string,
  quantity = '1',
  timeInForce = 'GTC',
): Promise<Record<string, unknown>> {
  const { status, body } = await client.call('POST', '/api/v3/order', {
    symbol: 'BTCUSDT',
    side,
    type: 'LIMIT',
    timeInForce,
    price,
    quantity,
  });
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}

async function order(client: SignedClient, orderId: unknown): Promise<Record<string, unknown>> {
  const { body } = await client.call('GET', '/api/v3/order', {
    symbol: 'BTCUSDT',
    orderId: Number(orderId),
  });
  return body;
}

async function filled(
  client: SignedClient,
  orderId: unknown,
): Promise<readonly Record<string, unknown>[]> {
  const { body } = await client.call('GET', '/api/v3/myTrades', {
    symbol: 'BTCUSDT',
    orderId: Number(orderId),
  });
  return body as unknown as readonly Record<string, unknown>[];
}

const INTERVALS = '1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M'.split(' ');

test('[X200] the rules of a followed market are those of the exchange it follows', async (context) => {
  const a = await stepped(context, { startMs: START_MS });
  const symbols = ['ETHUSDT', 'TFUELUSDT'];
  const b = await follow(a, { symbols });
  context.after(() => b.stop());
  assert.deepEqual(b.market, { kind: 'follow', seed: 'follow', symbols });
  const query = `/api/v3/exchangeInfo?symbols=${encodeURIComponent(JSON.stringify(symbols))}`;
  const listings = (body: unknown): unknown => (body as { symbols: unknown }).symbols;
  assert.deepEqual(listings(await get(b.rest, query)), listings(await get(a.rest, query)));
});

test('[X200] a symbol that is not listed, or whose rules cannot be read, ends the start with its name', async (context) => {
  const a = await stepped(context, { startMs: START_MS });
  await assert.rejects(follow(a, { symbols: ['NOPEUSDT'] }), /Invalid symbol/);
  const exchange = await exchangeFor(context);
  exchange.listing = { ...LISTING, symbol: 'OTHERUSDT' };
  await assert.rejects(follow(exchange), /does not list BTCUSDT/);
});

test('[X201] candles of every interval, trades, best prices and statistics are those of the followed exchange', async (context) => {
  const symbols = ['BTCUSDT', 'ETHUSDT', 'TFUELUSDT'];
  const a = await stepped(context, { startMs: START_MS + 7 * 3_600_000 + 60_000, history: 2_000 });
  await a.step({ points: 3_000 });
  const b = await follow(a, { symbols, rules: { pingEveryMs: 5 } });
  context.after(() => b.stop());
  await live(b);
  for (let round = 0; round < 3; round += 1) {
    await a.step({ points: 2_500 });
    for (const symbol of symbols) {
      const lastId = (await get(a.rest, `/api/v3/aggTrades?symbol=${symbol}&limit=1`)) as {
        a: number;
      }[];
      await until(
        () =>
          b.marketData.symbol(symbol).tape.aggregates({ limit: 1 })[0]?.aggregateId ===
          lastId[0]?.a,
        () => b.status(),
      );
      const path = `/api/v3/ticker/bookTicker?symbol=${symbol}`;
      const best = JSON.stringify(await get(a.rest, path));
      await until(() => JSON.stringify(b.exchange.bookTicker(symbol)) === best);
      await assertSame(a, b, path);
      const known = b.marketData.symbol(symbol).tape.aggregates({ limit: 300 })[0]?.aggregateId;
      await assertSame(a, b, `/api/v3/aggTrades?symbol=${symbol}&limit=300&fromId=${known}`);
      for (const interval of INTERVALS) {
        const limit = interval === '1m' ? 1_000 : 400;
        await assertSame(
          a,
          b,
          `/api/v3/klines?symbol=${symbol}&interval=${interval}&limit=${limit}&endTime=${statusOf(b).marketMs}`,
        );
      }
      await assertSame(a, b, `/api/v3/ticker/price?symbol=${symbol}`);
    }
  }
  const statistics = async (of: RunningSimulator): Promise<unknown> => {
    const body = (await get(of.rest, '/api/v3/ticker/24hr?symbol=BTCUSDT')) as object;
    // What the first of a day's trades was called is not known here.
    return { ...body, closeTime: 0, firstId: 0 };
  };
  assert.deepEqual(await statistics(b), await statistics(a));
  assert.equal(statusOf(b).source.gaps, 0);
});

test('[X201] the streams tell what the followed streams told', async (context) => {
  const { exchange, b } = await pair(context);
  const client = await StreamClient.open(
    `${b.streams}/stream?streams=btcusdt@aggTrade/btcusdt@trade/btcusdt@bookTicker/btcusdt@kline_1m`,
  );
  context.after(() => client.close());
  exchange.quote('100.10', '3.00000', '100.20', '4.00000');
  const told = exchange.print('100.15', '0.25', { f: 6, l: 9, m: true });
  const of = (stream: string) => (message: Record<string, unknown>) =>
    message['stream'] === `btcusdt@${stream}`;
  const data = (message: Record<string, unknown>) => message['data'] as Record<string, unknown>;
  const aggregate = data(await client.find(of('aggTrade')));
  assert.deepEqual(
    {
      a: aggregate['a'],
      p: aggregate['p'],
      q: aggregate['q'],
      f: aggregate['f'],
      l: aggregate['l'],
    },
    { a: told.a, p: '100.15000000', q: '0.25000000', f: 6, l: 9 },
  );
  assert.deepEqual([aggregate['T'], aggregate['m']], [told.T, true]);
  const trade = data(await client.find(of('trade')));
  assert.deepEqual([trade['t'], trade['p'], trade['m']], [9, '100.15000000', true]);
  const quote = data(
    await client.find(
      (message) => of('bookTicker')(message) && data(message)['b'] === '100.10000000',
    ),
  );
  assert.deepEqual(
    [quote['B'], quote['a'], quote['A']],
    ['3.00000000', '100.20000000', '4.00000000'],
  );
});

test('[X202] candles from before those that are held are asked of the followed exchange', async (context) => {
  const a = await stepped(context, { startMs: START_MS, history: 9_000 });
  const b = await follow(a, { history: 100 });
  context.after(() => b.stop());
  await live(b);
  await a.step({ points: 200 });
  const head = (await get(a.rest, '/api/v3/aggTrades?symbol=BTCUSDT&limit=1')) as { a: number }[];
  await until(() => newestTrade(b) === head[0]?.a);
  const base = '/api/v3/klines?symbol=BTCUSDT&interval=1m';
  for (const query of [
    '&limit=1000',
    `&limit=50&endTime=${START_MS - 3_600_000 * 20}`,
    `&limit=500&startTime=${START_MS - 3_600_000 * 5}`,
    `&limit=10&startTime=${START_MS - 3_600_000 * 5}`,
    `&startTime=${START_MS - 3_600_000 * 5}&endTime=${START_MS - 3_600_000 * 4}`,
    `&limit=300&endTime=${START_MS - 1}`,
    '&limit=1000&timeZone=5:45',
  ]) {
    await assertSame(a, b, base + query);
  }
  await assertSame(a, b, '/api/v3/klines?symbol=BTCUSDT&interval=1d&limit=400&timeZone=-3');
  await a.stop();
  const response = await fetch(`${b.rest}${base}&limit=1000`);
  assert.equal(response.status, 504);
  assert.deepEqual(await response.json(), {
    code: -1007,
    msg: 'Timeout waiting for response from backend server.',
  });
  assert.equal((await fetch(`${b.rest}${base}&limit=50`)).status, 200);
});

test('[X203] a resting order is filled when a followed trade passes its price, not when it touches it', async (context) => {
  const { exchange, b, client } = await pair(context);
  exchange.quote('99.00', '1', '101.00', '1');
  const buy = await limit(client, 'BUY', '99.50');
  const sell = await limit(client, 'SELL', '100.50', '2');
  exchange.print('99.50');
  const touch = exchange.print('100.50');
  await until(() => newestTrade(b) === touch.a);
  assert.equal((await order(client, buy['orderId']))['status'], 'NEW');
  assert.equal((await order(client, sell['orderId']))['status'], 'NEW');
  const below = exchange.print('99.49', '0.00001');
  await until(() => newestTrade(b) === below.a);
  assert.equal((await order(client, buy['orderId']))['status'], 'FILLED');
  assert.equal((await order(client, sell['orderId']))['status'], 'NEW');
  const [fill] = await filled(client, buy['orderId']);
  assert.deepEqual(
    [fill?.['price'], fill?.['qty'], fill?.['isMaker'], fill?.['time']],
    ['99.50000000', '1.00000000', true, below.T],
  );
  exchange.print('100.51', '0.00001');
  await until(() => b.exchange.accounts()[0]?.openOrders.size === 0);
  assert.equal((await filled(client, sell['orderId']))[0]?.['price'], '100.50000000');
});

test('[X203] a resting order is filled when the followed best price comes to it', async (context) => {
  const { exchange, b, client } = await pair(context);
  exchange.quote('99.00', '1', '101.00', '1');
  const high = await limit(client, 'BUY', '99.60');
  const low = await limit(client, 'BUY', '99.50');
  const far = await limit(client, 'BUY', '99.40');
  const sell = await limit(client, 'SELL', '100.50');
  exchange.quote('99.00', '1', '99.50', '1');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '99.50000000');
  for (const [id, status] of [
    [high['orderId'], 'FILLED'],
    [low['orderId'], 'FILLED'],
    [far['orderId'], 'NEW'],
    [sell['orderId'], 'NEW'],
  ]) {
    assert.equal((await order(client, id))['status'], status);
  }
  assert.equal((await filled(client, high['orderId']))[0]?.['price'], '99.60000000');
  exchange.quote('100.50', '1', '100.60', '1');
  await until(() => b.exchange.bookTicker('BTCUSDT').bidPrice === '100.50000000');
  assert.equal((await order(client, sell['orderId']))['status'], 'FILLED');
});

test('[X203] stops act on followed trades', async (context) => {
  const { exchange, b, client } = await pair(context);
  exchange.quote('99.90', '1', '100.10', '1');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '100.10000000');
  const { body } = await client.call('POST', '/api/v3/order', {
    symbol: 'BTCUSDT',
    side: 'SELL',
    type: 'STOP_LOSS',
    quantity: '1',
    stopPrice: '99.00',
  });
  exchange.quote('98.90', '1', '99.10', '1');
  exchange.print('99.01');
  exchange.print('99.00');
  await until(() => b.exchange.accounts()[0]?.openOrders.size === 0);
  assert.equal((await filled(client, body['orderId']))[0]?.['price'], '98.90000000');
});

test('[X204] takers get the followed best prices, and nothing where there are none', async (context) => {
  const { exchange, b, client } = await pair(context);
  exchange.quote('99.90', '0.5', '100.10', '0.5');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '100.10000000');
  const bought = await limit(client, 'BUY', '105.00', '7', 'IOC');
  assert.equal(bought['status'], 'FILLED');
  assert.deepEqual(
    (await filled(client, bought['orderId'])).map(({ price, qty }) => [price, qty]),
    [['100.10000000', '7.00000000']],
  );
  const sold = await limit(client, 'SELL', '95.00', '3', 'IOC');
  assert.equal((await filled(client, sold['orderId']))[0]?.['price'], '99.90000000');
  // The book shows what is quoted there, not what would be given.
  assert.deepEqual(b.exchange.bookTicker('BTCUSDT'), {
    symbol: 'BTCUSDT',
    bidPrice: '99.90000000',
    bidQty: '0.50000000',
    askPrice: '100.10000000',
    askQty: '0.50000000',
  });
  exchange.quote('99.90', '0.5', '0.00', '0.00');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '0.00000000');
  assert.equal((await limit(client, 'BUY', '105.00', '1', 'IOC'))['status'], 'EXPIRED');
});

test('[X204] a trade through a best price takes it along until the exchange says where it stands', async (context) => {
  const { exchange, b } = await pair(context);
  exchange.quote('99.90', '1', '100.10', '1');
  exchange.print('99.50');
  await until(() => b.exchange.bookTicker('BTCUSDT').bidPrice === '99.50000000');
  assert.equal(b.exchange.bookTicker('BTCUSDT').askPrice, '100.10000000');
  exchange.print('100.70');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '100.70000000');
});

test('[X205] by volume, a resting order gets no more than was traded beyond it', async (context) => {
  const { exchange, b, client } = await pair(context, { fillsByVolume: true });
  exchange.quote('99.00', '1', '101.00', '1');
  const first = await limit(client, 'BUY', '99.50', '1');
  const second = await limit(client, 'BUY', '99.50', '1');
  exchange.print('99.40', '0.3');
  const last = exchange.print('99.49', '0.9');
  await until(() => newestTrade(b) === last.a);
  assert.deepEqual(
    (await filled(client, first['orderId'])).map(({ price, qty }) => [price, qty]),
    [
      ['99.50000000', '0.30000000'],
      ['99.50000000', '0.70000000'],
    ],
  );
  assert.equal((await order(client, second['orderId']))['executedQty'], '0.20000000');
});

test('[X205] by volume, what is quoted is given once', async (context) => {
  const { exchange, b, client } = await pair(context, { fillsByVolume: true });
  const executed = async (id: unknown): Promise<unknown> =>
    (await order(client, id))['executedQty'];
  exchange.quote('99.00', '1', '101.00', '2');
  await until(() => b.exchange.bookTicker('BTCUSDT').askQty === '2.00000000');
  const taker = await limit(client, 'BUY', '101.00', '3', 'IOC');
  assert.equal(taker['executedQty'], '2.00000000');
  assert.equal(b.exchange.bookTicker('BTCUSDT').askPrice, '0.00000000');
  // The same offer told again gives nothing more; what is added to it does.
  exchange.quote('99.01', '1', '101.00', '2');
  exchange.quote('99.01', '1', '101.00', '2.5');
  await until(() => b.exchange.bookTicker('BTCUSDT').askQty === '0.50000000');
  const resting = await limit(client, 'BUY', '100.50', '4');
  exchange.quote('99.01', '1', '100.50', '1.5');
  exchange.quote('99.02', '1', '100.50', '1.5');
  exchange.quote('99.03', '1', '100.50', '1.7');
  await until(() => b.exchange.bookTicker('BTCUSDT').bidPrice === '100.50000000');
  await until(() => b.exchange.bookTicker('BTCUSDT').bidQty === '2.30000000');
  assert.equal(await executed(resting['orderId']), '1.70000000');
  assert.equal(b.exchange.bookTicker('BTCUSDT').askPrice, '0.00000000');
});

test('[X206] what users trade is no part of the followed market', async (context) => {
  const { exchange, b, client } = await pair(context);
  const stream = await StreamClient.open(`${b.streams}/ws/btcusdt@trade`);
  context.after(() => stream.close());
  exchange.quote('99.90', '1', '100.10', '1');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '100.10000000');
  const paths = [
    '/api/v3/klines?symbol=BTCUSDT&interval=1m',
    '/api/v3/aggTrades?symbol=BTCUSDT',
    '/api/v3/trades?symbol=BTCUSDT',
    '/api/v3/ticker/price?symbol=BTCUSDT',
  ];
  const before = await Promise.all(paths.map((path) => get(b.rest, path)));
  const bought = await limit(client, 'BUY', '101.00', '5', 'IOC');
  assert.equal(bought['status'], 'FILLED');
  assert.deepEqual(await Promise.all(paths.map((path) => get(b.rest, path))), before);
  const next = exchange.print('100.00');
  const heard = await stream.find((message) => message['e'] === 'trade');
  assert.equal(heard['t'], next.l);
});

test('[X207] while the exchange cannot be seen the market is stale and nothing fills', async (context) => {
  const { exchange, b, client } = await pair(context);
  exchange.quote('99.90', '1', '100.10', '1');
  await until(() => b.exchange.bookTicker('BTCUSDT').askPrice === '100.10000000');
  const resting = await limit(client, 'BUY', '99.00');
  exchange.isShut = true;
  exchange.cut();
  await until(() => statusOf(b).state === 'stale');
  assert.match(
    statusOf(b).source.reason,
    /^ws:\/\/127\.0\.0\.1:\d+ (was closed|cannot be reached)/,
  );
  assert.deepEqual(b.exchange.bookTicker('BTCUSDT'), {
    symbol: 'BTCUSDT',
    bidPrice: '99.00000000',
    bidQty: '1.00000000',
    askPrice: '0.00000000',
    askQty: '0.00000000',
  });
  const marketMs = statusOf(b).marketMs;
  assert.equal((await limit(client, 'BUY', '105.00', '1', 'IOC'))['status'], 'EXPIRED');
  exchange.trade('98.00');
  assert.equal((await order(client, resting['orderId']))['status'], 'NEW');
  assert.equal(statusOf(b).marketMs, marketMs);
  exchange.isShut = false;
  await live(b);
  assert.equal((await order(client, resting['orderId']))['status'], 'FILLED');
  assert.equal(b.exchange.bookTicker('BTCUSDT').bidPrice, '99.90000000');
});

test('[X207] an exchange that falls silent or dies leaves the market stale', async (context) => {
  const { exchange, b } = await pair(context, { rules: { silenceMsMax: 100 } });
  exchange.isMute = true;
  await until(() => /was silent for 0\.1 s/.test(statusOf(b).source.reason));
  assert.equal(statusOf(b).state, 'stale');
  exchange.isMute = false;
  await live(b);
  await exchange.close();
  await until(() => statusOf(b).state === 'stale');
  await until(() => /cannot be reached: ECONNREFUSED/.test(statusOf(b).source.reason));
});

test('[X208] trades that a lost connection did not bring are read again in their order', async (context) => {
  const { exchange, b, client } = await pair(context);
  const buy = await limit(client, 'BUY', '99.50');
  const sell = await limit(client, 'SELL', '100.20');
  exchange.isShut = true;
  exchange.cut();
  await until(() => statusOf(b).state === 'stale');
  const missed = [
    exchange.trade('99.80', '0.1'),
    exchange.trade('99.40', '0.2', { f: 7, l: 9 }),
    exchange.trade('100.30', '0.3'),
  ];
  for (let index = 0; index < 2_500; index += 1) exchange.trade('100.00', '0.001');
  exchange.isShut = false;
  await live(b);
  await until(() => newestTrade(b) === exchange.trades.at(-1)?.a);
  const [bought] = await filled(client, buy['orderId']);
  const [sold] = await filled(client, sell['orderId']);
  assert.equal(bought?.['price'], '99.50000000');
  assert.ok(Number(bought?.['time']) >= (missed[1]?.T ?? 0));
  assert.equal(sold?.['price'], '100.20000000');
  await sameTrades(exchange, b);
  for (const interval of ['1m', '5m', '1d']) await sameKlines(exchange, b, interval);
  assert.equal(statusOf(b).source.candlesWalked, 0);
});

/** Every trade from the first that is known here on, in which the texts of the test's exchange have fewer decimals. */
async function sameTrades(exchange: FollowedExchange, b: RunningSimulator): Promise<void> {
  const own = (await get(b.rest, '/api/v3/aggTrades?symbol=BTCUSDT&limit=1000')) as FollowedTrade[];
  const from = own[0]?.a ?? 0;
  assert.ok(own.length > 0);
  assert.deepEqual(
    own.map(({ a, p, q, f, l, T, m }) => [a, Number(p), Number(q), f, l, T, m]),
    exchange.trades
      .filter(({ a }) => a >= from)
      .map(({ a, p, q, f, l, T, m }) => [a, Number(p), Number(q), f, l, T, m]),
  );
}

/** Klines, in which the texts of the test's exchange have fewer decimals. */
async function sameKlines(
  exchange: FollowedExchange,
  b: RunningSimulator,
  interval: string,
): Promise<void> {
  // The next minute may begin here a moment later.
  const { marketMs } = statusOf(b);
  const path = `/api/v3/klines?symbol=BTCUSDT&interval=${interval}&limit=50&endTime=${marketMs}`;
  const plain = (rows: unknown): unknown =>
    (rows as unknown[][]).map((row) => row.map((cell) => Number(Number(cell).toFixed(5))));
  const [own, theirs] = await Promise.all([get(b.rest, path), get(exchange.rest, path)]);
  assert.deepEqual(plain(own), plain(theirs), interval);
}

test('[X208] trades that the stream itself leaves out are read again before later ones count', async (context) => {
  const { exchange, b } = await pair(context);
  exchange.print('100.10');
  exchange.trade('100.20');
  exchange.trade('100.30');
  exchange.print('100.40');
  const last = exchange.print('100.50');
  await until(
    () => newestTrade(b) === last.a,
    () => b.status(),
  );
  await live(b);
  assert.equal(statusOf(b).source.gaps, 1);
  await sameTrades(exchange, b);
  // What comes twice counts once.
  exchange.say(last);
  const next = exchange.print('100.60');
  await until(() => newestTrade(b) === next.a);
  await sameTrades(exchange, b);
  await sameKlines(exchange, b, '1m');
});

test('[X209] a gap too long for its trades is walked by its candles, which are then read anew', async (context) => {
  const exchange = await exchangeFor(context);
  const minute = minuteOf(exchange.now());
  exchange.trade('100.00', '0.5', { T: minute - 600_000 });
  exchange.skewMs = -540_000;
  const b = await follow(exchange);
  context.after(() => b.stop());
  await live(b);
  const client = SignedClient.of(b);
  const buy = await limit(client, 'BUY', '99.50');
  const untouched = await limit(client, 'BUY', '98.00');
  const sell = await limit(client, 'SELL', '101.00');
  exchange.isShut = true;
  exchange.cut();
  await until(() => statusOf(b).state === 'stale');
  exchange.skewMs = 0;
  exchange.trade('99.00', '1', { T: minute - 300_000 });
  exchange.trade('102.00', '1', { T: minute - 290_000 });
  for (let index = 0; index < 20_100; index += 1) {
    exchange.trade('100.00', '0.001', { T: minute - 200_000 });
  }
  exchange.trade('100.01', '1');
  exchange.isShut = false;
  await live(b);
  assert.ok(statusOf(b).source.candlesWalked > 0);
  assert.equal((await filled(client, buy['orderId']))[0]?.['price'], '99.50000000');
  assert.equal((await filled(client, sell['orderId']))[0]?.['price'], '101.00000000');
  assert.equal((await order(client, untouched['orderId']))['status'], 'NEW');
  for (const interval of ['1m', '5m', '1h']) await sameKlines(exchange, b, interval);
});

test('[X209] an exchange that counts its trades anew is taken as a gap', async (context) => {
  const { exchange, b, client } = await pair(context);
  for (let index = 0; index < 50; index += 1) exchange.print('100.00');
  await until(() => newestTrade(b) === exchange.trades.at(-1)?.a);
  const buy = await limit(client, 'BUY', '99.00');
  exchange.isShut = true;
  exchange.cut();
  await until(() => statusOf(b).state === 'stale');
  exchange.trades.length = 0;
  exchange.trade('101.00');
  exchange.isShut = false;
  await live(b);
  const below = exchange.print('98.00');
  await until(() => newestTrade(b) === below.a);
  assert.equal((await order(client, buy['orderId']))['status'], 'FILLED');
});

test('[X201] candles from before the exchange changed its steps are rounded to the present ones', async (context) => {
  const exchange = await exchangeFor(context);
  exchange.listing = {
    ...LISTING,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: '0.1', maxPrice: '1000000', tickSize: '0.10' },
      { filterType: 'LOT_SIZE', minQty: '0.01', maxQty: '9000', stepSize: '0.01' },
    ],
  };
  exchange.quotes = ['100.00', '1', '100.10', '1'];
  const minute = minuteOf(exchange.now()) - 180_000;
  exchange.trade('100.04', '0.129', { T: minute });
  exchange.trade('100.06', '0.001', { T: minute + 1 });
  const b = await follow(exchange);
  context.after(() => b.stop());
  await live(b);
  const path = `/api/v3/klines?symbol=BTCUSDT&interval=1m&startTime=${minute}&limit=1`;
  const [row] = (await get(b.rest, path)) as unknown[][];
  assert.deepEqual(row?.slice(0, 6), [
    minute,
    '100.00000000',
    '100.10000000',
    '100.00000000',
    '100.10000000',
    '0.13000000',
  ]);
});

test('[X211] a connection is replaced before its end, and when the exchange says farewell, without a moment unheard', async (context) => {
  const { exchange, b } = await pair(context, { rules: { lifetimeMs: 300 } });
  const first = exchange.clients[0];
  await until(() => exchange.connections.length >= 2 && !exchange.clients.includes(first as never));
  exchange.print('100.10');
  exchange.sayText(JSON.stringify({ e: 'serverShutdown', E: exchange.now() }));
  const before = exchange.connections.length;
  await until(() => exchange.connections.length > before);
  const last = exchange.print('100.20');
  await until(() => newestTrade(b) === last.a);
  const { source, state } = statusOf(b);
  assert.deepEqual([source.downs, source.gaps, state], [0, 0, 'running']);
});

test('[X211] a successor that cannot connect leaves the connection that is there', async (context) => {
  const { exchange, b } = await pair(context);
  exchange.isShut = true;
  exchange.sayText(
    JSON.stringify({ stream: '', data: { e: 'serverShutdown', E: exchange.now() } }),
  );
  await until(() => exchange.connections.length >= 2);
  const last = exchange.print('100.20');
  await until(() => newestTrade(b) === last.a);
  assert.equal(statusOf(b).state, 'running');
  exchange.isShut = false;
});

const GARBAGE: readonly (readonly [what: string, text: string])[] = [
  ['no JSON', 'hello'],
  ['a price off the tick', frame('aggTrade', { ...plainTrade(), p: '100.001' })],
  ['a price of zero', frame('aggTrade', { ...plainTrade(), p: '0.00' })],
  ['a negative quantity', frame('aggTrade', { ...plainTrade(), q: '-1' })],
  ['a number for a text', frame('aggTrade', { ...plainTrade(), p: 100 })],
  ['a trade without an ID', frame('aggTrade', { ...plainTrade(), a: null })],
  ['IDs the wrong way round', frame('aggTrade', { ...plainTrade(), f: 9, l: 8 })],
  ['a side that is none', frame('aggTrade', { ...plainTrade(), m: 'no' })],
  ['a time that is none', frame('aggTrade', { ...plainTrade(), T: 1.5 })],
  ['a time in the future', frame('aggTrade', { ...plainTrade(), T: 4_000_000_000_000 })],
  ['a crossed book', frame('bookTicker', { u: 99, b: '101.00', B: '1', a: '100.00', A: '1' })],
  [
    'a quantity off the lot',
    frame('bookTicker', { u: 99, b: '99', B: '1.000001', a: '101', A: '1' }),
  ],
  ['a frame of a megabyte', JSON.stringify({ data: 'x'.repeat(1_000_000) })],
];

function plainTrade(): FollowedTrade {
  return { a: 6, p: '100.00', q: '1', f: 6, l: 6, T: 1_700_000_000_000, m: true };
}

function frame(topic: string, data: object): string {
  return JSON.stringify({ stream: `btcusdt@${topic}`, data });
}

for (const [what, text] of GARBAGE) {
  test(`[X212] ${what} ends the connection, not the market`, async (context) => {
    const { exchange, b } = await pair(context);
    exchange.sayText(text);
    await until(
      () => statusOf(b).source.downs === 1,
      () => b.status(),
    );
    await live(b);
    const last = exchange.print('100.20');
    await until(() => newestTrade(b) === last.a);
    await sameTrades(exchange, b);
  });
}

test('[X212] reconnects come at growing pauses', async (context) => {
  const { exchange, b } = await pair(context, {
    rules: { reconnectMsMin: 20, reconnectMsMax: 80 },
  });
  exchange.isShut = true;
  exchange.connections.length = 0;
  exchange.cut();
  await until(() => exchange.connections.length >= 6);
  const pauses = exchange.connections
    .slice(1)
    .map((at, index) => at - (exchange.connections[index] ?? 0));
  assert.ok((pauses[0] ?? 0) >= 35, String(pauses));
  for (const pause of pauses.slice(2)) assert.ok(pause >= 75, String(pauses));
  assert.equal(statusOf(b).state, 'stale');
});

test('[X212] a storm of short connections is slowed down all the same', async (context) => {
  const { exchange } = await pair(context, { rules: { reconnectMsMin: 20, reconnectMsMax: 80 } });
  exchange.connections.length = 0;
  const storm = setInterval(() => exchange.cut(), 2);
  context.after(() => clearInterval(storm));
  await until(() => exchange.connections.length >= 6);
  clearInterval(storm);
  const pauses = exchange.connections
    .slice(1)
    .map((at, index) => at - (exchange.connections[index] ?? 0));
  for (const pause of pauses.slice(2)) assert.ok(pause >= 75, String(pauses));
});

test('[X212] answers of REST that are too large, no JSON or not the question’s are read again later', async (context) => {
  const { exchange, b } = await pair(context);
  const bodies: unknown[] = ['x'.repeat(9_000_000), '<html>', '{}', [{ a: 'no' }]];
  exchange.intercept = (path) => {
    const body = path.endsWith('aggTrades') ? bodies.shift() : undefined;
    return body === undefined ? undefined : { status: 200, body };
  };
  exchange.trade('100.20');
  exchange.cut();
  await until(() => bodies.length === 0);
  await live(b);
  await sameTrades(exchange, b);
});

test('[X212] an exchange that asks to wait is left alone for so long', async (context) => {
  const { exchange, b } = await pair(context);
  let refusedAt = 0;
  let askedAt = 0;
  exchange.intercept = (path) => {
    if (refusedAt === 0) {
      refusedAt = performance.now();
      return {
        status: 429,
        body: { code: -1003, msg: 'Too much.' },
        headers: { 'retry-after': '2' },
      };
    }
    askedAt ||= performance.now();
    assert.ok(path !== '');
    return undefined;
  };
  exchange.cut();
  await until(() => refusedAt > 0);
  await until(() => /asks to wait 2 s \(HTTP 429 "Too much\."\)/.test(statusOf(b).source.reason));
  await live(b);
  assert.ok(askedAt - refusedAt >= 1_900, String(askedAt - refusedAt));
});

test('[X213] market time is the exchange’s clock, whatever this computer’s shows', async (context) => {
  const exchange = await exchangeFor(context);
  exchange.skewMs = 3_600_000;
  exchange.trade('100.00', '1', { T: minuteOf(exchange.now()) - 60_000 });
  const b = await follow(exchange);
  context.after(() => b.stop());
  await live(b);
  assert.ok(Math.abs(statusOf(b).source.offsetMs - 3_600_000) < 5_000);
  const from = statusOf(b).marketMs;
  await until(() => statusOf(b).marketMs > from + 300);
  const behindMs = exchange.now() - statusOf(b).marketMs;
  assert.ok(behindMs > 0 && behindMs < 30_000, String(behindMs));
});

test('[X213] a candle is told as closed once no trade of it can come any more', async (context) => {
  const { exchange, b } = await pair(context);
  const client = await StreamClient.open(`${b.streams}/ws/btcusdt@kline_1m`);
  context.after(() => client.close());
  // The exchange's clock passes a minute; a trade of the minute before arrives late.
  const first = exchange.print('100.10');
  await until(() => newestTrade(b) === first.a);
  const minute = minuteOf(first.T) + 60_000;
  const late = exchange.print('100.20', '0.1', { T: minute - 1 });
  const next = exchange.print('100.30', '0.1', { T: minute + 1 });
  const closed = await client.find(
    (message) => (message['k'] as { x: boolean } | undefined)?.x === true,
  );
  const candle = closed['k'] as { t: number; c: string; L: number };
  assert.deepEqual([candle.t, candle.c, candle.L], [minute - 60_000, '100.20000000', late.l]);
  await until(() => newestTrade(b) === next.a);
});

test('[X213] a replay is followed in its own time', async (context) => {
  const a = await stepped(context, {
    market: minuteMarket(
      Array.from({ length: 40 }, (_, i) => `${100 + i} ${101 + i} ${99 + i} ${100 + i} 4`).join(
        '\n',
      ),
    ),
    history: 10,
  });
  await a.step({ points: 8 });
  const b = await follow(a);
  context.after(() => b.stop());
  await live(b);
  assert.equal(statusOf(b).source.isOwnTime, true);
  const client = SignedClient.of(b);
  const stream = await StreamClient.open(`${b.streams}/ws/btcusdt@kline_1m`);
  context.after(() => stream.close());
  const price = Number(b.exchange.bookTicker('BTCUSDT').bidPrice);
  const sell = await limit(client, 'SELL', (price + 3.5).toFixed(2));
  await a.step({ points: 40 });
  await until(() => b.exchange.accounts()[0]?.openOrders.size === 0);
  assert.equal((await order(client, sell['orderId']))['status'], 'FILLED');
  // Best prices come with the trade that tells their time: 115 is the high of the fifteenth candle.
  const [fill] = await filled(client, sell['orderId']);
  assert.equal(fill?.['time'], START_MS + 14 * 60_000 + 40_000);
  assert.ok(statusOf(b).marketMs < START_MS + 3_600_000);
  await assertSame(a, b, '/api/v3/klines?symbol=BTCUSDT&interval=1m');
  const closed = await stream.find((message) => (message['k'] as { x: boolean }).x);
  assert.ok((closed['k'] as { t: number }).t < START_MS + 3_600_000);
});

test('[X214] a market that was stopped fills what its orders missed when it starts again', async (context) => {
  const statePath = join(folder, 'restart.json');
  const exchange = await exchangeFor(context);
  exchange.trade('100.00', '0.5', { T: minuteOf(exchange.now()) - 60_000 });
  const first = await follow(exchange, { statePath });
  await live(first);
  const client = SignedClient.of(first);
  const buy = await limit(client, 'BUY', '99.50');
  const open = await limit(client, 'BUY', '99.00');
  await first.stop();
  exchange.trade('99.30');
  exchange.trade('100.20');
  const second = await follow(exchange, { statePath });
  context.after(() => second.stop());
  await live(second);
  const again = SignedClient.of(second);
  assert.equal((await filled(again, buy['orderId']))[0]?.['price'], '99.50000000');
  assert.equal((await order(again, open['orderId']))['status'], 'NEW');
  await sameKlines(exchange, second, '1m');
  const last = exchange.print('98.90');
  await until(() => newestTrade(second) === last.a);
  assert.equal((await order(again, open['orderId']))['status'], 'FILLED');
});

test('[X214] the state of another market, venue or step of price is refused', async (context) => {
  const statePath = join(folder, 'other.json');
  const exchange = await exchangeFor(context);
  exchange.trade('100.00');
  const first = await follow(exchange, { statePath });
  await live(first);
  await first.stop();
  await assert.rejects(startSimulator({ statePath }), /expected the state of a synthetic market/);
  const addresses = { rest: exchange.rest, streams: exchange.streams };
  await assert.rejects(
    startSimulator({
      statePath,
      market: { kind: 'follow', venue: 'other', addresses, symbols: ['BTCUSDT'] },
    }),
    /expected the state of a market that follows other, found one of test/,
  );
  exchange.listing = {
    ...LISTING,
    filters: [
      { filterType: 'PRICE_FILTER', minPrice: '0.1', maxPrice: '1000000', tickSize: '0.10' },
      { filterType: 'LOT_SIZE', minQty: '0.00001', maxQty: '9000', stepSize: '0.00001' },
    ],
  };
  await assert.rejects(
    follow(exchange, { statePath }),
    /expected the steps of BTCUSDT to be 0\.01 and 0\.00001, .* test changed them to 0\.1 and 0\.00001/,
  );
});

test('[X215] an exchange that cannot be reached is named with the cause and tried again until it answers', async (context) => {
  const exchange = await exchangeFor(context);
  exchange.trade('100.00');
  const { rest, streams } = exchange;
  const port = Number(new URL(rest).port);
  await exchange.close();
  const said: string[] = [];
  const pauses: number[] = [];
  const starting = follow(
    { rest, streams },
    {
      onWaiting: (reason, pauseMs) => {
        said.push(reason);
        pauses.push(pauseMs);
      },
    },
  );
  await until(() => said.length === 2);
  const back = new FollowedExchange();
  back.trade('100.00');
  await back.open(port);
  context.after(() => back.close());
  const b = await starting;
  context.after(() => b.stop());
  await live(b);
  assert.match(said[0] ?? '', new RegExp(`^${rest} cannot be reached: ECONNREFUSED`));
  assert.deepEqual(pauses.slice(0, 2), [1_000, 2_000]);
});

test('[X215] a start that waits can be given up', async () => {
  const stop = new AbortController();
  const starting = follow(
    { rest: 'http://127.0.0.1:1', streams: 'ws://127.0.0.1:1' },
    { stop: stop.signal, onWaiting: () => stop.abort() },
  );
  await assert.rejects(starting, /the market was stopped/);
});

test('[X215] a place that is not served, an exchange out of order and a page instead of an answer are said so', async (context) => {
  const exchange = await exchangeFor(context);
  for (const [answer, expected] of [
    [
      { status: 451, body: { code: 0, msg: 'Service unavailable from a restricted location' } },
      /does not serve this place \(HTTP 451 "Service/,
    ],
    [{ status: 503, body: '<html>' }, /is out of order \(HTTP 503\)/],
    [{ status: 200, body: '<html>login</html>' }, /expected JSON, found "<html>login/],
  ] as const) {
    exchange.intercept = () => answer;
    const stop = new AbortController();
    let said = '';
    const starting = follow(exchange, {
      stop: stop.signal,
      onWaiting: (reason) => {
        said = reason;
        stop.abort();
      },
    });
    await assert.rejects(starting, /the market was stopped/);
    assert.match(said, expected);
  }
});

test('[X216] a followed market is not stepped, paused, resumed or given a speed', async (context) => {
  const { b } = await pair(context);
  for (const [path, body] of [
    ['step', { points: 1 }],
    ['pause', {}],
    ['resume', {}],
    ['speed', { speed: 2 }],
  ] as const) {
    const response = await fetch(`${b.control}/control/market/${path}`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    assert.equal(response.status, 409, path);
    const { error } = (await response.json()) as { error: string };
    assert.match(error, /followed market (moves with|has the pace of) the exchange it follows/);
  }
  assert.equal(statusOf(b).state, 'running');
});

test('[X218] the arguments of a followed market mean what the help says', () => {
  const parse = (...args: string[]): ReturnType<typeof parseSimulatorArguments> =>
    parseSimulatorArguments(args);
  const options = (...args: string[]): SimulatorOptions => {
    const parsed = parse(...args);
    assert.ok(parsed.ok && parsed.kind === 'run', parsed.ok ? '' : parsed.reason);
    return parsed.options;
  };
  const addresses = { rest: 'https://api.binance.com', streams: 'wss://stream.binance.com:9443' };
  assert.deepEqual(options('--market', 'follow:binance').market, {
    kind: 'follow',
    venue: 'binance',
    addresses,
  });
  const full = options(
    '--market=follow:elsewhere',
    '--symbol=BTC/USDT',
    '--symbol=ETHUSDT',
    '--follow-rest=http://127.0.0.1:1',
    '--follow-streams=ws://127.0.0.1:1',
    '--fill-by-volume',
    '--history=50',
  );
  assert.deepEqual(full.market, {
    kind: 'follow',
    venue: 'elsewhere',
    addresses: { rest: 'http://127.0.0.1:1', streams: 'ws://127.0.0.1:1' },
    symbols: ['BTCUSDT', 'ETHUSDT'],
  });
  assert.deepEqual([full.fillsByVolume, full.history], [true, 50]);
  const refusals: readonly (readonly [readonly string[], RegExp])[] = [
    [['--market', 'follow:'], /must name a venue like binance/],
    [['--market', 'follow:nowhere'], /follow:nowhere needs --follow-rest; known by name: binance/],
    [['--market', 'follow:constructor'], /needs --follow-rest/],
    [
      ['--market', 'follow:binance', '--follow-rest', 'ftp://x'],
      /--follow-rest must be an address/,
    ],
    [['--market', 'follow:binance', '--follow-streams', 'http://x'], /--follow-streams must be an/],
    [['--market', 'follow:binance', '--market', 'a.csv'], /a followed market stands alone/],
    [['--market', 'a.csv', '--market', 'follow:binance'], /a followed market stands alone/],
    [['--market', 'follow:binance', '--market', 'follow:binance'], /was given twice/],
    [['--market', 'follow:binance', '--speed', '2'], /--speed does not go with a followed market/],
    [['--market', 'follow:binance', '--start', '2025-01-01'], /--start does not go with/],
    [['--fill-by-volume'], /--fill-by-volume needs --market follow:VENUE/],
    [['--follow-rest', 'http://x'], /--follow-rest needs --market follow:VENUE/],
  ];
  for (const [args, expected] of refusals) {
    const parsed = parse(...args);
    assert.ok(!parsed.ok, args.join(' '));
    assert.match(parsed.reason, expected);
  }
});

const RECORDING = join(import.meta.dirname, '../../../shared/data/ticks/binance-spot-ws');
const FILES = ['btcusdt_20240808.txt.gz', 'btcusdt_20240809.txt.gz'].map((name) =>
  join(RECORDING, name),
);

test(
  '[X217] a recorded stream of Binance is followed to its last trade and best price',
  { skip: FILES.every((file) => existsSync(file)) ? false : 'the recording is not here' },
  async (context) => {
    const exchange = await exchangeFor(context);
    const messages = await readRecording();
    const first = messages.find(({ trade }) => trade !== undefined)?.trade;
    assert.ok(first !== undefined);
    exchange.trade(first.p, '0.001', {
      a: first.a - 1,
      f: first.f - 1,
      l: first.f - 1,
      T: first.T - 90_000,
    });
    const top = messages.find(({ quote }) => quote !== undefined)?.quote;
    assert.ok(top !== undefined);
    exchange.quotes = [top.b, '1', top.a, '1'];
    // Its clock stands in the days of the recording.
    exchange.skewMs = first.T - Date.now();
    const b = await follow(exchange, { rules: { silenceMsMax: 20_000 } });
    context.after(() => b.stop());
    await live(b);
    const client = SignedClient.of(b);
    let latestMs = first.T;
    let lowest = Number.POSITIVE_INFINITY;
    for (const { trade } of messages)
      if (trade !== undefined) lowest = Math.min(lowest, Number(trade.p));
    const touched = await limit(client, 'BUY', lowest.toFixed(2), '0.1');
    const passed = await limit(client, 'BUY', (lowest + 0.01).toFixed(2), '0.1');
    let told = 0;
    for (const { text, trade } of messages) {
      if (trade !== undefined) {
        exchange.trades.push(trade);
        latestMs = Math.max(latestMs, trade.T);
        exchange.skewMs = latestMs - Date.now();
        exchange.say(trade);
      } else {
        exchange.sayText(text);
      }
      told += 1;
      if (told % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    const last = exchange.trades.at(-1);
    await until(
      () => newestTrade(b) === last?.a,
      () => b.status(),
    );
    const { source } = statusOf(b);
    context.diagnostic(`${messages.length} messages, ${source.trades} aggregate trades`);
    assert.deepEqual([source.gaps, source.downs], [0, 0]);
    assert.equal((await order(client, passed['orderId']))['status'], 'FILLED');
    assert.equal(
      (await filled(client, passed['orderId']))[0]?.['price'],
      `${(lowest + 0.01).toFixed(2)}000000`,
    );
    // The best price may have reached what no trade went through.
    assert.ok(
      ['NEW', 'FILLED'].includes(String((await order(client, touched['orderId']))['status'])),
    );
    const quote = messages.findLast(({ quote: told }) => told !== undefined)?.quote;
    assert.ok(quote !== undefined);
    const best = b.exchange.bookTicker('BTCUSDT');
    assert.deepEqual([best.askPrice, best.askQty], [quote.a, quote.A]);
    await sameKlines(exchange, b, '1m');
    await sameKlines(exchange, b, '5m');
  },
);

interface Recorded {
  readonly text: string;
  readonly trade?: FollowedTrade;
  readonly quote?: { readonly b: string; readonly a: string; readonly A: string };
}

/** The recorded frames of best prices as they came, and the recorded trades joined as the exchange joins them. */
async function readRecording(): Promise<readonly Recorded[]> {
  const recorded: Recorded[] = [];
  let pending: FollowedTrade | undefined;
  const settle = (): void => {
    if (pending !== undefined) recorded.push({ text: '', trade: pending });
    pending = undefined;
  };
  for (const file of FILES) {
    const lines = createInterface({ input: createReadStream(file).pipe(createGunzip()) });
    for await (const line of lines) {
      const text = line.slice(line.indexOf(' ') + 1);
      if (text.includes('@bookTicker')) {
        settle();
        const { data } = JSON.parse(text) as { data: { b: string; a: string; A: string } };
        recorded.push({ text, quote: data });
      } else if (text.includes('"e":"trade"')) {
        const { data } = JSON.parse(text) as {
          data: { t: number; p: string; q: string; T: number; m: boolean };
        };
        if (pending?.p === data.p && pending.T === data.T && pending.m === data.m) {
          const quantity = (Number(pending.q) + Number(data.q)).toFixed(8);
          pending = { ...pending, q: quantity, l: data.t };
        } else {
          settle();
          const { t, p, q, T, m } = data;
          // The exchange's own numbers of joined trades are not in the recording.
          pending = {
            a: 1 + recorded.filter(({ trade }) => trade !== undefined).length,
            p,
            q,
            f: t,
            l: t,
            T,
            m,
          };
        }
      }
    }
  }
  settle();
  return recorded;
}
