// SPDX-License-Identifier: Apache-2.0
// Text of others made fit for a terminal: what could move the cursor, change colours or turn the reading order is
// written out instead of sent.

/** Control characters of C0 and C1, line and paragraph separators, and what turns the direction of writing. */
const DANGEROUS = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** Example: `printable('a\u001b[2Jb')` is `a\\x1b[2Jb`. */
export function printable(text: string): string {
  return text.replace(DANGEROUS, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100
      ? `\\x${code.toString(16).padStart(2, '0')}`
      : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same for text of several lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}
