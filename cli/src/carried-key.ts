// SPDX-License-Identifier: Apache-2.0
// A place in memory that outlives a signer: what opened its vault waits there for the one that replaces it.
//
// It is a file without a name on a file system that is memory only. Each signer is born with an empty one, in which it
// leaves the key. Its successor is given what the one before left only when its own walls stand: until then another
// program of the same user could open what it inherited.

import {
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  readSync,
  statfsSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

const MEMORY = '/dev/shm';
/** What Linux calls the file system that is memory (linux/magic.h). */
const TMPFS = 0x01021994;
const KEY_BYTES = 32;

/** The descriptor, or null where this system has no such place: then a replaced signer waits for its passphrase. */
export function openCarriedKey(): number | null {
  try {
    if (statfsSync(MEMORY).type !== TMPFS) return null;
    const path = join(MEMORY, `kontor-${randomBytes(16).toString('hex')}`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = openSync(path, flags, 0o600);
    unlinkSync(path);
    // Room for the key is taken now: somebody may have filled the file system by the time it is there.
    writeSync(fd, Buffer.alloc(KEY_BYTES), 0, KEY_BYTES, 0);
    return fd;
  } catch {
    return null;
  }
}

/** Whether a signer has left a key there. */
export function isCarrying(fd: number): boolean {
  const key = read(fd);
  const isKey = key.some((byte) => byte !== 0);
  key.fill(0);
  return isKey;
}

/** The first is gone then. */
export function moveCarriedKey(from: number, to: number): void {
  const key = read(from);
  writeSync(to, key, 0, KEY_BYTES, 0);
  key.fill(0);
  forgetCarriedKey(from);
}

export function forgetCarriedKey(fd: number): void {
  writeSync(fd, Buffer.alloc(KEY_BYTES), 0, KEY_BYTES, 0);
  ftruncateSync(fd, 0);
  closeSync(fd);
}

function read(fd: number): Buffer {
  // Small buffers of other makes lie in V8's heap, where the collector leaves copies behind.
  const key = Buffer.allocUnsafeSlow(KEY_BYTES).fill(0);
  readSync(fd, key, 0, KEY_BYTES, 0);
  return key;
}
