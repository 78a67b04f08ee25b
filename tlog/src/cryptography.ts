// SPDX-License-Identifier: Apache-2.0
// What this package needs of a cryptographic library, and the rule that Ed25519 is held to whatever the library.
// The package itself calls none: Node's is in node-crypto.ts, a browser brings its own.

/**
 * A library's primitives. Duties: all are synchronous and keep no reference to their arguments; `verify…` answers
 * false, and does not throw, for a key or a signature it cannot read.
 */
export interface Cryptography {
  sha256(data: Uint8Array): Uint8Array;
  /** Without the cofactor, as RFC 8032 allows and OpenSSL does: sB − kA is R, byte for byte. */
  verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** FIPS 204, pure, with the empty context. */
  verifyMlDsa44(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** The private key stays where it is; this package hands over what is to be signed. */
export type Sign = (message: Uint8Array) => Uint8Array;

export const HASH_BYTES = 32;
export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;
export const ML_DSA_44_KEY_BYTES = 1312;
export const ML_DSA_44_SIGNATURE_BYTES = 2420;

const FIELD_PRIME = (1n << 255n) - 19n;
const GROUP_ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const ORDER_EIGHT_Y = 2707385501144840649318225287225658788936804267575313519463743609750303402022n;
/** The y coordinates of the eight points of low order, signs left out. */
const LOW_ORDER_Y: ReadonlySet<bigint> = new Set([
  0n,
  1n,
  FIELD_PRIME - 1n,
  ORDER_EIGHT_Y,
  FIELD_PRIME - ORDER_EIGHT_Y,
]);

/**
 * Verifies an Ed25519 signature by one rule on every runtime: points written canonically, neither the key nor R of
 * low order, s below the group's order, and the equation without the cofactor. Libraries differ on each of these.
 */
export function verifyEd25519(
  cryptography: Cryptography,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== ED25519_KEY_BYTES) return false;
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false;
  if (!isSoundPoint(publicKey) || !isSoundPoint(signature.subarray(0, 32))) return false;
  if (littleEndian(signature.subarray(32)) >= GROUP_ORDER) return false;
  return cryptography.verifyEd25519(publicKey, message, signature);
}

/** Whether 32 bytes write a y below the prime that belongs to no point of low order. */
function isSoundPoint(bytes: Uint8Array): boolean {
  const y = littleEndian(bytes) & ((1n << 255n) - 1n);
  return y < FIELD_PRIME && !LOW_ORDER_Y.has(y);
}

function littleEndian(bytes: Uint8Array): bigint {
  let value = 0n;
  for (let index = bytes.length - 1; index >= 0; index -= 1) {
    value = (value << 8n) | BigInt(bytes[index] ?? 0);
  }
  return value;
}
