// SPDX-License-Identifier: Apache-2.0
// A connection at which someone else may be at work opens no new risk: its entries are denied here at once, and the
// signer is told until it has frozen the connection too. Resting orders stay: they lock the funds.
//
// It ends where the signer says so: a person has thawed the connection there.

import type { ConnectionInfo } from '@kontor/signer';
import type { Denial, PlaceEffect } from '../runner/bot-runner.ts';
import type { Store } from '../store/store.ts';
import type { CancelTimer, Time } from '../time.ts';

export interface FreezePorts {
  readonly store: Store;
  readonly time: Time;
  /** Has the signer freeze a connection; the connection as it then is, or why not. */
  readonly freeze: (
    connection: string,
  ) => Promise<
    | { readonly ok: true; readonly connections: readonly ConnectionInfo[] }
    | { readonly ok: false; readonly reason: string }
  >;
  /** What people call it. */
  readonly name: (connection: string) => string;
  /** All connections; empty where the signer cannot be asked now. */
  readonly connections: () => Promise<readonly ConnectionInfo[]>;
  /** A person has thawed it. */
  readonly onThawed: (connection: string) => void;
  readonly log: (message: string, fields: Readonly<Record<string, unknown>>) => void;
  readonly retryMs?: number;
  readonly watchMs?: number;
}

interface Frozen {
  readonly since: number;
  readonly cause: string;
  /** Whether the signer has frozen it as well. */
  readonly isSigned: boolean;
}

const META = 'frozenConnections';
const RETRY_MS = 1_000;
const WATCH_MS = 5_000;

export class ConnectionFreeze {
  readonly #ports: FreezePorts;
  readonly #frozen: Map<string, Frozen>;
  #timer: CancelTimer | null = null;
  #isRunning = false;
  #isClosed = false;

  constructor(ports: FreezePorts) {
    this.#ports = ports;
    const stored = ports.store.meta(META);
    // Written below.
    const entries = stored === undefined ? {} : (JSON.parse(stored) as Record<string, Frozen>);
    this.#frozen = new Map(Object.entries(entries));
  }

  /** Goes on with what was frozen before; once the signer can be asked. */
  start(): void {
    if (this.#frozen.size > 0) this.#wake(0);
  }

  /** Looks now whether the signer has thawed one, as after a person consented to something. */
  look(): void {
    if (this.#frozen.size > 0) this.#wake(0);
  }

  since(connection: string): number | null {
    return this.#frozen.get(connection)?.since ?? null;
  }

  /**
   * Freezes a connection for new entries. True where it was not frozen before. The signer is asked in any case: a person
   * may have thawed the connection there a moment ago, before this new cause.
   */
  freeze(connection: string, cause: string): boolean {
    const known = this.#frozen.get(connection);
    const since = known?.since ?? this.#ports.time.now();
    this.#frozen.set(connection, { since, cause: known?.cause ?? cause, isSigned: false });
    this.#save();
    this.#wake(0);
    return known === undefined;
  }

  /** Why an order of this role may not leave by this connection, or null. */
  denial(connection: string, role: PlaceEffect['role']): Denial | null {
    if (role === 'exit' || !this.#frozen.has(connection)) return null;
    return {
      rule: 'connection: frozen',
      reason: `the connection ${this.#ports.name(connection)} signs no new risk: it is frozen`,
    };
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.();
  }

  #wake(ms: number): void {
    if (this.#isClosed || this.#isRunning) return;
    this.#timer?.();
    this.#timer = this.#ports.time.after(ms, () => {
      this.#timer = null;
      this.#isRunning = true;
      void this.#work().finally(() => {
        this.#isRunning = false;
        if (this.#frozen.size === 0) return;
        const isWaiting = [...this.#frozen.values()].some(({ isSigned }) => !isSigned);
        this.#wake(
          isWaiting ? (this.#ports.retryMs ?? RETRY_MS) : (this.#ports.watchMs ?? WATCH_MS),
        );
      });
    });
  }

  async #work(): Promise<void> {
    for (const [connection, frozen] of this.#frozen) {
      if (this.#isClosed || frozen.isSigned) continue;
      const result = await this.#ports.freeze(connection);
      if (this.#isClosed) return;
      if (result.ok) {
        this.#frozen.set(connection, { ...frozen, isSigned: true });
        this.#save();
      } else {
        const { reason } = result;
        this.#ports.log('the signer has not frozen a connection yet; asking again', {
          connection,
          reason,
        });
      }
    }
    const infos = this.#isClosed ? [] : await this.#ports.connections();
    for (const info of infos) {
      const known = this.#frozen.get(info.connection);
      if (known?.isSigned !== true || info.frozen !== null || this.#isClosed) continue;
      this.#frozen.delete(info.connection);
      this.#save();
      this.#ports.onThawed(info.connection);
    }
  }

  #save(): void {
    this.#ports.store.setMeta(META, JSON.stringify(Object.fromEntries(this.#frozen)));
  }
}
