// SPDX-License-Identifier: Apache-2.0
// Rules Z1 to Z11: the rebalancing portfolio, event by event and over random markets.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  checkSettings,
  createBot,
  dealView,
  decodeJournal,
  encodeJournal,
  heldBase,
  makeSettings,
  orderFault,
  parseSettings,
  previewRebalance,
  priceTicks,
  quantityLots,
  step,
  watchedAbove,
  watchedBelow,
  type BotCommand,
  type BotEvent,
  type ClientOrderId,
  type Effect,
  type OrderRequest,
  type RebalanceBotState,
  type RebalanceSettings,
} from '../src/index.ts';
import { COIN, OTHER } from './deal-script.ts';

const FEE_PPM = 1_000;

const PLAIN: Partial<Omit<RebalanceSettings, 'kind'>> = {
  name: 'halves',
  symbols: ['COINUSDT', 'OTHERUSDT'],
  targets: [
    { symbol: 'COINUSDT', share: '50' },
    { symbol: 'OTHERUSDT', share: '30' },
  ],
  investment: '1000',
  threshold: '5',
};

/** A market without a book: immediate orders trade at once, wholly unless `take` says otherwise. */
class Market {
  readonly bot: RebalanceBotState;
  readonly prices: Record<string, number>;
  readonly journal: { readonly event: BotEvent; readonly effects: readonly Effect[] }[] = [];
  readonly sent: OrderRequest[] = [];
  readonly notes: string[] = [];
  readonly timers = new Map<string, number>();
  readonly ids = new Set<ClientOrderId>();
  readonly first: string;
  time = 1_000_000;
  trades = 0;
  /** Which part of an order the market takes; 'reject' refuses it. */
  take: (order: OrderRequest) => number | 'reject' = (order) => order.quantity;

  constructor(
    changes: Partial<Omit<RebalanceSettings, 'kind'>> = {},
    prices: Record<string, number> = { COINUSDT: 10_000, OTHERUSDT: 5_000 },
  ) {
    this.prices = prices;
    this.bot = createBot({
      botId: '1',
      clientOrderIdPrefix: 'k1-',
      settings: makeSettings<RebalanceSettings>('rebalance', { ...PLAIN, ...changes }),
      instruments: [COIN, OTHER],
      feeRatePpm: FEE_PPM,
    });
    this.first = encodeJournal(this.bot);
  }

  command(command: BotCommand): void {
    this.deliver({ kind: 'command', time: this.time, command });
  }

  deliver(event: BotEvent): void {
    const queue = [event];
    for (let index = 0; index < queue.length; index += 1) {
      assert.ok(index < 10_000, 'the bot comes to rest');
      const next = queue[index];
      if (next === undefined) continue;
      const { version } = this.bot;
      const effects = step(this.bot, next);
      if (this.bot.version !== version) this.journal.push({ event: next, effects });
      for (const effect of effects) queue.push(...this.#perform(effect));
    }
  }

  move(symbol: string, ticks: number): void {
    this.time += 1_000;
    this.prices[symbol] = ticks;
    const quote = this.#quote(symbol);
    const isWatched =
      Math.min(quote.bid, quote.last) <= watchedBelow(this.bot, symbol) ||
      Math.max(quote.ask, quote.last) >= watchedAbove(this.bot, symbol);
    if (isWatched) this.deliver({ kind: 'quote', time: this.time, symbol, quote });
  }

  wait(ms: number): void {
    this.time += ms;
    for (const [timer, due] of [...this.timers]) {
      if (due > this.time) continue;
      this.timers.delete(timer);
      this.deliver({ kind: 'timer', time: this.time, timer });
    }
  }

  /** Whole coins at the last price and the cash left, in quote, as doubles: for comparing shares only. */
  worth(): { readonly total: number; readonly shares: Record<string, number> } {
    const values: Record<string, number> = {};
    let cash = Number(this.bot.settings.investment);
    for (const deal of this.bot.deals) {
      const view = dealView(deal);
      values[deal.symbol] = (Number(view.heldQuantity) * (this.prices[deal.symbol] ?? 0)) / 100;
      cash += Number(view.revenue) - Number(view.cost);
    }
    const total = cash + Object.values(values).reduce((sum, value) => sum + value, 0);
    return {
      total,
      shares: Object.fromEntries(
        Object.entries(values).map(([symbol, value]) => [symbol, (100 * value) / total]),
      ),
    };
  }

  #quote(symbol: string) {
    const last = this.prices[symbol] ?? 0;
    return { bid: priceTicks(last - 1), ask: priceTicks(last + 1), last: priceTicks(last) };
  }

