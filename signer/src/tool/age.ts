// SPDX-License-Identifier: Apache-2.0
// Encryption by the age format, version 1, for X25519 recipients: what leaves the vault leaves as this only.
// The format: https://c2sp.org/age

import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';
import { rawPublicKey, sharedSecret, publicKeyOf } from '../vault/sealed-import.ts';

const VERSION_LINE = 'age-encryption.org/v1';
const X25519_INFO = 'age-encryption.org/v1/X25519';
const POINT_BYTES = 32;
const FILE_KEY_BYTES = 16;
const NONCE_BYTES = 16;
const TAG_BYTES = 16;
const CHUNK_BYTES = 65_536;
const HEADER_BYTES_MAX = 65_536;
const COLUMNS = 64;
const ZERO_NONCE = Buffer.alloc(12);
/** What stands before the 32 bytes of an X25519 private key in its PKCS #8 form (RFC 8410). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b656e04220420', 'hex');
const CHARSET = Buffer.from('qpzry9x8gf2tvdw0s3jn54khce6mua7l');
const GENERATOR = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

export type AgeErrorCode =
  'age.recipient' | 'age.identity' | 'age.header' | 'age.match' | 'age.mac' | 'age.payload';

/** No message holds a secret. */
export class AgeError extends Error {
  readonly code: AgeErrorCode;

  constructor(code: AgeErrorCode, message: string) {
    super(message);
    this.name = 'AgeError';
    this.code = code;
  }
}

/** The public key in `age1…`. Throws AgeError. */
export function parseRecipient(text: string): KeyObject {
  const point = bech32(Buffer.from(text), 'age');
  if (point === null)
    throw new AgeError('age.recipient', 'expected a recipient age1…, found something else');
  return publicKeyOf(point);
}

/** The private key in `AGE-SECRET-KEY-1…`; zeroes nothing of `text`. Throws AgeError. */
export function parseAgeIdentity(text: Buffer): KeyObject {
  const scalar = bech32(text, 'AGE-SECRET-KEY-');
  if (scalar === null) {
    throw new AgeError(
      'age.identity',
      'expected an identity AGE-SECRET-KEY-1…, found something else',
    );
  }
  const der = Buffer.concat([PKCS8_PREFIX, scalar]);
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  } finally {
    der.fill(0);
    scalar.fill(0);
  }
}

/** `plain` as an age file for `recipient`. */
export function encryptAge(plain: Buffer, recipient: KeyObject): Buffer {
  const fileKey = randomBytes(FILE_KEY_BYTES);
  try {
    const { privateKey, publicKey } = generateKeyPairSync('x25519');
    const ephemeral = rawPublicKey(publicKey);
    const wrap = wrapKey(privateKey, ephemeral, rawPublicKey(recipient), rawPublicKey(recipient));
    const body = sealChunk(wrap, ZERO_NONCE, fileKey);
    wrap.fill(0);
    const header = Buffer.from(
      `${VERSION_LINE}\n-> X25519 ${base64(ephemeral)}\n${base64(body)}\n---`,
    );
    const nonce = randomBytes(NONCE_BYTES);
    const key = hkdf(fileKey, nonce, 'payload');
    const chunks: Buffer[] = [];
    for (
      let start = 0, count = 0;
      start === 0 || start < plain.length;
      start += CHUNK_BYTES, count += 1
    ) {
      const end = Math.min(start + CHUNK_BYTES, plain.length);
      chunks.push(
        sealChunk(key, chunkNonce(count, end === plain.length), plain.subarray(start, end)),
      );
    }
    key.fill(0);
    const mac = base64(headerMac(fileKey, header));
    return Buffer.concat([header, Buffer.from(` ${mac}\n`), nonce, ...chunks]);
  } finally {
    fileKey.fill(0);
  }
}

