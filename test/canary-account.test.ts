// SPDX-License-Identifier: Apache-2.0
// A canary: an account that exists only to be robbed, and the thief who robs it.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { api } from '@kontor/server';
import { demoPolicy } from '../cli/src/demo-desk.ts';
import { deferrer, startDesk, startSimulator, temporaryDirectory, until } from './harness.ts';

const CLI = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));
const REQUEST_MS_MAX = 10_000;

async function kontor(input: string, ...given: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', CLI, ...given]);
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes: Buffer) => (said += bytes.toString('utf8')));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  assert.equal(code, 0, said);
}

test('[T155][Y242] attack 50: a canary key that is used raises an alarm at once and opens a case with what was seen', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account', 'demo:USDT=10000', '--account', 'canary:USDT=20', '--no-keys', '--seed', '50',
  ]); // prettier-ignore
  defer(() => simulator.stop());
  const { apiKey, secret } = await simulator.control<{ apiKey: string; secret: string }>(
    '/accounts/canary/keys',
    {},
  );
  const desk = await startDesk({
    simulator,
    directory,
    bots: [],
    policy: `${demoPolicy(['BTCUSDT'], 'USDT', 'synthetic')}\nconnection spot-2\nallow op=read.stream,read.permissions\n`,
  });
  defer(() => desk.stop());
  const given = ['--data', directory];
  await kontor(`${secret}\n`, 'connect', 'import', 'spot-2', '--canary', '--venue', 'demo', ...given); // prettier-ignore
  await kontor('', 'connect', 'activate', 'spot-2', apiKey, ...given);
  const canary = async (): Promise<api.Alarm | undefined> => {
    const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
    return alarms.find(({ kind }) => kind === 'canaryUsed');
  };
  const watched = (times: number): Promise<true> =>
    until(`the canary is watched, time ${times}`, () => {
      const log = readFileSync(join(directory, 'run', 'server.log'), 'utf8');
      return log.split('a canary is watched').length > times ? true : null;
    });
  await watched(1);
  // Its stream ends with egress, and nobody says so of each.
  const { processes } = await desk.client.get<api.Health>('/api/v1/health');
  const egress = processes.find(({ name }) => name === 'egress')?.pid;
  assert.ok(typeof egress === 'number');
  process.kill(egress, 'SIGKILL');
  await watched(2);
  assert.equal(await canary(), undefined);
  // Until it rings, whoever has the desk's folder or its list of connections cannot tell which one it is.
  const list = await desk.client.get<readonly api.Connection[]>('/api/v1/connections');
  assert.deepEqual(list.map(({ name }) => name).toSorted(), ['demo', 'spot-2']);
  assert.doesNotMatch(JSON.stringify(list), /canary/i);
  for (const name of readdirSync(directory, { recursive: true, encoding: 'utf8' })) {
    const path = join(directory, name);
    if (!statSync(path).isFile()) continue;
    for (const line of readFileSync(path, 'latin1').split('\n'))
      assert.doesNotMatch(line.replace('"msg":"a canary is watched"', ''), /canary/i, name);
  }
  const watching = readFileSync(join(directory, 'run', 'server.log'), 'utf8').split('\n');
  for (const line of watching.filter((each) => each.includes('a canary is watched')))
    assert.doesNotMatch(line, /spot-2|c_[A-Z2-7]{7}/);

  // The drain of 2022 in small: buy what nobody else would.
  const parameters = new URLSearchParams({
    symbol: 'BTCUSDT',
    side: 'BUY',
    type: 'MARKET',
    quoteOrderQty: '19',
    timestamp: String(Date.now()),
  }).toString();
  const signature = createHmac('sha256', secret).update(parameters).digest('hex');
  const startedAt = performance.now();
  const answer = await fetch(`${simulator.addresses.rest}/api/v3/order`, {
    method: 'POST',
    headers: { 'x-mbx-apikey': apiKey, 'content-type': 'application/x-www-form-urlencoded' },
    body: `${parameters}&signature=${signature}`,
    signal: AbortSignal.timeout(REQUEST_MS_MAX),
  });
  assert.equal(answer.status, 200, await answer.text());
  const alarm = await until('the alarm', async () => (await canary()) ?? null);
  t.diagnostic(`alarm ${Math.round(performance.now() - startedAt)} ms after the thief's order`);
  assert.equal(alarm.severity, 'critical');
  assert.equal(alarm.facts['name'], 'spot-2');
  const evidence = join(directory, 'cases', alarm.facts['case'] ?? '', 'evidence');
  const seen = readdirSync(evidence).map((name) => readFileSync(join(evidence, name), 'utf8'));
  assert.ok(seen.some((text) => text.includes('executionReport') && text.includes('BTCUSDT')));
});
