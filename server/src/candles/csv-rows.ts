// SPDX-License-Identifier: Apache-2.0
// Splits chunks of bytes into rows and fields, and reads numbers from the bytes exactly, without text or floats.

import { CandleError, shown } from './errors.ts';

const COMMA = 0x2c;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ZERO = 0x30;
const NINE = 0x39;
const POINT = 0x2e;

/** A Binance kline has 12 fields and 130 bytes; a line without end is no table. */
const MAX_FIELDS = 16;
const MAX_LINE_BYTES = 1_000;
/** Whole numbers of this many digits are exact in a double. */
const EXACT_DIGITS = 15;

export const POWERS_OF_TEN: readonly number[] = Array.from(
  { length: 16 },
  (_, index) => 10 ** index,
);

/**
 * The rows of one file. `feed` and `finish` call `onRow` once per row that is not blank; during the call the fields
 * are `bytes[start[i]]` to before `bytes[end[i]]` for `i` below `count`.
 */
export class CsvRows {
  readonly #file: string;
  #rest: Uint8Array = new Uint8Array(0);
  #isFirst = true;
  bytes: Uint8Array = new Uint8Array(0);
  readonly start: Int32Array = new Int32Array(MAX_FIELDS);
  readonly end: Int32Array = new Int32Array(MAX_FIELDS);
  count = 0;
  /** Of the row at hand, from 1. */
  line = 0;

  constructor(file: string) {
    this.#file = file;
  }

  feed(chunk: Uint8Array, onRow: () => void): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    let from = 0;
    if (this.#isFirst) {
      if (bytes.length < 4) {
        this.#rest = bytes.slice();
        return;
      }
      from = this.#checkBeginning(bytes);
    }
    const used = this.#split(bytes, from, onRow);
    if (bytes.length - used > MAX_LINE_BYTES) this.#refuseLongLine();
    this.#rest = bytes.slice(used);
  }

  /** The last line may lack its line feed. */
  finish(onRow: () => void): void {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    const bytes = new Uint8Array(rest.length + 1);
    bytes.set(rest);
    bytes[rest.length] = LINE_FEED;
    if (rest.length > 0) this.#split(bytes, this.#isFirst ? this.#checkBeginning(bytes) : 0, onRow);
  }

  /** The text of a field, for messages and headers. */
  text(field: number): string {
    return Buffer.from(this.bytes.subarray(this.start[field], this.end[field])).toString('utf8');
  }

  #split(bytes: Uint8Array, from: number, onRow: () => void): number {
    const { start, end } = this;
    this.bytes = bytes;
    let lineAt = from;
    let fieldAt = from;
    let count = 0;
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte !== COMMA && byte !== LINE_FEED) continue;
      if (count === MAX_FIELDS) {
        this.line += 1;
        throw new CandleError(
          'COLUMNS_UNKNOWN',
          { file: this.#file, line: this.line },
          `expected at most ${MAX_FIELDS} columns, found more`,
        );
      }
      start[count] = fieldAt;
      end[count] = at;
      count += 1;
      fieldAt = at + 1;
      if (byte === COMMA) continue;
      this.line += 1;
      if (at - lineAt > MAX_LINE_BYTES) this.#refuseLongLine();
      if (at > lineAt && bytes[at - 1] === CARRIAGE_RETURN) end[count - 1] = at - 1;
      const isBlank = count === 1 && start[0] === end[0];
      this.count = count;
      if (!isBlank) onRow();
      count = 0;
      lineAt = at + 1;
    }
    return lineAt;
  }

  /** Where the text begins: behind a byte-order mark of UTF-8. Other encodings and binary data are refused. */
  #checkBeginning(bytes: Uint8Array): number {
    this.#isFirst = false;
    const looked = bytes.subarray(0, MAX_LINE_BYTES);
    const binary = looked.findIndex(isBinary);
    if (binary >= 0) {
      throw new CandleError(
        'SOURCE_NOT_CSV',
        { file: this.#file },
        `expected CSV text (plain, gzip or zip), found the byte 0x${(looked[binary] ?? 0).toString(16).padStart(2, '0')} at ${binary}`,
      );
    }
    return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  }

  #refuseLongLine(): never {
    throw new CandleError(
      'SOURCE_NOT_CSV',
      { file: this.#file, line: this.line },
      `expected lines of at most ${MAX_LINE_BYTES} bytes, found a longer one`,
    );
  }
}

