// SPDX-License-Identifier: Apache-2.0
// Random grids on random markets over a bad line, and what must hold whatever happens; run by two tests.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import {
  checkSettings,
  costOf,
  createBot,
  decodeJournal,
  encodeJournal,
  formatPrice,
  heldBase,
  parseSettings,
  priceTicks,
  replay,
  revenueOf,
  type BotCommand,
  type BotEvent,
  type BotState,
  type GridBotState,
  type GridDeal,
} from '../src/index.ts';
import { Turn } from '../src/bot/turn.ts';
import { coinsOf, costOfCoins } from '../src/grid/deal.ts';
import { advance } from '../src/grid/flow.ts';
import { COIN } from './deal-script.ts';
import { CALM, FaultyExchange, type Faults } from './faulty-exchange.ts';

const FEE_PPM = 1000;

const randomFaults: fc.Arbitrary<Faults> = fc.record({
  rejected: fc.constantFrom(0, 2, 15),
  absent: fc.constantFrom(0, 2, 10),
  duplicate: fc.constantFrom(0, 10, 40),
  strangerCancels: fc.constantFrom(0, 0.2, 2),
  partialFill: fc.constantFrom(0, 30, 80),
  delayMsMax: fc.constantFrom(1, 300, 5_000, 60_000),
});

/** Distances are in tenths of a percent of the price at the start. */
export const randomShape = fc.record({
  below: fc.integer({ min: 5, max: 150 }),
  above: fc.integer({ min: 5, max: 150 }),
  lines: fc.integer({ min: 2, max: 24 }),
  spacing: fc.constantFrom('arithmetic', 'geometric'),
  quantityUnit: fc.constantFrom('base', 'quote'),
  /** Of the least value an order may have, in tenths. */
  size: fc.integer({ min: 11, max: 200 }),
  maxActiveBuyLines: fc.constantFrom(1, 3, 400),
  maxActiveSellLines: fc.constantFrom(1, 3, 400),
  profitCurrency: fc.constantFrom('quote', 'base'),
  trailing: fc.constantFrom('none', 'up', 'down'),
  expandsUp: fc.boolean(),
  expandsDown: fc.boolean(),
  lowerStop: fc.constantFrom('none', 'none', 'stop', 'stopAndSell', 'stopAndBuy'),
  upperStop: fc.constantFrom('none', 'none', 'stop', 'stopAndSell', 'stopAndBuy'),
  takesProfit: fc.boolean(),
  startsAt: fc.constantFrom(null, null, null, 995, 1005),
  initialBalancing: fc.constantFrom(true, true, true, false),
  maxSlippage: fc.constantFrom('0', '0.5', '1'),
  postOnly: fc.constantFrom(false, false, true),
});

export type Shape = typeof randomShape extends fc.Arbitrary<infer S> ? S : never;

/** The settings of `shape` around `price`. */
export function settingsOf(shape: Shape, price: number): unknown {
  const at = (tenths: number): string =>
    formatPrice(COIN, Math.max(1, Math.floor((price * (1000 + tenths)) / 1000)));
  const lowest = -shape.below - (shape.expandsDown ? 40 : 0);
  const highest = shape.above + (shape.expandsUp ? 40 : 0);
  const value = (5 * shape.size) / 10;
  const lots = Math.ceil((value / (price * (1 - shape.below / 1000))) * 10_000);
  return {
    kind: 'grid',
    name: 'random',
    symbols: [COIN.symbol],
    lowerPrice: at(-shape.below),
    upperPrice: at(shape.above),
    lines: shape.lines,
    spacing: shape.spacing,
    quantityPerLine:
      shape.quantityUnit === 'quote'
        ? (value + price / 10_000).toFixed(4)
        : (lots / 100).toFixed(2),
    quantityUnit: shape.quantityUnit,
    maxActiveBuyLines: shape.maxActiveBuyLines,
    maxActiveSellLines: shape.maxActiveSellLines,
    profitCurrency: shape.profitCurrency,
    trailingUp: shape.trailing === 'up' && shape.quantityUnit === 'quote',
    trailingDown: shape.trailing === 'down' && shape.quantityUnit === 'base',
    ...(shape.expandsUp ? { expansionUpTo: at(highest) } : {}),
    ...(shape.expandsDown ? { expansionDownTo: at(lowest) } : {}),
    ...(shape.lowerStop === 'none'
      ? {}
      : { lowerStop: { price: at(lowest - 15), action: shape.lowerStop } }),
    ...(shape.upperStop === 'none'
      ? {}
      : { upperStop: { price: at(highest + 15), action: shape.upperStop } }),
    ...(shape.takesProfit ? { takeProfitPrice: at(shape.above + 10) } : {}),
    ...(shape.startsAt === null ? {} : { startPrice: at(shape.startsAt - 1000) }),
    initialBalancing: shape.initialBalancing,
    maxSlippage: shape.maxSlippage,
    postOnly: shape.postOnly,
  };
}

