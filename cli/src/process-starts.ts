// SPDX-License-Identifier: Apache-2.0
// What server and egress may read and write, and how each is started behind walls of its own.

import { accessSync, constants, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { NetworkedStart } from '@kontor/signer';
import { deskFiles, readJson } from './desk-files.ts';

/** What the two have in common to be told; both are of this repository. */
export interface DeskStart {
  readonly dataDirectory: string;
  /** The process's configuration. */
  readonly configFile: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly inherited: readonly number[];
  readonly channel: number | null;
}

/**
 * Of every process of the desk. A small nursery and one thread of V8's beside the main one: these processes wait far more
 * than they compute, and memory is what a small host lacks.
 */
export const NODE_FLAGS: readonly string[] = [
  '--disable-warning=ExperimentalWarning',
  '--max-semi-space-size=2',
  '--v8-pool-size=1',
];

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
/** Their sources, and what tells Node how to read them. */
const OF_EGRESS = ['egress', 'signer/src', 'signer/package.json', 'tlog'];
const OF_SERVER = [...OF_EGRESS, 'core', 'exchange', 'server', 'node_modules', 'web/dist'];
/** Of the data directory, what the server writes. The signer's folder is not among it, nor what configures egress. */
const SERVER_WRITES = ['server', 'candles', 'cases', 'witness', 'run'];
/** What others write and the server reads there: the log's public half, and whose word on it counts. */
const SERVER_READS = ['log', 'trust'];

export function mainOf(name: 'server' | 'egress' | 'signer'): string {
  return fileURLToPath(import.meta.resolve(`@kontor/${name}/main`));
}

export function serverStart(start: DeskStart): NetworkedStart {
  const within = (names: readonly string[]): readonly string[] =>
    names.map((name) => join(start.dataDirectory, name));
  const folder = join(start.dataDirectory, 'server');
  const cache = codeCacheOf('server');
  return {
    main: mainOf('server'),
    reads: [
      ...sources(OF_SERVER),
      start.configFile,
      ...filesNamedIn(start.configFile),
      ...within(SERVER_READS),
    ],
    writes: [...within(SERVER_WRITES), ...cache],
    mayListen: true,
    environment: start.environment,
    // What a database does not hold in memory while it sorts lies in its own folder.
    variables: { ...cacheVariable(cache), SQLITE_TMPDIR: folder, TMPDIR: folder },
    inherited: start.inherited,
    channel: start.channel,
  };
}

export function egressStart(start: DeskStart): NetworkedStart {
  const cache = codeCacheOf('egress');
  return {
    main: mainOf('egress'),
    reads: [
      ...sources(OF_EGRESS),
      start.configFile,
      ...['tls-pins', 'second-address'].map((name) => join(dirname(start.configFile), name)),
    ],
    writes: [...madeFolder(egressState(start.dataDirectory)), ...cache],
    mayListen: false,
    environment: start.environment,
    variables: cacheVariable(cache),
    inherited: start.inherited,
    channel: start.channel,
  };
}

/** What egress keeps of its own: who vouches for an exchange. Only egress and a person at the terminal write there. */
function egressState(dataDirectory: string): string {
  return deskFiles(dataDirectory).egress;
}

/** Egress's own arguments. */
export function egressArguments(
  start: Pick<DeskStart, 'dataDirectory' | 'configFile'>,
): readonly string[] {
  return ['--config', start.configFile, '--state', egressState(start.dataDirectory)];
}

/** Where it cannot be made, the process that needs it says so. */
function madeFolder(path: string): readonly string[] {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return [path];
  } catch {
    return [];
  }
}

/** The pages, and where the desk speaks TLS, its certificate and key. */
function filesNamedIn(configFile: string): readonly string[] {
  // The server itself says what is wrong with it.
  const config = readJson(configFile) as {
    readonly webDirectory?: unknown;
    readonly listening?: Readonly<Record<string, unknown>>;
  };
  const { tlsCertificate, tlsKey } = config.listening ?? {};
  return [config.webDirectory, tlsCertificate, tlsKey].filter((path) => typeof path === 'string');
}

function sources(names: readonly string[]): readonly string[] {
  return ['package.json', ...names].map((name) => join(ROOT, name));
}

/**
 * Compiled code is kept for the next start, for each process in a folder that no other reads: it is code. Not where
 * this program lies in a folder that its user cannot write.
 */
function codeCacheOf(name: string): readonly string[] {
  const folder = join(ROOT, '.build', 'code-cache', name);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return [folder];
  } catch {
    return [];
  }
}

function cacheVariable([folder]: readonly string[]): Readonly<Record<string, string>> {
  return folder === undefined ? {} : { NODE_COMPILE_CACHE: folder };
}
