// SPDX-License-Identifier: Apache-2.0
// Random smart trades and signal bots on random markets over a bad line, and what must hold whatever happens.

import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import fc from 'fast-check';
import {
  closingLots,
  costOf,
  createBot,
  decodeJournal,
  encodeJournal,
  enteredBase,
  heldBase,
  lotsBase,
  parseSettings,
  replay,
  revenueOf,
  step,
  toScaled,
  watchedAbove,
  watchedBelow,
  type BotCommand,
  type BotEvent,
  type BotSettings,
  type BotState,
  type Instrument,
  type Signal,
  type SignalAction,
  type SignalBotState,
  type SignalSettings,
  type SmartTradeBotState,
  type SmartTradeSettings,
  type TradeDeal,
} from '../src/index.ts';
import { closableBy, isLive, leftOf, orderOf } from '../src/smart-trade/deal.ts';
import { COIN } from './deal-script.ts';
import { CALM, FaultyExchange, type Faults } from './faulty-exchange.ts';

export const FEE_PPM = 1000;
/** On a venue that takes two orders of which one ends the other. */
export const PAIR_COIN: Instrument = { ...COIN, takesPairs: true };
/** Coins the account holds at the beginning, for trades that sell first. */
const COINS = 1_000_000_000_000n;

const randomFaults: fc.Arbitrary<Faults> = fc.record({
  rejected: fc.constantFrom(0, 2, 15),
  absent: fc.constantFrom(0, 2, 10),
  duplicate: fc.constantFrom(0, 10, 40),
  strangerCancels: fc.constantFrom(0, 0.2, 2),
  partialFill: fc.constantFrom(0, 30, 80),
  delayMsMax: fc.constantFrom(1, 300, 5_000, 60_000),
});

/** Tenths of a percent as text. */
function tenths(min: number, max: number): fc.Arbitrary<string> {
  return fc.integer({ min, max }).map((count) => String(count / 10));
}

function percentTerm(min: number, max: number): fc.Arbitrary<{ kind: 'percent'; percent: string }> {
  return tenths(min, max).map((percent) => ({ kind: 'percent', percent }));
}

/** `count` shares that make 100. */
function shares(count: number): fc.Arbitrary<readonly string[]> {
  return fc
    .array(fc.integer({ min: 1, max: 99 }), { minLength: count - 1, maxLength: count - 1 })
    .map((cuts) => {
      const edges = [0, ...new Set(cuts.toSorted((left, right) => left - right)), 100];
      return edges.slice(1).map((edge, index) => String(edge - (edges[index] ?? 0)));
    });
}

const source = fc.constantFrom('own', 'bid', 'ask', 'last');

const randomEntry = fc.record(
  {
    order: fc.constantFrom('market', 'limit'),
    price: percentTerm(0, 30),
    trigger: fc.record(
      {
        price: percentTerm(-30, 30),
        when: fc.constantFrom('reaches', 'atOrAbove', 'atOrBelow'),
        source,
        trailing: tenths(1, 30),
      },
      { requiredKeys: ['price', 'when', 'source'] },
    ),
    waitSeconds: fc.constantFrom(20, 600),
  },
  { requiredKeys: ['order', 'price'] },
);

const randomEntries = fc
  .tuple(fc.array(randomEntry, { minLength: 1, maxLength: 3 }), fc.nat())
  .chain(([entries]) =>
    shares(entries.length).map((parts) =>
      parts.map((share, index) => {
        const { order, price, trigger, waitSeconds } = entries[index] ?? {
          order: 'market',
          price: undefined,
          trigger: undefined,
          waitSeconds: undefined,
        };
        const { trailing, ...rest } = trigger ?? {};
        const isLimit = order === 'limit';
        return without({
          order,
          price: isLimit ? price : undefined,
          trigger: trigger === undefined ? undefined : isLimit ? rest : trigger,
          waitSeconds: isLimit ? waitSeconds : undefined,
          share,
          ...(trailing === undefined ? {} : {}),
        });
      }),
    ),
  );

