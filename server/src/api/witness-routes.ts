// SPDX-License-Identifier: Apache-2.0
// What witnesses say of the log, over HTTP.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { WitnessDesk } from '../witness/witness-desk.ts';
import type { App } from './fastify-app.ts';
import * as schemas from './schemas.ts';

const TEXT = 'text/plain; charset=utf-8';

/** How the witnesses stand, for those who are at home here. */
export function registerWitnesses(app: App, witnesses: WitnessDesk): void {
  app.get(
    '/log/witnesses',
    {
      schema: {
        summary: 'Who else signs the log, and how much its word is worth to others',
        response: { 200: schemas.WitnessStatus },
      },
    },
    (): schemas.WitnessStatus => {
      const { witnesses: views, ...standing } = witnesses.status();
      return { ...standing, witnesses: [...views] };
    },
  );
}

/** What outsiders check proofs with, beside the log's own files. */
export function registerWitnessFiles(
  app: App,
  witnesses: WitnessDesk,
  guard: (request: FastifyRequest, reply: FastifyReply) => Promise<void>,
): void {
  app.get(
    '/log/checkpoint.witnessed',
    {
      schema: {
        summary: 'The newest checkpoint that witnesses have cosigned, as a signed note',
        produces: ['text/plain'],
        response: { 200: Type.String(), 404: schemas.ErrorBody },
      },
      onRequest: guard,
    },
    async (_request, reply) => {
      const note = witnesses.witnessedNote();
      if (note !== undefined) return reply.type(TEXT).send(Buffer.from(note).toString('utf8'));
      return reply
        .code(404)
        .send({ error: 'not_found', message: 'no witness has cosigned this log yet' });
    },
  );
  app.get(
    '/log/trust-policy',
    {
      schema: {
        summary: 'The log’s key and its witnesses, as a C2SP tlog-policy',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
      onRequest: guard,
    },
    async (_request, reply) => reply.type(TEXT).send(witnesses.trustPolicy()),
  );
}
