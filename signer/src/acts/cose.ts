// SPDX-License-Identifier: Apache-2.0
// Public keys of passkeys: from COSE, as authenticators give them, to a key that signatures are checked with.
//
// Authenticators must write keys in CTAP2's canonical form, so each kind has one layout, and nothing else is read.

import { createPublicKey, hash, type KeyObject } from 'node:crypto';

/** A COSE key of RSA-4096 has about 530 bytes. */
export const COSE_BYTES_MAX = 1_100;
/** Anything shorter can be factored by those who steal keys. */
const RSA_BYTES_MIN = 256;

/** `kty`, `alg` and `crv` of P-256 with ES256, and the head of `x`; then `y` has a head of its own. */
const ES256_HEAD = Buffer.from('a5010203262001215820', 'hex');
const ES256_BETWEEN = Buffer.from('225820', 'hex');
/** `kty`, `alg`, `crv` of Ed25519 with EdDSA, and the head of `x`. */
const EDDSA_HEAD = Buffer.from('a4010103272006215820', 'hex');
/** `kty` and `alg` of RSA with RS256, and the head of `n`, whose length follows in two bytes. */
const RS256_HEAD = Buffer.from('a401030339010020', 'hex');
const BYTES_16 = 0x59;
/** `e`, which is 65537 for every authenticator. */
const RS256_TAIL = Buffer.from('2143010001', 'hex');
const COORDINATE_BYTES = 32;

/** The key in `cose`, or null where it is none of ES256, EdDSA with Ed25519, or RS256. */
export function publicKeyOfCose(cose: Buffer): KeyObject | null {
  try {
    return es256(cose) ?? eddsa(cose) ?? rs256(cose);
  } catch {
    // A point beside its curve, for one.
    return null;
  }
}

/** What people compare: the first half of the hash of the key's SPKI form, in groups. */
export function credentialFingerprint(key: KeyObject): string {
  const half = hash('sha256', key.export({ format: 'der', type: 'spki' }), 'hex').slice(0, 32);
  return (half.match(/.{4}/g) ?? []).join(' ');
}

function es256(cose: Buffer): KeyObject | null {
  const x = cose.subarray(ES256_HEAD.length, ES256_HEAD.length + COORDINATE_BYTES);
  const y = cose.subarray(-COORDINATE_BYTES);
  if (!cose.equals(Buffer.concat([ES256_HEAD, x, ES256_BETWEEN, y]))) return null;
  if (x.length !== COORDINATE_BYTES || y.length !== COORDINATE_BYTES) return null;
  return fromJwk({
    kty: 'EC',
    crv: 'P-256',
    x: x.toString('base64url'),
    y: y.toString('base64url'),
  });
}

function eddsa(cose: Buffer): KeyObject | null {
  const x = cose.subarray(EDDSA_HEAD.length);
  if (x.length !== COORDINATE_BYTES || !cose.equals(Buffer.concat([EDDSA_HEAD, x]))) return null;
  return fromJwk({ kty: 'OKP', crv: 'Ed25519', x: x.toString('base64url') });
}

function rs256(cose: Buffer): KeyObject | null {
  const start = RS256_HEAD.length + 3;
  const n = cose.subarray(start, cose.length - RS256_TAIL.length);
  const length = Buffer.of(BYTES_16, n.length >> 8, n.length & 0xff);
  if (!cose.equals(Buffer.concat([RS256_HEAD, length, n, RS256_TAIL]))) return null;
  if (n.length < RSA_BYTES_MIN || (n[0] ?? 0) < 0x80) return null;
  return fromJwk({ kty: 'RSA', n: n.toString('base64url'), e: 'AQAB' });
}

function fromJwk(key: Readonly<Record<string, string>>): KeyObject {
  return createPublicKey({ key: { ...key }, format: 'jwk' });
}
