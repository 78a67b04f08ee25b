// SPDX-License-Identifier: Apache-2.0
// The command beside a running desk, for tests that go on meanwhile.

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { makeSettings, type DcaSettings } from '@kontor/core';

const MAIN = fileURLToPath(new URL('../cli/src/main.ts', import.meta.url));

/** A bot that begins one deal at once, rests two orders beneath it, and then has little more to say. */
export const ONE_DEAL: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'One deal',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '110',
  safetyOrderStep: '3',
  maxSafetyOrders: 2,
  maxActiveSafetyOrders: 2,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '5',
  cooldownSeconds: 2_592_000,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly errors: string;
}

export function startKontor(given: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...given], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

/** Runs the command with `input` piped in, and waits for its end. */
export async function kontor(given: readonly string[], input = ''): Promise<Said> {
  const child = startKontor(given);
  let [out, errors] = ['', ''];
  child.stdout?.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr?.on('data', (part: Buffer) => (errors += part.toString()));
  child.stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, errors };
}

/** Sets the passphrase of a desk that does not run, as its owner would. */
export async function setPassphrase(directory: string, passphrase: string): Promise<void> {
  const given = ['vault', 'passphrase', '--data', directory];
  const { code, errors } = await kontor(given, `${passphrase}\n${passphrase}\n`);
  assert.equal(code, 0, errors);
}
