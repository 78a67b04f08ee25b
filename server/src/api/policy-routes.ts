// SPDX-License-Identifier: Apache-2.0
// The policy over HTTP: what it says, what another text would change, and what it would say to an order. Changing it is
// an act of the signer's.

import { setTimeout as delay } from 'node:timers/promises';

import {
  comparePolicies,
  overviewOf,
  parsePolicy,
  POLICY_CHARACTERS_MAX,
  type ConnectionOverview,
  type Explanation,
  type OrderIntent,
  type PolicyComparison,
  type PolicyInfo,
} from '@kontor/signer';
import { Type } from 'typebox';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';

export interface PolicyDesk {
  /** Null when the signer cannot be asked now. */
  readonly policy: () => Promise<PolicyInfo | null>;
  readonly explain: (
    connection: string,
    order: OrderIntent,
  ) => Promise<
    | { readonly ok: true; readonly explanation: Explanation }
    | { readonly ok: false; readonly reason: string }
  >;
}

const DECIMAL = Type.String({ pattern: '^(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,8})?$' });
const NOT_RUNNING = { error: 'signer_unavailable', message: 'the signer is not running' };
/** An order that is only asked about has no ID at the exchange. */
const ASKED_ID = 'explained';
const ASKS_MAX = 10;
const ASK_AGAIN_MS = 200;

export function registerPolicy(app: App, desk: PolicyDesk): void {
  app.get(
    '/policy',
    {
      schema: {
        summary: 'The policy in force, its lines as data, and a change that waits',
        response: { 200: schemas.PolicyState, 503: schemas.ErrorBody },
      },
    },
    async (_request, reply) => {
      const info = await desk.policy();
      return info === null ? reply.code(503).send(NOT_RUNNING) : stateOf(info);
    },
  );
  app.get(
    '/policy/held',
    {
      schema: {
        summary: 'Orders that wait for a person, and those released that may still be signed',
        response: { 200: Type.Array(schemas.HeldOrder), 503: schemas.ErrorBody },
      },
    },
    async (_request, reply) => {
      const info = await desk.policy();
      return info === null ? reply.code(503).send(NOT_RUNNING) : heldOf(info);
    },
  );
  app.post(
    '/policy/check',
    {
      schema: {
        summary: 'Whether a text is a policy, what it says, and what it would change',
        body: Type.Object(
          { policy: Type.String({ maxLength: POLICY_CHARACTERS_MAX }) },
          { additionalProperties: false },
        ),
        response: { 200: schemas.PolicyCheck, 503: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const info = await desk.policy();
      if (info === null) return reply.code(503).send(NOT_RUNNING);
      return checkOf(request.body.policy, info);
    },
  );
  app.post(
    '/policy/explain',
    {
      schema: {
        summary: 'What the policy would say to an order now; nothing is signed or counted',
        body: Type.Object(
          {
            connection: Type.String({ pattern: '^c_[A-Z2-7]{7}$' }),
            symbol: Type.String({ pattern: '^[A-Z0-9][A-Z0-9._-]{0,29}$' }),
            side: Type.Union([Type.Literal('buy'), Type.Literal('sell')]),
            type: Type.Union([Type.Literal('limit'), Type.Literal('limitMaker')]),
            timeInForce: Type.Union([
              Type.Literal('GTC'),
              Type.Literal('IOC'),
              Type.Literal('FOK'),
            ]),
            price: DECIMAL,
            quantity: DECIMAL,
          },
          { additionalProperties: false },
        ),
        response: { 200: schemas.PolicyExplanation, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { connection, ...order } = request.body;
      const ask = (): ReturnType<PolicyDesk['explain']> =>
        desk.explain(connection, { ...order, clientOrderId: ASKED_ID });
      let told = await ask();
      // The first question has egress asked for prices; an order would wait for them, too.
      for (let asked = 1; asked < ASKS_MAX && told.ok && waitsForPrices(told); asked += 1) {
        await delay(ASK_AGAIN_MS);
        told = await ask();
      }
      if (told.ok) return { ...told.explanation, limits: [...told.explanation.limits] };
      return reply.code(409).send({ error: 'refused', message: told.reason });
    },
  );
}

/** Whether the signer would wait for prices that egress has not brought yet. */
function waitsForPrices({ explanation }: { readonly explanation: Explanation }): boolean {
  return !explanation.isAllowed && explanation.rule.endsWith(': reference');
}

function stateOf({ hash, text, lock, pending }: PolicyInfo): schemas.PolicyState {
  const parsed = parsePolicy(Buffer.from(text));
  const overview = parsed.ok ? overviewOf(parsed.policy) : null;
  return {
    ...{ hash, text, lock },
    looseningDelayMs: overview?.looseningDelayMs ?? 0,
    connections: (overview?.connections ?? []).map(toConnection),
    pending:
      pending === null
        ? null
        : { ...pending, difference: toDifference(differenceOf(text, pending.text)) },
  };
}

function heldOf({ text, held }: PolicyInfo): schemas.HeldOrder[] {
  const parsed = parsePolicy(Buffer.from(text));
  const rules = parsed.ok ? parsed.policy.sections.flatMap((section) => section.rules) : [];
  return held.map((order) => {
    const line = rules.find(({ id }) => id === order.rule)?.text ?? order.rule;
    return { ...order, line };
  });
}

function checkOf(given: string, { text, lock }: PolicyInfo): schemas.PolicyCheck {
  const parsed = parsePolicy(Buffer.from(given));
  if (!parsed.ok) {
    return {
      isPolicy: false,
      error: { ...parsed.error },
      hash: null,
      connections: [],
      difference: null,
    };
  }
  const overview = overviewOf(parsed.policy);
  return {
    isPolicy: true,
    error: null,
    hash: overview.hash,
    connections: overview.connections.map(toConnection),
    // Where nobody vouches for the policy in force, any is a loosening.
    difference: toDifference(differenceOf(lock === null ? text : '', given)),
  };
}

function differenceOf(before: string, next: string): PolicyComparison {
  const [old, now] = [parsePolicy(Buffer.from(before)), parsePolicy(Buffer.from(next))];
  if (!now.ok) throw new Error('Invariant: the signer and the check above have read this policy');
  return comparePolicies(old.ok ? old.policy : null, now.policy);
}

function toDifference({ direction, changes, reasons }: PolicyComparison): schemas.PolicyDifference {
  return { direction, changes: changes.map((change) => ({ ...change })), reasons: [...reasons] };
}

function toConnection(overview: ConnectionOverview): schemas.PolicyConnection {
  const { connection, reference, floors, lines, worstDay } = overview;
  return {
    connection,
    reference: reference === null ? null : { ...reference, sources: [...reference.sources] },
    floors: floors.map((floor) => ({ ...floor, symbols: copyOf(floor.symbols) })),
    lines: lines.map((line) => ({
      ...line,
      operations: [...line.operations],
      symbols: copyOf(line.symbols),
      sides: copyOf(line.sides),
      types: copyOf(line.types),
      timesInForce: copyOf(line.timesInForce),
    })),
    worstDay: worstDay.map((day) => ({ ...day })),
  };
}

function copyOf(values: readonly string[] | null): string[] | null {
  return values === null ? null : [...values];
}
