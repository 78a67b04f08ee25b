// SPDX-License-Identifier: Apache-2.0
// The time the server lives in: its process's own, or the one that a simulation makes pass.

import { setTimeout as delay } from 'node:timers/promises';

/** Ends a timer; a second call does nothing. */
export type CancelTimer = () => void;

/** Everything that a clock and an event loop give. Work is called in the order in which it falls due. */
export interface Time {
  /** Wall time in ms since 1970; people may set it forward and back. */
  now(): number;
  /** ms since some moment, of a clock that nobody sets. */
  monotonic(): number;
  after(ms: number, work: () => void): CancelTimer;
  every(ms: number, work: () => void): CancelTimer;
  /** Calls `work` when this turn of the event loop has ended. */
  soon(work: () => void): void;
  /** Resolves after `ms`; rejects as soon as `signal` is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
}

export const systemTime: Time = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  every(ms, work) {
    const timer = setInterval(work, ms);
    return () => clearInterval(timer);
  },
  soon(work) {
    setImmediate(work);
  },
  async pause(ms, signal) {
    await delay(ms, undefined, { signal });
  },
};
