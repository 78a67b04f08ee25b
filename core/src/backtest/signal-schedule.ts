// SPDX-License-Identifier: Apache-2.0
// When a backtest's conditions are met: computed over all candles at once, delivered candle by candle.

import { intervalOfLength, type Interval } from '../candle-interval.ts';
import { resampleCandles, type MissingCandles } from '../candle-resample.ts';
import type { Candles } from '../candle.ts';
import type { Condition } from '../conditions/condition.ts';
import { conditionRule, type ConditionRule } from '../conditions/condition-rule.ts';
import {
  conditionSeries,
  conditionTrace,
  STATUS_MET,
  type ConditionTrace,
} from '../conditions/condition-series.ts';
import { watchFault } from '../conditions/condition-watcher.ts';
import { decisionIntervals, traceReading } from '../conditions/decision.ts';
import type { Instrument } from '../instrument.ts';
import type { Reading } from '../machine.ts';
import { assert } from '../units.ts';

/** Conditions of one market that are a signal when all of them are met as a candle of theirs closes. */
export class SignalSchedule {
  readonly #conditions: readonly Condition[];
  readonly #instrument: Instrument;
  readonly #candles: Candles;
  readonly #missing: MissingCandles;
  /** How many rows of `#candles` lie before the run. */
  readonly #before: number;
  /** Rows of the run at whose first point the signal comes: right after the close that made it. */
  readonly rows: Int32Array;
  #traces: readonly { readonly rule: ConditionRule; readonly trace: ConditionTrace }[] | null =
    null;
  #next = 0;

  constructor(options: {
    readonly conditions: readonly Condition[];
    readonly instrument: Instrument;
    readonly candles: Candles;
    readonly warmUp: Candles | undefined;
    readonly missing: MissingCandles;
  }) {
    const { conditions, instrument, candles, warmUp, missing } = options;
    this.#conditions = conditions;
    this.#instrument = instrument;
    this.#missing = missing;
    this.#candles = warmUp === undefined ? candles : joined(warmUp, candles);
    this.#before = warmUp?.openTime.length ?? 0;
    const met = conditionSeries(conditions, this.#candles, { instrument, missing });
    const isDecision = decisionRows(conditions, this.#candles, missing);
    const { openTime, intervalMs } = this.#candles;
    const rows: number[] = [];
    for (let row = 0; row + 1 < openTime.length; row += 1) {
      if (met[row] !== STATUS_MET || isDecision[row] !== 1 || row + 1 < this.#before) continue;
      // Nobody is told of a close before the market has gone on, and by then it may be old.
      if ((openTime[row + 1] ?? 0) - (openTime[row] ?? 0) !== intervalMs) continue;
      rows.push(row + 1 - this.#before);
    }
    this.rows = Int32Array.from(rows);
  }

  /** The first row of a signal from `row` on; rows asked for never go back. Infinity without one. */
  nextFrom(row: number): number {
    while (this.#next < this.rows.length && (this.rows[this.#next] ?? 0) < row) this.#next += 1;
    return this.rows[this.#next] ?? Infinity;
  }

  /** What the conditions read when they were met, told at the first point of `row`. */
  readings(row: number): Reading[] {
    const options = { instrument: this.#instrument, missing: this.#missing };
    this.#traces ??= this.#conditions.map((condition) => ({
      rule: conditionRule(condition, baseOf(this.#candles), this.#instrument),
      trace: conditionTrace(condition, this.#candles, options),
    }));
    const at = row + this.#before - 1;
    return this.#traces.map(({ rule, trace }) => traceReading(rule, trace, at));
  }
}

/** Why conditions cannot be read from `candles`, or null. */
export function scheduleFault(conditions: readonly Condition[], candles: Candles): string | null {
  const base = intervalOfLength(candles.intervalMs);
  return base === undefined ? 'candles of no usual length' : watchFault(conditions, base);
}

function baseOf(candles: Candles): Interval {
  const base = intervalOfLength(candles.intervalMs);
  assert(base !== undefined, 'Invariant: the length of the candles was checked');
  return base;
}

/** 1 at each row whose close is that of a candle of an interval that decides. */
function decisionRows(
  conditions: readonly Condition[],
  candles: Candles,
  missing: MissingCandles,
): Uint8Array {
  const rows = new Uint8Array(candles.openTime.length);
  for (const interval of decisionIntervals(conditions, baseOf(candles))) {
    for (const row of resampleCandles(candles, interval, missing).knownAt) rows[row] = 1;
  }
  return rows;
}

function joined(first: Candles, second: Candles): Candles {
  const ticks = (one: Candles['open'], other: Candles['open']): Float64Array => {
    const column = new Float64Array(one.length + other.length);
    column.set(one);
    column.set(other, one.length);
    return column;
  };
  return {
    intervalMs: second.intervalMs,
    openTime: ticks(first.openTime, second.openTime),
    open: ticks(first.open, second.open),
    high: ticks(first.high, second.high),
    low: ticks(first.low, second.low),
    close: ticks(first.close, second.close),
    volume: ticks(first.volume, second.volume),
  };
}
