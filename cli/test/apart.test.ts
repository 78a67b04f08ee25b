// SPDX-License-Identifier: Apache-2.0
// The commands on the data directory of a desk whose processes have users of their own.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
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
