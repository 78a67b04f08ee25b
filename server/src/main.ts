// SPDX-License-Identifier: Apache-2.0
// The server process: started by the supervisor, which hands it its links over IPC.

import { Socket } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { settleNetworked } from '@kontor/signer';
import type { ProcessHealth } from './api/schemas.ts';
import { createServer, type DeskAddress, type Server } from './compose.ts';
import { readServerConfig } from './config.ts';
import { createLogger } from './log.ts';
import { Refusal } from './refusal.ts';
import { StoreError } from './store/errors.ts';

/** Exit code that tells the supervisor that starting again cannot help. */
const EXIT_FATAL = 3;

const { values } = parseArgs({ options: { config: { type: 'string' } } });
if (values.config === undefined) {
  process.stderr.write('expected --config FILE; the server is started by `kontor start`\n');
  process.exit(2);
}

const config = readServerConfig(values.config);
// Before anything else is read: what comes from outside later cannot undo it.
const hardening = settleNetworked([join(config.dataDirectory, 'signer')]);
if (hardening !== null) {
  process.stderr.write(
    `${JSON.stringify({ time: Date.now(), process: 'server', level: 'info', hardening })}\n`,
  );
}
const logger = createLogger(join(config.dataDirectory, 'run', 'server.log'));
let isEnding = false;
let server: Server;
try {
  server = createServer(config, logger, fail);
} catch (error) {
  fail(error);
}

process.on('message', (message: unknown, handle: unknown) => {
  if (typeof message !== 'object' || message === null) return;
  if (
    'link' in message &&
    handle instanceof Socket &&
    (message.link === 'signer' || message.link === 'egress')
  ) {
    server.attach(message.link, handle);
  } else if ('processes' in message && Array.isArray(message.processes)) {
    // The supervisor is our parent and speaks our own types.
    const reports: ProcessHealth[] = message.processes;
    server.setProcesses(reports);
  }
});
// From here on nothing that the supervisor sends is lost.
process.send?.({ begun: 'server' });
process.on('SIGTERM', () => void end());
process.on('disconnect', () => void end());
process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);

try {
  let isTold = false;
  const tell = (address: DeskAddress): void => {
    if (!isTold) process.send?.({ ready: 'server', ...address });
    isTold = true;
  };
  tell(await server.start(tell));
} catch (error) {
  if (!isEnding) fail(error);
}

async function end(): Promise<void> {
  if (isEnding) return;
  isEnding = true;
  await server.close();
  process.exit(0);
}

/** Says what is wrong and stops; a fault that a restart may mend ends with 1, any other with EXIT_FATAL. */
function fail(error: unknown): never {
  logger.fatal({ err: error }, 'the server stops');
  const message = error instanceof Error ? error.message : String(error);
  const isAddressTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  if (isAddressTaken) {
    process.stderr.write(`error: port ${config.port} is taken; choose another with --port N\n`);
    process.exit(EXIT_FATAL);
  }
  process.stderr.write(`error: ${message}\n`);
  process.exit(error instanceof StoreError || error instanceof Refusal ? EXIT_FATAL : 1);
}
