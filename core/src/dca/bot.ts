// SPDX-License-Identifier: Apache-2.0
// The DCA bot: `step(state, event) → effects`. Starts deals, hands events to them, ends them.

import { formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { BotCommand, BotEvent, Effect } from '../machine.ts';
import type { ClientOrderId, Quote } from '../order.ts';
import { addFill, emptyPosition } from '../position.ts';
import { assert, PPM, type TimeMs } from '../units.ts';
import {
  advance,
  backoffMs,
  cancelRequested,
  closeRequested,
  filled,
  placeBaseOrder,
  quoteArrived,
  settle,
  timerArrived,
  wantedBaseOrder,
} from './deal-flow.ts';
import { isSettled, type Deal, type DealOrder } from './deal.ts';
import { orderFault } from './order-rules.ts';
import type { DcaSettings } from './settings.ts';
import { orderValues, Turn } from './turn.ts';

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

/** A bot as plain data: encode it with `encodeJournal`. `version` goes up with every change. */
export interface BotState {
  readonly botId: string;
  readonly clientOrderIdPrefix: string;
  readonly settings: DcaSettings;
  readonly feeRatePpm: number;
  readonly instruments: readonly Instrument[];
  version: number;
  isRunning: boolean;
  nextDealId: number;
  /** Index into `slots` where the search for a free place begins, so that every symbol gets its turn. */
  nextSlot: number;
  readonly slots: Slot[];
  /** Deals that have not ended, oldest first. */
  readonly deals: Deal[];
  /** How many deals have ended, and the last of them, oldest first. */
  endedCount: number;
  readonly endedDeals: Deal[];
}

export interface BotSeed {
  readonly botId: string;
  /** 1 to 16 of `A-Z a-z 0-9 - _`; must differ between all bots of a connection. */
  readonly clientOrderIdPrefix: string;
  readonly settings: DcaSettings;
  /** One for each of the settings' symbols. */
  readonly instruments: readonly Instrument[];
  readonly feeRatePpm: number;
}

/** Ended deals kept in the state; the journal has them all. */
export const ENDED_DEALS_KEPT = 16;

const NOTHING: readonly Effect[] = Object.freeze([]);

/** A stopped bot without deals. Throws RangeError when a part of `seed` does not fit the others. */
export function createBot(seed: BotSeed): BotState {
  if (!/^[A-Za-z0-9_-]{1,16}$/.test(seed.clientOrderIdPrefix)) {
    throw new RangeError(
      `clientOrderIdPrefix must be 1 to 16 of A-Z a-z 0-9 - _, was ${JSON.stringify(seed.clientOrderIdPrefix)}`,
    );
  }
  if (!Number.isSafeInteger(seed.feeRatePpm) || seed.feeRatePpm < 0 || seed.feeRatePpm >= PPM) {
    throw new RangeError(
      `feeRatePpm must be a whole number from 0 to ${PPM - 1}, was ${seed.feeRatePpm}`,
    );
  }
  const instruments = seed.settings.symbols.map((symbol) => {
    const instrument = seed.instruments.find((candidate) => candidate.symbol === symbol);
    if (instrument === undefined) {
      throw new RangeError(`instruments must hold ${symbol}, which the settings name`);
    }
    return instrument;
  });
  return {
    botId: seed.botId,
    clientOrderIdPrefix: seed.clientOrderIdPrefix,
    settings: seed.settings,
    feeRatePpm: seed.feeRatePpm,
    instruments,
    version: 0,
    isRunning: false,
    nextDealId: 1,
    nextSlot: 0,
    slots: seed.settings.symbols.map((symbol) => ({
      symbol,
      phase: { kind: 'free' },
      failures: 0,
    })),
    deals: [],
    endedCount: 0,
    endedDeals: [],
  };
}

/**
 * What the bot does about `event`. Changes `state` in place and raises its `version`, or changes nothing at
 * all: an event that is late, repeated or of no concern returns one shared empty list.
 */
export function step(state: BotState, event: BotEvent): readonly Effect[] {
  switch (event.kind) {
    case 'quote':
      return event.quote.last <= watchedTicks(state, event.symbol)
        ? onQuote(state, event.time, event.symbol, event.quote)
        : NOTHING;
    case 'orderAccepted':
      return onAccepted(state, event);
    case 'orderRejected':
      return onRejected(state, event);
    case 'orderFilled':
      return onFilled(state, event);
    case 'orderEnded':
      return onEnded(state, event);
    case 'timer':
      return onTimer(state, event.time, event.timer);
    case 'command':
      return onCommand(state, event.time, event.command);
  }
}

/**
 * The highest last price at which a quote of `symbol` would change the bot: its stop loss, Infinity while it
 * waits for a quote, −1 while no quote concerns it. Lets a runner skip quotes without asking.
 */
export function watchedTicks(state: BotState, symbol: string): number {
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

function onQuote(state: BotState, time: TimeMs, symbol: string, quote: Quote): readonly Effect[] {
  // A market without a price on both sides, or upside down, starts and sells nothing: the next quote may.
  if (!(quote.bid >= 1) || !(quote.ask >= quote.bid)) return NOTHING;
  const turn = new Turn(time, state.clientOrderIdPrefix);
  const starting = state.slots.filter(
    (slot) => slot.symbol === symbol && slot.phase.kind === 'awaitingQuote',
  );
  let isChanged = starting.length > 0;
  for (const deal of state.deals.filter((candidate) => candidate.symbol === symbol)) {
    if (!quoteArrived(turn, deal, quote)) continue;
    isChanged = true;
    finishTurn(state, turn, deal);
  }
  for (const slot of starting) startDeal(state, turn, slot, quote);
  return isChanged ? done(state, turn) : NOTHING;
}

function onAccepted(
  state: BotState,
  event: Extract<BotEvent, { kind: 'orderAccepted' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null || found.order.phase.kind !== 'placing') return NOTHING;
  found.order.phase = { kind: 'open', exchangeOrderId: event.exchangeOrderId };
  state.version += 1;
  return NOTHING;
}

function onRejected(
  state: BotState,
  event: Extract<BotEvent, { kind: 'orderRejected' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null) return NOTHING;
  const { deal, order } = found;
  // An order the venue has held cannot be one that never existed: its end will come.
  if (order.phase.kind !== 'placing' || order.filledLots > 0) return NOTHING;
  const turn = new Turn(event.time, state.clientOrderIdPrefix);
  turn.note(deal.dealId, 'orderRejected', {
    ...orderValues(deal, order),
    by: event.by,
    rule: event.rule,
    reason: event.reason,
  });
  remove(deal, order);
  settle(turn, deal, order, {
    kind: 'rejected',
    isAbsent: event.by === 'desk' && event.rule === 'absent',
    reason: `${event.by}: ${event.rule}: ${event.reason}`,
  });
  finishTurn(state, turn, deal);
  return done(state, turn);
}

function onFilled(
  state: BotState,
  event: Extract<BotEvent, { kind: 'orderFilled' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null) return NOTHING;
  const { deal, order } = found;
  const { fill } = event;
  if (order.tradeIds.includes(fill.tradeId)) return NOTHING;
  // More than was ordered cannot be true; to count it would invent coins.
  if (!(fill.quantity > 0) || order.filledLots + fill.quantity > order.quantity) return NOTHING;
  const turn = new Turn(event.time, state.clientOrderIdPrefix);
  order.tradeIds.push(fill.tradeId);
  order.filledLots += fill.quantity;
  addFill(deal.position, deal.instrument, order.side, fill);
  turn.noteFill(deal, order, fill);
  filled(turn, deal, order);
  if (isSettled(order)) {
    remove(deal, order);
    settle(turn, deal, order, { kind: 'ended' });
  } else {
    advance(turn, deal);
  }
  finishTurn(state, turn, deal);
  return done(state, turn);
}

function onEnded(
  state: BotState,
  event: Extract<BotEvent, { kind: 'orderEnded' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null || found.order.phase.kind === 'ended') return NOTHING;
  const { deal, order } = found;
  const turn = new Turn(event.time, state.clientOrderIdPrefix);
  const { filledLots } = event;
  order.phase = { kind: 'ended', end: event.end, filledLots };
  if (event.end !== 'filled') {
    turn.note(deal.dealId, 'orderCancelled', {
      ...orderValues(deal, order),
      end: event.end,
      filled: formatQuantity(deal.instrument, filledLots),
      asked: order.isCancelling ? 'yes' : 'no',
    });
  }
  if (isSettled(order)) {
    remove(deal, order);
    settle(turn, deal, order, { kind: 'ended' });
    finishTurn(state, turn, deal);
  }
  return done(state, turn);
}

function onTimer(state: BotState, time: TimeMs, timer: string): readonly Effect[] {
  const slot = state.slots.find((candidate) => startTimer(candidate.symbol) === timer);
  if (slot !== undefined) {
    if (slot.phase.kind !== 'waiting' || time < slot.phase.until) return NOTHING;
    const turn = new Turn(time, state.clientOrderIdPrefix);
    slot.phase = { kind: 'free' };
    fillSlots(state, turn);
    return done(state, turn);
  }
  for (const deal of state.deals) {
    const turn = new Turn(time, state.clientOrderIdPrefix);
    if (!timerArrived(turn, deal, timer)) continue;
    finishTurn(state, turn, deal);
    return done(state, turn);
  }
  return NOTHING;
}

function onCommand(state: BotState, time: TimeMs, command: BotCommand): readonly Effect[] {
  switch (command.kind) {
    case 'start': {
      if (state.isRunning) return NOTHING;
      state.isRunning = true;
      const turn = new Turn(time, state.clientOrderIdPrefix);
      fillSlots(state, turn);
      return done(state, turn);
    }
    case 'stop': {
      if (!state.isRunning) return NOTHING;
      state.isRunning = false;
      for (const slot of state.slots) {
        if (slot.phase.kind === 'awaitingQuote') slot.phase = { kind: 'free' };
      }
      state.version += 1;
      return NOTHING;
    }
    case 'closeDeal':
    case 'cancelDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      if (deal === undefined) return NOTHING;
      const turn = new Turn(time, state.clientOrderIdPrefix);
      const request = command.kind === 'closeDeal' ? closeRequested : cancelRequested;
      if (!request(turn, deal)) return NOTHING;
      finishTurn(state, turn, deal);
      return done(state, turn);
    }
  }
}

/** Asks for a quote for each free symbol while the bot may have more deals. */
function fillSlots(state: BotState, turn: Turn): void {
  if (!state.isRunning) return;
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
    turn.effects.push({ kind: 'requestQuote', symbol: slot.symbol });
    active += 1;
  }
}

