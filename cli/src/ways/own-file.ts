// SPDX-License-Identifier: Apache-2.0
// Files with what a key service asks for to be used: they are their owner's alone.

import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { WayError } from './way-error.ts';

const BYTES_MAX = 16_384;
const OTHERS = 0o077;

/** The text in `path`. Throws WayError where it is not there, others may read it, or it is too long. */
export function readOwnFile(path: string, what: string): string {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    throw new WayError('way.token', `${path}: expected ${what}, found no file to read`, {
      cause: error,
    });
  }
  try {
    const { mode, size } = fstatSync(fd);
    if ((mode & OTHERS) !== 0)
      throw new WayError(
        'way.token',
        `${path}: expected a file of mode 600, found others may use it`,
      );
    if (size > BYTES_MAX)
      throw new WayError(
        'way.token',
        `${path}: expected at most ${BYTES_MAX} bytes, found ${size}`,
      );
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
