// SPDX-License-Identifier: Apache-2.0
// Backtests as tables: candles as rows of prices, the trade log as lines; and random markets and settings.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  runBacktest,
  type BacktestInput,
  type BacktestReport,
  type Candles,
} from '../src/index.ts';
import { COIN, settingsOf } from './deal-script.ts';

export const MINUTE = 60_000;
export const START = 1_700_000_000_000 - (1_700_000_000_000 % MINUTE);

export type CandleRow = readonly [
  open: number,
  high: number,
  low: number,
  close: number,
  volume?: number,
];

/** One-minute candles in ticks of 0.01, from prices. */
export function candlesOf(rows: readonly CandleRow[]): Candles {
  const column = (pick: (row: CandleRow) => number): Int32Array =>
    Int32Array.from(rows, (row) => Math.round(pick(row) * 100));
  return {
    intervalMs: MINUTE,
    openTime: Float64Array.from(rows, (_, index) => START + index * MINUTE),
    open: column(([open]) => open),
    high: column(([, high]) => high),
    low: column(([, , low]) => low),
    close: column(([, , , close]) => close),
    volume: Float64Array.from(rows, ([, , , , volume]) => volume ?? 100),
  };
}

export const DEFAULTS = {
  path: 'low-first',
  makerFeePpm: 0,
  takerFeePpm: 0,
  startBalanceQuote: '1000',
} as const;

export function run(
  candles: Candles,
  settings: Readonly<Record<string, unknown>> = {},
  options: Partial<BacktestInput> = {},
): BacktestReport {
  const result = runBacktest({
    ...DEFAULTS,
    markets: [{ instrument: COIN, candles }],
    settings: settingsOf(settings),
    ...options,
  });
  assert.equal(result.kind, 'completed', JSON.stringify(result));
  assert.ok(result.kind === 'completed');
  return result;
}

/** Trade log as `minute:point order quantity @ price`. */
export function log(report: BacktestReport): string[] {
  return report.fills.map((fill) => {
    const minute = Math.floor((fill.time - START) / MINUTE);
    const point = ['0', '20', '40', '59.999'].indexOf(
      String(((fill.time - START) % MINUTE) / 1000),
    );
    const name = fill.ladderIndex > 0 ? `${fill.order} ${fill.ladderIndex}` : fill.order;
    return `${minute}:${point} ${name} ${fill.quantity} @ ${fill.price} ${fill.isMaker ? 'maker' : 'taker'}`;
  });
}

/** Candles of a random walk; prices stay above two ticks. */
export const randomMarket: fc.Arbitrary<CandleRow[]> = fc
  .record({
    start: fc.integer({ min: 300, max: 30_000 }),
    steps: fc.array(
      fc.record({
        drift: fc.integer({ min: -300, max: 300 }),
        up: fc.nat({ max: 250 }),
        down: fc.nat({ max: 250 }),
        gap: fc.integer({ min: -30, max: 30 }),
        volume: fc.nat({ max: 50 }),
      }),
      { minLength: 20, maxLength: 300 },
    ),
  })
  .map(({ start, steps }) => {
    let ticks = start;
    const move = (from: number, basisPoints: number): number =>
      Math.max(2, from + Math.round((from * basisPoints) / 10_000));
    return steps.map(({ drift, up, down, gap, volume }): CandleRow => {
      const open = move(ticks, gap);
      const close = move(open, drift);
      const high = move(Math.max(open, close), up);
      const low = move(Math.min(open, close), -down);
      ticks = close;
      return [open / 100, high / 100, low / 100, close / 100, volume];
    });
  });

const percent = (least: number, most: number): fc.Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((hundredths) => String(hundredths / 100));

/** One condition that a short market can meet. */
const randomCondition = fc.oneof(
  fc.record({
    kind: fc.constant('rsi'),
    interval: fc.constantFrom('1m', '3m', '5m'),
    period: fc.integer({ min: 2, max: 5 }),
    comparison: fc.constantFrom('below', 'above', 'crossesBelow', 'crossesAbove'),
    value: fc.constantFrom('30', '45', '55', '70'),
  }),
  fc.record({
    kind: fc.constant('priceChange'),
    interval: fc.constantFrom('1m', '3m'),
    candles: fc.integer({ min: 1, max: 4 }),
    comparison: fc.constantFrom('below', 'above'),
    value: fc.constantFrom('-1', '0', '1'),
  }),
  fc.record({
    kind: fc.constant('maCross'),
    interval: fc.constantFrom('1m', '5m'),
    average: fc.constant('sma'),
    fastPeriod: fc.constant(2),
    slowPeriod: fc.integer({ min: 3, max: 6 }),
    comparison: fc.constantFrom('above', 'below', 'crossesAbove'),
  }),
);
export const randomConditions = fc.array(randomCondition, { minLength: 1, maxLength: 2 });

