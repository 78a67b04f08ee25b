// SPDX-License-Identifier: Apache-2.0
// Which time it is on the market: the wall clock's on a live market, the last event's on a replayed one.

export interface MarketClock {
  /** Market time now, never less than any event seen. */
  now(): number;
  /** An event of this market time was seen. */
  observe(time: number): void;
  /** True where market time passes by itself; a replay's stands still between events. */
  readonly runsByItself: boolean;
}

/** A clock for a live market (`wall`) or one that lives in its own past (`events`). */
export function createMarketClock(
  kind: 'wall' | 'events',
  wallNow: () => number = Date.now,
): MarketClock {
  let latest = 0;
  return {
    now: () => (kind === 'wall' ? Math.max(latest, wallNow()) : latest),
    observe(time) {
      if (time > latest) latest = time;
    },
    runsByItself: kind === 'wall',
  };
}
