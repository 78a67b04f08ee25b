// SPDX-License-Identifier: Apache-2.0
// A whole desk for tests: simulator, supervisor and the three processes, on loopback and in a folder of its own.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { BotSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { demoPolicy } from '../cli/src/demo-desk.ts';
import { connectDesk, DeskClientError, type DeskClient } from '../cli/src/desk-client.ts';
import { deskFiles, makeDirectories, writeJson } from '../cli/src/desk-files.ts';
import { startDemoExchange, type DemoExchangeAddresses } from '../cli/src/demo-exchange.ts';
import { Supervisor, type ProcessName } from '../cli/src/supervisor.ts';

const WAIT_MS_MAX = 30_000;
const POLL_MS = 5;

export interface SimulatorProcess {
  readonly addresses: DemoExchangeAddresses;
  /** Asks the control port; `body` makes it a POST. Fails the test when it answers no. */
  control<T>(path: string, body?: unknown): Promise<T>;
  stop(): Promise<void>;
}

/** Starts the simulator as a process, as `kontor start` does. */
export async function startSimulator(options: readonly string[]): Promise<SimulatorProcess> {
  const { addresses, stop } = await startDemoExchange({
    arguments: options,
    onStopped: (reason) => process.stderr.write(`the simulator ended: ${reason}\n`),
  });
  return {
    addresses,
    stop,
    async control(path, body) {
      const response = await fetch(`${addresses.control}/control${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        ...(body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(WAIT_MS_MAX),
      });
      const answer = await response.json();
      assert.ok(response.ok, `${path}: HTTP ${response.status} ${JSON.stringify(answer)}`);
      return answer;
    },
  };
}

export interface TestDesk {
  readonly client: DeskClient;
  readonly directory: string;
  readonly url: string;
  readonly link: string;
  readonly supervisor: Supervisor;
  /** What the processes said to the person at the terminal, and their restarts. */
  readonly said: string[];
  readonly restarts: ProcessName[];
  stop(): Promise<void>;
}

export interface DeskOptions {
  readonly simulator: SimulatorProcess;
  readonly bots: readonly BotSettings[];
  readonly directory: string;
  /** The policy file's text; the demo's own by default. */
  readonly policy?: string;
  /** Egress talks to this address instead of the simulator's own. */
  readonly rest?: string;
  /** The desk reads the public market at this address instead of the simulator's own. */
  readonly marketRest?: string;
  /** Another address for egress' streams. */
  readonly wsApi?: string;
  /** What egress and signer call the exchange; `demo` by default, where keys need no check. */
  readonly venue?: string;
  /** The kind of market that the desk is told it trades on; the simulator's own by default. */
  readonly marketKind?: 'candles';
  /** The market's streams come from this address instead of the simulator's own. */
  readonly streams?: string;
  /** What the venue takes of every fill, as bots reckon with it. */
  readonly feeRatePpm?: number;
  readonly symbols?: readonly string[];
  /** The built page; an empty folder by default, for tests that look at none. */
  readonly webDirectory?: string;
  /** Flags of Node for one of the processes, such as a module that kills it at its n-th write. */
  readonly nodeFlags?: Partial<Record<ProcessName, readonly string[]>>;
  readonly onFatal?: (name: ProcessName) => void;
}

/** Starts a desk and waits until it serves pages. */
export async function startDesk(options: DeskOptions): Promise<TestDesk> {
  const { simulator, directory } = options;
  const { addresses } = simulator;
  const symbols = options.symbols ?? addresses.market.symbols;
  const files = deskFiles(directory);
  makeDirectories(files);
  const policy = options.policy ?? demoPolicy(symbols, 'USDT', addresses.market.kind);
  writeFileSync(join(files.signer, 'policy'), policy, { mode: 0o600 });
  const egressConfigFile = join(files.config, 'egress.json');
  writeJson(egressConfigFile, {
    venues: {
      [options.venue ?? 'demo']: {
        rest: options.rest ?? addresses.rest,
        wsApi: options.wsApi ?? addresses.wsApi,
      },
    },
  });
  const webDirectory = options.webDirectory ?? join(files.run, 'web');
  mkdirSync(webDirectory, { recursive: true });
  const serverConfigFile = join(files.config, 'server.json');
  writeJson(serverConfigFile, {
    version: '0.0.0-test',
    dataDirectory: directory,
    webDirectory,
    port: 0,
    connectionName: 'demo',
    venue: options.venue ?? 'demo',
    market: {
      kind: options.marketKind ?? addresses.market.kind,
      label: addresses.market.seed,
      rest: options.marketRest ?? addresses.rest,
      streams: options.streams ?? addresses.streams,
      control: addresses.control,
    },
    symbols,
    feeRatePpm: options.feeRatePpm ?? 1_000,
    firstBots: options.bots,
  });
  const said: string[] = [];
  const restarts: ProcessName[] = [];
  let supervisor: Supervisor | null = null;
  const ready = await new Promise<{ readonly url: string; readonly link: string }>(
    (resolve, reject) => {
      supervisor = new Supervisor({
        dataDirectory: directory,
        signerDirectory: files.signer,
        egressConfigFile,
        serverConfigFile,
        logFile: join(files.run, 'processes.log'),
        nodeFlags: options.nodeFlags ?? {},
        onReady: resolve,
        onFatal: (name) => {
          options.onFatal?.(name);
          reject(new Error(`${name} gave up: ${said.join('; ')}`));
        },
        onMessage: (name, line) => said.push(`${name}: ${line}`),
        onRestart: (name) => restarts.push(name),
      });
      supervisor.start();
      setTimeout(
        () => reject(new Error(`the desk was not ready in time: ${said.join('; ')}`)),
        WAIT_MS_MAX,
      ).unref();
    },
  ).catch(async (error: unknown) => {
    // Processes that are left would keep the test from ending.
    await supervisor?.stop();
    throw error;
  });
  assert.ok(supervisor !== null);
  const running: Supervisor = supervisor;
  return {
    // Asked anew each time: a server that was replaced serves at another port.
    client: {
      url: ready.url,
      get: async (path) => connectDesk(directory).get(path),
      post: async (path, body) => connectDesk(directory).post(path, body),
      put: async (path, body) => connectDesk(directory).put(path, body),
      patch: async (path, body) => connectDesk(directory).patch(path, body),
      delete: async (path) => connectDesk(directory).delete(path),
    },
    directory,
    ...ready,
    supervisor: running,
    said,
    restarts,
    stop: () => running.stop(),
  };
}

/** Collects what is to be undone when the test ends; the last comes first. */
export function deferrer(t: {
  after(work: () => Promise<void>): void;
}): (work: () => unknown) => void {
  const works: (() => unknown)[] = [];
  t.after(async () => {
    for (const work of works.toReversed()) await work();
  });
  return (work) => works.push(work);
}

/** A folder that is gone when the test is. */
export function temporaryDirectory(defer: (work: () => unknown) => void): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-test-'));
  defer(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Waits until `condition` gives something; fails the test with `what` when it never does. */
export async function until<T>(
  what: string | (() => string),
  condition: () => Promise<T | null> | T | null,
): Promise<T> {
  const started = performance.now();
  while (performance.now() - started < WAIT_MS_MAX) {
    const value = await unlessRestarting(condition);
    if (value !== null) return value;
    await delay(POLL_MS);
  }
  return assert.fail(
    `${typeof what === 'string' ? what : what()} did not happen within ${WAIT_MS_MAX / 1000} s`,
  );
}

/** Waits until the desk has done all it wants to do about the market as it stands at `marketMs`. */
export async function untilQuiet(
  desk: TestDesk,
  simulator: SimulatorProcess,
  marketMs: number,
): Promise<void> {
  let quietPolls = 0;
  let seen: unknown;
  await until(
    () => `quiet at ${marketMs} (last seen: ${JSON.stringify(seen)})`,
    async () => {
      const [health, overview, deals, exchange] = await Promise.all([
        desk.client.get<api.Health>('/api/v1/health'),
        desk.client.get<api.Desk>('/api/v1/desk'),
        desk.client.get<api.DealPage>('/api/v1/deals?limit=500'),
        simulator.control<{ readonly trades: readonly unknown[] }>('/accounts/demo/trades'),
      ]);
      const fills = deals.deals.reduce((sum, deal) => sum + deal.fills.length, 0);
      seen = { health, market: overview.market, fills, trades: exchange.trades.length };
      const isQuiet =
        health.pendingEffects === 0 &&
        health.ambiguousOrders === 0 &&
        (overview.market.marketTime ?? 0) >= marketMs &&
        fills === exchange.trades.length;
      quietPolls = isQuiet ? quietPolls + 1 : 0;
      return quietPolls >= 2 ? true : null;
    },
  );
}

/** A desk whose server is being replaced is asked again. */
async function unlessRestarting<T>(
  condition: () => Promise<T | null> | T | null,
): Promise<T | null> {
  try {
    return await condition();
  } catch (error) {
    if (error instanceof DeskClientError && error.code === 'not_running') return null;
    throw error;
  }
}
