// SPDX-License-Identifier: Apache-2.0
// The witness as others meet it: over HTTP, in a process of its own, killed at every step, on a disk that fails.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { SYSTEM_DISK, type WitnessDisk } from '../cli/src/durable-file.ts';
import { openKeys } from '../cli/src/witness/keys.ts';
import { WitnessStore } from '../cli/src/witness/store.ts';
import {
  openCheckpoint,
  parseSignedCheckpoint,
  parseVerifierKey,
  readWitnessAnswer,
  verifyCosignatures,
  type NoteKey,
} from '../tlog/src/index.ts';
import { nodeCryptography } from '../tlog/src/node-crypto.ts';
import { testSigner, valueOf } from '../tlog/test/keys.ts';
import { signedCheckpoint } from '../tlog/test/log.ts';
import {
  FORGED_ENTRIES,
  LOG,
  LOG_KEY,
  post,
  request,
  startWitness,
  temporaryFolder,
  treeOf,
} from './witness-world.ts';

const MAIN = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const KILL_AT = pathToFileURL(fileURLToPath(new URL('kill-at.ts', import.meta.url))).href;
const START_MS_MAX = 60_000;
/** More disk calls and sends than starting and one request make. */
const MOMENTS_MAX = 60;

function kontor(args: readonly string[], flags: readonly string[] = []): ChildProcess {
  return spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', ...flags, MAIN, ...args],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
}

