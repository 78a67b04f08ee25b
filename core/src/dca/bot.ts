// SPDX-License-Identifier: Apache-2.0
// The rules of the DCA bot: starts deals within its limits, hands events to them, lets signals reach them.

import { changedFields } from '../settings/changed-fields.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type {
  BotRules,
  BotStateBase,
  KindCommand,
  QuoteEvent,
  SignalEvent,
  SignalWatch,
} from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import {
  NO_DEAL,
  type ConditionStanding,
  type Reading,
  type Signal,
  type SignalAction,
} from '../machine.ts';
import type { Quote, Side } from '../order.ts';
import { assert, type TimeMs } from '../units.ts';
import { backoffMs } from '../bot/retry.ts';
import {
  advance,
  dealCommand,
  filled,
  open,
  quoteArrived,
  riskChanged,
  settle,
  stopsBot,
  timerArrived,
  watchedAboveOf,
  watchedBelowOf,
  closeRequested,
} from './deal-flow.ts';
import { needsFunds, newDeal, type DcaDeal } from './deal.ts';
import { baseOrderFault, expectedTicks, wantedBaseOrder } from './entry-orders.ts';
import { NO_FUNDS } from './ladder.ts';
import {
  needsReference,
  priceLimits,
  sideOf,
  type PriceLimits,
  type PriceSide,
} from './price-limits.ts';
import { addProfit, adjustedSettings } from './reinvest.ts';
import {
  awaitsCloseSignal,
  awaitsSafetySignal,
  closeProfit,
  nextSignalledSafetyOrder,
  placeSignalledSafetyOrder,
} from './signals.ts';
import type { DcaSettings } from './terms.ts';

/** One symbol's place for the next deal. `failures` counts deals in a row whose base order bought nothing. */
export interface Slot {
  readonly symbol: string;
  phase: SlotPhase;
  failures: number;
  /** The symbol's last price when the bot was started, in ticks; 0 where none is known or needed. */
  referenceTicks: number;
  /** False while the next quote is to say it. */
  hasReference: boolean;
}

export type SlotPhase =
  | { readonly kind: 'free' }
  /** A start was decided on and waits for the start delay. */
  | { readonly kind: 'delaying'; readonly start: DealStart; readonly until: TimeMs }
  /** A quote was asked for; the next one starts a deal, or the next that says what is free, until `until`. */
  | { readonly kind: 'awaitingQuote'; readonly start: DealStart; readonly until: TimeMs }
  /** A deal may start when the price, which is above or below the bot's limits, has come to them. */
  | { readonly kind: 'awaitingPrice'; readonly limits: PriceLimits; readonly side: PriceSide }
  /** No deal before `until`: cooldown after a deal, backoff after a failed one. */
  | {
      readonly kind: 'waiting';
      readonly why: 'cooldown' | 'backoff';
      readonly until: TimeMs;
    };

/** Why a deal starts. */
export interface DealStart {
  readonly by: 'immediately' | 'conditions' | 'signal' | 'person';
  readonly skipLimits: boolean;
  readonly readings: readonly Reading[];
}

/** A signal to running deals that waits for a fresh quote. */
export interface AskedSignal {
  readonly symbol: string;
  readonly action: 'safetyOrder' | 'close';
  readonly dealIds: readonly number[];
  readonly readings: readonly Reading[];
}

export interface DcaBotState extends BotStateBase<DcaDeal> {
  readonly kind: 'dca';
  settings: DcaSettings;
  /** Index into `slots` where the search for a free place begins, so that every symbol gets its turn. */
  nextSlot: number;
  /** One for each of the settings' symbols. */
  slots: Slot[];
  /** At most one for each symbol and action. */
  asked: AskedSignal[];
  /** Deals opened since the bot was started. */
  openedSinceStart: number;
  /** What all ended deals have earned, in the asset they are to earn, at `PROFIT_SCALE` decimals. */
  profit: bigint;
}

/** What a stopped DCA bot without deals has beside the state of every bot. */
export function dcaBotParts(
  settings: DcaSettings,
): Pick<
  DcaBotState,
  'kind' | 'settings' | 'nextSlot' | 'slots' | 'asked' | 'openedSinceStart' | 'profit'
