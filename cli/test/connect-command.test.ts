// SPDX-License-Identifier: Apache-2.0
// `kontor connect list`, `freeze`, `rotate` and `kontor vault thaw` as a person runs them, on a real desk.

import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { api } from '@kontor/server';
import { stateLines } from '../src/connection-lines.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 60_000;
const POLL_MS = 50;
const DAY_MS = 86_400_000;

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function kontor(...args: readonly string[]): Said {
  const result = spawnSync(process.execPath, [...FLAGS, ...args], {
    encoding: 'utf8',
    timeout: WAIT_MS_MAX,
  });
  return { code: result.status, out: result.stdout, err: result.stderr };
}

/** A desk on the demo exchange, ready to be asked. */
async function startDesk(data: string): Promise<{ readonly stop: () => Promise<void> }> {
  const child: ChildProcess = spawn(
    process.execPath,
    [...FLAGS, 'start', '--json', '--no-open', '--port', '0', '--data', data],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  let errors = '';
  let isReady = false;
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (errors += text));
  if (child.stdout !== null)
    createInterface({ input: child.stdout }).on('line', () => (isReady = true));
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const deadline = performance.now() + WAIT_MS_MAX;
  while (!isReady) {
    assert.ok(performance.now() < deadline, `the desk is not there: ${errors}`);
    await delay(POLL_MS);
  }
  return {
    async stop() {
      child.kill('SIGTERM');
      await exit;
    },
  };
}

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-connect-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return join(directory, 'desk');
}

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly replaces: string | null;
}

test('[C110, C111, C112, C113, C200, C215] a desk’s connection is listed, frozen with and without the desk, thawed and renewed', async (t) => {
  const data = scratch(t);
  const list = (): readonly Listed[] =>
    JSON.parse(kontor('connect', 'list', '--json', '--data', data).out);
  const nowhere = kontor('connect', 'freeze', '--all', '--data', data);
  assert.equal(nowhere.code, 1);
  assert.match(nowhere.err, /there is no desk in/);

  let desk = await startDesk(data);
  t.after(() => desk.stop());
  const shown = kontor('connect', 'list', '--data', data);
  assert.match(shown.out, /^demo {2}c_[A-Z2-7]{7} {2}demo {2}ed25519$/m);
  assert.match(shown.out, /active; signed: what the policy allows; grade [AB]; \d+ days left/);

  // C215: words for people, and what a key for another exchange waits for.
  const wrong = kontor('connect', 'new', 'a/b', '--venue', 'binance', '--data', data);
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /^error: name: expected 1 to 40 of letters, .*found "a\/b"$/m);
  const short = kontor('connect', 'activate', 'demo', 'TooShortToBeOne', '--data', data);
  assert.match(short.err, /expected an API key as the exchange shows it, .*found 15 characters/);
  assert.ok(!short.err.includes('TooShort'), 'it may be a secret');
  const waits = /^waits: this desk trades at demo\. A key for binance is kept in the vault/m;
  const other = kontor('connect', 'new', 'other', '--venue', 'binance', '--data', data);
  assert.match(other.out, waits);
  const named = kontor('connect', 'activate', 'other', 'a1'.repeat(32), '--data', data);
  assert.match(named.err, /The rights of the key were not checked yet: expected a key for demo, /);
  assert.match(named.out, /^ {2}waits: this desk trades at demo\./m);
  assert.doesNotMatch(shown.out, /waits:/);

  const frozen = kontor('connect', 'freeze', 'demo', '--data', data);
  assert.equal(frozen.code, 0, frozen.err);
  assert.match(frozen.out, /frozen; signed: exits, cancels and reads/);
  assert.match(frozen.out, /frozen since \S+ \(terminal\); an owner thaws it on the page/);
  assert.match(
    kontor('status', '--data', data).out,
    /^desk .*, degraded$[^]*^connection demo is frozen; kontor connect list says why$/m,
  );

  assert.match(
    kontor('connect', 'freeze', 'dmo', '--data', data).out,
    /^No connection is named dmo, so all are frozen\.$/m,
  );

  const running = kontor('vault', 'thaw', 'demo', '--data', data);
  assert.equal(running.code, 1, 'not while the desk runs');
  await desk.stop();
  const thawed = kontor('vault', 'thaw', 'demo', '--data', data);
  assert.equal(thawed.code, 0, thawed.err);
  assert.match(thawed.err, /demo \(c_.*\) signs new risk again/);
  assert.equal(kontor('vault', 'thaw', 'demo', '--data', data).code, 1, 'there is nothing to thaw');
  const noKey = kontor('vault', 'take-over', 'demo', '--data', data);
  assert.equal(noKey.code, 1);
  assert.match(noKey.err, /expected a connection with a new key that waits, found none/);

  const alone = kontor('connect', 'freeze', '--all', '--data', data);
  assert.equal(alone.code, 0, alone.err);
  assert.match(alone.out, /The desk does not answer; its signer obeys before it signs anything/);
  assert.equal(readFileSync(join(data, 'signer', 'freeze'), 'utf8'), '*\n');
  desk = await startDesk(data);
  assert.deepEqual(
    list()
      .filter(({ name }) => name === 'demo')
      .map(({ state }) => state),
    ['frozen'],
  );
  assert.ok(!existsSync(join(data, 'signer', 'freeze')));

  const renewed = kontor('connect', 'rotate', 'demo', '--data', data);
  assert.equal(renewed.code, 0, renewed.err);
  assert.match(renewed.out, /BEGIN PUBLIC KEY[\s\S]+kontor connect activate c_[A-Z2-7]{7} /);
  assert.match(renewed.out, /Delete the old key at the exchange/);
  const [own] = list();
  assert.ok(list().some(({ replaces }) => replaces === own?.id));
  const listed = kontor('connect', 'list', '--data', data).out;
  assert.match(listed, /replaces the key of c_/);
  assert.equal(listed.match(/; 90 days left, /g)?.length, 3, listed);
  assert.equal(kontor('connect', 'freeze', '--data', data).code, 2);
  assert.equal(kontor('connect', 'freeze', 'demo', '--all', '--data', data).code, 2);
});

