// SPDX-License-Identifier: Apache-2.0
// The vault: its file format and every malformed form, what opens it, its own keys, and keys that come from outside.

import { strict as assert } from 'node:assert';
import {
  argon2Sync,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  verify,
  hash,
  type KeyObject,
} from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { KeyRing } from '../src/key-ring.ts';
import { requestHash, SigningKey } from '../src/sign.ts';
import { approve } from '../src/policy/approval.ts';
import type { Recorded } from '../src/log/intent-log.ts';
import type { RequestDraft } from '../src/binance/requests.ts';
import type { Decision } from '../src/index.ts';
import {
  openVaultFile,
  parseVaultFile,
  rewrapVaultFile,
  sealVaultFile,
  type VaultIdentity,
} from '../src/vault/file.ts';
import { readKey } from '../src/vault/keys.ts';
import { IMPORT_INFO, importContext, openSealed } from '../src/vault/sealed-import.ts';
import { fileKek, isOwnStanza, newPassphraseStanza, passphraseKek } from '../src/vault/unlock.ts';
import { sealSecret } from '../src/seal-secret.ts';
import { setCheapPassphrase } from './cheap-passphrase.ts';
import {
  openConnected,
  OpenSigner,
  outcomeOf,
  POLICY,
  readLog,
  sealedSecret,
  temporaryDirectory,
  TestTime,
  writePolicy,
  reopen,
} from './fixture.ts';

const IDENTITY: VaultIdentity = {
  id: 'c_ABCDEF2',
  venue: 'binance',
  keyKind: 'ed25519',
  publicKeyHash: 'a'.repeat(64),
};
const HMAC_SECRET = 'NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j';
/** A cost at the floor: these tests are about what is refused, not about how long guessing takes. */

/** A passphrase as bytes of its own: those who take it zero it. */
function phrase(text: string): Buffer {
  return Buffer.from(text);
}

test('[S38] a sealed secret comes out as it went in, and only with its key and identity', () => {
  const kek = fileKek(randomBytes(32));
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 4_000 }), (bytes) => {
      const secret = Buffer.from(bytes);
      const file = parseVaultFile(sealVaultFile(IDENTITY, secret, [kek]), 'f');
      assert.ok(openVaultFile(file, IDENTITY, [kek], 'f').equals(secret));
      for (const field of ['id', 'venue', 'keyKind', 'publicKeyHash'] as const) {
        const other = { ...IDENTITY, [field]: 'another' };
        assert.throws(() => openVaultFile(file, other, [kek], 'f'), { code: 'vault.payload' });
      }
      const stranger = fileKek(randomBytes(32));
      assert.throws(() => openVaultFile(file, IDENTITY, [stranger], 'f'), { code: 'vault.key' });
    }),
    { seed: 38, numRuns: 40 },
  );
});

test('[S38] no two writes share a key or a wrapped key, even of one secret', () => {
  const kek = fileKek(randomBytes(32));
  const secret = Buffer.alloc(48, 7);
  const files = Array.from({ length: 20 }, () =>
    parseVaultFile(sealVaultFile(IDENTITY, secret, [kek]), 'f'),
  );
  for (const part of ['payload', 'mac'] as const) {
    assert.equal(new Set(files.map((file) => file[part].toString('hex'))).size, files.length);
  }
  const bodies = files.map((file) => file.stanzas[0]?.body.toString('hex'));
  assert.equal(new Set(bodies).size, files.length);
});

test('[S39] any single flipped bit and any cut is refused by name', () => {
  const kek = fileKek(randomBytes(32));
  const whole = sealVaultFile(IDENTITY, Buffer.alloc(48, 7), [kek]);
  const codes = new Map<string, number>();
  const refusal = (bytes: Buffer): string => {
    try {
      openVaultFile(parseVaultFile(bytes, 'f'), IDENTITY, [kek], 'f');
    } catch (error) {
      assert.ok(error instanceof Error && 'code' in error, String(error));
      return String(error.code);
    }
    return 'opened';
  };
  assert.equal(refusal(whole), 'opened');
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const changed = Buffer.from(whole);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const code = refusal(changed);
    codes.set(code, (codes.get(code) ?? 0) + 1);
  }
  for (let length = 0; length < whole.length; length += 1) {
    assert.notEqual(refusal(whole.subarray(0, length)), 'opened', `${length} bytes`);
  }
  assert.notEqual(refusal(Buffer.concat([whole, Buffer.of(0)])), 'opened');
  assert.deepEqual([...codes.keys()].toSorted(), [
    'vault.form',
    'vault.key',
    'vault.mac',
    'vault.payload',
  ]);
});

