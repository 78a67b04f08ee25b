// SPDX-License-Identifier: Apache-2.0
// The Merkle tree of RFC 6962 and RFC 9162: its hashes, and what a reader checks who has no more than a proof. Sizes
// and indices are bigint: JavaScript's bit operators end at 32 bits, a log does not.

import { assert, concatBytes, equalBytes, failure, success, type Result } from './bytes.ts';
import { HASH_BYTES, type Cryptography } from './cryptography.ts';

/** Hashes leaves and nodes so that neither can be taken for the other. */
export interface TreeHasher {
  readonly empty: Uint8Array;
  leaf(entry: Uint8Array): Uint8Array;
  node(left: Uint8Array, right: Uint8Array): Uint8Array;
}

export function treeHasher(cryptography: Pick<Cryptography, 'sha256'>): TreeHasher {
  const leafPrefix = Uint8Array.of(0);
  const node = new Uint8Array(1 + 2 * HASH_BYTES);
  node[0] = 1;
  return {
    empty: cryptography.sha256(new Uint8Array(0)),
    leaf: (entry) => cryptography.sha256(concatBytes(leafPrefix, entry)),
    node: (left, right) => {
      node.set(left, 1);
      node.set(right, 1 + HASH_BYTES);
      return cryptography.sha256(node);
    },
  };
}

/** Leaves `start` up to, not including, `end`. */
export interface LeafRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** A proof that holds has nothing to say; one that does not says what is wrong. */
export type ProofVerdict = Result<undefined>;

const HOLDS: ProofVerdict = success(undefined);

