// SPDX-License-Identifier: Apache-2.0
// One run of a grid as plain data, and the questions its rules ask of it.
//
// Between each line and the next lies a cell. A cell without coins buys at its lower line; a cell with coins sells
// them at its upper line. So a filled buy is followed by a sell one line up and a filled sell by a buy one line down,
// whatever order the fills come in, and one line is always empty.

import type { DealBase } from '../bot/deal-order.ts';
import type { DealOutcome } from '../bot/common-view.ts';
import { mostLots, orderFault } from '../bot/order-rules.ts';
import type { Instrument } from '../instrument.ts';
import type { Side } from '../order.ts';
import { lotsBase, notionalMoney } from '../position.ts';
import { divCeil, PPM, type TimeMs } from '../units.ts';
import type { GridSettings, StopAction } from './terms.ts';

export interface Cell {
  /** Its lower line; line 0 stands at the settings' lower price. */
  readonly index: number;
  readonly buyTicks: number;
  readonly sellTicks: number;
  /** What its buy line buys. */
  lots: number;
  /** How many of them have been bought and not been sold again. */
  boughtLots: number;
  /** Whole lots of coins it holds; fewer than `boughtLots` where a fee in coins took more than the reserve had. */
  heldLots: number;
  /** What the coins cost, at `moneyScale` decimals. */
  cost: bigint;
  /** Profit in base only: what the sell line is still to bring, at `moneyScale` decimals. */
  owed: bigint;
  /** Earned since its sell line last closed, at `moneyScale` decimals. */
  earned: bigint;
  /**
   * `retiring`: buys no more and goes when its coins are sold. `handingOver`: its orders are cancelled, then its coins
   * move to a new cell at the bottom.
   */
  state: 'active' | 'retiring' | 'handingOver';
}

/** Coins without a cell, at `baseScale` decimals, and what they cost, at `moneyScale` decimals. */
export interface Reserve {
  coins: bigint;
  cost: bigint;
}

/** What the deal's position was when its fills were last shared out among the cells. */
export interface Booked {
  boughtLots: number;
  soldLots: number;
  /** Coins got and given, at `baseScale` decimals. */
  got: bigint;
  given: bigint;
  /** Money, at `moneyScale` decimals. */
  cost: bigint;
  revenue: bigint;
}

/** A line whose order was refused or cancelled by someone else; it is placed again at `until`. */
export interface LineTrouble {
  readonly side: Side;
  readonly priceTicks: number;
  /** Of the order to come, from 2. */
  readonly attempt: number;
  readonly until: TimeMs;
  /** How often in a row it was refused because it would trade at once. */
  readonly postTries?: number;
}

export type GridStopReason =
  'lowerStop' | 'upperStop' | 'takeProfit' | 'closeRequested' | 'cancelRequested';

export type OpeningStep =
  /** Orders that do not fit the new lines are being cancelled. */
  | { readonly kind: 'cancelling' }
  | { readonly kind: 'awaitingQuote' }
  /** A balancing order is out. */
  | { readonly kind: 'trading' }
  | { readonly kind: 'waiting'; readonly until: TimeMs }
  /** The desk takes no new risk. */
  | { readonly kind: 'blocked' };

export type StoppingStep =
  | { readonly kind: 'cancelling' }
  | { readonly kind: 'awaitingQuote' }
  | { readonly kind: 'trading' }
  | { readonly kind: 'waiting'; readonly until: TimeMs };

export type GridPhase =
  /** Coins and money are being brought to where the lines need them: at the start and after an edit of the lines. */
  | {
      readonly kind: 'opening';
      readonly step: OpeningStep;
      /** Balancing orders since the last pause, and pauses so far. */
      readonly attempt: number;
      readonly pauses: number;
      /** Money the buy lines lack is sold for once. */
      readonly hasSold: boolean;
    }
  | { readonly kind: 'running' }
  | {
      readonly kind: 'stopping';
      readonly reason: GridStopReason;
      readonly action: StopAction;
      readonly step: StoppingStep;
      readonly attempt: number;
      readonly pauses: number;
      /** Money of the buy lines that is still to be spent, at `moneyScale` decimals. */
      readonly budget: bigint;
    }
  | {
      readonly kind: 'ended';
      readonly time: TimeMs;
      readonly outcome: DealOutcome;
      readonly reason: string;
    };

