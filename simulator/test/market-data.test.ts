// SPDX-License-Identifier: Apache-2.0
// Candles, trades and statistics against plain recomputation and against recorded data.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';

import fc from 'fast-check';

import { defaultInstruments } from '../src/instruments.ts';
import type { CandleFeed } from '../src/market/feed.ts';
import { readMarketFile } from '../src/market/files.ts';
import {
  DAY_MS,
  HOUR_MS,
  INTERVALS,
  MINUTE_MS,
  parseIntervalName,
  windowEnd,
  windowStart,
  type Interval,
} from '../src/market/intervals.ts';
import { MarketHistory } from '../src/market-data.ts';
import type { TradeEvent } from '../src/ports.ts';
import { minuteMarket, openMarket, START_MS } from './open-market.ts';

const DATA = new URL('../../../shared/data/', import.meta.url).pathname;
const needsData = { skip: existsSync(DATA) ? false : 'no recorded data' };

/** Market data of BTCUSDT and a clock that a test sets. */
function history(nowMs: number = START_MS): { data: MarketHistory; clock: { ms: number } } {
  const clock = { ms: nowMs };
  const data = new MarketHistory(defaultInstruments, {
    wallMs: () => clock.ms,
    marketMs: () => clock.ms,
  });
  return { data, clock };
}

function trade(tradeId: number, marketMs: number, priceTicks: number, lots: number): TradeEvent {
  return {
    symbol: 'BTCUSDT',
    tradeId,
    priceTicks,
    lots,
    buyerOrderId: tradeId * 2,
    sellerOrderId: tradeId * 2 + 1,
    isBuyerMaker: tradeId % 3 === 0,
    marketMs,
  };
}

const utc = (text: string): number => Date.parse(`${text}Z`);

test('[X131] windows of every interval begin and end where Binance’s do', () => {
  const table: readonly (readonly [Interval, string, string, string, number?])[] = [
    ['1s', '2025-01-01T10:11:12.345', '2025-01-01T10:11:12', '2025-01-01T10:11:13'],
    ['3m', '2025-01-01T10:11:12', '2025-01-01T10:09:00', '2025-01-01T10:12:00'],
    ['4h', '2025-01-01T10:11:12', '2025-01-01T08:00:00', '2025-01-01T12:00:00'],
    ['1d', '2025-01-01T23:59:59', '2025-01-01T00:00:00', '2025-01-02T00:00:00'],
    ['1w', '2025-01-05T23:59:59', '2024-12-30T00:00:00', '2025-01-06T00:00:00'],
    ['1M', '2024-02-29T12:00:00', '2024-02-01T00:00:00', '2024-03-01T00:00:00'],
    ['1d', '2025-01-01T15:59:59', '2024-12-31T16:00:00', '2025-01-01T16:00:00', 8 * HOUR_MS],
    ['1d', '2025-01-01T16:00:00', '2025-01-01T16:00:00', '2025-01-02T16:00:00', 8 * HOUR_MS],
    ['1M', '2025-01-31T17:00:00', '2025-01-31T16:00:00', '2025-02-28T16:00:00', 8 * HOUR_MS],
    ['1h', '2025-01-01T10:11:12', '2025-01-01T09:15:00', '2025-01-01T10:15:00', 5.75 * HOUR_MS],
  ];
  for (const [interval, at, start, end, offset] of table) {
    const startMs = windowStart(interval, utc(at), offset);
    assert.equal(
      new Date(startMs).toISOString(),
      new Date(utc(start)).toISOString(),
      `${interval} ${at}`,
    );
    assert.equal(windowEnd(interval, startMs, offset), utc(end), `${interval} ${at}`);
  }
  assert.deepEqual(parseIntervalName('1d@+08:00'), { interval: '1d', offsetMs: 8 * HOUR_MS });
  assert.deepEqual(parseIntervalName('1h@-3'), { interval: '1h', offsetMs: -3 * HOUR_MS });
  assert.equal(parseIntervalName('7m'), undefined);
  assert.equal(parseIntervalName('1d@+15:00'), undefined);
});

interface Bar {
  openMs: number;
  prices: number[];
  lots: bigint;
  quote: bigint;
  takerBuyLots: bigint;
  count: number;
}

