// SPDX-License-Identifier: Apache-2.0
// Where decoys were planted. It lies beside the scanner's key, not on the desk: whoever reads it knows what to leave alone.

import { existsSync, readFileSync, statSync, utimesSync } from 'node:fs';
import { hash } from 'node:crypto';
import { writeJson } from '../desk-files.ts';

export type DecoyForm = 'env' | 'backup' | 'log' | 'store' | 'vault';

export const DECOY_FORMS: readonly DecoyForm[] = ['env', 'backup', 'log', 'store', 'vault'];

export interface Decoy {
  /** Which string canary it holds; null for the key of an account of one's own. */
  readonly slot: number | null;
  readonly form: DecoyForm;
  /** Of a file its path, of a row the store's, of an entry of the vault the desk's directory. */
  readonly place: string;
  /** What a row or an entry of the vault is called; of a file with an account's key its connection, else ''. */
  readonly name: string;
  readonly plantedAt: string;
  readonly files: readonly DecoyFile[];
}

interface DecoyFile {
  readonly path: string;
  readonly sha256: string;
}

const REGISTER = 'kontor-canaries/v1';
const BYTES_MAX = 1_048_576;

/** The decoys that the key's owner has planted. Throws where the register is damaged. */
export function readDecoys(keyFile: string): readonly Decoy[] {
  const path = registerOf(keyFile);
  if (!existsSync(path)) return [];
  const { size } = statSync(path);
  const document: unknown = size > BYTES_MAX ? null : parse(readFileSync(path, 'utf8'));
  if (
    typeof document !== 'object' ||
    document === null ||
    !('register' in document && document.register === REGISTER) ||
    !('decoys' in document && Array.isArray(document.decoys) && document.decoys.every(isDecoy))
  )
    throw new Error(`${path}: expected a list of decoys, found something else`);
  return document.decoys;
}

export function writeDecoys(keyFile: string, decoys: readonly Decoy[]): void {
  writeJson(registerOf(keyFile), { register: REGISTER, decoys });
}

export function fileOf(path: string): DecoyFile {
  return { path, sha256: hash('sha256', readQuietly(path), 'hex') };
}

/** What became of a file: '' where nothing did. Looking does not count as reading. */
export function fateOf({ path, sha256 }: DecoyFile): string {
  if (!existsSync(path)) return 'is gone';
  const { atimeMs, mtimeMs, atime } = statSync(path);
  if (hash('sha256', readQuietly(path), 'hex') !== sha256) return 'was changed';
  return atimeMs >= mtimeMs ? `was read, last noted at ${atime.toISOString()}` : '';
}

/** Puts the time of reading back to what it was. */
function readQuietly(path: string): Buffer {
  const { atime, mtime } = statSync(path);
  try {
    return readFileSync(path);
  } finally {
    utimesSync(path, atime, mtime);
  }
}

function registerOf(keyFile: string): string {
  return `${keyFile}.canaries`;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isDecoy(value: unknown): value is Decoy {
  if (typeof value !== 'object' || value === null) return false;
  const { slot, form, place, name, plantedAt, files } = value as Partial<Record<string, unknown>>;
  return (
    (slot === null || (typeof slot === 'number' && Number.isInteger(slot))) &&
    DECOY_FORMS.some((known) => known === form) &&
    [place, name, plantedAt].every((text) => typeof text === 'string') &&
    Array.isArray(files) &&
    files.every(
      (file: unknown) =>
        typeof file === 'object' && file !== null && 'path' in file && 'sha256' in file,
    )
  );
}
