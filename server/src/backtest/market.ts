// SPDX-License-Identifier: Apache-2.0
// Makes of stored candles the instrument and the ticks that the trading machine works in.

import {
  formatDecimal,
  makeInstrument,
  parseDecimal,
  trimDecimal,
  type Candles,
  type Instrument,
  type InstrumentRules,
  type TickColumn,
} from '@kontor/core';

import {
  firstRowAtOrAfter,
  intervalMs,
  sliceColumns,
  type CandleColumns,
  type CandleSeries,
  type PriceColumn,
} from '../candles/index.ts';

const INT32_MAX = 2 ** 31 - 1;
/** Where a tick must be coarser than the data, it is still at most this part of the lowest price. */
const TICKS_PER_LOWEST_PRICE = 100_000;
/** Room for take profits above the highest price of the data. */
const HIGHEST_PRICE_FACTOR = 1_000n;
/** No step is finer than this many decimals: whole units would not stay below 2^53. */
const MAX_STEP_DECIMALS = 15;

/** Rules of the traded symbol; what is absent is taken from the data. Numbers are decimal text. */
export interface MarketRules {
  readonly tickSize?: string;
  readonly lotSize?: string;
  readonly minNotional?: string;
}

export interface MarketRequest {
  readonly series: CandleSeries;
  /** First opening time, and the first one left out. */
  readonly from: number;
  readonly to: number;
  readonly rules: MarketRules;
  /** The largest amount that an order may be worth. */
  readonly startBalanceQuote: string;
}

export interface Market {
  readonly instrument: Instrument;
  readonly rules: InstrumentRules;
  readonly candles: Candles;
  /** The same period as it stands in the file. */
  readonly columns: CandleColumns;
  /** Prices of the data that are no whole ticks and were rounded to the nearest, ties to even; of how many. */
  readonly roundedPrices: number;
  readonly prices: number;
  /** At most `count` candles of the data right before the period, in the same steps. */
  readonly before: (count: number) => Candles;
}

