// SPDX-License-Identifier: Apache-2.0
// Hashes and proofs: known answers, the definition of the RFC, and that nothing but the right proof is taken.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { toHex } from '../src/bytes.ts';
import {
  consistencyRanges,
  hashRanges,
  inclusionRanges,
  isSubtree,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../src/index.ts';
import { entriesOf, hasher, logOf, plainConsistency, plainPath, plainRoot } from './log.ts';
import { reasonOf, valueOf } from './keys.ts';

const SEED = 20261122;

/** The leaves and the roots of sizes 1 to 8 that Certificate Transparency's implementations test with. */
const CT_LEAVES = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
].map((hex) => Buffer.from(hex, 'hex'));
const CT_ROOTS = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

test('[H2] the roots of Certificate Transparency’s eight leaves', () => {
  assert.equal(
    toHex(hasher.empty),
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  );
  for (const [place, root] of CT_ROOTS.entries()) {
    const leaves = CT_LEAVES.slice(0, place + 1);
    assert.equal(toHex(plainRoot(leaves)), root);
    assert.equal(toHex(logOf(leaves).tree.root), root);
  }
});

test('[H2] a leaf is never taken for a node', () => {
  const [left, right] = [hasher.leaf(Buffer.from('a')), hasher.leaf(Buffer.from('b'))];
  assert.notDeepEqual(hasher.leaf(Buffer.concat([left, right])), hasher.node(left, right));
});

test('[H6, H14] every inclusion proof of every tree up to 70 leaves is the RFC’s and verifies', () => {
  const entries = entriesOf(70);
  const { tiles } = logOf(entries);
  for (let size = 1; size <= entries.length; size += 1) {
    const part = entries.slice(0, size);
    const root = plainRoot(part);
    for (let index = 0; index < size; index += 1) {
      const ranges = inclusionRanges(BigInt(index), BigInt(size));
      // The full log's tiles hold the hashes of every smaller tree.
      const proof = valueOf(hashRanges(hasher, tiles, ranges, 70n));
      assert.deepEqual(proof.map(toHex), plainPath(index, part).map(toHex));
      const leaf = hasher.leaf(entries[index] ?? new Uint8Array(0));
      const claim = { index: BigInt(index), size: BigInt(size), leaf, proof, root };
      assert.deepEqual(verifyInclusion(hasher, claim), { ok: true, value: undefined });
    }
  }
});

test('[H7, H14] every consistency proof of every tree up to 70 leaves is the RFC’s and verifies', () => {
  const entries = entriesOf(70);
  const { tiles } = logOf(entries);
  const roots = entries.map((_, place) => plainRoot(entries.slice(0, place + 1)));
  for (let newer = 1; newer <= entries.length; newer += 1) {
    for (let older = 1; older <= newer; older += 1) {
      const ranges = consistencyRanges({ start: 0n, end: BigInt(older) }, BigInt(newer));
      const proof = valueOf(hashRanges(hasher, tiles, ranges, 70n));
      assert.deepEqual(
        proof.map(toHex),
        plainConsistency(older, entries.slice(0, newer)).map(toHex),
      );
      const claim = {
        olderSize: BigInt(older),
        newerSize: BigInt(newer),
        olderRoot: roots[older - 1] ?? hasher.empty,
        newerRoot: roots[newer - 1] ?? hasher.empty,
        proof,
      };
      assert.equal(reasonOf(verifyConsistency(hasher, claim)), '', `${older} to ${newer}`);
    }
  }
});

test('[H8] every subtree of every tree up to 32 leaves is proven, and none that is no subtree', () => {
  const entries = entriesOf(32);
  const { tiles } = logOf(entries);
  let proven = 0;
  for (let size = 1; size <= entries.length; size += 1) {
    const root = plainRoot(entries.slice(0, size));
    for (let start = 0; start < size; start += 1) {
      for (let end = start + 1; end <= size; end += 1) {
        const range = { start: BigInt(start), end: BigInt(end) };
        const subtreeRoot = plainRoot(entries.slice(start, end));
        const claim = { ...range, size: BigInt(size), subtreeRoot, root };
        if (!isSubtree(range)) {
          const verdict = verifySubtreeConsistency(hasher, { ...claim, proof: [] });
          assert.match(reasonOf(verdict), /are no subtree/);
          continue;
        }
        const ranges = consistencyRanges(range, BigInt(size));
        const proof = valueOf(hashRanges(hasher, tiles, ranges, 32n));
        assert.equal(reasonOf(verifySubtreeConsistency(hasher, { ...claim, proof })), '');
        proven += 1;
        for (let index = start; index < end; index += 1) {
          const inclusion = verifySubtreeInclusion(hasher, {
            ...range,
            index: BigInt(index),
            leaf: hasher.leaf(entries[index] ?? new Uint8Array(0)),
            proof: plainPath(index - start, entries.slice(start, end)),
            root: subtreeRoot,
          });
          assert.equal(reasonOf(inclusion), '');
        }
      }
    }
  }
  assert.ok(proven > 800, `${proven} subtrees`);
});

