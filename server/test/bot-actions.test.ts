// SPDX-License-Identifier: Apache-2.0
// What may be done to bots and deals over HTTP: settings, signals, wished deals, stops, conditions, the end of a bot.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { BotSettings } from '@kontor/core';
import { ProfitBook } from '../src/runner/profit-book.ts';
import { openApi, TERMINAL_TOKEN, type ScriptedApi } from './scripted-api.ts';
import { MINUTE } from './scripted-candles.ts';
import { ONE_ORDER, ScriptedDesk, until } from './scripted-desk.ts';
import { INSTRUMENT, SYMBOL } from './scripted-exchange.ts';

const FALLING = {
  kind: 'priceChange',
  interval: '1m',
  candles: 1,
  comparison: 'below',
  value: '0',
} as const;
const BY_SIGNAL = { ...ONE_ORDER, startTrigger: 'signal', startConditions: [FALLING] };

const OTHER = { ...INSTRUMENT, symbol: 'OTHERUSDT', baseAsset: 'OTHER' };

const ONE_TRADE = {
  kind: 'smartTrade',
  name: 'Once',
  symbols: [SYMBOL],
  type: 'long',
  size: { kind: 'quote', amount: '50' },
  entries: [{ share: '100', order: 'market' }],
  takeProfit: [{ share: '100', order: 'limit', price: { kind: 'percent', percent: '5' } }],
  maxSlippage: '1',
};

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  return api;
}

/** Makes a bot that runs; answers with its ID. */
async function running(api: ScriptedApi, settings: object = ONE_ORDER): Promise<string> {
  const made = await api.ask('POST', '/api/v1/bots', settings);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { id } = made.body;
  assert.equal((await api.ask('POST', `/api/v1/bots/${id}/start`)).status, 200);
  return id;
}

/** Orders are filled as soon as they come. */
function fillAll(api: ScriptedApi): void {
  const { exchange } = api.desk;
  exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder' || intent.order.side !== 'buy') return false;
    exchange.sign(intent);
    const order = exchange.accept(intent);
    exchange.fill(order, order.lots);
    exchange.answer(intent, 200, order.placed());
    return true;
  };
}

async function untilHolding(api: ScriptedApi, botId: string): Promise<void> {
  await until('a position', () => {
    const deal = api.desk.runner.bots.get(botId)?.state.deals[0];
    return deal?.phase.kind === 'holding' ? true : null;
  });
}

function settingsOf(api: ScriptedApi, botId: string): BotSettings | undefined {
  return api.desk.runner.bots.get(botId)?.state.settings;
}

test('[A20] single settings of a bot are changed, checked like all of them, and null takes one away', async (t) => {
  const api = await opened(t);
  const id = await running(api, { ...ONE_ORDER, stopLoss: '5' });
  const url = `/api/v1/bots/${id}/settings`;
  const changed = await api.ask('PATCH', url, { takeProfit: '3', stopLoss: null });
  assert.equal(changed.status, 200);
  assert.equal(changed.body.settings.takeProfit, '3');
  assert.equal(changed.body.settings.stopLoss, undefined);
  assert.equal(changed.body.state, 'running');
  for (const [changes, field] of [
    [{ takeProfit: '-1' }, 'takeProfit'],
    [{ baseOrderVolume: null }, 'baseOrderVolume'],
    [{ baseOrderVolume: '0.01' }, 'baseOrderVolume'],
    [{ symbols: ['GOLDUSDT'] }, 'symbols'],
    [{ kind: 'grid' }, 'kind'],
    [{ wings: '2' }, 'wings'],
    [{ startTrigger: 'conditions' }, 'startConditions'],
  ] as const) {
    const wrong = await api.ask('PATCH', url, changes);
    assert.equal(wrong.status, 400, field);
    assert.equal(wrong.body.fields[0].field, field);
  }
  assert.equal(settingsOf(api, id)?.kind === 'dca' && settingsOf(api, id)?.name, 'One order');
  assert.equal((await api.ask('PATCH', '/api/v1/bots/99/settings', {})).status, 404);
  const stored = api.desk.row('SELECT settings FROM bots WHERE bot_id = ?', id);
  assert.match(String(stored?.['settings']), /"takeProfit":"3"/);
  const note = api.desk.notes.find(({ kind }) => kind === 'settingsChanged');
  assert.equal(note?.values['fields'], 'stopLoss, takeProfit');
});

