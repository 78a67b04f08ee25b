// SPDX-License-Identifier: Apache-2.0
// Orders off the book that wait for the market: stops, take profits and their trailing kinds.

import { assert, divCeil, divFloor } from '../units.ts';
import type { EngineOrder } from './engine-order.ts';
import type { LiveOrder } from './level.ts';
import { PriceLadder } from './price-ladder.ts';

const BIPS = 10_000;

/**
 * An order with a stop price waits on a ladder for the market to rise or fall to it. Then it triggers, or, with
 * a trailing delta, begins to track the market; one without a stop price tracks from the start.
 */
export class StopBook {
  readonly #rising = new PriceLadder('lowestFirst');
  readonly #falling = new PriceLadder('highestFirst');
  readonly #tracking = new Set<LiveOrder>();

  /** Takes in an order; `lastTicks` is the last trade's price, 0 when there is none. */
  add(order: LiveOrder, lastTicks: number): void {
    if (order.terms.stopTicks !== 0) this.#ladder(order.terms).append(order, order.terms.stopTicks);
    else this.#tracking.add(order);
    if (order.terms.stopTicks === 0 && lastTicks !== 0) track(order, lastTicks);
  }

  /** Takes in an order of a snapshot, which may be tracking already. */
  restore(order: LiveOrder): void {
    if (order.extremeTicks === 0) return this.add(order, 0);
    this.#tracking.add(order);
    track(order, order.extremeTicks);
  }

  remove(order: LiveOrder): void {
    const level = order.level;
    if (level !== undefined) this.#ladder(order.terms).remove(order, level);
    else assert(this.#tracking.delete(order), 'Invariant: a waiting order is in the stop book');
  }

  /** Hands over every order that a trade at `priceTicks` triggers, in no order. */
  observe(priceTicks: number, triggered: LiveOrder[]): void {
    for (const order of this.#tracking) {
      if (!hasTurned(order, priceTicks)) continue;
      this.#tracking.delete(order);
      triggered.push(order);
    }
    this.#observeLadder(this.#rising, priceTicks, triggered);
    this.#observeLadder(this.#falling, priceTicks, triggered);
  }

  /** Every waiting order, in no order. */
  *orders(): Generator<LiveOrder, void, undefined> {
    yield* this.#rising.orders();
    yield* this.#falling.orders();
    yield* this.#tracking;
  }

  #observeLadder(ladder: PriceLadder, priceTicks: number, triggered: LiveOrder[]): void {
    for (let level = ladder.best(); level !== undefined; level = ladder.best()) {
      const order = level.first;
      if (order === undefined || !isReached(order.terms, priceTicks)) return;
      ladder.remove(order, level);
      if (order.terms.trailingDeltaBips === 0) {
        triggered.push(order);
      } else {
        this.#tracking.add(order);
        track(order, priceTicks);
      }
    }
  }

  #ladder(order: EngineOrder): PriceLadder {
    return waitsForRise(order) ? this.#rising : this.#falling;
  }
}

/** Whether the market at `lastTicks` is at or beyond the order's stop price. */
export function isReached(order: EngineOrder, lastTicks: number): boolean {
  if (order.stopTicks === 0 || lastTicks === 0) return false;
  return waitsForRise(order) ? lastTicks >= order.stopTicks : lastTicks <= order.stopTicks;
}

function waitsForRise(order: EngineOrder): boolean {
  const isStopLoss = order.type === 'stopLoss' || order.type === 'stopLossLimit';
  return isStopLoss === (order.side === 'buy');
}

/** Moves a tracking order's extreme along; true when the market has come back from it by the delta. */
function hasTurned(order: LiveOrder, priceTicks: number): boolean {
  const isSell = order.terms.side === 'sell';
  const isNewExtreme = isSell ? priceTicks > order.extremeTicks : priceTicks < order.extremeTicks;
  if (order.extremeTicks === 0 || isNewExtreme) {
    track(order, priceTicks);
    return false;
  }
  return isSell ? priceTicks <= order.triggerTicks : priceTicks >= order.triggerTicks;
}

/** A sell triggers at its highest price less the delta, a buy at its lowest plus the delta. */
function track(order: LiveOrder, extremeTicks: number): void {
  const { side, trailingDeltaBips } = order.terms;
  const extreme = BigInt(extremeTicks);
  order.extremeTicks = extremeTicks;
  order.triggerTicks = Number(
    side === 'sell'
      ? divFloor(extreme * BigInt(BIPS - trailingDeltaBips), BigInt(BIPS))
      : divCeil(extreme * BigInt(BIPS + trailingDeltaBips), BigInt(BIPS)),
  );
}
