// SPDX-License-Identifier: Apache-2.0
// A desk that is flooded goes on answering: what asks the signer through the server, and strangers who ask the server.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { api } from '@kontor/server';
import { deferrer, startDesk, startSimulator, temporaryDirectory } from './harness.ts';

const ROUNDS = 24;
const AT_ONCE = 50;
const GROWTH_MIB_MAX = 96;

test('[T165] attack 31: health answers while the signer and the server are flooded, and memory stays', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator(['--account', 'demo:USDT=1000', '--speed', '0']);
  defer(() => simulator.stop());
  const desk = await startDesk({ simulator, bots: [], directory: join(directory, 'desk') });
  defer(() => desk.stop());
  const { client } = desk;
  const [connection] = await client.get<readonly api.Connection[]>('/api/v1/connections');
  assert.ok(connection);
  const order = {
    connection: connection.id,
    symbol: 'NONEUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'GTC',
    price: '1',
    quantity: '1',
  };
  const explain = (): Promise<api.PolicyExplanation> =>
    client.post<api.PolicyExplanation>('/api/v1/policy/explain', order);
  const memory = (): readonly number[] =>
    desk.supervisor.reports().map(({ memoryBytes }) => (memoryBytes ?? 0) / 2 ** 20);
  const flood = async (): Promise<number> => {
    let answered = 0;
    const strangers = Array.from({ length: AT_ONCE }, () =>
      fetch(`${desk.url}/api/v1/policy`, { signal: AbortSignal.timeout(10_000) }),
    );
    const asked = Array.from({ length: AT_ONCE / 2 }, explain);
    const health = await client.get<api.Health>('/api/v1/health');
    assert.ok(health.processes.length > 0);
    for (const explanation of await Promise.all(asked)) {
      assert.equal(typeof explanation.rule, 'string');
      answered += 1;
    }
    for (const { status } of await Promise.all(strangers))
      assert.ok(status === 401 || status === 429);
    return answered;
  };
  for (let round = 0; round < ROUNDS / 4; round += 1) await flood();
  const before = memory();
  let answered = 0;
  for (let round = 0; round < ROUNDS; round += 1) answered += await flood();
  const grown = memory().map((now, index) => Math.round(now - (before[index] ?? 0)));
  t.diagnostic(`${answered} questions answered; MiB grown by process: ${grown.join(', ')}`);
  assert.ok(grown.every((each) => each < GROWTH_MIB_MAX));
  assert.deepEqual(desk.restarts, []);
});