test('[A21] a signal is followed or refused with the reason, as the conditions stand', async (t) => {
  const api = await opened(t);
  const id = await running(api, BY_SIGNAL);
  const url = `/api/v1/bots/${id}/signal`;
  await untilStanding(api, id, 'notMet');
  const early = await api.ask('POST', url, { action: 'start' });
  assert.deepEqual([early.status, early.body.message], [409, 'the conditions are not met']);
  await fall(api);
  const taken = await api.ask('POST', url, { action: 'start', symbol: SYMBOL });
  assert.equal(taken.status, 200);
  await until('the order', () => (api.desk.exchange.placedIds().length > 0 ? true : null));
  const again = await api.ask('POST', url, { action: 'start' });
  assert.deepEqual([again.status, again.body.message], [409, 'the bot has all of its 1 deals']);
  for (const [body, field] of [
    [{ action: 'dance' }, 'action'],
    [{}, 'action'],
    [{ action: 'start', colour: 'red' }, 'colour'],
    [{ action: 'enterLong', size: { kind: 'quote', amount: '0' } }, 'size.amount'],
    [
      { action: 'enterLong', entry: { kind: 'limit', price: { kind: 'price', price: '-1' } } },
      'entry.price.price',
    ],
  ] as const) {
    const wrong = await api.ask('POST', url, body);
    assert.equal(wrong.status, 400);
    assert.equal(wrong.body.fields[0].field, field);
  }
  const stranger = await api.ask('POST', url, { action: 'enterLong' });
  assert.equal(stranger.status, 409);
});

test('[A21] signals to deals reach each group of them with its own conditions', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const id = await running(api, {
    ...ONE_ORDER,
    baseOrderType: 'market',
    closeTrigger: 'signal',
    minProfitType: 'none',
    stopAfterDeals: 1,
  });
  await untilHolding(api, id);
  const closed = await api.ask('POST', `/api/v1/bots/${id}/signal`, { action: 'close' });
  assert.equal(closed.status, 200);
  await until('closing', () =>
    api.desk.runner.bots.get(id)?.state.deals[0]?.phase.kind === 'closing' ? true : null,
  );
  const average = await api.ask('POST', `/api/v1/bots/${id}/signal`, { action: 'safetyOrder' });
  assert.deepEqual(
    [average.status, average.body.message],
    [409, 'safety orders of this deal do not wait for signals'],
  );
});

test('[A22] a person opens a deal within conditions and limits, or beyond them', async (t) => {
  const api = await opened(t);
  const made = await api.ask('POST', '/api/v1/bots', BY_SIGNAL);
  const { id } = made.body;
  const url = `/api/v1/bots/${id}/start-deal`;
  const only = await api.ask('POST', url, { onlyWhileRunning: true });
  assert.deepEqual([only.status, only.body.message], [409, 'the bot is stopped']);
  await untilStanding(api, id, 'notMet');
  const plain = await api.ask('POST', url, {});
  assert.deepEqual([plain.status, plain.body.message], [409, 'the conditions are not met']);
  const other = await api.ask('POST', url, { symbol: 'OTHERUSDT', skipConditions: true });
  assert.deepEqual([other.status, other.body.message], [409, 'the bot does not trade OTHERUSDT']);
  const skipped = await api.ask('POST', url, { skipConditions: true });
  assert.equal(skipped.status, 200);
  assert.equal(skipped.body.state, 'stopped');
  await until('the order', () => (api.desk.exchange.placedIds().length > 0 ? true : null));
  assert.equal((await api.ask('POST', '/api/v1/bots/99/start-deal', {})).status, 404);
});

test('[A23] all deals of a bot are closed or cancelled, with or without stopping it', async (t) => {
  for (const [action, state, phase] of [
    ['stop-and-close', 'stopped', 'closing'],
    ['stop-and-cancel', 'stopped', 'cancelling'],
    ['close-all', 'running', 'closing'],
    ['cancel-all', 'running', 'cancelling'],
  ] as const) {
    const api = await opened(t);
    fillAll(api);
    const id = await running(api, { ...ONE_ORDER, baseOrderType: 'market' });
    await untilHolding(api, id);
    await api.desk.untilQuiet();
    api.desk.exchange.intercept = (intent) => intent.kind === 'cancelOrder';
    const other = await api.ask('POST', `/api/v1/bots/${id}/close-all?symbol=OTHERUSDT`);
    assert.equal(other.status, 200);
    assert.equal(api.desk.runner.bots.get(id)?.state.deals[0]?.phase.kind, 'holding');
    const answer = await api.ask('POST', `/api/v1/bots/${id}/${action}`);
    assert.equal(answer.status, 200);
    assert.equal(answer.body.state, state);
    assert.equal(api.desk.runner.bots.get(id)?.state.deals[0]?.phase.kind, phase);
    assert.equal((await api.ask('POST', `/api/v1/bots/99/${action}`)).status, 404);
  }
});

