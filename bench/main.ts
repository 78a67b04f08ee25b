// SPDX-License-Identifier: Apache-2.0
// Measures: runs every module of this folder that exports `run`, each in a process of its own, prints the table and
// keeps it in bench/results.json and docs/benchmarks.md.
//
//   node bench/main.ts                all; `npm run bench`
//   node bench/main.ts --only NAME    only modules whose file name contains NAME; the other results stay
//   node bench/main.ts --dry          prints only

import { execFileSync, fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

import type { BenchResult } from './result.ts';

const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ROOT = path.join(FOLDER, '..');
const RESULTS = path.join(FOLDER, 'results.json');
const PAGE = path.join(ROOT, 'docs', 'benchmarks.md');
const MODULE_MS_MAX = 20 * 60_000;

interface Kept extends BenchResult {
  readonly module: string;
  readonly commit: string;
}

interface Record {
  readonly machine: string;
  readonly results: readonly Kept[];
}

if (process.send !== undefined && process.argv[2] === '--measure') {
  // Whoever asked has gone: the figures are for nobody.
  const leave = (): never => process.exit(1);
  process.once('disconnect', leave);
  process.send?.(await measure(process.argv[3] ?? ''));
  process.off('disconnect', leave);
  process.disconnect?.();
} else {
  process.exitCode = await main();
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: { only: { type: 'string' }, dry: { type: 'boolean', default: false } },
  });
  const modules = fs
    .readdirSync(FOLDER)
    .filter((name) => name.endsWith('.ts') && !['main.ts', 'result.ts'].includes(name))
    .filter((name) => values.only === undefined || name.includes(values.only))
    .toSorted();
  if (modules.length === 0) {
    process.stderr.write(`no module in bench/ has ${values.only ?? 'anything'} in its name\n`);
    return 2;
  }
  const commit = commitName();
  const measured: Kept[] = [];
  let hasFailed = false;
  for (const module of modules) {
    process.stderr.write(`measuring ${module}\n`);
    try {
      const results = await inOwnProcess(module);
      measured.push(...results.map((result) => ({ module, commit, ...result })));
    } catch (error) {
      hasFailed = true;
      process.stderr.write(
        `${module}: ${error instanceof Error ? error.message : String(error)}\n`,
      );
    }
  }
  const machine = machineName();
  process.stdout.write(`${machine}, commit ${commit}\n\n${table(measured)}\n`);
  const short = measured.filter((result) => verdict(result) === 'short');
  for (const { name } of short) process.stdout.write(`short of its target: ${name}\n`);
  if (!values.dry && !hasFailed) {
    keep({ machine, results: [...others(machine, modules, values.only), ...measured] });
  }
  return hasFailed || measured.length === 0 ? 1 : 0;
}

/** In the process made for it: a module without `run` is not a benchmark. */
async function measure(module: string): Promise<readonly BenchResult[]> {
  const loaded: { run?: () => BenchResult[] | Promise<BenchResult[]> } = await import(
    pathToFileURL(path.join(FOLDER, module)).href
  );
  return loaded.run === undefined ? [] : await loaded.run();
}

async function inOwnProcess(module: string): Promise<readonly BenchResult[]> {
  return await new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), ['--measure', module], {
      cwd: ROOT,
      timeout: MODULE_MS_MAX,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    let results: readonly BenchResult[] | undefined;
    child.once('message', (message) => (results = message as readonly BenchResult[]));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (results !== undefined && code === 0) resolve(results);
      else reject(new Error(`ended with ${signal ?? `exit code ${code}`} and no result`));
    });
  });
}

/** What was measured before on this machine and is not measured now. */
function others(machine: string, modules: readonly string[], only: string | undefined): Kept[] {
  if (only === undefined || !fs.existsSync(RESULTS)) return [];
  const before = JSON.parse(fs.readFileSync(RESULTS, 'utf8')) as Record;
  if (before.machine !== machine) return [];
  return before.results.filter(({ module }) => !modules.includes(module));
}

function keep(record: Record): void {
  const results = record.results.toSorted(
    (a, b) => a.module.localeCompare(b.module) || a.name.localeCompare(b.name),
  );
  fs.writeFileSync(RESULTS, `${JSON.stringify({ ...record, results }, null, 2)}\n`);
  const page = [
    '# Benchmarks',
    '',
    `Measured by \`npm run bench\` on ${record.machine}.`,
    'The figures are those of one machine; run the command for yours.',
    '',
    table(results),
  ];
  fs.mkdirSync(path.dirname(PAGE), { recursive: true });
  fs.writeFileSync(PAGE, page.join('\n'));
}

function verdict({ value, target, higherIsBetter }: BenchResult): 'met' | 'short' | '' {
  if (target === undefined) return '';
  return (higherIsBetter ? value >= target : value <= target) ? 'met' : 'short';
}

function table(results: readonly Kept[]): string {
  const rows = [
    ['Measure', 'Value', 'Unit', 'Target', 'Verdict', 'Module', 'Commit'],
    ...results.map((result) => [
      result.name,
      amount(result.value),
      result.unit,
      result.target === undefined
        ? ''
        : `${result.higherIsBetter ? '≥' : '≤'} ${amount(result.target)}`,
      verdict(result),
      result.module,
      result.commit,
    ]),
  ];
  const widths = rows[0]?.map((_, column) =>
    Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const isNumber = (column: number): boolean => column === 1 || column === 3;
  const line = (row: readonly string[]): string =>
    `| ${row
      .map((cell, column) => {
        const width = widths?.[column] ?? 0;
        return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join(' | ')} |\n`;
  const rule = (widths ?? []).map((width, column) =>
    isNumber(column) ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width),
  );
  return [rows[0] ?? [], rule, ...rows.slice(1)].map(line).join('');
}

/** Three digits that count; more for whole numbers, in groups. */
function amount(value: number): string {
  return value >= 100
    ? Math.round(value).toLocaleString('en-GB')
    : String(Number(value.toPrecision(3)));
}

function machineName(): string {
  const cpu = os.cpus()[0]?.model.trim() ?? 'unknown processor';
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.availableParallelism()} cores of ${cpu}, ${memory} GiB, ${os.platform()} ${os.arch()}, Node ${process.versions.node}`;
}

function commitName(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: ROOT, encoding: 'utf8', timeout: 10_000 }).trim();
  try {
    const isChanged = git('status', '--porcelain', '--untracked-files=no') !== '';
    return `${git('rev-parse', '--short', 'HEAD')}${isChanged ? '+' : ''}`;
  } catch {
    return 'unknown';
  }
}
