// SPDX-License-Identifier: Apache-2.0
// One WebSocket API connection: who it speaks for, what it listens to, and what is sent to it.

import type { WebSocket } from 'ws';
import { toMicroseconds, type TimeUnit } from '../rest/gate.ts';

/** A client that reads so slowly is cut off. */
const BUFFERED_BYTES_MAX = 16 * 1024 * 1024;
/** Subscription IDs one connection may use up. */
export const SUBSCRIPTIONS_MAX = 1000;

export interface Subscription {
  readonly subscriptionId: number;
  readonly accountId: number;
  readonly apiKey: string;
  /** Ends with the session's logout. */
  readonly isOfSession: boolean;
}

export class Session {
  readonly socket: WebSocket;
  readonly address: string;
  readonly connectedSince: number;
  readonly timeUnit: TimeUnit;
  readonly subscriptions: Map<number, Subscription> = new Map();
  returnRateLimits: boolean;
  apiKey: string | undefined;
  authorizedSince: number | undefined;
  /** When the peer last showed that it is there, on the timer's clock. */
  lastSeen: number;
  nextSubscriptionId = 0;
  readonly #isSilent: () => boolean;

  constructor(options: {
    readonly socket: WebSocket;
    readonly address: string;
    readonly connectedSince: number;
    readonly timeUnit: TimeUnit;
    readonly returnRateLimits: boolean;
    readonly lastSeen: number;
    readonly isSilent: () => boolean;
  }) {
    this.socket = options.socket;
    this.address = options.address;
    this.connectedSince = options.connectedSince;
    this.timeUnit = options.timeUnit;
    this.returnRateLimits = options.returnRateLimits;
    this.lastSeen = options.lastSeen;
    this.#isSilent = options.isSilent;
  }

  send(message: Readonly<Record<string, unknown>>): void {
    if (this.#isSilent() || this.socket.readyState !== this.socket.OPEN) return;
    if (this.socket.bufferedAmount > BUFFERED_BYTES_MAX) {
      this.socket.terminate();
      return;
    }
    this.socket.send(JSON.stringify(message));
  }

  /** `payload` to every subscription of `accountId`. */
  tell(accountId: number, payload: Readonly<Record<string, unknown>>): void {
    for (const subscription of this.subscriptions.values()) {
      if (subscription.accountId === accountId) this.#event(subscription.subscriptionId, payload);
    }
  }

  subscribe(accountId: number, apiKey: string, isOfSession: boolean): number {
    const subscriptionId = this.nextSubscriptionId;
    this.nextSubscriptionId += 1;
    this.subscriptions.set(subscriptionId, { subscriptionId, accountId, apiKey, isOfSession });
    return subscriptionId;
  }

  /** Ends the subscriptions that `which` picks and says so on each. */
  endSubscriptions(which: (subscription: Subscription) => boolean, time: number): number {
    let ended = 0;
    for (const subscription of Array.from(this.subscriptions.values())) {
      if (!which(subscription)) continue;
      this.subscriptions.delete(subscription.subscriptionId);
      this.#event(subscription.subscriptionId, { e: 'eventStreamTerminated', E: time });
      ended += 1;
    }
    return ended;
  }

  ping(): void {
    if (!this.#isSilent()) this.socket.ping();
  }

  #event(subscriptionId: number, payload: Readonly<Record<string, unknown>>): void {
    const event = this.timeUnit === 'MICROSECOND' ? toMicroseconds(payload) : payload;
    this.send({ subscriptionId, event });
  }
}
