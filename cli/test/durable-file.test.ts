// SPDX-License-Identifier: Apache-2.0
// Files that commands put down whole, and what somebody may have left beside them: it may be root who writes.

import assert from 'node:assert/strict';
import {
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { test, type TestContext } from 'node:test';
import { Store } from '@kontor/server';
import { DeskFilesError, writeJson } from '../src/desk-files.ts';
import {
  DurableFileError,
  PRIVATE_MODE,
  PUBLIC_MODE,
  putFile,
  SYSTEM_DISK,
} from '../src/durable-file.ts';
import { kontor } from './kontor-command.ts';

/** A user and a group without rights on every system. */
const NOBODY = 65_534;

function scratch(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-durable-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('[C207] a file is written as a new one: what was planted beside it is neither followed nor written to', (t) => {
  const folder = scratch(t);
  const [path, draft, victim] = ['list.json', 'list.json.new', 'victim'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(victim, 'as it was');
  putFile(SYSTEM_DISK, path, Buffer.from('first'), PRIVATE_MODE);
  for (const plant of [
    () => symlinkSync(victim, draft),
    () => symlinkSync(join(folder, 'nowhere'), draft),
    () => linkSync(victim, draft),
    () => writeFileSync(draft, 'a crash left this'),
  ]) {
    plant();
    putFile(SYSTEM_DISK, path, Buffer.from('next'), PRIVATE_MODE);
    assert.equal(readFileSync(victim, 'utf8'), 'as it was');
    assert.equal(readFileSync(path, 'utf8'), 'next');
    assert.ok(lstatSync(path).isFile());
    assert.deepEqual(readdirSync(folder).toSorted(), ['list.json', 'victim']);
  }
  mkdirSync(draft);
  assert.throws(
    () => putFile(SYSTEM_DISK, path, Buffer.from('never'), PUBLIC_MODE),
    (error) => error instanceof DurableFileError && error.code === 'inTheWay',
  );
  assert.throws(
    () => writeJson(path, {}),
    (error) =>
      error instanceof DeskFilesError &&
      /list\.json\.new: expected to make a new file, found something in its place; .*list\.json is as it was/.test(
        error.message,
      ),
  );
  assert.equal(readFileSync(path, 'utf8'), 'next');
});

test(
  '[C207] what root writes in the folder of another user that user can read',
  { skip: getuid?.() === 0 ? false : 'needs root' },
  (t) => {
    const folder = scratch(t);
    chownSync(folder, NOBODY, NOBODY);
    const path = join(folder, 'list.json');
    writeJson(path, {});
    const { uid, gid, mode } = statSync(path);
    assert.deepEqual([uid, gid, mode & 0o777], [NOBODY, NOBODY, PRIVATE_MODE]);
  },
);

test('[C207] a backup and an order to freeze go through no link that was planted', (t) => {
  const home = scratch(t);
  const desk = join(home, 'desk');
  for (const part of ['server', 'signer']) mkdirSync(join(desk, part), { recursive: true });
  new Store(join(desk, 'server', 'desk.db')).close();
  const victim = join(home, 'victim');
  writeFileSync(victim, 'as it was');
  const file = join(home, 'desk.tar.gz');
  symlinkSync(victim, `${file}.new`);
  const refused = kontor('', 'backup', file, '--data', desk);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /desk\.tar\.gz cannot be written: .*EEXIST/);
  assert.ok(lstatSync(`${file}.new`).isSymbolicLink(), 'it is not ours to remove');
  assert.equal(existsSync(file), false);
  rmSync(`${file}.new`);
  assert.equal(kontor('', 'backup', file, '--data', desk).code, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(existsSync(`${file}.new`), false);

  const order = join(desk, 'signer', 'freeze');
  symlinkSync(victim, `${order}.new`);
  assert.equal(kontor('', 'connect', 'freeze', 'main', '--data', desk).code, 0);
  assert.equal(readFileSync(order, 'utf8'), 'main\n');
  assert.equal(readFileSync(victim, 'utf8'), 'as it was');
});
