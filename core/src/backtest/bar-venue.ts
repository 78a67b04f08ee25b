// SPDX-License-Identifier: Apache-2.0
// The fast venue of a backtest: no book, only the bot's resting orders held against the price.

import type { ClientOrderId, OrderRequest, Quote } from '../order.ts';
import { priceTicks } from '../units.ts';
import { WOULD_TAKE, type BacktestVenue, type Clerk } from './venue.ts';

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
  }

  place(order: OrderRequest): void {
    const isBuy = order.side === 'buy';
    const against = isBuy ? this.#priceTicks + 1 : this.#priceTicks - 1;
    const meetsHouse =
      (isBuy ? order.priceTicks >= against : order.priceTicks <= against) && against >= 1;
    const met = this.#ownMet(order, meetsHouse ? against : null);
    const isTaker = meetsHouse || met.length > 0;
    if (isTaker && order.type === 'limitMaker') {
      this.#clerk.reject(order, WOULD_TAKE);
      return;
    }
    if (!this.#clerk.accept(order)) return;
    for (const own of met) {
      this.#takeOff(own);
      this.#clerk.end(own.order, 'expired', 0);
    }
    if (meetsHouse) {
      this.#clerk.fill(order, against, order.quantity, false);
      this.#clerk.end(order, 'filled', order.quantity);
      this.#quoteHouse();
    } else if (order.timeInForce === 'GTC') {
      this.#lastNumber += 1;
      this.#resting.push({ order, number: this.#lastNumber });
      this.#findEdges();
    } else {
      this.#clerk.end(order, 'expired', 0);
    }
  }

  cancel(clientOrderId: ClientOrderId): void {
    const found = this.#resting.find(({ order }) => order.clientOrderId === clientOrderId);
    if (found === undefined) return;
    this.#takeOff(found);
    this.#clerk.end(found.order, 'cancelled', 0);
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

  #takeOff(resting: Resting): void {
    this.#resting.splice(this.#resting.indexOf(resting), 1);
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
