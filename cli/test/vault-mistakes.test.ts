// SPDX-License-Identifier: Apache-2.0
// `kontor vault`, `connect` and `scan` where a person slips, a file is in the way, or the server lies.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { patternsOf, sealPatterns } from '@kontor/signer';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { FLAGS, WAIT_MS_MAX, kontor, scratch, type Said } from './kontor-command.ts';

const PASSPHRASE = 'correct horse battery';

/** A desk's folder with an empty vault that an unlock file opens. */
function vaultIn(home: string): string {
  const data = join(home, 'desk');
  mkdirSync(join(data, 'signer'), { recursive: true, mode: 0o700 });
  const { code, err } = kontor('', 'vault', 'show', '--data', data);
  assert.equal(code, 0, err);
  return data;
}

test('[C40] a passphrase takes the place of an unlock file elsewhere, which is destroyed', (t) => {
  const home = scratch(t);
  const data = vaultIn(home);
  const unlock = join(home, 'stick');
  renameSync(join(data, 'signer', 'unlock'), unlock);
  // The last line has no end, as `printf` leaves it.
  const input = `${PASSPHRASE}\n${PASSPHRASE}`;
  const set = kontor(input, 'vault', 'passphrase', '--data', data, '--unlock-file', unlock);
  assert.equal(set.code, 0, set.err);
  assert.equal(existsSync(unlock), false);
  const log = readFileSync(join(data, 'signer', 'intents.log'), 'utf8');
  assert.match(log, /vault\.passphrase/);
  const shown = kontor('', 'vault', 'show', '--data', data);
  assert.match(shown.out, /opens with a passphrase/);
  const elsewhere = ['--data', data, '--unlock-file', join(home, 'new')];
  const refused = kontor(PASSPHRASE, 'vault', 'unattended', ...elsewhere);
  assert.equal(refused.code, 1);
  assert.match(refused.err, /expected the unlock file of this vault, found none/);
});

test('[C43] a file that is in the way of a backup is left alone, also the one for its draft', async (t) => {
  const home = scratch(t);
  const data = vaultIn(home);
  const recipient = await identityToRecipient(await generateIdentity());
  const file = join(home, 'keys.age');
  writeFileSync(`${file}.new`, 'precious');
  const said = kontor('', 'vault', 'backup', file, '--to', recipient, '--data', data);
  assert.equal(said.code, 1);
  assert.match(said.err, /^error: .*keys\.age\.new exists already/m);
  assert.equal(readFileSync(`${file}.new`, 'utf8'), 'precious');
  rmSync(`${file}.new`);
  assert.equal(kontor('', 'vault', 'backup', file, '--to', recipient, '--data', data).code, 0);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const nowhere = join(home, 'none', 'keys.age');
  const lost = kontor('', 'vault', 'backup', nowhere, '--to', recipient, '--data', data);
  assert.equal(lost.code, 1);
  assert.match(lost.err, /^error: .*keys\.age cannot be written: ENOENT/);
});

test('[C74] a link that is named is followed: nothing is passed by in silence', (t) => {
  const home = scratch(t);
  const key = randomBytes(32);
  const secret = randomBytes(32);
  writeFileSync(join(home, 'key'), key);
  writeFileSync(join(home, 'patterns'), sealPatterns(patternsOf('main', secret, key), key));
  writeFileSync(join(home, 'app-1.log'), `leaked: ${secret.toString('hex')}\n`);
  symlinkSync(join(home, 'app-1.log'), join(home, 'current.log'));
  const given = ['--patterns', join(home, 'patterns'), '--key', join(home, 'key')];
  const said = kontor('', 'scan', ...given, join(home, 'current.log'));
  assert.equal(said.code, 1);
  assert.match(said.out, /current\.log:1 .+the key of main, as hex/);
});

