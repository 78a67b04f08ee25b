// SPDX-License-Identifier: Apache-2.0
// Moves a log of the first format over: lines in a chain of hashes become lines with a leaf each. The old file stays,
// under another name, and every new line names the hash of the old one.

import { hash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { join } from 'node:path';
import { isEntryKind } from '@kontor/tlog';
import {
  checkPrivateFile,
  openExisting,
  settle,
  SYNCHRONOUS,
  syncDirectoryOf,
  writeAll,
  type Disk,
} from '../disk.ts';
import { LogError, writeLine, type Entry } from './entries.ts';

const READ_BYTES = 1_048_576;
const NO_HASH = '0'.repeat(64);
const NEWLINE = 0x0a;
const FILE_MODE = 0o600;
const OLD_START = Buffer.from('{"v":1,');

/** Does nothing where there is no log of the first format. Whatever stops it, the next start does it again. */
export function moveOldLog(disk: Disk, directory: string): void {
  const path = join(directory, 'intents.log');
  const kept = join(directory, 'intents.v1.log');
  const source = sourceOf(disk, path, kept);
  if (source === null) return;
  const draft = `${path}.new`;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | SYNCHRONOUS;
  const fd = disk.openSync(draft, flags, FILE_MODE);
  try {
    let sequence = 0;
    let waiting: Buffer[] = [];
    let waitingBytes = 0;
    const write = (entry: Entry): void => {
      const { line } = writeLine(entry, sequence, randomBytes(32));
      sequence += 1;
      waiting.push(line);
      waitingBytes += line.length;
      if (waitingBytes < READ_BYTES) return;
      writeAll(disk, fd, Buffer.concat(waiting));
      waiting = [];
      waitingBytes = 0;
    };
    const { head, time } = readOldLines(disk, source, write);
    const lines = sequence;
    write({ time, kind: 'note', fields: { note: 'log.moved', from: head, moved: lines } });
    writeAll(disk, fd, Buffer.concat(waiting));
    settle(disk, fd);
  } finally {
    disk.closeSync(fd);
  }
  if (source === path) disk.renameSync(path, kept);
  disk.renameSync(draft, path);
  syncDirectoryOf(disk, path);
}

/** Where the old lines lie: in the log itself, or, after a crash between the two renames, under the other name alone. */
function sourceOf(disk: Disk, path: string, kept: string): string | null {
  const fd = openExisting(disk, path);
  if (fd === null)
    return disk.statSync(kept, { throwIfNoEntry: false }) === undefined ? null : kept;
  try {
    const start = Buffer.alloc(OLD_START.length);
    const count = disk.readSync(fd, start, 0, start.length, 0);
    return count === start.length && start.equals(OLD_START) ? path : null;
  } finally {
    disk.closeSync(fd);
  }
}

/** Every line of the chain, checked; a half-written last one is left out. Throws LogError at any other damage. */
function readOldLines(
  disk: Disk,
  path: string,
  onEntry: (entry: Entry) => void,
): { readonly head: string; readonly time: number } {
  const fd = disk.openSync(path, 'r');
  try {
    checkPrivateFile(disk, fd, path);
    const block = Buffer.alloc(READ_BYTES);
    let rest: Buffer = Buffer.alloc(0);
    let head = NO_HASH;
    let sequence = 0;
    let time = 0;
    for (let position = 0; ;) {
      const count = disk.readSync(fd, block, 0, block.length, position);
      if (count === 0) return { head, time };
      position += count;
      const bytes = Buffer.concat([rest, block.subarray(0, count)]);
      let start = 0;
      for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
        const line = bytes.subarray(start, end);
        const was = hash('sha256', line, 'hex');
        const entry = parseOldLine(line.toString('utf8'), { path, sequence, head });
        onEntry({ ...entry, fields: { ...entry.fields, was } });
        time = entry.time;
        head = was;
        sequence += 1;
        start = end + 1;
      }
      rest = Buffer.from(bytes.subarray(start));
    }
  } finally {
    disk.closeSync(fd);
  }
}

function parseOldLine(
  text: string,
  at: { readonly path: string; readonly sequence: number; readonly head: string },
): Entry {
  const damaged = (expected: string, found: string): LogError =>
    new LogError(
      'log.damaged',
      `${at.path}: line ${at.sequence + 1}: expected ${expected}, found ${found}`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw damaged('a JSON object', 'other text');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw damaged('a JSON object', 'another value');
  const { v, seq, time, kind, prev, ...fields } = value as Record<string, unknown>;
  if (v !== 1) throw damaged('version 1', 'another');
  if (seq !== at.sequence) throw damaged(`sequence number ${at.sequence}`, 'another');
  if (prev !== at.head)
    throw damaged('the hash of the line before', 'another: a line was changed or removed');
  if (typeof time !== 'number' || !Number.isSafeInteger(time)) throw damaged('a time', 'none');
  if (typeof kind !== 'string' || !isEntryKind(kind)) throw damaged('a kind of entry', 'another');
  // The chain vouches for the fields: they are as the signer of then wrote them.
  return { time, kind, fields: fields as Entry['fields'] };
}
