// SPDX-License-Identifier: Apache-2.0
// What lies in a data directory, and the lock that keeps it to one desk at a time.

import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DurableFileError, PRIVATE_MODE, putFile, SYSTEM_DISK } from './durable-file.ts';
import { FolderHeldError, LOCK_FILES, lockFolder, type FolderLock } from './folder-lock.ts';

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
  /** By which authorities exchanges are known; egress and people at the terminal write it, the server cannot. */
  readonly egress: string;
  /** The demo exchange's state. */
  readonly simulatorState: string;
  /** Files of the running desk: address, the terminal's token, logs. */
  readonly run: string;
  /** What server and egress are told at their start; neither can change it. */
  readonly config: string;
  readonly candles: string;
  /** Whose word on the log counts: people at the terminal write it, the server cannot. */
  readonly trust: string;
}

/** The parts that make up one desk; `--fresh` puts them aside together. */
const DESK_PARTS = ['server', 'signer', 'log', 'simulator', 'desk.json'];

export function deskFiles(directory: string): DeskFiles {
  return {
    directory,
    server: join(directory, 'server'),
    signer: join(directory, 'signer'),
    log: join(directory, 'log'),
    egress: join(directory, 'egress'),
    simulatorState: join(directory, 'simulator', 'state.json'),
    run: join(directory, 'run'),
    config: join(directory, 'config'),
    candles: join(directory, 'candles'),
    trust: join(directory, 'trust'),
  };
}

/** Makes the directories, each for its owner only. Throws DeskFilesError when that cannot be done. */
export function makeDirectories(files: DeskFiles): void {
  try {
    const { directory, server, signer, egress, run, config, trust } = files;
    const simulator = dirname(files.simulatorState);
    for (const path of [directory, server, signer, egress, simulator, run, config, trust]) {
      mkdirSync(path, { recursive: true, mode: 0o700 });
      chmodSync(path, 0o700);
    }
    makeLogDirectory(files.log);
  } catch (error) {
    throw notWritable(files, error);
  }
}

/** Makes one folder of the directory if it is not there. Throws DeskFilesError when that cannot be done. */
export function makePart(files: DeskFiles, folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw notWritable(files, error);
  }
}

function notWritable({ directory }: DeskFiles, error: unknown): DeskFilesError {
  const said = error instanceof Error ? error.message : String(error);
  return new DeskFilesError(
    'notWritable',
    `the data directory ${directory} cannot be written: ${said}; choose another with --data DIR`,
    { cause: error },
  );
}

/** Where the signer publishes its log; others of its group may be allowed to read there. */
export function makeLogDirectory(path: string): void {
  mkdirSync(path, { recursive: true, mode: 0o750 });
}

/**
 * Takes the directory for `command` until this process ends, however it ends: the desk's own folder and the signer's,
 * which a process that runs apart may hold alone. Throws DeskFilesError `busy` when another Kontor has one of them.
 */
export function lockDirectory(files: DeskFiles, command: string): FolderLock {
  const desk = lockPart(files, files.run, command);
  try {
    const signer = lockPart(files, files.signer, command);
    return {
      release: () => {
        signer.release();
        desk.release();
      },
    };
  } catch (error) {
    desk.release();
    throw error;
  }
}

/** Takes one folder of the directory. Throws DeskFilesError as `lockDirectory`. */
export function lockPart(files: DeskFiles, folder: string, command: string): FolderLock {
  try {
    return lockFolder(folder, command);
  } catch (error) {
    if (error instanceof FolderHeldError) {
      const { holder } = error;
      throw new DeskFilesError(
        'busy',
        `another Kontor is running on ${files.directory}${holder === '' ? '' : `: ${holder}`}; stop it first, or choose another directory with --data DIR`,
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
    return existsSync(path) && (part === 'desk.json' || holdsMoreThanLock(path));
  });
  if (parts.length === 0) return null;
  const aside = join(files.directory, 'previous', now.toISOString().replaceAll(':', '-'));
  mkdirSync(aside, { recursive: true, mode: 0o700 });
  for (const part of parts) renameSync(join(files.directory, part), join(aside, part));
  return aside;
}

function holdsMoreThanLock(folder: string): boolean {
  return readdirSync(folder).some((name) => !LOCK_FILES.includes(name));
}

/**
 * Writes `value` as JSON, whole or not at all, by default readable by its owner only. Throws DeskFilesError where
 * something lies in the way.
 */
export function writeJson(path: string, value: unknown, mode: number = PRIVATE_MODE): void {
  writeText(path, `${JSON.stringify(value, null, 2)}\n`, mode);
}

/** As `writeJson`, for any text. */
export function writeText(path: string, text: string, mode: number = PRIVATE_MODE): void {
  try {
    putFile(SYSTEM_DISK, path, Buffer.from(text), mode);
  } catch (error) {
    if (!(error instanceof DurableFileError)) throw error;
    throw new DeskFilesError('notWritable', error.message, { cause: error });
  }
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
