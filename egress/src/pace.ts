// SPDX-License-Identifier: Apache-2.0
// How fast a venue may be asked: its own account of the weight used, and its demands to wait.

import type { IncomingHttpHeaders } from 'node:http';

const MINUTE_MS = 60_000;
/** Binance's weight per minute and address. Above the reserve only orders and cancels still go out. */
const WEIGHT_MAX = 6_000;
const WEIGHT_RESERVE = 600;
const TOO_MANY_REQUESTS = 429;
const BANNED = 418;
/** Assumed where a venue says "wait" and not how long. */
const WAIT_MS_DEFAULT = 60_000;
const WAIT_MS_MAX: number = 3 * 86_400_000;

export interface PaceClock {
  readonly wall: () => number;
  readonly monotonic: () => number;
}

export class Pace {
  readonly #clock: PaceClock;
  #skewMs = 0;
  #weight = 0;
  #weightMinute = 0;
  #waitUntil = Number.NEGATIVE_INFINITY;
  #waitStatus = 0;

  constructor(clock: PaceClock) {
    this.#clock = clock;
  }

  /** How long the venue wants no requests, in ms; 0 where it does not say so. */
  get waitMs(): number {
    return Math.max(0, Math.ceil(this.#waitUntil - this.#clock.monotonic()));
  }

  /** The venue counts weight by the minute of its own clock. */
  setSkew(skewMs: number): void {
    this.#skewMs = skewMs;
  }

  /** Why a request must not leave now, or null. */
  objectionTo(kind: 'order' | 'read'): string | null {
    const waitMs = this.#waitUntil - this.#clock.monotonic();
    if (waitMs > 0) {
      return `the venue answered ${this.#waitStatus} and wants no requests for ${Math.ceil(waitMs / 1_000)} s`;
    }
    if (
      kind === 'read' &&
      this.#minute() === this.#weightMinute &&
      this.#weight > WEIGHT_MAX - WEIGHT_RESERVE
    ) {
      return `${this.#weight} of ${WEIGHT_MAX} weight is used in this minute; the rest is kept for orders`;
    }
    return null;
  }

  /** Learns from an answer. Returns the weight used, as far as the venue says. */
  learn(status: number, headers: IncomingHttpHeaders): number | undefined {
    if (status === TOO_MANY_REQUESTS || status === BANNED) {
      const seconds = numberOf(headers['retry-after']);
      const waitMs = Math.min(
        seconds === undefined ? WAIT_MS_DEFAULT : seconds * 1_000,
        WAIT_MS_MAX,
      );
      this.#waitUntil = Math.max(this.#waitUntil, this.#clock.monotonic() + waitMs);
      this.#waitStatus = status;
    }
    const weight = numberOf(headers['x-mbx-used-weight-1m']);
    if (weight === undefined) return undefined;
    const minute = this.#minute();
    // Answers come out of order: within a minute the weight only grows.
    this.#weight = minute === this.#weightMinute ? Math.max(this.#weight, weight) : weight;
    this.#weightMinute = minute;
    return weight;
  }

  #minute(): number {
    return Math.floor((this.#clock.wall() + this.#skewMs) / MINUTE_MS);
  }
}

/** Unfilled orders of the account in the venue's windows, where an answer names them. */
export function orderCountsOf(headers: IncomingHttpHeaders): {
  readonly ordersIn10s?: number;
  readonly ordersInDay?: number;
} {
  const ordersIn10s = numberOf(headers['x-mbx-order-count-10s']);
  const ordersInDay = numberOf(headers['x-mbx-order-count-1d']);
  return {
    ...(ordersIn10s !== undefined && { ordersIn10s }),
    ...(ordersInDay !== undefined && { ordersInDay }),
  };
}

function numberOf(header: string | readonly string[] | undefined): number | undefined {
  return typeof header === 'string' && /^[0-9]{1,9}$/.test(header) ? Number(header) : undefined;
}
