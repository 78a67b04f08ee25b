// SPDX-License-Identifier: Apache-2.0
// Logs of the tests: tiles in memory, written by the appender, and the tree of RFC 6962 as the RFC defines it, against
// which everything else is held.

import {
  createAppender,
  restoreAppender,
  signCheckpoint,
  toCheckpointText,
  toNote,
  treeHasher,
  type Appender,
  type Resource,
  type TileReader,
  type Tree,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { valueOf, type TestSigner } from './keys.ts';

export const hasher = treeHasher(nodeCryptography);

/** Files that live as long as the test. */
export class MemoryTiles implements TileReader {
  readonly files = new Map<string, Uint8Array>();

  read(path: string): Uint8Array | undefined {
    return this.files.get(path);
  }

  write(resources: readonly Resource[]): void {
    for (const { path, bytes } of resources) this.files.set(path, bytes);
  }

  copy(): MemoryTiles {
    const copy = new MemoryTiles();
    for (const [path, bytes] of this.files) copy.files.set(path, bytes.slice());
    return copy;
  }
}

/** MTH(D[n]) of RFC 6962, section 2.1, word by word. */
export function plainRoot(entries: readonly Uint8Array[]): Uint8Array {
  const [first] = entries;
  if (first === undefined) return nodeCryptography.sha256(new Uint8Array(0));
  if (entries.length === 1) return nodeCryptography.sha256(Buffer.concat([Buffer.of(0), first]));
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return nodeCryptography.sha256(
    Buffer.concat([
      Buffer.of(1),
      plainRoot(entries.slice(0, split)),
      plainRoot(entries.slice(split)),
    ]),
  );
}

/** PATH(m, D[n]) of RFC 6962, section 2.1.1. */
export function plainPath(index: number, entries: readonly Uint8Array[]): Uint8Array[] {
  if (entries.length <= 1) return [];
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return index < split
    ? [...plainPath(index, entries.slice(0, split)), plainRoot(entries.slice(split))]
    : [...plainPath(index - split, entries.slice(split)), plainRoot(entries.slice(0, split))];
}

/** SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2. */
export function plainConsistency(
  older: number,
  entries: readonly Uint8Array[],
  isKnown = true,
): Uint8Array[] {
  if (older === entries.length) return isKnown ? [] : [plainRoot(entries)];
  let split = 1;
  while (split * 2 < entries.length) split *= 2;
  return older <= split
    ? [
        ...plainConsistency(older, entries.slice(0, split), isKnown),
        plainRoot(entries.slice(split)),
      ]
    : [
        ...plainConsistency(older - split, entries.slice(split), false),
        plainRoot(entries.slice(0, split)),
      ];
}

export function entriesOf(count: number, from = 0): Uint8Array[] {
  return Array.from({ length: count }, (_, place) => Buffer.from(`entry ${from + place}`));
}

export function append(appender: Appender, entries: readonly Uint8Array[]): void {
  for (const entry of entries) valueOf(appender.append(entry));
}

export interface TestLog {
  readonly tiles: MemoryTiles;
  readonly tree: Tree;
}

/** A log of these entries, with the tiles of every size that a step ends at. */
export function logOf(entries: readonly Uint8Array[], step = 1000): TestLog {
  const tiles = new MemoryTiles();
  const appender = createAppender(hasher);
  for (let from = 0; from < entries.length; from += step) {
    append(appender, entries.slice(from, from + step));
    tiles.write(appender.takeResources());
  }
  return { tiles, tree: { size: appender.size(), root: appender.root() } };
}

export function restored({ tiles, tree }: TestLog): Appender {
  return valueOf(restoreAppender(hasher, tiles, tree));
}

/** A checkpoint of a tree, signed by its log. */
export function signedCheckpoint(
  { key, sign }: TestSigner,
  { size, root }: Tree,
  timeSeconds = 0n,
): Uint8Array {
  const text = toCheckpointText({ origin: key.name, size, root, extensions: [] });
  return toNote({ text, signatures: [valueOf(signCheckpoint(text, key, sign, timeSeconds))] });
}
