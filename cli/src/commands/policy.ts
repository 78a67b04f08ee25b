// SPDX-License-Identifier: Apache-2.0
// `kontor policy`: what the keys may sign, in words, and how to change it. A running desk changes it as an act of its
// signer; of one that is stopped the signer's own program does.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import type { api } from '@kontor/server';
import {
  comparePolicies,
  describePolicyError,
  overviewOf,
  parsePolicy,
  type ParsedPolicy,
} from '@kontor/signer';
import { Argument, Command } from 'commander';
import {
  EXIT_FAILED,
  EXIT_USAGE,
  printJson,
  reportFailure,
  withExitCodes,
} from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { connectDesk, DeskClientError, type DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { deskFiles } from '../desk-files.ts';
import { connectionWords, differenceWords, explanationWords, heldWords } from '../policy-words.ts';
import { runVerb } from './vault-verb.ts';

interface EditOptions extends CommonOptions {
  readonly from?: string;
  readonly yes: boolean;
  readonly unlockFile?: string;
}

interface ExplainOptions extends CommonOptions {
  readonly maker: boolean;
}

/** The policy of a desk, from the signer where one runs, else from its file. */
interface Found {
  readonly desk: DeskClient | null;
  readonly hash: string;
  readonly text: string;
  readonly lock: string | null;
  readonly pending: api.PolicyState['pending'];
}

const DEFAULT_EDITOR = 'vi';
const EMPTY = 'policy/v1\ndefault deny\n';

export function policyCommand(): Command {
  return withExitCodes(new Command('policy'))
    .description('what the keys may sign: in words, checked, explained, changed')
    .addHelpText('after', '\nExample:\n  kontor policy show')
    .addCommand(
      deskCommand('show')
        .description('what is allowed, and what the worst day could cost')
        .addHelpText('after', '\nExample:\n  kontor policy show')
        .action((options: CommonOptions) => show(options)),
    )
    .addCommand(
      deskCommand('check')
        .description('whether a file is a policy, what it says, and what it would change')
        .argument('<file>', 'the policy file')
        .addHelpText('after', '\nExample:\n  kontor policy check new-policy')
        .action((file: string, options: CommonOptions) => check(file, options)),
    )
    .addCommand(
      deskCommand('explain')
        .description('what the policy of the running desk would say to an order now')
        .argument('<connection>', 'its name or identifier')
        .addArgument(new Argument('<side>', 'buy or sell').choices(['buy', 'sell']))
        .argument('<symbol>', 'for example BTCUSDT')
        .argument('<quantity>', 'of the coin')
        .argument('<price>', 'its limit')
        .option('--maker', 'an order that only rests', false)
        .addHelpText('after', '\nExample:\n  kontor policy explain demo buy BTCUSDT 0.01 60000')
        .action(
          (
            connection: string,
            side: 'buy' | 'sell',
            symbol: string,
            quantity: string,
            price: string,
            options: ExplainOptions,
          ) => explain(connection, { side, symbol, quantity, price }, options),
        ),
    )
    .addCommand(
      new Command('hold')
        .argument('[words...]')
        .allowUnknownOption()
        .helpOption(false)
        .addHelpText('after', '\nExample:\n  kontor policy held')
        .action(() => {
          const message =
            'no command holds orders: hold lines of the policy do (kontor policy edit). Those that wait: kontor policy held; let one be signed: kontor policy release ORDER; refuse it: kontor policy drop ORDER';
          reportFailure({ code: 'usage', message }, false);
          process.exitCode = EXIT_USAGE;
        }),
      { hidden: true },
    )
    .addCommand(
      deskCommand('held')
        .description('orders that wait for a person, and those released that may still be signed')
        .addHelpText('after', '\nExample:\n  kontor policy held')
        .action((options: CommonOptions) => held(options)),
    )
    .addCommand(
      heldCommand('release')
        .description('let an order that waits be signed once when it comes again')
        .addHelpText('after', '\nExample:\n  kontor policy release h1204')
        .action((order: string, options: EditOptions) => answerHeld('release', order, options)),
    )
    .addCommand(
      heldCommand('drop')
        .description('refuse an order that waits; it needs nobody')
        .addHelpText('after', '\nExample:\n  kontor policy drop h1204')
        .action((order: string, options: EditOptions) => answerHeld('drop', order, options)),
    )
    .addCommand(
      deskCommand('edit')
        .description('change the policy: what tightens holds at once, what loosens is confirmed')
        .option(
          '--from <file>',
          'take the new policy from a file rather than from an editor ($VISUAL, $EDITOR, vi)',
        )
        .option('--yes', 'do not ask before it is changed', false)
        .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory')
        .addHelpText(
          'after',
          '\nWhile the desk is stopped whoever can open the vault changes it at once.\n\nExample:\n  kontor policy edit',
        )
        .action((options: EditOptions) => edit(options)),
    );
}

async function show(options: CommonOptions): Promise<void> {
  const found = await find(options);
  if (found === null) return;
  const parsed = parsePolicy(Buffer.from(found.text));
  if (options.json) {
    const overview = parsed.ok ? overviewOf(parsed.policy) : null;
    const { hash, text, lock, pending } = found;
    printJson({ hash, text, lock, pending, connections: overview?.connections ?? [] });
    return;
  }
  if (found.text === '') print('There is no policy: everything is refused.');
  else if (!parsed.ok) print(describePolicyError('policy', parsed.error));
  else print(wordsOf(parsed).join('\n'));
  if (found.lock !== null) print(`\nNo order is signed: ${found.lock}.`);
  if (found.pending !== null) {
    const { dueAt, difference } = found.pending;
    print(`\nA change waits; it holds from ${new Date(dueAt).toISOString()} on.`);
    print(differenceWords(difference).join('\n'));
  }
}

async function check(file: string, options: CommonOptions): Promise<void> {
  if (!existsSync(file)) return fail(options, 'nothing', `there is no file ${file}`);
  const parsed = parsePolicy(readFileSync(file));
  if (!parsed.ok) {
    const message = describePolicyError(file, parsed.error);
    return fail(options, 'policy', message, { error: parsed.error });
  }
  const found = await find({ ...options, json: true }, true);
  const before = found === null ? null : parsePolicy(Buffer.from(found.text));
  const difference =
    before === null
      ? null
      : plain(comparePolicies(before.ok ? before.policy : null, parsed.policy));
  if (options.json) {
    printJson({ ...overviewOf(parsed.policy), difference });
    return;
  }
  print(wordsOf(parsed).join('\n'));
  if (difference !== null) {
    print(`\nBeside the policy of ${dataDirectory(options.data)}:`);
    print(differenceWords(difference).join('\n'));
  }
}

async function explain(
  name: string,
  order: {
    readonly side: 'buy' | 'sell';
    readonly symbol: string;
    readonly quantity: string;
    readonly price: string;
  },
  options: ExplainOptions,
): Promise<void> {
  await withDesk(options, async (desk) => {
    const connections = await desk.get<readonly api.Connection[]>('/api/v1/connections');
    const found = connections.find((one) => one.name === name || one.id === name);
    if (found === undefined) {
      throw new DeskClientError('nothing', `there is no connection named ${name}`);
    }
    const type = options.maker ? 'limitMaker' : 'limit';
    const body = { connection: found.id, ...order, type, timeInForce: 'GTC' };
    const told = await desk.post<api.PolicyExplanation>('/api/v1/policy/explain', body);
    if (options.json) printJson(told);
    else print(explanationWords(told).join('\n'));
    if (!told.isAllowed) process.exitCode = EXIT_FAILED;
  });
}

function heldCommand(name: 'release' | 'drop'): Command {
  return deskCommand(name)
    .argument('<order>', 'its name, as policy held shows it')
    .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory');
}

async function held(options: CommonOptions): Promise<void> {
  await withDesk(options, async (desk) => {
    const orders = await desk.get<readonly api.HeldOrder[]>('/api/v1/policy/held');
    if (options.json) return printJson(orders);
    if (orders.length === 0) return print('No order waits.');
    print(orders.map(heldWords).join('\n'));
  });
}

/** A running desk's signer asks for a passkey; of a stopped one whoever can open the vault decides. */
async function answerHeld(
  verb: 'release' | 'drop',
  order: string,
  options: EditOptions,
): Promise<void> {
  const found = await find(options);
  if (found === null) return;
  const { desk } = found;
  if (desk === null) {
    const { data, unlockFile } = options;
    return runVerb(
      { ...(data !== undefined && { data }), ...(unlockFile !== undefined && { unlockFile }) },
      { words: [`held-${verb}`, order] },
    );
  }
  await withDesk(options, async () => {
    const act = { kind: verb === 'release' ? 'releaseHeld' : 'denyHeld', order };
    const answer = await desk.post<api.ActAnswer>('/api/v1/acts', { act });
    if (options.json) printJson(answer);
    else if (answer.kind === 'performed') print(`${order} is dropped.`);
    else {
      print(`${answer.text}\nConfirm it with a passkey on ${await policyPage(desk)}.`);
    }
    if (answer.kind !== 'performed') process.exitCode = EXIT_FAILED;
  });
}

async function edit(options: EditOptions): Promise<void> {
  const found = await find(options);
  if (found === null) return;
  if (options.from === undefined && editorOf(process.env) === null) {
    fail(
      options,
      'editor',
      'expected a terminal to open an editor in, found none; name a file with --from FILE and --yes, or an editor in $VISUAL',
    );
    process.exitCode = EXIT_USAGE;
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'kontor-policy-'));
  const file = join(directory, 'policy');
  let isKept = false;
  try {
    const text = await candidate(found, file, options);
    const isDone = text !== null && (await change(found, text, options));
    isKept = !isDone && options.from === undefined && readFileSync(file, 'utf8') !== found.text;
  } finally {
    if (!isKept) rmSync(directory, { recursive: true, force: true });
  }
  // What was typed is not to be typed again.
  if (isKept)
    process.stderr.write(
      `What you wrote is kept in ${file}; go on with it: kontor policy edit --from ${file}\n`,
    );
}

