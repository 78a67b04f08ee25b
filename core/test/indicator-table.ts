// SPDX-License-Identifier: Apache-2.0
// Every indicator with settings to try it with, and random candles to try it on.

import type { Bar, Bars, Indicator } from '../src/indicators/indicator.ts';
import {
  adx,
  atr,
  bollinger,
  cci,
  ema,
  emaPair,
  heikinAshi,
  macd,
  mfi,
  parabolicSar,
  rateOfChange,
  rollingVolume,
  rsi,
  sma,
  smaPair,
  stochastic,
  supertrend,
  ult,
} from '../src/index.ts';

/** An indicator with its settings filled in; states are JSON data. */
export interface Trial {
  readonly name: string;
  readonly warmUpCandles: number;
  readonly settledAfter: number;
  readonly outputs: readonly string[];
  readonly start: () => unknown;
  readonly next: (state: unknown, bar: Bar) => Readonly<Record<string, number>> | undefined;
  readonly columns: (bars: Bars) => Readonly<Record<string, Float64Array>>;
}

function trial<Settings, State, Output extends string>(
  name: string,
  indicator: Indicator<Settings, State, Output>,
  settings: Settings,
): Trial {
  return {
    name: `${name} ${JSON.stringify(settings)}`,
    warmUpCandles: indicator.warmUpCandles(settings),
    settledAfter: indicator.settledAfter(settings),
    outputs: indicator.outputs,
    start: () => indicator.start(settings),
    next: (state, bar) => indicator.next(state as State, bar),
    columns: (bars) => indicator.columns(bars, settings),
  };
}

/** All indicators, with periods from 1 on that follow from `a`, `b` and `c`. */
export function trials(a: number, b: number, c: number): Trial[] {
  return [
    trial('sma', sma, { period: a }),
    trial('ema', ema, { period: a }),
    trial('smaPair', smaPair, { fastPeriod: a, slowPeriod: b }),
    trial('emaPair', emaPair, { fastPeriod: a, slowPeriod: b }),
    trial('rsi', rsi, { period: a }),
    trial('mfi', mfi, { period: a }),
    trial('cci', cci, { period: a }),
    trial('adx', adx, { period: a + 1 }),
    trial('ult', ult, { shortPeriod: a, middlePeriod: b, longPeriod: c }),
    trial('bollinger', bollinger, { period: a, deviation: 2 }),
    trial('macd', macd, { fastPeriod: a, slowPeriod: b, signalPeriod: c }),
    trial('stochastic', stochastic, { kPeriod: a, smoothing: b, dPeriod: c }),
    trial('parabolicSar', parabolicSar, { step: 0.02 * a, maximum: 0.02 * (a + b) }),
    trial('heikinAshi', heikinAshi, { runMost: a }),
    trial('atr', atr, { period: a }),
    trial('supertrend', supertrend, { period: a, multiplier: b / 2 }),
    trial('rateOfChange', rateOfChange, { period: a }),
    trial('rollingVolume', rollingVolume, { period: a }),
  ];
}

/** Numbers from 0 to below 1; the same seed gives the same ones. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

/** Candles of whole ticks and lots, at times without a move or without a trade. */
export function randomBars(rows: number, seed: number): Bars {
  const random = randomNumbers(seed);
  const column = (): Float64Array => new Float64Array(rows);
  const bars = {
    open: column(),
    high: column(),
    low: column(),
    close: column(),
    volume: column(),
  };
  let price = 100_000;
  for (let row = 0; row < rows; row += 1) {
    const isQuiet = random() < 0.1;
    const first = price;
    if (!isQuiet) price = Math.max(1000, Math.round(price * (1 + (random() - 0.5) * 0.02)));
    bars.open[row] = first;
    bars.close[row] = price;
    bars.high[row] = Math.max(first, price) + (isQuiet ? 0 : Math.floor(random() * 500));
    bars.low[row] = Math.min(first, price) - (isQuiet ? 0 : Math.floor(random() * 500));
    bars.volume[row] = isQuiet ? 0 : Math.floor(random() * 1_000_000);
  }
  return bars;
}

export function barAt(bars: Bars, row: number): Bar {
  return {
    open: bars.open[row] ?? NaN,
    high: bars.high[row] ?? NaN,
    low: bars.low[row] ?? NaN,
    close: bars.close[row] ?? NaN,
    volume: bars.volume[row] ?? NaN,
  };
}

/** Rows `from` to before `to`. */
export function barsBetween(bars: Bars, from: number, to: number): Bars {
  return {
    open: bars.open.subarray(from, to),
    high: bars.high.subarray(from, to),
    low: bars.low.subarray(from, to),
    close: bars.close.subarray(from, to),
    volume: bars.volume.subarray(from, to),
  };
}
