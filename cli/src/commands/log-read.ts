// SPDX-License-Identifier: Apache-2.0
// `kontor log show`, `prove`, `verify`, `audit` and `reopen`: what the log says, and whether it is what was signed. All but the last
// only read, while the desk runs or on a copy of the log's folder.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import {
  auditLog,
  checkOpening,
  judgeLogEntry,
  parseEntry,
  parseEntryBundle,
  parseProofExtra,
  parseProofFile,
  parseTrustPolicy,
  readTile,
  toNote,
  toVerifierKey,
  treeHasher,
  verifyProofFile,
  type AuditProblem,
  type JsonObject,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { TimeStamp } from '@kontor/server/anchors';
import type { PrivateLine } from '@kontor/signer/log';
import { Command, InvalidArgumentError } from 'commander';
import {
  grouped,
  printJson,
  ProgressLine,
  reportFailure,
  shortened,
  withExitCodes,
} from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskFiles } from '../desk-files.ts';
import { entryProof } from '../log/entry-proof.ts';
import {
  LogFolderError,
  openLog,
  privateLines,
  privatePath,
  publicEntryAt,
  type OpenLog,
} from '../log/log-folder.ts';
import { earliestAnchor, readCertificates } from '../log/anchored-log.ts';
import { preferWitnessed } from '../log/witnessed-log.ts';
import { printable } from '../printable.ts';
import { runVerb, type VaultOptions } from './vault-verb.ts';

interface LogOptions {
  readonly data?: string;
  readonly json: boolean;
}

interface ShowOptions extends LogOptions {
  readonly from?: number;
  readonly kinds?: readonly string[];
  readonly limit: number;
}

interface ProveOptions extends LogOptions {
  readonly output?: string;
  readonly open: boolean;
  readonly anchored: boolean;
}

interface VerifyOptions {
  readonly ca?: string;
  readonly key?: string;
  readonly policy?: string;
  readonly entry?: string;
  readonly json: boolean;
}

interface AuditOptions extends LogOptions {
  readonly key?: string;
}

const HASHER = treeHasher(nodeCryptography);
const SHOWN_BY_DEFAULT = 50;
/** What a reader's clock may be behind a witness's. */
const SKEW_SECONDS = 300n;
const DETAIL_CHARACTERS_MAX = 160;
/** Fields that `show` prints in columns of their own, or that say nothing to people. */
const NOT_DETAILS = new Set([
  'v',
  't',
  'seq',
  'kind',
  'commit',
  'keyver',
  'policy',
  'request',
  'was',
]);

function logCommandOf(name: string, description: string): Command {
  return withExitCodes(new Command(name))
    .description(description)
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document', false);
}

export function showCommand(): Command {
  return logCommandOf('show', 'what the log says, the newest last')
    .option('--from <index>', 'begin with this entry', wholeNumber)
    .option('--kinds <list>', 'only these kinds, e.g. intent,signed', (text) => text.split(','))
    .option(
      '--limit <n>',
      'at most so many: the last ones, or the first from --from',
      wholeNumber,
      SHOWN_BY_DEFAULT,
    )
    .addHelpText(
      'after',
      '\nWith the signer’s folder at hand entries are shown with what they keep to themselves; else as the public sees them.\n\nExample:\n  kontor log show --kinds intent,refused',
    )
    .action((options: ShowOptions) => reporting(options.json, () => show(options)));
}

export function proveCommand(): Command {
  return logCommandOf('prove', 'write a proof that an entry is in the log')
    .argument('<entry>', 'its number, or the client order ID of an order')
    .option('-o, --output <file>', 'where to write the proof (default: the terminal)')
    .option('--open', 'add what opens the entry, so that its reader sees everything', false)
    .option('--anchored', 'under the first checkpoint with it that an authority has dated', false)
    .addHelpText('after', '\nExample:\n  kontor log prove 1207 --open -o order.tlog-proof')
    .action((entry: string, options: ProveOptions) =>
      reporting(options.json, () => prove(entry, options)),
    );
}

