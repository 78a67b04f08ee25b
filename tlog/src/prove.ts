// SPDX-License-Identifier: Apache-2.0
// Makes proofs from tiles. Each proof is verified against the root before it is given away: a damaged tile makes no
// proof, and never a wrong one.

import { failure, success, type Result } from './bytes.ts';
import {
  consistencyRanges,
  inclusionRanges,
  verifyConsistency,
  verifyInclusion,
  type LeafRange,
  type TreeHasher,
} from './merkle.ts';
import {
  hashRanges,
  parseEntryBundle,
  readTile,
  tileAt,
  tilesForRanges,
  TILE_WIDTH,
  type Tile,
  type TileReader,
} from './tile.ts';

export interface Tree {
  readonly size: bigint;
  readonly root: Uint8Array;
}

export interface InclusionProof {
  readonly index: bigint;
  readonly leaf: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** The tiles that `proveInclusion` reads: who fetches them one by one fetches these first. */
export function tilesForInclusion(index: bigint, size: bigint): readonly Tile[] {
  return tilesForRanges([leafAt(index), ...inclusionRanges(index, size)], size);
}

/** The tiles that `proveConsistency` reads from the newer tree. */
export function tilesForConsistency(olderSize: bigint, newerSize: bigint): readonly Tile[] {
  const older = { start: 0n, end: olderSize };
  return tilesForRanges([older, ...consistencyRanges(older, newerSize)], newerSize);
}

export function proveInclusion(
  hasher: TreeHasher,
  reader: TileReader,
  index: bigint,
  { size, root }: Tree,
): Result<InclusionProof> {
  if (index < 0n || index >= size) {
    return failure(`index must be below the size of the tree, ${size}, was ${index}`);
  }
  const ranges = [leafAt(index), ...inclusionRanges(index, size)];
  const hashes = hashRanges(hasher, reader, ranges, size);
  if (!hashes.ok) return hashes;
  const [leaf = hasher.empty, ...proof] = hashes.value;
  const verdict = verifyInclusion(hasher, { index, size, leaf, proof, root });
  return verdict.ok
    ? success({ index, leaf, proof })
    : failure(`the tiles do not belong to the tree of ${size} entries: ${verdict.reason}`);
}

/** The older tree's root as the newer tree has it, and the proof of it. */
export function proveConsistency(
  hasher: TreeHasher,
  reader: TileReader,
  olderSize: bigint,
  newer: Tree,
): Result<{ readonly olderRoot: Uint8Array; readonly proof: readonly Uint8Array[] }> {
  if (olderSize < 1n || olderSize > newer.size) {
    return failure(`the older size must be 1 to ${newer.size}, was ${olderSize}`);
  }
  const older = { start: 0n, end: olderSize };
  const ranges = [older, ...consistencyRanges(older, newer.size)];
  const hashes = hashRanges(hasher, reader, ranges, newer.size);
  if (!hashes.ok) return hashes;
  const [olderRoot = hasher.empty, ...proof] = hashes.value;
  const verdict = verifyConsistency(hasher, {
    olderSize,
    newerSize: newer.size,
    olderRoot,
    newerRoot: newer.root,
    proof,
  });
  return verdict.ok
    ? success({ olderRoot, proof })
    : failure(`the tiles do not belong to the tree of ${newer.size} entries: ${verdict.reason}`);
}

/** The root that tiles give for a tree of `size` leaves; of who wrote the tiles it says nothing. */
export function rootFromTiles(
  hasher: TreeHasher,
  reader: TileReader,
  size: bigint,
): Result<Uint8Array> {
  const hashes = hashRanges(hasher, reader, [{ start: 0n, end: size }], size);
  return hashes.ok ? success(hashes.value[0] ?? hasher.empty) : hashes;
}

/** The bytes of one entry; compare their leaf hash with a proof's. */
export function readEntry(reader: TileReader, index: bigint, size: bigint): Result<Uint8Array> {
  const tile = tileAt('entries', index / BigInt(TILE_WIDTH), size);
  if (index < 0n || index >= size || tile === undefined) {
    return failure(`index must be below the size of the tree, ${size}, was ${index}`);
  }
  const bytes = readTile(reader, tile);
  if (!bytes.ok) return bytes;
  const entries = parseEntryBundle(bytes.value, tile.width);
  if (!entries.ok) return entries;
  const entry = entries.value[Number(index % BigInt(TILE_WIDTH))];
  return entry === undefined ? failure(`the bundle lacks entry ${index}`) : success(entry);
}

function leafAt(index: bigint): LeafRange {
  return { start: index, end: index + 1n };
}
