// SPDX-License-Identifier: Apache-2.0
// What a new policy must know of before it: the requests of the last day, by the minute, and the orders that may be open.

import type { RequestFacts } from './request-facts.ts';

const MINUTE_MS = 60_000;
/** A day and a minute for the rounding. */
const KEPT_MINUTES = 1_442;

interface Kind {
  readonly facts: RequestFacts;
  /** Requests and their money, by the minute. */
  readonly minutes: Map<number, { count: number; notional: bigint }>;
}

/**
 * The requests of the last day, summed up by connection, kind and minute: a minute counts as if all of it came at its
 * end, so that a new policy may hold them for longer than it must, never for less.
 */
export class RecentRequests {
  readonly #kinds = new Map<string, Map<string, Kind>>();
  #trimmedMinute = 0;

  /** Remembers a request; the returned function forgets it again. */
  add(connection: string, facts: RequestFacts, now: number): () => void {
    const minute = Math.floor(now / MINUTE_MS);
    this.#trim(minute);
    let kinds = this.#kinds.get(connection);
    if (kinds === undefined) {
      kinds = new Map();
      this.#kinds.set(connection, kinds);
    }
    const { operation, symbol, side, type, timeInForce, isReleased } = facts;
    const key = [operation, symbol, side, type, timeInForce, isReleased].join(' ');
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = { facts, minutes: new Map() };
      kinds.set(key, kind);
    }
    const sum = kind.minutes.get(minute) ?? { count: 0, notional: 0n };
    kind.minutes.set(minute, sum);
    const notional = facts.notional ?? 0n;
    sum.count += 1;
    sum.notional += notional;
    return () => {
      sum.count -= 1;
      sum.notional -= notional;
    };
  }

  /** Everything, from old to new, no later than `now`. */
  replay(now: number, each: (connection: string, facts: RequestFacts, time: number) => void): void {
    const bins: {
      connection: string;
      facts: RequestFacts;
      minute: number;
      count: number;
      notional: bigint;
    }[] = [];
    for (const [connection, kinds] of this.#kinds) {
      for (const { facts, minutes } of kinds.values()) {
        for (const [minute, { count, notional }] of minutes) {
          bins.push({ connection, facts, minute, count, notional });
        }
      }
    }
    bins.sort((left, right) => left.minute - right.minute);
    for (const { connection, facts, minute, count, notional } of bins) {
      const time = Math.min((minute + 1) * MINUTE_MS - 1, now);
      for (let index = 0; index < count; index += 1) {
        // The money of the whole minute rides on its first request.
        const part = facts.notional === null ? null : index === 0 ? notional : 0n;
        each(connection, { ...facts, notional: part }, time);
      }
    }
  }

  #trim(minute: number): void {
    if (minute <= this.#trimmedMinute) return;
    this.#trimmedMinute = minute;
    for (const kinds of this.#kinds.values()) {
      for (const [key, { minutes }] of kinds) {
        for (const at of minutes.keys()) {
          if (at >= minute - KEPT_MINUTES) break;
          minutes.delete(at);
        }
        if (minutes.size === 0) kinds.delete(key);
      }
    }
  }
}

/** Orders that were signed and of which the exchange has not said that they ended. */
export class OpenOrders {
  readonly #orders = new Map<string, Map<string, RequestFacts>>();

  add(connection: string, clientOrderId: string, facts: RequestFacts): void {
    let orders = this.#orders.get(connection);
    if (orders === undefined) {
      orders = new Map();
      this.#orders.set(connection, orders);
    }
    orders.set(clientOrderId, facts);
  }

  /** False where the order was not known to be open. */
  remove(connection: string, clientOrderId: string): boolean {
    return this.#orders.get(connection)?.delete(clientOrderId) === true;
  }

  each(visit: (connection: string, clientOrderId: string, facts: RequestFacts) => void): void {
    for (const [connection, orders] of this.#orders) {
      for (const [id, facts] of orders) visit(connection, id, facts);
    }
  }
}
