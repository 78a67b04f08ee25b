// SPDX-License-Identifier: Apache-2.0
// One desk of the test of one machine, as plain data that follows from a seed: bots of every kind, each on markets and
// money of its own.

import assert from 'node:assert/strict';
import type { Candles } from '@kontor/core';
import {
  BOT_KINDS,
  MINUTE_MS,
  randomBot,
  randomMarket,
  randomTerms,
  type BotTerms,
  type RandomBot,
} from '../core/test/random-bot.ts';
import { inferInstrument } from '../simulator/src/instruments.ts';
import { parseMarketText } from '../simulator/src/market/files.ts';
import { Random } from '../simulator/src/market/random.ts';

const START_MS = 1_700_000_040_000 - (1_700_000_040_000 % (60 * MINUTE_MS));
/** Candles before the first point, for conditions; the market must be at least as long. */
const HISTORY = 40;

/** Quote assets with one least order value; each bot has its own, and so its own money. */
const QUOTES = ['USDT', 'USDC', 'FDUSD', 'TUSD', 'BUSD', 'EUR', 'GBP', 'BRL'];
const BASES = [
  ...['ADA', 'LTC', 'XLM', 'DOT', 'UNI', 'FIL', 'ATOM', 'NEAR', 'AAVE', 'ALGO'],
  ...['APT', 'ARB', 'SUI', 'INJ', 'SEI'],
];

export interface Plan extends BotTerms {
  readonly seed: number;
  readonly history: number;
  readonly bots: readonly RandomBot[];
  /** The file of each symbol, in the order in which the markets are walked. */
  readonly files: ReadonlyMap<string, string>;
}

/** The desk of `seed`, with markets of so many candles. */
export function planOf(seed: number, candles: number): Plan {
  assert.ok(candles >= HISTORY, `a market of at least ${HISTORY} candles`);
  const random = Random.fromSeed(`${seed} one machine`);
  const terms = randomTerms(random, START_MS, candles);
  const bases = random.shuffled(BASES);
  const files = new Map<string, string>();
  const bots = BOT_KINDS.map(({ kind, markets: count }, index) => {
    const quote = QUOTES[index] ?? '';
    const length = { startMs: START_MS, history: HISTORY, candles };
    const made = bases
      .splice(0, count)
      .map((base) => randomMarket(random, { base, quote }, length));
    const bot = randomBot(random, { kind, markets: made, quoteAsset: quote, ...terms });
    for (const market of made) {
      // One candle more than is walked: at a market's end the last one is told as closed, and no backtest hears that.
      if (bot.markets.includes(market)) files.set(market.symbol, csvOf(market));
    }
    return bot;
  });
  return { seed, history: HISTORY, ...terms, bots, files };
}

function csvOf(market: ReturnType<typeof randomMarket>): string {
  const { symbol, instrument } = market;
  const { priceScale, quantityScale, baseAsset, quoteAsset } = instrument;
  const lines = [market.warmUp, market.candles, market.after].flatMap((candles) =>
    [...candles.openTime].map((openTime, row) => {
      const price = (column: Candles['open']): string =>
        ((column[row] ?? 0) / 10 ** priceScale).toFixed(priceScale);
      const prices = [candles.open, candles.high, candles.low, candles.close].map(price);
      const volume = ((candles.volume[row] ?? 0) / 10 ** quantityScale).toFixed(quantityScale);
      return [openTime, ...prices, volume].join(',');
    }),
  );
  const text = `open_time,open,high,low,close,volume\n${lines.join('\n')}\n`;
  const feed = parseMarketText(text, `${symbol}.csv`, { symbol, baseAsset, quoteAsset });
  const { info: _, ...inferred } = inferInstrument(feed);
  assert.deepEqual(inferred, { ...instrument }, 'the exchange gives the symbol the same rules');
  return text;
}
