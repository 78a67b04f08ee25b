// SPDX-License-Identifier: Apache-2.0
// The public half of the log over HTTP, in the layout of C2SP tlog-tiles. Read only: what is written there is written
// by the signer.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { parseTilePath, toVerifierKey } from '@kontor/tlog';
import { Type } from 'typebox';
import type { PublicLog } from '../witness/public-log.ts';
import type { App } from './fastify-app.ts';
import * as schemas from './schemas.ts';

const TEXT = 'text/plain; charset=utf-8';
const BYTES = 'application/octet-stream';
const FULL_WIDTH = 256;

/** Has the signer put the root of a batch into the log; the number of its entry, or why there is none. */
export type CommitEdgeLog = (batch: {
  readonly root: string;
  readonly lines: number;
  readonly from: number;
  readonly to: number;
}) => Promise<
  { readonly ok: true; readonly entry: number } | { readonly ok: false; readonly reason: string }
>;

/** What the log is and how far it goes, and the way of an edge log's commitment into it. */
export function registerLog(app: App, log: PublicLog, commit: CommitEdgeLog): void {
  app.get(
    '/log',
    {
      schema: {
        summary: 'The transparency log: whose it is, and its last signed size',
        response: { 200: schemas.LogOverview },
      },
    },
    (): schemas.LogOverview => {
      const keys = log.keys();
      const [key] = keys;
      const found = log.checkpoint(keys);
      return {
        origin: key?.name ?? null,
        verifierKey: key === undefined ? null : toVerifierKey(key),
        size: found.ok ? Number(found.value.signed.checkpoint.size) : null,
        checkpointAt: found.ok ? log.checkpointAt() : null,
        fault: found.ok ? null : found.reason,
      };
    },
  );
  app.post(
    '/log/edge-batches',
    {
      schema: {
        summary:
          'Commits to a batch of an edge log: the root over its salted lines goes into the log',
        body: Type.Object(
          {
            root: Type.String({ pattern: '^[0-9a-f]{64}$' }),
            lines: Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
            from: Type.Integer({ minimum: 0 }),
            to: Type.Integer({ minimum: 0 }),
          },
          { additionalProperties: false },
        ),
        response: {
          201: Type.Object({ entry: Type.Integer() }),
          400: schemas.ErrorBody,
          502: schemas.ErrorBody,
        },
      },
    },
    async (request, reply) => {
      const { from, to } = request.body;
      if (to < from) {
        const message = `to: expected a time from ${from} on, found ${to}`;
        return reply.code(400).send({ error: 'invalid_request', message });
      }
      const committed = await commit(request.body);
      if (committed.ok) return reply.code(201).send({ entry: committed.entry });
      return reply.code(502).send({ error: 'refused', message: committed.reason });
    },
  );
}

/** The files themselves, under the address that others may mirror. */
export function registerLogFiles(
  app: App,
  log: PublicLog,
  guard: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): void {
  const notFound = (reply: FastifyReply): FastifyReply =>
    reply.code(404).send({ error: 'not_found', message: 'the log has no such file' });
  for (const name of ['checkpoint', 'vkey', 'vkey.ml-dsa-44'] as const) {
    app.get(
      `/log/${name}`,
      {
        schema: {
          summary:
            name === 'checkpoint'
              ? 'The log’s last checkpoint, a signed note'
              : `The log’s verifier key${name === 'vkey' ? '' : ' of ML-DSA-44'}`,
          produces: ['text/plain'],
          response: { 200: Type.String(), 404: schemas.ErrorBody },
        },
        onRequest: guard,
      },
      async (_request, reply) => {
        const note = log.note(name);
        if (note === undefined) return notFound(reply);
        return reply
          .type(TEXT)
          .header('cache-control', 'no-store')
          .send(Buffer.from(note).toString('utf8'));
      },
    );
  }
  app.get(
    '/log/tile/*',
    {
      schema: {
        summary: 'A tile or a bundle of entries',
        response: {
          200: Type.Unsafe<Buffer>(Type.String({ format: 'binary' })),
          404: schemas.ErrorBody,
        },
      },
      onRequest: guard,
    },
    async (request, reply) => {
      // A wildcard has no schema; what may stand in its place, `parseTilePath` says.
      const path = `tile/${String(Reflect.get(Object(request.params), '*'))}`;
      const tile = parseTilePath(path);
      const bytes = tile.ok ? log.read(path) : undefined;
      if (!tile.ok || bytes === undefined) return notFound(reply);
      // A full tile never changes; one that is not full is another file once it grows.
      const isFull = tile.value.width === FULL_WIDTH;
      return reply
        .type(BYTES)
        .header('cache-control', isFull ? 'private, max-age=31536000, immutable' : 'no-store')
        .send(Buffer.from(bytes));
    },
  );
}