> {
  return {
    kind: 'dca',
    settings,
    nextSlot: 0,
    slots: settings.symbols.map(freeSlot),
    asked: [],
    openedSinceStart: 0,
    profit: 0n,
  };
}

export const dcaRules: BotRules<DcaBotState, DcaDeal> = {
  onQuote,
  onSignal,
  onTimer,
  onCommand,
  onFilled(_state: DcaBotState, turn: Turn, deal: DcaDeal, order: DealOrder): void {
    filled(turn, deal, order);
    advance(turn, deal);
  },
  onSettled(
    _state: DcaBotState,
    turn: Turn,
    deal: DcaDeal,
    order: DealOrder,
    how: Settlement,
    hasNewFill: boolean,
  ): void {
    if (hasNewFill) filled(turn, deal, order);
    settle(turn, deal, order, how);
  },
  onDealEnded,
  onRisk,
  adoptedAs,
  watchedBelow,
  watchedAbove,
  signalWatches,
};

/** Where deals and places look downward; Infinity while the next quote is waited for, −1 while nothing does. */
function watchedBelow(state: DcaBotState, symbol: string): number {
  let watched = -1;
  for (const slot of state.slots) {
    const { phase } = slot;
    if ((phase.kind === 'free' && slot.hasReference) || slot.symbol !== symbol) continue;
    if (phase.kind === 'awaitingQuote' || !slot.hasReference) return Infinity;
    if (phase.kind === 'awaitingPrice' && phase.side === 'above' && hasPlace(state)) {
      watched = phase.limits.most;
    }
  }
  for (const asked of state.asked) if (asked.symbol === symbol) return Infinity;
  for (const deal of state.deals) {
    if (deal.symbol === symbol) watched = Math.max(watched, watchedBelowOf(deal));
  }
  return watched;
}

function watchedAbove(state: DcaBotState, symbol: string): number {
  let watched = Infinity;
  for (const slot of state.slots) {
    const { phase } = slot;
    if (phase.kind !== 'awaitingPrice' || phase.side === 'above' || slot.symbol !== symbol)
      continue;
    if (hasPlace(state)) watched = phase.limits.least;
  }
  for (const deal of state.deals) {
    if (deal.symbol === symbol) watched = Math.min(watched, watchedAboveOf(deal));
  }
  return watched;
}

function onQuote(state: DcaBotState, turn: Turn, event: QuoteEvent): boolean {
  const { symbol, quote } = event;
  const slot = slotOf(state, symbol);
  let isChanged = slot !== undefined && takeReference(slot, quote);
  for (const deal of state.deals) {
    if (deal.symbol === symbol && quoteArrived(turn, deal, quote)) isChanged = true;
  }
  if (followAsked(state, turn, symbol, quote)) isChanged = true;
  if (slot === undefined) return isChanged;
  if (slot.phase.kind === 'awaitingQuote') {
    // What is free comes with the answer alone; the market may speak first.
    if (event.funds === undefined && needsFunds(state.settings)) return isChanged;
    startDeal(state, turn, slot, slot.phase.start, event);
    return true;
  }
  if (slot.phase.kind === 'awaitingPrice' && hasPlace(state)) {
    const { limits, side } = slot.phase;
    const found = sideOf(limits, expectedTicks(state.settings, quote));
    if (found === side) return isChanged;
    if (found === 'within') begin(state, turn, slot, IMMEDIATELY);
    else slot.phase = { kind: 'awaitingPrice', limits, side: found };
    return true;
  }
  return isChanged;
}

