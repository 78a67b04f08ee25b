// SPDX-License-Identifier: Apache-2.0
// Backups of the vault: the age format against another implementation and the published vectors, what a backup holds,
// and what a restore refuses. And the process: how it asks for a passphrase.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateIdentity,
  identityToRecipient,
} from 'age-encryption';
import * as vectors from 'cctv-age';
import fc from 'fast-check';
import { SYSTEM_DISK } from '../src/disk.ts';
import { decryptAge, encryptAge, parseAgeIdentity, parseRecipient } from '../src/tool/age.ts';
import { decodeBackup } from '../src/tool/backup.ts';
import { runTool, type ToolPorts } from '../src/tool/tool.ts';
import {
  openConnected,
  OpenSigner,
  POLICY,
  readLog,
  sealedSecret,
  SIGNER_MAIN,
  SignerProcess,
  temporaryDirectory,
  TestTime,
  writePolicy,
} from './fixture.ts';

interface AgeKeys {
  readonly identity: string;
  readonly recipient: string;
}

async function ageKeys(): Promise<AgeKeys> {
  const identity = await generateIdentity();
  return { identity, recipient: await identityToRecipient(identity) };
}

test('[S51] what is encrypted here the age library opens, and the other way round, at every edge of a chunk', async () => {
  const { identity, recipient } = await ageKeys();
  for (const length of [0, 1, 65_535, 65_536, 65_537, 131_072, 200_000]) {
    const plain = Buffer.alloc(length, length % 251);
    const file = encryptAge(plain, parseRecipient(recipient));
    const decrypter = new Decrypter();
    decrypter.addIdentity(identity);
    assert.ok(Buffer.from(await decrypter.decrypt(file)).equals(plain), `${length} bytes`);
    const encrypter = new Encrypter();
    encrypter.addRecipient(recipient);
    const theirs = Buffer.from(await encrypter.encrypt(plain));
    const key = parseAgeIdentity(Buffer.from(identity));
    assert.ok(decryptAge(theirs, key).equals(plain), `${length} bytes of theirs`);
  }
});

test('[S51] recipients and identities of any other form are refused', async () => {
  const { identity, recipient } = await ageKeys();
  const hybrid = await identityToRecipient(await generateHybridIdentity());
  const flipped = (text: string): string => text.slice(0, -1) + (text.endsWith('q') ? 'p' : 'q');
  for (const wrong of ['', 'age1', flipped(recipient), recipient.toUpperCase(), identity, hybrid]) {
    assert.throws(() => parseRecipient(wrong), { code: 'age.recipient' });
  }
  for (const wrong of ['', identity.slice(1), identity.toLowerCase(), recipient, `${identity} `]) {
    assert.throws(() => parseAgeIdentity(Buffer.from(wrong)), { code: 'age.identity' });
  }
  fc.assert(
    fc.property(fc.nat(recipient.length - 1), fc.integer({ min: 1, max: 31 }), (at, shift) => {
      const letters = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
      const value = letters.indexOf(recipient[at] ?? '');
      fc.pre(at > 3 && value >= 0);
      const other = letters[(value + shift) % 32] ?? '';
      const changed = recipient.slice(0, at) + other + recipient.slice(at + 1);
      assert.throws(() => parseRecipient(changed), { code: 'age.recipient' });
    }),
    { seed: 51, numRuns: 200 },
  );
});

