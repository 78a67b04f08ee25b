// SPDX-License-Identifier: Apache-2.0
// Who this browser's session is, apart from everything else about people: every page asks it, and few need more.

import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import { getJson } from '../api/client.ts';
import type { SessionState } from '../api/types.ts';

export function useSessionState(): UseQueryResult<SessionState> {
  return useQuery({
    queryKey: ['people', 'session'],
    queryFn: ({ signal }) => getJson<SessionState>('/api/v1/session', signal),
  });
}
