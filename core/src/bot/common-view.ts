// SPDX-License-Identifier: Apache-2.0
// What a person reads of a deal, and the parts of it that are the same for every kind.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { OrderPurpose, OrderRole } from '../machine.ts';
import type { Direction } from '../order.ts';
import {
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
  revenueOf,
  type Ratio,
} from '../position.ts';
import { divFloor, PPM, type PriceTicks, type TimeMs } from '../units.ts';
import type { DealBase, DealOrder, DealOutcome } from './deal-order.ts';
import type { BotKind } from './kind.ts';

export type { DealOutcome } from './deal-order.ts';

export type DealStatus = 'opening' | 'active' | 'closing' | 'cancelling' | DealOutcome;

/** Why a deal does not act just now. `market`: its orders rest and wait for their price. */
export type DealWait =
  | 'none'
  | 'market'
  | 'baseOrder'
  | 'quote'
  | 'cancelConfirmation'
  | 'fills'
  | 'sale'
  | 'timer'
  | 'risk';

export interface DealView {
  readonly kind: BotKind;
  readonly dealId: number;
  readonly symbol: string;
  readonly status: DealStatus;
  /** Why the deal ended; empty while it runs. */
  readonly reason: string;
  readonly waitingFor: DealWait;
  readonly openedTime: TimeMs;
  /** 0 while the deal runs. */
  readonly closedTime: TimeMs;
  /** Absent where a deal has none. For a short held coins are those still to be bought back. */
  readonly direction?: Direction;
  /** Prices are empty text while there is none. */
  readonly average: string;
  readonly baseAverage: string;
  readonly breakEven: string;
  /** The next take profit and the stop, where the deal has them. */
  readonly takeProfit: string;
  readonly stopLoss: string;
  /** Every take profit, nearest first, where the deal has several or one that moves. */
  readonly takeProfits?: readonly TakeProfitView[];
  readonly boughtQuantity: string;
  readonly soldQuantity: string;
  /** Coins held, and the part of them that is less than a lot. */
  readonly heldQuantity: string;
  readonly dustQuantity: string;
  /** Quote paid and got, commission in quote included. */
  readonly cost: string;
  readonly revenue: string;
  /** What percentages of profit are of, where that is not the cost: what the entries moved. */
  readonly invested?: string;
  /** On the coins sold, at the average price. */
  readonly realisedProfit: string;
  readonly realisedProfitPercent: string;
  /** On the coins held, were they sold at the price given; empty text without a price. */
  readonly unrealisedProfit: string;
  /** Both together in percent of the cost. */
  readonly profitPercent: string;
  /** What a deal that is to earn coins has earned of them. */
  readonly profitBase?: { readonly amount: string; readonly percent: string };
  /** Safety orders of a DCA deal, lines of a grid, steps of a smart trade. */
  readonly steps: {
    readonly filled: number;
    readonly active: number;
    readonly max: number;
  };
  readonly commissions: Readonly<Record<string, string>>;
  readonly orders: readonly OrderView[];
}

/** One take profit as text; percentages are of profit and of the position. */
export interface TakeProfitView {
  /** From 1; 0 where there is only one. */
  readonly step: number;
  readonly profit: string;
  readonly share: string;
  readonly price: string;
  /** What it is to close now, and what it has closed. */
  readonly quantity: string;
  readonly filled: string;
  /** `pending`: it waits for its price, or may not be placed. `trailing`: it follows the best price. */
  readonly state: 'pending' | 'placed' | 'trailing' | 'done';
  /** While it trails: the best price, and where it acts behind it. */
  readonly best?: string;
  readonly trigger?: string;
}

export interface OrderView {
  readonly clientOrderId: string;
  readonly purpose: OrderPurpose;
  readonly role: OrderRole;
  readonly ladderIndex: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly filled: string;
  readonly state: 'placing' | 'open' | 'cancelling' | 'ended';
}

/** What each kind of deal works out in its own way, at `moneyScale` decimals of the quote asset. */
export interface DealFigures {
  readonly status: DealStatus;
  readonly waitingFor: DealWait;
  /** How the deal ended; null while it runs. */
  readonly ended: { readonly time: TimeMs; readonly reason: string } | null;
  /** In ticks; null without coins that have one. */
  readonly average: Ratio | null;
  readonly breakEven: Ratio | null;
  readonly realised: bigint;
  readonly unrealised: bigint | null;
  /** What profits are in percent of. */
  readonly whole: bigint;
}

/** The part of the view that every kind of deal has alike. */
export function commonView(
  deal: DealBase,
  figures: DealFigures,
): Omit<DealView, 'kind' | 'baseAverage' | 'takeProfit' | 'stopLoss' | 'steps'> {
  const { ended, realised, unrealised, whole } = figures;
  const { instrument, position } = deal;
  const held = heldBase(position, instrument);
  return {
    dealId: deal.dealId,
    symbol: deal.symbol,
    status: figures.status,
    reason: ended?.reason ?? '',
    waitingFor: figures.waitingFor,
    openedTime: deal.openedTime,
    closedTime: ended?.time ?? 0,
    average: averageText(instrument, figures.average),
    breakEven: averageText(instrument, figures.breakEven),
    boughtQuantity: formatQuantity(instrument, position.boughtLots),
    soldQuantity: formatQuantity(instrument, position.soldLots),
    heldQuantity: formatBase(instrument, held),
    dustQuantity: formatBase(
      instrument,
      held - lotsBase(instrument, heldLots(position, instrument)),
    ),
    cost: formatMoney(instrument, costOf(position, instrument)),
    revenue: formatMoney(instrument, revenueOf(position, instrument)),
    realisedProfit: formatMoney(instrument, realised),
    realisedProfitPercent: formatPercent(realised, whole, 2),
    unrealisedProfit: unrealised === null ? '' : formatMoney(instrument, unrealised),
    profitPercent: formatPercent(realised + (unrealised ?? 0n), whole, 2),
    commissions: commissionsOf(deal),
    orders: deal.orders.map((order) => orderView(deal, order)),
  };
}

/** A price with more decimals than the instrument's, empty text for none. */
export function averageText(instrument: Instrument, price: Ratio | null): string {
  return price === null ? '' : formatAverage(instrument, price);
}

/** What the coins held bring at `priceTicks` after the fee, at `moneyScale` decimals, rounded down. */
export function heldValue(deal: DealBase, priceTicks: PriceTicks): bigint {
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

function commissionsOf(deal: DealBase): Record<string, string> {
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

function orderView(deal: DealBase, order: DealOrder): OrderView {
  return {
    clientOrderId: order.clientOrderId,
    purpose: order.purpose,
    role: order.role,
    ladderIndex: order.ladderIndex,
    side: order.side,
    price: formatPrice(deal.instrument, order.priceTicks),
    quantity: formatQuantity(deal.instrument, order.quantity),
    filled: formatQuantity(deal.instrument, order.filledLots),
    state: order.phase.kind === 'ended' || !order.isCancelling ? order.phase.kind : 'cancelling',
  };
}
