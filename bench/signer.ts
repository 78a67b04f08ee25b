// SPDX-License-Identifier: Apache-2.0
// Measures the signer as a process: orders signed and logged, one at a time and many together, and how fast it starts.
// Orders at a given rate are measured by signer-pace.ts.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  BOOK_LEVELS_MAX,
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  parseDecision,
  parseEgressTask,
  parsePolicy,
  type BookLevel,
  type Decision,
} from '@kontor/signer';
import { PolicyEvaluator, type RequestFacts } from '../signer/src/policy/evaluator.ts';
import { References } from '../signer/src/policy/references.ts';
import { parseSignedCheckpoint, proveInclusion, toProofFile, treeHasher } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { BenchResult } from './result.ts';

/** Not measured: code that runs for the first time. */
const FIRST = 400;
const SEQUENTIAL = 2_000;
const TOGETHER = 4_000;
/** Entries of the log that a start reads back: two for each order. */
const RESTART_ENTRIES = 100_000;
const PROOFS = 200;
/** Intents under way at once when many come together. */
const WINDOW = 256;
const POLICY = `policy/v1
connection bench
allow op=order.place symbol=BTCUSDT notional<=500 USDT
allow op=read.*
`;

/** Twenty lines before the one that decides, and every kind of limit on it. */
const FULL_POLICY = `policy/v1
connection bench
reference source=egress:referencePrice,bookTicker max-age=60s agree=1.0%
liquidity BTCUSDT min-24h-quote=5000000 max-spread=0.30% max-book-share=20%@1.0%
${Array.from({ length: 20 }, (_, index) => `allow id=a${index} op=order.place symbol=A${index}USDT notional<=500 USDT`).join('\n')}
deny op=order.place symbol=SHIBUSDT
allow id=full op=order.place symbol=BTCUSDT band=2.0% notional<=500 USDT per-day<=5000000 USDT open<=200 rate<=1000/10s
`;
const DECISIONS = 20_000;

