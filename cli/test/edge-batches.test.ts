// SPDX-License-Identifier: Apache-2.0
// Edge logs and the list of witnesses, as the terminal keeps them.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import {
  createAppender,
  noteKey,
  signCheckpoint,
  toCheckpointText,
  toEntryBytes,
  toNote,
  toVerifierKey,
  treeHasher,
  verifyInclusion,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import {
  batchesFolder,
  digestOf,
  draftBatch,
  edgeLineTime,
  findLine,
  linesOf,
  readBatches,
  readDrafts,
} from '../src/claim/edge-batches.ts';
import { judgeEdgeLines } from '../src/claim/edge-claim.ts';
import { openKeys } from '../src/witness/keys.ts';
import { SYSTEM_DISK } from '../src/durable-file.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const HASHER = treeHasher(nodeCryptography);
const FROM = Date.UTC(2026, 10, 23, 9);
/** Over two flushes, and not whole bundles. */
const COUNT = 40_001;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-edge-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const lineAt = (number: number): string =>
  JSON.stringify({ RayID: `ray${String(number).padStart(9, '0')}`, ts: FROM + number, n: number });

test('[C139] every line of a batch is found with a proof of its salted hash, and no other line is', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'edge.ndjson.gz');
  const text = Array.from({ length: COUNT }, (_, number) => lineAt(number)).join('\r\n');
  writeFileSync(file, gzipSync(text));
  const draft = await draftBatch(folder, file);
  assert.deepEqual([draft.lines, draft.from, draft.to], [COUNT, FROM, FROM + COUNT - 1]);
  assert.deepEqual(readBatches(folder), [], 'what the log has not taken is no batch');
  assert.deepEqual(
    readDrafts(folder).map(({ root, digest }) => [root, digest]),
    [[draft.root, await digestOf(file)]],
  );
  draft.settle(77);
  const batches = readBatches(folder);
  assert.deepEqual([batches.length, batches[0]?.entry], [1, 77]);
  for (const number of [0, 1, 255, 256, 16_383, 16_384, COUNT - 1]) {
    const line = Buffer.from(lineAt(number));
    const found = findLine(batches, line);
    assert.equal(found?.index, number);
    const leaf = HASHER.leaf(
      Buffer.concat([found.salt, createHash('sha256').update(line).digest()]),
    );
    const tree = { size: BigInt(COUNT), root: Buffer.from(draft.root, 'hex') };
    assert.ok(
      verifyInclusion(HASHER, { index: BigInt(number), leaf, proof: found.proof, ...tree }).ok,
    );
  }
  assert.equal(findLine(batches, Buffer.from(lineAt(COUNT))), undefined);
  assert.equal(findLine(batches, Buffer.from(`${lineAt(3)} `)), undefined);
  const again = await draftBatch(folder, file);
  assert.notEqual(again.root, draft.root, 'the same lines are committed to under fresh salts');
  again.discard();
  assert.equal(readdirSync(batchesFolder(folder)).length, 1);
  const [kept = ''] = readdirSync(batchesFolder(folder));
  assert.equal(statSync(join(batchesFolder(folder), kept)).mode & 0o077, 0);
});

test('[C139] a file without lines, that cannot be read or unpacked leaves nothing behind', async (t) => {
  const folder = folderOf(t);
  const wrong: readonly (readonly [string, Buffer | undefined, RegExp])[] = [
    ['empty.ndjson', Buffer.from('\n\r\n'), /has no line/],
    ['none.ndjson', undefined, /ENOENT/],
    ['torn.ndjson.gz', gzipSync('x'.repeat(1000)).subarray(0, 20), /unexpected end/],
    ['long.ndjson', Buffer.alloc(1_200_000, 'x'), /at most 1048576 bytes/],
  ];
  for (const [name, bytes, reason] of wrong) {
    const file = join(folder, name);
    if (bytes !== undefined) writeFileSync(file, bytes);
    await assert.rejects(draftBatch(folder, file), reason, name);
    assert.deepEqual(readdirSync(batchesFolder(folder)), [], name);
  }
});

