// SPDX-License-Identifier: Apache-2.0
// How a deal goes on: after each event it compares the orders it has with those it should have.

import type { HandedOverPosition } from '../bot/handover.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type { Turn } from '../bot/turn.ts';
import type { KindCommand } from '../bot/state.ts';
import type { SettingsOfSomeKind } from '../machine.ts';
import type { Quote } from '../order.ts';
import { heldLots } from '../position.ts';
import { assert } from '../units.ts';
import { closeAt, goOnClosing, settleClose, startClosing } from './closing.ts';
import { closeLadder, stepsDone, timerName, type CloseReason, type DcaDeal } from './deal.ts';
import { applyEdit, editErrors, setCloseTimer } from './deal-edit.ts';
import { end, noteAverage, notePause } from './ending.ts';
import {
  baseOrderTimedOut,
  placeBaseOrder,
  placeDueSafetyOrders,
  placeSafetyOrders,
  reopen,
  setRetryTimer,
  settleBaseOrder,
  settleSafetyOrder,
  withdrawLadder,
} from './entry-orders.ts';
import {
  awaitsManualQuote,
  followManual,
  forgetAsked,
  manualFault,
  serveRequests,
  servesManualQuote,
  trimRequests,
  type ManualCommand,
} from './manual-orders.ts';
import { handedOver, handOverFault } from './hand-over.ts';
import { followStop, isStopDue, keepStop, noteStopDue } from './stop-loss.ts';
import {
  bookStep,
  exitPlan,
  followTrailing,
  keepTakeProfits,
  openLots,
  settleTakeProfit,
} from './take-profit.ts';
import type { DcaSettings } from './terms.ts';

/** Sends the first order of a new deal. */
export function open(
  turn: Turn,
  deal: DcaDeal,
  wanted: { readonly priceTicks: number; readonly lots: number },
): void {
  placeBaseOrder(turn, deal, wanted, 1);
  setCloseTimer(turn, deal);
}

/** A fill of `order` was counted; the order may bring more. */
export function filled(turn: Turn, deal: DcaDeal, order: DealOrder): void {
  if (order.role === 'exit') {
    deal.exitTroubles = 0;
  } else if (deal.entry.kind === 'entered') {
    noteAverage(turn, deal);
    keepStop(turn, deal);
    // A larger position makes it a new order: what the venue held against the old one may not hold against it.
    deal.exitWait = { kind: 'none' };
  }
}

/** `order` has left the deal's list; no more fills of it can come. */
export function settle(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  const done = stepsDone(deal);
  if (deal.phase.kind === 'closing' && deal.phase.step.kind === 'selling') {
    settleClose(turn, deal, order, how);
  } else {
    settleByPurpose(turn, deal, order, how);
  }
  if (stepsDone(deal) > done && deal.phase.kind === 'holding') {
    withdrawLadder(turn, deal);
    keepStop(turn, deal);
  }
  advance(turn, deal);
}

/** Does what the deal's phase asks for and its orders do not yet show. */
export function advance(turn: Turn, deal: DcaDeal): void {
  switch (deal.phase.kind) {
    case 'opening':
    case 'reopening':
    case 'ended':
      return;
    case 'holding':
      hold(turn, deal);
      return;
    case 'finishing':
      finish(turn, deal);
      return;
    case 'closing':
      goOnClosing(turn, deal);
      return;
    case 'cancelling':
      if (cancelAll(turn, deal)) return;
      endCancelled(turn, deal, deal.phase.why);
      return;
  }
}

/** Answers whether `quote` changed the deal. */
export function quoteArrived(turn: Turn, deal: DcaDeal, quote: Quote): boolean {
  const phase = deal.phase;
  if (phase.kind === 'reopening') {
    reopen(turn, deal, quote, phase);
    return true;
  }
  if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote') {
    return closeAt(turn, deal, quote);
  }
  if (phase.kind !== 'holding' || deal.entry.kind !== 'entered') return false;
  const trailing = followTrailing(turn, deal, quote);
  if (trailing === 'triggered') return close(turn, deal, 'trailing');
  const stop = followStop(turn, deal, quote);
  if (stop === 'triggered') return close(turn, deal, 'stopLoss');
  const isServing = deal.requests.length > 0 && servesManualQuote(turn, deal);
  if (isServing) {
    serveRequests(turn, deal, quote);
    advance(turn, deal);
  }
  return isServing || trailing === 'changed' || stop === 'changed';
}

