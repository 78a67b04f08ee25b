// SPDX-License-Identifier: Apache-2.0
// Keeps the orders of a running grid as its cells want them: compares what is out with what should be, and asks.

import { leavesLots, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import { postWaitMs } from '../bot/post-only.ts';
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

/** A line that should have an order and has none. */
interface Missing {
  readonly cell: Cell;
  readonly priceTicks: number;
  /** What one order may hold of what the line is to trade. */
  readonly lots: number;
}

/**
 * Places, renews and cancels line orders: on each side those nearest to the price, at most as many as the settings
 * allow. A buy never meets an own sell: of two lines that would cross, the one without an order waits.
 */
export function keepLines(turn: Turn, deal: GridDeal, book: LineBook): void {
  const { maxActiveSellLines, maxActiveBuyLines } = deal.settings;
  const sells: Missing[] = [];
  const buys: Missing[] = [];
  const matched =
    compareSide(turn, deal, book, 'sell', maxActiveSellLines, sells) +
    compareSide(turn, deal, book, 'buy', maxActiveBuyLines, buys);
  if (matched < book.sell.size + book.buy.size) cancelStrays(turn, deal);
  if (turn.mayExit) placeMissing(turn, deal, 'sell', sells, maxActiveSellLines);
  if (!turn.mayEnter || buys.length === 0) return;
  // The money of a line that is going away comes back only with its end.
  const isMoneyOut = deal.cells.some(
    (cell) => cell.state === 'retiring' && book.buy.has(cell.buyTicks),
  );
  if (!isMoneyOut) placeMissing(turn, deal, 'buy', buys, maxActiveBuyLines);
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
  if (how.kind === 'rejected' && how.wouldTake && order.postTries !== undefined) {
    const postTries = order.postTries + 1;
    const waitMs = postWaitMs(order.role, postTries);
    const { side, priceTicks, attempt } = order;
    deal.troubles.push({ side, priceTicks, attempt, until: turn.time + waitMs, postTries });
    if (waitMs > 0) setTroubleTimer(turn, deal);
    return;
  }
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

/**
 * Goes through the lines of `side` from the price outwards: cancels orders that are not right or too far away, and lists
 * in `missing` the lines that should have one. Answers how many line orders belong to a line.
 */
function compareSide(
  turn: Turn,
  deal: GridDeal,
  book: LineBook,
  side: Side,
  places: number,
  missing: Missing[],
): number {
  const { cells, instrument } = deal;
  const isSell = side === 'sell';
  let matched = 0;
  let taken = 0;
  for (let step = 0; step < cells.length; step += 1) {
    const cell = cells[isSell ? step : cells.length - 1 - step];
    if (cell === undefined) break;
    const priceTicks = isSell ? cell.sellTicks : cell.buyTicks;
    const order = book[side].get(priceTicks);
    if (order !== undefined) matched += 1;
    const lots = isSell ? sellLots(deal, cell) : buyLots(cell);
    if (order === undefined) {
      const orderable = taken < places ? orderLots(instrument, priceTicks, lots) : 0;
      // Too little for an order waits until more has come together.
      if (orderable === 0) continue;
      missing.push({ cell, priceTicks, lots: orderable });
      taken += 1;
    } else if (lots === 0 || taken >= places) {
      takeBack(turn, deal, order);
    } else {
      taken += 1;
      if (!isRight(deal, book, cell, order, lots)) takeBack(turn, deal, order);
    }
  }
  return matched;
}

/** Takes back line orders that stand on no line. */
function cancelStrays(turn: Turn, deal: GridDeal): void {
  for (const order of deal.orders) {
    if (order.purpose !== 'gridLine') continue;
    const hasLine = deal.cells.some((cell) =>
      order.side === 'sell'
        ? cell.sellTicks === order.priceTicks
        : cell.buyTicks === order.priceTicks,
    );
    if (!hasLine) takeBack(turn, deal, order);
  }
}

/** While no sell may be placed one that rests stays, right or not: nothing could take its place. */
function takeBack(turn: Turn, deal: GridDeal, order: DealOrder): void {
  if (turn.mayExit || order.role === 'entry') turn.cancel(deal, order);
}

/**
 * Whether `order` may stay as it is where its line is to trade `lots`. It is renewed for more only when these make an
 * order of their own and nothing of the cell's other side is out, so that a line that fills in many parts is renewed
 * once. A sell for a little more than is owed stays as long as the coins are there.
 */
function isRight(
  deal: GridDeal,
  book: LineBook,
  cell: Cell,
  order: DealOrder,
  lots: number,
): boolean {
  const { priceTicks, side } = order;
  const leaves = leavesLots(order);
  if (leaves === lots || order.phase.kind === 'ended') return true;
  const { instrument } = deal;
  const most = orderLots(instrument, priceTicks, lots);
  // A rest that is too small for an order of its own is right where it rests.
  const wanted = most === 0 ? lots : most;
  if (leaves > wanted) {
    const there = side === 'sell' ? cell.heldLots : wanted;
    return leaves <= there && orderLots(instrument, priceTicks, leaves - wanted) === 0;
  }
  if (orderLots(instrument, priceTicks, wanted - leaves) === 0) return true;
  return side === 'sell' ? book.buy.has(cell.buyTicks) : book.sell.has(cell.sellTicks);
}

function placeMissing(
  turn: Turn,
  deal: GridDeal,
  side: Side,
  missing: readonly Missing[],
  places: number,
): void {
  if (missing.length === 0) return;
  const isSell = side === 'sell';
  let out = 0;
  let nearestOther = isSell ? -1 : Infinity;
  for (const order of deal.orders) {
    if (order.side === side) {
      if (order.purpose === 'gridLine') out += 1;
    } else {
      nearestOther = isSell
        ? Math.max(nearestOther, order.priceTicks)
        : Math.min(nearestOther, order.priceTicks);
    }
  }
  for (const { cell, priceTicks, lots } of missing) {
    if (out >= places) return;
    const isCrossing = isSell ? priceTicks <= nearestOther : priceTicks >= nearestOther;
    if (isCrossing) continue;
    const trouble = takeTrouble(turn, deal, side, priceTicks);
    if (trouble === 'waits') continue;
    turn.place(deal, {
      purpose: 'gridLine',
      role: isSell ? 'exit' : 'entry',
      ladderIndex: lineNumber(isSell ? cell.index + 1 : cell.index),
      attempt: trouble?.attempt ?? 1,
      side,
      timeInForce: 'GTC',
      priceTicks,
      lots,
      postTries: deal.settings.postOnly ? (trouble?.postTries ?? 0) : undefined,
    });
    out += 1;
  }
}

/** The line's trouble where it is due, taken off the list; 'waits' where it is not; undefined without one. */
function takeTrouble(
  turn: Turn,
  deal: GridDeal,
  side: Side,
  priceTicks: number,
): LineTrouble | 'waits' | undefined {
  if (deal.troubles.length === 0) return undefined;
  const index = deal.troubles.findIndex(
    (trouble) => trouble.side === side && trouble.priceTicks === priceTicks,
  );
  const trouble = deal.troubles[index];
  if (trouble === undefined) return undefined;
  if (trouble.until > turn.time) return 'waits';
  deal.troubles.splice(index, 1);
  return trouble;
}
