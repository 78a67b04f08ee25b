// SPDX-License-Identifier: Apache-2.0
// How the log comes before others' eyes: its tiles, then a checkpoint over them, in small steps that no signature waits for.

import { strict as assert } from 'node:assert';
import {
  mayFollow,
  proveConsistency,
  type Appender,
  type Checkpoint,
  type Resource,
} from '@kontor/tlog';
import type { Disk } from '../disk.ts';
import type { CheckpointStores, Stored } from './checkpoint-stores.ts';
import { HASHER, LogError } from './entries.ts';
import type { EntryFile } from './entry-file.ts';
import type { NamedLogKey } from './log-key.ts';
import { hexOf } from './log-lines.ts';
import { isFull, placeOf, type PublicHalf } from './public-half.ts';

/** From so many waiting entries on publishing hurries, by one file a batch for each further step. */
const HURRY_FROM = 2_048;
const HURRY_STEP = 1_024;

/** Both clocks. */
export interface Moment {
  readonly wall: number;
  readonly monotonic: number;
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

export interface PublicationPorts {
  readonly disk: Disk;
  readonly file: EntryFile;
  readonly half: PublicHalf;
  readonly stores: CheckpointStores;
  readonly sealPath: string;
  /** The log's tree as it is by now. */
  readonly appender: () => Appender;
  /** The log's name and key; null before the vault is open, when tiles are written and no checkpoint. */
  readonly signing: () => { readonly origin: string; readonly key: NamedLogKey } | null;
}

export class Publication {
  readonly #ports: PublicationPorts;
  /** Files to be written before the next checkpoint, in their order; a full one in place of its partials. */
  #queue: Resource[] = [];
  #partialsOf: string[] = [];
  #job: Job | null = null;
  /** Entries that lie in tiles, and entries under the last checkpoint of this life. */
  #writtenSize = 0n;
  #signedSize = -1n;
  #fault: string | null = null;

  constructor(ports: PublicationPorts) {
    this.#ports = ports;
  }

  /** Why the public half could not be written; null when all is well. */
  get fault(): string | null {
    return this.#fault;
  }

  /** Entries that are not in the public half yet. */
  get waiting(): number {
    return Number(this.#ports.appender().size() - this.#writtenSize);
  }

  /** What must lie there before the next checkpoint. */
  add(resources: readonly Resource[]): void {
    this.#queue.push(...resources);
  }

  /** Begins over what was to be published: so many entries lie in tiles. */
  restart(writtenSize: bigint): void {
    this.#queue = [];
    this.#partialsOf = [];
    this.#job = null;
    this.#writtenSize = writtenSize;
  }

  /** Begins the next checkpoint where something was appended since the last. */
  begin(time: number): void {
    if (this.#job !== null) return;
    const { file, appender, signing } = this.#ports;
    const tree = appender();
    const size = tree.size();
    const isSigned = signing() === null || this.#signedSize === size;
    if (isSigned && this.#writtenSize === size) return;
    const next = tree.takeResources();
    // Of what could not be written before, what is fuller by now needs no writing any more.
    const places = new Set(next.map(({ path }) => placeOf(path)));
    this.#queue = this.#queue.filter(({ path }) => isFull(path) || !places.has(placeOf(path)));
    this.#queue.push(...next);
    this.#job = {
      ...{ size, root: tree.root(), time },
      bytes: file.bytes,
      sha256: file.digest(),
      signed: null,
      step: 'tiles',
    };
  }

  /** Does a small piece of the work on the next checkpoint; false when there is nothing more to do. */
  step(): boolean {
    const job = this.#job;
    if (job === null || !this.#ports.file.isAlone()) return false;
    const isDone = this.trying(() => this.#do(job));
    if (isDone === false) return true;
    this.#job = null;
    return false;
  }

  /** The more entries wait, the more of them is published before the next. */
  relieve(begin: () => void): void {
    const { waiting } = this;
    if (waiting < HURRY_FROM || this.#fault !== null) return;
    begin();
    for (let steps = waiting / HURRY_STEP; steps > 0 && this.step();) steps -= 1;
  }

  /** What `work` answers; undefined, and the fault kept for people, where the disk did not let it. */
  trying<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      const isSystem = error instanceof Error && 'syscall' in error;
      if (!(error instanceof LogError) && !isSystem) throw error;
      this.#fault = error.message;
      return undefined;
    }
  }

  /** True when the checkpoint is out, or as far as it can be. */
  #do(job: Job): boolean {
    const { disk, file, stores, sealPath } = this.#ports;
    if (job.step === 'tiles') return this.#writeTiles(job);
    const signing = this.#ports.signing();
    assert(signing !== null, 'Invariant: the log has a name before it has a checkpoint');
    const { origin, key } = signing;
    const taken = (message: string): LogError => file.fail('log.taken', message);
    switch (job.step) {
      case 'check':
        this.#checkFollows(job, origin);
        job.step = 'sign';
        return false;
      case 'sign':
        job.signed = key.sign(checkpointOf(job, origin), job.time);
        job.step = 'private';
        return false;
      case 'private':
        assert(job.signed !== null, 'Invariant: what is stored was signed');
        stores.writePrivate(job.signed, taken);
        job.step = 'seal';
        return false;
      case 'seal': {
        const { size, root, bytes, sha256 } = job;
        key.seal(disk, sealPath, { origin, size: Number(size), root: hexOf(root), bytes, sha256 });
        job.step = 'public';
        return false;
      }
      case 'public':
        assert(stores.private !== null, 'Invariant: the private store is written first');
        stores.publish(stores.private, taken);
        this.#signedSize = job.size;
        return true;
    }
  }

  #writeTiles(job: Job): boolean {
    const { file, half, signing } = this.#ports;
    const partials = this.#partialsOf[0];
    const [next] = this.#queue;
    if (partials !== undefined) {
      if (!half.removePartials(partials)) this.#partialsOf.shift();
      return false;
    }
    if (next !== undefined) {
      half.write(next);
      this.#queue.shift();
      if (isFull(next.path)) this.#partialsOf.push(next.path);
      return false;
    }
    this.#writtenSize = job.size;
    this.#fault = null;
    // The lines must be on disk before a signature says so for ever.
    file.settle(job.bytes);
    if (signing() === null) return true;
    job.step = 'check';
    return false;
  }

  /** Throws LogError unless the tiles on disk show the tree as a continuation of the one that was signed last. */
  #checkFollows(job: Job, origin: string): void {
    const { half, stores } = this.#ports;
    const last = stores.private?.checkpoint;
    const { size, root } = job;
    const bridge =
      last === undefined || last.size === 0n
        ? undefined
        : proveConsistency(HASHER, half, last.size, { size, root });
    const proven =
      bridge?.ok === true
        ? { olderRoot: bridge.value.olderRoot, proof: bridge.value.proof }
        : undefined;
    const verdict =
      bridge?.ok === false ? bridge : mayFollow(HASHER, last, checkpointOf(job, origin), proven);
    if (verdict.ok) return;
    throw new LogError(
      'log.publish',
      `${half.directory}: expected the tiles of the log, found damaged ones: ${verdict.reason}; ` +
        'remove its folder tile and start again, and they are made anew',
    );
  }
}

function checkpointOf({ size, root }: Job, origin: string): Checkpoint {
  return { origin, size, root, extensions: [] };
}
