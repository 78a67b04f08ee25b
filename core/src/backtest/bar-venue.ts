// SPDX-License-Identifier: Apache-2.0
// The fast venue of a backtest: no book, only the bot's resting orders held against the price.

import type { ClientOrderId, OrderRequest, Quote } from '../order.ts';
import { priceTicks } from '../units.ts';
import { PRICES_NOT_APART, WOULD_TAKE, type BacktestVenue, type Clerk } from './venue.ts';
import { arePricesApart, WaitingPairs } from './waiting-pairs.ts';

interface Resting {
  readonly order: OrderRequest;
  readonly number: number;
}

export class BarVenue implements BacktestVenue {
  readonly #clerk: Clerk;
  /** In order of placement; an order fills wholly or not at all, so none is ever half done. */
  #resting: Resting[] = [];
  /** Orders and quotes of the house are numbered as they come to the book. */
  #lastNumber = 0;
  #houseNumber = 0;
  #priceTicks = 0;
  /** The price of the last trade, which may be one of the bot's own. */
  #lastTicks = 0;
  readonly #pairs = new WaitingPairs();
  #highestBuy = -1;
  #lowestSell = Infinity;

  constructor(clerk: Clerk) {
    this.#clerk = clerk;
  }

  moveTo(ticks: number, _printLots: number): void {
    this.#priceTicks = ticks;
    if (this.#highestBuy > ticks) this.#sweep('buy', ticks);
    if (this.#lowestSell < ticks) this.#sweep('sell', ticks);
    this.#quoteHouse();
    this.#observe(ticks);
  }

  place(order: OrderRequest): void {
    if (order.type === 'limitMaker' && this.#wouldTake(order)) {
      this.#clerk.reject(order, WOULD_TAKE);
      return;
    }
    if (this.#clerk.accept(order)) this.#work(order);
  }

  placePair(takeProfit: OrderRequest, stopLoss: OrderRequest): void {
    const pair = { takeProfit, stopLoss };
    if (!arePricesApart(pair, this.#lastTicks)) {
      this.#clerk.rejectPair(pair, PRICES_NOT_APART);
    } else if (this.#wouldTake(takeProfit)) {
      this.#clerk.rejectPair(pair, WOULD_TAKE);
    } else if (this.#clerk.acceptPair(pair)) {
      this.#pairs.add(pair);
      this.#rest(takeProfit);
    }
  }

  /** An order that was accepted, or a stop that was reached: it trades, rests or expires. */
  #work(order: OrderRequest): void {
    const houseTicks = this.#houseMet(order);
    for (const { order: own } of this.#ownMet(order, houseTicks)) this.#end(own, 'expired');
    if (houseTicks !== null) {
      this.#clerk.fill(order, houseTicks, order.quantity, false);
      this.#clerk.end(order, 'filled', order.quantity);
      this.#quoteHouse();
      this.#observe(houseTicks);
    } else if (order.timeInForce === 'GTC') {
      this.#rest(order);
    } else {
      this.#clerk.end(order, 'expired', 0);
    }
  }

  cancel(clientOrderId: ClientOrderId): void {
    const cancelled = this.#pairs.profitOf(clientOrderId) ?? clientOrderId;
    const found = this.#resting.find(({ order }) => order.clientOrderId === cancelled);
    if (found !== undefined) this.#end(found.order, 'cancelled');
  }

  /** Takes an order off the book, and the stop beside it. */
  #end(order: OrderRequest, how: 'cancelled' | 'expired'): void {
    this.#takeOff(order);
    this.#clerk.end(order, how, 0);
    this.#endStopBeside(order, how);
  }

  #endStopBeside(order: OrderRequest, how: 'cancelled' | 'expired'): void {
    const pair = this.#pairs.take(order.clientOrderId);
    if (pair !== undefined) this.#clerk.endBeside(pair.stopLoss, how);
  }

  /** A trade at `ticks`: stops that it reaches go to the book, and the take profits beside them are gone. */
  #observe(ticks: number): void {
    this.#lastTicks = ticks;
    for (;;) {
      const pair = this.#pairs.takeReached(this.#lastTicks);
      if (pair === undefined) return;
      this.#takeOff(pair.takeProfit);
      this.#clerk.endBeside(pair.takeProfit, 'expired');
      this.#work(pair.stopLoss);
    }
  }

  #rest(order: OrderRequest): void {
    this.#lastNumber += 1;
    this.#resting.push({ order, number: this.#lastNumber });
    this.#findEdges();
  }

