// SPDX-License-Identifier: Apache-2.0
// How a trade goes on: after each event it compares what it has with what its plan asks for.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice, type Instrument } from '../instrument.ts';
import {
  breakEvenPrice,
  emptyPosition,
  enteredMoney,
  entryAverage,
  exitedBase,
  formatAverage,
  formatBase,
  formatMoney,
  openBase,
  type Position,
} from '../position.ts';
import {
  cancelAll,
  CLOSED_BY_COMMAND,
  closingTimer,
  dropEntries,
  endTrade,
  hasTakenProfit,
  hurryClosing,
  keepClosing,
  settleClosing,
  startClosing,
} from './closing.ts';
import {
  hasEntered,
  isLive,
  isPending,
  openLots,
  orderOf,
  timerName,
  type ExitState,
  type Market,
  type TradeDeal,
} from './deal.ts';
import {
  beginEntries,
  entriesAwaitQuote,
  entriesOnQuote,
  entryTimer,
  entryWatch,
  keepEntries,
  settleEntry,
} from './entries.ts';
import {
  beginExits,
  exitsAwaitQuote,
  exitsOnQuote,
  exitTimer,
  exitWatch,
  hasExits,
  keepExits,
  refitExits,
  settleExit,
} from './exits.ts';
import { pairTimerDue, settlePairedProfit, settleStopOrder, stopOrderFilled } from './pair.ts';
import type { TradePlan } from './plan.ts';
import { reductionsOnQuote } from './reductions.ts';
import {
  beginStop,
  EXCHANGE_GRACE_MS,
  placeStop,
  stopLimitTicks,
  stopOnQuote,
  stopTimer,
  stopWatch,
} from './stop.ts';

/** An entry that fills in many parts moves the exits this long after the first of them, or when it is done. */
const REFIT_DELAY_MS = 5_000;
/** Decisions that one event may bring one after the other; more would be a circle. */
const ROUNDS_MAX = 20;

export interface TradeSeed {
  readonly kind: TradeDeal['kind'];
  readonly dealId: number;
  readonly instrument: Instrument;
  readonly plan: TradePlan;
  readonly feeRatePpm: number;
  readonly market: Market;
  /** What is held already. */
  readonly position?: Position;
}

/** Opens a trade; the caller puts it among its deals, then calls `advanceTrade`. */
export function beginTrade(turn: Turn, seed: TradeSeed): TradeDeal {
  const { instrument, plan, market, position } = seed;
  const { quote } = market;
  turn.note(seed.dealId, 'dealStarted', {
    symbol: instrument.symbol,
    bid: formatPrice(instrument, quote.bid),
    ask: formatPrice(instrument, quote.ask),
    last: formatPrice(instrument, quote.last),
  });
  return {
    kind: seed.kind,
    dealId: seed.dealId,
    symbol: instrument.symbol,
    instrument,
    feeRatePpm: seed.feeRatePpm,
    openedTime: turn.time,
    phase: { kind: 'running' },
    position: position ?? emptyPosition(),
    orders: [],
    orderCount: 0,
    plan,
    startQuote: quote,
    isGiven: position !== undefined,
    entries: beginEntries(plan, instrument, market),
    exits: beginExits(plan.takeProfit),
    stop: beginStop(),
    addedCount: 0,
    reducedCount: 0,
    refit: { kind: position === undefined ? 'none' : 'due' },
  };
}

/** Does what the trade's phase asks for and its orders do not yet show. `market`: a quote that is fresh now. */
export function advanceTrade(
  turn: Turn,
  deal: TradeDeal,
  market: Market | null,
  roundsMax: number = ROUNDS_MAX,
): void {
  for (let round = 0; round < roundsMax; round += 1) {
    const { phase } = deal;
    switch (phase.kind) {
      case 'running':
        run(turn, deal, market);
        break;
      case 'finishing':
        finish(turn, deal);
        break;
      case 'closing':
        keepClosing(turn, deal, market);
        break;
      case 'cancelling':
        if (!cancelAll(turn, deal)) endCancelled(turn, deal, phase.why);
        break;
      case 'ended':
        return;
    }
    const isRefitDue = phase.kind === 'running' && deal.refit.kind === 'due';
    if (deal.phase.kind === phase.kind && !isRefitDue) return;
  }
  if (deal.phase.kind !== 'ended') goOnLater(turn, deal, roundsMax);
}

