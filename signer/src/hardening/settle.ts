// SPDX-License-Identifier: Apache-2.0
// A process's own first act: it builds the walls that execve would take down, and finds out which stand; the signer
// also gives up the means to build or breach any. What stands is found by trying, not by what the launcher meant to do.

import { filterCalls } from './seccomp.ts';
import { ARCHITECTURE, Native } from './native.ts';
import {
  hardeningOf,
  MEDDLING_VARIABLE,
  NETWORKED_WALLS,
  WALLED_VARIABLE,
  type Hardening,
  type WallName,
} from './walls.ts';

const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;
const PR_GET_SECCOMP = 21;
const PR_GET_NO_NEW_PRIVS = 39;
const SECCOMP_MODE_FILTER = 2;
const RLIMIT_CORE = 4;
const AT_FDCWD = -100;
const O_DIRECTORY_CLOEXEC = 0o2200000;
/** Readable by everyone on every Linux, and no business of the signer, or of any process of the desk. */
const FOREIGN_DIRECTORIES = ['/', '/etc', '/proc'];
const FOREIGN_TO_ALL = ['/', '/proc'];
const NATIVE_WALLS: readonly WallName[] = [
  'noNewPrivileges',
  'noCoreDump',
  'notDumpable',
  'landlock',
  'seccomp',
];
const PERMISSIONS = ['child', 'worker', 'addon', 'wasi', 'inspector', 'net'] as const;

/** To be called once, before the first secret is read. */
export function settle(): Hardening {
  const missing = new Map<WallName, string>();
  if (Object.keys(process.env).length > 0)
    missing.set('environment', 'the process was given environment variables');
  const granted = PERMISSIONS.filter((name) => process.permission?.has(name) !== false);
  if (granted.length > 0)
    missing.set('permissions', `Node's permission model grants ${granted.join(', ')}`);
  const obstacle = obstacleToNativeCalls();
  if (obstacle !== null) {
    for (const name of NATIVE_WALLS) missing.set(name, obstacle);
    return hardeningOf(missing);
  }
  const native = new Native();
  buildAndTry(native, missing, FOREIGN_DIRECTORIES, false);
  native.close();
  process.permission?.drop('ffi');
  if (process.permission?.has('ffi') !== false)
    missing.set('nativeCallsDropped', 'Node did not give up the right to make native calls');
  return hardeningOf(missing);
}

/**
 * As `settle`, for a process with network that the launcher started; null for one that was started without walls.
 * `forbidden` are folders that it must not be able to look into.
 */
export function settleNetworked(forbidden: readonly string[]): Hardening | null {
  if (process.env[WALLED_VARIABLE] === undefined) return null;
  delete process.env[WALLED_VARIABLE];
  const missing = new Map<WallName, string>();
  const meddling = Object.keys(process.env).filter((name) => MEDDLING_VARIABLE.test(name));
  if (meddling.length > 0)
    missing.set('environment', `the process was given ${meddling.join(', ')}`);
  if (ARCHITECTURE === null) {
    for (const name of NATIVE_WALLS) missing.set(name, unknownSystem());
  } else {
    const native = new Native();
    buildAndTry(native, missing, [...FOREIGN_TO_ALL, ...forbidden], true);
    native.close();
  }
  return hardeningOf(missing, NETWORKED_WALLS);
}

function buildAndTry(
  native: Native,
  missing: Map<WallName, string>,
  foreign: readonly string[],
  hasNetwork: boolean,
): void {
  if (native.prctl(PR_GET_NO_NEW_PRIVS, 0) !== 1)
    missing.set('noNewPrivileges', 'the process was not started by the launcher');
  if (native.limitOf(RLIMIT_CORE) !== 0n)
    missing.set('noCoreDump', 'the limit on core files is not zero');
  native.prctl(PR_SET_DUMPABLE, 0);
  if (native.prctl(PR_GET_DUMPABLE, 0) !== 0)
    missing.set('notDumpable', 'the kernel left the memory readable to the same user');
  if (foreign.some((path) => canOpen(native, path)))
    missing.set('landlock', 'the kernel has no Landlock, or the launcher was not used');
  const refused = filterCalls(native, hasNetwork);
  if (refused !== null || native.prctl(PR_GET_SECCOMP, 0) !== SECCOMP_MODE_FILTER)
    missing.set('seccomp', refused ?? 'the kernel did not put the filter in force');
}

function unknownSystem(): string {
  return `not known for ${process.platform} on ${process.arch}; a container on Linux has it`;
}

function obstacleToNativeCalls(): string | null {
  if (ARCHITECTURE === null) return unknownSystem();
  if (process.permission === undefined) return 'the process was not started by the launcher';
  return process.permission.has('ffi') ? null : 'the process has no right to make native calls';
}

/** Asks the kernel itself: Node would refuse first. */
function canOpen(native: Native, path: string): boolean {
  const { openat } = ARCHITECTURE?.calls ?? {};
  if (openat === undefined || openat === null) return false;
  const name = Buffer.from(`${path}\0`);
  // The descriptor stays open: it is of a directory that everybody may list, and the walls are reported as missing.
  return native.call(openat, AT_FDCWD, name, O_DIRECTORY_CLOEXEC, 0) >= 0;
}
