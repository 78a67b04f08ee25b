// SPDX-License-Identifier: Apache-2.0
// Random settings on random markets over a bad line, and what must hold whatever happens; run by two tests.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import {
  clientOrderId,
  costOf,
  createBot,
  decodeJournal,
  encodeJournal,
  heldBase,
  parseSettings,
  priceTicks,
  replay,
  revenueOf,
  watchedAbove,
  watchedBelow,
  type BotCommand,
  type BotState,
  type DcaBotState,
  type DcaSettings,
} from '../src/index.ts';
import { Turn } from '../src/bot/turn.ts';
import { dcaRules } from '../src/dca/bot.ts';
import { COIN } from './deal-script.ts';
import { randomSettings } from './random-dca.ts';
import { CALM, FaultyExchange, type Faults } from './faulty-exchange.ts';

export const randomFaults: fc.Arbitrary<Faults> = fc.record({
  rejected: fc.constantFrom(0, 2, 15),
  absent: fc.constantFrom(0, 2, 10),
  duplicate: fc.constantFrom(0, 10, 40),
  strangerCancels: fc.constantFrom(0, 0.2, 2),
  partialFill: fc.constantFrom(0, 30, 80),
  delayMsMax: fc.constantFrom(1, 300, 5_000, 60_000),
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

/** Coins that are there before: a short sells some of them. */
const COINS = 1_000_000_000_000n;

function exchangeOf(run: typeof randomRun extends fc.Arbitrary<infer Value> ? Value : never): {
  readonly bot: DcaBotState;
  readonly exchange: FaultyExchange;
  readonly first: string;
} {
  const bot = createBot({
    botId: 'faulty',
    clientOrderIdPrefix: 'k1-',
    settings: run.settings,
    instruments: [COIN],
    feeRatePpm: 1000,
  });
  const first = encodeJournal(bot);
  return {
    bot,
    first,
    exchange: new FaultyExchange({ ...run, bot, instrument: COIN, startCoins: COINS }),
  };
}

/** Something a person may ask of the oldest deal, sensible or not. */
export function randomCommand({ random, bot }: FaultyExchange): BotCommand {
  const deal = bot.deals[0];
  const dealId = deal?.dealId ?? 0;
  const amount = {
    kind: random.chance(50) ? ('quote' as const) : ('base' as const),
    value: String(random.below(300) / (random.chance(50) ? 1 : 10)),
  };
  const price = random.chance(50)
    ? { price: String((5_000 + random.below(95_000)) / 100) }
    : undefined;
  const kinds = [
    'close',
    'cancel',
    'add',
    'add',
    'reduce',
    'reduce',
    'step',
    'order',
    'edit',
    'hand',
  ];
  switch (kinds[random.below(kinds.length)]) {
    case 'close':
      return { kind: 'closeDeal', dealId };
    case 'cancel':
      return { kind: 'cancelDeal', dealId };
    case 'add':
      return { kind: 'addFunds', dealId, order: { amount, ...price } };
    case 'reduce':
      return { kind: 'reduceFunds', dealId, order: { amount, ...price } };
    case 'step':
      return { kind: 'closeStep', dealId, step: 1 + random.below(4) };
    case 'order': {
      const order = deal?.orders[random.below(deal.orders.length)];
      return {
        kind: 'cancelOrder',
        dealId,
        clientOrderId: order?.clientOrderId ?? clientOrderId('x'),
      };
    }
    case 'hand':
      return { kind: 'handOverDeal', dealId };
    default: {
      const settings = bot.settings as DcaSettings;
      const edited = parseSettings({
        ...settings,
        ...(random.chance(50) && settings.takeProfitSteps === undefined
          ? { takeProfit: String((200 + random.below(300)) / 100) }
          : {}),
        ...(random.chance(50) ? { stopLoss: String(20 + random.below(20)) } : {}),
        maxSafetyOrders: random.below(settings.maxSafetyOrders + 1),
        maxActiveSafetyOrders: Math.min(1, settings.maxActiveSafetyOrders),
      });
      return { kind: 'editDeal', dealId, settings: edited.ok ? edited.settings : settings };
    }
  }
}

const RISKS = ['active', 'active', 'reducing', 'halted'] as const;

/** Coins covered or explained, sums equal, IDs new, limits kept, replay equal: after every single event. */
export function checkBadLine(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(randomRun, (run) => {
      const { bot, exchange, first } = exchangeOf(run);
      deliverCommand(exchange, { kind: 'start' });
      for (let count = 0; count < run.ticks; count += 1) {
        const { random } = exchange;
        exchange.tick({
          drift: random.below(2 * run.wildness + 1) - run.wildness,
          passMs: random.chance(5) ? random.below(1_000_000) : random.below(3_000),
        });
        if (random.chance(1.5)) deliverCommand(exchange, randomCommand(exchange));
        if (random.chance(0.5)) deliverCommand(exchange, { kind: 'stop' });
        if (random.chance(2)) deliverCommand(exchange, { kind: 'start' });
        if (random.chance(1)) {
          const risk = RISKS[random.below(RISKS.length)] ?? 'active';
          deliverCommand(exchange, { kind: 'setRisk', risk });
        }
        if (random.chance(1)) checkUnwatched(exchange, bot);
      }
      deliverCommand(exchange, { kind: 'stop' });
      deliverCommand(exchange, { kind: 'setRisk', risk: 'active' });
      settle(exchange);
      checkSums(exchange);
      checkReplay(exchange, first);
      for (const [name, count] of Object.entries(exchange.counts)) {
        totals[name] = (totals[name] ?? 0) + count;
      }
      countNotes(totals, exchange);
    }),
    { seed, numRuns: runs, endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const [name, least] of Object.entries({
    fills: 3_500,
    rejected: 300,
    absent: 300,
    duplicates: 2_500,
    crossed: 400,
    ended: 1_500,
    stopLoss: 150,
    stopMoved: 10,
    stopBreached: 50,
    stopLossTimedOut: 10,
    trailingStarted: 50,
    takeProfitTriggered: 20,
    closeTimedOut: 50,
    dealEdited: 15,
    commandRefused: 100,
    'filled addFunds': 20,
    'filled reduceFunds': 10,
    'filled takeProfit 2': 20,
    'handed over': 10,
  })) {
    assert.ok(
      (totals[name] ?? 0) >= least,
      `${name}: the runs must be wild enough to prove something`,
    );
  }
}

/** How often the runs came by what only some settings and commands lead to. */
export function countNotes(totals: Record<string, number>, { journal }: FaultyExchange): void {
  for (const { effects } of journal) {
    for (const effect of effects) {
      if (effect.kind !== 'notify') continue;
      const { kind, values } = effect.note;
      const name =
        kind === 'orderFilled'
          ? `filled ${values['order'] ?? ''} ${values['number'] ?? ''}`.trim()
          : kind === 'dealCancelled'
            ? (values['reason'] ?? '')
            : kind;
      totals[name] = (totals[name] ?? 0) + 1;
    }
  }
}

/** After a bad line a good one: every deal that a person closes ends. */
export function checkEveryDealEnds(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  let ended = 0;
  fc.assert(
    fc.property(randomRun, (run) => {
      const { bot, exchange } = exchangeOf(run);
      deliverCommand(exchange, { kind: 'start' });
      for (let count = 0; count < run.ticks; count += 1) {
        const drift = exchange.random.below(2 * run.wildness + 1) - run.wildness;
        exchange.tick({ drift, passMs: exchange.random.below(3_000) });
        if (exchange.random.chance(1)) deliverCommand(exchange, randomCommand(exchange));
      }
      deliverCommand(exchange, { kind: 'stop' });
      settle(exchange);
      for (const { dealId } of [...bot.deals]) {
        deliverCommand(exchange, { kind: 'closeDeal', dealId });
      }
      for (let count = 0; count < 200 && bot.deals.length > 0; count += 1) {
        exchange.tick({ drift: 0, passMs: 10_000 });
      }
      assert.equal(bot.deals.length, 0);
      settle(exchange);
      checkSums(exchange);
      assert.equal(exchange.coins, COINS + exchange.keptByEnded);
      ended += exchange.counts.ended;
    }),
    { seed, numRuns: runs, endOnFailure: true },
  );
  t.diagnostic(`${ended} deals ended`);
  assert.ok(ended > 2 * runs, 'the runs must be wild enough to prove something');
}

/** A good line and a still market, until nothing travels any more. */
export function settle(exchange: FaultyExchange): void {
  exchange.faults = CALM;
  for (let count = 0; count < 1_000; count += 1) {
    exchange.tick({ drift: 0, passMs: 10_000 });
    if (!exchange.isBusy() && count > 20) return;
  }
  assert.fail('the machine does not come to rest');
}

/** Coins and money at the venue are those of the deals, to the last unit. */
export function checkSums(exchange: FaultyExchange): void {
  let coins = exchange.startCoins + exchange.keptByEnded;
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
export function checkReplay(exchange: FaultyExchange, first: string): void {
  const entries = decodeJournal<FaultyExchange['journal']>(encodeJournal(exchange.journal));
  const replayed = replay(decodeJournal<BotState>(first), entries);
  assert.equal(encodeJournal(replayed), encodeJournal(exchange.bot));
}

/** A quote that does not concern the bot changes nothing, even where it is looked at. */
export function checkUnwatched(exchange: FaultyExchange, bot: DcaBotState): void {
  const below = watchedBelow(bot, COIN.symbol);
  const above = watchedAbove(bot, COIN.symbol);
  const last = 50 + exchange.random.below(200_000);
  if (last - 1 <= below || last + 1 >= above) return;
  const copy = decodeJournal<DcaBotState>(encodeJournal(bot));
  const turn = new Turn(exchange.time, 'x-', bot.risk);
  const quote = { bid: priceTicks(last - 1), ask: priceTicks(last + 1), last: priceTicks(last) };
  const isChanged = dcaRules.onQuote(copy, turn, {
    kind: 'quote',
    time: exchange.time,
    symbol: COIN.symbol,
    quote,
  });
  assert.ok(!isChanged, `a quote of ${last} between ${below} and ${above}`);
  assert.equal(encodeJournal(copy), encodeJournal(bot));
}

export function deliverCommand(exchange: FaultyExchange, what: BotCommand): void {
  exchange.deliver({ kind: 'command', time: exchange.time, command: what });
}
