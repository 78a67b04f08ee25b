// SPDX-License-Identifier: Apache-2.0
// What commands have in common towards the terminal: one JSON document, progress, failures and exit codes.

import { type Command, InvalidArgumentError } from 'commander';
import { printableLines } from './printable.ts';

/** A command that ran and failed. */
export const EXIT_FAILED = 1;
/** A command that was called wrongly. */
export const EXIT_USAGE = 2;
/** A command that the user interrupted: 128 and the number of SIGINT. */
export const EXIT_INTERRUPTED = 130;

/** Redrawing a line more often than this is not read by anyone. */
const PROGRESS_EVERY_MS = 100;

/** Gives wrong usage the exit code that scripts expect; help and version stay 0. */
export function withExitCodes(command: Command): Command {
  return command.exitOverride((error) => {
    process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE);
  });
}

/** A parser for commander: the value, or a usage error with the reason. */
export function orUsageError<T>(
  parse: (
    text: string,
  ) => { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string },
): (text: string) => T {
  return (text) => {
    const parsed = parse(text);
    if (!parsed.ok) throw new InvalidArgumentError(`${parsed.reason}.`);
    return parsed.value;
  };
}

export function printJson(document: unknown): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}

/** Says what failed, on stderr or as the JSON document, and sets the exit code. */
export function reportFailure(
  failure: { readonly code: string; readonly message: string; readonly [field: string]: unknown },
  isJson: boolean,
): void {
  if (isJson) printJson({ error: failure });
  else process.stderr.write(`error: ${printableLines(failure.message)}\n`);
  process.exitCode = EXIT_FAILED;
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number): string {
  return value.toLocaleString('en-US');
}

/** A line that redraws itself while something long runs, where a person looks on. */
export class ProgressLine {
  readonly #isShown: boolean;
  readonly #startedMs = performance.now();
  #drawnMs = -Infinity;

  constructor(isQuiet: boolean) {
    this.#isShown = process.stderr.isTTY && !isQuiet;
  }

  /** `share` of the work is done, 0 to 1. */
  update(share: number, text: string): void {
    const now = performance.now();
    if (!this.#isShown || now - this.#drawnMs < PROGRESS_EVERY_MS) return;
    this.#drawnMs = now;
    const left = share > 0 ? ((now - this.#startedMs) * (1 - share)) / share : 0;
    const timeLeft = share > 0.02 ? `, ${Math.ceil(left / 1000)} s left` : '';
    const line = `${Math.floor(share * 100)} %  ${text}${timeLeft}`;
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns || 80) - 1)}`);
  }

  clear(): void {
    if (this.#isShown && this.#drawnMs > -Infinity) process.stderr.write('\r\u001b[K');
  }
}

/** `text`, with an ellipsis in place of what goes beyond `lengthMax` characters. */
export function shortened(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).trimEnd()}…`;
}

/** Aligned columns; the first `leftColumns` to the left, the others to the right. */
export function textTable(rows: readonly (readonly string[])[], leftColumns: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0;
          return column < leftColumns ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
