// SPDX-License-Identifier: Apache-2.0
// How the `kontor` command finds the running desk: a file that only its owner can read.

import { join } from 'node:path';
import { readPlainFile } from './plain-file.ts';
import { Secret } from './secret.ts';
import { putWhole } from './whole-file.ts';

const FILE_BYTES_MAX = 4_096;

export interface TerminalAccess {
  readonly url: string;
  readonly token: Secret;
}

export function terminalFile(dataDirectory: string): string {
  return join(dataDirectory, 'run', 'terminal.json');
}

export function writeTerminalFile(dataDirectory: string, { url, token }: TerminalAccess): void {
  const text = JSON.stringify({ url, token: token.reveal() });
  putWhole(terminalFile(dataDirectory), Buffer.from(text));
}

/** The way to the desk that runs on `dataDirectory`, or null when none has left one. */
export function readTerminalFile(dataDirectory: string): TerminalAccess | null {
  let value: unknown;
  try {
    const bytes = readPlainFile(terminalFile(dataDirectory), FILE_BYTES_MAX);
    value = bytes === undefined ? null : JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('url' in value) || !('token' in value))
    return null;
  return { url: String(value.url), token: new Secret(String(value.token)) };
}
