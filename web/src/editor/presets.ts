// SPDX-License-Identifier: Apache-2.0
// Settings to begin with, for each kind of bot: sound ones that a reader changes rather than writes.

import { formatPrice, parsePrice, toScaled, type BotKind, type Instrument } from '@kontor/core';

import { timesDecimal } from '../number/decimal-sum.ts';
import { emptyFields, type Draft, type DraftFields } from './draft.ts';
import { fieldsOf } from './arrangement.ts';

export interface PresetMarket {
  /** The instrument that is chosen, first in the desk's list otherwise. */
  readonly instrument: Instrument;
  /** The desk's instruments, in its order. */
  readonly instruments: readonly Instrument[];
  /** The last price of `instrument`, or null before there is one. */
  readonly lastPrice: string | null;
  /** Its least order value, as the exchange says. */
  readonly minNotional: string;
  readonly minNotionalOf: (symbol: string) => string;
}

export interface Preset {
  /** `kind.name`: the catalogue has words for it. */
  readonly id: string;
  readonly make: (market: PresetMarket) => DraftFields;
}

/** An order so many times the exchange's least value leaves room for scales and steps. */
const ORDER_TIMES = 4;
/** Coins a portfolio begins with, at most. */
const COINS_MOST = 4;

const PRESETS: Readonly<Record<BotKind, readonly Preset[]>> = {
  dca: [
    preset('dca.steady', (market) => ({
      ...orders(market),
      maxSafetyOrders: 6,
      maxActiveSafetyOrders: 3,
      safetyOrderStep: '1',
      volumeScale: '1.3',
      stepScale: '1.25',
      takeProfit: '1.5',
    })),
    preset('dca.calm', (market) => ({
      ...orders(market),
      maxSafetyOrders: 11,
      maxActiveSafetyOrders: 3,
      safetyOrderStep: '1.2',
      volumeScale: '1.15',
      stepScale: '1.14',
      takeProfit: '2',
      cooldownSeconds: 1_800,
    })),
    preset('dca.brisk', (market) => ({
      ...orders(market),
      maxSafetyOrders: 3,
      maxActiveSafetyOrders: 3,
      safetyOrderStep: '0.6',
      volumeScale: '1.4',
      stepScale: '1.6',
      takeProfit: '0.6',
      stopLoss: '5',
      cooldownSeconds: 30,
    })),
  ],
  grid: [
    preset('grid.around', (market) => ({
      symbols: [market.instrument.symbol],
      ...range(market, 92n, 108n),
      lines: 20,
      spacing: 'arithmetic',
      ...lineSize(market),
    })),
    preset('grid.wide', (market) => ({
      symbols: [market.instrument.symbol],
      ...range(market, 75n, 133n),
      lines: 40,
      spacing: 'geometric',
      ...lineSize(market),
    })),
  ],
  smartTrade: [
    preset('smartTrade.simple', (market) => ({
      ...trade(market),
      entries: [{ order: 'market', share: '100' }],
      takeProfit: [target('3', '100')],
      stopLoss: stop('3'),
    })),
    preset('smartTrade.ladder', (market) => ({
      ...trade(market),
      entries: [{ order: 'limit', price: { kind: 'percent', percent: '2' }, share: '100' }],
      takeProfit: [target('2', '33'), target('4', '33'), target('7', '34')],
      stopLoss: { ...stop('4'), breakEven: true },
    })),
    preset('smartTrade.held', (market) => ({
      symbols: [market.instrument.symbol],
      type: 'sellHeld',
      entries: [],
      held: { ...(market.lastPrice === null ? {} : { price: market.lastPrice }) },
      takeProfit: [target('3', '100')],
      stopLoss: stop('3'),
    })),
  ],
  signal: [
    preset('signal.follow', (market) => ({
      symbols: [market.instrument.symbol],
      size: { kind: 'quote', amount: timesDecimal(market.minNotional, 2 * ORDER_TIMES) },
      takeProfit: [],
      stopLoss: stop('5'),
    })),
    preset('signal.exits', (market) => ({
      symbols: [market.instrument.symbol],
      size: { kind: 'quote', amount: timesDecimal(market.minNotional, 2 * ORDER_TIMES) },
      takeProfit: [target('1.5', '50'), target('3', '50')],
      stopLoss: stop('3'),
    })),
  ],
  rebalance: [
    preset('rebalance.equal', (market) => {
      const coins = coinsOf(market);
      return {
        targets: coins.map(({ symbol }) => ({
          symbol,
          share: String(Math.floor(100 / coins.length)),
        })),
        investment: timesDecimal(market.minNotional, 10 * ORDER_TIMES * coins.length),
        threshold: '5',
      };
    }),
    preset('rebalance.core', (market) => {
      const [first, ...others] = coinsOf(market);
      return {
        targets: [
          ...(first === undefined ? [] : [{ symbol: first.symbol, share: '50' }]),
          ...others.map(({ symbol }) => ({
            symbol,
            share: String(Math.floor(30 / others.length)),
          })),
        ],
        investment: timesDecimal(market.minNotional, 40 * ORDER_TIMES),
        everyHours: 24,
      };
    }),
  ],
};