/** What a signal may change now, and the conditions that make or allow it, for deals on `symbol`. */
function signalWatches(state: DcaBotState, symbol: string): readonly SignalWatch[] {
  const watches: SignalWatch[] = [];
  const { settings } = state;
  const slot = settings.startConditions === undefined ? undefined : slotOf(state, symbol);
  if (slot !== undefined && settings.startConditions !== undefined) {
    watches.push({
      action: 'start',
      conditions: settings.startConditions,
      isTrigger: settings.startTrigger === 'conditions',
      isWanted: state.risk === 'active' && state.isRunning && limitFault(state, slot) === null,
    });
  }
  for (const deal of state.deals) {
    if (deal.symbol !== symbol) continue;
    const { safetyOrderConditions, closeConditions, safetyOrderTrigger, closeTrigger } =
      deal.settings;
    if (safetyOrderConditions !== undefined) {
      watches.push({
        action: 'safetyOrder',
        conditions: safetyOrderConditions,
        isTrigger: safetyOrderTrigger === 'conditions',
        isWanted: state.risk === 'active' && awaitsSafetySignal(deal),
        dealId: deal.dealId,
      });
    }
    if (closeConditions !== undefined) {
      watches.push({
        action: 'close',
        conditions: closeConditions,
        isTrigger: closeTrigger === 'conditions',
        isWanted: awaitsCloseSignal(deal),
        dealId: deal.dealId,
      });
    }
  }
  return watches;
}

function onSignal(state: DcaBotState, turn: Turn, event: SignalEvent): boolean {
  const { signal, symbol } = event;
  switch (signal.action) {
    case 'start': {
      const fault = startSignalFault(state, event);
      if (fault !== null) return refuse(turn, event, fault);
      const slot = slotOf(state, symbol);
      assert(slot !== undefined, `Invariant: ${symbol} has a slot`);
      const by = signal.source === 'conditions' ? 'conditions' : 'signal';
      begin(state, turn, slot, { by, skipLimits: false, readings: signal.readings });
      return true;
    }
    case 'safetyOrder':
    case 'close':
      return signalDeals(state, turn, event, signal.action);
    case 'enterLong':
    case 'exitLong':
    case 'enterShort':
    case 'exitShort':
    case 'reverse':
    case 'disable':
    case 'buy':
    case 'sell':
      return refuse(turn, event, 'a DCA bot follows signals to start, average and close');
  }
}

function onTimer(state: DcaBotState, turn: Turn, timer: string): boolean {
  const slot = state.slots.find((candidate) => startTimer(candidate.symbol) === timer);
  if (slot === undefined) return state.deals.some((deal) => timerArrived(turn, deal, timer));
  const { phase } = slot;
  if (phase.kind === 'delaying' && turn.time >= phase.until) {
    askQuote(state, turn, slot, phase.start);
    return true;
  }
  if (phase.kind === 'awaitingQuote' && turn.time >= phase.until) {
    failForFunds(state, turn, slot);
    return true;
  }
  if (phase.kind !== 'waiting' || turn.time < phase.until) return false;
  slot.phase = { kind: 'free' };
  fillSlots(state, turn);
  return true;
}

function onCommand(state: DcaBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning) return false;
      state.isRunning = true;
      state.openedSinceStart = 0;
      askReferences(state, turn, true);
      fillSlots(state, turn);
      return true;
    case 'stop':
      // A stopped bot may still be about to start what a person asked for.
      if (!state.isRunning && !state.slots.some(isStarting)) return false;
      state.isRunning = false;
      dropStarts(state);
      return true;
    case 'startDeal': {
      const fault = startDealFault(state, command);
      if (fault !== null) {
        noteRefusal(turn, { ...command, action: 'start', source: 'person', reason: fault });
        return true;
      }
      const slot = slotOf(state, command.symbol);
      assert(slot !== undefined, `Invariant: ${command.symbol} has a slot`);
      const { skipLimits, readings } = command;
      begin(state, turn, slot, { by: 'person', skipLimits, readings });
      return true;
    }
    case 'editSettings':
      return editSettings(state, turn, command);
    case 'closeDeal':
    case 'cancelDeal':
    case 'addFunds':
    case 'reduceFunds':
    case 'cancelOrder':
    case 'closeStep':
    case 'cancelStep':
    case 'editDeal':
    case 'handOverDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      return deal !== undefined && dealCommand(turn, deal, command);
    }
    case 'forceEntry':
      return false;
  }
}

/**
 * A deal that holds coins takes in what enlarges its position. An order that sells its coins would stand beside its
 * own exits and sell more than there is.
 */
