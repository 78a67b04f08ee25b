// SPDX-License-Identifier: Apache-2.0
// Puts a bot's conditions to the test on recorded candles: whether they know the future, or hang on where the candles
// begin.

import {
  checkLookahead,
  conditionLists,
  intervalOfLength,
  watchFault,
  type BotSettings,
  type Candles,
  type FieldError,
  type LookaheadReport,
  type MissingCandles,
} from '@kontor/core';
import type { RunMarket } from './document.ts';

/** One list of conditions on one symbol. */
export interface LookaheadCheck {
  readonly symbol: string;
  /** The field of the settings that holds the conditions. */
  readonly field: string;
  readonly report: LookaheadReport;
}

/** Candles looked at: each position is a whole evaluation. */
const CANDLES_MAX = 100_000;
const POSITIONS_MAX = 60;
const STARTS_MAX = 8;
const SEED = 20_221_111;

/** The checks of all conditions of `settings` in all `markets`; refused where there is nothing to check. */
export function checkConditions(
  settings: BotSettings,
  markets: readonly RunMarket[],
  missing: MissingCandles,
):
  | { readonly kind: 'lookahead'; readonly checks: readonly LookaheadCheck[] }
  | { readonly kind: 'refused'; readonly errors: readonly FieldError[] } {
  const lists = conditionLists(settings);
  if (lists.length === 0) {
    const expected = 'a bot with indicator conditions, for there is nothing to check';
    return { kind: 'refused', errors: [{ field: 'startConditions', expected, found: 'none' }] };
  }
  const errors: FieldError[] = [];
  const checks: LookaheadCheck[] = [];
  for (const { market } of markets) {
    const { instrument, candles } = market;
    const base = intervalOfLength(candles.intervalMs);
    for (const { field, conditions } of lists) {
      const fault =
        base === undefined ? 'candles of no usual length' : watchFault(conditions, base);
      if (fault !== null) {
        errors.push({ field, expected: 'conditions that the candles can answer', found: fault });
        continue;
      }
      const report = checkLookahead(conditions, lastOf(candles, CANDLES_MAX), {
        instrument,
        missing,
        positionsMax: POSITIONS_MAX,
        startsMax: STARTS_MAX,
        seed: SEED,
      });
      checks.push({ symbol: instrument.symbol, field, report });
    }
  }
  return errors.length > 0 ? { kind: 'refused', errors } : { kind: 'lookahead', checks };
}

/** Whether a check found nothing wrong and had something to look at. */
export function isPassed({ report }: LookaheadCheck): boolean {
  return report.differencesTotal === 0 && report.knownChecked > 0;
}

function lastOf(candles: Candles, count: number): Candles {
  const first = Math.max(0, candles.openTime.length - count);
  const { intervalMs, openTime, open, high, low, close, volume } = candles;
  return {
    intervalMs,
    openTime: openTime.subarray(first),
    open: open.subarray(first),
    high: high.subarray(first),
    low: low.subarray(first),
    close: close.subarray(first),
    volume: volume.subarray(first),
  };
}
