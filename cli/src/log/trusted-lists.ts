// SPDX-License-Identifier: Apache-2.0
// The lists of whose word on the log counts, as the terminal writes them: into a folder that the server cannot write.

import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { formerListPath, listPath, type ListName } from '@kontor/server';
import { asOwner } from '../as-owner.ts';
import { DeskFilesError, writeJson, writeText, type DeskFiles } from '../desk-files.ts';
import { readPlainFile } from '@kontor/server/plain-file';
import { printable } from '../printable.ts';

/** What each list is called in the file itself, and in words. */
const LISTS: Readonly<Record<ListName, { readonly key: string; readonly words: string }>> = {
  'witnesses.json': { key: 'witnesses', words: 'witnesses' },
  'anchors.json': { key: 'authorities', words: 'time-stamping authorities' },
};
/** The group of the folder may read: where the server has a user of its own, it is that user's group. */
const LIST_MODE = 0o640;
const FORMER_BYTES_MAX = 2 * 1024 * 1024;

/** Puts a list in the place of the one before. Throws DeskFilesError. */
export function writeTrustedList(files: DeskFiles, name: ListName, rows: readonly unknown[]): void {
  change(files, () => {
    writeJson(listPath(files.directory, name), { [LISTS[name].key]: rows }, LIST_MODE);
  });
}

/**
 * Takes over lists of earlier versions, which lay where the server could write them. That happens once: from then on
 * each list is there, empty where nobody was on it, and what lies in the old place counts for nothing. Returns what a
 * person should look at. Throws DeskFilesError.
 */
export function settleTrust(files: DeskFiles): readonly string[] {
  const said: string[] = [];
  for (const name of Object.keys(LISTS) as ListName[]) {
    const path = listPath(files.directory, name);
    if (existsSync(path)) continue;
    const former = formerListPath(files.directory, name);
    const found = existsSync(former) ? formerList(files, former) : undefined;
    if (found === undefined) {
      writeTrustedList(files, name, []);
      if (existsSync(former))
        said.push(`${former} is no list that can be taken over; ${path} begins empty.`);
      continue;
    }
    change(files, () => writeText(path, found, LIST_MODE));
    said.push(
      `The list of ${LISTS[name].words} now lies at ${path}, where the server cannot change it. ` +
        `It could until now: see that it holds whom you named: ${namesIn(found, name)} (kontor log trust).`,
    );
    asOwner(join(files.directory, 'witness'), () => rmSync(former, { force: true }));
  }
  return said;
}

/** Does `work` in the folder, which is made where it is missing. */
function change({ directory, trust }: DeskFiles, work: () => void): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    // Of root's making the desk's own user could not read it.
    asOwner(directory, () => mkdirSync(trust, { recursive: true, mode: 0o700 }));
    work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error) || error instanceof DeskFilesError)
      throw error;
    throw new DeskFilesError(
      'notWritable',
      `${trust}: expected to run as the user who may write there, root where the processes have users of their own: ${error.message}`,
      { cause: error },
    );
  }
}

/** The text of the file, where it is JSON; read as its folder's owner, who may have put a link there. */
function formerList({ directory }: DeskFiles, path: string): string | undefined {
  try {
    const read = (): Buffer | undefined => readPlainFile(path, FORMER_BYTES_MAX);
    const text = asOwner(join(directory, 'witness'), read)?.toString('utf8');
    if (text !== undefined) JSON.parse(text);
    return text;
  } catch {
    return undefined;
  }
}

function namesIn(text: string, name: ListName): string {
  const document: unknown = JSON.parse(text);
  const rows: unknown =
    typeof document === 'object' && document !== null
      ? Reflect.get(document, LISTS[name].key)
      : undefined;
  if (!Array.isArray(rows) || rows.length === 0) return 'nobody';
  return (rows as readonly unknown[])
    .slice(0, 32)
    .map((row) =>
      typeof row === 'object' && row !== null
        ? ['name', 'url'].map((field) => printable(String(Reflect.get(row, field)))).join(' at ')
        : '?',
    )
    .join(', ');
}
