// SPDX-License-Identifier: Apache-2.0
// Refusals: told to the server, and written to the log at a bounded rate.

import type { Clock } from './clock.ts';
import { isSystemError } from './disk.ts';
import type { LifeRefusal } from './life/lives.ts';
import { LogError, type Entry, type IntentLog } from './log/intent-log.ts';
import { PerMinute } from './per-minute.ts';
import { VaultError } from './vault/file.ts';
import type { Decision } from './wire.ts';

/** Refusals beyond this rate are counted and not written one by one: refusing must not fill the disk. */
const REFUSALS_LOGGED_PER_MINUTE = 600;
const REASON_CHARACTERS_MAX = 300;

type Refusal = Extract<Decision, { kind: 'refused' }>;

/** Refuses an intent; `logged` is what the log has of it. */
export type Refuse = (id: number, rule: string, reason: string, logged: Entry['fields']) => void;

export interface RefusalPorts {
  readonly clock: Clock;
  readonly log: IntentLog;
  /** The policy in force. */
  readonly policyHash: () => string;
  readonly decide: (decision: Decision) => void;
}

export class Refusals {
  readonly #ports: RefusalPorts;
  readonly #logged = new PerMinute(REFUSALS_LOGGED_PER_MINUTE);
  #unlogged = 0;

  constructor(ports: RefusalPorts) {
    this.#ports = ports;
  }

  readonly refuse: Refuse = (id, rule, reason, logged) => {
    const refusal: Refusal = {
      kind: 'refused',
      id,
      rule,
      reason: reason.slice(0, REASON_CHARACTERS_MAX),
    };
    this.#log(refusal, logged);
    this.#ports.decide(refusal);
  };

  /** A refusal needs no entry to be valid: where the log takes none, it stands all the same. */
  #log({ rule, reason }: Refusal, logged: Entry['fields']): void {
    const { clock, log, policyHash } = this.#ports;
    const time = clock.wall();
    if (!this.#logged.take(time)) {
      this.#unlogged += 1;
      return;
    }
    const unlogged = this.#unlogged > 0 ? this.#unlogged : undefined;
    const fields = { ...logged, rule, reason, policy: policyHash(), unlogged };
    try {
      log.follow([{ time: Math.max(time, 0), kind: 'refused', fields }]);
      this.#unlogged = 0;
    } catch (error) {
      if (!(error instanceof LogError)) throw error;
      this.#unlogged += 1;
    }
  }
}

/** What log, vault or disk did not take, as a refusal; throws what is nothing of theirs. */
export function refusalOf(error: unknown, expected: string): LifeRefusal {
  if (error instanceof LogError) return { rule: 'log', reason: error.message };
  if (error instanceof VaultError) return { rule: 'connections', reason: error.message };
  if (!isSystemError(error)) throw error;
  return { rule: 'disk', reason: `expected ${expected}, found ${error.code}` };
}
