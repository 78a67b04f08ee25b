// SPDX-License-Identifier: Apache-2.0
// The file format kontor-vault/v1: one secret, sealed under a key of its own that each stanza of the header wraps.
//
//   kontor-vault/v1
//   -> <type> <argument>…          one or more stanzas, each with a line of unpadded base64
//   <body>
//   --- <HMAC-SHA256 of all above up to "---", unpadded base64>
//   <AES-256-GCM ciphertext and tag>
//
// Every write draws a fresh file key, so that fixed nonces are safe: no key encrypts twice.

import { strict as assert } from 'node:assert';
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
  type KeyObject,
} from 'node:crypto';

const VERSION_LINE = 'kontor-vault/v1';
const STANZAS_MAX = 8;
const STANZA_CHARACTERS_MAX = 1_024;
const BODY_CHARACTERS_MAX = 8_192;
const PAYLOAD_BYTES_MAX = 16_384;
/** What a vault file can have at most, for whoever reads it. */
export const VAULT_FILE_BYTES_MAX: number =
  STANZAS_MAX * (STANZA_CHARACTERS_MAX + BODY_CHARACTERS_MAX) + PAYLOAD_BYTES_MAX + 256;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const WRAP_SALT_BYTES = 16;
const NONCE = Buffer.alloc(12);
const ID_CHARACTERS = 7;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STANZA = /^-> ([a-z0-9]{1,16}(?: [\x21-\x7e]{1,512}){0,8})$/;
const MAC_LINE = /^--- ([A-Za-z0-9+/]{43})$/;

export type VaultErrorCode =
  | 'vault.form'
  | 'vault.cost'
  | 'vault.mac'
  | 'vault.payload'
  | 'vault.key'
  | 'vault.locked'
  | 'vault.missing'
  | 'vault.other';

/** A vault that cannot be used as it lies there. No message holds a secret. */
export class VaultError extends Error {
  readonly code: VaultErrorCode;

  constructor(code: VaultErrorCode, message: string) {
    super(message);
    this.name = 'VaultError';
    this.code = code;
  }
}

/** Whose secret a file holds. A file of another identity does not open. */
export interface VaultIdentity {
  /** The connection, or the name of one of the vault's own keys. */
  readonly id: string;
  readonly venue: string;
  readonly keyKind: string;
  /** SHA-256 of the public half as PEM, or of nothing. */
  readonly publicKeyHash: string;
}

/** A key that opens stanzas: of one type and with these arguments. */
export interface Kek {
  /** Type and arguments, as they stand in the stanza's first line. */
  readonly stanza: string;
  readonly key: KeyObject;
}

interface Stanza {
  readonly head: string;
  readonly body: Buffer;
}

/** A file taken apart. */
export interface VaultFile {
  readonly stanzas: readonly Stanza[];
  readonly header: Buffer;
  readonly mac: Buffer;
  readonly payload: Buffer;
}

/** Takes a file apart. Throws VaultError `vault.form` at the first thing that the format does not know. */
export function parseVaultFile(bytes: Buffer, where: string): VaultFile {
  let position = 0;
  const line = (expected: string): string => {
    const end = bytes.indexOf(0x0a, position);
    if (end === -1) throw malformed(where, expected, 'the end of the file');
    const text = bytes.toString('latin1', position, end);
    position = end + 1;
    return text;
  };
  if (line(VERSION_LINE) !== VERSION_LINE) {
    throw malformed(where, `a first line of ${VERSION_LINE}`, 'another');
  }
  const stanzas: Stanza[] = [];
  for (;;) {
    const start = position;
    const text = line('a stanza or the end of the header');
    const mac = MAC_LINE.exec(text)?.[1];
    if (mac !== undefined) {
      if (stanzas.length === 0) throw malformed(where, 'a stanza', 'none');
      const payload = Buffer.from(bytes.subarray(position));
      if (payload.length < TAG_BYTES || payload.length > PAYLOAD_BYTES_MAX) {
        throw malformed(
          where,
          `${TAG_BYTES} to ${PAYLOAD_BYTES_MAX} sealed bytes`,
          `${payload.length}`,
        );
      }
      const header = Buffer.from(bytes.subarray(0, start + 3));
      return { stanzas, header, mac: fromBase64(mac, where), payload };
    }
    const head = text.length > STANZA_CHARACTERS_MAX ? undefined : STANZA.exec(text)?.[1];
    if (head === undefined) {
      throw malformed(
        where,
        'a stanza or the end of the header',
        `another line after ${stanzas.length} stanzas`,
      );
    }
    if (stanzas.length === STANZAS_MAX)
      throw malformed(where, `at most ${STANZAS_MAX} stanzas`, 'more');
    stanzas.push({ head, body: fromBase64(line('the body of a stanza'), where) });
  }
}

