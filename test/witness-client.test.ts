// SPDX-License-Identifier: Apache-2.0
// The desk and its witnesses: real witnesses on real sockets, honest, silent, and shown another history.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { readWitnessList, witnessListPath } from '../server/src/witness/witness-list.ts';
import { witnessStanding } from '../server/src/witness/witness-level.ts';
import {
  openCheckpoint,
  parseSignedCheckpoint,
  parseTrustPolicy,
  proveInclusion,
  toProofFile,
  verifyForkEvidence,
  verifyProofFile,
} from '../tlog/src/index.ts';
import { nodeCryptography } from '../tlog/src/node-crypto.ts';
import { testSigner, valueOf } from '../tlog/test/keys.ts';
import { hasher, logOf } from '../tlog/test/log.ts';
import {
  ClientWorld,
  ENTRIES,
  FORGED_ENTRIES,
  listed,
  LOG,
  post,
  request,
  startWitness,
  temporaryFolder,
  treeOf,
} from './witness-world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A witness that answers whatever the test says. */
async function fakeWitness(
  t: TestContext,
  answer: (path: string) => { status: number; type?: string; body: string } | 'silence',
): Promise<string> {
  const server = createServer((asked, response) => {
    const found = answer(asked.url ?? '');
    if (found === 'silence') {
      asked.socket.destroy();
      return;
    }
    response.writeHead(found.status, { 'content-type': found.type ?? 'text/plain' });
    response.end(found.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('[Y90] a new checkpoint is cosigned by every witness, and all signatures stand under one note', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  const ben = await startWitness(t, temporaryFolder(t), { now });
  world.writeLog(20);
  world.writeList([listed('anna', anna), listed('ben', ben)]);
  await world.pass(0);
  for (const size of [33, 41]) {
    world.writeLog(size);
    await world.pass(MINUTE);
    const note = world.desk.witnessedNote();
    assert.ok(note !== undefined);
    const opened = valueOf(openCheckpoint(nodeCryptography, note, [LOG.key]));
    assert.equal(opened.checkpoint.size, BigInt(size));
    assert.equal(opened.note.signatures.length, 5, 'the log and two keys of each witness');
  }
  const { level, operators, witnesses } = world.desk.status();
  assert.deepEqual([level, operators], ['W3', 2]);
  assert.deepEqual(
    witnesses.map(({ name, state, size, isFresh }) => [name, state, size, isFresh]),
    [
      ['anna', 'cosigned', 41, true],
      ['ben', 'cosigned', 41, true],
    ],
  );
  assert.deepEqual(world.alarms, []);
});

test('[Y90] a restarted desk asks on from what the witness has, and a resting log is cosigned again', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  // Somebody of this desk has asked before, and nobody here remembers.
  assert.equal((await post(anna.url, request(0, 20))).status, 200);
  world.writeLog(33);
  world.writeList([listed('anna', anna)]);
  await world.pass(0);
  const [first] = world.desk.status().witnesses;
  assert.deepEqual([first?.state, first?.size], ['cosigned', 33]);
  await world.pass(MINUTE);
  assert.equal(world.desk.status().witnesses[0]?.cosignedAt, first?.cosignedAt);
  await world.pass(11 * MINUTE);
  assert.equal(
    world.desk.status().witnesses[0]?.cosignedAt,
    (first?.cosignedAt ?? 0) + 12 * MINUTE,
  );
});

test('[Y91] attack 35: a log cut back and signed anew is refused, and the larger checkpoint convicts it', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  world.writeLog(41);
  world.writeList([listed('anna', anna)]);
  await world.pass(0);
  world.writeLog(20);
  await world.pass(MINUTE);
  assert.equal((await post(anna.url, request(0, 20))).status, 409);
  const [alarm] = world.alarms;
  assert.ok(alarm?.kind === 'rolledBack' && alarm.evidence !== null);
  assert.deepEqual([alarm.ours, alarm.theirs], ['20', '41']);
  const kept = JSON.parse(readFileSync(alarm.evidence, 'utf8')) as { readonly second: string };
  const larger = valueOf(openCheckpoint(nodeCryptography, Buffer.from(kept.second), [LOG.key]));
  assert.equal(larger.checkpoint.size, 41n);
  assert.equal(world.desk.status().level, 'W0', 'a witness that disagrees vouches for nothing');
});

test('[Y91] a witness’s bare word that it has seen more is told as its word', async (t) => {
  const world = new ClientWorld(t);
  const url = await fakeWitness(t, (path) =>
    path === '/add-checkpoint'
      ? { status: 409, type: 'text/x.tlog.size', body: '1000\n' }
      : { status: 404, body: 'nothing\n' },
  );
  const { keys } = await startWitness(t, temporaryFolder(t));
  world.writeLog(20);
  world.writeList([listed('liar', { url, keys })]);
  await world.pass(0);
  assert.deepEqual(world.alarms, [
    { kind: 'rolledBack', witness: 'liar', evidence: null, ours: '20', theirs: '1000' },
  ]);
});

/** The same log, told otherwise to one of two witnesses. */
async function splitWorld(
  t: TestContext,
  forgedSize: number,
  ownSize: number,
): Promise<ClientWorld> {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  const ben = await startWitness(t, temporaryFolder(t), { now });
  const forged = { tree: treeOf(forgedSize, FORGED_ENTRIES) };
  assert.equal((await post(ben.url, request(0, forgedSize, forged))).status, 200);
  world.writeLog(ownSize);
  world.writeList([listed('anna', anna), listed('ben', ben)]);
  await world.pass(0);
  return world;
}

for (const [forgedSize, ownSize] of [
  [20, 20],
  [20, 33],
] as const) {
  test(`[Y92] attack 36: a second history of ${forgedSize} entries beside ours of ${ownSize} is refused, found and proven`, async (t) => {
    const world = await splitWorld(t, forgedSize, ownSize);
    const [alarm] = world.alarms;
    assert.ok(alarm?.kind === 'split', JSON.stringify(world.desk.status()));
    assert.equal(alarm.witness, 'ben');
    assert.deepEqual([alarm.ours, alarm.theirs], [String(ownSize), String(forgedSize)]);
    const kept = JSON.parse(readFileSync(alarm.evidence, 'utf8')) as {
      readonly first: string;
      readonly second: string;
      readonly olderRoot: string | null;
      readonly proof: readonly string[];
    };
    const bridge =
      kept.olderRoot === null
        ? undefined
        : {
            olderRoot: Buffer.from(kept.olderRoot, 'base64'),
            proof: kept.proof.map((hash) => Buffer.from(hash, 'base64')),
          };
    const evidence = {
      first: Buffer.from(kept.first),
      second: Buffer.from(kept.second),
      bridge,
    };
    assert.ok(verifyForkEvidence(nodeCryptography, evidence, [LOG.key]).ok);
    const { level, witnesses } = world.desk.status();
    assert.deepEqual(
      [level, ...witnesses.map(({ state }) => state)],
      ['W3', 'cosigned', 'disagrees'],
    );
  });
}

test('[Y92] attack 36: a witness that cosigned us before and was shown another branch since is found by looking', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const folder = temporaryFolder(t);
  const anna = await startWitness(t, folder, { now });
  world.writeLog(20);
  world.writeList([listed('anna', anna)]);
  await world.pass(0);
  // Her record is replaced by one of another branch, as a witness in league with the thief would.
  const forged = valueOf(
    parseSignedCheckpoint(noteOf(request(0, 20, { tree: treeOf(20, FORGED_ENTRIES) }))),
  );
  const before = anna.store.logOf(LOG.key.name)?.record;
  const note = noteOf(request(0, 20, { tree: treeOf(20, FORGED_ENTRIES) }));
  assert.ok(anna.store.replace(LOG.key.name, before, { ...forged.checkpoint, note }));
  await world.pass(6 * MINUTE);
  assert.equal(world.alarms[0]?.kind, 'split');
  anna.server.closeAllConnections();
  anna.server.close();
  await world.pass(11 * MINUTE);
  const { level, witnesses } = world.desk.status();
  assert.deepEqual(
    [level, witnesses[0]?.state],
    ['W0', 'disagrees'],
    'silence afterwards does not make it count again',
  );
});

