// SPDX-License-Identifier: Apache-2.0
// The instruments the simulator lists: Binance's own for the synthetic market, inferred ones for replayed files.

import { formatDecimal, makeInstrument } from '@kontor/core';
import type { CandleFeed, FeedSymbol, MarketFeed } from './market/feed.ts';
import type { SimulatorInstrument } from './ports.ts';

/** The rules in which Binance's symbols differ; all numbers as decimal text. */
export interface SymbolRules extends FeedSymbol {
  readonly tickSize: string;
  readonly minPrice: string;
  readonly maxPrice: string;
  readonly lotSize: string;
  readonly minQuantity: string;
  readonly maxQuantity: string;
  readonly marketMaxQuantity: string;
  readonly minNotional: string;
  readonly maxNotional: string;
  /** How far from the average price a bid or an ask may stand, up and down. */
  readonly percentPrice: readonly [bidUp: string, bidDown: string, askUp: string, askDown: string];
}

const WIRE_SCALE = 8;

/** Binance's Spot listing of a symbol with its filters, as `exchangeInfo` gives it. */
export function makeSimulatorInstrument(rules: SymbolRules): SimulatorInstrument {
  const instrument = makeInstrument({
    symbol: rules.symbol,
    baseAsset: rules.baseAsset,
    quoteAsset: rules.quoteAsset,
    tickSize: rules.tickSize,
    lotSize: rules.lotSize,
    minPrice: rules.minPrice,
    maxPrice: rules.maxPrice,
    minQuantity: rules.minQuantity,
    maxQuantity: rules.maxQuantity,
    minNotional: rules.minNotional,
    maxNotional: rules.maxNotional,
    takesPairs: true,
  });
  return { ...instrument, info: symbolInfo(rules) };
}

function symbolInfo(rules: SymbolRules): Readonly<Record<string, unknown>> {
  return {
    symbol: rules.symbol,
    status: 'TRADING',
    baseAsset: rules.baseAsset,
    baseAssetPrecision: WIRE_SCALE,
    quoteAsset: rules.quoteAsset,
    quotePrecision: WIRE_SCALE,
    quoteAssetPrecision: WIRE_SCALE,
    baseCommissionPrecision: WIRE_SCALE,
    quoteCommissionPrecision: WIRE_SCALE,
    orderTypes: [
      'LIMIT',
      'LIMIT_MAKER',
      'MARKET',
      'STOP_LOSS',
      'STOP_LOSS_LIMIT',
      'TAKE_PROFIT',
      'TAKE_PROFIT_LIMIT',
    ],
    icebergAllowed: true,
    ocoAllowed: true,
    otoAllowed: true,
    opoAllowed: false,
    quoteOrderQtyMarketAllowed: true,
    allowTrailingStop: true,
    cancelReplaceAllowed: true,
    amendAllowed: true,
    pegInstructionsAllowed: false,
    isSpotTradingAllowed: true,
    isMarginTradingAllowed: false,
    filters: symbolFilters(rules),
    permissions: [],
    permissionSets: [['SPOT']],
    defaultSelfTradePreventionMode: 'EXPIRE_MAKER',
    allowedSelfTradePreventionModes: [
      'NONE',
      'EXPIRE_TAKER',
      'EXPIRE_MAKER',
      'EXPIRE_BOTH',
      'DECREMENT',
    ],
  };
}

function symbolFilters(rules: SymbolRules): readonly Readonly<Record<string, unknown>>[] {
  const [bidUp, bidDown, askUp, askDown] = rules.percentPrice;
  return [
    {
      filterType: 'PRICE_FILTER',
      minPrice: wireText(rules.minPrice),
      maxPrice: wireText(rules.maxPrice),
      tickSize: wireText(rules.tickSize),
    },
    {
      filterType: 'LOT_SIZE',
      minQty: wireText(rules.minQuantity),
      maxQty: wireText(rules.maxQuantity),
      stepSize: wireText(rules.lotSize),
    },
    { filterType: 'ICEBERG_PARTS', limit: 100 },
    {
      filterType: 'MARKET_LOT_SIZE',
      minQty: wireText('0'),
      maxQty: wireText(rules.marketMaxQuantity),
      stepSize: wireText('0'),
    },
    {
      filterType: 'TRAILING_DELTA',
      minTrailingAboveDelta: 10,
      maxTrailingAboveDelta: 2000,
      minTrailingBelowDelta: 10,
      maxTrailingBelowDelta: 2000,
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: bidUp,
      bidMultiplierDown: bidDown,
      askMultiplierUp: askUp,
      askMultiplierDown: askDown,
      avgPriceMins: 5,
    },
    {
      filterType: 'NOTIONAL',
      minNotional: wireText(rules.minNotional),
      applyMinToMarket: true,
      maxNotional: wireText(rules.maxNotional),
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 200 },
    { filterType: 'MAX_NUM_ORDER_LISTS', maxNumOrderLists: 20 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 5 },
    { filterType: 'MAX_NUM_ORDER_AMENDS', maxNumOrderAmends: 10 },
  ];
}

