// SPDX-License-Identifier: Apache-2.0
// What opens the vault besides the terminal: a passphrase sealed in the browser, and the further ways.

import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  cpSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import fc from 'fast-check';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import type { VaultInfo } from '../src/index.ts';
import { sealToOpen, type OpeningPurpose } from '../src/seal-secret.ts';
import { isWayLine, readWayLine, wayLine } from '../src/vault/way-line.ts';
import { wayKindOf } from '../src/vault/ways.ts';
import { setCheapPassphrase } from './cheap-passphrase.ts';
import {
  OpenSigner,
  outcomeOf,
  POLICY,
  readLog,
  SignerProcess,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

const PASSPHRASE = 'correct horse';
const PIECE_BYTES = 16_777_216;
const OVERLAP_BYTES = 64;
const CREDENTIAL = 'QUJDREVGR0hJSktMTU5PUA';
const SALT = Buffer.alloc(32, 9).toString('base64url');

function openProtected(t: TestContext): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory).connect();
  setCheapPassphrase(signer, PASSPHRASE);
  return reopen(signer);
}

function reopen(signer: OpenSigner, disk: Disk = SYSTEM_DISK): OpenSigner {
  const next = new OpenSigner(signer.directory, { time: signer.time, disk });
  next.connection = signer.connection;
  return next;
}

function opened(signer: OpenSigner): OpenSigner {
  assert.equal(signer.ring.unlock(Buffer.from(PASSPHRASE)).kind, 'open');
  return signer;
}

function vaultOf(signer: OpenSigner): VaultInfo {
  const [decision] = signer.ask({ kind: 'describeVault' });
  assert.equal(decision?.kind, 'vault');
  return decision.vault;
}

function sealedFor(
  signer: OpenSigner,
  secret: Uint8Array,
  purpose: OpeningPurpose,
): Promise<string> {
  const point = Uint8Array.from(Buffer.from(vaultOf(signer).unlockKey, 'base64'));
  return sealToOpen(Uint8Array.from(secret), point, purpose);
}

async function unlockByDesk(signer: OpenSigner, passphrase: string): Promise<string> {
  const sealed = await sealedFor(signer, Buffer.from(passphrase), { kind: 'passphrase' });
  return outcomeOf(signer.ask({ kind: 'unlockVault', way: null, sealed })[0]);
}

async function addPasskey(
  signer: OpenSigner,
  key: Buffer,
  passphrase: string = PASSPHRASE,
  credential: string = CREDENTIAL,
): Promise<string> {
  const purpose = { kind: 'addPasskey', credential, salt: SALT } as const;
  const sealed = await sealedFor(signer, Buffer.concat([key, Buffer.from(passphrase)]), purpose);
  const request = {
    kind: 'addPasskeyWay',
    name: 'Laptop',
    credential,
    salt: SALT,
    sealed,
  } as const;
  return outcomeOf(signer.ask(request)[0]);
}

async function unlockByPasskey(signer: OpenSigner, way: string, key: Buffer): Promise<string> {
  const sealed = await sealedFor(signer, key, { kind: 'way', way });
  return outcomeOf(signer.ask({ kind: 'unlockVault', way, sealed })[0]);
}

function wayOf(signer: OpenSigner): string {
  const [way] = vaultOf(signer).ways;
  assert.ok(way);
  return way.id;
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 30_000;
  while (!isSo()) {
    if (Date.now() > end) assert.fail(`waited 30 s for ${what}`);
    await setTimeout(20);
  }
}

