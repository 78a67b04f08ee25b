// SPDX-License-Identifier: Apache-2.0
// The test runner on planted test files: it counts what there is, and nothing that went wrong reads as green.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { HEAD, plantTree } from './planted-tree.ts';

const TOOLS = fileURLToPath(new URL('../tools/', import.meta.url));
const NEEDED = ['test.ts', 'test-counts.ts', 'check.ts', 'source.ts'];
const RUN_MS_MAX = 60_000;

interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly lastLine: string;
}

/** Runs a copy of the runner over planted test files; each is the body of one file below core/test. */
async function runOver(
  t: TestContext,
  files: Readonly<Record<string, string>>,
  args: readonly string[] = ['--no-check'],
  others: Readonly<Record<string, string>> = {},
): Promise<Ran> {
  const planted = Object.fromEntries(
    Object.entries(files).map(([file, body]) => [
      `core/test/${file}`,
      `${HEAD}import test from 'node:test';\nimport assert from 'node:assert/strict';\n${body}\n`,
    ]),
  );
  const root = plantTree(t, { ...planted, ...others });
  fs.mkdirSync(path.join(root, 'tools'));
  for (const name of NEEDED)
    fs.copyFileSync(path.join(TOOLS, name), path.join(root, 'tools', name));
  const child = spawn(process.execPath, [path.join(root, 'tools', 'test.ts'), ...args], {
    cwd: root,
    // Not as a part of the run that this test belongs to.
    env: { PATH: process.env['PATH'], HOME: root },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: RUN_MS_MAX,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, output, lastLine: output.trimEnd().split('\n').at(-1) ?? '' };
}

/** Dead, or ended and not yet collected by its parent. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!fs.existsSync(file)) return false;
  const stat = fs.readFileSync(file, 'latin1');
  return !stat.slice(stat.lastIndexOf(')') + 2).startsWith('Z');
}

const PASSING =
  "test('a', () => {}); test('b', async (t) => { await t.test('inner', () => {}); });";

test('[T40] passed, failed and skipped tests are counted in the last line', async (t) => {
  const ran = await runOver(t, {
    'good.test.ts': PASSING,
    'mixed.test.ts':
      "test('ok', () => {}); test('bad', () => assert.equal(1, 2)); test('no', { skip: 'why' }, () => {});",
  });
  assert.equal(ran.code, 1);
  assert.equal(ran.lastLine, '4 passed, 1 failed, 1 skipped');
  assert.match(ran.output, /ℹ tests 6\n.*ℹ pass 4\nℹ fail 1\n/s);
  assert.match(ran.output, /Expected values to be strictly equal/, 'failures are shown');
  assert.match(ran.output, /Failed:\n {2}core\/test\/mixed\.test\.ts/);
});

test('[T40] a clean run is green', async (t) => {
  const ran = await runOver(t, { 'good.test.ts': PASSING });
  assert.equal(ran.code, 0, ran.output);
  assert.equal(ran.lastLine, '3 passed, 0 failed, 0 skipped');
});

test('[T40] long tests run only when asked for', async (t) => {
  const files = { 'good.test.ts': PASSING, 'far.long.test.ts': "test('far', () => {});" };
  assert.equal((await runOver(t, files)).lastLine, '3 passed, 0 failed, 0 skipped');
  assert.equal((await runOver(t, files, ['--long'])).lastLine, '1 passed, 0 failed, 0 skipped');
});

test('[T40] checks that fail fail the run, though its tests pass', async (t) => {
  const ran = await runOver(t, { 'good.test.ts': PASSING }, []);
  assert.equal(ran.code, 1);
  assert.equal(ran.lastLine, '3 passed, 1 failed, 0 skipped');
});

test('[T41] no test file, a file without a test, and only skipped tests are red', async (t) => {
  const none = await runOver(t, {});
  assert.equal(none.code, 1);
  assert.equal(none.lastLine, '0 passed, 1 failed, 0 skipped');
  const empty = await runOver(t, { 'good.test.ts': PASSING, 'empty.test.ts': '' });
  assert.equal(empty.code, 1);
  assert.match(empty.output, /core\/test\/empty\.test\.ts: holds no test/);
  assert.equal(empty.lastLine, '3 passed, 1 failed, 0 skipped');
  const skipped = await runOver(t, { 'no.test.ts': "test('no', { skip: 'why' }, () => {});" });
  assert.equal(skipped.code, 1);
});

test('[T42] a file that crashes is red, though its tests passed', async (t) => {
  const ran = await runOver(t, {
    'late.test.ts': "test('a', () => {}); process.on('exit', () => { process.exitCode = 7; });",
    'load.test.ts': "throw new Error('not loaded');",
    'killed.test.ts': "test('a', () => { process.kill(process.pid, 'SIGKILL'); });",
  });
  assert.equal(ran.code, 1);
  assert.match(ran.output, /late\.test\.ts: ended with exit code 7/);
  assert.match(ran.output, /load\.test\.ts/);
  assert.match(ran.output, /not loaded/);
  assert.match(ran.output, /killed\.test\.ts: stopped by SIGKILL/);
});

test(
  '[T42] processes that a file leaves running make it red and are killed',
  { skip: process.platform === 'linux' ? false : 'processes are listed through /proc' },
  async (t) => {
    const ran = await runOver(t, {
      'leaky.test.ts':
        "import { spawn } from 'node:child_process';\n" +
        "test('a', () => { const child = spawn('sleep', ['300'], { stdio: 'ignore' }); child.unref(); console.log('sleeper ' + child.pid); assert.fail('to show the output'); });",
    });
    assert.equal(ran.code, 1);
    const pid = Number(/sleeper (\d+)/.exec(ran.output)?.[1]);
    assert.ok(pid > 0, ran.output);
    assert.equal(isRunning(pid), false, `process ${pid} lives on`);
    const quiet = await runOver(t, {
      'leaky.test.ts':
        "import { spawn } from 'node:child_process';\n" +
        "test('a', () => { spawn('sleep', ['300'], { stdio: 'ignore' }).unref(); });",
    });
    assert.equal(quiet.code, 1);
    assert.match(quiet.output, /left 1 of its processes running/);
  },
);

test('[T43] files that start a browser run one at a time', async (t) => {
  // Each makes a folder that may be there once only, waits a little and takes it away again.
  const alone = `
    import { mkdirSync, rmdirSync } from 'node:fs';
    import { setTimeout as delay } from 'node:timers/promises';
    test('alone', async () => { mkdirSync('busy'); await delay(300); rmdirSync('busy'); });`;
  const ran = await runOver(
    t,
    {
      'one.test.ts': `import {} from 'playwright-core';${alone}`,
      'two.test.ts': `import './browser.ts';${alone}`,
      'three.test.ts': `import './browser.ts';${alone}`,
      'good.test.ts': PASSING,
    },
    ['--no-check'],
    {
      'core/test/browser.ts': "import {} from 'playwright-core';\n",
      'node_modules/playwright-core/index.js': 'export {};',
      'node_modules/playwright-core/package.json': '{ "type": "module", "exports": "./index.js" }',
    },
  );
  assert.equal(ran.lastLine, '6 passed, 0 failed, 0 skipped', ran.output);
});
