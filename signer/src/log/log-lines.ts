// SPDX-License-Identifier: Apache-2.0
// The private lines read again: each checked against its public entry, and the tree that they make.

import { strict as assert } from 'node:assert';
import { createAppender, readTile, type Appender, type Resource } from '@kontor/tlog';
import { checkLine, HASHER, LineFault, LogError, parseLine, type PastEntry } from './entries.ts';
import type { EntryFile } from './entry-file.ts';
import type { PublicHalf } from './public-half.ts';

const TILE_WIDTH = 256;
/** While a long log is made anew its tiles are taken after so many entries. */
const GROWN_AT_ONCE = 16_384;

export class LogLines {
  readonly #file: EntryFile;

  constructor(file: EntryFile) {
    this.#file = file;
  }

  /** Computes every entry anew and answers the roots at `sizes`. */
  recompute(
    sizes: readonly number[],
    onEntry: (entry: PastEntry, publicEntry: Uint8Array) => void,
  ): Map<number, string> {
    const roots = new Map<number, string>();
    const from = { byte: 0, sequence: 0 };
    this.grow(createAppender(HASHER), from, { sizes, roots, onEntry, take: () => undefined });
    return roots;
  }

  /** Adds the lines from `from` on to `appender`; `roots` gets those at `sizes`, `take` the files as they become full. */
  grow(
    appender: Appender,
    from: { readonly byte: number; readonly sequence: number },
    to: {
      readonly sizes: readonly number[];
      readonly roots: Map<number, string>;
      readonly onEntry?: (entry: PastEntry, publicEntry: Uint8Array) => void;
      readonly take: (resources: readonly Resource[]) => void;
    },
  ): void {
    let { sequence } = from;
    this.#file.read(from.byte, (text) => {
      const [entry, publicEntry] = this.#checked(text, sequence);
      to.onEntry?.(entry, publicEntry);
      mustTake(appender, publicEntry);
      sequence += 1;
      if (to.sizes.includes(sequence)) to.roots.set(sequence, hexOf(appender.root()));
      if (sequence % GROWN_AT_ONCE === 0) to.take(appender.takeResources());
      return true;
    });
  }

  /** The byte at which the line after the first `count` begins. */
  offsetOf(count: number): number {
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

  damaged(sequence: number, { expected, found }: LineFault): LogError {
    return new LogError(
      'log.damaged',
      `${this.#file.path}: line ${sequence + 1}: expected ${expected}, found ${found}`,
    );
  }

  #checked(text: string, sequence: number): readonly [PastEntry, Uint8Array] {
    const line = parseLine(text, sequence);
    if (line instanceof LineFault) throw this.damaged(sequence, line);
    const publicEntry = checkLine(line);
    if (publicEntry instanceof LineFault) throw this.damaged(sequence, publicEntry);
    return [line, publicEntry];
  }
}

/** The tiles of leaves up to an entry, one after the other, to compare lines with. */
export class LeafTiles {
  readonly #half: PublicHalf;
  readonly #signed: number;
  #tile: { readonly index: number; readonly hashes: Buffer | null } | null = null;

  /** `signed`: how many entries the tiles have. */
  constructor(half: PublicHalf, signed: number) {
    this.#half = half;
    this.#signed = signed;
  }

  /** Whether the tile of leaves has this entry, where there is one. Entries come in their order. */
  has(sequence: number, publicEntry: Uint8Array): boolean {
    if (sequence >= this.#signed) return true;
    const index = Math.floor(sequence / TILE_WIDTH);
    if (this.#tile?.index !== index) {
      const width = Math.min(TILE_WIDTH, this.#signed - index * TILE_WIDTH);
      const tile = readTile(this.#half, { level: 0, index: BigInt(index), width });
      this.#tile = { index, hashes: tile.ok ? Buffer.from(tile.value) : null };
    }
    const { hashes } = this.#tile;
    if (hashes === null) return true;
    const at = (sequence % TILE_WIDTH) * 32;
    return hashes.subarray(at, at + 32).equals(HASHER.leaf(publicEntry));
  }
}

export function mustTake(appender: Appender, publicEntry: Uint8Array): void {
  const taken = appender.append(publicEntry);
  assert(taken.ok, `Invariant: the tree takes every entry: ${taken.ok ? '' : taken.reason}`);
}

export function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
