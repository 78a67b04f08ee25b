// SPDX-License-Identifier: Apache-2.0
// Everything that can be said about the code without running it: one line a step, its time, and what it found.
//
//   node tools/check.ts          all steps; `npm run check`
//   node tools/check.ts --fix    first mends what can be mended without a person, and formats
//   node tools/check.ts --fast   what goes before the tests

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const STEP_MS_MAX = 5 * 60_000;

interface Step {
  readonly name: string;
  /** Programs to run one after the other: a path below the root, then its arguments. */
  readonly programs: readonly (readonly [string, ...string[]])[];
  /** Left out before tests, where seconds count. */
  readonly isSlow?: boolean;
}

const PRETTIER = 'node_modules/prettier/bin/prettier.cjs';
const PRETTIER_OPTIONS = [
  '--log-level=warn',
  '--cache',
  '--cache-strategy=content',
  '--cache-location=.build/prettier-cache',
  '.',
] as const;
const OXLINT = 'node_modules/oxlint/bin/oxlint';
const TSC = 'node_modules/typescript/bin/tsc';

const STEPS: readonly Step[] = [
  { name: 'format', programs: [[PRETTIER, '--check', ...PRETTIER_OPTIONS]] },
  {
    name: 'types',
    programs: [
      [TSC, '-b'],
      [TSC, '-p', 'tsconfig.tests.json'],
    ],
  },
  { name: 'lint', programs: [[OXLINT, '--type-aware', '--format=unix']] },
  { name: 'layers', programs: [['tools/layers.ts']] },
  { name: 'tidy', programs: [['tools/tidy.ts']] },
  { name: 'api types', programs: [['tools/api-types.ts', '--check']] },
  {
    name: 'dead code',
    programs: [
      ['node_modules/knip/bin/knip.js', '--no-progress', '--treat-config-hints-as-errors'],
    ],
    isSlow: true,
  },
];

/** Runs the steps and prints them; true where all are clean. */
export async function check(options: { isFast: boolean; isFixing: boolean }): Promise<boolean> {
  if (options.isFixing) {
    await run([OXLINT, '--type-aware', '--fix']);
    await run([PRETTIER, '--write', ...PRETTIER_OPTIONS]);
  }
  let isClean = true;
  for (const step of STEPS) {
    if (options.isFast && step.isSlow === true) continue;
    const startedAt = performance.now();
    let output = '';
    let hasFailed = false;
    for (const program of step.programs) {
      const result = await run(program);
      output += result.output;
      hasFailed ||= result.hasFailed;
    }
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
    process.stdout.write(
      `${hasFailed ? '✖' : '✔'} ${step.name.padEnd(10)} ${seconds.padStart(5)} s\n`,
    );
    if (hasFailed) process.stdout.write(`${indent(output)}\n`);
    isClean &&= !hasFailed;
  }
  return isClean;
}

async function run(program: readonly string[]): Promise<{ output: string; hasFailed: boolean }> {
  const [script = '', ...args] = program;
  const file = path.join(ROOT, script);
  if (!fs.existsSync(file)) return { output: `${script} is missing`, hasFailed: true };
  return await new Promise((resolve) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: STEP_MS_MAX,
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text: string) => (output += text));
    }
    child.once('error', (error) => resolve({ output: error.message, hasFailed: true }));
    child.once('close', (code, signal) => {
      const end = signal === null ? '' : `stopped by ${signal}\n`;
      resolve({ output: output + end, hasFailed: code !== 0 });
    });
  });
}

function indent(text: string): string {
  return text.trimEnd().replaceAll(/^/gm, '    ');
}

if (import.meta.main) {
  const known = new Set(['--fix', '--fast']);
  const unknown = process.argv.slice(2).filter((each) => !known.has(each));
  if (unknown.length > 0) {
    process.stderr.write(`expected --fix or --fast, found ${unknown.join(' ')}\n`);
    process.exit(2);
  }
  const isClean = await check({
    isFast: process.argv.includes('--fast'),
    isFixing: process.argv.includes('--fix'),
  });
  process.exitCode = isClean ? 0 : 1;
}
