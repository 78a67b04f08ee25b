// SPDX-License-Identifier: Apache-2.0
// Rules B1 to B12 with one market: a bot over candles, as tables a trader can read and as properties over random markets.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  parseSettings,
  parsePrice,
  pathPoints,
  pointTicks,
  runBacktest,
  toScaled,
  type BacktestInput,
  type BacktestReport,
  type Candles,
  type Instrument,
} from '../src/index.ts';
import {
  candlesOf,
  DEFAULTS,
  log,
  MINUTE,
  randomMarket,
  randomOptions,
  randomSettings,
  run,
  START,
  type CandleRow,
} from './backtest-script.ts';
import { COIN, settingsOf } from './deal-script.ts';

const SEED = 20_221_115;

test('[B1] a candle is walked open, low, high, close at 0, 1/3, 2/3 and its last millisecond', () => {
  const candles = candlesOf([[100, 103, 99, 102, 11]]);
  assert.deepEqual(pathPoints(candles, 0, 'low-first'), [
    { time: START, priceTicks: 10_000, lots: 2 },
    { time: START + 20_000, priceTicks: 9900, lots: 2 },
    { time: START + 40_000, priceTicks: 10_300, lots: 2 },
    { time: START + 59_999, priceTicks: 10_200, lots: 5 },
  ]);
  const high = [0, 1, 2, 3].map((point) => pointTicks(candles, 0, point, 'high-first'));
  assert.deepEqual(high, [10_000, 10_300, 9900, 10_200]);
  const second = { ...candles, intervalMs: 1000 };
  assert.deepEqual(
    pathPoints(second, 0, 'low-first').map((point) => point.time - START),
    [0, 333, 666, 999],
  );
});

test('[B2] base order at the first point; then what the market trades through, at its own price', () => {
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100.2],
      [100.2, 100.4, 98.9, 99.5], // through safety order 1
      [99.5, 101.6, 99.4, 101.5], // through take profit
      [101.5, 101.6, 101.4, 101.5],
    ]),
  );
  assert.deepEqual(log(report), [
    '0:0 baseOrder 1.00 @ 100.01 taker',
    '1:1 safetyOrder 1 1.02 @ 99.00 maker',
    // (100.01 + 100.98) / 2.02 × 1.02 = 101.49
    '2:2 takeProfit 2.02 @ 101.49 maker',
    // The next deal starts at once, at the same point.
    '2:2 baseOrder 0.99 @ 101.61 taker',
  ]);
});

test('[B2] the path decides: what the high sells cannot be bought again by the low before it', () => {
  const candles = candlesOf([
    [100, 100.5, 99.5, 100.2],
    [100.2, 103, 98.9, 100],
  ]);
  assert.deepEqual(log(run(candles)).slice(1), [
    '1:1 safetyOrder 1 1.02 @ 99.00 maker',
    '1:2 takeProfit 2.02 @ 101.49 maker',
    '1:2 baseOrder 0.98 @ 103.01 taker',
    '1:3 safetyOrder 1 0.99 @ 101.97 maker',
    '1:3 safetyOrder 2 1.00 @ 100.94 maker',
  ]);
  assert.deepEqual(log(run(candles, {}, { path: 'high-first' })).slice(1), [
    '1:1 takeProfit 1.00 @ 102.02 maker',
    '1:1 baseOrder 0.98 @ 103.01 taker',
    '1:2 safetyOrder 1 0.99 @ 101.97 maker',
    '1:2 safetyOrder 2 1.00 @ 100.94 maker',
    // At the same point the next one is placed, and taken as it is above the market.
    '1:2 safetyOrder 3 1.01 @ 98.91 taker',
  ]);
});

