// SPDX-License-Identifier: Apache-2.0
// Whether the page stands on a phone.

import { useSyncExternalStore } from 'react';

const query = window.matchMedia('(max-width: 719px)');

export function useIsPhone(): boolean {
  return useSyncExternalStore(
    (listener) => {
      query.addEventListener('change', listener);
      return () => query.removeEventListener('change', listener);
    },
    () => query.matches,
  );
}
