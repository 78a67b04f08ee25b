// SPDX-License-Identifier: Apache-2.0
// Fresh secrets of every real format go into a desk, which trades, is dumped and crashes in every way; then every byte
// that anybody wrote is looked through for them, in all encodings.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { connect, createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import type { ProcessName } from '../cli/src/supervisor.ts';
import { builtPage } from '../web/test/built-page.ts';
import { browseDesk } from './browsed-desk.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type TestDesk,
} from './harness.ts';

const CLI = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const FAIL = new URL('fail-on-request.ts', import.meta.url);
const NOT_LINUX = process.platform === 'linux' ? false : 'Linux only';
const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Longer stretches of memory are reserved, not used. */
const REGION_BYTES_MAX = 1_073_741_824;
const READ_BYTES = 1_048_576;

/** What exchanges hand out as the secret half, in the form in which they show it. */
const FORMATS: Readonly<Record<string, () => string>> = {
  binance: () => alphanumeric(64),
  bybit: () => alphanumeric(36),
  okx: () => randomBytes(16).toString('hex').toUpperCase(),
  kraken: () => randomBytes(64).toString('base64'),
  kucoin: () => randomUUID(),
  gate: () => randomBytes(32).toString('hex'),
  mexc: () => randomBytes(16).toString('hex'),
  bitstamp: () => alphanumeric(32),
  bitfinex: () => randomBytes(32).toString('base64url'),
  coinbase: () =>
    generateKeyPairSync('ec', { namedCurve: 'P-256' })
      .privateKey.export({ format: 'der', type: 'sec1' })
      .toString('base64'),
};

const BOT: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Live',
  symbols: ['BTCUSDT'],
  baseOrderVolume: '50',
  baseOrderType: 'market',
  safetyOrderVolume: '50',
  safetyOrderStep: '1',
  maxSafetyOrders: 2,
  maxActiveSafetyOrders: 2,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '5',
  cooldownSeconds: 1,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

function alphanumeric(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHANUMERIC[byte % 62]).join('');
}

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly all: string;
}

async function kontor(input: string, ...given: readonly string[]): Promise<Said> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...given]);
  let [out, err] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString('utf8')));
  child.stderr.on('data', (bytes: Buffer) => (err += bytes.toString('utf8')));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, out, all: out + err };
}

