// SPDX-License-Identifier: Apache-2.0
// What a person adds to a running deal: more funds, less of them, a take-profit step closed now.

import { leavesLots, type DealOrder } from '../bot/deal-order.ts';
import {
  mostLots,
  orderFault,
  slippedBuy,
  slippedSell,
  type OrderFault,
} from '../bot/order-rules.ts';
import type { Turn } from '../bot/turn.ts';
import { parseDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatQuantity, parsePrice } from '../instrument.ts';
import type { BotCommand, ManualOrder, OrderRole } from '../machine.ts';
import { entrySide, exitSide, type Quote } from '../order.ts';
import { power10 } from '../position.ts';
import { isOfStep, type DcaDeal, type ManualRequest } from './deal.ts';
import { lotsForAmount } from './ladder.ts';
import { openLots, plannedStep } from './take-profit.ts';
import { termsOf } from './terms.ts';

/** Orders and wishes of a person that one deal carries at once; keeps its state bounded. */
export const MANUAL_ORDERS_MAX = 10;

export type ManualCommand = Extract<
  BotCommand,
  { readonly kind: 'addFunds' | 'reduceFunds' | 'cancelOrder' | 'closeStep' | 'cancelStep' }
>;

/** Why `deal` refuses `command`, or null: what the desk answers before it gives the command. */
export function manualFault(
  deal: DcaDeal,
  command: ManualCommand,
  may: { readonly mayEnter: boolean; readonly mayExit: boolean },
): string | null {
  if (deal.phase.kind !== 'holding') return 'the deal holds no position';
  switch (command.kind) {
    case 'addFunds':
      return may.mayEnter ? orderWish(deal, command.order) : 'the desk takes no new risk';
    case 'reduceFunds':
      return may.mayExit ? orderWish(deal, command.order) : 'the desk is halted';
    case 'closeStep':
      return may.mayExit ? stepFault(deal, command.step) : 'the desk is halted';
    case 'cancelStep':
      return waitingRequest(deal, command) === undefined ? 'nothing of that number waits' : null;
    case 'cancelOrder':
      return deal.orders.some(
        (order) => order.clientOrderId === command.clientOrderId && isManual(order),
      )
        ? null
        : 'the deal has no such order of yours';
  }
}

/** Follows `command`, which `manualFault` has nothing against. */
export function followManual(turn: Turn, deal: DcaDeal, command: ManualCommand): void {
  switch (command.kind) {
    case 'addFunds':
    case 'reduceFunds': {
      const { amount, price } = command.order;
      const parsed = price === undefined ? null : parsePrice(deal.instrument, price);
      const priceTicks = parsed?.ok === true ? parsed.value : 0;
      const request: ManualRequest = {
        kind: command.kind,
        step: 0,
        amount,
        priceTicks,
        lots: 0,
        isAsked: false,
        number: nextNumber(deal),
      };
      if (command.kind === 'reduceFunds') sizeReduction(deal, request, priceTicks);
      deal.requests.push(request);
      return;
    }
    case 'closeStep':
      deal.requests.push({
        kind: 'closeStep',
        step: command.step,
        amount: null,
        priceTicks: 0,
        lots: 0,
        isAsked: false,
      });
      return;
    case 'cancelStep': {
      const request = waitingRequest(deal, command);
      if (request === undefined) return;
      remove(deal, request);
      turn.note(deal.dealId, 'stepCancelled', {
        order: command.of,
        number: String(command.step),
      });
      return;
    }
    case 'cancelOrder':
      for (const order of deal.orders) {
        if (order.clientOrderId === command.clientOrderId) turn.cancel(deal, order);
      }
  }
}

/** Does what can be done of the person's wishes now; `quote` is a fresh one where there is one. */
export function serveRequests(turn: Turn, deal: DcaDeal, quote: Quote | null): void {
  for (const request of [...deal.requests]) {
    if (request.kind === 'addFunds') serveAddition(turn, deal, request, quote);
    else if (turn.mayExit) serveExit(turn, deal, request, quote);
  }
}

/** Wishes that ask for more than there is by now ask for what there is; for nothing, they are over. */
export function trimRequests(turn: Turn, deal: DcaDeal): void {
  for (const request of [...deal.requests]) {
    if (request.kind === 'addFunds') continue;
    const reducible = reducibleLots(deal, request);
    request.lots = Math.min(request.lots, reducible);
    const isOver =
      request.kind === 'closeStep'
        ? plannedStep(deal, request.step) === undefined
        : reducible === 0;
    if (isOver) drop(turn, deal, request, 'nothing is left to close');
  }
}

/**
 * What a reduction may take, in lots: what is open, without what the person's orders that are out offer and what the
 * wishes before `request` (all that wait, without one) ask for. A take profit makes way; these do not.
 */
