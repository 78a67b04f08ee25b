// SPDX-License-Identifier: Apache-2.0
// Heikin-Ashi candles: averaged ones that show a trend by their colour, and how many of one colour came in a row.

import { assertPeriod, candlesUntilFaded, emptyColumn, type Indicator } from './indicator.ts';

export interface HeikinAshiSettings {
  /** Candles of one colour are counted up to here. */
  readonly runMost: number;
}

export interface HeikinAshiState {
  readonly runMost: number;
  /** Candles taken, at most `runMost`. */
  seen: number;
  open: number;
  close: number;
  run: number;
}

/** `run` is 3 for the third green candle in a row, −3 for the third red one, 0 for one without a body. */
export const heikinAshi: Indicator<
  HeikinAshiSettings,
  HeikinAshiState,
  'open' | 'high' | 'low' | 'close' | 'run'
> = {
  outputs: ['open', 'high', 'low', 'close', 'run'],
  warmUpCandles: ({ runMost }) => runMost,
  settledAfter: ({ runMost }) => runMost + candlesUntilFaded(0.5),
  start({ runMost }) {
    assertPeriod(runMost);
    return { runMost, seen: 0, open: 0, close: 0, run: 0 };
  },
  next(state, { open, high, low, close }) {
    if (!advance(state, open, high, low, close)) return undefined;
    return {
      open: state.open,
      high: Math.max(high, state.open, state.close),
      low: Math.min(low, state.open, state.close),
      close: state.close,
      run: state.run,
    };
  },
  columns(bars, settings) {
    const rows = bars.close.length;
    const state = heikinAshi.start(settings);
    const open = emptyColumn(rows);
    const high = emptyColumn(rows);
    const low = emptyColumn(rows);
    const close = emptyColumn(rows);
    const run = emptyColumn(rows);
    for (let row = 0; row < rows; row += 1) {
      const most = bars.high[row] ?? 0;
      const least = bars.low[row] ?? 0;
      if (!advance(state, bars.open[row] ?? 0, most, least, bars.close[row] ?? 0)) continue;
      open[row] = state.open;
      high[row] = Math.max(most, state.open, state.close);
      low[row] = Math.min(least, state.open, state.close);
      close[row] = state.close;
      run[row] = state.run;
    }
    return { open, high, low, close, run };
  },
};

/** Takes one candle; true when there are values. */
function advance(
  state: HeikinAshiState,
  open: number,
  high: number,
  low: number,
  close: number,
): boolean {
  state.open = state.seen === 0 ? (open + close) / 2 : (state.open + state.close) / 2;
  state.close = (open + high + low + close) / 4;
  const colour = Math.sign(state.close - state.open);
  if (colour === 0) state.run = 0;
  else if (Math.sign(state.run) !== colour) state.run = colour;
  else if (Math.abs(state.run) < state.runMost) state.run += colour;
  if (state.seen < state.runMost) state.seen += 1;
  return state.seen === state.runMost;
}
