// SPDX-License-Identifier: Apache-2.0
// The simulator as a process and in process: arguments, readiness, clean stop, restart, third-party clients.

import assert from 'node:assert/strict';
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test, type TestContext } from 'node:test';

import { Spot } from '@binance/spot';
import { pro } from 'ccxt';

import {
  parseSimulatorArguments,
  SimulatorError,
  simulatorHelp,
  startSimulator,
  type SimulatorOptions,
} from '../src/index.ts';
import {
  StateKeeper,
  readState,
  writeState,
  makeState,
  type SimulatorState,
} from '../src/snapshot.ts';
import { minuteMarket, openMarket, save, START_MS } from './open-market.ts';
import { SignedClient } from './signed-client.ts';
import { StreamClient } from './stream-client.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const folder = mkdtempSync(join(tmpdir(), 'kontor-simulator-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const CANDLES = `open_time,open,high,low,close,volume
${Array.from({ length: 12 }, (_, index) => `${START_MS + index * 60_000},${100 + index},${102 + index},${99 + index},${101 + index},4`).join('\n')}
`;
const candleFile = join(folder, 'BTCUSDT-1m.csv');
writeFileSync(candleFile, CANDLES);

interface Ready {
  readonly rest: string;
  readonly streams: string;
  readonly wsApi: string;
  readonly control: string;
  readonly accounts: readonly {
    readonly name: string;
    readonly apiKey: string;
    readonly secret?: string;
    readonly keyType: string;
  }[];
  readonly market: {
    readonly kind: string;
    readonly seed: string;
    readonly symbols: readonly string[];
  };
}

interface Started {
  readonly child: ChildProcessWithoutNullStreams;
  readonly ready: Ready;
  readonly output: () => string;
}

function launch(args: readonly string[]): {
  child: ChildProcessWithoutNullStreams;
  output: () => string;
  errors: () => string;
} {
  const child = spawn(process.execPath, [MAIN, ...args]);
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  return { child, output: () => output, errors: () => errors };
}

async function start(context: TestContext, args: readonly string[]): Promise<Started> {
  const { child, output, errors } = launch([...args, '--json']);
  context.after(() => child.kill('SIGKILL'));
  await until(
    () => output().includes('\n') || child.exitCode !== null,
    () => errors(),
  );
  assert.equal(child.exitCode, null, errors());
  return { child, ready: JSON.parse(output()) as Ready, output };
}

function exit(child: ChildProcessWithoutNullStreams): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
}

