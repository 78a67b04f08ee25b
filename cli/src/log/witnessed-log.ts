// SPDX-License-Identifier: Apache-2.0
// The checkpoint that witnesses have cosigned, where it covers what is to be proven: it is worth more to others.

import { join } from 'node:path';
import { NOTE_BYTES_MAX, openCheckpoint } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { readPlainFile } from '@kontor/server/plain-file';
import type { OpenLog } from './log-folder.ts';

/** The log as of the cosigned checkpoint, if that reaches beyond `index`; otherwise as it is. */
export function preferWitnessed(log: OpenLog, dataDirectory: string, index: bigint): OpenLog {
  const note = readPlainFile(join(dataDirectory, 'witness', 'checkpoint'), NOTE_BYTES_MAX);
  // No witness yet, or a copy of the public half alone.
  if (note === undefined) return log;
  const opened = openCheckpoint(nodeCryptography, note, [log.key]);
  if (!opened.ok || opened.value.checkpoint.size <= index) return log;
  const { checkpoint, note: parts } = opened.value;
  return { ...log, signed: { checkpoint, note: parts } };
}
