// SPDX-License-Identifier: Apache-2.0
// Commitments to the lines of edge logs: each batch is a tree over salted hashes of its lines, whose root stands in the
// transparency log. The salts stay here, so that nobody can try lines against the log; the lines stay with the operator.
//
// A batch is on disk as a draft before the log is asked to take it, and becomes a batch when its entry is known. An answer
// that is lost leaves the draft: the next run finds out whether the log has it, or asks again for the same root.

import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  createAppender,
  EDGE_LEAF_BYTES,
  EDGE_SALT_BYTES,
  parseEntryBundle,
  parseTilePath,
  proveInclusion,
  tilePath,
  treeHasher,
  type TileReader,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { writeJson } from '../desk-files.ts';

const HASHER = treeHasher(nodeCryptography);
const BUNDLE = 256;
/** Files are written this often, so that a batch of any length fits in memory. */
const FLUSH_LINES = 16_384;
const LINE_BYTES_MAX = 1_048_576;
export const BATCH_LINES_MAX = 50_000_000;
const SALTS_AT_ONCE = 1024;
const DRAFT = 'draft.json';
const BATCH = 'batch.json';

/** A batch cannot be read or made. */
export class EdgeBatchError extends Error {
  readonly code = 'edge_batch';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EdgeBatchError';
  }
}

/** What is known of a batch beside its tree. */
export interface EdgeBatch {
  readonly folder: string;
  readonly source: string;
  readonly lines: number;
  /** In hexadecimal. */
  readonly root: string;
  /** Milliseconds of the earliest and the latest line that tells its time; null where none does. */
  readonly from: number | null;
  readonly to: number | null;
  /** The entry of the log that holds the root. */
  readonly entry: number;
}

export interface CommittedLine {
  readonly batch: EdgeBatch;
  readonly index: number;
  readonly salt: Uint8Array;
  readonly proof: readonly Uint8Array[];
}

/** A batch that is on disk here and may be in the log or not. */
export interface DraftBatch extends Omit<EdgeBatch, 'entry'> {
  /** SHA-256 over the hashes of its lines, without salts: what tells that a file is the one it was made of. */
  readonly digest: string;
  /** Under its entry's number it counts from now on. */
  readonly settle: (entry: number) => EdgeBatch;
  readonly discard: () => void;
}

export function batchesFolder(dataDirectory: string): string {
  return join(dataDirectory, 'edge-logs');
}

/** Reads a log line by line and writes the tree of its salted hashes. Throws EdgeBatchError. */
export async function draftBatch(
  dataDirectory: string,
  file: string,
  onProgress: (bytes: number) => void = () => undefined,
): Promise<DraftBatch> {
  const home = batchesFolder(dataDirectory);
  const name = randomBytes(8).toString('hex');
  const draft = join(home, `${name}.draft`);
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  const discard = (): void => rmSync(draft, { recursive: true, force: true });
  try {
    const appender = createAppender(HASHER);
    const salts = new Salts();
    const digest = createHash('sha256');
    let from: number | null = null;
    let to: number | null = null;
    let lines = 0;
    const flush = (): void => {
      for (const { path, bytes } of appender.takeResources()) {
        mkdirSync(dirname(join(draft, path)), { recursive: true, mode: 0o700 });
        writeFileSync(join(draft, path), bytes, { mode: 0o600, flush: true });
      }
    };
    for await (const line of linesOf(file, onProgress)) {
      if (lines >= BATCH_LINES_MAX) {
        throw new EdgeBatchError(`a batch must have at most ${BATCH_LINES_MAX} lines`);
      }
      const hash = lineHash(line);
      digest.update(hash);
      const leaf = Buffer.concat([salts.next(), hash]);
      const appended = appender.append(leaf);
      if (!appended.ok) throw new EdgeBatchError(appended.reason);
      lines += 1;
      const time = edgeLineTime(line);
      if (time !== undefined) {
        from = from === null ? time : Math.min(from, time);
        to = to === null ? time : Math.max(to, time);
      }
      if (lines % FLUSH_LINES === 0) flush();
    }
    if (lines === 0) throw new EdgeBatchError(`${file} has no line`);
    flush();
    const root = Buffer.from(appender.root()).toString('hex');
    const known = { source: resolve(file), lines, root, from, to, digest: digest.digest('hex') };
    writeJson(join(draft, DRAFT), known);
    return draftOf(home, draft, known);
  } catch (error) {
    discard();
    throw error;
  }
}

