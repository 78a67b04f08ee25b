// SPDX-License-Identifier: Apache-2.0
// Rules D35, D63 and D74 to D79 over random runs: signals, wishes of a person and new settings over a bad line.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  createBot,
  encodeJournal,
  parseSettings,
  priceTicks,
  type BotCommand,
  type BotEvent,
  type ConditionStanding,
  type DcaBotState,
  type DcaSettings,
  type Reading,
} from '../src/index.ts';
import { randomTriggers } from './backtest-script.ts';
import {
  checkReplay,
  checkSums,
  checkUnwatched,
  countNotes,
  deliverCommand,
  randomCommand,
  randomFaults,
  settle,
} from './bad-line.ts';
import { COIN } from './deal-script.ts';
import { explainDca, FaultyExchange, type Random } from './faulty-exchange.ts';
import { randomSettings } from './random-dca.ts';

const SEED = 20_230_417;
const RUNS = 150;
const COINS = 1_000_000_000_000n;
const STANDINGS: readonly ConditionStanding[] = ['met', 'met', 'met', 'notMet', 'unknown'];
const SIGNALS = ['start', 'start', 'safetyOrder', 'safetyOrder', 'close', 'enterLong'] as const;
const READINGS: readonly Reading[] = [{ label: 'RSI 14', value: '29.5' }];

/** Of `randomTriggers` what is the bot's own, not the deal's. */
function triggersFor(
  deal: DcaSettings,
  triggers: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const dealsOwn = ['stopLossTrailing', 'trailingDeviation', 'closeTimeoutSeconds'];
  const isOfProfit = [deal.baseOrderVolumeType, deal.safetyOrderVolumeType].every(
    (type) => type === deal.profitCurrency,
  );
  const left = isOfProfit ? dealsOwn : [...dealsOwn, 'reinvest', 'riskReduction'];
  return Object.fromEntries(Object.entries(triggers).filter(([field]) => !left.includes(field)));
}

/** Settings of one deal with what starts, averages and closes it other than prices; the plain ones where they clash. */
const randomBotSettings = fc
  .record({
    deal: randomSettings,
    triggers: randomTriggers,
    start: fc.constantFrom(undefined, undefined, 'signal', 'manually'),
    safetyOrders: fc.constantFrom(undefined, 'signal'),
    close: fc.constantFrom(undefined, 'signal'),
    perSymbol: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ deal, triggers, start, safetyOrders, close, perSymbol }): DcaSettings => {
    const asked: Record<string, unknown> = { ...deal, ...triggersFor(deal, triggers) };
    if (start !== undefined) {
      asked['startTrigger'] = start;
      asked['maxActiveDeals'] = 2;
      asked['maxActiveDealsPerSymbol'] = perSymbol;
      if (start === 'manually') delete asked['startConditions'];
    }
    if (safetyOrders !== undefined) asked['safetyOrderTrigger'] = safetyOrders;
    if (close !== undefined || deal.takeProfit === undefined) asked['closeTrigger'] = 'signal';
    const parsed = parseSettings(asked);
    return parsed.ok && parsed.settings.kind === 'dca' ? parsed.settings : deal;
  });

const randomRun = fc.record({
  seed: fc.nat(),
  settings: randomBotSettings,
  later: randomBotSettings,
  faults: randomFaults,
  price: fc.integer({ min: 500, max: 100_000 }),
  commissionAsset: fc.constantFrom('base' as const, 'quote' as const, 'other' as const),
  ticks: fc.integer({ min: 300, max: 1000 }),
  wildness: fc.constantFrom(10, 60, 250),
});

function pick<Value>(random: Random, values: readonly Value[]): Value {
  const value = values[random.below(values.length)];
  assert.ok(value !== undefined);
  return value;
}

/** A signal of any source for all deals or for one, sensible or not. */
function randomSignal({ random, bot, time, price }: FaultyExchange): BotEvent {
  const deal = bot.deals[random.below(bot.deals.length + 1)];
  const source = pick(random, ['conditions', 'conditions', 'webhook', 'person'] as const);
  return {
    kind: 'signal',
    time,
    symbol: random.chance(97) ? COIN.symbol : 'OTHERUSDT',
    signal: {
      action: pick(random, SIGNALS),
      source,
      conditions: source === 'conditions' ? 'met' : pick(random, STANDINGS),
      readings: READINGS,
    },
    ...(deal !== undefined && random.chance(30) ? { dealIds: [deal.dealId] } : {}),
    ...(random.chance(50)
      ? {
          quote: {
            bid: priceTicks(price - 1),
            ask: priceTicks(price + 1),
            last: priceTicks(price),
          },
        }
      : {}),
  };
}

function randomBotCommand({ random }: FaultyExchange, later: DcaSettings): BotCommand {
  const deals = random.chance(50) ? 'close' : 'cancel';
  switch (random.below(9)) {
    case 0:
      return { kind: 'editSettings', settings: later, instruments: [COIN] };
    case 1:
      return { kind: 'stop', deals };
    case 2:
      return { kind: 'closeAllDeals' };
    case 3:
      return { kind: 'cancelAllDeals', symbol: COIN.symbol };
    default:
      return {
        kind: 'startDeal',
        symbol: COIN.symbol,
        skipConditions: random.chance(50),
        skipLimits: random.chance(20),
        onlyWhileRunning: random.chance(50),
        conditions: pick(random, STANDINGS),
        readings: READINGS,
      };
  }
}

