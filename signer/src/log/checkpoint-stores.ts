// SPDX-License-Identifier: Apache-2.0
// The two stores of the checkpoint that was signed last: the signer's own, and the one among the tiles. The log must be as long as
// both say.

import { join } from 'node:path';
import { openCheckpoint, parseSignedCheckpoint, type Checkpoint, type NoteKey } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { readFile, writeFileAtomically, type Disk } from '../disk.ts';
import { LogError } from './entries.ts';
import type { PublicHalf } from './public-half.ts';

const CHECKPOINT_FILE = 'checkpoint';
const CHECKPOINT_BYTES_MAX = 524_288;

export interface Stored {
  readonly bytes: Buffer;
  readonly checkpoint: Checkpoint;
}

/** Where the log lies. */
export interface LogPlaces {
  /** The signer's own: private lines, and one of the two stores of the last checkpoint. */
  readonly directory: string;
  /** Tiles and the other store, for others to read. */
  readonly publicDirectory: string;
}

export class CheckpointStores {
  readonly #disk: Disk;
  readonly #half: PublicHalf;
  readonly #privatePath: string;
  readonly #publicPath: string;
  #private: Stored | null;
  #public: Stored | null;

  /** Reads both. Throws LogError where one of them is no signed checkpoint. */
  constructor(disk: Disk, places: LogPlaces, half: PublicHalf) {
    this.#disk = disk;
    this.#half = half;
    this.#privatePath = join(places.directory, CHECKPOINT_FILE);
    this.#publicPath = join(places.publicDirectory, CHECKPOINT_FILE);
    this.#private = parseStored(this.#readPrivate(), this.#privatePath);
    this.#public = parseStored(half.readNote(CHECKPOINT_FILE), this.#publicPath);
  }

  get private(): Stored | null {
    return this.#private;
  }

  /** What each store has, with where it lies. */
  get all(): readonly (readonly [Stored | null, string])[] {
    return [
      [this.#private, this.#privatePath],
      [this.#public, this.#publicPath],
    ];
  }

  get checkpoints(): readonly Checkpoint[] {
    return this.all.flatMap(([store]) => store?.checkpoint ?? []);
  }

  /** Where a checkpoint should lie and does not; null where both are there. */
  get missingPath(): string | null {
    return this.all.find(([store]) => store === null)?.[1] ?? null;
  }

  /** The checkpoint of the larger tree; undefined where there is none. */
  get last(): Checkpoint | undefined {
    const [first, second] = this.checkpoints;
    return first !== undefined && second !== undefined && second.size > first.size ? second : first;
  }

  /** The name of the log whose checkpoint lies among the tiles, or else in the signer's own store. */
  get publishedOrigin(): string | undefined {
    return (this.#public ?? this.#private)?.checkpoint.origin;
  }

  get sizes(): readonly number[] {
    return this.checkpoints.map(({ size }) => Number(size));
  }

  /** Throws LogError where one of them lacks a signature that `keys` check. */
  verify(keys: readonly NoteKey[]): void {
    for (const [store, path] of this.all) {
      if (store === null || openCheckpoint(nodeCryptography, store.bytes, keys).ok) continue;
      throw new LogError(
        'log.store',
        `${path}: expected a checkpoint that this vault's key has signed, found another`,
      );
    }
  }

  /** Writes the signer's own store; `taken` makes the error of one that is not as this signer left it. */
  writePrivate(next: Stored, taken: (message: string) => LogError): void {
    compare(this.#readPrivate(), this.#private, this.#privatePath, taken);
    writeFileAtomically(this.#disk, this.#privatePath, next.bytes);
    this.#private = next;
  }

  /** Writes among the tiles what the signer's own store has by now. */
  publish(next: Stored, taken: (message: string) => LogError): void {
    compare(this.#half.readNote(CHECKPOINT_FILE), this.#public, this.#publicPath, taken);
    this.begin(next);
  }

  /** As `publish`, over whatever lies there: where a log begins. */
  begin(next: Stored): void {
    this.#half.writeNote(CHECKPOINT_FILE, next.bytes);
    this.#public = next;
  }

  /** The folder of a closed log was put aside, and its checkpoint with it. */
  forgetPublic(): void {
    this.#public = null;
  }

  #readPrivate(): Buffer | null {
    const options = { bytesMax: CHECKPOINT_BYTES_MAX, others: 'nothing' } as const;
    return readFile(this.#disk, this.#privatePath, options);
  }
}

/** A store that is not as this signer left it belongs to another one now. */
function compare(
  found: Buffer | null,
  expected: Stored | null,
  path: string,
  taken: (message: string) => LogError,
): void {
  if (found === null ? expected === null : expected?.bytes.equals(found) === true) return;
  throw taken(`${path}: expected the checkpoint that this signer wrote last, found another`);
}

function parseStored(bytes: Buffer | null, path: string): Stored | null {
  if (bytes === null) return null;
  const parsed = parseSignedCheckpoint(bytes);
  if (parsed.ok) return { bytes, checkpoint: parsed.value.checkpoint };
  throw new LogError(
    'log.store',
    `${path}: expected a signed checkpoint, found a damaged one: ${parsed.reason}; ` +
      'where the other store is whole, copy it here: the signer compares both with the log',
  );
}
