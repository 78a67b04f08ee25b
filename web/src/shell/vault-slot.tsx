// SPDX-License-Identifier: Apache-2.0
// Above every page: that the vault is locked, and the way to open it. The banner is fetched when that is so.

import { lazy, Suspense, type ReactElement } from 'react';

import { useVault } from '../api/queries.ts';
import { paths } from '../paths.ts';
import './alarm-banner.css';

const Banner = lazy(async () => ({ default: (await import('./vault-banner.tsx')).VaultBanner }));

/** Nothing where the page itself opens the vault. */
export function VaultSlot({ path }: { readonly path: string }): ReactElement | null {
  const { data } = useVault();
  if (data === undefined || data.isOpen) return null;
  if (path === paths.overview || path.startsWith(paths.connections)) return null;
  return (
    <Suspense fallback={null}>
      <Banner />
    </Suspense>
  );
}
