// SPDX-License-Identifier: Apache-2.0
// A stop that rests at the exchange: one order list with the take profit, of which the first to trade ends the other.
//
// The desk watches the same stop all the while. It gives the exchange a moment to act, and does by itself what the
// exchange does not: no pair taken, a leg lost, a price that jumps past the stop's limit.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { mostLots, orderFault, slippedBuy, slippedSell } from '../bot/order-rules.ts';
import { backoffMs, EXIT_BACKOFF_MAX_MS } from '../bot/retry.ts';
import type { Turn, WantedOrder } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import { dropEntries, settleClosing } from './closing.ts';
import {
  exitSideOf,
  isBetter,
  leftOf,
  stopOrder,
  timerName,
  type ExitState,
  type TradeDeal,
} from './deal.ts';
import { EXCHANGE_GRACE_MS, stopLimitTicks, stopTimerName } from './stop.ts';
import { planTerms } from './terms.ts';

/** The stop of the pair that `exit` is to rest in. */
interface WantedStop {
  readonly stopTicks: number;
  readonly limitTicks: number;
}

/** The stop that belongs beside the take profit `exit` at the exchange, or null where the desk watches it. */
export function wantedStop(deal: TradeDeal, exit: ExitState): WantedStop | null {
  const { plan, instrument, stop } = deal;
  if (plan.stopLoss?.placement !== 'exchange' || instrument.takesPairs !== true) return null;
  if (exit.purpose !== 'takeProfit' || exit.order !== 'limit' || exit.phase.kind !== 'open') {
    return null;
  }
  if (stop.ticks === 0 || (stop.alone !== undefined && stop.alone.until > 0)) return null;
  if (!isBetter(plan.direction, exit.ticks, stop.ticks)) return null;
  const limitTicks = stopOrderLimit(deal);
  const lots = leftOf(deal, exit);
  // What is too much for one order of either kind cannot be one pair.
  const fits = [exit.ticks, limitTicks, stop.ticks].every(
    (ticks) =>
      mostLots(instrument, ticks, lots) === lots && orderFault(instrument, ticks, lots) === null,
  );
  return fits ? { stopTicks: stop.ticks, limitTicks } : null;
}

/** The limit of the stop at the exchange: its own, or as far from the stop as the trade's slippage allows. */
export function stopOrderLimit(deal: TradeDeal): number {
  const own = stopLimitTicks(deal);
  if (own > 0) return own;
  const { maxSlippage } = planTerms(deal.plan);
  return exitSideOf(deal) === 'sell'
    ? slippedSell(deal.instrument, deal.stop.ticks, maxSlippage)
    : slippedBuy(deal.instrument, deal.stop.ticks, maxSlippage);
}

/** Whether the order that is out for `exit` should stand beside another stop, beside one, or beside none. */
export function isPairWrong(deal: TradeDeal, exit: ExitState, order: DealOrder): boolean {
  const wanted = wantedStop(deal, exit);
  const stop = partnerOf(deal, order);
  if (stop === undefined) return wanted !== null;
  return (
    wanted === null || stop.stopTicks !== wanted.stopTicks || stop.priceTicks !== wanted.limitTicks
  );
}

/** The order that stands in a pair with `order` and is not settled, or undefined. */
export function partnerOf(deal: TradeDeal, order: DealOrder): DealOrder | undefined {
  const { pairedWith } = order;
  if (pairedWith === undefined) return undefined;
  return deal.orders.find(({ clientOrderId }) => clientOrderId === pairedWith);
}

/** Sends the take profit of `exit` and its stop as one. */
export function placePair(
  turn: Turn,
  deal: TradeDeal,
  takeProfit: WantedOrder,
  { stopTicks, limitTicks }: WantedStop,
): void {
  turn.placePair(deal, {
    takeProfit: { ...takeProfit, type: 'limitMaker' },
    stopLoss: {
      purpose: 'stopLoss',
      role: 'exit',
      side: takeProfit.side,
      type: 'stopLimit',
      timeInForce: 'GTC',
      priceTicks: limitTicks,
      lots: takeProfit.lots,
      stopTicks,
    },
  });
}

/** Whether the exchange ended a take profit of its own accord: it does so only for the stop beside it. */
export function isEndedByStop(deal: TradeDeal, order: DealOrder): boolean {
  if (partnerOf(deal, order) === undefined || order.isCancelling) return false;
  const { phase } = order;
  return phase.kind === 'ended' && phase.end === 'expired' && order.filledLots === 0;
}

