// SPDX-License-Identifier: Apache-2.0
// What a person sets on a DCA bot: plain JSON data with decimals as text, checked field by field.

import type { ChoiceField, DecimalField, FieldError, FieldsOf } from '../settings/field.ts';
import type { Ratio } from '../position.ts';
import { botContradictions, DCA_BOT_FIELDS } from './bot-settings.ts';
import {
  formatRatioPercent,
  termsOf,
  type DcaSettings,
  type StopLossMove,
  type VolumeType,
} from './terms.ts';

export type { DcaSettings } from './terms.ts';

/** Most safety orders of one deal; keeps ladders, state and rejections bounded. */
export const MAX_SAFETY_ORDERS = 200;
const MAX_SYMBOLS = 200;
const MAX_TAKE_PROFIT_STEPS = 4;
const MAX_STOP_LOSS_TIMEOUT_SECONDS = 86_400;
const MIN_CLOSE_TIMEOUT_SECONDS = 60;
/** Ten years. */
const MAX_CLOSE_TIMEOUT_SECONDS = 315_360_000;
/** Decimals a percentage, a scale and a volume may have. */
const PERCENT_DECIMALS = 6;
const SCALE_DECIMALS = 4;
const VOLUME_DECIMALS = 8;

const VOLUME_TYPE: ChoiceField<VolumeType> = {
  kind: 'choice',
  choices: ['quote', 'base', 'percent'],
};
const PROFIT: DecimalField = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  above: 0,
  most: 1000,
};

export const DCA_FIELDS: FieldsOf<Omit<DcaSettings, 'kind'>> = {
  name: { kind: 'text', lengthMax: 80 },
  symbols: { kind: 'symbols', least: 1, most: MAX_SYMBOLS },
  direction: { kind: 'choice', choices: ['long', 'short'], default: 'long' },
  profitCurrency: { kind: 'choice', choices: ['quote', 'base'], default: 'quote' },
  baseOrderVolume: { kind: 'decimal', unit: 'volume', decimals: VOLUME_DECIMALS, above: 0 },
  baseOrderVolumeType: { ...VOLUME_TYPE, default: 'quote' },
  baseOrderType: { kind: 'choice', choices: ['market', 'limit'] },
  safetyOrderVolume: { kind: 'decimal', unit: 'volume', decimals: VOLUME_DECIMALS, above: 0 },
  safetyOrderVolumeType: { ...VOLUME_TYPE, default: 'quote' },
  safetyOrderStep: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    above: 0,
    below: 100,
  },
  maxSafetyOrders: { kind: 'integer', unit: 'none', least: 0, most: MAX_SAFETY_ORDERS },
  maxActiveSafetyOrders: { kind: 'integer', unit: 'none', least: 0, most: MAX_SAFETY_ORDERS },
  volumeScale: { kind: 'decimal', unit: 'scale', decimals: SCALE_DECIMALS, least: 0.1, most: 10 },
  stepScale: { kind: 'decimal', unit: 'scale', decimals: SCALE_DECIMALS, least: 0.1, most: 10 },
  customSafetyOrders: {
    kind: 'list',
    item: {
      kind: 'group',
      fields: {
        deviation: {
          kind: 'decimal',
          unit: 'percent',
          decimals: PERCENT_DECIMALS,
          above: 0,
          most: 1000,
        },
        volume: { kind: 'decimal', unit: 'volume', decimals: VOLUME_DECIMALS, above: 0 },
      },
    },
    least: 1,
    most: MAX_SAFETY_ORDERS,
    optional: true,
  },
  takeProfit: { ...PROFIT, optional: true },
  takeProfitType: { kind: 'choice', choices: ['total', 'base'], default: 'total' },
  takeProfitSteps: {
    kind: 'list',
    item: {
      kind: 'group',
      fields: {
        profit: PROFIT,
        share: {
          kind: 'decimal',
          unit: 'percent',
          decimals: PERCENT_DECIMALS,
          above: 0,
          below: 100,
        },
      },
    },
    least: 2,
    most: MAX_TAKE_PROFIT_STEPS,
    optional: true,
  },
  trailingDeviation: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    above: 0,
    below: 100,
    optional: true,
  },
  stopLoss: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    above: 0,
    below: 100,
    optional: true,
  },
  stopLossFrom: { kind: 'choice', choices: ['base', 'average'], default: 'base' },
  stopLossTrailing: { kind: 'boolean', default: false },
  stopLossTimeoutSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 0,
    most: MAX_STOP_LOSS_TIMEOUT_SECONDS,
    default: 0,
  },
  stopLossMove: {
    kind: 'choice',
    choices: ['never', 'breakEven', 'firstStep', 'secondStep'],
    default: 'never',
  },
  stopLossAction: {
    kind: 'choice',
    choices: ['closeDeal', 'closeDealAndStopBot'],
    default: 'closeDeal',
  },
  closeTimeoutSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: MIN_CLOSE_TIMEOUT_SECONDS,
    most: MAX_CLOSE_TIMEOUT_SECONDS,
    optional: true,
  },
  ...DCA_BOT_FIELDS,
  postOnly: { kind: 'boolean', default: false },
  reserveSafetyOrders: { kind: 'boolean', default: true },
  maxSlippage: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: 0,
    most: 10,
    default: '1',
  },
};

