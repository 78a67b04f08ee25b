// SPDX-License-Identifier: Apache-2.0
// Grows a log. It keeps the right edge of the tree only, so its memory does not depend on the log's size, and says
// which tiles and bundles have to be written. It writes none itself.

import { concatBytes, equalBytes, failure, success, type Result } from './bytes.ts';
import { type TreeHasher } from './merkle.ts';
import {
  edgeTiles,
  ENTRY_BYTES_MAX,
  foldHashes,
  hashesOf,
  parseEntryBundle,
  readTile,
  tileAt,
  tilePath,
  TILE_HEIGHT,
  TILE_WIDTH,
  toEntryBundle,
  type Tile,
  type TileReader,
} from './tile.ts';
import { edgeRoot, pushLeaf, type Peak, type TreeEdge } from './tree-edge.ts';

/** A writer that never asks for its resources must not fill the memory: 256 full bundles. */
const PENDING_ENTRIES_MAX = 65_536;

export interface Resource {
  readonly path: string;
  readonly bytes: Uint8Array;
}

export interface Appender {
  readonly size: () => bigint;
  readonly root: () => Uint8Array;
  /** Puts an entry at the end; the value is its index. */
  readonly append: (entry: Uint8Array) => Result<bigint>;
  /**
   * What has to be durable before a checkpoint of the present size is signed, in the order to write it; asking again
   * gives only what has changed since. Written again after a crash, each resource has the same bytes.
   */
  readonly takeResources: () => readonly Resource[];
}

interface Edge extends TreeEdge {
  /** The entries of the bundle that is not full. */
  entries: Uint8Array[];
  /** The hashes of each level's tile that is not full. */
  readonly levels: Uint8Array[][];
}

export function createAppender(hasher: TreeHasher): Appender {
  return appenderOf(hasher, { size: 0n, entries: [], levels: [], peaks: [] });
}

/** Goes on where a checkpoint stands: reads the right edge and checks that it has the checkpoint's root. */
export function restoreAppender(
  hasher: TreeHasher,
  reader: TileReader,
  { size, root }: { readonly size: bigint; readonly root: Uint8Array },
): Result<Appender> {
  const edge: Edge = { size, entries: [], levels: [], peaks: [] };
  for (const tile of edgeTiles(size)) {
    const bytes = readTile(reader, tile);
    if (!bytes.ok) return bytes;
    const level = Number(tile.level);
    while (edge.levels.length < level) edge.levels.push([]);
    edge.levels[level] = [...hashesOf(bytes.value)];
  }
  for (let level = edge.levels.length - 1; level >= 0; level -= 1) {
    edge.peaks.push(...peaksOf(hasher, level, edge.levels[level] ?? []));
  }
  if (!equalBytes(edgeRoot(hasher, edge), root)) {
    return failure(`the tiles at the end of ${size} entries do not have the checkpoint's root`);
  }
  const bundle = tileAt('entries', size / BigInt(TILE_WIDTH), size);
  if (bundle !== undefined) {
    const entries = readEdgeBundle(hasher, reader, bundle, edge.levels[0] ?? []);
    if (!entries.ok) return entries;
    edge.entries = [...entries.value];
  }
  return success(appenderOf(hasher, edge));
}

function readEdgeBundle(
  hasher: TreeHasher,
  reader: TileReader,
  bundle: Tile,
  leaves: readonly Uint8Array[],
): Result<readonly Uint8Array[]> {
  const bytes = readTile(reader, bundle);
  if (!bytes.ok) return bytes;
  const entries = parseEntryBundle(bytes.value, bundle.width);
  if (!entries.ok) return failure(`${tilePath(bundle)}: ${entries.reason}`);
  const wrong = entries.value.findIndex(
    (entry, place) => !equalBytes(hasher.leaf(entry), leaves[place] ?? hasher.empty),
  );
  if (wrong === -1) return entries;
  const index = bundle.index * BigInt(TILE_WIDTH) + BigInt(wrong);
  return failure(`entry ${index} is not the one the tree was made of`);
}

/** A level's hashes as whole subtrees: one for each bit of their number. */
function peaksOf(hasher: TreeHasher, level: number, hashes: readonly Uint8Array[]): Peak[] {
  const peaks: Peak[] = [];
  let offset = 0;
  for (let bit = TILE_HEIGHT - 1; bit >= 0; bit -= 1) {
    const count = 2 ** bit;
    if ((hashes.length & count) === 0) continue;
    const hash = foldHashes(hasher, hashes.slice(offset, offset + count));
    peaks.push({ height: level * TILE_HEIGHT + bit, hash });
    offset += count;
  }
  return peaks;
}

function appenderOf(hasher: TreeHasher, edge: Edge): Appender {
  let full: Resource[] = [];
  let pending = 0;
  const takenWidths = new Map<string, number>();
  for (const tile of edgeTiles(edge.size)) takenWidths.set(placeOf(tile), tile.width);
  if (edge.entries.length > 0) {
    takenWidths.set(
      placeOf({ level: 'entries', index: edge.size / BigInt(TILE_WIDTH), width: 1 }),
      edge.entries.length,
    );
  }

  const finish = (tile: Tile, bytes: Uint8Array): void => {
    full.push({ path: tilePath(tile), bytes });
    takenWidths.delete(placeOf(tile));
  };
  const pushHash = (level: number, index: bigint, hash: Uint8Array): void => {
    const hashes = (edge.levels[level] ??= []);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    finish({ level, index: index / BigInt(TILE_WIDTH), width: TILE_WIDTH }, concatBytes(...hashes));
    edge.levels[level] = [];
  };

  return {
    size: () => edge.size,
    root: () => edgeRoot(hasher, edge),
    append: (entry) => {
      if (entry.length > ENTRY_BYTES_MAX) {
        return failure(`an entry must have at most ${ENTRY_BYTES_MAX} bytes, had ${entry.length}`);
      }
      if (pending >= PENDING_ENTRIES_MAX) {
        return failure(`${pending} entries wait to be written; no more are taken before`);
      }
      pending += 1;
      const index = edge.size;
      edge.entries.push(new Uint8Array(entry));
      if (edge.entries.length === TILE_WIDTH) {
        finish(
          { level: 'entries', index: index / BigInt(TILE_WIDTH), width: TILE_WIDTH },
          toEntryBundle(edge.entries),
        );
        edge.entries = [];
      }
      pushLeaf(hasher, edge, hasher.leaf(entry), pushHash);
      return success(index);
    },
    takeResources: () => {
      const resources = full;
      full = [];
      pending = 0;
      const partial: (readonly [Tile, () => Uint8Array])[] = [];
      const bundle = tileAt('entries', edge.size / BigInt(TILE_WIDTH), edge.size);
      if (bundle !== undefined) partial.push([bundle, () => toEntryBundle(edge.entries)]);
      for (const tile of edgeTiles(edge.size)) {
        partial.push([tile, () => concatBytes(...(edge.levels[Number(tile.level)] ?? []))]);
      }
      for (const [tile, bytes] of partial) {
        if (takenWidths.get(placeOf(tile)) === tile.width) continue;
        takenWidths.set(placeOf(tile), tile.width);
        resources.push({ path: tilePath(tile), bytes: bytes() });
      }
      return resources;
    },
  };
}

function placeOf({ level, index }: Tile): string {
  return `${level}/${index}`;
}
