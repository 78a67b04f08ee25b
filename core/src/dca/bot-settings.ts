// SPDX-License-Identifier: Apache-2.0
// The part of a DCA bot's settings that speaks of the bot and not of one deal: when deals start and how many, what
// signals do, and how earlier profit changes the size of orders.

import { CONDITIONS_FIELD, conditionErrors, type Condition } from '../conditions/condition.ts';
import { toScaled } from '../decimal.ts';
import type { ProfitCurrency } from '../position.ts';
import type { DecimalField, FieldError, FieldsOf, IntegerField } from '../settings/field.ts';

/** Plain JSON data with decimals as text. */
export interface DcaBotSettings {
  /**
   * `immediately`: whenever there is a place for one. `conditions`: at the close of a candle at which all of
   * `startConditions` are met. `signal`: when a signal comes and they are met, where there are any. `manually`: when
   * a person says so.
   */
  readonly startTrigger: 'immediately' | 'conditions' | 'signal' | 'manually';
  readonly startConditions?: readonly Condition[];
  /** From the decision to start a deal to its base order. */
  readonly startDelaySeconds: number;
  /** Per symbol, counted from the close of the deal. */
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  readonly maxActiveDealsPerSymbol: number;
  /** The bot stops when it has opened so many deals since it was started; absent means never. */
  readonly stopAfterDeals?: number;
  /** A deal starts only while its base order would trade at least and at most at these prices. */
  readonly minPrice?: string;
  readonly maxPrice?: string;
  /** The same in percent above (or below zero, below) the symbol's last price when the bot was started. */
  readonly minPricePercent?: string;
  readonly maxPricePercent?: string;
  /**
   * `price`: safety orders rest in the market. `conditions` and `signal`: the next one is sent when all of
   * `safetyOrderConditions` are met as a candle closes, or when a signal comes, if the price has passed its own.
   */
  readonly safetyOrderTrigger: 'price' | 'conditions' | 'signal';
  readonly safetyOrderConditions?: readonly Condition[];
  /** What closes a deal beside its take profit, if it has earned `minProfit`. */
  readonly closeTrigger: 'none' | 'conditions' | 'signal';
  readonly closeConditions?: readonly Condition[];
  /** What `minProfit` is a percentage of: all the deal moved into its position, its base order, or `none`: no minimum. */
  readonly minProfitType: 'total' | 'base' | 'none';
  readonly minProfit: string;
  /** How much of the bot's profit so far enlarges its next orders, and of its loss so far makes them smaller, in percent. */
  readonly reinvest: string;
  readonly riskReduction: string;
}

const MAX_ACTIVE_DEALS = 199;
const MAX_DEALS_COUNTED = 1_000_000;
/** Thirty days. */
const MAX_PAUSE_SECONDS = 2_592_000;
const PRICE_DECIMALS = 12;
const PERCENT_DECIMALS = 6;

const PAUSE: IntegerField = { kind: 'integer', unit: 'seconds', least: 0, most: MAX_PAUSE_SECONDS };
const PRICE: DecimalField = { kind: 'decimal', unit: 'price', decimals: PRICE_DECIMALS, above: 0 };
const PRICE_PERCENT: DecimalField = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  least: -95,
  most: 1000,
};
const SHARE: DecimalField = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  least: 0,
  most: 100,
  default: '0',
};

export const DCA_BOT_FIELDS: FieldsOf<DcaBotSettings> = {
  startTrigger: {
    kind: 'choice',
    choices: ['immediately', 'conditions', 'signal', 'manually'],
    default: 'immediately',
  },
  startConditions: { ...CONDITIONS_FIELD, optional: true },
  startDelaySeconds: { ...PAUSE, default: 0 },
  cooldownSeconds: PAUSE,
  maxActiveDeals: { kind: 'integer', unit: 'none', least: 1, most: MAX_ACTIVE_DEALS },
  maxActiveDealsPerSymbol: {
    kind: 'integer',
    unit: 'none',
    least: 1,
    most: MAX_ACTIVE_DEALS,
    default: 1,
  },
  stopAfterDeals: {
    kind: 'integer',
    unit: 'none',
    least: 1,
    most: MAX_DEALS_COUNTED,
    optional: true,
  },
  minPrice: { ...PRICE, optional: true },
  maxPrice: { ...PRICE, optional: true },
  minPricePercent: { ...PRICE_PERCENT, optional: true },
  maxPricePercent: { ...PRICE_PERCENT, optional: true },
  safetyOrderTrigger: {
    kind: 'choice',
    choices: ['price', 'conditions', 'signal'],
    default: 'price',
  },
  safetyOrderConditions: { ...CONDITIONS_FIELD, optional: true },
  closeTrigger: { kind: 'choice', choices: ['none', 'conditions', 'signal'], default: 'none' },
  closeConditions: { ...CONDITIONS_FIELD, optional: true },
  minProfitType: { kind: 'choice', choices: ['total', 'base', 'none'], default: 'total' },
  minProfit: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: 0,
    most: 1000,
    default: '0.5',
  },
  reinvest: SHARE,
  riskReduction: SHARE,
};

