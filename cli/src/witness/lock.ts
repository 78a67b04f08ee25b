// SPDX-License-Identifier: Apache-2.0
// One witness to a directory: two that answer from one record could cosign two histories.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { WitnessError } from './errors.ts';

/** Holds the directory until this process ends, however it ends: the lock is the system's own. Throws WitnessError. */
export function lockWitness(directory: string): { readonly release: () => void } {
  try {
    const database = new DatabaseSync(join(directory, 'lock.db'), { timeout: 0 });
    database.exec(
      'PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS held (by INTEGER); COMMIT;',
    );
    return { release: () => database.close() };
  } catch (error) {
    throw new WitnessError(
      'busy',
      `another witness may be running on ${directory}: stop it first`,
      {
        cause: error,
      },
    );
  }
}
