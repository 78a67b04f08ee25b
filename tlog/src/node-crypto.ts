// SPDX-License-Identifier: Apache-2.0
// Node's cryptography for this package; the only file of it that knows a runtime. Nothing else here imports it.

import { createPublicKey, hash, verify } from 'node:crypto';

import type { Cryptography } from './cryptography.ts';
import { ED25519_KEY_BYTES, ML_DSA_44_KEY_BYTES } from './cryptography.ts';

/** What stands before the bare key in a SubjectPublicKeyInfo. */
const ED25519_HEADER = Buffer.from('302a300506032b6570032100', 'hex');
const ML_DSA_44_HEADER = Buffer.from('30820532300b06096086480165030403110382052100', 'hex');

export const nodeCryptography: Cryptography = {
  sha256: (data) => hash('sha256', data, 'buffer'),
  verifyEd25519: (publicKey, message, signature) =>
    publicKey.length === ED25519_KEY_BYTES &&
    verifyWith(ED25519_HEADER, publicKey, message, signature),
  verifyMlDsa44: (publicKey, message, signature) =>
    publicKey.length === ML_DSA_44_KEY_BYTES &&
    verifyWith(ML_DSA_44_HEADER, publicKey, message, signature),
};

function verifyWith(
  header: Uint8Array,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  try {
    const key = createPublicKey({
      key: Buffer.concat([header, publicKey]),
      format: 'der',
      type: 'spki',
    });
    return verify(null, message, key, signature);
  } catch {
    // A key that is no point of the curve, or a signature of the wrong length.
    return false;
  }
}
