// SPDX-License-Identifier: Apache-2.0
// The account stream's silence as an alarm: it is opened again by itself, and an alarm where that takes too long or
// where it fell silent without a word.

import type { CancelTimer, Time } from '../time.ts';
import type { AlarmBook } from './alarm-book.ts';

export interface StreamGapPorts {
  readonly time: Time;
  readonly alarms: AlarmBook;
  readonly connection: () => string;
  /** A stream that ends with a word may be back within this time. */
  readonly graceMs?: number;
}

/** With the 16 s that egress waits for a sign of life it stays below the 30 s in which a gap must be told. */
const GRACE_MS = 10_000;

export class StreamGap {
  readonly #ports: StreamGapPorts;
  #timer: CancelTimer | null = null;
  #isClosed = false;

  constructor(ports: StreamGapPorts) {
    this.#ports = ports;
  }

  /** The stream is down. `isSilent`: nobody said so, it only fell silent. */
  onDown(reason: string, isSilent: boolean): void {
    if (this.#isClosed) return;
    if (isSilent) this.#raise(reason);
    this.#timer ??= this.#ports.time.after(this.#ports.graceMs ?? GRACE_MS, () =>
      this.#raise(reason),
    );
  }

  onUp(): void {
    if (this.#isClosed) return;
    this.#timer?.();
    this.#timer = null;
    this.#ports.alarms.resolve('streamGap', this.#ports.connection());
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.();
  }

  #raise(reason: string): void {
    const { alarms, connection } = this.#ports;
    alarms.raise({
      kind: 'streamGap',
      severity: 'warning',
      connection: connection(),
      facts: { reason },
    });
  }
}
