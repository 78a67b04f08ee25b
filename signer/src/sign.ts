// SPDX-License-Identifier: Apache-2.0
// The one place where an exchange's key is used, and the only way of a signature out of here: to egress.

import { strict as assert } from 'node:assert';
import { createHmac, hash, sign as signBytes, type KeyObject } from 'node:crypto';
import { signedRequest, type RequestDraft } from './binance/requests.ts';
import { LogError, type Entry, type IntentLog, type Recorded } from './log/intent-log.ts';
import { spend, type PolicyApproved } from './policy/approval.ts';
import type { Decision, SignedRequest } from './wire.ts';

/** A signature as the exchange wants it written, and what the log has of it. */
export interface Signature {
  readonly text: string;
  readonly sha256: string;
}

/** An exchange's private key. It gives nothing away but signatures of what was approved and recorded. */
export class SigningKey {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /** The signature of a request that the policy approved and whose intent is on disk. */
  sign(approved: PolicyApproved<RequestDraft>, recorded: Recorded): Signature {
    spend(approved);
    const { text, intent } = approved.request;
    const { kind, fields } = recorded.entry;
    assert(
      kind === 'intent' &&
        fields['request'] === requestHash(text) &&
        fields['connection'] === intent.connection,
      'Invariant: the entry on disk is the one of this request',
    );
    const signature = signatureOf(text, this.#key);
    // HMACs in hexadecimal, all others in base64.
    const written = signature.toString(this.#key.type === 'secret' ? 'hex' : 'base64');
    return { text: written, sha256: hash('sha256', signature, 'hex') };
  }
}

/** A request that the policy allowed and that waits for its entry on disk. */
export interface Allowed {
  /** What it is signed with, whatever becomes of the connection meanwhile. */
  readonly key: SigningKey;
  readonly approved: PolicyApproved<RequestDraft>;
  /** One for each order in it, at least one. */
  readonly entries: readonly Entry[];
  /** Undoes everything that allowing it has changed. */
  readonly release: () => void;
}

export interface SigningPorts {
  readonly log: Pick<IntentLog, 'append' | 'follow'>;
  /** Hears of each intent that is on disk, before anything is signed. */
  readonly onRecorded: (recorded: Recorded) => void;
  /** Hears of each request whose signature the log did not take: it counts as signed and goes nowhere. */
  readonly onLost: (id: number) => void;
  /** Takes a decision to the server. */
  readonly decide: (decision: Decision) => void;
  /** Takes a signed request to egress. */
  readonly forward: (request: SignedRequest) => void;
}

/** Records all, then signs all, then lets go of all: nothing leaves that is not on disk. */
export function signAll(allowed: readonly Allowed[], ports: SigningPorts): void {
  let proofs: readonly Recorded[];
  try {
    proofs = ports.log.append(allowed.flatMap(({ entries }) => entries));
  } catch (error) {
    // Newest first, as the counters want it.
    for (const { release } of allowed.toReversed()) release();
    return refuseUnlogged(allowed, error, ports);
  }
  for (const proof of proofs) ports.onRecorded(proof);
  const signed = allowed.map(({ approved, key, entries }) => {
    const [proof] = proofs;
    proofs = proofs.slice(entries.length);
    assert(proof !== undefined, 'Invariant: what was appended is recorded');
    const draft = approved.request;
    const { text, sha256: signature } = key.sign(approved, proof);
    const { connection } = draft.intent;
    const fields = { connection, intent: proof.sequence, signature };
    const entry: Entry = { ...proof.entry, kind: 'signed', fields };
    return { draft, text, entry };
  });
  try {
    ports.log.follow(signed.map(({ entry }) => entry));
  } catch (error) {
    // The intents are on disk, so they count as signed; the signatures end here.
    for (const { draft } of signed) ports.onLost(draft.intent.id);
    return refuseUnlogged(allowed, error, ports);
  }
  for (const { draft, text } of signed) {
    const { timestamp, recvWindow } = draft;
    ports.decide({ kind: 'signed', id: draft.intent.id, timestamp, recvWindow });
    ports.forward(signedRequest(draft, text));
  }
}

function refuseUnlogged(allowed: readonly Allowed[], error: unknown, ports: SigningPorts): void {
  if (!(error instanceof LogError)) throw error;
  for (const { approved } of allowed) {
    const { id } = approved.request.intent;
    ports.decide({ kind: 'refused', id, rule: 'log', reason: error.message });
  }
}

/** Ed25519; RSA with PKCS #1 v1.5 and SHA-256; or HMAC-SHA256, which the exchange's secret makes. */
function signatureOf(text: string, key: KeyObject): Buffer {
  if (key.type === 'secret') return createHmac('sha256', key).update(text, 'utf8').digest();
  const digest = key.asymmetricKeyType === 'rsa' ? 'sha256' : null;
  return signBytes(digest, Buffer.from(text, 'utf8'), key);
}

/** SHA-256 of a request's text, as the log has it. */
export function requestHash(text: string): string {
  return hash('sha256', text, 'hex');
}