const KEK = fileKek(Buffer.alloc(32, 1));
const OTHER_KEK = fileKek(Buffer.alloc(32, 2));
const HONEST = sealVaultFile(IDENTITY, Buffer.alloc(48, 7), [KEK, OTHER_KEK]).toString('latin1');
const MALFORMED: readonly (readonly [
  what: string,
  change: (text: string) => string,
  code: string,
])[] = [
  ['another version', (text) => text.replace('/v1', '/v2'), 'vault.form'],
  ['no stanza', (text) => text.replace(/(-> .+\n.+\n)+/, ''), 'vault.form'],
  [
    'two stanzas exchanged',
    (text) => text.replace(/(-> .+\n.+\n)(-> .+\n.+\n)/, '$2$1'),
    'vault.mac',
  ],
  ['a stanza removed', (text) => text.replace(/(-> .+\n.+\n)(-> .+\n.+\n)/, '$1'), 'vault.mac'],
  ['a stanza doubled', (text) => text.replace(/(-> .+\n.+\n)/, '$1$1'), 'vault.mac'],
  ['a stanza added', (text) => text.replace(/\n->/, '\n-> grease x\nAAAA\n->'), 'vault.mac'],
  ['nine stanzas', (text) => text.replace(/\n->/, `\n${'-> a\nAAAA\n'.repeat(8)}->`), 'vault.form'],
  ['CRLF', (text) => text.replace('\n', '\r\n'), 'vault.form'],
  ['a space at the end', (text) => text.replace(/(-> file \S+)/, '$1 '), 'vault.form'],
  ['padded base64', (text) => text.replace(/(-> .+\n.+)\n/, '$1==\n'), 'vault.form'],
  ['a body of two lines', (text) => text.replace(/(-> .+\n.{10})/, '$1\n'), 'vault.form'],
  ['an empty body', (text) => text.replace(/(-> .+\n).+\n/, '$1\n'), 'vault.form'],
  [
    'a body whose last bits are not zero',
    (text) => text.replace(/(-> .+\n.+)\w\n/, '$1B\n'),
    'vault.form',
  ],
  ['a short MAC', (text) => text.replace(/--- ./, '--- '), 'vault.form'],
  ["another file's MAC", (text) => text.replace(/--- .{43}/, `--- ${'A'.repeat(43)}`), 'vault.mac'],
  [
    'no payload',
    (text) => text.slice(0, text.indexOf('\n', text.indexOf('---')) + 1),
    'vault.form',
  ],
  ['a long payload', (text) => text + 'x'.repeat(20_000), 'vault.form'],
  ['upper case in a type', (text) => text.replace('-> file', '-> File'), 'vault.form'],
  ['text before', (text) => `; ${text}`, 'vault.form'],
];
for (const [what, change, code] of MALFORMED) {
  test(`[S39] refused: ${what}`, () => {
    const changed = change(HONEST);
    assert.notEqual(changed, HONEST);
    assert.throws(
      () =>
        openVaultFile(parseVaultFile(Buffer.from(changed, 'latin1'), 'f'), IDENTITY, [KEK], 'f'),
      { code },
    );
  });
}

test("[S39] another connection's file in the place of one's own stops the start", (t) => {
  const signer = openConnected(t);
  const [made] = signer.ask({ kind: 'createConnection', name: 'second', venue: 'demo' });
  const second = made?.kind === 'connections' ? made.connections[0]?.connection : undefined;
  const path = (id: string): string => join(signer.directory, 'vault', `${id}.vault`);
  copyFileSync(path(second ?? ''), path(signer.connection));
  assert.throws(() => reopen(signer), { code: 'vault.payload' });
  rmSync(path(signer.connection));
  assert.throws(() => reopen(signer), /expected the key of c_.{7}, found no file/);
});

