// SPDX-License-Identifier: Apache-2.0
// The signer's only way to files. Everything is synchronous: what returned is done, and nothing runs in between.

import fs, { constants } from 'node:fs';
import { basename, dirname } from 'node:path';
import { getuid } from 'node:process';

/** The calls that the signer makes; the tests kill it before, within and after each. */
export type Disk = Pick<
  typeof fs,
  | 'openSync'
  | 'closeSync'
  | 'readSync'
  | 'writeSync'
  | 'fsyncSync'
  | 'fdatasyncSync'
  | 'ftruncateSync'
  | 'fstatSync'
  | 'statSync'
  | 'lstatSync'
  | 'renameSync'
  | 'mkdirSync'
  | 'unlinkSync'
  | 'rmdirSync'
  | 'readdirSync'
>;

export const SYSTEM_DISK: Disk = fs;

// Node's permission model refuses every sync call, whatever the descriptor. Under it the writes are synchronous
// themselves, which costs the same.
const MAY_SYNC = process.permission === undefined;
/** To be added to the flags of every file that `settle` is called on. */
export const SYNCHRONOUS: number = MAY_SYNC ? 0 : constants.O_SYNC;

const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const OTHERS_ANY = 0o077;
const OTHERS_WRITE = 0o022;

export type DiskErrorCode = 'disk.mode' | 'disk.owner' | 'disk.kind' | 'disk.size' | 'disk.short';

export class DiskError extends Error {
  readonly code: DiskErrorCode;

  constructor(code: DiskErrorCode, message: string) {
    super(message);
    this.name = 'DiskError';
    this.code = code;
  }
}

/** Makes sure that `path` is a directory which only its owner can look into. Makes it where there is none. */
export function ensurePrivateDirectory(disk: Disk, path: string): void {
  disk.mkdirSync(path, { recursive: true, mode: DIRECTORY_MODE });
  const stat = disk.lstatSync(path);
  if (!stat.isDirectory()) {
    throw new DiskError('disk.kind', `${path}: expected a directory, found something else`);
  }
  checkOwnerAndMode(path, stat, OTHERS_ANY, DIRECTORY_MODE);
}

/** The bytes of a file, or null where there is none. `others`: what its group and the world may do. */
export function readFile(
  disk: Disk,
  path: string,
  options: { readonly bytesMax: number; readonly others: 'nothing' | 'read' },
): Buffer | null {
  const fd = openExisting(disk, path);
  if (fd === null) return null;
  try {
    const stat = disk.fstatSync(fd);
    if (!stat.isFile())
      throw new DiskError('disk.kind', `${path}: expected a file, found something else`);
    if (options.others === 'nothing') checkOwnerAndMode(path, stat, OTHERS_ANY, FILE_MODE);
    else checkOwnerAndMode(path, stat, OTHERS_WRITE, 0o644);
    if (stat.size > options.bytesMax) {
      throw new DiskError(
        'disk.size',
        `${path}: expected at most ${options.bytesMax} bytes, found ${stat.size}`,
      );
    }
    // Neither cut from the shared pool nor, as `alloc` has small ones, in V8's heap, where the collector leaves copies
    // behind: so that zeroing it leaves nothing.
    const bytes = Buffer.allocUnsafeSlow(stat.size);
    let filled = 0;
    while (filled < bytes.length) {
      const count = disk.readSync(fd, bytes, filled, bytes.length - filled, filled);
      if (count === 0)
        throw new DiskError(
          'disk.short',
          `${path}: expected ${bytes.length} bytes, found ${filled}`,
        );
      filled += count;
    }
    return bytes;
  } finally {
    disk.closeSync(fd);
  }
}

/** Throws DiskError unless the open file is one that only its owner can read. */
export function checkPrivateFile(disk: Disk, fd: number, path: string): void {
  checkOwnerAndMode(path, disk.fstatSync(fd), OTHERS_ANY, FILE_MODE);
}

