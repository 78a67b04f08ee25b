// SPDX-License-Identifier: Apache-2.0
// What the pages read and change about people. None of it comes over the live stream.

import { useQuery, type QueryClient, type UseQueryResult } from '@tanstack/react-query';

import { deleteJson, getJson, patchJson, postJson } from '../api/client.ts';
import type {
  AssertionOptions,
  NewInvitation,
  OpenInvitation,
  People,
  Person,
  PersonAct,
  RegistrationOptions,
  Role,
  SessionState,
  ShownSession,
  SignerOwner,
  WayIn,
} from '../api/types.ts';
import { createPasskey, showPasskey } from './ceremony.ts';

const API = '/api/v1';
const ACTS_SHOWN = 50;
const KEYS = {
  people: ['people', 'members'],
  sessions: ['people', 'sessions'],
  acts: ['people', 'acts'],
  owners: ['people', 'owners'],
  wayIn: ['way-in'],
} as const;

export function usePeople(): UseQueryResult<People> {
  return useQuery({
    queryKey: KEYS.people,
    queryFn: ({ signal }) => getJson<People>(`${API}/people`, signal),
  });
}

export function useSessions(): UseQueryResult<readonly ShownSession[]> {
  return useQuery({
    queryKey: KEYS.sessions,
    queryFn: ({ signal }) => getJson<readonly ShownSession[]>(`${API}/people/sessions`, signal),
  });
}

export function usePersonActs(): UseQueryResult<readonly PersonAct[]> {
  return useQuery({
    queryKey: KEYS.acts,
    queryFn: ({ signal }) =>
      getJson<readonly PersonAct[]>(`${API}/people/acts?limit=${ACTS_SHOWN}`, signal),
  });
}

/** Whose consent the signer takes. */
export function useSignerOwners(): UseQueryResult<readonly SignerOwner[]> {
  return useQuery({
    queryKey: KEYS.owners,
    queryFn: ({ signal }) => getJson<readonly SignerOwner[]>(`${API}/people/owners`, signal),
  });
}

export function useWayIn(): UseQueryResult<WayIn> {
  return useQuery({
    queryKey: KEYS.wayIn,
    queryFn: ({ signal }) => getJson<WayIn>('/auth', signal),
  });
}

/** Reads everything about people again. */
export async function readAgain(client: QueryClient): Promise<void> {
  await client.invalidateQueries({ queryKey: ['people'] });
}

export async function logInByPasskey(): Promise<void> {
  const options = await postJson<AssertionOptions>('/auth/passkey/options');
  const assertion = await showPasskey(options);
  await postJson<Person>('/auth/passkey', { flow: options.flow, assertion });
}

export async function logInByCode(code: string): Promise<void> {
  await postJson<Person>('/auth/recovery', { code });
}

/** Shows a passkey again, for acts that ask for one. */
export async function showAgain(purpose: string): Promise<void> {
  const options = await postJson<AssertionOptions>(`${API}/session/step-up/options`, { purpose });
  const assertion = await showPasskey(options);
  await postJson<SessionState>(`${API}/session/step-up`, { flow: options.flow, assertion });
}

/** A passkey of one's own; on a desk without people it makes the owner. */
export async function addPasskey(name: string, passkeyName: string): Promise<string | null> {
  const options = await postJson<RegistrationOptions>(`${API}/people/passkeys/options`, { name });
  const { registration, fingerprint } = await createPasskey(options);
  await postJson<Person>(`${API}/people/passkeys`, {
    flow: options.flow,
    name,
    passkeyName,
    registration,
  });
  return fingerprint;
}

export async function removePasskey(credential: string): Promise<void> {
  await deleteJson(`${API}/people/passkeys/${credential}`);
}

export async function makeCodes(id: string): Promise<readonly string[]> {
  const path = `${API}/people/${id}/recovery-codes`;
  return (await postJson<{ readonly codes: readonly string[] }>(path)).codes;
}

export function invite(name: string, role: Role): Promise<NewInvitation> {
  return postJson<NewInvitation>(`${API}/people/invitations`, { name, role });
}

export async function takeBack(id: string): Promise<void> {
  await deleteJson(`${API}/people/invitations/${id}`);
}

export function readInvitation(token: string): Promise<OpenInvitation> {
  return postJson<OpenInvitation>('/auth/invitation', { token });
}

export async function acceptInvitation(token: string, passkeyName: string): Promise<void> {
  const options = await postJson<RegistrationOptions>('/auth/invitation/options', { token });
  const { registration } = await createPasskey(options);
  const accepted = { token, flow: options.flow, passkeyName, registration };
  await postJson<Person>('/auth/invitation/accept', accepted);
}

export async function setRole(id: string, role: Role): Promise<void> {
  await patchJson<Person>(`${API}/people/${id}`, { role });
}

export async function removePerson(id: string): Promise<void> {
  await deleteJson(`${API}/people/${id}`);
}

export async function endOneSession(id: string): Promise<void> {
  await deleteJson(`${API}/people/sessions/${id}`);
}

export async function endOtherSessions(): Promise<number> {
  return (await deleteJson<{ readonly ended: number }>(`${API}/people/sessions`)).ended;
}