test('[S51] the vectors of C2SP for X25519 come out as they say', (t) => {
  const counts = { success: 0, refused: 0, skipped: 0 };
  const codes: Readonly<Record<string, readonly string[]>> = {
    'no match': ['age.match'],
    'HMAC failure': ['age.mac'],
    'header failure': ['age.header'],
    'payload failure': ['age.payload', 'age.header'],
  };
  for (const [name, bytes] of Object.entries(vectors)) {
    const whole = Buffer.from(bytes);
    const end = whole.indexOf('\n\n');
    const fields = Object.fromEntries(
      whole
        .toString('latin1', 0, end)
        .split('\n')
        .map((line) => line.split(': ', 2)),
    );
    const body = whole.subarray(end + 2);
    const file = fields['compressed'] === 'zlib' ? inflateSync(body) : body;
    const identity: string = fields['identity'] ?? '';
    const isOurs =
      identity.startsWith('AGE-SECRET-KEY-1') &&
      fields['armored'] !== 'yes' &&
      fields['passphrase'] === undefined;
    if (!isOurs) {
      counts.skipped += 1;
      continue;
    }
    let found = 'success';
    let plain: Buffer = Buffer.alloc(0);
    try {
      plain = decryptAge(Buffer.from(file), parseAgeIdentity(Buffer.from(identity)));
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error, `${name}: ${String(error)}`);
      found = String(error.code);
    }
    const expected: string = fields['expect'] ?? '';
    if (expected === 'success') {
      assert.equal(found, 'success', name);
      assert.equal(createHash('sha256').update(plain).digest('hex'), fields['payload'], name);
      counts.success += 1;
    } else {
      assert.ok(codes[expected]?.includes(found), `${name}: expected ${expected}, found ${found}`);
      counts.refused += 1;
    }
  }
  t.diagnostic(
    `${counts.success} opened, ${counts.refused} refused, ${counts.skipped} of other kinds`,
  );
  assert.ok(counts.success >= 10 && counts.refused >= 40);
});

interface Told {
  readonly said: string[];
  readonly output: Buffer;
}

/** Runs a verb on a directory; `answers` are what the person types. */
async function tool(
  directory: string,
  words: readonly string[],
  given: {
    readonly answers?: readonly string[];
    readonly input?: Buffer;
    readonly time?: TestTime;
  } = {},
): Promise<Told> {
  const answers = [...(given.answers ?? [])];
  const said: string[] = [];
  const outputs: Buffer[] = [];
  const ports: ToolPorts = {
    disk: SYSTEM_DISK,
    time: given.time ?? new TestTime(),
    say: (sentence) => said.push(sentence),
    ask: async () => {
      const answer = answers.shift();
      return answer === undefined ? null : Buffer.from(answer);
    },
    input: () => given.input ?? Buffer.alloc(0),
    output: (bytes) => outputs.push(bytes),
  };
  const [verb = '', ...rest] = words;
  await runTool(directory, { verb, words: rest, unlockFile: null }, ports);
  return { said, output: Buffer.concat(outputs) };
}

test('[S52] a backup is age ciphertext and nothing else, and puts every key back beside its log', async (t) => {
  const signer = openConnected(t);
  const { directory, connection } = signer;
  const { identity, recipient } = await ageKeys();
  const secret = sealedSecret(directory, connection);
  const { output } = await tool(directory, ['backup', recipient]);
  assert.ok(output.toString('latin1').startsWith('age-encryption.org/v1\n-> X25519 '));
  assert.ok(!output.includes(secret.subarray(-32)));
  const plain = decryptAge(output, parseAgeIdentity(Buffer.from(identity)));
  assert.ok(plain.includes(secret), 'the check can fail: the key is inside');
  assert.equal(readLog(directory).at(-1)?.['note'], 'vault.backup');
  rmSync(join(directory, 'vault'), { recursive: true });
  rmSync(join(directory, 'unlock'));
  assert.throws(
    () => new OpenSigner(directory),
    /expected the vault with the keys of the connections, found none/,
  );
  rmSync(join(directory, 'connections'));
  const { said } = await tool(directory, ['restore'], { answers: [identity], input: output });
  assert.deepEqual(said, ['demo: put back']);
  const next = new OpenSigner(directory, { time: signer.time });
  next.connection = connection;
  assert.equal(next.place(), 'signed');
  assert.ok(readLog(directory).some(({ kind }) => kind === 'restore'));
});

test('[S52] a backup goes to an age recipient only, and a vault with a passphrase asks for it first', async (t) => {
  const { directory } = openConnected(t);
  const { recipient } = await ageKeys();
  for (const wrong of ['', 'keys.age', 'ssh-ed25519 AAAA']) {
    await assert.rejects(tool(directory, ['backup', wrong]), { code: 'age.recipient' });
  }
  await tool(directory, ['passphrase'], { answers: ['a long passphrase'] });
  await assert.rejects(tool(directory, ['backup', recipient]), { code: 'vault.locked' });
  await assert.rejects(tool(directory, ['backup', recipient], { answers: ['wrong', 'wrong'] }), {
    code: 'vault.locked',
  });
  const { output } = await tool(directory, ['backup', recipient], {
    answers: ['a long passphrase'],
  });
  assert.ok(output.length > 300);
  await assert.rejects(
    tool(directory, ['passphrase'], { answers: ['a long passphrase', 'short'] }),
    /10 to 1024 bytes, found 5/,
  );
});