  #perform(effect: Effect): readonly BotEvent[] {
    const { time } = this;
    switch (effect.kind) {
      case 'requestQuote':
        return [{ kind: 'quote', time, symbol: effect.symbol, quote: this.#quote(effect.symbol) }];
      case 'setTimer':
        this.timers.set(effect.timer, effect.time);
        return [];
      case 'notify':
        this.notes.push(effect.note.kind);
        return [];
      case 'placeOrder':
        return this.#trade(effect.order);
      default:
        return [];
    }
  }

  #trade(order: OrderRequest): readonly BotEvent[] {
    const { time } = this;
    const { clientOrderId } = order;
    assert.ok(!this.ids.has(clientOrderId), 'no ID twice');
    this.ids.add(clientOrderId);
    const instrument = order.symbol === 'COINUSDT' ? COIN : OTHER;
    assert.equal(orderFault(instrument, order.priceTicks, order.quantity), null);
    this.sent.push(order);
    const taken = this.take(order);
    if (taken === 'reject') {
      return [
        { kind: 'orderRejected', time, clientOrderId, by: 'exchange', rule: '-2010', reason: 'x' },
      ];
    }
    this.trades += 1;
    const last = this.prices[order.symbol] ?? 0;
    const ticks = order.side === 'buy' ? last + 1 : last - 1;
    const commission =
      order.side === 'buy'
        ? BigInt(taken) * 1_000n
        : (BigInt(taken) * BigInt(ticks) * 10_000n * BigInt(FEE_PPM)) / 1_000_000n;
    const accepted: BotEvent = {
      kind: 'orderAccepted',
      time,
      clientOrderId,
      exchangeOrderId: clientOrderId,
    };
    const ended: BotEvent = {
      kind: 'orderEnded',
      time,
      clientOrderId,
      end: taken === order.quantity ? 'filled' : 'expired',
      filledLots: taken,
    };
    if (taken === 0) return [accepted, ended];
    const fill = {
      tradeId: String(this.trades),
      time,
      priceTicks: priceTicks(ticks),
      quantity: quantityLots(taken),
      commission,
      commissionAsset: order.side === 'buy' ? instrument.baseAsset : 'USDT',
      isMaker: false,
    };
    return [accepted, { kind: 'orderFilled', time, clientOrderId, fill }, ended];
  }
}

/** Which fields `changes` to right settings make wrong. */
function check(changes: Readonly<Record<string, unknown>>, wrong: readonly string[]): void {
  const parsed = parseSettings({ kind: 'rebalance', ...PLAIN, ...changes });
  assert.deepEqual(parsed.ok ? [] : parsed.errors.map(({ field }) => field), wrong);
}

test('[Z1] targets name each symbol once, sum to at most the whole, and something must set off a trade', () => {
  check({}, []);
  check({ targets: [{ symbol: 'COINUSDT', share: '50' }] }, ['targets']);
  check(
    {
      targets: [
        { symbol: 'COINUSDT', share: '70' },
        { symbol: 'OTHERUSDT', share: '30.01' },
      ],
    },
    ['targets'],
  );
  check(
    {
      targets: [
        { symbol: 'COINUSDT', share: '7' },
        { symbol: 'COINUSDT', share: '3' },
      ],
    },
    ['targets[1].symbol', 'targets'],
  );
  check({ threshold: undefined }, ['threshold']);
  check({ threshold: undefined, everyHours: 24 }, []);
  check({ threshold: '0.4' }, ['threshold']);
});

test('[Z2] an investment whose parts the venue would refuse is refused at its field', () => {
  const prices = { COINUSDT: priceTicks(10_000), OTHERUSDT: priceTicks(5_000) };
  const errors = (investment: string) =>
    checkSettings(
      makeSettings<RebalanceSettings>('rebalance', { ...PLAIN, investment }),
      [COIN, OTHER],
      prices,
      FEE_PPM,
    ).map(({ field }) => field);
  assert.deepEqual(errors('1000'), []);
  assert.deepEqual(errors('5'), ['investment', 'investment']);
});

