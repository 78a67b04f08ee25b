// SPDX-License-Identifier: Apache-2.0
// The matching engine of one instrument: price-time priority with the order types of Binance Spot.

import type { Side } from '../order.ts';
import { assert } from '../units.ts';
import {
  assertWellFormed,
  HOUSE,
  isMarketKind,
  isStopKind,
  mayRest,
  type EngineEnd,
  type EngineEvents,
  type EngineOrder,
  type EngineTrade,
  type OpenOrder,
  type PlaceVerdict,
} from './engine-order.ts';
import { restoreOrder, snapshotOrder, type EngineSnapshot } from './engine-snapshot.ts';
import { LiveOrder, type Level } from './level.ts';
import { PriceLadder } from './price-ladder.ts';
import { isReached, StopBook } from './stop-book.ts';

export { HOUSE } from './engine-order.ts';
export type * from './engine-order.ts';
export type { EngineSnapshot, OrderSnapshot } from './engine-snapshot.ts';

/**
 * Holds the book and the waiting stops of one instrument. All it does it tells its sink, in order, before the
 * call returns. The section "Matching" of SPEC.md is its rules.
 */
export class MatchingEngine {
  readonly #events: EngineEvents;
  readonly #bids = new PriceLadder('highestFirst');
  readonly #asks = new PriceLadder('lowestFirst');
  readonly #stops = new StopBook();
  /** Orders on the book and waiting stops, in order of placement. */
  readonly #open = new Map<number, LiveOrder>();
  /** Ended orders, used again by the next placements: the collector has less to do. */
  readonly #spare: LiveOrder[] = [];
  /** Stops that have triggered and not yet acted. */
  #triggered: LiveOrder[] = [];
  #lastTicks = 0;
  #newestOrderId = 0;
  #newestTradeId = 0;
  #isBusy = false;
  readonly #trade: { -readonly [Field in keyof EngineTrade]: EngineTrade[Field] } = {
    tradeId: 0,
    priceTicks: 0,
    lots: 0,
    takerOrderId: 0,
    makerOrderId: 0,
    takerSide: 'buy',
    takerOwnerId: HOUSE,
    makerOwnerId: HOUSE,
  };

  constructor(events: EngineEvents) {
    this.#events = events;
  }

  /** Lets an order trade, rest or wait; the stops its trades trigger have acted when this returns. */
  place(terms: EngineOrder): PlaceVerdict {
    assertWellFormed(terms);
    assert(terms.orderId > this.#newestOrderId, 'Invariant: order IDs increase');
    if (terms.type === 'limitMaker' && this.#wouldTake(terms)) return 'wouldTake';
    if (isStopKind(terms.type) && isReached(terms, this.#lastTicks)) return 'wouldTrigger';
    this.#begin();
    this.#newestOrderId = terms.orderId;
    const order = this.#makeOrder(terms);
    if (isStopKind(terms.type)) {
      this.#open.set(terms.orderId, order);
      this.#stops.add(order, this.#lastTicks);
    } else {
      this.#work(order);
      this.#runTriggered();
    }
    this.#isBusy = false;
    return 'accepted';
  }

  /** Takes an open order away; false when there is none of this ID. */
  cancel(orderId: number): boolean {
    const order = this.#open.get(orderId);
    if (order === undefined) return false;
    this.#begin();
    if (isWaiting(order)) {
      this.#stops.remove(order);
      this.#end(order, 'cancelled');
    } else {
      const level = this.#takeOffBook(order);
      this.#end(order, 'cancelled');
      this.#tellLevel(order.terms.side, level);
    }
    this.#isBusy = false;
    return true;
  }

  /**
   * Lowers an open order's total quantity; it keeps its place in the queue. False when there is no such order,
   * when the quantity would not go down, or when nothing would be left to trade.
   */
  reduce(orderId: number, quantityLots: number): boolean {
    const order = this.#open.get(orderId);
    if (order === undefined || !Number.isSafeInteger(quantityLots)) return false;
    if (quantityLots >= order.quantityLots) return false;
    if (quantityLots <= order.quantityLots - order.leavesLots) return false;
    this.#begin();
    order.quantityLots = quantityLots;
    if (order.level !== undefined && order.visibleLots > order.leavesLots) {
      order.level.show(order, order.leavesLots);
      this.#tellLevel(order.terms.side, order.level);
    }
    this.#isBusy = false;
    return true;
  }

  openOrder(orderId: number): OpenOrder | undefined {
    const order = this.#open.get(orderId);
    return order === undefined ? undefined : toOpenOrder(order);
  }

  /** All open orders in order of placement. */
  openOrders(): OpenOrder[] {
    return Array.from(this.#open.values(), toOpenOrder);
  }

  /** The highest price bid; 0 when there is none. */
  bestBid(): number {
    return this.#bids.best()?.priceTicks ?? 0;
  }

  /** The lowest price asked; 0 when there is none. */
  bestAsk(): number {
    return this.#asks.best()?.priceTicks ?? 0;
  }

  /** The price of the last trade or print; 0 before the first. */
  lastTicks(): number {
    return this.#lastTicks;
  }

  /** What one side of the book shows, best price first, at most `limit` levels. */
  depth(side: Side, limit: number): [priceTicks: number, lots: number][] {
    const shown: [priceTicks: number, lots: number][] = [];
    for (const level of this.#sideOf(side).bestFirst()) {
      if (shown.length >= limit) break;
      shown.push([level.priceTicks, level.visibleLots]);
    }
    return shown;
  }

  /**
   * The market traded elsewhere: a trade of the house with itself that leaves the book as it is, becomes the
   * last price and triggers stops. Without lots there is no trade event.
   */
  print(priceTicks: number, lots: number): void {
    assert(Number.isSafeInteger(priceTicks) && priceTicks > 0, 'Invariant: a print has a price');
    assert(Number.isSafeInteger(lots) && lots >= 0, 'Invariant: a print has whole lots');
    this.#begin();
    const takerSide = priceTicks >= this.#lastTicks ? 'buy' : 'sell';
    if (lots > 0) this.#tellTrade(takerSide, undefined, undefined, priceTicks, lots);
    this.#observe(priceTicks);
    this.#runTriggered();
    this.#isBusy = false;
  }

  /**
   * The house takes every order of others up to `limitTicks` wholly, or `lotsMax` of them, and its own orders there
   * give way. The trades are the way of the market to its next price: that price's `print` sets the last price and
   * triggers stops, these do not. Returns the lots it took.
   */
  houseTakes(side: Side, limitTicks: number, lotsMax: number = Number.POSITIVE_INFINITY): number {
    this.#begin();
    const makerSide = side === 'buy' ? 'sell' : 'buy';
    const makers = this.#sideOf(makerSide);
    let taken = 0;
    for (
      let level = makers.best();
      level !== undefined && taken < lotsMax && isWithin(side, limitTicks, level.priceTicks);
      level = makers.best()
    ) {
      const { priceTicks, visibleLots: shownBefore } = level;
      for (let maker = level.first; maker !== undefined && taken < lotsMax; maker = level.first) {
        if (maker.terms.ownerId === HOUSE) {
          makers.remove(maker, level);
          this.#end(maker, 'cancelled');
        } else {
          const lots = Math.min(maker.visibleLots, lotsMax - taken);
          taken += lots;
          maker.fill(lots, priceTicks);
          this.#tellTrade(side, undefined, maker, priceTicks, lots);
          this.#showNext(maker, makers, level, lots);
        }
      }
      if (level.visibleLots !== shownBefore) this.#tellLevel(makerSide, level);
    }
    this.#isBusy = false;
    return taken;
  }

  /** The whole state as plain data; an engine restored from it goes on exactly as this one would. */
  snapshot(): EngineSnapshot {
    return {
      version: 1,
      lastTicks: this.#lastTicks,
      newestOrderId: this.#newestOrderId,
      newestTradeId: this.#newestTradeId,
      resting: [...this.#bids.orders(), ...this.#asks.orders()].map(snapshotOrder),
      waiting: Array.from(this.#stops.orders(), snapshotOrder),
    };
  }

  /** The engine that `snapshot` describes; no event is told. */
  static restore(snapshot: EngineSnapshot, events: EngineEvents): MatchingEngine {
    assert(snapshot.version === 1, 'Invariant: an engine snapshot has version 1');
    const engine = new MatchingEngine(events);
    engine.#lastTicks = snapshot.lastTicks;
    engine.#newestOrderId = snapshot.newestOrderId;
    engine.#newestTradeId = snapshot.newestTradeId;
    const resting = snapshot.resting.map(restoreOrder);
    const waiting = snapshot.waiting.map(restoreOrder);
    for (const order of resting) {
      engine.#sideOf(order.terms.side).append(order, order.terms.priceTicks);
    }
    for (const order of waiting) engine.#stops.restore(order);
    for (const order of [...resting, ...waiting].toSorted(byPlacement)) {
      engine.#open.set(order.terms.orderId, order);
    }
    const ask = engine.bestAsk();
    assert(ask === 0 || engine.bestBid() < ask, 'Invariant: a restored book is not crossed');
    return engine;
  }

  #makeOrder(terms: EngineOrder): LiveOrder {
    const spare = this.#spare.pop();
    if (spare === undefined) return new LiveOrder(terms);
    spare.begin(terms);
    return spare;
  }

  /** Lets an order take what it may, then fills, rests or expires it. */
  #work(order: LiveOrder): void {
    if (this.#isKilled(order)) return this.#end(order, 'expired');
    this.#take(order);
    if (this.#isSatisfied(order)) this.#end(order, endOfSatisfied(order));
    else if (mayRest(order.terms)) this.#rest(order);
    else this.#end(order, 'expired');
  }

  /** Trades with the best levels until the order is satisfied or its limit reached. */
  #take(taker: LiveOrder): void {
    const makers = this.#oppositeOf(taker.terms.side);
    for (let level = makers.best(); level !== undefined; level = makers.best()) {
      if (!reaches(taker.terms, level.priceTicks)) return;
      if (taker.wantedLots(level.priceTicks) === 0) return;
      this.#takeFrom(taker, makers, level);
    }
  }

  #takeFrom(taker: LiveOrder, makers: PriceLadder, level: Level): void {
    const { priceTicks } = level;
    const shownBefore = level.visibleLots;
    let wanted = taker.wantedLots(priceTicks);
    for (let maker = level.first; maker !== undefined && wanted > 0; maker = level.first) {
      const lots = Math.min(wanted, maker.visibleLots);
      if (isSelfTrade(taker, maker)) {
        this.#prevent(taker, maker, makers, level, lots);
      } else {
        taker.fill(lots, priceTicks);
        maker.fill(lots, priceTicks);
        this.#tellTrade(taker.terms.side, taker, maker, priceTicks, lots);
        this.#observe(priceTicks);
        this.#showNext(maker, makers, level, lots);
      }
      wanted = taker.wantedLots(priceTicks);
    }
    if (level.visibleLots !== shownBefore) this.#tellLevel(opposite(taker.terms.side), level);
  }

  /** Keeps two orders of one owner from trading `lots`, as the taker's mode says. */
  #prevent(
    taker: LiveOrder,
    maker: LiveOrder,
    makers: PriceLadder,
    level: Level,
    lots: number,
  ): void {
    const { priceTicks } = level;
    const mode = taker.terms.selfTradePrevention;
    this.#events.onPrevented(taker.terms.orderId, maker.terms.orderId, lots, priceTicks);
    if (mode === 'decrement') {
      taker.prevent(lots, priceTicks);
      maker.prevent(lots, priceTicks);
      this.#showNext(maker, makers, level, lots);
    }
    if (mode === 'expireMaker' || mode === 'expireBoth') {
      makers.remove(maker, level);
      this.#end(maker, 'expiredInMatch');
    }
    if (mode === 'expireTaker' || mode === 'expireBoth') taker.preventRest(lots);
  }

  /**
   * After `lots` of a maker's visible part are gone: the order ends, or shows its next part at the end of the
   * queue when this part is used up.
   */
  #showNext(maker: LiveOrder, makers: PriceLadder, level: Level, lots: number): void {
    level.show(maker, maker.visibleLots - lots);
    if (maker.leavesLots === 0) {
      makers.remove(maker, level);
      this.#end(maker, endOfSatisfied(maker));
    } else if (maker.visibleLots === 0) {
      level.remove(maker);
      maker.visibleLots = nextVisibleLots(maker);
      level.append(maker);
    }
  }

  #rest(order: LiveOrder): void {
    const { orderId, side, priceTicks } = order.terms;
    order.visibleLots = nextVisibleLots(order);
    const level = this.#sideOf(side).append(order, priceTicks);
    this.#open.set(orderId, order);
    this.#events.onRested(orderId);
    this.#tellLevel(side, level);
  }

  #takeOffBook(order: LiveOrder): Level {
    const { level } = order;
    assert(level !== undefined, 'Invariant: an open order that does not wait is on the book');
    this.#sideOf(order.terms.side).remove(order, level);
    return level;
  }

  /** The order may be read until the call that ends it returns; then another may take its object. */
  #end(order: LiveOrder, end: EngineEnd): void {
    this.#open.delete(order.terms.orderId);
    this.#spare.push(order);
    this.#events.onEnded(order.terms.orderId, end, order.filledLots);
  }

  /** A trade happened at `priceTicks`: it is the last price, and stops may have triggered. */
  #observe(priceTicks: number): void {
    if (priceTicks === this.#lastTicks) return;
    this.#lastTicks = priceTicks;
    this.#stops.observe(priceTicks, this.#triggered);
  }

  /**
   * Lets triggered stops act in order of placement. What they trigger acts in the round after; every stop
   * triggers once, so the rounds come to an end.
   */
  #runTriggered(): void {
    while (this.#triggered.length > 0) {
      const round = this.#triggered.toSorted(byPlacement);
      this.#triggered = [];
      for (const order of round) {
        order.isTriggered = true;
        this.#events.onTriggered(order.terms.orderId);
        this.#work(order);
      }
    }
  }

  /** Whether an order wants no more: its quantity is done, or its budget pays for no further lot. */
  #isSatisfied(order: LiveOrder): boolean {
    if (order.terms.quoteBudget === 0) return order.leavesLots === 0;
    const best = this.#oppositeOf(order.terms.side).best();
    if (best === undefined) return order.budgetLeft === 0;
    return order.filledLots + order.preventedLots > 0 && order.wantedLots(best.priceTicks) === 0;
  }

  /** Whether a fill-or-kill order could not fill wholly, self-trade prevention taken into account. */
  #isKilled(order: LiveOrder): boolean {
    const { side, type, timeInForce } = order.terms;
    if (timeInForce !== 'FOK' || isMarketKind(type) || type === 'limitMaker') return false;
    let missing = order.leavesLots;
    for (const level of this.#oppositeOf(side).bestFirst()) {
      if (!reaches(order.terms, level.priceTicks)) return true;
      const { lots, isBlocked } = lotsBeforeSelf(order, level);
      missing -= lots;
      if (missing <= 0) return false;
      if (isBlocked) return true;
    }
    return true;
  }

  #wouldTake(terms: EngineOrder): boolean {
    const best = this.#oppositeOf(terms.side).best();
    return best !== undefined && reaches(terms, best.priceTicks);
  }

  #sideOf(side: Side): PriceLadder {
    return side === 'buy' ? this.#bids : this.#asks;
  }

  #oppositeOf(side: Side): PriceLadder {
    return side === 'buy' ? this.#asks : this.#bids;
  }

  #tellLevel(side: Side, level: Level): void {
    this.#events.onLevel(side, level.priceTicks, level.visibleLots);
  }

  #tellTrade(
    takerSide: Side,
    taker: LiveOrder | undefined,
    maker: LiveOrder | undefined,
    priceTicks: number,
    lots: number,
  ): void {
    const trade = this.#trade;
    this.#newestTradeId += 1;
    trade.tradeId = this.#newestTradeId;
    trade.priceTicks = priceTicks;
    trade.lots = lots;
    trade.takerOrderId = taker?.terms.orderId ?? 0;
    trade.makerOrderId = maker?.terms.orderId ?? 0;
    trade.takerSide = takerSide;
    trade.takerOwnerId = taker?.terms.ownerId ?? HOUSE;
    trade.makerOwnerId = maker?.terms.ownerId ?? HOUSE;
    this.#events.onTrade(trade);
  }

  /** A sink that called the engine would find it half done; one that threw has left it so. */
  #begin(): void {
    assert(!this.#isBusy, 'Invariant: the engine is called from outside its events only');
    this.#isBusy = true;
  }
}

