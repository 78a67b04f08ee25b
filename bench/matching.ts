// SPDX-License-Identifier: Apache-2.0
// How many orders the matching engine takes in a second.

import { pathToFileURL } from 'node:url';
import {
  MatchingEngine,
  type EngineEvents,
  type EngineOrder,
} from '../core/src/matching/engine.ts';
import type { Side, TimeInForce } from '../core/src/order.ts';
import type { BenchResult } from './result.ts';

const SEED = 20_221_111;
const RESTING_ORDERS = 10_000;
const OPERATIONS = 1_000_000;
const REPETITIONS = 5;
const MIDDLE_TICKS = 100_000;
const OWNERS = 50;

/** How far from the middle new orders stand, and what the flow is made of, in percent. */
interface Flow {
  readonly name: string;
  readonly spreadTicks: number;
  readonly placePercent: number;
  readonly cancelPercent: number;
  readonly target?: number;
}

const FLOWS: readonly Flow[] = [
  {
    name: 'mixed flow near the touch',
    spreadTicks: 200,
    placePercent: 50,
    cancelPercent: 40,
    target: 500_000,
  },
  {
    name: 'mixed flow over 10,000 price levels',
    spreadTicks: 10_000,
    placePercent: 50,
    cancelPercent: 40,
  },
  { name: 'takers against a deep book', spreadTicks: 200, placePercent: 55, cancelPercent: 0 },
];

/** Orders per second (placements and cancellations) on a book of about 10,000 resting orders. */
export function run(): BenchResult[] {
  return FLOWS.map((flow) => {
    const rates = Array.from({ length: REPETITIONS }, () => measure(flow));
    const median = rates.toSorted((left, right) => left - right)[Math.floor(rates.length / 2)] ?? 0;
    const result: BenchResult = {
      name: `matching: ${flow.name}`,
      value: Math.round(median),
      unit: 'orders/s',
      higherIsBetter: true,
    };
    return flow.target === undefined ? result : { ...result, target: flow.target };
  });
}

function measure(flow: Flow): number {
  const market = new Market(flow);
  for (let count = 0; count < RESTING_ORDERS; count += 1) market.place();
  const started = performance.now();
  for (let count = 0; count < OPERATIONS; count += 1) market.act();
  const seconds = (performance.now() - started) / 1000;
  return OPERATIONS / seconds;
}

/** A seeded crowd: it places, cancels and takes, and keeps about as many orders open as it began with. */
class Market implements EngineEvents {
  readonly #engine: MatchingEngine = new MatchingEngine(this);
  readonly #flow: Flow;
  /** Open order IDs in no order, and where each stands among them. */
  readonly #open: number[] = [];
  readonly #places = new Int32Array(RESTING_ORDERS + OPERATIONS + 1);
  #nextOrderId = 1;
  #random = SEED;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  act(): void {
    const dice = this.#draw(100);
    const { placePercent, cancelPercent } = this.#flow;
    if (dice < placePercent) this.place();
    else if (dice < placePercent + cancelPercent) this.#cancel();
    else this.#takeFromBook();
  }

  /** A limit order on its own side of the middle, more likely near than far. */
  place(): void {
    const side = this.#draw(2) === 0 ? 'buy' : 'sell';
    const { spreadTicks } = this.#flow;
    const distance = 1 + Math.min(this.#draw(spreadTicks), this.#draw(spreadTicks));
    this.#send(
      side,
      'GTC',
      MIDDLE_TICKS + (side === 'buy' ? -distance : distance),
      1 + this.#draw(100),
    );
  }

  onTrade(): void {}
  onTriggered(): void {}
  onPrevented(): void {}
  onLevel(): void {}

  onRested(orderId: number): void {
    this.#places[orderId] = this.#open.push(orderId);
  }

  onEnded(orderId: number): void {
    const place = this.#places[orderId] ?? 0;
    if (place === 0) return;
    const moved = this.#open.pop() ?? 0;
    if (moved === orderId) return;
    this.#open[place - 1] = moved;
    this.#places[moved] = place;
  }

  #cancel(): void {
    const orderId = this.#open[this.#draw(this.#open.length)];
    if (orderId !== undefined) this.#engine.cancel(orderId);
  }

  /** Takes about as many orders off the book as the rest of the flow puts there. */
  #takeFromBook(): void {
    const side = this.#draw(2) === 0 ? 'buy' : 'sell';
    const limit = MIDDLE_TICKS + (side === 'buy' ? 1 : -1) * this.#flow.spreadTicks;
    this.#send(side, 'IOC', limit, 1 + this.#draw(100));
  }

  #send(side: Side, timeInForce: TimeInForce, priceTicks: number, quantityLots: number): void {
    const order: EngineOrder = {
      orderId: this.#nextOrderId,
      ownerId: 1 + this.#draw(OWNERS),
      side,
      type: 'limit',
      timeInForce,
      priceTicks,
      quantityLots,
      quoteBudget: 0,
      stopTicks: 0,
      trailingDeltaBips: 0,
      icebergLots: 0,
      selfTradePrevention: 'none',
    };
    this.#nextOrderId += 1;
    this.#engine.place(order);
  }

  /** A whole number from 0 to below `bound`, from a xorshift generator. */
  #draw(bound: number): number {
    let x = this.#random;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#random = x;
    return (x >>> 0) % bound;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const { name, value, unit, target } of run()) {
    const aim = target === undefined ? '' : ` (target ${target.toLocaleString('en-US')})`;
    process.stdout.write(`${name}: ${value.toLocaleString('en-US')} ${unit}${aim}\n`);
  }
}
