// SPDX-License-Identifier: Apache-2.0
// Catches conditions that know the future, or that depend on where the candles begin: what was said over all candles
// is said again over candles cut off after a position, and over candles that begin later.

import type { Candles } from '../candle.ts';
import { assert, type TimeMs } from '../units.ts';
import type { Condition } from './condition.ts';
import { conditionTrace, STATUS_UNKNOWN, type ConditionTrace } from './condition-series.ts';
import type { WatchOptions } from './condition-watcher.ts';

/** What is put to the test: how `condition` stood at the close of every candle, and what was read there. */
export type ConditionEvaluator = (
  condition: Condition,
  candles: Candles,
  options: WatchOptions,
) => ConditionTrace;

export interface LookaheadOptions extends WatchOptions {
  /** Positions at which the candles are cut off; each is a full evaluation. All where there are no more. */
  readonly positionsMax: number;
  /** Later beginnings that are tried. */
  readonly startsMax: number;
  /** Chooses positions and beginnings. */
  readonly seed: number;
  /** Largest difference between values from different beginnings, as a share of the value or of 1. */
  readonly tolerance?: number;
  /** The evaluation of this package unless another is given. */
  readonly evaluator?: ConditionEvaluator;
}

export interface LookaheadDifference {
  /** `future`: the candles after the position mattered. `beginning`: where the candles begin mattered. */
  readonly kind: 'future' | 'beginning';
  /** Its index in the conditions given. */
  readonly conditionIndex: number;
  readonly condition: Condition;
  readonly position: number;
  /** When the candle at the position closed. */
  readonly closeTime: TimeMs;
  /** Over all candles. */
  readonly whole: LookaheadValue;
  /** Over the candles that were left. */
  readonly part: LookaheadValue;
}

/** Status 0 unknown, 1 not met, 2 met; null is a value that does not exist. */
export interface LookaheadValue {
  readonly status: number;
  readonly values: readonly (number | null)[];
}

export interface LookaheadReport {
  readonly candles: number;
  readonly conditions: number;
  /** Positions at which all conditions were evaluated on candles that end there. */
  readonly positionsChecked: number;
  /** Of them times conditions, those where the condition was known: a report without any proves nothing. */
  readonly knownChecked: number;
  /** Positions compared between beginnings, over all conditions. */
  readonly beginningsChecked: number;
  /** The first differences; `differencesTotal` counts all. */
  readonly differences: readonly LookaheadDifference[];
  readonly differencesTotal: number;
}

const DIFFERENCES_KEPT = 100;
/** Weights of a millionth, on older candles that may have moved a hundred times as much. */
const TOLERANCE = 1e-4;

/** Whether what `conditions` say at a candle hangs on later candles, or on where the candles begin. */
export function checkLookahead(
  conditions: readonly Condition[],
  candles: Candles,
  options: LookaheadOptions,
): LookaheadReport {
  const { evaluator = conditionTrace, tolerance = TOLERANCE } = options;
  const rows = candles.openTime.length;
  const random = generator(options.seed);
  const positions = sample(rows, options.positionsMax, random);
  const starts = sample(rows, options.startsMax, random).filter((start) => start > 0);
  const differences: LookaheadDifference[] = [];
  let differencesTotal = 0;
  let knownChecked = 0;
  let beginningsChecked = 0;
  for (const [conditionIndex, condition] of conditions.entries()) {
    const whole = evaluator(condition, candles, options);
    assert(
      whole.status.length === rows,
      `Invariant: an evaluation of ${rows} candles has as many answers, had ${whole.status.length}`,
    );
    const differ = (
      kind: 'future' | 'beginning',
      position: number,
      part: ConditionTrace,
      at: number,
    ): void => {
      differencesTotal += 1;
      if (differences.length >= DIFFERENCES_KEPT) return;
      differences.push({
        kind,
        conditionIndex,
        condition,
        position,
        closeTime: (candles.openTime[position] ?? 0) + candles.intervalMs - 1,
        whole: valueAt(whole, position),
        part: valueAt(part, at),
      });
    };
    for (const position of positions) {
      const part = evaluator(condition, rowsOf(candles, 0, position + 1), options);
      if (whole.status[position] !== STATUS_UNKNOWN) knownChecked += 1;
      if (!isSame(whole, part, position)) differ('future', position, part, position);
    }
    for (const start of starts) {
      const part = evaluator(condition, rowsOf(candles, start, rows), options);
      for (let position = start; position < rows; position += 1) {
        const at = position - start;
        if (part.status[at] === STATUS_UNKNOWN) continue;
        beginningsChecked += 1;
        if (!isNear(whole, position, part, at, tolerance)) differ('beginning', position, part, at);
      }
    }
  }
  return {
    candles: rows,
    conditions: conditions.length,
    positionsChecked: positions.length,
    knownChecked,
    beginningsChecked,
    differences,
    differencesTotal,
  };
}

/** Rows `from` to before `to`, without a copy. */
function rowsOf(candles: Candles, from: number, to: number): Candles {
  return {
    intervalMs: candles.intervalMs,
    openTime: candles.openTime.subarray(from, to),
    open: candles.open.subarray(from, to),
    high: candles.high.subarray(from, to),
    low: candles.low.subarray(from, to),
    close: candles.close.subarray(from, to),
    volume: candles.volume.subarray(from, to),
  };
}

/** Equal in every bit: nothing but the future can make a difference. */
function isSame(whole: ConditionTrace, part: ConditionTrace, position: number): boolean {
  if (whole.status[position] !== part.status[position]) return false;
  return longest(whole, part).every((_, place) =>
    Object.is(whole.values[place]?.[position] ?? NaN, part.values[place]?.[position] ?? NaN),
  );
}

/** Known in both, with values that lie close together. The verdict may still differ where a value is at its limit. */
function isNear(
  whole: ConditionTrace,
  position: number,
  part: ConditionTrace,
  at: number,
  tolerance: number,
): boolean {
  if (whole.status[position] === STATUS_UNKNOWN) return false;
  let areEqual = true;
  const areNear = longest(whole, part).every((_, place) => {
    const one = whole.values[place]?.[position] ?? NaN;
    const other = part.values[place]?.[at] ?? NaN;
    if (Object.is(one, other)) return true;
    areEqual = false;
    return Math.abs(one - other) <= tolerance * Math.max(1, Math.abs(one));
  });
  // The same values must give the same verdict, once the candle before is as settled.
  return areNear && (!areEqual || whole.status[position] === part.status[at] || at === 0);
}

function longest(whole: ConditionTrace, part: ConditionTrace): readonly Float64Array[] {
  return whole.values.length >= part.values.length ? whole.values : part.values;
}

function valueAt(trace: ConditionTrace, position: number): LookaheadValue {
  return {
    status: trace.status[position] ?? STATUS_UNKNOWN,
    values: trace.values.map((column) => {
      const value = column[position] ?? NaN;
      return Number.isNaN(value) ? null : value;
    }),
  };
}

/** At most `count` of the rows 0 to `rows` − 1, ascending. */
function sample(rows: number, count: number, random: () => number): number[] {
  if (rows <= count) return Array.from({ length: rows }, (_, row) => row);
  const chosen = new Set<number>();
  while (chosen.size < count) chosen.add(Math.floor(random() * rows));
  return [...chosen].toSorted((left, right) => left - right);
}

/** Numbers from 0 to below 1 from a linear congruence: the same seed gives the same positions. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}
