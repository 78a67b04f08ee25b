// SPDX-License-Identifier: Apache-2.0
// Measures how many bots one desk carries: 100 pairs at 2,000 prices a second, five idle bots for each that trades, with
// 10, 100, 1,200 and 10,000 bots. All processes are real; the exchange is the simulator on the same machine.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makeSettings, type BotSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { demoPolicy } from '../cli/src/demo-desk.ts';
import { startDesk, startSimulator, type SimulatorProcess } from '../test/harness.ts';
import type { TickTimes } from './probe/tick-times.ts';
import type { BenchResult } from './result.ts';

const PAIRS = 100;
const POINTS_PER_CANDLE = 4;
const CANDLE_MS = 60_000;
const START_MS = 1_700_000_040_000;
const TICKS_PER_SECOND = 2_000;
/** Market ms per wall ms that gives so many prices. */
const SPEED = ((TICKS_PER_SECOND / PAIRS / POINTS_PER_CANDLE) * CANDLE_MS) / 1_000;
const MEASURED_MS = 20_000;
const WARM_UP_MS = 5_000;
const CANDLES = 1_500;
/** Idle bots for each that trades. */
const IDLE_PER_TRADING = 5;
const SIZES = [10, 100, 1_200, 10_000] as const;
/** The size the targets are named for. */
const NAMED = 1_200;

export async function run(): Promise<BenchResult[]> {
  const results: BenchResult[] = [];
  for (const bots of SIZES) results.push(...(await measure(bots)));
  return results;
}

async function measure(bots: number): Promise<readonly BenchResult[]> {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-bench-scale-'));
  const symbols = Array.from({ length: PAIRS }, (_, index) => `A${index + 100}USDT`);
  const simulator = await startSimulator([
    ...symbols.flatMap((symbol, index) => {
      const file = join(directory, `${symbol}.csv`);
      writeFileSync(file, randomCandles(index + 1));
      return ['--market', `${symbol}=${file}`];
    }),
    '--speed',
    '0',
    '--history',
    '0',
    '--account',
    'demo:USDT=1000000000',
    '--no-limits',
  ]);
  try {
    return await measureDesk({ bots, directory, symbols, simulator });
  } finally {
    await simulator.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measureDesk(given: {
  readonly bots: number;
  readonly directory: string;
  readonly symbols: readonly string[];
  readonly simulator: SimulatorProcess;
}): Promise<readonly BenchResult[]> {
  const { bots, directory, symbols, simulator } = given;
  const trading = Math.max(1, Math.round(bots / (IDLE_PER_TRADING + 1)));
  const file = join(directory, 'times.json');
  const probe = new URL('probe/tick-times.ts', import.meta.url);
  probe.searchParams.set('file', file);
  const desk = await startDesk({
    simulator,
    bots: Array.from({ length: bots }, (_, index) =>
      settingsOf(index, symbols[index % symbols.length] ?? '', index < trading),
    ),
    directory: join(directory, 'desk'),
    symbols,
    policy: demoPolicy(symbols, 'USDT', 'synthetic').replaceAll(
      / rate<=\d+\/10s| per-day<=\d+ USDT/g,
      '',
    ),
    nodeFlags: { server: ['--import', probe.href] },
  });
  try {
    await simulator.control('/market/speed', { speed: SPEED });
    await delay(WARM_UP_MS);
    const { processes } = await desk.client.get<api.Health>('/api/v1/health');
    const server = processes.find(({ name }) => name === 'server');
    assert.ok(server?.pid !== null && server !== undefined, 'the server runs');
    process.kill(server.pid, 'SIGUSR2');
    await delay(MEASURED_MS);
    const measured: TickTimes = JSON.parse(readFileSync(file, 'utf8'));
    const times = measured.times.toSorted((a, b) => a - b);
    assert.ok(times.length > 0, 'stops were hit');
    const name = (what: string): string => `scale, ${bots} bots: ${what}`;
    const at = (share: number): number => times[Math.floor(times.length * share)] ?? Number.NaN;
    const named = <T>(target: T): T | undefined => (bots === NAMED ? target : undefined);
    return [
      figure(name('prices read'), measured.ticks / measured.seconds, '1/s', true),
      figure(name('price read to order sent, p50'), at(0.5), 'ms', false),
      figure(name('price read to order sent, p99'), at(0.99), 'ms', false, named(25)),
      figure(name('event loop late, p99'), measured.loopDelayP99, 'ms', false),
      figure(name('stops sent'), times.length / measured.seconds, '1/s', true),
      figure(name('memory of the server'), memoryOf(server.pid), 'MB', false, named(1_000)),
    ];
  } finally {
    await desk.stop();
  }
}

/** A bot that opens a deal whenever it can and stops or takes profit soon; or one that waits for a person. */
function settingsOf(index: number, symbol: string, trades: boolean): BotSettings {
  return makeSettings<DcaSettings>('dca', {
    name: `Bot ${index + 1}`,
    symbols: [symbol],
    startTrigger: trades ? 'immediately' : 'manually',
    baseOrderVolume: '100',
    baseOrderType: 'market',
    safetyOrderVolume: '100',
    safetyOrderStep: '1',
    maxSafetyOrders: 0,
    maxActiveSafetyOrders: 0,
    volumeScale: '1',
    stepScale: '1',
    takeProfit: '0.5',
    stopLoss: '0.4',
    cooldownSeconds: 60,
    maxActiveDeals: 1,
    maxSlippage: '1',
  });
}

/** One-minute candles of a random walk around 100, the same for the same seed. */
function randomCandles(seed: number): string {
  let state = seed * 2_654_435_761;
  const random = (): number => {
    state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 0x9e3779b9) | 0;
    const mixed = Math.imul(state ^ (state >>> 13), 3_266_489_917);
    return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
  };
  const rows: string[] = ['open_time,open,high,low,close,volume'];
  let price = 10_000;
  for (let row = 0; row < CANDLES; row += 1) {
    const open = price;
    price = Math.max(1_000, Math.round(price * (1 + (random() - 0.5) * 0.004)));
    const high = Math.max(open, price) + Math.floor(random() * 8);
    const low = Math.min(open, price) - Math.floor(random() * 8);
    const text = (ticks: number): string => (ticks / 100).toFixed(2);
    rows.push(
      `${START_MS + row * CANDLE_MS},${text(open)},${text(high)},${text(low)},${text(price)},1000.0000`,
    );
  }
  return `${rows.join('\n')}\n`;
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024) / 1e6;
}

function figure(
  name: string,
  value: number,
  unit: string,
  higherIsBetter: boolean,
  target?: number,
): BenchResult {
  return { name, value, unit, higherIsBetter, ...(target === undefined ? {} : { target }) };
}
