// SPDX-License-Identifier: Apache-2.0
// How orders, lists, trades and balances look in answers and in user-data events.

import { unitsText } from './market.ts';
import type { Account } from './account.ts';
import {
  isOpen,
  isStop,
  type Amendment,
  type OrderList,
  type PreventedMatch,
  type VenueFill,
  type VenueOrder,
} from './venue-order.ts';

export type Body = Record<string, unknown>;
export type ResponseType = 'ACK' | 'RESULT' | 'FULL';

/** The answer to a placed order. */
export function placedBody(order: VenueOrder, type: ResponseType, transactTime: number): Body {
  const body: Body = {
    symbol: order.market.symbol,
    orderId: order.orderId,
    orderListId: order.list?.orderListId ?? -1,
    clientOrderId: order.clientOrderId,
    transactTime,
  };
  if (type === 'ACK') return body;
  amounts(body, order);
  conditional(body, order);
  body['workingTime'] = order.workingTime;
  if (type === 'FULL') {
    body['fills'] = order.fills.map((fill) => fillBody(order, fill));
    if (order.preventedMatches.length > 0) {
      body['preventedMatches'] = order.preventedMatches.map((match) =>
        preventedSummary(order, match),
      );
    }
  }
  body['selfTradePreventionMode'] = order.selfTradePrevention;
  prevented(body, order);
  return body;
}

/** The answer to a cancelled order. */
export function cancelledBody(order: VenueOrder, cancelId: string, transactTime: number): Body {
  const body: Body = {
    symbol: order.market.symbol,
    origClientOrderId: order.clientOrderId,
    orderId: order.orderId,
    orderListId: order.list?.orderListId ?? -1,
    clientOrderId: cancelId,
    transactTime,
  };
  amounts(body, order);
  conditional(body, order);
  body['selfTradePreventionMode'] = order.selfTradePrevention;
  prevented(body, order);
  return body;
}

/** The answer to a query for an order. */
export function queriedBody(order: VenueOrder): Body {
  const { market } = order;
  const body: Body = {
    symbol: market.symbol,
    orderId: order.orderId,
    orderListId: order.list?.orderListId ?? -1,
    clientOrderId: order.clientOrderId,
    price: market.priceText(order.priceTicks),
    origQty: market.quantityText(order.quantityLots),
    executedQty: market.quantityText(order.executedLots),
    cummulativeQuoteQty: market.notionalText(order.executedNotional),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.kind,
    side: order.side,
    stopPrice: market.priceText(order.stopTicks),
    icebergQty: market.quantityText(order.icebergLots),
    time: order.time,
    updateTime: order.updateTime,
    isWorking: order.workingTime !== -1,
    workingTime: order.workingTime,
    origQuoteOrderQty: unitsText(order.quoteOrderUnits, market.quoteScale),
    selfTradePreventionMode: order.selfTradePrevention,
  };
  trailing(body, order);
  strategy(body, order);
  prevented(body, order);
  return body;
}

/** The answer to an amendment, and the list's state when the order belongs to one. */
export function amendedBody(order: VenueOrder, amendment: Amendment): Body {
  const { market } = order;
  const amended: Body = {
    symbol: market.symbol,
    orderId: order.orderId,
    orderListId: order.list?.orderListId ?? -1,
    origClientOrderId: amendment.origClientOrderId,
    clientOrderId: amendment.newClientOrderId,
    price: market.priceText(order.priceTicks),
    qty: market.quantityText(order.quantityLots),
    executedQty: market.quantityText(order.executedLots),
    preventedQty: market.quantityText(order.preventedLots),
    quoteOrderQty: unitsText(order.quoteOrderUnits, market.quoteScale),
    cumulativeQuoteQty: market.notionalText(order.executedNotional),
    status: order.status,
    timeInForce: order.timeInForce,
    type: order.kind,
    side: order.side,
  };
  conditional(amended, order);
  if (order.workingTime !== -1) amended['workingTime'] = order.workingTime;
  amended['selfTradePreventionMode'] = order.selfTradePrevention;
  const body: Body = {
    transactTime: amendment.time,
    executionId: amendment.executionId,
    amendedOrder: amended,
  };
  if (order.list !== undefined) {
    body['listStatus'] = {
      orderListId: order.list.orderListId,
      contingencyType: contingency(order.list),
      listOrderStatus: order.list.isDone ? 'ALL_DONE' : 'EXECUTING',
      listClientOrderId: order.list.listClientOrderId,
      symbol: market.symbol,
      orders: legs(order.list),
    };
  }
  return body;
}

export function amendmentBody(order: VenueOrder, amendment: Amendment): Body {
  return {
    symbol: order.market.symbol,
    orderId: order.orderId,
    executionId: amendment.executionId,
    origClientOrderId: amendment.origClientOrderId,
    newClientOrderId: amendment.newClientOrderId,
    origQty: order.market.quantityText(amendment.origLots),
    newQty: order.market.quantityText(amendment.newLots),
    time: amendment.time,
  };
}

