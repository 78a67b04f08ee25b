// SPDX-License-Identifier: Apache-2.0
// Signed notes as C2SP signed-note defines them: a text, an empty line, signature lines. Parsing is strict, so that a
// note has one writing; verification knows Ed25519 and takes other kinds of signature from outside.

import {
  assert,
  concatBytes,
  equalBytes,
  failure,
  parseBase64,
  parseUtf8,
  success,
  toBase64,
  toHex,
  toUtf8,
  type Result,
} from './bytes.ts';
import {
  ED25519_KEY_BYTES,
  ML_DSA_44_KEY_BYTES,
  verifyEd25519,
  type Cryptography,
  type Sign,
} from './cryptography.ts';

/** Accepting 16 is a duty; a log with 32 witnesses of two keys each and its own signatures fits. */
export const NOTE_SIGNATURES_MAX = 100;
/** A hundred ML-DSA-44 lines of 3.3 KiB and a text. */
export const NOTE_BYTES_MAX: number = 512 * 1024;
const KEY_ID_BYTES = 4;
export const NO_KNOWN_SIGNATURE = 'the note has no signature of a known key';

/** The signature types this package verifies, by the byte that stands for them. */
const TYPE_BYTES = { ed25519: 0x01, 'ed25519-cosignature': 0x04, 'ml-dsa-44-cosignature': 0x06 };
export type SignatureType = keyof typeof TYPE_BYTES;

const KEY_BYTES: Readonly<Record<SignatureType, number>> = {
  ed25519: ED25519_KEY_BYTES,
  'ed25519-cosignature': ED25519_KEY_BYTES,
  'ml-dsa-44-cosignature': ML_DSA_44_KEY_BYTES,
};

