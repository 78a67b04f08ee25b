// SPDX-License-Identifier: Apache-2.0
// The log as a tree: what the public sees, what is signed, and what every kind of damage comes to.

import { strict as assert } from 'node:assert';
import { createHash, createHmac, generateKeyPairSync, hash, type KeyObject } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  auditLog,
  judgeLogEntry,
  openCheckpoint,
  parseVerifierKey,
  proveInclusion,
  readEntry,
  treeHasher,
  verifyInclusion,
  type SignedCheckpoint,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { IntentLog, type Entry, type PastEntry, type Successor } from '../src/log/intent-log.ts';
import { Ownership } from '../src/ownership.ts';
import {
  OpenSigner,
  readLog,
  settlingDisk,
  START_MS,
  temporaryDirectory,
  writePolicy,
  POLICY,
} from './fixture.ts';

const HASHER = treeHasher(nodeCryptography);
const HASH = 'ab'.repeat(32);
const HOUR_MS = 3_600_000;

/** A log of its own, without a signer around it. */
class TestLog {
  readonly directory: string;
  readonly key: KeyObject;
  log: IntentLog;
  seen: PastEntry[] = [];

  constructor(directory: string, key: KeyObject = generateKeyPairSync('ed25519').privateKey) {
    this.directory = directory;
    this.key = key;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.log = this.open();
  }

  open(options: { disk?: Disk; successor?: Successor; key?: KeyObject | null } = {}): IntentLog {
    const { disk = SYSTEM_DISK, key = this.key } = options;
    this.seen = [];
    this.log = IntentLog.open(
      disk,
      { directory: this.directory, publicDirectory: this.path('log') },
      Ownership.take(disk, this.directory),
      (entry) => this.seen.push(entry),
      options.successor,
    );
    if (key !== null) this.log.attach(key, START_MS);
    return this.log;
  }

  /** Appends so many entries, a thousand at a time. */
  fill(count: number): this {
    for (let left = count; left > 0; left -= 1_000) {
      this.log.append(Array.from({ length: Math.min(left, 1_000) }, (_, index) => intent(index)));
    }
    return this;
  }

  publish(): this {
    this.log.publishAll({ wall: START_MS, monotonic: 0 });
    assert.equal(this.log.publishFault, null);
    return this;
  }

  /** Yesterday's lines in the place of today's. */
  putBack(early: string): void {
    writeFileSync(this.path('intents.log'), readFileSync(join(early, 'intents.log')));
    rmSync(this.path('intents.log.ahead'), { force: true });
  }

  path(...names: string[]): string {
    return join(this.directory, ...names);
  }

  lines(): string[] {
    return readFileSync(this.path('intents.log'), 'utf8').split('\n');
  }
}

function intent(index: number): Entry {
  const fields = {
    connection: 'c_ABCDEFG',
    op: 'order.place',
    symbol: 'BTCUSDT',
    price: `26500.${index}`,
    quantity: '0.001',
    rule: 'btc',
    policy: HASH,
    request: HASH,
  };
  return { time: START_MS + index, kind: 'intent', fields };
}

function newLog(t: TestContext): TestLog {
  return new TestLog(temporaryDirectory(t));
}

const reader = (directory: string): { read: (path: string) => Uint8Array | undefined } => ({
  read: (path) => {
    const whole = join(directory, path);
    return existsSync(whole) ? readFileSync(whole) : undefined;
  },
});

/** The public half in `directory`, its checkpoint verified by the key that lies beside it. */
function openPublic(directory: string): SignedCheckpoint {
  const key = parseVerifierKey(
    nodeCryptography,
    readFileSync(join(directory, 'vkey'), 'utf8').trim(),
  );
  assert.ok(key.ok);
  const opened = openCheckpoint(nodeCryptography, readFileSync(join(directory, 'checkpoint')), [
    key.value,
  ]);
  assert.ok(opened.ok, opened.ok ? '' : opened.reason);
  return opened.value;
}

function assertSound(directory: string, size: number): SignedCheckpoint {
  const signed = openPublic(directory);
  assert.equal(Number(signed.checkpoint.size), size);
  const report = auditLog(HASHER, reader(directory), signed.checkpoint, {
    judgeEntry: judgeLogEntry,
  });
  assert.deepEqual(report.problems, []);
  return signed;
}

function publicTexts(directory: string): readonly string[] {
  const { size } = openPublic(directory).checkpoint;
  return Array.from({ length: Number(size) }, (_, index) => {
    const entry = readEntry(reader(directory), BigInt(index), size);
    assert.ok(entry.ok);
    return Buffer.from(entry.value).toString('utf8');
  });
}

