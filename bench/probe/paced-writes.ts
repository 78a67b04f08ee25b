// SPDX-License-Identifier: Apache-2.0
// A thread that writes frames to a descriptor, each at its own time, whatever became of those before: it sleeps in
// between, so that it takes no processor from what it measures. Says at the end how late each write was.

import { writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';

/** What the thread is given. */
export interface PacedWrites {
  readonly fd: number;
  readonly frames: readonly Uint8Array[];
  /** When each frame is due, in ms since `start`. */
  readonly due: Float64Array;
  /** On the clock of `process.hrtime`, in ms. */
  readonly start: number;
}

const cell = new Int32Array(new SharedArrayBuffer(4));
const { fd, frames, due, start } = workerData as PacedWrites;
const late = new Float64Array(frames.length);

for (const [index, frame] of frames.entries()) {
  const at = start + (due[index] ?? 0);
  for (let wait = at - now(); wait > 0; wait = at - now()) Atomics.wait(cell, 0, 0, wait);
  late[index] = now() - at;
  writeWhole(frame);
}
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(late);

function now(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Waits where the pipe is full: what comes later is late, and is measured so. */
function writeWhole(frame: Uint8Array): void {
  for (let written = 0; written < frame.length;) {
    try {
      written += writeSync(fd, frame, written);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
      Atomics.wait(cell, 0, 0, 1);
    }
  }
}
