// SPDX-License-Identifier: Apache-2.0
// What lets a start trust the private lines without computing every leaf anew: their digest up to a checkpoint, signed
// with the log's key. Without it, or where it does not hold, everything is computed.

import { sign, verify, type KeyObject } from 'node:crypto';
import { readFile, replaceFile, type Disk } from '../disk.ts';
import { Fields, WireError } from '../fields.ts';

export interface Seal {
  readonly origin: string;
  /** Entries, and the root of their tree in hexadecimal. */
  readonly size: number;
  readonly root: string;
  /** The lines of these entries: their length and SHA-256. */
  readonly bytes: number;
  readonly sha256: string;
}

export interface SignedSeal extends Seal {
  readonly signature: string;
}

const FILE_MODE = 0o600;
const SEAL_BYTES_MAX = 4_096;
const HASH = /^[0-9a-f]{64}$/;

/** The seal in the file at `path`; null where there is none that can be read. */
export function readSeal(disk: Disk, path: string): SignedSeal | null {
  const bytes = readFile(disk, path, { bytesMax: SEAL_BYTES_MAX, others: 'nothing' });
  if (bytes === null) return null;
  try {
    const fields = new Fields(JSON.parse(bytes.toString('utf8')), 'seal');
    const seal = {
      origin: fields.text('origin', /^[\x21-\x7e]{1,200}$/, 'an origin'),
      size: fields.integer('size', 1),
      root: fields.text('root', HASH, 'a SHA-256'),
      bytes: fields.integer('bytes', 1),
      sha256: fields.text('sha256', HASH, 'a SHA-256'),
      signature: fields.text('signature', /^[A-Za-z0-9+/=]{88}$/, 'a signature'),
    };
    fields.end();
    return seal;
  } catch (error) {
    // It was not written durably; what a power failure left of it counts as none.
    if (error instanceof SyntaxError || error instanceof WireError) return null;
    throw error;
  }
}

export function writeSeal(disk: Disk, path: string, seal: Seal, key: KeyObject): void {
  const signature = sign(null, sealText(seal), key).toString('base64');
  replaceFile(disk, path, Buffer.from(`${JSON.stringify({ ...seal, signature })}\n`), FILE_MODE);
}

export function isSealOf(seal: SignedSeal, publicKey: KeyObject): boolean {
  return verify(null, sealText(seal), publicKey, Buffer.from(seal.signature, 'base64'));
}

/** Nothing else that this key signs begins like this: a checkpoint begins with its origin. */
function sealText({ origin, size, root, bytes, sha256 }: Seal): Buffer {
  return Buffer.from(`kontor-log-seal/v1\n${origin}\n${size}\n${root}\n${bytes}\n${sha256}\n`);
}