const randomTakeProfit: fc.Arbitrary<readonly object[]> = fc
  .integer({ min: 0, max: 4 })
  .chain((count): fc.Arbitrary<readonly object[]> =>
    count === 0
      ? fc.constant<readonly object[]>([])
      : fc
          .tuple(
            shares(count),
            fc.array(fc.integer({ min: 1, max: 30 }), { minLength: count, maxLength: count }),
            fc.array(fc.constantFrom('limit', 'limit', 'market'), {
              minLength: count,
              maxLength: count,
            }),
            source,
            fc.option(tenths(1, 20), { nil: undefined }),
          )
          .map(([parts, steps, orders, from, trailing]) => {
            let percent = 0;
            return parts.map((share, index) => {
              percent += steps[index] ?? 1;
              const isLast = index === parts.length - 1;
              const order = orders[index] ?? 'limit';
              return without({
                price: { kind: 'percent', percent: String(percent / 10) },
                order,
                source: from,
                share,
                trailing: isLast && order === 'market' ? trailing : undefined,
              });
            });
          }),
  );

const randomStopLoss = fc.option(
  fc
    .record({
      price: percentTerm(5, 60),
      source,
      order: fc.constantFrom('market', 'market', 'limit'),
      limit: percentTerm(0, 20),
      trailing: fc.option(tenths(3, 40), { nil: undefined }),
      timeoutSeconds: fc.constantFrom(0, 0, 10, 60),
      breakEven: fc.boolean(),
    })
    .map((stop) => without({ ...stop, limit: stop.order === 'limit' ? stop.limit : undefined })),
  { nil: undefined },
);

const randomExits: fc.Arbitrary<{
  readonly takeProfit: readonly object[];
  readonly stopLoss: object | undefined;
  readonly maxSlippage: string;
  readonly postOnly: boolean;
}> = fc.record({
  takeProfit: randomTakeProfit,
  stopLoss: randomStopLoss,
  maxSlippage: fc.constantFrom('0', '0.5', '1'),
  postOnly: fc.constantFrom(false, false, true),
});

export const randomTrade: fc.Arbitrary<SmartTradeSettings> = fc
  .record({
    type: fc.constantFrom('long', 'long', 'long', 'short', 'sellHeld', 'buyBack', 'buy', 'sell'),
    entries: randomEntries,
    size: fc.oneof(
      fc
        .integer({ min: 10, max: 800 })
        .map((amount) => ({ kind: 'quote', amount: String(amount) })),
      fc
        .integer({ min: 20, max: 900 })
        .map((lots) => ({ kind: 'base', quantity: String(lots / 100) })),
    ),
    held: fc.record({
      quantity: fc.integer({ min: 20, max: 900 }).map((lots) => String(lots / 100)),
      price: fc.integer({ min: 100, max: 1_000_000 }).map((price) => String(price / 1000)),
    }),
    exits: randomExits,
  })
  .map(({ type, entries, size, held, exits }) => {
    const isHeld = type === 'sellHeld' || type === 'buyBack';
    const closes = type !== 'buy' && type !== 'sell';
    const takeProfit =
      isHeld && exits.stopLoss === undefined && exits.takeProfit.length === 0
        ? [{ price: { kind: 'percent', percent: '1' }, share: '100' }]
        : exits.takeProfit;
    return settingsOf<SmartTradeSettings>({
      kind: 'smartTrade',
      name: 'random',
      symbols: ['COINUSDT'],
      type,
      entries: isHeld ? undefined : entries,
      size: isHeld ? undefined : size,
      held: isHeld ? held : undefined,
      takeProfit: closes ? takeProfit : [],
      stopLoss: closes ? withBreakEven(exits.stopLoss, takeProfit.length) : undefined,
      maxSlippage: exits.maxSlippage,
      postOnly: exits.postOnly,
    });
  });

