// SPDX-License-Identifier: Apache-2.0
// Egress's process: `main.ts --config FILE [--state DIR]`, with its links inherited or handed over. In DIR lies by which
// authorities hosts are known; without it they are learned anew at every start. Beside FILE there may be `tls-pins` and
// `second-address`.
//
// A Unix socket inherited as descriptor 3 is the link to the signer, one inherited as descriptor 4 the link to the
// server. With an IPC channel, a message `{ link: 'signer' | 'server' }` with a socket puts a new link in place of the
// old, and the process waits for the next one when a link breaks; without one it ends when either link does.

import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  statSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { settleNetworked } from '@kontor/signer';
import { parseConfig, type VenueAddresses } from './config.ts';
import { Egress, type LinkName } from './egress.ts';
import { PinGuard } from './pin-guard.ts';
import { PinStore, readGivenPins } from './pin-store.ts';
import { readSecondAddress, SecondAddress } from './second-address.ts';

const SIGNER_FD = 3;
const SERVER_FD = 4;
const STDERR_FD = 2;
const CONFIG_BYTES_MAX = 65_536;
const EXIT_BROKEN = 1;
/** Starting again cannot help before a person has done something. */
const EXIT_FATAL = 3;

process.on('uncaughtException', (error) => leave(EXIT_BROKEN, describe(error)));
process.on('SIGTERM', () => leave(0, 'stopped'));
// Ctrl-C in a terminal reaches the whole group; the supervisor decides who ends when.
process.on('SIGINT', () => undefined);
run();

function run(): void {
  const hardening = settleNetworked([]);
  if (hardening !== null) log('info', 'walls', { hardening });
  // Before anything else opens a descriptor of its own.
  const inherited = (
    [
      ['signer', SIGNER_FD],
      ['server', SERVER_FD],
    ] as const
  ).filter(([, fd]) => isInheritedSocket(fd));
  const hasChannel = process.send !== undefined;
  if (!hasChannel && inherited.length < 2) {
    leave(
      EXIT_FATAL,
      'expected links on descriptors 3 (signer) and 4 (server), or an IPC channel that brings them',
    );
  }
  const { config, state } = readArguments(process.argv.slice(2));
  const venues = readConfig(config);
  const pins = readPins(config, state, (news) => egress.onIssuer(news));
  pins.install();
  const secondAddress = openSecondAddress(config, pins);
  const egress: Egress = new Egress({
    venues,
    log: (level, message, fields) => log(level, message, fields),
    refusalOf: (host) => pins.refusalOf(host),
    secondAddress,
    onLinkLost: (name) => {
      if (!hasChannel) leave(0, `the link to the ${name} ended`);
    },
  });
  for (const [name, fd] of inherited) {
    egress.attach(name, new Socket({ fd, readable: true, writable: true }));
  }
  if (!hasChannel) return;
  process.on('message', (message: unknown, handle: unknown) => {
    const name = linkOf(message);
    if (name !== null && handle instanceof Socket) egress.attach(name, handle);
    else log('warn', 'expected { link } and a socket over IPC, found something else');
  });
  process.on('disconnect', () => leave(0, 'the supervisor ended'));
  process.send?.({ ready: 'egress' });
}

function readArguments(given: readonly string[]): {
  readonly config: string;
  readonly state: string | null;
} {
  const [option, config, stateOption, state] = given;
  const isPlain = given.length === 2;
  const hasState = given.length === 4 && stateOption === '--state';
  if (option !== '--config' || config === undefined || !(isPlain || hasState)) {
    return leave(EXIT_FATAL, 'expected exactly: --config FILE [--state DIR]');
  }
  return { config, state: state ?? null };
}

/** Who may vouch for a host is known before the first connection, or none is made. */
function readPins(
  config: string,
  state: string | null,
  onNews: ConstructorParameters<typeof PinGuard>[0]['onNews'],
): PinGuard {
  const path = join(dirname(config), 'tls-pins');
  try {
    const given = readGivenPins(path);
    if (state !== null) checkFolder(state);
    const store = state === null ? null : new PinStore(state, 'egress');
    store?.putGiven(given);
    return new PinGuard({ store, given, now: () => Date.now(), onNews });
  } catch (error) {
    return leave(EXIT_FATAL, describe(error));
  }
}

/** Named beside the configuration and read once: what runs can be led nowhere else. */
function openSecondAddress(config: string, pins: PinGuard): SecondAddress | null {
  try {
    const proxy = readSecondAddress(join(dirname(config), 'second-address'));
    if (proxy === null) return null;
    log('info', 'there is a second address', { protocol: proxy.protocol });
    return new SecondAddress(proxy, (host, certificate) => pins.checkElsewhere(host, certificate));
  } catch (error) {
    return leave(EXIT_FATAL, describe(error));
  }
}

function checkFolder(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
    if (statSync(path).isDirectory()) return;
  } catch {
    // Said below.
  }
  throw new Error(
    `expected a folder that this process may write at ${path}: it keeps there who vouches for the exchange`,
  );
}

function readConfig(file: string): VenueAddresses {
  try {
    return parseConfig(readText(file));
  } catch (error) {
    return leave(EXIT_FATAL, `${file}: ${describe(error)}`);
  }
}

function readText(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(CONFIG_BYTES_MAX);
    return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
  } finally {
    closeSync(fd);
  }
}

function isInheritedSocket(fd: number): boolean {
  if (fd === channelFd()) return false;
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false;
  }
}

/** The descriptor of the IPC channel, which may be any. */
function channelFd(): unknown {
  const { channel } = process;
  return channel !== undefined && channel !== null && 'fd' in channel ? channel.fd : undefined;
}

function linkOf(message: unknown): LinkName | null {
  if (typeof message !== 'object' || message === null || !('link' in message)) return null;
  return message.link === 'server' || message.link === 'signer' ? message.link : null;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown';
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}

function log(
  level: 'info' | 'warn' | 'error',
  message: string,
  fields: Readonly<Record<string, unknown>> = {},
): void {
  write(JSON.stringify({ time: Date.now(), process: 'egress', level, message, ...fields }));
}

/** Ends the process: with a sentence for people where they must act, otherwise with one line of JSON. */
function leave(code: number, message: string): never {
  if (code === EXIT_FATAL) write(`kontor egress: ${message}`);
  else log(code === 0 ? 'info' : 'error', message);
  process.exit(code);
}

function write(line: string): void {
  try {
    writeSync(STDERR_FD, `${line}\n`);
  } catch {
    // Nobody reads any more.
  }
}
