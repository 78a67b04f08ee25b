// SPDX-License-Identifier: Apache-2.0
// Time that passes only when everything due has happened: an event queue with a clock.

import type { CancelTimer, Time } from '../../server/src/time.ts';

interface Entry {
  readonly due: number;
  /** Of two that are due together the earlier made comes first. */
  readonly sequence: number;
  work: (() => void) | null;
}

/** More happenings than this in one run mean a loop without end. */
const HAPPENINGS_MAX = 3_000_000;

export class VirtualTime {
  #now: number;
  readonly #queue: Entry[] = [];
  #sequence = 0;
  #isTouched = false;
  readonly #onThrown: (error: unknown) => void;
  happenings = 0;

  /** `onThrown` hears of what code that was entered throws. */
  constructor(startMs: number, onThrown: (error: unknown) => void) {
    this.#now = startMs;
    this.#onThrown = onThrown;
  }

  /** ms since 1970, fractions included. */
  get now(): number {
    return this.#now;
  }

  at(due: number, work: () => void): CancelTimer {
    const entry: Entry = { due: Math.max(due, this.#now), sequence: this.#sequence++, work };
    this.#push(entry);
    return () => {
      entry.work = null;
    };
  }

  after(ms: number, work: () => void): CancelTimer {
    return this.at(this.#now + ms, work);
  }

  every(ms: number, work: () => void): CancelTimer {
    let cancel = this.after(ms, beat.bind(this));
    let isOver = false;
    function beat(this: VirtualTime): void {
      if (isOver) return;
      cancel = this.after(ms, beat.bind(this));
      work();
    }
    return () => {
      isOver = true;
      cancel();
    };
  }

  /** Calls code of a process; what it has promised is carried out before anything else happens. */
  enter(work: () => void): void {
    this.#isTouched = true;
    try {
      work();
    } catch (error) {
      this.#onThrown(error);
    }
  }

  /** Lets everything happen that is due until `endMs`, or until `isOver` says so. */
  async runUntil(endMs: number, isOver: () => boolean = () => false): Promise<void> {
    for (;;) {
      if (this.#isTouched) {
        this.#isTouched = false;
        await turn();
        // The work of a turn may go on in the next.
        if (this.#isTouched) continue;
      }
      if (isOver()) return;
      const next = this.#queue[0];
      if (next === undefined || next.due > endMs) break;
      this.#pop();
      if (next.work === null) continue;
      this.#now = Math.max(this.#now, next.due);
      this.happenings += 1;
      if (this.happenings > HAPPENINGS_MAX) {
        throw new Error(`more than ${HAPPENINGS_MAX} happenings: the run does not end`);
      }
      next.work();
    }
    this.#now = Math.max(this.#now, endMs);
  }

  #push(entry: Entry): void {
    const queue = this.#queue;
    let index = queue.length;
    queue.push(entry);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = queue[parent];
      if (above === undefined || !isBefore(entry, above)) break;
      queue[index] = above;
      index = parent;
    }
    queue[index] = entry;
  }

  #pop(): void {
    const queue = this.#queue;
    const last = queue.pop();
    if (last === undefined || queue.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      let smaller = queue[child];
      const right = queue[child + 1];
      if (smaller === undefined) break;
      if (right !== undefined && isBefore(right, smaller)) {
        child += 1;
        smaller = right;
      }
      if (!isBefore(smaller, last)) break;
      queue[index] = smaller;
      index = child;
    }
    queue[index] = last;
  }
}

/**
 * The time of one process of the simulated machine; once the process is gone nothing of it happens any more.
 * `wallOffset` is how far the machine's wall clock is off.
 */
export function processTime(
  world: VirtualTime,
  isAlive: () => boolean,
  wallOffset: () => number,
): Time {
  const call = (work: () => void): void => {
    if (isAlive()) world.enter(work);
  };
  // No timer of a real event loop fires within the millisecond.
  const after = (ms: number, work: () => void): CancelTimer =>
    world.after(Math.max(1, ms), () => call(work));
  return {
    now: () => Math.floor(world.now + wallOffset()),
    monotonic: () => world.now,
    after,
    every: (ms, work) => world.every(Math.max(1, ms), () => call(work)),
    soon: (work) => {
      world.after(0, () => call(work));
    },
    pause: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason);
          return;
        }
        const onAbort = (): void => {
          cancel();
          reject(signal.reason);
        };
        const cancel = after(ms, () => {
          signal.removeEventListener('abort', onAbort);
          resolve();
        });
        signal.addEventListener('abort', onAbort, { once: true });
      }),
  };
}

function isBefore(left: Entry, right: Entry): boolean {
  return left.due < right.due || (left.due === right.due && left.sequence < right.sequence);
}

/** One turn of the real event loop: every promise that can be kept is kept by then. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