/** One target and a fixed stop, which stand at the exchange together, or for some edits are held by the desk. */
const randomPair: fc.Arbitrary<{
  readonly takeProfit: readonly object[];
  readonly stopLoss: object;
  readonly maxSlippage: string;
}> = fc.record({
  takeProfit: percentTerm(2, 40).map((price) => [{ price, share: '100' }]),
  stopLoss: fc
    .record({
      price: percentTerm(2, 40),
      source: fc.constantFrom('own', 'last'),
      order: fc.constantFrom('market', 'market', 'limit'),
      limit: percentTerm(0, 10),
      placement: fc.constantFrom('exchange', 'exchange', 'exchange', 'desk'),
    })
    .map((stop) => without({ ...stop, limit: stop.order === 'limit' ? stop.limit : undefined })),
  maxSlippage: fc.constantFrom('0', '0.3', '1'),
});

/** Smart trades whose stop stands at the exchange. */
export const randomPairTrade: fc.Arbitrary<SmartTradeSettings> = fc
  .tuple(randomTrade, randomPair)
  .map(([trade, pair]) => {
    const closes = trade.type !== 'buy' && trade.type !== 'sell';
    return closes ? settingsOf<SmartTradeSettings>({ ...trade, ...pair }) : trade;
  });

export const randomSignalBot: fc.Arbitrary<SignalSettings> = fc
  .record({
    directions: fc.constantFrom('long', 'short', 'both'),
    onOpposite: fc.constantFrom('ignore', 'close', 'reverse'),
    size: fc.oneof(
      fc
        .integer({ min: 10, max: 400 })
        .map((amount) => ({ kind: 'quote', amount: String(amount) })),
      fc
        .integer({ min: 20, max: 500 })
        .map((lots) => ({ kind: 'base', quantity: String(lots / 100) })),
    ),
    entryOrder: fc.constantFrom('market', 'limit'),
    entryOffset: fc.constantFrom('0', '0.3'),
    entryWaitSeconds: fc.constantFrom(10, 300),
    maxEntries: fc.integer({ min: 1, max: 4 }),
    maxInvestment: fc.option(fc.constantFrom('500', '2000'), { nil: undefined }),
    maxPriceDeviation: fc.option(fc.constantFrom('0.2', '2'), { nil: undefined }),
    minProfit: fc.option(fc.constantFrom('-1', '0.5'), { nil: undefined }),
    cooldownSeconds: fc.constantFrom(0, 30),
    exits: randomExits,
  })
  .map(({ exits, ...rest }) =>
    settingsOf<SignalSettings>({
      kind: 'signal',
      name: 'random',
      symbols: ['COINUSDT'],
      ...rest,
      onOpposite:
        rest.onOpposite === 'reverse' && rest.directions !== 'both' ? 'close' : rest.onOpposite,
      takeProfit: exits.takeProfit,
      stopLoss: withBreakEven(exits.stopLoss, exits.takeProfit.length),
      maxSlippage: exits.maxSlippage,
    }),
  );

function withBreakEven(stopLoss: object | undefined, steps: number): object | undefined {
  return stopLoss === undefined || steps >= 2 ? stopLoss : { ...stopLoss, breakEven: false };
}

/** `fields` without those that are undefined. */
function without(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function settingsOf<S extends BotSettings>(given: Readonly<Record<string, unknown>>): S {
  const parsed = parseSettings(without(given));
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.errors));
  return parsed.settings as S;
}

type TradeBot = SmartTradeBotState | SignalBotState;

export interface TradeRun<S> {
  readonly seed: number;
  readonly settings: S;
  /** For edits of the running trade. */
  readonly others: readonly S[];
  readonly faults: Faults;
  readonly price: number;
  readonly commissionAsset: 'base' | 'quote' | 'other';
  readonly ticks: number;
  readonly wildness: number;
}