/** Whether the policy is as `text` says. */
async function change(found: Found, text: string, options: EditOptions): Promise<boolean> {
  const parsed = parsePolicy(Buffer.from(text));
  if (!parsed.ok) {
    fail(options, 'policy', describePolicyError(options.from ?? 'policy', parsed.error));
    return false;
  }
  const old = parsePolicy(Buffer.from(found.text));
  const isKnown = old.ok && found.lock === null;
  const comparison = plain(comparePolicies(isKnown ? old.policy : null, parsed.policy));
  if (text === found.text && found.desk !== null && found.lock === null) {
    print('Nothing is changed.');
    return true;
  }
  if (!options.json) {
    print(differenceWords(comparison).join('\n'));
    print('');
    print(wordsOf(parsed).join('\n'));
  }
  if (!options.yes && !options.json && !process.stdin.isTTY) {
    fail(
      options,
      'terminal',
      'expected a terminal to ask in, found none; --yes changes the policy without a question. Nothing is changed',
    );
    process.exitCode = EXIT_USAGE;
    return false;
  }
  if (!(await isMeant(options))) {
    print('Nothing is changed.');
    return false;
  }
  if (found.desk !== null) return changeRunning(found.desk, found.hash, text, options);
  const directory = mkdtempSync(join(tmpdir(), 'kontor-policy-'));
  try {
    const inputFile = join(directory, 'policy');
    writeFileSync(inputFile, text, { mode: 0o600 });
    const { data, unlockFile } = options;
    await runVerb(
      { ...(data !== undefined && { data }), ...(unlockFile !== undefined && { unlockFile }) },
      { words: ['policy'], inputFile },
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
  return process.exitCode === undefined || process.exitCode === 0;
}

/** The new text; null where the person gave up. */
async function candidate(found: Found, file: string, options: EditOptions): Promise<string | null> {
  if (options.from !== undefined) {
    if (existsSync(options.from)) return readFileSync(options.from, 'utf8');
    fail(options, 'nothing', `there is no file ${options.from}`);
    return null;
  }
  writeFileSync(file, found.text === '' ? EMPTY : found.text, { mode: 0o600 });
  for (;;) {
    const editor = editorOf(process.env) ?? DEFAULT_EDITOR;
    const code = await runEditor(editor, file);
    if (code !== 0) {
      fail(
        options,
        'editor',
        `the editor (${editor}) ended with ${code}; nothing is changed. $VISUAL or $EDITOR names another`,
      );
      return null;
    }
    const text = readFileSync(file, 'utf8');
    const parsed = parsePolicy(Buffer.from(text));
    if (parsed.ok) return text;
    print(describePolicyError('policy', parsed.error));
    if (!(await isYes('Edit again? [y/N] '))) {
      process.exitCode = EXIT_FAILED;
      return null;
    }
  }
}

/** The person's own editor, else the system's, where there is a terminal for it; null where there is none. */
function editorOf(environment: NodeJS.ProcessEnv): string | null {
  const named = [environment['VISUAL'], environment['EDITOR']].find(
    (name) => name !== undefined && name.trim() !== '',
  );
  if (named !== undefined) return named;
  return process.stdin.isTTY && process.stdout.isTTY ? DEFAULT_EDITOR : null;
}

function runEditor(editor: string, file: string): Promise<number> {
  // The variable may hold options of the editor; the file's name is this command's own.
  const child = spawn(`${editor} "${file}"`, { shell: true, stdio: 'inherit' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve(status ?? EXIT_FAILED));
  });
}

async function changeRunning(
  desk: DeskClient,
  before: string,
  policy: string,
  options: EditOptions,
): Promise<boolean> {
  let isDone = false;
  await withDesk(options, async () => {
    const act = { kind: 'changePolicy', before, policy };
    const answer = await desk.post<api.ActAnswer>('/api/v1/acts', { act });
    isDone = answer.kind === 'performed';
    if (options.json) return printJson(answer);
    if (isDone) return print('The policy holds from now on.');
    print(
      `This loosens: put it into the page ${await policyPage(desk)} and confirm it there with a passkey, or stop the desk and run this again.`,
    );
    process.exitCode = EXIT_FAILED;
  });
  return isDone;
}

/** Under the name that the passkeys are bound to. */
async function policyPage(desk: DeskClient): Promise<string> {
  const { origin } = await desk.get<api.WayIn>('/api/v1/auth');
  return `${origin}/policy`;
}

/** The desk's policy; null, once that is said, where there is none to be had. `isQuiet`: say nothing. */
async function find(options: CommonOptions, isQuiet = false): Promise<Found | null> {
  const directory = dataDirectory(options.data);
  try {
    const desk = connectDesk(directory);
    const { hash, text, lock, pending } = await desk.get<api.PolicyState>('/api/v1/policy');
    return { desk, hash, text, lock, pending };
  } catch (error) {
    if (!(error instanceof DeskClientError)) throw error;
    if (error.code !== 'not_running') {
      if (!isQuiet) fail(options, error.code, error.message);
      return null;
    }
  }
  const { signer } = deskFiles(directory);
  if (!existsSync(signer)) {
    const message = `there is no desk in ${directory}; name its directory with --data DIR`;
    if (!isQuiet) fail(options, 'nothing', message);
    return null;
  }
  const file = join(signer, 'policy');
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const parsed = parsePolicy(Buffer.from(text));
  const hash = parsed.ok ? parsed.policy.hash : 'none';
  return { desk: null, hash, text, lock: null, pending: null };
}

async function isMeant(options: EditOptions): Promise<boolean> {
  if (options.yes || options.json) return true;
  return isYes('Change it? [y/N] ');
}

/** A person's yes; without a terminal nobody can give one. */
async function isYes(question: string): Promise<boolean> {
  if (!process.stdin.isTTY) return false;
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await lines.question(question));
  } finally {
    lines.close();
  }
}

function wordsOf(parsed: Extract<ParsedPolicy, { ok: true }>): readonly string[] {
  const { connections } = overviewOf(parsed.policy);
  if (connections.length === 0) return ['No connection may do anything.'];
  return connections.flatMap((connection) => connectionWords(plain(connection)));
}

/** The signer's readonly data in the shape that the API has them in. */
function plain<T>(value: T): Writable<T> {
  return structuredClone(value) as Writable<T>;
}

type Writable<T> = T extends readonly (infer E)[]
  ? Writable<E>[]
  : T extends object
    ? { -readonly [K in keyof T]: Writable<T[K]> }
    : T;

function fail(
  options: { readonly json: boolean },
  code: string,
  message: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  reportFailure({ code, message, ...more }, options.json);
}
