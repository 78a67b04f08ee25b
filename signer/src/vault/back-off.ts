// SPDX-License-Identifier: Apache-2.0
// How long the vault refuses to try again after wrong passphrases. The count comes from the log, so that neither a
// restart nor the wall clock shortens the wait.

import type { TimeSource } from '../clock.ts';

/** Slips of the finger are free. */
const FREE_ATTEMPTS = 2;
const WAIT_MS_MIN = 1_000;
const WAIT_MS_MAX = 300_000;

export class UnlockBackOff {
  readonly #time: TimeSource;
  #wrong: number;
  #notBefore: number;

  constructor(time: TimeSource, wrong: number) {
    this.#time = time;
    this.#wrong = wrong;
    this.#notBefore = time.monotonic() + waitAfter(wrong);
  }

  /** Milliseconds before which nothing is tried. */
  waitMs(): number {
    return Math.max(0, Math.ceil(this.#notBefore - this.#time.monotonic()));
  }

  addWrong(): void {
    this.#wrong += 1;
    this.#notBefore = this.#time.monotonic() + waitAfter(this.#wrong);
  }

  /** The right passphrase was given. */
  clear(): void {
    this.#wrong = 0;
    this.#notBefore = this.#time.monotonic();
  }
}

function waitAfter(wrong: number): number {
  return wrong <= FREE_ATTEMPTS
    ? 0
    : Math.min(WAIT_MS_MIN * 2 ** (wrong - FREE_ATTEMPTS - 1), WAIT_MS_MAX);
}
