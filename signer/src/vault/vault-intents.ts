// SPDX-License-Identifier: Apache-2.0
// What the server may ask of the vault: how it is, and to open it or change its ways by what it carries sealed.

import type { KeyRing, KnownWay, Unlocking, WayRefusal } from '../key-ring.ts';
import type { Intent, VaultInfo, VaultWayInfo } from '../wire.ts';
import { VaultError } from './file.ts';

export const LOCKED_REASON =
  'expected an open vault, found it locked: give the passphrase where the desk was started';

export type VaultIntent = Extract<
  Intent,
  { kind: 'describeVault' | 'unlockVault' | 'addPasskeyWay' | 'removeVaultWay' }
>;

export type VaultAnswer =
  | { readonly ok: true; readonly vault: VaultInfo }
  | {
      readonly ok: false;
      /** `passphrase`: what was sealed opens nothing. `tooSoon`: it was not tried. `vault`: all else. */
      readonly rule: 'passphrase' | 'tooSoon' | 'vault';
      readonly reason: string;
    };

/** Does what was asked. Throws LogError where an attempt cannot be put on the log. */
export function answerVault(ring: KeyRing, intent: VaultIntent): VaultAnswer {
  try {
    return answerOf(ring, doneBy(ring, intent));
  } catch (error) {
    // Opened halfway it is of no use: the next start says why.
    if (!(error instanceof VaultError) || (intent.kind === 'unlockVault' && ring.vault.isOpen))
      throw error;
    return { ok: false, rule: 'vault', reason: error.message };
  }
}

function doneBy(ring: KeyRing, intent: VaultIntent): Unlocking | WayRefusal {
  switch (intent.kind) {
    case 'describeVault':
      return { kind: 'open' };
    case 'unlockVault':
      return ring.unlockSealed(intent.sealed, intent.way);
    case 'addPasskeyWay':
      return ring.addPasskey(intent);
    case 'removeVaultWay':
      return ring.removeWay(intent.way)
        ? { kind: 'open' }
        : {
            kind: 'refused',
            reason: 'expected a way that opens the vault, found none of this name',
          };
  }
}

function answerOf(ring: KeyRing, result: Unlocking | WayRefusal): VaultAnswer {
  switch (result.kind) {
    case 'open':
      return { ok: true, vault: vaultInfo(ring) };
    case 'refused':
      return { ok: false, rule: 'vault', reason: result.reason };
    case 'wrong':
      return {
        ok: false,
        rule: 'passphrase',
        reason: 'expected what opens the vault, found something else',
      };
    case 'tooSoon':
      return {
        ok: false,
        rule: 'tooSoon',
        reason: `expected a wait of ${Math.ceil(result.waitMs / 1_000)} s before the next try, found none`,
      };
  }
}

function vaultInfo(ring: KeyRing): VaultInfo {
  const { vault } = ring;
  return {
    isOpen: vault.isOpen,
    isUnattended: vault.isUnattended,
    importKey: vault.importPoint()?.toString('base64') ?? null,
    unlockKey: ring.unlockKey,
    waitMs: ring.unlockWaitMs,
    ways: ring.ways().map(toInfo),
  };
}

function toInfo({ id, kind, name, addedAt, stanza }: KnownWay): VaultWayInfo {
  const [, credential = '', salt = ''] = stanza.split(' ');
  return { id, kind, name, addedAt, passkey: kind === 'prf' ? { credential, salt } : null };
}
