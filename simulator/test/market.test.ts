// SPDX-License-Identifier: Apache-2.0
// The market's sources: replayed candles and trades, the made-up market, and their pace.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { SimulationClock } from '../src/clock.ts';
import type { NewOrder } from '../src/exchange/venue-order.ts';
import type { MarketFeed } from '../src/market/feed.ts';
import { parseMarketText } from '../src/market/files.ts';
import { Random } from '../src/market/random.ts';
import { ReplaySource } from '../src/market/replay.ts';
import { defaultPairs } from '../src/market/synthetic.ts';
import { inferInstrument } from '../src/instruments.ts';
import {
  HandClock,
  minuteMarket,
  openMarket,
  save,
  START_MS,
  type OpenMarket,
} from './open-market.ts';

const LIMIT: NewOrder = {
  side: 'BUY',
  kind: 'LIMIT',
  timeInForce: 'GTC',
  priceTicks: 0,
  quantityLots: 0,
  quoteOrderUnits: 0n,
  stopTicks: 0,
  trailingDelta: 0,
  icebergLots: 0,
  selfTradePrevention: 'NONE',
  clientOrderId: undefined,
  strategyId: undefined,
  strategyType: undefined,
};

function logged(open: OpenMarket, kind: string): Record<string, unknown>[] {
  return open.log
    .map((line) => JSON.parse(line) as [string, Record<string, unknown>, Record<string, unknown>])
    .filter(([what]) => what === kind)
    .map(([, first, second]) => (kind === 'user' ? second : first));
}

/** Prices and lots of the trades so far, as `price:lots@time`. */
function prints(open: OpenMarket): string[] {
  return logged(open, 'trade').map(
    ({ priceTicks, lots, marketMs }) =>
      `${String(priceTicks)}:${String(lots)}@${Number(marketMs) - START_MS}`,
  );
}

/** Opens an account with a million of each asset. */
function funded(open: OpenMarket): number {
  const { accountId } = open.exchange.createAccount('tester');
  open.exchange.deposit(accountId, 'USDT', '1000000');
  open.exchange.deposit(accountId, 'BTC', '1000');
  return accountId;
}

function place(open: OpenMarket, accountId: number, order: Partial<NewOrder>): string {
  const account = open.exchange.account(accountId);
  const market = open.exchange.market('BTCUSDT');
  assert.ok(account !== undefined && market !== undefined);
  const placed = open.exchange.place(account, market, { ...LIMIT, ...order }, 'FULL');
  assert.ok(placed.ok, placed.ok ? '' : placed.refusal.message);
  return placed.value.order.status;
}

const TWO_CANDLES = `
  100.00 101.00 99.00 100.50 0.00010
  100.50 100.50 100.50 100.50 0
  100.50 102.00 98.00 101.00 0.00003
`;

test('[X110] a candle is walked as open, low, high, close at its thirds with a quarter of its volume each', async () => {
  const low = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0 });
  await low.step({ points: 4 });
  assert.deepEqual(prints(low), ['10000:2@0', '9900:2@20000', '10100:2@40000', '10050:4@59999']);
  const high = await openMarket({
    market: minuteMarket(TWO_CANDLES),
    history: 0,
    path: 'high-first',
  });
  await high.step({ points: 4 });
  assert.deepEqual(prints(high), ['10000:2@0', '10100:2@20000', '9900:2@40000', '10050:4@59999']);
});

test('[X111] a candle without volume is walked without a trade, one with few lots prints them last', async () => {
  const open = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0 });
  await open.step({ points: 4 });
  open.log.length = 0;
  const quiet = await open.step({ points: 4 });
  assert.deepEqual(quiet, { marketMs: START_MS + 119_999, points: 4, done: false });
  assert.deepEqual(prints(open), []);
  const last = await open.step({ points: 4 });
  assert.equal(last.done, true);
  assert.deepEqual(prints(open), ['10100:3@179999']);
  const [candle] = open.data.klines('BTCUSDT', '1m', { startMs: START_MS + 120_000, limit: 1 });
  assert.deepEqual(candle?.slice(1, 6), [
    '100.50000000',
    '102.00000000',
    '98.00000000',
    '101.00000000',
    '0.00003000',
  ]);
});

