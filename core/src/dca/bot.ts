// SPDX-License-Identifier: Apache-2.0
// The rules of the DCA bot: starts deals, hands events to them, gives their places free when they end.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { orderFault } from '../bot/order-rules.ts';
import type { BotRules, BotStateBase, KindCommand, QuoteEvent, SignalEvent } from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice, formatQuantity } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { emptyPosition } from '../position.ts';
import { assert, type TimeMs } from '../units.ts';
import {
  advance,
  backoffMs,
  cancelRequested,
  closeRequested,
  filled,
  placeBaseOrder,
  quoteArrived,
  riskChanged,
  settle,
  timerArrived,
  wantedBaseOrder,
} from './deal-flow.ts';
import type { DcaDeal } from './deal.ts';
import type { DcaSettings } from './terms.ts';

/** One symbol's place for a deal. `failures` counts deals in a row whose base order bought nothing. */
export interface Slot {
  readonly symbol: string;
  phase: SlotPhase;
  failures: number;
}

export type SlotPhase =
  | { readonly kind: 'free' }
  /** A quote was asked for; the next one starts a deal. */
  | { readonly kind: 'awaitingQuote' }
  | { readonly kind: 'inDeal'; readonly dealId: number }
  /** No deal before `until`: cooldown after a deal, backoff after a failed one. */
  | {
      readonly kind: 'waiting';
      readonly why: 'cooldown' | 'backoff';
      readonly until: TimeMs;
    };

export interface DcaBotState extends BotStateBase<DcaDeal> {
  readonly kind: 'dca';
  settings: DcaSettings;
  /** Index into `slots` where the search for a free place begins, so that every symbol gets its turn. */
  nextSlot: number;
  readonly slots: Slot[];
}

/** What a stopped DCA bot without deals has beside the state of every bot. */
export function dcaBotParts(
  settings: DcaSettings,
): Pick<DcaBotState, 'kind' | 'settings' | 'nextSlot' | 'slots'> {
  return {
    kind: 'dca',
    settings,
    nextSlot: 0,
    slots: settings.symbols.map((symbol) => ({ symbol, phase: { kind: 'free' }, failures: 0 })),
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
  watchedBelow,
  watchedAbove(): number {
    return Infinity;
  },
};

/** The stop loss that is nearest; Infinity while the next quote is waited for, −1 while none concerns the bot. */
function watchedBelow(state: DcaBotState, symbol: string): number {
  let watched = -1;
  for (const slot of state.slots) {
    if (slot.phase.kind === 'awaitingQuote' && slot.symbol === symbol) return Infinity;
  }
  for (const deal of state.deals) {
    if (deal.symbol !== symbol) continue;
    const phase = deal.phase;
    if (phase.kind === 'reopening') return Infinity;
    if (phase.kind === 'closing' && phase.step.kind === 'awaitingQuote') return Infinity;
    if (phase.kind === 'holding' && deal.entry.kind === 'bought') {
      if (deal.entry.stopTicks > watched) watched = deal.entry.stopTicks;
    }
  }
  return watched;
}

function onQuote(state: DcaBotState, turn: Turn, { symbol, quote }: QuoteEvent): boolean {
  const starting = state.slots.filter(
    (slot) => slot.symbol === symbol && slot.phase.kind === 'awaitingQuote',
  );
  let isChanged = starting.length > 0;
  for (const deal of state.deals) {
    if (deal.symbol === symbol && quoteArrived(turn, deal, quote)) isChanged = true;
  }
  for (const slot of starting) startDeal(state, turn, slot, quote);
  return isChanged;
}

function onSignal(_state: DcaBotState, _turn: Turn, _event: SignalEvent): boolean {
  return false;
}

function onTimer(state: DcaBotState, turn: Turn, timer: string): boolean {
  const slot = state.slots.find((candidate) => startTimer(candidate.symbol) === timer);
  if (slot !== undefined) {
    if (slot.phase.kind !== 'waiting' || turn.time < slot.phase.until) return false;
    slot.phase = { kind: 'free' };
    fillSlots(state, turn);
    return true;
  }
  return state.deals.some((deal) => timerArrived(turn, deal, timer));
}

function onCommand(state: DcaBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning) return false;
      state.isRunning = true;
      fillSlots(state, turn);
      return true;
    case 'stop':
      if (!state.isRunning) return false;
      state.isRunning = false;
      freeAwaiting(state);
      return true;
    case 'closeDeal':
    case 'cancelDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      if (deal === undefined) return false;
      return command.kind === 'closeDeal'
        ? closeRequested(turn, deal)
        : cancelRequested(turn, deal);
    }
  }
}

