// SPDX-License-Identifier: Apache-2.0
// The rules of the signal bot: signals open, enlarge, reduce, close and reverse positions, one for each symbol. Each
// position is a trade with the exits of a smart trade, and goes on when the bot is stopped.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { orderFault } from '../bot/order-rules.ts';
import type { BotRules, KindCommand, QuoteEvent, SignalEvent } from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import { NO_DEAL, type PositionSide, type Signal } from '../machine.ts';
import { exitSide, type Direction } from '../order.ts';
import { entryAverage, type Ratio } from '../position.ts';
import { commandTrade, reduceTrade } from '../smart-trade/commands.ts';
import {
  isAtProfit,
  openLots,
  priceFrom,
  type Market,
  type TradeDeal,
} from '../smart-trade/deal.ts';
import { editTrade } from '../smart-trade/edit.ts';
import { profitTicks, ratioOf } from '../smart-trade/exact.ts';
import {
  cancelTrade,
  closeTrade,
  tradeFilled,
  tradeQuoted,
  tradeRiskChanged,
  tradeSettled,
  tradeTimer,
  tradeWatch,
} from '../smart-trade/flow.ts';
import type { TradePlan } from '../smart-trade/plan.ts';
import { assert, divFloor } from '../units.ts';
import { ageFault, rememberSignal, signalFault } from './acceptance.ts';
import { decide } from './decision.ts';
import { enlargePosition, openPosition } from './opening.ts';
import type { SignalSettings } from './settings.ts';
import {
  freeSlot,
  slotOf,
  type PendingSignal,
  type SignalBotState,
  type SignalSlot,
} from './state.ts';

export const signalRules: BotRules<SignalBotState, TradeDeal> = {
  onQuote,
  onSignal,
  onTimer(state: SignalBotState, turn: Turn, timer: string): boolean {
    return state.deals.some((deal) => tradeTimer(turn, deal, timer));
  },
  onCommand,
  onFilled(_state: SignalBotState, turn: Turn, deal: TradeDeal, order: DealOrder): void {
    tradeFilled(turn, deal, order);
  },
  onSettled(
    _state: SignalBotState,
    turn: Turn,
    deal: TradeDeal,
    order: DealOrder,
    how: Settlement,
    hasNewFill: boolean,
  ): void {
    tradeSettled(turn, deal, order, how, hasNewFill);
  },
  onDealEnded,
  onRisk(state: SignalBotState, turn: Turn): void {
    for (const deal of state.deals) tradeRiskChanged(turn, deal);
  },
  watchedBelow(state: SignalBotState, symbol: string): number {
    if (slotOf(state, symbol)?.pending) return Infinity;
    let watched = -1;
    for (const deal of state.deals) {
      if (deal.symbol !== symbol) continue;
      const { below } = tradeWatch(deal);
      if (below > watched) watched = below;
    }
    return watched;
  },
  watchedAbove(state: SignalBotState, symbol: string): number {
    let watched = Infinity;
    for (const deal of state.deals) {
      if (deal.symbol !== symbol) continue;
      const { above } = tradeWatch(deal);
      if (above < watched) watched = above;
    }
    return watched;
  },
};

function onSignal(state: SignalBotState, turn: Turn, event: SignalEvent): boolean {
  const { signal, symbol } = event;
  const { settings } = state;
  const fault =
    signalFault(signal) ??
    ageFault(signal, turn.time, settings) ??
    rememberSignal(state.seen, symbol, signal, turn.time, settings);
  if (fault !== null) return refuse(turn, symbol, signal, fault);
  if (signal.action === 'disable') return disable(state, turn, symbol, signal);
  const slot = slotOf(state, symbol);
  if (slot === undefined) return refuse(turn, symbol, signal, 'the bot does not trade this symbol');
  const deal = openDeal(state, symbol);
  const held = sideOf(deal);
  const decision = decide(signal, held, settings);
  switch (decision.kind) {
    case 'refuse':
      return refuse(turn, symbol, signal, decision.reason);
    case 'disable':
      return disable(state, turn, symbol, signal);
    case 'exit':
      return takeExit(turn, slot, deal, { decision, signal, time: turn.time }, settings);
    case 'reverse':
      return takeReverse(state, turn, slot, deal, decision.direction, signal);
    case 'enter':
    case 'add':
      return takeEntry(state, turn, slot, { decision, signal, time: turn.time });
  }
}

/** The position of `symbol` that signals speak of; one that is being closed is none. */
function openDeal(state: SignalBotState, symbol: string): TradeDeal | undefined {
  return state.deals.find((deal) => deal.symbol === symbol && deal.phase.kind === 'running');
}

