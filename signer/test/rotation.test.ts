// SPDX-License-Identifier: Apache-2.0
// A new key in the place of an old one: when it takes over, who must agree, and what is left of the old one.

import { strict as assert } from 'node:assert';
import { generateKeyPairSync, hash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Passkey } from '../../test/passkey.ts';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { sealSecret } from '../src/seal-secret.ts';
import { runTool } from '../src/tool/tool.ts';
import type { ConnectionInfo } from '../src/index.ts';
import {
  API_KEY,
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  temporaryDirectory,
  writePolicy,
  reopen,
} from './fixture.ts';
import {
  HOUR_MS,
  DAY_MS,
  POLICY,
  GOOD,
  lives,
  check,
  infoOf,
  active,
  freeze,
  enrol,
  withSuccessor,
  buy,
  sell,
} from './life-fixture.ts';

/** Takes an owner off the list, with his own consent. */
function remove(signer: OpenSigner, owner: Passkey): void {
  const act = { kind: 'removeOwner', credential: owner.credential } as const;
  const [asked] = signer.ask({ kind: 'requestAct', act });
  assert.equal(asked?.kind, 'consent');
  const approval = owner.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed');
}

/** Runs a verb of the terminal on the signer's directory; returns what was said. */
async function atTerminal(
  { directory, time }: OpenSigner,
  verb: string,
  word: string,
): Promise<readonly string[]> {
  const said: string[] = [];
  await runTool(
    directory,
    { verb, words: [word], unlockFile: null },
    {
      disk: SYSTEM_DISK,
      time,
      say: (sentence) => said.push(sentence),
      ask: () => Promise.resolve(null),
      input: () => Buffer.alloc(0),
      output: () => assert.fail('nothing is to be printed'),
    },
  );
  return said;
}

/** A disk on which every call fails once so many have been made that change something. */
function dyingDisk(left: { calls: number }): Disk {
  const changes = ['openSync', 'writeSync', 'renameSync', 'unlinkSync', 'ftruncateSync'] as const;
  const dying = Object.fromEntries(
    changes.map((name) => [
      name,
      (...parameters: readonly unknown[]): unknown => {
        left.calls -= 1;
        if (left.calls < 0) throw new Error('the disk died');
        return Reflect.apply(SYSTEM_DISK[name], SYSTEM_DISK, parameters);
      },
    ]),
  );
  return { ...SYSTEM_DISK, ...dying };
}

/** The identifier of a key at another's account. */
const THIEF = 'identifierOfAStrangeAccount';

/** A connection in use, an enrolled owner, and a named key that the server wants in the place of the one in use. */
async function withOwner(
  t: TestContext,
  origin: 'made' | 'imported' | 'testnet',
): Promise<{
  readonly signer: OpenSigner;
  readonly successor: string;
  readonly owner: Passkey;
}> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const venue = origin === 'testnet' ? 'binance-testnet' : 'binance';
  const signer = new OpenSigner(directory).connect('main', venue);
  if (origin !== 'testnet') check(signer);
  const owner = new Passkey();
  enrol(signer, owner);
  const wanted = { name: 'main', venue, replaces: signer.connection } as const;
  const [made] = signer.ask(
    origin === 'imported'
      ? { kind: 'importConnection', ...wanted, ...(await sealedKey(signer, wanted)) }
      : { kind: 'createConnection', ...wanted },
  );
  assert.equal(made?.kind, 'connections', JSON.stringify(made));
  const successor = made.connections[0]?.connection ?? '';
  signer.ask({ kind: 'activateConnection', connection: successor, apiKey: THIEF });
  return { signer, successor, owner };
}

/** A key that was made elsewhere, sealed to the vault. */
async function sealedKey(
  signer: OpenSigner,
  { name, venue }: { readonly name: string; readonly venue: string },
): Promise<{
  readonly keyKind: 'ed25519';
  readonly sealed: string;
  readonly publicKeyPem: string;
}> {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const secret = new Uint8Array(privateKey.export({ type: 'pkcs8', format: 'der' }));
  const importKey = Uint8Array.from(signer.ring.vault.importPoint() ?? []);
  const keyKind = 'ed25519' as const;
  const sealed = await sealSecret(secret, { importKey, name, venue, keyKind });
  const publicKeyPem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  return { keyKind, sealed, publicKeyPem };
}

/** Has the rights of another connection's key checked than the one in use. */
function checkOf(signer: OpenSigner, connection: string, body: unknown = GOOD): void {
  const used = signer.connection;
  signer.connection = connection;
  check(signer, body);
  signer.connection = used;
}

