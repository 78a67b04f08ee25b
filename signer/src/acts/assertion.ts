// SPDX-License-Identifier: Apache-2.0
// WebAuthn assertions, checked with nothing but node:crypto: who consented, with which authenticator, to what.

import { hash, verify, type KeyObject } from 'node:crypto';
import type { Fields } from '../fields.ts';

/** What an authenticator gave, through a browser. Everything in base64url. */
export interface Assertion {
  readonly credential: string;
  readonly clientData: string;
  readonly authenticatorData: string;
  readonly signature: string;
}

/** How a person says yes. */
export type Approval =
  | ({ readonly kind: 'passkey' } & Assertion)
  /** HMAC-SHA256 over the text under the code, base64url. */
  | { readonly kind: 'code'; readonly proof: string };

/** What an assertion must be about. */
export interface Expected {
  readonly key: KeyObject;
  readonly rpId: string;
  readonly origin: string;
  /** SHA-256 of what is consented to. */
  readonly challenge: Buffer;
  /** The highest count that this credential has shown. */
  readonly counter: number;
}

export type Verdict =
  { readonly ok: true; readonly counter: number } | { readonly ok: false; readonly reason: string };

/** An identifier of a credential: at most 1,023 bytes by WebAuthn. */
export const CREDENTIAL_PATTERN: RegExp = /^[A-Za-z0-9_-]{16,1364}$/;
/** 1,500 bytes: an origin, a challenge and what browsers add. */
const CLIENT_DATA = /^[A-Za-z0-9_-]{40,2000}$/;
/** 37 bytes and room for extensions. */
const AUTHENTICATOR_DATA = /^[A-Za-z0-9_-]{50,700}$/;
/** RSA-4096 makes 683 characters. */
const SIGNATURE = /^[A-Za-z0-9_-]{64,700}$/;

const PROOF = /^[A-Za-z0-9_-]{43}$/;

const RP_ID_HASH_BYTES = 32;
const FIXED_BYTES = 37;
const USER_PRESENT = 0x01;
const USER_VERIFIED = 0x04;
const BACKUP_ELIGIBLE = 0x08;
const BACKED_UP = 0x10;
const HAS_CREDENTIAL = 0x40;
const HAS_EXTENSIONS = 0x80;
/** Fields that decide; each may come once. */
const DECIDING = ['type', 'challenge', 'origin', 'crossOrigin', 'topOrigin'];

/** A person's yes. Throws WireError. */
export function readApproval(fields: Fields): Approval {
  const kind = fields.oneOf('kind', ['passkey', 'code']);
  return kind === 'passkey'
    ? { kind, ...readAssertion(fields) }
    : { kind, proof: fields.privateText('proof', PROOF, '32 bytes in base64url') };
}

function readAssertion(fields: Fields): Assertion {
  return {
    credential: fields.text('credential', CREDENTIAL_PATTERN, 'the identifier of a credential'),
    clientData: fields.text('clientData', CLIENT_DATA, 'at most 1,500 bytes in base64url'),
    authenticatorData: fields.text(
      'authenticatorData',
      AUTHENTICATOR_DATA,
      '37 to 525 bytes in base64url',
    ),
    signature: fields.text('signature', SIGNATURE, 'a signature in base64url'),
  };
}

/** Whether `assertion` is a person's consent to what `expected` names. */
export function verifyAssertion(assertion: Assertion, expected: Expected): Verdict {
  const clientData = Buffer.from(assertion.clientData, 'base64url');
  const data = Buffer.from(assertion.authenticatorData, 'base64url');
  const fault = clientDataFault(clientData, expected) ?? authenticatorFault(data, expected);
  if (fault !== null) return { ok: false, reason: fault };
  const counter = data.readUInt32BE(RP_ID_HASH_BYTES + 1);
  const signed = Buffer.concat([data, hash('sha256', clientData, 'buffer')]);
  const signature = Buffer.from(assertion.signature, 'base64url');
  if (!isSignature(signed, expected.key, signature)) {
    return { ok: false, reason: 'signature: expected one by the key of this credential' };
  }
  return { ok: true, counter };
}

/** The hash of a whole assertion: what an entry of the log names it by. */
export function assertionHash(assertion: Assertion): string {
  const { credential, clientData, authenticatorData, signature } = assertion;
  return hash('sha256', [credential, clientData, authenticatorData, signature].join('\n'), 'hex');
}

function clientDataFault(bytes: Buffer, { challenge, origin }: Expected): string | null {
  const text = bytes.toString('latin1');
  // What decides is ASCII. Escapes and doubled names could be read in two ways.
  const isOnce = DECIDING.every((name) => text.split(`"${name}"`).length <= 2);
  if (text.includes('\\') || !isOnce) return 'clientData: expected each field once, unescaped';
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return 'clientData: expected JSON';
  }
  const fields = new Map(Object.entries(typeof data === 'object' && data !== null ? data : {}));
  if (fields.get('type') !== 'webauthn.get') return 'clientData.type: expected webauthn.get';
  if (fields.get('challenge') !== challenge.toString('base64url')) {
    return 'clientData.challenge: expected the hash of this action, found another';
  }
  const found = fields.get('origin');
  if (found !== origin) {
    return `clientData.origin: expected ${origin}, found ${String(found).slice(0, 80)}`;
  }
  if (fields.has('topOrigin') || (fields.get('crossOrigin') ?? false) !== false) {
    return 'clientData.crossOrigin: expected a page that is in no other page';
  }
  return null;
}

function authenticatorFault(data: Buffer, { rpId, counter }: Expected): string | null {
  const flags = data[RP_ID_HASH_BYTES] ?? 0;
  const hasMore = (flags & HAS_EXTENSIONS) !== 0;
  if (data.length < FIXED_BYTES || hasMore !== data.length > FIXED_BYTES) {
    return `authenticatorData: expected ${FIXED_BYTES} bytes and the extensions that its flags name, found ${data.length}`;
  }
  if (!data.subarray(0, RP_ID_HASH_BYTES).equals(hash('sha256', rpId, 'buffer'))) {
    return `authenticatorData.rpIdHash: expected that of ${rpId}, found another`;
  }
  if ((flags & USER_PRESENT) === 0) return 'authenticatorData.flags: expected a present person';
  if ((flags & USER_VERIFIED) === 0) {
    return 'authenticatorData.flags: expected a person whom the device has verified (PIN, finger or face)';
  }
  if ((flags & HAS_CREDENTIAL) !== 0 || (flags & (BACKED_UP | BACKUP_ELIGIBLE)) === BACKED_UP) {
    return 'authenticatorData.flags: expected those of an assertion, found a contradiction';
  }
  const found = data.readUInt32BE(RP_ID_HASH_BYTES + 1);
  // Passkeys that several devices share do not count and show zero for ever.
  if ((found > 0 || counter > 0) && found <= counter) {
    return `authenticatorData.counter: expected more than ${counter}, found ${found}: this credential may have been copied`;
  }
  return null;
}

function isSignature(signed: Buffer, key: KeyObject, signature: Buffer): boolean {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  try {
    return verify(digest, signed, key, signature);
  } catch {
    return false;
  }
}