function randomRun<S>(settings: fc.Arbitrary<S>): fc.Arbitrary<TradeRun<S>> {
  return fc.record({
    seed: fc.nat(),
    settings,
    others: fc.array(settings, { minLength: 2, maxLength: 2 }),
    faults: randomFaults,
    price: fc.integer({ min: 500, max: 100_000 }),
    commissionAsset: fc.constantFrom('base' as const, 'quote' as const, 'other' as const),
    ticks: fc.integer({ min: 200, max: 800 }),
    wildness: fc.constantFrom(10, 60, 250),
  });
}

export const randomTradeRun: fc.Arbitrary<TradeRun<SmartTradeSettings>> = randomRun(randomTrade);
export const randomPairRun: fc.Arbitrary<TradeRun<SmartTradeSettings>> = randomRun(randomPairTrade);
export const randomSignalRun: fc.Arbitrary<TradeRun<SignalSettings>> = randomRun(randomSignalBot);

interface World {
  readonly exchange: FaultyExchange;
  readonly bot: TradeBot;
  readonly first: string;
  /** What the account had before, that no deal of the bot accounts for. */
  readonly coinsBefore: bigint;
  readonly moneyBefore: bigint;
}

function worldOf(run: TradeRun<SmartTradeSettings | SignalSettings>): World {
  const { settings } = run;
  const bot: TradeBot = createBot({
    botId: 'faulty',
    clientOrderIdPrefix: 'k1-',
    settings,
    instruments: [PAIR_COIN],
    feeRatePpm: FEE_PPM,
  });
  const exchange = new FaultyExchange({ ...run, bot, instrument: PAIR_COIN, check: explainTrades });
  const held = settings.kind === 'smartTrade' ? settings.held : undefined;
  const given = held === undefined ? 0n : toScaled(held.quantity, 8, 'quantity');
  const needsCoins =
    settings.kind === 'signal' || !['long', 'sellHeld', 'buy'].includes(settings.type);
  exchange.coins = needsCoins ? COINS : given;
  const isLongGiven = settings.kind === 'smartTrade' && settings.type === 'sellHeld';
  return {
    exchange,
    bot,
    first: encodeJournal(bot),
    // Coins held before are in the position of the trade; coins sold before are missing in it.
    coinsBefore: isLongGiven
      ? 0n
      : settings.kind === 'smartTrade' && settings.type === 'buyBack'
        ? COINS + given
        : exchange.coins,
    moneyBefore: 0n,
  };
}

function command(time: number, what: BotCommand): BotEvent {
  return { kind: 'command', time, command: what };
}

/** One thing or another that a person or a sender of signals may do. */
function meddle(world: World, run: TradeRun<SmartTradeSettings | SignalSettings>): void {
  const { exchange, bot } = world;
  const { random, time } = exchange;
  const give = (what: BotCommand): void => exchange.deliver(command(time, what));
  const dealId = bot.deals[random.below(Math.max(1, bot.deals.length))]?.dealId ?? 0;
  const stepNumber = 1 + random.below(4);
  const amount = { kind: 'base', value: String((1 + random.below(300)) / 100) } as const;
  const near = (exchange.price * (95 + random.below(11))) / 100;
  const order = random.chance(50)
    ? { amount }
    : { amount, price: (Math.floor(near) / 100).toFixed(2) };
  if (random.chance(0.3)) give({ kind: 'closeDeal', dealId });
  if (random.chance(0.1)) give({ kind: 'cancelDeal', dealId });
  if (random.chance(0.6)) give({ kind: 'addFunds', dealId, order });
  if (random.chance(0.6)) give({ kind: 'reduceFunds', dealId, order });
  if (random.chance(0.4)) give({ kind: 'closeStep', dealId, step: stepNumber });
  if (random.chance(0.2)) give({ kind: 'cancelStep', dealId, of: 'takeProfit', step: stepNumber });
  if (random.chance(0.2)) give({ kind: 'cancelStep', dealId, of: 'entry', step: stepNumber });
  if (random.chance(0.3)) give({ kind: 'forceEntry', dealId });
  if (random.chance(0.5)) {
    const other = run.others[random.below(run.others.length)];
    if (other !== undefined) give({ kind: 'editDeal', dealId, settings: editOf(bot, other) });
  }
  const placed = bot.deals[0]?.orders.find(
    ({ purpose }) => purpose === 'addFunds' || purpose === 'reduceFunds',
  );
  if (placed !== undefined && random.chance(2)) {
    give({ kind: 'cancelOrder', dealId, clientOrderId: placed.clientOrderId });
  }
  if (random.chance(0.4))
    give({ kind: 'setRisk', risk: random.chance(50) ? 'reducing' : 'halted' });
  if (random.chance(3)) give({ kind: 'setRisk', risk: 'active' });
  if (random.chance(0.3)) give({ kind: 'stop' });
  if (random.chance(3)) give({ kind: 'start' });
  if (bot.kind === 'signal' && random.chance(15)) {
    exchange.deliver({ kind: 'signal', time, symbol: 'COINUSDT', signal: randomSignal(exchange) });
  }
}

