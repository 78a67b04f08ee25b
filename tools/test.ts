// SPDX-License-Identifier: Apache-2.0
// Runs the tests: the fast checks, then every test file in a process of its own, three at a time, browsers one at a
// time. A file that hangs, crashes, holds no test or leaves processes behind has failed.
//
//   node tools/test.ts                 all but *.long.test.ts; `npm test`
//   node tools/test.ts --long          only *.long.test.ts
//   node tools/test.ts TEXT…           only files whose path contains a TEXT; no checks
//   --no-check  leaves the checks out; --verbose  shows the output of files that pass, too

import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { check } from './check.ts';
import { imports, isCode, treeFiles } from './source.ts';
import type { TestCounts } from './test-counts.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** The whole of `npm test` must end within a quarter of an hour on two cores. */
const TOTAL_MS_MAX = 15 * 60_000;
const FILE_MS_MAX = 5 * 60_000;
const LONG_TOTAL_MS_MAX = 6 * 60 * 60_000;
/** The longest kills a desk at each of some two thousand moments. */
const LONG_FILE_MS_MAX = 2 * 60 * 60_000;
/** What a file's processes have to be gone by, after the file has ended. */
const LEFTOVER_MS_MAX = 5_000;
const OUTPUT_CHARACTERS_MAX = 1_000_000;

interface Outcome {
  readonly file: string;
  readonly counts: TestCounts | undefined;
  /** Why the file has failed though its counts may not say so. */
  readonly fault: string | undefined;
  readonly output: string;
  readonly seconds: number;
}

const { values: options, positionals: texts } = parseArgs({
  allowPositionals: true,
  options: {
    long: { type: 'boolean', default: false },
    'no-check': { type: 'boolean', default: false },
    verbose: { type: 'boolean', default: false },
  },
});

const startedAt = performance.now();
const deadline = startedAt + (options.long ? LONG_TOTAL_MS_MAX : TOTAL_MS_MAX);
const running = new Map<string, ChildProcess>();
let stoppedBy: string | undefined;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => stop(signal));
}
// The launcher has died without a word.
process.once('disconnect', () => stop('SIGTERM'));
process.channel?.unref();

const timer = setTimeout(() => stop('its time limit'), deadline - startedAt);
timer.unref();

process.exitCode = await main();
clearTimeout(timer);

async function main(): Promise<number> {
  const isChecking = !options.long && !options['no-check'] && texts.length === 0;
  const areChecksClean = !isChecking || (await check({ isFast: true, isFixing: false }));

  const files = findFiles();
  const browsers = browserFiles(files);
  const outcomes = await runAll(files, browsers);
  return summarize(files, outcomes, areChecksClean);
}

function findFiles(): string[] {
  return treeFiles(ROOT)
    .filter((file) => file.endsWith('.test.ts') && file.endsWith('.long.test.ts') === options.long)
    .filter((file) => texts.length === 0 || texts.some((text) => file.includes(text)));
}

/** Those that start a browser, themselves or through a file they import. */
function browserFiles(files: readonly string[]): ReadonlySet<string> {
  const known = new Map<string, boolean>();
  const startsBrowser = (file: string): boolean => {
    const before = known.get(file);
    if (before !== undefined) return before;
    known.set(file, false);
    if (!isCode(file) || !fs.existsSync(path.join(ROOT, file))) return false;
    const found = imports(fs.readFileSync(path.join(ROOT, file), 'utf8')).some(
      ({ specifier, isTypeOnly }) =>
        !isTypeOnly &&
        (specifier === 'playwright-core' ||
          (specifier.startsWith('.') &&
            startsBrowser(path.posix.join(path.posix.dirname(file), specifier)))),
    );
    known.set(file, found);
    return found;
  };
  return new Set(files.filter(startsBrowser));
}