/** The candles that trades make, recomputed the plain way; windows without trades left out. */
function plainCandles(trades: readonly TradeEvent[], interval: Interval, offsetMs: number): Bar[] {
  const bars = new Map<number, Bar>();
  for (const event of trades) {
    const openMs = windowStart(interval, event.marketMs, offsetMs);
    const bar = bars.get(openMs) ?? {
      openMs,
      prices: [],
      lots: 0n,
      quote: 0n,
      takerBuyLots: 0n,
      count: 0,
    };
    bars.set(openMs, bar);
    bar.prices.push(event.priceTicks);
    bar.lots += BigInt(event.lots);
    bar.quote += BigInt(event.lots) * BigInt(event.priceTicks);
    if (!event.isBuyerMaker) bar.takerBuyLots += BigInt(event.lots);
    bar.count += 1;
  }
  return [...bars.values()];
}

test('[X132] candles of every interval and zone equal those recomputed from the trades', () => {
  const gaps = fc.array(
    fc.record({
      gap: fc.integer({ min: 0, max: 7_000_000 }),
      price: fc.integer({ min: 1, max: 9_000_000 }),
      lots: fc.integer({ min: 1, max: 1_000_000 }),
    }),
    { minLength: 1, maxLength: 40 },
  );
  fc.assert(
    fc.property(
      gaps,
      fc.constantFrom(...INTERVALS),
      fc.constantFrom(0, 8, -3, 5.75),
      (steps, interval, zone) => {
        const { data, clock } = history();
        const trades: TradeEvent[] = [];
        let at = START_MS;
        steps.forEach(({ gap, price, lots }, index) => {
          at += gap;
          clock.ms = at;
          const event = trade(index + 1, at, price, lots);
          trades.push(event);
          data.onTrade(event);
        });
        const zoneMs = zone * HOUR_MS;
        const name =
          zone === 0
            ? interval
            : `${interval}@${zone < 0 ? '-' : '+'}0${Math.floor(Math.abs(zone))}:${zone === 5.75 ? '45' : '00'}`;
        const rows = data.klines('BTCUSDT', name, { limit: 100_000 }).filter((row) => row[8] !== 0);
        const view = data.symbol('BTCUSDT');
        const expected = plainCandles(trades, interval, zoneMs).map(
          ({ openMs, prices, lots, quote, takerBuyLots, count }) => [
            openMs,
            view.priceText(prices[0] ?? 0),
            view.priceText(Math.max(...prices)),
            view.priceText(Math.min(...prices)),
            view.priceText(prices.at(-1) ?? 0),
            view.quantityText(lots),
            windowEnd(interval, openMs, zoneMs) - 1,
            view.quoteText(quote),
            count,
            view.quantityText(takerBuyLots),
          ],
        );
        assert.deepEqual(
          rows.map((row) => row.slice(0, 10)),
          expected,
        );
      },
    ),
    { seed: 11, numRuns: 150 },
  );
});

test('[X133] a minute without trades shows the last close, a gap shows nothing, a larger candle ignores both', async () => {
  const open = await openMarket({
    market: minuteMarket(`
      10 10 10 10 0
      12 13 11 12 4
      12 12 12 12 0
      -
      9 9 9 9 0
      8 8 7 7 4
    `),
    history: 0,
  });
  await open.step({ points: 100 });
  const rows = open.data.klines('BTCUSDT', '1m', { limit: 10 });
  const short = rows.map(([openMs, o, h, l, c, v, , , n]) => [
    (Number(openMs) - START_MS) / MINUTE_MS,
    Number(o),
    Number(h),
    Number(l),
    Number(c),
    Number(v),
    n,
  ]);
  assert.deepEqual(short, [
    [0, 10, 10, 10, 10, 0, 0],
    [1, 12, 13, 11, 12, 4, 4],
    [2, 12, 12, 12, 12, 0, 0],
    [4, 9, 9, 9, 9, 0, 0],
    [5, 8, 8, 7, 7, 4, 4],
  ]);
  const [five] = open.data.klines('BTCUSDT', '5m', { limit: 10 });
  assert.deepEqual(
    five?.slice(1, 6).map(Number),
    [12, 13, 11, 12, 4],
    'its open is the first trade',
  );
});