test('[B2] after the fills the quote, after it the timers that are due', () => {
  const report = run(
    candlesOf([
      [100, 100.5, 99.5, 100],
      [100, 102.5, 99.5, 102],
      [102, 102.1, 101.9, 102],
      [102, 102.1, 101.9, 102],
    ]),
    { cooldownSeconds: 60 },
  );
  assert.deepEqual(log(report), [
    '0:0 baseOrder 1.00 @ 100.01 taker',
    '1:2 takeProfit 1.00 @ 102.02 maker',
    // Closed at 1:40; the first point a minute later or more is 2:40.
    '2:2 baseOrder 0.98 @ 102.11 taker',
  ]);
});

test('[B3] a limit order fills when the market trades through it by a tick, not when it touches it', () => {
  // Base order at 100.01: safety order 1 stands at 99.00, take profit at 102.02.
  const touch = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 102.02, 99, 100],
    ]),
  );
  assert.deepEqual(log(touch).slice(1), []);
  const through = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 100, 98.99, 100],
    ]),
  );
  assert.deepEqual(log(through).slice(1), ['1:1 safetyOrder 1 1.02 @ 99.00 maker']);
  const above = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 102.03, 100, 100],
    ]),
  );
  assert.deepEqual(log(above).slice(1, 2), ['1:2 takeProfit 1.00 @ 102.02 maker']);
});

test('[B3] a market order pays a tick, and the stop loss sells a tick below', () => {
  const report = run(
    candlesOf([
      [100, 100, 100, 100],
      [90, 90, 90, 90],
    ]),
    { stopLoss: '5' },
  );
  assert.deepEqual(log(report), [
    '0:0 baseOrder 1.00 @ 100.01 taker',
    '1:0 safetyOrder 1 1.02 @ 99.00 maker',
    '1:0 safetyOrder 2 1.03 @ 98.00 maker',
    // Placed and taken at the same point, a tick above the price.
    '1:0 safetyOrder 3 1.04 @ 90.01 taker',
    '1:0 stopLoss 4.09 @ 89.99 taker',
    '1:0 baseOrder 1.12 @ 90.01 taker',
  ]);
});

test('[B4] commission is a share of what is received, rounded down to eight decimals', () => {
  const report = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 104, 100, 104],
    ]),
    { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 },
    { makerFeePpm: 333, takerFeePpm: 777 },
  );
  assert.deepEqual(
    report.fills
      .slice(0, 2)
      .map(({ order, quantity, price, commission, commissionAsset }) => [
        order,
        quantity,
        price,
        commission,
        commissionAsset,
      ]),
    [
      ['baseOrder', '1.00', '100.01', '0.000777', 'COIN'],
      // 0.99 × 102.18 × 0.000333 = 0.033685…
      ['takeProfit', '0.99', '102.17', '0.03368238', 'USDT'],
    ],
  );
});

test('[B5] an order the balance cannot pay is rejected as an exchange rejects it', () => {
  const rows: CandleRow[] = Array.from({ length: 3 }, () => [100, 100, 100, 100]);
  const poor = run(candlesOf(rows), {}, { startBalanceQuote: '101' });
  // 1.00 at the limit of 101.01 is not free.
  assert.deepEqual(log(poor), []);
  assert.equal(
    poor.deals[0]?.reason,
    'base order rejected: exchange: -2010: Account has insufficient balance for requested action.',
  );
  assert.equal(poor.statistics.dealsFailed, poor.deals.length);
  const enough = run(candlesOf(rows), {}, { startBalanceQuote: '101.01' });
  assert.equal(log(enough).length, 1);
  // What the base order left does not pay for a safety order: the deal goes on without.
  assert.equal(enough.deals[0]?.status, 'active');
  assert.equal(enough.deals[0]?.steps.active, 0);
});

test('[B7] the equity curve and the deepest fall are measured at closes', () => {
  const report = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 101, 100, 101],
      [101, 101, 99.5, 99.5],
      [99.5, 100, 99.5, 100],
      [100, 101.5, 100, 101.5],
    ]),
    { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 },
  );
  assert.deepEqual(
    report.equity.map((point) => point.equity),
    ['999.99', '1000.99', '999.49', '999.99', '1001.49'],
  );
  assert.equal(report.statistics.maxDrawdown, '1.5');
  assert.equal(report.statistics.maxDrawdownPercent, '0.1498');
});