async function until(condition: () => boolean, why: () => string = () => ''): Promise<void> {
  const endMs = performance.now() + 10_000;
  while (!condition()) {
    assert.ok(performance.now() < endMs, `did not come about in time ${why()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('[X180] the process prints one line of JSON when it is ready, and answers on every port it names', async (context) => {
  const { child, ready, output } = await start(context, [
    '--account',
    'demo:USDT=10000',
    '--seed',
    'one',
  ]);
  assert.equal(output().split('\n').length, 2);
  assert.deepEqual(Object.keys(ready), [
    'rest',
    'streams',
    'wsApi',
    'control',
    'accounts',
    'market',
  ]);
  assert.deepEqual(
    [ready.market.kind, ready.market.seed, ready.accounts[0]?.name, ready.accounts[0]?.keyType],
    ['synthetic', 'one', 'demo', 'HMAC'],
  );
  const client = new SignedClient(ready.rest, {
    apiKey: ready.accounts[0]?.apiKey ?? '',
    secret: ready.accounts[0]?.secret,
  });
  assert.equal((await client.call('GET', '/api/v3/account')).status, 200);
  const candles = (await (
    await fetch(`${ready.rest}/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000`)
  ).json()) as unknown[];
  assert.ok(candles.length >= 720, `a full chart, found ${candles.length}`);
  const stream = await StreamClient.open(`${ready.streams}/ws/btcusdt@bookTicker`);
  await stream.find(({ u }) => u !== undefined);
  const api = await StreamClient.open(ready.wsApi);
  assert.equal((await api.ask('ping'))['status'], 200);
  assert.equal((await fetch(`${ready.control}/control/status`)).status, 200);
  const startedMs = performance.now();
  child.kill('SIGTERM');
  assert.equal(await exit(child), 0);
  assert.ok(performance.now() - startedMs < 5000);
  assert.equal((await stream.find(({ e }) => e === 'serverShutdown'))['e'], 'serverShutdown');
});

test('[X181] without --json it prints a text a person can read, with --help its options', async (context) => {
  const { child, output } = launch([
    '--account',
    'demo:USDT=5',
    '--market',
    candleFile,
    '--speed',
    '0',
  ]);
  context.after(() => child.kill('SIGKILL'));
  await until(() => output().includes('secret'));
  assert.match(
    output(),
    /^Simulated exchange, market candles, seed .*: BTCUSDT\n {2}REST +http:\/\/127\.0\.0\.1:\d+\n/,
  );
  child.kill('SIGINT');
  assert.equal(await exit(child), 0);
  const help = launch(['--help']);
  assert.equal(await exit(help.child), 0);
  assert.equal(help.output(), simulatorHelp);
});

test('[X182] a bad argument ends with code 2, what the world refuses with code 1, each with one clear line', async (context) => {
  const taken = createServer();
  await new Promise<void>((resolve) => {
    taken.listen(0, '127.0.0.1', resolve);
  });
  context.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const bad = join(folder, 'ETHUSDT-bad.csv');
  writeFileSync(bad, '1735689600000,1,2,3,1,1\n');
  const state = join(folder, 'never.json');
  const nothing = join(folder, 'nothing.json');
  writeFileSync(nothing, '{}');
  const table: readonly (readonly [args: readonly string[], code: number, message: RegExp])[] = [
    [['--speeed', '1'], 2, /^kontor simulator: expected an option of --help, found "--speeed"\n$/],
    [
      ['--market', bad],
      1,
      /^kontor simulator: ETHUSDT-bad\.csv, line 1, column 3: high: expected at least the low 3, found 2\n$/,
    ],
    [
      ['--market', join(folder, 'absent-BTCUSDT.csv')],
      1,
      /expected a readable file, found ENOENT\n$/,
    ],
    [
      ['--port', String(port), '--state', state],
      1,
      new RegExp(
        `^kontor simulator: expected 127\\.0\\.0\\.1 port ${port} to be free, found EADDRINUSE\\n$`,
      ),
    ],
    [['--control-port', String(port)], 1, /to be free, found EADDRINUSE\n$/],
    [['--state', nothing], 1, /nothing\.json: expected a kontor-simulator state of version 1\n$/],
    [
      ['--state', join(folder, 'no-folder', 'state.json')],
      1,
      /state\.json: expected a writable file, found ENOENT\n$/,
    ],
    [['--symbol', 'ADAUSDT'], 1, /expected a symbol of BTCUSDT, .*, found ADAUSDT\n$/],
  ];
  for (const [args, code, message] of table) {
    const { child, errors, output } = launch(args);
    assert.equal(await exit(child), code, `${args.join(' ')}: ${errors()}`);
    assert.match(errors(), message);
    assert.equal(output(), '');
  }
  assert.equal(existsSync(state), false, 'nothing was written');
});

test('[X183] arguments mean what the help says', () => {
  const options = (...args: string[]): SimulatorOptions => {
    const parsed = parseSimulatorArguments(args);
    assert.ok(parsed.ok && parsed.kind === 'run', parsed.ok ? '' : parsed.reason);
    return parsed.options;
  };
  const usual = options();
  assert.deepEqual(usual, {
    market: { kind: 'synthetic' },
    path: 'low-first',
    speed: 1,
    accounts: [],
    isLimited: true,
  });
  const replay = options(
    '--market',
    'a.csv',
    '--symbol',
    'BTC/USDT',
    '--market',
    'ETH_USDT=b=c.csv',
    '--speed=max',
    '--path',
    'high-first',
    '--start',
    '2025-01-01T00:00:00Z',
    '--history',
    '20',
  );
  assert.deepEqual(replay.market, {
    kind: 'files',
    files: [
      { path: 'a.csv', symbol: { symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT' } },
      { path: 'b=c.csv', symbol: { symbol: 'ETHUSDT', baseAsset: 'ETH', quoteAsset: 'USDT' } },
    ],
  });
  assert.deepEqual(
    [replay.speed, replay.path, replay.startMs, replay.history],
    ['max', 'high-first', START_MS, 20],
  );
  const full = options(
    '--account',
    'a:USDT=1.5,BTC=2',
    '--account',
    'b',
    '--maker-fee',
    '0.05',
    '--taker-fee',
    '0.1%',
    '--no-limits',
    '--port',
    '8080',
    '--control-port',
    '8081',
    '--host',
    '::1',
    '--state',
    's.json',
    '--seed',
    'x',
    '--symbol',
    'BTCUSDT',
    '--symbol',
    'ETHUSDT',
  );
  assert.deepEqual(full, {
    market: { kind: 'synthetic', symbols: ['BTCUSDT', 'ETHUSDT'] },
    path: 'low-first',
    speed: 1,
    accounts: [
      { name: 'a', balances: { USDT: '1.5', BTC: '2' } },
      { name: 'b', balances: {} },
    ],
    isLimited: false,
    seed: 'x',
    statePath: 's.json',
    makerFeePpm: 500,
    takerFeePpm: 1000,
    port: 8080,
    controlPort: 8081,
    host: '::1',
  });
  const pem = join(folder, 'key.pem');
  writeFileSync(
    pem,
    generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
  );
  assert.match(
    options('--account', 'a', '--public-key', pem).accounts?.[0]?.publicKeyPem ?? '',
    /BEGIN PUBLIC KEY/,
  );
  const refused: readonly (readonly [args: readonly string[], reason: RegExp])[] = [
    [['--speed', 'fast'], /^--speed must be a number from 0 to 1000000 or max, was "fast"$/],
    [['--speed', 'max'], /^--speed max needs a --market file/],
    [['--speed'], /^--speed needs a value$/],
    [['--speed', '1', '--speed', '2'], /^--speed was given twice$/],
    [['--path', 'up', '--market', 'x'], /^--path must be low-first or high-first, was "up"$/],
    [['--start', '2025-01-01'], /^--start needs a --market file$/],
    [
      ['--start', 'soon', '--market', 'x'],
      /^--start must be an ISO time or ms since 1970, was "soon"$/,
    ],
    [['--history', '-1'], /^--history must be a whole number from 0 to 100000, was "-1"$/],
    [['--port', '70000'], /^--port must be a whole number from 0 to 65535, was "70000"$/],
    [['--account', 'a b:USDT=1'], /^--account must begin with a name/],
    [['--account', 'a:USDT'], /^--account a must list balances like USDT=10000, found "USDT"$/],
    [['--account', 'a', '--account', 'a:USDT=1'], /^--account a was given twice$/],
    [['--public-key', pem], /^--public-key must follow an --account$/],
    [['--account', 'a', '--public-key', candleFile], /^--public-key must be a PEM public key/],
    [['--account', 'a', '--public-key', join(folder, 'none.pem')], /none\.pem gave ENOENT$/],
    [['--maker-fee', '11'], /^--maker-fee must be a percentage from 0 to 10/],
    [['--symbol', '?'], /^--symbol must be like BTCUSDT or BTC\/USDT, was "\?"$/],
    [
      ['--market', 'BTCUSDT=x', '--symbol', 'ETHUSDT'],
      /^--symbol ETHUSDT: x has the symbol BTCUSDT$/,
    ],
    [['--json=yes'], /^expected an option of --help, found "--json=yes"$/],
    [['extra'], /^expected an option of --help, found "extra"$/],
  ];
  for (const [args, reason] of refused) {
    const parsed = parseSimulatorArguments(args);
    assert.ok(!parsed.ok, args.join(' '));
    assert.match(parsed.reason, reason);
  }
});

test('[X184] with --exit-with-stdin the process ends when its parent’s pipe closes', async (context) => {
  const { child } = await start(context, [
    '--exit-with-stdin',
    '--market',
    candleFile,
    '--speed',
    '0',
  ]);
  child.stdin.end();
  assert.equal(await exit(child), 0);
});

test('[X185] a stopped simulator goes on where it was: accounts, orders, balances, market and candles', async (context) => {
  const state = join(folder, 'restart.json');
  const args = [
    '--market',
    candleFile,
    '--history',
    '0',
    '--speed',
    '0',
    '--state',
    state,
    '--account',
    'demo:USDT=10000',
  ];
  const first = await start(context, args);
  const step = async (ready: Ready, points: number): Promise<unknown> =>
    (
      await fetch(`${ready.control}/control/market/step`, {
        method: 'POST',
        body: JSON.stringify({ points }),
      })
    ).json();
  await step(first.ready, 5);
  const account = first.ready.accounts[0];
  const client = new SignedClient(first.ready.rest, {
    apiKey: account?.apiKey ?? '',
    secret: account?.secret,
  });
  const order = {
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'LIMIT',
    timeInForce: 'GTC',
    quantity: '1',
    price: '100.5',
    newClientOrderId: 'kept',
  };
  assert.equal((await client.call('POST', '/api/v3/order', order)).status, 200);
  const candles = async (ready: Ready): Promise<unknown> =>
    (await fetch(`${ready.rest}/api/v3/klines?symbol=BTCUSDT&interval=1m`)).json();
  const before = [
    (await client.call('GET', '/api/v3/account')).body['balances'],
    await candles(first.ready),
  ];
  first.child.kill('SIGTERM');
  assert.equal(await exit(first.child), 0);
  assert.equal(statSync(state).mode & 0o077, 0, 'the state is its owner’s alone');
  const second = await start(context, args);
  assert.deepEqual(second.ready.accounts, first.ready.accounts, 'the same key and secret');
  const again = new SignedClient(second.ready.rest, {
    apiKey: account?.apiKey ?? '',
    secret: account?.secret,
  });
  assert.deepEqual(
    [(await again.call('GET', '/api/v3/account')).body['balances'], await candles(second.ready)],
    before,
  );
  assert.equal(
    (await again.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'kept' }))
      .body['status'],
    'NEW',
  );
  assert.deepEqual(await step(second.ready, 3), {
    marketMs: START_MS + 119_999,
    points: 3,
    done: false,
  });
  assert.equal(
    (await again.call('GET', '/api/v3/order', { symbol: 'BTCUSDT', origClientOrderId: 'kept' }))
      .body['status'],
    'FILLED',
    'the path went on through 100.00',
  );
  const made = await fetch(`${second.ready.control}/control/accounts`, {
    method: 'POST',
    body: JSON.stringify({ name: 'later' }),
  });
  assert.equal(made.status, 201, 'new keys are drawn on from where the first process was');
  second.child.kill('SIGTERM');
  assert.equal(await exit(second.child), 0);
  const other = launch([
    ...args.map((arg) => (arg === '0' ? '1' : arg)),
    '--path',
    'high-first',
    '--json',
  ]);
  assert.equal(await exit(other.child), 1);
  assert.match(other.errors(), /expected the state of high-first/);
});

test('[X186] a simulator killed in the middle leaves a whole state of at most a second ago', async (context) => {
  const state = join(folder, 'killed.json');
  const { child, ready } = await start(context, [
    '--state',
    state,
    '--account',
    'demo:USDT=10000',
    '--seed',
    'kill',
  ]);
  const written = (): number => (existsSync(state) ? statSync(state).mtimeMs : 0);
  const early = written();
  await until(() => written() > early);
  child.kill('SIGKILL');
  await exit(child);
  assert.equal(readState(state)?.seed, 'kill');
  const again = await start(context, ['--state', state]);
  assert.deepEqual(again.ready.accounts, ready.accounts);
  assert.equal(again.ready.market.seed, 'kill', 'the seed of the state');
  const stream = await StreamClient.open(`${again.ready.streams}/ws/btcusdt@trade`);
  await stream.find(({ e }) => e === 'trade');
  again.child.kill('SIGTERM');
  assert.equal(await exit(again.child), 0);
});

/** A state of a small market, and a keeper of it. */
async function smallState(): Promise<SimulatorState> {
  const open = await openMarket({ market: minuteMarket('1 1 1 1 1\n1 1 1 1 1'), history: 0 });
  const saved = save(open);
  return makeState({
    savedAtMs: START_MS,
    marketMs: saved.marketMs,
    seed: 'small',
    keyRandom: [1, 2, 3, 4],
    market: { kind: 'candles', state: saved.source },
    data: saved.data,
    exchange: saved.exchange,
  });
}

test('[X187] the state file is replaced whole: a failed write leaves the old one and no rubbish', async () => {
  const own = mkdtempSync(join(folder, 'whole-'));
  const path = join(own, 'state.json');
  const state = await smallState();
  writeState(path, state);
  assert.deepEqual(readState(path), JSON.parse(JSON.stringify(state)));
  const circular: { self?: unknown } = {};
  circular.self = circular;
  assert.throws(
    () => writeState(path, { ...state, market: { kind: 'candles', state: circular } }),
    /expected a writable file/,
  );
  assert.deepEqual(readdirSync(own), ['state.json']);
  assert.deepEqual(readState(path), JSON.parse(JSON.stringify(state)));
  assert.equal(readState(join(own, 'absent.json')), undefined);
  writeFileSync(path, readFileSync(path).subarray(0, 100));
  assert.throws(() => readState(path), /expected JSON, found something else/);
});

test('[X188] the state is saved only when something changed, and failures are told', async (context) => {
  const own = mkdtempSync(join(folder, 'keeper-'));
  const path = join(own, 'state.json');
  const state = await smallState();
  let captured = 0;
  const errors: unknown[] = [];
  const keeper = new StateKeeper({
    path,
    capture: () => {
      captured += 1;
      return state;
    },
    onError: (error) => errors.push(error),
  });
  context.mock.timers.enable({ apis: ['setTimeout'] });
  /** Lets a second pass, then all that it set off. */
  const second = async (isOver: () => boolean): Promise<void> => {
    context.mock.timers.tick(1000);
    for (let turn = 0; turn < 100_000 && !isOver(); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.ok(isOver());
  };
  await keeper.save();
  keeper.start();
  for (let quiet = 0; quiet < 5; quiet += 1) await second(() => true);
  assert.equal(captured, 1, 'nothing changed, nothing saved');
  keeper.markDirty();
  const before = statSync(path).ino;
  await second(() => statSync(path).ino !== before);
  assert.equal(captured, 2);
  await keeper.save();
  rmSync(own, { recursive: true });
  keeper.markDirty();
  await second(() => errors.length > 0).catch(() => second(() => errors.length > 0));
  assert.match(String(errors[0]), /expected a writable file, found ENOENT/);
  await assert.rejects(keeper.close(), /expected a writable file/);
});

test('[X189] a start that fails says so and leaves nothing open', async () => {
  const bad: readonly (readonly [SimulatorOptions, string, RegExp])[] = [
    [
      { accounts: [{ name: 'a', publicKeyPem: 'nonsense' }] },
      'ACCOUNT',
      /expected an Ed25519 or RSA public key/,
    ],
    [
      { accounts: [{ name: 'a', balances: { USDT: 'many' } }] },
      'ACCOUNT',
      /account a, USDT: amount/,
    ],
    [{ market: { kind: 'synthetic', symbols: ['NONE'] } }, 'MARKET', /found NONE/],
    [
      { market: minuteMarket('1 1 1 1 1'), startMs: START_MS + 90_000_000 },
      'MARKET',
      /expected a start before the data's end/,
    ],
  ];
  for (const [options, code, message] of bad) {
    await assert.rejects(startSimulator(options), (error: unknown) => {
      assert.ok(error instanceof SimulatorError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      return true;
    });
  }
});

test('[X190] ccxt trades and listens without knowing', async (context) => {
  const running = await startSimulator({
    seed: 'ccxt',
    accounts: [{ name: 'demo', balances: { USDT: '10000' } }],
  });
  const account = running.accounts[0];
  const client = new pro.binance({
    apiKey: account?.apiKey ?? '',
    secret: account?.secret ?? '',
    options: {
      defaultType: 'spot',
      fetchMarkets: { types: ['spot'] },
      fetchMargins: false,
      fetchCurrencies: false,
    },
  });
  context.after(async () => {
    await client.close();
    await running.stop();
  });
  const { api } = client.urls as { api: Record<string, unknown> };
  api['public'] = `${running.rest}/api/v3`;
  api['private'] = `${running.rest}/api/v3`;
  const sockets = api['ws'] as Record<string, unknown>;
  sockets['spot'] = `${running.streams}/ws`;
  (sockets['ws-api'] as Record<string, unknown>)['spot'] = running.wsApi;
  client.has['fetchCurrencies'] = false;
  await client.loadHttpProxyAgent();
  assert.equal(Object.keys(await client.loadMarkets()).length, 7);
  const book = await client.watchOrderBook('BTC/USDT');
  assert.ok(Number(book.bids[0]?.[0]) < Number(book.asks[0]?.[0]));
  const [trade] = await client.watchTrades('BTC/USDT');
  assert.equal(trade?.symbol, 'BTC/USDT');
  assert.ok(Number((await client.watchTicker('BTC/USDT')).last) > 0);
  const candle = (await client.watchOHLCV('BTC/USDT', '1m')).at(-1);
  assert.equal(Number(candle?.[0]) % 60_000, 0);
  assert.ok(Object.keys(await client.watchBidsAsks(['BTC/USDT'])).includes('BTC/USDT'));
  assert.equal((await client.fetchOHLCV('BTC/USDT', '5m', undefined, 50)).length, 50);
  const order = await client.createOrder('BTC/USDT', 'market', 'buy', 0.001);
  assert.equal(order.status, 'closed');
});

test('[X191] Binance’s own client listens without knowing', async (context) => {
  const running = await startSimulator({ seed: 'sdk' });
  const client = new Spot({
    configurationWebsocketStreams: { wsURL: running.streams, reconnectDelay: 100 },
  });
  const connection = await client.websocketStreams.connect();
  context.after(async () => {
    await connection.disconnect();
    await running.stop();
  });
  const first = async (stream: {
    on(event: 'message', listener: (data: unknown) => void): void;
  }): Promise<Record<string, unknown>> =>
    new Promise((resolve) => {
      stream.on('message', (data) => resolve(data as Record<string, unknown>));
    });
  const results = await Promise.all([
    first(connection.miniTicker({ symbol: 'btcusdt' })),
    first(connection.diffBookDepth({ symbol: 'ethusdt', updateSpeed: '100ms' as never })),
    first(connection.avgPrice({ symbol: 'btcusdt' })),
  ]);
  assert.deepEqual(
    results.map(({ e }) => e),
    ['24hrMiniTicker', 'depthUpdate', 'avgPrice'],
  );
});

test('[X192] a running simulator stops quickly with clients connected and requests hanging', async () => {
  const running = await startSimulator({ seed: 'stop', statePath: join(folder, 'stop.json') });
  const stream = await StreamClient.open(`${running.streams}/ws/btcusdt@trade`);
  const api = await StreamClient.open(running.wsApi);
  const armed = running.faults.arm({ kind: 'errorBeforeAccept', mode: 'hang' });
  assert.ok(armed.ok);
  const hanging = fetch(`${running.rest}/api/v3/ping`).then(
    () => 'answered',
    () => 'cut',
  );
  await until(() => (running.faults.list()[0]?.struck ?? 0) > 0);
  await Promise.all([running.stop(), running.stop()]);
  assert.equal(await hanging, 'cut');
  await stream.until(() => stream.closed !== undefined && api.closed !== undefined);
  assert.ok(existsSync(join(folder, 'stop.json')));
  await assert.rejects(fetch(`${running.rest}/api/v3/ping`));
});