/** Puts `bytes` at `path`, wholly or not at all, and durably: on return a power failure does not undo it. */
export function writeFileAtomically(
  disk: Disk,
  path: string,
  bytes: Uint8Array,
  mode: number = FILE_MODE,
): void {
  const draft = `${path}.new`;
  const fd = openNew(disk, draft, mode);
  try {
    writeAll(disk, fd, bytes);
    settle(disk, fd);
    disk.renameSync(draft, path);
    if (MAY_SYNC) syncDirectoryOf(disk, path);
    // A synchronous write to the file under its new name takes the name to disk with it.
    else disk.writeSync(fd, bytes, bytes.length - 1, 1, bytes.length - 1);
  } finally {
    disk.closeSync(fd);
  }
}

/** A file of its own: what a crash left there, or somebody planted, is removed and not written to. */
function openNew(disk: Disk, path: string, mode: number, synchronous = SYNCHRONOUS): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | synchronous;
  try {
    return disk.openSync(path, flags, mode);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    disk.unlinkSync(path);
    return disk.openSync(path, flags, mode);
  }
}

/** As `writeFileAtomically`, for what can be made again: a power failure may undo it. */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array, mode: number): void {
  const draft = `${path}.new`;
  const fd = openNew(disk, draft, mode, 0);
  try {
    writeAll(disk, fd, bytes);
  } finally {
    disk.closeSync(fd);
  }
  disk.renameSync(draft, path);
}

/**
 * Overwrites the file at `path` with zeros and removes it; false where there is none. A file system that writes elsewhere than
 * over the old bytes, and flash under any, may keep them all the same: who must be sure makes a new key.
 */
export function destroyFile(disk: Disk, path: string): boolean {
  if (!overwriteFile(disk, path)) return false;
  disk.unlinkSync(path);
  syncDirectoryOf(disk, path);
  return true;
}

/** Puts zeros in the place of what is in the file at `path`; false where there is none. */
export function overwriteFile(disk: Disk, path: string): boolean {
  let fd: number;
  try {
    fd = disk.openSync(path, constants.O_WRONLY | constants.O_NOFOLLOW | SYNCHRONOUS);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
  try {
    writeAll(disk, fd, Buffer.alloc(disk.fstatSync(fd).size));
    settle(disk, fd);
    return true;
  } finally {
    disk.closeSync(fd);
  }
}

/** Makes the entry of `path` in its directory durable, where that can be asked for. */
export function syncDirectoryOf(disk: Disk, path: string): void {
  if (!MAY_SYNC) return;
  const fd = disk.openSync(dirname(path), 'r');
  try {
    disk.fsyncSync(fd);
  } finally {
    disk.closeSync(fd);
  }
}

/** Waits until what was written to `fd` is on disk; it is already where writes are synchronous. */
export function settle(disk: Disk, fd: number): void {
  if (MAY_SYNC) disk.fdatasyncSync(fd);
}

export function writeAll(disk: Disk, fd: number, bytes: Uint8Array): void {
  let written = 0;
  while (written < bytes.length)
    written += disk.writeSync(fd, bytes, written, bytes.length - written);
}

/** Opens `path` for reading; null where there is none. A pipe that nobody writes to is not waited for. */
export function openExisting(disk: Disk, path: string): number | null {
  try {
    return disk.openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

function checkOwnerAndMode(
  path: string,
  stat: { readonly uid: number; readonly mode: number },
  forbidden: number,
  wanted: number,
): void {
  const uid = getuid?.();
  if (uid !== undefined && stat.uid !== uid) {
    throw new DiskError('disk.owner', `${path}: expected user ${uid} as owner, found ${stat.uid}`);
  }
  if ((stat.mode & forbidden) !== 0) {
    throw new DiskError(
      'disk.mode',
      `${path}: expected mode ${wanted.toString(8)} or stricter, found ${(stat.mode & 0o777).toString(8)}; ` +
        `run chmod ${wanted.toString(8)} ${basename(path)}`,
    );
  }
}

/** Whether the system refused a call: no room, no right, a disk that fails. A fault of our own is none. */
export function isSystemError(error: unknown): error is Error & { readonly code: string } {
  if (error instanceof DiskError) return true;
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return false;
  // Node's own codes, which tell of wrong calls and broken assertions, begin with ERR_.
  return /^E(?!RR_)[A-Z0-9]+$/.test(error.code);
}
