// SPDX-License-Identifier: Apache-2.0
// Measures the transparency log without its disk: entries appended, a whole log of a million entries audited, proofs
// made from tiles and verified.

import { strict as assert } from 'node:assert';
import {
  auditLog,
  createAppender,
  judgeLogEntry,
  proveConsistency,
  proveInclusion,
  restoreAppender,
  toEntryBytes,
  treeHasher,
  verifyInclusion,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { BenchResult } from './result.ts';

const ENTRIES = 1_000_000;
/** How many entries share one checkpoint. */
const BATCH = 100;
const PROOFS = 500;
const HASH = 'ab'.repeat(32);

export function run(): BenchResult[] {
  const hasher = treeHasher(nodeCryptography);
  const files = new Map<string, Uint8Array>();
  const reader = { read: (path: string) => files.get(path) };

  const appender = createAppender(hasher);
  const partial = new Set<string>();
  const appendMs = milliseconds(() => {
    for (let seq = 0; seq < ENTRIES; seq += 1) {
      const entry = toEntryBytes({
        v: 1,
        t: 1_700_000_000_000 + seq,
        seq,
        kind: 'intent',
        conn: 'c_7F3K',
        keyver: 1,
        op: 'order.place',
        symbol: 'BTCUSDT',
        decision: 'allow',
        rule: 'btc-grid',
        policy: HASH,
        commit: HASH,
      });
      assert.ok(entry.ok && appender.append(entry.value).ok);
      if (seq % BATCH !== BATCH - 1) continue;
      appender.root();
      for (const { path, bytes } of appender.takeResources()) {
        files.set(path, bytes);
        if (path.includes('.p/')) partial.add(path);
        else for (const each of partial) if (each.startsWith(`${path}.p/`)) drop(each);
      }
    }
  });
  function drop(path: string): void {
    partial.delete(path);
    files.delete(path);
  }

  const tree = { size: appender.size(), root: appender.root() };
  const auditMs = milliseconds(() => assert.ok(auditLog(hasher, reader, tree).isSound));
  const judgeMs = milliseconds(() =>
    assert.ok(auditLog(hasher, reader, tree, { judgeEntry: judgeLogEntry }).isSound),
  );
  const restoreMs = milliseconds(() => assert.ok(restoreAppender(hasher, reader, tree).ok));

  const proving: number[] = [];
  const verifying: number[] = [];
  const continuing: number[] = [];
  for (let count = 0; count < PROOFS; count += 1) {
    const index = BigInt(Math.floor((count * ENTRIES) / PROOFS));
    const startedAt = performance.now();
    const proof = proveInclusion(hasher, reader, index, tree);
    const provenAt = performance.now();
    assert.ok(proof.ok && verifyInclusion(hasher, { ...proof.value, ...tree }).ok);
    const verifiedAt = performance.now();
    assert.ok(proveConsistency(hasher, reader, index + 1n, tree).ok);
    proving.push(provenAt - startedAt);
    verifying.push(verifiedAt - provenAt);
    continuing.push(performance.now() - verifiedAt);
  }

  return [
    {
      name: 'log: entries made and appended in memory',
      value: (ENTRIES / appendMs) * 1000,
      unit: 'entries/s',
      target: 500,
      higherIsBetter: true,
    },
    {
      name: 'log: audit of 1,000,000 entries, hashes only',
      value: auditMs / 1000,
      unit: 's',
      target: 60,
      higherIsBetter: false,
    },
    {
      name: 'log: audit of 1,000,000 entries, each read',
      value: judgeMs / 1000,
      unit: 's',
      target: 60,
      higherIsBetter: false,
    },
    {
      name: 'log: inclusion proof from tiles, median',
      value: median(proving),
      unit: 'ms',
      target: 5,
      higherIsBetter: false,
    },
    {
      name: 'log: consistency proof from tiles, median',
      value: median(continuing),
      unit: 'ms',
      target: 5,
      higherIsBetter: false,
    },
    {
      name: 'log: inclusion proof verified, median',
      value: median(verifying),
      unit: 'ms',
      target: 1,
      higherIsBetter: false,
    },
    {
      name: 'log: going on at 1,000,000 entries',
      value: restoreMs,
      unit: 'ms',
      higherIsBetter: false,
    },
  ];
}

function milliseconds(work: () => void): number {
  const startedAt = performance.now();
  work();
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0;
}