test('[A24] conditions are shown with what they read and how many candles are missing', async (t) => {
  const api = await opened(t);
  const slow = { ...FALLING, candles: 4 };
  const id = await running(api, { ...BY_SIGNAL, startConditions: [FALLING, slow] });
  await untilStanding(api, id, 'unknown');
  const seen = await untilBody(api, id, (body) => body[0]?.conditions[0]?.verdict === 'notMet');
  assert.deepEqual(
    seen[0].conditions.map(
      (one: { verdict: string; candlesSeen: number; candlesNeeded: number }) => [
        one.verdict,
        one.candlesSeen,
        one.candlesNeeded,
      ],
    ),
    [
      ['notMet', 2, 2],
      ['unknown', 2, 5],
    ],
  );
  assert.deepEqual(
    [seen[0].action, seen[0].isTrigger, seen[0].symbol, seen[0].deals],
    ['start', false, SYMBOL, []],
  );
  assert.equal(seen[0].conditions[0].text, 'change over 1 1m 0.05 %, not below 0 %');
  assert.equal(seen[0].conditions[0].closedAt, api.candles.runningTime);
  assert.equal((await api.ask('GET', '/api/v1/bots/99/conditions')).status, 404);
  assert.deepEqual(
    (await api.ask('GET', `/api/v1/bots/${await running(api)}/conditions`)).body,
    [],
  );
});

test('[A25] a bot leaves the desk when it is stopped and has no open deal; its history stays', async (t) => {
  const api = await opened(t);
  const id = await running(api);
  await until('a deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 1 ? true : null,
  );
  const url = `/api/v1/bots/${id}`;
  const runs = await api.ask('DELETE', url);
  assert.deepEqual([runs.status, runs.body.message], [409, 'the bot runs: stop it first']);
  await api.ask('POST', `${url}/stop`);
  const busy = await api.ask('DELETE', url);
  assert.deepEqual([busy.status, busy.body.message], [409, 'the bot has 1 open deals']);
  await api.ask('POST', `${url}/cancel-all`);
  await until('no deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 0 ? true : null,
  );
  assert.equal((await api.ask('DELETE', url)).status, 204);
  assert.equal((await api.ask('GET', url)).status, 404);
  assert.equal((await api.ask('DELETE', url)).status, 404);
  assert.equal((await api.ask('GET', `/api/v1/deals?bot=${id}`)).body.total, 1);
  assert.equal(api.desk.row('SELECT 1 FROM timers WHERE bot_id = ?', id), null);
  // Nor does it come back with the next start.
  await api.desk.crash();
  const again = await new ScriptedDesk({ before: api.desk }).start();
  t.after(() => again.close());
  assert.equal(again.runner.bots.size, 0);
});

test('[A26] what is asked of a deal is done or refused with the reason', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const id = await running(api, { ...ONE_ORDER, baseOrderType: 'market', stopAfterDeals: 1 });
  await untilHolding(api, id);
  const deal = `/api/v1/deals/${id}-1`;
  const edited = await api.ask('PATCH', `${deal}/settings`, { takeProfit: '7' });
  assert.equal(edited.status, 200, JSON.stringify(edited.body));
  const wrong = await api.ask('PATCH', `${deal}/settings`, { takeProfit: 'much' });
  assert.equal(wrong.body.fields[0].field, 'takeProfit');
  const small = await api.ask('POST', `${deal}/add-funds`, {
    amount: { kind: 'quote', value: '0.01' },
    price: '1500.00',
  });
  assert.equal(small.status, 409);
  assert.equal(small.body.error, 'refused');
  const shape = await api.ask('POST', `${deal}/add-funds`, {
    amount: { kind: 'gold', value: '1' },
  });
  assert.equal(shape.status, 400);
  const added = await api.ask('POST', `${deal}/add-funds`, {
    amount: { kind: 'quote', value: '50' },
    price: '1500.00',
  });
  assert.equal(added.status, 200, JSON.stringify(added.body));
  for (const [path, body] of [
    ['close-step', { step: 9 }],
    ['cancel-order', { clientOrderId: 'nothing' }],
  ] as const) {
    assert.equal((await api.ask('POST', `${deal}/${path}`, body)).status, 409, path);
  }
  assert.equal((await api.ask('POST', `/api/v1/deals/${id}-9/convert`)).status, 404);
  assert.equal((await api.ask('POST', `${deal}/force-entry`)).status, 409);
  const trade = await running(api, ONE_TRADE);
  await until('a trade', () =>
    api.desk.runner.bots.get(trade)?.state.deals.length === 1 ? true : null,
  );
  const convert = await api.ask('POST', `/api/v1/deals/${trade}-1/convert`);
  assert.deepEqual(
    [convert.status, convert.body.message],
    [409, 'only a DCA deal can be converted'],
  );
});