const randomRun = fc.record({
  seed: fc.nat(),
  shape: randomShape,
  other: randomShape,
  faults: randomFaults,
  price: fc.integer({ min: 2_000, max: 100_000 }),
  commissionAsset: fc.constantFrom('base' as const, 'quote' as const, 'other' as const),
  startCoins: fc.constantFrom(undefined, undefined, 0n, 300_000_000n, 10_000_000_000n),
  ticks: fc.integer({ min: 200, max: 800 }),
  wildness: fc.constantFrom(30, 100, 250),
  /** How much of the way back to the first price each tick goes, in percent. */
  pull: fc.constantFrom(0, 2, 10, 25),
});

type Run = typeof randomRun extends fc.Arbitrary<infer R> ? R : never;

/** Sums equal, coins never oversold, lines never crossing, nothing left undone, replay equal: after every event. */
export function checkGrids(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(randomRun, (run) => {
      const exchange = startRun(run, totals);
      if (exchange === null) return;
      const first = encodeJournal(emptyBot(run));
      trade(exchange, run, totals);
      settle(exchange);
      checkSums(exchange);
      checkReplay(exchange, first);
      count(totals, exchange);
    }),
    { seed, numRuns: runs },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const name of ['fills', 'rejected', 'absent', 'duplicates', 'crossed', 'ended']) {
    assert.ok((totals[name] ?? 0) > runs / 10, `${name}: the runs must be wild enough`);
  }
  assert.ok((totals['stopLoss'] ?? 0) > runs / 20, 'stopLoss: the runs must be wild enough');
  for (const name of ['gridLineClosed', 'gridMoved', 'gridStopReached', 'dealEdited']) {
    assert.ok((totals[name] ?? 0) > runs / 10, `${name}: the runs must show it`);
  }
}

/** After a bad line a good one: a stopped grid leaves no order, and a closed one no coin that could be sold. */
export function checkEveryGridEnds(t: TestContext, seed: number, runs: number): void {
  t.diagnostic(`seed ${seed}, ${runs} runs`);
  let ended = 0;
  fc.assert(
    fc.property(randomRun, (run) => {
      const exchange = startRun(run, {});
      if (exchange === null) return;
      const { bot } = exchange;
      for (let tick = 0; tick < run.ticks / 2; tick += 1) {
        exchange.tick({ drift: driftOf(exchange, run), passMs: exchange.random.below(3_000) });
      }
      settle(exchange);
      exchange.deliver(command(exchange, { kind: 'setRisk', risk: 'active' }));
      exchange.deliver(
        command(exchange, run.seed % 2 === 0 ? { kind: 'stop', deals: 'close' } : { kind: 'stop' }),
      );
      for (let tick = 0; tick < 300 && bot.deals.length > 0; tick += 1) {
        exchange.tick({ drift: 0, passMs: 10_000 });
      }
      assert.equal(bot.deals.length, 0, 'the grid ends');
      settle(exchange);
      assert.deepEqual(exchange.openRequests(), [], 'a stopped bot leaves no order');
      assert.equal(bot.isRunning, false);
      checkSums(exchange);
      ended += exchange.counts.ended;
    }),
    { seed, numRuns: runs },
  );
  t.diagnostic(`${ended} grids ended`);
  assert.ok(ended > runs / 3, 'the runs must be wild enough to prove something');
}

function emptyBot(run: Run): GridBotState {
  const parsed = parseSettings(settingsOf(run.shape, run.price));
  assert.ok(parsed.ok && parsed.settings.kind === 'grid', JSON.stringify(parsed));
  return createBot({
    botId: 'faulty',
    clientOrderIdPrefix: 'k1-',
    settings: parsed.settings,
    instruments: [COIN],
    feeRatePpm: FEE_PPM,
  });
}

