// SPDX-License-Identifier: Apache-2.0
// The checkpoint that witnesses have cosigned, where it covers what is to be proven: it is worth more to others.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { OpenLog } from './log-folder.ts';

/** The log as of the cosigned checkpoint, if that reaches beyond `index`; otherwise as it is. */
export function preferWitnessed(log: OpenLog, dataDirectory: string, index: bigint): OpenLog {
  let note: Buffer;
  try {
    note = readFileSync(join(dataDirectory, 'witness', 'checkpoint'));
  } catch {
    // No witness yet, or a copy of the public half alone.
    return log;
  }
  const opened = openCheckpoint(nodeCryptography, note, [log.key]);
  if (!opened.ok || opened.value.checkpoint.size <= index) return log;
  const { checkpoint, note: parts } = opened.value;
  return { ...log, signed: { checkpoint, note: parts } };
}
