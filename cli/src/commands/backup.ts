// SPDX-License-Identifier: Apache-2.0
// `kontor backup` and `kontor restore`: a desk in one file, taken while it runs.
//
// The file holds the store, the demo exchange's state, the signer's policy and record, whose word on the log counts, the log's
// dates, committed edge logs, the cases with their evidence, by whom exchanges are known, and the imported candles. It holds no
// key: a key that can be copied can leak. After a restore the signer makes a new one, unless the keys come back by
// `kontor vault restore` first.

import { once } from 'node:events';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  createWriteStream,
  existsSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { geteuid } from 'node:process';
import { pipeline } from 'node:stream/promises';
import { PinStore, PinStoreError } from '@kontor/egress/pins';
import { Store, StoreError } from '@kontor/server';
import { Command } from 'commander';
import { create, extract, list } from 'tar';
import { printJson, reportFailure, withExitCodes } from '../command-output.ts';
import { asOwner } from '../as-owner.ts';
import { noteBackup } from '../backup-times.ts';
import { dataDirectory } from '../data-directory.ts';
import { connectDesk, DeskClientError } from '../desk-client.ts';
import {
  deskFiles,
  DeskFilesError,
  lockDirectory,
  makeDirectories,
  putDeskAside,
  type DeskFiles,
} from '../desk-files.ts';
import { printable } from '../printable.ts';

interface BackupOptions {
  readonly data?: string;
  readonly json: boolean;
}

interface RestoreOptions extends BackupOptions {
  readonly fresh: boolean;
}

/** What a backup may hold, relative to the data directory; anything else in the file is refused. */
const STORE = 'server/desk.db';
/** Who may vouch for the exchanges, as this desk has met them. */
const PINS = 'egress/pins.json';
const PARTS = [
  'desk.json',
  'simulator/state.json',
  'signer/policy',
  'signer/intents.log',
  'candles',
  'edge-logs',
  'trust/witnesses.json',
  'trust/anchors.json',
  'witness/anchors',
  'cases',
  PINS,
];
/** Where lists of whom the owner trusts lie in backups of earlier versions, and where they go. */
const FORMER_PARTS: Readonly<Record<string, string>> = {
  'witness/witnesses.json': 'trust/witnesses.json',
  'witness/anchors.json': 'trust/anchors.json',
};
/** What is left out is named up to so many. */
const LEFT_OUT_NAMED = 10;
/** What is held in memory at a time of a store that is copied. */
const COPIED_BYTES = 1_048_576;
/** Parts that are folders: what lies in them has plain names and is not deep. */
const FOLDERS: readonly string[] = ['candles', 'edge-logs', 'witness/anchors', 'cases'];
const WITHIN = /^(?:\/[\w-][\w.-]{0,120}){1,3}$/;
/** A batch of an edge log is a tree of tiles, as the log is: `<batch>/tile/entries/x001/234.p/5`. */
const WITHIN_TREE = /^(?:\/[\w-][\w.-]{0,120}){1,8}$/;

/** The backup cannot be taken or used; nothing was changed. */
class BackupError extends Error {
  readonly code: 'exists' | 'nothing' | 'unwritable' | 'notABackup' | 'damaged' | 'occupied';

  constructor(code: BackupError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }
}

export function backupCommand(): Command {
  return withExitCodes(new Command('backup'))
    .description('write the desk into one file, also while it runs; keys are never in it')
    .argument('<file>', 'where to write, e.g. kontor.tar.gz; must not exist')
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  kontor backup kontor-2026-11-22.tar.gz')
    .action((file: string, options: BackupOptions) =>
      reportingFailures(options.json, async () => {
        const files = deskFiles(dataDirectory(options.data));
        const { parts, leftOut } = await backUp(files, resolve(file));
        noteBackup(files, 'desk');
        if (leftOut.length > 0) process.stderr.write(leftOutText(leftOut));
        if (options.json) printJson({ file: resolve(file), parts, leftOut });
        else process.stdout.write(`${resolve(file)} holds ${parts.join(', ')}; no key is in it.\n`);
      }),
    );
}

