// SPDX-License-Identifier: Apache-2.0
// Conditions in a running desk: one watcher for many bots, each close told once, and how conditions stand.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { makeSettings, type Condition, type DcaSettings } from '@kontor/core';
import { CandleFeed } from '../src/market/candle-feed.ts';
import { ConditionHub } from '../src/runner/condition-hub.ts';
import { MINUTE, ScriptedCandles } from './scripted-candles.ts';
import { ONE_ORDER, quoteAt, ScriptedDesk, until } from './scripted-desk.ts';
import { INSTRUMENT, SYMBOL } from './scripted-exchange.ts';

/** Whole minutes: candles open on them. */
const START = 1_700_000_040_000;
const FALLING: Condition = {
  kind: 'priceChange',
  interval: '1m',
  candles: 1,
  comparison: 'below',
  value: '0',
};
const SLOWLY_FALLING: Condition = { ...FALLING, candles: 5 };
const ON_FALL: DcaSettings = {
  ...ONE_ORDER,
  startTrigger: 'conditions',
  startConditions: [FALLING],
};

interface Watching {
  readonly desk: ScriptedDesk;
  readonly market: ScriptedCandles;
  readonly hub: ConditionHub;
  readonly feed: CandleFeed;
  /** Makes a bot that runs. */
  run(settings: DcaSettings): Promise<string>;
  /** The running minute closes at `price` and the market goes on. */
  close(price: number): Promise<void>;
}

function watching(t: TestContext, desk: ScriptedDesk, market: ScriptedCandles): Watching {
  const feed = new CandleFeed({ source: market, clock: desk.clock, instrument: () => INSTRUMENT });
  market.forget();
  market.onTold((symbol, interval, row, isClosed) =>
    feed.onStreamed(symbol, interval, row, isClosed),
  );
  const hub = new ConditionHub({
    feed,
    clock: desk.clock,
    instrument: () => INSTRUMENT,
    quote: () => quoteAt(200_000),
    state: (botId) => desk.runner.bots.get(botId)?.state,
    deliver: (botId, event) => desk.runner.deliver(botId, event),
    onTrouble: (symbol, reason) => assert.fail(`${symbol}: ${reason}`),
  });
  t.after(async () => {
    hub.close();
    feed.close();
    await desk.close();
  });
  desk.clock.observe(market.runningTime);
  hub.start(desk.runner.bots.keys());
  return {
    desk,
    market,
    hub,
    feed,
    async run(settings) {
      const { botId } = desk.runner.create(settings);
      await desk.runner.command(botId, { kind: 'start' });
      hub.refresh(botId);
      return botId;
    },
    async close(price) {
      desk.clock.observe(market.runningTime + MINUTE);
      market.close(price);
      await desk.runner.command('none', { kind: 'stop' });
    },
  };
}

async function opened(t: TestContext): Promise<Watching> {
  const desk = await new ScriptedDesk().start();
  return watching(t, desk, new ScriptedCandles(SYMBOL, START, [2000, 2001]));
}

function standing(watched: Watching, botId: string): string {
  return watched.hub.startStanding(botId, SYMBOL).conditions;
}

async function untilKnown(watched: Watching, botId: string): Promise<void> {
  await until('known', () => (standing(watched, botId) === 'unknown' ? null : true));
}

function signals(desk: ScriptedDesk): readonly string[] {
  return desk.store
    .all(`SELECT event FROM journal WHERE event LIKE '%"kind":"signal"%' ORDER BY sequence`)
    .map((row) => String(row['event']));
}

test('[R60] a close that meets the conditions starts a deal, and the journal says what was read', async (t) => {
  const watched = await opened(t);
  const botId = await watched.run(ON_FALL);
  await untilKnown(watched, botId);
  assert.equal(standing(watched, botId), 'notMet');
  await watched.close(2002);
  assert.deepEqual(signals(watched.desk), []);
  await watched.close(1990);
  await until('the order', () => (watched.desk.exchange.placedIds().length > 0 ? true : null));
  const [signal, ...more] = signals(watched.desk);
  assert.deepEqual(more, []);
  assert.match(String(signal), /"source":"conditions"/);
  assert.match(String(signal), /"label":"change over 1 1m","value":"-0.60 %, below 0 %"/);
  const note = watched.desk.notes.find(({ kind }) => kind === 'dealStarted');
  assert.equal(note?.values['by'], 'conditions');
  assert.equal(note?.values['readings'], 'change over 1 1m -0.60 %, below 0 %');
});

test('[R61] bots with the same conditions on a symbol share a watcher, which goes with the last of them', async (t) => {
  const watched = await opened(t);
  const first = await watched.run(ON_FALL);
  const second = await watched.run({ ...ON_FALL, startConditions: [{ ...FALLING }] });
  const third = await watched.run({ ...ON_FALL, startConditions: [SLOWLY_FALLING] });
  await watched.run(ONE_ORDER);
  assert.equal(watched.hub.size, 2);
  await untilKnown(watched, first);
  await untilKnown(watched, second);
  assert.equal(standing(watched, third), 'unknown');
  // New settings: another list from now on, and nobody needs the old one for it.
  const settings = { ...ON_FALL, startConditions: [SLOWLY_FALLING] };
  await watched.desk.runner.command(first, {
    kind: 'editSettings',
    settings,
    instruments: [INSTRUMENT],
  });
  watched.hub.refresh(first);
  assert.equal(watched.hub.size, 2);
  await watched.desk.runner.command(second, { kind: 'stop' });
  watched.desk.runner.archive(second);
  watched.hub.refresh(second);
  assert.equal(watched.hub.size, 1);
  assert.deepEqual(watched.feed.symbols, [SYMBOL]);
  assert.equal(watched.desk.runner.bots.has(second), false);
});

