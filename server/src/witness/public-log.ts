// SPDX-License-Identifier: Apache-2.0
// The public half of the log as it lies in the data directory: only the signer writes there, everybody may read.

import { closeSync, fstatSync, openSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  openCheckpoint,
  parseTilePath,
  parseVerifierKey,
  type NoteKey,
  type Result,
  type SignedCheckpoint,
  type TileReader,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';

/** 256 entries of 4 KiB with their lengths, and room for those of other makers. */
const FILE_BYTES_MAX = 2 * 1024 * 1024;

export class PublicLog implements TileReader {
  readonly directory: string;

  constructor(dataDirectory: string) {
    this.directory = join(dataDirectory, 'log');
  }

  /** A tile or a bundle; undefined where there is none, or the path is none of a tile. */
  read(path: string): Uint8Array | undefined {
    return parseTilePath(path).ok ? this.#file(path) : undefined;
  }

  /** A note as it lies there. */
  note(name: 'checkpoint' | 'vkey' | 'vkey.ml-dsa-44'): Uint8Array | undefined {
    return this.#file(name);
  }

  /** When the last checkpoint was written. */
  checkpointAt(): number | null {
    const stat = statSync(join(this.directory, 'checkpoint'), { throwIfNoEntry: false });
    return stat === undefined ? null : Math.floor(stat.mtimeMs);
  }

  /** The log's own keys, as the signer tells them, that of Ed25519 first; none before there is a log. */
  keys(): readonly NoteKey[] {
    return (['vkey', 'vkey.ml-dsa-44'] as const).flatMap((name) => {
      const text = Buffer.from(this.#file(name) ?? new Uint8Array()).toString('utf8');
      const key = parseVerifierKey(nodeCryptography, text.trim());
      return key.ok ? [key.value] : [];
    });
  }

  /** The last checkpoint, under the signature of one of the log's keys. */
  checkpoint(
    keys: readonly NoteKey[],
  ): Result<{ readonly note: Uint8Array; readonly signed: SignedCheckpoint }> {
    const note = this.#file('checkpoint');
    if (note === undefined) return { ok: false, reason: 'the log has no checkpoint yet' };
    const opened = openCheckpoint(nodeCryptography, note, keys);
    if (!opened.ok) return opened;
    const { checkpoint, note: parts } = opened.value;
    return { ok: true, value: { note, signed: { checkpoint, note: parts } } };
  }

  #file(path: string): Uint8Array | undefined {
    let fd: number;
    try {
      fd = openSync(join(this.directory, path), 'r');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : '';
      if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw error;
    }
    try {
      return fstatSync(fd).size > FILE_BYTES_MAX ? undefined : readFileSync(fd);
    } finally {
      closeSync(fd);
    }
  }
}