/** Drafts that were written to their end, by a run whose answer was lost perhaps. */
export function readDrafts(dataDirectory: string): readonly DraftBatch[] {
  const home = batchesFolder(dataDirectory);
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .filter((name) => /^[0-9a-f]{16}\.draft$/.test(name) && existsSync(join(home, name, DRAFT)))
    .map((name) => {
      const folder = join(home, name);
      const { entry: _, digest, ...known } = readKnown(join(folder, DRAFT));
      if (typeof digest !== 'string') {
        throw new EdgeBatchError(`${folder}/${DRAFT}: a field is missing`);
      }
      return draftOf(home, folder, { ...known, digest });
    });
}

/** The digest of a file's lines, by which a draft of it is found again. */
export async function digestOf(file: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const line of linesOf(file)) digest.update(lineHash(line));
  return digest.digest('hex');
}

function draftOf(
  home: string,
  draft: string,
  known: Omit<DraftBatch, 'folder' | 'settle' | 'discard'>,
): DraftBatch {
  return {
    ...known,
    folder: draft,
    discard: () => rmSync(draft, { recursive: true, force: true }),
    settle(entry) {
      const { digest: _, ...kept } = known;
      const folder = join(home, `${entry}-${basename(draft, '.draft')}`);
      const document = { ...kept, entry };
      writeJson(join(draft, BATCH), document);
      rmSync(join(draft, DRAFT), { force: true });
      renameSync(draft, folder);
      return { ...document, folder };
    },
  };
}

/** The batches of this desk in the order of their entries. */
export function readBatches(dataDirectory: string): readonly EdgeBatch[] {
  const home = batchesFolder(dataDirectory);
  if (!existsSync(home)) return [];
  return readdirSync(home)
    .filter((name) => /^\d+-[0-9a-f]{16}$/.test(name))
    .map((name) => readBatch(join(home, name)))
    .toSorted((left, right) => left.entry - right.entry);
}

function readBatch(folder: string): EdgeBatch {
  const { digest: _, entry, ...known } = readKnown(join(folder, BATCH));
  if (typeof entry !== 'number') throw new EdgeBatchError(`${folder}/${BATCH}: a field is missing`);
  return { ...known, folder, entry };
}

function readKnown(
  path: string,
): Omit<EdgeBatch, 'folder' | 'entry'> & { readonly entry: unknown; readonly digest: unknown } {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new EdgeBatchError(`${path}: expected a batch, found none that can be read`, {
      cause: error,
    });
  }
  const { source, lines, root, from, to, entry, digest } = Object(value) as Record<string, unknown>;
  const isTime = (time: unknown): time is number | null =>
    time === null || typeof time === 'number';
  if (
    typeof source !== 'string' ||
    typeof lines !== 'number' ||
    typeof root !== 'string' ||
    !isTime(from) ||
    !isTime(to)
  ) {
    throw new EdgeBatchError(`${path}: a field is missing`);
  }
  return { source, lines, root, from, to, entry, digest };
}

/** Where a line was committed, with the proof of it; undefined where no batch has it. */
export function findLine(
  batches: readonly EdgeBatch[],
  line: Uint8Array,
): CommittedLine | undefined {
  const wanted = Buffer.from(lineHash(line));
  for (const batch of batches) {
    const reader = readerOf(batch);
    const size = BigInt(batch.lines);
    for (let first = 0; first < batch.lines; first += BUNDLE) {
      const width = Math.min(BUNDLE, batch.lines - first);
      const index = BigInt(first / BUNDLE);
      const bytes = reader.read(tilePath({ level: 'entries', index, width }));
      const leaves = bytes === undefined ? undefined : parseEntryBundle(bytes, width);
      if (leaves === undefined || !leaves.ok) {
        throw new EdgeBatchError(`${batch.folder}: the lines from ${first} on cannot be read`);
      }
      const place = leaves.value.findIndex(
        (leaf) => leaf.length === EDGE_LEAF_BYTES && wanted.equals(leaf.subarray(EDGE_SALT_BYTES)),
      );
      if (place === -1) continue;
      const at = first + place;
      const root = Buffer.from(batch.root, 'hex');
      const proven = proveInclusion(HASHER, reader, BigInt(at), { size, root });
      if (!proven.ok) throw new EdgeBatchError(`${batch.folder}: ${proven.reason}`);
      const entry = leaves.value[place] ?? wanted;
      // The bundle says which lines there are; the tree, which were committed to.
      if (!Buffer.from(HASHER.leaf(entry)).equals(proven.value.leaf)) {
        throw new EdgeBatchError(`${batch.folder}: line ${at + 1} is not the one committed to`);
      }
      const salt = entry.subarray(0, EDGE_SALT_BYTES);
      return { batch, index: at, salt, proof: proven.value.proof };
    }
  }
  return undefined;
}

