// SPDX-License-Identifier: Apache-2.0
// The folder of candle files: one file per symbol and interval, replaced as a whole or not at all.

import { mkdir, open, readdir, rename, stat, unlink, type FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';

import type { Parsed } from '@kontor/core';

import {
  decodeCandleFile,
  decodeHeader,
  encodeCandleFile,
  headerLength,
  PREFIX_BYTES,
  statedDigest,
  type CandleFileHeader,
} from './candle-file.ts';
import type { CandleSeries } from './candle-series.ts';
import { CandleError, messageOf } from './errors.ts';
import { parseInterval, type Interval } from './interval.ts';

const ENDING = '.candles';
const TEMPORARY = /\.candles\.\d+\.tmp$/;
/** A write takes seconds; a temporary file this old belongs to a process that died. */
const TEMPORARY_LIFE_MS = 24 * 3_600_000;

/** Names a file of the store: `BTCUSDT-1m`. */
export interface SeriesName {
  readonly symbol: string;
  readonly interval: Interval;
}

/** A file of the store as its header describes it, or why it cannot be read. */
export type StoredCandles =
  | {
      readonly ok: true;
      readonly name: string;
      readonly path: string;
      readonly bytes: number;
      readonly header: CandleFileHeader;
    }
  | { readonly ok: false; readonly name: string; readonly path: string; readonly reason: string };

/** A file that was loaded, and the digest to compare with before it is replaced. */
export interface LoadedCandles {
  readonly series: CandleSeries;
  readonly digest: string;
  readonly path: string;
}

export interface SeriesToWrite {
  readonly series: CandleSeries;
  /** Of the file that `series` was merged with; undefined where there was none. */
  readonly replacesDigest: string | undefined;
}

export interface WrittenCandles {
  readonly path: string;
  readonly bytes: number;
  readonly digest: string;
  readonly header: CandleFileHeader;
}

export function seriesName(name: SeriesName): string {
  return `${name.symbol}-${name.interval}`;
}

/** `BTCUSDT-1m` as symbol and interval. */
export function parseSeriesName(text: string): Parsed<SeriesName> {
  const match = /^([A-Z0-9]{2,40})-([0-9a-z]+)$/.exec(text);
  if (match === null) {
    return {
      ok: false,
      reason: `expected SYMBOL-INTERVAL like BTCUSDT-1m, found ${JSON.stringify(text.slice(0, 60))}`,
    };
  }
  const interval = parseInterval(match[2] ?? '');
  if (!interval.ok) return interval;
  return { ok: true, value: { symbol: match[1] ?? '', interval: interval.value } };
}

export function candleFilePath(dataDirectory: string, name: SeriesName): string {
  return join(candleDirectory(dataDirectory), `${seriesName(name)}${ENDING}`);
}

/** The files of the store in the order of their names; only headers are read. */
export async function listCandles(dataDirectory: string): Promise<readonly StoredCandles[]> {
  const directory = candleDirectory(dataDirectory);
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw unreadable(directory, error);
  }
  const stored: StoredCandles[] = [];
  for (const file of names.filter((name) => name.endsWith(ENDING)).toSorted()) {
    const path = join(directory, file);
    const name = file.slice(0, -ENDING.length);
    try {
      const { header, bytes } = await readHeader(path);
      stored.push({ ok: true, name, path, bytes, header });
    } catch (error) {
      stored.push({ ok: false, name, path, reason: messageOf(error) });
    }
  }
  return stored;
}

/** The candles of `name`. Throws `CandleError` FILE_MISSING where there are none. */
export async function loadCandles(dataDirectory: string, name: SeriesName): Promise<LoadedCandles> {
  const loaded = await loadCandleFile(candleFilePath(dataDirectory, name));
  const { series } = loaded;
  if (series.symbol !== name.symbol || series.interval !== name.interval) {
    throw new CandleError(
      'FILE_DAMAGED',
      { file: basename(loaded.path) },
      `expected candles of ${seriesName(name)}, found ${seriesName(series)}: the file was renamed`,
    );
  }
  return loaded;
}

/** The candles in the file at `path`, checked, with columns that lie in the bytes as they were read. */
export async function loadCandleFile(path: string): Promise<LoadedCandles> {
  const handle = await openCandleFile(path);
  try {
    const { size } = await handle.stat();
    const buffer = new ArrayBuffer(size);
    const bytes = Buffer.from(buffer);
    await readFully(handle, bytes, path);
    return {
      series: decodeCandleFile(buffer, basename(path)),
      digest: size < PREFIX_BYTES ? '' : statedDigest(bytes),
      path,
    };
  } finally {
    await handle.close();
  }
}

