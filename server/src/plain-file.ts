// SPDX-License-Identifier: Apache-2.0
// Reading in folders of other users, who may have put a link, a pipe or something endless where a file should be.

import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';

/** What `read` makes of the plain file at `path`, through no link; undefined where there is none that can be read. */
export function withPlainFile<T>(
  path: string,
  read: (fd: number, bytes: number) => T,
): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const stat = fstatSync(fd);
    return stat.isFile() ? read(fd, stat.size) : undefined;
  } finally {
    closeSync(fd);
  }
}

/** As `withPlainFile`, all of a file that has at most `bytesMax`. */
export function readPlainFile(path: string, bytesMax: number): Buffer | undefined {
  return withPlainFile(path, (fd, bytes) => (bytes <= bytesMax ? readFileSync(fd) : undefined));
}