test('[S40] stanzas of unknown types are tried by none and kept byte for byte', () => {
  const kek = fileKek(Buffer.alloc(32, 3));
  const own = parseVaultFile(sealVaultFile(IDENTITY, Buffer.alloc(48, 7), [kek]), 'f');
  const kms = { stanza: 'kms aws arn:aws:kms:eu:1:key/x ctx', key: kek.key };
  const both = rewrapVaultFile(own, [kek], [kms], () => false, 'f');
  assert.ok(openVaultFile(parseVaultFile(both, 'f'), IDENTITY, [kek], 'f').length === 48);
  const next = fileKek(Buffer.alloc(32, 4));
  const after = rewrapVaultFile(parseVaultFile(both, 'f'), [kek], [next], isOwnStanza, 'f');
  const line = /-> kms .+\n.+\n/;
  assert.equal(line.exec(after.toString('latin1'))?.[0], line.exec(both.toString('latin1'))?.[0]);
  const file = parseVaultFile(after, 'f');
  assert.ok(openVaultFile(file, IDENTITY, [next], 'f').length === 48);
  assert.ok(
    openVaultFile(file, IDENTITY, [kms], 'f').length === 48,
    'its file key is still the same',
  );
  assert.throws(() => openVaultFile(file, IDENTITY, [kek], 'f'), { code: 'vault.key' });
});

test('[S41] Argon2id is RFC 9106: the known answer of its section 5.3', () => {
  const derivedKey = argon2Sync('argon2id', {
    message: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(16, 2),
    secret: Buffer.alloc(8, 3),
    associatedData: Buffer.alloc(12, 4),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  });
  assert.equal(
    derivedKey.toString('hex'),
    '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659',
  );
});

test('[S41] the cost follows the memory of the host, and one below the floor is refused', () => {
  assert.match(newPassphraseStanza(8 * 2 ** 30), /^argon2id m=262144,t=3,p=4 /);
  assert.match(newPassphraseStanza(2 ** 29), /^argon2id m=65536,t=3,p=4 /);
  const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
  for (const [words, code] of [
    ['m=19455,t=2,p=1', 'vault.cost'],
    ['m=19456,t=1,p=1', 'vault.cost'],
    ['m=2097153,t=3,p=4', 'vault.cost'],
    ['m=65536,t=17,p=4', 'vault.cost'],
    ['m=65536,t=3,p=17', 'vault.cost'],
    ['m=065536,t=3,p=4', 'vault.form'],
    ['m=65536,t=3', 'vault.form'],
    ['t=3,m=65536,p=4', 'vault.form'],
  ] as const) {
    const stanza = `argon2id ${words} ${salt}`;
    assert.throws(() => passphraseKek(phrase('x'), stanza, 'f'), { code }, words);
  }
  assert.throws(() => passphraseKek(phrase('x'), 'argon2id m=65536,t=3,p=4 AAAA', 'f'), {
    code: 'vault.form',
  });
});

test('[S42] a vault with a passphrase starts locked: it lists, refuses what needs a key, and opens', (t) => {
  const signer = openConnected(t);
  setCheapPassphrase(signer, 'correct horse');
  const locked = reopen(signer);
  assert.equal(locked.ring.vault.isOpen, false);
  const asked = locked.ask(
    { kind: 'listConnections' },
    { kind: 'describeVault' },
    { kind: 'queryAccount', connection: signer.connection },
    { kind: 'createConnection', name: 'second', venue: 'demo' },
    { kind: 'activateConnection', connection: signer.connection, apiKey: 'abc' },
  );
  assert.deepEqual(asked.map(outcomeOf), ['connections', 'vault', 'locked', 'locked', 'locked']);
  assert.equal(locked.place(), 'locked');
  assert.equal(locked.ring.unlock(phrase('wrong')).kind, 'wrong');
  assert.equal(locked.place(), 'locked');
  assert.equal(locked.ring.unlock(phrase('correct horse')).kind, 'open');
  assert.equal(locked.place(), 'signed');
  const unlocks = readLog(signer.directory).filter(({ kind }) => kind === 'unlock');
  assert.deepEqual(
    unlocks.map(({ by, result }) => [by, result]),
    [
      ['passphrase', 'wrong'],
      ['passphrase', 'open'],
    ],
  );
});

