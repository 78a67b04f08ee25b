// SPDX-License-Identifier: Apache-2.0
// What the server is told at its start, in a file that the `kontor` command writes.

import { readFileSync } from 'node:fs';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { Listening } from './people/listening.ts';

export const ServerConfig = Type.Object(
  {
    version: Type.String(),
    dataDirectory: Type.String(),
    webDirectory: Type.String(),
    port: Type.Integer({ minimum: 0, maximum: 65_535 }),
    /** The name under which the signer keeps this desk's key and its policy. */
    connectionName: Type.String(),
    /** The venue's name in egress' configuration. */
    venue: Type.String(),
    market: Type.Object(
      {
        kind: Type.Union([
          Type.Literal('synthetic'),
          Type.Literal('candles'),
          Type.Literal('trades'),
          Type.Literal('paper'),
          Type.Literal('exchange'),
        ]),
        label: Type.String(),
        rest: Type.String(),
        streams: Type.String(),
        /** The simulator's control address; absent for a real exchange. */
        control: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
    /** Where the desk is reached besides loopback. */
    listening: Type.Optional(Listening),
    symbols: Type.Array(Type.String(), { minItems: 1 }),
    feeRatePpm: Type.Integer({ minimum: 0, maximum: 100_000 }),
    /** Whether strangers may read the public half of the log; otherwise only who is logged in. */
    publicLog: Type.Optional(Type.Boolean()),
    /** Bots to make on a desk that has none yet, as settings; they are started at once. */
    firstBots: Type.Array(Type.Unknown()),
  },
  { additionalProperties: false },
);

export type ServerConfig = Static<typeof ServerConfig>;

/** The configuration in `file`. Throws Error naming the first field that is wrong. */
export function readServerConfig(file: string): ServerConfig {
  const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
  if (Value.Check(ServerConfig, value)) return value;
  const first = Value.Errors(ServerConfig, value)[0];
  throw new Error(
    `${file}: ${first?.instancePath ?? ''} ${first?.message ?? 'is not a server configuration'}`,
  );
}
