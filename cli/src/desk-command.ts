// SPDX-License-Identifier: Apache-2.0
// What the commands that speak to a running desk have in common.

import { Command } from 'commander';
import { reportFailure, withExitCodes } from './command-output.ts';
import { dataDirectory } from './data-directory.ts';
import { connectDesk, DeskClientError, type DeskClient } from './desk-client.ts';
import { printableLines } from './printable.ts';

export interface CommonOptions {
  readonly data?: string;
  readonly json: boolean;
}

/** A command that names the desk by its data directory and may print JSON. */
export function deskCommand(name: string): Command {
  return withExitCodes(new Command(name))
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document', false);
}

/** Does `work` with the running desk; what the desk refuses is printed and ends the command. */
export async function withDesk(
  options: CommonOptions,
  work: (desk: DeskClient) => Promise<void>,
): Promise<void> {
  try {
    await work(connectDesk(dataDirectory(options.data)));
  } catch (error) {
    if (!(error instanceof DeskClientError)) throw error;
    const { code, message, fields } = error;
    if (options.json) {
      reportFailure({ code, message, ...(fields.length === 0 ? {} : { fields }) }, true);
    } else {
      reportFailure({ code, message: fields.length > 1 ? linesOf(fields) : message }, false);
    }
  }
}

/** One line for each wrong field. */
function linesOf(fields: DeskClientError['fields']): string {
  const lines = fields.map(
    ({ field, expected, found }) => `\n  ${field}: expected ${expected}, found ${found}`,
  );
  return `${fields.length} fields are wrong:${lines.join('')}`;
}

/** What the desk says may quote an exchange, a witness or a person. */
export function print(text: string): void {
  process.stdout.write(`${printableLines(text)}\n`);
}