/** Decisions that do not come to rest: a person is told, orders stand as they are, and a timer takes them up again. */
function goOnLater(turn: Turn, deal: TradeDeal, rounds: number): void {
  if (deal.phase.kind === 'finishing') deal.phase = { kind: 'running' };
  const until = turn.time + REFIT_DELAY_MS;
  deal.refit = { kind: 'at', until };
  turn.setTimer(timerName(deal, 'refit'), until);
  turn.note(deal.dealId, 'dealPaused', {
    order: 'close',
    reason: `the trade did not come to rest within ${rounds} decisions`,
    until: String(until),
  });
}

function run(turn: Turn, deal: TradeDeal, market: Market | null): void {
  keepEntries(turn, deal, market);
  if (deal.refit.kind === 'due') {
    deal.refit = { kind: 'none' };
    if (!deal.plan.endsWithEntry) refitExits(deal);
  }
  placeStop(turn, deal);
  if (deal.plan.endsWithEntry) {
    if (!deal.entries.some(isPending) && deal.orders.length === 0) endEntered(turn, deal);
    return;
  }
  keepExits(turn, deal, market);
  deal.exits = deal.exits.filter((exit) => isKept(deal, exit));
  if (isOver(deal)) {
    deal.phase = { kind: 'finishing' };
    dropEntries(turn, deal);
  }
}

/** Steps of the plan stay; reductions and steps that left the plan go when they are done. */
function isKept(deal: TradeDeal, exit: ExitState): boolean {
  if (exit.purpose === 'takeProfit' && exit.phase.kind !== 'removed') return true;
  return isLive(exit) || orderOf(deal, exit) !== undefined;
}

/** Whether nothing is left that the trade could close or enter. */
function isOver(deal: TradeDeal): boolean {
  if (deal.orders.some(({ role }) => role === 'exit')) return false;
  const isEntering = deal.entries.some(isPending);
  if (!hasEntered(deal)) return !isEntering;
  if (deal.refit.kind !== 'none' || hasExits(deal)) return false;
  const phases = deal.exits.map(({ phase }) => phase.kind);
  const isDust = openLots(deal) < Math.max(1, deal.instrument.minLots);
  // What the steps could close they have closed; entries that still wait come too late.
  if (phases.includes('done') && (isDust || !phases.includes('cancelled'))) return true;
  const hasLiveSteps = deal.exits.some(isLive);
  // Without a step that could take the coins the stop guards them, or a person closes them.
  return !isEntering && (isDust || hasLiveSteps);
}

/** Takes entries back; coins that one of them still got are closed by the last step. */
function finish(turn: Turn, deal: TradeDeal): void {
  if (cancelAll(turn, deal)) return;
  refitExits(deal);
  if (hasExits(deal)) deal.phase = { kind: 'running' };
  else endFinished(turn, deal);
}

function endFinished(turn: Turn, deal: TradeDeal): void {
  const { position, instrument, plan } = deal;
  if (!hasEntered(deal)) endWithoutPosition(turn, deal);
  else if (hasTakenProfit(deal)) endTrade(turn, deal, 'completed', 'take profit');
  else if (exitedBase(position, instrument, plan.direction) > 0n) {
    endTrade(turn, deal, 'closed', 'closed in parts');
  } else endTrade(turn, deal, 'failed', 'the entry got too little to be closed');
}

/** A trade that only enters is done. */
function endEntered(turn: Turn, deal: TradeDeal): void {
  if (!hasEntered(deal)) endWithoutPosition(turn, deal);
  else endTrade(turn, deal, 'completed', deal.plan.direction === 'long' ? 'bought' : 'sold');
}

function endWithoutPosition(turn: Turn, deal: TradeDeal): void {
  const hasFailed = deal.entries.some(
    ({ phase }) => phase.kind === 'ended' && phase.how === 'failed',
  );
  if (hasFailed) endTrade(turn, deal, 'failed', 'no entry was filled');
  else endTrade(turn, deal, 'cancelled', 'no entry is left');
}

