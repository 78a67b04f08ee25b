// SPDX-License-Identifier: Apache-2.0
// The stop loss of a deal: where it stands, how it moves, and when it acts.

import type { Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { breakEvenPrice, entryAverage, type Ratio } from '../position.ts';
import { stepsDone, timerName, type DcaDeal } from './deal.ts';
import { stopLossPrice, triggerTicks } from './ladder.ts';
import { exitTicks } from './take-profit.ts';
import { termsOf, type StopLossMove } from './terms.ts';

/** How many filled steps a stop follows: the first takes it to break-even, the next to the first step, and so on. */
const MOVES: Readonly<Record<StopLossMove, number>> = {
  never: 0,
  breakEven: 1,
  firstStep: 2,
  secondStep: 3,
};

/** The exact price at which the stop stands, before it follows or is moved; null without one. */
export function setStopPrice(deal: DcaDeal): Ratio | null {
  const { stopLoss } = termsOf(deal.settings);
  const { entry, settings, position, instrument } = deal;
  if (stopLoss === null || entry.kind !== 'entered') return null;
  const average =
    settings.stopLossFrom === 'average'
      ? entryAverage(position, instrument, settings.direction)
      : entry.average;
  return average === null ? null : stopLossPrice(average, stopLoss, settings.direction);
}

/** Puts the stop where entries, best price and filled steps want it. A stop that moves begins its wait anew. */
export function keepStop(turn: Turn, deal: DcaDeal, isEdited = false): void {
  const { stop, settings } = deal;
  const mayMove =
    settings.stopLossTrailing ||
    settings.stopLossFrom === 'average' ||
    settings.stopLossMove !== 'never';
  if (stop.ticks > 0 && !mayMove && !isEdited) return;
  const { stopLoss } = termsOf(settings);
  const price = setStopPrice(deal);
  if (price === null || stopLoss === null) {
    stop.ticks = 0;
    stop.until = 0;
    return;
  }
  const { direction } = settings;
  const nearest = direction === 'long' ? Math.max : Math.min;
  let ticks = triggerTicks(price, direction);
  if (settings.stopLossTrailing) {
    if (stop.best === 0 && deal.entry.kind === 'entered') {
      stop.best = triggerTicks(deal.entry.average, direction);
    }
    const best: Ratio = { numerator: BigInt(stop.best), denominator: 1n };
    ticks = nearest(ticks, triggerTicks(stopLossPrice(best, stopLoss, direction), direction));
  }
  const moved = movedTicks(deal);
  if (moved !== null) ticks = nearest(ticks, moved);
  if (ticks === stop.ticks) return;
  const isFirst = stop.ticks === 0;
  stop.ticks = ticks;
  stop.until = 0;
  // A stop that follows the price would be noted at every step of it.
  if (!isFirst && ticks === moved) {
    turn.note(deal.dealId, 'stopMoved', {
      stopLoss: formatPrice(deal.instrument, ticks),
      steps: String(stepsDone(deal)),
    });
  }
}

/** What a last price does to the stop: `triggered` asks for the close. */
export function followStop(
  turn: Turn,
  deal: DcaDeal,
  quote: Quote,
): 'nothing' | 'changed' | 'triggered' {
  const { stop, settings } = deal;
  const sign = settings.direction === 'long' ? 1 : -1;
  let isChanged = false;
  if (settings.stopLossTrailing && stop.best > 0 && sign * (quote.last - stop.best) > 0) {
    stop.best = quote.last;
    keepStop(turn, deal);
    isChanged = true;
  }
  if (stop.ticks === 0) return isChanged ? 'changed' : 'nothing';
  if (sign * (quote.last - stop.ticks) > 0) {
    if (stop.until === 0) return isChanged ? 'changed' : 'nothing';
    stop.until = 0;
    turn.note(deal.dealId, 'stopRecovered', breachOf(deal, quote));
    return 'changed';
  }
  if (stop.until === 0 && settings.stopLossTimeoutSeconds > 0) {
    stop.until = turn.time + settings.stopLossTimeoutSeconds * 1000;
    turn.setTimer(timerName(deal, 'stopLoss'), stop.until);
    turn.note(deal.dealId, 'stopBreached', {
      ...breachOf(deal, quote),
      until: String(stop.until),
    });
    return 'changed';
  }
  if (turn.time < stop.until || !turn.mayExit) return isChanged ? 'changed' : 'nothing';
  const { price: last, stopLoss } = breachOf(deal, quote);
  const { direction } = settings;
  turn.note(deal.dealId, 'stopLossTriggered', { last, stopLoss, direction });
  return 'triggered';
}

/** Whether the price has stayed beyond the stop for as long as it had to. */
export function isStopDue(turn: Turn, deal: DcaDeal): boolean {
  const { stop } = deal;
  return stop.until > 0 && turn.time >= stop.until && turn.mayExit;
}

export function noteStopDue(turn: Turn, deal: DcaDeal): void {
  turn.note(deal.dealId, 'stopLossTimedOut', {
    stopLoss: formatPrice(deal.instrument, deal.stop.ticks),
    seconds: String(deal.settings.stopLossTimeoutSeconds),
  });
}

/** Where filled steps have moved the stop, or null while they have not. */
function movedTicks(deal: DcaDeal): number | null {
  const { settings, position, instrument, feeRatePpm } = deal;
  const { takeProfits } = termsOf(settings);
  const level = Math.min(stepsDone(deal), MOVES[settings.stopLossMove]);
  if (level === 0) return null;
  if (level === 1) {
    const average = entryAverage(position, instrument, settings.direction);
    if (average === null) return null;
    const price = breakEvenPrice(average, settings.direction, feeRatePpm);
    return triggerTicks(price, settings.direction);
  }
  const step = takeProfits[level - 2];
  return step === undefined ? null : exitTicks(deal, step.profit);
}

function breachOf(
  deal: DcaDeal,
  quote: Quote,
): { readonly price: string; readonly stopLoss: string } {
  return {
    price: formatPrice(deal.instrument, quote.last),
    stopLoss: formatPrice(deal.instrument, deal.stop.ticks),
  };
}
