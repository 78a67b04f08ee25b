// SPDX-License-Identifier: Apache-2.0
// The orders that build a deal's position: the base order that opens it, and the safety orders of its ladder.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { orderFor } from '../bot/deal-order.ts';
import { orderFault, slippedBuy, slippedSell, type OrderFault } from '../bot/order-rules.ts';
import { postWaitMs } from '../bot/post-only.ts';
import type { Turn } from '../bot/turn.ts';
import type { Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import { entrySide, type Quote } from '../order.ts';
import { enteredBase, enteredMoney, entryAverage } from '../position.ts';
import { assert, type TimeMs } from '../units.ts';
import { ABSENT_MAX, ATTEMPTS_MAX, backoffMs } from '../bot/retry.ts';
import {
  activeSafetyOrders,
  closeLadder,
  rungLots,
  rungOf,
  rungTicks,
  stepsDone,
  timerName,
  type DcaDeal,
  type SafetyRetry,
} from './deal.ts';
import { end, noteAverage, notePause } from './ending.ts';
import { affordableLots, amountOf, lotsForAmount } from './ladder.ts';
import { hasSignalledSafetyOrders, settleSignalledSafetyOrder } from './signals.ts';
import { termsOf, type DcaDealSettings } from './terms.ts';

/** How long a limit base order may rest before it is taken back and placed anew at a fresh price. */
export const BASE_ORDER_WAIT_MS = 300_000;

export interface WantedBaseOrder {
  readonly priceTicks: number;
  /** The price the quantity was computed at: the best price of the other side, or of its own for one that rests. */
  readonly expectedTicks: number;
  readonly lots: number;
}

/** Where a base order is expected to trade at `quote`: an immediate one at the other side, a resting one at its own. */
export function expectedTicks(
  settings: Pick<DcaDealSettings, 'direction' | 'baseOrderType'>,
  quote: Quote,
): number {
  return (settings.direction === 'long') === (settings.baseOrderType === 'market')
    ? quote.ask
    : quote.bid;
}

/** The base order for `quote`: an IOC order within slippage of the other side, or one that rests at its own. */
export function wantedBaseOrder(
  settings: DcaDealSettings,
  instrument: Instrument,
  quote: Quote,
  free: FreeFunds,
): WantedBaseOrder {
  const { baseVolume, maxSlippage } = termsOf(settings);
  const { direction } = settings;
  const expected = expectedTicks(settings, quote);
  const slipped = direction === 'long' ? slippedBuy : slippedSell;
  const priceTicks =
    settings.baseOrderType === 'market' ? slipped(instrument, expected, maxSlippage) : expected;
  const amount = amountOf(baseVolume, settings.baseOrderVolumeType, free, direction);
  const lots = lotsForAmount(instrument, amount, expected);
  return {
    expectedTicks: expected,
    priceTicks,
    lots: amount.isCapped
      ? Math.min(lots, affordableLots(instrument, free, direction, priceTicks))
      : lots,
  };
}

/** What the instrument has against `wanted`, at the price it may trade at and at the one it is expected to. */
export function baseOrderFault(
  instrument: Instrument,
  { priceTicks, expectedTicks: expected, lots }: WantedBaseOrder,
): OrderFault | null {
  return orderFault(instrument, priceTicks, lots) ?? orderFault(instrument, expected, lots);
}

export function placeBaseOrder(
  turn: Turn,
  deal: DcaDeal,
  wanted: { readonly priceTicks: number; readonly lots: number },
  attempt: number,
  postTries = 0,
): void {
  const isMarket = deal.settings.baseOrderType === 'market';
  deal.phase = { kind: 'opening' };
  turn.place(deal, {
    purpose: 'baseOrder',
    role: 'entry',
    attempt,
    side: entrySide(deal.settings.direction),
    timeInForce: isMarket ? 'IOC' : 'GTC',
    priceTicks: wanted.priceTicks,
    lots: wanted.lots,
    postTries: isMarket ? undefined : postTriesOf(deal, postTries),
  });
  if (!isMarket) turn.setTimer(timerName(deal, 'baseOrder'), turn.time + BASE_ORDER_WAIT_MS);
}

/** Takes back a base order that has rested too long. Answers whether there was one. */
export function baseOrderTimedOut(turn: Turn, deal: DcaDeal): boolean {
  const order = orderFor(deal, 'baseOrder');
  if (deal.phase.kind !== 'opening' || order === undefined || order.isCancelling) return false;
  if (order.phase.kind === 'ended' || deal.settings.baseOrderType === 'market') return false;
  if (turn.time < order.placedTime + BASE_ORDER_WAIT_MS) return false;
  turn.cancel(deal, order);
  return true;
}

export function settleBaseOrder(
  turn: Turn,
  deal: DcaDeal,
  order: DealOrder,
  how: Settlement,
): void {
  const { instrument, position } = deal;
  const { direction } = deal.settings;
  const average = entryAverage(position, instrument, direction);
  if (average !== null) {
    deal.entry = {
      kind: 'entered',
      average,
      money: enteredMoney(position, instrument, direction),
      coins: enteredBase(position, instrument, direction),
    };
    noteAverage(turn, deal);
    if (deal.phase.kind === 'opening') deal.phase = { kind: 'holding' };
    return;
  }
  if (deal.phase.kind !== 'opening') return;
  if (how.kind === 'rejected') {
    if (how.wouldTake && order.postTries !== undefined && turn.mayEnter) {
      // The best price has moved on: it rests at the one there is now.
      const postTries = order.postTries + 1;
      deal.phase = { kind: 'reopening', attempt: order.attempt + 1, postTries };
      turn.requestQuote(deal.symbol);
    } else if (how.isAbsent && order.attempt < ABSENT_MAX && turn.mayEnter) {
      const wanted = { priceTicks: order.priceTicks, lots: order.quantity };
      placeBaseOrder(turn, deal, wanted, order.attempt + 1);
    } else {
      end(turn, deal, 'failed', `base order rejected: ${how.reason}`);
    }
    return;
  }
  if (order.isCancelling && !turn.mayEnter) {
    end(turn, deal, 'cancelled', 'the desk takes no new risk');
  } else if (order.isCancelling) {
    deal.phase = { kind: 'reopening', attempt: order.attempt + 1 };
    turn.requestQuote(deal.symbol);
  } else {
    end(turn, deal, 'failed', 'base order filled nothing');
  }
}

/** Places the next base order at a fresh price. */
export function reopen(
  turn: Turn,
  deal: DcaDeal,
  quote: Quote,
  { attempt, postTries }: Extract<DcaDeal['phase'], { kind: 'reopening' }>,
): void {
  if (!turn.mayEnter) {
    end(turn, deal, 'cancelled', 'the desk takes no new risk');
    return;
  }
  const wanted = wantedBaseOrder(deal.settings, deal.instrument, quote, deal.free);
  const fault = orderFault(deal.instrument, wanted.priceTicks, wanted.lots);
  if (fault === null) {
    placeBaseOrder(turn, deal, wanted, attempt, postTries);
  } else {
    const reason = `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
    end(turn, deal, 'failed', `base order refused by the instrument: ${reason}`);
  }
}

/** As many safety orders as may rest, nearest first; none once a take-profit step is done. */
export function placeSafetyOrders(turn: Turn, deal: DcaDeal): void {
  if (!turn.mayEnter || hasSignalledSafetyOrders(deal) || stepsDone(deal) > 0) return;
  let active = activeSafetyOrders(deal);
  while (active < deal.settings.maxActiveSafetyOrders) {
    const ladderIndex = deal.nextSafetyOrder;
    const rung = rungOf(deal, ladderIndex);
    if (rung === undefined || isOut(deal, ladderIndex)) return;
    const lots = rungLots(deal, rung, rungTicks(deal, rung));
    deal.nextSafetyOrder += 1;
    placeSafetyOrder(turn, deal, { ladderIndex, attempt: 1, lots });
    active += 1;
  }
}

function isOut(deal: DcaDeal, ladderIndex: number): boolean {
  return deal.orders.some(
    (order) => order.purpose === 'safetyOrder' && order.ladderIndex === ladderIndex,
  );
}

/** Places those safety orders again whose pause is over. */
export function placeDueSafetyOrders(turn: Turn, deal: DcaDeal): void {
  const due = deal.safetyRetries.filter((retry) => retry.until <= turn.time);
  deal.safetyRetries = deal.safetyRetries.filter((retry) => retry.until > turn.time);
  for (const retry of due) placeSafetyOrder(turn, deal, retry);
}

/** Sets the timer for the first safety order whose pause ends; one whose pause is over waits for the risk state. */
export function setRetryTimer(turn: Turn, deal: DcaDeal): void {
  let earliest = Infinity;
  for (const { until } of deal.safetyRetries) {
    if (until > turn.time) earliest = Math.min(earliest, until);
  }
  if (earliest < Infinity) turn.setTimer(timerName(deal, 'safetyOrders'), earliest);
}

/** No more safety orders: those that rest are cancelled too. */
export function withdrawLadder(turn: Turn, deal: DcaDeal): void {
  closeLadder(deal);
  deal.safetyRetries = [];
  for (const order of deal.orders) if (order.purpose === 'safetyOrder') turn.cancel(deal, order);
}

export function settleSafetyOrder(
  turn: Turn,
  deal: DcaDeal,
  order: DealOrder,
  how: Settlement,
): void {
  if (hasSignalledSafetyOrders(deal)) {
    settleSignalledSafetyOrder(turn, deal, order, how);
    return;
  }
  const rest = order.quantity - order.filledLots;
  const { ladderIndex, attempt } = order;
  if (rest === 0) deal.filledSafetyOrders += 1;
  if (rest === 0 || deal.phase.kind !== 'holding') return;
  if (order.isCancelling) {
    settleWithdrawn(turn, deal, order, rest);
    return;
  }
  if (how.kind === 'ended') {
    const fault = orderFault(deal.instrument, order.priceTicks, rest);
    if (order.filledLots > 0 && (fault !== null || attempt > 1)) {
      deal.filledSafetyOrders += 1;
    } else if (attempt > 1) {
      endLadder(turn, deal, ladderIndex, 'cancelled again by someone else');
    } else {
      placeSafetyOrder(turn, deal, { ladderIndex, attempt: attempt + 1, lots: rest });
    }
    return;
  }
  if (how.wouldTake && order.postTries !== undefined) {
    const postTries = order.postTries + 1;
    const until = turn.time + postWaitMs('entry', postTries);
    deal.safetyRetries.push({ ladderIndex, attempt, lots: rest, until, postTries });
    if (until === turn.time) placeDueSafetyOrders(turn, deal);
    else setRetryTimer(turn, deal);
    return;
  }
  if (how.isAbsent && attempt < ABSENT_MAX) {
    placeSafetyOrder(turn, deal, { ladderIndex, attempt: attempt + 1, lots: rest });
    return;
  }
  // Money may come, and limits of the desk may allow it later; other refusals end at some time.
  if (attempt >= ATTEMPTS_MAX && !how.mayPass) {
    endLadder(turn, deal, ladderIndex, how.reason);
    return;
  }
  pauseSafetyOrder(turn, deal, order, how.reason);
}

/** Asked back because the desk takes no new risk, and placed again when it does; or for good, as the ladder shrank. */
function settleWithdrawn(turn: Turn, deal: DcaDeal, order: DealOrder, rest: number): void {
  const { ladderIndex, attempt } = order;
  const isWanted = rungOf(deal, ladderIndex) !== undefined && stepsDone(deal) === 0;
  if (isWanted || order.filledLots > 0) {
    deal.nextSafetyOrder = Math.max(deal.nextSafetyOrder, ladderIndex + 1);
  }
  if (isWanted && orderFault(deal.instrument, order.priceTicks, rest) === null) {
    deal.safetyRetries.push({ ladderIndex, attempt, lots: rest, until: turn.time });
    if (turn.mayEnter) placeDueSafetyOrders(turn, deal);
  } else if (order.filledLots > 0 || isWanted) {
    deal.filledSafetyOrders += 1;
  }
}

function pauseSafetyOrder(turn: Turn, deal: DcaDeal, order: DealOrder, reason: string): void {
  const { ladderIndex, attempt } = order;
  const until: TimeMs = turn.time + backoffMs(attempt);
  const lots = order.quantity - order.filledLots;
  deal.safetyRetries.push({ ladderIndex, attempt: attempt + 1, lots, until });
  setRetryTimer(turn, deal);
  notePause(turn, deal, {
    order: 'safetyOrder',
    number: String(ladderIndex),
    reason,
    until: String(until),
  });
}

/** Places one safety order, or ends the ladder when the instrument does not allow it. */
function placeSafetyOrder(turn: Turn, deal: DcaDeal, wanted: Omit<SafetyRetry, 'until'>): void {
  const { ladderIndex, attempt, lots, postTries = 0 } = wanted;
  if (!turn.mayEnter) {
    deal.safetyRetries.push({ ...wanted, until: turn.time });
    return;
  }
  const rung = rungOf(deal, ladderIndex);
  assert(rung !== undefined, `Invariant: safety order ${ladderIndex} is in the ladder`);
  const ticks = rungTicks(deal, rung);
  const fault = orderFault(deal.instrument, ticks, lots);
  if (fault !== null) {
    const reason = `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
    endLadder(turn, deal, ladderIndex, `refused by the instrument: ${reason}`);
    return;
  }
  turn.place(deal, {
    purpose: 'safetyOrder',
    role: 'entry',
    ladderIndex,
    attempt,
    side: entrySide(deal.settings.direction),
    timeInForce: 'GTC',
    priceTicks: ticks,
    lots,
    postTries: postTriesOf(deal, postTries),
  });
}

/** `tries` where the deal's orders may only rest. */
function postTriesOf(deal: DcaDeal, tries: number): number | undefined {
  return deal.settings.postOnly ? tries : undefined;
}

/** No further safety orders in this deal; those that rest stay. */
function endLadder(turn: Turn, deal: DcaDeal, ladderIndex: number, reason: string): void {
  closeLadder(deal);
  notePause(turn, deal, { order: 'safetyOrder', number: String(ladderIndex), reason });
}
