// SPDX-License-Identifier: Apache-2.0
// What the machine does the same way for every kind of bot: orders and their fills, ended deals, risk states.

import { formatQuantity } from '../instrument.ts';
import type { BotCommand, BotEvent, Effect, RiskState } from '../machine.ts';
import type { ClientOrderId } from '../order.ts';
import { addFill } from '../position.ts';
import { assert, type TimeMs } from '../units.ts';
import { isSettled, type DealBase, type DealOrder, type Settlement } from './deal-order.ts';
import { WOULD_TAKE } from './post-only.ts';
import type { BotRules, BotStateBase } from './state.ts';
import { orderValues, Turn } from './turn.ts';

/** Ended deals kept in the state; the journal has them all. */
export const ENDED_DEALS_KEPT = 16;

const NOTHING: readonly Effect[] = Object.freeze([]);

/** The rule by which an exchange says that money or coins are missing. */
const INSUFFICIENT_BALANCE = '-2010';

/** Whether `text` may begin the IDs of a bot's orders: a deal's and an order's number follow it. */
export function isOrderIdPrefix(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,16}$/.test(text);
}

/** `step` for bots whose kind is given by `rules`. */
export function stepWith<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  event: BotEvent,
): readonly Effect[] {
  switch (event.kind) {
    case 'quote': {
      const { bid, ask, last } = event.quote;
      const isWatched =
        Math.min(bid, last) <= rules.watchedBelow(state, event.symbol) ||
        Math.max(ask, last) >= rules.watchedAbove(state, event.symbol);
      // A market without a price on both sides, or upside down, starts and ends nothing: the next quote may.
      if (!isWatched || !(bid >= 1) || !(ask >= bid)) return NOTHING;
      const turn = turnOf(state, event.time);
      return rules.onQuote(state, turn, event) ? done(rules, state, turn) : NOTHING;
    }
    case 'signal': {
      const turn = turnOf(state, event.time);
      return rules.onSignal(state, turn, event) ? done(rules, state, turn) : NOTHING;
    }
    case 'orderAccepted':
      return onAccepted(state, event);
    case 'orderRejected':
      return onRejected(rules, state, event);
    case 'orderFilled':
      return onFilled(rules, state, event);
    case 'orderEnded':
      return onEnded(rules, state, event);
    case 'timer': {
      const turn = turnOf(state, event.time);
      return rules.onTimer(state, turn, event.timer) ? done(rules, state, turn) : NOTHING;
    }
    case 'command': {
      const { command } = event;
      if (command.kind === 'setRisk') return onRisk(rules, state, event.time, command.risk);
      if (command.kind === 'renewOrderIds') return onRenewOrderIds(state, command);
      if (command.kind === 'adoptOrder') return onAdoptOrder(rules, state, event.time, command);
      return onCommand(rules, state, event.time, command);
    }
  }
}

function onCommand<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  time: TimeMs,
  command: Exclude<BotCommand, { kind: 'setRisk' | 'renewOrderIds' | 'adoptOrder' }>,
): readonly Effect[] {
  const turn = turnOf(state, time);
  let isChanged = false;
  const each = (kind: 'closeDeal' | 'cancelDeal', symbol: string | undefined): void => {
    for (const deal of state.deals) {
      if (symbol !== undefined && deal.symbol !== symbol) continue;
      if (rules.onCommand(state, turn, { kind, dealId: deal.dealId })) isChanged = true;
    }
  };
  switch (command.kind) {
    case 'closeAllDeals':
      each('closeDeal', command.symbol);
      break;
    case 'cancelAllDeals':
      each('cancelDeal', command.symbol);
      break;
    case 'stop':
      // First no new deals, or the place of one that ends would be taken at once.
      isChanged = rules.onCommand(state, turn, command);
      if (command.deals !== undefined) {
        each(command.deals === 'close' ? 'closeDeal' : 'cancelDeal', undefined);
      }
      break;
    default:
      isChanged = rules.onCommand(state, turn, command);
  }
  return isChanged ? done(rules, state, turn) : NOTHING;
}

function onAccepted<D extends DealBase>(
  state: BotStateBase<D>,
  event: Extract<BotEvent, { kind: 'orderAccepted' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null || found.order.phase.kind !== 'placing') return NOTHING;
  found.order.phase = { kind: 'open', exchangeOrderId: event.exchangeOrderId };
  state.version += 1;
  return NOTHING;
}

function onRejected<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  event: Extract<BotEvent, { kind: 'orderRejected' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null) return NOTHING;
  const { deal, order } = found;
  // An order the venue has held cannot be one that never existed: its end will come.
  if (order.phase.kind !== 'placing' || order.filledLots > 0) return NOTHING;
  const turn = turnOf(state, event.time);
  turn.note(deal.dealId, 'orderRejected', {
    ...orderValues(deal, order),
    by: event.by,
    rule: event.rule,
    reason: event.reason,
  });
  const isOfDesk = event.by === 'desk';
  const isAbsent = isOfDesk && (event.rule === 'absent' || event.rule === 'namesake');
  const how: Settlement = {
    kind: 'rejected',
    // A namesake of an earlier life is in the way of an ID, not of the order: it never arrived.
    isAbsent,
    mayPass: event.by === 'exchange' ? event.rule === INSUFFICIENT_BALANCE : isOfDesk && !isAbsent,
    wouldTake: event.by === 'exchange' && event.reason === WOULD_TAKE,
    reason: `${event.by}: ${event.rule}: ${event.reason}`,
  };
  remove(deal, order);
  rules.onSettled(state, turn, deal, order, how, false);
  return done(rules, state, turn);
}

