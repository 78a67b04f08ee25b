// SPDX-License-Identifier: Apache-2.0
// A stop that stands at the exchange, through real processes: it acts while the desk is off, and is booked afterwards.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeSettings, type SmartTradeSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import type { RandomBot } from '../core/test/random-bot.ts';
import { Random } from '../core/test/faulty-exchange.ts';
import { checkPlan } from './one-machine.ts';
import { planOf } from './one-machine-plan.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  untilQuiet,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';

/** Buys 0.05 coins at the market; one target at +2 % and a stop at −1 %, both at the exchange. */
const SETTINGS: SmartTradeSettings = makeSettings<SmartTradeSettings>('smartTrade', {
  name: 'Guarded',
  symbols: ['ETHUSDT'],
  type: 'long',
  entries: [{ order: 'market', share: '100' }],
  size: { kind: 'base', quantity: '0.05' },
  takeProfit: [
    { price: { kind: 'percent', percent: '2' }, order: 'limit', source: 'own', share: '100' },
  ],
  stopLoss: {
    price: { kind: 'percent', percent: '1' },
    source: 'own',
    order: 'market',
    timeoutSeconds: 0,
    breakEven: false,
    placement: 'exchange',
  },
  maxSlippage: '1',
});

/** The market falls through the stop in the second candle, or far past its limit in the third. */
const FALLING = `open_time,open,high,low,close,volume
1700000040000,2000.00,2001.00,1999.50,2000.00,50.0000
1700000100000,2000.00,2000.50,1975.00,1977.00,50.0000
1700000160000,1977.00,1978.00,1976.00,1977.00,50.0000
`;
const JUMPING = `open_time,open,high,low,close,volume
1700000040000,2000.00,2001.00,1999.50,2000.00,50.0000
1700000100000,1900.00,1900.50,1899.00,1900.00,50.0000
1700000160000,1900.00,1901.00,1899.00,1900.00,50.0000
`;

interface ExchangeOrder {
  readonly orderId: number;
  readonly orderListId: number;
  readonly clientOrderId: string;
  readonly type: string;
  readonly status: string;
}

interface Trade {
  readonly price: string;
  readonly qty: string;
  readonly isBuyer: boolean;
}

interface Stand {
  readonly simulator: SimulatorProcess;
  readonly directory: string;
  start(): Promise<TestDesk>;
}

async function standOf(t: Parameters<typeof deferrer>[0], candles: string): Promise<Stand> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  writeFileSync(file, candles);
  const market = ['--market', file, '--speed', '0', '--history', '0'];
  const simulator = await startSimulator([...market, '--account', 'demo:USDT=5000']);
  defer(() => simulator.stop());
  return {
    simulator,
    directory,
    async start() {
      const options = { simulator, bots: [SETTINGS], directory: join(directory, 'desk') };
      const desk = await startDesk(options);
      let stopped: Promise<void> | null = null;
      const stop = (): Promise<void> => (stopped ??= desk.stop());
      defer(stop);
      return { ...desk, stop };
    },
  };
}

async function step(simulator: SimulatorProcess, points: number): Promise<number> {
  const { marketMs } = await simulator.control<{ readonly marketMs: number }>('/market/step', {
    points,
  });
  return marketMs;
}

async function ordersOf(simulator: SimulatorProcess): Promise<readonly ExchangeOrder[]> {
  const { orders } = await simulator.control<{ readonly orders: readonly ExchangeOrder[] }>(
    '/accounts/demo/orders',
  );
  return orders;
}

async function dealOf(desk: TestDesk): Promise<api.Deal | null> {
  const { deals } = await desk.client.get<api.DealPage>('/api/v1/deals?limit=500');
  return deals[0] ?? null;
}

/** Walks until the pair stands at the exchange. Returns the desk and the list's two orders. */
async function untilGuarded(stand: Stand): Promise<TestDesk> {
  const desk = await stand.start();
  await untilQuiet(desk, stand.simulator, await step(stand.simulator, 1));
  await until('both orders at the exchange', async () => {
    const open = (await ordersOf(stand.simulator)).filter(({ status }) => status === 'NEW');
    return open.length === 2 ? true : null;
  });
  const open = (await ordersOf(stand.simulator)).filter(({ status }) => status === 'NEW');
  assert.deepEqual(open.map(({ type }) => type).toSorted(), ['LIMIT_MAKER', 'STOP_LOSS_LIMIT']);
  assert.equal(new Set(open.map(({ orderListId }) => orderListId)).size, 1, 'of one list');
  await until('the desk says who holds the stop', async () => {
    const deal = await dealOf(desk);
    const details = deal?.details;
    return details?.kind === 'trade' && details.stop.heldBy === 'exchange' ? true : null;
  });
  return desk;
}

