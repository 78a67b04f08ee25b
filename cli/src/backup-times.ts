// SPDX-License-Identifier: Apache-2.0
// When backups of a desk were made by its commands, so that `kontor doctor` can say how old they are.

import { join } from 'node:path';
import { asOwner } from './as-owner.ts';
import { writeJson, type DeskFiles } from './desk-files.ts';
import { readPlainFile } from '@kontor/server/plain-file';

/** Wall times, UTC ms; null where none was made here. */
export interface BackupTimes {
  readonly desk: number | null;
  readonly keys: number | null;
}

const FILE_BYTES_MAX = 4_096;

/** The server writes in that folder, too: what is no such note is as none. */
export function readBackupTimes(files: DeskFiles): BackupTimes {
  const noted = noteIn(readPlainFile(pathOf(files), FILE_BYTES_MAX));
  const { desk, keys } = (typeof noted === 'object' && noted !== null ? noted : {}) as Partial<
    Record<keyof BackupTimes, unknown>
  >;
  return { desk: toTime(desk), keys: toTime(keys) };
}

/** A backup is made whether or not this can be noted: a desk of several users lets each write its own folders only. */
export function noteBackup(files: DeskFiles, what: keyof BackupTimes): void {
  try {
    asOwner(files.run, () =>
      writeJson(pathOf(files), { ...readBackupTimes(files), [what]: Date.now() }),
    );
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

function noteIn(bytes: Buffer | undefined): unknown {
  try {
    return bytes === undefined ? null : JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}

function pathOf({ run }: DeskFiles): string {
  return join(run, 'backups.json');
}

function toTime(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}