/** Answers whether `timer` is one this deal was waiting for, and due; then the deal has acted on it. */
export function timerArrived(turn: Turn, deal: DcaDeal, timer: string): boolean {
  if (!timer.startsWith(`deal:${deal.dealId}:`)) return false;
  const phase = deal.phase;
  switch (timer) {
    case timerName(deal, 'baseOrder'):
      return baseOrderTimedOut(turn, deal);
    case timerName(deal, 'takeProfit'): {
      if (phase.kind !== 'holding' || deal.exitWait.kind !== 'waiting') return false;
      if (turn.time < deal.exitWait.until) return false;
      deal.exitWait = { kind: 'none' };
      advance(turn, deal);
      return true;
    }
    case timerName(deal, 'safetyOrders'): {
      const isDue = deal.safetyRetries.some((retry) => retry.until <= turn.time);
      if (phase.kind !== 'holding' || !isDue || !turn.mayEnter) return false;
      placeDueSafetyOrders(turn, deal);
      setRetryTimer(turn, deal);
      return true;
    }
    case timerName(deal, 'close'): {
      if (phase.kind !== 'closing' || phase.step.kind !== 'waiting') return false;
      if (turn.time < phase.step.until) return false;
      deal.phase = { ...phase, attempt: 0, step: { kind: 'cancelling' } };
      advance(turn, deal);
      return true;
    }
    case timerName(deal, 'stopLoss'): {
      if (phase.kind !== 'holding' || !isStopDue(turn, deal)) return false;
      noteStopDue(turn, deal);
      return close(turn, deal, 'stopLoss');
    }
    case timerName(deal, 'closeTimeout'):
      return closeTimeoutArrived(turn, deal);
    default:
      return false;
  }
}

/** What the new risk state asks of the deal; orders that take on risk have been asked back already. */
export function riskChanged(turn: Turn, deal: DcaDeal): void {
  const { phase } = deal;
  if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote' && turn.mayExit) {
    // The quote may have come while nothing could be sent.
    deal.phase = { ...phase, step: { kind: 'cancelling' } };
  }
  forgetAsked(deal);
  if (deal.phase.kind === 'holding') {
    if (isStopDue(turn, deal)) {
      noteStopDue(turn, deal);
      close(turn, deal, 'stopLoss');
      return;
    }
    if (turn.mayEnter) {
      placeDueSafetyOrders(turn, deal);
      // A timer that rang meanwhile was of no use.
      setRetryTimer(turn, deal);
    }
  }
  advance(turn, deal);
}

/** Closes the deal's position now. Answers whether that changed anything. */
export function closeRequested(
  turn: Turn,
  deal: DcaDeal,
  reason: 'command' | 'signal' = 'command',
): boolean {
  const phase = deal.phase;
  if (phase.kind === 'cancelling' || phase.kind === 'ended') return false;
  if (phase.kind === 'closing') {
    // Asked again during a pause between exits: the person does not want to wait.
    if (phase.step.kind !== 'waiting') return false;
    turn.note(deal.dealId, 'closeRequested', {});
    deal.phase = { ...phase, attempt: 0, step: { kind: 'cancelling' } };
    advance(turn, deal);
    return true;
  }
  if (reason === 'command') turn.note(deal.dealId, 'closeRequested', {});
  return close(turn, deal, reason);
}

/** Cancels the deal's orders and keeps its coins. Answers whether that changed anything. */
function cancelRequested(turn: Turn, deal: DcaDeal): boolean {
  if (deal.phase.kind === 'cancelling' || deal.phase.kind === 'ended') return false;
  turn.note(deal.dealId, 'cancelRequested', {});
  deal.phase = { kind: 'cancelling', why: 'command' };
  deal.safetyRetries = [];
  deal.requests = [];
  advance(turn, deal);
  return true;
}

/** What a person may ask of one deal. */
export type DealCommand = Extract<KindCommand, { readonly dealId: number }>;

/** Follows `command`, or notes why not. Answers whether that changed anything. */
export function dealCommand(turn: Turn, deal: DcaDeal, command: DealCommand): boolean {
  switch (command.kind) {
    case 'closeDeal':
      return closeRequested(turn, deal);
    case 'cancelDeal':
      return cancelRequested(turn, deal);
    case 'addFunds':
    case 'reduceFunds':
    case 'cancelOrder':
    case 'closeStep':
    case 'cancelStep':
      return manualRequested(turn, deal, command);
    case 'editDeal': {
      const { settings } = command;
      assert(isDcaSettings(settings), `Invariant: settings of a DCA bot, were ${settings.kind}`);
      return editRequested(turn, deal, settings);
    }
    case 'handOverDeal':
      return handOverRequested(turn, deal);
    case 'forceEntry':
      return false;
  }
}

