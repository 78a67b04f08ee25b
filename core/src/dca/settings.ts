// SPDX-License-Identifier: Apache-2.0
// What a person sets on a DCA bot: plain JSON data with decimals as text, checked field by field.

import { parseDecimal } from '../decimal.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import { averageTicks, heldLots, type Ratio } from '../position.ts';
import { divCeil, type PriceTicks } from '../units.ts';
import { boughtAt, rungPrice, stopLossPrice, takeProfitTicks } from './ladder.ts';
import { lotsForVolume, orderFault, slippedBuy } from './order-rules.ts';
import { formatRatioPercent, termsOf, type DcaSettings, type Terms } from './terms.ts';

export type { DcaSettings } from './terms.ts';

export interface SettingsError {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

export type ParsedSettings =
  | { readonly ok: true; readonly settings: DcaSettings }
  | { readonly ok: false; readonly errors: readonly SettingsError[] };

/** Most safety orders of one deal; keeps ladders, state and rejections bounded. */
export const MAX_SAFETY_ORDERS = 200;
const MAX_SYMBOLS = 200;
const MAX_ACTIVE_DEALS = 199;
const MAX_COOLDOWN_SECONDS = 2_592_000;
const DEFAULT_MAX_SLIPPAGE = '1';
/** Decimals a percentage, a scale and a volume may have. */
const PERCENT_DECIMALS = 6;
const SCALE_DECIMALS = 4;
const VOLUME_DECIMALS = 8;

/**
 * `input` as settings, or every wrong field at once: what was expected there and what was found. Unknown
 * fields are refused; `maxSlippage` is '1' when absent.
 */
export function parseDcaSettings(input: unknown): ParsedSettings {
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return {
      ok: false,
      errors: [{ field: 'settings', expected: 'an object', found: shown(input) }],
    };
  }
  const reader = new FieldReader(input);
  const name = reader.text(
    'name',
    'a text of 1 to 80 characters, none of them a control or formatting character',
    /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]{1,80}$/u,
  );
  const symbols = reader.symbols();
  const baseOrderVolume = reader.decimal('baseOrderVolume', VOLUME_DECIMALS, { above: 0 });
  const baseOrderType = reader.choice('baseOrderType', ['market', 'limit'] as const);
  const safetyOrderVolume = reader.decimal('safetyOrderVolume', VOLUME_DECIMALS, { above: 0 });
  const safetyOrderStep = reader.decimal('safetyOrderStep', PERCENT_DECIMALS, {
    above: 0,
    below: 100,
  });
  const maxSafetyOrders = reader.integer('maxSafetyOrders', 0, MAX_SAFETY_ORDERS);
  const most = maxSafetyOrders ?? MAX_SAFETY_ORDERS;
  const maxActiveSafetyOrders = reader.integer('maxActiveSafetyOrders', Math.min(1, most), most);
  const volumeScale = reader.decimal('volumeScale', SCALE_DECIMALS, { least: 0.1, most: 10 });
  const stepScale = reader.decimal('stepScale', SCALE_DECIMALS, { least: 0.1, most: 10 });
  const takeProfit = reader.decimal('takeProfit', PERCENT_DECIMALS, { above: 0, most: 1000 });
  const stopLoss = reader.has('stopLoss')
    ? reader.decimal('stopLoss', PERCENT_DECIMALS, { above: 0, below: 100 })
    : undefined;
  const cooldownSeconds = reader.integer('cooldownSeconds', 0, MAX_COOLDOWN_SECONDS);
  const maxActiveDeals = reader.integer('maxActiveDeals', 1, MAX_ACTIVE_DEALS);
  const maxSlippage = reader.has('maxSlippage')
    ? reader.decimal('maxSlippage', PERCENT_DECIMALS, { least: 0, most: 10 })
    : DEFAULT_MAX_SLIPPAGE;
  reader.refuseUnknown();
  if (
    reader.errors.length > 0 ||
    name === null ||
    symbols === null ||
    baseOrderVolume === null ||
    baseOrderType === null ||
    safetyOrderVolume === null ||
    safetyOrderStep === null ||
    maxSafetyOrders === null ||
    maxActiveSafetyOrders === null ||
    volumeScale === null ||
    stepScale === null ||
    takeProfit === null ||
    stopLoss === null ||
    cooldownSeconds === null ||
    maxActiveDeals === null ||
    maxSlippage === null
  ) {
    return { ok: false, errors: reader.errors };
  }
  const settings: DcaSettings = Object.freeze({
    name,
    symbols: Object.freeze(symbols),
    baseOrderVolume,
    baseOrderType,
    safetyOrderVolume,
    safetyOrderStep,
    maxSafetyOrders,
    maxActiveSafetyOrders,
    volumeScale,
    stepScale,
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
    cooldownSeconds,
    maxActiveDeals,
    maxSlippage,
  });
  const errors = ladderErrors(settings);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, settings };
}

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol): every order the ladder would
 * place keeps the venue's limits, and the base order's coins can be sold at take profit and at stop loss.
 */
