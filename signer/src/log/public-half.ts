// SPDX-License-Identifier: Apache-2.0
// The public half of the log as it lies on disk, in the layout of C2SP tlog-tiles: tiles, bundles and the last
// checkpoint, for whoever may look. All of it but the checkpoint can be made again from the private lines.

import { dirname, join } from 'node:path';
import { parseTilePath, type Resource, type TileReader } from '@kontor/tlog';
import { readFile, replaceFile, writeFileAtomically, type Disk } from '../disk.ts';
import { codeOf } from './entry-file.ts';
import { LogError } from './entries.ts';

/** Others of the same group may be allowed to read: a server, a witness. */
const DIRECTORY_MODE = 0o750;
const FILE_MODE = 0o640;
/** A bundle of 256 entries of 4,096 bytes. */
const RESOURCE_BYTES_MAX = 2_097_152;
const NOTE_BYTES_MAX = 524_288;
/** Files taken away in one step, so that no step holds up a signature. */
const REMOVED_AT_ONCE = 32;

/** The last checkpoint, and the verifier keys of those who sign it. */
export type NoteName = 'checkpoint' | 'vkey' | 'vkey.ml-dsa-44';

export class PublicHalf implements TileReader {
  readonly directory: string;
  readonly #disk: Disk;

  /** Makes the directory where there is none. Throws LogError where it cannot be written. */
  constructor(disk: Disk, directory: string) {
    this.directory = directory;
    this.#disk = disk;
    this.#doing(() => disk.mkdirSync(directory, { recursive: true, mode: DIRECTORY_MODE }));
  }

  /** A tile or bundle; undefined where there is none. */
  read(path: string): Uint8Array | undefined {
    const options = { bytesMax: RESOURCE_BYTES_MAX, others: 'read' } as const;
    return readFile(this.#disk, join(this.directory, path), options) ?? undefined;
  }

  readNote(name: NoteName): Buffer | null {
    const options = { bytesMax: NOTE_BYTES_MAX, others: 'read' } as const;
    return readFile(this.#disk, join(this.directory, name), options);
  }

  /** Durably. */
  writeNote(name: NoteName, bytes: Uint8Array): void {
    this.#doing(() =>
      writeFileAtomically(this.#disk, join(this.directory, name), bytes, FILE_MODE),
    );
  }

  /** Not durably: a checkpoint whose tiles a power failure took is found at the next start, and they are made again. */
  write({ path, bytes }: Resource): void {
    const whole = join(this.directory, path);
    this.#doing(() => {
      try {
        replaceFile(this.#disk, whole, bytes, FILE_MODE);
      } catch (error) {
        if (codeOf(error) !== 'ENOENT') throw error;
        this.#disk.mkdirSync(dirname(whole), { recursive: true, mode: DIRECTORY_MODE });
        replaceFile(this.#disk, whole, bytes, FILE_MODE);
      }
    });
  }

  /** Removes some of the partial tiles whose full one lies at `path` now; false where none are left. */
  removePartials(path: string): boolean {
    const directory = join(this.directory, `${path}.p`);
    return this.#doing(() => {
      let names: readonly string[];
      try {
        names = this.#disk.readdirSync(directory);
      } catch (error) {
        if (codeOf(error) === 'ENOENT') return false;
        throw error;
      }
      for (const name of names.slice(0, REMOVED_AT_ONCE))
        this.#disk.unlinkSync(join(directory, name));
      if (names.length > REMOVED_AT_ONCE) return true;
      this.#disk.rmdirSync(directory);
      return false;
    });
  }

  /** Puts what lies here aside as the history of a log that is closed. */
  close(name: string): void {
    this.#doing(() => {
      const aside = join(this.directory, 'closed', name);
      this.#disk.mkdirSync(aside, { recursive: true, mode: DIRECTORY_MODE });
      // The checkpoint last: where a crash leaves it, this is done again, and what lies aside already stays.
      for (const part of ['tile', 'vkey', 'vkey.ml-dsa-44', 'checkpoint']) {
        const to = join(aside, part);
        if (this.#disk.statSync(to, { throwIfNoEntry: false }) !== undefined) continue;
        try {
          this.#disk.renameSync(join(this.directory, part), to);
        } catch (error) {
          if (codeOf(error) !== 'ENOENT') throw error;
        }
      }
    });
  }

  #doing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new LogError(
        'log.publish',
        `${this.directory}: expected a directory that the log can be published in, found ${codeOf(error)}`,
        { cause: error },
      );
    }
  }
}

/** Where a resource lies, full or partial. */
export function placeOf(path: string): string {
  return path.replace(/\.p\/\d+$/, '');
}

/** Whether a resource is as full as it will be. */
export function isFull(path: string): boolean {
  const tile = parseTilePath(path);
  return tile.ok && tile.value.width === 256;
}