function adoptedAs(deal: DcaDeal, side: Side): { purpose: 'addFunds'; role: 'entry' } | null {
  const entrySide = deal.settings.direction === 'short' ? 'sell' : 'buy';
  if (deal.phase.kind !== 'holding' || side !== entrySide) return null;
  return { purpose: 'addFunds', role: 'entry' };
}

function onRisk(state: DcaBotState, turn: Turn): void {
  if (!turn.mayEnter) {
    dropStarts(state);
    state.asked = state.asked.filter(({ action }) => action !== 'safetyOrder');
  }
  for (const deal of state.deals) riskChanged(turn, deal);
  fillSlots(state, turn);
}

/** The deal's place is given free, at once or after a wait. */
function onDealEnded(state: DcaBotState, turn: Turn, deal: DcaDeal): void {
  state.profit = addProfit(state.profit, deal);
  if (stopsBot(deal)) stopForStopLoss(state, turn, deal);
  // Its symbol may have been taken out of the settings meanwhile.
  const slot = slotOf(state, deal.symbol);
  if (slot !== undefined) {
    const isFailed = deal.phase.kind === 'ended' && deal.phase.outcome === 'failed';
    if (!isFailed) slot.failures = 0;
    // A person who wanted a deal beyond the limits gets it all the same.
    if (!('start' in slot.phase) || !slot.phase.start.skipLimits) {
      const cooldownMs = state.settings.cooldownSeconds * 1000;
      if (isFailed) backOff(turn, slot);
      else if (cooldownMs > 0) wait(turn, slot, 'cooldown', turn.time + cooldownMs);
    }
  }
  fillSlots(state, turn);
}

/** How long a bot with volumes in percent waits for a quote that says what is free. */
const FUNDS_WAIT_MS = 30_000;
/** Later than any event. */
const NEVER = Number.MAX_SAFE_INTEGER;

const IMMEDIATELY: DealStart = Object.freeze({
  by: 'immediately',
  skipLimits: false,
  readings: Object.freeze([]),
});

/** Why the bot's limits allow no further deal in `slot`, or null. */
function limitFault(state: DcaBotState, slot: Slot): string | null {
  const { settings } = state;
  const { phase } = slot;
  if (phase.kind === 'waiting') {
    return phase.why === 'cooldown'
      ? `${slot.symbol} rests after its last deal`
      : `${slot.symbol} rests after a deal that failed`;
  }
  if (isStarting(slot)) return `a deal on ${slot.symbol} is about to start`;
  if (activeCount(state) >= settings.maxActiveDeals) {
    return `the bot has all of its ${settings.maxActiveDeals} deals`;
  }
  if (dealsOn(state, slot.symbol) >= settings.maxActiveDealsPerSymbol) {
    return `the bot has all of its ${settings.maxActiveDealsPerSymbol} deals on ${slot.symbol}`;
  }
  return null;
}

/** Why a start signal is not followed, or null. */
function startSignalFault(
  state: DcaBotState,
  { symbol, signal, quote }: SignalEvent,
): string | null {
  const { settings } = state;
  const wanted = signal.source === 'conditions' ? 'conditions' : 'signal';
  if (settings.startTrigger !== wanted) return 'deals of this bot do not start by signals';
  const slot = slotOf(state, symbol);
  if (slot === undefined) return `the bot does not trade ${symbol}`;
  const fault = standingFault(settings.startConditions !== undefined, signal);
  if (fault !== null) return fault;
  if (!state.isRunning) return 'the bot is stopped';
  if (state.risk !== 'active') return 'the desk takes no new risk';
  const limited = limitFault(state, slot);
  if (limited !== null) return limited;
  return quote === undefined ? null : priceFault(state, slot, quote);
}

