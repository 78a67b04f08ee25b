// SPDX-License-Identifier: Apache-2.0
// Watches the indicator conditions of all bots: one watcher for each list of conditions on a symbol, however many bots
// share it. Each close that meets them becomes a signal to the bots; how they stand is answered at any time.
//
// Watchers live in memory and are made anew from history. A close that lies in the history is never a signal.

import {
  ConditionWatcher,
  decisionIntervals,
  intervalLengthMs,
  requiredHistory,
  signalReading,
  signalWatches,
  windowEnd,
  windowStart,
  type BotEvent,
  type BotState,
  type Candle,
  type Condition,
  type ConditionReading,
  type ConditionStanding,
  type Instrument,
  type Interval,
  type Quote,
  type Reading,
  type SignalAction,
  type SignalWatch,
} from '@kontor/core';
import { FEED_INTERVAL, type CandleFeed, type CandleSubscription } from '../market/candle-feed.ts';
import type { MarketClock } from '../market/market-clock.ts';

/** A close that is told later than this is old: by then another candle has closed. */
const SIGNAL_AGE_MS_MAX = intervalLengthMs(FEED_INTERVAL);
/** What conditions said this long after the last close is no longer known: the next one is overdue. */
const STANDING_AGE_MS_MAX = 3 * intervalLengthMs(FEED_INTERVAL);

export interface ConditionHubParts {
  readonly feed: Pick<CandleFeed, 'subscribe'>;
  readonly clock: Pick<MarketClock, 'now'>;
  readonly instrument: (symbol: string) => Instrument | undefined;
  readonly quote: (symbol: string) => Quote | undefined;
  readonly state: (botId: string) => BotState | undefined;
  readonly deliver: (botId: string, event: BotEvent) => void;
  readonly onTrouble: (symbol: string, reason: string) => void;
}

/** How conditions stood at the last closed candle. */
export interface Standing {
  readonly conditions: ConditionStanding;
  readonly readings: readonly Reading[];
}

/** Conditions of a bot for one purpose on one symbol, as they are. */
export interface WatchedConditions extends Standing {
  readonly symbol: string;
  readonly action: SignalAction;
  /** Whether a close that meets them is a signal by itself. */
  readonly isTrigger: boolean;
  /** The running deals whose conditions they are; empty for starts. */
  readonly dealIds: readonly number[];
  readonly each: readonly ConditionReading[];
  /** When the last one-minute candle that they have seen closed; null before the first. */
  readonly closedAt: number | null;
}

interface Watched {
  readonly symbol: string;
  readonly conditions: readonly Condition[];
  readonly watcher: ConditionWatcher;
  readonly intervals: readonly Interval[];
  readonly users: Set<string>;
  subscription: CandleSubscription | null;
  /** When the last candle it has seen closed; null before its history. */
  closedAt: number | null;
}

export class ConditionHub {
  readonly #parts: ConditionHubParts;
  readonly #watched = new Map<string, Watched>();
  /** By bot: the keys of what it uses. */
  readonly #uses = new Map<string, ReadonlySet<string>>();
  /** Lists are compared by what they say; a bot's own lists stay the same objects between its changes. */
  readonly #keys = new WeakMap<readonly Condition[], string>();
  #isStarted = false;

  constructor(parts: ConditionHubParts) {
    this.#parts = parts;
  }

  /** Begins to watch for the bots there are. */
  start(botIds: Iterable<string>): void {
    this.#isStarted = true;
    for (const botId of botIds) this.refresh(botId);
  }

  /** How many different lists of conditions are watched. */
  get size(): number {
    return this.#watched.size;
  }