test('[S42] the passphrase that is set opens at the full cost, the old ways are gone, and the other way round', (t) => {
  const signer = openConnected(t);
  signer.ring.vault.setPassphrase(phrase('correct horse'), [signer.connection]);
  assert.equal(existsSync(join(signer.directory, 'unlock')), false);
  for (const name of readdirSync(join(signer.directory, 'vault'))) {
    const text = readFileSync(join(signer.directory, 'vault', name), 'latin1');
    assert.equal(text.match(/^-> /gm)?.length, 1);
    assert.match(text, /^-> argon2id m=(262144|65536),t=3,p=4 /m);
  }
  const next = reopen(signer);
  assert.equal(next.ring.unlock(phrase('correct horse')).kind, 'open');
  assert.equal(next.place(), 'signed');
  next.ring.vault.setUnattended([signer.connection]);
  const last = reopen(signer);
  assert.equal(last.place(), 'signed');
  assert.equal(last.ring.vault.isUnattended, true);
});

test('[S43] attack 32: wrong passphrases cost a wait that neither a restart nor the wall clock shortens', (t) => {
  const signer = openConnected(t);
  setCheapPassphrase(signer, 'correct horse');
  const first = reopen(signer);
  const waits = [];
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const result = first.ring.unlock(phrase('wrong'));
    waits.push(result.kind === 'wrong' ? result.waitMs : result.kind);
    first.time.pass(result.kind === 'wrong' ? result.waitMs : 0);
  }
  assert.deepEqual(waits, [0, 0, 1_000, 2_000, 4_000]);
  const time = new TestTime();
  time.wallMs = signer.time.wallMs + 3_600_000;
  const next = new OpenSigner(signer.directory, { time });
  const early = next.ring.unlock(phrase('correct horse'));
  assert.deepEqual(early, { kind: 'tooSoon', waitMs: 4_000 });
  time.wallMs += 86_400_000;
  assert.equal(next.ring.unlock(phrase('correct horse')).kind, 'tooSoon');
  time.monotonicMs += 4_000;
  assert.equal(next.ring.unlock(phrase('correct horse')).kind, 'open');
});

test('[S44] the key that a signer leaves opens the vault for the next; another does not', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.ring.vault.carried(), null, 'a file opens this vault: nothing is left');
  setCheapPassphrase(signer, 'correct horse');
  const first = reopen(signer);
  first.ring.unlock(phrase('correct horse'));
  const carried = first.ring.vault.carried();
  assert.equal(carried?.length, 32);
  const next = reopen(signer);
  assert.equal(next.ring.resume(randomBytes(32)), false);
  assert.equal(next.place(), 'locked');
  assert.equal(next.ring.resume(carried), true);
  assert.ok(carried.every((byte) => byte === 0));
  assert.equal(next.place(), 'signed');
});

test("[S45] an unlock file must be the vault's own, of the right length and its owner's alone", (t) => {
  const signer = openConnected(t);
  const path = join(signer.directory, 'unlock');
  const honest = readFileSync(path);
  writeFileSync(path, randomBytes(32));
  assert.throws(
    () => reopen(signer),
    /unlock: expected the unlock file of this vault, found another's/,
  );
  writeFileSync(path, honest.subarray(0, 31));
  assert.throws(() => reopen(signer), /unlock: expected 32 bytes, found 31/);
  rmSync(path);
  assert.throws(() => reopen(signer), /unlock: expected the unlock file of this vault, found none/);
  writeFileSync(path, honest, { mode: 0o600 });
  chmodSync(path, 0o644);
  assert.throws(() => reopen(signer), /unlock: expected mode 600/);
  chmodSync(path, 0o600);
  const elsewhere = join(signer.directory, '..', 'elsewhere');
  renameSync(path, elsewhere);
  const next = new OpenSigner(signer.directory, { time: signer.time, unlockFile: elsewhere });
  next.connection = signer.connection;
  assert.equal(next.place(), 'signed');
});