/** Decimal text with the wire's eight decimals. */
function wireText(text: string): string {
  const [whole = '0', fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(WIRE_SCALE, '0')}`;
}

const WIDE = ['5', '0.2', '5', '0.2'] as const;

/** Binance's listings of the seven symbols of the synthetic market, the last of them thinly traded. */
const DEFAULT_RULES: readonly SymbolRules[] = [
  usdt('BTC', '0.01', '1000000', '0.00001', '9000', '120'),
  usdt('ETH', '0.01', '1000000', '0.0001', '9000', '2200'),
  usdt('SOL', '0.01', '10000', '0.001', '90000', '26000'),
  usdt('BNB', '0.01', '100000', '0.001', '900000', '1600'),
  usdt('XRP', '0.0001', '10000', '0.1', '9222449', '1900000'),
  usdt('DOGE', '0.00001', '1000', '1', '9000000', '9000000'),
  usdt('TFUEL', '0.00001', '1000', '1', '9000000', '2600000'),
];

/** The instruments of the synthetic market, in the order of their size. */
export const defaultInstruments: readonly SimulatorInstrument[] =
  DEFAULT_RULES.map(makeSimulatorInstrument);

function usdt(
  baseAsset: string,
  tickSize: string,
  maxPrice: string,
  lotSize: string,
  maxQuantity: string,
  marketMaxQuantity: string,
): SymbolRules {
  return {
    symbol: `${baseAsset}USDT`,
    baseAsset,
    quoteAsset: 'USDT',
    tickSize,
    minPrice: tickSize,
    maxPrice,
    lotSize,
    minQuantity: lotSize,
    maxQuantity,
    marketMaxQuantity,
    minNotional: baseAsset === 'DOGE' || baseAsset === 'TFUEL' ? '1' : '5',
    maxNotional: '9000000',
    percentPrice: WIDE,
  };
}

/** Least order values as Binance sets them for its quote assets. */
const MIN_NOTIONAL: Readonly<Record<string, string>> = {
  BTC: '0.0001',
  ETH: '0.001',
  BNB: '0.01',
  TRY: '10',
  JPY: '100',
};

/**
 * The instrument of a replayed file: Binance's own listing where every number of the file fits it, else one whose
 * tick and lot are the data's last decimals.
 */
export function inferInstrument(feed: MarketFeed): SimulatorInstrument {
  const listed = defaultInstruments.find((instrument) => instrument.symbol === feed.symbol);
  if (listed !== undefined && fits(feed, listed)) return listed;
  const step = (scale: number): string => formatDecimal(1n, scale);
  const highest = largest(feed.kind === 'candles' ? feed.high : feed.price) / 10 ** feed.priceScale;
  return makeSimulatorInstrument({
    symbol: feed.symbol,
    baseAsset: feed.baseAsset,
    quoteAsset: feed.quoteAsset,
    tickSize: step(feed.priceScale),
    minPrice: step(feed.priceScale),
    maxPrice: highest < 1000 ? '10000' : '1000000',
    lotSize: step(feed.quantityScale),
    minQuantity: step(feed.quantityScale),
    maxQuantity: '90000000',
    marketMaxQuantity: '90000000',
    minNotional: MIN_NOTIONAL[feed.quoteAsset] ?? '5',
    maxNotional: '900000',
    percentPrice: WIDE,
  });
}

/** A feed's numbers as the instrument's ticks and lots: value × multiply / divide. */
export interface FeedUnits {
  readonly priceMultiply: number;
  readonly priceDivide: number;
  readonly quantityMultiply: number;
  readonly quantityDivide: number;
}

export function feedUnits(feed: MarketFeed, instrument: SimulatorInstrument): FeedUnits {
  return {
    priceMultiply: 10 ** Math.max(0, instrument.priceScale - feed.priceScale),
    priceDivide: 10 ** Math.max(0, feed.priceScale - instrument.priceScale) * instrument.tickUnits,
    quantityMultiply: 10 ** Math.max(0, instrument.quantityScale - feed.quantityScale),
    quantityDivide:
      10 ** Math.max(0, feed.quantityScale - instrument.quantityScale) * instrument.lotUnits,
  };
}

function fits(feed: MarketFeed, instrument: SimulatorInstrument): boolean {
  const units = feedUnits(feed, instrument);
  const areWhole = (column: Float64Array, multiply: number, divide: number): boolean =>
    column.every((value) => (value * multiply) % divide === 0);
  const prices = feed.kind === 'candles' ? candlePrices(feed) : [feed.price];
  const quantities = feed.kind === 'candles' ? feed.volume : feed.quantity;
  return (
    prices.every((column) => areWhole(column, units.priceMultiply, units.priceDivide)) &&
    areWhole(quantities, units.quantityMultiply, units.quantityDivide)
  );
}

function candlePrices(feed: CandleFeed): readonly Float64Array[] {
  return [feed.open, feed.high, feed.low, feed.close];
}

function largest(column: Float64Array): number {
  let most = 0;
  for (const value of column) if (value > most) most = value;
  return most;
}
