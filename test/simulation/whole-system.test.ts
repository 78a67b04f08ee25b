// SPDX-License-Identifier: Apache-2.0
// Two hundred seeded runs of the whole system, and proof that they would find what they look for.

import assert from 'node:assert/strict';
import os from 'node:os';
import { test } from 'node:test';
import { encodeJournal, GIVEN_SIGNAL_FIELDS, SETTINGS_FIELDS, type BotKind } from '@kontor/core';
import { randomGiven } from '../../core/test/random-signal.ts';
import { FAULT_KINDS } from '../../simulator/src/faults.ts';
import { Random } from '../../simulator/src/market/random.ts';
import { Drawn } from './drawn.ts';
import { planOf, type Plan } from './plan.ts';
import { failureLine, runSeeds, totalsOf } from './seeds.ts';
import { shrink } from './shrink.ts';
import type { Observed } from './invariants.ts';
import { runPlan } from './world.ts';

const FIRST_SEED = 1;
const RUNS = 100;
const WORKERS = Math.max(1, Math.min(2, os.availableParallelism()));
/** A seed whose bots trade all the time. */
const BUSY_SEED = 5;

test(`[T71][T72][T73][T74][T75][T76][T79] ${RUNS} hours hold (seeds from ${FIRST_SEED})`, async (t) => {
  const results = await runSeeds({ from: FIRST_SEED, runs: RUNS, workers: WORKERS });
  assert.equal(results.length, RUNS);
  const failures = results.filter(({ violation }) => violation !== null).map(failureLine);
  assert.deepEqual(failures, []);
  const totals = totalsOf(results);
  t.diagnostic(JSON.stringify(totals));
  // Runs in which nothing happens would hold as well.
  assert.ok((totals['placeOrder'] ?? 0) > 20 * RUNS, 'orders');
  assert.ok((totals['crashes'] ?? 0) > RUNS, 'crashes');
});

test('[T70] a seed tells the same story twice', async () => {
  const range = { from: BUSY_SEED, runs: 4, workers: 1, isTold: true };
  const stories = (await runSeeds(range)).map(({ story }) => story);
  assert.match(stories[0] ?? '', /^[1-9]\d\d\d* lines, [0-9a-f]{64}$/);
  assert.equal(new Set(stories).size, stories.length);
  assert.deepEqual(
    (await runSeeds(range)).map(({ story }) => story),
    stories,
  );
});

/** A price holds for one symbol only, so a signal bot's settings have none; when a signal was sent the world says. */
const REFUSED = /^signal\.(takeProfit|stopLoss)\.(price|limit) price|^given\.sentTime/;

const HAPPENINGS = [
  ...['createBot', 'commandBot', 'commandDeal', 'command', 'signal', 'risk', 'riskLimits'],
  ...['backup', 'restore', 'crash', 'peerDown', 'line', 'network', 'policy', 'marketStreamDown'],
  ...['wallClock', 'strangerCancels', 'handOrder', 'handCancel', 'withdraw', 'sweep'],
  ...['now', 'beforeCommit', 'afterCommit', 'beforeSend', 'afterSend', 'peerDies', 'late', 'reset'],
  ...['connectFails', 'requestLost', 'answerLost', 'active', 'reducing', 'halted', 'startDeal'],
  ...['stop-and-close', 'stop-and-cancel', 'close-all', 'cancel-all', 'addFunds', 'reduceFunds'],
  ...['convert', 'forceEntry', 'closeStep', 'cancelStep', 'editSettings', 'editDeal', 'archive'],
  ...['cancelOrder', 'orphan'],
] as const;

/** Longer than an hour has candles for: what a condition says of them is tested with the indicators. */
const INTERVALS_DRAWN = ['1m', '3m', '5m'];
const PLANS = 1_500;

