// SPDX-License-Identifier: Apache-2.0
// What a scanner needs to recognise a secret that it does not hold: keyed hashes of how the secret would look in
// every encoding. Without the key they say nothing, and cannot be used to try guesses. With it they are as good as the
// secrets: a block of a wide encoding holds two bytes of a secret, and two bytes can be tried.
//
// A text is looked at in blocks of 16 bytes, one every 8 bytes. A pattern holds the keyed hash of each block that may
// lie anywhere in an encoded secret, and HMACs of longer stretches of it by which a block that agrees is confirmed. So
// any 23 bytes in a row find the place, and a secret that is cut in two, or whose parts come in another order, is found
// by its parts.

import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';

export const BLOCK_BYTES = 16;
export const BLOCK_STEP = 8;
/** A shorter one is not sure to hold a whole block. */
export const SECRET_BYTES_MIN = 24;
/** How many of the secret's own bytes confirm a find, at least. */
const STRETCH_SECRET_BYTES = 16;
const HMAC_BYTES = 16;

export interface Stretch {
  /** Where in the encoded secret it begins, in bytes, and how long it is. */
  readonly start: number;
  readonly length: number;
  /** The first 16 bytes of a keyed HMAC-SHA256, as base64. */
  readonly hmac: string;
}

/** How one secret looks in one encoding. */
export interface SecretPattern {
  /** What the owner calls the secret. */
  readonly label: string;
  readonly encoding: string;
  /** Of the block that begins at each offset of the encoded secret. */
  readonly blockHashes: readonly number[];
  readonly stretches: readonly Stretch[];
}

/** Four odd numbers that make the block hash a keyed one. */
export type BlockSeed = readonly [number, number, number, number];

interface Encoding {
  readonly name: string;
  /** How many bytes of text one byte of the secret takes, at most. */
  readonly width: number;
  readonly encode: (secret: Buffer) => Buffer;
}

