// SPDX-License-Identifier: Apache-2.0
// Orders that trade at once: IOC limit orders within slippage of the best price, never market orders.

import type { Instrument } from '../instrument.ts';
import type { Quote, Side } from '../order.ts';
import type { Ratio } from '../position.ts';
import { mostLots, orderFault, slippedBuy, slippedSell } from './order-rules.ts';

export interface ImmediateOrder {
  readonly priceTicks: number;
  readonly lots: number;
}

/** The worst price at which an immediate order on `side` may trade. */
export function slippedTicks(
  instrument: Instrument,
  quote: Quote,
  side: Side,
  maxSlippage: Ratio,
): number {
  return side === 'buy'
    ? slippedBuy(instrument, quote.ask, maxSlippage)
    : slippedSell(instrument, quote.bid, maxSlippage);
}

/**
 * The immediate order that moves as many of `lots` as one order may, or null where the venue would refuse it. A sell
 * that is worth too little at the worst price allowed asks for more, up to the bid.
 */
export function immediateOrder(
  instrument: Instrument,
  quote: Quote,
  side: Side,
  maxSlippage: Ratio,
  lots: number,
): ImmediateOrder | null {
  if (lots < 1) return null;
  const slipped = slippedTicks(instrument, quote, side, maxSlippage);
  const worthEnough = Math.ceil(instrument.minNotional / lots);
  const priceTicks =
    side === 'sell' ? Math.min(quote.bid, Math.max(slipped, worthEnough)) : slipped;
  const most = mostLots(instrument, priceTicks, lots);
  return orderFault(instrument, priceTicks, most) === null ? { priceTicks, lots: most } : null;
}
