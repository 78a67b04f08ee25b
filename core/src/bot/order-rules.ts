// SPDX-License-Identifier: Apache-2.0
// What the instrument allows an order to be, and how volumes and slippage become lots and ticks.

import {
  formatNotional,
  formatPrice,
  formatQuantity,
  notionalScale,
  type Instrument,
} from '../instrument.ts';
import { power10, type Ratio } from '../position.ts';
import { divCeil, divFloor } from '../units.ts';

export interface OrderFault {
  readonly rule:
    'minPrice' | 'maxPrice' | 'minQuantity' | 'maxQuantity' | 'minNotional' | 'maxNotional';
  readonly expected: string;
  readonly found: string;
}

/** The first limit of `instrument` that an order of `lots` at `priceTicks` breaks, or null. */
export function orderFault(
  instrument: Instrument,
  priceTicks: number,
  lots: number,
): OrderFault | null {
  if (priceTicks < instrument.minTicks || priceTicks < 1) {
    return {
      rule: 'minPrice',
      expected: `a price of at least ${formatPrice(instrument, Math.max(1, instrument.minTicks))}`,
      found: formatPrice(instrument, priceTicks),
    };
  }
  if (priceTicks > instrument.maxTicks) {
    return {
      rule: 'maxPrice',
      expected: `a price of at most ${formatPrice(instrument, instrument.maxTicks)}`,
      found: formatPrice(instrument, priceTicks),
    };
  }
  if (lots < instrument.minLots || lots < 1) {
    return {
      rule: 'minQuantity',
      expected: `a quantity of at least ${formatQuantity(instrument, Math.max(1, instrument.minLots))}`,
      found: formatQuantity(instrument, lots),
    };
  }
  if (lots > instrument.maxLots) {
    return {
      rule: 'maxQuantity',
      expected: `a quantity of at most ${formatQuantity(instrument, instrument.maxLots)}`,
      found: formatQuantity(instrument, lots),
    };
  }
  // A product beyond 2^53 is inexact but still far above every maxNotional, which stays below it.
  const notional = priceTicks * lots;
  if (notional < instrument.minNotional) {
    return {
      rule: 'minNotional',
      expected: `a value of at least ${formatNotional(instrument, 1, instrument.minNotional)}`,
      found: formatNotional(instrument, priceTicks, lots),
    };
  }
  if (notional > instrument.maxNotional) {
    return {
      rule: 'maxNotional',
      expected: `a value of at most ${formatNotional(instrument, 1, instrument.maxNotional)}`,
      found: formatNotional(instrument, priceTicks, lots),
    };
  }
  return null;
}

/** ⌈volume / price⌉ in lots: spends at least `volume`, never a lot less. `priceTicks` must be positive. */
export function lotsForVolume(instrument: Instrument, volume: Ratio, priceTicks: number): number {
  return Number(
    divCeil(
      volume.numerator * power10(notionalScale(instrument)),
      volume.denominator *
        BigInt(priceTicks) *
        BigInt(instrument.tickUnits) *
        BigInt(instrument.lotUnits),
    ),
  );
}

/** The highest price an immediate buy may pay: ⌊ask × (1 + slippage/100)⌋, at most the instrument's. */
export function slippedBuy(instrument: Instrument, ask: number, slippage: Ratio): number {
  const hundred = 100n * slippage.denominator;
  const ticks = divFloor(BigInt(ask) * (hundred + slippage.numerator), hundred);
  return Math.min(Number(ticks), instrument.maxTicks);
}

/** The lowest price an immediate sell may take: ⌈bid × (1 − slippage/100)⌉, at least the instrument's. */
export function slippedSell(instrument: Instrument, bid: number, slippage: Ratio): number {
  const hundred = 100n * slippage.denominator;
  const ticks = divCeil(BigInt(bid) * (hundred - slippage.numerator), hundred);
  return Math.max(Number(ticks), instrument.minTicks, 1);
}

/** Most of the venue's largest orders that one wish is split into: more would be a flood. */
export const SPLIT_MAX = 100;

/** The most of `lots` that one order at `priceTicks` may hold. */
export function mostLots(instrument: Instrument, priceTicks: number, lots: number): number {
  return Math.min(lots, instrument.maxLots, Math.floor(instrument.maxNotional / priceTicks));
}
