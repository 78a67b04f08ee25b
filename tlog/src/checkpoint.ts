// SPDX-License-Identifier: Apache-2.0
// Checkpoints and cosignatures (C2SP tlog-checkpoint, tlog-cosignature): what a log says of itself at one size, and
// what others say of that.

import {
  concatBytes,
  failure,
  parseBase64,
  parseDecimal,
  readUint64,
  success,
  toBase64,
  toUint64,
  toUtf8,
  type Result,
} from './bytes.ts';
import {
  HASH_BYTES,
  ML_DSA_44_SIGNATURE_BYTES,
  verifyEd25519,
  type Cryptography,
  type Sign,
} from './cryptography.ts';
import {
  NO_KNOWN_SIGNATURE,
  noteTextFault,
  parseNote,
  verifySignatures,
  type NoteKey,
  type NoteSignature,
  type SignedNote,
  type VerifiedSignature,
} from './note.ts';

export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Uint8Array;
  /** Lines of other logs' making; Kontor writes none. */
  readonly extensions: readonly string[];
}

export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly note: SignedNote;
}

const TIMESTAMP_BYTES = 8;
const TIMESTAMP_MAX = (1n << 63n) - 1n;
/** The length of a name or an origin is one byte in a message that ML-DSA signs. */
const NAME_BYTES_MAX = 255;

export function toCheckpointText({ origin, size, root, extensions }: Checkpoint): string {
  return [origin, size.toString(), toBase64(root), ...extensions]
    .map((line) => `${line}\n`)
    .join('');
}

export function parseCheckpointText(text: string): Result<Checkpoint> {
  const fault = noteTextFault(text);
  if (fault !== undefined) return failure(fault);
  const [origin = '', sizeText = '', rootText = '', ...extensions] = text.slice(0, -1).split('\n');
  if (origin === '') return failure("a checkpoint's origin must not be empty");
  const size = parseDecimal(sizeText);
  if (size === undefined) {
    return failure(`a checkpoint's size must be a decimal number, was "${sizeText}"`);
  }
  const root = parseBase64(rootText);
  if (root?.length !== HASH_BYTES) {
    return failure(`a checkpoint's root must be 32 bytes in base64, was "${rootText}"`);
  }
  if (extensions.includes('')) return failure("a checkpoint's extension lines must not be empty");
  return success({ origin, size, root, extensions });
}

export function parseSignedCheckpoint(bytes: Uint8Array): Result<SignedCheckpoint> {
  const note = parseNote(bytes);
  if (!note.ok) return note;
  const checkpoint = parseCheckpointText(note.value.text);
  return checkpoint.ok ? success({ checkpoint: checkpoint.value, note: note.value }) : checkpoint;
}

// ---- Signing ----

/** What the key signs for this checkpoint; `undefined` in place of a time for a log's own plain signature. */
function messageOf(key: NoteKey, text: string, timeSeconds: bigint): Uint8Array | undefined {
  switch (key.type) {
    case 'ed25519':
      return toUtf8(text);
    case 'ed25519-cosignature':
      return toUtf8(`cosignature/v1\ntime ${timeSeconds}\n${text}`);
    case 'ml-dsa-44-cosignature': {
      const parsed = parseCheckpointText(text);
      // It covers no extension line, so it says nothing of a checkpoint that has some.
      if (!parsed.ok || parsed.value.extensions.length > 0) return undefined;
      const { origin, size, root } = parsed.value;
      return subtreeMessage({
        cosigner: key.name,
        timeSeconds,
        origin,
        start: 0n,
        end: size,
        hash: root,
      });
    }
  }
}

/** The struct that an ML-DSA-44 cosigner signs; undefined where a name is too long for it. */
export function subtreeMessage({
  cosigner,
  timeSeconds,
  origin,
  start,
  end,
  hash,
}: {
  readonly cosigner: string;
  readonly timeSeconds: bigint;
  readonly origin: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly hash: Uint8Array;
}): Uint8Array | undefined {
  const names = [toUtf8(cosigner), toUtf8(origin)] as const;
  if (names.some((name) => name.length < 1 || name.length > NAME_BYTES_MAX)) return undefined;
  if (start !== 0n && timeSeconds !== 0n) return undefined;
  const [cosignerBytes, originBytes] = names;
  return concatBytes(
    toUtf8('subtree/v1\n\0'),
    Uint8Array.of(cosignerBytes.length),
    cosignerBytes,
    toUint64(timeSeconds),
    Uint8Array.of(originBytes.length),
    originBytes,
    toUint64(start),
    toUint64(end),
    hash,
  );
}

