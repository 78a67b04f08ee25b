// SPDX-License-Identifier: Apache-2.0
// How a trade is closed as a whole: orders are taken back, their fills awaited, then everything is closed at once, or
// by one limit order where a stop asks for that.

import {
  leavesLots,
  type DealOrder,
  type DealOutcome,
  type Settlement,
} from '../bot/deal-order.ts';
import { immediateOrder } from '../bot/immediate.ts';
import { mostLots, orderFault } from '../bot/order-rules.ts';
import { ATTEMPTS_MAX, backoffMs, exitBackoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatQuantity } from '../instrument.ts';
import {
  costOf,
  enteredMoney,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  profitOf,
  revenueOf,
} from '../position.ts';
import { assert } from '../units.ts';
import { dropEntry } from './entries.ts';
import {
  exitSideOf,
  hasEntered,
  isPending,
  openLots,
  timerName,
  type CloseReason,
  type Market,
  type TradeDeal,
} from './deal.ts';
import { planTerms } from './terms.ts';

/** Begins to close the whole position. `limitTicks`: the order rests at this price; 0 trades at once. */
export function startClosing(
  turn: Turn,
  deal: TradeDeal,
  how: { readonly reason: CloseReason; readonly why: string; readonly limitTicks: number },
): void {
  deal.phase = {
    kind: 'closing',
    ...how,
    step: { kind: 'clearing' },
    attempt: 0,
    pauses: 0,
    hasClosed: false,
  };
  dropEntries(turn, deal);
}

/** No entry goes on; orders of theirs are taken back. */
export function dropEntries(turn: Turn, deal: TradeDeal): void {
  for (const entry of deal.entries) if (isPending(entry)) dropEntry(turn, deal, entry);
}

/** Asks for every order out back. Answers whether any is still unsettled. */
export function cancelAll(turn: Turn, deal: TradeDeal): boolean {
  for (const order of deal.orders) turn.cancel(deal, order);
  return deal.orders.length > 0;
}

/** As `cancelAll`, but while no exit may be placed one that rests stays: it is all the protection there is. */
function clear(turn: Turn, deal: TradeDeal): boolean {
  for (const order of deal.orders) {
    if (turn.mayExit || order.role === 'entry') turn.cancel(deal, order);
  }
  return deal.orders.length > 0;
}

/** While a stop at the exchange closes the position, what exits rest besides it are in the way. */
function clearBesides(turn: Turn, deal: TradeDeal): void {
  if (!turn.mayExit) return;
  for (const order of deal.orders) {
    if (order.ladderIndex > 0 && order.pairedWith === undefined) turn.cancel(deal, order);
  }
}

/** Does what closing asks for next. */
export function keepClosing(turn: Turn, deal: TradeDeal, market: Market | null): void {
  const { phase } = deal;
  assert(phase.kind === 'closing', 'Invariant: the trade is closing');
  if (phase.step.kind === 'waiting') return;
  if (phase.step.kind === 'ordered') {
    // One order may hold only so much, and a limit order that is not there any more was settled before.
    if (deal.orders.length > 0) {
      clearBesides(turn, deal);
      return;
    }
  } else if (clear(turn, deal)) {
    return;
  }
  const lots = openLots(deal);
  if (lots < Math.max(1, deal.instrument.minLots)) {
    endClosed(turn, deal);
    return;
  }
  if (!turn.mayExit) return;
  if (phase.limitTicks > 0) {
    placeLimit(turn, deal, lots);
  } else if (market !== null) {
    closeAtOnce(turn, deal, market, lots);
  } else if (phase.step.kind !== 'awaitingQuote') {
    deal.phase = { ...phase, step: { kind: 'awaitingQuote' } };
    turn.requestQuote(deal.symbol);
  }
}

function placeLimit(turn: Turn, deal: TradeDeal, open: number): void {
  const { phase, instrument } = deal;
  assert(phase.kind === 'closing', 'Invariant: the trade is closing');
  const lots = mostLots(instrument, phase.limitTicks, open);
  if (orderFault(instrument, phase.limitTicks, lots) !== null) {
    // Worth too little there: dust, or a price the venue does not know; a person's close tries the market.
    endClosed(turn, deal);
    return;
  }
  placeClosing(turn, deal, phase.limitTicks, lots);
}

function closeAtOnce(turn: Turn, deal: TradeDeal, market: Market, open: number): void {
  const { instrument, plan } = deal;
  const side = exitSideOf(deal);
  const { maxSlippage } = planTerms(plan);
  const wanted = immediateOrder(instrument, market.quote, side, maxSlippage, open);
  if (wanted === null) endClosed(turn, deal);
  else placeClosing(turn, deal, wanted.priceTicks, wanted.lots);
}

function placeClosing(turn: Turn, deal: TradeDeal, priceTicks: number, lots: number): void {
  const { phase } = deal;
  assert(phase.kind === 'closing', 'Invariant: the trade is closing');
  deal.phase = { ...phase, step: { kind: 'ordered' }, attempt: phase.attempt + 1 };
  turn.place(deal, {
    purpose: phase.reason,
    role: 'exit',
    attempt: phase.attempt + 1,
    side: exitSideOf(deal),
    timeInForce: phase.limitTicks > 0 ? 'GTC' : 'IOC',
    priceTicks,
    lots,
  });
}

