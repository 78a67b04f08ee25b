// SPDX-License-Identifier: Apache-2.0
// What was recorded last, a second time: a small file of a fixed size, written over and over.
//
// A write to the end of a file waits for the file system's own journal, a write over bytes that are there already does
// not. So what must be on disk goes here at once, and into the log's file whenever the system gets to it. When this file
// is full, the log's file is taken to disk and this one begins anew. After a power failure it has what the other lacks.
//
// A round begins at a length of the log's file and is named after the SHA-256 of all before that. Its records follow each
// other from byte 0: SHA-256 over the rest of the record (32 bytes), the round's name (32), where in the log's file its
// bytes belong (8, big-endian), how many they are (4), the bytes. What does not continue the round is of an earlier one.

import { strict as assert } from 'node:assert';
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import { checkPrivateFile, isSystemError, SYNCHRONOUS, settle, type Disk } from '../disk.ts';

const FILE_BYTES = 1_048_576;
const FILE_MODE = 0o600;
const NO_ROOM: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT']);
const HASH_BYTES = 32;
const FROM_AT = 2 * HASH_BYTES;
const LENGTH_AT = FROM_AT + 8;
const HEADER_BYTES = LENGTH_AT + 4;

/** The bytes that a round holds, and where in the log's file they begin. */
export interface Round {
  /** SHA-256 of the log's file up to `from`. */
  readonly name: Buffer;
  readonly from: number;
  readonly bytes: Buffer;
}

export class AheadFile {
  readonly #disk: Disk;
  readonly #fd: number;
  /** Null until a round begins. */
  #round: Buffer | null = null;
  #position = 0;

  private constructor(disk: Disk, fd: number) {
    this.#disk = disk;
    this.#fd = fd;
  }

  /**
   * Opens the file, or makes it; null where there is no room for it, or the system has no writes that take their own bytes
   * to disk and nothing else. Throws DiskError where others can read it.
   */
  static open(disk: Disk, path: string): AheadFile | null {
    const { O_DSYNC, O_RDWR, O_CREAT } = constants;
    if (O_DSYNC === undefined) return null;
    try {
      fill(disk, path);
      const fd = disk.openSync(path, O_RDWR | O_CREAT | O_DSYNC, FILE_MODE);
      checkPrivateFile(disk, fd, path);
      return new AheadFile(disk, fd);
    } catch (error) {
      if (isSystemError(error) && NO_ROOM.has(error.code)) return null;
      throw error;
    }
  }

  /** What the last round holds; null where there is none, or it was torn before its first record was whole. */
  read(): Round | null {
    const file = Buffer.alloc(FILE_BYTES);
    for (let filled = 0; filled < file.length;) {
      const count = this.#disk.readSync(this.#fd, file, filled, file.length - filled, filled);
      if (count === 0) break;
      filled += count;
    }
    const parts: Buffer[] = [];
    let first: { readonly name: Buffer; readonly from: number } | null = null;
    let end = 0;
    for (let at = 0; ;) {
      const record = recordAt(file, at);
      if (record === null) break;
      if (first === null) first = record;
      else if (!record.name.equals(first.name) || record.from !== end) break;
      parts.push(record.bytes);
      end = record.from + record.bytes.length;
      at += HEADER_BYTES + record.bytes.length;
    }
    return first === null ? null : { ...first, bytes: Buffer.concat(parts) };
  }

  /** Begins a round over what stood here. All of the log's file must be on disk; `name` is its SHA-256. */
  begin(name: Buffer): void {
    this.#round = name;
    this.#position = 0;
  }

  /** Whether a round is under way that has room for so many bytes more. */
  hasRoom(bytes: number): boolean {
    return this.#round !== null && this.#position + HEADER_BYTES + bytes <= FILE_BYTES;
  }

  /** Takes `bytes`, whose place in the log's file is `from`, to disk. Throws what the disk throws. */
  write(from: number, bytes: Buffer): void {
    const round = this.#round;
    assert(
      round !== null && this.hasRoom(bytes.length),
      'Invariant: there is room for what is written',
    );
    const length = HEADER_BYTES + bytes.length;
    const record = Buffer.allocUnsafe(length);
    round.copy(record, HASH_BYTES);
    record.writeBigUInt64BE(BigInt(from), FROM_AT);
    record.writeUInt32BE(bytes.length, LENGTH_AT);
    bytes.copy(record, HEADER_BYTES);
    hash('sha256', record.subarray(HASH_BYTES), 'buffer').copy(record);
    for (let written = 0; written < length;) {
      const at = this.#position + written;
      written += this.#disk.writeSync(this.#fd, record, written, length - written, at);
    }
    this.#position += length;
  }
}

/** Makes the file as long as it will ever be, with zeros where it has nothing yet. */
function fill(disk: Disk, path: string): void {
  const flags = constants.O_RDWR | constants.O_CREAT | SYNCHRONOUS;
  const fd = disk.openSync(path, flags, FILE_MODE);
  try {
    const { size } = disk.fstatSync(fd);
    if (size >= FILE_BYTES) return;
    const zeros = Buffer.alloc(FILE_BYTES - size);
    for (let written = 0; written < zeros.length;) {
      written += disk.writeSync(fd, zeros, written, zeros.length - written, size + written);
    }
    settle(disk, fd);
  } finally {
    disk.closeSync(fd);
  }
}

function recordAt(file: Buffer, at: number): Round | null {
  if (at + HEADER_BYTES > file.length) return null;
  const length = file.readUInt32BE(at + LENGTH_AT);
  const end = at + HEADER_BYTES + length;
  if (length === 0 || end > file.length) return null;
  const digest = hash('sha256', file.subarray(at + HASH_BYTES, end), 'buffer');
  if (!digest.equals(file.subarray(at, at + HASH_BYTES))) return null;
  return {
    name: file.subarray(at + HASH_BYTES, at + FROM_AT),
    from: Number(file.readBigUInt64BE(at + FROM_AT)),
    bytes: file.subarray(at + HEADER_BYTES, end),
  };
}