/** Asks for the new key to take over and has `passkey` consent; `between` happens while the person reads. */
function confirmed(
  signer: OpenSigner,
  passkey: Passkey,
  between: () => void = () => undefined,
): { readonly text: string; readonly outcome: string } {
  const act = { kind: 'takeOver', connection: signer.connection } as const;
  const [asked] = signer.ask({ kind: 'requestAct', act });
  if (asked?.kind !== 'consent') return { text: '', outcome: outcomeOf(asked) };
  between();
  const approval = passkey.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  return { text: asked.text, outcome: outcomeOf(done) };
}

test('[S185] a crash at any call to the disk leaves the old key or the new one in use, and never both', (t) => {
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const left = { calls: Number.POSITIVE_INFINITY };
    const { signer, successor } = withSuccessor(t, dyingDisk(left));
    signer.connection = successor;
    left.calls = at;
    try {
      check(signer);
    } catch {
      // A process would be gone, or have refused for want of its log.
    }
    const hasDied = left.calls < 0;
    const next = new OpenSigner(signer.directory, { time: signer.time });
    const [listed] = next.ask({ kind: 'listConnections' });
    assert.equal(listed?.kind, 'connections');
    const own = listed.connections.find(({ replaces }) => replaces === null);
    assert.ok(own);
    const waiting = listed.connections.find(({ replaces }) => replaces !== null);
    const files = readdirSync(join(signer.directory, 'vault')).filter((name) =>
      /^c_.*\.vault$/.test(name),
    );
    assert.equal(files.length, listed.connections.length, `each key in use has its file (${at})`);
    next.connection = own.connection;
    if (waiting !== undefined) {
      next.connection = waiting.connection;
      check(next);
      next.connection = own.connection;
    }
    assert.equal(infoOf(next).state, 'active');
    assert.equal(next.place(), 'signed', `the key in use signs (${at})`);
    if (!hasDied) break;
    deaths += 1;
  }
  t.diagnostic(`${deaths} deaths`);
  assert.ok(deaths > 5);
});

test('[S184] a new key takes over once it is checked: same connection, same record, the old key destroyed', (t) => {
  const signer = active(t);
  const { connection } = signer;
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  signer.time.pass(80 * DAY_MS);
  const create = { kind: 'createConnection', name: 'main', venue: 'binance' } as const;
  assert.equal(
    outcomeOf(signer.ask({ ...create, venue: 'demo', replaces: connection })[0]),
    'connections',
  );
  const successor = (): ConnectionInfo => {
    const [made] = signer.ask({ ...create, replaces: connection });
    assert.equal(made?.kind, 'connections');
    const [info] = made.connections;
    assert.ok(info);
    return info;
  };
  const dropped = successor();
  const next = successor();
  assert.equal(next.replaces, connection);
  const vault = (): readonly string[] => readdirSync(join(signer.directory, 'vault'));
  assert.ok(
    !vault().includes(`${dropped.connection}.vault`),
    'a second successor replaces the first',
  );
  const oldPem = infoOf(signer).publicKeyPem;
  const naming = { kind: 'activateConnection', connection: next.connection } as const;
  signer.ask({ ...naming, apiKey: 'another' });
  signer.connection = next.connection;
  assert.equal(signer.place(), 'connection-probing');
  check(signer, { ...GOOD, enableWithdrawals: true });
  assert.equal(infoOf(signer, connection).publicKeyPem, oldPem, 'a key that is not in order waits');
  check(signer, { ...GOOD, createTime: signer.time.wallMs });
  signer.connection = connection;
  let last = signer;
  for (const life of lives(signer)) {
    last = life;
    const info = infoOf(life);
    assert.equal(info.publicKeyPem, next.publicKeyPem);
    assert.equal(info.state, 'active');
    assert.equal(info.expiresAt, next.createdAt + 90 * DAY_MS);
    const [listed] = life.ask({ kind: 'listConnections' });
    assert.equal(listed?.kind === 'connections' && listed.connections.length, 1);
    assert.equal(life.place(), 'signed');
    assert.equal(life.place({ clientOrderId: 'b-1' }), 'duplicate', 'one record of orders');
  }
  assert.deepEqual(
    vault().filter((name) => name.startsWith('c_')),
    [`${next.connection}.vault`],
  );
  assert.match(signer.said.join(' '), /main \(c_.*\) has its new key/);
  freeze(last);
  assert.equal(sell(last, '1'), 'signed', 'what the old key bought the new one may sell');
});