test('[S100] the public sees kinds, times, rules and hashes, and a commitment to all else', (t) => {
  const signer = connected(t);
  assert.equal(
    signer.place({ price: '123.45', quantity: '0.987', clientOrderId: 'k1-mine' }),
    'signed',
  );
  assert.equal(signer.place({ price: '499.99', quantity: '7' }), 'btc: notional');
  publish(signer);
  const texts = publicTexts(join(signer.directory, 'log'));
  const all = texts.join('\n');
  for (const secret of ['123.45', '0.987', 'k1-mine', '499.99', 'BTCUSDT', 'demo', 'vmPUZE6mv9'])
    assert.ok(!all.includes(secret), `${secret} is shown`);
  const lines = readLog(signer.directory);
  const at = lines.findIndex(({ clientOrderId }) => clientOrderId === 'k1-mine');
  const { v, seq, time, kind, nonce, leaf, ...fields } = lines[at] ?? {};
  const shown = JSON.parse(texts[at] ?? '{}');
  assert.equal(v, 2);
  assert.deepEqual(
    { ...shown, commit: '' },
    {
      commit: '',
      conn: signer.connection,
      decision: 'allow',
      keyver: 1,
      kind: 'intent',
      op: 'order.place',
      policy: fields['policy'],
      rule: 'btc',
      seq,
      t: time,
      v: 1,
    },
  );
  assert.equal(kind, 'intent');
  // With code of our own: the commitment opens with the line's nonce, and the leaf is the entry's.
  const names = Object.keys(fields).toSorted();
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, fields[name]])));
  const commit = createHmac('sha256', Buffer.from(String(nonce), 'base64url')).update(canonical);
  assert.equal(shown.commit, commit.digest('hex'));
  const leafHash = createHash('sha256')
    .update(Buffer.of(0))
    .update(texts[at] ?? '');
  assert.equal(leaf, leafHash.digest('base64url'));
  const nonces = lines.flatMap((line) => ('nonce' in line ? [String(line['nonce'])] : []));
  assert.equal(new Set(nonces).size, nonces.length, 'no nonce is used twice');
  const refused = texts.map((text) => JSON.parse(text)).find((entry) => entry.kind === 'refused');
  assert.equal(refused.decision, 'deny');
  assert.equal(refused.rule, 'btc: notional');
  assert.equal(refused.reason, undefined);
});

test('[S100] attack 43: with the nonce withheld an entry’s existence, kind and time are still provable', (t) => {
  const made = newLog(t).fill(20).publish();
  const directory = made.path('log');
  const { checkpoint } = openPublic(directory);
  const entry = readEntry(reader(directory), 7n, checkpoint.size);
  const proof = proveInclusion(HASHER, reader(directory), 7n, checkpoint);
  assert.ok(entry.ok && proof.ok);
  const leaf = HASHER.leaf(entry.value);
  assert.ok(
    verifyInclusion(HASHER, { ...checkpoint, index: 7n, leaf, proof: proof.value.proof }).ok,
  );
  const shown = JSON.parse(Buffer.from(entry.value).toString('utf8'));
  assert.equal(shown.kind, 'intent');
  assert.equal(shown.t, readLog(made.directory)[7]?.['time']);
});

for (const sizes of [
  [255, 256, 257],
  [511, 512, 513],
]) {
  test(`[S101] the public half is sound at ${sizes.join(', ')} entries, and partial tiles go when the full one is there`, (t) => {
    const made = newLog(t);
    for (const size of sizes) {
      made.fill(size - made.log.length).publish();
      assertSound(made.path('log'), size);
      assert.equal(made.open().length, size, 'a start adds nothing to a log that is whole');
    }
    assert.ok(!existsSync(made.path('log', 'tile', '0', '000.p')));
    assert.ok(existsSync(made.path('log', 'tile', '0', '000')));
    const root = Buffer.from(openPublic(made.path('log')).checkpoint.root);
    assert.equal(made.log.head, root.toString('hex'));
  });
}

test('[S101] the public half is sound around 65,536 entries', (t) => {
  const made = newLog(t);
  for (const size of [30_000, 60_000, 65_535, 65_536, 65_537]) {
    made.fill(size - made.log.length).publish();
    const signed = openPublic(made.path('log'));
    assert.equal(Number(signed.checkpoint.size), size);
    assert.equal(Buffer.from(signed.checkpoint.root).toString('hex'), made.log.head);
  }
  assertSound(made.path('log'), 65_537);
  assert.equal(made.open().length, 65_537);
  assert.equal(statSync(made.path('log', 'tile', '2', '000.p', '1')).size, 32);
});

test('[S101] files of the public half are for the group to read, all others for their owner alone', (t) => {
  const made = newLog(t).fill(300).publish();
  for (const name of readdirSync(made.directory, { recursive: true }).map(String)) {
    const stat = statSync(made.path(name));
    const isPublic = name === 'log' || name.startsWith('log/');
    const expected = stat.isDirectory() ? (isPublic ? 0o750 : 0o700) : isPublic ? 0o640 : 0o600;
    assert.equal(stat.mode & 0o777, expected, name);
  }
});

