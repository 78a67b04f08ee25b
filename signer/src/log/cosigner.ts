// SPDX-License-Identifier: Apache-2.0
// The log's second key: of ML-DSA-44 (FIPS 204), for those who will not take a signature that a quantum computer could make.
//
// It is made from the secret half of the first, so that it lies in no file of its own and comes back with every backup.
// Who computes that secret's scalar from the public key still lacks the secret: a hash lies between the two.

import { createPrivateKey, createPublicKey, sign, type KeyObject } from 'node:crypto';
import { noteKey, signCheckpoint, type NoteKey, type NoteSignature } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { derived } from '../vault/file.ts';
import { LogError } from './entries.ts';

/** PKCS #8 of an ML-DSA-44 key that is given by its seed alone (RFC 9881). */
const SEED_HEAD = Buffer.from('3034020100300b060960864801650304031104228020', 'hex');
const SEED_BYTES = 32;
const PUBLIC_BYTES = 1_312;

/** The second key of the log `origin` whose first is `logKey`. */
export class Cosigner {
  readonly note: NoteKey;
  readonly publicKey: Buffer;
  readonly #privateKey: KeyObject;

  constructor(logKey: KeyObject, origin: string) {
    const first = logKey.export({ format: 'der', type: 'pkcs8' });
    const seed = derived(first.subarray(-SEED_BYTES), '', 'log-cosigner').export();
    const pkcs8 = Buffer.concat([SEED_HEAD, seed]);
    try {
      this.#privateKey = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
    } finally {
      for (const secret of [first, seed, pkcs8]) secret.fill(0);
    }
    const spki = createPublicKey(this.#privateKey).export({ format: 'der', type: 'spki' });
    this.publicKey = spki.subarray(-PUBLIC_BYTES);
    this.note = cosignerKeyOf(origin, this.publicKey);
  }

  /** Its line under a checkpoint; null for a name that is too long for it. */
  sign(text: string, timeMs: number): NoteSignature | null {
    const seconds = BigInt(Math.max(0, Math.floor(timeMs / 1_000)));
    const signed = signCheckpoint(
      text,
      this.note,
      (message) => sign(null, message, this.#privateKey),
      seconds,
    );
    return signed.ok ? signed.value : null;
  }
}

function cosignerKeyOf(origin: string, publicKey: Buffer): NoteKey {
  const key = noteKey(nodeCryptography, {
    name: origin,
    type: 'ml-dsa-44-cosignature',
    publicKey,
  });
  if (!key.ok) throw new LogError('log.damaged', `the name of the log: ${key.reason}`);
  return key.value;
}
