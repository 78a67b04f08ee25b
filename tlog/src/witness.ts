// SPDX-License-Identifier: Apache-2.0
// The witness protocol (C2SP tlog-witness) without its HTTP: what a log asks, how a witness decides, what it answers.
// A witness signs a tree only if it continues the one it signed last, which is why nobody can show two histories to
// two readers of the same witness.

import {
  equalBytes,
  failure,
  parseBase64,
  parseDecimal,
  parseUtf8,
  success,
  toBase64,
  toHex,
  toUtf8,
  type Result,
} from './bytes.ts';
import {
  openCheckpoint,
  parseSignedCheckpoint,
  signCheckpoint,
  verifyCheckpointSignature,
  type Checkpoint,
  type SignedCheckpoint,
} from './checkpoint.ts';
import { HASH_BYTES, type Cryptography, type Sign } from './cryptography.ts';
import { treeHasher, verifyConsistency, type ProofVerdict, type TreeHasher } from './merkle.ts';
import {
  NOTE_BYTES_MAX,
  NOTE_SIGNATURES_MAX,
  parseSignatureLines,
  toNote,
  toSignatureLine,
  verifySignatures,
  type NoteKey,
} from './note.ts';
import type { ForkEvidence } from './views.ts';

const PROOF_LINES_MAX = 63;
/** A note, the old size and 63 hashes of 45 characters. */
export const ADD_CHECKPOINT_BYTES_MAX: number = NOTE_BYTES_MAX + 4096;
export const SIZE_CONTENT_TYPE = 'text/x.tlog.size';
export const TEXT_CONTENT_TYPE = 'text/plain; charset=utf-8';

export interface AddCheckpointRequest {
  readonly oldSize: bigint;
  readonly proof: readonly Uint8Array[];
  /** The checkpoint, a signed note. */
  readonly note: Uint8Array;
}

export function toAddCheckpoint({ oldSize, proof, note }: AddCheckpointRequest): Uint8Array {
  const head = [`old ${oldSize}`, ...proof.map(toBase64), ''].map((line) => `${line}\n`).join('');
  return toUtf8(head + (parseUtf8(note) ?? ''));
}

export function parseAddCheckpoint(body: Uint8Array): Result<AddCheckpointRequest> {
  if (body.length > ADD_CHECKPOINT_BYTES_MAX) {
    return failure(
      `a body must have at most ${ADD_CHECKPOINT_BYTES_MAX} bytes, had ${body.length}`,
    );
  }
  const text = parseUtf8(body);
  if (text === undefined) return failure('the body must be valid UTF-8');
  const end = text.indexOf('\n\n');
  if (end === -1) return failure('the body must have an empty line before the checkpoint');
  const [first = '', ...lines] = text.slice(0, end).split('\n');
  const oldSize = first.startsWith('old ') ? parseDecimal(first.slice('old '.length)) : undefined;
  if (oldSize === undefined) return failure('the first line must read "old" and a decimal number');
  if (lines.length > PROOF_LINES_MAX) {
    return failure(`a proof must have at most ${PROOF_LINES_MAX} lines, had ${lines.length}`);
  }
  const proof: Uint8Array[] = [];
  for (const line of lines) {
    const hash = parseBase64(line);
    if (hash?.length !== HASH_BYTES) return failure('a proof line must be 32 bytes in base64');
    proof.push(hash);
  }
  return success({ oldSize, proof, note: toUtf8(text.slice(end + 2)) });
}

/** What a witness keeps of a log: the checkpoint it cosigned last. */
export interface WitnessRecord {
  readonly size: bigint;
  readonly root: Uint8Array;
  readonly note: Uint8Array;
}

