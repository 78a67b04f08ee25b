// SPDX-License-Identifier: Apache-2.0
// The simulator's two clocks: wall time, which a fault may bend, and market time, which the market source moves.

import type { SimulatorClock } from './ports.ts';

/** Where real time comes from; tests pass their own. */
export interface WallClock {
  nowMs(): number;
}

export const systemWallClock: WallClock = { nowMs: () => Date.now() };

interface Flow {
  readonly anchorMarketMs: number;
  readonly anchorWallMs: number;
  readonly speed: number;
  /** Market time waits here until the market itself has come so far. */
  readonly limitMs: number;
}

/**
 * Market time stands at the last path point, or flows with the wall between points while the market runs at a
 * numeric speed. It never goes back.
 */
export class SimulationClock implements SimulatorClock {
  readonly #wall: WallClock;
  #skewMs = 0;
  #skewsMarket = false;
  #flow: Flow | undefined;
  #positionMs: number;
  #latestMs: number;

  constructor(wall: WallClock, marketMs: number) {
    this.#wall = wall;
    this.#positionMs = marketMs;
    this.#latestMs = marketMs;
  }

  wallMs(): number {
    return Math.floor(this.#wall.nowMs()) + this.#skewMs;
  }

  /** Wall time without injected skew: what timers, durations and the market's pace go by. */
  steadyMs(): number {
    return Math.floor(this.#wall.nowMs());
  }

  marketMs(): number {
    const flowMs = this.flowMs();
    const skewMs = this.#skewsMarket ? this.#skewMs : 0;
    this.#latestMs = Math.max(this.#latestMs, this.#positionMs, flowMs + skewMs);
    return this.#latestMs;
  }

  /** Market time by the pace alone: what is due is what lies at or before it. */
  flowMs(): number {
    const flow = this.#flow;
    if (flow === undefined) return this.#positionMs;
    const elapsedMs = Math.max(0, this.#wall.nowMs() - flow.anchorWallMs);
    const flowMs = Math.floor(flow.anchorMarketMs + elapsedMs * flow.speed);
    return Math.max(this.#positionMs, Math.min(flowMs, flow.limitMs));
  }

  /** The market has come to `marketMs`: a point stands there. */
  moveTo(marketMs: number): void {
    this.#positionMs = Math.max(this.#positionMs, marketMs);
  }

  /** From here on market time flows with the wall, as far as `limitMs`. */
  flow(options: {
    readonly fromMs: number;
    readonly speed: number;
    readonly limitMs: number;
  }): void {
    this.#flow = {
      anchorMarketMs: options.fromMs,
      anchorWallMs: this.#wall.nowMs(),
      speed: options.speed,
      limitMs: options.limitMs,
    };
  }

  /** Lets market time flow further, at the same pace. */
  raiseLimit(limitMs: number): void {
    if (this.#flow !== undefined) this.#flow = { ...this.#flow, limitMs };
  }

  /** Market time stands still where it is. */
  hold(): void {
    this.#positionMs = this.flowMs();
    this.#flow = undefined;
  }

  /** `marketToo`: a live market shares the exchange's wrong clock; a replayed one lives in its own year. */
  setSkew(skewMs: number, marketToo: boolean): void {
    this.#skewMs = skewMs;
    this.#skewsMarket = marketToo;
  }
}
