// SPDX-License-Identifier: Apache-2.0
// Bytes and their texts: strict base64, hexadecimal and UTF-8. A text that is not the one canonical writing of its
// bytes is refused, since signatures and hashes are taken over texts.

/** Platform names that every runtime with this package has; the language's own library does not list them. */
declare const TextEncoder: new () => { encode(text: string): Uint8Array };
declare const TextDecoder: new (
  label: string,
  options: { readonly fatal: boolean; readonly ignoreBOM: boolean },
) => { decode(bytes: Uint8Array): string };

/** A value, or why there is none; the caller, not the world, is wrong. */
export type Result<T> = { readonly ok: true; readonly value: T } | Failure;

export interface Failure {
  readonly ok: false;
  readonly reason: string;
}

export function success<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function failure(reason: string): Failure {
  return { ok: false, reason };
}

/** What is checked here can only be broken by a fault of ours. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

const BASE64_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const BASE64_VALUES: ReadonlyMap<string, number> = new Map(
  BASE64_DIGITS.split('').map((digit, value) => [digit, value]),
);
const HEX_DIGITS = '0123456789abcdef';

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index += 1) {
    if (left[index] !== right[index]) return false;
  }
  return true;
}

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX_DIGITS.charAt(byte >> 4) + HEX_DIGITS.charAt(byte & 15);
  return text;
}

/** Lower-case hexadecimal only: there is one writing of each value. */
export function parseHex(text: string): Uint8Array | undefined {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return undefined;
  const bytes = new Uint8Array(text.length / 2);
  for (let index = 0; index < bytes.length; index += 1) {
    bytes[index] = Number.parseInt(text.slice(index * 2, index * 2 + 2), 16);
  }
  return bytes;
}

export function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let index = 0; index < bytes.length; index += 3) {
    const count = Math.min(3, bytes.length - index);
    const bits =
      ((bytes[index] ?? 0) << 16) | ((bytes[index + 1] ?? 0) << 8) | (bytes[index + 2] ?? 0);
    for (let digit = 0; digit < 4; digit += 1) {
      text += digit <= count ? BASE64_DIGITS.charAt((bits >> (18 - digit * 6)) & 63) : '=';
    }
  }
  return text;
}

/** Standard base64 with its padding, no other character, and zero in the bits that carry nothing. */
export function parseBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0) return undefined;
  let padding = 0;
  if (text.endsWith('==')) padding = 2;
  else if (text.endsWith('=')) padding = 1;
  const digits = text.length - padding;
  const bytes = new Uint8Array((text.length / 4) * 3 - padding);
  let bits = 0;
  let count = 0;
  let offset = 0;
  for (let index = 0; index < digits; index += 1) {
    const value = BASE64_VALUES.get(text.charAt(index));
    if (value === undefined) return undefined;
    bits = ((bits << 6) | value) & 0xff_ff;
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes[offset] = (bits >> count) & 0xff;
      offset += 1;
    }
  }
  return (bits & ((1 << count) - 1)) === 0 ? bytes : undefined;
}

export function toUtf8(text: string): Uint8Array {
  assert(text.isWellFormed(), 'Invariant: a text that is encoded has no half of a surrogate pair');
  return new TextEncoder().encode(text);
}

export function parseUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** A decimal number from 0 without leading zeros, below 2^64. */
export function parseDecimal(text: string): bigint | undefined {
  if (!/^(?:0|[1-9]\d{0,19})$/.test(text)) return undefined;
  const value = BigInt(text);
  return value < 1n << 64n ? value : undefined;
}

export function toUint64(value: bigint): Uint8Array {
  assert(value >= 0n && value < 1n << 64n, `Invariant: ${value} fits eight bytes`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

export function readUint64(bytes: Uint8Array, offset: number): bigint {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(offset);
}
