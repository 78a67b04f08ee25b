// SPDX-License-Identifier: Apache-2.0
// `kontor vault`: what opens the keys, and their backups. The work is done by the signer's own program, which asks
// for secrets through a pipe; this process hands on what the person types and keeps nothing.

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { signerArguments } from '@kontor/signer';
import { Command } from 'commander';
import { EXIT_FAILED, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskFiles, DeskFilesError, lockDirectory, makeDirectories } from '../desk-files.ts';
import { askSecret } from '../passphrase.ts';

interface VaultOptions {
  readonly data?: string;
  readonly unlockFile?: string;
  readonly json?: boolean;
}

interface VaultFacts {
  readonly isOpen: boolean;
  readonly isUnattended: boolean;
  readonly fingerprint: string | null;
  readonly connections: readonly {
    readonly connection: string;
    readonly name: string;
    readonly venue: string;
    readonly keyKind: string;
    readonly isExpired: boolean;
  }[];
}

const SCAN_KEY_BYTES = 32;

const QUESTIONS: Readonly<Record<string, string>> = {
  passphrase: 'Passphrase of the vault: ',
  newPassphrase: 'New passphrase: ',
  identity: 'age identity (AGE-SECRET-KEY-1…): ',
};

export function vaultCommand(): Command {
  return withExitCodes(new Command('vault'))
    .description('what opens the keys, and their backups; the desk must not be running')
    .addHelpText('after', '\nExample:\n  kontor vault passphrase')
    .addCommand(
      verb('show', 'what opens the vault, its import key and the keys in it').action(
        (options: VaultOptions) =>
          runVerb(options, {
            words: ['show'],
            onOutput: (text) => process.stdout.write(showText(text, options.json ?? false)),
          }),
      ),
    )
    .addCommand(
      verb('passphrase', 'set a passphrase; the unlock file is destroyed').action(
        (options: VaultOptions) =>
          runVerb(options, { words: ['passphrase'], destroysUnlockFile: true }),
      ),
    )
    .addCommand(
      verb(
        'unattended',
        'open without a person from now on: whoever reads the folder has the keys',
      ).action((options: VaultOptions) => runVerb(options, { words: ['unattended'] })),
    )
    .addCommand(
      verb('retire', 'destroy the key of a connection')
        .argument('<connection>', 'its name or identifier')
        .action((name: string, options: VaultOptions) =>
          runVerb(options, { words: ['retire', name] }),
        ),
    )
    .addCommand(
      verb('backup', 'write all keys into a file that only the owner of an age identity can read')
        .argument('<file>', 'where to write; must not exist')
        .requiredOption('--to <recipient>', 'the age recipient, age1…')
        .action((file: string, options: VaultOptions & { readonly to: string }) =>
          runVerb(options, {
            words: ['backup', options.to],
            outputFile: resolve(file),
            written: `holds the keys, for the owner of ${options.to} only.`,
          }),
        ),
    )
    .addCommand(
      verb('restore', 'put keys back from a file that `kontor vault backup` wrote')
        .argument('<file>', 'the backup')
        .option(
          '--without-log',
          "accept that the signer's log is not here, or older than the backup",
          false,
        )
        .action((file: string, options: VaultOptions & { readonly withoutLog: boolean }) =>
          runVerb(options, {
            words: ['restore', ...(options.withoutLog ? ['without-log'] : [])],
            inputFile: resolve(file),
            mayBeginDesk: true,
          }),
        ),
    )
    .addCommand(
      verb('patterns', 'write what `kontor scan` needs to recognise the keys')
        .argument('<file>', 'where to write; must not exist')
        .requiredOption(
          '--key <file>',
          'the key that the patterns say nothing without; made if missing',
        )
        .action((file: string, options: VaultOptions & { readonly key: string }) => {
          const key = resolve(options.key);
          if (!existsSync(key))
            writeFileSync(key, randomBytes(SCAN_KEY_BYTES), { mode: 0o600, flag: 'wx' });
          return runVerb(options, {
            words: ['patterns'],
            inputFile: key,
            outputFile: resolve(file),
            written: `holds patterns of the keys, for kontor scan with the key in ${key}. Whoever has both can work out the keys: keep them apart.`,
          });
        }),
    );
}

function verb(name: string, description: string): Command {
  return withExitCodes(new Command(name))
    .description(description)
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory')
    .option('--json', 'print one JSON document where there is one to print', false)
    .addHelpText('after', `\nExample:\n  kontor vault ${name}${EXAMPLES[name] ?? ''}`);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  retire: ' demo',
  backup: ' keys.age --to age1…',
  restore: ' keys.age',
  patterns: ' keys.patterns --key patterns.key',
};

interface VerbRun {
  readonly words: readonly string[];
  readonly inputFile?: string;
  readonly outputFile?: string;
  /** What can be said of the output file once it is written. */
  readonly written?: string;
  /** The signer's program overwrites the unlock file; where it lies elsewhere, only this command can remove it. */
  readonly destroysUnlockFile?: boolean;
  /** There need not be a desk in the directory yet. */
  readonly mayBeginDesk?: boolean;
  readonly onOutput?: (text: string) => void;
}

