// SPDX-License-Identifier: Apache-2.0
// How conditions stood at the close of every candle of a column: what a backtest asks, all at once.

import { intervalOfLength, type Interval } from '../candle-interval.ts';
import { resampleCandles, type LargerCandles } from '../candle-resample.ts';
import type { Candles } from '../candle.ts';
import { assert } from '../units.ts';
import type { Condition } from './condition.ts';
import { conditionRule, type ConditionRule } from './condition-rule.ts';
import { watchFault, type WatchOptions } from './condition-watcher.ts';

/** Values of a status column. */
export const STATUS_UNKNOWN = 0;
export const STATUS_NOT_MET = 1;
export const STATUS_MET = 2;

/** One condition over all candles. */
export interface ConditionTrace {
  /** 0 unknown, 1 not met, 2 met at the close of each candle. */
  readonly status: Uint8Array;
  /** What was read there, one column for each value; NaN while unknown. */
  readonly values: readonly Float64Array[];
}

/**
 * How `conditions`, all together, stood at the close of each of `candles`: 0 unknown, 1 not met, 2 met, as a
 * `ConditionWatcher` says.
 */
export function conditionSeries(
  conditions: readonly Condition[],
  candles: Candles,
  options: WatchOptions,
): Uint8Array {
  const base = baseOf(conditions, candles);
  const larger = new Map<Interval, LargerCandles>();
  const all = new Uint8Array(candles.openTime.length).fill(STATUS_MET);
  for (const condition of conditions) {
    const rule = conditionRule(condition, base, options.instrument);
    let read = larger.get(rule.interval);
    if (read === undefined) {
      read = resampleCandles(candles, rule.interval, options.missing);
      larger.set(rule.interval, read);
    }
    const { status } = readCandles(rule, read);
    stretches(read, all.length, (from, to, index) => {
      const one = index < 0 ? STATUS_UNKNOWN : (status[index] ?? STATUS_UNKNOWN);
      if (one === STATUS_MET) return;
      for (let row = from; row < to; row += 1) if (one < (all[row] ?? 0)) all[row] = one;
    });
  }
  return all;
}

/** One condition with the values it was read from. */
export function conditionTrace(
  condition: Condition,
  candles: Candles,
  options: WatchOptions,
): ConditionTrace {
  const rule = conditionRule(condition, baseOf([condition], candles), options.instrument);
  const larger = resampleCandles(candles, rule.interval, options.missing);
  const read = readCandles(rule, larger);
  const rows = candles.openTime.length;
  const status = new Uint8Array(rows);
  const values = read.values.map(() => new Float64Array(rows).fill(NaN));
  stretches(larger, rows, (from, to, index) => {
    if (index < 0 || read.status[index] === STATUS_UNKNOWN) return;
    status.fill(read.status[index] ?? STATUS_UNKNOWN, from, to);
    for (const [place, column] of values.entries()) {
      column.fill(read.values[place]?.[index] ?? NaN, from, to);
    }
  });
  return { status, values };
}

function baseOf(conditions: readonly Condition[], candles: Candles): Interval {
  const base = intervalOfLength(candles.intervalMs);
  assert(base !== undefined, `Invariant: no interval lasts ${candles.intervalMs} ms`);
  const fault = watchFault(conditions, base);
  assert(fault === null, `Invariant: ${fault ?? ''}`);
  return base;
}

/** The status and the values at each larger candle. */
function readCandles(rule: ConditionRule, larger: LargerCandles): ConditionTrace {
  const rows = larger.openTime.length;
  const status = new Uint8Array(rows);
  const values: Float64Array[] = [];
  for (const [run, from] of larger.runStarts.entries()) {
    const to = larger.runStarts[run + 1] ?? rows;
    const part = (column: Float64Array): Float64Array => column.subarray(from, to);
    const columns = rule.columns({
      open: part(larger.open),
      high: part(larger.high),
      low: part(larger.low),
      close: part(larger.close),
      volume: part(larger.volume),
    });
    for (const [place, column] of columns.entries()) {
      values[place] ??= new Float64Array(rows).fill(NaN);
      values[place].set(column, from);
    }
    let previous = columns.map(() => NaN);
    let current = columns.map(() => NaN);
    for (let index = Math.max(0, rule.candles - 2); index < to - from; index += 1) {
      [previous, current] = [current, previous];
      for (let place = 0; place < columns.length; place += 1) {
        current[place] = columns[place]?.[index] ?? NaN;
      }
      if (index < rule.candles - 1 || !rule.isKnown(current)) continue;
      status[from + index] = rule.isMet(previous, current) ? STATUS_MET : STATUS_NOT_MET;
    }
  }
  return { status, values };
}

/** Stretches of rows of smaller candles in which the same larger candle was the last closed one, −1 for none. */
function stretches(
  larger: LargerCandles,
  rows: number,
  visit: (from: number, to: number, index: number) => void,
): void {
  const { knownAt, gapsBefore } = larger;
  let next = 0;
  let gap = 0;
  let last = -1;
  for (let row = 0; row < rows;) {
    if (gapsBefore[gap] === row) {
      gap += 1;
      last = -1;
    }
    while (knownAt[next] === row) {
      last = next;
      next += 1;
    }
    const to = Math.min(knownAt[next] ?? rows, gapsBefore[gap] ?? rows);
    visit(row, to, last);
    row = to;
  }
}