/** Why a person's wish for a deal is refused, or null: what the desk answers before it gives the command. */
export function startDealFault(
  state: DcaBotState,
  command: Extract<KindCommand, { kind: 'startDeal' }>,
): string | null {
  const slot = slotOf(state, command.symbol);
  if (slot === undefined) return `the bot does not trade ${command.symbol}`;
  if (!state.isRunning && command.onlyWhileRunning) return 'the bot is stopped';
  if (state.risk !== 'active') return 'the desk takes no new risk';
  if (!command.skipConditions) {
    const fault = standingFault(state.settings.startConditions !== undefined, command);
    if (fault !== null) return fault;
  }
  if (isStarting(slot)) return `a deal on ${slot.symbol} is about to start`;
  return command.skipLimits ? null : limitFault(state, slot);
}

/** Conditions whose standing is not known are not met. */
function standingFault(
  hasConditions: boolean,
  { conditions }: { readonly conditions: ConditionStanding },
): string | null {
  if (!hasConditions || conditions === 'met') return null;
  return conditions === 'notMet'
    ? 'the conditions are not met'
    : 'it is not known whether the conditions are met';
}

/** Asks for a quote for each free symbol while the bot may have more deals. */
function fillSlots(state: DcaBotState, turn: Turn): void {
  if (!state.isRunning || !turn.mayEnter) return;
  const { settings } = state;
  if (settings.startTrigger !== 'immediately') return;
  const count = state.slots.length;
  let active = activeCount(state);
  for (let tried = 0; tried < count && active < settings.maxActiveDeals; tried += 1) {
    const slot = state.slots[state.nextSlot % count];
    assert(slot !== undefined, 'Invariant: a bot has at least one symbol');
    state.nextSlot = (state.nextSlot + 1) % count;
    if (slot.phase.kind !== 'free' || limitFault(state, slot) !== null) continue;
    begin(state, turn, slot, IMMEDIATELY);
    active += 1;
  }
}

/** A deal is to start in `slot`, now or after the start delay. */
function begin(state: DcaBotState, turn: Turn, slot: Slot, start: DealStart): void {
  const delayMs = start.skipLimits ? 0 : state.settings.startDelaySeconds * 1000;
  if (delayMs === 0) {
    askQuote(state, turn, slot, start);
    return;
  }
  const until = turn.time + delayMs;
  slot.phase = { kind: 'delaying', start, until };
  turn.setTimer(startTimer(slot.symbol), until);
}

function askQuote(state: DcaBotState, turn: Turn, slot: Slot, start: DealStart): void {
  const until = needsFunds(state.settings) ? turn.time + FUNDS_WAIT_MS : NEVER;
  slot.phase = { kind: 'awaitingQuote', start, until };
  turn.requestQuote(slot.symbol);
  if (until < NEVER) turn.setTimer(startTimer(slot.symbol), until);
}

/** Volumes in percent cannot be known: no quote came that says what is free. */
function failForFunds(state: DcaBotState, turn: Turn, slot: Slot): void {
  const dealId = state.nextDealId;
  state.nextDealId += 1;
  const reason = 'what is free is not known: volumes in percent need it';
  turn.note(dealId, 'dealFailed', { symbol: slot.symbol, reason });
  backOff(turn, slot);
  fillSlots(state, turn);
}

/** The deal's stop loss was to stop the bot as well. */
function stopForStopLoss(state: DcaBotState, turn: Turn, deal: DcaDeal): void {
  if (!state.isRunning) return;
  state.isRunning = false;
  dropStarts(state);
  turn.note(NO_DEAL, 'botStopped', { reason: `deal ${deal.dealId} ended at its stop loss` });
}