function startDeal(state: BotState, turn: Turn, slot: Slot, quote: Quote): void {
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
  const deal: Deal = {
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

/** After a deal has acted: if it has ended, its place is given free. */
function finishTurn(state: BotState, turn: Turn, deal: Deal): void {
  const phase = deal.phase;
  if (phase.kind !== 'ended') return;
  assert(deal.orders.length === 0, `Invariant: ended deal ${deal.dealId} has no open order`);
  state.deals.splice(state.deals.indexOf(deal), 1);
  state.endedCount += 1;
  state.endedDeals.push(deal);
  if (state.endedDeals.length > ENDED_DEALS_KEPT) state.endedDeals.shift();
  const slot = state.slots.find((candidate) => candidate.symbol === deal.symbol);
  assert(slot !== undefined, `Invariant: ${deal.symbol} has a slot`);
  if (phase.outcome === 'failed') {
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
  turn.effects.push({ kind: 'setTimer', timer: startTimer(slot.symbol), time: until });
}

function startTimer(symbol: string): string {
  return `start:${symbol}`;
}

function done(state: BotState, turn: Turn): readonly Effect[] {
  state.version += 1;
  return turn.effects.length === 0 ? NOTHING : turn.effects;
}

function findOrder(
  state: BotState,
  clientOrderId: ClientOrderId,
): { readonly deal: Deal; readonly order: DealOrder } | null {
  for (const deal of state.deals) {
    for (const order of deal.orders) {
      if (order.clientOrderId === clientOrderId) return { deal, order };
    }
  }
  return null;
}

function remove(deal: Deal, order: DealOrder): void {
  deal.orders.splice(deal.orders.indexOf(order), 1);
}