/** Another set of terms for the running trade: of its own type, with its own size. */
function editOf(bot: TradeBot, other: SmartTradeSettings | SignalSettings): BotSettings {
  if (bot.kind === 'signal' || other.kind === 'signal') return other;
  const { settings } = bot;
  const closes = settings.type !== 'buy' && settings.type !== 'sell';
  const hasEntries = settings.entries.length > 0 && other.entries.length > 0;
  const { stopLoss: _, ...rest } = settings;
  const takesExits =
    closes && (other.takeProfit.length >= 2 || other.stopLoss?.placement === 'exchange');
  const stopLoss = takesExits ? other.stopLoss : settings.stopLoss;
  const takeProfit = takesExits ? other.takeProfit : settings.takeProfit;
  return {
    ...rest,
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(hasEntries && other.size !== undefined ? { entries: other.entries, size: other.size } : {}),
  };
}

const ACTIONS: readonly SignalAction[] = [
  'enterLong',
  'enterLong',
  'enterShort',
  'exitLong',
  'exitShort',
  'reverse',
  'close',
  'buy',
  'sell',
  'enterLong',
  'enterShort',
  'enterLong',
  'enterShort',
  'disable',
];

function randomSignal({ random, time, price }: FaultyExchange): Signal {
  const action = ACTIONS[random.below(ACTIONS.length)] ?? 'enterLong';
  const isExit = action.startsWith('exit');
  return {
    action,
    source: 'webhook',
    conditions: 'none',
    readings: [],
    sentTime: time - random.below(330_000),
    price: (price / 100).toFixed(2),
    ...(random.chance(50) ? { id: String(random.below(1_000)) } : {}),
    ...(isExit && random.chance(50)
      ? { size: { kind: 'position', percent: String(10 + random.below(100)) } as const }
      : {}),
  };
}

/** Positions conserved, exits never beyond them, IDs new, limits kept, replay equal: after every single event. */
export function checkTrades(
  t: TestContext,
  runs: fc.Arbitrary<TradeRun<SmartTradeSettings | SignalSettings>>,
  options: {
    readonly seed: number;
    readonly runs: number;
    readonly least: Readonly<Record<string, number>>;
  },
): void {
  t.diagnostic(`seed ${options.seed}, ${options.runs} runs`);
  const totals: Record<string, number> = {};
  fc.assert(
    fc.property(runs, (run) => {
      const world = worldOf(run);
      const { exchange, bot } = world;
      exchange.deliver(command(exchange.time, { kind: 'start' }));
      for (let count = 0; count < run.ticks; count += 1) {
        const { random } = exchange;
        if (isOver(world)) break;
        if (random.chance(20)) checkWatched(world);
        exchange.tick({
          drift: random.below(2 * run.wildness + 1) - run.wildness,
          passMs: random.chance(5) ? random.below(1_000_000) : random.below(3_000),
        });
        meddle(world, run);
      }
      settle(world);
      checkSums(world);
      checkReplay(world);
      for (const [name, count] of Object.entries({ ...exchange.counts, deals: bot.endedCount })) {
        totals[name] = (totals[name] ?? 0) + count;
      }
    }),
    { seed: options.seed, numRuns: options.runs, endOnFailure: true },
  );
  t.diagnostic(JSON.stringify(totals));
  for (const [name, least] of Object.entries(options.least)) {
    assert.ok(
      (totals[name] ?? 0) >= least,
      `${name}: the runs must be wild enough to prove something`,
    );
  }
}