/** The directory of `signer` as the version before the vault left it: plain keys, older connections, an older log. */
function beforeTheVault(t: TestContext, signer: OpenSigner): { before: string; secret: Buffer } {
  const { directory, connection } = signer;
  const secret = sealedSecret(directory, connection);
  const file = JSON.parse(readFileSync(join(directory, 'connections'), 'utf8'));
  const [entry] = file.connections;
  delete entry.keyKind;
  delete entry.keyId;
  const before = temporaryDirectory(t);
  writePolicy(before, POLICY);
  mkdirSync(join(before, 'keys'), { mode: 0o700 });
  writeFileSync(join(before, 'keys', `${connection}.key`), secret, { mode: 0o600 });
  writeFileSync(join(before, 'connections'), JSON.stringify({ version: 1, connections: [entry] }), {
    mode: 0o600,
  });
  const born = readLog(directory).find(({ kind }) => kind === 'key.new');
  const { connection: id, name, venue, publicKey, time } = born ?? {};
  const line = { v: 1, seq: 0, time, kind: 'key.new', connection: id, name, venue, publicKey };
  const first = JSON.stringify({ ...line, prev: '0'.repeat(64) });
  const named = { v: 1, seq: 1, time, kind: 'key.active', connection: id };
  const second = JSON.stringify({ ...named, prev: hash('sha256', first, 'hex') });
  writeFileSync(join(before, 'intents.log'), `${first}\n${second}\n`, { mode: 0o600 });
  return { before, secret };
}

test('[S46] keys in plain files are sealed at the first start, the files destroyed, and that is said', (t) => {
  const signer = openConnected(t);
  const { connection } = signer;
  const { before, secret } = beforeTheVault(t, signer);
  const next = new OpenSigner(before, { time: signer.time });
  next.connection = connection;
  assert.equal(next.place(), 'signed');
  assert.match(next.said.join('\n'), /1 unencrypted keys of an earlier version are sealed/);
  assert.equal(existsSync(join(before, 'keys')), false);
  for (const path of readdirSync(before, { recursive: true }).map(String)) {
    const full = join(before, path);
    if (statSync(full).isFile())
      assert.ok(!readFileSync(full).includes(secret.subarray(-32)), path);
  }
  const again = new OpenSigner(before, { time: signer.time });
  again.connection = connection;
  assert.equal(again.place(), 'signed');
  assert.deepEqual(again.said, []);
});

test('[S46] a crash before the plain file is destroyed is made good at the next start; a stray key stops nothing', (t) => {
  const signer = openConnected(t);
  const { before } = beforeTheVault(t, signer);
  const stray = join(before, 'keys', 'c_STRAY22.key');
  writeFileSync(stray, randomBytes(48), { mode: 0o600 });
  const disk: Disk = {
    ...SYSTEM_DISK,
    unlinkSync: () => {
      throw new Error('crash');
    },
  };
  assert.throws(() => new OpenSigner(before, { time: signer.time, disk }), /crash/);
  const path = join(before, 'keys', `${signer.connection}.key`);
  assert.ok(
    readFileSync(path).every((byte) => byte === 0),
    'overwritten before it is removed',
  );
  // What the crash left may be whole or zeros; either way the sealed key is the one that counts.
  const next = new OpenSigner(before, { time: signer.time });
  next.connection = signer.connection;
  assert.equal(next.place(), 'signed');
  assert.ok(!existsSync(path) && existsSync(stray));
});

async function sealedFor(
  signer: OpenSigner,
  secret: Buffer,
  to: { readonly name: string; readonly venue: string; readonly keyKind: string },
): Promise<string> {
  const importKey = new Uint8Array(
    Buffer.from(readFileSync(join(signer.directory, 'import-key'), 'utf8'), 'base64'),
  );
  return sealSecret(new Uint8Array(secret), { importKey, ...to });
}

function reasonOf(decision: Decision | undefined): string {
  return decision?.kind === 'refused' ? decision.reason : (decision?.kind ?? 'nothing');
}

