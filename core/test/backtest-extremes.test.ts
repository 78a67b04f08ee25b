// SPDX-License-Identifier: Apache-2.0
// Bots of every kind on instruments and markets at the ends of what numbers allow.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  makeInstrument,
  parseSettings,
  priceTicks,
  runBacktest,
  type BotSettings,
  type Candles,
  type Instrument,
} from '../src/index.ts';
import { diceOf, randomSettings, type Dice } from './random-settings.ts';

const SEED = 50_000;
const RUNS = 1_000;
const MINUTE_MS = 60_000;
const MINUTES = 60;
const START_MS = 1_699_999_980_000;
/** From a tick of a cent to one of 10^-8, whole coins to 10^-8 of one, with and without limits of value. */
function anyInstrument(dice: Dice): { readonly instrument: Instrument; readonly ticks: number } {
  const priceScale = 2 + dice.below(7);
  const quantityScale = dice.below(9);
  const step = (decimals: number): string => (1 / 10 ** decimals).toFixed(decimals);
  // Often a few ticks only: there every rounding is as coarse as it gets.
  const price = 10 ** (-priceScale + (3 + priceScale) * dice.unit() ** 2);
  const instrument = makeInstrument({
    symbol: 'AAABBB',
    baseAsset: 'AAA',
    quoteAsset: 'BBB',
    tickSize: step(priceScale),
    lotSize: step(quantityScale),
    minPrice: dice.chance(0.3) ? '0' : step(priceScale),
    maxPrice: String(Math.ceil(price * 1_000) + 10),
    minQuantity: step(quantityScale),
    maxQuantity: dice.chance(0.5) ? '90000000' : '9000',
    minNotional: ['0', '0.0001', '5'][dice.below(3)] ?? '0',
    maxNotional: dice.chance(0.5) ? '0' : '9000000',
  });
  return { instrument, ticks: Math.max(1, Math.round(price * 10 ** priceScale)) };
}

/** A calm market, or one that loses or wins most of its price within minutes. */
function anyCandles(dice: Dice, ticks: number): Candles {
  const sway = dice.chance(0.4) ? 0.4 : 0.01;
  const rows: number[][] = [];
  let open = ticks;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const close = Math.max(1, Math.round(open * (1 + sway * dice.gaussian())));
    const high = Math.max(open, close) + Math.floor(open * sway * dice.unit());
    const low = Math.max(1, Math.min(open, close) - Math.floor(open * sway * dice.unit()));
    const volume = dice.chance(0.1) ? 0 : 1 + dice.below(100_000);
    rows.push([START_MS + minute * MINUTE_MS, open, high, low, close, volume]);
    open = close;
  }
  const column = (place: number): Float64Array => Float64Array.from(rows, (row) => row[place] ?? 0);
  return {
    intervalMs: MINUTE_MS,
    openTime: column(0),
    open: column(1),
    high: column(2),
    low: column(3),
    close: column(4),
    volume: column(5),
  };
}

/** Null where random settings say nothing at so low a price: a grid whose lines have no digits to differ in. */
function anySettings(dice: Dice, price: number, kind: string | undefined): BotSettings | null {
  try {
    const given = randomSettings(dice, [{ symbol: 'AAABBB', price }], 'any', kind);
    const parsed = parseSettings(given);
    return parsed.ok ? parsed.settings : null;
  } catch {
    return null;
  }
}

/** Answers whether the bot could trade at all. */
function play(seed: number): boolean {
  const dice = diceOf(seed);
  const { instrument, ticks } = anyInstrument(dice);
  const candles = anyCandles(dice, ticks);
  const price = (ticks * instrument.tickUnits) / 10 ** instrument.priceScale;
  const kind = ['dca', 'grid', 'smartTrade', 'signal', 'rebalance'][seed % 5];
  const settings = anySettings(dice, price, kind);
  if (settings === null) return false;
  const faults = checkSettings(settings, [instrument], { AAABBB: priceTicks(ticks) }, 1_000);
  const report = runBacktest({
    settings,
    markets: [{ instrument, candles }],
    path: dice.chance(0.5) ? 'low-first' : 'high-first',
    makerFeePpm: 1_000,
    takerFeePpm: 1_000,
    startBalanceQuote: '100000',
    startBalances: { AAA: (10_000 / price).toFixed(instrument.quantityScale) },
    commands: [
      { time: START_MS, command: { kind: 'start' } },
      { time: START_MS + 30 * MINUTE_MS, command: { kind: 'closeAllDeals' } },
      { time: START_MS + 59 * MINUTE_MS, command: { kind: 'stop', deals: 'close' } },
    ],
    signals: [],
  });
  if (report.kind !== 'completed') {
    assert.ok(faults.length > 0, JSON.stringify(report));
    for (const { field, expected } of faults) assert.ok(field.length > 0 && expected.length > 0);
    return false;
  }
  for (const { price: paid, quantity } of report.fills) {
    assert.ok(Number(paid) > 0 && Number(quantity) > 0, `${quantity} at ${paid}`);
  }
  return true;
}

test('[B20] on any instrument and in any market a bot that passes the check runs to its end', (t) => {
  t.diagnostic(`seeds from ${SEED}`);
  let traded = 0;
  for (let seed = SEED; seed < SEED + RUNS; seed += 1) {
    try {
      if (play(seed)) traded += 1;
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error });
    }
  }
  t.diagnostic(`${traded} of ${RUNS} could trade`);
  assert.ok(traded > RUNS / 4);
});
