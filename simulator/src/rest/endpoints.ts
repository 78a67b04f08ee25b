// SPDX-License-Identifier: Apache-2.0
// The one table of everything the venue answers, over REST and over the WebSocket API.

import * as account from './account.ts';
import type { Endpoint, PublicEndpoint, SignedEndpoint } from './endpoint.ts';
import * as market from './market-data.ts';
import * as lists from './order-lists.ts';
import type { Parameters } from './parameters.ts';
import * as trading from './trading.ts';

type Weight = number | ((parameters: Parameters) => number);
type Route = readonly [method: Endpoint['method'], path: string, wsMethod?: string];

const API = '/api/v3';

export const ENDPOINTS: readonly Endpoint[] = [
  open(['GET', `${API}/ping`, 'ping'], 1, market.ping),
  open(['GET', `${API}/time`, 'time'], 1, market.time),
  open(['GET', `${API}/exchangeInfo`, 'exchangeInfo'], 20, market.exchangeInfo),
  open(['GET', `${API}/executionRules`, 'executionRules'], 2, market.executionRules),
  open(['GET', `${API}/depth`, 'depth'], depthWeight, market.depth),
  open(['GET', `${API}/trades`, 'trades.recent'], 25, market.trades),
  open(['GET', `${API}/historicalTrades`, 'trades.historical'], 25, market.historicalTrades),
  open(['GET', `${API}/historicalBlockTrades`, 'blockTrades.historical'], 25, market.blockTrades),
  open(['GET', `${API}/aggTrades`, 'trades.aggregate'], 4, market.aggTrades),
  open(['GET', `${API}/klines`, 'klines'], 2, market.klines),
  open(['GET', `${API}/uiKlines`, 'uiKlines'], 2, market.klines),
  open(['GET', `${API}/avgPrice`, 'avgPrice'], 2, market.avgPrice),
  open(['GET', `${API}/ticker/24hr`, 'ticker.24hr'], dayTickerWeight, market.ticker24hr),
  open(
    ['GET', `${API}/ticker/tradingDay`, 'ticker.tradingDay'],
    windowWeight,
    market.tickerTradingDay,
  ),
  open(['GET', `${API}/ticker/price`, 'ticker.price'], priceWeight, market.tickerPrice),
  open(['GET', `${API}/ticker/bookTicker`, 'ticker.book'], priceWeight, market.bookTicker),
  open(['GET', `${API}/ticker`, 'ticker'], windowWeight, market.ticker),
  open(['GET', `${API}/referencePrice`, 'referencePrice'], 2, market.referencePrice),
  open(
    ['GET', `${API}/referencePrice/calculation`, 'referencePrice.calculation'],
    2,
    market.referencePriceCalculation,
  ),

  trade(['POST', `${API}/order`, 'order.place'], 1, trading.placeOrder),
  trade(['POST', `${API}/order/test`, 'order.test'], testWeight, trading.testOrder, false),
  trade(['DELETE', `${API}/order`, 'order.cancel'], 1, trading.cancelOrder, false),
  trade(
    ['DELETE', `${API}/openOrders`, 'openOrders.cancelAll'],
    1,
    trading.cancelOpenOrders,
    false,
  ),
  trade(['POST', `${API}/order/cancelReplace`, 'order.cancelReplace'], 1, trading.cancelReplace),
  trade(
    ['PUT', `${API}/order/amend/keepPriority`, 'order.amend.keepPriority'],
    4,
    trading.amendOrder,
    false,
  ),
  trade(['POST', `${API}/order/oco`, 'orderList.place'], 1, lists.placeOldOco),
  trade(['POST', `${API}/orderList/oco`, 'orderList.place.oco'], 1, lists.placeOco),
  trade(['POST', `${API}/orderList/oto`, 'orderList.place.oto'], 1, lists.placeOto),
  trade(['POST', `${API}/orderList/otoco`, 'orderList.place.otoco'], 1, lists.placeOtoco),
  trade(['DELETE', `${API}/orderList`, 'orderList.cancel'], 1, lists.cancelList, false),

  read(['GET', `${API}/account`, 'account.status'], 20, account.account),
  read(['GET', `${API}/order`, 'order.status'], 4, account.queryOrder),
  read(['GET', `${API}/openOrders`, 'openOrders.status'], openOrdersWeight, account.openOrders),
  read(['GET', `${API}/allOrders`, 'allOrders'], 20, account.allOrders),
  read(['GET', `${API}/orderList`, 'orderList.status'], 4, lists.queryList),
  read(['GET', `${API}/allOrderList`, 'allOrderLists'], 20, lists.queryAllLists),
  read(['GET', `${API}/openOrderList`, 'openOrderLists.status'], 6, lists.queryOpenLists),
  read(['GET', `${API}/myTrades`, 'myTrades'], myTradesWeight, account.myTrades),
  read(['GET', `${API}/rateLimit/order`, 'account.rateLimits.orders'], 40, account.orderCount),
  read(
    ['GET', `${API}/myPreventedMatches`, 'myPreventedMatches'],
    preventedWeight,
    account.preventedMatches,
  ),
  read(['GET', `${API}/myAllocations`, 'myAllocations'], 20, account.allocations),
  read(['GET', `${API}/account/commission`, 'account.commission'], 20, account.commission),
  read(['GET', `${API}/order/amendments`, 'order.amendments'], 4, account.amendments),
  read(['GET', `${API}/myFilters`, 'myFilters'], 40, account.myFilters),
  open(['GET', '/sapi/v1/system/status'], 1, market.systemStatus),
  read(['GET', '/sapi/v1/account/apiRestrictions'], 1, account.apiRestrictions),
  read(['GET', '/sapi/v1/capital/config/getall'], 10, account.coins),
  read(['GET', '/sapi/v1/asset/tradeFee'], 1, account.tradeFee),
  read(['GET', '/sapi/v1/margin/allPairs'], 1, account.marginPairs),
  read(['GET', '/sapi/v1/margin/isolated/allPairs'], 10, account.marginPairs),
];