test('[T80] plans draw every setting, signal, wish and fault there is', () => {
  const drawn = new Drawn();
  const kinds = new Set<string>();
  for (let seed = 1; seed <= PLANS; seed += 1) {
    const { firstBots, happenings } = planOf(seed);
    const made = happenings.flatMap((each) => (each.kind === 'createBot' ? [each.settings] : []));
    for (const settings of [...firstBots, ...made]) {
      const kind = String(settings['kind']) as BotKind;
      kinds.add(kind);
      drawn.add(SETTINGS_FIELDS[kind], settings, kind);
    }
    for (const happening of happenings) {
      kinds.add(happening.kind);
      if (happening.kind === 'venue') kinds.add(happening.request.kind);
      if (happening.kind === 'line') kinds.add(happening.strike.what.kind);
      if (happening.kind === 'crash') kinds.add(happening.moment);
      if (happening.kind === 'command') kinds.add(happening.wish.kind);
      if (happening.kind === 'risk') kinds.add(happening.state);
      if (happening.kind !== 'signal') continue;
      const random = Random.fromSeed(`${happening.draw} signal`);
      drawn.add(GIVEN_SIGNAL_FIELDS, randomGiven(random, happening.action, 100), 'given');
    }
  }
  const isPossible = (line: string): boolean => {
    const interval = /\.interval (\w+)$/.exec(line)?.[1];
    return interval === undefined || interval === 'given' || INTERVALS_DRAWN.includes(interval);
  };
  const missing = [
    ...Object.entries(SETTINGS_FIELDS).flatMap(([kind, fields]) => drawn.missing(fields, kind)),
    ...drawn.missing(GIVEN_SIGNAL_FIELDS, 'given'),
  ].filter(isPossible);
  assert.deepEqual(
    missing.filter((line) => !REFUSED.test(line)),
    [],
  );
  const named: readonly string[] = [...FAULT_KINDS, ...HAPPENINGS];
  assert.deepEqual(
    named.filter((name) => !kinds.has(name)),
    [],
  );
});

const MARKET: Plan['market'] = planOf(BUSY_SEED).market;

function bot(takeProfit: string, safetyOrderStep: string): Plan['firstBots'][number] {
  return {
    kind: 'dca',
    name: `Takes ${takeProfit} %`,
    symbols: MARKET.symbols.slice(0, 1),
    baseOrderVolume: '100',
    baseOrderType: 'market',
    safetyOrderVolume: '100',
    safetyOrderStep,
    maxSafetyOrders: 3,
    maxActiveSafetyOrders: 3,
    volumeScale: '1',
    stepScale: '1',
    takeProfit,
    cooldownSeconds: 0,
    maxActiveDeals: 1,
  };
}

/** A day on which nothing goes wrong: one bot trades all the time, the orders of the other stay out. */
const CALM: Plan = {
  ...planOf(BUSY_SEED),
  firstBots: [bot('0.15', '0.3'), bot('9', '5')],
  happenings: [],
};
const DAMAGE_MS = 20 * 60_000;

test('[R27] an old store is noticed before what was missed makes a bot ask for orders', async () => {
  const { violation } = await runPlan({
    ...CALM,
    firstBots: [bot('9', '5')],
    happenings: [
      { at: 60_000, kind: 'backup' },
      // The order that takes its place has the ID that the copy would give next.
      { at: 90_000, kind: 'strangerCancels', pick: 1 },
      { at: 120_000, kind: 'restore', downMs: 10_000 },
      { at: 125_000, kind: 'strangerCancels', pick: 2 },
    ],
  });
  assert.equal(violation, null);
});

