// SPDX-License-Identifier: Apache-2.0
// The file of private lines: appended to, read back, and nothing else. What was written durably is there whatever
// happens: in this file, or in the one ahead of it, from which the next start takes it. A last line that a crash left half
// written is cut off, and so is what a power failure left a hole before.

import { createHash, type Hash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  checkPrivateFile,
  settle,
  SYNCHRONOUS,
  syncDirectoryOf,
  writeAll,
  type Disk,
} from '../disk.ts';
import type { Ownership } from '../ownership.ts';
import { AheadFile, type Round } from './ahead-file.ts';
import { LINE_BYTES_MAX, LogError, type LogErrorCode } from './entries.ts';

const READ_BYTES = 1_048_576;
const NEWLINE = 0x0a;
/** No line has it; the file has it where a power failure took what was written. */
const HOLE = 0x00;
const FILE_MODE = 0o600;

export class EntryFile {
  readonly path: string;
  readonly #disk: Disk;
  readonly #fd: number;
  /** The same file again, to write to a place of it. */
  readonly #placingFd: number;
  readonly #ahead: AheadFile | null;
  readonly #ownership: Ownership;
  /** Over everything up to the end. */
  readonly #digest: Hash = createHash('sha256');
  #bytes = 0;
  /** Everything before this is on disk, here or ahead. */
  #settledBytes = 0;
  /** Everything before this is on disk here. */
  #placedBytes = 0;
  /** Why nothing can be appended any more; a restart reads the file anew. */
  #failure: LogError | null = null;

  private constructor(disk: Disk, path: string, ownership: Ownership) {
    this.path = path;
    this.#disk = disk;
    this.#ownership = ownership;
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
    this.#fd = disk.openSync(path, flags, FILE_MODE);
    checkPrivateFile(disk, this.#fd, path);
    syncDirectoryOf(disk, path);
    this.#placingFd = disk.openSync(path, constants.O_RDWR | SYNCHRONOUS, FILE_MODE);
    this.#ahead = AheadFile.open(disk, `${path}.ahead`);
  }

  /** Opens the file, or makes it. Nothing is read yet. */
  static open(disk: Disk, path: string, ownership: Ownership): EntryFile {
    return new EntryFile(disk, path, ownership);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** SHA-256 of the whole file as it is now. */
  digest(): string {
    return this.#digest.copy().digest('hex');
  }

  /**
   * Reads the file for the first time, line by line, and cuts off a half-written end. Answers how many bytes were cut,
   * and whether the first `sealed.bytes` bytes have the digest `sealed.sha256`.
   */
  replay(
    sealed: { readonly bytes: number; readonly sha256: string } | null,
    onLine: (text: string) => void,
  ): { readonly cutBytes: number; readonly isSealed: boolean } {
    const round = this.#ahead?.read() ?? null;
    const holesFrom = round === null ? null : this.#recover(round);
    let isSealed = false;
    const include = (bytes: Buffer): void => {
      const end = this.#bytes + bytes.length;
      const at = sealed === null ? -1 : sealed.bytes - this.#bytes;
      if (sealed !== null && at > 0 && at <= bytes.length) {
        this.#digest.update(bytes.subarray(0, at));
        isSealed = this.digest() === sealed.sha256;
        this.#digest.update(bytes.subarray(at));
      } else {
        this.#digest.update(bytes);
      }
      this.#bytes = end;
    };
    const rest = this.#readLines(
      0,
      (text) => {
        onLine(text);
        return true;
      },
      { onBytes: include, holesFrom },
    );
    // What was sealed was on disk before, from the round's beginning on perhaps only ahead of this file.
    if (isSealed && sealed !== null) {
      this.#settledBytes = sealed.bytes;
      this.#placedBytes = Math.min(sealed.bytes, round?.from ?? sealed.bytes);
    }
    if (rest > 0) {
      this.#disk.ftruncateSync(this.#fd, this.#bytes);
      settle(this.#disk, this.#fd);
    }
    return { cutBytes: rest, isSealed };
  }

  /**
   * Puts back what the last round ahead of this file holds and this file lost: its end, or a hole in it. What says otherwise
   * than the round was changed by somebody, and is left for the checks of the log. Answers up to where this file has all
   * that was recorded; null where that is not known.
   */
  #recover(round: Round): number | null {
    const { from, bytes } = round;
    const { size } = this.#disk.fstatSync(this.#fd);
    if (size < from) return null;
    const found = this.#bytesAt(from, Math.min(size - from, bytes.length));
    if (!found.equals(bytes)) {
      const isLess = found.every((byte, at) => byte === bytes[at] || byte === HOLE);
      if (!isLess || !this.#isNameOf(round)) return null;
      this.#putInPlace(from, bytes);
      settle(this.#disk, this.#placingFd);
    }
    return from + bytes.length;
  }

  #isNameOf({ name, from }: Round): boolean {
    const digest = createHash('sha256');
    for (let position = 0; position < from;) {
      const bytes = this.#bytesAt(position, Math.min(READ_BYTES, from - position));
      digest.update(bytes);
      position += bytes.length;
    }
    return digest.digest().equals(name);
  }

  /** The bytes from `position` on, `length` of them. Throws Error where there are fewer. */
  #bytesAt(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    for (let filled = 0; filled < length;) {
      const at = position + filled;
      const count = this.#disk.readSync(this.#fd, bytes, filled, length - filled, at);
      if (count === 0) throw new Error('the file is shorter than it was');
      filled += count;
    }
    return bytes;
  }

