// SPDX-License-Identifier: Apache-2.0
// Stops that wait off the book beside a take profit on it, and which of them a trade reaches.

import type { ClientOrderId, OrderRequest } from '../order.ts';
import { assert } from '../units.ts';

/** Two orders of which the first that trades or is triggered ends the other. */
export interface WaitingPair {
  readonly takeProfit: OrderRequest;
  readonly stopLoss: OrderRequest;
}

export class WaitingPairs {
  /** In order of placement. */
  readonly #pairs: WaitingPair[] = [];
  #highestSellStop = -1;
  #lowestBuyStop = Infinity;

  get highestSellStop(): number {
    return this.#highestSellStop;
  }

  get lowestBuyStop(): number {
    return this.#lowestBuyStop;
  }

  add(pair: WaitingPair): void {
    this.#pairs.push(pair);
    this.#findEdges();
  }

  /** Takes out the pair that an order belongs to, or answers undefined. */
  take(clientOrderId: ClientOrderId): WaitingPair | undefined {
    return this.#takeFirst(
      ({ takeProfit, stopLoss }) =>
        takeProfit.clientOrderId === clientOrderId || stopLoss.clientOrderId === clientOrderId,
    );
  }

  /** The take profit beside the stop of this ID, or undefined. */
  profitOf(clientOrderId: ClientOrderId): ClientOrderId | undefined {
    const pair = this.#pairs.find(({ stopLoss }) => stopLoss.clientOrderId === clientOrderId);
    return pair?.takeProfit.clientOrderId;
  }

  /** Takes out a pair whose stop a trade at `ticks` reaches, or answers undefined. */
  takeReached(ticks: number): WaitingPair | undefined {
    if (ticks > this.#highestSellStop && ticks < this.#lowestBuyStop) return undefined;
    return this.#takeFirst(({ stopLoss }) => {
      const stop = stopOf(stopLoss);
      return stopLoss.side === 'sell' ? ticks <= stop : ticks >= stop;
    });
  }

  #takeFirst(isMeant: (pair: WaitingPair) => boolean): WaitingPair | undefined {
    const index = this.#pairs.findIndex(isMeant);
    if (index === -1) return undefined;
    const [pair] = this.#pairs.splice(index, 1);
    this.#findEdges();
    return pair;
  }

  #findEdges(): void {
    this.#highestSellStop = -1;
    this.#lowestBuyStop = Infinity;
    for (const { stopLoss } of this.#pairs) {
      const stop = stopOf(stopLoss);
      if (stopLoss.side === 'sell') this.#highestSellStop = Math.max(this.#highestSellStop, stop);
      else this.#lowestBuyStop = Math.min(this.#lowestBuyStop, stop);
    }
  }
}

/** Whether the last price lies between the two orders, as a venue wants it. */
export function arePricesApart({ takeProfit, stopLoss }: WaitingPair, lastTicks: number): boolean {
  const stop = stopOf(stopLoss);
  return takeProfit.side === 'sell'
    ? takeProfit.priceTicks > lastTicks && stop < lastTicks
    : takeProfit.priceTicks < lastTicks && stop > lastTicks;
}

function stopOf({ stopTicks }: OrderRequest): number {
  assert(stopTicks !== undefined, 'Invariant: the second order of a pair has a stop');
  return stopTicks;
}
