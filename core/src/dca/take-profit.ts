// SPDX-License-Identifier: Apache-2.0
// The take profits of a deal: what is to rest where, one renewal at a time, and the last one where it trails.

import { leavesLots, type DealOrder, type Settlement } from '../bot/deal-order.ts';
import { mostLots, orderFault } from '../bot/order-rules.ts';
import { postWaitMs } from '../bot/post-only.ts';
import { ABSENT_MAX, EXIT_BACKOFF_MAX_MS, exitBackoffMs } from '../bot/retry.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import { exitSide, type Quote } from '../order.ts';
import {
  closingFeePpm,
  closingLots,
  enteredBase,
  enteredMoney,
  entryAverage,
  exitedMoney,
  lotsBase,
  moneyPerCoin,
  notionalMoney,
  type Ratio,
} from '../position.ts';
import { divCeil, divFloor, PPM } from '../units.ts';
import { isOfStep, isStepOver, stepLots, timerName, type DcaDeal } from './deal.ts';
import {
  lotsThatBring,
  lotsThatCost,
  profitGoal,
  takeProfitTicks,
  trailingTicks,
} from './ladder.ts';
import { termsOf } from './terms.ts';

/** A take profit as the deal wants it. */
export interface WantedExit {
  /** From 1; 0 where there is only one. */
  readonly step: number;
  readonly priceTicks: number;
  readonly lots: number;
  /** The venue takes no more in one order: the rest follows. */
  readonly isPart: boolean;
}

export interface ExitPlan {
  /** Those that rest, nearest first. */
  readonly orders: readonly WantedExit[];
  /** The one that follows the price instead, or null. */
  readonly trailing: WantedExit | null;
  /** What is open is less than the venue takes: nothing can be closed any more. */
  readonly isDust: boolean;
}

/** The lots that close the whole position. */
export function openLots(deal: DcaDeal): number {
  return closingLots(deal.position, deal.instrument, deal.settings.direction, deal.feeRatePpm);
}

/** The price of a take profit of `percent` for all entries so far, in ticks; null before the first coin. */
export function exitTicks(deal: DcaDeal, percent: Ratio): number | null {
  const { position, instrument, settings, entry } = deal;
  const { direction } = settings;
  const average = entryAverage(position, instrument, direction);
  if (average === null) return null;
  const measured =
    settings.takeProfitType === 'base' && entry.kind === 'entered'
      ? moneyPerCoin(instrument, entry.money, enteredBase(position, instrument, direction))
      : average;
  const goal = profitGoal(average, measured ?? average, percent, direction);
  return takeProfitTicks(goal, deal.feeRatePpm, direction);
}

/** The price of the nearest take profit that is not done, in ticks; null without one. */
export function nextTakeProfitTicks(deal: DcaDeal): number | null {
  const next = termsOf(deal.settings).takeProfits.find((_, index) => !isStepOver(deal, index));
  return next === undefined ? null : exitTicks(deal, next.profit);
}

/**
 * What closes at `priceTicks` all that is to be closed: the open lots; or, with profit in base, for a long the coins that
 * return what is left of the cost, for a short as many as the rest of the proceeds buys. `reserved` lots are not touched.
 */
export function lotsToClose(deal: DcaDeal, priceTicks: number, reserved: number): number {
  const open = Math.max(0, openLots(deal) - reserved);
  return lotsOfRest(deal, { priceTicks, open, money: openMoney(deal), reserved });
}

/** As `lotsToClose`, of `open` lots whose money is `money`. No lots earn anything at a price below the first tick. */
function lotsOfRest(
  { instrument, settings, feeRatePpm }: DcaDeal,
  rest: {
    readonly priceTicks: number;
    readonly open: number;
    readonly money: bigint;
    readonly reserved: number;
  },
): number {
  const { priceTicks, open, money, reserved } = rest;
  if (settings.profitCurrency === 'quote' || priceTicks < 1) return open;
  return settings.direction === 'long'
    ? Math.min(open, lotsThatBring(instrument, money, priceTicks, feeRatePpm))
    : Math.max(0, lotsThatCost(instrument, money, priceTicks) - reserved);
}

/** Whether no order could close any more, at whatever price: what is open is no lot, or earns as it is. */
export function isAllClosed(deal: DcaDeal): boolean {
  if (openLots(deal) < Math.max(1, deal.instrument.minLots)) return true;
  return deal.settings.profitCurrency === 'base' && openMoney(deal) <= 0n;
}

/** Coins kept free for a person's reductions: asked for, or offered already. */
export function reservedLots(deal: DcaDeal): number {
  let lots = 0;
  for (const request of deal.requests) if (request.kind === 'reduceFunds') lots += request.lots;
  for (const order of deal.orders) if (order.purpose === 'reduceFunds') lots += leavesLots(order);
  return lots;
}

