// SPDX-License-Identifier: Apache-2.0
// Faults: when they strike, what clients then see, and that a seed repeats them.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { FaultBox, type FaultRequest } from '../src/faults.ts';
import { startSimulator, type RunningSimulator } from '../src/index.ts';
import { HandClock, minuteMarket } from './open-market.ts';
import { SignedClient } from './signed-client.ts';
import { StreamClient } from './stream-client.ts';

const ORDER = { method: 'POST', path: '/api/v3/order' };

function box(clock: HandClock = new HandClock()): FaultBox {
  return new FaultBox({ seed: 'faults', nowMs: () => clock.nowMs() });
}

function arm(faults: FaultBox, request: FaultRequest): number {
  const armed = faults.arm(request);
  assert.ok(armed.ok, armed.ok ? '' : armed.reason);
  return armed.fault.faultId;
}

test('[X160] without a fault everything passes at once', () => {
  const faults = box();
  let delivered = 0;
  faults.userEvent(() => {
    delivered += 1;
  });
  assert.deepEqual(
    [faults.beforeRequest(ORDER), faults.afterRequest(ORDER)],
    [{ kind: 'pass' }, { kind: 'pass' }],
  );
  assert.deepEqual([delivered, faults.isSilent(), faults.refusesSockets()], [1, false, false]);
});

test('[X161] a fault strikes by count, after the skipped ones, only where method and path fit', () => {
  const faults = box();
  arm(faults, {
    kind: 'errorBeforeAccept',
    count: 2,
    skip: 1,
    method: 'post',
    path: '/api/v3/order*',
  });
  const strikes = [
    { method: 'GET', path: '/api/v3/order' },
    { method: 'POST', path: '/api/v3/account' },
    { method: 'POST', path: '/api/v3/order' },
    { method: 'POST', path: '/api/v3/order/test' },
    { method: 'POST', path: '/api/v3/order' },
    { method: 'POST', path: '/api/v3/order' },
  ].map((request) => faults.beforeRequest(request).kind);
  assert.deepEqual(strikes, ['pass', 'pass', 'pass', 'respond', 'respond', 'pass']);
  assert.deepEqual(faults.list(), [], 'spent');
});

test('[X162] a fault lasts as long as it was armed for', () => {
  const clock = new HandClock();
  const faults = box(clock);
  arm(faults, { kind: 'maintenance', durationMs: 1000 });
  assert.deepEqual(faults.beforeRequest(ORDER), {
    kind: 'respond',
    status: 503,
    body: { code: -1016, msg: 'This service is no longer available.' },
  });
  assert.equal(faults.refusesSockets(), true);
  clock.ms += 1000;
  assert.equal(faults.beforeRequest(ORDER).kind, 'pass');
  assert.equal(faults.refusesSockets(), false);
  assert.deepEqual(faults.list(), []);
  faults.close();
});

test('[X163] each request fault answers in its own way, and as it is told to', () => {
  const table: readonly (readonly [FaultRequest, 'before' | 'after', unknown])[] = [
    [{ kind: 'acceptThenTimeout' }, 'after', { kind: 'hang' }],
    [
      { kind: 'acceptThenTimeout', mode: 'answer' },
      'after',
      {
        kind: 'respond',
        status: 504,
        body: {
          code: -1007,
          msg: 'Timeout waiting for response from backend server. Send status unknown; execution status unknown.',
        },
      },
    ],
    [
      { kind: 'errorBeforeAccept' },
      'before',
      {
        kind: 'respond',
        status: 503,
        body: {
          code: -1008,
          msg: 'Server is currently overloaded with other requests. Please try again in a few minutes.',
        },
      },
    ],
    [{ kind: 'errorBeforeAccept', mode: 'hang' }, 'before', { kind: 'hang' }],
    [
      { kind: 'errorAfterAccept' },
      'after',
      {
        kind: 'respond',
        status: 503,
        body: {
          code: -1006,
          msg: 'An unexpected response was received from the message bus. Execution status unknown.',
        },
      },
    ],
    [
      { kind: 'errorAfterAccept', status: 500, code: -1000, message: 'odd' },
      'after',
      { kind: 'respond', status: 500, body: { code: -1000, msg: 'odd' } },
    ],
    [
      { kind: 'partialOutage', share: 1 },
      'before',
      {
        kind: 'respond',
        status: 500,
        body: {
          code: -1001,
          msg: 'Internal error; unable to process your request. Please try again.',
        },
      },
    ],
  ];
  for (const [request, moment, expected] of table) {
    const faults = box();
    arm(faults, request);
    const before = faults.beforeRequest(ORDER);
    const after = faults.afterRequest(ORDER);
    assert.deepEqual(moment === 'before' ? before : after, expected, JSON.stringify(request));
    assert.deepEqual(moment === 'before' ? after : before, { kind: 'pass' });
  }
});