/**
 * Writes all of `series` or none: each goes to a temporary file that is on the disk before the first one takes its
 * place. Throws `CandleError` FILE_CHANGED where another import replaced a file since it was loaded.
 */
export async function writeCandles(
  dataDirectory: string,
  seriesToWrite: readonly SeriesToWrite[],
): Promise<readonly WrittenCandles[]> {
  const directory = candleDirectory(dataDirectory);
  const temporaries: string[] = [];
  const written: WrittenCandles[] = [];
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await removeOldTemporaries(directory);
    for (const { series } of seriesToWrite) {
      const { parts, digest, header } = encodeCandleFile(series);
      const path = candleFilePath(dataDirectory, series);
      const temporary = `${path}.${process.pid}.tmp`;
      temporaries.push(temporary);
      written.push({ path, bytes: await writeParts(temporary, parts), digest, header });
    }
    for (const { series, replacesDigest } of seriesToWrite) {
      await checkUnchanged(candleFilePath(dataDirectory, series), replacesDigest);
    }
    for (const [index, { path }] of written.entries()) {
      await rename(temporaries[index] ?? path, path);
    }
    await syncDirectory(directory);
    return written;
  } catch (error) {
    for (const temporary of temporaries) await unlink(temporary).catch(() => undefined);
    if (error instanceof CandleError) throw error;
    throw new CandleError(
      'STORE_UNWRITABLE',
      { file: directory },
      `candles cannot be written: ${messageOf(error)}`,
      { cause: error },
    );
  }
}

function candleDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'candles');
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeParts(path: string, parts: readonly Uint8Array[]): Promise<number> {
  const handle = await open(path, 'w', 0o600);
  try {
    let bytes = 0;
    for (const part of parts) {
      let at = 0;
      while (at < part.length) {
        const { bytesWritten } = await handle.write(part, at, part.length - at);
        at += bytesWritten;
      }
      bytes += part.length;
    }
    await handle.sync();
    return bytes;
  } finally {
    await handle.close();
  }
}

async function checkUnchanged(path: string, expected: string | undefined): Promise<void> {
  let found: string | undefined;
  try {
    found = (await readHeader(path)).digest;
  } catch (error) {
    if (!(error instanceof CandleError && error.code === 'FILE_MISSING')) throw error;
  }
  if (found === expected) return;
  throw new CandleError(
    'FILE_CHANGED',
    { file: basename(path) },
    'another import changed the file meanwhile; nothing was changed by this one, run it again',
  );
}

async function readHeader(path: string): Promise<{
  readonly header: CandleFileHeader;
  readonly digest: string;
  readonly bytes: number;
}> {
  const file = basename(path);
  const handle = await openCandleFile(path);
  try {
    const { size } = await handle.stat();
    const prefix = Buffer.alloc(Math.min(PREFIX_BYTES, size));
    await readFully(handle, prefix, path);
    const header = Buffer.alloc(headerLength(prefix, file));
    await readFully(handle, header, path, PREFIX_BYTES);
    return { header: decodeHeader(header, file), digest: statedDigest(prefix), bytes: size };
  } finally {
    await handle.close();
  }
}

async function openCandleFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (error) {
    if (!isMissing(error)) throw unreadable(path, error);
    throw new CandleError(
      'FILE_MISSING',
      { file: basename(path) },
      'no such candles; "kontor candles list" shows what there is, "kontor candles import" brings more',
    );
  }
}

async function readFully(handle: FileHandle, bytes: Buffer, path: string, from = 0): Promise<void> {
  let at = 0;
  while (at < bytes.length) {
    let bytesRead: number;
    try {
      ({ bytesRead } = await handle.read(bytes, at, bytes.length - at, from + at));
    } catch (error) {
      throw unreadable(path, error);
    }
    if (bytesRead === 0) {
      throw new CandleError(
        'FILE_DAMAGED',
        { file: basename(path) },
        `expected ${from + bytes.length} bytes, found ${from + at}; remove the file and import the candles again`,
      );
    }
    at += bytesRead;
  }
}

async function removeOldTemporaries(directory: string): Promise<void> {
  const now = Date.now();
  for (const name of await readdir(directory)) {
    if (!TEMPORARY.test(name)) continue;
    const path = join(directory, name);
    const { mtimeMs } = await stat(path);
    if (now - mtimeMs > TEMPORARY_LIFE_MS) await unlink(path);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function unreadable(path: string, error: unknown): CandleError {
  return new CandleError(
    'FILE_DAMAGED',
    { file: basename(path) },
    `cannot be read: ${messageOf(error)}`,
    { cause: error },
  );
}
