// SPDX-License-Identifier: Apache-2.0
// One conversation with one witness (C2SP tlog-witness): ask for a cosignature, from the size that it knows; and read
// what it shows to others of our log.

import {
  ADD_CHECKPOINT_BYTES_MAX,
  compareViews,
  monitorPath,
  NOTE_BYTES_MAX,
  openCheckpoint,
  proveConsistency,
  readWitnessAnswer,
  toAddCheckpoint,
  treeHasher,
  verifyForkEvidence,
  type ForkEvidence,
  type NoteKey,
  type Result,
  type SignedCheckpoint,
  type TileReader,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { askOver, type HttpAnswer } from './http-answer.ts';
import type { Witness } from './witness-list.ts';

const ANSWER_MS_MAX = 10_000;
/** The size that it knows may change while we ask; more often than this somebody plays with us. */
const ATTEMPTS_MAX = 3;
/** What a refusal means to the owner of the log. */
const REASONS: Readonly<Record<number, string>> = {
  403: 'it knows this log under another key',
  404: 'it does not know this log yet: whoever runs it adds the log’s verifier key',
  429: 'it has been asked too often',
};
const HASHER = treeHasher(nodeCryptography);

export interface OwnLog {
  readonly note: Uint8Array;
  readonly signed: SignedCheckpoint;
  readonly tiles: TileReader;
  readonly keys: readonly NoteKey[];
}

export type WitnessOutcome =
  /** It has signed this tree. */
  | { readonly kind: 'cosigned'; readonly note: Uint8Array }
  /** It has seen more than we have; `proof`: the larger checkpoint under our own key. */
  | { readonly kind: 'rolledBack'; readonly size: bigint; readonly proof: Uint8Array | undefined }
  /** It holds another history under our own key. */
  | { readonly kind: 'fork'; readonly evidence: ForkEvidence }
  | { readonly kind: 'failed'; readonly reason: string };

/** Has a witness cosign our last checkpoint. `knownSize`: what it had when it was asked last. */
export async function askWitness(
  witness: Witness,
  own: OwnLog,
  knownSize: bigint,
): Promise<WitnessOutcome> {
  const { size, root } = own.signed.checkpoint;
  let oldSize = knownSize <= size ? knownSize : 0n;
  let reason = '';
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    let proof: readonly Uint8Array[] = [];
    if (oldSize > 0n && oldSize < size) {
      const made = proveConsistency(HASHER, own.tiles, oldSize, { size, root });
      if (!made.ok) return { kind: 'failed', reason: `no proof can be made: ${made.reason}` };
      proof = made.value.proof;
    }
    const body = toAddCheckpoint({ oldSize, proof, note: own.note });
    const answer = await request(`${base(witness)}/add-checkpoint`, body);
    if (!answer.ok) return { kind: 'failed', reason: answer.reason };
    const reply = readWitnessAnswer(nodeCryptography, answer.value, own.signed, witness.keys);
    if (reply.kind === 'cosigned') return reply;
    if (reply.kind === 'behind') {
      if (reply.size > size) return lookCloser(witness, own, reply.size);
      if (reply.size === oldSize) return { kind: 'failed', reason: 'it refuses the size it names' };
      oldSize = reply.size;
      reason = `it names another size each time, last ${reply.size}`;
      continue;
    }
    // It holds a tree that ours does not continue, or says so.
    if (answer.value.status === 422) return lookCloser(witness, own, undefined);
    return { kind: 'failed', reason: REASONS[answer.value.status] ?? reply.reason };
  }
  return { kind: 'failed', reason };
}

/** What a witness's own record of our log says: agreement is `null`. */
export async function monitorWitness(
  witness: Witness,
  own: OwnLog,
): Promise<Exclude<WitnessOutcome, { kind: 'cosigned' }> | null> {
  const { origin, size, root } = own.signed.checkpoint;
  const answer = await request(`${base(witness)}/${monitorPath(nodeCryptography, origin)}`);
  if (!answer.ok) return { kind: 'failed', reason: answer.reason };
  if (answer.value.status === 404) return null;
  if (answer.value.status !== 200) {
    return { kind: 'failed', reason: `it answered ${answer.value.status}` };
  }
  const theirs = answer.value.body;
  // What does not bear our signature is the witness's invention and no view of our log.
  const opened = openCheckpoint(nodeCryptography, theirs, own.keys);
  if (!opened.ok) return { kind: 'failed', reason: `its checkpoint of our log: ${opened.reason}` };
  const { checkpoint } = opened.value;
  if (checkpoint.origin !== origin) {
    return { kind: 'failed', reason: `its checkpoint is of ${checkpoint.origin}` };
  }
  if (checkpoint.size > size) {
    return { kind: 'rolledBack', size: checkpoint.size, proof: theirs };
  }
  const bridge =
    checkpoint.size === size || checkpoint.size === 0n
      ? undefined
      : proveConsistency(HASHER, own.tiles, checkpoint.size, { size, root });
  if (bridge?.ok === false) {
    return { kind: 'failed', reason: `no proof can be made: ${bridge.reason}` };
  }
  const comparison = compareViews(HASHER, own.signed.checkpoint, checkpoint, bridge?.value);
  if (comparison.kind === 'same' || comparison.kind === 'continued') return null;
  const evidence = { first: own.note, second: theirs, bridge: bridge?.value };
  const verdict = verifyForkEvidence(nodeCryptography, evidence, own.keys);
  return verdict.ok ? { kind: 'fork', evidence } : { kind: 'failed', reason: verdict.reason };
}

/** A witness that refuses must show why: its word alone raises no alarm about our own log. */
async function lookCloser(
  witness: Witness,
  own: OwnLog,
  claimed: bigint | undefined,
): Promise<WitnessOutcome> {
  const seen = await monitorWitness(witness, own);
  if (seen?.kind === 'fork' || seen?.kind === 'rolledBack') return seen;
  if (claimed !== undefined) return { kind: 'rolledBack', size: claimed, proof: undefined };
  return {
    kind: 'failed',
    reason: `it refuses our proof and shows no other history${seen === null ? '' : `: ${seen.reason}`}`,
  };
}

async function request(url: string, body?: Uint8Array): Promise<Result<HttpAnswer>> {
  if (body !== undefined && body.length > ADD_CHECKPOINT_BYTES_MAX) {
    return { ok: false, reason: `a request must have at most ${ADD_CHECKPOINT_BYTES_MAX} bytes` };
  }
  return askOver(url, { body, timeoutMs: ANSWER_MS_MAX, bytesMax: NOTE_BYTES_MAX });
}

function base({ url }: Witness): string {
  return url.endsWith('/') ? url.slice(0, -1) : url;
}
