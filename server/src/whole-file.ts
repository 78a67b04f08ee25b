// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

const PRIVATE_MODE = 0o600;

/** Where a file is to be made anew lies something that cannot be taken away; what stood at its place is as it was. */
export class WholeFileError extends Error {
  readonly code = 'inTheWay';

  constructor(path: string, draft: string, cause: unknown) {
    super(
      `${draft}: expected to make a new file, found something in its place; ${path} is as it was: look at what lies there and remove it`,
      { cause },
    );
    this.name = 'WholeFileError';
  }
}

/**
 * Puts `bytes` at `path`, readable by its owner only; a crash leaves what was there before, or all of them. Only a new
 * file is ever written to: a link or a file that somebody put beside `path` is taken away, and what it leads to stays.
 * Throws WholeFileError where it cannot be.
 */
export function putWhole(path: string, bytes: Uint8Array): void {
  const draft = `${path}.new`;
  const fd = openNew(path, draft);
  try {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(fd, bytes, written, bytes.length - written);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** What a crash left of an earlier try goes first. */
function openNew(path: string, draft: string): number {
  try {
    rmSync(draft, { force: true });
    return openSync(draft, 'wx', PRIVATE_MODE);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EEXIST' || code === 'ERR_FS_EISDIR' || code === 'EISDIR')
      throw new WholeFileError(path, draft, error);
    throw error;
  }
}
