// SPDX-License-Identifier: Apache-2.0
// Signed LIMIT orders a second through the simulator's REST side: one process serves, this one signs and sends.

import { spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';
import type { BenchResult } from './result.ts';

const ORDERS = 20_000;
const WARM_UP = 4_000;
const CONNECTIONS = 8;
const IN_FLIGHT = 64;

/** Buys and sells by turns at once (IOC across the spread): every order is checked, matched, booked and answered. */
export async function run(): Promise<BenchResult[]> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(import.meta.resolve('@kontor/simulator/main')),
      '--account',
      'bench:USDT=100000000,BTC=1000',
      '--no-limits',
      '--seed',
      '1',
      '--json',
      '--exit-with-stdin',
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  try {
    const line = await new Promise<string>((resolve) =>
      createInterface({ input: child.stdout }).once('line', resolve),
    );
    const { rest, accounts } = JSON.parse(line);
    const { apiKey, secret } = accounts[0];
    const pool = new Pool(rest, { connections: CONNECTIONS, pipelining: IN_FLIGHT / CONNECTIONS });
    let sent = 0;
    const placeOne = async (): Promise<void> => {
      sent += 1;
      const [side, price] = sent % 2 === 0 ? ['SELL', '40000'] : ['BUY', '90000'];
      const query = `symbol=BTCUSDT&side=${side}&type=LIMIT&timeInForce=IOC&quantity=0.001&price=${price}&newOrderRespType=ACK&recvWindow=60000&timestamp=${Date.now()}`;
      const signature = createHmac('sha256', secret).update(query).digest('hex');
      const response = await pool.request({
        path: `/api/v3/order?${query}&signature=${signature}`,
        method: 'POST',
        headers: { 'X-MBX-APIKEY': apiKey },
      });
      const body = await response.body.text();
      if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode} ${body}`);
    };
    const place = async (count: number): Promise<void> => {
      let left = count;
      await Promise.all(
        Array.from({ length: IN_FLIGHT }, async () => {
          while (left > 0) {
            left -= 1;
            await placeOne();
          }
        }),
      );
    };
    await place(WARM_UP);
    const started = performance.now();
    await place(ORDERS);
    const seconds = (performance.now() - started) / 1000;
    await pool.close();
    return [
      {
        name: 'simulator: signed REST orders',
        value: ORDERS / seconds,
        unit: 'orders/s',
        target: 4_000,
        higherIsBetter: true,
      },
    ];
  } finally {
    child.kill('SIGTERM');
  }
}