/** Stands between egress and the exchange and keeps all that passes. */
async function capture(to: string): Promise<{
  readonly address: string;
  readonly bytes: () => Buffer;
  readonly stop: () => void;
}> {
  const { hostname, port } = new URL(to);
  const parts: Buffer[] = [];
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (bytes: Buffer) => parts.push(bytes));
      from.pipe(into);
      from.on('error', () => into.destroy());
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${own}`,
    bytes: () => Buffer.concat(parts),
    stop: () => server.close(),
  };
}

/** All memory of a process that can be read, into a file. */
function dumpMemory(pid: number, path: string): number {
  const maps = readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n');
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const file = openSync(path, 'w');
  const buffer = Buffer.alloc(READ_BYTES);
  let dumped = 0;
  for (const line of maps) {
    const [, from = '', to = '', rights = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
    if (!rights.startsWith('r') || line.endsWith('[vvar]')) continue;
    const [start, end] = [BigInt(`0x${from}`), BigInt(`0x${to}`)];
    if (end - start > BigInt(REGION_BYTES_MAX)) continue;
    for (let at = start; at < end; at += BigInt(READ_BYTES)) {
      const wanted = Number(end - at < BigInt(READ_BYTES) ? end - at : BigInt(READ_BYTES));
      let count = 0;
      try {
        count = readSync(memory, buffer, 0, wanted, at);
      } catch {
        continue;
      }
      const part = buffer.subarray(0, count);
      if (part.some((byte) => byte !== 0)) dumped += writeSync(file, part);
    }
  }
  closeSync(memory);
  closeSync(file);
  return dumped;
}

test(
  '[T151, T152] attacks 26 and 27: no secret in anything a desk writes, dumps or leaves when it crashes, and no signature in its server',
  { skip: NOT_LINUX },
  async (t) => {
    const defer = deferrer(t);
    const root = temporaryDirectory(defer);
    const [directory, dumps, faults, keys] = ['desk', 'dumps', 'faults', 'keys'].map((name) => {
      const path = join(root, name);
      mkdirSync(path);
      return path;
    }) as [string, string, string, string];
    const simulator = await startSimulator([
      '--account',
      'demo:USDT=10000',
      '--no-keys',
      '--seed',
      '5',
    ]);
    defer(() => simulator.stop());
    const wire = await capture(simulator.addresses.rest);
    defer(() => wire.stop());
    const flags = [
      '--heapsnapshot-signal=SIGUSR2',
      `--diagnostic-dir=${dumps}`,
      '--report-on-fatalerror',
      '--report-uncaught-exception',
      `--report-directory=${dumps}`,
      '--max-old-space-size=128',
      '--import',
      `${FAIL.href}?${encodeURIComponent(faults)}`,
    ];
    const desk = await startDesk({
      simulator,
      directory,
      bots: [BOT],
      rest: wire.address,
      nodeFlags: { server: flags, egress: flags },
      webDirectory: await builtPage(),
    });
    let isStopped = false;
    defer(async () => {
      if (!isStopped) await desk.stop();
    });

    const secrets = new Map(Object.entries(FORMATS).map(([name, make]) => [name, make()]));
    const said = await Promise.all([
      ...[...secrets].map(([name, secret]) =>
        kontor(`${secret}\n`, 'connect', 'import', name, '--venue', 'demo', '--data', directory),
      ),
      importPrivateKey('ed25519', generateKeyPairSync('ed25519')),
      importPrivateKey('rsa-2048', generateKeyPairSync('rsa', { modulusLength: 2048 })),
    ]);
    for (const { code, all } of said) assert.equal(code, 0, all);

    async function importPrivateKey(
      kind: string,
      pair: {
        privateKey: import('node:crypto').KeyObject;
        publicKey: import('node:crypto').KeyObject;
      },
    ): Promise<Said> {
      const [own, shown] = [join(keys, kind), join(keys, `${kind}.pub`)];
      writeFileSync(own, pair.privateKey.export({ format: 'pem', type: 'pkcs8' }));
      writeFileSync(shown, pair.publicKey.export({ format: 'pem', type: 'spki' }));
      return kontor(
        '',
        ...['connect', 'import', kind, '--venue', 'demo', '--kind', kind],
        ...['--private-key', own, '--public-key', shown, '--data', directory],
      );
    }

    // A person imports one more in the browser and looks around; what passes at the server's socket is kept, both ways.
    const typed = alphanumeric(64);
    secrets.set('typed', typed);
    const web = await capture(desk.url);
    defer(() => web.stop());
    const visited = await browseDesk({
      link: desk.link,
      through: web.address,
      secret: typed,
      name: 'typed',
      folder: dumps,
    });
    t.diagnostic(
      `${visited.length} pages looked at, ${web.bytes().length} bytes between browser and server`,
    );
    assert.match(
      readFileSync(join(dumps, 'screens'), 'utf8'),
      /USDT/,
      'the pages showed something',
    );
    assert.match(readFileSync(join(dumps, 'browser-storage'), 'utf8'), /"cookies":\[\{/);
    assert.ok(web.bytes().includes('"sealed":"'), 'the check can fail: the import passed here');
    assert.ok(web.bytes().includes('HTTP/1.1 200'), 'and so did the answers');

    await until('an order on the wire', () =>
      wire.bytes().includes('POST /api/v3/order ') ? true : null,
    );
    const pids: Record<string, number> = {};
    for (const name of ['server', 'egress'] as const) {
      const pid = await pidOf(desk, name);
      pids[name] = pid;
      const bytes = dumpMemory(pid, join(dumps, `${name}.memory`));
      t.diagnostic(`${name}: ${bytes} bytes of memory`);
      process.kill(pid, 'SIGUSR2');
      await until(`the heap of ${name}`, () =>
        readdirSync(dumps).some(
          (file) => file.endsWith('.heapsnapshot') && file.includes(`.${pid}.`),
        )
          ? true
          : null,
      );
      await desk.client.get('/api/v1/health');
    }
    const signatures = new Set(
      [
        ...wire
          .bytes()
          .toString('latin1')
          .matchAll(/[?&]signature=([^&\s]+)/g),
      ].map(([, signature = '']) => decodeURIComponent(signature)),
    );
    assert.ok(signatures.size > 0, 'the check can fail: signatures went over the wire');

    // Every way to die, each followed by a desk that is whole again.
    for (const [name, fault] of [
      ['egress', 'memory'],
      ['egress', 'SIGSEGV'],
      ['server', 'throw'],
      ['server', 'memory'],
      ['server', 'SIGSEGV'],
      ['server', 'SIGABRT'],
    ] as const) {
      const before = await pidOf(desk, name);
      if (fault === 'throw' || fault === 'memory')
        writeFileSync(join(faults, `${name}-${fault}`), '');
      else process.kill(before, fault);
      await until(`${name} is back after ${fault}`, async () =>
        (await pidOf(desk, name)) === before ? null : true,
      );
    }
    const reports = readdirSync(dumps).filter((file) => file.startsWith('report.'));
    assert.ok(reports.length >= 2, `expected a report of each full heap, found ${reports.join()}`);
    await desk.stop();
    isStopped = true;

    writeFileSync(join(dumps, 'wire'), wire.bytes());
    writeFileSync(join(dumps, 'web'), web.bytes());
    writeFileSync(join(dumps, 'said'), [...said.map(({ all }) => all), ...desk.said].join('\n'));

    // T152: the server never had a signature, in no form in which it could be used.
    for (const file of readdirSync(dumps)) {
      const isOfServer = file === 'server.memory' || file.includes(`.${pids['server']}.`);
      if (!isOfServer) continue;
      const bytes = readFileSync(join(dumps, file));
      assert.ok(bytes.includes('BTCUSDT'), `${file} is no dump of the server`);
      for (const signature of signatures)
        for (const form of [signature, encodeURIComponent(signature)])
          assert.ok(!bytes.includes(form), `${file} holds a signature`);
    }
    const egress = readFileSync(join(dumps, 'egress.memory'));
    assert.ok(
      [...signatures].some(
        (one) => egress.includes(one) || egress.includes(encodeURIComponent(one)),
      ),
      'the check can fail: what egress has sent is in its memory',
    );

    // T151: what the scanner needs comes from the vault itself.
    const [patterns, key] = [join(keys, 'patterns'), join(keys, 'patterns.key')];
    const made = await kontor('', 'vault', 'patterns', patterns, '--key', key, '--data', directory);
    assert.equal(made.code, 0, made.all);
    const scan = (...paths: readonly string[]): Promise<Said> =>
      kontor('', 'scan', '--json', '--patterns', patterns, '--key', key, ...paths);
    const clean = await scan(directory, dumps);
    const report = JSON.parse(clean.out) as {
      readonly secrets: number;
      readonly bytes: number;
      readonly encodings: number;
      readonly finds: readonly unknown[];
      readonly failures: readonly unknown[];
    };
    t.diagnostic(
      `${report.finds.length} finds of ${report.secrets} secrets in ${report.encodings} encodings in ${report.bytes} bytes`,
    );
    assert.deepEqual(report.finds, []);
    assert.deepEqual(report.failures, []);
    assert.ok(report.secrets >= secrets.size + 2, 'all were known to the scanner');

    // The check can fail: each secret is found where it was planted, and in the memory of whoever had it.
    for (const [name, secret] of secrets) {
      const planted = join(keys, 'planted');
      writeFileSync(planted, `x=1 ${Buffer.from(`:${secret}`).toString('base64')} y`);
      const found = await scan(planted);
      assert.equal(found.code, 1, name);
      assert.ok(found.out.includes(name), name);
    }
  },
);

async function pidOf(desk: TestDesk, name: ProcessName): Promise<number> {
  return until(`${name} runs`, async () => {
    const { processes } = await desk.client.get<api.Health>('/api/v1/health');
    const all = processes.every(({ state, pid }) => state === 'up' && pid !== null);
    return all ? (processes.find((entry) => entry.name === name)?.pid ?? null) : null;
  });
}