/** Something that must be found, and the rules by which it may be. */
const DAMAGES: readonly {
  readonly what: string;
  readonly rules: readonly string[];
  readonly damage: (world: Observed) => void;
}[] = [
  {
    what: 'a trade that the store has lost',
    rules: ['rest', 'fills'],
    damage: ({ life }) =>
      life?.store.run('DELETE FROM fills WHERE rowid = (SELECT min(rowid) FROM fills)'),
  },
  {
    what: 'a trade stored with another quantity',
    rules: ['fills'],
    damage: ({ life }) =>
      life?.store.run(
        `UPDATE fills SET fill = replace(fill, '"quantity":', '"quantity":9') WHERE rowid = (SELECT min(rowid) FROM fills)`,
      ),
  },
  {
    what: 'an order whose end was not stored',
    rules: ['rest', 'state', 'alarm'],
    damage: ({ life }) =>
      life?.store.run("UPDATE orders SET state = 'expired' WHERE client_order_id = 'k1simu1-1-1'"),
  },
  {
    what: 'a bot that has changed without its journal',
    rules: ['replay', 'server'],
    damage: ({ life }) => {
      for (const { state } of life?.server.runner.bots.values() ?? []) state.nextDealId += 1;
    },
  },
  {
    what: 'a journal entry that is gone',
    rules: ['replay'],
    damage: ({ life }) =>
      life?.store.run(
        'DELETE FROM journal WHERE sequence = (SELECT min(sequence) + 20 FROM journal)',
      ),
  },
  {
    what: 'an order under a tag of ours that nobody stored',
    rules: ['alarm'],
    damage: ({ venue }) => {
      const [instrument] = venue.instruments;
      assert.ok(instrument !== undefined);
      const market = venue.exchange.market(instrument.symbol);
      assert.ok(market !== undefined);
      venue.byHand('POST', '/api/v3/order', {
        symbol: instrument.symbol,
        side: 'BUY',
        type: 'LIMIT',
        timeInForce: 'GTC',
        price: market.priceText(Math.floor(market.lastTicks / 2)),
        quantity: market.quantityText(
          instrument.minLots + Math.ceil((2 * instrument.minNotional) / (market.lastTicks / 2)),
        ),
        newClientOrderId: 'k1simu1-77-1',
      });
    },
  },
  {
    what: 'a timer that nobody minds',
    rules: ['timer'],
    damage: ({ life, venue }) =>
      life?.store.run(
        "INSERT INTO timers (bot_id, timer, due) VALUES ('1', 'nothing', ?)",
        venue.marketMs,
      ),
  },
  {
    what: 'a deal that is not listed',
    rules: ['projection', 'profit'],
    damage: ({ life }) =>
      life?.store.run('DELETE FROM deals WHERE deal_number = 1 AND closed_at IS NOT NULL'),
  },
  {
    what: 'coins whose exit has left the book without a word',
    rules: ['unprotected'],
    damage: ({ venue }) => {
      const { openOrders } = venue.account;
      for (const order of openOrders) if (order.side === 'SELL') openOrders.delete(order);
    },
  },
];

for (const { what, rules, damage } of DAMAGES) {
  test(`[T77] ${what} is found`, async () => {
    const { violation } = await runPlan(CALM, { damage: { at: DAMAGE_MS, work: damage } });
    assert.ok(violation !== null, 'the run holds');
    assert.ok(rules.includes(violation.rule), `${violation.rule}: ${violation.message}`);
    assert.ok(violation.at >= DAMAGE_MS);
  });
}

test('[T77] without damage the same day holds', async () => {
  const { violation } = await runPlan(CALM);
  assert.equal(violation, null);
});

test('[T78] of a failing plan only what is needed is left', async () => {
  const plan = planOf(BUSY_SEED);
  const [, second] = plan.happenings;
  assert.ok(second !== undefined);
  const needed = encodeJournal(second);
  const lines: string[] = [];
  const smallest = await shrink(
    plan,
    'test',
    async (candidate) => ({
      seed: candidate.seed,
      violation: candidate.happenings.some((happening) => encodeJournal(happening) === needed)
        ? { rule: 'test', message: '', at: 0 }
        : null,
      counts: {},
    }),
    (line) => lines.push(line),
  );
  assert.deepEqual(smallest.happenings, [second]);
  assert.deepEqual(smallest.firstBots, []);
  assert.ok(lines.length > 0);
});
