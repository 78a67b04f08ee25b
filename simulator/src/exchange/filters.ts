// SPDX-License-Identifier: Apache-2.0
// The filters of a symbol as `exchangeInfo` lists them, as whole numbers, and the answer of each to an order.

import { filterFailure, type Refusal } from '../errors.ts';
import type { SimulatorInstrument } from '../ports.ts';
import type { Account } from './account.ts';
import type { Market } from './market.ts';
import {
  isMarketKind,
  isStop,
  triggersAbove,
  type NewOrder,
  type WireSide,
} from './venue-order.ts';

/** Decimals of filter multipliers and of amounts that are no whole lots. */
const FINE_SCALE = 18;
const FINE_UNIT = 10n ** BigInt(FINE_SCALE);

interface LotRange {
  readonly min: number;
  /** Infinity without a bound. */
  readonly max: number;
  /** Lots per step; 1 when any lot will do. */
  readonly step: number;
}

interface PercentRange {
  readonly filter: string;
  readonly up: bigint;
  readonly down: bigint;
  readonly minutes: number;
}

interface NotionalRange {
  readonly filter: string;
  /** In quote at `FINE_SCALE`; 0n without a bound. */
  readonly min: bigint;
  readonly max: bigint;
  readonly minAppliesToMarket: boolean;
  readonly maxAppliesToMarket: boolean;
  readonly minutes: number;
}

export interface SymbolFilters {
  /** As `exchangeInfo` lists them. */
  readonly listed: readonly Readonly<Record<string, unknown>>[];
  readonly minTicks: number;
  readonly maxTicks: number;
  readonly lotSize: LotRange;
  readonly marketLotSize: LotRange;
  readonly percentBuy: PercentRange | undefined;
  readonly percentSell: PercentRange | undefined;
  readonly notional: readonly NotionalRange[];
  readonly icebergParts: number;
  readonly maxOrders: number;
  readonly maxAlgoOrders: number;
  readonly maxIcebergOrders: number;
  readonly maxOrderLists: number;
  readonly maxAmends: number;
  readonly maxPositionLots: number;
  readonly trailing:
    | {
        readonly minAbove: number;
        readonly maxAbove: number;
        readonly minBelow: number;
        readonly maxBelow: number;
      }
    | undefined;
}

type Listed = Readonly<Record<string, unknown>>;

/** The filters of `instrument.info`. Throws RangeError when one is no filter object. */
export function parseFilters(instrument: SimulatorInstrument): SymbolFilters {
  const raw = instrument.info['filters'];
  const listed: Listed[] = Array.isArray(raw) ? raw.filter(isRecord) : [];
  const find = (type: string): Listed | undefined =>
    listed.find((filter) => filter['filterType'] === type);
  const limit = (type: string, field: string): number => {
    const value = Number(find(type)?.[field] ?? Infinity);
    if (Number.isNaN(value))
      throw new RangeError(`${instrument.symbol} ${type}: ${field} is no number`);
    return value;
  };
  const lots = (filter: Listed | undefined): LotRange => ({
    min: toLots(instrument, filter?.['minQty'], 'up', 0),
    max: toLots(instrument, filter?.['maxQty'], 'down', Infinity) || Infinity,
    step: toLots(instrument, filter?.['stepSize'], 'up', 1) || 1,
  });
  const bySide = find('PERCENT_PRICE_BY_SIDE');
  const both = find('PERCENT_PRICE');
  const trailing = find('TRAILING_DELTA');
  const maxPosition = find('MAX_POSITION');
  return {
    listed,
    minTicks: instrument.minTicks,
    maxTicks: instrument.maxTicks === 0 ? Infinity : instrument.maxTicks,
    lotSize: lots(find('LOT_SIZE')),
    marketLotSize: lots(find('MARKET_LOT_SIZE')),
    percentBuy: percent(bySide, 'bidMultiplier') ?? percent(both, 'multiplier'),
    percentSell: percent(bySide, 'askMultiplier') ?? percent(both, 'multiplier'),
    notional: [find('MIN_NOTIONAL'), find('NOTIONAL')].flatMap((filter) =>
      filter === undefined ? [] : [notionalRange(filter)],
    ),
    icebergParts: limit('ICEBERG_PARTS', 'limit'),
    maxOrders: limit('MAX_NUM_ORDERS', 'maxNumOrders'),
    maxAlgoOrders: limit('MAX_NUM_ALGO_ORDERS', 'maxNumAlgoOrders'),
    maxIcebergOrders: limit('MAX_NUM_ICEBERG_ORDERS', 'maxNumIcebergOrders'),
    maxOrderLists: limit('MAX_NUM_ORDER_LISTS', 'maxNumOrderLists'),
    maxAmends: limit('MAX_NUM_ORDER_AMENDS', 'maxNumOrderAmends'),
    maxPositionLots: toLots(instrument, maxPosition?.['maxPosition'], 'down', Infinity),
    trailing:
      trailing === undefined
        ? undefined
        : {
            minAbove: Number(trailing['minTrailingAboveDelta']),
            maxAbove: Number(trailing['maxTrailingAboveDelta']),
            minBelow: Number(trailing['minTrailingBelowDelta']),
            maxBelow: Number(trailing['maxTrailingBelowDelta']),
          },
  };
}

