// SPDX-License-Identifier: Apache-2.0
// Finds secrets it does not hold in a stream of bytes, also inside gzip and zstd members.

import {
  BLOCK_BYTES,
  BLOCK_STEP,
  blockHash,
  blockSeed,
  stretchHmac,
  type BlockSeed,
  type SecretPattern,
} from '@kontor/signer';
import { findMembers, MEMBER_MAGIC_BYTES, Member, type MemberKind } from './members.ts';

/** A secret, or so much of it that it cannot be chance. */
export interface Find {
  readonly label: string;
  readonly encoding: string;
  /** Where in the source the encoded secret would begin; inside a member, where in its contents. */
  readonly offset: number;
  /** From 1, counted in the same bytes as `offset`. */
  readonly line: number;
  /** From the outermost inwards: the members that it lies in. */
  readonly within: readonly MemberKind[];
}

export interface ScannerReport {
  readonly bytes: number;
  /** Bytes that came out of members. */
  readonly bytesUnpacked: number;
  readonly members: number;
  /** Members that were not looked into to their end, because too much came out or too many lay in one another. */
  readonly membersLeft: number;
}

interface Place {
  readonly pattern: SecretPattern;
  readonly offset: number;
}

/** Patterns made ready to be looked for. */
export class PatternTable {
  readonly key: Buffer;
  readonly seed: BlockSeed;
  /** One bit for each hash's last bits that some pattern has. */
  readonly filter: Uint32Array;
  readonly filterMask: number;
  readonly #places = new Map<number, Place[]>();

  constructor(patterns: readonly SecretPattern[], key: Buffer) {
    this.key = key;
    this.seed = blockSeed(key);
    const hashes = patterns.reduce((sum, { blockHashes }) => sum + blockHashes.length, 0);
    // Sixteen bits for each: fifteen of sixteen blocks are passed by after one look.
    const bits = 2 ** Math.max(10, Math.ceil(Math.log2(hashes * 16 + 1)));
    this.filter = new Uint32Array(bits / 32);
    this.filterMask = bits - 1;
    for (const pattern of patterns) {
      for (const [offset, hash] of pattern.blockHashes.entries()) {
        const bit = hash & this.filterMask;
        this.filter[bit >>> 5] = (this.filter[bit >>> 5] ?? 0) | (1 << (bit & 31));
        const places = this.#places.get(hash);
        if (places === undefined) this.#places.set(hash, [{ pattern, offset }]);
        else places.push({ pattern, offset });
      }
    }
  }

  placesOf(hash: number): readonly Place[] {
    return this.#places.get(hash) ?? [];
  }
}

/** Kept of what went before, so that a secret across two chunks is whole: longer than any stretch. */
const KEPT_BYTES = 512;
const WINDOW_BYTES = 1_048_576;
const NEW_LINE = 0x0a;
/** Members in members: more than this deep nobody packs a log. */
const DEPTH_MAX = 3;
const LIVE_MEMBERS_MAX = 16;
/** What may come out of all members of one source. */
const UNPACKED_BYTES_MAX = 17_179_869_184;
const FINDS_MAX = 10_000;

interface Budget {
  members: number;
  membersLeft: number;
  unpacked: number;
}

