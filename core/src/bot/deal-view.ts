// SPDX-License-Identifier: Apache-2.0
// A deal of any kind as a person reads it: every number as text, and what the deal is waiting for.

import { dcaDealView } from '../dca/view.ts';
import { gridDealView } from '../grid/view.ts';
import { rebalanceDealView } from '../rebalance/view.ts';
import { tradeDealView } from '../smart-trade/view.ts';
import type { PriceTicks } from '../units.ts';
import type { DealView } from './common-view.ts';
import type { Deal } from './step.ts';

/** `deal` as text; with `priceTicks` also what its coins would bring now. An ended deal's dust is worth nothing. */
export function dealView(deal: Deal, priceTicks?: PriceTicks): DealView {
  switch (deal.kind) {
    case 'dca':
      return dcaDealView(deal, priceTicks);
    case 'grid':
      return gridDealView(deal, priceTicks);
    case 'rebalance':
      return rebalanceDealView(deal, priceTicks);
    case 'smartTrade':
    case 'signal':
      return tradeDealView(deal, priceTicks);
  }
}
