// SPDX-License-Identifier: Apache-2.0
// Loaded into a process under test (`--import …/kill-at.ts?at=17&marker=FILE`): kills it with SIGKILL at its n-th
// write or send, once. `?count=FILE` only counts: the file then holds how many there were.
//
// A moment is the start and the end of every statement and commit, every write and sync of a file, and every write
// to a socket. The marker keeps the process that comes after from being killed as well.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';
import { DatabaseSync, StatementSync } from 'node:sqlite';

const parameters = new URL(import.meta.url).searchParams;
const at = Number(parameters.get('at') ?? '0');
const marker = parameters.get('marker');
const countFile = parameters.get('count');
let moments = 0;

const { existsSync, writeFileSync } = fs;
const isArmed = marker !== null && !existsSync(marker);

function moment(): void {
  moments += 1;
  if (countFile !== null && moments % 10 === 0) writeFileSync(countFile, String(moments));
  if (!isArmed || moments !== at) return;
  writeFileSync(marker, String(process.pid));
  process.kill(process.pid, 'SIGKILL');
}

/** `owner[name]` with a moment before and after each call. */
function watch(owner: object, name: string): void {
  const original: unknown = Reflect.get(owner, name);
  if (typeof original !== 'function') throw new Error(`expected a function ${name} to watch`);
  Reflect.set(owner, name, function watched(this: unknown, ...args: readonly unknown[]): unknown {
    moment();
    const result: unknown = Reflect.apply(original, this, args);
    moment();
    return result;
  });
}

watch(DatabaseSync.prototype, 'exec');
watch(StatementSync.prototype, 'run');
watch(Socket.prototype, 'write');
for (const name of ['writeSync', 'fdatasyncSync', 'fsyncSync', 'renameSync']) watch(fs, name);
syncBuiltinESMExports();
