// SPDX-License-Identifier: Apache-2.0
// The log of a whole desk behind its walls, and the commands that read it, while it runs and on a copy.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type TestDesk,
} from './harness.ts';
import { kontor, ONE_DEAL, startKontor, type Said } from './kontor-command.ts';

const log = (...given: readonly string[]): Promise<Said> => kontor(['log', ...given]);

function sizeOf(directory: string): number {
  const path = join(directory, 'log', 'checkpoint');
  return existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n')[1]) : 0;
}

function linesOf(directory: string): readonly string[] {
  return readFileSync(join(directory, 'signer', 'intents.log'), 'utf8')
    .trimEnd()
    .split('\n');
}

/** Waits until the checkpoint covers everything that has been logged by now. */
async function published(directory: string): Promise<number> {
  const wanted = linesOf(directory).length;
  return until('a checkpoint of all that was logged', () => {
    const size = sizeOf(directory);
    return size >= wanted ? size : null;
  });
}

test('[T120, T121, C80, C81, C82, C83] a desk’s log is published while it trades, outlives a killed signer, and is read, proven and audited by others', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator(['--account', 'demo', '--no-keys', '--seed', '7']);
  defer(() => simulator.stop());
  const desk: TestDesk = await startDesk({ simulator, directory, bots: [ONE_DEAL] });
  defer(() => desk.stop());
  const folder = join(directory, 'log');
  const order = await until('an order on the log', () => {
    const text = linesOf(directory).find((line) => line.includes('"op":"order.place"'));
    return text === undefined ? null : (JSON.parse(text) as Record<string, string>);
  });
  const size = await published(directory);
  assert.ok(size > 10);

  // What everybody may see says nothing of what was traded.
  for (const name of readdirSync(folder, { recursive: true }).map(String)) {
    const path = join(folder, name);
    const isDirectory = statSync(path).isDirectory();
    assert.equal(statSync(path).mode & 0o777, isDirectory ? 0o750 : 0o640, name);
    if (isDirectory) continue;
    const content = readFileSync(path);
    for (const secret of ['ETHUSDT', order['clientOrderId'] ?? '', order['price'] ?? ''])
      assert.ok(!content.includes(secret), `${name} shows ${secret}`);
  }

  // Read while the desk runs.
  const shown = await log('show', '--data', directory, '--kinds', 'intent', '--json');
  assert.equal(shown.code, 0, shown.errors);
  const { isOpen, entries } = JSON.parse(shown.out);
  assert.equal(isOpen, true);
  assert.ok(entries.every(({ kind }: { kind: string }) => kind === 'intent'));
  assert.match(shown.out, /"symbol": "ETHUSDT"/);
  const text = await log('show', '--data', directory, '--from', '0', '--limit', '3');
  assert.match(text.out, /^ {6}0 {2}\d{4}-.*\n {6}1 {2}.*\n {6}2 {2}.*\n$/);

  const vkey = readFileSync(join(folder, 'vkey'), 'utf8').trim();
  const proof = join(directory, 'order.tlog-proof');
  const id = order['clientOrderId'] ?? '';
  const proven = await log('prove', id, '--data', directory, '--open', '-o', proof);
  assert.equal(proven.code, 0, proven.errors);
  assert.equal((await log('prove', id, '--data', directory, '-o', proof)).code, 1);
  const verified = await log('verify', proof, '--key', vkey, '--json');
  assert.equal(verified.code, 0, verified.errors);
  const { index, opened, entry } = JSON.parse(verified.out);
  assert.equal(index, Number(order['seq']));
  assert.equal(opened.clientOrderId, id);
  assert.equal(entry.symbol, undefined);
  const closed = await log('prove', String(index), '--data', directory);
  assert.match(closed.out, /^c2sp\.org\/tlog-proof@v1\nextra /);
  assert.equal((await log('verify', proof, '--key', vkey.replace(/.{4}$/, 'AAAA'))).code, 1);
  const other = readFileSync(proof, 'utf8').replace(/^index \d+$/m, 'index 1');
  writeFileSync(join(directory, 'other.tlog-proof'), other);
  const wrong = await log('verify', join(directory, 'other.tlog-proof'), '--key', vkey);
  assert.equal(wrong.code, 1);
  assert.match(wrong.errors, /proves nothing/);
  assert.equal((await log('verify', proof)).code, 2);
  const beyond = await log('prove', '99999999', '--data', directory);
  assert.equal(beyond.code, 1);
  assert.match(beyond.errors, /the log has no entry 99999999 yet/);

  const audit = await log('audit', '--data', directory, '--key', vkey, '--json');
  assert.equal(audit.code, 0, audit.out);
  assert.deepEqual(
    { ...JSON.parse(audit.out), size: 0, origin: '', key: '' },
    {
      isSound: true,
      origin: '',
      size: 0,
      key: '',
      isKeyGiven: true,
      isPrivateHalfCompared: true,
      problems: [],
    },
  );

  // A signer that is killed in the midst of it goes on with the same log.
  const before = sizeOf(directory);
  const signer = desk.supervisor.reports().find(({ name }) => name === 'signer');
  process.kill(signer?.pid ?? 0, 'SIGKILL');
  await until('another signer', () => (desk.restarts.includes('signer') ? true : null));
  await until('a longer log', () => (sizeOf(directory) > before ? true : null));
  await published(directory);
  const after = await log('audit', '--data', directory, '--key', vkey);
  assert.equal(after.code, 0, after.out);

  // A copy is worth as much as the original, and what is changed in it is named.
  await desk.stop();
  assert.equal(sizeOf(directory), linesOf(directory).length, 'the end is published too');
  const copy = join(directory, 'copy');
  cpSync(folder, copy, { recursive: true });
  assert.equal((await log('audit', copy, '--key', vkey)).code, 0);
  const [partial = ''] = readdirSync(join(copy, 'tile', 'entries'));
  const bundle = join(copy, 'tile', 'entries', partial, String(sizeOf(directory) % 256));
  const bytes = readFileSync(
    partial.endsWith('.p') ? bundle : join(copy, 'tile', 'entries', partial),
  );
  const target = partial.endsWith('.p') ? bundle : join(copy, 'tile', 'entries', partial);
  const changed = Buffer.from(bytes);
  changed.write('XXXX', changed.indexOf('"order.place"') + 1);
  writeFileSync(target, changed);
  const found = await log('audit', copy, '--key', vkey);
  assert.equal(found.code, 1);
  assert.match(found.out, new RegExp(`^entry ${index} is not the one`, 'm'));
});

