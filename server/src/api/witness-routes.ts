// SPDX-License-Identifier: Apache-2.0
// What witnesses and time-stamping authorities say of the log, over HTTP.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { AnchorDesk, AnchorView } from '../witness/anchor-desk.ts';
import type { WitnessDesk } from '../witness/witness-desk.ts';
import type { App } from './fastify-app.ts';
import * as schemas from './schemas.ts';

const TEXT = 'text/plain; charset=utf-8';

/** How the witnesses stand, for those who are at home here. */
export function registerWitnesses(app: App, witnesses: WitnessDesk, anchors: AnchorDesk): void {
  app.get(
    '/log/witnesses',
    {
      schema: {
        summary: 'Who else signs the log, and how much its word is worth to others',
        response: { 200: schemas.WitnessStatus },
      },
    },
    (): schemas.WitnessStatus => {
      const { witnesses: views, anchors: dated, ...standing } = witnesses.status();
      return {
        ...standing,
        witnesses: views.map((view) => ({ ...view, keys: [...view.keys] })),
        anchors: dated.map(anchorOf),
      };
    },
  );
  app.post(
    '/log/anchors',
    {
      schema: {
        summary:
          'Shows the hash of the last checkpoint to the chosen time-stamping authorities now, not at the end of the day',
        response: { 200: Type.Object({ anchors: Type.Array(schemas.LogAnchor) }) },
      },
    },
    async () => {
      const { anchors: dated } = await anchors.now();
      return { anchors: dated.map(anchorOf) };
    },
  );
}

function anchorOf(view: AnchorView): schemas.LogAnchor {
  return { ...view, certificates: [...view.certificates] };
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
        response: { 200: Type.String(), 204: Type.Null() },
      },
      onRequest: guard,
    },
    async (_request, reply) => {
      const note = witnesses.witnessedNote();
      if (note !== undefined) return reply.type(TEXT).send(Buffer.from(note).toString('utf8'));
      // Nothing is missing where nobody has cosigned the log yet.
      return reply.code(204).send(null);
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
