// SPDX-License-Identifier: Apache-2.0
// Watches conditions as candles close: what a live bot asks, candle by candle.

import { intervalLengthMs, isTiledBy, windowEnd, type Interval } from '../candle-interval.ts';
import {
  resampleCandle,
  resampleLarger,
  startResampler,
  type Candle,
  type MissingCandles,
  type Resampled,
  type ResamplerState,
} from '../candle-resample.ts';
import type { Instrument } from '../instrument.ts';
import { assert, type TimeMs } from '../units.ts';
import type { Condition } from './condition.ts';
import { conditionRule, type ConditionRule, type Values } from './condition-rule.ts';

/** `unknown`: not enough candles in a row have been seen. It is never true. */
export type Verdict = 'met' | 'notMet' | 'unknown';

export interface WatchOptions {
  readonly instrument: Instrument;
  /** What a missing candle means on this venue; a gap unless said otherwise. */
  readonly missing?: MissingCandles;
}

/** How one condition stands, for a person. */
export interface ConditionReading {
  readonly condition: Condition;
  readonly verdict: Verdict;
  readonly interval: Interval;
  /** 'RSI(14)' */
  readonly label: string;
  /** '27.31'; empty while unknown. */
  readonly value: string;
  /** 'RSI(14) 1h 27.31, below 30', 'RSI(14) 1h 45.10, not below 30' or 'RSI(14) 1h, 12 of 202 candles seen' */
  readonly text: string;
  /** The last millisecond of the candle it was read from; null before the first. */
  readonly closeTime: TimeMs | null;
  /** Candles seen in a row, at most those that are needed. */
  readonly candlesSeen: number;
  readonly candlesNeeded: number;
}

interface Watched {
  readonly rule: ConditionRule;
  state: unknown;
  /** Candles seen in a row, at most those the rule needs. */
  seen: number;
  previous: Values;
  current: Values;
  closeTime: TimeMs | null;
}

interface Stream {
  readonly resampler: ResamplerState;
  readonly watched: readonly Watched[];
}

interface WatchedSnapshot {
  readonly state: unknown;
  readonly seen: number;
  /** null is a value that does not exist. */
  readonly previous: readonly (number | null)[];
  readonly current: readonly (number | null)[];
  readonly closeTime: TimeMs | null;
}

/** Plain JSON data; needs the instrument to go on. */
export interface WatcherSnapshot {
  readonly version: 1;
  readonly conditions: readonly Condition[];
  readonly base: Interval;
  readonly missing: MissingCandles;
  readonly lastOpenTime: TimeMs;
  readonly streams: readonly {
    readonly resampler: ResamplerState;
    readonly watched: readonly WatchedSnapshot[];
  }[];
}

/**
 * Conditions that must all be met. Each speaks of the last closed candle of its interval. The candles given must
 * be closed, of the interval `base`, and in order.
 *
 * Example: `new ConditionWatcher(conditions, '1m', { instrument }).addCandle(candle)` is 'unknown'.
 */
export class ConditionWatcher {
  readonly #conditions: readonly Condition[];
  readonly #base: Interval;
  readonly #missing: MissingCandles;
  readonly #streams: readonly Stream[];
  /** As the conditions were given. */
  readonly #watched: readonly Watched[];
  #lastOpenTime: TimeMs = -1;

