// SPDX-License-Identifier: Apache-2.0
// Starts a backtest in a thread of its own and waits for its outcome.

import { Worker } from 'node:worker_threads';

import type { BacktestOutcome, BacktestProgress, BacktestRequest } from './run-request.ts';
import type { WorkerInput, WorkerMessage } from './worker-protocol.ts';

export interface StartOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BacktestProgress) => void;
}

/** Runs `request`. An abort ends it with the outcome `cancelled` after at most some ten thousand candles. */
export function startBacktest(
  request: BacktestRequest,
  options: StartOptions = {},
): Promise<BacktestOutcome> {
  const input: WorkerInput = { request, cancelled: new SharedArrayBuffer(4) };
  const word = new Int32Array(input.cancelled);
  const onAbort = (): void => {
    Atomics.store(word, 0, 1);
  };
  if (options.signal?.aborted === true) onAbort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  // Flags that fit this process's entry point, such as --eval's, would break the thread's.
  const worker = new Worker(new URL('./worker.ts', import.meta.url), {
    workerData: input,
    execArgv: [],
  });
  return new Promise<BacktestOutcome>((resolve, reject) => {
    worker.on('message', (message: WorkerMessage) => {
      if (message.kind === 'progress') options.onProgress?.(message.progress);
      else resolve(message.outcome);
    });
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new Error(`the backtest thread ended with code ${code}`)));
  }).finally(() => options.signal?.removeEventListener('abort', onAbort));
}
