// SPDX-License-Identifier: Apache-2.0
// An exchange with a bad line, for tests: requests and events travel at random speeds, events come twice, late and
// out of order, orders are refused, lost, filled in parts and cancelled by strangers. What it holds is the truth.

import assert from 'node:assert/strict';
import {
  orderFault,
  priceTicks,
  quantityLots,
  step,
  type BotEvent,
  type BotState,
  type ClientOrderId,
  type DcaDeal,
  type Effect,
  type Fill,
  type Instrument,
  type JournalEntry,
  type OrderRequest,
  type Quote,
} from '../src/index.ts';
import { leavesLots, orderFor } from '../src/bot/deal-order.ts';
import { WOULD_TAKE } from '../src/bot/post-only.ts';
import { exitPlan } from '../src/dca/take-profit.ts';

/** A small generator of its own, so that a seed means the same run everywhere. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `below` − 1. */
  below(below: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below);
  }

  /** True in `percent` of all cases. */
  chance(percent: number): boolean {
    return this.below(10_000) < percent * 100;
  }
}

interface VenueOrder {
  readonly request: OrderRequest;
  filledLots: number;
  isOpen: boolean;
  /** The other order of a pair; none once the stop of it was reached. */
  partner: ClientOrderId | null;
  /** A stop that no trade has reached is not on the book. */
  isWaiting: boolean;
}

type Travelling =
  | { readonly kind: 'place'; readonly due: number; readonly order: OrderRequest }
  | {
      readonly kind: 'placePair';
      readonly due: number;
      readonly takeProfit: OrderRequest;
      readonly stopLoss: OrderRequest;
    }
  | { readonly kind: 'cancel'; readonly due: number; readonly clientOrderId: ClientOrderId };

/** How often, in percent, things go wrong. */
export interface Faults {
  readonly rejected: number;
  readonly absent: number;
  readonly duplicate: number;
  readonly strangerCancels: number;
  readonly partialFill: number;
  readonly delayMsMax: number;
}

export const CALM: Faults = {
  rejected: 0,
  absent: 0,
  duplicate: 0,
  strangerCancels: 0,
  partialFill: 0,
  delayMsMax: 1,
};

const FEE_PPM = 1000n;

export class FaultyExchange {
  readonly bot: BotState;
  readonly instrument: Instrument;
  readonly journal: JournalEntry[] = [];
  readonly random: Random;
  readonly commissionAsset: 'base' | 'quote' | 'other';
  faults: Faults;
  time = 1_700_000_000_000;
  price: number;
  /** At eight decimals. */
  coins = 0n;
  /** In ticks × lots at scale 4, at eight decimals. */
  money = 0n;
  /** Coins and money of ended deals, from their last notes. */
  keptByEnded = 0n;
  /** Coins that were there before, and those of them that ended deals took over. */
  readonly startCoins: bigint;
  takenByEnded = 0n;
  cashOfEnded = 0n;
  readonly counts = {
    fills: 0,
    rejected: 0,
    absent: 0,
    duplicates: 0,
    crossed: 0,
    ended: 0,
    stopLoss: 0,
    pairs: 0,
    triggered: 0,
  };
  readonly #orders = new Map<ClientOrderId, VenueOrder>();
  readonly #usedIds = new Set<string>();
  #requests: Travelling[] = [];
  #events: { readonly due: number; readonly event: BotEvent }[] = [];
  readonly #delivered: BotEvent[] = [];
  #quoteRequests: { readonly due: number; readonly symbol: string }[] = [];
  readonly #timers = new Map<string, number>();
  #lastTradeId = 0;
  readonly #check: (exchange: FaultyExchange) => void;
  readonly #tellsFunds: boolean;

  constructor(options: {
    readonly bot: BotState;
    readonly instrument: Instrument;
    readonly seed: number;
    readonly faults: Faults;
    readonly price: number;
    readonly commissionAsset: 'base' | 'quote' | 'other';
    /** Coins there before the bot came, at eight decimals; with them quotes that were asked for tell what is free. */
    readonly startCoins?: bigint;
    /** What must hold after every event; for DCA bots by default that coins are covered or explained. */
    readonly check?: (exchange: FaultyExchange) => void;
  }) {
    this.bot = options.bot;
    this.#check = options.check ?? explainDca;
    this.#tellsFunds = options.startCoins !== undefined;
    this.startCoins = options.startCoins ?? 0n;
    this.coins = this.startCoins;
    this.instrument = options.instrument;
    this.random = new Random(options.seed);
    this.faults = options.faults;
    this.price = options.price;
    this.commissionAsset = options.commissionAsset;
  }