/** An order is settled while the trade is closing. */
export function settleClosing(
  turn: Turn,
  deal: TradeDeal,
  order: DealOrder,
  how: Settlement,
): void {
  if (deal.phase.kind !== 'closing' || deal.phase.step.kind !== 'ordered') return;
  if (order.purpose !== 'stopLoss' && order.purpose !== 'close') return;
  const phase = { ...deal.phase, hasClosed: deal.phase.hasClosed || order.filledLots > 0 };
  const isRest = phase.limitTicks > 0;
  const isDone = order.filledLots >= order.quantity;
  if (isDone) {
    deal.phase = { ...phase, step: { kind: 'clearing' }, attempt: 0 };
    return;
  }
  const isRetry = how.kind === 'ended' || how.isAbsent;
  const attemptsMax = isRest ? 2 : ATTEMPTS_MAX;
  if (isRetry && phase.attempt < attemptsMax) {
    deal.phase = { ...phase, step: { kind: 'clearing' } };
    return;
  }
  const pauses = phase.pauses + 1;
  const until = turn.time + (isRest ? exitBackoffMs(pauses) : backoffMs(pauses));
  deal.phase = { ...phase, step: { kind: 'waiting', until }, attempt: 0, pauses };
  turn.setTimer(closeTimer(deal), until);
  const ended = isRest ? 'cancelled by someone else' : 'the market did not take all coins';
  turn.note(deal.dealId, 'dealPaused', {
    ...orderName(order),
    reason: how.kind === 'rejected' ? how.reason : ended,
    until: String(until),
  });
}

/** Answers whether `timer` is the one that closing waited for, and due. */
export function closingTimer(turn: Turn, deal: TradeDeal, timer: string): boolean {
  const { phase } = deal;
  if (timer !== closeTimer(deal) || phase.kind !== 'closing') return false;
  if (phase.step.kind !== 'waiting' || turn.time < phase.step.until) return false;
  deal.phase = { ...phase, step: { kind: 'clearing' } };
  return true;
}

/** The person does not want to wait: a pause is over, and an order that rests gives way to the market. */
export function hurryClosing(turn: Turn, deal: TradeDeal): boolean {
  const { phase } = deal;
  if (phase.kind !== 'closing') return false;
  if (phase.step.kind !== 'waiting' && phase.limitTicks === 0) return false;
  deal.phase = {
    ...phase,
    reason: 'close',
    why: phase.limitTicks > 0 ? CLOSED_BY_COMMAND : phase.why,
    limitTicks: 0,
    attempt: 0,
    step: { kind: 'clearing' },
  };
  clear(turn, deal);
  return true;
}

export const CLOSED_BY_COMMAND = 'closed by command';

function endClosed(turn: Turn, deal: TradeDeal): void {
  const { phase } = deal;
  assert(phase.kind === 'closing', 'Invariant: the trade is closing');
  if (!hasEntered(deal)) {
    endTrade(turn, deal, 'cancelled', `${phase.why} before the position was opened`);
  } else if (!phase.hasClosed && hasTakenProfit(deal)) {
    endTrade(turn, deal, 'completed', 'take profit');
  } else if (phase.reason === 'stopLoss') {
    endTrade(turn, deal, 'stopLoss', phase.why);
  } else {
    endTrade(turn, deal, 'closed', phase.why);
  }
}

export function hasTakenProfit(deal: TradeDeal): boolean {
  return deal.exits.some(({ purpose, filledLots }) => purpose === 'takeProfit' && filledLots > 0);
}

/** Ends the trade, all of whose orders are settled. */
export function endTrade(turn: Turn, deal: TradeDeal, outcome: DealOutcome, reason: string): void {
  const { instrument, position, plan } = deal;
  assert(
    deal.orders.every((order) => leavesLots(order) === 0),
    'Invariant: a trade that ends has no order out',
  );
  deal.phase = { kind: 'ended', time: turn.time, outcome, reason };
  deal.refit = { kind: 'none' };
  deal.stop.breachedUntil = 0;
  delete deal.toReduce;
  const profit = profitOf(position, instrument, plan.direction, 'quote');
  const kinds = { failed: 'dealFailed', cancelled: 'dealCancelled' } as const;
  turn.note(
    deal.dealId,
    outcome === 'failed' || outcome === 'cancelled' ? kinds[outcome] : 'dealCompleted',
    {
      outcome,
      reason,
      symbol: deal.symbol,
      bought: formatQuantity(instrument, position.boughtLots),
      sold: formatQuantity(instrument, position.soldLots),
      cost: formatMoney(instrument, costOf(position, instrument)),
      revenue: formatMoney(instrument, revenueOf(position, instrument)),
      profit: formatMoney(instrument, profit),
      profitPercent: formatPercent(profit, enteredMoney(position, instrument, plan.direction), 2),
      kept: formatBase(instrument, heldBase(position, instrument)),
      steps: String(
        deal.exits.filter(({ purpose, phase }) => purpose === 'takeProfit' && phase.kind === 'done')
          .length,
      ),
      seconds: String(Math.floor((turn.time - deal.openedTime) / 1000)),
    },
  );
}

function closeTimer(deal: TradeDeal): string {
  return timerName(deal, 'close');
}
