// SPDX-License-Identifier: Apache-2.0
// Two checkpoints of one log side by side: is the newer a continuation, and if not, the evidence that convinces
// anybody. And what follows for the log's own signer: when it may sign the next one.

import { equalBytes, failure, success, type Result } from './bytes.ts';
import { openCheckpoint, type Checkpoint } from './checkpoint.ts';
import type { Cryptography } from './cryptography.ts';
import { treeHasher, verifyConsistency, type ProofVerdict, type TreeHasher } from './merkle.ts';
import type { NoteKey } from './note.ts';

/** What the newer tree has at the older size, proven against the newer root. */
export interface Bridge {
  readonly olderRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

export type ViewComparison =
  /** Same size, same root. */
  | { readonly kind: 'same' }
  /** The newer tree begins with the older one. */
  | { readonly kind: 'continued' }
  /** Two trees that cannot both be honest; where the sizes differ the bridge shows it. */
  | { readonly kind: 'fork' }
  /** The bridge does not belong to the newer tree: it proves neither. */
  | { readonly kind: 'unproven'; readonly reason: string };

/** Compares two views of one log, in any order. */
export function compareViews(
  hasher: TreeHasher,
  one: Checkpoint,
  other: Checkpoint,
  bridge: Bridge | undefined,
): ViewComparison {
  if (one.origin !== other.origin) {
    return { kind: 'unproven', reason: `${one.origin} and ${other.origin} are different logs` };
  }
  const [older, newer] = one.size <= other.size ? [one, other] : [other, one];
  const empty = [older, newer].find(
    ({ size, root }) => size === 0n && !equalBytes(root, hasher.empty),
  );
  // An empty tree has one root. Any other is a lie by itself.
  if (empty !== undefined) return { kind: 'fork' };
  if (older.size === newer.size) {
    return { kind: equalBytes(older.root, newer.root) ? 'same' : 'fork' };
  }
  if (older.size === 0n) return { kind: 'continued' };
  if (bridge === undefined) return { kind: 'unproven', reason: 'there is no consistency proof' };
  const verdict = verifyConsistency(hasher, {
    olderSize: older.size,
    newerSize: newer.size,
    olderRoot: bridge.olderRoot,
    newerRoot: newer.root,
    proof: bridge.proof,
  });
  if (!verdict.ok) return { kind: 'unproven', reason: verdict.reason };
  return { kind: equalBytes(bridge.olderRoot, older.root) ? 'continued' : 'fork' };
}

/** Two signed notes of one log that contradict each other, with what shows it. */
export interface ForkEvidence {
  readonly first: Uint8Array;
  readonly second: Uint8Array;
  readonly bridge: Bridge | undefined;
}

/** Whether the evidence proves that the holder of the log's key signed two histories. */
export function verifyForkEvidence(
  cryptography: Cryptography,
  { first, second, bridge }: ForkEvidence,
  logKeys: readonly NoteKey[],
): ProofVerdict {
  const opened = [first, second].map((note) => openCheckpoint(cryptography, note, logKeys));
  const [one, other] = opened;
  if (one === undefined || other === undefined) return failure('expected two notes');
  if (!one.ok) return one;
  if (!other.ok) return other;
  const hasher = treeHasher(cryptography);
  const comparison = compareViews(hasher, one.value.checkpoint, other.value.checkpoint, bridge);
  if (comparison.kind === 'fork') return success(undefined);
  return failure(
    comparison.kind === 'unproven'
      ? comparison.reason
      : 'the two checkpoints agree with each other',
  );
}

/**
 * Whether a log may sign `next` after `last`, the newest it has signed: the same origin, no smaller, and its
 * continuation. A checkpoint that was signed cannot be taken back, so in doubt the answer is no.
 */
export function mayFollow(
  hasher: TreeHasher,
  last: Checkpoint | undefined,
  next: Checkpoint,
  bridge: Bridge | undefined,
): ProofVerdict {
  if (next.extensions.length > 0) return failure('a checkpoint of ours has no extension lines');
  if (last === undefined) {
    return next.size > 0n || equalBytes(next.root, hasher.empty)
      ? success(undefined)
      : failure('an empty tree must have the root of an empty tree');
  }
  if (next.size < last.size) {
    return failure(`the tree must not shrink: ${last.size} entries are signed, now ${next.size}`);
  }
  const comparison = compareViews(hasher, last, next, bridge);
  switch (comparison.kind) {
    case 'same':
    case 'continued':
      return success(undefined);
    case 'fork':
      return failure(
        `the tree of ${next.size} does not begin with the signed tree of ${last.size}`,
      );
    case 'unproven':
      return failure(comparison.reason);
  }
}

/**
 * Of the two stores of the last signed checkpoint the one to believe: the larger, where it continues the other. A
 * crash between the two writes leaves them apart by one checkpoint; anything else is a rollback or a fork.
 */
export function reconcileStores(
  hasher: TreeHasher,
  first: Checkpoint | undefined,
  second: Checkpoint | undefined,
  bridge: Bridge | undefined,
): Result<Checkpoint | undefined> {
  if (first === undefined || second === undefined) {
    const only = first ?? second;
    return only === undefined || only.size === 0n
      ? success(only)
      : failure(`one store has a checkpoint of ${only.size} entries, the other has none`);
  }
  const comparison = compareViews(hasher, first, second, bridge);
  switch (comparison.kind) {
    case 'same':
    case 'continued':
      return success(first.size >= second.size ? first : second);
    case 'fork':
      return failure(`the stores hold two histories, of ${first.size} and ${second.size} entries`);
    case 'unproven':
      return failure(comparison.reason);
  }
}