export class Scanner {
  readonly #table: PatternTable;
  readonly #onFind: (find: Find) => void;
  readonly #within: readonly MemberKind[];
  readonly #budget: Budget;
  /** What is looked at now: the kept end of what went before, then what came last. */
  readonly #window = Buffer.alloc(KEPT_BYTES + WINDOW_BYTES);
  readonly #words = new Uint32Array(
    this.#window.buffer,
    this.#window.byteOffset,
    this.#window.length / 4,
  );
  #filled = 0;
  /** How much of the window was looked at before. */
  #seen = 0;
  /** The source's offset of the window's first byte, and the line it is on. */
  #base = 0;
  #line = 1;
  #found = new Set<string>();
  #members: Member[] = [];

  /** `onFind` hears of at most 10,000 places. */
  constructor(
    table: PatternTable,
    onFind: (find: Find) => void,
    within: readonly MemberKind[] = [],
    budget: Budget = { members: 0, membersLeft: 0, unpacked: 0 },
  ) {
    this.#table = table;
    this.#onFind = onFind;
    this.#within = within;
    this.#budget = budget;
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const count = Math.min(bytes.length - at, this.#window.length - this.#filled);
      const part = bytes.subarray(at, at + count);
      this.#window.set(part, this.#filled);
      this.#filled += count;
      at += count;
      if (this.#filled === this.#window.length) await this.#look(false);
    }
  }

  async end(): Promise<ScannerReport> {
    await this.#look(true);
    for (const member of this.#members) await member.end();
    const { members, membersLeft, unpacked } = this.#budget;
    return { bytes: this.#base + this.#filled, bytesUnpacked: unpacked, members, membersLeft };
  }

  async #look(isEnd: boolean): Promise<void> {
    // A block or a magic number that is not whole yet waits for the rest.
    const until = isEnd
      ? this.#filled
      : this.#filled - (this.#filled % BLOCK_STEP) - KEPT_BYTES / 2;
    this.#lookForBlocks(until);
    await this.#lookIntoMembers(until);
    if (isEnd) {
      this.#seen = until;
      return;
    }
    const drop = until - KEPT_BYTES / 2;
    this.#line += countLines(this.#window.subarray(0, drop));
    this.#window.copyWithin(0, drop, this.#filled);
    this.#base += drop;
    this.#filled -= drop;
    this.#seen = until - drop;
  }

  #lookForBlocks(until: number): void {
    const { filter, filterMask, seed } = this.#table;
    const words = this.#words;
    const last = Math.min(until - 1, this.#filled - BLOCK_BYTES);
    for (let at = this.#seen; at <= last; at += BLOCK_STEP) {
      const word = at >>> 2;
      const hash = blockHash(
        words[word] as number,
        words[word + 1] as number,
        words[word + 2] as number,
        words[word + 3] as number,
        seed,
      );
      const bit = hash & filterMask;
      if (((filter[bit >>> 5] as number) & (1 << (bit & 31))) !== 0) this.#confirm(hash, at);
    }
  }

  #confirm(hash: number, at: number): void {
    for (const { pattern, offset } of this.#table.placesOf(hash)) {
      const start = at - offset;
      const key = `${pattern.label} ${pattern.encoding} ${this.#base + start}`;
      if (this.#found.has(key) || this.#found.size >= FINDS_MAX) continue;
      if (!this.#holdsStretch(pattern, start, at)) continue;
      this.#found.add(key);
      this.#onFind({
        label: pattern.label,
        encoding: pattern.encoding,
        offset: this.#base + start,
        line: this.#line + countLines(this.#window.subarray(0, Math.max(0, start))),
        within: this.#within,
      });
    }
  }

  /** Whether a stretch of the pattern that touches the block at `at` stands where it should. */
  #holdsStretch(pattern: SecretPattern, start: number, at: number): boolean {
    return pattern.stretches.some(({ start: from, length, hmac }) => {
      const begin = start + from;
      const touches = begin < at + BLOCK_BYTES && begin + length > at;
      if (!touches || begin < 0 || begin + length > this.#filled) return false;
      return stretchHmac(this.#table.key, this.#window.subarray(begin, begin + length)) === hmac;
    });
  }

  /** Opens members that begin in the new part of the window, and gives the new part to those already open. */
  async #lookIntoMembers(until: number): Promise<void> {
    const fresh = this.#window.subarray(this.#seen, until);
    for (const member of this.#members) await member.write(fresh);
    this.#members = this.#members.filter(({ isOpen }) => isOpen);
    const readable = this.#window.subarray(
      0,
      Math.min(this.#filled, until + MEMBER_MAGIC_BYTES - 1),
    );
    for (const { kind, at } of findMembers(readable, this.#seen)) {
      if (at >= until) break;
      if (this.#within.length >= DEPTH_MAX || this.#members.length >= LIVE_MEMBERS_MAX) {
        this.#budget.membersLeft += 1;
        continue;
      }
      const inner = new Scanner(this.#table, this.#onFind, [...this.#within, kind], this.#budget);
      const member = new Member(kind, {
        take: async (bytes) => {
          this.#budget.unpacked += bytes.length;
          if (this.#budget.unpacked > UNPACKED_BYTES_MAX) {
            this.#budget.membersLeft += 1;
            return false;
          }
          await inner.write(bytes);
          return true;
        },
        end: async (hadBytes) => {
          if (!hadBytes) return;
          this.#budget.members += 1;
          await inner.end();
        },
      });
      await member.write(this.#window.subarray(at, until));
      if (member.isOpen) this.#members.push(member);
    }
  }
}

function countLines(bytes: Buffer): number {
  let lines = 0;
  for (let at = bytes.indexOf(NEW_LINE); at >= 0; at = bytes.indexOf(NEW_LINE, at + 1)) lines += 1;
  return lines;
}