function opposite(side: Side): Side {
  return side === 'buy' ? 'sell' : 'buy';
}

/** Whether a taker of `side` with this limit accepts a price. */
function isWithin(side: Side, limitTicks: number, priceTicks: number): boolean {
  return side === 'buy' ? priceTicks <= limitTicks : priceTicks >= limitTicks;
}

function reaches(taker: EngineOrder, priceTicks: number): boolean {
  return taker.priceTicks === 0 || isWithin(taker.side, taker.priceTicks, priceTicks);
}

function isSelfTrade(taker: LiveOrder, maker: LiveOrder): boolean {
  const { ownerId, selfTradePrevention } = taker.terms;
  return selfTradePrevention !== 'none' && ownerId !== HOUSE && ownerId === maker.terms.ownerId;
}

/**
 * What a taker gets at a level, hidden parts included. When one of its own orders stands in the way, hidden
 * parts come up behind it, so that only what is shown before it counts; unless it is the one that expires.
 */
function lotsBeforeSelf(taker: LiveOrder, level: Level): { lots: number; isBlocked: boolean } {
  let shown = 0;
  let lots = 0;
  for (let maker = level.first; maker !== undefined; maker = maker.next) {
    if (isSelfTrade(taker, maker)) {
      if (taker.terms.selfTradePrevention === 'expireMaker') continue;
      return { lots: shown, isBlocked: true };
    }
    shown += maker.visibleLots;
    lots += maker.leavesLots;
  }
  return { lots, isBlocked: false };
}

function endOfSatisfied(order: LiveOrder): EngineEnd {
  return order.preventedLots > 0 ? 'expiredInMatch' : 'filled';
}

function nextVisibleLots(order: LiveOrder): number {
  const { icebergLots } = order.terms;
  return icebergLots === 0 ? order.leavesLots : Math.min(icebergLots, order.leavesLots);
}

function isWaiting(order: LiveOrder): boolean {
  return isStopKind(order.terms.type) && !order.isTriggered;
}

function byPlacement(left: LiveOrder, right: LiveOrder): number {
  return left.terms.orderId - right.terms.orderId;
}

function toOpenOrder(order: LiveOrder): OpenOrder {
  const { orderId, ownerId, side, type, priceTicks, stopTicks } = order.terms;
  const { quantityLots, leavesLots, filledLots, filledNotional, isTriggered } = order;
  return {
    orderId,
    ownerId,
    side,
    type,
    priceTicks,
    quantityLots,
    leavesLots,
    filledLots,
    filledNotional,
    isTriggered,
    stopTicks,
  };
}
