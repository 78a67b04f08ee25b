// SPDX-License-Identifier: Apache-2.0
// Random markets of an hour: made-up ones with thin books, and candles with jumps.

import type { CandleRow } from '../../simulator/src/market/feed.ts';
import type { Random } from '../../simulator/src/market/random.ts';
import type { CandlePath } from '../../simulator/src/market/replay.ts';
import { defaultPairs, type SyntheticPair } from '../../simulator/src/market/synthetic.ts';
import { defaultInstruments } from '../../simulator/src/instruments.ts';

export type MarketPlan =
  | {
      readonly kind: 'synthetic';
      readonly symbols: readonly string[];
      readonly pairs: readonly SyntheticPair[];
    }
  | {
      readonly kind: 'candles';
      readonly symbols: readonly string[];
      readonly intervalMs: number;
      readonly path: CandlePath;
      readonly startMs: number;
      readonly feeds: readonly { readonly symbol: string; readonly rows: readonly CandleRow[] }[];
    };

export interface MarketLength {
  /** From the start on, the time in which everything settles included. */
  readonly minutes: number;
  readonly historyMinutes: number;
}

const REPLAY_START_MS = 1_700_000_040_000;
const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export function randomMarket(random: Random, length: MarketLength): MarketPlan {
  const count = 1 + random.below(3);
  const symbols = random
    .shuffled(defaultPairs.map(({ symbol }) => symbol))
    .slice(0, count)
    .toSorted();
  return random.chance(0.6)
    ? { kind: 'synthetic', symbols, pairs: symbols.map((symbol) => randomPair(random, symbol)) }
    : randomCandles(random, symbols, length);
}

/** Where a symbol's price starts. */
export function startPrice(symbol: string): number {
  return defaultPairs.find((pair) => pair.symbol === symbol)?.startPrice ?? 1;
}

/** Few ticks and few levels, so that an hour is cheap, and amounts so small that orders fill in parts. */
function randomPair(random: Random, symbol: string): SyntheticPair {
  const levels = 3 + random.below(4);
  return {
    symbol,
    startPrice: startPrice(symbol),
    tickMs: 2_000 + random.below(4_000),
    beta: 0.5 + 1.5 * random.unit(),
    noise: 0.001 + 0.005 * random.unit(),
    halfSpread: 0.0001 + 0.0012 * random.unit() ** 2,
    levels,
    levelStep: 0.0004 + 0.002 * random.unit(),
    levelAmount: 60 + 1_500 * random.unit() ** 2,
    takerAmount: 20 + 300 * random.unit(),
    takersPerSecond: 0.03 + 0.2 * random.unit(),
    holesPerSecond: random.chance(0.4) ? 1 / 300 : 0,
  };
}

function randomCandles(
  random: Random,
  symbols: readonly string[],
  length: MarketLength,
): MarketPlan {
  const intervalMs = [15_000, 30_000, MINUTE_MS][random.below(3)] ?? MINUTE_MS;
  const startMs = REPLAY_START_MS + random.below(700) * DAY_MS;
  const before = Math.ceil((length.historyMinutes * MINUTE_MS) / intervalMs);
  const after = Math.ceil((length.minutes * MINUTE_MS) / intervalMs);
  const sway = (0.0006 + 0.0035 * random.unit()) * Math.sqrt(intervalMs / MINUTE_MS);
  const drift = sway * (random.unit() - 0.5) * 0.4;
  const jumps = random.chance(0.5) ? 0.01 + 0.03 * random.unit() : 0;
  const feeds = symbols.map((symbol) => {
    const rows: CandleRow[] = [];
    const decimals = priceDecimals(symbol);
    const least = 10 ** -decimals;
    const text = (price: number): string => Math.max(2 * least, price).toFixed(decimals);
    let price = startPrice(symbol);
    for (let index = -before; index < after; index += 1) {
      if (random.chance(jumps)) price *= 1 + (random.unit() - 0.5) * 0.1;
      const open = price;
      const close = open * (1 + drift + sway * random.gaussian());
      const high = Math.max(open, close) * (1 + sway * random.unit());
      const low = Math.min(open, close) * (1 - sway * random.unit());
      // Trades of a market at rest have no volume, and sometimes no candle.
      const volume = random.chance(0.03) ? 0 : 10 + random.below(5_000);
      price = close;
      if (index > 0 && random.chance(0.01)) continue;
      rows.push({
        openMs: startMs + index * intervalMs,
        open: text(open),
        high: text(high),
        low: text(low),
        close: text(close),
        volume: String(volume),
      });
    }
    return { symbol, rows };
  });
  const path = random.chance(0.5) ? 'low-first' : 'high-first';
  return { kind: 'candles', symbols, intervalMs, path, startMs, feeds };
}

function priceDecimals(symbol: string): number {
  const instrument = defaultInstruments.find((known) => known.symbol === symbol);
  return instrument?.priceScale ?? 2;
}
