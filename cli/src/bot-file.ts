// SPDX-License-Identifier: Apache-2.0
// Settings of a bot as they lie in a file: alone, or inside a bot as `kontor bots show` prints it.

import { readFileSync } from 'node:fs';
import { DeskClientError } from './desk-client.ts';

/** The settings in what was read: those of a bot that was shown, else the document itself. */
export function settingsIn(document: unknown): unknown {
  return typeof document === 'object' && document !== null && 'settings' in document
    ? document.settings
    : document;
}

/** The settings in `file`, - for standard input. Throws DeskClientError `unreadable` or `invalid_json`. */
export function readSettings(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new DeskClientError('unreadable', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    return settingsIn(JSON.parse(text.replace(/^\uFEFF/, '')));
  } catch (error) {
    throw new DeskClientError('invalid_json', `${file} is no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
