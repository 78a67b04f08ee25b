// SPDX-License-Identifier: Apache-2.0
// A second cryptography without anything of Node, as a browser would bring it: pure JavaScript for Ed25519.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';

import { equalBytes } from '../src/bytes.ts';
import type { Cryptography } from '../src/index.ts';

export const nobleCryptography: Cryptography = {
  sha256: (data) => sha256(data),
  verifyEd25519: (publicKey, message, signature) => {
    try {
      const point = ed25519.Point.fromBytes(publicKey);
      const nonce = signature.subarray(0, 32);
      const s = littleEndian(signature.subarray(32));
      if (s >= ed25519.Point.Fn.ORDER) return false;
      const k =
        littleEndian(sha512(Buffer.concat([nonce, publicKey, message]))) % ed25519.Point.Fn.ORDER;
      // sB - kA is R byte for byte: without the cofactor.
      const found = ed25519.Point.BASE.multiplyUnsafe(s).subtract(point.multiplyUnsafe(k));
      return equalBytes(found.toBytes(), nonce);
    } catch {
      return false;
    }
  },
  verifyMlDsa44: () => {
    throw new Error('the second cryptography of the tests knows no ML-DSA');
  },
};

function littleEndian(bytes: Uint8Array): bigint {
  return BigInt(
    `0x${Buffer.from(bytes)
      .toReversed()
      .reduce((hex, byte) => hex + byte.toString(16).padStart(2, '0'), '')}`,
  );
}