/** After a bad line a good one: every trade that a person closes ends, and a stopped bot leaves no order. */
export function checkTradesEnd(
  t: TestContext,
  runs: fc.Arbitrary<TradeRun<SmartTradeSettings | SignalSettings>>,
  options: { readonly seed: number; readonly runs: number },
): void {
  t.diagnostic(`seed ${options.seed}, ${options.runs} runs`);
  let ended = 0;
  fc.assert(
    fc.property(runs, (run) => {
      const world = worldOf(run);
      const { exchange, bot } = world;
      exchange.deliver(command(exchange.time, { kind: 'start' }));
      for (let count = 0; count < run.ticks; count += 1) {
        if (isOver(world)) break;
        const drift = exchange.random.below(2 * run.wildness + 1) - run.wildness;
        exchange.tick({ drift, passMs: exchange.random.below(3_000) });
        meddle(world, run);
      }
      settle(world);
      exchange.deliver(command(exchange.time, { kind: 'stop' }));
      for (const { dealId } of [...bot.deals]) {
        exchange.deliver(command(exchange.time, { kind: 'closeDeal', dealId }));
      }
      for (let count = 0; count < 400 && bot.deals.length > 0; count += 1) {
        exchange.tick({ drift: 0, passMs: 10_000 });
      }
      assert.equal(bot.deals.length, 0, 'every trade ends');
      settle(world);
      checkSums(world);
      ended += bot.endedCount;
    }),
    { seed: options.seed, numRuns: options.runs, endOnFailure: true },
  );
  t.diagnostic(`${ended} trades ended`);
  assert.ok(ended > options.runs / 2, 'the runs must be wild enough to prove something');
}

/** A smart trade has one deal; when that has ended nothing more can happen. */
function isOver({ bot }: World): boolean {
  return bot.kind === 'smartTrade' && bot.endedCount > 0;
}

/** A quote between the two watched prices changes nothing at all. */
function checkWatched({ exchange, bot }: World): void {
  const event = exchange.quoteEvent();
  assert.ok(event.kind === 'quote');
  const { bid, ask, last } = event.quote;
  const below = watchedBelow(bot, event.symbol);
  const above = watchedAbove(bot, event.symbol);
  if (Math.min(bid, last) <= below || Math.max(ask, last) >= above) return;
  // Asked of a copy whose gate is open: what the machine would skip must indeed change nothing.
  const copy = decodeJournal<TradeBot>(encodeJournal(bot));
  const before = encodeJournal(copy);
  assert.equal(step(copy, event).length, 0);
  assert.equal(encodeJournal(copy), before);
}

/** A good line and a still market, until nothing travels any more. */
function settle({ exchange, bot }: World): void {
  exchange.faults = CALM;
  exchange.deliver(command(exchange.time, { kind: 'setRisk', risk: 'active' }));
  for (let count = 0; count < 1_000; count += 1) {
    exchange.tick({ drift: 0, passMs: 10_000 });
    if (!exchange.isBusy() && count > 20) return;
  }
  assert.fail(`the machine does not come to rest: ${encodeJournal(bot.deals)}`);
}

