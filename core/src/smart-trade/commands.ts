// SPDX-License-Identifier: Apache-2.0
// What a person asks of a running trade beside closing it: more or less funds, single steps, other terms.
//
// What cannot be done is refused with a note that says why; nothing else changes then.

import { orderFault } from '../bot/order-rules.ts';
import type { Turn } from '../bot/turn.ts';
import { parseDecimal } from '../decimal.ts';
import { parsePrice } from '../instrument.ts';
import type { KindCommand } from '../bot/state.ts';
import type { ManualOrder } from '../machine.ts';
import { closeTrade, advanceTrade, cancelTrade } from './flow.ts';
import {
  isLive,
  isPending,
  orderOf,
  type EntrySize,
  type ExitState,
  type Market,
  type TradeDeal,
} from './deal.ts';
import { addedEntry, dropEntry, forceEntries, lotsOf } from './entries.ts';
import { ratioOf } from './exact.ts';
import { atOnce } from './exits.ts';
import { addReduction, askReduction, lotsOfMoney } from './reductions.ts';

/** Added funds that wait at once. */
const MANUAL_MAX = 8;
const AMOUNT_DECIMALS = 8;
const NOTHING_ADDED = 'nothing of that number waits';
const NO_NEW_RISK = 'the desk takes no new risk';

/** Commands that concern one trade and are answered here. */
export type TradeCommand = Extract<
  KindCommand,
  {
    kind:
      | 'closeDeal'
      | 'cancelDeal'
      | 'addFunds'
      | 'reduceFunds'
      | 'cancelOrder'
      | 'closeStep'
      | 'cancelStep'
      | 'forceEntry';
  }
>;

/** Answers whether the command changed anything, a note that refuses it included. */
export function commandTrade(turn: Turn, deal: TradeDeal, command: TradeCommand): boolean {
  if (command.kind === 'closeDeal') return closeTrade(turn, deal);
  if (command.kind === 'cancelDeal') return cancelTrade(turn, deal, 'cancelled by command');
  const refusal = refusalOf(turn, deal, command);
  if (refusal !== null) refuse(turn, deal, command.kind, refusal);
  return true;
}

function refuse(turn: Turn, deal: TradeDeal, command: string, reason: string): void {
  turn.note(deal.dealId, 'commandRefused', { command, reason });
}

/** Does what `command` asks, or says why not. */
function refusalOf(
  turn: Turn,
  deal: TradeDeal,
  command: Exclude<TradeCommand, { kind: 'closeDeal' | 'cancelDeal' }>,
): string | null {
  if (deal.phase.kind !== 'running') return 'the trade is being closed';
  switch (command.kind) {
    case 'addFunds':
      return addFunds(turn, deal, command.order);
    case 'reduceFunds':
      return reduceFunds(turn, deal, command.order);
    case 'cancelOrder':
      return cancelManual(turn, deal, command.clientOrderId);
    case 'closeStep':
      return closeStep(turn, deal, command.step);
    case 'cancelStep':
      return cancelStep(turn, deal, command.of, command.step);
    case 'forceEntry': {
      if (!turn.mayEnter) return NO_NEW_RISK;
      if (!forceEntries(turn, deal)) return 'no entry waits';
      advanceTrade(turn, deal, null);
      return null;
    }
  }
}

function addFunds(turn: Turn, deal: TradeDeal, order: ManualOrder): string | null {
  if (deal.plan.endsWithEntry) return 'a trade that only enters takes no more funds';
  if (!turn.mayEnter) return NO_NEW_RISK;
  const wanted = manualOrder(deal, order);
  if (!wanted.ok) return wanted.reason;
  const { value } = wanted;
  const size: EntrySize =
    order.amount.kind === 'base'
      ? { kind: 'lots', lots: lotsOf(deal.instrument, value.amount) }
      : { kind: 'budget', amount: value.amount, isMost: false };
  const { limitTicks } = value;
  return enlargeTrade(turn, deal, { size, limitTicks, waitSeconds: 0 }, null);
}

