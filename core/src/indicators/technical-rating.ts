// SPDX-License-Identifier: Apache-2.0
// A technical rating: the mean of the votes of fifteen averages and of eleven oscillators, by the rules that
// TradingView publishes for the rating of its screener. Candles without a trade do not exist for it.

import { cci, type CciState } from './commodity-channel.ts';
import { adx, type AdxState } from './directional-movement.ts';
import { emptyColumn, slide, type Bar, type Indicator } from './indicator.ts';
import { macd, type MacdState } from './macd.ts';
import {
  emaSettledAfter,
  nextEma,
  nextSma,
  startEma,
  startSma,
  type EmaState,
  type SmaState,
} from './moving-average.ts';
import { rsi, type RsiState } from './relative-strength.ts';
import { stochastic, type StochasticState } from './stochastic.ts';
import { ult, type UltState } from './ultimate-oscillator.ts';

const PERIODS = [10, 20, 30, 50, 100, 200] as const;
const LONGEST = 200;
const VOLUME_WEIGHTED_PERIOD = 20;
const HULL_PERIOD = 9;
const MOMENTUM_PERIOD = 10;
const WILLIAMS_PERIOD = 14;
const POWER_PERIOD = 13;
/** The average that tells an uptrend from a downtrend. */
const TREND_PERIOD = 50;
const SETTLED_AFTER = emaSettledAfter(LONGEST);

export type TechnicalVote = -1 | 0 | 1;

/** Values that a vote compares with those one candle later; null before there was one. */
interface Before {
  rsi: number | null;
  cci: number | null;
  adx: number | null;
  awesome: number | null;
  awesomeTwice: number | null;
  williams: number | null;
  bull: number | null;
  bear: number | null;
}

export interface TechnicalRatingState {
  /** Candles with a trade, at most those after which it is settled. */
  traded: number;
  readonly closes: number[];
  readonly volumes: number[];
  readonly highs: number[];
  readonly lows: number[];
  readonly smas: readonly SmaState[];
  readonly emas: readonly EmaState[];
  readonly power: EmaState;
  readonly rsi: RsiState;
  readonly cci: CciState;
  readonly adx: AdxState;
  readonly stochastic: StochasticState;
  readonly stochasticRsi: StochasticState;
  readonly awesomeFast: SmaState;
  readonly awesomeSlow: SmaState;
  readonly macd: MacdState;
  readonly ult: UltState;
  readonly before: Before;
  /** What the last candle with a trade gave. */
  all: number;
  averages: number;
  oscillators: number;
}

/**
 * `all` is the mean of `averages` and `oscillators`, each from −1 (all sell) to 1 (all buy). `traded` counts candles
 * with a trade up to those after which the longest average is settled: a condition waits for them.
 */
export const technicalRating: Indicator<
  Readonly<Record<string, never>>,
  TechnicalRatingState,
  'all' | 'averages' | 'oscillators' | 'traded'
> = {
  outputs: ['all', 'averages', 'oscillators', 'traded'],
  warmUpCandles: () => LONGEST,
  settledAfter: () => SETTLED_AFTER,
  start: () => ({
    traded: 0,
    closes: [],
    volumes: [],
    highs: [],
    lows: [],
    smas: PERIODS.map((period) => startSma(period)),
    emas: PERIODS.map((period) => startEma(period)),
    power: startEma(POWER_PERIOD),
    rsi: rsi.start({ period: 14 }),
    cci: cci.start({ period: 20 }),
    adx: adx.start({ period: 14 }),
    stochastic: stochastic.start({ kPeriod: 14, smoothing: 3, dPeriod: 3 }),
    stochasticRsi: stochastic.start({ kPeriod: 14, smoothing: 3, dPeriod: 3 }),
    awesomeFast: startSma(5),
    awesomeSlow: startSma(34),
    macd: macd.start({ fastPeriod: 12, slowPeriod: 26, signalPeriod: 9 }),
    ult: ult.start({ shortPeriod: 7, middlePeriod: 14, longPeriod: 28 }),
    before: {
      rsi: null,
      cci: null,
      adx: null,
      awesome: null,
      awesomeTwice: null,
      williams: null,
      bull: null,
      bear: null,
    },
    all: 0,
    averages: 0,
    oscillators: 0,
  }),
  next(state, bar) {
    if (bar.volume > 0) vote(state, bar);
    if (state.traded < LONGEST) return undefined;
    const { all, averages, oscillators, traded } = state;
    return { all, averages, oscillators, traded };
  },
  columns(bars) {
    const rows = bars.close.length;
    const state = technicalRating.start({});
    const all = emptyColumn(rows);
    const averages = emptyColumn(rows);
    const oscillators = emptyColumn(rows);
    const traded = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      const volume = bars.volume[row] ?? 0;
      if (volume > 0) {
        vote(state, {
          open: bars.open[row] ?? 0,
          high: bars.high[row] ?? 0,
          low: bars.low[row] ?? 0,
          close: bars.close[row] ?? 0,
          volume,
        });
      }
      if (state.traded < LONGEST) continue;
      all[row] = state.all;
      averages[row] = state.averages;
      oscillators[row] = state.oscillators;
      traded[row] = state.traded;
    }
    return { all, averages, oscillators, traded };
  },
};

