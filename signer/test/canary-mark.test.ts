// SPDX-License-Identifier: Apache-2.0
// Which connections are canaries: the vault knows, and what lies in the open says nothing of it.

import { strict as assert } from 'node:assert';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Decrypter, Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import type { Connection } from '../src/connections.ts';
import { SYSTEM_DISK } from '../src/disk.ts';
import { decodeBackup, encodeBackup } from '../src/tool/backup.ts';
import { runTool } from '../src/tool/tool.ts';
import { setCheapPassphrase } from './cheap-passphrase.ts';
import {
  API_KEY,
  openConnected,
  OpenSigner,
  readLog,
  reopen,
  temporaryDirectory,
  TestTime,
  writePolicy,
  POLICY,
} from './fixture.ts';

/** By name, whether each connection is a canary, as the signer tells the server. */
function canaries(signer: OpenSigner): Readonly<Record<string, boolean | null>> {
  const [decision] = signer.ask({ kind: 'listConnections' });
  assert.equal(decision?.kind, 'connections');
  return Object.fromEntries(decision.connections.map(({ name, isCanary }) => [name, isCanary]));
}

interface Row {
  readonly name: string;
  readonly mark: string;
}

function rows({ directory }: OpenSigner): readonly Row[] {
  const file = JSON.parse(readFileSync(join(directory, 'connections'), 'utf8')) as {
    readonly connections: readonly Row[];
  };
  return file.connections;
}

function desk(...given: Parameters<typeof openConnected>): OpenSigner {
  const signer = openConnected(...given);
  signer.adopt({ kind: 'createConnection', name: 'spot-2', venue: 'demo', isCanary: true });
  signer.ask({ kind: 'createConnection', name: 'canary old', venue: 'demo' });
  return signer;
}

async function tool(
  directory: string,
  words: readonly string[],
  { answers = [], input = Buffer.alloc(0) }: { answers?: readonly string[]; input?: Buffer } = {},
): Promise<Buffer> {
  const left = [...answers];
  const outputs: Buffer[] = [];
  const [verb = '', ...rest] = words;
  await runTool(
    directory,
    { verb, words: rest, unlockFile: null },
    {
      disk: SYSTEM_DISK,
      time: new TestTime(),
      say: () => undefined,
      ask: async () => {
        const answer = left.shift();
        return answer === undefined ? null : Buffer.from(answer);
      },
      input: () => input,
      output: (bytes) => outputs.push(bytes),
    },
  );
  return Buffer.concat(outputs);
}

test('[S250] a canary is told to the server and by nothing that lies in the open, and stays one over restarts', (t) => {
  const signer = desk(t);
  const expected = { demo: false, 'spot-2': true, 'canary old': true };
  assert.deepEqual(canaries(signer), expected);
  assert.deepEqual(canaries(reopen(signer)), expected);
  // Every connection has a mark, none like another, and no file or line of the log has the word.
  const marks = rows(signer).map(({ mark }) => mark);
  for (const mark of marks) assert.match(mark, /^[0-9a-f]{32}$/);
  assert.equal(new Set(marks).size, 3);
  const names = readdirSync(signer.directory, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(signer.directory, name)).isFile());
  assert.ok(files.includes('intents.log'));
  for (const name of files) {
    const text = readFileSync(join(signer.directory, name), 'utf8').replaceAll('canary old', '');
    assert.doesNotMatch(text, /canary/i, name);
  }
  // Births of a canary and of others are alike.
  const births = readLog(signer.directory).filter(({ kind }) => kind === 'key.new');
  const [first, ...others] = births.map((line) => Object.keys(line).toSorted().join());
  assert.equal(others.length, 2);
  for (const each of others) assert.equal(each, first);
});

test('[S250] a mark is of one connection and of one vault: exchanged or copied ones say nothing', (t) => {
  const signer = desk(t);
  const path = join(signer.directory, 'connections');
  const text = readFileSync(path, 'utf8');
  const [demo, canary] = rows(signer);
  assert.ok(demo !== undefined && canary !== undefined);
  writeFileSync(path, text.replace(demo.mark, canary.mark));
  assert.deepEqual(canaries(reopen(signer)), { demo: false, 'spot-2': true, 'canary old': true });
  writeFileSync(path, text.replace(demo.mark, 'canary'));
  assert.equal(canaries(reopen(signer))['demo'], false);
  const other = desk(t);
  assert.notEqual(rows(other)[1]?.mark, canary.mark);
});

