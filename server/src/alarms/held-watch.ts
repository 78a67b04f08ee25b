// SPDX-License-Identifier: Apache-2.0
// Tells people of orders that the policy keeps for them: an alarm for each, as long as it waits.

import type { PolicyInfo } from '@kontor/signer';
import type { CancelTimer, Time } from '../time.ts';
import type { AlarmBook } from './alarm-book.ts';

export interface HeldWatchPorts {
  readonly time: Time;
  readonly alarms: Pick<AlarmBook, 'raise' | 'resolve'>;
  /** Null when the signer cannot be asked now. */
  readonly policy: () => Promise<PolicyInfo | null>;
}

/** How often it is looked whether what waits has been released, dropped or forgotten. */
const LOOK_MS = 5_000;

export class HeldWatch {
  readonly #ports: HeldWatchPorts;
  /** Orders with an alarm, and their connections. */
  readonly #waiting = new Map<string, string>();
  #timer: CancelTimer | null = null;
  #isLooking = false;
  #isAskedAgain = false;

  constructor(ports: HeldWatchPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.onHeld();
    this.#timer = this.#ports.time.every(LOOK_MS, () => {
      if (this.#waiting.size > 0) this.onHeld();
    });
  }

  close(): void {
    this.#timer?.();
  }

  /** The signer keeps an order for a person, or what it keeps may have changed. */
  onHeld(): void {
    if (this.#isLooking) {
      this.#isAskedAgain = true;
      return;
    }
    this.#isLooking = true;
    void this.#look().finally(() => {
      this.#isLooking = false;
      if (!this.#isAskedAgain) return;
      this.#isAskedAgain = false;
      this.onHeld();
    });
  }

  async #look(): Promise<void> {
    const { alarms, policy } = this.#ports;
    const info = await policy();
    if (info === null) return;
    const waiting = info.held.filter(({ isReleased }) => !isReleased);
    for (const held of waiting) {
      const { order, connection, symbol, side, quantity, price, notional, rule, until } = held;
      if (this.#waiting.has(order)) continue;
      this.#waiting.set(order, connection);
      const end = new Date(until).toISOString();
      const facts = { order, side, quantity, symbol, price, notional, line: rule, until: end };
      alarms.raise({ kind: 'orderHeld', severity: 'notice', connection, subject: order, facts });
    }
    for (const [order, connection] of this.#waiting) {
      if (waiting.some((held) => held.order === order)) continue;
      this.#waiting.delete(order);
      alarms.resolve('orderHeld', connection, order);
    }
  }
}
