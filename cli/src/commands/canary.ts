// SPDX-License-Identifier: Apache-2.0
// `kontor canary`: false secrets to be stolen. The scanner knows them again wherever they turn up, and what became of
// them where they lie can be looked at.

import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { api } from '@kontor/server';
import { Command, InvalidArgumentError, Option } from 'commander';
import { asOwner } from '../as-owner.ts';
import {
  disguiseOf,
  dropRow,
  hasRow,
  writeBackup,
  writeEnv,
  writeLog,
  writeRow,
  type Bait,
} from '../canary/decoys.ts';
import {
  DECOY_FORMS,
  fateOf,
  fileOf,
  readDecoys,
  writeDecoys,
  type Decoy,
  type DecoyForm,
} from '../canary/register.ts';
import {
  EXIT_FAILED,
  EXIT_USAGE,
  printJson,
  reportFailure,
  textTable,
  withExitCodes,
} from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { connectDesk, DeskClientError } from '../desk-client.ts';
import { print } from '../desk-command.ts';
import { deskFiles, lockPart, readJson } from '../desk-files.ts';
import { askSecret } from '../passphrase.ts';
import { STRING_CANARIES, stringCanary } from '../scan/string-canaries.ts';
import { sealIn } from './connect.ts';
import { runVerb } from './vault-verb.ts';

const KEY_BYTES = 32;
const EVERY_SECONDS_MAX = 86_400;

interface CanaryOptions {
  readonly key: string;
  readonly data?: string;
  readonly json: boolean;
}

interface PlantOptions extends CanaryOptions {
  readonly as: DecoyForm;
  readonly slot?: number;
  readonly apiKey?: string;
  readonly name?: string;
  readonly venue: string;
}

interface DropOptions extends CanaryOptions {
  readonly unlockFile?: string;
}

interface Fate {
  readonly decoy: Decoy;
  /** What became of it: '' where nothing did; null where that cannot be seen now. */
  readonly fate: string | null;
}

/** A decoy cannot be planted, looked at or taken away; the message says why. */
class CanaryError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'CanaryError';
    this.code = code;
  }
}

export function canaryCommand(): Command {
  return withExitCodes(new Command('canary'))
    .description('false secrets to be stolen: plant them, see what became of them, take them away')
    .addHelpText('after', '\nExample:\n  kontor canary plant .env.old --key patterns.key')
    .addCommand(
      part('plant')
        .description('leave a decoy: a key that opens nothing, in a form that a thief looks for')
        .argument('[file]', 'where a thief would look; must not exist (not for store and vault)')
        .addOption(
          new Option(
            '--as <form>',
            'env: settings; backup: an old age file with its identity beside it; log: lines of a log, for scans to find; store: a row in the stopped desk; vault: an entry in the running desk',
          )
            .choices(DECOY_FORMS)
            .default('env'),
        )
        .option(
          '--slot <n>',
          `which canary, 0 to ${STRING_CANARIES - 1} (default: the next that lies nowhere)`,
          slotNumber,
        )
        .option('--api-key <key>', 'the key of a canary account instead; its secret is asked for')
        .option(
          '--name <name>',
          'of a row or an entry of the vault (default: a common one); with --api-key the connection of that account',
        )
        .option('--venue <venue>', 'of an entry of the vault', 'binance')
        .addHelpText(
          'after',
          '\nWhere it lies is noted in FILE.canaries beside the key FILE: keep both off the desk.\n\nExamples:\n  kontor canary plant /srv/old-bot/.env --key patterns.key\n  kontor canary plant --as vault --key patterns.key',
        )
        .action((file: string | undefined, options: PlantOptions) =>
          reporting(options, () => plant(file, options)),
        ),
    )
    .addCommand(
      part('list')
        .description('the decoys that were planted')
        .addHelpText('after', '\nExample:\n  kontor canary list --key patterns.key')
        .action((options: CanaryOptions) => reporting(options, () => list(options))),
    )
    .addCommand(
      part('watch')
        .description(
          'whether decoys were read, changed or taken away, and canary accounts used; exit code 1 when one was',
        )
        .option('--every <seconds>', 'go on looking, and say what happens', everySeconds)
        .addHelpText(
          'after',
          '\nReading is seen where the file system keeps times of reading (mounted without noatime).\n\nExample:\n  kontor canary watch --key patterns.key --every 10',
        )
        .action((options: CanaryOptions & { readonly every?: number }) =>
          reporting(options, () => watch(options)),
        ),
    )
    .addCommand(
      part('drop')
        .description('take a decoy away; that of the store and the vault while the desk is stopped')
        .argument('<decoy>', 'its slot, file or name, as canary list shows it')
        .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory')
        .addHelpText('after', '\nExample:\n  kontor canary drop 3 --key patterns.key')
        .action((which: string, options: DropOptions) =>
          reporting(options, () => drop(which, options)),
        ),
    );
}

