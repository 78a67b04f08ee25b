// SPDX-License-Identifier: Apache-2.0
// Walks a market source at a pace: with the wall clock, as fast as possible, or one step at a time.

import type { SimulationClock } from '../clock.ts';
import type { MarketHands, MarketSource } from './source.ts';

/** Market milliseconds per wall millisecond; 0 moves by `step` only. */
export type MarketSpeed = number | 'max';

/** How long the market may hold the event loop before sockets get their turn. */
const SLICE_MS = 8;
/** Points between two looks at the clock. */
const SLICE_POINTS = 32;
/** A step of more points lets sockets breathe in between. */
const STEP_SLICE_POINTS = 4000;
const STEP_POINTS_MAX = 10_000_000;
/** A live market that fell behind by more, as after a computer's sleep, skips what it missed. */
const LAG_MS_MAX = 5000;
const TIMER_MS_MAX = 1000;

/** `stale`: the market it follows cannot be seen, and nothing trades. */
export type MarketState = 'stepping' | 'running' | 'paused' | 'ended' | 'stale';

export interface MarketStatus {
  readonly kind: string;
  readonly state: MarketState;
  readonly speed: MarketSpeed;
  readonly marketMs: number;
  readonly nextMs: number | null;
  /** Points walked since the process started. */
  readonly points: number;
  readonly source: Readonly<Record<string, unknown>>;
}

export interface StepResult {
  readonly marketMs: number;
  readonly points: number;
  /** True when the source has no further point. */
  readonly done: boolean;
}

/** What moves a market, as the process and its control server see it. */
export interface MarketDriver {
  /** False where the pace is another's: pause, resume and speed are not for it, and every step is refused. */
  readonly hasOwnPace: boolean;
  /** The market begins to move; before, market time stands still. */
  start(): void;
  stop(): void;
  pause(): void;
  resume(): void;
  setSpeed(speed: MarketSpeed): void;
  state(): MarketState;
  status(): MarketStatus;
  /** Walks `points` points, or all points up to `untilMs`. */
  step(to: { readonly points: number } | { readonly untilMs: number }): Promise<SteppedMarket>;
}

export type SteppedMarket =
  | { readonly ok: true; readonly result: StepResult }
  | { readonly ok: false; readonly reason: string };

export class MarketRunner implements MarketDriver {
  readonly hasOwnPace = true;
  readonly #source: MarketSource;
  readonly #clock: SimulationClock;
  readonly #hands: MarketHands;
  readonly #afterPoint: (marketMs: number) => void;
  #speed: MarketSpeed;
  #isPaused = false;
  #isStarted = false;
  #isStepping = false;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;
  #points = 0;

  constructor(options: {
    readonly source: MarketSource;
    readonly clock: SimulationClock;
    readonly hands: MarketHands;
    readonly speed: MarketSpeed;
    /** Called once per point, after everything it caused has happened. */
    readonly afterPoint: (marketMs: number) => void;
  }) {
    this.#source = options.source;
    this.#clock = options.clock;
    this.#hands = options.hands;
    this.#speed = options.speed;
    this.#afterPoint = options.afterPoint;
  }

  /** The market begins to move; before, market time stands still. */
  start(): void {
    this.#isStarted = true;
    this.#go();
  }

  /** Walks the first points of a market that opens. */
  open(points: number): void {
    for (let walked = 0; walked < points; walked += 1) {
      const nextMs = this.#source.nextMs();
      if (nextMs === undefined) return;
      this.#walk(nextMs);
    }
  }

  stop(): void {
    this.#isStarted = false;
    this.#halt();
    this.#clock.hold();
  }

  pause(): void {
    this.#isPaused = true;
    this.#halt();
    this.#clock.hold();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#go();
  }

  setSpeed(speed: MarketSpeed): void {
    this.#halt();
    this.#clock.hold();
    this.#speed = speed;
    this.#go();
  }