  constructor(conditions: readonly Condition[], base: Interval, options: WatchOptions) {
    const fault = watchFault(conditions, base);
    assert(fault === null, `Invariant: ${fault ?? ''}`);
    this.#conditions = conditions;
    this.#base = base;
    this.#missing = options.missing ?? 'gap';
    this.#watched = conditions.map((condition) => {
      const rule = conditionRule(condition, base, options.instrument);
      return { rule, ...nothingSeen(rule) };
    });
    const intervals = [...new Set(this.#watched.map(({ rule }) => rule.interval))];
    this.#streams = intervals.map((interval) => ({
      resampler: startResampler(base, interval, this.#missing),
      watched: this.#watched.filter(({ rule }) => rule.interval === interval),
    }));
  }

  /** Goes on from `snapshot` as if the watcher had never been away. */
  static restore(snapshot: WatcherSnapshot, instrument: Instrument): ConditionWatcher {
    const { conditions, base, missing } = snapshot;
    const watcher = new ConditionWatcher(conditions, base, { instrument, missing });
    watcher.#lastOpenTime = snapshot.lastOpenTime;
    for (const [index, { resampler, watched }] of watcher.#streams.entries()) {
      const saved = snapshot.streams[index];
      assert(
        saved?.resampler.interval === resampler.interval && saved.watched.length === watched.length,
        'Invariant: a snapshot holds the streams of its own conditions',
      );
      Object.assign(resampler, saved.resampler);
      for (const [place, each] of watched.entries()) {
        const one = saved.watched[place];
        if (one === undefined) continue;
        each.state = copyOf(one.state);
        each.seen = one.seen;
        each.previous = one.previous.map((value) => value ?? NaN);
        each.current = one.current.map((value) => value ?? NaN);
        each.closeTime = one.closeTime;
      }
    }
    return watcher;
  }

  /** Takes the next closed candle and says how the conditions stand at its close. */
  addCandle(candle: Candle): Verdict {
    assert(
      candle.openTime > this.#lastOpenTime,
      `Invariant: a candle of ${candle.openTime} came after that of ${this.#lastOpenTime}`,
    );
    this.#lastOpenTime = candle.openTime;
    for (const stream of this.#streams) {
      // What the history of a larger interval has told already.
      if (candle.openTime < stream.resampler.nextOpenTime) continue;
      take(stream, resampleCandle(stream.resampler, candle));
    }
    return this.verdict();
  }

  /**
   * Takes a closed candle of a larger interval that the conditions read, from history before the first candle of
   * `base`. See `requiredHistory`.
   */
  addLargerCandle(interval: Interval, candle: Candle): void {
    for (const stream of this.#streams) {
      if (stream.resampler.interval !== interval) continue;
      take(stream, resampleLarger(stream.resampler, candle));
    }
  }

  /** How all conditions stand at the close of the last candle. */
  verdict(): Verdict {
    let all: Verdict = 'met';
    for (const { resampler, watched } of this.#streams) {
      for (const each of watched) {
        const verdict = this.#verdictOf(resampler, each);
        if (verdict === 'unknown') return 'unknown';
        if (verdict === 'notMet') all = 'notMet';
      }
    }
    return all;
  }

  /** How each condition stands at the close of the last candle, in the order they were given. */
  readings(): ConditionReading[] {
    return this.#watched.map((each) => {
      const stream = this.#streams.find(({ watched }) => watched.includes(each));
      const verdict = stream === undefined ? 'unknown' : this.#verdictOf(stream.resampler, each);
      const { condition, interval, label, demand, candles } = each.rule;
      const isKnown = verdict !== 'unknown';
      const value = isKnown ? each.rule.valueText(each.current) : '';
      const seen =
        each.seen < candles ? `${each.seen} of ${candles} candles seen` : 'not known yet';
      const text = isKnown
        ? `${label} ${interval} ${value}, ${verdict === 'met' ? '' : 'not '}${demand}`
        : `${label} ${interval}, ${seen}`;
      return {
        condition,
        verdict,
        interval,
        label,
        value,
        text,
        closeTime: each.closeTime,
        candlesSeen: each.seen,
        candlesNeeded: candles,
      };
    });
  }

  /** The state as plain data, on its own. */
  snapshot(): WatcherSnapshot {
    return copyOf({
      version: 1,
      conditions: this.#conditions,
      base: this.#base,
      missing: this.#missing,
      lastOpenTime: this.#lastOpenTime,
      streams: this.#streams.map(({ resampler, watched }) => ({
        resampler,
        watched: watched.map(({ state, seen, previous, current, closeTime }) => ({
          state,
          seen,
          previous: previous.map(orNull),
          current: current.map(orNull),
          closeTime,
        })),
      })),
    });
  }

  #verdictOf(resampler: ResamplerState, { rule, seen, previous, current }: Watched): Verdict {
    const now = this.#lastOpenTime + intervalLengthMs(this.#base);
    // History that reaches beyond the last candle would be the future.
    const isAhead = resampler.nextOpenTime > now;
    if (seen < rule.candles || isAhead || this.#lastOpenTime < 0) return 'unknown';
    if (!rule.isKnown(current)) return 'unknown';
    return rule.isMet(previous, current) ? 'met' : 'notMet';
  }
}

/** What keeps `conditions` from being watched on candles of `base`, or null. */
export function watchFault(conditions: readonly Condition[], base: Interval): string | null {
  if (conditions.length === 0) return 'expected at least one condition, found none';
  for (const condition of conditions) {
    const interval = condition.kind === 'volume24h' ? '1d' : condition.interval;
    if (!isTiledBy(interval, base)) {
      return `candles of ${interval} (${condition.kind}) cannot be built from candles of ${base}`;
    }
  }
  return null;
}

/**
 * Candles of `base` in a row after which no condition is unknown, wherever they begin; a technical rating needs as
 * many more as had no trade.
 */
export function requiredCandles(
  conditions: readonly Condition[],
  base: Interval,
  instrument: Instrument,
): number {
  let most = 0;
  for (const condition of conditions) {
    const { interval, candles } = conditionRule(condition, base, instrument);
    // One window more: the first may have begun before.
    const windows = interval === base ? candles : candles + 1;
    const each = Math.ceil(intervalLengthMs(interval) / intervalLengthMs(base));
    most = Math.max(most, windows * each);
  }
  return most;
}

/** Closed candles of one interval that are needed as history. */
export interface RequiredHistory {
  readonly interval: Interval;
  readonly candles: number;
}

/**
 * Closed candles of each interval after which no condition is unknown: the larger ones for `addLargerCandle`, those
 * of `base` for `addCandle`. Much less than `requiredCandles` where intervals are long.
 */
export function requiredHistory(
  conditions: readonly Condition[],
  base: Interval,
  instrument: Instrument,
): RequiredHistory[] {
  const needs = new Map<Interval, number>();
  for (const condition of conditions) {
    const { interval, candles } = conditionRule(condition, base, instrument);
    needs.set(interval, Math.max(needs.get(interval) ?? 0, candles));
  }
  return [...needs].map(([interval, candles]) => ({ interval, candles }));
}

function nothingSeen(rule: ConditionRule): Omit<Watched, 'rule'> {
  return { state: rule.start(), seen: 0, previous: [], current: [], closeTime: null };
}

function take({ resampler, watched }: Stream, { isAfterGap, ended }: Resampled): void {
  for (const each of watched) {
    if (isAfterGap) Object.assign(each, nothingSeen(each.rule));
    for (const candle of ended) {
      const values = each.rule.next(each.state, candle);
      each.closeTime = windowEnd(resampler.interval, candle.openTime) - 1;
      if (each.seen < each.rule.candles) each.seen += 1;
      if (values === undefined) continue;
      each.previous = each.current;
      each.current = values;
    }
  }
}

function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

/** Of plain JSON data. */
function copyOf<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
