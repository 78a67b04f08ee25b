// SPDX-License-Identifier: Apache-2.0
// The auditor: reads a whole log, computes everything anew and says where it is not what was signed, by index. It
// keeps the right edge in memory only.

import { assert, equalBytes } from './bytes.ts';
import type { TreeHasher } from './merkle.ts';
import type { Tree } from './prove.ts';
import {
  hashesOf,
  readEntryBundle,
  readTile,
  tileAt,
  tilePath,
  TILE_HEIGHT,
  TILE_WIDTH,
  type Tile,
  type TileReader,
} from './tile.ts';
import { edgeRoot, pushLeaf, type TreeEdge } from './tree-edge.ts';

/** A log that is rotten from one place on would otherwise give a problem for each entry. */
const PROBLEMS_MAX = 100;

export interface AuditProblem {
  /** The entries it is about: the first, and the one after the last. */
  readonly start: bigint;
  readonly end: bigint;
  readonly message: string;
}

export interface AuditReport {
  readonly isSound: boolean;
  readonly entries: bigint;
  readonly problems: readonly AuditProblem[];
}

export interface AuditOptions {
  /** Trees that were signed on the way; each is looked for, which narrows down where a change begins. */
  readonly earlier?: readonly Tree[];
  /** What is wrong with an entry by its content, if anything. */
  readonly judgeEntry?: (entry: Uint8Array, index: bigint) => string | undefined;
}

/** Checks every entry, every tile and the root of a log of this size. */
export function auditLog(
  hasher: TreeHasher,
  reader: TileReader,
  tree: Tree,
  { earlier = [], judgeEntry }: AuditOptions = {},
): AuditReport {
  const problems: AuditProblem[] = [];
  const report = (start: bigint, end: bigint, message: string): void => {
    if (problems.length < PROBLEMS_MAX) problems.push({ start, end, message });
  };
  const edge: TreeEdge = { size: 0n, peaks: [] };
  const signed = [...earlier, tree].toSorted(
    (one, other) => Number(one.size > other.size) - Number(one.size < other.size),
  );
  let soundSize = 0n;
  let nextSigned = 0;
  /** Compares the roots of all trees that end here; a tree that is wrong says since when. */
  const compareRoots = (): void => {
    for (let known = signed[nextSigned]; known?.size === edge.size; known = signed[nextSigned]) {
      nextSigned += 1;
      if (equalBytes(known.root, edgeRoot(hasher, edge))) soundSize = known.size;
      else report(soundSize, known.size, `the tree of ${known.size} entries has another root`);
    }
  };
  for (const known of earlier) {
    if (known.size > tree.size) {
      report(tree.size, known.size, `${known.size} entries were signed before, now ${tree.size}`);
    }
  }
  const compareTile = upperTiles(reader, tree.size, report);

  compareRoots();
  for (let index = 0n; ; index += 1n) {
    const bundle = tileAt('entries', index, tree.size);
    if (bundle === undefined) break;
    const leaves = auditBundle(bundle);
    if (leaves === undefined) break;
    for (const leaf of leaves) {
      pushLeaf(hasher, edge, leaf, compareTile);
      compareRoots();
    }
  }
  return { isSound: problems.length === 0, entries: edge.size, problems };

  /** The leaves to go on with: those of the tile, so that a wrong entry is one problem; undefined without any. */
  function auditBundle(bundle: Tile): readonly Uint8Array[] | undefined {
    const start = bundle.index * BigInt(TILE_WIDTH);
    const end = start + BigInt(bundle.width);
    const leafTile: Tile = { ...bundle, level: 0 };
    const leafBytes = readTile(reader, leafTile);
    if (!leafBytes.ok) report(start, end, leafBytes.reason);
    const stored = leafBytes.ok ? hashesOf(leafBytes.value) : undefined;
    const bytes = readTile(reader, bundle);
    if (!bytes.ok) {
      report(start, end, bytes.reason);
      return stored;
    }
    const { entries, fault } = readEntryBundle(bytes.value);
    const computed: Uint8Array[] = [];
    for (const [place, entry] of entries.slice(0, bundle.width).entries()) {
      const index = start + BigInt(place);
      const leaf = hasher.leaf(entry);
      computed.push(leaf);
      if (stored !== undefined && !equalBytes(leaf, stored[place] ?? hasher.empty)) {
        report(index, index + 1n, `entry ${index} is not the one ${tilePath(leafTile)} has`);
        continue;
      }
      const judgement = judgeEntry?.(entry, index);
      if (judgement !== undefined) report(index, index + 1n, `entry ${index}: ${judgement}`);
    }
    const found = BigInt(entries.length);
    if (fault !== undefined) {
      report(start + found, end, `${tilePath(bundle)} ${fault}`);
    } else if (entries.length < bundle.width) {
      report(start + found, end, `${tilePath(bundle)} holds ${found} entries, not ${bundle.width}`);
    } else if (entries.length > bundle.width) {
      report(end, end + 1n, `${tilePath(bundle)} holds ${found} entries, not ${bundle.width}`);
    }
    return stored ?? (computed.length === bundle.width ? computed : undefined);
  }
}

/** Compares each hash that belongs into a tile above the leaves with the one that is there. */
function upperTiles(
  reader: TileReader,
  size: bigint,
  report: (start: bigint, end: bigint, message: string) => void,
): (level: number, index: bigint, hash: Uint8Array) => void {
  /** The tile read last at each level; its hashes are asked for in order. */
  const open: { readonly index: bigint; readonly hashes: readonly Uint8Array[] }[] = [];
  const hashesAt = (level: number, index: bigint): readonly Uint8Array[] => {
    const before = open[level];
    if (before?.index === index) return before.hashes;
    const tile = tileAt(level, index, size);
    assert(tile !== undefined, `Invariant: a tree of ${size} has a tile for each hash it gives`);
    const bytes = readTile(reader, tile);
    if (!bytes.ok) {
      const start = (index * BigInt(TILE_WIDTH)) << BigInt(level * TILE_HEIGHT);
      report(start, start + (BigInt(tile.width) << BigInt(level * TILE_HEIGHT)), bytes.reason);
    }
    const hashes = bytes.ok ? hashesOf(bytes.value) : [];
    open[level] = { index, hashes };
    return hashes;
  };
  return (level, index, hash) => {
    if (level === 0) return;
    const stored = hashesAt(level, index / BigInt(TILE_WIDTH))[Number(index % BigInt(TILE_WIDTH))];
    if (stored === undefined || equalBytes(stored, hash)) return;
    const start = index << BigInt(level * TILE_HEIGHT);
    const end = (index + 1n) << BigInt(level * TILE_HEIGHT);
    report(
      start,
      end,
      `the tile of level ${level} has another hash for entries ${start} to ${end - 1n}`,
    );
  };
}
