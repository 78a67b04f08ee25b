// SPDX-License-Identifier: Apache-2.0
// How fast new orders leave: within what the exchange takes of one account, what protects first.
//
// The exchange counts by windows of its own clock and orders arrive a little late, so the desk counts over any stretch
// of a window and a bit more. Entries leave a part of each window free: an exit finds a place in it at once.

import { assert } from '@kontor/core';
import type { OrderLimit } from '@kontor/exchange';
import type { CancelTimer, Time } from '../time.ts';

/**
 * How much an order is in a hurry: an exit that trades at once, an exit that rests, an entry that trades at once, an
 * entry that rests.
 */
export type Haste = 'protective' | 'exit' | 'immediate' | 'entry';

/** Percent of a window that orders of a haste may fill. */
const SHARES: Readonly<Record<Haste, number>> = {
  protective: 100,
  exit: 95,
  immediate: 85,
  entry: 80,
};
const HASTES: readonly Haste[] = ['protective', 'exit', 'immediate', 'entry'];

/** Egress has 16 places: what waits does so here, where the order of leaving can still be chosen. */
const UNDER_WAY_MAX = 12;
const PROTECTIVE_UNDER_WAY_MAX = 16;
const WAITING_MAX = 4_000;
/** How much later one order may arrive than another that was sent with it. */
const SPREAD_MS = 1_000;
/** A window is counted in so many parts; what a part holds is forgotten at once. */
const PARTS = 20;

/** What the exchange said with an answer, as far as it did. */
export interface PaceNews {
  /** How long it wants no requests at all. */
  readonly retryAfterMs?: number;
  /** Orders of the account that it counts in a window, those of other programs included. */
  readonly orderCounts?: readonly { readonly windowMs: number; readonly count: number }[];
}

export type PaceTurn =
  /** It may leave now; `done` is to be called with what came of it. */
  | { readonly kind: 'now'; readonly done: (news: PaceNews) => void }
  | { readonly kind: 'withdrawn' }
  | { readonly kind: 'full'; readonly waiting: number };

interface Waiting {
  readonly id: string;
  readonly haste: Haste;
  readonly settle: (turn: PaceTurn) => void;
}

interface Window {
  readonly limit: OrderLimit;
  readonly parts: { readonly since: number; count: number }[];
  /** What the exchange counted last, and how many have left since. */
  told: { readonly at: number; readonly count: number } | null;
  sentSince: number;
}

export class OrderPace {
  readonly #time: Time;
  readonly #limits: () => readonly OrderLimit[];
  readonly #waiting = new Map<Haste, Waiting[]>(HASTES.map((haste) => [haste, []]));
  #windows: Window[] | null = null;
  #underWay = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #hasHeard = false;
  #endLook: CancelTimer | null = null;
  #unblocked: (() => void)[] = [];

  /** `limits` is asked once, when the first order is to leave. */
  constructor(time: Time, limits: () => readonly OrderLimit[]) {
    this.#time = time;
    this.#limits = limits;
  }

