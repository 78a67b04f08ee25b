// SPDX-License-Identifier: Apache-2.0
// Handlers of what an account may ask about itself: balances, orders, trades, rates and rights.

import { missing, NO_SUCH_ORDER, OPTIONAL_COMBINATION } from '../errors.ts';
import { amendmentBody, preventedMatchBody, queriedBody, tradeBody } from '../exchange/bodies.ts';
import { unitsText, type Market } from '../exchange/market.ts';
import type { VenueOrder } from '../exchange/venue-order.ts';
import { answer, readMarket, refused, type Answer, type SignedRequest } from './endpoint.ts';
import { tooLong } from './order-lists.ts';
import { DISCOUNT, rateText, readName } from './trading.ts';

const ZERO = '0.00000000';
const PPM_PER_BIP = 100;

export function account(request: SignedRequest): Answer {
  const { parameters, account: owner, key } = request;
  const isWithoutZeros = parameters.flag('omitZeroBalances', false);
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const balances: Record<string, string>[] = [];
  for (const [asset, balance] of owner.balances) {
    if (isWithoutZeros && balance.free === 0n && balance.locked === 0n) continue;
    const scale = owner.scaleOf(asset);
    balances.push({
      asset,
      free: unitsText(balance.free, scale),
      locked: unitsText(balance.locked, scale),
    });
  }
  return answer({
    makerCommission: Math.floor(owner.makerFeePpm / PPM_PER_BIP),
    takerCommission: Math.floor(owner.takerFeePpm / PPM_PER_BIP),
    buyerCommission: 0,
    sellerCommission: 0,
    commissionRates: {
      maker: rateText(owner.makerFeePpm),
      taker: rateText(owner.takerFeePpm),
      buyer: ZERO,
      seller: ZERO,
    },
    canTrade: true,
    canWithdraw: key.rights.withdrawals,
    canDeposit: true,
    brokered: false,
    requireSelfTradePrevention: false,
    preventSor: false,
    updateTime: owner.updateTime,
    accountType: 'SPOT',
    balances,
    permissions: ['SPOT'],
    uid: owner.uid,
  });
}

export function queryOrder(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market = readMarket(request);
  const name = readName(parameters, 'orderId', 'origClientOrderId');
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const order = venue.exchange.history.find(owner, market, name);
  return order === undefined ? refused(NO_SUCH_ORDER) : answer(queriedBody(order));
}

export function openOrders(request: SignedRequest): Answer {
  const { parameters, account: owner } = request;
  const market: Market | undefined = parameters.has('symbol') ? readMarket(request) : undefined;
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const orders = Array.from(owner.openOrders).filter(
    (order) => market === undefined || order.market === market,
  );
  return answer(orders.sort(byAge).map(queriedBody));
}

export function allOrders(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market = readMarket(request);
  const orderId = parameters.optionalInteger('orderId');
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  const limit = parameters.limit(500, 1000);
  const problem = parameters.problem() ?? tooLong(startMs, endMs);
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const found = venue.exchange.history
    .ledger(owner, market)
    .orders.filter(
      (order) =>
        !order.isForgotten &&
        order.orderId >= (orderId ?? 0) &&
        order.time >= (startMs ?? 0) &&
        order.time <= (endMs ?? Infinity),
    );
  const isFromOldest = orderId !== undefined || startMs !== undefined;
  return answer((isFromOldest ? found.slice(0, limit) : found.slice(-limit)).map(queriedBody));
}

export function myTrades(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market = readMarket(request);
  const orderId = parameters.optionalInteger('orderId');
  const fromId = parameters.optionalInteger('fromId');
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  const limit = parameters.limit(500, 1000);
  const hasTime = startMs !== undefined || endMs !== undefined;
  if (hasTime && (orderId !== undefined || fromId !== undefined)) {
    parameters.fail(OPTIONAL_COMBINATION);
  }
  const problem = parameters.problem() ?? tooLong(startMs, endMs);
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const found = venue.exchange.history
    .ledger(owner, market)
    .fills.filter(
      ({ order, fill }) =>
        !order.isForgotten &&
        (orderId === undefined || order.orderId === orderId) &&
        fill.tradeId >= (fromId ?? 0) &&
        fill.time >= (startMs ?? 0) &&
        fill.time <= (endMs ?? Infinity),
    );
  const isFromOldest = fromId !== undefined || startMs !== undefined;
  const shown = isFromOldest ? found.slice(0, limit) : found.slice(-limit);
  return answer(shown.map(({ order, fill }) => tradeBody(order, fill)));
}

export function orderCount(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  return answer(venue.exchange.orderCounts.describe(owner.accountId));
}