/** The presets of `kind`, the one to begin with first; none for a kind that came later than this page. */
export function presetsOf(kind: BotKind): readonly Preset[] {
  return Object.hasOwn(PRESETS, kind) ? PRESETS[kind] : [];
}

function preset(id: string, make: (market: PresetMarket) => DraftFields): Preset {
  const kind = id.split('.')[0] as BotKind;
  return { id, make: (market) => ({ ...emptyFields(fieldsOf(kind)), ...make(market) }) };
}

function orders({ instrument, minNotional }: PresetMarket): DraftFields {
  const volume = timesDecimal(minNotional, ORDER_TIMES);
  return {
    symbols: [instrument.symbol],
    baseOrderVolume: volume,
    safetyOrderVolume: volume,
    baseOrderType: 'market',
    maxActiveDeals: 1,
    cooldownSeconds: 120,
  };
}

function lineSize({ minNotional }: PresetMarket): DraftFields {
  return { quantityPerLine: timesDecimal(minNotional, ORDER_TIMES), quantityUnit: 'quote' };
}

/** Whole ticks at `lowest` and `highest` percent of the last price; nothing before there is one. */
function range(
  { instrument, lastPrice }: PresetMarket,
  lowest: bigint,
  highest: bigint,
): DraftFields {
  const parsed = lastPrice === null ? null : parsePrice(instrument, lastPrice);
  if (parsed?.ok !== true) return {};
  const at = (percent: bigint): string =>
    formatPrice(instrument, Number((BigInt(parsed.value) * percent) / 100n));
  return { lowerPrice: at(lowest), upperPrice: at(highest) };
}

function trade({ instrument, minNotional }: PresetMarket): DraftFields {
  return {
    symbols: [instrument.symbol],
    type: 'long',
    size: { kind: 'quote', amount: timesDecimal(minNotional, 5 * ORDER_TIMES) },
  };
}

function target(percent: string, share: string): Draft {
  return { price: { kind: 'percent', percent }, order: 'limit', source: 'own', share };
}

function stop(percent: string): DraftFields {
  return {
    price: { kind: 'percent', percent },
    source: 'own',
    order: 'market',
    timeoutSeconds: 0,
    breakEven: false,
    placement: 'desk',
  };
}

/** The first coins that are traded against the chosen instrument's quote asset. */
function coinsOf({ instrument, instruments }: PresetMarket): readonly Instrument[] {
  return instruments
    .filter(({ quoteAsset }) => quoteAsset === instrument.quoteAsset)
    .slice(0, COINS_MOST);
}

/** The least order value that a preset counts from: that of the exchange, or one unit where it has none. */
export function leastValue(minNotional: string): string {
  return toScaled(minNotional, 18, 'minNotional') === 0n ? '1' : minNotional;
}
