// SPDX-License-Identifier: Apache-2.0
// How much a client may ask: request weight per address with bans, unfilled orders per account.

import { refusal, type Refusal } from './errors.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const RAW_REQUESTS_WINDOW_MS = 300_000;
const CONNECTIONS_WINDOW_MS = 300_000;
/** The first ban; every further one doubles. */
const FIRST_BAN_MS = 2 * MINUTE_MS;
const LONGEST_BAN_MS = 3 * DAY_MS;
/** Addresses remembered at most; the least recent are forgotten. */
const ADDRESSES_MAX = 10_000;
/** What an order's first fill takes off the count of unfilled orders. */
const TAKER_CREDIT = 1;
const MAKER_CREDIT = 5;

export interface LimitOptions {
  /** False turns every limit off, and none is listed; headers and counts stay. */
  readonly isEnabled: boolean;
  readonly requestWeightPerMinute: number;
  readonly rawRequestsPer5Minutes: number;
  readonly connectionsPer5Minutes: number;
  readonly ordersPer10Seconds: number;
  readonly ordersPerDay: number;
  /** Requests over the limit that are answered 429 before an address is banned. */
  readonly ignoredBeforeBan: number;
}

export const BINANCE_LIMITS: LimitOptions = {
  isEnabled: true,
  requestWeightPerMinute: 6000,
  rawRequestsPer5Minutes: 61_000,
  connectionsPer5Minutes: 300,
  ordersPer10Seconds: 100,
  ordersPerDay: 200_000,
  ignoredBeforeBan: 20,
};

interface Usage {
  minute: number;
  weight: number;
  rawWindow: number;
  rawRequests: number;
  connectionWindow: number;
  connections: number;
  ignored: number;
  bannedUntil: number;
  bans: number;
}

/** Request weight of every client address. */
export class RequestLimits {
  readonly #options: LimitOptions;
  readonly #wallMs: () => number;
  readonly #usage = new Map<string, Usage>();

  constructor(options: LimitOptions, wallMs: () => number) {
    this.#options = options;
    this.#wallMs = wallMs;
  }

  get options(): LimitOptions {
    return this.#options;
  }