export function verifyCommand(): Command {
  return withExitCodes(new Command('verify'))
    .description(
      'check a proof, without a desk and without a network; exit code 1 if it proves nothing',
    )
    .argument('<file>', 'a proof that `kontor log prove` or the desk’s page wrote')
    .option('--key <vkey>', 'the log’s verifier key, from somebody you trust')
    .option('--policy <file>', 'a tlog-policy instead: logs, witnesses and their quorum')
    .option('--entry <file>', 'the entry, where the proof does not hold it')
    .option('--ca <file>', 'whom to trust for the date that comes along: certificates in PEM')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      '\nExample:\n  kontor log verify order.tlog-proof --key kontor.local/1a2b…+0badf00d+AQ…',
    )
    .action((file: string, options: VerifyOptions, command: Command) => {
      if ((options.key === undefined) === (options.policy === undefined))
        command.error('error: name the log’s key with --key, or a policy with --policy', {
          exitCode: 2,
        });
      return reporting(options.json, () => verify(file, options));
    });
}

export function auditCommand(): Command {
  return logCommandOf(
    'audit',
    'compute the whole log anew and compare it with what was signed; exit code 1 if anything differs',
  )
    .argument('[dir]', 'the log’s folder, or a copy of it (default: that of the desk)')
    .option('--key <vkey>', 'the log’s verifier key (default: the one that lies in the folder)')
    .addHelpText('after', '\nExample:\n  kontor log audit')
    .action((directory: string | undefined, options: AuditOptions) =>
      reporting(options.json, () => audit(directory, options)),
    );
}

export function reopenCommand(): Command {
  return withExitCodes(new Command('reopen'))
    .description(
      'close a log whose history was lost, and go on under its next name; the desk must not be running',
    )
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory')
    .addHelpText(
      'after',
      '\nOnly where the signer says that its log is older than its checkpoint, or that no checkpoint is left. What was lost\nstays lost; the log’s readers are told.\n\nExample:\n  kontor log reopen',
    )
    .action((options: VaultOptions) => runVerb(options, { words: ['reopen-log'] }));
}

// ---- show ----

interface ShownEntry {
  readonly index: number;
  readonly time: string;
  readonly kind: string;
  /** Everything, or what the public sees. */
  readonly isOpen: boolean;
  readonly fields: Readonly<Record<string, unknown>>;
}

async function show(options: ShowOptions): Promise<void> {
  const files = deskFiles(dataDirectory(options.data));
  const path = privatePath(files.signer);
  const { from, kinds, limit } = options;
  const kept: ShownEntry[] = [];
  /** False when nothing more is wanted. */
  const take = (entry: ShownEntry): boolean => {
    if (entry.index < (from ?? 0) || kinds?.includes(entry.kind) === false) return true;
    kept.push(entry);
    if (from === undefined && kept.length > limit) kept.shift();
    return from === undefined || kept.length < limit;
  };
  if (path !== null) {
    for await (const { line } of privateLines(path)) if (!take(shownLine(line))) break;
  } else {
    const log = openLog(files.log, undefined);
    for (let index = BigInt(from ?? 0); index < log.signed.checkpoint.size; index += 1n) {
      if (!take(shownEntry(publicEntryAt(log, index), Number(index)))) break;
    }
  }
  if (options.json) {
    printJson({ isOpen: path !== null, entries: kept });
    return;
  }
  for (const entry of kept) process.stdout.write(`${lineOf(entry)}\n`);
  if (kept.length === 0) process.stdout.write('No such entry.\n');
  if (path === null)
    process.stdout.write(
      'This is the public half: the signer’s own lines are not for this user to read.\n',
    );
}

function shownLine({ sequence, time, kind, fields }: PrivateLine): ShownEntry {
  return { index: sequence, time: timeText(time), kind, isOpen: true, fields };
}

function shownEntry(bytes: Uint8Array, index: number): ShownEntry {
  const entry = parseEntry(bytes);
  if (!entry.ok) throw new LogFolderError('damaged', `entry ${index}: ${entry.reason}`);
  const { t, kind } = entry.value;
  return { index, time: timeText(t), kind, isOpen: false, fields: entry.value };
}

