// SPDX-License-Identifier: Apache-2.0
// The bytes of a `.candles` file: columns that are read in one go and used where they lie.
//
//   offset  bytes  what
//        0      8  magic `KCANDLES`
//        8      4  format version, little-endian (1)
//       12      4  length of the header in bytes, little-endian, a multiple of 8
//       16     32  SHA-256 of everything after this field
//       48      n  header: JSON in UTF-8, filled up with spaces
//     48+n         columns, each filled up with zero bytes to a multiple of 8, all little-endian:
//                  openTime Float64 · open, high, low, close Int32 or Float64 (header: priceType) ·
//                  volume Float64 · gap after Float64 · gap missing Float64 (header: gaps.count entries)

import { createHash } from 'node:crypto';
import { endianness } from 'node:os';

import { assert } from '@kontor/core';

import { CandleError, messageOf } from './errors.ts';
import {
  findGaps,
  gapTotals,
  type CandleColumns,
  type CandleSeries,
  type CandleSource,
  type GapTotals,
  type PriceColumn,
} from './candle-series.ts';
import { candleOpenTime, intervalMs, isInterval, type Interval } from './interval.ts';

const MAGIC = Buffer.from('KCANDLES', 'latin1');
const VERSION = 1;
const DIGEST_AT = 16;
/** The fixed part before the header. */
export const PREFIX_BYTES = 48;
/** A header lists its sources; 4 MiB hold about 20,000 of them. */
const MAX_HEADER_BYTES = 4 * 1024 * 1024;
/** A year of one-second candles is 31.6 million rows and takes 1.5 GB. */
export const MAX_ROWS = 32_000_000;
/** Beyond this 10^decimals no longer leaves whole numbers below 2^53. */
export const MAX_DECIMALS = 15;

/** What a file says of itself without its columns being read. */
export interface CandleFileHeader {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly interval: Interval;
  readonly priceDecimals: number;
  readonly volumeDecimals: number;
  readonly roundedVolumes: number;
  readonly rows: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly priceType: 'int32' | 'float64';
  readonly gaps: GapTotals;
  readonly sources: readonly CandleSource[];
}

export interface EncodedCandleFile {
  /** To be written one after the other. */
  readonly parts: readonly Uint8Array[];
  readonly digest: string;
  readonly header: CandleFileHeader;
}

/** `series` as the bytes of a file; the same series gives the same bytes. */
export function encodeCandleFile(series: CandleSeries): EncodedCandleFile {
  assertLittleEndian();
  const { columns } = series;
  const rows = columns.openTime.length;
  assert(rows > 0 && rows <= MAX_ROWS, `Invariant: a candle file holds 1 to ${MAX_ROWS} rows`);
  const gaps = findGaps(columns.openTime, series.interval);
  const header: CandleFileHeader = {
    symbol: series.symbol,
    baseAsset: series.baseAsset,
    quoteAsset: series.quoteAsset,
    interval: series.interval,
    priceDecimals: series.priceDecimals,
    volumeDecimals: series.volumeDecimals,
    roundedVolumes: series.roundedVolumes,
    rows,
    firstTime: columns.openTime[0] ?? 0,
    lastTime: columns.openTime[rows - 1] ?? 0,
    priceType: columns.open instanceof Int32Array ? 'int32' : 'float64',
    gaps: gapTotals(gaps),
    sources: series.sources,
  };
  const json = Buffer.from(JSON.stringify(header), 'utf8');
  const headerBytes = Buffer.alloc(alignedToEight(json.length), ' ');
  json.copy(headerBytes);
  assert(headerBytes.length <= MAX_HEADER_BYTES, 'Invariant: the header fits its bound');
  const prefix = Buffer.alloc(PREFIX_BYTES);
  MAGIC.copy(prefix);
  prefix.writeUInt32LE(VERSION, 8);
  prefix.writeUInt32LE(headerBytes.length, 12);
  const body = [headerBytes, ...columnParts(columns, gaps.after, gaps.missing)];
  const hash = createHash('sha256');
  for (const part of body) hash.update(part);
  const digest = hash.digest();
  digest.copy(prefix, DIGEST_AT);
  return { parts: [prefix, ...body], digest: digest.toString('hex'), header };
}

