// SPDX-License-Identifier: Apache-2.0
// Answers to the server's questions about connections, orders, owners and the policy. They use no key.

import type { Owners } from './acts/owners.ts';
import type { ConnectionUse } from './connection-use.ts';
import type { Connection } from './connections.ts';
import { factsOf, loggedFields } from './facts.ts';
import type { KeyRing } from './key-ring.ts';
import type { LifeKeeper } from './life/keeper.ts';
import type { Lives } from './life/lives.ts';
import { gradeOf, type LifeFacts } from './life/state.ts';
import type { OrderNames } from './order-names.ts';
import type { PolicyEvaluator } from './policy/evaluator.ts';
import { heldInfo } from './policy/held-orders.ts';
import type { PolicyInForce } from './policy/in-force.ts';
import type { Refuse } from './refusals.ts';
import { LOOK_UP_GRACE_MS, type SignedOrders } from './signed-orders.ts';
import { LOCKED_REASON } from './vault/vault-intents.ts';
import { HELD_ORDERS_MAX, type ConnectionInfo, type Decision, type Intent } from './wire.ts';

export interface AnswerPorts {
  readonly ring: KeyRing;
  readonly rules: PolicyInForce;
  readonly lives: Lives;
  readonly keeper: LifeKeeper;
  readonly owners: Owners;
  readonly orders: SignedOrders;
  readonly names: OrderNames;
  readonly use: ConnectionUse;
  readonly decide: (decision: Decision) => void;
  readonly refuse: Refuse;
}

export class Answers {
  readonly #ports: AnswerPorts;

  constructor(ports: AnswerPorts) {
    this.#ports = ports;
  }

  get #policy(): PolicyEvaluator {
    return this.#ports.rules.evaluator;
  }

  connections(id: number, connections: readonly Connection[]): void {
    const now = this.#ports.ring.clock.wall();
    const infos = connections.map((connection): ConnectionInfo => {
      const { state, signs, expiresAt, reducesUntil, cancelsUntil } = this.#ports.use.standingOf(
        connection,
        now,
      );
      const facts = this.#ports.lives.factsOf(connection.connection);
      return {
        connection: connection.connection,
        name: connection.name,
        venue: connection.venue,
        state,
        signs,
        grade: facts === undefined ? null : gradeOf(facts),
        keyKind: connection.keyKind,
        publicKeyPem: connection.publicKeyPem,
        createdAt: connection.createdAt,
        expiresAt,
        reducesUntil,
        cancelsUntil,
        checkedAt: facts?.checked?.time ?? null,
        isIpRestricted: facts?.checked?.isIpRestricted ?? null,
        ...bindInfo(facts),
        frozen: facts?.frozen ?? null,
        quarantined: facts?.quarantined ?? null,
        replaces: connection.replaces,
        isReady: this.#ports.keeper.isReady(connection),
        isCanary: this.#ports.ring.vault.isCanary(connection.connection, connection.mark),
        policy: this.#policy.linesFor(connection),
        policyHash: this.#policy.hash,
      };
    });
    this.#ports.decide({ kind: 'connections', id, connections: infos });
  }

  lookUp({ id, connection, clientOrderId }: Extract<Intent, { kind: 'lookUp' }>): void {
    const known = this.#ports.ring.connections.get(connection);
    if (known === undefined) {
      const reason = `expected a connection, found none named ${connection}`;
      return this.#ports.refuse(id, 'connection-unknown', reason, { op: 'lookUp', connection });
    }
    const { expiresAt, cancelsUntil } = this.#ports.use.standingOf(
      known,
      this.#ports.ring.clock.wall(),
    );
    if (this.#ports.ring.clock.wall() >= cancelsUntil + LOOK_UP_GRACE_MS) {
      this.#ports.orders.forget(connection);
      const end = new Date(expiresAt).toISOString();
      const reason = `expected a key that has not expired, found that ${known.name} expired at ${end}`;
      return this.#ports.refuse(id, 'connection-expired', reason, { op: 'lookUp', connection });
    }
    const signedAt =
      this.#ports.orders.timeOf(connection, clientOrderId) ??
      // One that rests for longer than IDs are remembered is known as long as it may trade.
      this.#ports.lives.signedAt(connection, clientOrderId) ??
      null;
    this.#ports.decide({ kind: 'record', id, signedAt });
  }

  /** Says whether an order at the exchange is this signer's own. */
  verifyTag({ id, connection, clientOrderId }: Extract<Intent, { kind: 'verifyTag' }>): void {
    const isValid = this.#ports.names.isOwn(connection, clientOrderId);
    if (isValid === null) {
      return this.#ports.refuse(id, 'locked', LOCKED_REASON, { op: 'verifyTag', connection });
    }
    this.#ports.decide({ kind: 'tag', id, isValid });
  }

  owners(id: number): void {
    this.#ports.decide({ kind: 'owners', id, owners: this.#ports.owners.infos() });
  }

  policy(id: number): void {
    const { text, lock, pending } = this.#ports.rules;
    const waits =
      pending === null
        ? null
        : { hash: pending.policy.hash, text: pending.text, dueAt: pending.dueAt };
    const { clock } = this.#ports.ring;
    const now = { wall: Math.max(clock.wall(), 0), window: clock.window() };
    const held = this.#policy.held
      .list(this.#policy.hash, now.window)
      .slice(0, HELD_ORDERS_MAX)
      .map((order) => heldInfo(order, now));
    const policy = { hash: this.#policy.hash, text, lock, pending: waits, held };
    this.#ports.decide({ kind: 'policy', id, policy });
  }

  /** What the policy would say to an order now, without signing or counting it. */
  explain(intent: Extract<Intent, { kind: 'explainOrder' }>): void {
    const { id, connection, order } = intent;
    const known = this.#ports.ring.connections.get(connection);
    if (known === undefined) {
      const reason = `expected a connection, found none named ${connection}`;
      return this.#ports.refuse(id, 'connection-unknown', reason, loggedFields(intent));
    }
    const placed = { kind: 'placeOrder', id, connection, order } as const;
    const facts = {
      ...factsOf(loggedFields(placed)),
      isExit: this.#ports.use.isExit(placed, known),
    };
    const window = this.#ports.ring.clock.window();
    this.#policy.want(known, facts, window);
    const explanation = this.#policy.explain(known, facts, window);
    // What no policy can allow comes first; the limits are told all the same.
    const objection =
      this.#ports.use.objectionTo(placed, known, this.#ports.ring.clock.wall()) ??
      this.#ports.use.lock;
    this.#ports.decide({
      kind: 'explained',
      id,
      explanation: {
        ...explanation,
        ...(objection !== null && { ...objection, isAllowed: false }),
      },
    });
  }
}

/** What probes from a second address showed, as the server is told it. */
function bindInfo(facts: LifeFacts | undefined): Pick<ConnectionInfo, 'bind' | 'bindDoubt'> {
  const { bind = null, bindDoubt = null } = facts ?? {};
  return {
    bind: bind === null ? null : { verdict: bind.verdict, seenAt: bind.time },
    bindDoubt:
      bindDoubt === null
        ? null
        : { at: bindDoubt.time, reason: bindDoubt.reason, words: bindDoubt.words },
  };
}
