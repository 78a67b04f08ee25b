// SPDX-License-Identifier: Apache-2.0
// The server as one piece between scripted peers: what it does about news it cannot read, and about peers that are
// there and not joined to it.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Store, type api } from '@kontor/server';
import { connectDesk } from '../cli/src/desk-client.ts';
import { createServer, type Server } from '../server/src/compose.ts';
import { createLogger } from '../server/src/log.ts';
import { ONE_ORDER } from '../server/test/scripted-desk.ts';
import { ScriptedExchange } from '../server/test/scripted-exchange.ts';
import { deferrer, startSimulator, temporaryDirectory, until } from './harness.ts';

const CANDLES = `open_time,open,high,low,close,volume
1700000040000,2000.00,2001.00,1999.00,2000.00,50.0000
1700000100000,2000.00,2001.00,1999.00,2000.00,50.0000
`;

interface Joined {
  readonly server: Server;
  readonly exchange: ScriptedExchange;
  readonly directory: string;
  readonly fatal: unknown[];
  readonly defer: (work: () => unknown) => void;
}

/** A server that is not started yet. The market is the simulator's where `market` gives its addresses. */
function openServer(
  t: TestContext,
  market: { readonly rest: string; readonly streams: string },
): Joined {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  for (const folder of ['server', 'run']) mkdirSync(join(directory, folder));
  const fatal: unknown[] = [];
  const server = createServer(
    {
      version: '0.0.0-test',
      dataDirectory: directory,
      webDirectory: join(directory, 'web'),
      port: 0,
      connectionName: 'demo',
      venue: 'demo',
      market: { kind: 'candles', label: 'scripted', ...market },
      symbols: ['ETHUSDT'],
      feeRatePpm: 0,
      firstBots: [ONE_ORDER],
    },
    createLogger(join(directory, 'run', 'server.log')),
    (error) => fatal.push(error),
  );
  const exchange = new ScriptedExchange(server);
  defer(() => server.close());
  defer(() => exchange.close());
  return { server, exchange, directory, fatal, defer };
}

async function started(t: TestContext): Promise<Joined> {
  const defer = deferrer(t);
  const file = join(temporaryDirectory(defer), 'ETHUSDT-1m.csv');
  writeFileSync(file, CANDLES);
  const simulator = await startSimulator(['--market', file, '--speed', '0', '--history', '0']);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 1 });
  const joined = openServer(t, simulator.addresses);
  await joined.exchange.joinAll();
  await joined.server.start();
  return joined;
}

test('[R8] an account event that cannot be read costs nothing: the exchange is asked instead', async (t) => {
  const { exchange, fatal } = await started(t);
  const order = await until('the order', () => [...exchange.orders.values()][0] ?? null);
  exchange.event(order.report());
  exchange.fill(order, order.lots);
  const questions = exchange.sent('queryOrder').length;
  exchange.event({ ...order.report(), X: 'NO SUCH STATE' });
  await until('a question', () => (exchange.sent('queryOrder').length > questions ? true : null));
  await until('the take profit', () =>
    [...exchange.orders.values()].some(({ side }) => side === 'sell') ? true : null,
  );
  assert.deepEqual(fatal, []);
});

test('[R16] a peer that speaks something else ends the process, for only a new start joins them', async (t) => {
  const { exchange, fatal } = await started(t);
  exchange.babble('egress');
  await until('the end', () => (fatal.length > 0 ? true : null));
  assert.match(String(fatal[0]), /egress does not speak the protocol/);
});

test('[R20] a peer that runs and is not joined for some reports ends the process', async (t) => {
  const { server, exchange, fatal } = openServer(t, {
    rest: 'http://127.0.0.1:9',
    streams: 'ws://127.0.0.1:9',
  });
  const report = (egress: 'up' | 'starting' | 'down'): void =>
    server.setProcesses([
      {
        name: 'egress',
        state: egress,
        pid: 1,
        startedAt: 1,
        restarts: 0,
        memoryBytes: 1,
        detail: '',
      },
    ]);
  for (const state of ['up', 'up', 'up', 'up', 'starting', 'up', 'up', 'up', 'up', 'down'] as const)
    report(state);
  assert.deepEqual(fatal, [], 'a restart takes its time');
  await exchange.join('egress');
  for (let count = 0; count < 10; count += 1) report('up');
  assert.deepEqual(fatal, [], 'it is joined');
  exchange.cut('egress');
  await until('the end', () => {
    report('up');
    return fatal.length > 0 ? true : null;
  });
  assert.match(String(fatal[0]), /egress runs, but the link to it is gone/);
});

test('[R17] a server that is closed while it starts leaves nothing open', async (t) => {
  const { server, directory } = openServer(t, {
    rest: 'http://127.0.0.1:9',
    streams: 'ws://127.0.0.1:9',
  });
  const starting = server.start();
  await server.close();
  await assert.rejects(starting);
  new Store(join(directory, 'server', 'desk.db')).close();
});

test('[R21] balances told out of order: the newest stays', async (t) => {
  const { exchange, directory } = await started(t);
  const shownOf = async (asset: string): Promise<string | null> => {
    const balances = await connectDesk(directory).get<readonly api.Balance[]>('/api/v1/balances');
    return balances.find((balance) => balance.asset === asset)?.free ?? null;
  };
  await until('the first answer', async () => ((await shownOf('USDT')) === '100' ? true : null));

  const balance = (time: number, free: string): Record<string, unknown> => ({
    e: 'outboundAccountPosition',
    E: exchange.time + time,
    u: exchange.time + time,
    B: [{ a: 'USDT', f: free, l: '0' }],
  });
  for (const [time, free] of [
    [10, '10'],
    [30, '30'],
    [20, '20'],
  ] as const)
    exchange.event(balance(time, free));
  exchange.event({ ...balance(40, '1'), B: [{ a: 'ETH', f: '1', l: '0' }] });
  await until('the last event', () => shownOf('ETH'));
  assert.equal(await shownOf('USDT'), '30');
});