test('[X134] a range begins with the first candle from its start, else it ends with the last before its end', async () => {
  const table = Array.from(
    { length: 30 },
    (_, index) => `${10 + index} ${10 + index} ${10 + index} ${10 + index} ${index % 3}`,
  ).join('\n');
  const open = await openMarket({ market: minuteMarket(table), history: 0 });
  await open.step({ points: 200 });
  const ask = (range: { startMs?: number; endMs?: number; limit: number }): number[] =>
    open.data
      .klines('BTCUSDT', '1m', range)
      .map(([openMs]) => (Number(openMs) - START_MS) / MINUTE_MS);
  const at = (minute: number): number => START_MS + minute * MINUTE_MS;
  assert.deepEqual(ask({ limit: 3 }), [27, 28, 29]);
  assert.deepEqual(ask({ endMs: at(5), limit: 3 }), [3, 4, 5]);
  assert.deepEqual(ask({ endMs: at(5) - 1, limit: 3 }), [2, 3, 4]);
  assert.deepEqual(ask({ startMs: at(5), limit: 3 }), [5, 6, 7]);
  assert.deepEqual(ask({ startMs: at(5) + 1, limit: 3 }), [6, 7, 8]);
  assert.deepEqual(ask({ startMs: at(5), endMs: at(6), limit: 10 }), [5, 6]);
  assert.deepEqual(ask({ startMs: 0, limit: 2 }), [0, 1]);
  assert.deepEqual(ask({ startMs: at(40), limit: 2 }), []);
  assert.deepEqual(ask({ endMs: START_MS - 1, limit: 2 }), []);
  assert.deepEqual(ask({ limit: 0 }), []);
});

test('[X135] trades of one taker order at one price and time are one aggregate trade', () => {
  const { data } = history();
  const maker = (
    tradeId: number,
    priceTicks: number,
    lots: number,
    taker: number,
    ms = START_MS,
  ): TradeEvent => ({
    symbol: 'BTCUSDT',
    tradeId,
    priceTicks,
    lots,
    buyerOrderId: taker,
    sellerOrderId: 1000 + tradeId,
    isBuyerMaker: false,
    marketMs: ms,
  });
  assert.equal(data.onTrade(maker(1, 100, 5, 7)), undefined);
  assert.equal(data.onTrade(maker(2, 100, 6, 7)), undefined);
  assert.equal(data.onTrade(maker(3, 101, 7, 7))?.lots, 11, 'another price ends it');
  assert.equal(data.onTrade(maker(4, 101, 1, 8))?.lastId, 3, 'another order ends it');
  const rows = data.aggTrades('BTCUSDT', { limit: 10 });
  assert.deepEqual(
    rows.map(({ a, p, q, f, l, m, M }) => [a, p, q, f, l, m, M]),
    [
      [1, '1.00000000', '0.00011000', 1, 2, false, true],
      [2, '1.01000000', '0.00007000', 3, 3, false, true],
      [3, '1.01000000', '0.00001000', 4, 4, false, true],
    ],
  );
  data.onTrade(maker(5, 101, 1, 8, START_MS + 10));
  const ids = (range: Parameters<MarketHistory['aggTrades']>[1]): unknown[] =>
    data.aggTrades('BTCUSDT', range).map(({ a }) => a);
  assert.deepEqual(ids({ fromId: 2, limit: 2 }), [2, 3]);
  assert.deepEqual(ids({ startMs: START_MS + 1, limit: 5 }), [4]);
  assert.deepEqual(ids({ endMs: START_MS, limit: 2 }), [2, 3]);
  assert.deepEqual(
    data.recentTrades('BTCUSDT', 2).map(({ tradeId }) => tradeId),
    [4, 5],
  );
  assert.deepEqual(
    data.recentTrades('BTCUSDT', 2, 2).map(({ tradeId }) => tradeId),
    [2, 3],
  );
});