export function reducibleLots(deal: DcaDeal, request?: ManualRequest): number {
  let lots = openLots(deal);
  for (const order of deal.orders) {
    if (order.purpose === 'reduceFunds' || order.purpose === 'close') lots -= leavesLots(order);
  }
  for (const other of deal.requests) {
    if (other === request) break;
    if (other.kind === 'reduceFunds') lots -= other.lots;
  }
  return Math.max(0, lots);
}

/** A quote that was asked for may have come while it was of no use: it is asked for anew. */
export function forgetAsked(deal: DcaDeal): void {
  for (const request of deal.requests) request.isAsked = false;
}

/** Whether the deal waits for a quote to do what a person asked for. */
export function awaitsManualQuote(deal: DcaDeal): boolean {
  return deal.requests.some(({ isAsked }) => isAsked);
}

/** Whether it could do it now, were the quote here. */
export function servesManualQuote(turn: Turn, deal: DcaDeal): boolean {
  return deal.requests.some(
    ({ kind, isAsked }) => isAsked && (kind === 'addFunds' || turn.mayExit),
  );
}

function nextNumber(deal: DcaDeal): number {
  deal.requestCount = (deal.requestCount ?? 0) + 1;
  return deal.requestCount;
}

/** What waits without an order; an order is cancelled by its ID. */
function waitingRequest(
  deal: DcaDeal,
  { of, step }: Extract<ManualCommand, { kind: 'cancelStep' }>,
): ManualRequest | undefined {
  return deal.requests.find(({ kind, number }) => kind === of && number === step);
}

function isManual(order: DealOrder): boolean {
  return order.purpose === 'addFunds' || order.purpose === 'reduceFunds';
}