/** Takes a candle with a trade and counts the votes. */
function vote(state: TechnicalRatingState, bar: Bar): void {
  if (state.traded < SETTLED_AFTER) state.traded += 1;
  const { close } = bar;
  slide(state.closes, close, VOLUME_WEIGHTED_PERIOD);
  slide(state.volumes, bar.volume, VOLUME_WEIGHTED_PERIOD);
  const emas = state.emas.map((ema) => nextEma(ema, close));
  const averages = [
    ...emas,
    ...state.smas.map((sma) => nextSma(sma, close)),
    volumeWeighted(state.closes, state.volumes),
    hull(state.closes),
  ];
  // The fifteenth, Ichimoku's, needs its base beyond the middle of itself and the conversion line that must lie
  // beyond it: by the published rule it is always neutral, and so it is on every recorded bar.
  let sum = 0;
  for (const average of averages) sum += buyOrSell(average < close, average > close);
  state.averages = sum / (averages.length + 1);
  const trend = emas[PERIODS.indexOf(TREND_PERIOD)] ?? NaN;
  const votes = oscillatorVotes(state, bar, buyOrSell(close > trend, close < trend));
  sum = 0;
  for (const each of votes) sum += each;
  state.oscillators = sum / votes.length;
  state.all = (state.averages + state.oscillators) / 2;
}