test('[X136] tickers and average prices equal those recomputed from the trades', () => {
  const steps = fc.array(
    fc.record({
      gap: fc.integer({ min: 1, max: 4_000_000 }),
      price: fc.integer({ min: 1000, max: 9_000_000 }),
      lots: fc.integer({ min: 1, max: 100_000 }),
    }),
    { minLength: 1, maxLength: 80 },
  );
  fc.assert(
    fc.property(steps, fc.constantFrom(HOUR_MS, 4 * HOUR_MS, DAY_MS), (list, windowMs) => {
      const { data, clock } = history();
      const trades: TradeEvent[] = [];
      let at = START_MS;
      list.forEach(({ gap, price, lots }, index) => {
        at += gap;
        trades.push(trade(index + 1, at, price, lots));
        data.onTrade(trade(index + 1, at, price, lots));
      });
      clock.ms = at + 1234;
      const openMs = Math.floor((clock.ms - windowMs) / MINUTE_MS) * MINUTE_MS;
      const inside = trades.filter(({ marketMs }) => marketMs >= openMs);
      const ticker = data.ticker('BTCUSDT', windowMs);
      const view = data.symbol('BTCUSDT');
      const prices = inside.map(({ priceTicks }) => priceTicks);
      const lots = inside.reduce((sum, event) => sum + event.lots, 0);
      const quote = inside.reduce(
        (sum, event) => sum + BigInt(event.lots) * BigInt(event.priceTicks),
        0n,
      );
      assert.equal(ticker['count'], inside.length);
      assert.equal(ticker['openTime'], openMs);
      assert.equal(ticker['lastPrice'], view.priceText(trades.at(-1)?.priceTicks ?? 0));
      if (inside.length === 0) return;
      assert.equal(ticker['openPrice'], view.priceText(prices[0] ?? 0));
      assert.equal(ticker['highPrice'], view.priceText(Math.max(...prices)));
      assert.equal(ticker['lowPrice'], view.priceText(Math.min(...prices)));
      assert.equal(ticker['volume'], view.quantityText(lots));
      assert.equal(ticker['quoteVolume'], view.quoteText(quote));
      assert.equal(ticker['firstId'], inside[0]?.tradeId);
      assert.equal(ticker['lastId'], inside.at(-1)?.tradeId);
      const mean = Number(quote) / lots / 100;
      assert.ok(Math.abs(Number(ticker['weightedAvgPrice']) - mean) < 1e-6 * mean);
      const average = data.averagePrice('BTCUSDT', 5);
      const recent = trades.filter(
        ({ marketMs }) => Math.floor(marketMs / 1000) * 1000 >= clock.ms - 5 * MINUTE_MS,
      );
      const weight = recent.reduce((sum, event) => sum + event.lots, 0);
      const expected =
        weight === 0
          ? (trades.at(-1)?.priceTicks ?? 0) / 100
          : recent.reduce((sum, event) => sum + event.lots * event.priceTicks, 0) / weight / 100;
      assert.ok(
        Math.abs(Number(average.price) - expected) < 1e-6 * expected,
        `${average.price} ${expected}`,
      );
      assert.equal(average.closeTime, at);
    }),
    { seed: 5, numRuns: 150 },
  );
});

test('[X137] statistics of a symbol that has not traded are zeros, of a quiet one its last price', () => {
  const { data, clock } = history();
  assert.equal(data.ticker('ETHUSDT', DAY_MS)['lastPrice'], '0.00000000');
  data.onTrade(trade(1, START_MS, 5000, 3));
  clock.ms += 3 * DAY_MS;
  const quiet = data.ticker('BTCUSDT', DAY_MS);
  assert.deepEqual(
    [
      quiet['lastPrice'],
      quiet['openPrice'],
      quiet['priceChangePercent'],
      quiet['count'],
      quiet['firstId'],
    ],
    ['50.00000000', '50.00000000', '0.000', 0, -1],
  );
  assert.throws(() => data.ticker('NONE', DAY_MS), /expected a listed symbol, found NONE/);
  assert.throws(
    () => data.klines('BTCUSDT', '7m', { limit: 1 }),
    /expected a Binance interval, found 7m/,
  );
});

test('[X138] saved market data goes on with the same candles, trades and aggregate IDs', () => {
  const { data, clock } = history();
  for (let index = 1; index <= 500; index += 1) {
    clock.ms = START_MS + index * 13_000;
    data.onTrade(trade(index, clock.ms, 5000 + (index % 37), index));
  }
  const saved: unknown = JSON.parse(JSON.stringify(data.snapshot()));
  const restored = new MarketHistory(
    defaultInstruments,
    { wallMs: () => clock.ms, marketMs: () => clock.ms },
    saved as ReturnType<MarketHistory['snapshot']>,
  );
  for (const target of [data, restored]) target.onTrade(trade(501, clock.ms + 100, 5001, 9));
  for (const interval of INTERVALS.filter((name) => name !== '1s')) {
    assert.deepEqual(
      restored.klines('BTCUSDT', interval, { limit: 100 }),
      data.klines('BTCUSDT', interval, { limit: 100 }),
      interval,
    );
  }
  assert.deepEqual(
    restored.aggTrades('BTCUSDT', { limit: 50 }),
    data.aggTrades('BTCUSDT', { limit: 50 }),
  );
  assert.deepEqual(restored.recentTrades('BTCUSDT', 50), data.recentTrades('BTCUSDT', 50));
  assert.deepEqual(restored.ticker('BTCUSDT', DAY_MS), data.ticker('BTCUSDT', DAY_MS));
});

