// SPDX-License-Identifier: Apache-2.0
// The page's own address as state: filters, order and open rows stand in it.

import { useLocation, useRouter } from '@tanstack/react-router';
import { useCallback, useMemo } from 'react';

import { withParameters } from './paths.ts';

export interface Address {
  readonly path: string;
  /** With its question mark; empty without parameters. */
  readonly search: string;
  readonly parameter: (name: string) => string | null;
  /** Changes parameters in place; going back leads to the page before, not to each keystroke. */
  readonly change: (changes: Readonly<Record<string, string | null>>) => void;
  readonly go: (href: string) => void;
}

export function useAddress(): Address {
  const router = useRouter();
  const { pathname, searchStr } = useLocation();
  const change = useCallback(
    (changes: Readonly<Record<string, string | null>>) => {
      // Read at the moment of the change: two changes in one event must both count.
      const { pathname: path, search } = router.history.location;
      router.history.replace(withParameters(path, search, changes));
    },
    [router],
  );
  const go = useCallback((href: string) => router.history.push(href), [router]);
  return useMemo(() => {
    const parameters = new URLSearchParams(searchStr);
    return {
      path: pathname,
      search: searchStr,
      parameter: (name) => parameters.get(name),
      change,
      go,
    };
  }, [pathname, searchStr, change, go]);
}