function part(name: string): Command {
  return withExitCodes(new Command(name))
    .requiredOption('--key <file>', 'the key of the scanner, as `kontor vault patterns` made it')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document', false);
}

async function reporting(options: CanaryOptions, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    reportFailure({ code: String(error.code), message: error.message }, options.json);
  }
}

async function plant(file: string | undefined, options: PlantOptions): Promise<void> {
  const isFile = options.as !== 'store' && options.as !== 'vault';
  if (isFile !== (file !== undefined)) {
    const message = isFile
      ? `expected a file to write with --as ${options.as}, found none`
      : `expected no file with --as ${options.as}, found ${file}`;
    reportFailure({ code: 'usage', message }, options.json);
    process.exitCode = EXIT_USAGE;
    return;
  }
  if (options.apiKey !== undefined && options.name === undefined) {
    // What it is called shows where a thief looks: a name that says canary is none to give by default.
    const message =
      'expected --name with --api-key: what the connection of that account is called, as people call theirs';
    reportFailure({ code: 'usage', message }, options.json);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const key = readKey(options.key);
  const decoys = readDecoys(options.key);
  const slot = options.apiKey === undefined ? (options.slot ?? freeSlot(decoys)) : null;
  const bait = slot === null ? await ownBait(options.apiKey ?? '') : stringCanary(key, slot);
  const name = options.name ?? disguiseOf(slot ?? 0);
  const planted = { slot, form: options.as, plantedAt: new Date().toISOString() };
  const decoy: Decoy = { ...planted, ...(await lay(file, { name, bait, options })) };
  writeDecoys(options.key, [...decoys, decoy]);
  if (options.json) return printJson(decoy);
  const what = slot === null ? 'the key of your canary account' : `string canary ${slot}`;
  const worth =
    slot === null
      ? 'A desk that has it as a connection with --canary raises an alarm when it is used.'
      : 'It opens nothing; kontor scan names it wherever it turns up.';
  print(`${placeOf(decoy)} holds ${what}. ${worth}`);
  if (decoy.files.length > 1) print(`What opens it lies beside it: ${decoy.files[1]?.path ?? ''}`);
}

async function lay(
  file: string | undefined,
  {
    name,
    bait,
    options,
  }: { readonly name: string; readonly bait: Bait; readonly options: PlantOptions },
): Promise<Pick<Decoy, 'place' | 'name' | 'files'>> {
  const directory = dataDirectory(options.data);
  if (file === undefined) {
    if (options.as === 'vault') {
      const connection = {
        ...{ name, venue: options.venue, keyKind: 'hmac-sha256' },
        ...(options.apiKey !== undefined && { isCanary: true }),
      };
      const desk = connectDesk(directory);
      const made = await sealIn(desk, Buffer.from(bait.secret), connection, {
        ...options,
        json: true,
      });
      if (options.apiKey !== undefined)
        await desk.put(`/api/v1/connections/${made.id}/api-key`, { apiKey: bait.apiKey });
      return { place: directory, name, files: [] };
    }
    const store = whileStopped(directory, (path) => {
      if (hasRow(path, name))
        throw new CanaryError(
          'exists',
          `a row named ${name} is there already; take another --name`,
        );
      writeRow(path, name, bait);
      return path;
    });
    return { place: store, name, files: [] };
  }
  const path = resolve(file);
  // A scan finds the key of a canary account under the name of its connection.
  const fileName = options.apiKey === undefined ? '' : name;
  if (existsSync(path)) throw new CanaryError('exists', `${path} exists already; name a new file`);
  if (options.as === 'backup') {
    const files = writeBackup(path, bait);
    return { place: path, name: fileName, files: files.map(fileOf) };
  }
  if (options.as === 'log') writeLog(path, bait);
  else writeEnv(path, bait);
  return { place: path, name: fileName, files: [fileOf(path)] };
}

/** Works on the store of a desk that does not run. */
function whileStopped<T>(directory: string, work: (store: string) => T): T {
  const files = deskFiles(directory);
  const store = join(files.server, 'desk.db');
  if (!existsSync(store))
    throw new CanaryError(
      'nothing',
      `there is no desk in ${directory}; name its directory with --data DIR`,
    );
  const lock = lockPart(files, files.run, 'kontor canary');
  try {
    return asOwner(files.server, () => work(store));
  } finally {
    lock.release();
  }
}

async function ownBait(apiKey: string): Promise<Bait> {
  const secret = await askSecret('Secret of the canary account: ');
  if (secret === null)
    throw new CanaryError('no_secret', 'expected a secret, found none; type it or pipe it in');
  try {
    return { apiKey, secret: secret.toString('latin1') };
  } finally {
    secret.fill(0);
  }
}

async function list(options: CanaryOptions): Promise<void> {
  readKey(options.key);
  const decoys = readDecoys(options.key);
  if (options.json) return printJson(decoys);
  if (decoys.length === 0) return print('No decoy was planted with this key.');
  print(
    textTable(
      decoys.map((decoy) => [
        decoy.slot === null ? 'own' : String(decoy.slot),
        decoy.form,
        decoy.plantedAt.slice(0, 10),
        placeOf(decoy),
      ]),
      4,
    ),
  );
}

async function watch(options: CanaryOptions & { readonly every?: number }): Promise<void> {
  readKey(options.key);
  const before = new Map<string, string | null>();
  for (;;) {
    const fates = await fatesOf(readDecoys(options.key));
    const alarms = await usedAccounts(options);
    const touched = [...fates.filter(({ fate }) => fate !== null && fate !== '')];
    if (touched.length + alarms.length > 0) process.exitCode = EXIT_FAILED;
    if (options.every === undefined) {
      if (options.json) return printJson({ decoys: fates.map(toDocument), alarms });
      for (const each of fates) print(fateText(each));
      for (const alarm of alarms) print(alarm);
      if (fates.length + alarms.length === 0) print('No decoy was planted with this key.');
      return;
    }
    const said = [
      ...fates.map((each): [string, string | null] => [fateText(each), each.fate]),
      ...alarms.map((alarm): [string, string] => [alarm, alarm]),
    ];
    for (const [text, fate] of said) {
      if (before.has(text)) continue;
      before.set(text, fate);
      print(`${new Date().toISOString()} ${text}`);
    }
    await delay(options.every * 1_000);
  }
}

async function fatesOf(decoys: readonly Decoy[]): Promise<readonly Fate[]> {
  return decoys.map((decoy) => {
    if (decoy.form === 'vault') return { decoy, fate: entryFate(decoy) };
    if (decoy.form === 'store') return { decoy, fate: rowFate(decoy) };
    const fates = decoy.files.map((file) => ({ file, fate: fateOf(file) }));
    const [first] = fates.filter(({ fate }) => fate !== '');
    if (first === undefined) return { decoy, fate: '' };
    return {
      decoy,
      fate: first.file.path === decoy.place ? first.fate : `${first.fate}: ${first.file.path}`,
    };
  });
}

/** The signer's list of connections is no secret. */
function entryFate({ place, name }: Decoy): string | null {
  const path = join(deskFiles(place).signer, 'connections');
  try {
    // Written by the signer of this repository and this version.
    const file = readJson(path) as
      { readonly connections: readonly { readonly name: string }[] } | undefined;
    if (file === undefined) return 'is gone';
    return file.connections.some((one) => one.name === name) ? '' : 'is gone';
  } catch {
    return null;
  }
}

/** While a desk runs, nobody else looks into its store. */
function rowFate({ place, name }: Decoy): string | null {
  if (!existsSync(place)) return 'is gone';
  try {
    return hasRow(place, name) ? '' : 'is gone';
  } catch {
    return null;
  }
}

/** What a running desk tells of canary accounts; nothing where none runs. */
async function usedAccounts(options: CanaryOptions): Promise<readonly string[]> {
  try {
    const desk = connectDesk(dataDirectory(options.data));
    const { alarms } = await desk.get<api.Alarms>('/api/v1/alarms?limit=500');
    return alarms
      .filter(({ kind, acknowledgedAt }) => kind === 'canaryUsed' && acknowledgedAt === null)
      .map(({ sentence }) => sentence);
  } catch (error) {
    if (error instanceof DeskClientError) return [];
    throw error;
  }
}

async function drop(which: string, options: DropOptions): Promise<void> {
  readKey(options.key);
  const decoys = readDecoys(options.key);
  const found = decoys.filter(
    ({ slot, place, name }) =>
      String(slot) === which || place === resolve(which) || (name !== '' && name === which),
  );
  const [decoy] = found;
  if (decoy === undefined || found.length > 1) {
    const message = `expected one decoy ${which}, found ${found.length === 0 ? 'none' : 'several; name its file'}`;
    throw new CanaryError('nothing', message);
  }
  if (decoy.form === 'vault' && entryFate(decoy) === 'is gone') {
    // Retired by hand: there is nothing left to take away but the note of it.
  } else if (decoy.form === 'vault') {
    const { unlockFile } = options;
    await runVerb(
      { data: decoy.place, ...(unlockFile !== undefined && { unlockFile }) },
      { words: ['retire', decoy.name] },
    );
    if (process.exitCode !== undefined && process.exitCode !== 0) return;
  } else if (decoy.form === 'store') {
    const directory = resolve(decoy.place, '..', '..');
    whileStopped(directory, (store) => dropRow(store, decoy.name));
  } else {
    const changed = decoy.files.find(
      (file) => existsSync(file.path) && fateOf(file) === 'was changed',
    );
    if (changed !== undefined) {
      const message = `${changed.path} is not what was planted: look at it, and remove it yourself`;
      throw new CanaryError('changed', message);
    }
    for (const { path } of decoy.files) rmSync(path, { force: true });
  }
  writeDecoys(
    options.key,
    decoys.filter((one) => one !== decoy),
  );
  if (options.json) printJson(decoy);
  else print(`${placeOf(decoy)} is taken away.`);
}

function readKey(path: string): Buffer {
  if (!existsSync(path) || !statSync(path).isFile()) {
    throw new CanaryError(
      'nothing',
      `--key: expected a file, found nothing at ${resolve(path)}; kontor vault patterns FILE --key ${path} makes one`,
    );
  }
  const key = readFileSync(path);
  if (key.length === KEY_BYTES) return key;
  const message = `${path}: expected a key of ${KEY_BYTES} bytes, found ${key.length}`;
  throw new CanaryError('key', message);
}

function freeSlot(decoys: readonly Decoy[]): number {
  const taken = new Set(decoys.map(({ slot }) => slot));
  const slot = Array.from({ length: STRING_CANARIES }, (_, each) => each).find(
    (each) => !taken.has(each),
  );
  if (slot === undefined) {
    const message = `all ${STRING_CANARIES} canaries of this key are planted; drop one, or name one twice with --slot`;
    throw new CanaryError('full', message);
  }
  return slot;
}

function placeOf({ form, place, name }: Decoy): string {
  if (form === 'vault') return `the entry ${name} in the vault of ${place}`;
  return form === 'store' ? `the row ${name} of ${place}` : place;
}

function fateText({ decoy, fate }: Fate): string {
  const text =
    fate === null
      ? 'cannot be looked at while the desk runs'
      : fate === ''
        ? 'lies as it was left'
        : fate;
  return `${placeOf(decoy)} ${text}`;
}

function toDocument({ decoy, fate }: Fate): Decoy & { readonly fate: string | null } {
  return { ...decoy, fate };
}

function slotNumber(text: string): number {
  const slot = Number(text);
  if (!/^\d{1,2}$/.test(text) || slot >= STRING_CANARIES)
    throw new InvalidArgumentError(`expected 0 to ${STRING_CANARIES - 1}, found ${text}.`);
  return slot;
}

function everySeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d{1,5}$/.test(text) || seconds < 1 || seconds > EVERY_SECONDS_MAX)
    throw new InvalidArgumentError(`expected 1 to ${EVERY_SECONDS_MAX} seconds, found ${text}.`);
  return seconds;
}
