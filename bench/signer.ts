// SPDX-License-Identifier: Apache-2.0
// Measures the signer as a process: orders signed and logged, one at a time and many together, and how fast it starts.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  parseDecision,
  parseSignedRequest,
  type Decision,
} from '@kontor/signer';
import type { BenchResult } from './result.ts';

const SEQUENTIAL = 400;
const TOGETHER = 4_000;
/** Intents under way at once when many come together. */
const WINDOW = 256;
const POLICY = `policy/v1
connection bench
allow op=order.place symbol=BTCUSDT notional<=500 USDT
allow op=read.*
`;

class BenchSigner {
  readonly #child: ChildProcess;
  readonly #intents: FrameWriter;
  readonly #decided = new Map<number, (decision: Decision) => void>();
  readonly #signed = new Map<number, () => void>();
  #id = 0;

  constructor(directory: string) {
    const main = new URL(import.meta.resolve('@kontor/signer/main'));
    this.#child = spawn(process.execPath, [main.pathname, '--data', directory], {
      stdio: ['ignore', 'inherit', 'inherit', 'pipe', 'pipe'],
      env: {},
    });
    const [, , , server, egress] = this.#child.stdio;
    assert.ok(server instanceof Socket && egress instanceof Socket);
    this.#intents = new FrameWriter(server, FRAME_BYTES_MAX.intent);
    const receipts = new FrameWriter(egress, FRAME_BYTES_MAX.receipt);
    const decisions = new FrameReader(FRAME_BYTES_MAX.decision, (message) => {
      const decision = parseDecision(message);
      this.#decided.get(decision.id)?.(decision);
      this.#decided.delete(decision.id);
    });
    const requests = new FrameReader(FRAME_BYTES_MAX.request, (message) => {
      const { id } = parseSignedRequest(message);
      receipts.write({ kind: 'receipt', id, status: 200 });
      this.#signed.get(id)?.();
      this.#signed.delete(id);
    });
    server.on('data', (bytes: Buffer) => decisions.push(bytes));
    egress.on('data', (bytes: Buffer) => requests.push(bytes));
    server.on('error', () => undefined);
    egress.on('error', () => undefined);
  }

  ask(intent: Readonly<Record<string, unknown>>): Promise<Decision> {
    const id = (this.#id += 1);
    return new Promise((resolve) => {
      this.#decided.set(id, resolve);
      assert.ok(this.#intents.write({ ...intent, id }));
    });
  }

  /** Places an order and waits until its signed request is where egress would be. */
  place(connection: string): Promise<void> {
    const id = (this.#id += 1);
    return new Promise((resolve, reject) => {
      this.#signed.set(id, resolve);
      this.#decided.set(id, (decision) => {
        if (decision.kind !== 'signed') reject(new Error(JSON.stringify(decision)));
      });
      const order = {
        symbol: 'BTCUSDT',
        side: 'buy',
        type: 'limit',
        timeInForce: 'GTC',
        price: '26500.10',
        quantity: '0.00100000',
        clientOrderId: `k1-${process.pid}-${id}`,
      };
      assert.ok(this.#intents.write({ kind: 'placeOrder', id, connection, order }));
    });
  }

  async stop(): Promise<void> {
    const exit = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await exit;
  }
}

/** Runs the signer on a directory of its own and measures it. */
export async function run(): Promise<BenchResult[]> {
  const parent = mkdtempSync(join(tmpdir(), 'kontor-bench-'));
  const directory = join(parent, 'signer');
  mkdirSync(directory, { mode: 0o700 });
  writeFileSync(join(directory, 'policy'), POLICY);
  try {
    const signer = new BenchSigner(directory);
    const created = await signer.ask({ kind: 'createConnection', name: 'bench', venue: 'demo' });
    assert.equal(created.kind, 'connections');
    const connection = created.connections[0]?.connection ?? '';
    await signer.ask({ kind: 'activateConnection', connection, apiKey: 'bench' });

    const times: number[] = [];
    for (let count = 0; count < SEQUENTIAL; count += 1) {
      const start = performance.now();
      await signer.place(connection);
      times.push(performance.now() - start);
    }
    times.sort((left, right) => left - right);

    const start = performance.now();
    let left = TOGETHER;
    await Promise.all(
      Array.from({ length: WINDOW }, async () => {
        while (left > 0) {
          left -= 1;
          await signer.place(connection);
        }
      }),
    );
    const perSecond = TOGETHER / ((performance.now() - start) / 1_000);
    await signer.stop();

    const log = join(directory, 'intents.log');
    const lines = readFileSync(log, 'utf8').split('\n').length - 1;
    const restartAt = performance.now();
    const again = new BenchSigner(directory);
    await again.ask({ kind: 'listConnections' });
    const restartMs = performance.now() - restartAt;
    await again.stop();

    return [
      {
        name: 'signer: intent to signed, p50',
        value: at(times, 0.5),
        unit: 'ms',
        target: 10,
        higherIsBetter: false,
      },
      {
        name: 'signer: intent to signed, p99',
        value: at(times, 0.99),
        unit: 'ms',
        target: 50,
        higherIsBetter: false,
      },
      {
        name: 'signer: orders signed and logged',
        value: perSecond,
        unit: '1/s',
        target: 500,
        higherIsBetter: true,
      },
      {
        name: 'signer: log bytes per order',
        value: statSync(log).size / (SEQUENTIAL + TOGETHER),
        unit: 'byte',
        higherIsBetter: false,
      },
      {
        name: `signer: start with ${lines} log lines`,
        value: restartMs,
        unit: 'ms',
        higherIsBetter: false,
      },
    ];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
