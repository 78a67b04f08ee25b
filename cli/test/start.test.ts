// SPDX-License-Identifier: Apache-2.0
// `kontor start` and the commands around it, as a person runs them: real processes, a real data directory.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { api } from '@kontor/server';
import type { Command } from 'commander';
import { kontorProgram } from '../src/program.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 40_000;

const scratch = mkdtempSync(join(tmpdir(), 'kontor-cli-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

interface Ready {
  readonly url: string;
  readonly link: string;
  readonly data: string;
  readonly market: { readonly kind: string; readonly label: string };
}

interface Running {
  readonly ready: Ready;
  readonly child: ChildProcess;
  stop(): Promise<number | null>;
}

function kontor(...args: readonly string[]): {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
} {
  const result = spawnSync(process.execPath, [...FLAGS, ...args], {
    encoding: 'utf8',
    timeout: WAIT_MS_MAX,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

async function start(...args: readonly string[]): Promise<Running> {
  const child = spawn(
    process.execPath,
    [...FLAGS, 'start', '--json', '--no-open', '--port', '0', ...args],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${said}`)), WAIT_MS_MAX);
    child.once('exit', (code) => reject(new Error(`ended with ${code}: ${said}`)));
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).once('line', (text) => {
        clearTimeout(timer);
        resolve(text);
      });
    }
  });
  child.removeAllListeners('exit');
  const ready: Ready = JSON.parse(line);
  return {
    ready,
    child,
    async stop() {
      if (child.exitCode !== null) return child.exitCode;
      const gone = new Promise<number | null>((resolve) =>
        child.once('exit', (code) => resolve(code)),
      );
      child.kill('SIGINT');
      return gone;
    },
  };
}

async function until<T>(what: string, condition: () => Promise<T | null> | T | null): Promise<T> {
  const begun = performance.now();
  while (performance.now() - begun < WAIT_MS_MAX) {
    const value = await condition();
    if (value !== null) return value;
    await delay(50);
  }
  return assert.fail(`${what} did not happen within ${WAIT_MS_MAX / 1000} s`);
}

/** Follows the link as a browser does; returns the session's cookie. */
async function logIn(
  link: string,
): Promise<{ readonly status: number; readonly to: string; readonly cookie: string }> {
  const response = await fetch(link, { redirect: 'manual' });
  return {
    status: response.status,
    to: response.headers.get('location') ?? '',
    cookie: (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '',
  };
}

async function get<T>(running: Running, cookie: string, path: string): Promise<T> {
  const response = await fetch(running.ready.url + path, { headers: { cookie } });
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return response.json();
}

/** True while a process with this number runs. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Makes, changes, signals and deletes a bot of the desk on `data`, which has three. */
function changeBots(data: string): void {
  const bots = (...args: readonly string[]) => kontor('bots', ...args, '--data', data);
  const file = join(scratch, 'bot.json');
  writeFileSync(file, bots('show', '1').out);
  assert.match(bots('create', file).out, /Bot 4 "Steady" is made/);
  writeFileSync(file, '{"name":"Calm","takeProfit":"0.9"}');
  assert.match(bots('change', '4', file).out, /Bot 4 "Calm" is changed/);
  assert.equal(JSON.parse(bots('show', '4').out).settings.takeProfit, '0.9');
  writeFileSync(file, '{"takeProfit":"0"}');
  assert.match(bots('change', '4', file).err, /takeProfit: expected .*, found "0"/);
  assert.match(bots('signal', '4', 'frob').err, /action: expected one of start,/);
  assert.equal(bots('signal', '4', 'start').code, 1);
  assert.match(bots('delete', '4').out, /Bot 4 is deleted/);
  assert.equal(bots('delete', '1').code, 1);
  assert.equal(JSON.parse(bots('list', '--json').out).length, 3);
}

test('[C1, C2, C7, C8, C9, C15, C16, C75] a desk from its first start through stop, restart, backup and restore', async (t) => {
  const data = join(scratch, 'desk');
  const first = await start('--data', data, '--seed', '11');
  t.after(() => first.stop());
  assert.equal(first.ready.market.kind, 'synthetic');

  const login = await logIn(first.ready.link);
  assert.equal(login.status, 303);
  assert.equal(login.to, '/');
  const again = await logIn(first.ready.link);
  assert.equal(again.to, '/locked');
  assert.equal((await fetch(`${first.ready.url}/api/v1/bots`)).status, 401);

  const bots = await get<api.Bot[]>(first, login.cookie, '/api/v1/bots');
  assert.equal(bots.length, 3);
  const deals = await until('a deal of each bot with a fill', async () => {
    const page = await get<api.DealPage>(first, login.cookie, '/api/v1/deals?status=open');
    const withFills = new Set(
      page.deals.filter((deal) => deal.fills.length > 0).map((deal) => deal.botId),
    );
    return withFills.size >= 2 ? page.deals : null;
  });
  assert.ok(deals.length >= 2);

  const status = kontor('status', '--data', data, '--json');
  assert.equal(status.code, 0, status.err);
  const { health } = JSON.parse(status.out);
  assert.deepEqual(
    health.processes.map((entry: api.ProcessHealth) => [entry.name, entry.state]),
    [
      ['server', 'up'],
      ['egress', 'up'],
      ['signer', 'up'],
    ],
  );
  const { hardening } = health.processes.find(
    (entry: api.ProcessHealth) => entry.name === 'signer',
  );
  assert.ok(hardening.level >= (process.platform === 'linux' ? 3 : 2), JSON.stringify(hardening));
  assert.match(kontor('status', '--data', data).out, /signer .*hardening level [2-4] of 4/);
  const doctor = kontor('doctor', '--data', data);
  assert.equal(doctor.code, 0, doctor.out);
  for (const name of ['server', 'egress', 'signer'])
    assert.match(doctor.out, new RegExp(`walls +the ${name} stands behind level [2-4] of 4`));
  assert.match(kontor('bots', 'list', '--data', data).out, /Steady .*running/);
  const link = kontor('link', '--data', data);
  assert.equal((await logIn(link.out.trim())).to, '/');

  const risk = (...args: readonly string[]): api.Risk => {
    const said = kontor('risk', ...args, '--data', data, '--json');
    assert.equal(said.code, 0, said.err);
    return JSON.parse(said.out);
  };
  assert.equal(risk('limit', '--max-exposure', 'usdt=5000').limits.maxExposure[0]?.asset, 'USDT');
  assert.match(kontor('risk', 'limit', '--max-exposure', 'USDT=no', '--data', data).err, /amount/);
  assert.equal(risk('reduce').state, 'reducing');
  assert.match(kontor('risk', 'show', '--data', data).out, /The desk +reducing +person/);
  assert.match(kontor('status', '--data', data).out, /risk +reducing/);
  assert.equal(risk('halt', '--bot', '1').scope, 'bot:1');
  assert.equal(risk('resume', '--bot', '1').state, 'active');
  assert.equal(risk('resume').state, 'active');

  changeBots(data);
  assert.equal(kontor('risk', 'limit', '--data', data).code, 2);
  assert.equal(kontor('risk', 'limit', '--none', '--max-open-orders', '5', '--data', data).code, 2);
  const [kept] = JSON.parse(kontor('risk', 'show', '--data', data, '--json').out);
  assert.equal(kept.limits.maxExposure.length, 1);
  assert.deepEqual(risk('limit', '--none').limits.maxExposure, []);

  const stopped = kontor('bots', 'stop', '1', '--data', data, '--json');
  assert.equal(JSON.parse(stopped.out).state, 'stopped');

  const egress = health.processes.find((entry: api.ProcessHealth) => entry.name === 'egress');
  process.kill(egress.pid, 'SIGKILL');
  await until('egress and its streams are back', async () => {
    const now = await get<api.Health>(first, login.cookie, '/api/v1/health');
    const back = now.processes.find((entry) => entry.name === 'egress');
    return now.state === 'ok' && back?.pid !== egress.pid ? now : null;
  });

  const file = join(scratch, 'backup.tar.gz');
  const backup = kontor('backup', file, '--data', data);
  assert.equal(backup.code, 0, backup.err);
  assert.doesNotMatch(backup.out, /\.key/);
  const refused = kontor('backup', file, '--data', data);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /exists already/);

  const before = await get<api.DealPage>(first, login.cookie, '/api/v1/deals?limit=500');
  const pids = health.processes.map((entry: api.ProcessHealth) => entry.pid);
  assert.equal(await first.stop(), 0);
  for (const pid of pids) assert.equal(isAlive(pid), false, `process ${pid} is still there`);

  const second = await start('--data', data);
  t.after(() => second.stop());
  const session = await logIn(second.ready.link);
  const later = await get<api.DealPage>(second, session.cookie, '/api/v1/deals?limit=500');
  for (const deal of before.deals) {
    const found = later.deals.find(({ id }) => id === deal.id);
    assert.ok(found !== undefined, `deal ${deal.id} is gone`);
    const ids = new Set(found.fills.map((fill) => fill.tradeId));
    for (const fill of deal.fills)
      assert.ok(ids.has(fill.tradeId), `fill ${fill.tradeId} of ${deal.id} is gone`);
  }
  await until('the desk is well again', async () => {
    const now = await get<api.Health>(second, session.cookie, '/api/v1/health');
    return now.state === 'ok' && now.ambiguousOrders === 0 ? now : null;
  });
  assert.equal(await second.stop(), 0);

  const restored = join(scratch, 'restored');
  const restore = kontor('restore', file, '--data', restored, '--json');
  assert.equal(restore.code, 0, restore.err);
  assert.equal(existsSync(join(restored, 'signer', 'keys')), false);
  assert.doesNotMatch(
    readFileSync(join(restored, 'simulator', 'state.json'), 'utf8'),
    /"secret":"/,
  );
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const third = await start('--data', restored);
  t.after(() => third.stop());
  const stranger = await fetch(`${third.ready.url}/api/v1/bots`, {
    headers: { cookie: login.cookie },
  });
  assert.equal(
    stranger.status,
    401,
    'a session of the desk that was backed up opens no other desk',
  );
  const thirdSession = await logIn(third.ready.link);
  const brought = await get<api.DealPage>(third, thirdSession.cookie, '/api/v1/deals?limit=500');
  const fillIds = (page: api.DealPage): string[] =>
    page.deals.flatMap((deal) => deal.fills.map((fill) => `${deal.id} ${fill.tradeId}`));
  const broughtIds = new Set(fillIds(brought));
  assert.ok(broughtIds.size > 0);
  assert.equal((await get<api.Bot[]>(third, thirdSession.cookie, '/api/v1/bots')).length, 3);
  assert.equal(await third.stop(), 0);
  const occupied = kontor('restore', file, '--data', restored);
  assert.equal(occupied.code, 1);
  assert.match(occupied.err, /put it aside with --fresh/);
});

test('[C17, C18, C19] deals are changed from the terminal, and what cannot be done says why', async (t) => {
  const data = join(scratch, 'deals');
  const desk = await start('--data', data, '--seed', '12');
  t.after(() => desk.stop());
  const ask = (...args: readonly string[]) => kontor(...args, '--data', data);
  const file = join(scratch, 'trade.json');
  const trade = {
    kind: 'smartTrade',
    name: 'Once',
    symbols: ['BTCUSDT'],
    size: { kind: 'quote', amount: '100' },
    entries: [{ share: '100', order: 'market' }],
    takeProfit: [{ share: '100', order: 'limit', price: { kind: 'percent', percent: '50' } }],
    maxSlippage: '1',
  };
  writeFileSync(file, JSON.stringify({ ...trade, size: { kind: 'quote', amount: '5000' } }));
  const large = ask('bots', 'create', file);
  assert.match(
    large.out,
    /Warning: an order on BTCUSDT would need 5000 USDT, .* at most 2000 USDT/,
  );
  writeFileSync(file, JSON.stringify({ ...trade, type: 'up', maxSlippage: 'much' }));
  const wrong = ask('bots', 'create', file);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /^error: 2 fields are wrong:\n {2}type: expected .*\n {2}maxSlippage: /);
  writeFileSync(file, JSON.stringify(trade));
  assert.match(ask('bots', 'create', file).out, /Bot 5 "Once" is made/);
  assert.match(ask('bots', 'start', '5').out, /Bot 5 "Once" is running/);
  await until('a position', () => {
    const shown = ask('deals', 'show', '5-1', '--json');
    return shown.code === 0 && JSON.parse(shown.out).deal.fills.length > 0 ? true : null;
  });
  const gold = ask('deals', 'add-funds', '5-1', '100', 'GOLD');
  assert.deepEqual([gold.code, gold.err], [1, 'error: asset: expected USDT or BTC, found GOLD\n']);
  const much = ask('deals', 'add-funds', '5-1', '999999999', 'USDT');
  assert.equal(much.code, 1);
  assert.match(much.err, /amount: expected at most \S+ USDT, which is free, found 999999999 USDT/);
  const added = ask('deals', 'add-funds', '5-1', '50', 'usdt', '--price', '1000');
  assert.match(added.out, /Deal 5-1 is enlarged by 50 USDT at 1000 USDT/, added.err);
  const back = ask('deals', 'cancel-step', '5-1', 'added-funds', '1');
  assert.match(back.out, /added-funds 1 is taken back/, back.err);
  assert.equal(ask('deals', 'cancel-step', '5-1', 'something', '1').code, 2);
  assert.equal(ask('deals', 'close-step', '5-1', '7').code, 1);
  assert.equal(ask('deals', 'convert', '5-1').code, 1);
  const reduced = ask('deals', 'reduce', '5-1', '999', 'BTC');
  assert.match(reduced.err, /amount: expected at most \S+ BTC, which is held, found 999 BTC/);
  assert.match(ask('deals', 'cancel', '5-1').out, /Deal 5-1 is/);
  await until('the end of the trade', () =>
    JSON.parse(ask('bots', 'show', '5').out).state === 'stopped' ? true : null,
  );
  const again = ask('bots', 'start', '5');
  assert.equal(again.code, 1);
  assert.match(again.err, /the trade has ended, and a smart trade trades once/);
  const none = ask('deals', 'list', '--bot', '999');
  assert.deepEqual([none.code, none.err], [1, 'error: there is no bot 999, and there never was\n']);
});

test('[C3] a second desk on the same directory is refused, the first goes on', async (t) => {
  const data = join(scratch, 'busy');
  const first = await start('--data', data);
  t.after(() => first.stop());
  const second = kontor('start', '--data', data, '--port', '0', '--no-open');
  assert.equal(second.code, 1);
  assert.match(second.err, /another Kontor is running on .*busy/);
  assert.equal((await fetch(`${first.ready.url}/healthz`)).status, 200);
});

test('[C4] a taken port is named, and nothing is left running', async (t) => {
  const blocker = createServer();
  await new Promise<void>((resolve) => blocker.listen(0, '127.0.0.1', resolve));
  t.after(() => blocker.close());
  const address = blocker.address();
  assert.ok(address !== null && typeof address === 'object');
  const result = kontor(
    'start',
    '--data',
    join(scratch, 'port'),
    '--port',
    String(address.port),
    '--no-open',
  );
  assert.equal(result.code, 1, result.err);
  assert.match(
    result.err,
    new RegExp(`port ${address.port} is taken; choose another with --port N`),
  );
});

for (const [name, args, code, message] of [
  ['an unknown command', ['sart'], 2, /unknown command/],
  ['an unknown option', ['start', '--sped', '3'], 2, /unknown option '--sped'/],
  ['a speed of nothing', ['start', '--speed', '0'], 2, /expected a number above 0, found 0/],
  [
    'a speed without a replay',
    ['start', '--speed', '5'],
    2,
    /--speed needs a replay: name its file with --market/,
  ],
  ['a port that is none', ['start', '--port', '70000'], 2, /expected a port from 0 .* found 70000/],
  [
    'a market file that is not there',
    ['start', '--market', '/nowhere.csv'],
    1,
    /expected a file, found nothing at \/nowhere\.csv/,
  ],
  [
    'a deal status that is none',
    ['deals', 'list', '--status', 'lost'],
    2,
    /Allowed choices are open, closed, all/,
  ],
] as const) {
  test(`[C4] ${name} gives one clear sentence and exit code ${code}`, () => {
    const data = join(scratch, `wrong ${name}`);
    const result = kontor(
      ...args,
      ...(args[0] === 'start' || args[0] === 'deals' ? ['--data', data] : []),
    );
    assert.equal(result.code, code, result.err);
    assert.match(result.err, message);
    assert.doesNotMatch(result.err, /\n\s+at /, 'a stack trace is no message');
  });
}

test('[C4] a malformed market file is refused with its line, and makes no desk', () => {
  const data = join(scratch, 'malformed');
  const file = join(scratch, 'BTCUSDT-1m.csv');
  writeFileSync(file, 'open_time,open,high,low,close,volume\n60000,1,2,0.5,NaN,7\n');
  const result = kontor('start', '--data', data, '--market', file, '--port', '0', '--no-open');
  assert.equal(result.code, 1, result.err);
  assert.match(result.err, /BTCUSDT-1m\.csv.*line 2/);
  assert.equal(existsSync(join(data, 'desk.json')), false);
});

test('[C4] a directory that cannot be made is named', () => {
  const file = join(scratch, 'a-file');
  writeFileSync(file, '');
  const result = kontor('start', '--data', join(file, 'below'), '--no-open');
  assert.equal(result.code, 1);
  assert.match(result.err, /cannot be written: .*choose another with --data DIR/);
});

test('[C5, C11] a desk goes on only on its own market; --fresh puts it aside', async (t) => {
  const data = join(scratch, 'replay');
  const file = join(scratch, 'ETHUSDT-1m.csv');
  const rows = ['open_time,open,high,low,close,volume'];
  for (let minute = 0; minute < 600; minute += 1) {
    const price = (2_000 + 20 * Math.sin(minute / 9)).toFixed(2);
    const high = (Number(price) + 2).toFixed(2);
    const low = (Number(price) - 2).toFixed(2);
    rows.push(`${1_700_000_040_000 + minute * 60_000},${price},${high},${low},${price},12.5`);
  }
  writeFileSync(file, `${rows.join('\n')}\n`);
  const first = await start('--data', data, '--market', file, '--speed', '600');
  t.after(() => first.stop());
  assert.equal(first.ready.market.kind, 'candles');
  const { cookie } = await logIn(first.ready.link);
  const desk = await get<api.Desk>(first, cookie, '/api/v1/desk');
  assert.match(desk.market.label, /ETHUSDT-1m\.csv/);
  await until('a deal with a fill', async () => {
    const page = await get<api.DealPage>(first, cookie, '/api/v1/deals');
    return page.deals.some((deal) => deal.fills.length > 0) ? page : null;
  });
  assert.equal(await first.stop(), 0);

  const other = kontor('start', '--data', data, '--port', '0', '--no-open');
  assert.equal(other.code, 1);
  assert.match(other.err, /was begun on the market .*ETHUSDT-1m\.csv, not synthetic .*--fresh/);

  const fresh = await start('--data', data, '--fresh');
  t.after(() => fresh.stop());
  assert.equal(fresh.ready.market.kind, 'synthetic');
  assert.equal(await fresh.stop(), 0);
  const [aside = ''] = readdirSync(join(data, 'previous'));
  assert.ok(existsSync(join(data, 'previous', aside, 'server', 'desk.db')));
  assert.match(readFileSync(join(data, 'previous', aside, 'desk.json'), 'utf8'), /ETHUSDT-1m\.csv/);
});

test('[C6, C186] every command helps with an example, every option with a text, and a wrong call with what helps', async () => {
  const wrong = kontor('policy', 'edit', '--fro', 'x');
  assert.equal(wrong.code, 2);
  assert.equal(
    wrong.err,
    "error: unknown option '--fro'\n(Did you mean --from?)\n(run kontor policy edit --help for what it takes)\n",
  );
  assert.match(
    kontor('bots', 'lst').err,
    /Did you mean list\?\)\n\(run kontor bots --help for what there is\)/,
  );
  assert.equal(kontor('--help').code, 0);
  assert.match(kontor('deals', 'close', '--help').out, /Example:/);
  // Its help is the simulator's own.
  assert.match(kontor('simulator', '--help').out, /Examples?:/i);
  const without: string[] = [];
  let count = 0;
  const look = (command: Command, name: string): void => {
    count += 1;
    let said = '';
    command.configureOutput({ writeOut: (text) => (said += text) });
    command.outputHelp();
    if (!/Examples?:/.test(said)) without.push(name);
    // C186: an option without a text, or with a default that only a program can read.
    for (const { flags, description } of command.options)
      if (description === '') without.push(`${name} ${flags}`);
    assert.doesNotMatch(said, /default: (?:false|\[|\{)/, name);
    for (const inner of command.commands) look(inner, `${name} ${inner.name()}`);
  };
  look(await kontorProgram(), 'kontor');
  assert.deepEqual(without, ['kontor simulator']);
  assert.ok(count > 50, `expected all commands, found ${count}`);
});

test('[C7] without a desk the commands say so', () => {
  const data = join(scratch, 'empty');
  mkdirSync(data);
  for (const args of [
    ['status'],
    ['link'],
    ['bots', 'list'],
    ['deals', 'list'],
    ['deals', 'close', '1-1'],
    ['risk', 'reduce'],
    ['orphans', 'list'],
  ]) {
    const result = kontor(...args, '--data', data);
    assert.equal(result.code, 1);
    assert.match(result.err, /no desk is running on .*empty; start it with `kontor start`/);
    const json = kontor(...args, '--data', data, '--json');
    assert.equal(JSON.parse(json.out).error.code, 'not_running');
  }
});

test('[C8] a file that is no backup is refused and changes nothing', () => {
  const data = join(scratch, 'untouched');
  const file = join(scratch, 'no-backup.tar.gz');
  writeFileSync(file, 'hello');
  const result = kontor('restore', file, '--data', data);
  assert.equal(result.code, 1);
  assert.equal(existsSync(data), false);
});

test('[C10] a desk whose starter was killed ends by itself', async () => {
  const data = join(scratch, 'orphan');
  const running = await start('--data', data);
  const status = kontor('status', '--data', data, '--json');
  const pids: number[] = JSON.parse(status.out).health.processes.map(
    (entry: api.ProcessHealth) => entry.pid,
  );
  running.child.kill('SIGKILL');
  await until('all processes are gone', () => (pids.some(isAlive) ? null : true));
});
