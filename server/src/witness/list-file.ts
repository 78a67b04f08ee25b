// SPDX-License-Identifier: Apache-2.0
// Whom the owner trusts, in JSON files that the terminal writes and the server reads. They lie in a folder that the server
// cannot write: who has taken it over must not decide whose word counts.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Result } from '@kontor/tlog';
import type { TSchema } from 'typebox';
import { Value } from 'typebox/value';

/** As it lies in a data directory. */
export const TRUST_FOLDER = 'trust';

export type ListName = 'witnesses.json' | 'anchors.json';

export function listPath(dataDirectory: string, name: ListName): string {
  return join(dataDirectory, TRUST_FOLDER, name);
}

/** Where a list lay in earlier versions, which the server could write. It counts for nothing. */
export function formerListPath(dataDirectory: string, name: ListName): string {
  return join(dataDirectory, 'witness', name);
}

/**
 * What `parse` makes of a list of at most `bytesMax` bytes; nothing where there is no file. A reason names the file.
 */
export function readListFile<T>(
  dataDirectory: string,
  name: ListName,
  bytesMax: number,
  parse: (document: unknown) => Result<readonly T[]>,
): Result<readonly T[]> {
  const path = listPath(dataDirectory, name);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (!isMissing) return { ok: false, reason: `${path} cannot be read: ${String(error)}` };
    const former = formerListPath(dataDirectory, name);
    if (!existsSync(former)) return { ok: true, value: [] };
    return {
      ok: false,
      reason: `expected the list at ${path}, which the server cannot change, found it at ${former} alone, where it counts for nothing: look at it and take it over with kontor log trust`,
    };
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
