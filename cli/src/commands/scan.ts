// SPDX-License-Identifier: Apache-2.0
// `kontor scan`: looks through logs, backups and everything else for secrets, by patterns of them.

import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ENCODING_NAMES, openPatterns, type SecretPattern } from '@kontor/signer';
import { Command } from 'commander';
import {
  EXIT_FAILED,
  EXIT_USAGE,
  grouped,
  printJson,
  ProgressLine,
  reportFailure,
  withExitCodes,
} from '../command-output.ts';
import { PlantedDecoys } from '../canary/planted-decoys.ts';
import { readDecoys } from '../canary/register.ts';
import { canaryPatterns } from '../scan/string-canaries.ts';
import { PatternTable, Scanner, type Find, type ScannerReport } from '../scan/scanner.ts';
import { sourcesOf, type ScanSource } from '../scan/sources.ts';

/** Nothing was found, but not everything was looked into. */
const EXIT_UNREAD = 3;

const CANARY = /^string canary \d+$/;

interface ScanOptions {
  readonly patterns: string;
  readonly key: string;
  readonly json: boolean;
  readonly backup: readonly string[];
}

interface FoundIn extends Find {
  readonly source: string;
}

interface Total {
  readonly sources: number;
  readonly secrets: number;
  readonly encodings: number;
  readonly bytes: number;
  readonly bytesUnpacked: number;
  readonly members: number;
  readonly membersLeft: number;
}

export function scanCommand(): Command {
  return withExitCodes(new Command('scan'))
    .description(
      'look for the keys of the vault and string canaries in logs and other files; exit code 1 when one is found, 3 when not all could be looked into, 2 when it could not begin',
    )
    .argument('<path...>', 'files, folders with all that is in them, or - for the standard input')
    .requiredOption('--patterns <file>', 'what `kontor vault patterns` wrote')
    .requiredOption('--key <file>', 'the key it was written with')
    .option(
      '--backup <path>',
      'your own backups of the desk, a file or a folder: a decoy row of its store is in them as well; repeatable',
      (path: string, before: readonly string[]) => [...before, path],
      [],
    )
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      '\nExample:\n  kontor scan --patterns keys.patterns --key patterns.key /var/log edge.ndjson.gz',
    )
    .action(scan);
}

async function scan(paths: readonly string[], options: ScanOptions): Promise<void> {
  let table: PatternTable;
  let sources: readonly ScanSource[];
  let secrets: number;
  let decoys: PlantedDecoys;
  try {
    const key = readNamed('--key', options.key);
    const patterns = openPatterns(readNamed('--patterns', options.patterns), key);
    if (patterns === null) {
      return refuse(
        'patterns',
        `${options.patterns}: expected patterns written with the key in ${options.key}, found others or a damaged file`,
        options,
      );
    }
    table = new PatternTable([...patterns, ...canaryPatterns(key)], key);
    secrets = countSecrets(patterns);
    sources = sourcesOf(paths);
    decoys = new PlantedDecoys(readDecoys(options.key), options.backup);
  } catch (error) {
    return refuse('read', messageOf(error), options);
  }
  const finds: FoundIn[] = [];
  const planted: FoundIn[] = [];
  const progress = new ProgressLine(options.json);
  const known = sources.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const reports: ScannerReport[] = [];
  const failures: string[] = [];
  let isBlind = false;
  let done = 0;
  for (const source of sources) {
    try {
      const onFind = (find: Find): void => {
        const found = { source: source.name, ...find };
        const isPlanted = decoys.takeFind(found);
        (isPlanted ? planted : finds).push(found);
        progress.clear();
        if (options.json) return;
        process.stdout.write(`${placeOf(found)}${isPlanted ? ', where it was planted' : ''}\n`);
      };
      const report = await decoys.untouched(source.name, () =>
        scanSource(source, table, onFind, (bytes) =>
          progress.update(known === 0 ? 0 : (done + bytes) / known, source.name),
        ),
      );
      reports.push(report);
      const unseen = decoys.blindTo(source.name);
      if (unseen.length > 0) isBlind = true;
      failures.push(...unseen);
    } catch (error) {
      failures.push(`${source.name}: ${messageOf(error)}`);
    }
    done += source.bytes ?? 0;
  }
  progress.clear();
  const total = totalOf(reports, secrets);
  if (options.json) printJson({ ...total, finds, planted, failures });
  else process.stdout.write(`${sentence(finds, failures, total)}\n`);
  if (finds.length > 0 || isBlind) process.exitCode = EXIT_FAILED;
  else if (failures.length > 0 || total.membersLeft > 0) process.exitCode = EXIT_UNREAD;
}

