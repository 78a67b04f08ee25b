// SPDX-License-Identifier: Apache-2.0
// The intents file: append-only JSON lines, one or more for every use of a key, each with the hash of the line before.
//
// An entry is on disk before the signature it allows exists. All lines are read back at every start: a last line
// that a crash left half written is cut off, and any other damage stops the signer.

import { strict as assert } from 'node:assert';
import { hash } from 'node:crypto';
import { constants } from 'node:fs';
import {
  checkPrivateFile,
  settle,
  SYNCHRONOUS,
  syncDirectoryOf,
  writeAll,
  type Disk,
} from './disk.ts';
import type { Ownership } from './ownership.ts';

export type LogErrorCode = 'log.damaged' | 'log.write' | 'log.sync' | 'log.taken';

export class LogError extends Error {
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

export type EntryKind =
  | 'intent'
  | 'signed'
  | 'refused'
  | 'key.new'
  | 'key.import'
  | 'key.active'
  | 'key.retire'
  | 'unlock'
  | 'restore'
  | 'note';

/** What a caller writes. The log adds version, sequence number and the hash of the line before. */
export interface Entry {
  /** Wall time in ms. */
  readonly time: number;
  readonly kind: EntryKind;
  /** Text and numbers; what is undefined is left out. */
  readonly fields: Readonly<Record<string, string | number | undefined>>;
}

/** An entry read back. */
export interface PastEntry extends Entry {
  readonly sequence: number;
  /** SHA-256 of its line. */
  readonly hash: string;
}

declare const brand: unique symbol;

/** Proof that an entry is on disk: nothing is signed without it. */
export interface Recorded {
  readonly [brand]: 'Recorded';
  readonly sequence: number;
  readonly entry: Entry;
}

const ENTRY_VERSION = 1;
/** Kinds that use no key: a clock that was wrong at them binds nobody. */
const NO_USE: readonly EntryKind[] = ['note', 'refused', 'unlock'];
const NO_HASH = '0'.repeat(64);
const READ_BYTES = 1_048_576;
const LINE_BYTES_MAX = 8_192;
const NEWLINE = 0x0a;
const FILE_MODE = 0o600;
const KINDS: readonly string[] = [
  'intent',
  'signed',
  'refused',
  'key.new',
  'key.import',
  'key.active',
  'key.retire',
  'unlock',
  'restore',
  'note',
] satisfies readonly EntryKind[];

export class IntentLog {
  readonly #disk: Disk;
  /** What is written here is on disk once `settle` returns. */
  readonly #durableFd: number;
  /** The same file for what need not wait. */
  readonly #fd: number;
  readonly #ownership: Ownership;
  #bytes = 0;
  #sequence = 0;
  #head = NO_HASH;
  #lastUse = 0;
  #cutBytes = 0;
  /** Why nothing can be appended any more; a restart reads the file anew. */
  #failure: LogError | null = null;

  private constructor(
    disk: Disk,
    fds: { readonly durableFd: number; readonly fd: number },
    ownership: Ownership,
  ) {
    this.#disk = disk;
    this.#durableFd = fds.durableFd;
    this.#fd = fds.fd;
    this.#ownership = ownership;
  }

  /**
   * Opens the file, or makes it, and hands every entry to `onEntry` in order. Throws LogError where the file is not
   * what a signer left.
   */
  static open(
    disk: Disk,
    path: string,
    ownership: Ownership,
    onEntry: (entry: PastEntry) => void,
  ): IntentLog {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND;
    const durableFd = disk.openSync(path, flags | SYNCHRONOUS, FILE_MODE);
    checkPrivateFile(disk, durableFd, path);
    syncDirectoryOf(disk, path);
    const fd = SYNCHRONOUS === 0 ? durableFd : disk.openSync(path, flags, FILE_MODE);
    const log = new IntentLog(disk, { durableFd, fd }, ownership);
    log.#cutBytes = log.#replay(path, onEntry);
    return log;
  }

  /** Bytes of a half-written line that were cut off at the start. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  /**
   * Wall time at which a key was last used or made; 0 before the first. Notes and refusals do not count: a clock
   * that was wrong while nothing came of it must not bind the one that is right.
   */
  get lastUse(): number {
    return this.#lastUse;
  }

  /** SHA-256 of the last line. */
  get head(): string {
    return this.#head;
  }

  /** Number of lines. */
  get length(): number {
    return this.#sequence;
  }

  /**
   * Appends `entries` and returns once they are on disk. Throws LogError when they may not be; then none of them
   * counts as recorded, and what reached the file is cut off again where that is possible.
   */
  append(entries: readonly Entry[]): readonly Recorded[] {
    const first = this.#sequence;
    this.#write(entries, true);
    return entries.map(
      (entry, index) => Object.freeze({ sequence: first + index, entry }) as Recorded,
    );
  }

  /** Appends `entries` without waiting for the disk: what follows from entries that are there already. */
  follow(entries: readonly Entry[]): void {
    this.#write(entries, false);
  }