test('[Z3] a start asks all prices and buys each coin for its share; the rest stays in cash', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  assert.deepEqual(
    market.sent.map(({ symbol, side, timeInForce, priceTicks: limit }) => [
      symbol,
      side,
      timeInForce,
      limit,
    ]),
    [
      ['COINUSDT', 'buy', 'IOC', 10_101],
      ['OTHERUSDT', 'buy', 'IOC', 5_051],
    ],
  );
  const { shares } = market.worth();
  assert.ok(Math.abs((shares['COINUSDT'] ?? 0) - 50) < 0.3, JSON.stringify(shares));
  assert.ok(Math.abs((shares['OTHERUSDT'] ?? 0) - 30) < 0.3, JSON.stringify(shares));
  assert.equal(market.bot.round.kind, 'idle');
});

test('[Z4] prices within the bands are of no concern; beyond them all prices are asked anew', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  const below = watchedBelow(market.bot, 'COINUSDT');
  const above = watchedAbove(market.bot, 'COINUSDT');
  // Margin 5 points less what lots left over: b = 2m / (1 + 2m), about 9 %.
  assert.ok(below > 8_900 && below < 9_200, String(below));
  assert.ok(above < 11_100 && above > 10_800, String(above));
  const before = market.journal.length;
  market.move('COINUSDT', below + 3);
  market.move('COINUSDT', above - 3);
  assert.equal(market.journal.length, before);
  market.move('COINUSDT', above);
  assert.ok(market.journal.length > before);
  assert.equal(market.sent.length, 2, 'five points are not reached yet');
  market.move('COINUSDT', 12_600);
  assert.equal(market.sent[2]?.side, 'sell');
});

test('[Z5] surplus is sold first, then what lacks is bought from the cash, the largest lack first', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  market.move('COINUSDT', 16_000);
  assert.deepEqual(
    market.sent.slice(2).map(({ symbol, side }) => [symbol, side]),
    [
      ['COINUSDT', 'sell'],
      ['OTHERUSDT', 'buy'],
    ],
  );
  const { shares } = market.worth();
  assert.ok(Math.abs((shares['COINUSDT'] ?? 0) - 50) < 0.2, JSON.stringify(shares));
  assert.ok(Math.abs((shares['OTHERUSDT'] ?? 0) - 30) < 0.2, JSON.stringify(shares));
});

test('[Z6] the calendar trades differences of the least trade and more, whatever the threshold', () => {
  const market = new Market({ threshold: '50', everyHours: 24, minTrade: '20' });
  market.command({ kind: 'start' });
  market.move('COINUSDT', 10_300);
  market.wait(24 * 3_600_000);
  assert.equal(market.sent.length, 2, 'about 7 USDT too much is less than 20');
  market.move('COINUSDT', 12_000);
  market.wait(24 * 3_600_000);
  assert.equal(market.sent[2]?.side, 'sell');
});

test('[Z7] an order that is refused makes the portfolio look again later, more and more rarely', () => {
  const market = new Market();
  market.take = () => 'reject';
  market.command({ kind: 'start' });
  assert.equal(market.bot.round.kind, 'waiting');
  assert.deepEqual([...market.timers.values()], [market.time + 30_000]);
  market.wait(30_000);
  assert.deepEqual([...market.timers.values()], [market.time + 60_000]);
  market.take = (order) => order.quantity;
  market.wait(60_000);
  assert.equal(market.bot.round.kind, 'idle');
  assert.ok(Math.abs((market.worth().shares['COINUSDT'] ?? 0) - 50) < 0.3);
});

test('[Z8] closing a coin sells all of it and stops the portfolio; cancelling keeps the coins', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  market.command({ kind: 'closeDeal', dealId: 1 });
  assert.equal(market.bot.isRunning, false);
  const [closed] = market.bot.endedDeals;
  assert.ok(closed !== undefined && closed.phase.kind === 'ended');
  assert.equal(closed.phase.outcome, 'closed');
  assert.ok(heldBase(closed.position, COIN) < 1_000_000n, 'less than a lot is left');
  market.command({ kind: 'cancelDeal', dealId: 2 });
  assert.equal(dealView(market.bot.endedDeals[1] ?? closed).status, 'cancelled');
  assert.equal(market.bot.deals.length, 0);
  market.move('OTHERUSDT', 20_000);
  assert.equal(market.sent.length, 3);
});

test('[Z9] while the desk reduces nothing is traded; when it is active again the portfolio looks at once', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  market.command({ kind: 'setRisk', risk: 'reducing' });
  market.move('COINUSDT', 16_000);
  assert.equal(market.sent.length, 2);
  market.command({ kind: 'setRisk', risk: 'active' });
  assert.equal(market.sent[2]?.side, 'sell');
});

