// SPDX-License-Identifier: Apache-2.0
// The signer as a process: its links, its ends, its confinement, and what never leaves it.

import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSystemError } from '../src/disk.ts';
import type { SignedRequest } from '../src/index.ts';
import {
  placeIntent,
  POLICY,
  readSignedRequest,
  sealedSecret,
  SIGNER_MAIN,
  SignerProcess,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

function start(
  t: TestContext,
  flags: readonly string[] = [],
  policy: string = POLICY,
): SignerProcess & { directory: string } {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  return Object.assign(new SignerProcess(t, directory, flags), { directory });
}

async function requestOf(signer: SignerProcess, id: number): Promise<SignedRequest> {
  return signer.egress.find((message) => {
    const request = readSignedRequest(message);
    return request.id === id ? request : undefined;
  });
}

test('[S33] the process ends with 0 when the server, egress or the supervisor ends it', async (t) => {
  for (const end of [
    (signer: SignerProcess) => signer.server.socket.destroy(),
    (signer: SignerProcess) => signer.egress.socket.destroy(),
    (signer: SignerProcess) => signer.server.socket.end(),
    (signer: SignerProcess) => signer.child.kill('SIGTERM'),
  ]) {
    const signer = start(t);
    await signer.ask({ kind: 'listConnections' });
    end(signer);
    assert.equal(await signer.exit, 0);
  }
});

test('[S33] a fault of its own is taken for none of the disk’s', () => {
  const own: unknown[] = [new Error('no code')];
  for (const fail of [
    () => assert.ok(false),
    () => readFileSync(Symbol('no path') as never),
    () => Buffer.alloc(-1),
  ]) {
    try {
      fail();
    } catch (error) {
      own.push(error);
    }
  }
  assert.equal(own.length, 4);
  assert.deepEqual(own.map(isSystemError), [false, false, false, false]);
  for (const code of ['ENOSPC', 'EIO', 'EROFS'])
    assert.ok(isSystemError(Object.assign(new Error('made by the test'), { code })));
});

test('[S33] Ctrl-C is for the supervisor', async (t) => {
  const signer = start(t);
  await signer.ask({ kind: 'listConnections' });
  signer.child.kill('SIGINT');
  const { connection } = await signer.connect();
  assert.match(connection, /^c_/);
  signer.child.kill('SIGTERM');
  assert.equal(await signer.exit, 0);
});

test('[S33] a peer that breaks the protocol ends the process with 1 and a line that quotes nothing', async (t) => {
  for (const [link, bytes] of [
    ['server', Buffer.from('0000000801226162636422', 'hex')],
    ['server', Buffer.from('GET /secret HTTP/1.1\r\n\r\n')],
    ['egress', Buffer.from('00000010017b226b696e64223a22736563726574227d', 'hex')],
  ] as const) {
    const signer = start(t);
    await signer.ask({ kind: 'listConnections' });
    signer[link].socket.write(bytes);
    if (link === 'server' && bytes[4] === 1)
      signer.server.socket.write(Buffer.from('ffffffffff', 'hex'));
    assert.equal(await signer.exit, 1, signer.stderr);
    const line = JSON.parse(signer.stderr);
    assert.equal(line.process, 'signer');
    assert.match(line.message, /broke the protocol/);
  }
});

test('[S34] what only a person can mend ends the process with 3 and a sentence', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, 'policy/v1\nconnection demo\nallow op=order.place opens<=20\n');
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^kontor signer: expected exactly: --data DIR .*\n$/],
    [['--data'], /expected exactly: --data DIR/],
    [['--data', directory, '--crash-at', '3'], /expected exactly: --data DIR/],
    [
      ['--data', directory],
      /^kontor signer: \S+policy:3:22: expected one of id, .+, found "opens<=20" \(policy\.syntax\)\n$/,
    ],
  ];
  for (const [given, message] of cases) {
    const child = spawn(process.execPath, [SIGNER_MAIN, ...given], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
      env: {},
    });
    t.after(() => child.kill('SIGKILL'));
    let stderr = '';
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
    const [code] = await once(child, 'close');
    assert.equal(code, 3);
    assert.match(stderr, message);
  }
});

test('[S34] without its links the process does not start', async (t) => {
  const directory = temporaryDirectory(t);
  const child = spawn(process.execPath, [SIGNER_MAIN, '--data', directory], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {},
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 3);
});

test('[S78] a pipe named as unlock file is refused at once and not waited for', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const pipe = join(dirname(directory), 'pipe');
  assert.equal(spawnSync('mkfifo', ['-m', '600', pipe]).status, 0);
  const child = spawn(process.execPath, [SIGNER_MAIN, '--data', directory, '--unlock-file', pipe], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    env: {},
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
  const [code] = await once(child, 'close');
  assert.equal(code, 3);
  assert.match(stderr, /pipe: expected a file, found something else/);
});