test('[X164] a partial outage strikes a share of requests, in the same order for the same seed', () => {
  const run = (): string[] => {
    const faults = box();
    arm(faults, { kind: 'partialOutage', share: 0.3 });
    return Array.from({ length: 400 }, () => faults.beforeRequest(ORDER).kind);
  };
  const first = run();
  assert.deepEqual(first, run());
  const struck = first.filter((kind) => kind === 'respond').length;
  assert.ok(struck > 80 && struck < 160, `struck ${struck} of 400`);
});

test('[X165] user events come twice, late and out of order, none is lost', async () => {
  const faults = box();
  const heard: number[] = [];
  const tell = (event: number): void => faults.userEvent(() => heard.push(event));
  arm(faults, { kind: 'duplicateEvents', count: 1 });
  tell(1);
  tell(2);
  assert.deepEqual(heard, [1, 1, 2]);
  heard.length = 0;
  arm(faults, { kind: 'delayEvents', count: 1, delayMs: 30 });
  tell(3);
  tell(4);
  assert.deepEqual(heard, [4]);
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [4, 3]);
  heard.length = 0;
  const reorder = arm(faults, { kind: 'reorderEvents', window: 4, delayMs: 20 });
  for (let event = 0; event < 8; event += 1) tell(event);
  assert.equal(heard.length, 8);
  assert.notDeepEqual(heard.slice(0, 4), [0, 1, 2, 3]);
  assert.deepEqual(
    heard.slice(0, 4).toSorted((left, right) => left - right),
    [0, 1, 2, 3],
  );
  heard.length = 0;
  tell(1);
  tell(2);
  await until(() => heard.length === 2);
  assert.deepEqual(heard, [2, 1], 'a short window goes out in time, also turned');
  tell(9);
  faults.clear(reorder);
  assert.deepEqual(heard, [2, 1, 9], 'what was held back goes out when the fault is cleared');
  heard.length = 0;
  arm(faults, { kind: 'reorderEvents', window: 2 });
  for (let event = 0; event < 20; event += 1) tell(event);
  const turned = Array.from({ length: 20 }, (_, index) =>
    index % 2 === 0 ? index + 1 : index - 1,
  );
  assert.deepEqual(heard, turned, 'never in the order in which they came');
});

test('[X166] clock skews add up and end; the clock is turned each time', () => {
  const clock = new HandClock();
  const faults = box(clock);
  const turns: number[] = [];
  faults.attach({ drop: () => undefined, skew: (skewMs) => turns.push(skewMs) });
  arm(faults, { kind: 'clockSkew', skewMs: 1500 });
  const second = arm(faults, { kind: 'clockSkew', skewMs: -400 });
  faults.clear(second);
  faults.clear();
  assert.deepEqual(turns, [1500, 1100, 1500, 0]);
});

test('[X167] a request for a fault that cannot be is refused', () => {
  const faults = box();
  const table: readonly (readonly [FaultRequest, RegExp])[] = [
    [
      { kind: 'nothing' as FaultRequest['kind'] },
      /^kind must be one of acceptThenTimeout, .* was nothing$/,
    ],
    [{ kind: 'maintenance', count: 0 }, /^count must be a whole number from 1 to 1000000, was 0$/],
    [{ kind: 'maintenance', durationMs: 1.5 }, /^durationMs must be a whole number/],
    [{ kind: 'maintenance', share: 2 }, /^share must be from 0 to 1, was 2$/],
    [
      { kind: 'maintenance', status: 200 },
      /^status must be a whole number from 400 to 599, was 200$/,
    ],
    [{ kind: 'reorderEvents', window: 1 }, /^window must be a whole number from 2 to 100, was 1$/],
    [{ kind: 'clockSkew' }, /^clockSkew needs skewMs$/],
  ];
  for (const [request, reason] of table) {
    const armed = faults.arm(request);
    assert.ok(!armed.ok);
    assert.match(armed.reason, reason);
  }
  assert.equal(faults.clear(99), false);
});