/** What should rest now, and what should follow the price. */
export function exitPlan(deal: DcaDeal): ExitPlan {
  const { takeProfits, trailingDeviation } = termsOf(deal.settings);
  const { orders, isDust } = plannedExits(deal);
  const last = orders.at(-1);
  if (last === undefined) return { orders, trailing: null, isDust };
  const trails =
    trailingDeviation !== null && last.step === (takeProfits.length > 1 ? takeProfits.length : 0);
  if (!trails && takeProfits.length === 1) return { orders, trailing: null, isDust };
  const resting = trails ? orders.slice(0, -1) : orders;
  return {
    orders: resting.filter(({ step }) => !isClosing(deal, step)),
    trailing: trails && !isClosing(deal, last.step) ? last : null,
    isDust,
  };
}

/** What step `step`, from 1, has to close now, or undefined. */
export function plannedStep(deal: DcaDeal, step: number): WantedExit | undefined {
  return plannedExits(deal).orders.find((order) => order.step === step);
}

/** Every exit the venue would take, whether it is to rest, to follow the price or to be closed by hand. */
function plannedExits(deal: DcaDeal): {
  readonly orders: readonly WantedExit[];
  readonly isDust: boolean;
} {
  const { takeProfits } = termsOf(deal.settings);
  const reserved = reservedLots(deal);
  const [only] = takeProfits;
  const wants =
    takeProfits.length === 1 && only !== undefined
      ? onlyWant(deal, only.profit, reserved)
      : stepWants(deal, reserved);
  const orders = joined(deal, wants);
  if (orders.length > 0) return { orders, isDust: false };
  const isDust =
    reserved === 0 &&
    (isAllClosed(deal) ||
      wants.some((want) => want.lots > 0 && !isBeyondPrices(deal, want)) ||
      (wants.length > 0 && wants.every((want) => want.lots === 0)));
  return { orders, isDust };
}

/** Brings the take profits in the market to what they should be; nothing left to close ends the deal. */
export function keepTakeProfits(turn: Turn, deal: DcaDeal): void {
  const plan = exitPlan(deal);
  if (plan.trailing !== null || deal.trailing.ticks > 0) keepTrailing(deal, plan.trailing);
  const resting = deal.orders.filter(({ purpose }) => purpose === 'takeProfit');
  if (resting.length === 0 && plan.isDust) {
    const isClosingByHand = deal.orders.some(({ purpose }) => purpose === 'close');
    if (!isClosingByHand) deal.phase = { kind: 'finishing' };
    return;
  }
  // A resting order is worth more than one the venue would refuse.
  if (plan.isDust || !turn.mayExit) return;
  let isRenewing = false;
  for (const order of resting) {
    if (order.isCancelling || order.phase.kind === 'ended') {
      isRenewing = true;
    } else if (!fits(order, plan)) {
      turn.cancel(deal, order);
      isRenewing = true;
    }
  }
  if (isRenewing || deal.exitWait.kind === 'waiting') return;
  for (const wanted of plan.orders) {
    if (resting.some(({ ladderIndex }) => ladderIndex === wanted.step)) continue;
    turn.place(deal, {
      purpose: 'takeProfit',
      role: 'exit',
      ladderIndex: wanted.step,
      side: exitSide(deal.settings.direction),
      timeInForce: 'GTC',
      priceTicks: wanted.priceTicks,
      lots: wanted.lots,
      postTries: deal.settings.postOnly ? (deal.exitPostTries ?? 0) : undefined,
    });
  }
}

/** Books the end of a take-profit order. Answers whether it needs a pause before the next one, and why. */
export function settleTakeProfit(
  turn: Turn,
  deal: DcaDeal,
  order: DealOrder,
  how: Settlement,
): Readonly<Record<string, string>> | null {
  bookStep(deal, order);
  if (deal.phase.kind !== 'holding') return null;
  if (how.kind === 'rejected' && how.wouldTake && order.postTries !== undefined) {
    const postTries = order.postTries + 1;
    deal.exitPostTries = postTries;
    const waitMs = postWaitMs('exit', postTries);
    if (waitMs === 0) return null;
    deal.exitWait = { kind: 'waiting', until: turn.time + waitMs };
    turn.setTimer(timerName(deal, 'takeProfit'), turn.time + waitMs);
    return { ...orderName(order), reason: how.reason, until: String(turn.time + waitMs) };
  }
  delete deal.exitPostTries;
  if (how.kind === 'ended' && (order.isCancelling || order.filledLots >= order.quantity)) {
    return null;
  }
  if (turn.time - order.placedTime >= EXIT_BACKOFF_MAX_MS) deal.exitTroubles = 0;
  deal.exitTroubles += 1;
  const mayGoOn =
    how.kind === 'ended' ? deal.exitTroubles === 1 : how.isAbsent && deal.exitTroubles < ABSENT_MAX;
  if (mayGoOn) return null;
  const until = turn.time + exitBackoffMs(deal.exitTroubles);
  deal.exitWait = { kind: 'waiting', until };
  turn.setTimer(timerName(deal, 'takeProfit'), until);
  return {
    ...orderName(order),
    reason: how.kind === 'rejected' ? how.reason : 'cancelled by someone else',
    until: String(until),
  };
}

