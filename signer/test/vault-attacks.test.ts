// SPDX-License-Identifier: Apache-2.0
// The vault under attack: failures and crashes at the worst moment, files put back, forged backups, planted names.

import { strict as assert } from 'node:assert';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { SYSTEM_DISK, writeFileAtomically, type Disk } from '../src/disk.ts';
import { KeyRing } from '../src/key-ring.ts';
import { encryptAge, decryptAge, parseAgeIdentity, parseRecipient } from '../src/tool/age.ts';
import { decodeBackup, encodeBackup } from '../src/tool/backup.ts';
import { parseVaultFile } from '../src/vault/file.ts';
import { bornKey } from '../src/vault/keys.ts';
import { runTool, type ToolPorts } from '../src/tool/tool.ts';
import { sealSecret } from '../src/seal-secret.ts';
import { openConnected, OpenSigner, readLog, temporaryDirectory, TestTime } from './fixture.ts';

const PASSPHRASE = 'a long passphrase';

/** Runs a verb on a directory; `answers` are what the person types. */
async function tool(
  directory: string,
  words: readonly string[],
  given: {
    readonly answers?: readonly string[];
    readonly input?: Buffer;
    readonly disk?: Disk;
    readonly unlockFile?: string;
  } = {},
): Promise<{ readonly said: string; readonly output: Buffer }> {
  const answers = [...(given.answers ?? [])];
  const said: string[] = [];
  const outputs: Buffer[] = [];
  const ports: ToolPorts = {
    disk: given.disk ?? SYSTEM_DISK,
    time: new TestTime(),
    say: (sentence) => said.push(sentence),
    ask: async () => {
      const answer = answers.shift();
      return answer === undefined ? null : Buffer.from(answer);
    },
    input: () => given.input ?? Buffer.alloc(0),
    output: (bytes) => outputs.push(bytes),
  };
  const [verb = '', ...rest] = words;
  await runTool(directory, { verb, words: rest, unlockFile: given.unlockFile ?? null }, ports);
  return { said: said.join('\n'), output: Buffer.concat(outputs) };
}

/** The types of the stanzas of each file of the vault. */
function waysOf(directory: string): Readonly<Record<string, string>> {
  const vault = join(directory, 'vault');
  return Object.fromEntries(
    readdirSync(vault)
      .filter((name) => name.endsWith('.vault'))
      .map((name) => {
        const { stanzas } = parseVaultFile(readFileSync(join(vault, name)), name);
        return [name, stanzas.map(({ head }) => head.split(' ')[0]).join()];
      }),
  );
}

/** A disk that dies at the `at`-th file of the vault that is put in place. */
function dyingDisk(at: number): Disk {
  let renames = 0;
  return {
    ...SYSTEM_DISK,
    renameSync: (from, to) => {
      if (String(to).endsWith('.vault') && (renames += 1) === at) throw new Error('died');
      SYSTEM_DISK.renameSync(from, to);
    },
  };
}

test('[S50] a change that fails again and again makes no key unreadable', (t) => {
  const signer = openConnected(t);
  const { directory, time } = signer;
  const unlock = join(directory, 'unlock');
  const kept = join(directory, '..', 'kept');
  for (let count = 0; count < 12; count += 1) {
    const ports = { disk: dyingDisk(3), time, say: () => undefined };
    const ring = KeyRing.open(directory, ports, null);
    renameSync(unlock, kept);
    // Three files: the third, that of the import key, is not written any more.
    assert.throws(() => ring.vault.setUnattended([signer.connection]), /died/);
    renameSync(kept, unlock);
  }
  const next = new OpenSigner(directory, { time });
  next.connection = signer.connection;
  assert.equal(next.place(), 'signed');
});

test('[S42, S50] a passphrase that was set but for a crash closes the old way at the next opening', async (t) => {
  const { directory } = openConnected(t);
  // The fourth to be put in place is the import key's file without the old way; the log key's is the fifth.
  await assert.rejects(
    tool(directory, ['passphrase'], { answers: [PASSPHRASE], disk: dyingDisk(5) }),
    /died/,
  );
  assert.equal(waysOf(directory)['import.vault'], 'argon2id');
  assert.ok(existsSync(join(directory, 'unlock')), 'the check can fail: the crash left it');
  const signer = new OpenSigner(directory);
  assert.equal(signer.ring.unlock(Buffer.from(PASSPHRASE)).kind, 'open');
  assert.deepEqual(new Set(Object.values(waysOf(directory))), new Set(['argon2id']));
  assert.equal(existsSync(join(directory, 'unlock')), false);
});

test('[S42] going unattended that failed leaves no file that opens a key', async (t) => {
  const { directory } = openConnected(t);
  await tool(directory, ['passphrase'], { answers: [PASSPHRASE] });
  await assert.rejects(
    tool(directory, ['unattended'], { answers: [PASSPHRASE], disk: dyingDisk(2) }),
    /died/,
  );
  assert.equal(existsSync(join(directory, 'unlock')), false);
});

