// SPDX-License-Identifier: Apache-2.0
// What the log of earlier runs says of orders that still matters: their IDs, what weighs on a counter, what may be open.

import { factsOf } from './facts.ts';
import type { Lives } from './life/lives.ts';
import { GRACE_MS_MAX } from './life/state.ts';
import type { PastEntry } from './log/intent-log.ts';
import { OpenOrders } from './policy/history.ts';
import type { RequestFacts } from './policy/request-facts.ts';
import { LOOK_UP_GRACE_MS, REMEMBERED_MS, SignedOrders } from './signed-orders.ts';

/** Counters look back a day, and a minute for their rounding. */
const COUNTED_MS: number = 86_400_000 + 2 * 60_000;
/** How the IDs of orders are tagged; entries of before there were tags have none. */
export const TAG_VERSION = 1;

/** What the counters of a policy begin with. */
interface Counted {
  /** Orders that may be open. */
  readonly open: OpenOrders;
  /** Requests that may still weigh on a counter, old to new. */
  readonly recent: {
    readonly connection: string;
    readonly facts: RequestFacts;
    readonly time: number;
  }[];
}

export class Past {
  readonly orders: SignedOrders = new SignedOrders();
  #counted: Counted = { open: new OpenOrders(), recent: [] };
  readonly #connections = new Set<string>();
  readonly #now: number;

  constructor(now: number) {
    this.#now = now;
  }

  read({ kind, time, fields }: PastEntry): void {
    const { connection } = fields;
    if (typeof connection !== 'string') return;
    const isEnd = kind === 'answer' && fields['ended'] === 'yes';
    if (isEnd) this.#counted.open.remove(connection, String(fields['clientOrderId']));
    // An intent counts whether or not its signature was noted: the crash may have come in between.
    if (kind !== 'intent') return;
    const { clientOrderId } = fields;
    if (
      fields['op'] === 'order.place' &&
      typeof clientOrderId === 'string' &&
      time + REMEMBERED_MS > this.#now
    ) {
      this.#connections.add(connection);
      if (fields['tag'] === TAG_VERSION) this.orders.add(connection, clientOrderId, time);
      else this.orders.addUntagged(connection, clientOrderId, time);
      this.#counted.open.add(connection, clientOrderId, factsOf(fields));
    }
    if (time > this.#now - COUNTED_MS)
      this.#counted.recent.push({ connection, facts: factsOf(fields), time });
  }

  /** Gives away what the counters begin with: a start needs it once, and nothing is to keep it for longer. */
  takeCounted(): Counted {
    const counted = this.#counted;
    this.#counted = { open: new OpenOrders(), recent: [] };
    return counted;
  }

  /** Drops the IDs of connections that can neither sign nor be asked about any more. */
  forgetEnded(lives: Lives): void {
    for (const connection of this.#connections) {
      // A policy may leave up to as long.
      const standing = lives.standing(connection, this.#now, GRACE_MS_MAX);
      if (standing === undefined || this.#now >= standing.cancelsUntil + LOOK_UP_GRACE_MS)
        this.orders.forget(connection);
    }
  }
}