test('[B8] statistics add up', () => {
  const report = run(
    candlesOf([
      [100, 100, 100, 100],
      [100, 102.5, 99.5, 102],
      [102, 102.1, 94, 95],
      [95, 95, 90, 90],
      [90, 90, 90, 90],
    ]),
    { stopLoss: '5', cooldownSeconds: 600 },
    { makerFeePpm: 1000, takerFeePpm: 1000 },
  );
  assert.deepEqual(
    report.deals.map((deal) => [deal.status, deal.realisedProfit]),
    [['completed', '1.98759319']],
  );
  const { statistics } = report;
  assert.equal(statistics.dealsStarted, 1);
  assert.equal(statistics.dealsWon, 1);
  assert.equal(statistics.winRatePercent, '100');
  assert.equal(statistics.averageDealSeconds, 100);
  assert.equal(statistics.realisedProfit, '1.98759319');
  // 0.009 coins of dust at 90.
  assert.equal(statistics.netProfit, '1.8966022');
  assert.equal(statistics.fees, '0.20130791');
  assert.equal(statistics.mostInvested, '100.01');
  assert.equal(statistics.exposurePercent, '33.33');
  // 9.99 coins at 100.01 less 0.1 % in coins: 9.98001 × 90 + 0.9001 − 1000
  assert.equal(statistics.buyAndHoldProfit, '-100.899');
});

test('[B9] progress is told and a run can be cancelled', () => {
  const candles = candlesOf(Array.from({ length: 200_000 }, () => [100, 100, 100, 100]));
  const seen: number[] = [];
  let asked = 0;
  run(candles, {}, { onProgress: (done) => void seen.push(done) });
  assert.ok(seen.length >= 4 && seen[0] === 0 && seen.at(-1) === 200_000);
  assert.deepEqual(
    seen,
    [...seen].sort((left, right) => left - right),
  );
  const result = runBacktest({
    ...DEFAULTS,
    markets: [{ instrument: COIN, candles }],
    settings: settingsOf(),
    isCancelled: () => (asked += 1) > 2,
  });
  assert.deepEqual(result, { kind: 'cancelled', candlesDone: 131_072 });
});

test('[B10] input that cannot be run is refused field by field', () => {
  type Change = Partial<BacktestInput> & { readonly candles?: Candles };
  const rows: readonly (readonly [Change, readonly string[]])[] = [
    [{ makerFeePpm: -1, takerFeePpm: 1_000_000 }, ['makerFeePpm', 'takerFeePpm']],
    [{ startBalanceQuote: '0' }, ['startBalanceQuote']],
    [{ startBalanceQuote: 'much' }, ['startBalanceQuote']],
    [{ settings: settingsOf({ symbols: ['OTHERUSDT'] }) }, ['symbols']],
    [{ settings: settingsOf({ baseOrderVolume: '1' }) }, ['baseOrderVolume']],
    [{ candles: candlesOf([]) }, ['candles']],
    [{ candles: candlesOf([[100, 99, 98, 100]]) }, ['candles']],
    [{ candles: candlesOf([[100, 101, 100.5, 100.7]]) }, ['candles']],
    [{ candles: candlesOf([[0, 0, 0, 0]]) }, ['candles']],
    [{ candles: { ...candlesOf([[1, 1, 1, 1]]), volume: new Float64Array(2) } }, ['candles']],
    [{ candles: { ...candlesOf([[1, 1, 1, 1]]), intervalMs: 0 } }, ['candles']],
    [
      {
        candles: {
          ...candlesOf([
            [1, 1, 1, 1],
            [1, 1, 1, 1],
          ]),
          openTime: Float64Array.of(5, 5),
        },
      },
      ['candles'],
    ],
  ];
  for (const [{ candles = candlesOf([[100, 100, 100, 100]]), ...change }, fields] of rows) {
    const markets = [{ instrument: COIN, candles }];
    const result = runBacktest({ ...DEFAULTS, markets, settings: settingsOf(), ...change });
    assert.equal(result.kind, 'refused', JSON.stringify(fields));
    assert.deepEqual(
      result.kind === 'refused' && result.errors.map((error) => error.field),
      fields,
    );
  }
});

