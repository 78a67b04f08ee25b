// SPDX-License-Identifier: Apache-2.0
// Conditions on which a bot starts, averages or closes a deal, as settings: what each kind is made of.

import type {
  ChoiceField,
  DecimalField,
  FieldError,
  IntegerField,
  ListField,
  VariantField,
} from '../settings/field.ts';

export const CONDITION_INTERVALS = [
  '1m',
  '3m',
  '5m',
  '15m',
  '30m',
  '1h',
  '2h',
  '4h',
  '6h',
  '8h',
  '12h',
  '1d',
  '3d',
  '1w',
  '1M',
] as const;

export type ConditionInterval = (typeof CONDITION_INTERVALS)[number];

/** A crossing is from one closed candle to the next: from at most the value to above it, or at least to below. */
export const COMPARISONS = ['below', 'above', 'crossesBelow', 'crossesAbove'] as const;

export type Comparison = (typeof COMPARISONS)[number];

interface OnInterval {
  readonly interval: ConditionInterval;
}

interface Compared extends OnInterval {
  readonly comparison: Comparison;
  /** Decimal text. */
  readonly value: string;
}

export interface OscillatorCondition<Kind extends 'rsi' | 'mfi' | 'cci' | 'adx'> extends Compared {
  readonly kind: Kind;
  readonly period: number;
}

export interface UltCondition extends Compared {
  readonly kind: 'ult';
  readonly shortPeriod: number;
  readonly middlePeriod: number;
  readonly longPeriod: number;
}

/** Compares %B: 0 at the lower band, 1 at the upper. */
export interface BollingerCondition extends Compared {
  readonly kind: 'bollinger';
  readonly period: number;
  readonly deviation: string;
}

/** Compares the average over `fastPeriod` with that over `slowPeriod`. */
export interface MaCrossCondition extends OnInterval {
  readonly kind: 'maCross';
  readonly average: 'ema' | 'sma';
  readonly fastPeriod: number;
  readonly slowPeriod: number;
  readonly comparison: Comparison;
}

/** Compares the line with its signal, and asks where the line is if that matters. */
export interface MacdCondition extends OnInterval {
  readonly kind: 'macd';
  readonly fastPeriod: number;
  readonly slowPeriod: number;
  readonly signalPeriod: number;
  readonly comparison: Comparison;
  readonly line: 'any' | 'belowZero' | 'aboveZero';
}

/** Compares %K with a value, and asks for a crossing of %K and %D if that matters. */
export interface StochasticCondition extends Compared {
  readonly kind: 'stochastic';
  readonly kPeriod: number;
  readonly smoothing: number;
  readonly dPeriod: number;
  readonly cross: 'any' | 'kCrossesAboveD' | 'kCrossesBelowD';
}

/** `up`: the stop lies below the price; `turnsUp`: since this candle. */
export type TrendSide = 'up' | 'down' | 'turnsUp' | 'turnsDown';

export interface ParabolicSarCondition extends OnInterval {
  readonly kind: 'parabolicSar';
  readonly step: string;
  readonly maximum: string;
  readonly trend: TrendSide;
}

export interface SupertrendCondition extends OnInterval {
  readonly kind: 'supertrend';
  readonly period: number;
  readonly multiplier: string;
  readonly trend: TrendSide;
}

/** The last `candles` Heikin-Ashi candles are all of one colour. */
export interface HeikinAshiCondition extends OnInterval {
  readonly kind: 'heikinAshi';
  readonly candles: number;
  readonly colour: 'green' | 'red';
}

/** Compares the change of the close over the last `candles` candles, in percent. */
export interface PriceChangeCondition extends Compared {
  readonly kind: 'priceChange';
  readonly candles: number;
}

export type RatingSide = 'buyOrStrongBuy' | 'strongBuy' | 'sellOrStrongSell' | 'strongSell';

/** What averages and oscillators say together, as TradingView rates in its screener. */
export interface TechnicalRatingCondition extends OnInterval {
  readonly kind: 'technicalRating';
  readonly rating: RatingSide;
}

/** At least so much was traded in the last 24 hours, in quote. */
export interface VolumeCondition {
  readonly kind: 'volume24h';
  readonly atLeast: string;
}

export type Condition =
  | OscillatorCondition<'rsi'>
  | OscillatorCondition<'mfi'>
  | OscillatorCondition<'cci'>
  | OscillatorCondition<'adx'>
  | UltCondition
  | BollingerCondition
  | MaCrossCondition
  | MacdCondition
  | StochasticCondition
  | ParabolicSarCondition
  | SupertrendCondition
  | HeikinAshiCondition
  | PriceChangeCondition
  | TechnicalRatingCondition
  | VolumeCondition;

export type ConditionKind = Condition['kind'];

/** An exponential average over more candles would need thousands before it could be trusted. */
const PERIOD_MOST = 500;
const CONDITIONS_MOST = 10;
const HEIKIN_ASHI_MOST = 10;

function period(byDefault: number, least = 1): IntegerField {
  return { kind: 'integer', unit: 'candles', least, most: PERIOD_MOST, default: byDefault };
}

function value(byDefault: string, least: number, most: number): DecimalField {
  return { kind: 'decimal', unit: 'none', decimals: 6, least, most, default: byDefault };
}