function lineOf({ index, time, kind, fields }: ShownEntry): string {
  const details = Object.entries(fields)
    .filter(([name]) => !NOT_DETAILS.has(name))
    .map(([name, value]) => `${name}=${printable(String(value))}`)
    .join(' ');
  return `${String(index).padStart(7)}  ${time}  ${kind.padEnd(13)} ${shortened(details, DETAIL_CHARACTERS_MAX)}`;
}

function timeText(ms: number): string {
  const date = new Date(ms);
  return Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString();
}

// ---- prove ----

async function prove(named: string, options: ProveOptions): Promise<void> {
  const { output } = options;
  if (output !== undefined && existsSync(output))
    throw new LogFolderError('exists', `${output} exists already; name a new file`);
  const files = deskFiles(dataDirectory(options.data));
  const path = privatePath(files.signer);
  const isNumber = /^(0|[1-9]\d{0,15})$/.test(named);
  if (path === null && (options.open || !isNumber)) {
    throw new LogFolderError(
      'unreadable',
      `${files.signer}: expected the signer’s own lines, which ${options.open ? 'open an entry' : 'tell the number of an order'}, found none that this user may read; ask for an entry by its number, without --open`,
    );
  }
  const line = path === null ? null : await findLine(path, named, isNumber);
  const log = openLog(files.log, undefined);
  const index = line?.sequence ?? Number(named);
  const { size } = log.signed.checkpoint;
  if (BigInt(index) >= size) {
    throw new LogFolderError(
      'not_found',
      `entry ${index} is not under the last checkpoint, of ${size} entries; a running desk signs the next one within seconds`,
    );
  }
  const anchor = options.anchored
    ? await earliestAnchor(log, files.directory, BigInt(index))
    : undefined;
  if (options.anchored && anchor === undefined) {
    throw new LogFolderError(
      'not_found',
      `no authority has dated a tree with entry ${index}; see kontor log anchor status`,
    );
  }
  const best =
    anchor === undefined
      ? preferWitnessed(log, files.directory, BigInt(index))
      : { ...log, signed: anchor.signed };
  const proof = proofOf(best, BigInt(index), options.open ? line : null, anchor?.pair.stamp);
  if (output !== undefined) writeFileSync(output, proof, { flag: 'wx', mode: 0o600 });
  const written = output === undefined ? null : resolve(output);
  if (options.json) {
    printJson({
      index,
      size: Number(best.signed.checkpoint.size),
      origin: log.signed.checkpoint.origin,
      key: toVerifierKey(log.key),
      file: written,
      ...(written === null ? { proof: Buffer.from(proof).toString('utf8') } : {}),
    });
  } else if (written === null) process.stdout.write(proof);
  else {
    process.stdout.write(
      `${written} proves entry ${index} of ${log.signed.checkpoint.origin}. Its reader needs the log’s key:\n  kontor log verify ${output} --key ${toVerifierKey(log.key)}\n`,
    );
  }
}

/** The line with this number, or the intent of the order with this ID. */
async function findLine(path: string, named: string, isNumber: boolean): Promise<PrivateLine> {
  for await (const { line } of privateLines(path)) {
    const { kind, fields, sequence } = line;
    const isOrder = kind === 'intent' && fields['op'] === 'order.place';
    if (isNumber ? sequence === Number(named) : isOrder && fields['clientOrderId'] === named)
      return line;
  }
  throw new LogFolderError(
    'not_found',
    isNumber ? `the log has no entry ${named} yet` : `no order ${named} was ever signed here`,
  );
}

function proofOf(
  log: OpenLog,
  index: bigint,
  opened: PrivateLine | null,
  stamp: Uint8Array | undefined,
): Uint8Array {
  const entry = publicEntryAt(log, index);
  const nonce = opened?.nonce ?? null;
  const fields = Object.fromEntries(
    Object.entries(opened?.fields ?? {}).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, value]],
    ),
  ) satisfies JsonObject;
  const opening = nonce === null ? undefined : { nonce, fields };
  const made = entryProof(log, index, { entry, opening, stamp });
  if (!made.ok) throw new LogFolderError('damaged', `${log.directory}: ${made.reason}`);
  return made.value;
}

