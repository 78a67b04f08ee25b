// SPDX-License-Identifier: Apache-2.0
// Two views of a log, the evidence of two histories, and what a log's own signer makes of both.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  compareViews,
  mayFollow,
  proveConsistency,
  reconcileStores,
  verifyForkEvidence,
  type Bridge,
  type Checkpoint,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf } from './keys.ts';
import { entriesOf, hasher, logOf, plainRoot, signedCheckpoint } from './log.ts';

const SEED = 20261122;
const LOG = testSigner('desk.example/log');
const ENTRIES = entriesOf(50);
const HONEST = logOf(ENTRIES, 1);
/** The same log with its tenth entry changed. */
const FORGED_ENTRIES = ENTRIES.with(9, Buffer.from('never happened'));
const FORGED = logOf(FORGED_ENTRIES, 1);

function view(size: number, entries = ENTRIES): Checkpoint {
  const root = plainRoot(entries.slice(0, size));
  return { origin: LOG.key.name, size: BigInt(size), root, extensions: [] };
}

/** What the honest tree of `newer` had at `older`. */
function bridge(older: number, newer: number, log = HONEST, entries = ENTRIES): Bridge {
  const tree = { size: BigInt(newer), root: plainRoot(entries.slice(0, newer)) };
  return valueOf(proveConsistency(hasher, log.tiles, BigInt(older), tree));
}

const kindOf = (one: Checkpoint, other: Checkpoint, by?: Bridge): string =>
  compareViews(hasher, one, other, by).kind;

test('[H39] every two views of one history continue each other, in any order', () => {
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), (one, other) => {
      const [older, newer] = [Math.min(one, other), Math.max(one, other)];
      const by = older > 0 && older < newer ? bridge(older, newer) : undefined;
      const expected = one === other ? 'same' : 'continued';
      assert.equal(kindOf(view(one), view(other), by), expected);
      assert.equal(kindOf(view(other), view(one), by), expected);
    }),
    { seed: SEED },
  );
});

test('[H39] two histories are a fork where both have the entry that differs, whatever their sizes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 50 }),
      fc.integer({ min: 1, max: 50 }),
      (honest, forged) => {
        const [older, newer] = [Math.min(honest, forged), Math.max(honest, forged)];
        const isHonestNewer = honest >= forged;
        let by: Bridge | undefined;
        if (older < newer) {
          by = isHonestNewer ? bridge(older, newer) : bridge(older, newer, FORGED, FORGED_ENTRIES);
        }
        const differs = older > 9;
        const found = kindOf(view(honest), view(forged, FORGED_ENTRIES), by);
        assert.equal(found === 'fork', differs, `${honest} against ${forged}: ${found}`);
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test('[H39] without a proof, or with a wrong one, nothing is said against a log', () => {
  assert.equal(kindOf(view(20), view(50)), 'unproven');
  assert.equal(kindOf(view(20), view(50), { ...bridge(20, 50), proof: [] }), 'unproven');
  assert.equal(kindOf(view(20), view(50), bridge(21, 50)), 'unproven');
  assert.equal(
    kindOf(view(20), view(50), { ...bridge(20, 50), olderRoot: hasher.empty }),
    'unproven',
  );
  assert.equal(kindOf(view(20), { ...view(20), origin: 'another' }), 'unproven');
});

test('[H39] an empty tree has one root', () => {
  const lie = { ...view(0), root: view(1).root };
  assert.equal(kindOf(lie, view(0)), 'fork');
  assert.equal(kindOf(lie, view(20)), 'fork');
  assert.equal(kindOf(view(0), view(20)), 'continued');
});

test('[H40] evidence of a fork convinces who has the log’s key, and no other pair of notes does', () => {
  const note = (size: number, entries = ENTRIES, signer = LOG): Uint8Array => {
    const { root } = view(size, entries);
    return signedCheckpoint(signer, { size: BigInt(size), root });
  };
  const check = (first: Uint8Array, second: Uint8Array, by?: Bridge): string =>
    reasonOf(verifyForkEvidence(nodeCryptography, { first, second, bridge: by }, [LOG.key]));
  assert.equal(check(note(20), note(20, FORGED_ENTRIES)), '');
  assert.equal(check(note(20, FORGED_ENTRIES), note(50), bridge(20, 50)), '');
  assert.match(check(note(20), note(20)), /agree with each other/);
  assert.match(check(note(20), note(50), bridge(20, 50)), /agree with each other/);
  assert.match(check(note(20, FORGED_ENTRIES), note(50)), /no consistency proof/);
  const impostor = testSigner(LOG.key.name, 'ed25519', 'another key');
  assert.match(check(note(20), note(20, FORGED_ENTRIES, impostor)), /no signature of a known key/);
  const other = testSigner('other.example');
  assert.match(check(note(20, FORGED_ENTRIES, other), note(20)), /no known log is called other/);
});

test('[H41] a log signs what continues its last checkpoint, and nothing else', () => {
  const may = (last: Checkpoint | undefined, next: Checkpoint, by?: Bridge): string =>
    reasonOf(mayFollow(hasher, last, next, by));
  assert.equal(may(undefined, view(0)), '');
  assert.equal(may(undefined, view(20)), '');
  assert.equal(may(view(0), view(20)), '');
  assert.equal(may(view(20), view(20)), '');
  assert.equal(may(view(20), view(50), bridge(20, 50)), '');
  assert.match(may(undefined, { ...view(0), root: view(1).root }), /root of an empty tree/);
  assert.match(may(view(20), view(19)), /must not shrink: 20 entries are signed, now 19/);
  assert.match(may(view(20), view(20, FORGED_ENTRIES)), /does not begin with the signed tree/);
  assert.match(
    may(view(20, FORGED_ENTRIES), view(50), bridge(20, 50)),
    /does not begin with the signed tree of 20/,
  );
  assert.match(may(view(20), view(50)), /no consistency proof/);
  assert.match(may(view(20), { ...view(20), origin: 'desk.example/log/2' }), /different logs/);
  assert.match(may(view(20), { ...view(20), extensions: ['x'] }), /no extension lines/);
});

test('[H42] of two stores the further one counts, and two that disagree stop the log', () => {
  const reconcile = (
    first: Checkpoint | undefined,
    second: Checkpoint | undefined,
    by?: Bridge,
  ): string => {
    const found = reconcileStores(hasher, first, second, by);
    return found.ok ? String(found.value?.size) : found.reason;
  };
  assert.equal(reconcile(undefined, undefined), 'undefined');
  assert.equal(reconcile(view(0), undefined), '0');
  assert.equal(reconcile(view(20), view(20)), '20');
  assert.equal(reconcile(view(20), view(50), bridge(20, 50)), '50');
  assert.equal(reconcile(view(50), view(20), bridge(20, 50)), '50');
  assert.match(reconcile(view(20), undefined), /one store has a checkpoint of 20/);
  assert.match(reconcile(undefined, view(20)), /the other has none/);
  assert.match(reconcile(view(20), view(20, FORGED_ENTRIES)), /two histories, of 20 and 20/);
  assert.match(reconcile(view(20, FORGED_ENTRIES), view(50), bridge(20, 50)), /two histories/);
  assert.match(reconcile(view(20), view(50)), /no consistency proof/);
});
