// SPDX-License-Identifier: Apache-2.0
// The proof file of one entry: that it stands in the tree of a checkpoint, and what opens it where that is to be shown.

import {
  proveInclusion,
  toProofExtra,
  toProofFile,
  treeHasher,
  type Result,
  type SignedCheckpoint,
  type TileReader,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';

const HASHER = treeHasher(nodeCryptography);

/** A tree under the checkpoint that it was signed with. */
interface SignedTree {
  readonly reader: TileReader;
  readonly signed: SignedCheckpoint;
}

/** The file's bytes; a failure where the tiles lack something or hold another entry. */
export function entryProof(
  { reader, signed }: SignedTree,
  index: bigint,
  shown: Parameters<typeof toProofExtra>[0],
): Result<Uint8Array> {
  const made = proveInclusion(HASHER, reader, index, signed.checkpoint);
  if (!made.ok) return made;
  const { leaf, proof } = made.value;
  if (!Buffer.from(HASHER.leaf(shown.entry)).equals(leaf))
    return { ok: false, reason: `entry ${index} is not the one in the tree` };
  const extra = toProofExtra(shown);
  if (!extra.ok) return { ok: false, reason: `entry ${index}: ${extra.reason}` };
  return { ok: true, value: toProofFile({ index, proof, extra: extra.value, signed }) };
}