function onFilled<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  event: Extract<BotEvent, { kind: 'orderFilled' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null) return NOTHING;
  const { deal, order } = found;
  const { fill } = event;
  if (order.tradeIds.includes(fill.tradeId)) return NOTHING;
  // More than was ordered cannot be true; to count it would invent coins.
  if (!(fill.quantity > 0) || order.filledLots + fill.quantity > order.quantity) return NOTHING;
  const turn = turnOf(state, event.time);
  order.tradeIds.push(fill.tradeId);
  order.filledLots += fill.quantity;
  addFill(deal.position, deal.instrument, order.side, fill);
  for (const other of deal.orders) {
    if (other.clientOrderId === order.pairedWith) other.isSpent = true;
  }
  turn.noteFill(deal, order, fill);
  if (isSettled(order)) {
    remove(deal, order);
    rules.onSettled(state, turn, deal, order, { kind: 'ended' }, true);
  } else {
    rules.onFilled(state, turn, deal, order);
  }
  return done(rules, state, turn);
}

function onEnded<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  event: Extract<BotEvent, { kind: 'orderEnded' }>,
): readonly Effect[] {
  const found = findOrder(state, event.clientOrderId);
  if (found === null || found.order.phase.kind === 'ended') return NOTHING;
  const { deal, order } = found;
  const turn = turnOf(state, event.time);
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
    rules.onSettled(state, turn, deal, order, { kind: 'ended' }, false);
  }
  return done(rules, state, turn);
}

function onRisk<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  time: TimeMs,
  risk: RiskState,
): readonly Effect[] {
  if (risk === state.risk) return NOTHING;
  const from = state.risk;
  state.risk = risk;
  const turn = turnOf(state, time);
  for (const deal of state.deals) {
    turn.note(deal.dealId, 'riskChanged', { from, to: risk });
    if (risk === 'active') continue;
    for (const order of deal.orders) if (order.role === 'entry') turn.cancel(deal, order);
  }
  rules.onRisk(state, turn);
  return done(rules, state, turn);
}

/** Orders that are out keep their IDs; those of the same deals from now on differ from every earlier one. */
function onRenewOrderIds<D extends DealBase>(
  state: BotStateBase<D>,
  { clientOrderIdPrefix }: Extract<BotCommand, { kind: 'renewOrderIds' }>,
): readonly Effect[] {
  if (clientOrderIdPrefix === state.clientOrderIdPrefix) return NOTHING;
  assert(
    isOrderIdPrefix(clientOrderIdPrefix),
    `Invariant: a prefix of order IDs is 1 to 16 of A-Z a-z 0-9 - _, was ${clientOrderIdPrefix}`,
  );
  state.clientOrderIdPrefix = clientOrderIdPrefix;
  state.version += 1;
  return NOTHING;
}

/** The deal follows the order like one of its own; it changes nothing else before a fill. */
function onAdoptOrder<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  time: TimeMs,
  { dealId, order }: Extract<BotCommand, { kind: 'adoptOrder' }>,
): readonly Effect[] {
  const deal = state.deals.find((candidate) => candidate.dealId === dealId);
  if (deal === undefined || findOrder(state, order.clientOrderId) !== null) return NOTHING;
  const taken = rules.adoptedAs?.(deal, order.side) ?? null;
  if (taken === null) return NOTHING;
  deal.orders.push({
    clientOrderId: order.clientOrderId,
    purpose: taken.purpose,
    role: taken.role,
    ladderIndex: 0,
    attempt: 1,
    side: order.side,
    priceTicks: order.priceTicks,
    quantity: order.quantity,
    placedTime: time,
    filledLots: 0,
    tradeIds: [],
    phase: { kind: 'open', exchangeOrderId: order.exchangeOrderId },
    isCancelling: false,
  });
  state.version += 1;
  return NOTHING;
}

/** Takes ended deals off the list of running ones, counts the change and hands out what the turn asked for. */
function done<S extends BotStateBase<D>, D extends DealBase>(
  rules: BotRules<S, D>,
  state: S,
  turn: Turn,
): readonly Effect[] {
  for (let index = 0; index < state.deals.length; index += 1) {
    const deal = state.deals[index];
    if (deal?.phase.kind !== 'ended') continue;
    assert(deal.orders.length === 0, `Invariant: ended deal ${deal.dealId} has no open order`);
    state.deals.splice(index, 1);
    index -= 1;
    state.endedCount += 1;
    state.endedDeals.push(deal);
    if (state.endedDeals.length > ENDED_DEALS_KEPT) state.endedDeals.shift();
    rules.onDealEnded(state, turn, deal);
  }
  state.version += 1;
  return turn.effects.length === 0 ? NOTHING : turn.effects;
}

function turnOf(
  state: { readonly clientOrderIdPrefix: string; readonly risk: RiskState },
  time: TimeMs,
): Turn {
  return new Turn(time, state.clientOrderIdPrefix, state.risk);
}

function findOrder<D extends DealBase>(
  state: BotStateBase<D>,
  clientOrderId: ClientOrderId,
): { readonly deal: D; readonly order: DealOrder } | null {
  for (const deal of state.deals) {
    for (const order of deal.orders) {
      if (order.clientOrderId === clientOrderId) return { deal, order };
    }
  }
  return null;
}

function remove(deal: DealBase, order: DealOrder): void {
  deal.orders.splice(deal.orders.indexOf(order), 1);
}
