// SPDX-License-Identifier: Apache-2.0
// The proofs of transparency-dev/merkle, good and bad, all 518.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  treeHasher,
  verifyConsistency,
  verifyInclusion,
  verifySubtreeConsistency,
  verifySubtreeInclusion,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { bytesOf, readBigVectors, skipWithout } from './vectors.ts';

interface Vector {
  readonly name: string;
  readonly desc: string;
  readonly proof: readonly string[] | null;
  readonly wantErr: boolean;
  readonly [field: string]: unknown;
}

const hasher = treeHasher(nodeCryptography);

const big = (vector: Vector, field: string): bigint => BigInt(String(vector[field]));
const hash = (vector: Vector, field: string): Uint8Array => bytesOf(String(vector[field] ?? ''));
const proofOf = (vector: Vector): Uint8Array[] => (vector.proof ?? []).map(bytesOf);

function checkAll(name: string, count: number, verify: (vector: Vector) => boolean): void {
  const vectors = readBigVectors<readonly Vector[]>(name);
  assert.equal(vectors.length, count);
  const wrong = vectors
    .filter((vector) => verify(vector) === vector.wantErr)
    .map((vector) => `${vector.name}: ${vector.desc}, error wanted: ${vector.wantErr}`);
  assert.deepEqual(wrong, []);
}

const INCLUSION = 'merkle-inclusion.json.gz';
test('[H6] all 98 inclusion vectors', { skip: skipWithout(INCLUSION) }, () => {
  checkAll(INCLUSION, 98, (vector) => {
    const claim = {
      index: big(vector, 'leafIdx'),
      size: big(vector, 'treeSize'),
      leaf: hash(vector, 'leafHash'),
      root: hash(vector, 'root'),
      proof: proofOf(vector),
    };
    return verifyInclusion(hasher, claim).ok;
  });
});

const CONSISTENCY = 'merkle-consistency.json.gz';
test('[H7] all 98 consistency vectors', { skip: skipWithout(CONSISTENCY) }, () => {
  checkAll(CONSISTENCY, 98, (vector) => {
    const claim = {
      olderSize: big(vector, 'size1'),
      newerSize: big(vector, 'size2'),
      olderRoot: hash(vector, 'root1'),
      newerRoot: hash(vector, 'root2'),
      proof: proofOf(vector),
    };
    return verifyConsistency(hasher, claim).ok;
  });
});

const SUBTREE_INCLUSION = 'merkle-subtreeinclusion.json.gz';
test('[H8] all 204 subtree inclusion vectors', { skip: skipWithout(SUBTREE_INCLUSION) }, () => {
  checkAll(SUBTREE_INCLUSION, 204, (vector) => {
    const claim = {
      index: big(vector, 'leafIdx'),
      start: big(vector, 'start'),
      end: big(vector, 'end'),
      leaf: hash(vector, 'leafHash'),
      root: hash(vector, 'root'),
      proof: proofOf(vector),
    };
    return verifySubtreeInclusion(hasher, claim).ok;
  });
});

const SUBTREE_CONSISTENCY = 'merkle-subtreeconsistency.json.gz';
test('[H8] all 118 subtree consistency vectors', { skip: skipWithout(SUBTREE_CONSISTENCY) }, () => {
  checkAll(SUBTREE_CONSISTENCY, 118, (vector) => {
    const claim = {
      start: big(vector, 'start'),
      end: big(vector, 'end'),
      size: big(vector, 'size'),
      subtreeRoot: hash(vector, 'root1'),
      root: hash(vector, 'root2'),
      proof: proofOf(vector),
    };
    return verifySubtreeConsistency(hasher, claim).ok;
  });
});
