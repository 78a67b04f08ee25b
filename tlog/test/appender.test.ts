// SPDX-License-Identifier: Apache-2.0
// The growing log: against the plain definition, over restarts, and over every way a crash can leave its files.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { toHex } from '../src/bytes.ts';
import {
  auditLog,
  createAppender,
  restoreAppender,
  tilePath,
  tilesOf,
  type Resource,
} from '../src/index.ts';
import {
  append,
  entriesOf,
  hasher,
  logOf,
  MemoryTiles,
  plainRoot,
  restored,
  type TestLog,
} from './log.ts';
import { reasonOf, valueOf } from './keys.ts';

const SEED = 20261122;

test('[H15] at every size up to 600 the root is that of the definition', () => {
  const entries = entriesOf(600);
  const appender = createAppender(hasher);
  assert.equal(toHex(appender.root()), toHex(hasher.empty));
  for (const [place, entry] of entries.entries()) {
    assert.equal(valueOf(appender.append(entry)), BigInt(place));
    if (place % 7 === 0 || place % 256 < 2) {
      assert.equal(toHex(appender.root()), toHex(plainRoot(entries.slice(0, place + 1))));
    }
  }
  assert.equal(appender.size(), 600n);
});

test('[H15, H16] however it is cut into steps and restarts, a log has the same files', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ count: fc.integer({ min: 0, max: 400 }), isRestart: fc.boolean() }), {
        minLength: 1,
        maxLength: 6,
      }),
      (steps) => {
        let log: TestLog = { tiles: new MemoryTiles(), tree: { size: 0n, root: hasher.empty } };
        let appender = createAppender(hasher);
        const written = new Map<string, string>();
        for (const { count, isRestart } of steps) {
          append(appender, entriesOf(count, Number(appender.size())));
          for (const resource of appender.takeResources()) {
            const before = written.get(resource.path);
            assert.ok(before === undefined, `${resource.path} is written once`);
            written.set(resource.path, toHex(resource.bytes));
            log.tiles.write([resource]);
          }
          log = { ...log, tree: { size: appender.size(), root: appender.root() } };
          if (isRestart) appender = restored(log);
        }
        const { size, root } = log.tree;
        const entries = entriesOf(Number(size));
        assert.equal(toHex(root), toHex(plainRoot(entries)));
        const whole = logOf(entries).tiles;
        for (const tile of tilesOf(size)) {
          const path = tilePath(tile);
          assert.deepEqual(log.tiles.read(path), whole.read(path), path);
        }
        assert.ok(auditLog(hasher, log.tiles, log.tree).isSound);
      },
    ),
    { seed: SEED, numRuns: 60 },
  );
});

test('[H16] what has not changed is not written again', () => {
  const appender = createAppender(hasher);
  append(appender, entriesOf(257));
  assert.deepEqual(
    appender.takeResources().map(({ path }) => path),
    ['tile/entries/000', 'tile/0/000', 'tile/entries/001.p/1', 'tile/0/001.p/1', 'tile/1/000.p/1'],
  );
  assert.deepEqual(appender.takeResources(), []);
  append(appender, entriesOf(1, 257));
  assert.deepEqual(
    appender.takeResources().map(({ path }) => path),
    ['tile/entries/001.p/2', 'tile/0/001.p/2'],
  );
});

/** What a crash leaves of a step: so many of its files, and of the next one only its beginning. */
function crash(
  before: MemoryTiles,
  step: readonly Resource[],
  whole: number,
  torn: number,
): MemoryTiles {
  const tiles = before.copy();
  tiles.write(step.slice(0, whole));
  const next = step[whole];
  if (next !== undefined && torn > 0) {
    tiles.write([
      { path: next.path, bytes: next.bytes.slice(0, Math.min(torn, next.bytes.length - 1)) },
    ]);
  }
  return tiles;
}

test('[H17] after a crash between or within writes the log goes on from its checkpoint', () => {
  const cases: readonly (readonly [number, number])[] = [
    [0, 3],
    [5, 251],
    [250, 300],
    [255, 1],
    [256, 1],
    [300, 212],
    [511, 770],
  ];
  for (const [first, second] of cases) {
    const before = logOf(entriesOf(first));
    const running = restored(before);
    append(running, entriesOf(second, first));
    const step = running.takeResources();
    const goal = logOf(entriesOf(first + second));
    for (let whole = 0; whole <= step.length; whole += 1) {
      for (const torn of [0, 1, 33, 8191]) {
        const tiles = crash(before.tiles, step, whole, torn);
        const again = valueOf(restoreAppender(hasher, tiles, before.tree));
        append(again, entriesOf(second, first));
        tiles.write(again.takeResources());
        assert.equal(toHex(again.root()), toHex(goal.tree.root));
        const report = auditLog(hasher, tiles, goal.tree);
        assert.deepEqual(
          report.problems,
          [],
          `${first} and ${second}, ${whole} whole, ${torn} torn`,
        );
      }
    }
  }
});

test('[H17] a log whose end is not what the checkpoint says does not go on', () => {
  const { tiles, tree } = logOf(entriesOf(300));
  const refused = (change: (files: Map<string, Uint8Array>) => void): string => {
    const changed = tiles.copy();
    change(changed.files);
    return reasonOf(restoreAppender(hasher, changed, tree));
  };
  assert.equal(
    refused(() => undefined),
    '',
  );
  assert.match(
    refused((files) => files.delete('tile/0/001.p/44')),
    /tile\/0\/001\.p\/44 is missing/,
  );
  assert.match(
    refused((files) => files.set('tile/0/001.p/44', new Uint8Array(44 * 32))),
    /do not have the checkpoint's root/,
  );
  assert.match(
    refused((files) => files.set('tile/1/000.p/1', new Uint8Array(32))),
    /do not have the checkpoint's root/,
  );
  assert.match(
    refused((files) => {
      const bundle = files.get('tile/entries/001.p/44') ?? new Uint8Array(0);
      bundle[5] = 0x45;
    }),
    /entry 256 is not the one the tree was made of/,
  );
  assert.match(
    refused((files) => {
      const bundle = files.get('tile/entries/001.p/44') ?? new Uint8Array(0);
      files.set('tile/entries/001.p/44', bundle.slice(0, -1));
    }),
    /001\.p\/44: the bundle ends 1 bytes before entry 43/,
  );
  const smaller = logOf(entriesOf(299)).tree;
  assert.ok(!restoreAppender(hasher, tiles, smaller).ok);
});

test('[H18] an entry over 65,535 bytes is refused, and so is more than can wait to be written', () => {
  const appender = createAppender(hasher);
  assert.match(reasonOf(appender.append(new Uint8Array(65_536))), /at most 65535 bytes, had 65536/);
  assert.equal(appender.size(), 0n);
  valueOf(appender.append(new Uint8Array(65_535)));
  const entry = new Uint8Array(1);
  for (let count = 1; count < 65_536; count += 1) valueOf(appender.append(entry));
  assert.match(reasonOf(appender.append(entry)), /65536 entries wait to be written/);
  assert.equal(appender.size(), 65_536n);
  appender.takeResources();
  assert.equal(valueOf(appender.append(entry)), 65_536n);
});

test('[H18] an entry that its owner changes afterwards is not changed in the log', () => {
  const appender = createAppender(hasher);
  const entry = Buffer.from('first');
  append(appender, [entry]);
  entry.fill(0);
  assert.match(Buffer.from(appender.takeResources()[0]?.bytes ?? []).toString(), /first$/);
});
