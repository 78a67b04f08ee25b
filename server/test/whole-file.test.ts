// SPDX-License-Identifier: Apache-2.0
// Files that the server puts down whole, and what somebody may have left beside them.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readPlainFile } from '../src/plain-file.ts';
import { readTerminalFile, terminalFile, writeTerminalFile } from '../src/terminal-file.ts';
import { Secret } from '../src/secret.ts';
import { putWhole, WholeFileError } from '../src/whole-file.ts';

test('[Y240] a file is written as a new one: what was planted beside it is neither followed nor written to', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-whole-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [path, draft, victim] = ['case.json', 'case.json.new', 'victim'].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  writeFileSync(victim, 'as it was');
  putWhole(path, Buffer.from('first'));
  assert.equal(lstatSync(path).mode & 0o777, 0o600);
  for (const plant of [
    () => symlinkSync(victim, draft),
    () => symlinkSync(join(folder, 'nowhere'), draft),
    () => linkSync(victim, draft),
    () => writeFileSync(draft, 'a crash left this'),
  ]) {
    plant();
    putWhole(path, Buffer.from('next'));
    assert.equal(readFileSync(victim, 'utf8'), 'as it was');
    assert.equal(readFileSync(path, 'utf8'), 'next');
    assert.ok(lstatSync(path).isFile());
    assert.deepEqual(readdirSync(folder).toSorted(), ['case.json', 'victim']);
  }
  mkdirSync(draft);
  assert.throws(
    () => putWhole(path, Buffer.from('never')),
    (error) =>
      error instanceof WholeFileError &&
      error.code === 'inTheWay' &&
      /case\.json\.new: expected to make a new file, found something in its place/.test(
        error.message,
      ),
  );
  assert.equal(readFileSync(path, 'utf8'), 'next');
});

test('[Y264] a pipe, a link or more than there may be in the place of a file is as no file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-plain-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'run'));
  const path = terminalFile(folder);
  assert.equal(readTerminalFile(folder), null);
  writeTerminalFile(folder, { url: 'http://127.0.0.1:1', token: new Secret('word') });
  assert.equal(readTerminalFile(folder)?.token.reveal(), 'word');
  const other = join(folder, 'other');
  writeFileSync(other, readFileSync(path));
  for (const plant of [
    () => symlinkSync(other, path),
    () => mkdirSync(path),
    () => assert.equal(spawnSync('mkfifo', [path]).status, 0),
    () => writeFileSync(path, JSON.stringify({ url: 'x'.repeat(5_000), token: '' })),
  ]) {
    rmSync(path, { recursive: true });
    plant();
    assert.equal(readTerminalFile(folder), null);
  }
  assert.equal(readPlainFile(path, 4_096), undefined);
  assert.equal(readPlainFile(path, 10_000)?.length, 5_021);
});
