// SPDX-License-Identifier: Apache-2.0
// The launcher: builds the walls that outlive execve, then becomes the process it is to start. It holds no secret.
//
//   node FLAGS launch.ts PLAN

import { mkdirSync, readFileSync } from 'node:fs';
import { confine, type LandlockRight, type Network } from './landlock.ts';
import { Native } from './native.ts';

const PR_SET_NO_NEW_PRIVS = 38;
const RLIMIT_CORE = 4;
const F_SETFD = 2;

/** All that the launcher is told; it decides nothing. */
export interface LaunchPlan {
  /** Node's arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Of the launcher's own environment, what is handed on; the process gets these and `environment` alone. */
  readonly keeps: readonly string[];
  /** Folders to be made before: a rule can only be made for what exists. */
  readonly makes: readonly string[];
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly network: Network;
  /** Descriptors that are handed on. */
  readonly inherited: readonly number[];
}

/** Does not return: the process goes on as what `plan` names. Throws where execve fails. */
export function launch(plan: LaunchPlan): never {
  for (const path of plan.makes) mkdirSync(path, { recursive: true, mode: 0o700 });
  const native = new Native();
  native.prctl(PR_SET_NO_NEW_PRIVS, 1);
  native.setLimit(RLIMIT_CORE, 0n);
  for (const fd of plan.inherited) native.fcntl(fd, F_SETFD, 0);
  const paths: (readonly [string, LandlockRight])[] = [
    ...programFiles().map((path) => [path, 'execute'] as const),
    ...plan.reads.map((path) => [path, 'read'] as const),
    ...plan.writes.map((path) => [path, 'write'] as const),
  ];
  // Which walls stand is found out by the process itself, which trusts no one about it.
  confine(native, paths, plan.network);
  native.close();
  const [program] = process.argv;
  if (process.execve === undefined || program === undefined)
    throw new Error('expected a system with execve');
  process.execve(process.execPath, [program, ...plan.command], environmentOf(plan));
  throw new Error('expected execve not to return');
}

function environmentOf({ environment, keeps }: LaunchPlan): Record<string, string> {
  const kept: Record<string, string> = {};
  for (const name of keeps) {
    const value = process.env[name];
    if (value !== undefined) kept[name] = value;
  }
  return { ...kept, ...environment };
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
  const [plan = '{}'] = process.argv.slice(2);
  launch(JSON.parse(plan) as LaunchPlan);
}