test('[S35] it runs under the permission model with nothing but its directory, and stays durable', async (t) => {
  const root = fileURLToPath(new URL('../..', import.meta.url));
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const flags = [
    '--permission',
    `--allow-fs-read=${root}`,
    `--allow-fs-read=${dirname(directory)}`,
    `--allow-fs-write=${dirname(directory)}`,
    '--disable-sigusr1',
    '--disallow-code-generation-from-strings',
    '--frozen-intrinsics',
    '--disable-proto=throw',
    '--report-exclude-env',
  ];
  const first = new SignerProcess(t, directory, flags);
  const { connection } = await first.connect();
  const placed = await first.ask(placeIntent(connection, { clientOrderId: 'k1-a' }));
  assert.equal(placed.kind, 'signed');
  first.child.kill('SIGKILL');
  await first.exit;
  const second = new SignerProcess(t, directory, flags);
  const again = await second.ask(placeIntent(connection, { clientOrderId: 'k1-a' }));
  assert.equal(again.kind === 'refused' && again.rule, 'duplicate');
  const third = await second.ask(placeIntent(connection));
  assert.equal(third.kind, 'signed');
});

test('[S36] nothing on the way to the server and in the log holds a signature or a key', async (t) => {
  const signer = start(t);
  const { connection } = await signer.connect();
  const asked = await Promise.all([
    signer.ask(placeIntent(connection)),
    signer.ask(placeIntent(connection, { price: '501' })),
    signer.ask({ kind: 'subscribe', connection }),
    signer.ask({ kind: 'queryAccount', connection }),
    signer.ask({ kind: 'listConnections' }),
  ]);
  signer.server.write({ kind: 'sign', id: 99, text: 'x' });
  await signer.server.find((message) =>
    JSON.stringify(message).includes('"id":99') ? true : undefined,
  );
  const requests = await Promise.all(
    asked.filter(({ kind }) => kind === 'signed').map(({ id }) => requestOf(signer, id)),
  );
  assert.equal(requests.length, 3);
  const signatures = requests.map((request) =>
    request.kind === 'request'
      ? decodeURIComponent(request.payload.replace(/^.*&signature=/, ''))
      : String(request.params['signature']),
  );
  const key = sealedSecret(signer.directory, connection);
  const seed = key.subarray(-32);
  const secrets = [...signatures.map((text) => Buffer.from(text, 'base64')), seed];
  const places: readonly (readonly [string, Buffer])[] = [
    ['the link to the server', Buffer.concat(signer.server.bytes)],
    ['stderr', Buffer.from(signer.stderr)],
    ['the log', readFileSync(join(signer.directory, 'intents.log'))],
    ['the connections', readFileSync(join(signer.directory, 'connections'))],
  ];
  for (const [place, bytes] of places) {
    for (const secret of secrets) {
      const base64 = secret.toString('base64').replace(/=+$/, '');
      for (const form of [
        secret,
        base64,
        encodeURIComponent(base64),
        secret.toString('hex'),
        secret.toString('base64url'),
      ]) {
        assert.ok(!bytes.includes(form), `${place} holds a secret`);
      }
    }
  }
  assert.ok(!Buffer.concat(signer.server.bytes).includes('signature'));
  // The check can fail: egress' link holds every signature, and no key.
  const toEgress = Buffer.concat(signer.egress.bytes);
  for (const signature of signatures) {
    assert.ok(toEgress.includes(signature) || toEgress.includes(encodeURIComponent(signature)));
  }
  assert.ok(!toEgress.includes(seed.toString('base64')));
});

test('[S36] attack 27: a heap snapshot taken while it signs holds no private key', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const first = new SignerProcess(t, directory, [
    '--heapsnapshot-signal=SIGUSR2',
    `--diagnostic-dir=${dirname(directory)}`,
  ]);
  const { connection } = await first.connect();
  assert.equal((await first.ask(placeIntent(connection))).kind, 'signed');
  first.child.kill('SIGUSR2');
  const { pid } = first.child;
  const { readdirSync } = await import('node:fs');
  const written = (): string | undefined =>
    readdirSync(dirname(directory)).find(
      (file) => file.endsWith('.heapsnapshot') && file.includes(String(pid)),
    );
  const deadline = performance.now() + 30_000;
  while (written() === undefined) {
    assert.ok(performance.now() < deadline, 'the snapshot was not written in time');
    await first.ask({ kind: 'listConnections' });
  }
  // It is written in one turn of the loop, so that the next answer comes after its end.
  assert.equal((await first.ask(placeIntent(connection))).kind, 'signed');
  const name = written();
  assert.ok(name !== undefined && existsSync(join(dirname(directory), name)));
  const snapshot = readFileSync(join(dirname(directory), name));
  assert.ok(statSync(join(dirname(directory), name)).size > 100_000);
  assert.ok(snapshot.includes(connection), 'the snapshot shows what the signer holds');
  const key = sealedSecret(directory, connection);
  const seed = key.subarray(-32);
  for (const form of [
    seed,
    seed.toString('base64').slice(0, 40),
    seed.toString('hex'),
    seed.toString('latin1'),
  ]) {
    assert.ok(!snapshot.includes(form));
  }
});

