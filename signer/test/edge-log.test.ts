// SPDX-License-Identifier: Apache-2.0
// Commitments of edge logs: one small entry a batch, at a bounded rate, whatever else the signer does.

import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { OpenSigner, POLICY, temporaryDirectory, writePolicy } from './fixture.ts';

const BATCH = {
  kind: 'commitEdgeLog',
  root: 'ab'.repeat(32),
  lines: 1000,
  from: 1_793_000_000_000,
  to: 1_793_000_900_000,
} as const;

test('[S119] the root of a batch of edge log lines is an entry that everybody can read', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory);
  const [noted] = signer.ask(BATCH);
  assert.ok(noted?.kind === 'noted');
  const lines = readFileSync(join(directory, 'intents.log'), 'utf8').trim().split('\n');
  const line: unknown = JSON.parse(lines[noted.entry] ?? '');
  const {
    kind,
    root,
    lines: count,
    from,
    to,
    seq,
    nonce,
  } = Object(line) as Record<string, unknown>;
  assert.deepEqual(
    { kind, root, lines: count, from, to, seq, nonce },
    {
      kind: 'edgelog.batch',
      root: BATCH.root,
      lines: BATCH.lines,
      from: BATCH.from,
      to: BATCH.to,
      seq: noted.entry,
      nonce: undefined,
    },
  );
});

test('[S119] at most sixty batches a minute are taken, and what is no batch is refused', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory);
  for (let count = 0; count < 60; count += 1) {
    assert.equal(signer.ask({ ...BATCH, lines: count + 1 })[0]?.kind, 'noted');
  }
  const [refused] = signer.ask(BATCH);
  assert.ok(refused?.kind === 'refused');
  assert.deepEqual([refused.rule, /at most 60 batches/.test(refused.reason)], ['capacity', true]);
  signer.pass(60_000);
  assert.equal(signer.ask(BATCH)[0]?.kind, 'noted');
  for (const [place, wrong] of [
    { ...BATCH, root: 'AB'.repeat(32) },
    { ...BATCH, root: '00' },
    { ...BATCH, lines: 0 },
    { ...BATCH, from: BATCH.to + 1 },
    { ...BATCH, text: 'more' },
  ].entries()) {
    const id = 900 + place;
    signer.give({ ...wrong, id });
    const found = signer.decisions.find((decision) => decision.id === id);
    assert.ok(found?.kind === 'refused' && found.rule === 'intent', JSON.stringify(found));
  }
});
