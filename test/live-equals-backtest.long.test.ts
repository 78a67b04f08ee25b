// SPDX-License-Identifier: Apache-2.0
// One machine: the same bot on the same candles fills the same orders in a backtest and live, through server, signer,
// egress and the simulator that replays the candles.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  makeSettings,
  parsePrice,
  parseQuantity,
  runBacktest,
  trimDecimal,
  type Candles,
  type DcaSettings,
  type Instrument,
  type Parsed,
} from '@kontor/core';
import { binancePublicMarket } from '@kontor/exchange';
import type { api } from '@kontor/server';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  untilQuiet,
  type SimulatorProcess,
} from './harness.ts';

const SEED = 20_261_122;
const CANDLES = 90;
const INTERVAL_MS = 60_000;
const START_MS = 1_700_000_040_000;
const BALANCE = '5000';
const FEE_PPM = 1_000;
const LEAST_FILLS = 15;

interface Row {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Equal',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '110',
  safetyOrderStep: '0.3',
  maxSafetyOrders: 4,
  maxActiveSafetyOrders: 2,
  volumeScale: '1.3',
  stepScale: '1.2',
  takeProfit: '0.35',
  stopLoss: '2.2',
  cooldownSeconds: 90,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

for (const [name, settings] of [
  ['market base orders and a stop loss', SETTINGS],
  [
    'limit base orders and a long ladder',
    {
      ...SETTINGS,
      baseOrderType: 'limit',
      maxSafetyOrders: 8,
      maxActiveSafetyOrders: 8,
      stopLoss: '9',
      cooldownSeconds: 0,
    },
  ],
  // With a pause after each deal no close can tell of a start at the very moment at which a deal ends.
  [
    'starts on RSI, safety orders and closes on conditions',
    makeSettings<DcaSettings>('dca', {
      ...SETTINGS,
      startTrigger: 'conditions',
      startConditions: [
        { kind: 'rsi', interval: '1m', period: 3, comparison: 'below', value: '70' },
      ],
      startDelaySeconds: 20,
      safetyOrderTrigger: 'conditions',
      safetyOrderConditions: [
        { kind: 'priceChange', interval: '1m', candles: 1, comparison: 'below', value: '0.1' },
      ],
      maxActiveSafetyOrders: 0,
      takeProfit: '0.6',
      stopLoss: '4',
      closeTrigger: 'conditions',
      closeConditions: [
        { kind: 'rsi', interval: '1m', period: 2, comparison: 'above', value: '50' },
      ],
      minProfit: '0.1',
      cooldownSeconds: 61,
    }),
  ],
] as const) {
  test(`[R11] ${name}: live and backtest give the same fills (seed ${SEED})`, async (t) => {
    const defer = deferrer(t);
    const directory = temporaryDirectory(defer);
    const known = randomWalk(SEED, CANDLES + 1);
    // The market goes on after the last candle that is traded: a close is known when the next candle begins.
    const rows = known.slice(0, CANDLES);
    const file = join(directory, 'ETHUSDT-1m.csv');
    writeFileSync(file, toCsv(known));
    const simulator = await startSimulator([
      '--market',
      file,
      '--speed',
      '0',
      '--history',
      '0',
      '--account',
      `demo:USDT=${BALANCE}`,
    ]);
    defer(() => simulator.stop());
    const desk = await startDesk({
      simulator,
      bots: [settings],
      directory: join(directory, 'desk'),
    });
    defer(() => desk.stop());

    const { addresses } = simulator;
    const [instrument] = await binancePublicMarket(addresses).instruments(['ETHUSDT']);
    assert.ok(instrument !== undefined);
    const result = runBacktest({
      settings,
      markets: [{ instrument, candles: toCandles(instrument, rows) }],
      path: 'low-first',
      makerFeePpm: FEE_PPM,
      takerFeePpm: FEE_PPM,
      startBalanceQuote: BALANCE,
    });
    assert.equal(result.kind, 'completed');
    if (result.kind !== 'completed') return;

    await walk(simulator, desk, rows.length * 4);
    const page = await desk.client.get<api.DealPage>('/api/v1/deals?limit=500');
    const live = page.deals
      .flatMap((deal) => deal.fills)
      .map((fill) => [
        fill.time,
        fill.side,
        Number(fill.price),
        Number(fill.quantity),
        trimDecimal(fill.commission),
      ])
      .toSorted(inOrder);
    const backtest = result.fills
      .map((fill) => [
        fill.time,
        fill.side,
        Number(fill.price),
        Number(fill.quantity),
        trimDecimal(fill.commission),
      ])
      .toSorted(inOrder);
    assert.ok(
      backtest.length > LEAST_FILLS,
      `expected a market with some life, got ${backtest.length} fills`,
    );
    assert.deepEqual(live, backtest);
    t.diagnostic(`${live.length} fills in ${page.deals.length} deals are equal`);
  });
}

async function walk(
  simulator: SimulatorProcess,
  desk: Parameters<typeof untilQuiet>[0],
  points: number,
): Promise<void> {
  for (let point = 0; point < points; point += 1) {
    const { marketMs } = await simulator.control<{ readonly marketMs: number }>('/market/step', {
      points: 1,
    });
    // The first point of a candle tells that the one before has closed: first the conditions, then what comes of them.
    if (point % 4 === 0 && point > 0) await untilConditions(desk, marketMs);
    await untilQuiet(desk, simulator, marketMs);
  }
}

/** Waits until the conditions of all bots have seen the candle that closed at `closedAt`. */
async function untilConditions(
  desk: Parameters<typeof untilQuiet>[0],
  closedAt: number,
): Promise<void> {
  const [bot] = await desk.client.get<readonly api.Bot[]>('/api/v1/bots');
  assert.ok(bot !== undefined);
  await until(`candles up to ${closedAt}`, async () => {
    const watched = await desk.client.get<readonly api.Conditions[]>(
      `/api/v1/bots/${bot.id}/conditions`,
    );
    const isSeen = watched.every(({ closedAt: seen }) => seen !== null && seen >= closedAt);
    return isSeen ? true : null;
  });
}

/** Fills of one moment have no order between two venues; their content decides. */
function inOrder(left: readonly unknown[], right: readonly unknown[]): number {
  const a = JSON.stringify(left);
  const b = JSON.stringify(right);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Candles in cents of a price around 2,000, with jumps; the same for the same seed. */
function randomWalk(seed: number, count: number): readonly Row[] {
  let state = seed >>> 0;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const rows: Row[] = [];
  let price = 200_000;
  for (let index = 0; index < count; index += 1) {
    const open = price;
    const close = Math.round(open * (1 + (random() - 0.5) * 0.012));
    const high = Math.max(open, close) + Math.floor(random() * 600);
    const low = Math.min(open, close) - Math.floor(random() * 600);
    rows.push({ open, high, low, close, volume: 1_000 + Math.floor(random() * 9_000) });
    price = close;
  }
  return rows;
}

function toCsv(rows: readonly Row[]): string {
  const cents = (value: number): string => (value / 100).toFixed(2);
  const lines = rows.map(
    (row, index) =>
      `${START_MS + index * INTERVAL_MS},${cents(row.open)},${cents(row.high)},${cents(row.low)},${cents(row.close)},${(row.volume / 10_000).toFixed(4)}`,
  );
  return `open_time,open,high,low,close,volume\n${lines.join('\n')}\n`;
}

function toCandles(instrument: Instrument, rows: readonly Row[]): Candles {
  const ticks = (value: number): number =>
    valueOf(parsePrice(instrument, (value / 100).toFixed(2)));
  return {
    intervalMs: INTERVAL_MS,
    openTime: Float64Array.from(rows, (_, index) => START_MS + index * INTERVAL_MS),
    open: Float64Array.from(rows, (row) => ticks(row.open)),
    high: Float64Array.from(rows, (row) => ticks(row.high)),
    low: Float64Array.from(rows, (row) => ticks(row.low)),
    close: Float64Array.from(rows, (row) => ticks(row.close)),
    volume: Float64Array.from(rows, (row) =>
      valueOf(parseQuantity(instrument, (row.volume / 10_000).toFixed(4))),
    ),
  };
}

function valueOf(parsed: Parsed<number>): number {
  if (!parsed.ok) return assert.fail(parsed.reason);
  return parsed.value;
}
