// SPDX-License-Identifier: Apache-2.0
// Writes a log on a disk that knows what a power failure would leave of it: `power-child.ts DIRECTORY SEED`. Prints one
// JSON line for each durable append: how long the file was then, and the first byte that could have been lost.

import fs, { constants } from 'node:fs';
import { join } from 'node:path';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { IntentLog, type Entry } from '../src/log/intent-log.ts';
import { Ownership } from '../src/ownership.ts';

const STEPS = 120;
const START_MS = 1_700_000_000_000;

const [directory = '', seed = '1'] = process.argv.slice(2);
const path = join(directory, 'intents.log');
const synchronous = new Set<number>();
const ours = new Set<number>();
/** For each byte of the file, whether it is on disk. */
const isOnDisk: boolean[] = [];

const disk: Disk = {
  ...SYSTEM_DISK,
  openSync(name, flags, mode) {
    const fd = fs.openSync(name, flags, mode);
    synchronous.delete(fd);
    ours.delete(fd);
    if (name === path) ours.add(fd);
    if (typeof flags === 'number' && (flags & constants.O_SYNC) === constants.O_SYNC)
      synchronous.add(fd);
    return fd;
  },
  writeSync: writeKnowing as Disk['writeSync'],
  fdatasyncSync(fd) {
    fs.fdatasyncSync(fd);
    if (ours.has(fd)) isOnDisk.fill(true);
  },
};

/** The log's file is written to in this one form. */
function writeKnowing(
  fd: number,
  bytes: NodeJS.ArrayBufferView,
  offset?: number,
  length?: number,
  position: number | null = null,
): number {
  const from = position ?? (ours.has(fd) ? fs.fstatSync(fd).size : 0);
  const written = fs.writeSync(fd, bytes, offset, length, position);
  if (ours.has(fd))
    for (let at = from; at < from + written; at += 1) isOnDisk[at] = synchronous.has(fd);
  return written;
}

const log = IntentLog.open(
  disk,
  { directory, publicDirectory: join(directory, 'log') },
  Ownership.take(disk, directory),
  () => undefined,
);
let state = Number(seed);
/** Numbers from 0 to 1, the same for the same seed. */
const draw = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};
for (let step = 0; step < STEPS; step += 1) {
  const entry: Entry = {
    time: START_MS + step,
    kind: 'refused',
    fields: { rule: 'intent', reason: 'x'.repeat(Math.floor(draw() * 900)) },
  };
  if (draw() < 0.5) {
    log.follow([entry]);
    continue;
  }
  log.append([entry]);
  const { size } = fs.statSync(path);
  const lost = Array.from({ length: size }, (_, at) => isOnDisk[at] === true).indexOf(false);
  process.stdout.write(`${JSON.stringify({ size, lost })}\n`);
}
