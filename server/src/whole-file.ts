// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all.

import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';

const PRIVATE_MODE = 0o600;

/** Puts `bytes` at `path`, readable by its owner only; a crash leaves what was there before, or all of them. */
export function putWhole(path: string, bytes: Uint8Array): void {
  const draft = `${path}.new`;
  const fd = openSync(draft, 'w', PRIVATE_MODE);
  try {
    for (let written = 0; written < bytes.length;) {
      written += writeSync(fd, bytes, written, bytes.length - written);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
}