function isDcaSettings(settings: SettingsOfSomeKind): settings is DcaSettings {
  return settings.kind === 'dca';
}

/** Adds to the position, takes from it, or closes a step of it, as a person says. */
function manualRequested(turn: Turn, deal: DcaDeal, command: ManualCommand): boolean {
  // With one take profit its only step is the whole deal.
  if (command.kind === 'closeStep' && command.step === 1 && deal.steps.length === 0) {
    return closeRequested(turn, deal);
  }
  const fault = manualFault(deal, command, turn);
  if (fault !== null) {
    turn.note(deal.dealId, 'commandRefused', { command: command.kind, reason: fault });
    return true;
  }
  followManual(turn, deal, command);
  advance(turn, deal);
  return true;
}

/** New settings for a running deal; what must not change in it is not taken over. */
function editRequested(turn: Turn, deal: DcaDeal, wanted: DcaSettings): boolean {
  const [error] = editErrors(deal, wanted);
  if (error !== undefined) {
    const reason = `${error.field}: expected ${error.expected}, found ${error.found}`;
    turn.note(deal.dealId, 'commandRefused', { command: 'editDeal', reason });
    return true;
  }
  if (!applyEdit(turn, deal, wanted)) return false;
  // The timer may have been for a safety order that is gone.
  setRetryTimer(turn, deal);
  noteAverage(turn, deal);
  keepStop(turn, deal, true);
  advance(turn, deal);
  return true;
}

/** Leaves the position to another bot once all orders are gone. */
function handOverRequested(turn: Turn, deal: DcaDeal): boolean {
  const fault = deal.phase.kind === 'holding' ? handOverFault(deal) : 'the deal holds no position';
  const reason = turn.mayExit ? fault : 'the desk is halted';
  if (reason !== null) {
    turn.note(deal.dealId, 'commandRefused', { command: 'handOverDeal', reason });
    return true;
  }
  deal.phase = { kind: 'cancelling', why: 'handOver' };
  deal.safetyRetries = [];
  deal.requests = [];
  advance(turn, deal);
  return true;
}

/** Whether the end of `deal` is to stop its bot. */
export function stopsBot(deal: DcaDeal): boolean {
  return (
    deal.phase.kind === 'ended' &&
    deal.phase.outcome === 'stopLoss' &&
    deal.settings.stopLossAction === 'closeDealAndStopBot'
  );
}

/** A quote can change the deal only where bid or last is at or below this; −1 for nowhere. */
export function watchedBelowOf(deal: DcaDeal): number {
  const { phase, stop, trailing, settings } = deal;
  if (phase.kind === 'reopening') return Infinity;
  if (phase.kind === 'closing') return phase.step.kind === 'awaitingQuote' ? Infinity : -1;
  if (phase.kind !== 'holding') return -1;
  if (deal.requests.length > 0 && awaitsManualQuote(deal)) return Infinity;
  if (settings.direction === 'long') {
    const stopTicks = stop.until === 0 && stop.ticks > 0 ? stop.ticks : -1;
    return trailing.best > 0 ? Math.max(stopTicks, trailing.trigger) : stopTicks;
  }
  let watched = -1;
  if (settings.stopLossTrailing && stop.best > 0) watched = stop.best - 1;
  if (stop.until > 0) watched = Math.max(watched, stop.ticks - 1);
  if (trailing.ticks > 0) {
    watched = Math.max(watched, trailing.best > 0 ? trailing.best - 1 : trailing.ticks);
  }
  return watched;
}

/** … or where ask or last is at or above this; Infinity for nowhere. */
export function watchedAboveOf(deal: DcaDeal): number {
  const { phase, stop, trailing, settings } = deal;
  if (phase.kind !== 'holding') return Infinity;
  if (settings.direction === 'short') {
    const stopTicks = stop.until === 0 && stop.ticks > 0 ? stop.ticks : Infinity;
    return trailing.best > 0 ? Math.min(stopTicks, trailing.trigger) : stopTicks;
  }
  let watched = Infinity;
  if (settings.stopLossTrailing && stop.best > 0) watched = stop.best + 1;
  if (stop.until > 0) watched = Math.min(watched, stop.ticks + 1);
  if (trailing.ticks > 0) {
    watched = Math.min(watched, trailing.best > 0 ? trailing.best + 1 : trailing.ticks);
  }
  return watched;
}