/** What a witness knows of one origin. */
export interface WitnessedLog {
  readonly keys: readonly NoteKey[];
  readonly record: WitnessRecord | undefined;
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

export type WitnessDecision =
  | {
      readonly kind: 'refused';
      readonly answer: WitnessAnswer;
      /** Where the log has signed two histories, the proof of it; to be kept and shown. */
      readonly evidence: ForkEvidence | undefined;
    }
  | {
      readonly kind: 'accepted';
      readonly signed: SignedCheckpoint;
      /**
       * To be put in the place of `expected`, atomically and durably, before anything is signed or answered. Where
       * another record stands there by now, the request is decided anew.
       */
      readonly next: WitnessRecord;
      readonly expected: WitnessRecord | undefined;
    };

/** Decides on the body of an add-checkpoint request. The first check that fails gives the answer. */
export function decideAddCheckpoint(
  cryptography: Cryptography,
  body: Uint8Array,
  logOf: (origin: string) => WitnessedLog | undefined,
): WitnessDecision {
  const request = parseAddCheckpoint(body);
  if (!request.ok) return refusal(400, request.reason);
  const { oldSize, note } = request.value;
  const signed = parseSignedCheckpoint(note);
  if (!signed.ok) return refusal(400, signed.reason);
  const { checkpoint } = signed.value;
  const log = logOf(checkpoint.origin);
  if (log === undefined) return refusal(404, 'this witness does not know the log');
  const opened = openCheckpoint(cryptography, note, log.keys);
  if (!opened.ok) return refusal(403, opened.reason);
  if (oldSize > checkpoint.size) {
    return refusal(400, `the old size ${oldSize} is over the checkpoint's size ${checkpoint.size}`);
  }
  const known = log.record;
  const knownSize = known?.size ?? 0n;
  if (oldSize !== knownSize) {
    const answer = { status: 409, contentType: SIZE_CONTENT_TYPE, body: `${knownSize}\n` } as const;
    return { kind: 'refused', answer, evidence: forkAtSameSize(known, checkpoint, note) };
  }
  const hasher = treeHasher(cryptography);
  const verdict = verifyStep(hasher, known, checkpoint, request.value);
  if (!verdict.ok) {
    return refusal(422, verdict.reason, forkAtSameSize(known, checkpoint, note));
  }
  return {
    kind: 'accepted',
    signed: signed.value,
    next: { size: checkpoint.size, root: checkpoint.root, note },
    expected: known,
  };
}

function verifyStep(
  hasher: TreeHasher,
  known: WitnessRecord | undefined,
  checkpoint: Checkpoint,
  { oldSize, proof }: AddCheckpointRequest,
): ProofVerdict {
  const { size, root } = checkpoint;
  if (size === 0n && !equalBytes(root, hasher.empty)) {
    return failure('an empty tree must have the root of an empty tree');
  }
  if (known !== undefined && known.size === size && !equalBytes(known.root, root)) {
    return failure(`this witness has cosigned another tree of ${size} entries`);
  }
  if (oldSize === 0n || oldSize === size) {
    return proof.length === 0
      ? success(undefined)
      : failure(`from ${oldSize} to ${size} the proof must be empty`);
  }
  return verifyConsistency(hasher, {
    olderSize: oldSize,
    newerSize: size,
    olderRoot: known?.root ?? hasher.empty,
    newerRoot: root,
    proof,
  });
}

function forkAtSameSize(
  known: WitnessRecord | undefined,
  checkpoint: Checkpoint,
  note: Uint8Array,
): ForkEvidence | undefined {
  if (known?.size !== checkpoint.size || equalBytes(known.root, checkpoint.root)) return undefined;
  return { first: known.note, second: note, bridge: undefined };
}

function refusal(
  status: 400 | 403 | 404 | 422,
  reason: string,
  evidence?: ForkEvidence,
): WitnessDecision {
  const answer = { status, contentType: TEXT_CONTENT_TYPE, body: `${reason}\n` };
  return { kind: 'refused', answer, evidence };
}

export interface WitnessSigner {
  readonly key: NoteKey;
  readonly sign: Sign;
}

/** Cosigns what was accepted and is durable by now, with every key of the witness. */
export function answerAccepted(
  { signed }: { readonly signed: SignedCheckpoint },
  signers: readonly WitnessSigner[],
  nowSeconds: bigint,
): Result<WitnessAnswer> {
  let body = '';
  for (const { key, sign } of signers) {
    if (key.type === 'ed25519') return failure(`the key ${key.name} does not make cosignatures`);
    const signature = signCheckpoint(signed.note.text, key, sign, nowSeconds);
    if (!signature.ok) return signature;
    body += toSignatureLine(signature.value);
  }
  if (body === '') return failure('a witness must have a key');
  return success({ status: 200, contentType: TEXT_CONTENT_TYPE, body });
}

/** The path below a witness's address at which monitors read the last checkpoint of a log. */
export function monitorPath(cryptography: Pick<Cryptography, 'sha256'>, origin: string): string {
  return `${toHex(cryptography.sha256(toUtf8(origin)))}/checkpoint`;
}

// ---- The log's side ----

export type WitnessReply =
  | { readonly kind: 'cosigned'; readonly note: Uint8Array }
  /** The witness has a tree of that size: ask again from there, or find out why it knows more than we do. */
  | { readonly kind: 'behind'; readonly size: bigint }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Reads a witness's answer about our note. Cosignatures of known keys are verified and put under the note, in place
 * of older ones of the same key; those of other keys are left out.
 */
export function readWitnessAnswer(
  cryptography: Cryptography,
  answer: { readonly status: number; readonly contentType: string; readonly body: Uint8Array },
  ours: SignedCheckpoint,
  witnessKeys: readonly NoteKey[],
): WitnessReply {
  const text = parseUtf8(answer.body) ?? '';
  if (answer.status === 409) {
    const size = text.endsWith('\n') ? parseDecimal(text.slice(0, -1)) : undefined;
    return answer.contentType === SIZE_CONTENT_TYPE && size !== undefined
      ? { kind: 'behind', size }
      : { kind: 'failed', reason: 'the witness answered 409 without the size it knows' };
  }
  if (answer.status !== 200) {
    return { kind: 'failed', reason: `the witness answered ${answer.status}` };
  }
  const lines = parseSignatureLines(text);
  if (!lines.ok) return { kind: 'failed', reason: lines.reason };
  const verified = verifySignatures(
    { text: ours.note.text, signatures: lines.value },
    witnessKeys.filter(({ type }) => type !== 'ed25519'),
    (key, body, signature) => verifyCheckpointSignature(cryptography, key, body, signature),
  );
  if (!verified.ok) return { kind: 'failed', reason: verified.reason };
  if (verified.value.length === 0) {
    return { kind: 'failed', reason: 'the answer has no cosignature of a known key' };
  }
  const fresh = verified.value.map(({ key, signature }) => ({
    name: key.name,
    keyId: key.id,
    signature,
  }));
  const kept = ours.note.signatures.filter(
    (old) => !fresh.some((each) => each.name === old.name && equalBytes(each.keyId, old.keyId)),
  );
  const signatures = [...kept, ...fresh];
  if (signatures.length > NOTE_SIGNATURES_MAX) {
    return { kind: 'failed', reason: `the note has ${NOTE_SIGNATURES_MAX} signatures already` };
  }
  return { kind: 'cosigned', note: toNote({ text: ours.note.text, signatures }) };
}
