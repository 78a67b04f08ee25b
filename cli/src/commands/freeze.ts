// SPDX-License-Identifier: Apache-2.0
// `kontor connect freeze`: stops new risk at once. It leaves a file in the signer's folder, which the signer obeys before
// it signs anything else: no server is asked, and none has to run.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { api } from '@kontor/server';
import type { Command } from 'commander';
import { EXIT_USAGE, printJson, reportFailure } from '../command-output.ts';
import { stateLines } from '../connection-lines.ts';
import { dataDirectory } from '../data-directory.ts';
import { connectDesk, DeskClientError } from '../desk-client.ts';
import { deskCommand, print, type CommonOptions } from '../desk-command.ts';
import { deskFiles, DeskFilesError, writeText } from '../desk-files.ts';

interface FreezeOptions extends CommonOptions {
  readonly all: boolean;
}

/** The signer reads it before every batch of intents. */
const FREEZE_FILE = 'freeze';
const EVERYBODY = '*';

export function freezeCommand(): Command {
  return deskCommand('freeze')
    .description('sign no new risk from now on, also when the desk does not answer')
    .argument('[name]', 'the connection')
    .option('--all', 'all connections', false)
    .addHelpText(
      'after',
      '\nResting orders stay at the exchange; exits, cancels and reads go on.\n\nExample:\n  kontor connect freeze main',
    )
    .action((name: string | undefined, options: FreezeOptions) => freeze(name, options));
}

async function freeze(name: string | undefined, options: FreezeOptions): Promise<void> {
  if ((name === undefined) === !options.all) {
    reportFailure(
      { code: 'usage', message: 'expected the name of a connection, or --all' },
      options.json,
    );
    process.exitCode = EXIT_USAGE;
    return;
  }
  const { signer } = deskFiles(dataDirectory(options.data));
  if (!existsSync(signer)) {
    const message = `there is no desk in ${signer}; name its directory with --data DIR`;
    reportFailure({ code: 'nothing', message }, options.json);
    return;
  }
  const path = join(signer, FREEZE_FILE);
  try {
    leave(path, name ?? EVERYBODY);
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    reportFailure({ code: error.code, message: error.message }, options.json);
    return;
  }
  const seen = await askDesk(options);
  if (options.json) {
    printJson({ file: path, connections: seen });
    return;
  }
  if (seen === null) {
    print(
      `The order lies in ${path}. The desk does not answer; its signer obeys before it signs anything else.`,
    );
    return;
  }
  // The signer would rather freeze too much than miss what was meant.
  if (name !== undefined && !seen.some((each) => each.name === name || each.id === name))
    print(`No connection is named ${name}, so all are frozen.`);
  print(seen.flatMap((each) => stateLines(each)).join('\n'));
}

/** Adds a line to what the signer has not read yet, wholly or not at all. */
function leave(path: string, word: string): void {
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  writeText(path, `${before}${word}\n`);
}

/** Asking for the list makes a running signer look. Null where no desk answers. */
async function askDesk(options: FreezeOptions): Promise<readonly api.Connection[] | null> {
  try {
    const desk = connectDesk(dataDirectory(options.data));
    return await desk.get<api.Connection[]>('/api/v1/connections');
  } catch (error) {
    if (error instanceof DeskClientError) return null;
    throw error;
  }
}
