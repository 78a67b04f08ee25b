// SPDX-License-Identifier: Apache-2.0
// How a grid ends: its orders are cancelled, then its coins are kept, sold, or joined by those its money still buys.

import type { DealOutcome } from '../bot/common-view.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { immediateOrder, slippedTicks } from '../bot/immediate.ts';
import { ABSENT_MAX, ATTEMPTS_MAX, backoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatPrice, formatQuantity } from '../instrument.ts';
import type { OrderPurpose } from '../machine.ts';
import type { Quote } from '../order.ts';
import {
  costOf,
  formatBase,
  formatMoney,
  formatPercent,
  lotsBase,
  revenueOf,
} from '../position.ts';
import { assert } from '../units.ts';
import { coinsOf, type GridDeal, type GridStopReason, type StoppingStep } from './deal.ts';
import { dissolveCells, moneyAt } from './ledger.ts';
import { gridTermsOf, type StopAction } from './terms.ts';

/** Which stop `last` has reached, the lower first; null for none. */
export function reachedStop(
  deal: GridDeal,
  last: number,
): { readonly reason: GridStopReason; readonly action: StopAction; readonly ticks: number } | null {
  const { marks, settings } = deal;
  if (last <= marks.lowerStop) {
    const action = settings.lowerStop?.action ?? 'stop';
    return { reason: 'lowerStop', action, ticks: marks.lowerStop };
  }
  if (marks.takeProfit !== null && last >= marks.takeProfit) {
    return { reason: 'takeProfit', action: 'stopAndSell', ticks: marks.takeProfit };
  }
  if (marks.upperStop !== null && last >= marks.upperStop) {
    const action = settings.upperStop?.action ?? 'stop';
    return { reason: 'upperStop', action, ticks: marks.upperStop };
  }
  return null;
}

export function startStopping(
  turn: Turn,
  deal: GridDeal,
  reason: GridStopReason,
  action: StopAction,
): void {
  deal.phase = {
    kind: 'stopping',
    reason,
    action,
    step: { kind: 'cancelling' },
    attempt: 0,
    pauses: 0,
    budget: 0n,
  };
  deal.troubles = [];
  wind(turn, deal);
}

/** Cancels everything, waits until all fills are in, then does what the stop asks for. */
export function wind(turn: Turn, deal: GridDeal): void {
  const { phase, instrument } = deal;
  assert(phase.kind === 'stopping', 'Invariant: the grid is stopping');
  for (const order of deal.orders) {
    // While no exit may be placed, one that rests is all there is, unless the coins are to be kept anyway.
    const mayGo = turn.mayExit || order.role === 'entry' || phase.action === 'stop';
    if (order.purpose === 'gridLine' && mayGo) turn.cancel(deal, order);
  }
  if (deal.orders.length > 0) return;
  if (phase.step.kind === 'awaitingQuote' || phase.step.kind === 'waiting') return;
  let { budget } = phase;
  if (deal.cells.length > 0) {
    if (phase.action === 'stopAndBuy') budget = moneyOfBuyLines(deal);
    dissolveCells(deal);
  }
  const isDone =
    phase.action === 'stop' ||
    (phase.action === 'stopAndSell' && spareLots(deal) < Math.max(1, instrument.minLots)) ||
    (phase.action === 'stopAndBuy' && (budget <= 0n || !turn.mayEnter));
  if (isDone) {
    deal.phase = { ...phase, budget };
    endStopped(turn, deal);
    return;
  }
  deal.phase = { ...phase, budget, step: { kind: 'awaitingQuote' } };
  turn.requestQuote(deal.symbol);
}

/** Trades at once within slippage. Answers whether `quote` changed the deal. */
export function tradeOut(turn: Turn, deal: GridDeal, quote: Quote): boolean {
  const { phase, instrument } = deal;
  assert(phase.kind === 'stopping', 'Invariant: the grid is stopping');
  const { maxSlippage } = gridTermsOf(deal.settings, instrument);
  const side = phase.action === 'stopAndBuy' ? 'buy' : 'sell';
  if (side === 'sell' && !turn.mayExit) return false;
  let lots = spareLots(deal);
  if (side === 'buy') {
    const limit = slippedTicks(instrument, quote, 'buy', maxSlippage);
    lots = Number(phase.budget / moneyAt(instrument, limit, 1));
  }
  const order =
    side === 'buy' && !turn.mayEnter
      ? null
      : immediateOrder(instrument, quote, side, maxSlippage, lots);
  if (order === null) {
    endStopped(turn, deal);
    return true;
  }
  placeOut(turn, deal, side, order);
  return true;
}