/** What an age file holds for `identity`. The caller zeroes it. Throws AgeError. */
export function decryptAge(file: Buffer, identity: KeyObject): Buffer {
  const { stanzas, header, mac, rest } = parseHeader(file);
  const fileKey = unwrapAny(stanzas, identity);
  try {
    if (!timingSafeEqual(headerMac(fileKey, header), mac)) {
      throw new AgeError('age.mac', 'expected the header as it was written, found it changed');
    }
    return openPayload(rest, fileKey);
  } finally {
    fileKey.fill(0);
  }
}

interface AgeStanza {
  readonly words: readonly string[];
  readonly body: Buffer;
}

function parseHeader(file: Buffer): {
  readonly stanzas: readonly AgeStanza[];
  readonly header: Buffer;
  readonly mac: Buffer;
  readonly rest: Buffer;
} {
  let position = 0;
  const line = (): string => {
    const end = file.indexOf(0x0a, position);
    if (end === -1 || end > HEADER_BYTES_MAX) throw malformed('a line of the header', 'none');
    const text = file.toString('latin1', position, end);
    position = end + 1;
    return text;
  };
  if (line() !== VERSION_LINE) throw malformed(`a first line of ${VERSION_LINE}`, 'another');
  const stanzas: AgeStanza[] = [];
  for (;;) {
    const start = position;
    const text = line();
    const mac = /^--- ([A-Za-z0-9+/]{43})$/.exec(text)?.[1];
    if (mac !== undefined) {
      if (stanzas.length === 0) throw malformed('a stanza', 'none');
      return {
        stanzas,
        header: file.subarray(0, start + 3),
        mac: unbase64(mac),
        rest: file.subarray(position),
      };
    }
    if (!/^->(?: [\x21-\x7e]+)+$/.test(text)) throw malformed('a stanza', 'another line');
    const body: Buffer[] = [];
    for (let row = line(); ; row = line()) {
      if (row !== '') body.push(unbase64(row));
      if (row.length > COLUMNS) throw malformed(`lines of ${COLUMNS} columns`, 'a longer one');
      if (row.length < COLUMNS) break;
    }
    stanzas.push({ words: text.slice(3).split(' '), body: Buffer.concat(body) });
  }
}

function unwrapAny(stanzas: readonly AgeStanza[], identity: KeyObject): Buffer {
  const own = rawPublicKey(createPublicKey(identity));
  if (stanzas.length > 1 && stanzas.some(({ words }) => words[0] === 'scrypt')) {
    throw malformed('a passphrase alone', 'one beside other stanzas');
  }
  for (const { words, body } of stanzas) {
    if (words[0] !== 'X25519') continue;
    const point = words.length === 2 ? unbase64(words[1] ?? '') : Buffer.alloc(0);
    if (point.length !== POINT_BYTES) throw malformed('an X25519 stanza of one point', 'another');
    if (body.length !== FILE_KEY_BYTES + TAG_BYTES)
      throw malformed('a wrapped key of 32 bytes', 'another');
    const wrap = wrapKey(identity, point, own, point);
    const fileKey = openChunk(wrap, ZERO_NONCE, body);
    wrap.fill(0);
    if (fileKey !== null) return fileKey;
  }
  throw new AgeError('age.match', 'expected a file for this identity, found one for others');
}

/** The key that wraps the file key: from the secret that `privateKey` shares with `peer`. */
function wrapKey(
  privateKey: KeyObject,
  ephemeral: Buffer,
  recipient: Buffer,
  peer: Buffer,
): Buffer {
  let shared: Buffer;
  try {
    shared = sharedSecret(privateKey, peer);
  } catch {
    throw malformed('a point that gives a secret', 'another');
  }
  const key = hkdf(shared, Buffer.concat([ephemeral, recipient]), X25519_INFO);
  shared.fill(0);
  return key;
}

