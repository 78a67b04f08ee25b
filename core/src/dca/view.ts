// SPDX-License-Identifier: Apache-2.0
// A DCA deal as a person reads it.

import { orderFor } from '../bot/deal-order.ts';
import {
  commonView,
  heldValue,
  type DealStatus,
  type DealView,
  type DealWait,
} from '../bot/common-view.ts';
import { formatPrice } from '../instrument.ts';
import {
  averageTicks,
  costOf,
  formatAverage,
  formatMoney,
  formatPercent,
  realisedProfit,
  revenueOf,
} from '../position.ts';
import type { PriceTicks } from '../units.ts';
import { takeProfitOf, type DcaDeal } from './deal.ts';
import { breakEvenPrice, stopLossPrice } from './ladder.ts';
import { termsOf } from './terms.ts';

/** `deal` as text; with `priceTicks` also what its coins would bring now. An ended deal's dust is worth nothing. */
export function dcaDealView(deal: DcaDeal, priceTicks?: PriceTicks): DealView {
  const { instrument, position, phase } = deal;
  const average = averageTicks(position, instrument);
  const cost = costOf(position, instrument);
  const revenue = revenueOf(position, instrument);
  const isEnded = phase.kind === 'ended';
  const isClosed = isEnded && phase.outcome !== 'cancelled';
  const realised = realisedProfit(position, instrument);
  const value = priceTicks === undefined ? null : heldValue(deal, priceTicks);
  const unrealised = value === null || isClosed ? null : value + revenue - cost - realised;
  const takeProfit = takeProfitOf(deal);
  const { stopLoss } = termsOf(deal.settings);
  const base = deal.entry.kind === 'bought' ? deal.entry.average : null;
  return {
    ...commonView(deal),
    kind: 'dca',
    status: statusOf(deal),
    reason: isEnded ? phase.reason : '',
    waitingFor: waitOf(deal),
    closedTime: isEnded ? phase.time : 0,
    average: average === null ? '' : formatAverage(instrument, average),
    baseAverage: base === null ? '' : formatAverage(instrument, base),
    breakEven:
      average === null ? '' : formatAverage(instrument, breakEvenPrice(average, deal.feeRatePpm)),
    takeProfit: takeProfit === null ? '' : formatPrice(instrument, takeProfit),
    stopLoss:
      base === null || stopLoss === null
        ? ''
        : formatAverage(instrument, stopLossPrice(base, stopLoss)),
    cost: formatMoney(instrument, cost),
    revenue: formatMoney(instrument, revenue),
    realisedProfit: formatMoney(instrument, realised),
    realisedProfitPercent: formatPercent(realised, cost, 2),
    unrealisedProfit: unrealised === null ? '' : formatMoney(instrument, unrealised),
    profitPercent: formatPercent(realised + (unrealised ?? 0n), cost, 2),
    steps: {
      filled: deal.filledSafetyOrders,
      active: deal.orders.filter((order) => order.purpose === 'safetyOrder').length,
      max: deal.settings.maxSafetyOrders,
    },
  };
}

function statusOf(deal: DcaDeal): DealStatus {
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
    case 'reopening':
      return 'opening';
    case 'holding':
    case 'finishing':
      return 'active';
    case 'closing':
      return 'closing';
    case 'cancelling':
      return 'cancelling';
    case 'ended':
      return phase.outcome;
  }
}

function waitOf(deal: DcaDeal): DealWait {
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
      return 'baseOrder';
    case 'reopening':
      return 'quote';
    case 'holding': {
      const exit = orderFor(deal, 'takeProfit');
      if (exit === undefined) return 'timer';
      if (exit.phase.kind === 'ended') return 'fills';
      return exit.isCancelling ? 'cancelConfirmation' : 'market';
    }
    case 'closing':
      if (phase.step.kind === 'awaitingQuote') return 'quote';
      if (phase.step.kind === 'waiting') return 'timer';
      return phase.step.kind === 'selling' ? 'sale' : cancelWaitOf(deal);
    case 'finishing':
    case 'cancelling':
      return cancelWaitOf(deal);
    case 'ended':
      return 'none';
  }
}

function cancelWaitOf(deal: DcaDeal): DealWait {
  return deal.orders.every((order) => order.phase.kind === 'ended')
    ? 'fills'
    : 'cancelConfirmation';
}