test('[S102] entries are on disk before a checkpoint says so, and each piece of work is small', (t) => {
  const calls: string[] = [];
  const disk: Disk = {
    ...settlingDisk({ after: () => calls.push('sync') }),
    renameSync: (from, to) => {
      calls.push(String(to));
      SYSTEM_DISK.renameSync(from, to);
    },
  };
  const made = newLog(t);
  const log = made.open({ disk });
  log.follow(Array.from({ length: 700 }, (_, index) => intent(index)));
  calls.length = 0;
  log.tick({ wall: START_MS, monotonic: 0 });
  let most = 0;
  for (let isMore = true; isMore;) {
    const before = calls.length;
    isMore = log.publish();
    most = Math.max(most, calls.length - before);
  }
  const names = calls.map((call) => call.replace(`${made.directory}/`, ''));
  const sync = names.indexOf('sync');
  assert.ok(names.slice(0, sync).every((name) => name.startsWith('log/tile/')));
  assert.ok(sync > 0 && sync < names.indexOf('checkpoint'), 'the lines before the signature');
  assert.ok(names.indexOf('checkpoint') < names.indexOf('log/checkpoint'));
  assert.ok(names.indexOf('log/tile/entries/000') < names.indexOf('log/tile/0/000'));
  assert.ok(most <= 2, `one file at a time, found ${most}`);
  assertSound(made.path('log'), log.length);
});

test('[S102] nothing new is no new checkpoint; an hour of nothing is an entry', (t) => {
  const made = newLog(t);
  made.log.tick({ wall: START_MS, monotonic: 0 });
  while (made.log.publish());
  const before = statSync(made.path('log', 'checkpoint')).mtimeMs;
  made.log.publishAll({ wall: START_MS, monotonic: HOUR_MS - 1 });
  assert.equal(statSync(made.path('log', 'checkpoint')).mtimeMs, before);
  const { length, lastUse } = made.log;
  made.log.publishAll({ wall: START_MS + HOUR_MS, monotonic: HOUR_MS });
  assert.equal(made.log.length, length + 1);
  assert.equal(made.log.lastUse, lastUse, 'a heartbeat uses no key');
  assert.match(publicTexts(made.path('log')).at(-1) ?? '', /"kind":"heartbeat"/);
});

test('[S102] while the vault is locked entries and tiles are written, and the checkpoint follows when it opens', (t) => {
  const made = newLog(t).publish();
  const size = made.log.length;
  made.open({ key: null });
  made.fill(600);
  made.log.publishAll({ wall: START_MS, monotonic: 0 });
  assert.equal(Number(openPublic(made.path('log')).checkpoint.size), size);
  assert.ok(existsSync(made.path('log', 'tile', '0', '000')));
  made.log.attach(made.key, START_MS);
  made.publish();
  assertSound(made.path('log'), size + 600);
});

test('[S103] a log is born with the signed checkpoint of its empty tree in both stores', (t) => {
  const stopped: string[] = [];
  for (const at of [1, 2, 3, 4]) {
    const directory = temporaryDirectory(t);
    const key = generateKeyPairSync('ed25519').privateKey;
    const made = new TestLog(directory, key);
    rmSync(directory, { recursive: true });
    mkdirSync(directory, { mode: 0o700 });
    let left = at;
    const disk: Disk = {
      ...SYSTEM_DISK,
      renameSync: (from, to) => {
        if (!String(to).endsWith('owner') && (left -= 1) === 0) {
          stopped.push(String(to).slice(directory.length));
          throw Object.assign(new Error('made by the test'), { code: 'EIO', syscall: 'rename' });
        }
        SYSTEM_DISK.renameSync(from, to);
      },
    };
    try {
      made.open({ disk });
    } catch {
      // Dead at its birth: the next start makes it good.
    }
    const again = made.open();
    made.publish();
    assertSound(made.path('log'), again.length);
    const births = readLog(directory).filter(({ note }) => note === 'log.new');
    assert.equal(births.length, 1, `died at rename ${at}`);
  }
  assert.deepEqual(stopped, ['/checkpoint', '/log/checkpoint', '/log/vkey', '/log/vkey.ml-dsa-44']);
  const made = newLog(t);
  for (const path of [made.path('checkpoint'), made.path('log', 'checkpoint')]) {
    const [origin, size, root] = readFileSync(path, 'utf8').split('\n');
    assert.match(origin ?? '', /^kontor\.local\/[0-9a-f]{16}$/);
    assert.equal(size, '0');
    assert.equal(root, hash('sha256', '', 'base64'));
  }
});

// ---- Damage ----

function replaceLine(made: TestLog, pick: (lines: string[]) => void): void {
  const lines = made.lines();
  pick(lines);
  writeFileSync(made.path('intents.log'), lines.join('\n'));
}

function appendNewline(made: TestLog): void {
  writeFileSync(made.path('intents.log'), '\n', { flag: 'a' });
}

