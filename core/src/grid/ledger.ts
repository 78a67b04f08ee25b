// SPDX-License-Identifier: Apache-2.0
// Whose coins and whose money: each fill is shared out to the cell whose line traded, and what it earned is counted.
//
// Every unit of money and every coin of the position is in exactly one place at any time: the cells, the reserve, or
// profit. So for a grid that took over nothing, at any price: line profit + other profit + worth of all coins − their
// cost = change of what the account is worth.

import { leavesLots, type DealOrder } from '../bot/deal-order.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import {
  assetBase,
  costOf,
  formatBase,
  formatMoney,
  lotsBase,
  netBought,
  notionalMoney,
  revenueOf,
  type Position,
} from '../position.ts';
import { divCeil } from '../units.ts';
import type { Instrument } from '../instrument.ts';
import { lineNumber, orderLots, sellLots, type Booked, type Cell, type GridDeal } from './deal.ts';

/** The sums of `position` as the ledger compares them. */
export function bookedOf(position: Position, instrument: Instrument): Booked {
  return {
    boughtLots: position.boughtLots,
    soldLots: position.soldLots,
    got: netBought(position, instrument),
    given:
      lotsBase(instrument, position.soldLots) + assetBase(instrument, position.soldCommissionBase),
    cost: costOf(position, instrument),
    revenue: revenueOf(position, instrument),
  };
}

/** Shares out the fill of `order` that the position has and the ledger has not. */
export function bookFill(turn: Turn, deal: GridDeal, order: DealOrder): void {
  const before = deal.booked;
  const after = bookedOf(deal.position, deal.instrument);
  deal.booked = after;
  const isLine = order.purpose === 'gridLine';
  const cell = isLine
    ? deal.cells.find(({ buyTicks, sellTicks }) =>
        order.side === 'buy' ? buyTicks === order.priceTicks : sellTicks === order.priceTicks,
      )
    : undefined;
  if (order.side === 'buy') {
    const lots = after.boughtLots - before.boughtLots;
    const coins = after.got - before.got;
    const cost = after.cost - before.cost;
    if (cell === undefined) toReserve(deal, coins, cost);
    else bookBuy(deal, cell, lots, coins, cost);
    return;
  }
  const lots = after.soldLots - before.soldLots;
  const coins = after.given - before.given;
  const money = after.revenue - before.revenue;
  if (cell !== undefined) {
    bookSell(turn, deal, cell, order, { lots, coins, money });
    return;
  }
  const earned = money - fromReserve(deal, coins);
  if (isLine) deal.profit.quote += earned;
  else deal.otherProfit += earned;
}

/** Closes lines that a sale above their price paid for early, once nothing of them is for sale any more. */
export function closePaid(turn: Turn, deal: GridDeal): void {
  if (deal.settings.profitCurrency !== 'base') return;
  for (const cell of deal.cells) {
    if (cell.heldLots === 0 || cell.owed > 0n) continue;
    const isOut = deal.orders.some(
      ({ side, purpose, priceTicks }) =>
        side === 'sell' && purpose === 'gridLine' && priceTicks === cell.sellTicks,
    );
    if (!isOut) closeLine(turn, deal, cell);
  }
}

/** Puts coins and their cost into the reserve. */
export function toReserve(deal: GridDeal, coins: bigint, cost: bigint): void {
  deal.reserve.coins += coins;
  deal.reserve.cost += cost;
}

/** Moves up to `lots` whole lots from the reserve to `cell`. Answers how many. */
export function supply(deal: GridDeal, cell: Cell, lots: number): number {
  const lot = lotsBase(deal.instrument, 1);
  const there = deal.reserve.coins > 0n ? Number(deal.reserve.coins / lot) : 0;
  const moved = Math.min(lots, there);
  if (moved < 1) return 0;
  cell.cost += fromReserve(deal, BigInt(moved) * lot);
  cell.heldLots += moved;
  return moved;
}

/** Takes the coins of `cell` into the reserve. */
export function emptyCell(deal: GridDeal, cell: Cell): void {
  toReserve(deal, lotsBase(deal.instrument, cell.heldLots), cell.cost);
  cell.heldLots = 0;
  cell.boughtLots = 0;
  cell.cost = 0n;
  cell.owed = 0n;
}

/** Takes the coins of all cells into the reserve and the cells away. */
export function dissolveCells(deal: GridDeal): void {
  for (const cell of deal.cells) emptyCell(deal, cell);
  deal.cells = [];
}