test('[Z10] new targets of the same coins are traded for at once', () => {
  const market = new Market();
  market.command({ kind: 'start' });
  market.command({
    kind: 'editSettings',
    instruments: [COIN, OTHER],
    settings: makeSettings<RebalanceSettings>('rebalance', {
      ...PLAIN,
      targets: [
        { symbol: 'COINUSDT', share: '20' },
        { symbol: 'OTHERUSDT', share: '70' },
      ],
    }),
  });
  const { shares } = market.worth();
  assert.ok(Math.abs((shares['COINUSDT'] ?? 0) - 20) < 0.3, JSON.stringify(shares));
  assert.ok(Math.abs((shares['OTHERUSDT'] ?? 0) - 70) < 0.3, JSON.stringify(shares));
});

test('[Z12] the preview buys what a start buys, and says where one share alone would be off', () => {
  const market = new Market();
  const prices = { COINUSDT: priceTicks(10_001), OTHERUSDT: priceTicks(5_001) };
  const preview = previewRebalance(market.bot.settings, [COIN, OTHER], prices, FEE_PPM);
  market.command({ kind: 'start' });
  assert.deepEqual(
    preview.rows.map(({ quantity }) => quantity),
    market.sent.map(({ quantity }) => (quantity / 100).toFixed(2)),
  );
  assert.deepEqual(preview.rows[0], {
    symbol: 'COINUSDT',
    share: '50',
    actualShare: '49.9',
    price: '100.01',
    quantity: '4.99',
    amount: '499.0499',
    // A half becomes 55 % where it is worth 55/45 of the other half.
    sellsAbove: '122.23',
    buysBelow: '81.82',
    fault: '',
  });
  assert.equal(preview.spent, '798.6098');
  assert.equal(preview.cash, '201.3902');
  assert.equal(preview.fee, '0.7986098');
});

test('[Z11] over random markets: no share stays off, cash never below zero, limits kept, replay equal', (t) => {
  const seed = 20261122;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(
      fc.record({
        steps: fc.array(
          fc.record({
            symbol: fc.constantFrom('COINUSDT', 'OTHERUSDT'),
            change: fc.integer({ min: -150, max: 160 }),
            part: fc.constantFrom(0, 30, 100, 100, 100, -1),
          }),
          { minLength: 5, maxLength: 60 },
        ),
        share: fc.integer({ min: 1, max: 99 }),
        rest: fc.integer({ min: 0, max: 50 }),
        threshold: fc.integer({ min: 1, max: 20 }),
        everyHours: fc.option(fc.integer({ min: 1, max: 48 }), { nil: undefined }),
      }),
      ({ steps, share, rest, threshold, everyHours }) => {
        const other = Math.max(1, 100 - share - rest);
        const market = new Market({
          targets: [
            { symbol: 'COINUSDT', share: String(share) },
            { symbol: 'OTHERUSDT', share: String(Math.min(other, 100 - share)) },
          ],
          investment: '10000',
          threshold: String(threshold),
          ...(everyHours === undefined ? {} : { everyHours }),
        });
        market.command({ kind: 'start' });
        for (const { symbol, change, part } of steps) {
          market.take = (order) =>
            part < 0 ? 'reject' : Math.floor((order.quantity * part) / 100);
          const price = market.prices[symbol] ?? 0;
          market.move(symbol, Math.max(100, Math.round(price * (1 + change / 1000))));
          market.wait(600_000);
          const cash = Number(
            market.bot.deals.reduce((sum, deal) => {
              const view = dealView(deal);
              return sum + Number(view.revenue) - Number(view.cost);
            }, 10_000),
          );
          assert.ok(cash > -0.000001, `cash ${cash}`);
          for (const deal of market.bot.deals) {
            assert.ok(heldBase(deal.position, deal.instrument) >= 0n);
          }
        }
        market.take = (order) => order.quantity;
        market.wait(1_000_000);
        for (const symbol of ['COINUSDT', 'OTHERUSDT']) {
          market.move(symbol, (market.prices[symbol] ?? 0) + 1);
        }
        const replayed = decodeJournal<RebalanceBotState>(market.first);
        for (const { event, effects } of market.journal) {
          assert.equal(encodeJournal(step(replayed, event)), encodeJournal(effects));
        }
        market.command({ kind: 'stop' });
        assert.ok(market.bot.deals.every(({ orders }) => orders.length === 0));
      },
    ),
    { seed, numRuns: 150 },
  );
});
