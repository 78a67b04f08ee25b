// SPDX-License-Identifier: Apache-2.0
// What a person reads of a deal, and the parts of it that are the same for every kind.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatPrice, formatQuantity } from '../instrument.ts';
import type { OrderPurpose, OrderRole } from '../machine.ts';
import {
  baseScale,
  formatBase,
  heldBase,
  heldLots,
  lotsBase,
  moneyScale,
  power10,
} from '../position.ts';
import { divFloor, PPM, type PriceTicks, type TimeMs } from '../units.ts';
import type { DealBase, DealOrder } from './deal-order.ts';
import type { BotKind } from './settings.ts';

/** How a deal of any kind can end. */
export type DealOutcome = 'completed' | 'stopLoss' | 'closed' | 'cancelled' | 'failed';

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
  /** Prices are empty text while there is none. */
  readonly average: string;
  readonly baseAverage: string;
  readonly breakEven: string;
  /** The next take profit and the stop, where the deal has them. */
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
  /** Safety orders of a DCA deal, lines of a grid, steps of a smart trade. */
  readonly steps: {
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
  readonly role: OrderRole;
  readonly ladderIndex: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly filled: string;
  readonly state: 'placing' | 'open' | 'cancelling' | 'ended';
}

/** The parts of the view that need only what every kind of deal has. */
export function commonView(
  deal: DealBase,
): Pick<
  DealView,
  | 'dealId'
  | 'symbol'
  | 'openedTime'
  | 'boughtQuantity'
  | 'soldQuantity'
  | 'heldQuantity'
  | 'dustQuantity'
  | 'commissions'
  | 'orders'
> {
  const { instrument, position } = deal;
  const held = heldBase(position, instrument);
  return {
    dealId: deal.dealId,
    symbol: deal.symbol,
    openedTime: deal.openedTime,
    boughtQuantity: formatQuantity(instrument, position.boughtLots),
    soldQuantity: formatQuantity(instrument, position.soldLots),
    heldQuantity: formatBase(instrument, held),
    dustQuantity: formatBase(
      instrument,
      held - lotsBase(instrument, heldLots(position, instrument)),
    ),
    commissions: commissionsOf(deal),
    orders: deal.orders.map((order) => orderView(deal, order)),
  };
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
