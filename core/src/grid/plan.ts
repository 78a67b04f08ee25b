// SPDX-License-Identifier: Apache-2.0
// What a grid needs at a price: which lines buy, which sell, which is empty, how many coins and how much money.

import type { Instrument } from '../instrument.ts';
import { lotsBase, notionalMoney } from '../position.ts';
import { assert, divCeil, PPM } from '../units.ts';
import { gridTermsOf, lotsAt, type GridSettings } from './terms.ts';

/** One cell before the grid runs: it lies between line `index` and the next. */
export interface PlannedCell {
  readonly index: number;
  readonly buyTicks: number;
  readonly sellTicks: number;
  readonly lots: number;
  /** Whether it begins with coins: then it sells at its upper line, else it buys at its lower one. */
  readonly hasCoins: boolean;
}

export interface GridPlan {
  readonly cells: readonly PlannedCell[];
  /** The line that has no order at first. */
  readonly emptyLine: number;
  /** Lots that the sell lines need. */
  readonly sellLots: number;
  /** Coins to begin with, at `baseScale` decimals: those lots, and one lot more where fees may be taken in coins. */
  readonly coins: bigint;
  /** Money that the buy lines need, at `moneyScale` decimals. */
  readonly money: bigint;
}

/** The grid of `settings` as it begins at `priceTicks`. */
export function planGrid(
  settings: GridSettings,
  instrument: Instrument,
  priceTicks: number,
  feeRatePpm: number,
): GridPlan {
  const { lines } = gridTermsOf(settings, instrument);
  const emptyLine = nearestLine(lines, priceTicks);
  const cells: PlannedCell[] = [];
  let sellLots = 0;
  let notional = 0n;
  for (const [index, buyTicks] of lines.entries()) {
    const sellTicks = lines[index + 1];
    if (sellTicks === undefined) break;
    const lots = lotsAt(settings, instrument, buyTicks);
    const hasCoins = index >= emptyLine;
    if (hasCoins) sellLots += lots;
    else notional += BigInt(buyTicks) * BigInt(lots);
    cells.push({ index, buyTicks, sellTicks, lots, hasCoins });
  }
  const spare = feeRatePpm > 0 && sellLots > 0 ? 1 : 0;
  return {
    cells,
    emptyLine,
    sellLots,
    coins: lotsBase(instrument, sellLots + spare),
    money: notionalMoney(instrument, notional),
  };
}

/** Lots to buy so that `coins` are there after a fee in coins. */
export function lotsForCoins(instrument: Instrument, coins: bigint, feeRatePpm: number): number {
  if (coins <= 0n) return 0;
  return Number(divCeil(coins * BigInt(PPM), lotsBase(instrument, 1) * BigInt(PPM - feeRatePpm)));
}

/** Of two lines equally near the higher: it takes fewer coins. */
function nearestLine(lines: readonly number[], priceTicks: number): number {
  let nearest = 0;
  for (const [index, ticks] of lines.entries()) {
    const best = lines[nearest];
    assert(best !== undefined, 'Invariant: a grid has lines');
    if (Math.abs(ticks - priceTicks) <= Math.abs(best - priceTicks)) nearest = index;
  }
  return nearest;
}
