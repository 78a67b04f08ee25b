// SPDX-License-Identifier: Apache-2.0
// In the signer's place behind its walls: settles as the signer does, then tries what an intruder would, and prints
// what came of it as one JSON line. Then it holds a secret in its memory until it is ended.

import childProcess from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import dgram from 'node:dgram';
import fs from 'node:fs';
import net from 'node:net';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import { settle } from '../src/hardening/settle.ts';

const [directory = ''] = process.argv.slice(2);
const hardening = settle();

// Never written out in one piece, so that no file of this repository holds it.
const secret = Buffer.from(['held', 'in', 'memory', String(process.pid)].join('-'));
const key = createSecretKey(secret);

const attempts: Readonly<Record<string, () => unknown>> = {
  readForeignFile: () => fs.readFileSync('/etc/passwd'),
  writeForeignFile: () => fs.writeFileSync(`${directory}-outside`, 'x'),
  spawn: () => {
    const { error } = childProcess.spawnSync('/bin/true');
    if (error !== undefined) throw error;
  },
  execve: () => process.execve?.('/bin/true', ['true']),
  worker: () => new Worker('0', { eval: true }),
  evaluate: () => Reflect.construct(Function, ['return 1']),
  loadAddon: () => process.dlopen({ exports: {} }, `${directory}/addon.node`),
  heapSnapshotFile: () => v8.writeHeapSnapshot(`${directory}-outside.heapsnapshot`),
  reportFile: () => process.report.writeReport(`${directory}-outside.json`),
  signalParent: () => process.kill(process.ppid, 'SIGCONT'),
};
// Without walls an intruder would get his way, so nothing is tried there.
const outcomes = hardening.level > 1 ? await intrude() : {};
process.stdout.write(
  `${JSON.stringify({ hardening, outcomes, environment: process.env, secretBytes: key.symmetricKeySize })}\n`,
);
process.stdin.on('end', () => process.exit(secret.length > 0 ? 0 : 1)).resume();

/** What each attempt ended in: `done`, or the error. */
async function intrude(): Promise<Readonly<Record<string, string>>> {
  const { DatabaseSync } = await import('node:sqlite');
  const found: Record<string, string> = {
    ownDirectory: outcomeOf(() => {
      fs.writeFileSync(`${directory}/own`, 'x');
      fs.unlinkSync(`${directory}/own`);
    }),
    sqliteFile: outcomeOf(() => {
      new DatabaseSync(`${directory}-outside.db`).exec('CREATE TABLE a (b)');
    }),
    nativeCall: outcomeOf(() => process.getBuiltinModule('node:ffi').dlopen(null, {})),
    connectTcp: await socketOutcome(() => net.connect(1, '127.0.0.1')),
    connectUnix: await socketOutcome(() => net.connect('/run/kontor-nothing')),
    listen: await socketOutcome(() => net.createServer().listen(0, '127.0.0.1')),
    udp: await socketOutcome(() => dgram.createSocket('udp4').bind(0)),
  };
  for (const [name, attempt] of Object.entries(attempts)) found[name] = outcomeOf(attempt);
  return found;
}

function outcomeOf(attempt: () => unknown): string {
  try {
    attempt();
    return 'done';
  } catch (error) {
    return textOf(error);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error
    ? `${'code' in error ? String(error.code) : ''} ${error.message}`
    : 'thrown';
}

interface Emitter {
  on(event: string, listener: (error: unknown) => void): unknown;
}

function socketOutcome(open: () => Emitter): Promise<string> {
  return new Promise((resolve) => {
    // A refused listen is thrown where nobody can catch it.
    process.setUncaughtExceptionCaptureCallback(null);
    process.setUncaughtExceptionCaptureCallback((error) => resolve(textOf(error)));
    try {
      const socket = open();
      socket.on('error', (error) => resolve(textOf(error)));
      for (const done of ['connect', 'listening']) socket.on(done, () => resolve('done'));
    } catch (error) {
      resolve(textOf(error));
    }
  });
}