/** A public key with the name it signs under. */
export interface NoteKey {
  readonly name: string;
  readonly type: SignatureType;
  readonly publicKey: Uint8Array;
  readonly id: Uint8Array;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

export interface SignedNote {
  /** With its final newline, without the empty line. */
  readonly text: string;
  readonly signatures: readonly NoteSignature[];
}

// ---- Keys ----

/** Neither empty, nor with white space, a plus sign or a character that no note may hold. */
export function isKeyName(name: string): boolean {
  return (
    name.isWellFormed() && /^[^\p{White_Space}+]+$/u.test(name) && firstControl(name) === undefined
  );
}

export function noteKey(
  cryptography: Pick<Cryptography, 'sha256'>,
  { name, type, publicKey }: Omit<NoteKey, 'id'>,
): Result<NoteKey> {
  if (!isKeyName(name)) {
    return failure(`a key's name must have no white space and no plus sign, was "${name}"`);
  }
  if (publicKey.length !== KEY_BYTES[type]) {
    return failure(
      `a key of type ${type} must have ${KEY_BYTES[type]} bytes, had ${publicKey.length}`,
    );
  }
  const typed = concatBytes(Uint8Array.of(TYPE_BYTES[type]), publicKey);
  const id = cryptography.sha256(concatBytes(toUtf8(`${name}\n`), typed)).slice(0, KEY_ID_BYTES);
  return success({ name, type, publicKey: new Uint8Array(publicKey), id });
}

/** NAME+ID+KEY: the writing of a public key for configuration. */
export function toVerifierKey({ name, type, publicKey, id }: NoteKey): string {
  const typed = concatBytes(Uint8Array.of(TYPE_BYTES[type]), publicKey);
  return `${name}+${toHex(id)}+${toBase64(typed)}`;
}

export function parseVerifierKey(
  cryptography: Pick<Cryptography, 'sha256'>,
  text: string,
): Result<NoteKey> {
  const parts = /^([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text);
  const [, name = '', idText = '', keyText = ''] = parts ?? [];
  const typed = parseBase64(keyText);
  if (parts === null || typed === undefined) {
    return failure('a verifier key must read NAME+8 hexadecimal digits+base64');
  }
  const types = Object.keys(TYPE_BYTES) as readonly SignatureType[];
  const type = types.find((each) => TYPE_BYTES[each] === typed[0]);
  if (type === undefined) {
    return failure(`signature type ${typed[0]} of the key ${name} is not one of 1, 4 and 6`);
  }
  const key = noteKey(cryptography, { name, type, publicKey: typed.subarray(1) });
  if (!key.ok) return key;
  if (toHex(key.value.id) !== idText) {
    return failure(`the ID of the key ${name} must be ${toHex(key.value.id)}, was ${idText}`);
  }
  return key;
}

// ---- Notes ----

export function toNote({ text, signatures }: SignedNote): Uint8Array {
  return toUtf8(`${text}\n${signatures.map(toSignatureLine).join('')}`);
}

export function toSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${toBase64(concatBytes(keyId, signature))}\n`;
}

export function parseNote(bytes: Uint8Array): Result<SignedNote> {
  if (bytes.length > NOTE_BYTES_MAX) {
    return failure(`a note must have at most ${NOTE_BYTES_MAX} bytes, had ${bytes.length}`);
  }
  const whole = parseUtf8(bytes);
  if (whole === undefined) return failure('a note must be valid UTF-8');
  const control = firstControl(whole);
  if (control !== undefined) {
    return failure(`a note must have no control character but newline, had ${control}`);
  }
  const end = whole.lastIndexOf('\n\n');
  if (end === -1) return failure('a note must have an empty line before its signatures');
  const signatures = parseSignatureLines(whole.slice(end + 2));
  return signatures.ok
    ? success({ text: whole.slice(0, end + 1), signatures: signatures.value })
    : signatures;
}

/** At least one signature line, each ended by a newline; what a witness answers, too. */
export function parseSignatureLines(text: string): Result<readonly NoteSignature[]> {
  if (!text.endsWith('\n')) return failure('the signatures must end with a newline');
  const lines = text.slice(0, -1).split('\n');
  if (lines.length > NOTE_SIGNATURES_MAX) {
    return failure(
      `a note must have at most ${NOTE_SIGNATURES_MAX} signatures, had ${lines.length}`,
    );
  }
  const signatures: NoteSignature[] = [];
  for (const [place, line] of lines.entries()) {
    const [, name = '', blobText = ''] = /^\u2014 ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
    const blob = parseBase64(blobText);
    if (!isKeyName(name) || blob === undefined || blob.length <= KEY_ID_BYTES) {
      return failure(
        `signature ${place + 1} must read: em dash, name, base64 of key ID and signature`,
      );
    }
    signatures.push({
      name,
      keyId: blob.slice(0, KEY_ID_BYTES),
      signature: blob.slice(KEY_ID_BYTES),
    });
  }
  return success(signatures);
}

function firstControl(text: string): string | undefined {
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code < 0x20 && code !== 0x0a)
      return `U+${code.toString(16).padStart(4, '0').toUpperCase()}`;
  }
  return undefined;
}

/** Whether a text can be signed: it ends with a newline and holds no control character. */
export function noteTextFault(text: string): string | undefined {
  if (!text.isWellFormed()) return 'the text must be valid Unicode';
  if (!text.endsWith('\n')) return 'the text must end with a newline';
  const control = firstControl(text);
  return control === undefined ? undefined : `the text must hold no ${control}`;
}

/** Signs a text with an Ed25519 key whose private half is elsewhere. */
export function signNote(text: string, key: NoteKey, sign: Sign): Result<NoteSignature> {
  const fault = noteTextFault(text);
  if (fault !== undefined) return failure(fault);
  assert(key.type === 'ed25519', `Invariant: ${key.type} signs checkpoints only`);
  return success({ name: key.name, keyId: key.id, signature: sign(toUtf8(text)) });
}

export type SignatureVerifier = (key: NoteKey, text: string, signature: Uint8Array) => boolean;

export interface VerifiedSignature {
  readonly key: NoteKey;
  readonly signature: Uint8Array;
}

/**
 * The signatures of known keys, none perhaps. One that is wrong spoils the whole note; those of keys nobody knows are
 * passed over, also where only the name or only the ID is known.
 */
export function verifySignatures(
  note: SignedNote,
  keys: readonly NoteKey[],
  verify: SignatureVerifier,
): Result<readonly VerifiedSignature[]> {
  const verified: VerifiedSignature[] = [];
  for (const { name, keyId, signature } of note.signatures) {
    const known = keys.filter((key) => key.name === name && equalBytes(key.id, keyId));
    const [key] = known;
    if (key === undefined) continue;
    if (known.some((each) => !equalBytes(each.publicKey, key.publicKey))) {
      return failure(`two known keys are called ${name}+${toHex(keyId)}`);
    }
    if (!verify(key, note.text, signature)) {
      return failure(`the signature of ${name}+${toHex(keyId)} is wrong`);
    }
    verified.push({ key, signature });
  }
  return success(verified);
}

/** The text of a note that at least one of the keys has signed. */
export function openNote(
  cryptography: Cryptography,
  bytes: Uint8Array,
  keys: readonly NoteKey[],
): Result<SignedNote & { readonly verified: readonly VerifiedSignature[] }> {
  const note = parseNote(bytes);
  if (!note.ok) return note;
  const verified = verifySignatures(
    note.value,
    keys,
    (key, text, signature) =>
      key.type === 'ed25519' && verifyEd25519(cryptography, key.publicKey, toUtf8(text), signature),
  );
  if (!verified.ok) return verified;
  if (verified.value.length === 0) return failure(NO_KNOWN_SIGNATURE);
  return success({ ...note.value, verified: verified.value });
}
