// SPDX-License-Identifier: Apache-2.0
// Binance's public REST: every request of the public adapter goes through here, so that one budget of request weight
// holds for all of them and an exchange that asks to wait is left alone.

import { setTimeout as delay } from 'node:timers/promises';
import { VenueError } from '../port.ts';

const REQUEST_MS_MAX = 5_000;
const MINUTE_MS = 60_000;
/** Of Binance's 6,000 a minute: history may wait, so it leaves most to what cannot. */
const HISTORY_WEIGHT_PER_MINUTE = 2_000;
const HISTORY_IN_FLIGHT_MAX = 4;
const HISTORY_WAITING_MAX = 2_000;
/** How long history waits for its turn before it gives up. */
const HISTORY_WAIT_MS_MAX = 10 * MINUTE_MS;
const DEFAULT_RETRY_AFTER_S = 30;
const RETRY_AFTER_S_MAX = 600;
const TOO_MANY_REQUESTS = 429;
const BANNED = 418;

/** `now` is sent at once; `history` waits while others need the budget. */
export type RequestHaste = 'now' | 'history';

export interface PublicRest {
  /** The answer's body. Throws VenueError when there is none in time, or one that says no. */
  get(
    path: string,
    request: { readonly weight: number; readonly haste: RequestHaste },
  ): Promise<unknown>;
}

/** The public REST at `base`, e.g. `https://api.binance.com`. */
export function binancePublicRest(
  base: string,
  limits: { readonly historyWeightPerMinute: number } = {
    historyWeightPerMinute: HISTORY_WEIGHT_PER_MINUTE,
  },
): PublicRest {
  const waiting: (() => void)[] = [];
  let inFlight = 0;
  let windowStart = Number.NEGATIVE_INFINITY;
  let used = 0;
  let blockedUntil = Number.NEGATIVE_INFINITY;

  /** Waits for a place among few and for a part of the budget. */
  async function takeTurn(weight: number): Promise<void> {
    if (waiting.length >= HISTORY_WAITING_MAX) {
      throw new VenueError('busy', `${base}: ${HISTORY_WAITING_MAX} requests are waiting already`);
    }
    const giveUpAt = performance.now() + HISTORY_WAIT_MS_MAX;
    while (inFlight >= HISTORY_IN_FLIGHT_MAX) {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
      });
    }
    inFlight += 1;
    try {
      for (;;) {
        const now = performance.now();
        if (now - windowStart >= MINUTE_MS) {
          windowStart = now;
          used = 0;
        }
        const hasBudget = used + weight <= limits.historyWeightPerMinute;
        if (now >= blockedUntil && hasBudget) {
          used += weight;
          return;
        }
        if (now > giveUpAt) {
          throw new VenueError('busy', `${base} could not be asked within its limits in time`);
        }
        const until = hasBudget ? blockedUntil : Math.max(blockedUntil, windowStart + MINUTE_MS);
        await delay(Math.max(1, until - now), undefined, { ref: false });
      }
    } catch (error) {
      leave();
      throw error;
    }
  }

  function leave(): void {
    inFlight -= 1;
    waiting.shift()?.();
  }

  async function ask(path: string): Promise<unknown> {
    const leftMs = blockedUntil - performance.now();
    if (leftMs > 0) {
      const seconds = Math.ceil(leftMs / 1000);
      throw new VenueError('-1003', `${base} asked to wait, ${seconds} s more`);
    }
    let response: Response;
    try {
      response = await fetch(base + path, { signal: AbortSignal.timeout(REQUEST_MS_MAX) });
    } catch (error) {
      throw new VenueError('network', `${base} did not answer ${path}`, { cause: error });
    }
    const body: unknown = await response.json().catch(() => null);
    if (response.ok) return body;
    if (response.status === TOO_MANY_REQUESTS || response.status === BANNED) {
      const seconds = Number(response.headers.get('retry-after') ?? DEFAULT_RETRY_AFTER_S);
      const pauseS = seconds >= 0 ? Math.min(seconds, RETRY_AFTER_S_MAX) : DEFAULT_RETRY_AFTER_S;
      blockedUntil = performance.now() + pauseS * 1000;
    }
    const { code, msg } = errorOf(body);
    throw new VenueError(
      String(code ?? response.status),
      `${path}: HTTP ${response.status} ${msg}`.trim(),
    );
  }

  return {
    async get(path, { weight, haste }) {
      if (haste === 'now') return ask(path);
      await takeTurn(weight);
      try {
        return await ask(path);
      } finally {
        leave();
      }
    },
  };
}

function errorOf(body: unknown): { readonly code: unknown; readonly msg: string } {
  if (typeof body !== 'object' || body === null) return { code: undefined, msg: '' };
  const code = 'code' in body ? body.code : undefined;
  return { code, msg: 'msg' in body ? String(body.msg) : '' };
}
