// SPDX-License-Identifier: Apache-2.0
// Connections and their keys over HTTP. The server hands on what the signer says; a secret passes it sealed only.

import type { ConnectionInfo, Intent } from '@kontor/signer';
import { Type } from 'typebox';
import type { Checked } from '../connections/life-watch.ts';
import type { Connection } from './schemas.ts';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';

type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

/** What the signer is asked about keys. */
export interface KeyDesk {
  readonly change: (
    request: Unnumbered<
      Extract<
        Intent,
        {
          kind: 'createConnection' | 'importConnection' | 'activateConnection' | 'freezeConnection';
        }
      >
    >,
  ) => Promise<
    | { readonly ok: true; readonly connections: readonly ConnectionInfo[] }
    | { readonly ok: false; readonly rule?: string; readonly reason: string }
  >;
  /** Asks the exchange what a key may do; tells how the signer then lets it be used. */
  readonly check: (connection: string) => Promise<Checked>;
  /** Has a read sent from a second address, to see whether the key's list of addresses is real. */
  readonly probe: (connection: string) => Promise<Checked>;
  /** Whether egress was given such an address. */
  readonly hasSecondAddress: () => boolean;
  /** The exchange that the desk trades at. */
  readonly venue: string;
}

const Name = Type.String({ minLength: 1, maxLength: 40 });
const Venue = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' });
/** The connection whose key the new one will replace once it is checked. */
const Replaces = Type.Optional(Type.String({ pattern: '^c_[A-Z2-7]{7}$' }));
/** An account that exists only to be robbed. No answer tells it. */
const IsCanary = Type.Optional(Type.Boolean());
const ConnectionParameters = Type.Object({ id: Type.String({ pattern: '^c_[A-Z2-7]{7}$' }) });
/** Exchanges that the desk has an adapter for. */
const ADAPTED: readonly string[] = ['binance'];
type KeyTaken = schemas.Venue['keys'][number];

/** What Binance takes, and with it the simulated exchanges that speak as it does. */
const KEYS_TAKEN: readonly (readonly [KeyTaken['kind'], KeyTaken['from']])[] = [
  ['ed25519', 'made'],
  ['rsa-2048', 'made'],
  ['rsa-4096', 'made'],
  ['ed25519', 'imported'],
  ['rsa-2048', 'imported'],
  ['hmac-sha256', 'imported'],
];
const NO_SECOND_ADDRESS =
  'expected a second address for egress, found none: write socks5://HOST:PORT or http://HOST:PORT of a proxy into the file second-address beside egress.json and start the desk again';
/** As Binance makes its identifiers, and with it the simulated exchanges that speak as it does. */
const API_KEY_CHARACTERS = 64;
const ERRORS = { 409: schemas.ErrorBody, 503: schemas.ErrorBody };

