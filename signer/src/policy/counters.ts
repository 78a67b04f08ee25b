// SPDX-License-Identifier: Apache-2.0
// What the limits of a rule count: requests in a sliding window, and money in the last 24 hours.

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;

/** The times of the latest `count` requests; a request fits when the oldest of them has left the window. */
export class RateWindow {
  readonly #times: Float64Array;
  readonly #windowMs: number;
  #next = 0;

  constructor(count: number, windowMs: number) {
    this.#times = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
    this.#windowMs = windowMs;
  }

  /** Requests within the window that ends at `now`. */
  countAt(now: number): number {
    let count = 0;
    for (const time of this.#times) if (time > now - this.#windowMs) count += 1;
    return count;
  }

  hasRoomAt(now: number): boolean {
    return (this.#times[this.#next] ?? Number.NEGATIVE_INFINITY) <= now - this.#windowMs;
  }

  /** Counts a request; the returned function takes it back, and only the latest one can be taken back. */
  add(now: number): () => void {
    const at = this.#next;
    const before = this.#times[at] ?? Number.NEGATIVE_INFINITY;
    this.#times[at] = now;
    this.#next = (at + 1) % this.#times.length;
    return () => {
      this.#times[at] = before;
      this.#next = at;
    };
  }
}

/**
 * A sum over the last 24 hours, kept by the minute: an amount leaves it up to a minute late, never early. A rolling
 * window rather than a calendar day, which would let twice the limit through around midnight.
 */
export class DayWindow {
  readonly #amounts: bigint[] = Array.from({ length: DAY_MINUTES + 1 }, () => 0n);
  #newestMinute = Number.NEGATIVE_INFINITY;
  #sum = 0n;

  sumAt(now: number): bigint {
    this.#advance(now);
    return this.#sum;
  }

  /** Counts `amount`; the returned function takes it back. */
  add(now: number, amount: bigint): () => void {
    this.#advance(now);
    // An amount from before the newest minute counts from there on: longer than it must, never shorter.
    const minute = this.#newestMinute;
    this.#change(minute, amount);
    return () => {
      if (minute > this.#newestMinute - this.#amounts.length) this.#change(minute, -amount);
    };
  }

  #change(minute: number, amount: bigint): void {
    const at = minute % this.#amounts.length;
    this.#amounts[at] = (this.#amounts[at] ?? 0n) + amount;
    this.#sum += amount;
  }

  #advance(now: number): void {
    const minute = Math.floor(now / MINUTE_MS);
    if (minute <= this.#newestMinute) return;
    const first = Math.max(this.#newestMinute + 1, minute - this.#amounts.length + 1);
    for (let passing = first; passing <= minute; passing += 1) {
      const at = passing % this.#amounts.length;
      this.#sum -= this.#amounts[at] ?? 0n;
      this.#amounts[at] = 0n;
    }
    this.#newestMinute = minute;
  }
}
