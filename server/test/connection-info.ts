// SPDX-License-Identifier: Apache-2.0
// A connection as the signer tells of it, for tests: a good key in use.

import type { ConnectionInfo } from '@kontor/signer';

const DAY_MS = 86_400_000;

/** A key that was born at `bornAt`, with what `changes` has otherwise. */
export function connectionInfo(
  bornAt: number,
  changes: Partial<ConnectionInfo> = {},
): ConnectionInfo {
  return {
    connection: 'c_ABCDEF2',
    name: 'main',
    venue: 'binance',
    state: 'active',
    signs: 'all',
    grade: 'A',
    keyKind: 'ed25519',
    publicKeyPem: 'PEM',
    createdAt: bornAt,
    expiresAt: bornAt + 90 * DAY_MS,
    reducesUntil: bornAt + 97 * DAY_MS,
    cancelsUntil: bornAt + 100 * DAY_MS,
    checkedAt: null,
    isIpRestricted: true,
    bind: null,
    bindDoubt: null,
    frozen: null,
    quarantined: null,
    replaces: null,
    isReady: false,
    isCanary: false,
    policy: [],
    policyHash: 'none',
    ...changes,
  };
}