test('[A34] what a person adds or takes is refused at once with the number that is possible', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const dca = await running(api, { ...ONE_ORDER, baseOrderType: 'market', stopAfterDeals: 1 });
  await untilHolding(api, dca);
  const trade = await running(api, ONE_TRADE);
  await until('a trade', () =>
    api.desk.runner.bots.get(trade)?.state.deals.length === 1 ? true : null,
  );
  const told = async (path: string, kind: string, value: string, price?: string) => {
    const answer = await api.ask('POST', `/api/v1/deals/${path}`, {
      amount: { kind, value },
      ...(price === undefined ? {} : { price }),
    });
    return [answer.status, answer.body.message] as const;
  };
  for (const [path, kind, value, message] of [
    [
      `${dca}-1/add-funds`,
      'quote',
      '0.01',
      /^amount: expected at least 5\.\d+ USDT, found 0.01 USDT$/,
    ],
    [
      `${dca}-1/add-funds`,
      'base',
      '0.0001',
      /^amount: expected at least 0.0025 ETH, found 0.0001 ETH$/,
    ],
    [
      `${dca}-1/add-funds`,
      'quote',
      '999999999',
      /^amount: expected at most \d{7}(\.\d+)? USDT in one order, found 999999999 USDT$/,
    ],
    [
      `${trade}-1/add-funds`,
      'quote',
      '999999999',
      /^amount: expected at most \d{9}(\.\d+)? USDT in 100 orders, found 999999999 USDT$/,
    ],
    [
      `${dca}-1/reduce-funds`,
      'base',
      '999',
      /^amount: expected at most 0.0100 ETH, which is held, found 999 ETH$/,
    ],
  ] as const) {
    const [status, said] = await told(path, kind, value);
    assert.equal(status, 409, `${path}: ${said}`);
    assert.match(said, message);
  }
  api.funds = { base: 0n, quote: 10_000_000_000n };
  for (const price of ['1500.00', undefined]) {
    const [status, said] = await told(`${trade}-1/add-funds`, 'quote', '150', price);
    assert.equal(status, 409, said);
    assert.match(said, /^amount: expected at most 9\d\.\d+ USDT, which is free, found 150 USDT$/);
  }
  const [status, said] = await told(`${trade}-1/add-funds`, 'quote', '50', '1500.00');
  assert.equal(status, 200, said);
  assert.equal((await api.ask('GET', `/api/v1/deals/${dca}-1/notes`)).status, 200);
});

test('[A35] a bot whose orders the policy or the balances do not allow is made with a warning', async (t) => {
  const api = await opened(t);
  api.policy = [
    'allow id=a op=order.place symbol=ETHUSDT side=BUY notional<=2000 USDT',
    'default deny',
  ];
  const warningsOf = async (settings: object) =>
    (await api.ask('POST', '/api/v1/bots', settings)).body.warnings;
  assert.deepEqual(await warningsOf(ONE_ORDER), []);
  const large = { ...ONE_ORDER, baseOrderVolume: '50000' };
  const [policy, ...none] = await warningsOf(large);
  assert.match(
    policy,
    /^an order on ETHUSDT would need 5\d{4}(\.\d+)? USDT, and the policy allows at most 2000 USDT an order$/,
  );
  assert.deepEqual(none, []);
  api.policy = [...api.policy, 'allow id=b op=order.place symbol=* side=SELL'];
  assert.deepEqual(await warningsOf(large), []);
  api.funds = { base: 0n, quote: 10_000_000_000n };
  const trade = { ...ONE_TRADE, size: { kind: 'quote', amount: '150.5' } };
  assert.deepEqual(await warningsOf(trade), [
    'a deal on ETHUSDT would need 150.5 USDT, and 100 USDT are free',
  ]);
  const made = await api.ask('POST', '/api/v1/bots', large);
  const started = await api.ask('POST', `/api/v1/bots/${made.body.id}/start`);
  assert.equal(started.body.state, 'running');
  assert.match(started.body.warnings[0], /^a deal on ETHUSDT would need .* and 100 USDT are free$/);
});

