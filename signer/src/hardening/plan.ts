// SPDX-License-Identifier: Apache-2.0
// How the signer's process is started: its flags, and what it may read and write.

import { fileURLToPath } from 'node:url';
import { ARCHITECTURE } from './native.ts';

const SOURCES = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');
/** Where Node looks for what kind of module a file is. */
const PACKAGE_FILES = ['../../package.json', '../../../package.json'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));
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
  '--disable-warning=ExperimentalWarning',
  '--disable-warning=SecurityWarning',
];

export interface SignerStart {
  readonly directory: string;
  /** Files besides those of `directory` that it reads. */
  readonly reads: readonly string[];
  /** Files elsewhere that are there already and that it overwrites. */
  readonly writes?: readonly string[];
}

/** What Node reads to run the signer. */
export function sourcesOf({ directory, reads }: SignerStart): readonly string[] {
  return [SOURCES, ...PACKAGE_FILES, directory, ...reads];
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
    ...sourcesOf(start).map((path) => `--allow-fs-read=${path}`),
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
): readonly string[] {
  return ARCHITECTURE === null
    ? confinedArguments(start, given, nodeFlags)
    : [...nodeFlags, LAUNCHER, JSON.stringify(start), ...given];
}
