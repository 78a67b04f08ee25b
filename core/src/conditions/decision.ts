// SPDX-License-Identifier: Apache-2.0
// At which closes conditions decide, and what they read there in the words of a signal.

import type { Interval } from '../candle-interval.ts';
import type { Reading } from '../machine.ts';
import type { ConditionRule } from './condition-rule.ts';
import type { ConditionTrace } from './condition-series.ts';
import type { ConditionReading } from './condition-watcher.ts';
import type { Condition } from './condition.ts';

/**
 * The intervals at whose closes `conditions` are a signal when all are met: those of the conditions. The volume of 24
 * hours only stands in the way of others; alone it decides at every candle of `base`.
 */
export function decisionIntervals(
  conditions: readonly Condition[],
  base: Interval,
): readonly Interval[] {
  const intervals = new Set<Interval>();
  for (const condition of conditions) {
    if (condition.kind !== 'volume24h') intervals.add(condition.interval);
  }
  return intervals.size === 0 ? [base] : [...intervals];
}

/** A watcher's reading as a signal carries it. */
export function signalReading({ label, interval, text }: ConditionReading): Reading {
  const name = `${label} ${interval}`;
  return { label: name, value: text.slice(name.length).replace(/^[ ,]+/, '') };
}

/** The same of a condition that is met at row `at` of its trace. */
export function traceReading(rule: ConditionRule, trace: ConditionTrace, at: number): Reading {
  const values = trace.values.map((column) => column[at] ?? NaN);
  return {
    label: `${rule.label} ${rule.interval}`,
    value: `${rule.valueText(values)}, ${rule.demand}`,
  };
}