/** A line changed by somebody who knows the format: its leaf hash is right again. */
function forged(text: string): string {
  const changed = text.replace('"price":"26500.', '"price":"99999.');
  const { seq, time, nonce, leaf, v, kind, ...fields } = JSON.parse(changed);
  const names = Object.keys(fields).toSorted();
  const canonical = JSON.stringify(Object.fromEntries(names.map((name) => [name, fields[name]])));
  const commit = createHmac('sha256', Buffer.from(nonce, 'base64url'))
    .update(canonical)
    .digest('hex');
  const entry = `{"commit":"${commit}","conn":"c_ABCDEFG","decision":"allow","keyver":1,"kind":"intent","op":"order.place","policy":"${HASH}","rule":"btc","seq":${seq},"t":${time},"v":1}`;
  assert.equal(v, 2);
  assert.equal(kind, 'intent');
  const next = createHash('sha256').update(Buffer.of(0)).update(entry).digest('base64url');
  return changed.replace(leaf, next);
}

const EDITS: readonly {
  readonly what: string;
  readonly edit: (lines: string[]) => void;
  readonly message: RegExp;
}[] = [
  {
    what: 'edited',
    edit: (lines) => lines.splice(400, 1, (lines[400] ?? '').replace('26500.', '99999.')),
    message: /line 401: expected the entry that its leaf hash is of/,
  },
  {
    what: 'edited with its leaf hash',
    edit: (lines) => lines.splice(400, 1, forged(lines[400] ?? '')),
    message: /line 401: expected the entry that the signed tree has, found another/,
  },
  {
    what: 'deleted',
    edit: (lines) => lines.splice(400, 1),
    message: /line 401: expected sequence number 400/,
  },
  {
    what: 'reordered',
    edit: (lines) => lines.splice(400, 2, lines[401] ?? '', lines[400] ?? ''),
    message: /line 401: expected sequence number 400/,
  },
  {
    what: 'inserted',
    edit: (lines) => lines.splice(400, 0, lines[400] ?? ''),
    message: /line 402: expected sequence number 401/,
  },
];

for (const isSealed of [true, false]) {
  for (const { what, edit, message } of EDITS) {
    test(`[S104] attack 34: an entry ${what} ${isSealed ? 'before the seal' : 'in a log without a seal'} stops the start and is named`, (t) => {
      const made = newLog(t).fill(700).publish();
      if (!isSealed) rmSync(made.path('seal'));
      replaceLine(made, edit);
      assert.throws(() => made.open(), { code: 'log.damaged', message });
    });
  }
}

for (const { what, edit, message } of EDITS) {
  if (what === 'edited with its leaf hash') continue;
  test(`[S104] attack 34: an entry ${what} after the last checkpoint stops the start and is named`, (t) => {
    const made = newLog(t).fill(100).publish().fill(600);
    replaceLine(made, edit);
    assert.throws(() => made.open(), { code: 'log.damaged', message });
  });
}

test('[S104] attack 35: a log that was cut or rolled back, private lines alone or with a smaller tree, stops the start', (t) => {
  const made = newLog(t).fill(100).publish();
  const early = temporaryDirectory(t);
  cpSync(made.directory, early, { recursive: true });
  made.fill(100).publish();
  const cut = temporaryDirectory(t);
  cpSync(made.directory, cut, { recursive: true });
  const lines = made.lines();
  rmSync(join(cut, 'intents.log.ahead'));
  writeFileSync(join(cut, 'intents.log'), `${lines.slice(0, 150).join('\n')}\n`);
  const behind = {
    code: 'log.behind',
    message: /expected a log of at least 201 entries, found 150/,
  };
  assert.throws(() => new TestLog(cut, made.key), behind);
  truncateSync(join(cut, 'intents.log'), 0);
  assert.throws(() => new TestLog(cut, made.key), { code: 'log.behind' });

  // The signer's directory of yesterday, with its own checkpoint and seal, beside today's public half.
  const rolled = temporaryDirectory(t);
  cpSync(early, rolled, { recursive: true });
  rmSync(join(rolled, 'log'), { recursive: true });
  cpSync(made.path('log'), join(rolled, 'log'), { recursive: true });
  assert.throws(() => new TestLog(rolled, made.key), {
    code: 'log.behind',
    message: /log\/checkpoint: expected a log of at least 201 entries, found 101/,
  });
  // And the other way round: today's signer beside yesterday's public half goes on, and mends it.
  const ahead = temporaryDirectory(t);
  cpSync(made.directory, ahead, { recursive: true });
  rmSync(join(ahead, 'log'), { recursive: true });
  cpSync(join(early, 'log'), join(ahead, 'log'), { recursive: true });
  const mended = new TestLog(ahead, made.key).publish();
  assertSound(mended.path('log'), 201);
});

