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
import { PinStore } from '@kontor/egress/pins';
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
  'trust/anchors.json': '{"authorities":[]}',
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

test('[C222] pipes that a server which was taken over leaves in the place of its files keep no command waiting', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  put(desk, { 'server/desk.db': '', 'run/x': '', 'witness/x': '', 'signer/x': '' });
  new Store(join(desk, 'server', 'desk.db')).close();
  const pipes = ['run/terminal.json', 'run/backups.json', 'witness/checkpoint', 'run/lock.holder'];
  for (const path of pipes) assert.equal(spawnSync('mkfifo', [join(desk, path)]).status, 0);
  const file = join(home, 'desk.tar.gz');
  const made = kontor('', 'backup', file, '--data', desk);
  assert.equal(made.code, 0, made.err);
  for (const command of ['status', 'doctor'])
    assert.notEqual(kontor('', command, '--data', desk).code, null, `${command} comes to an end`);
  const refused = kontor('', 'restore', file, '--fresh', '--data', desk);
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.err, /cannot be used/);
});

test('[C221] a restore that cannot join what is known of exchanges here leaves the desk that lies here as it is', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  put(desk, {
    'server/desk.db': '',
    'desk.json': '{}',
    'egress/pins.json': '{"version":1,"hosts":{}}',
  });
  new Store(join(desk, 'server', 'desk.db')).close();
  const file = join(home, 'desk.tar.gz');
  assert.equal(kontor('', 'backup', file, '--data', desk).code, 0);
  writeFileSync(join(desk, 'egress', 'pins.json'), 'damaged');
  const refused = kontor('', 'restore', file, '--fresh', '--data', desk);
  assert.equal(refused.code, 1, refused.out);
  assert.match(refused.err, /pins\.json is damaged/);
  assert.equal(existsSync(join(desk, 'previous')), false);
  assert.equal(existsSync(join(desk, 'server', 'desk.db')), true);
});

test('[C220] what no restore would take is left out of a backup and named, so that the rest comes back', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  mkdirSync(join(desk, 'server'), { recursive: true });
  new Store(join(desk, 'server', 'desk.db')).close();
  put(desk, { ...FILES, [`${CASE}/a name with spaces`]: 'of nobody', secret: 'of others' });
  symlinkSync(join(desk, 'secret'), join(desk, CASE, 'evidence', 'link.json'));
  assert.equal(spawnSync('mkfifo', [join(desk, CASE, 'pipe')]).status, 0);
  rmSync(join(desk, 'witness', 'anchors'), { recursive: true });
  symlinkSync(desk, join(desk, 'witness', 'anchors'));
  const file = join(home, 'desk.tar.gz');
  const made = kontor('', 'backup', file, '--data', desk);
  assert.equal(made.code, 0, made.err);
  for (const name of ['a name with spaces', 'evidence/link.json', 'pipe'])
    assert.ok(made.err.includes(`${CASE}/${name}`), `${name}: ${made.err}`);
  assert.match(made.err, /Left out.*witness\/anchors/);
  const other = join(home, 'other');
  const restored = kontor('', 'restore', file, '--data', other);
  assert.equal(restored.code, 0, restored.err);
  for (const [path, text] of Object.entries(FILES))
    if (!path.startsWith('witness/')) assert.equal(readFileSync(join(other, path), 'utf8'), text);
});

test('[C220] a part that is a link makes no backup', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  mkdirSync(join(desk, 'server'), { recursive: true });
  new Store(join(desk, 'server', 'desk.db')).close();
  put(desk, { 'signer/key': 'of others' });
  symlinkSync('key', join(desk, 'signer', 'policy'));
  const file = join(home, 'desk.tar.gz');
  const made = kontor('', 'backup', file, '--data', desk);
  assert.equal(made.code, 1, made.out);
  assert.match(made.err, /policy: expected a plain file, found something else/);
  assert.equal(existsSync(file), false);
});

