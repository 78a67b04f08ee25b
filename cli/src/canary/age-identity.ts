// SPDX-License-Identifier: Apache-2.0
// An age identity that is made to be found: it opens nothing but decoys.

import { generateKeyPairSync, type KeyObject } from 'node:crypto';

const PREFIX = 'age-secret-key-';
const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
const SCALAR_BYTES = 32;
const CHECKSUM_WORDS = 6;

/** A fresh key pair: the text that opens what is encrypted for `recipient`. */
export function makeIdentity(): { readonly identity: string; readonly recipient: KeyObject } {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const scalar = privateKey.export({ format: 'der', type: 'pkcs8' }).subarray(-SCALAR_BYTES);
  return { identity: bech32(scalar).toUpperCase(), recipient: publicKey };
}

/** BIP 173, which age writes its keys in. */
function bech32(bytes: Uint8Array): string {
  const words: number[] = [];
  let [bits, pending] = [0, 0];
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff;
    for (bits += 8; bits >= 5; bits -= 5) words.push((pending >> (bits - 5)) & 31);
  }
  if (bits > 0) words.push((pending << (5 - bits)) & 31);
  const letters = Array.from(PREFIX, (letter) => letter.charCodeAt(0));
  const expanded = [...letters.map((code) => code >> 5), 0, ...letters.map((code) => code & 31)];
  const check = checksum([...expanded, ...words, ...Array<number>(CHECKSUM_WORDS).fill(0)]) ^ 1;
  for (let at = CHECKSUM_WORDS - 1; at >= 0; at -= 1) words.push((check >>> (5 * at)) & 31);
  return `${PREFIX}1${words.map((word) => CHARSET[word]).join('')}`;
}

function checksum(words: readonly number[]): number {
  let check = 1;
  for (const word of words) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ word;
    for (const [bit, factor] of GENERATOR.entries()) if ((top >>> bit) & 1) check ^= factor;
  }
  return check >>> 0;
}