/** A bot that has been started, or null where its settings cannot trade. */
function startRun(run: Run, totals: Record<string, number>): FaultyExchange | null {
  const bot = emptyBot(run);
  const prices = { [COIN.symbol]: priceTicks(run.price) };
  if (checkSettings(bot.settings, [COIN], prices, FEE_PPM).length > 0) {
    totals['refusedSettings'] = (totals['refusedSettings'] ?? 0) + 1;
    return null;
  }
  const { startCoins, ...rest } = run;
  const exchange = new FaultyExchange({
    ...rest,
    ...(startCoins === undefined ? {} : { startCoins }),
    bot,
    instrument: COIN,
    check: checkGrid,
  });
  exchange.deliver(command(exchange, { kind: 'start' }));
  return exchange;
}

function trade(exchange: FaultyExchange, run: Run, totals: Record<string, number>): void {
  const { random, bot } = exchange;
  for (let tick = 0; tick < run.ticks; tick += 1) {
    exchange.tick({
      drift: driftOf(exchange, run),
      passMs: random.chance(5) ? random.below(1_000_000) : random.below(3_000),
    });
    const dealId = bot.deals[0]?.dealId ?? 0;
    if (random.chance(0.1)) exchange.deliver(command(exchange, { kind: 'closeDeal', dealId }));
    if (random.chance(0.1)) exchange.deliver(command(exchange, { kind: 'cancelDeal', dealId }));
    if (random.chance(0.1)) exchange.deliver(command(exchange, { kind: 'stop' }));
    if (random.chance(2)) exchange.deliver(command(exchange, { kind: 'start' }));
    if (random.chance(1)) {
      const risk = (['active', 'active', 'reducing', 'halted'] as const)[random.below(4)];
      exchange.deliver(command(exchange, { kind: 'setRisk', risk: risk ?? 'active' }));
    }
    if (random.chance(1)) edit(exchange, run, dealId, totals);
  }
}

/** A walk that is drawn back to where it began, in ten-thousandths. */
function driftOf({ random, price }: FaultyExchange, run: Run): number {
  const back = Math.round(((run.price - price) / price) * 10_000 * (run.pull / 100));
  return random.below(2 * run.wildness + 1) - run.wildness + back;
}

/** Changes one thing or everything about the running grid. */
function edit(
  exchange: FaultyExchange,
  run: Run,
  dealId: number,
  totals: Record<string, number>,
): void {
  const { random, price } = exchange;
  const keys = Object.keys(run.shape);
  const shape: Shape = random.chance(30)
    ? run.other
    : {
        ...run.shape,
        ...Object.fromEntries(
          Object.entries(run.other).filter(([key]) => key === keys[random.below(keys.length)]),
        ),
      };
  const around = random.chance(50) ? run.price : price;
  const parsed = parseSettings(settingsOf(shape, Math.max(around, 2_000)));
  if (!parsed.ok) return;
  const { settings } = parsed;
  exchange.deliver(command(exchange, { kind: 'editDeal', dealId, settings }));
  const notes = exchange.journal.at(-1)?.effects ?? [];
  if (notes.some((effect) => effect.kind === 'notify' && effect.note.kind === 'dealEdited')) {
    totals['dealEdited'] = (totals['dealEdited'] ?? 0) + 1;
  }
}

function checkGrid(exchange: FaultyExchange): void {
  const { bot } = exchange;
  assert.ok(bot.kind === 'grid');
  if (bot.start.kind === 'awaitingQuote') assert.ok(exchange.isQuoteDue(COIN.symbol));
  assert.equal(bot.start.kind === 'inDeal', bot.deals.length === 1);
  const open = exchange.openRequests();
  const buys = open.filter(({ side }) => side === 'buy').map(({ priceTicks: ticks }) => ticks);
  const sells = open.filter(({ side }) => side === 'sell').map(({ priceTicks: ticks }) => ticks);
  assert.ok(Math.max(-1, ...buys) < Math.min(Infinity, ...sells), 'a buy never meets an own sell');
  for (const deal of bot.deals) checkDeal(exchange, bot, deal);
}

