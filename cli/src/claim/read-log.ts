// SPDX-License-Identifier: Apache-2.0
// The log as a claim is held against it: every public entry, verified as a whole against the signed checkpoint, with the
// private fields of those that the signer's own lines open.

import {
  checkOpening,
  createAppender,
  parseEntry,
  parseEntryBundle,
  readTile,
  treeHasher,
  type JsonObject,
  type LogEntry,
  type LogScope,
  type Opening,
  type ReadEntry,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { deskFiles } from '../desk-files.ts';
import {
  LogFolderError,
  openLog,
  privateLines,
  privatePath,
  type OpenLog,
} from '../log/log-folder.ts';

const HASHER = treeHasher(nodeCryptography);
const BUNDLE = 256;

export interface WholeLog {
  readonly folder: OpenLog;
  /** Those that were wanted, in order. */
  readonly entries: readonly OpenEntry[];
  readonly scope: LogScope;
}

export interface OpenEntry extends ReadEntry {
  readonly bytes: Uint8Array;
  readonly opening: Opening | undefined;
}

/** Reads and verifies the whole log of a desk and keeps the entries that are wanted. Throws LogFolderError. */
export async function readWholeLog(
  dataDirectory: string,
  isWanted: (entry: LogEntry) => boolean,
  onProgress: (share: number) => void = () => undefined,
): Promise<WholeLog> {
  const files = deskFiles(dataDirectory);
  const folder = openLog(files.log, undefined);
  const { size, root } = folder.signed.checkpoint;
  const found = new Map<number, { readonly entry: LogEntry; readonly bytes: Uint8Array }>();
  let firstTime: number | undefined;
  let lastTime: number | undefined;
  const appender = createAppender(HASHER);
  for (let first = 0n; first < size; first += BigInt(BUNDLE)) {
    for (const bytes of bundleAt(folder, first, size)) {
      const appended = appender.append(bytes);
      if (!appended.ok) throw new LogFolderError('damaged', appended.reason);
      const entry = parseEntry(bytes);
      // What others may have written into this log is counted by the tree and says nothing to a claim.
      if (!entry.ok) continue;
      const { seq, t } = entry.value;
      firstTime ??= t;
      lastTime = Math.max(lastTime ?? t, t);
      if (isWanted(entry.value)) found.set(seq, { entry: entry.value, bytes });
    }
    appender.takeResources();
    onProgress(Number(first) / Number(size));
  }
  if (!Buffer.from(appender.root()).equals(root)) {
    throw new LogFolderError(
      'damaged',
      `${folder.directory}: the entries are not those of the signed checkpoint; run: kontor log audit`,
    );
  }
  const openings = await openingsOf(privatePath(files.signer), found);
  const entries = [...found.entries()].map(([seq, { entry, bytes }]) =>
    openEntry(bytes, entry, openings.get(seq)),
  );
  return { folder, entries, scope: { size, firstTime, lastTime } };
}

function bundleAt({ reader }: OpenLog, first: bigint, size: bigint): readonly Uint8Array[] {
  const width = size - first < BigInt(BUNDLE) ? Number(size - first) : BUNDLE;
  const bundle = readTile(reader, { level: 'entries', index: first / BigInt(BUNDLE), width });
  const entries = bundle.ok ? parseEntryBundle(bundle.value, width) : bundle;
  if (!entries.ok) throw new LogFolderError('damaged', entries.reason);
  return entries.value;
}

/** An opening counts only where it is what the public entry committed to. */
function openEntry(bytes: Uint8Array, entry: LogEntry, opening: Opening | undefined): OpenEntry {
  // Where nothing is sealed the entry itself is all there is.
  if (entry['commit'] === undefined) return { bytes, entry, fields: entry, opening: undefined };
  const isOpen =
    opening !== undefined && checkOpening(nodeCryptography, { entry: bytes, opening }).ok;
  return isOpen
    ? { bytes, entry, fields: opening.fields, opening }
    : { bytes, entry, fields: undefined, opening: undefined };
}

/** What opens each of these entries; nothing where the signer's lines are not to be read. */
async function openingsOf(
  path: string | null,
  wanted: ReadonlyMap<number, unknown>,
): Promise<ReadonlyMap<number, Opening>> {
  const openings = new Map<number, Opening>();
  if (path === null) return openings;
  for await (const { line } of privateLines(path)) {
    if (line.nonce === null || !wanted.has(line.sequence)) continue;
    const fields: JsonObject = Object.fromEntries(
      Object.entries(line.fields).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    );
    openings.set(line.sequence, { nonce: line.nonce, fields });
  }
  return openings;
}