/** An order list as queries show it. */
export function listBody(list: OrderList): Body {
  return {
    orderListId: list.orderListId,
    contingencyType: contingency(list),
    listStatusType: list.isDone ? 'ALL_DONE' : 'EXEC_STARTED',
    listOrderStatus: list.isDone ? 'ALL_DONE' : 'EXECUTING',
    listClientOrderId: list.listClientOrderId,
    transactionTime: list.transactionTime,
    symbol: list.market.symbol,
    orders: legs(list),
  };
}

export function tradeBody(order: VenueOrder, fill: VenueFill): Body {
  const { market } = order;
  return {
    symbol: market.symbol,
    id: fill.tradeId,
    orderId: order.orderId,
    orderListId: order.list?.orderListId ?? -1,
    price: market.priceText(fill.priceTicks),
    qty: market.quantityText(fill.lots),
    quoteQty: market.notionalText(BigInt(fill.priceTicks) * BigInt(fill.lots)),
    commission: fill.commission,
    commissionAsset: fill.commissionAsset,
    time: fill.time,
    isBuyer: order.side === 'BUY',
    isMaker: fill.isMaker,
    isBestMatch: true,
  };
}

export function preventedMatchBody(order: VenueOrder, match: PreventedMatch): Body {
  const { market } = order;
  const body: Body = {
    symbol: market.symbol,
    preventedMatchId: match.preventedMatchId,
    takerOrderId: match.takerOrderId,
    makerSymbol: market.symbol,
    makerOrderId: match.makerOrderId,
    tradeGroupId: match.accountId,
    selfTradePreventionMode: match.mode,
    price: market.priceText(match.priceTicks),
  };
  if (match.takerLots > 0) body['takerPreventedQuantity'] = market.quantityText(match.takerLots);
  if (match.makerLots > 0) body['makerPreventedQuantity'] = market.quantityText(match.makerLots);
  body['transactTime'] = match.time;
  return body;
}

/** What happened to an order, for `executionReport`. */
export interface Execution {
  readonly type:
    'NEW' | 'CANCELED' | 'REPLACED' | 'REJECTED' | 'TRADE' | 'EXPIRED' | 'TRADE_PREVENTION';
  readonly time: number;
  readonly executionId: number;
  readonly rejectReason?: string;
  /** The client order ID of a cancel, or the new one of an amendment, with the order's own before it. */
  readonly clientOrderIds?: { readonly current: string; readonly original: string };
  readonly fill?: VenueFill;
  readonly prevented?: {
    readonly match: PreventedMatch;
    /** Lots of this order that this event took. */
    readonly lots: number;
    readonly counterOrderId: number;
    /** Lots of the trade that did not happen. */
    readonly tradeLots: number;
  };
}

export function executionReport(order: VenueOrder, execution: Execution): Body {
  const { market } = order;
  const { fill } = execution;
  const isOnBook =
    isOpen(order) && order.workingTime !== -1 && (fill === undefined || fill.isMaker);
  const payload: Body = {
    e: 'executionReport',
    E: execution.time,
    s: market.symbol,
    c: execution.clientOrderIds?.current ?? order.clientOrderId,
    S: order.side,
    o: order.kind,
    f: order.timeInForce,
    q: market.quantityText(order.quantityLots),
    p: market.priceText(order.priceTicks),
    P: market.priceText(order.stopTicks),
  };
  if (order.trailingDelta > 0) {
    payload['d'] = order.trailingDelta;
    payload['D'] = order.trailingTime;
  }
  payload['F'] = market.quantityText(order.icebergLots);
  payload['g'] = order.list?.orderListId ?? -1;
  payload['C'] = execution.clientOrderIds?.original ?? '';
  payload['x'] = execution.type;
  payload['X'] = order.status;
  payload['r'] = execution.rejectReason ?? 'NONE';
  payload['i'] = order.orderId;
  payload['l'] = market.quantityText(fill?.lots ?? 0);
  payload['z'] = market.quantityText(order.executedLots);
  payload['L'] = market.priceText(fill?.priceTicks ?? 0);
  payload['n'] = fill?.commission ?? '0';
  payload['N'] = fill?.commissionAsset ?? null;
  payload['T'] = execution.time;
  payload['t'] = fill?.tradeId ?? -1;
  if (order.preventedMatchId !== -1) payload['v'] = order.preventedMatchId;
  payload['I'] = execution.executionId;
  payload['w'] = isOnBook;
  payload['m'] = fill?.isMaker ?? false;
  payload['M'] = fill !== undefined;
  payload['O'] = order.time;
  payload['Z'] = market.notionalText(order.executedNotional);
  payload['Y'] = market.notionalText(
    fill === undefined ? 0n : BigInt(fill.priceTicks) * BigInt(fill.lots),
  );
  payload['Q'] = unitsText(order.quoteOrderUnits, market.quoteScale);
  if (order.strategyId !== undefined) payload['j'] = order.strategyId;
  if (order.strategyType !== undefined) payload['J'] = order.strategyType;
  if (order.workingTime !== -1) payload['W'] = order.workingTime;
  payload['V'] = order.selfTradePrevention;
  if (execution.prevented !== undefined) {
    const { match, lots, counterOrderId, tradeLots } = execution.prevented;
    payload['A'] = market.quantityText(order.preventedLots);
    payload['B'] = market.quantityText(lots);
    payload['u'] = match.accountId;
    payload['U'] = counterOrderId;
    payload['Cs'] = market.symbol;
    payload['pl'] = market.quantityText(tradeLots);
    payload['pL'] = market.priceText(match.priceTicks);
    payload['pY'] = market.notionalText(BigInt(match.priceTicks) * BigInt(tradeLots));
  }
  return payload;
}