test('[A36] a deal that failed before it traded is no ended deal', async (t) => {
  const api = await opened(t);
  api.desk.exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder') return false;
    api.desk.exchange.refuse(intent, 'demo: notional');
    return true;
  };
  const id = await running(api);
  await until('a failed deal', () =>
    api.desk.row("SELECT 1 FROM deals WHERE bot_id = ? AND status = 'failed'", id),
  );
  assert.equal(api.desk.ended.length, 0);
  assert.deepEqual(new ProfitBook(api.desk.store).total(), { profit: '0', deals: 0 });
  assert.equal((await api.ask('GET', `/api/v1/deals?bot=${id}`)).body.total, 1);
});

test('[A37, A38] deals on a symbol that the settings no longer name are shown with it, and so are notes', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const id = await running(api, { ...ONE_ORDER, baseOrderType: 'market', stopAfterDeals: 1 });
  await untilHolding(api, id);
  const before = await api.ask('GET', `/api/v1/bots/${id}`);
  assert.equal(before.body.formerSymbols, undefined);
  const bot = api.desk.runner.bots.get(id) ?? assert.fail('there is no bot');
  await api.desk.runner.command(id, {
    kind: 'editSettings',
    settings: { ...bot.state.settings, symbols: [OTHER.symbol] },
    instruments: [OTHER],
  });
  const after = await api.ask('GET', `/api/v1/bots/${id}`);
  assert.deepEqual(after.body.settings.symbols, [OTHER.symbol]);
  assert.deepEqual(after.body.formerSymbols, [SYMBOL]);
  const { body: notes } = await api.ask('GET', `/api/v1/notes?bot=${id}`);
  const symbolOf = (kind: string) =>
    notes.find((note: { readonly kind: string }) => note.kind === kind)?.symbol;
  assert.equal(symbolOf('orderFilled'), SYMBOL);
  assert.equal(symbolOf('settingsChanged'), undefined);
  const told = api.desk.notes.find(({ kind }) => kind === 'orderFilled');
  assert.equal(told?.symbol, SYMBOL);
});

test('[A27] a converted deal goes on as a smart trade, made in the same moment', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const id = await running(api, { ...ONE_ORDER, baseOrderType: 'market', stopAfterDeals: 1 });
  await untilHolding(api, id);
  await api.desk.untilQuiet();
  const converted = await api.ask('POST', `/api/v1/deals/${id}-1/convert`);
  assert.equal(converted.status, 200);
  const trade = await until(
    'the smart trade',
    () =>
      [...api.desk.runner.bots.values()].find(({ state }) => state.kind === 'smartTrade') ?? null,
  );
  await until('its take profit', () =>
    api.desk.row(
      "SELECT 1 FROM orders WHERE bot_id = ? AND purpose = 'takeProfit' AND state = 'open'",
      trade.botId,
    ),
  );
  assert.equal(api.desk.runner.bots.get(id)?.state.deals.length, 0);
  const { state } = trade;
  assert.equal(state.settings.name, 'One order #1');
  assert.equal(state.deals.length, 1);
});

/** The next minute closes lower. */
async function fall(api: ScriptedApi): Promise<void> {
  api.desk.clock.observe(api.candles.runningTime + MINUTE);
  api.candles.close(1990);
}

async function untilStanding(api: ScriptedApi, id: string, standing: string): Promise<void> {
  await untilBody(api, id, (body) => body[0]?.standing === standing);
}

