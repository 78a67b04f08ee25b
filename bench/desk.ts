// SPDX-License-Identifier: Apache-2.0
// Measures a whole desk on loopback, through the real processes: from a fill to the order it asks for, memory of the
// running demo, and how fast a long list of deals is answered.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { demoBots, demoPolicy, demoSymbols, DEMO_ACCOUNT } from '../cli/src/demo-desk.ts';
import { connectDesk } from '../cli/src/desk-client.ts';
import type { ProcessName } from '../cli/src/supervisor.ts';
import { startDesk, startSimulator, type TestDesk } from '../test/harness.ts';
import type { BenchResult } from './result.ts';

const ORDERS = 320;
const CANDLE_MS = 60_000;
const START_MS = 1_700_000_040_000;
/** After each point of the replay the desk is left alone for this long, then asked whether it is done. */
const REST_MS = 12;
const QUIET_MS_MAX = 10_000;
const DEMO_MS = 20_000;
const DEALS = 10_000;
const PAGE = 500;
const PAGE_READS = 15;
const PROCESSES: readonly ProcessName[] = ['server', 'signer', 'egress'];

/** One deal in every candle: bought at its open, sold on its way to the high; the next waits for the next candle. */
const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Measured',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '100',
  safetyOrderStep: '1',
  maxSafetyOrders: 0,
  maxActiveSafetyOrders: 0,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '0.3',
  cooldownSeconds: 15,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