function checkDeal(exchange: FaultyExchange, bot: GridBotState, deal: GridDeal): void {
  const name = `grid ${deal.dealId} ${deal.phase.kind}`;
  const { position, profit } = deal;
  assert.equal(
    coinsOf(deal),
    deal.takenOver + heldBase(position, COIN),
    `${name}: every coin is in one place`,
  );
  assert.ok(deal.reserve.coins >= 0n, `${name}: the reserve owes nothing`);
  assert.equal(
    profit.quote + deal.otherProfit - costOfCoins(deal),
    revenueOf(position, COIN) - costOf(position, COIN) - deal.takenOverValue,
    `${name}: profit and cost are the money that moved`,
  );
  const lines = new Set<number>();
  for (const order of deal.orders) {
    assert.ok(exchange.isAlive(order.clientOrderId), `${name}: ${order.clientOrderId} is dead`);
    if (order.purpose !== 'gridLine' || order.phase.kind === 'ended') continue;
    assert.ok(!lines.has(order.priceTicks), `${name}: two orders on one line`);
    lines.add(order.priceTicks);
  }
  for (const cell of deal.cells) {
    assert.ok(cell.heldLots >= 0 && cell.cost >= 0n, `${name}: a cell below nothing`);
    assert.ok(cell.heldLots > 0 || cell.cost === 0n, `${name}: cost without coins`);
  }
  explain(exchange, bot, deal, name);
}

/** The grid waits for something that is on its way, and would do nothing more if it were asked again. */
function explain(exchange: FaultyExchange, bot: GridBotState, deal: GridDeal, name: string): void {
  const { phase } = deal;
  const timer = (what: string): number | undefined =>
    exchange.timerOf(`deal:${deal.dealId}:${what}`);
  if (phase.kind === 'opening' || phase.kind === 'stopping') {
    const { step } = phase;
    if (step.kind === 'awaitingQuote')
      assert.ok(exchange.isQuoteDue(COIN.symbol) || bot.risk === 'halted', name);
    if (step.kind === 'waiting') assert.equal(timer(phase.kind), step.until, name);
    if (step.kind === 'blocked') assert.notEqual(bot.risk, 'active', name);
    if (step.kind === 'trading' || step.kind === 'cancelling')
      assert.ok(deal.orders.length > 0, name);
    return;
  }
  assert.equal(phase.kind, 'running');
  for (const trouble of deal.troubles) {
    if (trouble.until <= exchange.time) continue;
    const rings = timer('lines');
    assert.ok(rings !== undefined && rings <= trouble.until, `${name}: a pause without a timer`);
  }
  const { maxActiveBuyLines, maxActiveSellLines } = deal.settings;
  // An edit may leave fewer places; what is filled and only waits for its fills is on no book.
  const resting = deal.orders.filter(
    ({ purpose, isCancelling, phase: { kind } }) =>
      purpose === 'gridLine' && !isCancelling && kind !== 'ended',
  );
  assert.ok(resting.filter(({ side }) => side === 'buy').length <= maxActiveBuyLines);
  const sells = resting.filter(({ side }) => side === 'sell').length;
  // While nothing may take its place every sell stays (G27).
  assert.ok(sells <= maxActiveSellLines || bot.risk === 'halted');
  const copy = decodeJournal<GridDeal>(encodeJournal(deal));
  const rings = timer('lines');
  // What its timer is about to bring counts as being on its way.
  if (rings !== undefined && rings <= exchange.time) {
    copy.troubles = copy.troubles.map((trouble) => ({ ...trouble, until: Infinity }));
  }
  const turn = new Turn(exchange.time, 'k1-', bot.risk);
  advance(turn, copy);
  assert.deepEqual(turn.effects, [], `${name}: something was left undone`);
}

/** A good line and a still market, until nothing travels any more. */
function settle(exchange: FaultyExchange): void {
  exchange.faults = CALM;
  for (let tick = 0; tick < 2_000; tick += 1) {
    exchange.tick({ drift: 0, passMs: 10_000 });
    if (!exchange.isBusy() && tick > 20) return;
  }
  assert.fail('the machine does not come to rest');
}

/** Coins and money at the venue are those of the grids, to the last unit. */
function checkSums(exchange: FaultyExchange): void {
  let coins = exchange.startCoins + exchange.keptByEnded - exchange.takenByEnded;
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

function count(totals: Record<string, number>, exchange: FaultyExchange): void {
  for (const [name, number] of Object.entries(exchange.counts)) {
    totals[name] = (totals[name] ?? 0) + number;
  }
  for (const { effects } of exchange.journal) {
    for (const effect of effects) {
      if (effect.kind !== 'notify' || !effect.note.kind.startsWith('grid')) continue;
      const { kind } = effect.note;
      totals[kind] = (totals[kind] ?? 0) + 1;
    }
  }
}

function command(exchange: FaultyExchange, what: BotCommand): BotEvent {
  return { kind: 'command', time: exchange.time, command: what };
}
