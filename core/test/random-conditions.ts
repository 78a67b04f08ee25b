// SPDX-License-Identifier: Apache-2.0
// Random indicator conditions of every kind that a market of minutes can meet, for tests.

import { parseFields } from '../src/settings/field.ts';
import { CONDITION_FIELD } from '../src/conditions/condition.ts';
import type { Dice, Settings } from './random-settings.ts';

const COMPARISONS = ['below', 'above', 'crossesBelow', 'crossesAbove'] as const;
const TRENDS = ['up', 'down', 'turnsUp', 'turnsDown'] as const;

/** By kind; periods are short, so that an hour is enough to warm up. */
const CONDITIONS: Readonly<Record<string, (random: Dice) => Settings>> = {
  rsi: (random) => ({ period: 2 + random.below(5), ...compared(random, 30, 70) }),
  mfi: (random) => ({ period: 2 + random.below(5), ...compared(random, 30, 70) }),
  cci: (random) => ({ period: 3 + random.below(5), ...compared(random, -80, 80) }),
  adx: (random) => ({ period: 2 + random.below(3), ...compared(random, 15, 50) }),
  ult: (random) => ({
    shortPeriod: 2,
    middlePeriod: 3 + random.below(2),
    longPeriod: 5 + random.below(3),
    ...compared(random, 35, 65),
  }),
  bollinger: (random) => ({
    period: 4 + random.below(6),
    deviation: ['1', '1.5', '2'][random.below(3)],
    ...compared(random, 0.1, 0.9),
  }),
  maCross: (random) => ({
    average: random.chance(0.5) ? 'sma' : 'ema',
    fastPeriod: 2,
    slowPeriod: 3 + random.below(4),
    comparison: oneOf(random, COMPARISONS),
  }),
  macd: (random) => ({
    fastPeriod: 2,
    slowPeriod: 3 + random.below(3),
    signalPeriod: 2 + random.below(2),
    comparison: oneOf(random, COMPARISONS),
    line: oneOf(random, ['any', 'any', 'belowZero', 'aboveZero']),
  }),
  stochastic: (random) => ({
    kPeriod: 3 + random.below(4),
    smoothing: 1 + random.below(2),
    dPeriod: 2,
    ...compared(random, 25, 75),
    cross: oneOf(random, ['any', 'any', 'kCrossesAboveD', 'kCrossesBelowD']),
  }),
  parabolicSar: (random) => ({ step: '0.05', maximum: '0.3', trend: oneOf(random, TRENDS) }),
  supertrend: (random) => ({
    period: 2 + random.below(3),
    multiplier: ['0.5', '1'][random.below(2)],
    trend: oneOf(random, TRENDS),
  }),
  heikinAshi: (random) => ({
    candles: 1 + random.below(2),
    colour: random.chance(0.5) ? 'green' : 'red',
  }),
  priceChange: (random) => ({ candles: 1 + random.below(3), ...compared(random, -0.4, 0.4) }),
  technicalRating: (random) => ({
    rating: oneOf(random, ['buyOrStrongBuy', 'strongBuy', 'sellOrStrongSell', 'strongSell']),
  }),
  volume24h: (random) => ({ atLeast: random.chance(0.7) ? '1' : '1000000000' }),
};

/** A few conditions, all of which must be met. */
export function randomConditions(random: Dice): readonly Settings[] {
  return Array.from({ length: random.chance(0.65) ? 1 : 2 }, () => randomCondition(random));
}

function randomCondition(random: Dice): Settings {
  const kind = oneOf(random, Object.keys(CONDITIONS));
  const interval = oneOf(random, ['1m', '1m', '1m', '3m', '5m']);
  const condition = {
    kind,
    ...(kind === 'volume24h' ? {} : { interval }),
    ...CONDITIONS[kind]?.(random),
  };
  const parsed = parseFields({ condition: CONDITION_FIELD }, { condition }, 'condition');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return condition;
}

/** Conditions of a DCA bot in place of prices and at once. */
export function randomTriggers(random: Dice): Settings {
  const start = random.below(10);
  const safety = random.below(10);
  const close = random.below(10);
  return {
    ...(start < 6
      ? {
          startTrigger: start < 5 ? 'conditions' : 'signal',
          startConditions: randomConditions(random),
        }
      : {}),
    ...(safety < 4
      ? {
          safetyOrderTrigger: safety < 3 ? 'conditions' : 'signal',
          safetyOrderConditions: randomConditions(random),
        }
      : {}),
    ...(close < 5
      ? {
          closeTrigger: close < 4 ? 'conditions' : 'signal',
          closeConditions: randomConditions(random),
          minProfitType: oneOf(random, ['total', 'base', 'none']),
          minProfit: '0.05',
        }
      : {}),
  };
}

function compared(random: Dice, least: number, most: number): Settings {
  return {
    comparison: oneOf(random, COMPARISONS),
    value: (least + (most - least) * random.unit()).toFixed(2),
  };
}

function oneOf<T>(random: Dice, items: readonly T[]): T {
  const item = items[random.below(items.length)];
  if (item === undefined) throw new Error('expected something to choose from');
  return item;
}
