// SPDX-License-Identifier: Apache-2.0
// Rules R40 to R43: limits and risk states over a real store and an exchange that follows a script.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { ONE_ORDER, quoteAt, ScriptedDesk, until } from './scripted-desk.ts';
import { openApi } from './scripted-api.ts';

const DAY_MS = 86_400_000;

async function scripted(t: TestContext): Promise<ScriptedDesk> {
  const desk = await new ScriptedDesk().start();
  t.after(() => desk.close());
  return desk;
}

test('[R40] an order beyond a limit of the desk is denied before it leaves, and the journal replays', async (t) => {
  const desk = await scripted(t);
  assert.deepEqual(
    desk.risk.setLimits('desk', { maxExposure: [{ asset: 'USDT', amount: '19' }] }),
    [],
  );
  const id = await desk.firstOrder();
  const row = await desk.untilState(id, 'rejected');
  assert.equal(row['rejected_by'], 'desk');
  assert.equal(row['rule'], 'risk: desk: maxExposure');
  assert.match(String(row['reason']), /^expected at most 19 USDT at stake, found /);
  await desk.untilQuiet();
  assert.deepEqual(desk.exchange.placedIds(), []);
  const before = desk.runner.bots.get('1')?.state;
  await desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  assert.deepEqual(again.runner.bots.get('1')?.state, before);
  assert.deepEqual(again.risk.of('desk').limits.maxExposure, [{ asset: 'USDT', amount: '19' }]);
  assert.deepEqual(again.fatal, []);
});

test('[R40] a limit of one bot does not bind another', async (t) => {
  const desk = await scripted(t);
  desk.runner.create(ONE_ORDER);
  assert.deepEqual(
    desk.risk.setLimits('bot:1', { maxExposure: [{ asset: 'USDT', amount: '1' }] }),
    [],
  );
  const other = await desk.firstOrder();
  await desk.untilState(other, 'open');
  await desk.runner.command('1', { kind: 'start' });
  await until('the denial', () =>
    desk.row("SELECT 1 FROM orders WHERE bot_id = '1' AND rule = 'risk: bot:1: maxExposure'"),
  );
  assert.deepEqual(desk.exchange.placedIds(), [other]);
});

test('[R41] reducing takes resting entries off the book and starts nothing, also after a restart', async (t) => {
  const desk = await scripted(t);
  const id = await desk.firstOrder({ ...ONE_ORDER, cooldownSeconds: 0 });
  await desk.untilState(id, 'open');
  desk.risk.setState('desk', 'reducing');
  await desk.untilState(id, 'cancelled');
  await desk.untilQuiet();
  assert.equal(desk.runner.bots.get('1')?.state.deals.length, 0);
  await desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  assert.equal(again.risk.of('desk').state, 'reducing');
  assert.equal(again.runner.bots.get('1')?.state.risk, 'reducing');
  again.risk.setState('desk', 'active');
  await until('a new order', () =>
    again.row("SELECT 1 FROM orders WHERE client_order_id <> ? AND bot_id = '1'", id),
  );
});

test('[R41] a bot that is made while the desk is halted begins halted', async (t) => {
  const desk = await scripted(t);
  desk.risk.setState('desk', 'halted');
  const { botId } = desk.runner.create({ ...ONE_ORDER, cooldownSeconds: 0 });
  await desk.runner.command(botId, { kind: 'start' });
  await desk.untilQuiet();
  assert.equal(desk.runner.bots.get(botId)?.state.risk, 'halted');
  assert.deepEqual(desk.exchange.placedIds(), []);
  desk.risk.setState('desk', 'active');
  await until('its first order', () => desk.row('SELECT 1 FROM orders WHERE bot_id = ?', botId));
});

/** As a deal that realised `amount` would say it. */
function realise(desk: ScriptedDesk, amount: string): void {
  desk.store.transaction(() => desk.risk.onRealised({ botId: '1', asset: 'USDT', amount }));
}

test('[R42] the daily loss makes a scope reduce until midnight; a person may resume, and only new losses count', async (t) => {
  const desk = await scripted(t);
  const now = desk.exchange.time;
  desk.clock.observe(now);
  assert.deepEqual(
    desk.risk.setLimits('desk', { dailyLoss: [{ asset: 'USDT', amount: '10' }] }),
    [],
  );
  realise(desk, '-9.99999999');
  assert.equal(desk.risk.of('desk').state, 'active');
  realise(desk, '-0.000000001');
  const paused = desk.risk.of('desk');
  assert.equal(paused.state, 'reducing');
  assert.equal(paused.cause, 'dailyLoss');
  assert.equal(paused.until, (Math.floor(now / DAY_MS) + 1) * DAY_MS);
  // The market's time stands still: what was lost before the word counts no more, what is lost after it does.
  desk.risk.setState('desk', 'active');
  realise(desk, '-9');
  assert.equal(desk.risk.of('desk').state, 'active');
  realise(desk, '-1');
  assert.equal(desk.risk.of('desk').state, 'reducing');
  assert.deepEqual(desk.risk.standing('bot:1').realisedToday, [{ asset: 'USDT', amount: '-20' }]);
  desk.clock.observe(paused.until);
  desk.risk.tick();
  assert.equal(desk.risk.of('desk').state, 'active');
  assert.deepEqual(desk.risk.standing('desk').realisedToday, []);
});