/** `kontor start` on a directory; resolves when it is ready, or when it has ended without being so. */
async function start(
  defer: (work: () => unknown) => void,
  directory: string,
): Promise<{ readonly isReady: boolean; readonly errors: string; stop(): Promise<void> }> {
  const given = ['start', '--data', directory, '--port', '0', '--no-open', '--json'];
  const child = startKontor(given);
  const ended = once(child, 'close');
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
  };
  defer(stop);
  let errors = '';
  child.stderr?.on('data', (part: Buffer) => (errors += part.toString()));
  const { stdout } = child;
  assert.ok(stdout !== null);
  const ready = once(stdout, 'data').then(() => true);
  const isReady = await Promise.race([ready, ended.then(() => false)]);
  return {
    isReady,
    get errors() {
      return errors;
    },
    stop,
  };
}

test('[T122, C84] a desk whose log was rolled back signs nothing and ends; its owner closes the log, and it goes on under the next name', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const first = await start(defer, directory);
  assert.ok(first.isReady, first.errors);
  await until('some entries', () => (sizeOf(directory) > 10 ? true : null));
  await first.stop();
  const origin = readFileSync(join(directory, 'log', 'checkpoint'), 'utf8').split('\n')[0] ?? '';
  const lines = linesOf(directory);
  writeFileSync(
    join(directory, 'signer', 'intents.log'),
    `${lines.slice(0, lines.length - 3).join('\n')}\n`,
  );
  // With it the next start would put back what was cut off.
  rmSync(join(directory, 'signer', 'intents.log.ahead'));
  const second = await start(defer, directory);
  await until('what is wrong', () => (second.errors.includes('kontor log reopen') ? true : null));
  assert.match(
    second.errors,
    /expected a log of at least \d+ entries, found \d+: it was cut or rolled back/,
  );
  await second.stop();
  assert.equal(linesOf(directory).length, lines.length - 3, 'nothing was signed');
  const reopened = await log('reopen', '--data', directory);
  assert.equal(reopened.code, 0, reopened.errors);
  assert.match(reopened.errors, /The log is closed and goes on as kontor\.local\/[0-9a-f]{16}\/2/);
  const third = await start(defer, directory);
  assert.ok(third.isReady, third.errors);
  await published(directory);
  await third.stop();
  const checkpoint = readFileSync(join(directory, 'log', 'checkpoint'), 'utf8');
  assert.equal(checkpoint.split('\n')[0], `${origin}/2`);
  assert.equal((await log('audit', '--data', directory)).code, 0);
  const shown = await log('show', '--data', directory, '--kinds', 'fork.notice');
  assert.ok(shown.out.includes(`origin=${origin}`));
});

test('[C85] without the signer’s folder the public half is shown, and what is missing is said', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const empty = await log('show', '--data', directory);
  assert.equal(empty.code, 1);
  assert.match(empty.errors, /expected a log with its checkpoint and vkey, found none/);
  const simulator = await startSimulator(['--account', 'demo', '--no-keys', '--seed', '7']);
  defer(() => simulator.stop());
  const desk = await startDesk({ simulator, directory, bots: [ONE_DEAL] });
  await until('some entries', () => (sizeOf(directory) > 10 ? true : null));
  await desk.stop();
  rmSync(join(directory, 'signer'), { recursive: true });
  const shown = await log('show', '--data', directory);
  assert.equal(shown.code, 0);
  assert.match(shown.out, /This is the public half/);
  assert.ok(!shown.out.includes('ETHUSDT'));
  const proof = await log('prove', '2', '--open', '--data', directory);
  assert.equal(proof.code, 1);
  assert.match(proof.errors, /found none that this user may read/);
  assert.equal((await log('prove', '2', '--data', directory)).code, 0);
  assert.equal((await log('audit', '--data', directory)).code, 0);
});