/** How often each text stands in what a process may write to; null where its memory cannot be read. */
function countInMemory(pid: number, texts: readonly string[]): readonly number[] | null {
  const counts = texts.map(() => 0);
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/mem`, 'r');
  } catch {
    return null;
  }
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from = '', to = ''] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? [];
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += PIECE_BYTES) {
      const piece = Buffer.alloc(Math.min(PIECE_BYTES + OVERLAP_BYTES, end - at));
      try {
        readSync(fd, piece, 0, piece.length, at);
      } catch {
        continue;
      }
      for (const [index, text] of texts.entries())
        if (piece.includes(text)) counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  closeSync(fd);
  return counts;
}

function unlocksOf(signer: OpenSigner): readonly unknown[] {
  return readLog(signer.directory)
    .filter(({ kind }) => kind === 'unlock')
    .map(({ by, result }) => `${String(by)} ${String(result)}`);
}

test('[S54] a passphrase that a browser sealed opens the vault, and nobody on the way can use it again', async (t) => {
  const signer = openProtected(t);
  assert.equal(vaultOf(signer).isOpen, false);
  const passphrase = Buffer.from(PASSPHRASE);
  const sealed = await sealedFor(signer, passphrase, { kind: 'passphrase' });
  assert.equal(sealed.includes(passphrase.toString('base64').slice(0, 8)), false);
  const [answer] = signer.ask({ kind: 'unlockVault', way: null, sealed });
  assert.equal(answer?.kind, 'vault');
  assert.equal(answer.vault.isOpen, true);
  assert.equal(signer.place(), 'signed');
  const next = reopen(signer);
  assert.notEqual(vaultOf(next).unlockKey, answer.vault.unlockKey);
  const [replayed] = next.ask({ kind: 'unlockVault', way: null, sealed });
  assert.equal(outcomeOf(replayed), 'vault');
  assert.equal(next.ring.vault.isOpen, false);
  assert.deepEqual(unlocksOf(signer), ['desk open'], 'what cannot be read is no attempt');
});

test('[S54] a message for one purpose is none for another, and a changed one is none at all', async (t) => {
  const signer = openProtected(t);
  const key = randomBytes(32);
  const other = await sealedFor(signer, Buffer.from(PASSPHRASE), { kind: 'way', way: 'w_AAAAAAA' });
  assert.equal(
    outcomeOf(signer.ask({ kind: 'unlockVault', way: null, sealed: other })[0]),
    'vault',
  );
  const right = await sealedFor(signer, Buffer.from(PASSPHRASE), { kind: 'passphrase' });
  for (const index of [0, 40, 70]) {
    const changed = Buffer.from(right, 'base64');
    changed[index % changed.length] = (changed[index % changed.length] ?? 0) ^ 1;
    const sealed = changed.toString('base64');
    assert.equal(outcomeOf(signer.ask({ kind: 'unlockVault', way: null, sealed })[0]), 'vault');
  }
  assert.equal(signer.ring.vault.isOpen, false);
  opened(signer);
  const purpose = { kind: 'addPasskey', credential: `${CREDENTIAL}B`, salt: SALT } as const;
  const sealed = await sealedFor(signer, Buffer.concat([key, Buffer.from(PASSPHRASE)]), purpose);
  const request = { kind: 'addPasskeyWay', name: 'x', credential: CREDENTIAL, salt: SALT } as const;
  assert.equal(outcomeOf(signer.ask({ ...request, sealed })[0]), 'vault');
  assert.deepEqual(vaultOf(signer).ways, []);
});

test('[S54] of a passphrase that a browser sealed nothing is left in the memory of the process', async (t) => {
  const signer = openProtected(t);
  signer.ring.log.publishAll(signer.ring.clock.now());
  const child = new SignerProcess(t, signer.directory, [], { stdin: '' });
  const described = await child.ask({ kind: 'describeVault' });
  assert.equal(described.kind, 'vault');
  const point = Uint8Array.from(Buffer.from(described.vault.unlockKey, 'base64'));
  const sealed = await sealToOpen(Uint8Array.from(Buffer.from(PASSPHRASE)), point, {
    kind: 'passphrase',
  });
  const opening = await child.ask({ kind: 'unlockVault', way: null, sealed });
  assert.ok(opening.kind === 'vault' && opening.vault.isOpen);
  const { pid } = child.child;
  assert.ok(pid !== undefined);
  const counts = countInMemory(pid, [PASSPHRASE, signer.connection]);
  if (counts === null) return t.skip('only root can read the memory of a process here');
  assert.ok((counts[1] ?? 0) > 0, 'the look finds what the process holds');
  assert.equal(counts[0], 0);
});

test('[S55] attack 32: guesses through the server wait and are logged, over a restart too; the terminal does not wait', async (t) => {
  const signer = openProtected(t);
  const outcomes = [];
  for (let attempt = 0; attempt < 4; attempt += 1)
    outcomes.push(await unlockByDesk(signer, 'wrong'));
  assert.deepEqual(outcomes, ['passphrase', 'passphrase', 'passphrase', 'tooSoon']);
  assert.equal(vaultOf(signer).waitMs, 1_000);
  signer.time.pass(1_000);
  assert.equal(await unlockByDesk(signer, 'wrong'), 'passphrase');
  const next = reopen(signer);
  assert.equal(vaultOf(next).waitMs, 2_000);
  assert.equal(await unlockByDesk(next, PASSPHRASE), 'tooSoon');
  assert.deepEqual(
    unlocksOf(next),
    Array.from({ length: 4 }, () => 'desk wrong'),
  );
  assert.equal(next.ring.unlock(Buffer.from(PASSPHRASE)).kind, 'open');
  assert.equal(vaultOf(reopen(next)).waitMs, 0);
});

test('[S202] attack 32: what opens the vault besides its passphrase leaves the count of wrong ones as it is', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  assert.equal(await addPasskey(signer, key), 'vault');
  const guessed = reopen(signer);
  for (let attempt = 0; attempt < 3; attempt += 1) {
    guessed.ring.unlock(Buffer.from('wrong'));
    await unlockByDesk(guessed, 'wrong');
  }
  guessed.time.pass(1_000);
  assert.equal(await unlockByPasskey(guessed, wayOf(guessed), key), 'vault');
  assert.equal(vaultOf(guessed).waitMs, 0);
  const carried = guessed.ring.vault.carried();
  assert.ok(carried);
  const next = reopen(guessed);
  assert.equal(next.ring.resume(Buffer.from(carried)), true);
  const last = reopen(next);
  assert.equal(vaultOf(last).waitMs, 1_000, 'neither the passkey nor the carried key ended it');
  const wrong = Buffer.from('wrong');
  assert.deepEqual(last.ring.unlock(wrong), { kind: 'tooSoon', waitMs: 1_000 });
  last.time.pass(1_000);
  assert.deepEqual(last.ring.unlock(wrong), { kind: 'wrong', waitMs: 2_000 });
  assert.equal(await unlockByDesk(last, 'wrong'), 'passphrase');
  assert.equal(vaultOf(last).waitMs, 2_000);
  last.time.pass(2_000);
  assert.equal(await unlockByDesk(last, PASSPHRASE), 'vault');
  for (const life of [last, reopen(last)]) assert.equal(vaultOf(life).waitMs, 0);
});

test('[S56] a passkey is a further way: it opens what was sealed before and after, and so does the passphrase', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  assert.equal(await addPasskey(signer, key), 'vault');
  const info = vaultOf(signer);
  assert.deepEqual(
    info.ways.map(({ kind, name, passkey }) => ({ kind, name, passkey })),
    [{ kind: 'prf', name: 'Laptop', passkey: { credential: CREDENTIAL, salt: SALT } }],
  );
  const byPasskey = reopen(signer);
  assert.equal(byPasskey.ring.vault.isOpen, false);
  const way = wayOf(byPasskey);
  assert.equal(await unlockByPasskey(byPasskey, way, randomBytes(32)), 'passphrase');
  assert.equal(await unlockByPasskey(byPasskey, way, key), 'vault');
  assert.equal(byPasskey.place(), 'signed');
  assert.equal(byPasskey.connect('second').place(), 'default deny');
  byPasskey.ask({ kind: 'listConnections' });
  const byPassphrase = reopen(byPasskey);
  byPassphrase.connection = signer.connection;
  opened(byPassphrase);
  assert.equal(byPassphrase.place(), 'signed');
  assert.deepEqual(unlocksOf(signer).slice(-3), ['prf wrong', 'prf open', 'passphrase open']);
  const stanzas = readFileSync(join(signer.directory, 'vault', `${way}.vault`), 'latin1');
  assert.match(stanzas, new RegExp(`^-> prf ${CREDENTIAL} ${SALT}$`, 'm'));
});

test('[S56] ways of the machine come on stdin alone, and those of a browser through the server alone', async (t) => {
  const signer = opened(openProtected(t));
  const [own, browsers] = [randomBytes(32), randomBytes(32)];
  assert.equal(signer.ring.addWay('keyring kontor desk', Buffer.from(own), 'keyring'), null);
  assert.equal(await addPasskey(signer, browsers), 'vault');
  const idOf = (kind: string): string => {
    const way = vaultOf(signer).ways.find((each) => each.kind === kind);
    assert.ok(way);
    return way.id;
  };
  const locked = reopen(signer);
  assert.equal(await unlockByPasskey(locked, idOf('keyring'), own), 'passphrase');
  assert.equal(locked.ring.unlockBy(idOf('prf'), Buffer.from(browsers)), false);
  assert.equal(locked.ring.unlockBy('w_AAAAAAA', Buffer.from(own)), false);
  assert.equal(locked.ring.unlockBy(idOf('keyring'), Buffer.from(own)), true);
  assert.equal(locked.place(), 'signed');
});

test('[S57] a new passphrase reaches every way, whose keys nobody shows then', async (t) => {
  const signer = opened(openProtected(t));
  const keys = [randomBytes(32), randomBytes(32)] as const;
  await addPasskey(signer, keys[0]);
  signer.ring.addWay(
    'kms transit https://bao.example:8200 desk vault:v1:AAAA',
    Buffer.from(keys[1]),
    'bao',
  );
  signer.ring.vault.setPassphrase(Buffer.from('another passphrase'), [signer.connection]);
  const [prf, kms] = vaultOf(signer).ways;
  assert.ok(prf && kms);
  const byPasskey = reopen(signer);
  assert.equal(byPasskey.ring.unlock(Buffer.from(PASSPHRASE)).kind, 'wrong');
  assert.equal(await unlockByPasskey(byPasskey, prf.id, keys[0]), 'vault');
  assert.equal(byPasskey.place(), 'signed');
  const byService = reopen(signer);
  assert.equal(byService.ring.unlockBy(kms.id, Buffer.from(keys[1])), true);
  for (const name of readdirSync(join(signer.directory, 'vault'))) {
    const text = readFileSync(join(signer.directory, 'vault', name), 'latin1');
    assert.equal(
      text.match(/^-> argon2id /gm)?.length ?? 0,
      name.endsWith('-key.vault') ? 0 : 1,
      name,
    );
  }
});

test('[S57] a crash anywhere in the change of the passphrase leaves every way open', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  await addPasskey(signer, key);
  let crashes = 0;
  for (let at = 1; ; at += 1) {
    const directory = join(signer.directory, '..', `crash-${at}`);
    cpSync(signer.directory, directory, { recursive: true });
    let renames = 0;
    const disk: Disk = {
      ...SYSTEM_DISK,
      renameSync(from, to) {
        if (String(to).endsWith('.vault') && (renames += 1) === at) throw new Error('crash');
        SYSTEM_DISK.renameSync(from, to);
      },
    };
    const ring = opened(new OpenSigner(directory, { time: signer.time, disk })).ring;
    let isCrash = false;
    try {
      ring.vault.setUnattended([signer.connection]);
    } catch {
      isCrash = true;
    }
    if (!isCrash) break;
    crashes += 1;
    const after = new OpenSigner(directory, { time: signer.time });
    after.connection = signer.connection;
    if (!after.ring.vault.isOpen) {
      assert.equal(await unlockByPasskey(after, wayOf(after), key), 'vault', `crash at ${at}`);
    }
    assert.equal(after.place(), 'signed', `crash at ${at}`);
    assert.equal(vaultOf(after).ways.length, 1, `crash at ${at}`);
  }
  assert.ok(crashes >= 8, `expected a crash at each of the writes, found ${crashes}`);
});

test('[S58] who adds a way through the server shows the passphrase; a vault without one takes none', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const unattended = new OpenSigner(directory).connect();
  assert.equal(await addPasskey(unattended, randomBytes(32)), 'vault');
  assert.deepEqual(vaultOf(unattended).ways, []);
  setCheapPassphrase(unattended, PASSPHRASE);
  const locked = reopen(unattended);
  assert.equal(await addPasskey(locked, randomBytes(32)), 'vault');
  const signer = opened(locked);
  assert.equal(await addPasskey(signer, randomBytes(32), 'a guess at it'), 'passphrase');
  assert.deepEqual(vaultOf(signer).ways, []);
  assert.equal(await addPasskey(signer, randomBytes(32)), 'vault');
  const [double] = signer.ask({
    kind: 'addPasskeyWay',
    name: 'Again',
    credential: CREDENTIAL,
    salt: SALT,
    sealed: 'AAAA',
  });
  assert.match(JSON.stringify(double), /expected a passkey that is no way yet/);
  for (let index = 1; index < 8; index += 1)
    assert.equal(
      await addPasskey(signer, randomBytes(32), PASSPHRASE, `${CREDENTIAL}${index}`),
      'vault',
    );
  assert.equal(vaultOf(signer).ways.length, 8);
  assert.equal(await addPasskey(signer, randomBytes(32), PASSPHRASE, `${CREDENTIAL}9`), 'vault');
  assert.equal(vaultOf(signer).ways.length, 8);
});

test('[S59] a way that was taken away opens nothing, also where its files are put back', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  await addPasskey(signer, key);
  const way = wayOf(signer);
  const kept = join(signer.directory, '..', 'kept');
  cpSync(join(signer.directory, 'vault'), kept, { recursive: true });
  const locked = reopen(signer);
  assert.equal(outcomeOf(locked.ask({ kind: 'removeVaultWay', way })[0]), 'vault');
  assert.equal(outcomeOf(locked.ask({ kind: 'removeVaultWay', way })[0]), 'vault');
  assert.equal(existsSync(join(signer.directory, 'vault', `${way}.vault`)), false);
  assert.equal(existsSync(join(signer.directory, 'vault', `${way}-key.vault`)), false);
  assert.equal(await unlockByPasskey(locked, way, key), 'passphrase');
  cpSync(kept, join(signer.directory, 'vault'), { recursive: true });
  const next = reopen(signer);
  assert.equal(existsSync(join(signer.directory, 'vault', `${way}.vault`)), false);
  assert.ok(next.said.some((sentence) => sentence.includes('was here again')));
  assert.equal(await unlockByPasskey(next, way, key), 'passphrase');
  assert.equal(next.ring.vault.isOpen, false);
});

test('[S59] a way that cannot be written is none', async (t) => {
  const signer = openProtected(t);
  const disk: Disk = {
    ...SYSTEM_DISK,
    renameSync(from, to) {
      if (/w_[A-Z2-7]{7}\.vault$/.test(String(to)))
        throw Object.assign(new Error('ENOSPC: made by the test'), { code: 'ENOSPC' });
      SYSTEM_DISK.renameSync(from, to);
    },
  };
  const failing = opened(reopen(signer, disk));
  assert.equal(await addPasskey(failing, randomBytes(32)), 'disk');
  assert.deepEqual(vaultOf(failing).ways, []);
  assert.equal(failing.place(), 'signed');
  assert.equal(
    readdirSync(join(signer.directory, 'vault')).some((name) =>
      /^w_[A-Z2-7]{7}(?:-key)?\.vault$/.test(name),
    ),
    false,
  );
});

test('[S60] the line of a way comes apart as it was made, and every other line is none', () => {
  fc.assert(
    fc.property(
      fc.stringMatching(/^[\x21-\x7e][\x20-\x7e]{0,300}$/),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      (what, bytes) => {
        const key = Buffer.from(bytes);
        const line = wayLine(what, key).subarray(0, -1);
        assert.ok(isWayLine(line));
        const read = readWayLine(Buffer.from(line));
        assert.equal(read?.what, what);
        assert.ok(read?.key.equals(key));
      },
    ),
  );
  const hex = 'ab'.repeat(32);
  for (const text of [
    '',
    '\0',
    `\0${hex}`,
    `\0 ${hex}`,
    `\0w_A ${hex.slice(1)}`,
    `\0w_A ${hex.slice(1)}g`,
    `w_A ${hex}`,
  ])
    assert.equal(readWayLine(Buffer.from(text)), null, JSON.stringify(text));
});

test('[S60] a process that is locked names its ways, and opens by the line of one', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  assert.equal(signer.ring.addWay('keyring kontor desk-1', Buffer.from(key), 'keyring'), null);
  const way = wayOf(signer);
  signer.ring.log.publishAll(signer.ring.clock.now());
  const child = new SignerProcess(t, signer.directory, [], { stdin: '' });
  const said = (text: string): Promise<void> =>
    until(() => child.stderr.includes(text), `the signer to say ${text}`);
  await said(`"ways":[{"id":"${way}","kind":"keyring","stanza":"keyring kontor desk-1"}]`);
  await said('"vault":"locked"');
  child.child.stdin?.write(wayLine(way, randomBytes(32)));
  await said('What the machine gave does not open the vault.');
  child.child.stdin?.write(wayLine(way, key));
  await said('"vault":"open"');
  const described = await child.ask({ kind: 'describeVault' });
  assert.ok(described.kind === 'vault' && described.vault.isOpen);
  assert.equal(child.stderr.includes(key.toString('hex')), false);
});

test('[S60] a process that a browser opens says so to the terminal', async (t) => {
  const signer = openProtected(t);
  signer.ring.log.publishAll(signer.ring.clock.now());
  const child = new SignerProcess(t, signer.directory, [], { stdin: '' });
  const described = await child.ask({ kind: 'describeVault' });
  assert.equal(described.kind, 'vault');
  const point = Uint8Array.from(Buffer.from(described.vault.unlockKey, 'base64'));
  const sealed = await sealToOpen(Uint8Array.from(Buffer.from(PASSPHRASE)), point, {
    kind: 'passphrase',
  });
  const answer = await child.ask({ kind: 'unlockVault', way: null, sealed });
  assert.ok(answer.kind === 'vault' && answer.vault.isOpen);
  await until(() => child.stderr.includes('"vault":"open"'), 'the signer to say that it is open');
});

test('[S61] stanzas of ways have one form each', () => {
  for (const [stanza, kind] of [
    [`prf ${CREDENTIAL} ${SALT}`, 'prf'],
    ['keyring kontor desk-1', 'keyring'],
    ['kms transit https://bao.example:8200 transit/desk vault:v1:AAAA', 'kms'],
    ['kms aws arn:aws:kms:eu-central-1:1:key/x 00ff AQID', 'kms'],
    [`prf ${CREDENTIAL} AAAA`, null],
    [`prf ${CREDENTIAL} ${SALT} x`, null],
    ['keyring kontor', null],
    ['keyring kontor desk\n-> file x', null],
    ['kms vault a b c', null],
    ['argon2id m=19456,t=2,p=1 AAAAAAAAAAAAAAAAAAAAAA', null],
    [`keyring ${'a'.repeat(512)} ${'b'.repeat(512)}`, null],
  ] as const) {
    assert.equal(wayKindOf(stanza), kind, stanza);
  }
});

test('[S61] a way of another vault, or one that was changed, opens nothing and stops nothing', async (t) => {
  const signer = opened(openProtected(t));
  const key = randomBytes(32);
  await addPasskey(signer, key);
  const way = wayOf(signer);
  const other = opened(openProtected(t));
  await addPasskey(other, key);
  for (const suffix of ['', '-key']) {
    const bytes = readFileSync(join(other.directory, 'vault', `${wayOf(other)}${suffix}.vault`));
    writeFileSync(join(signer.directory, 'vault', `${way}${suffix}.vault`), bytes);
  }
  const locked = reopen(signer);
  assert.equal(await unlockByPasskey(locked, way, key), 'vault');
  assert.equal(locked.ring.vault.isOpen, false);
  const after = opened(locked);
  assert.equal(after.place(), 'signed');
  assert.deepEqual(vaultOf(after).ways, []);
});
