// SPDX-License-Identifier: Apache-2.0
// What the page asks of the vault: to open, and to open by a passkey as well. What it sends is sealed already.

import type { QueryClient } from '@tanstack/react-query';

import { keys } from './cache.ts';
import { deleteJson, postJson } from './client.ts';
import type { Vault } from './types.ts';

const API = '/api/v1';

/** Opens the vault by the passphrase, or by the key of `way`. */
export function unlockVault(
  client: QueryClient,
  way: string | null,
  sealed: string,
): Promise<Vault> {
  return keep(client, postJson<Vault>(`${API}/vault/unlock`, { way, sealed }));
}

/** Makes a passkey a further way to open the vault. */
export function addVaultPasskey(
  client: QueryClient,
  passkey: {
    readonly name: string;
    readonly credential: string;
    readonly salt: string;
    readonly sealed: string;
  },
): Promise<Vault> {
  return keep(client, postJson<Vault>(`${API}/vault/passkeys`, passkey));
}

export function removeVaultWay(client: QueryClient, way: string): Promise<Vault> {
  return keep(client, deleteJson<Vault>(`${API}/vault/ways/${encodeURIComponent(way)}`));
}

/** A failure may have changed how long the next try waits. */
async function keep(client: QueryClient, answer: Promise<Vault>): Promise<Vault> {
  try {
    const vault = await answer;
    client.setQueryData<Vault>(keys.vault, vault);
    return vault;
  } catch (error) {
    await client.invalidateQueries({ queryKey: keys.vault });
    throw error;
  }
}
