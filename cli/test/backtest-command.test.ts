// SPDX-License-Identifier: Apache-2.0
// `kontor backtest` as a process: what it prints, what it writes, and how it exits.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { importCandles } from '@kontor/server';

const folder = mkdtempSync(join(tmpdir(), 'kontor-cli-backtest-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const data = join(folder, 'data');
const PROGRAM = `
  import { Command } from 'commander';
  import { backtestCommand } from ${JSON.stringify(join(import.meta.dirname, '../src/commands/backtest.ts'))};
  if (process.env.TELL_WHEN_INTERRUPTIBLE) {
    process.on('newListener', (name) => name === 'SIGINT' && process.stdout.write('now'));
  }
  await new Command('kontor').addCommand(backtestCommand()).parseAsync(process.argv.slice(1), { from: 'user' });
`;
const T = 1_704_067_200_000;
const SEED = 20_261_122;
const STORE = ['--candles', 'BTCUSDT-1m', '--data', data];
const BUSY = ['--set', 'takeProfit=0.5', '--set', 'safetyOrderStep=0.4', '--set', 'stopLoss=9'];

before(async () => {
  await importCandles([csv('BTCUSDT-1m.csv', 4_000)], data);
  await importCandles([csv('ETHUSDT-1m.csv', 400_000)], data);
});

test('[K24] a run prints a report and writes both files where it was told to', async () => {
  const out = join(folder, 'report');
  const result = await kontor([...STORE, ...BUSY, '--out', out]);
  assert.equal(result.code, 0, result.stderr);
  assert.equal(result.stderr, '', 'no progress where nobody looks on');
  assert.match(result.stdout, /^Example on BTCUSDT, simulated$/m);
  assert.match(result.stdout, /^Net profit +[+−]/m);
  assert.match(result.stdout, /^- A candle tells four prices and not their order\./m);
  assert.ok(result.stdout.includes(`${join(out, 'report.json')} and ${join(out, 'report.html')}`));
  assert.deepEqual(readdirSync(out).toSorted(), ['report.html', 'report.json']);
  const document = JSON.parse(readFileSync(join(out, 'report.json'), 'utf8'));
  assert.equal(document.kind, 'kontor-backtest');
  assert.equal(document.settings.takeProfit, '0.5');
  assert.ok(document.deals.length > 5);
});

test('[K24] without a folder the files go into the current one; --html leaves the JSON out', async () => {
  const here = join(folder, 'here');
  const result = await kontor([...STORE, '--html', '--to', '2024-01-01T10:00'], { in: here });
  assert.equal(result.code, 0, result.stderr);
  assert.deepEqual(readdirSync(here), ['backtest-report']);
  assert.deepEqual(readdirSync(join(here, 'backtest-report')), ['report.html']);
});

test('[K24] with --json the document is all there is, and files only with --out', async () => {
  const here = join(folder, 'json');
  const out = join(here, 'out');
  const first = await kontor([...STORE, ...BUSY, '--json'], { in: here });
  assert.equal(first.code, 0, first.stderr);
  assert.deepEqual(readdirSync(here), []);
  assert.equal(JSON.parse(first.stdout).kind, 'kontor-backtest');
  const second = await kontor([...STORE, ...BUSY, '--json', '--out', out], { in: here });
  assert.equal(second.stdout, first.stdout);
  assert.equal(readFileSync(join(out, 'report.json'), 'utf8'), first.stdout);
});

test('[K17] settings come from a file with fields on top; the options reach the run', async () => {
  const bot = join(folder, 'bot.json');
  const json = await kontor([...STORE, '--json', '--to', '2024-01-02']);
  const { settings } = JSON.parse(json.stdout);
  writeFileSync(bot, JSON.stringify({ ...settings, name: 'From a file', stopLoss: '50' }));
  const result = await kontor([
    ...STORE,
    ...['--bot', bot, '--set', 'stopLoss=', '--set', 'takeProfit=3', '--json'],
    ...['--from', '2024-01-01T01:00', '--to', '2024-01-02', '--path', 'high-first'],
    ...['--maker-fee', '0', '--taker-fee', '0.075', '--balance', '5000'],
    ...['--tick-size', '0.05', '--lot-size', '0.001', '--min-notional', '5'],
  ]);
  assert.equal(result.code, 0, result.stderr);
  const document = JSON.parse(result.stdout);
  assert.deepEqual(
    {
      name: document.settings.name,
      stopLoss: document.settings.stopLoss,
      takeProfit: document.settings.takeProfit,
      candles: document.source.candles,
      path: document.model.path,
      fees: [document.model.makerFeePpm, document.model.takerFeePpm],
      balance: document.model.startBalance,
      steps: [
        document.market.rules.tickSize,
        document.market.rules.lotSize,
        document.market.rules.minNotional,
      ],
    },
    {
      name: 'From a file',
      stopLoss: undefined,
      takeProfit: '3',
      candles: 23 * 60,
      path: 'high-first',
      fees: [0, 750],
      balance: '5000',
      steps: ['0.05', '0.001', '5'],
    },
  );
});

test('[K18] candles may come from a file that was never imported', async () => {
  const file = join(folder, 'BTCUSDT-1m.csv');
  const fromStore = await kontor([...STORE, ...BUSY, '--json']);
  const fromFile = await kontor(['--candles', file, ...BUSY, '--json']);
  assert.equal(fromFile.code, 0, fromFile.stderr);
  assert.deepEqual(JSON.parse(fromFile.stdout).fills, JSON.parse(fromStore.stdout).fills);
});

test('[K24] wrong usage exits with 2, failure with 1, each with a message that says what to do', async () => {
  const bad = join(folder, 'bad.json');
  writeFileSync(bad, '{');
  const out = join(folder, 'unwritten');
  const table: readonly (readonly [readonly string[], number, RegExp])[] = [
    [[], 2, /required option '--candles <name...>'/],
    [['--candles', 'nothing'], 2, /neither such a name nor a file here; "kontor candles list"/],
    [['--candles', 'XRPUSDT-1m', '--data', data], 1, /"kontor candles import" brings more/],
    [[...STORE, '--set', 'takeProfit'], 2, /expected key=value/],
    [[...STORE, '--set', 'takeProfit=x'], 2, /takeProfit: expected a decimal number/],
    [[...STORE, '--set', 'leverage=20'], 2, /leverage: expected no such field/],
    [[...STORE, '--path', 'sideways'], 2, /low-first, high-first/],
    [[...STORE, '--maker-fee', '-1'], 2, /percentage of 0 to 10/],
    [[...STORE, '--taker-fee', '11'], 2, /percentage of 0 to 10/],
    [[...STORE, '--balance', 'all'], 2, /balance: expected a decimal number above 0/],
    [[...STORE, '--from', '2025-01-01'], 2, /a period that holds candles/],
    [[...STORE, '--from', 'yesterday'], 2, /expected a date/],
    [[...STORE, '--lot-size', '10'], 2, /The data shows a tick of 0\.01 and a lot of 10;/],
    [[...STORE, '--bot', bad], 1, /expected a bot's settings as JSON/],
    [[...STORE, '--bot', join(folder, 'absent.json')], 1, /ENOENT/],
  ];
  for (const [args, code, message] of table) {
    const result = await kontor([...args, '--out', out]);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stderr}${result.stdout}`);
    assert.match(result.stderr, message);
    assert.equal(result.stdout, '');
    assert.doesNotMatch(result.stderr, /^ +at /m, 'a stack trace is no message');
  }
  assert.equal(existsSync(out), false);
  const refused = await kontor([...STORE, '--set', 'takeProfit=x', '--json']);
  assert.equal(refused.code, 2);
  assert.equal(JSON.parse(refused.stdout).error.errors[0].field, 'takeProfit');
  const blocked = join(folder, 'blocked');
  writeFileSync(blocked, '');
  const unwritable = await kontor([...STORE, '--to', '2024-01-01T02:00', '--out', blocked]);
  assert.equal(unwritable.code, 1);
  assert.match(unwritable.stderr, /the report cannot be written to/);
  const help = await kontor(['--help']);
  assert.equal(help.code, 0);
  assert.match(help.stdout, /Examples?:\n {2}kontor backtest /);
});

test('[K21] Ctrl-C ends a run with a note and code 130, and nothing is written', async () => {
  const out = join(folder, 'interrupted');
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      PROGRAM,
      'backtest',
      ...['--candles', 'ETHUSDT-1m', '--data', data, '--out', out, ...BUSY],
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: import.meta.dirname,
      env: { ...process.env, TELL_WHEN_INTERRUPTIBLE: '1' },
      timeout: 60_000,
    },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  // The thread of the run has not even started then.
  child.stdout.once('data', () => child.kill('SIGINT'));
  const code = await new Promise((resolve) => child.once('close', resolve));
  assert.equal(code, 130, stderr);
  assert.match(stderr, /^cancelled (?:before|after) .*; nothing was written$/m);
  assert.equal(existsSync(out), false);
});

test('[K42] --check-lookahead prints what it found and exits with 1 when conditions fail', async () => {
  const rsi = (interval: string): string =>
    `startConditions=[{"kind":"rsi","interval":"${interval}","period":5,"comparison":"below","value":"40"}]`;
  const check = [...STORE, '--check-lookahead', '--set', 'startTrigger=conditions', '--set'];
  const sound = await kontor([...check, rsi('5m')]);
  assert.equal(sound.code, 0, sound.stderr);
  assert.match(sound.stdout, /^Do the conditions know the future\?$/m);
  assert.match(sound.stdout, /^passed  startConditions on BTCUSDT/m);
  assert.match(sound.stdout, /^Nothing of the kind was found\.$/m);
  const json = await kontor([...check, rsi('5m'), '--json']);
  assert.equal(json.code, 0);
  assert.equal(JSON.parse(json.stdout).checks[0].report.differencesTotal, 0);
  // Four thousand minutes are no three days: nothing was ever known.
  const unknown = await kontor([...check, rsi('1d')]);
  assert.equal(unknown.code, 1);
  assert.match(unknown.stdout, /nothing could be checked/);
  const none = await kontor([...STORE, '--check-lookahead']);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /startConditions: expected a bot with indicator conditions/);
});

test('[K41] several series are run together, and a bot that sells first gets its coins', async () => {
  const both = await kontor([
    '--candles',
    'BTCUSDT-1m',
    'ETHUSDT-1m',
    '--data',
    data,
    '--to',
    '2024-01-01T10:00',
    '--json',
    '--set',
    'maxActiveDeals=2',
  ]);
  assert.equal(both.code, 0, both.stderr);
  assert.deepEqual(JSON.parse(both.stdout).settings.symbols, ['BTCUSDT', 'ETHUSDT']);
  const short = await kontor([
    ...STORE,
    '--to',
    '2024-01-01T10:00',
    '--json',
    '--set',
    'direction=short',
    '--coins',
    'BTC=2',
  ]);
  assert.equal(short.code, 0, short.stderr);
  const document = JSON.parse(short.stdout);
  assert.deepEqual(document.model.startCoins, { BTC: '2' });
  assert.equal(document.fills[0].side, 'sell');
});

/** A seeded market as CSV: about 3,000, cents, 0.1 % a minute. */
function csv(name: string, rows: number): string {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const text = (cents: number): string => (cents / 100).toFixed(2);
  const lines = ['open_time,open,high,low,close,volume'];
  let price = 300_000;
  for (let row = 0; row < rows; row += 1) {
    const open = price;
    price = Math.round(open * (1 + (random() - 0.5) * 0.003) + (300_000 - open) * 0.001);
    const high = Math.max(open, price) + Math.floor(random() * 90);
    const low = Math.min(open, price) - Math.floor(random() * 90);
    const volume = (Math.floor(random() * 1e6) / 1e5).toFixed(5);
    lines.push(
      `${T + row * 60_000},${text(open)},${text(high)},${text(low)},${text(price)},${volume}`,
    );
  }
  const path = join(folder, name);
  writeFileSync(path, `${lines.join('\n')}\n`);
  return path;
}

async function kontor(
  args: readonly string[],
  options: { readonly in?: string } = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const here = options.in ?? mkdtempSync(join(folder, 'cwd-'));
  mkdirSync(here, { recursive: true });
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `process.chdir(${JSON.stringify(here)});${PROGRAM}`,
      'backtest',
      ...args,
    ],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: import.meta.dirname,
      env: { ...process.env, HOME: folder },
      timeout: 60_000,
    },
  );
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, stdout, stderr };
}
