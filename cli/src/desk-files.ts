// SPDX-License-Identifier: Apache-2.0
// What lies in a data directory, and the lock that keeps it to one desk at a time.

import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/** A data directory cannot be used; the message says what to do. */
export class DeskFilesError extends Error {
  readonly code: 'busy' | 'notWritable' | 'otherMarket' | 'damaged';

  constructor(code: DeskFilesError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'DeskFilesError';
    this.code = code;
  }
}

export interface DeskFiles {
  readonly directory: string;
  /** The server's store. */
  readonly server: string;
  /** The signer's keys, policy and record; nobody else reads here. */
  readonly signer: string;
  /** The public half of the signer's log, which the signer alone writes. */
  readonly log: string;
  /** The demo exchange's state. */
  readonly simulatorState: string;
  /** Files of the running desk: address, the terminal's token, logs. */
  readonly run: string;
  /** What server and egress are told at their start; neither can change it. */
  readonly config: string;
  readonly candles: string;
}

/** The parts that make up one desk; `--fresh` puts them aside together. */
const DESK_PARTS = ['server', 'signer', 'log', 'simulator', 'desk.json'];
const SQLITE_BUSY = 5;

export function deskFiles(directory: string): DeskFiles {
  return {
    directory,
    server: join(directory, 'server'),
    signer: join(directory, 'signer'),
    log: join(directory, 'log'),
    simulatorState: join(directory, 'simulator', 'state.json'),
    run: join(directory, 'run'),
    config: join(directory, 'config'),
    candles: join(directory, 'candles'),
  };
}

/** Makes the directories, each for its owner only. Throws DeskFilesError when that cannot be done. */
export function makeDirectories(files: DeskFiles): void {
  try {
    for (const path of [
      files.directory,
      files.server,
      files.signer,
      join(files.directory, 'simulator'),
      files.run,
      files.config,
    ]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chmodSync(path, 0o700);
    }
    makeLogDirectory(files.log);
  } catch (error) {
    throw new DeskFilesError(
      'notWritable',
      `the data directory ${files.directory} cannot be written: ${error instanceof Error ? error.message : String(error)}; choose another with --data DIR`,
      { cause: error },
    );
  }
}

/** Where the signer publishes its log; others of its group may be allowed to read there. */
export function makeLogDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o750 });
}

/**
 * Takes the directory for this process until it ends, however it ends: the lock is the system's own, held through
 * an open database. Throws DeskFilesError `busy` when another Kontor has it.
 */
export function lockDirectory(files: DeskFiles): { readonly release: () => void } {
  try {
    const database = new DatabaseSync(join(files.run, 'lock.db'), { timeout: 0 });
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (by INTEGER); COMMIT;',
    );
    return { release: () => database.close() };
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new DeskFilesError(
        'busy',
        `another Kontor is running on ${files.directory}; stop it first, or choose another directory with --data DIR`,
        { cause: error },
      );
    }
    throw new DeskFilesError(
      'notWritable',
      `the data directory ${files.directory} cannot be used: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}

/** Puts the desk that lies here aside, under `previous/<time>`; returns where it went, or null if there was none. */
export function putDeskAside(files: DeskFiles, now: Date): string | null {
  const parts = DESK_PARTS.filter((part) => {
    const path = join(files.directory, part);
    return existsSync(path) && (part === 'desk.json' || readdirSync(path).length > 0);
  });
  if (parts.length === 0) return null;
  const aside = join(files.directory, 'previous', now.toISOString().replaceAll(':', '-'));
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const part of parts) renameSync(join(files.directory, part), join(aside, part));
  return aside;
}

/** Writes `value` as JSON, whole or not at all, readable by its owner only. */
export function writeJson(path: string, value: unknown): void {
  const temporary = `${path}.new`;
  const descriptor = openSync(temporary, 'w', 0o600);
  try {
    writeSync(descriptor, `${JSON.stringify(value, null, 2)}\n`);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, path);
}

/** The JSON in `path`; undefined when there is no such file. Throws DeskFilesError `damaged` when it is no JSON. */
export function readJson(path: string): unknown {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new DeskFilesError('damaged', `${path} is no JSON; restore a backup or remove it`, {
      cause: error,
    });
  }
}