function sideOf(deal: TradeDeal | undefined): PositionSide {
  return deal === undefined ? 'flat' : deal.plan.direction;
}

function refuse(turn: Turn, symbol: string, signal: Signal, reason: string): true {
  turn.note(NO_DEAL, 'signalRefused', { ...signalValues(symbol, signal), reason });
  return true;
}

function signalValues(symbol: string, signal: Signal): Record<string, string> {
  const { action, source, price, id, readings } = signal;
  return {
    symbol,
    action,
    source,
    ...(price === undefined ? {} : { price }),
    ...(id === undefined ? {} : { id }),
    ...(readings.length === 0
      ? {}
      : { readings: readings.map(({ label, value }) => `${label} ${value}`).join('; ') }),
  };
}

function taken(turn: Turn, slot: SignalSlot, signal: Signal): void {
  turn.note(NO_DEAL, 'signalTaken', signalValues(slot.symbol, signal));
}

/** Stops the bot; its positions go on unless the signal says otherwise. */
function disable(state: SignalBotState, turn: Turn, symbol: string, signal: Signal): boolean {
  turn.note(NO_DEAL, 'signalTaken', signalValues(symbol, signal));
  if (state.isRunning) turn.note(NO_DEAL, 'botStopped', { reason: 'a signal asked for it' });
  state.isRunning = false;
  dropEntries(state, turn, 'the bot is stopped');
  for (const deal of state.deals) {
    if (signal.deals === 'close') closeTrade(turn, deal, 'closed by signal');
    if (signal.deals === 'cancel') cancelTrade(turn, deal, 'cancelled by signal');
  }
  return true;
}

/** Entries that wait are given up; exits that wait go on. */
function dropEntries(state: SignalBotState, turn: Turn, reason: string): void {
  for (const slot of state.slots) {
    for (const waiting of [slot.pending, slot.next]) {
      if (waiting !== null && waiting.decision.kind !== 'exit') {
        refuse(turn, slot.symbol, waiting.signal, reason);
      }
    }
    if (slot.pending?.decision.kind !== 'exit') slot.pending = null;
    slot.next = null;
  }
}

function takeExit(
  turn: Turn,
  slot: SignalSlot,
  deal: TradeDeal | undefined,
  wanted: PendingSignal,
  settings: SignalSettings,
): boolean {
  assert(deal !== undefined, 'Invariant: an exit is decided for a position');
  // What was to be entered before it is overtaken.
  if (slot.pending !== null && slot.pending.decision.kind !== 'exit') {
    refuse(turn, slot.symbol, slot.pending.signal, 'an exit came after it');
    slot.pending = null;
  }
  if (settings.minProfit === undefined) {
    exitNow(turn, slot, deal, wanted);
    return true;
  }
  if (slot.pending !== null)
    return refuse(turn, slot.symbol, wanted.signal, 'an exit is under way');
  slot.pending = wanted;
  turn.requestQuote(slot.symbol);
  return true;
}

/** Closes the position, or a part of it. */
function exitNow(turn: Turn, slot: SignalSlot, deal: TradeDeal, wanted: PendingSignal): boolean {
  const { decision, signal } = wanted;
  assert(decision.kind === 'exit', 'Invariant: an exit is under way');
  const { part } = decision;
  if (part === null || part.numerator >= 100n * part.denominator) {
    taken(turn, slot, signal);
    return closeTrade(turn, deal, 'closed by signal');
  }
  const all = openLots(deal);
  const lots = partOf(all, part);
  const { instrument, startQuote } = deal;
  const rest = all - lots;
  // A rest that could not be closed any more goes with the part.
  if (rest > 0 && orderFault(instrument, startQuote.last, rest)?.rule.startsWith('min') === true) {
    taken(turn, slot, signal);
    return closeTrade(turn, deal, 'closed by signal');
  }
  const reason = lots < 1 ? 'this part is less than a lot' : reduceTrade(turn, deal, lots, 0);
  if (reason !== null) refuse(turn, slot.symbol, signal, reason);
  else taken(turn, slot, signal);
  return true;
}

function partOf(lots: number, part: Ratio): number {
  return Number(divFloor(BigInt(lots) * part.numerator, 100n * part.denominator));
}

function takeReverse(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  deal: TradeDeal | undefined,
  direction: Direction,
  signal: Signal,
): boolean {
  assert(deal !== undefined, 'Invariant: a reversal is decided for a position');
  const exit: PendingSignal = { decision: { kind: 'exit', part: null }, signal, time: turn.time };
  if (state.isRunning) {
    slot.next = { decision: { kind: 'enter', direction }, signal, time: turn.time };
  }
  return takeExit(turn, slot, deal, exit, state.settings);
}

