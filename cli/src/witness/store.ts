// SPDX-License-Identifier: Apache-2.0
// What a witness remembers: the logs it watches, the last checkpoint it cosigned of each, and evidence against logs.

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  parseSignedCheckpoint,
  parseVerifierKey,
  toVerifierKey,
  type ForkEvidence,
  type NoteKey,
  type WitnessedLog,
  type WitnessRecord,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import {
  getFile,
  makeDirectory,
  PUBLIC_MODE,
  putFile,
  SYSTEM_DISK,
  type WitnessDisk,
} from '../durable-file.ts';
import { WitnessError } from './errors.ts';

/** A witness of friends and of one's own desks, not of the world. */
export const LOGS_MAX = 1_000;
/** One proof against a log is enough; some more show how long it went on. */
const EVIDENCE_FILES_MAX = 100;
const LIST_HEAD = '# The logs this witness watches, one verifier key a line.\n';

export class WitnessStore {
  readonly #disk: WitnessDisk;
  readonly #directory: string;
  readonly #records = new Map<string, WitnessRecord>();
  #keys: ReadonlyMap<string, readonly NoteKey[]> = new Map();
  #listStamp = '';

  /** Opens or makes the store. Throws WitnessError where a record cannot be read. */
  constructor(directory: string, disk: WitnessDisk = SYSTEM_DISK) {
    this.#disk = disk;
    this.#directory = directory;
    for (const part of ['', 'records', 'evidence']) makeDirectory(disk, join(directory, part));
    this.#readList();
  }

  /** The keys of every log on the list. */
  get logs(): readonly NoteKey[] {
    this.#readList();
    return [...this.#keys.values()].flat();
  }

  logOf(origin: string): WitnessedLog | undefined {
    this.#readList();
    const keys = this.#keys.get(origin);
    return keys === undefined ? undefined : { keys, record: this.#recordOf(origin) };
  }

  /**
   * Puts `next` in the place of `expected`; false where another record stands there by now. On return it is durable;
   * where it throws, the record before stays the one that decisions are made on, and nothing of `next` was signed.
   */
  replace(origin: string, expected: WitnessRecord | undefined, next: WitnessRecord): boolean {
    if (this.#recordOf(origin) !== expected) return false;
    putFile(this.#disk, this.#recordPath(origin), next.note, PUBLIC_MODE);
    this.#records.set(origin, next);
    return true;
  }

  /** Adds a log; false where it is on the list already. Throws WitnessError. */
  addLog(verifierKey: string): boolean {
    const key = parseVerifierKey(nodeCryptography, verifierKey);
    if (!key.ok) throw new WitnessError('logs', key.reason);
    if (key.value.type === 'ed25519-cosignature') {
      throw new WitnessError('logs', `${key.value.name} is a witness's key, not a log's`);
    }
    const known = this.logs.map(toVerifierKey);
    if (known.includes(verifierKey)) return false;
    if (known.length >= LOGS_MAX) {
      throw new WitnessError('logs', `a witness watches at most ${LOGS_MAX} logs`);
    }
    const text = [...known, verifierKey].map((line) => `${line}\n`).join('');
    putFile(this.#disk, this.#listPath, Buffer.from(LIST_HEAD + text), PUBLIC_MODE);
    this.#readList();
    return true;
  }

  /** Keeps the proof that a log signed two histories; its path, or undefined where it is kept already. */
  keepEvidence({ first, second, bridge }: ForkEvidence): string | undefined {
    const document = {
      about: 'two checkpoints of one log that contradict each other, both under its signature',
      first: Buffer.from(first).toString('utf8'),
      second: Buffer.from(second).toString('utf8'),
      ...(bridge === undefined
        ? {}
        : {
            olderRoot: Buffer.from(bridge.olderRoot).toString('base64'),
            proof: bridge.proof.map((hash) => Buffer.from(hash).toString('base64')),
          }),
    };
    const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
    const folder = join(this.#directory, 'evidence');
    const path = join(folder, `${createHash('sha256').update(bytes).digest('hex')}.json`);
    if (existsSync(path) || readdirSync(folder).length >= EVIDENCE_FILES_MAX) return undefined;
    putFile(this.#disk, path, bytes, PUBLIC_MODE);
    return path;
  }

  get #listPath(): string {
    return join(this.#directory, 'logs');
  }

  #recordPath(origin: string): string {
    return join(this.#directory, 'records', createHash('sha256').update(origin).digest('hex'));
  }

  /** The list may be added to while the witness runs. */
  #readList(): void {
    const stat = statSync(this.#listPath, { throwIfNoEntry: false, bigint: true });
    const stamp = stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
    if (stamp === this.#listStamp) return;
    const keys = new Map<string, readonly NoteKey[]>();
    const text = getFile(this.#disk, this.#listPath)?.toString('utf8') ?? '';
    for (const [place, line] of text.split('\n').entries()) {
      if (line.trim() === '' || line.startsWith('#')) continue;
      const key = parseVerifierKey(nodeCryptography, line.trim());
      if (!key.ok) {
        throw new WitnessError('logs', `${this.#listPath}, line ${place + 1}: ${key.reason}`);
      }
      keys.set(key.value.name, [...(keys.get(key.value.name) ?? []), key.value]);
    }
    this.#keys = keys;
    this.#listStamp = stamp;
  }

  #recordOf(origin: string): WitnessRecord | undefined {
    const known = this.#records.get(origin);
    if (known !== undefined) return known;
    const path = this.#recordPath(origin);
    const note = getFile(this.#disk, path);
    if (note === undefined) return undefined;
    const signed = parseSignedCheckpoint(note);
    // To begin anew here would be to forget what was cosigned.
    if (!signed.ok || signed.value.checkpoint.origin !== origin) {
      throw new WitnessError('record', `${path} must hold the last checkpoint of ${origin}`);
    }
    const { size, root } = signed.value.checkpoint;
    const record = { size, root, note };
    this.#records.set(origin, record);
    return record;
  }
}
