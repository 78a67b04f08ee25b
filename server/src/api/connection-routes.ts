// SPDX-License-Identifier: Apache-2.0
// Connections and their keys over HTTP. The server hands on what the signer says; a secret passes it sealed only.

import type { ConnectionInfo, Intent, VaultInfo } from '@kontor/signer';
import { Type } from 'typebox';
import type { Connection } from './schemas.ts';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';

type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

/** What the signer is asked about keys. */
export interface KeyDesk {
  readonly change: (
    request: Unnumbered<
      Extract<Intent, { kind: 'createConnection' | 'importConnection' | 'activateConnection' }>
    >,
  ) => Promise<
    | { readonly ok: true; readonly connections: readonly ConnectionInfo[] }
    | { readonly ok: false; readonly rule?: string; readonly reason: string }
  >;
  /** Null when the signer cannot be asked now. */
  readonly vault: () => Promise<VaultInfo | null>;
}

const Name = Type.String({ minLength: 1, maxLength: 40 });
const Venue = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$' });
const ConnectionParameters = Type.Object({ id: Type.String({ pattern: '^c_[A-Z2-7]{7}$' }) });
const ERRORS = { 409: schemas.ErrorBody, 503: schemas.ErrorBody };

export function registerConnections(app: App, keys: KeyDesk): void {
  const change = async (
    request: Parameters<KeyDesk['change']>[0],
  ): Promise<
    | { readonly ok: true; readonly connection: Connection }
    | { readonly ok: false; readonly status: 409 | 503; readonly body: schemas.ErrorBody }
  > => {
    const result = await keys.change(request);
    const [info] = result.ok ? result.connections : [];
    if (info !== undefined) return { ok: true, connection: toConnection(info) };
    const message = result.ok ? 'the signer named no connection' : result.reason;
    const isDecided = !result.ok && result.rule !== undefined && result.rule !== 'locked';
    const error = isDecided ? 'refused' : 'signer_unavailable';
    return { ok: false, status: isDecided ? 409 : 503, body: { error, message } };
  };

  app.get(
    '/vault',
    {
      schema: {
        summary: 'Whether the vault is open, and the public key to which secrets are sealed',
        response: { 200: schemas.Vault, 503: schemas.ErrorBody },
      },
    },
    async (_request, reply) => {
      const vault = await keys.vault();
      if (vault !== null) return vault;
      const message = 'the signer is not running';
      return reply.code(503).send({ error: 'signer_unavailable', message });
    },
  );
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
          { apiKey: Type.String({ pattern: '^[A-Za-z0-9]{1,128}$' }) },
          { additionalProperties: false },
        ),
        response: { 200: schemas.Connection, ...ERRORS },
      },
    },
    async (request, reply) => {
      const connection = request.params.id;
      const named = await change({ kind: 'activateConnection', connection, ...request.body });
      return named.ok ? named.connection : reply.code(named.status).send(named.body);
    },
  );
}

/** A connection as the API shows it. */
export function toConnection(info: ConnectionInfo): Connection {
  return {
    id: info.connection,
    name: info.name,
    venue: info.venue,
    state: info.state,
    keyKind: info.keyKind,
    publicKeyPem: info.publicKeyPem,
    createdAt: info.createdAt,
    expiresAt: info.expiresAt,
    policy: [...info.policy],
    policyHash: info.policyHash,
  };
}