function takeEntry(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  wanted: PendingSignal,
): boolean {
  const { signal, decision } = wanted;
  if (!state.isRunning) return refuse(turn, slot.symbol, signal, 'the bot is stopped');
  if (slot.pending !== null) {
    return refuse(turn, slot.symbol, signal, 'another signal is being followed');
  }
  const closing =
    state.deals.some(({ symbol }) => symbol === slot.symbol) && decision.kind === 'enter';
  if (closing) {
    // The old position is on its way out: the new one follows it.
    if (slot.next !== null) refuse(turn, slot.symbol, slot.next.signal, 'a later entry came');
    slot.next = wanted;
    taken(turn, slot, signal);
    return true;
  }
  const fault = entryFault(state, turn, slot, wanted);
  if (fault !== null) return refuse(turn, slot.symbol, signal, fault);
  taken(turn, slot, signal);
  slot.pending = wanted;
  turn.requestQuote(slot.symbol);
  return true;
}

/** What stands against an entry, whatever the price. */
function entryFault(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  { decision, signal }: PendingSignal,
): string | null {
  const { settings } = state;
  if (!turn.mayEnter) return 'the desk takes no new risk';
  if (
    settings.maxPriceDeviation !== undefined &&
    signal.price === undefined &&
    signal.source === 'webhook'
  ) {
    return 'it does not say the price it was sent at';
  }
  if (settings.useSignalSize && signal.size?.kind === 'position') {
    return 'the size of an entry is an amount, a quantity or a share of the balance';
  }
  if (decision.kind === 'add') {
    const deal = openDeal(state, slot.symbol);
    if (deal === undefined) return 'no position is open';
    if (deal.addedCount + 1 >= settings.maxEntries) {
      return `the position has its ${settings.maxEntries} entries`;
    }
    return null;
  }
  if (turn.time < slot.coolUntil) {
    return `the symbol cools down for ${Math.ceil((slot.coolUntil - turn.time) / 1000)} s more`;
  }
  const opening = state.slots.filter(
    (each) => each !== slot && each.pending?.decision.kind === 'enter',
  ).length;
  if (state.deals.length + opening >= settings.maxPositions) {
    return `${settings.maxPositions} positions are open`;
  }
  return null;
}

function onQuote(state: SignalBotState, turn: Turn, event: QuoteEvent): boolean {
  const { symbol, quote, funds } = event;
  const market: Market = { quote, ...(funds === undefined ? {} : { funds }) };
  let isChanged = false;
  for (const deal of state.deals) {
    if (deal.symbol === symbol && tradeQuoted(turn, deal, market)) isChanged = true;
  }
  const slot = slotOf(state, symbol);
  const pending = slot?.pending ?? null;
  if (slot === undefined || pending === null) return isChanged;
  slot.pending = null;
  const reason = follow(state, turn, slot, pending, market);
  if (reason !== null) {
    refuse(turn, symbol, pending.signal, reason);
    // An opposite entry has no sense while the position stays.
    if (pending.decision.kind === 'exit') slot.next = null;
  }
  return true;
}

/** Does at `market` what the signal asks for; answers why not. */
function follow(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  pending: PendingSignal,
  market: Market,
): string | null {
  const { decision, signal } = pending;
  const { settings } = state;
  const deal = openDeal(state, slot.symbol);
  if (decision.kind === 'exit') {
    if (deal === undefined) return 'the position is being closed already';
    const fault = profitFault(deal, market, settings);
    if (fault !== null) return fault;
    exitNow(turn, slot, deal, pending);
    return null;
  }
  const fault =
    (state.isRunning ? null : 'the bot is stopped') ??
    ageFault(signal, turn.time, settings) ??
    entryFault(state, turn, slot, pending);
  if (fault !== null) return fault;
  if (decision.kind === 'add') {
    if (deal === undefined) return 'the position is being closed';
    return enlargePosition(state, turn, deal, signal, market);
  }
  if (deal !== undefined) return 'a position is open';
  return openPosition(state, turn, slot.symbol, decision.direction, signal, market);
}

/** Why the position does not earn enough to be closed, or null. */
function profitFault(deal: TradeDeal, market: Market, settings: SignalSettings): string | null {
  const { minProfit } = settings;
  const { plan, position, instrument, feeRatePpm } = deal;
  if (minProfit === undefined) return null;
  const average = entryAverage(position, instrument, plan.direction);
  if (average === null) return null;
  const least = profitTicks(average, ratioOf(minProfit), plan.direction, feeRatePpm);
  const ticks = priceFrom(market.quote, 'own', exitSide(plan.direction));
  if (isAtProfit(plan.direction, ticks, least)) return null;
  return `it would earn less than ${minProfit} percent: the price is ${formatPrice(instrument, ticks)}, ${formatPrice(instrument, least)} is needed`;
}