test('[C139] a folder that was changed after its batch was committed is named, and not believed', async (t) => {
  const folder = folderOf(t);
  const file = join(folder, 'edge.ndjson');
  writeFileSync(file, `${lineAt(1)}\n${lineAt(2)}\n`);
  const draft = await draftBatch(folder, file);
  const batch = draft.settle(5);
  const entry = {
    v: 1,
    t: FROM,
    seq: 5,
    kind: 'edgelog.batch',
    root: batch.root,
    lines: 2,
  } as const;
  const log = { entries: [{ entry, fields: entry }] };
  const judge = (line: string): string =>
    judgeEdgeLines([Buffer.from(line)], readBatches(folder), log)[0]?.verdict ?? '';
  assert.equal(judge(lineAt(2)), 'MATCHES committed edge-log line 2 of entry 5');
  const bundle = join(batch.folder, 'tile', 'entries', '000.p', '2');
  const bytes = readFileSync(bundle);
  const forged = Buffer.from(bytes);
  createHash('sha256')
    .update(lineAt(9))
    .digest()
    .copy(forged, 2 + 32);
  writeFileSync(bundle, forged);
  assert.equal(judge(lineAt(2)), 'MATCHES committed edge-log line 2 of entry 5');
  assert.doesNotMatch(
    judgeOrThrow(() => judge(lineAt(9))),
    /^MATCHES/,
  );
  writeFileSync(bundle, bytes);
  const description = join(batch.folder, 'batch.json');
  writeFileSync(description, readFileSync(description, 'utf8').replace(batch.root, '0'.repeat(64)));
  assert.throws(() => judge(lineAt(2)), /holds another root; this folder was changed/);
});

/** The verdict, or why there is none. */
function judgeOrThrow(judge: () => string): string {
  try {
    return judge();
  } catch (error) {
    return String(error);
  }
}

test('[C139] a line tells its time in the ways that edges write it', () => {
  const cases: readonly (readonly [object, number | undefined])[] = [
    [{ EdgeStartTimestamp: '2026-11-23T09:00:00Z' }, FROM],
    [{ EdgeStartTimestamp: FROM * 1e6 }, FROM],
    [{ ts: FROM / 1000 }, FROM],
    [{ time: FROM }, FROM],
    [{ path: '/' }, undefined],
  ];
  for (const [fields, time] of cases) {
    assert.equal(edgeLineTime(Buffer.from(JSON.stringify(fields))), time, JSON.stringify(fields));
  }
  assert.equal(edgeLineTime(Buffer.from('203.0.113.7 - - "GET /"')), undefined);
});

test('[C139] lines are cut at newlines only, however the file comes in', async (t) => {
  const file = join(folderOf(t), 'lines');
  const long = 'y'.repeat(100_000);
  writeFileSync(file, `a\r\n\n${long}\nb\u2028c`);
  const found: string[] = [];
  for await (const line of linesOf(file)) found.push(Buffer.from(line).toString());
  assert.deepEqual(found, ['a', long, 'b\u2028c']);
});

async function kontor(args: readonly string[]): Promise<{ code: number | null; text: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args]);
  let text = '';
  child.stdout.on('data', (part: Buffer) => (text += part.toString()));
  child.stderr.on('data', (part: Buffer) => (text += part.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text };
}

/** A log with one entry for each root, as a signer would have left it. */
function writeLog(directory: string, roots: readonly string[]): void {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const raw = createPublicKey(publicKey.export({ format: 'pem', type: 'spki' }));
  const bytes = raw.export({ format: 'der', type: 'spki' }).subarray(-32);
  const key = noteKey(nodeCryptography, {
    name: 'kontor.local/edge',
    type: 'ed25519',
    publicKey: bytes,
  });
  assert.ok(key.ok);
  const appender = createAppender(HASHER);
  for (const [seq, root] of roots.entries()) {
    const more = { root, lines: 2, from: FROM, to: FROM };
    const entry = toEntryBytes({ v: 1, t: FROM, seq, kind: 'edgelog.batch', ...more });
    assert.ok(entry.ok);
    assert.ok(appender.append(entry.value).ok);
  }
  const folder = join(directory, 'log');
  for (const { path, bytes: file } of appender.takeResources()) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), file);
  }
  const origin = key.value.name;
  const text = toCheckpointText({
    origin,
    size: appender.size(),
    root: appender.root(),
    extensions: [],
  });
  const signed = signCheckpoint(text, key.value, (message) => sign(null, message, privateKey), 0n);
  assert.ok(signed.ok);
  writeFileSync(join(folder, 'checkpoint'), toNote({ text, signatures: [signed.value] }));
  writeFileSync(join(folder, 'vkey'), `${toVerifierKey(key.value)}\n`);
}