function startDeal(
  state: DcaBotState,
  turn: Turn,
  slot: Slot,
  start: DealStart,
  { quote, funds = NO_FUNDS }: QuoteEvent,
): void {
  const fault = start.skipLimits ? null : priceFault(state, slot, quote);
  if (fault !== null) {
    refuseForPrice(state, turn, slot, start, quote, fault);
    return;
  }
  const instrument = instrumentOf(state, slot.symbol);
  const dealId = state.nextDealId;
  state.nextDealId += 1;
  slot.phase = { kind: 'free' };
  const settings = adjustedSettings(state, instrument, quote);
  const wanted = wantedBaseOrder(settings, instrument, quote, funds);
  const orderWrong = baseOrderFault(instrument, wanted);
  if (orderWrong !== null) {
    turn.note(dealId, 'dealFailed', {
      symbol: slot.symbol,
      reason: `base order refused by the instrument: ${orderWrong.rule}: expected ${orderWrong.expected}, found ${orderWrong.found}`,
      price: formatPrice(instrument, wanted.priceTicks),
      quantity: formatQuantity(instrument, wanted.lots),
    });
    backOff(turn, slot);
    fillSlots(state, turn);
    return;
  }
  const { feeRatePpm } = state;
  const { time } = turn;
  const deal = newDeal({ dealId, instrument, settings, feeRatePpm, time, free: funds });
  state.deals.push(deal);
  turn.note(dealId, 'dealStarted', {
    symbol: slot.symbol,
    bid: formatPrice(instrument, quote.bid),
    ask: formatPrice(instrument, quote.ask),
    last: formatPrice(instrument, quote.last),
    by: start.by,
    readings: readingsText(start.readings),
  });
  open(turn, deal, wanted);
  countOpened(state, turn);
}

/** The price has left the limits between the decision and the quote, or was never within. */
function refuseForPrice(
  state: DcaBotState,
  turn: Turn,
  slot: Slot,
  start: DealStart,
  quote: Quote,
  reason: string,
): void {
  slot.phase = { kind: 'free' };
  if (start.by === 'immediately') {
    const limits = limitsOf(state, slot);
    const side = limits === null ? 'within' : sideOf(limits, expectedTicks(state.settings, quote));
    assert(limits !== null && side !== 'within', 'Invariant: a price is beyond its limits');
    slot.phase = { kind: 'awaitingPrice', limits, side };
    fillSlots(state, turn);
    return;
  }
  noteRefusal(turn, {
    symbol: slot.symbol,
    action: 'start',
    source: start.by,
    readings: start.readings,
    reason,
  });
}

/** A bot that has opened as many deals as it was to open stops; those that run go on. */
function countOpened(state: DcaBotState, turn: Turn): void {
  state.openedSinceStart += 1;
  const { stopAfterDeals } = state.settings;
  if (stopAfterDeals === undefined || state.openedSinceStart < stopAfterDeals) return;
  if (!state.isRunning) return;
  state.isRunning = false;
  dropStarts(state);
  turn.note(NO_DEAL, 'botStopped', {
    reason: `it has opened the ${stopAfterDeals} deals it was to open`,
  });
}

/** Hands a signal on to the deals it concerns, as soon as a fresh quote is here. */
function signalDeals(
  state: DcaBotState,
  turn: Turn,
  event: SignalEvent,
  action: 'safetyOrder' | 'close',
): boolean {
  const { symbol, signal, quote, dealIds } = event;
  const deals = state.deals.filter(
    (deal) => deal.symbol === symbol && (dealIds === undefined || dealIds.includes(deal.dealId)),
  );
  let fault = `the bot has no deal on ${symbol}`;
  const followed: number[] = [];
  for (const deal of deals) {
    const found = dealSignalFault(deal, action, signal, quote, turn.mayEnter);
    if (found === null) followed.push(deal.dealId);
    else fault = found;
  }
  if (followed.length === 0) return refuse(turn, event, fault);
  const waiting = state.asked.find(
    (candidate) => candidate.symbol === symbol && candidate.action === action,
  );
  const further = followed.filter((dealId) => waiting?.dealIds.includes(dealId) !== true);
  if (further.length === 0) return false;
  const { readings } = signal;
  const asked = [...(waiting?.dealIds ?? []), ...further];
  state.asked = state.asked.filter((candidate) => candidate !== waiting);
  state.asked.push({ symbol, action, dealIds: asked, readings });
  if (waiting === undefined) turn.requestQuote(symbol);
  return true;
}