export async function run(): Promise<BenchResult[]> {
  const parent = mkdtempSync(join(tmpdir(), 'kontor-bench-'));
  try {
    return [...(await measureOrders(parent)), ...(await measureMemory(parent))];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** A replay with a deal in every candle; then the desk that it leaves, with many more deals, is asked for them. */
async function measureOrders(parent: string): Promise<readonly BenchResult[]> {
  const market = join(parent, 'ETHUSDT-1m.csv');
  writeFileSync(market, zigzag(ORDERS));
  const directory = join(parent, 'orders');
  const file = join(parent, 'times.json');
  const simulator = await startSimulator([
    '--market',
    market,
    '--speed',
    '0',
    '--history',
    '0',
    '--account',
    'demo:USDT=100000',
    '--no-limits',
  ]);
  try {
    const probe = new URL('probe/order-times.ts', import.meta.url);
    probe.searchParams.set('file', file);
    const desk = await startDesk({
      simulator,
      bots: [SETTINGS],
      directory,
      // The demo's own limits, but for the rate: here one order follows on the heels of another.
      policy: demoPolicy(['ETHUSDT'], 'USDT', 'synthetic').replaceAll(/ rate<=\d+\/10s/g, ''),
      nodeFlags: { server: ['--import', probe.href] },
    });
    for (let point = 0; point < ORDERS * 4; point += 1) {
      await simulator.control('/market/step', { points: 1 });
      await untilQuiet(desk);
    }
    const { completedDeals } = await desk.client.get<api.Totals>('/api/v1/totals');
    await desk.stop();
    const times: number[] = JSON.parse(readFileSync(file, 'utf8'));
    assert.ok(times.length >= 300, `expected at least 300 orders, found ${times.length}`);
    times.sort((left, right) => left - right);
    const store = join(directory, 'server', 'desk.db');
    const bytesPerDeal = storeBytes(store) / completedDeals;
    return [
      result('desk: fill told to next order accepted, p50', at(times, 0.5), 'ms', 4),
      result('desk: fill told to next order accepted, p99', at(times, 0.99), 'ms', 15),
      result('desk: store per deal of two orders', bytesPerDeal, 'byte'),
      ...(await measurePages(simulator, directory, store)),
    ];
  } finally {
    await simulator.stop();
  }
}

async function measurePages(
  simulator: Parameters<typeof startDesk>[0]['simulator'],
  directory: string,
  store: string,
): Promise<readonly BenchResult[]> {
  multiplyDeals(store, DEALS);
  const desk = await startDesk({ simulator, bots: [], directory });
  try {
    const median = async (path: string): Promise<number> => {
      const times: number[] = [];
      for (let read = 0; read < PAGE_READS; read += 1) {
        const start = performance.now();
        await connectDesk(directory).get(path);
        times.push(performance.now() - start);
      }
      return at(
        times.toSorted((left, right) => left - right),
        0.5,
      );
    };
    const { total } = await desk.client.get<api.DealPage>('/api/v1/deals?limit=1');
    assert.ok(total >= DEALS);
    return [
      result(
        `desk: ${PAGE} of ${total} deals over HTTP`,
        await median(`/api/v1/deals?limit=${PAGE}`),
        'ms',
        100,
      ),
      result(
        'desk: bots and totals over HTTP',
        (await median('/api/v1/bots')) + (await median('/api/v1/totals')),
        'ms',
      ),
    ];
  } finally {
    await desk.stop();
  }
}

/** The demo as `kontor start` runs it, with one page listening to the live stream. */
async function measureMemory(parent: string): Promise<readonly BenchResult[]> {
  const simulator = await startSimulator([
    '--account',
    DEMO_ACCOUNT,
    '--no-keys',
    '--seed',
    'kontor',
  ]);
  const { addresses } = simulator;
  const symbols = demoSymbols(addresses.market.symbols, addresses.market.kind);
  const desk = await startDesk({
    simulator,
    bots: demoBots(symbols),
    symbols,
    directory: join(parent, 'memory'),
  });
  const page = new AbortController();
  try {
    const stream = await fetch(`${desk.url}/api/v1/stream`, {
      headers: { authorization: `Bearer ${terminalToken(desk.directory)}` },
      signal: page.signal,
    });
    assert.equal(stream.status, 200);
    void drain(stream);
    await delay(DEMO_MS);
    const memory = desk.supervisor.reports().map(({ name, pid }) => {
      assert.ok(pid !== null);
      return { name, ...memoryOf(pid) };
    });
    const sum = (key: 'rss' | 'pss'): number =>
      memory.reduce((total, process) => total + process[key], 0);
    return [
      result('desk: resident memory of server, signer and egress', sum('rss'), 'MB', 300),
      result('desk: proportional memory (PSS) of the three', sum('pss'), 'MB'),
      ...PROCESSES.map((name) =>
        result(
          `desk: resident memory of the ${name}`,
          memory.find((process) => process.name === name)?.rss ?? Number.NaN,
          'MB',
        ),
      ),
    ];
  } finally {
    page.abort();
    await desk.stop();
    await simulator.stop();
  }
}

async function untilQuiet(desk: TestDesk): Promise<void> {
  for (const startedAt = performance.now(); performance.now() - startedAt < QUIET_MS_MAX;) {
    await delay(REST_MS);
    const { pendingEffects } = await desk.client.get<api.Health>('/api/v1/health');
    if (pendingEffects === 0) return;
  }
  throw new Error(`expected the desk to be done within ${QUIET_MS_MAX} ms`);
}

async function drain(response: Response): Promise<void> {
  try {
    for await (const _ of response.body ?? []);
  } catch {
    // The page was closed.
  }
}

function terminalToken(directory: string): string {
  const access: { token: string } = JSON.parse(
    readFileSync(join(directory, 'run', 'terminal.json'), 'utf8'),
  );
  return access.token;
}

/** Copies of the deals in the store, with their orders and fills, until there are `count`. */
function multiplyDeals(store: string, count: number): void {
  const database = new DatabaseSync(store);
  database.exec('BEGIN');
  const [{ have = 0 } = {}] = database.prepare('SELECT count(*) AS have FROM deals').all();
  for (let copy = 1; copy * Number(have) < count; copy += 1) {
    const shift = copy * 1_000_000;
    database.exec(`
      INSERT INTO deals SELECT bot_id, deal_number + ${shift}, symbol, status, opened_at - ${shift}, coalesce(closed_at, opened_at) - ${shift},
        json_set(summary, '$.id', bot_id || '-' || (deal_number + ${shift}), '$.number', deal_number + ${shift}) FROM deals WHERE deal_number < 1000000;
      INSERT INTO orders SELECT client_order_id || '-${copy}', bot_id, deal_number + ${shift}, symbol, purpose, ladder_index,
        json_set(request, '$.clientOrderId', client_order_id || '-${copy}'), 'filled', exchange_order_id, filled_lots, rejected_by, rule, reason, placed_at, ended_at, signed_until, 0 FROM orders WHERE deal_number < 1000000;
      INSERT INTO fills SELECT client_order_id || '-${copy}', trade_id, bot_id, deal_number + ${shift}, symbol, side, time, fill FROM fills WHERE deal_number < 1000000;`);
  }
  database.exec('COMMIT');
  database.close();
}

/** Bytes of the store in use, once what was written beside it is in it. */
function storeBytes(store: string): number {
  const database = new DatabaseSync(store);
  database.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM;');
  database.exec('PRAGMA wal_checkpoint(TRUNCATE);');
  database.close();
  return statSync(store).size;
}

function memoryOf(pid: number): { readonly rss: number; readonly pss: number } {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const megabytes = (field: string): number =>
    (Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1]) * 1024) / 1e6;
  return { rss: megabytes('Rss'), pss: megabytes('Pss') };
}

/** Candles that all go from 2,000 down a little, up by one percent and back. */
function zigzag(count: number): string {
  const rows = Array.from(
    { length: count },
    (_, index) => `${START_MS + index * CANDLE_MS},2000.00,2020.00,1995.00,2000.00,100.0000`,
  );
  return `open_time,open,high,low,close,volume\n${rows.join('\n')}\n`;
}

function result(name: string, value: number, unit: string, target?: number): BenchResult {
  return { name, value, unit, higherIsBetter: false, ...(target === undefined ? {} : { target }) };
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
