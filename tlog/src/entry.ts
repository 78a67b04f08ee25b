// SPDX-License-Identifier: Apache-2.0
// What Kontor writes into its log: one JSON object an entry, in the canonical form of RFC 8785, so that an entry has
// one writing; and commitments, which stand in an entry for values that are nobody else's business.

import {
  concatBytes,
  equalBytes,
  failure,
  parseHex,
  parseUtf8,
  success,
  toHex,
  toUtf8,
  type Result,
} from './bytes.ts';
import { HASH_BYTES, type Cryptography } from './cryptography.ts';

export const LOG_ENTRY_BYTES_MAX = 4096;
const DEPTH_MAX = 8;
const BLOCK_BYTES = 64;

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json;
}

/**
 * The canonical text of a value. Numbers are whole: a price or a quantity is a decimal string, never a float.
 */
export function toCanonicalJson(value: Json): Result<string> {
  return canonical(value, DEPTH_MAX);
}

function canonical(value: Json, depth: number): Result<string> {
  if (depth < 0) return failure(`a value must be nested at most ${DEPTH_MAX} deep`);
  if (value === null || typeof value === 'boolean') return success(String(value));
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && !Object.is(value, -0)
      ? success(String(value))
      : failure(`a number must be whole and below 2^53, was ${value}`);
  }
  if (typeof value === 'string') {
    return value.isWellFormed()
      ? success(JSON.stringify(value))
      : failure('a text must be valid Unicode');
  }
  const parts: string[] = [];
  if (isList(value)) {
    for (const item of value) {
      const text = canonical(item, depth - 1);
      if (!text.ok) return text;
      parts.push(text.value);
    }
    return success(`[${parts.join(',')}]`);
  }
  // The default order of strings is that of their UTF-16 code units, which is the one RFC 8785 asks for.
  const names = Object.keys(value).toSorted();
  for (const name of names) {
    const text = canonical(value[name] ?? null, depth - 1);
    if (!text.ok) return text;
    if (!name.isWellFormed()) return failure("a field's name must be valid Unicode");
    parts.push(`${JSON.stringify(name)}:${text.value}`);
  }
  return success(`{${parts.join(',')}}`);
}

function isList(value: readonly Json[] | JsonObject): value is readonly Json[] {
  return Array.isArray(value);
}

/** The value of a text, if the text is the canonical one. */
export function parseCanonicalJson(text: string): Result<Json> {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    return failure('expected JSON');
  }
  const again = toCanonicalJson(value);
  if (!again.ok) return again;
  return again.value === text ? success(value) : failure('the JSON is not in canonical form');
}

// ---- Entries ----

export type EntryKind =
  | 'intent'
  | 'signed'
  | 'refused'
  | 'answer'
  | 'unlock'
  | 'lock'
  | 'key.new'
  | 'key.import'
  | 'key.active'
  | 'key.retire'
  | 'policy.change'
  | 'perm.check'
  | 'recon.report'
  | 'foreign.trade'
  | 'edgelog.batch'
  | 'scan.report'
  | 'canary.plant'
  | 'canary.hit'
  | 'claim.check'
  | 'advisory'
  | 'case.seal'
  | 'restore'
  | 'fork.notice'
  | 'heartbeat'
  | 'note'
  | 'act'
  | 'key.rotate'
  | 'freeze'
  | 'thaw'
  | 'owner.new'
  | 'owner.remove'
  | 'held';

/** Each kind of entry, with the fields it must have besides `v`, `t`, `seq` and `kind`. */
const FIELDS_OF_KIND: Readonly<Record<EntryKind, readonly string[]>> = {
  intent: ['conn', 'keyver', 'op', 'policy', 'commit'],
  signed: ['conn', 'keyver', 'intent', 'signature'],
  refused: ['decision', 'rule'],
  answer: ['intent'],
  unlock: [],
  lock: [],
  'key.new': ['conn', 'keyver'],
  'key.import': ['conn', 'keyver'],
  'key.retire': ['conn', 'keyver'],
  'policy.change': ['policy'],
  'perm.check': ['conn'],
  'recon.report': [],
  'foreign.trade': ['conn'],
  'edgelog.batch': ['root', 'lines'],
  'scan.report': [],
  'canary.plant': [],
  'canary.hit': [],
  'claim.check': [],
  advisory: [],
  'case.seal': [],
  restore: [],
  'fork.notice': ['origin', 'size', 'root'],
  heartbeat: [],
  /** What a signer says of itself: `note` names it. */
  note: ['note'],
  'key.active': ['conn'],
  act: [],
  'key.rotate': ['conn'],
  freeze: [],
  thaw: [],
  'owner.new': [],
  'owner.remove': [],
  /** An order that waits for a person, or what became of it. */
  held: ['conn', 'rule'],
};

export function isEntryKind(word: string): word is EntryKind {
  return Object.hasOwn(FIELDS_OF_KIND, word);
}

/** An entry's fields. Those that are named here have these types in every kind; a kind adds its own. */
export interface LogEntry extends JsonObject {
  readonly v: 1;
  /** Milliseconds since 1970. */
  readonly t: number;
  /** The entry's index in the log. */
  readonly seq: number;
  readonly kind: EntryKind;
}

type FieldRule = (value: Json) => string | undefined;

const isText: FieldRule = (value) =>
  typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value)
    ? undefined
    : 'must be 1 to 200 printable characters';
