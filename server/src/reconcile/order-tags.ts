// SPDX-License-Identifier: Apache-2.0
// Whether an order that bears this desk's mark is one that its signer signed: the signer alone can tell by the tag.
//
// An order that the store knows by its number at the exchange needs no question. What the signer has said of an order
// is remembered; while it cannot be asked nothing is said of the order, and nothing is done about it.

import type { ListedOrder } from '@kontor/exchange';
import type { OrderDesk, OrderLinks } from '../runner/order-desk.ts';
import type { Store } from '../store/store.ts';
import { toId, type OrderIds } from './order-ids.ts';

export interface OrderTagPorts {
  readonly connection: () => string;
  readonly links: OrderLinks;
  readonly ids: OrderIds;
  readonly store: Store;
  readonly orders: () => Pick<OrderDesk, 'liveOrders'>;
}

/** `ours`: signed here. `forged`: it bears our mark and was not. `foreign`: it does not bear it. */
export type Origin = 'ours' | 'forged' | 'foreign';

/** Orders of which is remembered what the signer said. */
const REMEMBERED_MAX = 5_000;

export class OrderTags {
  readonly #ports: OrderTagPorts;
  readonly #said = new Map<string, Origin>();

  constructor(ports: OrderTagPorts) {
    this.#ports = ports;
  }

  /** Whose an order is; null where the signer must be asked. */
  known(order: ListedOrder): Origin | null {
    const { ids, orders, store } = this.#ports;
    const { symbol, clientOrderId, exchangeOrderId } = order;
    if (!ids.isOurs(clientOrderId)) return 'foreign';
    const id = toId(clientOrderId);
    if (id !== null && orders().liveOrders.get(id)?.exchangeOrderId === exchangeOrderId) {
      return 'ours';
    }
    const said = this.#said.get(keyOf(order));
    if (said !== undefined) return said;
    const row = store.get(
      `SELECT 1 FROM orders WHERE client_order_id = ?1 AND exchange_order_id = ?2 AND symbol = ?3
       UNION ALL SELECT 1 FROM orphans WHERE client_order_id = ?1 AND exchange_order_id = ?2 AND symbol = ?3`,
      clientOrderId,
      exchangeOrderId,
      symbol,
    );
    return row === undefined ? null : 'ours';
  }

  /** As `known`, with the signer's word where it needs one; null where it does not say now. */
  async find(order: ListedOrder): Promise<Origin | null> {
    const known = this.known(order);
    if (known !== null) return known;
    const { links, connection } = this.#ports;
    const isValid = await links.verifyTag(connection(), order.venueClientOrderId);
    if (isValid === undefined) return null;
    const origin = isValid ? 'ours' : 'forged';
    this.#said.set(keyOf(order), origin);
    for (const oldest of this.#said.keys()) {
      if (this.#said.size <= REMEMBERED_MAX) break;
      this.#said.delete(oldest);
    }
    return origin;
  }
}

function keyOf({ symbol, exchangeOrderId }: ListedOrder): string {
  return `${symbol} ${exchangeOrderId}`;
}