function perByte(name: string, width: number, text: (byte: number) => string): Encoding {
  return {
    name,
    width,
    encode: (secret) => {
      const parts: Buffer[] = [];
      for (const byte of secret) parts.push(Buffer.from(text(byte), 'latin1'));
      const encoded = Buffer.concat(parts);
      for (const part of parts) part.fill(0);
      return encoded;
    },
  };
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** Base64 of what stands `shift` bytes after a multiple of three, without the characters that depend on neighbours. */
function base64(name: string, shift: number, form: 'base64' | 'base64url'): Encoding {
  return {
    name,
    width: 4 / 3,
    encode: (secret) => {
      const padded = Buffer.alloc(shift + secret.length);
      secret.copy(padded, shift);
      const whole = Buffer.alloc(Math.ceil(padded.length / 3) * 4);
      const written = whole.write(padded.toString(form), 'latin1');
      padded.fill(0);
      const from = shift === 0 ? 0 : 4;
      const to = Math.floor((shift + secret.length) / 3) * 4;
      return whole.subarray(from, Math.min(to, written));
    },
  };
}

/** Whether a byte stands for itself in a URL's query. */
const isPlain = (byte: number): boolean => /[\w.~-]/.test(String.fromCharCode(byte));

export const ENCODINGS: readonly Encoding[] = [
  { name: 'raw', width: 1, encode: (secret) => Buffer.from(secret) },
  perByte('hex', 2, hex),
  perByte('HEX', 2, (byte) => hex(byte).toUpperCase()),
  ...[0, 1, 2].flatMap((shift) => [
    base64(`base64+${shift}`, shift, 'base64'),
    base64(`base64url+${shift}`, shift, 'base64url'),
  ]),
  perByte('percent', 3, (byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `%${hex(byte).toUpperCase()}`,
  ),
  perByte('percent-lower', 3, (byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `%${hex(byte)}`,
  ),
  perByte('percent-twice', 5, (byte) =>
    isPlain(byte) ? String.fromCharCode(byte) : `%25${hex(byte).toUpperCase()}`,
  ),
  perByte('percent-all', 3, (byte) => `%${hex(byte).toUpperCase()}`),
  perByte('percent-all-lower', 3, (byte) => `%${hex(byte)}`),
  perByte('percent-all-twice', 5, (byte) => `%25${hex(byte).toUpperCase()}`),
  perByte('json-escape', 6, (byte) => `\\u00${hex(byte)}`),
  perByte('json-escape-upper', 6, (byte) => `\\u00${hex(byte).toUpperCase()}`),
  perByte('json-slash', 2, (byte) => (byte === 0x2f ? '\\/' : String.fromCharCode(byte))),
  perByte('html-decimal', 6, (byte) => `&#${byte};`),
  perByte('html-hex', 6, (byte) => `&#x${hex(byte)};`),
  perByte('utf-16le', 2, (byte) => `${String.fromCharCode(byte)}\0`),
  perByte('utf-16be', 2, (byte) => `\0${String.fromCharCode(byte)}`),
  perByte('byte-list', 4, (byte) => `${byte},`),
  perByte('byte-list-spaced', 5, (byte) => `${byte}, `),
  perByte('inspected', 3, (byte) => `${hex(byte)} `),
  perByte('quoted-printable', 3, (byte) => (byte === 0x3d ? '=3D' : String.fromCharCode(byte))),
];

/** The names of all encodings that patterns are made for. */
export const ENCODING_NAMES: readonly string[] = ENCODINGS.map(({ name }) => name);

/**
 * The patterns of `secret` under `key` (32 bytes); encodings that come out the same are given once. Throws RangeError
 * for a secret shorter than 24 bytes.
 */
export function patternsOf(label: string, secret: Buffer, key: Buffer): readonly SecretPattern[] {
  if (secret.length < SECRET_BYTES_MIN) {
    throw new RangeError(
      `expected a secret of ${SECRET_BYTES_MIN} bytes or more, found ${secret.length}`,
    );
  }
  const seed = blockSeed(key);
  const seen = new Set<string>();
  const patterns: SecretPattern[] = [];
  for (const { name, width, encode } of ENCODINGS) {
    const encoded = encode(secret);
    const identity = stretchHmac(key, encoded);
    if (!seen.has(identity)) {
      seen.add(identity);
      patterns.push({
        label,
        encoding: name,
        blockHashes: blockHashesOf(encoded, seed),
        stretches: stretchesOf(encoded, width, key),
      });
    }
    encoded.fill(0);
  }
  return patterns;
}

function blockHashesOf(encoded: Buffer, seed: BlockSeed): readonly number[] {
  const hashes: number[] = [];
  for (let at = 0; at + BLOCK_BYTES <= encoded.length; at += 1) {
    const [a, b, c, d] = [0, 4, 8, 12].map((offset) => encoded.readUInt32LE(at + offset));
    hashes.push(blockHash(a ?? 0, b ?? 0, c ?? 0, d ?? 0, seed));
  }
  return hashes;
}

/** Stretches so close that whatever holds one and a half of them in a row holds one whole. */
function stretchesOf(encoded: Buffer, width: number, key: Buffer): readonly Stretch[] {
  const length = Math.min(Math.ceil(STRETCH_SECRET_BYTES * width), encoded.length);
  const step = Math.max(1, Math.floor(length / 2));
  const stretches: Stretch[] = [];
  for (let start = 0; start + length <= encoded.length; start += step) {
    const hmac = stretchHmac(key, encoded.subarray(start, start + length));
    stretches.push({ start, length, hmac });
  }
  return stretches;
}

export function blockSeed(key: Buffer): BlockSeed {
  const bytes = createHmac('sha256', key).update('kontor-scan/v1 block').digest();
  // Odd, so that multiplying loses nothing.
  const word = (at: number): number => (bytes.readUInt32LE(at) | 1) >>> 0;
  return [word(0), word(4), word(8), word(12)];
}

/** The keyed hash, 32 bits, of a block given as its four little-endian words. Finds places; proves nothing. */
export function blockHash(a: number, b: number, c: number, d: number, seed: BlockSeed): number {
  let h = Math.imul(a ^ seed[0], seed[1]);
  h = Math.imul((h ^ (h >>> 15)) + b, seed[2]);
  h = Math.imul((h ^ (h >>> 13)) + c, seed[3]);
  h = Math.imul((h ^ (h >>> 16)) + d, seed[0]);
  return (h ^ (h >>> 15)) >>> 0;
}

/** What confirms a stretch: the first 16 bytes of a keyed HMAC-SHA256, as base64. */
export function stretchHmac(key: Buffer, bytes: Uint8Array): string {
  return createHmac('sha256', key)
    .update('kontor-scan/v1 stretch')
    .update(bytes)
    .digest()
    .subarray(0, HMAC_BYTES)
    .toString('base64');
}

const MAGIC = Buffer.from('kontor-scan/v1\n');
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const CIPHER_KEY_BYTES = 32;

/** The patterns as a file's bytes, which say nothing without `key`. */
export function sealPatterns(patterns: readonly SecretPattern[], key: Buffer): Buffer {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv('aes-256-gcm', cipherKey(key), nonce).setAAD(MAGIC);
  const sealed = [cipher.update(JSON.stringify(patterns), 'utf8'), cipher.final()];
  return Buffer.concat([MAGIC, nonce, ...sealed, cipher.getAuthTag()]);
}

/** The patterns of a file; null for bytes that `sealPatterns` did not make under `key`. */
export function openPatterns(bytes: Buffer, key: Buffer): readonly SecretPattern[] | null {
  const from = MAGIC.length + NONCE_BYTES;
  if (bytes.length < from + TAG_BYTES || !bytes.subarray(0, MAGIC.length).equals(MAGIC))
    return null;
  const nonce = bytes.subarray(MAGIC.length, from);
  const options = { authTagLength: TAG_BYTES };
  const cipher = createDecipheriv('aes-256-gcm', cipherKey(key), nonce, options).setAAD(MAGIC);
  cipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const text = Buffer.concat([cipher.update(bytes.subarray(from, -TAG_BYTES)), cipher.final()]);
    // Authentic, hence written by `sealPatterns`.
    return JSON.parse(text.toString('utf8')) as readonly SecretPattern[];
  } catch {
    return null;
  }
}

function cipherKey(key: Buffer): Buffer {
  return Buffer.from(hkdfSync('sha256', key, '', 'kontor-scan/v1 patterns', CIPHER_KEY_BYTES));
}
