// SPDX-License-Identifier: Apache-2.0
// Conditions of every kind that are soon warmed up, and random candles to watch them on.

import {
  CONDITION_FIELD,
  makeInstrument,
  type Candle,
  type Candles,
  type Condition,
  type ConditionKind,
  type Instrument,
} from '../src/index.ts';
import { randomNumbers } from './indicator-table.ts';

export const INSTRUMENT: Instrument = makeInstrument({
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

export const HOUR = 3_600_000;
/** A Monday that begins a month. */
export const MONDAY: number = Date.UTC(2024, 0, 1);

/** For candles of one hour. */
export const CONDITIONS: readonly Condition[] = [
  { kind: 'rsi', interval: '1h', period: 3, comparison: 'below', value: '40' },
  { kind: 'rsi', interval: '4h', period: 2, comparison: 'crossesAbove', value: '50' },
  { kind: 'mfi', interval: '2h', period: 5, comparison: 'above', value: '45.5' },
  { kind: 'cci', interval: '1h', period: 8, comparison: 'crossesBelow', value: '-50' },
  { kind: 'adx', interval: '1h', period: 3, comparison: 'above', value: '30' },
  {
    kind: 'ult',
    interval: '2h',
    shortPeriod: 2,
    middlePeriod: 4,
    longPeriod: 8,
    comparison: 'below',
    value: '50',
  },
  {
    kind: 'bollinger',
    interval: '1d',
    period: 5,
    deviation: '1.5',
    comparison: 'above',
    value: '0.5',
  },
  {
    kind: 'maCross',
    interval: '1h',
    average: 'ema',
    fastPeriod: 2,
    slowPeriod: 4,
    comparison: 'crossesAbove',
  },
  {
    kind: 'maCross',
    interval: '4h',
    average: 'sma',
    fastPeriod: 2,
    slowPeriod: 6,
    comparison: 'below',
  },
  {
    kind: 'macd',
    interval: '1h',
    fastPeriod: 2,
    slowPeriod: 4,
    signalPeriod: 2,
    comparison: 'crossesBelow',
    line: 'aboveZero',
  },
  {
    kind: 'stochastic',
    interval: '2h',
    kPeriod: 6,
    smoothing: 2,
    dPeriod: 3,
    comparison: 'below',
    value: '60',
    cross: 'kCrossesAboveD',
  },
  { kind: 'parabolicSar', interval: '1h', step: '0.2', maximum: '0.6', trend: 'turnsUp' },
  { kind: 'parabolicSar', interval: '2h', step: '0.2', maximum: '0.6', trend: 'down' },
  { kind: 'supertrend', interval: '1h', period: 2, multiplier: '1', trend: 'turnsDown' },
  { kind: 'heikinAshi', interval: '4h', candles: 2, colour: 'red' },
  { kind: 'priceChange', interval: '1d', candles: 2, comparison: 'above', value: '0.75' },
  { kind: 'technicalRating', interval: '1h', rating: 'sellOrStrongSell' },
  { kind: 'volume24h', atLeast: '115000' },
];

export const KINDS: readonly ConditionKind[] = [...new Set(CONDITIONS.map(({ kind }) => kind))];
export const ALL_KINDS: readonly string[] = Object.keys(CONDITION_FIELD.variants);

/** Candles of one hour from a Monday on, at times without a trade, with a hole of `holes` in a hundred. */
export function randomCandles(rows: number, seed: number, holes = 0): Candle[] {
  const random = randomNumbers(seed);
  const candles: Candle[] = [];
  let openTime = MONDAY + Math.floor(random() * 30) * HOUR;
  let price = 100_000;
  for (let row = 0; row < rows; row += 1) {
    const open = price;
    const isQuiet = random() < 0.1;
    if (!isQuiet) price = Math.max(1000, Math.round(price * (1 + (random() - 0.5) * 0.02)));
    candles.push({
      openTime,
      open,
      high: Math.max(open, price) + (isQuiet ? 0 : Math.floor(random() * 300)),
      low: Math.min(open, price) - (isQuiet ? 0 : Math.floor(random() * 300)),
      close: price,
      volume: isQuiet ? 0 : Math.floor(random() * 1_000_000),
    });
    openTime += random() * 100 < holes ? HOUR * (2 + Math.floor(random() * 10)) : HOUR;
  }
  return candles;
}

/** The same with something traded in every candle. */
export function allTraded(candles: readonly Candle[]): Candle[] {
  return candles.map((candle) => ({ ...candle, volume: Math.max(1, candle.volume) }));
}

export function candleColumns(candles: readonly Candle[], intervalMs = HOUR): Candles {
  return {
    intervalMs,
    openTime: Float64Array.from(candles, ({ openTime }) => openTime),
    open: Int32Array.from(candles, ({ open }) => open),
    high: Int32Array.from(candles, ({ high }) => high),
    low: Int32Array.from(candles, ({ low }) => low),
    close: Int32Array.from(candles, ({ close }) => close),
    volume: Float64Array.from(candles, ({ volume }) => volume),
  };
}

/** One-hour candles that close at `closes`, each opening where the one before closed, with one lot traded. */
export function candlesClosing(closes: readonly number[]): Candle[] {
  return closes.map((close, row) => {
    const open = closes[row - 1] ?? close;
    return {
      openTime: MONDAY + row * HOUR,
      open,
      high: Math.max(open, close),
      low: Math.min(open, close),
      close,
      volume: 1,
    };
  });
}
