// SPDX-License-Identifier: Apache-2.0
// An entry of the log in its two writings: the private line with everything, and the public entry, which follows from
// it and shows kinds, times, hashes and a commitment to the rest.

import { strict as assert } from 'node:assert';
import {
  commitTo,
  isEntryKind,
  toEntryBytes,
  treeHasher,
  type EntryKind,
  type Json,
  type TreeHasher,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';

export type { EntryKind } from '@kontor/tlog';

export type LogErrorCode =
  | 'log.damaged'
  | 'log.write'
  | 'log.sync'
  | 'log.taken'
  | 'log.behind'
  | 'log.store'
  | 'log.publish';

export class LogError extends Error {
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

/** What a caller writes. The log adds version, sequence number, nonce and leaf hash. */
export interface Entry {
  /** Wall time in ms. */
  readonly time: number;
  readonly kind: EntryKind;
  /** Text and whole numbers; what is undefined is left out. */
  readonly fields: Readonly<Record<string, string | number | undefined>>;
}

/** An entry read back. */
export interface PastEntry extends Entry {
  readonly sequence: number;
}

/** An entry with what opens its commitment. */
export interface PrivateLine extends PastEntry {
  /** 32 bytes; null where the public entry shows everything. */
  readonly nonce: Uint8Array | null;
  /** SHA-256 of the public entry as a leaf of the tree, as it was when the line was written. */
  readonly leaf: string;
}

const LINE_VERSION = 2;
const ENTRY_VERSION = 1;
/** A policy that was confirmed stands in a line as a whole. */
export const LINE_BYTES_MAX = 262_144;
const NONCE_BYTES = 32;
/** What the log itself writes into a line; no field has such a name. */
const OWN_NAMES = ['v', 'seq', 'time', 'kind', 'nonce', 'leaf'];
const KEY_VERSION = 1;

export const HASHER: TreeHasher = treeHasher(nodeCryptography);

type Shown = (value: string | number) => boolean;

const isWord: Shown = (value) => typeof value === 'string' && /^[\x20-\x7e]{1,200}$/.test(value);
const isHash: Shown = (value) => typeof value === 'string' && /^[0-9a-f]{64}$/.test(value);
const isCount: Shown = (value) => typeof value === 'number' && value >= 0;

/** The fields that everybody may see, under their public names. All others stand in the entry by commitment alone. */
const SHOWN: ReadonlyMap<string, readonly [name: string, isShown: Shown]> = new Map([
  [
    'connection',
    ['conn', (value) => typeof value === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(value)],
  ],
  ['op', ['op', isWord]],
  ['rule', ['rule', isWord]],
  ['note', ['note', isWord]],
  ['origin', ['origin', isWord]],
  ['policy', ['policy', isHash]],
  ['signature', ['signature', isHash]],
  ['root', ['root', isHash]],
  ['intent', ['intent', isCount]],
  ['size', ['size', isCount]],
  ['lines', ['lines', isCount]],
  ['from', ['from', isCount]],
  ['to', ['to', isCount]],
  ['keyver', ['keyver', isCount]],
  ['decision', ['decision', (value) => value === 'allow' || value === 'deny' || value === 'hold']],
]);

/** Whether anything of these fields is not for everybody, so that the entry has a commitment and a nonce. */
export function needsNonce(fields: Entry['fields']): boolean {
  return Object.entries(fields).some(
    ([name, value]) => value !== undefined && SHOWN.get(name)?.[1](value) !== true,
  );
}

/** The fields as they are committed to and read back: valid Unicode, and nothing undefined. */
function fieldsWritten(fields: Entry['fields']): Record<string, string | number> {
  const written: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined)
      written[name] = typeof value === 'string' ? value.toWellFormed() : value;
  }
  return written;
}

