// SPDX-License-Identifier: Apache-2.0
// Wilder's parabolic stop and reverse (SAR), started as in TA-Lib.

import { emptyColumn, type Indicator } from './indicator.ts';

export interface ParabolicSarSettings {
  /** What each new extreme adds to the acceleration, and where it begins. */
  readonly step: number;
  readonly maximum: number;
}

export interface ParabolicSarState {
  readonly step: number;
  readonly maximum: number;
  /** Candles taken, at most 2. */
  seen: number;
  /** 1 up, −1 down. */
  trend: number;
  /** The stop that the next candle meets. */
  nextSar: number;
  extreme: number;
  acceleration: number;
  previousHigh: number;
  previousLow: number;
}

/** `sar` is the stop that holds in this candle, or after a turn in it; `trend` is 1 when it lies below the price. */
export const parabolicSar: Indicator<ParabolicSarSettings, ParabolicSarState, 'sar' | 'trend'> = {
  outputs: ['sar', 'trend'],
  warmUpCandles: () => 2,
  // Two runs agree from the first turns they share; how long that takes was measured, it has no bound.
  settledAfter: ({ step }) => 2 + Math.ceil(TURNS_WITHIN / step),
  start: ({ step, maximum }) => ({
    step,
    maximum,
    seen: 0,
    trend: 1,
    nextSar: 0,
    extreme: 0,
    acceleration: Math.min(step, maximum),
    previousHigh: 0,
    previousLow: 0,
  }),
  next(state, { high, low }) {
    const sar = advance(state, high, low);
    return Number.isNaN(sar) ? undefined : { sar, trend: state.trend };
  },
  columns({ high, low }, settings) {
    const rows = high.length;
    const state = parabolicSar.start(settings);
    const sar = emptyColumn(rows);
    const trend = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      const value = advance(state, high[row] ?? 0, low[row] ?? 0);
      if (Number.isNaN(value)) continue;
      sar[row] = value;
      trend[row] = state.trend;
    }
    return { sar, trend };
  },
};

/** Divided by the step: half as much again as the slowest of 1,309 starts on five-minute candles took. */
const TURNS_WITHIN = 5;

/** Takes one candle; NaN for the first. */
function advance(state: ParabolicSarState, high: number, low: number): number {
  if (state.seen === 0) {
    state.seen = 1;
    state.previousHigh = high;
    state.previousLow = low;
    return NaN;
  }
  if (state.seen === 1) {
    state.seen = 2;
    const up = high - state.previousHigh;
    const down = state.previousLow - low;
    state.trend = down > 0 && up < down ? -1 : 1;
    state.nextSar = state.trend > 0 ? state.previousLow : state.previousHigh;
    state.extreme = state.trend > 0 ? high : low;
    // TA-Lib: the second candle stands for the one before it too.
    state.previousHigh = high;
    state.previousLow = low;
  }
  let sar = state.nextSar;
  const hasTurned = state.trend > 0 ? low <= sar : high >= sar;
  if (hasTurned) {
    state.trend = -state.trend;
    sar = beyond(state, state.extreme, high, low);
    state.acceleration = Math.min(state.step, state.maximum);
    state.extreme = state.trend > 0 ? high : low;
  } else if (state.trend > 0 ? high > state.extreme : low < state.extreme) {
    state.extreme = state.trend > 0 ? high : low;
    state.acceleration = Math.min(state.acceleration + state.step, state.maximum);
  }
  state.nextSar = beyond(state, sar + state.acceleration * (state.extreme - sar), high, low);
  state.previousHigh = high;
  state.previousLow = low;
  return sar;
}

/** `stop`, kept out of the range of this candle and the one before. */
function beyond(state: ParabolicSarState, stop: number, high: number, low: number): number {
  return state.trend > 0
    ? Math.min(stop, state.previousLow, low)
    : Math.max(stop, state.previousHigh, high);
}
