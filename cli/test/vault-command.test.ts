// SPDX-License-Identifier: Apache-2.0
// `kontor vault` and `kontor connect` as a person runs them: real processes, secrets piped in, a real data directory.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { FLAGS, WAIT_MS_MAX, kontor, scratch, type Said } from './kontor-command.ts';

const POLL_MS = 50;
const SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
const PASSPHRASE = 'correct horse battery';

/** A desk whose standard input and errors are in the test's hands. */
class Desk {
  readonly child: ChildProcess;
  readonly #exit: Promise<void>;
  err = '';
  isReady = false;

  constructor(t: TestContext, data: string, ...args: readonly string[]) {
    this.child = spawn(
      process.execPath,
      [...FLAGS, 'start', '--json', '--no-open', '--port', '0', '--data', data, ...args],
      { stdio: ['pipe', 'pipe', 'pipe'] },
    );
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    if (this.child.stdout !== null)
      createInterface({ input: this.child.stdout }).on('line', () => (this.isReady = true));
    this.#exit = new Promise((resolve) => this.child.once('exit', () => resolve()));
    t.after(() => this.stop());
  }

  async until(what: string, isSo: () => boolean): Promise<void> {
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!isSo()) {
      assert.ok(performance.now() < deadline, `${what} did not come about: ${this.err}`);
      await delay(POLL_MS);
    }
  }

  async stop(): Promise<void> {
    this.child.kill('SIGTERM');
    await this.#exit;
  }
}

function contents(directory: string): Buffer {
  const files = readdirSync(directory, { recursive: true }).map((name) =>
    join(directory, String(name)),
  );
  return Buffer.concat(
    files.filter((path) => statSync(path).isFile()).map((path) => readFileSync(path)),
  );
}