/** What makes deals start, average and close other than prices, and the limits around it. */
export const randomTriggers: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({
    start: fc.constantFrom('immediately', 'immediately', 'conditions'),
    startConditions: randomConditions,
    startDelaySeconds: fc.constantFrom(0, 0, 45),
    deals: fc.integer({ min: 1, max: 3 }),
    stopAfterDeals: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null, freq: 3 }),
    safetyOrders: fc.constantFrom('price', 'price', 'conditions'),
    safetyOrderConditions: randomConditions,
    close: fc.constantFrom('none', 'conditions'),
    closeConditions: randomConditions,
    minProfitType: fc.constantFrom('total', 'base', 'none'),
    minPricePercent: fc.option(percent(-1500, -100), { nil: null, freq: 2 }),
    maxPricePercent: fc.option(percent(-50, 1000), { nil: null, freq: 2 }),
    reinvest: fc.constantFrom('0', '50'),
    riskReduction: fc.constantFrom('0', '100'),
    stopLossTrailing: fc.boolean(),
    trailingDeviation: fc.option(percent(20, 100), { nil: null, freq: 2 }),
    closeTimeoutSeconds: fc.option(fc.integer({ min: 60, max: 4000 }), { nil: null, freq: 2 }),
  })
  .map((one) => ({
    startTrigger: one.start,
    ...(one.start === 'conditions' ? { startConditions: one.startConditions } : {}),
    startDelaySeconds: one.startDelaySeconds,
    maxActiveDeals: one.deals,
    maxActiveDealsPerSymbol: one.start === 'conditions' ? one.deals : 1,
    ...(one.stopAfterDeals === null ? {} : { stopAfterDeals: one.stopAfterDeals }),
    safetyOrderTrigger: one.safetyOrders,
    ...(one.safetyOrders === 'conditions'
      ? { safetyOrderConditions: one.safetyOrderConditions }
      : {}),
    closeTrigger: one.close,
    ...(one.close === 'conditions' ? { closeConditions: one.closeConditions } : {}),
    minProfitType: one.minProfitType,
    ...(one.minPricePercent === null ? {} : { minPricePercent: one.minPricePercent }),
    ...(one.maxPricePercent === null ? {} : { maxPricePercent: one.maxPricePercent }),
    reinvest: one.reinvest,
    riskReduction: one.riskReduction,
    stopLossTrailing: one.stopLossTrailing,
    ...(one.trailingDeviation === null ? {} : { trailingDeviation: one.trailingDeviation }),
    ...(one.closeTimeoutSeconds === null ? {} : { closeTimeoutSeconds: one.closeTimeoutSeconds }),
  }));

export const randomSettings: fc.Arbitrary<Readonly<Record<string, unknown>>> = fc
  .record({
    baseOrderType: fc.constantFrom('market', 'limit'),
    baseOrderVolume: fc.integer({ min: 20, max: 300 }).map(String),
    safetyOrderVolume: fc.integer({ min: 20, max: 300 }).map(String),
    safetyOrderStep: percent(10, 300),
    maxSafetyOrders: fc.nat({ max: 6 }),
    active: fc.integer({ min: 1, max: 6 }),
    volumeScale: fc.constantFrom('0.8', '1', '1.25', '2'),
    stepScale: fc.constantFrom('0.7', '1', '1.3'),
    takeProfit: percent(5, 400),
    stopLoss: fc.option(fc.integer({ min: 1, max: 30 }).map(String), { nil: null }),
    cooldownSeconds: fc.constantFrom(0, 0, 30, 90, 600),
    maxSlippage: fc.constantFrom('0', '0.1', '1'),
  })
  .map(({ active, stopLoss, ...rest }) => ({
    ...settingsOf(),
    ...rest,
    ...(stopLoss === null ? {} : { stopLoss }),
    maxActiveSafetyOrders: Math.min(active, rest.maxSafetyOrders),
  }));

export const randomOptions: fc.Arbitrary<
  Pick<BacktestInput, 'path' | 'makerFeePpm' | 'takerFeePpm' | 'startBalanceQuote'>
> = fc.record({
  path: fc.constantFrom('low-first' as const, 'high-first' as const),
  makerFeePpm: fc.constantFrom(0, 200, 1000),
  takerFeePpm: fc.constantFrom(0, 500, 1000),
  startBalanceQuote: fc.constantFrom('250', '1000', '100000'),
});
