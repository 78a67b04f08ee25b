// SPDX-License-Identifier: Apache-2.0
// Keeps the orders of a running grid as its cells want them: compares what is out with what should be, and asks.

import { leavesLots, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import { ABSENT_MAX, backoffMs, EXIT_BACKOFF_MAX_MS, exitBackoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import type { Side } from '../order.ts';
import {
  buyLots,
  lineNumber,
  orderLots,
  sellLots,
  type Cell,
  type GridDeal,
  type LineTrouble,
} from './deal.ts';

/** The line orders of a deal by price. */
export interface LineBook {
  readonly buy: ReadonlyMap<number, DealOrder>;
  readonly sell: ReadonlyMap<number, DealOrder>;
}

/** One line that should have an order. */
interface Wanted {
  readonly cell: Cell;
  readonly side: Side;
  readonly priceTicks: number;
  /** What one order may hold of what the line is to trade. */
  readonly lots: number;
  readonly order: DealOrder | undefined;
}

/**
 * Places, renews and cancels line orders: on each side those nearest to the price, at most as many as the settings
 * allow. A buy never meets an own sell: of two lines that would cross, the one without an order waits.
 */
export function keepLines(turn: Turn, deal: GridDeal): void {
  const book = lineBook(deal);
  const sells = nearest(deal, book, 'sell', deal.settings.maxActiveSellLines);
  const buys = nearest(deal, book, 'buy', deal.settings.maxActiveBuyLines);
  const wanted = new Set<DealOrder>();
  for (const line of [...sells, ...buys]) {
    if (line.order === undefined) continue;
    if (isRight(deal, book, line, line.order)) wanted.add(line.order);
  }
  for (const order of deal.orders) {
    if (order.purpose === 'gridLine' && !wanted.has(order)) turn.cancel(deal, order);
  }
  if (turn.mayExit) placeMissing(turn, deal, sells, deal.settings.maxActiveSellLines);
  // The money of a line that is going away comes back only with its end.
  const isMoneyOut = deal.cells.some(
    (cell) => cell.state === 'retiring' && book.buy.has(cell.buyTicks),
  );
  if (turn.mayEnter && !isMoneyOut) {
    placeMissing(turn, deal, buys, deal.settings.maxActiveBuyLines);
  }
}

/** Each line has at most one order, so its price finds it. */
export function lineBook(deal: GridDeal): LineBook {
  const buy = new Map<number, DealOrder>();
  const sell = new Map<number, DealOrder>();
  for (const order of deal.orders) {
    if (order.purpose === 'gridLine')
      (order.side === 'buy' ? buy : sell).set(order.priceTicks, order);
  }
  return { buy, sell };
}

/** A line's order left the list: notes when and how often it is tried again, unless its end was asked for. */
export function settleLine(turn: Turn, deal: GridDeal, order: DealOrder, how: Settlement): void {
  if (order.filledLots >= order.quantity || (how.kind === 'ended' && order.isCancelling)) return;
  const hasStood = turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS;
  const tries = hasStood || order.filledLots > 0 ? 1 : order.attempt;
  const mayGoOn = how.kind === 'ended' ? tries === 1 : how.isAbsent && tries < ABSENT_MAX;
  const pauseMs = order.side === 'sell' ? exitBackoffMs(tries) : backoffMs(tries);
  const until = mayGoOn ? turn.time : turn.time + pauseMs;
  deal.troubles.push({
    side: order.side,
    priceTicks: order.priceTicks,
    attempt: tries + 1,
    until,
  });
  if (mayGoOn) return;
  setTroubleTimer(turn, deal);
  turn.note(deal.dealId, 'dealPaused', {
    ...orderName(order),
    reason: how.kind === 'rejected' ? how.reason : 'cancelled by someone else',
    until: String(until),
  });
}

/** Rings at the earliest time at which a line may be tried again. */
export function setTroubleTimer(turn: Turn, deal: GridDeal): void {
  let earliest = deal.troublesRing ?? Infinity;
  for (const { until } of deal.troubles) {
    if (until > turn.time) earliest = Math.min(earliest, until);
  }
  if (earliest === (deal.troublesRing ?? Infinity)) return;
  deal.troublesRing = earliest;
  turn.setTimer(troubleTimer(deal), earliest);
}

export function troubleTimer(deal: GridDeal): string {
  return `deal:${deal.dealId}:lines`;
}

/** The lines of `side` that may have orders now, nearest to the price first. */
function nearest(deal: GridDeal, book: LineBook, side: Side, places: number): Wanted[] {
  const lines: Wanted[] = [];
  const { cells, instrument } = deal;
  for (let step = 0; step < cells.length && lines.length < places; step += 1) {
    const cell = cells[side === 'sell' ? step : cells.length - 1 - step];
    if (cell === undefined) break;
    const priceTicks = side === 'sell' ? cell.sellTicks : cell.buyTicks;
    const lots = side === 'sell' ? sellLots(deal, cell) : buyLots(cell);
    const orderable = orderLots(instrument, priceTicks, lots);
    const order = book[side].get(priceTicks);
    // Too little for an order waits until more has come together; an order that rests for it stays.
    if (orderable === 0 && (order === undefined || lots === 0)) continue;
    lines.push({ cell, side, priceTicks, lots: orderable === 0 ? lots : orderable, order });
  }
  return lines;
}

/**
 * Whether `order` may stay as it is. It is renewed for more lots only when these would make an order of their own and
 * nothing of the cell's other side is out, so that a line that fills in many parts is renewed once.
 */
function isRight(deal: GridDeal, book: LineBook, line: Wanted, order: DealOrder): boolean {
  if (order.phase.kind === 'ended') return true;
  const leaves = leavesLots(order);
  const { cell, side, priceTicks } = line;
  if (leaves > line.lots) {
    const mostThere = side === 'sell' ? cell.heldLots : line.lots;
    return leaves <= mostThere && orderLots(deal.instrument, priceTicks, leaves - line.lots) === 0;
  }
  if (orderLots(deal.instrument, priceTicks, line.lots - leaves) === 0) return true;
  return side === 'sell' ? book.buy.has(cell.buyTicks) : book.sell.has(cell.sellTicks);
}

function placeMissing(turn: Turn, deal: GridDeal, lines: readonly Wanted[], places: number): void {
  const first = lines[0];
  if (first === undefined) return;
  let out = 0;
  let nearestOther = first.side === 'sell' ? -1 : Infinity;
  for (const order of deal.orders) {
    if (order.side === first.side) {
      if (order.purpose === 'gridLine') out += 1;
    } else {
      nearestOther =
        first.side === 'sell'
          ? Math.max(nearestOther, order.priceTicks)
          : Math.min(nearestOther, order.priceTicks);
    }
  }
  for (const line of lines) {
    if (out >= places) return;
    if (line.order !== undefined) continue;
    const isCrossing =
      line.side === 'sell' ? line.priceTicks <= nearestOther : line.priceTicks >= nearestOther;
    if (isCrossing) continue;
    const trouble = takeTrouble(turn, deal, line);
    if (trouble === 'waits') continue;
    const { cell, side } = line;
    turn.place(deal, {
      purpose: 'gridLine',
      role: side === 'buy' ? 'entry' : 'exit',
      ladderIndex: lineNumber(side === 'buy' ? cell.index : cell.index + 1),
      attempt: trouble?.attempt ?? 1,
      side,
      timeInForce: 'GTC',
      priceTicks: line.priceTicks,
      lots: line.lots,
    });
    out += 1;
  }
}

/** The line's trouble where it is due, taken off the list; 'waits' where it is not; undefined without one. */
function takeTrouble(turn: Turn, deal: GridDeal, line: Wanted): LineTrouble | 'waits' | undefined {
  const index = deal.troubles.findIndex(
    ({ side, priceTicks }) => side === line.side && priceTicks === line.priceTicks,
  );
  const trouble = deal.troubles[index];
  if (trouble === undefined) return undefined;
  if (trouble.until > turn.time) return 'waits';
  deal.troubles.splice(index, 1);
  return trouble;
}
