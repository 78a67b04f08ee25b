// SPDX-License-Identifier: Apache-2.0
// Which cells a running grid has: trailing and expansion move and widen its window on the endless row of lines.

import type { Turn } from '../bot/turn.ts';
import { orderFault } from '../bot/order-rules.ts';
import { formatPrice } from '../instrument.ts';
import { assert } from '../units.ts';
import {
  buyLots,
  MAX_LINES_EXPANDED,
  orderLots,
  sellLots,
  type Cell,
  type GridDeal,
} from './deal.ts';
import { lineTicks, steppedTicks } from './lattice.ts';
import { emptyCell, moneyAt, supply } from './ledger.ts';
import { lineBook, type LineBook } from './lines.ts';
import { compareRatios, gridTermsOf, lotsAt } from './terms.ts';

/** Steps up that one quote may bring; a market that jumps farther goes on with the next quote. */
const STEPS_MAX = 1_000;

/** A cell without coins whose lower line is `index`. */
export function newCell(index: number, buyTicks: number, sellTicks: number, lots: number): Cell {
  return {
    index,
    buyTicks,
    sellTicks,
    lots,
    boughtLots: 0,
    heldLots: 0,
    cost: 0n,
    owed: 0n,
    earned: 0n,
    state: 'active',
  };
}

/** Computes anew at which prices the grid does something by itself. */
export function setMarks(deal: GridDeal): void {
  const terms = gridTermsOf(deal.settings, deal.instrument);
  const { lattice, lowerStop, upperStop, takeProfitTicks } = terms;
  const { shift } = deal;
  deal.marks = {
    ...deal.marks,
    lowerStop: lowerStop === null ? -1 : steppedTicks(lattice, lowerStop, Math.max(shift, 0)),
    upperStop: upperStop === null ? null : steppedTicks(lattice, upperStop, Math.min(shift, 0)),
    takeProfit: takeProfitTicks,
    nextUp: nextUp(deal)?.cell.sellTicks ?? null,
    nextDown: nextDown(deal)?.cell.buyTicks ?? -1,
  };
}

/** Goes up with the price, line by line. Answers whether anything changed. */
export function moveUp(turn: Turn, deal: GridDeal, last: number): boolean {
  let isChanged = false;
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const { nextUp: mark } = deal.marks;
    if (mark === null || last < mark) break;
    const next = nextUp(deal);
    const bottom = deal.cells.find(({ state }) => state === 'active');
    assert(next !== null && bottom !== undefined, 'Invariant: a grid that moves has cells');
    if (next.how === 'trailing') {
      if (bottom.boughtLots > 0 || bottom.heldLots > 0) break;
      bottom.state = 'retiring';
      deal.shift += 1;
    }
    deal.cells.push(next.cell);
    setMarks(deal);
    noteMove(turn, deal, 'up', next.how);
    isChanged = true;
  }
  return isChanged;
}

/** Begins to go down with the price: the highest cell gives up its sell line. Answers whether anything changed. */
export function moveDown(deal: GridDeal, last: number): boolean {
  if (last > deal.marks.nextDown) return false;
  if (deal.cells.some(({ state }) => state === 'handingOver')) return false;
  const top = topCell(deal);
  if (top === undefined || top.heldLots === 0 || buyLots(top) > 0) return false;
  top.state = 'handingOver';
  return true;
}

/** Does what the cells ask for before their orders are compared. */
export function settleCells(turn: Turn, deal: GridDeal, book: LineBook): void {
  const leaving = deal.cells.filter(({ state }) => state !== 'active');
  for (const cell of leaving) {
    if (book.buy.has(cell.buyTicks) || book.sell.has(cell.sellTicks)) continue;
    if (cell.state === 'handingOver') {
      handOver(turn, deal, cell);
    } else if (orderLots(deal.instrument, cell.sellTicks, sellLots(deal, cell)) === 0) {
      emptyCell(deal, cell);
      remove(deal, cell);
    }
  }
  expandDown(turn, deal);
  supplyShort(deal, book);
}

/** Cells whose coins are too few for an order buy again once the price has passed their sell line. */
export function releaseShort(deal: GridDeal, last: number): boolean {
  const book = lineBook(deal);
  let isChanged = false;
  for (const cell of deal.cells) {
    if (last <= cell.sellTicks || !isShort(deal, book, cell)) continue;
    emptyCell(deal, cell);
    isChanged = true;
  }
  if (isChanged) markShort(deal, book);
  return isChanged;
}

interface Next {
  readonly cell: Cell;
  readonly how: 'trailing' | 'expansion';
}

/** The cell above the highest, if the grid may go there. */
function nextUp(deal: GridDeal): Next | null {
  const { settings, instrument } = deal;
  const top = topCell(deal);
  if (top === undefined) return null;
  const { lattice, expansionUp } = gridTermsOf(settings, instrument);
  if (expansionUp === null && !settings.trailingUp) return null;
  const index = top.index + 1;
  const sellTicks = lineTicks(lattice, index + 1);
  const isExpansion =
    expansionUp !== null &&
    deal.cells.length + 1 < MAX_LINES_EXPANDED &&
    compareRatios({ numerator: BigInt(sellTicks), denominator: 1n }, expansionUp) <= 0;
  if (!isExpansion && !settings.trailingUp) return null;
  return fit(deal, index, top.sellTicks, sellTicks, isExpansion);
}

/** The cell below the lowest that trailing down leads to; expansion is done by fills and comes first. */
function nextDown(deal: GridDeal): Next | null {
  const { settings, instrument } = deal;
  const bottom = deal.cells.find(({ state }) => state === 'active');
  if (bottom === undefined || !settings.trailingDown || mayExpandDown(deal, bottom)) return null;
  const index = bottom.index - 1;
  const buyTicks = lineTicks(gridTermsOf(settings, instrument).lattice, index);
  return fit(deal, index, buyTicks, bottom.buyTicks, false);
}

