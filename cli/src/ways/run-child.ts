// SPDX-License-Identifier: Apache-2.0
// Has a short-lived process fetch the key of a way, straight into the signer's pipe.

import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { printable } from '../printable.ts';
import type { KeyService } from './way-config.ts';

export type WayWork =
  /** Gives the key of `way`. */
  | {
      readonly do: 'give';
      readonly way: string;
      readonly stanza: string;
      readonly configDirectory: string;
    }
  /** Makes a key, keeps it in the keyring and gives it with the stanza of a new way. */
  | { readonly do: 'makeKeyring'; readonly service: string; readonly account: string }
  | { readonly do: 'dropKeyring'; readonly service: string; readonly account: string }
  /** Makes a key, has the service encrypt it and gives it with the stanza of a new way. */
  | { readonly do: 'makeService'; readonly service: KeyService };

const CHILD = fileURLToPath(new URL('child.ts', import.meta.url));
const TIMEOUT_MS = 30_000;
const SAID_CHARACTERS_MAX = 1_000;

/** Why it was not done, or null. What it gives goes to `signerPipe`; without one nothing is given. */
export async function runWayChild(
  work: WayWork,
  signerPipe: Writable | null,
): Promise<string | null> {
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', CHILD, JSON.stringify(work)],
    {
      stdio: ['ignore', signerPipe ?? 'ignore', 'pipe'],
      timeout: TIMEOUT_MS,
      killSignal: 'SIGKILL',
    },
  );
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, SAID_CHARACTERS_MAX);
  });
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(null));
    child.once('close', (status) => resolve(status));
  });
  if (code === 0) return null;
  const reason = printable(said.trim());
  return reason === '' ? `expected the key within ${TIMEOUT_MS / 1_000} s, found none` : reason;
}
