// SPDX-License-Identifier: Apache-2.0
// The policy as the signer has it, and what another text would change. None of it comes over the live stream.

import { useQuery, type QueryClient, type UseQueryResult } from '@tanstack/react-query';

import { getJson, postJson } from '../api/client.ts';
import type { HeldOrder, PolicyCheck, PolicyState } from '../api/types.ts';

const API = '/api/v1/policy';
const KEY = 'policy';
/** A change that waits comes into force by itself. */
const EVERY_MS = 15_000;
/** What is held waits for minutes only. */
const HELD_EVERY_MS = 3_000;

export function usePolicy(): UseQueryResult<PolicyState> {
  return useQuery({
    queryKey: [KEY, 'state'],
    queryFn: ({ signal }) => getJson<PolicyState>(API, signal),
    refetchInterval: EVERY_MS,
  });
}

export function useHeldOrders(): UseQueryResult<HeldOrder[]> {
  return useQuery({
    queryKey: [KEY, 'held'],
    queryFn: ({ signal }) => getJson<HeldOrder[]>(`${API}/held`, signal),
    refetchInterval: HELD_EVERY_MS,
  });
}

/** What `text` says beside the policy in force, whose hash is `inForce`. */
export function usePolicyCheck(text: string, inForce: string): UseQueryResult<PolicyCheck> {
  return useQuery({
    queryKey: [KEY, 'check', inForce, text],
    queryFn: () => postJson<PolicyCheck>(`${API}/check`, { policy: text }),
    // The last answer stays while the next is on its way.
    placeholderData: (before) => before,
  });
}

export async function readPolicyAgain(client: QueryClient): Promise<void> {
  await client.invalidateQueries({ queryKey: [KEY] });
}
