// SPDX-License-Identifier: Apache-2.0
// Names and bytes of tiles and bundles, what a tree of a size has of them, and proofs made from them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { toHex } from '../src/bytes.ts';
import {
  edgeTiles,
  hashRanges,
  inclusionRanges,
  parseEntryBundle,
  parseTilePath,
  proveConsistency,
  proveInclusion,
  readEntry,
  readTile,
  rootFromTiles,
  tilePath,
  tilesForConsistency,
  tilesForInclusion,
  tilesOf,
  toEntryBundle,
  type Tile,
  type TileReader,
  verifyConsistency,
  verifyInclusion,
} from '../src/index.ts';
import { entriesOf, hasher, logOf, MemoryTiles, plainRoot } from './log.ts';
import { reasonOf, valueOf } from './keys.ts';

const SEED = 20261122;

const PATHS: readonly (readonly [Tile, string])[] = [
  [{ level: 0, index: 0n, width: 256 }, 'tile/0/000'],
  [{ level: 0, index: 1234067n, width: 256 }, 'tile/0/x001/x234/067'],
  [{ level: 63, index: 999n, width: 1 }, 'tile/63/999.p/1'],
  [{ level: 'entries', index: 1000n, width: 255 }, 'tile/entries/x001/000.p/255'],
];

test('[H10] tiles are called as tlog-tiles says', () => {
  for (const [tile, path] of PATHS) {
    assert.equal(tilePath(tile), path);
    assert.deepEqual(valueOf(parseTilePath(path)), tile);
  }
});

test('[H10] a path that is not the one name of a tile is refused', () => {
  const wrong = [
    'tile/0/0',
    'tile/00/000',
    'tile/64/000',
    'tile/-1/000',
    'tile/0/x000/001',
    'tile/0/001/002',
    'tile/0/x001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000.p/07',
    'tile/0/000.p/',
    'tile/0/000/',
    '/tile/0/000',
    'tile/data/000',
    'tile/0/../000',
    'tile/0/000\n',
    `tile/0/${'x001/'.repeat(7)}001`,
  ];
  for (const path of wrong) assert.match(reasonOf(parseTilePath(path)), /expected tile/, path);
});

test('[H10] every tile has a path and every path gives the tile back', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.constant('entries' as const), fc.nat(63)),
      fc.bigInt(0n, (1n << 56n) - 1n),
      fc.integer({ min: 1, max: 256 }),
      (level, index, width) => {
        assert.deepEqual(valueOf(parseTilePath(tilePath({ level, index, width }))), {
          level,
          index,
          width,
        });
      },
    ),
    { seed: SEED },
  );
});

test('[H12] a tree of 70,000 has 273 full tiles and the partial ones of the specification', () => {
  const names = [...tilesOf(70_000n)].map(tilePath);
  const hashTiles = names.filter((name) => !name.includes('entries'));
  assert.equal(hashTiles.filter((name) => /^tile\/0\/[^.]*$/.test(name)).length, 273);
  assert.deepEqual(
    hashTiles.filter((name) => !/^tile\/0\/[^.]*$/.test(name)),
    ['tile/0/273.p/112', 'tile/1/000', 'tile/1/001.p/17', 'tile/2/000.p/1'],
  );
  assert.equal(names.filter((name) => name.includes('entries')).length, 274);
  assert.deepEqual([...tilesOf(256n)].map(tilePath), [
    'tile/entries/000',
    'tile/0/000',
    'tile/1/000.p/1',
  ]);
  assert.deepEqual([...tilesOf(0n)], []);
  assert.deepEqual(edgeTiles(70_000n).map(tilePath), [
    'tile/0/273.p/112',
    'tile/1/001.p/17',
    'tile/2/000.p/1',
  ]);
});

test('[H11] a bundle gives back its entries and nothing else', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 600 }), { maxLength: 20 }), (entries) => {
      const bundle = toEntryBundle(entries);
      const read = valueOf(parseEntryBundle(bundle, entries.length));
      assert.deepEqual(
        read.map((entry) => [...entry]),
        entries.map((entry) => [...entry]),
      );
      assert.ok(!parseEntryBundle(bundle, entries.length + 1).ok);
      assert.ok(!parseEntryBundle(Buffer.concat([bundle, Buffer.of(0)]), entries.length).ok);
      if (bundle.length > 0) {
        assert.ok(!parseEntryBundle(bundle.subarray(0, -1), entries.length).ok);
      }
    }),
    { seed: SEED },
  );
});

test('[H13] a partial tile that was taken away is read from the full one', () => {
  const { tiles } = logOf(entriesOf(256));
  const leaf = { level: 0, index: 0n, width: 3 };
  assert.deepEqual(valueOf(readTile(tiles, leaf)), tiles.read('tile/0/000')?.subarray(0, 96));
  const bundle = valueOf(readTile(tiles, { level: 'entries', index: 0n, width: 3 }));
  assert.deepEqual(valueOf(parseEntryBundle(bundle, 3)).map(String), [
    ...entriesOf(3).map((entry) => new Uint8Array(entry).toString()),
  ]);
});