function onRisk(state: DcaBotState, turn: Turn): void {
  if (!turn.mayEnter) freeAwaiting(state);
  for (const deal of state.deals) riskChanged(turn, deal);
  fillSlots(state, turn);
}

function freeAwaiting(state: DcaBotState): void {
  for (const slot of state.slots) {
    if (slot.phase.kind === 'awaitingQuote') slot.phase = { kind: 'free' };
  }
}

/** Asks for a quote for each free symbol while the bot may have more deals. */
function fillSlots(state: DcaBotState, turn: Turn): void {
  if (!state.isRunning || !turn.mayEnter) return;
  let active = 0;
  for (const slot of state.slots) {
    if (slot.phase.kind === 'awaitingQuote' || slot.phase.kind === 'inDeal') active += 1;
  }
  const count = state.slots.length;
  for (let tried = 0; tried < count && active < state.settings.maxActiveDeals; tried += 1) {
    const slot = state.slots[state.nextSlot % count];
    assert(slot !== undefined, 'Invariant: a bot has at least one symbol');
    state.nextSlot = (state.nextSlot + 1) % count;
    if (slot.phase.kind !== 'free') continue;
    slot.phase = { kind: 'awaitingQuote' };
    turn.requestQuote(slot.symbol);
    active += 1;
  }
}

function startDeal(state: DcaBotState, turn: Turn, slot: Slot, quote: Quote): void {
  const instrument = state.instruments.find((candidate) => candidate.symbol === slot.symbol);
  assert(instrument !== undefined, `Invariant: ${slot.symbol} has an instrument`);
  const dealId = state.nextDealId;
  state.nextDealId += 1;
  const wanted = wantedBaseOrder(state.settings, instrument, quote);
  const fault =
    orderFault(instrument, wanted.priceTicks, wanted.lots) ??
    orderFault(instrument, wanted.expectedTicks, wanted.lots);
  if (fault !== null) {
    turn.note(dealId, 'dealFailed', {
      symbol: slot.symbol,
      reason: `base order refused by the instrument: ${fault.rule}: expected ${fault.expected}, found ${fault.found}`,
      price: formatPrice(instrument, wanted.priceTicks),
      quantity: formatQuantity(instrument, wanted.lots),
    });
    backOff(turn, slot);
    fillSlots(state, turn);
    return;
  }
  const deal: DcaDeal = {
    kind: 'dca',
    dealId,
    symbol: slot.symbol,
    instrument,
    settings: state.settings,
    feeRatePpm: state.feeRatePpm,
    openedTime: turn.time,
    phase: { kind: 'opening' },
    entry: { kind: 'pending' },
    position: emptyPosition(),
    orders: [],
    orderCount: 0,
    nextSafetyOrder: 1,
    filledSafetyOrders: 0,
    safetyRetries: [],
    exitTroubles: 0,
    exitWait: { kind: 'none' },
  };
  state.deals.push(deal);
  slot.phase = { kind: 'inDeal', dealId };
  turn.note(dealId, 'dealStarted', {
    symbol: slot.symbol,
    bid: formatPrice(instrument, quote.bid),
    ask: formatPrice(instrument, quote.ask),
    last: formatPrice(instrument, quote.last),
  });
  placeBaseOrder(turn, deal, wanted, 1);
}

/** The deal's place is given free, at once or after a wait. */
function onDealEnded(state: DcaBotState, turn: Turn, deal: DcaDeal): void {
  const slot = state.slots.find((candidate) => candidate.symbol === deal.symbol);
  assert(slot !== undefined, `Invariant: ${deal.symbol} has a slot`);
  const isFailed = deal.phase.kind === 'ended' && deal.phase.outcome === 'failed';
  if (isFailed) {
    backOff(turn, slot);
  } else {
    slot.failures = 0;
    const cooldownMs = deal.settings.cooldownSeconds * 1000;
    if (cooldownMs > 0) {
      wait(turn, slot, 'cooldown', turn.time + cooldownMs);
    } else {
      slot.phase = { kind: 'free' };
    }
  }
  fillSlots(state, turn);
}

function backOff(turn: Turn, slot: Slot): void {
  slot.failures += 1;
  wait(turn, slot, 'backoff', turn.time + backoffMs(slot.failures));
}

function wait(turn: Turn, slot: Slot, why: 'cooldown' | 'backoff', until: TimeMs): void {
  slot.phase = { kind: 'waiting', why, until };
  turn.setTimer(startTimer(slot.symbol), until);
}

function startTimer(symbol: string): string {
  return `start:${symbol}`;
}