export function listStatus(
  list: OrderList,
  type: 'EXEC_STARTED' | 'ALL_DONE' | 'UPDATED',
  time: number,
): Body {
  return {
    e: 'listStatus',
    E: time,
    s: list.market.symbol,
    g: list.orderListId,
    c: contingency(list),
    l: type,
    L: list.isDone ? 'ALL_DONE' : 'EXECUTING',
    r: 'NONE',
    C: list.listClientOrderId,
    T: time,
    O: list.orders.map((order) => ({
      s: list.market.symbol,
      i: order.orderId,
      c: order.clientOrderId,
    })),
  };
}

export function accountPosition(account: Account, assets: Iterable<string>, time: number): Body {
  return {
    e: 'outboundAccountPosition',
    E: time,
    u: account.updateTime,
    B: Array.from(assets, (asset) => {
      const balance = account.balance(asset);
      const scale = account.scaleOf(asset);
      return { a: asset, f: unitsText(balance.free, scale), l: unitsText(balance.locked, scale) };
    }),
  };
}

function contingency(list: OrderList): string {
  return list.kind === 'OCO' ? 'OCO' : 'OTO';
}

function legs(list: OrderList): Body[] {
  return list.orders.map((order) => ({
    symbol: list.market.symbol,
    orderId: order.orderId,
    clientOrderId: order.clientOrderId,
  }));
}

function amounts(body: Body, order: VenueOrder): void {
  const { market } = order;
  body['price'] = market.priceText(order.priceTicks);
  body['origQty'] = market.quantityText(order.quantityLots);
  body['executedQty'] = market.quantityText(order.executedLots);
  body['origQuoteOrderQty'] = unitsText(order.quoteOrderUnits, market.quoteScale);
  body['cummulativeQuoteQty'] = market.notionalText(order.executedNotional);
  body['status'] = order.status;
  body['timeInForce'] = order.timeInForce;
  body['type'] = order.kind;
  body['side'] = order.side;
}

function conditional(body: Body, order: VenueOrder): void {
  if (isStop(order.kind)) body['stopPrice'] = order.market.priceText(order.stopTicks);
  trailing(body, order);
  if (order.icebergLots > 0) body['icebergQty'] = order.market.quantityText(order.icebergLots);
  strategy(body, order);
}

function trailing(body: Body, order: VenueOrder): void {
  if (order.trailingDelta === 0) return;
  body['trailingDelta'] = order.trailingDelta;
  body['trailingTime'] = order.trailingTime;
}

function strategy(body: Body, order: VenueOrder): void {
  if (order.strategyId !== undefined) body['strategyId'] = order.strategyId;
  if (order.strategyType !== undefined) body['strategyType'] = order.strategyType;
}

function prevented(body: Body, order: VenueOrder): void {
  if (order.preventedMatchId === -1) return;
  body['preventedMatchId'] = order.preventedMatchId;
  body['preventedQuantity'] = order.market.quantityText(order.preventedLots);
}

function fillBody(order: VenueOrder, fill: VenueFill): Body {
  return {
    price: order.market.priceText(fill.priceTicks),
    qty: order.market.quantityText(fill.lots),
    commission: fill.commission,
    commissionAsset: fill.commissionAsset,
    tradeId: fill.tradeId,
  };
}

function preventedSummary(order: VenueOrder, match: PreventedMatch): Body {
  const body: Body = {
    preventedMatchId: match.preventedMatchId,
    makerSymbol: order.market.symbol,
    makerOrderId: match.makerOrderId,
    price: order.market.priceText(match.priceTicks),
  };
  if (match.takerLots > 0) {
    body['takerPreventedQuantity'] = order.market.quantityText(match.takerLots);
  }
  if (match.makerLots > 0) {
    body['makerPreventedQuantity'] = order.market.quantityText(match.makerLots);
  }
  return body;
}
