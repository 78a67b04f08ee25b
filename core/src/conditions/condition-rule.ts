// SPDX-License-Identifier: Apache-2.0
// What each kind of condition reads from which candles, when it is met, and how that is said to a person.

import { intervalLengthMs, type Interval } from '../candle-interval.ts';
import { cci } from '../indicators/commodity-channel.ts';
import { adx } from '../indicators/directional-movement.ts';
import { bollinger } from '../indicators/bollinger.ts';
import { heikinAshi } from '../indicators/heikin-ashi.ts';
import type { Bar, Bars, Indicator } from '../indicators/indicator.ts';
import { macd } from '../indicators/macd.ts';
import { mfi } from '../indicators/money-flow.ts';
import { emaPair, smaPair } from '../indicators/moving-average.ts';
import { parabolicSar } from '../indicators/parabolic-sar.ts';
import { rateOfChange } from '../indicators/rate-of-change.ts';
import { rsi } from '../indicators/relative-strength.ts';
import { rollingVolume } from '../indicators/rolling-volume.ts';
import { stochastic } from '../indicators/stochastic.ts';
import { technicalRating } from '../indicators/technical-rating.ts';
import { supertrend } from '../indicators/true-range.ts';
import { ult } from '../indicators/ultimate-oscillator.ts';
import type { Instrument } from '../instrument.ts';
import type { Comparison, Condition, RatingSide, TrendSide } from './condition.ts';

/** Values of an indicator for one candle, in the order of its outputs. NaN is a value that does not exist. */
export type Values = readonly number[];

/** A condition with everything that is needed to watch it. */
export interface ConditionRule {
  readonly condition: Condition;
  readonly interval: Interval;
  /** Candles of `interval` in a row before it can be known. */
  readonly candles: number;
  /** Whether enough is known after so many candles: a rating waits for more when some had no trade. */
  isKnown(current: Values): boolean;
  /** Plain JSON data. */
  start(): unknown;
  next(state: unknown, bar: Bar): Values | undefined;
  columns(bars: Bars): readonly Float64Array[];
  /** `previous` are the values of the candle before. */
  isMet(previous: Values, current: Values): boolean;
  /** 'RSI(14)' */
  readonly label: string;
  /** The value that counts, as text. */
  valueText(current: Values): string;
  /** What is asked of it: 'below 30'. */
  readonly demand: string;
}

const DAY_MS = 86_400_000;

/** How numbers of `instrument` are made of ticks and lots. */
interface Scale {
  readonly tickSize: number;
  readonly priceDecimals: number;
  /** Quote for one tick times one lot. */
  readonly quoteUnit: number;
}