test('[C139] where the log’s answer is lost the salts stay, and the next run goes on with them', async (t) => {
  const folder = folderOf(t);
  const asked: string[] = [];
  let isLost = true;
  const desk = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (part: string) => asked.push(part));
    request.on('end', () => {
      if (isLost) response.destroy();
      else response.writeHead(201, { 'content-type': 'application/json' }).end('{"entry":9}');
    });
  });
  desk.listen(0, '127.0.0.1');
  await once(desk, 'listening');
  t.after(() => desk.close());
  const { port } = desk.address() as AddressInfo;
  const access = { url: `http://127.0.0.1:${port}`, token: 'x' };
  const file = join(folder, 'edge.ndjson');
  writeFileSync(file, `${lineAt(1)}\n${lineAt(2)}\n`);
  const commit = (name: string): ReturnType<typeof kontor> =>
    kontor(['log', 'commit-edge', name, '--data', folder]);
  const none = await commit(file);
  assert.match(none.text, /no desk is running/);
  assert.ok(!existsSync(batchesFolder(folder)), 'nobody was asked, so nothing stays');

  mkdirSync(join(folder, 'run'));
  writeFileSync(join(folder, 'run', 'terminal.json'), JSON.stringify(access));
  const lost = await commit(file);
  assert.equal(lost.code, 1);
  assert.match(lost.text, /\.draft keeps its salts: run the same command again/);
  const [draft] = readDrafts(folder);
  assert.ok(draft !== undefined);

  // The log has not taken it: the same root is asked for again.
  writeLog(folder, ['ab'.repeat(32)]);
  isLost = false;
  const again = await commit(file);
  assert.equal(again.code, 0, again.text);
  assert.match(again.text, /2 lines are committed by entry 9 of the log/);
  const roots = asked.map((body) => (JSON.parse(body) as { root: string }).root);
  assert.deepEqual(roots, [draft.root, draft.root]);
  assert.deepEqual(readDrafts(folder), []);
  assert.deepEqual(
    readBatches(folder).map(({ entry, root }) => [entry, root]),
    [[9, draft.root]],
  );

  // The log has taken it, and only the answer was lost: nobody is asked again.
  const other = join(folder, 'other.ndjson');
  writeFileSync(other, `${lineAt(3)}\n${lineAt(4)}\n`);
  isLost = true;
  await commit(other);
  const [second] = readDrafts(folder);
  assert.ok(second !== undefined);
  writeLog(folder, ['ab'.repeat(32), second.root]);
  const found = await commit(other);
  assert.equal(found.code, 0, found.text);
  assert.match(found.text, /by entry 1 of the log/);
  assert.equal(asked.length, 3);
  assert.equal(findLine(readBatches(folder), Buffer.from(lineAt(4)))?.batch.entry, 1);
});

test('[C138] the desk’s list of witnesses is changed as a whole, and what it would not take changes nothing', async (t) => {
  const folder = folderOf(t);
  const [key = ''] = openKeys(SYSTEM_DISK, folderOf(t), undefined).verifierKeys;
  const use = (name: string, url: string, more: readonly string[] = ['--relation', 'person']): ReturnType<typeof kontor> =>
    kontor(['log', 'witness', 'use', name, '--data', folder, '--url', url, '--key', key, '--operator', 'Anna', ...more]); // prettier-ignore
  const list = join(folder, 'trust', 'witnesses.json');
  assert.equal((await use('anna', 'http://127.0.0.1:1')).code, 0);
  const before = readFileSync(list, 'utf8');
  assert.match(before, /"relation": "person"/);
  for (const [name, url, reason] of [
    ['ben', 'http://127.0.0.1:2', /a key stands in the list once/],
    ['Anna!', 'http://127.0.0.1:2', /witnesses\/1\/name/],
    ['anna', 'ftp://127.0.0.1', /must begin with http/],
  ] as const) {
    const refused = await use(name, url);
    assert.equal(refused.code, 1);
    assert.match(refused.text, reason);
    assert.equal(readFileSync(list, 'utf8'), before);
  }
  assert.equal((await use('anna', 'http://127.0.0.1:2', ['--relation', 'friend'])).code, 2);
  assert.equal((await use('anna', 'https://w.example/', ['--relation', 'own'])).code, 0);
  assert.match(readFileSync(list, 'utf8'), /"relation": "own"/);
  const dropped = await kontor(['log', 'witness', 'drop', 'anna', '--data', folder]);
  assert.match(dropped.text, /has 0 witnesses/);
  writeFileSync(list, 'torn');
  const torn = await use('anna', 'http://127.0.0.1:1');
  assert.equal(torn.code, 1);
  assert.match(torn.text, /must be JSON/);
  assert.equal(readFileSync(list, 'utf8'), 'torn');
  assert.ok(!existsSync(`${list}.new`));
});
