// SPDX-License-Identifier: Apache-2.0
// Orders that wait a moment for the first word of their market, rather than be refused for the lack of it.

import type { KeyIntent } from '../binance/requests.ts';
import { loggedParts } from '../facts.ts';

/** An order waits so long at most. */
export const WAITING_MS = 1_000;
/** Orders that wait at once; further ones are refused. */
const WAITING_MAX = 256;

export interface WaitingOrder {
  readonly intent: KeyIntent;
  readonly venue: string;
  readonly symbol: string;
  /** On the window clock. */
  readonly until: number;
}

export class WaitingOrders {
  #orders: readonly WaitingOrder[] = [];

  /** False where it has waited long enough (`until`, null for one that came now) or too many wait. */
  add(intent: KeyIntent, venue: string, until: number | null, now: number): boolean {
    const end = until ?? now + WAITING_MS;
    const [{ symbol }] = loggedParts(intent);
    if (now >= end || this.#orders.length >= WAITING_MAX || typeof symbol !== 'string')
      return false;
    this.#orders = [...this.#orders, { intent, venue, symbol, until: end }];
    return true;
  }

  has(id: number): boolean {
    return this.#orders.some(({ intent }) => intent.id === id);
  }

  /** Those that are meant wait no more. */
  take(isMeant: (order: WaitingOrder) => boolean): readonly WaitingOrder[] {
    const meant = this.#orders.filter(isMeant);
    if (meant.length > 0) this.#orders = this.#orders.filter((order) => !isMeant(order));
    return meant;
  }
}
