// SPDX-License-Identifier: Apache-2.0
// What the desk's orders are called at the exchange: tagged, but for those that were signed before there were tags.

import { strict as assert } from 'node:assert';
import type { KeyIntent } from './binance/requests.ts';
import type { OrderTags } from './order-tag.ts';
import type { SignedOrders } from './signed-orders.ts';

export class OrderNames {
  readonly #orders: SignedOrders;
  readonly #tags: () => OrderTags | null;

  /** `tags` answers null while the vault is locked. */
  constructor(orders: SignedOrders, tags: () => OrderTags | null) {
    this.#orders = orders;
    this.#tags = tags;
  }

  /** Whether an order is this signer's own; null while the vault is locked. */
  isOwn(connection: string, exchangeId: string): boolean | null {
    const tags = this.#tags();
    if (tags === null) return null;
    return tags.isTagged(connection, exchangeId) || this.#orders.isUntagged(connection, exchangeId);
  }

  /** The desk's ID of an order of this signer's; null for any other, and for all while the vault is locked. */
  deskIdOf(connection: string, exchangeId: string): string | null {
    if (this.#orders.isUntagged(connection, exchangeId)) return exchangeId;
    return this.#tags()?.untaggedId(connection, exchangeId) ?? null;
  }

  /** Asserts that the vault is open. */
  exchangeIdOf(connection: string, deskId: string): string {
    const tags = this.#tags();
    assert(tags !== null, 'Invariant: requests are built while the vault is open');
    return this.#orders.isUntagged(connection, deskId) ? deskId : tags.taggedId(connection, deskId);
  }
}

/** The desk's IDs of the orders that `intent` places. */
export function orderIdsOf(intent: KeyIntent): readonly string[] {
  if (intent.kind === 'placeOrder') return [intent.order.clientOrderId];
  if (intent.kind !== 'placePair') return [];
  return [intent.takeProfit.clientOrderId, intent.stopLoss.clientOrderId];
}
