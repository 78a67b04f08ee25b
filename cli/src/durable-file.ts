// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all, and on disk before anybody hears of them: a witness's records, a desk's settings.

import fs, { constants } from 'node:fs';
import { dirname } from 'node:path';

/** The calls that a witness makes; the tests let each of them fail. */
export type WitnessDisk = Pick<
  typeof fs,
  'openSync' | 'writeSync' | 'fsyncSync' | 'closeSync' | 'renameSync' | 'readFileSync' | 'mkdirSync'
>;

export const SYSTEM_DISK: WitnessDisk = fs;

/** Only its owner writes here; keys are its owner's alone to read. */
const DIRECTORY_MODE = 0o700;
export const PRIVATE_MODE = 0o600;
export const PUBLIC_MODE = 0o644;

/** Puts `bytes` at `path`, durably and wholly or not at all. What returned is on disk; what threw may be or not. */
export function putFile(disk: WitnessDisk, path: string, bytes: Uint8Array, mode: number): void {
  const draft = `${path}.new`;
  const fd = disk.openSync(
    draft,
    constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
    mode,
  );
  try {
    for (let written = 0; written < bytes.length;) {
      written += disk.writeSync(fd, bytes, written, bytes.length - written);
    }
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
  disk.renameSync(draft, path);
  syncDirectory(disk, dirname(path));
}

/** The bytes at `path`; undefined where nothing is. */
export function getFile(disk: WitnessDisk, path: string): Buffer | undefined {
  try {
    return disk.readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

export function makeDirectory(disk: WitnessDisk, path: string): void {
  disk.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
}

function syncDirectory(disk: WitnessDisk, path: string): void {
  const fd = disk.openSync(path, 'r');
  try {
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
}
