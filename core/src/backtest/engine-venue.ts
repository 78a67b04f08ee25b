// SPDX-License-Identifier: Apache-2.0
// The reference venue of a backtest: the matching engine with a house that quotes around every path point.

import { HOUSE, MatchingEngine, type EngineOrder, type EngineTrade } from '../matching/engine.ts';
import type { ClientOrderId, OrderRequest, Quote, Side } from '../order.ts';
import { assert, priceTicks } from '../units.ts';
import { PRICES_NOT_APART, WOULD_TAKE, type BacktestVenue, type Clerk } from './venue.ts';
import { arePricesApart, WaitingPairs } from './waiting-pairs.ts';

/** More than any bot trades between two points, and far from 2^53. */
const HOUSE_LOTS = 2 ** 50;
const BOT = 1;

export class EngineVenue implements BacktestVenue {
  readonly #clerk: Clerk;
  readonly #engine: MatchingEngine;
  readonly #orders = new Map<number, OrderRequest>();
  readonly #ids = new Map<ClientOrderId, number>();
  #lastOrderId = 0;
  #houseIds: number[] = [];
  #isHouseHit = false;
  readonly #pairs = new WaitingPairs();
  /** The take profit that a stop beside it is taking off the book. */
  #reached: OrderRequest | null = null;
  #priceTicks = 0;

  constructor(clerk: Clerk) {
    this.#clerk = clerk;
    this.#engine = new MatchingEngine({
      onTrade: (trade) => this.#onTrade(trade),
      onRested: () => {},
      onTriggered: () => {},
      onPrevented: () => {},
      onLevel: () => {},
      onEnded: (orderId, end, filledLots) => {
        const order = this.#orders.get(orderId);
        if (order === undefined) return;
        this.#orders.delete(orderId);
        this.#ids.delete(order.clientOrderId);
        if (order === this.#reached) {
          this.#clerk.endBeside(order, 'expired');
          return;
        }
        this.#clerk.end(order, end === 'expiredInMatch' ? 'expired' : end, filledLots);
        const pair = this.#pairs.take(order.clientOrderId);
        if (pair === undefined) return;
        this.#clerk.endBeside(pair.stopLoss, end === 'cancelled' ? 'cancelled' : 'expired');
      },
    });
  }

  moveTo(ticks: number, printLots: number): void {
    this.#priceTicks = ticks;
    this.#removeQuotes();
    this.#engine.houseTakes('sell', ticks + 1);
    if (ticks > 1) this.#engine.houseTakes('buy', ticks - 1);
    this.#placeQuotes();
    this.#engine.print(ticks, printLots);
    this.#observe();
  }

  place(order: OrderRequest): void {
    if (order.type === 'limitMaker' && this.#wouldTake(order)) {
      this.#clerk.reject(order, WOULD_TAKE);
      return;
    }
    if (!this.#clerk.accept(order)) return;
    this.#work(order);
    this.#observe();
  }

  placePair(takeProfit: OrderRequest, stopLoss: OrderRequest): void {
    const pair = { takeProfit, stopLoss };
    if (!arePricesApart(pair, this.#engine.lastTicks())) {
      this.#clerk.rejectPair(pair, PRICES_NOT_APART);
    } else if (this.#wouldTake(takeProfit)) {
      this.#clerk.rejectPair(pair, WOULD_TAKE);
    } else if (this.#clerk.acceptPair(pair)) {
      this.#pairs.add(pair);
      this.#work(takeProfit);
    }
  }

  /** Stops that the last trade reaches go to the book, and the take profits beside them are gone. */
  #observe(): void {
    for (;;) {
      const pair = this.#pairs.takeReached(this.#engine.lastTicks());
      if (pair === undefined) return;
      this.#reached = pair.takeProfit;
      this.cancel(pair.takeProfit.clientOrderId);
      this.#reached = null;
      this.#work(pair.stopLoss);
    }
  }

  #work(order: OrderRequest): void {
    this.#lastOrderId += 1;
    this.#orders.set(this.#lastOrderId, order);
    this.#ids.set(order.clientOrderId, this.#lastOrderId);
    const verdict = this.#engine.place(
      engineOrder(this.#lastOrderId, BOT, order.side, order.priceTicks, order),
    );
    assert(verdict === 'accepted', `Invariant: a limit order is accepted, was ${verdict}`);
    if (!this.#isHouseHit) return;
    this.#isHouseHit = false;
    this.#removeQuotes();
    this.#placeQuotes();
  }

  cancel(clientOrderId: ClientOrderId): void {
    const id = this.#pairs.profitOf(clientOrderId) ?? clientOrderId;
    const orderId = this.#ids.get(id);
    if (orderId !== undefined) this.#engine.cancel(orderId);
  }

  quote(): Quote {
    return {
      bid: priceTicks(this.#engine.bestBid()),
      ask: priceTicks(this.#engine.bestAsk()),
      last: priceTicks(this.#priceTicks),
    };
  }

  highestBuy(): number {
    let highest = -1;
    for (const { side, priceTicks: ticks } of this.#orders.values()) {
      if (side === 'buy') highest = Math.max(highest, ticks);
    }
    return highest;
  }

  lowestSell(): number {
    let lowest = Infinity;
    for (const { side, priceTicks: ticks } of this.#orders.values()) {
      if (side === 'sell') lowest = Math.min(lowest, ticks);
    }
    return lowest;
  }

  highestSellStop(): number {
    return this.#pairs.highestSellStop;
  }

  lowestBuyStop(): number {
    return this.#pairs.lowestBuyStop;
  }

  #wouldTake({ side, priceTicks: ticks }: OrderRequest): boolean {
    const [best] = this.#engine.depth(side === 'buy' ? 'sell' : 'buy', 1);
    if (best === undefined) return false;
    const [bestTicks] = best;
    return side === 'buy' ? ticks >= bestTicks : ticks <= bestTicks;
  }

  #removeQuotes(): void {
    for (const orderId of this.#houseIds) this.#engine.cancel(orderId);
    this.#houseIds = [];
  }

  #placeQuotes(): void {
    const ticks = this.#priceTicks;
    if (ticks > 1) this.#quoteHouse('buy', ticks - 1);
    this.#quoteHouse('sell', ticks + 1);
  }

  #quoteHouse(side: Side, ticks: number): void {
    this.#lastOrderId += 1;
    this.#houseIds.push(this.#lastOrderId);
    const terms = { timeInForce: 'GTC', quantity: HOUSE_LOTS } as const;
    this.#engine.place(engineOrder(this.#lastOrderId, HOUSE, side, ticks, terms));
  }

  #onTrade(trade: EngineTrade): void {
    const taken = this.#orders.get(trade.takerOrderId);
    if (taken !== undefined) this.#isHouseHit = true;
    if (taken !== undefined) this.#clerk.fill(taken, trade.priceTicks, trade.lots, false);
    const made = this.#orders.get(trade.makerOrderId);
    if (made !== undefined) this.#clerk.fill(made, trade.priceTicks, trade.lots, true);
  }
}

function engineOrder(
  orderId: number,
  ownerId: number,
  side: Side,
  ticks: number,
  terms: { readonly timeInForce: OrderRequest['timeInForce']; readonly quantity: number },
): EngineOrder {
  return {
    orderId,
    ownerId,
    side,
    type: 'limit',
    timeInForce: terms.timeInForce,
    priceTicks: ticks,
    quantityLots: terms.quantity,
    quoteBudget: 0,
    stopTicks: 0,
    trailingDeltaBips: 0,
    icebergLots: 0,
    selfTradePrevention: 'expireMaker',
  };
}
