// SPDX-License-Identifier: Apache-2.0
// `kontor candles` as a process: what it prints, what it writes, and how it exits.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const folder = mkdtempSync(join(tmpdir(), 'kontor-cli-candles-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const PROGRAM = `
  import { Command } from 'commander';
  import { candlesCommand } from ${JSON.stringify(join(import.meta.dirname, '../src/commands/candles.ts'))};
  await new Command('kontor').addCommand(candlesCommand()).parseAsync(process.argv.slice(1), { from: 'user' });
`;
const HEADER = 'open_time,open,high,low,close,volume\n';
const T = 1_704_067_200_000;
const CSV = `${HEADER}${T},1.5,2,1,2,3\n${T + 60_000},2,2,2,2,0\n${T + 300_000},2,3,2,2,0.25\n`;

test('[K1] import, list and export run from end to end', async () => {
  const data = join(folder, 'whole');
  const source = write('BTCUSDT-1m-2024-01.csv', CSV);
  const imported = await kontor(['import', source, '--data', data]);
  assert.equal(imported.code, 0, imported.stderr);
  assert.match(imported.stdout, /^BTCUSDT-1m: 3 candles added to 0, now 3$/m);
  assert.match(imported.stdout, /2024-01-01T00:00:00Z to 2024-01-01T00:05:00Z/);
  assert.match(imported.stdout, /3 candles missing in 1 gaps, the longest 3 min; they stay gaps/);
  const listed = await kontor(['list', '--data', data]);
  assert.match(
    listed.stdout,
    /^BTCUSDT-1m +2024-01-01T00:00:00Z +2024-01-01T00:05:00Z +3 +3 +1 +3 min/m,
  );
  const exported = await kontor(['export', 'BTCUSDT-1m', '--data', data]);
  assert.equal(exported.stdout, CSV);
  const out = join(folder, 'part.csv');
  const range = ['--from', '2024-01-01T00:01', '--to', '2024-01-01T00:05'];
  const part = await kontor(['export', 'BTCUSDT-1m', ...range, '--out', out, '--data', data]);
  assert.equal(part.code, 0, part.stderr);
  assert.equal(readFileSync(out, 'utf8'), `${HEADER}${T + 60_000},2,2,2,2,0\n`);
  const again = await kontor(['export', 'BTCUSDT-1m', '--out', out, '--data', data]);
  assert.equal(again.code, 1);
  assert.match(again.stderr, /exists already; choose another name or add --force/);
  const forced = await kontor(['export', 'BTCUSDT-1m', '--out', out, '--force', '--data', data]);
  assert.equal(forced.code, 0, forced.stderr);
  assert.equal(readFileSync(out, 'utf8'), CSV);
});

test('[K12] with --json each command prints one document and nothing else', async () => {
  const data = join(folder, 'json');
  const source = write('BTCUSDT-1m.csv', CSV);
  const imported = await kontor(['import', source, '--json'], { KONTOR_DATA: data });
  assert.equal(imported.stderr, '');
  const document: unknown = JSON.parse(imported.stdout);
  assert.ok(typeof document === 'object' && document !== null && 'imported' in document);
  assert.ok(Array.isArray(document.imported));
  assert.equal(document.imported[0].rowsAdded, 3);
  const listed = await kontor(['list', '--json'], { KONTOR_DATA: data });
  assert.deepEqual(JSON.parse(listed.stdout).candles[0].gaps, { count: 1, missing: 3, longest: 3 });
  const out = join(folder, 'json.csv');
  const exported = await kontor(['export', 'BTCUSDT-1m', '--out', out, '--json'], {
    KONTOR_DATA: data,
  });
  assert.deepEqual(JSON.parse(exported.stdout), { file: out, candles: 3 });
  const wrong = write('BTCUSDT-wrong.csv', `${CSV}x\n`);
  const refused = await kontor(['import', wrong, '--json'], { KONTOR_DATA: data });
  assert.equal(refused.code, 1);
  assert.equal(refused.stderr, '');
  const { error } = JSON.parse(refused.stdout);
  assert.deepEqual(
    { code: error.code, file: error.file, line: error.line },
    { code: 'VALUE_WRONG', file: 'BTCUSDT-wrong.csv', line: 5 },
  );
});

test('[K14] wrong usage exits with 2, failure with 1, help with 0 and an example', async () => {
  const data = join(folder, 'usage');
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [['import'], 2, /missing required argument/],
    [['import', 'x.csv', '--interval', '7m'], 2, /expected one of 1s, 1m/],
    [['import', 'x.csv', '--symbol', 'btc'], 2, /symbol in capitals/],
    [['import', 'x.csv', '--volume-decimals', '16'], 2, /0 to 15/],
    [['import', 'x.csv', '--round-volumes'], 2, /needs --volume-decimals/],
    [['import', 'x.csv', '--sybmol', 'BTCUSDT'], 2, /unknown option/],
    [['export', '../BTCUSDT-1m'], 2, /expected SYMBOL-INTERVAL/],
    [['export', 'BTCUSDT-1m', '--from', '2024-02-30'], 2, /expected a date/],
    [['export', 'BTCUSDT-1m', '--json'], 2, /--json needs --out/],
    [['delete'], 2, /unknown command/],
    [['import', join(folder, 'absent'), '--symbol', 'BTCUSDT'], 1, /ENOENT/],
    [['export', 'BTCUSDT-1m'], 1, /kontor candles list/],
  ];
  for (const [args, code, message] of table) {
    const result = await kontor(args, { KONTOR_DATA: data });
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
    assert.doesNotMatch(result.stderr, /^ +at /m, 'a stack trace is no message');
  }
  assert.equal(existsSync(data), false);
  for (const command of ['import', 'list', 'export']) {
    const help = await kontor([command, '--help']);
    assert.equal(help.code, 0);
    assert.match(help.stdout, /Example:\n {2}kontor candles /);
  }
  const empty = await kontor(['list'], { KONTOR_DATA: data });
  assert.equal(empty.code, 0);
  assert.match(empty.stdout, /No candles yet/);
});

test('[K12] a damaged file is listed and makes the list fail', async () => {
  const data = join(folder, 'damaged');
  const source = write('BTCUSDT-1m.csv', CSV);
  await kontor(['import', source, '--data', data]);
  writeFileSync(join(data, 'candles', 'ETHUSDT-1m.candles'), 'junk');
  const listed = await kontor(['list', '--data', data]);
  assert.equal(listed.code, 1);
  assert.match(listed.stdout, /^BTCUSDT-1m/m);
  assert.match(listed.stdout, /^ETHUSDT-1m: ETHUSDT-1m\.candles: expected/m);
});

test('[K11] an export whose reader has had enough ends without a word', async () => {
  const data = join(folder, 'pipe');
  const rows = Array.from({ length: 60_000 }, (_, i) => `${T + i * 60_000},1,2,1,2,3\n`);
  await kontor(['import', write('BTCUSDT-long.csv', HEADER + rows.join('')), '--data', data]);
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM, 'candles', 'export', 'BTCUSDT-1m', '--data', data],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: import.meta.dirname, timeout: 30_000 },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(stderr, '');
  assert.equal(code, 0);
});

function write(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

async function kontor(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', PROGRAM, 'candles', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: import.meta.dirname,
      env: { ...process.env, HOME: folder, ...environment },
      timeout: 30_000,
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}
