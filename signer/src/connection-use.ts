// SPDX-License-Identifier: Apache-2.0
// What a connection may be used for now, whatever the policy allows: by its life, its name at the exchange, and whether it has
// taken over.

import { strict as assert } from 'node:assert';
import type { KeyIntent } from './binance/requests.ts';
import type { Connection } from './connections.ts';
import type { LifeKeeper } from './life/keeper.ts';
import type { LifeRefusal, Lives } from './life/lives.ts';
import { lesser, type Standing } from './life/state.ts';
import { orderIdsOf } from './order-names.ts';
import type { PolicyInForce } from './policy/in-force.ts';

const UNNAMED_REASON = "expected the exchange's identifier of the key, found none yet";

export interface ConnectionUsePorts {
  readonly lives: Lives;
  readonly keeper: LifeKeeper;
  readonly rules: PolicyInForce;
}

export class ConnectionUse {
  readonly #lives: Lives;
  readonly #keeper: LifeKeeper;
  readonly #rules: PolicyInForce;

  constructor({ lives, keeper, rules }: ConnectionUsePorts) {
    this.#lives = lives;
    this.#keeper = keeper;
    this.#rules = rules;
  }

  /** Asserts that the log knows the connection: the file of connections agrees with it. */
  standingOf(known: Connection, now: number): Standing {
    const standing = this.#lives.standing(
      known.connection,
      now,
      this.#rules.evaluator.graceMs(known),
    );
    assert(standing !== undefined, 'Invariant: every connection has its birth on the log');
    // A crash between the log and the file of connections: the key wants its name once more.
    const isUnnamed = known.apiKey === null && standing.signs !== 'nothing';
    if (isUnnamed) return { ...standing, state: 'draft', signs: 'nothing' };
    // The key of a successor is asked about, and trades nothing before it is in use.
    return known.replaces === null
      ? standing
      : { ...standing, signs: lesser(standing.signs, 'cancels') };
  }

  /** What the state of a connection says against `intent`, whatever the policy says. */
  objectionTo(intent: KeyIntent, connection: Connection, now: number): LifeRefusal | null {
    const graceMs = this.#rules.evaluator.graceMs(connection);
    const objection = this.#lives.objectionTo(intent, now, graceMs);
    if (objection !== null) return objection;
    if (connection.replaces !== null && orderIdsOf(intent).length > 0) {
      const reason = 'expected a key in use, found a new one that has not taken over';
      return { rule: 'connection-waiting', reason };
    }
    if (connection.apiKey === null)
      return { rule: 'connection-not-active', reason: UNNAMED_REASON };
    const early = intent.kind === 'probeAddress' ? this.#keeper.objectionToProbe(intent) : null;
    return early === null ? null : { rule: 'address-probe', reason: early };
  }

  /** Asked only where it makes a difference: it takes looking through all open orders of a market. */
  isExit(intent: KeyIntent, connection: Connection): boolean {
    return this.#rules.evaluator.hasFloors(connection) && this.#lives.isExit(intent);
  }

  /** Why no order is signed whatever the policy says, or null. */
  get lock(): LifeRefusal | null {
    const { lock } = this.#rules;
    return lock === null ? null : { rule: 'policy-unattested', reason: lock };
  }
}