/** Orders of all signers of this run: an ID is signed once. */
let orders = 0;

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
    const receipts = new FrameWriter(egress, FRAME_BYTES_MAX.report);
    const decisions = new FrameReader(FRAME_BYTES_MAX.decision, (message) => {
      const decision = parseDecision(message);
      this.#decided.get(decision.id)?.(decision);
      this.#decided.delete(decision.id);
    });
    const requests = new FrameReader(FRAME_BYTES_MAX.request, (message) => {
      const task = parseEgressTask(message);
      if (task.kind === 'watchReferences') return;
      const { id } = task;
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
        clientOrderId: `k1-${(orders += 1)}`,
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

    for (let count = 0; count < FIRST; count += 1) await signer.place(connection);
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
    const bytesPerOrder = statSync(log).size / (FIRST + SEQUENTIAL + TOGETHER);

    const longer = new BenchSigner(directory);
    left = (RESTART_ENTRIES - countLines(log)) / 2;
    await Promise.all(
      Array.from({ length: WINDOW }, async () => {
        while (left > 0) {
          left -= 1;
          await longer.place(connection);
        }
      }),
    );
    await longer.stop();
    const lines = countLines(log);
    const restartMs = await restart(directory);
    // Without the seal every leaf is computed anew.
    rmSync(join(directory, 'seal'));
    const anewMs = await restart(directory);
    const proofMs = timeProofs(join(directory, 'log'));

    return [
      decisionTime(),
      {
        name: 'signer: intent to signed, one after another, p50',
        value: at(times, 0.5),
        unit: 'ms',
        higherIsBetter: false,
      },
      {
        name: 'signer: intent to signed, one after another, p99',
        value: at(times, 0.99),
        unit: 'ms',
        higherIsBetter: false,
      },
      {
        name: 'signer: orders signed and logged',
        value: perSecond,
        unit: '1/s',
        target: 3_000,
        higherIsBetter: true,
      },
      {
        name: 'signer: log bytes per order',
        value: bytesPerOrder,
        unit: 'byte',
        higherIsBetter: false,
      },
      {
        name: `signer: start with ${lines} log entries`,
        value: restartMs,
        unit: 'ms',
        target: 1_000,
        higherIsBetter: false,
      },
      {
        name: `signer: start with ${lines} log entries, all computed anew`,
        value: anewMs,
        unit: 'ms',
        higherIsBetter: false,
      },
      {
        name: `signer: proof for an entry of ${lines}, from its files, p99`,
        value: at(proofMs, 0.99),
        unit: 'ms',
        target: 5,
        higherIsBetter: false,
      },
    ];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

/** How long the policy takes to decide an order, with every kind of limit, references, a floor and a full book. */
function decisionTime(): BenchResult {
  const parsed = parsePolicy(Buffer.from(FULL_POLICY));
  assert.ok(parsed.ok);
  const references = new References(() => undefined);
  const market = { venue: 'demo', symbol: 'BTCUSDT' };
  const evaluator = new PolicyEvaluator(parsed.policy, 'policy', references);
  const subject = { connection: 'c_ABCDEF2', name: 'bench', venue: 'demo' };
  const facts: RequestFacts = {
    ...{ operation: 'order.place', symbol: 'BTCUSDT', side: 'BUY', type: 'LIMIT' },
    ...{ timeInForce: 'GTC', stop: null, clientOrderId: null, quantity: null, isReleased: false },
    price: 2_650_010_000_000n,
    notional: 2_650_010_000_000n * 100_000n,
  };
  evaluator.want(subject, facts, 0);
  const common = { kind: 'reference', ageMs: 0, ...market } as const;
  const levels = (from: number, step: number): BookLevel[] =>
    Array.from({ length: BOOK_LEVELS_MAX }, (_, index) => [
      (from + step * index).toFixed(2),
      '12.50000000',
    ]);
  references.take({ ...common, source: 'referencePrice', price: '26500.10' }, 0);
  references.take({ ...common, source: 'bookTicker', bid: '26500.00', ask: '26500.20' }, 0);
  references.take({ ...common, source: 'dayVolume', quoteVolume: '912345678.12345678' }, 0);
  const book = { bids: levels(26_500, -0.5), asks: levels(26_500.2, 0.5) };
  references.take({ ...common, source: 'depth', ...book }, 0);
  const decide = (now: number): void => {
    const verdict = evaluator.judge(subject, [facts], () => null, now);
    assert.ok(verdict.ok);
    verdict.release();
  };
  for (let count = 0; count < DECISIONS; count += 1) decide(count % 100);
  const start = performance.now();
  for (let count = 0; count < DECISIONS; count += 1) decide(count % 100);
  return {
    name: 'signer: policy decision',
    value: ((performance.now() - start) / DECISIONS) * 1_000,
    unit: 'µs',
    target: 100,
    higherIsBetter: false,
  };
}

/** The time until a signer on `directory` answers. */
async function restart(directory: string): Promise<number> {
  const startedAt = performance.now();
  const signer = new BenchSigner(directory);
  await signer.ask({ kind: 'listConnections' });
  const ms = performance.now() - startedAt;
  await signer.stop();
  return ms;
}

function countLines(path: string): number {
  return readFileSync(path, 'utf8').split('\n').length - 1;
}

/** The times of proofs for entries all over the log, each from the files on disk to bytes that can be sent. */
function timeProofs(folder: string): readonly number[] {
  const hasher = treeHasher(nodeCryptography);
  const reader = {
    read(path: string): Uint8Array | undefined {
      const whole = join(folder, path);
      return existsSync(whole) ? readFileSync(whole) : undefined;
    },
  };
  const signed = parseSignedCheckpoint(readFileSync(join(folder, 'checkpoint')));
  assert.ok(signed.ok);
  const { checkpoint } = signed.value;
  const times: number[] = [];
  for (let count = 0; count < PROOFS; count += 1) {
    const index = (checkpoint.size * BigInt(count)) / BigInt(PROOFS);
    const startedAt = performance.now();
    const proof = proveInclusion(hasher, reader, index, checkpoint);
    assert.ok(proof.ok);
    toProofFile({ index, proof: proof.value.proof, extra: undefined, signed: signed.value });
    times.push(performance.now() - startedAt);
  }
  return times.toSorted((left, right) => left - right);
}

function at(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
