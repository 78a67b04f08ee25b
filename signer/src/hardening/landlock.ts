// SPDX-License-Identifier: Apache-2.0
// Landlock: from here on this thread, and what it becomes by execve, sees the given files and no others.
// Formats: linux/landlock.h; https://docs.kernel.org/userspace-api/landlock.html

import fs, { constants } from 'node:fs';
import type { Native } from './native.ts';

const CREATE_RULESET = 444;
const ADD_RULE = 445;
const RESTRICT_SELF = 446;
const CREATE_RULESET_VERSION = 1;
const RULE_PATH_BENEATH = 1;
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;

const EXECUTE = 1n << 0n;
const WRITE_FILE = 1n << 1n;
const READ_FILE = 1n << 2n;
const READ_DIR = 1n << 3n;
const TRUNCATE = 1n << 14n;
const IOCTL_DEV = 1n << 15n;
/** What may be said of a file that is no directory. */
const OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV;
/** All file rights that a version of the interface knows. */
const RIGHTS_SINCE: readonly (readonly [version: number, rights: bigint])[] = [
  [1, (1n << 13n) - 1n],
  [2, 1n << 13n],
  [3, TRUNCATE],
  [5, IOCTL_DEV],
];
/** Since version 4: which of binding and connecting a TCP socket is refused. */
const NETWORK_REFUSED = { none: 0b11n, outgoing: 0b01n, all: 0n } as const;
/** Since version 6: no abstract Unix socket and no signal to a process outside. */
const SOCKETS_AND_SIGNALS = 0b11n;

const RIGHTS = {
  execute: EXECUTE | READ_FILE | READ_DIR,
  read: READ_FILE | READ_DIR,
} as const;

export type LandlockRight = 'execute' | 'read' | 'write';
/** What is left of TCP. */
export type Network = keyof typeof NETWORK_REFUSED;

/** Confines this thread; returns why that was not possible, or null. A path that does not exist is left out. */
export function confine(
  native: Native,
  paths: readonly (readonly [path: string, right: LandlockRight])[],
  network: Network,
): string | null {
  const version = native.call(CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION);
  if (version < 1) return 'this kernel has no Landlock';
  let known = 0n;
  for (const [since, rights] of RIGHTS_SINCE) if (version >= since) known |= rights;
  const attributes = Buffer.alloc(version >= 6 ? 24 : version >= 4 ? 16 : 8);
  attributes.writeBigUInt64LE(known, 0);
  if (version >= 4) attributes.writeBigUInt64LE(NETWORK_REFUSED[network], 8);
  if (version >= 6) attributes.writeBigUInt64LE(SOCKETS_AND_SIGNALS, 16);
  const ruleset = native.call(CREATE_RULESET, attributes, attributes.length, 0);
  if (ruleset < 0) return 'Landlock refused a set of rules';
  for (const [path, right] of paths) {
    const refused = allow(
      native,
      ruleset,
      path,
      right === 'write' ? known & ~EXECUTE : RIGHTS[right],
      known,
    );
    if (refused !== null) return refused;
  }
  if (native.call(RESTRICT_SELF, ruleset, 0) !== 0) return 'Landlock could not be put in force';
  fs.closeSync(ruleset);
  return null;
}

function allow(
  native: Native,
  ruleset: number,
  path: string,
  rights: bigint,
  known: bigint,
): string | null {
  let fd: number;
  try {
    fd = fs.openSync(path, O_PATH | O_CLOEXEC | constants.O_RDONLY);
  } catch {
    return null;
  }
  try {
    const rule = Buffer.alloc(12);
    const applicable = fs.fstatSync(fd).isDirectory() ? rights : rights & OF_FILES;
    rule.writeBigUInt64LE(applicable & known, 0);
    rule.writeInt32LE(fd, 8);
    const added = native.call(ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0);
    return added === 0 ? null : `Landlock refused the rule for ${path}`;
  } finally {
    fs.closeSync(fd);
  }
}