function openPayload(rest: Buffer, fileKey: Buffer): Buffer {
  if (rest.length < NONCE_BYTES) throw malformed('a nonce after the header', 'less');
  const key = hkdf(fileKey, rest.subarray(0, NONCE_BYTES), 'payload');
  const sealed = rest.subarray(NONCE_BYTES);
  const whole = CHUNK_BYTES + TAG_BYTES;
  const plain = Buffer.alloc(
    Math.max(sealed.length - Math.ceil(sealed.length / whole) * TAG_BYTES, 0),
  );
  let filled = 0;
  for (let start = 0, count = 0; start === 0 || start < sealed.length; start += whole, count += 1) {
    const end = Math.min(start + whole, sealed.length);
    const chunk = openChunk(
      key,
      chunkNonce(count, end === sealed.length),
      sealed.subarray(start, end),
    );
    // An empty chunk may only be the whole of an empty file.
    if (chunk === null || (chunk.length === 0 && count > 0)) {
      plain.fill(0);
      key.fill(0);
      throw new AgeError(
        'age.payload',
        `expected chunk ${count} as it was written, found it changed or cut`,
      );
    }
    filled += chunk.copy(plain, filled);
    chunk.fill(0);
  }
  key.fill(0);
  return plain;
}

function sealChunk(key: Buffer, nonce: Buffer, plain: Buffer): Buffer {
  const cipher = createCipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

function openChunk(key: Buffer, nonce: Buffer, sealed: Buffer): Buffer | null {
  if (sealed.length < TAG_BYTES) return null;
  const decipher = createDecipheriv('chacha20-poly1305', key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const plain = decipher.update(sealed.subarray(0, -TAG_BYTES));
  try {
    decipher.final();
    return plain;
  } catch {
    plain.fill(0);
    return null;
  }
}

function chunkNonce(count: number, isLast: boolean): Buffer {
  const nonce = Buffer.alloc(ZERO_NONCE.length);
  nonce.writeUIntBE(count, 5, 6);
  nonce[nonce.length - 1] = isLast ? 1 : 0;
  return nonce;
}

function headerMac(fileKey: Buffer, header: Buffer): Buffer {
  const key = hkdf(fileKey, '', 'header');
  const mac = createHmac('sha256', key).update(header).digest();
  key.fill(0);
  return mac;
}

function hkdf(from: Buffer, salt: Buffer | string, info: string): Buffer {
  return Buffer.from(hkdfSync('sha256', from, salt, info, 32));
}

function base64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

function unbase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (base64(bytes) !== text) throw malformed('unpadded base64', 'other text');
  return bytes;
}

/** The 32 bytes in a Bech32 text whose part before the last "1" is `prefix`, of one case; else null. */
function bech32(text: Buffer, prefix: string): Buffer | null {
  const expectedLength = prefix.length + 1 + 52 + 6;
  const isUpper = prefix === prefix.toUpperCase();
  if (
    text.length !== expectedLength ||
    text.toString('latin1', 0, prefix.length + 1) !== `${prefix}1`
  )
    return null;
  let check = 1;
  const mix = (value: number): void => {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ value;
    for (const [bit, factor] of GENERATOR.entries()) if ((top >>> bit) & 1) check ^= factor;
  };
  const lower = Buffer.from(prefix.toLowerCase());
  for (const byte of lower) mix(byte >> 5);
  mix(0);
  for (const byte of lower) mix(byte & 31);
  const bytes = Buffer.alloc(POINT_BYTES);
  let [bits, pending, filled] = [0, 0, 0];
  for (const [index, byte] of text.subarray(prefix.length + 1).entries()) {
    const isLetter = byte > 0x40;
    const value = CHARSET.indexOf(isUpper && isLetter && byte < 0x60 ? byte | 0x20 : byte);
    if (value === -1 || (isUpper && byte > 0x60)) return null;
    mix(value);
    if (index >= 52) continue;
    pending = ((pending << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[filled] = (pending >> bits) & 0xff;
    filled += 1;
  }
  const isWhole = check >>> 0 === 1 && (pending & ((1 << bits) - 1)) === 0;
  if (!isWhole) bytes.fill(0);
  return isWhole ? bytes : null;
}

function malformed(expected: string, found: string): AgeError {
  return new AgeError('age.header', `expected ${expected}, found ${found}`);
}