/** How many take-profit steps a moved stop needs: the ones that move it, and one that is left. */
const STEPS_FOR_MOVE: Readonly<Record<StopLossMove, number>> = {
  never: 0,
  breakEven: 2,
  firstStep: 3,
  secondStep: 4,
};

/** What single fields cannot say: how `settings` of the right form contradict themselves. */
export function dcaContradictions(settings: DcaSettings): readonly FieldError[] {
  const ofBot = botContradictions(settings);
  if (ofBot.length > 0) return ofBot;
  const { maxSafetyOrders, maxActiveSafetyOrders } = settings;
  const least = settings.safetyOrderTrigger === 'price' ? Math.min(1, maxSafetyOrders) : 0;
  if (maxActiveSafetyOrders < least || maxActiveSafetyOrders > maxSafetyOrders) {
    return [
      {
        field: 'maxActiveSafetyOrders',
        expected: `a whole number from ${least} to ${maxSafetyOrders}`,
        found: String(maxActiveSafetyOrders),
      },
    ];
  }
  const errors = [
    ...volumeErrors(settings),
    ...customErrors(settings),
    ...takeProfitErrors(settings),
    ...stopLossErrors(settings),
  ];
  return errors.length > 0 ? errors : ladderErrors(settings);
}

/** Volumes in percent are of one sum, which is spent once. */
function volumeErrors(settings: DcaSettings): FieldError[] {
  const terms = termsOf(settings);
  let sum: Ratio = { numerator: 0n, denominator: 1n };
  if (settings.baseOrderVolumeType === 'percent') {
    sum = terms.baseVolume;
    if (isAbove(sum, 100n)) return [percentError('baseOrderVolume', sum)];
  }
  if (settings.safetyOrderVolumeType === 'percent') {
    for (const { volume } of terms.rungs) sum = added(sum, volume);
    if (isAbove(sum, 100n)) return [percentError('safetyOrderVolume', sum)];
  }
  return [];
}

function percentError(field: string, found: Ratio): FieldError {
  return {
    field,
    expected: 'at most 100 % for all orders of a deal together',
    found: `${formatRatioPercent(found)} %`,
  };
}

function customErrors(settings: DcaSettings): FieldError[] {
  const { customSafetyOrders, maxSafetyOrders } = settings;
  if (customSafetyOrders === undefined) return [];
  if (customSafetyOrders.length < maxSafetyOrders) {
    return [
      {
        field: 'customSafetyOrders',
        expected: `at least ${maxSafetyOrders}, the most safety orders of a deal`,
        found: String(customSafetyOrders.length),
      },
    ];
  }
  const errors: FieldError[] = [];
  const { rungs } = termsOf({ ...settings, maxSafetyOrders: customSafetyOrders.length });
  for (const [index, { deviation }] of rungs.entries()) {
    const before = rungs[index - 1];
    if (before === undefined || isLess(before.deviation, deviation)) continue;
    errors.push({
      field: `customSafetyOrders[${index}].deviation`,
      expected: `more than that of the safety order before (${formatRatioPercent(before.deviation)} %)`,
      found: formatRatioPercent(deviation),
    });
  }
  return errors;
}

