// SPDX-License-Identifier: Apache-2.0
// What time it is at a venue, so that what it says can be found to be late. Its clock is carried on by ours, which nobody
// moves: whoever holds answers back can make the venue look slower and not faster, so the fastest of the last answers counts.

const PROBES_KEPT = 10;

export interface ClockSources {
  readonly wall: () => number;
  readonly monotonic: () => number;
}

export class VenueClock {
  readonly #sources: ClockSources;
  /** The venue's clock minus our monotonic one, as the last answers had it. */
  #offsets: readonly number[] = [];

  constructor(sources: ClockSources) {
    this.#sources = sources;
  }

  /** The venue's time now; by our own clock before the venue told. */
  now(): number {
    const offset = this.#offset;
    const { wall, monotonic } = this.#sources;
    return offset === null ? wall() : monotonic() + offset;
  }

  /** The venue gave its time between two moments of the monotonic clock. Returns by how much it lags what it gave before. */
  learn(serverTime: number, askedAt: number, heardAt: number): number {
    const offset = serverTime - (askedAt + heardAt) / 2;
    const best = this.#offset;
    this.#offsets = [...this.#offsets, offset].slice(-PROBES_KEPT);
    if (best === null) return 0;
    return Math.max(0, best - offset - (heardAt - askedAt) / 2);
  }

  get #offset(): number | null {
    return this.#offsets.length === 0 ? null : Math.max(...this.#offsets);
  }
}
