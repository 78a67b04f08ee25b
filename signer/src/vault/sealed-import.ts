// SPDX-License-Identifier: Apache-2.0
// Opens what a browser or a terminal sealed to the vault's import key: HPKE (RFC 9180) in base mode with
// DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. Who carries it sees ciphertext only.

import {
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  type KeyObject,
} from 'node:crypto';
import type { KeyKind } from '../wire.ts';
import { VaultError } from './file.ts';

const KEM_ID = 0x0020;
const KDF_ID = 0x0001;
const POINT_BYTES = 32;
const TAG_BYTES = 16;
const NONCE_BYTES = 12;
const HASH_BYTES = 32;
/** What stands before the 32 bytes of an X25519 public key in its SPKI form (RFC 8410). */
const SPKI_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');
export const IMPORT_INFO = 'kontor-import/v1';

/** The AEADs by their number in RFC 9180. Imports use the second; the first has the RFC's published answers. */
const AEADS = {
  'aes-128-gcm': { id: 0x0001, keyBytes: 16 },
  'aes-256-gcm': { id: 0x0002, keyBytes: 32 },
} as const;

/** What a sealed secret is bound to: it opens as no other connection's. */
export function importContext(name: string, venue: string, kind: KeyKind): Buffer {
  return Buffer.from(`${name}\n${venue}\n${kind}`);
}

/** The secret in `sealed`, an encapsulated key and a ciphertext. The caller zeroes it. Throws VaultError. */
export function openSealed(
  sealed: Buffer,
  privateKey: KeyObject,
  context: {
    readonly info: Buffer;
    readonly associated: Buffer;
    readonly aead?: keyof typeof AEADS;
  },
): Buffer {
  if (sealed.length < POINT_BYTES + TAG_BYTES) {
    throw new VaultError(
      'vault.form',
      `expected at least ${POINT_BYTES + TAG_BYTES} sealed bytes, found ${sealed.length}`,
    );
  }
  const aead = context.aead ?? 'aes-256-gcm';
  const { id, keyBytes } = AEADS[aead];
  const encapsulated = sealed.subarray(0, POINT_BYTES);
  const kem = suite('KEM', KEM_ID);
  const hpke = suite('HPKE', KEM_ID, KDF_ID, id);
  const shared = sharedSecret(privateKey, encapsulated);
  const kemContext = Buffer.concat([encapsulated, rawPublicKey(createPublicKey(privateKey))]);
  const secrets = [shared];
  const keep = (secret: Buffer): Buffer => {
    secrets.push(secret);
    return secret;
  };
  try {
    const prk = keep(extract(kem, Buffer.alloc(0), 'eae_prk', shared));
    const kemSecret = keep(expand(kem, prk, 'shared_secret', kemContext, HASH_BYTES));
    const schedule = Buffer.concat([
      Buffer.of(0),
      extract(hpke, Buffer.alloc(0), 'psk_id_hash', Buffer.alloc(0)),
      extract(hpke, Buffer.alloc(0), 'info_hash', context.info),
    ]);
    const secret = keep(extract(hpke, kemSecret, 'secret', Buffer.alloc(0)));
    const key = keep(expand(hpke, secret, 'key', schedule, keyBytes));
    const nonce = expand(hpke, secret, 'base_nonce', schedule, NONCE_BYTES);
    const decipher = createDecipheriv(aead, key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(context.associated);
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    const opened = keep(decipher.update(sealed.subarray(POINT_BYTES, -TAG_BYTES)));
    try {
      decipher.final();
    } catch {
      throw cannotOpen();
    }
    secrets.pop();
    return opened;
  } finally {
    for (const secret of secrets) secret.fill(0);
  }
}

/** X25519's raw public bytes. */
export function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(-POINT_BYTES);
}

/** The public key of X25519's raw bytes. */
export function publicKeyOf(point: Buffer): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, point]), format: 'der', type: 'spki' });
}

/** Throws VaultError for a point that gives no secret. */
export function sharedSecret(privateKey: KeyObject, point: Buffer): Buffer {
  try {
    return diffieHellman({ privateKey, publicKey: publicKeyOf(point) });
  } catch {
    throw cannotOpen();
  }
}

function cannotOpen(): VaultError {
  return new VaultError(
    'vault.other',
    "expected a secret sealed to this vault's import key for this name, venue and kind, found another or a changed one",
  );
}

function suite(name: string, ...ids: readonly number[]): Buffer {
  return Buffer.concat([Buffer.from(name), ...ids.map((id) => Buffer.of(id >> 8, id & 0xff))]);
}

function extract(suiteId: Buffer, salt: Buffer, label: string, input: Buffer): Buffer {
  return createHmac('sha256', salt)
    .update('HPKE-v1')
    .update(suiteId)
    .update(label)
    .update(input)
    .digest();
}

/** One block of HKDF-Expand: no output here is longer than a hash. */
function expand(suiteId: Buffer, prk: Buffer, label: string, info: Buffer, bytes: number): Buffer {
  return createHmac('sha256', prk)
    .update(Buffer.of(0, bytes))
    .update('HPKE-v1')
    .update(suiteId)
    .update(label)
    .update(info)
    .update(Buffer.of(1))
    .digest()
    .subarray(0, bytes);
}