test('[B11] the bot counts with the higher of the two fees; an open deal is valued at the last close', () => {
  const candles = candlesOf([
    [100, 100, 100, 100],
    [100, 101, 99.5, 101],
  ]);
  const report = run(candles, {}, { makerFeePpm: 0, takerFeePpm: 1000 });
  const [deal] = report.deals;
  // 100.01 / 0.999 × 1.02 / 0.999 = 102.2145…
  assert.equal(deal?.takeProfit, '102.22');
  assert.equal(deal?.status, 'active');
  // 0.999 × 101 × 0.999 − 100.01
  assert.equal(deal?.unrealisedProfit, '0.788101');
});

test('[B12] of several symbols the backtest runs the one whose candles it has', () => {
  const report = run(candlesOf([[100, 100, 100, 100]]), { symbols: ['OTHERUSDT', 'COINUSDT'] });
  assert.equal(report.deals[0]?.symbol, 'COINUSDT');
});

test('[B6] the fast walk, every point and the matching engine give the same', (t) => {
  t.diagnostic(`seed ${SEED}`);
  let fills = 0;
  let stops = 0;
  fc.assert(
    fc.property(randomMarket, randomSettings, randomOptions, (market, settings, options) => {
      const parsed = parseSettings(settings);
      if (!parsed.ok) return;
      const input = {
        ...DEFAULTS,
        ...options,
        markets: [{ instrument: COIN, candles: candlesOf(market) }],
        settings: parsed.settings,
      };
      const fast = runBacktest({ ...input, walk: 'fast' });
      const plain = runBacktest({ ...input, walk: 'every-point' });
      const engine = runBacktest({ ...input, walk: 'matching-engine' });
      assert.deepEqual(plain, fast);
      assert.deepEqual(engine, fast);
      if (fast.kind !== 'completed') return;
      fills += fast.fills.length;
      stops += fast.statistics.stopLosses;
      checkReport(fast, input);
    }),
    { seed: SEED, numRuns: 250 },
  );
  t.diagnostic(`${fills} fills, ${stops} stop losses`);
  assert.ok(fills > 5_000 && stops > 50, 'the random runs trade');
});

/** What must hold of any report, computed from its trade log alone. */
function checkReport(report: BacktestReport, input: BacktestInput): void {
  const scale = 8;
  let quote = toScaled(input.startBalanceQuote, scale, 'balance');
  let base = 0n;
  let row = 0;
  let peak = quote;
  let worst = { fall: 0n, peak: 1n };
  const [market] = input.markets;
  assert.ok(market !== undefined);
  const { openTime, close } = market.candles;
  const points = new Map(report.equity.map((point) => [point.time, point.equity]));
  const closes = (until: number): void => {
    for (; row < openTime.length && (openTime[row] ?? 0) + MINUTE - 1 < until; row += 1) {
      // base has 8 decimals, the price 2.
      const equity = quote * 100n + base * BigInt(close[row] ?? 0);
      if (equity > peak * 1n) peak = equity;
      if ((peak - equity) * worst.peak > worst.fall * peak) worst = { fall: peak - equity, peak };
      const point = points.get((openTime[row] ?? 0) + MINUTE - 1);
      if (point !== undefined) assert.equal(toScaled(point, 10, 'equity'), equity);
    }
  };
  peak *= 100n;
  for (const fill of report.fills) {
    closes(fill.time);
    const volume = toScaled(fill.volume, scale, 'volume');
    const quantity = toScaled(fill.quantity, scale, 'quantity');
    const commission = toScaled(fill.commission, scale, 'commission');
    if (fill.side === 'buy') {
      quote -= volume;
      base += quantity - commission;
    } else {
      quote += volume - commission;
      base -= quantity;
    }
    assert.ok(quote >= 0n && base >= 0n, 'nothing is spent that is not there');
  }
  closes(Infinity);
  assert.equal(toScaled(report.statistics.maxDrawdown, 10, 'drawdown'), worst.fall);
  let held = 0n;
  for (const deal of report.deals) held += toScaled(deal.heldQuantity, scale, 'held');
  assert.equal(held, base, 'coins of all deals are the coins owned');
}