function orderWish(deal: DcaDeal, order: ManualOrder): string | null {
  const { instrument } = deal;
  const count = deal.requests.length + deal.orders.filter(isManual).length;
  if (count >= MANUAL_ORDERS_MAX)
    return `the deal carries ${MANUAL_ORDERS_MAX} such orders already`;
  const amount = parseDecimal(order.amount.value, ASSET_SCALE);
  if (!amount.ok) return `amount: ${amount.reason}`;
  if (amount.value <= 0n) return `amount: expected more than 0, found ${order.amount.value}`;
  if (order.price === undefined) return null;
  const price = parsePrice(instrument, order.price);
  if (!price.ok) return `price: ${price.reason}`;
  const fault = orderFault(instrument, price.value, lotsOf(deal, order.amount, price.value));
  return fault === null ? null : `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
}

function stepFault(deal: DcaDeal, step: number): string | null {
  if (deal.steps.length === 0) return 'the deal has no steps';
  if (deal.steps[step - 1] === undefined) return `the deal has steps 1 to ${deal.steps.length}`;
  if (deal.requests.some((request) => request.step === step)) return 'the step is being closed';
  if (deal.orders.some((order) => order.purpose === 'close' && isOfStep(order, step))) {
    return 'the step is being closed';
  }
  return plannedStep(deal, step) === undefined ? 'the step has nothing left to close' : null;
}

/** `amount` in lots at `priceTicks`, rounded down: never more than the person said. */
function lotsOf(deal: DcaDeal, amount: ManualOrder['amount'], priceTicks: number): number {
  const parsed = parseDecimal(amount.value, ASSET_SCALE);
  const numerator = parsed.ok ? parsed.value : 0n;
  return lotsForAmount(
    deal.instrument,
    {
      asset: amount.kind,
      amount: { numerator, denominator: power10(ASSET_SCALE) },
      isCapped: true,
    },
    Math.max(1, priceTicks),
  );
}

/** Fixes what a reduction takes: an amount of coins at once, one of money as soon as there is a price. */
function sizeReduction(deal: DcaDeal, request: ManualRequest, priceTicks: number): void {
  const { amount } = request;
  if (amount === null || (amount.kind === 'quote' && priceTicks === 0)) return;
  const open = reducibleLots(deal, request);
  const lots = Math.min(open, lotsOf(deal, amount, priceTicks));
  // What would be left must be enough to be closed later; if not, it goes with the rest.
  const rest = open - lots;
  const isRestTooSmall =
    rest < Math.max(1, deal.instrument.minLots) ||
    (priceTicks > 0 && orderFault(deal.instrument, priceTicks, rest) !== null);
  request.lots = isRestTooSmall ? open : lots;
}

function serveAddition(
  turn: Turn,
  deal: DcaDeal,
  request: ManualRequest,
  quote: Quote | null,
): void {
  const { direction } = deal.settings;
  if (!turn.mayEnter) {
    drop(turn, deal, request, 'the desk takes no new risk');
    return;
  }
  if (request.priceTicks > 0) {
    send(turn, deal, request, {
      priceTicks: request.priceTicks,
      lots: request.amount === null ? 0 : lotsOf(deal, request.amount, request.priceTicks),
    });
    return;
  }
  if (quote === null || !request.isAsked) {
    ask(turn, deal, request);
    return;
  }
  const expected = direction === 'long' ? quote.ask : quote.bid;
  const slipped = direction === 'long' ? slippedBuy : slippedSell;
  send(turn, deal, request, {
    priceTicks: slipped(deal.instrument, expected, termsOf(deal.settings).maxSlippage),
    lots: request.amount === null ? 0 : lotsOf(deal, request.amount, expected),
  });
}

function serveExit(turn: Turn, deal: DcaDeal, request: ManualRequest, quote: Quote | null): void {
  const isLong = deal.settings.direction === 'long';
  const expected = quote === null ? 0 : isLong ? quote.bid : quote.ask;
  if (request.kind === 'reduceFunds' && request.lots === 0) {
    if (quote === null || !request.isAsked) {
      ask(turn, deal, request);
      return;
    }
    sizeReduction(deal, request, expected);
    request.isAsked = false;
    if (request.lots === 0) {
      const isNothingLeft = reducibleLots(deal, request) === 0;
      drop(
        turn,
        deal,
        request,
        isNothingLeft ? 'nothing is left to close' : 'the amount is less than one lot',
      );
    }
    return;
  }
  if (!isFree(deal, request)) {
    request.isAsked = false;
    return;
  }
  if (request.priceTicks > 0) {
    send(turn, deal, request, { priceTicks: request.priceTicks, lots: request.lots });
    return;
  }
  if (quote === null || !request.isAsked) {
    ask(turn, deal, request);
    return;
  }
  const slipped = isLong ? slippedSell : slippedBuy;
  const priceTicks = slipped(deal.instrument, expected, termsOf(deal.settings).maxSlippage);
  const lots =
    request.kind === 'closeStep' ? (plannedStep(deal, request.step)?.lots ?? 0) : request.lots;
  send(turn, deal, request, { priceTicks, lots });
}

/** Whether no other order offers the coins of `request` any more. */
function isFree(deal: DcaDeal, request: ManualRequest): boolean {
  if (request.kind === 'closeStep') {
    return !deal.orders.some((order) => isOfStep(order, request.step));
  }
  let offered = 0;
  for (const order of deal.orders) if (order.role === 'exit') offered += leavesLots(order);
  return openLots(deal) - offered >= request.lots;
}

function ask(turn: Turn, deal: DcaDeal, request: ManualRequest): void {
  if (request.isAsked) return;
  request.isAsked = true;
  turn.requestQuote(deal.symbol);
}

function send(
  turn: Turn,
  deal: DcaDeal,
  request: ManualRequest,
  wanted: { readonly priceTicks: number; readonly lots: number },
): void {
  const { instrument, settings } = deal;
  const { priceTicks } = wanted;
  // A step that is more than one order may hold goes on with what is left; a wish is never cut in silence.
  const lots =
    request.kind === 'closeStep'
      ? mostLots(instrument, Math.max(1, priceTicks), wanted.lots)
      : wanted.lots;
  const fault = orderFault(instrument, priceTicks, lots);
  if (fault !== null) {
    drop(turn, deal, request, faultText(deal, fault, { priceTicks, lots }));
    return;
  }
  remove(deal, request);
  const role: OrderRole = request.kind === 'addFunds' ? 'entry' : 'exit';
  turn.place(deal, {
    purpose: request.kind === 'closeStep' ? 'close' : request.kind,
    role,
    ladderIndex: request.step,
    side: role === 'entry' ? entrySide(settings.direction) : exitSide(settings.direction),
    timeInForce: request.priceTicks > 0 ? 'GTC' : 'IOC',
    priceTicks,
    lots,
  });
}

/** A wish that is too large is answered with what one order may hold. */
function faultText(
  { instrument }: DcaDeal,
  fault: OrderFault,
  order: { readonly priceTicks: number; readonly lots: number },
): string {
  if (fault.rule !== 'maxQuantity' && fault.rule !== 'maxNotional') {
    return `${fault.rule}: expected ${fault.expected}, found ${fault.found}`;
  }
  const { priceTicks, lots } = order;
  const most = formatQuantity(instrument, mostLots(instrument, priceTicks, instrument.maxLots));
  const found = formatQuantity(instrument, lots);
  return `${fault.rule}: expected at most ${most} ${instrument.baseAsset} in one order, found ${found} ${instrument.baseAsset}`;
}

function drop(turn: Turn, deal: DcaDeal, request: ManualRequest, reason: string): void {
  remove(deal, request);
  turn.note(deal.dealId, 'commandRefused', { command: request.kind, reason });
}

function remove(deal: DcaDeal, request: ManualRequest): void {
  deal.requests.splice(deal.requests.indexOf(request), 1);
}