/** Whether `ticks` keeps PRICE_FILTER's bounds; whole ticks keep its step by their nature. */
export function keepsPriceBounds(filters: SymbolFilters, ticks: number): boolean {
  return ticks >= filters.minTicks && ticks <= filters.maxTicks;
}

export function keepsLotRange(range: LotRange, lots: number): boolean {
  return lots >= range.min && lots <= range.max && (lots - range.min) % range.step === 0;
}

/** The first filter that the order itself breaks, as the refusal to answer; undefined when it passes all. */
export function checkOrder(market: Market, order: NewOrder, marketMs: number): Refusal | undefined {
  const { filters } = market;
  for (const ticks of [order.priceTicks, order.stopTicks]) {
    if (ticks > 0 && !keepsPriceBounds(filters, ticks)) return filterFailure('PRICE_FILTER');
  }
  if (order.priceTicks > 0 && !keepsPercentPrice(market, order.side, order.priceTicks, marketMs)) {
    return filterFailure(
      (order.side === 'BUY' ? filters.percentBuy : filters.percentSell)?.filter ?? 'PERCENT_PRICE',
    );
  }
  if (order.quantityLots > 0 && !keepsLotRange(filters.lotSize, order.quantityLots)) {
    return filterFailure('LOT_SIZE');
  }
  if (order.icebergLots > 0 && !keepsLotRange(filters.lotSize, order.icebergLots)) {
    return filterFailure('LOT_SIZE');
  }
  if (
    isMarketKind(order.kind) &&
    order.quantityLots > 0 &&
    !keepsLotRange(filters.marketLotSize, order.quantityLots)
  ) {
    return filterFailure('MARKET_LOT_SIZE');
  }
  const notional = brokenNotional(market, order, marketMs);
  if (notional !== undefined) return filterFailure(notional);
  if (
    order.icebergLots > 0 &&
    Math.ceil(order.quantityLots / order.icebergLots) > filters.icebergParts
  ) {
    return filterFailure('ICEBERG_PARTS');
  }
  if (order.trailingDelta > 0 && !keepsTrailingDelta(filters, order)) {
    return filterFailure('TRAILING_DELTA');
  }
  return undefined;
}

/** The first of the account's limits on a symbol that `orders` would break. */
export function checkCounts(
  market: Market,
  account: Account,
  orders: readonly NewOrder[],
): Refusal | undefined {
  const { filters } = market;
  const counts = account.counts(market.symbol);
  const count = (is: (order: NewOrder) => boolean): number => orders.filter(is).length;
  if (counts.orders + orders.length > filters.maxOrders) return filterFailure('MAX_NUM_ORDERS');
  const algo = count((order) => isStop(order.kind));
  if (algo > 0 && counts.algoOrders + algo > filters.maxAlgoOrders) {
    return filterFailure('MAX_NUM_ALGO_ORDERS');
  }
  const icebergs = count((order) => order.icebergLots > 0);
  if (icebergs > 0 && counts.icebergOrders + icebergs > filters.maxIcebergOrders) {
    return filterFailure('MAX_NUM_ICEBERG_ORDERS');
  }
  const bought = orders.reduce(
    (most, order) => (order.side === 'BUY' ? Math.max(most, order.quantityLots) : most),
    0,
  );
  if (bought > 0 && filters.maxPositionLots !== Infinity) {
    const balance = account.balance(market.instrument.baseAsset);
    const held = Number((balance.free + balance.locked) / market.baseUnit);
    if (held + counts.buyLots + bought > filters.maxPositionLots) {
      return filterFailure('MAX_POSITION');
    }
  }
  return undefined;
}

