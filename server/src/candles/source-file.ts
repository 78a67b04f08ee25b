// SPDX-License-Identifier: Apache-2.0
// Opens a file of market data and gives its text as chunks of bytes, whatever it is packed in.

import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { Readable, pipeline } from 'node:stream';
import { crc32, createGunzip, createInflateRaw, type Gunzip, type InflateRaw } from 'node:zlib';

import { CandleError, messageOf } from './errors.ts';
import { findCsvEntry } from './zip-entries.ts';

const CHUNK_BYTES = 1024 * 1024;
/** A month of Binance's busiest trades unpacks to about 12 GB; nothing honest unpacks to more than this. */
export const MAX_UNPACKED_BYTES: number = 64 * 1024 ** 3;

export interface SourceLimits {
  readonly maxUnpackedBytes: number;
}

/** A source being read. */
export interface SourceFile {
  /** Base name: what messages and headers call it. */
  readonly name: string;
  /** Of the file as it lies on disk, packed or not. */
  readonly sha256: string;
  readonly bytes: number;
  /** Packed bytes read so far, of `bytes`. */
  bytesRead(): number;
  /** The unpacked text, to be read once and to its end. Throws `CandleError` where the packing is broken. */
  chunks(): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

/** Opens `path`. How it is packed is told by its first bytes, not by its name. */
export async function openSourceFile(path: string, limits: SourceLimits): Promise<SourceFile> {
  const name = basename(path);
  let handle: FileHandle;
  try {
    handle = await open(path, 'r');
  } catch (error) {
    throw unreadable(name, error);
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) {
      throw new CandleError('SOURCE_UNREADABLE', { file: name }, 'expected a file, found a folder');
    }
    if (stat.size === 0) {
      throw new CandleError(
        'SOURCE_EMPTY',
        { file: name },
        'expected candles, found an empty file',
      );
    }
    const { sha256, start } = await digest(handle, name);
    const progress = { bytesRead: 0 };
    const input = { handle, name, size: stat.size, progress, limits };
    return {
      name,
      sha256,
      bytes: stat.size,
      bytesRead: () => progress.bytesRead,
      chunks: () => unpack(input, start),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error instanceof CandleError ? error : unreadable(name, error);
  }
}

interface Input {
  readonly handle: FileHandle;
  readonly name: string;
  readonly size: number;
  readonly progress: { bytesRead: number };
  readonly limits: SourceLimits;
}

function unpack(input: Input, start: Buffer): AsyncIterable<Uint8Array> {
  if (start[0] === 0x1f && start[1] === 0x8b) return gunzipped(input);
  if (start[0] === 0x50 && start[1] === 0x4b && (start[2] ?? 99) < 9) return unzipped(input);
  return bounded(readRange(input, 0, input.size), input);
}

async function* gunzipped(input: Input): AsyncGenerator<Uint8Array> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  yield* bounded(inflated(readRange(input, 0, input.size), gunzip, input.name), input);
  if (gunzip.bytesWritten < input.size) {
    throw new CandleError(
      'SOURCE_DAMAGED',
      { file: input.name },
      `expected the gzip data to end with the file, found ${input.size - gunzip.bytesWritten} more bytes`,
    );
  }
}

async function* unzipped(input: Input): AsyncGenerator<Uint8Array> {
  const entry = await findCsvEntry(input.handle, input.size, input.name);
  const packed = readRange(input, entry.dataAt, entry.dataAt + entry.packedBytes);
  const chunks =
    entry.method === 'stored'
      ? packed
      : inflated(packed, createInflateRaw({ chunkSize: CHUNK_BYTES }), input.name);
  let sum = 0;
  let bytes = 0;
  for await (const chunk of bounded(chunks, input)) {
    sum = crc32(chunk, sum);
    bytes += chunk.length;
    yield chunk;
  }
  if (sum !== entry.crc32 || bytes !== entry.unpackedBytes) {
    throw new CandleError(
      'SOURCE_DAMAGED',
      { file: input.name },
      `${entry.name}: expected ${entry.unpackedBytes} bytes with CRC ${hex(entry.crc32)}, found ${bytes} with ${hex(sum)}; download it again`,
    );
  }
}

async function* inflated(
  packed: AsyncIterable<Uint8Array>,
  inflate: Gunzip | InflateRaw,
  name: string,
): AsyncGenerator<Uint8Array> {
  // The error reaches the loop below through the stream itself; the callback only keeps it from being unhandled.
  const unpacked = pipeline(Readable.from(packed, { objectMode: false }), inflate, () => undefined);
  try {
    for await (const chunk of unpacked) {
      if (chunk instanceof Uint8Array) yield chunk;
    }
  } catch (error) {
    if (error instanceof CandleError) throw error;
    throw new CandleError(
      'SOURCE_DAMAGED',
      { file: name },
      `expected packed data to its end, found: ${messageOf(error)}; the file is cut off or damaged, download it again`,
      { cause: error },
    );
  }
}

async function* bounded(
  chunks: AsyncIterable<Uint8Array>,
  input: Input,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > input.limits.maxUnpackedBytes) {
      throw new CandleError(
        'SOURCE_TOO_LARGE',
        { file: input.name },
        `expected at most ${input.limits.maxUnpackedBytes} unpacked bytes, found more; split the file`,
      );
    }
    yield chunk;
  }
}

async function* readRange(input: Input, from: number, to: number): AsyncGenerator<Uint8Array> {
  let at = from;
  while (at < to) {
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, to - at));
    let bytesRead: number;
    try {
      ({ bytesRead } = await input.handle.read(buffer, 0, buffer.length, at));
    } catch (error) {
      throw unreadable(input.name, error);
    }
    if (bytesRead === 0) {
      throw new CandleError(
        'SOURCE_DAMAGED',
        { file: input.name },
        `expected ${input.size} bytes, the file now ends at ${at}: it changed while it was read`,
      );
    }
    at += bytesRead;
    input.progress.bytesRead = at;
    yield buffer.subarray(0, bytesRead);
  }
}

async function digest(
  handle: FileHandle,
  name: string,
): Promise<{ readonly sha256: string; readonly start: Buffer }> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  let start: Buffer = Buffer.alloc(0);
  let at = 0;
  for (;;) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(buffer, 0, buffer.length, at));
    } catch (error) {
      throw unreadable(name, error);
    }
    if (bytesRead === 0) return { sha256: hash.digest('hex'), start };
    if (at === 0) start = Buffer.from(buffer.subarray(0, Math.min(bytesRead, 4)));
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}

function unreadable(file: string, error: unknown): CandleError {
  return new CandleError('SOURCE_UNREADABLE', { file }, `cannot be read: ${messageOf(error)}`, {
    cause: error,
  });
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}
