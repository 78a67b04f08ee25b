// SPDX-License-Identifier: Apache-2.0
// A bot that asks for more orders at once than the exchange takes, against the exchange's own limits.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSettings, type GridSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { deferrer, startDesk, startSimulator, temporaryDirectory, until } from './harness.ts';

const START = Date.parse('2024-01-01T00:00:00Z');
const LINES = 200;

const GRID: GridSettings = makeSettings<GridSettings>('grid', {
  name: 'Wide grid',
  symbols: ['ETHUSDT'],
  lowerPrice: '1500',
  upperPrice: '2495',
  lines: LINES,
  quantityPerLine: '0.01',
  quantityUnit: 'base',
  initialBalancing: false,
});

interface ExchangeOrder {
  readonly clientOrderId: string;
  readonly side: 'BUY' | 'SELL';
}

test('[R49, R48] a grid of 199 lines starts within the limits of Binance, every line placed and none refused', async (t) => {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  writeFileSync(
    file,
    [0, 1, 2].map((minute) => `${START + minute * 60_000},2000,2001,1999,2000,1000\n`).join(''),
  );
  const simulator = await startSimulator([
    ...['--market', file, '--speed', '0', '--history', '0'],
    ...['--account', 'demo:USDT=50000,ETH=10'],
  ]);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 1 });
  const desk = await startDesk({
    simulator,
    bots: [GRID],
    directory: join(directory, 'desk'),
    feeRatePpm: 0,
  });
  defer(() => desk.stop());
  const open = async (): Promise<readonly ExchangeOrder[]> =>
    (
      await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
        '/accounts/demo/open-orders',
      )
    ).orders;
  let mostHeld = 0;
  // Two windows of ten seconds pass before the last line leaves: each has its own time.
  for (const count of [100, LINES - 1]) {
    await until(
      () => `${count} lines on the book`,
      async () => {
        const health = await desk.client.get<api.Health>('/api/v1/health');
        mostHeld = Math.max(mostHeld, health.heldOrders);
        return (await open()).length >= count ? true : null;
      },
    );
  }
  const orders = await open();
  assert.equal(new Set(orders.map(({ clientOrderId }) => clientOrderId)).size, LINES - 1);
  const health = await desk.client.get<api.Health>('/api/v1/health');
  assert.deepEqual([health.heldOrders, health.ambiguousOrders], [0, 0]);
  assert.ok(mostHeld > 50, `many waited for their turn (at most ${mostHeld} were seen)`);
  const notes = await desk.client.get<readonly api.Note[]>('/api/v1/notes?limit=500');
  const refusals = notes.filter(({ kind }) => kind === 'orderRejected' || kind === 'dealPaused');
  assert.deepEqual(refusals, [], 'nothing was refused');
});
