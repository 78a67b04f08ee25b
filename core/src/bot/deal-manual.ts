// SPDX-License-Identifier: Apache-2.0
// Why a deal of any kind would not take an order that a person adds, with the market as it stands.

import { manualFault, reducibleLots } from '../dca/manual-orders.ts';
import { termsOf } from '../dca/terms.ts';
import type { ManualOrder } from '../machine.ts';
import { openLots } from '../smart-trade/deal.ts';
import { planTerms } from '../smart-trade/terms.ts';
import { manualOrderFault, type ManualMarket } from './manual-order.ts';
import { SPLIT_MAX } from './order-rules.ts';
import type { Deal } from './step.ts';

/**
 * Why `deal` would not take `order` at `market`, or null where it would or where its own answer to the command says
 * more. Whoever gives the command asks first: an order that waits for a quote is refused only after the answer.
 */
export function addedOrderFault(
  deal: Deal,
  kind: 'addFunds' | 'reduceFunds',
  order: ManualOrder,
  market: ManualMarket,
): string | null {
  const { instrument } = deal;
  switch (deal.kind) {
    case 'dca': {
      const command = { kind, dealId: deal.dealId, order };
      if (manualFault(deal, command, { mayEnter: true, mayExit: true }) !== null) return null;
      const { direction } = deal.settings;
      const { maxSlippage } = termsOf(deal.settings);
      const target = { instrument, direction, maxSlippage, ordersMax: 1, isRoundedUp: false };
      return manualOrderFault({ ...target, openLots: reducibleLots(deal) }, kind, order, market);
    }
    case 'smartTrade':
    case 'signal': {
      if (deal.phase.kind !== 'running' || deal.plan.endsWithEntry) return null;
      const { direction } = deal.plan;
      const { maxSlippage } = planTerms(deal.plan);
      const target = {
        instrument,
        direction,
        maxSlippage,
        ordersMax: SPLIT_MAX,
        isRoundedUp: kind === 'addFunds',
      };
      return manualOrderFault({ ...target, openLots: openLots(deal) }, kind, order, market);
    }
    case 'grid':
    case 'rebalance':
      return null;
  }
}