test('[S187] the server replaces a key by one of its own: it waits for an owner, and the old key stays in use', async (t) => {
  for (const origin of ['made', 'imported', 'testnet'] as const) {
    const { signer, successor, owner } = await withOwner(t, origin);
    const old = infoOf(signer);
    if (origin !== 'testnet') {
      assert.equal(infoOf(signer, successor).isReady, false, 'what is not checked is not ready');
      assert.equal(confirmed(signer, owner).outcome, 'act');
      checkOf(signer, successor);
      checkOf(signer, successor);
    }
    let last = signer;
    for (const life of lives(signer)) {
      last = life;
      const waiting = infoOf(life, successor);
      assert.deepEqual([waiting.isReady, waiting.signs], [true, 'cancels'], origin);
      assert.equal(infoOf(life).publicKeyPem, old.publicKeyPem);
      assert.equal(infoOf(life).isReady, false);
      const order = { ...placeIntent(successor), id: 900 };
      assert.equal(
        outcomeOf(life.ask(order)[0]),
        'connection-waiting',
        'no order with the new one',
      );
      assert.equal(life.place(), 'signed', 'the old key stays in use');
    }
    assert.ok(existsSync(join(signer.directory, 'vault', `${old.connection}.vault`)));
    const stranger = confirmed(last, new Passkey());
    assert.equal(stranger.outcome, 'consent');
    const { text, outcome } = confirmed(last, owner);
    assert.equal(outcome, 'performed');
    const next = infoOf(last);
    const fingerprint = (pem: string): string => hash('sha256', pem, 'hex');
    for (const line of [
      'act: use the new key of a connection, and destroy the old one',
      `connection: ${old.connection}`,
      'name: main',
      `venue: ${old.venue}`,
      `old key: ed25519, SHA-256 of its public half ${fingerprint(old.publicKeyPem)}`,
      `old key at the exchange: ${API_KEY}`,
      `new key: ed25519, SHA-256 of its public half ${fingerprint(next.publicKeyPem)}`,
      `new key at the exchange: ${THIEF}`,
      `new key was: ${origin === 'imported' ? 'made elsewhere and taken in' : 'made in this vault'}`,
    ])
      assert.ok(text.includes(`${line}\n`), `${line} in ${text}`);
    assert.notEqual(next.publicKeyPem, old.publicKeyPem);
    assert.equal(next.isReady, false);
    assert.ok(!existsSync(join(signer.directory, 'vault', `${old.connection}.vault`)));
    for (const life of lives(last)) assert.equal(life.place(), 'signed');
    assert.equal(confirmed(last, owner).outcome, 'act', 'nothing waits any more');
  }
});

test('[S201] a key that waits for an owner goes on waiting when the last owner is gone', async (t) => {
  for (const ending of ['owner', 'terminal', 'dropped'] as const) {
    const { signer, successor, owner } = await withOwner(t, 'made');
    const old = infoOf(signer);
    checkOf(signer, successor);
    remove(signer, owner);
    for (const life of lives(signer)) {
      checkOf(life, successor);
      assert.equal(infoOf(life).publicKeyPem, old.publicKeyPem, 'the old key stays in use');
      assert.equal(infoOf(life, successor).isReady, true);
      assert.equal(life.place(), 'signed');
    }
    const unasked = infoOf(signer, successor).publicKeyPem;
    const last = reopen(signer);
    if (ending === 'owner') {
      await assert.rejects(atTerminal(last, 'take-over', 'another'), /found 0/);
      const next = reopen(last);
      const later = new Passkey();
      enrol(next, later);
      await assert.rejects(atTerminal(next, 'take-over', 'main'), /expected no enrolled owner/);
      assert.equal(confirmed(reopen(next), later).outcome, 'performed');
    } else if (ending === 'terminal') {
      const said = await atTerminal(last, 'take-over', 'main');
      assert.match(said.join(' '), /main \(c_.*\) has its new key/);
      await assert.rejects(atTerminal(last, 'take-over', 'main'), /found none of this name/);
    } else {
      await atTerminal(last, 'retire', successor);
      const next = reopen(last);
      const [listed] = next.ask({ kind: 'listConnections' });
      assert.ok(listed?.kind === 'connections' && listed.connections.length === 1);
    }
    const end = reopen(signer);
    assert.equal(
      infoOf(end).publicKeyPem,
      ending === 'dropped' ? old.publicKeyPem : unasked,
      ending,
    );
    assert.equal(end.place(), 'signed');
  }
});

test('[S187] what an owner saw of a new key is what takes over: another key or identifier is asked for anew', async (t) => {
  const { signer, successor, owner } = await withOwner(t, 'made');
  const { publicKeyPem } = infoOf(signer);
  checkOf(signer, successor);
  const renamed = confirmed(signer, owner, () => {
    signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'yet another' });
    signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'thirdIdentifier' });
    checkOf(signer, successor);
  });
  assert.equal(renamed.outcome, 'act');
  const replaced = confirmed(signer, owner, () => {
    const created = { name: 'main', venue: 'binance', replaces: signer.connection } as const;
    const [made] = signer.ask({ kind: 'createConnection', ...created });
    assert.equal(made?.kind, 'connections');
    const other = made.connections[0]?.connection ?? '';
    signer.ask({ kind: 'activateConnection', connection: other, apiKey: THIEF });
    checkOf(signer, other);
  });
  assert.equal(replaced.outcome, 'act');
  assert.equal(infoOf(signer).publicKeyPem, publicKeyPem);
  assert.equal(signer.place(), 'signed');
});

