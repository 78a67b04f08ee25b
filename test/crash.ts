// SPDX-License-Identifier: Apache-2.0
// One scripted deal on a whole desk, with one of its processes killed at a chosen write or send.

import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { makeSettings, type DcaSettings } from '@kontor/core';
import { deskOrderId } from '@kontor/exchange';
import type { api } from '@kontor/server';
import type { ProcessName } from '../cli/src/supervisor.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  untilQuiet,
} from './harness.ts';

/** A deal that buys its base order and two safety orders, then takes profit. No other deal follows. */
const SETTINGS: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Scripted',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '110',
  safetyOrderStep: '0.3',
  maxSafetyOrders: 3,
  maxActiveSafetyOrders: 2,
  volumeScale: '1.3',
  stepScale: '1.2',
  takeProfit: '0.3',
  cooldownSeconds: 2_592_000,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

const CANDLES = `open_time,open,high,low,close,volume
1700000040000,2000.00,2001.00,1999.00,2000.00,50.0000
1700000100000,2000.00,2001.00,1990.00,1992.00,50.0000
1700000160000,1992.00,1993.00,1984.50,1986.00,50.0000
1700000220000,1986.00,1990.00,1985.50,1989.00,50.0000
1700000280000,1989.00,2015.00,1988.00,2014.00,50.0000
1700000340000,2014.00,2015.00,2013.00,2014.00,50.0000
1700000400000,2014.00,2015.00,2013.00,2014.00,50.0000
`;
const POINTS = 28;

export interface CrashPoint {
  readonly process: ProcessName;
  /** The n-th write or send of that process since its start. */
  readonly at: number;
}

export interface CrashOutcome {
  /** False when the process ended its part of the script before its n-th moment. */
  readonly wasKilled: boolean;
  readonly fills: readonly (readonly [side: string, price: string, quantity: string])[];
  readonly restarts: number;
  /** Moments counted in each process, where counting was asked for. */
  readonly moments: Readonly<Record<ProcessName, number>>;
}

interface Trade {
  readonly id: number;
  readonly orderId: number;
  readonly isBuyer: boolean;
  readonly qty: string;
}

interface ExchangeOrder {
  readonly orderId: number;
  readonly clientOrderId: string;
  readonly status: string;
}

/**
 * Walks the script, killing as `point` says, or counting moments with null. Fails when anything was lost or
 * doubled: exchange and journal must agree on every order and every fill, and the deal must be complete.
 */
export async function runScript(
  t: { after(work: () => Promise<void>): void },
  point: CrashPoint | null,
): Promise<CrashOutcome> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  writeFileSync(file, CANDLES);
  const simulator = await startSimulator([
    '--market',
    file,
    '--speed',
    '0',
    '--history',
    '0',
    '--account',
    'demo:USDT=5000',
  ]);
  defer(() => simulator.stop());
  const names = ['server', 'signer', 'egress'] as const;
  const marker = join(directory, 'killed');
  const flag = (name: ProcessName, query: string): readonly string[] => [
    '--import',
    `${pathToFileURL(join(import.meta.dirname, 'kill-at.ts')).href}?${query}&tcp=${name === 'server' ? 'no' : 'yes'}`,
  ];
  const countFile = (name: ProcessName): string => join(directory, `moments-${name}`);
  const nodeFlags =
    point === null
      ? Object.fromEntries(
          names.map((name) => [name, flag(name, `count=${encodeURIComponent(countFile(name))}`)]),
        )
      : {
          [point.process]: flag(
            point.process,
            `at=${point.at}&marker=${encodeURIComponent(marker)}`,
          ),
        };
  const desk = await startDesk({
    simulator,
    bots: [SETTINGS],
    directory: join(directory, 'desk'),
    nodeFlags,
  });
  defer(() => desk.stop());

  for (let walked = 0; walked < POINTS; walked += 1) {
    const { marketMs } = await simulator.control<{ readonly marketMs: number }>('/market/step', {
      points: 1,
    });
    await untilQuiet(desk, simulator, marketMs);
  }

  const { deals } = await until('the deals', () =>
    desk.client.get<api.DealPage>('/api/v1/deals?limit=500'),
  );
  const trades = await simulator.control<{ readonly trades: readonly Trade[] }>(
    '/accounts/demo/trades',
  );
  const orders = await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
    '/accounts/demo/orders',
  );
  checkNothingLostOrDoubled(deals, trades.trades, orders.orders);
  const moments = { server: 0, signer: 0, egress: 0 };
  for (const name of names) {
    if (existsSync(countFile(name))) moments[name] = Number(readFileSync(countFile(name), 'utf8'));
  }
  return {
    wasKilled: existsSync(marker),
    fills: deals
      .flatMap((deal) => deal.fills)
      .map((fill) => [fill.side, fill.price, fill.quantity]),
    restarts: desk.restarts.length,
    moments,
  };
}

function checkNothingLostOrDoubled(
  deals: readonly api.Deal[],
  trades: readonly Trade[],
  exchangeOrders: readonly ExchangeOrder[],
): void {
  // A base order that never arrived ends its deal as failed, with nothing bought, and the next deal takes its place.
  const traded = deals.filter((deal) => deal.status !== 'failed' || deal.fills.length > 0);
  assert.equal(traded.length, 1, `expected the one deal of the script, found ${traded.length}`);
  const [deal] = traded;
  assert.ok(deal !== undefined);
  assert.equal(deal.status, 'completed', `the deal is ${deal.status}: ${deal.reason}`);

  const booked = deal.fills.map((fill) => fill.tradeId).toSorted();
  assert.deepEqual(
    booked,
    trades.map(({ id }) => String(id)).toSorted(),
    'fills of journal and exchange',
  );

  const known = new Map(
    deals.flatMap(({ orders }) => orders).map((order) => [order.clientOrderId, order]),
  );
  for (const order of exchangeOrders) {
    assert.ok(
      known.has(deskOrderId(order.clientOrderId)),
      `the exchange has ${order.clientOrderId}, the journal does not`,
    );
    assert.notEqual(order.status, 'NEW', `${order.clientOrderId} is left open at the exchange`);
  }
  assert.equal(
    new Set(exchangeOrders.map(({ clientOrderId }) => clientOrderId)).size,
    exchangeOrders.length,
    'an ID was used twice',
  );

  const bought = (purpose: api.Order['purpose']): number =>
    deal.orders.filter((order) => order.purpose === purpose && Number(order.filledQuantity) > 0)
      .length;
  assert.equal(bought('baseOrder'), 1, 'base orders that filled');
  assert.ok(bought('safetyOrder') <= SETTINGS.maxSafetyOrders, 'safety orders that filled');
  const prices = deal.orders
    .filter((order) => order.purpose === 'safetyOrder' && Number(order.filledQuantity) > 0)
    .map((order) => order.price);
  assert.equal(new Set(prices).size, prices.length, 'a step of the ladder was bought twice');
  assert.ok(Number(deal.quantity) < 0.0002, `coins are left: ${deal.quantity}`);
}
