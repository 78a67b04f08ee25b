// SPDX-License-Identifier: Apache-2.0
// Two clocks: the wall's, and the market's, which a replay moves at its own speed in its own year.

import { useSyncExternalStore } from 'react';

import type { Market } from './types.ts';

const TICK_MS = 1_000;

interface MarketBase {
  readonly marketMs: number;
  readonly wallMs: number;
  readonly speed: number;
}

let base: MarketBase | null = null;
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | null = null;

/** Sets the market's clock by what the desk says about its market. */
export function setMarketClock(market: Market): void {
  const wallMs = Date.now();
  if (market.marketTime === null) {
    base = null;
    return;
  }
  base = {
    marketMs: market.marketTime,
    wallMs,
    speed: market.hasEnded ? 0 : market.speed,
  };
}

/** Moves the market's clock forward to a time seen on the stream; it never goes back by this. */
export function advanceMarketClock(marketMs: number): void {
  if (base === null || marketMs <= marketNow()) return;
  base = { ...base, marketMs, wallMs: Date.now() };
}

/** Now on the market's clock, which deals, orders and notes are timed by. */
export function marketNow(): number {
  const wallMs = Date.now();
  return base === null ? wallMs : base.marketMs + (wallMs - base.wallMs) * base.speed;
}

/**
 * Now on the clock that `timeMs` was read from. A replay's deals lie in the replay's year, processes and
 * connections in ours; whichever now is nearer is the right one.
 */
export function nowFor(timeMs: number): number {
  const wallMs = Date.now();
  const marketMs = marketNow();
  return Math.abs(wallMs - timeMs) < Math.abs(marketMs - timeMs) ? wallMs : marketMs;
}

/** What `read` says now, looked at once a second; drawn again only when it says something else. */
export function useEverySecond(read: () => string): string {
  return useSyncExternalStore(subscribe, read);
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    for (const each of listeners) each();
  }, TICK_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}