/** Coins and money at the venue are those of the deals, to the last unit. */
function checkSums({ exchange, bot, coinsBefore, moneyBefore }: World): void {
  let coins = exchange.keptByEnded;
  let cash = exchange.cashOfEnded;
  for (const deal of bot.deals) {
    coins += heldBase(deal.position, COIN);
    cash += revenueOf(deal.position, COIN) - costOf(deal.position, COIN);
    for (const { clientOrderId } of deal.orders) {
      assert.notEqual(exchange.openOrder(clientOrderId), undefined, 'the bot knows what rests');
    }
  }
  const given = givenOf(bot);
  assert.equal(coins, exchange.coins - coinsBefore + 0n, 'coins');
  assert.equal(cash - given, exchange.money - moneyBefore, 'money');
}

/** What the position held before the trade cost (below zero) or brought, once it is counted. */
function givenOf(bot: TradeBot): bigint {
  if (bot.kind !== 'smartTrade' || bot.opening.kind !== 'opened') return 0n;
  const { held, type } = bot.settings;
  if (held === undefined) return 0n;
  const worth = toScaled(held.quantity, 2, 'quantity') * toScaled(held.price, 3, 'price') * 1_000n;
  // In steps of one tick times one lot: the cost is rounded up, the proceeds down.
  const unit = 10_000n;
  return type === 'sellHeld' ? -((worth + unit - 1n) / unit) * unit : (worth / unit) * unit;
}

/** The journal, read back from its text, leads to the same bytes. */
function checkReplay({ exchange, bot, first }: World): void {
  const entries = decodeJournal<FaultyExchange['journal']>(encodeJournal(exchange.journal));
  const replayed = replay(decodeJournal<BotState>(first), entries);
  assert.equal(encodeJournal(replayed), encodeJournal(bot));
}

/** What must hold after every event: exits within the position, coins covered or waiting for something on its way. */
function explainTrades(exchange: FaultyExchange): void {
  const { bot } = exchange;
  assert.ok(bot.kind === 'smartTrade' || bot.kind === 'signal');
  for (const deal of bot.deals) explainTrade(exchange, deal, bot.risk === 'active');
  if (bot.kind === 'signal') {
    for (const { pending, symbol } of bot.slots) {
      if (pending !== null) assert.ok(exchange.isQuoteDue(symbol), 'a signal waits for its quote');
    }
  } else if (bot.opening.kind === 'awaitingQuote') {
    assert.ok(exchange.isQuoteDue('COINUSDT'), 'the trade waits for its quote');
  }
}

function explainTrade(exchange: FaultyExchange, deal: TradeDeal, isActive: boolean): void {
  const { phase } = deal;
  const name = `deal ${deal.dealId} ${phase.kind}`;
  for (const order of deal.orders) {
    assert.ok(exchange.isAlive(order.clientOrderId), `${name}: ${order.clientOrderId} is dead`);
  }
  checkCover(deal, name);
  switch (phase.kind) {
    case 'running':
      if (isActive) explainRunning(exchange, deal, name);
      return;
    case 'finishing':
    case 'cancelling':
      assert.ok(deal.orders.length > 0, name);
      for (const order of deal.orders) {
        assert.ok(order.isCancelling || order.phase.kind === 'ended', name);
      }
      return;
    case 'closing':
      if (deal.orders.length > 0 || !isActive) return;
      if (phase.step.kind === 'awaitingQuote') assert.ok(exchange.isQuoteDue(deal.symbol), name);
      else if (phase.step.kind === 'waiting') {
        assert.equal(exchange.timerOf(`deal:${deal.dealId}:close`), phase.step.until);
      } else assert.fail(`${name}: waits for nothing`);
      return;
    case 'ended':
      assert.fail(`${name}: is still in the list`);
  }
}

