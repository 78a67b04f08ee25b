// SPDX-License-Identifier: Apache-2.0
// How a trade closes its position in parts: take-profit steps that rest or wait for their price, and funds reduced by
// a person.
//
// The lots of all exits together are at most those of the position, and an order goes out only for lots that no other
// order may close: so nothing is closed twice.

import { leavesLots, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import { immediateOrder } from '../bot/immediate.ts';
import { mostLots, orderFault } from '../bot/order-rules.ts';
import { postWaitMs } from '../bot/post-only.ts';
import {
  ABSENT_MAX,
  ATTEMPTS_MAX,
  backoffMs,
  EXIT_BACKOFF_MAX_MS,
  exitBackoffMs,
} from '../bot/retry.ts';
import type { Turn, WantedOrder } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { entryAverage } from '../position.ts';
import { assert } from '../units.ts';
import {
  closableBy,
  exitSideOf,
  freeLots,
  isAtLoss,
  isAtProfit,
  isBetter,
  isLive,
  leftOf,
  openLots,
  orderOf,
  priceFrom,
  timerName,
  type ExitState,
  type Market,
  type TradeDeal,
} from './deal.ts';
import {
  limitTicks,
  movedBy,
  profitTicks,
  shareOf,
  stopTicks,
  toTicks,
  wholeTicks,
} from './exact.ts';
import { isEndedByStop, isPairWrong, partnerOf, placePair, wantedStop } from './pair.ts';
import type { TakeProfitTerm } from './plan.ts';
import { planTerms } from './terms.ts';

/** The take-profit steps of a plan before there is a position. */
export function beginExits(steps: readonly TakeProfitTerm[]): ExitState[] {
  return steps.map((step, index) => ({
    purpose: 'takeProfit',
    number: index + 1,
    order: step.order,
    ticks: 0,
    lots: 0,
    filledLots: 0,
    phase: { kind: 'open' },
    troubles: 0,
  }));
}

/** A part of the position that a person or a signal closes. */
export function reduction(number: number, lots: number, limit: number): ExitState {
  return {
    purpose: 'reduceFunds',
    number,
    order: limit > 0 ? 'limit' : 'market',
    ticks: limit,
    lots,
    filledLots: 0,
    phase:
      limit > 0
        ? { kind: 'open' }
        : { kind: 'closing', step: { kind: 'clearing' }, attempt: 0, pauses: 0, isAsked: true },
    troubles: 0,
  };
}

/** Where a take-profit step stands for the position as it is; 0 without a position. */
export function targetTicks(deal: TradeDeal, number: number): number {
  const price = planTerms(deal.plan).takeProfit[number - 1]?.price;
  assert(price !== undefined, `Invariant: take-profit step ${number} is in the plan`);
  if (price.kind === 'price') {
    return limitTicks(toTicks(deal.instrument, price.value), exitSideOf(deal));
  }
  const average = entryAverage(deal.position, deal.instrument, deal.plan.direction);
  if (average === null) return 0;
  return profitTicks(average, price.value, deal.plan.direction, deal.feeRatePpm);
}

/**
 * Measures the exits anew: prices from the average, lots from the position. Reductions and steps that are being closed
 * keep theirs; the others share what is left, each whole lots of its part, the last one the remainder. A part that the
 * venue would refuse goes to the next step.
 */
export function refitExits(deal: TradeDeal): void {
  const targets = deal.exits.filter(({ purpose }) => purpose === 'takeProfit');
  for (const exit of targets) if (isLive(exit)) exit.ticks = targetTicks(deal, exit.number);
  let available = openLots(deal);
  let sharing: ExitState[] = [];
  for (const exit of deal.exits) {
    if (!isLive(exit)) continue;
    if (exit.purpose === 'takeProfit' && exit.phase.kind !== 'closing' && !isTail(deal, exit)) {
      sharing.push(exit);
    } else {
      available -= leftOf(deal, exit);
    }
  }
  if (available < 0) {
    takeBack(deal, available);
    available = 0;
  }
  available = Math.max(0, Math.min(available, openLots(deal) - takenByOthers(deal, sharing)));
  if (sharing.length === 0 && available > 0) sharing = reopened(deal, targets, available);
  share(deal, sharing, available);
}

/** What orders that are out may still close for others than `sharing`. */
function takenByOthers(deal: TradeDeal, sharing: readonly ExitState[]): number {
  const own = new Set(sharing.map((exit) => orderOf(deal, exit)));
  let taken = 0;
  for (const order of deal.orders) {
    if (order.role !== 'exit' || own.has(order)) continue;
    // A stop at the exchange stands for the coins of the step beside it.
    const profit = partnerOf(deal, order);
    if (order.stopTicks === undefined || profit === undefined || !own.has(profit)) {
      taken += closableBy(deal, order);
    }
  }
  return taken;
}

/** The rest of an order that filled in part: too small to be placed again, so it rests on. */
function isTail(deal: TradeDeal, exit: ExitState): boolean {
  const order = orderOf(deal, exit);
  if (order === undefined || order.isCancelling || exit.order !== 'limit') return false;
  const leaves = leavesLots(order);
  return (
    order.filledLots > 0 && order.priceTicks === exit.ticks && isTooSmall(deal, exit.ticks, leaves)
  );
}

/** Less is open than the exits want: the last of them give way. `difference` is below zero. */
function takeBack(deal: TradeDeal, difference: number): void {
  let rest = difference;
  for (const exit of deal.exits.toReversed()) {
    if (rest >= 0 || !isLive(exit)) continue;
    const left = leftOf(deal, exit);
    const less = Math.min(left, -rest);
    setLeft(deal, exit, left - less);
    rest += less;
  }
}

/** Coins that came after all steps were done get the last of them again. */
function reopened(deal: TradeDeal, targets: readonly ExitState[], available: number): ExitState[] {
  const last = targets.findLast(({ phase }) => phase.kind === 'done');
  // Where a person has cancelled a step its coins are to stay.
  if (last === undefined || targets.some(({ phase }) => phase.kind === 'cancelled')) return [];
  const ticks = targetTicks(deal, last.number);
  if (isTooSmall(deal, ticks, available)) return [];
  last.phase = { kind: 'open' };
  last.ticks = ticks;
  last.lots = 0;
  return [last];
}

function share(deal: TradeDeal, steps: readonly ExitState[], available: number): void {
  const weights = steps.map(
    ({ number }) => planTerms(deal.plan).takeProfit[number - 1]?.weight ?? 0n,
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  // What a step has closed already is a part of its share.
  const whole = steps.reduce((sum, exit) => sum + closedBy(deal, exit), available);
  let rest = available;
  let carried = 0;
  let biggest: ExitState | null = null;
  for (const [index, exit] of steps.entries()) {
    const isLast = index === steps.length - 1;
    const due = shareOf(whole, weights[index] ?? 0n, total) - closedBy(deal, exit);
    const part = isLast ? rest : Math.min(rest, Math.max(0, due));
    rest -= part;
    const wanted = part + carried;
    const isUnfit = wanted > 0 && isTooSmall(deal, exit.ticks, wanted);
    carried = isUnfit ? wanted : 0;
    setLeft(deal, exit, isUnfit ? 0 : wanted);
    if (!isUnfit && wanted > 0) biggest = exit;
  }
  // Too little for the last step: it goes with the step before.
  if (carried > 0 && biggest !== null) setLeft(deal, biggest, leftOf(deal, biggest) + carried);
}

function closedBy(deal: TradeDeal, exit: ExitState): number {
  return exit.filledLots + (orderOf(deal, exit)?.filledLots ?? 0);
}

/** Whether the venue would refuse `lots` at `ticks`, for any reason but that they are too many. */
function isTooSmall(deal: TradeDeal, ticks: number, lots: number): boolean {
  const { instrument } = deal;
  return ticks < 1 || orderFault(instrument, ticks, mostLots(instrument, ticks, lots)) !== null;
}

function setLeft(deal: TradeDeal, exit: ExitState, left: number): void {
  exit.lots = left + (orderOf(deal, exit)?.filledLots ?? 0);
}

/** Whether any exit has something to close. */
export function hasExits(deal: TradeDeal): boolean {
  return deal.exits.some((exit) => isLive(exit) && leftOf(deal, exit) > 0);
}

/** The prices at which an exit acts, for `watchedBelow` and `watchedAbove`. */
export function exitWatch(deal: TradeDeal, exit: ExitState): { below: number; above: number } {
  const { phase } = exit;
  if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote') {
    return { below: Infinity, above: -1 };
  }
  const isLong = deal.plan.direction === 'long';
  const atProfit = (ticks: number): { below: number; above: number } =>
    isLong ? { below: -1, above: ticks } : { below: ticks, above: Infinity };
  if (phase.kind === 'open' && exit.order === 'market' && exit.lots > 0)
    return atProfit(exit.ticks);
  if (phase.kind === 'trailing') {
    const level = turnTicks(deal, exit.number, phase.bestTicks);
    return isLong
      ? { below: level, above: phase.bestTicks + 1 }
      : { below: phase.bestTicks - 1, above: level };
  }
  return { below: -1, above: Infinity };
}

/** Where a trailing step trades: the best price and the trailing percentage back from it. */
function turnTicks(deal: TradeDeal, number: number, bestTicks: number): number {
  const trailing = planTerms(deal.plan).takeProfit[number - 1]?.trailing;
  assert(trailing !== null && trailing !== undefined, 'Invariant: the step trails');
  const isLong = deal.plan.direction === 'long';
  return stopTicks(
    movedBy(wholeTicks(bestTicks), trailing, isLong ? 'down' : 'up'),
    deal.plan.direction,
  );
}

/** Follows prices of market steps. Answers whether `quote` changed an exit. */
export function exitsOnQuote(turn: Turn, deal: TradeDeal, quote: Quote): boolean {
  let isChanged = false;
  for (const exit of deal.exits) {
    if (exit.purpose !== 'takeProfit' || exit.order !== 'market' || exit.lots === 0) continue;
    const step = deal.plan.takeProfit[exit.number - 1];
    if (step === undefined) continue;
    const ticks = priceFrom(quote, step.source, exitSideOf(deal));
    if (exitOnQuote(turn, deal, exit, ticks, step.trailing !== undefined)) isChanged = true;
  }
  return isChanged;
}

function exitOnQuote(
  turn: Turn,
  deal: TradeDeal,
  exit: ExitState,
  ticks: number,
  trails: boolean,
): boolean {
  const { direction } = deal.plan;
  const { phase } = exit;
  const { instrument } = deal;
  const last = formatPrice(instrument, ticks);
  if (phase.kind === 'open') {
    if (!isAtProfit(direction, ticks, exit.ticks)) return false;
    if (trails) {
      exit.phase = { kind: 'trailing', bestTicks: ticks };
      turn.note(deal.dealId, 'trailingStarted', {
        order: exit.purpose,
        number: String(exit.number),
        price: last,
        takeProfit: formatPrice(instrument, exit.ticks),
        trigger: formatPrice(instrument, turnTicks(deal, exit.number, ticks)),
      });
      return true;
    }
    if (!turn.mayExit) return false;
    exit.phase = atOnce(false);
    turn.note(deal.dealId, 'takeProfitTriggered', {
      order: exit.purpose,
      number: String(exit.number),
      price: last,
    });
    return true;
  }
  if (phase.kind !== 'trailing') return false;
  if (isBetter(direction, ticks, phase.bestTicks)) {
    exit.phase = { kind: 'trailing', bestTicks: ticks };
    return true;
  }
  const level = turnTicks(deal, exit.number, phase.bestTicks);
  if (!isAtLoss(direction, ticks, level) || !turn.mayExit) return false;
  exit.phase = atOnce(false);
  turn.note(deal.dealId, 'takeProfitTriggered', {
    order: exit.purpose,
    number: String(exit.number),
    price: last,
    best: formatPrice(instrument, phase.bestTicks),
    trigger: formatPrice(instrument, level),
  });
  return true;
}

/** A step that is to be closed at once. */
export function atOnce(isAsked: boolean): ExitState['phase'] {
  return { kind: 'closing', step: { kind: 'clearing' }, attempt: 0, pauses: 0, isAsked };
}

/** Makes the orders that are out those that should be: takes back what is wrong, places what is missing. */
export function keepExits(turn: Turn, deal: TradeDeal, market: Market | null): void {
  if (!turn.mayExit) return;
  for (const exit of deal.exits) {
    const order = orderOf(deal, exit);
    if (order === undefined || !isWrong(deal, exit, order)) continue;
    turn.cancel(deal, order);
    const stop = partnerOf(deal, order);
    if (stop !== undefined) turn.cancel(deal, stop);
  }
  // Reductions first: they are what a person asked for last.
  const inTurn = [...deal.exits].sort((left, right) => rank(left) - rank(right));
  for (const exit of inTurn) {
    if (orderOf(deal, exit) !== undefined) continue;
    if (exit.phase.kind === 'closing') closeExit(turn, deal, exit, market);
    else if (exit.phase.kind === 'open' && exit.order === 'limit') placeLimit(turn, deal, exit);
  }
}

function rank(exit: ExitState): number {
  if (exit.phase.kind === 'closing') return 0;
  return exit.purpose === 'reduceFunds' ? 1 : 2;
}

/** Whether the order that is out is not the one the exit wants. */
function isWrong(deal: TradeDeal, exit: ExitState, order: DealOrder): boolean {
  if (order.isCancelling || order.phase.kind === 'ended') return false;
  const { phase } = exit;
  if (phase.kind === 'closing') return phase.step.kind === 'clearing';
  if (phase.kind !== 'open' || exit.order === 'market') return true;
  if (order.priceTicks !== exit.ticks || isPairWrong(deal, exit, order)) return true;
  const left = leftOf(deal, exit);
  const leaves = leavesLots(order);
  if (leaves === left) return false;
  // One order may hold only so much: the rest follows when it is done.
  return leaves > left || mostLots(deal.instrument, exit.ticks, left) > leaves;
}

function placeLimit(turn: Turn, deal: TradeDeal, exit: ExitState): void {
  if (exit.lots === 0 || !fitsFree(deal, exit)) return;
  if (isTooSmall(deal, exit.ticks, exit.lots)) {
    // What an order left cannot be placed again: it goes to the other steps.
    if (exit.purpose === 'reduceFunds') endExit(deal, exit);
    else deal.refit = { kind: 'due' };
    return;
  }
  const wanted: WantedOrder = {
    purpose: exit.purpose,
    role: 'exit',
    ladderIndex: exit.number,
    attempt: exit.troubles + 1,
    side: exitSideOf(deal),
    timeInForce: 'GTC',
    priceTicks: exit.ticks,
    lots: mostLots(deal.instrument, exit.ticks, exit.lots),
  };
  const stop = wantedStop(deal, exit);
  const restsOnly = deal.plan.postOnly === true && exit.purpose === 'takeProfit';
  if (stop === null) {
    turn.place(deal, { ...wanted, postTries: restsOnly ? (exit.postTries ?? 0) : undefined });
  } else placePair(turn, deal, wanted, stop);
}

/**
 * Whether what the exit has left is free. Where nothing is being taken back it is made to be: an order that has filled
 * in part may have taken a little more than was counted with, fees of a short being what they are.
 */
function fitsFree(deal: TradeDeal, exit: ExitState): boolean {
  const free = Math.max(0, freeLots(deal));
  if (free >= exit.lots) return true;
  const isClearing = deal.orders.some(
    (order) =>
      order.role === 'exit' &&
      // A stop without its take profit will be told of in a moment: it has acted, or it is gone.
      (order.isCancelling || order.phase.kind === 'ended' || order.stopTicks !== undefined),
  );
  if (isClearing) return false;
  exit.lots = free;
  return true;
}

function closeExit(turn: Turn, deal: TradeDeal, exit: ExitState, market: Market | null): void {
  const { phase } = exit;
  assert(phase.kind === 'closing', 'Invariant: the step is being closed');
  if (phase.step.kind === 'waiting' || phase.step.kind === 'ordered') return;
  if (exit.lots === 0) {
    // Others have closed what it was to close.
    endExit(deal, exit);
    return;
  }
  if (!fitsFree(deal, exit)) {
    // Something else is still to be settled; then a new quote is asked for.
    if (phase.step.kind === 'awaitingQuote') exit.phase = { ...phase, step: { kind: 'clearing' } };
    return;
  }
  if (market === null) {
    if (phase.step.kind === 'awaitingQuote') return;
    exit.phase = { ...phase, step: { kind: 'awaitingQuote' } };
    turn.requestQuote(deal.symbol);
    return;
  }
  const side = exitSideOf(deal);
  const { maxSlippage } = planTerms(deal.plan);
  const wanted = immediateOrder(deal.instrument, market.quote, side, maxSlippage, exit.lots);
  if (wanted === null) {
    endExit(deal, exit);
    return;
  }
  exit.phase = { ...phase, step: { kind: 'ordered' }, attempt: phase.attempt + 1 };
  turn.place(deal, {
    purpose: phase.isAsked && exit.purpose === 'takeProfit' ? 'close' : exit.purpose,
    role: 'exit',
    ladderIndex: exit.number,
    attempt: phase.attempt + 1,
    side,
    timeInForce: 'IOC',
    priceTicks: wanted.priceTicks,
    lots: wanted.lots,
  });
}

/** Whether a quote is awaited that could bring an order now. */
export function exitsAwaitQuote(turn: Turn, deal: TradeDeal): boolean {
  return (
    turn.mayExit &&
    deal.exits.some(({ phase }) => phase.kind === 'closing' && phase.step.kind === 'awaitingQuote')
  );
}

/** The order of an exit is settled. */
export function settleExit(turn: Turn, deal: TradeDeal, order: DealOrder, how: Settlement): void {
  const exit = deal.exits.find(
    (candidate) =>
      candidate.number === order.ladderIndex &&
      (candidate.purpose === order.purpose ||
        (order.purpose === 'close' && candidate.purpose === 'takeProfit')),
  );
  assert(exit !== undefined, `Invariant: exit ${order.purpose} ${order.ladderIndex} has a state`);
  exit.lots = Math.max(0, exit.lots - order.filledLots);
  exit.filledLots += order.filledLots;
  if (order.filledLots > 0) exit.troubles = 0;
  const { phase } = exit;
  if (!isLive(exit)) {
    // It was cancelled, and filled all the same: the others have less to close.
    deal.refit = { kind: 'due' };
    return;
  }
  if (exit.lots === 0 && order.filledLots > 0) {
    const isAsked = phase.kind === 'closing' && phase.isAsked;
    if (exit.purpose === 'takeProfit' && !isAsked) deal.stop.hasStepFilled = true;
    endExit(deal, exit);
  } else if (phase.kind === 'closing') {
    settleClosing(turn, deal, exit, order, how);
  } else {
    settleLimit(turn, deal, exit, order, how);
  }
  if (deal.refit.kind === 'none') trimExits(deal);
}

/** Fees may differ from those that were counted with: the last step takes what is too little or too much. */
function trimExits(deal: TradeDeal): void {
  let difference = openLots(deal);
  let last: ExitState | undefined;
  for (const exit of deal.exits) {
    if (!isLive(exit)) continue;
    difference -= leftOf(deal, exit);
    if (exit.purpose === 'takeProfit' && exit.phase.kind !== 'closing') last = exit;
  }
  if (difference < 0) takeBack(deal, difference);
  else if (last !== undefined) setLeft(deal, last, leftOf(deal, last) + difference);
}

function settleLimit(
  turn: Turn,
  deal: TradeDeal,
  exit: ExitState,
  order: DealOrder,
  how: Settlement,
): void {
  if (how.kind === 'ended' && (order.isCancelling || order.filledLots >= order.quantity)) return;
  // A pair that was not taken says nothing of its take profit alone.
  if (how.kind === 'rejected' && order.pairedWith !== undefined) return;
  // Nor does one that has made room for the stop beside it.
  if (isEndedByStop(deal, order)) return;
  if (how.kind === 'rejected' && how.wouldTake && order.postTries !== undefined) {
    exit.postTries = order.postTries + 1;
    const waitMs = postWaitMs('exit', exit.postTries);
    if (waitMs === 0) return;
    exit.phase = { kind: 'pausing', until: turn.time + waitMs };
    turn.setTimer(exitTimerName(deal, exit), turn.time + waitMs);
    return;
  }
  delete exit.postTries;
  if (turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS) exit.troubles = 0;
  exit.troubles += 1;
  const mayGoOn =
    how.kind === 'ended' ? exit.troubles === 1 : how.isAbsent && exit.troubles < ABSENT_MAX;
  if (isTooSmall(deal, exit.ticks, exit.lots)) deal.refit = { kind: 'due' };
  if (mayGoOn) return;
  const until = turn.time + exitBackoffMs(exit.troubles);
  exit.phase = { kind: 'pausing', until };
  turn.setTimer(exitTimerName(deal, exit), until);
  notePause(turn, deal, exit, until, how);
}

function settleClosing(
  turn: Turn,
  deal: TradeDeal,
  exit: ExitState,
  order: DealOrder,
  how: Settlement,
): void {
  const { phase } = exit;
  assert(phase.kind === 'closing', 'Invariant: the step is being closed');
  // What rested before the step was closed at once.
  if (phase.step.kind !== 'ordered') return;
  const isRetry = how.kind === 'ended' || how.isAbsent;
  if (isRetry && phase.attempt < ATTEMPTS_MAX) {
    exit.phase = { ...phase, step: { kind: 'clearing' } };
    return;
  }
  const pauses = phase.pauses + 1;
  if (exit.purpose === 'reduceFunds' && pauses >= ATTEMPTS_MAX) {
    endExit(deal, exit);
    return;
  }
  const until = turn.time + backoffMs(pauses);
  exit.phase = { ...phase, step: { kind: 'waiting', until }, attempt: 0, pauses };
  turn.setTimer(exitTimerName(deal, exit), until);
  notePause(turn, deal, exit, until, how, order);
}

function notePause(
  turn: Turn,
  deal: TradeDeal,
  exit: ExitState,
  until: number,
  how: Settlement,
  order?: DealOrder,
): void {
  const ended =
    order === undefined ? 'cancelled by someone else' : 'the market did not take all coins';
  turn.note(deal.dealId, 'dealPaused', {
    order: order?.purpose ?? exit.purpose,
    number: String(exit.number),
    reason: how.kind === 'rejected' ? how.reason : ended,
    until: String(until),
  });
}

/** The exit closes no more; what it has left goes to the others. */
export function endExit(deal: TradeDeal, exit: ExitState): void {
  exit.phase = { kind: 'done' };
  if (exit.lots > 0 || exit.purpose === 'reduceFunds') deal.refit = { kind: 'due' };
  exit.lots = 0;
}

/** Answers whether `timer` is one that an exit waited for, and due. */
export function exitTimer(turn: Turn, deal: TradeDeal, timer: string): boolean {
  for (const exit of deal.exits) {
    if (timer !== exitTimerName(deal, exit)) continue;
    const { phase } = exit;
    if (phase.kind === 'pausing' && turn.time >= phase.until) {
      exit.phase = { kind: 'open' };
      return true;
    }
    if (
      phase.kind === 'closing' &&
      phase.step.kind === 'waiting' &&
      turn.time >= phase.step.until
    ) {
      exit.phase = { ...phase, step: { kind: 'clearing' } };
      return true;
    }
    return false;
  }
  return false;
}

function exitTimerName(deal: TradeDeal, exit: ExitState): string {
  return timerName(deal, `${exit.purpose}${exit.number}`);
}