/** The public entry of a private line, or why there can be none. The same line always gives the same bytes. */
export function publicEntryOf({
  sequence,
  time,
  kind,
  fields,
  nonce,
}: Omit<PrivateLine, 'leaf'>): ReturnType<typeof toEntryBytes> {
  const shown: Record<string, Json> = {};
  for (const [name, value] of Object.entries(fields)) {
    const [publicName, isShown] = SHOWN.get(name) ?? [];
    if (publicName !== undefined && value !== undefined && isShown?.(value) === true)
      shown[publicName] = value;
  }
  if (kind === 'intent') shown['decision'] ??= 'allow';
  if (kind === 'refused') shown['decision'] ??= 'deny';
  if (kind === 'intent' || kind === 'signed' || kind.startsWith('key.'))
    shown['keyver'] ??= KEY_VERSION;
  if (nonce !== null) {
    const commit = commitTo(nodeCryptography, nonce, fieldsWritten(fields));
    if (!commit.ok) return commit;
    shown['commit'] = commit.value;
  }
  return toEntryBytes({ ...shown, v: ENTRY_VERSION, t: time, seq: sequence, kind });
}

/** A line and its public entry, ready to be written. `nonce`: 32 random bytes of its own. */
export function writeLine(
  entry: Entry,
  sequence: number,
  nonce: Uint8Array,
): { readonly line: Buffer; readonly publicEntry: Uint8Array } {
  const fields = fieldsWritten(entry.fields);
  assert(
    !OWN_NAMES.some((name) => Object.hasOwn(fields, name)),
    'Invariant: no field has a name of the line itself',
  );
  const nonceUsed = needsNonce(fields) ? nonce : null;
  const made = publicEntryOf({ ...entry, fields, sequence, nonce: nonceUsed });
  assert(made.ok, `Invariant: every entry can be published: ${made.ok ? '' : made.reason}`);
  const text = JSON.stringify({
    v: LINE_VERSION,
    seq: sequence,
    time: entry.time,
    kind: entry.kind,
    ...fields,
    ...(nonceUsed === null ? {} : { nonce: Buffer.from(nonceUsed).toString('base64url') }),
    leaf: leafText(made.value),
  });
  const line = Buffer.from(`${text}\n`);
  assert(line.length <= LINE_BYTES_MAX, 'Invariant: the fields of an entry are bounded');
  return { line, publicEntry: made.value };
}

export function leafText(publicEntry: Uint8Array): string {
  return Buffer.from(HASHER.leaf(publicEntry)).toString('base64url');
}

/** What a line must be; told with what it is instead. */
export class LineFault {
  readonly expected: string;
  readonly found: string;

  constructor(expected: string, found: string) {
    this.expected = expected;
    this.found = found;
  }
}

/** The line with this sequence number, or what is wrong with it. Its leaf is not computed here. */
export function parseLine(text: string, sequence: number): PrivateLine | LineFault {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return new LineFault('a JSON object', 'other text');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return new LineFault('a JSON object', 'another value');
  const { v, seq, time, kind, nonce, leaf, ...fields } = value as Record<string, unknown>;
  if (v !== LINE_VERSION) return new LineFault(`version ${LINE_VERSION}`, 'another');
  if (seq !== sequence) return new LineFault(`sequence number ${sequence}`, 'another');
  if (typeof time !== 'number' || !Number.isSafeInteger(time))
    return new LineFault('a time', 'none');
  if (typeof kind !== 'string' || !isEntryKind(kind))
    return new LineFault('a kind of entry', 'another');
  if (typeof leaf !== 'string') return new LineFault('a leaf hash', 'none');
  const isBare = nonce === undefined;
  if (!isBare && typeof nonce !== 'string') return new LineFault('a nonce', 'another value');
  return {
    sequence,
    time,
    kind,
    // Its leaf vouches for the fields: they are as `writeLine` wrote them.
    fields: fields as Entry['fields'],
    nonce: isBare ? null : Buffer.from(nonce, 'base64url'),
    leaf,
  };
}

/** The public entry of a line that was read, or what is wrong with the line. */
export function checkLine(line: PrivateLine): Uint8Array | LineFault {
  if (line.nonce !== null && line.nonce.length !== NONCE_BYTES)
    return new LineFault(`a nonce of ${NONCE_BYTES} bytes`, `${line.nonce.length}`);
  if ((line.nonce === null) === needsNonce(line.fields))
    return new LineFault('a nonce where something is not shown', 'the contrary');
  const made = publicEntryOf(line);
  if (!made.ok) return new LineFault('an entry that can be published', made.reason);
  return leafText(made.value) === line.leaf
    ? made.value
    : new LineFault('the entry that its leaf hash is of', 'another: the line was changed');
}
