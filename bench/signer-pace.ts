// SPDX-License-Identifier: Apache-2.0
// Measures the signer behind its walls while orders come at 500 a second, whatever becomes of those before: evenly, and
// at random. A time runs from when the order was to be sent to when its signed request is where egress would read it.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  parseDecision,
  parseEgressTask,
  signerArguments,
  WIRE_VERSION,
  type Decision,
} from '@kontor/signer';
import { NODE_FLAGS } from '../cli/src/process-starts.ts';
import type { PacedWrites } from './probe/paced-writes.ts';
import type { BenchResult } from './result.ts';

const PER_SECOND = 500;
const ROUND_MS = 30_000;
/** Of orders of which it does not hear the end, as here, the signer takes 100,000: warm and measured, all rounds together. */
const ROUNDS = 3;
/** Before each round the signer is given as much, so that the compiler has seen it all. */
const WARM_MS = 3_000;
const SETTLE_MS = 20_000;
const SEED = 20_261_123;
const DISK_WRITES = 2_000;
/** About what an order's entry takes. */
const DISK_WRITE_BYTES = 600;
const HEADER_BYTES = 5;
const TICKS_PER_SECOND = 100;
const POLICY = `policy/v1
connection bench
allow op=order.place symbol=BTCUSDT notional<=500 USDT per-day<=500000000 USDT rate<=10000/10s
allow op=read.*
`;

type Arrivals = 'evenly' | 'at random';

/** What one round showed; times in ms, sorted. */
interface Round {
  readonly times: Float64Array;
  /** How late the sender itself was. */
  readonly late: Float64Array;
  /** Processor time of the signer, as a share of one processor. */
  readonly busy: number;
}

/** A signer as the supervisor starts it, with this process in the places of server and egress. */
class PacedSigner {
  readonly #child: ChildProcess;
  readonly #server: Socket;
  readonly #intents: FrameWriter;
  readonly #decided = new Map<number, (decision: Decision) => void>();
  #refused: Decision | null = null;
  /** When each request was read, by the intent's ID. */
  readonly #signedAt = new Map<number, number>();
  #id = 0;

