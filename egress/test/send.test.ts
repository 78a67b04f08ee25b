// SPDX-License-Identifier: Apache-2.0
// One request over a kept connection, at the worst moment.

import { strict as assert } from 'node:assert';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { connectingAgent } from '../src/connecting-agent.ts';
import { CELL, CELLS } from './closing-venue.ts';
import { send, type OutgoingRequest } from '../src/send.ts';

const ORDER: OutgoingRequest = {
  method: 'POST',
  path: '/api/v3/order',
  payload: 'a=b',
  apiKey: 'abc',
  timeoutMs: 5_000,
};

test('[E4] a connection that was closed before the request is not used, though nobody has looked at it since', async (t) => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * CELLS));
  const worker = new Worker(new URL('./closing-venue.ts', import.meta.url), { workerData: cells });
  t.after(() => worker.terminate());
  await Atomics.waitAsync(cells, CELL.port, 0, 10_000).value;
  const origin = new URL(`http://127.0.0.1:${Atomics.load(cells, CELL.port)}`);
  const agent = connectingAgent('http:');
  t.after(() => agent.destroy());
  for (let round = 1; round <= 10; round += 1) {
    const first = await send(origin, agent, ORDER);
    assert.equal(first.kind, 'answered');
    // In the phase where egress reads its links, this thread sleeps until the venue has closed the connection.
    await stat('.');
    Atomics.store(cells, CELL.wanted, round);
    Atomics.notify(cells, CELL.wanted);
    assert.notEqual(Atomics.wait(cells, CELL.done, round - 1, 10_000), 'timed-out');
    const second = await send(origin, agent, ORDER);
    assert.equal(second.kind, 'answered', JSON.stringify(second));
  }
});

test('[E4] an exchange that says nothing: after the time it may or may not know', async (t) => {
  const server = createServer(() => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = connectingAgent('http:');
  t.after(() => {
    agent.destroy();
    server.closeAllConnections();
    server.close();
  });
  const origin = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const result = await send(origin, agent, { ...ORDER, timeoutMs: 200 });
  assert.deepEqual(result, {
    kind: 'failed',
    certainty: 'unknown',
    reason: 'no answer: expected an answer within 200 ms',
  });
});
