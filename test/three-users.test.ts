// SPDX-License-Identifier: Apache-2.0
// The three processes under three users of the system that meet at sockets, each in a folder whose group is the two that
// it joins.

import { strict as assert } from 'node:assert';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { demoPolicy } from '../cli/src/demo-desk.ts';
import { connectDesk } from '../cli/src/desk-client.ts';
import { deferrer, startSimulator, temporaryDirectory, until } from './harness.ts';

const CLI = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
/** Numbers that no account has. */
const USERS = { server: 2_070_001, signer: 2_070_002, egress: 2_070_003 } as const;
const LINKS = {
  'signer-server': { owner: USERS.server, group: 2_070_011 },
  'signer-egress': { owner: USERS.egress, group: 2_070_012 },
  'egress-server': { owner: USERS.server, group: 2_070_013 },
} as const;
type Name = keyof typeof USERS;

const BOT: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Apart',
  symbols: ['BTCUSDT'],
  baseOrderVolume: '50',
  baseOrderType: 'market',
  safetyOrderVolume: '50',
  safetyOrderStep: '1',
  maxSafetyOrders: 1,
  maxActiveSafetyOrders: 1,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '5',
  cooldownSeconds: 1,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

/** Node as this user, in the groups of its links. */
function asUser(name: Name): readonly string[] {
  const groups = Object.entries(LINKS)
    .filter(([link]) => link.includes(name))
    .map(([, { group }]) => group);
  const user = USERS[name];
  return [
    `--reuid=${user}`,
    `--regid=${user}`,
    `--groups=${groups.join()}`,
    '--inh-caps=-all',
    process.execPath,
    '--disable-warning=ExperimentalWarning',
  ];
}

function tryAs(name: Name, script: string): string {
  const { stdout } = spawnSync(
    'setpriv',
    [...asUser(name), '-e', `try { ${script} } catch ({ code }) { console.log(code); }`],
    { encoding: 'utf8', env: {} },
  );
  return stdout.trim();
}

function folder(path: string, owner: number, mode: number, group: number = owner): string {
  mkdirSync(path, { recursive: true });
  chownSync(path, owner, group);
  chmodSync(path, mode);
  return path;
}

