// SPDX-License-Identifier: Apache-2.0
// The fast venue of a backtest: no book, only the bot's resting orders held against the price.

import type { ClientOrderId, OrderRequest, Quote } from '../order.ts';
import { priceTicks } from '../units.ts';
import { WOULD_TAKE, type BacktestVenue, type Clerk } from './venue.ts';

export class BarVenue implements BacktestVenue {
  readonly #clerk: Clerk;
  /** In order of placement; an order fills wholly or not at all, so none is ever half done. */
  #resting: OrderRequest[] = [];
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
  }

  place(order: OrderRequest): void {
    const against = order.side === 'buy' ? this.#priceTicks + 1 : this.#priceTicks - 1;
    const isPassed =
      order.side === 'buy' ? order.priceTicks >= against : order.priceTicks <= against;
    const isTaker = isPassed && against >= 1;
    if (isTaker && order.type === 'limitMaker') {
      this.#clerk.reject(order, WOULD_TAKE);
      return;
    }
    if (!this.#clerk.accept(order)) return;
    if (isTaker) {
      this.#clerk.fill(order, against, order.quantity, false);
      this.#clerk.end(order, 'filled', order.quantity);
    } else if (order.timeInForce === 'GTC') {
      this.#resting.push(order);
      this.#findEdges();
    } else {
      this.#clerk.end(order, 'expired', 0);
    }
  }

  cancel(clientOrderId: ClientOrderId): void {
    const index = this.#resting.findIndex((order) => order.clientOrderId === clientOrderId);
    const order = this.#resting[index];
    if (order === undefined) return;
    this.#resting.splice(index, 1);
    this.#findEdges();
    this.#clerk.end(order, 'cancelled', 0);
  }

  quote(): Quote {
    return {
      bid: priceTicks(this.#priceTicks - 1),
      ask: priceTicks(this.#priceTicks + 1),
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
    const isPassed = (order: OrderRequest): boolean =>
      order.side === side && (side === 'buy' ? order.priceTicks > ticks : order.priceTicks < ticks);
    const passed = this.#resting
      .filter(isPassed)
      .toSorted((left, right) =>
        side === 'buy' ? right.priceTicks - left.priceTicks : left.priceTicks - right.priceTicks,
      );
    this.#resting = this.#resting.filter((order) => !isPassed(order));
    this.#findEdges();
    for (const order of passed) {
      this.#clerk.fill(order, order.priceTicks, order.quantity, true);
      this.#clerk.end(order, 'filled', order.quantity);
    }
  }

  #findEdges(): void {
    this.#highestBuy = -1;
    this.#lowestSell = Infinity;
    for (const { side, priceTicks: ticks } of this.#resting) {
      if (side === 'buy') this.#highestBuy = Math.max(this.#highestBuy, ticks);
      else this.#lowestSell = Math.min(this.#lowestSell, ticks);
    }
  }
}
