// SPDX-License-Identifier: Apache-2.0
// The keyring of the system: the Secret Service on Linux, the keychain on macOS, the credential store on Windows. Its
// native module is loaded by a short-lived process alone.

import type { Entry } from '@napi-rs/keyring';
import { WayError } from './way-error.ts';

export interface KeyringPlace {
  readonly service: string;
  readonly account: string;
}

/** Puts `key` into the keyring and reads it back. Throws WayError. */
export async function keepInKeyring(place: KeyringPlace, key: Buffer): Promise<void> {
  const entry = await entryOf(place);
  use(() => entry.setSecret(key));
  const kept = readFrom(entry);
  const isSame = kept?.equals(key) === true;
  kept?.fill(0);
  if (!isSame)
    throw new WayError(
      'way.keyring',
      'expected the keyring to give what it was given, found otherwise',
    );
}

/** The key in the keyring; the taker zeroes it. Throws WayError. */
export async function readKeyring(place: KeyringPlace): Promise<Buffer> {
  const key = readFrom(await entryOf(place));
  if (key !== null) return key;
  throw new WayError(
    'way.keyring',
    `expected ${place.service} ${place.account} in the keyring, found nothing`,
  );
}

/** Takes the key out of the keyring; false where there was none. Throws WayError. */
export async function dropFromKeyring(place: KeyringPlace): Promise<boolean> {
  const entry = await entryOf(place);
  return use(() => entry.deleteCredential());
}

async function entryOf({ service, account }: KeyringPlace): Promise<Entry> {
  let module: typeof import('@napi-rs/keyring');
  try {
    module = await import('@napi-rs/keyring');
  } catch (error) {
    throw new WayError(
      'way.keyring',
      'expected the package @napi-rs/keyring for this system, found none: it is optional, install it with npm',
      { cause: error },
    );
  }
  // Without the pin Linux falls back to the kernel's keyring, which forgets at the next start of the machine.
  return use(() => new module.Entry(service, account, { linux: { store: 'secret-service' } }));
}

function readFrom(entry: Entry): Buffer | null {
  const numbers = use(() => entry.getSecret());
  if (numbers === null) return null;
  const key = Buffer.allocUnsafeSlow(numbers.length);
  for (const [index, value] of numbers.entries()) {
    key[index] = value;
    numbers[index] = 0;
  }
  return key;
}

function use<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new WayError(
      'way.keyring',
      `expected the keyring of this system to answer, found: ${reason}`,
      { cause: error },
    );
  }
}
