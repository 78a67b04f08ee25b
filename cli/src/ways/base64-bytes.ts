// SPDX-License-Identifier: Apache-2.0
// Base64 in bytes, for keys that services send and take as text: what is a string cannot be overwritten.

const LETTERS = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const QUOTE = 0x22;
const COLON = 0x3a;
const SPACES = new Set([0x20, 0x09, 0x0a, 0x0d]);

/** `bytes` in padded base64. The taker zeroes it. */
export function toBase64Bytes(bytes: Uint8Array): Buffer {
  const text = Buffer.allocUnsafeSlow(Math.ceil(bytes.length / 3) * 4);
  for (let from = 0, at = 0; from < bytes.length; from += 3, at += 4) {
    const left = bytes.length - from;
    const a = bytes[from] ?? 0;
    const b = bytes[from + 1] ?? 0;
    const c = bytes[from + 2] ?? 0;
    text[at] = LETTERS[a >> 2] ?? PAD;
    text[at + 1] = LETTERS[((a & 3) << 4) | (b >> 4)] ?? PAD;
    text[at + 2] = left > 1 ? (LETTERS[((b & 15) << 2) | (c >> 6)] ?? PAD) : PAD;
    text[at + 3] = left > 2 ? (LETTERS[c & 63] ?? PAD) : PAD;
  }
  return text;
}

/** What the field `name` of a JSON body holds in base64; null where there is no such text. The taker zeroes it. */
export function base64Field(body: Buffer, name: string): Buffer | null {
  const label = Buffer.from(`"${name}"`);
  const found = body.indexOf(label);
  if (found === -1) return null;
  const colon = afterSpaces(body, found + label.length);
  if (body[colon] !== COLON) return null;
  const quote = afterSpaces(body, colon + 1);
  const end = body.indexOf(QUOTE, quote + 1);
  if (body[quote] !== QUOTE || end === -1) return null;
  return fromBase64Bytes(body.subarray(quote + 1, end));
}

function fromBase64Bytes(text: Buffer): Buffer | null {
  const letters = text.length - (text.at(-2) === PAD ? 2 : text.at(-1) === PAD ? 1 : 0);
  if (text.length % 4 !== 0) return null;
  const bytes = Buffer.allocUnsafeSlow(Math.floor((letters * 3) / 4));
  let kept = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < letters; index += 1) {
    const value = LETTERS.indexOf(text[index] ?? PAD);
    if (value === -1) {
      bytes.fill(0);
      return null;
    }
    kept = ((kept << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes[at] = (kept >> bits) & 0xff;
    at += 1;
  }
  return bytes;
}

function afterSpaces(body: Buffer, from: number): number {
  let at = from;
  while (SPACES.has(body[at] ?? 0)) at += 1;
  return at;
}
