// SPDX-License-Identifier: Apache-2.0
// The log as it lies on disk, for whoever reads it: the public half in a folder of tiles, and the signer's own lines
// where this user may see them. A desk that runs goes on writing; what is read here is the tree of one checkpoint.

import { accessSync, constants, createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { checkLine, LineFault, parseLine, type PrivateLine } from '@kontor/signer/log';
import {
  openCheckpoint,
  parseVerifierKey,
  readEntry,
  type NoteKey,
  type SignedCheckpoint,
  type TileReader,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';

/** The log cannot be read, or is not what its key has signed. */
export class LogFolderError extends Error {
  readonly code: 'no_log' | 'not_signed' | 'damaged' | 'not_found' | 'unreadable' | 'exists';

  constructor(code: LogFolderError['code'], message: string) {
    super(message);
    this.name = 'LogFolderError';
    this.code = code;
  }
}

export interface OpenLog {
  readonly directory: string;
  readonly reader: TileReader;
  readonly key: NoteKey;
  /** All of the log's keys that are known here, that one first. */
  readonly keys: readonly NoteKey[];
  readonly signed: SignedCheckpoint;
}

/** Opens the public half in `directory`; without a key, by the one that lies there. Throws LogFolderError. */
export function openLog(directory: string, verifierKey: string | undefined): OpenLog {
  const note = readIn(directory, 'checkpoint');
  const keyText = verifierKey ?? readIn(directory, 'vkey')?.toString('utf8').trim();
  if (note === undefined || keyText === undefined) {
    throw new LogFolderError(
      'no_log',
      `${directory}: expected a log with its checkpoint and vkey, found none; name the folder, or start the desk once`,
    );
  }
  const key = parseVerifierKey(nodeCryptography, keyText);
  if (!key.ok) throw new LogFolderError('not_signed', `the log's key: ${key.reason}`);
  const keys = [key.value, ...second(directory, key.value)];
  const opened = openCheckpoint(nodeCryptography, note, keys);
  if (!opened.ok) {
    throw new LogFolderError('not_signed', `${join(directory, 'checkpoint')}: ${opened.reason}`);
  }
  const { checkpoint, note: signedNote } = opened.value;
  const signed = { checkpoint, note: signedNote };
  const reader = { read: (path: string) => readIn(directory, path) };
  return { directory, reader, key: key.value, keys, signed };
}

/** The log's key of ML-DSA-44 that lies beside the first, where there is one: what it signed must be right, too. */
function second(directory: string, { name, type }: NoteKey): readonly NoteKey[] {
  if (type !== 'ed25519') return [];
  const text = readIn(directory, 'vkey.ml-dsa-44')?.toString('utf8').trim();
  const key = text === undefined ? undefined : parseVerifierKey(nodeCryptography, text);
  return key?.ok === true && key.value.name === name ? [key.value] : [];
}

/** The public entry at `index` as its bytes. Throws LogFolderError. */
export function publicEntryAt({ reader, signed }: OpenLog, index: bigint): Uint8Array {
  const entry = readEntry(reader, index, signed.checkpoint.size);
  if (entry.ok) return entry.value;
  throw new LogFolderError('not_found', `entry ${index}: ${entry.reason}`);
}

/** The signer's own lines, in order, each checked by its leaf hash. Throws LogFolderError where one is damaged. */
export async function* privateLines(
  path: string,
): AsyncGenerator<{ readonly line: PrivateLine; readonly publicEntry: Uint8Array }> {
  const stream = createReadStream(path, 'utf8');
  let sequence = 0;
  let waiting: string | null = null;
  for await (const text of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (waiting !== null) yield lineOf(path, waiting, sequence++);
    waiting = text;
  }
  // The last line may be on its way to the disk.
  if (waiting !== null && isWhole(waiting)) yield lineOf(path, waiting, sequence);
}

function isWhole(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function lineOf(
  path: string,
  text: string,
  sequence: number,
): { readonly line: PrivateLine; readonly publicEntry: Uint8Array } {
  const damaged = ({ expected, found }: LineFault): LogFolderError =>
    new LogFolderError(
      'damaged',
      `${path}: line ${sequence + 1}: expected ${expected}, found ${found}`,
    );
  const line = parseLine(text, sequence);
  if (line instanceof LineFault) throw damaged(line);
  const publicEntry = checkLine(line);
  if (publicEntry instanceof LineFault) throw damaged(publicEntry);
  return { line, publicEntry };
}

/** Where the signer's lines lie, if this user may read them. */
export function privatePath(signerDirectory: string): string | null {
  const path = join(signerDirectory, 'intents.log');
  try {
    accessSync(path, constants.R_OK);
    return path;
  } catch {
    return null;
  }
}

function readIn(directory: string, path: string): Buffer | undefined {
  try {
    return readFileSync(join(directory, path));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new LogFolderError('unreadable', `${join(directory, path)} cannot be read: ${code}`);
  }
}
