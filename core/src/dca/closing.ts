// SPDX-License-Identifier: Apache-2.0
// How a deal closes its whole position at once: cancel, wait, ask for a quote, trade within slippage, again.

import { orderFault, mostLots, slippedBuy, slippedSell } from '../bot/order-rules.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { ATTEMPTS_MAX, backoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import type { OrderPurpose } from '../machine.ts';
import { exitSide, type Quote } from '../order.ts';
import { assert } from '../units.ts';
import { timerName, type CloseReason, type ClosingStep, type DcaDeal } from './deal.ts';
import { end, notePause } from './ending.ts';
import { isAllClosed, lotsToClose } from './take-profit.ts';
import { termsOf } from './terms.ts';

const PURPOSES: Readonly<Record<CloseReason, OrderPurpose>> = {
  stopLoss: 'stopLoss',
  trailing: 'takeProfit',
  signal: 'close',
  command: 'close',
  timeout: 'close',
};

/** From now on the deal does nothing but close; `goOnClosing` takes the first step. */
export function startClosing(deal: DcaDeal, reason: CloseReason): void {
  deal.phase = { kind: 'closing', reason, attempt: 0, pauses: 0, step: { kind: 'cancelling' } };
  deal.safetyRetries = [];
  deal.requests = [];
}

/** Cancels everything, waits until all fills are in, then asks for the price to close at. */
export function goOnClosing(turn: Turn, deal: DcaDeal): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  if (phase.step.kind === 'selling' && deal.orders.length > 0) return;
  for (const order of deal.orders) {
    // While no exit may be placed, one that rests is all the protection there is.
    if (turn.mayExit || order.role === 'entry') turn.cancel(deal, order);
  }
  if (deal.orders.length > 0) return;
  if (phase.step.kind === 'awaitingQuote' || phase.step.kind === 'waiting') return;
  if (isAllClosed(deal)) {
    endClosed(turn, deal);
    return;
  }
  if (!turn.mayExit) return;
  deal.phase = { ...phase, step: { kind: 'awaitingQuote' } };
  turn.requestQuote(deal.symbol);
}

/** Trades at once within slippage of the best price. Answers whether `quote` changed the deal. */
export function closeAt(turn: Turn, deal: DcaDeal, quote: Quote): boolean {
  assert(deal.phase.kind === 'closing', 'Invariant: the deal is closing');
  const { instrument, settings } = deal;
  const isLong = settings.direction === 'long';
  const best = isLong ? quote.bid : quote.ask;
  if (!turn.mayExit || best < instrument.minTicks) return false;
  const { maxSlippage } = termsOf(settings);
  const limit = isLong
    ? worthyLimit(deal, quote)
    : Math.max(slippedBuy(instrument, best, maxSlippage), best);
  // A short that spends its proceeds must be able to pay the worst price allowed.
  const lots = mostLots(instrument, limit, lotsToClose(deal, isLong ? best : limit, 0));
  if (lots < 1 || orderFault(instrument, limit, lots) !== null) {
    endClosed(turn, deal);
    return true;
  }
  placeClose(turn, deal, limit, lots);
  return true;
}

/** The lowest price a closing sell may take: few coins may be worth too little there, yet enough at the bid. */
function worthyLimit(deal: DcaDeal, quote: Quote): number {
  const { instrument } = deal;
  const { maxSlippage } = termsOf(deal.settings);
  const lots = lotsToClose(deal, quote.bid, 0);
  const worthEnough = lots === 0 ? 0 : Math.ceil(instrument.minNotional / lots);
  return Math.min(
    quote.bid,
    Math.max(slippedSell(instrument, quote.bid, maxSlippage), worthEnough),
  );
}

export function settleClose(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  if (how.kind === 'rejected' && how.isAbsent && phase.attempt < ATTEMPTS_MAX && turn.mayExit) {
    placeClose(turn, deal, order.priceTicks, order.quantity);
    return;
  }
  const isSpent = how.kind === 'rejected' || phase.attempt >= ATTEMPTS_MAX;
  let next: ClosingStep = { kind: 'cancelling' };
  let pauses = phase.pauses;
  if (isSpent && !isAllClosed(deal)) {
    pauses += 1;
    const until = turn.time + backoffMs(pauses);
    next = { kind: 'waiting', until };
    turn.setTimer(timerName(deal, 'close'), until);
    notePause(turn, deal, {
      ...orderName(order),
      reason: how.kind === 'rejected' ? how.reason : 'the market did not take all coins',
      until: String(until),
    });
  }
  deal.phase = { ...phase, pauses, step: next };
}

function placeClose(turn: Turn, deal: DcaDeal, priceTicks: number, lots: number): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  deal.phase = { ...phase, attempt: phase.attempt + 1, step: { kind: 'selling' } };
  turn.place(deal, {
    purpose: PURPOSES[phase.reason],
    role: 'exit',
    side: exitSide(deal.settings.direction),
    timeInForce: 'IOC',
    priceTicks,
    lots,
  });
}

function endClosed(turn: Turn, deal: DcaDeal): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  const { boughtLots, soldLots } = deal.position;
  const isLong = deal.settings.direction === 'long';
  const [entered, exited] = isLong ? [boughtLots, soldLots] : [soldLots, boughtLots];
  const hasTradedByClosing = phase.attempt > 0 || phase.pauses > 0;
  if (entered === 0) {
    const traded = isLong ? 'bought' : 'sold';
    end(turn, deal, 'cancelled', `closed before anything was ${traded}`);
  } else if (exited > 0 && !hasTradedByClosing) {
    end(turn, deal, 'completed', 'take profit');
  } else {
    switch (phase.reason) {
      case 'stopLoss':
        end(turn, deal, 'stopLoss', 'stop loss');
        return;
      case 'trailing':
        end(turn, deal, 'completed', 'trailing take profit');
        return;
      case 'signal':
        end(turn, deal, 'completed', 'closed by signal');
        return;
      case 'timeout':
        end(turn, deal, 'closed', 'close timeout');
        return;
      case 'command':
        end(turn, deal, 'closed', 'closed by command');
    }
  }
}