/** A scan that could not begin has found nothing: its exit code is not that of a find. */
function refuse(code: string, message: string, { json }: ScanOptions): void {
  reportFailure({ code, message }, json);
  process.exitCode = EXIT_USAGE;
}

function readNamed(option: string, path: string): Buffer {
  if (existsSync(path)) return readFileSync(path);
  throw new Error(
    `${option}: expected a file, found nothing at ${resolve(path)}; kontor vault patterns writes both`,
  );
}

async function scanSource(
  source: ScanSource,
  table: PatternTable,
  onFind: (find: Find) => void,
  onProgress: (bytes: number) => void,
): Promise<ScannerReport> {
  const scanner = new Scanner(table, onFind);
  let bytes = 0;
  for await (const chunk of source.open()) {
    await scanner.write(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onProgress(bytes);
  }
  return scanner.end();
}

function totalOf(reports: readonly ScannerReport[], secrets: number): Total {
  const sum = (field: keyof ScannerReport): number =>
    reports.reduce((total, report) => total + report[field], 0);
  return {
    sources: reports.length,
    secrets,
    encodings: ENCODING_NAMES.length,
    bytes: sum('bytes'),
    bytesUnpacked: sum('bytesUnpacked'),
    members: sum('members'),
    membersLeft: sum('membersLeft'),
  };
}

function countSecrets(patterns: readonly SecretPattern[]): number {
  return new Set(patterns.map(({ label }) => label)).size;
}

/** Never the secret itself: where it is, whose it is, and in which form. */
function placeOf({ source, line, offset, label, encoding, within }: FoundIn): string {
  const inside = within.length === 0 ? '' : `, inside ${within.join(' in ')}`;
  return `${source}:${line} (byte ${grouped(offset)}${inside}): ${CANARY.test(label) ? label : `the key of ${label}`}, as ${encoding}`;
}

function sentence(finds: readonly FoundIn[], failures: readonly string[], total: Total): string {
  const { sources, secrets, encodings, bytes, bytesUnpacked, members, membersLeft } = total;
  const looked = `${grouped(bytes)} bytes of ${count(sources, 'source')} and ${grouped(bytesUnpacked)} unpacked from ${count(members, 'member')}`;
  const left =
    membersLeft === 0 ? [] : [`${count(membersLeft, 'member')} not looked into to the end.`];
  const unread = failures.map((failure) => `not read whole: ${failure}`);
  const found =
    finds.length === 0
      ? `No key of the ${secrets} known, in any of ${encodings} encodings, in ${looked}.`
      : `${count(finds.length, 'place')} found in ${looked}. ${adviceFor(finds)}`;
  return [...unread, ...left, found].join('\n');
}

/** A canary opens nothing: what lay beside it is what a thief may have. */
function adviceFor(finds: readonly FoundIn[]): string {
  return finds.every(({ label }) => CANARY.test(label))
    ? 'They open nothing, but somebody took them from where they were planted: see what else lay there.'
    : 'Replace these keys at the exchange.';
}

function count(many: number, what: string): string {
  return `${grouped(many)} ${what}${many === 1 ? '' : 's'}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
