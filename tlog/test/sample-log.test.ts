// SPDX-License-Identifier: Apache-2.0
// A log that another implementation wrote: fifteen entries, with the signed checkpoint of every size.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toHex } from '../src/bytes.ts';
import {
  auditLog,
  createAppender,
  openCheckpoint,
  parseEntryBundle,
  parseVerifierKey,
  proveConsistency,
  proveInclusion,
  restoreAppender,
  type Tree,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { append, hasher, MemoryTiles } from './log.ts';
import { valueOf } from './keys.ts';
import { bytesOf, readVectors, skipWithout } from './vectors.ts';

const SAMPLE = 'tlog-tiles-sample-log.json';

interface Sample {
  readonly files: Readonly<Record<string, string>>;
  readonly vkey: string;
  readonly origin: string;
}

test(
  '[H15, H19, H28, H48] another implementation’s log: every checkpoint, tile and entry',
  { skip: skipWithout(SAMPLE) },
  () => {
    const { files, vkey, origin } = readVectors<Sample>(SAMPLE);
    const tiles = new MemoryTiles();
    for (const [path, text] of Object.entries(files)) {
      if (path.startsWith('tile/')) tiles.files.set(path, bytesOf(text));
    }
    const key = valueOf(parseVerifierKey(nodeCryptography, vkey));
    const checkpoints: Tree[] = [];
    for (let size = 0; size <= 15; size += 1) {
      const note = bytesOf(files[`checkpoint.${size}`] ?? '');
      const { checkpoint } = valueOf(openCheckpoint(nodeCryptography, note, [key]));
      assert.equal(checkpoint.origin, origin);
      assert.equal(checkpoint.size, BigInt(size));
      checkpoints.push(checkpoint);
      const report = auditLog(hasher, tiles, checkpoint, { earlier: checkpoints });
      assert.deepEqual(report.problems, [], `size ${size}`);
    }
    assert.equal(checkpoints.length, 16);

    const last = checkpoints[15];
    const bundle = tiles.read('tile/entries/000.p/15');
    assert.ok(last !== undefined && bundle !== undefined);
    const entries = valueOf(parseEntryBundle(bundle, 15));
    const appender = createAppender(hasher);
    for (const [place, entry] of entries.entries()) {
      assert.equal(toHex(appender.root()), toHex(checkpoints[place]?.root ?? hasher.empty));
      append(appender, [entry]);
      // Each step writes the very files that the other implementation wrote.
      for (const { path, bytes } of appender.takeResources()) {
        assert.equal(Buffer.from(bytes).toString('base64'), files[path], path);
      }
      const tree = { size: appender.size(), root: appender.root() };
      assert.equal(valueOf(restoreAppender(hasher, tiles, tree)).size(), tree.size);
      for (let older = 1; older <= place; older += 1) {
        const bridge = valueOf(proveConsistency(hasher, tiles, BigInt(older), tree));
        assert.equal(toHex(bridge.olderRoot), toHex(checkpoints[older]?.root ?? hasher.empty));
      }
      assert.ok(proveInclusion(hasher, tiles, BigInt(place), last).ok);
    }
  },
);
