// SPDX-License-Identifier: Apache-2.0
// What opens the vault, from this browser: a passphrase from its field, or a key that a passkey gives. Both are sealed to
// the signer before they go anywhere, and overwritten.

import { sealToOpen } from '@kontor/signer/seal';

/** Why a passkey gave no key, in words that the page knows. */
export type PasskeyFault = 'cancelled' | 'noPrf' | 'place' | 'failed';

export class PasskeyKeyError extends Error {
  override readonly name = 'PasskeyKeyError';
  readonly fault: PasskeyFault;

  constructor(fault: PasskeyFault, options: ErrorOptions = {}) {
    super(fault, options);
    this.fault = fault;
  }
}

export interface PasskeyWay {
  readonly credential: string;
  readonly salt: string;
}

const BYTES = 32;
const TIMEOUT_MS = 120_000;
/** EdDSA, ES256, RS256; the vault uses none of them, only the key besides. */
const ALGORITHMS = [-8, -7, -257];

/** Empties the field and gives the passphrase in it, sealed to the signer. */
export async function takePassphrase(field: HTMLInputElement, unlockKey: string): Promise<string> {
  const passphrase = taken(field);
  try {
    return await sealToOpen(passphrase, fromBase64(unlockKey), { kind: 'passphrase' });
  } finally {
    passphrase.fill(0);
  }
}

/** Has the passkey of a way shown; its key, sealed to the signer. Throws PasskeyKeyError. */
export async function takePasskeyKey(
  way: string,
  passkey: PasskeyWay,
  unlockKey: string,
): Promise<string> {
  const key = await keyOf(passkey);
  try {
    return await sealToOpen(key, fromBase64(unlockKey), { kind: 'way', way });
  } finally {
    key.fill(0);
  }
}

/**
 * Empties the field of the passphrase, makes a passkey of its own for the vault, and gives its key and the passphrase,
 * sealed to the signer. Throws PasskeyKeyError.
 */
export async function takeNewPasskey(
  field: HTMLInputElement,
  unlockKey: string,
): Promise<PasskeyWay & { readonly sealed: string }> {
  const passphrase = taken(field);
  try {
    const { passkey, key } = await makePasskey();
    const both = new Uint8Array(BYTES + passphrase.length);
    both.set(key);
    both.set(passphrase, BYTES);
    key.fill(0);
    try {
      const purpose = { kind: 'addPasskey', ...passkey } as const;
      return { ...passkey, sealed: await sealToOpen(both, fromBase64(unlockKey), purpose) };
    } finally {
      both.fill(0);
    }
  } finally {
    passphrase.fill(0);
  }
}

/** Passkeys are for names, not for numbered addresses. */
export function isPasskeyAddress(): boolean {
  const isName = /[a-z]/.test(location.hostname) && !location.hostname.includes(':');
  return isName && window.isSecureContext && 'PublicKeyCredential' in window;
}

async function makePasskey(): Promise<{
  readonly passkey: PasskeyWay;
  readonly key: Uint8Array<ArrayBuffer>;
}> {
  if (!isPasskeyAddress()) throw new PasskeyKeyError('place');
  const salt = crypto.getRandomValues(new Uint8Array(BYTES));
  const made = await shown(() =>
    navigator.credentials.create({
      publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(BYTES)),
        rp: { id: location.hostname, name: 'Kontor' },
        user: {
          id: crypto.getRandomValues(new Uint8Array(16)),
          name: 'Kontor vault',
          displayName: 'Kontor vault',
        },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        // It is found by its identifier and does not appear among the passkeys to log in with.
        authenticatorSelection: { residentKey: 'discouraged', userVerification: 'required' },
        attestation: 'none',
        timeout: TIMEOUT_MS,
        extensions: { prf: {} },
      },
    }),
  );
  if (made.getClientExtensionResults().prf?.enabled !== true) throw new PasskeyKeyError('noPrf');
  const credential = toBase64url(new Uint8Array(made.rawId));
  const passkey = { credential, salt: toBase64url(salt) };
  return { passkey, key: await keyOf(passkey) };
}

/** HKDF of what the passkey gives for the salt. */
async function keyOf({ credential, salt }: PasskeyWay): Promise<Uint8Array<ArrayBuffer>> {
  if (!isPasskeyAddress()) throw new PasskeyKeyError('place');
  const id = fromBase64(credential);
  const got = await shown(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: crypto.getRandomValues(new Uint8Array(BYTES)),
        rpId: location.hostname,
        allowCredentials: [{ type: 'public-key', id }],
        userVerification: 'required',
        timeout: TIMEOUT_MS,
        extensions: { prf: { eval: { first: fromBase64(salt) } } },
      },
    }),
  );
  const first = got.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) throw new PasskeyKeyError('noPrf');
  const given = ArrayBuffer.isView(first)
    ? new Uint8Array(first.buffer, first.byteOffset, first.byteLength)
    : new Uint8Array(first);
  try {
    const from = await crypto.subtle.importKey('raw', given, 'HKDF', false, ['deriveBits']);
    const info = new TextEncoder().encode('kontor-vault/v1 prf');
    const how = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
    return new Uint8Array(await crypto.subtle.deriveBits(how, from, 8 * BYTES));
  } finally {
    given.fill(0);
  }
}

async function shown(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    const isCancelled = error instanceof Error && error.name === 'NotAllowedError';
    throw new PasskeyKeyError(isCancelled ? 'cancelled' : 'failed', { cause: error });
  }
  if (!(credential instanceof PublicKeyCredential)) throw new PasskeyKeyError('failed');
  return credential;
}

/** The text of a field as bytes; a browser can overwrite these, and the text not. */
function taken(field: HTMLInputElement): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(field.value);
  field.value = '';
  return bytes;
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function toBase64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
