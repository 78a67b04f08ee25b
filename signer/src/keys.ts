// SPDX-License-Identifier: Apache-2.0
// Private keys: born here, kept in one file each, never text. Only KeyObjects leave this file.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import { ensurePrivateDirectory, readFile, writeFileAtomically, type Disk } from './disk.ts';

/** A PKCS #8 Ed25519 key has 48 bytes; room for other kinds. */
const KEY_BYTES_MAX = 8_192;
const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const ID_CHARACTERS = 7;

export class KeyError extends Error {
  readonly code = 'key.unusable';

  constructor(message: string) {
    super(message);
    this.name = 'KeyError';
  }
}

export class KeyStore {
  readonly #disk: Disk;
  readonly #directory: string;

  constructor(disk: Disk, directory: string) {
    this.#disk = disk;
    this.#directory = join(directory, 'keys');
    ensurePrivateDirectory(disk, this.#directory);
  }

  /** Makes an Ed25519 key and stores its private half durably. */
  create(connection: string): { readonly privateKey: KeyObject; readonly publicKeyPem: string } {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const bytes = privateKey.export({ format: 'der', type: 'pkcs8' });
    try {
      writeFileAtomically(this.#disk, this.#pathOf(connection), bytes);
    } finally {
      bytes.fill(0);
    }
    return { privateKey, publicKeyPem: toPem(publicKey) };
  }

  /** The private key of `connection`. Throws KeyError when it is gone or is not the other half of `publicKeyPem`. */
  load(connection: string, publicKeyPem: string): KeyObject {
    const path = this.#pathOf(connection);
    const bytes = readFile(this.#disk, path, { bytesMax: KEY_BYTES_MAX, others: 'nothing' });
    if (bytes === null)
      throw new KeyError(`${path}: expected the key of ${connection}, found no file`);
    try {
      const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
      if (key.asymmetricKeyType !== 'ed25519' || toPem(createPublicKey(key)) !== publicKeyPem) {
        throw new KeyError(
          `${path}: expected the private half of the public key of ${connection}, found another key`,
        );
      }
      return key;
    } catch (error) {
      if (error instanceof KeyError) throw error;
      throw new KeyError(`${path}: expected an Ed25519 key in PKCS #8, found something else`);
    } finally {
      bytes.fill(0);
    }
  }

  #pathOf(connection: string): string {
    return join(this.#directory, `${connection}.key`);
  }
}

/** A new connection's identifier: random, so that it says nothing about the key. */
export function drawConnectionId(): string {
  const letters = Array.from(
    randomBytes(ID_CHARACTERS),
    (byte) => BASE32[byte % BASE32.length] ?? '',
  );
  return `c_${letters.join('')}`;
}

function toPem(publicKey: KeyObject): string {
  return publicKey.export({ format: 'pem', type: 'spki' });
}