function endCancelled(turn: Turn, deal: TradeDeal, why: string): void {
  const isClosed = hasEntered(deal) && openLots(deal) === 0;
  if (isClosed && hasTakenProfit(deal)) endTrade(turn, deal, 'completed', 'take profit');
  else endTrade(turn, deal, 'cancelled', why);
}

/** A fill of `order` was counted; the order may bring more. */
export function tradeFilled(turn: Turn, deal: TradeDeal, order: DealOrder): void {
  if (order.stopTicks !== undefined) {
    stopOrderFilled(turn, deal, order);
  } else if (order.role === 'entry') {
    noteAverage(turn, deal);
    if (deal.refit.kind === 'none') {
      const until = turn.time + REFIT_DELAY_MS;
      deal.refit = { kind: 'at', until };
      turn.setTimer(timerName(deal, 'refit'), until);
    }
  }
  advanceTrade(turn, deal, null);
}

/** `order` has left the deal's list; no more fills of it can come. */
export function tradeSettled(
  turn: Turn,
  deal: TradeDeal,
  order: DealOrder,
  how: Settlement,
  hasNewFill: boolean,
): void {
  if (order.role === 'entry') {
    if (hasNewFill) noteAverage(turn, deal);
    if (order.filledLots > 0) deal.refit = { kind: 'due' };
    settleEntry(turn, deal, order, how);
  } else if (order.stopTicks !== undefined) {
    settleStopOrder(turn, deal, order, how);
  } else if (order.ladderIndex > 0) {
    settleExit(turn, deal, order, how);
    settlePairedProfit(turn, deal, order);
  } else {
    settleClosing(turn, deal, order, how);
  }
  advanceTrade(turn, deal, null);
}

/** Answers whether the quote changed the trade. */
export function tradeQuoted(turn: Turn, deal: TradeDeal, market: Market): boolean {
  const { phase } = deal;
  if (phase.kind === 'closing') {
    if (phase.step.kind !== 'awaitingQuote' || !turn.mayExit) return false;
    advanceTrade(turn, deal, market);
    return true;
  }
  if (phase.kind !== 'running') return false;
  const stopped = stopOnQuote(turn, deal, market.quote);
  if (stopped === 'triggered') {
    stopLoss(turn, deal);
    advanceTrade(turn, deal, market);
    return true;
  }
  let isChanged = stopped === 'changed';
  if (exitsOnQuote(turn, deal, market.quote)) isChanged = true;
  if (entriesOnQuote(turn, deal, market.quote)) isChanged = true;
  if (reductionsOnQuote(turn, deal, market.quote)) isChanged = true;
  if (entriesAwaitQuote(turn, deal) || exitsAwaitQuote(turn, deal)) isChanged = true;
  if (isChanged) advanceTrade(turn, deal, market);
  return isChanged;
}

function stopLoss(turn: Turn, deal: TradeDeal): void {
  startClosing(turn, deal, {
    reason: 'stopLoss',
    why: 'stop loss',
    limitTicks: stopLimitTicks(deal),
  });
}

/** Answers whether `timer` is one this trade was waiting for, and due; then the trade has acted on it. */
export function tradeTimer(turn: Turn, deal: TradeDeal, timer: string): boolean {
  if (!timer.startsWith(timerName(deal, ''))) return false;
  if (!isTimerDue(turn, deal, timer)) return false;
  advanceTrade(turn, deal, null);
  return true;
}

function isTimerDue(turn: Turn, deal: TradeDeal, timer: string): boolean {
  if (closingTimer(turn, deal, timer) || pairTimerDue(turn, deal, timer)) return true;
  if (deal.phase.kind !== 'running') return false;
  if (timer === timerName(deal, 'refit')) {
    if (deal.refit.kind !== 'at' || turn.time < deal.refit.until) return false;
    deal.refit = { kind: 'due' };
    return true;
  }
  if (stopTimer(turn, deal, timer)) {
    stopAfterTimeout(turn, deal);
    return true;
  }
  return entryTimer(turn, deal, timer) || exitTimer(turn, deal, timer);
}

/** The price has stayed beyond the stop. */
function stopAfterTimeout(turn: Turn, deal: TradeDeal): void {
  turn.note(deal.dealId, 'stopLossTimedOut', {
    stopLoss: formatPrice(deal.instrument, deal.stop.ticks),
    seconds: String(deal.plan.stopLoss?.timeoutSeconds || EXCHANGE_GRACE_MS / 1000),
  });
  stopLoss(turn, deal);
}

