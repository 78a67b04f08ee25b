// SPDX-License-Identifier: Apache-2.0
// The thread in which a backtest runs, so that the process stays able to answer and to cancel.

import { parentPort, workerData } from 'node:worker_threads';

import { assert } from '@kontor/core';

import { runRequest } from './run-request.ts';
import type { WorkerInput, WorkerMessage } from './worker-protocol.ts';

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