/** One change to a proof or to what it claims. */
type Mutation =
  | { readonly kind: 'flip'; readonly hash: number; readonly bit: number }
  | { readonly kind: 'drop' | 'repeat' | 'swap'; readonly hash: number }
  | { readonly kind: 'add' };

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({
    kind: fc.constant('flip' as const),
    hash: fc.nat(63),
    bit: fc.nat(255),
  }),
  fc.record({ kind: fc.constantFrom('drop' as const, 'repeat', 'swap'), hash: fc.nat(63) }),
  fc.record({ kind: fc.constant('add' as const) }),
);

function mutate(proof: readonly Uint8Array[], change: Mutation): Uint8Array[] {
  const hashes = proof.map((hash) => hash.slice());
  if (change.kind === 'add') return [...hashes, hasher.empty];
  const place = change.hash % Math.max(1, hashes.length);
  const hash = hashes[place];
  if (hash === undefined) return [hasher.empty];
  if (change.kind === 'flip') {
    const byte = change.bit >> 3;
    hash[byte] = (hash[byte] ?? 0) ^ (1 << (change.bit & 7));
  } else if (change.kind === 'drop') hashes.splice(place, 1);
  else if (change.kind === 'repeat') hashes.splice(place, 0, hash);
  else hashes.reverse();
  return hashes;
}

const sameProof = (one: readonly Uint8Array[], other: readonly Uint8Array[]): boolean =>
  one.map(toHex).join() === other.map(toHex).join();