async function runAll(
  files: readonly string[],
  browsers: ReadonlySet<string>,
): Promise<readonly Outcome[]> {
  // Browsers first: they take longest, and one at a time leaves the other core to the rest.
  const queue = [...files].toSorted((a, b) => Number(browsers.has(b)) - Number(browsers.has(a)));
  const outcomes: Outcome[] = [];
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kontor-test-'));
  const next = (): string | undefined => {
    const isBrowserBusy = [...running.keys()].some((file) => browsers.has(file));
    const index = queue.findIndex((file) => !isBrowserBusy || !browsers.has(file));
    return index === -1 ? undefined : queue.splice(index, 1)[0];
  };
  const work = async (): Promise<void> => {
    for (let file = next(); file !== undefined && stoppedBy === undefined; file = next()) {
      const outcome = await runFile(file, path.join(folder, `${file.replaceAll('/', '.')}.json`));
      outcomes.push(outcome);
      print(outcome);
    }
  };
  // One more than two cores: much of a test is waiting for a process to start or to end.
  const lanes = Math.min(3, os.availableParallelism() + 1);
  try {
    await Promise.all(Array.from({ length: lanes }, work));
    // A lane that found only busy browsers has ended early; what is left is run here.
    await work();
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return outcomes;
}

async function runFile(file: string, countsFile: string): Promise<Outcome> {
  const fileStartedAt = performance.now();
  const child = spawn(
    process.execPath,
    [
      '--test-reporter=spec',
      '--test-reporter-destination=stdout',
      `--test-reporter=${path.join(ROOT, 'tools', 'test-counts.ts')}`,
      `--test-reporter-destination=${countsFile}`,
      path.join(ROOT, file),
    ],
    // A group of its own, so that nothing it starts outlives it.
    {
      cwd: ROOT,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Hundreds of processes start the same code: the compiler's work of one serves the next, whatever it starts.
      env: { NODE_COMPILE_CACHE: path.join(ROOT, '.build', 'code-cache', 'tests'), ...process.env },
    },
  );
  running.set(file, child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_CHARACTERS_MAX);
    });
  }
  const limitMs = options.long ? LONG_FILE_MS_MAX : FILE_MS_MAX;
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    killGroup(child, 'SIGKILL');
  }, limitMs);
  const end = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (signal !== null) resolve(`stopped by ${signal}`);
      else resolve(code === 0 || code === 1 ? undefined : `ended with exit code ${code}`);
    });
  });
  clearTimeout(limit);
  const leftovers = await waitForGroupEnd(child);
  running.delete(file);
  const counts = readCounts(countsFile);
  let fault: string | undefined;
  if (isLate) fault = `took longer than ${limitMs / 60_000} minutes`;
  else if (end !== undefined) fault = end;
  else if ((counts?.tests ?? 0) === 0 && child.exitCode === 0) fault = 'holds no test';
  else if (counts === undefined) fault = 'ended without a result';
  else if (child.exitCode !== 0 && counts.failed + counts.cancelled === 0) {
    fault = `ended with exit code ${child.exitCode}`;
  } else if (leftovers > 0) fault = `left ${leftovers} of its processes running`;
  const seconds = (performance.now() - fileStartedAt) / 1000;
  return { file, counts, fault, output, seconds };
}

function print(outcome: Outcome): void {
  const { file, counts, fault, output, seconds } = outcome;
  const hasFailed = hasFailedIn(outcome);
  const parts = [
    `${counts?.tests ?? 0} tests`,
    ...(counts !== undefined && counts.skipped > 0 ? [`${counts.skipped} skipped`] : []),
    ...(counts !== undefined && counts.failed + counts.cancelled > 0
      ? [`${counts.failed + counts.cancelled} failed`]
      : []),
    ...(fault === undefined ? [] : [fault]),
  ];
  process.stdout.write(
    `${hasFailed ? '✖' : '✔'} ${file.padEnd(52)} ${seconds.toFixed(1).padStart(6)} s  ${parts.join(', ')}\n`,
  );
  if (hasFailed || options.verbose) {
    process.stdout.write(`${output.trimEnd().replaceAll(/^/gm, '    ')}\n`);
  }
}

