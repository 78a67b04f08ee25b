// SPDX-License-Identifier: Apache-2.0
// What opens the vault may come through the server, sealed in the browser to a key that lives as long as this process:
// what was recorded opens nothing after the next start, and a message for one purpose is none for another.

import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { VaultError } from './file.ts';
import { openSealed, rawPublicKey } from './sealed-import.ts';

const INFO = Buffer.from('kontor-unlock/v1');

/** What a sealed message is for; the sealing side has the same text. */
export type SealedPurpose =
  | { readonly kind: 'passphrase' }
  | { readonly kind: 'way'; readonly way: string }
  | { readonly kind: 'addPasskey'; readonly credential: string; readonly salt: string };

export class SealedBox {
  readonly #key: KeyObject = generateKeyPairSync('x25519').privateKey;

  /** The 32 public bytes to which the browser seals, base64. */
  get point(): string {
    return rawPublicKey(createPublicKey(this.#key)).toString('base64');
  }

  /** What was sealed for `purpose`; the caller zeroes it. Throws VaultError. */
  open(sealed: string, purpose: SealedPurpose): Buffer {
    const associated = Buffer.from(associatedText(purpose));
    try {
      return openSealed(Buffer.from(sealed, 'base64'), this.#key, { info: INFO, associated });
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      throw new VaultError(
        'vault.other',
        'expected a message sealed to this signer since its last start, found another: load the page anew',
      );
    }
  }
}

function associatedText(purpose: SealedPurpose): string {
  switch (purpose.kind) {
    case 'passphrase':
      return 'passphrase';
    case 'way':
      return `way\n${purpose.way}`;
    case 'addPasskey':
      return `add passkey\n${purpose.credential}\n${purpose.salt}`;
  }
}
