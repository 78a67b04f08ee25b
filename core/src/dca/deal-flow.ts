// SPDX-License-Identifier: Apache-2.0
// How a deal goes on: after each event it compares the orders it has with those it should have.

import type { DealOutcome } from '../bot/common-view.ts';
import { leavesLots, orderFor, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import {
  lotsForVolume,
  mostLots,
  orderFault,
  slippedBuy,
  slippedSell,
} from '../bot/order-rules.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { Quote } from '../order.ts';
import {
  averageTicks,
  costOf,
  formatAverage,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  heldLots,
  realisedProfit,
  revenueOf,
  type Ratio,
} from '../position.ts';
import { assert, divFloor, type TimeMs } from '../units.ts';
import {
  activeSafetyOrders,
  takeProfitOf,
  wantedTakeProfit,
  type CloseReason,
  type ClosingStep,
  type DcaDeal,
} from './deal.ts';
import { breakEvenPrice, rungPrice, stopLossPrice } from './ladder.ts';
import type { DcaSettings } from './settings.ts';
import { hasSignalledSafetyOrders, settleSignalledSafetyOrder } from './signals.ts';
import { termsOf } from './terms.ts';

/** How long a limit base order may rest before it is taken back and placed anew at a fresh bid. */
export const BASE_ORDER_WAIT_MS = 300_000;
/** Tries of a base or safety order, or sells in a row, before the bot pauses or gives up. */
export const ATTEMPTS_MAX = 4;
/** Orders proven never to have arrived are placed anew at once, this often in a row. */
const ABSENT_MAX = 3;
const BACKOFF_FIRST_MS = 30_000;
const BACKOFF_MAX_MS = 900_000;
/** Coins without a take profit are in danger: their order is tried again sooner and oftener. */
const EXIT_BACKOFF_FIRST_MS = 2_000;
const EXIT_BACKOFF_MAX_MS = 300_000;

/** Pause before try `count + 1`: 30 s, doubling to 15 minutes. */
export function backoffMs(count: number): TimeMs {
  return Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(count - 1, 20), BACKOFF_MAX_MS);
}

/** Pause before a refused take profit is tried again: 2 s, doubling to 5 minutes. */
export function exitBackoffMs(count: number): TimeMs {
  return Math.min(EXIT_BACKOFF_FIRST_MS * 2 ** Math.min(count - 1, 20), EXIT_BACKOFF_MAX_MS);
}

export interface WantedBaseOrder {
  readonly priceTicks: number;
  /** The price the quantity was computed at: the ask of an immediate order, the bid of a resting one. */
  readonly expectedTicks: number;
  readonly lots: number;
}

/** The base order for `quote`: an IOC buy within slippage of the ask, or a resting buy at the bid. */
export function wantedBaseOrder(
  settings: DcaSettings,
  instrument: Instrument,
  quote: Quote,
): WantedBaseOrder {
  const terms = termsOf(settings);
  const isMarket = settings.baseOrderType === 'market';
  const expectedTicks = isMarket ? quote.ask : quote.bid;
  return {
    expectedTicks,
    priceTicks: isMarket ? slippedBuy(instrument, quote.ask, terms.maxSlippage) : expectedTicks,
    lots: lotsForVolume(instrument, terms.baseVolume, expectedTicks),
  };
}

export function placeBaseOrder(
  turn: Turn,
  deal: DcaDeal,
  wanted: { readonly priceTicks: number; readonly lots: number },
  attempt: number,
): void {
  const isMarket = deal.settings.baseOrderType === 'market';
  deal.phase = { kind: 'opening' };
  turn.place(deal, {
    purpose: 'baseOrder',
    role: 'entry',
    attempt,
    side: 'buy',
    timeInForce: isMarket ? 'IOC' : 'GTC',
    priceTicks: wanted.priceTicks,
    lots: wanted.lots,
  });
  if (!isMarket) turn.setTimer(timerName(deal, 'baseOrder'), turn.time + BASE_ORDER_WAIT_MS);
}

/** A fill of `order` was counted; the order may bring more. */
export function filled(turn: Turn, deal: DcaDeal, order: DealOrder): void {
  if (order.side === 'sell') {
    deal.exitTroubles = 0;
  } else if (deal.entry.kind === 'bought') {
    noteAverage(turn, deal);
    // More coins make it a new order: what the venue held against the old one may not hold against it.
    deal.exitWait = { kind: 'none' };
  }
}

