// SPDX-License-Identifier: Apache-2.0
// The right edge of a growing tree: its whole subtrees, one for each bit of its size. It is all one has to keep to
// add leaves and to know the root.

import type { TreeHasher } from './merkle.ts';
import { foldRight, TILE_HEIGHT } from './tile.ts';

export interface Peak {
  readonly height: number;
  readonly hash: Uint8Array;
}

export interface TreeEdge {
  size: bigint;
  /** The largest first. */
  readonly peaks: Peak[];
}

/** Adds a leaf; tells each hash that belongs into a tile, from the leaf's own level up, with its index there. */
export function pushLeaf(
  hasher: TreeHasher,
  edge: TreeEdge,
  leaf: Uint8Array,
  onTileHash: (level: number, index: bigint, hash: Uint8Array) => void,
): void {
  const { peaks } = edge;
  onTileHash(0, edge.size, leaf);
  edge.size += 1n;
  let peak: Peak = { height: 0, hash: leaf };
  for (let left = peaks.at(-1); left?.height === peak.height; left = peaks.at(-1)) {
    peaks.pop();
    peak = { height: peak.height + 1, hash: hasher.node(left.hash, peak.hash) };
    if (peak.height % TILE_HEIGHT === 0) {
      onTileHash(peak.height / TILE_HEIGHT, (edge.size >> BigInt(peak.height)) - 1n, peak.hash);
    }
  }
  peaks.push(peak);
}

export function edgeRoot(hasher: TreeHasher, { peaks }: TreeEdge): Uint8Array {
  return foldRight(
    hasher,
    peaks.map(({ hash }) => hash),
  );
}