function noteOf(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body).toString();
  return Buffer.from(text.slice(text.indexOf('\n\n') + 2));
}

test('[Y93] a dead witness stops nothing, is asked less and less, and is told of after an hour', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  let isDead = false;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  let asked = 0;
  anna.server.prependListener('request', (_request, response) => {
    asked += 1;
    if (isDead) response.socket?.destroy();
  });
  world.writeLog(20);
  world.writeList([listed('anna', anna, { relation: 'own' })]);
  await world.pass(0);
  assert.equal(world.desk.status().level, 'W1');
  isDead = true;
  world.writeLog(33);
  asked = 0;
  for (let minute = 0; minute < 55; minute += 1) await world.pass(MINUTE);
  assert.ok(asked >= 5 && asked <= 20, `asked ${asked} times in an hour`);
  assert.equal(world.desk.status().witnesses[0]?.state, 'silent');
  assert.match(world.desk.status().witnesses[0]?.reason ?? '', /does not answer/);
  assert.equal(world.desk.status().level, 'W1', 'what it signed within the hour still counts');
  assert.deepEqual(world.silences, []);
  for (let minute = 0; minute < 20; minute += 1) await world.pass(MINUTE);
  assert.equal(world.desk.status().level, 'W0');
  assert.deepEqual(world.silences, [{ witness: 'anna', isSilent: true }]);
  isDead = false;
  await world.pass(11 * MINUTE);
  assert.equal(world.desk.status().level, 'W1');
  assert.deepEqual(world.silences.at(-1), { witness: 'anna', isSilent: false });
  assert.deepEqual(world.alarms, []);
});

