// SPDX-License-Identifier: Apache-2.0
// Compressed members that lie anywhere in a stream of bytes.

import { once } from 'node:events';
import type { Transform } from 'node:stream';
import { createInflateRaw, createZstdDecompress } from 'node:zlib';

export type MemberKind = 'gzip' | 'zstd';

/** RFC 1952, with deflate as the only method there is; RFC 8878. */
const MAGIC: readonly (readonly [kind: MemberKind, bytes: Buffer])[] = [
  ['gzip', Buffer.from([0x1f, 0x8b, 0x08])],
  ['zstd', Buffer.from([0x28, 0xb5, 0x2f, 0xfd])],
];
export const MEMBER_MAGIC_BYTES = 4;

/** Where members may begin in `bytes` from `from` on, in order. */
export function findMembers(
  bytes: Buffer,
  from: number,
): readonly { readonly kind: MemberKind; readonly at: number }[] {
  const found: { kind: MemberKind; at: number }[] = [];
  for (const [kind, magic] of MAGIC) {
    for (let at = bytes.indexOf(magic, from); at >= 0; at = bytes.indexOf(magic, at + 1))
      found.push({ kind, at });
  }
  return found.toSorted((a, b) => a.at - b.at);
}

/** Longer headers have a name or comment that no packer writes. */
const HEADER_BYTES_MAX = 4_096;
const HEADER_FIXED_BYTES = 10;
const FLAG_CHECKSUM = 2;
const FLAG_EXTRA = 4;
/** A file's name and a comment; each ends with a zero. */
const FLAGS_OF_TEXTS = [8, 16];

/**
 * The length of the gzip header that `bytes` begin with (RFC 1952 §2.3); null while it is not whole. Node's own reader
 * of gzip loses what it has read when something follows the member.
 */
function gzipHeaderLength(bytes: Buffer): number | null {
  const flags = bytes[3] ?? 0;
  let length = HEADER_FIXED_BYTES;
  if ((flags & FLAG_EXTRA) !== 0) {
    if (bytes.length < length + 2) return null;
    length += 2 + bytes.readUInt16LE(length);
  }
  for (const flag of FLAGS_OF_TEXTS) {
    if ((flags & flag) === 0) continue;
    const end = bytes.indexOf(0, length);
    if (end < 0) return null;
    length = end + 1;
  }
  if ((flags & FLAG_CHECKSUM) !== 0) length += 2;
  return bytes.length < length ? null : length;
}

export interface MemberSink {
  /** Takes what came out; false for no more. */
  readonly take: (bytes: Buffer) => Promise<boolean>;
  /** The member is over, or was none. */
  readonly end: (hadBytes: boolean) => Promise<void>;
}

/** A member that is given what follows its first byte, however much that is: it knows its end. */
export class Member {
  isOpen = true;
  /** What came of a gzip header that is not whole; null once it is, and for zstd. */
  #header: Buffer | null;
  readonly #stream: Transform;
  readonly #done: Promise<void>;

  constructor(kind: MemberKind, sink: MemberSink) {
    this.#header = kind === 'gzip' ? Buffer.alloc(0) : null;
    this.#stream = kind === 'gzip' ? createInflateRaw() : createZstdDecompress();
    this.#done = this.#drain(sink);
  }

  async write(bytes: Uint8Array): Promise<void> {
    const body = this.#bodyOf(bytes);
    if (body === null || !this.isOpen || this.#stream.write(body)) return;
    const drained = once(this.#stream, 'drain').catch(() => undefined);
    await Promise.race([drained, this.#done]);
  }

  async end(): Promise<void> {
    if (this.isOpen) this.#stream.end();
    await this.#done;
  }

  /** What of `bytes` comes after the header, in memory of its own; null for nothing yet. */
  #bodyOf(bytes: Uint8Array): Buffer | null {
    if (this.#header === null) return Buffer.from(bytes);
    const header = Buffer.concat([this.#header, bytes]);
    const length = gzipHeaderLength(header);
    if (length === null) {
      this.#header = header;
      if (header.length > HEADER_BYTES_MAX) this.#stream.destroy();
      return null;
    }
    this.#header = null;
    return header.subarray(length);
  }

  async #drain(sink: MemberSink): Promise<void> {
    let hadBytes = false;
    try {
      for await (const bytes of this.#stream) {
        hadBytes = true;
        if (!(await sink.take(bytes as Buffer))) break;
      }
    } catch {
      // Not a member after all, or cut off: what came out so far was looked at.
    }
    this.isOpen = false;
    this.#stream.destroy();
    await sink.end(hadBytes);
  }
}
