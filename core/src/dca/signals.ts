// SPDX-License-Identifier: Apache-2.0
// What a signal does to a running deal: the next safety order at once, or the close of the deal with enough profit.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { orderFault, slippedBuy, slippedSell } from '../bot/order-rules.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import { entrySide, type Quote } from '../order.ts';
import { formatPercent, type Ratio } from '../position.ts';
import { closeLadder, rungLots, rungOf, rungTicks, stepsDone, type DcaDeal } from './deal.ts';
import { profitIfClosed, profitWhole } from './deal-profit.ts';
import { termsOf } from './terms.ts';

/** Whether the deal's safety orders wait for signals and not in the market. */
export function hasSignalledSafetyOrders(deal: DcaDeal): boolean {
  return deal.settings.safetyOrderTrigger !== 'price';
}

/** Whether a signal could bring the deal's next safety order. */
export function awaitsSafetySignal(deal: DcaDeal): boolean {
  return (
    hasSignalledSafetyOrders(deal) &&
    deal.phase.kind === 'holding' &&
    deal.entry.kind === 'entered' &&
    stepsDone(deal) === 0 &&
    deal.nextSafetyOrder <= termsOf(deal.settings).rungs.length &&
    !deal.orders.some(({ purpose }) => purpose === 'safetyOrder')
  );
}

/** Whether a signal could close the deal. */
export function awaitsCloseSignal(deal: DcaDeal): boolean {
  return deal.settings.closeTrigger !== 'none' && deal.phase.kind === 'holding';
}

/** The safety order a signal would send at `quote`. */
export interface SignalledSafetyOrder {
  readonly ladderIndex: number;
  /** The price of its rung, which the market has passed. */
  readonly rungTicks: number;
  readonly priceTicks: number;
  readonly lots: number;
}

/** The next safety order if the price has passed its own, else null: one signal sends one order. */
export function nextSignalledSafetyOrder(deal: DcaDeal, quote: Quote): SignalledSafetyOrder | null {
  const rung = awaitsSafetySignal(deal) ? rungOf(deal, deal.nextSafetyOrder) : undefined;
  if (rung === undefined) return null;
  const ticks = rungTicks(deal, rung);
  const isLong = deal.settings.direction === 'long';
  const expected = isLong ? quote.ask : quote.bid;
  if (isLong ? expected > ticks : expected < ticks) return null;
  const { maxSlippage } = termsOf(deal.settings);
  // Never at a worse price than where it would have rested.
  const priceTicks = isLong
    ? Math.min(slippedBuy(deal.instrument, expected, maxSlippage), ticks)
    : Math.max(slippedSell(deal.instrument, expected, maxSlippage), ticks);
  return {
    ladderIndex: deal.nextSafetyOrder,
    rungTicks: ticks,
    priceTicks,
    lots: rungLots(deal, rung, expected),
  };
}

/** Sends the safety order that a signal asked for. */
export function placeSignalledSafetyOrder(
  turn: Turn,
  deal: DcaDeal,
  wanted: SignalledSafetyOrder,
  readings: string,
): void {
  const { ladderIndex, priceTicks, lots } = wanted;
  turn.note(deal.dealId, 'safetyOrderSignalled', {
    number: String(ladderIndex),
    price: formatPrice(deal.instrument, wanted.rungTicks),
    readings,
  });
  const fault = orderFault(deal.instrument, priceTicks, lots);
  if (fault !== null) {
    closeLadder(deal);
    turn.note(deal.dealId, 'dealPaused', {
      order: 'safetyOrder',
      number: String(ladderIndex),
      reason: `refused by the instrument: ${fault.rule}: expected ${fault.expected}, found ${fault.found}`,
    });
    return;
  }
  deal.nextSafetyOrder = ladderIndex + 1;
  turn.place(deal, {
    purpose: 'safetyOrder',
    role: 'entry',
    ladderIndex,
    side: entrySide(deal.settings.direction),
    timeInForce: 'IOC',
    priceTicks,
    lots,
  });
}

/** A signalled safety order has left: one that bought nothing may be asked for again by the next signal. */
export function settleSignalledSafetyOrder(
  turn: Turn,
  deal: DcaDeal,
  order: DealOrder,
  how: Settlement,
): void {
  if (order.filledLots > 0) {
    deal.filledSafetyOrders += 1;
    return;
  }
  if (deal.phase.kind !== 'holding') return;
  deal.nextSafetyOrder = Math.min(deal.nextSafetyOrder, order.ladderIndex);
  if (how.kind === 'rejected') {
    turn.note(deal.dealId, 'dealPaused', { ...orderName(order), reason: how.reason });
  }
}

/** Whether the deal, closed at `quote`, earns its least profit; `profitPercent` is of all its entries, for people. */
export function closeProfit(
  deal: DcaDeal,
  quote: Quote,
): { readonly isEnough: boolean; readonly profitPercent: string } {
  const { minProfitType, profitCurrency, direction } = deal.settings;
  const profit = profitIfClosed(deal, direction === 'long' ? quote.bid : quote.ask, profitCurrency);
  const total = profitWhole(deal, profitCurrency);
  const profitPercent = formatPercent(profit, total, 2);
  if (minProfitType === 'none') return { isEnough: true, profitPercent };
  const { entry } = deal;
  const base = entry.kind === 'entered' && minProfitType === 'base' ? entry : null;
  const whole = base === null ? total : profitCurrency === 'quote' ? base.money : base.coins;
  const least: Ratio = termsOf(deal.settings).minProfit;
  return {
    isEnough: profit * 100n * least.denominator >= whole * least.numerator,
    profitPercent,
  };
}