function unlocks(data: string): readonly string[] {
  return readFileSync(join(data, 'signer', 'intents.log'), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"kind":"unlock"'))
    .map((line) => /"by":"(\w+)","result":"(\w+)"/.exec(line)?.slice(1).join(' ') ?? '');
}

test('[C40, C41, C42] keys come in, a passphrase locks them, the signer goes on after a crash, and a backup brings them back', async (t) => {
  const home = scratch(t);
  const data = join(home, 'desk');
  const first = new Desk(t, data);
  await first.until('the desk', () => first.isReady);

  // C41: keys of every source, and no secret anywhere but sealed.
  const made = kontor(
    '',
    'connect',
    'new',
    'rsa',
    '--venue',
    'binance',
    '--kind',
    'rsa-2048',
    '--data',
    data,
  );
  assert.equal(made.code, 0, made.err);
  assert.match(made.out, /BEGIN PUBLIC KEY[\s\S]+kontor connect activate rsa/);
  const taken = kontor(
    `${SECRET}\n`,
    'connect',
    'import',
    'main',
    '--venue',
    'binance',
    '--data',
    data,
  );
  assert.equal(taken.code, 0, taken.err);
  const fingerprint = /import key ((?:[0-9a-f]{4} ?){8})/.exec(taken.out)?.[1]?.trim();
  const twice = kontor(
    `${SECRET}\n`,
    'connect',
    'import',
    'again',
    '--venue',
    'binance',
    '--data',
    data,
  );
  assert.equal(twice.code, 1);
  assert.match(twice.err, /expected a key that is used nowhere else/);
  const active = kontor('', 'connect', 'activate', 'main', 'abcDEF12'.repeat(8), '--data', data);
  assert.equal(active.code, 0, active.err);
  const busy = kontor('', 'vault', 'show', '--data', data);
  assert.equal(busy.code, 1);
  assert.match(busy.err, /another Kontor is running/);
  await first.stop();
  assert.ok(!contents(data).includes(SECRET));

  // C40: what opens the vault.
  const shown = kontor('', 'vault', 'show', '--data', data);
  assert.match(shown.out, /opens unattended: whoever reads this folder has the keys/);
  assert.ok(shown.out.includes(`Import key  ${fingerprint ?? 'none'}`), shown.out);
  assert.match(shown.out, /c_[A-Z2-7]{7} {2}main {2}binance {2}hmac-sha256/);
  const slip = kontor(`${PASSPHRASE}\nsomething else\n`, 'vault', 'passphrase', '--data', data);
  assert.equal(slip.code, 1);
  assert.match(slip.err, /The two are not the same/);
  assert.ok(existsSync(join(data, 'signer', 'unlock')));
  const set = kontor(`${PASSPHRASE}\n${PASSPHRASE}\n`, 'vault', 'passphrase', '--data', data);
  assert.equal(set.code, 0, set.err);
  assert.ok(!existsSync(join(data, 'signer', 'unlock')));

  // C42: the start asks; a wrong one is told; the right one opens, also for the signer that comes after.
  const second = new Desk(t, data);
  await second.until('the question', () => second.err.includes('The vault is locked'));
  second.child.stdin?.write('not the passphrase\n');
  await second.until('the no', () =>
    second.err.includes('The passphrase does not open the vault.'),
  );
  second.child.stdin?.write(`${PASSPHRASE}\n`);
  await second.until('the yes', () => second.err.includes('The vault is open.'));
  await second.until('the desk', () => second.isReady);
  const health = JSON.parse(kontor('', 'status', '--json', '--data', data).out).health;
  const signer = health.processes.find((one: { readonly name: string }) => one.name === 'signer');
  process.kill(signer.pid, 'SIGKILL');
  await second.until('the next signer', () => unlocks(data).includes('carried open'));
  assert.deepEqual(unlocks(data), ['passphrase wrong', 'passphrase open', 'carried open']);
  await second.stop();
  assert.ok(!contents(data).includes(PASSPHRASE));

  // C43: a backup for one reader only, and back on an empty machine.
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const file = join(home, 'keys.age');
  const kept = kontor(
    `${PASSPHRASE}\n`,
    'vault',
    'backup',
    file,
    '--to',
    recipient,
    '--data',
    data,
  );
  assert.equal(kept.code, 0, kept.err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.match(readFileSync(file, 'latin1'), /^age-encryption\.org\/v1\n-> X25519 /);
  const elsewhere = join(home, 'elsewhere');
  const refused = kontor(`${identity}\n`, 'vault', 'restore', file, '--data', elsewhere);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /found none: restore the desk's own backup first/);
  const back = kontor(
    `${identity}\n`,
    'vault',
    'restore',
    file,
    '--without-log',
    '--data',
    elsewhere,
  );
  assert.equal(back.code, 0, back.err);
  assert.match(back.err, /main: put back/);
  const retired = kontor('', 'vault', 'retire', 'main', '--data', elsewhere);
  assert.equal(retired.code, 0, retired.err);
  const again = kontor(
    `${identity}\n`,
    'vault',
    'restore',
    file,
    '--without-log',
    '--data',
    elsewhere,
  );
  assert.match(again.err, /main: refused, it was retired/);
});

test('[C43] what a vault command cannot do it says, and leaves nothing behind', (t) => {
  const home = scratch(t);
  const data = join(home, 'desk');
  for (const [args, message] of [
    [['vault', 'show'], /there is no desk in/],
    [['vault', 'restore', join(home, 'none.age')], /expected a file at .+, found nothing/],
  ] as const) {
    const said = kontor('', ...args, '--data', data);
    assert.equal(said.code, 1);
    assert.match(said.err, message);
  }
  assert.equal(existsSync(data), false);
});

test('[C76] patterns of the keys find them where they leaked, and in nothing the desk wrote', async (t) => {
  const home = scratch(t);
  const data = join(home, 'desk');
  const desk = new Desk(t, data);
  await desk.until('the desk', () => desk.isReady);
  const made = ['rsa', '--venue', 'binance', '--kind', 'rsa-2048', '--data', data];
  assert.equal(kontor('', 'connect', 'new', ...made).code, 0);
  const taken = kontor(
    `${SECRET}\n`,
    'connect',
    'import',
    'main',
    '--venue',
    'binance',
    '--data',
    data,
  );
  assert.equal(taken.code, 0, taken.err);
  await desk.stop();

  const [patterns, key] = [join(home, 'keys.patterns'), join(home, 'patterns.key')];
  const written = kontor('', 'vault', 'patterns', patterns, '--key', key, '--data', data);
  assert.equal(written.code, 0, written.err);
  assert.match(written.out, /holds patterns of the keys/);
  assert.equal(statSync(key).mode & 0o777, 0o600);
  const scan = (path: string): Said =>
    kontor('', 'scan', '--json', '--patterns', patterns, '--key', key, path);

  const leak = join(home, 'leak.log');
  writeFileSync(leak, `error: ${Buffer.from(SECRET).toString('base64')}\n`);
  const found = scan(leak);
  assert.equal(found.code, 1);
  assert.deepEqual(
    JSON.parse(found.out).finds.map((find: { readonly label: string }) => find.label),
    ['main'],
  );
  const clean = scan(data);
  assert.equal(clean.code, 0, clean.out);
  // The demo's key, the two made here, and the vault's own two.
  assert.equal(JSON.parse(clean.out).secrets, 5);
});