async function untilBody(
  api: ScriptedApi,
  id: string,
  // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from it, it checks
  isFit: (body: any) => boolean,
  // oxlint-disable-next-line typescript/no-explicit-any -- as above
): Promise<any> {
  for (let tries = 0; tries < 500; tries += 1) {
    const { body } = await api.ask('GET', `/api/v1/bots/${id}/conditions`);
    if (isFit(body)) return body;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return assert.fail(`conditions of bot ${id} did not come to stand so`);
}

test('[A29] however many notes a deal has, an answer holds the latest 500 of them', async (t) => {
  const api = await opened(t);
  const insert =
    "INSERT INTO notes (bot_id, deal_number, time, kind, note_values) VALUES ('1', ?, ?, 'averageChanged', '{}')";
  api.desk.store.transaction(() => {
    for (let time = 1; time <= 700; time += 1) api.desk.store.run(insert, 1 + (time % 2), time);
    for (let time = 701; time <= 1_000; time += 1) api.desk.store.run(insert, 1, time);
  });
  const { body } = await api.ask('GET', '/api/v1/deals/1-1/notes');
  const times: number[] = body.map((note: { readonly time: number }) => note.time);
  assert.equal(times.length, 500);
  assert.deepEqual(
    times,
    times.toSorted((left, right) => left - right),
  );
  // 300 of the second batch, and before them every other one of the first.
  assert.deepEqual([times[0], times[199], times[200], times.at(-1)], [302, 700, 701, 1_000]);
});

test('[A31] a smart trade that has ended is not started again, and the answer says why', async (t) => {
  const api = await opened(t);
  fillAll(api);
  const id = await running(api, ONE_TRADE);
  const url = `/api/v1/bots/${id}`;
  await until('a deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 1 ? true : null,
  );
  assert.equal((await api.ask('POST', `${url}/stop`)).status, 200);
  const open = await api.ask('POST', `${url}/start`);
  assert.deepEqual(
    [open.status, open.body.message],
    [409, 'the trade is open already and goes on to its end'],
  );
  await until('the position', () => api.desk.row('SELECT 1 FROM fills WHERE bot_id = ?', id));
  assert.equal((await api.ask('POST', `/api/v1/deals/${id}-1/cancel`)).status, 200);
  await until('no deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 0 ? true : null,
  );
  const ended = await api.ask('POST', `${url}/start`);
  assert.deepEqual(
    [ended.status, ended.body.error, ended.body.message],
    [409, 'refused', 'the trade has ended, and a smart trade trades once: make a new one'],
  );
  assert.equal((await api.ask('POST', '/api/v1/bots/99/start')).status, 404);
});

test('[A32] an empty body with a JSON content type is none', async (t) => {
  const api = await opened(t);
  const id = await running(api);
  const ask = async (method: 'POST' | 'DELETE', url: string, payload = '') => {
    const answer = await api.app.inject({
      method,
      url,
      headers: {
        host: '127.0.0.1:4180',
        authorization: `Bearer ${TERMINAL_TOKEN}`,
        'content-type': 'application/json',
      },
      payload,
    });
    return { status: answer.statusCode, text: answer.body };
  };
  assert.equal((await ask('POST', `/api/v1/bots/${id}/stop`)).status, 200);
  assert.equal((await ask('POST', `/api/v1/bots/${id}/cancel-all`)).status, 200);
  await until('no deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 0 ? true : null,
  );
  assert.notEqual((await ask('POST', `/api/v1/bots/${id}/start-deal`)).status, 400);
  const needed = await ask('POST', `/api/v1/bots/${id}/signal`);
  assert.equal(needed.status, 400);
  assert.match(needed.text, /body: expected object, found nothing/);
  assert.equal((await ask('POST', `/api/v1/bots/${id}/stop`, '{"a":')).status, 400);
  assert.equal((await ask('POST', `/api/v1/bots/${id}/stop`)).status, 200);
  await api.ask('POST', `/api/v1/bots/${id}/cancel-all`);
  await until('no deal', () =>
    api.desk.runner.bots.get(id)?.state.deals.length === 0 ? true : null,
  );
  assert.equal((await ask('DELETE', `/api/v1/bots/${id}`)).status, 204);
});

test('[A33] deals of a bot that never was are not found', async (t) => {
  const api = await opened(t);
  const none = await api.ask('GET', '/api/v1/deals?bot=999');
  assert.deepEqual(
    [none.status, none.body.message],
    [404, 'there is no bot 999, and there never was'],
  );
  const made = await api.ask('POST', '/api/v1/bots', ONE_ORDER);
  const { id } = made.body;
  assert.equal((await api.ask('GET', `/api/v1/deals?bot=${id}`)).body.total, 0);
  assert.equal((await api.ask('DELETE', `/api/v1/bots/${id}`)).status, 204);
  assert.equal((await api.ask('GET', `/api/v1/deals?bot=${id}`)).status, 200);
});