const REAL = fileURLToPath(
  new URL('../../../shared/data/candles/binance-spot-5m/', import.meta.url),
);
const REAL_FILES = ['FUN_USDT', 'QKC_USDT', 'TFUEL_USDT'];
const isHere = REAL_FILES.every((name) => existsSync(`${REAL}${name}.csv.gz`));

test(
  '[B6] the three walks agree on wild real markets',
  { skip: isHere ? false : 'the recorded candles are not at hand' },
  (t) => {
    for (const name of REAL_FILES) {
      const { candles, instrument } = readCandles(name);
      for (const path of ['low-first', 'high-first'] as const) {
        const settings = settingsOf({
          symbols: [instrument.symbol],
          maxSafetyOrders: 8,
          maxActiveSafetyOrders: 3,
          volumeScale: '1.2',
          takeProfit: '1',
          stopLoss: '12',
          cooldownSeconds: 300,
        });
        const input = {
          ...DEFAULTS,
          markets: [{ instrument, candles }],
          settings,
          path,
          makerFeePpm: 1000,
          takerFeePpm: 1000,
          startBalanceQuote: '5000',
        };
        const fast = runBacktest({ ...input, walk: 'fast' });
        assert.deepEqual(runBacktest({ ...input, walk: 'every-point' }), fast);
        assert.deepEqual(runBacktest({ ...input, walk: 'matching-engine' }), fast);
        assert.ok(fast.kind === 'completed' && fast.fills.length > 20);
        t.diagnostic(
          `${name} ${path}: ${fast.fills.length} fills, ${fast.statistics.netProfitPercent} %`,
        );
      }
    }
  },
);

function readCandles(name: string): { readonly candles: Candles; readonly instrument: Instrument } {
  const lines = gunzipSync(readFileSync(`${REAL}${name}.csv.gz`))
    .toString('utf8')
    .trim()
    .split('\n')
    .slice(1);
  const rows = lines.map((line) => line.split(','));
  const [base = '', quote = ''] = name.split('_');
  const decimals = Math.max(
    ...rows.flatMap((row) => row.slice(1, 5).map((text) => text.length - text.indexOf('.') - 1)),
  );
  const tickSize = `0.${'0'.repeat(decimals - 1)}1`;
  const instrument: Instrument = {
    ...COIN,
    symbol: base + quote,
    baseAsset: base,
    quoteAsset: quote,
    priceScale: decimals,
    lotUnits: 1,
    quantityScale: 1,
    minNotional: 5 * 10 ** (decimals + 1),
    maxNotional: 9_000_000 * 10 ** (decimals + 1),
  };
  Object.assign(instrument, { maxTicks: 2 ** 40, maxLots: 2 ** 40, tickUnits: 1 });
  assert.ok(parsePrice(instrument, tickSize).ok);
  const column = (index: number): Float64Array =>
    Float64Array.from(rows, (row) => Math.round(Number(row[index]) * 10 ** decimals));
  return {
    instrument,
    candles: {
      intervalMs: 5 * MINUTE,
      openTime: Float64Array.from(rows, (row) => Number(row[0])),
      open: column(1),
      high: column(2),
      low: column(3),
      close: column(4),
      volume: Float64Array.from(rows, (row) => Math.floor(Number(row[5]) * 10)),
    },
  };
}
