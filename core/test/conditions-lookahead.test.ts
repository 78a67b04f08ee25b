// SPDX-License-Identifier: Apache-2.0
// No condition knows the future, and the checker that says so catches those that do.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkLookahead,
  conditionTrace,
  requiredCandles,
  type Candles,
  type Condition,
  type ConditionEvaluator,
  type ConditionTrace,
  type WatchOptions,
} from '../src/index.ts';
import {
  ALL_KINDS,
  candleColumns,
  CONDITIONS,
  INSTRUMENT,
  randomCandles,
} from './condition-table.ts';

const SEED = 20_261_006;
const OPTIONS = { instrument: INSTRUMENT, positionsMax: 60, startsMax: 6, seed: SEED };

test('[Q15] no condition of any kind knows the future or hangs on where the candles begin', (t) => {
  assert.equal(new Set(CONDITIONS.map(({ kind }) => kind)).size, ALL_KINDS.length);
  t.diagnostic('condition        known  beginnings  differences');
  for (const condition of CONDITIONS) {
    const rows = 1500 + 8 * requiredCandles([condition], '1h', INSTRUMENT);
    const candles = candleColumns(randomCandles(Math.min(rows, 5000), SEED));
    const report = checkLookahead([condition], candles, OPTIONS);
    t.diagnostic(
      `${condition.kind.padEnd(16)} ${String(report.knownChecked).padStart(5)}  ${String(report.beginningsChecked).padStart(10)}  ${report.differencesTotal}`,
    );
    assert.deepEqual(report.differences, [], condition.kind);
    assert.equal(report.positionsChecked, 60);
    assert.ok(report.knownChecked > 30 && report.beginningsChecked > 1000, condition.kind);
  }
  const holed = candleColumns(randomCandles(1500, SEED, 0.5));
  const all = checkLookahead(CONDITIONS, holed, { ...OPTIONS, missing: 'noTrade' });
  assert.deepEqual([all.differencesTotal, all.conditions], [0, CONDITIONS.length]);
});

/** An evaluator that gives `row` the answer of `row` + `ahead` where there is one. */
function cheating(ahead: number): ConditionEvaluator {
  return (condition: Condition, candles: Candles, options: WatchOptions): ConditionTrace => {
    const { status, values } = conditionTrace(condition, candles, options);
    const shifted = status.map((code, row) => status[row + ahead] ?? code);
    return {
      status: shifted,
      values: values.map((column) =>
        column.map((value, row) =>
          row + ahead < column.length ? (column[row + ahead] ?? NaN) : value,
        ),
      ),
    };
  };
}

test('[Q16] an evaluation that looks one candle ahead is caught, and every position it got wrong is named', () => {
  const candles = candleColumns(randomCandles(600, SEED));
  const [condition] = CONDITIONS;
  assert.ok(condition !== undefined);
  const options = { ...OPTIONS, startsMax: 0, evaluator: cheating(1) };
  const report = checkLookahead([condition], candles, options);
  assert.ok(report.differencesTotal > 40, `${report.differencesTotal} found`);
  const [first] = report.differences;
  assert.equal(first?.kind, 'future');
  assert.equal(first?.conditionIndex, 0);
  assert.deepEqual(first?.condition, condition);
  const position = first?.position ?? 0;
  assert.equal(first?.closeTime, (candles.openTime[position] ?? 0) + candles.intervalMs - 1);
  assert.notDeepEqual(first?.whole, first?.part);
  // The last candle has no future to look at.
  assert.ok(report.differences.every(({ position: each }) => each < 599));
});

test('[Q16] one that knows only the highest price of all candles is caught', () => {
  const candles = candleColumns(randomCandles(600, SEED));
  const evaluator: ConditionEvaluator = (condition, given, options) => {
    const trace = conditionTrace(condition, given, options);
    const most = Math.max(...given.high);
    return { ...trace, values: trace.values.map((column) => column.map((value) => value / most)) };
  };
  const report = checkLookahead(CONDITIONS.slice(0, 1), candles, {
    ...OPTIONS,
    startsMax: 0,
    evaluator,
  });
  assert.ok(report.differencesTotal > 0);
});

test('[Q17] one that counts from where the candles begin, or trusts an average too early, is caught', () => {
  const candles = candleColumns(randomCandles(600, SEED));
  const counting: ConditionEvaluator = (condition, given, options) => {
    const trace = conditionTrace(condition, given, options);
    return { ...trace, values: trace.values.map((column) => column.map((_, row) => row % 10)) };
  };
  const options = { ...OPTIONS, positionsMax: 20 };
  const counted = checkLookahead(CONDITIONS.slice(0, 1), candles, {
    ...options,
    evaluator: counting,
  });
  assert.ok(counted.differences.some(({ kind }) => kind === 'beginning'));
  assert.ok(counted.differences.every(({ kind }) => kind === 'beginning'));
  const early: ConditionEvaluator = (condition, given, watch) => {
    const trace = conditionTrace(condition, given, watch);
    // Known from the first value on, as if nothing had to settle.
    const [column = new Float64Array()] = trace.values;
    const mean = column.map((_, row) => (given.close[row] ?? 0) + 100 * 0.9 ** row);
    return { status: trace.status.map(() => 1), values: [mean] };
  };
  const unsettled = checkLookahead(CONDITIONS.slice(0, 1), candles, {
    ...options,
    evaluator: early,
    tolerance: 1e-9,
  });
  assert.ok(unsettled.differences.some(({ kind }) => kind === 'beginning'));
});

test('[Q18] the same seed checks the same positions; with room for all, all are checked', () => {
  const candles = candleColumns(randomCandles(80, SEED));
  const seen = (seed: number, positionsMax: number): number[] => {
    const lengths: number[] = [];
    const evaluator: ConditionEvaluator = (condition, given, watch) => {
      lengths.push(given.openTime.length);
      return conditionTrace(condition, given, watch);
    };
    const options = { ...OPTIONS, startsMax: 0, seed, positionsMax, evaluator };
    checkLookahead(CONDITIONS.slice(0, 1), candles, options);
    return lengths.slice(1);
  };
  assert.deepEqual(seen(1, 20), seen(1, 20));
  assert.notDeepEqual(seen(1, 20), seen(2, 20));
  assert.equal(new Set(seen(1, 20)).size, 20);
  assert.deepEqual(
    seen(1, 100),
    Array.from({ length: 80 }, (_, row) => row + 1),
  );
});
