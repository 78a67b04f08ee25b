// SPDX-License-Identifier: Apache-2.0
// How fast indicators and conditions are: columns, larger candles, and candle by candle as a live bot asks.

import { pathToFileURL } from 'node:url';
import {
  adx,
  bollinger,
  conditionSeries,
  ConditionWatcher,
  emaColumn,
  macd,
  makeInstrument,
  mfi,
  parabolicSar,
  resampleCandles,
  rsiColumn,
  smaColumn,
  stochastic,
  type Candles,
  type Condition,
} from '../core/src/index.ts';
import type { BenchResult } from './result.ts';

const SEED = 20_261_003;
const MINUTE = 60_000;
/** Two years of minutes. */
const CANDLES = 1_051_200;
const REPETITIONS = 7;
/** Candles given to a watcher one by one. */
const WATCHED = 200_000;

const INSTRUMENT = makeInstrument({
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.00001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.00001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});

const CONDITIONS: readonly Condition[] = [
  { kind: 'rsi', interval: '5m', period: 14, comparison: 'below', value: '30' },
  {
    kind: 'bollinger',
    interval: '15m',
    period: 20,
    deviation: '2',
    comparison: 'below',
    value: '0.1',
  },
  {
    kind: 'maCross',
    interval: '1h',
    average: 'ema',
    fastPeriod: 20,
    slowPeriod: 50,
    comparison: 'above',
  },
];

export function run(): BenchResult[] {
  const candles = randomCandles(CANDLES);
  const bars = {
    open: Float64Array.from(candles.open),
    high: Float64Array.from(candles.high),
    low: Float64Array.from(candles.low),
    close: Float64Array.from(candles.close),
    volume: candles.volume,
  };
  const into = new Float64Array(CANDLES);
  const column = (name: string, compute: () => unknown, target?: number): BenchResult => ({
    name: `indicators: ${name}`,
    value: Math.round(perSecond(CANDLES, compute)),
    unit: 'values/s',
    ...(target === undefined ? {} : { target }),
    higherIsBetter: true,
  });
  return [
    column('SMA(20)', () => smaColumn(bars.close, 20, into), 50_000_000),
    column('EMA(20)', () => emaColumn(bars.close, 20, 0, into), 50_000_000),
    column('RSI(14)', () => rsiColumn(bars.close, 14, into), 50_000_000),
    column('MACD(12, 26, 9), three columns', () =>
      macd.columns(bars, { fastPeriod: 12, slowPeriod: 26, signalPeriod: 9 }),
    ),
    column('ADX(14), three columns', () => adx.columns(bars, { period: 14 })),
    column('Bollinger(20), four columns', () =>
      bollinger.columns(bars, { period: 20, deviation: 2 }),
    ),
    column('stochastic(14, 3, 3), two columns', () =>
      stochastic.columns(bars, { kPeriod: 14, smoothing: 3, dPeriod: 3 }),
    ),
    column('MFI(14)', () => mfi.columns(bars, { period: 14 })),
    column('parabolic SAR, two columns', () =>
      parabolicSar.columns(bars, { step: 0.02, maximum: 0.2 }),
    ),
    {
      name: 'conditions: one-minute candles made into hours',
      value: Math.round(perSecond(CANDLES, () => resampleCandles(candles, '1h'))),
      unit: 'candles/s',
      higherIsBetter: true,
    },
    {
      name: 'conditions: one-minute candles through three conditions over columns',
      value: Math.round(
        perSecond(CANDLES, () => conditionSeries(CONDITIONS, candles, { instrument: INSTRUMENT })),
      ),
      unit: 'candles/s',
      higherIsBetter: true,
    },
    {
      name: 'conditions: the same candle by candle',
      value: Math.round(perSecond(WATCHED, () => watchAll(candles))),
      unit: 'candles/s',
      higherIsBetter: true,
    },
  ];
}

function watchAll(candles: Candles): number {
  const watcher = new ConditionWatcher(CONDITIONS, '1m', { instrument: INSTRUMENT });
  let met = 0;
  for (let row = 0; row < WATCHED; row += 1) {
    const verdict = watcher.addCandle({
      openTime: candles.openTime[row] ?? 0,
      open: candles.open[row] ?? 0,
      high: candles.high[row] ?? 0,
      low: candles.low[row] ?? 0,
      close: candles.close[row] ?? 0,
      volume: candles.volume[row] ?? 0,
    });
    if (verdict === 'met') met += 1;
  }
  return met;
}

function perSecond(items: number, compute: () => unknown): number {
  const rates = Array.from({ length: REPETITIONS }, () => {
    const started = performance.now();
    compute();
    return items / ((performance.now() - started) / 1000);
  });
  return rates.toSorted((left, right) => left - right)[Math.floor(REPETITIONS / 2)] ?? 0;
}

/** One-minute candles of a random walk, one in twenty of them without a trade. */
function randomCandles(rows: number): Candles {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
  const candles: Candles = {
    intervalMs: MINUTE,
    openTime: new Float64Array(rows),
    open: new Int32Array(rows),
    high: new Int32Array(rows),
    low: new Int32Array(rows),
    close: new Int32Array(rows),
    volume: new Float64Array(rows),
  };
  let price = 5_000_000;
  for (let row = 0; row < rows; row += 1) {
    const isQuiet = random() < 0.05;
    const first = price;
    const drift = (5_000_000 - price) * 0.000_01;
    if (!isQuiet) price = Math.round(price * (1 + (random() - 0.5) * 0.0016) + drift);
    candles.openTime[row] = 1_577_836_800_000 + row * MINUTE;
    candles.open[row] = first;
    candles.close[row] = price;
    candles.high[row] = Math.max(first, price) + (isQuiet ? 0 : Math.floor(random() * 900));
    candles.low[row] = Math.min(first, price) - (isQuiet ? 0 : Math.floor(random() * 900));
    candles.volume[row] = isQuiet ? 0 : Math.floor(random() * 1_000_000);
  }
  return candles;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  for (const { name, value, unit } of run()) process.stdout.write(`${name}: ${value} ${unit}\n`);
}
