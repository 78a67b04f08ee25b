// SPDX-License-Identifier: Apache-2.0
// The log: private lines, one or more for every use of a key, and the Merkle tree over their public entries.
//
// An entry is on disk before the signature it allows exists. Tiles and a signed checkpoint follow in small steps. Every
// line is read back at every start, and the lines must be the tree that was signed last: a smaller or another one
// stops the signer.

import { strict as assert } from 'node:assert';
import { createPublicKey, hash, randomBytes, sign, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import {
  createAppender,
  mayFollow,
  noteKey,
  openCheckpoint,
  parseSignedCheckpoint,
  proveConsistency,
  readTile,
  restoreAppender,
  signCheckpoint,
  successorOrigin,
  toCheckpointText,
  toNote,
  toVerifierKey,
  type Appender,
  type Checkpoint,
  type NoteKey,
  type Resource,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { readFile, writeFileAtomically, type Disk } from '../disk.ts';
import type { Ownership } from '../ownership.ts';
import { Cosigner } from './cosigner.ts';
import {
  checkLine,
  HASHER,
  LineFault,
  LogError,
  parseLine,
  writeLine,
  type Entry,
  type EntryKind,
  type PastEntry,
} from './entries.ts';
import { EntryFile } from './entry-file.ts';
import { moveOldLog } from './move.ts';
import { isFull, placeOf, PublicHalf } from './public-half.ts';
import { isSealOf, readSeal, writeSeal, type SignedSeal } from './seal.ts';

export { LogError, type Entry, type EntryKind, type PastEntry } from './entries.ts';

declare const brand: unique symbol;

/** Proof that an entry is on disk: nothing is signed without it. */
export interface Recorded {
  readonly [brand]: 'Recorded';
  readonly sequence: number;
  readonly entry: Entry;
}

/** Where the log lies. */
export interface LogPlaces {
  /** The signer's own: private lines, and one of the two stores of the last checkpoint. */
  readonly directory: string;
  /** Tiles and the other store, for others to read. */
  readonly publicDirectory: string;
}

/**
 * When a log may be closed and its successor begun: where no checkpoint is left of it (`missing`), or also where the
 * lines are not the tree that was signed (`any`). A person decides that, never a start.
 */
export type Successor = 'never' | 'missing' | 'any';

/** A log's name and key, from its first entry on to its last. */
interface Generation {
  readonly origin: string;
  /** SHA-256 of the public key. */
  readonly key: string;
}

interface Stored {
  readonly bytes: Buffer;
  readonly checkpoint: Checkpoint;
}

interface Stores {
  private: Stored | null;
  public: Stored | null;
}

/** What signs checkpoints. */
interface LogKey {
  readonly note: NoteKey;
  readonly privateKey: KeyObject;
  readonly cosigner: Cosigner;
}

/** A checkpoint on its way: everything as it was when it was begun. */
interface Job {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly bytes: number;
  readonly sha256: string;
  readonly time: number;
  signed: Stored | null;
  step: 'tiles' | 'check' | 'sign' | 'private' | 'seal' | 'public';
}

/** Kinds that use no key: a clock that was wrong at them binds nobody. */
const NO_USE: readonly EntryKind[] = [
  'note',
  'refused',
  'unlock',
  'heartbeat',
  'answer',
  'freeze',
  'held',
];
const NONCE_BYTES = 32;
const TILE_WIDTH = 256;
/** So many entries may wait to be published; beyond it nothing is signed, so that no key works unseen. */
const UNPUBLISHED_MAX = 32_768;
/** From so many on publishing hurries, by one file a batch for each further step. */
const HURRY_FROM = 2_048;
const HURRY_STEP = 1_024;
/** While a long log is made anew its tiles are written after so many entries. */
const GROWN_AT_ONCE = 16_384;
const HEARTBEAT_MS = 3_600_000;
const ORIGIN_HOST = 'kontor.local';
const CHECKPOINT_BYTES_MAX = 524_288;

export class IntentLog {
  readonly #disk: Disk;
  readonly #file: EntryFile;
  readonly #half: PublicHalf;
  readonly #places: LogPlaces;
  readonly #successor: Successor;
  readonly #stores: Stores;
  #appender: Appender = createAppender(HASHER);
  #sequence = 0;
  #lastUse = 0;
  #cutBytes = 0;
  #generation: Generation | null = null;
  /** The name of the log that follows one that was closed, until it is born. */
  #nextOrigin: string | null = null;
  /** Why the lines are not those that were signed last, where a person allowed that. */
  #mustClose = false;
  #isSuccessor = false;
  /** What the lines up to it were trusted for, until the key says whether that was right. */
  #seal: SignedSeal | null = null;
  #key: LogKey | null = null;
  /** SHA-256 of the second key, as the log has it of itself. */
  #cosignerHash: string | null = null;
  /** Files to be written before the next checkpoint, in their order; a full one in place of its partials. */
  #queue: Resource[] = [];
  #partialsOf: string[] = [];
  #job: Job | null = null;
  /** Entries that lie in tiles, and entries under the last checkpoint of this life. */
  #writtenSize = 0n;
  #signedSize = -1n;
  /** Entries that were here when the log was opened. */
  #openedSize = 0n;
  #publishFault: string | null = null;
  #busyAt = { size: 0, monotonic: Number.NEGATIVE_INFINITY };

  private constructor(
    disk: Disk,
    places: LogPlaces,
    successor: Successor,
    parts: { readonly file: EntryFile; readonly half: PublicHalf; readonly stores: Stores },
  ) {
    this.#disk = disk;
    this.#places = places;
    this.#successor = successor;
    this.#file = parts.file;
    this.#half = parts.half;
    this.#stores = parts.stores;
  }

  /**
   * Opens the log, or begins it, and hands every entry to `onEntry` in order. Throws LogError where the lines are not
   * what a signer left, or not the tree that it signed. What the signatures are worth, `attach` finds out.
   */
  static open(
    disk: Disk,
    places: LogPlaces,
    ownership: Ownership,
    onEntry: (entry: PastEntry) => void,
    successor: Successor = 'never',
  ): IntentLog {
    moveOldLog(disk, places.directory);
    const half = new PublicHalf(disk, places.publicDirectory);
    const file = EntryFile.open(disk, join(places.directory, 'intents.log'), ownership);
    const stores = {
      private: parseStored(readPrivateNote(disk, places), privatePath(places)),
      public: parseStored(half.readNote('checkpoint'), publicPath(places)),
    };
    const log = new IntentLog(disk, places, successor, { file, half, stores });
    const seal = readSeal(disk, sealPath(places));
    const { cutBytes, isSealed } = file.replay(seal, (text) => {
      const entry = parseLine(text, log.#sequence);
      if (entry instanceof LineFault) throw log.#damaged(log.#sequence, entry);
      log.#sequence += 1;
      log.#notice(entry);
      onEntry(entry);
    });
    log.#cutBytes = cutBytes;
    const isUsable = seal !== null && isSealed && seal.size <= log.#sequence;
    log.#judge(isUsable && log.#plantSealed(seal) ? null : log.#plantAnew());
    log.#openedSize = log.#appender.size();
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

  /** The root of the tree, in hexadecimal. */
  get head(): string {
    return Buffer.from(this.#appender.root()).toString('hex');
  }

  /** The log's public name; null before the vault was opened for the first time. */
  get origin(): string | null {
    return this.#generation?.origin ?? null;
  }

  /** Whether this opening closed a log and began its successor. */
  get isSuccessor(): boolean {
    return this.#isSuccessor;
  }

  /** Number of entries. */
  get length(): number {
    return this.#sequence;
  }

  /** Entries that are not in the public half yet. */
  get waiting(): number {
    return Number(this.#appender.size() - this.#writtenSize);
  }

  /** Why the public half could not be written, for the person at the terminal; null when all is well. */
  get publishFault(): string | null {
    return this.#publishFault;
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

  /**
   * What may name the state of the log at an earlier length: the root of its tree then, and the hash of its last line
   * where that was moved from the first format. Everything up to there is computed anew.
   */
  headsAt(length: number): readonly string[] {
    const heads: string[] = [];
    this.#recompute([length], (entry) => {
      const { was } = entry.fields;
      if (entry.sequence === length - 1 && typeof was === 'string') heads.push(was);
    }).forEach((root) => heads.push(root));
    return heads;
  }

  // ---- The key: birth, successors, signatures ----

  /**
   * Takes the vault's key for the log. A log without a name is born now, signed when it is empty; of any other the
   * stored checkpoints must carry this key's signature. Throws LogError where they do not.
   */
  attach(privateKey: KeyObject, now: number): void {
    const publicKey = createPublicKey(privateKey);
    const raw = publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    const keyHash = hash('sha256', raw, 'hex');
    if (this.#seal !== null && !isSealOf(this.#seal, publicKey)) this.#judge(this.#plantAnew());
    this.#seal = null;
    const known = this.#generation;
    const isMissing = this.#stores.private === null || this.#stores.public === null;
    if (this.#mustClose || (known !== null && known.key !== keyHash)) {
      this.#close(now);
    } else if (known !== null && isMissing) {
      if (this.#successor === 'never') {
        const path =
          this.#stores.private === null ? privatePath(this.#places) : publicPath(this.#places);
        throw new LogError(
          'log.store',
          `${path}: expected the last checkpoint of the log, found none; put it back, or run kontor log reopen, ` +
            'which closes this log and begins its successor',
        );
      }
      this.#close(now);
    } else if (known !== null) {
      const key = keyOf(privateKey, known.origin, raw);
      this.#verifyStores([key.note, key.cosigner.note]);
    }
    if (this.#generation === null) this.#begin({ privateKey, raw, keyHash }, now);
    else this.#key = keyOf(privateKey, this.#generation.origin, raw);
    this.#publishKeys(now);
  }

  /** Closes the log by a last notice of what was signed of it, or of what is left where that is not known. */
  #close(now: number): void {
    const { private: first, public: second } = this.#stores;
    const last =
      first !== null && (second === null || first.checkpoint.size >= second.checkpoint.size)
        ? first.checkpoint
        : second?.checkpoint;
    const origin = last?.origin ?? this.#generation?.origin ?? this.#nextOrigin;
    assert(origin !== null && origin !== undefined, 'Invariant: what is closed has a name');
    const fields = {
      origin,
      size: Number(last?.size ?? this.#appender.size()),
      root: Buffer.from(last?.root ?? this.#appender.root()).toString('hex'),
      next: successorOrigin(origin),
    };
    this.append([{ time: now, kind: 'fork.notice', fields }]);
    this.#mustClose = false;
    this.#isSuccessor = true;
  }

  /** The signed checkpoint of the empty tree goes to both stores first, then the log says whose it is. */
  #begin(
    key: { readonly privateKey: KeyObject; readonly raw: Buffer; readonly keyHash: string },
    now: number,
  ): void {
    const { private: first, public: second } = this.#stores;
    const origin =
      this.#nextOrigin ??
      (first ?? second)?.checkpoint.origin ??
      `${ORIGIN_HOST}/${randomBytes(8).toString('hex')}`;
    this.#key = keyOf(key.privateKey, origin, key.raw);
    const closed = (second ?? first)?.checkpoint.origin;
    if (closed !== undefined && closed !== origin) {
      this.#half.close(closedName(closed));
      this.#stores.public = null;
      this.#queue = [];
      this.#appender = this.#grow(createAppender(HASHER), 0, 0, new Map(), 'write');
      this.#writtenSize = this.#appender.size();
    }
    const empty = this.#signed({ origin, size: 0n, root: HASHER.empty, extensions: [] }, now);
    this.#storePrivately(empty);
    this.#half.writeNote('checkpoint', empty.bytes);
    this.#stores.public = empty;
    const cosigner = cosignerHash(this.#key);
    const fields = { note: 'log.new', origin, key: key.keyHash, cosigner };
    this.append([{ time: now, kind: 'note', fields }]);
  }

  #verifyStores(keys: readonly NoteKey[]): void {
    for (const [store, path] of [
      [this.#stores.private, privatePath(this.#places)],
      [this.#stores.public, publicPath(this.#places)],
    ] as const) {
      if (store === null || openCheckpoint(nodeCryptography, store.bytes, keys).ok) continue;
      throw new LogError(
        'log.store',
        `${path}: expected a checkpoint that this vault's key has signed, found another`,
      );
    }
  }

  /** A log that began before it had a second key says so once; the others say it at their birth. */
  #publishKeys(now: number): void {
    assert(this.#key !== null, 'Invariant: the key is there that is published');
    const { note, cosigner } = this.#key;
    const key = cosignerHash(this.#key);
    if (this.#cosignerHash !== key) {
      this.append([{ time: now, kind: 'note', fields: { note: 'log.cosigner', key } }]);
    }
    for (const [name, each] of [
      ['vkey', note],
      ['vkey.ml-dsa-44', cosigner.note],
    ] as const) {
      const text = Buffer.from(`${toVerifierKey(each)}\n`);
      if (this.#half.readNote(name)?.equals(text) !== true) this.#half.writeNote(name, text);
    }
  }

  // ---- Checkpoints ----

  /**
   * To be called every few seconds. Begins the next checkpoint where something was appended since the last; an hour
   * without an entry is an entry. `publish` does the work.
   */
  tick(now: { readonly wall: number; readonly monotonic: number }): void {
    if (!this.#file.isAlone()) return;
    if (this.#busyAt.size !== this.#sequence) {
      this.#busyAt = { size: this.#sequence, monotonic: now.monotonic };
    } else if (now.monotonic - this.#busyAt.monotonic >= HEARTBEAT_MS) {
      this.#trying(() => this.append([{ time: now.wall, kind: 'heartbeat', fields: {} }]));
    }
    if (this.#job !== null || this.#isClosing()) return;
    const size = this.#appender.size();
    const isSigned = this.#key === null || this.#signedSize === size;
    if (isSigned && this.#writtenSize === size) return;
    const next = this.#appender.takeResources();
    // Of what could not be written before, what is fuller by now needs no writing any more.
    const places = new Set(next.map(({ path }) => placeOf(path)));
    this.#queue = this.#queue.filter(({ path }) => isFull(path) || !places.has(placeOf(path)));
    this.#queue.push(...next);
    this.#job = {
      size,
      root: this.#appender.root(),
      bytes: this.#file.bytes,
      sha256: this.#file.digest(),
      time: now.wall,
      signed: null,
      step: 'tiles',
    };
  }

  /** Does a small piece of the work on the next checkpoint; false when there is nothing more to do. */
  publish(): boolean {
    if (this.#job === null || !this.#file.isAlone()) return false;
    const job = this.#job;
    const isDone = this.#trying(() => this.#publishStep(job));
    if (isDone === false) return true;
    this.#job = null;
    return false;
  }

  /** To be called after each batch of work: the more entries wait, the more of them is published before the next. */
  relieve(now: { readonly wall: number; readonly monotonic: number }): void {
    const { waiting } = this;
    if (waiting < HURRY_FROM || this.#publishFault !== null) return;
    this.tick(now);
    for (let steps = waiting / HURRY_STEP; steps > 0 && this.publish();) steps -= 1;
  }

  /** Publishes all there is, at once: before the process ends. */
  publishAll(now: { readonly wall: number; readonly monotonic: number }): void {
    while (this.publish());
    this.tick(now);
    while (this.publish());
  }

  /** True when the checkpoint is out, or as far as it can be. */
  #publishStep(job: Job): boolean {
    switch (job.step) {
      case 'tiles': {
        const partials = this.#partialsOf[0];
        const [next] = this.#queue;
        if (partials !== undefined) {
          if (!this.#half.removePartials(partials)) this.#partialsOf.shift();
        } else if (next !== undefined) {
          this.#half.write(next);
          this.#queue.shift();
          if (isFull(next.path)) this.#partialsOf.push(next.path);
        } else {
          this.#writtenSize = job.size;
          this.#publishFault = null;
          // The lines must be on disk before a signature says so for ever.
          this.#file.settle(job.bytes);
          if (this.#key === null) return true;
          job.step = 'check';
        }
        return false;
      }
      case 'check':
        this.#checkFollows(job);
        job.step = 'sign';
        return false;
      case 'sign': {
        const { origin } = this.#generationOf();
        job.signed = this.#signed({ ...treeOf(job), origin, extensions: [] }, job.time);
        job.step = 'private';
        return false;
      }
      case 'private':
        assert(job.signed !== null, 'Invariant: what is stored was signed');
        this.#storePrivately(job.signed);
        job.step = 'seal';
        return false;
      case 'seal': {
        const { origin } = this.#generationOf();
        const { size, root, bytes, sha256 } = job;
        const seal = { origin, size: Number(size), root: hexOf(root), bytes, sha256 };
        if (this.#key !== null)
          writeSeal(this.#disk, sealPath(this.#places), seal, this.#key.privateKey);
        job.step = 'public';
        return false;
      }
      case 'public': {
        const next = this.#stores.private;
        assert(next !== null, 'Invariant: the private store is written first');
        this.#compare(
          this.#half.readNote('checkpoint'),
          this.#stores.public,
          publicPath(this.#places),
        );
        this.#half.writeNote('checkpoint', next.bytes);
        this.#stores.public = next;
        this.#signedSize = job.size;
        return true;
      }
    }
  }

  /** Throws LogError unless the tiles on disk show the tree as a continuation of the one that was signed last. */
  #checkFollows(job: Job): void {
    const last = this.#stores.private?.checkpoint;
    const { origin } = this.#generationOf();
    const bridge =
      last === undefined || last.size === 0n
        ? undefined
        : proveConsistency(HASHER, this.#half, last.size, treeOf(job));
    const next = { ...treeOf(job), origin, extensions: [] };
    const verdict =
      bridge?.ok === false
        ? bridge
        : mayFollow(
            HASHER,
            last,
            next,
            bridge === undefined
              ? undefined
              : { olderRoot: bridge.value.olderRoot, proof: bridge.value.proof },
          );
    if (verdict.ok) return;
    throw new LogError(
      'log.publish',
      `${this.#half.directory}: expected the tiles of the log, found damaged ones: ${verdict.reason}; ` +
        'remove its folder tile and start again, and they are made anew',
    );
  }

  #storePrivately(next: Stored): void {
    this.#compare(
      readPrivateNote(this.#disk, this.#places),
      this.#stores.private,
      privatePath(this.#places),
    );
    writeFileAtomically(this.#disk, privatePath(this.#places), next.bytes);
    this.#stores.private = next;
  }

  /** A store that is not as this signer left it belongs to another one now. */
  #compare(found: Buffer | null, expected: Stored | null, path: string): void {
    if (found === null ? expected === null : expected?.bytes.equals(found) === true) return;
    throw this.#file.fail(
      'log.taken',
      `${path}: expected the checkpoint that this signer wrote last, found another`,
    );
  }

  #signed(checkpoint: Checkpoint, time: number): Stored {
    assert(this.#key !== null, 'Invariant: the key is there that signs');
    const { note, privateKey, cosigner } = this.#key;
    const text = toCheckpointText(checkpoint);
    const signature = signCheckpoint(text, note, (message) => sign(null, message, privateKey), 0n);
    assert(signature.ok, 'Invariant: a checkpoint of ours can be signed');
    const second = cosigner.sign(text, time);
    const signatures = second === null ? [signature.value] : [signature.value, second];
    const bytes = Buffer.from(toNote({ text, signatures }));
    return { bytes, checkpoint };
  }

  #generationOf(): Generation {
    assert(this.#generation !== null, 'Invariant: the log has a name before it has a checkpoint');
    return this.#generation;
  }

  /** What `work` answers; undefined, and the fault kept for people, where the disk did not let it. */
  #trying<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const isSystem = error instanceof Error && 'syscall' in error;
      if (!(error instanceof LogError) && !isSystem) throw error;
      this.#publishFault = error.message;
      return undefined;
    }
  }

  // ---- Appending ----

  #write(entries: readonly Entry[], isDurable: boolean): void {
    const { waiting } = this;
    // What an earlier signer left unpublished hinders nobody.
    const own = this.#appender.size() - this.#openedSize;
    if (Math.min(waiting, Number(own)) + entries.length > UNPUBLISHED_MAX) {
      throw new LogError(
        'log.publish',
        `expected the log to be published, found ${waiting} entries waiting${this.#publishFault === null ? '' : `: ${this.#publishFault}`}`,
      );
    }
    const nonces = randomBytes(NONCE_BYTES * entries.length);
    const made = entries.map((entry, index) =>
      writeLine(
        entry,
        this.#sequence + index,
        nonces.subarray(index * NONCE_BYTES, (index + 1) * NONCE_BYTES),
      ),
    );
    this.#file.append(Buffer.concat(made.map(({ line }) => line)), isDurable);
    for (const [index, { publicEntry }] of made.entries()) {
      const entry = entries[index];
      assert(entry !== undefined, 'Invariant: one line for each entry');
      mustTake(this.#appender, publicEntry);
      this.#sequence += 1;
      this.#notice(entry);
    }
  }

  /** What the log itself remembers of an entry. */
  #notice({ kind, time, fields }: Entry): void {
    if (!NO_USE.includes(kind)) this.#lastUse = Math.max(this.#lastUse, time);
    if (kind === 'note' && fields['note'] === 'log.new') {
      this.#generation = { origin: String(fields['origin']), key: String(fields['key']) };
      this.#nextOrigin = null;
      this.#cosignerHash = String(fields['cosigner'] ?? '');
    } else if (kind === 'note' && fields['note'] === 'log.cosigner') {
      this.#cosignerHash = String(fields['key']);
    } else if (kind === 'fork.notice') {
      this.#generation = null;
      this.#nextOrigin = String(fields['next']);
    }
  }

  // ---- The start ----

  /**
   * Goes on at the seal, computing only what came after it. False where the tiles do not have the seal's tree.
   * The stored checkpoints are left to `#judge` by the roots that the tiles give.
   */
  #plantSealed(seal: SignedSeal): boolean {
    const tree = { size: BigInt(seal.size), root: Buffer.from(seal.root, 'hex') };
    const restored = restoreAppender(HASHER, this.#half, tree);
    if (!restored.ok) return false;
    const roots = new Map<number, string>();
    for (const size of this.#storedSizes()) {
      if (size === 0 || size >= seal.size) continue;
      const proven = proveConsistency(HASHER, this.#half, BigInt(size), tree);
      if (!proven.ok) return false;
      roots.set(size, hexOf(proven.value.olderRoot));
    }
    roots.set(seal.size, seal.root);
    this.#appender = this.#grow(restored.value, seal.bytes, seal.size, roots, 'queue');
    this.#writtenSize = tree.size;
    this.#seal = seal;
    this.#roots = roots;
    return true;
  }

  /** Computes every leaf; then goes on at the last checkpoint, or makes the tiles anew where they are not its. */
  #plantAnew(): number | null {
    this.#seal = null;
    this.#queue = [];
    this.#partialsOf = [];
    this.#job = null;
    const sizes = this.#storedSizes();
    let wrongTile: number | null = null;
    this.#roots = this.#recompute(sizes, (entry, publicEntry) => {
      wrongTile ??= this.#isInTile(entry.sequence, publicEntry) ? null : entry.sequence;
    });
    const last = Math.max(0, ...sizes.filter((size) => size <= this.#sequence));
    const root = this.#roots.get(last);
    const restored =
      last > 0 && wrongTile === null && root !== undefined
        ? restoreAppender(HASHER, this.#half, {
            size: BigInt(last),
            root: Buffer.from(root, 'hex'),
          })
        : null;
    if (this.#contradiction() !== null) {
      this.#appender = this.#grow(createAppender(HASHER), 0, 0, new Map(), 'drop');
    } else if (restored?.ok === true) {
      const from = this.#offsetOf(last);
      this.#appender = this.#grow(restored.value, from, last, new Map(), 'queue');
      this.#writtenSize = BigInt(last);
    } else {
      this.#appender = this.#grow(
        createAppender(HASHER),
        0,
        0,
        new Map(),
        this.#isClosing() ? 'drop' : 'write',
      );
    }
    return wrongTile;
  }

  /** Whether a closed log still lies where its successor will: nothing of it is overwritten. */
  #isClosing(): boolean {
    const origins = [this.#stores.private, this.#stores.public].flatMap((store) =>
      store === null ? [] : [store.checkpoint.origin],
    );
    return this.#nextOrigin !== null && origins.some((origin) => origin !== this.#nextOrigin);
  }

  /** Roots of the lines' tree at the sizes of the stored checkpoints. */
  #roots: ReadonlyMap<number, string> = new Map();

  /** Throws LogError where a store has another tree than the lines; `wrongTile` is the first entry that shows it. */
  #judge(wrongTile: number | null): void {
    const contradiction = this.#contradiction();
    if (contradiction === null) return;
    if (this.#successor === 'any') {
      this.#mustClose = true;
      return;
    }
    if (wrongTile !== null && contradiction.kind === 'other') {
      throw this.#damaged(
        wrongTile,
        new LineFault('the entry that the signed tree has', 'another: the line was changed'),
      );
    }
    throw new LogError('log.behind', contradiction.message);
  }

  #contradiction(): { readonly kind: 'behind' | 'other'; readonly message: string } | null {
    for (const [store, path] of [
      [this.#stores.private, privatePath(this.#places)],
      [this.#stores.public, publicPath(this.#places)],
    ] as const) {
      if (store === null) continue;
      const { origin, size, root } = store.checkpoint;
      // A log that was closed has its checkpoints until those of its successor lie there.
      if (this.#nextOrigin !== null && origin !== this.#nextOrigin) continue;
      const advice =
        'put the later state back, or run kontor log reopen, which closes this log and begins its successor';
      if (this.#generation !== null && origin !== this.#generation.origin) {
        const message = `${path}: expected a checkpoint of ${this.#generation.origin}, found one of ${origin}; ${advice}`;
        return { kind: 'behind', message };
      }
      const isUnborn = this.#generation === null && size > 0n;
      if (size > BigInt(this.#sequence) || isUnborn) {
        const message = `${path}: expected a log of at least ${size} entries, found ${this.#sequence}: it was cut or rolled back; ${advice}`;
        return { kind: 'behind', message };
      }
      if (size > 0n && this.#roots.get(Number(size)) !== hexOf(root)) {
        const message = `${path}: expected the tree of ${size} entries that was signed, found another: a line among them was changed; ${advice}`;
        return { kind: 'other', message };
      }
    }
    return null;
  }

  #storedSizes(): readonly number[] {
    return [this.#stores.private, this.#stores.public].flatMap((store) =>
      store === null ? [] : [Number(store.checkpoint.size)],
    );
  }

  /** Computes every entry anew and answers the roots at `sizes`. */
  #recompute(
    sizes: readonly number[],
    onEntry: (entry: PastEntry, publicEntry: Uint8Array) => void,
  ): Map<number, string> {
    const appender = createAppender(HASHER);
    const roots = new Map<number, string>();
    let sequence = 0;
    this.#file.read(0, (text) => {
      const [entry, publicEntry] = this.#checked(text, sequence);
      onEntry(entry, publicEntry);
      mustTake(appender, publicEntry);
      sequence += 1;
      if (sizes.includes(sequence)) roots.set(sequence, hexOf(appender.root()));
      if (sequence % GROWN_AT_ONCE === 0) appender.takeResources();
      return true;
    });
    return roots;
  }

  /**
   * Adds the lines from the byte `from` on; `roots` gets those at the stored sizes. Of a log that will be closed the tiles
   * are dropped: they are made when its successor begins.
   */
  #grow(
    appender: Appender,
    from: number,
    firstSequence: number,
    roots: Map<number, string>,
    tiles: 'write' | 'queue' | 'drop',
  ): Appender {
    const sizes = this.#storedSizes();
    let sequence = firstSequence;
    const flush = (): void => {
      const resources = appender.takeResources();
      if (tiles === 'write') for (const resource of resources) this.#half.write(resource);
      else if (tiles === 'queue') this.#queue.push(...resources);
    };
    this.#file.read(from, (text) => {
      const [, publicEntry] = this.#checked(text, sequence);
      mustTake(appender, publicEntry);
      sequence += 1;
      if (sizes.includes(sequence)) roots.set(sequence, hexOf(appender.root()));
      if (sequence % GROWN_AT_ONCE === 0) flush();
      return true;
    });
    if (tiles === 'write') {
      flush();
      this.#writtenSize = appender.size();
    }
    return appender;
  }

  #checked(text: string, sequence: number): readonly [PastEntry, Uint8Array] {
    const line = parseLine(text, sequence);
    if (line instanceof LineFault) throw this.#damaged(sequence, line);
    const publicEntry = checkLine(line);
    if (publicEntry instanceof LineFault) throw this.#damaged(sequence, publicEntry);
    return [line, publicEntry];
  }

  /** Whether the tile of leaves has this entry, where there is one. */
  #isInTile(sequence: number, publicEntry: Uint8Array): boolean {
    const signed = Math.max(0, ...this.#storedSizes());
    if (sequence >= signed) return true;
    const index = Math.floor(sequence / TILE_WIDTH);
    if (this.#leafTile?.index !== index) {
      const width = Math.min(TILE_WIDTH, signed - index * TILE_WIDTH);
      const tile = readTile(this.#half, { level: 0, index: BigInt(index), width });
      this.#leafTile = { index, hashes: tile.ok ? Buffer.from(tile.value) : null };
    }
    const { hashes } = this.#leafTile;
    if (hashes === null) return true;
    const at = (sequence % TILE_WIDTH) * 32;
    return hashes.subarray(at, at + 32).equals(HASHER.leaf(publicEntry));
  }

  #leafTile: { readonly index: number; readonly hashes: Buffer | null } | null = null;

  /** The byte at which the line after the first `count` begins. */
  #offsetOf(count: number): number {
    let offset = 0;
    let seen = 0;
    this.#file.read(0, (text) => {
      if (seen === count) return false;
      seen += 1;
      offset += Buffer.byteLength(text) + 1;
      return true;
    });
    return offset;
  }

  #damaged(sequence: number, { expected, found }: LineFault): LogError {
    return new LogError(
      'log.damaged',
      `${this.#file.path}: line ${sequence + 1}: expected ${expected}, found ${found}`,
    );
  }
}

function mustTake(appender: Appender, publicEntry: Uint8Array): void {
  const taken = appender.append(publicEntry);
  assert(taken.ok, `Invariant: the tree takes every entry: ${taken.ok ? '' : taken.reason}`);
}

function treeOf({ size, root }: Job): { readonly size: bigint; readonly root: Uint8Array } {
  return { size, root };
}

function keyOf(privateKey: KeyObject, origin: string, publicKey: Buffer): LogKey {
  const cosigner = new Cosigner(privateKey, origin);
  return { note: noteKeyOf(origin, publicKey), privateKey, cosigner };
}

function cosignerHash({ cosigner }: LogKey): string {
  return hash('sha256', cosigner.publicKey, 'hex');
}

function noteKeyOf(origin: string, publicKey: Buffer): NoteKey {
  const key = noteKey(nodeCryptography, { name: origin, type: 'ed25519', publicKey });
  if (!key.ok) throw new LogError('log.damaged', `the name of the log: ${key.reason}`);
  return key.value;
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

function readPrivateNote(disk: Disk, places: LogPlaces): Buffer | null {
  return readFile(disk, privatePath(places), {
    bytesMax: CHECKPOINT_BYTES_MAX,
    others: 'nothing',
  });
}

function privatePath({ directory }: LogPlaces): string {
  return join(directory, 'checkpoint');
}

function publicPath({ publicDirectory }: LogPlaces): string {
  return join(publicDirectory, 'checkpoint');
}

function sealPath({ directory }: LogPlaces): string {
  return join(directory, 'seal');
}

/** A closed log's name as the name of a folder. */
function closedName(origin: string): string {
  return origin.replaceAll(/[^A-Za-z0-9.-]/g, '_');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
