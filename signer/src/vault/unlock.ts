// SPDX-License-Identifier: Apache-2.0
// What opens a vault: a passphrase through Argon2id, or a file of random bytes for a desk that starts unattended.

import { argon2Sync, createSecretKey, hash, randomBytes } from 'node:crypto';
import { availableMemory } from 'node:process';
import { fromBase64, toBase64, VaultError, type Kek } from './file.ts';

interface Argon2Cost {
  readonly memoryKib: number;
  readonly passes: number;
  readonly lanes: number;
}

/** What a new passphrase costs to try, and to type: about a second on two slow cores. */
const COST: Argon2Cost = { memoryKib: 262_144, passes: 3, lanes: 4 };
/** RFC 9106's second choice, for hosts that lack the room. */
const COST_SMALL: Argon2Cost = { memoryKib: 65_536, passes: 3, lanes: 4 };
/** Under this much free memory a host counts as small. */
const SMALL_HOST_BYTES = 1_073_741_824;
/** OWASP's least. A file that asks for less was written to be broken. */
const COST_MIN: Argon2Cost = { memoryKib: 19_456, passes: 2, lanes: 1 };
/** A file that asks for more would stop the host rather than a thief. */
const COST_MAX: Argon2Cost = { memoryKib: 2_097_152, passes: 16, lanes: 16 };
const SALT_BYTES = 16;
const KEK_BYTES = 32;
const PASSPHRASE_BYTES_MIN = 10;
export const PASSPHRASE_BYTES_MAX = 1_024;
const ARGON2 =
  /^argon2id m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,5}),p=([1-9][0-9]{0,5}) ([A-Za-z0-9+/]{22})$/;

/** Bytes in an unlock file. */
export const UNLOCK_FILE_BYTES = 32;
/** Whether a stanza is of a type that this version makes; all others it leaves alone. */
export function isOwnStanza(stanza: string): boolean {
  return /^(?:argon2id|file) /.test(stanza);
}

/** Why `passphrase` cannot be set, or null. */
export function objectionToPassphrase(passphrase: Buffer): string | null {
  const { length } = passphrase;
  if (passphrase[0] === 0)
    return 'expected a passphrase that begins with a character, found a zero byte';
  return length >= PASSPHRASE_BYTES_MIN && length <= PASSPHRASE_BYTES_MAX
    ? null
    : `expected a passphrase of ${PASSPHRASE_BYTES_MIN} to ${PASSPHRASE_BYTES_MAX} bytes, found ${length}`;
}

/** The stanza's words for a new passphrase: its cost, by this host's memory, and a salt. */
export function newPassphraseStanza(memoryBytes: number = availableMemory()): string {
  const { memoryKib, passes, lanes } = memoryBytes < SMALL_HOST_BYTES ? COST_SMALL : COST;
  return `argon2id m=${memoryKib},t=${passes},p=${lanes} ${toBase64(randomBytes(SALT_BYTES))}`;
}

/** The key that a passphrase gives for a stanza. Throws VaultError where the stanza names no fair cost. */
export function passphraseKek(passphrase: Buffer, stanza: string, where: string): Kek {
  const [, memory, passCount, laneCount, salt = ''] = ARGON2.exec(stanza) ?? [];
  if (memory === undefined) {
    throw new VaultError(
      'vault.form',
      `${where}: expected m=…,t=…,p=… and a salt after argon2id, found other words`,
    );
  }
  const cost = { memoryKib: Number(memory), passes: Number(passCount), lanes: Number(laneCount) };
  for (const name of ['memoryKib', 'passes', 'lanes'] as const) {
    if (cost[name] < COST_MIN[name] || cost[name] > COST_MAX[name]) {
      throw new VaultError(
        'vault.cost',
        `${where}: expected Argon2id ${name} of ${COST_MIN[name]} to ${COST_MAX[name]}, found ${cost[name]}`,
      );
    }
  }
  const bytes = argon2Sync('argon2id', {
    message: passphrase,
    nonce: fromBase64(salt, where),
    memory: cost.memoryKib,
    passes: cost.passes,
    parallelism: cost.lanes,
    tagLength: KEK_BYTES,
  });
  return kekOf(stanza, bytes);
}

/** The key in an unlock file. Zeroes `bytes`. */
export function fileKek(bytes: Buffer): Kek {
  // The hash of 32 random bytes says nothing of them; half of it names the file.
  const name = hash('sha256', bytes, 'buffer').subarray(0, SALT_BYTES);
  return kekOf(`file ${toBase64(name)}`, bytes);
}

/** A key whose bytes are known. Zeroes them. */
export function kekOf(stanza: string, bytes: Buffer): Kek {
  try {
    return { stanza, key: createSecretKey(bytes) };
  } finally {
    bytes.fill(0);
  }
}
