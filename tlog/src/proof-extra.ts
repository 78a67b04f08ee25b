// SPDX-License-Identifier: Apache-2.0
// What Kontor puts into the extra data of a proof file, so that one file shows what it proves: the entry itself, where
// its owner consents what opens the entry's commitment, and where there is one a time stamp of the checkpoint. The extra
// data prove nothing; the proof proves the entry, and whoever made the stamp its time.

import {
  failure,
  parseBase64,
  parseUtf8,
  success,
  toBase64,
  toUtf8,
  type Result,
} from './bytes.ts';
import type { Cryptography } from './cryptography.ts';
import {
  opensCommitment,
  parseCanonicalJson,
  parseEntry,
  toCanonicalJson,
  type Json,
  type JsonObject,
  type LogEntry,
} from './entry.ts';

/** The private fields of an entry with the nonce that ties them to its commitment. */
export interface Opening {
  readonly nonce: Uint8Array;
  readonly fields: JsonObject;
}

export interface ProofExtra {
  /** The entry's bytes. */
  readonly entry: Uint8Array;
  readonly opening: Opening | undefined;
  /** What a time-stamping authority answered (RFC 3161) that was shown the SHA-256 of the checkpoint's note. */
  readonly stamp: Uint8Array | undefined;
}

export function toProofExtra({ entry, opening, stamp }: ProofExtra): Result<Uint8Array> {
  const text = parseUtf8(entry);
  if (text === undefined) return failure('an entry must be valid UTF-8');
  const shown = {
    entry: text,
    ...(opening === undefined ? {} : { fields: opening.fields, nonce: toBase64(opening.nonce) }),
    ...(stamp === undefined ? {} : { stamp: toBase64(stamp) }),
  };
  const json = toCanonicalJson(shown);
  return json.ok ? success(toUtf8(json.value)) : json;
}

export function parseProofExtra(bytes: Uint8Array): Result<ProofExtra> {
  const text = parseUtf8(bytes);
  const json = text === undefined ? failure('expected UTF-8') : parseCanonicalJson(text);
  if (!json.ok) return failure(`the extra data of a proof of Kontor: ${json.reason}`);
  const value = json.value;
  if (!isObject(value) || typeof value['entry'] !== 'string') {
    return failure('the extra data of a proof of Kontor must hold the entry');
  }
  const { fields, nonce } = value;
  const nonceBytes = typeof nonce === 'string' ? parseBase64(nonce) : undefined;
  const isOpen = fields !== undefined || nonce !== undefined;
  if (isOpen && (nonceBytes === undefined || fields === undefined || !isObject(fields))) {
    return failure('an opening must be fields and a nonce in base64');
  }
  const opening =
    nonceBytes === undefined || fields === undefined || !isObject(fields)
      ? undefined
      : { nonce: nonceBytes, fields };
  const { stamp: stampText } = value;
  const stamp = typeof stampText === 'string' ? parseBase64(stampText) : undefined;
  if (stampText !== undefined && stamp === undefined) {
    return failure('a time stamp must be in base64');
  }
  return success({ entry: toUtf8(value['entry']), opening, stamp });
}

/** The entry, if an opening that comes with it is the one it committed to. */
export function checkOpening(
  cryptography: Pick<Cryptography, 'sha256'>,
  { entry: bytes, opening }: Pick<ProofExtra, 'entry' | 'opening'>,
): Result<LogEntry> {
  const entry = parseEntry(bytes);
  if (!entry.ok || opening === undefined) return entry;
  const { commit } = entry.value;
  const { nonce, fields } = opening;
  const isOpen =
    typeof commit === 'string' && opensCommitment(cryptography, commit, { nonce, value: fields });
  return isOpen ? entry : failure('the opening is not what the entry committed to');
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
