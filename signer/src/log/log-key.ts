// SPDX-License-Identifier: Apache-2.0
// The log's own key: it signs checkpoints and seals, and nothing else.

import { strict as assert } from 'node:assert';
import { createPublicKey, hash, sign, type KeyObject } from 'node:crypto';
import {
  noteKey,
  signCheckpoint,
  toCheckpointText,
  toNote,
  toVerifierKey,
  type Checkpoint,
  type NoteKey,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { Disk } from '../disk.ts';
import type { Stored } from './checkpoint-stores.ts';
import { Cosigner } from './cosigner.ts';
import { LogError } from './entries.ts';
import type { NoteName } from './public-half.ts';
import { isSealOf, writeSeal, type Seal, type SignedSeal } from './seal.ts';

/** The key of the vault, whatever the log is called. */
export class LogKey {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  readonly #raw: Buffer;
  /** SHA-256 of the public key. */
  readonly hash: string;

  constructor(privateKey: KeyObject) {
    this.#privateKey = privateKey;
    this.#publicKey = createPublicKey(privateKey);
    this.#raw = this.#publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
    this.hash = hash('sha256', this.#raw, 'hex');
  }

  hasSealed(seal: SignedSeal): boolean {
    return isSealOf(seal, this.#publicKey);
  }

  /** The key as that of the log `origin`. */
  named(origin: string): NamedLogKey {
    return new NamedLogKey(this.#privateKey, origin, this.#raw);
  }
}

export class NamedLogKey {
  readonly #privateKey: KeyObject;
  readonly #note: NoteKey;
  readonly #cosigner: Cosigner;
  /** SHA-256 of the second public key. */
  readonly cosignerHash: string;

  constructor(privateKey: KeyObject, origin: string, publicKey: Buffer) {
    this.#privateKey = privateKey;
    this.#cosigner = new Cosigner(privateKey, origin);
    this.cosignerHash = hash('sha256', this.#cosigner.publicKey, 'hex');
    const key = noteKey(nodeCryptography, { name: origin, type: 'ed25519', publicKey });
    if (!key.ok) throw new LogError('log.damaged', `the name of the log: ${key.reason}`);
    this.#note = key.value;
  }

  /** What its signatures are checked with. */
  get notes(): readonly NoteKey[] {
    return [this.#note, this.#cosigner.note];
  }

  /** The public files that hold these, by name. */
  get files(): readonly (readonly [name: NoteName, text: Buffer])[] {
    return [
      ['vkey', Buffer.from(`${toVerifierKey(this.#note)}\n`)],
      ['vkey.ml-dsa-44', Buffer.from(`${toVerifierKey(this.#cosigner.note)}\n`)],
    ];
  }

  sign(checkpoint: Checkpoint, time: number): Stored {
    const text = toCheckpointText(checkpoint);
    const signer = (message: Uint8Array): Buffer => sign(null, message, this.#privateKey);
    const signature = signCheckpoint(text, this.#note, signer, 0n);
    assert(signature.ok, 'Invariant: a checkpoint of ours can be signed');
    const second = this.#cosigner.sign(text, time);
    const signatures = second === null ? [signature.value] : [signature.value, second];
    return { bytes: Buffer.from(toNote({ text, signatures })), checkpoint };
  }

  seal(disk: Disk, path: string, seal: Seal): void {
    writeSeal(disk, path, seal, this.#privateKey);
  }
}
