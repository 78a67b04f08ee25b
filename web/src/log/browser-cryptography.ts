// SPDX-License-Identifier: Apache-2.0
// Cryptography for the log's proofs in a browser: pure JavaScript, so that it is the same in every one. ML-DSA-44 is
// not among it; keys of that kind are left out before anything is verified.

import { ed25519 } from '@noble/curves/ed25519.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import type { Cryptography } from '@kontor/tlog';

const { Point } = ed25519;

export const browserCryptography: Cryptography = {
  sha256: (data) => sha256(data),
  verifyEd25519(publicKey, message, signature) {
    try {
      const nonce = signature.subarray(0, 32);
      const s = littleEndian(signature.subarray(32));
      if (s >= Point.Fn.ORDER) return false;
      const hashed = new Uint8Array(64 + message.length);
      hashed.set(nonce);
      hashed.set(publicKey, 32);
      hashed.set(message, 64);
      const k = littleEndian(sha512(hashed)) % Point.Fn.ORDER;
      // Without the cofactor, as Node does it: sB − kA is R, byte for byte.
      const found = Point.BASE.multiplyUnsafe(s)
        .subtract(Point.fromBytes(publicKey).multiplyUnsafe(k))
        .toBytes();
      return found.every((byte, place) => byte === nonce[place]);
    } catch {
      return false;
    }
  },
  verifyMlDsa44: () => false,
};

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let place = bytes.length - 1; place >= 0; place -= 1) {
    value = (value << 8n) | BigInt(bytes[place] ?? 0);
  }
  return value;
}
