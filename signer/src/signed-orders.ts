// SPDX-License-Identifier: Apache-2.0
// Which client order IDs were ever signed, so that none is signed twice and a lost order can be asked for.

import { CLOSING_MS, GRACE_MS_MAX, KEY_LIFE_MS } from './life/state.ts';

/** Most IDs held: about 130 MB. */
export const SIGNED_ORDERS_MAX = 1_000_000;
/** How long after its end a connection's orders can be looked up. */
export const LOOK_UP_GRACE_MS: number = 7 * 86_400_000;
/** How long an ID is remembered: as long as a key can live and be asked about. */
export const REMEMBERED_MS: number = KEY_LIFE_MS + GRACE_MS_MAX + CLOSING_MS + LOOK_UP_GRACE_MS;

export class SignedOrders {
  readonly #times = new Map<string, Map<string, number>>();
  /** Those of before orders were tagged, as `connection id`: the exchange has them under the desk's own ID. */
  readonly #untagged = new Set<string>();
  #size = 0;

  hasRoomFor(orders: number): boolean {
    return this.#size + orders <= SIGNED_ORDERS_MAX;
  }

  /** The request's timestamp, or undefined where the ID was never signed. */
  timeOf(connection: string, clientOrderId: string): number | undefined {
    return this.#times.get(connection)?.get(clientOrderId);
  }

  /** Whether the exchange has the order under its ID as it is: it was signed before orders were tagged. */
  isUntagged(connection: string, clientOrderId: string): boolean {
    return this.#untagged.has(`${connection} ${clientOrderId}`);
  }

  /** Remembers an order of before orders were tagged. */
  addUntagged(connection: string, clientOrderId: string, time: number): void {
    this.add(connection, clientOrderId, time);
    this.#untagged.add(`${connection} ${clientOrderId}`);
  }

  /** Remembers an order, and forgets those of its connection that have outlived every key. */
  add(connection: string, clientOrderId: string, time: number): void {
    let times = this.#times.get(connection);
    if (times === undefined) {
      times = new Map();
      this.#times.set(connection, times);
    }
    for (const [old, at] of times) {
      if (at > time - REMEMBERED_MS) break;
      this.remove(connection, old);
      this.#untagged.delete(`${connection} ${old}`);
    }
    if (!times.has(clientOrderId)) this.#size += 1;
    times.set(clientOrderId, time);
  }

  /** Takes an ID out again for which no signature came about. */
  remove(connection: string, clientOrderId: string): void {
    if (this.#times.get(connection)?.delete(clientOrderId) === true) this.#size -= 1;
  }

  /** Drops all IDs of a connection that can neither sign nor be asked about any more. */
  forget(connection: string): void {
    const times = this.#times.get(connection);
    this.#size -= times?.size ?? 0;
    for (const id of times?.keys() ?? []) this.#untagged.delete(`${connection} ${id}`);
    this.#times.delete(connection);
  }
}