  #write(entries: readonly Entry[], isDurable: boolean): void {
    if (this.#failure !== null) throw this.#failure;
    this.#checkAlone();
    let { head, sequence } = { head: this.#head, sequence: this.#sequence };
    const lines = entries.map((entry) => {
      const line = Buffer.from(
        JSON.stringify({
          v: ENTRY_VERSION,
          seq: sequence,
          time: entry.time,
          kind: entry.kind,
          ...entry.fields,
          prev: head,
        }),
      );
      assert(line.length <= LINE_BYTES_MAX, 'Invariant: the fields of an entry are bounded');
      head = hash('sha256', line, 'hex');
      sequence += 1;
      return Buffer.concat([line, Buffer.of(NEWLINE)]);
    });
    const bytes = Buffer.concat(lines);
    try {
      writeAll(this.#disk, isDurable ? this.#durableFd : this.#fd, bytes);
    } catch (error) {
      throw this.#cutBack(error);
    }
    if (isDurable) {
      try {
        settle(this.#disk, this.#durableFd);
      } catch (error) {
        // After a failed sync the kernel may have dropped the pages: what is on disk is not known any more.
        throw this.#fail(
          'log.sync',
          'expected the log to reach the disk, found that it may not have',
          error,
        );
      }
    }
    this.#bytes += bytes.length;
    this.#checkAlone();
    this.#head = head;
    this.#sequence = sequence;
    for (const entry of entries) this.#noteUse(entry);
  }

  /** Throws when another signer has taken over or anything else has changed the file. */
  #checkAlone(): void {
    if (!this.#ownership.isHeld()) {
      throw this.#fail(
        'log.taken',
        'expected to be the only signer on this directory, found a later one',
      );
    }
    const { size } = this.#disk.fstatSync(this.#fd);
    if (size !== this.#bytes) {
      throw this.#fail(
        'log.taken',
        `expected a log of ${this.#bytes} bytes, found ${size}: something else wrote to it`,
      );
    }
  }

  #cutBack(cause: unknown): LogError {
    try {
      this.#disk.ftruncateSync(this.#fd, this.#bytes);
    } catch (error) {
      return this.#fail(
        'log.write',
        'expected room for the log, found none, nor could the rest be cut off',
        error,
      );
    }
    return new LogError('log.write', `expected room for the log, found ${codeOf(cause)}`, {
      cause,
    });
  }

  #fail(code: LogErrorCode, message: string, cause?: unknown): LogError {
    this.#failure = new LogError(code, message, { cause });
    return this.#failure;
  }

  /** Reads the whole file and returns how many bytes of a half-written end were cut off. */
  #replay(path: string, onEntry: (entry: PastEntry) => void): number {
    const block = Buffer.alloc(READ_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let position = 0;
    for (;;) {
      const count = this.#disk.readSync(this.#fd, block, 0, block.length, position);
      if (count === 0) break;
      position += count;
      const bytes = Buffer.concat([rest, block.subarray(0, count)]);
      let start = 0;
      for (;;) {
        const end = bytes.indexOf(NEWLINE, start);
        if (end === -1) break;
        const line = bytes.subarray(start, end);
        const entry = this.#check(line, path);
        this.#bytes += line.length + 1;
        onEntry(entry);
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
      if (rest.length > LINE_BYTES_MAX && rest.some((byte) => byte !== 0)) {
        throw damaged(path, this.#sequence, 'a line', 'too many bytes without an end');
      }
    }
    if (rest.length > 0) {
      this.#disk.ftruncateSync(this.#fd, this.#bytes);
      settle(this.#disk, this.#durableFd);
    }
    return rest.length;
  }

  /** `line` as the next entry of the chain. Throws LogError where it is not. */
  #check(line: Buffer, path: string): PastEntry {
    let value: unknown;
    try {
      value = JSON.parse(line.toString('utf8'));
    } catch {
      throw damaged(path, this.#sequence, 'a JSON object', 'other text');
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw damaged(path, this.#sequence, 'a JSON object', 'another value');
    }
    const { v, seq, time, kind, prev, ...fields } = value as Record<string, unknown>;
    if (v !== ENTRY_VERSION)
      throw damaged(path, this.#sequence, `version ${ENTRY_VERSION}`, 'another');
    if (seq !== this.#sequence) {
      throw damaged(path, this.#sequence, `sequence number ${this.#sequence}`, 'another');
    }
    if (prev !== this.#head) {
      throw damaged(
        path,
        this.#sequence,
        'the hash of the line before',
        'another: a line was changed or removed',
      );
    }
    if (typeof time !== 'number' || !Number.isSafeInteger(time)) {
      throw damaged(path, this.#sequence, 'a time', 'none');
    }
    if (typeof kind !== 'string' || !KINDS.includes(kind)) {
      throw damaged(path, this.#sequence, `a kind of ${KINDS.join(', ')}`, 'another');
    }
    this.#head = hash('sha256', line, 'hex');
    this.#sequence += 1;
    // The chain vouches for the fields: they are as `append` wrote them.
    const entry = { time, kind: kind as EntryKind, fields: fields as Entry['fields'] };
    this.#noteUse(entry);
    return { ...entry, sequence: this.#sequence - 1, hash: this.#head };
  }

  #noteUse({ kind, time }: Entry): void {
    if (!NO_USE.includes(kind)) this.#lastUse = Math.max(this.#lastUse, time);
  }
}

function damaged(path: string, sequence: number, expected: string, found: string): LogError {
  return new LogError(
    'log.damaged',
    `${path}: line ${sequence + 1}: expected ${expected}, found ${found}`,
  );
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string'
    ? error.code
    : 'an error';
}