/** Adds an entry to a running trade; answers why not. */
export function enlargeTrade(
  turn: Turn,
  deal: TradeDeal,
  order: { readonly size: EntrySize; readonly limitTicks: number; readonly waitSeconds: number },
  market: Market | null,
): string | null {
  const waiting = deal.entries.filter((entry) => entry.purpose === 'addFunds' && isPending(entry));
  if (waiting.length >= MANUAL_MAX) return `at most ${MANUAL_MAX} added orders may wait at once`;
  if (order.size.kind === 'lots' && order.limitTicks > 0) {
    const fault = orderFault(deal.instrument, order.limitTicks, order.size.lots);
    if (fault !== null) return `expected ${fault.expected}, found ${fault.found}`;
  }
  deal.addedCount += 1;
  // What is done stays in the position; only what may still trade is kept.
  deal.entries = deal.entries.filter((entry) => entry.purpose === 'entry' || isPending(entry));
  deal.entries.push(addedEntry(deal.addedCount, order));
  advanceTrade(turn, deal, market);
  return null;
}

function reduceFunds(turn: Turn, deal: TradeDeal, order: ManualOrder): string | null {
  if (deal.plan.endsWithEntry) return 'a trade that only enters closes nothing';
  const wanted = manualOrder(deal, order);
  if (!wanted.ok) return wanted.reason;
  const { amount, limitTicks } = wanted.value;
  const { instrument } = deal;
  if (order.amount.kind === 'base') {
    return reduceTrade(turn, deal, lotsOf(instrument, amount), limitTicks);
  }
  const { value: money } = order.amount;
  // Without a limit nobody has said at what price: the coins are counted at a fresh quote.
  if (limitTicks === 0) return askReduction(turn, deal, money);
  return reduceTrade(turn, deal, lotsOfMoney(instrument, money, limitTicks), limitTicks);
}

/** Closes `lots` of a running trade at once, or at a limit; answers why not. */
export function reduceTrade(
  turn: Turn,
  deal: TradeDeal,
  lots: number,
  limitTicks: number,
): string | null {
  const fault = addReduction(deal, lots, limitTicks);
  if (fault !== null) return fault;
  advanceTrade(turn, deal, null);
  return null;
}

interface ManualNumbers {
  readonly amount: ReturnType<typeof ratioOf>;
  readonly limitTicks: number;
}

function manualOrder(
  deal: TradeDeal,
  order: ManualOrder,
):
  | { readonly ok: true; readonly value: ManualNumbers }
  | { readonly ok: false; readonly reason: string } {
  const amount = parseDecimal(order.amount.value, AMOUNT_DECIMALS);
  if (!amount.ok || amount.value <= 0n) {
    return { ok: false, reason: `expected an amount above 0, found ${order.amount.value}` };
  }
  let limitTicks = 0;
  if (order.price !== undefined) {
    const price = parsePrice(deal.instrument, order.price);
    if (!price.ok) return { ok: false, reason: price.reason };
    if (price.value < 1) return { ok: false, reason: 'expected a price above 0, found 0' };
    limitTicks = price.value;
  }
  return { ok: true, value: { amount: ratioOf(order.amount.value), limitTicks } };
}

function cancelManual(turn: Turn, deal: TradeDeal, clientOrderId: string): string | null {
  const order = deal.orders.find((candidate) => candidate.clientOrderId === clientOrderId);
  if (order?.purpose === 'addFunds') {
    const entry = deal.entries.find(
      ({ purpose, number }) => purpose === 'addFunds' && number === order.ladderIndex,
    );
    if (entry === undefined || !dropEntry(turn, deal, entry)) return 'it is being cancelled';
  } else if (order?.purpose === 'reduceFunds') {
    const exit = deal.exits.find(
      ({ purpose, number }) => purpose === 'reduceFunds' && number === order.ladderIndex,
    );
    if (exit === undefined) return 'it is done';
    const refusal = dropReduction(turn, deal, exit);
    if (refusal !== null) return refusal;
  } else {
    return 'no added or reducing order has this ID';
  }
  advanceTrade(turn, deal, null);
  return null;
}

