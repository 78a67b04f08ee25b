// SPDX-License-Identifier: Apache-2.0
// Whether who looks at the page may do something; pages leave out what would be refused. The desk judges in any case.

import type { Role } from '../api/types.ts';
import { useSessionState } from './session-state.ts';

const ROLES: readonly Role[] = ['viewer', 'trader', 'owner'];

/** True also while it is not known yet, so that nothing comes and goes for those who may. */
export function useMay(least: Role): boolean {
  const { data: session } = useSessionState();
  return session === undefined || ROLES.indexOf(session.role) >= ROLES.indexOf(least);
}
