// SPDX-License-Identifier: Apache-2.0
// How often and after which pauses an order is tried again, for every kind of bot.

import type { TimeMs } from '../units.ts';

/** Tries of an entry, or immediate closes in a row, before the bot pauses or gives up. */
export const ATTEMPTS_MAX = 4;
/** Orders proven never to have arrived are placed anew at once, this often in a row. */
export const ABSENT_MAX = 3;
const BACKOFF_FIRST_MS = 30_000;
const BACKOFF_MAX_MS = 900_000;
/** Coins without an exit are in danger: their order is tried again sooner and oftener. */
const EXIT_BACKOFF_FIRST_MS = 2_000;
export const EXIT_BACKOFF_MAX_MS = 300_000;

/** Pause before try `count + 1`: 30 s, doubling to 15 minutes. */
export function backoffMs(count: number): TimeMs {
  return Math.min(BACKOFF_FIRST_MS * 2 ** Math.min(count - 1, 20), BACKOFF_MAX_MS);
}

/** Pause before a refused exit is tried again: 2 s, doubling to 5 minutes. */
export function exitBackoffMs(count: number): TimeMs {
  return Math.min(EXIT_BACKOFF_FIRST_MS * 2 ** Math.min(count - 1, 20), EXIT_BACKOFF_MAX_MS);
}
