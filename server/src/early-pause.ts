// SPDX-License-Identifier: Apache-2.0
// Pauses that end early when what they wait for has come.

import type { Time } from './time.ts';

export class EarlyPauses {
  readonly #time: Pick<Time, 'after'>;
  readonly #ends = new Set<() => void>();

  constructor(time: Pick<Time, 'after'>) {
    this.#time = time;
  }

  /** Resolves after `ms` or when it is ended; rejects as soon as `signal` is aborted. */
  async pause(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    let forget: () => void = () => undefined;
    const over = new Promise<void>((resolve, reject) => {
      const abort = (): void => reject(signal.reason);
      const end = (): void => {
        this.#ends.delete(end);
        resolve();
      };
      const cancel = this.#time.after(ms, end);
      signal.addEventListener('abort', abort, { once: true });
      this.#ends.add(end);
      forget = () => {
        cancel();
        signal.removeEventListener('abort', abort);
        this.#ends.delete(end);
      };
    });
    try {
      await over;
    } finally {
      forget();
    }
  }

  /** What ends each pause that lasts now, the oldest first. */
  get ends(): readonly (() => void)[] {
    return [...this.#ends];
  }

  endAll(): void {
    for (const end of this.ends) end();
  }
}
