// SPDX-License-Identifier: Apache-2.0
// Measures how soon a desk tells of someone else at its account: by the stream, and by the balances with the stream
// down. A process of its own signs with the desk's very key.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { api } from '@kontor/server';
import { startDesk, startSimulator, until, type TestDesk } from '../test/harness.ts';
import { Thief } from '../test/thief.ts';
import type { BenchResult } from './result.ts';

const ORDERS = 60;
const CANDLES = `open_time,open,high,low,close,volume
1700000040000,100.00,100.10,99.90,100.00,90000.0000
1700000100000,100.00,100.10,99.90,100.00,90000.0000
`;
const STREAM_TARGET_MS = 2_000;
const BALANCES_TARGET_MS = 30_000;

export async function run(): Promise<BenchResult[]> {
  const parent = mkdtempSync(join(tmpdir(), 'kontor-bench-'));
  const market = ['ETHUSDT', 'BTCUSDT'].flatMap((symbol) => {
    const file = join(parent, `${symbol}-1m.csv`);
    writeFileSync(file, CANDLES);
    return ['--market', file];
  });
  const simulator = await startSimulator([
    ...market,
    ...['--speed', '0', '--history', '0', '--account', 'demo:USDT=100000,BTC=3'],
  ]);
  let desk: TestDesk | null = null;
  let thief: Thief | null = null;
  try {
    await simulator.control('/market/step', { points: 2 });
    const directory = join(parent, 'desk');
    desk = await startDesk({ simulator, bots: [], directory, symbols: ['ETHUSDT'] });
    await ready(desk);
    const { rest } = simulator.addresses;
    thief = new Thief(join(directory, 'signer'), join(parent, 'stolen'), rest);
    const took: number[] = [];
    for (let count = 1; count <= ORDERS; count += 1) {
      const since = Date.now();
      await thief.place('BTCUSDT', 'BUY', '0.10000', '50.00', `taken-${count}`);
      took.push((await raised(desk, 'foreignOrder', count)) - since);
      await delay(20);
    }
    const sorted = took.toSorted((left, right) => left - right);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    await simulator.control('/faults', { kind: 'dropSockets', durationMs: 60_000 });
    await raised(desk, 'streamGap', 1);
    const since = Date.now();
    await thief.place('BTCUSDT', 'SELL', '1.00000', '90.00', 'sold');
    const balances = (await raised(desk, 'foreignTrade', 1)) - since;
    const ms = { unit: 'ms', higherIsBetter: false };
    return [
      { name: 'order of others told by the stream, p50', value: at(0.5), ...ms },
      {
        name: 'order of others told by the stream, p95',
        value: at(0.95),
        target: STREAM_TARGET_MS,
        ...ms,
      },
      {
        name: 'trade of others found by balances, stream down',
        value: balances,
        target: BALANCES_TARGET_MS,
        ...ms,
      },
    ];
  } finally {
    thief?.stop();
    await desk?.stop();
    await simulator.stop();
    rmSync(parent, { recursive: true, force: true });
  }
}

async function ready(desk: TestDesk): Promise<void> {
  await until('a first comparison and the account stream', async () => {
    const { sweptAt } = await desk.client.get<api.Reconciliation>('/api/v1/reconciliation');
    const { streams } = await desk.client.get<api.Health>('/api/v1/health');
    const account = streams.find(({ name }) => name === 'account');
    return sweptAt !== null && account?.state === 'up' ? true : null;
  });
}

/** When an alarm of `kind` was raised for the `count`-th time. */
async function raised(desk: TestDesk, kind: string, count: number): Promise<number> {
  const alarm = await until(`alarm ${kind} number ${count}`, async () => {
    const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
    return alarms.find((each) => each.kind === kind && each.count >= count) ?? null;
  });
  assert.equal(alarm.count, count);
  return alarm.lastAt;
}
