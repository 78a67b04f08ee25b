// SPDX-License-Identifier: Apache-2.0
// `kontor start --paper`, as a person runs it: live prices of another simulator that stands for the real exchange.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { api } from '@kontor/server';
import { demoBots } from '../src/demo-desk.ts';
import { connectDesk, type DeskClient } from '../src/desk-client.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 40_000;

const scratch = mkdtempSync(join(tmpdir(), 'kontor-paper-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Child {
  readonly process: ChildProcess;
  readonly lines: string[];
  readonly said: () => string;
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

/** Starts a command; it is ended with the test, if it has not ended by then. */
function run(context: TestContext, args: readonly string[], environment = {}): Child {
  const child = spawn(process.execPath, [...FLAGS, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  const lines: string[] = [];
  let said = '';
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const stop = async (signal: NodeJS.Signals = 'SIGINT'): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const gone = new Promise<number | null>((resolve) => child.once('exit', resolve));
    child.kill(signal);
    return gone;
  };
  context.after(() => stop());
  return { process: child, lines, said: () => said, stop };
}

async function until<T>(
  what: () => string,
  condition: () => Promise<T | null> | T | null,
): Promise<T> {
  const begun = performance.now();
  while (performance.now() - begun < WAIT_MS_MAX) {
    const value = await condition();
    if (value !== null) return value;
    await delay(30);
  }
  return assert.fail(`did not happen within ${WAIT_MS_MAX / 1000} s: ${what()}`);
}

async function firstLine(child: Child): Promise<string> {
  return until(child.said, () => {
    assert.equal(child.process.exitCode, null, child.said());
    return child.lines[0] ?? null;
  });
}

interface Followed {
  readonly rest: string;
  readonly streams: string;
  readonly control: string;
}

/** The exchange that is followed. */
async function followed(
  context: TestContext,
  ...args: readonly string[]
): Promise<Followed & { readonly child: Child }> {
  const symbols = ['--symbol', 'BTCUSDT', '--symbol', 'ETHUSDT'];
  const child = run(context, [
    'simulator',
    '--json',
    '--no-limits',
    '--seed',
    '3',
    ...symbols,
    ...args,
  ]);
  const addresses: Followed = JSON.parse(await firstLine(child));
  return { ...addresses, child };
}

function paperArguments(from: Pick<Followed, 'rest' | 'streams'>, data: string): readonly string[] {
  return [
    'start',
    '--paper',
    '--follow-rest',
    from.rest,
    '--follow-streams',
    from.streams,
    '--data',
    data,
    '--no-open',
    '--port',
    '0',
  ];
}

async function marketStream(desk: DeskClient): Promise<api.Health['streams'][number]> {
  const health = (await desk.get('/api/v1/health')) as api.Health;
  const found = health.streams.find(({ name }) => name === 'market');
  assert.ok(found !== undefined);
  return found;
}

test('[C12] a paper desk trades on live prices of an exchange that hears of no order', async (context) => {
  const a = await followed(context);
  const data = join(scratch, 'desk');
  const args = [...paperArguments(a, data), '--symbols', 'BTC/USDT,ethusdt', '--json'];
  const child = run(context, args);
  const ready = JSON.parse(await firstLine(child)) as {
    readonly market: unknown;
    readonly exchange: { readonly rest: string };
  };
  assert.deepEqual(ready.market, { kind: 'paper', label: 'Binance' });
  const desk = connectDesk(data);
  const overview = (await desk.get('/api/v1/desk')) as api.Desk;
  assert.deepEqual(
    overview.instruments.map(({ symbol }) => symbol),
    ['BTCUSDT', 'ETHUSDT'],
  );
  const { kind, label, isSimulated, speed } = overview.market;
  assert.deepEqual([kind, label, isSimulated, speed], ['paper', 'Binance', true, 1]);
  const connections = (await desk.get('/api/v1/connections')) as api.Connection[];
  assert.deepEqual(
    connections.map(({ name, venue, state }) => [name, venue, state]),
    [['paper', 'paper-binance', 'active']],
  );
  assert.deepEqual(await desk.get('/api/v1/bots'), []);
  assert.match(readFileSync(join(data, 'signer', 'policy'), 'utf8'), /^connection paper$/m);
  // A bot trades there, at prices of the followed exchange.
  const [settings] = demoBots(['BTCUSDT']);
  const bot = (await desk.post('/api/v1/bots', settings)) as api.Bot;
  await desk.post(`/api/v1/bots/${bot.id}/start`);
  const fill = await until(child.said, async () => {
    const page = (await desk.get('/api/v1/deals?status=all')) as api.DealPage;
    return page.deals.flatMap(({ fills }) => fills)[0] ?? null;
  });
  const trades = (await (
    await fetch(`${a.rest}/api/v3/aggTrades?symbol=BTCUSDT&limit=1000`)
  ).json()) as { p: string }[];
  const prices = trades.map(({ p }) => Number(p));
  const [low, high] = [Math.min(...prices) * 0.999, Math.max(...prices) * 1.001];
  assert.ok(Number(fill.price) > low && Number(fill.price) < high, `${fill.price} ${low} ${high}`);
  const accounts = (await (await fetch(`${a.control}/control/accounts`)).json()) as {
    accounts: unknown[];
  };
  assert.deepEqual(accounts.accounts, []);
  const status = spawnSync(process.execPath, [...FLAGS, 'status', '--data', data], {
    encoding: 'utf8',
  });
  assert.match(status.stdout, /market {3}paper \(Binance\), simulated/);
  assert.equal(await child.stop(), 0);
});

test('[C12] a paper desk goes on after a stop, with the pairs it was begun with', async (context) => {
  const a = await followed(context);
  const data = join(scratch, 'again');
  const first = run(context, [...paperArguments(a, data), '--symbols', 'ETHUSDT', '--json']);
  await firstLine(first);
  await first.stop();
  const refused = spawnSync(
    process.execPath,
    [...FLAGS, ...paperArguments(a, data), '--symbols', 'BTCUSDT'],
    { encoding: 'utf8', timeout: WAIT_MS_MAX },
  );
  assert.equal(refused.status, 1);
  assert.match(
    refused.stderr,
    /was begun on the market paper:binance ETHUSDT, not paper:binance BTCUSDT; begin a new one with --fresh/,
  );
  const demo = spawnSync(process.execPath, [...FLAGS, 'start', '--data', data, '--no-open'], {
    encoding: 'utf8',
    timeout: WAIT_MS_MAX,
  });
  assert.match(
    demo.stderr,
    /was begun on the market paper:binance ETHUSDT, not synthetic 7; go on with it by --paper, begin/,
  );
  const second = run(context, [...paperArguments(a, data), '--json']);
  await firstLine(second);
  const overview = (await connectDesk(data).get('/api/v1/desk')) as api.Desk;
  assert.deepEqual(
    overview.instruments.map(({ symbol }) => symbol),
    ['ETHUSDT'],
  );
});

test('[C12] without a directory named, paper has one of its own', async (context) => {
  const a = await followed(context);
  const home = join(scratch, 'home');
  const args = paperArguments(a, '').filter((word) => word !== '--data' && word !== '');
  const child = run(context, [...args, '--symbols', 'ETHUSDT', '--json'], {
    HOME: home,
    KONTOR_DATA: '',
  });
  const ready = JSON.parse(await firstLine(child)) as { readonly data: string };
  assert.equal(ready.data, join(home, '.kontor-paper'));
  assert.ok(!existsSync(join(home, '.kontor')));
});

test('[C13] an exchange that cannot be reached is named with the cause and what to do, until it can', async (context) => {
  const port = await freePort();
  const address = { rest: `http://127.0.0.1:${port}`, streams: `ws://127.0.0.1:${port}` };
  const data = join(scratch, 'waiting');
  const child = run(context, [...paperArguments(address, data), '--symbols', 'ETHUSDT', '--json']);
  await until(child.said, () => (/trying again in 2 s/.test(child.said()) ? true : null));
  assert.match(
    child.said(),
    new RegExp(`^${address.rest} cannot be reached: ECONNREFUSED .*; trying again in 1 s$`, 'm'),
  );
  assert.equal(child.said().match(/Kontor goes on trying; Ctrl-C ends it\./g)?.length, 1);
  assert.deepEqual(child.lines, []);
  await followed(context, '--port', String(port));
  assert.equal(JSON.parse(await firstLine(child)).market.kind, 'paper');
});

test('[C13] Ctrl-C ends a start that waits, and leaves nothing running', async (context) => {
  const data = join(scratch, 'given-up');
  const address = { rest: 'http://127.0.0.1:1', streams: 'ws://127.0.0.1:1' };
  const child = run(context, paperArguments(address, data));
  await until(child.said, () => (/trying again in/.test(child.said()) ? true : null));
  const simulator = simulatorOf(data);
  assert.ok(simulator !== undefined);
  await child.stop();
  await until(child.said, () => (simulatorOf(data) === undefined ? true : null));
  assert.ok(!existsSync(join(data, 'desk.json')));
});

test('[C13] a pair that the exchange does not list ends the start with its answer', async (context) => {
  const a = await followed(context);
  const result = spawnSync(
    process.execPath,
    [...FLAGS, ...paperArguments(a, join(scratch, 'nope')), '--symbols', 'NOPEUSDT'],
    { encoding: 'utf8', timeout: WAIT_MS_MAX },
  );
  assert.equal(result.status, 1);
  assert.match(result.stderr, /exchangeInfo.*HTTP 400 "Invalid symbol\."/);
});

test('[C14] when the followed exchange goes away the desk says so, and when it is back', async (context) => {
  const port = await freePort();
  const args = ['--port', String(port), '--state', join(scratch, 'followed-state.json')];
  const a = await followed(context, ...args);
  const data = join(scratch, 'cut');
  const child = run(context, [...paperArguments(a, data), '--symbols', 'ETHUSDT', '--json']);
  await firstLine(child);
  const desk = connectDesk(data);
  await until(child.said, async () => ((await marketStream(desk)).state === 'up' ? true : null));
  await a.child.stop('SIGTERM');
  const down = await until(child.said, async () => {
    const stream = await marketStream(desk);
    return stream.state === 'down' ? stream : null;
  });
  assert.match(
    down.detail,
    new RegExp(`^ws://127\\.0\\.0\\.1:${port} (was closed|cannot be reached)`),
  );
  assert.equal(((await desk.get('/api/v1/health')) as api.Health).state, 'degraded');
  await followed(context, ...args);
  await until(child.said, async () => ((await marketStream(desk)).state === 'up' ? true : null));
});

test('[C4] options of paper trading and of the demo do not mix', () => {
  for (const [args, expected] of [
    [['--paper', '--market', 'x.csv'], /--market does not go with --paper/],
    [['--paper', '--seed', '4'], /--seed does not go with --paper/],
    [['--symbols', 'BTCUSDT'], /--symbols needs --paper/],
    [['--fill-by-volume'], /--fill-by-volume needs --paper/],
    [['--follow-rest', 'http://x'], /--follow-rest needs --paper/],
    [['--paper', 'nowhere'], /--paper: expected binance, or another name with --follow-rest/],
    [['--paper', '--symbols', 'a'], /expected pairs like BTC\/USDT,ADA\/USDT, found a/],
    [['--paper', '--funds', '100'], /expected amounts like USDT=10000,BTC=1, found 100/],
  ] as const) {
    const result = spawnSync(process.execPath, [...FLAGS, 'start', ...args], {
      encoding: 'utf8',
      timeout: WAIT_MS_MAX,
    });
    assert.equal(result.status, 2, args.join(' '));
    assert.match(result.stderr, expected);
  }
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  assert.ok(address !== null && typeof address === 'object');
  return address.port;
}

/** The number of the simulator that keeps its state under `data`. */
function simulatorOf(data: string): string | undefined {
  const listed = spawnSync('ps', ['-eo', 'pid,args'], { encoding: 'utf8' }).stdout;
  return listed.split('\n').find((line) => line.includes(join(data, 'simulator')));
}