test('[S52] no file of the vault writes a key but sealed: there is no plain way out', () => {
  const sources = dirname(SIGNER_MAIN);
  for (const folder of ['vault', 'tool']) {
    for (const name of readdirSync(join(sources, folder))) {
      const text = readFileSync(join(sources, folder, name), 'utf8');
      assert.doesNotMatch(
        text,
        /privateKey\.export\([^)]*pem|format: 'jwk'|exportSecret|exportKey/,
        name,
      );
    }
  }
  const source = readFileSync(join(sources, 'tool', 'tool.ts'), 'utf8');
  assert.deepEqual(
    source.match(/ports\.output\([^;]*;/g)?.map((call) => call.replace(/\s+/g, ' ')),
    [
      'ports.output(Buffer.from(`${JSON.stringify(facts)}\\n`));',
      // Owners: their passkeys' public side.
      'ports.output(Buffer.from(`${JSON.stringify(owners.infos())}\\n`));',
      'ports.output(file);',
      'ports.output(sealPatterns(known, key));',
    ],
  );
});

test('[S109] keys put back beside the log of a restored desk: the log goes on under its next name', async (t) => {
  const signer = openConnected(t);
  const { directory, connection } = signer;
  const { identity, recipient } = await ageKeys();
  const { output } = await tool(directory, ['backup', recipient]);
  const { origin } = new OpenSigner(directory, { time: signer.time }).ring.log;
  // What a backup of the desk holds: the lines and the policy, and no checkpoint.
  const restored = temporaryDirectory(t);
  writePolicy(restored, POLICY);
  cpSync(join(directory, 'intents.log'), join(restored, 'intents.log'));
  const { said } = await tool(restored, ['restore'], { answers: [identity], input: output });
  assert.deepEqual(said, ['demo: put back']);
  const next = new OpenSigner(restored, { time: signer.time });
  next.connection = connection;
  assert.equal(next.ring.log.origin, `${origin}/2`);
  assert.equal(next.place(), 'signed');
  const notice = readLog(restored).find(({ kind }) => kind === 'fork.notice');
  assert.equal(notice?.['origin'], origin);
  assert.equal(notice['next'], `${origin}/2`);
  // Beside its own checkpoints a log goes on as it was.
  rmSync(join(directory, 'vault'), { recursive: true });
  rmSync(join(directory, 'unlock'));
  rmSync(join(directory, 'connections'));
  await tool(directory, ['restore'], { answers: [identity], input: output });
  assert.equal(new OpenSigner(directory, { time: signer.time }).ring.log.origin, origin);
});

test("[S53] a restore beside a log that was rolled back, rewritten or is another desk's is refused", async (t) => {
  const signer = openConnected(t);
  const { directory } = signer;
  const { identity, recipient } = await ageKeys();
  const older = join(directory, '..', 'older');
  cpSync(directory, older, { recursive: true });
  assert.equal(signer.place(), 'signed');
  const { output } = await tool(directory, ['backup', recipient]);
  const restore = { answers: [identity], input: output };
  await assert.rejects(
    tool(older, ['restore'], restore),
    /found \d+: the log here was rolled back/,
  );
  const stranger = openConnected(t);
  for (let count = 0; count < 8; count += 1) stranger.place({ price: '1' });
  await assert.rejects(
    tool(stranger.directory, ['restore'], restore),
    /found another desk's or a rewritten one/,
  );
  const empty = temporaryDirectory(t);
  await assert.rejects(
    tool(empty, ['restore'], restore),
    /found none: restore the desk's own backup first/,
  );
  assert.equal(existsSync(join(empty, 'unlock')), false, 'a refused restore makes nothing');
  const { said } = await tool(empty, ['restore', 'without-log'], restore);
  assert.deepEqual(said, ['demo: put back']);
  writePolicy(empty, POLICY);
  const next = new OpenSigner(empty);
  next.connection = signer.connection;
  assert.equal(next.place(), 'signed');
  const other = await ageKeys();
  await assert.rejects(tool(directory, ['restore'], { ...restore, answers: [other.identity] }), {
    code: 'age.match',
  });
  const changed = Buffer.from(output);
  changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
  await assert.rejects(tool(directory, ['restore'], { ...restore, input: changed }), {
    code: 'age.payload',
  });
});

test('[S53] a retired key is destroyed, does not come back by a backup, nor by an older file of connections', async (t) => {
  const signer = openConnected(t);
  const { directory, connection } = signer;
  const { identity, recipient } = await ageKeys();
  const { output } = await tool(directory, ['backup', recipient]);
  const older = readFileSync(join(directory, 'connections'));
  const olderKey = readFileSync(join(directory, 'vault', `${connection}.vault`));
  const { said } = await tool(directory, ['retire', 'demo']);
  assert.match(said.join(), /is retired and its key destroyed/);
  assert.equal(existsSync(join(directory, 'vault', `${connection}.vault`)), false);
  const restored = await tool(directory, ['restore'], { answers: [identity], input: output });
  assert.match(restored.said.join(), /demo: refused, it was retired at 20/);
  writeFileSync(join(directory, 'connections'), older, { mode: 0o600 });
  writeFileSync(join(directory, 'vault', `${connection}.vault`), olderKey, { mode: 0o600 });
  const next = new OpenSigner(directory);
  next.connection = connection;
  assert.equal(next.place(), 'connection-unknown');
  assert.match(
    next.said.join(),
    /demo .+ was here again after it was retired; its key is destroyed/,
  );
  assert.equal(existsSync(join(directory, 'vault', `${connection}.vault`)), false);
  assert.equal(readLog(directory).filter((line) => line['note'] === 'vault.returned').length, 1);
  assert.deepEqual(new OpenSigner(directory).said, []);
});

test('[S52] bytes that are no backup are refused, and none of them is quoted', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.boolean(), (bytes, isHeaded) => {
      const head = isHeaded ? Buffer.from('kontor-vault-backup/v1\n{}\n') : Buffer.alloc(0);
      assert.throws(() => decodeBackup(Buffer.concat([head, bytes])));
    }),
    { seed: 52, numRuns: 200 },
  );
});

