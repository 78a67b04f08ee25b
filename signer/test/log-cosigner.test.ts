// SPDX-License-Identifier: Apache-2.0
// The log's second key, of ML-DSA-44: what it signs, where it comes from, and how an older log gets one.

import { strict as assert } from 'node:assert';
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import {
  noteKey,
  openCheckpoint,
  parseVerifierKey,
  signCheckpoint,
  toCheckpointText,
  toNote,
  treeHasher,
  type NoteKey,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { SYSTEM_DISK } from '../src/disk.ts';
import { writeLine } from '../src/log/entries.ts';
import { IntentLog, type PastEntry } from '../src/log/intent-log.ts';
import { Ownership } from '../src/ownership.ts';
import { START_MS, temporaryDirectory } from './fixture.ts';

interface Opened {
  readonly log: IntentLog;
  readonly entries: readonly PastEntry[];
}

function open(directory: string, key: KeyObject, count = 0): Opened {
  const entries: PastEntry[] = [];
  const log = IntentLog.open(
    SYSTEM_DISK,
    { directory, publicDirectory: join(directory, 'log') },
    Ownership.take(SYSTEM_DISK, directory),
    (entry) => entries.push(entry),
  );
  log.attach(key, START_MS);
  for (let index = 0; index < count; index += 1) {
    log.append([{ time: START_MS, kind: 'heartbeat', fields: {} }]);
  }
  log.publishAll({ wall: START_MS + 1_500, monotonic: 0 });
  assert.equal(log.publishFault, null);
  return { log, entries };
}

function keyIn(directory: string, name: string): NoteKey {
  const key = parseVerifierKey(
    nodeCryptography,
    readFileSync(join(directory, 'log', name), 'utf8').trim(),
  );
  assert(key.ok);
  return key.value;
}

const noteIn = (directory: string): Buffer => readFileSync(join(directory, 'log', 'checkpoint'));
const newKey = (): KeyObject => generateKeyPairSync('ed25519').privateKey;

function home(t: TestContext): string {
  const directory = temporaryDirectory(t);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return directory;
}

test('[S220] each checkpoint bears two signatures of the log, of Ed25519 and of ML-DSA-44 with its time, and each is enough by itself', (t) => {
  const directory = home(t);
  open(directory, newKey(), 5);
  const [first, second] = [keyIn(directory, 'vkey'), keyIn(directory, 'vkey.ml-dsa-44')];
  assert.deepEqual([first.type, second.type], ['ed25519', 'ml-dsa-44-cosignature']);
  assert.equal(first.name, second.name);
  const note = noteIn(directory);
  for (const keys of [[first], [second], [first, second]]) {
    const opened = openCheckpoint(nodeCryptography, note, keys);
    assert(opened.ok);
    assert.equal(opened.value.checkpoint.size, 6n);
    assert.equal(opened.value.verified.length, keys.length);
  }
  const text = note.toString('utf8');
  const line = text.split('\n').at(-2) ?? '';
  const blob = Buffer.from(line.split(' ').at(-1) ?? '', 'base64');
  assert.equal(blob.length, 4 + 8 + 2_420);
  assert.equal(blob.readBigUInt64BE(4), BigInt(Math.floor((START_MS + 1_500) / 1_000)));
  // The time is signed with the rest.
  blob[11] = (blob[11] ?? 0) ^ 1;
  const changed = text.replace(line, line.replace(/[^ ]+$/, blob.toString('base64')));
  assert.equal(openCheckpoint(nodeCryptography, Buffer.from(changed), [second]).ok, false);
  assert.equal(openCheckpoint(nodeCryptography, Buffer.from(changed), [first]).ok, true);
});

test('[S221] the second key is the same at every start with the same vault, another with another, and in no file', (t) => {
  const directory = home(t);
  const key = newKey();
  const other = home(t);
  open(directory, key);
  const before = keyIn(directory, 'vkey.ml-dsa-44');
  const { entries } = open(directory, key, 1);
  assert.deepEqual(keyIn(directory, 'vkey.ml-dsa-44'), before);
  const births = entries.filter(({ fields }) => fields['note'] === 'log.new');
  assert.match(String(births[0]?.fields['cosigner']), /^[0-9a-f]{64}$/);
  assert.equal(
    entries.some(({ fields }) => fields['note'] === 'log.cosigner'),
    false,
  );
  open(other, newKey());
  assert.notDeepEqual(keyIn(other, 'vkey.ml-dsa-44').publicKey, before.publicKey);
});

test('[S222] a log that began without a second key goes on, says whose it is once, and signs with both', (t) => {
  const directory = home(t);
  const key = newKey();
  const origin = 'kontor.local/0123456789abcdef';
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32);
  const first = noteKey(nodeCryptography, { name: origin, type: 'ed25519', publicKey });
  assert(first.ok);
  const root = treeHasher(nodeCryptography).empty;
  const text = toCheckpointText({ origin, size: 0n, root, extensions: [] });
  const signed = signCheckpoint(text, first.value, (bytes) => sign(null, bytes, key), 0n);
  assert(signed.ok);
  const note = toNote({ text, signatures: [signed.value] });
  const hash = nodeCryptography.sha256(publicKey);
  const fields = { note: 'log.new', origin, key: Buffer.from(hash).toString('hex') };
  const birth = { time: START_MS, kind: 'note', fields } as const;
  mkdirSync(join(directory, 'log'), { mode: 0o750 });
  writeFileSync(join(directory, 'checkpoint'), note, { mode: 0o600 });
  writeFileSync(join(directory, 'log', 'checkpoint'), note);
  const { line } = writeLine(birth, 0, new Uint8Array(32));
  writeFileSync(join(directory, 'intents.log'), line, { mode: 0o600 });

  open(directory, key, 1);
  const { entries, log } = open(directory, key);
  const told = entries.filter(({ fields: found }) => found['note'] === 'log.cosigner');
  assert.equal(told.length, 1);
  assert.equal(log.length, 3);
  assert.equal(log.origin, origin);
  const keys = [keyIn(directory, 'vkey'), keyIn(directory, 'vkey.ml-dsa-44')];
  const opened = openCheckpoint(nodeCryptography, noteIn(directory), keys);
  assert(opened.ok);
  assert.deepEqual([opened.value.checkpoint.size, opened.value.verified.length], [3n, 2]);
});

test('[S220] a second signature that was changed in a store stops the opening', (t) => {
  const directory = home(t);
  const key = newKey();
  open(directory, key, 3);
  for (const path of [join(directory, 'checkpoint'), join(directory, 'log', 'checkpoint')]) {
    const text = readFileSync(path, 'utf8');
    const line = text.split('\n').at(-2) ?? '';
    const blob = Buffer.from(line.split(' ').at(-1) ?? '', 'base64');
    blob[500] = (blob[500] ?? 0) ^ 1;
    writeFileSync(path, text.replace(line, line.replace(/[^ ]+$/, blob.toString('base64'))));
  }
  assert.throws(() => open(directory, key), { code: 'log.store' });
});
