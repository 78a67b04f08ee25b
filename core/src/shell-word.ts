// SPDX-License-Identifier: Apache-2.0
// Names in commands that people copy into a terminal.

/** `text` as a shell takes it for one word, whatever it holds: `main` stays, `my key` becomes `'my key'`. */
export function shellWord(text: string): string {
  return /^[\w.:/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
