// SPDX-License-Identifier: Apache-2.0
// Reads the log as anybody does who does not trust the desk's server: files over HTTP, each of which is verified here
// against the checkpoint's signature before anything of it is shown as true.

import {
  checkOpening,
  openCheckpoint,
  parseEntry,
  parseEntryBundle,
  parseProofExtra,
  parseProofFile,
  parseTrustPolicy,
  parseVerifierKey,
  proveInclusion,
  tilePath,
  tilesForInclusion,
  toNote,
  toProofExtra,
  toProofFile,
  treeHasher,
  verifyCosignatures,
  verifyInclusion,
  type JsonObject,
  type LogEntry,
  type NoteKey,
  type Result,
  type SignedCheckpoint,
  type Tile,
} from '@kontor/tlog';

import { browserCryptography } from './browser-cryptography.ts';

const TIMEOUT_MS = 15_000;
const BUNDLE = 256n;
const HASH_BYTES = 32;
/** Full tiles that are kept; one has 8 KiB, a bundle up to a megabyte. */
const KEPT_MAX = 64;
const SKEW_SECONDS = 60n;
const HASHER = treeHasher(browserCryptography);

/** The log's files are not what they must be, or cannot be had. */
export class LogReadError extends Error {
  override readonly name = 'LogReadError';
  readonly code: 'missing' | 'unreachable' | 'wrong';