/**
 * Signs a checkpoint's text. A key of type ed25519 signs the text alone and takes no notice of the time; a cosigner
 * states the time, in whole seconds, at which this was the largest tree it had seen.
 */
export function signCheckpoint(
  text: string,
  key: NoteKey,
  sign: Sign,
  timeSeconds: bigint,
): Result<NoteSignature> {
  const checkpoint = parseCheckpointText(text);
  if (!checkpoint.ok) return checkpoint;
  if (timeSeconds < 0n || timeSeconds > TIMESTAMP_MAX) {
    return failure(`the time must be 0 to 2^63 - 1 seconds, was ${timeSeconds}`);
  }
  const message = messageOf(key, text, timeSeconds);
  if (message === undefined) {
    return failure('ML-DSA-44 signs no extension line and no name over 255 bytes');
  }
  const signature = sign(message);
  return success({
    name: key.name,
    keyId: key.id,
    signature: key.type === 'ed25519' ? signature : concatBytes(toUint64(timeSeconds), signature),
  });
}

// ---- Verifying ----

/** The time in a cosignature's first eight bytes; undefined for a plain signature. */
export function cosignatureTime(key: NoteKey, signature: Uint8Array): bigint | undefined {
  if (key.type === 'ed25519' || signature.length < TIMESTAMP_BYTES) return undefined;
  return readUint64(signature, 0);
}

export function verifyCheckpointSignature(
  cryptography: Cryptography,
  key: NoteKey,
  text: string,
  signature: Uint8Array,
): boolean {
  const timeSeconds = cosignatureTime(key, signature) ?? 0n;
  if (timeSeconds > TIMESTAMP_MAX) return false;
  const message = messageOf(key, text, timeSeconds);
  if (message === undefined) return false;
  switch (key.type) {
    case 'ed25519':
      return verifyEd25519(cryptography, key.publicKey, message, signature);
    case 'ed25519-cosignature':
      return verifyEd25519(
        cryptography,
        key.publicKey,
        message,
        signature.subarray(TIMESTAMP_BYTES),
      );
    case 'ml-dsa-44-cosignature':
      return (
        signature.length === TIMESTAMP_BYTES + ML_DSA_44_SIGNATURE_BYTES &&
        cryptography.verifyMlDsa44(key.publicKey, message, signature.subarray(TIMESTAMP_BYTES))
      );
  }
}

/** The checkpoint of a note that a known key of the log has signed under the log's own name. */
export function openCheckpoint(
  cryptography: Cryptography,
  bytes: Uint8Array,
  logKeys: readonly NoteKey[],
): Result<SignedCheckpoint & { readonly verified: readonly VerifiedSignature[] }> {
  const signed = parseSignedCheckpoint(bytes);
  if (!signed.ok) return signed;
  const { checkpoint, note } = signed.value;
  const own = logKeys.filter(({ name }) => name === checkpoint.origin);
  if (own.length === 0) return failure(`no known log is called ${checkpoint.origin}`);
  const verified = verifySignatures(note, own, (key, text, signature) =>
    verifyCheckpointSignature(cryptography, key, text, signature),
  );
  if (!verified.ok) return verified;
  if (verified.value.length === 0) return failure(NO_KNOWN_SIGNATURE);
  return success({ checkpoint, note, verified: verified.value });
}

export interface Cosignature extends VerifiedSignature {
  readonly timeSeconds: bigint;
}

/**
 * The cosignatures of known witnesses. A wrong one spoils the note; one that is dated later than the reader's clock
 * and `skewSeconds` is right and not counted, as a witness whose clock runs ahead must not stop a log.
 */
export function verifyCosignatures(
  cryptography: Cryptography,
  note: SignedNote,
  witnessKeys: readonly NoteKey[],
  { nowSeconds, skewSeconds }: { readonly nowSeconds: bigint; readonly skewSeconds: bigint },
): Result<readonly Cosignature[]> {
  const counted: Cosignature[] = [];
  const verified = verifySignatures(note, witnessKeys, (key, text, signature) =>
    verifyCheckpointSignature(cryptography, key, text, signature),
  );
  if (!verified.ok) return verified;
  for (const { key, signature } of verified.value) {
    const timeSeconds = cosignatureTime(key, signature);
    if (timeSeconds === undefined || timeSeconds > nowSeconds + skewSeconds) continue;
    counted.push({ key, signature, timeSeconds });
  }
  return success(counted);
}