test('[C110, C113] the days that are left are told, and what comes after the end', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  const lines = (left: number, closing = 10, isReady = false): string =>
    stateLines(
      {
        ...{
          id: 'c_ABCDEF2',
          name: 'main',
          venue: 'binance',
          keyKind: 'ed25519',
          publicKeyPem: '',
        },
        ...{ state: 'active', signs: 'all', grade: 'A', createdAt: now, reducesUntil: now },
        ...{ checkedAt: now, isIpRestricted: true, frozen: null, replaces: null, isReady },
        ...{ bind: null, bindDoubt: null },
        ...{ policy: [], policyHash: 'none' },
        expiresAt: now + left * DAY_MS,
        cancelsUntil: now + (left + closing) * DAY_MS,
        quarantined: { since: now, faults: ['withdrawals', 'margin'] },
      },
      now,
    ).join('\n');
  assert.doesNotMatch(lines(20), /ready to take over/);
  assert.match(lines(20, 10, true), /ready to take over: an owner .*"Use the new key"/);
  assert.match(lines(20), /20 days left, until 2026-12-13/);
  assert.match(lines(0.5), /less than a day left, until 2026-11-24/);
  assert.match(lines(-1), /ended on 2026-11-22, closes on 2026-12-02/);
  assert.match(lines(-11), /ended on 2026-11-12$/m);
  assert.match(lines(1), /quarantined since 2026-11-23T12:00:00.000Z: withdrawals, margin/);
});

test('[C202] what a probe from a second address showed is told with its date, and what told nothing with its reason', () => {
  const now = Date.parse('2026-11-23T12:00:00Z');
  const at = '2026-11-22T12:00:00.000Z';
  const seenAt = now - DAY_MS;
  const lines = (found: Pick<api.Connection, 'bind' | 'bindDoubt'>): string =>
    stateLines(
      {
        ...{ id: 'c_ABCDEF2', name: 'main', venue: 'binance', keyKind: 'ed25519' },
        ...{ state: 'active', signs: 'all', grade: 'A', createdAt: now, reducesUntil: now },
        ...{ checkedAt: now, isIpRestricted: true, frozen: null, replaces: null, isReady: false },
        ...{ publicKeyPem: '', policy: [], policyHash: 'none', quarantined: null },
        ...{ expiresAt: now, cancelsUntil: now },
        ...found,
      },
      now,
    ).join('\n');
  assert.doesNotMatch(lines({ bind: null, bindDoubt: null }), /list of addresses/);
  const holds = lines({ bind: { verdict: 'holds', seenAt }, bindDoubt: null });
  assert.ok(holds.includes(`list of addresses: seen to hold on ${at}`), holds);
  const broken = lines({ bind: { verdict: 'notReal', seenAt }, bindDoubt: null });
  assert.match(broken, /list of addresses: NOT REAL; on 2026-11-22T.*kontor connect rotate main$/m);
  const doubted = lines({
    bind: null,
    bindDoubt: { at: seenAt, reason: 'otherAnswer', words: 'HTTP 451' },
  });
  assert.match(doubted, /never seen to hold\n {2}the probe on .* told nothing: .*\(HTTP 451\)$/);
  const after = lines({
    bind: { verdict: 'notReal', seenAt },
    bindDoubt: { at: now, reason: 'noAnswer', words: 'no answer' },
  });
  assert.match(after, /NOT REAL[^]*told nothing: no answer came by the second address$/);
});

test('[C203] the help of the probe says what is sent, to whom, and what it proves and does not', () => {
  const { code, out } = kontor('connect', 'probe', '--help');
  assert.equal(code, 0);
  for (const said of [
    'place, change and move nothing',
    'second-address beside egress.json',
    'socks5://HOST:PORT',
    'the proxy sees to which host and how much, never the key',
    'It proves that the list is not real',
    'that says nothing of other addresses or of later',
  ]) {
    assert.ok(out.replaceAll(/\s+/g, ' ').includes(said), said);
  }
});
