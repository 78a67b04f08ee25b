// SPDX-License-Identifier: Apache-2.0
// A folder is one program's at a time. The lock is the system's own, held through an open database: it ends with the
// process, however that ends. Beside it lies who holds it, for the message to the next.

import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { asOwner } from './as-owner.ts';
import { readPlainFile } from '@kontor/server/plain-file';

export interface FolderLock {
  readonly release: () => void;
}

/** Someone else has the folder; `holder` says who, '' where he left no name. */
export class FolderHeldError extends Error {
  readonly code = 'busy';
  readonly holder: string;

  constructor(folder: string, options?: ErrorOptions) {
    const holder = readHolder(folder);
    super(`${folder} is held by ${holder === '' ? 'another process' : holder}`, options);
    this.name = 'FolderHeldError';
    this.holder = holder;
  }
}

/** What the lock leaves in a folder: nothing that belongs to a desk. */
export const LOCK_FILES: readonly string[] = ['lock.db', 'lock.db-journal', 'lock.holder'];
const [LOCK = '', , HOLDER = ''] = LOCK_FILES;
const SQLITE_BUSY = 5;
const HOLDER_BYTES_MAX = 256;
/** A link or a pipe in its place, as a process that was taken over may leave, is an error and keeps nobody waiting. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW, O_NONBLOCK } = constants;
const NEW_TEXT = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_NONBLOCK;
/** A process and its command: more is not ours. */
const HOLDER_FORM = /^process \d{1,10} \([a-z -]{1,60}\)$/;

/** Takes `folder` for `command`, such as `kontor start`. Throws FolderHeldError, or the system's error. */
export function lockFolder(folder: string, command: string): FolderLock {
  const database = asOwner(folder, () => takeLock(folder, command));
  return { release: () => database.close() };
}

function takeLock(folder: string, command: string): DatabaseSync {
  let database: DatabaseSync;
  try {
    database = new DatabaseSync(join(folder, LOCK), { timeout: 0 });
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (by INTEGER); COMMIT;',
    );
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY)
      throw new FolderHeldError(folder, { cause: error });
    throw error;
  }
  try {
    writeHolder(folder, command);
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

function writeHolder(folder: string, command: string): void {
  const descriptor = openSync(join(folder, HOLDER), NEW_TEXT, 0o600);
  try {
    writeSync(descriptor, `process ${process.pid} (${command})`);
  } finally {
    closeSync(descriptor);
  }
}

/** Who holds `folder`; null where nobody does, or it cannot be looked into. */
export function holderOf(folder: string): string | null {
  if (!existsSync(join(folder, LOCK))) return null;
  try {
    lockFolder(folder, 'kontor').release();
    return null;
  } catch (error) {
    return error instanceof FolderHeldError ? error.holder : null;
  }
}

function readHolder(folder: string): string {
  const text = readPlainFile(join(folder, HOLDER), HOLDER_BYTES_MAX)?.toString('utf8') ?? '';
  return HOLDER_FORM.test(text) ? text : '';
}
