// SPDX-License-Identifier: Apache-2.0
// How the `kontor` command finds the running desk: a file that only its owner can read.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from './secret.ts';
import { putWhole } from './whole-file.ts';

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
    value = JSON.parse(readFileSync(terminalFile(dataDirectory), 'utf8'));
  } catch {
    return null;
  }
  if (typeof value !== 'object' || value === null || !('url' in value) || !('token' in value))
    return null;
  return { url: String(value.url), token: new Secret(String(value.token)) };
}
