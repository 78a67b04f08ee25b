// SPDX-License-Identifier: Apache-2.0
// The log: private lines, one or more for every use of a key, and the Merkle tree over their public entries.
//
// An entry is on disk before the signature it allows exists. Tiles and a signed checkpoint follow in small steps. Every
// line is read back at every start, and the lines must be the tree that was signed last: a smaller or another one
// stops the signer.

import { strict as assert } from 'node:assert';
import { randomBytes, type KeyObject } from 'node:crypto';
import { join } from 'node:path';
import {
  createAppender,
  proveConsistency,
  restoreAppender,
  successorOrigin,
  type Appender,
  type Resource,
} from '@kontor/tlog';
import type { Disk } from '../disk.ts';
import type { Ownership } from '../ownership.ts';
import { CheckpointStores, type LogPlaces } from './checkpoint-stores.ts';
import {
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
import { LogKey, type NamedLogKey } from './log-key.ts';
import { hexOf, LeafTiles, LogLines, mustTake } from './log-lines.ts';
import { moveOldLog } from './move.ts';
import { Publication, type Moment } from './publication.ts';
import { PublicHalf } from './public-half.ts';
import { readSeal, type SignedSeal } from './seal.ts';

export { LogError, type Entry, type EntryKind, type PastEntry } from './entries.ts';

declare const brand: unique symbol;

/** Proof that an entry is on disk: nothing is signed without it. */
export interface Recorded {
  readonly [brand]: 'Recorded';
  readonly sequence: number;
  readonly entry: Entry;
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
/** So many entries may wait to be published; beyond it nothing is signed, so that no key works unseen. */
const UNPUBLISHED_MAX = 32_768;
const HEARTBEAT_MS = 3_600_000;
const ORIGIN_HOST = 'kontor.local';

export class IntentLog {
  readonly #file: EntryFile;
  readonly #lines: LogLines;
  readonly #half: PublicHalf;
  readonly #successor: Successor;
  readonly #stores: CheckpointStores;
  readonly #publication: Publication;
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
  #key: NamedLogKey | null = null;
  /** SHA-256 of the second key, as the log has it of itself. */
  #cosignerHash: string | null = null;
  /** Entries that were here when the log was opened. */
  #openedSize = 0n;
  #busyAt = { size: 0, monotonic: Number.NEGATIVE_INFINITY };

  private constructor(
    disk: Disk,
    places: LogPlaces,
    successor: Successor,
    parts: { readonly file: EntryFile; readonly half: PublicHalf },
  ) {
    const { file, half } = parts;
    this.#successor = successor;
    this.#file = file;
    this.#lines = new LogLines(file);
    this.#half = half;
    this.#stores = new CheckpointStores(disk, places, half);
    this.#publication = new Publication({
      ...{ disk, file, half },
      stores: this.#stores,
      sealPath: sealPath(places),
      appender: () => this.#appender,
      signing: () =>
        this.#key === null || this.#generation === null
          ? null
          : { origin: this.#generation.origin, key: this.#key },
    });
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
    const log = new IntentLog(disk, places, successor, { file, half });
    const seal = readSeal(disk, sealPath(places));
    const { cutBytes, isSealed } = file.replay(seal, (text) => {
      const entry = parseLine(text, log.#sequence);
      if (entry instanceof LineFault) throw log.#lines.damaged(log.#sequence, entry);
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
    return this.#publication.waiting;
  }

  /** Why the public half could not be written, for the person at the terminal; null when all is well. */
  get publishFault(): string | null {
    return this.#publication.fault;
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
    this.#lines
      .recompute([length], (entry) => {
        const { was } = entry.fields;
        if (entry.sequence === length - 1 && typeof was === 'string') heads.push(was);
      })
      .forEach((root) => heads.push(root));
    return heads;
  }

  // ---- The key: birth, successors, signatures ----

  /**
   * Takes the vault's key for the log. A log without a name is born now, signed when it is empty; of any other the
   * stored checkpoints must carry this key's signature. Throws LogError where they do not.
   */
  attach(privateKey: KeyObject, now: number): void {
    const key = new LogKey(privateKey);
    if (this.#seal !== null && !key.hasSealed(this.#seal)) this.#judge(this.#plantAnew());
    this.#seal = null;
    const known = this.#generation;
    const missing = this.#stores.missingPath;
    if (this.#mustClose || (known !== null && known.key !== key.hash)) {
      this.#close(now);
    } else if (known !== null && missing !== null) {
      if (this.#successor === 'never') {
        throw new LogError(
          'log.store',
          `${missing}: expected the last checkpoint of the log, found none; put it back, or run kontor log reopen, ` +
            'which closes this log and begins its successor',
        );
      }
      this.#close(now);
    } else if (known !== null) this.#stores.verify(key.named(known.origin).notes);
    const generation = this.#generation;
    if (generation === null) this.#begin(key, now);
    else this.#key = key.named(generation.origin);
    this.#publishKeys(now);
  }

  /** Closes the log by a last notice of what was signed of it, or of what is left where that is not known. */
  #close(now: number): void {
    const { last } = this.#stores;
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
  #begin(key: LogKey, now: number): void {
    const [checkpoint] = this.#stores.checkpoints;
    const origin =
      this.#nextOrigin ?? checkpoint?.origin ?? `${ORIGIN_HOST}/${randomBytes(8).toString('hex')}`;
    this.#key = key.named(origin);
    const closed = this.#stores.publishedOrigin;
    if (closed !== undefined && closed !== origin) {
      this.#half.close(closedName(closed));
      this.#stores.forgetPublic();
      this.#growAnew('write');
    }
    const empty = this.#key.sign({ origin, size: 0n, root: HASHER.empty, extensions: [] }, now);
    this.#stores.writePrivate(empty, (message) => this.#file.fail('log.taken', message));
    this.#stores.begin(empty);
    const { cosignerHash: cosigner } = this.#key;
    const fields = { note: 'log.new', origin, key: key.hash, cosigner };
    this.append([{ time: now, kind: 'note', fields }]);
  }

  /** A log that began before it had a second key says so once; the others say it at their birth. */
  #publishKeys(now: number): void {
    assert(this.#key !== null, 'Invariant: the key is there that is published');
    const { cosignerHash: key, files } = this.#key;
    if (this.#cosignerHash !== key) {
      this.append([{ time: now, kind: 'note', fields: { note: 'log.cosigner', key } }]);
    }
    for (const [name, text] of files) {
      if (this.#half.readNote(name)?.equals(text) !== true) this.#half.writeNote(name, text);
    }
  }

  // ---- Checkpoints ----

  /**
   * To be called every few seconds. Begins the next checkpoint where something was appended since the last; an hour
   * without an entry is an entry. `publish` does the work.
   */
  tick(now: Moment): void {
    if (!this.#file.isAlone()) return;
    if (this.#busyAt.size !== this.#sequence) {
      this.#busyAt = { size: this.#sequence, monotonic: now.monotonic };
    } else if (now.monotonic - this.#busyAt.monotonic >= HEARTBEAT_MS) {
      const entry: Entry = { time: now.wall, kind: 'heartbeat', fields: {} };
      this.#publication.trying(() => this.append([entry]));
    }
    if (!this.#isClosing()) this.#publication.begin(now.wall);
  }

  /** Does a small piece of the work on the next checkpoint; false when there is nothing more to do. */
  publish(): boolean {
    return this.#publication.step();
  }

  /** To be called after each batch of work: the more entries wait, the more of them is published before the next. */
  relieve(now: Moment): void {
    this.#publication.relieve(() => this.tick(now));
  }

  /** Publishes all there is, at once: before the process ends. */
  publishAll(now: Moment): void {
    while (this.publish());
    this.tick(now);
    while (this.publish());
  }

  // ---- Appending ----

  #write(entries: readonly Entry[], isDurable: boolean): void {
    const { waiting } = this;
    // What an earlier signer left unpublished hinders nobody.
    const own = this.#appender.size() - this.#openedSize;
    if (Math.min(waiting, Number(own)) + entries.length > UNPUBLISHED_MAX) {
      throw new LogError(
        'log.publish',
        `expected the log to be published, found ${waiting} entries waiting${this.publishFault === null ? '' : `: ${this.publishFault}`}`,
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
    const { sizes } = this.#stores;
    for (const size of sizes) {
      if (size === 0 || size >= seal.size) continue;
      const proven = proveConsistency(HASHER, this.#half, BigInt(size), tree);
      if (!proven.ok) return false;
      roots.set(size, hexOf(proven.value.olderRoot));
    }
    roots.set(seal.size, seal.root);
    this.#publication.restart(tree.size);
    const from = { byte: seal.bytes, sequence: seal.size };
    this.#grow(restored.value, from, roots);
    this.#seal = seal;
    this.#roots = roots;
    return true;
  }

  /** Computes every leaf; then goes on at the last checkpoint, or makes the tiles anew where they are not its. */
  #plantAnew(): number | null {
    this.#seal = null;
    this.#publication.restart(0n);
    const { sizes } = this.#stores;
    const tiles = new LeafTiles(this.#half, Math.max(0, ...sizes));
    let wrongTile: number | null = null;
    this.#roots = this.#lines.recompute(sizes, (entry, publicEntry) => {
      wrongTile ??= tiles.has(entry.sequence, publicEntry) ? null : entry.sequence;
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
    if (this.#contradiction() !== null) this.#growAnew('drop');
    else if (restored?.ok === true) {
      this.#publication.restart(BigInt(last));
      this.#grow(restored.value, { byte: this.#lines.offsetOf(last), sequence: last });
    } else this.#growAnew(this.#isClosing() ? 'drop' : 'write');
    return wrongTile;
  }

  /** Goes on with `appender`, which has the lines up to `from`: it gets all others, to be published in time. */
  #grow(
    appender: Appender,
    from: { readonly byte: number; readonly sequence: number },
    roots: Map<number, string> = new Map(),
  ): void {
    const { sizes } = this.#stores;
    this.#appender = appender;
    const take = this.#publication.add.bind(this.#publication);
    this.#lines.grow(appender, from, { sizes, roots, take });
  }

  /**
   * Makes the tree anew from all lines, and its tiles at once. Of a log that will be closed they are dropped: they are made when
   * its successor begins.
   */
  #growAnew(tiles: 'write' | 'drop'): void {
    const appender = createAppender(HASHER);
    const { sizes } = this.#stores;
    const take = (resources: readonly Resource[]): void => {
      if (tiles === 'write') for (const resource of resources) this.#half.write(resource);
    };
    this.#lines.grow(appender, { byte: 0, sequence: 0 }, { sizes, roots: new Map(), take });
    if (tiles === 'write') take(appender.takeResources());
    this.#appender = appender;
    this.#publication.restart(tiles === 'write' ? appender.size() : 0n);
  }

  /** Whether a closed log still lies where its successor will: nothing of it is overwritten. */
  #isClosing(): boolean {
    const { checkpoints } = this.#stores;
    return (
      this.#nextOrigin !== null && checkpoints.some(({ origin }) => origin !== this.#nextOrigin)
    );
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
      throw this.#lines.damaged(
        wrongTile,
        new LineFault('the entry that the signed tree has', 'another: the line was changed'),
      );
    }
    throw new LogError('log.behind', contradiction.message);
  }

  #contradiction(): { readonly kind: 'behind' | 'other'; readonly message: string } | null {
    for (const [store, path] of this.#stores.all) {
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
}

function sealPath({ directory }: LogPlaces): string {
  return join(directory, 'seal');
}

/** A closed log's name as the name of a folder. */
function closedName(origin: string): string {
  return origin.replaceAll(/[^A-Za-z0-9.-]/g, '_');
}