test('[S37] attack 31: a server that floods gets answers, not a crash', async (t) => {
  const signer = start(t, [], 'policy/v1\nconnection demo\nallow op=read.*\n');
  const { connection } = await signer.connect();
  const count = 5_000;
  for (let id = 1_000; id < 1_000 + count; id += 1)
    signer.server.write({ kind: 'queryAccount', id, connection });
  await signer.server.find(() => (signer.server.received.length >= count + 2 ? true : undefined));
  const rules = signer.server.received
    .map((message) => JSON.stringify(message))
    .filter((text) => text.includes('"busy"'));
  assert.equal(rules.length, count - 1_024);
  const listed = await signer.ask({ kind: 'listConnections' });
  assert.equal(listed.kind, 'connections');
});

/** Memory that a process has, in MiB. */
function memoryOf({ child }: SignerProcess): number {
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
}

test('[S209] attack 31: a flood leaves no memory behind in the signer', async (t) => {
  const signer = start(
    t,
    [],
    `${POLICY}\nhold id=ask op=order.place symbol=ETHUSDT\n`.replace('default deny\n', ''),
  );
  const { connection } = await signer.connect();
  const { order } = placeIntent(connection);
  let id = 1_000;
  const flood = async (count: number): Promise<void> => {
    const { length } = signer.server.received;
    for (let index = 0; index < count; index += 1) {
      id += 1;
      const clientOrderId = `k1-${id}`;
      const each = [
        { kind: 'placeOrder', connection, order: { ...order, clientOrderId, price: '9000' } },
        {
          kind: 'placeOrder',
          connection,
          order: { ...order, clientOrderId, symbol: 'ETHUSDT', price: String(id) },
        },
        { kind: 'explainOrder', connection, order },
        { kind: 'queryAccount', connection },
        { kind: 'describePolicy' },
        { kind: 'withdraw', amount: String(id) },
        { kind: 'requestAct', act: { kind: 'thawConnection', connection } },
        { kind: 'lookUp', connection, clientOrderId },
      ];
      signer.server.write({ ...each[index % each.length], id });
      if (index % 500 === 499)
        await signer.server.find(() =>
          signer.server.received.length >= length + index + 1 ? true : undefined,
        );
    }
  };
  // What every run needs at its start is no growth.
  await flood(20_000);
  const before = memoryOf(signer);
  await flood(40_000);
  const grown = memoryOf(signer) - before;
  t.diagnostic(`${before.toFixed(0)} MiB, and ${grown.toFixed(0)} more after 40,000 messages`);
  assert.ok(grown < 16, `${grown} MiB more`);
  const { length } = readFileSync(join(signer.directory, 'intents.log'), 'utf8').split('\n');
  assert.ok(length < 8_000, `${length} lines on the log`);
});

test('[S209] attack 31: who floods without reading the answers is cut off', async (t) => {
  const signer = start(t);
  await signer.connect();
  signer.server.socket.pause();
  signer.server.socket.on('error', () => undefined);
  let id = 1_000;
  while (signer.child.exitCode === null && signer.server.socket.writable) {
    for (let count = 0; count < 200 && signer.server.socket.writableLength < 1_000_000; count += 1)
      signer.server.write({ kind: 'describePolicy', id: (id += 1) });
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.equal(await signer.exit, 1);
  assert.match(signer.stderr, /expected the server to read its link, found it full/);
});

test('[S34] a log that was tampered with is named', async (t) => {
  const signer = start(t);
  const { connection } = await signer.connect();
  await signer.ask(placeIntent(connection));
  signer.child.kill('SIGTERM');
  await signer.exit;
  const path = join(signer.directory, 'intents.log');
  writeFileSync(path, readFileSync(path, 'utf8').replace('"100"', '"1"'));
  const next = new SignerProcess(t, signer.directory);
  assert.equal(await next.exit, 3);
  assert.match(
    next.stderr,
    /intents\.log: line \d+: expected the entry that its leaf hash is of, found another: the line was changed/,
  );
});
