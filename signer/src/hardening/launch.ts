// SPDX-License-Identifier: Apache-2.0
// The launcher: builds the walls that outlive execve, then becomes the signer. It holds no secret.
//
//   node FLAGS launch.ts '{"directory":…,"reads":[…]}' ARGUMENTS-OF-THE-SIGNER

import { mkdirSync, readFileSync } from 'node:fs';
import { confine, type LandlockRight } from './landlock.ts';
import { Native } from './native.ts';
import { confinedArguments, sourcesOf, type SignerStart } from './plan.ts';

const PR_SET_NO_NEW_PRIVS = 38;
const RLIMIT_CORE = 4;
const F_SETFD = 2;
/** The links to server and egress, and what else the supervisor hands down. */
const INHERITED = [3, 4, 5, 6];
/** What Node itself asks the system about at its start. */
const OF_THE_SYSTEM = [
  '/dev/null',
  '/dev/urandom',
  '/proc/self',
  '/proc/meminfo',
  '/etc/ld.so.cache',
];

/** Does not return: the process goes on as the signer. Throws where execve fails. */
export function launch(start: SignerStart, given: readonly string[], main?: string): never {
  // A rule can only be made for what exists.
  mkdirSync(start.directory, { recursive: true, mode: 0o700 });
  const native = new Native();
  native.prctl(PR_SET_NO_NEW_PRIVS, 1);
  native.setLimit(RLIMIT_CORE, 0n);
  for (const fd of INHERITED) native.fcntl(fd, F_SETFD, 0);
  const paths: (readonly [string, LandlockRight])[] = [
    ...programFiles().map((path) => [path, 'execute'] as const),
    ...[...OF_THE_SYSTEM, ...sourcesOf(start)].map((path) => [path, 'read'] as const),
    ...[start.directory, ...(start.writes ?? [])].map((path) => [path, 'write'] as const),
  ];
  // Which walls stand is found out by the signer itself, which trusts no one about it.
  confine(native, paths);
  native.close();
  const [program] = process.argv;
  if (process.execve === undefined || program === undefined)
    throw new Error('expected a system with execve');
  process.execve(
    process.execPath,
    [program, ...confinedArguments(start, given, process.execArgv, main)],
    {},
  );
  throw new Error('expected execve not to return');
}

/** This program and the libraries it is made of. */
function programFiles(): readonly string[] {
  const mapped = readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .flatMap((line) => {
      const at = line.indexOf('/');
      return at < 0 ? [] : [line.slice(at)];
    });
  return [...new Set([process.execPath, ...mapped])];
}

if (import.meta.main) {
  const [start = '{}', ...given] = process.argv.slice(2);
  launch(JSON.parse(start) as SignerStart, given);
}