function keepsPercentPrice(
  market: Market,
  side: WireSide,
  ticks: number,
  marketMs: number,
): boolean {
  const range = side === 'BUY' ? market.filters.percentBuy : market.filters.percentSell;
  const average = range === undefined ? null : market.averageTicks(range.minutes, marketMs);
  if (range === undefined || average === null) return true;
  const price = BigInt(ticks) * average.denominator * FINE_UNIT;
  return price <= average.numerator * range.up && price >= average.numerator * range.down;
}

function brokenNotional(market: Market, order: NewOrder, marketMs: number): string | undefined {
  for (const range of market.filters.notional) {
    const isMarket = order.kind === 'MARKET';
    const value = notionalOf(market, order, range.minutes, marketMs);
    if (value === null) continue;
    const isMinChecked = !isMarket || range.minAppliesToMarket;
    const isMaxChecked = !isMarket || range.maxAppliesToMarket;
    if (isMinChecked && value < range.min) return range.filter;
    if (isMaxChecked && range.max > 0n && value > range.max) return range.filter;
  }
  return undefined;
}

/** The order's value in quote at `FINE_SCALE`; null while a market order has no price to be measured by. */
function notionalOf(
  market: Market,
  order: NewOrder,
  minutes: number,
  marketMs: number,
): bigint | null {
  const fine = 10n ** BigInt(FINE_SCALE - market.quoteScale);
  if (order.quoteOrderUnits > 0n) return order.quoteOrderUnits * fine;
  const lots = BigInt(order.quantityLots);
  const ticks = order.priceTicks > 0 ? order.priceTicks : order.stopTicks;
  if (ticks > 0) return BigInt(ticks) * lots * market.quoteUnit * fine;
  const average = market.averageTicks(minutes, marketMs);
  if (average === null) return null;
  return (average.numerator * lots * market.quoteUnit * fine) / average.denominator;
}

function keepsTrailingDelta(filters: SymbolFilters, order: NewOrder): boolean {
  const range = filters.trailing;
  if (range === undefined) return true;
  const isAbove = triggersAbove(order.kind, order.side);
  const min = isAbove ? range.minAbove : range.minBelow;
  const max = isAbove ? range.maxAbove : range.maxBelow;
  return order.trailingDelta >= min && order.trailingDelta <= max;
}

function percent(filter: Listed | undefined, prefix: string): PercentRange | undefined {
  if (filter === undefined) return undefined;
  return {
    filter: String(filter['filterType']),
    up: toFine(filter[`${prefix}Up`]),
    down: toFine(filter[`${prefix}Down`]),
    minutes: Number(filter['avgPriceMins'] ?? 0),
  };
}

function notionalRange(filter: Listed): NotionalRange {
  return {
    filter: String(filter['filterType']),
    min: toFine(filter['minNotional']),
    max: toFine(filter['maxNotional'] ?? '0'),
    minAppliesToMarket: (filter['applyMinToMarket'] ?? filter['applyToMarket']) === true,
    maxAppliesToMarket: filter['applyMaxToMarket'] === true,
    minutes: Number(filter['avgPriceMins'] ?? 0),
  };
}

function toFine(value: unknown): bigint {
  const [whole = '0', fraction = ''] = String(value ?? '0').split('.');
  return BigInt(whole + fraction.padEnd(FINE_SCALE, '0').slice(0, FINE_SCALE));
}

/** A quantity of a filter in lots; numbers beyond what a lot count can hold count as no bound. */
function toLots(
  instrument: SimulatorInstrument,
  value: unknown,
  rounding: 'up' | 'down',
  otherwise: number,
): number {
  if (typeof value !== 'string') return otherwise;
  const unit = BigInt(instrument.lotUnits) * 10n ** BigInt(FINE_SCALE - instrument.quantityScale);
  const fine = toFine(value);
  const lots = Number(rounding === 'up' ? (fine + unit - 1n) / unit : fine / unit);
  return Number.isSafeInteger(lots) ? lots : Infinity;
}

function isRecord(value: unknown): value is Listed {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
