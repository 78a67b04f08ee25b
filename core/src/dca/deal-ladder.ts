// SPDX-License-Identifier: Apache-2.0
// The safety orders of a deal at the prices its base order fixed, for showing.

import { formatNotional, formatPrice, formatQuantity } from '../instrument.ts';
import { rungLots, rungTicks, type DcaDeal } from './deal.ts';
import { formatRatioPercent, termsOf } from './terms.ts';

/** One safety order of a deal as text; `volume` is its price × quantity in the quote asset. */
export interface LadderRung {
  /** From 1. */
  readonly number: number;
  /** In percent of the base order's average price: below it for a long, above it for a short. */
  readonly deviation: string;
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
}

/** All safety orders of `deal`, nearest first; none before its base order has filled. */
export function dealLadder(deal: DcaDeal): readonly LadderRung[] {
  const { entry, instrument } = deal;
  if (entry.kind !== 'entered') return [];
  return termsOf(deal.settings).rungs.map((rung, index) => {
    const ticks = rungTicks(deal, rung);
    const lots = rungLots(deal, rung, ticks);
    return {
      number: index + 1,
      deviation: formatRatioPercent(rung.deviation),
      price: formatPrice(instrument, ticks),
      quantity: formatQuantity(instrument, lots),
      volume: formatNotional(instrument, ticks, lots),
    };
  });
}