test('[R62] after a start no close from before is told, and none twice', async (t) => {
  const first = await new ScriptedDesk().start();
  const market = new ScriptedCandles(SYMBOL, START, [2000, 2001]);
  const before = watching(t, first, market);
  // Stopped for now: what was met before its start is not remembered.
  const { botId } = first.runner.create(ON_FALL);
  before.hub.refresh(botId);
  await untilKnown(before, botId);
  await before.close(1990);
  assert.equal(standing(before, botId), 'met');
  await first.runner.command(botId, { kind: 'start' });
  assert.deepEqual(signals(first), []);
  before.hub.close();
  await first.crash();

  // Two more closes while nobody listens, both of them falling.
  market.close(1980, true);
  market.close(1970, true);
  const second = await new ScriptedDesk({ before: first }).start();
  const after = watching(t, second, market);
  await untilKnown(after, botId);
  assert.equal(standing(after, botId), 'met');
  assert.deepEqual(signals(second), []);
  await after.close(1960);
  await until('the order', () => (second.exchange.placedIds().length > 0 ? true : null));
  after.market.close(1960);
  assert.equal(signals(second).length, 1);
});

test('[R63] conditions are unknown until they have seen enough, and when candles stay away', async (t) => {
  const watched = await opened(t);
  const botId = await watched.run({ ...ON_FALL, startConditions: [SLOWLY_FALLING] });
  await until('history', () =>
    watched.hub.conditionsOf(botId)[0]?.each[0]?.candlesSeen === 2 ? true : null,
  );
  const [conditions] = watched.hub.conditionsOf(botId);
  assert.equal(conditions?.action, 'start');
  assert.equal(conditions?.isTrigger, true);
  assert.equal(conditions?.conditions, 'unknown');
  assert.equal(conditions?.each[0]?.text, 'change over 5 1m, 2 of 6 candles seen');
  for (const price of [1999, 1998, 1997]) await watched.close(price);
  assert.deepEqual(signals(watched.desk), [], 'five candles are not six');
  await watched.close(1996);
  assert.equal(standing(watched, botId), 'met');
  assert.equal(signals(watched.desk).length, 1);
  // Three minutes without a candle: nobody knows any more.
  watched.desk.clock.observe(watched.market.runningTime + 3 * MINUTE);
  assert.equal(standing(watched, botId), 'unknown');
  assert.equal(watched.hub.startStanding(botId, 'OTHERUSDT').conditions, 'none');
});

test('[R64] a close that is told late is no signal', async (t) => {
  const watched = await opened(t);
  const botId = await watched.run(ON_FALL);
  await untilKnown(watched, botId);
  watched.desk.clock.observe(watched.market.runningTime + 2 * MINUTE);
  watched.market.close(1990);
  await watched.desk.runner.command(botId, { kind: 'start' });
  await watched.desk.untilQuiet();
  assert.deepEqual(signals(watched.desk), []);
  assert.equal(standing(watched, botId), 'met');
});

test('[R65] closes reach the deals whose own settings wait for them', async (t) => {
  const watched = await opened(t);
  const { desk } = watched;
  desk.exchange.intercept = (intent) => {
    if (intent.kind !== 'placeOrder' || intent.order.timeInForce !== 'IOC') return false;
    desk.exchange.sign(intent);
    const order = desk.exchange.accept(intent);
    desk.exchange.fill(order, order.lots);
    desk.exchange.answer(intent, 200, order.placed());
    return true;
  };
  const settings = makeSettings<DcaSettings>('dca', {
    ...ONE_ORDER,
    baseOrderType: 'market',
    closeTrigger: 'conditions',
    closeConditions: [FALLING],
    minProfitType: 'none',
    stopAfterDeals: 1,
  });
  const botId = await watched.run(settings);
  await until('the position', () =>
    desk.runner.bots.get(botId)?.state.deals[0]?.phase.kind === 'holding' ? true : null,
  );
  watched.hub.refresh(botId);
  assert.equal(watched.hub.size, 1);
  // The bot's settings change; the deal keeps its own.
  await desk.runner.command(botId, {
    kind: 'editSettings',
    settings: makeSettings<DcaSettings>('dca', { ...ONE_ORDER, stopAfterDeals: 1 }),
    instruments: [INSTRUMENT],
  });
  watched.hub.refresh(botId);
  assert.deepEqual(
    watched.hub.dealStandings(botId, SYMBOL, 'close').map(({ dealIds }) => dealIds),
    [[1]],
  );
  await until('known', () =>
    watched.hub.dealStandings(botId, SYMBOL, 'close')[0]?.conditions === 'notMet' ? true : null,
  );
  await watched.close(1990);
  await until('the end of the deal', () =>
    desk.runner.bots.get(botId)?.state.endedCount === 1 ? true : null,
  );
  watched.hub.refresh(botId);
  assert.equal(watched.hub.size, 0);
  const [signal] = signals(desk);
  assert.match(String(signal), /"dealIds":\[1\]/);
});
