// SPDX-License-Identifier: Apache-2.0
// A certificate that nobody vouches for, made on the spot (RFC 5280, RFC 8410).

import { generateKeyPairSync, sign } from 'node:crypto';

const TAG = {
  integer: 0x02,
  bits: 0x03,
  oid: 0x06,
  text: 0x0c,
  time: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;
const ED25519 = element(TAG.sequence, element(TAG.oid, Buffer.from([0x2b, 0x65, 0x70])));
const COMMON_NAME = element(TAG.oid, Buffer.from([0x55, 0x04, 0x03]));

/** A self-signed Ed25519 certificate of version 1 and its key, as `node:tls` takes them. */
export function selfSigned(name: string): { readonly key: string; readonly cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const attribute = element(TAG.sequence, COMMON_NAME, element(TAG.text, Buffer.from(name)));
  const subject = element(TAG.sequence, element(TAG.set, attribute));
  const body = element(
    TAG.sequence,
    element(TAG.integer, Buffer.of(1)),
    ED25519,
    subject,
    element(TAG.sequence, time('200101000000Z'), time('491231235959Z')),
    subject,
    publicKey.export({ format: 'der', type: 'spki' }),
  );
  const signature = element(TAG.bits, Buffer.of(0), sign(null, body, privateKey));
  const certificate = element(TAG.sequence, body, ED25519, signature).toString('base64');
  return {
    key: privateKey.export({ format: 'pem', type: 'pkcs8' }),
    cert: `-----BEGIN CERTIFICATE-----\n${certificate}\n-----END CERTIFICATE-----\n`,
  };
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
