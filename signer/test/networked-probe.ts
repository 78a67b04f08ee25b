// SPDX-License-Identifier: Apache-2.0
// In the place of server or egress behind their walls: settles as they do, then tries what an intruder would, and
// prints what came of it as one JSON line. Then it holds a secret in its memory until it is ended.

import childProcess from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import { settleNetworked } from '../src/index.ts';

const [own = '', forbidden = ''] = process.argv.slice(2);
const hardening = settleNetworked([forbidden]);

const attempts: Readonly<Record<string, () => unknown>> = {
  ownFolder: () => {
    fs.writeFileSync(`${own}/file`, 'x');
    fs.unlinkSync(`${own}/file`);
  },
  readForbidden: () => fs.readFileSync(`${forbidden}/unlock`),
  listForbidden: () => fs.readdirSync(forbidden),
  writeForbidden: () => fs.writeFileSync(`${forbidden}/planted`, 'x'),
  renameForbidden: () => fs.renameSync(`${forbidden}/unlock`, `${own}/unlock`),
  linkForbidden: () => {
    fs.symlinkSync(`${forbidden}/unlock`, `${own}/link`);
    try {
      fs.readFileSync(`${own}/link`);
    } finally {
      fs.unlinkSync(`${own}/link`);
    }
  },
  spawn: () => {
    const { error } = childProcess.spawnSync('/bin/true');
    if (error !== undefined) throw error;
  },
  spawnNode: () => {
    const { error } = childProcess.spawnSync(process.execPath, ['--version']);
    if (error !== undefined) throw error;
  },
  execve: () => process.execve?.('/bin/true', ['true'], {}),
  signalParent: () => process.kill(process.ppid, 'SIGCONT'),
  parentMemory: () => fs.openSync(`/proc/${process.ppid}/mem`, 'r'),
};
const outcomes: Record<string, string> = {};
for (const [name, attempt] of Object.entries(attempts)) outcomes[name] = outcomeOf(attempt);
outcomes['connect'] = await socketOutcome(() => net.connect(1, '127.0.0.1'));
outcomes['listen'] = await socketOutcome(() => net.createServer().listen(0, '127.0.0.1'));
outcomes['worker'] = await socketOutcome(() => {
  const worker = new Worker(
    'require("node:worker_threads").parentPort.postMessage(require("node:fs").existsSync("/"))',
    { eval: true },
  );
  worker.once('message', () => worker.emit('connect', undefined));
  return worker;
});
process.stdout.write(
  `${JSON.stringify({ hardening, outcomes, environment: process.env, directory: own })}\n`,
);
process.stdin.on('end', () => process.exit(0)).resume();

function outcomeOf(attempt: () => unknown): string {
  try {
    attempt();
    return 'done';
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'thrown';
}

interface Emitter {
  on(event: string, listener: (error: unknown) => void): unknown;
}

function socketOutcome(open: () => Emitter): Promise<string> {
  return new Promise((resolve) => {
    try {
      const emitter = open();
      emitter.on('error', (error) => resolve(textOf(error)));
      for (const done of ['connect', 'listening']) emitter.on(done, () => resolve('done'));
    } catch (error) {
      resolve(textOf(error));
    }
  });
}