  /** A bot was made, has changed, or is gone: watches what it needs from now on. */
  refresh(botId: string): void {
    if (!this.#isStarted) return;
    const before = this.#uses.get(botId);
    const state = this.#parts.state(botId);
    const needed = new Map<string, { symbol: string; conditions: readonly Condition[] }>();
    for (const { symbol, conditions } of state === undefined ? [] : watchesOf(state)) {
      needed.set(this.#keyOf(symbol, conditions), { symbol, conditions });
    }
    if (needed.size === 0 && before === undefined) return;
    for (const key of before ?? []) if (!needed.has(key)) this.#leave(botId, key);
    for (const [key, { symbol, conditions }] of needed) {
      if (before?.has(key) !== true) this.#join(botId, key, symbol, conditions);
    }
    if (needed.size === 0) this.#uses.delete(botId);
    else this.#uses.set(botId, new Set(needed.keys()));
  }

  /** How the conditions of a bot stand that concern starts on `symbol`: `none` where it has none. */
  startStanding(botId: string, symbol: string): Standing {
    const state = this.#parts.state(botId);
    const watch =
      state === undefined
        ? undefined
        : signalWatches(state, symbol).find(({ action }) => action === 'start');
    return this.#standingOf(symbol, watch?.conditions);
  }

  /** The running deals on `symbol` by how their own conditions for `action` stand. */
  dealStandings(
    botId: string,
    symbol: string,
    action: 'safetyOrder' | 'close',
  ): readonly (Standing & { readonly dealIds: readonly number[] })[] {
    const state = this.#parts.state(botId);
    if (state === undefined) return [];
    const watches = signalWatches(state, symbol).filter((watch) => watch.action === action);
    const groups = new Map<string, { conditions?: readonly Condition[]; dealIds: number[] }>();
    for (const deal of state.deals) {
      if (deal.symbol !== symbol) continue;
      const conditions = watches.find(({ dealId }) => dealId === deal.dealId)?.conditions;
      const key = conditions === undefined ? '' : this.#keyOf(symbol, conditions);
      const group = groups.get(key) ?? {
        ...(conditions === undefined ? {} : { conditions }),
        dealIds: [],
      };
      group.dealIds.push(deal.dealId);
      groups.set(key, group);
    }
    return [...groups.values()].map(({ conditions, dealIds }) => ({
      ...this.#standingOf(symbol, conditions),
      dealIds,
    }));
  }

  /** All conditions of a bot as they are, for a person. */
  conditionsOf(botId: string): readonly WatchedConditions[] {
    const state = this.#parts.state(botId);
    const found = new Map<string, WatchedConditions & { readonly dealIds: number[] }>();
    for (const { symbol, ...watch } of state === undefined ? [] : watchesOf(state)) {
      const { action, isTrigger, conditions, dealId } = watch;
      const watched = this.#watched.get(this.#keyOf(symbol, conditions));
      const key = `${action} ${String(isTrigger)} ${this.#keyOf(symbol, conditions)}`;
      const known = found.get(key) ?? {
        symbol,
        action,
        isTrigger,
        dealIds: [],
        ...this.#standingOf(symbol, conditions),
        each: watched?.watcher.readings() ?? [],
        closedAt: watched?.closedAt ?? null,
      };
      if (dealId !== undefined) known.dealIds.push(dealId);
      found.set(key, known);
    }
    return [...found.values()];
  }

  close(): void {
    for (const { subscription } of this.#watched.values()) subscription?.close();
    this.#watched.clear();
    this.#uses.clear();
    this.#isStarted = false;
  }

  #join(botId: string, key: string, symbol: string, conditions: readonly Condition[]): void {
    const known = this.#watched.get(key);
    if (known !== undefined) {
      known.users.add(botId);
      return;
    }
    const instrument = this.#parts.instrument(symbol);
    if (instrument === undefined) return;
    const made: Watched = {
      symbol,
      conditions,
      watcher: new ConditionWatcher(conditions, FEED_INTERVAL, { instrument }),
      intervals: decisionIntervals(conditions, FEED_INTERVAL),
      users: new Set([botId]),
      subscription: null,
      closedAt: null,
    };
    this.#watched.set(key, made);
    const needs = requiredHistory(conditions, FEED_INTERVAL, instrument);
    made.subscription = this.#parts.feed.subscribe(
      { symbol, needs, after: null },
      {
        onHistory: (interval, candles) => takeHistory(made, interval, candles),
        onCandle: (candle) => this.#onCandle(key, made, candle),
        onTrouble: (reason) => this.#parts.onTrouble(symbol, reason),
      },
    );
  }

  #leave(botId: string, key: string): void {
    const watched = this.#watched.get(key);
    if (watched === undefined) return;
    watched.users.delete(botId);
    if (watched.users.size > 0) return;
    watched.subscription?.close();
    this.#watched.delete(key);
  }