/** Seals `secret` for whoever has one of `keks`. */
export function sealVaultFile(
  identity: VaultIdentity,
  secret: Buffer,
  keks: readonly Kek[],
): Buffer {
  const fileKey = randomBytes(KEY_BYTES);
  try {
    const cipher = createCipheriv('aes-256-gcm', derived(fileKey, '', 'payload'), NONCE);
    cipher.setAAD(identityBytes(identity));
    const payload = Buffer.concat([cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
    return assembled(
      keks.map((kek) => wrapped(kek, fileKey)),
      fileKey,
      payload,
    );
  } finally {
    fileKey.fill(0);
  }
}

/** The secret in a file; the caller zeroes it. Throws VaultError when no key fits or anything was changed. */
export function openVaultFile(
  file: VaultFile,
  identity: VaultIdentity,
  keks: readonly Kek[],
  where: string,
): Buffer {
  const fileKey = fileKeyOf(file, keks, where);
  try {
    const tagAt = file.payload.length - TAG_BYTES;
    const key = derived(fileKey, '', 'payload');
    const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES });
    decipher.setAAD(identityBytes(identity));
    decipher.setAuthTag(file.payload.subarray(tagAt));
    const secret = decipher.update(file.payload.subarray(0, tagAt));
    try {
      decipher.final();
    } catch {
      secret.fill(0);
      throw new VaultError(
        'vault.payload',
        `${where}: expected the sealed key of ${identity.id}, found another's or a changed one`,
      );
    }
    return secret;
  } finally {
    fileKey.fill(0);
  }
}

/**
 * The file with its key wrapped for `next`. Stanzas whose first line is one for `isReplaced` go; all others stay byte for
 * byte, so the file key stays too: a stanza that this version cannot make anew must go on opening the file.
 */
export function rewrapVaultFile(
  file: VaultFile,
  keks: readonly Kek[],
  next: readonly Kek[],
  isReplaced: (stanza: string) => boolean,
  where: string,
): Buffer {
  const fileKey = fileKeyOf(file, keks, where);
  try {
    const isKept = ({ head }: Stanza): boolean =>
      !isReplaced(head) && !next.some(({ stanza }) => stanza === head);
    const stanzas = [...file.stanzas.filter(isKept), ...next.map((kek) => wrapped(kek, fileKey))];
    return assembled(stanzas, fileKey, file.payload);
  } finally {
    fileKey.fill(0);
  }
}

/** Whether `kek` opens a stanza of the file. */
export function opensWith(file: VaultFile, kek: Kek): boolean {
  return file.stanzas.some((stanza) => {
    const fileKey = unwrapped(stanza, kek);
    fileKey?.fill(0);
    return fileKey !== null;
  });
}