/** Rows of a feed as numbers: time, open, high, low, close, volume. */
function rowsOf(feed: CandleFeed): number[][] {
  const price = 10 ** feed.priceScale;
  const quantity = 10 ** feed.quantityScale;
  return [...feed.openMs].map((openMs, index) => [
    openMs,
    ...[feed.open, feed.high, feed.low, feed.close].map((column) => (column[index] ?? 0) / price),
    (feed.volume[index] ?? 0) / quantity,
  ]);
}

async function candleFile(path: string): Promise<CandleFeed> {
  const feed = await readMarketFile(DATA + path);
  assert.ok(feed.kind === 'candles');
  return feed;
}

test(
  '[X139] two recorded days replayed as fast as possible give back their minutes exactly',
  needsData,
  async () => {
    const feed = await candleFile('candles/binance-spot-1m/BTC_USDT.csv.gz');
    const open = await openMarket({ market: { kind: 'feeds', feeds: [feed] }, history: 0 });
    const { points } = await open.step({ points: 4 * 2880 });
    assert.equal(points, 4 * 2880);
    const rows = open.data.klines('BTCUSDT', '1m', { startMs: feed.openMs[0] ?? 0, limit: 5000 });
    assert.equal(rows.length, 2880);
    assert.deepEqual(
      rows.map((row) => row.slice(0, 6).map(Number)),
      rowsOf(feed).slice(0, 2880),
    );
  },
);

test(
  '[X140] recorded minutes of a thin symbol make the recorded five-minute candles',
  needsData,
  async () => {
    const minutes = await candleFile('candles/binance-spot-1m/TFUEL_USDT.csv.gz');
    const fives = await candleFile('candles/binance-spot-5m/TFUEL_USDT.csv.gz');
    const open = await openMarket({
      market: { kind: 'feeds', feeds: [minutes] },
      history: 0,
      isLogged: false,
    });
    await open.step({ points: 1_000_000 });
    const firstMs = minutes.openMs[0] ?? 0;
    const lastMs = (minutes.openMs.at(-1) ?? 0) + MINUTE_MS;
    const built = new Map(
      open.data
        .klines('TFUELUSDT', '5m', { startMs: firstMs, limit: 20_000 })
        .map((row) => [row[0], row.slice(0, 6).map(Number)]),
    );
    let compared = 0;
    for (const row of rowsOf(fives)) {
      const openMs = row[0] ?? 0;
      if (openMs < firstMs || openMs + 5 * MINUTE_MS > lastMs) continue;
      assert.deepEqual(built.get(openMs), row, new Date(openMs).toISOString());
      compared += 1;
    }
    assert.ok(compared > 6000, `compared ${compared}`);
  },
);

test('[X141] rows and bodies have the keys Binance documents', needsData, () => {
  const lines = gunzipSync(readFileSync(`${DATA}exchange/binance-spot-docs-json-examples.jsonl.gz`))
    .toString('utf8')
    .trim()
    .split('\n');
  const examples = lines.map(
    (line) => JSON.parse(line) as { file: string; heading: string[]; json: unknown },
  );
  const documented = (heading: string): unknown =>
    examples.find((example) => example.file === 'rest-api.md' && example.heading.at(-1) === heading)
      ?.json;
  const { data } = history();
  data.onTrade(trade(1, START_MS, 5000, 3));
  const keys = (value: unknown): string[] => Object.keys(value as object).toSorted();
  const first = (value: unknown): unknown => (Array.isArray(value) ? value[0] : value);
  assert.equal(
    data.klines('BTCUSDT', '1m', { limit: 1 })[0]?.length,
    (first(documented('Kline/Candlestick data')) as unknown[]).length,
  );
  assert.deepEqual(
    keys(data.aggTrades('BTCUSDT', { limit: 1 })[0]),
    keys(first(documented('Compressed/Aggregate trades list'))),
  );
  const book = ['bidPrice', 'bidQty', 'askPrice', 'askQty'];
  assert.deepEqual(
    [...keys(data.ticker('BTCUSDT', DAY_MS)), ...book].toSorted(),
    keys(documented('24hr ticker price change statistics')),
  );
  assert.deepEqual(
    keys({ mins: 5, ...data.averagePrice('BTCUSDT', 5) }),
    keys(documented('Current average price')),
  );
});