/** What single fields cannot say about the bot's part of the settings. */
export function botContradictions(
  settings: DcaBotSettings & {
    readonly symbols: readonly string[];
    readonly profitCurrency: ProfitCurrency;
    readonly baseOrderVolumeType: string;
    readonly safetyOrderVolumeType: string;
  },
): FieldError[] {
  const errors: FieldError[] = [];
  const triggered = [
    ['startTrigger', 'startConditions', ['immediately']],
    ['safetyOrderTrigger', 'safetyOrderConditions', ['price']],
    ['closeTrigger', 'closeConditions', ['none']],
  ] as const;
  for (const [trigger, field, without] of triggered) {
    const conditions = settings[field];
    const chosen = settings[trigger];
    if (conditions === undefined) {
      if (chosen !== 'conditions') continue;
      const expected = `at least one condition while ${trigger} is conditions`;
      errors.push({ field, expected, found: 'none' });
    } else if (without.some((choice) => choice === chosen)) {
      const expected = `no conditions while ${trigger} is ${chosen}`;
      errors.push({ field, expected, found: `${conditions.length}` });
    } else {
      errors.push(...conditionErrors(conditions, field));
    }
  }
  if (settings.startTrigger === 'immediately' && settings.maxActiveDealsPerSymbol > 1) {
    errors.push({
      field: 'maxActiveDealsPerSymbol',
      expected: '1 while deals start immediately: they would all open at one price',
      found: String(settings.maxActiveDealsPerSymbol),
    });
  }
  errors.push(...orderErrors(settings, 'minPrice', 'maxPrice'));
  errors.push(...orderErrors(settings, 'minPricePercent', 'maxPricePercent'));
  errors.push(...reinvestErrors(settings, 'reinvest'));
  errors.push(...reinvestErrors(settings, 'riskReduction'));
  if (settings.symbols.length > 1) {
    for (const field of ['minPrice', 'maxPrice'] as const) {
      const found = settings[field];
      if (found === undefined) continue;
      const expected = 'one symbol; several have no price in common, limits in percent fit them';
      errors.push({ field, expected, found });
    }
  }
  return errors;
}

/** Profit can only enlarge orders whose volume is in its own asset. */
function reinvestErrors(
  settings: Parameters<typeof botContradictions>[0],
  field: 'reinvest' | 'riskReduction',
): FieldError[] {
  const found = settings[field];
  if (toScaled(found, PERCENT_DECIMALS, field) === 0n) return [];
  const { profitCurrency, baseOrderVolumeType, safetyOrderVolumeType, symbols } = settings;
  if (baseOrderVolumeType !== profitCurrency || safetyOrderVolumeType !== profitCurrency) {
    const expected = `0 unless both volumes are in ${profitCurrency}, as the profit is`;
    return [{ field, expected, found }];
  }
  if (profitCurrency === 'base' && symbols.length > 1) {
    const expected = '0 while several symbols earn different coins';
    return [{ field, expected, found }];
  }
  return [];
}

function orderErrors(
  settings: DcaBotSettings,
  least: 'minPrice' | 'minPricePercent',
  most: 'maxPrice' | 'maxPricePercent',
): FieldError[] {
  const from = settings[least];
  const to = settings[most];
  if (from === undefined || to === undefined) return [];
  if (toScaled(from, PRICE_DECIMALS, least) < toScaled(to, PRICE_DECIMALS, most)) return [];
  return [{ field: most, expected: `more than ${least} (${from})`, found: to }];
}
