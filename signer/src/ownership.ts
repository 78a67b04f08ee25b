// SPDX-License-Identifier: Apache-2.0
// Who may write to the data directory: the signer that started last. An earlier one notices and signs nothing more.
//
// Each start puts a new file in the place of the last one and keeps it open, so that its inode cannot be given out
// again. Holding it needs no lock that a killed process would leave behind.

import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { writeAll, type Disk } from './disk.ts';

const FILE_MODE = 0o600;

export class Ownership {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #inode: number;

  private constructor(disk: Disk, path: string, inode: number) {
    this.#disk = disk;
    this.#path = path;
    this.#inode = inode;
  }

  /** Takes the directory over from whoever has it. */
  static take(disk: Disk, directory: string): Ownership {
    const path = join(directory, 'owner');
    const draft = `${path}.${randomBytes(8).toString('hex')}`;
    const fd = disk.openSync(draft, 'wx', FILE_MODE);
    writeAll(disk, fd, Buffer.from(`${process.pid}\n`));
    disk.renameSync(draft, path);
    return new Ownership(disk, path, disk.fstatSync(fd).ino);
  }

  isHeld(): boolean {
    const stat = this.#disk.statSync(this.#path, { throwIfNoEntry: false });
    return stat !== undefined && stat.ino === this.#inode;
  }
}