test('[X112] the house quotes one tick either side of the price', async () => {
  const open = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0 });
  for (const [bid, ask] of [
    ['99.99000000', '100.01000000'],
    ['98.99000000', '99.01000000'],
    ['100.99000000', '101.01000000'],
  ]) {
    await open.step({ points: 1 });
    const book = open.exchange.bookTicker('BTCUSDT');
    assert.deepEqual([book.bidPrice, book.askPrice], [bid, ask]);
  }
});

test('[X113] a limit order fills only when the price trades through it by a tick, at its own price, as maker', async () => {
  const market = minuteMarket(`
    100.00 100.00 100.00 100.00 1
    100.00 100.00 99.00 100.00 1
    100.00 100.00 98.98 100.00 1
  `);
  const open = await openMarket({ market, history: 0 });
  await open.step({ points: 4 });
  const accountId = funded(open);
  assert.equal(place(open, accountId, { priceTicks: 9900, quantityLots: 100_000 }), 'NEW');
  await open.step({ points: 4 });
  assert.equal(open.exchange.account(accountId)?.openOrders.size, 1, 'touched, not traded through');
  open.log.length = 0;
  await open.step({ points: 2 });
  const fill = logged(open, 'user').find(({ x }) => x === 'TRADE');
  assert.deepEqual([fill?.['X'], fill?.['L'], fill?.['m']], ['FILLED', '99.00000000', true]);
  assert.equal(
    prints(open)[1],
    `9900:100000@${120_000 + 20_000}`,
    'the fill comes before the print',
  );
  assert.equal(prints(open)[2], `9898:25000@${120_000 + 20_000}`);
});

test('[X114] a taker between two points pays one tick and does not move the house', async () => {
  const open = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0 });
  await open.step({ points: 1 });
  const accountId = funded(open);
  open.log.length = 0;
  assert.equal(place(open, accountId, { kind: 'MARKET', quantityLots: 200_000 }), 'FILLED');
  assert.equal(
    place(open, accountId, { kind: 'MARKET', side: 'SELL', quantityLots: 50_000 }),
    'FILLED',
  );
  assert.deepEqual(prints(open), ['10001:200000@0', '9999:50000@0']);
  const book = open.exchange.bookTicker('BTCUSDT');
  assert.deepEqual([book.bidPrice, book.askPrice], ['99.99000000', '100.01000000']);
});

test('[X115] gaps stay gaps, and the market ends with its file', async () => {
  const open = await openMarket({
    market: minuteMarket(`
      10 10 10 10 1
      -
      -
      11 11 11 11 1
    `),
    history: 0,
  });
  const result = await open.step({ points: 100 });
  assert.deepEqual(result, { marketMs: START_MS + 239_999, points: 8, done: true });
  assert.equal(open.runner.state(), 'ended');
  const opens = open.data.klines('BTCUSDT', '1m', { limit: 10 }).map(([openMs]) => openMs);
  assert.deepEqual(opens, [START_MS, START_MS + 180_000]);
  assert.deepEqual(await open.step({ points: 1 }), {
    marketMs: START_MS + 239_999,
    points: 0,
    done: true,
  });
});