/** `order` has left the deal's list; no more fills of it can come. */
export function settle(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  switch (order.purpose) {
    case 'baseOrder':
      settleBaseOrder(turn, deal, order, how);
      break;
    case 'safetyOrder':
      settleSafetyOrder(turn, deal, order, how);
      break;
    case 'takeProfit':
      settleTakeProfit(turn, deal, order, how);
      break;
    case 'stopLoss':
    case 'close':
      settleClose(turn, deal, order, how);
      break;
    default:
      assert(false, `Invariant: a DCA deal has no order for ${order.purpose}`);
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
      keepTakeProfit(turn, deal);
      if (deal.phase.kind === 'holding') placeSafetyOrders(turn, deal);
      return;
    case 'finishing':
      finish(turn, deal);
      return;
    case 'closing':
      close(turn, deal);
      return;
    case 'cancelling':
      if (cancelAll(turn, deal)) return;
      endCancelled(turn, deal);
      return;
  }
}

/** Answers whether `quote` changed the deal. */
export function quoteArrived(turn: Turn, deal: DcaDeal, quote: Quote): boolean {
  const phase = deal.phase;
  if (phase.kind === 'reopening') return reopen(turn, deal, quote, phase.attempt);
  if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote')
    return sell(turn, deal, quote);
  if (
    phase.kind === 'holding' &&
    deal.entry.kind === 'bought' &&
    quote.last <= deal.entry.stopTicks
  ) {
    turn.note(deal.dealId, 'stopLossTriggered', {
      last: formatPrice(deal.instrument, quote.last),
      stopLoss: formatPrice(deal.instrument, deal.entry.stopTicks),
    });
    startClosing(turn, deal, 'stopLoss');
    return true;
  }
  return false;
}

