// SPDX-License-Identifier: Apache-2.0
// A coin of a rebalancing portfolio as a person reads it.

import {
  commonView,
  heldValue,
  type DealStatus,
  type DealView,
  type DealWait,
} from '../bot/common-view.ts';
import {
  averageTicks,
  breakEvenPrice,
  costOf,
  formatAverage,
  formatMoney,
  formatPercent,
  realisedProfit,
  revenueOf,
} from '../position.ts';
import type { PriceTicks } from '../units.ts';
import type { RebalanceDeal } from './deal.ts';

/** `deal` as text; with `priceTicks` also what its coins would bring now. */
export function rebalanceDealView(deal: RebalanceDeal, priceTicks?: PriceTicks): DealView {
  const { instrument, position, phase } = deal;
  const average = averageTicks(position, instrument);
  const cost = costOf(position, instrument);
  const revenue = revenueOf(position, instrument);
  const isEnded = phase.kind === 'ended';
  const realised = realisedProfit(position, instrument);
  const value = priceTicks === undefined ? null : heldValue(deal, priceTicks);
  const isClosed = isEnded && phase.outcome !== 'cancelled';
  const unrealised = value === null || isClosed ? null : value + revenue - cost - realised;
  return {
    ...commonView(deal),
    kind: 'rebalance',
    status: statusOf(deal),
    reason: isEnded ? phase.reason : '',
    waitingFor: waitOf(deal),
    closedTime: isEnded ? phase.time : 0,
    average: average === null ? '' : formatAverage(instrument, average),
    baseAverage: '',
    breakEven:
      average === null
        ? ''
        : formatAverage(instrument, breakEvenPrice(average, 'long', deal.feeRatePpm)),
    takeProfit: '',
    stopLoss: '',
    cost: formatMoney(instrument, cost),
    revenue: formatMoney(instrument, revenue),
    realisedProfit: formatMoney(instrument, realised),
    realisedProfitPercent: formatPercent(realised, cost, 2),
    unrealisedProfit: unrealised === null ? '' : formatMoney(instrument, unrealised),
    profitPercent: formatPercent(realised + (unrealised ?? 0n), cost, 2),
    steps: { filled: deal.trades, active: deal.orders.length, max: 0 },
  };
}

function statusOf({ phase }: RebalanceDeal): DealStatus {
  switch (phase.kind) {
    case 'holding':
      return 'active';
    case 'closing':
      return 'closing';
    case 'cancelling':
      return 'cancelling';
    case 'ended':
      return phase.outcome;
  }
}

function waitOf({ phase, orders }: RebalanceDeal): DealWait {
  switch (phase.kind) {
    case 'holding':
      return orders.length > 0 ? 'fills' : 'market';
    case 'closing':
      if (phase.step === 'awaitingQuote') return 'quote';
      if (phase.step === 'waiting') return 'timer';
      return 'sale';
    case 'cancelling':
      return 'fills';
    case 'ended':
      return 'none';
  }
}
