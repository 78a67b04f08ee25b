// SPDX-License-Identifier: Apache-2.0
// A bound on what may happen in a minute of the wall clock.

const MINUTE_MS = 60_000;

export class PerMinute {
  readonly #most: number;
  #minute = 0;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Counts one more at `time`; false where that is too many. */
  take(time: number): boolean {
    const minute = Math.floor(time / MINUTE_MS);
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#most;
  }
}
