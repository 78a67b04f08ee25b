// SPDX-License-Identifier: Apache-2.0
// The signer's process: `main.ts --data DIR`, with the server on descriptor 3 and egress on descriptor 4.
//
// It needs nothing else: no environment, no network, no file outside DIR. It ends when either link does.

import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { SYSTEM_TIME } from './clock.ts';
import { SYSTEM_DISK } from './disk.ts';
import { FrameLink, type FrameLinkOptions } from './framing.ts';
import { Signer, type SignerPorts } from './signer.ts';
import { FRAME_BYTES_MAX } from './wire.ts';
import { parseReceipt } from './wire-parsers.ts';

const SERVER_FD = 3;
const EGRESS_FD = 4;
const STDERR_FD = 2;
const UMASK = 0o077;
/** A peer or the machine failed; starting again may help. */
const EXIT_BROKEN = 1;
/** Starting again cannot help before a person has done something. */
const EXIT_FATAL = 3;
/** Requests wait in the server rather than here while egress has this much unread. */
const EGRESS_QUEUED_BYTES_MAX = 4_194_304;

process.umask(UMASK);
process.on('uncaughtException', (error) => leave(EXIT_BROKEN, describe(error)));
process.on('SIGTERM', () => leave(0, 'stopped'));
// Ctrl-C in a terminal reaches the whole group; the supervisor decides who ends when.
process.on('SIGINT', () => undefined);
run(parseArguments(process.argv.slice(2)));

function run(directory: string): void {
  const signer = openSigner(directory, {
    disk: SYSTEM_DISK,
    time: SYSTEM_TIME,
    decide: (decision) => mustTake('the server', server.write(decision)),
    forward: (request) => mustTake('egress', egress.write(request)),
    hasRoom: () => egress.queuedBytes < EGRESS_QUEUED_BYTES_MAX,
  });
  const waiting: unknown[] = [];
  const server = openLink(SERVER_FD, 'the server', {
    incomingBytesMax: FRAME_BYTES_MAX.intent,
    outgoingBytesMax: FRAME_BYTES_MAX.decision,
    onMessage: (message) => {
      // All that one turn of the loop brings shares one sync of the log.
      if (waiting.length === 0) setImmediate(() => signer.process(waiting.splice(0)));
      waiting.push(message);
    },
  });
  const egress = openLink(EGRESS_FD, 'egress', {
    incomingBytesMax: FRAME_BYTES_MAX.receipt,
    outgoingBytesMax: FRAME_BYTES_MAX.request,
    onMessage: (message) => signer.onReceipt(parseReceipt(message)),
  });
}

function openSigner(directory: string, ports: SignerPorts): Signer {
  try {
    return Signer.open(directory, ports);
  } catch (error) {
    return leave(EXIT_FATAL, describe(error));
  }
}

function openLink(
  fd: number,
  peer: string,
  options: Omit<FrameLinkOptions, 'onClosed'>,
): FrameLink {
  let socket: Socket;
  try {
    socket = new Socket({ fd, readable: true, writable: true });
  } catch {
    return leave(EXIT_FATAL, `expected the link to ${peer} on descriptor ${fd}, found none`);
  }
  return new FrameLink(socket, {
    ...options,
    onClosed: (reason, cause) =>
      leave(cause === 'ended' ? 0 : EXIT_BROKEN, `the link to ${peer} ended: ${reason}`),
  });
}

function mustTake(peer: string, isTaken: boolean): void {
  if (!isTaken) leave(EXIT_BROKEN, `expected ${peer} to read its link, found it full`);
}

function parseArguments(given: readonly string[]): string {
  const [option, directory, ...rest] = given;
  if (option !== '--data' || directory === undefined || directory === '' || rest.length > 0) {
    return leave(EXIT_FATAL, 'expected exactly: --data DIR');
  }
  return directory;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown';
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}

/** Ends the process: with a sentence for people where they must act, otherwise with one line of JSON. */
function leave(code: number, message: string): never {
  const text =
    code === EXIT_FATAL
      ? `kontor signer: ${message}`
      : JSON.stringify({
          time: Date.now(),
          process: 'signer',
          level: code === 0 ? 'info' : 'error',
          message,
        });
  try {
    writeSync(STDERR_FD, `${text}\n`);
  } catch {
    // Nobody reads any more; the exit code says enough.
  }
  process.exit(code);
}
