// SPDX-License-Identifier: Apache-2.0
// The commands on the data directory of a desk whose processes have users of their own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { getuid } from 'node:process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { noteBackup } from '../src/backup-times.ts';
import { deskFiles, type DeskFiles } from '../src/desk-files.ts';
import { directoryFindings } from '../src/doctor/rights.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
/** Numbers that no account has. */
const SERVER = 2_070_001;
const SIGNER = 2_070_002;
const REASON = getuid?.() === 0 ? false : 'needs root, to give folders to others';

/** The folders as docs/deploy.md makes them. */
function apart(t: TestContext): DeskFiles {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-apart-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  chmodSync(directory, 0o755);
  const files = deskFiles(directory);
  for (const [path, owner] of [
    [files.server, SERVER],
    [files.run, SERVER],
    [files.signer, SIGNER],
  ] as const) {
    mkdirSync(path, { mode: 0o700 });
    chownSync(path, owner, owner);
  }
  return files;
}

const levels = (files: DeskFiles): readonly string[] =>
  directoryFindings(files).map(({ check, level }) => `${check} ${level}`);

test(
  '[C195] doctor asks for no rights that would keep the users apart from their own folders',
  { skip: REASON },
  (t) => {
    const files = apart(t);
    assert.deepEqual(levels(files), ['data ok', 'server ok', 'server ok']);
    chmodSync(files.directory, 0o775);
    assert.deepEqual(levels(files), ['data error', 'server ok', 'server ok']);
    chmodSync(files.directory, 0o755);
    chmodSync(files.run, 0o750);
    assert.deepEqual(levels(files), ['data ok', 'server ok', 'server error']);
    chmodSync(files.run, 0o700);
    chownSync(files.server, SIGNER, SIGNER);
    assert.deepEqual(levels(files), ['data ok', 'server ok', 'server ok', 'server error']);
    // Under one user the directory is its owner's alone.
    chownSync(files.signer, 0, 0);
    assert.deepEqual(levels(files), ['data error']);
  },
);

test(
  '[C196] root does nothing to a vault that is another user’s, and leaves all rights as they were',
  { skip: REASON },
  (t) => {
    const files = apart(t);
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', MAIN, 'vault', 'show', '--data', files.directory],
      { encoding: 'utf8' },
    );
    assert.equal(status, 1);
    assert.match(stderr, /belongs to user 2070002, and this runs as user 0/);
    assert.equal(statSync(files.directory).mode & 0o777, 0o755);
  },
);

test(
  '[C197] a backup that root makes leaves the server its files; one by another user is refused in a sentence',
  { skip: REASON },
  (t) => {
    const files = apart(t);
    noteBackup(files, 'desk');
    const { uid, gid } = statSync(join(files.run, 'backups.json'));
    assert.deepEqual([uid, gid], [SERVER, SERVER]);
    for (let path = dirname(MAIN); path !== '/'; path = dirname(path))
      if ((statSync(path).mode & 0o005) !== 0o005)
        return t.diagnostic(`other users cannot enter ${path}: root alone is tried`);
    writeFileSync(join(files.server, 'desk.db'), '');
    chownSync(join(files.server, 'desk.db'), SERVER, SERVER);
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--disable-warning=ExperimentalWarning',
        MAIN,
        'backup',
        '--data',
        files.directory,
        join(files.server, 'b'),
      ],
      { encoding: 'utf8', uid: SERVER, gid: SERVER },
    );
    assert.equal(status, 1);
    assert.match(stderr, /^error: expected to run as a user who may write in /);
  },
);

test(
  '[C198] a restore into folders of other users is refused, and nothing is written',
  { skip: REASON },
  (t) => {
    const files = apart(t);
    const source = join(dirname(files.directory), `${basename(files.directory)}.tar.gz`);
    t.after(() => rmSync(source, { force: true }));
    const content = mkdtempSync(join(tmpdir(), 'kontor-content-'));
    t.after(() => rmSync(content, { recursive: true, force: true }));
    writeFileSync(join(content, 'desk.json'), '{}');
    const packed = spawnSync('tar', ['czf', source, '-C', content, 'desk.json']);
    assert.equal(packed.status, 0);
    const before = readdirSync(files.directory);
    const { status, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'restore', source, '--data', files.directory],
      { encoding: 'utf8', timeout: 60_000 },
    );
    assert.notEqual(status, 0);
    assert.match(stderr, /expected what belongs to user 0, who restores, found user 207000[12]/);
    assert.deepEqual(readdirSync(files.directory), before);
  },
);
