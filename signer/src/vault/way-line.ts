// SPDX-License-Identifier: Apache-2.0
// A line on the signer's stdin that holds the key of a further way: a zero byte, which no passphrase begins with, then
// the way (to make one: its stanza), a space, and the key in hexadecimal. It stays bytes.

import { WAY_KEY_BYTES } from './ways.ts';

export interface WayLine {
  /** The way, or the stanza of a new one. */
  readonly what: string;
  /** The taker zeroes it. */
  readonly key: Buffer;
}

/** Longest stanza and key, in bytes. */
export const WAY_LINE_BYTES_MAX = 1_100;
const MARK = 0;
const SPACE = 0x20;
const HEX_CHARACTERS: number = 2 * WAY_KEY_BYTES;

/** Whether a line is meant to be such a one. */
export function isWayLine(line: Buffer): boolean {
  return line[0] === MARK;
}

/** What is in `line`, or null where it is malformed. Zeroes `line`. */
export function readWayLine(line: Buffer): WayLine | null {
  const keyAt = line.length - HEX_CHARACTERS;
  try {
    if (!isWayLine(line) || keyAt < 3 || line[keyAt - 1] !== SPACE) return null;
    const key = Buffer.allocUnsafeSlow(WAY_KEY_BYTES);
    for (let index = 0; index < WAY_KEY_BYTES; index += 1) {
      const high = digit(line[keyAt + 2 * index]);
      const low = digit(line[keyAt + 2 * index + 1]);
      if (high === null || low === null) {
        key.fill(0);
        return null;
      }
      key[index] = high * 16 + low;
    }
    return { what: line.toString('latin1', 1, keyAt - 1), key };
  } finally {
    line.fill(0);
  }
}

/** The line for the signer, its end included. The caller zeroes it. */
export function wayLine(what: string, key: Buffer): Buffer {
  const head = Buffer.from(`\0${what} `, 'latin1');
  const line = Buffer.allocUnsafeSlow(head.length + HEX_CHARACTERS + 1);
  head.copy(line);
  for (const [index, byte] of key.entries()) {
    line[head.length + 2 * index] = character(byte >> 4);
    line[head.length + 2 * index + 1] = character(byte & 15);
  }
  line[line.length - 1] = 0x0a;
  return line;
}

function digit(byte: number | undefined): number | null {
  if (byte === undefined) return null;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  return byte >= 0x61 && byte <= 0x66 ? byte - 0x57 : null;
}

function character(nibble: number): number {
  return nibble < 10 ? 0x30 + nibble : 0x57 + nibble;
}
