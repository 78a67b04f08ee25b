// SPDX-License-Identifier: Apache-2.0
// The requests that egress has and has not reported on: a bounded number, for a bounded time.

import type { KeyIntent } from './binance/requests.ts';
import { REQUEST_TIMEOUT_MS } from './wire.ts';

/** More means that egress does not keep up. */
const IN_FLIGHT_MAX = 1_024;
/** A request without a receipt is forgotten after this: egress would have given up on it long ago. */
const IN_FLIGHT_MS_MAX: number = REQUEST_TIMEOUT_MS + 20_000;

export interface InFlight {
  readonly intent: KeyIntent;
  /** On the window clock. */
  readonly since: number;
  /** Unix time at which it was signed. */
  readonly timestamp: number;
}

export class RequestsInFlight {
  readonly #requests = new Map<number, InFlight>();

  /** Whether one more may go; `now` is on the window clock. */
  hasRoom(now: number): boolean {
    if (this.#requests.size >= IN_FLIGHT_MAX) {
      for (const [id, { since }] of this.#requests) {
        if (since < now - IN_FLIGHT_MS_MAX) this.#requests.delete(id);
      }
    }
    return this.#requests.size < IN_FLIGHT_MAX;
  }

  add(request: InFlight): void {
    this.#requests.set(request.intent.id, request);
  }

  /** The request of an intent; undefined for one that is not under way. */
  get(id: number): InFlight | undefined {
    return this.#requests.get(id);
  }

  /** A request is under way no more; answers with what it was. */
  end(id: number): InFlight | undefined {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    return request;
  }
}
