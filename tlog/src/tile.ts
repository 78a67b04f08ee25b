// SPDX-License-Identifier: Apache-2.0
// Tiles and entry bundles as C2SP tlog-tiles serves them: their names, their bytes, which of them a tree has, and the
// tree's hashes read from them.

import { assert, failure, success, type Result } from './bytes.ts';
import { HASH_BYTES } from './cryptography.ts';
import { largestPowerBelow, type LeafRange, type TreeHasher } from './merkle.ts';

export const TILE_WIDTH = 256;
/** The levels of the tree between two levels of tiles. */
export const TILE_HEIGHT = 8;
const LEVEL_MAX = 63;
/** Eight bytes number a leaf, so no index needs more groups of three digits. */
const INDEX_GROUPS_MAX = 7;
export const ENTRY_BYTES_MAX = 0xff_ff;

/** A run of hashes of one level, or the entries under a level 0 run. */
export interface Tile {
  readonly level: number | 'entries';
  readonly index: bigint;
  /** How many of its 256 places are filled. */
  readonly width: number;
}

/**
 * Where tiles lie. Duties: answers what was written last under that path, whole or not, and undefined where nothing
 * was; throws where it cannot know. Callers check what they get.
 */
export interface TileReader {
  read(path: string): Uint8Array | undefined;
}

export function tilePath({ level, index, width }: Tile): string {
  assert(width >= 1 && width <= TILE_WIDTH, `Invariant: a tile holds 1 to 256, not ${width}`);
  const digits = index.toString();
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/g) ?? [];
  const name = groups.map((group, place) => (place < groups.length - 1 ? `x${group}` : group));
  return `tile/${level}/${name.join('/')}${width === TILE_WIDTH ? '' : `.p/${width}`}`;
}

export function parseTilePath(path: string): Result<Tile> {
  const match = /^tile\/(entries|0|[1-9]\d?)\/((?:x\d{3}\/)*\d{3})(?:\.p\/([1-9]\d{0,2}))?$/.exec(
    path,
  );
  const refusal = failure(`expected tile/LEVEL/INDEX with an optional .p/WIDTH, found ${path}`);
  if (match === null) return refusal;
  const [, levelText = '', indexText = '', widthText] = match;
  const groups = indexText.split('/');
  if (groups.length > INDEX_GROUPS_MAX || groups[0] === 'x000') return refusal;
  const level = levelText === 'entries' ? 'entries' : Number(levelText);
  const width = widthText === undefined ? TILE_WIDTH : Number(widthText);
  const isWidthRight = widthText === undefined || width < TILE_WIDTH;
  if ((typeof level === 'number' && level > LEVEL_MAX) || !isWidthRight) return refusal;
  return success({ level, index: BigInt(indexText.replaceAll(/[x/]/g, '')), width });
}

/** How many whole subtrees a tree of `size` leaves has at a level. */
function countAt(level: number, size: bigint): bigint {
  return size >> BigInt(level * TILE_HEIGHT);
}

/** The tile at this place of a tree of `size` leaves, as wide as the tree makes it; undefined where it has none. */
export function tileAt(level: number | 'entries', index: bigint, size: bigint): Tile | undefined {
  const count = countAt(level === 'entries' ? 0 : level, size);
  const before = index * BigInt(TILE_WIDTH);
  if (count <= before) return undefined;
  const width = count - before >= BigInt(TILE_WIDTH) ? TILE_WIDTH : Number(count - before);
  return { level, index, width };
}

/** The levels at which a tree of `size` leaves has a tile. */
export function levelsOf(size: bigint): number {
  let level = 0;
  while (countAt(level, size) > 0n) level += 1;
  return level;
}

/** The rightmost tile of each level that is not full: what an appender has to know to go on. */
export function edgeTiles(size: bigint): readonly Tile[] {
  const tiles: Tile[] = [];
  for (let level = 0; level < levelsOf(size); level += 1) {
    const count = countAt(level, size);
    const tile = tileAt(level, count / BigInt(TILE_WIDTH), size);
    if (tile !== undefined) tiles.push(tile);
  }
  return tiles;
}

/** Every tile and bundle of a tree of `size` leaves, bundles first, then level by level. */
export function* tilesOf(size: bigint): Generator<Tile> {
  const levels = [
    'entries' as const,
    ...Array.from({ length: levelsOf(size) }, (_, level) => level),
  ];
  for (const level of levels) {
    for (let index = 0n; ; index += 1n) {
      const tile = tileAt(level, index, size);
      if (tile === undefined) break;
      yield tile;
    }
  }
}

// ---- Entry bundles ----

export function toEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  const bundle = new Uint8Array(entries.reduce((length, entry) => length + 2 + entry.length, 0));
  let offset = 0;
  for (const entry of entries) {
    assert(entry.length <= ENTRY_BYTES_MAX, `Invariant: an entry fits its length field`);
    bundle[offset] = entry.length >> 8;
    bundle[offset + 1] = entry.length & 0xff;
    bundle.set(entry, offset + 2);
    offset += 2 + entry.length;
  }
  return bundle;
}

/** The entries of a bundle and, where it is damaged, what is wrong after them. */
export function readEntryBundle(bundle: Uint8Array): {
  readonly entries: readonly Uint8Array[];
  readonly fault: string | undefined;
} {
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (offset < bundle.length) {
    const high = bundle[offset];
    const low = bundle[offset + 1];
    if (high === undefined || low === undefined) {
      return { entries, fault: `ends within the length of entry ${entries.length}` };
    }
    const end = offset + 2 + high * 256 + low;
    if (end > bundle.length) {
      return { entries, fault: `ends ${end - bundle.length} bytes before entry ${entries.length}` };
    }
    entries.push(bundle.subarray(offset + 2, end));
    offset = end;
  }
  return { entries, fault: undefined };
}

