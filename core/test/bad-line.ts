// SPDX-License-Identifier: Apache-2.0
// Random settings on random markets over a bad line, and what must hold whatever happens; run by two tests.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import {
  costOf,
  createBot,
  decodeJournal,
  encodeJournal,
  heldBase,
  parseSettings,
  replay,
  revenueOf,
  type BotState,
} from '../src/index.ts';
import { COIN, settingsOf } from './deal-script.ts';
import { CALM, FaultyExchange, type Faults } from './faulty-exchange.ts';

const randomFaults: fc.Arbitrary<Faults> = fc.record({
  rejected: fc.constantFrom(0, 2, 15),
  absent: fc.constantFrom(0, 2, 10),
  duplicate: fc.constantFrom(0, 10, 40),
  strangerCancels: fc.constantFrom(0, 0.2, 2),
  partialFill: fc.constantFrom(0, 30, 80),
  delayMsMax: fc.constantFrom(1, 300, 5_000, 60_000),
});

const randomSettings = fc
  .record({
    baseOrderType: fc.constantFrom('market', 'limit'),
    baseOrderVolume: fc.integer({ min: 8, max: 200 }).map(String),
    safetyOrderVolume: fc.integer({ min: 8, max: 200 }).map(String),
    safetyOrderStep: fc
      .integer({ min: 10, max: 200 })
      .map((hundredths) => String(hundredths / 100)),
    maxSafetyOrders: fc.nat({ max: 7 }),
    active: fc.integer({ min: 1, max: 7 }),
    volumeScale: fc.constantFrom('0.9', '1', '1.3'),
    stepScale: fc.constantFrom('0.9', '1', '1.2'),
    takeProfit: fc.integer({ min: 10, max: 300 }).map((hundredths) => String(hundredths / 100)),
    /** Tenths of a percent below the last safety order. */
    stopLossBeyond: fc.option(fc.integer({ min: 1, max: 40 }), { nil: null }),
    cooldownSeconds: fc.constantFrom(0, 5, 120),
    maxSlippage: fc.constantFrom('0', '0.5', '1'),
  })
  .map(({ active, stopLossBeyond, ...rest }) => {
    let deviation = 0;
    for (let number = 0; number < rest.maxSafetyOrders; number += 1) {
      deviation += Number(rest.safetyOrderStep) * Number(rest.stepScale) ** number;
    }
    const stopLoss = (deviation + (stopLossBeyond ?? 0) / 10).toFixed(6);
    return {
      ...settingsOf(),
      ...rest,
      ...(stopLossBeyond === null ? {} : { stopLoss }),
      maxActiveSafetyOrders: Math.min(active, rest.maxSafetyOrders),
    };
  });

const randomRun = fc.record({
  seed: fc.nat(),
  settings: randomSettings,
  faults: randomFaults,
  price: fc.integer({ min: 500, max: 100_000 }),
  commissionAsset: fc.constantFrom('base' as const, 'quote' as const, 'other' as const),
  ticks: fc.integer({ min: 300, max: 1200 }),
  wildness: fc.constantFrom(10, 60, 250),
});

/** Coins covered or explained, sums equal, IDs new, limits kept, replay equal: after every single event. */
export function checkBadLine(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(randomRun, (run) => {
      const parsed = parseSettings(run.settings);
      assert.ok(parsed.ok && parsed.settings.kind === 'dca');
      const bot = createBot({
        botId: 'faulty',
        clientOrderIdPrefix: 'k1-',
        settings: parsed.settings,
        instruments: [COIN],
        feeRatePpm: 1000,
      });
      const first = encodeJournal(bot);
      const exchange = new FaultyExchange({ ...run, bot, instrument: COIN });
      exchange.deliver(command(exchange, { kind: 'start' }));
      for (let count = 0; count < run.ticks; count += 1) {
        const { random } = exchange;
        exchange.tick({
          drift: random.below(2 * run.wildness + 1) - run.wildness,
          passMs: random.chance(5) ? random.below(1_000_000) : random.below(3_000),
        });
        if (random.chance(0.5)) {
          const dealId = bot.deals[0]?.dealId ?? 0;
          const kind = random.chance(50) ? 'closeDeal' : 'cancelDeal';
          exchange.deliver(command(exchange, { kind, dealId }));
        }
        if (random.chance(0.5)) exchange.deliver(command(exchange, { kind: 'stop' }));
        if (random.chance(2)) exchange.deliver(command(exchange, { kind: 'start' }));
      }
      settle(exchange);
      checkSums(exchange);
      checkReplay(exchange, first);
      for (const [name, count] of Object.entries(exchange.counts)) {
        totals[name] = (totals[name] ?? 0) + count;
      }
    }),
    { seed, numRuns: runs },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const [name, least] of Object.entries({
    fills: 5_000,
    rejected: 400,
    absent: 400,
    duplicates: 3_000,
    crossed: 400,
    ended: 1_500,
    stopLoss: 200,
  })) {
    assert.ok(
      (totals[name] ?? 0) >= least,
      `${name}: the runs must be wild enough to prove something`,
    );
  }
}