test('[S42, S79] the process says that it is locked, takes a passphrase on stdin and leaves the key for the next', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const first = new SignerProcess(t, directory);
  const { connection } = await first.connect();
  first.child.kill('SIGTERM');
  await first.exit;
  await tool(directory, ['passphrase'], { answers: ['a long passphrase'], time: new NowTime() });
  const carry = openSync(join(directory, '..', 'carry'), 'wx+', 0o600);
  t.after(() => closeSync(carry));
  const start = (): { told: () => Promise<string>; child: ReturnType<typeof spawn> } => {
    const child = spawn(process.execPath, [SIGNER_MAIN, '--data', directory, '--carry', '5'], {
      stdio: ['pipe', 'ignore', 'pipe', 'pipe', 'pipe', carry],
      env: {},
    });
    t.after(() => child.kill('SIGKILL'));
    const lines: string[] = [];
    let wake = (): void => undefined;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      lines.push(...text.split('\n').filter((line) => line !== ''));
      wake();
    });
    const told = async (): Promise<string> => {
      while (lines.length === 0) await new Promise<void>((resolve) => (wake = resolve));
      return lines.shift() ?? '';
    };
    return { told, child };
  };
  const second = start();
  assert.match(await second.told(), /"vault":"locked"\}$/);
  second.child.stdin?.write('wrong passphrase\n');
  assert.match(await second.told(), /"vault":"wrong","waitMs":0\}$/);
  second.child.stdin?.write('a long passphrase\n');
  assert.match(await second.told(), /"vault":"open"\}$/);
  second.child.kill('SIGKILL');
  const third = new SignerProcess(t, directory, [], { carry, stdin: '' });
  const before = await third.ask({ kind: 'describeVault' });
  assert.equal(before.kind === 'vault' && before.vault.isOpen, false, 'it waits to be told');
  const whole = readFileSync(join(directory, '..', 'carry'));
  writeFileSync(join(directory, '..', 'carry'), Buffer.alloc(whole.length, 7));
  third.child.stdin?.write('\n');
  while (third.stderr.split('"vault":"locked"').length < 3)
    await third.ask({ kind: 'listConnections' });
  writeFileSync(join(directory, '..', 'carry'), whole);
  third.child.stdin?.write('\n');
  while (!third.stderr.includes('"vault":"open"')) await third.ask({ kind: 'listConnections' });
  const [listed, read] = await Promise.all([
    third.ask({ kind: 'describeVault' }),
    third.ask({ kind: 'queryAccount', connection }),
  ]);
  assert.equal(listed.kind === 'vault' && listed.vault.isOpen, true);
  assert.equal(read.kind, 'signed');
  const kinds = readLog(directory).filter(({ kind }) => kind === 'unlock');
  assert.deepEqual(
    kinds.map(({ by, result }) => `${String(by)} ${String(result)}`),
    ['passphrase wrong', 'passphrase open', 'carried open'],
  );
});

