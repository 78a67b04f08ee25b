// SPDX-License-Identifier: Apache-2.0
// Client order IDs for those who sent none: they look drawn, yet come from a counter.

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** The ID of the `count`th draw: 22 letters and digits, a different one for each of 2^32 counts. */
export function drawId(count: number): string {
  // The first part alone is a bijection of the counter; the others are there for the looks.
  return (
    digits(mix(count), 6) +
    digits(mix(count ^ 0x9e3779b9), 6) +
    digits(mix(count ^ 0x85ebca6b), 5) +
    digits(mix(count ^ 0xc2b2ae35), 5)
  );
}

/** The finalizer of MurmurHash3. */
function mix(input: number): number {
  let value = input | 0;
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}

function digits(value: number, length: number): string {
  let text = '';
  let rest = value;
  for (let index = 0; index < length; index += 1) {
    text += ALPHABET.charAt(rest % 62);
    rest = Math.floor(rest / 62);
  }
  return text;
}
