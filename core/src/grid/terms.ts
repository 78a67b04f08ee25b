// SPDX-License-Identifier: Apache-2.0
// Grid settings as a person writes them, and as exact numbers on an instrument.

import { toScaled, trimDecimal } from '../decimal.ts';
import { notionalScale, type Instrument } from '../instrument.ts';
import { power10, type ProfitCurrency, type Ratio } from '../position.ts';
import { divFloor } from '../units.ts';
import { lineTicks, steppedTicks, type Lattice, type Spacing } from './lattice.ts';

/** What happens when the price reaches a stop: keep what is held, sell the coins, or spend the buy lines' money. */
export type StopAction = 'stop' | 'stopAndSell' | 'stopAndBuy';

export interface GridStop {
  readonly price: string;
  readonly action: StopAction;
}

/** Plain JSON data with decimals as text; settings.ts checks it. */
export interface GridSettings {
  readonly kind: 'grid';
  readonly name: string;
  /** Exactly one. */
  readonly symbols: readonly string[];
  readonly lowerPrice: string;
  readonly upperPrice: string;
  /** Both ends counted. */
  readonly lines: number;
  readonly spacing: Spacing;
  /** Of each buy line, in coins or in money. */
  readonly quantityPerLine: string;
  readonly quantityUnit: 'base' | 'quote';
  /** Most orders at once on the book, the nearest lines first. */
  readonly maxActiveBuyLines: number;
  readonly maxActiveSellLines: number;
  /** `quote`: sell lines sell what was bought. `base`: they sell what pays for buying it back, the rest is profit. */
  readonly profitCurrency: ProfitCurrency;
  readonly trailingUp: boolean;
  readonly trailingDown: boolean;
  /** Lines are added up to this price; absent means none. */
  readonly expansionUpTo?: string;
  readonly expansionDownTo?: string;
  readonly lowerStop?: GridStop;
  readonly upperStop?: GridStop;
  /** Everything is sold at this price. */
  readonly takeProfitPrice?: string;
  /** The grid starts when the last price reaches it; absent means at once. */
  readonly startPrice?: string;
  /** Whether coins that the sell lines lack at the start are bought, and money that the buy lines lack is sold for. */
  readonly initialBalancing: boolean;
  /** Whether the orders of the lines may only rest, and pay the maker's fee. */
  readonly postOnly: boolean;
  /** How far from the best price an immediate order may trade, in percent. */
  readonly maxSlippage: string;
}

/** `GridSettings` on one instrument. */
export interface GridTerms {
  readonly lattice: Lattice;
  /** Prices of the lines from `lowerPrice` to `upperPrice`, in ticks. */
  readonly lines: readonly number[];
  readonly maxSlippage: Ratio;
  /** In ticks; null where there is none. */
  readonly lowerStop: Ratio | null;
  readonly upperStop: Ratio | null;
  readonly expansionUp: Ratio | null;
  readonly expansionDown: Ratio | null;
  readonly takeProfitTicks: number | null;
  readonly startTicks: number | null;
  /** In lots where the unit is base, in ticks × lots where it is quote. */
  readonly quantity: Ratio;
}

/** Reading is a pure function of data that never changes, so its result is remembered beside it. */
const remembered = new WeakMap<GridSettings, { instrument: Instrument; terms: GridTerms }>();

/** The numbers behind `settings` on `instrument`. */
export function gridTermsOf(settings: GridSettings, instrument: Instrument): GridTerms {
  const known = remembered.get(settings);
  if (known !== undefined && known.instrument === instrument) return known.terms;
  const terms = readTerms(settings, instrument);
  remembered.set(settings, { instrument, terms });
  return terms;
}

/** What the buy line at `buyTicks` buys, rounded down to a lot. */
export function lotsAt(settings: GridSettings, instrument: Instrument, buyTicks: number): number {
  const { quantity } = gridTermsOf(settings, instrument);
  if (settings.quantityUnit === 'base') {
    return Number(divFloor(quantity.numerator, quantity.denominator));
  }
  if (buyTicks < 1) return 0;
  return Number(divFloor(quantity.numerator, quantity.denominator * BigInt(buyTicks)));
}

/** Decimal text as a ratio. */
export function ratioOf(text: string, field: string): Ratio {
  const trimmed = trimDecimal(text);
  const scale = trimmed.includes('.') ? trimmed.length - trimmed.indexOf('.') - 1 : 0;
  return { numerator: toScaled(trimmed, scale, field), denominator: power10(scale) };
}

/** −1, 0 or 1 as `left` is below, at or above `right`. */
export function compareRatios(left: Ratio, right: Ratio): number {
  const difference = left.numerator * right.denominator - right.numerator * left.denominator;
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

function readTerms(settings: GridSettings, instrument: Instrument): GridTerms {
  const lattice: Lattice = {
    spacing: settings.spacing,
    lower: inTicks(instrument, settings.lowerPrice, 'lowerPrice'),
    upper: inTicks(instrument, settings.upperPrice, 'upperPrice'),
    steps: settings.lines - 1,
  };
  const optional = (text: string | undefined, field: string): Ratio | null =>
    text === undefined ? null : inTicks(instrument, text, field);
  const rounded = (price: Ratio | null): number | null =>
    price === null ? null : steppedTicks(lattice, price, 0);
  return {
    lattice,
    lines: Array.from({ length: settings.lines }, (_, index) => lineTicks(lattice, index)),
    maxSlippage: ratioOf(settings.maxSlippage, 'maxSlippage'),
    lowerStop: optional(settings.lowerStop?.price, 'lowerStop.price'),
    upperStop: optional(settings.upperStop?.price, 'upperStop.price'),
    expansionUp: optional(settings.expansionUpTo, 'expansionUpTo'),
    expansionDown: optional(settings.expansionDownTo, 'expansionDownTo'),
    takeProfitTicks: rounded(optional(settings.takeProfitPrice, 'takeProfitPrice')),
    startTicks: rounded(optional(settings.startPrice, 'startPrice')),
    quantity: quantityOf(settings, instrument),
  };
}

function quantityOf(settings: GridSettings, instrument: Instrument): Ratio {
  const { numerator, denominator } = ratioOf(settings.quantityPerLine, 'quantityPerLine');
  const lot = BigInt(instrument.lotUnits);
  return settings.quantityUnit === 'base'
    ? {
        numerator: numerator * power10(instrument.quantityScale),
        denominator: denominator * lot,
      }
    : {
        numerator: numerator * power10(notionalScale(instrument)),
        denominator: denominator * lot * BigInt(instrument.tickUnits),
      };
}

function inTicks(instrument: Instrument, text: string, field: string): Ratio {
  const { numerator, denominator } = ratioOf(text, field);
  return {
    numerator: numerator * power10(instrument.priceScale),
    denominator: denominator * BigInt(instrument.tickUnits),
  };
}