test('[S47] HPKE opens what RFC 9180 published (A.1.1, its AEAD) and what Web Crypto sealed', async () => {
  const fromHex = (text: string): Buffer => Buffer.from(text, 'hex');
  const privateKey = createPrivateKey({
    key: Buffer.concat([
      fromHex('302e020100300506032b656e04220420'),
      fromHex('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8'),
    ]),
    format: 'der',
    type: 'pkcs8',
  });
  const sealed = fromHex(
    '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431' +
      'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  );
  const info = fromHex('4f6465206f6e2061204772656369616e2055726e');
  const associated = fromHex('436f756e742d30');
  const opened = openSealed(sealed, privateKey, { info, associated, aead: 'aes-128-gcm' });
  assert.equal(opened.toString(), 'Beauty is truth, truth beauty');
  const pair = generateKeyPairSync('x25519');
  const importKey = new Uint8Array(
    pair.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32),
  );
  const to = { importKey, name: 'a', venue: 'b', keyKind: 'hmac-sha256' };
  const text = await sealSecret(new Uint8Array(Buffer.from(HMAC_SECRET)), to);
  const context = (name: string): Parameters<typeof openSealed>[2] => ({
    info: Buffer.from(IMPORT_INFO),
    associated: importContext(name, 'b', 'hmac-sha256'),
  });
  const bytes = Buffer.from(text, 'base64');
  assert.equal(openSealed(bytes, pair.privateKey, context('a')).toString(), HMAC_SECRET);
  assert.throws(() => openSealed(bytes, pair.privateKey, context('c')), { code: 'vault.other' });
  for (const at of [0, 31, 32, bytes.length - 1]) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    assert.throws(() => openSealed(changed, pair.privateKey, context('a')), {
      code: 'vault.other',
    });
  }
  const lowOrder = Buffer.concat([Buffer.alloc(32), bytes.subarray(32)]);
  assert.throws(() => openSealed(lowOrder, pair.privateKey, context('a')), { code: 'vault.other' });
});