export function restoreCommand(): Command {
  return withExitCodes(new Command('restore'))
    .description('put a desk back from a backup; it must not be running')
    .argument('<file>', 'a file that `kontor backup` wrote')
    .option(
      '--data <dir>',
      'data directory to restore into (default: $KONTOR_DATA, else ~/.kontor)',
    )
    .option('--fresh', 'put the desk that lies there aside first', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  kontor restore kontor-2026-11-22.tar.gz --data ./restored')
    .action((file: string, options: RestoreOptions) =>
      reportingFailures(options.json, async () => {
        const files = deskFiles(dataDirectory(options.data));
        const { parts, aside } = await restore(files, resolve(file), options.fresh);
        if (options.json) printJson({ data: files.directory, parts, aside });
        else {
          if (aside !== null) process.stdout.write(`The desk that was here is now in ${aside}\n`);
          process.stdout.write(
            `Restored ${parts.join(', ')} into ${files.directory}. No key is in a backup: put them back with kontor vault restore before you start, or the signer makes a new one.\n`,
          );
          if (parts.includes('signer/policy')) {
            process.stdout.write(
              `Read ${join(files.signer, 'policy')} before you start: it says what may be signed, and it came from the backup.\n`,
            );
          }
          if (parts.includes(PINS)) {
            process.stdout.write(
              'Look at kontor connect pins list before you start: by whom the exchanges are known came from the backup, too.\n',
            );
          }
        }
      }),
    );
}

/** What was taken, and what lies in the desk's folders and belongs in no backup. */
interface Taken {
  readonly parts: readonly string[];
  readonly leftOut: readonly string[];
}

async function backUp(files: DeskFiles, target: string): Promise<Taken> {
  if (existsSync(target))
    throw new BackupError('exists', `${target} exists already; name a new file`);
  if (!existsSync(join(files.directory, STORE))) {
    throw new BackupError(
      'nothing',
      `there is no desk in ${files.directory}; name its directory with --data DIR`,
    );
  }
  const work = makeWorkFolder(files);
  try {
    mkdirSync(join(work, dirname(STORE)));
    await copyStore(files, join(work, STORE));
    const parts = [STORE];
    const leftOut: string[] = [];
    for (const part of PARTS) {
      const source = join(files.directory, part);
      if (!existsSync(source)) continue;
      mkdirSync(dirname(join(work, part)), { recursive: true });
      // Each process may have put anything into its own folder, and it may be root who takes it.
      if (part === PINS) copyPins(source, join(work, part));
      else if (!FOLDERS.includes(part)) copyPlain(source, join(work, part));
      else leftOut.push(...takeFolder(files, part, work));
      if (existsSync(join(work, part))) parts.push(part);
    }
    forgetSessions(join(work, STORE));
    try {
      await pack(work, parts, target);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new BackupError('unwritable', `${target} cannot be written: ${reason}`, {
        cause: error,
      });
    }
    return { parts, leftOut };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Copies a folder of the desk into `work`: plain files and folders by names that a restore takes. Returns the rest. One link
 * or one odd name among them would make the whole backup useless, and that would show only when it is needed.
 */
function takeFolder({ directory }: DeskFiles, part: string, work: string): readonly string[] {
  // Its own user could put a link anywhere below at any moment: root looks for files as that user.
  const [top = part] = part.split('/');
  const owner = join(directory, top);
  const source = join(directory, part);
  if (!lstatSync(source).isDirectory()) return [part];
  const leftOut: string[] = [];
  const take = (within: string): void => {
    const entries = asOwner(owner, () =>
      readdirSync(`${source}${within}`, { withFileTypes: true }),
    );
    mkdirSync(join(work, `${part}${within}`), { recursive: true });
    for (const entry of entries) {
      const path = `${within}/${entry.name}`;
      if (!isWithinFolder(part, path)) leftOut.push(`${part}${path}`);
      else if (entry.isDirectory()) take(path);
      else if (!entry.isFile()) leftOut.push(`${part}${path}`);
      else copyPlain(`${source}${path}`, join(work, `${part}${path}`), owner);
    }
  };
  take('');
  return leftOut;
}

function isWithinFolder(folder: string, path: string): boolean {
  return (folder === 'edge-logs' ? WITHIN_TREE : WITHIN).test(path);
}

function leftOutText(leftOut: readonly string[]): string {
  const named = leftOut.slice(0, LEFT_OUT_NAMED).map(printable).join(', ');
  const more = leftOut.length - LEFT_OUT_NAMED;
  return `Left out, since Kontor puts nothing like it there and no restore takes it: ${named}${more > 0 ? ` and ${more} more` : ''}. Look at what put it there.\n`;
}

/** Only ever into a new file: where the backup goes others may write too, and it may be root who makes it. */
async function pack(work: string, parts: readonly string[], target: string): Promise<void> {
  const draft = `${target}.new`;
  const output = createWriteStream(draft, { flags: 'wx', mode: 0o600, flush: true });
  try {
    await once(output, 'open');
    await pipeline(create({ cwd: work, gzip: true, portable: true }, [...parts]), output);
    renameSync(draft, target);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      rmSync(draft, { force: true });
    throw error;
  }
}

function makeWorkFolder({ directory }: DeskFiles): string {
  try {
    return mkdtempSync(join(directory, 'backup-'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new BackupError(
      'unwritable',
      `expected to run as a user who may write in ${directory}, root where the processes have users of their own: ${reason}`,
      { cause: error },
    );
  }
}

/** A consistent copy: made by the desk while it runs, else from its file. */
async function copyStore(files: DeskFiles, target: string): Promise<void> {
  try {
    const { file } = await connectDesk(files.directory).post<{ readonly file: string }>(
      '/api/v1/backups',
    );
    takeCopy(files, file, target);
  } catch (error) {
    if (!(error instanceof DeskClientError) || error.code !== 'not_running') throw error;
    const store = new Store(join(files.directory, STORE));
    try {
      store.copyTo(target);
    } finally {
      store.close();
    }
  }
}

/** Of the desk's answer the name alone counts: it may be root who takes the file away, and the desk may be taken over. */
function takeCopy({ run }: DeskFiles, said: string, target: string): void {
  const name = basename(said);
  if (/^backup-[0-9a-f-]{36}\.db$/.test(name)) {
    moveFile(join(run, name), target);
    if (lstatSync(target).isFile()) return;
  }
  throw new BackupError(
    'damaged',
    `expected the desk to name a copy of its store in ${run}, found ${said}`,
  );
}

/** Also where each folder is a volume of its own. Of another file system only a plain file is taken, through no link. */
function moveFile(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EXDEV')) throw error;
    copyPlain(from, to);
    rmSync(from);
  }
}

/** `owner`: the folder in which `from` lies and as whose user root opens it. Copies nothing where nothing is any more. */
function copyPlain(from: string, to: string, owner = dirname(from)): void {
  let input: number;
  try {
    input = asOwner(owner, () =>
      openSync(from, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    const { code } = error;
    // What a running desk puts whole lies under another name for a moment.
    if (code === 'ENOENT') return;
    const words =
      code === 'EACCES'
        ? 'expected a file that the owner of its folder may read'
        : 'expected a plain file, found something else';
    throw new BackupError('damaged', `${from}: ${words} (${String(code)})`, { cause: error });
  }
  try {
    if (!fstatSync(input).isFile())
      throw new BackupError('damaged', `${from}: expected a plain file, found something else`);
    const output = openSync(to, 'wx', 0o600);
    try {
      const part = Buffer.alloc(COPIED_BYTES);
      for (let read = readSync(input, part); read > 0; read = readSync(input, part))
        for (let written = 0; written < read;)
          written += writeSync(output, part, written, read - written);
    } finally {
      closeSync(output);
    }
  } finally {
    closeSync(input);
  }
}

async function restore(
  files: DeskFiles,
  source: string,
  isFresh: boolean,
): Promise<{ readonly parts: readonly string[]; readonly aside: string | null }> {
  if (!existsSync(source))
    throw new BackupError('notABackup', `expected a backup at ${source}, found nothing`);
  await checkEntries(source);
  checkOwners(files.directory);
  makeDirectories(files);
  const lock = lockDirectory(files, 'kontor restore');
  const work = mkdtempSync(join(files.directory, 'restore-'));
  try {
    await extract({ cwd: work, file: source, strict: true, preserveOwner: false });
    checkStore(join(work, STORE));
    forgetSessions(join(work, STORE));
    const pins = new PinStore(join(work, dirname(PINS))).pins;
    const here = new PinStore(files.egress);
    // What is damaged here must show before anything is put aside.
    void here.pins;
    if (!isFresh && existsSync(join(files.directory, STORE))) {
      throw new BackupError(
        'occupied',
        `a desk lies in ${files.directory}; put it aside with --fresh, or choose another directory with --data DIR`,
      );
    }
    const aside = putDeskAside(files, new Date());
    makeDirectories(files);
    renameFormer(work);
    const parts = [STORE, ...PARTS].filter((part) => existsSync(join(work, part)));
    for (const part of parts) {
      // Folders outlive desks, and cases are evidence: restored files join those that are there.
      if (FOLDERS.includes(part)) mergeFolder(join(work, part), join(files.directory, part));
      else if (part === PINS) mergePins(pins, here);
      else {
        // Of the folder with the lists the server's group may read, where the server has a user of its own.
        chmodSync(join(work, part), part.startsWith('trust/') ? 0o640 : 0o600);
        mkdirSync(dirname(join(files.directory, part)), { recursive: true, mode: 0o700 });
        renameSync(join(work, part), join(files.directory, part));
      }
    }
    return { parts, aside };
  } finally {
    rmSync(work, { recursive: true, force: true });
    lock.release();
  }
}

/** Of what lies there only a plain file that holds pins is taken. */
function copyPins(from: string, to: string): void {
  copyPlain(from, to);
  // Throws where it holds anything else.
  void new PinStore(dirname(to)).pins;
}

/** By whom a host is known here, perhaps by a person's decision since the backup, stays; others join. */
function mergePins(restored: PinStore['pins'], store: PinStore): void {
  const known = store.pins;
  for (const [host, pins] of restored) if (!known.has(host)) store.putPins(host, pins);
}

/** A list that a backup has in both places counts as the newer version wrote it. */
function renameFormer(work: string): void {
  for (const [former, part] of Object.entries(FORMER_PARTS)) {
    if (!existsSync(join(work, former)) || existsSync(join(work, part))) continue;
    mkdirSync(dirname(join(work, part)), { recursive: true });
    renameSync(join(work, former), join(work, part));
  }
}

/**
 * Who restores writes into every folder of a desk: into one of another user's he would follow whatever links that user
 * put there, and leave files behind that the user cannot read.
 */
function checkOwners(directory: string): void {
  if (!existsSync(directory)) return;
  const own = geteuid?.();
  const folders = readdirSync(directory).map((name) => join(directory, name));
  for (const path of [directory, ...folders]) {
    const { uid } = lstatSync(path);
    if (own === undefined || uid === own) continue;
    throw new BackupError(
      'occupied',
      `${path}: expected what belongs to user ${own}, who restores, found user ${uid}; ` +
        'restore into a new directory with --data DIR, and give its folders their owners afterwards',
    );
  }
}

/** Every entry must be one that a backup holds: no path leads elsewhere, no link, nothing unknown. */
async function checkEntries(source: string): Promise<void> {
  const wrong: string[] = [];
  let count = 0;
  try {
    await list({
      file: source,
      strict: true,
      onReadEntry(entry) {
        count += 1;
        const path = entry.path.replace(/\/$/, '');
        const isFolder = FOLDERS.includes(path);
        const isWithin = FOLDERS.some(
          (folder) =>
            path.startsWith(`${folder}/`) && isWithinFolder(folder, path.slice(folder.length)),
        );
        const isFile =
          isWithin ||
          path === STORE ||
          Object.hasOwn(FORMER_PARTS, path) ||
          (PARTS.includes(path) && !isFolder);
        const isKnown =
          entry.type === 'Directory' ? isFolder || isWithin : entry.type === 'File' && isFile;
        if (!isKnown) wrong.push(path);
      },
    });
  } catch (error) {
    throw new BackupError(
      'damaged',
      `${source} cannot be read as a backup: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
  if (count === 0)
    throw new BackupError('notABackup', `${source} holds nothing that \`kontor backup\` wrote`);
  if (wrong.length > 0) {
    throw new BackupError(
      'notABackup',
      `${source} is no backup of Kontor: it holds ${wrong.slice(0, 3).join(', ')}`,
    );
  }
}

/** A session is for one browser on one desk; it does not travel. */
function forgetSessions(file: string): void {
  const store = new Store(file);
  try {
    store.run('DELETE FROM sessions');
    // What was spent or taken back since the backup must not be good again.
    store.run('DELETE FROM invitations');
    store.run('DELETE FROM recovery_codes');
  } finally {
    store.close();
  }
}

function checkStore(file: string): void {
  if (!existsSync(file)) throw new BackupError('notABackup', 'the backup holds no store');
  const store = new Store(file);
  try {
    const verdict = store.integrity();
    const strange = store.get(
      "SELECT name FROM sqlite_schema WHERE type NOT IN ('table', 'index')",
    );
    if (strange !== undefined) {
      throw new BackupError(
        'notABackup',
        `the store in the backup holds ${String(strange['name'])}, which no desk makes`,
      );
    }
    if (verdict !== 'ok')
      throw new BackupError('damaged', `the store in the backup is damaged: ${verdict}`);
  } finally {
    store.close();
  }
}

/** What is there already stays as it is; what is new is readable by its owner only, whatever the backup said. */
function mergeFolder(from: string, into: string): void {
  mkdirSync(into, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(into, name)];
    if (statSync(source).isDirectory()) mergeFolder(source, target);
    else if (!existsSync(target)) {
      copyFileSync(source, target);
      chmodSync(target, 0o600);
    }
  }
}

async function reportingFailures(isJson: boolean, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    const isKnown =
      error instanceof BackupError ||
      error instanceof DeskFilesError ||
      error instanceof DeskClientError ||
      error instanceof PinStoreError ||
      error instanceof StoreError;
    if (!isKnown) throw error;
    reportFailure({ code: error.code, message: error.message }, isJson);
  }
}
