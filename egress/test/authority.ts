// SPDX-License-Identifier: Apache-2.0
// Certificate authorities made on the spot, and what they issue (RFC 5280): P-256 throughout.

import {
  createPrivateKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';

/** What a TLS server shows: its key, and its certificate with those above it. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  text: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
  name: 0x82,
  address: 0x87,
} as const;
const ECDSA_SHA256 = Buffer.from('300a06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');
const BASIC_CONSTRAINTS = Buffer.from('0603551d13', 'hex');
const ALTERNATIVE_NAMES = Buffer.from('0603551d11', 'hex');
const SERVER_NAME = 'an exchange';
const TRUE = Buffer.from('0101ff', 'hex');

interface Signing {
  readonly name: string;
  readonly key: KeyObject;
  readonly above: readonly string[];
}

export class Authority {
  readonly #own: Signing;
  readonly #spki: Buffer;
  readonly pem: string;

  /** A root of its own, or below `issuer`. */
  constructor(name: string, issuer?: Signing) {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    this.#spki = publicKey.export({ format: 'der', type: 'spki' });
    const constraints = element(
      TAG.sequence,
      BASIC_CONSTRAINTS,
      TRUE,
      element(TAG.octets, element(TAG.sequence, TRUE)),
    );
    const by = issuer ?? { name, key: privateKey, above: [] };
    this.pem = signed(by, name, this.#spki, constraints);
    // A root is known to those who trust it; what is between is shown along.
    const above = issuer === undefined ? [] : [this.pem, ...issuer.above];
    this.#own = { name, key: privateKey, above };
  }

  /** Below this authority. */
  sub(name: string): Authority {
    return new Authority(name, this.#own);
  }

  /** Below something that is no authority: what `issue` made. */
  static under({ key, cert }: ServerCertificate, name: string): Authority {
    return new Authority(name, { name: SERVER_NAME, key: createPrivateKey(key), above: [cert] });
  }

  /** SHA-256 of the public key, in hexadecimal. */
  get fingerprint(): string {
    return hash('sha256', this.#spki, 'hex');
  }

  /** For 127.0.0.1 and localhost; `more` is shown along with the chain. */
  issue(more: readonly string[] = []): ServerCertificate {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const names = element(
      TAG.sequence,
      element(TAG.name, Buffer.from('localhost')),
      element(TAG.address, Buffer.of(127, 0, 0, 1)),
    );
    const alternative = element(TAG.sequence, ALTERNATIVE_NAMES, element(TAG.octets, names));
    const spki = publicKey.export({ format: 'der', type: 'spki' });
    return {
      key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
      cert: [signed(this.#own, SERVER_NAME, spki, alternative), ...more, ...this.#own.above].join(
        '',
      ),
    };
  }
}

/** A certificate for `subject`, in PEM. */
function signed(by: Signing, subject: string, spki: Buffer, extension: Buffer): string {
  const body = element(
    TAG.sequence,
    element(TAG.version, element(TAG.integer, Buffer.of(2))),
    element(TAG.integer, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    ECDSA_SHA256,
    nameOf(by.name),
    element(TAG.sequence, time('260101000000Z'), time('490101000000Z')),
    nameOf(subject),
    spki,
    element(TAG.extensions, element(TAG.sequence, extension)),
  );
  const signature = element(TAG.bits, Buffer.of(0), sign('sha256', body, by.key));
  const whole = element(TAG.sequence, body, ECDSA_SHA256, signature).toString('base64');
  const lines = whole.match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function nameOf(name: string): Buffer {
  const attribute = element(TAG.sequence, COMMON_NAME, element(TAG.text, Buffer.from(name)));
  return element(TAG.sequence, element(TAG.set, attribute));
}

function time(text: string): Buffer {
  return element(TAG.time, Buffer.from(text));
}

/** One DER element; none here has 64 KiB or more. */
function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}
