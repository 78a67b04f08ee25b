// SPDX-License-Identifier: Apache-2.0
// Whether this browser may see the desk. Any answer 401 locks the page; a good answer opens it again.

import { useSyncExternalStore } from 'react';

export type Access = 'open' | 'locked';

let access: Access = 'open';
const listeners = new Set<() => void>();

export function setAccess(next: Access): void {
  if (next === access) return;
  access = next;
  for (const listener of listeners) listener();
}

export function useAccess(): Access {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => access,
  );
}