test(
  '[T153] three users: each process runs as its own, finds the others at sockets, trades, and reaches nothing else',
  { skip: reasonNotTo() },
  async (t) => {
    const defer = deferrer(t);
    const root = temporaryDirectory(defer);
    const simulator = await startSimulator([
      '--account',
      'demo:USDT=10000',
      '--no-keys',
      '--seed',
      '6',
    ]);
    defer(() => simulator.stop());
    const { addresses } = simulator;
    folder(root, 0, 0o755);
    const data = folder(join(root, 'data'), 0, 0o755);
    for (const name of ['server', 'run', 'candles', 'cases', 'witness'])
      folder(join(data, name), USERS.server, 0o700);
    const signer = folder(join(data, 'signer'), USERS.signer, 0o700);
    const log = folder(join(data, 'log'), USERS.signer, 0o2750, LINKS['signer-server'].group);
    folder(join(data, 'egress'), USERS.egress, 0o700);
    const config = folder(join(data, 'config'), 0, 0o755);
    const links = folder(join(root, 'links'), 0, 0o755);
    for (const [link, { owner, group }] of Object.entries(LINKS))
      folder(join(links, link), owner, 0o2770, group);
    const policy = join(signer, 'policy');
    writeFileSync(policy, demoPolicy(['BTCUSDT'], 'USDT', 'synthetic'), { mode: 0o600 });
    chownSync(policy, USERS.signer, USERS.signer);
    writeFileSync(
      join(config, 'egress.json'),
      JSON.stringify({ venues: { demo: { rest: addresses.rest, wsApi: addresses.wsApi } } }),
    );
    writeFileSync(
      join(config, 'server.json'),
      JSON.stringify({
        version: '0.0.0-test',
        dataDirectory: data,
        webDirectory: config,
        port: 0,
        connectionName: 'demo',
        venue: 'demo',
        market: {
          kind: addresses.market.kind,
          label: addresses.market.seed,
          rest: addresses.rest,
          streams: addresses.streams,
          control: addresses.control,
        },
        symbols: ['BTCUSDT'],
        feeRatePpm: 1_000,
        firstBots: [BOT],
      }),
    );
    const said: string[] = [];
    const keepers = new Map<Name, ChildProcess>();
    for (const name of ['signer', 'egress', 'server'] as const) {
      const own = name === 'signer' ? [] : ['--config', join(config, `${name}.json`)];
      const child = spawn(
        'setpriv',
        [...asUser(name), CLI, 'run', name, '--data', data, '--links', links, ...own],
        { stdio: ['ignore', 'ignore', 'pipe'], env: {}, cwd: '/' },
      );
      child.stderr.on('data', (bytes: Buffer) => said.push(bytes.toString('utf8')));
      keepers.set(name, child);
      defer(() => child.kill('SIGTERM'));
    }
    const trades = async (): Promise<true | null> => {
      const health = await connectDesk(data).get<api.Health>('/api/v1/health');
      const deals = await connectDesk(data).get<
        readonly unknown[] | { readonly items: readonly unknown[] }
      >('/api/v1/deals');
      const isUp = health.streams.every(({ state }) => state === 'up');
      return isUp && JSON.stringify(deals).includes('Apart') ? true : null;
    };
    await until(() => `a desk that trades, after ${said.join('')}`, trades);

    for (const [name, keeper] of keepers) {
      const child = childOf(keeper.pid ?? 0);
      const status = readFileSync(`/proc/${child}/status`, 'utf8');
      const user = USERS[name];
      assert.match(status, new RegExp(`^Uid:\\t${user}\\t${user}\\t${user}\\t${user}$`, 'm'), name);
      assert.match(status, /^CapEff:\t0+$/m, name);
    }
    const walls = said
      .join('')
      .split('\n')
      .filter((line) => line.includes('"hardening"'));
    assert.equal(new Set(walls.map((line) => JSON.parse(line).process)).size, 3);
    t.diagnostic(
      walls
        .map((line) => `${JSON.parse(line).process}: level ${JSON.parse(line).hardening.level}`)
        .join(', '),
    );

    // Whoever keeps the server reports of it soon after it is ready.
    await until('the server in its own report', async () => {
      const { processes } = await connectDesk(data).get<api.Health>('/api/v1/health');
      const [own, ...others] = processes;
      const isShown = others.length === 0 && own?.state === 'up' && own.hardening !== undefined;
      return isShown ? own : null;
    });
    // The public half of the log is for the server, too.
    assert.equal(
      tryAs('server', `fs.readFileSync('${log}/checkpoint'); console.log('read')`),
      'read',
    );
    // What the system itself keeps apart, whatever runs there.
    for (const name of ['server', 'egress'] as const) {
      assert.equal(
        tryAs(name, `fs.readFileSync('${signer}/unlock'); console.log('read')`),
        'EACCES',
      );
      assert.equal(
        tryAs(name, `fs.writeFileSync('${signer}/policy', ''); console.log('written')`),
        'EACCES',
      );
    }
    assert.equal(
      tryAs('egress', `fs.readdirSync('${data}/server'); console.log('read')`),
      'EACCES',
    );
    const dial = (link: string): string =>
      `net.connect('${links}/${link}/link').on('error', ({ code }) => console.log(code)).on('connect', () => { console.log('connected'); process.exit(); })`;
    assert.equal(tryAs('egress', dial('signer-server')), 'EACCES');
    assert.equal(tryAs('server', dial('signer-egress')), 'EACCES');
    assert.equal(
      tryAs('signer', `fs.readdirSync('${links}/egress-server'); console.log('read')`),
      'EACCES',
    );

    // One that dies comes back, and the others find it again.
    for (const name of ['signer', 'egress', 'server'] as const) {
      const before = childOf(keepers.get(name)?.pid ?? 0);
      process.kill(before, 'SIGKILL');
      await until(
        () => `${name} comes back, after ${said.join('')}`,
        async () => {
          const after = childOf(keepers.get(name)?.pid ?? 0);
          return after === 0 || after === before ? null : trades();
        },
      );
    }
  },
);

/** The process that a keeper keeps; 0 where there is none at the moment. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')[0] ?? 0);
}

function reasonNotTo(): string | false {
  if (process.platform !== 'linux' || getuid?.() !== 0) return 'needs root on Linux';
  if (spawnSync('setpriv', ['--version']).status !== 0) return 'needs setpriv';
  for (let path = dirname(CLI); path !== '/'; path = dirname(path))
    if ((statSync(path).mode & 0o005) !== 0o005) return `other users cannot enter ${path}`;
  return false;
}