test('[S104] a smaller tree is signed by no signer, also where somebody grows another history to the same size', (t) => {
  const made = newLog(t).fill(50).publish();
  const other = temporaryDirectory(t);
  cpSync(made.directory, other, { recursive: true });
  made.fill(50).publish();
  const fork = new TestLog(other, made.key);
  fork.log.append(Array.from({ length: 50 }, () => intent(7)));
  fork.publish();
  // Its lines beside the checkpoints of the first: same size, another root.
  writeFileSync(fork.path('checkpoint'), readFileSync(made.path('checkpoint')));
  writeFileSync(fork.path('log', 'checkpoint'), readFileSync(made.path('log', 'checkpoint')));
  assert.throws(() => fork.open(), {
    message: /expected the tree of 101 entries that was signed, found another/,
  });
});

test('[S105] a store that is missing, damaged, or signed by another key stops the start', (t) => {
  for (const store of ['checkpoint', join('log', 'checkpoint')]) {
    const made = newLog(t).fill(10).publish();
    const path = made.path(store);
    const kept = readFileSync(path, 'utf8');
    rmSync(path);
    assert.throws(() => made.open(), {
      code: 'log.store',
      message: /expected the last checkpoint of the log, found none; .* kontor log reopen/,
    });
    for (const damage of [kept.slice(0, 60), '', kept.replace('\n', '\r\n'), `${kept}x`]) {
      writeFileSync(path, damage, { mode: 0o600 });
      assert.throws(() => made.open(), { code: 'log.store', message: /damaged/ });
    }
    const stranger = newLog(t);
    const [origin = ''] = kept.split('\n');
    const [own = ''] = readFileSync(stranger.path('checkpoint'), 'utf8').split('\n');
    writeFileSync(path, kept.replace(/.{8}=*\n$/, 'AAAAAAA=\n'));
    assert.throws(() => made.open(), { code: 'log.store' });
    writeFileSync(path, kept.replaceAll(origin, own));
    assert.throws(() => made.open(), { code: 'log.behind', message: /expected a checkpoint of/ });
    writeFileSync(path, kept);
    assert.equal(made.open().length, 11);
  }
});

test('[S106] a start reads what is sealed and computes only what came after it', (t) => {
  const made = newLog(t).fill(3_000).publish();
  made.fill(20);
  let tiles = 0;
  const disk: Disk = {
    ...SYSTEM_DISK,
    openSync: (path, flags, mode) => {
      if (String(path).includes('/tile/')) tiles += 1;
      return SYSTEM_DISK.openSync(path, flags, mode);
    },
  };
  const log = made.open({ disk });
  assert.equal(made.seen.length, 3_021, 'every entry is handed on all the same');
  assert.ok(tiles < 10, `found ${tiles} tiles read`);
  made.publish();
  const { head } = log;
  rmSync(made.path('seal'));
  assert.equal(made.open().head, head, 'with and without a seal the tree is the same');
});

test('[S106] a seal that the key did not sign is believed in nothing', (t) => {
  const made = newLog(t).fill(700).publish();
  const seal = JSON.parse(readFileSync(made.path('seal'), 'utf8'));
  replaceLine(made, (lines) => lines.splice(400, 1, forged(lines[400] ?? '')));
  const bytes = readFileSync(made.path('intents.log')).subarray(0, seal.bytes);
  writeFileSync(
    made.path('seal'),
    JSON.stringify({ ...seal, sha256: hash('sha256', bytes, 'hex') }),
  );
  assert.throws(() => made.open(), {
    code: 'log.damaged',
    message: /line 401: expected the entry that the signed tree has/,
  });
  for (const text of ['', '{', '[]', '{"size":1}']) {
    const torn = newLog(t).fill(300).publish();
    writeFileSync(torn.path('seal'), text, { mode: 0o600 });
    assert.equal(torn.open().length, 301);
  }
});

test('[S107] tiles that are lost, torn or wrong are made again from the lines', (t) => {
  const made = newLog(t)
    .fill(70_000 % 3_000)
    .publish();
  const size = made.log.length;
  const tile = (...names: string[]): string => made.path('log', 'tile', ...names);
  const edge = join('0', '003.p', readdirSync(tile('0', '003.p'))[0] ?? '');
  for (const damage of [
    () => rmSync(tile(), { recursive: true }),
    () => truncateSync(tile(edge), 33),
    () => writeFileSync(tile(edge), Buffer.alloc(statSync(tile(edge)).size)),
    () => rmSync(tile('entries'), { recursive: true }),
  ]) {
    damage();
    made.open();
    made.publish();
    assertSound(made.path('log'), size);
  }
  // In the middle nobody looks at a start: the audit names it, and without the folder it is made anew.
  writeFileSync(tile('0', '001'), Buffer.alloc(8_192));
  made.open();
  const { checkpoint } = openPublic(made.path('log'));
  assert.equal(auditLog(HASHER, reader(made.path('log')), checkpoint).isSound, false);
  rmSync(made.path('seal'));
  made.open();
  assertSound(made.path('log'), size);
});