/** The entries of a bundle that must hold exactly `width`. */
export function parseEntryBundle(bundle: Uint8Array, width: number): Result<readonly Uint8Array[]> {
  const { entries, fault } = readEntryBundle(bundle);
  if (fault !== undefined) return failure(`the bundle ${fault}`);
  if (entries.length !== width) {
    return failure(`the bundle must hold ${width} entries, held ${entries.length}`);
  }
  return success(entries);
}

// ---- Hashes from tiles ----

/**
 * Reads a tile: the resource of its own width, or the full one in its place, whose first hashes are the same; partial
 * tiles may be taken away once the full one is there.
 */
export function readTile(reader: TileReader, tile: Tile): Result<Uint8Array> {
  const path = tilePath(tile);
  const bytes = reader.read(path);
  if (bytes !== undefined) {
    return isRightLength(tile, bytes) ? success(bytes) : failure(lengthFault(path, tile, bytes));
  }
  if (tile.width === TILE_WIDTH) return failure(`${path} is missing`);
  const fullTile = { ...tile, width: TILE_WIDTH };
  const full = reader.read(tilePath(fullTile));
  if (full === undefined) return failure(`${path} is missing`);
  if (tile.level !== 'entries') {
    return isRightLength(fullTile, full)
      ? success(full.subarray(0, tile.width * HASH_BYTES))
      : failure(lengthFault(tilePath(fullTile), fullTile, full));
  }
  const entries = parseEntryBundle(full, TILE_WIDTH);
  if (!entries.ok) return failure(`${tilePath(fullTile)}: ${entries.reason}`);
  return success(toEntryBundle(entries.value.slice(0, tile.width)));
}

function isRightLength(tile: Tile, bytes: Uint8Array): boolean {
  return tile.level === 'entries' || bytes.length === tile.width * HASH_BYTES;
}

function lengthFault(path: string, tile: Tile, bytes: Uint8Array): string {
  return `${path} must have ${tile.width * HASH_BYTES} bytes, had ${bytes.length}`;
}

export function hashesOf(tile: Uint8Array): readonly Uint8Array[] {
  return Array.from({ length: tile.length / HASH_BYTES }, (_, place) =>
    tile.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES),
  );
}

/** The hash over consecutive hashes, split as a tree of that many leaves. */
export function foldHashes(hasher: TreeHasher, hashes: readonly Uint8Array[]): Uint8Array {
  const [first] = hashes;
  if (first === undefined) return hasher.empty;
  if (hashes.length === 1) return first;
  const middle = Number(largestPowerBelow(BigInt(hashes.length)));
  return hasher.node(
    foldHashes(hasher, hashes.slice(0, middle)),
    foldHashes(hasher, hashes.slice(middle)),
  );
}

/** A whole subtree of 2^height leaves. */
interface WholeSubtree {
  readonly height: number;
  /** Counted in subtrees of that height. */
  readonly index: bigint;
}

/** A range as whole subtrees, largest and leftmost first. */
function wholeSubtrees({ start, end }: LeafRange): readonly WholeSubtree[] {
  const parts: WholeSubtree[] = [];
  for (let at = start; at < end;) {
    let height = 0;
    while (at % (2n << BigInt(height)) === 0n && at + (2n << BigInt(height)) <= end) height += 1;
    parts.push({ height, index: at >> BigInt(height) });
    at += 1n << BigInt(height);
  }
  return parts;
}

function tileOf(
  { height, index }: WholeSubtree,
  size: bigint,
): { tile: Tile; from: number; count: number } {
  const level = Math.floor(height / TILE_HEIGHT);
  const depth = height % TILE_HEIGHT;
  const place = index << BigInt(depth);
  const tile = tileAt(level, place / BigInt(TILE_WIDTH), size);
  assert(tile !== undefined, `Invariant: a tree of ${size} has the tile of what it contains`);
  return { tile, from: Number(place % BigInt(TILE_WIDTH)), count: 2 ** depth };
}

/** The tiles of a tree of `size` leaves that the hashes of these ranges are read from. */
export function tilesForRanges(ranges: readonly LeafRange[], size: bigint): readonly Tile[] {
  const tiles = new Map<string, Tile>();
  for (const part of ranges.flatMap(wholeSubtrees)) {
    const { tile } = tileOf(part, size);
    tiles.set(tilePath(tile), tile);
  }
  return [...tiles.values()];
}

/** The hashes of ranges, each a subtree of the tree of `size` leaves, read from its tiles. */
export function hashRanges(
  hasher: TreeHasher,
  reader: TileReader,
  ranges: readonly LeafRange[],
  size: bigint,
): Result<readonly Uint8Array[]> {
  const tiles = new Map<string, readonly Uint8Array[]>();
  for (const tile of tilesForRanges(ranges, size)) {
    const bytes = readTile(reader, tile);
    if (!bytes.ok) return bytes;
    tiles.set(tilePath(tile), hashesOf(bytes.value));
  }
  return success(
    ranges.map((range) => {
      const parts = wholeSubtrees(range).map((part) => {
        const { tile, from, count } = tileOf(part, size);
        const hashes = tiles.get(tilePath(tile)) ?? [];
        return foldHashes(hasher, hashes.slice(from, from + count));
      });
      return foldRight(hasher, parts);
    }),
  );
}

/** Whole subtrees from large to small are joined from the right, as RFC 6962 splits. */
export function foldRight(hasher: TreeHasher, parts: readonly Uint8Array[]): Uint8Array {
  const last = parts.at(-1);
  if (last === undefined) return hasher.empty;
  return parts.slice(0, -1).reduceRight((right, left) => hasher.node(left, right), last);
}
