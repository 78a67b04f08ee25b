// SPDX-License-Identifier: Apache-2.0
// What a backtest's thread is given, and what it says.

import type { BacktestOutcome, BacktestProgress, BacktestRequest } from './run-request.ts';

export interface WorkerInput {
  readonly request: BacktestRequest;
  /** One 32-bit word: anything but 0 asks the run to stop. */
  readonly cancelled: SharedArrayBuffer;
}

export type WorkerMessage =
  | { readonly kind: 'progress'; readonly progress: BacktestProgress }
  | { readonly kind: 'outcome'; readonly outcome: BacktestOutcome };