export function checkSettings(
  settings: DcaSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly SettingsError[] {
  const errors: SettingsError[] = [];
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

function ladderErrors(settings: DcaSettings): SettingsError[] {
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
  errors: SettingsError[],
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
  errors: SettingsError[],
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
  errors: SettingsError[],
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

interface DecimalBounds {
  readonly above?: number;
  readonly least?: number;
  readonly below?: number;
  readonly most?: number;
}

class FieldReader {
  readonly errors: SettingsError[] = [];
  readonly #fields: ReadonlyMap<string, unknown>;
  readonly #known = new Set<string>();

  constructor(input: object) {
    this.#fields = new Map(Object.entries(input));
  }

  has(field: string): boolean {
    this.#known.add(field);
    return this.#fields.has(field);
  }

  text(field: string, expected: string, pattern: RegExp): string | null {
    const value = this.#take(field);
    if (typeof value === 'string' && pattern.test(value)) return value;
    return this.#refuse(field, expected, value);
  }

  choice<T extends string>(field: string, choices: readonly T[]): T | null {
    const value = this.#take(field);
    const chosen = choices.find((choice) => choice === value);
    return chosen ?? this.#refuse(field, `one of ${choices.join(', ')}`, value);
  }

  integer(field: string, least: number, most: number): number | null {
    const value = this.#take(field);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most) {
      return value;
    }
    return this.#refuse(field, `a whole number from ${least} to ${most}`, value);
  }

  decimal(field: string, decimals: number, bounds: DecimalBounds): string | null {
    const value = this.#take(field);
    if (typeof value === 'string') {
      const parsed = parseDecimal(value, decimals);
      if (parsed.ok && isWithin(parsed.value, decimals, bounds)) return value;
    }
    const expected = `a decimal number as text, ${describe(bounds)}, at most ${decimals} decimals`;
    return this.#refuse(field, expected, value);
  }

  symbols(): string[] | null {
    const value = this.#take('symbols');
    const expected = `1 to ${MAX_SYMBOLS} different symbols`;
    if (!Array.isArray(value)) return this.#refuse('symbols', expected, value);
    const symbols: string[] = [];
    for (const symbol of value) {
      if (typeof symbol !== 'string' || !/^[A-Za-z0-9_.:/-]{1,40}$/.test(symbol)) {
        return this.#refuse('symbols', expected, symbol);
      }
      if (symbols.includes(symbol)) return this.#refuse('symbols', expected, symbol);
      symbols.push(symbol);
    }
    if (symbols.length < 1 || symbols.length > MAX_SYMBOLS) {
      return this.#refuse('symbols', expected, value);
    }
    return symbols;
  }

  refuseUnknown(): void {
    for (const [field, value] of this.#fields) {
      if (!this.#known.has(field)) this.#refuse(field, 'no such field', value);
    }
  }

  #take(field: string): unknown {
    this.#known.add(field);
    return this.#fields.get(field);
  }

  #refuse(field: string, expected: string, value: unknown): null {
    this.errors.push({ field, expected, found: shown(value) });
    return null;
  }
}

/** Bounds have at most one decimal, so they are compared exactly in tenths. */
function isWithin(value: bigint, decimals: number, bounds: DecimalBounds): boolean {
  const tenths = value * 10n;
  const unit = 10n ** BigInt(decimals);
  const at = (bound: number): bigint => BigInt(Math.round(bound * 10)) * unit;
  const most = 10n ** 12n * 10n * unit;
  return (
    (bounds.above === undefined || tenths > at(bounds.above)) &&
    (bounds.least === undefined || tenths >= at(bounds.least)) &&
    (bounds.below === undefined || tenths < at(bounds.below)) &&
    (bounds.most === undefined ? tenths <= most : tenths <= at(bounds.most))
  );
}

function describe(bounds: DecimalBounds): string {
  const parts: string[] = [];
  if (bounds.above !== undefined) parts.push(`more than ${bounds.above}`);
  if (bounds.least !== undefined) parts.push(`at least ${bounds.least}`);
  if (bounds.below !== undefined) parts.push(`less than ${bounds.below}`);
  if (bounds.most !== undefined) parts.push(`at most ${bounds.most}`);
  return parts.join(', ');
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? typeof value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