/** What the new risk state asks of the trade; orders that take on risk have been asked back already. */
export function tradeRiskChanged(turn: Turn, deal: TradeDeal): void {
  const { phase } = deal;
  // A quote that came while nothing could be sent is old now: another one is asked for.
  if (turn.mayEnter) {
    for (const entry of deal.entries) {
      if (entry.phase.kind === 'awaitingQuote') entry.phase = { kind: 'ready' };
    }
  }
  if (turn.mayExit) {
    for (const exit of deal.exits) {
      if (exit.phase.kind === 'closing' && exit.phase.step.kind === 'awaitingQuote') {
        exit.phase = { ...exit.phase, step: { kind: 'clearing' } };
      }
    }
    if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote') {
      deal.phase = { ...phase, step: { kind: 'clearing' } };
    }
    if (phase.kind === 'running' && deal.toReduce !== undefined) turn.requestQuote(deal.symbol);
    const { breachedUntil } = deal.stop;
    if (phase.kind === 'running' && breachedUntil > 0 && turn.time >= breachedUntil) {
      stopAfterTimeout(turn, deal);
    }
  }
  advanceTrade(turn, deal, null);
}

/** Closes the position now. Answers whether that changed anything. */
export function closeTrade(turn: Turn, deal: TradeDeal, why: string = CLOSED_BY_COMMAND): boolean {
  const { phase } = deal;
  if (phase.kind === 'cancelling' || phase.kind === 'ended') return false;
  if (phase.kind === 'closing') {
    if (!hurryClosing(turn, deal)) return false;
    noteAsked(turn, deal, 'closeRequested', why);
  } else {
    noteAsked(turn, deal, 'closeRequested', why);
    startClosing(turn, deal, { reason: 'close', why, limitTicks: 0 });
  }
  advanceTrade(turn, deal, null);
  return true;
}

/** Takes the trade's orders back and keeps its position. Answers whether that changed anything. */
export function cancelTrade(turn: Turn, deal: TradeDeal, why: string): boolean {
  if (deal.phase.kind === 'cancelling' || deal.phase.kind === 'ended') return false;
  noteAsked(turn, deal, 'cancelRequested', why);
  deal.phase = { kind: 'cancelling', why };
  dropEntries(turn, deal);
  advanceTrade(turn, deal, null);
  return true;
}

/** What a person asked for; what a signal asked for is noted with the signal. */
function noteAsked(
  turn: Turn,
  deal: TradeDeal,
  kind: 'closeRequested' | 'cancelRequested',
  why: string,
): void {
  if (why.endsWith('by command')) turn.note(deal.dealId, kind, {});
}

/** The highest bid or last price below which, and the lowest ask or last above which, the trade acts. */
export function tradeWatch(deal: TradeDeal): { readonly below: number; readonly above: number } {
  const { phase } = deal;
  if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote') {
    return { below: Infinity, above: -1 };
  }
  if (phase.kind !== 'running') return { below: -1, above: Infinity };
  if (deal.toReduce !== undefined) return { below: Infinity, above: -1 };
  let { below, above } = stopWatch(deal);
  for (const entry of deal.entries) {
    const watch = entryWatch(deal, entry);
    if (watch.below > below) below = watch.below;
    if (watch.above < above) above = watch.above;
  }
  for (const exit of deal.exits) {
    const watch = exitWatch(deal, exit);
    if (watch.below > below) below = watch.below;
    if (watch.above < above) above = watch.above;
  }
  return { below, above };
}

function noteAverage(turn: Turn, deal: TradeDeal): void {
  const { instrument, position, plan } = deal;
  const average = entryAverage(position, instrument, plan.direction);
  if (average === null || plan.endsWithEntry) return;
  turn.note(deal.dealId, 'averageChanged', {
    average: formatAverage(instrument, average),
    breakEven: formatAverage(instrument, breakEvenPrice(average, plan.direction, deal.feeRatePpm)),
    held: formatBase(instrument, openBase(position, instrument, plan.direction)),
    cost: formatMoney(instrument, enteredMoney(position, instrument, plan.direction)),
  });
}
