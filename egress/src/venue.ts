// SPDX-License-Identifier: Apache-2.0
// One venue: what may be sent to it, in which order, and how much of it at once.

import type { Agent, IncomingHttpHeaders } from 'node:http';
import type { SignedRequest } from '@kontor/signer';
import type { VenueAddress } from './config.ts';
import { connectingAgent } from './connecting-agent.ts';
import { orderCountsOf, Pace, type PaceClock } from './pace.ts';
import { send, type SendResult } from './send.ts';
import { VenueClock } from './venue-clock.ts';

export type RestRequest = Extract<SignedRequest, { kind: 'request' }>;

export type VenueResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: string;
      readonly sentAt: number;
      readonly receivedAt: number;
      readonly usedWeight: number | undefined;
      readonly ordersIn10s?: number;
      readonly ordersInDay?: number;
      readonly retryAfterMs?: number;
    }
  | (Extract<SendResult, { kind: 'failed' }> & { readonly retryAfterMs?: number });

export interface ClockProbe {
  /** The venue's clock minus ours. */
  readonly clockSkewMs: number | null;
  readonly roundTripMs: number | null;
  readonly reason: string;
  /** By how much the venue's clock lags what it said before. */
  readonly lagMs: number;
}

/** The whole of what egress sends with a key. */
const ALLOWED: ReadonlySet<string> = new Set([
  'POST /api/v3/order',
  'POST /api/v3/orderList/oco',
  'DELETE /api/v3/order',
  'GET /api/v3/order',
  'GET /api/v3/openOrders',
  'GET /api/v3/myTrades',
  'GET /api/v3/account',
  'GET /sapi/v1/account/apiRestrictions',
]);
const TIME_PATH = '/api/v3/time';
const TIME_MS_MAX = 5_000;
/** A price that took longer would be old when it came. */
const PUBLIC_MS_MAX = 3_000;

const CONCURRENT_MAX = 16;
/** Reads leave some places free, so that an order need not wait for them. */
const CONCURRENT_READS_MAX = 12;
const QUEUED_MAX = 512;
/** A signature is good for seconds: what waited longer than this would arrive too late. */
const QUEUED_MS_MAX = 2_000;

const SYSTEM_CLOCK: PaceClock = { wall: () => Date.now(), monotonic: () => performance.now() };

interface Waiting {
  readonly request: RestRequest;
  readonly since: number;
  readonly done: (result: VenueResult) => void;
}

export class Venue {
  readonly #address: VenueAddress;
  readonly #agent: Agent;
  readonly #pace = new Pace(SYSTEM_CLOCK);
  readonly #clock = new VenueClock(SYSTEM_CLOCK);
  readonly #orders: Waiting[] = [];
  readonly #reads: Waiting[] = [];
  #running = 0;
  #runningReads = 0;

  constructor(address: VenueAddress) {
    this.#address = address;
    this.#agent = connectingAgent(address.rest.protocol);
  }

  /**
   * The time at the venue. Null where it is not spoken to over TLS: an exchange of that kind is on this machine, and its
   * market may be one of long ago.
   */
  get clock(): (() => number) | null {
    return this.#address.rest.protocol === 'https:' ? () => this.#clock.now() : null;
  }

  get wsApi(): URL {
    return this.#address.wsApi;
  }

  get rest(): URL {
    return this.#address.rest;
  }

  /** Sends `request` when its turn comes. Orders and cancels go before reads. Never rejects. */
  submit(request: RestRequest): Promise<VenueResult> {
    const endpoint = `${request.method} ${request.path}`;
    if (!ALLOWED.has(endpoint))
      return notSent(`${endpoint} is not an endpoint that egress sends to`);
    if (this.#orders.length + this.#reads.length >= QUEUED_MAX) {
      return notSent(`${QUEUED_MAX} requests are waiting for this venue already`);
    }
    return new Promise((done) => {
      const queue = request.method === 'GET' ? this.#reads : this.#orders;
      queue.push({ request, since: performance.now(), done });
      this.#next();
    });
  }

