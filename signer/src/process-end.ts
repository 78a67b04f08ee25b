// SPDX-License-Identifier: Apache-2.0
// How the signer's programs speak to the outside and how they end: sentences for people, lines of JSON for the
// supervisor, and exit codes.

import { writeSync } from 'node:fs';

const STDERR_FD = 2;
/** A peer or the machine failed; starting again may help. */
export const EXIT_BROKEN = 1;
/** Starting again cannot help before a person has done something. */
export const EXIT_FATAL = 3;

/** What went wrong, in words, with its code where it has one. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) return 'something that is no Error was thrown';
  return 'code' in error ? `${error.message} (${String(error.code)})` : error.message;
}

/** A sentence for the person at the terminal. */
export function say(sentence: string): void {
  writeSync(STDERR_FD, `${sentence}\n`);
}

/** A line of JSON for the supervisor. */
export function tell(facts: Readonly<Record<string, unknown>>): void {
  say(JSON.stringify({ time: Date.now(), process: 'signer', level: 'info', ...facts }));
}

/** Ends the process: with a sentence for people where they must act, otherwise with one line of JSON. */
export function leave(code: number, message: string): never {
  const text =
    code === EXIT_FATAL
      ? `kontor signer: ${message}`
      : JSON.stringify({
          time: Date.now(),
          process: 'signer',
          level: code === 0 ? 'info' : 'error',
          message,
        });
  try {
    writeSync(STDERR_FD, `${text}\n`);
  } catch {
    // Nobody reads any more; the exit code says enough.
  }
  process.exit(code);
}
