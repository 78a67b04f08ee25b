// SPDX-License-Identifier: Apache-2.0
// What an order that a person adds to a deal may be: checked before the command is given, with the numbers that are
// possible, in the asset that the person spoke of.

import { parseDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatQuantity, parsePrice, type Instrument } from '../instrument.ts';
import type { FreeFunds, ManualOrder } from '../machine.ts';
import type { Direction, Quote, Side } from '../order.ts';
import { entrySide, exitSide } from '../order.ts';
import {
  assetBase,
  assetMoney,
  formatMoney,
  lotsBase,
  notionalMoney,
  type Ratio,
} from '../position.ts';
import { divCeil, divFloor } from '../units.ts';
import { slippedTicks } from './immediate.ts';
import { mostLots } from './order-rules.ts';

/** The market at which an order would go out; what is not known is not checked. */
export interface ManualMarket {
  readonly quote?: Quote;
  /** What the deal's bot may use. */
  readonly funds?: FreeFunds;
}

/** The deal that the order is for, as far as it matters here. */
export interface ManualTarget {
  readonly instrument: Instrument;
  readonly direction: Direction;
  readonly maxSlippage: Ratio;
  /** Largest orders of the venue that one wish may be split into. */
  readonly ordersMax: number;
  /** Whether an amount of money is rounded up to a lot, and not down. */
  readonly isRoundedUp: boolean;
  /** What may be closed. */
  readonly openLots: number;
}

/**
 * Why an order of `order` could not be placed for `target`, or null: less than the venue's least, more than its most,
 * more than is free. An amount that cannot be counted yet, for want of a price, is not refused.
 */
export function manualOrderFault(
  target: ManualTarget,
  kind: 'addFunds' | 'reduceFunds',
  order: ManualOrder,
  market: ManualMarket,
): string | null {
  const { instrument, direction } = target;
  const side = kind === 'addFunds' ? entrySide(direction) : exitSide(direction);
  const prices = pricesOf(target, side, order, market.quote);
  if (prices === null) return null;
  const amount = parseDecimal(order.amount.value, ASSET_SCALE);
  if (!amount.ok) return null;
  const found = `${order.amount.value} ${order.amount.kind === 'quote' ? instrument.quoteAsset : instrument.baseAsset}`;
  const shown = (lots: number): string =>
    order.amount.kind === 'quote'
      ? `${moneyText(instrument, prices.expected, lots)} ${instrument.quoteAsset}`
      : `${formatQuantity(instrument, lots)} ${instrument.baseAsset}`;
  const lots = lotsIn(target, order.amount.kind, amount.value, prices.expected);
  const least = leastLots(instrument, prices);
  if (lots < BigInt(least)) return `amount: expected at least ${shown(least)}, found ${found}`;
  const funds = kind === 'addFunds' ? market.funds : undefined;
  if (funds !== undefined) {
    const free = freeLots(instrument, side, prices.limit, funds);
    if (lots > free) {
      return `amount: expected at most ${shown(Number(free))}, which is free, found ${found}`;
    }
  }
  if (kind === 'reduceFunds' && lots > BigInt(target.openLots)) {
    return `amount: expected at most ${shown(target.openLots)}, which is held, found ${found}`;
  }
  const one = mostLots(instrument, prices.limit, instrument.maxLots);
  if (lots > BigInt(one) * BigInt(target.ordersMax)) {
    const most = shown(one * target.ordersMax);
    const orders = target.ordersMax === 1 ? 'one order' : `${target.ordersMax} orders`;
    return `amount: expected at most ${most} in ${orders}, found ${found}`;
  }
  return null;
}

interface Prices {
  /** The order's own price: what the venue sets aside and judges. */
  readonly limit: number;
  /** What it is expected to trade at: what amounts of money are counted at. */
  readonly expected: number;
}

function pricesOf(
  { instrument, maxSlippage }: ManualTarget,
  side: Side,
  order: ManualOrder,
  quote: Quote | undefined,
): Prices | null {
  if (order.price !== undefined) {
    const price = parsePrice(instrument, order.price);
    return price.ok && price.value >= 1 ? { limit: price.value, expected: price.value } : null;
  }
  if (quote === undefined) return null;
  const expected = side === 'buy' ? quote.ask : quote.bid;
  const limit = slippedTicks(instrument, quote, side, maxSlippage);
  return expected >= 1 && limit >= 1 ? { limit, expected } : null;
}

/** Whole lots in `amount`, which has `ASSET_SCALE` decimals. */
function lotsIn(
  { instrument, isRoundedUp }: ManualTarget,
  kind: 'quote' | 'base',
  amount: bigint,
  ticks: number,
): bigint {
  if (kind === 'base') return divFloor(assetBase(instrument, amount), lotsBase(instrument, 1));
  const divide = isRoundedUp ? divCeil : divFloor;
  return divide(assetMoney(instrument, amount), notionalMoney(instrument, BigInt(ticks)));
}

/** The fewest lots that the venue takes at both prices. */
function leastLots(instrument: Instrument, { limit, expected }: Prices): number {
  const forValue = Math.ceil(instrument.minNotional / Math.min(limit, expected));
  return Math.max(1, instrument.minLots, forValue);
}

function freeLots(instrument: Instrument, side: Side, ticks: number, funds: FreeFunds): bigint {
  const lots =
    side === 'buy'
      ? divFloor(assetMoney(instrument, funds.quote), notionalMoney(instrument, BigInt(ticks)))
      : divFloor(assetBase(instrument, funds.base), lotsBase(instrument, 1));
  return lots < 0n ? 0n : lots;
}

function moneyText(instrument: Instrument, ticks: number, lots: number): string {
  return formatMoney(instrument, notionalMoney(instrument, BigInt(ticks) * BigInt(lots)));
}
