// SPDX-License-Identifier: Apache-2.0
// A witness's own keys: one of Ed25519 and one of ML-DSA-44 under one name, made at its first start.

import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import { noteKey, toVerifierKey, type SignatureType, type WitnessSigner } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { getFile, PRIVATE_MODE, PUBLIC_MODE, putFile, type WitnessDisk } from '../durable-file.ts';
import { WitnessError } from './errors.ts';

/** Bytes of the bare key at the end of a SubjectPublicKeyInfo. */
const KINDS = [
  { algorithm: 'ed25519', type: 'ed25519-cosignature', keyBytes: 32 },
  { algorithm: 'ml-dsa-44', type: 'ml-dsa-44-cosignature', keyBytes: 1312 },
] as const satisfies readonly {
  algorithm: string;
  type: SignatureType;
  keyBytes: number;
}[];

export interface WitnessKeys {
  readonly name: string;
  readonly signers: readonly WitnessSigner[];
  /** What others write into their configuration. */
  readonly verifierKeys: readonly string[];
}

/**
 * The keys in `directory`, made where there are none yet. An Ed25519 cosignature does not cover its cosigner's name, so
 * each name is one witness's only: without a name given, part of it is random. Throws WitnessError.
 */
export function openKeys(
  disk: WitnessDisk,
  directory: string,
  given: string | undefined,
): WitnessKeys {
  const namePath = join(directory, 'name');
  const stored = getFile(disk, namePath)?.toString('utf8').trim();
  if (stored !== undefined && given !== undefined && given !== stored) {
    throw new WitnessError(
      'name',
      `the witness in ${directory} is called ${stored}, not ${given}; a name stays with its keys`,
    );
  }
  const name = stored ?? given ?? `kontor-witness-${randomBytes(6).toString('hex')}`;
  const signers = KINDS.map((kind): WitnessSigner => {
    const path = join(directory, `${kind.algorithm}.pem`);
    const privateKey = openKey(disk, path, kind.algorithm, stored === undefined);
    const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
    const publicKey = spki.subarray(-kind.keyBytes);
    const key = noteKey(nodeCryptography, { name, type: kind.type, publicKey });
    if (!key.ok) throw new WitnessError('name', key.reason);
    return { key: key.value, sign: (message) => sign(null, message, privateKey) };
  });
  // The name comes last: without it the keys beside it were never shown to anybody.
  if (stored === undefined) putFile(disk, namePath, Buffer.from(`${name}\n`), PUBLIC_MODE);
  return { name, signers, verifierKeys: signers.map(({ key }) => toVerifierKey(key)) };
}

function openKey(
  disk: WitnessDisk,
  path: string,
  algorithm: (typeof KINDS)[number]['algorithm'],
  isNew: boolean,
): KeyObject {
  const pem = isNew ? undefined : getFile(disk, path);
  if (pem !== undefined) {
    const key = parseKey(pem);
    if (key?.asymmetricKeyType === algorithm) return key;
    throw new WitnessError('keys', `${path} must hold a private key of ${algorithm}`);
  }
  if (!isNew) throw new WitnessError('keys', `${path} is missing; restore it from a backup`);
  const { privateKey } = makeKeyPair(algorithm);
  const bytes = Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  putFile(disk, path, bytes, PRIVATE_MODE);
  bytes.fill(0);
  return privateKey;
}

function makeKeyPair(algorithm: (typeof KINDS)[number]['algorithm']): {
  readonly privateKey: KeyObject;
} {
  return algorithm === 'ed25519'
    ? generateKeyPairSync('ed25519')
    : generateKeyPairSync('ml-dsa-44');
}

function parseKey(pem: Buffer): KeyObject | undefined {
  try {
    return createPrivateKey(pem);
  } catch {
    return undefined;
  }
}
