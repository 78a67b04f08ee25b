// SPDX-License-Identifier: Apache-2.0
// The rules of the signal bot: signals open, enlarge, reduce, close and reverse positions, one for each symbol. Each
// position is a trade with the exits of a smart trade, and goes on when the bot is stopped.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type { BotRules, KindCommand, QuoteEvent, SignalEvent } from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import { NO_DEAL, type PositionSide, type Signal } from '../machine.ts';
import { commandTrade } from '../smart-trade/commands.ts';
import type { Market, TradeDeal } from '../smart-trade/deal.ts';
import { editTrade } from '../smart-trade/edit.ts';
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
import { assert } from '../units.ts';
import { ageFault, rememberSignal, signalFault } from './acceptance.ts';
import { decide } from './decision.ts';
import {
  dropEntries,
  follow,
  openDeal,
  refuse,
  taken,
  takeEntry,
  takeExit,
  takeReverse,
} from './following.ts';
import type { SignalSettings } from './settings.ts';
import { freeSlot, slotOf, type SignalBotState, type SignalSlot } from './state.ts';

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
  const decision = decide(signal, sideOf(slot, deal), settings);
  switch (decision.kind) {
    case 'refuse':
      return refuse(turn, symbol, signal, decision.reason);
    case 'disable':
      return disable(state, turn, symbol, signal);
    case 'exit':
      return takeExit(turn, slot, deal, { decision, signal, time: turn.time }, settings);
    case 'reverse':
      return takeReverse(state, turn, slot, deal, { direction: decision.direction, signal });
    case 'enter':
    case 'add':
      return takeEntry(state, turn, slot, { decision, signal, time: turn.time });
  }
}

/** What is held; without a position what an entry that waits is to bring. */
function sideOf(slot: SignalSlot, deal: TradeDeal | undefined): PositionSide {
  if (deal !== undefined) return deal.plan.direction;
  const waiting = (slot.pending ?? slot.next)?.decision;
  return waiting?.kind === 'enter' ? waiting.direction : 'flat';
}

/** Stops the bot; its positions go on unless the signal says otherwise. */
function disable(state: SignalBotState, turn: Turn, symbol: string, signal: Signal): boolean {
  taken(turn, { symbol }, signal);
  if (state.isRunning) turn.note(NO_DEAL, 'botStopped', { reason: 'a signal asked for it' });
  state.isRunning = false;
  dropEntries(state, turn, 'the bot is stopped');
  for (const deal of state.deals) {
    if (signal.deals === 'close') closeTrade(turn, deal, 'closed by signal');
    if (signal.deals === 'cancel') cancelTrade(turn, deal, 'cancelled by signal');
  }
  return true;
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

function onDealEnded(state: SignalBotState, turn: Turn, deal: TradeDeal): void {
  const slot = slotOf(state, deal.symbol);
  if (slot === undefined) return;
  if (!state.settings.symbols.includes(deal.symbol)) {
    // It was taken out of the settings, and only stayed for this position.
    state.slots = state.slots.filter((each) => each !== slot);
    return;
  }
  const { next } = slot;
  slot.next = null;
  slot.coolUntil = turn.time + state.settings.cooldownSeconds * 1000;
  if (slot.pending?.decision.kind === 'exit') slot.pending = null;
  if (next === null) return;
  // A reversal is one movement: its second half does not wait for the cooldown of the first.
  if (next.decision.kind === 'enter' && next.decision.direction !== deal.plan.direction) {
    slot.coolUntil = 0;
  }
  slot.pending = next;
  turn.requestQuote(slot.symbol);
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
  const decision = decide(signal, sideOf(slot, openDeal(state, symbol)), state.settings);
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
  // A position on a symbol that is traded no more still hears its exits.
  const kept = state.slots.filter(
    ({ symbol }) =>
      !settings.symbols.includes(symbol) && state.deals.some((deal) => deal.symbol === symbol),
  );
  state.slots = [
    ...settings.symbols.map((symbol) => slotOf(state, symbol) ?? freeSlot(symbol)),
    ...kept,
  ];
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
