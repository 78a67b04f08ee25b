// SPDX-License-Identifier: Apache-2.0
// Orders with the desk's tag that the store has no intent for: shown until a person adopts or cancels them.

import type { ListedOrder } from '@kontor/exchange';
import { numberOf, textOf, type Row, type Store } from '../store/store.ts';
import type { OrderName } from './order-ids.ts';

/**
 * `shown`: waits for a decision. `adopted`: followed to its end. `cancelled`: taken off the book by the desk.
 * `gone`: ended by itself or by someone else before anyone decided.
 */
export type OrphanState = 'shown' | 'adopted' | 'cancelled' | 'gone';

/** Why the store knows nothing of it. */
export type OrphanReason =
  /** The store was restored from a copy that is older than the order. */
  | 'olderStore'
  /** Its ID names a bot that this store does not have. */
  | 'unknownBot'
  /** Its ID has the desk's tag in a form that no bot writes. */
  | 'unknownForm'
  /** It names a bot of this store and an order that the bot never sent. */
  | 'unknownOrder';

export interface Orphan {
  readonly orphanId: number;
  readonly order: ListedOrder;
  /** Whom the ID names; null where it names nobody. */
  readonly botId: string | null;
  readonly dealNumber: number | null;
  readonly state: OrphanState;
  readonly reason: OrphanReason;
  readonly firstSeenAt: number;
  readonly updatedAt: number;
}

/** Most that are kept; the oldest that have ended go first. */
const ORPHANS_MAX = 10_000;

export class OrphanBook {
  readonly #store: Store;
  /** Those that may still change, by symbol and exchange ID. */
  readonly #open = new Map<string, Orphan>();

  constructor(store: Store) {
    this.#store = store;
    for (const row of store.all("SELECT * FROM orphans WHERE exchange_state = 'open'")) {
      const orphan = toOrphan(row);
      this.#open.set(keyOf(orphan.order), orphan);
    }
  }

  /** Those that rest at the exchange, as far as is known. */
  get open(): readonly Orphan[] {
    return [...this.#open.values()];
  }

  /** The newest first, those that wait for a decision before all others. */
  list(limit: number): readonly Orphan[] {
    return this.#store
      .all(
        "SELECT * FROM orphans ORDER BY state = 'shown' DESC, orphan_id DESC LIMIT ?",
        Math.min(limit, ORPHANS_MAX),
      )
      .map(toOrphan);
  }

  get(orphanId: number): Orphan | null {
    const row = this.#store.get('SELECT * FROM orphans WHERE orphan_id = ?', orphanId);
    return row === undefined ? null : toOrphan(row);
  }

  find(symbol: string, exchangeOrderId: string): Orphan | null {
    const open = this.#open.get(keyOf({ symbol, exchangeOrderId }));
    if (open !== undefined) return open;
    const row = this.#store.get(
      'SELECT * FROM orphans WHERE symbol = ? AND exchange_order_id = ?',
      symbol,
      exchangeOrderId,
    );
    return row === undefined ? null : toOrphan(row);
  }

  /** Writes a new orphan down. */
  add(order: ListedOrder, name: OrderName | null, reason: OrphanReason, now: number): Orphan {
    const state: OrphanState = order.state === 'open' ? 'shown' : 'gone';
    this.#store.run(
      `INSERT INTO orphans (symbol, exchange_order_id, client_order_id, side, price, quantity, filled, exchange_state,
         bot_id, deal_number, state, reason, placed_at, first_seen_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      order.symbol,
      order.exchangeOrderId,
      order.clientOrderId,
      order.side,
      order.price,
      order.quantity,
      order.filledQuantity,
      order.state,
      name?.botId ?? null,
      name?.dealNumber ?? null,
      state,
      reason,
      order.time,
      now,
      now,
    );
    this.#store.run(
      "DELETE FROM orphans WHERE exchange_state != 'open' AND orphan_id <= (SELECT max(orphan_id) FROM orphans) - ?",
      ORPHANS_MAX,
    );
    return this.#reread(order);
  }

  /** Writes down how the order stands now; `state` is what has been decided about it. */
  update(orphan: Orphan, order: ListedOrder, state: OrphanState, now: number): Orphan {
    this.#store.run(
      'UPDATE orphans SET filled = ?, exchange_state = ?, state = ?, updated_at = ? WHERE orphan_id = ?',
      order.filledQuantity,
      order.state,
      state,
      now,
      orphan.orphanId,
    );
    return this.#reread(order);
  }

  #reread(order: ListedOrder): Orphan {
    const row = this.#store.get(
      'SELECT * FROM orphans WHERE symbol = ? AND exchange_order_id = ?',
      order.symbol,
      order.exchangeOrderId,
    );
    if (row === undefined) throw new Error('Invariant: an orphan that was written is there');
    const orphan = toOrphan(row);
    if (orphan.order.state === 'open') this.#open.set(keyOf(order), orphan);
    else this.#open.delete(keyOf(order));
    return orphan;
  }
}

function keyOf({
  symbol,
  exchangeOrderId,
}: {
  readonly symbol: string;
  readonly exchangeOrderId: string;
}): string {
  return `${symbol} ${exchangeOrderId}`;
}

const STATES: readonly OrphanState[] = ['shown', 'adopted', 'cancelled', 'gone'];
const REASONS: readonly OrphanReason[] = [
  'olderStore',
  'unknownBot',
  'unknownForm',
  'unknownOrder',
];
const EXCHANGE_STATES: readonly ListedOrder['state'][] = ['open', 'filled', 'cancelled', 'expired'];

function toOrphan(row: Row): Orphan {
  const botId = row['bot_id'];
  const dealNumber = row['deal_number'];
  return {
    orphanId: numberOf(row, 'orphan_id'),
    order: {
      symbol: textOf(row, 'symbol'),
      clientOrderId: textOf(row, 'client_order_id'),
      venueClientOrderId: textOf(row, 'client_order_id'),
      exchangeOrderId: textOf(row, 'exchange_order_id'),
      side: textOf(row, 'side') === 'buy' ? 'buy' : 'sell',
      state: EXCHANGE_STATES.find((state) => state === row['exchange_state']) ?? 'open',
      price: textOf(row, 'price'),
      quantity: textOf(row, 'quantity'),
      filledQuantity: textOf(row, 'filled'),
      time: numberOf(row, 'placed_at'),
      updateTime: numberOf(row, 'updated_at'),
    },
    botId: typeof botId === 'string' ? botId : null,
    dealNumber: typeof dealNumber === 'number' ? dealNumber : null,
    state: STATES.find((state) => state === row['state']) ?? 'shown',
    reason: REASONS.find((reason) => reason === row['reason']) ?? 'unknownOrder',
    firstSeenAt: numberOf(row, 'first_seen_at'),
    updatedAt: numberOf(row, 'updated_at'),
  };
}