/** Counts what a settled order has closed for its step; a step with nothing left to do is done. */
export function bookStep(deal: DcaDeal, order: DealOrder): void {
  const state = deal.steps[order.ladderIndex - 1];
  if (state === undefined) return;
  state.lots += order.filledLots;
  if (order.filledLots < order.quantity) return;
  const index = order.ladderIndex - 1;
  const target = stepTarget(deal, index);
  if (target === null || state.lots >= target) state.isDone = true;
}

/** What a last price does to the take profit that follows it: `triggered` asks for the close. */
export function followTrailing(
  turn: Turn,
  deal: DcaDeal,
  quote: Quote,
): 'nothing' | 'changed' | 'triggered' {
  const { trailing, instrument } = deal;
  const { direction } = deal.settings;
  const { trailingDeviation } = termsOf(deal.settings);
  if (trailing.ticks === 0 || trailingDeviation === null) return 'nothing';
  const sign = direction === 'long' ? 1 : -1;
  const { last } = quote;
  if (
    trailing.best === 0 ? sign * (last - trailing.ticks) >= 0 : sign * (last - trailing.best) > 0
  ) {
    const isFirst = trailing.best === 0;
    trailing.best = last;
    trailing.trigger = trailingTicks(last, trailingDeviation, direction);
    if (isFirst) {
      turn.note(deal.dealId, 'trailingStarted', {
        order: 'takeProfit',
        price: formatPrice(instrument, last),
        takeProfit: formatPrice(instrument, trailing.ticks),
        trigger: formatPrice(instrument, trailing.trigger),
      });
    }
    return 'changed';
  }
  if (trailing.best === 0 || sign * (last - trailing.trigger) > 0 || !turn.mayExit)
    return 'nothing';
  turn.note(deal.dealId, 'takeProfitTriggered', {
    order: 'takeProfit',
    price: formatPrice(instrument, last),
    best: formatPrice(instrument, trailing.best),
    trigger: formatPrice(instrument, trailing.trigger),
  });
  return 'triggered';
}

/** A take profit that has moved beyond the best price since it was reached has not been reached. */
function keepTrailing(deal: DcaDeal, wanted: WantedExit | null): void {
  const { trailing } = deal;
  const { trailingDeviation } = termsOf(deal.settings);
  trailing.ticks = wanted?.priceTicks ?? 0;
  const sign = deal.settings.direction === 'long' ? 1 : -1;
  if (
    wanted === null ||
    trailingDeviation === null ||
    sign * (trailing.best - trailing.ticks) < 0
  ) {
    trailing.best = 0;
  }
  trailing.trigger =
    trailing.best === 0 || trailingDeviation === null
      ? 0
      : trailingTicks(trailing.best, trailingDeviation, deal.settings.direction);
}

/** What the only take profit is to close now. */
function onlyWant(deal: DcaDeal, percent: Ratio, reserved: number): WantedExit[] {
  const priceTicks = exitTicks(deal, percent);
  if (priceTicks === null) return [];
  return [{ step: 0, priceTicks, lots: lotsToClose(deal, priceTicks, reserved), isPart: false }];
}

/**
 * What each step is to close now. All but the last that is not done have their share of the entries less what they have
 * closed; the last has the rest.
 */
function stepWants(deal: DcaDeal, reserved: number): WantedExit[] {
  const { takeProfits } = termsOf(deal.settings);
  const last = takeProfits.findLastIndex((_, index) => !isStepOver(deal, index));
  let open = Math.max(0, openLots(deal) - reserved);
  let money = openMoney(deal);
  const wants: WantedExit[] = [];
  for (const [index, { profit }] of takeProfits.entries()) {
    const priceTicks = exitTicks(deal, profit);
    if (priceTicks === null || isStepOver(deal, index)) continue;
    const rest = lotsOfRest(deal, { priceTicks, open, money, reserved });
    const share = Math.max(0, (stepTarget(deal, index) ?? 0) - stepLots(deal, index));
    const lots = index === last ? rest : Math.min(share, rest);
    open -= lots;
    money -= moneyOf(deal, priceTicks, lots);
    wants.push({ step: index + 1, priceTicks, lots, isPart: false });
  }
  return wants;
}