/** By `METHOD path`. */
export const REST_ROUTES: ReadonlyMap<string, Endpoint> = new Map(
  ENDPOINTS.map((endpoint) => [`${endpoint.method} ${endpoint.path}`, endpoint]),
);

/** By the WebSocket API's name. */
export const WS_METHODS: ReadonlyMap<string, Endpoint> = new Map(
  ENDPOINTS.flatMap((endpoint) =>
    endpoint.wsMethod === undefined ? [] : [[endpoint.wsMethod, endpoint] as const],
  ),
);

function open(route: Route, weight: Weight, handle: PublicEndpoint['handle']): PublicEndpoint {
  return { ...base(route, weight, false), security: 'NONE', handle };
}

function trade(
  route: Route,
  weight: Weight,
  handle: SignedEndpoint['handle'],
  countsOrders = true,
): SignedEndpoint {
  return { ...base(route, weight, countsOrders), security: 'TRADE', handle };
}

function read(route: Route, weight: Weight, handle: SignedEndpoint['handle']): SignedEndpoint {
  return { ...base(route, weight, false), security: 'USER_DATA', handle };
}

function base(
  [method, path, wsMethod]: Route,
  weight: Weight,
  countsOrders: boolean,
): Omit<PublicEndpoint, 'security' | 'handle'> {
  return {
    method,
    path,
    wsMethod,
    weight: typeof weight === 'number' ? () => weight : weight,
    countsOrders,
  };
}

function depthWeight(parameters: Parameters): number {
  const limit = Number(parameters.peek('limit') ?? 100);
  if (limit <= 100) return 5;
  if (limit <= 500) return 25;
  return limit <= 1000 ? 50 : 250;
}

function dayTickerWeight(parameters: Parameters): number {
  if (parameters.has('symbol')) return 2;
  const symbols = symbolCount(parameters);
  if (symbols === 0 || symbols > 100) return 80;
  return symbols <= 20 ? 2 : 40;
}

function windowWeight(parameters: Parameters): number {
  return Math.min(4 * Math.max(1, symbolCount(parameters)), 200);
}

function priceWeight(parameters: Parameters): number {
  return parameters.has('symbol') ? 2 : 4;
}

function testWeight(parameters: Parameters): number {
  return parameters.peek('computeCommissionRates')?.toLowerCase() === 'true' ? 20 : 1;
}

function openOrdersWeight(parameters: Parameters): number {
  return parameters.has('symbol') ? 6 : 80;
}

function myTradesWeight(parameters: Parameters): number {
  return parameters.has('orderId') ? 5 : 20;
}

function preventedWeight(parameters: Parameters): number {
  return parameters.has('orderId') ? 20 : 2;
}

function symbolCount(parameters: Parameters): number {
  const symbols = parameters.peek('symbols');
  return symbols === undefined ? 0 : symbols.split(',').length;
}