test('[S187] a check that failed or is too old does not let a key take over; the old one ends as it would have', async (t) => {
  const { signer, successor, owner } = await withOwner(t, 'made');
  const { expiresAt } = infoOf(signer);
  checkOf(signer, successor);
  signer.time.pass(27 * HOUR_MS);
  assert.equal(infoOf(signer, successor).isReady, false);
  assert.equal(confirmed(signer, owner).outcome, 'act');
  checkOf(signer, successor, { ...GOOD, enableWithdrawals: true });
  assert.equal(infoOf(signer, successor).isReady, false);
  assert.equal(confirmed(signer, owner).outcome, 'act');
  assert.equal(infoOf(signer).expiresAt, expiresAt);
  signer.time.pass(90 * DAY_MS);
  assert.equal(infoOf(signer).state, 'expired');
});

test('[S200] the server names an identifier of its own for a key in use: refused where there is an owner', async (t) => {
  for (const venue of ['binance', 'demo', 'binance-testnet'] as const) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY);
    const signer = new OpenSigner(directory).connect('main', venue);
    const name = (apiKey: string, life = signer): string =>
      outcomeOf(life.ask({ kind: 'activateConnection', connection: signer.connection, apiKey })[0]);
    if (venue === 'binance') {
      enrol(signer, new Passkey());
      assert.equal(name('mistyped'), 'connections', 'a key that was never checked is not in use');
      assert.equal(name(API_KEY), 'connections');
      check(signer);
    } else {
      assert.equal(name(`${API_KEY}2`), 'connections', 'without an owner there is nobody to ask');
      assert.equal(name(API_KEY), 'connections');
      enrol(signer, new Passkey());
    }
    for (const life of lives(signer)) {
      const [refused] = life.ask({
        kind: 'activateConnection',
        connection: signer.connection,
        apiKey: THIEF,
      });
      assert.ok(refused?.kind === 'refused', venue);
      assert.match(
        refused.reason,
        /expected the exchange's identifier that the key is in use under/,
      );
      assert.equal(name(API_KEY, life), 'connections', 'the one in use may be named again');
      assert.equal(life.place(), 'signed');
      const request = life.requests.at(-1);
      assert.equal(request?.kind === 'request' && request.apiKey, API_KEY);
    }
  }
});

test('[S184] what was allowed is signed before a change that came along with it takes its key away', (t) => {
  const { signer, successor } = withSuccessor(t, SYSTEM_DISK);
  const another = { name: 'main', venue: 'binance', replaces: signer.connection } as const;
  const decisions = signer.ask(
    { kind: 'queryPermissions', connection: successor },
    { kind: 'createConnection', ...another },
  );
  assert.deepEqual(decisions.map(outcomeOf), ['signed', 'connections']);
  const together = signer.ask(placeIntent(signer.connection), {
    kind: 'freezeConnection',
    connection: signer.connection,
    cause: 'person',
  });
  assert.deepEqual(together.map(outcomeOf), ['signed', 'connections']);
  const kinds = readLog(signer.directory).map(({ kind }) => kind);
  assert.ok(
    kinds.lastIndexOf('signed') < kinds.indexOf('freeze'),
    'in the order in which they came',
  );
});

test('[S185] attack 33: the file of a key that was replaced is destroyed when it is put back', (t) => {
  const { signer, successor } = withSuccessor(t, SYSTEM_DISK);
  const old = signer.connection;
  const path = join(signer.directory, 'vault', `${old}.vault`);
  const kept = readFileSync(path);
  signer.connection = successor;
  check(signer);
  assert.ok(!existsSync(path));
  writeFileSync(path, kept, { mode: 0o600 });
  const next = new OpenSigner(signer.directory, { time: signer.time });
  assert.ok(!existsSync(path));
  assert.match(next.said.join(' '), /was still here or here again; it is destroyed/);
  next.connection = old;
  assert.equal(next.place(), 'signed');
});

test('[S184] a new key heals a quarantine, but a frozen connection stays frozen', (t) => {
  const signer = active(t);
  const { connection } = signer;
  check(signer, { ...GOOD, ipRestrict: false });
  freeze(signer);
  const [made] = signer.ask({
    kind: 'createConnection',
    name: 'main',
    venue: 'binance',
    replaces: connection,
  });
  assert.equal(made?.kind, 'connections');
  const successor = made.connections[0]?.connection ?? '';
  signer.ask({ kind: 'activateConnection', connection: successor, apiKey: 'another' });
  signer.connection = successor;
  check(signer);
  assert.deepEqual(
    [infoOf(signer, connection).state, infoOf(signer, connection).quarantined],
    ['frozen', null],
  );
});