  /** Lets some time pass and one thing after the other happen. */
  tick(options: { readonly drift: number; readonly passMs: number }): void {
    this.time += options.passMs;
    const moved = Math.round((this.price * options.drift) / 10_000);
    this.price = Math.max(50, this.price + moved);
    this.#arrive();
    this.#trade();
    this.#strangers();
    if (this.random.chance(70)) this.deliver(this.quoteEvent());
    this.#answer();
    this.#ring();
    this.#deliverDue();
  }

  /** Hands `event` to the bot, performs what it wants, and checks that every coin is accounted for. */
  deliver(event: BotEvent): void {
    const before = this.bot.version;
    const effects = step(this.bot, event);
    if (this.bot.version !== before) {
      this.journal.push({ version: this.bot.version, event, effects });
    } else {
      assert.equal(effects.length, 0, 'effects without a change');
    }
    for (const effect of effects) this.#perform(effect);
    this.#check(this);
  }

  quoteEvent(): BotEvent {
    return { kind: 'quote', time: this.time, symbol: this.instrument.symbol, quote: this.#quote() };
  }

  /** True while something travels between bot and venue. */
  isBusy(): boolean {
    return this.#requests.length + this.#events.length + this.#quoteRequests.length > 0;
  }

  openOrder(clientOrderId: ClientOrderId): VenueOrder | undefined {
    const order = this.#orders.get(clientOrderId);
    return order?.isOpen === true ? order : undefined;
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'placeOrder': {
        const { order } = effect;
        assert.ok(!this.#usedIds.has(order.clientOrderId), `${order.clientOrderId} is used twice`);
        this.#usedIds.add(order.clientOrderId);
        assert.equal(orderFault(this.instrument, order.priceTicks, order.quantity), null);
        if (this.random.chance(this.faults.absent)) {
          this.counts.absent += 1;
          this.#send(this.#rejection(order, 'desk', 'absent'));
        } else if (this.random.chance(this.faults.rejected)) {
          this.counts.rejected += 1;
          this.#send(
            this.#rejection(order, this.random.chance(50) ? 'policy' : 'exchange', '-2010'),
          );
        } else {
          this.#requests.push({ kind: 'place', due: this.#later(), order });
        }
        return;
      }
      case 'placePair': {
        const takeProfit = effect.takeProfit.order;
        const stopLoss = effect.stopLoss.order;
        this.counts.pairs += 1;
        for (const order of [takeProfit, stopLoss]) {
          assert.ok(!this.#usedIds.has(order.clientOrderId), `${order.clientOrderId} is new`);
          this.#usedIds.add(order.clientOrderId);
          assert.equal(orderFault(this.instrument, order.priceTicks, order.quantity), null);
        }
        assert.equal(takeProfit.quantity, stopLoss.quantity);
        if (this.random.chance(this.faults.absent)) {
          this.counts.absent += 1;
          this.#refusePair(takeProfit, stopLoss, 'desk', 'absent');
        } else if (this.random.chance(this.faults.rejected)) {
          this.counts.rejected += 1;
          this.#refusePair(
            takeProfit,
            stopLoss,
            this.random.chance(50) ? 'policy' : 'exchange',
            '-2010',
          );
        } else {
          this.#requests.push({ kind: 'placePair', due: this.#later(), takeProfit, stopLoss });
        }
        return;
      }
      case 'cancelOrder':
        this.#requests.push({
          kind: 'cancel',
          due: this.#later(),
          clientOrderId: effect.clientOrderId,
        });
        return;
      case 'requestQuote':
        this.#quoteRequests.push({ due: this.#later(), symbol: effect.symbol });
        return;
      case 'setTimer':
        assert.ok(effect.time > this.time, 'a timer lies in the future');
        this.#timers.set(effect.timer, effect.time);
        return;
      case 'handOver':
        return;
      case 'notify': {
        const { kind, values } = effect.note;
        if (kind === 'dealCompleted' || kind === 'dealCancelled' || kind === 'dealFailed') {
          if (values['kept'] === undefined) return;
          this.counts.ended += 1;
          if (values['outcome'] === 'stopLoss') this.counts.stopLoss += 1;
          this.keptByEnded += decimal8(values['kept']);
          this.takenByEnded += decimal8(values['taken'] ?? '0');
          this.cashOfEnded += decimal8(values['revenue'] ?? '') - decimal8(values['cost'] ?? '');
        }
        return;
      }
    }
  }

  /** Requests arrive in the order they were sent: a cancel never overtakes its order. */
  #arrive(): void {
    while (this.#requests[0] !== undefined && this.#requests[0].due <= this.time) {
      const request = this.#requests.shift();
      if (request?.kind === 'place') this.#place(request.order);
      if (request?.kind === 'placePair') this.#placePair(request.takeProfit, request.stopLoss);
      if (request?.kind === 'cancel') this.#cancel(request.clientOrderId);
    }
  }

  #place(request: OrderRequest): void {
    const { bid, ask } = this.#quote();
    const isCrossing =
      request.side === 'buy' ? request.priceTicks >= ask : request.priceTicks <= bid;
    if (request.type === 'limitMaker' && isCrossing) {
      this.counts.rejected += 1;
      this.#send({ ...this.#rejection(request, 'exchange', '-2010'), reason: WOULD_TAKE });
      return;
    }
    const order: VenueOrder = {
      request,
      filledLots: 0,
      isOpen: true,
      partner: null,
      isWaiting: false,
    };
    this.#orders.set(request.clientOrderId, order);
    this.#accept(request);
    this.#take(order);
  }

  /** Both or neither: prices either side of the market, and a take profit that rests. */
  #placePair(takeProfit: OrderRequest, stopLoss: OrderRequest): void {
    const { stopTicks } = stopLoss;
    assert.ok(stopTicks !== undefined);
    const isSell = takeProfit.side === 'sell';
    const isApart = isSell
      ? takeProfit.priceTicks > this.price && stopTicks < this.price
      : takeProfit.priceTicks < this.price && stopTicks > this.price;
    if (!isApart) {
      this.counts.rejected += 1;
      this.#refusePair(takeProfit, stopLoss, 'exchange', '-2010');
      return;
    }
    for (const [request, other] of [
      [takeProfit, stopLoss],
      [stopLoss, takeProfit],
    ] as const) {
      this.#orders.set(request.clientOrderId, {
        request,
        filledLots: 0,
        isOpen: true,
        partner: other.clientOrderId,
        isWaiting: request === stopLoss,
      });
    }
    this.#accept(takeProfit);
    this.#accept(stopLoss);
  }

  #refusePair(
    takeProfit: OrderRequest,
    stopLoss: OrderRequest,
    by: 'desk' | 'policy' | 'exchange',
    rule: string,
  ): void {
    for (const order of [takeProfit, stopLoss]) this.#send(this.#rejection(order, by, rule));
  }

  /** The order that stands or falls with `order`, while both are open. */
  #partnerOf(order: VenueOrder): VenueOrder | undefined {
    return order.partner === null ? undefined : this.openOrder(order.partner);
  }

  #accept(request: OrderRequest): void {
    if (request.side === 'sell') {
      let locked = 0n;
      for (const order of this.#orders.values()) {
        // The coins of a pair are offered twice, and can be sold once.
        if (!order.isOpen || order.request.side !== 'sell' || order.isWaiting) continue;
        locked += BigInt(order.request.quantity - order.filledLots);
      }
      assert.ok(locked * 1_000_000n <= this.coins, 'the bot never offers coins it does not hold');
    }
    this.#send({
      kind: 'orderAccepted',
      time: this.time,
      clientOrderId: request.clientOrderId,
      exchangeOrderId: `x${request.clientOrderId}`,
    });
  }

  #take(order: VenueOrder): void {
    const { request } = order;
    const { bid, ask } = this.#quote();
    const isTaker = request.side === 'buy' ? request.priceTicks >= ask : request.priceTicks <= bid;
    if (isTaker) this.#fill(order, request.side === 'buy' ? ask : bid, false);
    if (order.isOpen && request.timeInForce === 'IOC') this.#end(order, 'expired');
  }

  #cancel(clientOrderId: ClientOrderId): void {
    const order = this.openOrder(clientOrderId);
    if (order === undefined) this.counts.crossed += 1;
    else this.#endBoth(order, 'cancelled');
  }

  #endBoth(order: VenueOrder, end: 'cancelled' | 'expired'): void {
    const partner = this.#partnerOf(order);
    this.#end(order, end);
    if (partner !== undefined) this.#end(partner, end);
  }

  /** A trade at the market's price: a stop that it reaches takes the place of its take profit. */
  #trigger(order: VenueOrder): void {
    const { side, stopTicks } = order.request;
    assert.ok(stopTicks !== undefined);
    if (side === 'sell' ? this.price > stopTicks : this.price < stopTicks) return;
    this.counts.triggered += 1;
    const partner = this.#partnerOf(order);
    if (partner !== undefined) this.#end(partner, 'expired');
    order.partner = null;
    order.isWaiting = false;
    this.#take(order);
  }

  #trade(): void {
    for (const order of this.#orders.values()) {
      if (!order.isOpen) continue;
      if (order.isWaiting) {
        this.#trigger(order);
        continue;
      }
      const { side, priceTicks: limit } = order.request;
      if (side === 'buy' ? limit > this.price : limit < this.price) this.#fill(order, limit, true);
    }
  }

  #strangers(): void {
    for (const order of this.#orders.values()) {
      if (order.isOpen && this.random.chance(this.faults.strangerCancels)) {
        this.#endBoth(order, this.random.chance(50) ? 'cancelled' : 'expired');
      }
    }
  }

  #fill(order: VenueOrder, ticks: number, isMaker: boolean): void {
    const leaves = order.request.quantity - order.filledLots;
    const isPartial = leaves > 1 && this.random.chance(this.faults.partialFill);
    const lots = isPartial ? this.random.below(leaves) : leaves;
    if (lots === 0) return;
    const partner = this.#partnerOf(order);
    if (partner !== undefined) this.#end(partner, 'expired');
    order.filledLots += lots;
    this.#lastTradeId += 1;
    this.counts.fills += 1;
    const isBuy = order.request.side === 'buy';
    const quantity = BigInt(lots) * 1_000_000n;
    const volume = BigInt(lots) * BigInt(ticks) * 10_000n;
    this.coins += isBuy ? quantity : -quantity;
    this.money += isBuy ? -volume : volume;
    const { commission, asset } = this.#commission(isBuy, quantity, volume);
    if (asset === this.instrument.baseAsset) this.coins -= commission;
    if (asset === this.instrument.quoteAsset) this.money -= commission;
    const fill: Fill = {
      tradeId: String(this.#lastTradeId),
      time: this.time,
      priceTicks: priceTicks(ticks),
      quantity: quantityLots(lots),
      commission,
      commissionAsset: asset,
      isMaker,
    };
    const { clientOrderId } = order.request;
    this.#send({ kind: 'orderFilled', time: this.time, clientOrderId, fill });
    if (order.filledLots === order.request.quantity) this.#end(order, 'filled');
  }

  #commission(
    isBuy: boolean,
    quantity: bigint,
    volume: bigint,
  ): { readonly commission: bigint; readonly asset: string } {
    if (this.commissionAsset === 'other') return { commission: 7n, asset: 'BNB' };
    if (isBuy && this.commissionAsset === 'base') {
      return { commission: (quantity * FEE_PPM) / 1_000_000n, asset: this.instrument.baseAsset };
    }
    return { commission: (volume * FEE_PPM) / 1_000_000n, asset: this.instrument.quoteAsset };
  }

  #end(order: VenueOrder, end: 'filled' | 'cancelled' | 'expired'): void {
    order.isOpen = false;
    this.#send({
      kind: 'orderEnded',
      time: this.time,
      clientOrderId: order.request.clientOrderId,
      end,
      filledLots: order.filledLots,
    });
  }

  #rejection(
    order: OrderRequest,
    by: 'desk' | 'policy' | 'exchange',
    rule: string,
  ): Extract<BotEvent, { kind: 'orderRejected' }> {
    const { clientOrderId } = order;
    return { kind: 'orderRejected', time: this.time, clientOrderId, by, rule, reason: 'test' };
  }

  #send(event: BotEvent): void {
    this.#events.push({ due: this.#later(), event });
    if (this.random.chance(this.faults.duplicate)) {
      this.counts.duplicates += 1;
      this.#events.push({ due: this.#later() + this.#later() - this.time, event });
    }
  }

  #deliverDue(): void {
    const due = this.#events.filter((item) => item.due <= this.time);
    for (const item of due.sort((left, right) => left.due - right.due)) {
      this.#events.splice(this.#events.indexOf(item), 1);
      this.#delivered.push(item.event);
      this.deliver({ ...item.event, time: this.time });
    }
    const old = this.#delivered[this.random.below(this.#delivered.length + 1)];
    if (old !== undefined && this.random.chance(this.faults.duplicate)) {
      this.deliver({ ...old, time: this.time });
    }
  }

  #answer(): void {
    for (const request of this.#quoteRequests.filter(({ due }) => due <= this.time)) {
      this.#quoteRequests.splice(this.#quoteRequests.indexOf(request), 1);
      const { symbol } = request;
      const answer = { kind: 'quote', time: this.time, symbol, quote: this.#quote() } as const;
      this.deliver(this.#tellsFunds ? { ...answer, funds: this.#funds() } : answer);
    }
  }

  #ring(): void {
    const due = [...this.#timers].filter(([, time]) => time <= this.time);
    for (const [timer, time] of due.sort((left, right) => left[1] - right[1])) {
      if (this.#timers.get(timer) === time) this.#timers.delete(timer);
      this.deliver({ kind: 'timer', time: this.time, timer });
      if (this.random.chance(this.faults.duplicate)) {
        this.deliver({ kind: 'timer', time: this.time, timer });
      }
    }
  }

  #later(): number {
    return this.time + 1 + this.random.below(this.faults.delayMsMax);
  }

  #quote(): Quote {
    return {
      bid: priceTicks(this.price - 1),
      ask: priceTicks(this.price + 1),
      last: priceTicks(this.price),
    };
  }

  /** Free coins, and money without end. */
  #funds(): { readonly base: bigint; readonly quote: bigint } {
    let base = this.coins;
    for (const { request, filledLots, isOpen, isWaiting } of this.#orders.values()) {
      if (isOpen && request.side === 'sell' && !isWaiting) {
        base -= BigInt(request.quantity - filledLots) * 1_000_000n;
      }
    }
    return { base, quote: 10n ** 20n };
  }

  isQuoteDue(symbol: string): boolean {
    return this.#quoteRequests.some((request) => request.symbol === symbol);
  }

  /** Something about the order is on its way, or it stands at the venue. */
  isAlive(clientOrderId: ClientOrderId): boolean {
    return (
      this.openOrder(clientOrderId) !== undefined ||
      this.#requests.some(
        (request) =>
          (request.kind === 'place' && request.order.clientOrderId === clientOrderId) ||
          (request.kind === 'placePair' &&
            (request.takeProfit.clientOrderId === clientOrderId ||
              request.stopLoss.clientOrderId === clientOrderId)),
      ) ||
      this.#events.some(
        ({ event }) => 'clientOrderId' in event && event.clientOrderId === clientOrderId,
      )
    );
  }

  /** Orders that rest at the venue. */
  openRequests(): readonly OrderRequest[] {
    return [...this.#orders.values()].filter(({ isOpen }) => isOpen).map(({ request }) => request);
  }

  timerOf(name: string): number | undefined {
    return this.#timers.get(name);
  }
}

