// SPDX-License-Identifier: Apache-2.0
// The simulator's state in a file, so that a restarted one goes on: written whole and at once, or not at all.

import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { RandomState } from './market/random.ts';
import type { MarketKind } from './market/source.ts';
import type { SavedMarketData } from './market-data.ts';
import type { ExchangeSnapshot } from './exchange/snapshot.ts';

const FORMAT = 'kontor-simulator';
const VERSION = 1;
/** Only its owner may read it: it holds the simulated accounts' secrets. */
const FILE_MODE = 0o600;
const SAVE_EVERY_MS = 1000;
/** Saving may take this part of the time at most; a large state is saved less often. */
const SAVING_SHARE = 0.1;

/** Plain JSON data. */
export interface SimulatorState {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  readonly savedAtMs: number;
  readonly marketMs: number;
  readonly seed: string;
  /** Where the drawing of new keys stands. */
  readonly keyRandom: RandomState;
  readonly market: { readonly kind: MarketKind; readonly state: unknown };
  readonly data: SavedMarketData;
  readonly exchange: ExchangeSnapshot;
}

export function makeState(parts: Omit<SimulatorState, 'format' | 'version'>): SimulatorState {
  return { format: FORMAT, version: VERSION, ...parts };
}

/** The state file cannot be read or written, or holds something else. */
export class StateFileError extends Error {
  readonly code = 'STATE_FILE';

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.name = 'StateFileError';
  }
}

/** The state in `path`; `undefined` when there is no such file. Throws StateFileError. */
export function readState(path: string): SimulatorState | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw new StateFileError(`${path}: expected a readable file, found ${errorCode(error)}`, {
      cause: error,
    });
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new StateFileError(`${path}: expected JSON, found something else`, { cause: error });
  }
  if (!isState(value)) {
    throw new StateFileError(`${path}: expected a ${FORMAT} state of version ${VERSION}`);
  }
  return value;
}

/** Writes `state` to `path`: a reader finds the old file or the new one. Throws StateFileError. */
export function writeState(path: string, state: SimulatorState): void {
  const temporary = temporaryPath(path);
  try {
    const file = openSync(temporary, 'w', FILE_MODE);
    try {
      writeSync(file, JSON.stringify(state));
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw cannotWrite(path, error);
  }
}

async function writeStateLater(path: string, text: string): Promise<void> {
  const temporary = temporaryPath(path);
  try {
    const file = await open(temporary, 'w', FILE_MODE);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    syncFolder(path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw cannotWrite(path, error);
  }
}

/** Saves each second what has changed, and once more at the end. */
export class StateKeeper {
  readonly #path: string;
  readonly #capture: () => SimulatorState;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> | undefined;
  #isDirty = true;
  #isClosed = false;

  constructor(options: {
    readonly path: string;
    readonly capture: () => SimulatorState;
    /** A failed save is told here and tried again a second later. */
    readonly onError: (error: unknown) => void;
  }) {
    this.#path = options.path;
    this.#capture = options.capture;
    this.#onError = options.onError;
  }

  markDirty(): void {
    this.#isDirty = true;
  }

  start(): void {
    this.#schedule(SAVE_EVERY_MS);
  }

  /** Saves now. Throws StateFileError. */
  async save(): Promise<void> {
    await this.#saving;
    this.#isDirty = false;
    try {
      await writeStateLater(this.#path, JSON.stringify(this.#capture()));
    } catch (error) {
      this.#isDirty = true;
      throw error;
    }
  }

  /** Saves for the last time. Throws StateFileError. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#saving;
    writeState(this.#path, this.#capture());
  }

  #schedule(ms: number): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(() => this.#saveIfDirty(), ms);
    this.#timer.unref();
  }

  #saveIfDirty(): void {
    if (!this.#isDirty) {
      this.#schedule(SAVE_EVERY_MS);
      return;
    }
    const startMs = performance.now();
    const saving = this.save()
      .catch((error: unknown) => this.#onError(error))
      .then(() => {
        this.#saving = undefined;
        const tookMs = performance.now() - startMs;
        this.#schedule(Math.max(SAVE_EVERY_MS, tookMs / SAVING_SHARE));
      });
    this.#saving = saving;
  }
}

function temporaryPath(path: string): string {
  return `${path}.${process.pid}.tmp`;
}

/** The rename itself must survive a crash. Some systems cannot sync a folder; the file is whole all the same. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(dirname(path), 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EINVAL', 'EACCES'].includes(errorCode(error))) throw error;
  }
}

function cannotWrite(path: string, error: unknown): StateFileError {
  return new StateFileError(`${path}: expected a writable file, found ${errorCode(error)}`, {
    cause: error,
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'an error';
}

function isState(value: unknown): value is SimulatorState {
  return (
    typeof value === 'object' &&
    value !== null &&
    'format' in value &&
    value.format === FORMAT &&
    'version' in value &&
    value.version === VERSION
  );
}
