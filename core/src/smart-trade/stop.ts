// SPDX-License-Identifier: Apache-2.0
// Where the stop of a trade stands, and when it acts.

import type { Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { breakEvenPrice, entryAverage, type Ratio } from '../position.ts';
import {
  exitSideOf,
  hasEntered,
  isAtLoss,
  isBetter,
  openLots,
  priceFrom,
  stopOrder,
  timerName,
  type StopState,
  type TradeDeal,
} from './deal.ts';
import { limitTicks, movedBy, stopTicks, toTicks, wholeTicks, worseBy } from './exact.ts';
import type { PriceSource } from './plan.ts';
import { planTerms } from './terms.ts';

/** How long an exchange has, from the moment its stop is reached, before the desk closes by itself. */
export const EXCHANGE_GRACE_MS = 5_000;

export function beginStop(): StopState {
  return { ticks: 0, bestTicks: 0, hasStepFilled: false, breachedUntil: 0 };
}

/**
 * Puts the stop where it belongs: its own price from the average, the price it follows, and break-even, whichever
 * protects most. A stop that follows or is at break-even only ever moves in the position's favour.
 */
export function placeStop(turn: Turn, deal: TradeDeal): void {
  const { plan, stop, instrument } = deal;
  const before = stop.ticks;
  const average = entryAverage(deal.position, instrument, plan.direction);
  if (plan.stopLoss === undefined || average === null || openLots(deal) === 0) {
    stop.ticks = 0;
    return;
  }
  stop.ticks = stopLevel(deal, average);
  // What is told is a move a person would not expect; that it follows the price or the average is no news.
  const level = stopTicks(breakEvenPrice(average, plan.direction, deal.feeRatePpm), plan.direction);
  if (plan.stopLoss.breakEven && stop.hasStepFilled && before !== level && stop.ticks === level) {
    turn.note(deal.dealId, 'stopMoved', {
      stopLoss: formatPrice(instrument, stop.ticks),
      steps: '1',
    });
  }
}

/** Where the stop stands for a position with this average; 0 without one. */
export function stopLevel(deal: TradeDeal, average: Ratio): number {
  const { plan, stop } = deal;
  const { direction } = plan;
  const terms = planTerms(plan).stopLoss;
  if (terms === null || plan.stopLoss === undefined) return 0;
  let level = stopTicks(
    terms.price.kind === 'price'
      ? toTicks(deal.instrument, terms.price.value)
      : worseBy(average, terms.price.value, direction),
    direction,
  );
  if (plan.stopLoss.breakEven && stop.hasStepFilled) {
    const breakEven = stopTicks(breakEvenPrice(average, direction, deal.feeRatePpm), direction);
    if (isBetter(direction, breakEven, level)) level = breakEven;
  }
  if (terms.trailing !== null) {
    if (stop.bestTicks === 0) stop.bestTicks = stopTicks(average, direction);
    const way = direction === 'long' ? 'down' : 'up';
    const followed = stopTicks(movedBy(wholeTicks(stop.bestTicks), terms.trailing, way), direction);
    if (isBetter(direction, followed, level)) level = followed;
  }
  return level;
}

/** The limit price of a stop that sends a limit order; 0 of one that trades at once. */
export function stopLimitTicks(deal: TradeDeal): number {
  const limit = planTerms(deal.plan).stopLoss?.limit;
  if (limit === null || limit === undefined) return 0;
  const price =
    limit.kind === 'price'
      ? toTicks(deal.instrument, limit.value)
      : worseBy(wholeTicks(deal.stop.ticks), limit.value, deal.plan.direction);
  return Math.max(1, limitTicks(price, exitSideOf(deal)));
}

export function isArmed(deal: TradeDeal): boolean {
  return deal.stop.ticks > 0 && hasEntered(deal);
}

/** The prices at which the stop acts, for `watchedBelow` and `watchedAbove`. */
export function stopWatch(deal: TradeDeal): { below: number; above: number } {
  if (!isArmed(deal)) return { below: -1, above: Infinity };
  const { stop, plan } = deal;
  const isLong = plan.direction === 'long';
  const trails = plan.stopLoss?.trailing !== undefined;
  // A limit stop at the exchange is the very order that the desk would place.
  if (plan.stopLoss?.order === 'limit' && stopOrder(deal) !== undefined) {
    return { below: -1, above: Infinity };
  }
  if (stop.breachedUntil > 0) {
    // Acting waits for the timer; the way back is watched.
    return isLong
      ? { below: -1, above: stop.ticks + 1 }
      : { below: stop.ticks - 1, above: Infinity };
  }
  return isLong
    ? { below: stop.ticks, above: trails ? stop.bestTicks + 1 : Infinity }
    : { below: trails ? stop.bestTicks - 1 : -1, above: stop.ticks };
}

/** What `quote` does to the stop. `triggered`: everything is to be closed. */
export function stopOnQuote(
  turn: Turn,
  deal: TradeDeal,
  quote: Quote,
): 'none' | 'changed' | 'triggered' {
  const { plan, stop } = deal;
  if (plan.stopLoss === undefined || !isArmed(deal)) return 'none';
  const { direction } = plan;
  const isHeldThere = stopOrder(deal) !== undefined;
  if (isHeldThere && plan.stopLoss.order === 'limit') return 'none';
  // An exchange counts trades.
  const source = plan.stopLoss.placement === 'exchange' ? 'last' : plan.stopLoss.source;
  const ticks = priceFrom(quote, source, exitSideOf(deal));
  const values = {
    price: formatPrice(deal.instrument, ticks),
    stopLoss: formatPrice(deal.instrument, stop.ticks),
  };
  if (!isAtLoss(direction, ticks, stop.ticks)) {
    const hasRecovered = stop.breachedUntil > 0;
    if (hasRecovered) {
      stop.breachedUntil = 0;
      turn.note(deal.dealId, 'stopRecovered', values);
    }
    const isNewBest =
      plan.stopLoss.trailing !== undefined && isBetter(direction, ticks, stop.bestTicks);
    if (isNewBest) {
      stop.bestTicks = ticks;
      placeStop(turn, deal);
    }
    return hasRecovered || isNewBest ? 'changed' : 'none';
  }
  if (stop.breachedUntil > 0 || !turn.mayExit) return 'none';
  const waitMs = isHeldThere ? EXCHANGE_GRACE_MS : plan.stopLoss.timeoutSeconds * 1000;
  if (waitMs === 0) {
    noteTriggered(turn, deal, ticks);
    return 'triggered';
  }
  stop.breachedUntil = turn.time + waitMs;
  turn.setTimer(stopTimerName(deal), stop.breachedUntil);
  turn.note(deal.dealId, 'stopBreached', { ...values, until: String(stop.breachedUntil) });
  return 'changed';
}

/** Answers whether `timer` says that the price has stayed beyond the stop for long enough. */
export function stopTimer(turn: Turn, deal: TradeDeal, timer: string): boolean {
  const { stop } = deal;
  if (timer !== stopTimerName(deal) || stop.breachedUntil === 0) return false;
  return isArmed(deal) && turn.time >= stop.breachedUntil && turn.mayExit;
}

function noteTriggered(turn: Turn, deal: TradeDeal, ticks: number): void {
  turn.note(deal.dealId, 'stopLossTriggered', {
    last: formatPrice(deal.instrument, ticks),
    stopLoss: formatPrice(deal.instrument, deal.stop.ticks),
    direction: deal.plan.direction,
    source: watchedPrice(deal),
  });
}

/** Which price the stop counts. */
function watchedPrice({ plan }: TradeDeal): Exclude<PriceSource, 'own'> {
  const source = plan.stopLoss?.source ?? 'last';
  return source !== 'own' ? source : plan.direction === 'short' ? 'ask' : 'bid';
}

export function stopTimerName(deal: TradeDeal): string {
  return timerName(deal, 'stopLoss');
}
