// SPDX-License-Identifier: Apache-2.0
// How a process of the desk is started: its flags, and what it may read, write and reach.

import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LaunchPlan } from './launch.ts';
import { ARCHITECTURE } from './native.ts';
import { MEDDLING_VARIABLE, WALLED_VARIABLE } from './walls.ts';

const SOURCES = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** Where Node looks for what kind of module a file is. */
const PACKAGE_FILES = ['../../package.json', '../../../package.json'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
/** The one package that the signer is made with, and the name by which it is found. */
const TREE_FILES = [
  dirname(fileURLToPath(import.meta.resolve('@kontor/tlog'))),
  fileURLToPath(new URL('../../../node_modules/@kontor/tlog', import.meta.url)),
];
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
const TOOL = fileURLToPath(new URL('../tool/main.ts', import.meta.url));
const LAUNCHER = fileURLToPath(new URL('launch.ts', import.meta.url));

const FLAGS = [
  '--permission',
  '--disable-sigusr1',
  '--disallow-code-generation-from-strings',
  '--frozen-intrinsics',
  '--disable-proto=throw',
  // No --secure-heap: OpenSSL takes Argon2's working memory, 256 MiB, from that heap as well and fails without it.
  // The system's own file may name libraries to load.
  '--openssl-config=/dev/null',
  '--report-exclude-env',
  // The one WebAssembly here is Node's own, which reads the sources; to optimize it costs 15 MB that never come back.
  '--liftoff-only',
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
];
/** Links, and what else is handed down to the signer or the tool. */
const INHERITED = [3, 4, 5, 6];

/** What Node itself asks the system about at its start. */
const OF_THE_SYSTEM = [
  '/dev/null',
  '/dev/urandom',
  '/proc/self',
  '/proc/meminfo',
  '/etc/ld.so.cache',
];
/** What else a process with network needs: names, certificates, time zones, and how many processors it has. */
const OF_A_SYSTEM_WITH_NETWORK = [
  // The whole folder: what resolves names is exchanged for new files while the process runs.
  '/etc',
  '/run/systemd/resolve',
  '/usr/share/ca-certificates',
  '/usr/local/share/ca-certificates',
  '/usr/share/zoneinfo',
  '/usr/lib/ssl',
  '/proc/cpuinfo',
  '/proc/stat',
  '/proc/loadavg',
  '/proc/version',
  '/sys/fs/cgroup',
];
/** Of the environment, what says where the machine is and how it reaches the network; never what changes Node. */
const KEPT_VARIABLES = [
  'HTTPS_PROXY',
  'HTTP_PROXY',
  'LANG',
  'NODE_EXTRA_CA_CERTS',
  'NO_PROXY',
  'SSL_CERT_DIR',
  'SSL_CERT_FILE',
  'TZ',
].flatMap((name) => [name, name.toLowerCase()]);
const FILES_IN_VARIABLES = ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_DIR', 'SSL_CERT_FILE'];

export interface SignerStart {
  readonly directory: string;
  /** Files besides those of `directory` that it reads. */
  readonly reads: readonly string[];
  /** Files and folders elsewhere that are there already and that it writes to. */
  readonly writes?: readonly string[];
}

/** A process with network: server or egress. */
export interface NetworkedStart {
  readonly main: string;
  readonly reads: readonly string[];
  /** Folders, which are made, with all that is in them. */
  readonly writes: readonly string[];
  /** Whether it takes TCP connections, or only makes them. */
  readonly mayListen: boolean;
  /** What it is given by `keptEnvironment`. */
  readonly environment: NodeJS.ProcessEnv;
  /** Variables of the desk's own. They are arguments on the way, for everybody to see. */
  readonly variables: Readonly<Record<string, string>>;
  /** Sockets handed down at the start, by descriptor. */
  readonly inherited: readonly number[];
  /** The descriptor of Node's channel to the supervisor, where there is one. */
  readonly channel: number | null;
}

/** What Node reads to run the signer. */
function sourcesOf({ directory, reads }: SignerStart): readonly string[] {
  return [SOURCES, ...PACKAGE_FILES, ...TREE_FILES, directory, ...reads];
}

/** Node's arguments that run the signer's `main` (its own, unless a test has another) behind the permission model. */
export function confinedArguments(
  start: SignerStart,
  given: readonly string[],
  nodeFlags: readonly string[] = [],
  main: string = MAIN,
): readonly string[] {
  return [
    ...FLAGS,
    ...(ARCHITECTURE === null ? [] : ['--allow-ffi']),
    ...[...sourcesOf(start), ...(start.writes ?? [])].map((path) => `--allow-fs-read=${path}`),
    ...[start.directory, ...(start.writes ?? [])].map((path) => `--allow-fs-write=${path}`),
    ...nodeFlags,
    main,
    ...given,
  ];
}

/** Node's arguments that start a signer on `start`, `given` being its own: through the launcher where it can help. */
export function signerArguments(
  start: SignerStart,
  given: readonly string[],
  nodeFlags: readonly string[] = [],
  main: string = MAIN,
): readonly string[] {
  const command = confinedArguments(start, given, nodeFlags, main);
  if (ARCHITECTURE === null) return command;
  return throughLauncher(nodeFlags, {
    command,
    environment: {},
    keeps: [],
    makes: [start.directory],
    reads: [...OF_THE_SYSTEM, ...sourcesOf(start)],
    writes: [start.directory, ...(start.writes ?? [])],
    network: 'none',
    inherited: INHERITED,
  });
}

/** As `signerArguments`, for the vault's tool. */
export function toolArguments(
  start: SignerStart,
  given: readonly string[],
  nodeFlags: readonly string[] = [],
): readonly string[] {
  return signerArguments(start, given, nodeFlags, TOOL);
}

/** Node's arguments that start a process with network, `given` being its own: through the launcher where it can help. */
export function networkedArguments(
  start: NetworkedStart,
  given: readonly string[],
  nodeFlags: readonly string[] = [],
): readonly string[] {
  const command = ['--disable-sigusr1', '--report-exclude-env', ...nodeFlags, start.main, ...given];
  if (ARCHITECTURE === null) return command;
  const named = FILES_IN_VARIABLES.flatMap((name) => start.environment[name] ?? []);
  return throughLauncher(nodeFlags, {
    command,
    environment: {
      ...start.variables,
      [WALLED_VARIABLE]: 'stand',
      ...(start.channel === null ? {} : { NODE_CHANNEL_FD: String(start.channel) }),
    },
    keeps: KEPT_VARIABLES,
    makes: start.writes,
    reads: [...OF_THE_SYSTEM, ...OF_A_SYSTEM_WITH_NETWORK, start.main, ...start.reads, ...named],
    writes: start.writes,
    network: start.mayListen ? 'all' : 'outgoing',
    inherited: [...start.inherited, ...(start.channel === null ? [] : [start.channel])],
  });
}

/** Of `environment`, what a process with network may have; where there are no walls, all but what changes Node. */
export function keptEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  if (ARCHITECTURE === null) {
    return Object.fromEntries(
      Object.entries(environment).filter(([name]) => !MEDDLING_VARIABLE.test(name)),
    );
  }
  return Object.fromEntries(KEPT_VARIABLES.map((name) => [name, environment[name]]));
}

function throughLauncher(nodeFlags: readonly string[], plan: LaunchPlan): readonly string[] {
  return [...nodeFlags, LAUNCHER, JSON.stringify(plan)];
}