function onDealEnded(state: SignalBotState, turn: Turn, deal: TradeDeal): void {
  const slot = slotOf(state, deal.symbol);
  // Its symbol may have been taken out of the settings meanwhile.
  if (slot === undefined) return;
  const { next } = slot;
  slot.next = null;
  slot.coolUntil = turn.time + state.settings.cooldownSeconds * 1000;
  if (slot.pending?.decision.kind === 'exit') slot.pending = null;
  if (next === null) return;
  // A reversal is one movement: its second half does not wait for the cooldown of the first.
  const isReversal = next.signal.action !== 'enterLong' && next.signal.action !== 'enterShort';
  if (isReversal || opposes(next, deal)) slot.coolUntil = 0;
  slot.pending = next;
  turn.requestQuote(slot.symbol);
}

function opposes({ decision }: PendingSignal, deal: TradeDeal): boolean {
  return decision.kind === 'enter' && decision.direction !== deal.plan.direction;
}

function onCommand(state: SignalBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning) return false;
      state.isRunning = true;
      return true;
    case 'stop':
      if (!state.isRunning) return false;
      state.isRunning = false;
      dropEntries(state, turn, 'the bot is stopped');
      return true;
    case 'startDeal':
      return startDeal(state, turn, command);
    case 'editSettings':
      return editSettings(state, turn, command);
    case 'handOverDeal':
      return false;
    case 'editDeal': {
      const deal = state.deals.find(({ dealId }) => dealId === command.dealId);
      if (deal === undefined) return false;
      editDeal(turn, deal, command.settings);
      return true;
    }
    case 'closeDeal':
    case 'cancelDeal':
    case 'addFunds':
    case 'reduceFunds':
    case 'cancelOrder':
    case 'closeStep':
    case 'cancelStep':
    case 'forceEntry': {
      const deal = state.deals.find(({ dealId }) => dealId === command.dealId);
      return deal === undefined ? false : commandTrade(turn, deal, command);
    }
  }
}

/** A person opens a position the way a signal would. */
function startDeal(
  state: SignalBotState,
  turn: Turn,
  command: Extract<KindCommand, { kind: 'startDeal' }>,
): boolean {
  const signal: Signal = {
    action: state.settings.directions === 'short' ? 'enterShort' : 'enterLong',
    source: 'person',
    conditions: command.conditions,
    readings: command.readings,
  };
  const { symbol } = command;
  const slot = slotOf(state, symbol);
  if (slot === undefined) return refuse(turn, symbol, signal, 'the bot does not trade this symbol');
  const decision = decide(signal, sideOf(openDeal(state, symbol)), state.settings);
  if (decision.kind === 'refuse') return refuse(turn, symbol, signal, decision.reason);
  if (decision.kind !== 'enter') return refuse(turn, symbol, signal, 'a position is open');
  return takeEntry(state, turn, slot, { decision, signal, time: turn.time });
}

function editSettings(
  state: SignalBotState,
  turn: Turn,
  command: Extract<KindCommand, { kind: 'editSettings' }>,
): boolean {
  const { settings, instruments } = command;
  assert(isSignal(settings), `Invariant: settings of a signal bot, were ${settings.kind}`);
  dropEntries(state, turn, 'the settings were changed');
  state.settings = settings;
  state.instruments = settings.symbols.map((symbol) => {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
    return instrument;
  });
  state.slots = settings.symbols.map((symbol) => slotOf(state, symbol) ?? freeSlot(symbol));
  turn.note(NO_DEAL, 'settingsChanged', { fields: 'all' });
  return true;
}

/** Exits and slippage of an open position; how it was entered stands. */
function editDeal(turn: Turn, deal: TradeDeal, settings: { readonly kind: string }): void {
  assert(isSignal(settings), `Invariant: settings of a signal bot, were ${settings.kind}`);
  const { takeProfit, stopLoss, maxSlippage } = settings;
  const { stopLoss: _, ...rest } = deal.plan;
  const plan: TradePlan = {
    ...rest,
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
    maxSlippage,
  };
  const reason = editTrade(turn, deal, plan);
  if (reason !== null) turn.note(deal.dealId, 'commandRefused', { command: 'editDeal', reason });
}

function isSignal(settings: { readonly kind: string }): settings is SignalSettings {
  return settings.kind === 'signal';
}