function cancelReduction(turn: Turn, deal: TradeDeal, number: number): string | null {
  const exit = deal.exits.find(
    (candidate) => candidate.purpose === 'reduceFunds' && candidate.number === number,
  );
  if (exit === undefined || !isLive(exit)) return NOTHING_ADDED;
  const refusal = dropReduction(turn, deal, exit);
  if (refusal !== null) return refusal;
  turn.note(deal.dealId, 'stepCancelled', { order: exit.purpose, number: String(number) });
  advanceTrade(turn, deal, null);
  return null;
}

/** Takes a reduction back, also one that has no order yet; its coins come free when an order of it is settled. */
function dropReduction(turn: Turn, deal: TradeDeal, exit: ExitState): string | null {
  const order = orderOf(deal, exit);
  // An order that trades at once settles by itself.
  if (order !== undefined && exit.phase.kind === 'closing') return 'it trades at once';
  if (order?.isCancelling === true) return 'it is being cancelled';
  exit.phase = { kind: 'cancelled' };
  if (order !== undefined) turn.cancel(deal, order);
  deal.refit = { kind: 'due' };
  return null;
}

function stepOf(deal: TradeDeal, number: number): ExitState | string {
  const exit = deal.exits.find(
    (candidate) => candidate.purpose === 'takeProfit' && candidate.number === number,
  );
  if (exit === undefined) return `there is no take-profit step ${number}`;
  if (!isLive(exit)) return `take-profit step ${number} is done`;
  if (exit.phase.kind === 'closing') return `take-profit step ${number} is being closed`;
  return exit;
}

function closeStep(turn: Turn, deal: TradeDeal, number: number): string | null {
  const exit = stepOf(deal, number);
  if (typeof exit === 'string') return exit;
  if (exit.lots === 0) return `take-profit step ${number} holds nothing`;
  turn.note(deal.dealId, 'stepClosing', { order: exit.purpose, number: String(number) });
  exit.phase = atOnce(true);
  advanceTrade(turn, deal, null);
  return null;
}

function cancelTarget(turn: Turn, deal: TradeDeal, number: number): string | null {
  const exit = stepOf(deal, number);
  if (typeof exit === 'string') return exit;
  turn.note(deal.dealId, 'stepCancelled', { order: exit.purpose, number: String(number) });
  exit.phase = { kind: 'cancelled' };
  deal.refit = { kind: 'due' };
  const isLast = !deal.exits.some(
    (candidate) => candidate.purpose === 'takeProfit' && isLive(candidate),
  );
  // Nothing would ever close it: the position is left to the person.
  if (isLast && deal.plan.stopLoss === undefined) {
    cancelTrade(turn, deal, 'its last take-profit step was cancelled');
  } else {
    advanceTrade(turn, deal, null);
  }
  return null;
}

function cancelStep(
  turn: Turn,
  deal: TradeDeal,
  of: 'entry' | 'takeProfit' | 'addFunds' | 'reduceFunds',
  number: number,
): string | null {
  switch (of) {
    case 'entry':
    case 'addFunds':
      return cancelEntryStep(turn, deal, of, number);
    case 'reduceFunds':
      return cancelReduction(turn, deal, number);
    case 'takeProfit':
      return cancelTarget(turn, deal, number);
  }
}

/** An entry of the plan, or funds that a person added: whether it is on the book or still waits for money or a price. */
function cancelEntryStep(
  turn: Turn,
  deal: TradeDeal,
  of: 'entry' | 'addFunds',
  number: number,
): string | null {
  const name = of === 'entry' ? 'entry' : 'added order';
  const entry = deal.entries.find(
    (candidate) => candidate.purpose === of && candidate.number === number,
  );
  if (entry === undefined) return of === 'entry' ? `there is no entry ${number}` : NOTHING_ADDED;
  if (!dropEntry(turn, deal, entry)) return `${name} ${number} is done`;
  turn.note(deal.dealId, 'stepCancelled', { order: entry.purpose, number: String(number) });
  advanceTrade(turn, deal, null);
  return null;
}