/** The whole number in `bytes[from]` to before `bytes[to]`, or −1: not all digits, or more than 16 of them. */
export function readWhole(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 16) return -1;
  let value = 0;
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < ZERO || byte > NINE) return -1;
    value = value * 10 + (byte - ZERO);
  }
  return value <= Number.MAX_SAFE_INTEGER ? value : -1;
}

/** Reads decimal numbers ≥ 0: `mantissa / 10^decimals`, without trailing zeros, exactly. */
export class DecimalReader {
  mantissa = 0;
  decimals = 0;
  /** The mantissa where it is above 2^53; then `read` answers 'long'. */
  longMantissa = 0n;

  read(bytes: Uint8Array, from: number, to: number): 'exact' | 'long' | 'none' {
    let mantissa = 0;
    let digits = 0;
    let at = from;
    for (; at < to; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte < ZERO || byte > NINE) break;
      mantissa = mantissa * 10 + (byte - ZERO);
      digits += 1;
    }
    if (digits === 0) return 'none';
    let decimals = 0;
    if (at < to && bytes[at] === POINT) {
      let zeros = 0;
      for (at += 1; at < to; at += 1) {
        const byte = bytes[at] ?? 0;
        if (byte < ZERO || byte > NINE) break;
        if (byte === ZERO) {
          zeros += 1;
        } else {
          // Zeros count only once a digit follows them, so trailing ones never make a column finer.
          mantissa = mantissa * (POWERS_OF_TEN[zeros + 1] ?? NaN) + (byte - ZERO);
          decimals += zeros + 1;
          digits += zeros + 1;
          zeros = 0;
        }
      }
    }
    if (at < to || digits > EXACT_DIGITS) return this.#readSlowly(bytes, from, to);
    this.mantissa = mantissa;
    this.decimals = decimals;
    return 'exact';
  }

  /** Exponents, and more digits than a double holds. */
  #readSlowly(bytes: Uint8Array, from: number, to: number): 'exact' | 'long' | 'none' {
    const text = Buffer.from(bytes.subarray(from, to)).toString('latin1');
    const match = /^(\d{1,40})(?:\.(\d{0,40}))?(?:[eE]([+-]?\d{1,2}))?$/.exec(text);
    if (match === null) return 'none';
    const fraction = match[2] ?? '';
    let digits = `${match[1] ?? ''}${fraction}`.replace(/^0+/, '');
    let decimals = fraction.length - Number(match[3] ?? '0');
    if (decimals < 0) {
      digits += '0'.repeat(-decimals);
      decimals = 0;
    }
    while (decimals > 0 && digits.endsWith('0')) {
      digits = digits.slice(0, -1);
      decimals -= 1;
    }
    if (digits === '') {
      this.mantissa = 0;
      this.decimals = 0;
      return 'exact';
    }
    this.longMantissa = BigInt(digits);
    this.mantissa = Number(this.longMantissa);
    this.decimals = decimals;
    return this.longMantissa <= BigInt(Number.MAX_SAFE_INTEGER) ? 'exact' : 'long';
  }
}

/** The field as it may stand in a message. */
export function shownField(rows: CsvRows, field: number): string {
  return shown(rows.text(field));
}

/** Control characters other than tab and line ends, and bytes that no UTF-8 text holds. */
function isBinary(byte: number): boolean {
  return byte < 0x09 || (byte > 0x0d && byte < 0x20) || byte === 0x7f || byte >= 0xfe;
}
