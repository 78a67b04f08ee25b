// SPDX-License-Identifier: Apache-2.0
// How a deal ends, and what it tells of its average and its pauses.

import type { DealOutcome } from '../bot/common-view.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice, formatQuantity } from '../instrument.ts';
import {
  breakEvenPrice,
  costOf,
  enteredMoney,
  entryAverage,
  formatAverage,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  openBase,
  profitOf,
  revenueOf,
} from '../position.ts';
import type { DcaDeal } from './deal.ts';
import { nextTakeProfitTicks } from './take-profit.ts';

export function end(turn: Turn, deal: DcaDeal, outcome: DealOutcome, reason: string): void {
  const { instrument, position, settings } = deal;
  deal.phase = { kind: 'ended', time: turn.time, outcome, reason };
  deal.safetyRetries = [];
  deal.requests = [];
  const { direction } = settings;
  const profit = profitOf(position, instrument, direction, 'quote');
  const values = {
    outcome,
    reason,
    symbol: deal.symbol,
    direction,
    bought: formatQuantity(instrument, position.boughtLots),
    sold: formatQuantity(instrument, position.soldLots),
    cost: formatMoney(instrument, costOf(position, instrument)),
    revenue: formatMoney(instrument, revenueOf(position, instrument)),
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit, enteredMoney(position, instrument, direction), 2),
    ...(settings.profitCurrency === 'quote'
      ? {}
      : { profitBase: formatBase(instrument, profitOf(position, instrument, direction, 'base')) }),
    kept: formatBase(instrument, heldBase(position, instrument)),
    ...(direction === 'long'
      ? {}
      : { missing: formatBase(instrument, openBase(position, instrument, direction)) }),
    safetyOrders: String(deal.filledSafetyOrders),
    seconds: String(Math.floor((turn.time - deal.openedTime) / 1000)),
  };
  const kind =
    outcome === 'failed'
      ? 'dealFailed'
      : outcome === 'cancelled'
        ? 'dealCancelled'
        : 'dealCompleted';
  turn.note(deal.dealId, kind, values);
}

export function noteAverage(turn: Turn, deal: DcaDeal): void {
  const { instrument, position, settings } = deal;
  const average = entryAverage(position, instrument, settings.direction);
  if (average === null) return;
  const takeProfit = nextTakeProfitTicks(deal);
  const breakEven = breakEvenPrice(average, settings.direction, deal.feeRatePpm);
  turn.note(deal.dealId, 'averageChanged', {
    average: formatAverage(instrument, average),
    breakEven: formatAverage(instrument, breakEven),
    ...(takeProfit === null ? {} : { takeProfit: formatPrice(instrument, takeProfit) }),
    held: formatBase(instrument, openBase(position, instrument, settings.direction)),
    cost: formatMoney(instrument, enteredMoney(position, instrument, settings.direction)),
  });
}

export function notePause(
  turn: Turn,
  deal: DcaDeal,
  values: Readonly<Record<string, string>>,
): void {
  turn.note(deal.dealId, 'dealPaused', values);
}
