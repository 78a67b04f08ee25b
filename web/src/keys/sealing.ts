// SPDX-License-Identifier: Apache-2.0
// Seals a secret as soon as it is taken from its field. Texts cannot be overwritten in a browser, so there is one
// only, and the field is emptied before anything else happens.

import { sealSecret } from '@kontor/signer/seal';

import type { Connection } from '../api/types.ts';

export interface Sealed {
  readonly sealed: string;
  /** SHA-256 of the secret in hexadecimal: enough to notice it where it does not belong. */
  readonly digest: string;
}

const SECRET = /^[\x21-\x7e]{16,512}$/;
const FINGERPRINT_DIGITS = 32;

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
    const { name, venue, keyKind } = to;
    const sealed = await sealSecret(secret, {
      importKey: fromBase64(importKey),
      name,
      venue,
      keyKind,
    });
    return { sealed, digest: await sha256(secret) };
  } finally {
    secret.fill(0);
  }
}

/** Whether `text` is the secret that was sealed before. */
export async function isSameSecret(text: string, digest: string | null): Promise<boolean> {
  return digest !== null && (await sha256(new TextEncoder().encode(text))) === digest;
}

/** As `kontor vault show` prints it. */
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
