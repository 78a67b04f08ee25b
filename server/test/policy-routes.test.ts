// SPDX-License-Identifier: Apache-2.0
// The policy over HTTP: as data in any language, what another text would change, and what it says to an order.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import type { HeldInfo } from '@kontor/signer';
import { HeldWatch } from '../src/alarms/held-watch.ts';
import { systemTime } from '../src/time.ts';
import { test, type TestContext } from 'node:test';
import { openApi, type ScriptedApi } from './scripted-api.ts';

const TEXT = `policy/v1
connection demo
reference source=egress:avgPrice,bookTicker max-age=3s agree=1.0%
liquidity BTCUSDT min-24h-quote=5000000 max-spread=0.30% max-book-share=20%@1.0%
allow id=btc op=order.place symbol=BTCUSDT side=BUY band=2.0% notional<=500 USDT per-day<=5000 USDT
allow id=any op=order.place symbol=ETHBTC
deny id=no op=order.place symbol=ETHBTC
allow id=rest op=read.account
`;
const INFO = { hash: hash('sha256', TEXT, 'hex'), text: TEXT, lock: null, pending: null, held: [] };

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  api.policyInfo = INFO;
  return api;
}

test('[Y120] the policy comes as data: lines, references, floors, and what the worst day could cost', async (t) => {
  const api = await opened(t);
  const { status, body } = await api.ask('GET', '/api/v1/policy');
  assert.equal(status, 200);
  const { connections, ...rest } = body as {
    connections: { lines: { id: string }[]; [name: string]: unknown }[];
  };
  const { held: _, ...shown } = INFO;
  assert.deepEqual(rest, { ...shown, looseningDelayMs: 600_000 });
  const [demo] = connections;
  assert.deepEqual(demo?.['reference'], {
    text: 'reference source=egress:avgPrice,bookTicker max-age=3s agree=1.0%',
    sources: ['avgPrice', 'bookTicker'],
    maxAgeMs: 3_000,
    agree: '1.0%',
  });
  assert.deepEqual(demo?.lines[0], {
    id: 'btc',
    effect: 'allow',
    text: 'allow id=btc op=order.place symbol=BTCUSDT side=BUY band=2.0% notional<=500 USDT per-day<=5000 USDT',
    operations: ['order.place'],
    symbols: ['BTCUSDT'],
    sides: ['BUY'],
    types: null,
    timesInForce: null,
    band: '2.0%',
    notional: '500 USDT',
    perDay: '5000 USDT',
    open: null,
    rate: null,
    expiresMs: null,
  });
  assert.deepEqual(demo?.['worstDay'], [{ asset: 'USDT', turnover: '5000', loss: '100' }]);
});

test('[Y120] a change that waits comes with its difference; without a signer there is no answer', async (t) => {
  const api = await opened(t);
  const next = TEXT.replace('notional<=500', 'notional<=600');
  api.policyInfo = {
    ...INFO,
    pending: { hash: hash('sha256', next, 'hex'), text: next, dueAt: 1_793_491_200_000 },
  };
  const { body } = await api.ask('GET', '/api/v1/policy');
  const { pending } = body as { pending: { dueAt: number; difference: { direction: string } } };
  assert.equal(pending.dueAt, 1_793_491_200_000);
  assert.equal(pending.difference.direction, 'loosening');
  api.policyInfo = null;
  assert.equal((await api.ask('GET', '/api/v1/policy')).status, 503);
  assert.equal((await api.ask('POST', '/api/v1/policy/check', { policy: TEXT })).status, 503);
});

test('[Y121] a text is checked: no policy by line and column, a policy by what it would change', async (t) => {
  const api = await opened(t);
  const check = async (policy: string): Promise<Readonly<Record<string, unknown>>> => {
    const { status, body } = await api.ask('POST', '/api/v1/policy/check', { policy });
    assert.equal(status, 200);
    return body as Readonly<Record<string, unknown>>;
  };
  assert.deepEqual(await check('policy/v1\nallow\n'), {
    isPolicy: false,
    error: {
      line: 2,
      column: 1,
      expected: 'a connection line before the first rule',
      found: '"allow"',
    },
    hash: null,
    connections: [],
    difference: null,
  });
  const tighter = await check(TEXT.replace('notional<=500', 'notional<=400'));
  const { direction, changes } = tighter['difference'] as { direction: string; changes: unknown[] };
  assert.equal(direction, 'tightening');
  assert.equal(changes.length, 2);
  api.policyInfo = { ...INFO, lock: 'expected the policy that the log vouches for' };
  const same = await check(TEXT);
  assert.equal((same['difference'] as { direction: string }).direction, 'loosening');
  const long = await api.ask('POST', '/api/v1/policy/check', { policy: 'x'.repeat(12_001) });
  assert.equal(long.status, 400);
});

