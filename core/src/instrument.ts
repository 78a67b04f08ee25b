// SPDX-License-Identifier: Apache-2.0
// A tradable symbol and the rules an order on it must keep.

import { formatDecimal, parseDecimal, toScaled, trimDecimal, type Parsed } from './decimal.ts';
import { priceTicks, quantityLots, type PriceTicks, type QuantityLots } from './units.ts';

/** Decimals in which amounts of any asset are held; commissions come at this scale. */
export const ASSET_SCALE = 8;

/** How an instrument is described by its venue: all numbers as decimal text. */
export interface InstrumentRules {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly tickSize: string;
  readonly lotSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
  readonly minQuantity: string;
  readonly maxQuantity: string;
  /** Least and most order value in quote; '0' means none. */
  readonly minNotional: string;
  readonly maxNotional: string;
  /** Whether two orders may be placed of which one ends the other (OCO); left out for no. */
  readonly takesPairs?: boolean;
}

/**
 * An instrument with its rules as integers. An amount in quote is `ticks × lots`, in units of
 * `tickSize × lotSize`; `maxNotional` keeps every such product of one order below 2^53.
 */
export interface Instrument {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  /** tickSize = tickUnits / 10^priceScale */
  readonly tickUnits: number;
  readonly priceScale: number;
  /** lotSize = lotUnits / 10^quantityScale */
  readonly lotUnits: number;
  readonly quantityScale: number;
  readonly minTicks: PriceTicks;
  readonly maxTicks: PriceTicks;
  readonly minLots: QuantityLots;
  readonly maxLots: QuantityLots;
  /** In ticks × lots, the least rounded up, the most rounded down. */
  readonly minNotional: number;
  readonly maxNotional: number;
  /** There where two orders may be placed of which one ends the other. */
  readonly takesPairs?: true;
}

/** The instrument that `rules` describe. Throws RangeError naming the field that is out of range. */
export function makeInstrument(rules: InstrumentRules): Instrument {
  const tick = splitStep(rules.tickSize, 'tickSize');
  const lot = splitStep(rules.lotSize, 'lotSize');
  const scale = tick.scale + lot.scale;
  const notionalUnit = BigInt(tick.units) * BigInt(lot.units);
  const minNotional = toScaled(rules.minNotional, Math.max(scale, 18), 'minNotional');
  const maxNotional = toScaled(rules.maxNotional, Math.max(scale, 18), 'maxNotional');
  const spread = 10n ** BigInt(Math.max(scale, 18) - scale) * notionalUnit;
  const most = BigInt(Number.MAX_SAFE_INTEGER);
  const maxUnits = maxNotional === 0n ? most : maxNotional / spread;
  return {
    symbol: rules.symbol,
    baseAsset: rules.baseAsset,
    quoteAsset: rules.quoteAsset,
    tickUnits: tick.units,
    priceScale: tick.scale,
    lotUnits: lot.units,
    quantityScale: lot.scale,
    minTicks: priceTicks(wholeSteps(rules.minPrice, tick, 'minPrice', 'up')),
    maxTicks: priceTicks(wholeSteps(rules.maxPrice, tick, 'maxPrice', 'down')),
    minLots: quantityLots(wholeSteps(rules.minQuantity, lot, 'minQuantity', 'up')),
    maxLots: quantityLots(wholeSteps(rules.maxQuantity, lot, 'maxQuantity', 'down')),
    minNotional: Number((minNotional + spread - 1n) / spread),
    maxNotional: Number(maxUnits < most ? maxUnits : most),
    ...(rules.takesPairs === true ? { takesPairs: true as const } : {}),
  };
}

/** `text` as a price of `instrument`; refuses one that is no whole number of ticks. */
export function parsePrice(instrument: Instrument, text: string): Parsed<PriceTicks> {
  const steps = parseSteps(text, instrument.priceScale, instrument.tickUnits, 'tick size');
  return steps.ok ? { ok: true, value: priceTicks(steps.value) } : steps;
}

/** `text` as a quantity of `instrument`; refuses one that is no whole number of lots. */
export function parseQuantity(instrument: Instrument, text: string): Parsed<QuantityLots> {
  const steps = parseSteps(text, instrument.quantityScale, instrument.lotUnits, 'lot size');
  return steps.ok ? { ok: true, value: quantityLots(steps.value) } : steps;
}

/** `ticks` as decimal text with all decimals of the instrument: '3095.40'. */
export function formatPrice(instrument: Instrument, ticks: number): string {
  return formatDecimal(BigInt(ticks) * BigInt(instrument.tickUnits), instrument.priceScale);
}

/** `lots` as decimal text with all decimals of the instrument: '0.0324'. */
export function formatQuantity(instrument: Instrument, lots: number): string {
  return formatDecimal(BigInt(lots) * BigInt(instrument.lotUnits), instrument.quantityScale);
}

/** Decimals of a `ticks × lots` amount. */
export function notionalScale(instrument: Instrument): number {
  return instrument.priceScale + instrument.quantityScale;
}

/** `ticks × lots` as an integer at `notionalScale(instrument)` decimals of the quote asset. */
export function toNotional(instrument: Instrument, ticks: number, lots: number): bigint {
  return BigInt(ticks) * BigInt(lots) * BigInt(instrument.tickUnits) * BigInt(instrument.lotUnits);
}

/** `ticks × lots` as decimal text in the quote asset, without trailing zeros. */
export function formatNotional(instrument: Instrument, ticks: number, lots: number): string {
  return trimDecimal(formatDecimal(toNotional(instrument, ticks, lots), notionalScale(instrument)));
}

interface Step {
  readonly units: number;
  readonly scale: number;
}

function splitStep(text: string, field: string): Step {
  const trimmed = trimDecimal(text);
  const scale = trimmed.includes('.') ? trimmed.length - trimmed.indexOf('.') - 1 : 0;
  const units = Number(toScaled(trimmed, scale, field));
  if (!Number.isSafeInteger(units) || units <= 0) {
    throw new RangeError(`${field} must be positive, was ${text}`);
  }
  return { units, scale };
}

function wholeSteps(text: string, step: Step, field: string, rounding: 'up' | 'down'): number {
  const scale = Math.max(step.scale, 18);
  const value = toScaled(text, scale, field);
  const unit = BigInt(step.units) * 10n ** BigInt(scale - step.scale);
  const steps = Number(rounding === 'up' ? (value + unit - 1n) / unit : value / unit);
  if (!Number.isSafeInteger(steps)) {
    throw new RangeError(`${field} must stay below 2^53 steps, was ${text}`);
  }
  return steps;
}

function parseSteps(text: string, scale: number, units: number, name: string): Parsed<number> {
  const parsed = parseDecimal(text, scale);
  if (!parsed.ok) return parsed;
  const step = BigInt(units);
  if (parsed.value < 0n || parsed.value % step !== 0n) {
    const size = formatDecimal(step, scale);
    return {
      ok: false,
      reason: `expected a multiple of the ${name} ${size} and ≥ 0, found ${text}`,
    };
  }
  const steps = Number(parsed.value / step);
  if (!Number.isSafeInteger(steps)) return { ok: false, reason: `${text} is too large` };
  return { ok: true, value: steps };
}
