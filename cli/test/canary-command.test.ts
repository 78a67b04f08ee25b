// SPDX-License-Identifier: Apache-2.0
// `kontor canary` as a person runs it: decoys of every form, thieves who take them, and the scanner that knows them.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { sealPatterns } from '@kontor/signer';
import { Decrypter } from 'age-encryption';
import { writeBackup } from '../src/canary/decoys.ts';
import { stringCanary } from '../src/scan/string-canaries.ts';
import { FLAGS, kontor, scratch, type Said } from './kontor-command.ts';

const KEY = Buffer.alloc(32, 7);

interface Fates {
  readonly decoys: readonly { readonly place: string; readonly fate: string | null }[];
}

class Folder {
  readonly path: string;

  constructor(t: TestContext) {
    this.path = scratch(t);
    writeFileSync(this.at('patterns'), sealPatterns([], KEY));
    writeFileSync(this.at('key'), KEY, { mode: 0o600 });
  }

  at(name: string): string {
    return join(this.path, name);
  }

  canary(...given: readonly string[]): Said {
    return kontor('', 'canary', ...given, '--key', this.at('key'));
  }

  /** What became of the decoys, by the last part of their place. */
  fates(...given: readonly string[]): {
    readonly code: number | null;
    readonly by: Map<string, string | null>;
  } {
    const { code, out } = this.canary('watch', '--json', ...given, '--data', this.at('desk'));
    const { decoys } = JSON.parse(out) as Fates;
    return {
      code,
      by: new Map(decoys.map(({ place, fate }) => [place.split('/').at(-1) ?? '', fate])),
    };
  }

  scan(...paths: readonly string[]): Said {
    return kontor('', 'scan', '--patterns', this.at('patterns'), '--key', this.at('key'), ...paths);
  }
}

test('[C183] decoys in files: each has a canary of its own, and what a thief does to one is told', async (t) => {
  const folder = new Folder(t);
  for (const [form, name] of [
    ['env', '.env'],
    ['backup', 'keys-2025.age'],
    ['log', 'access.log'],
    ['log', 'access.log.1.gz'],
  ] as const)
    assert.equal(folder.canary('plant', folder.at(name), '--as', form).code, 0, name);
  const listed = JSON.parse(folder.canary('list', '--json').out) as {
    slot: number;
    form: string;
  }[];
  assert.deepEqual(
    listed.map(({ slot, form }) => [slot, form]),
    [[0, 'env'], [1, 'backup'], [2, 'log'], [3, 'log']], // prettier-ignore
  );
  assert.equal(statSync(folder.at('key.canaries')).mode & 0o777, 0o600);
  assert.ok(!readFileSync(folder.at('key.canaries'), 'utf8').includes(stringCanary(KEY, 0).secret));
  const left = folder.canary('watch');
  assert.equal(left.code, 0, left.out);
  assert.equal(left.out.match(/ lies as it was left$/gm)?.length, 4);
  // A scan is no thief, also where it reads all of them.
  assert.equal(folder.scan(folder.path).code, 0);
  assert.equal(folder.fates().code, 0);

  appendFileSync(folder.at('.env'), 'X=1\n');
  rmSync(folder.at('age-identity.txt'));
  // What a read leaves on a file system that notes it.
  const { mtime } = statSync(folder.at('access.log'));
  utimesSync(folder.at('access.log'), new Date(mtime.getTime() + 5_000), mtime);
  const touched = folder.fates();
  assert.equal(touched.code, 1);
  assert.equal(touched.by.get('.env'), 'was changed');
  assert.match(touched.by.get('keys-2025.age') ?? '', /^is gone: .*age-identity\.txt$/);
  assert.match(touched.by.get('access.log') ?? '', /^was read, last noted at /);
  assert.equal(touched.by.get('access.log.1.gz'), '');

  // The old backup opens by what lies beside it.
  mkdirSync(folder.at('old'));
  assert.equal(
    folder.canary('plant', folder.at('old/keys.age'), '--as', 'backup', '--slot', '9').code,
    0,
  );
  const decrypter = new Decrypter();
  decrypter.addIdentity(readFileSync(folder.at('old/age-identity.txt'), 'utf8').trim());
  const plain = await decrypter.decrypt(readFileSync(folder.at('old/keys.age')), 'text');
  assert.ok(plain.includes(stringCanary(KEY, 9).secret));

  const changed = folder.canary('drop', '0');
  assert.equal(changed.code, 1);
  assert.match(changed.err, /is not what was planted: look at it/);
  assert.equal(folder.canary('drop', folder.at('access.log')).code, 0);
  assert.throws(() => statSync(folder.at('access.log')));
  // Its number is free again.
  assert.equal(folder.canary('plant', folder.at('second')).code, 0);
  assert.match(folder.canary('list').out, /^2 {2}env /m);
});