/** The system's own time, where a process goes on with the same log. */
class NowTime extends TestTime {
  override readonly wall = (): number => Date.now();
}

test('[S36] attack 27: a heap snapshot of a signer that took a passphrase holds neither it nor what it gives', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const first = new SignerProcess(t, directory);
  const { connection } = await first.connect();
  first.child.kill('SIGTERM');
  await first.exit;
  const secret = sealedSecret(directory, connection);
  await tool(directory, ['passphrase'], { answers: ['a long passphrase'], time: new NowTime() });
  const carry = openSync(join(directory, '..', 'carry'), 'wx+', 0o600);
  t.after(() => closeSync(carry));
  const flags = ['--heapsnapshot-signal=SIGUSR2', `--diagnostic-dir=${join(directory, '..')}`];
  const signer = new SignerProcess(t, directory, flags, { carry, stdin: 'a long passphrase\n' });
  while ((await signer.ask({ kind: 'queryAccount', connection })).kind !== 'signed');
  signer.child.kill('SIGUSR2');
  const written = (): string | undefined =>
    readdirSync(join(directory, '..')).find((file) => file.endsWith('.heapsnapshot'));
  const deadline = performance.now() + 30_000;
  while (written() === undefined) {
    assert.ok(performance.now() < deadline, 'the snapshot was not written in time');
    await signer.ask({ kind: 'listConnections' });
  }
  // It is written in one turn of the loop, so that the next answer comes after its end.
  await signer.ask({ kind: 'listConnections' });
  const name = written();
  const snapshot = readFileSync(join(directory, '..', name ?? ''));
  assert.ok(snapshot.includes(connection), 'the snapshot shows what the signer holds');
  const kek = readFileSync(join(directory, '..', 'carry'));
  assert.equal(kek.length, 32);
  for (const bytes of [Buffer.from('a long passphrase'), kek, secret.subarray(-32)]) {
    for (const form of [
      bytes,
      bytes.toString('hex'),
      bytes.toString('base64').slice(0, 40),
      bytes.toString('latin1'),
    ])
      assert.ok(!snapshot.includes(form));
  }
});

test('[S52] Ed25519 and RSA keys and secrets all travel in a backup', async (t) => {
  const signer = openConnected(t);
  signer.ask({ kind: 'createConnection', name: 'rsa', venue: 'demo', keyKind: 'rsa-2048' });
  const { identity, recipient } = await ageKeys();
  const { output } = await tool(signer.directory, ['backup', recipient]);
  const kept = decodeBackup(decryptAge(output, parseAgeIdentity(Buffer.from(identity))));
  assert.deepEqual(
    kept.connections.map(({ keyKind }) => keyKind),
    ['ed25519', 'rsa-2048'],
  );
  assert.deepEqual([...kept.secrets.keys()].slice(0, 2), ['import', 'log']);
  assert.equal(kept.secrets.size, 4);
});