test('[S250] connections of an earlier version get marks by their names, so that none stands out', (t) => {
  const signer = desk(t);
  const path = join(signer.directory, 'connections');
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/,\s*"mark": "[0-9a-f]{32}"/g, ''));
  assert.ok(rows(signer).every(({ mark }) => mark === undefined));
  const next = reopen(signer);
  assert.deepEqual(canaries(next), { demo: false, 'spot-2': false, 'canary old': true });
  for (const { mark } of rows(next)) assert.match(mark, /^[0-9a-f]{32}$/);
});

test('[S251] a backup of the vault knows its canaries, and another vault marks them anew; whoever opens a vault may ask', async (t) => {
  const signer = desk(t);
  const identity = await generateIdentity();
  const backup = await tool(signer.directory, ['backup', await identityToRecipient(identity)]);
  const elsewhere = temporaryDirectory(t);
  writePolicy(elsewhere, POLICY);
  await tool(elsewhere, ['restore', 'without-log'], { answers: [identity], input: backup });
  const restored = new OpenSigner(elsewhere, { time: signer.time });
  assert.deepEqual(canaries(restored), { demo: false, 'spot-2': true, 'canary old': true });
  assert.equal(
    JSON.stringify(rows(restored)).replaceAll('canary old', '').includes('canary'),
    false,
  );

  const shown = async (
    words: readonly string[],
    ...answers: readonly string[]
  ): Promise<unknown> => {
    const text = (await tool(signer.directory, words, { answers })).toString('utf8');
    const { connections } = JSON.parse(text) as { readonly connections: readonly object[] };
    return connections.map((one) => ('isCanary' in one ? one.isCanary : 'untold'));
  };
  assert.deepEqual(await shown(['show']), ['untold', 'untold', 'untold']);
  assert.deepEqual(await shown(['show-canaries']), [false, true, true]);
  setCheapPassphrase(signer, 'a long passphrase');
  assert.deepEqual(await shown(['show']), ['untold', 'untold', 'untold']);
  await assert.rejects(shown(['show-canaries'], 'wrong'), { code: 'vault.locked' });
  assert.deepEqual(await shown(['show-canaries'], 'a long passphrase'), [false, true, true]);
  // While it is locked nobody can tell.
  const locked = reopen(signer);
  assert.deepEqual(canaries(locked), { demo: null, 'spot-2': null, 'canary old': null });
  rmSync(elsewhere, { recursive: true });
});

test('[S260] what was a canary by its name in a backup of an earlier version is one where it is restored', async (t) => {
  const signer = desk(t);
  const identity = await generateIdentity();
  const recipient = await identityToRecipient(identity);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  const file = await tool(signer.directory, ['backup', recipient]);
  const plain = Buffer.from(await decrypter.decrypt(file));
  const { secrets, ...facts } = decodeBackup(plain);
  const before = facts.connections.map(({ mark, ...others }) => {
    assert.match(mark, /^(?:canary|plain)$/);
    return others as Connection;
  });
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const input = Buffer.from(
    await encrypter.encrypt(encodeBackup({ ...facts, connections: before }, secrets)),
  );
  const elsewhere = temporaryDirectory(t);
  writePolicy(elsewhere, POLICY);
  await tool(elsewhere, ['restore', 'without-log'], { answers: [identity], input });
  const restored = new OpenSigner(elsewhere, { time: signer.time });
  assert.deepEqual(canaries(restored), { demo: false, 'spot-2': false, 'canary old': true });
});

test('[S251] the key that replaces a canary’s is of the same canary', (t) => {
  const signer = desk(t);
  const replaces = signer.connection;
  const [made] = signer.ask({ kind: 'createConnection', name: 'spot-2', venue: 'demo', replaces });
  assert.equal(made?.kind, 'connections');
  const successor = made.connections[0];
  assert.equal(successor?.isCanary, false, 'until it takes over nobody watches its account twice');
  signer.ask({
    kind: 'activateConnection',
    connection: successor.connection,
    apiKey: API_KEY.split('').toReversed().join(''),
  });
  const { connections, vault } = signer.ring;
  const [old, next] = [connections.get(replaces), connections.get(successor.connection)];
  assert.ok(old !== undefined && next !== undefined);
  connections.takeOver(vault, old, next);
  const taken = connections.get(replaces);
  assert.equal(taken?.mark, old.mark);
  assert.equal(vault.isCanary(replaces, taken.mark), true);
});