  state(): MarketState {
    if (this.#source.nextMs() === undefined) return 'ended';
    if (this.#isPaused) return 'paused';
    return this.#speed === 0 ? 'stepping' : 'running';
  }

  status(): MarketStatus {
    return {
      kind: this.#source.kind,
      state: this.state(),
      speed: this.#speed,
      marketMs: this.#clock.marketMs(),
      nextMs: this.#source.nextMs() ?? null,
      points: this.#points,
      source: this.#source.describe(),
    };
  }

  /**
   * Walks `points` points, or all points up to `untilMs`. Refused while the market moves by itself, and while
   * another step is under way.
   */
  async step(
    to: { readonly points: number } | { readonly untilMs: number },
  ): Promise<SteppedMarket> {
    if (this.state() === 'running') {
      return { ok: false, reason: 'the market runs by itself: pause it or set speed 0 first' };
    }
    if (this.#isStepping) return { ok: false, reason: 'another step is under way' };
    const most = 'points' in to ? to.points : STEP_POINTS_MAX;
    const untilMs = 'untilMs' in to ? to.untilMs : Number.POSITIVE_INFINITY;
    this.#isStepping = true;
    let walked = 0;
    try {
      while (walked < most) {
        const nextMs = this.#source.nextMs();
        if (nextMs === undefined || nextMs > untilMs) break;
        this.#walk(nextMs);
        walked += 1;
        if (walked % STEP_SLICE_POINTS === 0) await breath();
      }
    } finally {
      this.#isStepping = false;
    }
    const done = this.#source.nextMs() === undefined;
    if ('untilMs' in to && !done && walked < most) this.#clock.moveTo(untilMs);
    return { ok: true, result: { marketMs: this.#clock.marketMs(), points: walked, done } };
  }

  /** One point, at its own time or, in a live market, now. */
  #walk(nextMs: number): void {
    this.#clock.moveTo(nextMs);
    const marketMs = this.#source.isLive ? this.#clock.marketMs() : nextMs;
    this.#source.advance(this.#hands, marketMs);
    this.#points += 1;
    this.#afterPoint(marketMs);
  }

  #go(): void {
    const nextMs = this.#source.nextMs();
    if (!this.#isStarted || this.#isPaused || this.#speed === 0 || nextMs === undefined) return;
    if (this.#speed === 'max') {
      this.#immediate = setImmediate(() => this.#runFast());
      return;
    }
    const { isLive } = this.#source;
    this.#clock.flow({
      fromMs: isLive && this.#speed === 1 ? this.#clock.steadyMs() : this.#clock.flowMs(),
      speed: this.#speed,
      limitMs: isLive ? Number.POSITIVE_INFINITY : nextMs,
    });
    this.#run();
  }

  #run(): void {
    this.#timer = undefined;
    this.#immediate = undefined;
    if (this.#speed === 'max') return;
    const sliceEndMs = performance.now() + SLICE_MS;
    for (let walked = 0; ; walked += 1) {
      const nextMs = this.#source.nextMs();
      if (nextMs === undefined) {
        this.#clock.hold();
        return;
      }
      if (!this.#source.isLive) this.#clock.raiseLimit(nextMs);
      const dueMs = this.#clock.flowMs();
      if (nextMs > dueMs) {
        const waitMs = Math.ceil((nextMs - dueMs) / this.#speed);
        this.#timer = setTimeout(() => this.#run(), Math.min(Math.max(1, waitMs), TIMER_MS_MAX));
        return;
      }
      if (this.#source.isLive && dueMs - nextMs > LAG_MS_MAX * Math.max(1, this.#speed)) {
        this.#source.skipTo(this.#hands, this.#clock.marketMs());
        continue;
      }
      if (walked % SLICE_POINTS === SLICE_POINTS - 1 && performance.now() > sliceEndMs) {
        this.#immediate = setImmediate(() => this.#run());
        return;
      }
      this.#walk(nextMs);
    }
  }

  #runFast(): void {
    this.#immediate = undefined;
    const sliceEndMs = performance.now() + SLICE_MS;
    for (let walked = 1; ; walked += 1) {
      const nextMs = this.#source.nextMs();
      if (nextMs === undefined) return;
      this.#walk(nextMs);
      if (walked % SLICE_POINTS === 0 && performance.now() > sliceEndMs) break;
    }
    this.#immediate = setImmediate(() => this.#runFast());
  }

  #halt(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#timer = undefined;
    this.#immediate = undefined;
  }
}

function breath(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
