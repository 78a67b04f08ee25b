// SPDX-License-Identifier: Apache-2.0
// The difference of two exponential averages (MACD), the average of that difference, and their distance.

import { emptyColumn, type Indicator } from './indicator.ts';
import { emaColumn, emaSettledAfter, nextEma, startEma, type EmaState } from './moving-average.ts';

export interface MacdSettings {
  readonly fastPeriod: number;
  readonly slowPeriod: number;
  readonly signalPeriod: number;
}

export interface MacdState {
  /** Candles that the shorter average leaves out: as in TA-Lib, both are seeded at the same candle. */
  readonly fastFrom: number;
  readonly slowFrom: number;
  /** Candles taken, until both averages take part. */
  seen: number;
  readonly fast: EmaState;
  readonly slow: EmaState;
  readonly signal: EmaState;
}

export const macd: Indicator<MacdSettings, MacdState, 'line' | 'signal' | 'histogram'> = {
  outputs: ['line', 'signal', 'histogram'],
  warmUpCandles: (settings) => longest(settings) + settings.signalPeriod - 1,
  settledAfter: (settings) =>
    emaSettledAfter(longest(settings)) + emaSettledAfter(settings.signalPeriod) - 1,
  start(settings) {
    const { fastPeriod, slowPeriod, signalPeriod } = settings;
    return {
      fastFrom: longest(settings) - fastPeriod,
      slowFrom: longest(settings) - slowPeriod,
      seen: 0,
      fast: startEma(fastPeriod),
      slow: startEma(slowPeriod),
      signal: startEma(signalPeriod),
    };
  },
  next(state, { close }) {
    const { seen, fastFrom, slowFrom } = state;
    const fast = seen >= fastFrom ? nextEma(state.fast, close) : NaN;
    const slow = seen >= slowFrom ? nextEma(state.slow, close) : NaN;
    if (seen < Math.max(fastFrom, slowFrom)) state.seen += 1;
    const line = fast - slow;
    if (Number.isNaN(line)) return undefined;
    const signal = nextEma(state.signal, line);
    return Number.isNaN(signal) ? undefined : { line, signal, histogram: line - signal };
  },
  columns({ close }, settings) {
    const { fastPeriod, slowPeriod, signalPeriod } = settings;
    const rows = close.length;
    const seeded = longest(settings) - 1;
    const fast = emaColumn(close, fastPeriod, seeded + 1 - fastPeriod);
    const slow = emaColumn(close, slowPeriod, seeded + 1 - slowPeriod);
    const line = fast;
    for (let row = seeded; row < rows; row += 1) line[row] = (fast[row] ?? 0) - (slow[row] ?? 0);
    const signal = emaColumn(line, signalPeriod, seeded, slow);
    const histogram = emptyColumn(rows);
    for (let row = seeded + signalPeriod - 1; row < rows; row += 1) {
      histogram[row] = (line[row] ?? 0) - (signal[row] ?? 0);
    }
    line.fill(NaN, 0, Math.min(seeded + signalPeriod - 1, rows));
    return { line, signal, histogram };
  },
};

function longest({ fastPeriod, slowPeriod }: MacdSettings): number {
  return Math.max(fastPeriod, slowPeriod);
}
