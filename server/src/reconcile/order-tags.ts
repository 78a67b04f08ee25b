// SPDX-License-Identifier: Apache-2.0
// Whether an order that bears this desk's mark is one that its signer signed: the signer alone can tell by the tag.
//
// An order that the store knows by its number at the exchange needs no question. What the signer has said of an order
// is remembered; while it cannot be asked nothing is said of the order, and nothing is done about it.

import type { ListedOrder } from '@kontor/exchange';
import type { OrderDesk, OrderLinks } from '../runner/order-desk.ts';
import { numberOf, type Store } from '../store/store.ts';
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
/** The exchange's clock and ours. */
const CLOCKS_APART_MS = 1_000;

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
    const live = id === null ? undefined : orders().liveOrders.get(id);
    // An exchange counts the orders of each pair by themselves.
    if (live?.request.symbol === symbol && live.exchangeOrderId === exchangeOrderId) return 'ours';
    const said = this.#said.get(keyOf(order));
    if (said !== undefined) return said;
    const orphan = store.get(
      'SELECT 1 FROM orphans WHERE client_order_id = ? AND exchange_order_id = ? AND symbol = ?',
      clientOrderId,
      exchangeOrderId,
      symbol,
    );
    if (orphan !== undefined) return 'ours';
    const sent = store.get(
      'SELECT symbol, exchange_order_id, placed_at FROM orders WHERE client_order_id = ?',
      clientOrderId,
    );
    if (sent === undefined) return null;
    const { symbol: sentSymbol, exchange_order_id: sentNumber } = sent;
    if (sentSymbol === symbol && sentNumber === exchangeOrderId) return 'ours';
    // An ID, once seen, can be used again, tag and all. This desk sends none twice: what came after the one it sent and
    // has another number or pair is a stranger's. What is older is a namesake from before a restore.
    const isAnother = sentSymbol !== symbol || sentNumber !== null;
    const isLater = order.time >= numberOf(sent, 'placed_at') - CLOCKS_APART_MS;
    return isAnother && isLater ? 'forged' : null;
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
