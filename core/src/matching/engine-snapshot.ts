// SPDX-License-Identifier: Apache-2.0
// The engine's state as plain data, with every order's place in its queue.

import { assertWellFormed, type EngineOrder } from './engine-order.ts';
import { LiveOrder } from './level.ts';

export interface OrderSnapshot {
  readonly terms: EngineOrder;
  readonly quantityLots: number;
  readonly filledLots: number;
  readonly preventedLots: number;
  readonly filledNotional: number;
  readonly visibleLots: number;
  readonly isTriggered: boolean;
  readonly extremeTicks: number;
}

/** Plain JSON data. The order of `resting` is the order of the queues. */
export interface EngineSnapshot {
  readonly version: 1;
  readonly lastTicks: number;
  readonly newestOrderId: number;
  readonly newestTradeId: number;
  /** Orders on the book: bids, then asks, each best price first and first come first. */
  readonly resting: readonly OrderSnapshot[];
  /** Orders that wait for their stop. */
  readonly waiting: readonly OrderSnapshot[];
}

export function snapshotOrder(order: LiveOrder): OrderSnapshot {
  const { terms, quantityLots, filledLots, preventedLots, filledNotional, visibleLots } = order;
  const { isTriggered, extremeTicks } = order;
  return {
    terms: { ...terms },
    quantityLots,
    filledLots,
    preventedLots,
    filledNotional,
    visibleLots,
    isTriggered,
    extremeTicks,
  };
}

export function restoreOrder(snapshot: OrderSnapshot): LiveOrder {
  assertWellFormed(snapshot.terms);
  const order = new LiveOrder(snapshot.terms);
  order.quantityLots = snapshot.quantityLots;
  order.filledLots = snapshot.filledLots;
  order.preventedLots = snapshot.preventedLots;
  order.filledNotional = snapshot.filledNotional;
  order.visibleLots = snapshot.visibleLots;
  order.isTriggered = snapshot.isTriggered;
  order.extremeTicks = snapshot.extremeTicks;
  return order;
}