test('[X116] candles before the start fill the chart and set the house where they ended', async () => {
  const table = Array.from(
    { length: 12 },
    (_, index) => `${100 + index} ${101 + index} ${99 + index} ${100 + index} 2`,
  ).join('\n');
  const market = minuteMarket(table);
  const whole = await openMarket({ market });
  assert.equal(whole.market.startMs, START_MS + 6 * 60_000, 'half of a short file');
  const three = await openMarket({ market, history: 3 });
  assert.equal(three.market.startMs, START_MS + 3 * 60_000);
  const chosen = await openMarket({ market, history: 3, startMs: START_MS + 8 * 60_000 });
  const rows = chosen.data.klines('BTCUSDT', '1m', { limit: 50 });
  assert.deepEqual(
    rows.map((row) => row[0]),
    [5, 6, 7].map((minute) => START_MS + minute * 60_000),
  );
  assert.deepEqual(
    rows.map((row) => row[4]),
    ['105.00000000', '106.00000000', '107.00000000'],
  );
  assert.equal(chosen.exchange.bookTicker('BTCUSDT').bidPrice, '106.99000000');
  assert.deepEqual(prints(chosen), [], 'history is no trade of the exchange');
  await chosen.step({ points: 1 });
  assert.deepEqual(prints(chosen), [`10800:50000@${8 * 60_000}`]);
});