test('[S47] an imported HMAC secret signs, is bound to its name and venue, and comes in once', async (t) => {
  const signer = openConnected(t);
  const to = { name: 'main', venue: 'binance', keyKind: 'hmac-sha256' } as const;
  const sealed = await sealedFor(signer, Buffer.from(HMAC_SECRET), to);
  const request = { kind: 'importConnection', ...to, sealed, publicKeyPem: null } as const;
  const outcome = (change: object): string => reasonOf(signer.ask({ ...request, ...change })[0]);
  assert.match(outcome({ name: 'another' }), /sealed to this vault's import key for this name/);
  assert.match(outcome({ venue: 'kraken' }), /sealed to this vault's import key for this name/);
  assert.match(outcome({ publicKeyPem: 'x' }), /expected no public half with an HMAC secret/);
  assert.equal(outcome({}), 'connections');
  const again = { ...to, name: 'second' };
  const twice = await sealedFor(signer, Buffer.from(HMAC_SECRET), again);
  assert.match(
    outcome({ ...again, sealed: twice }),
    /expected a key that is used nowhere else, found the key of c_/,
  );
  const short = await sealedFor(signer, Buffer.from('too short'), again);
  assert.match(outcome({ ...again, sealed: short }), /expected an HMAC secret of 16 to 512/);
  const log = readFileSync(join(signer.directory, 'intents.log'), 'utf8');
  assert.ok(readLog(signer.directory).some(({ kind }) => kind === 'key.import'));
  for (const form of [HMAC_SECRET, Buffer.from(HMAC_SECRET).toString('base64').slice(0, 40)]) {
    assert.ok(!log.includes(form));
    assert.ok(!JSON.stringify(signer.decisions).includes(form));
  }
  assert.equal(reopen(signer).place(), 'signed', 'the vault opens with both keys');
});

test("[S48] attacks 21, 22: an imported key must have the stated public half, and be nobody else's", async (t) => {
  const signer = openConnected(t);
  const seal = async (secret: Buffer, name: string, keyKind = 'ed25519'): Promise<string> =>
    sealedFor(signer, secret, { name, venue: 'demo', keyKind });
  const pair = generateKeyPairSync('ed25519');
  const secret = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
  const pem = pair.publicKey.export({ format: 'pem', type: 'spki' });
  const stranger = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
  const outcome = async (
    name: string,
    bytes: Buffer,
    publicKeyPem: string | null,
    keyKind: 'ed25519' | 'rsa-2048' = 'ed25519',
  ): Promise<string> =>
    reasonOf(
      signer.ask({
        kind: 'importConnection',
        name,
        venue: 'demo',
        keyKind,
        sealed: await seal(bytes, name, keyKind),
        publicKeyPem,
      })[0],
    );
  assert.match(
    await outcome('a', secret, stranger),
    /expected the public half of the sealed key, found another/,
  );
  assert.match(
    await outcome('a', secret, null),
    /expected the public half of the sealed key, found another or none/,
  );
  assert.match(await outcome('a', secret, 'no key'), /found another or none/);
  assert.match(
    await outcome('a', secret, pem, 'rsa-2048'),
    /expected a key of the kind rsa-2048, found another/,
  );
  assert.match(await outcome('a', Buffer.from('x'.repeat(64)), pem), /expected a key in PKCS #8/);
  assert.equal(await outcome('a', secret, pem), 'connections');
  assert.match(await outcome('b', secret, pem), /used nowhere else, found the key of c_/);
  const own = signer.ring.vault.own('log');
  assert.ok(own !== null);
  const logSecret = own.export({ format: 'der', type: 'pkcs8' });
  const logPem = createPublicKey(own).export({ format: 'pem', type: 'spki' });
  assert.match(
    await outcome('c', Buffer.from(logSecret), String(logPem)),
    /found the key of the vault's log/,
  );
  // The import key's seed as an Ed25519 key is the same bytes for a second purpose.
  const importKey = signer.ring.vault.own('import');
  assert.ok(importKey !== null);
  const seed = Buffer.from(importKey.export({ format: 'der', type: 'pkcs8' })).subarray(-32);
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const twin = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  const twinPem = createPublicKey(twin).export({ format: 'pem', type: 'spki' });
  assert.match(await outcome('d', der, String(twinPem)), /found the key of the vault's import/);
});

test('[S49] each kind of key signs as Binance documents it', () => {
  const connection = 'c_ABCDEF2';
  const signed = (text: string, key: KeyObject): { bytes: Buffer; text: string } => {
    const draft = { text, intent: { kind: 'queryAccount', id: 1, connection } } as RequestDraft;
    const fields = { connection, request: requestHash(text) };
    const recorded = { sequence: 1, entry: { time: 1, kind: 'intent', fields } };
    const signing = new SigningKey(key);
    const { text: written, sha256 } = signing.sign(
      approve(draft, 'rule'),
      recorded as unknown as Recorded,
    );
    const bytes = Buffer.from(written, key.type === 'secret' ? 'hex' : 'base64');
    assert.equal(sha256, hash('sha256', bytes, 'hex'));
    return { bytes, text: written };
  };
  const { key } = readKey('hmac-sha256', Buffer.from(HMAC_SECRET));
  const order =
    'side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559';
  const apiKey = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
  for (const [text, answer] of [
    [`symbol=LTCBTC&${order}`, 'c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71'],
    [
      `symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&${order}`,
      'e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3',
    ],
    [
      `apiKey=${apiKey}&price=52000.00&quantity=0.01000000&recvWindow=100&side=SELL&symbol=BTCUSDT&timeInForce=GTC&timestamp=1645423376532&type=LIMIT`,
      'aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24',
    ],
    [
      `apiKey=${apiKey}&price=0.10000000&quantity=1.00000000&recvWindow=5000&side=BUY&symbol=１２３４５６&timeInForce=GTC&timestamp=1645423376532&type=LIMIT`,
      'b33892ae8e687c939f4468c6268ddd4c40ac1af18ad19a064864c47bae0752cd',
    ],
  ] as const) {
    assert.equal(signed(text, key).text, answer);
  }
  for (const [pair, digest] of [
    [generateKeyPairSync('ed25519'), null],
    [generateKeyPairSync('rsa', { modulusLength: 2_048 }), 'sha256'],
  ] as const) {
    const made = signed('symbol=LTCBTC', pair.privateKey);
    assert.ok(verify(digest, Buffer.from('symbol=LTCBTC'), pair.publicKey, made.bytes));
    assert.equal(Buffer.from(made.text, 'base64').toString('hex'), made.bytes.toString('hex'));
  }
});

test('[S49] keys of every kind are born or taken in, survive a restart and sign requests', (t) => {
  const signer = openConnected(t);
  for (const keyKind of ['rsa-2048', 'rsa-4096'] as const) {
    const [made] = signer.ask({ kind: 'createConnection', name: keyKind, venue: 'demo', keyKind });
    const info = made?.kind === 'connections' ? made.connections[0] : undefined;
    assert.equal(info?.keyKind, keyKind);
    assert.equal(
      createPublicKey(info?.publicKeyPem ?? '').asymmetricKeyDetails?.modulusLength,
      Number(keyKind.slice(4)),
    );
    const secret = sealedSecret(signer.directory, info?.connection ?? '');
    assert.equal(readKey(keyKind, secret).publicKeyPem, info?.publicKeyPem);
  }
  assert.equal(reopen(signer).place(), 'signed');
});

/** A disk that fails one of its calls while `failing` is set. */
function failingDisk(
  call: 'openSync' | 'writeSync' | 'renameSync' | 'fdatasyncSync',
  code: string,
) {
  const state = { failing: false };
  const disk = {
    ...SYSTEM_DISK,
    [call]: (...given: readonly unknown[]) => {
      const isWrite = call !== 'openSync' || given[1] !== 'r';
      if (state.failing && isWrite) throw Object.assign(new Error(code), { code });
      return Reflect.apply(SYSTEM_DISK[call], SYSTEM_DISK, given);
    },
  } as Disk;
  return { disk, state };
}

for (const [call, code] of [
  ['openSync', 'EROFS'],
  ['writeSync', 'ENOSPC'],
  ['fdatasyncSync', 'EIO'],
  ['renameSync', 'EACCES'],
] as const) {
  test(`[S50] where ${call} fails with ${code} no key is half written, and the old ones open`, (t) => {
    const { disk, state } = failingDisk(call, code);
    const signer = openConnected(t, POLICY, disk);
    const vault = join(signer.directory, 'vault');
    const honest = new Map(
      readdirSync(vault).map((name) => [name, readFileSync(join(vault, name), 'hex')]),
    );
    state.failing = true;
    const [refused] = signer.ask({ kind: 'createConnection', name: 'second', venue: 'demo' });
    assert.equal(refused?.kind, 'refused');
    assert.throws(() => signer.ring.vault.setUnattended([signer.connection]));
    state.failing = false;
    for (const [name, content] of honest) {
      if (!name.endsWith('.vault')) continue;
      assert.equal(readFileSync(join(vault, name), 'hex'), content, `${name} is as it was`);
    }
    assert.equal(reopen(signer).place(), 'signed');
  });
}

test('[S50] a crash in the change of what opens the vault leaves every file openable by one and the same key', (t) => {
  const signer = openConnected(t);
  const pristine = join(signer.directory, '..', 'pristine');
  cpSync(signer.directory, pristine, { recursive: true });
  for (let at = 1; at <= 6; at += 1) {
    const directory = join(signer.directory, '..', `crash-${at}`);
    cpSync(pristine, directory, { recursive: true });
    let renames = 0;
    const disk: Disk = {
      ...SYSTEM_DISK,
      renameSync: (from, to) => {
        if (String(to).endsWith('.vault') && (renames += 1) === at) throw new Error('crash');
        SYSTEM_DISK.renameSync(from, to);
      },
    };
    const elsewhere = join(signer.directory, '..', `unlock-${at}`);
    const ports = { disk, time: signer.time, say: () => undefined };
    const ring = KeyRing.open(directory, ports, null);
    // Another unlock file takes the place of the first: the same two rounds as for a passphrase, without its cost.
    renameSync(join(directory, 'unlock'), elsewhere);
    assert.throws(() => ring.vault.setUnattended([signer.connection]), /crash/);
    const opens = (unlockFile: string): boolean => {
      try {
        const next = new OpenSigner(directory, { time: signer.time, unlockFile });
        next.connection = signer.connection;
        return next.place() === 'signed';
      } catch {
        return false;
      }
    };
    const [byOld, byNew] = [opens(elsewhere), opens(join(directory, 'unlock'))];
    assert.ok(byOld || byNew, `after the crash at rename ${at}`);
  }
});