test('[C183] a read of a decoy is seen where the file system notes it', (t) => {
  const folder = new Folder(t);
  const probe = folder.at('probe');
  writeFileSync(probe, 'x');
  utimesSync(probe, new Date(0), new Date(1_000));
  readFileSync(probe);
  if (statSync(probe).atimeMs === 0) return t.skip('this file system does not note reads');
  assert.equal(folder.canary('plant', folder.at('.env')).code, 0);
  assert.equal(folder.fates().code, 0);
  readFileSync(folder.at('.env'));
  const { code, by } = folder.fates();
  assert.equal(code, 1);
  assert.match(by.get('.env') ?? '', /^was read/);
});

test('[C183] a decoy of a backup that finds another identity in its place leaves nothing behind', (t) => {
  const folder = scratch(t);
  const own = join(folder, 'age-identity.txt');
  writeFileSync(own, 'a real one');
  assert.throws(() => writeBackup(join(folder, 'old.age'), stringCanary(KEY, 0)), /EEXIST/);
  assert.deepEqual(readdirSync(folder), ['age-identity.txt']);
  assert.equal(readFileSync(own, 'utf8'), 'a real one');
});

test('[C184] a canary where it was planted is no leak; one elsewhere is, and a scan that does not see it is blind', (t) => {
  const folder = new Folder(t);
  assert.equal(folder.canary('plant', folder.at('access.log'), '--as', 'log').code, 0);
  assert.equal(folder.canary('plant', folder.at('old.log.gz'), '--as', 'log').code, 0);
  const clean = folder.scan(folder.path);
  assert.equal(clean.code, 0, clean.out);
  assert.match(clean.out, /access\.log:1 .*string canary 0, as raw, where it was planted\n/);
  assert.match(
    clean.out,
    /old\.log\.gz:1 .*inside gzip.*string canary 1, as raw, where it was planted\n/,
  );
  writeFileSync(folder.at('paste'), `found this: ${stringCanary(KEY, 0).secret}\n`);
  const leaked = folder.scan(folder.path);
  assert.equal(leaked.code, 1);
  assert.match(leaked.out, /paste:1 \(byte \d+\): string canary 0, as raw\n/);
  assert.match(leaked.out, /^1 place found in /m);
  rmSync(folder.at('paste'));
  writeFileSync(folder.at('access.log'), 'rotated away\n');
  const blind = folder.scan(folder.path);
  assert.equal(blind.code, 1);
  assert.match(
    blind.out,
    /access\.log: expected to find string canary 0, which was planted there, found nothing/,
  );
});