  constructor(directory: string, publicDirectory: string) {
    const given = ['--data', directory, '--log', publicDirectory];
    const start = { directory, reads: [], writes: [publicDirectory] };
    this.#child = spawn(process.execPath, signerArguments(start, given, NODE_FLAGS), {
      stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe', 'ignore', 'ignore'],
      env: {},
    });
    const [, , , server, egress] = this.#child.stdio;
    assert.ok(server instanceof Socket && egress instanceof Socket);
    this.#server = server;
    this.#intents = new FrameWriter(server, FRAME_BYTES_MAX.intent);
    const receipts = new FrameWriter(egress, FRAME_BYTES_MAX.report);
    let at = 0;
    const decisions = new FrameReader(FRAME_BYTES_MAX.decision, (message) => {
      const decision = parseDecision(message);
      const decided = this.#decided.get(decision.id);
      this.#decided.delete(decision.id);
      if (decided !== undefined) decided(decision);
      else if (decision.kind !== 'signed') this.#refused ??= decision;
    });
    const requests = new FrameReader(FRAME_BYTES_MAX.request, (message) => {
      const task = parseEgressTask(message);
      if (task.kind === 'watchReferences') return;
      receipts.write({ kind: 'receipt', id: task.id, status: 200 });
      this.#signedAt.set(task.id, at);
    });
    server.on('data', (bytes: Buffer) => decisions.push(bytes));
    egress.on('data', (bytes: Buffer) => {
      at = now();
      requests.push(bytes);
    });
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

  /** Orders at the times `due`, in ms from the start of the round. */
  async round(connection: string, due: Float64Array): Promise<Round> {
    const first = this.#id + 1;
    const frames = Array.from(due, () => orderFrame((this.#id += 1), connection));
    const start = now() + 200;
    const given: PacedWrites = { fd: descriptorOf(this.#server), frames, due, start };
    const path = fileURLToPath(new URL('probe/paced-writes.ts', import.meta.url));
    const worker = new Worker(path, { workerData: given, execArgv: [] });
    const busyBefore = processorMs(this.#child.pid);
    const late = await new Promise<Float64Array>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    const until = now() + SETTLE_MS;
    while (this.#signedAt.size < due.length && this.#refused === null && now() < until)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const busy = (processorMs(this.#child.pid) - busyBefore) / (now() - start);
    assert.equal(this.#refused, null);
    const times = due.map((ms, index) => (this.#signedAt.get(first + index) ?? NaN) - start - ms);
    this.#signedAt.clear();
    assert.ok(times.every(Number.isFinite), 'expected every order to be signed');
    return { times: times.toSorted(), late: late.toSorted(), busy };
  }

  /** Intents so far. */
  get intents(): number {
    return this.#id;
  }

  /** Resident, in MB; not a number where the system does not tell. */
  get memory(): number {
    const status = readProcess(this.#child.pid, 'status');
    return (Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024) / 1e6;
  }

  async stop(): Promise<void> {
    const exit = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGTERM');
    await exit;
  }
}

/** Runs a signer on a directory of its own and measures it. */
export async function run(): Promise<BenchResult[]> {
  // Not where temporary files are: that may be memory, where a synced write costs nothing.
  const build = fileURLToPath(new URL('../.build', import.meta.url));
  mkdirSync(build, { recursive: true });
  const parent = mkdtempSync(join(build, 'bench-'));
  const directory = join(parent, 'signer');
  mkdirSync(directory, { mode: 0o700 });
  mkdirSync(join(parent, 'log'));
  writeFileSync(join(directory, 'policy'), POLICY);
  try {
    const disk = syncedWrites(parent);
    const signer = new PacedSigner(directory, join(parent, 'log'));
    const created = await signer.ask({ kind: 'createConnection', name: 'bench', venue: 'demo' });
    assert.equal(created.kind, 'connections');
    const connection = created.connections[0]?.connection ?? '';
    await signer.ask({ kind: 'activateConnection', connection, apiKey: 'bench' });
    const draw = drawer(SEED);
    const rounds: Record<Arrivals, Round[]> = { evenly: [], 'at random': [] };
    for (let count = 0; count < ROUNDS; count += 1) {
      for (const arrivals of ['evenly', 'at random'] as const) {
        await signer.round(connection, dueTimes(arrivals, WARM_MS, draw));
        const round = await signer.round(connection, dueTimes(arrivals, ROUND_MS, draw));
        rounds[arrivals].push(round);
        process.stderr.write(`${arrivals}: ${describe(round)}\n`);
      }
    }
    const { memory, intents } = signer;
    await signer.stop();
    return [
      ...resultsOf('evenly', rounds.evenly),
      ...resultsOf('at random', rounds['at random']),
      result(
        `signer at ${PER_SECOND}/s: processor time, share of one`,
        100 * median([...rounds.evenly, ...rounds['at random']].map(({ busy }) => busy)),
        '%',
      ),
      result(`signer: resident memory after ${intents} intents`, memory, 'MB'),
      result('signer: one synced write of its disk, p50', at(disk, 0.5), 'ms'),
      result('signer: one synced write of its disk, p99', at(disk, 0.99), 'ms'),
    ];
  } finally {
    rmSync(parent, { recursive: true, force: true });
  }
}

function resultsOf(arrivals: Arrivals, rounds: readonly Round[]): readonly BenchResult[] {
  const name = `signer at ${PER_SECOND}/s, ${arrivals}`;
  const of = (share: number): number => median(rounds.map(({ times }) => at(times, share)));
  return [
    result(`${name}: intent to signed, p50`, of(0.5), 'ms', 1),
    result(`${name}: intent to signed, p99`, of(0.99), 'ms', 3),
    result(`${name}: intent to signed, p99.9`, of(0.999), 'ms'),
    result(`${name}: intent to signed, longest`, of(1), 'ms'),
    result(
      `${name}: the sender itself late, p99`,
      median(rounds.map(({ late }) => at(late, 0.99))),
      'ms',
    ),
  ];
}

/** When each order of a round is due. */
function dueTimes(arrivals: Arrivals, ms: number, draw: () => number): Float64Array {
  const due = new Float64Array((ms * PER_SECOND) / 1_000);
  let time = 0;
  for (const index of due.keys()) {
    due[index] = time;
    const gap = 1_000 / PER_SECOND;
    time += arrivals === 'evenly' ? gap : -Math.log(1 - draw()) * gap;
  }
  return due;
}

/** The times of writes like the log's, with nothing else going on. */
function syncedWrites(directory: string): Float64Array {
  const path = join(directory, 'disk');
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_SYNC;
  const fd = openSync(path, flags, 0o600);
  const bytes = Buffer.alloc(DISK_WRITE_BYTES, 1);
  const times = new Float64Array(DISK_WRITES);
  for (const index of times.keys()) {
    const start = now();
    writeSync(fd, bytes);
    times[index] = now() - start;
  }
  closeSync(fd);
  return times.toSorted();
}

function orderFrame(id: number, connection: string): Uint8Array {
  const order = {
    symbol: 'BTCUSDT',
    side: 'buy',
    type: 'limit',
    timeInForce: 'GTC',
    price: '26500.10',
    quantity: '0.00100000',
    clientOrderId: `k1-${id}`,
  };
  const payload = Buffer.from(JSON.stringify({ kind: 'placeOrder', id, connection, order }));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt8(WIRE_VERSION, HEADER_BYTES - 1);
  return Buffer.concat([header, payload]);
}

/** Node tells the descriptor of a socket in this way only. */
function descriptorOf(socket: Socket): number {
  const fd: unknown = Reflect.get(Object(Reflect.get(socket, '_handle')), 'fd');
  assert.ok(typeof fd === 'number');
  return fd;
}

/** Processor time that a process has taken; not a number where the system does not tell. */
function processorMs(pid: number | undefined): number {
  const text = readProcess(pid, 'stat');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1_000) / TICKS_PER_SECOND;
}

function readProcess(pid: number | undefined, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8');
  } catch {
    return '';
  }
}

function describe({ times, late, busy }: Round): string {
  const text = (sorted: Float64Array): string =>
    [0.5, 0.9, 0.99, 0.999, 1].map((share) => at(sorted, share).toFixed(2)).join(' / ');
  return `p50 / p90 / p99 / p99.9 / longest ${text(times)} ms, sender late ${text(late)} ms, busy ${(100 * busy).toFixed(0)} %`;
}

/** Numbers from 0 to 1, always the same ones (mulberry32). */
function drawer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)] ?? NaN;
}

function at(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

function result(name: string, value: number, unit: string, target?: number): BenchResult {
  return { name, value, unit, higherIsBetter: false, ...(target === undefined ? {} : { target }) };
}