/** Answers whether `timer` is one this deal was waiting for, and due; then the deal has acted on it. */
export function timerArrived(turn: Turn, deal: DcaDeal, timer: string): boolean {
  if (!timer.startsWith(`deal:${deal.dealId}:`)) return false;
  const phase = deal.phase;
  switch (timer) {
    case timerName(deal, 'baseOrder'): {
      const order = orderFor(deal, 'baseOrder');
      if (phase.kind !== 'opening' || order === undefined || order.isCancelling) return false;
      if (order.phase.kind === 'ended' || deal.settings.baseOrderType === 'market') return false;
      if (turn.time < order.placedTime + BASE_ORDER_WAIT_MS) return false;
      turn.cancel(deal, order);
      return true;
    }
    case timerName(deal, 'takeProfit'): {
      if (phase.kind !== 'holding' || deal.exitWait.kind !== 'waiting') return false;
      if (turn.time < deal.exitWait.until) return false;
      deal.exitWait = { kind: 'none' };
      advance(turn, deal);
      return true;
    }
    case timerName(deal, 'safetyOrders'): {
      const due = deal.safetyRetries.filter((retry) => retry.until <= turn.time);
      if (phase.kind !== 'holding' || due.length === 0 || !turn.mayEnter) return false;
      deal.safetyRetries = deal.safetyRetries.filter((retry) => retry.until > turn.time);
      for (const retry of due) placeSafetyOrder(turn, deal, retry);
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
    default:
      return false;
  }
}

/** What the new risk state asks of the deal; orders that take on risk have been asked back already. */
export function riskChanged(turn: Turn, deal: DcaDeal): void {
  if (turn.mayEnter && deal.phase.kind === 'holding') {
    const due = deal.safetyRetries.filter((retry) => retry.until <= turn.time);
    deal.safetyRetries = deal.safetyRetries.filter((retry) => retry.until > turn.time);
    for (const retry of due) placeSafetyOrder(turn, deal, retry);
  }
  advance(turn, deal);
}

/** Sells the deal's coins now. Answers whether that changed anything. */
export function closeRequested(turn: Turn, deal: DcaDeal): boolean {
  const phase = deal.phase;
  if (phase.kind === 'cancelling' || phase.kind === 'ended') return false;
  if (phase.kind === 'closing') {
    // Asked again during a pause between sells: the person does not want to wait.
    if (phase.step.kind !== 'waiting') return false;
    turn.note(deal.dealId, 'closeRequested', {});
    deal.phase = { ...phase, attempt: 0, step: { kind: 'cancelling' } };
    advance(turn, deal);
    return true;
  }
  turn.note(deal.dealId, 'closeRequested', {});
  startClosing(turn, deal, 'close');
  return true;
}

/** Cancels the deal's orders and keeps its coins. Answers whether that changed anything. */
export function cancelRequested(turn: Turn, deal: DcaDeal): boolean {
  if (deal.phase.kind === 'cancelling' || deal.phase.kind === 'ended') return false;
  turn.note(deal.dealId, 'cancelRequested', {});
  deal.phase = { kind: 'cancelling' };
  deal.safetyRetries = [];
  advance(turn, deal);
  return true;
}

function settleBaseOrder(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  const { attempt } = order;
  const average = averageTicks(deal.position, deal.instrument);
  if (average !== null) {
    const { stopLoss } = termsOf(deal.settings);
    deal.entry = {
      kind: 'bought',
      average,
      stopTicks: stopLoss === null ? -1 : floorTicks(stopLossPrice(average, stopLoss)),
    };
    noteAverage(turn, deal);
    if (deal.phase.kind === 'opening') deal.phase = { kind: 'holding' };
    return;
  }
  if (deal.phase.kind !== 'opening') return;
  if (how.kind === 'rejected') {
    if (how.isAbsent && attempt < ABSENT_MAX && turn.mayEnter) {
      const wanted = { priceTicks: order.priceTicks, lots: order.quantity };
      placeBaseOrder(turn, deal, wanted, attempt + 1);
    } else {
      end(turn, deal, 'failed', `base order rejected: ${how.reason}`);
    }
    return;
  }
  if (order.isCancelling && !turn.mayEnter) {
    end(turn, deal, 'cancelled', 'the desk takes no new risk');
  } else if (order.isCancelling) {
    deal.phase = { kind: 'reopening', attempt: attempt + 1 };
    turn.requestQuote(deal.symbol);
  } else {
    end(turn, deal, 'failed', 'base order filled nothing');
  }
}

function reopen(turn: Turn, deal: DcaDeal, quote: Quote, attempt: number): boolean {
  if (!turn.mayEnter) {
    end(turn, deal, 'cancelled', 'the desk takes no new risk');
    return true;
  }
  const wanted = wantedBaseOrder(deal.settings, deal.instrument, quote);
  const fault = orderFault(deal.instrument, wanted.priceTicks, wanted.lots);
  if (fault === null) {
    placeBaseOrder(turn, deal, wanted, attempt);
  } else {
    const reason = `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
    end(turn, deal, 'failed', `base order refused by the instrument: ${reason}`);
  }
  return true;
}

/** Exactly one take profit for all coins: renews the one there is, or places it, or finds nothing to sell. */
function keepTakeProfit(turn: Turn, deal: DcaDeal): void {
  const order = orderFor(deal, 'takeProfit');
  const wanted = wantedTakeProfit(deal);
  if (order !== undefined) {
    // A resting order is worth more than one the venue would refuse.
    if (wanted === null || order.isCancelling || order.phase.kind === 'ended') return;
    const held = heldLots(deal.position, deal.instrument);
    const coversAll = leavesLots(order) === held || wanted.lots < held;
    if (order.priceTicks === wanted.priceTicks && coversAll) return;
    turn.cancel(deal, order);
    return;
  }
  if (wanted === null) {
    deal.phase = { kind: 'finishing' };
    deal.safetyRetries = [];
    advance(turn, deal);
    return;
  }
  if (deal.exitWait.kind === 'waiting' || !turn.mayExit) return;
  turn.place(deal, {
    purpose: 'takeProfit',
    role: 'exit',
    side: 'sell',
    timeInForce: 'GTC',
    priceTicks: wanted.priceTicks,
    lots: wanted.lots,
  });
}

function settleTakeProfit(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  if (deal.phase.kind !== 'holding') return;
  if (how.kind === 'ended' && (order.isCancelling || order.filledLots >= order.quantity)) return;
  if (turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS) deal.exitTroubles = 0;
  deal.exitTroubles += 1;
  const mayGoOn =
    how.kind === 'ended' ? deal.exitTroubles === 1 : how.isAbsent && deal.exitTroubles < ABSENT_MAX;
  if (mayGoOn) return;
  const until = turn.time + exitBackoffMs(deal.exitTroubles);
  deal.exitWait = { kind: 'waiting', until };
  turn.setTimer(timerName(deal, 'takeProfit'), until);
  notePause(turn, deal, {
    ...orderName(order),
    reason: how.kind === 'rejected' ? how.reason : 'cancelled by someone else',
    until: String(until),
  });
}

function placeSafetyOrders(turn: Turn, deal: DcaDeal): void {
  if (!turn.mayEnter || hasSignalledSafetyOrders(deal)) return;
  const { rungs } = termsOf(deal.settings);
  let active = activeSafetyOrders(deal);
  while (active < deal.settings.maxActiveSafetyOrders && deal.nextSafetyOrder <= rungs.length) {
    const rung = rungs[deal.nextSafetyOrder - 1];
    assert(rung !== undefined, `Invariant: safety order ${deal.nextSafetyOrder} is in the ladder`);
    const ticks = rungTicks(deal, deal.nextSafetyOrder);
    const lots = ticks > 0 ? lotsForVolume(deal.instrument, rung.volume, ticks) : 0;
    const ladderIndex = deal.nextSafetyOrder;
    deal.nextSafetyOrder += 1;
    placeSafetyOrder(turn, deal, { ladderIndex, attempt: 1, lots });
    active += 1;
  }
}

/** Places one safety order, or closes the ladder when the instrument does not allow it. */
function placeSafetyOrder(
  turn: Turn,
  deal: DcaDeal,
  wanted: { readonly ladderIndex: number; readonly attempt: number; readonly lots: number },
): void {
  const { ladderIndex, attempt, lots } = wanted;
  if (!turn.mayEnter) {
    deal.safetyRetries.push({ ladderIndex, attempt, lots, until: turn.time });
    return;
  }
  const ticks = rungTicks(deal, ladderIndex);
  const fault = orderFault(deal.instrument, ticks, lots);
  if (fault !== null) {
    const reason = `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
    closeLadder(turn, deal, ladderIndex, `refused by the instrument: ${reason}`);
    return;
  }
  turn.place(deal, {
    purpose: 'safetyOrder',
    role: 'entry',
    ladderIndex,
    attempt,
    side: 'buy',
    timeInForce: 'GTC',
    priceTicks: ticks,
    lots,
  });
}

function settleSafetyOrder(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  if (hasSignalledSafetyOrders(deal)) {
    settleSignalledSafetyOrder(turn, deal, order, how);
    return;
  }
  const rest = order.quantity - order.filledLots;
  const { ladderIndex, attempt } = order;
  if (rest === 0) deal.filledSafetyOrders += 1;
  if (rest === 0 || deal.phase.kind !== 'holding') return;
  if (order.isCancelling) {
    // Asked back because the desk takes no new risk; it is placed again when it does.
    if (orderFault(deal.instrument, order.priceTicks, rest) === null) {
      deal.safetyRetries.push({ ladderIndex, attempt, lots: rest, until: turn.time });
    } else {
      deal.filledSafetyOrders += 1;
    }
    return;
  }
  if (how.kind === 'ended') {
    const fault = orderFault(deal.instrument, order.priceTicks, rest);
    if (order.filledLots > 0 && (fault !== null || attempt > 1)) {
      deal.filledSafetyOrders += 1;
    } else if (attempt > 1) {
      closeLadder(turn, deal, ladderIndex, 'cancelled again by someone else');
    } else {
      placeSafetyOrder(turn, deal, { ladderIndex, attempt: attempt + 1, lots: rest });
    }
    return;
  }
  if (how.isAbsent && attempt < ABSENT_MAX) {
    placeSafetyOrder(turn, deal, { ladderIndex, attempt: attempt + 1, lots: rest });
    return;
  }
  if (attempt >= ATTEMPTS_MAX) {
    closeLadder(turn, deal, ladderIndex, how.reason);
    return;
  }
  const until = turn.time + backoffMs(attempt);
  deal.safetyRetries.push({ ladderIndex, attempt: attempt + 1, lots: rest, until });
  setRetryTimer(turn, deal);
}

/** No further safety orders in this deal; those that rest stay. */
function closeLadder(turn: Turn, deal: DcaDeal, ladderIndex: number, reason: string): void {
  deal.nextSafetyOrder = termsOf(deal.settings).rungs.length + 1;
  notePause(turn, deal, { order: 'safetyOrder', number: String(ladderIndex), reason });
}

function setRetryTimer(turn: Turn, deal: DcaDeal): void {
  let earliest = Infinity;
  for (const retry of deal.safetyRetries) earliest = Math.min(earliest, retry.until);
  if (earliest < Infinity) turn.setTimer(timerName(deal, 'safetyOrders'), earliest);
}

/** Nothing to sell: cancels the safety orders; coins that one still bought get a take profit of their own. */
function finish(turn: Turn, deal: DcaDeal): void {
  if (cancelAll(turn, deal)) return;
  if (wantedTakeProfit(deal) !== null) {
    deal.phase = { kind: 'holding' };
    deal.nextSafetyOrder = termsOf(deal.settings).rungs.length + 1;
    advance(turn, deal);
  } else if (deal.position.soldLots > 0) {
    end(turn, deal, 'completed', 'take profit');
  } else {
    end(turn, deal, 'failed', 'the base order bought too little to be sold');
  }
}

function startClosing(turn: Turn, deal: DcaDeal, reason: CloseReason): void {
  deal.phase = { kind: 'closing', reason, attempt: 0, pauses: 0, step: { kind: 'cancelling' } };
  deal.safetyRetries = [];
  advance(turn, deal);
}

/** Cancels everything, waits until all fills are in, then asks for the price to sell at. */
function close(turn: Turn, deal: DcaDeal): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  if (orderFor(deal, phase.reason) !== undefined || cancelAll(turn, deal)) return;
  if (phase.step.kind === 'awaitingQuote' || phase.step.kind === 'waiting') return;
  const held = heldLots(deal.position, deal.instrument);
  if (held < Math.max(1, deal.instrument.minLots)) {
    endClosed(turn, deal, phase.reason);
    return;
  }
  deal.phase = { ...phase, step: { kind: 'awaitingQuote' } };
  turn.requestQuote(deal.symbol);
}