test('[Y94] attack 38: cosignatures from the future, of strangers and under a known name with another ID count nothing', async (t) => {
  const world = new ClientWorld(t);
  const ahead = await startWitness(t, temporaryFolder(t), { now: () => world.nowMs + HOUR });
  const honest = await startWitness(t, temporaryFolder(t), { now: () => world.nowMs });
  const stranger = await startWitness(t, temporaryFolder(t), { now: () => world.nowMs });
  world.writeLog(20);
  world.writeList([
    listed('ahead', ahead),
    // Asked at one address, known by the keys of another.
    listed('other', { url: stranger.url, keys: honest.keys }),
  ]);
  await world.pass(0);
  const { level, witnesses } = world.desk.status();
  assert.equal(level, 'W0');
  assert.match(witnesses[0]?.reason ?? '', /dated in the future/);
  assert.match(witnesses[1]?.reason ?? '', /no cosignature of a known key/);
  assert.equal(world.desk.witnessedNote(), undefined);
});

test('[Y94] what a witness sends is bounded and read strictly', async (t) => {
  const answers: readonly { status: number; type?: string; body: string }[] = [
    { status: 200, body: 'x'.repeat(600_000) },
    { status: 200, body: 'thanks\n' },
    { status: 409, body: '20\n' },
    { status: 302, body: '' },
    { status: 422, body: 'no\n' },
    { status: 500, body: 'no\n' },
  ];
  const { keys } = await startWitness(t, temporaryFolder(t));
  for (const answer of answers) {
    const world = new ClientWorld(t);
    const url = await fakeWitness(t, () => answer);
    world.writeLog(20);
    world.writeList([listed('odd', { url, keys })]);
    await world.pass(0);
    assert.equal(
      world.desk.status().witnesses[0]?.state,
      'silent',
      JSON.stringify(answer).slice(0, 60),
    );
    assert.deepEqual(world.alarms, []);
  }
});

test('[Y95] the level counts operators, and all machines of the owner are one', () => {
  const cosigner = (
    operator: string,
    relation: 'own' | 'person' | 'network',
    isFresh = true,
  ): Parameters<typeof witnessStanding>[0][number] => ({ operator, relation, isFresh });
  const cases: readonly (readonly [Parameters<typeof witnessStanding>[0], string, number])[] = [
    [[], 'W0', 0],
    [[cosigner('me', 'own'), cosigner('my firm', 'own')], 'W1', 1],
    [[cosigner('Anna', 'person', false), cosigner('me', 'own')], 'W1', 1],
    [[cosigner('Anna', 'person'), cosigner('anna', 'person')], 'W3', 1],
    [[cosigner('Anna', 'person'), cosigner('Ben', 'person'), cosigner('me', 'own')], 'W3', 3],
    [[cosigner('net', 'network'), cosigner('Ben', 'person')], 'W4', 2],
    [[cosigner('net', 'network', false)], 'W0', 0],
  ];
  for (const [cosigners, level, operators] of cases) {
    const found = witnessStanding(cosigners);
    assert.deepEqual([found.level, found.operators], [level, operators]);
  }
  assert.match(witnessStanding([]).meaning, /tamper-evident to you alone/);
});