/** Why `deal` does not follow a signal, or null; without `quote` prices are looked at later. */
function dealSignalFault(
  deal: DcaDeal,
  action: 'safetyOrder' | 'close',
  signal: Pick<Signal, 'source' | 'conditions'>,
  quote: Quote | undefined,
  mayEnter: boolean,
): string | null {
  const { settings } = deal;
  const isSafety = action === 'safetyOrder';
  const trigger = isSafety ? settings.safetyOrderTrigger : settings.closeTrigger;
  if (trigger !== (signal.source === 'conditions' ? 'conditions' : 'signal')) {
    return isSafety
      ? 'safety orders of this deal do not wait for signals'
      : 'this deal is not closed by signals';
  }
  const conditions = isSafety ? settings.safetyOrderConditions : settings.closeConditions;
  const fault = standingFault(conditions !== undefined, signal);
  if (fault !== null) return fault;
  if (isSafety && !mayEnter) return 'the desk takes no new risk';
  if (isSafety ? !awaitsSafetySignal(deal) : !awaitsCloseSignal(deal)) {
    return isSafety ? 'the deal waits for no safety order' : 'the deal holds nothing to close';
  }
  if (quote === undefined) return null;
  if (isSafety) {
    return nextSignalledSafetyOrder(deal, quote) === null
      ? 'the price has not passed that of the next safety order'
      : null;
  }
  const { isEnough, profitPercent } = closeProfit(deal, quote);
  return isEnough ? null : `a profit of ${profitPercent} % is less than the deal is to earn`;
}

/** Does what signals have asked of deals on `symbol`, where it still fits at `quote`. */
function followAsked(state: DcaBotState, turn: Turn, symbol: string, quote: Quote): boolean {
  if (!state.asked.some((asked) => asked.symbol === symbol)) return false;
  const due = state.asked.filter((asked) => asked.symbol === symbol);
  state.asked = state.asked.filter((asked) => asked.symbol !== symbol);
  for (const { action, dealIds, readings } of due) {
    for (const deal of state.deals) {
      if (!dealIds.includes(deal.dealId)) continue;
      if (action === 'safetyOrder') {
        const wanted = turn.mayEnter ? nextSignalledSafetyOrder(deal, quote) : null;
        if (wanted !== null) {
          placeSignalledSafetyOrder(turn, deal, wanted, readingsText(readings));
        }
      } else if (awaitsCloseSignal(deal)) {
        const { isEnough, profitPercent } = closeProfit(deal, quote);
        if (!isEnough) continue;
        turn.note(deal.dealId, 'closeSignalled', {
          profitPercent,
          readings: readingsText(readings),
        });
        closeRequested(turn, deal, 'signal');
      }
    }
  }
  return true;
}

/** New settings for deals that start from now on. What waits to start waits anew by them. */
function editSettings(
  state: DcaBotState,
  turn: Turn,
  command: Extract<KindCommand, { kind: 'editSettings' }>,
): boolean {
  const settings = command.settings;
  assert(isDcaSettings(settings), `Invariant: settings of a DCA bot, were ${settings.kind}`);
  const fields = changedFields(state.settings, settings);
  if (fields.length === 0) return false;
  dropStarts(state);
  if (settings.profitCurrency !== state.settings.profitCurrency) state.profit = 0n;
  state.settings = settings;
  state.instruments = settings.symbols.map((symbol) => {
    const instrument = command.instruments.find((candidate) => candidate.symbol === symbol);
    assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
    return instrument;
  });
  state.slots = settings.symbols.map((symbol) => slotOf(state, symbol) ?? freeSlot(symbol));
  state.nextSlot %= state.slots.length;
  turn.note(NO_DEAL, 'settingsChanged', { fields: fields.join(', ') });
  askReferences(state, turn, false);
  fillSlots(state, turn);
  return true;
}

function isDcaSettings(settings: { readonly kind: string }): settings is DcaSettings {
  return settings.kind === 'dca';
}

/** Where limits in percent are set, the prices they count from are asked for: all anew, or those that are missing. */
function askReferences(state: DcaBotState, turn: Turn, isAnew: boolean): void {
  const isNeeded = needsReference(state.settings);
  for (const slot of state.slots) {
    if (isAnew || !isNeeded) slot.referenceTicks = 0;
    slot.hasReference = !isNeeded || !state.isRunning || slot.referenceTicks !== 0;
    if (!slot.hasReference) turn.requestQuote(slot.symbol);
  }
}

