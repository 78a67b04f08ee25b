// SPDX-License-Identifier: Apache-2.0
// The signer's two clocks: the wall clock for timestamps, the monotonic one for windows, each watching the other.

/** The wall clock may be this far off: behind the last use of a key, or from what the monotonic clock says. */
const STEP_MS_MAX = 1_000;
/** After a step of the wall clock nothing is signed for this long; then the new time is taken as the true one. */
const DISTRUST_MS = 60_000;

export interface TimeSource {
  /** Unix time in ms. */
  readonly wall: () => number;
  /** Milliseconds that never run backwards, from any origin. */
  readonly monotonic: () => number;
}

export const SYSTEM_TIME: TimeSource = {
  wall: () => Date.now(),
  monotonic: () => performance.now(),
};

export type Reading =
  | {
      readonly ok: true;
      /** Unix time in ms, whole. */
      readonly wall: number;
      /** Time for windows: Unix time as it was at the start, moved on by the monotonic clock. */
      readonly window: number;
    }
  | { readonly ok: false; readonly reason: string };

export class Clock {
  readonly #source: TimeSource;
  readonly #startWall: number;
  readonly #startMonotonic: number;
  /** Wall time minus window time that is taken as true. */
  #offsetMs = 0;
  #step: { readonly offsetMs: number; readonly monotonic: number } | null = null;

  constructor(source: TimeSource) {
    this.#source = source;
    this.#startWall = Math.floor(source.wall());
    this.#startMonotonic = source.monotonic();
  }

  /** The time, unless it cannot be trusted. `lastUse` is the wall time at which a key was last used. */
  read(lastUse: number): Reading {
    const wall = Math.floor(this.#source.wall());
    const monotonic = this.#source.monotonic();
    const window = this.#windowAt(monotonic);
    if (wall < lastUse - STEP_MS_MAX) {
      return {
        ok: false,
        reason: `expected a clock that runs forward, found it ${lastUse - wall} ms behind the last use of a key`,
      };
    }
    const offset = wall - window;
    if (Math.abs(offset - this.#offsetMs) <= STEP_MS_MAX) {
      this.#step = null;
      return { ok: true, wall, window };
    }
    if (this.#step === null || Math.abs(offset - this.#step.offsetMs) > STEP_MS_MAX) {
      this.#step = { offsetMs: offset, monotonic };
    }
    const calmMs = monotonic - this.#step.monotonic;
    if (calmMs >= DISTRUST_MS) {
      this.#offsetMs = offset;
      this.#step = null;
      return { ok: true, wall, window };
    }
    return {
      ok: false,
      reason:
        `expected wall and monotonic clock to agree within ${STEP_MS_MAX} ms, found ${offset - this.#offsetMs} ms ` +
        `between them; the new time is taken after ${Math.ceil((DISTRUST_MS - calmMs) / 1_000)} s`,
    };
  }

  /** Both clocks as they are, right or wrong. */
  now(): { readonly wall: number; readonly monotonic: number } {
    return { wall: this.wall(), monotonic: this.#source.monotonic() };
  }

  /** Time for windows, whatever the wall clock says. */
  window(): number {
    return this.#windowAt(this.#source.monotonic());
  }

  #windowAt(monotonic: number): number {
    return this.#startWall + Math.floor(monotonic - this.#startMonotonic);
  }

  /** Unix time for entries and for what is not signed, right or wrong. */
  wall(): number {
    return Math.floor(this.#source.wall());
  }
}