  constructor(code: LogReadError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ShownEntry {
  readonly index: bigint;
  readonly bytes: Uint8Array;
  /** What it says; null where it is not of Kontor's making. */
  readonly entry: LogEntry | null;
}

export interface EntryCheck {
  readonly index: bigint;
  readonly size: bigint;
  readonly root: string;
  readonly leaf: string;
  readonly pathLength: number;
  /** Witnesses with a cosignature that was verified here, by their key's name. */
  readonly witnesses: readonly string[];
  /** Keys of a kind that is not verified in a browser. */
  readonly unchecked: number;
}

/** What a proof file that somebody brought proves. */
export interface FileCheck extends EntryCheck {
  readonly entry: LogEntry | null;
  /** The private fields, where the file opens them. */
  readonly fields: JsonObject | null;
}

export class LogReader {
  readonly key: NoteKey;
  readonly verifierKey: string;
  readonly signed: SignedCheckpoint;
  /** The newest checkpoint with cosignatures, where there is one. */
  readonly witnessed: SignedCheckpoint | null;
  readonly #witnessKeys: readonly NoteKey[];
  readonly #kept: Map<string, Uint8Array>;

  private constructor(parts: {
    readonly key: NoteKey;
    readonly verifierKey: string;
    readonly signed: SignedCheckpoint;
    readonly witnessed: SignedCheckpoint | null;
    readonly witnessKeys: readonly NoteKey[];
    readonly kept: Map<string, Uint8Array>;
  }) {
    this.key = parts.key;
    this.verifierKey = parts.verifierKey;
    this.signed = parts.signed;
    this.witnessed = parts.witnessed;
    this.#witnessKeys = parts.witnessKeys;
    this.#kept = parts.kept;
  }

  /** Reads and verifies the last checkpoint; `before` hands on what it has fetched. Throws LogReadError. */
  static async open(before?: LogReader): Promise<LogReader> {
    const [keyBytes, note, cosigned, policy] = await Promise.all([
      fetchBytes('vkey'),
      fetchBytes('checkpoint'),
      fetchBytes('checkpoint.witnessed'),
      fetchBytes('trust-policy'),
    ]);
    if (keyBytes === null || note === null) {
      throw new LogReadError('missing', 'the log has no checkpoint yet');
    }
    const verifierKey = new TextDecoder().decode(keyBytes).trim();
    const key = must(parseVerifierKey(browserCryptography, verifierKey));
    const signed = must(openCheckpoint(browserCryptography, note, [key]));
    const opened = cosigned === null ? null : openCheckpoint(browserCryptography, cosigned, [key]);
    const trust = policy === null ? null : parseTrustPolicy(browserCryptography, policy);
    return new LogReader({
      key,
      verifierKey,
      signed,
      witnessed: opened?.ok === true ? opened.value : null,
      witnessKeys: trust?.ok === true ? trust.value.witnesses.map((each) => each.key) : [],
      kept: before?.verifierKey === verifierKey ? before.#kept : new Map(),
    });
  }

  get size(): bigint {
    return this.signed.checkpoint.size;
  }

  /** The entries from `from` to below `to`, at most those of two bundles, oldest first. */
  async entries(from: bigint, to: bigint): Promise<readonly ShownEntry[]> {
    const end = to < this.size ? to : this.size;
    const shown: ShownEntry[] = [];
    for (let bundle = from / BUNDLE; bundle * BUNDLE < end; bundle += 1n) {
      for (const [place, bytes] of (await this.#bundle(bundle)).entries()) {
        const index = bundle * BUNDLE + BigInt(place);
        if (index < from || index >= end) continue;
        const entry = parseEntry(bytes);
        shown.push({ index, bytes, entry: entry.ok ? entry.value : null });
      }
    }
    return shown;
  }

  /** As `entries`, each of them proven to be in the signed tree. Throws LogReadError where one is not. */
  async provenEntries(from: bigint, to: bigint): Promise<readonly ShownEntry[]> {
    const end = to < this.size ? to : this.size;
    for (let bundle = from / BUNDLE; bundle * BUNDLE < end; bundle += 1n) {
      // The path of one entry is made of all hashes of its tile: with it the whole tile is proven.
      await this.#prove(bundle * BUNDLE, this.signed);
      const entries = await this.#bundle(bundle);
      const tile = await this.#tile({ level: 0, index: bundle, width: entries.length });
      for (const [place, bytes] of entries.entries()) {
        const hash = tile.bytes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
        if (!equal(HASHER.leaf(bytes), hash)) {
          const index = bundle * BUNDLE + BigInt(place);
          throw new LogReadError('wrong', `entry ${index} is not the one the tree was made of`);
        }
      }
    }
    return this.entries(from, to);
  }

  /** The first entry that was written at `time` or later; entries are written in order, so halves are looked at. */
  async indexAt(time: number): Promise<bigint> {
    let low = 0n;
    let high = this.size;
    while (low < high) {
      const middle = (low + high) / 2n;
      const [found] = await this.provenEntries(middle, middle + 1n);
      if ((found?.entry?.t ?? 0) < time) low = middle + 1n;
      else high = middle;
    }
    return low;
  }

  /** Verifies here that an entry is in the signed tree. Throws LogReadError where it is not. */
  async check(index: bigint): Promise<EntryCheck> {
    const signed = this.#bestFor(index);
    const { proof, leaf } = await this.#prove(index, signed);
    const [shown] = await this.entries(index, index + 1n);
    if (shown === undefined || !equal(HASHER.leaf(shown.bytes), leaf)) {
      throw new LogReadError('wrong', `entry ${index} is not the one the tree was made of`);
    }
    return this.#checkOf(index, signed, leaf, proof.length);
  }

  /** A proof file of an entry, with the entry in it. */
  async proofFile(index: bigint): Promise<Uint8Array> {
    const signed = this.#bestFor(index);
    const { proof } = await this.#prove(index, signed);
    const [shown] = await this.entries(index, index + 1n);
    if (shown === undefined) throw new LogReadError('missing', `there is no entry ${index}`);
    const extra = must(toProofExtra({ entry: shown.bytes, opening: undefined, stamp: undefined }));
    return toProofFile({ index, proof, extra, signed });
  }

  /** What a proof file proves of this log. Throws LogReadError where it proves nothing. */
  checkFile(bytes: Uint8Array): FileCheck {
    const file = must(parseProofFile(bytes));
    const signed = must(openCheckpoint(browserCryptography, toNote(file.signed.note), [this.key]));
    if (file.extra === undefined) {
      throw new LogReadError('wrong', 'the file does not hold the entry that it proves');
    }
    const extra = must(parseProofExtra(file.extra));
    const leaf = HASHER.leaf(extra.entry);
    const { size, root } = signed.checkpoint;
    const { index, proof } = file;
    must(verifyInclusion(HASHER, { index, size, root, leaf, proof }));
    const isOpen = extra.opening !== undefined;
    const entry = isOpen
      ? must(checkOpening(browserCryptography, extra))
      : parsedOrNull(parseEntry(extra.entry));
    return {
      ...this.#checkOf(index, signed, leaf, proof.length),
      entry,
      fields: extra.opening?.fields ?? null,
    };
  }

  /** The cosigned checkpoint where it covers the entry, otherwise the log's own. */
  #bestFor(index: bigint): SignedCheckpoint {
    const { witnessed } = this;
    return witnessed !== null && witnessed.checkpoint.size > index ? witnessed : this.signed;
  }

  async #prove(
    index: bigint,
    { checkpoint }: SignedCheckpoint,
  ): Promise<{ readonly leaf: Uint8Array; readonly proof: readonly Uint8Array[] }> {
    const tiles = new Map<string, Uint8Array>();
    for (const tile of tilesForInclusion(index, checkpoint.size)) {
      const found = await this.#tile(tile);
      tiles.set(found.path, found.bytes);
    }
    return must(proveInclusion(HASHER, { read: (path) => tiles.get(path) }, index, checkpoint));
  }

  #checkOf(
    index: bigint,
    { checkpoint, note }: SignedCheckpoint,
    leaf: Uint8Array,
    pathLength: number,
  ): EntryCheck {
    const known = this.#witnessKeys.filter(({ type }) => type === 'ed25519-cosignature');
    const clock = {
      nowSeconds: BigInt(Math.floor(Date.now() / 1000)),
      skewSeconds: SKEW_SECONDS,
    };
    const found = must(verifyCosignatures(browserCryptography, note, known, clock));
    const others = this.#witnessKeys.filter(
      (key) =>
        key.type === 'ml-dsa-44-cosignature' &&
        note.signatures.some(({ name, keyId }) => name === key.name && equal(keyId, key.id)),
    );
    const isSecondOwn = note.signatures.some(
      ({ name, keyId }) => name === checkpoint.origin && !equal(keyId, this.key.id),
    );
    return {
      index,
      size: checkpoint.size,
      root: hex(checkpoint.root),
      leaf: hex(leaf),
      pathLength,
      witnesses: found.map(({ key }) => key.name),
      unchecked: others.length + (isSecondOwn ? 1 : 0),
    };
  }

  async #bundle(index: bigint): Promise<readonly Uint8Array[]> {
    const left = this.size - index * BUNDLE;
    const width = left < BUNDLE ? Number(left) : Number(BUNDLE);
    const { path, bytes } = await this.#tile({ level: 'entries', index, width });
    const full = path.endsWith(`.p/${width}`) ? width : Number(BUNDLE);
    return must(parseEntryBundle(bytes, full)).slice(0, width);
  }

  /** A tile, or the full one that has taken its place meanwhile. */
  async #tile(tile: Tile): Promise<{ readonly path: string; readonly bytes: Uint8Array }> {
    for (const width of new Set([tile.width, Number(BUNDLE)])) {
      const path = tilePath({ ...tile, width });
      const kept = this.#kept.get(path);
      if (kept !== undefined) return { path, bytes: kept };
      const bytes = await fetchBytes(path);
      if (bytes === null) continue;
      const [oldest] = this.#kept.keys();
      if (this.#kept.size >= KEPT_MAX && oldest !== undefined) this.#kept.delete(oldest);
      this.#kept.set(path, bytes);
      return { path, bytes };
    }
    throw new LogReadError('missing', `${tilePath(tile)} is missing`);
  }
}

/** The first bytes of the key's hash, in groups to compare by eye. */
export function fingerprintOf({ publicKey }: NoteKey): string {
  const text = hex(browserCryptography.sha256(publicKey)).slice(0, 32);
  return text.replaceAll(/(.{4})(?=.)/g, '$1 ');
}

async function fetchBytes(path: string): Promise<Uint8Array | null> {
  let response: Response;
  try {
    response = await fetch(`/log/${path}`, {
      credentials: 'same-origin',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (response.status === 404 || response.status === 204) return null;
    if (!response.ok) {
      throw new LogReadError('unreachable', `the desk answered ${response.status}`);
    }
    return new Uint8Array(await response.arrayBuffer());
  } catch (error) {
    if (error instanceof LogReadError) throw error;
    throw new LogReadError('unreachable', 'the desk does not answer', { cause: error });
  }
}

function must<T>(result: Result<T>): T {
  if (!result.ok) throw new LogReadError('wrong', result.reason);
  return result.value;
}

function parsedOrNull(result: Result<LogEntry>): LogEntry | null {
  return result.ok ? result.value : null;
}

function equal(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, place) => byte === right[place]);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
