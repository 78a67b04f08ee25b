// SPDX-License-Identifier: Apache-2.0
// Many seeds on several cores.

import { Worker } from 'node:worker_threads';
import type { RunResult } from './world.ts';

/** A run that takes longer does not end. The slowest take a few seconds. */
const RUN_MS_MAX = 120_000;

export interface SeedRange {
  readonly from: number;
  readonly runs: number;
  readonly workers: number;
  /** Whether the stories are wanted, as hashes. */
  readonly isTold?: boolean;
  readonly onResult?: (result: RunResult) => void;
}

/** What a worker is asked for. */
export interface SeedRequest {
  readonly seed: number;
  readonly isTold: boolean;
}

/** Runs the seeds and gives back what came of each, in their order. */
export async function runSeeds(range: SeedRange): Promise<readonly RunResult[]> {
  const results: RunResult[] = [];
  let next = range.from;
  const end = range.from + range.runs;
  const work = async (): Promise<void> => {
    let worker = startWorker();
    try {
      while (next < end) {
        const seed = next;
        next += 1;
        const result = await runOn(worker, { seed, isTold: range.isTold ?? false });
        if (result.violation?.rule === 'hangs') {
          await worker.terminate();
          worker = startWorker();
        }
        results.push(result);
        range.onResult?.(result);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: range.workers }, work));
  return results.toSorted((left, right) => left.seed - right.seed);
}

/** One line that says what broke and how to see it again. */
export function failureLine({ seed, violation }: RunResult): string {
  if (violation === null) return `seed ${seed} holds`;
  const { rule, message, at } = violation;
  const [first = ''] = message.split('\n', 1);
  const seconds = (at / 1000).toFixed(1);
  return `seed ${seed}: ${rule} at ${seconds} s: ${first.slice(0, 300)} — node_modules/.bin/node test/simulation/main.ts --seed ${seed} --trace`;
}

/** What all runs did together, by name. */
export function totalsOf(results: readonly RunResult[]): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {};
  for (const { counts } of results) {
    for (const [name, count] of Object.entries(counts)) totals[name] = (totals[name] ?? 0) + count;
  }
  return totals;
}

function startWorker(): Worker {
  return new Worker(new URL('./main.ts', import.meta.url));
}

function runOn(worker: Worker, request: SeedRequest): Promise<RunResult> {
  return new Promise((resolve) => {
    const finish = (result: RunResult): void => {
      clearTimeout(timer);
      worker.off('message', finish);
      worker.off('error', onError);
      resolve(result);
    };
    const broken = (rule: string, message: string): RunResult => ({
      seed: request.seed,
      violation: { rule, message, at: 0 },
      counts: {},
    });
    const onError = (error: unknown): void => finish(broken('simulation', String(error)));
    const timer = setTimeout(
      () => finish(broken('hangs', `no end within ${RUN_MS_MAX / 1000} s`)),
      RUN_MS_MAX,
    );
    worker.on('message', finish);
    worker.on('error', onError);
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
    worker.postMessage(request);
  });
}