function tradeFeed(): MarketFeed {
  return parseMarketText(
    `time,agg_id,taker_side,price,qty
${START_MS + 5},1,buy,100.01,0.5
${START_MS + 5},2,sell,99.98,0.25
${START_MS + 70_000},3,sell,99.90,1
`,
    'BTCUSDT-trades.csv',
    { symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' },
  );
}

test('[X117] recorded trades print at their price, time and side, with the house a tick either side', async () => {
  const open = await openMarket({ market: { kind: 'feeds', feeds: [tradeFeed()] } });
  await open.step({ points: 2 });
  const trades = logged(open, 'trade');
  assert.deepEqual(
    trades.map(({ isBuyerMaker }) => isBuyerMaker),
    [false, true],
  );
  assert.deepEqual(prints(open), ['10001:50000@5', '9998:25000@5']);
  const book = open.exchange.bookTicker('BTCUSDT');
  assert.deepEqual([book.bidPrice, book.askPrice], ['99.97000000', '99.99000000']);
  assert.equal((await open.step({ points: 5 })).done, true);
  const rows = open.data.klines('BTCUSDT', '1m', { limit: 5 }).map((row) => row.slice(1, 6));
  assert.deepEqual(rows, [
    ['100.01000000', '100.01000000', '99.98000000', '99.98000000', '0.75000000'],
    ['99.90000000', '99.90000000', '99.90000000', '99.90000000', '1.00000000'],
  ]);
});

test('[X118] several files are walked by time, then in their order', async () => {
  const eth = { symbol: 'ETHUSDT', baseAsset: 'ETH', quoteAsset: 'USDT' };
  const one = minuteMarket('10 10 10 10 1\n10 10 10 10 1');
  assert.ok(one.kind === 'feeds');
  const two = parseMarketText(
    `${START_MS + 60_000},5,5,5,5,1\n${START_MS + 120_000},5,5,5,5,1\n`,
    'e.csv',
    eth,
  );
  const open = await openMarket({
    market: { kind: 'feeds', feeds: [two, ...one.feeds] },
    history: 0,
  });
  assert.equal(open.market.startMs, START_MS + 60_000, 'the latest of their starts');
  const early = await openMarket({
    market: { kind: 'feeds', feeds: [two, ...one.feeds] },
    history: 0,
    startMs: START_MS,
  });
  await early.step({ points: 100 });
  const order = logged(early, 'trade').map(
    ({ symbol, marketMs }) => `${String(symbol).slice(0, 3)}${Number(marketMs) - START_MS}`,
  );
  assert.deepEqual(order.slice(0, 8), [
    'BTC0',
    'BTC20000',
    'BTC40000',
    'BTC59999',
    'ETH60000',
    'BTC60000',
    'ETH80000',
    'BTC80000',
  ]);
  const refused = ReplaySource.create({
    feeds: [tradeFeed(), two],
    instruments: [tradeFeed(), two].map(inferInstrument),
    path: 'low-first',
    startMs: undefined,
    history: 0,
  });
  assert.deepEqual(refused, {
    ok: false,
    reason: 'expected files of one kind, found trades in BTCUSDT-trades.csv and candles in e.csv',
  });
});

/** A script of control calls: steps and orders in a fixed order. */
async function script(open: OpenMarket): Promise<readonly string[]> {
  const accountId = funded(open);
  await open.step({ points: 40 });
  const ticks = open.data.symbol('BTCUSDT').tape.lastTicks;
  place(open, accountId, { priceTicks: ticks - 500, quantityLots: 1000 });
  place(open, accountId, { side: 'SELL', priceTicks: ticks + 500, quantityLots: 1000 });
  place(open, accountId, { kind: 'MARKET', quantityLots: 3000 });
  await open.step({ untilMs: START_MS + 60_000 });
  await open.step({ points: 333 });
  return open.log;
}

test('[X119] the same seed and the same calls give the same events, byte for byte; another seed gives others', async () => {
  const first = await script(await openMarket({ seed: 'one' }));
  const second = await script(await openMarket({ seed: 'one' }));
  const other = await script(await openMarket({ seed: 'two' }));
  assert.ok(first.length > 1000, `a busy market, found ${first.length} events`);
  assertSameLog(first, second);
  assert.notEqual(first.join('\n'), other.join('\n'));
});

test('[X120] a made-up market goes on from its saved state as if it had never stopped', async () => {
  const market = { kind: 'synthetic' } as const;
  const whole = await openMarket({ market, seed: 'resume' });
  await whole.step({ points: 1500 });
  const firstPart = await openMarket({ market, seed: 'resume' });
  await firstPart.step({ points: 900 });
  const resumed = await openMarket({ market, seed: 'resume', saved: save(firstPart) });
  await resumed.step({ points: 600 });
  assertSameLog([...firstPart.log, ...resumed.log], whole.log);
  assert.deepEqual(
    resumed.data.klines('BTCUSDT', '5m', { limit: 20 }),
    whole.data.klines('BTCUSDT', '5m', { limit: 20 }),
  );
});

test('[X121] a replay goes on from its saved state as if it had never stopped, and takes no other’s', async () => {
  const table = Array.from(
    { length: 40 },
    (_, index) =>
      `${100 + (index % 7)} ${110 + (index % 3)} ${90 - (index % 2)} ${101 + (index % 5)} ${index % 4}`,
  ).join('\n');
  const market = minuteMarket(table);
  const whole = await openMarket({ market, history: 5 });
  await whole.step({ points: 1000 });
  const firstPart = await openMarket({ market, history: 5 });
  await firstPart.step({ points: 50 });
  const saved = save(firstPart);
  const resumed = await openMarket({ market, history: 5, saved });
  await resumed.step({ points: 1000 });
  assertSameLog([...firstPart.log, ...resumed.log], whole.log);
  await assert.rejects(
    openMarket({ market: minuteMarket('1 1 1 1 1\n1 1 1 1 1'), saved }),
    /expected the state of low-first candles:BTCUSDT:2:/,
  );
  await assert.rejects(
    openMarket({ market, path: 'high-first', saved }),
    /expected the state of high-first/,
  );
});

test('[X122] a made-up market has history, two-sided books, and moves enough for a DCA bot', async () => {
  const moves: number[] = [];
  for (const seed of ['a', 'b', 'c']) {
    const open = await openMarket({ seed });
    const hours = open.data.klines('BTCUSDT', '1h', { limit: 24 });
    assert.ok(hours.length >= 12, `half a day of history, found ${hours.length} hours`);
    await open.step({ untilMs: START_MS + 20 * 60_000 });
    for (const { symbol } of open.market.instruments) {
      const book = open.exchange.bookTicker(symbol);
      if (symbol === 'TFUELUSDT') continue;
      const bid = Number(book.bidPrice);
      const ask = Number(book.askPrice);
      assert.ok(
        bid > 0 && ask > bid && ask / bid < 1.003,
        `${symbol} of seed ${seed}: ${bid} ${ask}`,
      );
      assert.ok(open.exchange.depth(symbol, 20).asks.length >= 10, symbol);
    }
    const rows = open.data.klines('BTCUSDT', '5m', { limit: 100 });
    moves.push(...rows.map((row) => (Number(row[2]) - Number(row[3])) / Number(row[3])));
  }
  const sorted = moves.toSorted((left, right) => left - right);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  assert.ok(median > 0.004 && median < 0.015, `median range of five minutes, found ${median}`);
});

test('[X123] the thin symbol has a wide spread and holes', async () => {
  const open = await openMarket({
    seed: 'thin',
    market: { kind: 'synthetic', symbols: ['TFUELUSDT'] },
  });
  let holes = 0;
  let spreads = 0;
  let looks = 0;
  for (let minute = 0; minute < 60; minute += 1) {
    for (let look = 0; look < 6; look += 1) {
      await open.step({ points: 10 });
      const book = open.exchange.bookTicker('TFUELUSDT');
      const bid = Number(book.bidPrice);
      const ask = Number(book.askPrice);
      if (bid === 0 || ask === 0) holes += 1;
      else {
        spreads += ask / bid - 1;
        looks += 1;
      }
    }
  }
  assert.ok(holes > 0, 'one side is empty at times');
  assert.ok(spreads / looks > 0.0015, `mean spread, found ${spreads / looks}`);
  assert.deepEqual(
    open.market.instruments.map(({ symbol }) => symbol),
    ['TFUELUSDT'],
  );
});

test('[X124] a made-up market never ticks a symbol more than twenty times a second', async () => {
  for (const { symbol, tickMs } of defaultPairs) assert.ok(tickMs >= 50, symbol);
  const open = await openMarket({ seed: 'work' });
  const { points } = await open.step({ untilMs: START_MS + 10_000 });
  const bound = defaultPairs.reduce((sum, { tickMs }) => sum + 10_000 / tickMs + 1, 0);
  assert.ok(points <= bound, `${points} points in ten seconds, at most ${bound}`);
});

test('[X125] a user order inside a made-up book is met by makers and takers', async () => {
  const open = await openMarket({ seed: 'inside' });
  const accountId = funded(open);
  await open.step({ points: 60 });
  const { bidPrice, askPrice } = open.exchange.bookTicker('BTCUSDT');
  const middle = Math.round(((Number(bidPrice) + Number(askPrice)) / 2) * 100);
  place(open, accountId, { priceTicks: middle, quantityLots: 100 });
  place(open, accountId, { side: 'SELL', priceTicks: middle + 1, quantityLots: 100 });
  await open.step({ untilMs: START_MS + 10 * 60_000 });
  assert.equal(open.exchange.account(accountId)?.openOrders.size, 0, 'both were filled');
});

test('[X126] the runner steps, refuses to step while it runs, pauses and resumes', async () => {
  const open = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0, speed: 1 });
  assert.equal(open.runner.state(), 'running');
  assert.deepEqual(await open.runner.step({ points: 1 }), {
    ok: false,
    reason: 'the market runs by itself: pause it or set speed 0 first',
  });
  open.runner.pause();
  assert.equal(open.runner.state(), 'paused');
  assert.equal((await open.step({ points: 1 })).points, 1);
  open.runner.setSpeed(0);
  open.runner.resume();
  assert.equal(open.runner.state(), 'stepping');
  const both = await Promise.all([
    open.runner.step({ points: 5000 }),
    open.runner.step({ points: 1 }),
  ]);
  assert.equal(both.filter(({ ok }) => ok).length >= 1, true);
  open.runner.stop();
});