test('[Y122] an order is explained as the signer does, and only one that is well formed', async (t) => {
  const api = await opened(t);
  const order = {
    connection: 'c_ABCDEF2',
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'GTC',
    price: '100',
    quantity: '1',
  };
  const explanation = {
    isAllowed: true,
    rule: 'btc',
    reason: '',
    limits: [{ field: 'per-day', limit: '5000 USDT', used: '100 USDT' }],
  };
  api.explanation = { ok: true, explanation };
  assert.deepEqual((await api.ask('POST', '/api/v1/policy/explain', order)).body, explanation);
  api.explanation = { ok: false, reason: 'because' };
  assert.equal((await api.ask('POST', '/api/v1/policy/explain', order)).status, 409);
  for (const change of [{ price: '1e9' }, { symbol: 'btc' }, { side: 'long' }, { extra: 1 }]) {
    const { status } = await api.ask('POST', '/api/v1/policy/explain', { ...order, ...change });
    assert.equal(status, 400, JSON.stringify(change));
  }
});

test('[Y122] an order is not called refused for prices that egress is still asked for', async (t) => {
  const api = await opened(t);
  const shown = { isAllowed: true, rule: 'btc', reason: '', limits: [] };
  const answers = [{ ...shown, isAllowed: false, rule: 'btc: reference' }, shown];
  Object.defineProperty(api, 'explanation', {
    get: () => ({ ok: true, explanation: answers.shift() ?? shown }),
  });
  const order = {
    ...{ connection: 'c_ABCDEF2', symbol: 'BTCUSDT', side: 'buy', type: 'limit' },
    ...{ timeInForce: 'GTC', price: '100', quantity: '1' },
  };
  assert.deepEqual((await api.ask('POST', '/api/v1/policy/explain', order)).body, shown);
  assert.equal(answers.length, 0);
});

const HELD: HeldInfo = {
  order: 'h7',
  connection: 'c_ABCDEF2',
  rule: 'big',
  symbol: 'BTCUSDT',
  side: 'buy',
  type: 'LIMIT',
  timeInForce: 'GTC',
  price: '1000',
  stop: null,
  quantity: '1',
  notional: '1000',
  clientOrderId: 'k1-1',
  since: 1_793_491_200_000,
  until: 1_793_491_500_000,
  isReleased: false,
};

test('[Y123] orders that wait for a person come with the line that holds them', async (t) => {
  const api = await opened(t);
  const line = 'hold id=big op=order.place symbol=BTCUSDT notional<=2000 USDT';
  api.policyInfo = { ...INFO, text: `${TEXT}${line}\n`, held: [HELD] };
  const { status, body } = await api.ask('GET', '/api/v1/policy/held');
  assert.equal(status, 200);
  assert.deepEqual(body, [{ ...HELD, line }]);
  api.policyInfo = null;
  assert.equal((await api.ask('GET', '/api/v1/policy/held')).status, 503);
});

test('[Y124] each order that waits raises one notice, which ends when it no longer waits', async () => {
  const told: string[] = [];
  let held: readonly HeldInfo[] = [HELD];
  let look = (): void => undefined;
  const watch = new HeldWatch({
    time: {
      ...systemTime,
      every(_ms, run) {
        look = run;
        return () => undefined;
      },
    },
    alarms: {
      raise({ kind, severity, subject, facts, connection = '' }) {
        told.push(`${severity} ${kind} ${subject} ${facts['notional']}`);
        return {
          ...{ id: '1', kind, severity, connection, subject: subject ?? '', facts, state: 'open' },
          ...{ raisedAt: 0, lastAt: 0, count: 1, acknowledgedAt: null, acknowledgedBy: null },
          ...{ resolvedAt: null, isLasting: true },
        };
      },
      resolve: (kind, connection, subject) => told.push(`over ${kind} ${connection} ${subject}`),
    },
    policy: () => Promise.resolve({ ...INFO, held }),
  });
  const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  watch.start();
  await settle();
  watch.onHeld();
  await settle();
  assert.deepEqual(told, ['notice orderHeld h7 1000']);
  held = [
    { ...HELD, isReleased: true },
    { ...HELD, order: 'h9' },
  ];
  look();
  await settle();
  assert.deepEqual(told.slice(1), ['notice orderHeld h9 1000', 'over orderHeld c_ABCDEF2 h7']);
  held = [];
  look();
  await settle();
  assert.deepEqual(told.slice(3), ['over orderHeld c_ABCDEF2 h9']);
  watch.close();
});
