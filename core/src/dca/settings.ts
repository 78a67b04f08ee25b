// SPDX-License-Identifier: Apache-2.0
// What a person sets on a DCA bot: plain JSON data with decimals as text, checked field by field.

import { lotsForVolume, orderFault, slippedBuy } from '../bot/order-rules.ts';
import type { ChoiceField, DecimalField, FieldError, FieldsOf } from '../settings/field.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import { averageTicks, heldLots, type Ratio } from '../position.ts';
import { divCeil, type PriceTicks } from '../units.ts';
import { botContradictions, DCA_BOT_FIELDS } from './bot-settings.ts';
import { boughtAt, rungPrice, stopLossPrice, takeProfitTicks } from './ladder.ts';
import {
  formatRatioPercent,
  termsOf,
  type DcaSettings,
  type Terms,
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
  maxSlippage: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: 0,
    most: 10,
    default: '1',
  },
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
  return ladderErrors(settings);
}

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol): every order the ladder would
 * place keeps the venue's limits, and the base order's coins can be sold at take profit and at stop loss.
 */
export function checkDcaSettings(
  settings: DcaSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const symbol of settings.symbols) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    const price = prices[symbol];
    if (instrument === undefined || price === undefined || !(price >= instrument.minTicks)) {
      errors.push({
        field: 'symbols',
        expected: 'symbols the venue trades, each with a price',
        found: symbol,
      });
      continue;
    }
    if (price > 0) checkSymbol(errors, settings, instrument, price, feeRatePpm);
  }
  return errors;
}

function ladderErrors(settings: DcaSettings): FieldError[] {
  const last = termsOf(settings).rungs.at(-1);
  if (last === undefined) return [];
  const deviation = last.deviation;
  const found = `${formatRatioPercent(deviation)} %`;
  if (deviation.numerator >= 100n * deviation.denominator) {
    return [
      {
        field: 'safetyOrderStep',
        expected: 'a last safety order less than 100 % below the base order',
        found,
      },
    ];
  }
  const stopLoss = termsOf(settings).stopLoss;
  if (
    stopLoss !== null &&
    stopLoss.numerator * deviation.denominator <= deviation.numerator * stopLoss.denominator
  ) {
    return [
      {
        field: 'stopLoss',
        expected: `more than the deviation of the last safety order (${found})`,
        found: settings.stopLoss ?? '',
      },
    ];
  }
  return [];
}

function checkSymbol(
  errors: FieldError[],
  settings: DcaSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
): void {
  const terms = termsOf(settings);
  const baseLots = lotsForVolume(instrument, terms.baseVolume, price);
  const limit =
    settings.baseOrderType === 'market' ? slippedBuy(instrument, price, terms.maxSlippage) : price;
  const baseFault =
    orderFault(instrument, price, baseLots) ?? orderFault(instrument, limit, baseLots);
  if (baseFault !== null) {
    errors.push({
      field: 'baseOrderVolume',
      expected: `${instrument.symbol}: ${baseFault.expected}`,
      found: baseFault.found,
    });
    return;
  }
  const position = boughtAt(instrument, [{ priceTicks: price, lots: baseLots }], feeRatePpm);
  const average = averageTicks(position, instrument);
  if (average === null) {
    errors.push({
      field: 'baseOrderVolume',
      expected: `${instrument.symbol}: coins left after the fee`,
      found: formatQuantity(instrument, baseLots),
    });
    return;
  }
  const held = heldLots(position, instrument);
  checkExits(errors, { settings, terms, instrument, average, held, feeRatePpm });
  checkRungs(errors, terms, instrument, average);
}

function checkExits(
  errors: FieldError[],
  given: {
    readonly settings: DcaSettings;
    readonly terms: Terms;
    readonly instrument: Instrument;
    readonly average: Ratio;
    readonly held: number;
    readonly feeRatePpm: number;
  },
): void {
  const { instrument, terms, average, held } = given;
  const takeProfit = takeProfitTicks(average, terms.takeProfit, given.feeRatePpm);
  const takeProfitFault = orderFault(instrument, takeProfit, held);
  if (takeProfitFault !== null) {
    errors.push({
      field: takeProfitFault.rule === 'maxPrice' ? 'takeProfit' : 'baseOrderVolume',
      expected: `${instrument.symbol}: a base order whose coins can be sold at take profit (${takeProfitFault.expected})`,
      found: takeProfitFault.found,
    });
  }
  if (terms.stopLoss === null || takeProfitFault !== null) return;
  const stop = stopLossPrice(average, terms.stopLoss);
  const slip = terms.maxSlippage;
  const worst = Number(
    divCeil(
      stop.numerator * (100n * slip.denominator - slip.numerator),
      stop.denominator * 100n * slip.denominator,
    ),
  );
  const stopFault = orderFault(instrument, worst, held);
  if (stopFault !== null) {
    errors.push({
      field: 'baseOrderVolume',
      expected: `${instrument.symbol}: a base order whose coins can be sold at stop loss (${stopFault.expected})`,
      found: stopFault.found,
    });
  }
}

function checkRungs(
  errors: FieldError[],
  terms: Terms,
  instrument: Instrument,
  average: Ratio,
): void {
  for (const [index, rung] of terms.rungs.entries()) {
    const ticks = rungPrice(average, rung.deviation);
    const lots = ticks > 0 ? lotsForVolume(instrument, rung.volume, ticks) : 0;
    const fault = orderFault(instrument, ticks, lots);
    if (fault === null) continue;
    const order = `safety order ${index + 1} of ${formatQuantity(instrument, lots)} at ${formatPrice(instrument, ticks)} (${formatNotional(instrument, ticks, lots)})`;
    errors.push({
      field: fault.rule === 'minPrice' ? 'safetyOrderStep' : 'safetyOrderVolume',
      expected: `${instrument.symbol}: ${fault.expected}`,
      found: order,
    });
    return;
  }
}
