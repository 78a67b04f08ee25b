// SPDX-License-Identifier: Apache-2.0
// Reading where a process that may have been taken over writes: a pipe or a link in a file's place keeps nobody waiting
// and leads nowhere.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** The bytes of the plain file at `path`, which has at most `bytesMax`; undefined where there is none that may be read. */
export function readPlainFile(path: string, bytesMax: number): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() && stat.size <= bytesMax ? readFileSync(fd) : undefined;
  } finally {
    closeSync(fd);
  }
}
