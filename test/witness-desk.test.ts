// SPDX-License-Identifier: Apache-2.0
// A whole desk whose log others sign: witnesses in processes of their own, claims against real orders and real edge logs.

import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { api } from '@kontor/server';
import { authorityChain, pemOf, stampOf, startAuthority } from '../server/test/time-authority.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type TestDesk,
} from './harness.ts';
import { kontor, ONE_DEAL, startKontor } from './kontor-command.ts';

const START_MS_MAX = 60_000;

interface WitnessProcess {
  readonly child: ChildProcess;
  readonly url: string;
  readonly keys: readonly string[];
}

async function startWitness(
  defer: (work: () => unknown) => void,
  folder: string,
  listen = '127.0.0.1:0',
): Promise<WitnessProcess> {
  const child = startKontor(['log', 'witness', 'serve', '--data', folder, '--listen', listen]);
  defer(() => child.kill('SIGKILL'));
  let text = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no witness: ${text}`)), START_MS_MAX);
    child.stdout?.on('data', (part: Buffer) => {
      text += part.toString();
      const url = /on (http:\/\/\S+)\n/.exec(text)?.[1];
      if (url === undefined || !text.includes('Logs it watches')) return;
      clearTimeout(timer);
      const keys = [...text.matchAll(/^ {2}(\S+\+[0-9a-f]{8}\+\S+)$/gm)].map(([, key = '']) => key);
      resolve({ child, url, keys });
    });
    child.once('close', () => reject(new Error(`the witness ended: ${text}`)));
  });
}

async function deskWithLog(t: TestContext): Promise<{
  readonly desk: TestDesk;
  readonly defer: (work: () => unknown) => void;
  readonly folder: string;
  readonly vkey: string;
}> {
  const defer = deferrer(t);
  const folder = temporaryDirectory(defer);
  const simulator = await startSimulator(['--account', 'demo', '--no-keys', '--seed', '7']);
  defer(() => simulator.stop());
  const desk = await startDesk({ simulator, bots: [ONE_DEAL], directory: join(folder, 'desk') });
  defer(() => desk.stop());
  const vkey = await until('a signed checkpoint', async () => {
    const { size, verifierKey } = await desk.client.get<api.LogOverview>('/api/v1/log');
    return size === null || size < 3 ? null : verifierKey;
  });
  return { desk, defer, folder, vkey };
}

const statusOf = (desk: TestDesk): Promise<api.WitnessStatus> =>
  desk.client.get<api.WitnessStatus>('/api/v1/log/witnesses');

test('[T145] witnesses sign the log of a running desk, one that dies stops nothing, and one that comes back goes on', async (t) => {
  const { desk, defer, folder, vkey } = await deskWithLog(t);
  const data = ['--data', desk.directory];
  assert.equal((await statusOf(desk)).level, 'W0');
  const witnessFolder = join(folder, 'witness');
  const witness = await startWitness(defer, witnessFolder);
  assert.equal(
    (await kontor(['log', 'witness', 'add-log', '--data', witnessFolder, vkey])).code,
    0,
  );
  const keys = witness.keys.flatMap((key) => ['--key', key]);
  const use = ['log', 'witness', 'use', 'anna', ...data, '--url', witness.url, ...keys];
  const used = await kontor([...use, '--operator', 'Anna', '--relation', 'person']);
  assert.equal(used.code, 0, used.errors);
  const first = await until('a cosignature', async () => {
    const { level, witnesses } = await statusOf(desk);
    return level === 'W3' ? (witnesses[0]?.size ?? null) : null;
  });
  assert.match((await kontor(['status', ...data])).out, /log +W3: another person/);
  assert.match(
    (await kontor(['log', 'witness', 'status', ...data])).out,
    /anna +Anna +person +cosigned/,
  );
  assert.match((await kontor(['doctor', ...data])).out, /ok +log +W3/);

  const proof = join(folder, 'first.tlog-proof');
  const policy = join(folder, 'trust-policy');
  assert.equal((await kontor(['log', 'prove', '1', '-o', proof, ...data])).code, 0);
  writeFileSync(policy, (await kontor(['log', 'witness', 'policy', ...data])).out);
  const verified = await kontor(['log', 'verify', proof, '--policy', policy]);
  assert.equal(verified.code, 0, verified.out + verified.errors);
  const note = readFileSync(proof, 'utf8');
  writeFileSync(proof, note.replaceAll(/^\u2014 kontor-witness-.*\n/gm, ''));
  const bare = await kontor(['log', 'verify', proof, '--policy', policy]);
  assert.equal(bare.code, 1, 'without its cosignatures the quorum is not met');

  const { port } = new URL(witness.url);
  witness.child.kill('SIGKILL');
  await once(witness.child, 'close');
  await desk.client.post('/api/v1/bots/1/stop-and-close').catch(() => undefined);
  const size = await until('the log grows without its witness', async () => {
    const { size: now } = await desk.client.get<api.LogOverview>('/api/v1/log');
    return now !== null && now > first ? now : null;
  });
  const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?limit=1');
  const id = deals[0]?.orders[0]?.clientOrderId ?? '';
  const claimed = join(folder, 'claimed.tlog-proof');
  const claim = await kontor(['log', 'claim', ...data, '--order', id, '-o', claimed]);
  assert.match(claim.out, /^MATCHES entry /);
  const witnessed = await kontor(['log', 'verify', claimed, '--policy', policy]);
  assert.equal(witnessed.code, 0, `the cosigned tree and its proof: ${witnessed.errors}`);
  const health = await desk.client.get<api.Health>('/api/v1/health');
  assert.ok(health.processes.every(({ state }) => state === 'up'));
  await startWitness(defer, witnessFolder, `127.0.0.1:${port}`);
  await until('the witness has caught up', async () => {
    const { witnesses } = await statusOf(desk);
    return (witnesses[0]?.size ?? 0) >= size ? true : null;
  });
});

test('[T146] attack 40: claims about orders get a verdict with its range, and a proof that others can check', async (t) => {
  const { desk, folder, vkey } = await deskWithLog(t);
  const data = ['--data', desk.directory];
  const order = await until('an order', async () => {
    const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?limit=1');
    return deals[0]?.orders[0] ?? null;
  });
  const id = order.clientOrderId;
  const said = await until('the order is under a checkpoint', async () => {
    const found = await kontor(['log', 'claim', ...data, '--order', id, '--symbol', 'ETHUSDT']);
    return /^MATCHES entry \d+\n/.test(found.out) ? found.out : null;
  });
  const entry = Number(/entry (\d+)/.exec(said)?.[1]);
  const proof = join(folder, 'order.tlog-proof');
  const wrong = await kontor([
    'log', 'claim', ...data, '--order', id, '--symbol', 'BTCUSDT', '-o', proof, '--open',
  ]); // prettier-ignore
  assert.match(
    wrong.out,
    new RegExp(`^CONTRADICTS entry ${entry}: the same order, with another symbol`),
  );
  assert.match(wrong.out, /\nCompared: order, symbol; nothing else of the claim\.\n/);
  assert.equal(statSync(proof).mode & 0o077, 0, 'it holds what the log keeps private');
  const again = await kontor(['log', 'claim', ...data, '--order', id, '-o', proof]);
  assert.match(again.errors, /exists already/);
  const double = `clientOrderId: ${id}\nsymbol: ETHUSDT\nSymbol: BTCUSDT\n`;
  const twofold = await kontor(['log', 'claim', '-', ...data], double);
  assert.equal(twofold.out, '');
  assert.match(twofold.errors, /the text says two things of symbol/);
  const steering = 'symbol: ETHUSDT\ntime: \u001b[2J\u001b[HMATCHES entry 1\n';
  const steered = await kontor(['log', 'claim', '-', ...data], steering);
  assert.match(steered.errors, /was "\\x1b\[2J/, 'what somebody brought steers no terminal');
  const verified = await kontor(['log', 'verify', proof, '--key', vkey]);
  assert.equal(verified.code, 0, verified.out + verified.errors);
  assert.match(
    (await kontor(['log', 'claim', proof, ...data])).out,
    new RegExp(`^MATCHES entry ${entry}\n`),
  );
  const pasted = 'Order history\nclientOrderId: k1-not-ours-77\nsymbol: ETHUSDT\nside: BUY\n';
  const unknown = await kontor(['log', 'claim', '-', ...data], pasted);
  assert.match(
    unknown.out,
    /^NO MATCH among \d+ entr(y|ies) of the kinds intent between the checkpoints of 0 and \d+ entries\n/,
  );
  const early = await kontor([
    'log',
    'claim',
    ...data,
    '--order',
    id,
    '--time',
    '2020-01-01 10:00',
  ]);
  assert.match(early.out, /^OUT OF SCOPE: the log had not begun/);
  const vague = await kontor(['log', 'claim', ...data, '--symbol', 'ETHUSDT']);
  assert.match(vague.out, /^CANNOT TELL: /);
  for (const { out } of [wrong, unknown, early, vague])
    assert.doesNotMatch(out, /forg|fake|genuine/i);
});

const LINE_FROM = Date.UTC(2026, 10, 23, 9);
const edgeLine = (number: number): string =>
  JSON.stringify({
    RayID: `8e1f00000000${String(number).padStart(4, '0')}`,
    EdgeStartTimestamp: new Date(LINE_FROM + number * 1000).toISOString(),
    ClientIP: `203.0.113.${number % 250}`,
    ClientRequestURI: `/api/v1/deals?page=${number}`,
  });

test('[T147][T175] attack 41: lines of an edge log that were committed are found with their proof, older ones are out of scope; and a date of an authority goes into proofs and claims', async (t) => {
  const { desk, defer, folder, vkey } = await deskWithLog(t);
  const data = ['--data', desk.directory];
  const lines = Array.from({ length: 1000 }, (_, number) => edgeLine(number));
  const file = join(folder, 'edge.ndjson.gz');
  writeFileSync(file, gzipSync(`${lines.join('\n')}\n`));
  const none = await kontor(['log', 'claim', '-', ...data], `${edgeLine(17)}\n`);
  assert.match(none.out, /^line 1: OUT OF SCOPE: no line of an edge log is committed/);
  const committed = await kontor(['log', 'commit-edge', file, ...data]);
  assert.equal(committed.code, 0, committed.errors);
  const entry = Number(/by entry (\d+)/.exec(committed.out)?.[1]);
  await until('the batch is under a checkpoint', async () => {
    const { size } = await desk.client.get<api.LogOverview>('/api/v1/log');
    return size !== null && size > entry ? true : null;
  });
  const older = edgeLine(-5000);
  const changed = edgeLine(17).replace('203.0.113.17', '198.51.100.9');
  const claim = await kontor(
    ['log', 'claim', '-', ...data],
    `${[edgeLine(17), changed, older].join('\n')}\n`,
  );
  assert.deepEqual(claim.out.trim().split('\n'), [
    `line 1: MATCHES committed edge-log line 18 of entry ${entry}`,
    `line 2: NO MATCH among 1000 committed lines of the kinds edgelog.batch between the checkpoints of ${entry} and ${entry + 1} entries`,
    'line 3: OUT OF SCOPE: edge logs were not committed at that time yet',
  ]);
  const fields = [
    '--ip',
    '203.0.113.17',
    '--endpoint',
    '/api/v1/deals',
    '--time',
    '2026-11-23 09:00:17',
  ];
  assert.match((await kontor(['log', 'claim', ...data, ...fields])).out, /^CANNOT TELL: .*--lines/);
  const found = await kontor(['log', 'claim', ...data, ...fields, '--lines', file]);
  assert.match(found.out, /^MATCHES committed edge-log line 18/);
  const shown = readFileSync(join(desk.directory, 'log', 'checkpoint'), 'utf8');
  assert.doesNotMatch(shown, /203\.0\.113/);
  await dated({ desk, defer, folder, vkey });
});

/** An authority dates the log on demand; proofs and claims say so, and an outsider checks it without a desk. */
async function dated({
  desk,
  defer,
  folder,
  vkey,
}: Awaited<ReturnType<typeof deskWithLog>>): Promise<void> {
  const data = ['--data', desk.directory];
  const { root, authority } = authorityChain();
  const { url } = await startAuthority(defer, (request) => stampOf(request, authority));
  const ca = join(folder, 'ca.pem');
  writeFileSync(ca, pemOf(root));
  const without = await kontor(['log', 'prove', '0', '--anchored', ...data]);
  assert.match(without.errors, /no authority has dated a tree with entry 0/);
  await kontor(['log', 'anchor', 'use', 'clock', '--url', url, '--ca', ca, ...data]);
  const now = await kontor(['log', 'anchor', 'now', ...data]);
  assert.equal(now.code, 0, now.out + now.errors);
  assert.match(now.out, /clock +anchored +\d+ /);
  assert.match((await kontor(['log', 'witness', 'status', ...data])).out, /^W2: the log was dated/);
  const proof = join(folder, 'dated.tlog-proof');
  const proved = await kontor(['log', 'prove', '0', '--anchored', '-o', proof, ...data]);
  assert.equal(proved.code, 0, proved.errors);
  const verified = await kontor(['log', 'verify', proof, '--key', vkey, '--ca', ca]);
  assert.match(verified.out, /\nIt existed before 2\S+Z, says Test Time Authority\.\n/);
  assert.match(
    (await kontor(['log', 'verify', proof, '--key', vkey])).out,
    /A date comes along; whether it is right, --ca FILE tells/,
  );
  const others = authorityChain();
  writeFileSync(ca, pemOf(others.root));
  const distrusted = await kontor(['log', 'verify', proof, '--key', vkey, '--ca', ca]);
  assert.equal(distrusted.code, 1);
  assert.match(distrusted.errors, /the date proves nothing/);
  const claimed = await kontor(['log', 'claim', proof, ...data]);
  assert.match(claimed.out, /^MATCHES entry 0\nEntry 0 existed before 2\S+Z, says clock/);
}