/** The rule of `condition` for candles of `instrument` that come as `base`. */
export function conditionRule(
  condition: Condition,
  base: Interval,
  instrument: Instrument,
): ConditionRule {
  const scale = scaleOf(instrument);
  switch (condition.kind) {
    case 'rsi':
      return oscillator(condition, rsi, { period: condition.period }, `RSI(${condition.period})`);
    case 'mfi':
      return oscillator(condition, mfi, { period: condition.period }, `MFI(${condition.period})`);
    case 'cci':
      return oscillator(condition, cci, { period: condition.period }, `CCI(${condition.period})`);
    case 'adx':
      return oscillator(condition, adx, { period: condition.period }, `ADX(${condition.period})`);
    case 'ult': {
      const { shortPeriod, middlePeriod, longPeriod } = condition;
      const label = `ULT(${shortPeriod}, ${middlePeriod}, ${longPeriod})`;
      return oscillator(condition, ult, { shortPeriod, middlePeriod, longPeriod }, label);
    }
    case 'bollinger': {
      const { period, deviation } = condition;
      const settings = { period, deviation: Number(deviation) };
      return oscillator(condition, bollinger, settings, `%B(${period}, ${deviation})`);
    }
    case 'priceChange':
      return oscillator(
        condition,
        rateOfChange,
        { period: condition.candles },
        `change over ${condition.candles}`,
        ' %',
      );
    case 'maCross': {
      const { average, fastPeriod, slowPeriod, comparison, interval } = condition;
      const settings = { fastPeriod, slowPeriod };
      const [name, other] = [average.toUpperCase(), `${average.toUpperCase()}(${slowPeriod})`];
      const shared = {
        condition,
        interval,
        label: `${name}(${fastPeriod})`,
        demand: `${compareWord(comparison)} ${other}`,
        needsPrevious: isCrossing(comparison),
        isMet: ([wasFast = NaN, wasSlow = NaN]: Values, [fast = NaN, slow = NaN]: Values) =>
          compares(comparison, wasFast - wasSlow, fast - slow, 0),
        valueText: ([fast = NaN, slow = NaN]: Values) =>
          `${priceText(fast, scale)}, ${other} ${priceText(slow, scale)}`,
      };
      return average === 'ema'
        ? ruleOf(emaPair, settings, shared)
        : ruleOf(smaPair, settings, shared);
    }
    case 'macd': {
      const { fastPeriod, slowPeriod, signalPeriod, comparison, line: side, interval } = condition;
      const where = {
        any: '',
        belowZero: ', the line below zero',
        aboveZero: ', the line above zero',
      };
      return ruleOf(
        macd,
        { fastPeriod, slowPeriod, signalPeriod },
        {
          condition,
          interval,
          label: `MACD(${fastPeriod}, ${slowPeriod}, ${signalPeriod})`,
          demand: `${compareWord(comparison)} its signal${where[side]}`,
          needsPrevious: isCrossing(comparison),
          isMet: ([wasLine = NaN, wasSignal = NaN], [line = NaN, signal = NaN]) =>
            compares(comparison, wasLine - wasSignal, line - signal, 0) &&
            (side === 'any' || (side === 'belowZero' ? line < 0 : line > 0)),
          valueText: ([line = NaN, signal = NaN]) =>
            `${priceText(line, scale)}, signal ${priceText(signal, scale)}`,
        },
      );
    }
    case 'stochastic': {
      const { kPeriod, smoothing, dPeriod, comparison, value, cross, interval } = condition;
      const crossing = {
        any: '',
        kCrossesAboveD: ', %K crossing above %D',
        kCrossesBelowD: ', %K crossing below %D',
      };
      return ruleOf(
        stochastic,
        { kPeriod, smoothing, dPeriod },
        {
          condition,
          interval,
          label: `Stochastic(${kPeriod}, ${smoothing}, ${dPeriod})`,
          demand: `%K ${compareWord(comparison)} ${value}${crossing[cross]}`,
          needsPrevious: isCrossing(comparison) || cross !== 'any',
          isMet: ([wasK = NaN, wasD = NaN], [k = NaN, d = NaN]) =>
            compares(comparison, wasK, k, Number(value)) &&
            (cross === 'any' ||
              compares(
                cross === 'kCrossesAboveD' ? 'crossesAbove' : 'crossesBelow',
                wasK - wasD,
                k - d,
                0,
              )),
          valueText: ([k = NaN, d = NaN]) => `%K ${numberText(k)}, %D ${numberText(d)}`,
        },
      );
    }
    case 'parabolicSar': {
      const { step, maximum, trend, interval } = condition;
      const settings = { step: Number(step), maximum: Number(maximum) };
      const label = `Parabolic SAR(${step}, ${maximum})`;
      return ruleOf(parabolicSar, settings, {
        condition,
        interval,
        label,
        ...trendTerms(trend, scale),
      });
    }
    case 'supertrend': {
      const { period, multiplier, trend, interval } = condition;
      const settings = { period, multiplier: Number(multiplier) };
      const label = `Supertrend(${period}, ${multiplier})`;
      return ruleOf(supertrend, settings, {
        condition,
        interval,
        label,
        ...trendTerms(trend, scale),
      });
    }
    case 'heikinAshi': {
      const { candles, colour, interval } = condition;
      const wanted = colour === 'green' ? candles : -candles;
      return ruleOf(
        heikinAshi,
        { runMost: candles },
        {
          condition,
          interval,
          label: 'Heikin-Ashi',
          demand: `${candles} ${colour} in a row`,
          needsPrevious: false,
          isMet: (_, [, , , , run = NaN]) => run === wanted,
          valueText: ([, , , , run = NaN]) =>
            run === 0 ? 'no colour' : `${Math.abs(run)} ${run > 0 ? 'green' : 'red'}`,
        },
      );
    }
    case 'technicalRating': {
      const { rating, interval } = condition;
      const settled = technicalRating.settledAfter({});
      return ruleOf(
        technicalRating,
        {},
        {
          condition,
          interval,
          label: 'Technical rating',
          demand: RATING_WORDS[rating],
          needsPrevious: false,
          // Candles without a trade are no candles for a rating.
          isKnown: ([, , , traded = 0]) => traded >= settled,
          isMet: (_, [all = NaN]) => isRated(rating, all),
          valueText: ([all = NaN]) => numberText(all),
        },
      );
    }
    case 'volume24h': {
      const least = Number(condition.atLeast);
      return ruleOf(
        rollingVolume,
        { period: DAY_MS / intervalLengthMs(base) },
        {
          condition,
          interval: base,
          label: '24 h volume',
          demand: `at least ${condition.atLeast} ${instrument.quoteAsset}`,
          needsPrevious: false,
          isMet: (_, [amount = NaN]) => amount * scale.quoteUnit >= least,
          valueText: ([amount = NaN]) =>
            `${(amount * scale.quoteUnit).toFixed(2)} ${instrument.quoteAsset}`,
        },
      );
    }
  }
}