test('[C183][C211][C212] decoys in the store and the vault of a desk: planted, seen, and taken away', async (t) => {
  const folder = new Folder(t);
  const data = folder.at('desk');
  const desk = async (): Promise<() => Promise<void>> => {
    const child = spawn(
      process.execPath,
      [...FLAGS, 'start', '--json', '--no-open', '--port', '0', '--data', data],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    const exit = once(child, 'exit');
    t.after(() => child.kill('SIGKILL'));
    child.stderr.resume();
    await Promise.race([once(createInterface({ input: child.stdout }), 'line'), exit]);
    return async () => {
      child.kill('SIGTERM');
      await exit;
    };
  };
  const stop = await desk();
  const entry = folder.canary('plant', '--as', 'vault', '--data', data);
  assert.equal(entry.code, 0, entry.err);
  // The key of an account of one's own, which the desk has as a connection.
  const own = 'ownSecretOfTheCanaryAccount0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZab';
  const imported = kontor(
    `${own}\n`,
    'connect',
    'import',
    'spot-9',
    '--canary',
    '--venue',
    'binance',
    '--data',
    data,
  );
  assert.equal(imported.code, 0, imported.err);
  const given = ['--api-key', 'ownApiKey', '--key', folder.at('key')];
  const nameless = kontor(`${own}\n`, 'canary', 'plant', folder.at('own.env'), ...given);
  assert.equal(nameless.code, 2);
  assert.match(nameless.err, /expected --name with --api-key/);
  given.push('--name', 'spot-9');
  const planted = kontor(`${own}\n`, 'canary', 'plant', folder.at('own.env'), ...given);
  assert.equal(planted.code, 0, planted.err);
  const busy = folder.canary('plant', '--as', 'store', '--data', data);
  assert.equal(busy.code, 1);
  assert.match(busy.err, /another Kontor is running on .*kontor start/);
  await stop();
  const row = folder.canary('plant', '--as', 'store', '--data', data);
  assert.equal(row.code, 0, row.err);
  const store = new DatabaseSync(join(data, 'server', 'desk.db'), { readOnly: true });
  const found = store.prepare('SELECT * FROM exchange_keys').all();
  store.close();
  const { apiKey, secret } = stringCanary(KEY, 1);
  assert.deepEqual(
    { ...found[0] },
    { name: 'binance', exchange: 'binance', api_key: apiKey, api_secret: secret },
  );
  assert.equal(folder.canary('watch', '--data', data).code, 0);
  const scanned = folder.scan(join(data, 'server'));
  assert.equal(scanned.code, 0, scanned.out);
  assert.match(scanned.out, /desk\.db:.*string canary 1, as raw, where it was planted/);
  // A copy of the store has the row as well. The owner says which backups are his; elsewhere it is a find.
  const backup = folder.at('backup.tar.gz');
  assert.equal(kontor('', 'backup', backup, '--data', data).code, 0);
  const stolen = folder.scan(backup);
  assert.equal(stolen.code, 1, stolen.out);
  assert.match(stolen.out, /backup\.tar\.gz:.*inside gzip.*string canary 1, as raw\n/);
  const ours = folder.scan(backup, '--backup', folder.path);
  assert.equal(ours.code, 0, ours.out);
  assert.match(ours.out, /string canary 1, as raw, where it was planted/);
  const elsewhere = folder.scan(backup, '--backup', folder.at('back'));
  assert.equal(elsewhere.code, 1, 'a folder of that name, not every path that begins so');
  // Whoever exports the vault has the entry with the rest: what scans look for knows it by its name.
  const known = kontor(
    '',
    'vault',
    'patterns',
    folder.at('all'),
    '--key',
    folder.at('key'),
    '--data',
    data,
  );
  assert.equal(known.code, 0, known.err);
  writeFileSync(folder.at('dump'), stringCanary(KEY, 0).secret);
  const dumped = kontor(
    '',
    'scan',
    '--patterns',
    folder.at('all'),
    '--key',
    folder.at('key'),
    folder.at('dump'),
  );
  assert.equal(dumped.code, 1);
  assert.match(dumped.out, /the key of main/);
  const where = kontor(
    '',
    'scan',
    '--patterns',
    folder.at('all'),
    '--key',
    folder.at('key'),
    folder.at('own.env'),
  );
  assert.equal(where.code, 0, where.out);
  assert.match(where.out, /the key of spot-9, as raw, where it was planted/);
  // Whoever can open the vault may ask which connections are canaries; nothing else tells.
  const shown = kontor('', 'vault', 'show', '--data', data);
  assert.doesNotMatch(shown.out, /canary/);
  const told = kontor('', 'vault', 'show', '--canaries', '--data', data);
  assert.match(told.out, /spot-9 {2}binance {2}hmac-sha256 {2}canary\n/);
  assert.equal(told.out.match(/canary/g)?.length, 1);

  const again = await desk();
  const running = folder.canary('watch', '--data', data);
  assert.match(running.out, /the entry main in the vault of .* lies as it was left/);
  await again();
  // An entry that its owner retired by hand leaves a note that can be dropped.
  assert.equal(kontor('', 'vault', 'retire', 'main', '--data', data).code, 0);
  for (const name of ['spot-9', 'main', 'binance']) {
    const dropped = folder.canary('drop', name, '--data', data);
    assert.equal(dropped.code, 0, dropped.err);
  }
  assert.equal(JSON.parse(folder.canary('list', '--json').out).length, 0);
  assert.ok(!readFileSync(join(data, 'server', 'desk.db')).includes(secret));
});
