// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all, and on disk before anybody hears of them: a witness's records, a desk's settings.

import fs from 'node:fs';
import { dirname } from 'node:path';

/** The calls that a witness makes; the tests let each of them fail. */
export type WitnessDisk = Pick<
  typeof fs,
  | 'openSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'closeSync'
  | 'renameSync'
  | 'rmSync'
  | 'readFileSync'
  | 'mkdirSync'
>;

export const SYSTEM_DISK: WitnessDisk = fs;

/** Only its owner writes here; keys are its owner's alone to read. */
const DIRECTORY_MODE = 0o700;
export const PRIVATE_MODE = 0o600;
export const PUBLIC_MODE = 0o644;

/** Where a file is to be made anew lies something that cannot be taken away; what stood at its place is as it was. */
export class DurableFileError extends Error {
  readonly code = 'inTheWay';

  constructor(path: string, draft: string, cause: unknown) {
    super(
      `${draft}: expected to make a new file, found something in its place; ${path} is as it was: look at what lies there and remove it`,
      { cause },
    );
    this.name = 'DurableFileError';
  }
}

/**
 * Puts `bytes` at `path`, durably and wholly or not at all. What returned is on disk; what threw may be or not. Only a
 * new file is ever written to: whoever owns the folder may have put a link beside `path`, and it may be root who writes.
 * Throws DurableFileError where something else lies there that cannot be taken away.
 */
export function putFile(disk: WitnessDisk, path: string, bytes: Uint8Array, mode: number): void {
  const draft = `${path}.new`;
  const fd = openNew(disk, path, draft, mode);
  try {
    giveToOwnerOf(fd, dirname(path));
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

/** What a crash left of an earlier try goes first. */
function openNew(disk: WitnessDisk, path: string, draft: string, mode: number): number {
  try {
    disk.rmSync(draft, { force: true });
    return disk.openSync(draft, 'wx', mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST' || code === 'ERR_FS_EISDIR' || code === 'EISDIR')
      throw new DurableFileError(path, draft, error);
    throw error;
  }
}

/** What root decides in another user's folder that user, or the folder's group, must be able to read. */
function giveToOwnerOf(fd: number, folder: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = fs.statSync(folder);
  fs.fchownSync(fd, uid, gid);
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
