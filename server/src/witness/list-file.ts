// SPDX-License-Identifier: Apache-2.0
// What the owner chose, in a JSON file that the terminal writes and the server reads.

import { readFileSync } from 'node:fs';
import type { Result } from '@kontor/tlog';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

/**
 * What `parse` makes of the file at `path`, which has at most `bytesMax` bytes; nothing where there is no file. A reason
 * names the file.
 */
export function readListFile<T>(
  path: string,
  bytesMax: number,
  parse: (document: unknown) => Result<readonly T[]>,
): Result<readonly T[]> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    return isMissing
      ? { ok: true, value: [] }
      : { ok: false, reason: `${path} cannot be read: ${String(error)}` };
  }
  if (text.length > bytesMax) {
    return { ok: false, reason: `${path} must have at most ${bytesMax} bytes` };
  }
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { ok: false, reason: `${path} must be JSON` };
  }
  const list = parse(document);
  return list.ok ? list : { ok: false, reason: `${path}: ${list.reason}` };
}

/** Where `document` departs from `schema`, in words. */
export function schemaFault(schema: TSchema, document: unknown): string {
  const [first] = Value.Errors(schema, document);
  const place = first?.instancePath ?? '';
  return `${place || 'the list'} ${first?.message ?? 'is not a list'}`;
}
