// SPDX-License-Identifier: Apache-2.0
// A coin of a rebalancing portfolio as a person reads it.

import {
  commonView,
  heldValue,
  type DealStatus,
  type DealView,
  type DealWait,
} from '../bot/common-view.ts';
import { averageTicks, breakEvenPrice, costOf, realisedProfit, revenueOf } from '../position.ts';
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
    ...commonView(deal, {
      status: statusOf(deal),
      waitingFor: waitOf(deal),
      ended: isEnded ? phase : null,
      average,
      breakEven: average === null ? null : breakEvenPrice(average, 'long', deal.feeRatePpm),
      realised,
      unrealised,
      whole: cost,
    }),
    kind: 'rebalance',
    baseAverage: '',
    takeProfit: '',
    stopLoss: '',
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