test('[X127] a step to a time walks all points up to it and leaves market time there', async () => {
  const open = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0 });
  assert.deepEqual(await open.step({ untilMs: START_MS + 30_000 }), {
    marketMs: START_MS + 30_000,
    points: 2,
    done: false,
  });
  assert.deepEqual(await open.step({ untilMs: START_MS + 40_000 }), {
    marketMs: START_MS + 40_000,
    points: 1,
    done: false,
  });
});

test('[X128] a running replay keeps to its speed, and as fast as possible it reaches the end', async () => {
  const fast = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0, speed: 'max' });
  fast.runner.start();
  await until(() => fast.runner.state() === 'ended');
  assert.equal(fast.log.filter((line) => line.startsWith('["trade"')).length, 5);
  const paced = await openMarket({ market: minuteMarket(TWO_CANDLES), history: 0, speed: 1000 });
  paced.runner.start();
  await until(() => prints(paced).length === 1);
  assert.equal(paced.clock.marketMs(), START_MS, 'the wall stands still, so does the market');
  paced.wall.ms += 50;
  assert.equal(paced.clock.marketMs(), START_MS + 20_000, 'market time waits at the next point');
  await until(() => prints(paced).length === 3);
  assert.equal(paced.clock.marketMs(), START_MS + 50_000);
  paced.runner.pause();
  paced.wall.ms += 1000;
  assert.equal(paced.clock.marketMs(), START_MS + 50_000);
  paced.runner.resume();
  paced.wall.ms += 10;
  await until(() => prints(paced).length === 4);
  paced.runner.stop();
});