/** What `lots` at `priceTicks` come to, at `moneyScale` decimals. */
export function moneyAt(instrument: Instrument, priceTicks: number, lots: number): bigint {
  return notionalMoney(instrument, BigInt(priceTicks) * BigInt(lots));
}

/**
 * The cell gets as many whole lots as were bought; what a fee in coins took of them comes from the reserve. Where the
 * reserve has too little the cell gets a lot less, and what is left of that lot goes to the reserve.
 */
function bookBuy(deal: GridDeal, cell: Cell, lots: number, coins: bigint, cost: bigint): void {
  const lot = lotsBase(deal.instrument, 1);
  const { reserve } = deal;
  cell.boughtLots += lots;
  cell.owed += cost;
  const wanted = Math.max(0, cell.boughtLots - cell.heldLots);
  const there = coins + reserve.coins;
  const gets = Math.min(wanted, there > 0n ? Number(there / lot) : 0);
  const given = BigInt(gets) * lot;
  cell.heldLots += gets;
  if (given > coins) {
    cell.cost += cost + fromReserve(deal, given - coins);
    return;
  }
  const share = coins > 0n ? (cost * given) / coins : 0n;
  cell.cost += share;
  toReserve(deal, coins - given, cost - share);
}

function bookSell(
  turn: Turn,
  deal: GridDeal,
  cell: Cell,
  order: DealOrder,
  sold: { readonly lots: number; readonly coins: bigint; readonly money: bigint },
): void {
  const { instrument, profit } = deal;
  const { lots, money } = sold;
  const lot = lotsBase(instrument, 1);
  // A commission in coins on a sale is the reserve's to pay.
  const own = Math.min(lots, cell.heldLots);
  const beyond = sold.coins - BigInt(own) * lot;
  cell.heldLots -= own;
  cell.owed = money < cell.owed ? cell.owed - money : 0n;
  const after = lotsStillToSell(deal, cell, order);
  const share = after === 0 ? cell.cost : (cell.cost * BigInt(lots)) / BigInt(lots + after);
  cell.cost -= share;
  const earned = money - share - fromReserve(deal, beyond);
  profit.quote += earned;
  cell.earned += earned;
  if (after > 0) {
    const rest = divCeil(BigInt(cell.boughtLots) * BigInt(after), BigInt(lots + after));
    cell.boughtLots = Math.max(after, Number(rest));
    return;
  }
  closeLine(turn, deal, cell);
}

/** The line has brought what it was to bring: what is left of its coins is profit, at no cost. */
function closeLine(turn: Turn, deal: GridDeal, cell: Cell): void {
  const { instrument, profit } = deal;
  const kept = lotsBase(instrument, cell.heldLots);
  profit.quote -= cell.cost;
  profit.base += kept;
  profit.lines += 1;
  turn.note(deal.dealId, 'gridLineClosed', {
    number: String(lineNumber(cell.index + 1)),
    buyPrice: formatPrice(instrument, cell.buyTicks),
    sellPrice: formatPrice(instrument, cell.sellTicks),
    profit: formatMoney(instrument, cell.earned - cell.cost),
    profitBase: formatBase(instrument, kept),
    lines: String(profit.lines),
    totalProfit: formatMoney(instrument, profit.quote),
    totalProfitBase: formatBase(instrument, profit.base),
  });
  cell.heldLots = 0;
  cell.boughtLots = 0;
  cell.cost = 0n;
  cell.earned = 0n;
  cell.owed = 0n;
}

/** What the sell line of `cell` has left to sell; with profit in base a rest too small for an order is forgiven. */
function lotsStillToSell(deal: GridDeal, cell: Cell, order: DealOrder): number {
  const leaves = Math.min(leavesLots(order), cell.heldLots);
  const wanted = sellLots(deal, cell);
  if (leaves > 0) return Math.max(leaves, wanted);
  const isForgiven = deal.settings.profitCurrency === 'base';
  return isForgiven && orderLots(deal.instrument, cell.sellTicks, wanted) === 0 ? 0 : wanted;
}

/** Takes coins out of the reserve; answers their share of its cost, all of it with the last coin. */
function fromReserve(deal: GridDeal, coins: bigint): bigint {
  const { reserve } = deal;
  if (coins === 0n) return 0n;
  const share = coins >= reserve.coins ? reserve.cost : (reserve.cost * coins) / reserve.coins;
  reserve.coins -= coins;
  reserve.cost -= share;
  return share;
}