async function runVerb(options: VaultOptions, run: VerbRun): Promise<void> {
  const files = deskFiles(dataDirectory(options.data));
  const { inputFile, outputFile } = run;
  if (inputFile !== undefined && !existsSync(inputFile)) {
    return fail('nothing', `expected a file at ${inputFile}, found nothing`);
  }
  const draft = outputFile === undefined ? undefined : `${outputFile}.new`;
  const inTheWay = [outputFile, draft].find((path) => path !== undefined && existsSync(path));
  if (inTheWay !== undefined) {
    return fail('exists', `${inTheWay} exists already; name a new file`);
  }
  if (!existsSync(files.signer) && run.mayBeginDesk !== true) {
    return fail(
      'nothing',
      `there is no desk in ${files.directory}; name its directory with --data DIR`,
    );
  }
  let lock: { readonly release: () => void };
  try {
    makeDirectories(files);
    lock = lockDirectory(files);
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    return fail(error.code, error.message);
  }
  try {
    const code = await runTool(files.signer, options, {
      ...run,
      ...(draft && { outputFile: draft }),
    });
    if (code !== 0) process.exitCode = EXIT_FAILED;
    else if (run.destroysUnlockFile === true && options.unlockFile !== undefined)
      rmSync(resolve(options.unlockFile), { force: true });
    else if (draft !== undefined && outputFile !== undefined) {
      settle(draft);
      renameSync(draft, outputFile);
      process.stdout.write(`${outputFile} ${run.written ?? 'is written.'}\n`);
    }
  } catch (error) {
    if (outputFile === undefined || !(error instanceof Error && 'code' in error)) throw error;
    fail('unwritable', `${outputFile} cannot be written: ${error.message}`);
  } finally {
    if (draft !== undefined) rmSync(draft, { force: true });
    lock.release();
  }
}

/** Runs the signer's program on the vault; its exit code. */
async function runTool(directory: string, options: VaultOptions, run: VerbRun): Promise<number> {
  const input = run.inputFile === undefined ? 'ignore' : openSync(run.inputFile, 'r');
  const output = run.outputFile === undefined ? 'pipe' : openSync(run.outputFile, 'wx', 0o600);
  const unlockFile = options.unlockFile === undefined ? [] : [resolve(options.unlockFile)];
  const child = spawn(
    process.execPath,
    signerArguments(
      { directory, reads: unlockFile, writes: run.destroysUnlockFile === true ? unlockFile : [] },
      [
        '--data',
        directory,
        ...unlockFile.flatMap((file) => ['--unlock-file', file]),
        '--vault',
        ...run.words,
      ],
      ['--disable-warning=ExperimentalWarning'],
    ),
    { stdio: ['pipe', output, 'pipe', input], env: {} },
  );
  for (const fd of [input, output]) if (typeof fd === 'number') closeSync(fd);
  child.stdin?.on('error', () => undefined);
  let said = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (said += text));
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => {
      const question = /"asks":"([a-zA-Z]+)"\}$/.exec(line)?.[1];
      if (question === undefined) process.stderr.write(`${line}\n`);
      else
        void answer(
          question,
          (secret) => child.stdin?.write(secret, () => secret.fill(0)),
          () => child.stdin?.end(),
        );
    });
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? EXIT_FAILED));
  });
  if (code === 0) run.onOutput?.(said);
  return code;
}

/** Waits until a file is on disk. */
function settle(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

async function answer(
  question: string,
  give: (line: Buffer) => void,
  end: () => void,
): Promise<void> {
  const secret = await askSecret(QUESTIONS[question] ?? `${question}: `);
  const again =
    secret !== null && question === 'newPassphrase' ? await askSecret('Once more: ') : null;
  const isMeant =
    secret !== null && (question !== 'newPassphrase' || again?.equals(secret) === true);
  if (!isMeant && secret !== null)
    process.stderr.write('The two are not the same; nothing was changed.\n');
  if (secret !== null && isMeant) give(Buffer.concat([secret, Buffer.from('\n')]));
  else end();
  secret?.fill(0);
  again?.fill(0);
}

function showText(text: string, isJson: boolean): string {
  // The signer's program and this command are of one repository and one version.
  const facts = JSON.parse(text) as VaultFacts;
  if (isJson) return `${JSON.stringify(facts, null, 2)}\n`;
  const how = facts.isUnattended
    ? 'opens unattended: whoever reads this folder has the keys (kontor vault passphrase changes that)'
    : 'opens with a passphrase';
  const keys = facts.connections.map(
    ({ connection, name, venue, keyKind, isExpired }) =>
      `  ${connection}  ${name}  ${venue}  ${keyKind}${isExpired ? '  expired' : ''}`,
  );
  return [
    `The vault ${how}.`,
    `Import key  ${facts.fingerprint ?? 'not known yet'}`,
    'Keys',
    ...keys,
    '',
  ].join('\n');
}

function fail(code: string, message: string): void {
  reportFailure({ code, message }, false);
}

/** Where the signer shows the public half of its import key. */
export function importKeyFile(signerDirectory: string): string {
  return join(signerDirectory, 'import-key');
}
