// SPDX-License-Identifier: Apache-2.0
// Writes a log on a disk that knows what is on it and what only memory has, and lets the power fail again and again:
// `power-child.ts DIRECTORY SEED`. Each failure keeps what was taken to disk, and of each page of the rest all, a hole or
// nothing; in half of them it comes in the middle of the last write. What is left is opened anew. Prints one JSON line for
// each failure: entries that were recorded, entries that are there again, and whether those are the very same.

import fs, { constants, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { IntentLog, type Entry } from '../src/log/intent-log.ts';
import { Ownership } from '../src/ownership.ts';

const STEPS = 840;
const STEPS_PER_FAILURE = 24;
const PAGE = 4_096;
const START_MS = 1_700_000_000_000;

const [directory = '', seed = '1'] = process.argv.slice(2);
let state = Number(seed);
/** Numbers from 0 to 1, the same for the same seed. */
const draw = (): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 4_294_967_296;
};

/** What a write went to that waited for the disk, the last of them. */
let lastTaken: Medium | null = null;

/** What the power leaves of one file. */
class Medium {
  durable: Buffer = Buffer.alloc(0);
  /** As it was before the last write that waited for the disk, and where that was. */
  before: { readonly durable: Buffer; readonly from: number; readonly to: number } | null = null;

  take(from: number, bytes: Uint8Array): void {
    const to = from + bytes.length;
    const next = Buffer.alloc(Math.max(this.durable.length, to));
    this.durable.copy(next);
    next.set(bytes, from);
    this.before = { durable: this.durable, from, to };
    this.durable = next;
  }

  /** `memory` is what the file says as long as the power is there. */
  after(memory: Buffer, isTorn: boolean): Buffer {
    let left = Buffer.from(this.durable);
    if (isTorn && this.before !== null) {
      const { durable, from, to } = this.before;
      const cut = from + Math.floor(draw() * (to - from));
      left = Buffer.alloc(this.durable.length);
      durable.copy(left);
      this.durable.copy(left, from, from, cut);
    }
    const kept = Buffer.alloc(
      Math.max(left.length, Math.floor(memory.length * (0.5 + draw() / 2))),
    );
    left.copy(kept);
    for (let page = 0; page < kept.length; page += PAGE) {
      if (draw() < 0.5) memory.copy(kept, page, page, Math.min(page + PAGE, kept.length));
    }
    return kept.subarray(0, Math.min(kept.length, memory.length));
  }
}

const names = ['intents.log', 'intents.log.ahead'];
const media = new Map(names.map((name) => [name, new Medium()]));
const open = new Map<number, { readonly name: string; readonly waits: boolean }>();
const disk: Disk = {
  ...SYSTEM_DISK,
  openSync(path, flags, mode) {
    const fd = fs.openSync(path, flags, mode);
    const waits = typeof flags === 'number' && (flags & constants.O_DSYNC) !== 0;
    open.set(fd, { name: basename(String(path)), waits });
    return fd;
  },
  writeSync: writeKnowing as Disk['writeSync'],
  fdatasyncSync(fd) {
    fs.fdatasyncSync(fd);
    const { name = '' } = open.get(fd) ?? {};
    take(name, 0, fs.readFileSync(join(directory, name)));
  },
};

function take(name: string, from: number, bytes: Uint8Array): void {
  const medium = media.get(name);
  if (medium === undefined) return;
  medium.take(from, bytes);
  lastTaken = medium;
}

/** The log's files are written to in this one form. */
function writeKnowing(
  fd: number,
  bytes: Uint8Array,
  offset = 0,
  length: number = bytes.length - offset,
  position: number | null = null,
): number {
  const from = position ?? fs.fstatSync(fd).size;
  const written = fs.writeSync(fd, bytes, offset, length, position);
  const { name = '', waits = false } = open.get(fd) ?? {};
  if (waits) take(name, from, bytes.subarray(offset, offset + written));
  return written;
}

function openLog(on: Disk, at: string, onText: (text: string) => void): IntentLog {
  const places = { directory: at, publicDirectory: join(at, 'log') };
  return IntentLog.open(on, places, Ownership.take(on, at), (entry) =>
    onText(JSON.stringify(entry.fields)),
  );
}

/** Lets the power fail and opens what is left. `recorded`: how many of `texts` must be there again. */
function fail(texts: readonly string[], recorded: number, isTorn: boolean): void {
  const after = `${directory}-after`;
  rmSync(after, { recursive: true, force: true });
  mkdirSync(after, { mode: 0o700 });
  cpSync(join(directory, 'log'), join(after, 'log'), { recursive: true });
  for (const [name, medium] of media) {
    const memory = fs.readFileSync(join(directory, name));
    const left = medium.after(memory, isTorn && medium === lastTaken);
    writeFileSync(join(after, name), left, { mode: 0o600 });
  }
  const found: string[] = [];
  const log = openLog(SYSTEM_DISK, after, (text) => found.push(text));
  log.append([entryOf('after')]);
  const again: string[] = [];
  openLog(SYSTEM_DISK, after, (text) => again.push(text));
  const isSame = found.every((text, at) => text === texts[at]) && again.length === found.length + 1;
  process.stdout.write(`${JSON.stringify({ recorded, found: found.length, isSame })}\n`);
}

function entryOf(reason: string): Entry {
  return { time: START_MS, kind: 'refused', fields: { rule: 'intent', reason } };
}

mkdirSync(join(directory, 'log'), { recursive: true, mode: 0o750 });
const texts: string[] = [];
const log = openLog(disk, directory, () => undefined);
let recorded = 0;
for (let step = 1; step <= STEPS; step += 1) {
  const entry = entryOf(String.fromCharCode(97 + (step % 26)).repeat(Math.ceil(draw() * 3_000)));
  const isDurable = step % STEPS_PER_FAILURE === 0 || draw() < 0.5;
  const before = recorded;
  if (isDurable) log.append([entry]);
  else log.follow([entry]);
  texts.push(JSON.stringify(entry.fields));
  if (isDurable) recorded = texts.length;
  if (step % STEPS_PER_FAILURE > 0) continue;
  const isTorn = draw() < 0.5;
  fail(texts, isTorn ? before : recorded, isTorn);
}
