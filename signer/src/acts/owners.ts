// SPDX-License-Identifier: Apache-2.0
// The owners as the signer knows them: the passkeys whose consent it takes. They live in its log and nowhere else, so
// that nobody adds one beside it.

import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Entry, PastEntry } from '../log/intent-log.ts';
import type { OwnerInfo } from '../wire.ts';
import { credentialFingerprint } from './cose.ts';

/** More would be a crowd rather than owners. */
export const OWNERS_MAX = 32;

export interface Owner {
  /** The credential's identifier, base64url. */
  readonly credential: string;
  readonly name: string;
  readonly key: KeyObject;
  readonly rpId: string;
  /** The one origin that its consent may come from. */
  readonly origin: string;
  readonly enrolledAt: number;
  /** The highest count that its authenticator has shown. */
  readonly counter: number;
}

export class Owners {
  readonly #byCredential = new Map<string, Owner>();
  #hasEver = false;

  /** Takes one entry of the log, at the start and when it was just written. */
  read({ kind, time, fields }: Pick<PastEntry, 'kind' | 'time' | 'fields'>): void {
    const credential = String(fields['credential']);
    const known = this.#byCredential.get(credential);
    if (kind === 'owner.new') {
      const { name, publicKey, rpId, origin } = fields;
      const der = Buffer.from(String(publicKey), 'base64url');
      this.#hasEver = true;
      this.#byCredential.set(credential, {
        credential,
        name: String(name),
        key: createPublicKey({ key: der, format: 'der', type: 'spki' }),
        rpId: String(rpId),
        origin: String(origin),
        enrolledAt: time,
        counter: 0,
      });
    } else if (kind === 'owner.remove') {
      this.#byCredential.delete(credential);
    } else if (kind === 'act' && known !== undefined) {
      const counter = Math.max(known.counter, Number(fields['counter'] ?? 0));
      this.#byCredential.set(credential, { ...known, counter });
    }
  }

  /** Whether there ever was one, by the log: who had a say over keys does not lose it with his passkey. */
  get hasEver(): boolean {
    return this.#hasEver;
  }

  get(credential: string): Owner | undefined {
    return this.#byCredential.get(credential);
  }

  all(): readonly Owner[] {
    return [...this.#byCredential.values()];
  }

  /** As they are told of to others. */
  infos(): readonly OwnerInfo[] {
    return this.all().map(({ credential, name, key, rpId, origin, enrolledAt }) => {
      const fingerprint = credentialFingerprint(key);
      return { credential, name, fingerprint, rpId, origin, enrolledAt };
    });
  }
}

/** The entry that makes `owner` one. */
export function enrolmentOf(owner: Omit<Owner, 'counter' | 'enrolledAt'>, time: number): Entry {
  const { credential, name, rpId, origin } = owner;
  const publicKey = owner.key.export({ format: 'der', type: 'spki' }).toString('base64url');
  return { time, kind: 'owner.new', fields: { credential, name, rpId, origin, publicKey } };
}