/** Sells at once within slippage of the bid. Answers whether `quote` changed the deal. */
function sell(turn: Turn, deal: DcaDeal, quote: Quote): boolean {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  const { instrument } = deal;
  if (!turn.mayExit || quote.bid < instrument.minTicks) return false;
  const held = heldLots(deal.position, instrument);
  // Few coins may be worth too little at the worst price allowed, yet enough at the bid.
  const worthEnough = Math.ceil(instrument.minNotional / held);
  const limit = Math.min(
    quote.bid,
    Math.max(slippedSell(instrument, quote.bid, termsOf(deal.settings).maxSlippage), worthEnough),
  );
  const lots = mostLots(instrument, limit, held);
  if (orderFault(instrument, limit, lots) !== null) {
    endClosed(turn, deal, phase.reason);
    return true;
  }
  placeClose(turn, deal, limit, lots);
  return true;
}

function placeClose(turn: Turn, deal: DcaDeal, priceTicks: number, lots: number): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  deal.phase = { ...phase, attempt: phase.attempt + 1, step: { kind: 'selling' } };
  turn.place(deal, {
    purpose: phase.reason,
    role: 'exit',
    side: 'sell',
    timeInForce: 'IOC',
    priceTicks,
    lots,
  });
}

function settleClose(turn: Turn, deal: DcaDeal, order: DealOrder, how: Settlement): void {
  const phase = deal.phase;
  if (phase.kind !== 'closing') return;
  if (how.kind === 'rejected' && how.isAbsent && phase.attempt < ATTEMPTS_MAX && turn.mayExit) {
    placeClose(turn, deal, order.priceTicks, order.quantity);
    return;
  }
  const isSpent = how.kind === 'rejected' || phase.attempt >= ATTEMPTS_MAX;
  const isLeft = heldLots(deal.position, deal.instrument) >= Math.max(1, deal.instrument.minLots);
  let next: ClosingStep = { kind: 'cancelling' };
  let pauses = phase.pauses;
  if (isSpent && isLeft) {
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

/** Asks for the cancel of every order out. Answers whether any order is still unsettled. */
function cancelAll(turn: Turn, deal: DcaDeal): boolean {
  for (const order of deal.orders) turn.cancel(deal, order);
  return deal.orders.length > 0;
}

function endClosed(turn: Turn, deal: DcaDeal, reason: CloseReason): void {
  const phase = deal.phase;
  assert(phase.kind === 'closing', 'Invariant: the deal is closing');
  const { boughtLots, soldLots } = deal.position;
  const hasSoldByClosing = phase.attempt > 0 || phase.pauses > 0;
  if (boughtLots === 0) {
    end(turn, deal, 'cancelled', 'closed before anything was bought');
  } else if (soldLots > 0 && !hasSoldByClosing) {
    end(turn, deal, 'completed', 'take profit');
  } else if (reason === 'stopLoss') {
    end(turn, deal, 'stopLoss', 'stop loss');
  } else {
    end(turn, deal, 'closed', 'closed by command');
  }
}

function endCancelled(turn: Turn, deal: DcaDeal): void {
  const isSold = deal.position.soldLots > 0 && heldLots(deal.position, deal.instrument) === 0;
  if (isSold) end(turn, deal, 'completed', 'take profit');
  else end(turn, deal, 'cancelled', 'cancelled by command');
}

function end(turn: Turn, deal: DcaDeal, outcome: DealOutcome, reason: string): void {
  const { instrument, position } = deal;
  deal.phase = { kind: 'ended', time: turn.time, outcome, reason };
  deal.safetyRetries = [];
  const cost = costOf(position, instrument);
  const revenue = revenueOf(position, instrument);
  const profit = realisedProfit(position, instrument);
  const values = {
    outcome,
    reason,
    symbol: deal.symbol,
    bought: formatQuantity(instrument, position.boughtLots),
    sold: formatQuantity(instrument, position.soldLots),
    cost: formatMoney(instrument, cost),
    revenue: formatMoney(instrument, revenue),
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit, cost, 2),
    kept: formatBase(instrument, heldBase(position, instrument)),
    safetyOrders: String(deal.filledSafetyOrders),
    seconds: String(Math.floor((turn.time - deal.openedTime) / 1000)),
  };
  const kind =
    outcome === 'failed'
      ? 'dealFailed'
      : outcome === 'cancelled'
        ? 'dealCancelled'
        : 'dealCompleted';
  turn.note(deal.dealId, kind, values);
}

function noteAverage(turn: Turn, deal: DcaDeal): void {
  const { instrument, position } = deal;
  const average = averageTicks(position, instrument);
  const takeProfit = takeProfitOf(deal);
  if (average === null || takeProfit === null) return;
  turn.note(deal.dealId, 'averageChanged', {
    average: formatAverage(instrument, average),
    breakEven: formatAverage(instrument, breakEvenPrice(average, deal.feeRatePpm)),
    takeProfit: formatPrice(instrument, takeProfit),
    held: formatBase(instrument, heldBase(position, instrument)),
    cost: formatMoney(instrument, costOf(position, instrument)),
  });
}

function notePause(turn: Turn, deal: DcaDeal, values: Readonly<Record<string, string>>): void {
  turn.note(deal.dealId, 'dealPaused', values);
}

function rungTicks(deal: DcaDeal, ladderIndex: number): number {
  const rung = termsOf(deal.settings).rungs[ladderIndex - 1];
  assert(rung !== undefined, `Invariant: safety order ${ladderIndex} is in the ladder`);
  assert(deal.entry.kind === 'bought', 'Invariant: safety orders follow a bought base order');
  return rungPrice(deal.entry.average, rung.deviation);
}

function floorTicks(price: Ratio): number {
  return Number(divFloor(price.numerator, price.denominator));
}

function timerName(
  deal: DcaDeal,
  name: 'baseOrder' | 'takeProfit' | 'safetyOrders' | 'close',
): string {
  return `deal:${deal.dealId}:${name}`;
}