function takeProfitErrors(settings: DcaSettings): FieldError[] {
  const { takeProfit, takeProfitSteps, trailingDeviation } = settings;
  const { takeProfits, trailingDeviation: trailing } = termsOf(settings);
  if (takeProfit !== undefined && takeProfitSteps !== undefined) {
    return [{ field: 'takeProfit', expected: 'nothing while there are steps', found: takeProfit }];
  }
  const last = takeProfits.at(-1);
  if (last === undefined) {
    const endsOtherwise =
      settings.closeTrigger !== 'none' ||
      settings.closeTimeoutSeconds !== undefined ||
      (settings.stopLossTrailing && settings.stopLoss !== undefined);
    if (!endsOtherwise) {
      return [
        {
          field: 'takeProfit',
          expected: 'a take profit, or a close trigger, a close timeout or a trailing stop loss',
          found: 'none of them',
        },
      ];
    }
    if (trailingDeviation === undefined) return [];
    return [
      {
        field: 'trailingDeviation',
        expected: 'nothing without a take profit',
        found: trailingDeviation,
      },
    ];
  }
  const errors: FieldError[] = [];
  let shares: Ratio = { numerator: 0n, denominator: 1n };
  for (const [index, { profit, share }] of takeProfits.entries()) {
    shares = added(shares, share);
    const field = takeProfitSteps === undefined ? 'takeProfit' : `takeProfitSteps[${index}].profit`;
    const before = takeProfits[index - 1];
    if (before !== undefined && !isLess(before.profit, profit)) {
      const expected = `more than that of the step before (${formatRatioPercent(before.profit)} %)`;
      errors.push({ field, expected, found: formatRatioPercent(profit) });
    }
    if (settings.direction === 'short' && !isLess(profit, HUNDRED)) {
      const expected = 'less than 100 for a short: no price falls below nothing';
      errors.push({ field, expected, found: formatRatioPercent(profit) });
    }
  }
  if (shares.numerator !== 100n * shares.denominator) {
    errors.push({
      field: 'takeProfitSteps',
      expected: 'shares that sum to 100 %',
      found: `${formatRatioPercent(shares)} %`,
    });
  }
  if (trailing !== null && !isLess(trailing, last.profit)) {
    errors.push({
      field: 'trailingDeviation',
      expected: `less than the last take profit (${formatRatioPercent(last.profit)} %), or it could close at a loss`,
      found: trailingDeviation ?? '',
    });
  }
  return errors;
}

function stopLossErrors(settings: DcaSettings): FieldError[] {
  const { stopLoss, stopLossMove } = settings;
  const refuse = (field: string, expected: string, found: string): FieldError[] => [
    { field, expected, found },
  ];
  if (stopLoss === undefined) {
    const without = 'without a stop loss';
    if (settings.stopLossTrailing) return refuse('stopLossTrailing', `false ${without}`, 'true');
    if (settings.stopLossTimeoutSeconds > 0) {
      const found = String(settings.stopLossTimeoutSeconds);
      return refuse('stopLossTimeoutSeconds', `0 ${without}`, found);
    }
    if (stopLossMove !== 'never') return refuse('stopLossMove', `never ${without}`, stopLossMove);
    if (settings.stopLossAction !== 'closeDeal') {
      return refuse('stopLossAction', `closeDeal ${without}`, settings.stopLossAction);
    }
  }
  const steps = settings.takeProfitSteps?.length ?? 1;
  const needed = STEPS_FOR_MOVE[stopLossMove];
  if (steps >= needed) return [];
  return refuse('stopLossMove', `never, or at least ${needed} take-profit steps`, `${steps}`);
}

function ladderErrors(settings: DcaSettings): FieldError[] {
  const { rungs, stopLoss } = termsOf(settings);
  const last = rungs.at(-1);
  if (last === undefined) return [];
  const { deviation } = last;
  const found = `${formatRatioPercent(deviation)} %`;
  if (settings.direction === 'long' && !isLess(deviation, HUNDRED)) {
    return [
      {
        field: settings.customSafetyOrders === undefined ? 'safetyOrderStep' : 'customSafetyOrders',
        expected: 'a last safety order less than 100 % below the base order',
        found,
      },
    ];
  }
  // A stop from the average moves with the ladder: whether it stays beyond it depends on prices.
  if (stopLoss === null || settings.stopLossFrom === 'average' || isLess(deviation, stopLoss)) {
    return [];
  }
  return [
    {
      field: 'stopLoss',
      expected: `more than the deviation of the last safety order (${found})`,
      found: settings.stopLoss ?? '',
    },
  ];
}

const HUNDRED: Ratio = Object.freeze({ numerator: 100n, denominator: 1n });

function isLess(left: Ratio, right: Ratio): boolean {
  return left.numerator * right.denominator < right.numerator * left.denominator;
}

function isAbove(value: Ratio, bound: bigint): boolean {
  return value.numerator > bound * value.denominator;
}

function added(left: Ratio, right: Ratio): Ratio {
  return {
    numerator: left.numerator * right.denominator + right.numerator * left.denominator,
    denominator: left.denominator * right.denominator,
  };
}
