// SPDX-License-Identifier: Apache-2.0
// What the matching engine is given and what it tells: orders in, verdicts and events out.

import type { Side, TimeInForce } from '../order.ts';

export type EngineOrderType =
  | 'limit'
  | 'limitMaker'
  | 'market'
  | 'stopLoss'
  | 'stopLossLimit'
  | 'takeProfit'
  | 'takeProfitLimit';

/** What happens when two orders of one owner would trade; the taker's mode counts. */
export type SelfTradePrevention =
  'none' | 'expireTaker' | 'expireMaker' | 'expireBoth' | 'decrement';

/** The owner whose orders make the market of a replay; they are never held back as self-trades. */
export const HOUSE = 0;

/** An order as it is placed. The engine keeps the object: it must not change afterwards. */
export interface EngineOrder {
  /** The caller's; larger than that of every order accepted before. */
  readonly orderId: number;
  /** 0 is the house. */
  readonly ownerId: number;
  readonly side: Side;
  readonly type: EngineOrderType;
  /** Counts for `limit`, `stopLossLimit` and `takeProfitLimit`; a limit maker is always GTC. */
  readonly timeInForce: TimeInForce;
  /** 0 for market kinds. */
  readonly priceTicks: number;
  /** 0 when `quoteBudget` is set. */
  readonly quantityLots: number;
  /** Market by quote amount, in ticks × lots; 0 otherwise. */
  readonly quoteBudget: number;
  /** 0 without a stop. With a trailing delta it is the price from which the market is tracked. */
  readonly stopTicks: number;
  /** In basis points; 0 without trailing. */
  readonly trailingDeltaBips: number;
  /** The visible part of an iceberg; 0 without. */
  readonly icebergLots: number;
  readonly selfTradePrevention: SelfTradePrevention;
}

/**
 * `wouldTake`: a limit maker that would trade at once. `wouldTrigger`: a stop that the last price has
 * already reached. Both leave no trace in the engine.
 */
export type PlaceVerdict = 'accepted' | 'wouldTake' | 'wouldTrigger';

/**
 * `filled` means wholly. `expired`: what IOC, FOK and market orders leave. `expiredInMatch`: self-trade
 * prevention took at least a part of the order.
 */
export type EngineEnd = 'filled' | 'cancelled' | 'expired' | 'expiredInMatch';

/** Order IDs are 0 where the house acts without an order: both of a print, the taker of `houseTakes`. */
export interface EngineTrade {
  readonly tradeId: number;
  readonly priceTicks: number;
  readonly lots: number;
  readonly takerOrderId: number;
  readonly makerOrderId: number;
  readonly takerSide: Side;
  readonly takerOwnerId: number;
  readonly makerOwnerId: number;
}

/**
 * Where the engine tells what it does: synchronously, in order, before the call that caused it returns. A
 * sink must not call the engine. One that throws leaves the engine unusable.
 */
export interface EngineEvents {
  /** The object is reused between calls: copy what you keep. */
  onTrade(trade: EngineTrade): void;
  /** The order is on the book now, also after its stop triggered. */
  onRested(orderId: number): void;
  /** The order's stop triggered; what it does next follows. */
  onTriggered(orderId: number): void;
  onEnded(orderId: number, end: EngineEnd, filledLots: number): void;
  /**
   * `lots` of a self-trade at `priceTicks` did not happen. Under `decrement` both orders lost these lots;
   * under the expiring modes `onEnded` follows for each order that lost all it had left.
   */
  onPrevented(takerOrderId: number, makerOrderId: number, lots: number, priceTicks: number): void;
  /** A level's visible lots are now `lots`; 0 means the level is gone. */
  onLevel(side: Side, priceTicks: number, lots: number): void;
}

/** An order that is on the book or waits for its stop. */
export interface OpenOrder {
  readonly orderId: number;
  readonly ownerId: number;
  readonly side: Side;
  readonly type: EngineOrderType;
  readonly priceTicks: number;
  readonly quantityLots: number;
  /** quantityLots less what was filled and what self-trade prevention took. */
  readonly leavesLots: number;
  readonly filledLots: number;
  /** The sum of ticks × lots of its fills. Not kept for the house, whose quantities have no bound. */
  readonly filledNotional: number;
  /** Its stop has triggered; false for an order without a stop. */
  readonly isTriggered: boolean;
  readonly stopTicks: number;
}

/** Whether the order waits off the book until the market reaches its stop. */
export function isStopKind(type: EngineOrderType): boolean {
  switch (type) {
    case 'stopLoss':
    case 'stopLossLimit':
    case 'takeProfit':
    case 'takeProfitLimit':
      return true;
    case 'limit':
    case 'limitMaker':
    case 'market':
      return false;
  }
}

/** Whether the order trades at any price. */
export function isMarketKind(type: EngineOrderType): boolean {
  return type === 'market' || type === 'stopLoss' || type === 'takeProfit';
}

/**
 * Stops the caller that sends an order which makes no sense; what a user may get wrong is the venue's to
 * refuse before.
 */
export function assertWellFormed(order: EngineOrder): void {
  const { type, priceTicks, quantityLots, quoteBudget, stopTicks, trailingDeltaBips } = order;
  const isIceberg = order.icebergLots !== 0;
  requireField(isCount(order.orderId) && order.orderId > 0, 'orderId', order.orderId);
  requireField(isCount(order.ownerId), 'ownerId', order.ownerId);
  requireField(isCount(quantityLots), 'quantityLots', quantityLots);
  requireField(isCount(quoteBudget), 'quoteBudget', quoteBudget);
  requireField(
    quoteBudget > 0 !== quantityLots > 0,
    'quoteBudget or else quantityLots',
    quoteBudget,
  );
  requireField(quoteBudget === 0 || type === 'market', 'quoteBudget', quoteBudget);
  requireField(isCount(priceTicks), 'priceTicks', priceTicks);
  requireField(isMarketKind(type) === (priceTicks === 0), 'priceTicks', priceTicks);
  requireField(isCount(stopTicks), 'stopTicks', stopTicks);
  requireField(isCount(trailingDeltaBips), 'trailingDeltaBips', trailingDeltaBips);
  requireField(isStopKind(type) === stopTicks + trailingDeltaBips > 0, 'stopTicks', stopTicks);
  requireField(isCount(order.icebergLots), 'icebergLots', order.icebergLots);
  requireField(!isIceberg || mayRest(order), 'icebergLots', order.icebergLots);
}

/** Whether what is left of the order stands on the book. */
export function mayRest(order: EngineOrder): boolean {
  if (isMarketKind(order.type)) return false;
  return order.type === 'limitMaker' || order.timeInForce === 'GTC';
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function requireField(isRight: boolean, field: string, value: number): void {
  if (!isRight) throw new Error(`Invariant: ${field} does not fit the order's kind, was ${value}`);
}
