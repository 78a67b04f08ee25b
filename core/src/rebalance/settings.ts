// SPDX-License-Identifier: Apache-2.0
// What a person sets on a rebalancing portfolio: which part of its worth each coin is to be, and when to trade for it.

import { lotsForVolume, orderFault, slippedBuy } from '../bot/order-rules.ts';
import { toScaled } from '../decimal.ts';
import { formatNotional, type Instrument } from '../instrument.ts';
import { power10, type Ratio } from '../position.ts';
import type { FieldError, FieldsOf } from '../settings/field.ts';
import type { PriceTicks } from '../units.ts';

/** Plain JSON data with decimals as text. */
export interface RebalanceSettings {
  readonly kind: 'rebalance';
  readonly name: string;
  /** One for each target, all with the same quote asset. */
  readonly symbols: readonly string[];
  /** What is not in the targets stays in the quote asset. */
  readonly targets: readonly TargetShare[];
  /** In the quote asset: what the portfolio begins with. */
  readonly investment: string;
  /** Percentage points a share may be off before the portfolio trades. */
  readonly threshold?: string;
  /** Hours between looks at all shares, whatever the prices did. */
  readonly everyHours?: number;
  /** In the quote asset: smaller differences are left alone. */
  readonly minTrade: string;
  /** How far from the best price an immediate order may trade, in percent. */
  readonly maxSlippage: string;
}

export interface TargetShare {
  readonly symbol: string;
  /** In percent of the portfolio's worth. */
  readonly share: string;
}

const SYMBOLS_MAX = 50;
const HOURS_MAX = 8_784;
export const SHARE_DECIMALS = 2;
const VOLUME_DECIMALS = 8;

export const REBALANCE_FIELDS: FieldsOf<Omit<RebalanceSettings, 'kind'>> = {
  name: { kind: 'text', lengthMax: 80 },
  symbols: { kind: 'symbols', least: 1, most: SYMBOLS_MAX },
  targets: {
    kind: 'list',
    least: 1,
    most: SYMBOLS_MAX,
    item: {
      kind: 'group',
      fields: {
        symbol: { kind: 'text', lengthMax: 40 },
        share: { kind: 'decimal', unit: 'percent', decimals: SHARE_DECIMALS, above: 0, most: 100 },
      },
    },
  },
  investment: { kind: 'decimal', unit: 'quote', decimals: VOLUME_DECIMALS, above: 0 },
  threshold: {
    kind: 'decimal',
    unit: 'percent',
    decimals: SHARE_DECIMALS,
    least: 0.5,
    most: 50,
    optional: true,
  },
  everyHours: { kind: 'integer', unit: 'none', least: 1, most: HOURS_MAX, optional: true },
  minTrade: { kind: 'decimal', unit: 'quote', decimals: VOLUME_DECIMALS, above: 0, default: '10' },
  maxSlippage: {
    kind: 'decimal',
    unit: 'percent',
    decimals: SHARE_DECIMALS,
    least: 0,
    most: 10,
    default: '1',
  },
};

/** `RebalanceSettings` read once. Shares are in hundredths of a percent, amounts exact. */
export interface RebalanceTerms {
  /** By symbol, in hundredths of a percent. */
  readonly shares: ReadonlyMap<string, bigint>;
  readonly investment: Ratio;
  readonly minTrade: Ratio;
  readonly maxSlippage: Ratio;
  /** In hundredths of a percent of the worth; null without one. */
  readonly threshold: bigint | null;
}

/** The whole, in hundredths of a percent. */
export const WHOLE = 10_000n;

const remembered = new WeakMap<RebalanceSettings, RebalanceTerms>();

/** The numbers behind `settings`. */
export function rebalanceTerms(settings: RebalanceSettings): RebalanceTerms {
  const known = remembered.get(settings);
  if (known !== undefined) return known;
  const terms: RebalanceTerms = {
    shares: new Map(
      settings.targets.map(({ symbol, share }) => [
        symbol,
        toScaled(share, SHARE_DECIMALS, 'share'),
      ]),
    ),
    investment: ratioOf(settings.investment, VOLUME_DECIMALS),
    minTrade: ratioOf(settings.minTrade, VOLUME_DECIMALS),
    maxSlippage: ratioOf(settings.maxSlippage, SHARE_DECIMALS),
    threshold:
      settings.threshold === undefined
        ? null
        : toScaled(settings.threshold, SHARE_DECIMALS, 'threshold'),
  };
  remembered.set(settings, terms);
  return terms;
}

/** What single fields cannot say. */
export function rebalanceContradictions(settings: RebalanceSettings): readonly FieldError[] {
  const errors: FieldError[] = [];
  const named = settings.targets.map(({ symbol }) => symbol);
  for (const [index, symbol] of named.entries()) {
    if (named.indexOf(symbol) === index && settings.symbols.includes(symbol)) continue;
    errors.push({
      field: `targets[${index}].symbol`,
      expected: 'each of the symbols once',
      found: symbol,
    });
  }
  for (const symbol of settings.symbols) {
    if (named.includes(symbol)) continue;
    errors.push({ field: 'targets', expected: `a share for ${symbol}`, found: named.join(', ') });
  }
  const sum = settings.targets.reduce(
    (total, { share }) => total + toScaled(share, SHARE_DECIMALS, 'share'),
    0n,
  );
  if (sum > WHOLE) {
    errors.push({
      field: 'targets',
      expected: 'shares of at most 100 % together',
      found: `${Number(sum) / 100} %`,
    });
  }
  if (settings.threshold === undefined && settings.everyHours === undefined) {
    errors.push({ field: 'threshold', expected: 'a threshold or everyHours', found: 'neither' });
  }
  return errors;
}

/** Whether every first purchase keeps the venue's limits at `prices` (ticks by symbol). */
export function checkRebalanceSettings(
  settings: RebalanceSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  const terms = rebalanceTerms(settings);
  const quotes = new Set(instruments.map(({ quoteAsset }) => quoteAsset));
  if (quotes.size > 1) {
    errors.push({
      field: 'symbols',
      expected: 'symbols with the same quote asset',
      found: [...quotes].join(', '),
    });
  }
  for (const [index, { symbol, share }] of settings.targets.entries()) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    const price = prices[symbol];
    if (instrument === undefined || price === undefined || price < instrument.minTicks) {
      errors.push({
        field: `targets[${index}].symbol`,
        expected: 'a symbol the venue trades, with a price',
        found: symbol,
      });
      continue;
    }
    const part = terms.shares.get(symbol) ?? 0n;
    const volume = {
      numerator: terms.investment.numerator * part,
      denominator: terms.investment.denominator * WHOLE,
    };
    const lots = lotsForVolume(instrument, volume, price);
    const fault =
      orderFault(instrument, price, lots) ??
      orderFault(instrument, slippedBuy(instrument, price, terms.maxSlippage), lots);
    if (fault !== null) {
      errors.push({
        field: 'investment',
        expected: `${symbol}: ${share} % of it to be ${fault.expected}`,
        found: formatNotional(instrument, price, lots),
      });
    }
  }
  return errors;
}

function ratioOf(text: string, decimals: number): Ratio {
  return { numerator: toScaled(text, decimals, 'amount'), denominator: power10(decimals) };
}
