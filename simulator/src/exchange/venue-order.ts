// SPDX-License-Identifier: Apache-2.0
// An order and an order list as the venue keeps them, in the wire's words.

import type { EngineOrderType, SelfTradePrevention } from '@kontor/core';
import type { Account, Lock } from './account.ts';
import type { Market } from './market.ts';

export type OrderKind =
  | 'LIMIT'
  | 'LIMIT_MAKER'
  | 'MARKET'
  | 'STOP_LOSS'
  | 'STOP_LOSS_LIMIT'
  | 'TAKE_PROFIT'
  | 'TAKE_PROFIT_LIMIT';

export type WireSide = 'BUY' | 'SELL';
export type WireTimeInForce = 'GTC' | 'IOC' | 'FOK';
export type StpMode = 'NONE' | 'EXPIRE_TAKER' | 'EXPIRE_MAKER' | 'EXPIRE_BOTH' | 'DECREMENT';

export type OrderStatus =
  | 'NEW'
  | 'PENDING_NEW'
  | 'PARTIALLY_FILLED'
  | 'FILLED'
  | 'CANCELED'
  | 'REJECTED'
  | 'EXPIRED'
  | 'EXPIRED_IN_MATCH';

export const ENGINE_TYPE: Readonly<Record<OrderKind, EngineOrderType>> = {
  LIMIT: 'limit',
  LIMIT_MAKER: 'limitMaker',
  MARKET: 'market',
  STOP_LOSS: 'stopLoss',
  STOP_LOSS_LIMIT: 'stopLossLimit',
  TAKE_PROFIT: 'takeProfit',
  TAKE_PROFIT_LIMIT: 'takeProfitLimit',
};

export const ENGINE_STP: Readonly<Record<StpMode, SelfTradePrevention>> = {
  NONE: 'none',
  EXPIRE_TAKER: 'expireTaker',
  EXPIRE_MAKER: 'expireMaker',
  EXPIRE_BOTH: 'expireBoth',
  DECREMENT: 'decrement',
};

/** What a client asks for, checked and in whole numbers. */
export interface NewOrder {
  readonly side: WireSide;
  readonly kind: OrderKind;
  readonly timeInForce: WireTimeInForce;
  /** 0 for market kinds. */
  readonly priceTicks: number;
  /** 0 when `quoteOrderUnits` is set. */
  readonly quantityLots: number;
  /** Quote to spend or receive, in units of the quote asset; 0n otherwise. */
  readonly quoteOrderUnits: bigint;
  /** 0 without. */
  readonly stopTicks: number;
  readonly trailingDelta: number;
  readonly icebergLots: number;
  readonly selfTradePrevention: StpMode;
  readonly clientOrderId: string | undefined;
  readonly strategyId: number | undefined;
  readonly strategyType: number | undefined;
}

export interface VenueFill {
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly lots: number;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly isMaker: boolean;
  readonly time: number;
}

export interface PreventedMatch {
  readonly preventedMatchId: number;
  readonly takerOrderId: number;
  readonly makerOrderId: number;
  readonly accountId: number;
  readonly mode: StpMode;
  readonly priceTicks: number;
  /** 0 when that side lost nothing. */
  readonly takerLots: number;
  readonly makerLots: number;
  readonly time: number;
}

export interface Amendment {
  readonly executionId: number;
  readonly origClientOrderId: string;
  readonly newClientOrderId: string;
  readonly origLots: number;
  readonly newLots: number;
  readonly time: number;
}

export interface VenueOrder {
  readonly market: Market;
  readonly account: Account;
  readonly orderId: number;
  /** The engine's ID of the order, or of the sentinel that waits for its stop; 0 while neither is there. */
  engineId: number;
  clientOrderId: string;
  readonly side: WireSide;
  readonly kind: OrderKind;
  readonly timeInForce: WireTimeInForce;
  readonly priceTicks: number;
  quantityLots: number;
  readonly quoteOrderUnits: bigint;
  readonly stopTicks: number;
  readonly trailingDelta: number;
  readonly icebergLots: number;
  /** The price at which a buy that executes at any price locks quote while it waits. */
  lockTicks: number;
  readonly selfTradePrevention: StpMode;
  readonly strategyId: number | undefined;
  readonly strategyType: number | undefined;
  list: OrderList | undefined;
  status: OrderStatus;
  executedLots: number;
  /** Sum of ticks × lots of its fills. */
  executedNotional: bigint;
  preventedLots: number;
  preventedMatchId: number;
  readonly time: number;
  updateTime: number;
  /** −1 until it works on the book. */
  workingTime: number;
  /** −1 until its trailing starts. */
  trailingTime: number;
  isTriggered: boolean;
  lock: Lock | undefined;
  /** What a cancel in progress makes of the order. */
  endAs: 'CANCELED' | 'EXPIRED';
  /** The client order ID of the cancel in progress. */
  cancelClientOrderId: string;
  readonly fills: VenueFill[];
  readonly preventedMatches: PreventedMatch[];
  readonly amendments: Amendment[];
  /** Dropped from the history because newer orders needed its room. */
  isForgotten: boolean;
}

export type ListKind = 'OCO' | 'OTO' | 'OTOCO';

export interface OrderList {
  readonly orderListId: number;
  readonly account: Account;
  readonly market: Market;
  readonly kind: ListKind;
  readonly listClientOrderId: string;
  readonly transactionTime: number;
  /** In the order of their IDs; an OTO's working order comes first. */
  readonly orders: VenueOrder[];
  isDone: boolean;
  /** The orders that waited have been sent to the engine. */
  isActivated: boolean;
}

export function isOpen(order: VenueOrder): boolean {
  return (
    order.status === 'NEW' || order.status === 'PARTIALLY_FILLED' || order.status === 'PENDING_NEW'
  );
}

export function isStop(kind: OrderKind): boolean {
  return (
    kind === 'STOP_LOSS' ||
    kind === 'STOP_LOSS_LIMIT' ||
    kind === 'TAKE_PROFIT' ||
    kind === 'TAKE_PROFIT_LIMIT'
  );
}

/** Whether the order executes without a limit price. */
export function isMarketKind(kind: OrderKind): boolean {
  return kind === 'MARKET' || kind === 'STOP_LOSS' || kind === 'TAKE_PROFIT';
}

export function leavesLots(order: VenueOrder): number {
  return order.quantityLots - order.executedLots - order.preventedLots;
}

/** True when the stop fires on a rising price. */
export function triggersAbove(kind: OrderKind, side: WireSide): boolean {
  const isStopLoss = kind === 'STOP_LOSS' || kind === 'STOP_LOSS_LIMIT';
  return isStopLoss === (side === 'BUY');
}
