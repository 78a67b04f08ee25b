// SPDX-License-Identifier: Apache-2.0
// The vectors of other projects, read where they lie beside the repository. They are not part of it: without them
// the tests that use them are skipped, and known answers and properties stand alone.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const FOLDER = fileURLToPath(new URL('../../../shared/data/vectors', import.meta.url));

/** For `test`: false, or why the test is skipped. */
export function skipWithout(name: string): string | false {
  return fs.existsSync(path.join(FOLDER, name)) ? false : `the vectors ${name} are not here`;
}

/** The file's content; its shape is the caller's knowledge. */
export function readVectors<T>(name: string): T {
  const bytes = fs.readFileSync(path.join(FOLDER, name));
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T;
}

/** As `JSON.parse`, with numbers that a double cannot hold kept as texts. */
export function readBigVectors<T>(name: string): T {
  const bytes = gunzipSync(fs.readFileSync(path.join(FOLDER, name)));
  const text = bytes.toString('utf8').replaceAll(/([:[,]\s*)(\d{16,})(?=\s*[,\]}])/g, '$1"$2"');
  return JSON.parse(text) as T;
}

export const bytesOf = (base64: string): Uint8Array => Buffer.from(base64, 'base64');