test('[C210] a backup takes the copy also from a volume of its own, and only a plain file', async (t) => {
  const home = scratch(t);
  const elsewhere = otherVolume(t, home);
  if (elsewhere === undefined) return t.skip('needs a second file system at /dev/shm');
  const desk = join(home, 'desk');
  put(desk, { 'server/desk.db': '' });
  symlinkSync(elsewhere, join(desk, 'run'));
  const copy = join(elsewhere, `backup-${randomUUID()}.db`);
  const server = createServer((_request, response) => {
    response.writeHead(201, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ file: copy }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const access = { url: `http://127.0.0.1:${port}`, token: 'a'.repeat(43) };
  writeFileSync(join(elsewhere, 'terminal.json'), JSON.stringify(access));
  const backUp = async (): Promise<{ readonly code: unknown; readonly said: string }> => {
    const child = spawn(process.execPath, [MAIN, 'backup', join(home, 'b'), '--data', desk]);
    let said = '';
    child.stderr.on('data', (bytes: Buffer) => (said += bytes.toString()));
    const [code] = await once(child, 'close');
    return { code, said };
  };
  const victim = join(elsewhere, 'victim');
  writeFileSync(victim, 'as it was');
  symlinkSync(victim, copy);
  const refused = await backUp();
  assert.equal(refused.code, 1, refused.said);
  assert.match(refused.said, /expected a plain file, found something else/);
  assert.equal(existsSync(join(home, 'b')), false);
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
  rmSync(copy);
  new Store(copy).close();
  const taken = await backUp();
  assert.equal(taken.code, 0, taken.said);
  assert.equal(existsSync(copy), false, 'nothing is left in the desk’s folder');
  const restored = kontor('', 'restore', join(home, 'b'), '--data', join(home, 'other'));
  assert.equal(restored.code, 0, restored.err);
});

/** A folder on another file system than `home`, as each volume of a container is. */
function otherVolume(t: TestContext, home: string): string | undefined {
  try {
    const folder = mkdtempSync('/dev/shm/kontor-backup-');
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return statSync(folder).dev === statSync(home).dev ? undefined : folder;
  } catch {
    return undefined;
  }
}

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

test('[C208] a backup of an earlier version puts its lists where the server cannot change them', async (t) => {
  const home = scratch(t);
  const from = join(home, 'from');
  const lists = {
    'witness/anchors.json': '{"authorities":[]}',
    'witness/witnesses.json': '{"witnesses":["old"]}',
    'trust/witnesses.json': '{"witnesses":[]}',
  };
  put(from, lists);
  mkdirSync(join(from, 'server'), { recursive: true });
  new Store(join(from, 'server', 'desk.db')).close();
  const file = join(home, 'earlier.tar.gz');
  await create({ cwd: from, file, gzip: true }, ['server/desk.db', ...Object.keys(lists)]);
  const into = join(home, 'into');
  const { code, err } = kontor('', 'restore', file, '--data', into);
  assert.equal(code, 0, err);
  assert.equal(readFileSync(join(into, 'trust/anchors.json'), 'utf8'), '{"authorities":[]}');
  assert.equal(readFileSync(join(into, 'trust/witnesses.json'), 'utf8'), '{"witnesses":[]}');
  assert.equal(existsSync(join(into, 'witness', 'anchors.json')), false);
  assert.equal(statSync(join(into, 'trust', 'anchors.json')).mode & 0o777, 0o640);
});

test('[C205] by whom exchanges are known travels in a backup, and changes nothing that is known where it arrives', async (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  put(desk, { 'server/desk.db': '' });
  new Store(join(desk, 'server', 'desk.db')).close();
  const [own, others] = ['a', 'b'].map((digit) => ({ name: digit, fingerprint: digit.repeat(64) }));
  assert.ok(own !== undefined && others !== undefined);
  mkdirSync(join(desk, 'egress'));
  const store = new PinStore(join(desk, 'egress'));
  for (const host of ['one.example', 'two.example'])
    store.putPins(host, { since: 5, by: 'person', issuers: [own] });
  store.noteRefused('one.example', { at: 6, issuers: [others] });
  const file = join(home, 'desk.tar.gz');
  const made = kontor('', 'backup', file, '--data', desk);
  assert.equal(made.code, 0, made.err);

  const other = join(home, 'other');
  mkdirSync(join(other, 'egress'), { recursive: true });
  const there = new PinStore(join(other, 'egress'));
  there.putPins('two.example', { since: 7, by: 'firstUse', issuers: [others] });
  const restored = kontor('', 'restore', file, '--data', other);
  assert.equal(restored.code, 0, restored.err);
  assert.match(restored.out, /Look at kontor connect pins list before you start/);
  assert.deepEqual(there.pins.get('one.example'), { since: 5, by: 'person', issuers: [own] });
  assert.deepEqual(there.pins.get('two.example')?.issuers, [others]);
  assert.equal(there.refused.size, 0, 'what was refused there says nothing here');
  assert.equal(statSync(join(other, 'egress', 'pins.json')).mode & 0o077, 0);

  // What egress's user puts in the file's place is no way to another file.
  const victim = join(home, 'victim');
  writeFileSync(victim, 'not for a backup');
  const pins = join(desk, 'egress', 'pins.json');
  for (const plant of [
    () => symlinkSync(victim, pins),
    () => writeFileSync(pins, 'no pins'),
    () => mkdirSync(pins),
  ]) {
    rmSync(pins, { recursive: true, force: true });
    plant();
    const refused = kontor('', 'backup', join(home, 'b'), '--data', desk);
    assert.equal(refused.code, 1, refused.out);
    assert.match(refused.err, /pins\.json(?:: expected a plain file| is damaged)/);
    assert.equal(existsSync(join(home, 'b')), false);
  }
  const forged = join(home, 'forged.tar.gz');
  rmSync(pins, { recursive: true });
  writeFileSync(pins, '{"version":1,"hosts":{"one.example":{}}}');
  await create({ cwd: desk, file: forged, gzip: true }, ['server/desk.db', 'egress/pins.json']);
  const into = join(home, 'into');
  const damaged = kontor('', 'restore', forged, '--data', into);
  assert.equal(damaged.code, 1, damaged.out);
  assert.match(damaged.err, /pins\.json is damaged/);
  assert.equal(existsSync(join(into, 'server', 'desk.db')), false);
});