const INTERVAL: ChoiceField<ConditionInterval> = {
  kind: 'choice',
  typeName: 'ConditionInterval',
  choices: CONDITION_INTERVALS,
  default: '1h',
};
const COMPARISON: ChoiceField<Comparison> = {
  kind: 'choice',
  choices: COMPARISONS,
  default: 'below',
};
const CROSSING: ChoiceField<Comparison> = {
  kind: 'choice',
  choices: COMPARISONS,
  default: 'crossesAbove',
};
const TREND: ChoiceField<TrendSide> = {
  kind: 'choice',
  choices: ['turnsUp', 'turnsDown', 'up', 'down'],
  default: 'turnsUp',
};

/** One condition. */
export const CONDITION_FIELD: VariantField<Condition> = {
  kind: 'variant',
  typeName: 'Condition',
  variants: {
    rsi: {
      interval: INTERVAL,
      period: period(14),
      comparison: COMPARISON,
      value: value('30', 0, 100),
    },
    mfi: {
      interval: INTERVAL,
      period: period(14),
      comparison: COMPARISON,
      value: value('20', 0, 100),
    },
    cci: {
      interval: INTERVAL,
      period: period(20, 2),
      comparison: COMPARISON,
      value: value('-100', -10_000, 10_000),
    },
    adx: {
      interval: INTERVAL,
      period: period(14, 2),
      comparison: { ...COMPARISON, default: 'above' },
      value: value('25', 0, 100),
    },
    ult: {
      interval: INTERVAL,
      shortPeriod: period(7),
      middlePeriod: period(14),
      longPeriod: period(28),
      comparison: COMPARISON,
      value: value('30', 0, 100),
    },
    bollinger: {
      interval: INTERVAL,
      period: period(20, 2),
      deviation: { kind: 'decimal', unit: 'none', decimals: 2, above: 0, most: 10, default: '2' },
      comparison: COMPARISON,
      value: value('0', -10, 10),
    },
    maCross: {
      interval: INTERVAL,
      average: { kind: 'choice', choices: ['ema', 'sma'], default: 'ema' },
      fastPeriod: period(20),
      slowPeriod: period(50),
      comparison: CROSSING,
    },
    macd: {
      interval: INTERVAL,
      fastPeriod: period(12),
      slowPeriod: period(26),
      signalPeriod: period(9),
      comparison: CROSSING,
      line: { kind: 'choice', choices: ['any', 'belowZero', 'aboveZero'], default: 'any' },
    },
    stochastic: {
      interval: INTERVAL,
      kPeriod: period(14),
      smoothing: period(3),
      dPeriod: period(3),
      comparison: COMPARISON,
      value: value('20', 0, 100),
      cross: {
        kind: 'choice',
        choices: ['any', 'kCrossesAboveD', 'kCrossesBelowD'],
        default: 'any',
      },
    },
    parabolicSar: {
      interval: INTERVAL,
      step: { kind: 'decimal', unit: 'none', decimals: 4, above: 0, most: 1, default: '0.02' },
      maximum: { kind: 'decimal', unit: 'none', decimals: 4, above: 0, most: 1, default: '0.2' },
      trend: TREND,
    },
    supertrend: {
      interval: INTERVAL,
      period: period(10),
      multiplier: { kind: 'decimal', unit: 'none', decimals: 2, above: 0, most: 20, default: '3' },
      trend: TREND,
    },
    heikinAshi: {
      interval: INTERVAL,
      candles: {
        kind: 'integer',
        unit: 'candles',
        least: 1,
        most: HEIKIN_ASHI_MOST,
        default: 3,
      },
      colour: { kind: 'choice', choices: ['green', 'red'], default: 'green' },
    },
    priceChange: {
      interval: INTERVAL,
      candles: period(1),
      comparison: COMPARISON,
      value: {
        kind: 'decimal',
        unit: 'percent',
        decimals: 4,
        least: -100,
        most: 10_000,
        default: '-1',
      },
    },
    technicalRating: {
      interval: INTERVAL,
      rating: {
        kind: 'choice',
        choices: ['buyOrStrongBuy', 'strongBuy', 'sellOrStrongSell', 'strongSell'],
        default: 'buyOrStrongBuy',
      },
    },
    volume24h: {
      atLeast: { kind: 'decimal', unit: 'quote', decimals: 8, least: 0, default: '1000000' },
    },
  },
};

/** Conditions that must all be met. */
export const CONDITIONS_FIELD: ListField<Condition> = {
  kind: 'list',
  item: CONDITION_FIELD,
  least: 1,
  most: CONDITIONS_MOST,
};

/** What no single field can say about `conditions`, whose path in the settings is `at`; empty when they are sound. */
export function conditionErrors(conditions: readonly Condition[], at: string): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, condition] of conditions.entries()) {
    const refuse = (field: string, expected: string, found: string | number): void => {
      errors.push({ field: `${at}[${index}].${field}`, expected, found: JSON.stringify(found) });
    };
    if (condition.kind === 'maCross' || condition.kind === 'macd') {
      const { fastPeriod, slowPeriod } = condition;
      if (fastPeriod >= slowPeriod) {
        refuse('fastPeriod', `less than the slow period of ${slowPeriod}`, fastPeriod);
      }
    }
    if (condition.kind === 'ult') {
      const { shortPeriod, middlePeriod, longPeriod } = condition;
      if (shortPeriod >= middlePeriod) {
        refuse('shortPeriod', `less than the middle period of ${middlePeriod}`, shortPeriod);
      }
      if (middlePeriod >= longPeriod) {
        refuse('middlePeriod', `less than the long period of ${longPeriod}`, middlePeriod);
      }
    }
    if (condition.kind === 'parabolicSar' && Number(condition.step) > Number(condition.maximum)) {
      refuse('step', `at most the maximum of ${condition.maximum}`, condition.step);
    }
  }
  return errors;
}