function takeReference(slot: Slot, quote: Quote): boolean {
  if (slot.hasReference) return false;
  slot.referenceTicks = quote.last;
  slot.hasReference = true;
  return true;
}

function limitsOf(state: DcaBotState, slot: Slot): PriceLimits | null {
  return priceLimits(state.settings, instrumentOf(state, slot.symbol), slot.referenceTicks);
}

/** Why no deal may start at `quote`, or null. */
function priceFault(state: DcaBotState, slot: Slot, quote: Quote): string | null {
  const limits = limitsOf(state, slot);
  if (limits === null) return null;
  const price = expectedTicks(state.settings, quote);
  const side = sideOf(limits, price);
  if (side === 'within') return null;
  const instrument = instrumentOf(state, slot.symbol);
  return side === 'below'
    ? `the price ${formatPrice(instrument, price)} is below ${formatPrice(instrument, limits.least)}`
    : `the price ${formatPrice(instrument, price)} is above ${formatPrice(instrument, limits.most)}`;
}

/** Starts that were decided on are forgotten; pauses go on. */
function dropStarts(state: DcaBotState): void {
  for (const slot of state.slots) {
    if (slot.phase.kind !== 'waiting') slot.phase = { kind: 'free' };
  }
}

/** Answers whether anything changed. Conditions speak at every candle, and what they ask in vain is no news. */
function refuse(turn: Turn, { symbol, signal }: SignalEvent, reason: string): boolean {
  if (signal.source === 'conditions') return false;
  const { action, source, readings } = signal;
  noteRefusal(turn, { symbol, action, source, readings, reason });
  return true;
}

function noteRefusal(
  turn: Turn,
  refusal: {
    readonly symbol: string;
    readonly action: SignalAction;
    readonly source: string;
    readonly readings: readonly Reading[];
    readonly reason: string;
  },
): void {
  turn.note(NO_DEAL, 'signalRefused', {
    symbol: refusal.symbol,
    action: refusal.action,
    source: refusal.source,
    reason: refusal.reason,
    readings: readingsText(refusal.readings),
  });
}

function readingsText(readings: readonly Reading[]): string {
  return readings.map(({ label, value }) => `${label} ${value}`).join('; ');
}

function activeCount(state: DcaBotState): number {
  let active = 0;
  for (const deal of state.deals) if (deal.phase.kind !== 'ended') active += 1;
  for (const slot of state.slots) if (isStarting(slot)) active += 1;
  return active;
}

function dealsOn(state: DcaBotState, symbol: string): number {
  let deals = 0;
  for (const deal of state.deals) {
    if (deal.symbol === symbol && deal.phase.kind !== 'ended') deals += 1;
  }
  return deals;
}

/** Whether a deal was decided on and takes a place already. */
function isStarting(slot: Slot): boolean {
  return slot.phase.kind === 'delaying' || slot.phase.kind === 'awaitingQuote';
}

function hasPlace(state: DcaBotState): boolean {
  return state.risk === 'active' && activeCount(state) < state.settings.maxActiveDeals;
}

function slotOf(state: DcaBotState, symbol: string): Slot | undefined {
  return state.slots.find((candidate) => candidate.symbol === symbol);
}

function instrumentOf(state: DcaBotState, symbol: string): Instrument {
  const instrument = state.instruments.find((candidate) => candidate.symbol === symbol);
  assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
  return instrument;
}

function freeSlot(symbol: string): Slot {
  return { symbol, phase: { kind: 'free' }, failures: 0, referenceTicks: 0, hasReference: true };
}

function backOff(turn: Turn, slot: Slot): void {
  slot.failures += 1;
  wait(turn, slot, 'backoff', turn.time + backoffMs(slot.failures));
}

function wait(turn: Turn, slot: Slot, why: 'cooldown' | 'backoff', until: TimeMs): void {
  if (slot.phase.kind === 'waiting' && slot.phase.until >= until) return;
  slot.phase = { kind: 'waiting', why, until };
  turn.setTimer(startTimer(slot.symbol), until);
}

function startTimer(symbol: string): string {
  return `start:${symbol}`;
}