/** The header's length as the fixed part gives it. Throws `CandleError` where `prefix` is no candle file's. */
export function headerLength(prefix: Buffer, file: string): number {
  if (prefix.length < PREFIX_BYTES || !prefix.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw damaged(file, 'expected a Kontor candle file, found other content');
  }
  const version = prefix.readUInt32LE(8);
  if (version !== VERSION) {
    throw damaged(file, `expected format version ${VERSION}, found ${version}`);
  }
  const length = prefix.readUInt32LE(12);
  if (length % 8 !== 0 || length > MAX_HEADER_BYTES) {
    throw damaged(
      file,
      `expected a header of at most ${MAX_HEADER_BYTES} bytes in steps of 8, found ${length}`,
    );
  }
  return length;
}

/** The SHA-256 that the file says it has, as hex. */
export function statedDigest(prefix: Buffer): string {
  return prefix.toString('hex', DIGEST_AT, PREFIX_BYTES);
}

/** `bytes` as a header. Throws `CandleError` naming the field that is wrong. */
export function decodeHeader(bytes: Buffer, file: string): CandleFileHeader {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw damaged(file, `the header is no JSON: ${messageOf(error)}`);
  }
  const field = fieldsOf(value, file, 'header');
  const interval = field.text('interval');
  if (!isInterval(interval)) {
    throw damaged(file, `header field interval: expected an interval, found ${interval}`);
  }
  const priceType = field.text('priceType');
  if (priceType !== 'int32' && priceType !== 'float64') {
    throw damaged(file, `header field priceType: expected int32 or float64, found ${priceType}`);
  }
  const gaps = fieldsOf(field.value('gaps'), file, 'gaps');
  const sources = field.value('sources');
  if (!Array.isArray(sources)) throw damaged(file, 'header field sources: expected a list');
  return {
    symbol: field.text('symbol'),
    baseAsset: field.text('baseAsset'),
    quoteAsset: field.text('quoteAsset'),
    interval,
    priceDecimals: field.whole('priceDecimals', 0, MAX_DECIMALS),
    volumeDecimals: field.whole('volumeDecimals', 0, MAX_DECIMALS),
    roundedVolumes: field.whole('roundedVolumes', 0, MAX_ROWS),
    rows: field.whole('rows', 1, MAX_ROWS),
    firstTime: field.whole('firstTime', 0, Number.MAX_SAFE_INTEGER),
    lastTime: field.whole('lastTime', 0, Number.MAX_SAFE_INTEGER),
    priceType,
    gaps: {
      count: gaps.whole('count', 0, MAX_ROWS),
      missing: gaps.whole('missing', 0, Number.MAX_SAFE_INTEGER),
      longest: gaps.whole('longest', 0, Number.MAX_SAFE_INTEGER),
    },
    sources: sources.map((source: unknown) => {
      const entry = fieldsOf(source, file, 'sources');
      return {
        name: entry.text('name'),
        sha256: entry.text('sha256'),
        rows: entry.whole('rows', 0, Number.MAX_SAFE_INTEGER),
      };
    }),
  };
}

/**
 * The candles in `buffer`, a whole file. The columns are views of `buffer`, nothing is copied. The digest, the
 * sizes and every row are checked first; throws `CandleError` on the first thing that is wrong.
 */
export function decodeCandleFile(buffer: ArrayBuffer, file: string): CandleSeries {
  assertLittleEndian();
  const bytes = Buffer.from(buffer);
  const length = headerLength(bytes, file);
  if (bytes.length < PREFIX_BYTES + length) throw damaged(file, 'the file ends within its header');
  const header = decodeHeader(bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length), file);
  const priceBytes = header.priceType === 'int32' ? 4 : 8;
  const expected =
    PREFIX_BYTES +
    length +
    header.rows * 16 +
    alignedToEight(header.rows * priceBytes) * 4 +
    header.gaps.count * 16;
  if (bytes.length !== expected) {
    throw damaged(
      file,
      `expected ${expected} bytes for ${header.rows} rows, found ${bytes.length}`,
    );
  }
  const digest = createHash('sha256').update(bytes.subarray(PREFIX_BYTES)).digest('hex');
  if (digest !== statedDigest(bytes)) {
    throw damaged(file, `expected SHA-256 ${statedDigest(bytes)}, found ${digest}`);
  }
  let at = PREFIX_BYTES + length;
  const floats = (count: number): Float64Array => {
    const column = new Float64Array(buffer, at, count);
    at += count * 8;
    return column;
  };
  const prices = (): PriceColumn => {
    if (header.priceType === 'float64') return floats(header.rows);
    const column = new Int32Array(buffer, at, header.rows);
    at += alignedToEight(header.rows * 4);
    return column;
  };
  const columns: CandleColumns = {
    openTime: floats(header.rows),
    open: prices(),
    high: prices(),
    low: prices(),
    close: prices(),
    volume: floats(header.rows),
  };
  checkRows(columns, header, file);
  return { ...header, columns };
}