/** What a rule says beyond its indicator. */
interface Terms extends Omit<ConditionRule, 'candles' | 'isKnown' | 'start' | 'next' | 'columns'> {
  /** Whether the values of the candle before matter. */
  readonly needsPrevious: boolean;
  readonly isKnown?: (current: Values) => boolean;
}

const ALWAYS = (): boolean => true;

function ruleOf<Settings, State, Output extends string>(
  indicator: Indicator<Settings, State, Output>,
  settings: Settings,
  { needsPrevious, isKnown = ALWAYS, ...terms }: Terms,
): ConditionRule {
  const { outputs } = indicator;
  return {
    ...terms,
    isKnown,
    candles: indicator.settledAfter(settings) + (needsPrevious ? 1 : 0),
    start: () => indicator.start(settings),
    next(state, bar) {
      // A state comes back to the rule that made it, at times by way of a snapshot of the same settings.
      const values = indicator.next(state as State, bar);
      return values === undefined ? undefined : outputs.map((output) => values[output]);
    },
    columns(bars) {
      const columns = indicator.columns(bars, settings);
      return outputs.map((output) => columns[output]);
    },
  };
}

/** The first output is compared with a number. */
function oscillator<Settings, State, Output extends string>(
  condition: Extract<Condition, { readonly comparison: Comparison; readonly value: string }>,
  indicator: Indicator<Settings, State, Output>,
  settings: Settings,
  label: string,
  unit = '',
): ConditionRule {
  const { comparison, interval } = condition;
  const value = Number(condition.value);
  return ruleOf(indicator, settings, {
    condition,
    interval,
    label,
    demand: `${compareWord(comparison)} ${condition.value}${unit}`,
    needsPrevious: isCrossing(comparison),
    isMet: ([was = NaN], [is = NaN]) => compares(comparison, was, is, value),
    valueText: ([is = NaN]) => `${numberText(is)}${unit}`,
  });
}

/** Of an indicator whose outputs are a price and the trend, 1 or −1. */
function trendTerms(
  trend: TrendSide,
  scale: Scale,
): Pick<Terms, 'demand' | 'needsPrevious' | 'isMet' | 'valueText'> {
  const side = trend === 'up' || trend === 'turnsUp' ? 1 : -1;
  const isTurn = trend === 'turnsUp' || trend === 'turnsDown';
  return {
    demand: `${isTurn ? 'turning ' : ''}${side > 0 ? 'up' : 'down'}`,
    needsPrevious: isTurn,
    isMet: ([, was = NaN], [, is = NaN]) => is === side && (!isTurn || was === -side),
    valueText: ([stop = NaN, is = NaN]) => `${priceText(stop, scale)} ${is > 0 ? 'up' : 'down'}`,
  };
}

const RATING_WORDS: Readonly<Record<RatingSide, string>> = {
  buyOrStrongBuy: 'buy or strong buy',
  strongBuy: 'strong buy',
  sellOrStrongSell: 'sell or strong sell',
  strongSell: 'strong sell',
};

function isRated(side: RatingSide, rating: number): boolean {
  switch (side) {
    case 'buyOrStrongBuy':
      return rating > 0.1;
    case 'strongBuy':
      return rating > 0.5;
    case 'sellOrStrongSell':
      return rating < -0.1;
    case 'strongSell':
      return rating < -0.5;
  }
}

/** NaN meets nothing. */
function compares(comparison: Comparison, was: number, is: number, value: number): boolean {
  switch (comparison) {
    case 'below':
      return is < value;
    case 'above':
      return is > value;
    case 'crossesBelow':
      return was >= value && is < value;
    case 'crossesAbove':
      return was <= value && is > value;
  }
}

function isCrossing(comparison: Comparison): boolean {
  return comparison === 'crossesBelow' || comparison === 'crossesAbove';
}

function compareWord(comparison: Comparison): string {
  const words: Readonly<Record<Comparison, string>> = {
    below: 'below',
    above: 'above',
    crossesBelow: 'crossing below',
    crossesAbove: 'crossing above',
  };
  return words[comparison];
}

function scaleOf({ tickUnits, priceScale, lotUnits, quantityScale }: Instrument): Scale {
  return {
    tickSize: tickUnits / Number(`1e${priceScale}`),
    priceDecimals: priceScale,
    quoteUnit: (tickUnits * lotUnits) / Number(`1e${priceScale + quantityScale}`),
  };
}

function numberText(value: number): string {
  return Number.isNaN(value) ? 'without a value' : value.toFixed(2);
}

/** Two digits more than the price has: averages lie between ticks. */
function priceText(ticks: number, { tickSize, priceDecimals }: Scale): string {
  return Number.isNaN(ticks)
    ? 'without a value'
    : (ticks * tickSize).toFixed(Math.min(priceDecimals + 2, 20));
}