async function outputOf(
  args: readonly string[],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = kontor(args);
  let text = '';
  child.stdout?.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (text += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

interface Served {
  readonly url: string;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
}

/** A witness process; undefined where it died before it listened. */
async function serve(
  t: TestContext,
  folder: string,
  { flags = [], args = [] }: { flags?: readonly string[]; args?: readonly string[] } = {},
): Promise<Served | undefined> {
  const command = ['log', 'witness', 'serve', '--data', folder, '--listen', '127.0.0.1:0', ...args];
  const child = kontor(command, flags);
  const ended = once(child, 'close');
  t.after(() => child.kill('SIGKILL'));
  let text = '';
  const url = await new Promise<string | undefined>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no witness: ${text}`)), START_MS_MAX);
    const take = (part: Buffer): void => {
      text += part.toString();
      const found = /on (http:\/\/\S+)\n/.exec(text)?.[1];
      if (found === undefined || !text.includes('Logs it watches')) return;
      clearTimeout(timer);
      resolve(found);
    };
    child.stdout?.on('data', take);
    child.stderr?.on('data', take);
    void ended.then(() => {
      clearTimeout(timer);
      resolve(undefined);
    });
  });
  return url === undefined ? undefined : { url, child, ended };
}

const THIEF = testSigner(LOG.key.name, 'ed25519', 'a thief');
const STRANGER = testSigner('stranger.example/log');
const forged = (size: number): ReturnType<typeof treeOf> => treeOf(size, FORGED_ENTRIES);

/** What a log may ask one after the other, right and wrong, and what comes of it. */
const SCRIPT: readonly (readonly [string, Uint8Array, number, RegExp?])[] = [
  ['a log it does not know', request(0, 20, { signer: STRANGER }), 404],
  ['the first tree, signed by somebody else', request(0, 20, { signer: THIEF }), 403],
  ['the first tree from a size that it does not have', request(5, 20), 409, /^0\n$/],
  ['the first tree', request(0, 20), 200],
  ['the same tree again', request(20, 20), 200],
  ['another tree of that size', request(20, 20, { tree: forged(20) }), 422],
  ['a tree that forgets the past', request(20, 33, { tree: forged(33) }), 422],
  ['a larger tree from an old size', request(5, 33), 409, /^20\n$/],
  ['a larger tree, signed by somebody else', request(20, 33, { signer: THIEF }), 403],
  ['a larger tree', request(20, 33), 200],
  ['a rollback', request(10, 15), 409, /^33\n$/],
  ['an old size over the new one', request(34, 33), 400],
  ['no request at all', Buffer.from('hello'), 400],
];

test('[C130] over HTTP a witness answers as the protocol says, right and wrong requests in turn', async (t) => {
  const served = await serve(t, join(temporaryFolder(t), 'w'), { args: ['--log', LOG_KEY] });
  assert.ok(served !== undefined);
  for (const [title, body, status, answer] of SCRIPT) {
    const found = await post(served.url, body);
    assert.equal(found.status, status, `${title}: ${found.text}`);
    if (answer !== undefined) assert.match(found.text, answer, title);
    if (status === 409) assert.equal(found.type, 'text/x.tlog.size');
    if (status === 200) assert.match(found.text, /^(\u2014 kontor-witness-\S+ \S+\n){2}$/);
  }
});

async function verifierKeys(url: string): Promise<readonly NoteKey[]> {
  const text = await (await fetch(url)).text();
  return text
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => valueOf(parseVerifierKey(nodeCryptography, line)));
}

test('[C131] monitors read the last checkpoint with cosignatures of both keys', async (t) => {
  const { url } = await startWitness(t, temporaryFolder(t));
  const path = createHash('sha256').update(LOG.key.name).digest('hex');
  assert.equal((await fetch(`${url}/${path}/checkpoint`)).status, 404);
  assert.equal((await post(url, request(0, 20))).status, 200);
  assert.equal((await post(url, request(20, 33))).status, 200);
  const note = Buffer.from(await (await fetch(`${url}/${path}/checkpoint`)).arrayBuffer());
  const opened = valueOf(openCheckpoint(nodeCryptography, note, [LOG.key]));
  assert.equal(opened.checkpoint.size, 33n);
  const clock = { nowSeconds: BigInt(Math.floor(Date.now() / 1000)), skewSeconds: 5n };
  const keys = await verifierKeys(url);
  const found = valueOf(verifyCosignatures(nodeCryptography, opened.note, keys, clock));
  assert.deepEqual(
    found.map(({ key }) => key.type),
    ['ed25519-cosignature', 'ml-dsa-44-cosignature'],
  );
  assert.equal((await fetch(`${url}/${'0'.repeat(64)}/checkpoint`)).status, 404);
});

test('[C132] requests are bounded in length and number, and other methods are refused', async (t) => {
  const { url } = await startWitness(t, temporaryFolder(t), { requestsPerMinute: 6 });
  assert.equal((await post(url, Buffer.alloc(600_000, 'x'))).status, 413);
  assert.equal((await fetch(url, { method: 'PUT' })).status, 405);
  assert.equal((await fetch(`${url}/../../etc/passwd`)).status, 404);
  for (let count = 3; count < 6; count += 1) assert.equal((await fetch(url)).status, 200);
  assert.equal((await fetch(url)).status, 429);
  assert.equal((await post(url, request(0, 20))).status, 429);
});

test('[C133] two clients at once get one history', async (t) => {
  const { url } = await startWitness(t, temporaryFolder(t));
  assert.equal((await post(url, request(0, 20))).status, 200);
  const sizes = [33, 41, 27, 60, 33, 21, 50, 45];
  const answers = await Promise.all(sizes.map((size) => post(url, request(20, size))));
  const won = sizes.filter((_, place) => answers[place]?.status === 200);
  assert.equal(won.length, 1, JSON.stringify(answers.map(({ status }) => status)));
  for (const { status, text } of answers) {
    if (status !== 200) assert.deepEqual([status, text], [409, `${won[0]}\n`]);
  }
});

test('[C133] a witness that is killed at any step has not signed what it does not remember', async (t) => {
  const folder = temporaryFolder(t);
  const origin = join(folder, 'origin');
  const first = await serve(t, origin, { args: ['--log', LOG_KEY] });
  assert.ok(first !== undefined);
  assert.equal((await post(first.url, request(0, 20))).status, 200);
  first.child.kill('SIGTERM');
  await first.ended;
  let kills = 0;
  for (let at = 1; at <= MOMENTS_MAX; at += 1) {
    const copy = join(folder, `copy-${at}`);
    const marker = join(folder, `marker-${at}`);
    cpSync(origin, copy, { recursive: true });
    const url = `${KILL_AT}?at=${at}&marker=${encodeURIComponent(marker)}`;
    const dying = await serve(t, copy, { flags: ['--import', url] });
    const answer =
      dying === undefined ? null : await post(dying.url, request(20, 33)).catch(() => null);
    if (!existsSync(marker)) {
      assert.equal(answer?.status, 200);
      dying?.child.kill('SIGKILL');
      break;
    }
    kills += 1;
    await dying?.ended;
    // What came back to life is asked for another future of the same past.
    const alive = await startWitness(t, copy, { logs: [] });
    const found = await post(alive.url, request(20, 41));
    if (answer?.status === 200)
      assert.deepEqual([found.status, found.text], [409, '33\n'], `at ${at}`);
    else if (found.status === 409) assert.equal(found.text, '33\n', `at ${at}`);
    else assert.equal(found.status, 200, `at ${at}: ${found.text}`);
    const size = alive.store.logOf(LOG.key.name)?.record?.size ?? 0n;
    assert.equal((await post(alive.url, request(Number(size), 50))).status, 200, `at ${at}`);
    alive.server.closeAllConnections();
    alive.server.close();
    rmSync(copy, { recursive: true });
  }
  assert.ok(kills >= 6 && kills < MOMENTS_MAX, `killed at ${kills} moments`);
});

test('[C133] where the disk fails nothing is signed, and afterwards the log goes on', async (t) => {
  for (const failing of ['openSync', 'writeSync', 'fsyncSync', 'renameSync'] as const) {
    let isFull = false;
    const disk: WitnessDisk = {
      ...SYSTEM_DISK,
      [failing]: (...args: readonly unknown[]): unknown => {
        if (isFull) throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
        return Reflect.apply(SYSTEM_DISK[failing], SYSTEM_DISK, args);
      },
    };
    const { url, store } = await startWitness(t, temporaryFolder(t), { disk });
    assert.equal((await post(url, request(0, 20))).status, 200);
    isFull = true;
    const refused = await post(url, request(20, 33));
    assert.equal(refused.status, 500, failing);
    assert.match(refused.text, /nothing was signed/);
    assert.equal(store.logOf(LOG.key.name)?.record?.size, 20n);
    isFull = false;
    assert.equal((await post(url, request(20, 41))).status, 200, failing);
  }
});

test('[C134] a directory is one witness’s, and a record that cannot be read is not begun anew', async (t) => {
  const folder = join(temporaryFolder(t), 'w');
  const served = await serve(t, folder, { args: ['--log', LOG_KEY] });
  assert.ok(served !== undefined);
  const second = await outputOf(['log', 'witness', 'serve', '--data', folder]);
  assert.equal(second.code, 1);
  assert.match(second.text, /another witness may be running/);
  assert.equal((await post(served.url, request(0, 20))).status, 200);
  served.child.kill('SIGTERM');
  await served.ended;
  const [record = ''] = readdirSync(join(folder, 'records'));
  writeFileSync(join(folder, 'records', record), 'torn');
  const again = await startWitness(t, folder, { logs: [] });
  assert.equal((await post(again.url, request(0, 20))).status, 500);
});

test('[C134] keys are made once, are their owner’s alone and keep their name', (t) => {
  const folder = temporaryFolder(t);
  const made = openKeys(SYSTEM_DISK, folder, 'witness.example/one');
  assert.deepEqual(openKeys(SYSTEM_DISK, folder, undefined).verifierKeys, made.verifierKeys);
  assert.throws(() => openKeys(SYSTEM_DISK, folder, 'another'), /a name stays with its keys/);
  for (const name of ['ed25519.pem', 'ml-dsa-44.pem']) {
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600);
  }
  const other = temporaryFolder(t);
  const first = openKeys(SYSTEM_DISK, other, undefined).name;
  assert.notEqual(first, openKeys(SYSTEM_DISK, temporaryFolder(t), undefined).name);
  rmSync(join(other, 'ed25519.pem'));
  assert.throws(() => openKeys(SYSTEM_DISK, other, undefined), /is missing/);
});

test('[C135] logs are added while a witness runs, once each, and listed with their size', async (t) => {
  const folder = join(temporaryFolder(t), 'w');
  const served = await serve(t, folder);
  assert.ok(served !== undefined);
  assert.equal((await post(served.url, request(0, 20))).status, 404);
  const add = ['log', 'witness', 'add-log', '--data', folder, LOG_KEY];
  assert.match((await outputOf(add)).text, /is on the list/);
  assert.match((await outputOf(add)).text, /was on the list already/);
  assert.equal((await post(served.url, request(0, 20))).status, 200);
  const list = await outputOf(['log', 'witness', 'list', '--data', folder, '--json']);
  assert.deepEqual(JSON.parse(list.text), [{ origin: LOG.key.name, key: LOG_KEY, size: '20' }]);
  const wrong = await outputOf(['log', 'witness', 'add-log', '--data', folder, 'nonsense']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.text, /a verifier key must read/);
});

test('[C136] two trees of one size under a log’s key are kept as evidence, once', async (t) => {
  const folder = temporaryFolder(t);
  const { url } = await startWitness(t, folder);
  await post(url, request(0, 20));
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await post(url, request(20, 20, { tree: forged(20) }))).status, 422);
  }
  const files = readdirSync(join(folder, 'evidence'));
  assert.equal(files.length, 1);
  const text = readFileSync(join(folder, 'evidence', files[0] ?? ''), 'utf8');
  const evidence = JSON.parse(text) as { readonly first: string; readonly second: string };
  assert.equal(evidence.second, Buffer.from(signedCheckpoint(LOG, forged(20))).toString());
});

test('[C137] attack 38: a witness signs nothing that is not a checkpoint in its one writing', async (t) => {
  const { url } = await startWitness(t, temporaryFolder(t));
  const good = Buffer.from(request(0, 20)).toString();
  const wrong: readonly string[] = [
    good.replaceAll('\n', '\r\n'),
    good.replace('\n20\n', '\n020\n'),
    good.replace('kontor.local', 'kontor.\u0007local'),
    good.replace(/=\n/, '\n'),
    `${good}\n`,
    good.repeat(2),
  ];
  for (const body of wrong) {
    const { status } = await post(url, Buffer.from(body));
    assert.ok(
      [400, 403, 404].includes(status),
      `${status} for ${JSON.stringify(body.slice(0, 80))}`,
    );
  }
  const many = good + good.slice(good.indexOf('\u2014')).repeat(120);
  assert.equal((await post(url, Buffer.from(many))).status, 400);
  const padded = good + `\u2014 other.example AAAAAAAA\n`.repeat(20);
  const answer = await post(url, Buffer.from(padded));
  assert.equal(answer.status, 200, 'signatures of strangers spoil nothing');
  const ours = valueOf(parseSignedCheckpoint(signedCheckpoint(LOG, treeOf(20))));
  const reply = readWitnessAnswer(
    nodeCryptography,
    { status: 200, contentType: answer.type, body: Buffer.from(answer.text) },
    ours,
    await verifierKeys(url),
  );
  assert.equal(reply.kind, 'cosigned');
});

test('[C135] a witness watches a bounded number of logs and none under a witness’s key', (t) => {
  const store = new WitnessStore(temporaryFolder(t));
  const cosigner = testSigner('w.example/w', 'ed25519-cosignature');
  const key = valueOf(parseVerifierKey(nodeCryptography, LOG_KEY));
  assert.ok(store.addLog(LOG_KEY));
  assert.deepEqual(store.logs, [key]);
  assert.throws(() => store.addLog(verifierKeyOf(cosigner.key)), /a witness's key/);
});

function verifierKeyOf({ name, id, publicKey }: NoteKey): string {
  const typed = Buffer.concat([Buffer.of(4), publicKey]).toString('base64');
  return `${name}+${Buffer.from(id).toString('hex')}+${typed}`;
}
