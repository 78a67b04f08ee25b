// SPDX-License-Identifier: Apache-2.0
// A deal as a person reads it: every number as text, and what the deal is waiting for.

import { formatPrice, formatQuantity } from '../instrument.ts';
import {
  averageTicks,
  baseScale,
  costOf,
  formatAverage,
  formatBase,
  formatMoney,
  formatPercent,
  heldBase,
  heldLots,
  lotsBase,
  moneyScale,
  power10,
  realisedProfit,
  revenueOf,
} from '../position.ts';
import type { OrderPurpose } from '../machine.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE } from '../instrument.ts';
import { divFloor, PPM, type PriceTicks, type TimeMs } from '../units.ts';
import { orderFor, takeProfitOf, type Deal, type DealOrder, type DealOutcome } from './deal.ts';
import { breakEvenPrice, stopLossPrice } from './ladder.ts';
import { termsOf } from './terms.ts';

export type DealStatus = 'opening' | 'active' | 'closing' | 'cancelling' | DealOutcome;

/** Why a deal does not act just now. `market`: its orders rest and wait for their price. */
export type DealWait =
  'none' | 'market' | 'baseOrder' | 'quote' | 'cancelConfirmation' | 'fills' | 'sale' | 'timer';

export interface DealView {
  readonly dealId: number;
  readonly symbol: string;
  readonly status: DealStatus;
  /** Why the deal ended; empty while it runs. */
  readonly reason: string;
  readonly waitingFor: DealWait;
  readonly openedTime: TimeMs;
  /** 0 while the deal runs. */
  readonly closedTime: TimeMs;
  /** Prices are empty text while there is none. */
  readonly average: string;
  readonly baseAverage: string;
  readonly breakEven: string;
  readonly takeProfit: string;
  readonly stopLoss: string;
  readonly boughtQuantity: string;
  readonly soldQuantity: string;
  /** Coins held, and the part of them that is less than a lot. */
  readonly heldQuantity: string;
  readonly dustQuantity: string;
  /** Quote paid and got, commission in quote included. */
  readonly cost: string;
  readonly revenue: string;
  /** On the coins sold, at the average price. */
  readonly realisedProfit: string;
  readonly realisedProfitPercent: string;
  /** On the coins held, were they sold at the price given; empty text without a price. */
  readonly unrealisedProfit: string;
  /** Both together in percent of the cost. */
  readonly profitPercent: string;
  readonly safetyOrders: {
    readonly filled: number;
    readonly active: number;
    readonly max: number;
  };
  readonly commissions: Readonly<Record<string, string>>;
  readonly orders: readonly OrderView[];
}

export interface OrderView {
  readonly clientOrderId: string;
  readonly purpose: OrderPurpose;
  readonly ladderIndex: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly filled: string;
  readonly state: 'placing' | 'open' | 'cancelling' | 'ended';
}

/** `deal` as text; with `priceTicks` also what its coins would bring now. An ended deal's dust is worth nothing. */
export function dealView(deal: Deal, priceTicks?: PriceTicks): DealView {
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
    dealId: deal.dealId,
    symbol: deal.symbol,
    status: statusOf(deal),
    reason: isEnded ? phase.reason : '',
    waitingFor: waitOf(deal),
    openedTime: deal.openedTime,
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
    boughtQuantity: formatQuantity(instrument, position.boughtLots),
    soldQuantity: formatQuantity(instrument, position.soldLots),
    heldQuantity: formatBase(instrument, heldBase(position, instrument)),
    dustQuantity: formatBase(
      instrument,
      heldBase(position, instrument) - lotsBase(instrument, heldLots(position, instrument)),
    ),
    cost: formatMoney(instrument, cost),
    revenue: formatMoney(instrument, revenue),
    realisedProfit: formatMoney(instrument, realised),
    realisedProfitPercent: formatPercent(realised, cost, 2),
    unrealisedProfit: unrealised === null ? '' : formatMoney(instrument, unrealised),
    profitPercent: formatPercent(realised + (unrealised ?? 0n), cost, 2),
    safetyOrders: {
      filled: deal.filledSafetyOrders,
      active: deal.orders.filter((order) => order.purpose === 'safetyOrder').length,
      max: deal.settings.maxSafetyOrders,
    },
    commissions: commissionsOf(deal),
    orders: deal.orders.map((order) => orderView(deal, order)),
  };
}

function statusOf(deal: Deal): DealStatus {
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

function waitOf(deal: Deal): DealWait {
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

function cancelWaitOf(deal: Deal): DealWait {
  return deal.orders.every((order) => order.phase.kind === 'ended')
    ? 'fills'
    : 'cancelConfirmation';
}

/** What the coins held bring at `priceTicks` after the fee, at `moneyScale` decimals, rounded down. */
function heldValue(deal: Deal, priceTicks: PriceTicks): bigint {
  const { instrument } = deal;
  const held = heldBase(deal.position, instrument);
  const value =
    held *
    BigInt(priceTicks) *
    BigInt(instrument.tickUnits) *
    power10(moneyScale(instrument)) *
    BigInt(PPM - deal.feeRatePpm);
  return divFloor(value, power10(baseScale(instrument) + instrument.priceScale) * BigInt(PPM));
}

function commissionsOf(deal: Deal): Record<string, string> {
  const { instrument, position } = deal;
  const sums: Record<string, bigint> = { ...position.otherCommissions };
  const base = position.boughtCommissionBase + position.soldCommissionBase;
  const quote = position.boughtCommissionQuote + position.soldCommissionQuote;
  if (base !== 0n) sums[instrument.baseAsset] = base;
  if (quote !== 0n) sums[instrument.quoteAsset] = quote;
  return Object.fromEntries(
    Object.entries(sums).map(([asset, sum]) => [
      asset,
      trimDecimal(formatDecimal(sum, ASSET_SCALE)),
    ]),
  );
}

function orderView(deal: Deal, order: DealOrder): OrderView {
  return {
    clientOrderId: order.clientOrderId,
    purpose: order.purpose,
    ladderIndex: order.ladderIndex,
    side: order.side,
    price: formatPrice(deal.instrument, order.priceTicks),
    quantity: formatQuantity(deal.instrument, order.quantity),
    filled: formatQuantity(deal.instrument, order.filledLots),
    state: order.phase.kind === 'ended' || !order.isCancelling ? order.phase.kind : 'cancelling',
  };
}