export function registerConnections(app: App, keys: KeyDesk): void {
  const venues = [...new Set([keys.venue, ...ADAPTED])];
  const change = async (
    request: Parameters<KeyDesk['change']>[0],
  ): Promise<
    | { readonly ok: true; readonly connection: Connection }
    | { readonly ok: false; readonly status: 409 | 503; readonly body: schemas.ErrorBody }
  > => {
    if ('venue' in request && !venues.includes(request.venue)) {
      const message = `venue: expected one of ${venues.join(', ')}, found ${request.venue}`;
      return { ok: false, status: 409, body: { error: 'refused', message } };
    }
    const result = await keys.change(request);
    const [info] = result.ok ? result.connections : [];
    if (info !== undefined) return { ok: true, connection: toConnection(info) };
    const message = result.ok ? 'the signer named no connection' : result.reason;
    const isDecided = !result.ok && result.rule !== undefined && result.rule !== 'locked';
    const error = isDecided ? 'refused' : 'signer_unavailable';
    return { ok: false, status: isDecided ? 409 : 503, body: { error, message } };
  };

  app.post(
    '/connections',
    {
      schema: {
        summary: 'Makes a key in the signer; its public half is for the exchange',
        body: Type.Object(
          {
            name: Name,
            venue: Venue,
            keyKind: Type.Union([
              Type.Literal('ed25519'),
              Type.Literal('rsa-2048'),
              Type.Literal('rsa-4096'),
            ]),
            replaces: Replaces,
            isCanary: IsCanary,
          },
          { additionalProperties: false },
        ),
        response: { 201: schemas.Connection, ...ERRORS },
      },
    },
    async (request, reply) => {
      const made = await change({ kind: 'createConnection', ...request.body });
      return made.ok
        ? reply.code(201).send(made.connection)
        : reply.code(made.status).send(made.body);
    },
  );
  app.post(
    '/connections/import',
    {
      schema: {
        summary: "Takes in a key that was made elsewhere, sealed to the vault's import key",
        body: Type.Object(
          {
            name: Name,
            venue: Venue,
            keyKind: schemas.KeyKind,
            sealed: Type.String({
              minLength: 64,
              maxLength: 8_000,
              pattern: '^[A-Za-z0-9+/]+={0,2}$',
            }),
            publicKeyPem: Type.Union([Type.String({ maxLength: 1_000 }), Type.Null()]),
            replaces: Replaces,
            isCanary: IsCanary,
          },
          { additionalProperties: false },
        ),
        response: { 201: schemas.Connection, ...ERRORS },
      },
    },
    async (request, reply) => {
      const made = await change({ kind: 'importConnection', ...request.body });
      return made.ok
        ? reply.code(201).send(made.connection)
        : reply.code(made.status).send(made.body);
    },
  );
  app.put(
    '/connections/:id/api-key',
    {
      schema: {
        summary: "Names the exchange's identifier of the key, which is no secret",
        params: ConnectionParameters,
        body: Type.Object(
          // What is wrong with it is said below: a fault of its shape would repeat it.
          { apiKey: Type.String() },
          { additionalProperties: false },
        ),
        response: { 200: schemas.Connection, ...ERRORS },
      },
    },
    async (request, reply) => {
      const connection = request.params.id;
      const fault = apiKeyFault(request.body.apiKey);
      if (fault !== null) return reply.code(409).send({ error: 'refused', message: fault });
      const named = await change({ kind: 'activateConnection', connection, ...request.body });
      // The key signs orders once it is checked; nobody has to wait for that here.
      if (named.ok) void keys.check(connection).catch(() => undefined);
      return named.ok ? named.connection : reply.code(named.status).send(named.body);
    },
  );
  app.post(
    '/connections/:id/check',
    {
      schema: {
        summary: 'Asks the exchange what the key may do; the signer reads the answer itself',
        params: ConnectionParameters,
        response: { 200: schemas.Connection, ...ERRORS, 502: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const checked = await keys.check(request.params.id);
      if (checked.ok) return toConnection(checked.connection);
      const { rule, reason: message } = checked;
      return rule === undefined
        ? reply.code(502).send({ error: 'not_checked', message })
        : reply.code(409).send({ error: 'refused', message });
    },
  );
  app.post(
    '/connections/:id/probe',
    {
      schema: {
        summary:
          "Sends one read from the second address to the exchange: one that is taken proves the key's list of addresses not real",
        params: ConnectionParameters,
        response: { 200: schemas.Connection, ...ERRORS, 502: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      if (!keys.hasSecondAddress()) {
        return reply.code(409).send({ error: 'no_second_address', message: NO_SECOND_ADDRESS });
      }
      const probed = await keys.probe(request.params.id);
      if (probed.ok) return toConnection(probed.connection);
      const { rule, reason: message } = probed;
      return rule === undefined
        ? reply.code(502).send({ error: 'not_probed', message })
        : reply.code(409).send({ error: 'refused', message });
    },
  );
  app.post(
    '/connections/:id/freeze',
    {
      schema: {
        summary: 'No new risk from now on; resting orders stay, exits, cancels and reads go on',
        params: ConnectionParameters,
        response: { 200: schemas.Connection, ...ERRORS },
      },
    },
    async (request, reply) => {
      const connection = request.params.id;
      const frozen = await change({ kind: 'freezeConnection', connection, cause: 'person' });
      return frozen.ok ? frozen.connection : reply.code(frozen.status).send(frozen.body);
    },
  );
  app.get(
    '/venues',
    {
      schema: {
        summary: 'The exchanges that a key can be for, the one that the desk trades at first',
        response: { 200: Type.Array(schemas.Venue) },
      },
    },
    () =>
      venues.map((venue) => ({
        venue,
        isTraded: venue === keys.venue,
        hasAdapter: ADAPTED.includes(venue),
        hasSecondAddress: keys.hasSecondAddress(),
        keys: KEYS_TAKEN.map(([kind, from]) => ({ kind, from })),
      })),
  );
}

/** Why `apiKey` is no identifier of a key, or null. It may be a secret by mistake, so it is never said. */
function apiKeyFault(apiKey: string): string | null {
  const expected = `expected an API key as the exchange shows it, ${API_KEY_CHARACTERS} letters and digits`;
  if (!/^[A-Za-z0-9]*$/.test(apiKey)) return `${expected}, found other characters among them`;
  if (apiKey.length !== API_KEY_CHARACTERS) return `${expected}, found ${apiKey.length} characters`;
  return null;
}

/** A connection as the API shows it. */
export function toConnection(info: ConnectionInfo): Connection {
  return {
    id: info.connection,
    name: info.name,
    venue: info.venue,
    state: info.state,
    signs: info.signs,
    grade: info.grade,
    keyKind: info.keyKind,
    publicKeyPem: info.publicKeyPem,
    createdAt: info.createdAt,
    expiresAt: info.expiresAt,
    reducesUntil: info.reducesUntil,
    cancelsUntil: info.cancelsUntil,
    checkedAt: info.checkedAt,
    isIpRestricted: info.isIpRestricted,
    bind: info.bind,
    bindDoubt: info.bindDoubt,
    frozen: info.frozen,
    quarantined:
      info.quarantined === null
        ? null
        : { since: info.quarantined.since, faults: [...info.quarantined.faults] },
    replaces: info.replaces,
    isReady: info.isReady,
    policy: [...info.policy],
    policyHash: info.policyHash,
  };
}