async function simulator(context: TestContext): Promise<RunningSimulator> {
  const running = await startSimulator({
    market: minuteMarket('100 101 99 100 4\n100 100 100 100 4\n100 100 100 100 4'),
    history: 0,
    speed: 0,
    seed: 'faults',
    accounts: [{ name: 'demo', balances: { USDT: '10000' } }],
  });
  context.after(() => running.stop());
  await running.step({ points: 1 });
  return running;
}

const BUY = {
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.1',
  price: '90',
};

test('[X168] an order that is accepted and never answered, answered with an error, or refused first', async (context) => {
  const running = await simulator(context);
  const client = SignedClient.of(running);
  const open = async (): Promise<number> =>
    (
      (await client.call('GET', '/api/v3/openOrders', { symbol: 'BTCUSDT' }))
        .body as unknown as unknown[]
    ).length;
  arm(running.faults, {
    kind: 'acceptThenTimeout',
    count: 1,
    method: 'POST',
    path: '/api/v3/order',
  });
  await assert.rejects(client.call('POST', '/api/v3/order', BUY, { timeoutMs: 200 }), /timeout/i);
  assert.equal(await open(), 1, 'the order is there');
  arm(running.faults, { kind: 'errorAfterAccept', count: 1, method: 'POST' });
  const unsure = await client.call('POST', '/api/v3/order', BUY);
  assert.deepEqual([unsure.status, unsure.body['code']], [503, -1006]);
  assert.equal(await open(), 2, 'so is this one');
  arm(running.faults, { kind: 'errorBeforeAccept', count: 1, method: 'POST' });
  const refused = await client.call('POST', '/api/v3/order', BUY);
  assert.deepEqual([refused.status, refused.body['code']], [503, -1008]);
  assert.equal(await open(), 2, 'this one is not');
  assert.equal((await client.call('POST', '/api/v3/order', BUY)).status, 200);
});

test('[X169] a skewed clock refuses timestamps that would be right', async (context) => {
  const running = await simulator(context);
  const client = SignedClient.of(running);
  arm(running.faults, { kind: 'clockSkew', skewMs: 60_000 });
  const late = await client.call('GET', '/api/v3/account');
  assert.deepEqual([late.status, late.body['code']], [400, -1021]);
  const time = (await (await fetch(`${running.rest}/api/v3/time`)).json()) as {
    serverTime: number;
  };
  assert.ok(Math.abs(time.serverTime - Date.now() - 60_000) < 5000);
  assert.equal(
    (await client.call('GET', '/api/v3/account', {}, { timestamp: time.serverTime })).status,
    200,
  );
  running.faults.clear();
  assert.equal((await client.call('GET', '/api/v3/account')).status, 200);
});

test('[X170] sockets drop at once and are refused while it lasts; silent ones stay open', async (context) => {
  const running = await simulator(context);
  const stream = await StreamClient.open(`${running.streams}/ws/btcusdt@trade`);
  const api = await StreamClient.open(running.wsApi);
  arm(running.faults, { kind: 'dropSockets' });
  await stream.until(() => stream.closed !== undefined && api.closed !== undefined);
  assert.deepEqual([stream.closed?.code, api.closed?.code], [1006, 1006]);
  const again = await StreamClient.open(`${running.streams}/ws/btcusdt@trade`);
  const silence = arm(running.faults, { kind: 'silentSockets' });
  await running.step({ points: 1 });
  running.faults.clear(silence);
  await running.step({ points: 1 });
  const trade = await again.find(({ e }) => e === 'trade');
  assert.equal(trade['t'], 3, 'the trade of the silence is lost');
  const lasting = arm(running.faults, { kind: 'dropSockets', durationMs: 60_000 });
  await again.until(() => again.closed !== undefined);
  await assert.rejects(StreamClient.open(`${running.streams}/ws`), /HTTP 503/);
  await assert.rejects(StreamClient.open(running.wsApi), /HTTP 503/);
  running.faults.clear(lasting);
  (await StreamClient.open(`${running.streams}/ws`)).close();
});

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 5000;
  while (!condition()) {
    assert.ok(performance.now() < end, 'did not come about in time');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
