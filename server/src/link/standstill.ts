// SPDX-License-Identifier: Apache-2.0
// What keeps the signer from signing whatever it is asked: a locked vault, or a connection that stands still.
//
// The signer does not say by itself when its vault has been opened, at the terminal say: once it has refused something
// for that it is asked, which costs it nothing and leaves nothing on its log, until it is open.

import type { VaultInfo } from '@kontor/signer';
import type { AlarmBook } from '../alarms/alarm-book.ts';
import type { CancelTimer, Time } from '../time.ts';

export interface VaultWatchPorts {
  readonly time: Pick<Time, 'after'>;
  /** Null when the signer cannot be asked now. */
  readonly vault: () => Promise<Pick<VaultInfo, 'isOpen'> | null>;
  readonly alarms: Pick<AlarmBook, 'raise' | 'resolve'>;
  /** The vault, which was found locked, is open. */
  readonly onOpened: () => void;
}

/** How the signer names the refusal of everything that needs a key. */
export const LOCKED_RULE = 'locked';
const LOOK_MS = 250;
/** Who starts a desk opens its vault; one that started by itself, at night say, waits for somebody who must hear of it. */
const LONG_MINUTES = 5;

/** True of a refusal that any other question would meet as well, until a person has done something. */
export function isStandstill(rule: string): boolean {
  return rule === LOCKED_RULE || rule.startsWith('connection-');
}

export class VaultWatch {
  readonly #ports: VaultWatchPorts;
  #isLocked = false;
  #isLooking = false;
  #isClosed = false;
  #cancelTimer: CancelTimer = () => undefined;
  #cancelAlarm: CancelTimer = () => undefined;

  constructor(ports: VaultWatchPorts) {
    this.#ports = ports;
  }

  /** Whether the vault was found locked and has not been seen open since. */
  get isLocked(): boolean {
    return this.#isLocked;
  }

  /** The signer has refused something under `rule`. */
  onRefused(rule: string): void {
    if (rule !== LOCKED_RULE || this.#isLocked || this.#isClosed) return;
    this.#isLocked = true;
    const { time, alarms } = this.#ports;
    this.#cancelTimer = time.after(LOOK_MS, () => void this.look());
    this.#cancelAlarm = time.after(LONG_MINUTES * 60_000, () => {
      const facts = { minutes: String(LONG_MINUTES) };
      alarms.raise({ kind: 'vaultLocked', severity: 'warning', facts });
    });
  }

  /** What an earlier life of this desk told of a locked vault is over. */
  onFoundOpen(): void {
    this.#ports.alarms.resolve('vaultLocked');
  }

  /** Looks now whether a vault that was locked is open, as after somebody brought what opens it. */
  async look(): Promise<void> {
    if (!this.#isLocked || this.#isLooking || this.#isClosed) return;
    this.#cancelTimer();
    this.#isLooking = true;
    const vault = await this.#ports.vault();
    this.#isLooking = false;
    if (this.#isClosed) return;
    if (vault?.isOpen === true) {
      this.#isLocked = false;
      this.#cancelAlarm();
      this.#ports.alarms.resolve('vaultLocked');
      this.#ports.onOpened();
    } else this.#cancelTimer = this.#ports.time.after(LOOK_MS, () => void this.look());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelTimer();
    this.#cancelAlarm();
  }
}