/** Coins are covered by an exit, or the deal waits for something that is on its way; else the test fails. */
export function explainDca(exchange: FaultyExchange): void {
  const { bot } = exchange;
  assert.ok(bot.kind === 'dca', 'other kinds of bots bring their own check');
  for (const deal of bot.deals) explainDeal(exchange, deal);
  for (const slot of bot.slots) {
    if (slot.phase.kind === 'awaitingQuote') assert.ok(exchange.isQuoteDue(slot.symbol));
    if (slot.phase.kind === 'waiting') {
      assert.equal(exchange.timerOf(`start:${slot.symbol}`), slot.phase.until);
    }
  }
}

function explainDeal(exchange: FaultyExchange, deal: DcaDeal): void {
  const name = `deal ${deal.dealId} ${deal.phase.kind}`;
  for (const order of deal.orders) {
    assert.ok(exchange.isAlive(order.clientOrderId), `${name}: ${order.clientOrderId} is dead`);
  }
  const { phase } = deal;
  switch (phase.kind) {
    case 'opening':
      assert.ok(orderFor(deal, 'baseOrder') !== undefined, name);
      return;
    case 'reopening':
      assert.ok(exchange.isQuoteDue(deal.symbol), name);
      return;
    case 'holding':
      explainHolding(exchange, deal, name);
      return;
    case 'finishing':
    case 'cancelling':
      assert.ok(deal.orders.length > 0, name);
      for (const order of deal.orders)
        assert.ok(order.isCancelling || order.phase.kind === 'ended', name);
      return;
    case 'closing':
      if (deal.orders.length > 0) return;
      if (phase.step.kind === 'awaitingQuote') {
        assert.ok(exchange.isQuoteDue(deal.symbol) || exchange.bot.risk === 'halted', name);
      } else if (phase.step.kind === 'waiting') {
        assert.equal(exchange.timerOf(`deal:${deal.dealId}:close`), phase.step.until);
      } else assert.equal(exchange.bot.risk, 'halted', `${name}: waits for nothing`);
      return;
    case 'ended':
      assert.fail(`${name}: is still in the list`);
  }
}