test('[S107] no checkpoint is signed whose tiles do not show that it continues the last one', (t) => {
  const made = newLog(t).fill(600).publish();
  const { size } = openPublic(made.path('log')).checkpoint;
  writeFileSync(made.path('log', 'tile', '0', '000'), Buffer.alloc(8_192));
  rmSync(made.path('log', 'tile', '1'), { recursive: true });
  writeFileSync(made.path('log', 'tile', '1'), 'in the way');
  made.fill(300);
  made.log.publishAll({ wall: START_MS, monotonic: 0 });
  assert.match(
    made.log.publishFault ?? '',
    /expected a directory that the log can be published in/,
  );
  assert.equal(openPublic(made.path('log')).checkpoint.size, size);
});

// ---- A public half that cannot be written ----

test('[S108] where the public half cannot be written signing goes on for a while, then stops, and goes on when it can', (t) => {
  const made = newLog(t).publish();
  let isReadOnly = true;
  const disk: Disk = {
    ...SYSTEM_DISK,
    openSync: (path, flags, mode) => {
      if (isReadOnly && String(path).includes('/log/') && mode !== undefined)
        throw Object.assign(new Error('made by the test'), { code: 'EROFS', syscall: 'open' });
      return SYSTEM_DISK.openSync(path, flags, mode);
    },
  };
  const log = made.open({ disk });
  const turn = (): void => log.publishAll({ wall: START_MS, monotonic: 0 });
  for (let count = 0; count < 32; count += 1) {
    made.fill(1_000);
    turn();
  }
  assert.match(
    log.publishFault ?? '',
    /expected a directory that the log can be published in, found EROFS/,
  );
  assert.throws(() => made.fill(1_000), {
    code: 'log.publish',
    message: /expected the log to be published, found \d+ entries waiting: .*EROFS/,
  });
  const { length } = log;
  isReadOnly = false;
  turn();
  assert.equal(log.publishFault, null);
  made.fill(10).publish();
  assertSound(made.path('log'), length + 10);
});

test('[S108] what an earlier signer left unpublished is published by the next, and hinders it in nothing', (t) => {
  const made = newLog(t).publish().fill(32_000);
  made.open();
  made.fill(32_000);
  assert.throws(() => made.fill(1_000), { code: 'log.publish' });
  made.open();
  made.fill(1_000).publish();
  assertSound(made.path('log'), 65_001);
});

test('[S109] a long log is closed like a short one', (t) => {
  const made = newLog(t).fill(20_000).publish().fill(20_000).publish();
  const { origin } = made.log;
  replaceLine(made, (lines) => lines.splice(39_000));
  appendNewline(made);
  assert.throws(() => made.open(), { code: 'log.behind' });
  assert.equal(made.open({ successor: 'any' }).origin, `${origin}/2`);
  made.publish();
  assertSound(made.path('log'), 39_002);
});

test('[S108] in a flood more is published the more waits, and signing is never refused for it', (t) => {
  const made = newLog(t);
  let most = 0;
  for (let count = 0; count < 120; count += 1) {
    made.fill(500);
    made.log.relieve({ wall: START_MS, monotonic: 0 });
    most = Math.max(most, made.log.waiting);
  }
  assert.ok(most < 16_384, `${most} entries waited`);
  made.publish();
  assertSound(made.path('log'), made.log.length);
});

test('[S108] a start on a public half that cannot be written says which folder it is', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'log'), 'a file in the way');
  assert.throws(() => new TestLog(directory), {
    code: 'log.publish',
    message: /log: expected a directory that the log can be published in, found EEXIST/,
  });
});

test('[S108] a full disk while a checkpoint is written leaves the last one whole', (t) => {
  const made = newLog(t).fill(300).publish();
  const before = openPublic(made.path('log')).checkpoint;
  let left = Number.POSITIVE_INFINITY;
  const disk: Disk = {
    ...SYSTEM_DISK,
    writeSync: ((...parameters: Parameters<Disk['writeSync']>) => {
      if ((left -= 1) < 0)
        throw Object.assign(new Error('made by the test'), { code: 'ENOSPC', syscall: 'write' });
      return SYSTEM_DISK.writeSync(...parameters);
    }) as Disk['writeSync'],
  };
  const log = made.open({ disk });
  for (let at = 0; at < 6; at += 1) {
    made.fill(100);
    left = at;
    log.publishAll({ wall: START_MS, monotonic: 0 });
    left = Number.POSITIVE_INFINITY;
    const { size } = openPublic(made.path('log')).checkpoint;
    assert.ok(size >= before.size);
    assert.ok(
      auditLog(HASHER, reader(made.path('log')), openPublic(made.path('log')).checkpoint).isSound,
    );
  }
  made.publish();
  assertSound(made.path('log'), log.length);
  assert.equal(made.open().length, log.length);
});

// ---- Successors ----

