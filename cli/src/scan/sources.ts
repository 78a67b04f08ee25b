// SPDX-License-Identifier: Apache-2.0
// What `kontor scan` reads: files, whole folders, or the standard input.

import { createReadStream, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';

export interface ScanSource {
  /** As the person named it, or the file's path. */
  readonly name: string;
  /** Null where it is not known before. */
  readonly bytes: number | null;
  readonly open: () => Readable;
}

const READ_BYTES = 1_048_576;
const STANDARD_INPUT = '-';

/**
 * The files that `paths` name, folders with all that is in them, `-` for the standard input. Links in folders are not
 * followed, and what is neither file nor folder is left out there. Throws the system's error for a path that cannot be looked at.
 */
export function sourcesOf(paths: readonly string[]): readonly ScanSource[] {
  const sources: ScanSource[] = [];
  const waiting = paths.toReversed();
  const named = new Set(paths);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (path === STANDARD_INPUT) {
      sources.push({ name: 'standard input', bytes: null, open: () => process.stdin });
      continue;
    }
    const stat = named.has(path) ? statSync(path) : lstatSync(path);
    if (stat.isDirectory()) {
      const folder = path;
      waiting.push(
        ...readdirSync(folder)
          .toSorted()
          .toReversed()
          .map((name) => join(folder, name)),
      );
    } else if (stat.isFile()) sources.push(fileSource(path, stat.size));
    else if (named.has(path)) throw new Error(`${path}: expected a file or folder, found neither`);
  }
  return sources;
}

function fileSource(path: string, bytes: number): ScanSource {
  return {
    name: path,
    bytes,
    open: () => createReadStream(path, { highWaterMark: READ_BYTES }),
  };
}
