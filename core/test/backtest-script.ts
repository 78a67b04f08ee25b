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

export type CandleRow = readonly [open: number, high: number, low: number, close: number, volume?: number];

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

export const randomRun = fc.record({
  market: fc
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
    .map(({ start, steps }): CandleRow[] => {
      let ticks = start;
      const move = (from: number, basisPoints: number): number =>
        Math.max(2, from + Math.round((from * basisPoints) / 10_000));
      return steps.map(({ drift, up, down, gap, volume }) => {
        const open = move(ticks, gap);
        const close = move(open, drift);
        const high = move(Math.max(open, close), up);
        const low = move(Math.min(open, close), -down);
        ticks = close;
        return [open / 100, high / 100, low / 100, close / 100, volume];
      });
    }),
  settings: fc
    .record({
      baseOrderType: fc.constantFrom('market', 'limit'),
      baseOrderVolume: fc.integer({ min: 20, max: 300 }).map(String),
      safetyOrderVolume: fc.integer({ min: 20, max: 300 }).map(String),
      safetyOrderStep: fc
        .integer({ min: 10, max: 300 })
        .map((hundredths) => String(hundredths / 100)),
      maxSafetyOrders: fc.nat({ max: 6 }),
      active: fc.integer({ min: 1, max: 6 }),
      volumeScale: fc.constantFrom('0.8', '1', '1.25', '2'),
      stepScale: fc.constantFrom('0.7', '1', '1.3'),
      takeProfit: fc.integer({ min: 5, max: 400 }).map((hundredths) => String(hundredths / 100)),
      stopLoss: fc.option(fc.integer({ min: 1, max: 30 }).map(String), { nil: null }),
      cooldownSeconds: fc.constantFrom(0, 0, 30, 90, 600),
      maxSlippage: fc.constantFrom('0', '0.1', '1'),
    })
    .map(({ active, stopLoss, ...rest }) => ({
      ...settingsOf(),
      ...rest,
      ...(stopLoss === null ? {} : { stopLoss }),
      maxActiveSafetyOrders: Math.min(active, rest.maxSafetyOrders),
    })),
  options: fc.record({
    path: fc.constantFrom('low-first' as const, 'high-first' as const),
    makerFeePpm: fc.constantFrom(0, 200, 1000),
    takerFeePpm: fc.constantFrom(0, 500, 1000),
    startBalanceQuote: fc.constantFrom('250', '1000', '100000'),
  }),
});
