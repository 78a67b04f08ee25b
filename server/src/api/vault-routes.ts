// SPDX-License-Identifier: Apache-2.0
// The vault over HTTP: how it is, and what opens it. The server carries what is sealed to the signer and cannot read it.

import type { Intent, VaultInfo } from '@kontor/signer';
import { Type } from 'typebox';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';

type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

/** What is asked of the vault beyond how it is. */
export type VaultRequest = Unnumbered<
  Extract<Intent, { kind: 'unlockVault' | 'addPasskeyWay' | 'removeVaultWay' }>
>;

export type VaultAnswer =
  | { readonly ok: true; readonly vault: VaultInfo }
  /** `rule` is the signer's where it decided; without one it could not be asked. */
  | { readonly ok: false; readonly rule?: string; readonly reason: string };

export interface VaultDesk {
  /** Null when the signer cannot be asked now. */
  readonly vault: () => Promise<VaultInfo | null>;
  readonly changeVault: (request: VaultRequest) => Promise<VaultAnswer>;
}

type Refused =
  | { readonly status: 409; readonly error: 'refused' }
  | { readonly status: 422; readonly error: 'wrong_key' }
  | { readonly status: 429; readonly error: 'too_soon' }
  | { readonly status: 503; readonly error: 'signer_unavailable' };

const SEALED = Type.String({ minLength: 64, maxLength: 2_000, pattern: '^[A-Za-z0-9+/]+={0,2}$' });
const Way = Type.String({ pattern: '^w_[A-Z2-7]{7}$' });
const ERRORS = {
  409: schemas.ErrorBody,
  422: schemas.ErrorBody,
  429: schemas.ErrorBody,
  503: schemas.ErrorBody,
};

export function registerVault(app: App, desk: VaultDesk): void {
  const change = async (
    request: VaultRequest,
  ): Promise<
    | { readonly ok: true; readonly vault: schemas.Vault }
    | {
        readonly ok: false;
        readonly status: Refused['status'];
        readonly body: schemas.ErrorBody;
      }
  > => {
    const answer = await desk.changeVault(request);
    if (answer.ok) return { ok: true, vault: toVault(answer.vault) };
    const { status, error } = refusedBy(answer.rule);
    return { ok: false, status, body: { error, message: answer.reason } };
  };

  app.get(
    '/vault',
    {
      schema: {
        summary: 'Whether the vault is open, what opens it, and the public keys to seal to',
        response: { 200: schemas.Vault, 503: schemas.ErrorBody },
      },
    },
    async (_request, reply) => {
      const vault = await desk.vault();
      if (vault !== null) return toVault(vault);
      const message = 'the signer is not running';
      return reply.code(503).send({ error: 'signer_unavailable', message });
    },
  );
  app.post(
    '/vault/unlock',
    {
      schema: {
        summary: 'Opens the vault by a passphrase, or by the key of a way, sealed in the browser',
        body: Type.Object(
          { way: Type.Union([Way, Type.Null()]), sealed: SEALED },
          { additionalProperties: false },
        ),
        response: { 200: schemas.Vault, ...ERRORS },
      },
    },
    async (request, reply) => {
      const done = await change({ kind: 'unlockVault', ...request.body });
      return done.ok ? done.vault : reply.code(done.status).send(done.body);
    },
  );
  app.post(
    '/vault/passkeys',
    {
      schema: {
        summary: 'Makes a passkey a further way to open the vault; the passphrase is sealed along',
        body: Type.Object(
          {
            name: Type.String({ minLength: 1, maxLength: 40 }),
            credential: Type.String({ pattern: '^[A-Za-z0-9_-]{1,512}$' }),
            salt: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
            sealed: SEALED,
          },
          { additionalProperties: false },
        ),
        response: { 201: schemas.Vault, ...ERRORS },
      },
    },
    async (request, reply) => {
      const done = await change({ kind: 'addPasskeyWay', ...request.body });
      return done.ok ? reply.code(201).send(done.vault) : reply.code(done.status).send(done.body);
    },
  );
  app.delete(
    '/vault/ways/:way',
    {
      schema: {
        summary: 'Takes a further way away; the passphrase goes on opening the vault',
        params: Type.Object({ way: Way }),
        response: { 200: schemas.Vault, ...ERRORS },
      },
    },
    async (request, reply) => {
      const done = await change({ kind: 'removeVaultWay', way: request.params.way });
      return done.ok ? done.vault : reply.code(done.status).send(done.body);
    },
  );
}

function refusedBy(rule: string | undefined): Refused {
  switch (rule) {
    case undefined:
      return { status: 503, error: 'signer_unavailable' };
    case 'passphrase':
      return { status: 422, error: 'wrong_key' };
    case 'tooSoon':
      return { status: 429, error: 'too_soon' };
    default:
      return { status: 409, error: 'refused' };
  }
}

function toVault(info: VaultInfo): schemas.Vault {
  const ways = info.ways.map(({ id, kind, name, addedAt, passkey }) => {
    return { id, kind, name, addedAt, passkey };
  });
  return { ...info, ways };
}