/** The lots of step `index` when the whole position is open, rounded down; null for one that does not exist. */
function stepTarget(deal: DcaDeal, index: number): number | null {
  const { position, instrument, settings, feeRatePpm } = deal;
  const { direction, profitCurrency } = settings;
  const step = termsOf(settings).takeProfits[index];
  if (step === undefined) return null;
  const { numerator, denominator } = step.share;
  const hundred = 100n * denominator;
  if (profitCurrency === 'base') {
    const priceTicks = exitTicks(deal, step.profit);
    if (priceTicks === null || priceTicks < 1) return 0;
    const money = divFloor(enteredMoney(position, instrument, direction) * numerator, hundred);
    return direction === 'long'
      ? lotsThatBring(instrument, money, priceTicks, feeRatePpm)
      : lotsThatCost(instrument, money, priceTicks);
  }
  const entered = enteredBase(position, instrument, direction);
  const lot = lotsBase(instrument, 1);
  const whole =
    direction === 'long'
      ? divFloor(entered, lot)
      : divCeil(entered * BigInt(PPM), lot * BigInt(PPM - closingFeePpm(position, feeRatePpm)));
  return Number(divFloor(whole * numerator, hundred));
}

/** Those of `wants` the venue takes. One that is too small joins the next, a last one the one before it. */
function joined(deal: DcaDeal, wants: readonly WantedExit[]): WantedExit[] {
  const { instrument } = deal;
  const orders: WantedExit[] = [];
  let carried = 0;
  for (const want of wants) {
    const all = want.lots + carried;
    if (all === 0) continue;
    // What rests already needs no leave of the venue.
    if (carried === 0 && isResting(deal, want)) {
      orders.push(want);
      continue;
    }
    const lots = mostLots(instrument, Math.max(1, want.priceTicks), all);
    if (orderFault(instrument, want.priceTicks, lots) === null) {
      orders.push(lots === want.lots ? want : { ...want, lots, isPart: lots < all });
      carried = 0;
    } else {
      carried = all;
    }
  }
  if (carried === 0) return orders;
  const before = orders.pop();
  if (before === undefined) return [];
  const all = before.lots + carried;
  const lots = mostLots(instrument, before.priceTicks, all);
  return [...orders, { ...before, lots, isPart: before.isPart || lots < all }];
}

function isResting(deal: DcaDeal, want: WantedExit): boolean {
  return deal.orders.some(
    (order) =>
      order.purpose === 'takeProfit' &&
      order.ladderIndex === want.step &&
      order.priceTicks === want.priceTicks &&
      !order.isCancelling &&
      order.phase.kind !== 'ended' &&
      leavesLots(order) === want.lots,
  );
}

/** Whether the venue refuses `want` for its price and not for its size: then it may fit again one day. */
function isBeyondPrices(deal: DcaDeal, want: WantedExit): boolean {
  const fault = orderFault(deal.instrument, want.priceTicks, want.lots);
  return fault !== null && (fault.rule === 'minPrice' || fault.rule === 'maxPrice');
}

function fits(order: DealOrder, plan: ExitPlan): boolean {
  const wanted = plan.orders.find(({ step }) => step === order.ladderIndex);
  return (
    wanted !== undefined &&
    order.priceTicks === wanted.priceTicks &&
    (leavesLots(order) === wanted.lots || wanted.isPart)
  );
}

/** Whether a person has step `step` closed at once. */
function isClosing(deal: DcaDeal, step: number): boolean {
  if (step === 0) return false;
  return (
    deal.requests.some((request) => request.kind === 'closeStep' && request.step === step) ||
    deal.orders.some((order) => order.purpose === 'close' && isOfStep(order, step))
  );
}

/** Money of the entries that the exits have not moved back, at `moneyScale` decimals. */
function openMoney(deal: DcaDeal): bigint {
  const { position, instrument } = deal;
  const { direction } = deal.settings;
  return (
    enteredMoney(position, instrument, direction) - exitedMoney(position, instrument, direction)
  );
}

/** What an exit of `lots` at `priceTicks` moves: a sell after its fee, a buy as it is. */
function moneyOf(deal: DcaDeal, priceTicks: number, lots: number): bigint {
  const money = notionalMoney(deal.instrument, BigInt(priceTicks) * BigInt(lots));
  return deal.settings.direction === 'long'
    ? divFloor(money * BigInt(PPM - deal.feeRatePpm), BigInt(PPM))
    : money;
}