test('[S109] a person closes a log whose history was lost, and it goes on under its next name', (t) => {
  const made = newLog(t).fill(300).publish();
  const early = temporaryDirectory(t);
  cpSync(made.directory, early, { recursive: true });
  const { origin } = made.log;
  made.fill(300).publish();
  const lost = openPublic(made.path('log')).checkpoint;
  made.putBack(early);
  assert.throws(() => made.open(), { code: 'log.behind' });
  assert.throws(() => made.open({ successor: 'missing' }), { code: 'log.behind' });
  assert.ok(made.open({ successor: 'any' }).isSuccessor);
  assert.equal(made.log.origin, `${origin}/2`);
  made.fill(10).publish();
  const signed = assertSound(made.path('log'), 301 + 2 + 10);
  assert.equal(signed.checkpoint.origin, `${origin}/2`);
  const notice = publicTexts(made.path('log')).map((text) => JSON.parse(text))[301];
  assert.equal(notice.kind, 'fork.notice');
  assert.equal(notice.origin, origin);
  assert.equal(notice.size, Number(lost.size));
  assert.equal(notice.root, Buffer.from(lost.root).toString('hex'));
  // The closed history stays readable as it was.
  const closed = made.path('log', 'closed', String(origin).replace('/', '_'));
  assertSound(closed, Number(lost.size));
  assert.equal(made.open().origin, `${origin}/2`, 'a later start goes on with it');
  assert.equal(made.open({ successor: 'any' }).isSuccessor, false, 'a whole log is not closed');
  made.putBack(early);
  assert.equal(made.open({ successor: 'any' }).origin, `${origin}/3`, 'no name is used twice');
});

test('[S109] a log without any checkpoint is closed by a restore, and by a vault with another key', (t) => {
  const made = newLog(t).fill(100).publish();
  const { origin } = made.log;
  rmSync(made.path('checkpoint'));
  rmSync(made.path('log'), { recursive: true });
  assert.equal(made.open({ successor: 'missing' }).origin, `${origin}/2`);
  made.publish();
  assertSound(made.path('log'), 101 + 2);
  rmSync(made.path('checkpoint'));
  rmSync(made.path('log'), { recursive: true });
  const another = new TestLog(made.directory);
  assert.equal(another.log.origin, `${origin}/3`);
  another.publish();
  assertSound(made.path('log'), 103 + 2);
});

test('[S109] killed at any rename while a log is closed, the next start goes on', (t) => {
  const source = newLog(t).fill(300).publish();
  const early = temporaryDirectory(t);
  cpSync(source.directory, early, { recursive: true });
  source.fill(300).publish();
  source.putBack(early);
  let deaths = 0;
  for (let at = 1; ; at += 1) {
    const directory = temporaryDirectory(t);
    cpSync(source.directory, directory, { recursive: true });
    let left = at;
    const disk: Disk = {
      ...SYSTEM_DISK,
      renameSync: (from, to) => {
        if (!String(to).endsWith('owner') && (left -= 1) === 0)
          throw Object.assign(new Error('made by the test'), { code: 'EIO', syscall: 'rename' });
        SYSTEM_DISK.renameSync(from, to);
      },
    };
    const made = Object.assign(Object.create(TestLog.prototype) as TestLog, {
      directory,
      key: source.key,
    });
    let hasDied = false;
    try {
      made.open({ disk, successor: 'any' });
    } catch {
      hasDied = true;
    }
    deaths += hasDied ? 1 : 0;
    made.open({ successor: 'any' });
    made.publish();
    assert.match(made.log.origin ?? '', /\/[23]$/);
    assertSound(made.path('log'), made.log.length);
    if (!hasDied) break;
  }
  assert.ok(deaths >= 5, `${deaths} deaths`);
});

// ---- The first format ----

function oldLines(count: number): string {
  let prev = '0'.repeat(64);
  let text = '';
  for (let seq = 0; seq < count; seq += 1) {
    const { time, kind, fields } = intent(seq);
    const line = JSON.stringify({ v: 1, seq, time, kind, ...fields, prev });
    prev = hash('sha256', line, 'hex');
    text += `${line}\n`;
  }
  return text;
}

test('[S110] a log of the first format is checked, moved over and kept; a crash on the way changes nothing', (t) => {
  const old = oldLines(300);
  const lastHash = hash('sha256', old.trimEnd().split('\n').at(-1) ?? '', 'hex');
  for (let at = 0; at <= 2; at += 1) {
    const directory = temporaryDirectory(t);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'intents.log'), `${old}{"v":1,"seq"`, { mode: 0o600 });
    let left = at;
    const disk: Disk = {
      ...SYSTEM_DISK,
      renameSync: (from, to) => {
        if (!String(to).endsWith('owner') && (left -= 1) === 0) throw new Error('made by the test');
        SYSTEM_DISK.renameSync(from, to);
      },
    };
    const made = Object.assign(Object.create(TestLog.prototype) as TestLog, {
      directory,
      key: generateKeyPairSync('ed25519').privateKey,
    });
    if (at > 0) assert.throws(() => made.open({ disk }), /made by the test/);
    const log = made.open();
    assert.equal(log.length, 302, 'the lines, what was done, and the birth');
    assert.equal(made.seen[17]?.fields['price'], '26500.17');
    const moved = readLog(directory)[300];
    assert.equal(moved?.['note'], 'log.moved');
    assert.equal(moved['from'], lastHash);
    assert.equal(moved['moved'], 300);
    assert.ok(log.headsAt(300).includes(lastHash), 'a backup of then still finds its place');
    assert.equal(readFileSync(join(directory, 'intents.v1.log'), 'utf8'), `${old}{"v":1,"seq"`);
    made.publish();
    assertSound(made.path('log'), 302);
    assert.equal(made.open().length, 302);
  }
});

