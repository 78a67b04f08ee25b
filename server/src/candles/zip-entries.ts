// SPDX-License-Identifier: Apache-2.0
// Reads the directory of a ZIP archive (PKWARE APPNOTE 6.3.10, sections 4.3 to 4.5), with ZIP64.

import type { FileHandle } from 'node:fs/promises';

import { CandleError } from './errors.ts';

/** A file in an archive and where its packed bytes lie. */
export interface ZipEntry {
  readonly name: string;
  readonly method: 'stored' | 'deflated';
  readonly crc32: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly dataAt: number;
}

const END_BYTES = 22;
const END_SIGNATURE = 0x06054b50;
const END64_LOCATOR_BYTES = 20;
const END64_LOCATOR_SIGNATURE = 0x07064b50;
const END64_SIGNATURE = 0x06064b50;
const DIRECTORY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const MAX_COMMENT_BYTES = 0xffff;
/** An archive of candles holds one file; this many names still make a readable error. */
const MAX_ENTRIES = 1_000;
const MAX_DIRECTORY_BYTES = 1024 * 1024;
const ZIP64 = 0xffffffff;

interface DirectoryEntry {
  readonly name: string;
  readonly isEncrypted: boolean;
  readonly method: number;
  readonly crc32: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  readonly localAt: number;
}

/** The one `.csv` in the archive. Throws `CandleError` where there is none, or more than one. */
export async function findCsvEntry(
  handle: FileHandle,
  size: number,
  file: string,
): Promise<ZipEntry> {
  const entries = await readDirectory(handle, size, file);
  const found = entries.filter((entry) => entry.name.toLowerCase().endsWith('.csv'));
  const [entry] = found;
  if (entry === undefined || found.length > 1) {
    const names = entries.slice(0, 5).map((one) => one.name);
    const some = names.length === 0 ? 'an empty archive' : names.join(', ');
    throw new CandleError(
      'SOURCE_NOT_CSV',
      { file },
      `expected one .csv file in the archive, found ${found.length === 0 ? some : `${found.length} of them (${some})`}; unpack it and import the .csv files`,
    );
  }
  if (entry.isEncrypted) throw damaged(file, `${entry.name} is encrypted; decrypt it first`);
  if (entry.method !== 0 && entry.method !== 8) {
    throw damaged(
      file,
      `${entry.name}: expected method 0 (stored) or 8 (deflated), found ${entry.method}; pack it anew`,
    );
  }
  const local = await readAt(handle, entry.localAt, 30, file);
  if (local.readUInt32LE(0) !== LOCAL_SIGNATURE) {
    throw damaged(file, `no entry at byte ${entry.localAt}`);
  }
  const dataAt = entry.localAt + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
  if (dataAt + entry.packedBytes > size) throw damaged(file, `${entry.name} is cut off`);
  return {
    name: entry.name,
    method: entry.method === 0 ? 'stored' : 'deflated',
    crc32: entry.crc32,
    packedBytes: entry.packedBytes,
    unpackedBytes: entry.unpackedBytes,
    dataAt,
  };
}

async function readDirectory(
  handle: FileHandle,
  size: number,
  file: string,
): Promise<readonly DirectoryEntry[]> {
  const tailBytes = Math.min(size, END_BYTES + MAX_COMMENT_BYTES + END64_LOCATOR_BYTES);
  const tail = await readAt(handle, size - tailBytes, tailBytes, file);
  let endAt = tail.length - END_BYTES;
  // A comment may hold the signature too; the true record's comment ends with the file.
  while (
    endAt >= 0 &&
    (tail.readUInt32LE(endAt) !== END_SIGNATURE ||
      endAt + END_BYTES + tail.readUInt16LE(endAt + 20) !== tail.length)
  ) {
    endAt -= 1;
  }
  if (endAt < 0) throw damaged(file, 'the archive has no end record: it is cut off');
  let count = tail.readUInt16LE(endAt + 10);
  let bytes = tail.readUInt32LE(endAt + 12);
  let at = tail.readUInt32LE(endAt + 16);
  const locatorAt = endAt - END64_LOCATOR_BYTES;
  if (locatorAt >= 0 && tail.readUInt32LE(locatorAt) === END64_LOCATOR_SIGNATURE) {
    const end64 = await readAt(
      handle,
      toNumber(tail.readBigUInt64LE(locatorAt + 8), file),
      56,
      file,
    );
    if (end64.readUInt32LE(0) !== END64_SIGNATURE) throw damaged(file, 'no ZIP64 end record');
    count = toNumber(end64.readBigUInt64LE(32), file);
    bytes = toNumber(end64.readBigUInt64LE(40), file);
    at = toNumber(end64.readBigUInt64LE(48), file);
  }
  if (count > MAX_ENTRIES || bytes > MAX_DIRECTORY_BYTES) {
    throw new CandleError(
      'SOURCE_TOO_LARGE',
      { file },
      `expected an archive of at most ${MAX_ENTRIES} files, found ${count}`,
    );
  }
  return parseDirectory(await readAt(handle, at, bytes, file), count, file);
}

function parseDirectory(directory: Buffer, count: number, file: string): readonly DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index += 1) {
    if (at + 46 > directory.length || directory.readUInt32LE(at) !== DIRECTORY_SIGNATURE) {
      throw damaged(file, `entry ${index + 1} of ${count} is missing from the archive's directory`);
    }
    const nameBytes = directory.readUInt16LE(at + 28);
    const extraBytes = directory.readUInt16LE(at + 30);
    const commentBytes = directory.readUInt16LE(at + 32);
    const extraAt = at + 46 + nameBytes;
    const next = extraAt + extraBytes + commentBytes;
    if (next > directory.length) throw damaged(file, "the archive's directory is cut off");
    const extra = directory.subarray(extraAt, extraAt + extraBytes);
    // Only the values that do not fit 32 bits stand in the ZIP64 field, in this order.
    const wide = zip64Values(extra);
    const value = (offset: number): number => {
      const narrow = directory.readUInt32LE(offset);
      if (narrow !== ZIP64) return narrow;
      const found = wide.shift();
      if (found === undefined) throw damaged(file, 'a ZIP64 size is missing');
      return toNumber(found, file);
    };
    const unpackedBytes = value(at + 24);
    const packedBytes = value(at + 20);
    entries.push({
      name: directory.toString('utf8', at + 46, extraAt),
      isEncrypted: (directory.readUInt16LE(at + 8) & 1) !== 0,
      method: directory.readUInt16LE(at + 10),
      crc32: directory.readUInt32LE(at + 16),
      packedBytes,
      unpackedBytes,
      localAt: value(at + 42),
    });
    at = next;
  }
  return entries;
}

function zip64Values(extra: Buffer): bigint[] {
  let at = 0;
  while (at + 4 <= extra.length) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === 1) {
      const values: bigint[] = [];
      const end = Math.min(at + 4 + length, extra.length);
      for (let value = at + 4; value + 8 <= end; value += 8) {
        values.push(extra.readBigUInt64LE(value));
      }
      return values;
    }
    at += 4 + length;
  }
  return [];
}

async function readAt(
  handle: FileHandle,
  at: number,
  length: number,
  file: string,
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, at);
  if (bytesRead !== length) {
    throw damaged(file, `expected ${length} bytes at ${at}, found ${bytesRead}`);
  }
  return buffer;
}

function toNumber(value: bigint, file: string): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged(file, `a size of ${value} bytes`);
  return Number(value);
}

function damaged(file: string, detail: string): CandleError {
  return new CandleError('SOURCE_DAMAGED', { file }, detail);
}