test('[S53] a retired key that a crash left, or that was put back alone, is destroyed at the next start', async (t) => {
  const { directory, connection } = openConnected(t);
  const file = join(directory, 'vault', `${connection}.vault`);
  const older = readFileSync(file);
  const disk: Disk = {
    ...SYSTEM_DISK,
    unlinkSync: (path) => {
      if (path === file) throw new Error('died');
      SYSTEM_DISK.unlinkSync(path);
    },
  };
  await assert.rejects(tool(directory, ['retire', 'demo'], { disk }), /died/);
  assert.ok(existsSync(file));
  const first = new OpenSigner(directory);
  assert.equal(existsSync(file), false);
  assert.match(first.said.join(), /retired.+destroyed/);
  writeFileSync(file, older, { mode: 0o600 });
  assert.equal(new OpenSigner(directory).said.length, 1);
  assert.equal(existsSync(file), false);
  assert.deepEqual(new OpenSigner(directory).said, []);
});

interface Kept {
  readonly identity: string;
  readonly recipient: string;
  readonly backup: Buffer;
}

async function backupOf(directory: string): Promise<Kept> {
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const { output: backup } = await tool(directory, ['backup', recipient]);
  return { identity, recipient, backup };
}

test('[S53] a forged backup does not exchange the key of a connection that the log knows', async (t) => {
  const { directory, connection } = openConnected(t);
  const { identity, recipient, backup } = await backupOf(directory);
  // An age file says nothing of who made it: whoever knows the recipient can.
  const { secrets, ...facts } = decodeBackup(
    decryptAge(backup, parseAgeIdentity(Buffer.from(identity))),
  );
  const { secret } = bornKey('ed25519');
  const forged = encodeBackup(facts, new Map([...secrets, [connection, secret]]));
  for (const path of ['vault', 'unlock', 'connections'])
    rmSync(join(directory, path), { recursive: true });
  const input = encryptAge(forged, parseRecipient(recipient));
  const { said } = await tool(directory, ['restore'], { answers: [identity], input });
  assert.match(said, /demo: refused, the log knows another key of it/);
  assert.equal(readLog(directory).filter(({ kind }) => kind === 'key.import').length, 0);
  const honest = await tool(directory, ['restore'], { answers: [identity], input: backup });
  assert.match(honest.said, /demo: put back/);
});

test("[S53] a restore beside a log whose last vault is another's changes nothing", async (t) => {
  const { directory } = openConnected(t);
  const { identity, backup } = await backupOf(directory);
  for (const path of ['vault', 'unlock', 'connections'])
    rmSync(join(directory, path), { recursive: true });
  // The desk went on with a new vault, which is lost as well.
  assert.equal(new OpenSigner(directory).ring.vault.isOpen, true);
  for (const path of ['vault', 'unlock']) rmSync(join(directory, path), { recursive: true });
  const given = { answers: [identity], input: backup };
  await assert.rejects(tool(directory, ['restore'], given), { code: 'vault.other' });
  assert.deepEqual(readdirSync(join(directory, 'vault')), []);
  assert.equal(existsSync(join(directory, 'unlock')), false);
});

test('[S45] what is written goes through no link and into no file that was planted for it', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(directory, { mode: 0o700 });
  const target = join(directory, 'target');
  writeFileSync(target, 'precious');
  symlinkSync(target, join(directory, 'unlock.new'));
  writeFileAtomically(SYSTEM_DISK, join(directory, 'unlock'), Buffer.from('secret'));
  assert.equal(readFileSync(target, 'utf8'), 'precious');
  assert.equal(readFileSync(join(directory, 'unlock'), 'utf8'), 'secret');
  const planted = join(directory, 'second.new');
  writeFileSync(planted, 'x', { mode: 0o666 });
  const spy = SYSTEM_DISK.openSync(planted, 'r');
  writeFileAtomically(SYSTEM_DISK, join(directory, 'second'), Buffer.from('secret'));
  const seen = Buffer.alloc(16);
  const count = SYSTEM_DISK.readSync(spy, seen, 0, 16, 0);
  SYSTEM_DISK.closeSync(spy);
  assert.equal(seen.toString('latin1', 0, count), 'x', 'who held the planted file sees nothing');
});

test("[S48] a secret that is given as the key's identifier is refused, and written nowhere", async (t) => {
  const signer = openConnected(t);
  const secret = ['NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP', '1e3UZjInClVN65XAbvqqM6A7H5fATj0j'].join('');
  const importKey = Uint8Array.from(signer.ring.vault.importPoint() ?? []);
  const bound = { name: 'main', venue: 'binance', keyKind: 'hmac-sha256' } as const;
  const sealed = await sealSecret(new TextEncoder().encode(secret), { importKey, ...bound });
  const [made] = signer.ask({ kind: 'importConnection', ...bound, sealed, publicKeyPem: null });
  const connection = made?.kind === 'connections' ? made.connections[0]?.connection : undefined;
  assert.ok(connection);
  const [refused] = signer.ask({ kind: 'activateConnection', connection, apiKey: secret });
  assert.match(refused?.kind === 'refused' ? refused.reason : '', /found the secret itself/);
  for (const name of ['connections', 'intents.log'])
    assert.ok(!readFileSync(join(signer.directory, name), 'utf8').includes(secret), name);
  const [active] = signer.ask({ kind: 'activateConnection', connection, apiKey: 'anIdentifier' });
  assert.equal(active?.kind, 'connections');
});