test('[H13] a tile that is missing or has the wrong length is named', () => {
  const tiles = new MemoryTiles();
  const tile = { level: 1, index: 7n, width: 3 };
  assert.equal(reasonOf(readTile(tiles, tile)), 'tile/1/007.p/3 is missing');
  tiles.files.set('tile/1/007.p/3', new Uint8Array(95));
  assert.equal(reasonOf(readTile(tiles, tile)), 'tile/1/007.p/3 must have 96 bytes, had 95');
  tiles.files.delete('tile/1/007.p/3');
  tiles.files.set('tile/1/007', new Uint8Array(8191));
  assert.equal(reasonOf(readTile(tiles, tile)), 'tile/1/007 must have 8192 bytes, had 8191');
  const bundle = { level: 'entries' as const, index: 7n, width: 3 };
  tiles.files.set('tile/entries/007', toEntryBundle(entriesOf(255)));
  assert.match(reasonOf(readTile(tiles, bundle)), /entries\/007: the bundle must hold 256/);
});

test('[H14] proofs from tiles verify, read only the tiles they name, and entries come with them', () => {
  const entries = entriesOf(1500);
  const { tiles, tree } = logOf(entries);
  const { size, root } = tree;
  for (let index = 0n; index < size; index += 37n) {
    const named = new Set(tilesForInclusion(index, size).map(tilePath));
    assert.ok(named.size <= 4, `${named.size} tiles`);
    const proof = valueOf(proveInclusion(hasher, only(tiles, named), index, tree));
    assert.equal(reasonOf(verifyInclusion(hasher, { ...proof, size, root })), '');
    const entry = valueOf(readEntry(tiles, index, size));
    assert.equal(toHex(hasher.leaf(entry)), toHex(proof.leaf));

    const olderSize = index + 1n;
    const between = new Set(tilesForConsistency(olderSize, size).map(tilePath));
    const bridge = valueOf(proveConsistency(hasher, only(tiles, between), olderSize, tree));
    assert.equal(toHex(bridge.olderRoot), toHex(plainRoot(entries.slice(0, Number(olderSize)))));
    const claim = { ...bridge, olderSize, newerSize: size, newerRoot: root };
    assert.equal(reasonOf(verifyConsistency(hasher, claim)), '');
  }
  assert.equal(toHex(valueOf(rootFromTiles(hasher, tiles, size))), toHex(root));
  assert.equal(toHex(valueOf(rootFromTiles(hasher, tiles, 0n))), toHex(hasher.empty));
});

function only(tiles: TileReader, names: ReadonlySet<string>): TileReader {
  return {
    read: (path) => {
      assert.ok(names.has(path), `${path} was not named`);
      return tiles.read(path);
    },
  };
}

test('[H14] from damaged tiles comes no proof', () => {
  const { tiles, tree } = logOf(entriesOf(600));
  for (const path of ['tile/0/000', 'tile/0/001', 'tile/1/000.p/2']) {
    const damaged = tiles.copy();
    const bytes = damaged.read(path);
    assert.ok(bytes !== undefined);
    bytes[33] = (bytes[33] ?? 0) ^ 1;
    const inclusion = [0n, 300n, 599n].map((index) => proveInclusion(hasher, damaged, index, tree));
    assert.ok(
      inclusion.some((proof) => !proof.ok),
      path,
    );
    for (const proof of inclusion) {
      if (!proof.ok) assert.match(proof.reason, /do not belong to the tree of 600 entries/);
    }
  }
  assert.ok(!proveInclusion(hasher, tiles, 600n, tree).ok);
  assert.ok(!proveConsistency(hasher, tiles, 0n, tree).ok);
  assert.ok(!proveConsistency(hasher, tiles, 601n, tree).ok);
  assert.ok(!readEntry(tiles, 600n, 600n).ok);
});

test('[H9, H14] a log of more than 2^32 entries is proven from its tiles', () => {
  const size = (1n << 40n) + 12_345n;
  // Every tile of this log holds the hash of its own name: no tree of entries, but one of hashes.
  const far: TileReader = {
    read: (path) => {
      const tile = valueOf(parseTilePath(path));
      const hashes = Array.from({ length: tile.width }, (_, place) =>
        hasher.leaf(Buffer.from(`${tile.level} ${tile.index} ${place}`)),
      );
      return Buffer.concat(hashes);
    },
  };
  const index = (1n << 33n) + 7n;
  const ranges = inclusionRanges(index, size);
  const [leaf = hasher.empty, ...proof] = valueOf(
    hashRanges(hasher, far, [{ start: index, end: index + 1n }, ...ranges], size),
  );
  assert.deepEqual(leaf, hasher.leaf(Buffer.from(`0 ${index >> 8n} ${index & 255n}`)));
  assert.equal(proof.length, 41);
});
