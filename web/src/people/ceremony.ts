// SPDX-License-Identifier: Apache-2.0
// Passkeys in the browser: made, shown, and named by a fingerprint that people can compare.

import { startAuthentication, startRegistration, WebAuthnError } from '@simplewebauthn/browser';

import type { PasskeyAssertion, PasskeyRegistration, RegistrationOptions } from '../api/types.ts';

/** Why a ceremony came to nothing, in words that the page knows. */
export type CeremonyFault = 'cancelled' | 'known' | 'noDevice' | 'failed';

export class CeremonyError extends Error {
  override readonly name = 'CeremonyError';
  readonly fault: CeremonyFault;

  constructor(fault: CeremonyFault, options: ErrorOptions) {
    super(fault, options);
    this.fault = fault;
  }
}

export interface MadePasskey {
  readonly registration: PasskeyRegistration;
  /** Null where the browser does not show the key. */
  readonly fingerprint: string | null;
}

const TIMEOUT_MS = 300_000;
const ALGORITHMS = [-8, -7, -257];

/** Has the device make a passkey. Throws CeremonyError. */
export async function createPasskey(options: RegistrationOptions): Promise<MadePasskey> {
  const { challenge, rpId, userId, userName, credentials } = options;
  try {
    const { id, response } = await startRegistration({
      optionsJSON: {
        challenge,
        rp: { id: rpId, name: 'Kontor' },
        user: { id: userId, name: userName, displayName: userName },
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        excludeCredentials: credentials.map((credential) => ({
          type: 'public-key',
          id: credential,
        })),
        authenticatorSelection: {
          residentKey: 'required',
          requireResidentKey: true,
          userVerification: 'required',
        },
        attestation: 'none',
        timeout: TIMEOUT_MS,
      },
    });
    const { clientDataJSON: clientData, attestationObject: attestation, publicKey } = response;
    const fingerprint = publicKey === undefined ? null : await fingerprintOf(publicKey);
    return { registration: { credential: id, clientData, attestation }, fingerprint };
  } catch (error) {
    throw new CeremonyError(faultOf(error), { cause: error });
  }
}

/** Has the device show a passkey: one of `credentials`, or any of this desk's. Throws CeremonyError. */
export async function showPasskey(options: {
  readonly challenge: string;
  readonly rpId: string;
  readonly credentials: readonly string[];
}): Promise<PasskeyAssertion> {
  const { challenge, rpId, credentials } = options;
  try {
    const { id, response } = await startAuthentication({
      optionsJSON: {
        challenge,
        rpId,
        allowCredentials: credentials.map((credential) => ({ type: 'public-key', id: credential })),
        userVerification: 'required',
        timeout: TIMEOUT_MS,
      },
    });
    const { clientDataJSON: clientData, authenticatorData, signature, userHandle } = response;
    const user = userHandle === undefined || userHandle === '' ? {} : { userHandle };
    return { credential: id, clientData, authenticatorData, signature, ...user };
  } catch (error) {
    throw new CeremonyError(faultOf(error), { cause: error });
  }
}

/** Whether this page may use passkeys of `rpId` at all. */
export function isPasskeyPlace(rpId: string): boolean {
  const { hostname } = location;
  const isOfSite = hostname === rpId || hostname.endsWith(`.${rpId}`);
  return isOfSite && window.isSecureContext && 'PublicKeyCredential' in window;
}

/** The first half of the SHA-256 of a key in SPKI form, in groups: what the signer shows at its terminal. */
export async function fingerprintOf(spki: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', fromBase64url(spki)));
  const hex = Array.from(digest.subarray(0, 16), (byte) => byte.toString(16).padStart(2, '0'));
  return (hex.join('').match(/.{4}/g) ?? []).join(' ');
}

/** What the signer takes for its own code: HMAC-SHA256 over the text. The code stays in this page. */
export async function codeProof(code: string, text: string): Promise<string> {
  const encoder = new TextEncoder();
  const bytes = encoder.encode(code.toUpperCase().replaceAll(/[\s-]/g, ''));
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', bytes, algorithm, false, ['sign']);
  const tag = new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
  return btoa(String.fromCharCode(...tag))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}

function faultOf(error: unknown): CeremonyFault {
  if (error instanceof WebAuthnError) {
    if (error.code === 'ERROR_AUTHENTICATOR_PREVIOUSLY_REGISTERED') return 'known';
    if (error.code === 'ERROR_CEREMONY_ABORTED') return 'cancelled';
    if (error.code.startsWith('ERROR_AUTHENTICATOR_')) return 'noDevice';
  }
  return error instanceof Error && error.name === 'NotAllowedError' ? 'cancelled' : 'failed';
}
