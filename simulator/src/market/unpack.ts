// SPDX-License-Identifier: Apache-2.0
// The text inside a market file: plain, gzip, or a zip that holds one CSV, as exchanges publish them.

import { constants, crc32, gunzipSync, inflateRawSync } from 'node:zlib';

import { MarketFileError } from './feed.ts';

/** Node holds no longer text; a month of one-minute candles unpacks to 5 MB. */
export const UNPACKED_BYTES_MAX: number = 500 * 1024 * 1024;

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_ENTRY = 0x04034b50;
const END_OF_DIRECTORY_BYTES = 22;
const COMMENT_BYTES_MAX = 0xffff;
const STORED = 0;
const DEFLATED = 8;

/** The text in `bytes`. Throws MarketFileError; a cut gzip file names the line where it ends. */
export function unpackText(bytes: Buffer, name: string): string {
  if (bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b)
    return toText(gunzip(bytes, name), name);
  if (bytes.length >= 4 && bytes.readUInt32LE(0) === LOCAL_ENTRY)
    return toText(unzip(bytes, name), name);
  return toText(bytes, name);
}

function toText(bytes: Buffer, name: string): string {
  if (bytes.length > UNPACKED_BYTES_MAX) {
    throw new MarketFileError(
      `${name}: expected at most ${UNPACKED_BYTES_MAX} bytes of text, found ${bytes.length}`,
    );
  }
  const text = bytes.toString('utf8');
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

function gunzip(bytes: Buffer, name: string): Buffer {
  try {
    return gunzipSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    throw new MarketFileError(`${name}${gunzipProblem(bytes, error)}`, { cause: error });
  }
}

function gunzipProblem(bytes: Buffer, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') {
    return `: expected at most ${UNPACKED_BYTES_MAX} bytes of text, found more`;
  }
  if (code === 'Z_BUF_ERROR') {
    try {
      const rest = gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH });
      const { line, column } = endOf(rest.toString('utf8'));
      return `, line ${line}, column ${column}: expected the rest of the gzip file, found its end`;
    } catch {
      return ', line 1, column 1: expected a whole gzip file, found a cut one';
    }
  }
  return `: expected a gzip file, found a damaged one (${error instanceof Error ? error.message : ''})`;
}

function endOf(text: string): { readonly line: number; readonly column: number } {
  let line = 1;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) line += 1;
  const lastLine = text.slice(text.lastIndexOf('\n') + 1);
  return { line, column: lastLine.split(',').length };
}

interface ZipEntry {
  readonly fileName: string;
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly packedBytes: number;
  readonly bytes: number;
  readonly localOffset: number;
}

/** The one file of a zip archive, found through its central directory. */
function unzip(archive: Buffer, name: string): Buffer {
  const files = directory(archive, name).filter((entry) => !entry.fileName.endsWith('/'));
  const [entry] = files;
  if (entry === undefined || files.length !== 1) {
    throw new MarketFileError(
      `${name}: expected a zip with one CSV file, found ${files.length} files`,
    );
  }
  const where = `${name} (${entry.fileName})`;
  if (entry.isEncrypted) throw new MarketFileError(`${where}: expected no password, found one`);
  if (entry.bytes > UNPACKED_BYTES_MAX) {
    throw new MarketFileError(
      `${where}: expected at most ${UNPACKED_BYTES_MAX} bytes of text, found ${entry.bytes}`,
    );
  }
  const content = inflate(packed(archive, entry, where), entry, where);
  if (content.length !== entry.bytes || crc32(content) !== entry.crc) {
    throw new MarketFileError(
      `${where}: expected ${entry.bytes} bytes with the archive's checksum, found other content`,
    );
  }
  return content;
}

function directory(archive: Buffer, name: string): readonly ZipEntry[] {
  const end = findEndOfDirectory(archive);
  if (end === undefined) {
    throw new MarketFileError(`${name}: expected a zip file with its directory, found it cut off`);
  }
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  if (count === 0xffff || at === 0xffffffff) {
    throw new MarketFileError(
      `${name}: expected a zip file of less than 4 GiB, found a zip64 file`,
    );
  }
  const entries: ZipEntry[] = [];
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > archive.length || archive.readUInt32LE(at) !== DIRECTORY_ENTRY) {
      throw new MarketFileError(`${name}: expected ${count} zip entries, found ${index}`);
    }
    const nameBytes = archive.readUInt16LE(at + 28);
    entries.push({
      fileName: archive.toString('utf8', at + 46, at + 46 + nameBytes),
      isEncrypted: (archive.readUInt16LE(at + 8) & 1) === 1,
      method: archive.readUInt16LE(at + 10),
      crc: archive.readUInt32LE(at + 16),
      packedBytes: archive.readUInt32LE(at + 20),
      bytes: archive.readUInt32LE(at + 24),
      localOffset: archive.readUInt32LE(at + 42),
    });
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return entries;
}

function findEndOfDirectory(archive: Buffer): number | undefined {
  const first = Math.max(0, archive.length - END_OF_DIRECTORY_BYTES - COMMENT_BYTES_MAX);
  for (let at = archive.length - END_OF_DIRECTORY_BYTES; at >= first; at -= 1) {
    if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  }
  return undefined;
}

function packed(archive: Buffer, entry: ZipEntry, where: string): Buffer {
  const at = entry.localOffset;
  if (at + 30 > archive.length || archive.readUInt32LE(at) !== LOCAL_ENTRY) {
    throw new MarketFileError(`${where}: expected a zip entry at byte ${at}, found none`);
  }
  const start = at + 30 + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  if (start + entry.packedBytes > archive.length) {
    throw new MarketFileError(`${where}: expected ${entry.packedBytes} packed bytes, found fewer`);
  }
  return archive.subarray(start, start + entry.packedBytes);
}

function inflate(bytes: Buffer, entry: ZipEntry, where: string): Buffer {
  if (entry.method === STORED) return bytes;
  if (entry.method !== DEFLATED) {
    throw new MarketFileError(
      `${where}: expected zip method 0 (stored) or 8 (deflate), found ${entry.method}`,
    );
  }
  try {
    return inflateRawSync(bytes, { maxOutputLength: UNPACKED_BYTES_MAX });
  } catch (error) {
    throw new MarketFileError(`${where}: expected deflated data, found it damaged`, {
      cause: error,
    });
  }
}
