// SPDX-License-Identifier: Apache-2.0
// An authenticator and the browser around it, written from the WebAuthn specification, that can also cheat.

import {
  constants,
  createHash,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import type { Approval } from '@kontor/signer';

export type PasskeyKind = 'ES256' | 'EdDSA' | 'RS256';

/** What a cheat may change of an assertion. */
export interface Bent {
  readonly type?: string;
  readonly challenge?: string;
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly rpId?: string;
  readonly flags?: number;
  readonly counter?: number;
  /** Another text in place of the browser's. */
  readonly clientData?: string;
  /** What follows the 37 bytes. */
  readonly tail?: Buffer;
  readonly credential?: string;
  /** Signs with another key. */
  readonly key?: KeyObject;
}

export interface RegistrationGiven {
  readonly credential: string;
  readonly clientData: string;
  readonly attestation: string;
}

const PRESENT_AND_VERIFIED = 0x05;
const WITH_CREDENTIAL = 0x40;

export class Passkey {
  readonly credential: string = randomBytes(32).toString('base64url');
  readonly cose: Buffer;
  readonly key: KeyObject;
  readonly publicKey: KeyObject;
  readonly rpId: string;
  readonly origin: string;
  counter: number;

  constructor(
    options: {
      readonly kind?: PasskeyKind;
      readonly rpId?: string;
      readonly origin?: string;
      /** False for a passkey that several devices share. */
      readonly isCounting?: boolean;
    } = {},
  ) {
    const { kind = 'ES256', isCounting = true } = options;
    this.rpId = options.rpId ?? 'localhost';
    this.origin = options.origin ?? 'http://localhost:8420';
    this.counter = isCounting ? 1 : 0;
    const pair = pairOf(kind);
    this.key = pair.privateKey;
    this.publicKey = pair.publicKey;
    this.cose = coseOf(kind, pair.publicKey);
  }

  /** What a browser gives when the passkey is made; everything in base64url. */
  register(challenge: string, bent: Bent = {}): RegistrationGiven {
    const clientData = JSON.stringify({
      type: bent.type ?? 'webauthn.create',
      challenge: bent.challenge ?? challenge,
      origin: bent.origin ?? this.origin,
      crossOrigin: false,
    });
    const id = Buffer.from(this.credential, 'base64url');
    const data = Buffer.concat([
      sha256(bent.rpId ?? this.rpId),
      Buffer.of(bent.flags ?? PRESENT_AND_VERIFIED | WITH_CREDENTIAL),
      Buffer.alloc(4),
      Buffer.alloc(16),
      Buffer.of(0, id.length),
      id,
      this.cose,
    ]);
    // CBOR: a map of the format `none`, an empty statement, and the data with its length in two bytes.
    const attestation = Buffer.concat([
      hex('a3 63 666d74 64 6e6f6e65 67 61747453746d74 a0 68 6175746844617461 59'),
      Buffer.of(data.length >> 8, data.length & 0xff),
      data,
    ]);
    return {
      credential: this.credential,
      clientData: Buffer.from(clientData).toString('base64url'),
      attestation: attestation.toString('base64url'),
    };
  }

  /** Consents to `challenge`, honestly or bent. */
  assert(challenge: string, bent: Bent = {}): Extract<Approval, { kind: 'passkey' }> {
    if (this.counter > 0) this.counter += 1;
    const clientData =
      bent.clientData ??
      JSON.stringify({
        type: bent.type ?? 'webauthn.get',
        challenge: bent.challenge ?? challenge,
        origin: bent.origin ?? this.origin,
        crossOrigin: bent.crossOrigin ?? false,
      });
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(bent.counter ?? this.counter);
    const data = Buffer.concat([
      sha256(bent.rpId ?? this.rpId),
      Buffer.of(bent.flags ?? PRESENT_AND_VERIFIED),
      counter,
      bent.tail ?? Buffer.alloc(0),
    ]);
    const key = bent.key ?? this.key;
    const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
    const signed = Buffer.concat([data, sha256(clientData)]);
    return {
      kind: 'passkey',
      credential: bent.credential ?? this.credential,
      clientData: Buffer.from(clientData).toString('base64url'),
      authenticatorData: data.toString('base64url'),
      signature: sign(digest, signed, key).toString('base64url'),
    };
  }
}

export function sha256(data: string | Buffer): Buffer {
  return createHash('sha256').update(data).digest();
}

function pairOf(kind: PasskeyKind): {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
} {
  if (kind === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (kind === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2_048 });
}

function coseOf(kind: PasskeyKind, key: KeyObject): Buffer {
  const jwk = key.export({ format: 'jwk' });
  const bytes = (value: unknown): Buffer => Buffer.from(String(value), 'base64url');
  if (kind === 'EdDSA') return Buffer.concat([hex('a4 01 01 03 27 20 06 21 58 20'), bytes(jwk.x)]);
  if (kind === 'ES256') {
    const x = Buffer.concat([hex('a5 01 02 03 26 20 01 21 58 20'), bytes(jwk.x)]);
    return Buffer.concat([x, hex('22 58 20'), bytes(jwk.y)]);
  }
  return Buffer.concat([
    hex('a4 01 03 03 39 01 00 20 59 01 00'),
    bytes(jwk.n),
    hex('21 43 01 00 01'),
  ]);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(' ', ''), 'hex');
}

/** RSA-PSS, which WebAuthn's RS256 is not. */
export function signPss(data: Buffer, key: KeyObject): Buffer {
  return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PSS_PADDING });
}