function fileKeyOf(file: VaultFile, keks: readonly Kek[], where: string): Buffer {
  let hasStanza = false;
  for (const stanza of file.stanzas) {
    for (const kek of keks) {
      if (kek.stanza !== stanza.head) continue;
      hasStanza = true;
      const fileKey = unwrapped(stanza, kek);
      if (fileKey === null) continue;
      const mac = headerMac(fileKey, file.header);
      if (timingSafeEqual(mac, file.mac)) return fileKey;
      fileKey.fill(0);
      throw new VaultError(
        'vault.mac',
        `${where}: expected the header as it was written, found it changed`,
      );
    }
  }
  throw new VaultError(
    'vault.key',
    hasStanza
      ? `${where}: expected a header that the vault's key opens, found a changed one or another vault's`
      : `${where}: expected a stanza that the vault's key opens, found none`,
  );
}

function wrapped({ stanza, key }: Kek, fileKey: Buffer): Stanza {
  const salt = randomBytes(WRAP_SALT_BYTES);
  const cipher = createCipheriv('aes-256-gcm', derived(key, salt, `wrap ${stanza}`), NONCE);
  const body = Buffer.concat([salt, cipher.update(fileKey), cipher.final(), cipher.getAuthTag()]);
  return { head: stanza, body };
}

function unwrapped({ head, body }: Stanza, kek: Kek): Buffer | null {
  if (kek.stanza !== head || body.length !== WRAP_SALT_BYTES + KEY_BYTES + TAG_BYTES) return null;
  const key = derived(kek.key, body.subarray(0, WRAP_SALT_BYTES), `wrap ${head}`);
  const decipher = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAuthTag(body.subarray(-TAG_BYTES));
  const fileKey = decipher.update(body.subarray(WRAP_SALT_BYTES, -TAG_BYTES));
  try {
    decipher.final();
    return fileKey;
  } catch {
    fileKey.fill(0);
    return null;
  }
}

function assembled(stanzas: readonly Stanza[], fileKey: Buffer, payload: Buffer): Buffer {
  assert(stanzas.length <= STANZAS_MAX, 'Invariant: what is written can be read again');
  const lines = stanzas.map(({ head, body }) => `-> ${head}\n${toBase64(body)}\n`);
  const header = Buffer.from(`${VERSION_LINE}\n${lines.join('')}---`, 'latin1');
  const mac = toBase64(headerMac(fileKey, header));
  return Buffer.concat([header, Buffer.from(` ${mac}\n`), payload]);
}

function headerMac(fileKey: Buffer, header: Buffer): Buffer {
  return createHmac('sha256', derived(fileKey, '', 'header'))
    .update(header)
    .digest();
}

/** A key of 32 bytes for one purpose, never as bytes in the heap for longer than its making. */
export function derived(
  from: Buffer | KeyObject,
  salt: Buffer | string,
  purpose: string,
): KeyObject {
  const bytes = Buffer.from(
    hkdfSync('sha256', from, salt, `${VERSION_LINE} ${purpose}`, KEY_BYTES),
  );
  try {
    return createSecretKey(bytes);
  } finally {
    bytes.fill(0);
  }
}

/** The name of a new connection or way: random, so that it says nothing of what is in its file. */
export function drawId(kind: 'c' | 'w'): string {
  const letters = Array.from(randomBytes(ID_CHARACTERS), (byte) => BASE32.charAt(byte & 31));
  return `${kind}_${letters.join('')}`;
}

function identityBytes({ id, venue, keyKind, publicKeyHash }: VaultIdentity): Buffer {
  return Buffer.from([VERSION_LINE, id, venue, keyKind, publicKeyHash].join('\n'));
}

export function toBase64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}

/** Decodes what `toBase64` writes and nothing else: no padding, no stray character or bit. */
export function fromBase64(text: string, where: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text === '' || text.length > BODY_CHARACTERS_MAX || toBase64(bytes) !== text) {
    throw malformed(where, 'unpadded base64', 'other text');
  }
  return bytes;
}

function malformed(where: string, expected: string, found: string): VaultError {
  return new VaultError('vault.form', `${where}: expected ${expected}, found ${found}`);
}