  #onCandle(key: string, watched: Watched, candle: Candle): void {
    const { symbol, watcher, intervals, users } = watched;
    const verdict = watcher.addCandle(candle);
    const closedAt = candle.openTime + intervalLengthMs(FEED_INTERVAL);
    watched.closedAt = closedAt;
    if (verdict !== 'met' || this.#parts.clock.now() - closedAt >= SIGNAL_AGE_MS_MAX) return;
    if (!intervals.some((interval) => endsWindow(interval, candle.openTime, closedAt))) return;
    const readings = watcher.readings().map(signalReading);
    // A bot that is told may change what is watched.
    for (const botId of [...users]) this.#tell(botId, key, symbol, readings);
  }

  /** Tells a bot of every purpose for which it waits for these conditions. */
  #tell(botId: string, key: string, symbol: string, readings: readonly Reading[]): void {
    const state = this.#parts.state(botId);
    if (state === undefined) return;
    const quote = this.#parts.quote(symbol);
    const deals = new Map<SignalAction, number[]>();
    for (const { action, conditions, isTrigger, dealId } of signalWatches(state, symbol)) {
      if (!isTrigger || this.#keyOf(symbol, conditions) !== key) continue;
      const ids = deals.get(action) ?? [];
      if (dealId !== undefined) ids.push(dealId);
      deals.set(action, ids);
    }
    for (const [action, dealIds] of deals) {
      this.#parts.deliver(botId, {
        kind: 'signal',
        time: this.#parts.clock.now(),
        symbol,
        signal: { action, source: 'conditions', conditions: 'met', readings },
        ...(dealIds.length === 0 ? {} : { dealIds }),
        ...(quote === undefined ? {} : { quote }),
      });
    }
  }

  #standingOf(symbol: string, conditions: readonly Condition[] | undefined): Standing {
    if (conditions === undefined) return { conditions: 'none', readings: [] };
    const watched = this.#watched.get(this.#keyOf(symbol, conditions));
    if (watched === undefined || watched.closedAt === null) {
      return { conditions: 'unknown', readings: [] };
    }
    const readings = watched.watcher.readings().map(signalReading);
    const isOld = this.#parts.clock.now() - watched.closedAt >= STANDING_AGE_MS_MAX;
    return { conditions: isOld ? 'unknown' : watched.watcher.verdict(), readings };
  }

  #keyOf(symbol: string, conditions: readonly Condition[]): string {
    let text = this.#keys.get(conditions);
    if (text === undefined) {
      text = JSON.stringify(conditions);
      this.#keys.set(conditions, text);
    }
    return `${symbol} ${text}`;
  }
}

/** What a bot watches on all symbols that it trades or has deals on. */
function watchesOf(state: BotState): (SignalWatch & { readonly symbol: string })[] {
  const symbols = new Set<string>(state.settings.symbols);
  for (const { symbol } of state.deals) symbols.add(symbol);
  return [...symbols].flatMap((symbol) =>
    signalWatches(state, symbol).map((watch) => ({ ...watch, symbol })),
  );
}

function takeHistory(watched: Watched, interval: Interval, candles: readonly Candle[]): void {
  for (const candle of candles) {
    if (interval === FEED_INTERVAL) watched.watcher.addCandle(candle);
    else watched.watcher.addLargerCandle(interval, candle);
    const closedAt = windowEnd(interval, candle.openTime);
    if (watched.closedAt === null || closedAt > watched.closedAt) watched.closedAt = closedAt;
  }
}

/** Whether the candle that opened at `openTime` and ended at `endTime` is the last of its window of `interval`. */
function endsWindow(interval: Interval, openTime: number, endTime: number): boolean {
  return windowEnd(interval, windowStart(interval, openTime)) === endTime;
}