/** Orders that are out close no more than the position: take profit and stop never sell the same coins. */
function checkCover(deal: TradeDeal, name: string): void {
  const { direction } = deal.plan;
  const open = closingLots(deal.position, COIN, direction, FEE_PPM);
  let leaves = 0;
  let exits = 0;
  for (const order of deal.orders) {
    if (order.role !== 'exit') continue;
    leaves += closableBy(deal, order);
    exits += 1;
  }
  // Fees of a short may differ from those counted with.
  const slack = direction === 'long' ? 0 : exits + 1 + feeLots(deal);
  assert.ok(leaves <= open + slack, `${name}: ${leaves} lots are to close ${open}`);
  if (direction === 'long') {
    assert.ok(
      enteredBase(deal.position, COIN, direction) >= lotsBase(COIN, deal.position.soldLots),
      `${name}: more was sold than held`,
    );
  }
}

/** The fee of buying back all that was sold. */
function feeLots(deal: TradeDeal): number {
  return Math.ceil((deal.position.soldLots * FEE_PPM) / 1_000_000);
}

function explainRunning(exchange: FaultyExchange, deal: TradeDeal, name: string): void {
  for (const entry of deal.entries) {
    const { phase } = entry;
    const what = `${name}: entry ${entry.number} ${phase.kind}`;
    if (phase.kind === 'ready') assert.fail(`${what} is not placed`);
    if (phase.kind === 'awaitingQuote') assert.ok(exchange.isQuoteDue(deal.symbol), what);
    if (phase.kind === 'ordered') assert.ok(orderOf(deal, entry) !== undefined, what);
    if (phase.kind === 'pausing') {
      const timer = exchange.timerOf(`deal:${deal.dealId}:${entry.purpose}${entry.number}`);
      assert.equal(timer, phase.until, what);
    }
  }
  assert.notEqual(deal.refit.kind, 'due', name);
  if (deal.plan.endsWithEntry) return;
  const isClearing = deal.orders.some(
    (order) =>
      order.role === 'exit' &&
      (order.isCancelling || order.phase.kind === 'ended' || order.stopTicks !== undefined),
  );
  let covered = 0;
  for (const exit of deal.exits) {
    if (!isLive(exit)) continue;
    const left = leftOf(deal, exit);
    covered += left;
    const { phase } = exit;
    const what = `${name}: ${exit.purpose} ${exit.number} ${phase.kind}`;
    const order = orderOf(deal, exit);
    if (phase.kind === 'open' && exit.order === 'limit' && left > 0) {
      assert.ok(order !== undefined || isClearing, `${what}: ${left} lots without an order`);
    }
    if (phase.kind === 'pausing') {
      assert.equal(
        exchange.timerOf(`deal:${deal.dealId}:${exit.purpose}${exit.number}`),
        phase.until,
        what,
      );
    }
    if (phase.kind === 'closing') {
      const { step: closing } = phase;
      if (closing.kind === 'awaitingQuote') assert.ok(exchange.isQuoteDue(deal.symbol), what);
      if (closing.kind === 'ordered') assert.ok(order !== undefined, what);
      if (closing.kind === 'clearing') assert.ok(order !== undefined || isClearing, what);
      if (closing.kind === 'waiting') {
        const timer = exchange.timerOf(`deal:${deal.dealId}:${exit.purpose}${exit.number}`);
        assert.equal(timer, closing.until, what);
      }
    }
  }
  const open = closingLots(deal.position, COIN, deal.plan.direction, FEE_PPM);
  const slack = deal.plan.direction === 'long' ? 0 : deal.exits.length + 1 + feeLots(deal);
  assert.ok(
    isClearing || covered <= open + slack,
    `${name}: exits want ${covered} of ${open} lots`,
  );
  if (deal.stop.breachedUntil > 0) {
    const timer = exchange.timerOf(`deal:${deal.dealId}:stopLoss`);
    assert.ok(timer === deal.stop.breachedUntil || exchange.time >= deal.stop.breachedUntil, name);
  }
}