/** An order that sells or buys at the end has left the list; what it left is tried again. */
export function settleOut(turn: Turn, deal: GridDeal, order: DealOrder, how: Settlement): void {
  const { phase } = deal;
  if (phase.kind !== 'stopping' || phase.step.kind !== 'trading') return;
  let next: StoppingStep = { kind: 'cancelling' };
  let { pauses, attempt } = phase;
  const isLeft = order.filledLots < order.quantity;
  const isSpent =
    attempt >= ATTEMPTS_MAX || (how.kind === 'rejected' && !(how.isAbsent && attempt < ABSENT_MAX));
  if (isLeft && isSpent) {
    if (phase.action === 'stopAndBuy') {
      // Buying protects nothing: what the market does not give at once stays money.
      deal.phase = { ...phase, budget: 0n, step: next };
      return;
    }
    pauses += 1;
    attempt = 0;
    const until = turn.time + backoffMs(pauses);
    next = { kind: 'waiting', until };
    turn.setTimer(stoppingTimer(deal), until);
    turn.note(deal.dealId, 'dealPaused', {
      ...orderName(order),
      reason: how.kind === 'rejected' ? how.reason : 'the market did not take all coins',
      until: String(until),
    });
  }
  deal.phase = { ...phase, pauses, attempt, step: next };
}

/** Takes what a buy at the end has cost off the money that is left for it. */
export function spend(deal: GridDeal, cost: bigint): void {
  const { phase } = deal;
  if (phase.kind !== 'stopping' || phase.action !== 'stopAndBuy') return;
  deal.phase = { ...phase, budget: phase.budget > cost ? phase.budget - cost : 0n };
}

export function stoppingTimer(deal: GridDeal): string {
  return `deal:${deal.dealId}:stopping`;
}

function placeOut(
  turn: Turn,
  deal: GridDeal,
  side: 'buy' | 'sell',
  order: { readonly priceTicks: number; readonly lots: number },
): void {
  const { phase } = deal;
  assert(phase.kind === 'stopping', 'Invariant: the grid is stopping');
  deal.phase = { ...phase, attempt: phase.attempt + 1, step: { kind: 'trading' } };
  turn.place(deal, {
    purpose: side === 'buy' ? 'balancing' : PURPOSES[phase.reason],
    role: side === 'buy' ? 'entry' : 'exit',
    attempt: phase.attempt + 1,
    side,
    timeInForce: 'IOC',
    priceTicks: order.priceTicks,
    lots: order.lots,
  });
}

const PURPOSES: Readonly<Record<GridStopReason, OrderPurpose>> = {
  lowerStop: 'stopLoss',
  upperStop: 'close',
  takeProfit: 'takeProfit',
  closeRequested: 'close',
  cancelRequested: 'close',
};

/** Whole lots of coins that are no profit in coins: that stays with its owner. */
function spareLots(deal: GridDeal): number {
  const { coins } = deal.reserve;
  return coins <= 0n ? 0 : Number(coins / lotsBase(deal.instrument, 1));
}

function moneyOfBuyLines(deal: GridDeal): bigint {
  let money = 0n;
  for (const cell of deal.cells) {
    if (cell.state !== 'active') continue;
    const lots = Math.max(0, cell.lots - cell.boughtLots);
    money += moneyAt(deal.instrument, cell.buyTicks, lots);
  }
  return money;
}

const ENDS: Readonly<
  Record<GridStopReason, { readonly outcome: DealOutcome; readonly reason: string }>
> = {
  lowerStop: { outcome: 'stopLoss', reason: 'lower stop' },
  upperStop: { outcome: 'completed', reason: 'upper stop' },
  takeProfit: { outcome: 'completed', reason: 'take profit' },
  closeRequested: { outcome: 'closed', reason: 'closed by command' },
  cancelRequested: { outcome: 'cancelled', reason: 'cancelled by command' },
};

function endStopped(turn: Turn, deal: GridDeal): void {
  const { phase, instrument, position } = deal;
  assert(phase.kind === 'stopping', 'Invariant: the grid is stopping');
  const { outcome, reason } = ENDS[phase.reason];
  deal.phase = { kind: 'ended', time: turn.time, outcome, reason };
  const profit = deal.profit.quote + deal.otherProfit;
  turn.note(deal.dealId, outcome === 'cancelled' ? 'dealCancelled' : 'dealCompleted', {
    outcome,
    reason,
    symbol: deal.symbol,
    bought: formatQuantity(instrument, position.boughtLots),
    sold: formatQuantity(instrument, position.soldLots),
    cost: formatMoney(instrument, costOf(position, instrument)),
    revenue: formatMoney(instrument, revenueOf(position, instrument)),
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit, deal.investment, 2),
    gridProfit: formatMoney(instrument, deal.profit.quote),
    gridProfitBase: formatBase(instrument, deal.profit.base),
    lines: String(deal.profit.lines),
    taken: formatBase(instrument, deal.takenOver),
    kept: formatBase(instrument, coinsOf(deal)),
    seconds: String(Math.floor((turn.time - deal.openedTime) / 1000)),
  });
}

/** The stop that the price has reached, for people. */
export function noteStop(
  turn: Turn,
  deal: GridDeal,
  last: number,
  stop: { readonly reason: GridStopReason; readonly action: StopAction; readonly ticks: number },
): void {
  turn.note(deal.dealId, 'gridStopReached', {
    last: formatPrice(deal.instrument, last),
    price: formatPrice(deal.instrument, stop.ticks),
    stop: stop.reason,
    action: stop.action,
  });
}
