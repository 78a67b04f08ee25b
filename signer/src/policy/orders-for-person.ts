// SPDX-License-Identifier: Apache-2.0
// Orders that a hold line leaves to a person: kept on the log, told of, and refused until the person has released them.

import { strict as assert } from 'node:assert';
import type { KeyIntent } from '../binance/requests.ts';
import { factsOf } from '../facts.ts';
import { LogError, type Entry, type IntentLog } from '../log/intent-log.ts';
import type { Refuse } from '../refusals.ts';
import { secondsOf } from './held-acts.ts';
import type { PolicyRule } from './policy.ts';
import { HELD_PER_CONNECTION_MAX, heldEntry, type HeldOrder } from './held-orders.ts';
import type { PolicyInForce } from './in-force.ts';

export interface PersonPorts {
  readonly log: IntentLog;
  readonly rules: PolicyInForce;
  readonly window: () => number;
  /** A connection as a person knows it. */
  readonly nameOf: (connection: string) => string;
  readonly say: (sentence: string) => void;
  readonly refuse: Refuse;
}

export class OrdersForPerson {
  readonly #ports: PersonPorts;

  constructor(ports: PersonPorts) {
    this.#ports = ports;
  }

  /** Refuses an order until a person releases one like it: what asks again and again is kept once. */
  keep(
    intent: KeyIntent,
    rule: PolicyRule,
    fields: Entry['fields'],
    { wall, window }: { readonly wall: number; readonly window: number },
  ): void {
    const { held, hash: policy } = this.#ports.rules.evaluator;
    const facts = factsOf(fields);
    const refuse = (reason: string): void =>
      this.#ports.refuse(intent.id, `hold: ${rule.id}`, reason, fields);
    const question = { connection: intent.connection, rule: rule.id, policy, facts };
    let order = held.find(question, window);
    if (order?.state === 'dropped') {
      return refuse('expected another order, found one like it that a person has dropped');
    }
    if (order === undefined) {
      const others = held.inPlace(intent.connection, policy, window);
      if (others.length >= HELD_PER_CONNECTION_MAX) {
        return refuse(
          `${crowdOf(others)}; the first of them goes by itself in ${firstEnd(others, window)}`,
        );
      }
      if (others.length === HELD_PER_CONNECTION_MAX - 1) this.#tellCrowd(intent.connection);
      try {
        this.record(heldEntry({ fields, rule, policy }, wall));
      } catch (error) {
        if (!(error instanceof LogError)) throw error;
        return this.#ports.refuse(intent.id, 'log', error.message, fields);
      }
      order = held.find(question, window);
      assert(order !== undefined, 'Invariant: an order that was just kept waits');
    }
    refuse(
      `expected a person to allow it first: it waits as ${order.order} for ${secondsOf(order.until - window)}; ` +
        'release it on the page Policy and it is signed when it comes again',
    );
  }

  /** Puts an entry about held orders on the log and takes it to heart. Throws LogError where the log takes nothing. */
  record(entry: Entry): void {
    const [recorded] = this.#ports.log.append([entry]);
    assert(recorded !== undefined, 'Invariant: what was appended is recorded');
    const { sequence } = recorded;
    this.#ports.rules.evaluator.held.read({ ...recorded.entry, sequence }, this.#ports.window());
  }

  #tellCrowd(connection: string): void {
    this.#ports.say(
      `${HELD_PER_CONNECTION_MAX} orders of ${this.#ports.nameOf(connection)} (${connection}) wait for a person, and no more are kept: look at the page Policy.`,
    );
  }
}

/** Who takes the places of a connection, so that a person sees what fills them. */
function crowdOf(held: readonly HeldOrder[]): string {
  const counts = new Map<string, number>();
  for (const { facts } of held) {
    const symbol = facts.symbol ?? '';
    counts.set(symbol, (counts.get(symbol) ?? 0) + 1);
  }
  const [most = ['', 0]] = [...counts].sort(([, left], [, right]) => right - left);
  return (
    `expected fewer than ${HELD_PER_CONNECTION_MAX} orders of this connection that wait for a person, ` +
    `found ${held.length}, ${most[1]} of them in ${most[0]}: release or drop some on the page Policy`
  );
}

function firstEnd(held: readonly HeldOrder[], now: number): string {
  return secondsOf(Math.min(...held.map(({ until }) => until)) - now);
}
