// SPDX-License-Identifier: Apache-2.0
// The auditor finds every change of a log and says where it is.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { auditLog, judgeLogEntry, parseEntryBundle, toEntryBundle } from '../src/index.ts';
import { entriesOf, hasher, logOf, plainRoot, type MemoryTiles } from './log.ts';
import { valueOf } from './keys.ts';

const SEED = 20261122;
const COUNT = 700;
const LOG = logOf(entriesOf(COUNT));

/** The log with one bundle's entries changed. */
function withEntries(
  bundle: number,
  change: (entries: Uint8Array[]) => readonly Uint8Array[],
): MemoryTiles {
  const tiles = LOG.tiles.copy();
  const isPartial = bundle === 2;
  const path = `tile/entries/00${bundle}${isPartial ? '.p/188' : ''}`;
  const bytes = tiles.read(path);
  assert.ok(bytes !== undefined);
  const entries = valueOf(parseEntryBundle(bytes, isPartial ? 188 : 256));
  tiles.files.set(path, toEntryBundle(change([...entries])));
  return tiles;
}

function firstProblem(tiles: MemoryTiles): string {
  const report = auditLog(hasher, tiles, LOG.tree);
  assert.ok(!report.isSound);
  const [problem] = report.problems;
  assert.ok(problem !== undefined);
  return `${problem.start}-${problem.end}: ${problem.message}`;
}

test('[H19] a log as it was written is sound, an empty one too', () => {
  assert.deepEqual(auditLog(hasher, LOG.tiles, LOG.tree), {
    isSound: true,
    entries: 700n,
    problems: [],
  });
  const none = logOf([]);
  assert.ok(auditLog(hasher, none.tiles, none.tree).isSound);
  assert.ok(!auditLog(hasher, none.tiles, { size: 0n, root: LOG.tree.root }).isSound);
});

test('[H19] an edited entry is named, alone', () => {
  fc.assert(
    fc.property(fc.nat(COUNT - 1), fc.uint8Array({ maxLength: 40 }), (index, entry) => {
      const tiles = withEntries(Math.floor(index / 256), (entries) =>
        entries.with(index % 256, entry),
      );
      const { problems } = auditLog(hasher, tiles, LOG.tree);
      assert.deepEqual(
        problems.map(({ start, end }) => [start, end]),
        [[BigInt(index), BigInt(index) + 1n]],
      );
      assert.match(problems[0]?.message ?? '', new RegExp(`^entry ${index} is not the one`));
    }),
    { seed: SEED, numRuns: 100 },
  );
});

test('[H19] a deleted, inserted or moved entry is found at its place', () => {
  assert.match(
    firstProblem(withEntries(1, (entries) => entries.toSpliced(44, 1))),
    /^300-301: entry 300 is not/,
  );
  assert.match(
    firstProblem(withEntries(1, (entries) => entries.toSpliced(44, 0, Buffer.from('new')))),
    /^300-301: entry 300 is not/,
  );
  assert.match(
    firstProblem(
      withEntries(0, (entries) => entries.with(7, entries[8] ?? entries[0] ?? new Uint8Array(0))),
    ),
    /^7-8: entry 7 is not/,
  );
  assert.match(
    firstProblem(withEntries(2, (entries) => entries.slice(0, -1))),
    /^699-700: .* holds 187 entries, not 188/,
  );
  assert.match(
    firstProblem(withEntries(2, (entries) => [...entries, Buffer.from('more')])),
    /^700-701: .* holds 189 entries, not 188/,
  );
});

test('[H20] a missing, torn or changed file is named with the entries it is about', () => {
  const cases: readonly (readonly [
    string,
    (bytes: Uint8Array) => Uint8Array | undefined,
    RegExp,
  ])[] = [
    ['tile/entries/001', () => undefined, /^256-512: tile\/entries\/001 is missing/],
    [
      'tile/entries/001',
      (bytes) => bytes.slice(0, -1),
      /^511-512: tile\/entries\/001 ends 1 bytes/,
    ],
    [
      'tile/entries/000',
      () => new Uint8Array(1),
      /^0-256: tile\/entries\/000 ends within the length/,
    ],
    ['tile/0/001', () => undefined, /^256-512: tile\/0\/001 is missing/],
    ['tile/0/001', (bytes) => bytes.slice(1), /^256-512: tile\/0\/001 must have 8192 bytes/],
    [
      'tile/0/001',
      (bytes) => bytes.with(64, bytes[64] === 0 ? 1 : 0),
      /^258-259: entry 258 is not/,
    ],
    ['tile/1/000.p/2', () => undefined, /^0-512: tile\/1\/000\.p\/2 is missing/],
    [
      'tile/1/000.p/2',
      (bytes) => bytes.toReversed(),
      /^0-256: the tile of level 1 has another hash/,
    ],
  ];
  for (const [path, change, expected] of cases) {
    const tiles = LOG.tiles.copy();
    const changed = change(tiles.files.get(path) ?? new Uint8Array(0));
    if (changed === undefined) tiles.files.delete(path);
    else tiles.files.set(path, changed);
    assert.match(firstProblem(tiles), expected);
  }
});

test('[H21] a history that was rewritten throughout is found by the root, and dated by earlier ones', () => {
  const entries = entriesOf(COUNT);
  const forged = logOf(entries.with(400, Buffer.from('never happened')));
  const roots = [100, 300, 450, 600].map((size) => ({
    size: BigInt(size),
    root: plainRoot(entries.slice(0, size)),
  }));
  const report = auditLog(hasher, forged.tiles, LOG.tree, { earlier: roots });
  assert.deepEqual(
    report.problems.map(({ start, end }) => [start, end]),
    [
      [300n, 450n],
      [300n, 600n],
      [300n, 700n],
    ],
  );
  assert.ok(auditLog(hasher, LOG.tiles, LOG.tree, { earlier: roots }).isSound);
});

test('[H21] a log that was cut off and signed anew is found by what was signed before', () => {
  const cut = logOf(entriesOf(650));
  const report = auditLog(hasher, cut.tiles, cut.tree, { earlier: [LOG.tree] });
  assert.deepEqual(report.problems, [
    { start: 650n, end: 700n, message: '700 entries were signed before, now 650' },
  ]);
});

test('[H22] entries are judged by their content where a judge is given', () => {
  const good = Buffer.from('{"kind":"heartbeat","seq":0,"t":1,"v":1}');
  const bad = Buffer.from('{"kind":"heartbeat","seq":7,"t":1,"v":1}');
  const { tiles, tree } = logOf([good, bad, Buffer.from('x')]);
  const report = auditLog(hasher, tiles, tree, { judgeEntry: judgeLogEntry });
  assert.deepEqual(
    report.problems.map(({ message }) => message),
    ['entry 1: seq must be 1, was 7', 'entry 2: expected JSON'],
  );
});

test('[H20] a log that is rotten throughout gives a hundred problems, not a million', () => {
  const rotten = LOG.tiles.copy();
  for (const [path, bytes] of rotten.files) if (path.includes('tile/0/')) bytes.fill(7);
  assert.equal(auditLog(hasher, rotten, LOG.tree).problems.length, 100);
});