  /** Counts a request of `weight`; the refusal to answer when it is too much. */
  charge(address: string, weight: number): Refusal | undefined {
    const now = this.#wallMs();
    const usage = this.#of(address, now);
    if (this.#options.isEnabled && usage.bannedUntil > now) return banRefusal(usage, now);
    usage.weight += weight;
    usage.rawRequests += 1;
    if (!this.#options.isEnabled) return undefined;
    const { requestWeightPerMinute, rawRequestsPer5Minutes } = this.#options;
    if (usage.weight > requestWeightPerMinute) {
      return this.#tooMuch(usage, now, {
        message: `Too much request weight used; current limit is ${requestWeightPerMinute} request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
        windowEnds: (usage.minute + 1) * MINUTE_MS,
      });
    }
    if (usage.rawRequests > rawRequestsPer5Minutes) {
      return this.#tooMuch(usage, now, {
        message: `Too many requests; current limit is ${rawRequestsPer5Minutes} requests per 5 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.`,
        windowEnds: (usage.rawWindow + 1) * RAW_REQUESTS_WINDOW_MS,
      });
    }
    return undefined;
  }

  /** Counts a WebSocket connection. */
  connect(address: string, weight: number): Refusal | undefined {
    const now = this.#wallMs();
    const usage = this.#of(address, now);
    usage.connections += 1;
    const { connectionsPer5Minutes, isEnabled } = this.#options;
    if (isEnabled && usage.connections > connectionsPer5Minutes) {
      return refusal(
        -1034,
        `Too many connection attempts from IP; current limit is ${connectionsPer5Minutes} per '5 MINUTE'.`,
        429,
      );
    }
    return this.charge(address, weight);
  }

  /** Weight used in the current minute. */
  used(address: string): number {
    return this.#of(address, this.#wallMs()).weight;
  }

  /** As `exchangeInfo` lists the limits; without `count` fields. */
  describe(): Record<string, unknown>[] {
    if (!this.#options.isEnabled) return [];
    const { requestWeightPerMinute, ordersPer10Seconds, ordersPerDay, rawRequestsPer5Minutes } =
      this.#options;
    return [
      limitBody('REQUEST_WEIGHT', 'MINUTE', 1, requestWeightPerMinute),
      limitBody('ORDERS', 'SECOND', 10, ordersPer10Seconds),
      limitBody('ORDERS', 'DAY', 1, ordersPerDay),
      limitBody('RAW_REQUESTS', 'MINUTE', 5, rawRequestsPer5Minutes),
    ];
  }

  /** The address's use, as WebSocket API answers carry it. */
  status(address: string): Record<string, unknown> {
    return {
      ...limitBody('REQUEST_WEIGHT', 'MINUTE', 1, this.#options.requestWeightPerMinute),
      count: this.used(address),
    };
  }

  #tooMuch(
    usage: Usage,
    now: number,
    limit: { readonly message: string; readonly windowEnds: number },
  ): Refusal {
    usage.ignored += 1;
    if (usage.ignored > this.#options.ignoredBeforeBan) {
      usage.bannedUntil = now + Math.min(FIRST_BAN_MS * 2 ** usage.bans, LONGEST_BAN_MS);
      usage.bans += 1;
      usage.ignored = 0;
      return banRefusal(usage, now);
    }
    return {
      code: -1003,
      message: limit.message,
      httpStatus: 429,
      retryAfterSeconds: Math.ceil((limit.windowEnds - now) / SECOND_MS),
      data: { serverTime: now, retryAfter: limit.windowEnds },
    };
  }

  #of(address: string, now: number): Usage {
    let usage = this.#usage.get(address);
    if (usage === undefined) {
      usage = {
        minute: 0,
        weight: 0,
        rawWindow: 0,
        rawRequests: 0,
        connectionWindow: 0,
        connections: 0,
        ignored: 0,
        bannedUntil: 0,
        bans: 0,
      };
      if (this.#usage.size >= ADDRESSES_MAX) {
        for (const oldest of this.#usage.keys()) {
          this.#usage.delete(oldest);
          break;
        }
      }
      this.#usage.set(address, usage);
    }
    const minute = Math.floor(now / MINUTE_MS);
    if (usage.minute !== minute) {
      usage.minute = minute;
      usage.weight = 0;
      usage.ignored = 0;
    }
    const rawWindow = Math.floor(now / RAW_REQUESTS_WINDOW_MS);
    if (usage.rawWindow !== rawWindow) {
      usage.rawWindow = rawWindow;
      usage.rawRequests = 0;
    }
    const connectionWindow = Math.floor(now / CONNECTIONS_WINDOW_MS);
    if (usage.connectionWindow !== connectionWindow) {
      usage.connectionWindow = connectionWindow;
      usage.connections = 0;
    }
    return usage;
  }
}

interface Counts {
  window: number;
  short: number;
  day: number;
  long: number;
}

const SHORT_WINDOW_MS = 10 * SECOND_MS;

/** Unfilled orders of every account: each order counts until it first trades. */
export class OrderCounts {
  readonly #options: LimitOptions;
  readonly #wallMs: () => number;
  readonly #counts = new Map<number, Counts>();

  constructor(options: LimitOptions, wallMs: () => number) {
    this.#options = options;
    this.#wallMs = wallMs;
  }

  /** The refusal when `orders` more would be too many. */
  check(accountId: number, orders: number): Refusal | undefined {
    if (!this.#options.isEnabled) return undefined;
    const now = this.#wallMs();
    const counts = this.#of(accountId, now);
    const { ordersPer10Seconds, ordersPerDay } = this.#options;
    if (counts.short + orders > ordersPer10Seconds) {
      return tooManyOrders(ordersPer10Seconds, '10 SECOND', SHORT_WINDOW_MS, now);
    }
    if (counts.long + orders > ordersPerDay) {
      return tooManyOrders(ordersPerDay, '1 DAY', DAY_MS, now);
    }
    return undefined;
  }

  add(accountId: number, orders: number): void {
    const counts = this.#of(accountId, this.#wallMs());
    counts.short += orders;
    counts.long += orders;
  }

  /** An order traded for the first time. */
  onFirstFill(accountId: number, isMaker: boolean): void {
    const counts = this.#of(accountId, this.#wallMs());
    const credit = isMaker ? MAKER_CREDIT : TAKER_CREDIT;
    counts.short = Math.max(0, counts.short - credit);
    counts.long = Math.max(0, counts.long - credit);
  }

  /** Counts of the current 10 seconds and of the current day. */
  of(accountId: number): { readonly short: number; readonly long: number } {
    return this.#of(accountId, this.#wallMs());
  }

  /** As `rateLimit/order` and WebSocket API answers have it. */
  describe(accountId: number): Record<string, unknown>[] {
    const counts = this.#of(accountId, this.#wallMs());
    const { ordersPer10Seconds, ordersPerDay } = this.#options;
    return [
      { ...limitBody('ORDERS', 'SECOND', 10, ordersPer10Seconds), count: counts.short },
      { ...limitBody('ORDERS', 'DAY', 1, ordersPerDay), count: counts.long },
    ];
  }

  #of(accountId: number, now: number): Counts {
    let counts = this.#counts.get(accountId);
    if (counts === undefined) {
      counts = { window: 0, short: 0, day: 0, long: 0 };
      this.#counts.set(accountId, counts);
    }
    const window = Math.floor(now / SHORT_WINDOW_MS);
    if (counts.window !== window) {
      counts.window = window;
      counts.short = 0;
    }
    const day = Math.floor(now / DAY_MS);
    if (counts.day !== day) {
      counts.day = day;
      counts.long = 0;
    }
    return counts;
  }
}

function tooManyOrders(limit: number, window: string, windowMs: number, now: number): Refusal {
  const windowEnds = (Math.floor(now / windowMs) + 1) * windowMs;
  return {
    code: -1015,
    message: `Too many new orders; current limit is ${limit} orders per ${window}.`,
    httpStatus: 429,
    retryAfterSeconds: Math.ceil((windowEnds - now) / SECOND_MS),
  };
}

function banRefusal(usage: Usage, now: number): Refusal {
  return {
    code: -1003,
    message: `Way too much request weight used; IP banned until ${usage.bannedUntil}. Please use WebSocket Streams for live updates to avoid bans.`,
    httpStatus: 418,
    retryAfterSeconds: Math.ceil((usage.bannedUntil - now) / SECOND_MS),
    data: { serverTime: now, retryAfter: usage.bannedUntil },
  };
}

function limitBody(
  rateLimitType: string,
  interval: string,
  intervalNum: number,
  limit: number,
): Record<string, unknown> {
  return { rateLimitType, interval, intervalNum, limit };
}
