// SPDX-License-Identifier: Apache-2.0
// Keys of the tests: made from seeds, so that every run has the same ones.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

import { noteKey, type NoteKey, type Sign, type SignatureType } from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';

/** What stands before a seed in a private key's PKCS #8 form, and before the key in a public one's. */
const SHAPES = {
  ed25519: { seed: '302e020100300506032b657004220420', publicKeyBytes: 32 },
  'ml-dsa-44': { seed: '3034020100300b060960864801650304031104228020', publicKeyBytes: 1312 },
};

export interface TestSigner {
  readonly key: NoteKey;
  readonly sign: Sign;
}

export function rawKeyPair(
  algorithm: keyof typeof SHAPES,
  seed: Uint8Array,
): { publicKey: Uint8Array; sign: Sign } {
  const { seed: header, publicKeyBytes } = SHAPES[algorithm];
  const privateKey = createPrivateKey({
    key: Buffer.concat([Buffer.from(header, 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: spki.subarray(-publicKeyBytes),
    sign: (message) => sign(null, message, privateKey),
  };
}

/** A signer of that name; another label gives another key. */
export function testSigner(
  name: string,
  type: SignatureType = 'ed25519',
  label: string = name,
): TestSigner {
  const seed = createHash('sha256').update(`seed of ${label}`).digest();
  const algorithm = type === 'ml-dsa-44-cosignature' ? 'ml-dsa-44' : 'ed25519';
  const { publicKey, sign: signBytes } = rawKeyPair(algorithm, seed);
  const key = noteKey(nodeCryptography, { name, type, publicKey });
  if (!key.ok) throw new Error(key.reason);
  return { key: key.value, sign: signBytes };
}

/** The value of a result that must be one. */
export function valueOf<T>(
  result:
    { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string },
): T {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}

/** Why a result has no value; empty where it has one. */
export function reasonOf(
  result: { readonly ok: true } | { readonly ok: false; readonly reason: string },
): string {
  return result.ok ? '' : result.reason;
}
