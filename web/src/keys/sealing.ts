// SPDX-License-Identifier: Apache-2.0
// Seals a secret as soon as it is taken from its field. Texts cannot be overwritten in a browser, so there is one
// only, and the field is emptied before anything else happens.

import { sealSecret } from '@kontor/signer/seal';

import { privateKeyIn } from './private-key.ts';

import type { Connection } from '../api/types.ts';

export interface Sealed {
  readonly sealed: string;
  /** SHA-256 of the secret in hexadecimal: enough to notice it where it does not belong. */
  readonly digest: string;
}

const SECRET = /^[\x21-\x7e]{16,512}$/;
const FINGERPRINT_DIGITS = 32;
const KEY_FILE_BYTES_MAX = 16_384;

/**
 * Browsers offer cryptography to addresses only that nobody on the way can change, and know this curve since 2025.
 */
export async function canSeal(): Promise<boolean> {
  if (!globalThis.isSecureContext) return false;
  try {
    await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    return true;
  } catch {
    return false;
  }
}

/** Whether the field holds what may be a secret; it stays as it is. */
export function holdsSecret(field: HTMLInputElement): boolean {
  return SECRET.test(field.value.trim());
}

/** Empties the field and gives what was in it, sealed to the vault. */
export async function takeSealed(
  field: HTMLInputElement,
  importKey: string,
  to: Pick<Connection, 'name' | 'venue' | 'keyKind'>,
): Promise<Sealed> {
  const secret = new TextEncoder().encode(field.value.trim());
  field.value = '';
  try {
    return { sealed: await sealed(secret, importKey, to), digest: await sha256(secret) };
  } finally {
    secret.fill(0);
  }
}

/**
 * Gives the private key of the chosen file, sealed to the vault; null where the file holds none in PKCS #8. Nothing of
 * the file becomes text, and the field forgets which one it was.
 */
export async function takeSealedFile(
  field: HTMLInputElement,
  importKey: string,
  to: Pick<Connection, 'name' | 'venue' | 'keyKind'>,
): Promise<string | null> {
  const file = field.files?.[0];
  if (file === undefined || file.size > KEY_FILE_BYTES_MAX) return null;
  const bytes = new Uint8Array(await file.arrayBuffer());
  field.value = '';
  const secret = privateKeyIn(bytes);
  bytes.fill(0);
  if (secret === null) return null;
  try {
    return await sealed(secret, importKey, to);
  } finally {
    secret.fill(0);
  }
}

function sealed(
  secret: Uint8Array<ArrayBuffer>,
  importKey: string,
  { name, venue, keyKind }: Pick<Connection, 'name' | 'venue' | 'keyKind'>,
): Promise<string> {
  return sealSecret(secret, { importKey: fromBase64(importKey), name, venue, keyKind });
}

/** Whether `text` is the secret that was sealed before. */
export async function isSameSecret(text: string, digest: string | null): Promise<boolean> {
  return digest !== null && (await sha256(new TextEncoder().encode(text))) === digest;
}

/** As `kontor vault fingerprint` prints it. */
export async function fingerprintOf(importKey: string): Promise<string> {
  const digits = (await sha256(fromBase64(importKey))).slice(0, FINGERPRINT_DIGITS);
  return (digits.match(/.{4}/g) ?? []).join(' ');
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...hash].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