test('[T100] the stop acts at the exchange while the desk is off, and the desk books it when it is back', async (t) => {
  const stand = await standOf(t, FALLING);
  const desk = await untilGuarded(stand);
  await desk.stop();
  await step(stand.simulator, 7);
  const { trades } = await stand.simulator.control<{ readonly trades: readonly Trade[] }>(
    '/accounts/demo/trades',
  );
  const sold = trades.filter(({ isBuyer }) => !isBuyer);
  assert.equal(sold.length, 1, 'the exchange sold without the desk');

  const again = await stand.start();
  const deal = await until('the deal ends', async () => {
    const found = await dealOf(again);
    return found?.reason === 'stop loss' ? found : null;
  });
  assert.equal(deal.fills.length, trades.length);
  const exit = deal.fills.find(({ side }) => side === 'sell');
  assert.equal(Number(exit?.price), Number(sold[0]?.price));
  // The fee of the purchase was taken in coins.
  assert.equal(Number(exit?.quantity), 0.0499);
  assert.deepEqual(deal.orders.map(({ purpose, state }) => `${purpose} ${state}`).toSorted(), [
    'entry filled',
    'stopLoss filled',
    'takeProfit expired',
  ]);
  const statuses = (await ordersOf(stand.simulator)).map(({ status }) => status);
  assert.ok(!statuses.includes('NEW'), 'nothing rests');
});

test('[T101] where the price jumps past the limit the desk that comes back sells at the market', async (t) => {
  const stand = await standOf(t, JUMPING);
  const desk = await untilGuarded(stand);
  await desk.stop();
  await step(stand.simulator, 4);
  const held = (await ordersOf(stand.simulator)).find(({ type }) => type === 'STOP_LOSS_LIMIT');
  assert.equal(held?.status, 'NEW', 'the stop was triggered and rests at its limit');

  const again = await stand.start();
  const deal = await until('the deal ends', async () => {
    const found = await dealOf(again);
    if (found?.reason === 'stop loss') return found;
    // Market time passes with the market, and with it the moment that the exchange is given.
    await step(stand.simulator, 1);
    return null;
  });
  const exit = deal.fills.find(({ side }) => side === 'sell');
  assert.ok(Number(exit?.price) < 1_910, `sold at ${exit?.price}`);
});

/** A trade, or a bot that trades on signals, with one close target and a close stop, both at the exchange. */
function guardedBot(bot: RandomBot, random: Random): RandomBot | null {
  const { settings } = bot;
  if (settings.kind !== 'smartTrade' && settings.kind !== 'signal') return null;
  if (settings.kind === 'smartTrade' && settings.type !== 'long' && settings.type !== 'short') {
    return null;
  }
  const percent = (least: number, most: number): string =>
    ((least + random.below(most - least)) / 100).toFixed(2);
  return {
    ...bot,
    settings: {
      ...settings,
      ...(settings.kind === 'smartTrade' ? { entries: [{ order: 'market', share: '100' }] } : {}),
      takeProfit: [
        {
          price: { kind: 'percent', percent: percent(10, 150) },
          order: 'limit',
          source: 'own',
          share: '100',
        },
      ],
      stopLoss: {
        price: { kind: 'percent', percent: percent(40, 200) },
        source: 'last',
        order: 'market',
        timeoutSeconds: 0,
        breakEven: false,
        placement: 'exchange',
      },
    },
  };
}

const SEEDS = [1, 2, 3];

for (const seed of SEEDS) {
  test(`[T102] stops at the exchange fill live as in a backtest (seed ${seed})`, async (t) => {
    const random = new Random(seed);
    const plan = planOf(seed, 60);
    const bots = plan.bots.flatMap((bot) => guardedBot(bot, random) ?? []);
    assert.ok(bots.length > 0, 'a seed with a bot that can be guarded');
    const symbols = new Set(bots.flatMap(({ markets }) => markets.map(({ symbol }) => symbol)));
    const files = new Map([...plan.files].filter(([symbol]) => symbols.has(symbol)));
    const counts = await checkPlan(t, 'live', { ...plan, bots, files });
    t.diagnostic(JSON.stringify(counts));
  });
}