/** When a line says that it happened, in milliseconds; undefined where it does not say so in a known way. */
export function edgeLineTime(line: Uint8Array): number | undefined {
  const value = fieldsOfLine(line);
  for (const name of ['EdgeStartTimestamp', 'timestamp', 'time', 'ts', '@timestamp']) {
    const time = value?.[name];
    if (typeof time === 'string') {
      const parsed = Date.parse(time);
      if (!Number.isNaN(parsed)) return parsed;
    }
    // Seconds, milliseconds or nanoseconds since 1970, by their size.
    if (typeof time === 'number' && time > 0) {
      if (time < 1e11) return Math.floor(time * 1000);
      return time < 1e14 ? Math.floor(time) : Math.floor(time / 1e6);
    }
  }
  return undefined;
}

/** What names the request of a line, where the edge gives it a name. */
export function edgeLineId(line: Uint8Array): string | undefined {
  const value = fieldsOfLine(line);
  for (const name of ['RayID', 'rayId', 'requestId', 'request_id']) {
    const id = value?.[name];
    if (typeof id === 'string' && id.length >= 8) return id;
  }
  return undefined;
}

function fieldsOfLine(line: Uint8Array): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a file, unpacked where its name ends with .gz, without their ends; empty ones are no lines. */
export async function* linesOf(
  file: string,
  onProgress: (bytes: number) => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  const raw = createReadStream(file);
  let read = 0;
  raw.on('data', (part) => {
    read += part.length;
    onProgress(read);
  });
  const source: Readable = file.endsWith('.gz') ? raw.pipe(createGunzip()) : raw;
  if (source !== raw) raw.on('error', (error) => source.destroy(error));
  let rest: Buffer = Buffer.alloc(0);
  for await (const part of source) {
    let chunk: Buffer =
      rest.length === 0 ? (part as Buffer) : Buffer.concat([rest, part as Buffer]);
    for (let end = chunk.indexOf(0x0a); end !== -1; end = chunk.indexOf(0x0a)) {
      const line = bare(chunk.subarray(0, end));
      if (line.length > 0) yield line;
      chunk = chunk.subarray(end + 1);
    }
    if (chunk.length > LINE_BYTES_MAX) {
      throw new EdgeBatchError(`${file}: a line must have at most ${LINE_BYTES_MAX} bytes`);
    }
    rest = chunk;
  }
  const last = bare(rest);
  if (last.length > 0) yield last;
  if (!raw.closed) await once(raw, 'close');
}

function bare(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line;
}

function lineHash(line: Uint8Array): Uint8Array {
  return createHash('sha256').update(line).digest();
}

function readerOf({ folder }: EdgeBatch): TileReader {
  return {
    read(path) {
      const file = join(folder, path);
      return parseTilePath(path).ok && existsSync(file) ? readFileSync(file) : undefined;
    },
  };
}

/** Fresh random bytes, drawn many at a time. */
class Salts {
  #bytes: Buffer = Buffer.alloc(0);

  next(): Uint8Array {
    if (this.#bytes.length === 0) this.#bytes = randomBytes(EDGE_SALT_BYTES * SALTS_AT_ONCE);
    const salt = this.#bytes.subarray(0, EDGE_SALT_BYTES);
    this.#bytes = this.#bytes.subarray(EDGE_SALT_BYTES);
    return salt;
  }
}
