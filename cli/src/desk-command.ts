// SPDX-License-Identifier: Apache-2.0
// What the commands that speak to a running desk have in common.

import { Command } from 'commander';
import { reportFailure, withExitCodes } from './command-output.ts';
import { dataDirectory } from './data-directory.ts';
import { connectDesk, DeskClientError, type DeskClient } from './desk-client.ts';

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
    reportFailure({ code: error.code, message: error.message }, options.json);
  }
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
