// SPDX-License-Identifier: Apache-2.0
// The store on real files: all or nothing, and clear words when it cannot be used.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { Store, StoreError } from '@kontor/server';
import { toStoreError } from '../src/store/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'kontor-store-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function isStoreError(code: StoreError['code'], message: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.code, code);
    assert.match(error.message, message);
    return true;
  };
}

test('[R1] a transaction that throws leaves nothing behind', () => {
  const file = join(directory, 'whole.db');
  const store = new Store(file);
  store.setMeta('kept', '1');
  assert.throws(
    () =>
      store.transaction(() => {
        store.setMeta('kept', '2');
        store.setMeta('lost', '1');
        throw new Error('in the middle');
      }),
    /in the middle/,
  );
  assert.equal(
    store.transaction(() => store.meta('kept')),
    '1',
  );
  assert.equal(store.meta('lost'), undefined);
  store.close();
  const again = new Store(file);
  assert.equal(again.meta('kept'), '1');
  again.close();
});

test('[R2] a second desk on the same store is refused and changes nothing', () => {
  const file = join(directory, 'busy.db');
  const store = new Store(file);
  store.setMeta('owner', 'first');
  assert.throws(() => new Store(file), isStoreError('busy', /another Kontor is running/));
  store.setMeta('owner', 'still first');
  store.close();
  const next = new Store(file);
  assert.equal(next.meta('owner'), 'still first');
  next.close();
});

test('[R2] a store of a newer Kontor is refused', () => {
  const file = join(directory, 'newer.db');
  new Store(file).close();
  const database = new DatabaseSync(file);
  database.exec('PRAGMA user_version = 99');
  database.close();
  assert.throws(() => new Store(file), isStoreError('version', /newer Kontor \(store version 99/));
});

test('[R2] a store too old to go on with is refused, and stays as it is', () => {
  const file = join(directory, 'older.db');
  const old = new DatabaseSync(file);
  old.exec('CREATE TABLE bots (bot_id TEXT); PRAGMA user_version = 1');
  old.close();
  assert.throws(() => new Store(file), isStoreError('version', /older Kontor \(store version 1/));
  const kept = new DatabaseSync(file);
  assert.deepEqual(
    kept
      .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
      .all()
      .map(({ name }) => name),
    ['bots'],
  );
  kept.close();
});

/** Makes a new store one of version 3 again. */
const BACK_TO_3 = `
  DROP TABLE users; DROP TABLE passkeys; DROP TABLE invitations; DROP TABLE recovery_codes; DROP TABLE people_acts;
  DROP TABLE sessions;
  CREATE TABLE sessions (token_hash TEXT PRIMARY KEY, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
  INSERT INTO sessions VALUES ('0123456789abcdef', 1, 2);
  INSERT INTO deals VALUES ('1', 1, 'BTCUSDT', 'completed', 1, 2, '{"realizedProfit":"1.5","realizedProfitPercent":"2"}');
`;

for (const version of [2, 3]) {
  test(`[R2] a store of version ${version} is brought up to date as it is opened, and a copy is left`, () => {
    const file = join(directory, `before-${version}.db`);
    new Store(file).close();
    const before = new DatabaseSync(file);
    before.exec(`${BACK_TO_3} PRAGMA user_version = ${version}`);
    before.close();
    const store = new Store(file);
    const word = version === 2 ? 'realised' : 'realized';
    assert.deepEqual(
      store.get('SELECT summary FROM deals')?.['summary'],
      `{"${word}Profit":"1.5","${word}ProfitPercent":"2"}`,
    );
    assert.deepEqual(
      { ...store.get('SELECT session_id, user_id, how, fresh_until FROM sessions') },
      { session_id: 's_0123456789ab', user_id: null, how: 'link', fresh_until: 0 },
    );
    assert.deepEqual(store.all('SELECT * FROM users'), []);
    store.close();
    const after = new DatabaseSync(file);
    assert.equal(after.prepare('PRAGMA user_version').get()?.['user_version'], 4);
    after.close();
    const copy = `${file}.version-${version}`;
    assert.equal(statSync(copy).mode & 0o077, 0, "the copy is its owner's alone");
    const kept = new DatabaseSync(copy);
    assert.equal(kept.prepare('PRAGMA user_version').get()?.['user_version'], version);
    assert.equal(kept.prepare('SELECT count(*) AS count FROM sessions').get()?.['count'], 1);
    kept.close();
  });
}

test('[R2] what an earlier version kept of losses by time gives way to what is counted', () => {
  const file = join(directory, 'losses.db');
  new Store(file).close();
  const before = new DatabaseSync(file);
  before.exec(
    `ALTER TABLE risk ADD COLUMN loss_since INTEGER NOT NULL DEFAULT 0; DROP TABLE realised;
     INSERT INTO risk VALUES ('desk', '{}', 'halted', 'person', '{}', 1, 0, 5)`,
  );
  before.close();
  const store = new Store(file);
  assert.deepEqual(
    { ...store.get('SELECT * FROM risk') },
    {
      ...{ scope: 'desk', limits: '{}', state: 'halted', cause: 'person', cause_values: '{}' },
      ...{ since: 1, until: 0 },
    },
  );
  assert.deepEqual(store.all('SELECT * FROM realised'), []);
  store.close();
});

test('[R2] a file that is no store is refused', () => {
  const file = join(directory, 'junk.db');
  writeFileSync(file, 'this is no database at all, but long enough to look like one'.repeat(200));
  assert.throws(() => new Store(file), isStoreError('damaged', /no Kontor store/));
});

test('[R2] a directory that cannot be written is named', () => {
  assert.throws(() => new Store(join(directory, 'nowhere', 'desk.db')), StoreError);
});

test('[R2] a full disk is told apart from every other failure', () => {
  const file = join(directory, 'full.db');
  new Store(file).close();
  // SQLite reports a file that may not grow exactly as it reports a full disk.
  const database = new DatabaseSync(file);
  database.exec('PRAGMA max_page_count = 30');
  let caught: unknown;
  try {
    for (let row = 0; row < 1_000; row += 1) {
      database
        .prepare('INSERT INTO meta (key, value) VALUES (?, ?)')
        .run(`k${row}`, 'x'.repeat(1_000));
    }
  } catch (error) {
    caught = error;
  }
  database.close();
  const told = toStoreError(caught, file);
  assert.equal(told.code, 'full');
  assert.match(told.message, /the disk is full: free some space/);
});

test('[R3] a copy taken in the middle of the work is whole', () => {
  const store = new Store(join(directory, 'source.db'));
  for (let row = 0; row < 500; row += 1) store.setMeta(`key ${row}`, 'v'.repeat(200));
  const copy = join(directory, 'copy.db');
  store.copyTo(copy);
  store.setMeta('later', '1');
  const copied = new Store(copy);
  assert.equal(copied.integrity(), 'ok');
  assert.equal(copied.meta('key 499'), 'v'.repeat(200));
  assert.equal(copied.meta('later'), undefined);
  assert.throws(() => store.copyTo(copy), StoreError);
  copied.close();
  store.close();
});
