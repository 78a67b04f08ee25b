// SPDX-License-Identifier: Apache-2.0
// One verb of the signer's own program, run while no desk does: it asks for secrets through a pipe; this process hands
// on what the person types, or has a process of its own give the key of a way, and keeps nothing.

import { spawn } from 'node:child_process';
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Writable } from 'node:stream';
import { toolArguments } from '@kontor/signer';
import { EXIT_FAILED, reportFailure } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import {
  deskFiles,
  DeskFilesError,
  lockPart,
  makeDirectories,
  makeLogDirectory,
  type DeskFiles,
} from '../desk-files.ts';
import { askSecret } from '../passphrase.ts';

export interface VaultOptions {
  readonly data?: string;
  readonly unlockFile?: string;
  readonly json?: boolean;
}

const QUESTIONS: Readonly<Record<string, string>> = {
  passphrase: 'Passphrase of the vault: ',
  newPassphrase: 'New passphrase: ',
  identity: 'age identity (AGE-SECRET-KEY-1…): ',
};

export interface VerbRun {
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
  /** Has the key of a new way written to the program's pipe; why not, or null. */
  readonly giveWay?: (pipe: Writable) => Promise<string | null>;
  /** Runs when it is done. */
  readonly onDone?: () => void;
}

/** Does one thing to the signer's directory while no desk runs on it. */
export async function runVerb(options: VaultOptions, run: VerbRun): Promise<void> {
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
  const refusal = refusalOfUser(files.signer);
  if (refusal !== null) return fail('otherUser', refusal);
  const begun = [files.signer, files.log].filter((path) => !existsSync(path));
  const hasBegun = begun.includes(files.signer);
  let lock: { readonly release: () => void };
  try {
    // Beside a signer there may be folders of other users, who must go on reaching them.
    if (!existsSync(files.signer)) makeDirectories(files);
    // The signer alone: a server that runs apart from it may go on.
    lock = lockPart(files, files.signer, 'kontor vault');
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    return fail(error.code, error.message);
  }
  let isDone = false;
  try {
    const code = await runTool(files, options, {
      ...run,
      ...(draft && { outputFile: draft }),
    });
    isDone = code === 0;
    if (isDone) run.onDone?.();
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
    // A desk that was begun for this alone would open without what was to be set. It has no key yet.
    if (hasBegun && !isDone) {
      for (const path of begun) rmSync(path, { recursive: true, force: true });
    }
  }
}

/** What this user writes into another's folder the signer cannot read, be it root. */
function refusalOfUser(signer: string): string | null {
  const user = process.getuid?.();
  if (user === undefined || !existsSync(signer)) return null;
  const { uid: owner } = statSync(signer);
  if (user === owner) return null;
  return `${signer} belongs to user ${owner}, and this runs as user ${user}: what it wrote there the signer could not read. Run it as that user, as docs/deploy.md shows`;
}

/** Runs the signer's program on the vault; its exit code. */
async function runTool(
  { signer: directory, log }: DeskFiles,
  options: VaultOptions,
  run: VerbRun,
): Promise<number> {
  const input = run.inputFile === undefined ? 'ignore' : openSync(run.inputFile, 'r');
  const output = run.outputFile === undefined ? 'pipe' : openSync(run.outputFile, 'wx', 0o600);
  const unlockFile = options.unlockFile === undefined ? [] : [resolve(options.unlockFile)];
  makeLogDirectory(log);
  const child = spawn(
    process.execPath,
    toolArguments(
      {
        directory,
        reads: unlockFile,
        writes: [log, ...(run.destroysUnlockFile === true ? unlockFile : [])],
      },
      [
        '--data',
        directory,
        '--log',
        log,
        ...unlockFile.flatMap((file) => ['--unlock-file', file]),
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
      else if (question === 'wayKey') void giveWay(run, child.stdin);
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

async function giveWay(run: VerbRun, pipe: Writable | null): Promise<void> {
  const fault = pipe === null ? null : ((await run.giveWay?.(pipe)) ?? null);
  if (fault !== null) process.stderr.write(`${fault}\n`);
  // Whatever was given is in the pipe; without it the program changes nothing.
  pipe?.end();
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
    process.stderr.write('The two are not the same: the passphrase was not set. Try again.\n');
  if (secret !== null && isMeant) give(Buffer.concat([secret, Buffer.from('\n')]));
  else end();
  secret?.fill(0);
  again?.fill(0);
}

function fail(code: string, message: string): void {
  reportFailure({ code, message }, false);
}
