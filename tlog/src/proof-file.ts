// SPDX-License-Identifier: Apache-2.0
// Proof files (C2SP tlog-proof): an entry's index, its inclusion proof and a checkpoint in one text that anybody can
// verify offline, against a policy they trust.

import {
  failure,
  parseBase64,
  parseDecimal,
  parseUtf8,
  success,
  toBase64,
  toUtf8,
  type Result,
} from './bytes.ts';
import {
  openCheckpoint,
  parseSignedCheckpoint,
  verifyCosignatures,
  type Cosignature,
  type SignedCheckpoint,
} from './checkpoint.ts';
import { HASH_BYTES, type Cryptography } from './cryptography.ts';
import { treeHasher, verifyInclusion } from './merkle.ts';
import { NOTE_BYTES_MAX, toNote } from './note.ts';
import { isQuorumMet, type TrustPolicy } from './trust-policy.ts';

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^64 leaves has no longer path. */
const PROOF_HASHES_MAX = 64;
const EXTRA_BYTES_MAX = 64 * 1024;
const PROOF_FILE_BYTES_MAX = NOTE_BYTES_MAX + 2 * EXTRA_BYTES_MAX;

export interface ProofFile {
  readonly index: bigint;
  readonly proof: readonly Uint8Array[];
  /** Opaque to this package, and authenticated by nothing. */
  readonly extra: Uint8Array | undefined;
  readonly signed: SignedCheckpoint;
}

export function toProofFile({ index, proof, extra, signed }: ProofFile): Uint8Array {
  const lines = [
    FIRST_LINE,
    ...(extra === undefined ? [] : [`extra ${toBase64(extra)}`]),
    `index ${index}`,
    ...proof.map(toBase64),
    '',
  ];
  const note = parseUtf8(toNote(signed.note)) ?? '';
  return toUtf8(`${lines.map((line) => `${line}\n`).join('')}${note}`);
}

export function parseProofFile(bytes: Uint8Array): Result<ProofFile> {
  if (bytes.length > PROOF_FILE_BYTES_MAX) {
    return failure(`a proof must have at most ${PROOF_FILE_BYTES_MAX} bytes, had ${bytes.length}`);
  }
  const text = parseUtf8(bytes);
  if (text === undefined) return failure('a proof must be valid UTF-8');
  const end = text.indexOf('\n\n');
  if (end === -1) return failure('a proof must have an empty line before its checkpoint');
  const [first, ...lines] = text.slice(0, end).split('\n');
  if (first !== FIRST_LINE) return failure(`a proof's first line must be ${FIRST_LINE}`);
  let extra: Uint8Array | undefined;
  if (lines[0]?.startsWith('extra ') === true) {
    extra = parseBase64(lines.shift()?.slice('extra '.length) ?? '');
    if (extra === undefined || extra.length > EXTRA_BYTES_MAX) {
      return failure(`the extra data must be base64 of at most ${EXTRA_BYTES_MAX} bytes`);
    }
  }
  const indexLine = lines.shift() ?? '';
  const index = indexLine.startsWith('index ')
    ? parseDecimal(indexLine.slice('index '.length))
    : undefined;
  if (index === undefined) return failure(`expected "index NUMBER", found "${indexLine}"`);
  if (lines.length > PROOF_HASHES_MAX) {
    return failure(`a proof must have at most ${PROOF_HASHES_MAX} hashes, had ${lines.length}`);
  }
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = parseBase64(line);
    if (hash?.length !== HASH_BYTES)
      return failure(`a hash must be 32 bytes in base64, was "${line}"`);
    proof.push(hash);
  }
  const signed = parseSignedCheckpoint(toUtf8(text.slice(end + 2)));
  return signed.ok ? success({ index, proof, extra, signed: signed.value }) : signed;
}

export interface ProvenEntry {
  readonly index: bigint;
  readonly signed: SignedCheckpoint;
  readonly cosignatures: readonly Cosignature[];
}

/** Whether this entry is in a log that the policy knows, at a size that its witnesses have seen. */
export function verifyProofFile(
  cryptography: Cryptography,
  bytes: Uint8Array,
  entry: Uint8Array,
  {
    policy,
    nowSeconds,
    skewSeconds,
  }: {
    readonly policy: TrustPolicy;
    readonly nowSeconds: bigint;
    readonly skewSeconds: bigint;
  },
): Result<ProvenEntry> {
  const file = parseProofFile(bytes);
  if (!file.ok) return file;
  const { index, proof, signed } = file.value;
  const opened = openCheckpoint(
    cryptography,
    toNote(signed.note),
    policy.logs.map(({ key }) => key),
  );
  if (!opened.ok) return opened;
  const cosignatures = verifyCosignatures(
    cryptography,
    signed.note,
    policy.witnesses.map(({ key }) => key),
    { nowSeconds, skewSeconds },
  );
  if (!cosignatures.ok) return cosignatures;
  const cosigners = cosignatures.value.map(({ key }) => key);
  if (!isQuorumMet(policy, cosigners)) {
    return failure(`${cosigners.length} cosignatures of known witnesses do not make the quorum`);
  }
  const hasher = treeHasher(cryptography);
  const { size, root } = signed.checkpoint;
  const verdict = verifyInclusion(hasher, { index, size, root, proof, leaf: hasher.leaf(entry) });
  return verdict.ok ? success({ index, signed, cosignatures: cosignatures.value }) : verdict;
}
