// SPDX-License-Identifier: Apache-2.0
// The signer's process: `main.ts --data DIR`, with the server on descriptor 3 and egress on descriptor 4.
//
// It needs nothing else: no environment, no network, no file outside DIR but the unlock file, if one is named. It ends
// when either link does. With `--vault VERB` it does one thing to the vault instead and needs no links.

import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { SYSTEM_TIME } from './clock.ts';
import { SYSTEM_DISK } from './disk.ts';
import { FrameLink, type FrameLinkOptions } from './framing.ts';
import { settle } from './hardening/settle.ts';
import { Signer, type SignerPorts } from './signer.ts';
import { parseArguments, type SignerArguments } from './arguments.ts';
import { SecretLines } from './secret-lines.ts';
import { PASSPHRASE_BYTES_MAX } from './vault/unlock.ts';
import { runTool } from './vault/tool.ts';
import { FRAME_BYTES_MAX } from './wire.ts';
import { parseReceipt } from './wire-parsers.ts';

const SERVER_FD = 3;
const EGRESS_FD = 4;
const STDOUT_FD = 1;
const STDERR_FD = 2;
/** Where a tool's input lies. */
const INPUT_FD = 3;
const INPUT_BYTES_MAX = 4_194_304;
/** A key that opens a vault. */
const CARRIED_BYTES = 32;
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
// Before anything is read that is worth hiding.
const hardening = settle();
const given = parseArguments(process.argv.slice(2));
if (typeof given === 'string') leave(EXIT_FATAL, given);
if (given.verb === null) run(given);
else await useTool(given, given.verb);

function run(options: SignerArguments): void {
  // Without the permission model this is no start of the supervisor's, and nobody waits to hear it.
  if (process.permission !== undefined) tell({ hardening });
  const signer = openSigner(options, {
    disk: SYSTEM_DISK,
    time: SYSTEM_TIME,
    decide: (decision) => mustTake('the server', server.write(decision)),
    forward: (request) => mustTake('egress', egress.write(request)),
    hasRoom: () => egress.queuedBytes < EGRESS_QUEUED_BYTES_MAX,
    say,
  });
  if (!signer.ring.vault.isOpen) {
    openLater(signer, options.carryFd).catch((error: unknown) =>
      leave(EXIT_FATAL, describe(error)),
    );
  }
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

/** The key of the signer before this one opens the vault, or else a passphrase that comes on stdin. */
async function openLater({ ring }: Signer, carryFd: number | null): Promise<void> {
  if (carryFd !== null) {
    const carried = Buffer.allocUnsafeSlow(CARRIED_BYTES);
    const count = readSync(carryFd, carried, 0, CARRIED_BYTES, 0);
    if (count === CARRIED_BYTES && ring.resume(carried)) return;
  }
  tell({ vault: 'locked' });
  const lines = new SecretLines(process.stdin, PASSPHRASE_BYTES_MAX);
  while (!ring.vault.isOpen) {
    const passphrase = await lines.next();
    if (passphrase === null) return;
    const result = ring.unlock(passphrase);
    passphrase.fill(0);
    if (result.kind !== 'open') tell({ vault: result.kind, waitMs: result.waitMs });
  }
  const carried = carryFd === null ? null : ring.vault.carried();
  if (carried !== null && carryFd !== null) {
    writeSync(carryFd, carried, 0, carried.length, 0);
    carried.fill(0);
  }
  tell({ vault: 'open' });
}

async function useTool(
  { directory, unlockFile, words }: SignerArguments,
  verb: string,
): Promise<void> {
  const lines = new SecretLines(process.stdin, PASSPHRASE_BYTES_MAX);
  try {
    await runTool(
      directory,
      { verb, words, unlockFile },
      {
        disk: SYSTEM_DISK,
        time: SYSTEM_TIME,
        say,
        ask(what) {
          tell({ asks: what });
          return lines.next();
        },
        input: () => readAll(INPUT_FD),
        output: (bytes) => writeWhole(STDOUT_FD, bytes),
      },
    );
    process.exit(0);
  } catch (error) {
    leave(EXIT_FATAL, describe(error));
  }
}

function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(INPUT_BYTES_MAX);
  let filled = 0;
  for (;;) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, null);
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;)
    written += writeSync(fd, bytes, written, bytes.length - written);
}

function openSigner({ directory, unlockFile }: SignerArguments, ports: SignerPorts): Signer {
  try {
    return Signer.open(directory, ports, unlockFile);
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

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown';
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}

/** A sentence for the person at the terminal. */
function say(sentence: string): void {
  writeSync(STDERR_FD, `${sentence}\n`);
}

/** A line of JSON for the supervisor. */
function tell(facts: Readonly<Record<string, unknown>>): void {
  say(JSON.stringify({ time: Date.now(), process: 'signer', level: 'info', ...facts }));
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
