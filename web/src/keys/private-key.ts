// SPDX-License-Identifier: Apache-2.0
// Reads a private key out of the bytes of a PEM file. No text is made of it, since texts cannot be overwritten.

const BEGIN = bytesOf('-----BEGIN PRIVATE KEY-----');
const END = bytesOf('-----END PRIVATE KEY-----');
const SPACES: readonly number[] = [0x09, 0x0a, 0x0d, 0x20];
const PADDING = 0x3d;
const DIGITS = bytesOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');

/** The key in PKCS #8 as DER; null where the file holds no unencrypted one, or more than one. The caller zeroes it. */
export function privateKeyIn(file: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const begin = indexOf(file, BEGIN, 0);
  const end = indexOf(file, END, begin + BEGIN.length);
  if (begin < 0 || end < 0 || indexOf(file, BEGIN, end) >= 0) return null;
  return fromBase64(file.subarray(begin + BEGIN.length, end));
}

function fromBase64(text: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const decoded = new Uint8Array(Math.floor((text.length * 3) / 4));
  let [length, held, bits, padding] = [0, 0, 0, 0];
  for (const character of text) {
    if (SPACES.includes(character)) continue;
    if (character === PADDING) {
      padding += 1;
      continue;
    }
    const digit = DIGITS.indexOf(character);
    if (digit < 0 || padding > 0) {
      decoded.fill(0);
      return null;
    }
    held = ((held << 6) | digit) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    decoded[length] = (held >> bits) & 0xff;
    length += 1;
  }
  const whole = decoded.slice(0, length);
  decoded.fill(0);
  return length === 0 || padding > 2 ? null : whole;
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array, from: number): number {
  for (let at = Math.max(from, 0); at + wanted.length <= bytes.length; at += 1)
    if (wanted.every((byte, offset) => bytes[at + offset] === byte)) return at;
  return -1;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
