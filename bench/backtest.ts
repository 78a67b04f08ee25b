// SPDX-License-Identifier: Apache-2.0
// How long two million one-minute candles take: to import, to load, and to run a bot over, report included.

import { fork } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { importCandles, loadCandles, startBacktest } from '@kontor/server';

import type { BenchResult } from './result.ts';

const ROWS = 2_000_000;
const SEED = 20_261_122;
const MINUTE = 60_000;
const FIRST_TIME = Date.UTC(2020, 0, 1);
const ROWS_PER_WRITE = 20_000;
const TARGET_SECONDS = 2;
/** A bot that trades often, so that not most candles can be passed over. */
const BOT = [
  { field: 'takeProfit', value: '0.6' },
  { field: 'safetyOrderStep', value: '0.6' },
  { field: 'stopLoss', value: '12' },
];
const CHILD_FLAG = '--backtest-in';
const CHILD_MS_MAX = 300_000;

interface ChildResult {
  readonly loadSeconds: number;
  readonly totalSeconds: number;
  readonly peakMegabytes: number;
  readonly deals: number;
}

// Peak memory belongs to a process, so the backtest gets one of its own.
if (process.send !== undefined && process.argv[2] === CHILD_FLAG) {
  process.send?.(await measureBacktest(process.argv[3] ?? ''));
  process.disconnect?.();
}

export async function run(): Promise<BenchResult[]> {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-bench-backtest-'));
  try {
    const csv = join(folder, 'BTCUSDT-1m.csv');
    writeMarket(csv);
    const importStarted = performance.now();
    await importCandles([csv], folder);
    const importSeconds = (performance.now() - importStarted) / 1000;
    const backtest = await inChild(folder);
    const lower = { higherIsBetter: false };
    return [
      {
        name: 'import of 2,000,000 candles from CSV',
        value: Math.round(ROWS / importSeconds),
        unit: 'rows/s',
        higherIsBetter: true,
      },
      {
        name: 'loading 2,000,000 candles',
        value: rounded(backtest.loadSeconds),
        unit: 's',
        ...lower,
      },
      {
        name: 'DCA backtest over 2,000,000 candles, with loading and report',
        value: rounded(backtest.totalSeconds),
        unit: 's',
        target: TARGET_SECONDS,
        ...lower,
      },
      {
        name: 'deals in that backtest',
        value: backtest.deals,
        unit: 'deals',
        higherIsBetter: true,
      },
      {
        name: 'peak memory of that backtest',
        value: Math.round(backtest.peakMegabytes),
        unit: 'MB',
        ...lower,
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureBacktest(dataDirectory: string): Promise<ChildResult> {
  const name = { symbol: 'BTCUSDT', interval: '1m' } as const;
  const started = performance.now();
  const outcome = await startBacktest({
    candles: [{ kind: 'store', dataDirectory, name }],
    from: 0,
    to: Number.MAX_SAFE_INTEGER,
    assignments: BOT,
    rules: {},
    path: 'low-first',
    makerFeePpm: 1_000,
    takerFeePpm: 1_000,
    startBalance: '10000',
  });
  const totalSeconds = (performance.now() - started) / 1000;
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  if (outcome.kind !== 'completed') throw new Error(`the backtest ended ${outcome.kind}`);
  const loadStarted = performance.now();
  await loadCandles(dataDirectory, name);
  const loadSeconds = (performance.now() - loadStarted) / 1000;
  return { loadSeconds, totalSeconds, peakMegabytes, deals: outcome.document.deals.length };
}

function inChild(dataDirectory: string): Promise<ChildResult> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), [CHILD_FLAG, dataDirectory], {
      timeout: CHILD_MS_MAX,
    });
    child.once('message', (message) => resolve(toChildResult(message)));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`the measuring process ended with ${code}`)));
  });
}

function toChildResult(message: unknown): ChildResult {
  const values = new Map<string, unknown>(
    typeof message === 'object' && message !== null ? Object.entries(message) : [],
  );
  return {
    loadSeconds: Number(values.get('loadSeconds')),
    totalSeconds: Number(values.get('totalSeconds')),
    peakMegabytes: Number(values.get('peakMegabytes')),
    deals: Number(values.get('deals')),
  };
}

/** A seeded market around 30,000 that moves like a busy one, 3 % a day: cents, five decimals of volume. */
function writeMarket(path: string): void {
  const random = randomFrom(SEED);
  const file = openSync(path, 'w');
  try {
    writeSync(file, 'open_time,open,high,low,close,volume\n');
    let price = 3_000_000;
    let lines = '';
    for (let row = 0; row < ROWS; row += 1) {
      const open = price;
      const pull = (3_000_000 - price) / 43_500;
      const close = Math.max(100, Math.round(open + pull + (random() + random() - 1) * 6_600));
      const high = Math.max(open, close) + Math.floor(random() * 3_000);
      const low = Math.min(open, close) - Math.floor(random() * 3_000);
      const volume = Math.floor(random() * 2_000_000);
      lines += `${FIRST_TIME + row * MINUTE},${cents(open)},${cents(high)},${cents(low)},${cents(close)},${volume / 100_000}\n`;
      price = close;
      if (row % ROWS_PER_WRITE === ROWS_PER_WRITE - 1) {
        writeSync(file, lines);
        lines = '';
      }
    }
    writeSync(file, lines);
  } finally {
    closeSync(file);
  }
}

function cents(price: number): string {
  return (price / 100).toFixed(2);
}

/** Mulberry32: the same numbers from 0 to 1 on every machine. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