test('[S110] a log of the first format that is damaged is not moved', (t) => {
  for (const [change, message] of [
    [
      (text: string) => text.replace('26500.5"', '99999.5"'),
      /line 7: expected the hash of the line before/,
    ],
    [(text: string) => text.replace(/.*\n/, ''), /line 1: expected sequence number 0/],
    [(text: string) => text.replace('"seq":3,', '"seq":3,x'), /line 4: expected a JSON object/],
  ] as const) {
    const directory = temporaryDirectory(t);
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const damaged = change(oldLines(20));
    writeFileSync(join(directory, 'intents.log'), damaged, { mode: 0o600 });
    assert.throws(() => new TestLog(directory), { code: 'log.damaged', message });
    assert.equal(readFileSync(join(directory, 'intents.log'), 'utf8'), damaged);
  }
});

// ---- Two signers ----

test('[S111] a signer that was overtaken publishes nothing, and one whose checkpoint was exchanged signs nothing more', (t) => {
  const made = newLog(t).fill(10).publish();
  const first = made.log;
  made.fill(10);
  const second = made.open();
  const before = readFileSync(made.path('log', 'checkpoint'));
  first.publishAll({ wall: START_MS, monotonic: 0 });
  assert.deepEqual(readFileSync(made.path('log', 'checkpoint')), before);
  made.fill(5).publish();
  for (const path of [made.path('checkpoint'), made.path('log', 'checkpoint')]) {
    const kept = readFileSync(path);
    writeFileSync(path, before);
    made.fill(1);
    made.log.publishAll({ wall: START_MS, monotonic: 0 });
    assert.throws(() => made.fill(1), {
      code: 'log.taken',
      message: /expected the checkpoint that this signer wrote last/,
    });
    writeFileSync(path, kept);
    made.open();
    made.publish();
  }
  assert.ok(second.length > 0);
});

// ---- Around a signer ----

function connected(t: TestContext): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  return new OpenSigner(directory).connect();
}

function publish(signer: OpenSigner): void {
  signer.ring.log.publishAll(signer.ring.clock.now());
  assert.equal(signer.ring.log.publishFault, null);
}

test('[S104] attack 37: killed between the intent and its signature, the order counts as signed and is never signed again', (t) => {
  const signer = connected(t);
  assert.equal(signer.place({ clientOrderId: 'k1-once' }), 'signed');
  replaceSigned(signer);
  const next = new OpenSigner(signer.directory, { time: signer.time });
  next.connection = signer.connection;
  const lookUp = {
    kind: 'lookUp',
    connection: signer.connection,
    clientOrderId: 'k1-once',
  } as const;
  const [record] = next.ask(lookUp);
  assert.equal(record?.kind === 'record' && record.signedAt, START_MS);
  assert.equal(next.place({ clientOrderId: 'k1-once' }), 'duplicate');
  publish(next);
  const shown = publicTexts(join(next.directory, 'log')).map((text) => JSON.parse(text));
  assert.equal(shown.filter(({ kind }) => kind === 'intent').length, 1);
  assert.equal(shown.filter(({ kind }) => kind === 'signed').length, 0, 'the log shows the gap');
});

/** Takes the last line, which notes a signature, as if the power had failed before it was on disk. */
function replaceSigned(signer: OpenSigner): void {
  const path = join(signer.directory, 'intents.log');
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.match(lines.at(-2) ?? '', /"kind":"signed"/);
  writeFileSync(path, `${lines.slice(0, -2).join('\n')}\n`);
}

test('[S102] a clock that was set back is on the record as it was, and the order of the log is that of its entries', (t) => {
  const signer = connected(t);
  assert.equal(signer.place(), 'signed');
  signer.time.wallMs -= HOUR_MS;
  assert.equal(signer.place(), 'clock');
  publish(signer);
  const shown = publicTexts(join(signer.directory, 'log')).map((text) => JSON.parse(text));
  assert.equal(shown.at(-1).rule, 'clock');
  assert.equal(shown.at(-1).t, START_MS - HOUR_MS);
  assert.deepEqual(
    shown.map(({ seq }) => seq),
    shown.map((_, index) => index),
  );
});
