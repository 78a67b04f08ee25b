// SPDX-License-Identifier: Apache-2.0
// Why the signer took no key, in the reader's language and at the field that is meant.

import type { KeysText } from './keys-english.ts';

export type KeyField = 'name' | 'secret' | 'apiKey';

export interface KeyRefusal {
  /** Null where no field is meant. */
  readonly field: KeyField | null;
  readonly text: string;
}

type Row = readonly [
  RegExp,
  KeyField | null,
  (refused: KeysText['refused'], parts: readonly string[]) => string,
];

const ROWS: readonly Row[] = [
  [
    /^expected a name that no live connection has, found (.+) in use$/,
    'name',
    (refused, [name = '']) => refused.nameInUse(name),
  ],
  [
    /^expected fewer than (\d+) (?:live )?connections$/,
    null,
    (refused, [most = '']) => refused.tooMany(most),
  ],
  [
    /^expected a key that is used nowhere else, found the key of (.+)$/,
    'secret',
    (refused, [holder = '']) => refused.keyInUse(holder),
  ],
  [/^expected a secret sealed to this vault's import key/, 'secret', ({ notOpened }) => notOpened],
  [
    /^expected an HMAC secret of (\d+) to (\d+) printable characters/,
    'secret',
    (refused, [least = '', most = '']) => refused.notASecret(least, most),
  ],
  [/^expected room for the key, found (.+)$/, null, (refused, [code = '']) => refused.noRoom(code)],
  [
    /^expected a connection, found none named (.+)$/,
    null,
    (refused, [connection = '']) => refused.noSuch(connection),
  ],
  [/^expected an open vault, found it locked/, null, ({ locked }) => locked],
  [/^the signer is not running$/, null, ({ notRunning }) => notRunning],
];

/** Null for what this page does not know. */
export function keyRefusal(message: string, { refused }: KeysText): KeyRefusal | null {
  for (const [pattern, field, tell] of ROWS) {
    const found = pattern.exec(message);
    if (found !== null) return { field, text: tell(refused, found.slice(1)) };
  }
  return null;
}
