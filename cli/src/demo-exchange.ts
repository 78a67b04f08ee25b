// SPDX-License-Identifier: Apache-2.0
// The demo exchange: the simulator as a process beside the desk.

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endChild } from './supervisor.ts';

export interface DemoExchangeOptions {
  /** Arguments of the simulator: market, speed, seed, state file. */
  readonly arguments: readonly string[];
  /**
   * Set where the simulator may wait for another exchange before it is ready, however long: it is told what the
   * simulator says meanwhile. Without it the simulator must be ready within a minute.
   */
  readonly onWaiting?: (line: string) => void;
  readonly onStopped: (reason: string) => void;
}

export interface DemoExchangeAddresses {
  readonly rest: string;
  readonly streams: string;
  readonly wsApi: string;
  readonly control: string;
  readonly market: {
    readonly kind: 'synthetic' | 'candles' | 'trades' | 'follow';
    readonly seed: string;
    readonly symbols: readonly string[];
  };
}

export interface DemoExchange {
  readonly addresses: DemoExchangeAddresses;
  stop(): Promise<void>;
}

/** The simulator could not start; it has said why on stderr. */
export class DemoExchangeError extends Error {
  override readonly name = 'DemoExchangeError';
}

const READY_MS_MAX = 60_000;

/** Starts the simulator and waits for its addresses. Throws DemoExchangeError when it ends before it is ready. */
export async function startDemoExchange(options: DemoExchangeOptions): Promise<DemoExchange> {
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      fileURLToPath(import.meta.resolve('@kontor/simulator/main')),
      ...options.arguments,
      '--json',
      '--exit-with-stdin',
    ],
    // Its own process group: Ctrl-C reaches the supervisor, which ends the desk before its exchange.
    {
      stdio: ['pipe', 'pipe', options.onWaiting === undefined ? 'inherit' : 'pipe'],
      detached: true,
    },
  );
  if (child.stderr !== null) {
    createInterface({ input: child.stderr }).on('line', (line) => options.onWaiting?.(line));
  }
  const addresses = await readAddresses(child, options.onWaiting === undefined);
  let isStopping = false;
  child.on('exit', (code, signal) => {
    if (!isStopping) options.onStopped(signal ?? `exit code ${code}`);
  });
  return {
    addresses,
    async stop() {
      isStopping = true;
      await endChild(child);
    },
  };
}

function readAddresses(child: ChildProcess, isTimed: boolean): Promise<DemoExchangeAddresses> {
  return new Promise((resolve, reject) => {
    const timer = isTimed
      ? setTimeout(() => {
          child.kill('SIGKILL');
          reject(
            new DemoExchangeError(`the demo exchange was not ready after ${READY_MS_MAX / 1000} s`),
          );
        }, READY_MS_MAX)
      : undefined;
    child.once('error', (error) => {
      clearTimeout(timer);
      reject(new DemoExchangeError(`the demo exchange cannot be started: ${error.message}`));
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      reject(
        new DemoExchangeError(`the demo exchange ended before it was ready (exit code ${code})`),
      );
    });
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).once('line', (line) => {
      clearTimeout(timer);
      child.removeAllListeners('exit');
      const addresses: DemoExchangeAddresses = JSON.parse(line);
      resolve(addresses);
    });
  });
}
