// SPDX-License-Identifier: Apache-2.0
// The vault's tool as a program: `main.ts --data DIR VERB WORD…`, started by `kontor vault` while no desk runs.
//
// It is not part of the running signer, which has no code to read or write a backup. It stands behind the same walls.
// Secrets come on stdin line by line, a file to read on descriptor 3, and what was asked for leaves on stdout.

import { readSync, writeSync } from 'node:fs';
import { parseToolArguments } from '../arguments.ts';
import { SYSTEM_TIME } from '../clock.ts';
import { SYSTEM_DISK } from '../disk.ts';
import { settle } from '../hardening/settle.ts';
import { describe, EXIT_BROKEN, EXIT_FATAL, leave, say, tell } from '../process-end.ts';
import { SecretLines } from '../secret-lines.ts';
import { WAY_LINE_BYTES_MAX } from '../vault/way-line.ts';
import { runTool } from './tool.ts';

const STDOUT_FD = 1;
/** Where a tool's input lies. */
const INPUT_FD = 3;
const INPUT_BYTES_MAX = 4_194_304;
/** Each file has a mode of its own; the public half of the log may be for a group. */
const UMASK = 0o027;

process.umask(UMASK);
process.on('uncaughtException', (error) => leave(EXIT_BROKEN, describe(error)));
// Before anything is read that is worth hiding.
settle();
const given = parseToolArguments(process.argv.slice(2));
if (typeof given === 'string') leave(EXIT_FATAL, given);
const lines = new SecretLines(process.stdin, WAY_LINE_BYTES_MAX);
try {
  await runTool(given.directory, given, {
    disk: SYSTEM_DISK,
    time: SYSTEM_TIME,
    say,
    ask(what) {
      tell({ asks: what });
      return lines.next();
    },
    input: () => readAll(INPUT_FD),
    output: (bytes) => writeWhole(STDOUT_FD, bytes),
  });
  process.exit(0);
} catch (error) {
  leave(EXIT_FATAL, describe(error));
}

function readAll(fd: number): Buffer {
  const bytes = Buffer.alloc(INPUT_BYTES_MAX);
  let filled = 0;
  for (;;) {
    const count = readSync(fd, bytes, filled, bytes.length - filled, null);
    if (count === 0) return bytes.subarray(0, filled);
    filled += count;
  }
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length;)
    written += writeSync(fd, bytes, written, bytes.length - written);
}