test('[C41] a server that shows another public key than the signer made is found out', async (t) => {
  const data = join(scratch(t), 'desk');
  mkdirSync(join(data, 'run'), { recursive: true, mode: 0o700 });
  mkdirSync(join(data, 'signer'), { mode: 0o700 });
  const [honest, another] = [1, 2].map(() =>
    generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' }),
  );
  const made = {
    connection: 'c_ABCDEF2',
    name: 'main',
    venue: 'binance',
    keyKind: 'ed25519',
    publicKeyPem: honest,
    keyId: '',
    createdAt: 1,
    apiKey: null,
  };
  const file = JSON.stringify({ version: 2, connections: [made] });
  writeFileSync(join(data, 'signer', 'connections'), file, { mode: 0o600 });
  let shown = another;
  const desk = createServer(({ url }, response) => {
    const { name, venue, keyKind } = made;
    const connection = { id: made.connection, name, venue, keyKind, publicKeyPem: shown };
    response.setHeader('content-type', 'application/json');
    response.end(
      JSON.stringify(url === '/api/v1/venues' ? [{ venue, isTraded: true }] : connection),
    );
  });
  t.after(() => desk.close());
  await once(desk.listen(0, '127.0.0.1'), 'listening');
  const address = desk.address();
  assert.ok(typeof address === 'object' && address !== null);
  const access = { url: `http://127.0.0.1:${address.port}`, token: 'x' };
  writeFileSync(join(data, 'run', 'terminal.json'), JSON.stringify(access), { mode: 0o600 });
  const connect = async (...more: readonly string[]): Promise<Said> => {
    const args = [...FLAGS, 'connect', 'new', 'main', '--venue', 'binance', '--data', data];
    const child = spawn(process.execPath, [...args, ...more], { stdio: 'pipe' });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const [code] = await once(child, 'close');
    return { code: Number(code), out, err };
  };
  for (const more of [[], ['--json']]) {
    const lied = await connect(...more);
    assert.equal(lied.code, 1);
    assert.match(lied.err + lied.out, /another public key than the signer made/);
    assert.ok(!lied.out.includes('BEGIN PUBLIC KEY'));
  }
  shown = honest;
  const { code, out } = await connect();
  assert.equal(code, 0);
  assert.ok(out.includes(String(honest).trim()));
});

test(
  '[C42] nothing of a passphrase stays in the memory of the process that asked for it',
  { skip: process.platform === 'linux' ? false : 'reads memory as Linux shows it' },
  async (t) => {
    const data = vaultIn(scratch(t));
    // Put together, so that no source text in memory has it.
    const passphrase = ['stays', 'nowhere', String(process.pid)].join('-');
    const twice = `${passphrase}\n${passphrase}\n`;
    assert.equal(kontor(twice, 'vault', 'passphrase', '--data', data).code, 0);
    const args = [...FLAGS, 'start', '--json', '--no-open', '--port', '0', '--data', data];
    const child = spawn(process.execPath, args, { stdio: 'pipe' });
    const exit = once(child, 'exit');
    t.after(async () => {
      child.kill('SIGTERM');
      await exit;
    });
    child.stdin.write(`${passphrase}\n`);
    let err = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text));
    const deadline = performance.now() + WAIT_MS_MAX;
    while (!err.includes('The vault is open.')) {
      assert.ok(performance.now() < deadline, err);
      await delay(50);
    }
    const held = memoryOf(Number(child.pid));
    if (held === null) return t.skip('this system lets no program read the memory of another');
    assert.ok(held('The vault is open.') > 0, 'the check can fail');
    assert.equal(held(passphrase), 0);
  },
);

/** Counts a text in what a process can write to; null where the system does not show it. */
function memoryOf(pid: number): ((text: string) => number) | null {
  let memory: number;
  try {
    memory = openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return null;
  }
  const parts: Buffer[] = [];
  for (const line of readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const start = Number.parseInt(from, 16);
    const bytes = Number.parseInt(to, 16) - start;
    // What V8 reserves and does not use cannot be read; a piece that cannot is passed by.
    if (!(bytes > 0 && bytes < 2 ** 28) || !Number.isSafeInteger(start)) continue;
    const part = Buffer.alloc(bytes);
    try {
      parts.push(part.subarray(0, readSync(memory, part, 0, bytes, start)));
    } catch {
      continue;
    }
  }
  closeSync(memory);
  return (text) => parts.filter((part) => part.includes(text)).length;
}
