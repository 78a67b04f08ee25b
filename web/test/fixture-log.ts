// SPDX-License-Identifier: Apache-2.0
// A log as a desk serves it: real entries, tiles, a signed checkpoint and a witness's cosignature, all made with keys
// of the test.

import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';

import {
  commitTo,
  createAppender,
  noteKey,
  parseNote,
  proveInclusion,
  signCheckpoint,
  toCheckpointText,
  toEntryBytes,
  toNote,
  toProofExtra,
  toProofFile,
  toVerifierKey,
  treeHasher,
  type JsonObject,
  type LogEntry,
  type NoteKey,
  type Result,
  type SignatureType,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';

const HASHER = treeHasher(nodeCryptography);
const STEP_MS = 7_000;
/** What stands before a seed in a private key's PKCS #8 form. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

export const LOG_FROM = Date.UTC(2026, 9, 1);
export const OPENED = 301;
export const OPENED_FIELDS: JsonObject = {
  clientOrderId: 'k1sample000000301',
  connection: 'c_7F3K',
  op: 'order.place',
  price: '64250.10',
  side: 'BUY',
  symbol: 'BTCUSDT',
};
const NONCE = Buffer.alloc(32, 7);

export interface FixtureLog {
  /** By path below `/log/`. */
  readonly files: ReadonlyMap<string, Uint8Array>;
  /** Of entry `OPENED`, with its private fields. */
  readonly proof: Uint8Array;
}

/** A log of `count` entries; another `name` gives another key. */
export function makeFixtureLog(
  count: number,
  { nowMs, name = 'kontor.local/fixture' }: { nowMs: number; name?: string },
): FixtureLog {
  const log = signerOf(name, 'ed25519');
  const witness = signerOf('witness.example/anna', 'ed25519-cosignature');
  const appender = createAppender(HASHER);
  const files = new Map<string, Uint8Array>();
  const bytes: Uint8Array[] = [];
  for (let index = 0; index < count; index += 1) {
    const entry = valueOf(toEntryBytes(entryAt(index)));
    bytes.push(entry);
    valueOf(appender.append(entry));
  }
  for (const { path, bytes: file } of appender.takeResources()) files.set(path, file);
  const tree = { size: appender.size(), root: appender.root() };
  const text = toCheckpointText({ origin: name, ...tree, extensions: [] });
  const first = valueOf(signCheckpoint(text, log.key, log.sign, 0n));
  // A line of the log's ML-DSA-44 key, which no browser can verify: its bytes are any.
  const second = { name, keyId: Buffer.alloc(4, 0xa5), signature: Buffer.alloc(8 + 2_420, 1) };
  const own = [first, second];
  const cosigned = valueOf(
    signCheckpoint(text, witness.key, witness.sign, BigInt(Math.floor(nowMs / 1000))),
  );
  files.set('vkey', Buffer.from(`${toVerifierKey(log.key)}\n`));
  files.set('checkpoint', toNote({ text, signatures: own }));
  const witnessed = toNote({ text, signatures: [...own, cosigned] });
  files.set('checkpoint.witnessed', witnessed);
  const policy = `log ${toVerifierKey(log.key)}\nwitness anna ${toVerifierKey(witness.key)}\nquorum anna\n`;
  files.set('trust-policy', Buffer.from(policy));
  const reader = { read: (path: string): Uint8Array | undefined => files.get(path) };
  const { index, proof } = valueOf(proveInclusion(HASHER, reader, BigInt(OPENED), tree));
  const note = valueOf(parseNote(witnessed));
  const extra = valueOf(
    toProofExtra({
      entry: bytes[OPENED] ?? new Uint8Array(),
      opening: { nonce: NONCE, fields: OPENED_FIELDS },
      stamp: undefined,
    }),
  );
  const checkpoint = { origin: name, ...tree, extensions: [] };
  return { files, proof: toProofFile({ index, proof, extra, signed: { checkpoint, note } }) };
}

function entryAt(seq: number): LogEntry {
  const common = { v: 1, t: LOG_FROM + seq * STEP_MS, seq } as const;
  const hash = createHash('sha256').update(`entry ${seq}`).digest('hex');
  if (seq === 0) return { ...common, kind: 'unlock' };
  if (seq === OPENED) {
    const commit = valueOf(commitTo(nodeCryptography, NONCE, OPENED_FIELDS));
    return intent(common, commit);
  }
  if (seq % 40 === 7) return { ...common, kind: 'refused', decision: 'deny', rule: 'band' };
  if (seq % 61 === 5) return { ...common, kind: 'heartbeat' };
  if (seq % 2 === 1) return intent(common, hash);
  return { ...common, kind: 'signed', conn: 'c_7F3K', keyver: 1, intent: seq - 1, signature: hash };
}

function intent(
  common: { readonly v: 1; readonly t: number; readonly seq: number },
  commit: string,
): LogEntry {
  const policy = createHash('sha256').update('policy').digest('hex');
  return {
    ...common,
    kind: 'intent',
    conn: 'c_7F3K',
    keyver: 1,
    op: 'order.place',
    decision: 'allow',
    policy,
    commit,
  };
}

function signerOf(
  name: string,
  type: SignatureType,
): { readonly key: NoteKey; readonly sign: (message: Uint8Array) => Uint8Array } {
  const seed = createHash('sha256').update(`fixture ${name}`).digest();
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8, seed]),
    format: 'der',
    type: 'pkcs8',
  });
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  const key = valueOf(noteKey(nodeCryptography, { name, type, publicKey: spki.subarray(-32) }));
  return { key, sign: (message) => sign(null, message, privateKey) };
}

function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.reason);
  return result.value;
}
