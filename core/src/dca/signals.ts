// SPDX-License-Identifier: Apache-2.0
// What a signal does to a running deal: the next safety order at once, or the close of the deal with enough profit.

import { heldValue } from '../bot/common-view.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { lotsForVolume, orderFault, slippedBuy } from '../bot/order-rules.ts';
import { orderName, type Turn } from '../bot/turn.ts';
import { formatPrice } from '../instrument.ts';
import type { Quote } from '../order.ts';
import { costOf, formatPercent, revenueOf, type Ratio } from '../position.ts';
import type { DcaDeal } from './deal.ts';
import { rungPrice } from './ladder.ts';
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
    deal.entry.kind === 'bought' &&
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
  if (!awaitsSafetySignal(deal) || deal.entry.kind !== 'bought') return null;
  const ladderIndex = deal.nextSafetyOrder;
  const rung = termsOf(deal.settings).rungs[ladderIndex - 1];
  if (rung === undefined) return null;
  const rungTicks = rungPrice(deal.entry.average, rung.deviation);
  if (quote.ask > rungTicks) return null;
  const { maxSlippage } = termsOf(deal.settings);
  return {
    ladderIndex,
    rungTicks,
    // Never dearer than where it would have rested.
    priceTicks: Math.min(slippedBuy(deal.instrument, quote.ask, maxSlippage), rungTicks),
    lots: lotsForVolume(deal.instrument, rung.volume, quote.ask),
  };
}

/** Sends the safety order that a signal asked for. */
export function placeSignalledSafetyOrder(
  turn: Turn,
  deal: DcaDeal,
  wanted: SignalledSafetyOrder,
  readings: string,
): void {
  const { ladderIndex, rungTicks, priceTicks, lots } = wanted;
  turn.note(deal.dealId, 'safetyOrderSignalled', {
    number: String(ladderIndex),
    price: formatPrice(deal.instrument, rungTicks),
    readings,
  });
  const fault = orderFault(deal.instrument, priceTicks, lots);
  if (fault !== null) {
    deal.nextSafetyOrder = termsOf(deal.settings).rungs.length + 1;
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
    side: 'buy',
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

/** The deal's profit if it closed at `quote`, after the fee, and what it is a percentage of, at one scale. */
function profitAt(
  deal: DcaDeal,
  quote: Quote,
): { readonly profit: bigint; readonly total: bigint } {
  const { position, instrument } = deal;
  const total = costOf(position, instrument);
  return {
    profit: heldValue(deal, quote.bid) + revenueOf(position, instrument) - total,
    total,
  };
}

/** Whether the deal, closed at `quote`, earns its least profit; `profitPercent` is of all it bought, for people. */
export function closeProfit(
  deal: DcaDeal,
  quote: Quote,
): { readonly isEnough: boolean; readonly profitPercent: string } {
  const { profit, total } = profitAt(deal, quote);
  const profitPercent = formatPercent(profit, total, 2);
  const least: Ratio = termsOf(deal.settings).minProfit;
  if (deal.settings.minProfitType === 'none') return { isEnough: true, profitPercent };
  const whole = total;
  return {
    isEnough: profit * 100n * least.denominator >= whole * least.numerator,
    profitPercent,
  };
}