  /** Orders that wait for their turn. */
  get waiting(): number {
    let count = 0;
    for (const queue of this.#waiting.values()) count += queue.length;
    return count;
  }

  /** How long the exchange wants no requests, in ms; 0 where it does not say so. */
  get blockedMs(): number {
    return Math.max(0, this.#blockedUntil - this.#time.monotonic());
  }

  /** Resolves when an order of `haste` may leave, was withdrawn, or finds too many before it. */
  turn(id: string, haste: Haste): Promise<PaceTurn> {
    const { waiting } = this;
    if (waiting >= WAITING_MAX) return Promise.resolve({ kind: 'full', waiting });
    return new Promise((settle) => {
      this.#queue(haste).push({ id, haste, settle });
      this.#look();
    });
  }

  /** Takes an order out of the queue. Answers whether it waited: then it has not left and never will. */
  withdraw(id: string): boolean {
    for (const queue of this.#waiting.values()) {
      const found = queue.find((each) => each.id === id);
      if (found === undefined) continue;
      queue.splice(queue.indexOf(found), 1);
      found.settle({ kind: 'withdrawn' });
      return true;
    }
    return false;
  }

  /** Resolves once the exchange takes requests again: for those that are not counted. */
  async unblocked(): Promise<void> {
    if (this.blockedMs === 0) return;
    await new Promise<void>((resolve) => {
      this.#unblocked.push(resolve);
      this.#look();
    });
  }

  /** What the exchange said with any answer. */
  learn({ retryAfterMs, orderCounts }: PaceNews): void {
    const now = this.#time.monotonic();
    if (retryAfterMs !== undefined) {
      this.#blockedUntil = Math.max(this.#blockedUntil, now + retryAfterMs);
    }
    for (const { windowMs, count } of orderCounts ?? []) {
      const window = this.#windows?.find(({ limit }) => limit.windowMs === windowMs);
      if (window === undefined) continue;
      window.told = { at: now, count };
      window.sentSince = 0;
    }
    this.#look();
  }

  /** Lets everything that waits go: the desk closes, and none of it is sent. */
  close(): void {
    this.#endLook?.();
    for (const queue of this.#waiting.values()) {
      for (const { settle } of queue.splice(0)) settle({ kind: 'withdrawn' });
    }
    for (const resolve of this.#unblocked.splice(0)) resolve();
  }

  /** Lets leave what may leave, and plans the next look for the rest. */
  #look(): void {
    this.#endLook?.();
    this.#endLook = null;
    const blockedMs = this.blockedMs;
    if (blockedMs > 0) {
      this.#lookIn(blockedMs);
      return;
    }
    for (const resolve of this.#unblocked.splice(0)) resolve();
    for (const haste of HASTES) {
      const queue = this.#queue(haste);
      while (queue.length > 0) {
        if (this.#underWay >= this.#mostUnderWay(haste)) return;
        const waitMs = this.#untilPlace(haste);
        if (waitMs > 0) {
          this.#lookIn(waitMs);
          return;
        }
        const next = queue.shift();
        if (next !== undefined) this.#letGo(next);
      }
    }
  }

  #letGo({ settle }: Waiting): void {
    const now = this.#time.monotonic();
    this.#underWay += 1;
    for (const { limit, parts } of this.#open()) {
      const last = parts.at(-1);
      if (last !== undefined && now - last.since < limit.windowMs / PARTS) last.count += 1;
      else parts.push({ since: now, count: 1 });
    }
    for (const window of this.#open()) window.sentSince += 1;
    let isDone = false;
    settle({
      kind: 'now',
      done: (news) => {
        if (isDone) return;
        isDone = true;
        this.#underWay -= 1;
        this.#hasHeard = true;
        this.learn(news);
      },
    });
  }

  /** One at a time until the exchange has told its count: an earlier life of this desk may have used it up. */
  #mostUnderWay(haste: Haste): number {
    if (haste === 'protective') return PROTECTIVE_UNDER_WAY_MAX;
    return this.#hasHeard || this.#open().length === 0 ? UNDER_WAY_MAX : 1;
  }

  /** How long until every window has a place for an order of `haste`. */
  #untilPlace(haste: Haste): number {
    let wait = 0;
    for (const window of this.#open()) wait = Math.max(wait, this.#untilPlaceIn(window, haste));
    return wait;
  }

  #untilPlaceIn(window: Window, haste: Haste): number {
    const { limit, parts } = window;
    const now = this.#time.monotonic();
    const kept = limit.windowMs + limit.windowMs / PARTS + SPREAD_MS;
    while (parts[0] !== undefined && now - parts[0].since >= kept) parts.shift();
    const most = Math.max(1, Math.floor((limit.most * SHARES[haste]) / 100));
    const sent = parts.reduce((sum, { count }) => sum + count, 0);
    const { told } = window;
    const toldUntil = told === null ? 0 : told.at + limit.windowMs - now;
    const counted = told !== null && toldUntil > 0 ? told.count + window.sentSince : 0;
    if (Math.max(sent, counted) < most) return 0;
    const oldest = parts[0];
    const partMs = oldest === undefined || sent < most ? 0 : oldest.since + kept - now;
    return Math.max(1, partMs, counted < most ? 0 : toldUntil);
  }

  #lookIn(ms: number): void {
    this.#endLook = this.#time.after(Math.ceil(ms), () => {
      this.#endLook = null;
      this.#look();
    });
  }

  #open(): readonly Window[] {
    this.#windows ??= this.#limits().map((limit) => ({
      limit,
      parts: [],
      told: null,
      sentSince: 0,
    }));
    return this.#windows;
  }

  #queue(haste: Haste): Waiting[] {
    const queue = this.#waiting.get(haste);
    assert(queue !== undefined, `Invariant: there is a queue for ${haste}`);
    return queue;
  }
}
