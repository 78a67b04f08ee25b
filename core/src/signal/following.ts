// SPDX-License-Identifier: Apache-2.0
// How a signal that means something is followed: what stands in its way at once, what it waits for, and what it does
// when a fresh quote is here.

import { orderFault } from '../bot/order-rules.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import { NO_DEAL, type Signal } from '../machine.ts';
import { exitSide, type Direction } from '../order.ts';
import { entryAverage, type Ratio } from '../position.ts';
import { reduceTrade } from '../smart-trade/commands.ts';
import {
  isAtProfit,
  openLots,
  priceFrom,
  type Market,
  type TradeDeal,
} from '../smart-trade/deal.ts';
import { profitTicks, ratioOf } from '../smart-trade/exact.ts';
import { closeTrade } from '../smart-trade/flow.ts';
import { assert, divFloor } from '../units.ts';
import { ageFault } from './acceptance.ts';
import { enlargePosition, openPosition } from './opening.ts';
import type { SignalSettings } from './settings.ts';
import type { PendingSignal, SignalBotState, SignalSlot } from './state.ts';

/** Opens or enlarges a position at a fresh quote, where nothing stands in the way. */
export function takeEntry(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  wanted: PendingSignal,
): boolean {
  const { signal, decision } = wanted;
  if (!state.isRunning) return refuse(turn, slot.symbol, signal, 'the bot is stopped');
  if (!state.settings.symbols.includes(slot.symbol)) {
    return refuse(turn, slot.symbol, signal, 'the bot does not trade this symbol any more');
  }
  if (slot.pending !== null) {
    return refuse(turn, slot.symbol, signal, 'another signal is being followed');
  }
  const isClosing = state.deals.some(({ symbol }) => symbol === slot.symbol);
  if (decision.kind === 'enter' && isClosing) {
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

/** Closes the position or a part of it: at once, or at a fresh quote where it must earn enough. */
export function takeExit(
  turn: Turn,
  slot: SignalSlot,
  deal: TradeDeal | undefined,
  wanted: PendingSignal,
  settings: SignalSettings,
): boolean {
  if (slot.pending?.decision.kind === 'exit') {
    return refuse(turn, slot.symbol, wanted.signal, 'an exit is under way');
  }
  withdraw(turn, slot);
  if (deal === undefined) {
    // The entry it speaks of had not gone out yet.
    taken(turn, slot, wanted.signal);
  } else if (settings.minProfit === undefined) {
    exitNow(turn, slot, deal, wanted);
  } else {
    slot.pending = wanted;
    turn.requestQuote(slot.symbol);
  }
  return true;
}

/** Entries that wait are overtaken by an exit. */
function withdraw(turn: Turn, slot: SignalSlot): void {
  for (const waiting of [slot.pending, slot.next]) {
    if (waiting !== null) refuse(turn, slot.symbol, waiting.signal, 'an exit came after it');
  }
  slot.pending = null;
  slot.next = null;
}

/** Closes the position and remembers the opposite one, which follows when it is gone. */
export function takeReverse(
  state: SignalBotState,
  turn: Turn,
  slot: SignalSlot,
  deal: TradeDeal | undefined,
  wanted: { readonly direction: Direction; readonly signal: Signal },
): boolean {
  const { signal } = wanted;
  const { time } = turn;
  const enter: PendingSignal = {
    decision: { kind: 'enter', direction: wanted.direction },
    signal,
    time,
  };
  const exit: PendingSignal = { decision: { kind: 'exit', part: null }, signal, time };
  const isTaken = slot.pending?.decision.kind !== 'exit';
  takeExit(turn, slot, deal, exit, state.settings);
  if (!isTaken || !state.isRunning) return true;
  if (deal === undefined) return takeEntry(state, turn, slot, enter);
  slot.next = enter;
  return true;
}

/** Does at `market` what the signal asks for; answers why not. */
export function follow(
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

/** Entries that wait are given up; exits that wait go on. */
export function dropEntries(state: SignalBotState, turn: Turn, reason: string): void {
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

/** The position of `symbol` that signals speak of; one that is being closed is none. */
export function openDeal(state: SignalBotState, symbol: string): TradeDeal | undefined {
  return state.deals.find((deal) => deal.symbol === symbol && deal.phase.kind === 'running');
}

/** Notes why a signal is not followed. */
export function refuse(turn: Turn, symbol: string, signal: Signal, reason: string): true {
  turn.note(NO_DEAL, 'signalRefused', { ...signalValues(symbol, signal), reason });
  return true;
}

/** Notes that a signal is followed. */
export function taken(turn: Turn, slot: Pick<SignalSlot, 'symbol'>, signal: Signal): void {
  turn.note(NO_DEAL, 'signalTaken', signalValues(slot.symbol, signal));
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
