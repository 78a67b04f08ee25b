// SPDX-License-Identifier: Apache-2.0
// A desk behind its walls, and what another program of the same user can open of it: run by walls.test.ts as a program
// without any right to look into others, prints one JSON line.

import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { api } from '@kontor/server';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type TestDesk,
} from './harness.ts';

export interface WalledDesk {
  readonly processes: readonly (api.ProcessHealth & {
    readonly status: string;
    readonly opened: readonly string[];
  })[];
  /** Of the process that started the others. */
  readonly supervisor: readonly string[];
  /** Of one without walls. */
  readonly bare: readonly string[];
  /** The signer after one that died. */
  readonly replaced: readonly string[];
}

const works: (() => Promise<void>)[] = [];
const defer = deferrer({ after: (work) => works.push(work) });
try {
  const directory = temporaryDirectory(defer);
  const simulator = await startSimulator([
    '--account',
    'demo:USDT=10000',
    '--no-keys',
    '--seed',
    '3',
  ]);
  defer(() => simulator.stop());
  const desk = await startDesk({ simulator, bots: [], directory });
  defer(() => desk.stop());
  const bare = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log(1)'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {},
  });
  defer(() => bare.kill('SIGKILL'));
  await new Promise<void>((resolve) => bare.stdout.once('data', () => resolve()));
  const processes = (await walled(desk)).processes.map((entry) => ({
    ...entry,
    status: readFileSync(`/proc/${entry.pid}/status`, 'utf8'),
    opened: openedOf(entry.pid),
  }));
  const signer = processes.find(({ name }) => name === 'signer');
  if (typeof signer?.pid === 'number') process.kill(signer.pid, 'SIGKILL');
  const next = await until('the signer is replaced', async () => {
    const found = (await walled(desk)).processes.find(({ name }) => name === 'signer');
    return found === undefined || found.pid === signer?.pid ? null : found;
  });
  const result: WalledDesk = {
    processes,
    supervisor: openedOf(process.pid),
    bare: openedOf(bare.pid ?? null),
    replaced: openedOf(next.pid),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
} finally {
  for (const work of works) await work();
}
process.exit(0);

function walled(desk: TestDesk): Promise<api.Health> {
  return until('every process told its walls', async () => {
    const found = await desk.client.get<api.Health>('/api/v1/health');
    return found.processes.every(({ hardening, pid }) => hardening !== undefined && pid !== null)
      ? found
      : null;
  });
}

/** What another program can open of a process' inside. */
function openedOf(pid: number | null): readonly string[] {
  const script = `
    for (const name of ['mem', 'environ', 'maps'])
      try { fs.closeSync(fs.openSync('/proc/${pid}/' + name)); console.log(name); } catch {}`;
  const { stdout } = spawnSync(process.execPath, ['-e', script], { encoding: 'utf8', env: {} });
  return stdout.split('\n').filter((line) => line !== '');
}