  /** Every line from the byte `from` on, until `onLine` answers false. */
  read(from: number, onLine: (text: string) => boolean): void {
    this.#readLines(from, onLine, { onBytes: null, holesFrom: null });
  }

  /**
   * Puts `bytes` at the end, on disk with all before them where `isDurable`. Throws LogError when they may not be there;
   * then what reached the file is cut off again where that is possible.
   */
  append(bytes: Buffer, isDurable: boolean): void {
    if (this.#failure !== null) throw this.#failure;
    this.#checkAlone();
    try {
      writeAll(this.#disk, this.#fd, bytes);
    } catch (error) {
      throw this.#cutBack(error);
    }
    this.#bytes += bytes.length;
    this.#digest.update(bytes);
    if (isDurable) this.#settle();
    this.#checkAlone();
  }

  /** Waits until everything up to the byte `end` is on disk. */
  settle(end: number): void {
    if (this.#failure !== null) throw this.#failure;
    if (end <= this.#settledBytes) return;
    this.#checkAlone();
    this.#settle();
  }

  #settle(): void {
    try {
      const length = this.#bytes - this.#settledBytes;
      if (this.#ahead?.hasRoom(length) === true) {
        this.#ahead.write(this.#settledBytes, this.#bytesAt(this.#settledBytes, length));
      } else {
        this.#place();
        this.#ahead?.begin(this.#digest.copy().digest());
      }
    } catch (error) {
      // After a failed sync the kernel may have dropped the pages: what is on disk is not known any more.
      throw this.fail(
        'log.sync',
        'expected the log to reach the disk, found that it may not have',
        error,
      );
    }
    this.#settledBytes = this.#bytes;
  }

  /**
   * Takes all of this file to disk. Where a sync can be had in no other way, what did not wait for the disk is written to
   * its place once more: a synchronous write takes its own bytes along and not those before it.
   */
  #place(): void {
    if (SYNCHRONOUS === 0) settle(this.#disk, this.#fd);
    else {
      for (let from = this.#placedBytes; from < this.#bytes; from += READ_BYTES) {
        const bytes = this.#bytesAt(from, Math.min(READ_BYTES, this.#bytes - from));
        this.#putInPlace(from, bytes);
      }
    }
    this.#placedBytes = this.#bytes;
  }

  #putInPlace(from: number, bytes: Buffer): void {
    for (let written = 0; written < bytes.length;) {
      const length = bytes.length - written;
      written += this.#disk.writeSync(this.#placingFd, bytes, written, length, from + written);
    }
  }

  /** Whether this signer still has the directory. */
  isAlone(): boolean {
    return this.#failure === null && this.#ownership.isHeld();
  }

  /** Ends all appending: what is on disk is not known any more, or is not ours. */
  fail(code: LogErrorCode, message: string, cause?: unknown): LogError {
    this.#failure = new LogError(code, message, { cause });
    return this.#failure;
  }

  /** Throws when another signer has taken over or anything else has changed the file. */
  #checkAlone(): void {
    if (!this.#ownership.isHeld()) {
      throw this.fail(
        'log.taken',
        'expected to be the only signer on this directory, found a later one',
      );
    }
    const { size } = this.#disk.fstatSync(this.#fd);
    if (size !== this.#bytes) {
      throw this.fail(
        'log.taken',
        `expected a log of ${this.#bytes} bytes, found ${size}: something else wrote to it`,
      );
    }
  }

  #cutBack(cause: unknown): LogError {
    try {
      this.#disk.ftruncateSync(this.#fd, this.#bytes);
    } catch (error) {
      return this.fail(
        'log.write',
        'expected room for the log, found none, nor could the rest be cut off',
        error,
      );
    }
    return new LogError('log.write', `expected room for the log, found ${codeOf(cause)}`, {
      cause,
    });
  }

  /**
   * Answers how many bytes follow the last newline. `onBytes` is given each run of whole lines after its lines. From
   * `holesFrom` on, a hole ends the file.
   */
  #readLines(
    from: number,
    onLine: (text: string) => boolean,
    {
      onBytes,
      holesFrom,
    }: {
      readonly onBytes: ((bytes: Buffer) => void) | null;
      readonly holesFrom: number | null;
    },
  ): number {
    const block = Buffer.alloc(READ_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let position = from;
    for (;;) {
      const count = this.#disk.readSync(this.#fd, block, 0, block.length, position);
      if (count === 0) return rest.length;
      position += count;
      const read =
        rest.length === 0
          ? block.subarray(0, count)
          : Buffer.concat([rest, block.subarray(0, count)]);
      const start = position - read.length;
      const hole = holesFrom === null ? -1 : read.indexOf(HOLE, Math.max(0, holesFrom - start));
      const bytes = hole === -1 ? read : read.subarray(0, hole);
      const whole = bytes.lastIndexOf(NEWLINE) + 1;
      for (let start = 0; start < whole;) {
        const end = bytes.indexOf(NEWLINE, start);
        if (!onLine(bytes.toString('utf8', start, end))) return 0;
        start = end + 1;
      }
      onBytes?.(bytes.subarray(0, whole));
      if (hole !== -1) return this.#disk.fstatSync(this.#fd).size - start - whole;
      rest = Buffer.from(bytes.subarray(whole));
      if (rest.length > LINE_BYTES_MAX && rest.some((byte) => byte !== 0)) {
        throw new LogError(
          'log.damaged',
          `${this.path}: after byte ${position - rest.length}: expected a line, found too many bytes without an end`,
        );
      }
    }
  }
}

export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'an error';
}
