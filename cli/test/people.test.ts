// SPDX-License-Identifier: Apache-2.0
// `kontor people` as a person runs it, on a real desk; and the starts that must not be.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Passkey } from '../../test/passkey.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 60_000;

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function kontor(...args: readonly string[]): Said {
  const result = spawnSync(process.execPath, [...FLAGS, ...args], {
    encoding: 'utf8',
    input: '',
    timeout: WAIT_MS_MAX,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

function temporary(t: TestContext): string {
  const data = mkdtempSync(join(tmpdir(), 'kontor-people-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  return data;
}

interface Running {
  readonly child: ChildProcess;
  readonly origin: string;
  stop(): Promise<void>;
}

async function started(t: TestContext, data: string): Promise<Running> {
  const args = ['start', '--json', '--no-open', '--port', '0', '--data', data];
  const child = spawn(process.execPath, [...FLAGS, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const isOver = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await isOver;
  };
  t.after(stop);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const line = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${said}`)), WAIT_MS_MAX);
    child.once('exit', () => reject(new Error(`ended: ${said}`)));
    if (child.stdout === null) return reject(new Error('expected a standard output'));
    createInterface({ input: child.stdout }).once('line', (first) => {
      clearTimeout(timer);
      resolve(first);
    });
  });
  const { link } = JSON.parse(line) as { readonly link: string };
  return { child, origin: new URL(link).origin, stop };
}

/** Accepts an invitation as a browser does. */
async function accept(link: string): Promise<void> {
  const { origin, hash } = new URL(link);
  const token = hash.slice(1);
  const post = async (path: string, body: object): Promise<Record<string, string>> => {
    const response = await fetch(origin + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(WAIT_MS_MAX),
    });
    const answer: unknown = await response.json();
    assert.ok(response.ok, `${path}: ${JSON.stringify(answer)}`);
    return answer as Record<string, string>;
  };
  const { flow, challenge = '' } = await post('/auth/invitation/options', { token });
  const registration = new Passkey({ origin }).register(challenge);
  await post('/auth/invitation/accept', { token, flow, passkeyName: 'phone', registration });
}

test('[C100] people are listed, invited, changed, given codes and removed from the terminal', async (t) => {
  const data = temporary(t);
  const { origin, stop } = await started(t, data);
  const people = (...args: readonly string[]): Said => kontor('people', ...args, '--data', data);
  assert.match(people('list').out, /^Nobody has a passkey yet\. Open the desk with kontor link/);

  const invited = people('invite', 'Ada', '--role', 'owner');
  assert.equal(invited.code, 0, invited.err);
  const [link = ''] = invited.out.split('\n');
  assert.ok(link.startsWith(`${origin}/invitation#`), 'the link is under the desk’s own name');
  assert.match(people('list').out, /invited: Ada as owner, until 20/);
  await accept(link);
  await accept(people('invite', 'Ben').out.split('\n')[0] ?? '');
  assert.match(people('list').out, /NAME +ROLE +PASSKEYS +APPROVING +CODES/);
  assert.match(people('list').out, /Ben +viewer +1 +0 +0/);

  assert.match(people('role', 'Ben', 'trader').out, /^Ben is trader now\.$/m);
  const codes = people('recovery', 'Ben');
  assert.equal(codes.out.match(/^[A-Z2-9]{4}(?:-[A-Z2-9]{4}){4}$/gm)?.length, 10);
  const response = await fetch(`${origin}/auth/recovery`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ code: codes.out.split('\n')[0] }),
    signal: AbortSignal.timeout(WAIT_MS_MAX),
  });
  assert.equal(response.status, 200);
  assert.match(people('list').out, /Ben +trader +1 +0 +9/);

  const last = people('remove', 'Ada');
  assert.deepEqual([last.code, /last one/.test(last.err)], [1, true], last.err);
  await accept(people('invite', 'Ben').out.split('\n')[0] ?? '');
  const twice = people('remove', 'Ben');
  assert.equal(twice.code, 1);
  assert.match(twice.err, /expected one person named Ben, found 2/);
  const { members } = JSON.parse(people('list', '--json').out) as {
    readonly members: readonly {
      readonly person: { readonly id: string; readonly name: string };
    }[];
  };
  const [ben] = members.filter(({ person }) => person.name === 'Ben');
  assert.match(people('remove', ben?.person.id ?? '').out, /^Ben is off the desk\.$/m);
  assert.equal(people('role', 'Ada', 'king').code, 2);

  const whileRunning = people('code');
  assert.equal(whileRunning.code, 1);
  assert.match(whileRunning.err, /another Kontor is running/);
  await stop();
  const code = people('code');
  assert.equal(code.code, 0, code.err);
  assert.match(
    code.err,
    /type this code into the page People within an hour: (?:[A-Z2-9]{4}-?){4}/,
  );
  const file = join(data, 'signer', 'owner-code');
  assert.ok(existsSync(file));
  assert.equal(statSync(file).mode & 0o077, 0, 'nobody else reads it');
  assert.match(people('owners').out, /^No owner is enrolled\.$/m);
  const nobody = people('unenrol', 'Ada');
  assert.equal(nobody.code, 1);
  assert.match(nobody.err, /expected one owner named Ada, found 0/);
});

test('[C101] a start that would listen without protection says what is missing and does not begin', (t) => {
  const data = temporary(t);
  for (const [args, fault] of [
    [['--listen', '0.0.0.0:8443'], /expected --tls-cert and --tls-key, or --behind-proxy/],
    [['--listen', '0.0.0.0:8443', '--tls-cert', 'a'], /together/],
    [['--behind-proxy', '127.0.0.1'], /expected --origin/],
    [['--origin', 'http://desk.example'], /--origin: expected/],
    [['--origin', 'https://192.0.2.1'], /bound to a name/],
  ] as const) {
    const { code, err } = kontor('start', '--data', data, ...args);
    assert.equal(code, 2, err);
    assert.match(err, fault);
  }
});
