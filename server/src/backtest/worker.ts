// SPDX-License-Identifier: Apache-2.0
// The thread in which a backtest runs, so that the process stays able to answer and to cancel.

import { parentPort, workerData } from 'node:worker_threads';

import { assert } from '@kontor/core';

import { runRequest, type BacktestOutcome, type BacktestProgress } from './run-request.ts';
import type { WorkerInput } from './start.ts';

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: BacktestProgress }
  | { readonly kind: 'outcome'; readonly outcome: BacktestOutcome };

const port = parentPort;
assert(port !== null, 'Invariant: worker.ts runs as a worker');
// The only caller is start.ts, which passes exactly this.
const input = workerData as WorkerInput;
const cancelled = new Int32Array(input.cancelled);
const post = (message: WorkerMessage): void => port.postMessage(message);

const outcome = await runRequest(input.request, {
  onProgress: (progress) => post({ kind: 'progress', progress }),
  isCancelled: () => Atomics.load(cancelled, 0) !== 0,
});
post({ kind: 'outcome', outcome });
