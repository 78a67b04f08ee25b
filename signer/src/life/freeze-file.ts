// SPDX-License-Identifier: Apache-2.0
// The brake that works without a server: a file in the signer's directory that names connections to be frozen, or `*`.
//
// The signer looks for it before every batch of intents. What it names is frozen on the log, then the file is removed; as
// long as it lies there unread, whatever it says, nothing that adds risk is signed.

import { join } from 'node:path';
import { DiskError, readFile, type Disk } from '../disk.ts';

export const FREEZE_FILE = 'freeze';
const FILE_BYTES_MAX = 65_536;
const ALL = '*';

/** Whom the file names; null where there is none. */
export type FreezeOrder =
  { readonly kind: 'all' } | { readonly kind: 'named'; readonly names: readonly string[] };

/** Reads the file. One that cannot be read, or says nothing, means everybody. */
export function readFreezeFile(disk: Disk, directory: string): FreezeOrder | null {
  const path = join(directory, FREEZE_FILE);
  if (disk.statSync(path, { throwIfNoEntry: false }) === undefined) return null;
  try {
    const bytes = readFile(disk, path, { bytesMax: FILE_BYTES_MAX, others: 'read' });
    const names = (bytes?.toString('utf8') ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
    return names.length === 0 || names.includes(ALL) ? { kind: 'all' } : { kind: 'named', names };
  } catch (error) {
    if (error instanceof DiskError) return { kind: 'all' };
    throw error;
  }
}

/** Takes the file away; its word stands on the log. */
export function removeFreezeFile(disk: Disk, directory: string): void {
  disk.unlinkSync(join(directory, FREEZE_FILE));
}