/** After a bad line a good one: every deal that a person closes ends. */
export function checkEveryDealEnds(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  let ended = 0;
  fc.assert(
    fc.property(randomRun, (run) => {
      const parsed = parseSettings(run.settings);
      assert.ok(parsed.ok && parsed.settings.kind === 'dca');
      const bot = createBot({
        botId: 'faulty',
        clientOrderIdPrefix: 'k1-',
        settings: parsed.settings,
        instruments: [COIN],
        feeRatePpm: 1000,
      });
      const exchange = new FaultyExchange({ ...run, bot, instrument: COIN });
      exchange.deliver(command(exchange, { kind: 'start' }));
      for (let count = 0; count < run.ticks; count += 1) {
        const drift = exchange.random.below(2 * run.wildness + 1) - run.wildness;
        exchange.tick({ drift, passMs: exchange.random.below(3_000) });
      }
      settle(exchange);
      exchange.deliver(command(exchange, { kind: 'stop' }));
      for (const deal of [...bot.deals]) {
        exchange.deliver(command(exchange, { kind: 'closeDeal', dealId: deal.dealId }));
      }
      for (let count = 0; count < 200 && bot.deals.length > 0; count += 1) {
        exchange.tick({ drift: 0, passMs: 10_000 });
      }
      assert.equal(bot.deals.length, 0);
      settle(exchange);
      checkSums(exchange);
      assert.equal(exchange.coins, exchange.keptByEnded);
      ended += exchange.counts.ended;
    }),
    { seed, numRuns: runs },
  );
  t.diagnostic(`${ended} deals ended`);
  assert.ok(ended > 2 * runs, 'the runs must be wild enough to prove something');
}

/** A good line and a still market, until nothing travels any more. */
function settle(exchange: FaultyExchange): void {
  exchange.faults = CALM;
  for (let count = 0; count < 1_000; count += 1) {
    exchange.tick({ drift: 0, passMs: 10_000 });
    if (!exchange.isBusy() && count > 20) return;
  }
  assert.fail('the machine does not come to rest');
}

/** Coins and money at the venue are those of the deals, to the last unit. */
function checkSums(exchange: FaultyExchange): void {
  let coins = exchange.keptByEnded;
  let cash = exchange.cashOfEnded;
  for (const deal of exchange.bot.deals) {
    coins += heldBase(deal.position, COIN);
    cash += revenueOf(deal.position, COIN) - costOf(deal.position, COIN);
    for (const order of deal.orders) {
      assert.notEqual(
        exchange.openOrder(order.clientOrderId),
        undefined,
        'the bot knows what rests',
      );
    }
  }
  assert.equal(coins, exchange.coins);
  assert.equal(cash, exchange.money);
}

/** The journal, read back from its text, leads to the same bytes. */
function checkReplay(exchange: FaultyExchange, first: string): void {
  const entries = decodeJournal<FaultyExchange['journal']>(encodeJournal(exchange.journal));
  const replayed = replay(decodeJournal<BotState>(first), entries);
  assert.equal(encodeJournal(replayed), encodeJournal(exchange.bot));
}

function command(
  exchange: FaultyExchange,
  what: Parameters<typeof toCommand>[1],
): ReturnType<typeof toCommand> {
  return toCommand(exchange.time, what);
}

function toCommand(
  time: number,
  what:
    | { readonly kind: 'start' | 'stop' }
    | { readonly kind: 'closeDeal' | 'cancelDeal'; readonly dealId: number },
): Parameters<FaultyExchange['deliver']>[0] {
  return { kind: 'command', time, command: what };
}
