// SPDX-License-Identifier: Apache-2.0
// Alarms over HTTP: the list, what a person has seen, and the channels by which they leave the desk.

import { Type } from 'typebox';
import type { Alarm as KnownAlarm, AlarmBook } from '../alarms/alarm-book.ts';
import { alarmSentence } from '../alarms/alarm-sentence.ts';
import type { CaseBook } from '../cases/case-book.ts';
import type { Notifier } from '../alarms/notifier.ts';
import type { Webhook } from '../alarms/webhook.ts';
import type { Caller } from '../people/access.ts';
import type { App } from './fastify-app.ts';
import type { Alarm, AlarmChannel, Alarms } from './schemas.ts';
import * as schemas from './schemas.ts';

/** What the routes speak to. */
export interface AlarmDesk {
  readonly book: AlarmBook;
  readonly notifier: Notifier;
  readonly webhook: Webhook;
  readonly cases: CaseBook;
  /** Orders of others that nobody has looked at yet, as lines for the act `ownTrade`. */
  readonly unreviewed: (limit: number) => {
    readonly connection: string;
    readonly orders: readonly string[];
  };
}

/** What a page shows without asking for more. */
const SHOWN_MAX = 50;
const LISTED_MAX = 500;
/** As many as one act takes. */
const OWNED_AT_ONCE = 40;

const AlarmParameters = Type.Object({ id: Type.String({ pattern: '^[0-9a-f-]{36}$' }) });

export function registerAlarms(
  app: App,
  { book, notifier, webhook, cases, unreviewed }: AlarmDesk,
): void {
  const channel = (): AlarmChannel => ({
    kind: webhook.kind,
    isSet: webhook.isSet,
    address: webhook.address,
    ...notifier.standing(webhook.kind),
  });

  registerCases(app, cases);
  app.get(
    '/foreign-orders',
    {
      schema: {
        summary:
          'Orders that this desk did not make and nobody has looked at, as lines for the act `ownTrade`',
        response: { 200: schemas.ForeignOrders },
      },
    },
    () => {
      const { connection, orders } = unreviewed(OWNED_AT_ONCE);
      return { connection, orders: [...orders] };
    },
  );
  app.get(
    '/alarms',
    {
      schema: {
        summary: 'Alarms: those that wait for a person first, then the newest',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: LISTED_MAX })),
        }),
        response: { 200: schemas.Alarms },
      },
    },
    (request) => alarmsOf(book, request.query.limit ?? SHOWN_MAX),
  );
  app.post(
    '/alarms/:id/acknowledge',
    {
      schema: {
        summary: 'A person has seen it. What lasts stays listed until it is over',
        params: AlarmParameters,
        response: { 200: schemas.Alarm, 404: schemas.ErrorBody, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const done = book.acknowledge(request.params.id, nameOf(request.caller));
      if (done.ok) return toShownAlarm(done.alarm);
      const { kind, reason } = done;
      return kind === 'unknown'
        ? reply.code(404).send({ error: 'not_found', message: reason })
        : reply.code(409).send({ error: 'decided', message: reason });
    },
  );
  app.get(
    '/alarms/channels',
    {
      schema: {
        summary: 'The ways by which alarms leave the desk, and how the last deliveries went',
        response: { 200: Type.Array(schemas.AlarmChannel) },
      },
    },
    () => [channel()],
  );
  app.put(
    '/alarms/channels/webhook',
    {
      schema: {
        summary:
          'Sets the address; the answer shows once the secret with which deliveries are signed',
        body: Type.Object(
          { url: Type.String({ minLength: 1, maxLength: 2_000 }) },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({ channel: schemas.AlarmChannel, secret: Type.String() }),
          400: schemas.ErrorBody,
        },
      },
    },
    async (request, reply) => {
      const set = webhook.set(request.body.url);
      if (set.ok) return { channel: channel(), secret: set.secret.reveal() };
      return reply.code(400).send({ error: 'invalid_request', message: set.reason });
    },
  );
  app.delete(
    '/alarms/channels/webhook',
    {
      schema: {
        summary: 'Alarms go out by it no more',
        response: { 200: schemas.AlarmChannel },
      },
    },
    () => {
      webhook.remove();
      return channel();
    },
  );
  app.post(
    '/alarms/channels/webhook/test',
    {
      schema: {
        summary: 'Sends a test now and says how it went',
        response: {
          200: Type.Object({ isTaken: Type.Boolean(), reason: Type.String() }),
        },
      },
    },
    async () => {
      const result = await notifier.test(webhook.kind);
      return { isTaken: result.ok, reason: result.ok ? '' : result.reason };
    },
  );
}

/** Case files: what they hold, and whether it is still what was collected. */
function registerCases(app: App, cases: CaseBook): void {
  app.get(
    '/cases',
    {
      schema: {
        summary: 'Case files, the newest first',
        response: { 200: Type.Array(schemas.CaseSummary) },
      },
    },
    () => [...cases.list(SHOWN_MAX)],
  );
  app.get(
    '/cases/:id',
    {
      schema: {
        summary: 'One case with its history, its files and whether they are as the manifest says',
        params: Type.Object({ id: Type.String({ pattern: '^[0-9TZa-v-]{1,40}$' }) }),
        response: { 200: schemas.Case, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = cases.get(id);
      if (known === null) {
        return reply
          .code(404)
          .send({ error: 'not_found', message: `there is no case ${id} that can be read` });
      }
      const { file, manifest } = known;
      return {
        id,
        openedAt: file.openedAt,
        folder: cases.folderOf(id),
        subject: file.subject,
        checkpoint: file.log.checkpoint,
        events: file.events.map((event) => ({ ...event, facts: { ...event.facts } })),
        left: file.left,
        files: [...manifest],
        faults: [...cases.verify(id)],
      };
    },
  );
}

/** The alarms as pages get them. */
export function alarmsOf(book: AlarmBook, limit: number = SHOWN_MAX): Alarms {
  return { openCount: book.openCount, alarms: book.list(limit).map(toShownAlarm) };
}

function nameOf(caller: Caller | null): string {
  if (caller?.kind === 'terminal') return 'the terminal';
  return caller?.user?.name ?? 'a person with a link from the terminal';
}

function toShownAlarm(alarm: KnownAlarm): Alarm {
  return { ...alarm, facts: { ...alarm.facts }, sentence: alarmSentence(alarm) };
}