test('[H6, H7] a proof that was changed in any way proves nothing', () => {
  const entries = entriesOf(300);
  const { tiles, tree } = logOf(entries);
  const { size, root } = tree;
  fc.assert(
    fc.property(fc.bigInt(0n, size - 1n), mutation, (index, change) => {
      const leaf = hasher.leaf(entries[Number(index)] ?? new Uint8Array(0));
      const right = valueOf(hashRanges(hasher, tiles, inclusionRanges(index, size), size));
      const proof = mutate(right, change);
      fc.pre(!sameProof(proof, right));
      assert.ok(!verifyInclusion(hasher, { index, size, leaf, proof, root }).ok);
      const older = { start: 0n, end: index + 1n };
      const bridge = valueOf(hashRanges(hasher, tiles, consistencyRanges(older, size), size));
      const changed = mutate(bridge, change);
      fc.pre(!sameProof(changed, bridge));
      const claim = { olderSize: older.end, newerSize: size, newerRoot: root, proof: changed };
      const olderRoot = plainRoot(entries.slice(0, Number(older.end)));
      assert.ok(!verifyConsistency(hasher, { ...claim, olderRoot }).ok);
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('[H6, H7] a right proof does not prove another index, size or root', () => {
  const entries = entriesOf(41);
  const { tiles, tree } = logOf(entries);
  const { size, root } = tree;
  for (let index = 0n; index < size; index += 1n) {
    const leaf = hasher.leaf(entries[Number(index)] ?? new Uint8Array(0));
    const proof = valueOf(hashRanges(hasher, tiles, inclusionRanges(index, size), size));
    for (let other = 0n; other < size; other += 1n) {
      const claim = { index: other, size, leaf, proof, root };
      assert.equal(verifyInclusion(hasher, claim).ok, other === index, `${index} as ${other}`);
    }
    for (const wrong of [index, 0n]) {
      assert.ok(!verifyInclusion(hasher, { index, size: wrong, leaf, proof, root }).ok);
    }
    const elsewhere = { index, size, leaf, proof, root: hasher.empty };
    assert.match(reasonOf(verifyInclusion(hasher, elsewhere)), /another root/);
  }
});

test('[H6, H7] hashes beyond the root prove nothing, not even the root they lead to', () => {
  const entries = entriesOf(20);
  const { tiles, tree } = logOf(entries);
  const { size, root } = tree;
  const extra = hasher.leaf(Buffer.from('extra'));
  for (let index = 0n; index < size; index += 1n) {
    const leaf = hasher.leaf(entries[Number(index)] ?? new Uint8Array(0));
    const proof = valueOf(hashRanges(hasher, tiles, inclusionRanges(index, size), size));
    const olderSize = index + 1n;
    const olderRoot = plainRoot(entries.slice(0, Number(olderSize)));
    const older = { start: 0n, end: olderSize };
    const bridge = valueOf(hashRanges(hasher, tiles, consistencyRanges(older, size), size));
    for (const beyond of [hasher.node(extra, root), hasher.node(root, extra)]) {
      const inclusion = { index, size, leaf, proof: [...proof, extra], root: beyond };
      assert.match(reasonOf(verifyInclusion(hasher, inclusion)), /left over/);
      if (olderSize === size) continue;
      const consistency = { olderSize, newerSize: size, olderRoot, newerRoot: beyond };
      const verdict = verifyConsistency(hasher, { ...consistency, proof: [...bridge, extra] });
      assert.match(reasonOf(verdict), /left over/);
    }
  }
});

test('[H7] a right proof does not make another tree the older one', () => {
  const entries = entriesOf(20);
  const { tiles, tree } = logOf(entries);
  for (let olderSize = 1n; olderSize < tree.size; olderSize += 1n) {
    const ranges = consistencyRanges({ start: 0n, end: olderSize }, tree.size);
    const proof = valueOf(hashRanges(hasher, tiles, ranges, tree.size));
    const other = hasher.leaf(Buffer.from('another tree'));
    const claim = { olderSize, newerSize: tree.size, newerRoot: tree.root, proof };
    assert.ok(!verifyConsistency(hasher, { ...claim, olderRoot: other }).ok, `${olderSize}`);
    const beside = plainRoot(entries.slice(1, Number(olderSize) + 1));
    assert.ok(!verifyConsistency(hasher, { ...claim, olderRoot: beside }).ok, `${olderSize}`);
  }
});

test('[H6] an index is below the size, and a hash has 32 bytes', () => {
  const leaf = hasher.leaf(Buffer.from('alone'));
  const claim = { size: 1n, leaf, proof: [], root: leaf };
  assert.ok(verifyInclusion(hasher, { ...claim, index: 0n }).ok);
  for (const index of [1n, 2n, -1n]) {
    assert.match(reasonOf(verifyInclusion(hasher, { ...claim, index })), /index must be below/);
  }
  const short = leaf.subarray(1);
  const inclusion = { index: 0n, size: 2n, leaf, proof: [short], root: hasher.node(leaf, leaf) };
  assert.match(reasonOf(verifyInclusion(hasher, inclusion)), /must have 32 bytes, had 31/);
  const alone = { ...claim, index: 0n, leaf: short, root: short };
  assert.match(reasonOf(verifyInclusion(hasher, alone)), /must have 32 bytes, had 31/);
  const consistency = { olderSize: 1n, newerSize: 2n, olderRoot: leaf, newerRoot: leaf };
  const verdict = verifyConsistency(hasher, { ...consistency, proof: [short] });
  assert.match(reasonOf(verdict), /must have 32 bytes, had 31/);
});

test('[H6, H7] a proof that ends early proves nothing, not even the root it leads to', () => {
  const entries = entriesOf(16);
  const { root } = logOf(entries).tree;
  const olderRoot = plainRoot(entries.slice(0, 8));
  const claim = { olderSize: 8n, olderRoot, newerRoot: root, proof: plainConsistency(8, entries) };
  assert.ok(verifyConsistency(hasher, { ...claim, newerSize: 16n }).ok);
  for (const newerSize of [17n, 32n, 33n]) {
    const verdict = verifyConsistency(hasher, { ...claim, newerSize });
    assert.match(reasonOf(verdict), /ends below the root/);
  }
  const leaf = hasher.leaf(entries[3] ?? new Uint8Array(0));
  const inclusion = { index: 3n, leaf, proof: plainPath(3, entries), root };
  assert.ok(verifyInclusion(hasher, { ...inclusion, size: 16n }).ok);
  const verdict = verifyInclusion(hasher, { ...inclusion, size: 17n });
  assert.match(reasonOf(verdict), /ends below the root/);
});

test('[H7] from a tree of no leaves nothing is proven, and a log does not shrink', () => {
  const { root } = logOf(entriesOf(3)).tree;
  const none = { olderSize: 0n, olderRoot: hasher.empty, proof: [] };
  assert.ok(!verifyConsistency(hasher, { ...none, newerSize: 3n, newerRoot: root }).ok);
  assert.ok(!verifyConsistency(hasher, { ...none, newerSize: 0n, newerRoot: hasher.empty }).ok);
  const shrunk = { olderSize: 4n, olderRoot: root, newerSize: 3n, newerRoot: root, proof: [root] };
  assert.match(reasonOf(verifyConsistency(hasher, shrunk)), /does not shrink/);
});

test('[H9] indices up to 2^64 - 1 are exact', () => {
  const size = (1n << 64n) - 1n;
  const leaf = hasher.leaf(Buffer.from('far out'));
  // All but the last leaf of the tree lie under hashes that nobody needs to know.
  for (const index of [0n, 1n << 32n, (1n << 53n) + 1n, size - 1n]) {
    const proof = inclusionRanges(index, size).map((range) =>
      hasher.leaf(Buffer.from(`${range.start} ${range.end}`)),
    );
    let root = leaf;
    let at = { start: index, end: index + 1n };
    for (const [place, range] of inclusionRanges(index, size).entries()) {
      const sibling = proof[place] ?? hasher.empty;
      assert.ok(range.start === at.end || range.end === at.start, 'ranges are neighbours');
      root = range.start === at.end ? hasher.node(root, sibling) : hasher.node(sibling, root);
      at = {
        start: range.start < at.start ? range.start : at.start,
        end: range.end > at.end ? range.end : at.end,
      };
    }
    assert.deepEqual(at, { start: 0n, end: size });
    assert.equal(reasonOf(verifyInclusion(hasher, { index, size, leaf, proof, root })), '');
    const beside = { index: index === 0n ? 1n : index - 1n, size, leaf, proof, root };
    assert.ok(!verifyInclusion(hasher, beside).ok);
  }
});
