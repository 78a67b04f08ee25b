// SPDX-License-Identifier: Apache-2.0
// The kinds of keys: how each is born, read and checked. Only KeyObjects and zeroed buffers, never text.

import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import type { KeyKind } from '../wire.ts';
import { VaultError } from './file.ts';

const SEED_BYTES = 32;
/** An HMAC secret as exchanges hand them out: Binance's has 64 letters and digits. */
const HMAC_BYTES_MIN = 16;
const HMAC_BYTES_MAX = 512;

export interface Key {
  readonly key: KeyObject;
  /** The public half; empty where there is none. */
  readonly publicKeyPem: string;
}

/** A new key of an asymmetric kind, and its private half as it is sealed. The caller zeroes `secret`. */
export function bornKey(kind: Exclude<KeyKind, 'hmac-sha256'>): Key & { readonly secret: Buffer } {
  const { privateKey, publicKey } =
    kind === 'ed25519'
      ? generateKeyPairSync('ed25519')
      : generateKeyPairSync('rsa', { modulusLength: modulusLengthOf(kind) });
  return { key: privateKey, publicKeyPem: toPem(publicKey), secret: toSecret(privateKey) };
}

/** The private half as it is sealed: PKCS #8. The caller zeroes it. */
export function toSecret(privateKey: KeyObject): Buffer {
  return privateKey.export({ format: 'der', type: 'pkcs8' });
}

/** The key in `secret`. Throws VaultError when it is not one of `kind`; the message quotes nothing. */
export function readKey(kind: KeyKind, secret: Buffer): Key {
  if (kind === 'hmac-sha256') {
    const isPlain = secret.every((byte) => byte > 0x20 && byte < 0x7f);
    if (!isPlain || secret.length < HMAC_BYTES_MIN || secret.length > HMAC_BYTES_MAX) {
      throw new VaultError(
        'vault.form',
        `expected an HMAC secret of ${HMAC_BYTES_MIN} to ${HMAC_BYTES_MAX} printable characters, found something else`,
      );
    }
    return { key: createSecretKey(secret), publicKeyPem: '' };
  }
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
  } catch {
    throw new VaultError('vault.form', `expected a key in PKCS #8, found something else`);
  }
  const isOfKind =
    kind === 'ed25519'
      ? key.asymmetricKeyType === 'ed25519'
      : key.asymmetricKeyType === 'rsa' &&
        key.asymmetricKeyDetails?.modulusLength === modulusLengthOf(kind);
  if (!isOfKind)
    throw new VaultError('vault.form', `expected a key of the kind ${kind}, found another`);
  return { key, publicKeyPem: toPem(createPublicKey(key)) };
}

/**
 * What makes two keys the same key, whatever they are used for: the seed of a curve's key, RSA's public half (it
 * decides the private one), an HMAC secret's bytes. The caller zeroes it.
 */
export function materialOf(key: KeyObject): Buffer {
  if (key.type === 'secret') return key.export();
  if (key.asymmetricKeyType === 'rsa') {
    return createPublicKey(key).export({ format: 'der', type: 'spki' });
  }
  const der = toSecret(key);
  const seed = Buffer.from(der.subarray(-SEED_BYTES));
  der.fill(0);
  return seed;
}

export function toPem(publicKey: KeyObject): string {
  return publicKey.export({ format: 'pem', type: 'spki' });
}

function modulusLengthOf(kind: 'rsa-2048' | 'rsa-4096'): number {
  return kind === 'rsa-2048' ? 2_048 : 4_096;
}