/** The take profit of a pair has left the book, and its stop is still there. */
export function settlePairedProfit(turn: Turn, deal: TradeDeal, order: DealOrder): void {
  const stop = partnerOf(deal, order);
  if (stop === undefined || order.filledLots >= order.quantity) return;
  if (deal.phase.kind !== 'running') return;
  if (isEndedByStop(deal, order)) takeOver(turn, deal, stop);
  else turn.cancel(deal, stop);
}

/** The stop of a pair brought a fill. */
export function stopOrderFilled(turn: Turn, deal: TradeDeal, order: DealOrder): void {
  if (deal.phase.kind === 'running') takeOver(turn, deal, order);
}

/** The stop of a pair has left the book. */
export function settleStopOrder(
  turn: Turn,
  deal: TradeDeal,
  order: DealOrder,
  how: Settlement,
): void {
  if (order.filledLots > 0 && deal.phase.kind === 'running') takeOver(turn, deal, order);
  if (deal.phase.kind === 'closing') {
    settleClosing(turn, deal, order, how);
    return;
  }
  if (deal.phase.kind !== 'running' || (how.kind === 'ended' && order.isCancelling)) return;
  // Beside a take profit that has filled wholly there is nothing left to stop.
  const profit = partnerOf(deal, order);
  if (how.kind === 'ended' && profit === undefined) return;
  const stood = turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS;
  const refusals = (stood ? 0 : (deal.stop.alone?.refusals ?? 0)) + 1;
  const until = turn.time + backoffMs(refusals);
  deal.stop.alone = { refusals, until };
  turn.setTimer(pairTimer(deal), until);
  turn.note(deal.dealId, 'stopWatchedByDesk', {
    stopLoss: formatPrice(deal.instrument, order.stopTicks ?? deal.stop.ticks),
    reason:
      how.kind === 'rejected'
        ? how.reason
        : 'the exchange has ended the stop beside the take profit',
    until: String(until),
  });
}

/** The exchange is closing the position: what else is out gives way, and the desk waits for a moment. */
function takeOver(turn: Turn, deal: TradeDeal, stop: DealOrder): void {
  const limitTicks = stopLimitTicks(deal);
  deal.phase = {
    kind: 'closing',
    reason: 'stopLoss',
    why: 'stop loss',
    limitTicks,
    step: { kind: 'ordered' },
    attempt: 1,
    pauses: 0,
    hasClosed: false,
  };
  dropEntries(turn, deal);
  deal.stop.breachedUntil = 0;
  turn.note(deal.dealId, 'stopTakenByExchange', {
    stopLoss: formatPrice(deal.instrument, stop.stopTicks ?? deal.stop.ticks),
    price: formatPrice(deal.instrument, stop.priceTicks),
  });
  // A limit stop rests at its limit for as long as it takes.
  if (limitTicks === 0) waitForExchange(turn, deal);
}

function waitForExchange(turn: Turn, deal: TradeDeal): void {
  deal.stop.breachedUntil = turn.time + EXCHANGE_GRACE_MS;
  turn.setTimer(stopTimerName(deal), deal.stop.breachedUntil);
}

/** Answers whether `timer` says that a stop at the exchange has had its time, or that a pair may be tried again. */
export function pairTimerDue(turn: Turn, deal: TradeDeal, timer: string): boolean {
  const { stop } = deal;
  if (timer === pairTimer(deal)) {
    if (stop.alone === undefined || stop.alone.until === 0 || turn.time < stop.alone.until) {
      return false;
    }
    stop.alone = { ...stop.alone, until: 0 };
    return true;
  }
  if (timer !== stopTimerName(deal) || deal.phase.kind !== 'closing') return false;
  const order = stopOrder(deal);
  if (order === undefined || stop.breachedUntil === 0 || turn.time < stop.breachedUntil) {
    return false;
  }
  if (turn.mayExit) {
    stop.breachedUntil = 0;
    turn.cancel(deal, order);
  } else {
    // What rests is all the protection there is.
    waitForExchange(turn, deal);
  }
  return true;
}

function pairTimer(deal: TradeDeal): string {
  return timerName(deal, 'pair');
}