  #wouldTake(order: OrderRequest): boolean {
    const houseTicks = this.#houseMet(order);
    return houseTicks !== null || this.#ownMet(order, houseTicks).length > 0;
  }

  /** The house's price within the limit of `order`, or null. */
  #houseMet({ side, priceTicks: limit }: OrderRequest): number | null {
    const against = side === 'buy' ? this.#priceTicks + 1 : this.#priceTicks - 1;
    const isWithin = side === 'buy' ? limit >= against : limit <= against;
    return isWithin && against >= 1 ? against : null;
  }

  quote(): Quote {
    return {
      bid: priceTicks(Math.max(this.#priceTicks - 1, this.#highestBuy)),
      ask: priceTicks(Math.min(this.#priceTicks + 1, this.#lowestSell)),
      last: priceTicks(this.#priceTicks),
    };
  }

  highestBuy(): number {
    return this.#highestBuy;
  }

  lowestSell(): number {
    return this.#lowestSell;
  }

  highestSellStop(): number {
    return this.#pairs.highestSellStop;
  }

  lowestBuyStop(): number {
    return this.#pairs.lowestBuyStop;
  }

  /** Fills what the price has passed: best price first, then in order of placement. */
  #sweep(side: 'buy' | 'sell', ticks: number): void {
    const isPassed = ({ order }: Resting): boolean =>
      order.side === side && (side === 'buy' ? order.priceTicks > ticks : order.priceTicks < ticks);
    const passed = this.#resting.filter(isPassed).toSorted(bestFirst);
    this.#resting = this.#resting.filter((each) => !isPassed(each));
    this.#findEdges();
    for (const { order } of passed) {
      this.#clerk.fill(order, order.priceTicks, order.quantity, true);
      this.#clerk.end(order, 'filled', order.quantity);
      this.#endStopBeside(order, 'expired');
    }
  }

  /**
   * Own orders on the other side that `order` meets before it is done, best price first: those within its limit, and
   * where it reaches the house at `houseTicks` those that stand before it.
   */
  #ownMet(order: OrderRequest, houseTicks: number | null): readonly Resting[] {
    const isBuy = order.side === 'buy';
    const edge = isBuy ? this.#lowestSell : this.#highestBuy;
    if (isBuy ? edge > order.priceTicks : edge < order.priceTicks) return [];
    const isBetter = (ticks: number, than: number): boolean =>
      isBuy ? ticks < than : ticks > than;
    return this.#resting
      .filter(({ order: own, number }) => {
        if (own.side === order.side || isBetter(order.priceTicks, own.priceTicks)) return false;
        if (houseTicks === null || isBetter(own.priceTicks, houseTicks)) return true;
        return own.priceTicks === houseTicks && number < this.#houseNumber;
      })
      .toSorted(bestFirst);
  }

  #takeOff(order: OrderRequest): void {
    this.#resting = this.#resting.filter((resting) => resting.order !== order);
    this.#findEdges();
  }

  /** The house's quotes come to the book anew, behind what stands there. */
  #quoteHouse(): void {
    this.#lastNumber += 1;
    this.#houseNumber = this.#lastNumber;
  }

  #findEdges(): void {
    this.#highestBuy = -1;
    this.#lowestSell = Infinity;
    for (const { order } of this.#resting) {
      const { side, priceTicks: ticks } = order;
      if (side === 'buy') this.#highestBuy = Math.max(this.#highestBuy, ticks);
      else this.#lowestSell = Math.min(this.#lowestSell, ticks);
    }
  }
}

/** Of orders on one side: the best price first, at one price the earlier. */
function bestFirst(left: Resting, right: Resting): number {
  const { side, priceTicks: ticks } = left.order;
  const other = right.order.priceTicks;
  if (ticks === other) return left.number - right.number;
  return side === 'buy' ? other - ticks : ticks - other;
}