export interface MarketFault {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

export type MadeMarket =
  | { readonly ok: true; readonly market: Market }
  | { readonly ok: false; readonly fault: MarketFault };

/** The market of a period of `series`. The data's own steps are used wherever amounts in them stay exact. */
export function makeMarket(request: MarketRequest): MadeMarket {
  const { series } = request;
  const columns = sliceColumns(series.columns, request.from, request.to);
  const rows = columns.openTime.length;
  if (rows === 0) {
    return refuse('from, to', 'a period that holds candles', 'none');
  }
  const extremes = extremesOf(columns);
  const steps = chooseSteps(request, extremes);
  if (!steps.ok) return steps;
  const { tickSize, lotSize } = steps;
  const price = stepConverter(series.priceDecimals, tickSize);
  const lots = stepConverter(series.volumeDecimals, lotSize);
  if (price.toSteps(extremes.lowest) < 1) {
    return refuse(
      'tickSize',
      `at most the lowest price (${decimalText(extremes.lowest, series.priceDecimals)})`,
      tickSize,
    );
  }
  if (!price.isExactUpTo(extremes.highest)) {
    return refuse('tickSize', 'a size in which the highest price stays below 2^53 ticks', tickSize);
  }
  const rules = rulesOf(request, tickSize, lotSize, extremes.highest);
  const counter = { rounded: 0 };
  const isNarrow = price.toSteps(extremes.highest) <= INT32_MAX;
  const toCandles = (part: CandleColumns, fits32: boolean): Candles => {
    const ticks = (column: PriceColumn): TickColumn =>
      price.isSame ? column : convert(column, price, fits32, counter);
    return {
      intervalMs: intervalMs(series.interval),
      openTime: part.openTime,
      open: ticks(part.open),
      high: ticks(part.high),
      low: ticks(part.low),
      close: ticks(part.close),
      volume: lots.isSame
        ? part.volume
        : part.volume.map((units) => Math.min(lots.toWhole(units), Number.MAX_SAFE_INTEGER)),
    };
  };
  const candles = toCandles(columns, isNarrow);
  return {
    ok: true,
    market: {
      instrument: makeInstrument(rules),
      rules,
      columns,
      candles,
      roundedPrices: counter.rounded,
      prices: rows * 4,
      before: (count) => {
        const earlier = toCandles(candlesBefore(series.columns, request.from, count), false);
        // Prices below a tick of the period cannot be read in it.
        const first = earlier.low.findLastIndex((low) => low < 1) + 1;
        return first === 0 ? earlier : rowsFrom(earlier, first);
      },
    },
  };
}

function rowsFrom(candles: Candles, first: number): Candles {
  const { intervalMs: lengthMs, openTime, open, high, low, close, volume } = candles;
  return {
    intervalMs: lengthMs,
    openTime: openTime.subarray(first),
    open: open.subarray(first),
    high: high.subarray(first),
    low: low.subarray(first),
    close: close.subarray(first),
    volume: volume.subarray(first),
  };
}

/** At most `count` candles that open before `from`, the last ones there are. */
function candlesBefore(columns: CandleColumns, from: number, count: number): CandleColumns {
  const end = firstRowAtOrAfter(columns.openTime, from);
  const start = columns.openTime[Math.max(0, end - count)] ?? from;
  return sliceColumns(columns, Math.min(start, from), from);
}

interface Extremes {
  readonly lowest: number;
  readonly highest: number;
}

function extremesOf(columns: CandleColumns): Extremes {
  let lowest = Infinity;
  let highest = 0;
  const { low, high } = columns;
  for (let row = 0; row < low.length; row += 1) {
    lowest = Math.min(lowest, low[row] ?? Infinity);
    highest = Math.max(highest, high[row] ?? 0);
  }
  return { lowest, highest };
}

type Steps =
  | { readonly ok: true; readonly tickSize: string; readonly lotSize: string }
  | { readonly ok: false; readonly fault: MarketFault };

/**
 * An amount is ticks × lots and must stay below 2^53 for the whole balance. Where the data's decimals are too many
 * for that, the tick is coarsened first, then the lot.
 */
function chooseSteps(request: MarketRequest, { lowest }: Extremes): Steps {
  const { series, rules } = request;
  for (const field of ['tickSize', 'lotSize'] as const) {
    const fault = stepFault(field, rules[field]);
    if (fault !== undefined) return { ok: false, fault };
  }
  if (rules.minNotional !== undefined && !parseDecimal(rules.minNotional, MAX_STEP_DECIMALS).ok) {
    return refuse('minNotional', 'a decimal number of at least 0', rules.minNotional);
  }
  const decimals = decimalsOfAmounts(request.startBalanceQuote);
  if (decimals === undefined) {
    return refuse('balance', 'a decimal number above 0', request.startBalanceQuote);
  }
  const lotDecimals =
    rules.lotSize === undefined ? series.volumeDecimals : decimalsOf(rules.lotSize);
  const coarseTick = Math.max(
    0,
    Math.ceil(series.priceDecimals - Math.log10(lowest / TICKS_PER_LOWEST_PRICE)),
  );
  const isFine = series.priceDecimals + lotDecimals <= decimals;
  const tickDecimals = isFine ? series.priceDecimals : Math.min(series.priceDecimals, coarseTick);
  const tickSize = rules.tickSize ?? stepText(tickDecimals);
  const left = decimals - decimalsOf(tickSize);
  if (left < 0 || (rules.lotSize !== undefined && lotDecimals > left)) {
    return refuse(
      rules.lotSize === undefined ? 'tickSize' : 'lotSize',
      `steps in which a balance of ${request.startBalanceQuote} stays below 2^53; choose a coarser --tick-size or --lot-size or a smaller --balance`,
      `tick ${tickSize}, lot ${rules.lotSize ?? stepText(lotDecimals)}`,
    );
  }
  return {
    ok: true,
    tickSize,
    lotSize: rules.lotSize ?? stepText(Math.min(lotDecimals, left)),
  };
}

/** How many decimals tick and lot may have together. */
function decimalsOfAmounts(balance: string): number | undefined {
  const parsed = parseDecimal(balance, MAX_STEP_DECIMALS);
  if (!parsed.ok || parsed.value <= 0n) return undefined;
  const room = (BigInt(Number.MAX_SAFE_INTEGER) * 10n ** BigInt(MAX_STEP_DECIMALS)) / parsed.value;
  return String(room).length - 1;
}

function rulesOf(
  request: MarketRequest,
  tickSize: string,
  lotSize: string,
  highest: number,
): InstrumentRules {
  const { series } = request;
  const ceiling = BigInt(highest) * HIGHEST_PRICE_FACTOR;
  const tickCeiling = BigInt(Number.MAX_SAFE_INTEGER) * unitsOf(tickSize, MAX_STEP_DECIMALS);
  const atStepScale = ceiling * 10n ** BigInt(MAX_STEP_DECIMALS - series.priceDecimals);
  const maxPrice = atStepScale < tickCeiling ? atStepScale : tickCeiling;
  const maxLots = BigInt(Number.MAX_SAFE_INTEGER) * unitsOf(lotSize, MAX_STEP_DECIMALS);
  return {
    symbol: series.symbol,
    baseAsset: series.baseAsset,
    quoteAsset: series.quoteAsset,
    tickSize,
    lotSize,
    minPrice: tickSize,
    maxPrice: trimDecimal(formatDecimal(maxPrice, MAX_STEP_DECIMALS)),
    minQuantity: lotSize,
    maxQuantity: trimDecimal(formatDecimal(maxLots, MAX_STEP_DECIMALS)),
    minNotional: request.rules.minNotional ?? '0',
    maxNotional: '0',
    takesPairs: true,
  };
}

interface StepConverter {
  /** The data's units are the steps. */
  readonly isSame: boolean;
  /** Nothing up to `units` leaves the whole numbers below 2^53 on the way. */
  isExactUpTo(units: number): boolean;
  isWhole(units: number): boolean;
  /** To the nearest step, ties to even. */
  toSteps(units: number): number;
  /** Whole steps, rounded down. */
  toWhole(units: number): number;
}

/** Units of 10^-decimals to steps of `step`: units × numerator / denominator. */
function stepConverter(decimals: number, step: string): StepConverter {
  const stepScale = Math.max(decimals, decimalsOf(step));
  const numerator = Number(10n ** BigInt(stepScale - decimals));
  const denominator = Number(unitsOf(step, stepScale));
  return {
    isSame: numerator === denominator,
    isExactUpTo: (units) => units * numerator <= Number.MAX_SAFE_INTEGER,
    isWhole: (units) => (units * numerator) % denominator === 0,
    toSteps: (units) => {
      const scaled = units * numerator;
      const rest = scaled % denominator;
      const whole = (scaled - rest) / denominator;
      const isUp = rest * 2 > denominator || (rest * 2 === denominator && whole % 2 === 1);
      return isUp ? whole + 1 : whole;
    },
    toWhole: (units) => {
      const scaled = units * numerator;
      return (scaled - (scaled % denominator)) / denominator;
    },
  };
}

function convert(
  column: PriceColumn,
  converter: StepConverter,
  isNarrow: boolean,
  counter: { rounded: number },
): TickColumn {
  const ticks = isNarrow ? new Int32Array(column.length) : new Float64Array(column.length);
  let rounded = 0;
  for (let row = 0; row < column.length; row += 1) {
    const units = column[row] ?? 0;
    if (!converter.isWhole(units)) rounded += 1;
    ticks[row] = converter.toSteps(units);
  }
  counter.rounded += rounded;
  return ticks;
}

function stepFault(field: string, text: string | undefined): MarketFault | undefined {
  if (text === undefined) return undefined;
  const parsed = parseDecimal(text, MAX_STEP_DECIMALS);
  if (parsed.ok && parsed.value > 0n) return undefined;
  return {
    field,
    expected: `a decimal number above 0 with at most ${MAX_STEP_DECIMALS} decimals`,
    found: text,
  };
}

function decimalsOf(step: string): number {
  const text = trimDecimal(step);
  return text.includes('.') ? text.length - text.indexOf('.') - 1 : 0;
}

function unitsOf(step: string, scale: number): bigint {
  const parsed = parseDecimal(step, scale);
  return parsed.ok ? parsed.value : 0n;
}

function stepText(decimals: number): string {
  return formatDecimal(1n, decimals);
}

function decimalText(units: number, decimals: number): string {
  return trimDecimal(formatDecimal(BigInt(units), decimals));
}

function refuse(
  field: string,
  expected: string,
  found: string,
): { readonly ok: false; readonly fault: MarketFault } {
  return { ok: false, fault: { field, expected, found } };
}