/** RSI, stochastic, CCI, ADX, awesome oscillator, momentum, MACD, stochastic RSI, Williams %R, powers, ULT. */
function oscillatorVotes(
  state: TechnicalRatingState,
  bar: Bar,
  trend: TechnicalVote,
): readonly TechnicalVote[] {
  const { before, closes } = state;
  const { high, low, close } = bar;
  const strength = rsi.next(state.rsi, bar)?.value ?? NaN;
  const { k = NaN, d = NaN } = stochastic.next(state.stochastic, bar) ?? {};
  const channel = cci.next(state.cci, bar)?.value ?? NaN;
  const { adx: direction = NaN, plusDi = NaN, minusDi = NaN } = adx.next(state.adx, bar) ?? {};
  const middle = (high + low) / 2;
  const awesome = nextSma(state.awesomeFast, middle) - nextSma(state.awesomeSlow, middle);
  const last = closes.length - 1;
  const ago = closes[last - MOMENTUM_PERIOD] ?? NaN;
  const agoBefore = closes[last - MOMENTUM_PERIOD - 1] ?? NaN;
  const momentum = close - ago;
  const momentumBefore = (closes[last - 1] ?? NaN) - agoBefore;
  const { line = NaN, signal = NaN } = macd.next(state.macd, bar) ?? {};
  const still = { open: strength, high: strength, low: strength, close: strength, volume: 0 };
  const { k: kOfRsi = NaN, d: dOfRsi = NaN } = Number.isNaN(strength)
    ? {}
    : (stochastic.next(state.stochasticRsi, still) ?? {});
  slide(state.highs, high, WILLIAMS_PERIOD);
  slide(state.lows, low, WILLIAMS_PERIOD);
  const williams =
    state.highs.length < WILLIAMS_PERIOD
      ? NaN
      : belowHighest(Math.max(...state.highs), Math.min(...state.lows), close);
  const power = nextEma(state.power, close);
  const bull = high - power;
  const bear = low - power;
  const ultimate = ult.next(state.ult, bar)?.value ?? NaN;
  const was = {
    rsi: before.rsi ?? NaN,
    cci: before.cci ?? NaN,
    adx: before.adx ?? NaN,
    awesome: before.awesome ?? NaN,
    awesomeTwice: before.awesomeTwice ?? NaN,
    williams: before.williams ?? NaN,
    bull: before.bull ?? NaN,
    bear: before.bear ?? NaN,
  };
  before.rsi = orNull(strength);
  before.cci = orNull(channel);
  before.adx = orNull(direction);
  before.awesomeTwice = before.awesome;
  before.awesome = orNull(awesome);
  before.williams = orNull(williams);
  before.bull = orNull(bull);
  before.bear = orNull(bear);
  const isStrong = direction > 20 && direction > was.adx;
  return [
    buyOrSell(strength < 30 && strength > was.rsi, strength > 70 && strength < was.rsi),
    buyOrSell(k < 20 && d < 20 && k > d, k > 80 && d > 80 && k < d),
    buyOrSell(channel < -100 && channel > was.cci, channel > 100 && channel < was.cci),
    buyOrSell(isStrong && plusDi > minusDi, isStrong && plusDi < minusDi),
    // Through zero, or a saucer: two candles away from zero after one towards it.
    buyOrSell(
      awesome > 0 &&
        (was.awesome <= 0 || (awesome > was.awesome && was.awesome < was.awesomeTwice)),
      awesome < 0 &&
        (was.awesome >= 0 || (awesome < was.awesome && was.awesome > was.awesomeTwice)),
    ),
    buyOrSell(momentum > momentumBefore, momentum < momentumBefore),
    buyOrSell(line > signal, line < signal),
    buyOrSell(
      trend < 0 && kOfRsi < 20 && dOfRsi < 20 && kOfRsi > dOfRsi,
      trend > 0 && kOfRsi > 80 && dOfRsi > 80 && kOfRsi < dOfRsi,
    ),
    buyOrSell(williams < -80 && williams > was.williams, williams > -20 && williams < was.williams),
    buyOrSell(trend > 0 && bear < 0 && bear > was.bear, trend < 0 && bull > 0 && bull < was.bull),
    buyOrSell(ultimate > 70, ultimate < 30),
  ];
}

function buyOrSell(isBuy: boolean, isSell: boolean): TechnicalVote {
  if (isBuy) return 1;
  return isSell ? -1 : 0;
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Williams %R: from 0 at the highest to −100 at the lowest. */
function belowHighest(highest: number, lowest: number, close: number): number {
  return (100 * (close - highest)) / (highest - lowest);
}

function volumeWeighted(closes: readonly number[], volumes: readonly number[]): number {
  if (closes.length < VOLUME_WEIGHTED_PERIOD) return NaN;
  let money = 0;
  let volume = 0;
  for (const [index, close] of closes.entries()) {
    money += close * (volumes[index] ?? 0);
    volume += volumes[index] ?? 0;
  }
  return money / volume;
}

/** Hull's average: the weighted one over 3 of twice that over 4 less that over 9. */
function hull(closes: readonly number[]): number {
  const lags = 3;
  if (closes.length < HULL_PERIOD + lags - 1) return NaN;
  let sum = 0;
  for (let lag = 0; lag < lags; lag += 1) {
    const end = closes.length - lag;
    const half = Math.floor(HULL_PERIOD / 2);
    sum += (lags - lag) * (2 * weighted(closes, end, half) - weighted(closes, end, HULL_PERIOD));
  }
  return sum / ((lags * (lags + 1)) / 2);
}

/** The mean of the `period` values before `end`, the last weighing `period`, the first 1. */
function weighted(values: readonly number[], end: number, period: number): number {
  let sum = 0;
  for (let weight = 1; weight <= period; weight += 1) {
    sum += weight * (values[end - period + weight - 1] ?? NaN);
  }
  return sum / ((period * (period + 1)) / 2);
}
