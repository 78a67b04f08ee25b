// SPDX-License-Identifier: Apache-2.0
// The signer's process: `main.ts --data DIR`, with the server on descriptor 3 and egress on descriptor 4.
//
// It needs nothing else: no environment, no network, no file outside DIR but the unlock file, if one is named. It ends
// when either link does. What `kontor vault` does is a program of its own: tool/main.ts.

import { readSync, writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { SYSTEM_TIME } from './clock.ts';
import { SYSTEM_DISK } from './disk.ts';
import { FrameLink, type FrameLinkOptions } from './framing.ts';
import { settle } from './hardening/settle.ts';
import type { KeyRing } from './key-ring.ts';
import { Signer, type SignerPorts } from './signer.ts';
import { parseArguments, type SignerArguments } from './arguments.ts';
import { describe, EXIT_BROKEN, EXIT_FATAL, leave, say, tell } from './process-end.ts';
import { SecretLines } from './secret-lines.ts';
import { isWayLine, readWayLine, WAY_LINE_BYTES_MAX } from './vault/way-line.ts';
import { FRAME_BYTES_MAX } from './wire.ts';
import { parseEgressReport } from './wire-parsers.ts';

const SERVER_FD = 3;
const EGRESS_FD = 4;
/** A key that opens a vault. */
const CARRIED_BYTES = 32;
/** Each file has a mode of its own; the public half of the log may be for a group. */
const UMASK = 0o027;
const PUBLISH_MS = 2_000;
/** Requests wait in the server rather than here while egress has this much unread. */
const EGRESS_QUEUED_BYTES_MAX = 4_194_304;

let finish: () => void = () => undefined;

process.umask(UMASK);
process.on('uncaughtException', (error) => leave(EXIT_BROKEN, describe(error)));
process.on('SIGTERM', () => end(0, 'stopped'));
// Ctrl-C in a terminal reaches the whole group; the supervisor decides who ends when.
process.on('SIGINT', () => undefined);
// Before anything is read that is worth hiding.
const hardening = settle();
const given = parseArguments(process.argv.slice(2));
if (typeof given === 'string') leave(EXIT_FATAL, given);
run(given);

function run(options: SignerArguments): void {
  // Without the permission model this is no start of the supervisor's, and nobody waits to hear it.
  if (process.permission !== undefined) tell({ hardening });
  const signer = openSigner(options, {
    disk: SYSTEM_DISK,
    time: SYSTEM_TIME,
    decide: (decision) => mustTake('the server', server.write(decision)),
    forward: (request) => mustTake('egress', egress.write(request)),
    hasRoom: () => egress.queuedBytes < EGRESS_QUEUED_BYTES_MAX,
    after: (ms, run) => void setTimeout(run, ms),
    say,
  });
  if (!signer.ring.vault.isOpen) {
    openLater(signer, options.carryFd).catch((error: unknown) =>
      leave(EXIT_FATAL, describe(error)),
    );
  }
  publishLog(signer);
  const waiting: unknown[] = [];
  const server = openLink(SERVER_FD, 'the server', {
    incomingBytesMax: FRAME_BYTES_MAX.intent,
    outgoingBytesMax: FRAME_BYTES_MAX.decision,
    onMessage: (message) => {
      // All that one turn of the loop brings shares one sync of the log.
      if (waiting.length === 0) {
        setImmediate(() => {
          signer.process(waiting.splice(0));
          signer.ring.log.relieve(signer.ring.clock.now());
        });
      }
      waiting.push(message);
    },
  });
  const egress = openLink(EGRESS_FD, 'egress', {
    incomingBytesMax: FRAME_BYTES_MAX.report,
    outgoingBytesMax: FRAME_BYTES_MAX.request,
    onMessage: (message) => signer.onReport(parseEgressReport(message)),
  });
}

/** Publishes what was logged, bit by bit, so that no signature waits for it; and all of it when the process ends. */
function publishLog(signer: Signer): void {
  const { log, clock } = signer.ring;
  let told: string | null = null;
  const goOn = (): void => {
    if (log.publish()) setImmediate(goOn);
    if (log.publishFault === told) return;
    told = log.publishFault;
    if (told !== null) say(`The log is not published: ${told}`);
  };
  setInterval(() => {
    signer.passTime();
    log.tick(clock.now());
    goOn();
  }, PUBLISH_MS);
  finish = () => {
    signer.rest();
    log.publishAll(clock.now());
  };
}

/** Ends the process in order: what was logged is published first. */
function end(code: number, message: string): never {
  try {
    finish();
  } catch (error) {
    say(`The log is not published: ${describe(error)}`);
  }
  leave(code, message);
}

/**
 * A passphrase that comes on stdin opens the vault, as does the key of a further way. An empty line says that the key of the signer before this one lies
 * in the descriptor: it is not there from the start, when another program could still look into this process.
 */
async function openLater({ ring }: Signer, carryFd: number | null): Promise<void> {
  ring.onOpen = () => {
    const carried = carryFd === null ? null : ring.vault.carried();
    if (carried !== null && carryFd !== null) {
      writeSync(carryFd, carried, 0, carried.length, 0);
      carried.fill(0);
    }
    tell({ vault: 'open' });
  };
  const ways = ring.ways().map(({ id, kind, stanza }) => ({ id, kind, stanza }));
  const tellLocked = (): void => tell({ ways, unlockKey: ring.unlockKey, vault: 'locked' });
  tellLocked();
  const lines = new SecretLines(process.stdin, WAY_LINE_BYTES_MAX);
  while (!ring.vault.isOpen) {
    const passphrase = await lines.next();
    if (passphrase === null) return;
    if (passphrase.length === 0) {
      if (carryFd === null || !resumes(ring, carryFd)) tellLocked();
      continue;
    }
    if (isWayLine(passphrase)) {
      const way = readWayLine(passphrase);
      if (way === null || !ring.unlockBy(way.what, way.key)) {
        say('What the machine gave does not open the vault.');
        tellLocked();
      }
      continue;
    }
    const result = ring.unlock(passphrase);
    passphrase.fill(0);
    if (result.kind !== 'open') tell({ vault: result.kind, waitMs: result.waitMs });
  }
}

function resumes(ring: KeyRing, carryFd: number): boolean {
  const carried = Buffer.allocUnsafeSlow(CARRIED_BYTES);
  return readSync(carryFd, carried, 0, CARRIED_BYTES, 0) === CARRIED_BYTES && ring.resume(carried);
}

function openSigner(
  { directory, unlockFile, publicDirectory }: SignerArguments,
  ports: SignerPorts,
): Signer {
  try {
    return Signer.open(directory, ports, unlockFile, publicDirectory);
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
      end(cause === 'ended' ? 0 : EXIT_BROKEN, `the link to ${peer} ended: ${reason}`),
  });
}

function mustTake(peer: string, isTaken: boolean): void {
  if (!isTaken) leave(EXIT_BROKEN, `expected ${peer} to read its link, found it full`);
}