/** What the bot waits for is on its way; the limits were kept by every deal that no person started. */
function explainBot(exchange: FaultyExchange): void {
  explainDca(exchange);
  const { bot } = exchange;
  assert.ok(bot.kind === 'dca');
  for (const slot of bot.slots) {
    const { phase } = slot;
    const timer = exchange.timerOf(`start:${slot.symbol}`);
    if (phase.kind === 'delaying') assert.equal(timer, phase.until, 'a delay without its timer');
    if (!slot.hasReference) assert.ok(exchange.isQuoteDue(slot.symbol), 'a price nobody tells');
    if (phase.kind === 'delaying' || phase.kind === 'awaitingQuote') {
      assert.equal(bot.risk, 'active', 'a start without leave');
      assert.ok(bot.isRunning || phase.start.by === 'person', 'a start of a stopped bot');
    }
    if (phase.kind === 'awaitingPrice') assert.ok(bot.isRunning, 'a stopped bot waits for a price');
  }
  for (const { symbol } of bot.asked) {
    assert.ok(exchange.isQuoteDue(symbol), 'a signal that waits for a quote nobody sends');
  }
}

/** Looks at what the last step began: by whom, and within which limits. */
function checkStarts(exchange: FaultyExchange, wasRunning: boolean, entries: number): void {
  const { bot, journal } = exchange;
  assert.ok(bot.kind === 'dca');
  for (const { effects } of journal.slice(entries)) {
    for (const effect of effects) {
      if (effect.kind !== 'notify' || effect.note.kind !== 'dealStarted') continue;
      if (effect.note.values['by'] === 'person') continue;
      assert.ok(wasRunning, 'a stopped bot starts a deal');
    }
  }
}

test('[D35] [D63] [D74] [D79] signals, wishes and new settings over a bad line', (t) => {
  t.diagnostic(`seed ${SEED}, ${RUNS} runs`);
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(randomRun, (run) => {
      const bot = createBot({
        botId: 'faulty',
        clientOrderIdPrefix: 'k1-',
        settings: run.settings,
        instruments: [COIN],
        feeRatePpm: 1000,
      });
      const first = encodeJournal(bot);
      const limits = { isSkipped: false };
      const exchange = new FaultyExchange({
        ...run,
        bot,
        instrument: COIN,
        startCoins: COINS,
        check: (checked) => {
          explainBot(checked);
          if (!limits.isSkipped) checkLimits(bot as DcaBotState);
        },
      });
      const { random } = exchange;
      deliverCommand(exchange, { kind: 'start' });
      for (let count = 0; count < run.ticks; count += 1) {
        const wasRunning = bot.isRunning;
        const entries = exchange.journal.length;
        exchange.tick({
          drift: random.below(2 * run.wildness + 1) - run.wildness,
          passMs: random.chance(5) ? random.below(1_000_000) : random.below(3_000),
        });
        checkStarts(exchange, wasRunning, entries);
        if (random.chance(25)) {
          const before = encodeJournal(bot);
          const { version } = bot;
          exchange.deliver(randomSignal(exchange));
          if (bot.version === version) assert.equal(encodeJournal(bot), before);
        }
        if (random.chance(1)) deliverCommand(exchange, randomCommand(exchange));
        if (random.chance(3)) {
          const command = randomBotCommand(exchange, run.later);
          const running = JSON.stringify(bot.deals.map(({ settings }) => settings));
          // New limits and a person may leave more deals than there are places.
          limits.isSkipped ||=
            command.kind === 'editSettings' || (command.kind === 'startDeal' && command.skipLimits);
          deliverCommand(exchange, command);
          if (command.kind === 'editSettings') {
            assert.equal(JSON.stringify(bot.deals.map(({ settings }) => settings)), running);
          }
        }
        if (random.chance(10)) deliverCommand(exchange, { kind: 'start' });
        if (random.chance(1)) {
          const risk = pick(random, ['active', 'active', 'active', 'reducing', 'halted'] as const);
          deliverCommand(exchange, { kind: 'setRisk', risk });
        }
        if (random.chance(5)) checkUnwatched(exchange, bot as DcaBotState);
      }
      deliverCommand(exchange, { kind: 'setRisk', risk: 'active' });
      deliverCommand(exchange, { kind: 'stop' });
      settle(exchange);
      checkSums(exchange);
      checkReplay(exchange, first);
      for (const [name, count] of Object.entries(exchange.counts)) {
        totals[name] = (totals[name] ?? 0) + count;
      }
      countNotes(totals, exchange);
      deliverCommand(exchange, { kind: 'stop', deals: 'close' });
      for (let count = 0; count < 200 && bot.deals.length > 0; count += 1) {
        exchange.tick({ drift: 0, passMs: 10_000 });
      }
      assert.equal(bot.deals.length, 0, 'a closed deal does not end');
      settle(exchange);
      checkSums(exchange);
    }),
    { seed: SEED, numRuns: RUNS, endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const [name, least] of Object.entries({
    fills: 1_000,
    rejected: 60,
    duplicates: 500,
    ended: 500,
    signalRefused: 5_000,
    safetyOrderSignalled: 15,
    closeSignalled: 20,
    settingsChanged: 60,
    botStopped: 60,
  })) {
    assert.ok(
      (totals[name] ?? 0) >= least,
      `${name}: the runs must be wild enough to prove something`,
    );
  }
});

function checkLimits({ deals, slots, settings }: DcaBotState): void {
  const starting = slots.filter(
    ({ phase }) => phase.kind === 'delaying' || phase.kind === 'awaitingQuote',
  ).length;
  assert.ok(deals.length + starting <= settings.maxActiveDeals, 'more deals than the bot may have');
  assert.ok(deals.length + starting <= settings.maxActiveDealsPerSymbol, 'more on one symbol');
}