function fit(
  deal: GridDeal,
  index: number,
  buyTicks: number,
  sellTicks: number,
  isExpansion: boolean,
): Next | null {
  const { settings, instrument } = deal;
  if (buyTicks < 1 || sellTicks <= buyTicks) return null;
  const lots = lotsAt(settings, instrument, buyTicks);
  const fault = orderFault(instrument, buyTicks, lots) ?? orderFault(instrument, sellTicks, lots);
  if (fault !== null) return null;
  return {
    cell: newCell(index, buyTicks, sellTicks, lots),
    how: isExpansion ? 'expansion' : 'trailing',
  };
}

function mayExpandDown(deal: GridDeal, bottom: Cell): boolean {
  const { settings, instrument } = deal;
  const { lattice, expansionDown } = gridTermsOf(settings, instrument);
  if (expansionDown === null || deal.cells.length + 1 >= MAX_LINES_EXPANDED) return false;
  const buyTicks = lineTicks(lattice, bottom.index - 1);
  const price = { numerator: BigInt(buyTicks), denominator: 1n };
  return (
    compareRatios(price, expansionDown) >= 0 &&
    fit(deal, bottom.index - 1, buyTicks, bottom.buyTicks, true) !== null
  );
}

/** Once the lowest line has bought, a further one is added below it. */
function expandDown(turn: Turn, deal: GridDeal): void {
  if (deal.settings.expansionDownTo === undefined) return;
  if (deal.cells.some(({ state }) => state === 'retiring')) return;
  const bottom = deal.cells.find(({ state }) => state === 'active');
  if (bottom === undefined || bottom.boughtLots < bottom.lots) return;
  if (!mayExpandDown(deal, bottom)) return;
  const { lattice } = gridTermsOf(deal.settings, deal.instrument);
  const buyTicks = lineTicks(lattice, bottom.index - 1);
  const next = fit(deal, bottom.index - 1, buyTicks, bottom.buyTicks, true);
  assert(next !== null, 'Invariant: a grid that may expand has a cell to expand to');
  deal.cells.unshift(next.cell);
  setMarks(deal);
  noteMove(turn, deal, 'down', 'expansion');
}

/** The coins of the highest cell become those of a new one at the bottom, as many as it had left. */
function handOver(turn: Turn, deal: GridDeal, top: Cell): void {
  const next = nextDown(deal);
  remove(deal, top);
  if (next === null) {
    emptyCell(deal, top);
    setMarks(deal);
    return;
  }
  const { cell } = next;
  cell.heldLots = Math.min(top.heldLots, cell.lots);
  cell.boughtLots = top.heldLots === 0 ? 0 : Math.min(top.boughtLots, cell.lots);
  cell.cost = top.heldLots === 0 ? 0n : (top.cost * BigInt(cell.heldLots)) / BigInt(top.heldLots);
  cell.owed = moneyAt(deal.instrument, cell.buyTicks, cell.boughtLots);
  top.heldLots -= cell.heldLots;
  top.cost -= cell.cost;
  emptyCell(deal, top);
  deal.cells.unshift(cell);
  deal.shift -= 1;
  setMarks(deal);
  noteMove(turn, deal, 'down', 'trailing');
}

/** Gives cells that cannot place an order for lack of coins what the reserve has; marks where they give up. */
function supplyShort(deal: GridDeal, book: LineBook): void {
  for (const cell of deal.cells) {
    if (!isShort(deal, book, cell) || cell.heldLots >= cell.boughtLots) continue;
    supply(deal, cell, cell.boughtLots - cell.heldLots);
  }
  markShort(deal, book);
}

function markShort(deal: GridDeal, book: LineBook): void {
  let release: number | null = null;
  for (const cell of deal.cells) {
    if (isShort(deal, book, cell)) release = Math.min(release ?? Infinity, cell.sellTicks + 1);
  }
  deal.marks.release = release;
}

/** Neither of its lines has or can have an order, though the cell is not empty. */
function isShort(deal: GridDeal, book: LineBook, cell: Cell): boolean {
  if (cell.boughtLots === 0 || book.sell.has(cell.sellTicks) || cell.state !== 'active') {
    return false;
  }
  return (
    !book.buy.has(cell.buyTicks) &&
    orderLots(deal.instrument, cell.sellTicks, sellLots(deal, cell)) === 0 &&
    orderLots(deal.instrument, cell.buyTicks, buyLots(cell)) === 0
  );
}

function topCell(deal: GridDeal): Cell | undefined {
  return deal.cells.findLast(({ state }) => state === 'active');
}

function remove(deal: GridDeal, cell: Cell): void {
  deal.cells.splice(deal.cells.indexOf(cell), 1);
}

function noteMove(
  turn: Turn,
  deal: GridDeal,
  direction: 'up' | 'down',
  how: 'trailing' | 'expansion',
): void {
  const active = deal.cells.filter(({ state }) => state === 'active');
  const [bottom] = active;
  const top = active.at(-1);
  assert(bottom !== undefined && top !== undefined, 'Invariant: a grid has cells');
  turn.note(deal.dealId, 'gridMoved', {
    direction,
    how,
    lowest: formatPrice(deal.instrument, bottom.buyTicks),
    highest: formatPrice(deal.instrument, top.sellTicks),
    lines: String(active.length + 1),
    lowerStop: deal.marks.lowerStop < 0 ? '' : formatPrice(deal.instrument, deal.marks.lowerStop),
    upperStop:
      deal.marks.upperStop === null ? '' : formatPrice(deal.instrument, deal.marks.upperStop),
  });
}