/** The digest says that the bytes are those that were written; this says that they are candles. */
function checkRows(columns: CandleColumns, header: CandleFileHeader, file: string): void {
  const { openTime, open, high, low, close, volume } = columns;
  const step = intervalMs(header.interval);
  const first = openTime[0] ?? 0;
  if (first !== header.firstTime || openTime.at(-1) !== header.lastTime) {
    throw damaged(file, 'first and last time differ from the header');
  }
  if (candleOpenTime(header.interval, first) !== first) {
    throw damaged(file, `row 0: ${first} is no opening time of a ${header.interval} candle`);
  }
  let previous = first - step;
  for (let row = 0; row < openTime.length; row += 1) {
    const time = openTime[row] ?? NaN;
    const lowest = low[row] ?? NaN;
    const highest = high[row] ?? NaN;
    const opened = open[row] ?? NaN;
    const closed = close[row] ?? NaN;
    const traded = volume[row] ?? NaN;
    const isRight =
      time > previous &&
      (time - previous) % step === 0 &&
      lowest > 0 &&
      opened >= lowest &&
      opened <= highest &&
      closed >= lowest &&
      closed <= highest &&
      traded >= 0 &&
      Number.isSafeInteger(opened) &&
      Number.isSafeInteger(highest) &&
      Number.isSafeInteger(lowest) &&
      Number.isSafeInteger(closed) &&
      Number.isSafeInteger(traded);
    if (!isRight) throw damaged(file, `row ${row} is no candle, or out of order`);
    previous = time;
  }
}

function columnParts(
  columns: CandleColumns,
  gapAfter: Float64Array,
  gapMissing: Float64Array,
): Uint8Array[] {
  const arrays = [
    columns.openTime,
    columns.open,
    columns.high,
    columns.low,
    columns.close,
    columns.volume,
    gapAfter,
    gapMissing,
  ];
  return arrays.flatMap((array) => {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    const padding = alignedToEight(bytes.length) - bytes.length;
    return padding === 0 ? [bytes] : [bytes, new Uint8Array(padding)];
  });
}

interface Fields {
  value(name: string): unknown;
  text(name: string): string;
  whole(name: string, least: number, most: number): number;
}

function fieldsOf(value: unknown, file: string, name: string): Fields {
  if (typeof value !== 'object' || value === null) {
    throw damaged(file, `${name}: expected an object`);
  }
  const entries = new Map<string, unknown>(Object.entries(value));
  return {
    value: (field) => entries.get(field),
    text: (field) => {
      const found = entries.get(field);
      if (typeof found !== 'string') throw damaged(file, `${name} field ${field}: expected text`);
      return found;
    },
    whole: (field, least, most) => {
      const found = entries.get(field);
      if (
        typeof found !== 'number' ||
        !Number.isSafeInteger(found) ||
        found < least ||
        found > most
      ) {
        throw damaged(
          file,
          `${name} field ${field}: expected a whole number of ${least} to ${most}, found ${String(found)}`,
        );
      }
      return found;
    },
  };
}

function alignedToEight(bytes: number): number {
  return Math.ceil(bytes / 8) * 8;
}

function assertLittleEndian(): void {
  assert(
    endianness() === 'LE',
    'candle files are read in place, which needs a little-endian machine',
  );
}

function damaged(file: string, detail: string): CandleError {
  return new CandleError(
    'FILE_DAMAGED',
    { file },
    `${detail}; remove the file and import the candles again`,
  );
}