/** Prices at which a running grid does something that its orders do not do by themselves, in ticks. */
export interface Marks {
  /** At or below; −1 for none. */
  lowerStop: number;
  nextDown: number;
  /** At or above; null for none, since journals hold no infinity. */
  upperStop: number | null;
  takeProfit: number | null;
  nextUp: number | null;
  /** Where a cell with too few coins for an order gives up waiting to sell them. */
  release: number | null;
}

export interface GridDeal extends DealBase {
  readonly kind: 'grid';
  /** Its own settings: an edit of the running grid replaces them. */
  settings: GridSettings;
  phase: GridPhase;
  /** Ascending, without gaps between active cells; empty until the grid is laid out. */
  cells: Cell[];
  reserve: Reserve;
  booked: Booked;
  readonly takenOver: bigint;
  /** What the coins taken over were worth then, at `moneyScale` decimals. */
  readonly takenOverValue: bigint;
  /** What lines have earned: money at `moneyScale` decimals, coins at `baseScale` decimals, closed lines. */
  profit: { quote: bigint; base: bigint; lines: number };
  /** What all other sales earned: balancing, stopping. At `moneyScale` decimals. */
  otherProfit: bigint;
  /** What the buy lines are going to need while the grid is being laid out, at `moneyScale` decimals. */
  readonly openingMoney?: bigint;
  /** Worth of the coins and the money for the buy lines when the grid was laid out, at `moneyScale` decimals. */
  investment: bigint;
  /** Steps that trailing has moved the lines up; below 0 for down. */
  shift: number;
  marks: Marks;
  troubles: LineTrouble[];
  /** When the timer for them rings; null while none is set. */
  troublesRing: TimeMs | null;
}

/** Most lines of a grid that expands; keeps state and searches bounded. */
export const MAX_LINES_EXPANDED = 400;

/** How a line is called: lines from the lower price count 1, 2, …, those below it −1, −2, …. */
export function lineNumber(index: number): number {
  return index >= 0 ? index + 1 : index;
}

/** The lots that the buy line of `cell` is to have on the book. */
export function buyLots(cell: Cell): number {
  return cell.state === 'active' ? Math.max(0, cell.lots - cell.boughtLots) : 0;
}

/** The lots that the sell line of `cell` is to have on the book. */
export function sellLots(deal: GridDeal, cell: Cell): number {
  if (cell.state === 'handingOver') return 0;
  if (deal.settings.profitCurrency === 'quote') return cell.heldLots;
  return Math.min(cell.heldLots, lotsToBring(deal.instrument, cell, deal.feeRatePpm));
}

/** Lots whose sale at the upper line brings what is owed after the fee. */
function lotsToBring(instrument: Instrument, cell: Cell, feeRatePpm: number): number {
  if (cell.owed <= 0n) return 0;
  const perLot = notionalMoney(instrument, BigInt(cell.sellTicks)) * BigInt(PPM - feeRatePpm);
  return Number(divCeil(cell.owed * BigInt(PPM), perLot));
}

/** What one order at a line may hold of `lots`; 0 where the instrument would refuse it. */
export function orderLots(instrument: Instrument, priceTicks: number, lots: number): number {
  if (lots < 1) return 0;
  const most = mostLots(instrument, priceTicks, lots);
  return orderFault(instrument, priceTicks, most) === null ? most : 0;
}

/** All coins of the grid, at `baseScale` decimals: those of the cells, the reserve, and profit in coins. */
export function coinsOf(deal: GridDeal): bigint {
  let coins = deal.reserve.coins + deal.profit.base;
  for (const cell of deal.cells) coins += lotsBase(deal.instrument, cell.heldLots);
  return coins;
}

/** What the coins of the grid cost, at `moneyScale` decimals. Profit in coins cost nothing. */
export function costOfCoins(deal: GridDeal): bigint {
  let cost = deal.reserve.cost;
  for (const cell of deal.cells) cost += cell.cost;
  return cost;
}