function settleByPurpose(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  switch (order.purpose) {
    case 'baseOrder':
      settleBaseOrder(turn, deal, order, how);
      if (deal.entry.kind === 'entered') keepStop(turn, deal);
      return;
    case 'safetyOrder':
      settleSafetyOrder(turn, deal, order, how);
      return;
    case 'takeProfit': {
      const pause = settleTakeProfit(turn, deal, order, how);
      if (pause !== null) notePause(turn, deal, pause);
      return;
    }
    case 'close':
      bookStep(deal, order);
      return;
    case 'stopLoss':
    case 'addFunds':
    case 'reduceFunds':
      return;
    default:
      assert(false, `Invariant: a DCA deal has no order for ${order.purpose}`);
  }
}

function hold(turn: Turn, deal: DcaDeal): void {
  if (deal.requests.length > 0) {
    trimRequests(turn, deal);
    if (!keepsHolding(turn, deal)) return;
    const count = deal.requests.length;
    if (count > 0) serveRequests(turn, deal, null);
    // What a wish no longer keeps free belongs to take profit again.
    if (deal.requests.length !== count && !keepsHolding(turn, deal)) return;
  } else if (!keepsHolding(turn, deal)) {
    return;
  }
  placeSafetyOrders(turn, deal);
}

/** Brings the take profits up to date. Answers false where nothing is left to close and the deal has gone on. */
function keepsHolding(turn: Turn, deal: DcaDeal): boolean {
  keepTakeProfits(turn, deal);
  if (deal.phase.kind === 'holding') return true;
  deal.safetyRetries = [];
  deal.requests = [];
  // Should a safety order still bring coins, a stop begins its wait anew for them.
  deal.stop.until = 0;
  advance(turn, deal);
  return false;
}

/** Nothing to close: cancels the other orders; what one of them still traded gets a take profit of its own. */
function finish(turn: Turn, deal: DcaDeal): void {
  if (cancelAll(turn, deal)) return;
  const { position, settings } = deal;
  if (!exitPlan(deal).isDust) {
    deal.phase = { kind: 'holding' };
    closeLadder(deal);
    advance(turn, deal);
    return;
  }
  const isLong = settings.direction === 'long';
  if ((isLong ? position.soldLots : position.boughtLots) > 0) {
    end(turn, deal, 'completed', 'take profit');
  } else if (isLong) {
    end(turn, deal, 'failed', 'the base order bought too little to be sold');
  } else {
    end(turn, deal, 'failed', 'the base order sold too little to be bought back');
  }
}

function close(turn: Turn, deal: DcaDeal, reason: CloseReason): true {
  startClosing(deal, reason);
  advance(turn, deal);
  return true;
}

function closeTimeoutArrived(turn: Turn, deal: DcaDeal): boolean {
  const { phase, settings } = deal;
  const isRunning =
    phase.kind === 'holding' || phase.kind === 'opening' || phase.kind === 'reopening';
  if (!isRunning || settings.closeTimeoutSeconds === undefined) return false;
  if (turn.time < deal.openedTime + settings.closeTimeoutSeconds * 1000) return false;
  turn.note(deal.dealId, 'closeTimedOut', { seconds: String(settings.closeTimeoutSeconds) });
  return close(turn, deal, 'timeout');
}

/** Asks for the cancel of every order out. Answers whether any order is still unsettled. */
function cancelAll(turn: Turn, deal: DcaDeal): boolean {
  for (const order of deal.orders) turn.cancel(deal, order);
  return deal.orders.length > 0;
}

function endCancelled(turn: Turn, deal: DcaDeal, why: 'command' | 'handOver'): void {
  const { position, instrument, settings } = deal;
  const exitedLots = settings.direction === 'long' ? position.soldLots : position.boughtLots;
  const isClosed =
    exitedLots > 0 &&
    (settings.direction === 'long' ? heldLots(position, instrument) : openLots(deal)) === 0;
  if (isClosed) {
    end(turn, deal, 'completed', 'take profit');
  } else if (why === 'handOver') {
    const handed: HandedOverPosition = handedOver(deal);
    turn.handOver(deal.dealId, handed);
    end(turn, deal, 'cancelled', 'handed over');
  } else {
    end(turn, deal, 'cancelled', 'cancelled by command');
  }
}