test('[X129] market time never goes back, and only a live market shares a wrong clock', () => {
  const wall = new HandClock(1_000_000);
  const clock = new SimulationClock(wall, 500);
  clock.setSkew(2000, false);
  assert.equal(clock.wallMs(), 1_002_000);
  assert.equal(clock.steadyMs(), 1_000_000);
  assert.equal(clock.marketMs(), 500);
  clock.flow({ fromMs: 600, speed: 2, limitMs: 1000 });
  wall.ms += 100;
  assert.equal(clock.marketMs(), 800);
  wall.ms += 1000;
  assert.equal(clock.marketMs(), 1000, 'not past its limit');
  clock.setSkew(5000, true);
  assert.equal(clock.marketMs(), 6000);
  clock.setSkew(0, true);
  assert.equal(clock.marketMs(), 6000, 'it waits for the right time to catch up');
  clock.hold();
  clock.moveTo(7000);
  assert.equal(clock.marketMs(), 7000);
});

test('[X130] the random source repeats from its seed and from its state', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 0, max: 50 }), (seed, skip) => {
      const one = Random.fromSeed(seed);
      const two = Random.fromSeed(seed);
      for (let draw = 0; draw < skip; draw += 1) assert.equal(one.uint32(), two.uint32());
      const resumed = new Random(one.state());
      assert.equal(resumed.gaussian(), one.gaussian());
      const unit = one.unit();
      assert.ok(unit >= 0 && unit < 1);
      assert.deepEqual(
        one.shuffled([1, 2, 3, 4]).toSorted((left, right) => left - right),
        [1, 2, 3, 4],
      );
    }),
    { seed: 7, numRuns: 200 },
  );
  const random = Random.fromSeed('mean');
  let sum = 0;
  let squares = 0;
  for (let draw = 0; draw < 20_000; draw += 1) {
    const value = random.gaussian();
    sum += value;
    squares += value * value;
  }
  assert.ok(Math.abs(sum / 20_000) < 0.03 && Math.abs(squares / 20_000 - 1) < 0.05);
});

/** Names the first event that differs. */
function assertSameLog(actual: readonly string[], expected: readonly string[]): void {
  const index = actual.findIndex((line, at) => line !== expected[at]);
  if (index !== -1) assert.equal(actual[index], expected[index], `event ${index}`);
  assert.equal(actual.length, expected.length);
}

/** Waits for the event loop to bring `condition` about, at most five seconds. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert.ok(performance.now() < end, 'did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