  /** Asks a public question, as a read among the others. Null where no answer came or the venue wants none asked. */
  async ask(
    path: string,
    query: string,
  ): Promise<{
    readonly status: number;
    readonly body: string;
    readonly saidAt: number | null;
  } | null> {
    if (this.#pace.objectionTo('read') !== null) return null;
    const result = await send(this.#address.rest, this.#agent, {
      ...{ method: 'GET', path, payload: query, apiKey: null, timeoutMs: PUBLIC_MS_MAX },
    });
    if (result.kind === 'failed') return null;
    this.#pace.learn(result.status, result.headers);
    const { status, body, headers } = result;
    return { status, body, saidAt: saidAtOf(headers) };
  }

  /** Asks the venue for the time. */
  async probeClock(): Promise<ClockProbe> {
    const objection = this.#pace.objectionTo('read');
    if (objection !== null)
      return { clockSkewMs: null, roundTripMs: null, reason: objection, lagMs: 0 };
    const result = await send(this.#address.rest, this.#agent, {
      method: 'GET',
      path: TIME_PATH,
      payload: '',
      apiKey: null,
      timeoutMs: TIME_MS_MAX,
    });
    if (result.kind === 'failed')
      return { clockSkewMs: null, roundTripMs: null, reason: result.reason, lagMs: 0 };
    this.#pace.learn(result.status, result.headers);
    const roundTripMs = result.receivedAt - result.sentAt;
    const serverTime = result.status === 200 ? serverTimeOf(result.body) : null;
    if (serverTime === null) {
      const reason = `expected the venue's time, found status ${result.status} without one`;
      return { clockSkewMs: null, roundTripMs, reason, lagMs: 0 };
    }
    const clockSkewMs = Math.round(serverTime - (result.sentAt + result.receivedAt) / 2);
    this.#pace.setSkew(clockSkewMs);
    const heardAt = SYSTEM_CLOCK.monotonic();
    const lagMs = this.#clock.learn(serverTime, heardAt - roundTripMs, heardAt);
    return { clockSkewMs, roundTripMs, reason: 'ok', lagMs };
  }

  close(): void {
    this.#agent.destroy();
  }

  #next(): void {
    while (this.#running < CONCURRENT_MAX) {
      const isRead = this.#orders.length === 0;
      if (isRead && this.#runningReads >= CONCURRENT_READS_MAX) return;
      const waiting = isRead ? this.#reads.shift() : this.#orders.shift();
      if (waiting === undefined) return;
      const objection = this.#objectionTo(waiting);
      if (objection !== null) {
        const { waitMs } = this.#pace;
        waiting.done({
          ...{ kind: 'failed', certainty: 'notSent', reason: objection },
          ...(waitMs > 0 && { retryAfterMs: waitMs }),
        });
        continue;
      }
      this.#running += 1;
      if (isRead) this.#runningReads += 1;
      void this.#perform(waiting, isRead);
    }
  }

  #objectionTo({ request, since }: Waiting): string | null {
    if (performance.now() - since > QUEUED_MS_MAX) {
      return `it waited for more than ${QUEUED_MS_MAX} ms behind other requests`;
    }
    return this.#pace.objectionTo(request.method === 'GET' ? 'read' : 'order');
  }

  async #perform({ request, done }: Waiting, isRead: boolean): Promise<void> {
    const result = await send(this.#address.rest, this.#agent, request);
    this.#running -= 1;
    if (isRead) this.#runningReads -= 1;
    if (result.kind === 'failed') done(result);
    else {
      const { status, headers, body, sentAt, receivedAt } = result;
      const usedWeight = this.#pace.learn(status, headers);
      const { waitMs } = this.#pace;
      done({
        ...{ kind: 'answered', status, body, sentAt, receivedAt, usedWeight },
        ...orderCountsOf(headers),
        ...((status === 429 || status === 418) && { retryAfterMs: waitMs }),
      });
    }
    this.#next();
  }
}

function notSent(reason: string): Promise<VenueResult> {
  return Promise.resolve({ kind: 'failed', certainty: 'notSent', reason });
}

/** The header has whole seconds, which were over when it was written. */
function saidAtOf(headers: IncomingHttpHeaders): number | null {
  const time = headers.date === undefined ? Number.NaN : Date.parse(headers.date);
  return Number.isNaN(time) ? null : time + 1_000;
}

function serverTimeOf(body: string): number | null {
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null || !('serverTime' in value)) return null;
    return typeof value.serverTime === 'number' ? value.serverTime : null;
  } catch {
    return null;
  }
}