const isCount: FieldRule = (value) =>
  typeof value === 'number' && value >= 0 ? undefined : 'must be a whole number from 0';
const isHash: FieldRule = (value) =>
  typeof value === 'string' && /^[0-9a-f]{64}$/.test(value)
    ? undefined
    : 'must be 32 bytes in lower-case hexadecimal';

const FIELD_RULES: ReadonlyMap<string, FieldRule> = new Map([
  ['v', (value) => (value === 1 ? undefined : 'must be 1')],
  ['t', isCount],
  ['seq', isCount],
  [
    'kind',
    (value) =>
      typeof value === 'string' && isEntryKind(value) ? undefined : 'must be a kind of entry',
  ],
  [
    'conn',
    (value) =>
      typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)
        ? undefined
        : 'must be 1 to 64 letters, digits, _ or -',
  ],
  ['keyver', isCount],
  ['op', isText],
  ['symbol', isText],
  [
    'decision',
    (value) =>
      value === 'allow' || value === 'deny' || value === 'hold'
        ? undefined
        : 'must be allow, deny or hold',
  ],
  ['rule', isText],
  ['policy', isHash],
  ['commit', isHash],
  ['intent', isCount],
  ['signature', isHash],
  ['origin', isText],
  ['size', isCount],
  ['root', isHash],
  ['lines', isCount],
  ['note', isText],
]);

function entryFault(entry: JsonObject): string | undefined {
  for (const name of ['v', 't', 'seq', 'kind']) {
    if (!Object.hasOwn(entry, name)) return `the field ${name} is missing`;
  }
  for (const [name, value] of Object.entries(entry)) {
    const fault = FIELD_RULES.get(name)?.(value);
    if (fault !== undefined) return `${name} ${fault}`;
  }
  const needed: readonly string[] = FIELDS_OF_KIND[entry['kind'] as EntryKind];
  const missing = needed.find((name) => !Object.hasOwn(entry, name));
  return missing === undefined
    ? undefined
    : `an entry of kind ${String(entry['kind'])} must have ${missing}`;
}

/** An entry's bytes. */
export function toEntryBytes(entry: LogEntry): Result<Uint8Array> {
  const fault = entryFault(entry);
  if (fault !== undefined) return failure(fault);
  const text = toCanonicalJson(entry);
  if (!text.ok) return text;
  const bytes = toUtf8(text.value);
  return bytes.length <= LOG_ENTRY_BYTES_MAX
    ? success(bytes)
    : failure(`an entry must have at most ${LOG_ENTRY_BYTES_MAX} bytes, had ${bytes.length}`);
}

export function parseEntry(bytes: Uint8Array): Result<LogEntry> {
  if (bytes.length > LOG_ENTRY_BYTES_MAX) {
    return failure(`an entry must have at most ${LOG_ENTRY_BYTES_MAX} bytes, had ${bytes.length}`);
  }
  const text = parseUtf8(bytes);
  if (text === undefined) return failure('an entry must be valid UTF-8');
  const json = parseCanonicalJson(text);
  if (!json.ok) return json;
  const value = json.value;
  if (typeof value !== 'object' || value === null || isList(value)) {
    return failure('an entry must be a JSON object');
  }
  const fault = entryFault(value);
  return fault === undefined ? success(value as LogEntry) : failure(fault);
}

/** For the auditor: whether an entry is one of Kontor's and knows its own index. */
export function judgeLogEntry(bytes: Uint8Array, index: bigint): string | undefined {
  const entry = parseEntry(bytes);
  if (!entry.ok) return entry.reason;
  return BigInt(entry.value.seq) === index
    ? undefined
    : `seq must be ${index}, was ${entry.value.seq}`;
}

// ---- Commitments ----

/**
 * Binds to a private value without telling it: HMAC-SHA-256 under a nonce of 32 random bytes, over the value's
 * canonical bytes. Prices and quantities are few; without the nonce anybody could try them all.
 */
export function commitTo(
  cryptography: Pick<Cryptography, 'sha256'>,
  nonce: Uint8Array,
  value: Json,
): Result<string> {
  if (nonce.length !== HASH_BYTES) {
    return failure(`a nonce must have ${HASH_BYTES} bytes, had ${nonce.length}`);
  }
  const text = toCanonicalJson(value);
  return text.ok ? success(toHex(hmacSha256(cryptography, nonce, toUtf8(text.value)))) : text;
}

/** Whether a revealed nonce and value are what an entry committed to. */
export function opensCommitment(
  cryptography: Pick<Cryptography, 'sha256'>,
  commit: string,
  { nonce, value }: { readonly nonce: Uint8Array; readonly value: Json },
): boolean {
  const expected = parseHex(commit);
  const found = commitTo(cryptography, nonce, value);
  return expected !== undefined && found.ok && equalBytes(expected, parseHex(found.value) ?? nonce);
}

function hmacSha256(
  { sha256 }: Pick<Cryptography, 'sha256'>,
  key: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? sha256(key) : key);
  const inner = sha256(
    concatBytes(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return sha256(
    concatBytes(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

// ---- Origins ----

/**
 * The name under which a log goes on whose history was lost: witnesses refuse the old name for ever once they have
 * seen more of it than a restored backup has.
 */
export function successorOrigin(origin: string): string {
  const [, base = origin, generation = '1'] = /^(.+)\/([1-9]\d{0,8})$/.exec(origin) ?? [];
  return `${base}/${Number(generation) + 1}`;
}
