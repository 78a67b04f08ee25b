// SPDX-License-Identifier: Apache-2.0
// What a backup holds beside the store: cases and edge logs, which are evidence.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Store } from '@kontor/server';
import { create } from 'tar';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const CASE = 'cases/20261123T030000Z-abcdef';
const FILES: Readonly<Record<string, string>> = {
  [`${CASE}/case.json`]: '{"version":1}\n',
  [`${CASE}/manifest.json`]: '{"files":[]}\n',
  [`${CASE}/evidence/0001-stream.json`]: '{"e":"executionReport"}',
  'edge-logs/batch-1.json': '{"lines":1}',
  'edge-logs/7-0123456789abcdef/batch.json': '{}',
  'edge-logs/7-0123456789abcdef/tile/entries/x001/234.p/5': 'salts',
  'edge-logs/0123456789abcdef.draft/draft.json': '{}',
  'witness/anchors.json': '{"authorities":[]}',
  'witness/anchors/20261123T031500000Z-clock.tsr': 'stamp',
};

function kontor(
  input: string,
  ...args: readonly string[]
): { readonly code: number | null; readonly out: string; readonly err: string } {
  const flags = ['--disable-warning=ExperimentalWarning', MAIN];
  const result = spawnSync(process.execPath, [...flags, ...args], {
    encoding: 'utf8',
    input,
    timeout: 60_000,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-backup-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function put(directory: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, path), text);
  }
}

test('[C190] cases and edge logs travel in a backup and overwrite nothing where they arrive', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  mkdirSync(join(desk, 'server'), { recursive: true });
  new Store(join(desk, 'server', 'desk.db')).close();
  put(desk, FILES);
  const file = join(home, 'desk.tar.gz');
  const made = kontor('', 'backup', file, '--data', desk);
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /edge-logs.*cases|cases.*edge-logs/);

  const other = join(home, 'other');
  const kept = { [`${CASE}/case.json`]: 'what stood here before', 'cases/old/case.json': '{}' };
  put(other, kept);
  const restored = kontor('', 'restore', file, '--data', other);
  assert.equal(restored.code, 0, restored.err);
  for (const [path, text] of Object.entries({ ...FILES, ...kept })) {
    assert.equal(readFileSync(join(other, path), 'utf8'), text, path);
  }
  assert.equal(statSync(join(other, `${CASE}/manifest.json`)).mode & 0o077, 0);
});

test('[C190] a backup whose entries lead elsewhere, or lie where no desk puts any, changes nothing', async (t) => {
  const home = scratch(t);
  for (const path of ['cases/a/b/c/d/deep.json', 'cases/.hidden', 'cases2/x.json']) {
    const from = join(home, 'from');
    rmSync(from, { recursive: true, force: true });
    put(from, { [path]: 'x' });
    mkdirSync(join(from, 'server'), { recursive: true });
    new Store(join(from, 'server', 'desk.db')).close();
    const file = join(home, 'wrong.tar.gz');
    rmSync(file, { force: true });
    await create({ cwd: from, file, gzip: true }, ['server/desk.db', path]);
    const into = join(home, 'into');
    const { code, err } = kontor('', 'restore', file, '--data', into);
    assert.equal(code, 1);
    assert.match(err, /is no backup of Kontor: it holds/);
    assert.equal(existsSync(into), false);
  }
});

test('[T196] a desk that was taken over names a file of others as its copy, and it stays where it is', async (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  put(desk, { 'server/desk.db': '', 'run/here': '', 'signer/key': 'the only one' });
  const victim = join(desk, 'signer', 'key');
  const named = `backup-${randomUUID()}.db`;
  symlinkSync(victim, join(desk, 'run', named));
  let answer = victim;
  const server = createServer((_request, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ file: answer }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const token = 'a'.repeat(43);
  const access = { url: `http://127.0.0.1:${port}`, token };
  put(desk, { 'run/terminal.json': JSON.stringify(access) });
  for (answer of [victim, join(desk, 'run', named)]) {
    const child = spawn(process.execPath, [MAIN, 'backup', join(home, 'b'), '--data', desk]);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const [code] = await once(child, 'close');
    assert.equal(code, 1, said);
    assert.match(said, /expected the desk to name a copy of its store/);
    assert.equal(readFileSync(victim, 'utf8'), 'the only one');
    assert.equal(existsSync(join(home, 'b')), false);
  }
});

test('[C191] a new desk begins with a passphrase only where that is said', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  const words = 'correct horse battery\ncorrect horse battery\n';
  const refused = kontor(words, 'vault', 'passphrase', '--data', desk);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /there is no desk in/);
  assert.equal(existsSync(desk), false);
  const slip = 'correct horse battery\ncorrect horse butter\n';
  assert.equal(kontor(slip, 'vault', 'passphrase', '--new', '--data', desk).code, 1);
  for (const part of ['signer', 'log']) {
    assert.equal(existsSync(join(desk, part)), false, 'no desk is left that opens unattended');
  }
  const made = kontor(words, 'vault', 'passphrase', '--new', '--data', desk);
  assert.equal(made.code, 0, made.err);
  const shown = kontor('correct horse battery\n', 'vault', 'show', '--json', '--data', desk);
  assert.equal(JSON.parse(shown.out).isUnattended, false, shown.err);
});
