// SPDX-License-Identifier: Apache-2.0
// What a person sets on a grid bot, checked field by field, together, and against the venue.

import { orderFault } from '../bot/order-rules.ts';
import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import type { Ratio } from '../position.ts';
import type { FieldError, FieldsOf } from '../settings/field.ts';
import { PPM, type PriceTicks } from '../units.ts';
import { cycleProfit, formatProfitPercent } from './profit.ts';
import { compareRatios, gridTermsOf, lotsAt, ratioOf, type GridSettings } from './terms.ts';
import { MAX_LINES_EXPANDED } from './deal.ts';
import { lineTicks } from './lattice.ts';

export const MAX_GRID_LINES = 200;
const PRICE_DECIMALS = 12;
const QUANTITY_DECIMALS = 8;
const PERCENT_DECIMALS = 6;

const PRICE = { kind: 'decimal', unit: 'price', decimals: PRICE_DECIMALS, above: 0 } as const;
const STOP = {
  price: PRICE,
  action: { kind: 'choice', choices: ['stop', 'stopAndSell', 'stopAndBuy'] },
} as const;

export const GRID_FIELDS: FieldsOf<Omit<GridSettings, 'kind'>> = {
  name: { kind: 'text', lengthMax: 80 },
  symbols: { kind: 'symbols', least: 1, most: 1 },
  lowerPrice: PRICE,
  upperPrice: PRICE,
  lines: { kind: 'integer', unit: 'none', least: 2, most: MAX_GRID_LINES },
  spacing: { kind: 'choice', choices: ['arithmetic', 'geometric'], default: 'arithmetic' },
  quantityPerLine: { kind: 'decimal', unit: 'none', decimals: QUANTITY_DECIMALS, above: 0 },
  quantityUnit: { kind: 'choice', choices: ['base', 'quote'], default: 'quote' },
  maxActiveBuyLines: {
    kind: 'integer',
    unit: 'none',
    least: 1,
    most: MAX_LINES_EXPANDED,
    default: MAX_LINES_EXPANDED,
  },
  maxActiveSellLines: {
    kind: 'integer',
    unit: 'none',
    least: 1,
    most: MAX_LINES_EXPANDED,
    default: MAX_LINES_EXPANDED,
  },
  profitCurrency: { kind: 'choice', choices: ['quote', 'base'], default: 'quote' },
  trailingUp: { kind: 'boolean', default: false },
  trailingDown: { kind: 'boolean', default: false },
  expansionUpTo: { ...PRICE, optional: true },
  expansionDownTo: { ...PRICE, optional: true },
  lowerStop: { kind: 'group', fields: STOP, optional: true },
  upperStop: { kind: 'group', fields: STOP, optional: true },
  takeProfitPrice: { ...PRICE, optional: true },
  startPrice: { ...PRICE, optional: true },
  initialBalancing: { kind: 'boolean', default: true },
  postOnly: { kind: 'boolean', default: false },
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
export function gridContradictions(settings: GridSettings): readonly FieldError[] {
  const errors: FieldError[] = [];
  const price = (text: string): Ratio => ratioOf(text, 'price');
  const isBelow = (low: string, high: string): boolean =>
    compareRatios(price(low), price(high)) < 0;
  const refuse = (field: string, expected: string, found: string): void => {
    errors.push({ field, expected, found });
  };
  const { lowerPrice, upperPrice, expansionUpTo, expansionDownTo } = settings;
  if (!isBelow(lowerPrice, upperPrice)) {
    refuse('upperPrice', `a price above the lower price ${lowerPrice}`, upperPrice);
    return errors;
  }
  // Money moves up and coins move down, so each way needs lines that are equal in what moves.
  if (settings.trailingUp && settings.quantityUnit !== 'quote') {
    refuse('trailingUp', 'off, or a quantity per line in quote', 'on');
  }
  if (settings.trailingDown && settings.quantityUnit !== 'base') {
    refuse('trailingDown', 'off, or a quantity per line in base', 'on');
  }
  if (expansionUpTo !== undefined && !isBelow(upperPrice, expansionUpTo)) {
    refuse('expansionUpTo', `a price above the upper price ${upperPrice}`, expansionUpTo);
  }
  if (expansionDownTo !== undefined && !isBelow(expansionDownTo, lowerPrice)) {
    refuse('expansionDownTo', `a price below the lower price ${lowerPrice}`, expansionDownTo);
  }
  if (errors.length > 0) return errors;
  const lowest = expansionDownTo ?? lowerPrice;
  const highest = expansionUpTo ?? upperPrice;
  const { lowerStop, upperStop, takeProfitPrice, startPrice } = settings;
  if (lowerStop !== undefined && !isBelow(lowerStop.price, lowest)) {
    refuse('lowerStop.price', `a price below the lowest line ${lowest}`, lowerStop.price);
  }
  if (upperStop !== undefined && !isBelow(highest, upperStop.price)) {
    refuse('upperStop.price', `a price above the highest line ${highest}`, upperStop.price);
  }
  if (takeProfitPrice !== undefined && !isBelow(lowerPrice, takeProfitPrice)) {
    refuse('takeProfitPrice', `a price above the lower price ${lowerPrice}`, takeProfitPrice);
  }
  if (startPrice !== undefined) errors.push(...priceFaults(settings, 'startPrice', startPrice));
  return errors;
}

/**
 * Whether the lines of `settings` can be traded on `instrument`: they stand apart, their orders keep the venue's
 * limits, what is bought can be sold again, and no line loses money for certain.
 */
export function gridSettingsFaults(
  settings: GridSettings,
  instrument: Instrument,
  feeRatePpm: number,
): readonly FieldError[] {
  const contradictions = gridContradictions(settings);
  if (contradictions.length > 0) return contradictions;
  return [
    ...lineFaults(settings, instrument, feeRatePpm),
    ...expansionFaults(settings, instrument),
  ];
}

/** As `gridSettingsFaults`, and whether the grid can start at `prices` (ticks by symbol). */
export function checkGridSettings(
  settings: GridSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  const [symbol = ''] = settings.symbols;
  const instrument = instruments.find((candidate) => candidate.symbol === symbol);
  const price = prices[symbol];
  if (instrument === undefined || price === undefined || !(price >= instrument.minTicks)) {
    return [
      { field: 'symbols', expected: 'a symbol the venue trades, with a price', found: symbol },
    ];
  }
  const errors = [...gridSettingsFaults(settings, instrument, feeRatePpm)];
  if (settings.startPrice === undefined && price > 0) {
    errors.push(...priceFaults(settings, 'now', formatPrice(instrument, price)));
  }
  return errors;
}

/** A start at `price` that a stop or take profit would end at once. */
function priceFaults(
  settings: GridSettings,
  from: 'startPrice' | 'now',
  price: string,
): FieldError[] {
  const errors: FieldError[] = [];
  const start = ratioOf(price, 'price');
  const where = from === 'now' ? `the price ${price}` : `the start price ${price}`;
  const check = (field: string, text: string | undefined, side: 'above' | 'below'): void => {
    if (text === undefined) return;
    const order = compareRatios(ratioOf(text, field), start);
    if (side === 'above' ? order > 0 : order < 0) return;
    errors.push({ field, expected: `a price ${side} ${where}`, found: text });
  };
  check('lowerStop.price', settings.lowerStop?.price, 'below');
  check('upperStop.price', settings.upperStop?.price, 'above');
  check('takeProfitPrice', settings.takeProfitPrice, 'above');
  return errors;
}

function lineFaults(
  settings: GridSettings,
  instrument: Instrument,
  feeRatePpm: number,
): FieldError[] {
  const { lines } = gridTermsOf(settings, instrument);
  for (const [index, buyTicks] of lines.entries()) {
    const sellTicks = lines[index + 1];
    if (sellTicks === undefined) break;
    const fault = cellFault(settings, instrument, buyTicks, sellTicks, index, feeRatePpm);
    if (fault !== null) return [fault];
  }
  return [];
}

function cellFault(
  settings: GridSettings,
  instrument: Instrument,
  buyTicks: number,
  sellTicks: number,
  index: number,
  feeRatePpm: number,
): FieldError | null {
  const names = `lines ${index + 1} and ${index + 2} at ${formatPrice(instrument, buyTicks)} and ${formatPrice(instrument, sellTicks)}`;
  if (sellTicks <= buyTicks) {
    return { field: 'lines', expected: 'lines at least a tick apart', found: names };
  }
  const lots = lotsAt(settings, instrument, buyTicks);
  const buyFault = orderFault(instrument, buyTicks, lots);
  if (buyFault !== null) {
    const field =
      buyFault.rule === 'minPrice'
        ? 'lowerPrice'
        : buyFault.rule === 'maxPrice'
          ? 'upperPrice'
          : 'quantityPerLine';
    return {
      field,
      expected: `${instrument.symbol}: ${buyFault.expected}`,
      found: `line ${index + 1} buys ${formatQuantity(instrument, lots)} at ${formatPrice(instrument, buyTicks)} (${buyFault.found})`,
    };
  }
  const sold = soldLots(settings, { buyTicks, sellTicks, lots }, feeRatePpm);
  const sellFault = orderFault(instrument, sellTicks, sold);
  if (sellFault !== null) {
    return {
      field: sellFault.rule === 'maxPrice' ? 'upperPrice' : 'quantityPerLine',
      expected: `${instrument.symbol}: what line ${index + 1} buys to be sold at line ${index + 2}, ${sellFault.expected}`,
      found: sellFault.found,
    };
  }
  const profit = cycleProfit(buyTicks, sellTicks, feeRatePpm);
  if (profit.numerator > 0n) return null;
  return {
    field: 'lines',
    expected: `lines so far apart that their profit is above the fees (${formatPpm(feeRatePpm)} % of each trade)`,
    found: `${formatProfitPercent(profit)} % between ${names}`,
  };
}

/** The fewest lots that the sell line of a cell can come to offer. */
function soldLots(
  settings: GridSettings,
  cell: { readonly buyTicks: number; readonly sellTicks: number; readonly lots: number },
  feeRatePpm: number,
): number {
  const { buyTicks, sellTicks, lots } = cell;
  const held = Number((BigInt(lots) * BigInt(PPM - feeRatePpm)) / BigInt(PPM));
  if (settings.profitCurrency === 'quote') return held;
  const back = Number(
    (BigInt(lots) * BigInt(buyTicks) * BigInt(PPM)) /
      (BigInt(sellTicks) * BigInt(PPM - feeRatePpm)),
  );
  return Math.min(held, back);
}

function expansionFaults(settings: GridSettings, instrument: Instrument): FieldError[] {
  const { lattice, expansionUp, expansionDown } = gridTermsOf(settings, instrument);
  const room = MAX_LINES_EXPANDED - settings.lines;
  const errors: FieldError[] = [];
  const beyond = (index: number): Ratio => ({
    numerator: BigInt(lineTicks(lattice, index)),
    denominator: 1n,
  });
  const expected = `an expansion of at most ${room} more lines`;
  if (expansionUp !== null && compareRatios(beyond(settings.lines + room), expansionUp) <= 0) {
    errors.push({ field: 'expansionUpTo', expected, found: settings.expansionUpTo ?? '' });
  }
  if (expansionDown !== null) {
    const line = beyond(-room - 1);
    if (line.numerator > 0n && compareRatios(line, expansionDown) >= 0) {
      errors.push({ field: 'expansionDownTo', expected, found: settings.expansionDownTo ?? '' });
    }
  }
  return errors;
}

function formatPpm(ppm: number): string {
  return trimDecimal(formatDecimal(BigInt(ppm), 4));
}
