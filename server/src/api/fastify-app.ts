// SPDX-License-Identifier: Apache-2.0
// Fastify as this server uses it: schemas by TypeBox, log lines by pino.

import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { Caller } from '../people/access.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who makes the request, once the guard has looked; null for strangers. */
    caller: Caller | null;
  }
}

export type App = FastifyInstance<
  import('fastify').RawServerDefault,
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;