// ---- verify ----

async function verify(file: string, options: VerifyOptions): Promise<void> {
  const bytes = readGiven(file);
  const policyBytes =
    options.policy === undefined
      ? Buffer.from(`log ${options.key ?? ''}\nquorum none\n`)
      : readGiven(options.policy);
  const policy = parseTrustPolicy(nodeCryptography, policyBytes);
  if (!policy.ok) throw new LogFolderError('not_signed', `the policy: ${policy.reason}`);
  const parsed = parseProofFile(bytes);
  if (!parsed.ok) throw new LogFolderError('damaged', `${file}: ${parsed.reason}`);
  const extra = parsed.value.extra === undefined ? undefined : parseProofExtra(parsed.value.extra);
  if (extra?.ok === false) throw new LogFolderError('damaged', `${file}: ${extra.reason}`);
  const entry =
    options.entry === undefined ? extra?.value.entry : new Uint8Array(readGiven(options.entry));
  if (entry === undefined) {
    throw new LogFolderError(
      'not_found',
      `${file} does not hold the entry it is about; name it with --entry`,
    );
  }
  const proven = verifyProofFile(nodeCryptography, bytes, entry, {
    policy: policy.value,
    nowSeconds: BigInt(Math.floor(Date.now() / 1_000)),
    skewSeconds: SKEW_SECONDS,
  });
  if (!proven.ok)
    throw new LogFolderError('not_signed', `${file} proves nothing: ${proven.reason}`);
  const opening = options.entry === undefined ? extra?.value.opening : undefined;
  const content = checkOpening(nodeCryptography, { entry, opening });
  if (!content.ok) throw new LogFolderError('damaged', `${file}: ${content.reason}`);
  const { index, signed, cosignatures } = proven.value;
  const { origin, size } = signed.checkpoint;
  const dated = await datedBy(extra?.value.stamp, toNote(signed.note), options.ca);
  const witnesses = cosignatures.map(({ key, timeSeconds }) => ({
    name: key.name,
    time: timeText(Number(timeSeconds) * 1_000),
  }));
  if (options.json) {
    printJson({
      origin,
      index: Number(index),
      size: Number(size),
      entry: content.value,
      opened: opening?.fields ?? null,
      witnesses,
      dated: dated === undefined ? null : { before: timeText(dated.at), by: dated.authority },
    });
    return;
  }
  const shown: ShownEntry = {
    index: Number(index),
    time: timeText(content.value.t),
    kind: content.value.kind,
    isOpen: opening !== undefined,
    fields: content.value,
  };
  const lines = [
    `Entry ${index} is in the log ${origin}, under its checkpoint of ${size} entries.`,
    witnesses.length === 0
      ? 'No witness of the policy has seen that checkpoint: it is the log’s word alone.'
      : `Seen by ${witnesses.map(({ name, time }) => `${name} at ${time}`).join(', ')}.`,
    ...(dated === undefined
      ? []
      : [`It existed before ${timeText(dated.at)}, says ${dated.authority}.`]),
    ...(extra?.value.stamp !== undefined && options.ca === undefined
      ? ['A date comes along; whether it is right, --ca FILE tells.']
      : []),
    lineOf(shown),
    ...(opening === undefined
      ? []
      : Object.entries(opening.fields).map(
          ([name, value]) => `         ${name}: ${printable(String(value))}`,
        )),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** What the date says that came with a proof; undefined where none did, or nobody is trusted for it. */
async function datedBy(
  stamp: Uint8Array | undefined,
  note: Uint8Array,
  ca: string | undefined,
): Promise<TimeStamp | undefined> {
  if (ca === undefined) return undefined;
  if (stamp === undefined) throw new LogFolderError('not_found', 'the proof comes without a date');
  const { verifyStampOver } = await import('@kontor/server/anchors');
  const verified = verifyStampOver(note, stamp, readCertificates(ca));
  if (verified.ok) return verified.value;
  throw new LogFolderError('not_signed', `the date proves nothing: ${verified.reason}`);
}

function readGiven(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new LogFolderError('unreadable', `${file} cannot be read: ${code}`);
  }
}

// ---- audit ----

async function audit(given: string | undefined, options: AuditOptions): Promise<void> {
  const files = deskFiles(dataDirectory(options.data));
  const log = openLog(given === undefined ? files.log : resolve(given), options.key);
  const { size, root, origin } = log.signed.checkpoint;
  const progress = new ProgressLine(options.json);
  let bundles = 0;
  const reader = {
    read(path: string): Uint8Array | undefined {
      if (path.startsWith('tile/entries/')) {
        bundles += 1;
        progress.update(Math.min(1, (bundles * 256) / Math.max(1, Number(size))), 'entries');
      }
      return log.reader.read(path);
    },
  };
  const report = auditLog(HASHER, reader, { size, root }, { judgeEntry: judgeLogEntry });
  const path = given === undefined ? privatePath(files.signer) : null;
  const problems = [
    ...report.problems,
    ...(path === null || !report.isSound ? [] : await comparePrivate(log, path, progress)),
  ];
  progress.clear();
  const isSound = problems.length === 0;
  if (options.json) {
    const told = problems.map(({ start, end, message }) => ({
      start: Number(start),
      end: Number(end),
      message,
    }));
    printJson({
      isSound,
      origin,
      size: Number(size),
      key: toVerifierKey(log.key),
      isKeyGiven: options.key !== undefined,
      isPrivateHalfCompared: path !== null,
      problems: told,
    });
  } else {
    for (const { message } of problems) process.stdout.write(`${message}\n`);
    process.stdout.write(
      isSound
        ? `${grouped(Number(size))} entries of ${origin} are what was signed${path === null ? '' : ', and so are the signer’s own lines'}.\n`
        : `${problems.length} problems in ${grouped(Number(size))} entries of ${origin}.\n`,
    );
    if (isSound && options.key === undefined)
      process.stdout.write(
        'The key was taken from the same folder; name the one you know with --key to be sure whose log this is.\n',
      );
  }
  if (!isSound) process.exitCode = 1;
}

/** Whether the signer's lines are the entries of the tree; the audit has found the tree sound. */
async function comparePrivate(
  log: OpenLog,
  path: string,
  progress: ProgressLine,
): Promise<readonly AuditProblem[]> {
  const size = Number(log.signed.checkpoint.size);
  let sequence = 0;
  let bundle: readonly Uint8Array[] = [];
  const wrong = (message: string): readonly AuditProblem[] => [
    { start: BigInt(sequence), end: BigInt(sequence + 1), message },
  ];
  try {
    for await (const { publicEntry } of privateLines(path)) {
      if (sequence >= size) return [];
      if (sequence % 256 === 0) {
        bundle = bundleOf(log, sequence / 256, Math.min(256, size - sequence));
        progress.update(sequence / size, 'the signer’s lines');
      }
      const entry = bundle[sequence % 256];
      if (entry === undefined || !Buffer.from(entry).equals(publicEntry))
        return wrong(`line ${sequence + 1} of ${path} is not entry ${sequence} of the log`);
      sequence += 1;
    }
  } catch (error) {
    if (!(error instanceof LogFolderError)) throw error;
    return wrong(error.message);
  }
  return sequence >= size
    ? []
    : wrong(`${path} holds ${sequence} lines, where ${size} entries are signed`);
}

function bundleOf(log: OpenLog, index: number, width: number): readonly Uint8Array[] {
  const tile = readTile(log.reader, { level: 'entries', index: BigInt(index), width });
  const entries = tile.ok ? parseEntryBundle(tile.value, width) : tile;
  if (!entries.ok) throw new LogFolderError('damaged', entries.reason);
  return entries.value;
}

// ---- all of them ----

async function reporting(isJson: boolean, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof LogFolderError)) throw error;
    reportFailure({ code: error.code, message: error.message }, isJson);
  }
}

function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text))
    throw new InvalidArgumentError(`expected a whole number, found ${text}.`);
  return Number(text);
}