function summarize(
  files: readonly string[],
  outcomes: readonly Outcome[],
  areChecksClean: boolean,
): number {
  const total = { tests: 0, suites: 0, passed: 0, failed: 0, cancelled: 0, skipped: 0, todo: 0 };
  for (const { counts, fault } of outcomes) {
    for (const key of [
      'tests',
      'suites',
      'passed',
      'failed',
      'cancelled',
      'skipped',
      'todo',
    ] as const) {
      total[key] += counts?.[key] ?? 0;
    }
    // A file that died is one more failure, so that the closing line cannot read as green.
    if (fault !== undefined && (counts?.failed ?? 0) === 0) {
      total.tests += 1;
      total.failed += 1;
    }
  }
  const failing = outcomes.filter(hasFailedIn);
  const faults = [
    ...failing.map(({ file, fault }) => (fault === undefined ? file : `${file}: ${fault}`)),
    ...(areChecksClean ? [] : ['the checks before the tests, see above']),
    ...(stoppedBy === undefined
      ? []
      : [`stopped by ${stoppedBy}, ${files.length - outcomes.length} files not run`]),
    ...(files.length === 0 ? ['no test file was found'] : []),
  ];
  if (faults.length > 0)
    process.stdout.write(`\nFailed:\n${faults.map((each) => `  ${each}\n`).join('')}`);
  const duration = (performance.now() - startedAt).toFixed(0);
  process.stdout.write(
    `\nℹ tests ${total.tests}\nℹ suites ${total.suites}\nℹ pass ${total.passed}\nℹ fail ${total.failed}\n` +
      `ℹ cancelled ${total.cancelled}\nℹ skipped ${total.skipped}\nℹ todo ${total.todo}\nℹ duration_ms ${duration}\n\n`,
  );
  const failed = Math.max(
    total.failed + total.cancelled + (areChecksClean ? 0 : 1),
    faults.length > 0 ? 1 : 0,
  );
  process.stdout.write(
    `${total.passed} passed, ${failed} failed, ${total.skipped + total.todo} skipped\n`,
  );
  return failed > 0 || total.passed === 0 ? 1 : 0;
}

function hasFailedIn({ counts, fault }: Outcome): boolean {
  return fault !== undefined || counts === undefined || counts.failed + counts.cancelled > 0;
}

function readCounts(file: string): TestCounts | undefined {
  const text = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim() : '';
  return text === '' ? undefined : (JSON.parse(text) as TestCounts);
}

// ---- Processes ----

function stop(cause: string): void {
  stoppedBy ??= cause;
  for (const child of running.values()) {
    killGroup(child, 'SIGTERM');
    setTimeout(() => killGroup(child, 'SIGKILL'), 3_000).unref();
  }
}

function killGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, signal);
  } catch {
    // The group has ended.
  }
}

/** Waits for what the file has started to end; kills and counts what does not. */
async function waitForGroupEnd(child: ChildProcess): Promise<number> {
  const { pid } = child;
  if (pid === undefined) return 0;
  const left = await waitWhileAlive(pid);
  if (left === 0) return 0;
  killGroup(child, 'SIGKILL');
  await waitWhileAlive(pid);
  return left;
}

async function waitWhileAlive(group: number): Promise<number> {
  const end = performance.now() + LEFTOVER_MS_MAX;
  let count = groupSize(group);
  while (count > 0 && performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    count = groupSize(group);
  }
  return count;
}

/** How many processes of a group live; where there is no /proc to read, none are seen. */
function groupSize(group: number): number {
  let count = 0;
  for (const name of fs.existsSync('/proc/self') ? fs.readdirSync('/proc') : []) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = fs.readFileSync(`/proc/${name}/stat`, 'latin1');
      const [state, , processGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(processGroup) === group && state !== 'Z') count += 1;
    } catch {
      // Gone between the two looks.
    }
  }
  return count;
}
