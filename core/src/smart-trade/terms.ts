// SPDX-License-Identifier: Apache-2.0
// The numbers of a plan read once, as exact ratios.

import type { Ratio } from '../position.ts';
import { ratioOf, weightOf } from './exact.ts';
import type { PriceTerm, TradePlan } from './plan.ts';

/** A price term as a number: `price` in quote, `percent` in percent. */
export interface PriceNumber {
  readonly kind: PriceTerm['kind'];
  readonly value: Ratio;
}

export interface PlanTerms {
  readonly maxSlippage: Ratio;
  readonly takeProfit: readonly {
    readonly price: PriceNumber;
    readonly weight: bigint;
    readonly trailing: Ratio | null;
  }[];
  readonly stopLoss: {
    readonly price: PriceNumber;
    readonly limit: PriceNumber | null;
    readonly trailing: Ratio | null;
  } | null;
}

/** Reading is a pure function of plans that never change, so its result is remembered beside them. */
const remembered = new WeakMap<TradePlan, PlanTerms>();

/** The numbers behind `plan`. */
export function planTerms(plan: TradePlan): PlanTerms {
  const known = remembered.get(plan);
  if (known !== undefined) return known;
  const { stopLoss } = plan;
  const terms: PlanTerms = {
    maxSlippage: ratioOf(plan.maxSlippage),
    takeProfit: plan.takeProfit.map((step) => ({
      price: priceNumber(step.price),
      weight: weightOf(step.share),
      trailing: step.trailing === undefined ? null : ratioOf(step.trailing),
    })),
    stopLoss:
      stopLoss === undefined
        ? null
        : {
            price: priceNumber(stopLoss.price),
            limit: stopLoss.limit === undefined ? null : priceNumber(stopLoss.limit),
            trailing: stopLoss.trailing === undefined ? null : ratioOf(stopLoss.trailing),
          },
  };
  remembered.set(plan, terms);
  return terms;
}

export function priceNumber(term: PriceTerm): PriceNumber {
  return {
    kind: term.kind,
    value: ratioOf(term.kind === 'price' ? term.price : term.percent),
  };
}