export function preventedMatches(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market = readMarket(request);
  const matchId = parameters.optionalInteger('preventedMatchId');
  const orderId = parameters.optionalInteger('orderId');
  const fromId = parameters.optionalInteger('fromPreventedMatchId');
  const limit = parameters.limit(500, 1000);
  if ((matchId === undefined) === (orderId === undefined)) parameters.fail(OPTIONAL_COMBINATION);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const found = venue.exchange.history
    .ledger(owner, market)
    .prevented.filter(
      ({ match }) =>
        (matchId === undefined || match.preventedMatchId === matchId) &&
        (orderId === undefined ||
          match.takerOrderId === orderId ||
          match.makerOrderId === orderId) &&
        match.preventedMatchId >= (fromId ?? 0),
    );
  return answer(found.slice(0, limit).map(({ order, match }) => preventedMatchBody(order, match)));
}

/** The venue routes no orders elsewhere, so nothing is ever allocated. */
export function allocations(request: SignedRequest): Answer {
  const { parameters } = request;
  readMarket(request);
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  parameters.optionalInteger('fromAllocationId');
  parameters.optionalInteger('orderId');
  parameters.limit(500, 1000);
  const problem = parameters.problem() ?? tooLong(startMs, endMs);
  return problem === undefined ? answer([]) : refused(problem);
}

export function commission(request: SignedRequest): Answer {
  const { parameters, account: owner } = request;
  const market = readMarket(request);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const zero = { maker: ZERO, taker: ZERO, buyer: ZERO, seller: ZERO };
  return answer({
    symbol: market.symbol,
    standardCommission: {
      ...zero,
      maker: rateText(owner.makerFeePpm),
      taker: rateText(owner.takerFeePpm),
    },
    specialCommission: zero,
    taxCommission: zero,
    discount: DISCOUNT,
  });
}

export function amendments(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market = readMarket(request);
  const orderId = parameters.integer('orderId');
  const fromId = parameters.optionalInteger('fromExecutionId');
  const limit = parameters.limit(500, 1000);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  const order = venue.exchange.history.find(owner, market, { orderId, clientOrderId: undefined });
  if (order === undefined) return refused(NO_SUCH_ORDER);
  const found = order.amendments.filter((amendment) => amendment.executionId >= (fromId ?? 0));
  return answer(found.slice(0, limit).map((amendment) => amendmentBody(order, amendment)));
}

export function myFilters(request: SignedRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  return answer({ exchangeFilters: [], symbolFilters: market.filters.listed, assetFilters: [] });
}

/** The rights of the key that asks. */
export function apiRestrictions(request: SignedRequest): Answer {
  const { parameters, key } = request;
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const { rights } = key;
  return answer({
    ipRestrict: key.ipAllowList.length > 0,
    createTime: key.createTime,
    enableReading: rights.reading,
    enableWithdrawals: rights.withdrawals,
    enableInternalTransfer: rights.internalTransfer,
    enableMargin: rights.margin,
    enableFutures: rights.futures,
    permitsUniversalTransfer: rights.universalTransfer,
    enableVanillaOptions: rights.options,
    enableFixApiTrade: false,
    enableFixReadOnly: false,
    enableSpotAndMarginTrading: rights.spotTrading,
    enablePortfolioMarginTrading: false,
  });
}

/** Every coin of the venue; none can be moved in or out over a network. */
export function coins(request: SignedRequest): Answer {
  const { parameters, account: owner } = request;
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  return answer(
    Array.from(owner.balances, ([asset, balance]) => ({
      coin: asset,
      depositAllEnable: false,
      free: unitsText(balance.free, owner.scaleOf(asset)),
      freeze: ZERO,
      ipoable: ZERO,
      ipoing: ZERO,
      isLegalMoney: false,
      locked: unitsText(balance.locked, owner.scaleOf(asset)),
      name: asset,
      networkList: [],
      storage: ZERO,
      trading: true,
      withdrawAllEnable: false,
      withdrawing: ZERO,
    })),
  );
}

/** Nothing here trades on margin; clients ask all the same when they load their markets. */
export function marginPairs(request: SignedRequest): Answer {
  const problem = request.parameters.problem();
  return problem === undefined ? answer([]) : refused(problem);
}

export function tradeFee(request: SignedRequest): Answer {
  const { parameters, venue, account: owner } = request;
  const market: Market | undefined = parameters.has('symbol') ? readMarket(request) : undefined;
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const markets = market === undefined ? Array.from(venue.exchange.markets()) : [market];
  return answer(
    markets.map(({ symbol }) => ({
      symbol,
      makerCommission: rateText(owner.makerFeePpm),
      takerCommission: rateText(owner.takerFeePpm),
    })),
  );
}

function byAge(left: VenueOrder, right: VenueOrder): number {
  return left.time - right.time || left.orderId - right.orderId;
}
