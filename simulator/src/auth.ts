// SPDX-License-Identifier: Apache-2.0
// API keys: what each may do, from where, and whether a signature is its own.

import {
  createHmac,
  createPublicKey,
  createSecretKey,
  timingSafeEqual,
  verify,
  type KeyObject,
} from 'node:crypto';

export const API_KEY_LENGTH = 64;

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;
const HEX_SHA256 = /^[0-9a-fA-F]{64}$/;
const API_KEY = /^[A-Za-z0-9]{1,128}$/;
const ED25519_SIGNATURE_BYTES = 64;

export type KeyKind = 'HMAC' | 'RSA' | 'ED25519';

export interface KeyRights {
  readonly reading: boolean;
  readonly spotTrading: boolean;
  readonly withdrawals: boolean;
  readonly internalTransfer: boolean;
  readonly margin: boolean;
  readonly futures: boolean;
  readonly universalTransfer: boolean;
  readonly options: boolean;
}

export const READING_ONLY: KeyRights = {
  reading: true,
  spotTrading: false,
  withdrawals: false,
  internalTransfer: false,
  margin: false,
  futures: false,
  universalTransfer: false,
  options: false,
};

export interface ApiKey {
  readonly apiKey: string;
  readonly accountId: number;
  readonly kind: KeyKind;
  readonly rights: KeyRights;
  /** Empty: from everywhere. */
  readonly ipAllowList: readonly string[];
  readonly createTime: number;
}

/** A fresh key with what its owner must keep: the shared secret of an HMAC key. */
export interface RegisteredKey extends ApiKey {
  readonly secret?: string;
}

export interface KeyRequest {
  readonly accountId: number;
  /** Drawn when left out. */
  readonly apiKey?: string;
  /** The shared secret of an HMAC key; drawn when neither this nor `publicKeyPem` is given. */
  readonly secret?: string;
  /** RSA or Ed25519, in SubjectPublicKeyInfo form. */
  readonly publicKeyPem?: string;
  readonly rights?: Partial<KeyRights>;
  readonly ipAllowList?: readonly string[];
  /** A seeded source of letters and digits. */
  readonly draw?: (length: number) => string;
}

export interface KeySnapshot extends ApiKey {
  readonly secret?: string;
  readonly publicKeyPem?: string;
}

interface StoredKey {
  readonly key: ApiKey;
  readonly verifier: KeyObject;
  readonly snapshot: KeySnapshot;
}

/** The keys of the venue. */
export class KeyRing {
  readonly #keys = new Map<string, StoredKey>();

  /** Throws RangeError when the request is incomplete, its public key of a strange kind, or its name taken. */
  register(request: KeyRequest, createTime: number): RegisteredKey {
    const apiKey = request.apiKey ?? drawn(request, 'apiKey');
    if (!API_KEY.test(apiKey))
      throw new RangeError(`apiKey must be letters and digits, was ${apiKey}`);
    if (this.#keys.has(apiKey)) throw new RangeError(`apiKey must be new, was ${apiKey}`);
    const secret =
      request.publicKeyPem === undefined ? (request.secret ?? drawn(request, 'secret')) : undefined;
    const snapshot: KeySnapshot = {
      apiKey,
      accountId: request.accountId,
      kind: 'HMAC',
      rights: { ...READING_ONLY, ...request.rights },
      ipAllowList: [...(request.ipAllowList ?? [])],
      createTime,
      ...(secret === undefined ? {} : { secret }),
      ...(request.publicKeyPem === undefined ? {} : { publicKeyPem: request.publicKeyPem }),
    };
    const { key } = this.#store(snapshot);
    return secret === undefined ? key : { ...key, secret };
  }

  find(apiKey: string): ApiKey | undefined {
    return this.#keys.get(apiKey)?.key;
  }

  list(): readonly ApiKey[] {
    return Array.from(this.#keys.values(), (stored) => stored.key);
  }

  /** Gives a key other rights, addresses or another time of creation; false when there is no such key. */
  change(
    apiKey: string,
    changes: {
      readonly rights?: Partial<KeyRights>;
      readonly ipAllowList?: readonly string[];
      readonly createTime?: number;
    },
  ): boolean {
    const stored = this.#keys.get(apiKey);
    if (stored === undefined) return false;
    const { snapshot } = stored;
    const rights = { ...snapshot.rights, ...changes.rights };
    this.#store({ ...snapshot, ...changes, rights });
    return true;
  }

  /** False when there is no such key. */
  remove(apiKey: string): boolean {
    return this.#keys.delete(apiKey);
  }

  /** Whether `signature` is `apiKey`'s over `payload`; hex for HMAC, base64 for the others. */
  isSigned(apiKey: string, payload: string, signature: string): boolean {
    const stored = this.#keys.get(apiKey);
    if (stored === undefined) return false;
    if (stored.key.kind === 'HMAC') {
      if (!HEX_SHA256.test(signature)) return false;
      const expected = createHmac('sha256', stored.verifier).update(payload).digest();
      return timingSafeEqual(expected, Buffer.from(signature, 'hex'));
    }
    if (!BASE64.test(signature)) return false;
    const bytes = Buffer.from(signature, 'base64');
    if (stored.key.kind === 'RSA') {
      return verify('sha256', Buffer.from(payload), stored.verifier, bytes);
    }
    return (
      bytes.length === ED25519_SIGNATURE_BYTES &&
      verify(null, Buffer.from(payload), stored.verifier, bytes)
    );
  }

  snapshot(): readonly KeySnapshot[] {
    return Array.from(this.#keys.values(), (stored) => stored.snapshot);
  }

  restore(snapshots: readonly KeySnapshot[]): void {
    for (const snapshot of snapshots) this.#store(snapshot);
  }

  #store(snapshot: KeySnapshot): StoredKey {
    const { secret, publicKeyPem, ...rest } = snapshot;
    const verifier =
      publicKeyPem === undefined
        ? createSecretKey(Buffer.from(secret ?? ''))
        : createPublicKey(publicKeyPem);
    const stored: StoredKey = {
      key: Object.freeze({ ...rest, kind: kindOf(verifier) }),
      verifier,
      snapshot,
    };
    this.#keys.set(snapshot.apiKey, stored);
    return stored;
  }
}

/** Whether `address` may use `key`. */
export function mayComeFrom(key: ApiKey, address: string): boolean {
  return key.ipAllowList.length === 0 || key.ipAllowList.includes(plainAddress(address));
}

/** An IPv4 address that came over IPv6 in its plain form. */
export function plainAddress(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address;
}

function kindOf(verifier: KeyObject): KeyKind {
  if (verifier.type === 'secret') return 'HMAC';
  switch (verifier.asymmetricKeyType) {
    case 'rsa':
      return 'RSA';
    case 'ed25519':
      return 'ED25519';
    default:
      throw new RangeError(
        `publicKeyPem must be RSA or Ed25519, was ${String(verifier.asymmetricKeyType)}`,
      );
  }
}

function drawn(request: KeyRequest, field: string): string {
  if (request.draw === undefined)
    throw new RangeError(`${field} or a source to draw it from must be given`);
  return request.draw(API_KEY_LENGTH);
}