test('[R42] who halts a desk after its daily loss and lets it go on begins anew, too', async (t) => {
  const desk = await scripted(t);
  desk.clock.observe(desk.exchange.time);
  desk.risk.setLimits('desk', { dailyLoss: [{ asset: 'USDT', amount: '10' }] });
  realise(desk, '-10');
  desk.risk.setState('desk', 'halted');
  desk.risk.setState('desk', 'active');
  realise(desk, '-1');
  assert.equal(desk.risk.of('desk').state, 'active');
});

test('[R42] a part closed at a loss counts while its deal runs, once, and over a restart', async (t) => {
  const desk = await scripted(t);
  desk.risk.setLimits('desk', { dailyLoss: [{ asset: 'USDT', amount: '0.6' }] });
  const entry = await desk.firstOrder();
  await desk.untilState(entry, 'open');
  const bought = desk.exchange.orders.get(entry) ?? assert.fail('it is at the exchange');
  desk.exchange.event(desk.exchange.fill(bought, 100));
  await desk.untilState(entry, 'filled');
  const reduce = async (on: ScriptedDesk): Promise<void> => {
    on.quote = { time: on.exchange.time, quote: quoteAt(190_000) };
    const order = { amount: { kind: 'base', value: '0.0030' } } as const;
    const before = new Set(on.exchange.all);
    await on.runner.command('1', { kind: 'reduceFunds', dealId: 1, order });
    const sale = await until('the sale', () => {
      const booked = on.exchange.all.filter((order) => !before.has(order));
      return booked.find(({ side, lots }) => side === 'sell' && lots === 30) ?? null;
    });
    on.exchange.event(on.exchange.fill(sale, 30));
    await on.untilState(sale.clientOrderId, 'filled');
    await on.untilQuiet();
  };
  await reduce(desk);
  assert.equal(desk.runner.bots.get('1')?.state.deals.length, 1, 'the deal runs');
  const [lost] = desk.risk.standing('desk').realisedToday;
  // 30 lots that cost 1999.99 were sold at 1881, 1 % under 1900.
  assert.equal(lost?.amount, '-0.35697');
  assert.equal(desk.risk.of('desk').state, 'active');
  await desk.crash();
  const again = await new ScriptedDesk({ before: desk }).start();
  t.after(() => again.close());
  assert.deepEqual(again.risk.standing('desk').realisedToday, [lost]);
  assert.deepEqual(again.risk.standing('bot:1').realisedToday, [lost]);
  await reduce(again);
  const [twice] = again.risk.standing('desk').realisedToday;
  assert.equal(Number(twice?.amount).toFixed(6), (2 * Number(lost?.amount)).toFixed(6));
  assert.equal(again.risk.of('desk').state, 'reducing');
  assert.equal(again.risk.of('desk').cause, 'dailyLoss');
  assert.equal(again.runner.bots.get('1')?.state.deals.length, 1, 'the deal still runs');
});

test('[R43] limits and states are set over the API, wrong ones refused by field', async (t) => {
  const api = await openApi();
  t.after(() => api.close());
  const set = await api.ask('PUT', '/api/v1/risk/desk/limits', {
    maxExposure: [{ asset: 'USDT', amount: '500' }],
    maxOpenOrders: 40,
  });
  assert.equal(set.status, 200, JSON.stringify(set.body));
  const wrong = await api.ask('PUT', '/api/v1/risk/desk/limits', {
    maxExposure: [{ asset: 'USDT', amount: '-1' }],
    most: 1,
  });
  assert.equal(wrong.status, 400);
  assert.deepEqual(
    Object(wrong.body).fields.map(({ field }: { field: string }) => field),
    ['maxExposure[0].amount', 'most'],
  );
  const twice = await api.ask('PUT', '/api/v1/risk/desk/limits', {
    dailyLoss: [
      { asset: 'USDT', amount: '1' },
      { asset: 'USDT', amount: '2' },
    ],
  });
  assert.equal(twice.status, 400);
  const stray = await api.ask('PUT', '/api/v1/risk/desk/limits', {
    dailyLoss: [{ asset: 'USTD', amount: '1' }],
  });
  assert.equal(stray.status, 400);
  assert.deepEqual(Object(stray.body).fields[0], {
    field: 'dailyLoss[0].asset',
    expected: 'a quote asset of this desk: USDT',
    found: 'USTD',
  });
  assert.equal((await api.ask('POST', '/api/v1/risk/desk/state', { state: 'halted' })).status, 200);
  assert.equal((await api.ask('POST', '/api/v1/risk/desk/state', { state: 'off' })).status, 400);
  assert.equal(
    (await api.ask('POST', '/api/v1/risk/bot:7/state', { state: 'halted' })).status,
    404,
  );
  const { body } = await api.ask('GET', '/api/v1/risk');
  const [desk] = Object(body);
  assert.equal(desk.state, 'halted');
  assert.equal(desk.cause, 'person');
  assert.equal(desk.limits.maxOpenOrders, 40);
});