function explainHolding(exchange: FaultyExchange, deal: DcaDeal, name: string): void {
  const exits = deal.orders.filter(({ purpose }) => purpose === 'takeProfit');
  const plan = exitPlan(deal);
  // One that has ended and whose fills are on their way is waited for.
  const isRenewing = deal.orders.some(
    (order) => order.role === 'exit' && (order.isCancelling || order.phase.kind === 'ended'),
  );
  if (!isRenewing && deal.exitWait.kind === 'waiting') {
    assert.equal(exchange.timerOf(`deal:${deal.dealId}:takeProfit`), deal.exitWait.until);
  } else if (!isRenewing && !plan.isDust && exchange.bot.risk !== 'halted') {
    for (const wanted of plan.orders) {
      const exit = exits.find(({ ladderIndex }) => ladderIndex === wanted.step);
      assert.ok(exit !== undefined, `${name}: coins without an exit`);
      assert.equal(exit.priceTicks, wanted.priceTicks, name);
      if (!wanted.isPart) assert.equal(leavesLots(exit), wanted.lots, name);
    }
    assert.equal(exits.length, plan.orders.length, `${name}: an exit nobody wants`);
  }
  for (const retry of deal.safetyRetries) {
    const timer = exchange.timerOf(`deal:${deal.dealId}:safetyOrders`);
    if (exchange.bot.risk !== 'active') continue;
    assert.ok(timer !== undefined && timer <= retry.until, `${name}: a retry without a timer`);
  }
  for (const { isAsked } of deal.requests) {
    if (exchange.bot.risk === 'halted') continue;
    if (isAsked) assert.ok(exchange.isQuoteDue(deal.symbol), `${name}: a wish without a quote`);
    else {
      assert.ok(
        deal.orders.some(({ role }) => role === 'exit'),
        `${name}: a wish that waits for nothing`,
      );
    }
  }
  if (deal.stop.until > exchange.time) {
    assert.equal(exchange.timerOf(`deal:${deal.dealId}:stopLoss`), deal.stop.until, name);
  }
}

function decimal8(text: string): bigint {
  const [whole = '0', fraction = ''] = text.split('.');
  const digits = BigInt(whole.replace('-', '') + fraction.padEnd(8, '0'));
  return text.startsWith('-') ? -digits : digits;
}