/** The root of a tree that has `leaf` at `index`, by the proof; the proof is right if that is the tree's root. */
export function rootByInclusion(
  hasher: TreeHasher,
  {
    index,
    size,
    leaf,
    proof,
  }: {
    readonly index: bigint;
    readonly size: bigint;
    readonly leaf: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
): Result<Uint8Array> {
  const fault = hashFault([leaf, ...proof]);
  if (fault !== undefined) return failure(fault);
  if (index < 0n || index >= size) {
    return failure(`index must be below the size of the tree, ${size}, was ${index}`);
  }
  let node = index;
  let last = size - 1n;
  let hash = leaf;
  for (const sibling of proof) {
    if (last === 0n) return failure('the inclusion proof has hashes left over');
    if (isOdd(node) || node === last) {
      hash = hasher.node(sibling, hash);
      while (!isOdd(node) && node !== 0n) {
        node >>= 1n;
        last >>= 1n;
      }
    } else {
      hash = hasher.node(hash, sibling);
    }
    node >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? success(hash) : failure('the inclusion proof ends below the root');
}

/** Whether `leaf` is at `index` of the tree of `size` leaves with this root. */
export function verifyInclusion(
  hasher: TreeHasher,
  claim: {
    readonly index: bigint;
    readonly size: bigint;
    readonly leaf: Uint8Array;
    readonly proof: readonly Uint8Array[];
    readonly root: Uint8Array;
  },
): ProofVerdict {
  const root = rootByInclusion(hasher, claim);
  if (!root.ok) return root;
  return equalBytes(root.value, claim.root)
    ? HOLDS
    : failure('the inclusion proof leads to another root');
}

/** Whether the tree `older` is the beginning of the tree `newer`. The size 0 proves nothing and is refused here. */
export function verifyConsistency(
  hasher: TreeHasher,
  {
    olderSize,
    newerSize,
    olderRoot,
    newerRoot,
    proof,
  }: {
    readonly olderSize: bigint;
    readonly newerSize: bigint;
    readonly olderRoot: Uint8Array;
    readonly newerRoot: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
): ProofVerdict {
  if (olderSize === 0n) return failure('from an empty tree there is nothing to prove');
  return verifySubtreeConsistency(hasher, {
    start: 0n,
    end: olderSize,
    size: newerSize,
    subtreeRoot: olderRoot,
    root: newerRoot,
    proof,
  });
}

/** A range that is a subtree of every tree that contains it: its start is a multiple of its breadth, rounded up. */
export function isSubtree({ start, end }: LeafRange): boolean {
  if (start < 0n || end <= start) return false;
  let breadth = 1n;
  while (breadth < end - start) breadth *= 2n;
  return start % breadth === 0n;
}

/** Whether `leaf` is at `index` of the log, by the root of the subtree `start` to `end`. */
export function verifySubtreeInclusion(
  hasher: TreeHasher,
  claim: LeafRange & {
    readonly index: bigint;
    readonly leaf: Uint8Array;
    readonly proof: readonly Uint8Array[];
    readonly root: Uint8Array;
  },
): ProofVerdict {
  if (!isSubtree(claim)) return failure(rangeFault(claim));
  if (claim.index < claim.start || claim.index >= claim.end) {
    return failure(
      `index must be in the subtree ${claim.start} to ${claim.end}, was ${claim.index}`,
    );
  }
  return verifyInclusion(hasher, {
    index: claim.index - claim.start,
    size: claim.end - claim.start,
    leaf: claim.leaf,
    proof: claim.proof,
    root: claim.root,
  });
}

/** Whether the subtree `start` to `end` with its root is part of the tree of `size` leaves with the other root. */
export function verifySubtreeConsistency(
  hasher: TreeHasher,
  {
    start,
    end,
    size,
    subtreeRoot,
    root,
    proof,
  }: LeafRange & {
    readonly size: bigint;
    readonly subtreeRoot: Uint8Array;
    readonly root: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
): ProofVerdict {
  // Without a proof nothing is hashed, roots are only compared.
  const fault = proof.length === 0 ? undefined : hashFault([subtreeRoot, root, ...proof]);
  if (fault !== undefined) return failure(fault);
  const isEmpty = start === end && start >= 0n;
  if (!isEmpty && !isSubtree({ start, end })) return failure(rangeFault({ start, end }));
  if (end > size) {
    return failure(
      `the part must end within the tree of ${size} leaves, ended at ${end}: a log does not shrink`,
    );
  }
  if (isEmpty) {
    return proof.length === 0 && equalBytes(subtreeRoot, hasher.empty)
      ? HOLDS
      : failure('a subtree without leaves has the root of an empty tree and no proof');
  }
  // Positions at the level reached: first and last node of the subtree, last node of the tree.
  let first = start;
  let last = end - 1n;
  let edge = size - 1n;
  const rise = (): void => {
    first >>= 1n;
    last >>= 1n;
    edge >>= 1n;
  };
  if (last === edge) {
    while (first !== last) rise();
  } else {
    while (first !== last && isOdd(last)) rise();
  }
  const hashes = [...proof];
  const seed = first === last ? subtreeRoot : hashes.shift();
  if (seed === undefined) return failure('the consistency proof is empty');
  let inner = seed;
  let outer = seed;
  for (const hash of hashes) {
    if (edge === 0n) return failure('the consistency proof has hashes left over');
    if (isOdd(last) || last === edge) {
      if (first < last) inner = hasher.node(hash, inner);
      outer = hasher.node(hash, outer);
      while (!isOdd(last) && last !== 0n) rise();
    } else {
      outer = hasher.node(outer, hash);
    }
    rise();
  }
  if (edge !== 0n) return failure('the consistency proof ends below the root');
  if (!equalBytes(inner, subtreeRoot)) {
    return failure('the consistency proof does not lead to the older root');
  }
  if (!equalBytes(outer, root)) return failure('the consistency proof leads to another newer root');
  return HOLDS;
}

/** The ranges whose hashes are an inclusion proof, from the leaf's sibling up. */
export function inclusionRanges(index: bigint, size: bigint): readonly LeafRange[] {
  assert(index >= 0n && index < size, `Invariant: index ${index} lies in a tree of ${size}`);
  return subtreeRanges({ start: index, end: index + 1n }, { start: 0n, end: size });
}

/** The ranges whose hashes prove that the subtree is part of the tree of `size` leaves. */
export function consistencyRanges(subtree: LeafRange, size: bigint): readonly LeafRange[] {
  assert(
    isSubtree(subtree) && subtree.end <= size,
    `Invariant: ${subtree.start} to ${subtree.end} is a subtree of a tree of ${size}`,
  );
  return subtreeRanges(subtree, { start: 0n, end: size });
}

function subtreeRanges(subtree: LeafRange, tree: LeafRange): readonly LeafRange[] {
  const ranges: LeafRange[] = [];
  let part = subtree;
  let whole = tree;
  let isSubtreeKnown = true;
  while (part.start !== whole.start || part.end !== whole.end) {
    const middle = whole.start + largestPowerBelow(whole.end - whole.start);
    const left = { start: whole.start, end: middle };
    const right = { start: middle, end: whole.end };
    if (part.end <= middle) {
      ranges.push(right);
      whole = left;
    } else {
      ranges.push(left);
      whole = right;
      if (part.start < middle) {
        part = { start: middle, end: part.end };
        isSubtreeKnown = false;
      }
    }
  }
  if (!isSubtreeKnown) ranges.push(part);
  return ranges.toReversed();
}

/** The largest power of two below a count of at least 2: where RFC 6962 splits a tree. */
export function largestPowerBelow(count: bigint): bigint {
  assert(count >= 2n, `Invariant: only a tree of two leaves or more is split, this has ${count}`);
  return 1n << BigInt((count - 1n).toString(2).length - 1);
}

function isOdd(value: bigint): boolean {
  return (value & 1n) === 1n;
}

function hashFault(hashes: readonly Uint8Array[]): string | undefined {
  const wrong = hashes.find((hash) => hash.length !== HASH_BYTES);
  return wrong === undefined ? undefined : `a hash must have 32 bytes, had ${wrong.length}`;
}

function rangeFault({ start, end }: LeafRange): string {
  return `leaves ${start} to ${end} are no subtree`;
}