test('[Y96] the list is read strictly, and a change is taken note of while the desk runs', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  const ben = await startWitness(t, temporaryFolder(t), { now });
  world.writeLog(20);
  await world.pass(0);
  assert.deepEqual(world.desk.status().witnesses, []);
  world.writeList([listed('anna', anna)]);
  await world.pass(MINUTE);
  world.writeList([listed('anna', anna), listed('ben', ben)]);
  await world.pass(MINUTE);
  assert.equal(world.desk.status().operators, 2);
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [{ witnesses: [listed('anna', anna), listed('anna', ben)] }, /two witnesses are called anna/],
    [{ witnesses: [listed('anna', anna), listed('ben', anna)] }, /no witness counts twice/],
    [{ witnesses: [listed('anna', anna, { url: 'ftp://a' })] }, /http:\/\/ or https/],
    [{ witnesses: [listed('anna', anna, { keys: ['nonsense'] })] }, /verifier key must read/],
    [{ witnesses: [listed('Anna', anna)] }, /witnesses\/0\/name/],
    [{ witnesses: [{ ...listed('anna', anna), weight: 3 }] }, /witnesses\/0/],
    [[], /./],
  ];
  for (const [document, reason] of wrong) {
    writeFileSync(witnessListPath(world.directory), JSON.stringify(document));
    const read = readWitnessList(world.directory);
    assert.ok(!read.ok && reason.test(read.reason), JSON.stringify(read));
    await world.pass(MINUTE);
    assert.match(world.desk.status().fault ?? '', reason);
    assert.equal(world.desk.status().witnesses.length, 2, 'the last good list stays in force');
  }
  world.writeList([listed('ben', ben)]);
  await world.pass(MINUTE);
  assert.deepEqual(
    world.desk.status().witnesses.map(({ name }) => name),
    ['ben'],
  );
  assert.equal(world.desk.status().fault, null);
});

test('[Y97] the trust policy and the witnessed checkpoint let an outsider verify an entry offline', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  const witnesses = await Promise.all(
    ['anna', 'ben', 'cleo'].map(async (name) =>
      listed(name, await startWitness(t, temporaryFolder(t), { now })),
    ),
  );
  world.writeLog(33);
  world.writeList(witnesses);
  await world.pass(0);
  const policy = valueOf(parseTrustPolicy(nodeCryptography, Buffer.from(world.desk.trustPolicy())));
  assert.deepEqual(policy.groups.at(-1)?.needed, 2);
  const note = world.desk.witnessedNote();
  assert.ok(note !== undefined);
  const signed = valueOf(parseSignedCheckpoint(note));
  const { tiles } = logOf(ENTRIES.slice(0, 33), 1);
  const { index, proof } = valueOf(proveInclusion(hasher, tiles, 5n, signed.checkpoint));
  const clock = { nowSeconds: BigInt(world.nowMs / 1000), skewSeconds: 60n };
  const check = (kept: typeof signed): boolean => {
    const file = toProofFile({ index, proof, extra: undefined, signed: kept });
    const entry = ENTRIES[5] ?? Buffer.alloc(0);
    return verifyProofFile(nodeCryptography, file, entry, { policy, ...clock }).ok;
  };
  assert.ok(check(signed));
  const signatures = signed.note.signatures.slice(0, 3);
  assert.ok(!check({ ...signed, note: { ...signed.note, signatures } }), 'one operator of three');
});

test('[Y97] of two checkpoints the better witnessed one is kept until it is old', async (t) => {
  const world = new ClientWorld(t);
  const now = (): number => world.nowMs;
  let isDead = false;
  const anna = await startWitness(t, temporaryFolder(t), { now });
  const ben = await startWitness(t, temporaryFolder(t), { now });
  ben.server.prependListener('request', (_request, response) => {
    if (isDead) response.socket?.destroy();
  });
  const sizeOf = (): bigint =>
    valueOf(parseSignedCheckpoint(world.desk.witnessedNote() ?? Buffer.alloc(0))).checkpoint.size;
  world.writeLog(20);
  world.writeList([listed('anna', anna), listed('ben', ben)]);
  await world.pass(0);
  isDead = true;
  world.writeLog(33);
  await world.pass(MINUTE);
  assert.equal(sizeOf(), 20n);
  world.writeLog(41);
  await world.pass(11 * MINUTE);
  assert.equal(sizeOf(), 41n);
});

test('[Y90] while the log has no checkpoint, or one of another key, nobody is asked', async (t) => {
  const world = new ClientWorld(t);
  let asked = 0;
  const { keys } = await startWitness(t, temporaryFolder(t));
  const url = await fakeWitness(t, () => {
    asked += 1;
    return 'silence';
  });
  world.writeList([listed('anna', { url, keys })]);
  await world.pass(0);
  assert.match(world.desk.status().witnesses[0]?.reason ?? '', /no checkpoint yet/);
  world.writeLog(20, ENTRIES, testSigner(LOG.key.name, 'ed25519', 'a thief'));
  await world.pass(MINUTE);
  assert.match(world.desk.status().witnesses[0]?.reason ?? '', /no signature of a known key/);
  assert.equal(asked, 0);
  assert.ok(!existsSync(join(world.directory, 'witness', 'checkpoint')));
});
